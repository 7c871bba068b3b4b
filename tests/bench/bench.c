/* Counts, and times as ratios to a floor measured in the same run. Times are not
 * asserted, machines are shared; the counts of a quiet round are: more than they ever
 * were is a failure. Run from the top of the repository: build/bench */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/act/act.h"
#include "controller/base/file.h"
#include "controller/base/json.h"
#include "controller/estate/model/model.h"
#include "controller/estate/record.h"
#include "controller/estate/wire/wire.h"
#include "controller/plan/plan.h"
#include "spec/load.h"

enum { PLANS = 2000, DOCUMENTS = 1000, ROUNDS = 60, LATENCY_MS = 1, FILE_MAX = 16 << 20 };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

_Noreturn static void die(const struct dr_err *err)
{
    fprintf(stderr, "bench: %s\n", err->text);
    exit(1);
}

static char *read_text(struct dr_arena *a, const char *path, size_t *len)
{
    struct dr_err err;
    char *bytes;
    if (dr_file_read(a, path, FILE_MAX, &bytes, len, &err) != 0)
        die(&err);
    return bytes;
}

static const struct dr_topology *load(struct dr_arena *a, struct dr_docs *d,
                                      const char *path)
{
    size_t len;
    char *bytes = read_text(a, path, &len);
    dr_docs_init(d, a);
    dr_docs_add(d, path, bytes, len);
    dr_docs_finish(d);
    return d->topology_count ? d->topologies[0] : NULL;
}

/* The floor of planning: reading every byte of the facts once, as their JSON text. */
static double floor_us(const char *bytes, size_t len)
{
    volatile unsigned sum = 0;
    double begin = now_us();
    for (int i = 0; i < PLANS; i++)
        for (size_t k = 0; k < len; k++)
            sum += (unsigned char)bytes[k];
    (void)sum;
    return (now_us() - begin) / PLANS;
}

static void bench_plan(const char *name)
{
    struct dr_arena *a = dr_arena_new(0), *cycle = dr_arena_new(0);
    struct dr_docs d;
    struct dr_facts *facts;
    struct dr_err err;
    json_t *v;
    size_t len;
    const struct dr_topology *t = load(a, &d, "tests/golden/facts/topology.yaml");
    char *bytes = read_text(a, dr_sprintf(a, "tests/golden/facts/%s.json", name), &len);
    if (dr_json_parse_in(a, &v, bytes, len, &err) != 0 ||
        dr_facts_decode(&facts, v, a, &err) != 0)
        die(&err);
    struct dr_plan_input in = {.topology = t, .facts = facts, .revision = "golden"};
    double begin = now_us();
    size_t used = 0;
    for (int i = 0; i < PLANS; i++) {
        dr_arena_reset(cycle);
        (void)dr_plan_build(&in, cycle);
        used = dr_arena_used(cycle);
    }
    double each = (now_us() - begin) / PLANS, floor = floor_us(bytes, len);
    printf(
        "plan of %-10s %7.1f us, %5.1f x the floor (its %zu bytes read once), %zu bytes "
        "of arena; goal 100 us\n",
        name, each, each / floor, len, used);
    dr_arena_free(cycle);
    dr_arena_free(a);
}

static void bench_documents(void)
{
    struct dr_arena *a = dr_arena_new(0);
    size_t len;
    char *bytes = read_text(a, "tests/golden/facts/topology.yaml", &len);
    double begin = now_us();
    for (int i = 0; i < DOCUMENTS; i++) {
        struct dr_arena *one = dr_arena_new(0);
        struct dr_docs d;
        dr_docs_init(&d, one);
        dr_docs_add(&d, "bench.yaml", bytes, len);
        dr_docs_finish(&d);
        struct dr_plan_input in = {.topology = d.topologies[0],
                                   .facts = dr_facts_new(2, one),
                                   .revision = "golden"};
        in.facts->clusters[0].name = in.topology->clusters[0].name;
        (void)dr_plan_build(&in, one);
        dr_arena_free(one);
    }
    printf("parse and plan %d documents %6.1f ms; goal 200 ms\n", DOCUMENTS,
           (now_us() - begin) / 1e3);
    dr_arena_free(a);
}

/* ---- a converged round, counted ---- */

static struct dr_model *model;
static bool failed;

static int64_t wall_ms(void *arg)
{
    (void)arg;
    return dr_model_wall_ms(model);
}

static void pass_time(struct dr_estate *e, int64_t ms)
{
    int64_t until = e->now_ms(e) + ms;
    struct dr_reply r;
    while (e->now_ms(e) < until && e->wait(e, until, &r))
        dr_reply_release(&r);
}

/* What one round cost, in exchanges and in dependent round trips: the virtual time that
 * it took, when nothing but the way there and back takes any. */
struct cost {
    uint64_t statements, requests, trips;
};

/* Of a pair of two SQL instances each: one statement an instance, one TSO and one write a
 * cluster; one list a TiCDC, one read a PD; all the reads at once, then the writes. */
static const struct cost quiet_cost = {8, 4, 2};

static struct cost one_round(struct dr_actor *x, struct dr_estate *e, struct dr_record *r,
                             struct dr_round *out)
{
    struct dr_record before = *r;
    struct dr_err err = {0};
    int64_t begin = e->now_ms(e);
    if (dr_actor_round(x, out, &err) != 0)
        die(&err);
    return (struct cost){
        r->exchanges[DR_EXCHANGE_SQL] - before.exchanges[DR_EXCHANGE_SQL],
        r->exchanges[DR_EXCHANGE_HTTP] - before.exchanges[DR_EXCHANGE_HTTP],
        (uint64_t)(e->now_ms(e) - begin) / (2 * LATENCY_MS)};
}

static void judge(const char *what, uint64_t is, uint64_t most)
{
    if (is > most) {
        printf("FAILED: %" PRIu64 " %s in a quiet round, %" PRIu64 " at most\n", is, what,
               most);
        failed = true;
    }
}

static bool is_quiet(const struct dr_round *out)
{
    return out->state == DR_ROUND_CONVERGED && out->plan->is_protected == DR_TRUE;
}

static void count_rounds(struct dr_actor *x, struct dr_estate *e, struct dr_record *r)
{
    struct dr_round out = {0};
    struct cost least = {UINT64_MAX, UINT64_MAX, UINT64_MAX}, most = {0};
    for (int i = 0; i < 200; i++) {
        (void)one_round(x, e, r, &out);
        pass_time(e, is_quiet(&out) ? 10000 : out.again_ms);
    }
    struct dr_record before = *r;
    double begin = now_us();
    for (int i = 0; i < ROUNDS; i++) {
        struct cost c = one_round(x, e, r, &out);
        if (!is_quiet(&out)) {
            printf("FAILED: the pair does not stay protected\n");
            failed = true;
        }
        least = c.statements + c.requests < least.statements + least.requests ? c : least;
        most = c.statements + c.requests > most.statements + most.requests ? c : most;
        pass_time(e, 10000);
    }
    double each = (now_us() - begin) / ROUNDS;
    printf("%d converged rounds, 10 s apart, %.0f us each with the model\n", ROUNDS,
           each);
    printf("  quiet          %2" PRIu64 " statements, %2" PRIu64 " requests, %" PRIu64
           " dependent round trips\n",
           least.statements, least.requests, least.trips);
    printf("  once a minute  %2" PRIu64 " statements, %2" PRIu64 " requests, %" PRIu64
           " dependent round trips\n",
           most.statements, most.requests, most.trips);
    printf("  on average     %.1f statements, %.1f requests, %.1f mutating calls\n",
           (double)(r->exchanges[0] - before.exchanges[0]) / ROUNDS,
           (double)(r->exchanges[1] - before.exchanges[1]) / ROUNDS,
           (double)(dr_record_mutations(r) - dr_record_mutations(&before)) / ROUNDS);
    for (int k = 1; k < DR_CALL_KIND_COUNT; k++)
        if (r->calls[k] != before.calls[k])
            printf("    %-14s %.2f\n", dr_call_rows[k].name,
                   (double)(r->calls[k] - before.calls[k]) / ROUNDS);
    judge("statements", least.statements, quiet_cost.statements);
    judge("requests", least.requests, quiet_cost.requests);
    judge("dependent round trips", least.trips, quiet_cost.trips);
}

static void bench_rounds(void)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_docs docs, estate_docs;
    struct dr_record r;
    struct dr_access *access;
    struct dr_err err = {0};
    const struct dr_topology *t = load(a, &docs, "examples/quickstart/topology.yaml");
    (void)load(a, &estate_docs, "examples/quickstart/estate.yaml");
    if (dr_model_new(&model, estate_docs.estates[0], 1, 1763720000000, &err) != 0 ||
        dr_access_open(&access, t, NULL, &err) != 0)
        die(&err);
    dr_record_init(&r, 1 << 10);
    struct dr_carrier *inner = dr_model_carrier(model, LATENCY_MS, "127.0.0.1");
    struct dr_carrier *carrier = dr_record_carrier(&r, inner);
    struct dr_estate *wire = dr_wire_new(t, access, carrier);
    struct dr_estate *e = dr_record_estate(&r, wire);
    struct dr_actor_options o = {.topology = t,
                                 .access = access,
                                 .estate = e,
                                 .holder = "bench:1:0",
                                 .revision = "golden",
                                 .lease_ms = 30000,
                                 .wall_ms = wall_ms};
    o.allowed[DR_RISK_SAFE] = o.allowed[DR_RISK_DISRUPTIVE] = true;
    struct dr_actor *x = dr_actor_new(&o);
    count_rounds(x, e, &r);
    dr_actor_free(x);
    e->free(e);
    wire->free(wire);
    carrier->free(carrier);
    inner->free(inner);
    dr_access_free(access);
    dr_model_free(model);
    dr_record_release(&r);
    dr_arena_free(a);
}

int main(void)
{
    setenv("DROVER_EAST_PASSWORD", "east-drover", 1); /* as examples/quickstart/env */
    setenv("DROVER_WEST_PASSWORD", "west-drover", 1);
    setenv("DROVER_STORAGE_ACCESS_KEY", "minio", 1);
    setenv("DROVER_STORAGE_SECRET_KEY", "miniostorage", 1);
    setenv("DROVER_SINK_SECRET", "bench", 1);
    dr_json_init();
    bench_plan("fresh");
    bench_plan("converged");
    bench_documents();
    bench_rounds();
    return failed;
}
