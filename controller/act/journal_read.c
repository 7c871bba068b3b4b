/* Reading the journal back, and proving its chain. */
#include <string.h>

#include "controller/act/journal_row.h"

enum { ROWS_DEFAULT = 1000 };

/* The newest rows that fit, in ascending order. The last outcome of an intent decides
 * whether it is open. */
static char *select_rows(struct dr_arena *a, bool open_intents)
{
    return dr_sprintf(
        a,
        "select * from (select %s from entry e where (?1 is null or e.topology = ?1) and "
        "e.id > ?2%s order by e.id desc limit ?3) order by id",
        dr_journal_columns(a, "e."),
        open_intents
            ? " and e.kind = 'intent' and coalesce((select o.outcome from entry o "
              "where o.intent_id = e.id order by o.id desc limit 1), 'unknown') = "
              "'unknown'"
            : "");
}

int dr_journal_read(struct dr_journal *j, struct dr_arena *a,
                    const struct dr_journal_filter *filter,
                    const struct dr_journal_entry **rows, size_t *count,
                    struct dr_err *err)
{
    sqlite3_stmt *s = NULL;
    struct dr_journal_entry *items = NULL;
    size_t n = 0, room = 0;
    if (!j->db)
        return dr_fail(err, DR_E_IO, "the journal '%s' could not be begun", j->path);
    int rc =
        sqlite3_prepare_v2(j->db, select_rows(a, filter->open_intents), -1, &s, NULL);
    if (rc == SQLITE_OK && filter->topology)
        rc = sqlite3_bind_text(s, 1, filter->topology, -1, SQLITE_STATIC);
    rc = rc ? rc : sqlite3_bind_int64(s, 2, filter->after_id);
    rc = rc ? rc : sqlite3_bind_int64(s, 3, filter->limit ? filter->limit : ROWS_DEFAULT);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        dr_journal_fetch(a, s, DR_PUSH(a, items, n, room));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    if (rc != SQLITE_DONE)
        return dr_journal_fail(j, rc, "read", err);
    *rows = items;
    *count = n;
    return 0;
}

static int walk(struct dr_journal *j, int64_t head_id, const char *head_hash,
                struct dr_journal_walk *w, struct dr_err *err)
{
    if (!j->db)
        return dr_fail(err, DR_E_IO, "the journal '%s' could not be begun", j->path);
    int rc = dr_journal_walk(j, head_id, head_hash, w);
    return rc ? dr_journal_fail(j, rc, "read", err) : 0;
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

int dr_journal_verify(struct dr_journal *j, int64_t head_id, const char *head_hash,
                      int64_t *broken_id, struct dr_err *err)
{
    struct dr_journal_walk w;
    int rc = walk(j, head_id, head_hash, &w, err);
    if (rc)
        return rc;
    *broken_id = w.broken_id;
    if (!w.broken_id && head_id && !w.head_seen)
        *broken_id = head_id;
    return 0;
}
