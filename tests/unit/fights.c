/* Who acts counts what is undone: TTL jobs of the secondary, switched on by somebody. */
#include <criterion/criterion.h>

#include "controller/act/fights.h"
#include "tests/unit/plan_kit.h"

enum { TTL_RULE = 230, MINUTE = 60000, STEP = 10000 };

struct bout {
    struct plan_kit k;
    struct dr_fights f;
    int64_t now_ms;
    const struct dr_plan *plan;
};

static void begin(struct bout *b)
{
    *b = (struct bout){.now_ms = 5000};
    plan_kit_open(&b->k, "converged");
}

/* A look at what TTL jobs are; unknown: west does not tell. */
static void look(struct bout *b, bool on, bool unknown)
{
    struct dr_cluster_facts *west = &b->k.facts->clusters[WEST];
    for (size_t i = 0; i < west->instance_count; i++) {
        west->instances[i].ttl_job_enable = on;
        west->instances[i].seen.known = !unknown;
    }
    b->now_ms += STEP;
    b->k.facts->wall_ms = 1763720000000 + b->now_ms;
    b->k.input.facts = b->k.facts;
    dr_fights_look(&b->f, &b->k.input, b->now_ms, b->k.arena);
    b->plan = dr_plan_build(&b->k.input, b->k.arena);
}

/* The step that corrects; false: none is ready. */
static bool correct(struct bout *b)
{
    const struct dr_action *x = plan_kit_next(b->plan);
    if (!x || x->rule != TTL_RULE)
        return false;
    cr_assert(x->corrects);
    dr_fights_note(&b->f, x, b->now_ms, b->k.facts->wall_ms);
    return true;
}

/* Undone `times` times, `apart` from each other; out: how often it was put right. */
static int undo(struct bout *b, int times, int64_t apart_ms)
{
    int corrected = 0;
    for (int i = 0; i < times; i++) {
        look(b, true, false);
        corrected += correct(b);
        look(b, false, false);
        b->now_ms += apart_ms;
    }
    return corrected;
}

Test(fights, the_fourth_time_within_an_hour_is_left)
{
    struct bout b;
    begin(&b);
    cr_assert_eq(undo(&b, 6, MINUTE), 3);
    look(&b, true, false);
    cr_assert_eq(b.k.input.fight_count, 1);
    cr_assert_eq(b.k.input.fights[0].count, 3);
    cr_assert_gt(b.k.input.fights[0].undone_ms, b.k.input.fights[0].corrected_ms);
    cr_assert_eq(b.plan->state, DR_PLAN_ASKING);
    plan_kit_close(&b.k);
}

Test(fights, seldom_is_no_fight)
{
    struct bout b;
    begin(&b);
    /* of any four in a row the first and the last are more than an hour apart */
    cr_assert_eq(undo(&b, 12, 35 * MINUTE), 12);
    cr_assert_eq(b.k.input.fight_count, 0);
    plan_kit_close(&b.k);
}

Test(fights, statements_of_one_correction_are_one)
{
    struct bout b;
    begin(&b);
    for (int i = 0; i < 8; i++) { /* sent again: it failed, or the next instance */
        look(&b, true, false);
        cr_assert(correct(&b), "%d", i);
    }
    cr_assert_eq(b.k.input.fight_count, 0);
    plan_kit_close(&b.k);
}

Test(fights, what_is_not_known_ends_nothing)
{
    struct bout b;
    begin(&b);
    cr_assert_eq(undo(&b, 4, MINUTE), 3);
    look(&b, true, false);
    for (int i = 0; i < 10; i++) {
        look(&b, true, true);
        b.now_ms += 20 * MINUTE;
    }
    look(&b, true, false);
    cr_assert(!correct(&b));
    /* an hour in which it stands ends it; a minute less does not */
    look(&b, false, false);
    b.now_ms += DR_FIGHT_WINDOW_MS - 2 * STEP;
    look(&b, false, false);
    cr_assert_eq(b.k.input.fight_count, 1);
    look(&b, false, false);
    cr_assert_eq(b.k.input.fight_count, 0);
    look(&b, true, false);
    cr_assert(correct(&b));
    plan_kit_close(&b.k);
}

/* Another process, with a clock of its own, reads the lease, and goes on counting; after
 * an edit of the document it does not. */
Test(fights, another_process_goes_on)
{
    for (int edited = 0; edited < 2; edited++) {
        struct bout b;
        struct dr_last_seen seen = {0};
        begin(&b);
        cr_assert_eq(undo(&b, 3, MINUTE), 3);
        dr_fights_keep(&b.f, &b.k.input, b.now_ms, &seen, b.k.arena);
        cr_assert_eq(seen.fight_count, 1);
        cr_assert_eq(seen.fights[0].count, 3);
        const char *lease = dr_lease_value(1, &seen, b.k.arena);
        seen = dr_lease_merge(lease, (struct dr_last_seen){0}, b.k.arena);
        cr_assert_eq(seen.fight_count, 1, "%s", lease);
        cr_assert_str_eq(seen.fights[0].cluster, "west");
        if (edited)
            seen.declaration = "another one";
        for (size_t c = 0; c < 2; c++)
            b.k.facts->clusters[c].ledger.rows.last_seen = seen;
        b.f = (struct dr_fights){0};
        b.now_ms += 1000000000;
        dr_fights_take(&b.f, &b.k.input, b.now_ms);
        dr_fights_take(&b.f, &b.k.input, b.now_ms);
        look(&b, true, false);
        cr_expect_eq(b.k.input.fight_count, !edited, "%d", edited);
        cr_expect_eq(correct(&b), edited, "%d", edited);
        plan_kit_close(&b.k);
    }
}
