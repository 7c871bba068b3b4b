/* What each command that looks at the clusters stands on: their rig, a guard that lets no
 * mutation through, an observer. */
#ifndef DR_CMD_LOOKER_H
#define DR_CMD_LOOKER_H

#include "controller/loop/rig.h"
#include "controller/observe/observe.h"

struct dr_looker {
    struct dr_rig rig; /* a person's word is written past the guard: rig.estate */
    struct dr_estate *guard;
    struct dr_observer *observer;
};

/* Reads the secrets; connects nothing yet. why: what the guard says of a mutation;
 * static. Out: owned (dr_looker_close). Fails: as dr_rig_open; nothing is left behind. */
int dr_looker_open(struct dr_looker *out, const struct dr_topology *t,
                   const char *secrets_dir, const char *why,
                   struct dr_err *err) DR_MUST_CHECK;
void dr_looker_close(struct dr_looker *l);

#endif
