/* The care of one topology: rounds, one after the other, as long as it is wanted. */
#include "controller/loop/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/observe/snapshot.h"

enum {
    RETRY_MS = 5000,
    CONFIRM_MS = 1000, /* between two looks of which one confirms the other */
    PUBLISH_MS = 10000,
    BEGINNING_MAX = 16,  /* first rounds at a time, */
    BEGIN_APART_MS = 50, /* if those before take no longer than this each */
    ENDING_NAP_NS = 200000000,
    ONCE_BLIND_MS = 30000 /* with `once`: how long an unknown fact is waited for */
};

/* ---- what the actor asks for ---- */

static void worker_say(void *arg, const struct dr_event *e)
{
    struct worker *w = arg;
    if (e->kind == DR_EVENT_START || e->kind == DR_EVENT_END) {
        pthread_mutex_lock(&w->fleet->voice);
        snprintf(w->doing, sizeof(w->doing), "%s",
                 e->kind == DR_EVENT_START ? e->action->what : "");
        pthread_mutex_unlock(&w->fleet->voice);
    }
    dr_fleet_say(w->fleet, w->name, e);
}

static bool worker_stop(void *arg)
{
    return dr_fleet_stopped(((struct worker *)arg)->fleet);
}

static bool worker_enter(void *arg)
{
    struct fleet *f = ((struct worker *)arg)->fleet;
    pthread_mutex_lock(&f->lock);
    bool may = !f->o.max_disruptive || f->disrupting < f->o.max_disruptive;
    f->disrupting += may;
    pthread_mutex_unlock(&f->lock);
    return may;
}

static void worker_leave(void *arg)
{
    struct fleet *f = ((struct worker *)arg)->fleet;
    pthread_mutex_lock(&f->lock);
    f->disrupting--;
    pthread_mutex_unlock(&f->lock);
}

static int64_t worker_wall_ms(void *arg)
{
    (void)arg;
    return dr_wall_ms();
}

static void close_rig(struct worker *w)
{
    if (w->actor) {
        dr_actor_leave(w->actor);
        dr_actor_free(w->actor);
        w->actor = NULL;
    }
    dr_rig_close(&w->rig);
}

static int open_rig(struct worker *w, const struct dr_topology *t, struct dr_err *err)
{
    const struct dr_fleet_options *o = &w->fleet->o;
    struct dr_carrier *carrier =
        o->carrier ? o->carrier(o->arg) : dr_live_client(w->fleet->live);
    return dr_rig_open_over(&w->rig, t, o->secrets_dir, carrier, err);
}

/* Stands on the wanted declaration, when it is another one. False: it cannot yet. */
static bool follow(struct worker *w, char holder[DR_HOLDER_TEXT], struct dr_err *err)
{
    struct fleet *f = w->fleet;
    char revision[DR_REVISION_TEXT];
    pthread_mutex_lock(&f->lock);
    struct shared *wanted = w->wanted;
    bool removed = w->removed;
    memcpy(revision, w->revision, sizeof(revision));
    bool same = wanted == w->held && removed == w->held_removed;
    if (!same)
        wanted->users++;
    pthread_mutex_unlock(&f->lock);
    if (same && w->actor) {
        dr_actor_revise(w->actor, revision);
        return true;
    }
    close_rig(w);
    if (!same) {
        dr_fleet_release(f, w->held);
        w->held = wanted;
        w->held_removed = removed;
    }
    const struct dr_topology *t = dr_declaration_find(w->held->declaration, w->name);
    if (!t || open_rig(w, t, err) != 0)
        return false;
    dr_holder_new(holder);
    struct dr_actor_options o = {.topology = t,
                                 .access = w->rig.access,
                                 .estate = w->rig.estate,
                                 .journal = f->journal,
                                 .conditions = w->conditions,
                                 .holder = holder,
                                 .revision = revision,
                                 .lease_ms = f->o.lease_ms,
                                 .overtakes = true,
                                 .removed = w->held_removed,
                                 .history = dr_declaration_history(f->o.origin),
                                 .wall_ms = worker_wall_ms,
                                 .say = worker_say,
                                 .stop = worker_stop,
                                 .enter = worker_enter,
                                 .leave = worker_leave,
                                 .arg = w};
    o.allowed[DR_RISK_SAFE] = !f->o.approve[DR_RISK_SAFE];
    o.allowed[DR_RISK_DISRUPTIVE] = !f->o.approve[DR_RISK_DISRUPTIVE];
    w->actor = dr_actor_new(&o);
    w->seeing_ms = w->rig.estate->now_ms(w->rig.estate);
    return true;
}

/* Why nothing can be done, once. */
static void say_trouble(struct worker *w, const struct dr_err *err)
{
    char shown[DR_ERR_SHOWN_MAX], text[DR_WORKER_TROUBLE_MAX];
    struct dr_event e = {.kind = DR_EVENT_WAIT, .permille = -1, .text = w->trouble};
    snprintf(text, sizeof(text), "%s [%s]%s%s%s", dr_err_shown(err, shown),
             dr_code_info(err->code)->id, err->hint[0] ? " (" : "", err->hint,
             err->hint[0] ? ")" : "");
    if (strcmp(w->trouble, text) == 0)
        return;
    memcpy(w->trouble, text, sizeof(text));
    worker_say(w, &e);
}

static struct timespec after_ms(int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t ns = t.tv_nsec + ms % 1000 * 1000000;
    t.tv_sec += ms / 1000 + ns / 1000000000;
    t.tv_nsec = ns % 1000000000;
    return t;
}

static void sleep_until_woken(struct worker *w, int64_t ms)
{
    struct fleet *f = w->fleet;
    if (dr_fleet_stopped(f)) { /* and still owes something */
        nanosleep(&(struct timespec){.tv_nsec = ENDING_NAP_NS}, NULL);
        return;
    }
    struct timespec until = after_ms(ms);
    pthread_mutex_lock(&f->lock);
    while (!dr_fleet_stopped(f) && w->wanted == w->held && w->removed == w->held_removed)
        if (pthread_cond_timedwait(&f->wake, &f->lock, &until) == ETIMEDOUT)
            break;
    pthread_mutex_unlock(&f->lock);
}

/* Whether this worker's work is over. The main thread may want something else of it at
 * the same moment: whoever comes first decides. */
static bool is_over(struct worker *w, const struct dr_round *r)
{
    struct fleet *f = w->fleet;
    bool moves = r->state == DR_ROUND_MOVED || r->state == DR_ROUND_WAITING;
    bool owes_nothing = w->held_removed && r->state == DR_ROUND_CONVERGED;
    /* what left the source may be out of reach for good: one run does not wait for it */
    bool gone = w->held_removed && r->state == DR_ROUND_WAITING;
    int64_t now_ms = w->rig.estate->now_ms(w->rig.estate);
    w->seeing_ms = r->blind ? w->seeing_ms : now_ms;
    bool blind = now_ms - w->seeing_ms >= ONCE_BLIND_MS || r->hopeless > 1;
    bool over = r->state == DR_ROUND_STOPPED || owes_nothing ||
                (f->o.once && (!moves || gone || blind));
    pthread_mutex_lock(&f->lock);
    over = over && (w->wanted == w->held && w->removed == w->held_removed);
    w->ended |= over;
    pthread_mutex_unlock(&f->lock);
    return over;
}

/* Writes what this round observed for others to plan from: when it rests, and now and
 * then while it moves. Failing stops nothing; it is said once. */
static void publish(struct worker *w, const struct dr_round *r)
{
    const char *dir = w->fleet->o.publish_dir;
    struct dr_err err;
    char path[4096];
    int64_t now_ms = w->rig.estate->now_ms(w->rig.estate);
    bool due = !w->published_ms || now_ms - w->published_ms >= PUBLISH_MS ||
               r->state != w->published_state;
    if (!dir || w->held_removed || !r->facts || !due)
        return;
    w->published_ms = now_ms;
    w->published_state = r->state;
    snprintf(path, sizeof(path), "%s/%s.json", dir, w->name);
    bool fails = dr_snapshot_save(path, r->facts, 0644, &err) != 0;
    if (fails && !w->unpublished) {
        char text[DR_WORKER_TROUBLE_MAX];
        snprintf(text, sizeof(text), "what is observed is not published: %s", err.text);
        struct dr_event e = {.kind = DR_EVENT_NOTE, .permille = -1, .text = text};
        worker_say(w, &e);
    }
    w->unpublished = fails;
}

/* How long to rest after a round. */
static int64_t rest_after(struct worker *w, const struct dr_round *r)
{
    struct fleet *f = w->fleet;
    if (r->state != DR_ROUND_CONVERGED && r->state != DR_ROUND_BLOCKED &&
        r->state != DR_ROUND_UNAPPROVED)
        return r->again_ms;
    /* ten per cent of jitter: many topologies must not look at the same moment */
    int64_t tenth = f->o.interval_ms / 10;
    int64_t ms = f->o.interval_ms - tenth +
                 (int64_t)dr_prng_below(&w->jitter, (uint64_t)tenth * 2 + 1);
    return dr_conditions_pending(w->conditions) && ms > CONFIRM_MS ? CONFIRM_MS : ms;
}

/* First rounds connect, and ask everything: as many as the machine gets done at a time,
 * for a thousand of them at once would all run into their deadlines. Who waits behind
 * ones that hang begins all the same, after a while for each that was before it. */
static void begin(struct worker *w)
{
    struct fleet *f = w->fleet;
    struct timespec until = after_ms(w->begin_ms);
    pthread_mutex_lock(&f->lock);
    while (f->beginning >= BEGINNING_MAX && !dr_fleet_stopped(f))
        if (pthread_cond_timedwait(&f->turn, &f->lock, &until) == ETIMEDOUT)
            break;
    f->beginning++;
    pthread_mutex_unlock(&f->lock);
    w->begins = true;
}

static void has_begun(struct worker *w)
{
    if (!w->begins)
        return;
    w->begins = false;
    pthread_mutex_lock(&w->fleet->lock);
    w->fleet->beginning--;
    pthread_cond_signal(&w->fleet->turn);
    pthread_mutex_unlock(&w->fleet->lock);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct fleet *f = w->fleet;
    char holder[DR_HOLDER_TEXT];
    bool converged = false;
    w->conditions = dr_conditions_new();
    begin(w);
    while (!dr_fleet_stopped(f) || (w->actor && dr_actor_owes(w->actor))) {
        struct dr_round r;
        struct dr_err err = {0};
        bool good = follow(w, holder, &err) && dr_actor_round(w->actor, &r, &err) == 0;
        has_begun(w);
        if (!good) {
            say_trouble(w, &err);
            if (f->o.once || dr_fleet_stopped(f))
                break;
            sleep_until_woken(w, RETRY_MS);
            continue;
        }
        w->trouble[0] = '\0';
        publish(w, &r);
        converged = r.state == DR_ROUND_CONVERGED;
        if (is_over(w, &r))
            break;
        int64_t ms = rest_after(w, &r);
        dr_actor_rest(w->actor);
        if (ms > 0)
            sleep_until_woken(w, ms);
    }
    has_begun(w);
    close_rig(w);
    dr_fleet_release(f, w->held);
    dr_conditions_free(w->conditions);
    pthread_mutex_lock(&f->lock);
    w->held = NULL;
    w->converged = converged;
    w->ended = w->finished = true;
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

bool dr_worker_ended(struct fleet *f, const struct worker *w)
{
    pthread_mutex_lock(&f->lock);
    bool ended = w->ended;
    pthread_mutex_unlock(&f->lock);
    return ended;
}

struct worker *dr_worker_find(struct fleet *f, const char *name)
{
    for (struct worker *w = f->workers; w; w = w->next)
        if (strcmp(w->name, name) == 0 && !dr_worker_ended(f, w))
            return w;
    return NULL;
}

int dr_worker_start(struct fleet *f, const char *name, struct shared *s,
                    const char *removal, struct dr_err *err)
{
    struct worker *w = dr_xcalloc(1, sizeof(*w));
    w->fleet = f;
    w->wanted = s;
    w->removed = removal != NULL;
    snprintf(w->revision, sizeof(w->revision), "%s",
             removal ? removal : s->declaration->revision);
    w->begin_ms = (int64_t)f->begun++ * BEGIN_APART_MS;
    w->jitter.state = (uint64_t)dr_wall_ms() ^ (uint64_t)(uintptr_t)w;
    snprintf(w->name, sizeof(w->name), "%s", name);
    if (pthread_create(&w->thread, NULL, work, w) != 0) {
        free(w);
        return dr_fail(err, DR_E_IO, "cannot start a thread for topology '%s'", name);
    }
    pthread_mutex_lock(&f->lock);
    s->users++; /* for `wanted` */
    w->next = f->workers;
    f->workers = w;
    pthread_mutex_unlock(&f->lock);
    return 0;
}

void dr_worker_point_at(struct fleet *f, struct worker *w, struct shared *s)
{
    pthread_mutex_lock(&f->lock);
    struct shared *old = w->wanted;
    w->wanted = s;
    s->users++;
    w->removed = false;
    snprintf(w->revision, sizeof(w->revision), "%s", s->declaration->revision);
    pthread_cond_broadcast(&f->wake);
    pthread_mutex_unlock(&f->lock);
    dr_fleet_release(f, old);
}

void dr_worker_point_away(struct fleet *f, struct worker *w, const char *revision)
{
    pthread_mutex_lock(&f->lock);
    w->removed = true;
    snprintf(w->revision, sizeof(w->revision), "%s", revision);
    pthread_cond_broadcast(&f->wake);
    pthread_mutex_unlock(&f->lock);
}

void dr_worker_point_on(struct fleet *f, struct worker *w, const char *revision)
{
    pthread_mutex_lock(&f->lock);
    snprintf(w->revision, sizeof(w->revision), "%s", revision);
    pthread_mutex_unlock(&f->lock);
}
