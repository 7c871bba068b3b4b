/* UPDATE and DELETE. SQLite finds the rows and computes the values. */
#include <string.h>
#include <strings.h>

#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_lock.h"
#include "controller/estate/model/sql_put.h"
#include "controller/estate/model/sql_value.h"

static size_t find_word(const struct dr_cur *c, size_t from, const char *word)
{
    size_t depth = 0;
    for (size_t i = from; i < c->count; i++) {
        depth += dr_token_is(&c->t[i], "(");
        depth -= dr_token_is(&c->t[i], ")");
        if (!depth && dr_token_is(&c->t[i], word))
            return i;
    }
    return c->count;
}

enum { SET_MAX = 64 };
struct update {
    struct dr_exec *x;
    struct dr_rewrite from; /* the tables */
    struct {
        size_t table; /* index into from.from */
        int column;
        size_t expr, end;
    } set[SET_MAX];
    size_t set_count;
    uint64_t matched, affected;
};

static enum dr_run update_column(struct update *u, const char *table, const char *name)
{
    for (size_t k = 0; k < u->from.from_count; k++) {
        const struct dr_bound *b = dr_engine_bound(u->x, u->from.from[k].bound);
        if (table && strcasecmp(u->from.from[k].alias, table) != 0)
            continue;
        int col = b->def ? dr_table_column(b->def, name) : -1;
        if (col < 0)
            continue;
        if (dr_need_table(u->x, DR_PRIV_UPDATE, b->def->schema, b->def->name))
            return DR_RUN_ERROR;
        u->set[u->set_count].table = k;
        u->set[u->set_count].column = col;
        return DR_RUN_OK;
    }
    return dr_sql_error(u->x, 1054, "Unknown column '%s' in 'field list'", name);
}

static enum dr_run assignments(struct update *u, size_t to)
{
    struct dr_exec *x = u->x;
    struct dr_cur *c = &x->cur;
    do {
        const char *table = NULL, *name;
        if (u->set_count == SET_MAX || !dr_take_name(c, &name))
            return dr_sql_syntax(x);
        while (dr_accept(c, ".")) {
            table = name;
            if (!dr_take_name(c, &name))
                return dr_sql_syntax(x);
        }
        if (!dr_accept(c, "="))
            return dr_sql_syntax(x);
        if (update_column(u, table, name))
            return DR_RUN_ERROR;
        u->set[u->set_count].expr = c->i;
        c->i = u->set[u->set_count++].end = dr_expr_end(c, c->i, to);
    } while (c->i < to && dr_accept(c, ","));
    return c->i == to ? DR_RUN_OK : dr_sql_syntax(x);
}

/* SELECT rowids, expressions FROM tables WHERE ..: into *rows. */
static enum dr_run find_rows(struct update *u, size_t tail, struct dr_rows *rows)
{
    struct dr_exec *x = u->x;
    struct dr_rewrite q;
    enum dr_run r = DR_RUN_OK;
    dr_rewrite_init(&q, x);
    dr_buf_adds(&q.out, "SELECT ");
    for (size_t k = 0; k < u->from.from_count; k++)
        dr_buf_addf(&q.out, "%s\"%s\".rowid", k ? "," : "", u->from.from[k].alias);
    for (size_t k = 0; k < u->set_count && !r; k++) {
        dr_buf_addc(&q.out, ',');
        const struct dr_token *t = &x->cur.t[u->set[k].expr];
        if (u->set[k].end == u->set[k].expr + 1 && dr_token_is(t, "DEFAULT"))
            dr_buf_adds(&q.out, "NULL");
        else
            r = dr_rewrite_tokens(&q, u->set[k].expr, u->set[k].end);
    }
    dr_buf_addf(&q.out, " FROM %s", dr_buf_str(&u->from.out));
    if (!r)
        r = dr_rewrite_tokens(&q, tail, x->cur.count);
    if (!r)
        r = dr_engine_query(x, dr_buf_str(&q.out), rows);
    dr_rewrite_release(&q);
    return r;
}

static enum dr_run update_one(struct update *u, size_t k, struct dr_entry *e,
                              const struct dr_datum *values)
{
    struct dr_exec *x = u->x;
    const struct dr_bound *b = dr_engine_bound(x, u->from.from[k].bound);
    struct dr_put_into t = {b->table, b->def};
    bool *assigned = dr_alloc_n(x->a, t.def->column_count + 1, sizeof(*assigned));
    struct dr_datum *v = dr_alloc_n(x->a, t.def->column_count + 1, sizeof(*v));
    bool any = false;
    if (!dr_txn_lock(x->s->txn, t.table, e))
        return DR_RUN_WAIT;
    const struct dr_row *old = dr_entry_row(e, x->s->txn, UINT64_MAX);
    if (!old)
        return DR_RUN_OK;
    memcpy(v, old->v, t.def->column_count * sizeof(*v));
    for (size_t i = 0; i < u->set_count; i++) {
        int col = u->set[i].column;
        if (u->set[i].table != k)
            continue;
        v[col] = values[i];
        assigned[col] = any = true;
        if (dr_value_fit(x, &t.def->columns[col], &v[col], 1))
            return DR_RUN_ERROR;
    }
    u->matched += any;
    if (!any || dr_put_same(old, v, t.def->column_count))
        return DR_RUN_OK;
    u->affected++;
    if (dr_put_touch(x, t.def, v, assigned) || dr_value_generate(x, t.def, v))
        return DR_RUN_ERROR;
    return dr_put_change(x, &t, e, old, v);
}

/* The keys that the WHERE names, though no row has them; to: the end of the WHERE. */
static enum dr_run lock_named(const struct update *u, size_t tail, size_t to)
{
    struct dr_exec *x = u->x;
    const struct dr_from *f = u->from.from;
    if (u->from.from_count != 1 || to != x->cur.count || x->s->txn->optimistic)
        return DR_RUN_OK;
    const struct dr_bound *b = dr_engine_bound(x, f->bound);
    return dr_lock_named(x, b->table, b->def, f->alias, tail + 1, to);
}

/* Tables between the cursor and `to`, as a FROM clause. */
static enum dr_run take_tables(struct update *u, size_t to)
{
    struct dr_exec *x = u->x;
    dr_rewrite_init(&u->from, x);
    u->from.tables = true;
    if (dr_rewrite_tokens(&u->from, x->cur.i, to))
        return DR_RUN_ERROR;
    for (size_t k = 0; k < u->from.from_count; k++)
        if (!dr_engine_bound(x, u->from.from[k].bound)->table)
            return dr_sql_error(x, 1288,
                                "The target table %s of the UPDATE is not updatable",
                                u->from.from[k].alias);
    return u->from.from_count ? DR_RUN_OK : dr_sql_syntax(x);
}

static enum dr_run update(struct update *u)
{
    struct dr_exec *x = u->x;
    struct dr_cur *c = &x->cur;
    struct dr_rows rows;
    size_t set = find_word(c, c->i, "SET"), tail;
    if (set == c->count) {
        c->i = set;
        return dr_sql_syntax(x);
    }
    if (take_tables(u, set))
        return DR_RUN_ERROR;
    c->i = set + 1;
    tail = find_word(c, c->i, "WHERE");
    size_t order = find_word(c, c->i, "ORDER"), limit = find_word(c, c->i, "LIMIT"),
           where = tail;
    tail = order < tail ? order : tail;
    tail = limit < tail ? limit : tail;
    if (assignments(u, tail) || find_rows(u, tail, &rows))
        return DR_RUN_ERROR;
    if (lock_named(u, where, order < limit ? order : limit))
        return DR_RUN_WAIT;
    for (size_t i = 0; i < rows.count; i++) {
        const struct dr_datum *v = &rows.v[i * rows.columns];
        for (size_t k = 0; k < u->from.from_count; k++) {
            if (v[k].kind != DR_DATUM_INT)
                continue;
            enum dr_run r = update_one(u, k, (struct dr_entry *)(intptr_t)v[k].i,
                                       v + u->from.from_count);
            if (r)
                return r;
        }
    }
    /* tidb: pkg/executor/update.go setMessage */
    x->out->info = dr_sprintf(x->a, "Rows matched: %llu  Changed: %llu  Warnings: %zu",
                              (unsigned long long)u->matched,
                              (unsigned long long)u->affected, x->s->warning_count);
    return dr_sql_ok(x, x->s->found_rows ? u->matched : u->affected);
}

enum dr_run dr_st_update(struct dr_exec *x)
{
    struct update *u = DR_NEW(x->a, struct update);
    u->x = x;
    while (dr_accept(&x->cur, "LOW_PRIORITY") || dr_accept(&x->cur, "IGNORE"))
        ;
    x->no_snapshot = x->current_read = true;
    if (dr_check_write(x) || !dr_session_txn(x))
        return DR_RUN_ERROR;
    enum dr_run r = update(u);
    dr_rewrite_release(&u->from);
    return r;
}

static enum dr_run delete_rows(struct update *u)
{
    struct dr_exec *x = u->x;
    struct dr_cur *c = &x->cur;
    struct dr_rows rows;
    size_t tail = find_word(c, c->i, "WHERE"), order = find_word(c, c->i, "ORDER"),
           limit = find_word(c, c->i, "LIMIT"), where = tail;
    tail = order < tail ? order : tail;
    tail = limit < tail ? limit : tail;
    if (take_tables(u, tail))
        return DR_RUN_ERROR;
    const struct dr_bound b = *dr_engine_bound(x, u->from.from[0].bound);
    if (u->from.from_count != 1)
        return dr_sql_syntax(x);
    if (dr_need_table(x, DR_PRIV_DELETE, b.def->schema, b.def->name) ||
        find_rows(u, tail, &rows))
        return DR_RUN_ERROR;
    if (lock_named(u, where, order < limit ? order : limit))
        return DR_RUN_WAIT;
    for (size_t i = 0; i < rows.count; i++) {
        struct dr_entry *e = (struct dr_entry *)(intptr_t)rows.v[i * rows.columns].i;
        if (!dr_txn_lock(x->s->txn, b.table, e))
            return DR_RUN_WAIT;
        if (dr_entry_row(e, x->s->txn, UINT64_MAX)) {
            dr_txn_set(x->s->txn, b.table, e, NULL);
            u->affected++;
        }
    }
    return dr_sql_ok(x, u->affected);
}

enum dr_run dr_st_delete(struct dr_exec *x)
{
    struct update *u = DR_NEW(x->a, struct update);
    u->x = x;
    while (dr_accept(&x->cur, "LOW_PRIORITY") || dr_accept(&x->cur, "QUICK") ||
           dr_accept(&x->cur, "IGNORE"))
        ;
    if (!dr_accept(&x->cur, "FROM"))
        return dr_sql_syntax(x);
    x->no_snapshot = x->current_read = true;
    if (dr_check_write(x) || !dr_session_txn(x))
        return DR_RUN_ERROR;
    enum dr_run r = delete_rows(u);
    dr_rewrite_release(&u->from);
    return r;
}
