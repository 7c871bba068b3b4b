/* Stories: a setting, what goes wrong when, and how it must end. Every scenario has a
 * name that, with a seed, replays it byte for byte: "plain", "fault/lost/312",
 * "late/118", "removed/40", "random/7". */
#ifndef DR_TESTS_SIM_SCENARIO_H
#define DR_TESTS_SIM_SCENARIO_H

#include "tests/sim/world.h"

enum { SIM_NAME = 64 };

/* What a run came to. */
struct sim_result {
    bool passed;
    struct dr_buf why;  /* when it did not: one paragraph */
    uint64_t exchanges; /* of the first controller */
    uint64_t rounds, checks;
    uint64_t struck; /* faults that changed anything */
    int64_t virtual_ms;
    char digest[DR_DIGEST_TEXT]; /* of the end state, apart from what moves by itself */
};

/* Runs one scenario. log: everything that happened; NULL: none. False: no such name. */
bool sim_run(const char *name, uint64_t seed, struct sim_result *out, struct dr_buf *log);
void sim_result_release(struct sim_result *r);

/* Settings and stories without a number, in order; NULL at the end. */
const char *sim_story(size_t i, const char **text);

#endif
