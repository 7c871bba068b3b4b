/* Stories: a setting, what goes wrong when, and how it must end. Every scenario has a
 * name that, with a seed, replays it byte for byte: "plain", "fault/lost/312",
 * "late/118", "removed/40", "random/7", "pair/lost/312/17/stale". */
#ifndef DR_TESTS_SIM_SCENARIO_H
#define DR_TESTS_SIM_SCENARIO_H

#include "tests/sim/world.h"

enum { SIM_NAME = 80, SIM_BESIDES = 3, SIM_DEEDS = 10, SIM_OUTAGES = 17 };

/* What a run came to. */
struct sim_result {
    bool passed;
    struct dr_buf why;  /* when it did not: one paragraph */
    uint64_t exchanges; /* of the first controller, as far as they count */
    /* of the exchanges that count, a character each: 'm' may change something, 'a'
     * belongs to something that does, 'r' reads */
    struct dr_buf kinds;
    uint64_t rounds, checks;
    uint64_t struck;      /* faults that changed anything */
    uint64_t struck_acts; /* exchanges that were struck and did more than look */
    int64_t virtual_ms;
    char
        shape[DR_DIGEST_TEXT]; /* of what sim_view_shape() writes; "": nothing compared */
    char digest[DR_DIGEST_TEXT]; /* of the end state, apart from what moves by itself */
};

/* Runs one scenario. log: everything that happened; NULL: none. False: no such name. */
bool sim_run(const char *name, uint64_t seed, struct sim_result *out, struct dr_buf *log);

/* Scenarios "STORY/n" of stories that begin alike and differ from exchange n on: the
 * beginning is played once, and at exchange n a process for each goes its own way. Each
 * comes to what sim_run() of its name comes to. */
struct sim_sweep {
    const char *const *stories; /* of one setting and one play; end with NULL */
    uint64_t last;              /* n is no higher */
    bool (*wants)(void *arg, uint64_t n);
    /* Of a pair, whether its second fault is wanted. */
    bool (*wants_second)(void *arg, const char *name);
    bool (*more)(void *arg); /* false: the time is over */
    /* In the scenario's own process, at its end. idle: nothing went wrong after all, and
     * what is left is the fault-free run (there is no digest). */
    void (*report)(void *arg, const char *name, const struct sim_result *r, bool idle);
    void (*died)(void *arg, const char *name, int status); /* without a report */
    void *arg;
};
void sim_sweep(const struct sim_sweep *s, uint64_t seed);

/* Numbers of a story whose faults are drawn. So many in a row begin alike. */
enum { SIM_SEEDS_SHARE = 16 };
struct sim_seeds {
    const char *story;
    uint64_t from, to;                        /* from 1 on */
    bool (*wants)(void *arg, uint64_t group); /* of numbers / SIM_SEEDS_SHARE */
    bool (*more)(void *arg);
    void (*report)(void *arg, const char *name, const struct sim_result *r, bool idle);
    void (*died)(void *arg, const char *name, int status);
    void *arg;
};
/* Each comes to what sim_run() of its name comes to. */
void sim_seeds(const struct sim_seeds *s, uint64_t seed);

void sim_result_release(struct sim_result *r);

/* Settings and stories without a number, in order; NULL at the end. */
const char *sim_story(size_t i, const char **text);
bool sim_story_numbered(size_t i);

#endif
