/* The controller over the model: a folder of documents that somebody edits, workers that
 * come and go. Threads are real and so is the folder; the clusters live on the virtual
 * clock, and nothing here waits but for what the controller says. */
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/file.h"
#include "controller/loop/fleet.h"
#include "tests/unit/act_kit.h"

#define EAST_AT "127.0.1.4:4000"
#define WEST_AT "127.1.1.4:4000"

enum { SAID_MAX = 1 << 18, LOOK_MS = 500, EXPECT_S = 30 };

struct stage {
    struct pair pair;
    pthread_mutex_t world; /* the model is one for all workers */
    char dir[64], documents[96], state[96], unfinished[96];
    struct dr_origin *origin;
    pthread_t thread;
    int rc;
    struct dr_err err;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t more;
    char *said;
    size_t len, seen; /* up to where it was expected */
    bool stop;
};

/* ---- a carrier of the model that many threads may have one of ---- */

struct shared_carrier {
    struct dr_carrier carrier;
    struct stage *stage;
    struct dr_carrier *model;
    size_t open;
};

/* A look begins after a rest: time passes for the clusters, too. */
static void submit(struct dr_carrier *c, const struct dr_exchange *ex, uint64_t *ticket)
{
    struct shared_carrier *s = (struct shared_carrier *)c;
    struct dr_model *m = s->stage->pair.model;
    pthread_mutex_lock(&s->stage->world);
    if (!s->open++)
        dr_model_advance(m, dr_model_now_ms(m) + LOOK_MS);
    s->model->submit(s->model, ex, ticket);
    pthread_mutex_unlock(&s->stage->world);
}

static bool wait_for(struct dr_carrier *c, int64_t until_ms, struct dr_answer *out)
{
    struct shared_carrier *s = (struct shared_carrier *)c;
    pthread_mutex_lock(&s->stage->world);
    bool came = s->model->wait(s->model, until_ms, out);
    s->open -= came;
    pthread_mutex_unlock(&s->stage->world);
    return came;
}

static int64_t now_ms(struct dr_carrier *c)
{
    struct shared_carrier *s = (struct shared_carrier *)c;
    pthread_mutex_lock(&s->stage->world);
    int64_t now = s->model->now_ms(s->model);
    pthread_mutex_unlock(&s->stage->world);
    return now;
}

static void hang_up(struct dr_carrier *c, const struct dr_login *login)
{
    struct shared_carrier *s = (struct shared_carrier *)c;
    pthread_mutex_lock(&s->stage->world);
    s->model->hang_up(s->model, login);
    pthread_mutex_unlock(&s->stage->world);
}

static void free_carrier(struct dr_carrier *c)
{
    struct shared_carrier *s = (struct shared_carrier *)c;
    pthread_mutex_lock(&s->stage->world);
    s->model->hang_up(s->model, NULL);
    s->model->free(s->model);
    pthread_mutex_unlock(&s->stage->world);
    free(s);
}

static struct dr_carrier *carrier(void *arg)
{
    struct stage *st = arg;
    struct shared_carrier *s = dr_xcalloc(1, sizeof(*s));
    s->stage = st;
    s->carrier = (struct dr_carrier){.submit = submit,
                                     .wait = wait_for,
                                     .now_ms = now_ms,
                                     .hang_up = hang_up,
                                     .free = free_carrier};
    pthread_mutex_lock(&st->world);
    s->model = dr_model_carrier(st->pair.model, 1, "127.9.9.9");
    pthread_mutex_unlock(&st->world);
    return &s->carrier;
}

/* ---- what it says ---- */

static void say(void *arg, const char *topology, const struct dr_event *e)
{
    static const char *const kinds[] = {
        [DR_EVENT_END] = "end", [DR_EVENT_WAIT] = "wait", [DR_EVENT_STANDBY] = "standby"};
    struct stage *st = arg;
    if (e->kind == DR_EVENT_PROGRESS || e->kind == DR_EVENT_START)
        return;
    const char *kind = e->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[e->kind] : NULL;
    pthread_mutex_lock(&st->lock);
    st->len += (size_t)snprintf(st->said + st->len, SAID_MAX - st->len, "%s: %s %s%s%s\n",
                                topology ? topology : "source", kind ? kind : "says",
                                e->action ? e->action->what : "", e->action ? ": " : "",
                                e->text ? e->text : "");
    if (st->len >= SAID_MAX) /* no assertion in a thread of its own: the story is cut */
        st->len = SAID_MAX - 1;
    pthread_cond_broadcast(&st->more);
    pthread_mutex_unlock(&st->lock);
}

static bool stopped(void *arg)
{
    struct stage *st = arg;
    pthread_mutex_lock(&st->lock);
    bool stop = st->stop;
    pthread_mutex_unlock(&st->lock);
    return stop;
}

/* Waits until it says that, after what was expected before. A worker may speak before the
 * source says what is followed. */
static void expect(struct stage *st, const char *text)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += EXPECT_S;
    pthread_mutex_lock(&st->lock);
    char *at;
    while (!(at = strstr(st->said + st->seen, text)))
        if (pthread_cond_timedwait(&st->more, &st->lock, &until) != 0)
            break;
    cr_assert(at, "it never says: %s\nafter %.*s\nbut %s", text,
              (int)(st->seen < 300 ? st->seen : 300),
              st->said + (st->seen < 300 ? 0 : st->seen - 300), st->said + st->seen);
    st->seen = (size_t)(at - st->said) + strlen(text);
    pthread_mutex_unlock(&st->lock);
}

static bool was_said(struct stage *st, const char *text)
{
    pthread_mutex_lock(&st->lock);
    bool was = strstr(st->said, text) != NULL;
    pthread_mutex_unlock(&st->lock);
    return was;
}

/* ---- the folder ---- */

/* What a writer has not finished is not seen: it comes whole, by a rename. */
static void put(struct stage *st, const char *name, const char *text)
{
    struct dr_err err;
    char path[256];
    cr_assert_eq(dr_file_write(st->unfinished, text, strlen(text), 0600, &err), 0);
    snprintf(path, sizeof(path), "%s/%s", st->documents, name);
    cr_assert_eq(rename(st->unfinished, path), 0);
}

static void drop(struct stage *st, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", st->documents, name);
    cr_assert_eq(unlink(path), 0);
}

static const char *replaced(struct dr_arena *a, const char *text, const char *old,
                            const char *new)
{
    const char *at = strstr(text, old);
    cr_assert(at, "%s", old);
    return dr_sprintf(a, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static void *run(void *arg)
{
    struct stage *st = arg;
    bool good;
    struct dr_fleet_options o = {.origin = st->origin,
                                 .state_dir = st->state,
                                 .interval_ms = 10,
                                 .fetch_ms = 5000,
                                 .lease_ms = 600000,
                                 .say = say,
                                 .stop = stopped,
                                 .carrier = carrier,
                                 .arg = st};
    st->rc = dr_fleet_run(&o, &good, &st->err);
    return NULL;
}

static void begin(struct stage *st)
{
    struct dr_err err;
    memset(st, 0, sizeof(*st));
    pair_open(&st->pair);
    st->said = calloc(1, SAID_MAX);
    pthread_mutex_init(&st->world, NULL);
    pthread_mutex_init(&st->lock, NULL);
    pthread_cond_init(&st->more, NULL);
    snprintf(st->dir, sizeof(st->dir), "/tmp/drover-fleet-XXXXXX");
    cr_assert(mkdtemp(st->dir));
    snprintf(st->documents, sizeof(st->documents), "%s/documents", st->dir);
    snprintf(st->state, sizeof(st->state), "%s/state", st->dir);
    snprintf(st->unfinished, sizeof(st->unfinished), "%s/unfinished", st->dir);
    cr_assert_eq(dr_dir_make(st->documents, &err), 0);
    cr_assert_eq(dr_dir_make(st->state, &err), 0);
    struct dr_origin_config config = {.dir = st->documents};
    cr_assert_eq(dr_origin_open(&st->origin, &config, &err), 0, "%s", err.text);
}

static void stop(struct stage *st)
{
    pthread_mutex_lock(&st->lock);
    st->stop = true;
    pthread_mutex_unlock(&st->lock);
    pthread_join(st->thread, NULL);
    cr_expect_eq(st->rc, 0, "%s", st->err.text);
}

static int remove_one(const char *path, const struct stat *s, int flag, struct FTW *f)
{
    (void)s, (void)flag, (void)f;
    return remove(path);
}

static void end(struct stage *st)
{
    nftw(st->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    dr_origin_close(st->origin);
    pair_close(&st->pair);
    free(st->said);
}

/* A column of a row of the ledger on one side. */
static const char *ledger(struct stage *st, const char *at, const char *column,
                          const char *key)
{
    pthread_mutex_lock(&st->world);
    const char *value = pair_cell(
        &st->pair, at,
        dr_sprintf(st->pair.arena, "SELECT %s FROM mysql.drover_ledger WHERE k = '%s'",
                   column, key));
    pthread_mutex_unlock(&st->world);
    return value;
}

Test(fleet, commits_removal_return_and_stop)
{
    struct stage st;
    struct dr_err err;
    char *shop;
    size_t len;
    begin(&st);
    struct dr_arena *a = st.pair.arena;
    cr_assert_eq(
        dr_file_read(a, "examples/quickstart/topology.yaml", 1 << 20, &shop, &len, &err),
        0);
    const char *other = replaced(a, shop, "name: shop", "name: other");
    pair_bootstrap(&st.pair);
    put(&st, "shop.yaml", shop);
    cr_assert_eq(pthread_create(&st.thread, NULL, run, &st), 0);

    expect(&st, "shop: says took over with epoch 2");

    /* a commit beside: another topology's, whose clusters are taken; shop goes on as the
     * same process start */
    put(&st, "other.yaml", other);
    expect(&st, "other: wait DR-B021 east: the cluster belongs to topology 'shop'");

    /* a bad commit is not followed */
    put(&st, "other.yaml", replaced(a, other, "primary: east", "primray: east"));
    expect(&st, "is not valid and is not followed; still following dir:");
    expect(&st, "DR-V");
    put(&st, "other.yaml", replaced(a, other, "rpo: 30s", "rpo: 40s"));
    expect(&st, "source: says following revision dir:");
    cr_expect_str_eq(ledger(&st, EAST_AT, "epoch", "epoch"), "2");
    cr_expect_not(was_said(&st, "shop: says took over with epoch 3"));

    /* a document leaves: its care ends, the lease is given back, the other one's goes on
     */
    drop(&st, "shop.yaml");
    expect(&st, "source: says topology 'shop' left the source: its care ends");
    put(&st, "shop.yaml", shop);
    expect(&st, "shop: says took over with epoch 3");

    /* the end gives back what is held */
    stop(&st);
    cr_expect(strstr(ledger(&st, EAST_AT, "value", "lease"), "\"until\":\"0\""));
    cr_expect(strstr(ledger(&st, WEST_AT, "value", "lease"), "\"until\":\"0\""));
    cr_expect_str_eq(ledger(&st, EAST_AT, "epoch", "epoch"), "3");
    end(&st);
}
