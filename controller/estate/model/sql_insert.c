/* INSERT and REPLACE. SQLite computes the values. */
#include <string.h>

#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_lock.h"
#include "controller/estate/model/sql_put.h"
#include "controller/estate/model/sql_value.h"
#include "controller/estate/model/sql_vars.h"

struct insert {
    struct dr_exec *x;
    struct dr_put_into t;
    bool ignore, replace;
    size_t given[128]; /* columns of the value list */
    size_t given_count;
    size_t update_from, update_to; /* tokens of ON DUPLICATE KEY UPDATE; 0: none */
    uint64_t affected, first_id;
    uint64_t given_id; /* the last AUTO_INCREMENT value that the statement gave itself */
    uint64_t updated;  /* rows that ON DUPLICATE KEY changed */
    bool from_query;
    size_t row;
};

static enum dr_run on_duplicate(struct insert *in, struct dr_entry *e,
                                const struct dr_datum *fresh)
{
    struct dr_exec *x = in->x;
    const struct dr_table_def *def = in->t.def;
    const struct dr_row *old = dr_entry_row(e, x->s->txn, UINT64_MAX);
    struct dr_datum *v = dr_alloc_n(x->a, def->column_count + 1, sizeof(*v));
    bool *assigned = dr_alloc_n(x->a, def->column_count + 1, sizeof(*assigned));
    memcpy(v, old->v, def->column_count * sizeof(*v));
    size_t number = dr_engine_bind(x, in->t.table, def, NULL);
    for (size_t i = in->update_from; i < in->update_to; i++) {
        const struct dr_token *t = x->cur.t;
        size_t name = dr_token_is(&t[i + 1], ".") ? i + 2 : i;
        int col = dr_table_column(def, t[name].text);
        if (col < 0)
            return dr_sql_error(x, 1054, "Unknown column '%s' in 'field list'",
                                t[name].text);
        if (!dr_token_is(&t[name + 1], "="))
            return dr_sql_syntax(x);
        size_t end = dr_expr_end(&x->cur, name + 2, in->update_to);
        struct dr_rewrite rw;
        struct dr_rows rows;
        dr_rewrite_init(&rw, x);
        rw.values_def = def;
        rw.values = fresh;
        dr_buf_adds(&rw.out, "SELECT ");
        enum dr_run r = dr_rewrite_tokens(&rw, name + 2, end);
        dr_buf_addf(&rw.out, " FROM t%zu AS \"%s\" WHERE \"%s\".rowid=%lld", number,
                    def->name, def->name, (long long)(intptr_t)e);
        if (!r)
            r = dr_engine_query(x, dr_buf_str(&rw.out), &rows);
        dr_rewrite_release(&rw);
        if (r)
            return r;
        v[col] = rows.count ? rows.v[0] : (struct dr_datum){0};
        assigned[col] = true;
        if (dr_value_fit(x, &def->columns[col], &v[col], in->row))
            return DR_RUN_ERROR;
        i = end;
    }
    if (dr_put_same(old, v, def->column_count)) {
        in->affected += x->s->found_rows; /* tidb: pkg/executor/write.go updateRecord */
        return DR_RUN_OK;
    }
    in->affected += 2;
    in->updated++;
    if (dr_put_touch(x, def, v, assigned) || dr_value_generate(x, def, v))
        return DR_RUN_ERROR;
    return dr_put_change(x, &in->t, e, old, v);
}

static enum dr_run insert_row(struct insert *in, struct dr_datum *v)
{
    struct dr_exec *x = in->x;
    const struct dr_index *which = dr_put_primary(in->t.def);
    struct dr_entry *e, *other;
    enum dr_run r = dr_put_entry(x, &in->t, v, &e);
    if (!r)
        r = dr_lock_unique(x, in->t.table, in->t.def, v, NULL);
    if (r)
        return r;
    for (int round = 0; round < 64; round++) {
        const struct dr_row *old = dr_entry_row(e, x->s->txn, UINT64_MAX);
        other = old ? e : dr_put_conflict(x, &in->t, v, e, &which);
        if (!other)
            break;
        if (!dr_txn_lock(x->s->txn, in->t.table, other))
            return DR_RUN_WAIT;
        if (in->update_to)
            return on_duplicate(in, other, v);
        if (!in->replace)
            return dr_put_duplicate(x, &in->t, which, v, in->ignore);
        old = dr_entry_row(other, x->s->txn, UINT64_MAX);
        bool same = other == e && dr_put_same(old, v, in->t.def->column_count);
        if (same) {
            in->affected += 1;
            return DR_RUN_OK;
        }
        dr_txn_set(x->s->txn, in->t.table, other, NULL);
        in->affected++;
        which = dr_put_primary(in->t.def);
    }
    dr_put_row(x, &in->t, e, v);
    in->affected++;
    return DR_RUN_OK;
}

/* TiCDC sets the variable in its own sessions (tiflow: pkg/sink/mysql/db_helper.go). */
static bool may_give_random(const struct dr_model_session *s)
{
    return s->internal || dr_var_on(dr_var_session(s, DR_V_AUTO_RANDOM));
}

/* Defaults, AUTO_INCREMENT, checks; then in. */
static enum dr_run finish_row(struct insert *in, struct dr_datum *v, const bool *given)
{
    struct dr_exec *x = in->x;
    const struct dr_table_def *def = in->t.def;
    in->row++;
    for (size_t i = 0; i < def->column_count; i++) {
        const struct dr_column *col = &def->columns[i];
        if (!given[i] && dr_value_default(x, col, &v[i]))
            return DR_RUN_ERROR;
        if (col->generated)
            continue;
        if (dr_value_fit(x, col, &v[i], in->row))
            return DR_RUN_ERROR;
        if (!col->auto_increment && !col->auto_random)
            continue;
        if (v[i].kind == DR_DATUM_NULL || (v[i].kind == DR_DATUM_INT && v[i].i == 0)) {
            int64_t id = dr_auto_next(x->s->in, in->t.table,
                                      dr_var_int(dr_var_session(x->s, DR_V_INC)),
                                      dr_var_int(dr_var_session(x->s, DR_V_OFFSET)));
            if (col->auto_random) /* 5 shard bits below the sign [inference] */
                id |= (int64_t)(dr_model_random(x->m, 32) << 58);
            v[i] = (struct dr_datum){.kind = DR_DATUM_INT, .i = id};
            in->first_id = in->first_id ? in->first_id : (uint64_t)id;
        } else if (col->auto_random && !may_give_random(x->s)) {
            return dr_sql_error(
                x, 8216,
                "Invalid auto random: Explicit insertion on auto_random column is "
                "disabled. Try to set @@allow_auto_random_explicit_insert = true.");
        } else if (v[i].kind == DR_DATUM_INT && col->auto_increment) {
            dr_auto_rebase(x->s->in, in->t.table, v[i].i);
            in->given_id = (uint64_t)v[i].i;
        }
    }
    if (dr_value_generate(x, def, v))
        return DR_RUN_ERROR;
    return insert_row(in, v);
}

static enum dr_run value_list(struct insert *in)
{
    struct dr_exec *x = in->x;
    struct dr_cur *c = &x->cur;
    const struct dr_table_def *def = in->t.def;
    struct dr_datum *v = dr_alloc_n(x->a, def->column_count + 1, sizeof(*v));
    bool *given = dr_alloc_n(x->a, def->column_count + 1, sizeof(*given));
    size_t n = 0;
    if (!dr_accept(c, "("))
        return dr_sql_syntax(x);
    while (!dr_is(c, ")")) {
        size_t end = dr_expr_end(c, c->i, c->count);
        if (n == in->given_count)
            return dr_sql_error(x, 1136,
                                "Column count doesn't match value count at row %zu",
                                in->row + 1);
        size_t col = in->given[n++];
        bool by_default = end == c->i + 1 && dr_is(c, "DEFAULT");
        if (end == c->i)
            return dr_sql_syntax(x);
        given[col] = !by_default;
        if (!by_default && dr_value_eval(x, c->i, end, &v[col]))
            return DR_RUN_ERROR;
        c->i = end;
        if (!dr_accept(c, ","))
            break;
    }
    if (!dr_accept(c, ")"))
        return dr_sql_syntax(x);
    if (n && n != in->given_count)
        return dr_sql_error(x, 1136, "Column count doesn't match value count at row %zu",
                            in->row + 1);
    return finish_row(in, v, given);
}

static enum dr_run insert_select(struct insert *in, size_t to)
{
    struct dr_exec *x = in->x;
    const struct dr_table_def *def = in->t.def;
    struct dr_rewrite rw;
    struct dr_rows rows;
    dr_rewrite_init(&rw, x);
    enum dr_run r = dr_rewrite_tokens(&rw, x->cur.i, to);
    if (!r)
        r = dr_engine_query(x, dr_buf_str(&rw.out), &rows);
    dr_rewrite_release(&rw);
    if (r)
        return r;
    if (rows.columns != in->given_count)
        return dr_sql_error(x, 1136, "Column count doesn't match value count at row 1");
    for (size_t k = 0; k < rows.count && !r; k++) {
        struct dr_datum *v = dr_alloc_n(x->a, def->column_count + 1, sizeof(*v));
        bool *given = dr_alloc_n(x->a, def->column_count + 1, sizeof(*given));
        for (size_t i = 0; i < rows.columns; i++) {
            v[in->given[i]] = rows.v[k * rows.columns + i];
            given[in->given[i]] = true;
        }
        r = finish_row(in, v, given);
    }
    x->cur.i = to;
    return r;
}

static enum dr_run insert_set(struct insert *in)
{
    struct dr_exec *x = in->x;
    struct dr_cur *c = &x->cur;
    const struct dr_table_def *def = in->t.def;
    struct dr_datum *v = dr_alloc_n(x->a, def->column_count + 1, sizeof(*v));
    bool *given = dr_alloc_n(x->a, def->column_count + 1, sizeof(*given));
    do {
        const char *name;
        if (!dr_take_name(c, &name) || !dr_accept(c, "="))
            return dr_sql_syntax(x);
        int col = dr_table_column(def, name);
        if (col < 0)
            return dr_sql_error(x, 1054, "Unknown column '%s' in 'field list'", name);
        size_t end = c->i;
        while (
            end < c->count && end < dr_expr_end(c, c->i, c->count) &&
            !(dr_token_is(&c->t[end], "ON") && dr_token_is(&c->t[end + 1], "DUPLICATE")))
            end++;
        if (dr_value_eval(x, c->i, end, &v[col]))
            return DR_RUN_ERROR;
        given[col] = true;
        c->i = end;
    } while (dr_accept(c, ","));
    return finish_row(in, v, given);
}

static enum dr_run column_list(struct insert *in)
{
    struct dr_exec *x = in->x;
    struct dr_cur *c = &x->cur;
    const struct dr_table_def *def = in->t.def;
    bool list = dr_is(c, "(") && !dr_token_is(dr_peek(c, 1), "SELECT");
    if (!list) {
        for (size_t i = 0; i < def->column_count; i++)
            in->given[in->given_count++] = i;
        return DR_RUN_OK;
    }
    c->i++;
    do {
        const char *name;
        if (!dr_take_name(c, &name) || in->given_count == 128)
            return dr_sql_syntax(x);
        int col = dr_table_column(def, name);
        if (col < 0)
            return dr_sql_error(x, 1054, "Unknown column '%s' in 'field list'", name);
        for (size_t i = 0; i < in->given_count; i++)
            if (in->given[i] == (size_t)col)
                return dr_sql_error(x, 1110, "Column '%s' specified twice", name);
        in->given[in->given_count++] = (size_t)col;
    } while (dr_accept(c, ","));
    return dr_accept(c, ")") ? DR_RUN_OK : dr_sql_syntax(x);
}

static enum dr_run open_target(struct dr_exec *x, const char *schema, const char *name,
                               struct dr_put_into *t)
{
    t->table = dr_db_table(x->c->db, schema, name, UINT64_MAX, &t->def);
    if (t->table)
        return DR_RUN_OK;
    return dr_sql_error(x, 1146, "Table '%s.%s' doesn't exist", schema, name);
}

/* Where ON DUPLICATE KEY UPDATE stands; the end: nowhere. */
static size_t find_duplicate(const struct dr_cur *c)
{
    for (size_t i = c->i; i + 2 < c->count; i++)
        if (dr_token_is(&c->t[i], "ON") && dr_token_is(&c->t[i + 1], "DUPLICATE"))
            return i;
    return c->count;
}

static enum dr_run rows_of(struct insert *in)
{
    struct dr_exec *x = in->x;
    struct dr_cur *c = &x->cur;
    size_t end = find_duplicate(c);
    if (end < c->count) {
        in->update_from = end + 4;
        in->update_to = c->count;
    }
    enum dr_run r;
    if (dr_accept(c, "SET")) {
        r = insert_set(in);
    } else if (dr_accept(c, "VALUES") || dr_accept(c, "VALUE")) {
        do {
            r = value_list(in);
        } while (!r && dr_accept(c, ","));
    } else if (dr_is(c, "SELECT") || dr_is(c, "(") || dr_is(c, "WITH")) {
        in->from_query = true;
        r = insert_select(in, end);
    } else {
        return dr_sql_syntax(x);
    }
    if (!r && c->i != end)
        return dr_sql_syntax(x);
    return r;
}

/* tidb: pkg/executor/insert_common.go setMessage, pkg/executor/replace.go setMessage */
static void tell_insert(struct insert *in)
{
    uint64_t records = in->row, duplicates = in->updated;
    if (!in->from_query && records < 2)
        return;
    if (in->replace)
        duplicates = in->affected > records ? in->affected - records : 0;
    else if (in->ignore)
        duplicates = records > in->affected ? records - in->affected : 0;
    in->x->out->info =
        dr_sprintf(in->x->a, "Records: %llu  Duplicates: %llu  Warnings: %zu",
                   (unsigned long long)records, (unsigned long long)duplicates,
                   in->x->s->warning_count);
}

enum dr_run dr_st_insert(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    struct insert in = {.x = x, .replace = dr_is(c, "REPLACE")};
    const char *schema, *name;
    c->i++;
    while (dr_accept(c, "LOW_PRIORITY") || dr_accept(c, "HIGH_PRIORITY") ||
           dr_accept(c, "DELAYED"))
        ;
    in.ignore = dr_accept(c, "IGNORE");
    (void)dr_accept(c, "INTO");
    if (dr_take_table(x, &schema, &name))
        return DR_RUN_ERROR;
    if (dr_need_table(x, DR_PRIV_INSERT, schema, name) ||
        (in.replace && dr_need_table(x, DR_PRIV_DELETE, schema, name)) ||
        (find_duplicate(c) < c->count &&
         dr_need_table(x, DR_PRIV_UPDATE, schema, name)) ||
        dr_check_write(x) || open_target(x, schema, name, &in.t))
        return DR_RUN_ERROR;
    x->no_snapshot = x->current_read = true;
    if (!dr_session_txn(x) || column_list(&in))
        return DR_RUN_ERROR;
    enum dr_run r = rows_of(&in);
    if (r)
        return r;
    if (in.first_id)
        x->s->last_insert_id = in.first_id;
    /* tidb: pkg/session/session.go LastInsertID: a drawn one, else the given one */
    x->out->insert_id = in.first_id ? in.first_id : in.given_id;
    tell_insert(&in);
    return dr_sql_ok(x, in.affected);
}
