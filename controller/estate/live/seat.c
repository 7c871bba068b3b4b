/* A seat is one address, login and lane: at most one session, at most one exchange in
 * flight on it, the others wait in order. This file is the life of a SQL exchange. */
#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "controller/estate/live/clock.h"
#include "controller/estate/live/machine.h"

enum {
    PROVEN_MS = 15000,    /* how long a sign of life allows to connect unprobed */
    DOUBTFUL_MS = 500,    /* an attempt that lasts longer may well be in vain */
    AT_ONCE_BYTES = 4096, /* what the kernel takes from an idle session without waiting */
    SESSION_DESCRIPTORS = 2, /* the library's, and ours */
    STEPS_IDLE_MS = 20000,
    JUST_USED_MS = 2000, /* a session that may be wanted again at once */
    STALL_MS = 200,      /* an answer that takes longer to arrive holds its worker */
};

enum phase {
    SEAT_FREE,     /* nothing under way; a session, if any, is idle */
    SEAT_PROBING,  /* waits for the endpoint's probe, or for another seat's attempt */
    SEAT_OPENING,  /* a job connects */
    SEAT_SENDING,  /* a job writes the statement */
    SEAT_AWAITING, /* the statement is sent; the socket is watched */
    SEAT_READING,  /* a job reads the answer */
};

struct session {
    uint64_t number, connection_id;
    struct dr_sql *sql;
};

struct seat {
    struct seat *next; /* of the endpoint */
    struct endpoint *endpoint;
    const struct dr_login *login;
    enum dr_lane lane;
    enum phase phase;
    struct session session; /* number 0: none */
    struct task *current;   /* NULL: none, or answered before its job came back */
    struct task_list waiting;
    struct job *job; /* in OPENING, SENDING, READING */
    bool armed;      /* the watch will report */
    bool readable;   /* it did, while the statement was being sent */
    bool hung_up;    /* close the session when the job comes back */
    struct watch watch;
    struct timer limit;         /* of OPENING and READING */
    struct timer idle;          /* set while there is a session */
    struct seat *older, *newer; /* among those with a session */
    int64_t used_at_ms;         /* the session, last */
};

static const enum pool_kind lane_pools[] = {
    [DR_LANE_OBSERVE] = POOL_OBSERVE, [DR_LANE_ACT] = POOL_ACT,
    [DR_LANE_LEASE] = POOL_LEASE,     [DR_LANE_JOB] = POOL_JOB,
    [DR_LANE_LOGIN] = POOL_OBSERVE,
};
_Static_assert(sizeof(lane_pools) / sizeof(lane_pools[0]) == DR_LANE_COUNT_,
               "a row each");

static void pump(struct dr_live *l, struct seat *s);

/* ---- answers and sessions ------------------------------------------------------- */

static void answer_fail(struct seat *s, enum dr_carried carried, struct dr_err *err)
{
    struct task *t = s->current;
    s->current = NULL;
    dr_live_err_place(err, "sql", &s->endpoint->at);
    dr_live_answer_err(t, carried, err);
}

/* Gives what a job brought to the exchange that is current. */
static void answer_job(struct seat *s, struct job *j)
{
    struct task *t = s->current;
    struct dr_answer a = {.carried = DR_ANSWERED, .sql = j->answer, .arena = j->arena};
    s->current = NULL;
    j->arena = NULL;
    a.sql.session = s->session.number;
    a.sql.connection_id = s->session.connection_id;
    dr_live_answer(t, &a);
}

static void arm(struct dr_live *l, struct seat *s)
{
    if (!s->armed)
        dr_live_watch_again(l, &s->watch, dr_live_sql_fd(s->session.sql),
                            EPOLLIN | EPOLLRDHUP);
    s->armed = true;
}

/* Has the peer taken all that was sent? A server may go on answering what it never read,
 * until neither kernel has room: a write would wait then. */
static bool has_taken_all(const struct seat *s)
{
    int left = 1;
    return ioctl(dr_live_sql_fd(s->session.sql), SIOCOUTQ, &left) == 0 && left == 0;
}

static void unlist(struct dr_live *l, struct seat *s)
{
    *(s->older ? &s->older->newer : &l->idle_first) = s->newer;
    *(s->newer ? &s->newer->older : &l->idle_last) = s->older;
    s->older = s->newer = NULL;
}

static void list_last(struct dr_live *l, struct seat *s)
{
    s->older = l->idle_last;
    s->newer = NULL;
    *(s->older ? &s->older->newer : &l->idle_first) = s;
    l->idle_last = s;
}

static void close_connection(struct dr_live *l, struct dr_sql *sql)
{
    l->descriptors -= SESSION_DESCRIPTORS;
    dr_live_sql_close(sql);
}

/* abrupt: the peer is not told, because it does not listen. */
static void close_session(struct dr_live *l, struct seat *s, bool abrupt)
{
    if (!s->session.number)
        return;
    dr_live_watch_drop(l, dr_live_sql_fd(s->session.sql));
    if (abrupt || !has_taken_all(s))
        dr_live_sql_shut(s->session.sql);
    close_connection(l, s->session.sql);
    unlist(l, s);
    s->session = (struct session){0};
    s->armed = s->readable = s->hung_up = false;
}

/* The seat itself stays, for somebody may be walking over its endpoint's. */
bool dr_live_make_room(struct dr_live *l, unsigned descriptors)
{
    int64_t now_ms = dr_live_now_ms();
    for (struct seat *s = l->idle_first, *newer; s; s = newer) {
        newer = s->newer;
        if (l->descriptors + descriptors <= l->descriptors_max ||
            now_ms - s->used_at_ms < JUST_USED_MS)
            break;
        if (s->phase == SEAT_FREE && !s->current)
            close_session(l, s, false);
    }
    return l->descriptors + descriptors <= l->descriptors_max;
}

int dr_live_no_room(const struct dr_live *l, struct dr_err *err)
{
    dr_fail(err, DR_E_IO, "no file descriptor is left for it: connections have %u",
            l->descriptors);
    dr_hint(err, "let drover have more: ulimit -n, LimitNOFILE= of systemd");
    return -DR_E_IO;
}

/* ---- the steps of one exchange --------------------------------------------------- */

static void start_job(struct dr_live *l, struct seat *s, struct job *j, enum phase phase)
{
    j->seat = s;
    s->job = j;
    s->phase = phase;
    dr_live_job_submit(l, j);
}

/* Into an empty queue, so that it cannot wait. */
static void send_at_once(struct dr_live *l, struct seat *s)
{
    struct dr_err err;
    if (dr_live_sql_send(s->session.sql, s->current->text, &err) < 0) {
        s->phase = SEAT_FREE;
        close_session(l, s, true);
        answer_fail(s, DR_LOST, &err);
    } else {
        s->phase = SEAT_AWAITING;
        arm(l, s);
    }
}

static void start_send(struct dr_live *l, struct seat *s)
{
    s->readable = false;
    s->current->session = s->session.number;
    s->current->connection_id = s->session.connection_id;
    if (strlen(s->current->text) <= AT_ONCE_BYTES && has_taken_all(s)) {
        send_at_once(l, s);
        return;
    }
    struct job *j = dr_live_job_new(JOB_SEND, lane_pools[s->lane], s->endpoint->client);
    j->sql = s->session.sql;
    j->text = s->current->text; /* the job's from now on: it may outlive the exchange */
    s->current->text = NULL;
    start_job(l, s, j, SEAT_SENDING);
}

static struct job *new_read(struct seat *s)
{
    struct job *j = dr_live_job_new(JOB_READ, lane_pools[s->lane], s->endpoint->client);
    j->sql = s->session.sql;
    j->arena = dr_arena_new(0);
    return j;
}

static void start_read(struct dr_live *l, struct seat *s)
{
    dr_live_timer_set(l, &s->limit, dr_live_now_ms() + STALL_MS);
    start_job(l, s, new_read(s), SEAT_READING);
}

/* The answer is all there: waking a worker for it would take longer than reading it. The
 * seat may be gone afterwards. */
static void read_at_once(struct dr_live *l, struct seat *s)
{
    struct job *j = new_read(s);
    j->seat = s;
    s->phase = SEAT_READING;
    j->rc = dr_live_sql_read(j->sql, j->arena, &j->answer, &j->err);
    dr_live_seat_returned(l, j);
}

/* literal: where the host was found just now, NULL: not known. Older findings do not
 * count, for names move. */
static void start_open(struct dr_live *l, struct seat *s, bool proven,
                       const char *literal)
{
    struct endpoint *e = s->endpoint;
    struct job *j = dr_live_job_new(JOB_OPEN, lane_pools[s->lane], e->client);
    j->sql = dr_live_sql_new();
    l->descriptors += SESSION_DESCRIPTORS;
    j->arena = dr_arena_new(0);
    j->unproven = !proven;
    if (literal)
        snprintf(j->literal, sizeof(j->literal), "%s", literal);
    j->dial = (struct dr_sql_dial){.at = e->at,
                                   .literal = j->literal[0] ? j->literal : NULL,
                                   .login = s->login,
                                   .timeout_ms = l->options.connect_ms,
                                   .bare = s->lane == DR_LANE_LOGIN,
                                   .plugin_dir = l->options.plugin_dir};
    if (!e->trying)
        e->trying_since_ms = dr_live_now_ms();
    dr_live_endpoint_try(e);
    dr_live_timer_set(l, &s->limit,
                      dr_live_now_ms() + 2 * (int64_t)l->options.connect_ms + 1000);
    start_job(l, s, j, SEAT_OPENING);
}

/* A login that is fed byte by byte never meets the library's own timeouts; an answer may
 * take its time, but not the place of others. */
static void too_long(struct dr_live *l, struct timer *t)
{
    struct seat *s = DR_CONTAINER(t, struct seat, limit);
    if (s->phase == SEAT_OPENING)
        dr_live_sql_shut(s->job->sql);
    else if (s->phase == SEAT_READING && s->job)
        dr_live_job_stalls(l, s->job);
}

/* A login that hangs holds a worker. Only some of them are for endpoints where it did:
 * many of these must not keep others from logging in. */
static bool has_room(const struct dr_live *l, const struct seat *s, struct dr_err *err)
{
    const struct endpoint *e = s->endpoint;
    if (!e->stuck || dr_live_pool_unproven_room(l, lane_pools[s->lane]))
        return true;
    dr_fail(err, DR_E_TIMEOUT, "queued: its last login hung, and so do others");
    return false;
}

static void connect_seat(struct dr_live *l, struct seat *s)
{
    struct endpoint *e = s->endpoint;
    struct dr_err err;
    bool bold = s->lane == DR_LANE_ACT || s->lane == DR_LANE_JOB;
    if (!dr_live_endpoint_admit(e, bold, &err) || !has_room(l, s, &err) ||
        (!dr_live_make_room(l, SESSION_DESCRIPTORS) && dr_live_no_room(l, &err) < 0)) {
        answer_fail(s, DR_NOT_SENT, &err);
        return;
    }
    bool proven =
        e->alive_at_ms > INT64_MIN && dr_live_now_ms() - e->alive_at_ms < PROVEN_MS;
    /* one more attempt would end no sooner than the one that seems to be in vain */
    if (!proven && !bold && !e->probe && e->trying &&
        dr_live_now_ms() - e->trying_since_ms > DOUBTFUL_MS) {
        s->phase = SEAT_PROBING;
        return;
    }
    if (proven || (!e->failures && !e->probe &&
                   dr_live_pool_unproven_room(l, lane_pools[s->lane]))) {
        start_open(l, s, proven, NULL);
        return;
    }
    s->phase = SEAT_PROBING;
    if (!e->probe)
        dr_live_probe_start(l, e, true);
}

/* Did the server end an idle session, unseen so far? Then nothing was sent on it. */
static bool is_stale(const struct session *session)
{
    char byte;
    ssize_t got = recv(dr_live_sql_fd(session->sql), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static void begin(struct dr_live *l, struct seat *s)
{
    uint64_t need = s->current->ex.sql.session;
    if (s->session.number && is_stale(&s->session))
        close_session(l, s, true);
    if (need && need != s->session.number) {
        struct dr_err err;
        dr_fail(&err, DR_E_CONFLICT, "session %llu is gone", (unsigned long long)need);
        answer_fail(s, DR_NOT_SENT, &err);
    } else if (s->session.number) {
        start_send(l, s);
    } else {
        connect_seat(l, s);
    }
}

static void free_seat(struct dr_live *l, struct seat *s)
{
    struct seat **at = &s->endpoint->seats;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    dr_live_timer_stop(l, &s->limit);
    dr_live_timer_stop(l, &s->idle);
    free(s);
}

/* Starts what waits. The seat may be gone afterwards. */
static void pump(struct dr_live *l, struct seat *s)
{
    while (s->phase == SEAT_FREE && !s->current && !s->endpoint->client->ending) {
        s->current = dr_live_task_pop(&s->waiting);
        if (!s->current)
            break;
        begin(l, s);
    }
    if (s->phase == SEAT_FREE && !s->current && !s->waiting.head && !s->session.number)
        free_seat(l, s);
}

/* Rounds come back to what they read on; steps come in a row, and then none for long. */
static int64_t idle_ms(const struct dr_live *l, const struct seat *s)
{
    bool steps = s->lane == DR_LANE_ACT || s->lane == DR_LANE_JOB;
    return steps && l->options.idle_ms > STEPS_IDLE_MS ? STEPS_IDLE_MS
                                                       : l->options.idle_ms;
}

/* What nobody uses costs memory here, and a connection there. The timer is not moved at
 * each exchange, but looks when the session was used last. */
static void idle_for_long(struct dr_live *l, struct timer *t)
{
    struct seat *s = DR_CONTAINER(t, struct seat, idle);
    int64_t now_ms = dr_live_now_ms();
    int64_t over_ms = s->used_at_ms + idle_ms(l, s);
    if (!s->session.number)
        return;
    if (s->phase != SEAT_FREE || now_ms < over_ms) {
        dr_live_timer_set(l, t, over_ms > now_ms ? over_ms : now_ms + idle_ms(l, s));
        return;
    }
    close_session(l, s, false);
    pump(l, s);
}

static void mark_used(struct dr_live *l, struct seat *s)
{
    s->used_at_ms = dr_live_now_ms();
    unlist(l, s);
    list_last(l, s);
    if (!s->idle.slot)
        dr_live_timer_set(l, &s->idle, s->used_at_ms + idle_ms(l, s));
}

/* ---- what ends an exchange early -------------------------------------------------- */

/* Takes a job back that is still queued: nothing was sent then. */
static bool take_back(struct dr_live *l, struct seat *s)
{
    struct job *j = s->job;
    if (!dr_live_job_withdraw(l, j))
        return false;
    if (s->phase == SEAT_OPENING) {
        dr_live_endpoint_tried(s->endpoint);
        close_connection(l, j->sql);
    }
    dr_live_timer_stop(l, &s->limit);
    dr_live_job_free(j);
    s->job = NULL;
    if (s->phase == SEAT_OPENING && !s->endpoint->probe)
        dr_live_seats_probed(l, s->endpoint, NULL); /* who waited for it tries itself */
    return true;
}

/* The current exchange ends now, whatever its job does. Out: is it proven that nothing
 * was sent, and did it only wait here? */
static enum dr_carried abandon(struct dr_live *l, struct seat *s, bool *queued)
{
    enum phase was = s->phase;
    *queued = false;
    switch (was) {
    case SEAT_FREE:
    case SEAT_PROBING:
        s->phase = SEAT_FREE;
        return DR_NOT_SENT;
    case SEAT_OPENING:
        *queued = take_back(l, s);
        if (*queued)
            s->phase = SEAT_FREE;
        return DR_NOT_SENT;
    case SEAT_SENDING:
        *queued = take_back(l, s);
        if (*queued) {
            s->phase = SEAT_FREE;
            if (s->readable) /* an idle session has nothing to say but its end */
                close_session(l, s, true);
            return DR_NOT_SENT;
        }
        break;
    case SEAT_AWAITING:
        close_session(l, s, true);
        s->phase = SEAT_FREE;
        break;
    case SEAT_READING:
        if (take_back(l, s)) {
            close_session(l, s, true);
            s->phase = SEAT_FREE;
        }
        break;
    }
    if (s->phase != SEAT_FREE)
        dr_live_sql_shut(s->session.sql);
    s->endpoint->alive_at_ms = INT64_MIN; /* let the next connect be probed first */
    return DR_LOST;
}

static void deadline(struct dr_live *l, struct timer *timer)
{
    struct task *t = DR_CONTAINER(timer, struct task, timer);
    struct seat *s = t->seat;
    struct dr_err err;
    long long ms = t->ex.deadline_ms;
    if (t != s->current) {
        dr_live_task_remove(&s->waiting, t);
        dr_fail(&err, DR_E_TIMEOUT, "queued for %lld ms behind another exchange", ms);
        dr_live_err_place(&err, "sql", &s->endpoint->at);
        dr_live_answer_err(t, DR_NOT_SENT, &err);
        return;
    }
    bool queued;
    enum dr_carried carried = abandon(l, s, &queued);
    if (queued)
        dr_fail(&err, DR_E_TIMEOUT, "queued for %lld ms: no worker was free", ms);
    else if (carried == DR_NOT_SENT)
        dr_fail(&err, DR_E_TIMEOUT, "not connected within %lld ms", ms);
    else
        dr_fail(&err, DR_E_TIMEOUT, "no answer within %lld ms", ms);
    answer_fail(s, carried, &err);
    pump(l, s);
}

static void hang_up(struct dr_live *l, struct seat *s)
{
    struct dr_err err;
    bool queued;
    if (s->phase == SEAT_PROBING)
        return; /* no session yet */
    if (s->current) {
        enum dr_carried carried = abandon(l, s, &queued);
        dr_fail(&err, DR_E_CANCELLED, "the session was closed on request");
        answer_fail(s, carried, &err);
    }
    if (s->phase == SEAT_FREE)
        close_session(l, s, false);
    else
        s->hung_up = true;
    if (s->phase == SEAT_OPENING)
        dr_live_sql_shut(s->job->sql);
    pump(l, s);
}

void dr_live_seats_hang_up(struct client *c, const struct dr_login *login)
{
    for (size_t i = 0; i < DR_BUCKETS; i++)
        for (struct endpoint *e = c->buckets[i]; e; e = e->next)
            for (struct seat *s = e->seats, *next; s; s = next) {
                next = s->next;
                if (!login || s->login == login)
                    hang_up(c->live, s);
            }
}

/* ---- what jobs and sockets report ------------------------------------------------- */

static void ready(struct dr_live *l, struct watch *w)
{
    struct seat *s = DR_CONTAINER(w, struct seat, watch);
    s->armed = false;
    switch (s->phase) {
    case SEAT_FREE: /* idle: the server closed it, or says what nobody asked for */
        close_session(l, s, true);
        pump(l, s);
        return;
    case SEAT_SENDING:
        s->readable = true;
        return;
    case SEAT_AWAITING:
        if (dr_live_sql_is_whole(s->session.sql))
            read_at_once(l, s);
        else
            start_read(l, s);
        return;
    case SEAT_PROBING:
    case SEAT_OPENING:
    case SEAT_READING:
        return;
    }
}

/* The connection becomes the seat's session. False: it is of no use, and closed. */
static bool adopt(struct dr_live *l, struct seat *s, struct job *j)
{
    if (j->rc == 0 && !j->answer.error) {
        int failed =
            dr_live_watch_add(l, &s->watch, dr_live_sql_fd(j->sql), EPOLLIN | EPOLLRDHUP);
        if (!failed) {
            s->session = (struct session){.number = ++l->sessions,
                                          .connection_id = j->answer.connection_id,
                                          .sql = j->sql};
            s->armed = true;
            list_last(l, s);
            mark_used(l, s);
            return true;
        }
        j->rc = dr_fail_errno(&j->err, failed, "cannot watch its socket");
    }
    close_connection(l, j->sql);
    return false;
}

static void opened(struct dr_live *l, struct seat *s, struct job *j)
{
    struct endpoint *e = s->endpoint;
    bool usable = adopt(l, s, j), hung_up = s->hung_up;
    const struct dr_err *dead = NULL;
    struct dr_err why;
    dr_live_endpoint_tried(e);
    dr_live_timer_stop(l, &s->limit);
    s->phase = SEAT_FREE;
    s->hung_up = false;
    if (j->rc == 0 || !dr_live_is_dead(j->err.code)) {
        e->stuck = false;
        dr_live_endpoint_ok(e);
        e->alive_at_ms = dr_live_now_ms();
    } else if (!hung_up) {
        e->stuck = j->err.code == DR_E_TIMEOUT;
        dr_live_endpoint_failed(l, e, &j->err);
        why = j->err;
        dead = &why;
    }
    if (!s->current) { /* answered meanwhile; the session may serve the next one */
        if (usable && (hung_up || s->lane == DR_LANE_LOGIN))
            close_session(l, s, false);
    } else if (usable) {
        start_send(l, s);
    } else if (j->rc == 0) {
        answer_job(s, j);
    } else {
        answer_fail(s, DR_NOT_SENT, &j->err);
    }
    if (!e->probe)
        dr_live_seats_probed(l, e, dead);
}

static void sent(struct dr_live *l, struct seat *s, struct job *j)
{
    s->phase = SEAT_FREE;
    if (j->rc < 0 || !s->current) {
        close_session(l, s, true);
        if (s->current)
            answer_fail(s, DR_LOST, &j->err);
    } else if (s->readable) {
        start_read(l, s);
    } else {
        s->phase = SEAT_AWAITING;
        arm(l, s);
    }
}

static void read_whole(struct dr_live *l, struct seat *s, struct job *j)
{
    dr_live_timer_stop(l, &s->limit);
    s->phase = SEAT_FREE;
    if (j->rc < 0 || !s->current) {
        close_session(l, s, true);
        if (s->current)
            answer_fail(s, DR_LOST, &j->err);
        return;
    }
    mark_used(l, s);
    s->endpoint->alive_at_ms = s->used_at_ms;
    answer_job(s, j);
    if (s->lane == DR_LANE_LOGIN)
        close_session(l, s, false);
    else
        arm(l, s);
}

void dr_live_seat_returned(struct dr_live *l, struct job *j)
{
    struct seat *s = j->seat;
    s->job = NULL;
    switch (j->kind) {
    case JOB_OPEN:
        opened(l, s, j);
        break;
    case JOB_SEND:
        sent(l, s, j);
        break;
    case JOB_READ:
        read_whole(l, s, j);
        break;
    case JOB_RESOLVE: /* never a seat's */
        break;
    }
    dr_live_job_free(j);
    pump(l, s);
}

void dr_live_seats_probed(struct dr_live *l, struct endpoint *e, const struct dr_err *err)
{
    for (struct seat *s = e->seats, *next; s; s = next) {
        next = s->next;
        if (s->phase != SEAT_PROBING)
            continue;
        s->phase = SEAT_FREE;
        struct dr_err own;
        if (err) {
            own = *err;
            answer_fail(s, DR_NOT_SENT, &own);
        } else if (e->client->ending) {
            dr_fail(&own, DR_E_CANCELLED, "drover is ending");
            answer_fail(s, DR_NOT_SENT, &own);
        } else if (!has_room(l, s, &own)) {
            answer_fail(s, DR_NOT_SENT, &own);
        } else {
            start_open(l, s, !e->stuck, e->literal);
        }
        pump(l, s);
    }
}

/* ---- in and out ------------------------------------------------------------------- */

void dr_live_seat_submit(struct dr_live *l, struct task *t)
{
    struct endpoint *e = dr_live_endpoint(t->client, &t->ex.at);
    struct seat *s = e->seats;
    while (s && (s->login != t->ex.sql.login || s->lane != t->ex.sql.lane))
        s = s->next;
    if (!s) {
        s = dr_xcalloc(1, sizeof(*s));
        s->endpoint = e;
        s->login = t->ex.sql.login;
        s->lane = t->ex.sql.lane;
        s->watch.ready = ready;
        s->limit.fire = too_long;
        s->idle.fire = idle_for_long;
        s->next = e->seats;
        e->seats = s;
    }
    t->seat = s;
    t->timer.fire = deadline;
    dr_live_timer_set(l, &t->timer, t->deadline_at_ms);
    dr_live_task_push(&s->waiting, t);
    pump(l, s);
}

void dr_live_seats_free(struct dr_live *l, struct endpoint *e)
{
    struct dr_err err;
    dr_fail(&err, DR_E_CANCELLED, "drover is ending");
    while (e->seats) {
        struct seat *s = e->seats;
        struct task *t = s->current;
        for (; t || (t = dr_live_task_pop(&s->waiting)); t = NULL)
            dr_live_answer_err(t, DR_NOT_SENT, &err);
        close_session(l, s, false);
        free_seat(l, s);
    }
}
