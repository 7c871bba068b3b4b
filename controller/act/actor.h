/* The inside of an actor, shared by the files of act/. */
#ifndef DR_ACT_ACTOR_H
#define DR_ACT_ACTOR_H

#include "controller/act/act.h"
#include "controller/base/prng.h"

struct dr_actor {
    struct dr_actor_options o;
    struct dr_observer *observer;
    struct dr_arena *cycle; /* plan and texts of this round */
    struct dr_arena *step;  /* a step's own copies: outlives no step */
    const struct dr_facts *facts;
    struct dr_plan_input input;
    struct dr_plan *plan;
    uint64_t round;
    /* authority */
    uint64_t epoch;         /* 0: none held */
    int64_t lease_until_ms; /* of the estate's clock; when our lease ends at the latest */
    int64_t beat_at_ms;     /* the latest renewal; INT64_MIN: none */
    struct dr_prng jitter;
    /* a step that did not reach its expected result is not repeated at once */
    char failed_id[96];
    uint32_t failures;
    int64_t again_at_ms;
    char said_goal[160];
    size_t said_actions;
    char said_wait[512];
};

int64_t dr_actor_now(const struct dr_actor *x);
void dr_actor_say(struct dr_actor *x, const struct dr_event *e);
void dr_actor_note(struct dr_actor *x, enum dr_event_kind kind, const char *fmt, ...)
    DR_PRINTF(3, 4);

/* ---- authority.c ---- */
enum dr_authority_state {
    DR_AUTHORITY_HELD,
    DR_AUTHORITY_TAKEN,    /* just now: facts must be read again */
    DR_AUTHORITY_NONE_YET, /* no ledger has its table: nothing to hold */
    DR_AUTHORITY_OTHERS,   /* a living holder has the lease */
    DR_AUTHORITY_WAIT      /* a ledger is not known, or a race was lost */
};
enum dr_authority_state dr_authority_ensure(struct dr_actor *x, const char **why);
/* Renews the lease (and beats) when a third of it is gone, or when `now` is asked. False:
 * authority was lost. */
bool dr_authority_renew(struct dr_actor *x, bool force);
void dr_authority_leave(struct dr_actor *x);
struct dr_authority dr_authority_for(const struct dr_actor *x, size_t cluster);

/* ---- step.c ---- */
/* Makes one group of ready steps (all of one rule). Out: how it went, for the round. */
int dr_step_group(struct dr_actor *x, struct dr_round *out,
                  struct dr_err *err) DR_MUST_CHECK;

#endif
