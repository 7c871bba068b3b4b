/* Whether an address is worth a connection: backoff after failures, and probes, which
 * wait for a SQL server's greeting on a non-blocking socket, so that endpoints that are
 * dead or hang cost no thread. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "controller/base/backoff.h"
#include "controller/estate/live/clock.h"
#include "controller/estate/live/machine.h"

struct probe {
    struct watch watch;
    struct timer timer;
    struct endpoint *endpoint;
    struct job *resolving; /* NULL: done, or not needed */
    struct sockaddr_storage found[DR_PROBE_ADDRESSES];
    size_t found_count, next;
    int fd;      /* -1: none */
    bool greets; /* it speaks first: SQL does, HTTP does not */
    bool connected, over;
    struct dr_err err; /* code 0: none */
};

static size_t bucket_of(const struct dr_address *at)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a; addresses come from declarations */
    for (const char *p = at->host; *p; p++)
        h = (h ^ (unsigned char)(*p | 0x20)) * 1099511628211u;
    return (h ^ at->port) % DR_BUCKETS;
}

struct endpoint *dr_live_endpoint(struct client *c, const struct dr_address *at)
{
    struct endpoint **bucket = &c->buckets[bucket_of(at)];
    for (struct endpoint *e = *bucket; e; e = e->next)
        if (dr_address_equal(&e->at, at))
            return e;
    struct endpoint *e = dr_xcalloc(1, sizeof(*e));
    e->client = c;
    e->at = *at;
    e->alive_at_ms = INT64_MIN;
    e->next = *bucket;
    *bucket = e;
    return e;
}

bool dr_live_endpoint_admit(struct endpoint *e, bool bold, struct dr_err *err)
{
    int64_t wait_ms = e->retry_at_ms - dr_live_now_ms();
    bool room = e->client->live->doubtful < e->client->live->options.doubtful;
    if (!e->failures || bold || (wait_ms <= 0 && !e->trying && room))
        return true;
    *err = *e->last;
    dr_wrap(err, "not tried again yet");
    err->retry_after_ms = wait_ms > 0 ? wait_ms : 0;
    return false;
}

void dr_live_endpoint_try(struct endpoint *e)
{
    e->trying++;
    if (e->failures) {
        e->doubtful++;
        e->client->live->doubtful++;
    }
}

void dr_live_endpoint_tried(struct endpoint *e)
{
    e->trying--;
    if (e->doubtful) {
        e->doubtful--;
        e->client->live->doubtful--;
    }
}

void dr_live_endpoint_ok(struct endpoint *e)
{
    e->failures = 0;
    free(e->last);
    e->last = NULL;
}

void dr_live_endpoint_failed(struct dr_live *l, struct endpoint *e,
                             const struct dr_err *err)
{
    e->retry_at_ms = dr_live_now_ms() + dr_backoff_ms(e->failures, &l->prng);
    e->failures++;
    e->alive_at_ms = INT64_MIN;
    if (!e->last)
        e->last = dr_xcalloc(1, sizeof(*e->last));
    *e->last = *err;
}

bool dr_live_is_dead(enum dr_code code)
{
    return code == DR_E_UNREACHABLE || code == DR_E_TIMEOUT || code == DR_E_PROTOCOL;
}

/* ---- probes -------------------------------------------------------------------- */

static void drop_socket(struct dr_live *l, struct probe *p)
{
    if (p->fd >= 0) {
        dr_live_watch_drop(l, p->fd);
        close(p->fd);
        l->descriptors--;
    }
    p->fd = -1;
    p->connected = false;
}

static void free_probe(struct dr_live *l, struct probe *p)
{
    drop_socket(l, p);
    dr_live_timer_stop(l, &p->timer);
    if (p->resolving && dr_live_job_withdraw(l, p->resolving))
        dr_live_job_free(p->resolving);
    p->endpoint->probe = NULL;
    free(p);
}

/* Ends the probe at the next turn of the loop, not under the caller's feet. */
static void end(struct dr_live *l, struct probe *p)
{
    p->over = true;
    dr_live_timer_set(l, &p->timer, 0);
}

static void finish(struct dr_live *l, struct probe *p)
{
    struct endpoint *e = p->endpoint;
    struct dr_err err = p->err;
    free_probe(l, p);
    dr_live_endpoint_tried(e);
    if (err.code) {
        dr_live_endpoint_failed(l, e, &err);
    } else {
        if (!e->stuck) /* else a greeting proves little, and the backoff goes on */
            dr_live_endpoint_ok(e);
        e->alive_at_ms = dr_live_now_ms();
    }
    dr_live_seats_probed(l, e, err.code ? &err : NULL);
}

static void timed(struct dr_live *l, struct timer *t)
{
    struct probe *p = DR_CONTAINER(t, struct probe, timer);
    if (!p->over)
        dr_fail(&p->err, DR_E_TIMEOUT, "%s within %u ms",
                p->resolving   ? "its name is not resolved"
                : p->connected ? "it accepts connections, but says nothing"
                               : "no connection",
                l->options.connect_ms);
    finish(l, p);
}

/* Tries the addresses in turn; p->err is that of the last one. */
static void try_next(struct dr_live *l, struct probe *p)
{
    drop_socket(l, p);
    while (p->next < p->found_count) {
        const struct sockaddr_storage *to = &p->found[p->next++];
        socklen_t len = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                  : sizeof(struct sockaddr_in);
        p->fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int failed = p->fd < 0 ? errno : 0;
        if (!failed && connect(p->fd, (const struct sockaddr *)to, len) != 0 &&
            errno != EINPROGRESS)
            failed = errno;
        if (!failed)
            failed = dr_live_watch_add(l, &p->watch, p->fd, EPOLLOUT);
        if (!failed) {
            l->descriptors++;
            return;
        }
        dr_fail_errno(&p->err, failed, "no connection");
        p->err.code = DR_E_UNREACHABLE;
        p->err.class = DR_CLASS_RETRY;
        if (p->fd >= 0)
            close(p->fd);
        p->fd = -1;
    }
    if (!p->err.code)
        dr_fail(&p->err, DR_E_UNREACHABLE, "its name has no address");
    end(l, p);
}

/* Keeps the address that answered, so that it is not looked up once more. */
static void keep_literal(struct probe *p)
{
    const struct sockaddr_storage *to = &p->found[p->next - 1];
    if (getnameinfo((const struct sockaddr *)to, sizeof(*to), p->endpoint->literal,
                    sizeof(p->endpoint->literal), NULL, 0, NI_NUMERICHOST) != 0)
        p->endpoint->literal[0] = '\0';
}

static void ready(struct dr_live *l, struct watch *w)
{
    struct probe *p = DR_CONTAINER(w, struct probe, watch);
    int failed = 0;
    socklen_t len = sizeof(failed);
    char byte;
    if (p->over)
        return;
    getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &failed, &len);
    if (!failed && !p->connected && !p->greets) {
        drop_socket(l, p);
        end(l, p);
        return;
    }
    if (!failed && !p->connected) {
        p->connected = true;
        dr_live_watch_again(l, w, p->fd, EPOLLIN); /* the server speaks first */
        return;
    }
    ssize_t got = failed ? -1 : recv(p->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) {
        keep_literal(p);
        p->err = (struct dr_err){0};
        drop_socket(l, p);
        end(l, p);
        return;
    }
    if (got < 0 && !failed)
        failed = errno;
    if (failed) {
        dr_fail_errno(&p->err, failed, "no connection");
        p->err.code = DR_E_UNREACHABLE;
        p->err.class = DR_CLASS_RETRY;
    } else {
        dr_fail(&p->err, DR_E_UNREACHABLE, "it closes new connections without a word");
    }
    try_next(l, p);
}

void dr_live_probe_resolved(struct dr_live *l, struct job *j)
{
    struct probe *p = j->endpoint->probe;
    if (p && p->resolving == j) { /* else it was given up on */
        p->resolving = NULL;
        memcpy(p->found, j->found, sizeof(p->found));
        p->found_count = j->found_count;
        p->err = j->rc < 0 ? j->err : (struct dr_err){0};
        try_next(l, p);
    }
    dr_live_job_free(j);
}

static bool parse_literal(struct probe *p)
{
    const struct dr_address *at = &p->endpoint->at;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&p->found[0];
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&p->found[0];
    if (inet_pton(AF_INET, at->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(at->port);
        return true;
    }
    if (inet_pton(AF_INET6, at->host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(at->port);
        return true;
    }
    return false;
}

void dr_live_probe_start(struct dr_live *l, struct endpoint *e, bool greets)
{
    struct probe *p = dr_xcalloc(1, sizeof(*p));
    p->watch.ready = ready;
    p->timer.fire = timed;
    p->endpoint = e;
    p->greets = greets;
    p->fd = -1;
    e->probe = p;
    dr_live_endpoint_try(e);
    dr_live_timer_set(l, &p->timer, dr_live_now_ms() + l->options.connect_ms);
    if (parse_literal(p)) {
        p->found_count = 1;
        try_next(l, p);
        return;
    }
    p->resolving = dr_live_job_new(JOB_RESOLVE, POOL_RESOLVE, e->client);
    p->resolving->endpoint = e;
    dr_live_job_submit(l, p->resolving);
}

void dr_live_knock(struct dr_live *l, struct endpoint *e)
{
    if (e->knocked || e->failures || e->trying || e->client->ending)
        return;
    e->knocked = true;
    dr_live_probe_start(l, e, false);
}

int64_t dr_live_connect_ms(const struct dr_live *l, const struct endpoint *e)
{
    int64_t all_ms = l->options.connect_ms;
    int64_t left_ms = e->probe ? e->probe->timer.at_ms - dr_live_now_ms() : all_ms;
    return left_ms < 1 ? 1 : left_ms < all_ms ? left_ms : all_ms;
}

void dr_live_endpoints_free(struct client *c)
{
    for (size_t i = 0; i < DR_BUCKETS; i++)
        for (struct endpoint *e = c->buckets[i], *next; e; e = next) {
            next = e->next;
            if (e->probe)
                free_probe(c->live, e->probe);
            dr_live_seats_free(c->live, e);
            c->live->doubtful -= e->doubtful;
            free(e->last);
            free(e);
        }
}
