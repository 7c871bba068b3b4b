#include "tests/unit/plan_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#include "controller/base/file.h"
#include "controller/base/json.h"

enum { FILE_MAX = 1 << 20 };

const char *const plan_kit_stages[] = {
    "fresh",    "next-110", "next-120", "next-140",  "next-150", "next-170",
    "next-180", "next-190", "next-210", "next-230",  "next-240", "next-250",
    "next-260", "next-270", "next-280", "next-290",  "next-300", "next-310",
    "next-320", "next-330", "next-340", "converged", NULL};

const char *const plan_kit_adopt_stages[] = {"adopt-100",       "adopt-122", "adopt-142",
                                             "adopt-250",       "adopt-292", "adopt-312",
                                             "adopt-converged", NULL};
const char *const plan_kit_existing_stages[] = {
    "existing-100", "existing-122", "existing-185",       "existing-250",
    "existing-265", "existing-290", "existing-converged", NULL};

static char *read_fact(struct plan_kit *k, const char *name, const char *ending,
                       size_t *len)
{
    struct dr_err err = {0};
    char *bytes = NULL;
    const char *path = dr_sprintf(k->arena, "tests/golden/facts/%s%s", name, ending);
    cr_assert_eq(dr_file_read(k->arena, path, FILE_MAX, &bytes, len, &err), 0, "%s",
                 err.text);
    return bytes;
}

void plan_kit_reload(struct plan_kit *k, const char *stage)
{
    struct dr_err err = {0};
    json_t *v = NULL;
    size_t len;
    char *bytes = read_fact(k, stage, ".json", &len);
    cr_assert_eq(dr_json_parse_in(k->arena, &v, bytes, len, &err), 0, "%s", err.text);
    cr_assert_eq(dr_facts_decode(&k->facts, v, k->arena, &err), 0, "%s", err.text);
    k->input.facts = k->facts;
}

/* The bootstrap line of the topology, as the snapshots of these stages were taken. */
static const char *bootstrap_of(const char *const *stages)
{
    if (stages == plan_kit_adopt_stages)
        return "    edges: [{from: east, to: west, id: dr-east-to-west}]\n"
               "  bootstrap: {method: Existing}\n";
    if (stages == plan_kit_existing_stages)
        return "  bootstrap: {method: Existing, startTs: 470610515066880000}\n";
    return "  bootstrap: {method: BackupRestore}\n";
}

static void open_with(struct plan_kit *k, const char *stage, const char *bootstrap)
{
    size_t len;
    dr_json_init();
    k->arena = dr_arena_new(0);
    char *text = read_fact(k, "topology", ".yaml", &len);
    const char *at = strstr(text, bootstrap_of(plan_kit_stages));
    cr_assert_not_null(at);
    text = dr_sprintf(k->arena, "%.*s%s", (int)(at - text), text, bootstrap);
    len = strlen(text);
    dr_docs_init(&k->docs, k->arena);
    dr_docs_add(&k->docs, "topology.yaml", text, len);
    dr_docs_finish(&k->docs);
    cr_assert_eq(k->docs.topology_count, 1);
    k->input =
        (struct dr_plan_input){.topology = k->docs.topologies[0], .revision = "golden"};
    plan_kit_reload(k, stage);
}

void plan_kit_open(struct plan_kit *k, const char *stage)
{
    open_with(k, stage, bootstrap_of(plan_kit_stages));
}

void plan_kit_open_of(struct plan_kit *k, const char *const *stages)
{
    open_with(k, stages[0], bootstrap_of(stages));
}

void plan_kit_close(struct plan_kit *k)
{
    dr_arena_free(k->arena);
}

struct dr_plan *plan_kit_plan(struct plan_kit *k)
{
    return dr_plan_build(&k->input, k->arena);
}

const struct dr_action *plan_kit_next(const struct dr_plan *p)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (p->actions[i].ready)
            return &p->actions[i];
    return NULL;
}
