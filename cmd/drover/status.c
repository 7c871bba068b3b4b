/* drover status: protected, or what is missing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "cmd/drover/looker.h"
#include "cmd/drover/word.h"
#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/loop/rig.h"
#include "controller/observe/observe.h"
#include "controller/plan/plan.h"

enum { OUTPUT_MAX = 4 << 20 };

struct options {
    struct dr_source_options source;
    unsigned output;
    const char *secrets;
    bool watch;
    int64_t interval_ms;
};

static const char *const outputs[] = {"text", "json", NULL};

// clang-format off
static const struct dr_option options[] = {
    {.name = "output", .letter = 'o', .kind = DR_OPT_WORD, .words = outputs, .fallback = "text",
     .offset = offsetof(struct options, output), .help = "how it is printed"},
    {.name = "watch", .kind = DR_OPT_FLAG, .offset = offsetof(struct options, watch),
     .help = "look again and again until interrupted; with -o json a document a line"},
    {.name = "interval", .kind = DR_OPT_DURATION, .value = "DURATION", .fallback = "2s",
     .offset = offsetof(struct options, interval_ms), .help = "with --watch: between two looks"},
    {.name = "secrets", .kind = DR_OPT_TEXT, .value = "DIR",
     .offset = offsetof(struct options, secrets), .help = "folder of relative secret files"},
    DR_SOURCE_OPTIONS(struct options),
    {0}};

static const struct dr_example examples[] = {
    {"drover status topology.yaml", "protected, or what is missing"},
    {"drover status --watch topology.yaml", "the same, kept up to date"},
    {"drover status -o json topologies/ orders", "for a program"},
    {0}};
// clang-format on

/* The numbers a person on call asks for; -1 and 0: not known. */
struct numbers {
    int64_t lag_ms, beat_age_ms;
    int64_t beaten_ms;      /* unix ms of the latest beat that the primary has; 0: none */
    bool beats;             /* a controller has the primary's lease */
    int64_t recoverable_ms; /* unix ms of the redo's common point; 0: none */
    const char *holder;
    bool redo_known;
    uint64_t epoch;
    const char *feed;
    bool feed_known, holder_known;
};

/* A ledger that is not known may name a changefeed that none of the others does. */
static bool feed_is_known(const struct dr_facts *f, const struct dr_feeds *feeds,
                          const struct dr_generation *g)
{
    bool known = true;
    for (size_t c = 0; c < f->cluster_count; c++)
        known &= f->clusters[c].ledger.seen.known;
    return feeds->seen.known && (known || g->planned || !feeds->count);
}

/* Either ledger tells; the higher epoch is the later one. */
static void measure_holder(struct numbers *n, const struct dr_facts *f)
{
    for (size_t c = 0; c < f->cluster_count; c++) {
        const struct dr_ledger_group *x = &f->clusters[c].ledger;
        n->holder_known |= x->seen.known;
        if (!x->decoded || x->rows.epoch < n->epoch)
            continue;
        n->epoch = x->rows.epoch;
        n->holder = x->rows.lease_until > x->tso ? x->rows.lease_holder : NULL;
    }
}

static struct numbers measure(const struct dr_topology *t, const struct dr_facts *f,
                              struct dr_arena *a)
{
    struct numbers n = {.lag_ms = -1, .beat_age_ms = -1};
    size_t p, s;
    dr_plan_pair(t, f, &p, &s);
    struct dr_generation g = dr_generation_of(t, f, p, s, 0, a);
    const struct dr_ledger_group *lp = &f->clusters[p].ledger,
                                 *ls = &f->clusters[s].ledger;
    const struct dr_feed *feed = f->clusters[p].feeds.seen.known
                                     ? dr_feeds_find(&f->clusters[p].feeds, g.feed_id)
                                     : NULL;
    if (feed)
        n.lag_ms = dr_feed_lag_ms(&f->clusters[p], feed);
    n.feed = feed ? g.feed_id : NULL;
    n.feed_known = feed_is_known(f, &f->clusters[p].feeds, &g);
    uint64_t sent = dr_beat_of(lp, t->clusters[p].name),
             came = dr_beat_of(ls, t->clusters[p].name);
    n.beaten_ms = sent ? dr_tso_ms(sent) : 0;
    n.beats = lp->decoded && lp->rows.lease_until > lp->tso;
    if (came && lp->seen.known)
        n.beat_age_ms = dr_tso_age_ms(lp->tso, came);
    n.redo_known = f->redo.seen.known || !t->replication.redo.level;
    if (f->redo.seen.known && f->redo.found)
        n.recoverable_ms = dr_tso_ms(f->redo.resolved);
    measure_holder(&n, f);
    return n;
}

static const char *age(int64_t ms, char text[DR_DURATION_TEXT])
{
    return ms < 0 ? "unknown" : dr_duration_short(ms, text);
}

/* "2026-11-21 10:02:11Z" */
static const char *moment(int64_t unix_ms, char text[DR_TIME_TEXT])
{
    dr_time_text(unix_ms, text);
    memcpy(text + strcspn(text, "."), "Z", 2);
    return text;
}

/* An age that grows because nobody writes the row tells nothing of the changefeed. */
static void text_beat(struct dr_buf *b, const struct dr_topology *t,
                      const struct numbers *n)
{
    char text[DR_DURATION_TEXT], when[DR_TIME_TEXT];
    dr_buf_addf(b, "  %-13s %s", "heartbeat", age(n->beat_age_ms, text));
    if (!t->heartbeat)
        dr_buf_adds(b, ": not wanted (spec.heartbeat)");
    else if (n->holder_known && !n->beats && n->beaten_ms)
        dr_buf_addf(b, ": no beat is written now; the latest is of %s",
                    moment(n->beaten_ms, when));
    else if (n->holder_known && !n->beats)
        dr_buf_adds(b, ": no beat is written now");
    dr_buf_addc(b, '\n');
}

/* Who holds one cluster, by its own ledger and clock. */
static void text_hold(struct dr_buf *b, const struct dr_cluster_facts *f)
{
    const struct dr_ledger_group *g = &f->ledger;
    const struct dr_ledger *l = &g->rows;
    char text[DR_DURATION_TEXT], when[DR_TIME_TEXT];
    dr_buf_addf(b, "  %-13s %s: ", "held", f->name);
    if (!g->decoded) {
        dr_buf_addf(b, "not known: %s\n",
                    g->seen.why ? g->seen.why : "its ledger is not");
        return;
    }
    if (!l->epoch) {
        dr_buf_adds(b, "by nobody yet\n");
        return;
    }
    int64_t left_ms = dr_tso_age_ms(l->lease_until, g->tso);
    const char *last = l->lease_holder ? l->lease_holder : l->holder;
    dr_buf_addf(b, "epoch %" PRIu64 ", term %" PRIu64 ", ", l->epoch,
                l->term.present ? l->term.n : 0);
    if (!l->lease_until)
        dr_buf_addf(b, "lease free, last %s\n", last);
    else if (left_ms <= 0)
        dr_buf_addf(b, "lease of %s expired %s (%s ago)\n", last,
                    moment(dr_tso_ms(l->lease_until), when), age(-left_ms, text));
    else
        dr_buf_addf(b, "%s until %s (%s left)\n", last,
                    moment(dr_tso_ms(l->lease_until), when), age(left_ms, text));
}

static json_t *hold_json(const struct dr_cluster_facts *f)
{
    const struct dr_ledger_group *g = &f->ledger;
    const struct dr_ledger *l = &g->rows;
    json_t *o = json_object();
    json_object_set_new(o, "cluster", json_string(f->name));
    json_object_set_new(o, "known", json_boolean(g->decoded));
    if (!g->decoded || !l->epoch)
        return o;
    const char *last = l->lease_holder ? l->lease_holder : l->holder;
    json_object_set_new(o, "epoch", dr_json_u64_string(l->epoch));
    json_object_set_new(o, "term", dr_json_u64_string(l->term.present ? l->term.n : 0));
    dr_json_set_text(o, "holder", last);
    json_object_set_new(o, "held", json_boolean(l->lease_until > g->tso));
    json_object_set_new(o, "leaseUntilUnixMs",
                        l->lease_until ? json_integer(dr_tso_ms(l->lease_until))
                                       : json_null());
    return o;
}

static void what_is_asked(const struct dr_plan *p, bool urgent, struct dr_buf *b)
{
    for (size_t i = 0; i < p->question_count; i++)
        if (p->questions[i].urgent == urgent)
            dr_buf_addf(b, "  %-13s %s: %s\n                %s\n",
                        urgent ? "asks first" : "asks", p->questions[i].subject,
                        p->questions[i].what, p->questions[i].answer);
}

static void what_lacks(const struct dr_plan *p, struct dr_buf *b)
{
    for (size_t i = 0; i < p->protection_count; i++) {
        const struct dr_protection *x = &p->protections[i];
        if (x->holds == DR_TRUE)
            continue;
        dr_buf_addf(b, "  %-13s %s\n", x->holds == DR_FALSE ? "not met" : "not known",
                    x->text);
        if (x->help)
            dr_buf_addf(b, "                %s\n", x->help);
    }
    what_is_asked(p, true, b);
    for (size_t i = 0; i < p->blocker_count; i++)
        dr_buf_addf(b, "  %-13s %s %s: %s\n                %s\n",
                    p->observing ? "would block" : "blocked", p->blockers[i].code,
                    p->blockers[i].subject, p->blockers[i].fact, p->blockers[i].way_out);
    for (size_t i = 0; i < p->waiting_count; i++) {
        dr_buf_addf(b, "  %-13s ", "waits");
        dr_plan_waiting_text(&p->waitings[i], b);
        if (p->waitings[i].way_out)
            dr_buf_addf(b, "\n                %s", p->waitings[i].way_out);
        dr_buf_addc(b, '\n');
    }
    what_is_asked(p, false, b);
}

/* Whether a controller waits with this plan for a person. */
static void render_approval(const struct dr_plan *p, const char *where, struct dr_buf *b)
{
    if (!dr_plan_needs_word(p) || p->state != DR_PLAN_STEPS || p->observing)
        return;
    if (p->approval.state == DR_APPROVAL_NONE)
        dr_buf_addf(b, "  %-13s needed: drover approve %.12s %s\n", "approval", p->digest,
                    where);
    else
        dr_buf_addf(b, "  %-13s by %s, of plan %.12s\n", "approval", p->approval.by,
                    p->approval.digest);
}

/* How long a changefeed that stands from now on may stand. */
static void text_history(struct dr_buf *b, int64_t left_ms)
{
    enum { MINUTE_MS = 60000 };
    char left[DR_DURATION_TEXT];
    if (left_ms > 0)
        dr_buf_addf(b, "  %-13s kept for another %s\n", "history",
                    left_ms < MINUTE_MS
                        ? dr_duration_short(left_ms, left)
                        : dr_duration_text(left_ms / MINUTE_MS * MINUTE_MS, left));
    else
        dr_buf_addf(b, "  %-13s %s\n", "history",
                    left_ms ? "unknown" : "lost: a rebuild is needed");
}

static void text_numbers(struct dr_buf *b, const struct dr_plan_input *in,
                         const struct dr_plan *p, const struct numbers *n)
{
    char time[DR_TIME_TEXT], lag[DR_DURATION_TEXT];
    dr_buf_addf(b, "  %-13s %s\n", "lag", age(n->lag_ms, lag));
    text_beat(b, in->topology, n);
    dr_buf_addf(b, "  %-13s %s\n", "recoverable to",
                n->recoverable_ms ? moment(n->recoverable_ms, time)
                : n->redo_known   ? "no common point (no redo)"
                                  : "unknown");
    dr_buf_addf(b, "  %-13s %s\n", "changefeed",
                n->feed         ? n->feed
                : n->feed_known ? "none"
                                : "unknown");
    if (n->feed || !n->feed_known)
        text_history(b, p->history_left_ms);
    if (n->holder_known)
        dr_buf_addf(b, "  %-13s %s, epoch %" PRIu64 "\n", "controller",
                    n->holder ? n->holder : "none acts", n->epoch);
    else
        dr_buf_addf(b, "  %-13s unknown\n", "controller");
    for (size_t c = 0; c < in->facts->cluster_count; c++)
        text_hold(b, &in->facts->clusters[c]);
}

static void render_text(const struct dr_declared *d, const struct dr_plan *p,
                        const struct dr_plan_input *in, const struct numbers *n,
                        bool colour, struct dr_buf *b)
{
    const struct dr_topology *t = in->topology;
    size_t primary, secondary;
    dr_plan_pair(t, in->facts, &primary, &secondary);
    bool yes = p->is_protected == DR_TRUE;
    dr_buf_addf(b, "%s: %s%s%s   %s -> %s\n", p->topology,
                colour ? (yes ? "\033[32m" : "\033[31m") : "",
                yes                           ? "protected"
                : p->is_protected == DR_FALSE ? "NOT protected"
                                              : "NOT KNOWN to be protected",
                colour ? "\033[0m" : "", t->clusters[primary].name,
                t->clusters[secondary].name);
    if (d->bad_tip)
        dr_buf_addf(b,
                    "  %-13s %.12s, the last good one: %.12s is not valid, %u commit%s "
                    "later\n",
                    "revision", p->revision, d->bad_tip, d->behind,
                    d->behind == 1 ? "" : "s");
    text_numbers(b, in, p, n);
    what_lacks(p, b);
    for (size_t i = 0; i < p->notice_count; i++)
        dr_buf_addf(b, "  %-13s %s\n", "note", p->notices[i]);
    if (p->action_count && p->actions[0].unsure)
        dr_buf_addf(b, "  %-13s whether a step is missing is not known\n", "plan");
    else if (p->action_count)
        dr_buf_addf(b, "  %-13s %zu step%s %s, next: %s\n", "plan", p->action_count,
                    p->action_count == 1 ? "" : "s",
                    p->observing ? "to manage it" : "missing", p->actions[0].what);
    render_approval(p, in->where ? in->where : "PATH", b);
}

static json_t *number_or_null(int64_t v, int64_t none)
{
    return v == none ? json_null() : json_integer(v);
}

/* One document; for `watch` on a line of its own, so that a reader takes line by line. */
static void render_json(const struct dr_declared *d, const struct dr_plan *p,
                        const struct dr_facts *f, const struct numbers *n, bool watch,
                        struct dr_buf *b)
{
    json_t *o = dr_plan_json(p), *holds = json_array();
    for (size_t c = 0; c < f->cluster_count; c++)
        json_array_append_new(holds, hold_json(&f->clusters[c]));
    json_object_set_new(o, "lagMs", number_or_null(n->lag_ms, -1));
    json_object_set_new(o, "historyLeftMs", number_or_null(p->history_left_ms, -1));
    json_object_set_new(o, "heartbeatAgeMs", number_or_null(n->beat_age_ms, -1));
    json_object_set_new(o, "recoverableToUnixMs", number_or_null(n->recoverable_ms, 0));
    dr_json_set_text(o, "changefeed", n->feed);
    dr_json_set_text(o, "holder", n->holder);
    json_object_set_new(o, "epoch", dr_json_u64_string(n->epoch));
    json_object_set_new(o, "holds", holds);
    dr_json_set_text(o, "badTip", d->bad_tip);
    char *text =
        json_dumps(o, (watch ? JSON_COMPACT : JSON_INDENT(2)) | JSON_PRESERVE_ORDER);
    dr_buf_addf(b, "%s\n", text ? text : "");
    free(text);
    json_decref(o);
}

/* With --watch: a terminal is written over, a file gets a line between two pictures. */
static void begin_picture(const struct dr_invocation *in, struct dr_buf *b)
{
    const struct options *o = in->options;
    char time[DR_TIME_TEXT];
    if (o->watch && in->out.terminal)
        dr_buf_adds(b, "\033[H\033[J");
    else if (o->watch)
        dr_buf_addf(b, "-- %s\n", dr_time_text(dr_wall_ms(), time));
}

/* One look, printed. Several when rising checkpoints are missing, or the proof that a
 * changefeed is gone: they show to nobody who looks once. */
static int show(const struct dr_invocation *in, const struct dr_declared *d,
                struct dr_observer *obs, struct dr_plan_input *input, bool *is_protected)
{
    const struct options *o = in->options;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_plan *p = NULL;
    int looks = 0;
    do {
        input->facts = dr_observe(obs, dr_wall_ms());
        dr_declared_trace(d, input, a);
        p = dr_plan_build(input, a);
        looks++;
        /* who watches looks again anyhow */
    } while (!(o->watch && p->absence_open) && dr_look_again(p, looks));
    struct numbers n = measure(input->topology, input->facts, a);
    struct dr_buf b;
    dr_buf_init(&b, OUTPUT_MAX);
    if (o->output) {
        render_json(d, p, input->facts, &n, o->watch, &b);
    } else {
        begin_picture(in, &b);
        render_text(d, p, input, &n, in->out.colour, &b);
    }
    *is_protected = p->is_protected == DR_TRUE;
    int rc = dr_cli_result(in, &b);
    dr_buf_release(&b);
    dr_arena_free(a);
    return rc;
}

static int look(const struct dr_invocation *in, const struct dr_declared *d,
                struct dr_observer *obs)
{
    const struct options *o = in->options;
    struct dr_plan_input input = dr_declared_input(d);
    bool is_protected = false;
    int rc = show(in, d, obs, &input, &is_protected);
    while (rc == 0 && o->watch && !dr_signals_asked(NULL)) {
        nanosleep(&(struct timespec){.tv_sec = o->interval_ms / 1000,
                                     .tv_nsec = o->interval_ms % 1000 * 1000000},
                  NULL);
        rc = show(in, d, obs, &input, &is_protected);
    }
    return rc ? rc : is_protected ? DR_EXIT_OK : DR_EXIT_BLOCKED;
}

static int run(const struct dr_invocation *in)
{
    const struct options *o = in->options;
    struct dr_declared d;
    struct dr_looker l;
    struct dr_err err;
    int rc = dr_declared_open_followed(&d, in);
    if (rc != 0)
        return rc;
    if (o->watch)
        dr_signals_catch();
    if (dr_looker_open(&l, d.topology, dr_declared_secrets(&d, o->secrets),
                       "drover status changes nothing", &err) != 0) {
        rc = dr_cli_fail(in, DR_EXIT_ERROR, &err);
    } else {
        rc = look(in, &d, l.observer);
        dr_looker_close(&l);
    }
    dr_declared_close(&d);
    return rc;
}

const struct dr_command dr_cmd_status = {
    .name = "status",
    .summary = "protected, or what is missing",
    .arguments = "[PATH] [NAME]",
    .about =
        "Looks at the clusters of a topology and says whether it is protected, how far "
        "behind the\nsecondary is, to which moment a disaster could be recovered, and "
        "what "
        "blocks; which controller holds which cluster: its epoch and term, and until "
        "when "
        "its lease\nlasts. Where the newest commit of a repository is not valid, it is "
        "about the "
        "last good one, as\n`run` keeps it, and says so.\nExit status: 0 protected, 1 "
        "error, 3 not protected, 64 wrong "
        "usage.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 2,
    .run = run,
};
