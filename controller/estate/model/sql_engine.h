/* SQLite's side of a cluster: it evaluates expressions, WHERE, joins, aggregates over
 * virtual tables that read the row store at the statement's TSO. */
#ifndef DR_MODEL_SQL_ENGINE_H
#define DR_MODEL_SQL_ENGINE_H

#include "controller/estate/model/sql_session.h"

/* ---- tables that are computed: information_schema, parts of mysql ---- */
struct dr_fill {
    struct dr_exec *x;
    size_t columns;
    struct dr_datum *v; /* row by row */
    size_t count, room; /* values */
};
void dr_fill_null(struct dr_fill *f);
void dr_fill_text(struct dr_fill *f, const char *s); /* NULL: NULL; copied if `x` dies */
void dr_fill_int(struct dr_fill *f, int64_t n);
void dr_fill_u64(struct dr_fill *f, uint64_t n);

struct dr_mem_table {
    const char *schema, *name;
    const char *columns; /* "NAME NAME:i NAME:r": text unless said otherwise */
    enum dr_run (*fill)(struct dr_fill *f);
};
extern const struct dr_mem_table dr_mem_tables[]; /* ends with NULL names */
const struct dr_mem_table *dr_mem_table_find(const char *schema, const char *name);

/* ---- running ---- */
struct dr_origin { /* where a result's column comes from */
    int bound;     /* number of a table; -1: computed */
    int column;    /* of that table */
};
struct dr_rows {
    size_t columns, count;
    const char **names;
    struct dr_origin *origin; /* by column */
    struct dr_datum *v;       /* row by row, of the exec's arena */
};

/* A table as SQLite knows it; -1: the number is of no table. */
struct dr_bound {
    struct dr_table *table; /* NULL: a computed one */
    const struct dr_table_def *def;
    const struct dr_mem_table *mem;
};
size_t dr_engine_bind(struct dr_exec *x, struct dr_table *t,
                      const struct dr_table_def *def, const struct dr_mem_table *mem);
/* The table of that name as the statement sees it; SELECT on it is needed. Errors 1049,
 * 1142, 1146. */
enum dr_run dr_engine_bind_name(struct dr_exec *x, const char *schema, const char *name,
                                size_t *number);
const struct dr_bound *dr_engine_bound(struct dr_exec *x, size_t number);

/* Runs a query of SQLite's dialect; for a statement that is only described, gives its
 * columns and no rows. Rowids of stored tables are entries' addresses. */
enum dr_run dr_engine_query(struct dr_exec *x, const char *sql, struct dr_rows *out);
/* The expression at the cursor (up to a comma outside parentheses, or the end). Out: its
 * value as text, NULL: NULL. */
enum dr_run dr_engine_scalar(struct dr_exec *x, const char **value);
void dr_engine_free(struct dr_engine *e);

/* ---- TiDB's dialect into SQLite's (sql_rewrite.c) ---- */
struct dr_from { /* one table of the FROM clause */
    const char *alias;
    size_t bound;
};
struct dr_item { /* one item of the first SELECT, without its alias */
    size_t from, to;
    bool star;
};
struct dr_rewrite {
    struct dr_exec *x;
    struct dr_buf out;
    struct dr_item items[64]; /* the first of them */
    size_t item_count;        /* all */
    struct dr_from from[32];
    size_t from_count;
    bool for_update;   /* a locking clause was met (and left out) */
    bool name_columns; /* give unnamed select items their text as name */
    bool tables;       /* the first token already stands in a FROM clause */
    const struct dr_table_def *values_def; /* VALUES(c): of this row */
    const struct dr_datum *values;
};
/* Rewrites the tokens [from, to) of the statement and appends. */
enum dr_run dr_rewrite_tokens(struct dr_rewrite *r, size_t from, size_t to);
void dr_rewrite_init(struct dr_rewrite *r, struct dr_exec *x);
void dr_rewrite_release(struct dr_rewrite *r);
void dr_literal_text(const struct dr_datum *d, struct dr_buf *out);

/* ---- functions (sql_func.c) ---- */
struct sqlite3;
void dr_functions_register(struct sqlite3 *db, struct dr_exec **current);
/* "2026-11-21", "2026-11-21 10:11:12[.123]" in UTC. */
bool dr_time_parse(const char *s, int64_t *unix_ms);
/* LIKE with backslash as escape. fold: letters of either case are equal. */
bool dr_like(const char *pattern, const char *text, bool fold);
/* A JSON text as TiDB prints it: keys sorted, ", " and ": ". NULL: not JSON. */
const char *dr_json_normal(struct dr_arena *a, const char *s, size_t len);
const char *dr_real_text(struct dr_arena *a, double r);
/* Text of a value as the client gets it; NULL: NULL. */
const char *dr_datum_text(struct dr_arena *a, const struct dr_datum *d, size_t *len);

#endif
