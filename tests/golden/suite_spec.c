/* The language. A case is a folder called after the code it is about, V052-what-it-is:
 *   breaks.yaml   a document that breaks the rule; breaks.txt is what validate prints
 *   keeps.yaml    the same document, just keeping it: no error at all, and not this code
 *   breaks.gen, keeps.gen   lines "COUNT TEXT" appended COUNT times, %d counting
 *   breaks.paths, keeps.paths   instead: paths below the case, read as a command would
 * Every code of the catalogue must have a case. */
#include <string.h>

#include "controller/base/num.h"
#include "spec/load.h"
#include "tests/golden/golden.h"

enum { CODES_MAX = 1000, OUTPUT_MAX = 1 << 24, TEXT_MAX = 1 << 24 };

struct state {
    bool fired[CODES_MAX];
};

static void begin(struct golden *g)
{
    g->state = DR_NEW(g->suite, struct state);
}

/* Appends the lines that a .gen file asks for. */
static void generate(struct golden *g, const char *plan, struct dr_buf *out)
{
    while (*plan) {
        size_t len = strcspn(plan, "\n"), digits = strspn(plan, "0123456789");
        uint64_t count;
        if (!digits || plan[digits] != ' ' || !dr_parse_u64(plan, digits, &count)) {
            golden_fail(g, "a line of a .gen file is not COUNT TEXT");
            return;
        }
        const char *text = plan + digits + 1, *end = plan + len;
        const char *mark = memmem(text, (size_t)(end - text), "%d", 2);
        for (uint64_t i = 0; i < count; i++) {
            if (mark)
                dr_buf_addf(out, "%.*s%llu%.*s\n", (int)(mark - text), text,
                            (unsigned long long)i, (int)(end - mark - 2), mark + 2);
            else
                dr_buf_addf(out, "%.*s\n", (int)(end - text), text);
        }
        plan = end + (*end == '\n');
    }
}

/* Documents of a .paths file, named without the case's folder. */
static void add_paths(struct golden *g, struct dr_docs *d, char *list)
{
    size_t skip = strlen(g->dir) + 1;
    const char *first = NULL;
    while (*list) {
        size_t len = strcspn(list, "\n");
        const char *path = golden_path(g, dr_strndup(g->arena, list, len));
        if (!first)
            first = path;
        dr_docs_add_path(d, path);
        list += len + (list[len] == '\n');
    }
    dr_docs_expect(d, first ? first : "");
    dr_docs_finish(d);
    for (size_t i = 0; i < d->findings.count; i++)
        d->findings.items[i].file += skip;
}

static bool load(struct golden *g, const char *side, struct dr_docs *d)
{
    size_t len;
    dr_docs_init(d, g->arena);
    char *paths = golden_read(g, dr_sprintf(g->arena, "%s.paths", side), &len);
    if (paths) {
        add_paths(g, d, paths);
        return true;
    }
    const char *name = dr_sprintf(g->arena, "%s.yaml", side);
    char *text = golden_read(g, name, &len);
    if (!text) {
        golden_fail(g, "there is no %s", name);
        return false;
    }
    char *gen = golden_read(g, dr_sprintf(g->arena, "%s.gen", side), &(size_t){0});
    if (gen) {
        struct dr_buf b;
        dr_buf_init(&b, TEXT_MAX);
        dr_buf_add(&b, text, len);
        generate(g, gen, &b);
        text = dr_strndup(g->arena, dr_buf_str(&b), b.len);
        len = b.len;
        dr_buf_release(&b);
    }
    dr_docs_add(d, name, text, len);
    dr_docs_finish(d);
    return true;
}

static bool fires(const struct dr_docs *d, enum dr_vcode code)
{
    for (size_t i = 0; i < d->findings.count; i++)
        if (d->findings.items[i].code == code)
            return true;
    return false;
}

static void run(struct golden *g)
{
    struct state *s = g->state;
    const char *dash = strchr(g->case_name, '-');
    const struct dr_vcode_info *code =
        dash ? dr_vcode_parse(
                   dr_strndup(g->arena, g->case_name, (size_t)(dash - g->case_name)))
             : NULL;
    struct dr_docs broken, kept;
    struct dr_buf out;
    if (!code) {
        golden_fail(g, "the folder's name does not begin with a code");
        return;
    }
    if (!load(g, "breaks", &broken) || !load(g, "keeps", &kept))
        return;
    dr_buf_init(&out, OUTPUT_MAX);
    dr_findings_text(&broken.findings, false, &out);
    golden_expect(g, "breaks.txt", dr_buf_str(&out), out.len);
    dr_buf_clear(&out);
    dr_findings_text(&kept.findings, false, &out);
    if (!fires(&broken, code->code))
        golden_fail(g, "breaks does not break it");
    if (fires(&kept, code->code) || kept.findings.errors)
        golden_fail(g, "keeps does not keep it:\n%s", dr_buf_str(&out));
    dr_buf_release(&out);
    if (!code->warning &&
        broken.topology_count + broken.controller_count + broken.estate_count != 0)
        golden_fail(g, "a document with an error was handed on");
    s->fired[code->code] = true;
}

static void end(struct golden *g)
{
    struct state *s = g->state;
    size_t count;
    const struct dr_vcode_info *all = dr_vcodes(&count);
    for (size_t i = 0; i < count; i++) {
        char text[DR_VCODE_TEXT];
        golden_count(g, s->fired[all[i].code], "%s has no case",
                     dr_vcode_text(all[i].code, text));
    }
}

const struct golden_suite golden_spec = {
    .name = "spec", .begin = begin, .run = run, .end = end};
