/* What an actor says, for people: one line an event, and on a terminal a bar that is
 * written over while a backup or restore runs. */
#ifndef DR_CMD_PROGRESS_H
#define DR_CMD_PROGRESS_H

#include "cmd/drover/cmd.h"
#include "controller/act/act.h"

struct dr_progress {
    struct dr_stream stream;
    bool bar; /* a bar stands on the present line */
    bool json;
    bool stamped;           /* each line begins with the time: a log, not a talk */
    int permille;           /* of the copy that runs, as said last */
    const char *const *ids; /* of the steps that were shown, in order; NULL: no numbers */
    size_t id_count;
};

/* topology NULL: one topology only, its name is not repeated. */
void dr_progress_say(struct dr_progress *p, const char *topology,
                     const struct dr_event *e);

/* The time, where lines begin with it: for a line that is no event. */
void dr_progress_stamp(const struct dr_progress *p);

#endif
