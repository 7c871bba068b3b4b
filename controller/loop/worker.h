/* What the two halves of the controller share: fleet.c reads declarations and decides who
 * cares for what, worker.c is the care of one topology, a thread each. Not for use
 * outside this folder. */
#ifndef DR_LOOP_WORKER_H
#define DR_LOOP_WORKER_H

#include <pthread.h>

#include "controller/act/conditions.h"
#include "controller/base/prng.h"
#include "controller/estate/live/live.h"
#include "controller/loop/declaration.h"
#include "controller/loop/fleet.h"
#include "controller/loop/rig.h"

enum {
    DR_WORKER_NAME_MAX = 128,
    DR_WORKER_TROUBLE_MAX = DR_ERR_SHOWN_MAX + DR_ERR_HINT_MAX + 20
};

/* A declaration that several workers stand on; freed with its last user. */
struct shared {
    struct dr_declaration *declaration;
    size_t users;
};

struct worker {
    struct worker *next;
    struct fleet *fleet;
    pthread_t thread;
    char name[DR_WORKER_NAME_MAX];
    /* guarded by fleet->lock */
    struct shared *wanted;           /* the declaration it should stand on */
    char revision[DR_REVISION_TEXT]; /* the latest that says the same */
    bool removed;                    /* the document left its source */
    bool ended;                      /* it cares no more; another worker may */
    bool finished;                   /* its thread can be joined at once */
    bool converged;
    /* the worker's own */
    struct shared *held;
    bool held_removed;
    struct dr_rig rig;
    struct dr_actor *actor;
    struct dr_conditions *conditions; /* of all its actors, one after the other */
    struct dr_prng jitter;
    bool begins;                         /* it is in its first round */
    int64_t begin_ms;                    /* of waiting before its first round */
    char trouble[DR_WORKER_TROUBLE_MAX]; /* said already */
    int64_t published_ms;                /* the estate's clock; 0: not yet */
    enum dr_round_state published_state;
    bool unpublished;  /* the latest try failed */
    char doing[160];   /* the step that it makes; guarded by fleet->voice */
    int64_t seeing_ms; /* the estate's clock, when last no needed fact was unknown */
};

struct fleet {
    struct dr_fleet_options o;
    pthread_mutex_t lock, voice;
    pthread_cond_t wake;
    pthread_cond_t turn;        /* somebody's first round is over */
    unsigned beginning;         /* first rounds under way */
    struct dr_journal *journal; /* one of all workers */
    struct dr_live *live;       /* their network threads; NULL: options.carrier */
    struct worker *workers;
    char said[DR_ERR_TEXT_MAX];
    char revision[DR_REVISION_TEXT];
    char bad_revision[DR_REVISION_TEXT];
    uint32_t disrupting; /* workers at steps that somebody notices */
    unsigned begun;      /* workers started by the latest look */
    bool history_read;
};

/* ---- fleet.c ---- */

void dr_fleet_say(struct fleet *f, const char *topology, const struct dr_event *e);
/* About the declarations; the same text is said once. */
void dr_fleet_note(struct fleet *f, const char *fmt, ...) DR_PRINTF(2, 3);
bool dr_fleet_stopped(const struct fleet *f);
void dr_fleet_release(struct fleet *f, struct shared *s);

/* ---- worker.c: by the main thread, which alone changes the list of workers ---- */

bool dr_worker_ended(struct fleet *f, const struct worker *w);
/* The worker that cares for a topology; NULL: none, or it has ended. */
struct worker *dr_worker_find(struct fleet *f, const char *name);
/* removal: the revision that has the document no longer; NULL: it is there. */
int dr_worker_start(struct fleet *f, const char *name, struct shared *s,
                    const char *removal, struct dr_err *err) DR_MUST_CHECK;
void dr_worker_point_at(struct fleet *f, struct worker *w, struct shared *s);
/* The document is not, or no longer, in that revision. What it said last is kept. */
void dr_worker_point_away(struct fleet *f, struct worker *w, const char *revision);
/* Nothing changed for this topology in that revision. */
void dr_worker_point_on(struct fleet *f, struct worker *w, const char *revision);

#endif
