/* drover-sim: whole conversations on the MySQL protocol with a real model behind them,
 * without sockets: logins, result sets, flags, several statements, long ones. */
#include <criterion/criterion.h>
#include <string.h>

#include "cmd/drover-sim/mysql.h"
#include "cmd/drover-sim/mysql_auth.h"
#include "cmd/drover-sim/mysql_packet.h"
#include "cmd/drover-sim/mysql_stmt.h"
#include "controller/base/arena.h"

#define PLACE(where, which)                                                              \
    {                                                                                    \
        .text = where, .host = "127.0.0.1", .port = which                                \
    }

static const struct dr_sim_instance instance = {
    .address = PLACE("127.0.0.1:4000", 4000), .status = PLACE("127.0.0.1:10080", 10080)};
static const struct dr_hostport pd = PLACE("127.0.0.1:2379", 2379);
static const char *const everything[] = {"ALL PRIVILEGES ON *.*"};
static const struct dr_sim_account accounts[] = {
    {.user = "app",
     .host = "%",
     .password = "pw",
     .grants = everything,
     .grant_count = 1},
    {.user = "sha",
     .host = "%",
     .password = "pw",
     .plugin = DR_SIM_CACHING_SHA2,
     .grants = everything,
     .grant_count = 1},
};
static const char *const script[] = {
    "CREATE DATABASE d",
    "CREATE TABLE d.t (id BIGINT PRIMARY KEY AUTO_INCREMENT, v TEXT)",
    "INSERT INTO d.t (v) VALUES ('one'), (NULL)",
};
static const struct dr_sim_cluster cluster = {
    .name = "east",
    .region = "region-1",
    .version = {"v8.5.3", 8, 5, 3},
    .pd_cluster_id = 7,
    .sql = &instance,
    .sql_count = 1,
    .pd = &pd,
    .pd_count = 1,
    .accounts = accounts,
    .account_count = 2,
    .script = script,
    .script_count = 3,
};
static const struct dr_estate_doc estate = {
    .seed = 1, .clusters = &cluster, .cluster_count = 1};

enum {
    CAPS = DR_CAP_PROTOCOL_41 | DR_CAP_SECURE_CONNECTION | DR_CAP_PLUGIN_AUTH |
           DR_CAP_CONNECT_WITH_DB,
};

struct talk {
    struct dr_model *m;
    struct dr_sim_peer peer;
    struct dr_address at;
    struct dr_sim_stream s;
    void *conn;
    struct dr_buf heard; /* taken from the stream */
    size_t heard_at;
    uint8_t seq;
    unsigned char salt[DR_MYSQL_SALT];
};

/* The next packet of the server; its first byte, -1: none. */
static int next(struct talk *t, const char **payload, size_t *len)
{
    uint8_t seq;
    dr_buf_add(&t->heard, dr_buf_str(&t->s.out), t->s.out.len);
    dr_buf_clear(&t->s.out);
    const char *at = dr_buf_str(&t->heard) + t->heard_at;
    if (dr_mysql_frame(at, t->heard.len - t->heard_at, 1 << 20, len, &seq) !=
        DR_FRAME_WHOLE)
        return -1;
    cr_assert_eq(seq, t->seq, "sequence %u instead of %u", seq, t->seq);
    t->seq++;
    t->heard_at += 4 + *len;
    *payload = at + 4;
    return *len ? (unsigned char)**payload : 0;
}

static void send_packet(struct talk *t, const void *payload, size_t len)
{
    struct dr_buf b;
    dr_buf_init(&b, 1 << 20);
    dr_mysql_put_payload(&b, &t->seq, payload, len);
    size_t used =
        dr_mysql_protocol.input(t->conn, &t->s, b.data, b.len, dr_model_now_ms(t->m));
    cr_assert_eq(used, b.len);
    dr_buf_release(&b);
}

static void command(struct talk *t, int number, const char *text)
{
    char payload[512];
    size_t len = strlen(text);
    payload[0] = (char)number;
    memcpy(payload + 1, text, len);
    t->seq = 0;
    send_packet(t, payload, 1 + len);
}

static void begin(struct talk *t, bool tls)
{
    struct dr_err err;
    const char *greeting;
    size_t len;
    *t = (struct talk){.at = {.host = "127.0.0.1", .port = 4000}};
    cr_assert_eq(dr_model_new(&t->m, &estate, 1, 1763720000000, &err), 0, "%s", err.text);
    t->peer = (struct dr_sim_peer){t->m, &t->at, "127.0.0.1", tls};
    dr_buf_init(&t->s.out, DR_STREAM_OUT_MAX);
    dr_buf_init(&t->heard, DR_STREAM_OUT_MAX);
    t->conn = dr_mysql_protocol.open(&t->peer, &t->s, 0);
    cr_assert_not_null(t->conn);
    cr_assert_eq(next(t, &greeting, &len), 10);
    cr_assert_str_eq(greeting + 1, "8.0.11-TiDB-v8.5.3");
    const char *rest = greeting + 1 + strlen(greeting + 1) + 1;
    memcpy(t->salt, rest + 4, 8);
    memcpy(t->salt + 8, rest + 4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10, 12);
    cr_assert_eq(((unsigned char)rest[4 + 9 + 1] & 0x08) != 0, tls, "CLIENT_SSL");
}

static void end(struct talk *t)
{
    dr_mysql_protocol.shut(t->conn);
    dr_model_free(t->m);
    dr_buf_release(&t->s.out);
    dr_buf_release(&t->heard);
}

/* HandshakeResponse41 with this plugin and proof. */
static void login(struct talk *t, uint32_t caps, const char *user, const char *plugin,
                  const void *auth, size_t auth_len)
{
    struct dr_buf b;
    dr_buf_init(&b, 4096);
    for (int i = 0; i < 4; i++)
        dr_buf_addc(&b, (char)(caps >> (8 * i)));
    dr_buf_pad(&b, 0, 28);
    dr_buf_add(&b, user, strlen(user) + 1);
    dr_buf_addc(&b, (char)auth_len);
    dr_buf_add(&b, auth, auth_len);
    dr_buf_add(&b, "d", 2);
    dr_buf_add(&b, plugin, strlen(plugin) + 1);
    send_packet(t, b.data, b.len);
    dr_buf_release(&b);
}

static void logged_in(struct talk *t, uint32_t caps)
{
    const char *p;
    size_t len;
    begin(t, false);
    login(t, caps, "root", DR_PLUGIN_NATIVE, "", 0);
    cr_assert_eq(next(t, &p, &len), 0x00, "an OK");
}

/* An error packet with that number is next. */
static void expect_error(struct talk *t, int number, const char *part)
{
    const char *p;
    size_t len;
    char text[512];
    cr_assert_eq(next(t, &p, &len), 0xff);
    cr_assert_eq((unsigned char)p[1] | (unsigned char)p[2] << 8, number);
    snprintf(text, sizeof(text), "%.*s", (int)len - 9, p + 9);
    cr_assert(strstr(text, part), "'%s' instead of '%s'", text, part);
}

/* An OK or EOF packet is next: its status flags. */
static int expect_ok(struct talk *t, int affected, int insert_id)
{
    const char *p;
    size_t len;
    cr_assert_eq(next(t, &p, &len), 0x00);
    cr_assert_eq(p[1], affected);
    cr_assert_eq(p[2], insert_id);
    return p[3] | p[4] << 8;
}

/* A result of one column is next: its values joined by ',', and how it ended. */
static int expect_rows(struct talk *t, bool eof, const char *want)
{
    const char *p;
    size_t len;
    struct dr_buf got;
    dr_buf_init(&got, 1 << 20);
    cr_assert_eq(next(t, &p, &len), 1, "one column");
    cr_assert_eq(next(t, &p, &len), 3, "its definition, catalog 'def'");
    if (eof)
        cr_assert_eq(next(t, &p, &len), 0xfe, "the columns' end");
    while (next(t, &p, &len) != 0xfe) {
        struct dr_mysql_cursor c;
        dr_mysql_cursor_init(&c, p, len);
        if (got.len)
            dr_buf_addc(&got, ',');
        if ((unsigned char)*p == 0xfb) {
            dr_buf_adds(&got, "NULL");
            continue;
        }
        struct dr_mysql_text v = dr_mysql_get_bytes(&c, dr_mysql_get_lenenc(&c));
        cr_assert(!c.bad && dr_mysql_left(&c) == 0);
        dr_buf_add(&got, v.bytes, v.len);
    }
    cr_assert_str_eq(dr_buf_str(&got), want);
    dr_buf_release(&got);
    return p[3] | p[4] << 8; /* of an EOF and of an OK that stands for it */
}

Test(sim_session, native_passwords)
{
    static const struct {
        const char *user, *password;
        int error;
    } cases[] = {
        {"app", "pw", 0}, {"app", "no", 1045}, {"app", "", 1045}, {"nobody", "pw", 1045}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct talk t;
        unsigned char proof[DR_SHA1_BYTES];
        bool given = *cases[i].password;
        begin(&t, false);
        dr_mysql_native_scramble(proof, cases[i].password, t.salt);
        login(&t, CAPS, cases[i].user, DR_PLUGIN_NATIVE, proof,
              given ? sizeof(proof) : 0);
        if (cases[i].error)
            expect_error(&t, 1045,
                         given ? "(using password: YES)" : "(using password: NO)");
        else
            cr_assert_eq(expect_ok(&t, 0, 0), DR_STATUS_AUTOCOMMIT);
        cr_assert_eq(t.s.close, cases[i].error != 0);
        end(&t);
    }
}

Test(sim_session, a_client_with_another_plugin_is_asked_to_switch)
{
    struct talk t;
    const char *p;
    size_t len;
    unsigned char proof[DR_SHA1_BYTES];
    begin(&t, false);
    login(&t, CAPS, "app", DR_PLUGIN_SHA2, "0123456789", 10);
    cr_assert_eq(next(&t, &p, &len), 0xfe);
    cr_assert_str_eq(p + 1, DR_PLUGIN_NATIVE);
    cr_assert_eq(memcmp(p + 1 + strlen(p + 1) + 1, t.salt, DR_MYSQL_SALT), 0);
    dr_mysql_native_scramble(proof, "pw", t.salt);
    send_packet(&t, proof, sizeof(proof));
    expect_ok(&t, 0, 0);
    end(&t);
}

Test(sim_session, sha2_wants_the_password_itself_and_tls_for_it)
{
    for (int tls = 0; tls < 2; tls++) {
        struct talk t;
        const char *p;
        size_t len;
        begin(&t, true);
        t.s.tls = tls;
        login(&t, CAPS, "sha", DR_PLUGIN_SHA2, "0123456789", 10);
        cr_assert_eq(next(&t, &p, &len), 0xfe, "the announced plugin was another");
        send_packet(&t, "01234567890123456789012345678901", 32);
        cr_assert_eq(next(&t, &p, &len), 1);
        cr_assert(len == 2 && p[1] == 4, "full authentication");
        send_packet(&t, "pw", 3);
        if (tls)
            expect_ok(&t, 0, 0);
        else
            expect_error(&t, 1045, "Access denied for user 'sha'");
        end(&t);
    }
}

Test(sim_session, results_with_and_without_eof)
{
    for (int eof = 0; eof < 2; eof++) {
        struct talk t;
        logged_in(&t, CAPS | (eof ? 0 : DR_CAP_DEPRECATE_EOF));
        command(&t, DR_COM_QUERY, "SELECT v FROM t ORDER BY id");
        cr_assert_eq(expect_rows(&t, eof, "one,NULL"), DR_STATUS_AUTOCOMMIT);
        command(&t, DR_COM_QUERY, "SELECT v FROM t WHERE id = 99");
        expect_rows(&t, eof, "");
        command(&t, DR_COM_QUERY, "SELECT * FROM none");
        expect_error(&t, 1146, "doesn't exist");
        command(&t, DR_COM_QUERY, "");
        expect_ok(&t, 0, 0);
        end(&t);
    }
}

Test(sim_session, ok_packets_say_what_was_done)
{
    struct talk t;
    logged_in(&t, CAPS);
    command(&t, DR_COM_QUERY, "INSERT INTO t (v) VALUES ('x'), ('y')");
    cr_assert_eq(expect_ok(&t, 2, 3), DR_STATUS_AUTOCOMMIT);
    command(&t, DR_COM_QUERY, "BEGIN");
    cr_assert_eq(expect_ok(&t, 0, 0), DR_STATUS_AUTOCOMMIT | DR_STATUS_IN_TRANS);
    command(&t, DR_COM_QUERY, "ROLLBACK");
    cr_assert_eq(expect_ok(&t, 0, 0), DR_STATUS_AUTOCOMMIT);
    command(&t, DR_COM_QUERY, "SET autocommit = 0");
    cr_assert_eq(expect_ok(&t, 0, 0), 0);
    end(&t);
}

Test(sim_session, several_statements_in_one_text)
{
    struct talk t;
    logged_in(&t, CAPS | DR_CAP_MULTI_STATEMENTS);
    command(&t, DR_COM_QUERY, "SELECT 1; SET @a = 2; SELECT 3;");
    cr_assert(expect_rows(&t, true, "1") & DR_STATUS_MORE_RESULTS);
    cr_assert(expect_ok(&t, 0, 0) & DR_STATUS_MORE_RESULTS);
    cr_assert(!(expect_rows(&t, true, "3") & DR_STATUS_MORE_RESULTS));
    command(&t, DR_COM_QUERY, "SELECT 1; SELECT * FROM none; SELECT 3");
    expect_rows(&t, true, "1");
    expect_error(&t, 1146, "none");
    const char *p;
    size_t len;
    cr_assert_eq(next(&t, &p, &len), -1, "the rest is not run");
    end(&t);

    logged_in(&t, CAPS);
    command(&t, DR_COM_QUERY, "SELECT 1; SELECT 2");
    expect_error(&t, 8130, "multi-statement capability disabled");
    command(&t, DR_COM_QUERY, "SELECT 1;");
    expect_rows(&t, true, "1");
    t.seq = 0;
    send_packet(&t, "\x1b\0\0", 3); /* COM_SET_OPTION: on */
    cr_assert_eq(next(&t, &p, &len), 0xfe);
    command(&t, DR_COM_QUERY, "SELECT 1; SELECT 2");
    expect_rows(&t, true, "1");
    expect_rows(&t, true, "2");
    end(&t);
}

Test(sim_session, a_long_statement_is_waited_for)
{
    struct talk t;
    const char *p;
    size_t len;
    logged_in(&t, CAPS | DR_CAP_MULTI_STATEMENTS);
    command(&t, DR_COM_QUERY, "SELECT SLEEP(2); SELECT 7");
    cr_assert(t.s.waiting);
    dr_model_advance(t.m, 1000);
    dr_mysql_protocol.resume(t.conn, &t.s, 1000);
    cr_assert(t.s.waiting);
    cr_assert_eq(next(&t, &p, &len), -1);
    dr_model_advance(t.m, 2500);
    dr_mysql_protocol.resume(t.conn, &t.s, 2500);
    cr_assert(!t.s.waiting);
    expect_rows(&t, true, "0");
    expect_rows(&t, true, "7");
    end(&t);
}

Test(sim_session, other_commands)
{
    struct talk t;
    const char *p;
    size_t len;
    logged_in(&t, CAPS);
    command(&t, DR_COM_PING, "");
    expect_ok(&t, 0, 0);
    command(&t, DR_COM_INIT_DB, "mysql");
    expect_ok(&t, 0, 0);
    command(&t, DR_COM_INIT_DB, "no`such");
    expect_error(&t, 1049, "no`such");
    command(&t, DR_COM_QUERY, "SELECT DATABASE()");
    expect_rows(&t, true, "mysql");
    command(&t, DR_COM_INIT_DB, "d");
    expect_ok(&t, 0, 0);
    command(&t, DR_COM_FIELD_LIST, "t");
    cr_assert_eq(next(&t, &p, &len), 3);
    cr_assert_eq((unsigned char)p[len - 1], 0xfb, "with a default value");
    cr_assert_eq(next(&t, &p, &len), 3);
    cr_assert_eq(next(&t, &p, &len), 0xfe);
    command(&t, DR_COM_FIELD_LIST, "none");
    expect_error(&t, 1146, "none");
    command(&t, DR_COM_STATISTICS, "");
    cr_assert_eq(next(&t, &p, &len), 'U');
    command(&t, 12, "");
    expect_error(&t, 1105, "command 12 not supported now");
    command(&t, 255, "");
    expect_error(&t, 1105, "command 255 not supported now");
    cr_assert(!t.s.close);
    command(&t, DR_COM_QUIT, "");
    cr_assert(t.s.close);
    end(&t);
}

Test(sim_session, a_reset_keeps_the_connection_and_its_user)
{
    struct talk t;
    logged_in(&t, CAPS);
    command(&t, DR_COM_QUERY, "SET @a = 5");
    expect_ok(&t, 0, 0);
    command(&t, DR_COM_QUERY, "BEGIN");
    expect_ok(&t, 0, 0);
    command(&t, DR_COM_RESET_CONNECTION, "");
    cr_assert_eq(expect_ok(&t, 0, 0), DR_STATUS_AUTOCOMMIT);
    command(&t, DR_COM_QUERY, "SELECT CURRENT_USER()");
    expect_rows(&t, true, "root@%");
    command(&t, DR_COM_QUERY, "SELECT @a");
    expect_rows(&t, true, "NULL");
    end(&t);
}

Test(sim_session, a_user_is_changed_by_its_proof)
{
    struct talk t;
    struct dr_buf b;
    unsigned char proof[DR_SHA1_BYTES];
    logged_in(&t, CAPS);
    dr_mysql_native_scramble(proof, "pw", t.salt);
    for (int right = 1; right >= 0; right--) {
        proof[0] ^= (unsigned char)!right;
        dr_buf_init(&b, 4096);
        dr_buf_addc(&b, DR_COM_CHANGE_USER);
        dr_buf_add(&b, "app\0\x14", 5);
        dr_buf_add(&b, proof, sizeof(proof));
        dr_buf_add(&b, "d\0\x2e\0" DR_PLUGIN_NATIVE, 4 + sizeof(DR_PLUGIN_NATIVE));
        t.seq = 0;
        send_packet(&t, b.data, b.len);
        dr_buf_release(&b);
        if (right) {
            expect_ok(&t, 0, 0);
            command(&t, DR_COM_QUERY, "SELECT CURRENT_USER()");
            expect_rows(&t, true, "app@%");
        } else {
            expect_error(&t, 1045, "app");
            cr_assert(t.s.close);
        }
    }
    end(&t);
}

Test(sim_session, sequences_and_sizes_are_kept)
{
    struct talk t;
    logged_in(&t, CAPS);
    t.seq = 3;
    send_packet(&t, "\x0e", 1);
    cr_assert(t.s.close);
    cr_assert_eq(t.s.out.len, 0);
    end(&t);

    logged_in(&t, CAPS);
    cr_assert_eq(dr_mysql_protocol.input(t.conn, &t.s, "\xff\xff\xff\0x", 5, 0), 5);
    t.seq = 1;
    expect_error(&t, 1153, "max_allowed_packet");
    cr_assert(t.s.close);
    end(&t);
}

Test(sim_session, deadlines)
{
    struct talk t;
    begin(&t, false);
    cr_assert_eq(t.s.expires_ms, 10000, "to log in");
    login(&t, CAPS, "root", DR_PLUGIN_NATIVE, "", 0);
    cr_assert_eq(t.s.expires_ms, 28800000, "idle");
    cr_assert_eq(dr_mysql_protocol.input(t.conn, &t.s, "\x05", 1, 7), 0);
    cr_assert_eq(t.s.expires_ms, 60007, "a packet has begun");
    cr_assert_eq(dr_mysql_protocol.input(t.conn, &t.s, "\x05\0", 2, 5000), 0);
    cr_assert_eq(t.s.expires_ms, 60007, "and is not prolonged by drips");
    end(&t);
}

static void execute(struct talk *t, unsigned id, unsigned flags)
{
    char payload[10] = {
        DR_COM_STMT_EXECUTE, (char)id, (char)(id >> 8), 0, 0, (char)flags, 1, 0, 0, 0};
    t->seq = 0;
    send_packet(t, payload, sizeof(payload));
}

static void with_id(struct talk *t, int number, unsigned id, unsigned rows)
{
    char payload[9] = {
        (char)number, (char)id, (char)(id >> 8), 0, 0, (char)rows, 0, 0, 0};
    t->seq = 0;
    send_packet(t, payload, number == DR_COM_STMT_FETCH ? 9 : 5);
}

/* A statement without parameters, of one column: its number. */
static unsigned prepared(struct talk *t, const char *text)
{
    const char *p;
    size_t len;
    command(t, DR_COM_STMT_PREPARE, text);
    cr_assert_eq(next(t, &p, &len), 0);
    cr_assert_eq(len, 12);
    cr_assert(p[5] == 1 && p[7] == 0, "one column, no parameter");
    unsigned id = (unsigned char)p[1] | (unsigned)(unsigned char)p[2] << 8;
    cr_assert_eq(next(t, &p, &len), 3);
    cr_assert_eq(next(t, &p, &len), 0xfe);
    return id;
}

/* Columns and EOF of an open cursor. */
static void expect_cursor(struct talk *t)
{
    const char *p;
    size_t len;
    cr_assert_eq(next(t, &p, &len), 1);
    cr_assert_eq(next(t, &p, &len), 3);
    cr_assert_eq(next(t, &p, &len), 0xfe);
    cr_assert(p[3] & DR_STATUS_CURSOR_EXISTS);
}

Test(sim_session, prepared_statements_are_kept_and_bounded)
{
    struct talk t;
    const char *p;
    size_t len;
    logged_in(&t, CAPS);
    cr_assert_eq(prepared(&t, "SELECT id FROM t"), 1);
    execute(&t, 1, 1);
    expect_cursor(&t);
    with_id(&t, DR_COM_STMT_FETCH, 1, 1);
    cr_assert_eq(next(&t, &p, &len), 0);
    cr_assert(len == 10 && p[2] == 1, "a row of the number 1");
    cr_assert_eq(next(&t, &p, &len), 0xfe);
    cr_assert_eq(p[3] & 0xc0, DR_STATUS_CURSOR_EXISTS, "there is more");
    with_id(&t, DR_COM_STMT_FETCH, 1, 9);
    cr_assert_eq(next(&t, &p, &len), 0);
    cr_assert_eq(next(&t, &p, &len), 0xfe);
    cr_assert_eq(p[3] & 0xc0, DR_STATUS_LAST_ROW_SENT, "that was all");
    with_id(&t, DR_COM_STMT_FETCH, 1, 1);
    expect_error(&t, 1326, "Cursor is not open");
    execute(&t, 1, 1);
    expect_cursor(&t);
    with_id(&t, DR_COM_STMT_RESET, 1, 0);
    expect_ok(&t, 0, 0);
    with_id(&t, DR_COM_STMT_FETCH, 1, 1);
    expect_error(&t, 1326, "Cursor is not open");
    execute(&t, 1, 2);
    expect_error(&t, 1105, "unsupported flag: CursorTypeForUpdate");
    execute(&t, 1, 4);
    expect_error(&t, 1105, "unsupported flag: CursorTypeScrollable");
    execute(&t, 9, 0);
    expect_error(&t, 1243, "(9) given to stmt_execute");
    with_id(&t, DR_COM_STMT_CLOSE, 1, 0);
    execute(&t, 1, 0);
    expect_error(&t, 1243, "(1) given to stmt_execute");
    for (unsigned i = 0; i < DR_STMT_CURSORS; i++) {
        execute(&t, prepared(&t, "SELECT id FROM t"), 1);
        expect_cursor(&t);
    }
    execute(&t, prepared(&t, "SELECT id FROM t"), 1);
    expect_error(&t, 1105, "too many open cursors");
    for (unsigned i = DR_STMT_CURSORS + 1; i < DR_STMT_MAX; i++)
        (void)prepared(&t, "SELECT 1");
    command(&t, DR_COM_STMT_PREPARE, "SELECT 1");
    expect_error(&t, 1461, "maxPreparedStmtCount");
    command(&t, DR_COM_RESET_CONNECTION, "");
    expect_ok(&t, 0, 0);
    cr_assert_eq(prepared(&t, "SELECT 1"), 1, "numbers begin again");
    end(&t);
}
