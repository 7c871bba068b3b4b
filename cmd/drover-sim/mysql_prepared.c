/* The commands of prepared statements. Source: tidb: pkg/server/conn_stmt.go. */
#include <string.h>

#include "cmd/drover-sim/mysql_private.h"

enum { CURSOR_READ_ONLY = 1, CURSOR_FOR_UPDATE = 2, CURSOR_SCROLLABLE = 4 };

/* The statement whose number stands at the cursor; NULL: told that there is none. */
static struct dr_mysql_stmt *statement(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                                       struct dr_mysql_cursor *at, const char *command)
{
    char text[96];
    uint32_t id = dr_mysql_get_int(at, 4);
    if (at->bad) {
        dr_mysql_malformed(c, s);
        return NULL;
    }
    struct dr_mysql_stmt *st = dr_mysql_stmt_find(&c->stmts, id);
    if (!st) {
        snprintf(text, sizeof(text),
                 "Unknown prepared statement handler (%u) given to %s", (unsigned)id,
                 command);
        dr_mysql_error(c, s, 1243, "HY000", text);
    }
    return st;
}

void dr_mysql_com_prepare(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                          const char *payload, size_t len, int64_t now_ms)
{
    char *text = dr_xcalloc(len + 1, 1);
    if (len)
        memcpy(text, payload, len);
    dr_mysql_run_text(c, s, text, len, DR_FORM_PREPARE, now_ms);
}

/* True: this kind of cursor was refused. */
static bool refused_cursor(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                           unsigned flags)
{
    const char *why = flags & CURSOR_FOR_UPDATE   ? "CursorTypeForUpdate"
                      : flags & CURSOR_SCROLLABLE ? "CursorTypeScrollable"
                                                  : NULL;
    char text[64];
    if (why)
        snprintf(text, sizeof(text), "unsupported flag: %s", why);
    else if (flags & CURSOR_READ_ONLY && dr_mysql_cursors(&c->stmts) >= DR_STMT_CURSORS)
        snprintf(text, sizeof(text), "too many open cursors"); /* the bound is our own */
    else
        return false;
    dr_mysql_error(c, s, 1105, "HY000", text);
    return true;
}

static void bad_params(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                       enum dr_mysql_param_result result, unsigned type)
{
    char text[64];
    if (result == DR_PARAM_MALFORMED) {
        dr_mysql_malformed(c, s);
        return;
    }
    snprintf(text, sizeof(text), "stmt unknown field type %u", type);
    dr_mysql_error(c, s, 8051, "HY000", text);
}

void dr_mysql_com_execute(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                          const char *payload, size_t len, int64_t now_ms)
{
    struct dr_mysql_cursor at;
    uint8_t type = 0;
    dr_mysql_cursor_init(&at, payload, len);
    struct dr_mysql_stmt *st = statement(c, s, &at, "stmt_execute");
    if (!st)
        return;
    unsigned flags = dr_mysql_get_int(&at, 1);
    dr_mysql_get_int(&at, 4); /* iterations: always one */
    if (at.bad) {
        dr_mysql_malformed(c, s);
        return;
    }
    dr_mysql_result_release(&st->cursor); /* a new execution closes what was open */
    if (refused_cursor(c, s, flags))
        return;
    c->result.arena = dr_arena_new(0);
    enum dr_mysql_param_result r =
        dr_mysql_stmt_params(st, &at, c->result.arena, &c->params, &type);
    if (r != DR_PARAM_READ || st->too_large) {
        if (r != DR_PARAM_READ)
            bad_params(c, s, r, type);
        else
            dr_mysql_error(c, s, 1153, "08S01",
                           "Got a packet bigger than 'max_allowed_packet' bytes");
        dr_mysql_stmt_reset(&c->stmts, st);
        dr_mysql_result_release(&c->result);
        return;
    }
    c->form = DR_FORM_EXECUTE;
    c->stmt = st;
    c->cursor = flags & CURSOR_READ_ONLY;
    dr_mysql_go_on(c, s, now_ms);
    dr_mysql_stmt_forget_data(&c->stmts, st); /* the model has its own copy by now */
}

void dr_mysql_com_long_data(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                            const char *payload, size_t len, int64_t now_ms)
{
    struct dr_mysql_cursor at;
    (void)now_ms;
    dr_mysql_cursor_init(&at, payload, len);
    struct dr_mysql_stmt *st = statement(c, s, &at, "stmt_send_longdata");
    if (!st)
        return;
    unsigned param = dr_mysql_get_int(&at, 2);
    size_t left = dr_mysql_left(&at);
    struct dr_mysql_text t = dr_mysql_get_bytes(&at, left);
    if (at.bad)
        dr_mysql_malformed(c, s);
    else if (!dr_mysql_stmt_long_data(&c->stmts, st, param, t.bytes, t.len))
        dr_mysql_error(c, s, 1210, "HY000", "Incorrect arguments to stmt_send_longdata");
}

void dr_mysql_com_close(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                        const char *payload, size_t len, int64_t now_ms)
{
    struct dr_mysql_cursor at;
    (void)s, (void)now_ms;
    dr_mysql_cursor_init(&at, payload, len);
    struct dr_mysql_stmt *st = dr_mysql_stmt_find(&c->stmts, dr_mysql_get_int(&at, 4));
    if (st && !at.bad)
        dr_mysql_stmt_close(&c->stmts, st); /* without an answer, either way */
}

void dr_mysql_com_stmt_reset(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                             const char *payload, size_t len, int64_t now_ms)
{
    struct dr_mysql_cursor at;
    (void)now_ms;
    dr_mysql_cursor_init(&at, payload, len);
    struct dr_mysql_stmt *st = statement(c, s, &at, "stmt_reset");
    if (!st)
        return;
    dr_mysql_stmt_reset(&c->stmts, st);
    dr_mysql_plain_ok(c, s);
}

void dr_mysql_com_fetch(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                        const char *payload, size_t len, int64_t now_ms)
{
    struct dr_mysql_cursor at;
    dr_mysql_cursor_init(&at, payload, len);
    struct dr_mysql_stmt *st = statement(c, s, &at, "stmt_fetch");
    if (!st)
        return;
    uint32_t rows = dr_mysql_get_int(&at, 4);
    if (at.bad) {
        dr_mysql_malformed(c, s);
        return;
    }
    if (!st->cursor.arena) {
        dr_mysql_error(c, s, 1326, "24000", "Cursor is not open");
        return;
    }
    size_t left = st->cursor.answer.row_count - st->cursor.row;
    c->form = DR_FORM_FETCH;
    c->stmt = st;
    c->until = st->cursor.row + (rows < left ? rows : left);
    c->ready = c->answered = true;
    dr_mysql_go_on(c, s, now_ms);
}
