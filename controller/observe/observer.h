/* What the files of this folder share: the questions of an observer. Not for use outside
 * it. */
#ifndef DR_OBSERVE_OBSERVER_H
#define DR_OBSERVE_OBSERVER_H

#include "controller/observe/memory.h"
#include "controller/observe/observe.h"
#include "controller/plan/plan.h"

enum { WHY_MAX = 320 }; /* bytes of the reason why something is not known */

/* Hot: at each look; warm and cold: when older than the look allows; steady: hot until
 * bootstrap is behind us, then warm; a probe: as often as warm, whether it was answered
 * or not. */
enum tier { HOT, WARM, COLD, STEADY, PROBE };

#define RETIRED SIZE_MAX

/* What is kept of an answer: an error is not, but its text. */
struct kept {
    union dr_reply_as as;
    struct dr_ledger_group *ledger;
    uint64_t tso;
    enum dr_login_answer login;
    int64_t asked_ms;
    struct dr_arena *arena; /* owns it; NULL: never answered */
};

/* One question and its latest answer. */
struct question {
    enum dr_call_kind kind;
    enum tier tier;
    uint16_t cluster;
    const char *instance; /* NULL: any */
    const char *feed;     /* a changefeed that is not drover's; NULL: of no such one */
    bool behind;          /* the sink address: what answers there, seen as a client */
    size_t index;         /* of the instance; RETIRED: it is not listed any more */
    bool forgotten;       /* ask at the next look, whatever its age */
    int64_t asked_ms;     /* when last; INT64_MIN: never */
    int64_t again_ms;     /* not before this, unless forgotten */
    uint64_t ticket;      /* open; 0: none */
    struct dr_call call;  /* as asked */
    struct kept reply;
    struct dr_seen seen; /* its reason stands in `why` */
    char *why;           /* owned; NULL: not asked yet */
};

struct dr_observer {
    const struct dr_topology *t;
    struct dr_access *access;
    struct dr_estate *estate;
    struct dr_arena *lasting;
    struct dr_arena *cycle;     /* the snapshot and arguments of this look */
    struct dr_arena *replaced;  /* answers that an older snapshot may point into */
    struct question *questions; /* owned; none is added while one is open */
    size_t count, room;
    const char **readers; /* per cluster: the instance that is asked for the ledger */
    size_t *probes;       /* per cluster: how many endpoints are probed */
    const char *accounts[2];
    size_t account_count;
    bool everything;            /* also what no step needs now */
    struct dr_meanwhile beside; /* call NULL: nobody */
    int64_t began_ms;           /* the latest look */
    int64_t clocks_apart_ms;    /* wall and monotonic clock, at the latest look */
    struct dr_memory memory;
    struct dr_facts *facts; /* of the latest look */
};

/* The facts that decide on other questions: which generation is in work, and whether a
 * copy may run. */
struct focus {
    size_t from, to; /* primary and secondary */
    struct dr_generation gen;
    bool named;     /* by ledgers that are known: none, or this one */
    bool made;      /* the feed is made: bootstrap is behind us */
    bool sink_open; /* the sink row carries the generation */
    bool started;   /* a backup or restoring row stands */
    bool adopting;  /* somebody else's feed is to be drover's */
    /* The feed was removed, and the policy has it made anew: since when, and the redo
     * path of the next generation. */
    bool gone;
    int64_t gone_since_ms;
    const char *next_redo;
};

/* Sends one question; collect waits for all that are open, and keeps the answers. */
void dr_observer_ask(struct dr_observer *o, struct question *q);
void dr_observer_collect(struct dr_observer *o);
/* At most WHY_MAX - 1 bytes of it are kept; NULL: not asked yet. */
void dr_question_why(struct question *q, const char *why);

/* ---- which questions there are (questions.c) ---- */

/* The whole list, in the order in which they are asked. */
void dr_observer_make(struct dr_observer *o);
/* Questions to each instance, as the list of instances is now. Out: whether one is new.
 */
bool dr_observer_ask_instances(struct dr_observer *o, size_t c);
/* A question about each feed out of the primary that is not drover's: whether it writes
 * into a cluster at all. Of another namespace none can be asked. */
void dr_observer_ask_strangers(struct dr_observer *o, const struct focus *x);
/* Of an instance that the cluster lists no more: kept for the next one that comes. */
bool dr_question_retired(const struct question *q);
/* The question of that kind to a cluster; NULL: it is not asked. */
struct question *dr_observer_find(const struct dr_observer *o, enum dr_call_kind kind,
                                  size_t c);
/* ... to one of its instances; instance NULL: one to an instance that is gone. */
struct question *dr_observer_find_at(struct dr_observer *o, enum dr_call_kind kind,
                                     size_t c, const char *instance);

/* ---- what is asked in this look (focus.c) ---- */

struct focus dr_focus_of(struct dr_observer *o);
/* Whether a cluster's ledger is known to name no edge, or which. */
bool dr_focus_knows_edges(const struct dr_ledger_group *g);
/* Below a declared storage: what is looked at. */
const char *dr_focus_prefix(enum dr_store store, const struct focus *x);
/* busy: a step of bootstrap may be next. */
bool dr_question_is_old(const struct question *q, int64_t now_ms, bool busy);
bool dr_question_needs_focus(enum dr_call_kind kind);
/* Fills the arguments of a question that depends on the focus; false: not asked now. */
bool dr_question_aim(struct dr_observer *o, struct question *q, const struct focus *x);

/* ---- the snapshot (assemble.c) ---- */

/* Puts the answers, and what is remembered, into o->facts. */
void dr_observer_assemble(struct dr_observer *o, int64_t wall_ms);
struct dr_seen dr_question_seen(const struct dr_observer *o, const struct question *q);
/* Copies a known group and stamps it; an unknown one only carries the reason. */
#define TAKE(dst, src)                                                                   \
    do {                                                                                 \
        if (q->seen.known)                                                               \
            (dst) = *(src);                                                              \
        (dst).seen = dr_question_seen(o, q);                                             \
    } while (0)

/* ---- who reads the ledger (reader.c) ---- */

/* The instance that is asked for the ledger, and with it for its variables: the one that
 * answered last, while the cluster lists it. */
const char *dr_reader_of(struct dr_observer *o, size_t c);
/* Whether the variables that q asks for come with the ledger. */
bool dr_reader_brings(struct dr_observer *o, const struct question *q);
/* Where the ledger was not read, an instance that has just answered reads it; when none
 * has, the next look tries the next one. */
void dr_readers_change(struct dr_observer *o);

#endif
