/* A fence that somebody lifted and closed again: what was written behind it stands there,
 * so the pair is not called protected again before a person has compared. */
#include "controller/base/tso.h"
#include "tests/unit/act_kit.h"

static const char *noted(struct pair *p)
{
    return pair_cell(p, "127.1.1.4:4000",
                     "SELECT COUNT(*) FROM mysql.drover_ledger WHERE value LIKE "
                     "'%openedFrom%'");
}

static void lift_and_close(struct pair *p, struct boss *b)
{
    pair_sql(p, "west", "SET GLOBAL tidb_super_read_only = OFF");
    boss_pass(b, 3000);
    boss_rounds(b, 2);
    cr_assert_eq(b->r.plan->is_protected, DR_FALSE);
    pair_sql(p, "west", "SET GLOBAL tidb_super_read_only = ON");
    boss_pass(b, 3000);
    boss_rounds(b, 5);
}

static void expect_open(const struct boss *b, const char *when)
{
    cr_expect_eq(b->r.plan->is_protected, DR_UNSURE, "%s", when);
    cr_assert_eq(b->r.plan->question_count, 1, "%s", when);
    cr_expect(strstr(b->r.plan->questions[0].what, "was seen open from "), "%s: %s", when,
              b->r.plan->questions[0].what);
}

static void succeed(struct boss *b, struct pair *p, const char *holder)
{
    boss_end(b);
    boss_options(b, p, holder);
    b->o.take = true;
    boss_start(b);
    boss_rounds(b, 6);
}

Test(opened, a_fence_that_was_open_is_remembered_until_a_person_has_compared)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 300);
    boss_rounds(&b, 5);
    cr_assert_eq(b.r.plan->is_protected, DR_TRUE);
    cr_expect_str_eq(noted(&p), "0");
    lift_and_close(&p, &b);
    expect_open(&b, "closed again");
    cr_expect_str_eq(noted(&p), "1");
    succeed(&b, &p, "two");
    expect_open(&b, "another process");
    p.topology.replication.compared_unix_ms =
        dr_tso_ms(b.r.facts->clusters[EAST].ledger.tso) - 1;
    succeed(&b, &p, "three");
    cr_expect_eq(b.r.plan->is_protected, DR_TRUE, "a person has compared");
    cr_expect_eq(b.r.plan->question_count, 0);
    cr_expect_str_eq(noted(&p), "0", "the ledger has forgotten it");
    lift_and_close(&p, &b);
    expect_open(&b, "the word was for what was before it");
    pair_over(&p, &b);
}

/* As the policy says: drover closes it, and that is no comparison. */
Test(opened, a_fence_that_drover_closed_again_is_remembered_as_well)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    p.topology.policy.drift[DR_DRIFT_FENCE] = DR_DRIFT_CORRECT;
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 300);
    boss_rounds(&b, 5);
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = OFF");
    boss_pass(&b, 3000);
    boss_rounds(&b, 12);
    cr_expect_str_eq(
        pair_cell(&p, "127.1.1.4:4000", "SELECT @@global.tidb_super_read_only"), "1");
    expect_open(&b, "corrected");
    pair_over(&p, &b);
}

/* A changefeed that ran before drover came is of no generation: it is remembered, too. */
Test(opened, the_fence_of_an_adopted_pair_is_remembered_as_well)
{
    struct dr_edge_spec edge = {.id = "by-hand"};
    struct pair p;
    struct boss b;
    pair_open_fed(&p, &edge, "");
    boss_open_approved(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 300);
    boss_rounds(&b, 5);
    cr_assert_eq(b.r.plan->is_protected, DR_TRUE, "%s", b.said);
    lift_and_close(&p, &b);
    expect_open(&b, "closed again");
    cr_expect_str_eq(noted(&p), "1");
    pair_over(&p, &b);
}
