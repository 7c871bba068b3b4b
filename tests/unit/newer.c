/* Several controllers of which one is behind: at an older commit, or at the one that
 * removed the document. */
#include <string.h>

#include "tests/unit/act_kit.h"

#define EAST_AT "127.0.1.4:4000"
#define WEST_AT "127.1.1.4:4000"

enum { LEASES = 3 };

static bool gc_is_on(struct pair *p)
{
    return strcmp(pair_cell(p, EAST_AT, "SELECT @@global.tidb_gc_enable"), "1") == 0;
}

/* A process that bootstraps at that revision, and ends while GC is held. */
static void hold_at(struct pair *p, const char *revision)
{
    struct boss b;
    boss_options(&b, p, "first");
    b.o.revision = revision;
    boss_start(&b);
    boss_until_step(&b, "restore", 100);
    cr_assert_not(gc_is_on(p));
    boss_end(&b);
}

static void start_at(struct boss *b, struct pair *p, const char *holder,
                     const char *revision, bool removed)
{
    boss_options(b, p, holder);
    b->o.revision = revision;
    b->o.removed = removed;
    b->o.history.descends = boss_descends;
    boss_start(b);
}

/* Rounds for longer than any lease. */
static void go_on(struct boss *b)
{
    int64_t until = b->estate->now_ms(b->estate) + LEASES * b->o.lease_ms;
    while (b->estate->now_ms(b->estate) < until)
        boss_round(b);
}

Test(newer, a_removal_that_is_older_gives_nothing_back)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    hold_at(&p, "r3");

    start_at(&b, &p, "stuck", "r2", true);
    go_on(&b);
    cr_expect_eq(b.r.state, DR_ROUND_BLOCKED, "%s", b.r.text);
    cr_expect(strstr(b.r.text, "DR-B026"), "%s", b.r.text);
    cr_expect_not(gc_is_on(&p), "%s", b.said);
    cr_expect_eq(dr_record_mutations(&b.record), 0);
    boss_end(&b);

    start_at(&b, &p, "newer", "r4", true);
    boss_until(&b, DR_ROUND_CONVERGED, 20);
    cr_expect(gc_is_on(&p), "%s", b.said);
    cr_expect_str_eq(pair_agreed(&p, EAST_AT), "\"r4\"");
    dr_actor_leave(b.actor);
    boss_end(&b);

    /* what stands before the removal holds nothing anew */
    start_at(&b, &p, "behind", "r3", false);
    go_on(&b);
    cr_expect_eq(b.r.state, DR_ROUND_BLOCKED, "%s", b.r.text);
    cr_expect(gc_is_on(&p), "%s", b.said);
    pair_over(&p, &b);
}

/* While something is held, a commit that changes nothing is agreed on all the same: the
 * document may have left and come back between the two. */
Test(newer, a_document_that_came_back_is_newer_than_its_removal)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    hold_at(&p, "r1");
    start_at(&b, &p, "again", "r3", false);
    boss_until_step(&b, "fence", 100);
    cr_expect_str_eq(pair_agreed(&p, EAST_AT), "\"r3\"");
    /* .. and at another commit elsewhere */
    dr_actor_revise(b.actor, "r4");
    boss_round(&b);
    boss_round(&b);
    cr_expect_str_eq(pair_agreed(&p, WEST_AT), "\"r4\"");
    boss_until(&b, DR_ROUND_CONVERGED, 100);
    /* nothing is held any more: a commit elsewhere costs nothing */
    dr_actor_revise(b.actor, "r5");
    boss_round(&b);
    boss_round(&b);
    cr_expect_str_eq(pair_agreed(&p, WEST_AT), "\"r4\"");
    pair_over(&p, &b);
}

/* A person, or another version, writes the same row with a blank more. */
Test(newer, a_row_spelled_otherwise_is_agreed_on_again)
{
    static const char otherwise[] = "UPDATE mysql.drover_ledger SET value ="
                                    " REPLACE(value, ',', ', ') WHERE k = 'term'";
    struct pair p;
    struct boss b;
    pair_open(&p);
    hold_at(&p, "r1");
    pair_sql(&p, "east", otherwise);
    start_at(&b, &p, "again", "r2", false);
    boss_until_step(&b, "fence", 100);
    cr_expect_str_eq(pair_agreed(&p, EAST_AT), "\"r2\"", "%s", b.said);
    cr_expect_str_eq(pair_agreed(&p, WEST_AT), "\"r2\"", "%s", b.said);
    pair_over(&p, &b);
}

Test(newer, what_only_observed_gives_nothing_back)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    hold_at(&p, "r1");
    p.topology.management = DR_OBSERVE;
    start_at(&b, &p, "observer", "elsewhere", true); /* another repository's */
    pair_pass(&p, 2 * b.o.lease_ms);
    boss_round(&b);
    cr_expect_eq(b.r.state, DR_ROUND_CONVERGED, "%s", b.r.text);
    go_on(&b);
    cr_expect_not(gc_is_on(&p), "%s", b.said);
    cr_expect_eq(dr_record_mutations(&b.record), 0);
    pair_over(&p, &b);
}

/* ---- who is behind and has the lease ---- */

/* A pair, and two that care for it: who has the lease stands at r1, the other one at r2
 * or, with `same`, at a commit that changed nothing. */
static void two_at(struct pair *p, struct boss *older, struct boss *newer,
                   struct dr_topology *edited, const char *revision, bool overtakes)
{
    pair_open(p);
    pair_bootstrap(p);
    boss_options(older, p, "older");
    older->o.history.descends = boss_descends;
    older->o.overtakes = true;
    boss_start(older);
    boss_until(older, DR_ROUND_CONVERGED, 20);
    *edited = p->topology;
    if (strcmp(revision, "r2") == 0)
        edited->doc.meaning[0] = edited->doc.meaning[0] == 'x' ? 'y' : 'x';
    boss_options(newer, p, "newer");
    newer->o.topology = edited;
    newer->o.revision = revision;
    newer->o.history.descends = boss_descends;
    newer->o.overtakes = overtakes;
    boss_start(newer);
}

/* Both in turn. Out: when the newer one first had the epoch; 0: never. */
static int64_t take_turns(struct boss *older, struct boss *newer)
{
    int64_t since = newer->estate->now_ms(newer->estate), taken = 0;
    while (newer->estate->now_ms(newer->estate) < since + LEASES * newer->o.lease_ms) {
        boss_round(older);
        boss_round(newer);
        if (!taken && dr_actor_epoch(newer->actor))
            taken = newer->estate->now_ms(newer->estate) - since;
    }
    return taken;
}

Test(newer, a_newer_declaration_waits_a_lease_and_takes_over)
{
    struct pair p;
    struct boss older, newer;
    struct dr_topology edited;
    two_at(&p, &older, &newer, &edited, "r2", true);
    boss_round(&newer);
    cr_expect_eq(newer.r.state, DR_ROUND_STANDBY, "%s", newer.r.text);
    cr_expect(strstr(newer.r.text, "acts on an older declaration"), "%s", newer.r.text);
    int64_t taken = take_turns(&older, &newer);
    cr_expect_geq(taken, newer.o.lease_ms);
    cr_expect_leq(taken, newer.o.lease_ms + 25000, "%lld ms", (long long)taken);
    cr_expect_str_eq(pair_agreed(&p, EAST_AT), "\"r2\"");
    cr_expect_str_eq(pair_agreed(&p, WEST_AT), "\"r2\"");
    cr_expect_eq(newer.r.state, DR_ROUND_CONVERGED, "%s", newer.r.text);
    cr_expect_eq(older.r.state, DR_ROUND_BLOCKED, "%s", older.r.text);
    cr_expect_eq(dr_actor_epoch(older.actor), 0);
    cr_expect_str_eq(
        pair_cell(&p, EAST_AT, "SELECT epoch FROM mysql.drover_ledger WHERE k = 'epoch'"),
        "3", "it was taken more than once:\n%s%s", older.said, newer.said);
    boss_end(&older);
    pair_over(&p, &newer);
}

Test(newer, nobody_else_takes_the_lease_of_who_lives)
{
    static const struct {
        const char *revision;
        bool overtakes;
    } cases[] = {{"r2", false}, {"r3", true}}; /* not allowed to; changes nothing */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair p;
        struct boss older, newer;
        struct dr_topology edited;
        two_at(&p, &older, &newer, &edited, cases[i].revision, cases[i].overtakes);
        cr_expect_eq(take_turns(&older, &newer), 0, "%zu: %s", i, newer.said);
        cr_expect_eq(newer.r.state, DR_ROUND_STANDBY, "%zu: %s", i, newer.r.text);
        boss_end(&older);
        pair_over(&p, &newer);
    }
}

/* Whoever cannot carry the newer declaration out leaves the lease where it is. */
Test(newer, a_newer_declaration_that_waits_takes_nothing)
{
    struct pair p;
    struct boss older, newer;
    struct dr_topology edited;
    two_at(&p, &older, &newer, &edited, "r2", true);
    static const char *const pd[] = {"127.0.1.1", "127.0.1.2", "127.0.1.3"};
    for (size_t i = 0; i < sizeof(pd) / sizeof(pd[0]); i++)
        pair_ctl(
            &p, dr_sprintf(p.arena, "{\"fault\": \"kill\", \"at\": \"%s:2379\"}", pd[i]));
    pair_pass(&p, 2000);
    cr_expect_eq(take_turns(&older, &newer), 0, "%s", newer.said);
    cr_expect_neq(newer.r.plan->state, DR_PLAN_STEPS);
    boss_end(&older);
    pair_over(&p, &newer);
}

/* A person said that another commit is right, while a controller stands on one before. */
Test(newer, who_is_older_lets_the_lease_go)
{
    struct pair p;
    struct boss older, newer;
    struct dr_topology edited;
    two_at(&p, &older, &newer, &edited, "r2", true);
    for (int c = 0; c < 2; c++)
        pair_sql(&p, c ? "west" : "east",
                 "UPDATE mysql.drover_ledger SET value = JSON_SET(value, '$.agreed', "
                 "'r2', '$.meaning', 'z') WHERE k = 'term'");
    boss_round(&older);
    cr_expect_eq(older.r.state, DR_ROUND_BLOCKED, "%s", older.r.text);
    cr_expect_eq(dr_actor_epoch(older.actor), 0, "%s", older.said);
    boss_round(&newer);
    boss_round(&newer);
    cr_expect_neq(dr_actor_epoch(newer.actor), 0, "%s", newer.r.text);
    boss_end(&older);
    pair_over(&p, &newer);
}

/* A file is agreed on; a repository that says something else, perhaps because it is
 * older, is refused; one that says the same is taken up, and its next commit goes on. */
Test(newer, a_repository_after_a_file)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    start_at(&b, &p, "by-file", "file:0123", false);
    boss_until(&b, DR_ROUND_CONVERGED, 300);
    boss_end(&b);
    cr_assert(strstr(pair_agreed(&p, EAST_AT), "generation:0"));
    p.topology.doc.meaning[0] ^= 1;
    start_at(&b, &p, "older", "r1", false);
    go_on(&b);
    cr_expect_eq(b.r.state, DR_ROUND_BLOCKED, "%s", b.r.text);
    cr_expect(strstr(b.r.text, "DR-B026"), "%s", b.r.text);
    cr_expect_eq(dr_record_mutations(&b.record), 0);
    boss_end(&b);
    p.topology.doc.meaning[0] ^= 1;
    start_at(&b, &p, "same", "r2", false);
    go_on(&b);
    cr_expect_eq(b.r.state, DR_ROUND_CONVERGED, "%s", b.r.text);
    cr_expect(strstr(pair_agreed(&p, EAST_AT), "r2"));
    cr_expect(strstr(pair_agreed(&p, WEST_AT), "r2"));
    boss_end(&b);
    p.topology.doc.meaning[0] ^= 1;
    start_at(&b, &p, "next", "r3", false);
    go_on(&b);
    cr_expect_eq(b.r.state, DR_ROUND_CONVERGED, "%s", b.r.text);
    cr_expect(strstr(pair_agreed(&p, EAST_AT), "r3"));
    pair_over(&p, &b);
}
