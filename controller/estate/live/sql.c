#include "controller/estate/live/sql.h"

#include <errmsg.h>
#include <errno.h>
#include <fcntl.h>
#include <mysql.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/base/num.h"
#include "controller/estate/live/clock.h"
#include "controller/estate/live/text.h"
#include "controller/estate/live/turns.h"

#if defined(MARIADB_BASE_VERSION) || defined(MARIADB_PACKAGE_VERSION)
#define CLIENT_IS_MARIADB 1
typedef my_bool client_bool;
#else
#include <stdbool.h>
typedef bool client_bool; /* Oracle's 8.0 has no my_bool */
#endif

enum {
    CLOCK_SLACK_MS = 50, /* a poll may end a little early */
    WIRE_MAX = DR_SQL_BYTES_MAX + 1024 * 1024,
    WHOLE_MAX = 8192, /* of an answer that is worth a look before it is read */
};

struct dr_sql {
    MYSQL *mysql;     /* NULL: not opened */
    MYSQL handle;     /* what it points at: so the hook finds its way here */
    atomic_int watch; /* duplicate of the socket; -1: none */
    atomic_bool shut;
    /* What the hook keeps, by the holder's thread only. */
    struct dr_turns turns;
    enum dr_code hook_code;
    const char *hook_reason; /* why the hook ended the connection; NULL: it did not */
    uint64_t wire_bytes;     /* of this answer */
};

/* ---- the library --------------------------------------------------------------- */

#ifdef CLIENT_IS_MARIADB
/* Exported by libmariadb, declared only in its private headers. Called after each read,
 * in the thread that reads. */
int ma_pvio_register_callback(my_bool on,
                              void (*hook)(int mode, MYSQL *mysql,
                                           const unsigned char *buffer, size_t length));

static void hook_end(struct dr_sql *s, enum dr_code code, const char *reason)
{
    s->hook_code = code;
    s->hook_reason = reason;
    dr_live_sql_shut(s);
}

static void hook_socket(struct dr_sql *s, MYSQL *mysql)
{
    if (atomic_load(&s->watch) >= 0)
        return;
    int fd = fcntl((int)mysql_get_socket(mysql), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        hook_end(s, DR_E_IO, "out of file descriptors");
        return;
    }
    atomic_store(&s->watch, fd);
    if (atomic_load(&s->shut)) /* asked for before there was a socket */
        shutdown(fd, SHUT_RDWR);
}

/* Runs after every read and write of the library: learns the socket while the login is
 * still going on, and bounds what one answer may weigh before it is unpacked. */
static void io_hook(int mode, MYSQL *mysql, const unsigned char *buffer, size_t length)
{
    if (mysql->free_me) /* the library's own: not one of ours */
        return;
    struct dr_sql *s = (struct dr_sql *)((char *)mysql - offsetof(struct dr_sql, handle));
    hook_socket(s, mysql);
    if (length == 0 || length > SIZE_MAX / 2 || s->hook_reason)
        return; /* end of stream, or -1 */
    if (mode != 0) {
        dr_live_turns_wrote(&s->turns);
        return;
    }
    s->wire_bytes += length;
    if (s->wire_bytes > WIRE_MAX)
        hook_end(s, DR_E_LIMIT, "its answer is over 64 MiB");
    else if (!dr_live_turns_read(&s->turns, buffer, length))
        hook_end(s, s->turns.code, s->turns.reason);
    if (s->hook_reason) /* the library goes on with what it has read: leave it nothing */
        memset((void *)(uintptr_t)buffer, 0, length);
}
#endif

static void library_begin(void)
{
    mysql_library_init(0, NULL, NULL);
#ifdef CLIENT_IS_MARIADB
    ma_pvio_register_callback(1, io_hook);
#endif
}

void dr_live_sql_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, library_begin);
}

void dr_live_sql_thread_begin(void)
{
    mysql_thread_init();
}

void dr_live_sql_thread_end(void)
{
    mysql_thread_end();
}

/* ---- errors -------------------------------------------------------------------- */

/* Numbers of the client library, as against those of a server. */
static bool is_ours(unsigned number)
{
    return number == 0 || (number >= 2000 && number <= 2999) ||
           (number >= 5000 && number <= 5999);
}

static const struct {
    unsigned number;
    enum dr_code code;
} library_errors[] = {
    {CR_CONNECTION_ERROR, DR_E_UNREACHABLE},  {CR_CONN_HOST_ERROR, DR_E_UNREACHABLE},
    {CR_IPSOCK_ERROR, DR_E_UNREACHABLE},      {CR_UNKNOWN_HOST, DR_E_UNREACHABLE},
    {CR_SERVER_GONE_ERROR, DR_E_UNREACHABLE}, {CR_SERVER_LOST, DR_E_UNREACHABLE},
    {CR_SSL_CONNECTION_ERROR, DR_E_TLS},      {CR_AUTH_PLUGIN_CANNOT_LOAD, DR_E_AUTH},
    {CR_AUTH_PLUGIN_ERR, DR_E_AUTH},
#ifdef CLIENT_IS_MARIADB
    {CR_PLUGIN_NOT_ALLOWED, DR_E_AUTH},       {CR_FILE_NOT_FOUND, DR_E_INPUT},
#endif
    {CR_NET_PACKET_TOO_LARGE, DR_E_LIMIT},
};

/* What the library says of a login beside the point, in other words; NULL: it will do. It
 * names a plugin from memory that it has used again, and asks for a public key, which
 * TiDB does not have. Source: tidb: pkg/server/conn.go authSha. */
static const char *plainer(const struct dr_sql *s, unsigned number)
{
#ifdef CLIENT_IS_MARIADB
    if (number == CR_PLUGIN_NOT_ALLOWED)
        return "the account wants an authentication plugin that drover does not take up: "
               "mysql_native_password is, and caching_sha2_password through verified TLS";
#endif
    if (number == CR_AUTH_PLUGIN_ERR && !s->turns.want_tls)
        return "the account wants caching_sha2_password, which TiDB takes over TLS only: "
               "declare sql.tls, or ALTER USER .. IDENTIFIED WITH mysql_native_password";
    return NULL;
}

static int fail_client(struct dr_sql *s, struct dr_err *err)
{
    unsigned number = mysql_errno(s->mysql);
    char text[DR_ERR_TEXT_MAX];
    if (s->hook_reason)
        return dr_fail(err, s->hook_code, "%s", s->hook_reason);
    enum dr_code code = DR_E_PROTOCOL;
    for (size_t i = 0; i < sizeof(library_errors) / sizeof(library_errors[0]); i++)
        if (library_errors[i].number == number)
            code = library_errors[i].code;
    const char *why = plainer(s, number);
    if (!why)
        why = mysql_error(s->mysql);
    int rc = dr_fail(
        err, code, "%s (%u)",
        dr_live_text_clean(text, sizeof(text), *why ? why : "unreadable answer"), number);
    if (err)
        err->foreign = (int)number;
    return rc;
}

/* The error of the last call, as an answer. */
static void take_server_error(struct dr_sql *s, struct dr_arena *arena,
                              struct dr_sql_answer *answer)
{
    answer->error = (int)mysql_errno(s->mysql);
    snprintf(answer->sqlstate, sizeof(answer->sqlstate), "%s", mysql_sqlstate(s->mysql));
    answer->message = dr_strdup(arena, mysql_error(s->mysql));
}

/* ---- connecting ---------------------------------------------------------------- */

struct dr_sql *dr_live_sql_new(void)
{
    struct dr_sql *s = dr_xcalloc(1, sizeof(*s));
    atomic_init(&s->watch, -1);
    atomic_init(&s->shut, false);
    return s;
}

static void set_trust(MYSQL *m, const struct dr_tls *tls)
{
    if (tls->ca)
        mysql_options(m, MYSQL_OPT_SSL_CA, tls->ca);
    else /* the system's */
        mysql_options(m, MYSQL_OPT_SSL_CAPATH, X509_get_default_cert_dir());
}

static void set_tls(MYSQL *m, const struct dr_tls *tls)
{
    bool verified = tls->mode > DR_TLS_REQUIRED;
#ifdef CLIENT_IS_MARIADB
    client_bool on = 1, by_name = tls->mode == DR_TLS_VERIFY_IDENTITY;
    /* Inside TLS that nobody verified caching_sha2_password would send the password. */
    mysql_optionsv(m, MARIADB_OPT_RESTRICTED_AUTH,
                   tls->mode == DR_TLS_REQUIRED
                       ? "mysql_native_password"
                       : "mysql_native_password,caching_sha2_password");
    if (tls->mode == DR_TLS_DISABLED)
        return;
    mysql_options(m, MYSQL_OPT_SSL_ENFORCE, &on);
    mysql_options(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &by_name);
    mysql_optionsv(m, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
#else
    static const unsigned modes[] = {
        [DR_TLS_DISABLED] = SSL_MODE_DISABLED,
        [DR_TLS_REQUIRED] = SSL_MODE_REQUIRED,
        [DR_TLS_VERIFY_CA] = SSL_MODE_VERIFY_CA,
        [DR_TLS_VERIFY_IDENTITY] = SSL_MODE_VERIFY_IDENTITY,
    };
    mysql_options(m, MYSQL_OPT_SSL_MODE, &modes[tls->mode]);
    if (tls->mode == DR_TLS_DISABLED)
        return;
    mysql_options(m, MYSQL_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
#endif
    if (verified)
        set_trust(m, tls);
    if (tls->cert)
        mysql_options(m, MYSQL_OPT_SSL_CERT, tls->cert);
    if (tls->key)
        mysql_options(m, MYSQL_OPT_SSL_KEY, tls->key);
}

static void set_options(struct dr_sql *s, const struct dr_sql_dial *dial)
{
    MYSQL *m = s->mysql;
    unsigned tcp = MYSQL_PROTOCOL_TCP; /* "localhost" would mean a unix socket */
    unsigned off = 0, seconds = (dial->timeout_ms + 999) / 1000;
    unsigned long packet = DR_SQL_BYTES_MAX;
    mysql_options(m, MYSQL_OPT_PROTOCOL, &tcp);
    mysql_options(m, MYSQL_OPT_LOCAL_INFILE, &off);
    mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_options(m, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
    mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options4(m, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "drover");
    if (dial->plugin_dir)
        mysql_options(m, MYSQL_PLUGIN_DIR, dial->plugin_dir);
    set_tls(m, &dial->login->tls);
    dr_live_turns_init(&s->turns, dial->login->tls.mode != DR_TLS_DISABLED);
}

/* Finds a peer that died without a word, also under a statement of a day. */
static void set_keepalive(int fd)
{
    int on = 1, idle_s = 30, interval_s = 10, count = 6;
    unsigned unacked_ms = 90000;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
}

static bool is_late(const struct dr_sql_dial *dial, int64_t began_ms)
{
    return dr_live_now_ms() - began_ms + CLOCK_SLACK_MS >= (int64_t)dial->timeout_ms;
}

static int log_in(struct dr_sql *s, const struct dr_sql_dial *dial,
                  struct dr_arena *arena, struct dr_sql_answer *answer,
                  struct dr_err *err)
{
    const struct dr_login *login = dial->login;
    bool by_name = !dial->literal || login->tls.mode == DR_TLS_VERIFY_IDENTITY;
    int64_t began_ms = dr_live_now_ms();
    MYSQL *up = mysql_real_connect(
        s->mysql, by_name ? dial->at.host : dial->literal, login->user,
        login->password.bytes ? login->password.bytes : "", NULL, dial->at.port, NULL, 0);
    mysql_options(s->mysql, MYSQL_OPT_CONNECT_ATTR_RESET, NULL); /* said: 8 KiB */
    if (s->mysql->passwd) /* the library's copy is of no use any more */
        explicit_bzero(s->mysql->passwd, strlen(s->mysql->passwd));
    if (up && !s->hook_reason)
        return 0;
    if (!s->hook_reason && !is_ours(mysql_errno(s->mysql))) {
        take_server_error(s, arena, answer);
        return 0;
    }
    bool late = is_late(dial, began_ms);
    int rc = fail_client(s, err);
    if (late && (rc == -DR_E_UNREACHABLE || rc == -DR_E_TLS || rc == -DR_E_AUTH) &&
        !s->hook_reason)
        rc = dr_fail(err, DR_E_TIMEOUT, "no login within %u ms", dial->timeout_ms);
    return rc;
}

static int run_setup(struct dr_sql *s, struct dr_arena *arena,
                     struct dr_sql_answer *answer, struct dr_err *err)
{
    struct dr_sql_answer got;
    char text[DR_ERR_TEXT_MAX];
    const char *statement;
    for (size_t i = 0;; i++) {
        bool last = !dr_session_setup[i];
        statement = last ? "SELECT CONNECTION_ID()" : dr_session_setup[i];
        got = (struct dr_sql_answer){0};
        int rc = dr_live_sql_send(s, statement, err);
        if (rc == 0)
            rc = dr_live_sql_read(s, arena, &got, err);
        if (rc < 0)
            return dr_wrap(err, "session setup");
        if (got.error)
            break;
        if (last)
            return got.row_count == 1 && got.column_count == 1 && got.cells[0].text &&
                           dr_parse_u64(got.cells[0].text, got.cells[0].len,
                                        &answer->connection_id)
                       ? 0
                       : dr_fail(err, DR_E_PROTOCOL, "unreadable connection id");
    }
    int rc = dr_fail(err, DR_E_PEER, "session setup refused: %s (%d)",
                     dr_live_text_clean(text, sizeof(text), got.message), got.error);
    if (err) {
        err->foreign = got.error;
        memcpy(err->sqlstate, got.sqlstate, sizeof(err->sqlstate));
    }
    return rc;
}

int dr_live_sql_open(struct dr_sql *s, const struct dr_sql_dial *dial,
                     struct dr_arena *arena, struct dr_sql_answer *answer,
                     struct dr_err *err)
{
    if (strchr(dial->at.host, ',')) /* the library would take it for a list */
        return dr_fail(err, DR_E_INPUT, "'%s' is no host name", dial->at.host);
    s->mysql = mysql_init(&s->handle);
    if (!s->mysql)
        return dr_fail(err, DR_E_IO, "cannot make a connection handle");
    set_options(s, dial);
    int rc = log_in(s, dial, arena, answer, err);
    if (rc < 0 || answer->error)
        return rc;
#ifndef CLIENT_IS_MARIADB
    int fd = fcntl((int)mysql_get_socket(s->mysql), F_DUPFD_CLOEXEC, 0);
    atomic_store(&s->watch, fd);
#endif
    if (dr_live_sql_fd(s) < 0)
        return dr_fail(err, DR_E_IO, "out of file descriptors");
    fcntl((int)mysql_get_socket(s->mysql), F_SETFD, FD_CLOEXEC);
    set_keepalive(dr_live_sql_fd(s));
    if (s->turns.want_tls && !mysql_get_ssl_cipher(s->mysql))
        return dr_fail(err, DR_E_TLS, "it does not offer TLS");
    if (dial->bare)
        return 0;
    int64_t began_ms = dr_live_now_ms();
    rc = run_setup(s, arena, answer, err);
    /* the library calls a read that it gave up a lost connection */
    if (rc == -DR_E_UNREACHABLE && is_late(dial, began_ms))
        rc = dr_fail(err, DR_E_TIMEOUT, "session setup: no answer within %u ms",
                     dial->timeout_ms);
    return rc;
}

/* ---- statements ---------------------------------------------------------------- */

int dr_live_sql_send(struct dr_sql *s, const char *text, struct dr_err *err)
{
    s->wire_bytes = 0;
    if (mysql_send_query(s->mysql, text, (unsigned long)strlen(text)) != 0)
        return fail_client(s, err);
    return 0;
}

static void take_columns(MYSQL_RES *res, struct dr_arena *arena,
                         struct dr_sql_answer *answer)
{
    size_t n = mysql_num_fields(res);
    const MYSQL_FIELD *fields = mysql_fetch_fields(res);
    answer->column_count = n;
    answer->columns = DR_NEW_N(arena, n, const char *);
    for (size_t i = 0; i < n; i++)
        answer->columns[i] = dr_strdup(arena, fields[i].name ? fields[i].name : "");
}

/* Row by row, so that a limit stops it before the rest is in memory. */
static int take_rows(struct dr_sql *s, MYSQL_RES *res, struct dr_arena *arena,
                     struct dr_sql_answer *answer, struct dr_err *err)
{
    size_t room = 0, cells = 0, bytes = 0;
    MYSQL_ROW row;
    while ((row = mysql_fetch_row(res))) {
        const unsigned long *lengths = mysql_fetch_lengths(res);
        if (!lengths)
            return dr_fail(err, DR_E_PROTOCOL, "unreadable row");
        for (size_t i = 0; i < answer->column_count; i++) {
            bytes += sizeof(struct dr_cell) + (row[i] ? lengths[i] + 1 : 0);
            if (bytes > DR_SQL_BYTES_MAX)
                return dr_fail(err, DR_E_LIMIT, "its answer is over 64 MiB");
            struct dr_cell *c = DR_PUSH(arena, answer->cells, cells, room);
            if (row[i])
                *c = (struct dr_cell){dr_strndup(arena, row[i], lengths[i]), lengths[i]};
        }
        if (++answer->row_count > DR_SQL_ROWS_MAX)
            return dr_fail(err, DR_E_LIMIT, "its answer has over 1000000 rows");
    }
    bool lost = mysql_errno(s->mysql) && is_ours(mysql_errno(s->mysql));
    return lost || s->hook_reason ? fail_client(s, err) : 0;
}

int dr_live_sql_read(struct dr_sql *s, struct dr_arena *arena,
                     struct dr_sql_answer *answer, struct dr_err *err)
{
    if (mysql_read_query_result(s->mysql) != 0 || s->hook_reason) {
        if (s->hook_reason || is_ours(mysql_errno(s->mysql)))
            return fail_client(s, err);
        take_server_error(s, arena, answer);
        return 0;
    }
    int rc = 0;
    if (mysql_field_count(s->mysql) > 0) {
        MYSQL_RES *res = mysql_use_result(s->mysql);
        if (!res)
            return fail_client(s, err);
        take_columns(res, arena, answer);
        rc = take_rows(s, res, arena, answer, err);
        if (rc < 0)
            dr_live_sql_shut(s); /* freeing a result reads what is left of it */
        else if (mysql_errno(s->mysql)) {
            /* failed half way, as a killed statement does: rows are not to be used */
            answer->row_count = 0;
            take_server_error(s, arena, answer);
        }
        mysql_free_result(res);
    } else {
        answer->affected = mysql_affected_rows(s->mysql);
        answer->insert_id = mysql_insert_id(s->mysql);
    }
    if (rc == 0 && mysql_more_results(s->mysql))
        return dr_fail(err, DR_E_PROTOCOL, "more than one result for one statement");
    answer->warnings = mysql_warning_count(s->mysql);
    return rc;
}

/* Follows the packets of what the kernel holds, as the hook will when they are read. */
bool dr_live_sql_is_whole(const struct dr_sql *s)
{
#ifdef CLIENT_IS_MARIADB
    unsigned char bytes[WHOLE_MAX];
    struct dr_turns turns = s->turns;
    if (turns.want_tls || turns.client)
        return false;
    ssize_t n = recv(dr_live_sql_fd(s), bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    return n > 0 && dr_live_turns_read(&turns, bytes, (size_t)n) && turns.client;
#else
    (void)s;
    return false;
#endif
}

int dr_live_sql_fd(const struct dr_sql *s)
{
    return atomic_load(&s->watch);
}

void dr_live_sql_shut(struct dr_sql *s)
{
    atomic_store(&s->shut, true);
    int fd = atomic_load(&s->watch);
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
}

void dr_live_sql_close(struct dr_sql *s)
{
    if (s->mysql)
        mysql_close(s->mysql);
    int fd = atomic_load(&s->watch);
    if (fd >= 0)
        close(fd);
    free(s);
}
