/* Pages of the repository that are printed from tables. */
#include <stdlib.h>

#include "controller/plan/plan.h"
#include "spec/explain.h"
#include "spec/schema.h"
#include "tests/golden/golden.h"

enum { PAGE_MAX = 1 << 24 };

static void reference(struct dr_arena *a, struct dr_buf *out)
{
    dr_explain_all(a, out);
}

static void schema(struct dr_arena *a, struct dr_buf *out)
{
    json_t *root = dr_schema(DR_KIND_COUNT);
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    (void)a;
    dr_buf_addf(out, "%s\n", text);
    free(text);
    json_decref(root);
}

static void rules(struct dr_arena *a, struct dr_buf *out)
{
    (void)a;
    dr_plan_rules_text(out);
}

static void blockers(struct dr_arena *a, struct dr_buf *out)
{
    (void)a;
    for (size_t i = 0; dr_plan_code(i); i++) {
        dr_buf_adds(out, i ? "\n" : "");
        dr_plan_explain(dr_plan_code(i), out);
    }
}

static const struct {
    const char *path;
    void (*print)(struct dr_arena *a, struct dr_buf *out);
} pages[] = {
    {"spec/REFERENCE.md", reference},
    {"spec/drover.schema.json", schema},
    {"controller/plan/RULES.txt", rules},
    {"controller/plan/BLOCKERS.txt", blockers},
};

static void end(struct golden *g)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct dr_buf out;
        dr_buf_init(&out, PAGE_MAX);
        pages[i].print(g->arena, &out);
        g->case_name = pages[i].path;
        g->case_failed = out.overflow;
        golden_expect_at(g, pages[i].path, dr_buf_str(&out), out.len);
        g->passed += !g->case_failed;
        g->failed += g->case_failed;
        dr_buf_release(&out);
    }
}

const struct golden_suite golden_pages = {.name = "pages", .end = end};
