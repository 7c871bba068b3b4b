/* What a document means does not depend on how it is written, and does on each value. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/base/file.h"
#include "spec/load.h"
#include "spec/meaning.h"

static const struct dr_topology *decode(struct dr_arena *a, const char *text)
{
    struct dr_docs *docs = DR_NEW(a, struct dr_docs);
    dr_docs_init(docs, a);
    dr_docs_add(docs, "topology.yaml", text, strlen(text));
    dr_docs_finish(docs);
    for (size_t i = 0; i < docs->findings.count; i++)
        cr_log_info("%s", docs->findings.items[i].message);
    cr_assert_eq(docs->topology_count, 1);
    return docs->topologies[0];
}

static const char *example(struct dr_arena *a)
{
    char *bytes;
    size_t len;
    struct dr_err err;
    cr_assert_eq(
        dr_file_read(a, "tests/golden/facts/topology.yaml", 1 << 20, &bytes, &len, &err),
        0, "%s", err.text);
    return bytes;
}

/* The text with `old`, which stands in it, replaced once. */
static const char *with(struct dr_arena *a, const char *text, const char *old,
                        const char *new)
{
    const char *at = strstr(text, old);
    cr_assert_not_null(at, "%s", old);
    return dr_sprintf(a, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static const struct {
    const char *old, *new;
    bool same;
} changes[] = {
    {"apiVersion: drover/v1\nkind: Topology\n",
     "# hello\nkind: \"Topology\"\napiVersion: drover/v1\n", true},
    {"labels: {team: payments}", "labels: {team: a}\n  generation: 7", true},
    {"{rpo: 30s, rto: 10m}", "{freshness: 900s, rto: 600s, rpo: 30000ms}", true},
    {"{rpo: 30s, rto: 10m}", "{}", true},
    {"  bootstrap:",
     "  approvals: [{digest: 3f9a12bc, until: 2026-11-22T00:00:00Z}]\n  bootstrap:",
     true},
    {"  bootstrap:", "  paused: false\n  bootstrap:", true},
    {"  bootstrap:", "  policy: {approve: [destructive]}\n  bootstrap:", true},
    {"{level: eventual, apply: {user: redo}}", "{apply: {user: redo}, level: eventual}",
     true},
    {"  bootstrap:", "  paused: true\n  bootstrap:", false},
    {"rpo: 30s", "rpo: 31s", false},
    {"  bootstrap:", "  policy: {approve: [disruptive]}\n  bootstrap:", false},
    {"name: shop", "name: shop2", false},
    {"127.0.1.5:4000", "127.0.1.6:4000", false},
    {"[127.0.1.4:4000, 127.0.1.5:4000]", "[127.0.1.5:4000, 127.0.1.4:4000]", false},
    {"DROVER_SINK_SECRET", "DROVER_SINK_SECRET_2", false},
    {"redo: {level: eventual, apply: {user: redo}}", "redo: {level: eventual}", false},
};

Test(meaning, is_of_values_not_of_their_spelling)
{
    struct dr_arena *a = dr_arena_new(0);
    const char *text = example(a);
    const char *plain = decode(a, text)->doc.meaning;
    cr_assert_eq(strlen(plain), 64);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const char *m =
            decode(a, with(a, text, changes[i].old, changes[i].new))->doc.meaning;
        cr_assert_eq(strcmp(m, plain) == 0, changes[i].same, "%s => %s", changes[i].old,
                     changes[i].new);
    }
    dr_arena_free(a);
}

Test(meaning, is_one_line_a_value)
{
    struct dr_arena *a = dr_arena_new(0);
    const struct dr_topology *t = decode(a, example(a));
    struct dr_buf b;
    dr_buf_init(&b, DR_MEANING_MAX);
    dr_doc_meaning(&t->doc, &b);
    static const char *const lines[] = {"apiVersion = drover/v1\n",
                                        "kind = Topology\n",
                                        "metadata.name = shop\n",
                                        "spec.mode = PrimarySecondary\n",
                                        "spec.primary = east\n",
                                        "spec.clusters[east].ticdc = declared\n",
                                        "spec.clusters[east].region = region-1\n",
                                        "spec.clusters[west].sql.endpoints[0] = ",
                                        "spec.policy.approve = destructive data-loss\n"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        cr_assert_not_null(strstr(dr_buf_str(&b), lines[i]), "%s in\n%s", lines[i],
                           dr_buf_str(&b));
    cr_assert_null(strstr(dr_buf_str(&b), "approvals"));
    cr_assert_null(strstr(dr_buf_str(&b), "paused"), "a default says nothing");
    cr_assert_null(strstr(dr_buf_str(&b), "\n\n"));
    dr_buf_release(&b);
    dr_arena_free(a);
}
