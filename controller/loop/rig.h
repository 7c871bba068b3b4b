/* Everything one topology needs to be looked at or acted on: its secrets, a carrier over
 * sockets, the wire. */
#ifndef DR_LOOP_RIG_H
#define DR_LOOP_RIG_H

#include "controller/estate/access.h"
#include "controller/estate/carrier.h"
#include "controller/estate/estate.h"
#include "spec/topology.h"

struct dr_rig {
    const struct dr_topology *topology; /* borrowed */
    struct dr_access *access;
    struct dr_carrier *carrier;
    struct dr_estate *estate;
};

/* Reads the secrets and starts the carrier; connects nothing yet. Out: owned.
 * Fails: as dr_access_open and dr_live_new; nothing is left behind. */
int dr_rig_open(struct dr_rig *out, const struct dr_topology *t, const char *secrets_dir,
                struct dr_err *err) DR_MUST_CHECK;
/* The same over a carrier, which it takes, also when it fails. */
int dr_rig_open_over(struct dr_rig *out, const struct dr_topology *t,
                     const char *secrets_dir, struct dr_carrier *carrier,
                     struct dr_err *err) DR_MUST_CHECK;
void dr_rig_close(struct dr_rig *r);

enum { DR_HOLDER_TEXT = 64 };

/* "host:pid:random": names one process start, and is never used twice. */
void dr_holder_new(char out[DR_HOLDER_TEXT]);

int64_t dr_wall_ms(void); /* unix milliseconds, for people */

#endif
