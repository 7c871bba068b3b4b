/* Commands of a MySQL connection that is logged in; the frame around both login and
 * commands. */
#include "cmd/drover-sim/mysql.h"

#include <string.h>

#include "cmd/drover-sim/mysql_private.h"

/* before + `name` with its backticks doubled + after. */
static char *with_name(const char *before, const char *name, size_t len,
                       const char *after)
{
    struct dr_buf b;
    dr_buf_init(&b, 2 * len + 64);
    dr_buf_adds(&b, before);
    dr_buf_addc(&b, '`');
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '`')
            dr_buf_addc(&b, '`');
        dr_buf_addc(&b, name[i]);
    }
    dr_buf_addc(&b, '`');
    dr_buf_adds(&b, after);
    return b.data; /* the caller's now */
}

/* ---- commands ---- */

static void com_sleep(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                      const char *payload, size_t len, int64_t now_ms)
{
    (void)c, (void)s, (void)payload, (void)len, (void)now_ms; /* TiDB says nothing */
}

static void com_quit(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                     const char *payload, size_t len, int64_t now_ms)
{
    (void)c, (void)payload, (void)len, (void)now_ms;
    s->close = true;
}

static void com_init_db(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                        const char *payload, size_t len, int64_t now_ms)
{
    char *text = with_name("USE ", payload, len, "");
    c->quiet_ok = true;
    dr_mysql_run_text(c, s, text, strlen(text), DR_FORM_TEXT, now_ms);
}

static void com_query(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                      const char *payload, size_t len, int64_t now_ms)
{
    if (len && payload[len - 1] == '\0') /* clients of old send it; TiDB cuts it */
        len--;
    char *text = dr_xcalloc(len + 1, 1);
    memcpy(text, payload, len);
    dr_mysql_run_text(c, s, text, len, DR_FORM_TEXT, now_ms);
}

static void com_field_list(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                           const char *payload, size_t len, int64_t now_ms)
{
    const char *nul = len ? memchr(payload, '\0', len) : NULL;
    char *text = with_name("SELECT * FROM ", payload, nul ? (size_t)(nul - payload) : len,
                           " LIMIT 0");
    dr_mysql_run_text(c, s, text, strlen(text), DR_FORM_LIST, now_ms);
}

static void com_statistics(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                           const char *payload, size_t len, int64_t now_ms)
{
    (void)payload, (void)len;
    /* tidb: pkg/server/conn.go writeStats fills in nothing but the time either. */
    char text[160];
    int n = snprintf(text, sizeof(text),
                     "Uptime: %lld  Threads: 0  Questions: 0  Slow queries: 0  Opens: 0  "
                     "Flush tables: 0  Open tables: 0  Queries per second avg: 0.000",
                     (long long)(now_ms / 1000));
    dr_mysql_put_payload(&s->out, &c->seq, text, (size_t)n);
}

static void com_ping(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                     const char *payload, size_t len, int64_t now_ms)
{
    (void)payload, (void)len, (void)now_ms;
    dr_mysql_plain_ok(c, s);
}

static void com_set_option(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                           const char *payload, size_t len, int64_t now_ms)
{
    struct dr_mysql_cursor at;
    (void)now_ms;
    dr_mysql_cursor_init(&at, payload, len);
    uint32_t option = dr_mysql_get_int(&at, 2);
    if (at.bad || option > 1) {
        dr_mysql_malformed(c, s);
        return;
    }
    c->capabilities &= ~(uint32_t)DR_CAP_MULTI_STATEMENTS;
    c->capabilities |= option == 0 ? DR_CAP_MULTI_STATEMENTS : 0;
    dr_mysql_put_eof(&s->out, &c->seq, 0, dr_mysql_status_flags(c));
}

static void com_reset_connection(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                                 const char *payload, size_t len, int64_t now_ms)
{
    (void)payload, (void)len, (void)now_ms;
    dr_mysql_reset_connection(c, s);
}

static dr_mysql_run_command *const commands[] = {
    [DR_COM_SLEEP] = com_sleep,
    [DR_COM_QUIT] = com_quit,
    [DR_COM_INIT_DB] = com_init_db,
    [DR_COM_QUERY] = com_query,
    [DR_COM_FIELD_LIST] = com_field_list,
    [DR_COM_STATISTICS] = com_statistics,
    [DR_COM_PING] = com_ping,
    [DR_COM_CHANGE_USER] = dr_mysql_change_user,
    [DR_COM_STMT_PREPARE] = dr_mysql_com_prepare,
    [DR_COM_STMT_EXECUTE] = dr_mysql_com_execute,
    [DR_COM_STMT_SEND_LONG_DATA] = dr_mysql_com_long_data,
    [DR_COM_STMT_CLOSE] = dr_mysql_com_close,
    [DR_COM_STMT_RESET] = dr_mysql_com_stmt_reset,
    [DR_COM_SET_OPTION] = com_set_option,
    [DR_COM_STMT_FETCH] = dr_mysql_com_fetch,
    [DR_COM_RESET_CONNECTION] = com_reset_connection,
};

static void command(struct dr_mysql_conn *c, struct dr_sim_stream *s, const char *payload,
                    size_t len, int64_t now_ms)
{
    if (!len) {
        dr_mysql_last_words(c, s, 1835, "HY000", "Malformed communication packet");
        return;
    }
    unsigned number = (unsigned char)payload[0];
    s->expires_ms = now_ms + DR_MYSQL_IDLE_MS;
    if (number < sizeof(commands) / sizeof(commands[0]) && commands[number]) {
        commands[number](c, s, payload + 1, len - 1, now_ms);
        return;
    }
    char text[64]; /* tidb: pkg/server/conn.go dispatch */
    snprintf(text, sizeof(text), "command %u not supported now", number);
    dr_mysql_put_error(&s->out, &c->seq, 1105, "HY000", text);
}

/* ---- the protocol's face ---- */

static void *open_conn(const struct dr_sim_peer *peer, struct dr_sim_stream *s,
                       int64_t now_ms)
{
    struct dr_model_session *sql =
        dr_model_sql_open(peer->model, peer->at, peer->host, false);
    if (!sql)
        return NULL;
    struct dr_mysql_conn *c = dr_xcalloc(1, sizeof(*c));
    c->peer = peer;
    c->sql = sql;
    dr_mysql_make_salt(c->salt);
    s->expires_ms = now_ms + DR_MYSQL_LOGIN_MS;
    dr_mysql_greet(c, s);
    return c;
}

/* Which part of a connection's life the client may not stretch. */
static void wait_for_rest(struct dr_mysql_conn *c, struct dr_sim_stream *s, size_t len,
                          int64_t now_ms)
{
    if (len && !c->partial && c->phase == DR_MYSQL_AT_COMMAND)
        s->expires_ms = now_ms + DR_MYSQL_PACKET_MS;
    c->partial = len > 0;
}

static size_t input(void *self, struct dr_sim_stream *s, const char *bytes, size_t len,
                    int64_t now_ms)
{
    struct dr_mysql_conn *c = self;
    bool at_command = c->phase == DR_MYSQL_AT_COMMAND;
    size_t payload = 0;
    uint8_t seq = 0;
    switch (dr_mysql_frame(bytes, len, at_command ? DR_MYSQL_BYTES : DR_MYSQL_LOGIN_BYTES,
                           &payload, &seq)) {
    case DR_FRAME_PART:
        wait_for_rest(c, s, len, now_ms);
        return 0;
    case DR_FRAME_TOO_LARGE:
        c->seq = (uint8_t)(seq + 1);
        dr_mysql_last_words(c, s, 1153, "08S01",
                            "Got a packet bigger than 'max_allowed_packet' bytes");
        return len;
    case DR_FRAME_WHOLE:
        break;
    }
    c->partial = false;
    if (seq != (at_command ? 0 : c->seq)) { /* TiDB: invalid sequence, hangs up */
        s->close = true;
        return len;
    }
    c->seq = (uint8_t)(seq + 1);
    if (at_command)
        command(c, s, bytes + 4, payload, now_ms);
    else
        dr_mysql_login_packet(c, s, bytes + 4, payload, now_ms);
    return 4 + payload;
}

static void resume(void *self, struct dr_sim_stream *s, int64_t now_ms)
{
    struct dr_mysql_conn *c = self;
    if (c->phase == DR_MYSQL_AT_ANSWER && s->out.len < DR_STREAM_OUT_HIGH)
        dr_mysql_go_on(c, s, now_ms);
}

static bool alive(const void *self)
{
    const struct dr_mysql_conn *c = self;
    return dr_model_sql_alive(c->sql);
}

static void shut(void *self)
{
    struct dr_mysql_conn *c = self;
    dr_model_sql_close(c->sql);
    dr_mysql_result_release(&c->result);
    dr_mysql_stmts_release(&c->stmts);
    free(c->text);
    free(c->user);
    free(c->database);
    free(c);
}

static void refuse(struct dr_buf *out)
{
    uint8_t seq = 0;
    dr_mysql_put_error(out, &seq, 1040, "08004", "Too many connections");
}

const struct dr_sim_protocol dr_mysql_protocol = {
    .name = "sql",
    .input_max = 4 + DR_MYSQL_BYTES,
    .answers_half_end = false,
    .open = open_conn,
    .input = input,
    .resume = resume,
    .alive = alive,
    .shut = shut,
    .refuse = refuse,
};
