/* The controller: reads declarations again and again, and keeps each topology by a worker
 * of its own. A worker is one thread with its own connections, over network threads that
 * all share and that wait for nobody, so that an endpoint that hangs costs its own
 * topology time and no other. */
#ifndef DR_LOOP_FLEET_H
#define DR_LOOP_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/act/act.h"
#include "controller/estate/carrier.h"
#include "controller/source/origin.h"

struct dr_fleet_options {
    struct dr_origin *origin;
    const char *prefix;      /* put before file names in findings; NULL: none */
    const char *state_dir;   /* holds the journal; locked by the caller */
    const char *secrets_dir; /* NULL: none */
    int64_t interval_ms;     /* between rounds of a converged topology */
    int64_t fetch_ms;        /* deadline of one fetch */
    int64_t lease_ms;
    struct dr_journal_retention retention; /* applied each hour, not with `once` */
    bool approve[DR_RISK_COUNT]; /* risks that need an approval, beside each topology's */
    uint32_t
        max_disruptive; /* topologies at once at steps that somebody notices; 0: any */
    const char *publish_dir; /* for NAME.json with what was observed; NULL: none */
    /* Each topology until it is converged, blocked, in need of a word, or in need of a
     * fact that cannot be read for 30 s. */
    bool once;
    /* Called by any worker, one at a time. topology NULL: about the declarations. */
    void (*say)(void *arg, const char *topology, const struct dr_event *e);
    bool (*stop)(void *arg); /* called by any worker */
    /* What carries a worker's exchanges; called and used by its own thread. NULL: one
     * over sockets. */
    struct dr_carrier *(*carrier)(void *arg);
    void *arg;
};

/* Runs until `stop`, or with `once` until every topology came to rest.
 * Out: *good = with `once`: all converged. Fails: when nothing could ever be read (once),
 * or the journal cannot be opened. Blocks. */
int dr_fleet_run(const struct dr_fleet_options *o, bool *good,
                 struct dr_err *err) DR_MUST_CHECK;

#endif
