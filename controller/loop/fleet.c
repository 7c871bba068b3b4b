#include "controller/loop/fleet.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/act/conditions.h"
#include "controller/base/prng.h"
#include "controller/estate/live/live.h"
#include "controller/loop/declaration.h"
#include "controller/loop/rig.h"
#include "controller/observe/snapshot.h"

enum {
    TICK_MS = 100,
    NAME_MAX_BYTES = 128,
    RETRY_MS = 5000,
    CONFIRM_MS = 1000, /* between two looks of which one confirms the other */
    PUBLISH_MS = 10000,
    TROUBLE_MAX = DR_ERR_SHOWN_MAX + DR_ERR_HINT_MAX + 20,
    PRUNE_MS = 3600 * 1000,
    ONCE_BLIND_MS = 30000 /* with `once`: how long an unknown fact is waited for */
};

/* A declaration that several workers stand on; freed with its last user. */
struct shared {
    struct dr_declaration *declaration;
    size_t users;
};

struct worker {
    struct worker *next;
    struct fleet *fleet;
    pthread_t thread;
    char name[NAME_MAX_BYTES];
    /* guarded by fleet->lock */
    struct shared *wanted;           /* the declaration it should stand on */
    char revision[DR_REVISION_TEXT]; /* the latest that says the same */
    bool removed;                    /* the document left its source */
    bool ended;                      /* it cares no more; another worker may */
    bool finished;                   /* its thread can be joined at once */
    bool converged;
    /* the worker's own */
    struct shared *held;
    bool held_removed;
    struct dr_rig rig;
    struct dr_actor *actor;
    struct dr_conditions *conditions; /* of all its actors, one after the other */
    struct dr_prng jitter;
    char trouble[TROUBLE_MAX]; /* said already */
    int64_t published_ms;      /* the estate's clock; 0: not yet */
    enum dr_round_state published_state;
    bool unpublished;  /* the latest try failed */
    char doing[160];   /* the step that it makes; guarded by fleet->voice */
    int64_t seeing_ms; /* the estate's clock, when last no needed fact was unknown */
};

struct fleet {
    struct dr_fleet_options o;
    pthread_mutex_t lock, voice;
    pthread_cond_t wake;
    struct dr_journal *journal; /* one of all workers */
    struct dr_live *live;       /* their network threads; NULL: options.carrier */
    struct worker *workers;
    char said[DR_ERR_TEXT_MAX];
    char revision[DR_REVISION_TEXT];
    char bad_revision[DR_REVISION_TEXT];
    bool history_read;
};

/* ---- saying ---- */

static void say(struct fleet *f, const char *topology, const struct dr_event *e)
{
    pthread_mutex_lock(&f->voice);
    if (f->o.say)
        f->o.say(f->o.arg, topology, e);
    pthread_mutex_unlock(&f->voice);
}

static void worker_say(void *arg, const struct dr_event *e)
{
    struct worker *w = arg;
    if (e->kind == DR_EVENT_START || e->kind == DR_EVENT_END) {
        pthread_mutex_lock(&w->fleet->voice);
        snprintf(w->doing, sizeof(w->doing), "%s",
                 e->kind == DR_EVENT_START ? e->action->what : "");
        pthread_mutex_unlock(&w->fleet->voice);
    }
    say(w->fleet, w->name, e);
}

/* About the declarations; the same text is said once. */
static void note(struct fleet *f, const char *fmt, ...) DR_PRINTF(2, 3);
static void note(struct fleet *f, const char *fmt, ...)
{
    char text[DR_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (strcmp(text, f->said) == 0)
        return;
    snprintf(f->said, sizeof(f->said), "%s", text);
    struct dr_event e = {.kind = DR_EVENT_NOTE, .permille = -1, .text = text};
    say(f, NULL, &e);
}

static bool stopped(const struct fleet *f)
{
    return f->o.stop && f->o.stop(f->o.arg);
}

static bool worker_stop(void *arg)
{
    return stopped(((struct worker *)arg)->fleet);
}

static int64_t worker_wall_ms(void *arg)
{
    (void)arg;
    return dr_wall_ms();
}

static enum dr_truth worker_descends(void *arg, const char *revision, const char *agreed)
{
    const struct worker *w = arg;
    return dr_declaration_descends(w->fleet->o.origin, revision, agreed);
}

/* ---- declarations, shared ---- */

static void release(struct fleet *f, struct shared *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&f->lock);
    bool last = --s->users == 0;
    pthread_mutex_unlock(&f->lock);
    if (last) {
        dr_declaration_free(s->declaration);
        free(s);
    }
}

/* ---- one worker ---- */

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
        release(f, w->held);
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
                                 .wall_ms = worker_wall_ms,
                                 .say = worker_say,
                                 .stop = worker_stop,
                                 .arg = w};
    if (dr_origin_has_history(f->o.origin))
        o.descends = worker_descends;
    o.allowed[DR_RISK_SAFE] = !f->o.approve[DR_RISK_SAFE];
    o.allowed[DR_RISK_DISRUPTIVE] = !f->o.approve[DR_RISK_DISRUPTIVE];
    w->actor = dr_actor_new(&o);
    w->seeing_ms = w->rig.estate->now_ms(w->rig.estate);
    return true;
}

/* Why nothing can be done, once. */
static void say_trouble(struct worker *w, const struct dr_err *err)
{
    char shown[DR_ERR_SHOWN_MAX], text[TROUBLE_MAX];
    struct dr_event e = {.kind = DR_EVENT_WAIT, .permille = -1, .text = w->trouble};
    snprintf(text, sizeof(text), "%s [%s]%s%s%s", dr_err_shown(err, shown),
             dr_code_info(err->code)->id, err->hint[0] ? " (" : "", err->hint,
             err->hint[0] ? ")" : "");
    if (strcmp(w->trouble, text) == 0)
        return;
    memcpy(w->trouble, text, sizeof(text));
    worker_say(w, &e);
}

static void sleep_until_woken(struct worker *w, int64_t ms)
{
    struct fleet *f = w->fleet;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&f->lock);
    while (!stopped(f) && w->wanted == w->held && w->removed == w->held_removed)
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
        char text[TROUBLE_MAX];
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

static void *work(void *arg)
{
    struct worker *w = arg;
    struct fleet *f = w->fleet;
    char holder[DR_HOLDER_TEXT];
    bool converged = false;
    w->conditions = dr_conditions_new();
    while (!stopped(f)) {
        struct dr_round r;
        struct dr_err err = {0};
        if (!follow(w, holder, &err) || dr_actor_round(w->actor, &r, &err) != 0) {
            say_trouble(w, &err);
            if (f->o.once)
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
        if (ms > 0)
            sleep_until_woken(w, ms);
    }
    close_rig(w);
    release(f, w->held);
    dr_conditions_free(w->conditions);
    pthread_mutex_lock(&f->lock);
    w->held = NULL;
    w->converged = converged;
    w->ended = w->finished = true;
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

static bool has_ended(struct fleet *f, const struct worker *w)
{
    pthread_mutex_lock(&f->lock);
    bool ended = w->ended;
    pthread_mutex_unlock(&f->lock);
    return ended;
}

/* The worker that cares for a topology, NULL: none, or it has ended. Only the main thread
 * changes the list. */
static struct worker *find_worker(struct fleet *f, const char *name)
{
    for (struct worker *w = f->workers; w; w = w->next)
        if (strcmp(w->name, name) == 0 && !has_ended(f, w))
            return w;
    return NULL;
}

/* removal: the revision that has the document no longer; NULL: it is there. */
static int start_worker(struct fleet *f, const char *name, struct shared *s,
                        const char *removal, struct dr_err *err)
{
    struct worker *w = dr_xcalloc(1, sizeof(*w));
    w->fleet = f;
    w->wanted = s;
    w->removed = removal != NULL;
    snprintf(w->revision, sizeof(w->revision), "%s",
             removal ? removal : s->declaration->revision);
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

static void point_at(struct fleet *f, struct worker *w, struct shared *s)
{
    pthread_mutex_lock(&f->lock);
    struct shared *old = w->wanted;
    w->wanted = s;
    s->users++;
    w->removed = false;
    snprintf(w->revision, sizeof(w->revision), "%s", s->declaration->revision);
    pthread_cond_broadcast(&f->wake);
    pthread_mutex_unlock(&f->lock);
    release(f, old);
}

/* The document is not, or no longer, in that revision. What it said last is kept. */
static void point_away(struct fleet *f, struct worker *w, const char *revision)
{
    pthread_mutex_lock(&f->lock);
    w->removed = true;
    snprintf(w->revision, sizeof(w->revision), "%s", revision);
    pthread_cond_broadcast(&f->wake);
    pthread_mutex_unlock(&f->lock);
}

/* Nothing changed for this topology in that revision. */
static void point_on(struct fleet *f, struct worker *w, const char *revision)
{
    pthread_mutex_lock(&f->lock);
    snprintf(w->revision, sizeof(w->revision), "%s", revision);
    pthread_mutex_unlock(&f->lock);
}

/* ---- the declarations ---- */

static void say_bad(struct fleet *f, const struct dr_declaration *d)
{
    struct dr_buf b;
    if (strcmp(f->bad_revision, d->revision) == 0)
        return;
    snprintf(f->bad_revision, sizeof(f->bad_revision), "%s", d->revision);
    dr_buf_init(&b, 1 << 16);
    dr_buf_addf(&b, "revision %.16s is not valid and is not followed", d->revision);
    if (f->revision[0])
        dr_buf_addf(&b, "; still following %.16s", f->revision);
    dr_buf_addc(&b, '\n');
    dr_findings_text(&d->docs.findings, false, &b);
    struct dr_event e = {.kind = DR_EVENT_NOTE, .permille = -1, .text = dr_buf_str(&b)};
    say(f, NULL, &e);
    dr_buf_release(&b);
}

/* Topologies that left before this process started may still hold obligations. */
static void walk_history(struct fleet *f, const struct dr_declaration *now)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_origin_past_list past;
    struct dr_err err = {0};
    f->history_read = true;
    if (!dr_origin_has_history(f->o.origin))
        note(f, "the source has no history: a topology whose document was removed while "
                "drover was not running, and its state folder lost, cannot be found");
    if (dr_origin_vanished(f->o.origin, a, DR_ORIGIN_HISTORY_COMMITS, &past, &err) != 0) {
        note(f, "history cannot be read: %s [%s]", err.text, dr_code_info(err.code)->id);
        dr_arena_free(a);
        return;
    }
    for (size_t i = 0; i < past.count; i++) {
        struct dr_declaration *d = dr_xcalloc(1, sizeof(*d));
        d->arena = dr_arena_new(0);
        const struct dr_origin_file *file = &past.items[i].file;
        d->revision = dr_strdup(d->arena, past.items[i].revision);
        dr_docs_init(&d->docs, d->arena);
        dr_docs_add(&d->docs, dr_strdup(d->arena, file->path),
                    dr_strndup(d->arena, file->bytes, file->len), file->len);
        dr_docs_finish(&d->docs);
        struct shared *s = dr_xcalloc(1, sizeof(*s));
        *s = (struct shared){.declaration = d, .users = 1};
        for (size_t k = 0; k < d->docs.topology_count; k++) {
            const char *name = d->docs.topologies[k]->doc.metadata.name;
            if (dr_declaration_find(now, name) || find_worker(f, name))
                continue;
            if (start_worker(f, name, s, now->revision, &err) == 0)
                note(f, "topology '%s' left the source: its obligations are discharged",
                     name);
        }
        release(f, s);
    }
    dr_arena_free(a);
}

/* Whether nothing but commits lie between what the worker follows and this declaration: a
 * history that was rewritten, or is another one, does not say that a document was
 * removed. */
static bool goes_on_from(struct fleet *f, const struct dr_declaration *d,
                         const struct worker *w)
{
    const char *old = w->wanted->declaration->revision;
    if (!dr_origin_has_history(f->o.origin) ||
        dr_origin_descends(f->o.origin, d->revision, old) == DR_DESCENT_YES)
        return true;
    note(f,
         "%s: topology '%s' is not in revision %.16s, which does not descend from "
         "%.16s: the history was rewritten; going on from what was declared last",
         dr_obstacle_info(DR_OBSTACLE_REWRITTEN)->id, w->name, d->revision, old);
    return false;
}

static int follow_declaration(struct fleet *f, struct dr_declaration *d,
                              struct dr_err *err)
{
    struct shared *s = dr_xcalloc(1, sizeof(*s));
    *s = (struct shared){.declaration = d, .users = 1};
    int rc = 0;
    for (size_t i = 0; i < d->docs.topology_count && rc == 0; i++) {
        const char *name = d->docs.topologies[i]->doc.metadata.name;
        struct worker *w = find_worker(f, name);
        /* a commit elsewhere costs this topology nothing */
        if (w && !w->removed && dr_declaration_same(w->wanted->declaration, d, name))
            point_on(f, w, d->revision);
        else if (w)
            point_at(f, w, s);
        else
            rc = start_worker(f, name, s, NULL, err);
    }
    /* a document is gone only when the whole of the source was read */
    for (struct worker *w = f->workers; rc == 0 && d->complete && w; w = w->next) {
        if (has_ended(f, w) || dr_declaration_find(d, w->name) || !goes_on_from(f, d, w))
            continue;
        bool already = w->removed;
        point_away(f, w, d->revision);
        if (!already)
            note(f, "topology '%s' left the source: its care ends, nothing is destroyed",
                 w->name);
    }
    if (rc == 0) {
        snprintf(f->revision, sizeof(f->revision), "%s", d->revision);
        note(f, "following revision %.16s%s%s", d->revision, d->subject ? ": " : "",
             d->subject ? d->subject : "");
        if (!f->history_read)
            walk_history(f, d);
    }
    release(f, s);
    return rc;
}

/* Once a revision. */
static void say_obstacles(struct fleet *f, const struct dr_declaration *d)
{
    if (strcmp(d->revision, f->bad_revision) == 0 ||
        strcmp(d->revision, f->revision) == 0)
        return;
    for (size_t i = 0; i < d->obstacle_count; i++)
        note(f, "%s: %s: %s", dr_obstacle_info(d->obstacles[i].kind)->id,
             d->obstacles[i].path, d->obstacles[i].text);
}

/* Reads the origin; a new good revision is followed. */
static int look(struct fleet *f, struct dr_err *err)
{
    struct dr_declaration *d;
    struct dr_declaration_source from = {.origin = f->o.origin,
                                         .prefix = f->o.prefix,
                                         .known = f->revision,
                                         .deadline_ms = f->o.fetch_ms,
                                         .stop = f->o.stop,
                                         .arg = f->o.arg};
    int rc = dr_declaration_read(&d, &from, false, err);
    /* the source may be lost with its region: what was declared last still holds */
    struct dr_err ignored;
    if (rc != 0 && !f->revision[0] && !stopped(f) && !f->o.once &&
        dr_declaration_read(&d, &from, true, &ignored) == 0) {
        note(f, "the source cannot be read: %s [%s]; going on from what was read last",
             err->text, dr_code_info(err->code)->id);
        rc = 0;
    }
    if (rc != 0)
        return rc;
    say_obstacles(f, d);
    if (d->known) {
        dr_declaration_free(d);
        return 0;
    }
    if (!dr_declaration_is_good(d)) {
        say_bad(f, d);
        rc = dr_fail(err, DR_E_INPUT, "revision %.16s is not valid", d->revision);
        dr_declaration_free(d);
        return rc;
    }
    return follow_declaration(f, d, err);
}

/* ---- the whole ---- */

static bool all_ended(struct fleet *f)
{
    bool all = true;
    pthread_mutex_lock(&f->lock);
    for (struct worker *w = f->workers; w; w = w->next)
        all &= w->ended;
    pthread_mutex_unlock(&f->lock);
    return all;
}

static void join_all(struct fleet *f, bool *good)
{
    pthread_mutex_lock(&f->lock);
    pthread_cond_broadcast(&f->wake);
    pthread_mutex_unlock(&f->lock);
    while (f->workers) {
        struct worker *w = f->workers;
        pthread_join(w->thread, NULL);
        *good &= w->converged || w->removed;
        f->workers = w->next;
        release(f, w->wanted);
        free(w);
    }
}

/* Threads of topologies that left the source. */
static void reap(struct fleet *f)
{
    for (struct worker **at = &f->workers, *w; (w = *at);) {
        pthread_mutex_lock(&f->lock);
        bool finished = w->finished;
        if (finished)
            *at = w->next;
        pthread_mutex_unlock(&f->lock);
        if (!finished) {
            at = &w->next;
            continue;
        }
        pthread_join(w->thread, NULL);
        release(f, w->wanted);
        free(w);
    }
}

/* What the journal found out about itself. */
static void say_journal(struct fleet *f)
{
    char text[2048];
    if (!dr_journal_news(f->journal, text))
        return;
    struct dr_event e = {.kind = DR_EVENT_ALARM, .permille = -1, .text = text};
    say(f, NULL, &e);
}

/* Gives up what the journal need not keep. A disk that fails here stops the next intent,
 * which says so where it matters. */
static void prune_journal(struct fleet *f)
{
    int64_t removed;
    struct dr_err err = {0};
    if (dr_journal_prune(f->journal, &f->o.retention, dr_wall_ms(), &removed, &err) != 0)
        note(f, "the journal's oldest rows stay: %s", err.text);
    else if (removed)
        note(f, "the journal's oldest %lld rows were removed", (long long)removed);
}

static void pause_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void init(struct fleet *f, const struct dr_fleet_options *o)
{
    pthread_condattr_t monotonic;
    memset(f, 0, sizeof(*f));
    f->o = *o;
    pthread_mutex_init(&f->lock, NULL);
    pthread_mutex_init(&f->voice, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&f->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* What is still finished, as soon as somebody asks for the end. */
static void say_stopping(struct fleet *f)
{
    char text[256];
    struct dr_event e = {.kind = DR_EVENT_NOTE, .permille = -1, .text = text};
    if (!stopped(f) || all_ended(f))
        return;
    for (struct worker *w = f->workers; w; w = w->next) {
        pthread_mutex_lock(&f->voice);
        snprintf(text, sizeof(text), "stopping after this step: %s", w->doing);
        bool works = w->doing[0] != '\0';
        pthread_mutex_unlock(&f->voice);
        if (works)
            say(f, w->name, &e);
    }
    note(f, "stopping: nothing more is started, leases are given back; a second signal "
            "stops at once, and the next start goes on");
}

/* Looks at the source again and again, until all is over. */
static void watch(struct fleet *f)
{
    const struct dr_fleet_options *o = &f->o;
    int64_t rested = 0, unpruned = PRUNE_MS;
    int64_t tick_ms = o->interval_ms < TICK_MS ? o->interval_ms : TICK_MS;
    for (; !stopped(f) && !(o->once && all_ended(f)); rested += tick_ms) {
        pause_ms(tick_ms);
        say_journal(f);
        if (o->once)
            continue;
        unpruned += tick_ms;
        if (unpruned >= PRUNE_MS) {
            prune_journal(f);
            unpruned = 0;
        }
        if (rested < o->interval_ms)
            continue;
        rested = 0;
        reap(f);
        struct dr_err why = {0};
        if (look(f, &why) != 0 && why.code != DR_E_INPUT)
            note(f, "the source cannot be read: %s [%s]; still following %.16s", why.text,
                 dr_code_info(why.code)->id, f->revision[0] ? f->revision : "nothing");
    }
}

static int run(struct fleet *f, bool *good, struct dr_err *err)
{
    bool once = f->o.once;
    say_journal(f);
    int rc = look(f, err);
    if (rc != 0 && once)
        *good = false;
    if (rc != 0 && !once && !stopped(f)) {
        note(f, "no declaration yet: %s [%s]", err->text, dr_code_info(err->code)->id);
        rc = 0;
    }
    if (rc == 0)
        watch(f);
    say_stopping(f);
    join_all(f, good);
    return rc;
}

int dr_fleet_run(const struct dr_fleet_options *o, bool *good, struct dr_err *err)
{
    struct fleet f;
    init(&f, o);
    *good = true;
    int rc = o->carrier ? 0 : dr_live_start(&f.live, NULL, err);
    if (rc == 0)
        rc = dr_journal_open(&f.journal, o->state_dir, dr_wall_ms(), err);
    if (rc == 0)
        rc = run(&f, good, err);
    dr_journal_close(f.journal);
    if (f.live)
        dr_live_stop(f.live);
    pthread_cond_destroy(&f.wake);
    pthread_mutex_destroy(&f.voice);
    pthread_mutex_destroy(&f.lock);
    return rc;
}
