/* Estates for measurements: many pairs as examples/quickstart has one, on addresses of
 * their own, played by one drover-sim for every 250 of them. */
#ifndef DR_BENCH_ESTATE_H
#define DR_BENCH_ESTATE_H

#include "tests/bench/kit.h"
#include "tests/bench/report.h"

enum { DR_BENCH_SIM_PAIRS = 250, DR_BENCH_SIM_MAX = 40 };

struct dr_bench_estate {
    const char *dir;  /* its files */
    const char *docs; /* the folder of declared topologies: shop0.yaml, .. */
    unsigned net, count;
    pid_t sims[DR_BENCH_SIM_MAX];
    unsigned sim_count;
};

/* Writes the documents of `count` pairs below `b->dir`/NAME and starts the simulators. */
void dr_bench_estate_start(struct dr_bench_estate *e, const struct dr_bench *b,
                           struct dr_arena *a, const char *name, unsigned count);
/* Declares pairs `from` .. `from + count - 1`: until then their documents lie aside. */
void dr_bench_estate_declare(const struct dr_bench_estate *e, unsigned from,
                             unsigned count);
void dr_bench_estate_end(struct dr_bench_estate *e);

/* "127.60.1.4": what host `host` of pair i's region is called. */
const char *dr_bench_host(const struct dr_bench_estate *e, struct dr_arena *a, unsigned i,
                          unsigned region, unsigned host);

/* One request on a connection of its own. Out: the status; -1: no whole answer. */
int dr_bench_http(const char *host, unsigned port, const char *method,
                  const char *target);

#endif
