/* SELECT: the quick way for variables alone, SQLite for everything else, locks for
 * FOR UPDATE. */
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/estate/model/sql_engine.h"
#include "controller/estate/model/sql_lock.h"
#include "controller/estate/model/sql_type.h"
#include "controller/estate/model/sql_value.h"
#include "controller/estate/model/sql_vars.h"

enum { QUICK_MAX = 32 };

/* SELECT @@a, @@global.b AS c, 1: nothing else. *taken false: not that simple. */
static enum dr_run quick(struct dr_exec *x, bool *taken)
{
    struct dr_cur *c = &x->cur;
    const char *names[QUICK_MAX], *values[QUICK_MAX];
    size_t n = 0, start = c->i;
    *taken = false;
    c->i++;
    do {
        const struct dr_token *t = dr_peek(c, 0);
        bool var = t->kind == DR_TOK_SYSVAR, number = t->kind == DR_TOK_NUMBER;
        if (n == QUICK_MAX || (!var && !number))
            goto no;
        const struct dr_token *after = dr_peek(c, 1);
        c->i++;
        names[n] = dr_strndup(x->a, c->sql + t->from, t->to - t->from);
        if (dr_accept(c, "AS")) {
            if (!dr_take_name(c, &names[n]))
                goto no;
        } else if (after->kind == DR_TOK_NAME) {
            (void)dr_take_name(c, &names[n]);
        } else if (after->kind != DR_TOK_END && !dr_token_is(after, ",") &&
                   !dr_token_is(after, "LIMIT")) {
            goto no;
        }
        values[n] = t->text;
        if (var && dr_var_read(x, t->text, true, &values[n])) {
            *taken = true;
            return DR_RUN_ERROR;
        }
        n++;
    } while (dr_accept(c, ","));
    if (dr_is(c, "LIMIT") && dr_token_is(dr_peek(c, 1), "1"))
        c->i += 2;
    if (dr_is(c, "LIMIT") || !dr_at_end(c))
        goto no;
    *taken = true;
    dr_result_columns(x, n, names);
    for (size_t i = 0; i < n; i++)
        dr_result_text(x, values[i]);
    return DR_RUN_OK;
no:
    c->i = start;
    return DR_RUN_OK;
}

/* SELECT SLEEP(n) waits, so that KILL QUERY has something to end. */
static bool sleeping(struct dr_exec *x)
{
    struct dr_model_session *s = x->s;
    const struct dr_cur *c = &x->cur;
    uint64_t n;
    const struct dr_token *t = dr_peek(c, 3);
    if (s->started || !dr_token_is(dr_peek(c, 1), "SLEEP") || t->kind != DR_TOK_NUMBER ||
        !dr_parse_u64(t->text, t->len, &n) || !n)
        return false;
    s->started = true;
    s->wait = DR_WAIT_DELAY;
    s->wait_until_ms = s->m->now_ms + (int64_t)n * 1000;
    return true;
}

static size_t top_level_from(const struct dr_cur *c)
{
    size_t depth = 0;
    for (size_t i = c->i; i < c->count; i++) {
        depth += dr_token_is(&c->t[i], "(");
        depth -= dr_token_is(&c->t[i], ")");
        if (!depth && dr_token_is(&c->t[i], "FROM"))
            return i;
    }
    return c->count;
}

/* FOR UPDATE: locks every row of the stored tables that the query reads. */
static enum dr_run lock_rows(struct dr_exec *x, const struct dr_rewrite *first)
{
    struct dr_rewrite q;
    struct dr_rows rows = {0};
    size_t from = top_level_from(&x->cur), n = 0;
    dr_rewrite_init(&q, x);
    dr_buf_adds(&q.out, "SELECT ");
    for (size_t k = 0; k < first->from_count; k++)
        if (dr_engine_bound(x, first->from[k].bound)->table)
            dr_buf_addf(&q.out, "%s\"%s\".rowid", n++ ? "," : "", first->from[k].alias);
    enum dr_run r = n ? dr_rewrite_tokens(&q, from, x->cur.count) : DR_RUN_OK;
    if (n && !r)
        r = dr_engine_query(x, dr_buf_str(&q.out), &rows);
    dr_rewrite_release(&q);
    for (size_t i = 0; i < rows.count && !r; i++) {
        size_t at = 0;
        for (size_t k = 0; k < first->from_count && !r; k++) {
            struct dr_table *t = dr_engine_bound(x, first->from[k].bound)->table;
            const struct dr_datum *v = t ? &rows.v[i * rows.columns + at++] : NULL;
            if (!v || v->kind != DR_DATUM_INT)
                continue;
            struct dr_entry *e = (struct dr_entry *)(intptr_t)v->i;
            if (x->s->txn->optimistic)
                dr_txn_compare(x->s->txn, t, e);
            else if (!dr_txn_lock(x->s->txn, t, e))
                r = DR_RUN_WAIT;
        }
    }
    return r;
}

/* .. and the keys that it names, though no row has them. */
static enum dr_run lock_named(struct dr_exec *x, const struct dr_rewrite *rw)
{
    const struct dr_cur *c = &x->cur;
    const struct dr_bound *b =
        rw->from_count == 1 ? dr_engine_bound(x, rw->from[0].bound) : NULL;
    size_t from = top_level_from(c), to;
    if (!b || !b->table || x->s->txn->optimistic)
        return DR_RUN_OK;
    while (from < c->count && !dr_token_is(&c->t[from], "WHERE"))
        from++;
    for (to = from; to < c->count && !dr_token_is(&c->t[to], "FOR");)
        to++;
    return dr_lock_named(x, b->table, b->def, rw->from[0].alias, from + 1, to);
}

/* sql_select_limit cuts what has no LIMIT of its own. Source: tidb:
 * pkg/planner/core/preprocess.go (TryAddExtraLimit). */
static size_t rows_given(struct dr_exec *x, size_t count)
{
    uint64_t limit;
    const char *text = dr_var_session(x->s, DR_V_SELECT_LIMIT);
    size_t depth = 0;
    for (size_t i = 0; i < x->cur.count; i++) {
        depth += dr_token_is(&x->cur.t[i], "(");
        depth -= dr_token_is(&x->cur.t[i], ")");
        if (!depth && dr_token_is(&x->cur.t[i], "LIMIT"))
            return count;
    }
    bool cuts =
        !x->s->internal && dr_parse_u64(text, strlen(text), &limit) && limit < count;
    return cuts ? (size_t)limit : count;
}

static bool for_update(const struct dr_cur *c)
{
    for (size_t i = c->i; i + 1 < c->count; i++)
        if (dr_token_is(&c->t[i], "FOR") && dr_token_is(&c->t[i + 1], "UPDATE"))
            return true;
    return false;
}

/* ---- AS OF TIMESTAMP. Source: docs: as-of-timestamp.md ---- */

static bool ends_as_of(const struct dr_token *t)
{
    static const char *const words[] = {"WHERE", "ORDER", "LIMIT", "GROUP", "HAVING",
                                        "JOIN",  "INNER", "LEFT",  "RIGHT", "CROSS",
                                        "ON",    "USING", "UNION", "FOR",   "AS"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (dr_token_is(t, words[i]))
            return true;
    return t->kind == DR_TOK_END;
}

/* Where the expression at `from` ends. */
static size_t as_of_end(const struct dr_cur *c, size_t from)
{
    size_t to = dr_expr_end(c, from, c->count), depth = 0, i = from;
    for (; i < to && (depth || !ends_as_of(&c->t[i])); i++) {
        depth += dr_token_is(&c->t[i], "(");
        depth -= dr_token_is(&c->t[i], ")");
    }
    return i;
}

static enum dr_run read_as_of(struct dr_exec *x, size_t from, size_t to)
{
    struct dr_datum d;
    int64_t ms;
    if (from == to)
        return dr_sql_syntax(x);
    if (dr_value_eval(x, from, to, &d))
        return DR_RUN_ERROR;
    const char *text = dr_datum_text(x->a, &d, NULL);
    if (!text || !dr_time_parse(text, &ms))
        return dr_sql_error(x, 1292, "Incorrect datetime value: '%s'",
                            text ? text : "NULL");
    uint64_t tso = dr_tso_make(ms, 0);
    if (tso > dr_model_resolved(x->c)) /* the text: [inference] */
        return dr_sql_error(x, 1105, "cannot set read timestamp to a future time");
    if (x->s->explicit_txn)
        return dr_sql_error(x, 8135,
                            "invalid as of timestamp: as of timestamp can't be set in "
                            "transaction.");
    x->fixed_tso = 0;
    if (tso < x->c->gc_safe_point)
        return dr_sql_old(x, tso);
    x->fixed_tso = tso;
    return DR_RUN_OK;
}

/* Takes the clauses out of the statement, which reads as of the last of them. */
static enum dr_run take_as_of(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    for (size_t i = c->i; i + 2 < c->count; i++) {
        if (!dr_token_is(&c->t[i], "AS") || !dr_token_is(&c->t[i + 1], "OF") ||
            !dr_token_is(&c->t[i + 2], "TIMESTAMP"))
            continue;
        size_t to = as_of_end(c, i + 3), rest = c->count + 1 - to;
        if (read_as_of(x, i + 3, to))
            return DR_RUN_ERROR;
        struct dr_token *t = dr_alloc_n(x->a, i + rest, sizeof(*t));
        memcpy(t, c->t, i * sizeof(*t));
        memcpy(t + i, c->t + to, rest * sizeof(*t));
        c->t = t;
        c->count = i + rest - 1;
    }
    return DR_RUN_OK;
}

enum dr_run dr_st_select(struct dr_exec *x)
{
    bool taken = false;
    if (take_as_of(x))
        return DR_RUN_ERROR;
    if (dr_is(&x->cur, "SELECT")) {
        enum dr_run r = quick(x, &taken);
        if (taken)
            return r;
        if (!x->describe && sleeping(x))
            return DR_RUN_WAIT;
    }
    struct dr_rewrite rw;
    struct dr_rows rows;
    bool locks = !x->describe && for_update(&x->cur);
    if (locks) {
        if (dr_check_write(x) || !dr_session_txn(x))
            return DR_RUN_ERROR;
        x->current_read = x->no_snapshot = !x->s->txn->optimistic;
    }
    dr_rewrite_init(&rw, x);
    rw.name_columns = true;
    enum dr_run r = dr_rewrite_tokens(&rw, x->cur.i, x->cur.count);
    if (!r && locks)
        r = lock_rows(x, &rw);
    if (!r && locks)
        r = lock_named(x, &rw);
    if (!r)
        r = dr_engine_query(x, dr_buf_str(&rw.out), &rows);
    if (!r) {
        rows.count = rows_given(x, rows.count);
        dr_type_result(x, &rw, &rows);
    }
    dr_rewrite_release(&rw);
    return r;
}
