/* The way of a statement from the client's text to the last packet of its answer: asked
 * of the model, waited for, written row by row as there is room. Source: tidb:
 * pkg/server/conn.go handleQuery, writeResultSet, writeChunks. */
#include <string.h>

#include "cmd/drover-sim/mysql_private.h"
#include "cmd/drover-sim/mysql_split.h"

/* ---- writing ---- */

static uint16_t warnings_of(const struct dr_sql_answer *a)
{
    return a->warnings > UINT16_MAX ? UINT16_MAX : (uint16_t)a->warnings;
}

static bool has_rows(const struct dr_mysql_conn *c)
{
    return c->result.answer.error == 0 && c->result.answer.column_count > 0;
}

static void put_columns(struct dr_mysql_conn *c, struct dr_sim_stream *s)
{
    struct dr_mysql_result *r = &c->result;
    r->columns = dr_mysql_columns_of(r->arena, &r->answer);
    for (size_t i = 0; i < r->answer.column_count; i++)
        dr_mysql_put_column(&s->out, &c->seq, &r->columns[i], c->form == DR_FORM_LIST);
}

/* Between columns and rows, for clients that know no better. */
static void put_middle(struct dr_mysql_conn *c, struct dr_sim_stream *s, uint16_t status)
{
    if (!(c->capabilities & DR_CAP_DEPRECATE_EOF))
        dr_mysql_put_eof(&s->out, &c->seq, warnings_of(&c->result.answer), status);
}

static void put_ok(struct dr_mysql_conn *c, struct dr_sim_stream *s, uint16_t status)
{
    const struct dr_sql_answer *a = &c->result.answer;
    struct dr_mysql_ok ok = {
        .affected = c->quiet_ok ? 0 : a->affected,
        .insert_id = c->quiet_ok ? 0 : a->insert_id,
        .status = status,
        .warnings = warnings_of(a),
        .info = a->info,
    };
    dr_mysql_put_ok(&s->out, &c->seq, &ok);
}

/* The answer to COM_STMT_PREPARE (tidb: pkg/server/conn_stmt.go HandleStmtPrepare). The
 * statement is kept; its text was the command's. */
static void put_prepared(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                         uint16_t status)
{
    static const struct dr_mysql_column unknown = {.name = "", .type = DR_TYPE_BLOB};
    const struct dr_sql_answer *a = &c->result.answer;
    const struct dr_mysql_stmt *st =
        dr_mysql_stmt_add(&c->stmts, c->text, c->text_len, a->params);
    c->text = NULL;
    if (!st) {
        char text[96]; /* tidb: pkg/errno/errname.go; the bound is this server's own */
        snprintf(text, sizeof(text),
                 "Can't create more than maxPreparedStmtCount statements (current value: "
                 "%d)",
                 DR_STMT_MAX);
        dr_mysql_error(c, s, 1461, "42000", text);
        return;
    }
    size_t start = dr_mysql_begin(&s->out);
    dr_mysql_add_int(&s->out, 0, 1);
    dr_mysql_add_int(&s->out, st->id, 4);
    dr_mysql_add_int(&s->out, a->column_count, 2);
    dr_mysql_add_int(&s->out, a->params, 2);
    dr_mysql_add_int(&s->out, 0, 1);
    dr_mysql_add_int(&s->out, 0, 2);
    dr_mysql_end(&s->out, start, &c->seq);
    for (uint32_t i = 0; i < a->params; i++)
        dr_mysql_put_column(&s->out, &c->seq, &unknown, false);
    if (a->params)
        put_middle(c, s, status);
    put_columns(c, s);
    if (a->column_count)
        put_middle(c, s, status);
}

/* Rows stay with the statement; the client hears of the columns alone (tidb:
 * pkg/server/conn_stmt.go writeExecuteResultWithCursor, always with an EOF). */
static void put_cursor(struct dr_mysql_conn *c, struct dr_sim_stream *s, uint16_t status)
{
    dr_mysql_put_column_count(&s->out, &c->seq, c->result.answer.column_count);
    put_columns(c, s);
    dr_mysql_put_eof(&s->out, &c->seq, warnings_of(&c->result.answer),
                     status | DR_STATUS_CURSOR_EXISTS);
    c->stmt->cursor = c->result;
    c->result = (struct dr_mysql_result){.arena = NULL};
}

/* All but the rows and what follows them. True: rows follow. */
static bool put_head(struct dr_mysql_conn *c, struct dr_sim_stream *s, uint16_t status)
{
    const struct dr_sql_answer *a = &c->result.answer;
    if (a->error) {
        dr_mysql_error(c, s, a->error, a->sqlstate, a->message ? a->message : "");
    } else if (c->form == DR_FORM_PREPARE) {
        put_prepared(c, s, status);
    } else if (c->form == DR_FORM_LIST) {
        put_columns(c, s);
        dr_mysql_put_eof(&s->out, &c->seq, 0, status);
    } else if (!has_rows(c)) {
        put_ok(c, s, status);
    } else if (c->form == DR_FORM_EXECUTE && c->cursor) {
        put_cursor(c, s, status);
    } else {
        dr_mysql_put_column_count(&s->out, &c->seq, a->column_count);
        put_columns(c, s);
        put_middle(c, s, status);
        c->until = a->row_count;
        return true;
    }
    c->until = 0;
    return false;
}

/* True: all rows up to `until` and their end are written. */
static bool put_rows(struct dr_mysql_conn *c, struct dr_sim_stream *s, uint16_t status)
{
    bool fetch = c->form == DR_FORM_FETCH, text = c->form == DR_FORM_TEXT;
    struct dr_mysql_result *r = fetch ? &c->stmt->cursor : &c->result;
    const struct dr_sql_answer *a = &r->answer;
    for (; r->row < c->until; r->row++) {
        const struct dr_cell *cells = &a->cells[r->row * a->column_count];
        if (s->out.len >= DR_STREAM_OUT_HIGH)
            return false;
        if (text)
            dr_mysql_put_row(&s->out, &c->seq, cells, a->column_count);
        else
            dr_mysql_put_binary_row(&s->out, &c->seq, r->columns, cells, a->column_count);
    }
    bool last = r->row == a->row_count;
    if (fetch) /* tidb: pkg/server/conn.go writeChunksWithFetchSize */
        status |= last ? DR_STATUS_LAST_ROW_SENT : DR_STATUS_CURSOR_EXISTS;
    struct dr_mysql_ok end = {
        .status = status, .warnings = fetch ? 0 : warnings_of(a), .ends_rows = true};
    if (c->capabilities & DR_CAP_DEPRECATE_EOF)
        dr_mysql_put_ok(&s->out, &c->seq, &end);
    else
        dr_mysql_put_eof(&s->out, &c->seq, end.warnings, status);
    if (fetch && last)
        dr_mysql_stmt_reset(&c->stmts, c->stmt);
    return true;
}

/* ---- statements ---- */

static void forget_answer(struct dr_mysql_conn *c)
{
    dr_mysql_result_release(&c->result);
    c->asked = c->ready = c->answered = false;
    c->until = 0;
}

static bool next_statement(struct dr_mysql_conn *c, const char **statement, size_t *len,
                           size_t *next)
{
    return dr_mysql_next_statement(c->text + c->text_at, c->text_len - c->text_at, next,
                                   statement, len);
}

static bool another_follows(struct dr_mysql_conn *c)
{
    const char *statement;
    size_t len, next;
    return c->form == DR_FORM_TEXT && !c->result.answer.error &&
           next_statement(c, &statement, &len, &next);
}

static void done(struct dr_mysql_conn *c, struct dr_sim_stream *s, int64_t now_ms)
{
    forget_answer(c);
    free(c->text);
    c->text = NULL;
    c->stmt = NULL;
    c->quiet_ok = c->cursor = c->warn_multi = false;
    c->phase = DR_MYSQL_AT_COMMAND;
    s->waiting = false;
    s->expires_ms = now_ms + DR_MYSQL_IDLE_MS;
}

/* The model has answered: writes as much as there is room for. True: all of it. */
static bool write_answer(struct dr_mysql_conn *c, struct dr_sim_stream *s)
{
    if (!c->answered && !dr_model_sql_alive(c->sql)) {
        s->abort = true; /* killed, or a fault broke the connection: no answer */
        return false;
    }
    uint16_t status = dr_mysql_status_flags(c);
    if (another_follows(c))
        status |= DR_STATUS_MORE_RESULTS;
    bool rows = c->answered || put_head(c, s, status);
    c->answered = true;
    return !rows || put_rows(c, s, status);
}

static const char multi_disabled[] =
    "client has multi-statement capability disabled. Run SET GLOBAL "
    "tidb_multi_statement_mode='ON' after you understand the security risk";

static enum dr_model_done ask_text(struct dr_mysql_conn *c)
{
    const char *statement = NULL;
    size_t len = 0, next = 0;
    struct dr_mysql_result *r = &c->result;
    (void)next_statement(c, &statement, &len, &next); /* there is one: seen before */
    c->text_at += next;
    if (c->warn_multi && !another_follows(c))
        dr_model_sql_warn(c->sql, 8130, multi_disabled);
    return dr_model_sql_query(c->sql, statement, len, &r->answer, r->arena);
}

/* Brings the statement at hand to its answer. False: the model still works on it. */
static bool ask(struct dr_mysql_conn *c)
{
    struct dr_mysql_result *r = &c->result;
    enum dr_model_done state = DR_MODEL_DONE;
    if (c->ready)
        return true;
    if (!r->arena)
        r->arena = dr_arena_new(0);
    if (c->asked)
        state = dr_model_sql_poll(c->sql, &r->answer, r->arena);
    else if (c->form == DR_FORM_PREPARE)
        state = dr_model_sql_prepare(c->sql, c->text, c->text_len, &r->answer, r->arena);
    else if (c->form == DR_FORM_EXECUTE)
        state = dr_model_sql_execute(c->sql, c->stmt->text, c->stmt->len, c->params,
                                     c->stmt->params, &r->answer, r->arena);
    else
        state = ask_text(c);
    c->asked = true;
    c->ready = state == DR_MODEL_DONE;
    return c->ready;
}

void dr_mysql_go_on(struct dr_mysql_conn *c, struct dr_sim_stream *s, int64_t now_ms)
{
    s->waiting = true;
    c->phase = DR_MYSQL_AT_ANSWER;
    s->expires_ms = 0;
    while (ask(c) && write_answer(c, s)) {
        if (!another_follows(c)) {
            done(c, s, now_ms);
            return;
        }
        forget_answer(c);
    }
}

/* Several statements of one text: whether the client and the session allow them (tidb:
 * pkg/server/conn.go handleQuery). */
static bool may_be_several(struct dr_mysql_conn *c)
{
    const char *mode = dr_model_sql_variable(c->sql, "tidb_multi_statement_mode");
    if (c->capabilities & DR_CAP_MULTI_STATEMENTS)
        return true;
    c->warn_multi = mode && strcmp(mode, "WARN") == 0;
    return c->warn_multi || (mode && strcmp(mode, "ON") == 0);
}

/* The whole text is parsed before its first statement runs. True: it was refused. */
static bool refused_whole(struct dr_mysql_conn *c, struct dr_sim_stream *s)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_sql_answer answer;
    const char *statement;
    size_t len, next;
    bool refused = false;
    while (!refused && next_statement(c, &statement, &len, &next)) {
        refused = dr_model_sql_refuses(c->sql, statement, len, &answer, a);
        c->text_at += next;
    }
    c->text_at = 0;
    if (refused)
        dr_mysql_error(c, s, answer.error, answer.sqlstate, answer.message);
    dr_arena_free(a);
    return refused;
}

void dr_mysql_run_text(struct dr_mysql_conn *c, struct dr_sim_stream *s, char *text,
                       size_t len, enum dr_mysql_form form, int64_t now_ms)
{
    const char *statement;
    size_t n, next;
    c->form = form;
    c->text = text;
    c->text_at = 0;
    c->text_len = len;
    if (form == DR_FORM_PREPARE) {
        dr_mysql_go_on(c, s, now_ms);
        return;
    }
    if (!next_statement(c, &statement, &n, &next)) { /* TiDB: nothing to do is OK */
        dr_mysql_plain_ok(c, s);
        done(c, s, now_ms);
        return;
    }
    c->text_at = next;
    bool several = another_follows(c);
    c->text_at = 0;
    if (several && !may_be_several(c)) {
        dr_mysql_error(c, s, 8130, "HY000", multi_disabled);
        done(c, s, now_ms);
    } else if (several && refused_whole(c, s)) {
        done(c, s, now_ms);
    } else {
        dr_mysql_go_on(c, s, now_ms);
    }
}
