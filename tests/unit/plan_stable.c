/* What of a plan stays the same: its digest while only numbers move, its steps while a
 * bootstrap goes on, the names of a generation. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/plan_kit.h"

/* All that differs between two looks at the same situation. */
static void move_numbers(struct dr_facts *f)
{
    f->now_ms += 7000;
    f->wall_ms += 7000;
    for (size_t c = 0; c < f->cluster_count; c++) {
        struct dr_cluster_facts *x = &f->clusters[c];
        x->ledger.tso += 3000ULL << 18;
        x->ledger.rows.epoch += 5;
        x->stores.seen.known = true; /* or learnt only now */
        x->stores.data_bytes += 5ULL << 30;
        x->stores.count = x->stores.replicas = 3;
        x->ledger.rows.holder = "another:1:2";
        x->ledger.rows.lease_until += 9000ULL << 18;
        for (size_t i = 0; i < x->ledger.beat_count; i++)
            x->ledger.beats[i].tso += 2000ULL << 18;
        for (size_t i = 0; i < x->feeds.count; i++) {
            x->feeds.items[i].checkpoint += 2000ULL << 18;
            x->feeds.items[i].rises += 3;
        }
        for (size_t i = 0; i < x->safepoints.count; i++)
            x->safepoints.items[i].safe_point += x->safepoints.items[i].safe_point != 0;
        for (size_t i = 0; i < x->instance_count; i++) {
            for (size_t n = 0; n < x->jobs[i].backup_count; n++)
                x->jobs[i].backups[n].progress_permille /= 2;
            for (size_t n = 0; n < x->jobs[i].session_count; n++)
                x->jobs[i].sessions[n].time_s += 3;
        }
    }
    f->redo.resolved += 2000ULL << 18;
    f->backup_prefix.count += f->backup_prefix.count ? 4 : 0;
}

Test(plan_stable, digest_leaves_out_numbers_that_move)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    const char *last = "";
    for (size_t s = 0; plan_kit_stages[s]; s++) {
        plan_kit_reload(&k, plan_kit_stages[s]);
        struct dr_plan *p = plan_kit_plan(&k);
        /* the ledger's own bookkeeping, up to 140, comes before a question */
        bool booked = s > 0 && s < 4;
        cr_assert_eq(strcmp(p->digest, last) == 0, booked, "%s", plan_kit_stages[s]);
        last = p->digest;
        cr_assert_str_eq(plan_kit_plan(&k)->digest, p->digest, "%s", plan_kit_stages[s]);
        move_numbers(k.facts);
        cr_assert_str_eq(plan_kit_plan(&k)->digest, p->digest, "%s", plan_kit_stages[s]);
        for (int c = EAST; c <= WEST; c++)
            k.facts->clusters[c].ledger.rows.term.meaning =
                k.docs.topologies[0]->doc.meaning;
        k.input.revision = "another";
        cr_assert_str_eq(plan_kit_plan(&k)->digest, p->digest, "revision");
        k.input.revision = "golden";
        k.facts->clusters[WEST].identity.new_collation = false;
        cr_assert_str_neq(plan_kit_plan(&k)->digest, p->digest, "blocker");
    }
    plan_kit_close(&k);
}

/* Text and JSON, too, byte for byte. */
Test(plan_stable, same_inputs_same_bytes)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    for (size_t s = 0; plan_kit_stages[s]; s++) {
        plan_kit_reload(&k, plan_kit_stages[s]);
        char *text[2];
        for (int i = 0; i < 2; i++) {
            json_t *v = dr_plan_json(plan_kit_plan(&k));
            text[i] = json_dumps(v, JSON_INDENT(1));
            json_decref(v);
        }
        cr_assert_str_eq(text[0], text[1], "%s", plan_kit_stages[s]);
        free(text[0]);
        free(text[1]);
    }
    plan_kit_close(&k);
}

Test(plan_stable, a_bootstrap_goes_on_with_what_was_approved)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    struct dr_plan *approved = plan_kit_plan(&k), *last = approved;
    for (size_t s = 1; plan_kit_stages[s]; s++) {
        plan_kit_reload(&k, plan_kit_stages[s]);
        struct dr_plan *now = plan_kit_plan(&k);
        const char *strange = dr_plan_continues(approved, now);
        cr_assert_null(strange, "%s: %s", plan_kit_stages[s], strange);
        strange = dr_plan_continues(last, now);
        cr_assert_null(strange, "%s after the one before: %s", plan_kit_stages[s],
                       strange);
        cr_assert_lt(now->action_count, last->action_count, "%s", plan_kit_stages[s]);
        last = now;
    }
    cr_assert_eq(last->state, DR_PLAN_CONVERGED);
    cr_assert_eq(last->is_protected, DR_TRUE);
    const char *strange = dr_plan_continues(last, approved);
    cr_assert_str_eq(strange, "east: make the ledger table mysql.drover_ledger");
    plan_kit_close(&k);
}

/* A step that was not in the approved plan is named, however the rest goes on. */
Test(plan_stable, a_new_step_is_no_continuation)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-260");
    struct dr_plan *approved = plan_kit_plan(&k);
    plan_kit_reload(&k, "next-270");
    struct dr_difference d = {
        .field = "shop.orders", .desired = "9 rows", .observed = "4 rows"};
    k.facts->equality.difference_count = 1;
    k.facts->equality.differences = &d;
    k.facts->restore_refused = 1;
    struct dr_plan *now = plan_kit_plan(&k);
    const char *strange = dr_plan_continues(approved, now);
    cr_assert_not_null(strange);
    cr_assert_not_null(strstr(strange, "half-restored table"), "%s", strange);
    plan_kit_close(&k);
}

/* A restore that was cut off shows only to the comparison: who said yes to that one goes
 * on with the other, and with nothing that drops. */
Test(plan_stable, a_comparison_may_call_for_the_restore)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-260");
    struct dr_plan *approved = plan_kit_plan(&k);
    plan_kit_reload(&k, "next-270");
    struct dr_difference d = {
        .field = "shop.orders", .desired = "9 rows", .observed = "4 rows"};
    k.facts->equality.difference_count = 1;
    k.facts->equality.differences = &d;
    struct dr_plan *now = plan_kit_plan(&k);
    cr_assert_eq(now->actions[0].rule, 210);
    cr_assert_null(dr_plan_continues(approved, now));
    approved->actions[0].subject = "east"; /* of another cluster it says nothing */
    cr_assert_not_null(dr_plan_continues(approved, now));
    plan_kit_close(&k);
}

static bool is_blocked(const struct dr_plan *p)
{
    return p->state == DR_PLAN_BLOCKED;
}

/* A pull request's checkout is no commit yet: looked at as if it were, it has the very
 * plan that the commit will have. */
Test(plan_stable, a_preview_has_the_digest_of_the_commit_to_come)
{
    struct plan_kit k;
    plan_kit_open(&k, "converged");
    for (size_t c = 0; c < 2; c++) {
        k.facts->clusters[c].ledger.rows.term.agreed = "c0ffee";
        k.facts->clusters[c].ledger.rows.term.meaning = "of the document as it was";
    }
    struct dr_lineage newer = {.agreed = "c0ffee", .descends = DR_TRUE};
    k.input.revision = "dir:0123";
    cr_assert(is_blocked(plan_kit_plan(&k)), "a file cannot show that it is newer");
    k.input.as_committed = true;
    struct dr_plan *preview = plan_kit_plan(&k);
    cr_assert_not(is_blocked(preview));
    k.input.as_committed = false;
    k.input.revision = "decade";
    k.input.lineage = &newer;
    k.input.lineage_count = 1;
    cr_assert_str_eq(plan_kit_plan(&k)->digest, preview->digest);
    k.input.as_committed = true;
    newer.descends = DR_FALSE;
    cr_assert(is_blocked(plan_kit_plan(&k)), "a commit is judged by its history");
    plan_kit_close(&k);
}

Test(plan_stable, names_of_a_generation)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-140");
    const struct dr_topology *t = k.input.topology;
    struct dr_generation g = dr_generation_of(t, k.facts, EAST, WEST, 0, k.arena);
    cr_assert_eq(g.n, 1);
    cr_assert(!g.planned);
    cr_assert_str_eq(g.feed_id, "shop-east-to-west-g1");
    cr_assert_str_eq(g.backup, "shop/east-to-west/g1");
    cr_assert_str_eq(g.redo, "shop/east-to-west/g1");
    g = dr_generation_of(t, k.facts, EAST, WEST, 2, k.arena);
    cr_assert_eq(g.n, 3, "prefixes in use are skipped");
    cr_assert_str_eq(g.feed_id, "shop-east-to-west-g3");
    g = dr_generation_of(t, k.facts, WEST, EAST, 0, k.arena);
    cr_assert_str_eq(g.feed_id, "shop-west-to-east-g1");

    plan_kit_reload(&k, "next-300");
    g = dr_generation_of(t, k.facts, EAST, WEST, 5, k.arena);
    cr_assert_eq(g.n, 1, "a row that stands is not skipped");
    cr_assert(g.planned);
    g = dr_generation_of(t, k.facts, WEST, EAST, 0, k.arena);
    cr_assert_eq(g.n, 2, "one counter for the whole topology");
    k.facts->clusters[EAST].ledger.rows.edges[0].state = DR_EDGE_RETIRED;
    g = dr_generation_of(t, k.facts, EAST, WEST, 0, k.arena);
    cr_assert_eq(g.n, 1, "the other end still has it");
    k.facts->clusters[WEST].ledger.rows.edges[0].state = DR_EDGE_RETIRED;
    g = dr_generation_of(t, k.facts, EAST, WEST, 0, k.arena);
    cr_assert_eq(g.n, 2, "a retired generation is never used again");
    cr_assert_str_eq(g.backup, "shop/east-to-west/g2");
    plan_kit_close(&k);
}
