/* Opening, appending, and what happens when the file is damaged. Reading is in
 * journal_read.c, the shape of a row in journal_row.c. */
#include "controller/act/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/act/journal_row.h"
#include "controller/base/printable.h"

enum { BUSY_MS = 5000 };

bool dr_journal_is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

int dr_journal_fail(const struct dr_journal *j, int rc, const char *what,
                    struct dr_err *err)
{
    enum dr_code code = DR_E_IO;
    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
        code = DR_E_CONFLICT;
    else if ((rc & 0xff) == SQLITE_PERM || (rc & 0xff) == SQLITE_READONLY)
        code = DR_E_DENIED;
    int system = j->db ? sqlite3_system_errno(j->db) : 0;
    int out =
        dr_fail(err, code, "cannot %s the journal '%s': %s%s%s", what, j->path,
                sqlite3_errstr(rc), system ? ": " : "", system ? strerror(system) : "");
    if (err)
        err->foreign = rc;
    return out;
}

static int run(struct dr_journal *j, const char *sql)
{
    return sqlite3_exec(j->db, sql, NULL, NULL, NULL);
}

/* The first column of the first row as a number; 0 when there is none. */
static int ask(struct dr_journal *j, const char *sql, int64_t *value)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(j->db, sql, -1, &s, NULL);
    *value = 0;
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW)
            *value = sqlite3_column_int64(s, 0);
        if (rc == SQLITE_ROW || rc == SQLITE_DONE)
            rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    return rc;
}

/* SQLITE_OK or SQLITE_CORRUPT. */
static int quick_check(struct dr_journal *j)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(j->db, "pragma quick_check(1)", -1, &s, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW) {
            const char *text = (const char *)sqlite3_column_text(s, 0);
            rc = text && strcmp(text, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
        }
    }
    sqlite3_finalize(s);
    return rc;
}

static int settle(struct dr_journal *j)
{
    sqlite3_busy_timeout(j->db, BUSY_MS);
    sqlite3_extended_result_codes(j->db, 1);
    sqlite3_db_config(j->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_limit(j->db, SQLITE_LIMIT_ATTACHED, 0);
    int rc = run(j, "pragma trusted_schema = off; pragma cell_size_check = on;"
                    "pragma mmap_size = 0; pragma temp_store = memory;");
    if (rc || j->reader)
        return rc;
    return run(j, "pragma journal_mode = wal; pragma synchronous = full;");
}

/* Makes the table in a new file; says what an existing one is. *newer: made by a later
 * drover. SQLITE_NOTADB: a database, but no journal. */
static int shape(struct dr_journal *j, bool *newer)
{
    int64_t id = 0, version = 0, tables = 0;
    int rc = ask(j, "pragma application_id", &id);
    rc = rc ? rc : ask(j, "pragma user_version", &version);
    rc = rc ? rc : ask(j, "select count(*) from sqlite_schema", &tables);
    if (rc)
        return rc;
    *newer = id == DR_JOURNAL_APPLICATION_ID && version > DR_JOURNAL_FORMAT;
    if (*newer)
        return SQLITE_OK;
    if (tables == 0 && !j->reader) {
        rc = run(j, "begin immediate");
        rc = rc ? rc : ask(j, "select count(*) from sqlite_schema", &tables);
        if (rc == SQLITE_OK && tables == 0)
            rc = run(j, dr_journal_schema(j->scratch));
        int ended = run(j, rc ? "rollback" : "commit");
        return rc ? rc : ended;
    }
    return id == DR_JOURNAL_APPLICATION_ID && version == DR_JOURNAL_FORMAT
               ? SQLITE_OK
               : SQLITE_NOTADB;
}

static int prepare(struct dr_journal *j)
{
    struct dr_arena *a = j->scratch;
    char marks[3 * DR_JOURNAL_COLUMNS] = "?1";
    for (int i = 2; i <= DR_JOURNAL_COLUMNS; i++)
        snprintf(marks + strlen(marks), sizeof(marks) - strlen(marks), ",?");
    const struct {
        sqlite3_stmt **to;
        const char *sql;
    } all[] = {
        {&j->begin, "begin immediate"},
        {&j->commit, "commit"},
        {&j->rollback, "rollback"},
        {&j->last, "select id, hash from entry order by id desc limit 1"},
        {&j->insert, dr_sprintf(a, "insert into entry(%s) values(%s)",
                                dr_journal_columns(a, ""), marks)},
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof(all) / sizeof(all[0]); i++)
        rc = sqlite3_prepare_v3(j->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
                                all[i].to, NULL);
    return rc;
}

/* Makes the file, private and durable in its folder, when there is none: SQLite would
 * take the mode from the umask.  Out: *was_empty = there was one, without a byte: cut off
 * by somebody, or by a crash when it was made.  An errno, 0: it is there. */
static int make_file(struct dr_journal *j, bool *was_empty)
{
    struct stat st;
    *was_empty = false;
    int fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) {
        *was_empty = stat(j->path, &st) == 0 && st.st_size == 0;
        return 0;
    }
    if (fd < 0)
        return errno;
    close(fd);
    int dir = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int bad = dir < 0 || fsync(dir) != 0 ? errno : 0;
    if (dir >= 0)
        close(dir);
    return bad;
}

static void shut(struct dr_journal *j)
{
    sqlite3_stmt **all[] = {&j->insert, &j->last, &j->begin, &j->commit, &j->rollback};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        sqlite3_finalize(*all[i]);
        *all[i] = NULL;
    }
    sqlite3_close(j->db);
    j->db = NULL;
}

/* Opens the file as it is and walks it. SQLite's result; *newer as for shape(). */
static int attach(struct dr_journal *j, bool *newer)
{
    int flags = j->reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    struct dr_journal_walk w = {0};
    dr_arena_reset(j->scratch);
    int rc = sqlite3_open_v2(j->path, &j->db, flags | SQLITE_OPEN_FULLMUTEX, NULL);
    rc = rc ? rc : settle(j);
    rc = rc ? rc : shape(j, newer);
    if (rc || *newer)
        return rc;
    rc = quick_check(j);
    rc = rc ? rc : dr_journal_walk(j, 0, NULL, &w);
    if (rc == SQLITE_OK && !j->reader)
        rc = prepare(j);
    j->report.rows = w.rows;
    if (w.last_id > j->last_id)
        j->last_id = w.last_id;
    j->report.chain_broken = w.broken_id != 0;
    j->report.broken_id = w.broken_id;
    /* a table that lacks a column is no journal, whatever its version says */
    return (rc & 0xff) == SQLITE_ERROR ? SQLITE_CORRUPT : rc;
}

/* ---- a damaged file -------------------------------------------------------------- */

/* Renames the file and its log, so that somebody can look at them. */
static int move_aside(struct dr_journal *j, int64_t now_ms, struct dr_err *err)
{
    struct dr_journal_report *r = &j->report;
    shut(j);
    struct stat st;
    for (unsigned i = 0;; i++) {
        snprintf(r->moved_to, sizeof(r->moved_to), "%s.damaged-%lld%s%.0u", j->path,
                 (long long)now_ms, i ? "-" : "", i);
        if (lstat(r->moved_to, &st) != 0)
            break;
    }
    static const char *const tails[] = {"-wal", "-shm", ""};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        char *from = dr_sprintf(j->scratch, "%s%s", j->path, tails[i]);
        char *to = dr_sprintf(j->scratch, "%s%s", r->moved_to, tails[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return dr_fail_errno(err, errno, "cannot move the damaged journal '%s' aside",
                                 from);
    }
    r->moved_aside = true;
    snprintf(r->text, sizeof(r->text),
             "the journal was damaged and is now '%s'; a new one begins", r->moved_to);
    return 0;
}

static int append(struct dr_journal *j, const struct dr_journal_entry *e, int64_t *id);

/* Makes an empty journal whose first row says why. */
static int begin_anew(struct dr_journal *j, int64_t now_ms, struct dr_err *err)
{
    bool newer = false, was_empty;
    int made = make_file(j, &was_empty);
    if (made)
        return dr_fail_errno(err, made, "cannot make the journal '%s'", j->path);
    int sq = attach(j, &newer);
    struct dr_journal_entry e = {
        .kind = DR_JOURNAL_EVENT, .time_ms = now_ms, .text = j->report.text};
    int64_t id;
    sq = sq ? sq : append(j, &e, &id);
    if (sq == SQLITE_OK)
        return 0;
    int rc = dr_journal_fail(j, sq, "begin", err);
    shut(j);
    return rc;
}

/* Puts an empty journal in the place of the damaged one. */
static int replace(struct dr_journal *j, int64_t now_ms, struct dr_err *err)
{
    int rc = move_aside(j, now_ms, err);
    return rc ? rc : begin_anew(j, now_ms, err);
}

/* ---- opening --------------------------------------------------------------------- */

static struct dr_journal *new_journal(const char *dir, bool reader)
{
    struct dr_journal *j = dr_xcalloc(1, sizeof(*j));
    j->scratch = dr_arena_new(0);
    j->reader = reader;
    j->dir = dr_xstrdup(dir);
    j->path = dr_xstrdup(dr_sprintf(j->scratch, "%s/journal.db", dir));
    return j;
}

static int refuse_newer(const struct dr_journal *j, struct dr_err *err)
{
    int rc =
        dr_fail(err, DR_E_INPUT, "the journal '%s' was made by a newer drover", j->path);
    dr_hint(err, "use that version, or give another state folder");
    return rc;
}

static void say_found(struct dr_journal *j, bool was_empty)
{
    struct dr_journal_report *r = &j->report;
    if (was_empty)
        snprintf(r->text, sizeof(r->text), "the journal '%s' was an empty file", j->path);
    if (r->chain_broken)
        snprintf(r->text, sizeof(r->text),
                 "the journal was changed by hand: row %lld does not follow from the one "
                 "before it",
                 (long long)r->broken_id);
}

/* What attaching gave, as an error of ours. */
static int judge(struct dr_journal *j, int sq, bool newer, const char *what,
                 struct dr_err *err)
{
    if (newer)
        return refuse_newer(j, err);
    return sq ? dr_journal_fail(j, sq, what, err) : 0;
}

static int finish_open(struct dr_journal **out, struct dr_journal *j, int rc)
{
    if (rc)
        dr_journal_close(j);
    else
        *out = j;
    return rc;
}

int dr_journal_open(struct dr_journal **out, const char *dir, int64_t now_ms,
                    struct dr_err *err)
{
    struct dr_journal *j = new_journal(dir, false);
    bool newer = false, was_empty = false;
    int made = make_file(j, &was_empty);
    if (made)
        return finish_open(
            out, j, dr_fail_errno(err, made, "cannot make the journal '%s'", j->path));
    int sq = attach(j, &newer);
    if (!newer && dr_journal_is_damage(sq))
        return finish_open(out, j, replace(j, now_ms, err));
    say_found(j, was_empty);
    return finish_open(out, j, judge(j, sq, newer, "open", err));
}

int dr_journal_open_reader(struct dr_journal **out, const char *dir, struct dr_err *err)
{
    struct dr_journal *j = new_journal(dir, true);
    bool newer = false;
    struct stat st;
    if (stat(j->path, &st) != 0 && errno == ENOENT)
        return finish_open(
            out, j, dr_fail(err, DR_E_ABSENT, "there is no journal '%s'", j->path));
    int sq = attach(j, &newer);
    say_found(j, false);
    return finish_open(out, j, judge(j, sq, newer, "read", err));
}

void dr_journal_close(struct dr_journal *j)
{
    if (!j)
        return;
    shut(j);
    dr_arena_free(j->scratch);
    free(j->path);
    free(j->dir);
    free(j);
}

const struct dr_journal_report *dr_journal_report(const struct dr_journal *j)
{
    return &j->report;
}

/* ---- appending ------------------------------------------------------------------- */

static int once(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);
    int reset = sqlite3_reset(s);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : reset ? reset : rc;
}

/* Gives the row its number and its place in the chain, from what stands there now:
 * another process may have appended. Inside a transaction. */
static int link_row(struct dr_journal *j, struct dr_journal_entry *e)
{
    int rc = sqlite3_step(j->last);
    e->id = j->last_id + 1; /* in a new file; numbers given out are never given again */
    memset(e->prev, '0', sizeof(e->prev) - 1);
    e->prev[sizeof(e->prev) - 1] = '\0';
    if (rc == SQLITE_ROW) {
        const char *hash = (const char *)sqlite3_column_text(j->last, 1);
        e->id = sqlite3_column_int64(j->last, 0) + 1;
        snprintf(e->prev, sizeof(e->prev), "%s", hash ? hash : "");
    }
    int reset = sqlite3_reset(j->last);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return reset ? reset : rc;
    dr_journal_hash(e, e->hash);
    return SQLITE_OK;
}

/* One row in one transaction, on disk at the end. SQLite's result. */
static int append(struct dr_journal *j, const struct dr_journal_entry *e, int64_t *id)
{
    struct dr_journal_entry row = *e;
    int rc = once(j->begin);
    if (rc)
        return rc;
    rc = link_row(j, &row);
    rc = rc ? rc : dr_journal_bind(j->insert, &row);
    rc = rc ? rc : once(j->insert);
    sqlite3_clear_bindings(j->insert);
    rc = rc ? rc : once(j->commit);
    if (rc && !sqlite3_get_autocommit(j->db))
        once(j->rollback);
    if (rc == SQLITE_OK) {
        *id = j->last_id = row.id;
        j->report.rows++;
    }
    return rc;
}

/* Appends a row as it may be stored; a damaged file is replaced once. */
static int store(struct dr_journal *j, const struct dr_journal_entry *given, int64_t *id,
                 struct dr_err *err)
{
    if (j->reader)
        return dr_fail(err, DR_E_BUG, "the journal is open for reading only");
    int rc = j->db ? 0 : begin_anew(j, given->time_ms, err);
    if (rc)
        return rc;
    struct dr_journal_entry e = *given;
    const char **const texts[] = {&e.topology, &e.revision, &e.digest,      &e.rule,
                                  &e.action,   &e.verb,     &e.target,      &e.why,
                                  &e.text,     &e.approval, &e.precondition};
    _Static_assert(sizeof(texts) / sizeof(texts[0]) == DR_JOURNAL_TEXTS,
                   "one is missing");
    struct dr_arena *a = dr_arena_new(0);
    for (size_t i = 0; i < DR_JOURNAL_TEXTS; i++) {
        if (*texts[i])
            *texts[i] =
                dr_printable(a, *texts[i], strlen(*texts[i]), DR_JOURNAL_TEXT_MAX);
    }
    int sq = append(j, &e, id);
    if (dr_journal_is_damage(sq)) {
        rc = replace(j, e.time_ms, err);
        sq = rc ? SQLITE_OK : append(j, &e, id);
    }
    if (!rc && sq)
        rc = dr_journal_fail(j, sq, "write", err);
    dr_arena_free(a);
    return rc;
}

int dr_journal_intent(struct dr_journal *j, const struct dr_journal_entry *e, int64_t *id,
                      struct dr_err *err)
{
    struct dr_journal_entry row = *e;
    row.kind = DR_JOURNAL_INTENT;
    row.outcome = DR_JOURNAL_NONE;
    row.intent_id = 0;
    return store(j, &row, id, err);
}

int dr_journal_event(struct dr_journal *j, const struct dr_journal_entry *e,
                     struct dr_err *err)
{
    struct dr_journal_entry row = *e;
    int64_t id;
    row.kind = DR_JOURNAL_EVENT;
    row.outcome = DR_JOURNAL_NONE;
    row.intent_id = 0;
    return store(j, &row, &id, err);
}

/* The intent `id`; false: there is none, or it cannot be read. */
static bool find_intent(struct dr_journal *j, struct dr_arena *a, int64_t id,
                        struct dr_journal_entry *out)
{
    sqlite3_stmt *s = NULL;
    char *sql = dr_sprintf(a, "select %s from entry where id = ? and kind = 'intent'",
                           dr_journal_columns(a, ""));
    bool found = j->db && sqlite3_prepare_v2(j->db, sql, -1, &s, NULL) == SQLITE_OK &&
                 sqlite3_bind_int64(s, 1, id) == SQLITE_OK &&
                 sqlite3_step(s) == SQLITE_ROW;
    if (found)
        dr_journal_fetch(a, s, out);
    sqlite3_finalize(s);
    return found;
}

int dr_journal_outcome(struct dr_journal *j, int64_t id, int64_t time_ms,
                       enum dr_journal_outcome outcome, const char *text,
                       struct dr_err *err)
{
    const char *word = dr_journal_outcome_name(outcome);
    if (!*word)
        return dr_fail(err, DR_E_BUG, "an intent cannot end with outcome %d",
                       (int)outcome);
    struct dr_arena *a = dr_arena_new(0);
    struct dr_journal_entry row = {0};
    int64_t own;
    if (find_intent(j, a, id, &row)) {
        row.kind = DR_JOURNAL_OUTCOME;
        row.intent_id = id;
        row.outcome = outcome;
        row.text = text;
    } else {
        row.kind = DR_JOURNAL_EVENT;
        row.text =
            dr_sprintf(a, "outcome of intent %lld, which is not in this journal: %s%s%s",
                       (long long)id, word, text ? ": " : "", text ? text : "");
    }
    row.time_ms = time_ms;
    int rc = store(j, &row, &own, err);
    dr_arena_free(a);
    return rc;
}
