/* The command line, as sessions: a case is a folder with session.txt, whose lines "$
 * drover ARGUMENTS" are run, one after the other, from the top of the repository. What
 * the command prints follows: results as they are, talk behind "! ", and "[N]" when the
 * exit status is not 0. Running rewrites the whole text, so the file is command and
 * expectation in one. */
#include <stdlib.h>
#include <string.h>

#include "cmd/drover/cmd.h"
#include "tests/golden/golden.h"

enum { ARGS_MAX = 32, SESSION_MAX = 1 << 24 };

/* Words are separated by spaces; there is no quoting. */
static int split(char *line, const char **argv)
{
    int argc = 0;
    for (char *save, *w = strtok_r(line, " ", &save); w && argc < ARGS_MAX;
         w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    return argc;
}

static void add_lines(struct dr_buf *out, const char *prefix, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        dr_buf_addf(out, "%s%.*s\n", prefix, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void run_line(struct golden *g, const char *line, struct dr_buf *out)
{
    const char *argv[ARGS_MAX] = {NULL};
    char *result = NULL, *talk = NULL;
    size_t result_len, talk_len;
    FILE *so = open_memstream(&result, &result_len);
    FILE *se = open_memstream(&talk, &talk_len);
    int argc = split(dr_strdup(g->arena, line + 2), argv);
    if (!so || !se)
        abort(); /* out of memory */
    int rc = dr_cli(dr_commands, argc, argv, so, se);
    fclose(so);
    fclose(se);
    dr_buf_addf(out, "%s\n", line);
    add_lines(out, "", result);
    add_lines(out, "! ", talk);
    if (rc)
        dr_buf_addf(out, "[%d]\n", rc);
    free(result);
    free(talk);
}

static void run(struct golden *g)
{
    size_t len;
    char *text = golden_read(g, "session.txt", &len);
    struct dr_buf out;
    if (!text) {
        golden_fail(g, "there is no session.txt");
        return;
    }
    dr_buf_init(&out, SESSION_MAX);
    while (*text) {
        size_t n = strcspn(text, "\n");
        const char *line = dr_strndup(g->arena, text, n);
        if (!strncmp(line, "$ drover", 8))
            run_line(g, line, &out);
        else if (*line == '#')
            dr_buf_addf(&out, "%s\n", line);
        text += n + (text[n] == '\n');
    }
    golden_expect(g, "session.txt", dr_buf_str(&out), out.len);
    dr_buf_release(&out);
}

const struct golden_suite golden_cli = {.name = "cli", .run = run};
