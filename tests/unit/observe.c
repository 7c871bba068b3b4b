/* Looking at the model: what a quiet round asks, who reads the ledger, what a list that
 * lacks a feed means. */
#include <string.h>

#include "controller/act/actor.h"
#include "controller/base/json.h"
#include "controller/base/tso.h"
#include "tests/unit/act_kit.h"

enum { TRIP_MS = 2, /* there and back */ QUIET_MS = 10000 };

#define FIRST  "127.0.1.4:4000"
#define SECOND "127.0.1.5:4000"

/* A protected pair, and one controller that has seen it for a while. */
static void watch(struct pair *p, struct boss *b)
{
    pair_open(p);
    pair_bootstrap(p);
    boss_open(b, p, "one");
    boss_until(b, DR_ROUND_CONVERGED, 100);
    boss_rounds(b, 10);
    cr_assert_eq(b->r.plan->is_protected, DR_TRUE);
}

static void unwatch(struct pair *p, struct boss *b)
{
    boss_end(b);
    pair_close(p);
}

struct count {
    uint64_t statements, requests, trips;
};

static struct count count_round(struct boss *b)
{
    struct dr_record before = b->record;
    struct dr_err err = {0};
    int64_t begin = b->estate->now_ms(b->estate);
    cr_assert_eq(dr_actor_round(b->actor, &b->r, &err), 0, "%s", err.text);
    return (struct count){
        b->record.exchanges[DR_EXCHANGE_SQL] - before.exchanges[DR_EXCHANGE_SQL],
        b->record.exchanges[DR_EXCHANGE_HTTP] - before.exchanges[DR_EXCHANGE_HTTP],
        (uint64_t)(b->estate->now_ms(b->estate) - begin) / TRIP_MS};
}

/* Two clusters of two instances: one statement an instance and one write a cluster, one
 * list a TiCDC, one read a PD, all at once. What is warm comes once a minute. */
Test(observe, a_quiet_round_asks_each_endpoint_once)
{
    struct pair p;
    struct boss b;
    struct count all = {0};
    int quiet = 0;
    watch(&p, &b);
    for (int i = 0; i < 12; i++) {
        struct count c = count_round(&b);
        cr_assert_eq(b.r.state, DR_ROUND_CONVERGED, "%s", b.r.text);
        boss_pass(&b, QUIET_MS);
        all.statements += c.statements;
        all.requests += c.requests;
        if (c.statements != 6)
            continue;
        quiet++;
        cr_expect_eq(c.requests, 4, "%lu requests", c.requests);
        cr_expect_eq(c.trips, 1, "%lu round trips", c.trips);
    }
    cr_expect_geq(quiet, 10, "%d of 12 rounds are quiet", quiet);
    cr_expect_leq(all.statements, 12 * 6 + 2 * 9);
    cr_expect_leq(all.requests, 12 * 4 + 2 * 30);
    unwatch(&p, &b);
}

static size_t count_notes(const struct boss *b, const char *text)
{
    size_t n = 0;
    for (size_t i = 0; i < b->r.plan->notice_count; i++)
        n += strstr(b->r.plan->notices[i], text) != NULL;
    return n;
}

/* A member of PD that is gone, or hangs, beside others that answer: told within a minute
 * or so, asked no more often than those that answer, and decided on by nobody. */
Test(observe, a_silent_endpoint_beside_good_ones_is_told)
{
    static const struct {
        const char *fault, *end;
    } cases[] = {{"kill", "start"}, {"hang", "unhang"}};
    for (size_t i = 0; i < 2; i++) {
        struct pair p;
        struct boss b;
        watch(&p, &b);
        cr_expect_eq(b.r.plan->notice_count, 0);
        pair_ctl(&p,
                 dr_sprintf(p.arena, "{\"fault\": \"%s\", \"at\": \"127.0.1.3:2379\"}",
                            cases[i].fault));
        uint64_t asked = b.record.calls[DR_CALL_PD_ALIVE];
        for (int k = 0; k < 12; k++) {
            count_round(&b);
            boss_pass(&b, QUIET_MS);
        }
        cr_expect_eq(b.r.state, DR_ROUND_CONVERGED, "%s", b.r.text);
        cr_expect_eq(b.r.plan->is_protected, DR_TRUE);
        cr_expect_eq(count_notes(&b, "east: one endpoint of PD is silent"), 1, "%s",
                     cases[i].fault);
        cr_expect_leq(b.record.calls[DR_CALL_PD_ALIVE] - asked, 3 * 6);
        pair_ctl(&p,
                 dr_sprintf(p.arena, "{\"fault\": \"%s\", \"at\": \"127.0.1.3:2379\"}",
                            cases[i].end));
        for (int k = 0; k < 8; k++) {
            count_round(&b);
            boss_pass(&b, QUIET_MS);
        }
        cr_expect_eq(b.r.plan->notice_count, 0, "%s", cases[i].end);
        unwatch(&p, &b);
    }
}

static const struct dr_instance *instance(const struct boss *b, size_t i)
{
    return &b->r.facts->clusters[EAST].instances[i];
}

/* The instance that reads the ledger is gone: the other one reads it in the same round,
 * and from the next one on without a detour. */
Test(observe, another_instance_reads_the_ledger)
{
    static const char *const faults[] = {"kill", "cut", "hang"};
    for (size_t i = 0; i < 3; i++) {
        struct pair p;
        struct boss b;
        watch(&p, &b);
        cr_assert_str_eq(b.r.facts->clusters[EAST].ledger.instance, FIRST);
        pair_ctl(&p, dr_sprintf(p.arena, "{\"fault\": \"%s\", \"at\": \"" FIRST "\"}",
                                faults[i]));
        for (int k = 0; k < 3; k++) {
            uint64_t asked = b.record.calls[DR_CALL_SQL_LEDGER];
            count_round(&b);
            cr_expect(b.r.facts->clusters[EAST].ledger.decoded, "%s, round %d", faults[i],
                      k);
            cr_expect_gt(b.r.facts->clusters[EAST].ledger.tso, 0);
            cr_expect_str_eq(b.r.facts->clusters[EAST].ledger.instance, SECOND);
            cr_expect_not(instance(&b, 0)->seen.known, "%s", faults[i]);
            cr_expect(strstr(instance(&b, 0)->seen.why, FIRST), "%s",
                      instance(&b, 0)->seen.why);
            cr_expect(instance(&b, 1)->seen.known);
            cr_expect_eq(b.record.calls[DR_CALL_SQL_LEDGER] - asked, k ? 2 : 3);
        }
        unwatch(&p, &b);
    }
}

/* The server's word on the ledger says nothing of the variables. */
Test(observe, variables_are_known_where_the_ledger_is_refused)
{
    struct pair p;
    struct boss b;
    watch(&p, &b);
    pair_ctl(&p, "{\"fault\": \"error\", \"at\": \"" FIRST
                 "\", \"match\": \"FROM mysql.drover_ledger\", \"count\": 1, "
                 "\"number\": 1142, \"message\": \"no\"}");
    count_round(&b);
    cr_expect(b.r.facts->clusters[EAST].ledger.decoded);
    cr_expect_str_eq(b.r.facts->clusters[EAST].ledger.instance, SECOND);
    cr_expect(instance(&b, 0)->seen.known, "%s", instance(&b, 0)->seen.why);
    unwatch(&p, &b);
}

/* Rows without a TSO are no ledger: nothing in it could be called expired or alive. */
Test(observe, no_ledger_without_a_tso)
{
    struct pair p;
    struct boss b;
    watch(&p, &b);
    boss_pass(&b, 61000); /* the one that was read is too old to be gone on from */
    pair_ctl(&p,
             "{\"fault\": \"error\", \"match\": \"SHOW MASTER STATUS\", \"count\": 4, "
             "\"number\": 9001, \"message\": \"PD server timeout\"}");
    dr_actor_look(b.actor, &b.r);
    for (size_t c = EAST; c <= WEST; c++) {
        const struct dr_ledger_group *g = &b.r.facts->clusters[c].ledger;
        cr_expect_not(g->seen.known || g->decoded || g->table_present);
        cr_expect(g->seen.why && strstr(g->seen.why, "PD server timeout"), "%s",
                  g->seen.why);
        cr_expect(b.r.facts->clusters[c].instances[0].seen.known);
    }
    unwatch(&p, &b);
}

static int64_t skew_ms;

static int64_t skewed_wall_ms(void *arg)
{
    return dr_model_wall_ms(((struct boss *)arg)->pair->model) + skew_ms;
}

/* A TSO goes on with our clock from one reading to the next, and is never ahead of PD's;
 * when clocks disagree on how much time has passed it is read anew. */
Test(observe, a_tso_goes_on_between_two_readings)
{
    enum { LOOKS = 12, JUMP = 8 };
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    boss_options(&b, &p, "one");
    b.o.wall_ms = skewed_wall_ms;
    boss_start(&b);
    boss_until(&b, DR_ROUND_CONVERGED, 100);
    boss_round(&b);
    unsigned reads = 0;
    for (int i = 0; i < LOOKS; i++) {
        uint64_t before = b.record.calls[DR_CALL_SQL_TSO];
        skew_ms = i < JUMP ? 0 : 3600000;
        dr_actor_look(b.actor, &b.r);
        int64_t behind_ms =
            dr_model_wall_ms(p.model) - dr_tso_ms(b.r.facts->clusters[EAST].ledger.tso);
        cr_expect(behind_ms >= 0 && behind_ms < 100, "%lld ms at look %d",
                  (long long)behind_ms, i);
        bool read = b.record.calls[DR_CALL_SQL_TSO] > before;
        cr_expect(read || i != JUMP);
        reads += read;
        boss_pass(&b, QUIET_MS);
    }
    cr_expect(reads >= 2 && reads <= 4, "%u", reads);
    unwatch(&p, &b);
}

/* Storage that swallows requests makes one look long, not each one. */
Test(observe, what_ends_in_a_long_wait_is_not_asked_at_each_look)
{
    struct pair p;
    struct boss b;
    watch(&p, &b);
    pair_ctl(&p, "{\"fault\": \"hang\", \"at\": \"127.1.1.11:6060\"}");
    dr_observe_afresh(b.actor->observer);
    int slow = 0;
    uint64_t asked = b.record.calls[DR_CALL_STORE_REDO];
    for (int i = 0; i < 14; i++) {
        int64_t begin = b.estate->now_ms(b.estate);
        dr_actor_look(b.actor, &b.r);
        slow += b.estate->now_ms(b.estate) - begin > 1000;
        cr_expect_not(b.r.facts->redo.seen.known);
        cr_expect(b.r.facts->clusters[EAST].ledger.decoded);
        boss_pass(&b, 1000);
    }
    cr_expect_eq(slow, 2, "%d of 14 looks wait", slow);
    cr_expect_eq(b.record.calls[DR_CALL_STORE_REDO] - asked, 2);
    pair_ctl(&p, "{\"fault\": \"unhang\", \"at\": \"127.1.1.11:6060\"}");
    boss_pass(&b, 10000);
    dr_actor_look(b.actor, &b.r);
    cr_expect(b.r.facts->redo.seen.known, "%s", b.r.facts->redo.seen.why);
    unwatch(&p, &b);
}

static const char *one_feeder(const struct boss *b, enum dr_truth *holds)
{
    const struct dr_plan *p = b->r.plan;
    for (size_t i = 0; i < p->protection_count; i++)
        if (strcmp(p->protections[i].name, "one-feeder") == 0) {
            *holds = p->protections[i].holds;
            return p->protections[i].text;
        }
    cr_assert_fail("no part of protection is called one-feeder");
    return NULL;
}

/* A new owner lists no feed for a moment: nothing is concluded from that, neither that
 * ours is gone nor that there is no other. */
Test(observe, an_owner_change_hides_feeds_and_proves_nothing)
{
    struct pair p;
    struct boss b;
    int hidden = 0;
    watch(&p, &b);
    pair_ctl(&p, "{\"fault\": \"cdc-owner-change\", \"cluster\": \"east\"}");
    for (int i = 0; i < 200; i++) {
        enum dr_truth holds;
        dr_actor_look(b.actor, &b.r);
        const struct dr_feeds *f = &b.r.facts->clusters[EAST].feeds;
        const char *text = one_feeder(&b, &holds);
        boss_pass(&b, 100);
        cr_assert_neq(b.r.plan->state, DR_PLAN_BLOCKED, "%s", b.r.text);
        if (f->seen.known && !f->count) {
            hidden++;
            cr_expect(f->unproven && strstr(f->unproven, "-g1"));
            cr_expect_eq(holds, DR_UNSURE, "%s", text);
        }
    }
    cr_expect_gt(hidden, 0);
    boss_until(&b, DR_ROUND_CONVERGED, 10);
    cr_expect_eq(b.r.plan->is_protected, DR_TRUE);
    unwatch(&p, &b);
}

/* ... and the same after a start that has never seen the feed. */
Test(observe, a_feed_is_expected_by_who_has_never_seen_it)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    pair_ctl(&p, "{\"fault\": \"cdc-owner-change\", \"cluster\": \"east\"}");
    int hidden = 0;
    for (int i = 0; i < 40; i++) {
        enum dr_truth holds;
        boss_open(&b, &p, "one");
        dr_actor_look(b.actor, &b.r);
        const struct dr_feeds *f = &b.r.facts->clusters[EAST].feeds;
        if (f->seen.known && !f->count) {
            hidden++;
            cr_expect(f->unproven != NULL);
            (void)one_feeder(&b, &holds);
            cr_expect_eq(holds, DR_UNSURE);
        }
        boss_pass(&b, 100);
        boss_end(&b);
    }
    cr_expect_gt(hidden, 0);
    pair_close(&p);
}

/* Somebody deletes the feed of the pair; what is asked of TiCDC takes its time. */
static void delete_feed(struct pair *p, struct boss *b)
{
    struct dr_address at;
    struct dr_http_answer out = {0};
    uint64_t handle;
    cr_assert(dr_address_parse(&at, "127.1.1.9:8300", 8300));
    const char *id = b->r.facts->clusters[EAST].feeds.items[0].id;
    struct dr_model_request req = {.method = "DELETE",
                                   .target =
                                       dr_sprintf(p->arena, "/api/v2/changefeeds/%s", id),
                                   .body = ""};
    while (dr_model_http(p->model, &at, &req, &out, p->arena, &handle) ==
               DR_MODEL_RUNNING &&
           dr_model_http_poll(p->model, handle, &out, p->arena) == DR_MODEL_RUNNING)
        boss_pass(b, 100);
    cr_assert_eq(out.status, 200);
}

/* A feed that is really gone is known to be gone when polls over ten seconds agree. */
Test(observe, absence_is_proven_in_the_end)
{
    struct pair p;
    struct boss b;
    watch(&p, &b);
    delete_feed(&p, &b);
    int64_t begin = b.estate->now_ms(b.estate), first = 0, proven = 0;
    for (int i = 0; i < 60 && !proven; i++) {
        boss_round(&b);
        const struct dr_feeds *f = &b.r.facts->clusters[EAST].feeds;
        int64_t now = b.estate->now_ms(b.estate) - begin;
        if (!first && f->unproven)
            first = now;
        if (b.r.plan->state == DR_PLAN_ASKING)
            proven = now;
    }
    cr_expect(first && proven, "%lld %lld: %s", (long long)first, (long long)proven,
              b.r.text);
    cr_expect_geq(proven - first, 9000);
    cr_expect_leq(proven - first, 20000);
    cr_expect(strstr(b.r.text, "DR-B061"), "%s", b.r.text);
    for (int i = 0; i < 3; i++) /* the lists' own polls began later */
        boss_round(&b);
    cr_expect_null(b.r.facts->clusters[EAST].feeds.unproven);
    unwatch(&p, &b);
}

/* A made feed's login is looked at seldom; but what drover itself did to the account is
 * seen at once, or the step that locks it would fail until the next of those looks. */
Test(observe, the_lock_of_a_made_generation_is_seen_at_once)
{
    struct pair p;
    struct boss b;
    watch(&p, &b);
    delete_feed(&p, &b);
    boss_end(&b);
    p.topology.bootstrap.give_up = 1;
    boss_open(&b, &p, "two");
    int64_t begin = b.estate->now_ms(b.estate);
    boss_until_step(&b, "given-up", 60);
    cr_expect_leq(b.estate->now_ms(b.estate) - begin, 60000, "%s", b.said);
    cr_expect_eq(b.r.facts->sink_login.answer, DR_LOGIN_LOCKED);
    unwatch(&p, &b);
}
