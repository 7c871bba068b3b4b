/* Retention: the oldest segments go, the chain stays provable. */
#include <stdio.h>
#include <string.h>

#include "controller/act/journal_row.h"

/* The oldest segment. */
struct segment {
    int64_t end;       /* its last number */
    int64_t newest_ms; /* of its rows */
    char hash[DR_SHA256_HEX];
    int64_t rows;
};

/* Out: end 0: none that may go. */
static int oldest(struct dr_journal *j, struct segment *s)
{
    int64_t first, last, open;
    *s = (struct segment){0};
    int rc = dr_journal_ask(j, "select min(id) from entry", &first);
    rc = rc ? rc : dr_journal_ask(j, "select max(id) from entry", &last);
    if (rc || first <= 0)
        return rc;
    int64_t end = (first - 1) / DR_JOURNAL_SEGMENT * DR_JOURNAL_SEGMENT;
    if (end > INT64_MAX - DR_JOURNAL_SEGMENT || last <= end + DR_JOURNAL_SEGMENT)
        return SQLITE_OK; /* still growing */
    end += DR_JOURNAL_SEGMENT;
    struct dr_arena *a = dr_arena_new(0);
    rc = dr_journal_ask(
        j,
        dr_sprintf(
            a,
            "select count(*) from entry e where id <= %lld and kind = 'intent' and "
            "coalesce((select o.outcome from entry o where o.intent_id = e.id "
            "order by o.id desc limit 1), 'unknown') = 'unknown'",
            (long long)end),
        &open);
    if (rc == SQLITE_OK)
        rc = dr_journal_ask(j,
                            dr_sprintf(a,
                                       "select max(time_ms) from entry where id <= %lld",
                                       (long long)end),
                            &s->newest_ms);
    if (rc == SQLITE_OK)
        rc = dr_journal_ask(
            j,
            dr_sprintf(a, "select count(*) from entry where id <= %lld", (long long)end),
            &s->rows);
    struct dr_journal_entry e;
    rc = rc ? rc : dr_journal_get(j, a, end, &e);
    if (rc == SQLITE_OK && !open) {
        s->end = end;
        memcpy(s->hash, e.hash, sizeof(s->hash));
    }
    dr_arena_free(a);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Pages that hold something. */
static int used_bytes(struct dr_journal *j, uint64_t *bytes)
{
    int64_t pages, spare, size;
    int rc = dr_journal_ask(j, "pragma page_count", &pages);
    rc = rc ? rc : dr_journal_ask(j, "pragma freelist_count", &spare);
    rc = rc ? rc : dr_journal_ask(j, "pragma page_size", &size);
    *bytes = rc ? 0 : (uint64_t)((pages - spare) * size);
    return rc;
}

/* Inside a transaction. The rows go by the one way past their guard. */
static int remove_within(struct dr_journal *j, const struct segment *s, int64_t now_ms)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_journal_entry e = {
        .kind = DR_JOURNAL_EVENT,
        .time_ms = now_ms,
        .verb = DR_JOURNAL_PRUNE,
        .target = dr_sprintf(a, "row %lld", (long long)s->end),
        .digest = s->hash,
        .text = dr_sprintf(a,
                           "the oldest %lld rows, up to row %lld, were removed: they "
                           "need not be kept any longer",
                           (long long)s->rows, (long long)s->end)};
    int64_t id;
    int rc = dr_journal_append_within(j, &e, &id);
    rc = rc ? rc : dr_journal_run(j, "drop trigger if exists entry_no_delete");
    if (rc == SQLITE_OK)
        rc = dr_journal_run(
            j, dr_sprintf(a, "delete from entry where id <= %lld", (long long)s->end));
    rc = rc ? rc : dr_journal_run(j, dr_journal_guard(a, "delete"));
    dr_arena_free(a);
    return rc;
}

static int remove_segment(struct dr_journal *j, const struct segment *s, int64_t now_ms)
{
    struct dr_journal_head before = j->known;
    int rc = dr_journal_run(j, "begin immediate");
    if (rc)
        return rc;
    rc = remove_within(j, s, now_ms);
    rc = rc ? rc : dr_journal_run(j, "commit");
    if (rc && !sqlite3_get_autocommit(j->db))
        (void)dr_journal_run(j, "rollback");
    if (rc) {
        j->known = before;
        return rc;
    }
    j->report.rows += 1 - s->rows;
    dr_journal_head_note(j);
    return SQLITE_OK;
}

static int prune(struct dr_journal *j, const struct dr_journal_retention *keep,
                 int64_t now_ms, int64_t *removed)
{
    bool by_age = false;
    for (;;) {
        struct segment s;
        uint64_t used;
        int rc = oldest(j, &s);
        rc = rc ? rc : used_bytes(j, &used);
        if (rc || !s.end)
            return rc;
        bool old = keep->age_ms && !by_age && s.newest_ms < now_ms - keep->age_ms;
        bool big = keep->size_bytes && used > keep->size_bytes;
        if (!old && !big)
            return SQLITE_OK;
        by_age |= old;
        rc = remove_segment(j, &s, now_ms);
        if (rc)
            return rc;
        *removed += s.rows;
    }
}

int dr_journal_prune(struct dr_journal *j, const struct dr_journal_retention *keep,
                     int64_t now_ms, int64_t *removed, struct dr_err *err)
{
    int rc = 0;
    *removed = 0;
    pthread_mutex_lock(&j->lock);
    if (j->db && !j->reader && !j->report.chain_broken) {
        int sq = prune(j, keep, now_ms, removed);
        if (*removed) /* best effort: the pages are used again in any case */
            (void)dr_journal_run(j, "pragma incremental_vacuum");
        rc = sq ? dr_journal_fail(j, sq, "prune", err) : 0;
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}
