/* Pairs that ran before drover came: looked at, equal already, with a feed of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "controller/act/actor.h"
#include "controller/base/tso.h"
#include "controller/estate/guard.h"
#include "tests/unit/act_kit.h"

static const char *row_of(struct pair *p, const char *at, const char *key)
{
    return pair_cell(p, at,
                     dr_sprintf(p->arena,
                                "SELECT value FROM mysql.drover_ledger WHERE k = '%s'",
                                key));
}

static bool is_protected(const struct boss *b)
{
    return b->r.plan->is_protected == DR_TRUE;
}

static const char *unprotected(const struct boss *b)
{
    for (size_t i = 0; i < b->r.plan->protection_count; i++)
        if (b->r.plan->protections[i].holds != DR_TRUE)
            return b->r.plan->protections[i].text;
    return "";
}

Test(adopt, data_that_is_equal_already_gets_a_feed_from_its_start)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {0};
    pair_open_equal(&p, &edge);
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_UNAPPROVED, 200);
    cr_expect(strstr(b.r.text, "needs an approval"), "%s", b.r.text);
    boss_end(&b);
    boss_open_approved(&b, &p, "two");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    boss_rounds(&b, 5);
    cr_expect(is_protected(&b), "%s", unprotected(&b));
    const struct dr_edge_row *e = &b.r.facts->clusters[EAST].ledger.rows.edges[0];
    cr_expect_eq(e->start_ts, p.topology.bootstrap.start_ts);
    cr_expect_eq(e->generation, 1);
    cr_expect_str_eq(row_of(&p, "127.0.1.4:4000", "backup"), "");
    cr_expect_str_eq(row_of(&p, "127.0.1.4:4000", "gc"), "");
    cr_expect_str_eq(
        pair_cell(&p, "127.1.1.4:4000", "SELECT COUNT(*) FROM shop.customers"), "4");
    pair_over(&p, &b);
}

Test(adopt, data_that_differs_gets_no_feed)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {0};
    pair_open_equal(&p, &edge);
    pair_sql(&p, "west", "DELETE FROM shop.orders WHERE id = 2");
    boss_open_approved(&b, &p, "one");
    boss_until(&b, DR_ROUND_BLOCKED, 200);
    cr_expect_str_eq(b.r.plan->blockers[0].code, "DR-B078");
    cr_expect(strstr(b.r.text, "shop.orders"), "%s", b.r.text);
    cr_expect_eq(b.r.facts->clusters[EAST].feeds.count, 0);
    boss_end(&b);
    /* what stopped it stops the next process as well, at its first look; mended behind a
     * lifted fence, it does not */
    boss_open_approved(&b, &p, "two");
    boss_until(&b, DR_ROUND_BLOCKED, 3);
    cr_expect_str_eq(b.r.plan->blockers[0].code, "DR-B078");
    cr_expect_not(b.r.facts->equality.seen.known, "it was not compared again");
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = OFF");
    pair_pass(&p, 5000);
    boss_until_step(&b, "compare-existing", 100);
    boss_until(&b, DR_ROUND_BLOCKED, 200);
    cr_expect(b.r.facts->equality.seen.known, "it was compared again");
    boss_end(&b);
    /* .. and ten minutes later it is looked at again */
    boss_open_approved(&b, &p, "three");
    pair_pass(&p, 600000);
    boss_until_step(&b, "compare-existing", 100);
    pair_over(&p, &b);
}

/* Whoever lifts the fence after the comparison may write: both sides are compared anew.
 */
Test(adopt, what_was_compared_counts_while_the_fence_stands)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {0};
    pair_open_equal(&p, &edge);
    boss_open_approved(&b, &p, "one");
    boss_until_step(&b, "sink-row", 200);
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = OFF");
    pair_sql(&p, "west", "DELETE FROM shop.orders WHERE id = 2");
    boss_until(&b, DR_ROUND_BLOCKED, 200);
    cr_expect_str_eq(b.r.plan->blockers[0].code, "DR-B078");
    cr_expect_eq(b.r.facts->clusters[EAST].feeds.count, 0);
    pair_over(&p, &b);
}

/* A secondary for some schemas: what the feed leaves out may be missing there. */
Test(adopt, only_what_the_feed_carries_must_be_equal)
{
    static const struct dr_config_entry filter = {
        .path = "filter.rules", .api_path = "filter.rules", .json = "[\"shop.*\"]"};
    for (int declared = 0; declared < 2; declared++) {
        struct pair p;
        struct boss b;
        struct dr_edge_spec edge = {0};
        pair_open(&p);
        pair_declare(&p, &edge);
        if (declared)
            edge.config = (struct dr_changefeed_config){
                &filter, 1, "{\"filter\": {\"rules\": [\"shop.*\"]}}"};
        pair_sql(&p, "east", "CREATE DATABASE scratch");
        pair_sql(&p, "east", "CREATE TABLE scratch.t (id INT PRIMARY KEY)");
        p.topology.bootstrap.start_ts = pair_copy_by_hand(&p);
        boss_open_approved(&b, &p, "one");
        boss_until(&b, declared ? DR_ROUND_CONVERGED : DR_ROUND_BLOCKED, 200);
        if (!declared)
            cr_expect(strstr(b.r.text, "scratch.t"), "%s", b.r.text);
        pair_over(&p, &b);
    }
}

static void adopt(struct pair *p, struct boss *b)
{
    boss_open_approved(b, p, "one");
    boss_until(b, DR_ROUND_CONVERGED, 200);
    boss_rounds(b, 5);
    cr_expect(is_protected(b), "%s", unprotected(b));
}

static const char *protection(const struct boss *b, const char *name)
{
    for (size_t i = 0; i < b->r.plan->protection_count; i++)
        if (strcmp(b->r.plan->protections[i].name, name) == 0)
            return b->r.plan->protections[i].text;
    return "";
}

Test(adopt, a_running_feed_becomes_drovers_as_it_is)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {.id = "by-hand"};
    pair_open_fed(&p, &edge, "");
    adopt(&p, &b);
    const struct dr_ledger *l = &b.r.facts->clusters[WEST].ledger.rows;
    cr_assert_eq(l->edge_count, 1);
    cr_expect_eq(l->edges[0].generation, 0);
    cr_expect_str_eq(l->edges[0].id, "by-hand");
    cr_expect_eq(l->edges[0].state, DR_EDGE_MADE);
    cr_expect_neq(l->edges[0].checkpoint, 0);
    cr_expect_eq(l->fenced.why, DR_FENCED_SECONDARY);
    cr_expect_eq(l->sink.generation, 0);
    cr_expect_str_eq(row_of(&p, "127.0.1.4:4000", "gc"), "");
    cr_expect_str_eq(
        pair_cell(&p, "127.1.1.4:4000", "SELECT origin FROM drover.heartbeat"), "east",
        "the heartbeat travels through the adopted feed");
    cr_expect_str_eq(protection(&b, "heartbeat"), "");
    pair_over(&p, &b);
}

Test(adopt, a_filter_may_leave_the_heartbeat_out)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {.id = "by-hand"};
    pair_open(&p);
    pair_declare(&p, &edge);
    p.topology.replication.config.json = "{\"filter\": {\"rules\": [\"shop.*\"]}}";
    pair_make_feed(&p, "by-hand", pair_copy_by_hand(&p),
                   "{\"filter\": {\"rules\": [\"shop.*\"]}}");
    adopt(&p, &b);
    cr_expect(strstr(protection(&b, "heartbeat"), "age unknown"));
    pair_over(&p, &b);
}

Test(adopt, what_the_document_does_not_say_is_asked)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {.id = "by-hand"};
    pair_open_fed(&p, &edge, "{\"mounter\": {\"worker_num\": 3}}");
    boss_open_approved(&b, &p, "one");
    boss_until(&b, DR_ROUND_BLOCKED, 20);
    cr_expect_str_eq(b.r.plan->blockers[0].code, "DR-B075");
    cr_expect(strstr(b.r.text, "mounter.worker-num is 3"), "%s", b.r.text);
    cr_expect_eq(dr_record_mutations(&b.record), 0);
    pair_over(&p, &b);
}

/* A feed to a queue writes into no cluster; one into any SQL server may. */
Test(adopt, beside_a_feed_that_leads_elsewhere)
{
    static const struct {
        const char *sink;
        enum dr_round_state state;
    } rows[] = {
        {"blackhole://", DR_ROUND_CONVERGED},
        {"mysql://cdc:any-long-random-text-will-do@127.1.1.5:4000/", DR_ROUND_BLOCKED}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pair p;
        struct boss b;
        struct dr_edge_spec edge = {.id = "by-hand"};
        pair_open(&p);
        pair_declare(&p, &edge);
        uint64_t t = pair_copy_by_hand(&p);
        pair_make_feed(&p, "by-hand", t, "");
        pair_make_feed_to(&p, "another", t, rows[i].sink, "");
        boss_open_approved(&b, &p, "one");
        boss_round(&b);
        cr_expect_eq(b.r.state == DR_ROUND_BLOCKED, rows[i].state == DR_ROUND_BLOCKED,
                     "at the first look: %s", b.r.text);
        boss_until(&b, rows[i].state, 200);
        if (rows[i].state == DR_ROUND_BLOCKED)
            cr_expect_str_eq(b.r.plan->blockers[0].code, "DR-B045");
        pair_over(&p, &b);
    }
}

static void count_logins(void *arg, const struct dr_call *call, uint64_t ticket)
{
    (void)ticket;
    *(size_t *)arg += call->kind == DR_CALL_SQL_LOGIN;
}

Test(adopt, a_wrong_password_is_tried_once)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {.id = "by-hand"};
    size_t logins = 0;
    pair_open_fed(&p, &edge, "");
    setenv("DROVER_SINK_SECRET", "another", 1);
    boss_open_approved(&b, &p, "one");
    b.record.on_call = count_logins;
    b.record.arg = &logins;
    boss_rounds(&b, 50);
    cr_expect_eq(b.r.state, DR_ROUND_BLOCKED);
    cr_expect_str_eq(b.r.plan->blockers[0].code, "DR-B076");
    cr_expect_eq(logins, 1, "%zu times: the account could be locked by it", logins);
    cr_expect_eq(dr_record_mutations(&b.record), 0);
    pair_over(&p, &b);
}

Test(adopt, observing_changes_nothing_in_a_thousand_rounds)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {.id = "by-hand"};
    pair_open(&p);
    pair_declare(&p, &edge);
    p.topology.management = DR_OBSERVE;
    pair_make_feed(&p, "by-hand", pair_copy_by_hand(&p), "");
    pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = ON");
    boss_open_approved(&b, &p, "one");
    boss_rounds(&b, 1000);
    cr_expect_eq(dr_record_mutations(&b.record), 0);
    cr_expect_eq(dr_guard_refused(b.actor->guard), 0, "nothing was even tried");
    cr_expect_eq(b.r.state, DR_ROUND_CONVERGED);
    cr_expect_gt(b.r.plan->action_count, 5, "what managing would take is shown");
    cr_expect(is_protected(&b), "%s", unprotected(&b));
    cr_expect(strstr(protection(&b, "ledger"), "observing only"));
    dr_actor_leave(b.actor);
    cr_expect_eq(dr_guard_refused(b.actor->guard), 0);
    pair_over(&p, &b);
}
