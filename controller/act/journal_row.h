/* Inside of the journal: its one table, a row's canonical bytes and its place in the
 * chain. Only journal*.c include this. */
#ifndef DR_ACT_JOURNAL_ROW_H
#define DR_ACT_JOURNAL_ROW_H

#include <sqlite3.h>

#include "controller/act/journal.h"
#include "controller/base/digest.h"

enum {
    DR_JOURNAL_FORMAT = 1,                  /* PRAGMA user_version */
    DR_JOURNAL_APPLICATION_ID = 0x44527672, /* "DRvr" */
    DR_JOURNAL_NUMBERS = 6,                 /* id time_ms cycle kind intent_id outcome */
    DR_JOURNAL_TEXTS = 11,
    DR_JOURNAL_COLUMNS = DR_JOURNAL_NUMBERS + DR_JOURNAL_TEXTS + 2, /* prev, hash */
};

struct dr_journal {
    sqlite3 *db;
    char *path, *dir;
    bool reader;
    sqlite3_stmt *insert, *last, *begin, *commit, *rollback;
    int64_t last_id;          /* the highest given out or seen */
    struct dr_arena *scratch; /* of one opening */
    struct dr_journal_report report;
};

/* The statements that make the table and its guards, and the list of its columns. */
const char *dr_journal_schema(struct dr_arena *a);
const char *dr_journal_columns(struct dr_arena *a, const char *prefix);

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

/* The chain from the first row: the first row that does not fit (0: none), the last row,
 * and whether (head_id, head_hash) is in it. SQLite's result. */
struct dr_journal_walk {
    int64_t rows, last_id, broken_id;
    char last_hash[DR_SHA256_HEX];
    bool head_seen;
};
int dr_journal_walk(struct dr_journal *j, int64_t head_id, const char *head_hash,
                    struct dr_journal_walk *out);

#endif
