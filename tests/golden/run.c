/* The runner of golden cases. Usage: golden [--update] [SUITE[/CASE]]..  Run it from the
 * top of the repository. The last line is "N passed, N failed". */
#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/file.h"
#include "controller/base/json.h"
#include "tests/golden/golden.h"

enum { FILE_MAX = 64 << 20, LINE_SHOWN = 160 };

static const struct golden_suite *const suites[] = {&golden_spec, &golden_plan,
                                                    &golden_pages, &golden_cli};

void golden_fail(struct golden *g, const char *fmt, ...)
{
    va_list ap;
    printf("FAIL %s/%s: ", g->suite_name, g->case_name);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    g->case_failed = true;
}

void golden_count(struct golden *g, bool good, const char *fmt, ...)
{
    va_list ap;
    if (good) {
        g->passed++;
        return;
    }
    g->failed++;
    printf("FAIL %s: ", g->suite_name);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

const char *golden_path(struct golden *g, const char *file)
{
    return dr_sprintf(g->arena, "%s/%s", g->dir, file);
}

static char *read_at(struct golden *g, const char *path, size_t *len)
{
    struct dr_err err = {0};
    char *bytes;
    if (access(path, F_OK))
        return NULL;
    if (dr_file_read(g->arena, path, FILE_MAX, &bytes, len, &err)) {
        golden_fail(g, "%s: %s", path, err.text);
        return NULL;
    }
    return bytes;
}

char *golden_read(struct golden *g, const char *file, size_t *len)
{
    return read_at(g, golden_path(g, file), len);
}

/* Shows the first line in which two texts differ. */
static void show_difference(const char *path, const char *want, const char *got)
{
    size_t line = 1;
    while (*want && *want == *got) {
        const char *w = strchr(want, '\n'), *o = strchr(got, '\n');
        size_t wl = w ? (size_t)(w - want) : strlen(want);
        size_t gl = o ? (size_t)(o - got) : strlen(got);
        if (wl != gl || memcmp(want, got, wl) != 0 || !w || !o)
            break;
        want = w + 1;
        got = o + 1;
        line++;
    }
    printf("  %s:%zu\n    - %.*s\n    + %.*s\n", path, line,
           (int)(strcspn(want, "\n") < LINE_SHOWN ? strcspn(want, "\n") : LINE_SHOWN),
           want, (int)(strcspn(got, "\n") < LINE_SHOWN ? strcspn(got, "\n") : LINE_SHOWN),
           got);
}

void golden_expect_at(struct golden *g, const char *path, const char *bytes, size_t len)
{
    size_t have = 0;
    char *want = read_at(g, path, &have);
    if (want && have == len && !memcmp(want, bytes, len))
        return;
    if (g->update) {
        struct dr_err err = {0};
        if (dr_file_write(path, bytes, len, 0644, &err))
            golden_fail(g, "%s: %s", path, err.text);
        else
            printf("wrote %s\n", path);
        return;
    }
    golden_fail(g, "%s",
                want ? "the result is not the expected one" : "nothing is expected yet");
    show_difference(path, want ? want : "", bytes);
}

void golden_expect(struct golden *g, const char *file, const char *bytes, size_t len)
{
    golden_expect_at(g, golden_path(g, file), bytes, len);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **list_cases(struct dr_arena *a, const char *dir, size_t *count)
{
    char **names = NULL;
    size_t room = 0;
    DIR *d = opendir(dir);
    *count = 0;
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (e->d_name[0] != '.' && !strchr(e->d_name, '.'))
            *DR_PUSH(a, names, *count, room) = dr_strdup(a, e->d_name);
    if (d)
        closedir(d);
    if (*count)
        qsort(names, *count, sizeof(*names), by_name);
    return names;
}

static bool wanted(const char *suite, const char *name, char **words, int count)
{
    for (int i = 0; i < count; i++) {
        size_t len = strlen(suite);
        if (!strcmp(words[i], suite))
            return true;
        if (name && !strncmp(words[i], suite, len) && words[i][len] == '/' &&
            !strcmp(words[i] + len + 1, name))
            return true;
    }
    return !count;
}

static void run_suite(struct golden *g, const struct golden_suite *s, char **words,
                      int word_count)
{
    size_t count;
    const char *dir = dr_sprintf(g->suite, "tests/golden/%s", s->name);
    char **cases = list_cases(g->suite, dir, &count);
    g->suite_name = s->name;
    if (s->begin)
        s->begin(g);
    for (size_t i = 0; i < count && s->run; i++) {
        if (!wanted(s->name, cases[i], words, word_count))
            continue;
        g->case_name = cases[i];
        g->dir = dr_sprintf(g->suite, "%s/%s", dir, cases[i]);
        g->case_failed = false;
        s->run(g);
        g->passed += !g->case_failed;
        g->failed += g->case_failed;
        dr_arena_reset(g->arena);
    }
    if (s->end && wanted(s->name, NULL, words, word_count))
        s->end(g);
    dr_arena_reset(g->suite);
}

int main(int argc, char **argv)
{
    struct golden g = {.arena = dr_arena_new(0), .suite = dr_arena_new(0)};
    int first = 1;
    dr_json_init();
    if (argc > 1 && !strcmp(argv[1], "--update")) {
        g.update = true;
        first = 2;
    }
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        run_suite(&g, suites[i], argv + first, argc - first);
    dr_arena_free(g.arena);
    dr_arena_free(g.suite);
    printf("%zu passed, %zu failed\n", g.passed, g.failed);
    return g.failed || !g.passed;
}
