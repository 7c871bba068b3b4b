/* The inside of an actor, shared by the files of act/. */
#ifndef DR_ACT_ACTOR_H
#define DR_ACT_ACTOR_H

#include "controller/act/act.h"
#include "controller/act/fights.h"
#include "controller/base/prng.h"

/* Until the next look: while nothing is to be done, and while something is awaited. */
enum { DR_QUIET_MS = 10000, DR_SOON_MS = 1000 };
enum { DR_LOOKED_MAX = 1536 }; /* a way out is a recipe: it is not cut */

/* What a renewal of the lease needs to know of a cluster; and the one that goes out with
 * the reads of a round. */
struct dr_beat_known {
    uint64_t cluster_id; /* 0: its ledger was not read */
    uint64_t tso;        /* as read at at_ms of the estate's clock */
    int64_t tso_from_ms; /* when it was handed out, at the earliest */
    int64_t at_ms;
    struct dr_last_seen seen;
    const char *origin;  /* of the heartbeat; NULL: none there */
    struct dr_call call; /* borrowed by the estate while the ticket is open */
    uint64_t ticket;     /* 0: not open */
    bool sent;           /* in this round */
    int64_t from_ms;     /* when the lease begins that it writes, at the earliest */
    enum dr_outcome outcome;
    enum dr_code code;
    bool refused;      /* the latest renewal there, and not for the epoch */
    int64_t reread_ms; /* when that had the account's rights asked for again */
};

struct dr_actor {
    struct dr_actor_options o;
    struct dr_estate *guard; /* management is Observe: nothing mutating passes but what is
                                owed; else NULL */
    struct dr_observer *observer;
    struct dr_arena *cycle;       /* plan and texts of this round */
    struct dr_arena *step;        /* a step's own copies: outlives no step */
    struct dr_arena *lasting;     /* as long as the actor */
    struct dr_plan *approved;     /* ids of its steps; NULL: none was asked for */
    struct dr_approval_row *word; /* used, but no ledger holds it yet; NULL: none */
    bool word_once;               /* it is the document's */
    const struct dr_facts *facts;
    bool owes;         /* as dr_actor_owes says */
    int64_t ending_ms; /* asked to stop: when it does, whatever it owes; 0: not asked */
    struct dr_plan_input input;
    struct dr_fights fights;
    struct dr_last_seen seen;        /* all that was, by this process or a ledger */
    uint32_t open_looks;             /* in a row that showed the secondary open */
    struct dr_lineage_known lineage; /* in `lasting` */
    struct dr_plan *plan;
    uint64_t round;
    /* authority */
    uint64_t epoch;          /* 0: none held */
    int64_t *lease_until_ms; /* per cluster, of the estate's clock: until when our lease
                              * stands in its ledger at least; INT64_MIN: not known to */
    struct dr_beat_known *beats; /* per cluster */
    bool at_rest;           /* the latest round held authority, and had nothing to do */
    int64_t beat_at_ms;     /* the latest renewal; INT64_MIN: none */
    int64_t others_left_ms; /* of the lease that another holder was seen to have */
    int64_t
        newer_since_ms; /* when the declaration was first newer; INT64_MIN: it is not */
    int64_t half_since_ms; /* another holds some of the leases, not all; INT64_MAX: no */
    struct dr_prng jitter;
    bool resolved; /* no intent of an earlier process or of unknown outcome is open */
    /* a step that did not reach its expected result is not repeated at once */
    char failed_id[96];
    char failed_text[DR_ERR_TEXT_MAX]; /* how it went */
    uint32_t failures;
    int64_t again_at_ms;
    char said_goal[160];
    size_t said_actions;
    char said_wait[DR_LOOKED_MAX];
    int hopeless; /* looks in a row whose reason no waiting removes */
    char
        looked[DR_LOOKED_MAX]; /* the reason that the latest look gave, its way out too */
};

/* ---- look.c ---- */
/* Observes and plans anew. What pointed into facts, plan or `cycle` is gone. */
void dr_actor_refresh(struct dr_actor *x);
int64_t dr_actor_now(const struct dr_actor *x);

/* ---- say.c ---- */
void dr_actor_say(struct dr_actor *x, const struct dr_event *e);
/* .. and into the journal. */
void dr_actor_note(struct dr_actor *x, enum dr_event_kind kind, const char *fmt, ...)
    DR_PRINTF(3, 4);
/* Of a round: what changed, once; what began and what ended. */
void dr_actor_say_changes(struct dr_actor *x, const struct dr_round *out);
void dr_actor_say_conditions(struct dr_actor *x);

/* ---- authority.c ---- */
enum dr_authority_state {
    DR_AUTHORITY_HELD,     /* in every ledger that answers */
    DR_AUTHORITY_TAKEN,    /* just now: facts must be read again */
    DR_AUTHORITY_NONE_YET, /* no ledger has its table: nothing to hold */
    DR_AUTHORITY_OTHERS,   /* a living holder has the lease */
    DR_AUTHORITY_WAIT      /* no ledger is known, or a race was lost */
};
enum dr_authority_state dr_authority_ensure(struct dr_actor *x, const char **why);
/* At the begin of a round, beside its reads: renews the lease and beats, when nothing
 * else is expected. The epoch in the statement's WHERE is checked by the server itself.
 * `settle` waits for what is open, before anything is decided. */
void dr_authority_beat_ahead(struct dr_actor *x);
void dr_authority_beaten_ahead(void *actor, struct dr_reply *stray);
void dr_authority_settle(struct dr_actor *x);
/* Renews the lease (and beats) when a third of it is gone, or when `now` is asked. False:
 * authority was lost. */
bool dr_authority_renew(struct dr_actor *x, bool force);
void dr_authority_leave(struct dr_actor *x);
/* Whether the lease stands in that cluster's ledger for longer than a step takes to be
 * sent. */
bool dr_authority_lasts(const struct dr_actor *x, size_t cluster);
/* The call that renews the lease, for whoever waits for something else meanwhile. Out:
 * when the lease begins that it writes, by the estate's clock, at the earliest. */
int64_t dr_authority_beat(struct dr_actor *x, size_t cluster, int64_t lease_ms,
                          struct dr_call *call);
/* What its reply means, with what dr_authority_beat said of this very call; false:
 * authority was lost. */
bool dr_authority_beaten(struct dr_actor *x, size_t cluster, int64_t from_ms,
                         const struct dr_reply *r);
void dr_authority_lose(struct dr_actor *x); /* the next round takes over anew */
struct dr_authority dr_authority_for(const struct dr_actor *x, size_t cluster);

/* ---- older.c ---- */
/* Ends all sessions of drover's account that were there at first, on every tidb-server
 * that the cluster lists, declared or not. True: none is left. Out: why one may be. */
bool dr_authority_end_older(struct dr_actor *x, size_t cluster, const char **why);
/* Ends one session, unless it runs the statement that begins with the word `spared`
 * (NULL: none is spared). True: it is seen gone, or seen at that work. */
bool dr_authority_end_session(struct dr_actor *x, size_t cluster, const char *instance,
                              uint64_t id, const char *spared);

/* ---- resolve.c ---- */
/* Gives open intents of the journal the outcome that the latest look shows. */
void dr_actor_resolve(struct dr_actor *x);

/* ---- approval.c ---- */
enum dr_word_state {
    DR_WORD_GO_ON, /* the rows are as they should be */
    DR_WORD_WROTE, /* a row was written or cleared: look again */
    DR_WORD_WAIT   /* it could not be: *why */
};
/* Brings the rows about approvals up to date, before any step: a word that is used is
 * taken, the ledgers note that it was, one that is spent is cleared. Fails: the journal
 * cannot be written. */
int dr_word_keep(struct dr_actor *x, enum dr_word_state *out, const char **why,
                 struct dr_err *err) DR_MUST_CHECK;
/* Whether a word covers this step, which needs one. */
bool dr_word_covers(const struct dr_actor *x, const struct dr_action *a);
/* Whether an action of the journal is about such a row, and is observed to be done. */
bool dr_word_action(const struct dr_actor *x, const char *action, bool *done);
/* Who allowed it, for the journal; NULL: nobody had to. */
const char *dr_word_text(const struct dr_actor *x, const struct dr_action *a);

/* ---- step.c ---- */
/* Makes one group of ready steps (all of one rule). Out: how it went, for the round. */
int dr_step_group(struct dr_actor *x, struct dr_round *out,
                  struct dr_err *err) DR_MUST_CHECK;

#endif
