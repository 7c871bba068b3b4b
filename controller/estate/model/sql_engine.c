/* The running of queries. One SQLite connection per cluster, in memory, made when the
 * first statement needs it. */
#include "controller/estate/model/sql_engine.h"

#include <sqlite3.h>
#include <string.h>
#include <strings.h>

#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_vtab.h"

enum { PREPARED = 64, WAYS = 4 };

struct prepared {
    sqlite3_stmt *st; /* reset, of the text that it was prepared from; NULL: none */
    uint64_t used;    /* the higher, the later */
};

struct dr_engine {
    sqlite3 *db;
    struct prepared prepared[PREPARED]; /* by a hash of the text, each in one of WAYS */
    uint64_t uses;
    struct dr_reading reading;
};

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
    dr_vtab_register(e->db, &e->reading);
    dr_functions_register(e->db, &e->reading.x);
    return e;
}

void dr_engine_free(struct dr_engine *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < PREPARED; i++)
        sqlite3_finalize(e->prepared[i].st);
    sqlite3_close(e->db);
    free(e->reading.bound);
    free(e);
}

size_t dr_engine_bind(struct dr_exec *x, struct dr_table *t,
                      const struct dr_table_def *def, const struct dr_mem_table *mem)
{
    struct dr_engine *e = engine(x);
    for (size_t i = 0; i < e->reading.count; i++)
        if (e->reading.bound[i].table == t && e->reading.bound[i].def == def &&
            e->reading.bound[i].mem == mem)
            return i;
    if (e->reading.count == e->reading.room) {
        e->reading.room = e->reading.room ? e->reading.room * 2 : 16;
        e->reading.bound =
            dr_xrealloc(e->reading.bound, e->reading.room * sizeof(*e->reading.bound));
    }
    e->reading.bound[e->reading.count] = (struct dr_bound){t, def, mem};
    char sql[96];
    snprintf(sql, sizeof(sql), "CREATE VIRTUAL TABLE temp.t%zu USING dr(%zu)",
             e->reading.count, e->reading.count);
    size_t n = e->reading.count++;
    if (sqlite3_exec(e->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        abort();
    return n;
}

const struct dr_bound *dr_engine_bound(struct dr_exec *x, size_t number)
{
    return &engine(x)->reading.bound[number];
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
    /* a schema that is missing, too; who may see nothing there is denied (tidb: pkg/
     * planner/core/preprocess.go tableByName) */
    if (!t && strcasecmp(schema, "information_schema") == 0)
        dr_model_note_unknown(x->m, &x->s->in->sql, x->cur.sql, x->cur.len);
    if (!t && dr_has_any(x->s, schema, name))
        return dr_sql_error(x, 1146, "Table '%s.%s' doesn't exist", schema, name);
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
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncmp(text, words[i].in, strlen(words[i].in)) != 0)
            continue;
        if (words[i].number == 1305) /* TiDB may well have it */
            dr_model_note_unknown(x->m, &x->s->in->sql, x->cur.sql, x->cur.len);
        return dr_sql_error(x, words[i].number, words[i].out, text + strlen(words[i].in));
    }
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

/* The slots that a text may have. */
static struct prepared *slots_of(struct dr_engine *e, const char *sql)
{
    uint64_t h = 14695981039346656037u;
    for (const char *s = sql; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return &e->prepared[(h ^ h >> 32) % (PREPARED / WAYS) * WAYS];
}

/* A statement prepared before, while nobody else uses it, or a new one. SQLite prepares
 * it again by itself when the schema has changed. */
static int prepare(struct dr_engine *e, const char *sql, sqlite3_stmt **st)
{
    struct prepared *p = slots_of(e, sql);
    for (size_t i = 0; i < WAYS; i++)
        if (p[i].st && strcmp(sqlite3_sql(p[i].st), sql) == 0) {
            *st = p[i].st;
            p[i].st = NULL;
            return SQLITE_OK;
        }
    return sqlite3_prepare_v2(e->db, sql, -1, st, NULL);
}

/* It takes the place of what was not asked for longest: many texts are of one moment. */
static void give_back(struct dr_engine *e, const char *sql, sqlite3_stmt *st, bool good)
{
    struct prepared *p = slots_of(e, sql), *to = p;
    if (!good) {
        sqlite3_finalize(st);
        return;
    }
    for (size_t i = 0; i < WAYS && to->st; i++)
        if (!p[i].st || p[i].used < to->used)
            to = &p[i];
    sqlite3_reset(st);
    sqlite3_finalize(to->st);
    *to = (struct prepared){st, ++e->uses};
}

enum dr_run dr_engine_query(struct dr_exec *x, const char *sql, struct dr_rows *out)
{
    struct dr_engine *e = engine(x);
    struct dr_exec *outer = e->reading.x;
    uint64_t outer_tso = e->reading.tso;
    sqlite3_stmt *st = NULL;
    enum dr_run r = DR_RUN_OK;
    *out = (struct dr_rows){0};
    if (dr_read_tso(x, &e->reading.tso)) {
        e->reading.tso = outer_tso;
        return DR_RUN_ERROR;
    }
    e->reading.x = x;
    x->out->error = 0;
    int rc = prepare(e, sql, &st);
    if (rc == SQLITE_OK)
        rc = collect(x, st, out);
    if (rc != SQLITE_DONE)
        r = x->out->error ? DR_RUN_ERROR : translate(x, sqlite3_errmsg(e->db));
    give_back(e, sql, st, rc == SQLITE_DONE);
    e->reading.x = outer;
    e->reading.tso = outer_tso;
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
