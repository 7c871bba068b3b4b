/* The decision: plan = f(desired, facts, revision, policy). Pure: no I/O, no clock, no
 * randomness, no globals; everything reachable from the inputs is const. The same inputs
 * give the same bytes.
 *
 * All rules are matched against one frozen snapshot; nothing is applied while matching.
 * The plan lists every step that is still missing, in order; only the first group of them
 * is `ready`, because each step's result is observed before the next is planned. */
#ifndef DR_PLAN_PLAN_H
#define DR_PLAN_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/buf.h"
#include "controller/facts/call.h"
#include "controller/facts/facts.h"
#include "spec/topology.h"

enum dr_truth { DR_FALSE, DR_TRUE, DR_UNSURE };

enum { DR_DIGEST_TEXT = 65 };

/* What the source's history says of a revision on which a ledger has agreed. */
struct dr_lineage {
    const char *agreed;     /* as the term row has it */
    enum dr_truth descends; /* the declaration's revision is it, or descends from it */
};

/* What drover put right and somebody undid, too often: act/fights.h. */
struct dr_fight {
    uint16_t rule, cluster;
    uint32_t count;       /* corrections */
    int64_t corrected_ms; /* wall clock: the last of them */
    int64_t undone_ms;    /* when it was seen undone after that */
};

struct dr_plan_input {
    const struct dr_topology *topology;
    const struct dr_facts *facts;
    const char *revision; /* commit id, "dir:<hash>" or "file:<hash>"; with `removed` the
                           * one that no longer has the document */
    const struct dr_lineage
        *lineage; /* of commits; one that is not here is no ancestor */
    size_t lineage_count;
    const char
        *where; /* the words of a command line that mean the document; NULL: PATH */
    bool as_committed; /* a file or folder is taken as newer than the commit agreed on:
                        * only to look, never to act */
    size_t fight_count;
    const struct dr_fight *fights; /* their steps are left out: DR-B068 asks */
    bool removed;  /* the document left its source: only obligations are discharged */
    bool ending;   /* whoever acts is asked to stop: only what was begun is ended */
    bool unworded; /* the next step needs a word that nobody gave: only what was begun is
                    * ended */
    bool
        approve[DR_RISK_COUNT]; /* risks that need a word, beside those of the document */
};

/* One step. Strings are owned by the plan's arena or static. */
struct dr_action {
    uint16_t rule;       /* id of its rule row */
    const char *id;      /* "190/west": rule and subject, stable */
    const char *name;    /* of the rule: "restore" */
    const char *subject; /* "west", "east -> west" */
    const char *what;    /* "restore the backup into west" */
    const char *why, *precondition, *expect, *undo;
    enum dr_risk risk;
    int64_t predicted_ms; /* 0: not known */
    const char
        *predicted; /* where it grows with the data, in words; NULL: predicted_ms */
    bool
        needs_approval; /* policy.approve, of the document or around it, names its risk */
    /* May be made while a later step waits for its word: a row of the ledger's own
     * bookkeeping, what drover owes, what somebody changed of a made pair. */
    bool precedes;
    bool uncovered; /* .. and the digest does not speak of it: bookkeeping */
    bool unsure;    /* whether it is missing is not known; never ready */
    bool corrects;  /* it puts right what somebody changed */
    bool ready;     /* `call` is complete and may be made now */
    bool owed;      /* it ends what drover began: no word is asked for */
    struct dr_call call;
    bool compares; /* not a call: both sides are compared at the TSO of the call */
    bool compares_carried; /* .. but only what the declared feed carries */
    uint64_t compare_generation;
};

/* Why nothing can be done now, and what would help. */
struct dr_blocker {
    const char *code; /* "DR-B040" */
    const char *subject;
    const char *fact; /* what was seen */
    const char *rule; /* what must hold instead */
    const char *way_out;
    struct dr_mark mark; /* of the declaration; file NULL: none */
};

/* What one check said of one cluster. */
struct dr_check_answer {
    const char *code, *subject;
    size_t cluster;
    enum dr_truth holds;
    bool past;           /* it is no longer asked: `fact` says why */
    bool told;           /* it does not hold, and policy.drift lets it be: no blocker */
    const char *fact;    /* what was seen, or is not known; "": nothing worth a word */
    enum dr_code reason; /* unsure: why the fact is unknown; 0: not a failed read */
    const char *rule, *way_out;
    struct dr_mark mark;
};

/* A fact or a running thing the plan waits for. */
struct dr_waiting {
    const char *subject, *what;
    const char *code;    /* of the check that needs the fact; NULL: a step needs it */
    enum dr_code reason; /* why the fact is unknown; 0: not a failed read */
    const char *way_out; /* NULL with code NULL: it ends by itself */
    int64_t retry_ms;    /* look again after this */
    bool runs;           /* its end is waited for, however long it takes */
    bool for_window;     /* policy.windows is closed: waiting a little does not help */
};

/* What somebody changed: left as it is until a person says what is meant. */
struct dr_question {
    const char *subject, *what;
    const char *answer; /* how it is said */
    const char *key;    /* the class of drift that it is of; "" where a check tells it */
    bool urgent;        /* it comes before all else that is told, the blockers, too */
};

/* One part of "protected". */
struct dr_protection {
    const char *name; /* "feed", stable */
    enum dr_truth holds;
    const char *text; /* what is, or what is missing */
    const char *help; /* it does not hold: what to do; NULL: the plan says it */
    bool early;       /* not known only because one look cannot tell */
};

/* One thing that the digest covers: "predicate fenced west" is "no". All strings are
 * borrowed from the plan, the topology and the tables; kind, key and subject name it. */
struct dr_plan_part {
    const char *kind;    /* "declaration", "goal", "check", "predicate", "step" */
    const char *key;     /* "DR-B041", "fenced", "190/west"; "" */
    const char *subject; /* a cluster; "" */
    const char *text;    /* of key, for people */
    const char *value;
};

/* The word for this plan, if there is one. It is no part of the digest. */
enum dr_approval_state {
    DR_APPROVAL_NONE,
    DR_APPROVAL_GIVEN, /* for this very plan; not used yet */
    DR_APPROVAL_TAKEN  /* in use: it allows all of this plan that needs a word */
};
struct dr_plan_approval {
    enum dr_approval_state state;
    const char *by;     /* "drover@10.0.0.7", "the document" */
    const char *digest; /* of the plan that was approved */
    uint64_t until;     /* TSO of the primary */
    bool document;      /* it stands in the document, which does not change by its use */
    bool spent;         /* the ledger's row allows nothing any more: it can be cleared */
};

enum dr_plan_state {
    DR_PLAN_CONVERGED,
    DR_PLAN_ASKING, /* no step is missing but what a question is about */
    DR_PLAN_STEPS,
    DR_PLAN_WAITING,
    DR_PLAN_BLOCKED
};

struct dr_plan {
    const char *topology, *revision;
    const char *goal; /* "bootstrap east -> west", "keep east -> west", "end of care" */
    enum dr_plan_state state;
    /* management is Observe: nothing is to be done; actions and blockers are what
     * managing the topology would need */
    bool observing;
    /* it is blocked, but the pair is made, and what blocks casts no doubt on clusters and
     * ledgers: lease and heartbeat are kept, by whoever has them or nobody had them */
    bool keeps;
    bool older; /* DR-B026: a ledger has agreed on what this is not, nor descends from */
    bool newer; /* proved to be newer than what a ledger has agreed on, and says other
                 * things: whoever acts on that one is behind */
    bool notes_newer; /* .. and the step that is ready writes it down */
    size_t action_count, blocker_count, waiting_count, question_count, notice_count,
        protection_count;
    struct dr_action *actions;
    struct dr_blocker *blockers;
    struct dr_waiting *waitings;
    struct dr_question *questions;
    const char **notices; /* worth knowing, nothing to be done */
    const char *
        *notice_ids; /* of each: what it is about, the same while its text moves */
    struct dr_protection *protections;
    enum dr_truth is_protected;
    /* A changefeed is not listed, and that it is gone is not proven: that takes three
     * looks over ten seconds at one healthy owner. */
    bool left_paused; /* a changefeed stands still because drover paused it, and may be
                       * resumed */
    bool absence_open;
    size_t answer_count;
    struct dr_check_answer *answers; /* in the order of the checks */
    size_t part_count;
    /* until the primary no longer keeps what the feed has to carry; -1: not known, 0: it
     * is lost */
    int64_t history_left_ms;
    struct dr_plan_approval approval;
    struct dr_plan_part *parts; /* all that the digest covers (digest.c) */
    char digest[DR_DIGEST_TEXT];
};

/* Never fails: what it cannot decide is blocked or waits. Takes microseconds. */
struct dr_plan *dr_plan_build(const struct dr_plan_input *in, struct dr_arena *a);

/* The source's history: whether `revision` is `agreed` or descends from it. NULL: the
 * source has none. */
struct dr_history {
    enum dr_truth (*descends)(void *arg, const char *revision, const char *agreed);
    void *arg;
};

/* Fills in->lineage for the revisions on which the ledgers in in->facts have agreed, by
 * the source's history. known: the answers of earlier calls about the same in->revision
 * (zeroed before the first), which live as long as in->lineage is used: history does not
 * change behind a revision. */
struct dr_lineage_known {
    struct dr_lineage items[2]; /* one a cluster */
};
void dr_plan_trace(struct dr_plan_input *in, struct dr_lineage_known *known,
                   struct dr_history history, struct dr_arena *a);

/* What a ledger notes when it agrees on this declaration: the commit, or, where the
 * source has no history, "generation:N". */
const char *dr_plan_agreed_text(const struct dr_plan_input *in, struct dr_arena *a);

/* Whether a look a moment later may tell what this one cannot: only who looks more than
 * once sees a checkpoint rise. */
/* Whether the first step is missing at all is not known: what is listed is no plan yet,
 * and there is nothing to approve. */
bool dr_plan_is_dark(const struct dr_plan *p);
bool dr_plan_look_again(const struct dr_plan *p);

/* The latest checkpoint of the feed in work that is known, as TiCDC lists it or as a
 * ledger remembers it; and whether a ledger says that its secondary took writes since it
 * is made, and nobody has compared since. Out: *open_at: this look shows it so, at that
 * TSO; 0: it does not. */
struct dr_last_seen dr_plan_last_seen(const struct dr_plan_input *in, uint64_t *open_at,
                                      struct dr_arena *a);
/* Whether replication.compared answers for what was seen open. */
bool dr_plan_is_compared(const struct dr_plan_input *in, const struct dr_last_seen *seen,
                         struct dr_arena *a);

/* Whether the step's result is observed (its rule's `done` holds). */
enum dr_truth dr_plan_done(const struct dr_plan_input *in, const struct dr_action *action,
                           struct dr_arena *a);

/* What a predicate says of a cluster: "yes", "no", "unknown"; NULL: no such predicate or
 * cluster. */
const char *dr_plan_predicate(const struct dr_plan_input *in, const char *name,
                              const char *cluster, struct dr_arena *a);

/* Whether what is left of a plan goes on with what was approved: every action of `now` is
 * an action of `approved`, by rule and subject, or one that such an action may call for.
 * NULL: yes; else what is new. */
const char *dr_plan_continues(const struct dr_plan *approved, const struct dr_plan *now);

/* One line about what is waited for: codes, subject, fact. No line feed. */
void dr_plan_waiting_text(const struct dr_waiting *w, struct dr_buf *out);

/* Whether any of its steps waits for a word. */
bool dr_plan_needs_word(const struct dr_plan *p);

/* The digest of parts, as a plan carries it. */
void dr_plan_digest(const struct dr_plan_part *parts, size_t count,
                    char out[DR_DIGEST_TEXT]);

/* Renderings. Text has no colour; `wide` adds why, precondition, expect and undo. */
void dr_plan_text(const struct dr_plan *p, const struct dr_plan_input *in, bool wide,
                  struct dr_buf *out);
json_t *dr_plan_json(const struct dr_plan *p); /* new reference; formatVersion 1 */
void dr_plan_rules_text(struct dr_buf *out);   /* predicates, rules and checks */

/* What a blocker's code means, what is looked at, what to do; false: no such code. */
bool dr_plan_explain(const char *code, struct dr_buf *out);
/* The codes, in order; NULL at the end of them. */
const char *dr_plan_code(size_t i);
/* The ids of the rules, in order; 0 at the end of them. */
uint16_t dr_plan_rule(size_t i);

/* ---- names of a generation; the observer asks for the same ones ---- */
struct dr_generation {
    uint64_t n;
    const char *feed_id;       /* "orders-east-to-west-g1" */
    const char *backup, *redo; /* prefixes below the declared ones */
    bool planned;              /* an edge row carries it; else it is the next free one */
    uint64_t again; /* the generation whose removed feed it goes on from; 0: none */
    bool adopted;   /* it ran before: edges[].id. Generation 0: of somebody else;
                     * else one that drover made, and whose ledgers are gone */
};
/* The generation that a changefeed's id names, as drover makes them for the edge; 0: it
 * is no such id. */
uint64_t dr_generation_named(const struct dr_topology *t, size_t from, size_t to,
                             const char *id);
/* The generation in work from the first cluster to the second, or the next one: 1 + the
 * highest in any edge row + `skip` (prefixes found in use). */
struct dr_generation dr_generation_of(const struct dr_topology *t,
                                      const struct dr_facts *f, size_t from, size_t to,
                                      uint64_t skip, struct dr_arena *a);

/* The generation after that of a feed that somebody removed. */
struct dr_generation dr_generation_after(const struct dr_topology *t,
                                         const struct dr_facts *f, size_t from, size_t to,
                                         const struct dr_generation *removed,
                                         struct dr_arena *a);

/* Whether a step of it may be made now. */
bool dr_has_ready(const struct dr_plan *p);
/* Whether an approval names this step. */
bool dr_approval_names(const struct dr_approval_row *r, const struct dr_action *x);

/* Index of the primary and of the other cluster of the pair: as this topology's ledgers
 * say, whose highest term names the cluster that was opened last; where they say nothing,
 * or with facts NULL, as the document declares. What drover holds in a cluster, and what
 * runs out of it, does not move because a word of the document was edited. */
void dr_plan_pair(const struct dr_topology *t, const struct dr_facts *f, size_t *primary,
                  size_t *secondary);

#endif
