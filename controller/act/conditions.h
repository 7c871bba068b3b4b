/* What stands and is not as it should be: protection that is lost, a code that blocks, a
 * fact that is not known, a question, a part of "protected" that is missing, a note. One
 * change for each begin and each end, none while nothing changes.
 *
 * A change counts when a second look, a second or more after the first, sees it too: a
 * look that failed once is no event. An end counts after END_MS, so that what sways
 * around a limit makes no more than a change in that time. Moments are those of the first
 * look that saw it. Knows looks and clocks that it is told; losing it means that what
 * stands is said again. */
#ifndef DR_ACT_CONDITIONS_H
#define DR_ACT_CONDITIONS_H

#include "controller/plan/plan.h"

struct dr_conditions;

struct dr_change {
    const char *verb;    /* "protection.lost", "blocked.begin"; stable */
    const char *code;    /* "DR-B041"; NULL: it has none */
    const char *subject; /* a cluster, a part of "protected"; NULL: the topology */
    int64_t since_ms;    /* wall clock */
    int64_t lasted_ms;   /* -1: it begins */
    bool alarm;          /* protection is lost or not known */
    const char *text;    /* the whole of it, one line */
    const char *about;   /* what it is about, without moments: "DR-B041 west: .." */
};

struct dr_conditions *dr_conditions_new(void);
void dr_conditions_free(struct dr_conditions *c); /* NULL is fine */

/* One look. now_ms: any clock that goes on steadily; wall_ms: for people.  Out: changes,
 * the arena's; their count is returned. */
size_t dr_conditions_look(struct dr_conditions *c, const struct dr_plan *p,
                          int64_t now_ms, int64_t wall_ms, struct dr_arena *a,
                          const struct dr_change **out);

/* Whether something was seen that a second look has to confirm: look again soon. */
bool dr_conditions_pending(const struct dr_conditions *c);

#endif
