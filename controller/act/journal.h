/* The journal: a record for people of what drover intended, did and saw. One SQLite file
 * in the state folder, appended to and never changed; each append is on disk before the
 * call returns. Each row carries the SHA-256 over the hash of the row before and its own
 * text, so that a changed, removed or inserted row shows. Beside it `journal.head` notes
 * the last row, so that a tail that was cut off shows, too. Whoever can write both can
 * forge both: only a head that was noted elsewhere (dr_journal_verify) shows that.
 *
 * It is never a second truth: no decision reads it. A damaged file is moved aside, an
 * empty one takes its place, and the first row of that says so and goes on with numbers
 * and chain from the last row that is known. A row changed by hand is said, recorded and
 * left as it is: the journal goes on behind it.
 *
 * The journal stores what it is given: secrets never reach it, because the texts come
 * from plans and errors, which hold none. Text is stored as valid UTF-8; other bytes
 * become U+FFFD. Any threads may share a handle; several processes may read while one
 * writes. */
#ifndef DR_ACT_JOURNAL_H
#define DR_ACT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/arena.h"
#include "controller/base/err.h"

struct dr_journal;

enum dr_journal_kind {
    DR_JOURNAL_INTENT = 1, /* about to act */
    DR_JOURNAL_OUTCOME,    /* how an intent ended */
    DR_JOURNAL_EVENT,      /* something worth knowing happened */
    DR_JOURNAL_KIND_COUNT_
};

enum dr_journal_outcome {
    DR_JOURNAL_NONE, /* of an intent or event */
    DR_JOURNAL_DONE,
    DR_JOURNAL_REFUSED, /* proven without effect */
    DR_JOURNAL_FAILED,
    DR_JOURNAL_UNKNOWN, /* no answer; resolved by observing, which gives another outcome
                         */
    DR_JOURNAL_OUTCOME_COUNT_
};

const char *dr_journal_outcome_name(enum dr_journal_outcome outcome); /* "done", ..; "" */

/* One row, given or read. NULL text is stored as absent. What is longer than
 * DR_JOURNAL_TEXT_MAX is cut with an ellipsis. */
struct dr_journal_entry {
    int64_t
        id; /* without gaps; a new file after damage goes on counting; given: ignored */
    int64_t time_ms; /* wall clock, milliseconds since 1970: for people only */
    uint64_t cycle;  /* number of the reconcile round */
    const char *topology;
    const char *revision; /* of the declaration */
    const char *digest;   /* of the plan */
    const char *rule;
    const char *action; /* id of the action in the plan */
    const char *verb;
    const char *target;
    const char *why;
    const char *precondition;
    const char *approval;      /* who or what allowed it */
    enum dr_journal_kind kind; /* given: ignored */
    int64_t intent_id;         /* outcome: of which intent; else 0; given: ignored */
    enum dr_journal_outcome outcome; /* given: ignored by intent and event */
    const char *text;                /* intent: what is done, for people; outcome, event:
                                      * what happened */
    const char *holder;              /* which process start acted: "host:pid:random" */
    uint64_t epoch;                  /* under which it acted; 0: none */
    char prev[65], hash[65];         /* hex; given: ignored */
};

enum { DR_JOURNAL_TEXT_MAX = 16384 };

/* What opening (or an append) found. Texts are for people; empty: nothing to say. */
struct dr_journal_report {
    bool moved_aside;  /* the file was damaged and is now `moved_to` */
    bool chain_broken; /* a row was changed, removed or inserted: `broken_id` is the first
                        * that does not fit. The journal is kept and goes on. */
    bool cut_off;      /* rows at its end, or all of it, are gone */
    int64_t broken_id;
    int64_t rows;
    char moved_to[512];
    char text[2048]; /* all of this, in a line each */
};

/* Opens or makes DIR/journal.db and checks the whole chain; what it finds is recorded in
 * the journal itself, once.  dir: an existing folder.  now_ms: wall clock, for those
 * rows.  Out: owned (dr_journal_close).  Fails: DR_E_IO, DR_E_DENIED, DR_E_INPUT (a newer
 * format: refused, never touched), DR_E_CONFLICT (another program holds it).  Blocks:
 * local disk, up to 5 s for another writer. */
int dr_journal_open(struct dr_journal **out, const char *dir, int64_t now_ms,
                    struct dr_err *err) DR_MUST_CHECK;

/* Opens for reading beside a writer; changes nothing (an empty log and SQLite's index of
 * it may stay behind, of the file's owner), moves nothing aside and checks no
 * chain (dr_journal_verify does).
 * Fails: DR_E_ABSENT (there is none), DR_E_IO (damaged), as above. */
int dr_journal_open_reader(struct dr_journal **out, const char *dir,
                           struct dr_err *err) DR_MUST_CHECK;

void dr_journal_close(struct dr_journal *j); /* NULL is fine */

/* What opening found; an append that met damage and moved the file aside changes it. */
void dr_journal_report(struct dr_journal *j, struct dr_journal_report *out);

/* The report's text when it says something that this call has not given yet. */
bool dr_journal_news(struct dr_journal *j, char text[2048]);

/* Records that `e` is about to be done. On disk when this returns 0; when it fails the
 * act must not be done.  Out: *id for dr_journal_outcome.  Fails: DR_E_IO (disk full,
 * too), DR_E_CONFLICT (locked for 5 s). Repeats: not safe (a second row). */
int dr_journal_intent(struct dr_journal *j, const struct dr_journal_entry *e, int64_t *id,
                      struct dr_err *err) DR_MUST_CHECK;

/* Records how intent `id` ended, at time_ms. An intent may have several outcomes, the
 * last one counts (unknown, then done by observing). The row repeats the intent's
 * topology, revision, cycle, action, verb and target, so that it reads alone. Fails:
 * DR_E_ABSENT (no such intent, or the journal was moved aside since; the event that says
 * so is recorded instead), DR_E_IO, DR_E_CONFLICT. */
int dr_journal_outcome(struct dr_journal *j, int64_t id, int64_t time_ms,
                       enum dr_journal_outcome outcome, const char *text,
                       struct dr_err *err) DR_MUST_CHECK;

/* Records an event. On disk when this returns 0. */
int dr_journal_event(struct dr_journal *j, const struct dr_journal_entry *e,
                     struct dr_err *err) DR_MUST_CHECK;

/* Which rows to read. */
struct dr_journal_filter {
    const char *topology; /* NULL: all */
    int64_t after_id;     /* only rows with a greater id; 0: all */
    int64_t since_ms;     /* only rows of this moment or later; 0: all */
    bool deeds;           /* no outcomes: dr_journal_outcomes_of gives those */
    uint32_t limit;       /* the newest so many; 0: 1,000 */
    bool open_intents; /* only intents without an outcome, or whose last one is unknown:
                        * what a crash left */
};

/* Rows in the order of their ids, owned by the arena. */
int dr_journal_read(struct dr_journal *j, struct dr_arena *a,
                    const struct dr_journal_filter *filter,
                    const struct dr_journal_entry **rows, size_t *count,
                    struct dr_err *err) DR_MUST_CHECK;

/* Whether a row that was read carries the hash of what it says. */
bool dr_journal_fits(const struct dr_journal_entry *e);

/* The last row's id and hash: kept elsewhere, it proves later that nothing was cut off.
 * An empty journal: id 0 and 64 zeros. */
int dr_journal_head(struct dr_journal *j, int64_t *id, char hash[65],
                    struct dr_err *err) DR_MUST_CHECK;

/* All outcomes of one intent, in order. As dr_journal_read. */
int dr_journal_outcomes_of(struct dr_journal *j, struct dr_arena *a, int64_t intent_id,
                           const struct dr_journal_entry **rows, size_t *count,
                           struct dr_err *err) DR_MUST_CHECK;

/* What recomputing the chain gave. */
struct dr_journal_proof {
    int64_t rows, first_id, last_id; /* first_id > 1: what was before is pruned, or in a
                                      * file that was moved aside */
    char hash[65];                   /* of the last row */
    int64_t broken_id;               /* 0: all fits; else the first row that does not */
    size_t broken_count;             /* rows that do not fit */
    bool damaged;    /* the file is: not all of it can be read, or not be trusted */
    char text[2048]; /* what does not fit, and what can be read, in a line each */
};

/* Recomputes the chain from the first row, and checks every page of the file.  head_id,
 * head_hash: a head noted earlier that must still be in it (0, NULL: none; the one in
 * `journal.head` always must). */
int dr_journal_verify(struct dr_journal *j, int64_t head_id, const char *head_hash,
                      struct dr_journal_proof *out, struct dr_err *err) DR_MUST_CHECK;

/* How long rows are kept. 0: without that limit. */
struct dr_journal_retention {
    int64_t age_ms;
    uint64_t size_bytes;
};

enum { DR_JOURNAL_SEGMENT = 1000 };

/* Removes the oldest rows that need not be kept, as whole segments: rows 1..1000,
 * 1001..2000, and so on, each only when rows behind it exist and none of its intents is
 * open. One transaction removes a segment and appends a row that names its last row and
 * that one's hash, so that the chain stays provable. Of segments that are too old at most
 * one goes in a call: a clock that jumped must not cost all of the record. Nothing is
 * removed while a row does not fit: it is evidence.  Out: *removed rows (0: none). */
int dr_journal_prune(struct dr_journal *j, const struct dr_journal_retention *keep,
                     int64_t now_ms, int64_t *removed, struct dr_err *err) DR_MUST_CHECK;

#endif
