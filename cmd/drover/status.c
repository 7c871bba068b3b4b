/* drover status: protected, or what is missing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "cmd/drover/looker.h"
#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/loop/rig.h"
#include "controller/observe/observe.h"
#include "controller/plan/plan.h"

enum { OUTPUT_MAX = 4 << 20, LOOKS = 5 };

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
    int64_t recoverable_ms; /* unix ms of the redo's common point; 0: none */
    const char *holder;
    bool redo_known;
    uint64_t epoch;
    const char *feed;
    bool feed_known, holder_known;
};

static struct numbers measure(const struct dr_topology *t, const struct dr_facts *f,
                              struct dr_arena *a)
{
    struct numbers n = {.lag_ms = -1, .beat_age_ms = -1};
    size_t p, s;
    dr_plan_pair(t, &p, &s);
    struct dr_generation g = dr_generation_of(t, f, p, s, 0, a);
    const struct dr_ledger_group *lp = &f->clusters[p].ledger,
                                 *ls = &f->clusters[s].ledger;
    const struct dr_feed *feed = f->clusters[p].feeds.seen.known
                                     ? dr_feeds_find(&f->clusters[p].feeds, g.feed_id)
                                     : NULL;
    if (feed && lp->seen.known)
        n.lag_ms = dr_tso_age_ms(lp->tso, feed->checkpoint);
    n.feed = feed ? g.feed_id : NULL;
    n.feed_known = f->clusters[p].feeds.seen.known;
    for (size_t i = 0; ls->seen.known && lp->seen.known && i < ls->beat_count; i++)
        if (strcmp(ls->beats[i].origin, t->clusters[p].name) == 0)
            n.beat_age_ms = dr_tso_age_ms(lp->tso, ls->beats[i].tso);
    n.redo_known = f->redo.seen.known || !t->replication.redo.level;
    if (f->redo.seen.known && f->redo.found)
        n.recoverable_ms = dr_tso_ms(f->redo.resolved);
    /* either ledger tells; the higher epoch is the later one */
    for (size_t c = 0; c < f->cluster_count; c++) {
        const struct dr_ledger_group *x = &f->clusters[c].ledger;
        n.holder_known |= x->seen.known;
        if (!x->decoded || x->rows.epoch < n.epoch)
            continue;
        n.epoch = x->rows.epoch;
        n.holder = x->rows.lease_until > x->tso ? x->rows.lease_holder : NULL;
    }
    return n;
}

static void text_age(struct dr_buf *b, const char *name, int64_t ms)
{
    char text[DR_DURATION_TEXT];
    dr_buf_addf(b, "  %-13s %s\n", name, ms < 0 ? "unknown" : dr_duration_text(ms, text));
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
        dr_buf_addf(b, "  %-13s %s\n", x->holds == DR_FALSE ? "missing" : "not known",
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
static void render_approval(const struct dr_plan *p, struct dr_buf *b)
{
    if (!dr_plan_needs_word(p) || p->state != DR_PLAN_STEPS || p->observing)
        return;
    if (p->approval.state == DR_APPROVAL_NONE)
        dr_buf_addf(b, "  %-13s needed: drover approve %.12s PATH\n", "approval",
                    p->digest);
    else
        dr_buf_addf(b, "  %-13s by %s, of plan %.12s\n", "approval", p->approval.by,
                    p->approval.digest);
}

static void render_text(const struct dr_plan *p, const struct dr_topology *t,
                        const struct numbers *n, bool colour, struct dr_buf *b)
{
    size_t primary, secondary;
    char time[DR_TIME_TEXT];
    dr_plan_pair(t, &primary, &secondary);
    bool yes = p->is_protected == DR_TRUE;
    dr_buf_addf(b, "%s: %s%s%s   %s -> %s\n", p->topology,
                colour ? (yes ? "\033[32m" : "\033[31m") : "",
                yes                           ? "protected"
                : p->is_protected == DR_FALSE ? "NOT protected"
                                              : "NOT KNOWN to be protected",
                colour ? "\033[0m" : "", t->clusters[primary].name,
                t->clusters[secondary].name);
    text_age(b, "lag", n->lag_ms);
    text_age(b, "heartbeat", n->beat_age_ms);
    dr_buf_addf(b, "  %-13s %s\n", "recoverable to",
                n->recoverable_ms ? dr_time_text(n->recoverable_ms, time)
                : n->redo_known   ? "no common point (no redo)"
                                  : "unknown");
    dr_buf_addf(b, "  %-13s %s\n", "changefeed",
                n->feed         ? n->feed
                : n->feed_known ? "none"
                                : "unknown");
    if (n->holder_known)
        dr_buf_addf(b, "  %-13s %s, epoch %" PRIu64 "\n", "controller",
                    n->holder ? n->holder : "none acts", n->epoch);
    else
        dr_buf_addf(b, "  %-13s unknown\n", "controller");
    what_lacks(p, b);
    for (size_t i = 0; i < p->notice_count; i++)
        dr_buf_addf(b, "  %-13s %s\n", "note", p->notices[i]);
    if (p->action_count && p->actions[0].unsure)
        dr_buf_addf(b, "  %-13s whether a step is missing is not known\n", "plan");
    else if (p->action_count)
        dr_buf_addf(b, "  %-13s %zu step%s %s, next: %s\n", "plan", p->action_count,
                    p->action_count == 1 ? "" : "s",
                    p->observing ? "to manage it" : "missing", p->actions[0].what);
    render_approval(p, b);
}

static json_t *number_or_null(int64_t v, int64_t none)
{
    return v == none ? json_null() : json_integer(v);
}

/* One document; for `watch` on a line of its own, so that a reader takes line by line. */
static void render_json(const struct dr_plan *p, const struct numbers *n, bool watch,
                        struct dr_buf *b)
{
    json_t *o = dr_plan_json(p);
    json_object_set_new(o, "lagMs", number_or_null(n->lag_ms, -1));
    json_object_set_new(o, "heartbeatAgeMs", number_or_null(n->beat_age_ms, -1));
    json_object_set_new(o, "recoverableToUnixMs", number_or_null(n->recoverable_ms, 0));
    json_object_set_new(o, "changefeed", n->feed ? json_string(n->feed) : json_null());
    json_object_set_new(o, "holder", n->holder ? json_string(n->holder) : json_null());
    json_object_set_new(o, "epoch", dr_json_u64_string(n->epoch));
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

/* One look, printed. Several when only rising checkpoints are missing: they show to
 * nobody who looks once. */
static int show(const struct dr_invocation *in, const struct dr_declared *d,
                struct dr_observer *obs, struct dr_plan_input *input, bool *is_protected)
{
    const struct options *o = in->options;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_plan *p = NULL;
    for (int i = 0; i < LOOKS; i++) {
        input->facts = dr_observe(obs, dr_wall_ms());
        dr_declared_trace(d, input, a);
        p = dr_plan_build(input, a);
        if (!dr_plan_look_again(p))
            break;
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    struct numbers n = measure(input->topology, input->facts, a);
    struct dr_buf b;
    dr_buf_init(&b, OUTPUT_MAX);
    if (o->output) {
        render_json(p, &n, o->watch, &b);
    } else {
        begin_picture(in, &b);
        render_text(p, input->topology, &n, in->out.colour, &b);
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
    int rc = dr_declared_open(&d, in, 0);
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
        "blocks.\nExit status: 0 protected, 1 error, 3 not protected, 64 wrong usage.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 2,
    .run = run,
};
