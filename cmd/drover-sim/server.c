#include "cmd/drover-sim/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/drover-sim/conn.h"
#include "cmd/drover-sim/ctl.h"
#include "cmd/drover-sim/http.h"
#include "cmd/drover-sim/listener.h"
#include "cmd/drover-sim/mysql.h"
#include "controller/base/arena.h"

enum {
    EVENTS = 128,
    ACCEPTS = 64,             /* at one event */
    SWEEP_MS = 100,           /* between two looks at every connection */
    REFUSALS_SAID_MS = 60000, /* no sooner once more */
    FOLLOWED = 512,           /* listeners that one sweep compares with the model */
    SPARE_FDS = 64,     /* for all that is no client's connection, and no listener */
    CONNECTIONS = 2048, /* unless another number is asked for; each costs 100 KiB */
    FILES_MAX = 65536,
    MEMORY_MAX = 512 * 1024 * 1024, /* of all connections' buffers */
    CROWD = 4,     /* one listener takes at most a quarter of all connections */
    TEXT_MAX = 200 /* of an unknown statement, in the log */
};

struct dr_sim_server {
    struct dr_model *model;
    void (*say)(const char *line);
    int epoll, signals;
    struct timespec start;
    struct dr_sim_listener *listeners;
    size_t listener_count, followed;
    uint64_t network_seen;
    SSL_CTX **contexts; /* by cluster of the document; NULL: none */
    size_t context_count;
    struct dr_sim_conn *first;
    size_t count, max;
    int64_t sweep_ms;
    int spare; /* a descriptor given up to take, and refuse, one client more */
    bool full; /* there are no descriptors left: accepts wait for the next sweep */
    int64_t refusals_said_ms; /* when it was last said that clients are refused */
    bool reap;                /* some connection is dead */
    bool again;               /* some connection is runnable */
    bool pending;             /* some connection waits for the model, or is runnable */
    uint64_t unknown_seen;
};

static int64_t now_ms(const struct dr_sim_server *s)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (t.tv_sec - s->start.tv_sec) * 1000 + (t.tv_nsec - s->start.tv_nsec) / 1000000;
}

/* ---- listeners ---- */

static int watch(struct dr_sim_server *s, int fd, uint32_t events, void *what)
{
    struct epoll_event e = {.events = events, .data.ptr = what};
    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int open_listener(struct dr_sim_server *s, struct dr_sim_listener *l,
                         struct dr_err *err)
{
    int rc = dr_listener_open(l, err);
    if (rc == 0 && watch(s, l->fd, EPOLLIN, l) != 0)
        rc = dr_fail_errno(err, errno, "epoll");
    return rc;
}

static void listen_for(struct dr_sim_server *s, struct dr_sim_listener *l, bool accept)
{
    struct epoll_event e = {.events = accept ? EPOLLIN : 0, .data.ptr = l};
    if (l->fd >= 0)
        epoll_ctl(s->epoll, EPOLL_CTL_MOD, l->fd, &e);
}

/* A process that the model took down refuses connections, one that hangs leaves them
 * waiting; and they are taken again later. */
static void follow_process(struct dr_sim_server *s, struct dr_sim_listener *l)
{
    struct dr_err err = {.code = 0};
    bool silent = dr_model_silent(s->model, &l->at);
    bool up = silent || dr_model_up(s->model, &l->at);
    if (!up)
        dr_listener_close(l);
    if (up && l->fd < 0) {
        bool failed = open_listener(s, l, &err) != 0;
        if (failed && !l->complained)
            s->say(err.text);
        l->complained = failed;
        l->silent = false;
    }
    if (l->silent != silent)
        listen_for(s, l, !silent);
    l->silent = silent;
}

static SSL_CTX *context_of(const struct dr_sim_server *s, const struct dr_estate_doc *doc,
                           const struct dr_address *at)
{
    for (size_t i = 0; i < doc->cluster_count; i++)
        for (size_t k = 0; k < doc->clusters[i].sql_count; k++) {
            const struct dr_hostport *a = &doc->clusters[i].sql[k].address;
            if (a->port == at->port && strcasecmp(a->host, at->host) == 0)
                return s->contexts[i];
        }
    return NULL;
}

static int load_certificates(struct dr_sim_server *s,
                             const struct dr_sim_server_options *o, struct dr_err *err)
{
    struct dr_arena *a = dr_arena_new(0);
    int rc = 0;
    s->context_count = o->doc->cluster_count;
    s->contexts = dr_xcalloc(s->context_count, sizeof(SSL_CTX *));
    for (size_t i = 0; rc == 0 && i < s->context_count; i++) {
        const char *cert = o->doc->clusters[i].tls.cert,
                   *key = o->doc->clusters[i].tls.key;
        if (!cert || !key)
            continue;
        if (*cert != '/')
            cert = dr_sprintf(a, "%s/%s", o->tls_dir, cert);
        if (*key != '/')
            key = dr_sprintf(a, "%s/%s", o->tls_dir, key);
        rc = dr_tls_context(&s->contexts[i], cert, key, err);
    }
    dr_arena_free(a);
    return rc;
}

static int open_all(struct dr_sim_server *s, const struct dr_sim_server_options *o,
                    struct dr_err *err)
{
    size_t n;
    const struct dr_model_listener *of_model = dr_model_listeners(s->model, &n);
    s->listeners = dr_xcalloc(n + 1, sizeof(*s->listeners));
    s->listener_count = n + 1;
    for (size_t i = 0; i <= n; i++)
        s->listeners[i].fd = -1;
    s->listeners[n].protocol = &dr_ctl_protocol;
    s->listeners[n].path = o->ctl_socket;
    for (size_t i = 0; i < n; i++) {
        struct dr_sim_listener *l = &s->listeners[i];
        bool sql = of_model[i].port == DR_PORT_SQL;
        l->at = of_model[i].at;
        l->protocol = sql ? &dr_mysql_protocol : &dr_httpd_protocol;
        l->tls = sql ? context_of(s, o->doc, &l->at) : NULL;
    }
    for (size_t i = 0; i <= n; i++) {
        int rc = open_listener(s, &s->listeners[i], err);
        if (rc)
            return rc;
    }
    return 0;
}

/* ---- connections ---- */

static void after_event(struct dr_sim_server *s, struct dr_sim_conn *c)
{
    s->reap = s->reap || c->dead;
    s->again = s->again || c->runnable;
    s->pending = s->pending || c->runnable || c->stream.waiting;
    uint32_t wants = dr_conn_wants(c);
    if (c->dead || c->muted || wants == c->interest)
        return;
    struct epoll_event e = {.events = wants, .data.ptr = c};
    if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &e) != 0)
        s->reap = c->dead = true;
    c->interest = wants;
}

static void event(struct dr_sim_server *s, struct dr_sim_conn *c, uint32_t events,
                  int64_t now)
{
    if (c->dead)
        return;
    dr_conn_event(c, events, now);
    after_event(s, c);
}

static void refuse(struct dr_sim_server *s, const struct dr_sim_listener *l, int fd,
                   int64_t now)
{
    struct dr_buf words;
    dr_buf_init(&words, 1024);
    l->protocol->refuse(&words);
    ssize_t n = write(fd, dr_buf_str(&words), words.len);
    (void)n; /* a courtesy */
    dr_buf_release(&words);
    close(fd);
    if (now - s->refusals_said_ms < REFUSALS_SAID_MS)
        return;
    char line[160];
    snprintf(line, sizeof(line),
             "refusing connections: %zu are open, of at most %zu, a quarter for one port "
             "(--max-connections, ulimit -n)",
             s->count, s->max);
    s->say(line);
    s->refusals_said_ms = now;
}

static void take_connection(struct dr_sim_server *s, struct dr_sim_listener *l, int fd,
                            const char *host, int64_t now)
{
    if (s->count >= s->max || l->connections >= s->max / CROWD) {
        refuse(s, l, fd, now);
        return;
    }
    struct dr_sim_conn *c =
        dr_conn_new(fd, l->protocol, s->model, &l->at, host, l->tls, now);
    if (!c)
        return;
    c->owner = l;
    c->next = s->first;
    if (s->first)
        s->first->prev = c;
    s->first = c;
    s->count++;
    l->connections++;
    c->interest = EPOLLIN | EPOLLRDHUP;
    if (!c->muted && watch(s, fd, c->interest, c) != 0)
        c->dead = true;
    event(s, c, 0, now); /* the greeting */
}

/* Without a descriptor for a client: who is not told would wait in the backlog until he
 * gives up, and stay there, for a connection is freed only when it was accepted. */
static bool refuse_waiting(struct dr_sim_server *s, struct dr_sim_listener *l,
                           int64_t now)
{
    char host[DR_CONN_HOST_MAX];
    if (s->spare < 0)
        return false;
    close(s->spare);
    int fd = dr_listener_accept(l, host, sizeof(host), &s->full);
    if (fd >= 0)
        refuse(s, l, fd, now);
    s->spare = dup(s->epoll);
    s->full = s->spare < 0;
    return fd >= 0;
}

static void accept_some(struct dr_sim_server *s, struct dr_sim_listener *l, int64_t now)
{
    char host[DR_CONN_HOST_MAX];
    for (int i = 0; i < ACCEPTS && l->fd >= 0 && !l->silent && !s->full; i++) {
        int fd = dr_listener_accept(l, host, sizeof(host), &s->full);
        if (fd < 0 && s->full && refuse_waiting(s, l, now))
            continue;
        if (fd < 0)
            break;
        take_connection(s, l, fd, host, now);
    }
    if (s->full) /* the socket stays readable: look away until the next sweep */
        listen_for(s, l, false);
}

static void bury(struct dr_sim_server *s)
{
    for (struct dr_sim_conn *c = s->first, *next; s->reap && c; c = next) {
        next = c->next;
        if (!c->dead)
            continue;
        struct dr_sim_listener *l = c->owner;
        *(c->prev ? &c->prev->next : &s->first) = c->next;
        if (c->next)
            c->next->prev = c->prev;
        l->connections--;
        s->count--;
        dr_conn_free(c);
    }
    s->reap = false;
}

/* Answers that became ready, and connections that have more to do at once. What one of
 * them does may release another (a lock), so until nothing moves. */
static void resume_waiting(struct dr_sim_server *s, int64_t now)
{
    bool moved = true;
    for (int round = 0; s->pending && moved && round < 8; round++) {
        moved = s->again = s->pending = false;
        for (struct dr_sim_conn *c = s->first; c; c = c->next) {
            bool waited = c->stream.waiting;
            if (!c->dead && (waited || c->runnable)) {
                event(s, c, 0, now);
                moved = moved || waited != c->stream.waiting;
            }
        }
    }
}

/* Bounded memory whatever clients do: those with the most in their buffers go. */
static void shed(struct dr_sim_server *s)
{
    for (;;) {
        size_t total = 0, most = 0;
        struct dr_sim_conn *largest = NULL;
        for (struct dr_sim_conn *c = s->first; c; c = c->next) {
            size_t bytes = c->dead ? 0 : dr_conn_bytes(c);
            total += bytes;
            if (bytes > most) {
                most = bytes;
                largest = c;
            }
        }
        if (total <= MEMORY_MAX || !largest)
            return;
        s->say(
            "clients have more than 512 MiB under way: closing the greediest connection");
        largest->dead = s->reap = true;
    }
}

/* A partition was made or healed: whom it concerns falls silent, or is heard again. */
static void follow_network(struct dr_sim_server *s, int64_t now)
{
    uint64_t changes = dr_model_network_changes(s->model);
    if (changes == s->network_seen)
        return;
    s->network_seen = changes;
    for (struct dr_sim_conn *c = s->first; c; c = c->next)
        if (!c->dead && dr_conn_follow_network(c)) {
            /* Out of sight: epoll would tell of a client's reset again and again. */
            if (c->muted)
                epoll_ctl(s->epoll, EPOLL_CTL_DEL, c->fd, NULL);
            else if (watch(s, c->fd, c->interest, c) != 0)
                s->reap = c->dead = true;
            event(s, c, c->muted ? 0 : EPOLLIN, now);
        }
}

static void sweep(struct dr_sim_server *s, int64_t now)
{
    for (size_t i = 0; i < s->listener_count && i < FOLLOWED; i++) {
        struct dr_sim_listener *l = &s->listeners[s->followed];
        s->followed = (s->followed + 1) % s->listener_count;
        if (!l->path)
            follow_process(s, l);
    }
    for (size_t i = 0; s->full && i < s->listener_count; i++)
        if (!s->listeners[i].silent)
            listen_for(s, &s->listeners[i], true);
    s->full = false;
    for (struct dr_sim_conn *c = s->first; c; c = c->next) {
        dr_conn_sweep(c, now);
        s->reap = s->reap || c->dead;
    }
    shed(s);
    s->sweep_ms = now + SWEEP_MS;
}

/* ---- what nobody knew ---- */

/* A statement's text without what stands in quotes: it may be a password. */
static void put_masked(struct dr_buf *out, const char *text)
{
    char quote = 0;
    for (size_t i = 0; text[i] && out->len < TEXT_MAX; i++) {
        char ch = text[i];
        if (quote) {
            if (ch == '\\' && text[i + 1])
                i++;
            else if (ch == quote)
                quote = 0;
            if (!quote)
                dr_buf_addc(out, ch);
        } else {
            quote = ch == '\'' || ch == '"' ? ch : 0;
            dr_buf_addc(out, (unsigned char)ch < ' ' ? ' ' : ch);
        }
    }
}

static void report_unknown(struct dr_sim_server *s)
{
    const json_t *list = NULL;
    uint64_t total = dr_model_unknown(s->model, &list), fresh = total - s->unknown_seen;
    size_t kept = json_array_size(list);
    s->unknown_seen = total;
    for (size_t i = fresh < kept ? kept - (size_t)fresh : 0; fresh && i < kept; i++) {
        const json_t *one = json_array_get(list, i);
        const char *at = json_string_value(json_object_get(one, "at"));
        const char *text = json_string_value(json_object_get(one, "text"));
        struct dr_buf line;
        dr_buf_init(&line, 2 * TEXT_MAX);
        put_masked(&line, text ? text : "");
        char said[3 * TEXT_MAX];
        snprintf(said, sizeof(said), "unknown at %s: %s", at ? at : "?",
                 dr_buf_str(&line));
        s->say(said);
        dr_buf_release(&line);
    }
}

/* ---- the loop ---- */

static int timeout_ms(const struct dr_sim_server *s, int64_t now)
{
    int64_t until = dr_model_next_ms(s->model);
    if (s->sweep_ms < until)
        until = s->sweep_ms;
    if (s->again || s->reap || until <= now)
        return 0;
    return (int)(until - now);
}

static bool is_listener(const struct dr_sim_server *s, const void *p)
{
    const struct dr_sim_listener *l = p;
    return l >= s->listeners && l < s->listeners + s->listener_count;
}

int dr_sim_server_run(struct dr_sim_server *s, struct dr_err *err)
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int n = epoll_wait(s->epoll, events, EVENTS, timeout_ms(s, now_ms(s)));
        if (n < 0 && errno != EINTR)
            return dr_fail_errno(err, errno, "epoll_wait");
        int64_t now = now_ms(s);
        dr_model_advance(s->model, now);
        for (int i = 0; i < n; i++) {
            void *what = events[i].data.ptr;
            if (what == s)
                return 0; /* SIGTERM or SIGINT */
            if (is_listener(s, what))
                accept_some(s, what, now);
            else
                event(s, what, events[i].events, now);
        }
        follow_network(s, now);
        resume_waiting(s, now);
        if (now >= s->sweep_ms)
            sweep(s, now);
        bury(s);
        report_unknown(s);
    }
}

static size_t room_for_connections(size_t wanted, size_t listeners)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 256;
    rlim_t most = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
    if (files.rlim_cur < most) {
        files.rlim_cur = most;
        (void)setrlimit(RLIMIT_NOFILE, &files); /* fewer connections then */
        (void)getrlimit(RLIMIT_NOFILE, &files);
    }
    size_t room = files.rlim_cur < FILES_MAX ? (size_t)files.rlim_cur : FILES_MAX;
    size_t others = listeners + SPARE_FDS;
    room = room > others + SPARE_FDS ? room - others : SPARE_FDS;
    wanted = wanted ? wanted : CONNECTIONS;
    return wanted < room ? wanted : room;
}

static int start(struct dr_sim_server *s, const struct dr_sim_server_options *o,
                 struct dr_err *err)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->signals = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
    s->spare = s->epoll < 0 ? -1 : dup(s->epoll);
    if (s->epoll < 0 || s->signals < 0 || s->spare < 0 ||
        sigprocmask(SIG_BLOCK, &ends, NULL) != 0 || watch(s, s->signals, EPOLLIN, s) != 0)
        return dr_fail_errno(err, errno, "cannot set up the event loop");
    int rc = load_certificates(s, o, err);
    return rc ? rc : open_all(s, o, err);
}

int dr_sim_server_new(struct dr_sim_server **out, struct dr_model *m,
                      const struct dr_sim_server_options *options, struct dr_err *err)
{
    struct dr_sim_server *s = dr_xcalloc(1, sizeof(*s));
    s->model = m;
    s->say = options->say;
    s->epoll = s->signals = s->spare = -1;
    s->refusals_said_ms = -REFUSALS_SAID_MS;
    clock_gettime(CLOCK_MONOTONIC, &s->start);
    size_t listeners;
    (void)dr_model_listeners(m, &listeners);
    s->max = room_for_connections(options->max_connections, listeners);
    int rc = start(s, options, err);
    if (rc) {
        dr_sim_server_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

void dr_sim_server_free(struct dr_sim_server *s)
{
    if (!s)
        return;
    for (struct dr_sim_conn *c = s->first; c; c = c->next)
        c->dead = true;
    s->reap = true;
    bury(s);
    for (size_t i = 0; i < s->listener_count; i++) {
        if (s->listeners[i].path && s->listeners[i].fd >= 0)
            unlink(s->listeners[i].path);
        dr_listener_close(&s->listeners[i]);
    }
    for (size_t i = 0; i < s->context_count; i++)
        SSL_CTX_free(s->contexts[i]);
    free(s->contexts);
    free(s->listeners);
    if (s->signals >= 0)
        close(s->signals);
    if (s->spare >= 0)
        close(s->spare);
    if (s->epoll >= 0)
        close(s->epoll);
    free(s);
}
