/* Whatever a MySQL server sends, the live carrier's connection must survive it, and an
 * answer that it takes for whole must be well formed. The input comes over a loopback
 * socket, so the client library parses it as it would in earnest.
 *
 * First byte of an input: where the rest stands. 0: instead of the greeting; 1: after a
 * good greeting, instead of the login's result; else: after login and session setup, as
 * the answer to a statement. The server then closes. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/base/buf.h"
#include "controller/estate/live/sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

enum { TURNS_MAX = 16 };

struct server {
    int listener;
    struct dr_address at;
    struct dr_buf script;
    size_t turns[TURNS_MAX], turn_count; /* where the client speaks first */
    pthread_t thread;
};

static void require(int holds)
{
    if (!holds)
        abort();
}

static void add_packet(struct dr_buf *b, unsigned char seq, const void *payload,
                       size_t len)
{
    unsigned char head[4] = {(unsigned char)len, (unsigned char)(len >> 8), 0, seq};
    dr_buf_add(b, head, sizeof(head));
    dr_buf_add(b, payload, len);
}

static void add_ok(struct dr_buf *b, unsigned char seq)
{
    add_packet(b, seq, "\0\0\0\2\0\0\0", 7);
}

/* Protocol 10, mysql_native_password, no TLS. */
static void add_greeting(struct dr_buf *b)
{
    static const char greeting[] = "\n8.0.11-TiDB-v8.5.3\0\1\0\0\0abcdefgh\0"
                                   "\x80\xa2\x2d\2\0\x08\0\x15\0\0\0\0\0\0\0\0\0\0"
                                   "ijklmnopqrst\0mysql_native_password";
    add_packet(b, 0, greeting, sizeof(greeting));
}

/* One column, one row: the connection id. */
static void add_id(struct dr_buf *b)
{
    static const char column[] = "\3def\0\0\0\2id\0\x0c\x2d\0\0\1\0\0\xfd\0\0\0\0";
    add_packet(b, 1, "\1", 1);
    add_packet(b, 2, column, sizeof(column));
    add_packet(b, 3, "\xfe\0\0\2\0", 5);
    add_packet(b, 4,
               "\1"
               "7",
               2);
    add_packet(b, 5, "\xfe\0\0\2\0", 5);
}

static bool say(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Takes turns through what is scripted, says the input, listens until the client goes. */
static void *serve(void *arg)
{
    struct server *s = arg;
    char sink[4096];
    size_t from = 0;
    int fd = accept(s->listener, NULL, NULL);
    for (size_t i = 0; i < s->turn_count; i++) {
        size_t to = s->turns[i];
        if (!say(fd, s->script.data + from, to - from) ||
            recv(fd, sink, sizeof(sink), 0) <= 0)
            break;
        from = to;
    }
    if (s->script.len > from)
        (void)say(fd, s->script.data + from, s->script.len - from);
    shutdown(fd, SHUT_WR);
    while (recv(fd, sink, sizeof(sink), 0) > 0)
        ;
    close(fd);
    return NULL;
}

static void turn(struct server *s)
{
    s->turns[s->turn_count++] = s->script.len;
}

static void listen_somewhere(struct server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t len = sizeof(a);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* ports run out when thousands of connections have just ended */
    for (int i = 0; bind(s->listener, (struct sockaddr *)&a, sizeof(a)) != 0; i++) {
        require(errno == EADDRINUSE && i < 1000);
        usleep(100 * 1000);
    }
    require(listen(s->listener, 4) == 0);
    require(getsockname(s->listener, (struct sockaddr *)&a, &len) == 0);
    s->at = (struct dr_address){.host = "127.0.0.1", .port = ntohs(a.sin_port)};
}

static void check(const struct dr_sql_answer *a)
{
    require(a->error >= 0 && (!a->error || a->message));
    require(a->row_count <= DR_SQL_ROWS_MAX);
    require(!a->row_count || (a->column_count && a->cells));
    for (size_t i = 0; i < a->column_count; i++)
        require(a->columns[i] != NULL);
    for (size_t i = 0; i < a->row_count * a->column_count; i++)
        require(!a->cells[i].text || a->cells[i].text[a->cells[i].len] == '\0');
}

static void use(const struct server *s)
{
    struct dr_login login = {.user = "drover"};
    struct dr_sql_dial dial = {
        .at = s->at, .literal = s->at.host, .login = &login, .timeout_ms = 5000};
    struct dr_arena *arena = dr_arena_new(0);
    struct dr_sql_answer a = {0};
    struct dr_err err;
    struct dr_sql *sql = dr_live_sql_new();
    dr_secret_set(&login.password, "password", 8);
    int rc = dr_live_sql_open(sql, &dial, arena, &a, &err);
    require(rc <= 0);
    if (rc == 0)
        check(&a);
    if (rc == 0 && !a.error && dr_live_sql_send(sql, "SELECT 1", &err) == 0) {
        a = (struct dr_sql_answer){0};
        if (dr_live_sql_read(sql, arena, &a, &err) == 0)
            check(&a);
    }
    dr_live_sql_close(sql);
    dr_secret_release(&login.password);
    dr_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct server s = {0};
    if (!size || size > INPUT_MAX)
        return 0;
    signal(SIGPIPE, SIG_IGN);
    dr_live_sql_library();
    dr_live_sql_thread_begin();
    dr_buf_init(&s.script, INPUT_MAX + 4096);
    if (data[0] > 0) {
        add_greeting(&s.script);
        turn(&s);
    }
    if (data[0] > 1) {
        add_ok(&s.script, 2);
        turn(&s);
        for (size_t i = 0; dr_session_setup[i]; i++) {
            add_ok(&s.script, 1);
            turn(&s);
        }
        add_id(&s.script);
        turn(&s);
    }
    dr_buf_add(&s.script, data + 1, size - 1);
    listen_somewhere(&s);
    pthread_create(&s.thread, NULL, serve, &s);
    use(&s);
    shutdown(s.listener, SHUT_RDWR); /* should the client never have come */
    pthread_join(s.thread, NULL);
    close(s.listener);
    dr_buf_release(&s.script);
    return 0;
}
