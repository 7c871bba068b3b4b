/* Rows, keys, transactions, the change log. */
#include "controller/estate/model/sql_store.h"

#include <string.h>
#include <strings.h>

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

static struct dr_change *log_push(struct dr_change_log *log)
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
        *log_push(&t->c->log) = (struct dr_change){
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

static void free_entries(struct dr_table *t)
{
    if (t->uniques)
        free_entries(t->uniques);
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

static void log_cut(struct dr_change_log *log, uint64_t upto)
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
    log_cut(&db->c->log, safe_point);
    for (size_t i = 0; i < db->table_count; i++) {
        struct dr_table *t = db->tables[i];
        if (t->dropped_tso && t->dropped_tso <= safe_point)
            free_entries(t);
        else
            gc_table(t, safe_point);
    }
}

/* ---- the database ---- */

struct dr_db *dr_db_new(struct dr_model_cluster *c)
{
    struct dr_db *db = dr_xcalloc(1, sizeof(*db));
    db->c = c;
    db->next_id = 100; /* below: system objects [inference] */
    db->schema_version = 50;
    return db;
}

void dr_db_free(struct dr_db *db)
{
    if (!db)
        return;
    log_cut(&db->c->log, UINT64_MAX);
    free(db->c->log.items);
    db->c->log = (struct dr_change_log){0};
    for (size_t i = 0; i < db->table_count; i++) {
        free_entries(db->tables[i]);
        free(db->tables[i]->defs);
        free(db->tables[i]);
    }
    free(db->tables);
    free(db->schemas);
    free(db->jobs);
    free(db);
}

struct dr_schema *dr_db_schema(struct dr_db *db, const char *name, uint64_t tso)
{
    for (size_t i = db->schema_count; i-- > 0;) {
        struct dr_schema *s = &db->schemas[i];
        if (s->created_tso <= tso && (!s->dropped_tso || s->dropped_tso > tso) &&
            strcasecmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

const struct dr_table_def *dr_table_now(const struct dr_table *t)
{
    return t->defs[t->def_count - 1].def;
}

const struct dr_table_def *dr_table_def_at(const struct dr_table *t, uint64_t tso)
{
    if (t->created_tso > tso || (t->dropped_tso && t->dropped_tso <= tso))
        return NULL;
    for (size_t i = t->def_count; i-- > 0;)
        if (t->defs[i].tso <= tso)
            return t->defs[i].def;
    return NULL;
}

struct dr_table *dr_db_table(struct dr_db *db, const char *schema, const char *name,
                             uint64_t tso, const struct dr_table_def **def)
{
    for (size_t i = db->table_count; i-- > 0;) {
        const struct dr_table_def *d = dr_table_def_at(db->tables[i], tso);
        if (d && strcasecmp(d->name, name) == 0 && strcasecmp(d->schema, schema) == 0) {
            if (def)
                *def = d;
            return db->tables[i];
        }
    }
    return NULL;
}

void dr_db_schema_add(struct dr_db *db, const char *name, uint64_t tso)
{
    if (db->schema_count == db->schema_room) {
        db->schema_room = db->schema_room ? db->schema_room * 2 : 8;
        db->schemas = dr_xrealloc(db->schemas, db->schema_room * sizeof(*db->schemas));
    }
    db->schemas[db->schema_count++] = (struct dr_schema){
        .name = dr_model_string(db->c->model, name, strlen(name)),
        .id = db->next_id += 2,
        .created_tso = tso,
        .charset = "utf8mb4",
        .collate = "utf8mb4_bin",
    };
}

void dr_db_table_drop(struct dr_db *db, struct dr_table *t, uint64_t tso)
{
    t->dropped_tso = tso;
    for (size_t i = 0; i < db->c->instance_count; i++)
        dr_auto_forget(&db->c->instances[i], t);
}

void dr_db_schema_drop(struct dr_db *db, struct dr_schema *s, uint64_t tso)
{
    s->dropped_tso = tso;
    for (size_t i = 0; i < db->table_count; i++) {
        struct dr_table *t = db->tables[i];
        if (!t->dropped_tso && strcasecmp(dr_table_now(t)->schema, s->name) == 0)
            dr_db_table_drop(db, t, tso);
    }
}

static void push_def(struct dr_table *t, const struct dr_table_def *def, uint64_t tso)
{
    if (t->def_count == t->def_room) {
        t->def_room = t->def_room ? t->def_room * 2 : 2;
        t->defs = dr_xrealloc(t->defs, t->def_room * sizeof(*t->defs));
    }
    t->defs[t->def_count++] = (struct dr_table_version){tso, def};
}

struct dr_table *dr_db_table_add(struct dr_db *db, const struct dr_table_def *def,
                                 uint64_t tso)
{
    if (db->table_count == db->table_room) {
        db->table_room = db->table_room ? db->table_room * 2 : 16;
        db->tables = dr_xrealloc(db->tables, db->table_room * sizeof(struct dr_table *));
    }
    struct dr_table *t = dr_xcalloc(1, sizeof(*t));
    t->created_tso = tso;
    t->lineage = db->table_count;
    push_def(t, def, tso);
    return db->tables[db->table_count++] = t;
}

static void reshape(struct dr_entry *e, const struct dr_table_def *def, const int *moved,
                    const struct dr_datum *fill, uint64_t tso)
{
    const struct dr_row *old = e->newest ? e->newest->row : NULL;
    if (!old)
        return;
    struct dr_datum *v = dr_xcalloc(def->column_count, sizeof(*v));
    for (size_t i = 0; i < def->column_count; i++)
        v[i] = moved[i] >= 0 ? old->v[moved[i]] : fill[i];
    struct dr_row_version *next = dr_xcalloc(1, sizeof(*next));
    *next = (struct dr_row_version){e->newest, tso, dr_row_new(v, def->column_count)};
    e->newest = next;
    free(v);
}

void dr_db_table_alter(struct dr_db *db, struct dr_table *t,
                       const struct dr_table_def *def, const int *moved,
                       const struct dr_datum *fill, uint64_t tso)
{
    (void)db;
    push_def(t, def, tso);
    for (size_t i = 0; moved && i < t->entry_count; i++)
        reshape(t->entries[i], def, moved, fill, tso);
}

void dr_db_job(struct dr_db *db, const struct dr_change *ch, const char *state)
{
    struct dr_model *m = db->c->model;
    if (db->job_count == db->job_room) {
        db->job_room = db->job_room ? db->job_room * 2 : 16;
        db->jobs = dr_xrealloc(db->jobs, db->job_room * sizeof(*db->jobs));
    }
    const struct dr_table_def *def = ch->table ? ch->table : ch->old_table;
    struct dr_schema *s = ch->schema ? dr_db_schema(db, ch->schema, UINT64_MAX) : NULL;
    db->jobs[db->job_count++] = (struct dr_ddl_job){
        .id = ++db->next_id,
        .schema_id = s ? s->id : 0,
        .table_id = def ? def->id : 0,
        .schema = ch->schema ? ch->schema : "",
        .table = def ? def->name : "",
        .type = ch->ddl_type,
        .state = state,
        .query = ch->ddl,
        .bdr_role = ch->bdr_role,
        .start_ms = dr_model_wall_ms(m),
        .end_ms = strcmp(state, "synced") == 0 ? dr_model_wall_ms(m) : 0,
    };
}

void dr_db_ddl(struct dr_db *db, const struct dr_change *ch)
{
    dr_db_job(db, ch, "synced");
    db->schema_version++;
    *log_push(&db->c->log) = *ch;
}

/* ---- AUTO_INCREMENT: tidb: pkg/meta/autoid/autoid.go ---- */

struct dr_auto_range {
    struct dr_auto_range *next;
    const struct dr_table *table;
    int64_t last, end; /* handed out up to `last`, free up to `end` */
};

enum { DEFAULT_STEP = 30000 };

static struct dr_auto_range *range_of(struct dr_model_instance *in,
                                      const struct dr_table *t)
{
    /* AUTO_ID_CACHE 1: one allocator for the cluster (docs: auto-increment.md) */
    if (dr_table_now(t)->auto_id_cache == 1)
        in = &in->cluster->instances[0];
    for (struct dr_auto_range *r = in->ranges; r; r = r->next)
        if (r->table == t)
            return r;
    struct dr_auto_range *r = dr_xcalloc(1, sizeof(*r));
    r->table = t;
    r->next = in->ranges;
    in->ranges = r;
    return r;
}

static int64_t step_of(const struct dr_table *t)
{
    int64_t cache = dr_table_now(t)->auto_id_cache;
    return cache > 0 ? cache : DEFAULT_STEP;
}

int64_t dr_auto_next(struct dr_model_instance *in, struct dr_table *t, int64_t increment,
                     int64_t offset)
{
    struct dr_auto_range *r = range_of(in, t);
    for (int round = 0;; round++) {
        int64_t base = offset - 1 > r->last ? offset - 1 : r->last;
        int64_t next = (base + increment - offset) / increment * increment + offset;
        if (next <= r->end || round) {
            r->last = next;
            if (next > t->auto_base)
                t->auto_base = next;
            if (next > r->end)
                r->end = next;
            return next;
        }
        r->last = t->auto_base;
        base = offset - 1 > r->last ? offset - 1 : r->last;
        next = (base + increment - offset) / increment * increment + offset;
        int64_t step = step_of(t);
        r->end = next + step - 1 > r->last + step ? next + step - 1 : r->last + step;
        t->auto_base = r->end;
    }
}

void dr_auto_rebase(struct dr_model_instance *in, struct dr_table *t, int64_t value)
{
    struct dr_auto_range *r = range_of(in, t);
    if (value <= r->last)
        return;
    if (value <= r->end) {
        r->last = value;
        return;
    }
    r->last = value > t->auto_base ? value : t->auto_base;
    r->end = r->last + step_of(t);
    t->auto_base = r->end;
}

void dr_auto_forget(struct dr_model_instance *in, const struct dr_table *t)
{
    for (struct dr_auto_range **p = &in->ranges; *p;) {
        struct dr_auto_range *r = *p;
        if (t && r->table != t) {
            p = &r->next;
            continue;
        }
        *p = r->next;
        free(r);
    }
}
