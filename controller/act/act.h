/* Acting: one process start that carries out the plan of one topology, round by round. A
 * round observes, plans, and makes the first group of steps; the next round plans anew
 * from fresh facts. So there is no script to resume: a process that dies anywhere is
 * followed by one that finds the same next step.
 *
 * Before a step: authority (epoch, holder) in every ledger, lease held for longer than
 * the step's own deadline, the intent on disk. After it: the expected result is read
 * back. */
#ifndef DR_ACT_ACT_H
#define DR_ACT_ACT_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/act/journal.h"
#include "controller/estate/access.h"
#include "controller/estate/estate.h"
#include "controller/observe/observe.h"
#include "controller/plan/plan.h"

enum dr_event_kind {
    DR_EVENT_PLAN,      /* the plan changed: `plan` */
    DR_EVENT_START,     /* a step starts: `action` */
    DR_EVENT_PROGRESS,  /* of a long step: `permille`, `elapsed_ms` */
    DR_EVENT_END,       /* a step ended: `outcome`, `text` */
    DR_EVENT_AUTHORITY, /* epoch taken or lost */
    DR_EVENT_STANDBY,   /* another holder has the lease */
    DR_EVENT_WAIT,      /* what is waited for changed */
    DR_EVENT_NOTE,
    DR_EVENT_CHANGE, /* what stands began or ended: `change` */
    DR_EVENT_ALARM   /* the journal was damaged, cut or changed */
};

struct dr_change;
struct dr_conditions;

struct dr_event {
    enum dr_event_kind kind;
    const struct dr_plan *plan;
    const struct dr_plan_input *input; /* with plan */
    const struct dr_action *action;
    enum dr_journal_outcome outcome;
    const struct dr_change *change;
    int permille;       /* -1: not known */
    int64_t elapsed_ms; /* of the step */
    const char *text;   /* one line, without secrets */
};

struct dr_actor_options {
    const struct dr_topology *topology;
    struct dr_access *access;
    struct dr_estate *estate;
    struct dr_journal *journal;       /* NULL: none is kept (simulation) */
    struct dr_conditions *conditions; /* what stood at the latest look; NULL: nobody is
                                       * told what begins and ends */
    const char *holder;   /* one process start, at most 63 characters, never used twice */
    const char *revision; /* of the declaration, or of its removal */
    const char *where;    /* as in dr_plan_input; may be NULL */
    int64_t lease_ms;
    bool take; /* take the lease from a living holder */
    /* .. from one who does not take up a newer declaration within the time of a lease */
    bool overtakes;
    bool removed; /* the document left its source: only discharge */
    /* Steps of these risks may be made; others wait for an approval. */
    bool allowed[DR_RISK_COUNT];
    bool approve_all; /* a person approved the plan as a whole, whatever its risks */
    int64_t (*wall_ms)(void *arg);                    /* the wall clock, for people */
    struct dr_history history;                        /* of the source */
    void (*say)(void *arg, const struct dr_event *e); /* may be NULL */
    /* true: start nothing more; a round then only ends what was begun, or is
     * DR_ROUND_STOPPED; may be NULL */
    bool (*stop)(void *arg);
    /* Whether steps that somebody notices may be made now, beside those of other
     * topologies: asked before each group of them, and each yes is followed by `leave`.
     * Not asked for what puts a made pair right: a fence that was lifted waits for
     * nobody. NULL: they always may. */
    bool (*enter)(void *arg);
    void (*leave)(void *arg);
    void *arg;
};

enum dr_round_state {
    DR_ROUND_CONVERGED, /* nothing to do */
    DR_ROUND_MOVED,     /* steps were made: look again at once */
    DR_ROUND_WAITING,   /* for a fact, a running copy, or after a failed step */
    DR_ROUND_BLOCKED,
    DR_ROUND_UNAPPROVED, /* the next step needs a word */
    DR_ROUND_STANDBY,    /* another holder acts */
    DR_ROUND_STOPPED
};

struct dr_round {
    enum dr_round_state state;
    const struct dr_plan *plan;   /* borrowed until the next round */
    const struct dr_facts *facts; /* the same */
    int64_t again_ms;             /* look again after this */
    const char *text;             /* why, one line; never NULL */
    bool blind; /* nothing was made: a fact is not known, or policy.windows is closed */
    /* A fact is not known for a reason that only a person removes (password, certificate,
     * locked account): 1: so it seems, 2: a second look says so, too. */
    int hopeless;
    bool failing; /* the next step did not reach its result; it is tried again later */
    bool runs;    /* what is waited for runs: a copy that another process began */
    int64_t lease_left_ms; /* STANDBY: for how long the other's lease still stands */
};

struct dr_actor;

/* Borrows all that the options point at, but the revision. Out: owned. */
struct dr_actor *dr_actor_new(const struct dr_actor_options *o);
/* Does not give the lease back: dr_actor_leave does. */
void dr_actor_free(struct dr_actor *x);

/* One round. Blocks as long as its steps take. Fails only when the journal cannot be
 * written (then nothing was done). */
int dr_actor_round(struct dr_actor *x, struct dr_round *out,
                   struct dr_err *err) DR_MUST_CHECK;

/* After a round, before a rest: gives the memory of its plan and texts back; what the
 * round gave out of them is not to be used any more. */
void dr_actor_rest(struct dr_actor *x);

/* Whether drover has left something as nobody else would end it (a changefeed that it
 * paused): whoever is asked to stop makes rounds while it is so, for a while. By the
 * latest look. */
bool dr_actor_owes(const struct dr_actor *x);

/* Observes and plans, changes nothing. */
void dr_actor_look(struct dr_actor *x, struct dr_round *out);

/* The declaration, or its absence, is the same in a newer revision: from now on it is
 * that one's. Copies. */
void dr_actor_revise(struct dr_actor *x, const char *revision);

/* A person approved this plan: from now on only its steps are made, by rule and target;
 * a round that would make another one ends as DR_ROUND_UNAPPROVED. whole: whatever their
 * risk. Copies. */
void dr_actor_approve(struct dr_actor *x, const struct dr_plan *plan, bool whole);

/* Gives the lease back, so that a successor need not wait. Best effort. */
void dr_actor_leave(struct dr_actor *x);

/* Where this process acts: 0 when it holds no epoch. */
uint64_t dr_actor_epoch(const struct dr_actor *x);

#endif
