/* What the ready steps would send: arguments that no rendering shows. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/base/tso.h"
#include "tests/unit/plan_kit.h"

static const uint64_t T = 462348615880015872;

static const struct dr_action *next_of(struct plan_kit *k, uint16_t rule)
{
    const struct dr_action *x = plan_kit_next(plan_kit_plan(k));
    cr_assert_not_null(x, "%u", rule);
    cr_assert_eq(x->rule, rule, "%u instead of %u", x->rule, rule);
    return x;
}

/* The row with that key that the step writes. */
static const struct dr_row_write *row_of(const struct dr_action *x, const char *key)
{
    cr_assert_eq(x->call.kind, DR_CALL_LEDGER_WRITE);
    for (size_t i = 0; i < x->call.args.write.count; i++)
        if (strcmp(x->call.args.write.rows[i].key, key) == 0)
            return &x->call.args.write.rows[i];
    return NULL;
}

Test(plan_calls, the_feed_starts_where_the_edge_row_says)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-300");
    const struct dr_action *x = next_of(&k, 300);
    cr_assert_eq(x->call.kind, DR_CALL_FEED_CREATE);
    cr_assert_eq(x->call.at.cluster, EAST);
    cr_assert_eq(x->call.args.feed.to, WEST);
    cr_assert_eq(x->call.args.feed.start_ts, T);
    cr_assert_eq(x->call.args.feed.generation, 1);
    cr_assert_str_eq(x->call.args.feed.id, "shop-east-to-west-g1");
    cr_assert_str_eq(x->call.args.feed.redo, "shop/east-to-west/g1");

    /* both ends know another T than the backup's row: theirs counts */
    for (int c = 0; c < 2; c++)
        k.facts->clusters[c].ledger.rows.edges[0].start_ts = T - 9;
    cr_assert_eq(next_of(&k, 300)->call.args.feed.start_ts, T - 9);
    plan_kit_close(&k);
}

Test(plan_calls, the_other_end_gets_the_same_start)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-300");
    struct dr_edge_row *west = &k.facts->clusters[WEST].ledger.rows.edges[0];
    for (int c = 0; c < 2; c++)
        k.facts->clusters[c].ledger.rows.edges[0].start_ts = T - 9;
    west->state = DR_EDGE_PLANNED;
    west->start_ts = 0;
    const struct dr_action *x = next_of(&k, 290);
    cr_assert_eq(x->call.at.cluster, WEST);
    const struct dr_row_write *row = row_of(x, "edge/east/west");
    cr_assert_not_null(row);
    cr_assert_not_null(strstr(row->value, "462348615880015863"), "%s", row->value);
    cr_assert_not_null(strstr(row->value, "making"), "%s", row->value);
    plan_kit_close(&k);
}

Test(plan_calls, a_backup_is_sent_again_at_its_own_t)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-190");
    const struct dr_action *x = next_of(&k, 190);
    cr_assert_eq(x->call.args.copy.tso, 0, "T is taken by the statement's session");
    cr_assert_str_eq(x->call.args.copy.prefix, "shop/east-to-west/g1");
    k.facts->clusters[EAST].ledger.rows.backup =
        (struct dr_copy_row){.present = true,
                             .generation = 1,
                             .prefix = "shop/east-to-west/g1",
                             .tso = T,
                             .instance = "127.0.1.5:4000",
                             .connection_id = 7};
    x = next_of(&k, 190);
    cr_assert_eq(x->call.args.copy.tso, T);
    cr_assert_str_eq(x->call.at.instance, "127.0.1.5:4000");
    k.facts->clusters[EAST].ledger.rows.backup.generation = 9;
    cr_assert_eq(next_of(&k, 190)->call.args.copy.tso, 0, "of another generation");
    plan_kit_close(&k);
}

Test(plan_calls, a_restore_is_of_the_backup_at_t)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-210");
    const struct dr_action *x = next_of(&k, 210);
    cr_assert_eq(x->call.kind, DR_CALL_RESTORE);
    cr_assert_eq(x->call.at.cluster, WEST);
    cr_assert_eq(x->call.args.copy.tso, T);
    cr_assert_eq(x->call.args.copy.generation, 1);
    plan_kit_close(&k);
}

Test(plan_calls, the_hold_remembers_what_was_before)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-170");
    const struct dr_action *x = next_of(&k, 170);
    const struct dr_row_write *gc = row_of(x, "gc"), *hold = row_of(x, "hold/bootstrap");
    cr_assert(gc && hold);
    cr_assert_eq(gc->expect, DR_ROW_ABSENT);
    cr_assert_not_null(
        strstr(gc->value, "\"before\":{\"enable\":true,\"lifeTimeMs\":600000}"), "%s",
        gc->value);
    cr_assert_not_null(
        strstr(gc->value, "\"set\":{\"enable\":false,\"lifeTimeMs\":600000}"), "%s",
        gc->value);

    /* the gc row stands: what was before is not what is seen now */
    struct dr_ledger *l = &k.facts->clusters[EAST].ledger.rows;
    l->gc = (struct dr_gc_row){.present = true,
                               .before = {.enable = true, .life_time_ms = 600000},
                               .set = {.enable = false, .life_time_ms = 600000}};
    for (int i = 0; i < 2; i++)
        k.facts->clusters[EAST].instances[i].gc_enable = false;
    x = next_of(&k, 170);
    cr_assert_null(row_of(x, "gc"));
    cr_assert_not_null(row_of(x, "hold/bootstrap"));
    plan_kit_close(&k);
}

Test(plan_calls, gc_is_set_back_to_the_row)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-320");
    k.facts->clusters[EAST].instances[0].gc_enable = true; /* one shows it already */
    const struct dr_action *x = next_of(&k, 320);
    cr_assert_eq(x->call.kind, DR_CALL_SET_GLOBAL);
    cr_assert_str_eq(x->call.args.set.name, "tidb_gc_enable");
    cr_assert_str_eq(x->call.args.set.value, "ON");
    cr_assert_str_eq(x->call.at.instance, "127.0.1.5:4000");
    plan_kit_close(&k);
}

/* Another purpose's hold keeps the gc row; the bootstrap's own goes. */
Test(plan_calls, a_hold_of_another_purpose_keeps_gc)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-320");
    struct dr_ledger *l = &k.facts->clusters[EAST].ledger.rows;
    struct dr_hold_row two[] = {l->holds[0], {.purpose = "switchover", .deadline = 1}};
    l->holds = two;
    l->hold_count = 2;
    const struct dr_action *x = next_of(&k, 330);
    cr_assert_not_null(row_of(x, "hold/bootstrap"));
    cr_assert_null(row_of(x, "gc"));
    cr_assert_not_null(row_of(x, "backup"));
    l->holds = two + 1;
    l->hold_count = 1;
    l->backup.present = false;
    next_of(&k, 340);
    plan_kit_close(&k);
}

/* Given up at the deadline, the backup's row stays: it says that T is not in history. */
Test(plan_calls, an_expired_hold_keeps_the_backup_row)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-210");
    struct dr_ledger_group *g = &k.facts->clusters[EAST].ledger;
    g->tso = g->rows.holds[0].deadline + 1;
    for (int i = 0; i < 2; i++)
        k.facts->clusters[EAST].instances[i].gc_enable = true;
    const struct dr_action *x = next_of(&k, 330);
    cr_assert_not_null(row_of(x, "hold/bootstrap"));
    cr_assert_not_null(row_of(x, "gc"));
    cr_assert_null(row_of(x, "backup"));
    plan_kit_close(&k);
}

Test(plan_calls, a_lost_copy_of_the_term_is_copied)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-120");
    k.facts->clusters[WEST].ledger.rows.term = (struct dr_term_row){.present = true,
                                                                    .n = 4,
                                                                    .cluster = "east",
                                                                    .operation = "0b5e",
                                                                    .revision = "r7",
                                                                    .agreed = "golden"};
    const struct dr_action *x = next_of(&k, 120);
    cr_assert_eq(x->call.at.cluster, EAST);
    const struct dr_row_write *row = row_of(x, "term");
    cr_assert_eq(row->expect, DR_ROW_ABSENT);
    cr_assert_not_null(strstr(row->value, "\"n\":4"), "%s", row->value);
    cr_assert_not_null(strstr(row->value, "0b5e"), "%s", row->value);
    plan_kit_close(&k);
}

/* A document that names the clusters of another topology by mistake touches nothing
 * there, not even a hold whose time is over. */
Test(plan_calls, a_hold_of_another_topology_is_left)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-310");
    struct dr_ledger_group *g = &k.facts->clusters[EAST].ledger;
    g->tso = g->rows.holds[0].deadline + 1;
    cr_assert_not_null(plan_kit_next(plan_kit_plan(&k)));
    for (size_t c = 0; c < 2; c++)
        k.facts->clusters[c].ledger.rows.birth.topology = "another";
    struct dr_plan *p = plan_kit_plan(&k);
    cr_assert_null(plan_kit_next(p));
    cr_assert_eq(p->state, DR_PLAN_BLOCKED);
    cr_assert_str_eq(p->blockers[0].code, "DR-B021");
    plan_kit_close(&k);
}
