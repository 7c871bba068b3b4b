/* How long apply goes on without getting on. What it waits for is said at once, then
 * again at growing intervals with the time that went by, and is given up in the end.
 * Knows rounds and a clock that it is told; no waiting happens here. */
#ifndef DR_CMD_PATIENCE_H
#define DR_CMD_PATIENCE_H

#include "cmd/drover/cmd.h"
#include "controller/act/act.h"

struct dr_patience {
    const char *where;  /* the words of the command line that mean the document */
    int64_t wait_ms;    /* for another's lease, or a fact that nobody can read */
    int64_t give_up_ms; /* for a step that fails, or what does not come; 0: for ever */
    /* its own */
    int kind;         /* of what is waited for now; 0: nothing */
    int64_t kind_ms;  /* since when */
    int64_t moved_ms; /* when last nothing from outside kept it from going on */
    bool is_stuck;    /* no step reached its result */
    int64_t stuck_ms; /* since when */
    int64_t said_ms, gap_ms;
};

void dr_patience_begin(struct dr_patience *p, int64_t now_ms);

/* What a round means for the command; adds what is to be said of it.
 * Out: -1 go on after r->again_ms, else the exit status. */
int dr_patience_judge(struct dr_patience *p, const struct dr_round *r, int64_t now_ms,
                      struct dr_buf *say);

#endif
