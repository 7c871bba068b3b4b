/* drover-sim: a connection's socket side, with a protocol of lines on top: bounded
 * buffers, answers written as fast as they are read, TLS begun in the middle, ends. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/drover-sim/conn.h"
#include "cmd/drover-sim/ctl.h"
#include "controller/base/arena.h"

/* "x" is echoed, "tls" begins TLS, "wait" waits for resume(), "flood" answers with 4 MiB
 * as there is room, "bye" closes after an answer. */
struct lines {
    size_t flood;
    bool waits;
    size_t seen;
};

static void *lines_open(const struct dr_sim_peer *peer, struct dr_sim_stream *s,
                        int64_t now_ms)
{
    (void)peer, (void)now_ms;
    dr_buf_adds(&s->out, "hello\n");
    return dr_xcalloc(1, sizeof(struct lines));
}

static void pour(struct lines *l, struct dr_sim_stream *s)
{
    while (l->flood && s->out.len < DR_STREAM_OUT_HIGH) {
        dr_buf_pad(&s->out, 'f', 1024);
        l->flood -= 1024;
    }
    s->waiting = l->flood > 0;
}

static size_t lines_input(void *self, struct dr_sim_stream *s, const char *bytes,
                          size_t len, int64_t now_ms)
{
    struct lines *l = self;
    const char *nl = memchr(bytes, '\n', len);
    (void)now_ms;
    if (!nl)
        return 0;
    size_t n = (size_t)(nl - bytes);
    l->seen++;
    if (n == 3 && memcmp(bytes, "tls", 3) == 0) {
        s->start_tls = true;
    } else if (n == 4 && memcmp(bytes, "wait", 4) == 0) {
        l->waits = s->waiting = true;
    } else if (n == 5 && memcmp(bytes, "flood", 5) == 0) {
        l->flood = 4 << 20;
        pour(l, s);
    } else {
        dr_buf_add(&s->out, bytes, n + 1);
        s->close = n == 3 && memcmp(bytes, "bye", 3) == 0;
    }
    return n + 1;
}

static void lines_resume(void *self, struct dr_sim_stream *s, int64_t now_ms)
{
    struct lines *l = self;
    if (l->flood)
        pour(l, s);
    else if (l->waits && now_ms >= 1000)
        s->waiting = l->waits = false;
}

static struct dr_sim_protocol lines_protocol = {
    .name = "lines",
    .input_max = 1000,
    .open = lines_open,
    .input = lines_input,
    .resume = lines_resume,
    .shut = free,
};

struct pair {
    int client;
    struct dr_sim_conn *c;
};

static struct pair connected(SSL_CTX *tls)
{
    int fd[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
    struct pair p = {fd[0], dr_conn_new(fd[1], &lines_protocol, NULL, NULL, "h", tls, 0)};
    cr_assert_not_null(p.c);
    dr_conn_event(p.c, 0, 0);
    return p;
}

static void disconnect(struct pair *p)
{
    dr_conn_free(p->c);
    close(p->client);
}

static void say(struct pair *p, const char *bytes, size_t len)
{
    cr_assert_eq(send(p->client, bytes, len, 0), (ssize_t)len);
    dr_conn_event(p->c, EPOLLIN, 0);
}

/* Everything that the client can read now. */
static size_t hear(struct pair *p, char *out, size_t room)
{
    size_t n = 0;
    ssize_t got;
    while (n < room && (got = recv(p->client, out + n, room - n, 0)) > 0)
        n += (size_t)got;
    return n;
}

static void expect(struct pair *p, const char *want)
{
    char got[4096];
    size_t n = hear(p, got, sizeof(got));
    cr_assert(n == strlen(want) && memcmp(got, want, n) == 0, "'%.*s' instead of '%s'",
              (int)n, got, want);
}

Test(sim_conn, lines_come_and_go_in_any_pieces)
{
    struct pair p = connected(NULL);
    expect(&p, "hello\n");
    say(&p, "a", 1);
    expect(&p, "");
    say(&p, "b\nc", 3);
    expect(&p, "ab\n");
    say(&p, "\nd\ne\n", 5);
    expect(&p, "c\nd\ne\n");
    cr_assert_eq(dr_conn_wants(p.c), (uint32_t)(EPOLLIN | EPOLLRDHUP));
    disconnect(&p);
}

Test(sim_conn, many_requests_at_once_leave_others_their_turn)
{
    char many[1000];
    struct pair p = connected(NULL);
    for (size_t i = 0; i < sizeof(many); i += 2)
        memcpy(many + i, "x\n", 2);
    say(&p, many, sizeof(many));
    cr_assert(p.c->runnable);
    for (int i = 0; p.c->runnable; i++) {
        cr_assert_lt(i, 100);
        dr_conn_event(p.c, 0, 0);
    }
    char got[2048];
    cr_assert_eq(hear(&p, got, sizeof(got)), 6 + sizeof(many));
    disconnect(&p);
}

Test(sim_conn, unread_bytes_are_bounded)
{
    struct pair p = connected(NULL);
    char junk[100000];
    memset(junk, 'x', sizeof(junk));
    say(&p, junk, sizeof(junk)); /* no line ends in it */
    for (int i = 0; i < 100; i++)
        dr_conn_event(p.c, EPOLLIN, 0);
    cr_assert_leq(p.c->in.len, lines_protocol.input_max + 65536);
    cr_assert_eq(dr_conn_wants(p.c) & EPOLLIN, 0, "it does not ask for more");
    disconnect(&p);
}

Test(sim_conn, an_answer_waits_for_a_client_that_reads_slowly)
{
    static char got[1 << 20];
    struct pair p = connected(NULL);
    size_t total = 0;
    expect(&p, "hello\n");
    say(&p, "flood\n", 6);
    for (int i = 0; i < 1000 && total < 4 << 20; i++) {
        cr_assert_leq(p.c->stream.out.len, DR_STREAM_OUT_HIGH + 1024);
        cr_assert(dr_conn_wants(p.c) & EPOLLOUT || !p.c->stream.waiting);
        total += hear(&p, got, sizeof(got));
        dr_conn_event(p.c, EPOLLOUT, 0);
    }
    cr_assert_eq(total, 4 << 20);
    say(&p, "x\n", 2);
    expect(&p, "x\n");
    /* and one that reads nothing is given up */
    say(&p, "flood\n", 6);
    dr_conn_sweep(p.c, DR_CONN_STALL_MS - 1);
    cr_assert(!p.c->dead);
    p.c->stalled_ms = 1;
    dr_conn_sweep(p.c, DR_CONN_STALL_MS + 1);
    cr_assert(p.c->dead);
    disconnect(&p);
}

Test(sim_conn, a_waiting_request_is_resumed_and_ends_with_its_client)
{
    struct pair p = connected(NULL);
    expect(&p, "hello\n");
    say(&p, "wait\nx\n", 7);
    expect(&p, "");
    dr_conn_event(p.c, 0, 999);
    expect(&p, "");
    dr_conn_event(p.c, 0, 1000);
    expect(&p, "x\n");
    say(&p, "wait\n", 5);
    close(p.client);
    dr_conn_event(p.c, EPOLLIN | EPOLLRDHUP, 0);
    cr_assert(p.c->dead, "nobody waits for the answer any more");
    dr_conn_free(p.c);
}

Test(sim_conn, half_an_end_still_gets_its_answers)
{
    lines_protocol.answers_half_end = true;
    struct pair p = connected(NULL);
    cr_assert_eq(send(p.client, "wait\nx\n", 7, 0), 7);
    shutdown(p.client, SHUT_WR);
    dr_conn_event(p.c, EPOLLIN | EPOLLRDHUP, 0);
    cr_assert(!p.c->dead);
    dr_conn_event(p.c, 0, 1000);
    expect(&p, "hello\nx\n");
    cr_assert(p.c->linger_until_ms || p.c->dead, "then it closes");
    disconnect(&p);
}

Test(sim_conn, the_last_word_is_heard_before_the_end)
{
    struct pair p = connected(NULL);
    say(&p, "bye\nmore\n", 9); /* what follows is not taken */
    expect(&p, "hello\nbye\n");
    cr_assert(!p.c->dead, "the client may still be sending");
    cr_assert_eq(send(p.client, "junk", 4, 0), 4);
    dr_conn_event(p.c, EPOLLIN, 100);
    cr_assert(!p.c->dead);
    dr_conn_sweep(p.c, DR_CONN_LINGER_MS);
    cr_assert(p.c->dead);
    cr_assert_eq(((struct lines *)p.c->self)->seen, 1);
    disconnect(&p);
}

Test(sim_conn, deadlines_end_connections)
{
    struct pair p = connected(NULL);
    p.c->stream.expires_ms = 50;
    dr_conn_sweep(p.c, 49);
    cr_assert(!p.c->dead);
    dr_conn_sweep(p.c, 50);
    cr_assert(p.c->dead);
    disconnect(&p);
}

/* ---- TLS ---- */

static SSL_CTX *server_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    cr_assert_gt(X509_sign(cert, key, EVP_sha256()), 0);
    cr_assert_eq(SSL_CTX_use_certificate(ctx, cert), 1);
    cr_assert_eq(SSL_CTX_use_PrivateKey(ctx, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

/* Lets both sides talk until the client's call succeeds. */
static int until_done(struct pair *p, SSL *ssl, int (*step)(SSL *))
{
    int rc = 0;
    for (int i = 0; i < 20 && rc <= 0 && !p->c->dead; i++) {
        rc = step(ssl);
        dr_conn_event(p->c, EPOLLIN, 0);
    }
    return rc;
}

static char tls_line[64];
static int read_line(SSL *ssl)
{
    return SSL_read(ssl, tls_line, sizeof(tls_line) - 1);
}

Test(sim_conn, tls_begins_where_the_client_asks_for_it)
{
    SSL_CTX *server = server_context(), *client = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(client);
    struct pair p = connected(server);
    expect(&p, "hello\n");
    say(&p, "tls\n", 4);
    cr_assert(p.c->stream.tls);
    SSL_set_fd(ssl, p.client);
    cr_assert_eq(until_done(&p, ssl, SSL_connect), 1);
    cr_assert_eq(SSL_write(ssl, "over tls\n", 9), 9);
    dr_conn_event(p.c, EPOLLIN, 0);
    cr_assert_eq(until_done(&p, ssl, read_line), 9);
    cr_assert_str_eq(tls_line, "over tls\n");
    cr_assert_eq(SSL_write(ssl, "bye\n", 4), 4);
    dr_conn_event(p.c, EPOLLIN, 0);
    cr_assert_eq(until_done(&p, ssl, read_line), 4);
    cr_assert_eq(SSL_read(ssl, tls_line, 1), 0);
    cr_assert_eq(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN, "it says good-bye");
    SSL_free(ssl);
    disconnect(&p);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

Test(sim_conn, commands_smuggled_before_the_handshake_are_not_run)
{
    SSL_CTX *server = server_context();
    struct pair p = connected(server);
    say(&p, "tls\nx\nx\nx\nx\nx\nx\n", 16);
    cr_assert(p.c->dead, "what stands behind the request is no ClientHello");
    cr_assert_eq(((struct lines *)p.c->self)->seen, 1);
    disconnect(&p);
    SSL_CTX_free(server);
}

/* ---- ctl's words ---- */

Test(sim_conn, ctl_words_become_commands)
{
    static const struct {
        const char *words[5];
        const char *json; /* NULL: refused */
    } cases[] = {
        {{"state"}, "{\"show\": \"state\"}"},
        {{"kill", "127.0.1.4:4000"}, "{\"at\": \"127.0.1.4:4000\", \"fault\": \"kill\"}"},
        {{"slow", "h:1", "ms=250", "match=a=b", "on=true"},
         "{\"at\": \"h:1\", \"fault\": \"slow\", \"match\": \"a=b\", \"ms\": 250, "
         "\"on\": true}"},
        {{"slow", "ms=250"}, "{\"fault\": \"slow\", \"ms\": 250}"},
        {{"kill", "a:1", "b:2"}, NULL},
        {{"kill", "at=a:1", "at=b:2"}, NULL},
        {{"kill", "a:1", "at=b:2"}, NULL},
        {{"kill", "=x"}, NULL},
        {{"kill", "fault=heal"}, NULL},
        {{"\xff"}, NULL},
        {{"kill", "x=\xff"}, NULL},
        {{NULL}, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *command = NULL;
        struct dr_err err;
        int n = 0;
        while (n < 5 && cases[i].words[n])
            n++;
        int rc = dr_ctl_command(&command, n, (char *const *)cases[i].words, &err);
        cr_assert_eq(rc == 0, cases[i].json != NULL, "case %zu", i);
        if (rc)
            continue;
        char *text = json_dumps(command, JSON_SORT_KEYS);
        cr_assert_str_eq(text, cases[i].json);
        free(text);
        json_decref(command);
    }
}

Test(sim_conn, ctl_finds_parts)
{
    json_t *v = json_pack("{s:[{s:s, s:i}, {s:s, s:i}]}", "clusters", "name", "east", "n",
                          1, "name", "west", "n", 2);
    cr_assert_eq(json_integer_value(dr_ctl_part(v, "clusters.west.n")), 2);
    cr_assert_eq(json_integer_value(dr_ctl_part(v, "clusters.0.n")), 1);
    cr_assert_eq(dr_ctl_part(v, ""), v);
    cr_assert_null(dr_ctl_part(v, "clusters.2"));
    cr_assert_null(dr_ctl_part(v, "clusters.north"));
    cr_assert_null(dr_ctl_part(v, "clusters.0.n.x"));
    json_decref(v);
}
