/* INSERT, REPLACE, UPDATE, DELETE. SQLite finds the rows and computes the values; keys,
 * locks and constraints are the model's. */
#include <string.h>
#include <strings.h>

#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_engine.h"
#include "controller/estate/model/sql_lock.h"
#include "controller/estate/model/sql_value.h"
#include "controller/estate/model/sql_vars.h"

/* ---- putting rows ---- */

struct target {
    struct dr_table *table;
    const struct dr_table_def *def;
};

static const struct dr_index *primary(const struct dr_table_def *d)
{
    return d->index_count && d->indexes[0].primary ? &d->indexes[0] : NULL;
}

/* Another visible row with the same values of a unique index. */
static struct dr_entry *unique_conflict(struct dr_exec *x, const struct target *t,
                                        const struct dr_datum *v,
                                        const struct dr_entry *self,
                                        const struct dr_index **which)
{
    for (size_t k = 0; k < t->def->index_count; k++) {
        const struct dr_index *ix = &t->def->indexes[k];
        bool nulls = false;
        for (size_t c = 0; c < ix->column_count; c++)
            nulls |= v[ix->columns[c]].kind == DR_DATUM_NULL;
        if (!ix->unique || ix->primary || nulls)
            continue;
        for (size_t i = 0; i < t->table->entry_count; i++) {
            struct dr_entry *e = t->table->entries[i];
            const struct dr_row *r = dr_entry_row(e, x->s->txn, UINT64_MAX);
            bool same = r && e != self;
            for (size_t c = 0; same && c < ix->column_count; c++)
                same = dr_datum_cmp(&r->v[ix->columns[c]], &v[ix->columns[c]]) == 0;
            if (same) {
                *which = ix;
                return e;
            }
        }
    }
    return NULL;
}

static enum dr_run duplicate(struct dr_exec *x, const struct target *t,
                             const struct dr_index *ix, const struct dr_datum *v,
                             bool ignore)
{
    struct dr_buf b;
    dr_buf_init(&b, 1024);
    for (size_t c = 0; c < ix->column_count; c++)
        dr_buf_addf(&b, "%s%s", c ? "-" : "",
                    dr_datum_text(x->a, &v[ix->columns[c]], NULL));
    const char *text = dr_sprintf(x->a, "Duplicate entry '%s' for key '%s.%s'",
                                  dr_buf_str(&b), t->def->name, ix->name);
    dr_buf_release(&b);
    if (!ignore)
        return dr_sql_error(x, 1062, "%s", text);
    dr_sql_warn(x, "Warning", 1062, "%s", text);
    return DR_RUN_OK;
}

/* The entry a row belongs to, locked; DR_RUN_WAIT when somebody else holds it. */
static enum dr_run own_entry(struct dr_exec *x, const struct target *t,
                             const struct dr_datum *v, struct dr_entry **e)
{
    unsigned char key[DR_KEY_MAX];
    const struct dr_index *pk = primary(t->def);
    size_t len;
    if (pk) {
        len = dr_key_encode(pk, v, key);
        if (!len)
            return dr_sql_error(x, 1071,
                                "Specified key was too long; max key length is "
                                "3072 bytes");
    } else {
        struct dr_datum handle = {.kind = DR_DATUM_INT, .i = ++t->table->last_handle};
        len = dr_key_parts(&handle, 1, key);
    }
    *e = dr_txn_entry(t->table, key, len);
    return dr_txn_lock(x->s->txn, t->table, *e) ? DR_RUN_OK : DR_RUN_WAIT;
}

static void set_row(struct dr_exec *x, const struct target *t, struct dr_entry *e,
                    const struct dr_datum *v)
{
    dr_txn_set(x->s->txn, t->table, e, dr_row_new(v, t->def->column_count));
}

/* Gives a row other values: in place, or under a new key. */
static enum dr_run change_row(struct dr_exec *x, const struct target *t,
                              struct dr_entry *e, const struct dr_row *old,
                              struct dr_datum *v)
{
    const struct dr_index *pk = primary(t->def), *which;
    enum dr_run r = dr_lock_unique(x, t->table, t->def, v, old);
    if (r)
        return r;
    struct dr_entry *other = unique_conflict(x, t, v, e, &which);
    bool moved = false;
    if (other)
        return duplicate(x, t, which, v, false);
    for (size_t c = 0; pk && c < pk->column_count; c++)
        moved |= dr_datum_cmp(&old->v[pk->columns[c]], &v[pk->columns[c]]) != 0;
    if (!moved) {
        set_row(x, t, e, v);
        return DR_RUN_OK;
    }
    r = own_entry(x, t, v, &other);
    if (r)
        return r;
    if (dr_entry_row(other, x->s->txn, UINT64_MAX))
        return duplicate(x, t, pk, v, false);
    dr_txn_set(x->s->txn, t->table, e, NULL);
    set_row(x, t, other, v);
    return DR_RUN_OK;
}

/* ---- INSERT and REPLACE ---- */

struct insert {
    struct dr_exec *x;
    struct target t;
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

static bool same_row(const struct dr_row *r, const struct dr_datum *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (r->v[i].kind != v[i].kind || dr_datum_cmp(&r->v[i], &v[i]) != 0)
            return false;
    return true;
}

static enum dr_run touch_time(struct dr_exec *x, const struct dr_table_def *def,
                              struct dr_datum *v, const bool *assigned)
{
    for (size_t i = 0; i < def->column_count; i++) {
        if (!def->columns[i].on_update_now || assigned[i])
            continue;
        const char *now = dr_sql_time(x->a, dr_cluster_wall_ms(x->c), 6);
        v[i] = (struct dr_datum){.kind = DR_DATUM_TEXT, .s = now, .len = strlen(now)};
        if (dr_value_fit(x, &def->columns[i], &v[i], 1))
            return DR_RUN_ERROR;
    }
    return DR_RUN_OK;
}

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
    if (same_row(old, v, def->column_count)) {
        in->affected += x->s->found_rows; /* tidb: pkg/executor/write.go updateRecord */
        return DR_RUN_OK;
    }
    in->affected += 2;
    in->updated++;
    if (touch_time(x, def, v, assigned) || dr_value_generate(x, def, v))
        return DR_RUN_ERROR;
    return change_row(x, &in->t, e, old, v);
}

static enum dr_run insert_row(struct insert *in, struct dr_datum *v)
{
    struct dr_exec *x = in->x;
    const struct dr_index *which = primary(in->t.def);
    struct dr_entry *e, *other;
    enum dr_run r = own_entry(x, &in->t, v, &e);
    if (!r)
        r = dr_lock_unique(x, in->t.table, in->t.def, v, NULL);
    if (r)
        return r;
    for (int round = 0; round < 64; round++) {
        const struct dr_row *old = dr_entry_row(e, x->s->txn, UINT64_MAX);
        other = old ? e : unique_conflict(x, &in->t, v, e, &which);
        if (!other)
            break;
        if (!dr_txn_lock(x->s->txn, in->t.table, other))
            return DR_RUN_WAIT;
        if (in->update_to)
            return on_duplicate(in, other, v);
        if (!in->replace)
            return duplicate(x, &in->t, which, v, in->ignore);
        old = dr_entry_row(other, x->s->txn, UINT64_MAX);
        bool same = other == e && same_row(old, v, in->t.def->column_count);
        if (same) {
            in->affected += 1;
            return DR_RUN_OK;
        }
        dr_txn_set(x->s->txn, in->t.table, other, NULL);
        in->affected++;
        which = primary(in->t.def);
    }
    set_row(x, &in->t, e, v);
    in->affected++;
    return DR_RUN_OK;
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
                               struct target *t)
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

/* ---- UPDATE and DELETE ---- */

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
    struct target t = {b->table, b->def};
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
    if (!any || same_row(old, v, t.def->column_count))
        return DR_RUN_OK;
    u->affected++;
    if (touch_time(x, t.def, v, assigned) || dr_value_generate(x, t.def, v))
        return DR_RUN_ERROR;
    return change_row(x, &t, e, old, v);
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
