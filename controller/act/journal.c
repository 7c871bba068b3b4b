/* Opening and appending. What happens when the file is damaged is in journal_damage.c,
 * reading in journal_read.c, pruning in journal_prune.c, the shape of a row and the chain
 * in journal_row.c. */
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
    if ((rc & 0xff) == SQLITE_FULL || system == ENOSPC || system == EDQUOT)
        dr_hint(err, "free some space there; nothing is done before its intent is "
                     "written");
    return out;
}

int dr_journal_run(struct dr_journal *j, const char *sql)
{
    return sqlite3_exec(j->db, sql, NULL, NULL, NULL);
}

int dr_journal_ask(struct dr_journal *j, const char *sql, int64_t *value)
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

/* SQLITE_OK, SQLITE_CORRUPT, or why it could not be checked. */
static int check_once(struct dr_journal *j)
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

/* The check reports a page that could not be read once like a damaged one (sqlite:
 * src/btree.c, checkPtrmap): only what is found twice is damage. */
static int quick_check(struct dr_journal *j)
{
    int rc = check_once(j);
    return rc == SQLITE_CORRUPT ? check_once(j) : rc;
}

static int settle(struct dr_journal *j)
{
    sqlite3_busy_timeout(j->db, BUSY_MS);
    sqlite3_extended_result_codes(j->db, 1);
    sqlite3_db_config(j->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_limit(j->db, SQLITE_LIMIT_ATTACHED, 0);
    int rc = dr_journal_run(j, "pragma trusted_schema = off; pragma cell_size_check = on;"
                               "pragma mmap_size = 0; pragma temp_store = memory;");
    if (rc || j->reader)
        return rc;
    /* before the first table: pruned pages can be given back later */
    return dr_journal_run(j, "pragma auto_vacuum = incremental;"
                             "pragma journal_mode = wal; pragma synchronous = full;");
}

/* One transaction that makes or changes the table. */
static int reshape(struct dr_journal *j, const char *question, int64_t expected,
                   const char *sql)
{
    int64_t value;
    int rc = dr_journal_run(j, "begin immediate");
    if (rc)
        return rc;
    rc = dr_journal_ask(j, question, &value); /* another process may have been faster */
    if (rc == SQLITE_OK && value == expected)
        rc = dr_journal_run(j, sql);
    int ended = dr_journal_run(j, rc ? "rollback" : "commit");
    return rc ? rc : ended;
}

/* Makes the table in a new file, gives that of an older format its new columns; says what
 * an existing one is. *newer: made by a later drover. SQLITE_NOTADB: a database, but no
 * journal. */
static int shape(struct dr_journal *j, bool *newer)
{
    static const char tables_of[] = "select count(*) from sqlite_schema";
    int64_t id = 0, tables = 0;
    int rc = dr_journal_ask(j, "pragma application_id", &id);
    rc = rc ? rc : dr_journal_ask(j, "pragma user_version", &j->format);
    rc = rc ? rc : dr_journal_ask(j, tables_of, &tables);
    if (rc)
        return rc;
    *newer = id == DR_JOURNAL_APPLICATION_ID && j->format > DR_JOURNAL_FORMAT;
    if (*newer)
        return SQLITE_OK;
    if (tables == 0 && !j->reader) {
        j->format = DR_JOURNAL_FORMAT;
        return reshape(j, tables_of, 0, dr_journal_schema(j->scratch));
    }
    if (id != DR_JOURNAL_APPLICATION_ID || j->format < 1)
        return SQLITE_NOTADB;
    if (j->format == 1 && !j->reader) {
        rc = reshape(j, "pragma user_version", 1,
                     "alter table entry add column holder text;"
                     "alter table entry add column epoch integer;"
                     "pragma user_version = 2;");
        j->format = DR_JOURNAL_FORMAT;
    }
    return rc;
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
                                dr_journal_columns(a, "", DR_JOURNAL_FORMAT), marks)},
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof(all) / sizeof(all[0]); i++)
        rc = sqlite3_prepare_v3(j->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
                                all[i].to, NULL);
    return rc;
}

/* Private and durable in its folder: SQLite would take the mode from the umask. */
int dr_journal_make_file(struct dr_journal *j, bool *was_empty)
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

void dr_journal_detach(struct dr_journal *j)
{
    sqlite3_stmt **all[] = {&j->insert, &j->last, &j->begin, &j->commit, &j->rollback};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        sqlite3_finalize(*all[i]);
        *all[i] = NULL;
    }
    sqlite3_close(j->db);
    j->db = NULL;
}

int dr_journal_attach(struct dr_journal *j, bool *newer, struct dr_journal_walk *w)
{
    int flags = j->reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    dr_arena_reset(j->scratch);
    int rc = sqlite3_open_v2(j->path, &j->db, flags | SQLITE_OPEN_FULLMUTEX, NULL);
    rc = rc ? rc : settle(j);
    rc = rc ? rc : shape(j, newer);
    if (rc || *newer)
        return rc;
    if (j->reader) /* a table that lacks a column is no journal */
        return dr_journal_run(j, "select id, hash from entry limit 1");
    rc = quick_check(j);
    int walked = dr_journal_walk(j, w); /* as far as it goes, also when it is damaged */
    rc = rc ? rc : walked;
    if (rc == SQLITE_OK)
        rc = prepare(j);
    j->report.rows = w->rows;
    return (rc & 0xff) == SQLITE_ERROR ? SQLITE_CORRUPT : rc;
}

/* ---- opening --------------------------------------------------------------------- */

static struct dr_journal *new_journal(const char *dir, bool reader)
{
    struct dr_journal *j = dr_xcalloc(1, sizeof(*j));
    j->scratch = dr_arena_new(0);
    j->reader = reader;
    j->head_fd = -1;
    j->dir = dr_xstrdup(dir);
    j->path = dr_xstrdup(dr_sprintf(j->scratch, "%s/journal.db", dir));
    j->head_path = dr_xstrdup(dr_sprintf(j->scratch, "%s/journal.head", dir));
    pthread_mutex_init(&j->lock, NULL);
    return j;
}

static int refuse_newer(const struct dr_journal *j, struct dr_err *err)
{
    int rc =
        dr_fail(err, DR_E_INPUT, "the journal '%s' was made by a newer drover", j->path);
    dr_hint(err, "use that version, or give another state folder");
    return rc;
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
    j->news = j->report.text[0] != '\0';
    if (rc)
        dr_journal_close(j);
    else
        *out = j;
    return rc;
}

/* The last row that is known of a file: what the walk found, or what was noted beside it.
 * A number that is no row's is not believed. */
static void know(struct dr_journal *j, const struct dr_journal_walk *w,
                 const struct dr_journal_head *noted)
{
    bool sound = w->rows && w->last_id > 0 && w->last_id < DR_JOURNAL_ID_BELIEVED &&
                 !w->broken_count;
    j->known = *noted;
    if (sound && w->last_id >= noted->id) {
        j->known.id = w->last_id;
        memcpy(j->known.hash, w->last_hash, sizeof(j->known.hash));
    }
}

/* The file is there and sound, but there is not one row in it. */
static int open_empty(struct dr_journal *j, bool was_empty, int64_t now_ms,
                      struct dr_err *err)
{
    struct dr_journal_report *r = &j->report;
    if (!j->known.id) {
        if (was_empty)
            snprintf(r->text, sizeof(r->text), "the journal '%s' was an empty file",
                     j->path);
        return 0;
    }
    r->cut_off = true;
    snprintf(r->text, sizeof(r->text),
             "the journal '%s' is gone; its last row was row %lld; a new one begins",
             j->path, (long long)j->known.id);
    return dr_journal_begin_anew(j, now_ms, err);
}

int dr_journal_open(struct dr_journal **out, const char *dir, int64_t now_ms,
                    struct dr_err *err)
{
    struct dr_journal *j = new_journal(dir, false);
    struct dr_journal_walk w = {0};
    bool newer = false, was_empty = false;
    int made = dr_journal_make_file(j, &was_empty);
    if (made)
        return finish_open(
            out, j, dr_fail_errno(err, made, "cannot make the journal '%s'", j->path));
    dr_journal_head_load(j, &w.given[0]);
    int sq = dr_journal_attach(j, &newer, &w);
    know(j, &w, &w.given[0]);
    if (!newer && dr_journal_is_damage(sq))
        return finish_open(out, j, dr_journal_replace(j, now_ms, err));
    int rc = judge(j, sq, newer, "open", err);
    if (rc == 0 && !w.rows)
        rc = open_empty(j, was_empty, now_ms, err);
    else if (rc == 0)
        dr_journal_record(j, &w, now_ms);
    return finish_open(out, j, rc);
}

int dr_journal_open_reader(struct dr_journal **out, const char *dir, struct dr_err *err)
{
    struct dr_journal *j = new_journal(dir, true);
    bool newer = false;
    struct stat st;
    if (stat(j->path, &st) != 0 && errno == ENOENT)
        return finish_open(
            out, j, dr_fail(err, DR_E_ABSENT, "there is no journal '%s'", j->path));
    int sq = dr_journal_attach(j, &newer, NULL);
    return finish_open(out, j, judge(j, sq, newer, "read", err));
}

void dr_journal_close(struct dr_journal *j)
{
    if (!j)
        return;
    dr_journal_detach(j);
    if (j->head_fd >= 0)
        close(j->head_fd);
    pthread_mutex_destroy(&j->lock);
    dr_arena_free(j->scratch);
    free(j->path);
    free(j->head_path);
    free(j->dir);
    free(j);
}

void dr_journal_report(struct dr_journal *j, struct dr_journal_report *out)
{
    pthread_mutex_lock(&j->lock);
    *out = j->report;
    pthread_mutex_unlock(&j->lock);
}

bool dr_journal_news(struct dr_journal *j, char text[DR_JOURNAL_REPORT_TEXT])
{
    pthread_mutex_lock(&j->lock);
    bool news = j->news;
    if (news)
        memcpy(text, j->report.text, sizeof(j->report.text));
    j->news = false;
    pthread_mutex_unlock(&j->lock);
    return news;
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
    struct dr_journal_head before = j->known; /* of a new file: numbers go on */
    if (!before.id)
        memset(before.hash, '0', sizeof(before.hash) - 1);
    int rc = sqlite3_step(j->last);
    if (rc == SQLITE_ROW) {
        const char *hash = (const char *)sqlite3_column_text(j->last, 1);
        before.id = sqlite3_column_int64(j->last, 0);
        snprintf(before.hash, sizeof(before.hash), "%s", hash ? hash : "");
    }
    int reset = sqlite3_reset(j->last);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return reset ? reset : rc;
    if (before.id < 0 || before.id >= DR_JOURNAL_ID_END)
        return SQLITE_CORRUPT; /* no number that drover gave */
    e->id = before.id + 1;
    memcpy(e->prev, before.hash, sizeof(e->prev));
    dr_journal_hash(e, e->hash);
    return SQLITE_OK;
}

/* The row is the last one now. A file that swallows it, or takes none at all, is not what
 * drover made of it: it goes aside as a damaged one. */
static int read_back(struct dr_journal *j, const struct dr_journal_entry *e)
{
    int rc = sqlite3_step(j->last);
    bool there = rc == SQLITE_ROW && sqlite3_column_int64(j->last, 0) == e->id;
    int reset = sqlite3_reset(j->last);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return reset ? reset : rc;
    return there ? SQLITE_OK : SQLITE_CORRUPT;
}

static bool takes_no_rows(int rc)
{
    int kind = rc & 0xff;
    return kind == SQLITE_CONSTRAINT || kind == SQLITE_MISMATCH || kind == SQLITE_ERROR;
}

int dr_journal_append_within(struct dr_journal *j, const struct dr_journal_entry *e,
                             int64_t *id)
{
    struct dr_journal_entry row = *e;
    int rc = link_row(j, &row);
    rc = rc ? rc : dr_journal_bind(j->insert, &row);
    rc = rc ? rc : once(j->insert);
    sqlite3_clear_bindings(j->insert);
    rc = rc ? rc : read_back(j, &row);
    if (rc == SQLITE_OK) {
        *id = j->known.id = row.id;
        memcpy(j->known.hash, row.hash, sizeof(row.hash));
    }
    return rc;
}

int dr_journal_append(struct dr_journal *j, const struct dr_journal_entry *e, int64_t *id)
{
    struct dr_journal_head before = j->known;
    int64_t given;
    int rc = once(j->begin);
    if (rc)
        return rc;
    rc = dr_journal_append_within(j, e, &given);
    rc = takes_no_rows(rc) ? SQLITE_CORRUPT : rc;
    rc = rc ? rc : once(j->commit);
    if (rc && !sqlite3_get_autocommit(j->db))
        once(j->rollback);
    if (rc) {
        j->known = before;
        return rc;
    }
    *id = given;
    j->report.rows++;
    dr_journal_head_note(j);
    return SQLITE_OK;
}

/* Appends a row as it may be stored; a damaged file is replaced once. */
static int store(struct dr_journal *j, const struct dr_journal_entry *given, int64_t *id,
                 struct dr_err *err)
{
    if (j->reader)
        return dr_fail(err, DR_E_BUG, "the journal is open for reading only");
    int rc = j->db ? 0 : dr_journal_begin_anew(j, given->time_ms, err);
    if (rc)
        return rc;
    struct dr_journal_entry e = *given;
    const char **const texts[] = {&e.topology, &e.revision, &e.digest,       &e.rule,
                                  &e.action,   &e.verb,     &e.target,       &e.why,
                                  &e.text,     &e.approval, &e.precondition, &e.holder};
    _Static_assert(sizeof(texts) / sizeof(texts[0]) == DR_JOURNAL_TEXTS + 1,
                   "one is missing");
    struct dr_arena *a = dr_arena_new(0);
    for (size_t i = 0; i < DR_JOURNAL_TEXTS + 1; i++) {
        if (*texts[i])
            *texts[i] =
                dr_printable(a, *texts[i], strlen(*texts[i]), DR_JOURNAL_TEXT_MAX);
    }
    int sq = dr_journal_append(j, &e, id);
    if (dr_journal_is_damage(sq)) {
        rc = dr_journal_replace(j, e.time_ms, err);
        sq = rc ? SQLITE_OK : dr_journal_append(j, &e, id);
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
    pthread_mutex_lock(&j->lock);
    int rc = store(j, &row, id, err);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

int dr_journal_event(struct dr_journal *j, const struct dr_journal_entry *e,
                     struct dr_err *err)
{
    struct dr_journal_entry row = *e;
    int64_t id;
    row.kind = DR_JOURNAL_EVENT;
    row.outcome = DR_JOURNAL_NONE;
    row.intent_id = 0;
    pthread_mutex_lock(&j->lock);
    int rc = store(j, &row, &id, err);
    pthread_mutex_unlock(&j->lock);
    return rc;
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
    pthread_mutex_lock(&j->lock);
    if (j->db && dr_journal_get(j, a, id, &row) == SQLITE_OK &&
        row.kind == DR_JOURNAL_INTENT) {
        row.kind = DR_JOURNAL_OUTCOME;
        row.intent_id = id;
        row.outcome = outcome;
        row.text = text;
    } else {
        row = (struct dr_journal_entry){.kind = DR_JOURNAL_EVENT};
        row.text =
            dr_sprintf(a, "outcome of intent %lld, which is not in this journal: %s%s%s",
                       (long long)id, word, text ? ": " : "", text ? text : "");
    }
    row.time_ms = time_ms;
    int rc = store(j, &row, &own, err);
    pthread_mutex_unlock(&j->lock);
    dr_arena_free(a);
    return rc;
}
