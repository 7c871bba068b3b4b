#include "controller/estate/live/live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "controller/estate/live/clock.h"
#include "controller/estate/live/machine.h"

enum {
    CONNECT_MS = 3000,
    IDLE_MS = 120000,
    EVENTS = 256,
    NAP_MAX_MS = 1000,
    FAR_MS = 2000000000,
    WAKE_TRIES = 3,
    SPARE_DESCRIPTORS = 128,
    DESCRIPTORS_MAX = 1000000,
    /* Endpoints that fail are tried once per backoff each; when a whole estate is sick
     * that is a storm all the same, and what accepts no connection keeps each attempt in
     * its backlog. So only that many of them, of all clients, are tried at a time: those
     * that hang then cost this many connects per timeout, those that answer or refuse,
     * nothing. */
    DOUBTFUL_MAX = 64
};

/* ---- lists, watches, answers ------------------------------------------------------ */

void dr_live_task_push(struct task_list *list, struct task *t)
{
    if (!list->tail)
        list->tail = &list->head;
    t->next = NULL;
    *list->tail = t;
    list->tail = &t->next;
}

struct task *dr_live_task_pop(struct task_list *list)
{
    struct task *t = list->head;
    if (t)
        dr_live_task_remove(list, t);
    return t;
}

void dr_live_task_remove(struct task_list *list, struct task *t)
{
    for (struct task **at = &list->head; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            if (!*at)
                list->tail = at;
            t->next = NULL;
            return;
        }
}

static void free_task(struct task *t)
{
    if (t->text) {
        explicit_bzero(t->text, strlen(t->text));
        free(t->text);
    }
    free(t);
}

static struct epoll_event epoll_event(struct watch *w, uint32_t events)
{
    bool on = events & DR_WATCH_ON;
    return (struct epoll_event){
        .events = (events & ~DR_WATCH_ON) | (on ? 0 : EPOLLONESHOT), .data.ptr = w};
}

int dr_live_watch_add(struct dr_live *l, struct watch *w, int fd, uint32_t events)
{
    struct epoll_event e = epoll_event(w, events);
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : errno;
}

void dr_live_watch_again(struct dr_live *l, struct watch *w, int fd, uint32_t events)
{
    struct epoll_event e = epoll_event(w, events);
    (void)epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &e);
}

void dr_live_watch_drop(struct dr_live *l, int fd)
{
    (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void dr_live_answer(struct task *t, struct dr_answer *answer)
{
    struct client *c = t->client;
    struct dr_live *l = c->live;
    struct answer_node *n = dr_xcalloc(1, sizeof(*n));
    n->answer = *answer;
    n->answer.ticket = t->ticket;
    if (!n->answer.arena)
        n->answer.arena = dr_arena_new(0);
    dr_live_timer_stop(l, &t->timer);
    free_task(t);
    pthread_mutex_lock(&c->lock);
    *c->done_tail = n;
    c->done_tail = &n->next;
    pthread_mutex_unlock(&c->lock);
    if (!c->called) {
        c->called = true;
        c->next_called = l->called;
        l->called = c;
    }
}

/* Tells those that have answers: once a turn, for each wakeup costs more than an answer.
 * No client can leave before: that takes this thread, too. */
static void call(struct dr_live *l)
{
    while (l->called) {
        struct client *c = l->called;
        l->called = c->next_called;
        c->called = false;
        pthread_cond_signal(&c->answered);
    }
}

void dr_live_answer_err(struct task *t, enum dr_carried carried, const struct dr_err *err)
{
    struct dr_answer a = {.carried = carried, .err = *err};
    if (carried == DR_LOST) { /* so that it can be killed and seen gone */
        a.sql.session = t->session;
        a.sql.connection_id = t->connection_id;
    }
    dr_live_answer(t, &a);
}

void dr_live_err_place(struct dr_err *err, const char *what, const struct dr_address *at)
{
    char text[DR_HOST_MAX + 16];
    dr_wrap(err, "%s %s", what, dr_address_text(at, text));
}

/* ---- the owner thread ------------------------------------------------------------- */

static void take_task(struct dr_live *l, struct task *t)
{
    struct client *c = t->client;
    struct dr_err err;
    if (t->knock) {
        dr_live_knock(l, dr_live_endpoint(c, &t->ex.at));
        free_task(t);
    } else if (t->leave) {
        c->ending = true;
        c->next = l->leaving;
        l->leaving = c;
        dr_live_http_drop(c);
        free_task(t);
    } else if (!t->ticket) {
        dr_live_seats_hang_up(c, t->ex.sql.login);
        free_task(t);
    } else if (t->ex.deadline_ms <= 0 ||
               (t->ex.kind == DR_EXCHANGE_SQL && (!t->ex.sql.login || !t->text))) {
        dr_fail(&err, DR_E_BUG, "an exchange without a deadline, login or statement");
        dr_live_answer_err(t, DR_NOT_SENT, &err);
    } else if (t->ex.kind == DR_EXCHANGE_SQL) {
        dr_live_seat_submit(l, t);
    } else {
        dr_live_http_submit(l, t);
    }
}

/* What other threads left for the owner. True: go on. */
static bool take_mail(struct dr_live *l)
{
    pthread_mutex_lock(&l->lock);
    struct task *t = l->inbox.head;
    struct job *j = l->returned;
    l->inbox = (struct task_list){0};
    l->returned = NULL;
    l->returned_tail = &l->returned;
    pthread_mutex_unlock(&l->lock);
    for (struct job *next; j; j = next) {
        next = j->next;
        dr_live_job_over(l, j);
        if (j->kind == JOB_RESOLVE)
            dr_live_probe_resolved(l, j);
        else
            dr_live_seat_returned(l, j);
    }
    bool go_on = true;
    for (struct task *next; t; t = next) {
        next = t->next;
        if (t->quit) {
            go_on = false;
            free_task(t);
        } else {
            take_task(l, t);
        }
    }
    return go_on;
}

void dr_live_wake(const struct dr_live *l)
{
    /* full: it will wake; anything else is tried again, for a wakeup lost costs a nap */
    for (int i = 0; i < WAKE_TRIES; i++)
        if (write(l->wakeup[1], "", 1) == 1 || errno == EAGAIN)
            return;
}

static void turn(struct dr_live *l)
{
    struct epoll_event events[EVENTS];
    char calls[256];
    int64_t now_ms = dr_live_now_ms(), next_ms = dr_live_timers_run(l, now_ms);
    int64_t nap_ms = next_ms - now_ms;
    call(l);
    if (nap_ms > NAP_MAX_MS) /* so that a wakeup that is lost costs no more */
        nap_ms = NAP_MAX_MS;
    int n = epoll_wait(l->epoll, events, EVENTS, nap_ms > 0 ? (int)nap_ms : 0);
    for (int i = 0; i < n; i++) {
        struct watch *w = events[i].data.ptr;
        if (w) {
            w->events = events[i].events;
            w->ready(l, w);
        } else {
            (void)!read(l->wakeup[0], calls, sizeof(calls)); /* take_mail comes next */
        }
    }
    dr_live_http_turned(l);
}

/* Lets those go that have no job out. Each job ends soon: its socket is shut, or it is
 * connecting. */
static void part(struct dr_live *l)
{
    for (struct client **at = &l->leaving; *at;) {
        struct client *c = *at;
        dr_live_seats_hang_up(c, NULL);
        if (c->jobs_out) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        dr_live_endpoints_free(c);
        dr_live_http_end(c);
        call(l);
        pthread_mutex_lock(&c->lock);
        c->gone = true;
        pthread_cond_signal(&c->answered);
        pthread_mutex_unlock(&c->lock);
    }
}

static void *own(void *arg)
{
    struct dr_live *l = arg;
    dr_live_sql_thread_begin();
    while (take_mail(l)) {
        part(l);
        turn(l);
    }
    dr_live_sql_thread_end();
    return NULL;
}

/* ---- the carrier ------------------------------------------------------------------ */

static void post(struct dr_live *l, struct task *t)
{
    pthread_mutex_lock(&l->lock);
    bool first = !l->inbox.head;
    dr_live_task_push(&l->inbox, t);
    pthread_mutex_unlock(&l->lock);
    if (first) /* else a wakeup is on its way */
        dr_live_wake(l);
}

static struct task *new_task(struct dr_carrier *c)
{
    struct task *t = dr_xcalloc(1, sizeof(*t));
    t->client = (struct client *)c;
    return t;
}

static void live_submit(struct dr_carrier *c, const struct dr_exchange *ex,
                        uint64_t *ticket)
{
    struct dr_live *l = ((struct client *)c)->live;
    struct task *t = new_task(c);
    t->ex = *ex;
    t->deadline_at_ms = dr_live_now_ms() + ex->deadline_ms;
    if (ex->kind == DR_EXCHANGE_SQL && ex->sql.text)
        t->text = dr_xstrdup(ex->sql.text);
    pthread_mutex_lock(&l->lock);
    *ticket = t->ticket = ++l->tickets;
    pthread_mutex_unlock(&l->lock);
    post(l, t);
}

static void live_hang_up(struct dr_carrier *c, const struct dr_login *login)
{
    struct task *t = new_task(c);
    t->ex.sql.login = login;
    post(t->client->live, t);
}

static void live_expect(struct dr_carrier *c, const struct dr_address *at)
{
    struct task *t = new_task(c);
    t->knock = true;
    t->ex.at = *at;
    post(t->client->live, t);
}

/* A time of our clock as one of the clock that conditions wait by. */
static struct timespec as_monotonic(int64_t at_ms)
{
    int64_t now_ms = dr_live_now_ms(), far_ms = FAR_MS; /* INT64_MAX means for ever */
    int64_t left_ms = at_ms <= now_ms           ? 0
                      : at_ms - now_ms < far_ms ? at_ms - now_ms
                                                : far_ms;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    left_ms += t.tv_nsec / 1000000;
    return (struct timespec){.tv_sec = t.tv_sec + (time_t)(left_ms / 1000),
                             .tv_nsec =
                                 (long)(left_ms % 1000) * 1000000 + t.tv_nsec % 1000000};
}

static bool live_wait(struct dr_carrier *carrier, int64_t until_ms, struct dr_answer *out)
{
    struct client *c = (struct client *)carrier;
    struct timespec until = as_monotonic(until_ms);
    pthread_mutex_lock(&c->lock);
    while (!c->done &&
           pthread_cond_timedwait(&c->answered, &c->lock, &until) != ETIMEDOUT)
        ;
    struct answer_node *n = c->done;
    if (n) {
        c->done = n->next;
        if (!c->done)
            c->done_tail = &c->done;
    }
    pthread_mutex_unlock(&c->lock);
    if (!n)
        return false;
    *out = n->answer;
    free(n);
    return true;
}

static int64_t live_now_ms(struct dr_carrier *c)
{
    (void)c;
    return dr_live_now_ms();
}

static void live_free(struct dr_carrier *carrier)
{
    struct client *c = (struct client *)carrier;
    struct dr_live *l = c->live;
    struct task *t = new_task(carrier);
    t->leave = true;
    post(l, t);
    pthread_mutex_lock(&c->lock);
    while (!c->gone)
        pthread_cond_wait(&c->answered, &c->lock);
    pthread_mutex_unlock(&c->lock);
    while (c->done) {
        struct answer_node *n = c->done;
        c->done = n->next;
        dr_arena_free(n->answer.arena);
        free(n);
    }
    pthread_cond_destroy(&c->answered);
    pthread_mutex_destroy(&c->lock);
    if (c->alone)
        dr_live_stop(l);
    free(c);
}

/* ---- clients ---------------------------------------------------------------------- */

static struct client *new_client(struct dr_live *l, bool alone)
{
    struct client *c = dr_xcalloc(1, sizeof(*c));
    pthread_condattr_t monotonic;
    c->face = (struct dr_carrier){.submit = live_submit,
                                  .wait = live_wait,
                                  .now_ms = live_now_ms,
                                  .hang_up = live_hang_up,
                                  .expect = live_expect,
                                  .free = live_free};
    c->live = l;
    c->alone = alone;
    c->done_tail = &c->done;
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return c;
}

struct dr_carrier *dr_live_client(struct dr_live *l)
{
    return &new_client(l, false)->face;
}

int dr_live_new(struct dr_carrier **out, const struct dr_live_options *opt,
                struct dr_err *err)
{
    struct dr_live *l;
    int rc = dr_live_start(&l, opt, err);
    if (rc == 0)
        *out = &new_client(l, true)->face;
    return rc;
}

/* ---- the threads ------------------------------------------------------------------ */

static void free_live(struct dr_live *l)
{
    dr_live_http_free(l);
    if (l->epoll >= 0)
        close(l->epoll);
    for (int i = 0; i < 2; i++)
        if (l->wakeup[i] >= 0)
            close(l->wakeup[i]);
    free(l->timers.heap);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

void dr_live_stop(struct dr_live *l)
{
    struct task *t = dr_xcalloc(1, sizeof(*t));
    t->quit = true;
    post(l, t);
    pthread_join(l->owner, NULL);
    dr_live_pools_stop(l);
    free_live(l);
}

static void curl_begin(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* The owner and, from it, the workers take no signals: those are the main thread's, and
 * a broken pipe is an error code here. */
static int start_owner(struct dr_live *l)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&l->owner, NULL, own, l);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed;
}

/* What the process may have, without what it needs for everything else. */
static unsigned descriptors(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < 2 * SPARE_DESCRIPTORS)
        return SPARE_DESCRIPTORS;
    rlim_t most = files.rlim_cur < DESCRIPTORS_MAX ? files.rlim_cur : DESCRIPTORS_MAX;
    return (unsigned)most - SPARE_DESCRIPTORS;
}

int dr_live_start(struct dr_live **out, const struct dr_live_options *opt,
                  struct dr_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, curl_begin);
    dr_live_sql_library();
    struct dr_live *l = dr_xcalloc(1, sizeof(*l));
    if (opt)
        l->options = *opt;
    if (!l->options.connect_ms)
        l->options.connect_ms = CONNECT_MS;
    if (!l->options.idle_ms)
        l->options.idle_ms = IDLE_MS;
    l->descriptors_max = l->options.descriptors ? l->options.descriptors : descriptors();
    if (!l->options.doubtful)
        l->options.doubtful = DOUBTFUL_MAX;
    l->prng.state = l->options.seed ? l->options.seed : (uint64_t)dr_live_now_ms();
    pthread_mutex_init(&l->lock, NULL);
    l->returned_tail = &l->returned;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    int failed = l->epoll < 0 ? errno : 0;
    if (pipe2(l->wakeup, O_CLOEXEC | O_NONBLOCK) != 0) {
        failed = failed ? failed : errno;
        l->wakeup[0] = l->wakeup[1] = -1;
    }
    /* by the edge: where reading fails, what is left in the pipe must not keep it awake
     */
    struct epoll_event mail = {.events = EPOLLIN | EPOLLET};
    if (!failed && epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wakeup[0], &mail) != 0)
        failed = failed ? failed : errno;
    if (!failed) {
        dr_live_pools_init(l);
        failed = start_owner(l);
        if (failed)
            dr_live_pools_stop(l);
    }
    if (failed) {
        free_live(l);
        return dr_fail_errno(err, failed, "cannot start the network threads");
    }
    *out = l;
    return 0;
}
