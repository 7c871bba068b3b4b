/* What a row of the journal is: columns, canonical bytes, hash. The columns are one
 * table; the schema, the statements and the hash follow from it. */
#include "controller/act/journal_row.h"

#include <string.h>

#include "controller/base/buf.h"

static const char zeros[DR_SHA256_HEX] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static const char *const kind_names[DR_JOURNAL_KIND_COUNT_] = {
    [DR_JOURNAL_INTENT] = "intent",
    [DR_JOURNAL_OUTCOME] = "outcome",
    [DR_JOURNAL_EVENT] = "event",
};

static const char *const outcome_names[DR_JOURNAL_OUTCOME_COUNT_] = {
    [DR_JOURNAL_NONE] = "",           [DR_JOURNAL_DONE] = "done",
    [DR_JOURNAL_REFUSED] = "refused", [DR_JOURNAL_FAILED] = "failed",
    [DR_JOURNAL_UNKNOWN] = "unknown",
};

static const struct {
    const char *name;
    size_t at;
} texts[] = {
    {"topology", offsetof(struct dr_journal_entry, topology)},
    {"revision", offsetof(struct dr_journal_entry, revision)},
    {"digest", offsetof(struct dr_journal_entry, digest)},
    {"rule", offsetof(struct dr_journal_entry, rule)},
    {"action", offsetof(struct dr_journal_entry, action)},
    {"verb", offsetof(struct dr_journal_entry, verb)},
    {"target", offsetof(struct dr_journal_entry, target)},
    {"why", offsetof(struct dr_journal_entry, why)},
    {"precondition", offsetof(struct dr_journal_entry, precondition)},
    {"approval", offsetof(struct dr_journal_entry, approval)},
    {"text", offsetof(struct dr_journal_entry, text)},
};
_Static_assert(sizeof(texts) / sizeof(texts[0]) == DR_JOURNAL_TEXTS,
               "the count of text columns is wrong");

const char *dr_journal_kind_name(enum dr_journal_kind kind)
{
    return (unsigned)kind < DR_JOURNAL_KIND_COUNT_ && kind_names[kind] ? kind_names[kind]
                                                                       : "";
}

const char *dr_journal_outcome_name(enum dr_journal_outcome outcome)
{
    return (unsigned)outcome < DR_JOURNAL_OUTCOME_COUNT_ ? outcome_names[outcome] : "";
}

static unsigned word_index(const char *const *words, unsigned count, const char *word)
{
    for (unsigned i = 0; i < count; i++) {
        if (words[i] && word && strcmp(words[i], word) == 0)
            return i;
    }
    return 0;
}

static const char *text_of(const struct dr_journal_entry *e, size_t i)
{
    const char *s;
    memcpy(&s, (const char *)e + texts[i].at, sizeof(s));
    return s;
}

static void set_text(struct dr_journal_entry *e, size_t i, const char *s)
{
    memcpy((char *)e + texts[i].at, &s, sizeof(s));
}

/* ---- the table ------------------------------------------------------------------- */

const char *dr_journal_schema(struct dr_arena *a)
{
    struct dr_buf b;
    dr_buf_init(&b, 8192);
    dr_buf_adds(&b, "create table entry("
                    "id integer primary key, time_ms integer not null, "
                    "cycle integer not null, "
                    "kind text not null check (kind in ('intent','outcome','event')), "
                    "intent_id integer, outcome text check (outcome in "
                    "('done','refused','failed','unknown')), ");
    for (size_t i = 0; i < DR_JOURNAL_TEXTS; i++)
        dr_buf_addf(&b, "%s text, ", texts[i].name);
    dr_buf_adds(&b, "prev text not null, hash text not null, "
                    "check ((kind = 'outcome') = (intent_id is not null)), "
                    "check ((kind = 'outcome') = (outcome is not null))) strict;"
                    "create index entry_intent on entry(intent_id) "
                    "where intent_id is not null;");
    for (int i = 0; i < 2; i++)
        dr_buf_addf(&b,
                    "create trigger entry_no_%s before %s on entry begin "
                    "select raise(abort, 'the journal is append-only'); end;",
                    i ? "delete" : "update", i ? "delete" : "update");
    dr_buf_addf(&b, "pragma application_id = %d; pragma user_version = %d;",
                DR_JOURNAL_APPLICATION_ID, DR_JOURNAL_FORMAT);
    char *sql = dr_strndup(a, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
    return sql;
}

const char *dr_journal_columns(struct dr_arena *a, const char *prefix)
{
    static const char *const numbers[DR_JOURNAL_NUMBERS] = {
        "id", "time_ms", "cycle", "kind", "intent_id", "outcome"};
    struct dr_buf b;
    dr_buf_init(&b, 4096);
    for (size_t i = 0; i < DR_JOURNAL_NUMBERS; i++)
        dr_buf_addf(&b, "%s%s, ", prefix, numbers[i]);
    for (size_t i = 0; i < DR_JOURNAL_TEXTS; i++)
        dr_buf_addf(&b, "%s%s, ", prefix, texts[i].name);
    dr_buf_addf(&b, "%sprev, %shash", prefix, prefix);
    char *list = dr_strndup(a, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
    return list;
}

/* ---- the hash -------------------------------------------------------------------- */

/* Each field says its type and length, so that no two rows have the same bytes. */
static void put_number(struct dr_buf *b, int64_t v)
{
    dr_buf_addf(b, "i%lld;", (long long)v);
}

static void put_text(struct dr_buf *b, const char *s)
{
    if (s)
        dr_buf_addf(b, "t%zu:%s;", strlen(s), s);
    else
        dr_buf_adds(b, "n;");
}

void dr_journal_hash(const struct dr_journal_entry *e, char hash[DR_SHA256_HEX])
{
    struct dr_buf b;
    /* bounded by SQLite's own limit on the length of a row */
    dr_buf_init(&b, SIZE_MAX / 4);
    put_text(&b, e->prev);
    put_number(&b, e->id);
    put_number(&b, e->time_ms);
    put_number(&b, (int64_t)e->cycle);
    put_text(&b, dr_journal_kind_name(e->kind));
    put_number(&b, e->intent_id);
    put_text(&b, dr_journal_outcome_name(e->outcome));
    for (size_t i = 0; i < DR_JOURNAL_TEXTS; i++)
        put_text(&b, text_of(e, i));
    dr_sha256_hex(hash, b.data, b.len);
    dr_buf_release(&b);
}

/* ---- statements ------------------------------------------------------------------ */

static int bind_text(sqlite3_stmt *s, int at, const char *v)
{
    return v ? sqlite3_bind_text(s, at, v, -1, SQLITE_STATIC) : sqlite3_bind_null(s, at);
}

int dr_journal_bind(sqlite3_stmt *s, const struct dr_journal_entry *e)
{
    bool outcome = e->kind == DR_JOURNAL_OUTCOME;
    int rc = sqlite3_bind_int64(s, 1, e->id);
    rc = rc ? rc : sqlite3_bind_int64(s, 2, e->time_ms);
    rc = rc ? rc : sqlite3_bind_int64(s, 3, (int64_t)e->cycle);
    rc = rc ? rc : bind_text(s, 4, dr_journal_kind_name(e->kind));
    if (!rc)
        rc = outcome ? sqlite3_bind_int64(s, 5, e->intent_id) : sqlite3_bind_null(s, 5);
    rc = rc ? rc : bind_text(s, 6, outcome ? dr_journal_outcome_name(e->outcome) : NULL);
    int at = DR_JOURNAL_NUMBERS + 1;
    for (size_t i = 0; i < DR_JOURNAL_TEXTS; i++, at++)
        rc = rc ? rc : bind_text(s, at, text_of(e, i));
    rc = rc ? rc : bind_text(s, at, e->prev);
    return rc ? rc : bind_text(s, at + 1, e->hash);
}

/* The text of a column, the arena's. A NUL inside, which drover never writes, would hide
 * what follows it from the hash: *whole becomes false. */
static const char *fetch_text(struct dr_arena *a, sqlite3_stmt *s, int at, bool *whole)
{
    char *text = dr_strdup(a, (const char *)sqlite3_column_text(s, at));
    if (text && strlen(text) != (size_t)sqlite3_column_bytes(s, at))
        *whole = false;
    return text;
}

static void fetch_hash(char out[DR_SHA256_HEX], sqlite3_stmt *s, int at, bool *whole)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    if (!text || sqlite3_column_bytes(s, at) != DR_SHA256_HEX - 1)
        *whole = false;
    snprintf(out, DR_SHA256_HEX, "%s", text ? text : "");
}

bool dr_journal_fetch(struct dr_arena *a, sqlite3_stmt *s, struct dr_journal_entry *e)
{
    bool whole = true;
    *e = (struct dr_journal_entry){
        .id = sqlite3_column_int64(s, 0),
        .time_ms = sqlite3_column_int64(s, 1),
        .cycle = (uint64_t)sqlite3_column_int64(s, 2),
        .kind = (enum dr_journal_kind)word_index(kind_names, DR_JOURNAL_KIND_COUNT_,
                                                 fetch_text(a, s, 3, &whole)),
        .intent_id = sqlite3_column_int64(s, 4),
        .outcome = (enum dr_journal_outcome)word_index(
            outcome_names, DR_JOURNAL_OUTCOME_COUNT_, fetch_text(a, s, 5, &whole)),
    };
    for (size_t i = 0; i < DR_JOURNAL_TEXTS; i++)
        set_text(e, i, fetch_text(a, s, DR_JOURNAL_NUMBERS + (int)i, &whole));
    fetch_hash(e->prev, s, DR_JOURNAL_COLUMNS - 2, &whole);
    fetch_hash(e->hash, s, DR_JOURNAL_COLUMNS - 1, &whole);
    return whole;
}

/* ---- the chain ------------------------------------------------------------------- */

static void check_link(struct dr_journal_walk *w, const struct dr_journal_entry *e,
                       bool whole)
{
    char hash[DR_SHA256_HEX];
    dr_journal_hash(e, hash);
    if (!w->broken_id &&
        (!whole || (w->rows && e->id != w->last_id + 1) ||
         strcmp(e->prev, w->last_hash) != 0 || strcmp(e->hash, hash) != 0))
        w->broken_id = e->id > 0 ? e->id : 1;
    w->rows++;
    w->last_id = e->id;
    memcpy(w->last_hash, e->hash, sizeof(w->last_hash));
}

int dr_journal_walk(struct dr_journal *j, int64_t head_id, const char *head_hash,
                    struct dr_journal_walk *out)
{
    *out = (struct dr_journal_walk){0};
    memcpy(out->last_hash, zeros, sizeof(zeros));
    struct dr_arena *a = dr_arena_new(0);
    char *sql =
        dr_sprintf(a, "select %s from entry order by id", dr_journal_columns(a, ""));
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(j->db, sql, -1, &s, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(s);
        if (rc != SQLITE_ROW)
            break;
        struct dr_journal_entry e;
        dr_arena_reset(a);
        check_link(out, &e, dr_journal_fetch(a, s, &e));
        if (head_id == e.id && head_hash && strcmp(head_hash, e.hash) == 0)
            out->head_seen = true;
    }
    sqlite3_finalize(s);
    dr_arena_free(a);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}
