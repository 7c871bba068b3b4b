/* Rows, keys, transactions, the change log, GC. */
#include "controller/estate/model/sql_store.h"

#include <string.h>

/* ---- rows ---- */

struct dr_row *dr_row_new(const struct dr_datum *v, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        if (v[i].s)
            bytes += v[i].len + 1;
    struct dr_row *r = dr_xcalloc(1, sizeof(*r) + count * sizeof(*v) + bytes);
    r->refs = 1;
    r->count = (uint32_t)count;
    char *to = (char *)(r->v + count);
    for (size_t i = 0; i < count; i++) {
        r->v[i] = v[i];
        if (!v[i].s)
            continue;
        memcpy(to, v[i].s, v[i].len);
        r->v[i].s = to;
        to += v[i].len + 1;
    }
    return r;
}

struct dr_row *dr_row_ref(struct dr_row *r)
{
    if (r)
        r->refs++;
    return r;
}

void dr_row_unref(struct dr_row *r)
{
    if (r && --r->refs == 0)
        free(r);
}

int dr_datum_cmp(const struct dr_datum *a, const struct dr_datum *b)
{
    if (a->kind == DR_DATUM_NULL || b->kind == DR_DATUM_NULL)
        return (a->kind != DR_DATUM_NULL) - (b->kind != DR_DATUM_NULL);
    if (a->kind == DR_DATUM_INT && b->kind == DR_DATUM_INT)
        return (a->i > b->i) - (a->i < b->i);
    if (a->s && b->s) {
        int c = memcmp(a->s, b->s, a->len < b->len ? a->len : b->len);
        return c ? c : (a->len > b->len) - (a->len < b->len);
    }
    double x = a->kind == DR_DATUM_INT ? (double)a->i : a->r;
    double y = b->kind == DR_DATUM_INT ? (double)b->i : b->r;
    return (x > y) - (x < y);
}

/* Integers big endian with the sign turned, texts ended by a zero byte (a zero inside is
 * doubled by 0xff): memcmp order is the order of the values. */
static size_t key_part(const struct dr_datum *d, unsigned char *out, size_t room)
{
    if (d->kind == DR_DATUM_INT || d->kind == DR_DATUM_REAL) {
        uint64_t u;
        if (d->kind == DR_DATUM_INT) {
            u = (uint64_t)d->i ^ (1ull << 63);
        } else {
            memcpy(&u, &d->r, 8);
            u = u >> 63 ? ~u : u ^ (1ull << 63);
        }
        if (room < 8)
            return 0;
        for (int i = 0; i < 8; i++)
            out[i] = (unsigned char)(u >> (56 - 8 * i));
        return 8;
    }
    size_t n = 0;
    for (size_t i = 0; i < d->len; i++) {
        if (n + 4 > room)
            return 0;
        out[n++] = (unsigned char)d->s[i];
        if (!d->s[i])
            out[n++] = 0xff;
    }
    if (n + 2 > room)
        return 0;
    out[n++] = 0;
    out[n++] = 0;
    return n;
}

size_t dr_key_parts(const struct dr_datum *parts, size_t count,
                    unsigned char out[DR_KEY_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].kind == DR_DATUM_NULL)
            return 0;
        size_t k = key_part(&parts[i], out + n, DR_KEY_MAX - n);
        if (!k)
            return 0;
        n += k;
    }
    return n;
}

size_t dr_key_encode(const struct dr_index *ix, const struct dr_datum *v,
                     unsigned char out[DR_KEY_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < ix->column_count; i++) {
        const struct dr_datum *d = &v[ix->columns[i]];
        size_t k = d->kind == DR_DATUM_NULL ? 0 : key_part(d, out + n, DR_KEY_MAX - n);
        if (!k)
            return 0;
        n += k;
    }
    return n;
}

/* ---- entries ---- */

static int key_cmp(const unsigned char *a, size_t an, const unsigned char *b, size_t bn)
{
    int c = memcmp(a, b, an < bn ? an : bn);
    return c ? c : (an > bn) - (an < bn);
}

/* Where the key stands or would stand. */
static size_t entry_place(const struct dr_table *t, const unsigned char *key, size_t len,
                          bool *found)
{
    size_t lo = 0, hi = t->entry_count;
    *found = false;
    if (hi) { /* appending is the common case */
        const struct dr_entry *last = t->entries[hi - 1];
        if (key_cmp(key, len, last->key, last->key_len) > 0)
            return hi;
    }
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = key_cmp(key, len, t->entries[mid]->key, t->entries[mid]->key_len);
        if (c == 0) {
            *found = true;
            return mid;
        }
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

struct dr_entry *dr_table_find(const struct dr_table *t, const unsigned char *key,
                               size_t len)
{
    bool found;
    size_t i = entry_place(t, key, len, &found);
    return found ? t->entries[i] : NULL;
}

struct dr_entry *dr_txn_entry(struct dr_table *t, const unsigned char *key, size_t len)
{
    bool found;
    size_t i = entry_place(t, key, len, &found);
    if (found)
        return t->entries[i];
    if (t->entry_count == t->entry_room) {
        t->entry_room = t->entry_room ? t->entry_room * 2 : 8;
        t->entries = dr_xrealloc(t->entries, t->entry_room * sizeof(struct dr_entry *));
    }
    struct dr_entry *e = dr_xcalloc(1, sizeof(*e) + len);
    e->key_len = (uint32_t)len;
    memcpy(e->key, key, len);
    memmove(t->entries + i + 1, t->entries + i,
            (t->entry_count - i) * sizeof(struct dr_entry *));
    t->entry_count++;
    return t->entries[i] = e;
}

const struct dr_row *dr_entry_row(const struct dr_entry *e, const struct dr_txn *txn,
                                  uint64_t tso)
{
    if (txn && e->lock == txn && e->pending)
        return e->next;
    for (const struct dr_row_version *v = e->newest; v; v = v->older)
        if (v->tso <= tso)
            return v->row;
    return NULL;
}

size_t dr_table_rows(const struct dr_table *t, uint64_t tso)
{
    size_t n = 0;
    for (size_t i = 0; i < t->entry_count; i++)
        n += dr_entry_row(t->entries[i], NULL, tso) != NULL;
    return n;
}

struct dr_table *dr_table_uniques(struct dr_table *t)
{
    if (!t->uniques)
        t->uniques = dr_xcalloc(1, sizeof(*t->uniques));
    return t->uniques;
}

/* ---- transactions ---- */

struct dr_txn *dr_txn_new(struct dr_model_cluster *c, uint64_t start_tso, int64_t wall_ms)
{
    struct dr_txn *t = dr_xcalloc(1, sizeof(*t));
    t->c = c;
    t->start_tso = start_tso;
    t->start_ms = wall_ms;
    return t;
}

size_t dr_txn_mark(const struct dr_txn *t)
{
    return t->undo_count;
}

static struct dr_undo *note(struct dr_txn *t, struct dr_table *table, struct dr_entry *e)
{
    if (t->undo_count == t->undo_room) {
        t->undo_room = t->undo_room ? t->undo_room * 2 : 8;
        t->undo = dr_xrealloc(t->undo, t->undo_room * sizeof(*t->undo));
    }
    struct dr_undo *u = &t->undo[t->undo_count++];
    *u = (struct dr_undo){table, e, e->lock == t, e->pending, e->next};
    return u;
}

void dr_txn_back(struct dr_txn *t, size_t mark)
{
    while (t->undo_count > mark) {
        struct dr_undo *u = &t->undo[--t->undo_count];
        struct dr_entry *e = u->entry;
        if (e->pending && !(u->was_pending && u->was_next == e->next))
            dr_row_unref(e->next);
        t->changed -= e->pending && !u->was_pending;
        e->pending = u->was_pending;
        e->next = u->was_pending ? u->was_next : NULL;
        if (!u->was_locked)
            e->lock = NULL;
    }
}

void dr_txn_free(struct dr_txn *t)
{
    if (!t)
        return;
    dr_txn_back(t, 0);
    for (size_t i = 0; i < t->compared_count; i++)
        free(t->compared[i].key);
    free(t->compared);
    free(t->undo);
    free(t);
}

bool dr_txn_lock(struct dr_txn *t, struct dr_table *table, struct dr_entry *e)
{
    if (e->lock == t)
        return true;
    if (e->lock)
        return false;
    note(t, table, e);
    e->lock = t;
    return true;
}

void dr_txn_compare(struct dr_txn *t, struct dr_table *table, const struct dr_entry *e)
{
    if (t->compared_count == t->compared_room) {
        t->compared_room = t->compared_room ? t->compared_room * 2 : 8;
        t->compared = dr_xrealloc(t->compared, t->compared_room * sizeof(*t->compared));
    }
    struct dr_compared *x = &t->compared[t->compared_count++];
    *x = (struct dr_compared){table, dr_xcalloc(1, e->key_len + 1u), e->key_len};
    memcpy(x->key, e->key, e->key_len);
}

bool dr_txn_conflicts(const struct dr_txn *t)
{
    for (size_t i = 0; i < t->compared_count; i++) {
        const struct dr_compared *x = &t->compared[i];
        const struct dr_entry *e = dr_table_find(x->table, x->key, x->len);
        if (e &&
            ((e->lock && e->lock != t) || (e->newest && e->newest->tso > t->start_tso)))
            return true;
    }
    return false;
}

void dr_txn_set(struct dr_txn *t, struct dr_table *table, struct dr_entry *e,
                struct dr_row *row)
{
    struct dr_undo *u = note(t, table, e); /* keeps the older row's reference */
    t->changed += !u->was_pending;
    e->lock = t;
    e->pending = true;
    e->next = row;
    t->bytes += e->key_len + (row ? row->count * 8u : 0);
}

struct dr_change *dr_log_push(struct dr_change_log *log)
{
    if (log->count == log->room) {
        log->room = log->room ? log->room * 2 : 64;
        log->items = dr_xrealloc(log->items, log->room * sizeof(*log->items));
    }
    struct dr_change *ch = &log->items[log->count++];
    memset(ch, 0, sizeof(*ch));
    return ch;
}

static void commit_entry(struct dr_txn *t, const struct dr_undo *u, uint64_t tso,
                         uint32_t write_source)
{
    struct dr_entry *e = u->entry;
    struct dr_row *old = e->newest ? e->newest->row : NULL;
    if (old || e->next) {
        struct dr_row_version *v = dr_xcalloc(1, sizeof(*v));
        *v = (struct dr_row_version){e->newest, tso, e->next};
        e->newest = v;
        *dr_log_push(&t->c->log) = (struct dr_change){
            .start_tso = t->start_tso,
            .commit_tso = tso,
            .kind = e->next ? DR_CHANGE_PUT : DR_CHANGE_DELETE,
            .write_source = write_source,
            .table = dr_table_now(u->table),
            .old_row = dr_row_ref(old),
            .row = dr_row_ref(e->next),
        };
    } else {
        dr_row_unref(e->next);
    }
    e->pending = false;
    e->next = NULL;
    e->lock = NULL;
}

uint64_t dr_txn_commit(struct dr_txn *t, uint32_t write_source)
{
    uint64_t tso = t->changed ? dr_model_tso(t->c) : 0;
    for (size_t i = 0; i < t->undo_count; i++) {
        struct dr_undo *u = &t->undo[i];
        if (u->was_pending) /* an older image of this transaction's own */
            dr_row_unref(u->was_next);
        if (u->entry->lock != t)
            continue; /* done at its first mention */
        if (u->entry->pending) {
            /* the newest image counts; older images are released at their mention */
            commit_entry(t, u, tso, write_source);
        } else {
            u->entry->lock = NULL;
        }
    }
    t->undo_count = 0;
    t->changed = t->bytes = 0;
    return tso;
}

/* ---- log ---- */

size_t dr_model_change_after(const struct dr_change_log *log, uint64_t tso)
{
    size_t lo = 0, hi = log->count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (log->items[mid].commit_tso <= tso)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* ---- GC ---- */

static void drop_versions(struct dr_row_version *v)
{
    while (v) {
        struct dr_row_version *older = v->older;
        dr_row_unref(v->row);
        free(v);
        v = older;
    }
}

/* True when nothing of the entry is left. */
static bool gc_entry(struct dr_entry *e, uint64_t safe_point)
{
    for (struct dr_row_version *v = e->newest; v; v = v->older) {
        if (v->tso <= safe_point) {
            drop_versions(v->older);
            v->older = NULL;
            break;
        }
    }
    struct dr_row_version *v = e->newest;
    if (v && !v->older && !v->row && v->tso <= safe_point) {
        drop_versions(v);
        e->newest = NULL;
    }
    return !e->newest && !e->lock;
}

static void gc_table(struct dr_table *t, uint64_t safe_point)
{
    size_t n = 0;
    for (size_t i = 0; i < t->entry_count; i++) {
        struct dr_entry *e = t->entries[i];
        if (gc_entry(e, safe_point))
            free(e);
        else
            t->entries[n++] = e;
    }
    t->entry_count = n;
    if (t->uniques)
        gc_table(t->uniques, safe_point);
}

void dr_table_release(struct dr_table *t)
{
    if (t->uniques)
        dr_table_release(t->uniques);
    free(t->uniques);
    t->uniques = NULL;
    for (size_t i = 0; i < t->entry_count; i++) {
        drop_versions(t->entries[i]->newest);
        if (t->entries[i]->pending)
            dr_row_unref(t->entries[i]->next);
        free(t->entries[i]);
    }
    free(t->entries);
    t->entries = NULL;
    t->entry_count = t->entry_room = 0;
}

void dr_log_cut(struct dr_change_log *log, uint64_t upto)
{
    size_t n = dr_model_change_after(log, upto);
    for (size_t i = 0; i < n; i++) {
        dr_row_unref((struct dr_row *)log->items[i].old_row);
        dr_row_unref((struct dr_row *)log->items[i].row);
    }
    log->count -= n;
    if (log->count)
        if (n) /* an empty log has no items to point at */
            memmove(log->items, log->items + n, log->count * sizeof(*log->items));
    if (upto > log->floor)
        log->floor = upto;
}

void dr_db_gc(struct dr_db *db, uint64_t safe_point)
{
    dr_log_cut(&db->c->log, safe_point);
    for (size_t i = 0; i < db->table_count; i++) {
        struct dr_table *t = db->tables[i];
        if (t->dropped_tso && t->dropped_tso <= safe_point)
            dr_table_release(t);
        else
            gc_table(t, safe_point);
    }
}
