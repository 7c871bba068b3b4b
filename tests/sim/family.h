/* All scenarios that there are, by family, spread over a few processes. */
#ifndef DR_TESTS_SIM_FAMILY_H
#define DR_TESTS_SIM_FAMILY_H

#include "tests/sim/scenario.h"

enum { SIM_FAMILIES = 48, SIM_JOBS = 16 };

struct sim_family {
    const char *name;
    uint64_t planned, passed, failed, idle, struck, acts, checks;
};

struct sim_batch {
    uint64_t seed, jobs;
    uint64_t seeds;   /* random ones: how many, and nothing else; 0: as the set has it */
    bool full;        /* everything, not the fixed set */
    bool first;       /* the first failure ends it */
    uint64_t stride;  /* exchanges are taken in that many passes, each spread over all */
    const char *only; /* a family, story or scenario; NULL: all */
    double until;     /* of the monotonic clock, in seconds */
    struct sim_family families[SIM_FAMILIES];
    size_t family_count;
    uint64_t again; /* scenarios of sweeps that were also replayed on their own */
};

double sim_now_s(void);

/* Runs what fits the time; failures are printed as they are known. False: the
 * fault-free run fails (its result says why). */
bool sim_batch_run(struct sim_batch *b, struct sim_result *plain);

#endif
