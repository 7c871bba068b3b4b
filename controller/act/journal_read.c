/* Reading the journal back, and proving its chain. */
#include <stdio.h>
#include <string.h>

#include "controller/act/journal_row.h"
#include "controller/base/buf.h"

enum { ROWS_DEFAULT = 1000 };

/* The newest rows that fit, in ascending order. The last outcome of an intent decides
 * whether it is open. */
static char *select_rows(const struct dr_journal *j, struct dr_arena *a,
                         const struct dr_journal_filter *f)
{
    return dr_sprintf(
        a,
        "select * from (select %s from entry e where (?1 is null or e.topology = ?1) and "
        "e.id > ?2 and e.time_ms >= ?4%s%s order by e.id desc limit ?3) order by id",
        dr_journal_columns(a, "e.", j->format),
        f->deeds ? " and e.kind <> 'outcome'" : "",
        f->open_intents
            ? " and e.kind = 'intent' and coalesce((select o.outcome from entry o "
              "where o.intent_id = e.id order by o.id desc limit 1), 'unknown') = "
              "'unknown'"
            : "");
}

struct rows {
    struct dr_journal_entry *items;
    size_t count, room;
};

/* All rows of a statement; rc: what preparing and binding it gave. */
static int collect(struct dr_journal *j, struct dr_arena *a, sqlite3_stmt *s, int rc,
                   struct rows *out, struct dr_err *err)
{
    *out = (struct rows){0};
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        dr_journal_fetch(a, s, DR_PUSH(a, out->items, out->count, out->room));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : dr_journal_fail(j, rc, "read", err);
}

static int never_begun(const struct dr_journal *j, struct dr_err *err)
{
    return dr_fail(err, DR_E_IO, "the journal '%s' could not be begun", j->path);
}

static int read_rows(struct dr_journal *j, struct dr_arena *a,
                     const struct dr_journal_filter *f, struct rows *out,
                     struct dr_err *err)
{
    sqlite3_stmt *s = NULL;
    if (!j->db)
        return never_begun(j, err);
    int64_t since = f->since_ms ? f->since_ms : INT64_MIN;
    int rc = sqlite3_prepare_v2(j->db, select_rows(j, a, f), -1, &s, NULL);
    if (rc == SQLITE_OK && f->topology)
        rc = sqlite3_bind_text(s, 1, f->topology, -1, SQLITE_STATIC);
    rc = rc ? rc : sqlite3_bind_int64(s, 2, f->after_id);
    rc = rc ? rc : sqlite3_bind_int64(s, 3, f->limit ? f->limit : ROWS_DEFAULT);
    rc = rc ? rc : sqlite3_bind_int64(s, 4, since);
    return collect(j, a, s, rc, out, err);
}

int dr_journal_read(struct dr_journal *j, struct dr_arena *a,
                    const struct dr_journal_filter *filter,
                    const struct dr_journal_entry **rows, size_t *count,
                    struct dr_err *err)
{
    struct rows found;
    pthread_mutex_lock(&j->lock);
    int rc = read_rows(j, a, filter, &found, err);
    pthread_mutex_unlock(&j->lock);
    if (rc == 0) {
        *rows = found.items;
        *count = found.count;
    }
    return rc;
}

int dr_journal_outcomes_of(struct dr_journal *j, struct dr_arena *a, int64_t intent_id,
                           const struct dr_journal_entry **rows, size_t *count,
                           struct dr_err *err)
{
    struct rows found;
    sqlite3_stmt *s = NULL;
    int rc;
    pthread_mutex_lock(&j->lock);
    if (!j->db) {
        rc = never_begun(j, err);
    } else {
        char *sql = dr_sprintf(a, "select %s from entry where intent_id = ? order by id",
                               dr_journal_columns(a, "", j->format));
        int sq = sqlite3_prepare_v2(j->db, sql, -1, &s, NULL);
        sq = sq ? sq : sqlite3_bind_int64(s, 1, intent_id);
        rc = collect(j, a, s, sq, &found, err);
    }
    pthread_mutex_unlock(&j->lock);
    if (rc == 0) {
        *rows = found.items;
        *count = found.count;
    }
    return rc;
}

int dr_journal_head(struct dr_journal *j, int64_t *id, char hash[65], struct dr_err *err)
{
    const struct dr_journal_entry *rows;
    size_t count;
    struct dr_arena *a = dr_arena_new(0);
    int rc = dr_journal_read(j, a, &(struct dr_journal_filter){.limit = 1}, &rows, &count,
                             err);
    if (rc == 0) {
        *id = count ? rows[0].id : 0;
        memset(hash, '0', DR_SHA256_HEX - 1);
        hash[DR_SHA256_HEX - 1] = '\0';
        if (count)
            memcpy(hash, rows[0].hash, DR_SHA256_HEX);
    }
    dr_arena_free(a);
    return rc;
}

/* The first row that is missing or is another one than was noted; 0: none. */
static int64_t first_missing(const struct dr_journal_walk *w)
{
    int64_t id = 0;
    for (size_t i = 0; i < 2; i++)
        if (w->given[i].id && !w->seen[i] && (!id || w->given[i].id < id))
            id = w->given[i].id;
    return id;
}

/* What SQLite says of pages, cells and the index, which no chain covers; "ok" when all is
 * well. SQLITE_OK, SQLITE_CORRUPT, or why it could not be checked. */
static int check_pages(struct dr_journal *j, struct dr_buf *out)
{
    enum { SHOWN = 3 };
    sqlite3_stmt *s = NULL;
    dr_buf_clear(out);
    int said = 0, rc = sqlite3_prepare_v2(j->db, "pragma integrity_check", -1, &s, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        rc = SQLITE_OK;
        if (!text || strcmp(text, "ok") == 0)
            continue;
        for (const char *at = text; *at && said < SHOWN; at += *at == '\n') {
            size_t len = strcspn(at, "\n");
            /* the first line only names the database */
            if (strncmp(at, "*** in", 6) != 0)
                dr_buf_addf(out, "%s%.*s", said++ ? "; " : "", (int)len, at);
            at += len;
        }
    }
    sqlite3_finalize(s);
    if (rc != SQLITE_DONE)
        return rc;
    return out->len ? SQLITE_CORRUPT : SQLITE_OK;
}

/* From which row on the end of a file can be read whose middle cannot; 0: it cannot. */
static int64_t readable_end(struct dr_journal *j)
{
    sqlite3_stmt *s = NULL;
    int64_t id = 0;
    struct dr_arena *a = dr_arena_new(0);
    const char *sql = dr_sprintf(a, "select %s from entry order by id desc",
                                 dr_journal_columns(a, "", j->format));
    int rc = sqlite3_prepare_v2(j->db, sql, -1, &s, NULL);
    while (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        struct dr_journal_entry e;
        dr_arena_reset(a);
        if (!dr_journal_fetch(a, s, &e) || !dr_journal_fits(&e))
            break;
        id = e.id;
    }
    sqlite3_finalize(s);
    dr_arena_free(a);
    return id;
}

static void say_damage(struct dr_journal *j, const struct dr_journal_walk *w, bool to_end,
                       const char *pages, struct dr_buf *out)
{
    dr_buf_addf(out, "the journal's file '%s' is damaged%s%s\n", j->path,
                *pages ? ": " : "", pages);
    if (to_end)
        dr_buf_addf(out, "all %lld rows can be read\n", (long long)w->rows);
    else if (w->rows)
        dr_buf_addf(out, "rows %lld to %lld can be read\n", (long long)w->first_id,
                    (long long)w->last_id);
    int64_t end = to_end ? 0 : readable_end(j);
    if (end > w->last_id)
        dr_buf_addf(out, "rows from %lld to the end can be read\n", (long long)end);
    if (!to_end && !w->rows && !end)
        dr_buf_adds(out, "no row of it can be read\n");
    dr_buf_adds(out,
                "keep a copy of it; when drover starts the next time it moves such a "
                "file aside, and begins a new one\n");
}

/* Rows and pages; what was found goes into the walk and the text. SQLite's result; damage
 * is no failure. */
static int prove(struct dr_journal *j, struct dr_journal_walk *w, bool *damaged,
                 struct dr_buf *out)
{
    struct dr_buf pages;
    dr_buf_init(&pages, 400);
    int walked = dr_journal_walk(j, w), checked = check_pages(j, &pages);
    /* a page that could not be read once is no damage (as when it is opened) */
    if (dr_journal_is_damage(checked))
        checked = check_pages(j, &pages);
    *damaged = dr_journal_is_damage(walked) || dr_journal_is_damage(checked);
    if (*damaged)
        say_damage(j, w, walked == SQLITE_OK, dr_buf_str(&pages), out);
    if (walked == SQLITE_OK)
        dr_journal_say_walk(j, w, out);
    dr_buf_release(&pages);
    return dr_journal_is_damage(walked) ? SQLITE_OK : walked;
}

int dr_journal_verify(struct dr_journal *j, int64_t head_id, const char *head_hash,
                      struct dr_journal_proof *out, struct dr_err *err)
{
    struct dr_journal_walk w = {0};
    struct dr_buf b;
    *out = (struct dr_journal_proof){0};
    w.given[1].id = head_hash ? head_id : 0;
    if (head_hash)
        snprintf(w.given[1].hash, sizeof(w.given[1].hash), "%s", head_hash);
    pthread_mutex_lock(&j->lock);
    dr_journal_head_load(j, &w.given[0]); /* before the rows: a writer notes it after */
    int rc = j->db ? 0 : never_begun(j, err);
    if (rc == 0) {
        dr_buf_init(&b, sizeof(out->text) - 1);
        int sq = prove(j, &w, &out->damaged, &b);
        rc = sq ? dr_journal_fail(j, sq, "read", err) : 0;
        snprintf(out->text, sizeof(out->text), "%s", dr_buf_str(&b));
        dr_buf_release(&b);
    }
    pthread_mutex_unlock(&j->lock);
    if (rc)
        return rc;
    int64_t missing = first_missing(&w);
    out->rows = w.rows;
    out->first_id = w.first_id;
    out->last_id = w.last_id;
    memcpy(out->hash, w.last_hash, sizeof(out->hash));
    out->broken_count = w.broken_count + (missing != 0);
    out->broken_id = w.broken_count ? w.broken_ids[0] : missing;
    return 0;
}
