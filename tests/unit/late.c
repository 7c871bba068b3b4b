/* What a holder of the lease began, and what becomes of it once it holds it no more. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/act/actor.h"
#include "controller/base/json.h"
#include "controller/base/tso.h"
#include "tests/unit/act_kit.h"

/* An estate around a boss's own: what happens in the world from the moment on when a
 * call of one kind is submitted. */
struct happening {
    int64_t at_ms;         /* after it */
    const char *ctl, *sql; /* a command of the model; a statement in both clusters */
};
struct watched {
    struct dr_estate face, *inner;
    struct pair *pair;
    enum dr_call_kind kind;
    const struct happening *then; /* ends with at_ms < 0 */
    int64_t begun_ms;             /* INT64_MIN: not yet */
};

static void happen(struct watched *w)
{
    int64_t now = w->inner->now_ms(w->inner);
    for (; w->begun_ms > INT64_MIN && w->then->at_ms >= 0 &&
           now - w->begun_ms >= w->then->at_ms;
         w->then++) {
        if (w->then->ctl)
            pair_ctl(w->pair, w->then->ctl);
        for (int c = 0; w->then->sql && c < 2; c++)
            pair_sql(w->pair, c ? "west" : "east", w->then->sql);
    }
}

static void watched_submit(struct dr_estate *e, const struct dr_call *call,
                           uint64_t *ticket)
{
    struct watched *w = (struct watched *)e;
    if (call->kind == w->kind && w->begun_ms == INT64_MIN)
        w->begun_ms = w->inner->now_ms(w->inner);
    happen(w);
    w->inner->submit(w->inner, call, ticket);
}

static bool watched_wait(struct dr_estate *e, int64_t until_ms, struct dr_reply *out)
{
    struct watched *w = (struct watched *)e;
    happen(w);
    return w->inner->wait(w->inner, until_ms, out);
}

static int64_t watched_now(struct dr_estate *e)
{
    struct watched *w = (struct watched *)e;
    return w->inner->now_ms(w->inner);
}

/* A boss that acts through it. */
static void watch(struct watched *w, struct boss *b, struct pair *p)
{
    *w = (struct watched){.face = {watched_submit, watched_wait, watched_now, NULL},
                          .pair = p,
                          .kind = w->kind,
                          .then = w->then,
                          .begun_ms = INT64_MIN};
    boss_options(b, p, "one");
    boss_start(b);
    dr_actor_free(b->actor);
    w->inner = b->estate;
    b->o.estate = &w->face;
    b->actor = dr_actor_new(&b->o);
}

#define CDC(what, at) "{\"fault\": \"" what "\", \"at\": \"127.1.1." at ":8300\"}"
#define TAKEN                                                                            \
    "UPDATE mysql.drover_ledger SET epoch = epoch + 1, holder = 'two' WHERE k IN "       \
    "('epoch', 'lease')"
#define FOR_LONG                                                                         \
    "UPDATE mysql.drover_ledger SET value = "                                            \
    "'{\\\"until\\\":\\\"900000000000000000\\\"}' WHERE k = 'lease'"

/* TiCDC cannot be reached while another holder takes over, and can long after that:
 * nobody makes the older one's changefeed then. */
static void check_create(const struct happening *then)
{
    struct pair p;
    struct boss b;
    struct watched w = {.kind = DR_CALL_FEED_CREATE, .then = then};
    pair_open(&p);
    watch(&w, &b, &p);
    for (int i = 0; i < 300 && w.then->at_ms >= 0; i++) {
        boss_round(&b);
        if (w.begun_ms > INT64_MIN)
            pair_pass(&p, 1000);
    }
    cr_assert_lt(w.then->at_ms, 0, "%s", b.said);
    pair_pass(&p, 10000);
    dr_actor_look(b.actor, &b.r);
    cr_assert(b.r.facts->clusters[EAST].feeds.seen.known);
    cr_expect_eq(b.r.facts->clusters[EAST].feeds.count, 0, "%s", b.said);
    cr_expect_eq(dr_actor_epoch(b.actor), 0, "%s", b.said);
    pair_over(&p, &b);
}

Test(late, a_refused_request_ends_with_its_authority)
{
    static const struct happening then[] = {{0, CDC("kill", "9"), NULL},
                                            {0, CDC("kill", "10"), NULL},
                                            {10000, NULL, TAKEN},
                                            {10000, NULL, FOR_LONG},
                                            {120000, CDC("start", "9"), NULL},
                                            {120000, CDC("start", "10"), NULL},
                                            {-1, NULL, NULL}};
    check_create(then);
}

/* The epoch was ours when it was read, and the request is on its way. */
Test(late, a_delayed_request_ends_with_its_authority)
{
    static const struct happening then[] = {
        {0, "{\"fault\": \"partition\", \"from\": \"127.9.9.9\", \"to\": \"ticdc:east\"}",
         NULL},
        {30000, NULL, TAKEN},
        {30000, NULL, FOR_LONG},
        {60000, "{\"fault\": \"heal\"}", NULL},
        {-1, NULL, NULL}};
    check_create(then);
}

/* ---- how long the lease is believed to last ---- */

static const char *const one_of[] = {"127.0.1.5:4000", "127.1.1.5:4000"};

/* What is believed, against what stands in the ledgers, whenever there is time to look.
 */
struct believer {
    struct dr_estate face, *inner;
    struct pair *pair;
    struct boss *boss;
    size_t looks;
    int64_t wrong_ms; /* the most that a lease was believed too long */
};

static void compare_leases(struct believer *w)
{
    const struct dr_actor *x = w->boss->actor;
    int64_t offset_ms = dr_model_wall_ms(w->pair->model) - w->inner->now_ms(w->inner);
    for (int c = 0; x && x->epoch && c < 2; c++) {
        if (x->lease_until_ms[c] == INT64_MIN)
            continue;
        const char *until = pair_cell(w->pair, one_of[c],
                                      "SELECT JSON_EXTRACT(value, '$.until') FROM "
                                      "mysql.drover_ledger WHERE k = 'lease'");
        until += strspn(until, "\"");
        int64_t is_ms = dr_tso_ms(strtoull(until, NULL, 10)) - offset_ms;
        int64_t wrong_ms = x->lease_until_ms[c] - is_ms;
        w->looks++;
        w->wrong_ms = wrong_ms > w->wrong_ms ? wrong_ms : w->wrong_ms;
    }
}

static void believer_submit(struct dr_estate *e, const struct dr_call *call,
                            uint64_t *ticket)
{
    struct believer *w = (struct believer *)e;
    w->inner->submit(w->inner, call, ticket);
}

static bool believer_wait(struct dr_estate *e, int64_t until_ms, struct dr_reply *out)
{
    struct believer *w = (struct believer *)e;
    compare_leases(w);
    return w->inner->wait(w->inner, until_ms, out);
}

static int64_t believer_now(struct dr_estate *e)
{
    struct believer *w = (struct believer *)e;
    return w->inner->now_ms(w->inner);
}

/* One side answers late, while a copy runs and the lease is renewed beside it. */
static void check_belief(const char *slow, const char *match)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_options(&b, &p, "one");
    b.o.lease_ms = 15000;
    boss_start(&b);
    struct believer w = {.face = {believer_submit, believer_wait, believer_now, NULL},
                         .inner = b.estate,
                         .pair = &p,
                         .boss = &b};
    dr_actor_free(b.actor);
    b.o.estate = &w.face;
    b.actor = dr_actor_new(&b.o);
    boss_until_step(&b, "restore", 100);
    pair_ctl(&p, "{\"fault\": \"late\", \"match\": \"RESTORE DATABASE\", "
                 "\"ms\": 60000}");
    pair_ctl(&p, dr_sprintf(p.arena,
                            "{\"fault\": \"late\", \"at\": \"%s\", "
                            "\"match\": \"%s\", \"ms\": 7000, \"count\": 100}",
                            slow, match));
    w.looks = 0;
    for (int i = 0; i < 20; i++)
        boss_round(&b);
    cr_expect_gt(w.looks, 20);
    cr_expect_leq(w.wrong_ms, 0, "%s, %s: a lease is believed %lld ms too long", slow,
                  match, (long long)w.wrong_ms);
    pair_over(&p, &b);
}

Test(late, a_lease_ends_no_later_than_its_row_says)
{
    static const char *const slow[] = {"127.0.1.4:4000", "127.1.1.4:4000"},
                             *const matches[] = {"l.value = ", "MASTER STATUS"};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++)
            check_belief(slow[i], matches[k]);
}

/* ---- sessions of the sink account ---- */

/* A capture that nobody rules any more has sessions that a new password does not end: the
 * changefeed is made once they are gone, also where they cannot be ended at first. */
Test(late, no_changefeed_beside_older_sessions_of_its_account)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    struct dr_model_session *s = pair_sink_session(&p, "127.1.1.5:4000");
    pair_ctl(&p, "{\"fault\": \"error\", \"match\": \"KILL TIDB\", \"number\": 1105, "
                 "\"message\": \"not now\", \"count\": 3}");
    boss_open(&b, &p, "one");
    for (int i = 0; i < 100 && dr_model_sql_alive(s); i++) {
        boss_round(&b);
        cr_assert_eq(b.record.calls[DR_CALL_FEED_CREATE], 0, "%s", b.said);
    }
    cr_expect_not(dr_model_sql_alive(s), "%s", b.said);
    cr_expect_gt(b.record.calls[DR_CALL_SINK_ACCOUNT], 1, "%s", b.said);
    boss_until(&b, DR_ROUND_CONVERGED, 100);
    cr_expect_eq(b.record.calls[DR_CALL_FEED_CREATE], 1);
    dr_model_sql_close(s);
    pair_over(&p, &b);
}

/* Where an instance does not say who is there, nothing is made. */
Test(late, no_changefeed_while_sessions_are_not_known)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until_step(&b, "sink-account", 100);
    struct dr_model_session *s = pair_sink_session(&p, "127.1.1.5:4000");
    pair_ctl(&p, "{\"fault\": \"error\", \"at\": \"127.1.1.5:4000\", \"match\": \"SHOW "
                 "PROCESSLIST\", \"number\": 1105, \"message\": \"no\", \"count\": 0}");
    pair_ctl(&p, "{\"fault\": \"lose\", \"match\": \"FROM information_schema.cluster_"
                 "processlist\", \"count\": 1}");
    for (int i = 0; i < 10; i++)
        boss_round(&b);
    cr_expect(dr_model_sql_alive(s), "what ended it?");
    cr_expect_eq(b.record.calls[DR_CALL_FEED_CREATE], 0, "%s", b.said);
    pair_ctl(&p, "{\"fault\": \"calm\"}");
    boss_until(&b, DR_ROUND_CONVERGED, 100);
    cr_expect_not(dr_model_sql_alive(s));
    dr_model_sql_close(s);
    pair_over(&p, &b);
}
