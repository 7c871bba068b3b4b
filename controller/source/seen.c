/* What a folder held earlier: the memory that a git history is for the other kind of
 * origin. It lets a restarted drover know that a document vanished while it was away.
 * Lost with the state folder; a damaged file begins anew. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/source/inside.h"

enum { VERSIONS_MAX = 1000, BUSY_MS = 5000, FORMAT = 1 };

struct dr_seen {
    sqlite3 *db;
    char *path;
    char last[DR_REVISION_TEXT]; /* remembered last by this process */
};

/* The table holds each version once; `seq` rises with each time it is seen again. */
static const char schema[] =
    "create table if not exists version(seq integer primary key, revision text not null, "
    "path text not null, digest text not null, bytes blob not null, unique(path, "
    "digest)) "
    "strict; pragma user_version = 1;";

static int fail(const struct dr_seen *s, const char *what, struct dr_err *err)
{
    return dr_fail(err, DR_E_IO, "cannot %s '%s': %s", what, s->path,
                   s->db ? sqlite3_errmsg(s->db) : "out of memory");
}

static int attach(struct dr_seen *s)
{
    int rc = sqlite3_open_v2(
        s->path, &s->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);
    if (rc)
        return rc;
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    rc = sqlite3_exec(s->db,
                      "pragma trusted_schema = off; pragma journal_mode = wal; "
                      "pragma synchronous = full; pragma quick_check(1);",
                      NULL, NULL, NULL);
    rc = rc ? rc : sqlite3_exec(s->db, schema, NULL, NULL, NULL);
    return rc ? rc
              : sqlite3_exec(
                    s->db,
                    "select seq, revision, path, digest, bytes from version limit 1",
                    NULL, NULL, NULL);
}

int dr_seen_open(struct dr_seen **out, const char *path, struct dr_err *err)
{
    struct dr_seen *s = dr_xcalloc(1, sizeof(*s));
    s->path = dr_xstrdup(path);
    int rc = attach(s) & 0xff;
    if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB || rc == SQLITE_ERROR) {
        static const char *const tails[] = {"", "-wal", "-shm"};
        sqlite3_close(s->db);
        s->db = NULL;
        for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            char *name = sqlite3_mprintf("%s%s", path, tails[i]);
            unlink(name);
            sqlite3_free(name);
        }
        rc = attach(s);
    }
    if (rc) {
        rc = fail(s, "open", err);
        dr_seen_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void dr_seen_close(struct dr_seen *s)
{
    if (!s)
        return;
    sqlite3_close(s->db);
    free(s->path);
    free(s);
}

static int remember_file(sqlite3_stmt *put, const char *revision,
                         const struct dr_origin_file *f)
{
    int rc = sqlite3_bind_text(put, 1, revision, -1, SQLITE_STATIC);
    rc = rc ? rc : sqlite3_bind_text(put, 2, f->path, -1, SQLITE_STATIC);
    rc = rc ? rc : sqlite3_bind_text(put, 3, f->digest, -1, SQLITE_STATIC);
    rc = rc ? rc : sqlite3_bind_blob64(put, 4, f->bytes, f->len, SQLITE_STATIC);
    if (rc)
        return rc;
    rc = sqlite3_step(put);
    sqlite3_reset(put);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int remember_all(struct dr_seen *s, const struct dr_origin_revision *now)
{
    static const char put_sql[] =
        "insert or replace into version(seq, revision, path, "
        "digest, bytes) values((select coalesce(max(seq), 0) + 1 "
        "from version), ?, ?, ?, ?)";
    sqlite3_stmt *put = NULL;
    int rc = sqlite3_prepare_v2(s->db, put_sql, -1, &put, NULL);
    for (size_t i = 0; rc == SQLITE_OK && i < now->file_count; i++)
        rc = remember_file(put, now->revision, &now->files[i]);
    sqlite3_finalize(put);
    if (rc)
        return rc;
    /* the newest versions stay, those of this revision always */
    char *trim = sqlite3_mprintf(
        "delete from version where revision <> %Q and seq not in "
        "(select seq from version where revision <> %Q order by seq desc limit %d)",
        now->revision, now->revision, (int)VERSIONS_MAX);
    rc = trim ? sqlite3_exec(s->db, trim, NULL, NULL, NULL) : SQLITE_NOMEM;
    sqlite3_free(trim);
    return rc;
}

int dr_seen_remember(struct dr_seen *s, const struct dr_origin_revision *now,
                     struct dr_err *err)
{
    if (strcmp(s->last, now->revision) == 0)
        return 0;
    int rc = sqlite3_exec(s->db, "begin immediate", NULL, NULL, NULL);
    rc = rc ? rc : remember_all(s, now);
    rc = rc ? rc : sqlite3_exec(s->db, "commit", NULL, NULL, NULL);
    if (rc) {
        rc = fail(s, "write", err);
        sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
        return rc;
    }
    snprintf(s->last, sizeof(s->last), "%s", now->revision);
    return 0;
}

static void fetch_past(sqlite3_stmt *q, struct dr_arena *a, struct dr_origin_past *p)
{
    size_t len = (size_t)sqlite3_column_bytes(q, 3);
    p->revision = dr_strdup(a, (const char *)sqlite3_column_text(q, 0));
    p->file.path = dr_strdup(a, (const char *)sqlite3_column_text(q, 1));
    snprintf(p->file.digest, sizeof(p->file.digest), "%s",
             (const char *)sqlite3_column_text(q, 2));
    p->file.bytes = dr_strndup(a, sqlite3_column_blob(q, 3), len);
    p->file.len = len;
    p->path_at_tip = sqlite3_column_int(q, 4);
}

int dr_seen_list(struct dr_seen *s, struct dr_arena *a, const char *tip, uint32_t max,
                 struct dr_origin_past_list *out, struct dr_err *err)
{
    static const char sql[] =
        "select revision, path, digest, bytes, exists(select 1 from version t where "
        "t.revision = ?1 and t.path = version.path) from version where revision <> ?1 "
        "order by seq desc limit ?2";
    struct dr_origin_past *items = NULL;
    size_t count = 0, room = 0;
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
    rc = rc ? rc : sqlite3_bind_text(q, 1, tip, -1, SQLITE_STATIC);
    rc = rc ? rc : sqlite3_bind_int64(q, 2, max);
    while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        fetch_past(q, a, DR_PUSH(a, items, count, room));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    if (rc != SQLITE_DONE)
        return fail(s, "read", err);
    out->items = items;
    out->count = count;
    return 0;
}
