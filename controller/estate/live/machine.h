/* What the files of this folder share. Everything below belongs to the owner thread
 * alone, except what struct dr_live keeps under its lock, and a job while a worker has
 * it. Not for use outside this folder. */
#ifndef DR_ESTATE_LIVE_MACHINE_H
#define DR_ESTATE_LIVE_MACHINE_H

#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "controller/base/arena.h"
#include "controller/base/prng.h"
#include "controller/estate/carrier.h"
#include "controller/estate/live/live.h"
#include "controller/estate/live/sql.h"

#define DR_CONTAINER(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

enum {
    DR_BUCKETS = 16, /* of one client: a topology has some dozen endpoints */
    DR_PROBE_ADDRESSES = 4,
    DR_HANDLES_KEPT = 64,
    DR_LITERAL_MAX = INET6_ADDRSTRLEN + 16
};

struct dr_live;
struct client;
struct job;

/* ---- timers (timer.c): a heap of intrusive timers ------------------------------- */

struct timer {
    int64_t at_ms;
    size_t slot; /* 1-based place in the heap; 0: not set */
    void (*fire)(struct dr_live *, struct timer *);
};

struct timers {
    struct timer **heap;
    size_t count, room;
};

void dr_live_timer_set(struct dr_live *l, struct timer *t, int64_t at_ms);
void dr_live_timer_stop(struct dr_live *l, struct timer *t);
/* Fires what is due; returns when the next one is, INT64_MAX: none. */
int64_t dr_live_timers_run(struct dr_live *l, int64_t now_ms);

/* ---- what the epoll set watches -------------------------------------------------- */

/* Each watch reports once and is then quiet until it is set again; or, with DR_WATCH_ON
 * among its events, again and again. */
struct watch {
    void (*ready)(struct dr_live *, struct watch *);
    uint32_t events; /* what was reported last */
};

#define DR_WATCH_ON (1u << 27) /* no event of epoll */

int dr_live_watch_add(struct dr_live *l, struct watch *w, int fd,
                      uint32_t events); /* errno */
void dr_live_watch_again(struct dr_live *l, struct watch *w, int fd, uint32_t events);
void dr_live_watch_drop(struct dr_live *l, int fd);

/* ---- exchanges ------------------------------------------------------------------- */

/* One exchange until it is answered; or, with no ticket, a request to hang up. */
struct task {
    struct task *next; /* in the one list it is in */
    uint64_t ticket;
    struct dr_exchange ex;
    char *text; /* own copy of the statement, wiped with the task */
    int64_t deadline_at_ms;
    struct timer timer;              /* SQL: the deadline */
    uint64_t session, connection_id; /* SQL: what it was sent on; 0: nothing yet */
    struct seat *seat;
    struct client *client;
    bool quit;  /* no ticket, no client: end the threads */
    bool leave; /* no ticket: end the client */
    bool knock; /* no ticket: see whether somebody is at ex.at */
};

struct task_list {
    struct task *head, **tail; /* tail NULL: empty, never used */
};

void dr_live_task_push(struct task_list *list, struct task *t);
struct task *dr_live_task_pop(struct task_list *list);
void dr_live_task_remove(struct task_list *list, struct task *t);

/* Delivers and frees the task. */
void dr_live_answer_err(struct task *t, enum dr_carried carried,
                        const struct dr_err *err);
void dr_live_answer(struct task *t, struct dr_answer *answer);

/* "sql 10.0.0.1:4000: " before an error. */
void dr_live_err_place(struct dr_err *err, const char *what, const struct dr_address *at);

/* ---- endpoints (endpoint.c): is an address worth a connection? -------------------- */

/* Each client has its own: what one learns with its certificates must not count for
 * another. */
struct endpoint {
    struct endpoint *next; /* in its bucket */
    struct client *client;
    struct dr_address at;
    unsigned failures; /* connects that failed in a row */
    unsigned trying;   /* connects under way */
    unsigned doubtful; /* of them, those counted in dr_live.doubtful */
    int64_t trying_since_ms;
    bool knocked; /* by dr_live_knock */
    bool stuck;   /* it takes connections, and the last one got no answer */
    int64_t retry_at_ms;
    struct dr_err *last;          /* of the last failure; NULL: none */
    int64_t alive_at_ms;          /* when SQL last showed life here; INT64_MIN: never */
    struct probe *probe;          /* NULL: none under way */
    struct seat *seats;           /* all seats of this address */
    char literal[DR_LITERAL_MAX]; /* where the last good probe found it, or "" */
};

struct endpoint *dr_live_endpoint(struct client *c, const struct dr_address *at);

/* May a new connection be tried? Fills *err (the last reason) when not. bold: do not wait
 * for the backoff. */
bool dr_live_endpoint_admit(struct endpoint *e, bool bold, struct dr_err *err);
/* A connect begins, and is over: how it ended is told by one of the next two. */
void dr_live_endpoint_try(struct endpoint *e);
void dr_live_endpoint_tried(struct endpoint *e);
void dr_live_endpoint_ok(struct endpoint *e);
void dr_live_endpoint_failed(struct dr_live *l, struct endpoint *e,
                             const struct dr_err *err);
/* Does a failure with this code say that the endpoint is dead? */
bool dr_live_is_dead(enum dr_code code);

/* Waits without a thread until the endpoint greets or connect_ms are over; then
 * dr_live_seats_probed, never from within this call. */
void dr_live_probe_start(struct dr_live *l, struct endpoint *e, bool greets);
/* Finds out once whether somebody listens there, of whom nothing is known yet. */
void dr_live_knock(struct dr_live *l, struct endpoint *e);
/* How long a connect may take: what the probe has left, where one is under way. */
int64_t dr_live_connect_ms(const struct dr_live *l, const struct endpoint *e);
void dr_live_probe_resolved(struct dr_live *l, struct job *j);
void dr_live_endpoints_free(struct client *c);

/* ---- workers (pool.c) ------------------------------------------------------------ */

enum pool_kind {
    POOL_OBSERVE,
    POOL_ACT,
    POOL_LEASE,
    POOL_JOB,
    POOL_RESOLVE,
    POOL_COUNT_
};
enum job_kind { JOB_OPEN, JOB_SEND, JOB_READ, JOB_RESOLVE };

struct job {
    struct job *next;
    enum job_kind kind;
    enum pool_kind pool;
    struct client *client;
    bool unproven; /* OPEN of an endpoint that has not shown life */
    bool stalled;  /* READ that takes long */
    struct seat *seat;
    struct endpoint *endpoint;
    struct dr_sql *sql;
    const char *plugin_dir;
    struct dr_sql_dial dial;      /* OPEN */
    char literal[DR_LITERAL_MAX]; /* OPEN */
    char *text;                   /* SEND: owned, wiped */
    struct dr_arena *arena;       /* OPEN, READ: owns the answer */
    struct dr_sql_answer answer;
    struct sockaddr_storage found[DR_PROBE_ADDRESSES]; /* RESOLVE */
    size_t found_count;
    int rc;
    struct dr_err err;
};

struct job_list {
    struct job *head, **tail;
};

struct pool {
    struct job_list opens, others; /* what waits */
    unsigned threads, idle;
    unsigned opening;  /* threads that connect */
    unsigned unproven; /* owner's: OPEN jobs of unproven endpoints under way */
    unsigned stalled;  /* owner's: READ jobs that take long */
    pthread_cond_t work;
};

struct job *dr_live_job_new(enum job_kind kind, enum pool_kind pool, struct client *c);
void dr_live_job_free(struct job *j); /* not its connection */
void dr_live_job_submit(struct dr_live *l, struct job *j);
/* Answers that begin and stall hold a worker each: others take their places meanwhile. */
void dr_live_job_stalls(struct dr_live *l, struct job *j);
/* Takes back a job that no worker has begun. False: too late. */
bool dr_live_job_withdraw(struct dr_live *l, struct job *j);
bool dr_live_pool_unproven_room(const struct dr_live *l, enum pool_kind pool);
void dr_live_pools_init(struct dr_live *l);
void dr_live_pools_stop(struct dr_live *l); /* joins all; every job must be back */
void dr_live_job_over(struct dr_live *l,
                      const struct job *j); /* a returned one: counts it out */

/* ---- seats (seat.c): one address, login and lane; at most one session ------------- */

void dr_live_seat_submit(struct dr_live *l, struct task *t);
void dr_live_seat_returned(struct dr_live *l, struct job *j); /* frees the job */
/* The probe of an endpoint ended; err NULL: it is alive. */
void dr_live_seats_probed(struct dr_live *l, struct endpoint *e,
                          const struct dr_err *err);
/* login NULL: all of the client's. */
void dr_live_seats_hang_up(struct client *c, const struct dr_login *login);
void dr_live_seats_free(struct dr_live *l, struct endpoint *e);

/* Whether that many descriptors more are within what the process may have. What was used
 * longest ago makes room: a session that is idle, of any client. */
bool dr_live_make_room(struct dr_live *l, unsigned descriptors);
int dr_live_no_room(const struct dr_live *l, struct dr_err *err);

/* ---- HTTP (http.c) --------------------------------------------------------------- */

void dr_live_http_submit(struct dr_live *l, struct task *t);
void dr_live_http_drop(struct client *c);    /* what is in flight */
void dr_live_http_end(struct client *c);     /* its connections */
void dr_live_http_turned(struct dr_live *l); /* the events of a turn are all handled */
void dr_live_http_free(struct dr_live *l);
void dr_live_wake(const struct dr_live *l); /* by any thread: there is mail */

/* ---- the whole ------------------------------------------------------------------- */

struct answer_node {
    struct answer_node *next;
    struct dr_answer answer;
};

/* One carrier. Its owner is the thread that uses it; the threads are those of `live`. */
struct client {
    struct dr_carrier face; /* first: the carrier is this */
    struct dr_live *live;
    bool alone; /* the threads are its own, and end with it */

    pthread_mutex_t lock;
    pthread_cond_t answered; /* with the lock: */
    struct answer_node *done, **done_tail;
    bool gone; /* nothing of it is left with the threads */

    struct client *next; /* among those that leave */
    struct client *next_called;
    bool called; /* it has answers, and is not yet told */
    struct endpoint *buckets[DR_BUCKETS];
    CURLM *multi; /* NULL: no request yet */
    struct timer multi_timer;
    struct transfer *transfers; /* HTTP requests in flight */
    size_t jobs_out;            /* with workers or in their queues */
    bool ending;                /* nothing new is begun */
};

struct dr_live {
    struct dr_live_options options;
    pthread_t owner;

    pthread_mutex_t lock; /* guards from here .. */
    struct task_list inbox;
    struct job *returned, **returned_tail;
    uint64_t tickets;
    bool stop;
    struct pool pools[POOL_COUNT_];
    pthread_t *threads;
    size_t thread_count, thread_room; /* .. to here */

    CURL *handles[DR_HANDLES_KEPT]; /* unused ones */
    size_t handle_count;
    struct http_watch *ended; /* an event of the running turn may still name them */
    int epoll;
    int wakeup[2]; /* a pipe: there is mail */
    struct timers timers;
    struct dr_prng prng;
    uint64_t sessions;    /* number of the last one */
    unsigned descriptors; /* of connections, and how many there may be */
    unsigned descriptors_max;
    struct seat *idle_first, *idle_last; /* seats with a session, by when it was used */
    unsigned doubtful; /* connects under way to endpoints where the last one failed */
    struct client *leaving; /* they wait for their jobs */
    struct client *called;  /* to be told that they have answers */
};

#endif
