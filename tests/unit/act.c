/* Acting on the model: who may act, what is made when things go wrong, what is left. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/act/actor.h"
#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "tests/unit/act_kit.h"
#include "tests/unit/journal_kit.h"

static const char *lease_of(struct pair *p, const char *at)
{
    return pair_cell(p, at, "SELECT holder FROM mysql.drover_ledger WHERE k = 'lease'");
}

/* ---- obligations ---- */

Test(act, gc_is_given_back_when_the_other_cluster_is_gone_for_good)
{
    struct pair p;
    struct boss one, two;
    pair_open(&p);
    boss_open(&one, &p, "one");
    boss_until_step(&one, "restore", 100);
    cr_assert_str_eq(pair_cell(&p, "127.0.1.4:4000", "SELECT @@global.tidb_gc_enable"),
                     "0");
    boss_end(&one);
    static const char *const west[] = {
        "127.1.1.4:4000", "127.1.1.5:4000",  "127.1.1.1:2379", "127.1.1.2:2379",
        "127.1.1.3:2379", "127.0.1.11:8300", "127.0.1.12:8300"};
    for (size_t i = 0; i < sizeof(west) / sizeof(west[0]); i++)
        pair_ctl(&p,
                 dr_sprintf(p.arena, "{\"fault\": \"kill\", \"at\": \"%s\"}", west[i]));
    boss_options(&two, &p, "two");
    two.o.removed = true;
    boss_start(&two);
    for (int i = 0;
         i < 60 &&
         strcmp(pair_cell(&p, "127.0.1.4:4000", "SELECT @@global.tidb_gc_enable"), "1") !=
             0;
         i++)
        boss_round(&two);
    cr_expect_str_eq(pair_cell(&p, "127.0.1.4:4000", "SELECT @@global.tidb_gc_enable"),
                     "1", "GC stays off: %s\n%s", two.r.text, two.said);
    boss_until(&two, DR_ROUND_CONVERGED, 20);
    cr_expect_str_eq(
        pair_cell(&p, "127.0.1.4:4000",
                  "SELECT COUNT(*) FROM mysql.drover_ledger WHERE k LIKE 'hold%'"),
        "0");
    pair_over(&p, &two);
}

/* ---- instances that come and go ---- */

Test(act, an_instance_found_by_discovery_may_go_again)
{
    struct pair p;
    struct boss b;
    struct dr_cluster clusters[2];
    pair_open(&p);
    memcpy(clusters, p.topology.clusters, sizeof(clusters));
    clusters[EAST].sql.endpoint_count = clusters[WEST].sql.endpoint_count = 1;
    clusters[EAST].sql.discover = clusters[WEST].sql.discover = true;
    p.topology.clusters = clusters;
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    cr_expect_eq(b.r.facts->clusters[EAST].instance_count, 2);
    pair_ctl(&p, "{\"fault\": \"kill\", \"at\": \"127.0.1.5:4000\"}");
    for (int i = 0; i < 300 && b.r.facts->clusters[EAST].instance_count == 2; i++)
        boss_round(&b);
    boss_round(&b);
    cr_expect_eq(b.r.facts->clusters[EAST].instance_count, 1);
    pair_ctl(&p, "{\"fault\": \"start\", \"at\": \"127.0.1.5:4000\"}");
    for (int i = 0; i < 300 && b.r.facts->clusters[EAST].instance_count == 1; i++)
        boss_round(&b);
    boss_until(&b, DR_ROUND_CONVERGED, 50);
    cr_expect_eq(b.r.facts->clusters[EAST].instance_count, 2);
    cr_expect_str_eq(b.r.facts->clusters[EAST].instances[1].address, "127.0.1.5:4000");
    pair_over(&p, &b);
}

/* ---- time ---- */

Test(act, a_failed_step_beside_a_slow_one_asks_for_no_time_in_the_past)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until_step(&b, "generation", 50);
    /* east's row is refused at once; west's is written, and slow to be seen */
    pair_ctl(&p, "{\"fault\": \"error\", \"at\": \"127.0.1.4:4000\", \"match\": "
                 "\"planned\", \"count\": 1, \"number\": 1142, \"message\": \"no\"}");
    pair_ctl(&p, "{\"fault\": \"late\", \"at\": \"127.1.1.4:4000\", \"match\": \"UNION "
                 "ALL\", \"count\": 1, \"ms\": 4000}");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    cr_expect(strstr(b.said, "generation: "), "%s", b.said);
    pair_over(&p, &b);
}

/* ---- the word of a person ---- */

Test(act, a_step_that_was_not_approved_is_not_made)
{
    struct pair p;
    struct boss b;
    struct dr_plan few;
    pair_open(&p);
    boss_open_approved(&b, &p, "one");
    dr_actor_look(b.actor, &b.r);
    few = *b.r.plan;
    cr_assert_gt(few.action_count, 8);
    few.action_count = 6;
    dr_actor_approve(b.actor, &few, true);
    boss_until(&b, DR_ROUND_UNAPPROVED, 50);
    cr_expect(strstr(b.r.text, "not in the approved plan"), "%s", b.r.text);
    cr_expect_eq(dr_record_mutations(&b.record), 0, "acted before it compared");
    pair_over(&p, &b);
}

/* How it failed this time (refused, out of time after 72 ms, not tried again) is no news.
 */
Test(act, what_is_waited_for_is_said_once)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    pair_ctl(&p, "{\"fault\": \"hang\", \"at\": \"127.0.1.5:4000\"}");
    b.said[0] = '\0';
    for (int i = 0; i < 12; i++) {
        boss_round(&b);
        if (i == 5)
            pair_ctl(&p, "{\"fault\": \"kill\", \"at\": \"127.0.1.5:4000\"}");
    }
    const char *first = strstr(b.said, "DR-B010");
    cr_assert_not_null(first, "%s", b.said);
    cr_expect_null(strstr(first + 1, "DR-B010"), "%s", b.said);
    pair_over(&p, &b);
}

Test(act, whole_bootstrap)
{
    struct pair p;
    pair_open(&p);
    pair_bootstrap(&p);
    cr_expect_str_eq(lease_of(&p, "127.0.1.4:4000"), "bootstrapper");
    pair_close(&p);
}

Test(act, the_lease_is_renewed_beside_a_long_comparison)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until_step(&b, "compare", 100);
    uint64_t beats = b.record.outcomes[DR_CALL_BEAT][DR_DONE];
    int64_t start_ms = dr_model_now_ms(p.model);
    pair_ctl(&p, "{\"fault\": \"late\", \"at\": \"127.1.1.4:4000\", \"match\": "
                 "\"COUNT(*) AS n\", \"count\": 1, \"ms\": 95000}");
    boss_round(&b);
    cr_expect_gt(dr_model_now_ms(p.model) - start_ms, 90000);
    beats = b.record.outcomes[DR_CALL_BEAT][DR_DONE] - beats;
    cr_expect_geq(beats, 2 * 9, "%zu beats in 95 s of a lease of 30 s", (size_t)beats);
    boss_until(&b, DR_ROUND_CONVERGED, 100);
    pair_over(&p, &b);
}

/* ---- the record ---- */

static struct dr_journal *journal_in(char *dir)
{
    struct dr_journal *j;
    struct dr_err err = {0};
    cr_assert(mkdtemp(dir));
    cr_assert_eq(dr_journal_open(&j, dir, 0, &err), 0, "%s", err.text);
    return j;
}

static void journal_gone(struct pair *p, struct dr_journal *j, const char *dir)
{
    static const char *const files[] = {"journal.db", "journal.db-wal", "journal.db-shm",
                                        "journal.head"};
    dr_journal_close(j);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        (void)remove(dr_sprintf(p->arena, "%s/%s", dir, files[i]));
    (void)rmdir(dir);
}

static size_t open_intents(struct dr_journal *j, struct dr_arena *a)
{
    const struct dr_journal_entry *rows;
    size_t count;
    struct dr_err err = {0};
    struct dr_journal_filter open = {.open_intents = true};
    cr_assert_eq(dr_journal_read(j, a, &open, &rows, &count, &err), 0, "%s", err.text);
    return count;
}

Test(act, an_intent_that_a_crash_left_open_is_resolved_by_the_next_process)
{
    struct pair p;
    struct boss one, two;
    struct dr_err err = {0};
    char dir[] = "/tmp/drover-act-XXXXXX";
    pair_open(&p);
    struct dr_journal *j = journal_in(dir);
    boss_options(&one, &p, "one");
    one.o.journal = j;
    boss_start(&one);
    boss_until_step(&one, "generation", 50);
    cr_expect_eq(open_intents(j, p.arena), 0);
    struct dr_journal_entry e = {.topology = "shop",
                                 .action = "140/east",
                                 .verb = "ledger.write",
                                 .target = "east",
                                 .why = "a crash comes before its outcome"};
    int64_t id;
    cr_assert_eq(dr_journal_intent(j, &e, &id, &err), 0, "%s", err.text);
    boss_end(&one);
    cr_expect_eq(open_intents(j, p.arena), 1);
    boss_options(&two, &p, "two");
    two.o.journal = j;
    boss_start(&two);
    boss_until(&two, DR_ROUND_CONVERGED, 200);
    cr_expect_eq(open_intents(j, p.arena), 0);
    boss_end(&two);
    journal_gone(&p, j, dir);
    pair_close(&p);
}

static const char *gc_of(struct pair *p)
{
    return pair_cell(p, "127.0.1.4:4000", "SELECT @@global.tidb_gc_enable");
}

Test(act, nothing_is_done_whose_intent_is_not_on_disk)
{
    struct pair p;
    struct boss b;
    struct dr_err err = {0};
    char dir[] = "/tmp/drover-act-XXXXXX";
    pair_open(&p);
    struct dr_journal *j = journal_in(dir);
    boss_options(&b, &p, "one");
    b.o.journal = j;
    boss_start(&b);
    boss_until_step(&b, "hold-gc", 100);
    sync_error = EIO;
    for (int i = 0; i < 5; i++) {
        cr_expect_eq(dr_actor_round(b.actor, &b.r, &err), -DR_E_IO, "%s", b.r.text);
        cr_expect(strstr(err.text, "cannot write the journal"), "%s", err.text);
        cr_expect_str_eq(gc_of(&p), "1", "GC was switched off all the same");
        boss_pass(&b, 1000);
    }
    sync_error = 0;
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    cr_expect_eq(open_intents(j, p.arena), 0);
    boss_end(&b);
    journal_gone(&p, j, dir);
    pair_close(&p);
}

/* ---- rest ---- */

static size_t bytes_held(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void begin(struct boss *b, struct pair *p, const char *holder)
{
    enum { WARM_UP = 500 };
    boss_open(b, p, holder);
    boss_until(b, DR_ROUND_CONVERGED, 200);
    boss_rounds(b, WARM_UP);
}

/* A converged pair over many rounds: nothing but lease and heartbeat is written, and the
 * process is no bigger than one that just started. ROUNDS=100000 takes a minute. */
Test(act, converged_rounds_write_lease_and_beat_and_keep_nothing)
{
    struct pair p;
    struct boss b;
    uint64_t rounds = 2000;
    const char *given = getenv("ROUNDS");
    if (given)
        cr_assert(dr_parse_u64(given, strlen(given), &rounds));
    pair_open(&p);
    begin(&b, &p, "one");
    uint64_t changes = dr_record_changes(&b.record);
    uint64_t mutations = dr_record_mutations(&b.record);
    uint64_t hot = b.record.calls[DR_CALL_SQL_HOT] + b.record.calls[DR_CALL_SQL_LEDGER];
    size_t said = strlen(b.said);
    for (uint64_t i = 0; i < rounds; i++) {
        boss_round(&b);
        cr_assert_eq(b.r.state, DR_ROUND_CONVERGED, "%s", b.r.text);
        cr_assert_eq(b.r.plan->is_protected, DR_TRUE);
    }
    cr_expect_eq(dr_record_changes(&b.record), changes);
    cr_expect_eq(dr_record_mutations(&b.record) - mutations, 2 * rounds);
    hot = b.record.calls[DR_CALL_SQL_HOT] + b.record.calls[DR_CALL_SQL_LEDGER] - hot;
    cr_expect_leq(hot, 6 * rounds);
    cr_expect_eq(strlen(b.said), said, "%s", b.said + said);
    size_t old = bytes_held();
    dr_actor_leave(b.actor);
    boss_end(&b);
    begin(&b, &p, "two");
    size_t fresh = bytes_held();
    cr_expect_lt(old, fresh + (128 << 10), "%zu bytes, a new one %zu", old, fresh);
    pair_over(&p, &b);
}

/* Behind the comparison nothing sees what was written: a person says that it is nothing.
 */
Test(act, a_fence_lifted_before_the_feed_is_not_closed_in_silence)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until_step(&b, "feed", 400);
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = OFF");
    pair_pass(&p, 2000);
    boss_rounds(&b, 5);
    cr_expect_eq(b.r.state, DR_ROUND_UNAPPROVED, "%s", b.r.text);
    cr_expect_eq(b.r.facts->clusters[EAST].feeds.count, 0);
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = ON");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    pair_over(&p, &b);
}

/* Who starts while something blocks a pair that is made keeps its lease and heartbeat. */
Test(act, a_blocked_pair_that_is_made_is_kept)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    pair_pass(&p, 3600000);
    for (int stays = 0; stays < 2; stays++) {
        p.topology.bootstrap.give_up = 7; /* refused */
        boss_options(&b, &p, stays ? "two" : "once");
        b.o.overtakes = stays;
        boss_start(&b);
        boss_rounds(&b, 5);
        cr_expect_eq(b.r.state, DR_ROUND_BLOCKED, "%s", b.r.text);
        cr_expect_eq(dr_actor_epoch(b.actor) != 0, stays, "%s", b.said);
        cr_expect_eq(dr_record_changes(&b.record) != 0, stays);
        boss_end(&b);
    }
    pair_close(&p);
}

/* What blocks all else does not keep a secondary open, where the policy has it closed;
 * what an undeclared instance shows is no result that is waited for. */
Test(act, a_fence_that_was_lifted_is_closed_though_something_blocks)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    p.topology.policy.drift[DR_DRIFT_FENCE] = DR_DRIFT_CORRECT;
    struct dr_cluster clusters[] = {p.topology.clusters[EAST], p.topology.clusters[WEST]};
    p.topology.clusters = clusters;
    clusters[WEST].sql.endpoint_count = 1; /* DR-B015 */
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_BLOCKED, 5);
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = OFF");
    pair_pass(&p, 2000);
    int64_t lifted_ms = dr_model_now_ms(p.model);
    for (int i = 0; i < 3 && !b.record.calls[DR_CALL_SET_GLOBAL]; i++)
        boss_round(&b);
    cr_expect_eq(b.record.calls[DR_CALL_SET_GLOBAL], 1, "%s", b.said);
    cr_expect_lt(dr_model_now_ms(p.model) - lifted_ms, 15000);
    boss_until(&b, DR_ROUND_BLOCKED, 5);
    cr_expect(strstr(b.said, "fence: \n"), "%s", b.said);
    cr_expect_str_eq(
        pair_cell(&p, "127.1.1.5:4000", "SELECT @@GLOBAL.tidb_super_read_only"), "1");
    pair_over(&p, &b);
}

/* A restore that was cut off may have left out the heartbeat's table: the feed would
 * stand still at its first beat. */
Test(act, a_copy_without_the_heartbeat_is_not_whole)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until_step(&b, "compare", 100);
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = OFF");
    boss_pass(&b, 1000);
    pair_sql(&p, "west", "DROP DATABASE drover");
    for (int i = 0; i < 60 && b.r.state != DR_ROUND_BLOCKED &&
                    b.r.state != DR_ROUND_UNAPPROVED && b.r.plan->is_protected != DR_TRUE;
         i++)
        boss_round(&b);
    cr_expect_eq(b.r.state, DR_ROUND_UNAPPROVED, "%s", b.r.text);
    cr_expect(strstr(b.said, "compare: drover.heartbeat: there in east, missing in west"),
              "%s", b.said);
    cr_expect_eq(b.r.facts->clusters[EAST].feeds.count, 0);
    pair_over(&p, &b);
}

/* ---- beside other topologies ---- */

struct gated {
    struct boss boss; /* first: what the actor hands on */
    bool shut;
    int refused, inside, passed;
};

static bool enter(void *arg)
{
    struct gated *g = arg;
    g->refused += g->shut;
    g->inside += !g->shut;
    g->passed += !g->shut;
    return !g->shut;
}

static void leave(void *arg)
{
    struct gated *g = arg;
    g->inside--;
}

static void gated_start(struct gated *g, struct pair *p)
{
    boss_options(&g->boss, p, "one");
    g->boss.o.enter = enter;
    g->boss.o.leave = leave;
    boss_start(&g->boss);
}

Test(act, what_somebody_notices_waits_for_other_topologies)
{
    struct pair p;
    struct gated g = {.shut = true};
    pair_open(&p);
    gated_start(&g, &p);
    for (int i = 0; i < 10; i++)
        boss_round(&g.boss);
    cr_expect_gt(g.refused, 0);
    cr_expect_eq(g.boss.r.state, DR_ROUND_WAITING);
    cr_expect(strstr(g.boss.r.text, "policy.maxDisruptive"), "%s", g.boss.r.text);
    cr_expect_null(strstr(g.boss.said, "term"), "%s", g.boss.said);
    g.shut = false;
    boss_until(&g.boss, DR_ROUND_CONVERGED, 300);
    cr_expect_eq(g.inside, 0);
    cr_expect_gt(g.passed, 2, "term, restore, fence");
    /* and what puts a made pair right does not */
    g.shut = true;
    g.refused = 0;
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = OFF");
    p.topology.policy.drift[DR_DRIFT_FENCE] = DR_DRIFT_CORRECT;
    boss_end(&g.boss);
    g = (struct gated){.shut = true};
    gated_start(&g, &p);
    g.boss.o.take = true;
    pair_pass(&p, 60000);
    for (int i = 0; i < 10; i++)
        boss_round(&g.boss);
    cr_expect_str_eq(
        pair_cell(&p, "127.1.1.4:4000", "SELECT @@global.tidb_super_read_only"), "1");
    cr_expect_eq(g.refused, 0);
    boss_end(&g.boss);
    pair_close(&p);
}
