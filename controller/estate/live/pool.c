/* Worker threads: each lane has its own, made when work waits and none is idle, so that
 * what hangs in one lane never delays another. */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/estate/live/machine.h"

enum {
    STACK_BYTES = 1024 * 1024,
    INSTEAD_MAX = 256 /* threads of a pool in the places of stalled ones */
};

static const struct {
    unsigned threads;
    unsigned opening;  /* of them, that may connect at a time: the sessions that are there
                          always find one */
    unsigned unproven; /* of these, for endpoints that have not shown life */
} pool_sizes[] = {
    // clang-format off
    [POOL_OBSERVE] = {32, 24, 8}, /* and LOGIN */
    [POOL_ACT]     = { 8,  6, 4},
    [POOL_LEASE]   = { 8,  6, 4},
    [POOL_JOB]     = { 4,  3, 2},
    [POOL_RESOLVE] = { 4,  0, 0},
    // clang-format on
};
_Static_assert(sizeof(pool_sizes) / sizeof(pool_sizes[0]) == POOL_COUNT_, "a row each");

struct worker {
    struct dr_live *live;
    enum pool_kind kind;
};

static void resolve(struct job *j)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char port[8];
    snprintf(port, sizeof(port), "%u", j->endpoint->at.port);
    int rc = getaddrinfo(j->endpoint->at.host, port, &hints, &list);
    if (rc != 0) {
        j->rc = dr_fail(&j->err, DR_E_UNREACHABLE, "cannot resolve '%s': %s",
                        j->endpoint->at.host,
                        rc == EAI_SYSTEM ? "system error" : gai_strerror(rc));
        return;
    }
    for (struct addrinfo *a = list; a && j->found_count < DR_PROBE_ADDRESSES;
         a = a->ai_next)
        if (a->ai_addrlen <= sizeof(j->found[0]))
            memcpy(&j->found[j->found_count++], a->ai_addr, a->ai_addrlen);
    freeaddrinfo(list);
}

static void run(struct job *j)
{
    switch (j->kind) {
    case JOB_OPEN:
        j->rc = dr_live_sql_open(j->sql, &j->dial, j->arena, &j->answer, &j->err);
        return;
    case JOB_SEND:
        j->rc = dr_live_sql_send(j->sql, j->text, &j->err);
        return;
    case JOB_READ:
        j->rc = dr_live_sql_read(j->sql, j->arena, &j->answer, &j->err);
        return;
    case JOB_RESOLVE:
        resolve(j);
        return;
    }
}

static struct job_list *list_of(struct pool *p, const struct job *j)
{
    return j->kind == JOB_OPEN ? &p->opens : &p->others;
}

static struct job *take(struct job_list *list)
{
    struct job *j = list->head;
    list->head = j->next;
    if (!list->head)
        list->tail = &list->head;
    j->next = NULL;
    return j;
}

/* NULL: the end. */
static struct job *next_job(struct dr_live *l, struct worker *w)
{
    struct pool *p = &l->pools[w->kind];
    struct job *j = NULL;
    p->idle++;
    for (;;) {
        if (p->others.head)
            j = take(&p->others);
        else if (p->opens.head && p->opening < pool_sizes[w->kind].opening)
            j = take(&p->opens);
        if (j || l->stop)
            break;
        pthread_cond_wait(&p->work, &l->lock);
    }
    p->idle--;
    return j;
}

static void *work(void *arg)
{
    struct worker w = *(struct worker *)arg;
    struct pool *p = &w.live->pools[w.kind];
    struct job *j;
    free(arg);
    dr_live_sql_thread_begin();
    pthread_mutex_lock(&w.live->lock);
    while ((j = next_job(w.live, &w))) {
        p->opening += j->kind == JOB_OPEN;
        pthread_mutex_unlock(&w.live->lock);
        run(j);
        pthread_mutex_lock(&w.live->lock);
        p->opening -= j->kind == JOB_OPEN;
        bool first = !w.live->returned;
        *w.live->returned_tail = j;
        w.live->returned_tail = &j->next;
        if (first) { /* else a wakeup is on its way */
            pthread_mutex_unlock(&w.live->lock);
            dr_live_wake(w.live);
            pthread_mutex_lock(&w.live->lock);
        }
    }
    pthread_mutex_unlock(&w.live->lock);
    dr_live_sql_thread_end();
    return NULL;
}

/* Under the lock. A thread that cannot be made is no failure while there are others; the
 * jobs wait, and their exchanges have deadlines. */
static void add_thread(struct dr_live *l, enum pool_kind kind)
{
    pthread_attr_t attr;
    pthread_t thread;
    struct worker *w = dr_xcalloc(1, sizeof(*w));
    *w = (struct worker){.live = l, .kind = kind};
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (pthread_create(&thread, &attr, work, w) == 0) {
        if (l->thread_count == l->thread_room) {
            l->thread_room = l->thread_room ? l->thread_room * 2 : 16;
            l->threads = dr_xrealloc(l->threads, l->thread_room * sizeof(pthread_t));
        }
        l->threads[l->thread_count++] = thread;
        l->pools[kind].threads++;
    } else {
        free(w);
    }
    pthread_attr_destroy(&attr);
}

struct job *dr_live_job_new(enum job_kind kind, enum pool_kind pool, struct client *c)
{
    struct job *j = dr_xcalloc(1, sizeof(*j));
    j->kind = kind;
    j->pool = pool;
    j->client = c;
    return j;
}

void dr_live_job_free(struct job *j)
{
    if (j->text) {
        explicit_bzero(j->text, strlen(j->text));
        free(j->text);
    }
    dr_arena_free(j->arena);
    free(j);
}

/* Under the lock: a thread more, when work waits and none is idle. */
static void staff(struct dr_live *l, enum pool_kind kind)
{
    const struct pool *p = &l->pools[kind];
    unsigned instead = p->stalled < INSTEAD_MAX ? p->stalled : INSTEAD_MAX, queued = 0;
    for (const struct job *q = p->others.head; q && queued <= p->idle; q = q->next)
        queued++;
    for (const struct job *q = p->opens.head; q && queued <= p->idle; q = q->next)
        queued++;
    if (queued > p->idle && p->threads < pool_sizes[kind].threads + instead)
        add_thread(l, kind);
}

void dr_live_job_submit(struct dr_live *l, struct job *j)
{
    struct pool *p = &l->pools[j->pool];
    struct job_list *list = list_of(p, j);
    j->client->jobs_out++;
    if (j->unproven)
        p->unproven++;
    pthread_mutex_lock(&l->lock);
    *list->tail = j;
    list->tail = &j->next;
    staff(l, j->pool);
    pthread_mutex_unlock(&l->lock);
    pthread_cond_signal(&p->work);
}

void dr_live_job_stalls(struct dr_live *l, struct job *j)
{
    if (j->stalled)
        return;
    j->stalled = true;
    l->pools[j->pool].stalled++;
    pthread_mutex_lock(&l->lock);
    staff(l, j->pool);
    pthread_mutex_unlock(&l->lock);
}

bool dr_live_job_withdraw(struct dr_live *l, struct job *j)
{
    struct job_list *list = list_of(&l->pools[j->pool], j);
    bool found = false;
    pthread_mutex_lock(&l->lock);
    for (struct job **at = &list->head; *at; at = &(*at)->next)
        if (*at == j) {
            *at = j->next;
            if (!*at)
                list->tail = at;
            found = true;
            break;
        }
    pthread_mutex_unlock(&l->lock);
    if (found)
        dr_live_job_over(l, j);
    return found;
}

void dr_live_job_over(struct dr_live *l, const struct job *j)
{
    j->client->jobs_out--;
    if (j->unproven)
        l->pools[j->pool].unproven--;
    if (j->stalled)
        l->pools[j->pool].stalled--;
}

bool dr_live_pool_unproven_room(const struct dr_live *l, enum pool_kind pool)
{
    return l->pools[pool].unproven < pool_sizes[pool].unproven;
}

void dr_live_pools_init(struct dr_live *l)
{
    for (size_t i = 0; i < POOL_COUNT_; i++) {
        l->pools[i].opens.tail = &l->pools[i].opens.head;
        l->pools[i].others.tail = &l->pools[i].others.head;
        pthread_cond_init(&l->pools[i].work, NULL);
    }
}

void dr_live_pools_stop(struct dr_live *l)
{
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    for (size_t i = 0; i < POOL_COUNT_; i++)
        pthread_cond_broadcast(&l->pools[i].work);
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < l->thread_count; i++) /* only the owner adds threads */
        pthread_join(l->threads[i], NULL);
    free(l->threads);
    for (size_t i = 0; i < POOL_COUNT_; i++)
        pthread_cond_destroy(&l->pools[i].work);
}
