#include "controller/loop/fleet.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/loop/worker.h"

enum { HEAPS = 2, TRIM_BYTES = 4 << 20 };
enum { TICK_MS = 100, PRUNE_MS = 3600 * 1000, TRIM_MS = 60000 };

/* ---- saying ---- */

void dr_fleet_say(struct fleet *f, const char *topology, const struct dr_event *e)
{
    pthread_mutex_lock(&f->voice);
    if (f->o.say)
        f->o.say(f->o.arg, topology, e);
    pthread_mutex_unlock(&f->voice);
}

void dr_fleet_note(struct fleet *f, const char *fmt, ...) DR_PRINTF(2, 3);
void dr_fleet_note(struct fleet *f, const char *fmt, ...)
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
    dr_fleet_say(f, NULL, &e);
}

/* For history; topology NULL: about the source. A full disk stops the next intent. */
static void record(struct fleet *f, const char *verb, const char *topology,
                   const char *revision, const char *text)
{
    char kept[DR_ERR_TEXT_MAX];
    struct dr_err ignored;
    snprintf(kept, sizeof(kept), "%.*s", (int)strcspn(text, "\n"), text);
    struct dr_journal_entry e = {.time_ms = dr_wall_ms(),
                                 .topology = topology,
                                 .revision = revision,
                                 .verb = verb,
                                 .text = kept};
    if (f->journal && dr_journal_event(f->journal, &e, &ignored) != 0)
        return;
}

#define FOLLOWED "revision.followed"

/* Whether the journal's latest word on what is followed is this revision: a process that
 * starts on it again follows nothing new. */
static bool was_followed(struct fleet *f, const char *revision)
{
    const struct dr_journal_entry *rows;
    struct dr_journal_filter filter = {.deeds = true};
    struct dr_err ignored;
    size_t count;
    bool same = false;
    struct dr_arena *a = dr_arena_new(0);
    if (f->journal &&
        dr_journal_read(f->journal, a, &filter, &rows, &count, &ignored) == 0)
        for (size_t i = 0; i < count; i++)
            if (rows[i].verb && rows[i].revision && strcmp(rows[i].verb, FOLLOWED) == 0)
                same = strcmp(rows[i].revision, revision) == 0;
    dr_arena_free(a);
    return same;
}

bool dr_fleet_stopped(const struct fleet *f)
{
    return f->o.stop && f->o.stop(f->o.arg);
}

/* ---- declarations, shared ---- */

void dr_fleet_release(struct fleet *f, struct shared *s)
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
    dr_fleet_say(f, NULL, &e);
    record(f, "revision.bad", NULL, d->revision, dr_buf_str(&b));
    dr_buf_release(&b);
}

/* One version of a document of earlier. Out: false: a worker for it could not be started.
 */
static bool care_for_past(struct fleet *f, const struct dr_declaration *now,
                          const struct dr_origin_past *past)
{
    struct dr_declaration *d = dr_xcalloc(1, sizeof(*d));
    struct shared *s = dr_xcalloc(1, sizeof(*s));
    struct dr_err err;
    bool all = true;
    d->arena = dr_arena_new(0);
    d->revision = dr_strdup(d->arena, past->revision);
    dr_docs_init(&d->docs, d->arena);
    dr_docs_add(&d->docs, dr_strdup(d->arena, past->file.path),
                dr_strndup(d->arena, past->file.bytes, past->file.len), past->file.len);
    dr_docs_finish(&d->docs);
    *s = (struct shared){.declaration = d, .users = 1};
    if (d->docs.broken_count && !past->path_at_tip)
        dr_fleet_note(f,
                      "%s of revision %.16s left the source, and this version cannot "
                      "read it: what drover may hold for it is not known",
                      past->file.path, past->revision);
    for (size_t k = 0; k < d->docs.topology_count; k++) {
        const char *name = d->docs.topologies[k]->doc.metadata.name;
        if (dr_declaration_find(now, name) || dr_worker_find(f, name))
            continue;
        if (dr_worker_start(f, name, s, now->revision, &err) == 0) {
            dr_fleet_note(
                f, "topology '%s' left the source: its obligations are discharged", name);
        } else {
            dr_fleet_note(f, "topology '%s' left the source: %s", name, err.text);
            all = false;
        }
    }
    dr_fleet_release(f, s);
    return all;
}

/* Topologies that left before this process started may still hold obligations. What
 * fails is tried again at the next look. */
static void walk_history(struct fleet *f, const struct dr_declaration *now)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_origin_past_list past = {0};
    struct dr_err err = {0};
    bool all = true;
    if (!dr_origin_has_history(f->o.origin))
        dr_fleet_note(
            f, "the source has no history: a topology whose document was removed while "
               "drover was not running, and its state folder lost, cannot be found");
    if (dr_origin_vanished(f->o.origin, a, DR_ORIGIN_HISTORY_COMMITS, &past, &err) != 0) {
        dr_fleet_note(f, "history cannot be read, and is tried again: %s [%s]", err.text,
                      dr_code_info(err.code)->id);
        all = false;
    } else if (!past.whole && dr_origin_has_history(f->o.origin)) {
        dr_fleet_note(f,
                      "%u commits were searched for documents that left, which is not "
                      "all of the history: of older ones nothing is known",
                      past.commits_walked);
    }
    for (size_t i = 0; i < past.count; i++)
        all &= care_for_past(f, now, &past.items[i]);
    f->history_read = all;
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
    dr_fleet_note(
        f,
        "%s: topology '%s' is not in revision %.16s, which does not descend from "
        "%.16s: the history was rewritten; going on from what was declared last",
        dr_obstacle_info(DR_OBSTACLE_REWRITTEN)->id, w->name, d->revision, old);
    return false;
}

/* Somebody new, or with another text, stands on this revision: on its own file of it. */
static int follow_topology(struct fleet *f, const struct dr_declaration *d,
                           const char *name, struct worker *w, struct dr_err *err)
{
    int rc = 0;
    struct shared *s = dr_xcalloc(1, sizeof(*s));
    *s = (struct shared){.declaration = dr_declaration_slice(d, name), .users = 1};
    if (w)
        dr_worker_point_at(f, w, s);
    else
        rc = dr_worker_start(f, name, s, NULL, err);
    dr_fleet_release(f, s);
    return rc;
}

static int follow_declaration(struct fleet *f, struct dr_declaration *d,
                              struct dr_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < d->docs.topology_count && rc == 0; i++) {
        const char *name = d->docs.topologies[i]->doc.metadata.name;
        struct worker *w = dr_worker_find(f, name);
        /* a commit elsewhere costs this topology nothing */
        if (w && !w->removed && dr_declaration_same(w->wanted->declaration, d, name))
            dr_worker_point_on(f, w, d->revision);
        else
            rc = follow_topology(f, d, name, w, err);
    }
    /* a document is gone only when the whole of the source was read */
    for (struct worker *w = f->workers; rc == 0 && d->complete && w; w = w->next) {
        if (dr_worker_ended(f, w) || dr_declaration_find(d, w->name) ||
            !goes_on_from(f, d, w))
            continue;
        bool already = w->removed;
        dr_worker_point_away(f, w, d->revision);
        if (already)
            continue;
        dr_fleet_note(
            f, "topology '%s' left the source: its care ends, nothing is destroyed",
            w->name);
        record(f, "revision.removed", w->name, d->revision, f->said);
    }
    bool began = f->revision[0];
    if (rc == 0) {
        snprintf(f->revision, sizeof(f->revision), "%s", d->revision);
        dr_fleet_note(f, "following revision %.16s%s%s", d->revision,
                      d->subject ? ": " : "", d->subject ? d->subject : "");
        if (began || !was_followed(f, d->revision))
            record(f, FOLLOWED, NULL, d->revision, f->said);
        if (!f->history_read)
            walk_history(f, d);
    }
    dr_declaration_free(d);
    return rc;
}

/* Once a revision. */
static void say_obstacles(struct fleet *f, const struct dr_declaration *d)
{
    if (strcmp(d->revision, f->bad_revision) == 0 ||
        strcmp(d->revision, f->revision) == 0)
        return;
    for (size_t i = 0; i < d->obstacle_count; i++)
        dr_fleet_note(f, "%s: %s: %s", dr_obstacle_info(d->obstacles[i].kind)->id,
                      d->obstacles[i].path, d->obstacles[i].text);
}

/* Reads the origin; a new good revision is followed. */
static int look(struct fleet *f, struct dr_err *err)
{
    struct dr_declaration *d;
    struct dr_declaration_source from = {.origin = f->o.origin,
                                         .prefix = f->o.prefix,
                                         .known = f->history_read ? f->revision : "",
                                         .deadline_ms = f->o.fetch_ms,
                                         .stop = f->o.stop,
                                         .arg = f->o.arg};
    int rc = dr_declaration_read(&d, &from, false, err);
    /* the source may be lost with its region: what was declared last still holds */
    struct dr_err ignored;
    if (rc != 0 && !f->revision[0] && !dr_fleet_stopped(f) && !f->o.once &&
        dr_declaration_read(&d, &from, true, &ignored) == 0) {
        dr_fleet_note(
            f, "the source cannot be read: %s [%s]; going on from what was read last",
            err->text, dr_code_info(err->code)->id);
        rc = 0;
    }
    if (rc != 0)
        return rc;
    say_obstacles(f, d);
    f->begun = 0;
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
    pthread_cond_broadcast(&f->turn);
    pthread_mutex_unlock(&f->lock);
    while (f->workers) {
        struct worker *w = f->workers;
        pthread_join(w->thread, NULL);
        *good &= w->converged || w->removed;
        f->workers = w->next;
        dr_fleet_release(f, w->wanted);
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
        dr_fleet_release(f, w->wanted);
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
    dr_fleet_say(f, NULL, &e);
}

/* Gives up what the journal need not keep. A disk that fails here stops the next intent,
 * which says so where it matters. */
static void prune_journal(struct fleet *f)
{
    int64_t removed;
    struct dr_err err = {0};
    if (dr_journal_prune(f->journal, &f->o.retention, dr_wall_ms(), &removed, &err) != 0)
        dr_fleet_note(f, "the journal's oldest rows stay: %s", err.text);
    else if (removed)
        dr_fleet_note(f, "the journal's oldest %lld rows were removed",
                      (long long)removed);
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
    pthread_cond_init(&f->turn, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* What is still finished, as soon as somebody asks for the end. */
static void say_stopping(struct fleet *f)
{
    char text[256];
    struct dr_event e = {.kind = DR_EVENT_NOTE, .permille = -1, .text = text};
    if (!dr_fleet_stopped(f) || all_ended(f))
        return;
    for (struct worker *w = f->workers; w; w = w->next) {
        pthread_mutex_lock(&f->voice);
        snprintf(text, sizeof(text), "stopping after this step: %s", w->doing);
        bool works = w->doing[0] != '\0';
        pthread_mutex_unlock(&f->voice);
        if (works)
            dr_fleet_say(f, w->name, &e);
    }
    dr_fleet_note(
        f, "stopping: nothing more is started, leases are given back; a second signal "
           "stops at once, and the next start goes on");
}

/* Looks at the source again and again, until all is over. */
static void watch(struct fleet *f)
{
    const struct dr_fleet_options *o = &f->o;
    int64_t rested = 0, unpruned = PRUNE_MS, untrimmed = 0;
    int64_t tick_ms = o->interval_ms < TICK_MS ? o->interval_ms : TICK_MS;
    for (; !dr_fleet_stopped(f) && !(o->once && all_ended(f)); rested += tick_ms) {
        pause_ms(tick_ms);
        say_journal(f);
        if (o->once)
            continue;
        unpruned += tick_ms;
        if (unpruned >= PRUNE_MS) {
            prune_journal(f);
            unpruned = 0;
        }
        untrimmed += tick_ms;
        if (untrimmed >= TRIM_MS) { /* what rounds and a bootstrap have used and left */
            (void)malloc_trim(0);
            untrimmed = 0;
        }
        if (rested < o->interval_ms)
            continue;
        rested = 0;
        reap(f);
        struct dr_err why = {0};
        if (look(f, &why) != 0 && why.code != DR_E_INPUT)
            dr_fleet_note(f, "the source cannot be read: %s [%s]; still following %.16s",
                          why.text, dr_code_info(why.code)->id,
                          f->revision[0] ? f->revision : "nothing");
    }
}

static int run(struct fleet *f, bool *good, struct dr_err *err)
{
    bool once = f->o.once;
    say_journal(f);
    int rc = look(f, err);
    if (rc != 0 && once)
        *good = false;
    if (rc != 0 && !once && !dr_fleet_stopped(f)) {
        dr_fleet_note(f, "no declaration yet: %s [%s]", err->text,
                      dr_code_info(err->code)->id);
        rc = 0;
    }
    if (rc == 0)
        watch(f);
    say_stopping(f);
    join_all(f, good);
    return rc;
}

/* Many threads take turns: memory that one has given back serves the next. Heaps of their
 * own would each keep what the busiest round took; giving back to the system, and merging
 * small pieces, at each round costs more than the round (watch() trims now and then). */
static void set_up_memory(void)
{
    (void)mallopt(M_ARENA_MAX, HEAPS);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, TRIM_BYTES);
    (void)mallopt(M_MXFAST, 0);
}

int dr_fleet_run(const struct dr_fleet_options *o, bool *good, struct dr_err *err)
{
    struct fleet f;
    set_up_memory();
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
    pthread_cond_destroy(&f.turn);
    pthread_mutex_destroy(&f.voice);
    pthread_mutex_destroy(&f.lock);
    return rc;
}
