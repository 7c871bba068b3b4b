/* What a converged round asks and costs, counted on the model's virtual clock: the same
 * numbers each time. */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/act/act.h"
#include "controller/estate/model/model.h"
#include "controller/estate/record.h"
#include "controller/estate/wire/wire.h"
#include "tests/bench/kit.h"
#include "tests/bench/parts.h"

enum { ROUNDS = 60, BEFORE = 200, APART_MS = 10000, LATENCY_MS = 1 };

/* ---- a carrier that counts bytes, and hides the model's own allocations ---- */

struct counter {
    struct dr_carrier base;
    struct dr_carrier *inner;
    uint64_t out, in; /* bytes of statements, targets, bodies; of rows and bodies */
};

static size_t length(const char *s)
{
    return s ? strlen(s) : 0;
}

static void counter_submit(struct dr_carrier *c, const struct dr_exchange *x,
                           uint64_t *ticket)
{
    struct counter *k = (struct counter *)c;
    k->out += length(x->sql.text) + length(x->http.method) + length(x->http.target) +
              length(x->http.body);
    dr_bench_uncounted(1);
    k->inner->submit(k->inner, x, ticket);
    dr_bench_uncounted(-1);
}

static bool counter_wait(struct dr_carrier *c, int64_t until_ms, struct dr_answer *out)
{
    struct counter *k = (struct counter *)c;
    dr_bench_uncounted(1);
    bool got = k->inner->wait(k->inner, until_ms, out);
    dr_bench_uncounted(-1);
    if (!got)
        return false;
    k->in += out->http.body_len;
    for (size_t i = 0; i < out->sql.column_count * out->sql.row_count; i++)
        k->in += out->sql.cells[i].len;
    return true;
}

static int64_t counter_now(struct dr_carrier *c)
{
    struct counter *k = (struct counter *)c;
    return k->inner->now_ms(k->inner);
}

static void counter_hang_up(struct dr_carrier *c, const struct dr_login *login)
{
    struct counter *k = (struct counter *)c;
    k->inner->hang_up(k->inner, login);
}

static void counter_free(struct dr_carrier *c)
{
    (void)c; /* on the stack */
}

/* ---- one pair ---- */

struct pair {
    struct dr_arena *arena;
    struct dr_docs docs, estate_docs;
    struct dr_model *model;
    struct dr_access *access;
    struct dr_record record;
    struct counter counter;
    struct dr_carrier *of_model, *carrier;
    struct dr_estate *wire, *estate;
    struct dr_actor *actor;
};

static int64_t wall_ms(void *arg)
{
    return dr_model_wall_ms(((struct pair *)arg)->model);
}

static void pair_open(struct pair *p)
{
    struct dr_err err = {0};
    memset(p, 0, sizeof(*p));
    p->arena = dr_arena_new(0);
    const struct dr_topology *t =
        dr_bench_load(p->arena, &p->docs, "examples/quickstart/topology.yaml");
    (void)dr_bench_load(p->arena, &p->estate_docs, "examples/quickstart/estate.yaml");
    if (dr_model_new(&p->model, p->estate_docs.estates[0], 1, 1763720000000, &err) != 0 ||
        dr_access_open(&p->access, t, NULL, &err) != 0)
        dr_bench_die("the quickstart's pair", &err);
    dr_record_init(&p->record, 1 << 10);
    p->of_model = dr_model_carrier(p->model, LATENCY_MS, "127.0.0.1");
    p->counter = (struct counter){.base = {.submit = counter_submit,
                                           .wait = counter_wait,
                                           .now_ms = counter_now,
                                           .hang_up = counter_hang_up,
                                           .free = counter_free},
                                  .inner = p->of_model};
    p->carrier = dr_record_carrier(&p->record, &p->counter.base);
    p->wire = dr_wire_new(t, p->access, p->carrier);
    p->estate = dr_record_estate(&p->record, p->wire);
    struct dr_actor_options o = {.topology = t,
                                 .access = p->access,
                                 .estate = p->estate,
                                 .holder = "bench:1:0",
                                 .revision = "golden",
                                 .lease_ms = 30000,
                                 .wall_ms = wall_ms,
                                 .arg = p};
    o.allowed[DR_RISK_SAFE] = o.allowed[DR_RISK_DISRUPTIVE] = true;
    p->actor = dr_actor_new(&o);
}

/* Of the controller's own memory, what is kept between rounds. */
static uint64_t close_actor(struct pair *p)
{
    dr_actor_rest(p->actor); /* as the controller does */
    struct mallinfo2 with = mallinfo2();
    dr_actor_free(p->actor);
    p->estate->free(p->estate);
    p->wire->free(p->wire);
    p->carrier->free(p->carrier);
    struct mallinfo2 without = mallinfo2();
    return with.uordblks + with.hblkhd - without.uordblks - without.hblkhd;
}

static void pair_close(struct pair *p)
{
    p->of_model->free(p->of_model);
    dr_access_free(p->access);
    dr_model_free(p->model);
    dr_record_release(&p->record);
    dr_arena_free(p->arena);
}

static void pass_time(struct dr_estate *e, int64_t ms)
{
    int64_t until = e->now_ms(e) + ms;
    struct dr_reply r;
    while (e->now_ms(e) < until && e->wait(e, until, &r))
        dr_reply_release(&r);
}

/* ---- counting ---- */

/* In exchanges and in dependent round trips: the virtual time that a round took, when
 * nothing but the way there and back takes any. */
struct cost {
    uint64_t statements, requests, trips, out, in, allocations;
};

static struct cost one_round(struct pair *p, struct dr_round *out)
{
    struct dr_record before = p->record;
    struct counter bytes = p->counter;
    struct dr_err err = {0};
    uint64_t allocations = dr_bench_allocations();
    int64_t begin = p->estate->now_ms(p->estate);
    if (dr_actor_round(p->actor, out, &err) != 0)
        dr_bench_die("a round", &err);
    return (struct cost){
        .statements =
            p->record.exchanges[DR_EXCHANGE_SQL] - before.exchanges[DR_EXCHANGE_SQL],
        .requests =
            p->record.exchanges[DR_EXCHANGE_HTTP] - before.exchanges[DR_EXCHANGE_HTTP],
        .trips = (uint64_t)(p->estate->now_ms(p->estate) - begin) / (2 * LATENCY_MS),
        .out = p->counter.out - bytes.out,
        .in = p->counter.in - bytes.in,
        .allocations = dr_bench_allocations() - allocations};
}

static bool is_quiet(const struct dr_round *out)
{
    return out->state == DR_ROUND_CONVERGED && out->plan->is_protected == DR_TRUE;
}

static void count_cost(struct dr_bench *b, const char *which, const struct cost *c)
{
    const struct {
        const char *what;
        uint64_t value;
    } all[] = {{"statements", c->statements},
               {"requests", c->requests},
               {"dependent round trips", c->trips},
               {"bytes asked", c->out},
               {"bytes answered", c->in},
               {"allocations, the estate's apart", c->allocations}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char name[80];
        snprintf(name, sizeof(name), "%s: %s", which, all[i].what);
        dr_bench_count(b, name, all[i].value);
    }
}

static void count_calls(struct dr_bench *b, const struct dr_record *before,
                        const struct dr_record *after)
{
    for (int k = 1; k < DR_CALL_KIND_COUNT; k++) {
        char name[80];
        snprintf(name, sizeof(name), "%d rounds: calls of %s", ROUNDS,
                 dr_call_rows[k].name);
        if (after->calls[k] != before->calls[k])
            dr_bench_count(b, name, after->calls[k] - before->calls[k]);
    }
}

void dr_bench_rounds(struct dr_bench *b)
{
    struct pair p;
    struct dr_round out = {0};
    struct cost least = {UINT64_MAX, 0, 0, 0, 0, 0}, most = {0};
    unsigned quiet = 0;
    pair_open(&p);
    for (int i = 0; i < BEFORE; i++) {
        (void)one_round(&p, &out);
        pass_time(p.estate, is_quiet(&out) ? APART_MS : out.again_ms);
    }
    struct dr_record before = p.record;
    for (int i = 0; i < ROUNDS; i++) {
        struct cost c = one_round(&p, &out);
        quiet += is_quiet(&out);
        if (least.statements == UINT64_MAX ||
            c.statements + c.requests <= least.statements + least.requests)
            least = c;
        if (c.statements + c.requests >= most.statements + most.requests)
            most = c;
        pass_time(p.estate, APART_MS);
    }
    dr_bench_must(b, quiet == ROUNDS, "a protected pair stays protected");
    count_cost(b, "a quiet round", &least);
    count_cost(b, "once a minute", &most);
    count_calls(b, &before, &p.record);
    dr_bench_count(b, "a topology at rest: bytes of memory, connections apart",
                   close_actor(&p));
    pair_close(&p);
}
