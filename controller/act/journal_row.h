/* Inside of the journal: its one table, a row's canonical bytes and its place in the
 * chain. Only journal*.c include this. */
#ifndef DR_ACT_JOURNAL_ROW_H
#define DR_ACT_JOURNAL_ROW_H

#include <pthread.h>
#include <sqlite3.h>

#include "controller/act/journal.h"
#include "controller/base/digest.h"

enum {
    DR_JOURNAL_FORMAT = 2,                  /* PRAGMA user_version; 1: without holder */
    DR_JOURNAL_APPLICATION_ID = 0x44527672, /* "DRvr" */
    DR_JOURNAL_NUMBERS = 6,                 /* id time_ms cycle kind intent_id outcome */
    DR_JOURNAL_TEXTS = 11,
    /* then prev, hash, and those of format 2: holder, epoch */
    DR_JOURNAL_COLUMNS = DR_JOURNAL_NUMBERS + DR_JOURNAL_TEXTS + 4,
    DR_JOURNAL_BROKEN_MAX = 8,
    DR_JOURNAL_REPORT_TEXT = 2048,
};

/* Numbers that rows can have, and those that are believed of a row that is gone: nobody
 * gets from one to the other. */
#define DR_JOURNAL_ID_END      (INT64_C(1) << 53)
#define DR_JOURNAL_ID_BELIEVED (INT64_C(1) << 52)

struct dr_journal_head {
    int64_t id; /* 0: none is known */
    char hash[DR_SHA256_HEX];
};

struct dr_journal {
    pthread_mutex_t lock; /* guards all that follows; taken by the public functions */
    sqlite3 *db;          /* NULL: a new file could not be begun after damage */
    char *path, *dir, *head_path;
    bool reader;
    int64_t format; /* of the file */
    sqlite3_stmt *insert, *last, *begin, *commit, *rollback;
    struct dr_journal_head known; /* the last row as far as known */
    int head_fd;                  /* journal.head; -1: not open */
    struct dr_arena *scratch;     /* of one opening */
    struct dr_journal_report report;
    bool news; /* the report's text was not given yet */
};

/* Verbs of the journal's own events: what stands in `target` and `digest`. */
#define DR_JOURNAL_BEGIN   "journal.begin"   /* "row N", its hash: what came before */
#define DR_JOURNAL_PRUNE   "journal.prune"   /* "row N", its hash: removed up to there */
#define DR_JOURNAL_CHANGED "journal.changed" /* "row N": does not fit */
#define DR_JOURNAL_CUT     "journal.cut"     /* "row N", its hash: missing */

/* The statements that make the table and its guards, the guard against `verb` ("delete"),
 * and the list of its columns. */
const char *dr_journal_schema(struct dr_arena *a);
const char *dr_journal_guard(struct dr_arena *a, const char *verb);
const char *dr_journal_columns(struct dr_arena *a, const char *prefix, int64_t format);

/* The row's hash from its fields and e->prev. */
void dr_journal_hash(const struct dr_journal_entry *e, char hash[DR_SHA256_HEX]);

/* Fields to and from a statement whose columns are dr_journal_columns, in that order.
 * Fetching gives false when a text holds what drover never writes. */
int dr_journal_bind(sqlite3_stmt *s, const struct dr_journal_entry *e);
bool dr_journal_fetch(struct dr_arena *a, sqlite3_stmt *s, struct dr_journal_entry *e);

/* An SQLite result as an error of ours, saying what was tried. */
int dr_journal_fail(const struct dr_journal *j, int rc, const char *what,
                    struct dr_err *err);

/* True when the file itself is damaged. */
bool dr_journal_is_damage(int rc);

/* The chain from the first row. */
struct dr_journal_walk {
    struct dr_journal_head given[2]; /* heads noted earlier; id 0: none */
    bool seen[2];                    /* it is in the chain, or was pruned */
    int64_t rows, first_id, last_id;
    char first_prev[DR_SHA256_HEX]; /* what the first row follows */
    char last_hash[DR_SHA256_HEX];
    bool anchored; /* a row names what the first row follows */
    int64_t broken_ids[DR_JOURNAL_BROKEN_MAX]; /* the first of them */
    size_t broken_count;
};

/* Walks all rows; w->given is input. SQLite's result; what was read before an error
 * stands in *w. */
int dr_journal_walk(struct dr_journal *j, struct dr_journal_walk *w);

/* A row in a line, for people. */
const char *dr_journal_line(struct dr_arena *a, const struct dr_journal_entry *e);

/* The row `id`; SQLITE_DONE: there is none. */
int dr_journal_get(struct dr_journal *j, struct dr_arena *a, int64_t id,
                   struct dr_journal_entry *out);

/* Lines about what does not fit in the walk; nothing when all fits. */
struct dr_buf;
void dr_journal_say_walk(struct dr_journal *j, const struct dr_journal_walk *w,
                         struct dr_buf *out);

/* ---- journal.c, for journal_*.c; the lock is held ---- */

int dr_journal_run(struct dr_journal *j, const char *sql);
/* The first column of the first row as a number; 0 when there is none. */
int dr_journal_ask(struct dr_journal *j, const char *sql, int64_t *value);
/* One row, on disk at the end, or, inside a transaction, part of it. */
int dr_journal_append(struct dr_journal *j, const struct dr_journal_entry *e,
                      int64_t *id);
int dr_journal_append_within(struct dr_journal *j, const struct dr_journal_entry *e,
                             int64_t *id);
/* Opens the file as it is, checks it, walks its chain (not a reader). SQLite's result. */
int dr_journal_attach(struct dr_journal *j, bool *newer, struct dr_journal_walk *w);
void dr_journal_detach(struct dr_journal *j);
/* Makes the file when there is none. *was_empty: there was one, without a byte. An errno.
 */
int dr_journal_make_file(struct dr_journal *j, bool *was_empty);

/* ---- journal_damage.c ---- */

/* journal.head: best effort both ways; what is no head is none. */
void dr_journal_head_load(const struct dr_journal *j, struct dr_journal_head *out);
void dr_journal_head_note(struct dr_journal *j);
/* Puts an empty journal in the place of the damaged one. */
int dr_journal_replace(struct dr_journal *j, int64_t now_ms, struct dr_err *err);
/* A new file in the place of one that is gone; its first row says j->report.text. */
int dr_journal_begin_anew(struct dr_journal *j, int64_t now_ms, struct dr_err *err);
/* What the walk of an opening found, into the report and the journal. */
void dr_journal_record(struct dr_journal *j, const struct dr_journal_walk *w,
                       int64_t now_ms);

#endif
