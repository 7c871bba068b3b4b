/* What a row of the journal is: columns, canonical bytes, hash. The columns are one
 * table; the schema, the statements and the hash follow from it. */
#include "controller/act/journal_row.h"

#include <string.h>

#include "controller/base/buf.h"
#include "controller/base/printable.h"
#include "controller/base/tso.h"

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

/* "intent", .. */
static const char *journal_kind_name(enum dr_journal_kind kind)
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

const char *dr_journal_guard(struct dr_arena *a, const char *verb)
{
    return dr_sprintf(a,
                      "create trigger entry_no_%s before %s on entry begin "
                      "select raise(abort, 'the journal is append-only'); end;",
                      verb, verb);
}

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
                    "holder text, epoch integer, "
                    "check ((kind = 'outcome') = (intent_id is not null)), "
                    "check ((kind = 'outcome') = (outcome is not null))) strict;"
                    "create index entry_intent on entry(intent_id) "
                    "where intent_id is not null;");
    dr_buf_adds(&b, dr_journal_guard(a, "update"));
    dr_buf_adds(&b, dr_journal_guard(a, "delete"));
    dr_buf_addf(&b, "pragma application_id = %d; pragma user_version = %d;",
                DR_JOURNAL_APPLICATION_ID, DR_JOURNAL_FORMAT);
    char *sql = dr_strndup(a, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
    return sql;
}

const char *dr_journal_columns(struct dr_arena *a, const char *prefix, int64_t format)
{
    static const char *const numbers[DR_JOURNAL_NUMBERS] = {
        "id", "time_ms", "cycle", "kind", "intent_id", "outcome"};
    struct dr_buf b;
    dr_buf_init(&b, 4096);
    for (size_t i = 0; i < DR_JOURNAL_NUMBERS; i++)
        dr_buf_addf(&b, "%s%s, ", prefix, numbers[i]);
    for (size_t i = 0; i < DR_JOURNAL_TEXTS; i++)
        dr_buf_addf(&b, "%s%s, ", prefix, texts[i].name);
    dr_buf_addf(&b, "%sprev, %shash, ", prefix, prefix);
    if (format < 2)
        dr_buf_adds(&b, "null as holder, null as epoch");
    else
        dr_buf_addf(&b, "%sholder, %sepoch", prefix, prefix);
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
    put_text(&b, journal_kind_name(e->kind));
    put_number(&b, e->intent_id);
    put_text(&b, dr_journal_outcome_name(e->outcome));
    for (size_t i = 0; i < DR_JOURNAL_TEXTS; i++)
        put_text(&b, text_of(e, i));
    if (e->holder || e->epoch) { /* rows of format 1 hash as they did */
        dr_buf_adds(&b, "2;");
        put_text(&b, e->holder);
        put_number(&b, (int64_t)e->epoch);
    }
    dr_sha256_hex(hash, b.data, b.len);
    dr_buf_release(&b);
}

bool dr_journal_fits(const struct dr_journal_entry *e)
{
    char hash[DR_SHA256_HEX];
    dr_journal_hash(e, hash);
    return strcmp(hash, e->hash) == 0;
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
    rc = rc ? rc : bind_text(s, 4, journal_kind_name(e->kind));
    if (!rc)
        rc = outcome ? sqlite3_bind_int64(s, 5, e->intent_id) : sqlite3_bind_null(s, 5);
    rc = rc ? rc : bind_text(s, 6, outcome ? dr_journal_outcome_name(e->outcome) : NULL);
    int at = DR_JOURNAL_NUMBERS + 1;
    for (size_t i = 0; i < DR_JOURNAL_TEXTS; i++, at++)
        rc = rc ? rc : bind_text(s, at, text_of(e, i));
    rc = rc ? rc : bind_text(s, at, e->prev);
    rc = rc ? rc : bind_text(s, at + 1, e->hash);
    rc = rc ? rc : bind_text(s, at + 2, e->holder);
    if (rc || !e->epoch)
        return rc ? rc : sqlite3_bind_null(s, at + 3);
    return sqlite3_bind_int64(s, at + 3, (int64_t)e->epoch);
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
    enum { PREV = DR_JOURNAL_NUMBERS + DR_JOURNAL_TEXTS, HASH, HOLDER, EPOCH };
    fetch_hash(e->prev, s, PREV, &whole);
    fetch_hash(e->hash, s, HASH, &whole);
    e->holder = fetch_text(a, s, HOLDER, &whole);
    e->epoch = (uint64_t)sqlite3_column_int64(s, EPOCH);
    return whole;
}

/* ---- the chain ------------------------------------------------------------------- */

static void break_at(struct dr_journal_walk *w, int64_t id)
{
    if (w->broken_count < DR_JOURNAL_BROKEN_MAX)
        w->broken_ids[w->broken_count] = id > 0 ? id : 1;
    w->broken_count++;
}

/* Whether the row says that what the first row follows is elsewhere or pruned. */
static bool names_the_start(const struct dr_journal_walk *w,
                            const struct dr_journal_entry *e)
{
    char row[32];
    if (e->kind != DR_JOURNAL_EVENT || !e->verb || !e->target || !e->digest ||
        (strcmp(e->verb, DR_JOURNAL_BEGIN) != 0 &&
         strcmp(e->verb, DR_JOURNAL_PRUNE) != 0))
        return false;
    snprintf(row, sizeof(row), "row %lld", (long long)w->first_id - 1);
    return strcmp(e->target, row) == 0 && strcmp(e->digest, w->first_prev) == 0;
}

static void check_row(struct dr_journal_walk *w, const struct dr_journal_entry *e,
                      bool whole)
{
    char hash[DR_SHA256_HEX];
    dr_journal_hash(e, hash);
    bool fits = whole && e->id > 0 && strcmp(e->hash, hash) == 0;
    if (!w->rows) {
        w->first_id = e->id;
        memcpy(w->first_prev, e->prev, sizeof(w->first_prev));
        /* a new file after damage of which nothing was known begins at any number */
        w->anchored = strcmp(e->prev, zeros) == 0;
    } else {
        fits = fits && e->id == w->last_id + 1 && strcmp(e->prev, w->last_hash) == 0;
    }
    if (fits && !w->anchored)
        w->anchored = names_the_start(w, e);
    if (!fits)
        break_at(w, e->id);
    for (size_t i = 0; i < 2; i++)
        if (w->given[i].id == e->id && strcmp(w->given[i].hash, e->hash) == 0)
            w->seen[i] = true;
    w->rows++;
    w->last_id = e->id;
    memcpy(w->last_hash, e->hash, sizeof(w->last_hash));
}

/* The first row that does not fit comes first; nobody said why rows before row one of
 * this file are missing. */
static void check_start(struct dr_journal_walk *w)
{
    bool first_said = w->broken_count && w->broken_ids[0] == w->first_id;
    if (!w->rows || w->anchored || first_said)
        return;
    memmove(w->broken_ids + 1, w->broken_ids,
            (DR_JOURNAL_BROKEN_MAX - 1) * sizeof(w->broken_ids[0]));
    w->broken_ids[0] = w->first_id > 0 ? w->first_id : 1;
    w->broken_count++;
}

/* Heads of rows that are no longer in the file. The one beside it lags at most; of one
 * that somebody kept only the last row before the file can be proved. */
static void see_older(struct dr_journal_walk *w)
{
    struct dr_journal_head *beside = &w->given[0], *kept = &w->given[1];
    if (!w->anchored)
        return;
    w->seen[0] |= beside->id && beside->id < w->first_id;
    w->seen[1] |=
        kept->id && kept->id == w->first_id - 1 && strcmp(kept->hash, w->first_prev) == 0;
}

int dr_journal_walk(struct dr_journal *j, struct dr_journal_walk *w)
{
    memcpy(w->last_hash, zeros, sizeof(zeros));
    struct dr_arena *a = dr_arena_new(0);
    const char *columns = dr_journal_columns(a, "", j->format);
    char *sql = dr_sprintf(a, "select %s from entry order by id", columns);
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(j->db, sql, -1, &s, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct dr_journal_entry e;
        dr_arena_reset(a);
        bool whole = dr_journal_fetch(a, s, &e);
        check_row(w, &e, whole);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    dr_arena_free(a);
    check_start(w);
    see_older(w);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int dr_journal_get(struct dr_journal *j, struct dr_arena *a, int64_t id,
                   struct dr_journal_entry *out)
{
    sqlite3_stmt *s = NULL;
    char *sql = dr_sprintf(a, "select %s from entry where id = ?",
                           dr_journal_columns(a, "", j->format));
    int rc = sqlite3_prepare_v2(j->db, sql, -1, &s, NULL);
    rc = rc ? rc : sqlite3_bind_int64(s, 1, id);
    rc = rc ? rc : sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        dr_journal_fetch(a, s, out);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    return rc;
}

/* ---- for people ------------------------------------------------------------------ */

/* What stands in a file may not be what drover wrote. */
static const char *clean(struct dr_arena *a, const char *text)
{
    enum { SHOWN_MAX = 160 };
    return text ? dr_printable(a, text, strlen(text), SHOWN_MAX) : "";
}

const char *dr_journal_line(struct dr_arena *a, const struct dr_journal_entry *e)
{
    char time[DR_TIME_TEXT];
    const char *word = journal_kind_name(e->kind);
    const char *text = e->text && *e->text ? e->text : e->why;
    return dr_sprintf(a, "%s %s%s%s%s%s%s%s%s%s", dr_time_text(e->time_ms, time),
                      *word ? word : "of no kind", e->topology ? " of " : "",
                      clean(a, e->topology), e->verb ? ", " : "", clean(a, e->verb),
                      e->target ? " " : "", clean(a, e->target), text ? ": " : "",
                      clean(a, text));
}

static void say_broken(struct dr_journal *j, const struct dr_journal_walk *w,
                       struct dr_buf *out)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_journal_entry e;
    int64_t id = w->broken_ids[0];
    if (!w->anchored && id == w->first_id)
        dr_buf_addf(out,
                    "the journal was changed by hand: rows before row %lld are gone, and "
                    "no row says why",
                    (long long)id);
    else
        dr_buf_addf(out,
                    "the journal was changed by hand: row %lld does not follow from the "
                    "one before it",
                    (long long)id);
    if (dr_journal_get(j, a, id, &e) == SQLITE_OK)
        dr_buf_addf(out, "; it says: %s", dr_journal_line(a, &e));
    if (w->broken_count > 1)
        dr_buf_addf(out, "; %zu more do not fit", w->broken_count - 1);
    dr_buf_addc(out, '\n');
    dr_arena_free(a);
}

void dr_journal_say_walk(struct dr_journal *j, const struct dr_journal_walk *w,
                         struct dr_buf *out)
{
    if (w->broken_count)
        say_broken(j, w, out);
    for (size_t i = 0; i < 2; i++) {
        const struct dr_journal_head *h = &w->given[i];
        if (!h->id || w->seen[i] || (i && h->id == w->given[0].id))
            continue;
        if (h->id > w->last_id)
            dr_buf_addf(out,
                        "the journal ends at row %lld, but row %lld was written: its end "
                        "was lost or cut off\n",
                        (long long)w->last_id, (long long)h->id);
        else if (h->id < w->first_id)
            dr_buf_addf(
                out,
                "row %lld is older than the first row here, row %lld: pruned, or in "
                "a file that was moved aside; its head proves nothing here\n",
                (long long)h->id, (long long)w->first_id);
        else
            dr_buf_addf(out, "row %lld of the journal is not the one that was written\n",
                        (long long)h->id);
    }
}
