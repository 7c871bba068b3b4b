/* Saved plans: read back whole or refused, and a stale one says what changed. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/plan/saved.h"
#include "tests/unit/plan_kit.h"

static const char *save(struct plan_kit *k)
{
    struct dr_saved_plan s;
    dr_saved_plan_of(&s, plan_kit_plan(k), k->input.topology, k->arena);
    s.drover = "0.0.0";
    s.made_at = "2026-11-21 15:00:00.000";
    s.path = "/srv/topology.yaml";
    return dr_saved_plan_text(&s, k->arena);
}

static struct dr_saved_plan *load(struct plan_kit *k, const char *text)
{
    struct dr_saved_plan *s = NULL;
    struct dr_err err = {0};
    cr_assert(dr_saved_plan_is(text, strlen(text)));
    cr_assert_eq(dr_saved_plan_read(&s, text, strlen(text), k->arena, &err), 0, "%s",
                 err.text);
    return s;
}

/* What changed between the saved plan and the plan of now; "": nothing. */
static const char *changes(struct plan_kit *k, const struct dr_saved_plan *s)
{
    struct dr_buf b;
    dr_buf_init(&b, 1 << 20);
    bool fits = dr_saved_plan_fits(s, plan_kit_plan(k), &k->input, k->arena, &b);
    const char *text = dr_strdup(k->arena, dr_buf_str(&b));
    dr_buf_release(&b);
    cr_assert_eq(fits, *text == '\0', "%s", text);
    return text;
}

Test(saved, reads_back_and_fits_only_its_own_situation)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    struct dr_saved_plan *last = NULL;
    for (size_t i = 0; plan_kit_stages[i]; i++) {
        plan_kit_reload(&k, plan_kit_stages[i]);
        struct dr_saved_plan *s = load(&k, save(&k));
        cr_assert_str_eq(s->topology, "shop");
        cr_assert_str_eq(s->path, "/srv/topology.yaml");
        cr_assert_str_eq(changes(&k, s), "");
        bool booked = i > 0 && i < 4; /* drover's own rows: still the same plan */
        if (last)
            cr_assert_eq(*changes(&k, last) == '\0', booked, "%s", plan_kit_stages[i]);
        last = s;
    }
    plan_kit_close(&k);
}

Test(saved, says_which_fact_changed)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    struct dr_saved_plan *s = load(&k, save(&k));
    struct dr_table t = {.schema = "old", .name = "t"};
    k.facts->clusters[WEST].tables.count = 1;
    k.facts->clusters[WEST].tables.items = &t;
    const char *text = changes(&k, s);
    cr_assert_not_null(
        strstr(text, "west: an empty secondary (DR-B041): was yes, now no\n"), "%s",
        text);
    plan_kit_reload(&k, "next-150");
    text = changes(&k, s);
    cr_assert_not_null(strstr(text, "the edge has a generation (edge_planned): was no, "
                                    "now yes\n"),
                       "%s", text);
    cr_assert_null(strstr(text, "not asked"), "%s", text);
    cr_assert_null(strstr(text, "not planned"), "steps follow from facts: %s", text);
    plan_kit_close(&k);
}

Test(saved, says_which_field_changed)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    struct dr_saved_plan *s = load(&k, save(&k));
    struct dr_docs docs;
    static const char *const edits[][3] = {
        {"rpo: 30s", "rpo: 1m", "spec.objectives.rpo: was 30s (the default), now 1m\n"},
        {"rto: 10m", "rto: 20m", "spec.objectives.rto: was 10m (the default), now 20m\n"},
        {"127.0.1.5:4000", "127.0.1.6:4000",
         "spec.clusters[east].sql.endpoints[1]: was 127.0.1.5:4000, now "
         "127.0.1.6:4000\n"},
        {"[127.0.1.4:4000, 127.0.1.5:4000]", "[127.0.1.4:4000]",
         "spec.clusters[east].sql.endpoints[1]: was 127.0.1.5:4000, now not declared\n"},
        {"redo: {level: eventual, apply: {user: redo}}", "redo: {level: eventual}",
         "spec.replication.redo.apply: was declared, now not declared\n"}};
    const char *whole = k.docs.source_list[0]->bytes;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        const char *at = strstr(whole, edits[i][0]);
        cr_assert_not_null(at);
        const char *text = dr_sprintf(k.arena, "%.*s%s%s", (int)(at - whole), whole,
                                      edits[i][1], at + strlen(edits[i][0]));
        dr_docs_init(&docs, k.arena);
        dr_docs_add(&docs, "topology.yaml", text, strlen(text));
        dr_docs_finish(&docs);
        cr_assert_eq(docs.topology_count, 1, "%s", edits[i][1]);
        k.input.topology = docs.topologies[0];
        const char *said = changes(&k, s);
        cr_assert_not_null(strstr(said, edits[i][2]), "%s", said);
    }
    plan_kit_close(&k);
}

/* Another byte anywhere: refused, or it meant nothing (a blank between two words). */
Test(saved, damage_is_refused)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-340");
    const char *text = save(&k);
    size_t len = strlen(text), refused = 0;
    char *copy = dr_strdup(k.arena, text);
    struct dr_arena *a = dr_arena_new(0);
    for (size_t i = 0; i < len; i += 7) {
        struct dr_saved_plan *s;
        struct dr_err err;
        copy[i] ^= 1;
        if (dr_saved_plan_read(&s, copy, len, a, &err) != 0)
            refused++;
        else
            cr_assert_str_eq(dr_saved_plan_text(s, a), text, "byte %zu", i);
        copy[i] = text[i];
        dr_arena_reset(a);
    }
    cr_assert_gt(refused, len / 7 / 2);
    for (size_t i = 0; i < len - 2; i += 101) {
        struct dr_saved_plan *s;
        struct dr_err err;
        cr_assert_neq(dr_saved_plan_read(&s, text, i, a, &err), 0, "cut at %zu", i);
        dr_arena_reset(a);
    }
    dr_arena_free(a);
    plan_kit_close(&k);
}

/* Whoever changes the text and its checksum still cannot change what is carried out. */
Test(saved, parts_belong_to_the_digest)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    struct dr_saved_plan s, *read;
    struct dr_err err = {0};
    dr_saved_plan_of(&s, plan_kit_plan(&k), k.input.topology, k.arena);
    s.drover = s.made_at = s.path = "x";
    s.parts[s.part_count - 1].value = "safer";
    const char *text = dr_saved_plan_text(&s, k.arena);
    cr_assert_neq(dr_saved_plan_read(&read, text, strlen(text), k.arena, &err), 0);
    cr_assert_not_null(strstr(err.text, "digest"), "%s", err.text);
    dr_saved_plan_of(&s, plan_kit_plan(&k), k.input.topology, k.arena);
    s.drover = s.made_at = s.path = "x";
    s.lines[4] = "spec.primary = west";
    text = dr_saved_plan_text(&s, k.arena);
    cr_assert_neq(dr_saved_plan_read(&read, text, strlen(text), k.arena, &err), 0);
    cr_assert_not_null(strstr(err.text, "declaration"), "%s", err.text);
    cr_assert_not(dr_saved_plan_is("apiVersion: drover/v1", 21));
    cr_assert_not(dr_saved_plan_is("{\"kind\": \"Topology\"}", 20));
    plan_kit_close(&k);
}

/* The document was edited, which is 7 steps; then somebody changes what drover keeps. */
Test(saved, is_stale_once_somebody_changed_what_drover_keeps)
{
    static const char *const want[] = {
        "west: each instance refuses writes (fenced): was yes, now no\n",
        "east: the changefeed is not paused, or by drover (unpaused): was yes, now no\n"};
    for (int i = 0; i < 2; i++) {
        struct plan_kit k;
        plan_kit_open(&k, "converged");
        struct dr_difference d = {.field = "sync_point_interval",
                                  .desired = "900000000000",
                                  .observed = "600000000000"};
        struct dr_cluster_facts *east = &k.facts->clusters[EAST],
                                *west = &k.facts->clusters[WEST];
        east->feed.differences = &d;
        east->feed.difference_count = 1;
        east->ledger.rows.edges[0].settings = west->ledger.rows.edges[0].settings =
            "agreed before the edit";
        struct dr_saved_plan *s = load(&k, save(&k));
        cr_assert_eq(plan_kit_plan(&k)->action_count, 9);
        for (size_t n = 0; i == 0 && n < west->instance_count; n++)
            west->instances[n].super_read_only = false;
        if (i == 1)
            east->feeds.items[0].state = DR_FEED_STOPPED;
        cr_expect_str_eq(changes(&k, s), want[i]);
        plan_kit_close(&k);
    }
}
