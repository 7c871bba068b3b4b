/* Greeting, TLS and login. Source: tidb: pkg/server/conn.go writeInitialHandshake,
 * readOptionalSSLRequestAndHandshakeResponse, checkAuthPlugin, authSha,
 * openSessionAndDoAuth, handleChangeUser. */
#include <string.h>

#include "cmd/drover-sim/mysql_private.h"
#include "controller/base/arena.h"

/* What TiDB announces, without what cannot be kept here: compression. */
enum {
    CAPABILITIES = DR_CAP_LONG_PASSWORD | DR_CAP_FOUND_ROWS | DR_CAP_LONG_FLAG |
                   DR_CAP_CONNECT_WITH_DB | DR_CAP_LOCAL_FILES | DR_CAP_PROTOCOL_41 |
                   DR_CAP_INTERACTIVE | DR_CAP_TRANSACTIONS | DR_CAP_SECURE_CONNECTION |
                   DR_CAP_MULTI_STATEMENTS | DR_CAP_MULTI_RESULTS | DR_CAP_PLUGIN_AUTH |
                   DR_CAP_CONNECT_ATTRS | DR_CAP_LENENC_AUTH | DR_CAP_DEPRECATE_EOF,
};

void dr_mysql_greet(struct dr_mysql_conn *c, struct dr_sim_stream *s)
{
    struct dr_mysql_greeting g = {
        .version = dr_model_sql_version(c->sql),
        .connection_id = (uint32_t)dr_model_sql_connection_id(c->sql),
        .capabilities = CAPABILITIES | (c->peer->tls_offered ? DR_CAP_SSL : 0),
        .status = DR_STATUS_AUTOCOMMIT,
        .salt = c->salt,
        .plugin = DR_PLUGIN_NATIVE,
    };
    dr_mysql_put_greeting(&s->out, &c->seq, &g);
}

static char *copy(struct dr_mysql_text t)
{
    char *s = dr_xcalloc(t.len + 1, 1);
    if (t.len)
        memcpy(s, t.bytes, t.len);
    return s;
}

/* What the client proved goes to the model, and its verdict to the client. */
static void finish(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                   enum dr_mysql_proof_kind kind, struct dr_mysql_text bytes,
                   int64_t now_ms)
{
    struct dr_mysql_proof proof = {kind, bytes, c->salt};
    struct dr_sql_answer answer = {.error = 0};
    struct dr_arena *a = dr_arena_new(0);
    int refused = dr_model_sql_login(c->sql, c->user, *c->database ? c->database : NULL,
                                     dr_mysql_proof_fits, &proof, &answer, a);
    if (refused) {
        dr_mysql_last_words(c, s, answer.error, answer.sqlstate, answer.message);
    } else {
        c->phase = DR_MYSQL_AT_COMMAND;
        s->expires_ms = now_ms + DR_MYSQL_IDLE_MS;
        dr_mysql_plain_ok(c, s);
    }
    dr_arena_free(a);
}

/* The first answer for the plugin of the account. An empty one, or one that holds the
 * NUL of an empty string, says "no password". */
static void proof_arrived(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                          const char *plugin, struct dr_mysql_text bytes, int64_t now_ms)
{
    bool empty = bytes.len == 0 || (bytes.len == 1 && bytes.bytes[0] == '\0');
    if (empty) {
        finish(c, s, DR_PROOF_EMPTY, bytes, now_ms);
    } else if (strcmp(plugin, DR_PLUGIN_NATIVE) == 0) {
        finish(c, s, DR_PROOF_NATIVE, bytes, now_ms);
    } else if (strcmp(plugin, DR_PLUGIN_SHA2) == 0) {
        /* TiDB keeps no cache of proofs: it always wants the password itself. */
        dr_mysql_put_payload(&s->out, &c->seq, "\x01\x04", 2);
        c->phase = DR_MYSQL_AT_CLEAR;
    } else {
        finish(c, s, DR_PROOF_NONE, bytes, now_ms);
    }
}

static void authenticate(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                         const struct dr_mysql_login *l, int64_t now_ms)
{
    free(c->user);
    free(c->database);
    c->user = copy(l->user);
    c->database = copy(l->database);
    const char *plugin = dr_model_sql_auth_plugin(c->sql, c->user);
    bool announced = strcmp(plugin, DR_PLUGIN_NATIVE) == 0;
    bool same = l->has_plugin && l->plugin.len == strlen(plugin) &&
                memcmp(l->plugin.bytes, plugin, l->plugin.len) == 0;
    if (l->capabilities & DR_CAP_PLUGIN_AUTH && !(announced && same)) {
        dr_mysql_put_auth_switch(&s->out, &c->seq, plugin, c->salt);
        c->phase = DR_MYSQL_AT_SWITCH;
        return;
    }
    proof_arrived(c, s, plugin, l->auth, now_ms);
}

static void malformed(struct dr_mysql_conn *c, struct dr_sim_stream *s)
{
    dr_mysql_last_words(c, s, 1835, "HY000", "Malformed communication packet");
}

static void login_response(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                           const char *payload, size_t len, int64_t now_ms)
{
    struct dr_mysql_login l;
    switch (dr_mysql_parse_login(payload, len, &l)) {
    case DR_PARSED:
        break;
    case DR_PARSE_BAD:
        malformed(c, s);
        return;
    case DR_PARSE_OLD_PROTOCOL:
        dr_mysql_last_words(
            c, s, 1251, "08004",
            "Client does not support authentication protocol requested by "
            "server; consider upgrading MySQL client");
        return;
    }
    if (l.ssl_request) {
        if (!c->peer->tls_offered || s->tls)
            malformed(c, s);
        else
            s->start_tls = true; /* and the same packet again, whole, under TLS */
        return;
    }
    c->capabilities = l.capabilities;
    dr_model_sql_found_rows(c->sql, l.capabilities & DR_CAP_FOUND_ROWS);
    if (s->tls)
        dr_model_sql_secure(c->sql);
    authenticate(c, s, &l, now_ms);
}

/* Trims NULs at both ends, as TiDB does. Clear passwords are for secure connections. */
static void clear_password(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                           struct dr_mysql_text t, int64_t now_ms)
{
    while (t.len && t.bytes[t.len - 1] == '\0')
        t.len--;
    while (t.len && t.bytes[0] == '\0') {
        t.bytes++;
        t.len--;
    }
    finish(c, s, s->tls ? DR_PROOF_CLEAR : DR_PROOF_NONE, t, now_ms);
}

void dr_mysql_login_packet(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                           const char *payload, size_t len, int64_t now_ms)
{
    struct dr_mysql_text all = {payload, len};
    switch (c->phase) {
    case DR_MYSQL_AT_LOGIN:
        login_response(c, s, payload, len, now_ms);
        return;
    case DR_MYSQL_AT_SWITCH:
        proof_arrived(c, s, dr_model_sql_auth_plugin(c->sql, c->user), all, now_ms);
        return;
    case DR_MYSQL_AT_CLEAR:
        clear_password(c, s, all, now_ms);
        return;
    case DR_MYSQL_AT_COMMAND:
    case DR_MYSQL_AT_ANSWER:
        return; /* logged in: not asked */
    }
}

void dr_mysql_change_user(struct dr_mysql_conn *c, struct dr_sim_stream *s,
                          const char *payload, size_t len, int64_t now_ms)
{
    struct dr_mysql_login l;
    if (dr_mysql_parse_change_user(payload, len, c->capabilities, &l) != DR_PARSED) {
        malformed(c, s);
        return;
    }
    dr_mysql_stmts_release(&c->stmts);
    dr_model_sql_reset(c->sql);
    c->phase = DR_MYSQL_AT_SWITCH; /* until the model says yes */
    s->expires_ms = now_ms + DR_MYSQL_LOGIN_MS;
    authenticate(c, s, &l, now_ms);
}

static bool the_same_user(const char *password, void *arg)
{
    (void)password, (void)arg; /* proved when this connection logged in */
    return true;
}

void dr_mysql_reset_connection(struct dr_mysql_conn *c, struct dr_sim_stream *s)
{
    struct dr_sql_answer answer = {.error = 0};
    struct dr_arena *a = dr_arena_new(0);
    dr_mysql_stmts_release(&c->stmts);
    dr_model_sql_reset(c->sql);
    if (dr_model_sql_login(c->sql, c->user, *c->database ? c->database : NULL,
                           the_same_user, NULL, &answer, a))
        dr_mysql_last_words(c, s, answer.error, answer.sqlstate, answer.message);
    else
        dr_mysql_plain_ok(c, s);
    dr_arena_free(a);
}
