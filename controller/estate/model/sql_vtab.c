/* The virtual tables through which SQLite reads the row store, and tables that are
 * computed. */
#include "controller/estate/model/sql_vtab.h"

#include <sqlite3.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"

struct vtab {
    sqlite3_vtab base;
    struct dr_reading *r;
    size_t number;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct dr_table *table;
    struct dr_entry *only; /* a point read */
    size_t i;
    const struct dr_row *row;
    struct dr_fill fill;
    size_t column_count;
};

enum { PLAN_SCAN, PLAN_ROWID, PLAN_KEY };

/* ---- computed rows ---- */

static void fill_push(struct dr_fill *f, struct dr_datum d)
{
    *DR_PUSH(f->x->a, f->v, f->count, f->room) = d;
}

void dr_fill_null(struct dr_fill *f)
{
    fill_push(f, (struct dr_datum){.kind = DR_DATUM_NULL});
}

void dr_fill_text(struct dr_fill *f, const char *s)
{
    if (!s)
        dr_fill_null(f);
    else
        fill_push(f, (struct dr_datum){.kind = DR_DATUM_TEXT,
                                       .s = dr_strdup(f->x->a, s),
                                       .len = strlen(s)});
}

void dr_fill_int(struct dr_fill *f, int64_t n)
{
    fill_push(f, (struct dr_datum){.kind = DR_DATUM_INT, .i = n});
}

void dr_fill_u64(struct dr_fill *f, uint64_t n)
{
    if (n <= INT64_MAX)
        dr_fill_int(f, (int64_t)n);
    else
        dr_fill_text(f, dr_sprintf(f->x->a, "%llu", (unsigned long long)n));
}

const struct dr_mem_table *dr_mem_table_find(const char *schema, const char *name)
{
    for (const struct dr_mem_table *t = dr_mem_tables; t->name; t++)
        if (strcasecmp(t->name, name) == 0 && strcasecmp(t->schema, schema) == 0)
            return t;
    return NULL;
}

/* ---- the module ---- */

/* A column's declared type says besides its affinity where it comes from, "TEXT(3,7)":
 * column 7 of table 3. SQLite gives it back with the columns of a result. */
static void declare_mem(const struct dr_mem_table *t, size_t number, struct dr_buf *b)
{
    const char *sep = "";
    size_t i = 0;
    for (const char *p = t->columns; *p; sep = ",") {
        size_t n = strcspn(p, " :");
        dr_buf_addf(b, "%s\"%.*s\" %s(%zu,%zu)", sep, (int)n, p,
                    p[n] == ':' ? (p[n + 1] == 'i' ? "INTEGER" : "REAL") : "TEXT", number,
                    i++);
        p += n + (p[n] == ':' ? 2 : 0);
        p += *p == ' ';
    }
}

/* Decimals are texts here, and so are integers above INT64_MAX: they need an order of
 * their own. */
static const char *collation_of(const struct dr_column *c)
{
    bool digits = c->type == DR_COL_DECIMAL || (c->type == DR_COL_INT && c->is_unsigned);
    return digits ? " COLLATE dr_decimal" : "";
}

static void declare_def(const struct dr_table_def *d, size_t number, struct dr_buf *b)
{
    static const char *const affinity[] = {
        [DR_COL_INT] = "INTEGER", [DR_COL_REAL] = "REAL", [DR_COL_DECIMAL] = "NUMERIC",
        [DR_COL_TEXT] = "TEXT",   [DR_COL_BLOB] = "BLOB", [DR_COL_TIME] = "TEXT",
        [DR_COL_JSON] = "TEXT"};
    for (size_t i = 0; i < d->column_count; i++)
        dr_buf_addf(b, "%s\"%s\" %s(%zu,%zu)%s", i ? "," : "", d->columns[i].name,
                    affinity[d->columns[i].type], number, i,
                    collation_of(&d->columns[i]));
}

static int connect_table(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **why)
{
    struct dr_reading *r = aux;
    uint64_t n = 0;
    (void)why;
    if (argc < 4 || !dr_parse_u64(argv[3], strlen(argv[3]), &n) || n >= r->count)
        return SQLITE_ERROR;
    struct dr_buf b;
    dr_buf_init(&b, 1 << 20);
    dr_buf_adds(&b, "CREATE TABLE x(");
    if (r->bound[n].mem)
        declare_mem(r->bound[n].mem, n, &b);
    else
        declare_def(r->bound[n].def, n, &b);
    dr_buf_addc(&b, ')');
    int rc = sqlite3_declare_vtab(db, dr_buf_str(&b));
    dr_buf_release(&b);
    struct vtab *v = dr_xcalloc(1, sizeof(*v));
    v->r = r;
    v->number = n;
    *out = &v->base;
    return rc;
}

static int disconnect_table(sqlite3_vtab *v)
{
    free(v);
    return SQLITE_OK;
}

static int best_rowid(sqlite3_index_info *info)
{
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].usable && info->aConstraint[i].iColumn == -1 &&
            info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ) {
            info->aConstraintUsage[i].argvIndex = 1;
            return true;
        }
    }
    return false;
}

static int find_eq(const sqlite3_index_info *info, uint32_t column)
{
    for (int i = 0; i < info->nConstraint; i++)
        if (info->aConstraint[i].usable &&
            info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ &&
            info->aConstraint[i].iColumn == (int)column)
            return i;
    return -1;
}

static bool best_key(sqlite3_index_info *info, const struct dr_table_def *d)
{
    if (!d || !d->index_count || !d->indexes[0].primary)
        return false;
    const struct dr_index *pk = &d->indexes[0];
    for (size_t k = 0; k < pk->column_count; k++) {
        enum dr_column_type type = d->columns[pk->columns[k]].type;
        if ((type != DR_COL_INT && type != DR_COL_TEXT) ||
            find_eq(info, pk->columns[k]) < 0)
            return false;
    }
    for (size_t k = 0; k < pk->column_count; k++)
        info->aConstraintUsage[find_eq(info, pk->columns[k])].argvIndex = (int)k + 1;
    return true;
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const struct vtab *v = (const struct vtab *)base;
    const struct dr_bound *b = &v->r->bound[v->number];
    bool one = true;
    if (!b->mem && best_rowid(info))
        info->idxNum = PLAN_ROWID;
    else if (!b->mem && best_key(info, b->def))
        info->idxNum = PLAN_KEY;
    else
        one = false;
    size_t rows = b->table ? b->table->entry_count + 1 : 100;
    info->estimatedRows = one ? 1 : (sqlite3_int64)rows;
    info->estimatedCost = one ? 1 : (double)rows * 2;
    if (one)
        info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    (void)base;
    struct cursor *c = dr_xcalloc(1, sizeof(*c));
    *out = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    free(base);
    return SQLITE_OK;
}

static struct dr_reading *reading_of(sqlite3_vtab_cursor *base)
{
    return ((struct vtab *)base->pVtab)->r;
}

static const struct dr_bound *bound_of(sqlite3_vtab_cursor *base)
{
    const struct vtab *v = (const struct vtab *)base->pVtab;
    return &v->r->bound[v->number];
}

static uint64_t read_at(const struct dr_reading *r)
{
    return r->x->current_read ? UINT64_MAX : r->tso;
}

/* Moves to the next visible row at or after position i. */
static void settle(struct cursor *c)
{
    struct dr_reading *r = reading_of(&c->base);
    c->row = NULL;
    for (; c->table && c->i < c->table->entry_count; c->i++) {
        c->row = dr_entry_row(c->table->entries[c->i], r->x->s->txn, read_at(r));
        if (c->row)
            return;
    }
}

static int filter_mem(struct cursor *c, const struct dr_bound *b)
{
    struct dr_reading *r = reading_of(&c->base);
    size_t columns = 1;
    for (const char *p = b->mem->columns; *p; p++)
        columns += *p == ' ';
    c->column_count = columns;
    c->table = NULL;
    c->i = 0;
    if (!c->fill.x) {
        c->fill = (struct dr_fill){.x = r->x, .columns = columns};
        if (b->mem->fill(&c->fill))
            return SQLITE_ABORT; /* the answer holds the error */
    }
    return SQLITE_OK;
}

static bool key_of(sqlite3_value **argv, const struct dr_table_def *d,
                   unsigned char key[DR_KEY_MAX], size_t *len)
{
    const struct dr_index *pk = &d->indexes[0];
    struct dr_datum parts[16];
    for (size_t k = 0; k < pk->column_count; k++) {
        parts[k] = (struct dr_datum){0};
        if (d->columns[pk->columns[k]].type == DR_COL_INT) {
            if (sqlite3_value_numeric_type(argv[k]) != SQLITE_INTEGER)
                return false;
            parts[k].kind = DR_DATUM_INT;
            parts[k].i = sqlite3_value_int64(argv[k]);
        } else if (sqlite3_value_type(argv[k]) != SQLITE_NULL) {
            parts[k].kind = DR_DATUM_TEXT;
            parts[k].s = (const char *)sqlite3_value_text(argv[k]);
            parts[k].len = (size_t)sqlite3_value_bytes(argv[k]);
        }
    }
    *len = dr_key_parts(parts, pk->column_count, key);
    return true;
}

static int filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
                  sqlite3_value **argv)
{
    struct cursor *c = (struct cursor *)base;
    struct dr_reading *r = reading_of(base);
    const struct dr_bound *b = bound_of(base);
    unsigned char key[DR_KEY_MAX];
    size_t len;
    (void)text;
    (void)argc;
    if (b->mem)
        return filter_mem(c, b);
    c->column_count = b->def->column_count;
    c->table = b->table;
    c->only = NULL;
    c->i = 0;
    if (plan == PLAN_ROWID) {
        c->only = (struct dr_entry *)(intptr_t)sqlite3_value_int64(argv[0]);
    } else if (plan == PLAN_KEY && key_of(argv, b->def, key, &len)) {
        c->only = len ? dr_table_find(b->table, key, len) : NULL;
        if (!c->only) {
            c->table = NULL;
            c->row = NULL;
            return SQLITE_OK;
        }
    }
    if (c->only) {
        c->table = NULL;
        c->row = dr_entry_row(c->only, r->x->s->txn, read_at(r));
        return SQLITE_OK;
    }
    settle(c);
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    c->i++;
    if (c->fill.x)
        return SQLITE_OK;
    settle(c);
    return SQLITE_OK;
}

static int at_eof(sqlite3_vtab_cursor *base)
{
    const struct cursor *c = (const struct cursor *)base;
    return c->fill.x ? c->i * c->column_count >= c->fill.count : !c->row;
}

static void result(sqlite3_context *ctx, const struct dr_datum *d)
{
    switch (d->kind) {
    case DR_DATUM_NULL:
        sqlite3_result_null(ctx);
        break;
    case DR_DATUM_INT:
        sqlite3_result_int64(ctx, d->i);
        break;
    case DR_DATUM_REAL:
        sqlite3_result_double(ctx, d->r);
        break;
    case DR_DATUM_TEXT:
        sqlite3_result_text(ctx, d->s, (int)d->len, SQLITE_STATIC);
        break;
    case DR_DATUM_BLOB:
        sqlite3_result_blob(ctx, d->s, (int)d->len, SQLITE_STATIC);
        break;
    }
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i)
{
    const struct cursor *c = (const struct cursor *)base;
    if (c->fill.x)
        result(ctx, &c->fill.v[c->i * c->column_count + (size_t)i]);
    else if ((size_t)i < c->row->count)
        result(ctx, &c->row->v[i]);
    else
        sqlite3_result_null(ctx);
    return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    const struct cursor *c = (const struct cursor *)base;
    if (c->fill.x)
        *out = (sqlite3_int64)c->i;
    else
        *out = (sqlite3_int64)(intptr_t)(c->only ? c->only : c->table->entries[c->i]);
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .iVersion = 1,
    .xCreate = connect_table,
    .xConnect = connect_table,
    .xBestIndex = best_index,
    .xDisconnect = disconnect_table,
    .xDestroy = disconnect_table,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = at_eof,
    .xColumn = column,
    .xRowid = rowid,
};

/* Numbers as texts: by sign, digits before the point, digits. What are no numbers are
 * compared as bytes. */
static int decimal_order(void *arg, int an, const void *ap, int bn, const void *bp)
{
    const char *a = ap, *b = bp;
    (void)arg;
    bool minus = an && *a == '-';
    if (minus != (bn && *b == '-'))
        return minus ? -1 : 1;
    int sign = minus ? -1 : 1;
    a += minus, an -= minus;
    b += minus, bn -= minus;
    int aw = 0, bw = 0;
    while (aw < an && a[aw] >= '0' && a[aw] <= '9')
        aw++;
    while (bw < bn && b[bw] >= '0' && b[bw] <= '9')
        bw++;
    if (aw != bw)
        return aw < bw ? -sign : sign;
    int n = an < bn ? an : bn, order = n ? memcmp(a, b, (size_t)n) : 0;
    return sign * (order ? order : (an > bn) - (an < bn));
}

void dr_vtab_register(struct sqlite3 *db, struct dr_reading *r)
{
    sqlite3_create_module(db, "dr", &module, r);
    sqlite3_create_collation(db, "dr_decimal", SQLITE_UTF8, NULL, decimal_order);
}
