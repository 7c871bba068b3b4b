/* HTTP requests, driven by the owner thread. Each client has a curl multi handle of its
 * own: curl walks through all connections that a handle keeps, for each request. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/base/buf.h"
#include "controller/base/digest.h"
#include "controller/estate/live/clock.h"
#include "controller/estate/live/machine.h"
#include "controller/estate/live/text.h"

enum {
    REPLY_MAX = 64 * 1024 * 1024,
    HEADERS_MAX = 256 * 1024,
    URL_MAX = 16 * 1024,
    HASTY_MS = 1000,
    IDLE_MAX =
        6, /* kept connections of a client: as many as a quiet round asks, and some */
};

struct transfer {
    struct transfer *next, **at; /* among those in flight */
    struct task *task;
    struct endpoint *endpoint;
    CURL *easy;
    struct curl_slist *headers;
    struct dr_arena *arena; /* becomes the answer's */
    struct dr_buf body;
    size_t header_bytes;
    bool connected; /* the request may have been sent from here on */
    bool trying;    /* counted among the endpoint's attempts */
    bool no_room;   /* for its connection there is no descriptor */
    bool late;      /* it may not be sent any more */
    bool hasty;     /* its deadline is too short to prove an endpoint dead */
    char reason[CURL_ERROR_SIZE];
};

/* May it be sent again without harm? */
static const struct {
    const char *name;
    bool harmless;
} methods[] = {
    {"GET", true}, {"HEAD", true}, {"POST", false}, {"PUT", false}, {"DELETE", false},
};

static bool is_known(const char *method)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(methods[i].name, method) == 0)
            return true;
    return false;
}

static bool is_harmless(const char *method)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(methods[i].name, method) == 0)
            return methods[i].harmless;
    return false;
}

/* "http 10.0.0.1:2379: GET /pd/api/v1/members: " before an error; no query, it may hold
 * what must not be shown. */
static void place(struct dr_err *err, const struct task *t)
{
    char path[256];
    const char *target = t->ex.http.target ? t->ex.http.target : "";
    size_t len = strcspn(target, "?");
    snprintf(path, sizeof(path), "%.*s", (int)(len < 200 ? len : 200), target);
    char clean[256];
    dr_wrap(err, "%s %s", t->ex.http.method ? t->ex.http.method : "?",
            dr_live_text_clean(clean, sizeof(clean), path));
    dr_live_err_place(err, t->ex.http.tls ? "https" : "http", &t->ex.at);
}

static void refuse(struct task *t, struct dr_err *err)
{
    place(err, t);
    dr_live_answer_err(t, DR_NOT_SENT, err);
}

static void release(struct transfer *x)
{
    if (x->next)
        x->next->at = x->at;
    *x->at = x->next;
    if (x->trying)
        dr_live_endpoint_tried(x->endpoint);
    struct client *c = x->endpoint->client;
    struct dr_live *l = c->live;
    curl_multi_remove_handle(c->multi, x->easy);
    curl_easy_reset(x->easy); /* before anything that it points at is gone */
    if (l->handle_count < DR_HANDLES_KEPT)
        l->handles[l->handle_count++] = x->easy;
    else
        curl_easy_cleanup(x->easy);
    curl_slist_free_all(x->headers);
    dr_buf_release(&x->body);
    dr_arena_free(x->arena);
    free(x);
}

/* ---- what curl calls -------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct transfer *x = arg;
    dr_buf_add(&x->body, bytes, size * count);
    return x->body.overflow ? CURL_WRITEFUNC_ERROR : size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
    struct transfer *x = arg;
    (void)bytes;
    x->header_bytes += size * count;
    return x->header_bytes > HEADERS_MAX ? 0 : size * count;
}

static void no_longer_trying(struct transfer *x)
{
    if (x->trying)
        dr_live_endpoint_tried(x->endpoint);
    x->trying = false;
}

static bool is_too_late(const struct task *t)
{
    return t->ex.http.not_after_ms && dr_live_now_ms() > t->ex.http.not_after_ms;
}

/* Connected, nothing sent yet. */
static int before_request(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct transfer *x = arg;
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    x->connected = true;
    if (!x->endpoint->stuck) { /* else only an answer is a sign of life */
        no_longer_trying(x);
        dr_live_endpoint_ok(x->endpoint);
    }
    x->late = is_too_late(x->task);
    return x->late ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* What was written but not taken yet is given up by then, too. */
static void bound_delivery(const struct task *t, int fd)
{
    int64_t left_ms = t->ex.http.not_after_ms - dr_live_now_ms();
    unsigned ms = left_ms < 1 ? 1 : left_ms < INT32_MAX ? (unsigned)left_ms : INT32_MAX;
    if (t->ex.http.not_after_ms)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose,
                                 struct curl_sockaddr *at)
{
    struct transfer *x = arg;
    struct dr_live *l = x->endpoint->client->live;
    (void)purpose;
    x->no_room = !dr_live_make_room(l, 1);
    if (x->no_room)
        return CURL_SOCKET_BAD;
    int fd = socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
    l->descriptors += fd >= 0;
    if (fd >= 0)
        bound_delivery(x->task, fd);
    return fd;
}

/* Also of a connection that was kept, long after the request that it was made for. */
static int close_socket(void *live, curl_socket_t fd)
{
    struct dr_live *l = live;
    l->descriptors--;
    return close(fd);
}

/* ---- what curl waits for ---------------------------------------------------------- */

struct http_watch {
    struct watch watch;
    struct client *client; /* NULL: curl watches it no more */
    struct http_watch *next;
    curl_socket_t fd;
};

static void done(struct transfer *x, CURLcode code);

static void go_on(struct client *c, curl_socket_t fd, int mask)
{
    int running, left;
    CURLMsg *m;
    curl_multi_socket_action(c->multi, fd, mask, &running);
    while ((m = curl_multi_info_read(c->multi, &left))) {
        char *x = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x);
        done((struct transfer *)(void *)x, code);
    }
}

static void socket_ready(struct dr_live *l, struct watch *watch)
{
    struct http_watch *w = DR_CONTAINER(watch, struct http_watch, watch);
    uint32_t got = watch->events;
    (void)l;
    if (w->client)
        go_on(w->client, w->fd,
              (got & EPOLLIN ? CURL_CSELECT_IN : 0) |
                  (got & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                  (got & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *client, void *known)
{
    struct client *c = client;
    struct http_watch *w = known;
    uint32_t events = DR_WATCH_ON | (what & CURL_POLL_IN ? EPOLLIN : 0u) |
                      (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        dr_live_watch_drop(c->live, fd);
        if (w) {
            w->client = NULL;
            w->next = c->live->ended;
            c->live->ended = w;
        }
    } else if (w) {
        dr_live_watch_again(c->live, &w->watch, fd, events);
    } else {
        w = dr_xcalloc(1, sizeof(*w));
        w->watch.ready = socket_ready;
        w->client = c;
        w->fd = fd;
        curl_multi_assign(c->multi, fd, w);
        /* refused, it is silent, and the request ends with its time */
        (void)dr_live_watch_add(c->live, &w->watch, fd, events);
    }
    return 0;
}

static void timer_fires(struct dr_live *l, struct timer *t)
{
    (void)l;
    go_on(DR_CONTAINER(t, struct client, multi_timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long ms, void *client)
{
    struct client *c = client;
    (void)multi;
    if (ms < 0)
        dr_live_timer_stop(c->live, &c->multi_timer);
    else
        dr_live_timer_set(c->live, &c->multi_timer, dr_live_now_ms() + ms);
    return 0;
}

static bool open_multi(struct client *c)
{
    if (c->multi)
        return true;
    c->multi = curl_multi_init();
    if (!c->multi)
        return false;
    c->multi_timer.fire = timer_fires;
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_MAX);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    return true;
}

/* ---- a request -------------------------------------------------------------------- */

static bool is_plain(const char *s, const char *banned)
{
    for (; *s; s++)
        if ((unsigned char)*s <= 0x20 || *s == 0x7f || strchr(banned, *s))
            return false;
    return true;
}

static int check(const struct dr_exchange *ex, struct dr_err *err)
{
    if (!ex->http.method || !is_known(ex->http.method) || !ex->http.target)
        return dr_fail(err, DR_E_BUG, "a request without a known method or target");
    if (!is_plain(ex->at.host, "/?#@\\[]%,;"))
        return dr_fail(err, DR_E_INPUT, "'%s' is no host name", ex->at.host);
    if (ex->http.target[0] != '/' || !is_plain(ex->http.target, "#\\") ||
        strlen(ex->http.target) > URL_MAX)
        return dr_fail(err, DR_E_INPUT, "its target is not an encoded path");
    if (ex->http.login && (!ex->http.tls || ex->http.tls->mode == DR_TLS_REQUIRED)) {
        dr_fail(err, DR_E_INPUT, "its password would leave without verified TLS");
        dr_hint(err, "give the endpoint as https:// with a certificate that is verified");
        return -DR_E_INPUT;
    }
    return 0;
}

static void set_tls(CURL *c, const struct dr_tls *tls)
{
    bool by_name = tls->mode != DR_TLS_REQUIRED && tls->mode != DR_TLS_VERIFY_CA;
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, tls->mode == DR_TLS_REQUIRED ? 0L : 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, by_name ? 2L : 0L);
    if (tls->ca) {
        curl_easy_setopt(c, CURLOPT_CAINFO, tls->ca);
        curl_easy_setopt(c, CURLOPT_CAPATH, NULL); /* else the system's CAs count too */
    }
    if (tls->cert)
        curl_easy_setopt(c, CURLOPT_SSLCERT, tls->cert);
    if (tls->key)
        curl_easy_setopt(c, CURLOPT_SSLKEY, tls->key);
}

static void add_header(struct transfer *x, const char *line)
{
    struct curl_slist *more = curl_slist_append(x->headers, line);
    if (more)
        x->headers = more;
}

static void set_body(struct transfer *x)
{
    const struct dr_exchange *ex = &x->task->ex;
    const char *method = ex->http.method, *body = ex->http.body;
    bool sends = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(x->easy, CURLOPT_NOBODY, 1L);
    else if (strcmp(method, "GET") != 0)
        curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, method);
    if (!body && !sends)
        return;
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)(body ? strlen(body) : 0));
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, body ? body : "");
    add_header(x, "Content-Type: application/json");
    if (!ex->http.key)            /* curl would sign the header that it then leaves out */
        add_header(x, "Expect:"); /* no waiting for 100-continue */
}

static void set_login(struct transfer *x)
{
    const struct dr_login *login = x->task->ex.http.login;
    if (!login)
        return;
    curl_easy_setopt(x->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(x->easy, CURLOPT_USERNAME, login->user);
    curl_easy_setopt(x->easy, CURLOPT_PASSWORD,
                     login->password.bytes ? login->password.bytes : "");
}

/* curl 7.88 signs what it is given and adds no hash of the body. */
static void set_signature(struct transfer *x)
{
    const struct dr_store_key *key = x->task->ex.http.key;
    const char *body = x->task->ex.http.body ? x->task->ex.http.body : "";
    char hash[DR_SHA256_HEX];
    if (!key)
        return;
    dr_sha256_hex(hash, body, strlen(body));
    add_header(x, dr_sprintf(x->arena, "x-amz-content-sha256: %s", hash));
    curl_easy_setopt(x->easy, CURLOPT_AWS_SIGV4,
                     dr_sprintf(x->arena, "aws:amz:%s:s3",
                                key->region && *key->region ? key->region : "us-east-1"));
    curl_easy_setopt(x->easy, CURLOPT_USERNAME,
                     key->access.bytes ? key->access.bytes : "");
    curl_easy_setopt(x->easy, CURLOPT_PASSWORD,
                     key->secret.bytes ? key->secret.bytes : "");
}

static void set_limits(struct transfer *x, int64_t left_ms)
{
    CURL *c = x->easy;
    int64_t connect_ms = dr_live_connect_ms(x->endpoint->client->live, x->endpoint);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(left_ms < connect_ms ? left_ms : connect_ms));
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* no waiting for a hung resolver */
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    /* curl sends a request once more when a kept connection turns out to be closed: fine
     * for reading, a blind repetition for the rest. */
    if (!is_harmless(x->task->ex.http.method))
        curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
}

static void set_request(struct transfer *x)
{
    const struct dr_exchange *ex = &x->task->ex;
    char at[DR_HOST_MAX + 16];
    const char *target = ex->http.key ? dr_live_text_canonical(x->arena, ex->http.target)
                                      : ex->http.target;
    CURL *c = x->easy;
    curl_easy_setopt(c, CURLOPT_URL,
                     dr_sprintf(x->arena, "%s://%s%s", ex->http.tls ? "https" : "http",
                                dr_address_text(&ex->at, at), target));
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "drover");
    add_header(x, "Accept: application/json");
    set_body(x);
    set_login(x);
    set_signature(x);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, x->headers);
    if (ex->http.tls)
        set_tls(c, ex->http.tls);
    curl_easy_setopt(c, CURLOPT_PRIVATE, x);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->reason);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(c, CURLOPT_PREREQDATA, x);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, x);
    curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, x->endpoint->client->live);
}

static CURL *take_handle(struct dr_live *l)
{
    return l->handle_count ? l->handles[--l->handle_count] : curl_easy_init();
}

void dr_live_http_submit(struct dr_live *l, struct task *t)
{
    struct endpoint *e = dr_live_endpoint(t->client, &t->ex.at);
    struct dr_err err;
    int64_t left_ms = t->deadline_at_ms - dr_live_now_ms();
    CURL *easy = NULL;
    if (check(&t->ex, &err) < 0 ||
        !dr_live_endpoint_admit(e, !is_harmless(t->ex.http.method), &err)) {
        refuse(t, &err);
        return;
    }
    if (left_ms <= 0)
        dr_fail(&err, DR_E_TIMEOUT, "queued for %lld ms", (long long)t->ex.deadline_ms);
    else if (!open_multi(t->client) || !(easy = take_handle(l)))
        dr_fail(&err, DR_E_IO, "cannot make a request handle");
    if (!easy) {
        refuse(t, &err);
        return;
    }
    struct transfer *x = dr_xcalloc(1, sizeof(*x));
    x->task = t;
    x->endpoint = e;
    x->easy = easy;
    x->arena = dr_arena_new(0);
    x->trying = true;
    x->hasty = left_ms < HASTY_MS && left_ms < (int64_t)l->options.connect_ms;
    dr_live_endpoint_try(e);
    dr_buf_init(&x->body, t->ex.http.reply_max ? t->ex.http.reply_max : REPLY_MAX);
    set_limits(x, left_ms);
    set_request(x);
    x->at = &t->client->transfers;
    x->next = t->client->transfers;
    if (x->next)
        x->next->at = &x->next;
    t->client->transfers = x;
    CURLMcode added = curl_multi_add_handle(t->client->multi, easy);
    if (added != CURLM_OK) { /* it would never end */
        dr_fail(&err, DR_E_IO, "cannot begin the request: %s",
                curl_multi_strerror(added));
        place(&err, t);
        release(x);
        dr_live_answer_err(t, DR_NOT_SENT, &err);
    }
}

/* ---- its end ---------------------------------------------------------------------- */

static const struct {
    CURLcode curl;
    enum dr_code code;
} codes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, DR_E_UNREACHABLE},
    {CURLE_COULDNT_CONNECT, DR_E_UNREACHABLE},
    {CURLE_OPERATION_TIMEDOUT, DR_E_TIMEOUT},
    {CURLE_SEND_ERROR, DR_E_UNREACHABLE},
    {CURLE_RECV_ERROR, DR_E_UNREACHABLE},
    {CURLE_GOT_NOTHING, DR_E_UNREACHABLE},
    {CURLE_PARTIAL_FILE, DR_E_UNREACHABLE},
    {CURLE_SSL_CONNECT_ERROR, DR_E_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, DR_E_TLS},
    {CURLE_SSL_CACERT_BADFILE, DR_E_INPUT},
    {CURLE_SSL_CERTPROBLEM, DR_E_INPUT},
    {CURLE_SSL_CIPHER, DR_E_TLS},
    {CURLE_URL_MALFORMAT, DR_E_INPUT},
    {CURLE_WRITE_ERROR, DR_E_LIMIT},
};

/* Which deadline it was: an endpoint that is asked second has only what the first one
 * left of the call's, and "after 72 ms" alone would read as all the patience there is. */
static bool is_late(const struct transfer *x, CURLcode code)
{
    curl_off_t connect_us = 0; /* to connect may take less than the call */
    curl_easy_getinfo(x->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
    return code == CURLE_OPERATION_TIMEDOUT && connect_us > 0;
}

static void describe(const struct transfer *x, CURLcode code, struct dr_err *err)
{
    char text[CURL_ERROR_SIZE];
    long status = 0;
    enum dr_code ours = DR_E_PROTOCOL;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].curl == code)
            ours = codes[i].code;
    if (x->late)
        dr_fail(err, DR_E_TIMEOUT, "connected too late for it to be sent");
    else if (x->no_room)
        (void)dr_live_no_room(x->endpoint->client->live, err);
    else if (x->body.overflow)
        dr_fail(err, DR_E_LIMIT, "its answer is over %zu bytes", x->body.max);
    else if (x->header_bytes > HEADERS_MAX)
        dr_fail(err, DR_E_LIMIT, "its headers are over %d bytes", HEADERS_MAX);
    else if (is_late(x, code))
        dr_fail(err, ours, "no answer by the call's deadline, %lld ms after it was asked",
                (long long)x->task->ex.deadline_ms);
    else
        dr_fail(err, ours, "%s",
                dr_live_text_clean(text, sizeof(text),
                                   x->reason[0] ? x->reason : curl_easy_strerror(code)));
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    err->foreign = (int)status;
}

/* It took a read and not one byte came back: whoever asks it again and again, each time
 * on a new connection, makes things worse there. What changes something is asked in its
 * own time, and its loss says nothing about the next read. */
static bool is_silent(const struct transfer *x, const struct dr_err *err)
{
    return x->connected && !x->header_bytes && is_harmless(x->task->ex.http.method) &&
           (err->code == DR_E_TIMEOUT || err->code == DR_E_UNREACHABLE);
}

static void done(struct transfer *x, CURLcode code)
{
    struct task *t = x->task;
    struct dr_answer a = {.carried = DR_ANSWERED};
    const char *type = NULL;
    long status = 0, request_bytes = 0;
    struct dr_err err;
    if (code == CURLE_OK) {
        x->endpoint->stuck = false;
        dr_live_endpoint_ok(x->endpoint);
        curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type);
        a.http.status = (int)status;
        a.http.content_type = dr_strdup(x->arena, type);
        a.http.body = dr_strndup(x->arena, dr_buf_str(&x->body), x->body.len);
        a.http.body_len = x->body.len;
        a.arena = x->arena;
        x->arena = NULL;
        release(x);
        dr_live_answer(t, &a);
        return;
    }
    describe(x, code, &err);
    curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    bool sent = x->connected && request_bytes > 0;
    bool silent = is_silent(x, &err);
    if ((!x->connected || silent) && dr_live_is_dead(err.code) &&
        !(x->hasty && err.code == DR_E_TIMEOUT)) {
        no_longer_trying(x);
        x->endpoint->stuck |= silent;
        dr_live_endpoint_failed(x->endpoint->client->live, x->endpoint, &err);
    }
    place(&err, t);
    release(x);
    dr_live_answer_err(t, sent ? DR_LOST : DR_NOT_SENT, &err);
}

void dr_live_http_drop(struct client *c)
{
    while (c->transfers) {
        struct task *t = c->transfers->task;
        struct dr_err err;
        dr_fail(&err, DR_E_CANCELLED, "drover is ending");
        release(c->transfers);
        dr_live_answer_err(t, DR_LOST, &err);
    }
}

void dr_live_http_end(struct client *c)
{
    curl_multi_cleanup(c->multi);
    c->multi = NULL;
    dr_live_timer_stop(c->live, &c->multi_timer);
}

void dr_live_http_turned(struct dr_live *l)
{
    while (l->ended) {
        struct http_watch *w = l->ended;
        l->ended = w->next;
        free(w);
    }
}

void dr_live_http_free(struct dr_live *l)
{
    dr_live_http_turned(l);
    while (l->handle_count)
        curl_easy_cleanup(l->handles[--l->handle_count]);
}
