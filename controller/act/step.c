/* One group of steps: intent on disk, call, outcome, read-back. Steps of one rule on
 * different clusters do not depend on each other and run side by side. */
#include "controller/act/actor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    GROUP_MAX = 8,
    READ_BACK_MS = 20000, /* how long an expected result may take to show */
    READ_BACK_POLL_MS = 250,
    PROGRESS_MS = 2000, /* how often a copy's progress is asked */
    BACKOFF_MIN_MS = 1000,
    BACKOFF_MAX_MS = 60000
};

struct step {
    const struct dr_action *action;
    struct dr_call call;
    uint64_t ticket; /* open; 0: answered */
    int64_t intent;  /* journal id; 0: none */
    int64_t start_ms;
    enum dr_journal_outcome outcome;
    char text[DR_ERR_TEXT_MAX];
};

static int note_intent(struct dr_actor *x, struct step *s, struct dr_err *err)
{
    if (!x->o.journal)
        return 0;
    const struct dr_action *a = s->action;
    struct dr_journal_entry e = {
        .time_ms = x->o.wall_ms(x->o.arg),
        .cycle = x->round,
        .topology = x->plan->topology,
        .revision = x->plan->revision,
        .digest = x->plan->digest,
        .rule = a->name,
        .action = a->id,
        .verb = a->compares ? "compare" : dr_call_rows[a->call.kind].name,
        .target = a->subject,
        .why = a->why,
        .precondition = a->precondition,
        .approval = x->o.approve_all ? "the plan as a whole" : NULL};
    return dr_journal_intent(x->o.journal, &e, &s->intent, err);
}

static int note_outcome(struct dr_actor *x, struct step *s, struct dr_err *err)
{
    if (!x->o.journal || !s->intent)
        return 0;
    int rc = dr_journal_outcome(x->o.journal, s->intent, x->o.wall_ms(x->o.arg),
                                s->outcome, s->text, err);
    return rc == -DR_E_ABSENT ? 0 : rc; /* the journal was moved aside and says so */
}

static void say_start(struct dr_actor *x, const struct step *s)
{
    struct dr_event e = {.kind = DR_EVENT_START,
                         .action = s->action,
                         .permille = -1,
                         .text = s->action->what};
    dr_actor_say(x, &e);
}

static void say_end(struct dr_actor *x, const struct step *s)
{
    struct dr_event e = {.kind = DR_EVENT_END,
                         .action = s->action,
                         .outcome = s->outcome,
                         .permille = -1,
                         .elapsed_ms = dr_actor_now(x) - s->start_ms,
                         .text = s->text};
    dr_actor_say(x, &e);
}

static void answered(struct dr_actor *x, struct step *s, struct dr_reply *r)
{
    s->ticket = 0;
    s->outcome = r->outcome == DR_DONE      ? DR_JOURNAL_DONE
                 : r->outcome == DR_REFUSED ? DR_JOURNAL_REFUSED
                                            : DR_JOURNAL_UNKNOWN;
    snprintf(s->text, sizeof(s->text), "%s", r->outcome == DR_DONE ? "" : r->err.text);
    dr_observe_forget(x->observer, &s->call, r);
}

static bool is_copy(enum dr_call_kind kind)
{
    return kind == DR_CALL_BACKUP || kind == DR_CALL_RESTORE;
}

/* ---- progress of a copy, asked beside it ---- */

static void ask_progress(struct dr_actor *x, const struct step *s, struct dr_call *call,
                         uint64_t *ticket)
{
    *call = (struct dr_call){.kind = DR_CALL_SQL_JOBS, .at = s->call.at};
    x->o.estate->submit(x->o.estate, call, ticket);
}

static void say_progress(struct dr_actor *x, const struct step *s,
                         const struct dr_reply *r)
{
    int permille = -1;
    if (r->outcome == DR_DONE) {
        const struct dr_jobs *j = r->as.jobs;
        bool restore = s->call.kind == DR_CALL_RESTORE;
        const struct dr_job *jobs = restore ? j->restores : j->backups;
        size_t n = restore ? j->restore_count : j->backup_count;
        for (size_t i = 0; i < n; i++)
            if (!jobs[i].finished)
                permille = (int)jobs[i].progress_permille;
    }
    struct dr_event e = {.kind = DR_EVENT_PROGRESS,
                         .action = s->action,
                         .permille = permille,
                         .elapsed_ms = dr_actor_now(x) - s->start_ms,
                         .text = s->action->what};
    dr_actor_say(x, &e);
}

/* Renews the lease through a call of its own, so that a running copy is not waited for.
 */
static void submit_beat(struct dr_actor *x, size_t c, struct dr_call *call,
                        uint64_t *ticket)
{
    *call = (struct dr_call){.kind = DR_CALL_BEAT,
                             .at = {.cluster = (uint16_t)c},
                             .as = dr_authority_for(x, c)};
    const struct dr_ledger_group *g = &x->facts->clusters[c].ledger;
    int64_t passed = dr_actor_now(x) - g->seen.at_ms;
    call->args.beat.tso = g->tso + ((uint64_t)(passed > 0 ? passed : 0) << 18);
    call->args.beat.lease_ms = x->o.lease_ms;
    x->o.estate->submit(x->o.estate, call, ticket);
}

/* What runs beside the steps: one progress question and a beat per cluster. */
struct beside {
    struct dr_call progress, beats[GROUP_MAX];
    uint64_t progress_ticket, beat_tickets[GROUP_MAX];
    int64_t progress_at_ms, beat_at_ms;
};

static void start_beside(struct dr_actor *x, struct step *steps, size_t n,
                         struct beside *b)
{
    int64_t now = dr_actor_now(x);
    for (size_t i = 0; i < n; i++) {
        if (!steps[i].ticket || !is_copy(steps[i].call.kind) || b->progress_ticket ||
            now < b->progress_at_ms)
            continue;
        ask_progress(x, &steps[i], &b->progress, &b->progress_ticket);
        b->progress_at_ms = now + PROGRESS_MS;
    }
    if (!x->epoch || now < b->beat_at_ms)
        return;
    for (size_t c = 0; c < x->facts->cluster_count && c < GROUP_MAX; c++)
        if (!b->beat_tickets[c])
            submit_beat(x, c, &b->beats[c], &b->beat_tickets[c]);
    b->beat_at_ms = now + x->o.lease_ms / 3;
    x->beat_at_ms = now;
}

/* An answer to what runs beside; false: it is a step's. */
static bool beside_answered(struct dr_actor *x, struct step *steps, struct beside *b,
                            struct dr_reply *r)
{
    if (r->ticket == b->progress_ticket) {
        b->progress_ticket = 0;
        if (steps[0].ticket)
            say_progress(x, &steps[0], r);
        return true;
    }
    for (size_t c = 0; c < GROUP_MAX; c++) {
        if (r->ticket != b->beat_tickets[c] || !b->beat_tickets[c])
            continue;
        b->beat_tickets[c] = 0;
        if (r->outcome == DR_REFUSED && r->err.code == DR_E_CONFLICT && x->epoch) {
            x->epoch = 0; /* the call in flight is the successor's now */
            dr_actor_note(x, DR_EVENT_AUTHORITY, "lost the epoch to another controller");
        }
        return true;
    }
    return false;
}

static bool any_open(const struct step *steps, size_t n, const struct beside *b)
{
    bool open = b->progress_ticket != 0;
    for (size_t i = 0; i < n; i++)
        open |= steps[i].ticket != 0;
    for (size_t c = 0; c < GROUP_MAX; c++)
        open |= b->beat_tickets[c] != 0;
    return open;
}

static void wait_for(struct dr_actor *x, struct step *steps, size_t n)
{
    struct beside b = {.progress_at_ms = dr_actor_now(x) + PROGRESS_MS,
                       .beat_at_ms = dr_actor_now(x) + x->o.lease_ms / 3};
    while (any_open(steps, n, &b)) {
        bool steps_open = false;
        for (size_t i = 0; i < n; i++)
            steps_open |= steps[i].ticket != 0;
        if (steps_open)
            start_beside(x, steps, n, &b);
        struct dr_reply r;
        if (!x->o.estate->wait(x->o.estate, dr_actor_now(x) + 500, &r))
            continue;
        bool taken = beside_answered(x, steps, &b, &r);
        for (size_t i = 0; i < n && !taken; i++) {
            if (steps[i].ticket == r.ticket) {
                answered(x, &steps[i], &r);
                break;
            }
        }
        dr_reply_release(&r);
    }
}

/* ---- the comparison ---- */

static void compare(struct dr_actor *x, struct step *s)
{
    size_t a, b;
    struct dr_err err = {0};
    dr_plan_pair(x->o.topology, &a, &b);
    const struct dr_ledger *l = &x->facts->clusters[a].ledger.rows;
    uint64_t generation = l->backup.generation, tso = l->backup.tso;
    int rc = dr_observe_compare(x->observer, a, b, generation, tso,
                                x->o.topology->bootstrap.verify_budget_ms, &err);
    s->outcome = rc == 0 ? DR_JOURNAL_DONE : DR_JOURNAL_UNKNOWN;
    snprintf(s->text, sizeof(s->text), "%s", rc == 0 ? "" : err.text);
}

/* ---- read-back ---- */

static void plan_again(struct dr_actor *x)
{
    dr_arena_reset(x->cycle);
    x->facts = dr_observe(x->observer, x->o.wall_ms(x->o.arg));
    x->input.facts = x->facts;
    x->plan = dr_plan_build(&x->input, x->cycle);
}

/* Looks until the step's result shows or the time is up. The action is a copy: the plan
 * it came from is gone after the first look. */
static enum dr_truth read_back(struct dr_actor *x, const struct dr_action *action)
{
    int64_t until = dr_actor_now(x) + READ_BACK_MS;
    for (;;) {
        plan_again(x);
        enum dr_truth done = dr_plan_done(&x->input, action, x->cycle);
        if (done == DR_TRUE || dr_actor_now(x) >= until ||
            (x->o.stop && x->o.stop(x->o.arg)))
            return done;
        if (x->epoch && !dr_authority_renew(x, false))
            return done;
        struct dr_reply r;
        if (x->o.estate->wait(x->o.estate, dr_actor_now(x) + READ_BACK_POLL_MS, &r))
            dr_reply_release(&r);
    }
}

static void back_off(struct dr_actor *x, const char *id)
{
    if (strcmp(x->failed_id, id) != 0)
        x->failures = 0;
    snprintf(x->failed_id, sizeof(x->failed_id), "%s", id);
    int64_t wait = BACKOFF_MIN_MS << (x->failures < 6 ? x->failures : 6);
    wait = wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait;
    wait += (int64_t)dr_prng_below(&x->jitter, (uint64_t)wait / 4 + 1);
    x->failures++;
    x->again_at_ms = dr_actor_now(x) + wait;
}

/* Resolves each outcome by what is observed now. */
static int settle(struct dr_actor *x, struct step *steps, size_t n, struct dr_round *out,
                  struct dr_err *err)
{
    int rc = 0;
    const struct step *failed = NULL;
    for (size_t i = 0; i < n; i++) {
        struct step *s = &steps[i];
        bool sent = s->outcome != DR_JOURNAL_REFUSED;
        enum dr_truth done = sent ? read_back(x, s->action) : DR_FALSE;
        if (done == DR_TRUE) {
            s->outcome = DR_JOURNAL_DONE;
        } else if (s->outcome == DR_JOURNAL_DONE) {
            s->outcome = DR_JOURNAL_FAILED;
            snprintf(s->text, sizeof(s->text), "not observed: %s", s->action->expect);
        }
        say_end(x, s);
        if (rc == 0)
            rc = note_outcome(x, s, err);
        if (s->outcome != DR_JOURNAL_DONE) {
            back_off(x, s->action->id);
            failed = s;
        }
    }
    if (failed)
        out->text = dr_sprintf(x->cycle, "%s: %s", failed->action->what, failed->text);
    else
        x->failed_id[0] = '\0';
    out->state = failed ? DR_ROUND_WAITING : DR_ROUND_MOVED;
    out->again_ms = failed ? x->again_at_ms - dr_actor_now(x) : 0;
    return rc;
}

/* ---- copies that outlive the plan they came from ---- */

static struct dr_action *copy_action(struct dr_arena *a, const struct dr_action *from)
{
    struct dr_action *x = DR_NEW(a, struct dr_action);
    *x = *from;
    const char **texts[] = {&x->id,  &x->name,         &x->subject, &x->what,
                            &x->why, &x->precondition, &x->expect,  &x->undo};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = dr_strdup(a, *texts[i]);
    return x;
}

static void copy_rows(struct dr_arena *a, struct dr_call *call)
{
    size_t n = call->args.write.count;
    struct dr_row_write *rows = DR_NEW_N(a, n, struct dr_row_write);
    for (size_t i = 0; i < n; i++) {
        rows[i] = call->args.write.rows[i];
        rows[i].key = dr_strdup(a, rows[i].key);
        rows[i].value = dr_strdup(a, rows[i].value);
        rows[i].expected = dr_strdup(a, rows[i].expected);
    }
    call->args.write.rows = rows;
}

static void copy_call(struct dr_arena *a, struct dr_call *call)
{
    call->at.instance = dr_strdup(a, call->at.instance);
    switch (call->kind) {
    case DR_CALL_LEDGER_WRITE:
        copy_rows(a, call);
        break;
    case DR_CALL_SET_GLOBAL:
        call->args.set.name = dr_strdup(a, call->args.set.name);
        call->args.set.value = dr_strdup(a, call->args.set.value);
        break;
    case DR_CALL_BACKUP:
    case DR_CALL_RESTORE:
        call->args.copy.prefix = dr_strdup(a, call->args.copy.prefix);
        break;
    case DR_CALL_DROP_SCHEMA:
    case DR_CALL_DROP_TABLE:
        call->args.drop.schema = dr_strdup(a, call->args.drop.schema);
        call->args.drop.table = dr_strdup(a, call->args.drop.table);
        break;
    case DR_CALL_SINK_ACCOUNT:
        call->args.sink.from = dr_strdup(a, call->args.sink.from);
        break;
    case DR_CALL_FEED_CREATE:
    case DR_CALL_FEED_PAUSE:
    case DR_CALL_FEED_RESUME:
    case DR_CALL_FEED_DELETE:
        call->args.feed.id = dr_strdup(a, call->args.feed.id);
        call->args.feed.redo = dr_strdup(a, call->args.feed.redo);
        break;
    default: /* calls without texts */
        break;
    }
}

static size_t pick(struct dr_actor *x, struct step *steps)
{
    size_t n = 0;
    for (size_t i = 0; i < x->plan->action_count && n < GROUP_MAX; i++) {
        if (!x->plan->actions[i].ready)
            continue;
        struct dr_action *a = copy_action(x->step, &x->plan->actions[i]);
        copy_call(x->step, &a->call);
        steps[n] = (struct step){.action = a, .call = a->call};
        if (dr_call_rows[a->call.kind].needs_authority)
            steps[n].call.as = dr_authority_for(x, a->call.at.cluster);
        n++;
    }
    return n;
}

int dr_step_group(struct dr_actor *x, struct dr_round *out, struct dr_err *err)
{
    struct step steps[GROUP_MAX];
    dr_arena_reset(x->step);
    size_t n = pick(x, steps), started = 0;
    int rc = 0;
    for (; started < n && rc == 0; started++) {
        struct step *s = &steps[started];
        rc = note_intent(x, s, err);
        if (rc != 0)
            break;
        s->start_ms = dr_actor_now(x);
        say_start(x, s);
        if (s->action->compares)
            compare(x, s);
        else
            x->o.estate->submit(x->o.estate, &s->call, &s->ticket);
    }
    wait_for(x, steps, started);
    int settled = settle(x, steps, started, out, rc == 0 ? err : NULL);
    return rc ? rc : settled;
}
