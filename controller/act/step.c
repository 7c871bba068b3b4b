/* One group of steps: intent on disk, call, outcome, read-back. Steps of one rule on
 * different clusters do not depend on each other and run side by side. */
#include "controller/act/actor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    GROUP_MAX = 8,
    READ_BACK_MS = 20000, /* how long an expected result may take to show */
    SPREAD_MS = 3000,     /* .. of a statement that was lost, and can come no more */
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
    char instance[DR_HOST_MAX + 16]; /* where it was sent by SQL; "": not known */
    uint64_t connection_id;
    char text[DR_ERR_TEXT_MAX];
};

static int note_intent(struct dr_actor *x, struct step *s, struct dr_err *err)
{
    if (!x->o.journal)
        return 0;
    const struct dr_action *a = s->action;
    struct dr_journal_entry e = {.time_ms = x->o.wall_ms(x->o.arg),
                                 .cycle = x->round,
                                 .topology = x->plan->topology,
                                 .revision = x->plan->revision,
                                 .digest = x->plan->digest,
                                 .rule = a->name,
                                 .action = a->id,
                                 .verb = a->compares ? "compare"
                                                     : dr_call_rows[a->call.kind].name,
                                 .target = a->subject,
                                 .why = a->why,
                                 .precondition = a->precondition,
                                 .approval = dr_word_text(x, a),
                                 .holder = x->o.holder,
                                 .epoch = x->epoch,
                                 .text = a->what};
    return dr_journal_intent(x->o.journal, &e, &s->intent, err);
}

static int note_outcome(struct dr_actor *x, struct step *s, struct dr_err *err)
{
    if (!x->o.journal || !s->intent)
        return 0;
    int rc = dr_journal_outcome(x->o.journal, s->intent, x->o.wall_ms(x->o.arg),
                                s->outcome, s->text, err);
    /* an outcome that could not be written leaves its intent open */
    x->resolved &= rc == 0;
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
    snprintf(s->instance, sizeof(s->instance), "%s", r->instance ? r->instance : "");
    s->connection_id = r->connection_id;
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

/* What runs beside the steps: one progress question and a beat per cluster. */
struct beside {
    struct dr_actor *x;
    struct step *steps;
    size_t count;
    struct dr_call progress, beats[GROUP_MAX];
    uint64_t progress_ticket, beat_tickets[GROUP_MAX];
    int64_t progress_at_ms, beat_at_ms;
    int64_t beat_from_ms[GROUP_MAX]; /* of each open beat */
};

/* The lease is renewed through calls of their own, so that nothing waits for them. */
static void start_beats(struct beside *b)
{
    struct dr_actor *x = b->x;
    int64_t now = dr_actor_now(x);
    if (!x->epoch || now < b->beat_at_ms)
        return;
    for (size_t c = 0; c < x->facts->cluster_count && c < GROUP_MAX; c++) {
        if (b->beat_tickets[c] || !x->facts->clusters[c].ledger.decoded)
            continue;
        b->beat_from_ms[c] = dr_authority_beat(x, c, x->o.lease_ms, &b->beats[c]);
        x->o.estate->submit(x->o.estate, &b->beats[c], &b->beat_tickets[c]);
    }
    b->beat_at_ms = now + x->o.lease_ms / 3;
    x->beat_at_ms = now;
}

static void start_beside(struct beside *b)
{
    int64_t now = dr_actor_now(b->x);
    for (size_t i = 0; i < b->count; i++) {
        const struct step *s = &b->steps[i];
        if (!s->ticket || !is_copy(s->call.kind) || b->progress_ticket ||
            now < b->progress_at_ms)
            continue;
        ask_progress(b->x, s, &b->progress, &b->progress_ticket);
        b->progress_at_ms = now + PROGRESS_MS;
    }
    start_beats(b);
}

/* An answer to what runs beside; false: it is a step's. */
static bool beside_answered(struct beside *b, const struct dr_reply *r)
{
    if (b->progress_ticket && r->ticket == b->progress_ticket) {
        b->progress_ticket = 0;
        if (b->steps[0].ticket)
            say_progress(b->x, &b->steps[0], r);
        return true;
    }
    for (size_t c = 0; c < GROUP_MAX; c++) {
        if (!b->beat_tickets[c] || r->ticket != b->beat_tickets[c])
            continue;
        b->beat_tickets[c] = 0;
        /* lost: the call in flight is the successor's now */
        if (b->x->epoch)
            (void)dr_authority_beaten(b->x, c, b->beat_from_ms[c], r);
        return true;
    }
    return false;
}

static bool steps_open(const struct beside *b)
{
    bool open = false;
    for (size_t i = 0; i < b->count; i++)
        open |= b->steps[i].ticket != 0;
    return open;
}

static bool any_open(const struct beside *b)
{
    bool open = b->progress_ticket != 0 || steps_open(b);
    for (size_t c = 0; c < GROUP_MAX; c++)
        open |= b->beat_tickets[c] != 0;
    return open;
}

static struct beside beside(struct dr_actor *x, struct step *steps, size_t n)
{
    return (struct beside){.x = x,
                           .steps = steps,
                           .count = n,
                           .progress_at_ms = dr_actor_now(x) + PROGRESS_MS,
                           .beat_at_ms = dr_actor_now(x) + x->o.lease_ms / 3};
}

static void wait_for(struct beside *b)
{
    struct dr_actor *x = b->x;
    while (any_open(b)) {
        if (steps_open(b))
            start_beside(b);
        struct dr_reply r;
        if (!x->o.estate->wait(x->o.estate, dr_actor_now(x) + 500, &r))
            continue;
        bool taken = beside_answered(b, &r);
        for (size_t i = 0; i < b->count && !taken; i++) {
            if (b->steps[i].ticket == r.ticket) {
                answered(x, &b->steps[i], &r);
                break;
            }
        }
        dr_reply_release(&r);
    }
}

/* ---- the comparison ---- */

static void while_comparing(void *arg, struct dr_reply *stray)
{
    struct beside *b = arg;
    if (stray)
        (void)beside_answered(b, stray);
    start_beats(b);
}

static void compare(struct dr_actor *x, struct step *s)
{
    struct beside b = beside(x, NULL, 0);
    struct dr_compare what = {.budget_ms = x->o.topology->bootstrap.verify_budget_ms,
                              .meanwhile = {while_comparing, &b}};
    struct dr_err err = {0};
    dr_plan_pair(x->o.topology, x->facts, &what.from, &what.to);
    what.generation = s->action->compare_generation;
    what.carried_only = s->action->compares_carried;
    what.tso = s->action->call.args.counts.tso;
    int rc = dr_observe_compare(x->observer, &what, &err);
    wait_for(&b); /* beats under way */
    s->outcome = rc == 0 ? DR_JOURNAL_DONE : DR_JOURNAL_UNKNOWN;
    snprintf(s->text, sizeof(s->text), "%s", rc == 0 ? "" : err.text);
}

/* ---- read-back ---- */

/* An unknown outcome may still change while the session that carries the statement
 * lives: it is ended and seen gone before the outcome is read. A copy that runs is not:
 * its ledger row names its session, and it is watched instead. One that is not seen to
 * run may still begin, beside the one that would be sent next. */
static bool cannot_change(struct dr_actor *x, const struct step *s)
{
    static const char *const spared[DR_CALL_KIND_COUNT] = {
        [DR_CALL_BACKUP] = "BACKUP", [DR_CALL_RESTORE] = "RESTORE"};
    bool by_sql =
        dr_call_rows[s->call.kind].mutates && s->call.kind < DR_CALL_FEED_CREATE;
    if (s->outcome != DR_JOURNAL_UNKNOWN || s->action->compares || !by_sql)
        return true;
    return dr_authority_end_session(x, s->call.at.cluster, s->instance, s->connection_id,
                                    spared[s->call.kind]);
}

/* Who is asked to stop must know whether the changefeed stands still: it would be left
 * so. */
static bool ends_a_rest(const struct dr_action *action)
{
    return action->owed || action->call.kind == DR_CALL_FEED_PAUSE;
}

/* What a statement that was lost did is done, or never will be, once its session is gone:
 * only other instances may still show it later, and sending it again does no harm. DDL
 * and copies go on without their session. */
static int64_t read_back_ms(const struct step *s)
{
    static const bool ends_with_session[DR_CALL_KIND_COUNT] = {
        [DR_CALL_LEDGER_WRITE] = true,
        [DR_CALL_SET_GLOBAL] = true,
        [DR_CALL_SINK_ACCOUNT] = true};
    return s->outcome == DR_JOURNAL_UNKNOWN && ends_with_session[s->call.kind]
               ? SPREAD_MS
               : READ_BACK_MS;
}

/* Looks until the step's result shows or the time is up. The action is a copy: the plan
 * it came from is gone after the first look. */
static enum dr_truth read_back(struct dr_actor *x, const struct dr_action *action,
                               int64_t for_ms)
{
    int64_t until = dr_actor_now(x) + for_ms;
    for (;;) {
        dr_actor_refresh(x);
        enum dr_truth done = dr_plan_done(&x->input, action, x->cycle);
        bool stopped = !ends_a_rest(action) && x->o.stop && x->o.stop(x->o.arg);
        if (done == DR_TRUE || dr_actor_now(x) >= until || stopped)
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

/* Writes the row of a comparison, as a step is made: while authority lasts, with its
 * intent on disk before. */
static void write_comparison(struct dr_actor *x, const struct step *s, size_t at,
                             const struct dr_row_write *row)
{
    struct dr_call call = {.kind = DR_CALL_LEDGER_WRITE,
                           .at = {.cluster = (uint16_t)at},
                           .as = dr_authority_for(x, at)};
    struct dr_action noting = {
        .id = s->action->id,
        .name = s->action->name,
        .subject = x->facts->clusters[at].name,
        .what = dr_sprintf(x->cycle, "%s: %s", x->facts->clusters[at].name,
                           row->value ? "note what the comparison found"
                                      : "forget what an earlier comparison found"),
        .why = "what stops a bootstrap must stop the next process as well",
        .precondition = "both sides were compared in this step",
        .call = call};
    struct step w = {.action = &noting};
    struct dr_reply reply;
    struct dr_err err = {0};
    /* not written: it is compared once more */
    if (!dr_authority_lasts(x, at) || note_intent(x, &w, &err) != 0)
        return;
    call.args.write.count = 1;
    call.args.write.rows = row;
    w.call = call;
    dr_estate_ask(x->o.estate, &call, &reply);
    answered(x, &w, &reply);
    /* it may still arrive: the takeover of the next round ends its session */
    if (reply.outcome == DR_UNKNOWN)
        dr_authority_lose(x);
    x->resolved &= reply.outcome != DR_UNKNOWN;
    dr_reply_release(&reply);
    if (note_outcome(x, &w, &err) != 0)
        dr_actor_note(x, DR_EVENT_NOTE, "%s", err.text);
}

/* What stops a bootstrap must stop the next process as well: it would only see that
 * nothing is compared yet. */
static void note_comparison(struct dr_actor *x, const struct step *s)
{
    size_t from, to;
    dr_plan_pair(x->o.topology, x->facts, &from, &to);
    const struct dr_ledger_group *g = &x->facts->clusters[to].ledger;
    const struct dr_equality *q = &x->facts->equality;
    if (!g->seen.known || !g->decoded || !q->seen.known ||
        q->generation != s->action->compare_generation)
        return;
    struct dr_compared_row *r = dr_equality_row(q, s->action->compares_carried, x->cycle);
    struct dr_row_write row = {.key = DR_KEY_COMPARED};
    if (!r && !g->rows.compared.present)
        return;
    if (r) {
        r->at = g->tso;
        r->budget_ms = x->o.topology->bootstrap.verify_budget_ms;
        r->connection_id =
            g->rows.restoring.present ? g->rows.restoring.connection_id : 0;
        row.value = dr_compared_value(r, x->cycle);
    }
    write_comparison(x, s, to, &row);
}

/* Nothing but the comparison itself changes its result: it is not waited for. */
static void judge_comparison(struct dr_actor *x, struct step *s)
{
    dr_actor_refresh(x);
    if (s->outcome != DR_JOURNAL_DONE)
        return;
    note_comparison(x, s);
    if (dr_plan_done(&x->input, s->action, x->cycle) == DR_TRUE)
        return;
    size_t from, to;
    dr_plan_pair(x->o.topology, x->facts, &from, &to);
    const char *text =
        dr_equality_text(&x->facts->equality, x->facts->clusters[from].name,
                         x->facts->clusters[to].name, x->cycle);
    s->outcome = DR_JOURNAL_FAILED;
    snprintf(s->text, sizeof(s->text), "%s",
             text ? text : "the facts that it is judged by are not known now");
}

/* Resolves one outcome by what is observed now. */
static void settle_one(struct dr_actor *x, struct step *s)
{
    bool sent = s->outcome != DR_JOURNAL_REFUSED;
    if (s->action->compares) {
        judge_comparison(x, s);
        return;
    }
    if (!cannot_change(x, s)) {
        /* the takeover of the next round ends that session, or waits for it to end */
        dr_authority_lose(x);
        return;
    }
    if (sent && read_back(x, s->action, read_back_ms(s)) == DR_TRUE) {
        s->outcome = DR_JOURNAL_DONE;
    } else if (s->outcome == DR_JOURNAL_DONE && x->o.stop && x->o.stop(x->o.arg)) {
        s->outcome = DR_JOURNAL_UNKNOWN;
        snprintf(s->text, sizeof(s->text), "stopped before its result was seen");
    } else if (s->outcome == DR_JOURNAL_DONE) {
        s->outcome = DR_JOURNAL_FAILED;
        snprintf(s->text, sizeof(s->text), "not observed: %s", s->action->expect);
    }
}

static int settle(struct dr_actor *x, struct step *steps, size_t n, struct dr_round *out,
                  struct dr_err *err)
{
    int rc = 0;
    const struct step *failed = NULL;
    for (size_t i = 0; i < n; i++) {
        struct step *s = &steps[i];
        settle_one(x, s);
        say_end(x, s);
        if (rc == 0)
            rc = note_outcome(x, s, err);
        if (s->outcome != DR_JOURNAL_DONE && !failed)
            failed = s;
        x->resolved &= s->outcome != DR_JOURNAL_UNKNOWN;
    }
    if (failed) {
        back_off(x, failed->action->id);
        snprintf(x->failed_text, sizeof(x->failed_text), "%s: %.*s", failed->action->what,
                 DR_ERR_TEXT_MAX / 2, failed->text);
        out->text = dr_strdup(x->cycle, x->failed_text);
        out->failing = true;
        /* the end of the step said it */
        snprintf(x->said_wait, sizeof(x->said_wait), "%s", out->text);
    } else {
        x->failed_id[0] = '\0';
    }
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
    case DR_CALL_FEED_UPDATE:
    case DR_CALL_FEED_RESUME:
    case DR_CALL_FEED_DELETE:
        call->args.feed.id = dr_strdup(a, call->args.feed.id);
        call->args.feed.redo = dr_strdup(a, call->args.feed.redo);
        call->args.feed.secret = dr_strdup(a, call->args.feed.secret);
        break;
    default: /* calls without texts */
        break;
    }
}

/* Making the ledger tables needs no lease: there is nowhere to hold one yet. */
static bool may_start(const struct dr_actor *x, const struct dr_action *a)
{
    return a->call.kind == DR_CALL_LEDGER_CREATE ||
           dr_authority_lasts(x, a->call.at.cluster);
}

static size_t pick(struct dr_actor *x, struct step *steps)
{
    size_t n = 0;
    for (size_t i = 0; i < x->plan->action_count && n < GROUP_MAX; i++) {
        if (!x->plan->actions[i].ready || !may_start(x, &x->plan->actions[i]))
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

/* What is put right is counted before it is, in the lease: a process that dies in between
 * leaves it to the next one. False: authority was lost. */
static bool note_corrections(struct dr_actor *x, const struct step *steps, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (!steps[i].action->corrects)
            continue;
        dr_fights_note(&x->fights, steps[i].action, dr_actor_now(x),
                       x->o.wall_ms(x->o.arg));
        any = true;
    }
    if (!any)
        return true;
    dr_fights_keep(&x->fights, &x->input, dr_actor_now(x), &x->seen, x->lasting);
    return dr_authority_renew(x, true);
}

int dr_step_group(struct dr_actor *x, struct dr_round *out, struct dr_err *err)
{
    struct step steps[GROUP_MAX];
    dr_arena_reset(x->step);
    size_t n = pick(x, steps), started = 0;
    int rc = 0;
    if (!n) {
        out->state = DR_ROUND_WAITING;
        out->again_ms = BACKOFF_MIN_MS;
        out->text = "the lease could not be renewed where the next step is";
        return 0;
    }
    if (!note_corrections(x, steps, n)) {
        out->state = DR_ROUND_WAITING;
        out->again_ms = BACKOFF_MIN_MS;
        out->text = "another controller took over";
        return 0;
    }
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
    struct beside b = beside(x, steps, started);
    wait_for(&b);
    int settled = settle(x, steps, started, out, rc == 0 ? err : NULL);
    return rc ? rc : settled;
}
