#include "tests/unit/live_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/base/num.h"

#define PASSWORD "s3cret-canary"
#define SCRAMBLE "abcdefghijklmnopqrst"

struct peer_inside {
    int listener;
    pthread_t acceptor;
    pthread_mutex_t lock;
    SSL_CTX *tls;
    struct conn *conns;
    bool ending;
};

struct conn {
    struct conn *next;
    struct peer *peer;
    pthread_t thread;
    int fd;
    SSL *ssl;
    uint8_t seq;
    bool over;
    unsigned id;
};

/* ---- bytes ------------------------------------------------------------------------- */

static bool put(struct conn *c, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len) {
        ssize_t n =
            c->ssl ? SSL_write(c->ssl, p, (int)len) : send(c->fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool get(struct conn *c, void *bytes, size_t len)
{
    char *p = bytes;
    while (len) {
        ssize_t n = c->ssl ? SSL_read(c->ssl, p, (int)len) : recv(c->fd, p, len, 0);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static void nap(int ms)
{
    poll(NULL, 0, ms);
}

/* Until the other side closes, or the peer ends. */
static void hang(struct conn *c)
{
    char byte;
    while (get(c, &byte, 1))
        ;
}

static bool start_tls(struct conn *c)
{
    c->ssl = SSL_new(c->peer->in->tls);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) != 1)
        return false;
    c->peer->tls++;
    return true;
}

/* ---- MySQL ------------------------------------------------------------------------- */

static bool packet(struct conn *c, const void *payload, size_t len)
{
    unsigned char head[4] = {(unsigned char)len, (unsigned char)(len >> 8),
                             (unsigned char)(len >> 16), c->seq++};
    char all[4 + 4096];
    if (len <= 4096) {
        memcpy(all, head, 4);
        memcpy(all + 4, payload, len);
        return put(c, all, len + 4);
    }
    return put(c, head, 4) && put(c, payload, len);
}

static long get_packet(struct conn *c, unsigned char *out, size_t room)
{
    unsigned char head[4];
    if (!get(c, head, 4))
        return -1;
    size_t len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
    c->seq = (uint8_t)(head[3] + 1);
    if (len >= room || !get(c, out, len))
        return -1;
    out[len] = '\0';
    return (long)len;
}

static bool ok(struct conn *c, unsigned affected, unsigned status)
{
    unsigned char p[7] = {0, (unsigned char)affected, 0, (unsigned char)status, 0, 3, 0};
    return packet(c, p, sizeof(p)); /* three warnings */
}

static bool error(struct conn *c, unsigned number, const char *state, const char *text)
{
    unsigned char p[512];
    int n = snprintf((char *)p + 3, sizeof(p) - 3, "#%s%s", state, text);
    p[0] = 0xff;
    p[1] = (unsigned char)number;
    p[2] = (unsigned char)(number >> 8);
    return packet(c, p, (size_t)n + 3);
}

static bool eof(struct conn *c, unsigned status)
{
    unsigned char p[5] = {0xfe, 0, 0, (unsigned char)status, 0};
    return packet(c, p, sizeof(p));
}

static size_t lenenc(unsigned char *p, const char *s)
{
    size_t n = strlen(s);
    p[0] = (unsigned char)n;
    memcpy(p + 1, s, n);
    return n + 1;
}

static bool column(struct conn *c, const char *name)
{
    unsigned char p[256];
    size_t n = lenenc(p, "def");
    n += lenenc(p + n, "");
    n += lenenc(p + n, "");
    n += lenenc(p + n, "");
    n += lenenc(p + n, name);
    n += lenenc(p + n, "");
    static const unsigned char rest[] = {12, 45, 0, 0, 1, 0, 0, 0xfd, 0, 0, 0, 0, 0};
    memcpy(p + n, rest, sizeof(rest));
    return packet(c, p, n + sizeof(rest));
}

static bool header(struct conn *c, const char *name)
{
    unsigned char one = 1;
    return packet(c, &one, 1) && column(c, name) && eof(c, 2);
}

static bool row(struct conn *c, const char *value)
{
    unsigned char p[256] = {0xfb};
    return packet(c, p, value ? lenenc(p, value) : 1);
}

static bool one_value(struct conn *c, const char *name, const char *value,
                      unsigned status)
{
    return header(c, name) && row(c, value) && eof(c, status);
}

static bool endless_rows(struct conn *c)
{
    static char big[1 << 20];
    memset(big, 'x', sizeof(big));
    big[0] = (char)0xfd; /* a string of three length bytes */
    big[1] = (char)(sizeof(big) - 4);
    big[2] = (char)((sizeof(big) - 4) >> 8);
    big[3] = (char)((sizeof(big) - 4) >> 16);
    if (!header(c, "big"))
        return false;
    while (packet(c, big, sizeof(big)))
        ;
    return false;
}

static bool endless_columns(struct conn *c)
{
    unsigned char one = 1;
    packet(c, &one, 1);
    while (column(c, "and another one"))
        ;
    return false;
}

static bool drip(struct conn *c, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!put(c, (const char *)bytes + i, 1))
            return false;
        nap(50);
    }
    return true;
}

static unsigned number_in(const char *text)
{
    uint64_t n = 0;
    const char *space = strchr(text, ' ');
    size_t len = space ? strcspn(space + 1, " ") : 0;
    return space && dr_parse_u64(space + 1, len, &n) ? (unsigned)n : 0;
}

static bool rows(struct conn *c, unsigned count)
{
    char text[32];
    bool good = header(c, "Number");
    for (unsigned i = 0; good && i < count; i++) {
        snprintf(text, sizeof(text), "%u", i);
        good = row(c, text);
    }
    return good && eof(c, 2);
}

/* From here on it reads nothing and answers what it is told was sent. */
static bool answer_unread(struct conn *c)
{
    int small = 1;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    while (!c->peer->in->ending) {
        if (c->peer->unread == 0) {
            nap(5);
            continue;
        }
        c->peer->unread--;
        c->seq = 1;
        if (!ok(c, 0, 2))
            break;
    }
    return false;
}

static bool answer(struct conn *c, const char *text)
{
    char id[32];
    if (strncmp(text, "SET ", 4) == 0)
        return c->peer->options.login == LOGIN_OLD_SETUP
                   ? error(c, 1193, "HY000", "Unknown system variable 'x\033[31m'")
                   : ok(c, 0, 2);
    if (strcmp(text, "SELECT CONNECTION_ID()") == 0 || strcmp(text, "id") == 0) {
        /* over 32 bits, as TiDB's global connection ids are */
        snprintf(id, sizeof(id), "%llu", 9000000000000ull + c->id);
        return one_value(c, "CONNECTION_ID()", id, 2);
    }
    c->peer->statements++;
    if (strcmp(text, "ok") == 0)
        return ok(c, 0, 2);
    if (strncmp(text, "affected ", 9) == 0)
        return ok(c, number_in(text), 2);
    if (strncmp(text, "rows ", 5) == 0)
        return rows(c, number_in(text));
    if (strcmp(text, "null") == 0)
        return one_value(c, "Nothing", NULL, 2);
    if (strncmp(text, "error ", 6) == 0)
        return error(c, number_in(text), "42S02", strchr(text + 6, ' ') + 1);
    if (strcmp(text, "close") == 0)
        return false;
    if (strcmp(text, "last") == 0) /* answers, then closes the idle session */
        return ok(c, 0, 2) && (nap(20), false);
    if (strcmp(text, "garbage") == 0)
        return put(c, "HTTP/1.1 400 Bad Request\r\n\r\n", 28) && (hang(c), false);
    if (strcmp(text, "infile") == 0)
        return packet(c, "\373/etc/passwd", 12) && (hang(c), false);
    if (strcmp(text, "endless") == 0)
        return endless_rows(c);
    if (strcmp(text, "columns") == 0)
        return endless_columns(c);
    if (strcmp(text, "twice") == 0)
        return ok(c, 0, 2 | 8) && ok(c, 0, 2);
    if (strcmp(text, "late-error") == 0)
        return header(c, "Number") && row(c, "1") && error(c, 1317, "70100", "killed");
    if (strcmp(text, "drip") == 0)
        return drip(c, "\1\0\0\1\1", 5) && (hang(c), false);
    if (strncmp(text, "sleep ", 6) == 0)
        return nap((int)number_in(text)), ok(c, 0, 2);
    if (strcmp(text, "hang") == 0)
        return hang(c), false;
    if (strcmp(text, "deaf") == 0)
        return ok(c, 0, 2) && answer_unread(c);
    return error(c, 1064, "42000", "the peer does not know this statement");
}

static bool greet(struct conn *c)
{
    enum peer_login how = c->peer->options.login;
    bool sha2 = how == LOGIN_SHA2 || how == LOGIN_SHA2_KEY;
    unsigned char p[256] = {10};
    size_t n = 1;
    const char *version = "8.0.11-TiDB-v8.5.3";
    memcpy(p + n, version, strlen(version) + 1);
    n += strlen(version) + 1;
    p[n] = (unsigned char)c->id;
    n += 4;
    memcpy(p + n, SCRAMBLE, 8);
    n += 9;
    /* PROTOCOL_41, SECURE_CONNECTION, TRANSACTIONS; PLUGIN_AUTH, LOCAL_FILES */
    p[n++] = 0x80;
    p[n++] = (unsigned char)(0xa2 | (c->peer->in->tls ? 0x08 : 0));
    p[n++] = 45;
    p[n++] = 2;
    p[n++] = 0;
    p[n++] = 0x08;
    p[n++] = 0;
    p[n++] = 21;
    n += 10;
    memcpy(p + n, &SCRAMBLE[8], 13);
    n += 13;
    const char *plugin = sha2 ? "caching_sha2_password" : "mysql_native_password";
    memcpy(p + n, plugin, strlen(plugin) + 1);
    n += strlen(plugin) + 1;
    c->seq = 0;
    if (how == LOGIN_DRIP) {
        unsigned char head[4] = {(unsigned char)n, 0, 0, 0};
        return drip(c, head, 4) && drip(c, p, n);
    }
    if (how == LOGIN_INJECT) { /* in one piece, so that a client may read it ahead */
        unsigned char both[300] = {(unsigned char)n, 0, 0, 0};
        memcpy(both + 4, p, n);
        memcpy(both + 4 + n, "\7\0\0\2\0\0\0\2\0\0\0", 11);
        c->seq = 1;
        return put(c, both, 4 + n + 11);
    }
    return packet(c, p, n);
}

/* Is this the answer of mysql_native_password to SCRAMBLE? */
static bool native_matches(const unsigned char *reply)
{
    unsigned char once[20], twice[20], mix[40], want[20];
    SHA1((const unsigned char *)PASSWORD, strlen(PASSWORD), once);
    SHA1(once, 20, twice);
    memcpy(mix, SCRAMBLE, 20);
    memcpy(mix + 20, twice, 20);
    SHA1(mix, 40, want);
    for (size_t i = 0; i < 20; i++)
        want[i] ^= once[i];
    return memcmp(want, reply, 20) == 0;
}

/* The full exchange: the client must send the password, over TLS or encrypted. */
static bool sha2_login(struct conn *c)
{
    unsigned char p[4096];
    packet(c, "\1\4", 2);
    long n = get_packet(c, p, sizeof(p));
    if (n > 0 && strcmp((char *)p, PASSWORD) == 0)
        return true;
    if (n == 1 && p[0] == 2 && c->peer->options.login == LOGIN_SHA2_KEY)
        c->peer->clear_passwords++; /* it asks for a key of ours, and would use it */
    else /* as TiDB, which has no key and takes the question for the password */
        error(c, 1045, "28000", "Access denied: wrong password");
    return false;
}

static bool log_in(struct conn *c)
{
    enum peer_login how = c->peer->options.login;
    unsigned char p[4096];
    long n = get_packet(c, p, sizeof(p));
    if (n == 32 && (p[1] & 0x08)) { /* SSLRequest */
        if (!start_tls(c))
            return false;
        n = get_packet(c, p, sizeof(p));
    }
    if (n < 34)
        return false;
    if (p[0] & 0x80 || p[0] & 0x20 || p[2] & 1) {
        error(c, 1105, "HY000", "LOCAL_FILES, COMPRESS or MULTI_STATEMENTS was offered");
        return false;
    }
    if (how == LOGIN_HANG)
        return hang(c), false;
    if (how == LOGIN_REFUSED || how == LOGIN_LOCKED) {
        error(c, how == LOGIN_REFUSED ? 1045 : 3118,
              how == LOGIN_REFUSED ? "28000" : "HY000",
              how == LOGIN_REFUSED ? "Access denied for user 'drover'"
                                   : "Account is locked.");
        return false;
    }
    if (how == LOGIN_CLEAR) {
        packet(c, "\376mysql_clear_password", 22);
        n = get_packet(c, p, sizeof(p));
        if (n > 0 && strcmp((char *)p, PASSWORD) == 0)
            c->peer->clear_passwords++;
        return false;
    }
    const unsigned char *reply = p + 32 + strlen((char *)p + 32) + 2;
    if (how == LOGIN_SHA2 || how == LOGIN_SHA2_KEY)
        return sha2_login(c) && ok(c, 0, 2);
    if (reply[-1] != 20 || !native_matches(reply)) {
        error(c, 1045, "28000", "Access denied: wrong password");
        return false;
    }
    return ok(c, 0, 2);
}

static void serve_mysql(struct conn *c)
{
    enum peer_login how = c->peer->options.login;
    static unsigned char text[1 << 20];
    unsigned char *p = how == LOGIN_SILENT ? text : malloc(sizeof(text));
    if (how == LOGIN_SILENT)
        hang(c);
    else if (how == LOGIN_FULL)
        c->seq = 0, error(c, 1040, "08004", "Too many connections");
    else if (how == LOGIN_GARBAGE)
        put(c, "220 mail.example ESMTP\r\n", 24), hang(c);
    else if (greet(c) && how != LOGIN_CLOSE && log_in(c)) {
        c->peer->logins++;
        for (long n; (n = get_packet(c, p, sizeof(text))) > 0;) {
            if (p[0] != 3 || !answer(c, (char *)p + 1))
                break;
        }
    }
    if (p != text)
        free(p);
}

/* ---- HTTP -------------------------------------------------------------------------- */

static bool says(struct conn *c, const char *text)
{
    return put(c, text, strlen(text));
}

static bool reply(struct conn *c, int status, const char *extra, const char *body)
{
    char head[1024];
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n%s\r\n",
                     status, strlen(body), extra);
    return put(c, head, (size_t)n) && put(c, body, strlen(body));
}

static bool endless_body(struct conn *c)
{
    static char chunk[8 + 65536 + 2] = "10000\r\n";
    memset(chunk + 7, 'y', 65536);
    memcpy(chunk + 7 + 65536, "\r\n", 2);
    says(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (put(c, chunk, 7 + 65536 + 2))
        ;
    return false;
}

static bool http_path(struct conn *c, const char *method, const char *path)
{
    if (strncmp(path, "/status/", 8) == 0) {
        uint64_t status = 0;
        bool good = dr_parse_u64(path + 8, 3, &status);
        return good && reply(c, (int)status, "", "{\"error\":\"as asked\"}");
    }
    if (strcmp(path, "/hang") == 0)
        return hang(c), false;
    if (strcmp(path, "/close") == 0)
        return false;
    if (strcmp(path, "/partial") == 0)
        return says(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), false;
    if (strcmp(path, "/drip") == 0) {
        says(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while (says(c, "z"))
            nap(20);
        return false;
    }
    if (strcmp(path, "/endless") == 0)
        return endless_body(c);
    if (strcmp(path, "/headers") == 0) {
        says(c, "HTTP/1.1 200 OK\r\n");
        while (says(c, "X-More: and more and more and more and more and more\r\n"))
            ;
        return false;
    }
    if (strcmp(path, "/redirect") == 0)
        return reply(c, 302, "Location: /status/200\r\n", "");
    if (strcmp(path, "/bomb") == 0)
        return reply(c, 200, "Content-Encoding: gzip\r\n", "\037\213 not unpacked");
    if (strcmp(path, "/old") == 0) /* HTTP/0.9 */
        return says(c, "hello"), false;
    if (strcmp(method, "HEAD") == 0)
        return says(c, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
    return reply(c, 200, "", "{\"a\":1}");
}

static void serve_http(struct conn *c)
{
    if (c->peer->in->tls && !start_tls(c))
        return;
    for (;;) {
        char head[8192], body[8192], method[8], path[4096];
        size_t n = 0, length = 0;
        while (n < sizeof(head) - 1 && get(c, head + n, 1)) {
            n++;
            if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0)
                break;
        }
        head[n] = '\0';
        if (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0)
            return;
        const char *at = strcasestr(head, "\r\nContent-Length: ");
        uint64_t v = 0;
        if (at && dr_parse_u64(at + 18, strcspn(at + 18, "\r"), &v))
            length = (size_t)v;
        if (length >= sizeof(body) || !get(c, body, length))
            return;
        body[length] = '\0';
        pthread_mutex_lock(&c->peer->in->lock);
        memcpy(c->peer->last_request, head, n + 1);
        memcpy(c->peer->last_body, body, length + 1);
        pthread_mutex_unlock(&c->peer->in->lock);
        c->peer->requests++;
        if (sscanf(head, "%7s %4095[^ ?]", method, path) != 2 ||
            !http_path(c, method, path))
            return;
    }
}

/* ---- the peer ---------------------------------------------------------------------- */

static void *serve(void *arg)
{
    struct conn *c = arg;
    if (c->peer->options.http)
        serve_http(c);
    else
        serve_mysql(c);
    if (c->ssl)
        SSL_free(c->ssl);
    c->ssl = NULL;
    pthread_mutex_lock(&c->peer->in->lock);
    close(c->fd);
    c->over = true;
    pthread_mutex_unlock(&c->peer->in->lock);
    return NULL;
}

/* Under the lock. */
static void reap(struct peer *p)
{
    for (struct conn **at = &p->in->conns; *at;) {
        struct conn *c = *at;
        if (!c->over) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        pthread_join(c->thread, NULL); /* it has let go of the lock */
        free(c);
    }
}

static void *accept_all(void *arg)
{
    struct peer *p = arg;
    for (;;) {
        int fd = accept(p->in->listener, NULL, NULL);
        pthread_mutex_lock(&p->in->lock);
        if (fd < 0 || p->in->ending) {
            pthread_mutex_unlock(&p->in->lock);
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        reap(p);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct conn *c = calloc(1, sizeof(*c));
        c->peer = p;
        c->fd = fd;
        c->id = (unsigned)++p->accepted;
        c->next = p->in->conns;
        p->in->conns = c;
        pthread_create(&c->thread, NULL, serve, c);
        pthread_mutex_unlock(&p->in->lock);
    }
}

static SSL_CTX *tls_context(const struct peer_options *o)
{
    if (!o->cert)
        return NULL;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(ctx, o->cert);
    SSL_CTX_use_PrivateKey_file(ctx, o->key, SSL_FILETYPE_PEM);
    if (o->tls10) {
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
    }
    if (o->client_ca) {
        SSL_CTX_load_verify_locations(ctx, o->client_ca, NULL);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}

static int listener(struct dr_address *at, int backlog)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(fd, (struct sockaddr *)&a, sizeof(a));
    if (backlog >= 0)
        listen(fd, backlog);
    getsockname(fd, (struct sockaddr *)&a, &len);
    *at = (struct dr_address){.host = "127.0.0.1", .port = ntohs(a.sin_port)};
    return fd;
}

struct peer *peer_new(const struct peer_options *options)
{
    struct peer *p = calloc(1, sizeof(*p));
    signal(SIGPIPE, SIG_IGN);
    p->options = *options;
    p->in = calloc(1, sizeof(*p->in));
    p->in->tls = tls_context(options);
    p->in->listener = listener(&p->at, 128);
    pthread_mutex_init(&p->in->lock, NULL);
    pthread_create(&p->in->acceptor, NULL, accept_all, p);
    return p;
}

void peer_drop(struct peer *p)
{
    pthread_mutex_lock(&p->in->lock);
    for (struct conn *c = p->in->conns; c; c = c->next)
        if (!c->over)
            shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&p->in->lock);
}

void peer_free(struct peer *p)
{
    pthread_mutex_lock(&p->in->lock);
    p->in->ending = true;
    pthread_mutex_unlock(&p->in->lock);
    shutdown(p->in->listener, SHUT_RDWR);
    pthread_join(p->in->acceptor, NULL);
    close(p->in->listener);
    peer_drop(p);
    while (p->in->conns) {
        struct conn *c = p->in->conns;
        p->in->conns = c->next;
        pthread_join(c->thread, NULL);
        free(c);
    }
    if (p->in->tls)
        SSL_CTX_free(p->in->tls);
    pthread_mutex_destroy(&p->in->lock);
    free(p->in);
    free(p);
}

struct dr_address peer_nobody(void)
{
    struct dr_address at;
    int fd = listener(&at, -1); /* bound, never listening: refused; closed at the end */
    (void)fd;
    return at;
}

struct dr_address peer_full(int keep[64])
{
    struct dr_address at;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    keep[0] = listener(&at, 0);
    a.sin_port = htons(at.port);
    for (int i = 1; i < 64; i++) {
        keep[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(keep[i], (struct sockaddr *)&a, sizeof(a));
    }
    nap(20);
    return at;
}

/* ---- certificates ------------------------------------------------------------------ */

static void extend(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
}

static X509 *certificate(EVP_PKEY *key, const char *name, const char *san, X509 *issuer,
                         EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
    if (!issuer)
        extend(cert, NID_basic_constraints, "critical,CA:TRUE");
    if (san)
        extend(cert, NID_subject_alt_name, san);
    X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha256());
    return cert;
}

static void save(const char *dir, const char *name, X509 *cert, EVP_PKEY *key)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.pem", dir, name);
    FILE *f = fopen(path, "w");
    PEM_write_X509(f, cert);
    fclose(f);
    snprintf(path, sizeof(path), "%s/%s.key", dir, name);
    f = fopen(path, "w");
    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
}

void peer_certificates(const char *dir)
{
    static const struct {
        const char *name, *san;
    } leaves[] = {
        {"server", "IP:127.0.0.1"},
        {"wrong", "DNS:elsewhere.example"},
        {"client", NULL},
    };
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *other_key = EVP_EC_gen("P-256");
    X509 *ca = certificate(ca_key, "drover test CA", NULL, NULL, NULL);
    X509 *other = certificate(other_key, "another CA", NULL, NULL, NULL);
    save(dir, "ca", ca, ca_key);
    save(dir, "other-ca", other, other_key);
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *leaf = certificate(key, leaves[i].name, leaves[i].san, ca, ca_key);
        save(dir, leaves[i].name, leaf, key);
        X509_free(leaf);
        EVP_PKEY_free(key);
    }
    X509_free(ca);
    X509_free(other);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(other_key);
}

bool peer_knows_localhost(void)
{
    struct addrinfo *found = NULL;
    bool known = getaddrinfo("localhost", NULL, NULL, &found) == 0;
    if (known)
        freeaddrinfo(found);
    return known;
}
