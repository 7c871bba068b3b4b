/* The measurements, one file each. */
#ifndef DR_BENCH_PARTS_H
#define DR_BENCH_PARTS_H

#include "tests/bench/report.h"

void dr_bench_plans(struct dr_bench *b);     /* P3, P4 in process, instructions */
void dr_bench_rounds(struct dr_bench *b);    /* a quiet round, counted on the model */
void dr_bench_processes(struct dr_bench *b); /* P4, P5, P14, P15 */
void dr_bench_live(struct dr_bench *b);      /* P1, P2, P16, over sockets */

struct dr_bench_fleet {
    unsigned topologies, interval_ms, seconds;
};
void dr_bench_fleet(struct dr_bench *b,
                    const struct dr_bench_fleet *f); /* P6, P11, P12 */

/* What callgrind counts: plans of NAME, and nothing else. */
void dr_bench_plan_only(const char *name, unsigned plans);

#endif
