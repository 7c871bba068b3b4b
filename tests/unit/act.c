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
    boss_end(&two);
    pair_close(&p);
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
    boss_end(&b);
    pair_close(&p);
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
    boss_end(&b);
    pair_close(&p);
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
    boss_end(&b);
    pair_close(&p);
}

/* ---- takeover ---- */

Test(act, a_silent_instance_that_is_listed_holds_a_takeover_back)
{
    struct pair p;
    struct boss one, two;
    pair_open(&p);
    boss_open(&one, &p, "one");
    boss_until_step(&one, "backup", 100);
    pair_ctl(&p, "{\"fault\": \"hang\", \"at\": \"127.0.1.5:4000\"}");
    boss_options(&two, &p, "two");
    two.o.take = true;
    boss_start(&two);
    for (int i = 0; i < 4; i++) {
        boss_round(&two);
        cr_expect_neq(two.r.state, DR_ROUND_STANDBY, "%s", two.r.text);
    }
    cr_expect_eq(dr_actor_epoch(two.actor), 0, "took over past a silent instance");
    pair_ctl(&p, "{\"fault\": \"unhang\", \"at\": \"127.0.1.5:4000\"}");
    /* what was asked for stands until it is done */
    for (int i = 0; i < 10 && !dr_actor_epoch(two.actor); i++)
        boss_round(&two);
    cr_expect_neq(dr_actor_epoch(two.actor), 0, "%s", two.r.text);
    boss_round(&one);
    cr_expect_eq(dr_actor_epoch(one.actor), 0);
    boss_until(&two, DR_ROUND_CONVERGED, 100);
    boss_end(&one);
    boss_end(&two);
    pair_close(&p);
}

Test(act, an_instance_that_died_holds_no_takeover_back)
{
    struct pair p;
    struct boss two;
    pair_open(&p);
    pair_bootstrap(&p);
    pair_ctl(&p, "{\"fault\": \"kill\", \"at\": \"127.0.1.5:4000\"}");
    boss_open(&two, &p, "two");
    for (int i = 0; i < 120 && !dr_actor_epoch(two.actor); i++)
        boss_round(&two);
    cr_expect_neq(dr_actor_epoch(two.actor), 0, "%s", two.r.text);
    boss_end(&two);
    pair_close(&p);
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
    boss_end(&b);
    pair_close(&p);
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
    boss_end(&b);
    pair_close(&p);
}

/* ---- unknown outcomes ---- */

static bool any_password(const char *password, void *arg)
{
    (void)password;
    (void)arg;
    return true;
}

static struct dr_model_session *older_session(struct pair *p, const char *where)
{
    struct dr_address at;
    struct dr_sql_answer out = {0};
    cr_assert(dr_address_parse(&at, where, 4000));
    struct dr_model_session *s = dr_model_sql_open(p->model, &at, "127.9.9.9", false);
    cr_assert_eq(
        dr_model_sql_login(s, "drover", NULL, any_password, NULL, &out, p->arena), 0);
    return s;
}

/* A controller that got as far as GC, and a session of its that keeps the epoch row
 * locked. */
static struct dr_model_session *stands_still(struct pair *p, bool with_lease)
{
    static const char *const texts[] = {
        "BEGIN", "SELECT epoch FROM mysql.drover_ledger WHERE k = 'epoch' FOR UPDATE"};
    struct boss one;
    struct dr_sql_answer out = {0};
    boss_open(&one, p, "one");
    boss_until_step(&one, "hold-gc", 100);
    if (!with_lease)
        dr_actor_leave(one.actor);
    boss_end(&one);
    struct dr_model_session *s = older_session(p, "127.0.1.4:4000");
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(dr_model_sql_query(s, texts[i], strlen(texts[i]), &out, p->arena),
                     DR_MODEL_DONE);
    return s;
}

/* A controller that stands still in a transaction keeps the epoch row locked; the KILL
 * that ends it cannot wait for the lock. */
Test(act, a_takeover_is_not_locked_out)
{
    struct pair p;
    struct boss two;
    pair_open(&p);
    struct dr_model_session *s = stands_still(&p, true);
    boss_options(&two, &p, "two");
    two.o.take = true;
    boss_start(&two);
    for (int i = 0; i < 6 && !dr_actor_epoch(two.actor); i++)
        boss_round(&two);
    cr_assert_gt(dr_actor_epoch(two.actor), 1);
    cr_expect_not(dr_model_sql_alive(s));
    dr_model_sql_close(s);
    boss_end(&two);
    pair_close(&p);
}

/* Text inside of a JSON text. */
static const char *escaped(struct dr_arena *a, const char *text)
{
    const char *out = "";
    for (; *text; text++)
        out = dr_sprintf(a, "%s%s%c", out, *text == '"' ? "\\" : "", *text);
    return out;
}

/* Somebody else takes the lease while this one waits for the lock. */
static int64_t lease_meanwhile(void *arg)
{
    const struct boss *b = arg;
    struct pair *p = b->pair;
    int64_t now_ms = dr_model_wall_ms(p->model);
    const struct dr_last_seen nothing = {0};
    if (b->record.calls[DR_CALL_LEDGER_EPOCH])
        pair_sql(
            p, "east",
            dr_sprintf(p->arena,
                       "UPDATE mysql.drover_ledger SET holder = 'third', value = "
                       "'%s' WHERE k = 'lease'",
                       escaped(p->arena, dr_lease_value(dr_tso_make(now_ms + 600000, 0),
                                                        &nothing, p->arena))));
    return now_ms;
}

/* Only what no living lease covers is ended without the epoch. */
Test(act, a_challenger_ends_no_session_of_who_holds_the_lease)
{
    struct pair p;
    struct boss two;
    pair_open(&p);
    struct dr_model_session *s = stands_still(&p, false);
    boss_options(&two, &p, "two");
    two.o.wall_ms = lease_meanwhile;
    boss_start(&two);
    for (int i = 0; i < 3; i++)
        boss_round(&two);
    cr_expect_gt(two.record.calls[DR_CALL_LEDGER_EPOCH], 0);
    cr_expect_eq(two.r.state, DR_ROUND_STANDBY, "%s", two.r.text);
    cr_expect(dr_model_sql_alive(s));
    dr_model_sql_close(s);
    boss_end(&two);
    pair_close(&p);
}

/* A statement whose answer was lost may land as long as its session lives: the session is
 * killed and seen gone, and what cannot be seen is not called gone. Spared is only one
 * that is seen at the work it may go on with. */
Test(act, the_session_of_an_unknown_outcome_is_ended)
{
    struct pair p;
    struct boss b;
    struct dr_sql_answer out = {0};
    const char *where = "127.0.1.4:4000";
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until_step(&b, "hold-gc", 100);
    struct dr_model_session *s = older_session(&p, where);
    uint64_t id = dr_model_sql_connection_id(s);
    pair_ctl(&p, "{\"fault\": \"hang\", \"at\": \"127.0.1.4:4000\"}");
    cr_expect_not(dr_authority_end_session(b.actor, EAST, where, id, NULL));
    pair_ctl(&p, "{\"fault\": \"unhang\", \"at\": \"127.0.1.4:4000\"}");
    cr_expect(dr_model_sql_alive(s));
    static const char slow[] = "SELECT SLEEP(60)";
    cr_assert_eq(dr_model_sql_query(s, slow, strlen(slow), &out, p.arena),
                 DR_MODEL_RUNNING);
    cr_expect(dr_authority_end_session(b.actor, EAST, where, id, "SELECT"));
    cr_expect(dr_model_sql_alive(s));
    cr_expect(dr_authority_end_session(b.actor, EAST, where, id, "BACKUP"));
    cr_expect_not(dr_model_sql_alive(s));
    cr_expect_not(dr_authority_end_session(b.actor, EAST, NULL, 0, NULL), "which?");
    dr_model_sql_close(s);
    boss_end(&b);
    pair_close(&p);
}

/* ---- the record ---- */

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
    struct dr_journal *j;
    struct dr_err err = {0};
    char dir[] = "/tmp/drover-act-XXXXXX";
    pair_open(&p);
    cr_assert(mkdtemp(dir));
    cr_assert_eq(dr_journal_open(&j, dir, 0, &err), 0, "%s", err.text);
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
    dr_journal_close(j);
    static const char *const files[] = {"journal.db", "journal.db-wal", "journal.db-shm",
                                        "journal.head"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        (void)remove(dr_sprintf(p.arena, "%s/%s", dir, files[i]));
    (void)rmdir(dir);
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
    struct dr_journal *j;
    struct dr_err err = {0};
    char dir[] = "/tmp/drover-act-XXXXXX";
    pair_open(&p);
    cr_assert(mkdtemp(dir));
    cr_assert_eq(dr_journal_open(&j, dir, 0, &err), 0, "%s", err.text);
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
    dr_journal_close(j);
    static const char *const files[] = {"journal.db", "journal.db-wal", "journal.db-shm",
                                        "journal.head"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        (void)remove(dr_sprintf(p.arena, "%s/%s", dir, files[i]));
    (void)rmdir(dir);
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
    for (int i = 0; i < WARM_UP; i++)
        boss_round(b);
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
    boss_end(&b);
    pair_close(&p);
}

/* ---- older than the world ---- */

/* A later revision is agreed on by both ledgers; from then on the earlier one, from a
 * stale checkout, changes nothing and takes nothing, though nobody holds the lease. */
Test(act, a_stale_checkout_changes_nothing)
{
    struct pair p;
    struct boss newer, older;
    pair_open(&p);
    pair_bootstrap(&p);
    boss_options(&newer, &p, "newer");
    newer.o.revision = "r2";
    p.topology.doc.meaning[0] = 'x';
    newer.o.history.descends = boss_descends;
    boss_start(&newer);
    boss_until(&newer, DR_ROUND_CONVERGED, 20);
    cr_expect_str_eq(pair_agreed(&p, "127.0.1.4:4000"), "\"r2\"");
    cr_expect_str_eq(pair_agreed(&p, "127.1.1.4:4000"), "\"r2\"");
    dr_actor_leave(newer.actor);
    boss_end(&newer);
    p.topology.doc.meaning[0] = 'y';
    p.topology.policy.drift[DR_DRIFT_VARIABLES] = DR_DRIFT_CORRECT;
    pair_sql(&p, "west", "SET GLOBAL tidb_ttl_job_enable = ON");
    boss_options(&older, &p, "older");
    older.o.history.descends = boss_descends;
    boss_start(&older);
    for (int i = 0; i < 10; i++) {
        boss_round(&older);
        cr_assert_eq(older.r.state, DR_ROUND_BLOCKED, "%s", older.r.text);
    }
    cr_expect(strstr(older.r.text, "DR-B026"), "%s", older.r.text);
    cr_expect_eq(dr_record_mutations(&older.record), 0);
    boss_end(&older);
    pair_close(&p);
}

/* ---- a lost ledger ---- */

/* One word gives one lost ledger back, on whichever side; the next loss stops drover. */
Test(act, one_word_resets_one_lost_ledger)
{
    static const struct {
        const char *cluster, *loss, *at;
    } cases[] = {
        {"west", "DELETE FROM mysql.drover_ledger", "127.1.1.4:4000"},
        {"east", "DROP TABLE mysql.drover_ledger", "127.0.1.4:4000"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair p;
        struct boss b;
        pair_open(&p);
        pair_bootstrap(&p);
        pair_sql(&p, cases[i].cluster, cases[i].loss);
        p.topology.ledger_reset = (struct dr_ledger_reset){.declared = true,
                                                           .id = "LOST-1",
                                                           .cluster = cases[i].cluster,
                                                           .term = 1,
                                                           .reason = "by hand"};
        boss_open(&b, &p, "two");
        boss_until(&b, DR_ROUND_CONVERGED, 40);
        for (int k = 0; k < 20 && b.r.plan->is_protected != DR_TRUE; k++)
            boss_round(&b);
        cr_expect_eq(b.r.plan->is_protected, DR_TRUE, "%s: %s", cases[i].cluster, b.said);
        cr_expect_str_eq(pair_cell(&p, cases[i].at,
                                   "SELECT COUNT(*) FROM mysql.drover_ledger WHERE k IN "
                                   "('birth', 'term', 'edge/east/west', "
                                   "'consumed/LOST-1')"),
                         "4");
        pair_sql(&p, cases[i].cluster, cases[i].loss);
        boss_until(&b, DR_ROUND_BLOCKED, 20);
        cr_expect(strstr(b.r.text, "was used already"), "%s", b.r.text);
        boss_end(&b);
        pair_close(&p);
    }
}

/* A cluster that is lost while its edge is in the making: the fence is drover's, and is
 * not asked to be lifted: what was compared would change behind drover's back. */
Test(act, a_reset_before_the_feed_claims_the_fence_that_drover_set)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until_step(&b, "feed", 400);
    boss_end(&b);
    pair_sql(&p, "west", "DELETE FROM mysql.drover_ledger");
    p.topology.ledger_reset = (struct dr_ledger_reset){.declared = true,
                                                       .id = "LOST-1",
                                                       .cluster = "west",
                                                       .term = 1,
                                                       .reason = "by hand"};
    boss_open(&b, &p, "two");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    boss_end(&b);
    pair_close(&p);
}

/* The rows of a hold are in no peer: what GC was before it a person says, and it is not
 * "off" for ever. */
Test(act, a_reset_while_gc_is_held_asks_what_it_was)
{
    static const char *const at[] = {"127.0.1.4:4000", "127.0.1.5:4000"};
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until_step(&b, "backup", 400);
    boss_end(&b);
    cr_expect_str_eq(pair_cell(&p, at[0], "SELECT @@GLOBAL.tidb_gc_enable"), "0");
    pair_sql(&p, "east", "DROP TABLE mysql.drover_ledger");
    p.topology.ledger_reset = (struct dr_ledger_reset){.declared = true,
                                                       .id = "LOST-1",
                                                       .cluster = "east",
                                                       .term = 1,
                                                       .reason = "by hand"};
    boss_open(&b, &p, "two");
    for (int i = 0; i < 40 && b.r.state != DR_ROUND_BLOCKED; i++)
        boss_round(&b);
    cr_expect(strstr(b.r.text, "DR-B055"), "%s", b.r.text);
    cr_expect_str_eq(pair_cell(&p, at[0], "SELECT @@GLOBAL.tidb_gc_enable"), "0");
    pair_sql(&p, "east", "SET GLOBAL tidb_gc_enable = ON");
    pair_pass(&p, 60000);
    boss_until(&b, DR_ROUND_CONVERGED, 400);
    boss_end(&b);
    for (size_t i = 0; i < 2; i++)
        cr_expect_str_eq(pair_cell(&p, at[i], "SELECT @@GLOBAL.tidb_gc_enable"), "1");
    pair_close(&p);
}

static const char *count_of(struct pair *p, const char *where)
{
    return pair_cell(
        p, "127.0.1.4:4000",
        dr_sprintf(p->arena, "SELECT COUNT(*) FROM mysql.drover_ledger WHERE %s", where));
}

static void expect_gc_as_before(struct pair *p, const char *when)
{
    static const char *const at[] = {"127.0.1.4:4000", "127.0.1.5:4000"};
    for (size_t i = 0; i < 2; i++)
        cr_expect_str_eq(pair_cell(p, at[i], "SELECT @@GLOBAL.tidb_gc_enable"), "1",
                         "GC stays off: %s", when);
    cr_expect_str_eq(count_of(p, "k LIKE 'hold/%' OR k IN ('gc', 'backup')"), "0", "%s",
                     when);
}

/* Before each step of a copy: the word gives GC back and leaves nothing that could write;
 * the next generation begins once the secondary is empty. */
Test(act, a_generation_that_is_given_up_leaves_nothing_behind)
{
    static const char *const steps[] = {"hold",    "hold-gc", "backup", "restore",
                                        "compare", "making",  "feed",   "made"};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct pair p;
        struct boss b;
        pair_open(&p);
        boss_options(&b, &p, "one");
        boss_start(&b);
        boss_until_step(&b, steps[i], 400);
        boss_end(&b);
        p.topology.bootstrap.give_up = 1;
        boss_options(&b, &p, "two");
        boss_start(&b);
        for (int k = 0; k < 300; k++) {
            boss_round(&b);
            if (b.r.state == DR_ROUND_BLOCKED || b.r.state == DR_ROUND_CONVERGED)
                break;
        }
        if (b.r.state == DR_ROUND_BLOCKED) {
            cr_expect(strstr(b.r.text, "DR-B041"), "%s: %s", steps[i], b.r.text);
            expect_gc_as_before(&p, steps[i]);
            cr_expect_eq(b.r.facts->clusters[EAST].feeds.count, 0, "%s", steps[i]);
            pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = OFF");
            pair_pass(&p, 5000);
            pair_sql(&p, "west", "DROP DATABASE shop");
            pair_sql(&p, "west", "DROP DATABASE IF EXISTS tidb_cdc");
            boss_pass(&b, 60000);
        }
        boss_until(&b, DR_ROUND_CONVERGED, 400);
        expect_gc_as_before(&p, steps[i]);
        cr_expect_str_eq(count_of(&p, "k = 'edge/east/west' AND value LIKE "
                                      "'%\"generation\":2,%\"made\"%'"),
                         "1", "%s", steps[i]);
        boss_end(&b);
        pair_close(&p);
    }
}

/* The hold is the primary's alone: a secondary that is gone for good keeps nobody from
 * giving GC back. */
Test(act, gc_of_a_generation_given_up_is_given_back_though_the_other_side_is_dead)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_options(&b, &p, "one");
    boss_start(&b);
    boss_until_step(&b, "restore", 400);
    boss_end(&b);
    static const char *const west[] = {"127.1.1.4:4000", "127.1.1.5:4000",
                                       "127.1.1.1:2379", "127.1.1.2:2379",
                                       "127.1.1.3:2379"};
    for (size_t i = 0; i < sizeof(west) / sizeof(west[0]); i++)
        pair_ctl(&p,
                 dr_sprintf(p.arena, "{\"fault\": \"kill\", \"at\": \"%s\"}", west[i]));
    p.topology.bootstrap.give_up = 1;
    boss_options(&b, &p, "two");
    boss_start(&b);
    for (int k = 0; k < 60 && strcmp(count_of(&p, "k LIKE 'hold/%'"), "0") != 0; k++)
        boss_round(&b);
    cr_expect_str_eq(pair_cell(&p, "127.0.1.4:4000", "SELECT @@GLOBAL.tidb_gc_enable"),
                     "1", "GC stays off: %s\n%s", b.r.text, b.said);
    cr_expect_str_eq(count_of(&p, "k LIKE 'hold/%'"), "0");
    boss_end(&b);
    pair_close(&p);
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
    for (int i = 0; i < 5; i++)
        boss_round(&b);
    cr_expect_eq(b.r.state, DR_ROUND_UNAPPROVED, "%s", b.r.text);
    cr_expect_eq(b.r.facts->clusters[EAST].feeds.count, 0);
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = ON");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    boss_end(&b);
    pair_close(&p);
}

/* What `drover agree` writes while a controller is about to agree on its own revision. */
struct meddler {
    struct boss b;
    const char *row; /* NULL: written */
};

static void agree_meanwhile(void *arg, const struct dr_event *e)
{
    struct meddler *m = arg;
    if (!m->row || e->kind != DR_EVENT_START || strcmp(e->action->name, "agreed") != 0)
        return;
    pair_sql(m->b.pair, "east",
             dr_sprintf(m->b.pair->arena,
                        "UPDATE mysql.drover_ledger SET value = '%s' WHERE k = 'term'",
                        m->row));
    m->row = NULL;
}

Test(act, a_word_on_the_revision_is_not_overwritten)
{
    struct pair p;
    struct meddler m = {.row = NULL};
    pair_open(&p);
    pair_bootstrap(&p);
    boss_options(&m.b, &p, "two");
    m.b.o.revision = "r2";
    m.b.o.history.descends = boss_descends;
    p.topology.doc.meaning[0] = 'x';
    m.b.o.say = agree_meanwhile;
    m.row = /* inside of a JSON text */
        "{\\\"n\\\":1,\\\"cluster\\\":\\\"east\\\",\\\"operation\\\":\\\"genesis\\\","
        "\\\"tso\\\":\\\"0\\\",\\\"agreed\\\":\\\"r3\\\",\\\"by\\\":\\\"a person\\\"}";
    boss_start(&m.b);
    for (int i = 0; i < 10; i++)
        boss_round(&m.b);
    cr_expect_null(m.row);
    cr_expect_str_eq(pair_agreed(&p, "127.0.1.4:4000"), "\"r3\"");
    boss_end(&m.b);
    pair_close(&p);
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
        for (int i = 0; i < 5; i++)
            boss_round(&b);
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
    boss_end(&b);
    pair_close(&p);
}

/* Whatever stops the plan afterwards: a word that gave the rows back is used. */
Test(act, a_word_that_reset_a_ledger_is_used_though_the_plan_is_blocked)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    p.topology.bootstrap.give_up = 7; /* refused, whatever else is to be done */
    pair_sql(&p, "west", "DELETE FROM mysql.drover_ledger");
    p.topology.ledger_reset = (struct dr_ledger_reset){.declared = true,
                                                       .id = "LOST-1",
                                                       .cluster = "west",
                                                       .term = 1,
                                                       .reason = "by hand"};
    boss_open(&b, &p, "two");
    for (int i = 0; i < 20; i++)
        boss_round(&b);
    cr_expect_eq(b.r.state, DR_ROUND_BLOCKED);
    cr_expect(strstr(b.r.text, "DR-B057"), "%s", b.r.text);
    static const char *const at[] = {"127.0.1.4:4000", "127.1.1.4:4000"};
    for (size_t c = 0; c < 2; c++)
        cr_expect_str_eq(pair_cell(&p, at[c],
                                   "SELECT COUNT(*) FROM mysql.drover_ledger WHERE "
                                   "k = 'consumed/LOST-1'"),
                         "1", "%s", at[c]);
    boss_end(&b);
    pair_close(&p);
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
    boss_end(&b);
    pair_close(&p);
}
