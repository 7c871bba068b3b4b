/* drover apply: plans, asks, acts until the plan is empty. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "cmd/drover/patience.h"
#include "cmd/drover/progress.h"
#include "cmd/drover/word.h"
#include "controller/act/act.h"
#include "controller/act/lock.h"
#include "controller/base/file.h"
#include "controller/base/printable.h"
#include "controller/loop/rig.h"
#include "controller/plan/saved.h"

enum {
    OUTPUT_MAX = 16 << 20,
    POLL_MS = 200,

    LOOKS = 3,
    LINE_MAX_BYTES = 400
};

struct options {
    struct dr_source_options source;
    const char *secrets, *state, *approve;
    bool yes, take, wide;
    int64_t lease_ms, wait_ms, give_up_ms;
};

// clang-format off
static const struct dr_option options[] = {
    {.name = "yes", .letter = 'y', .kind = DR_OPT_FLAG, .offset = offsetof(struct options, yes),
     .help = "do not ask; covers safe and disruptive steps, others when they are approved"},
    {.name = "approve", .kind = DR_OPT_TEXT, .value = "DIGEST",
     .offset = offsetof(struct options, approve),
     .help = "approve the plan of this digest whole, destructive steps too; with --yes also when "
             "it comes up later"},
    {.name = "take", .kind = DR_OPT_FLAG, .offset = offsetof(struct options, take),
     .help = "take over from a controller that holds the lease"},
    {.name = "wait", .kind = DR_OPT_DURATION, .value = "DURATION", .fallback = "30s",
     .offset = offsetof(struct options, wait_ms),
     .help = "how long to wait for another controller's lease, or a fact that cannot be read"},
    {.name = "give-up-after", .kind = DR_OPT_DURATION, .value = "DURATION", .fallback = "10m",
     .offset = offsetof(struct options, give_up_ms),
     .help = "how long a step that fails is tried again; 0s: for ever"},
    {.name = "secrets", .kind = DR_OPT_TEXT, .value = "DIR",
     .offset = offsetof(struct options, secrets), .help = "folder of relative secret files"},
    {.name = "state", .kind = DR_OPT_TEXT, .value = "DIR", .offset = offsetof(struct options, state),
     .help = "folder of the journal (default: drover in the XDG state folder)"},
    {.name = "lease", .kind = DR_OPT_DURATION, .value = "DURATION", .fallback = "30s",
     .offset = offsetof(struct options, lease_ms), .help = "how long the lease lasts"},
    {.name = "wide", .letter = 'w', .kind = DR_OPT_FLAG, .offset = offsetof(struct options, wide),
     .help = "show the plan with reasons"},
    DR_SOURCE_OPTIONS(struct options),
    {0}};

static const struct dr_example examples[] = {
    {"drover apply topology.yaml", "show the plan, ask, carry it out"},
    {"drover apply --yes topology.yaml", "without asking, for scripts"},
    {"drover apply plan.json", "exactly the plan that was kept, or none"},
    {"drover apply --approve 3f9a12bc04de topology.yaml", "exactly the plan that was reviewed"},
    {0}};
// clang-format on

struct session {
    const struct dr_invocation *in;
    const struct options *o;
    const struct dr_saved_plan *saved; /* NULL: what is planned now */
    struct dr_progress progress;
    struct dr_actor *actor;
    struct dr_journal *journal;
    struct dr_estate *estate; /* borrowed: its clock */
    struct dr_patience patience;
    bool approved; /* --approve was used */
};

static int64_t wall_ms(void *arg)
{
    (void)arg;
    return dr_wall_ms();
}

static void say(void *arg, const struct dr_event *e)
{
    struct session *s = arg;
    if (e->kind == DR_EVENT_START)
        dr_signals_doing(e->action->what);
    if (e->kind == DR_EVENT_END)
        dr_signals_doing(NULL);
    /* waiting is told by the patience, which says it again */
    if (e->kind != DR_EVENT_PLAN && e->kind != DR_EVENT_WAIT &&
        e->kind != DR_EVENT_STANDBY)
        dr_progress_say(&s->progress, NULL, e);
}

static void pause_ms(int64_t ms)
{
    for (; ms > 0 && !dr_signals_asked(NULL); ms -= POLL_MS)
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
}

/* A saved plan that no longer fits is refused, with what changed. Out: 0 it fits. */
static int check_saved(struct session *s, const struct dr_plan_input *input,
                       const struct dr_plan *now)
{
    struct dr_err err;
    struct dr_buf changes;
    struct dr_arena *a = dr_arena_new(0);
    dr_buf_init(&changes, OUTPUT_MAX);
    bool fits = dr_saved_plan_fits(s->saved, now, input, a, &changes);
    if (!fits) {
        fprintf(s->in->err.file, "what changed since %s:\n", s->saved->made_at);
        for (const char *line = dr_buf_str(&changes), *end; (end = strchr(line, '\n'));
             line = end + 1)
            fprintf(s->in->err.file, "  %s\n",
                    dr_printable(a, line, (size_t)(end - line), LINE_MAX_BYTES));
    }
    dr_buf_release(&changes);
    dr_arena_free(a);
    if (fits)
        return 0;
    (void)dr_fail(&err, DR_E_CONFLICT, "the saved plan %.12s is stale: the plan is %.12s",
                  s->saved->digest, now->digest);
    dr_hint(&err, "review the plan of now: drover plan --out FILE");
    return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
}

/* Whether the plan that was shown leaves something to be done, that may be done. Out: -1
 * yes, else the exit status. */
static int may_be_done(const struct session *s, const struct dr_topology *t,
                       const struct dr_round *r)
{
    struct dr_err err;
    if (r->plan->state == DR_PLAN_CONVERGED &&
        !(r->plan->observing && r->plan->action_count))
        return DR_EXIT_OK;
    if (r->plan->state == DR_PLAN_BLOCKED || r->plan->state == DR_PLAN_ASKING)
        return DR_EXIT_BLOCKED;
    if (t->paused || t->management == DR_OBSERVE) {
        (void)dr_fail(&err, DR_E_CONFLICT, "the document says: %s",
                      t->paused ? "paused" : "management: Observe");
        dr_hint(&err, "drover changes nothing until it says otherwise");
        return dr_cli_fail(s->in, DR_EXIT_BLOCKED, &err);
    }
    if (!r->blind)
        return -1;
    bool window = r->plan->waiting_count && r->plan->waitings[0].for_window;
    /* nobody can say yes to what is not known */
    fprintf(s->in->err.file, "nothing is done while %s: %s\n  hint: %s\n",
            window ? "a window is closed" : "a fact is not known", r->text,
            window        ? "come back then, or let drover run do it"
            : r->hopeless ? "no waiting helps here: see the way out above"
                          : "--wait DURATION waits longer for it");
    return DR_EXIT_BLOCKED;
}

/* Shows the plan and gets the word. Out: -1 go on, else the exit status. */
static int ask_word(struct session *s, const struct dr_topology *t, const char *revision,
                    const struct dr_round *r)
{
    struct dr_err err;
    char question[64];
    struct dr_plan_input input = {.topology = t, .facts = r->facts, .revision = revision};
    int rc = dr_show_plan(s->in, &input, r->plan, s->o->wide);
    if (rc == 0 && s->saved)
        rc = check_saved(s, &input, r->plan);
    if (rc == 0)
        rc = may_be_done(s, t, r);
    if (rc >= 0)
        return rc;
    if (s->o->approve && !s->o->yes && !dr_digest_fits(s->o->approve, r->plan)) {
        (void)dr_fail(&err, DR_E_CONFLICT, "the plan is %.12s, not %s", r->plan->digest,
                      s->o->approve);
        dr_hint(&err,
                "review the plan above; approve at least %d characters of its digest",
                DR_DIGEST_MIN);
        return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
    }
    if (s->o->yes || s->o->approve)
        return -1;
    if (!isatty(STDIN_FILENO)) {
        (void)dr_fail(&err, DR_E_INPUT,
                      "nobody can be asked: standard input is no terminal");
        dr_hint(&err, "give --yes or --approve DIGEST");
        return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
    }
    snprintf(question, sizeof(question), "Carry out %zu step%s?", r->plan->action_count,
             r->plan->action_count == 1 ? "" : "s");
    return dr_ask_yes(s->in, question) ? -1 : DR_EXIT_INTERRUPTED;
}

/* What a round means. Out: -1 go on, else the exit status. */
static int judge(struct session *s, const struct dr_round *r)
{
    struct dr_buf b;
    dr_buf_init(&b, OUTPUT_MAX);
    int rc = dr_patience_judge(&s->patience, r, s->estate->now_ms(s->estate), &b);
    fputs(dr_buf_str(&b), s->in->err.file);
    fflush(s->in->err.file);
    dr_buf_release(&b);
    return rc;
}

/* What the journal found out about itself. */
static void say_journal(struct session *s)
{
    char text[2048];
    struct dr_event e = {.kind = DR_EVENT_ALARM, .permille = -1, .text = text};
    if (dr_journal_news(s->journal, text))
        dr_progress_say(&s->progress, NULL, &e);
}

/* What --yes covers led to the plan that --approve names. */
static bool is_approved_now(struct session *s, const struct dr_round *r)
{
    bool now = r->state == DR_ROUND_UNAPPROVED && r->plan->action_count && !s->approved &&
               dr_digest_fits(s->o->approve, r->plan);
    if (now) {
        fprintf(s->in->err.file, "approved: plan %.12s\n", r->plan->digest);
        dr_actor_approve(s->actor, r->plan, true);
        s->approved = true;
    }
    return now;
}

static int act(struct session *s)
{
    dr_patience_begin(&s->patience, s->estate->now_ms(s->estate));
    for (;;) {
        struct dr_round r;
        struct dr_err err = {0};
        if (dr_actor_round(s->actor, &r, &err) != 0)
            return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
        say_journal(s);
        if (is_approved_now(s, &r))
            continue;
        int rc = judge(s, &r);
        if (rc >= 0)
            return rc;
        pause_ms(r.again_ms);
    }
}

/* What is made is numbered as in the plan that was shown. */
static void number_steps(struct dr_progress *p, const struct dr_plan *plan,
                         struct dr_arena *a)
{
    const char **ids = DR_NEW_N(a, plan->action_count, const char *);
    for (size_t i = 0; i < plan->action_count; i++)
        ids[i] = dr_strdup(a, plan->actions[i].id);
    p->ids = ids;
    p->id_count = plan->action_count;
}

static int with_rig(struct session *s, struct dr_declared *d, struct dr_rig *rig,
                    struct dr_journal *journal)
{
    char holder[DR_HOLDER_TEXT];
    dr_holder_new(holder);
    struct dr_actor_options o = {.topology = d->topology,
                                 .access = rig->access,
                                 .estate = rig->estate,
                                 .journal = journal,
                                 .holder = holder,
                                 .revision = d->declaration->revision,
                                 .where = d->where,
                                 .lease_ms = s->o->lease_ms,
                                 .take = s->o->take,
                                 .history = dr_declaration_history(d->origin),
                                 .wall_ms = wall_ms,
                                 .say = say,
                                 .stop = dr_signals_asked,
                                 .arg = s};
    o.allowed[DR_RISK_SAFE] = o.allowed[DR_RISK_DISRUPTIVE] = true;
    s->actor = dr_actor_new(&o);
    s->estate = rig->estate;
    s->patience = (struct dr_patience){
        .where = d->where, .wait_ms = s->o->wait_ms, .give_up_ms = s->o->give_up_ms};
    dr_patience_begin(&s->patience, s->estate->now_ms(s->estate));
    struct dr_round first;
    dr_signals_doing(NULL);
    dr_actor_look(s->actor, &first);
    /* "two rising checkpoints" show only to one who looks more than once */
    for (int i = 0; i < LOOKS && dr_plan_look_again(first.plan); i++) {
        pause_ms(1000);
        dr_actor_look(s->actor, &first);
    }
    int64_t begun_ms = s->patience.moved_ms;
    while (first.blind && first.hopeless < 2 && !dr_signals_asked(NULL) &&
           s->estate->now_ms(s->estate) - begun_ms < s->o->wait_ms) {
        (void)judge(s, &first);
        pause_ms(first.again_ms);
        dr_actor_look(s->actor, &first);
    }
    bool stop = dr_signals_asked(NULL);
    int rc = stop ? DR_EXIT_INTERRUPTED
                  : ask_word(s, d->topology, d->declaration->revision, &first);
    if (rc < 0) {
        dr_signals_doing(NULL);
        struct dr_arena *a = dr_arena_new(0);
        s->approved = dr_digest_fits(s->o->approve, first.plan);
        dr_actor_approve(s->actor, first.plan, s->approved);
        number_steps(&s->progress, first.plan, a);
        rc = act(s);
        dr_arena_free(a);
    }
    dr_actor_leave(s->actor);
    dr_actor_free(s->actor);
    return rc;
}

static int with_journal(struct session *s, struct dr_declared *d, const char *state)
{
    struct dr_journal *journal;
    struct dr_rig rig;
    struct dr_err err;
    if (dr_journal_open(&journal, state, dr_wall_ms(), &err) != 0)
        return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
    s->journal = journal;
    say_journal(s);
    int rc;
    if (dr_rig_open(&rig, d->topology, dr_declared_secrets(d, s->o->secrets), &err) !=
        0) {
        rc = dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
    } else {
        rc = with_rig(s, d, &rig, journal);
        dr_rig_close(&rig);
    }
    dr_journal_close(journal);
    return rc;
}

/* PATH [NAME] or PLAN [PATH]: the document of a saved plan is read where it was, or where
 * it is said to be now. Out: 0, or the exit status. */
static int open_declared(struct session *s, struct dr_declared *d, struct dr_arena *a)
{
    const struct dr_invocation *in = s->in;
    char *bytes;
    size_t len;
    struct dr_err err;
    struct dr_saved_plan *saved;
    if (!in->arg_count ||
        dr_file_read(a, in->args[0], DR_SAVED_PLAN_MAX, &bytes, &len, &err) != 0 ||
        !dr_saved_plan_is(bytes, len))
        return dr_declared_open(d, in, 0);
    if (dr_saved_plan_read(&saved, bytes, len, a, &err) != 0) {
        (void)dr_wrap(&err, "'%s'", in->args[0]);
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    }
    s->saved = saved;
    if (dr_declared_elsewhere(in))
        return dr_declared_open_elsewhere(d, in, saved->topology);
    if (!*saved->path && in->arg_count < 2)
        return dr_cli_usage(in, "the plan is of a repository: give --git or --config "
                                "again");
    return dr_declared_open_at(d, in, in->arg_count > 1 ? in->args[1] : saved->path,
                               saved->topology);
}

static int run(const struct dr_invocation *in)
{
    struct session s = {.in = in, .o = in->options, .progress = {.stream = in->err}};
    struct dr_declared d;
    struct dr_err err;
    char state[4096];
    int lock = -1;
    struct dr_arena *a = dr_arena_new(0);
    int rc = open_declared(&s, &d, a);
    if (rc != 0) {
        dr_arena_free(a);
        return rc;
    }
    dr_signals_catch();
    if (dr_state_dir(state, s.o->state, &err) != 0 ||
        dr_state_lock(state, &lock, &err) != 0) {
        rc = dr_cli_fail(in, DR_EXIT_ERROR, &err);
    } else {
        rc = with_journal(&s, &d, state);
        close(lock);
    }
    dr_declared_close(&d);
    dr_arena_free(a);
    return rc;
}

const struct dr_command dr_cmd_apply = {
    .name = "apply",
    .summary = "plan, ask, and carry the plan out",
    .arguments = "[PATH] [NAME] | PLAN [PATH]",
    .about =
        "Shows the plan as `drover plan` does, asks, and carries it out step by step; "
        "each "
        "step is\nobserved before the next is planned. Kill it anywhere and run it "
        "again: it "
        "goes on.\nThe first Ctrl-C stops after the running step, the second at once.\n"
        "PLAN is what `drover plan --out` kept: exactly that plan is carried out, or "
        "none; the document "
        "is\nread where it was planned, or at PATH.\n"
        "A step that fails is tried again, at longer and longer intervals, for "
        "--give-up-after.\n"
        "Exit status: 0 done, 1 error or given up, 3 blocked or a word is missing, 64 "
        "wrong usage,\n130 interrupted.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 2,
    .run = run,
};
