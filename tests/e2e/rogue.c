/* Servers that mean harm, for the end-to-end tests, and two helpers of those.
 *
 *   rogue serve HOST:PORT=BEHAVIOUR[@HOST:PORT][,tls=CERT:KEY[:1.0]] ..
 *       listens; BEHAVIOUR is one of the tables below. Those that need a real server let
 *       everything through to the address after '@' until they strike. Says "ready", then
 * a line for what a victim should not have done. rogue certificates DIR HOST ca, good
 * (for the address HOST), expired, elsewhere, alone (signed by itself) rogue measure
 * COMMAND .. runs it; the last line on stderr: "measured EXIT MILLISECONDS PEAK-KIB" */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/rogue_certificates.h"

struct listener;

struct peer {
    const struct listener *l;
    int fd, real; /* victim, real server (-1: none) */
    SSL *ssl;
    unsigned packets; /* that the victim sent */
};

struct listener {
    char host[64];
    unsigned port;
    char target[64];
    unsigned target_port;
    SSL_CTX *tls;
    const struct behaviour *b;
    int fd;
};

/* ---- bytes ------------------------------------------------------------------------- */

static bool put(struct peer *p, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len) {
        ssize_t n =
            p->ssl ? SSL_write(p->ssl, at, (int)len) : send(p->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static ssize_t get(struct peer *p, void *bytes, size_t room)
{
    return p->ssl ? SSL_read(p->ssl, bytes, (int)room) : recv(p->fd, bytes, room, 0);
}

static bool says(struct peer *p, const char *text)
{
    return put(p, text, strlen(text));
}

static void nap(int ms)
{
    poll(NULL, 0, ms);
}

static bool wait_for_end(struct peer *p)
{
    char sink[4096];
    while (get(p, sink, sizeof(sink)) > 0)
        ;
    return false;
}

/* What a victim gives away. */
static void tell(const struct peer *p, const char *what, const void *bytes, ssize_t len)
{
    printf("%s:%u %s: %.*s\n", p->l->host, p->l->port, what, (int)(len < 0 ? 0 : len),
           (const char *)bytes);
    fflush(stdout);
}

/* ---- MySQL: the real server answers until the victim's first statement ---------------
 */

enum { COM_QUERY = 3 };

static bool infile(struct peer *p)
{
    char got[4096];
    if (!put(p, "\x0c\0\0\1\xfb/etc/passwd", 16))
        return false;
    ssize_t n = get(p, got, sizeof(got));
    if (n > 4)
        tell(p, "gave a file", got + 4, n - 4);
    return false;
}

static const char one_column[] = "\1\0\0\1\1\x17\0\0\2\3def\0\0\0\1x\0\x0c\x2d\0\0\1\0\0"
                                 "\xfd\0\0\0\0\0\5\0\0\3\xfe\0\0\2\0";

static bool endless_rows(struct peer *p)
{
    static char row[4 + 4 + 65536];
    unsigned char seq = 4;
    size_t len = sizeof(row) - 4;
    memset(row + 8, 'x', 65536);
    memcpy(row, (char[]){(char)len, (char)(len >> 8), (char)(len >> 16)}, 3);
    memcpy(row + 4, "\xfd\0\0\1", 4);
    if (!put(p, one_column, sizeof(one_column) - 1))
        return false;
    do
        row[3] = (char)seq++;
    while (put(p, row, sizeof(row)));
    return false;
}

static bool huge_packets(struct peer *p)
{
    static char much[1 << 20];
    unsigned char seq = 4;
    if (!put(p, one_column, sizeof(one_column) - 1))
        return false;
    for (;;) {
        char head[4] = {(char)0xff, (char)0xff, (char)0xff, (char)seq++};
        if (!put(p, head, 4))
            return false;
        for (size_t left = 0xffffff; left;) {
            size_t n = left < sizeof(much) ? left : sizeof(much);
            if (!put(p, much, n))
                return false;
            left -= n;
        }
    }
}

static bool half_a_packet(struct peer *p)
{
    return put(p, one_column, 20) && false;
}

static bool answer_of_another_protocol(struct peer *p)
{
    return says(p, "HTTP/1.1 400 Bad Request\r\n\r\n") && wait_for_end(p);
}

static bool silence(struct peer *p)
{
    return wait_for_end(p);
}

static bool drip_rows(struct peer *p)
{
    for (size_t i = 0; i < sizeof(one_column) - 1; i++, nap(300))
        if (!put(p, one_column + i, 1))
            return false;
    while (put(p, "\1", 1))
        nap(300);
    return false;
}

static bool wrong_order(struct peer *p)
{
    return put(p, "\1\0\0\x07\1", 5) && wait_for_end(p);
}

/* instead of the login's result */
static bool clear_password(struct peer *p)
{
    char got[4096];
    if (!put(p, "\x17\0\0\2\376mysql_clear_password\0", 27))
        return false;
    ssize_t n = get(p, got, sizeof(got));
    if (n > 4)
        tell(p, "gave a password", got + 4, n - 4);
    return false;
}

/* ---- HTTP: the answer to every request ------------------------------------------------
 */

static const char json_head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

static bool chunks_without_end(struct peer *p)
{
    static char chunk[7 + 65536 + 2] = "10000\r\n";
    memset(chunk + 7, '[', 65536);
    memcpy(chunk + 7 + 65536, "\r\n", 2);
    says(p, json_head);
    says(p, "Transfer-Encoding: chunked\r\n\r\n");
    while (put(p, chunk, sizeof(chunk)))
        ;
    return false;
}

static bool headers_without_end(struct peer *p)
{
    says(p, json_head);
    while (says(p, "X-More: and more and more and more and more and more and more\r\n"))
        ;
    return false;
}

static bool redirect(struct peer *p)
{
    char text[300];
    snprintf(
        text, sizeof(text),
        "HTTP/1.1 302 Found\r\nLocation: http://%s:%u/trap\r\nContent-Length: 0\r\n\r\n",
        p->l->target, p->l->target_port);
    return says(p, text);
}

/* where redirects lead to */
static bool trap(struct peer *p)
{
    tell(p, "was redirected", "", 0);
    return says(p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
}

static bool gzip(struct peer *p)
{
    return says(p, json_head) &&
           says(p, "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n") &&
           put(p, "\037\213\10\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0", 20);
}

static bool drip_body(struct peer *p)
{
    says(p, json_head);
    says(p, "Content-Length: 1000\r\n\r\n");
    while (says(p, " "))
        nap(200);
    return false;
}

static bool half_a_body(struct peer *p)
{
    return says(p, json_head) && says(p, "Content-Length: 1000\r\n\r\n{\"id\": ") &&
           false;
}

/* A body of `count` times `text`, of a known length. */
static bool many(struct peer *p, const char *text, size_t count)
{
    char head[100];
    size_t len = strlen(text), fits = 65536 / len;
    char *block = malloc(fits * len);
    bool good = true;
    for (size_t i = 0; i < fits; i++)
        memcpy(block + i * len, text, len);
    snprintf(head, sizeof(head), "Content-Length: %zu\r\n\r\n", count * len);
    says(p, json_head);
    says(p, head);
    for (; good && count; count -= count < fits ? count : fits)
        good = put(p, block, (count < fits ? count : fits) * len);
    free(block);
    return good;
}

static bool deep(struct peer *p)
{
    return many(p, "{\"a\":[", 1000000);
}

static bool large(struct peer *p)
{
    return many(p, "{\"padding\": 0} ", 20000000);
}

static bool body(struct peer *p, const char *text)
{
    char head[200];
    snprintf(head, sizeof(head), "%sContent-Length: %zu\r\n\r\n", json_head,
             strlen(text));
    return says(p, head) && says(p, text);
}

static bool numbers(struct peer *p)
{
    return body(p, "{\"id\": 99999999999999999999999999, \"max_peer_count\": -1e999}");
}

static bool page(struct peer *p)
{
    return body(p, "<html><body>It works!</body></html>");
}

static bool ancient(struct peer *p)
{
    return says(p, "hello\r\n") && false;
}

static bool server_error(struct peer *p)
{
    return says(p, "HTTP/1.1 500 Oh\r\nContent-Length: 14\r\n\r\n\"\x1b[31mred\x1b[0m\"");
}

/* ---- S3 -------------------------------------------------------------------------------
 */

#define LIST "<?xml version=\"1.0\"?><ListBucketResult>"

static bool endless_listing(struct peer *p)
{
    static char text[1 << 20];
    size_t n = 0;
    if (!n) {
        n = (size_t)snprintf(text, sizeof(text),
                             LIST "<IsTruncated>true</IsTruncated>"
                                  "<NextContinuationToken>on</NextContinuationToken>");
        for (int i = 0; i < 5000; i++)
            n += (size_t)snprintf(text + n, sizeof(text) - n,
                                  "<Contents><Key>shop/%d</Key><Size>1</Size></Contents>",
                                  i);
        snprintf(text + n, sizeof(text) - n, "</ListBucketResult>");
    }
    return body(p, text);
}

static bool xml_cut(struct peer *p)
{
    return body(p, LIST "<Contents><Key>shop/x");
}

static bool xml_bomb(struct peer *p)
{
    return body(
        p, "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\">"
           "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;\">"
           "<!ENTITY f SYSTEM \"file:///etc/passwd\">]><ListBucketResult>"
           "<Contents><Key>&c;&f;</Key></Contents></ListBucketResult>");
}

static bool xml_deep(struct peer *p)
{
    return many(p, "<a>", 2000000);
}

/* ---- when they strike
 * ------------------------------------------------------------------ */

enum moment {
    AT_ONCE,    /* right after the connection */
    AT_LOGIN,   /* the victim's first packet was taken, the real greeting was given */
    AT_QUERY,   /* the victim's first statement */
    AT_REQUEST, /* each request */
    NEVER,      /* everything goes through */
};

static const struct behaviour {
    const char *name;
    enum moment when;
    bool (*strike)(struct peer *p); /* false: close */
} behaviours[] = {
    {"through", NEVER, NULL},
    {"infile", AT_QUERY, infile},
    {"endless-rows", AT_QUERY, endless_rows},
    {"huge-packets", AT_QUERY, huge_packets},
    {"half-packet", AT_QUERY, half_a_packet},
    {"drip-rows", AT_QUERY, drip_rows},
    {"order", AT_QUERY, wrong_order},
    {"clear-password", AT_LOGIN, clear_password},
    {"http-greeting", AT_ONCE, answer_of_another_protocol},
    {"silent", AT_ONCE, silence},
    {"chunks", AT_REQUEST, chunks_without_end},
    {"headers", AT_REQUEST, headers_without_end},
    {"redirect", AT_REQUEST, redirect},
    {"trap", AT_REQUEST, trap},
    {"gzip", AT_REQUEST, gzip},
    {"drip-body", AT_REQUEST, drip_body},
    {"half-body", AT_REQUEST, half_a_body},
    {"deep", AT_REQUEST, deep},
    {"large", AT_REQUEST, large},
    {"numbers", AT_REQUEST, numbers},
    {"page", AT_REQUEST, page},
    {"ancient", AT_REQUEST, ancient},
    {"error", AT_REQUEST, server_error},
    {"listing", AT_REQUEST, endless_listing},
    {"xml-cut", AT_REQUEST, xml_cut},
    {"xml-bomb", AT_REQUEST, xml_bomb},
    {"xml-deep", AT_REQUEST, xml_deep},
};

/* One piece from the victim; true: it is time. */
static bool is_time(struct peer *p, const char *bytes, ssize_t len)
{
    p->packets++;
    if (p->l->b->when == AT_LOGIN)
        return true;
    return p->l->b->when == AT_QUERY && p->packets > 1 && len > 4 && bytes[3] == 0 &&
           bytes[4] == COM_QUERY;
}

/* Lets both sides speak until it is time, or one of them ends. */
static void go_between(struct peer *p)
{
    char bytes[65536];
    struct pollfd fds[2] = {{.fd = p->fd, .events = POLLIN},
                            {.fd = p->real, .events = POLLIN}};
    for (;;) {
        bool waiting = p->ssl && SSL_pending(p->ssl) > 0;
        if (poll(fds, 2, waiting ? 0 : 60000) <= 0 && !waiting)
            return;
        if (waiting || fds[0].revents) {
            ssize_t n = get(p, bytes, sizeof(bytes));
            if (n <= 0)
                return;
            if (is_time(p, bytes, n)) {
                p->l->b->strike(p);
                return;
            }
            if (send(p->real, bytes, (size_t)n, MSG_NOSIGNAL) != n)
                return;
        }
        if (fds[1].revents) {
            ssize_t n = recv(p->real, bytes, sizeof(bytes), 0);
            if (n <= 0 || !put(p, bytes, (size_t)n))
                return;
        }
    }
}

static void answer_requests(struct peer *p)
{
    char head[65536];
    size_t n = 0;
    ssize_t got;
    while (n < sizeof(head) - 1 && (got = get(p, head + n, sizeof(head) - 1 - n)) > 0) {
        n += (size_t)got;
        head[n] = '\0';
        if (!strstr(head, "\r\n\r\n"))
            continue;
        n = 0;
        if (!p->l->b->strike(p))
            return;
    }
}

static int dial(const char *host, unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void *serve_peer(void *arg)
{
    struct peer *p = arg;
    if (p->l->tls) {
        p->ssl = SSL_new(p->l->tls);
        SSL_set_fd(p->ssl, p->fd);
    }
    if (!p->ssl || SSL_accept(p->ssl) == 1) {
        if (p->l->b->when == AT_ONCE) {
            p->l->b->strike(p);
        } else if (p->l->b->when == AT_REQUEST) {
            answer_requests(p);
        } else if ((p->real = dial(p->l->target, p->l->target_port)) >= 0) {
            go_between(p);
            close(p->real);
        }
    }
    SSL_free(p->ssl);
    close(p->fd);
    free(p);
    return NULL;
}

static void *serve(void *arg)
{
    const struct listener *l = arg;
    for (;;) {
        struct peer *p = calloc(1, sizeof(*p));
        pthread_t thread;
        p->l = l;
        p->fd = accept(l->fd, NULL, NULL);
        if (p->fd < 0 || pthread_create(&thread, NULL, serve_peer, p) != 0)
            return NULL;
        pthread_detach(thread);
    }
}

static SSL_CTX *tls_of(const char *cert, const char *key, bool old)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (old) {
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
    }
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "rogue: cannot use %s, %s\n", cert, key);
        exit(1);
    }
    return ctx;
}

static void start_listener(const char *text)
{
    struct listener *l = calloc(1, sizeof(*l));
    char name[32] = "", cert[300] = "", key[300] = "", old[8] = "";
    const char *at = strchr(text, '@'), *tls = strstr(text, ",tls=");
    struct sockaddr_in a = {.sin_family = AF_INET};
    if (sscanf(text, "%63[^:]:%u=%31[^@,]", l->host, &l->port, name) != 3 ||
        (at && sscanf(at, "@%63[^:]:%u", l->target, &l->target_port) != 2) ||
        (tls && sscanf(tls, ",tls=%299[^:]:%299[^:]:%7s", cert, key, old) < 2)) {
        fprintf(stderr, "rogue: cannot read '%s'\n", text);
        exit(64);
    }
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
        if (strcmp(behaviours[i].name, name) == 0)
            l->b = &behaviours[i];
    if (tls)
        l->tls = tls_of(cert, key, *old != '\0');
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    a.sin_port = htons((uint16_t)l->port);
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    pthread_t thread;
    if (!l->b || inet_pton(AF_INET, l->host, &a.sin_addr) != 1 ||
        bind(l->fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(l->fd, 64) != 0 ||
        pthread_create(&thread, NULL, serve, l) != 0) {
        fprintf(stderr, "rogue: cannot serve '%s'\n", text);
        exit(1);
    }
    pthread_detach(thread);
}

static int measure(char **argv)
{
    struct timespec begin, end;
    struct rusage use;
    int status = 0;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &use) != pid)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    long ms =
        (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fprintf(stderr, "measured %d %ld %ld\n", code, ms, use.ru_maxrss);
    return code;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc > 2 && strcmp(argv[1], "measure") == 0)
        return measure(argv + 2);
    if (argc == 4 && strcmp(argv[1], "certificates") == 0)
        return rogue_certificates(argv[2], argv[3]) ? 0 : 1;
    if (argc < 3 || strcmp(argv[1], "serve") != 0)
        return 64;
    for (int i = 2; i < argc; i++)
        start_listener(argv[i]);
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
