/* The virtual table module and the running of queries. One SQLite connection per cluster,
 * in memory, made when the first statement needs it. */
#include "controller/estate/model/sql_engine.h"

#include <sqlite3.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/estate/model/sql_account.h"

enum { PREPARED = 64 };

struct prepared {
    sqlite3_stmt *st; /* reset, of the text that it was prepared from; NULL: none */
};

struct dr_engine {
    sqlite3 *db;
    struct prepared prepared[PREPARED]; /* by a hash of the text */
    struct dr_bound *bound;
    size_t count, room;
    struct dr_exec *x; /* whose statement runs */
    uint64_t tso;      /* what it reads */
};

struct vtab {
    sqlite3_vtab base;
    struct dr_engine *e;
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

/* ---- module ---- */

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
    struct dr_engine *e = aux;
    uint64_t n = 0;
    (void)why;
    if (argc < 4 || !dr_parse_u64(argv[3], strlen(argv[3]), &n) || n >= e->count)
        return SQLITE_ERROR;
    struct dr_buf b;
    dr_buf_init(&b, 1 << 20);
    dr_buf_adds(&b, "CREATE TABLE x(");
    if (e->bound[n].mem)
        declare_mem(e->bound[n].mem, n, &b);
    else
        declare_def(e->bound[n].def, n, &b);
    dr_buf_addc(&b, ')');
    int rc = sqlite3_declare_vtab(db, dr_buf_str(&b));
    dr_buf_release(&b);
    struct vtab *v = dr_xcalloc(1, sizeof(*v));
    v->e = e;
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
    const struct dr_bound *b = &v->e->bound[v->number];
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

static struct dr_engine *engine_of(sqlite3_vtab_cursor *base)
{
    return ((struct vtab *)base->pVtab)->e;
}

static const struct dr_bound *bound_of(sqlite3_vtab_cursor *base)
{
    const struct vtab *v = (const struct vtab *)base->pVtab;
    return &v->e->bound[v->number];
}

static uint64_t read_at(const struct dr_engine *e)
{
    return e->x->current_read ? UINT64_MAX : e->tso;
}

/* Moves to the next visible row at or after position i. */
static void settle(struct cursor *c)
{
    struct dr_engine *e = engine_of(&c->base);
    c->row = NULL;
    for (; c->table && c->i < c->table->entry_count; c->i++) {
        c->row = dr_entry_row(c->table->entries[c->i], e->x->s->txn, read_at(e));
        if (c->row)
            return;
    }
}

static int filter_mem(struct cursor *c, const struct dr_bound *b)
{
    struct dr_engine *e = engine_of(&c->base);
    size_t columns = 1;
    for (const char *p = b->mem->columns; *p; p++)
        columns += *p == ' ';
    c->column_count = columns;
    c->table = NULL;
    c->i = 0;
    if (!c->fill.x) {
        c->fill = (struct dr_fill){.x = e->x, .columns = columns};
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
    struct dr_engine *e = engine_of(base);
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
        c->row = dr_entry_row(c->only, e->x->s->txn, read_at(e));
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

/* ---- the connection ---- */

static struct dr_engine *engine(struct dr_exec *x)
{
    struct dr_engine *e = x->c->engine;
    if (e)
        return e;
    e = x->c->engine = dr_xcalloc(1, sizeof(*e));
    if (sqlite3_open_v2(":memory:", &e->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        abort(); /* out of memory: as everywhere */
    sqlite3_db_config(e->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(e->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_limit(e->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_create_module(e->db, "dr", &module, e);
    sqlite3_create_collation(e->db, "dr_decimal", SQLITE_UTF8, NULL, decimal_order);
    dr_functions_register(e->db, &e->x);
    return e;
}

void dr_engine_free(struct dr_engine *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < PREPARED; i++)
        sqlite3_finalize(e->prepared[i].st);
    sqlite3_close(e->db);
    free(e->bound);
    free(e);
}

size_t dr_engine_bind(struct dr_exec *x, struct dr_table *t,
                      const struct dr_table_def *def, const struct dr_mem_table *mem)
{
    struct dr_engine *e = engine(x);
    for (size_t i = 0; i < e->count; i++)
        if (e->bound[i].table == t && e->bound[i].def == def && e->bound[i].mem == mem)
            return i;
    if (e->count == e->room) {
        e->room = e->room ? e->room * 2 : 16;
        e->bound = dr_xrealloc(e->bound, e->room * sizeof(*e->bound));
    }
    e->bound[e->count] = (struct dr_bound){t, def, mem};
    char sql[96];
    snprintf(sql, sizeof(sql), "CREATE VIRTUAL TABLE temp.t%zu USING dr(%zu)", e->count,
             e->count);
    size_t n = e->count++;
    if (sqlite3_exec(e->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        abort();
    return n;
}

const struct dr_bound *dr_engine_bound(struct dr_exec *x, size_t number)
{
    return &engine(x)->bound[number];
}

static enum dr_run no_table(struct dr_exec *x, const char *schema, const char *name)
{
    if (!dr_db_schema(x->c->db, schema, UINT64_MAX) &&
        strcasecmp(schema, "information_schema") != 0 && strcasecmp(schema, "mysql") != 0)
        return dr_sql_error(x, 1049, "Unknown database '%s'", schema);
    return dr_sql_error(x, 1146, "Table '%s.%s' doesn't exist", schema, name);
}

enum dr_run dr_engine_bind_name(struct dr_exec *x, const char *schema, const char *name,
                                size_t *number)
{
    const struct dr_table_def *def;
    const struct dr_mem_table *mem = dr_mem_table_find(schema, name);
    uint64_t tso = UINT64_MAX;
    if (mem) {
        if (strcasecmp(schema, "mysql") == 0 &&
            dr_need_table(x, DR_PRIV_SELECT, schema, name))
            return DR_RUN_ERROR;
        *number = dr_engine_bind(x, NULL, NULL, mem);
        return DR_RUN_OK;
    }
    if (!x->current_read && dr_read_tso(x, &tso))
        return DR_RUN_ERROR;
    struct dr_table *t = dr_db_table(x->c->db, schema, name, tso, &def);
    if (!t && (dr_has_any(x->s, schema, name) || !dr_db_schema(x->c->db, schema, tso)))
        return no_table(x, schema, name);
    if (dr_need_table(x, DR_PRIV_SELECT, schema, name))
        return DR_RUN_ERROR;
    *number = dr_engine_bind(x, t, def, NULL);
    return DR_RUN_OK;
}

/* ---- queries ---- */

/* The token that SQLite stumbled over: near "FORM": syntax error. */
static void find_near(struct dr_exec *x, const char *text)
{
    const char *from = strstr(text, "near \""), *end = from ? strstr(from, "\":") : NULL;
    x->cur.i = x->cur.count;
    for (size_t i = 0; end && i < x->cur.count; i++) {
        const struct dr_token *t = &x->cur.t[i];
        if (t->len == (size_t)(end - from - 6) &&
            memcmp(t->text, from + 6, t->len) == 0) {
            x->cur.i = i;
            return;
        }
    }
}

static enum dr_run translate(struct dr_exec *x, const char *text)
{
    static const struct {
        const char *in;
        int number;
        const char *out;
    } words[] = {
        {"no such column: ", 1054, "Unknown column '%s' in 'field list'"},
        {"ambiguous column name: ", 1052, "Column '%s' in field list is ambiguous"},
        {"no such function: ", 1305, "FUNCTION %s does not exist"},
        {"no such table: ", 1051, "Unknown table '%s'"},
        {"wrong number of arguments to function ", 1582,
         "Incorrect parameter count in the call to native function '%s'"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncmp(text, words[i].in, strlen(words[i].in)) == 0)
            return dr_sql_error(x, words[i].number, words[i].out,
                                text + strlen(words[i].in));
    if (strstr(text, "syntax error") || strstr(text, "incomplete input")) {
        find_near(x, text);
        return dr_sql_syntax(x);
    }
    return dr_sql_error(x, 1105, "%s", text);
}

static struct dr_datum take_value(struct dr_arena *a, sqlite3_stmt *st, int i)
{
    struct dr_datum d = {0};
    int type = sqlite3_column_type(st, i);
    if (type == SQLITE_INTEGER) {
        d.kind = DR_DATUM_INT;
        d.i = sqlite3_column_int64(st, i);
    } else if (type == SQLITE_FLOAT) {
        d.kind = DR_DATUM_REAL;
        d.r = sqlite3_column_double(st, i);
    } else if (type != SQLITE_NULL) {
        const void *p = type == SQLITE_TEXT ? (const void *)sqlite3_column_text(st, i)
                                            : sqlite3_column_blob(st, i);
        d.kind = type == SQLITE_TEXT ? DR_DATUM_TEXT : DR_DATUM_BLOB;
        d.len = (size_t)sqlite3_column_bytes(st, i);
        char *s = dr_alloc(a, d.len + 1);
        if (d.len)
            memcpy(s, p, d.len);
        d.s = s;
    }
    return d;
}

static struct dr_origin origin_of(const char *declared)
{
    struct dr_origin o = {-1, -1};
    const char *args = declared ? strchr(declared, '(') : NULL;
    if (!args || sscanf(args, "(%d,%d)", &o.bound, &o.column) != 2)
        o.bound = -1;
    return o;
}

static int collect(struct dr_exec *x, sqlite3_stmt *st, struct dr_rows *out)
{
    size_t room = 0, values = 0;
    int rc;
    out->columns = (size_t)sqlite3_column_count(st);
    out->names = dr_alloc_n(x->a, out->columns + 1, sizeof(*out->names));
    out->origin = dr_alloc_n(x->a, out->columns + 1, sizeof(*out->origin));
    for (size_t i = 0; i < out->columns; i++) {
        out->names[i] = dr_strdup(x->a, sqlite3_column_name(st, (int)i));
        out->origin[i] = origin_of(sqlite3_column_decltype(st, (int)i));
    }
    if (x->describe)
        return SQLITE_DONE;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        for (size_t i = 0; i < out->columns; i++)
            *DR_PUSH(x->a, out->v, values, room) = take_value(x->a, st, (int)i);
        out->count++;
    }
    return rc;
}

/* The slot of a text. What another text has left there is replaced. */
static struct prepared *slot_of(struct dr_engine *e, const char *sql)
{
    uint64_t h = 14695981039346656037u;
    for (const char *s = sql; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return &e->prepared[(h ^ h >> 32) % PREPARED];
}

/* A statement prepared before, while nobody else uses it, or a new one. SQLite prepares
 * it again by itself when the schema has changed. */
static int prepare(struct dr_engine *e, const char *sql, sqlite3_stmt **st)
{
    struct prepared *p = slot_of(e, sql);
    if (!p->st || strcmp(sqlite3_sql(p->st), sql) != 0)
        return sqlite3_prepare_v2(e->db, sql, -1, st, NULL);
    *st = p->st;
    p->st = NULL;
    return SQLITE_OK;
}

static void give_back(struct dr_engine *e, const char *sql, sqlite3_stmt *st, bool good)
{
    struct prepared *p = slot_of(e, sql);
    if (!good) {
        sqlite3_finalize(st);
        return;
    }
    sqlite3_reset(st);
    sqlite3_finalize(p->st);
    p->st = st;
}

enum dr_run dr_engine_query(struct dr_exec *x, const char *sql, struct dr_rows *out)
{
    struct dr_engine *e = engine(x);
    struct dr_exec *outer = e->x;
    uint64_t outer_tso = e->tso;
    sqlite3_stmt *st = NULL;
    enum dr_run r = DR_RUN_OK;
    *out = (struct dr_rows){0};
    if (dr_read_tso(x, &e->tso)) {
        e->tso = outer_tso;
        return DR_RUN_ERROR;
    }
    e->x = x;
    x->out->error = 0;
    int rc = prepare(e, sql, &st);
    if (rc == SQLITE_OK)
        rc = collect(x, st, out);
    if (rc != SQLITE_DONE)
        r = x->out->error ? DR_RUN_ERROR : translate(x, sqlite3_errmsg(e->db));
    give_back(e, sql, st, rc == SQLITE_DONE);
    e->x = outer;
    e->tso = outer_tso;
    return r;
}

enum dr_run dr_engine_scalar(struct dr_exec *x, const char **value)
{
    struct dr_cur *c = &x->cur;
    size_t from = c->i, depth = 0;
    for (; !dr_at_end(c); c->i++) {
        depth += dr_is(c, "(");
        if (dr_is(c, ")") && depth-- == 0)
            break;
        if (dr_is(c, ",") && !depth)
            break;
    }
    if (c->i == from)
        return dr_sql_syntax(x);
    struct dr_rewrite rw;
    struct dr_rows rows;
    dr_rewrite_init(&rw, x);
    dr_buf_adds(&rw.out, "SELECT ");
    enum dr_run r = dr_rewrite_tokens(&rw, from, c->i);
    if (!r)
        r = dr_engine_query(x, dr_buf_str(&rw.out), &rows);
    dr_rewrite_release(&rw);
    if (r)
        return r;
    *value = rows.count ? dr_datum_text(x->a, &rows.v[0], NULL) : NULL;
    return DR_RUN_OK;
}
