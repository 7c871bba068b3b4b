#include "controller/act/act.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/act/actor.h"
#include "controller/act/conditions.h"
#include "controller/base/digest.h"
#include "controller/estate/guard.h"

enum { QUIET_MS = 10000, SOON_MS = 1000, ENDING_MS = 15000 };

int64_t dr_actor_now(const struct dr_actor *x)
{
    return x->o.estate->now_ms(x->o.estate);
}

void dr_actor_say(struct dr_actor *x, const struct dr_event *e)
{
    if (x->o.say)
        x->o.say(x->o.arg, e);
}

void dr_actor_note(struct dr_actor *x, enum dr_event_kind kind, const char *fmt, ...)
{
    char text[DR_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct dr_event e = {.kind = kind, .permille = -1, .text = text};
    dr_actor_say(x, &e);
    if (!x->o.journal)
        return;
    struct dr_journal_entry j = {.time_ms = x->o.wall_ms(x->o.arg),
                                 .cycle = x->round,
                                 .topology = x->o.topology->doc.metadata.name,
                                 .revision = x->o.revision,
                                 .holder = x->o.holder,
                                 .epoch = x->epoch,
                                 .text = text};
    struct dr_err ignored; /* a note is for people; a full disk stops the next intent */
    if (dr_journal_event(x->o.journal, &j, &ignored) != 0)
        return;
}

struct dr_actor *dr_actor_new(const struct dr_actor_options *o)
{
    struct dr_actor *x = dr_xcalloc(1, sizeof(*x));
    x->o = *o;
    if (o->topology->management == DR_OBSERVE)
        x->o.estate = x->guard = dr_guard_new(o->estate, "management is Observe");
    x->observer = dr_observer_new(o->topology, o->access, x->o.estate);
    dr_observe_beside(x->observer, &(struct dr_meanwhile){dr_authority_beaten_ahead, x});
    x->cycle = dr_arena_new(256 << 20);
    x->step = dr_arena_new(64 << 20);
    x->lasting = dr_arena_new(64 << 20);
    x->input = (struct dr_plan_input){
        .topology = o->topology, .removed = o->removed, .where = o->where};
    x->o.revision = x->input.revision = dr_strdup(x->lasting, o->revision);
    for (int r = 0; r < DR_RISK_COUNT; r++)
        x->input.approve[r] = !o->allowed[r];
    x->newer_since_ms = INT64_MIN;
    x->lease_until_ms = dr_xcalloc(o->topology->cluster_count, sizeof(int64_t));
    x->beats = dr_xcalloc(o->topology->cluster_count, sizeof(*x->beats));
    dr_authority_lose(x);
    x->half_since_ms = INT64_MAX;
    unsigned char seed[DR_SHA256_BYTES];
    dr_sha256(seed, o->holder, strlen(o->holder)); /* so that controllers differ */
    memcpy(&x->jitter.state, seed, sizeof(x->jitter.state));
    return x;
}

void dr_actor_free(struct dr_actor *x)
{
    if (!x)
        return;
    dr_observer_free(x->observer);
    if (x->guard)
        x->guard->free(x->guard);
    dr_arena_free(x->cycle);
    dr_arena_free(x->step);
    dr_arena_free(x->lasting);
    free(x->lease_until_ms);
    free(x->beats);
    free(x);
}

void dr_actor_revise(struct dr_actor *x, const char *revision)
{
    if (strcmp(x->o.revision, revision) == 0)
        return;
    x->o.revision = x->input.revision = dr_strdup(x->lasting, revision);
    x->lineage = (struct dr_lineage_known){0};
    x->at_rest = false; /* whether it is older than the world is seen first */
}

uint64_t dr_actor_epoch(const struct dr_actor *x)
{
    return x->epoch;
}

/* That the secondary was open is noted for good, so that one look is not enough: it may
 * show an instance as it was before the feed was made. A second one follows within a
 * second, and before the fence is closed again. */
static void keep_seen(struct dr_actor *x)
{
    bool open;
    struct dr_last_seen now = dr_plan_last_seen(&x->input, &open, x->cycle);
    x->open_looks = open && now.generation == x->seen.generation ? x->open_looks + 1
                    : open                                       ? 1
                                                                 : 0;
    now.opened |= x->open_looks > 1;
    if (now.generation)
        x->seen = dr_last_seen_both(x->seen, now);
}

void dr_actor_refresh(struct dr_actor *x)
{
    dr_arena_reset(x->cycle);
    x->facts = dr_observe(x->observer, x->o.wall_ms(x->o.arg));
    x->input.facts = x->facts;
    dr_plan_trace(&x->input, &x->lineage, x->o.history, x->lasting);
    dr_fights_look(&x->fights, &x->input, dr_actor_now(x), x->cycle);
    x->plan = dr_plan_build(&x->input, x->cycle);
    x->owes = x->plan->left_paused;
    keep_seen(x);
    if (x->guard) /* what was taken to make it is given back, too */
        dr_guard_open(x->guard, x->epoch || !x->plan->observing);
    if (!x->plan->newer)
        x->newer_since_ms = INT64_MIN;
    else if (x->newer_since_ms == INT64_MIN)
        x->newer_since_ms = dr_actor_now(x);
}

/* The document is gone, and the clusters belong to another topology by now: its holds are
 * not ours to give back. */
static bool belongs_to_another(const struct dr_actor *x)
{
    bool another = false;
    for (size_t c = 0; c < x->facts->cluster_count; c++) {
        const struct dr_ledger_group *g = &x->facts->clusters[c].ledger;
        if (!g->decoded || !g->rows.birth.present)
            continue;
        if (strcmp(g->rows.birth.topology, x->o.topology->doc.metadata.name) == 0)
            return false;
        another = true;
    }
    return another;
}

/* The plan waits for what nothing here brings about: a window of the policy, or a fact
 * that nobody could read (a check that is unsure, or a first step of which it is not
 * known whether it is missing). */
static bool is_blind(const struct dr_plan *p)
{
    bool blind = p->action_count && p->actions[0].unsure;
    for (size_t i = 0; i < p->waiting_count; i++)
        blind |= p->waitings[i].code != NULL || p->waitings[i].for_window;
    return blind && p->state == DR_PLAN_WAITING;
}

/* What only a person can make known: no waiting does. NULL: nothing. */
static const struct dr_waiting *hopeless(const struct dr_plan *p)
{
    static const bool by_person[DR_E_COUNT_] = {[DR_E_AUTH] = true,
                                                [DR_E_LOCKED] = true,
                                                [DR_E_TLS] = true,
                                                [DR_E_DENIED] = true};
    for (size_t i = 0; i < p->waiting_count; i++)
        if (p->waitings[i].code && by_person[p->waitings[i].reason])
            return &p->waitings[i];
    return NULL;
}

/* What a look says outlives a refresh in the same round (a takeover makes one). */
static const char *keep_text(struct dr_actor *x, const char *fmt, ...) DR_PRINTF(2, 3);
static const char *keep_text(struct dr_actor *x, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(x->looked, sizeof(x->looked), fmt, ap);
    va_end(ap);
    return x->looked;
}

void dr_actor_look(struct dr_actor *x, struct dr_round *out)
{
    dr_actor_refresh(x);
    *out = (struct dr_round){.plan = x->plan, .facts = x->facts, .text = ""};
    static const struct {
        enum dr_round_state state;
        int64_t again_ms;
    } by_plan[] = {[DR_PLAN_CONVERGED] = {DR_ROUND_CONVERGED, QUIET_MS},
                   [DR_PLAN_ASKING] = {DR_ROUND_UNAPPROVED, QUIET_MS},
                   [DR_PLAN_STEPS] = {DR_ROUND_MOVED, 0},
                   [DR_PLAN_WAITING] = {DR_ROUND_WAITING, SOON_MS},
                   [DR_PLAN_BLOCKED] = {DR_ROUND_BLOCKED, QUIET_MS}};
    out->state = by_plan[x->plan->state].state;
    out->again_ms = by_plan[x->plan->state].again_ms;
    out->blind = is_blind(x->plan);
    for (size_t i = 0; i < x->plan->waiting_count; i++)
        out->runs |= x->plan->waitings[i].runs;
    const struct dr_waiting *lost = out->blind ? hopeless(x->plan) : NULL;
    x->hopeless = lost ? x->hopeless + 1 : 0;
    out->hopeless = x->hopeless < 2 ? x->hopeless : 2;
    if (x->plan->state == DR_PLAN_WAITING && x->plan->waiting_count) {
        struct dr_buf text;
        dr_buf_init(&text, sizeof(x->looked));
        dr_plan_waiting_text(lost ? lost : &x->plan->waitings[0], &text);
        out->text = keep_text(x, "%s", dr_buf_str(&text));
        dr_buf_release(&text);
    }
    if (x->plan->state == DR_PLAN_ASKING)
        out->text = keep_text(x, "%s: %s (%s)", x->plan->questions[0].subject,
                              x->plan->questions[0].what, x->plan->questions[0].answer);
    if (x->plan->state == DR_PLAN_BLOCKED)
        out->text = keep_text(x, "%s %s: %s; way out: %s", x->plan->blockers[0].code,
                              x->plan->blockers[0].subject, x->plan->blockers[0].fact,
                              x->plan->blockers[0].way_out);
    if (x->o.removed && belongs_to_another(x)) {
        out->state = DR_ROUND_CONVERGED;
        out->text = "its clusters belong to another topology now";
    }
}

/* Where a text told by a code ends to say which situation it is ("DR-B010 east: SQL
 * 127.0.1.4:4000") and begins to say how it was met this time; of others the whole. */
static size_t situation_len(const char *text)
{
    const char *subject = strncmp(text, "DR-", 3) == 0 ? strstr(text, ": ") : NULL;
    const char *how = subject ? strstr(subject + 2, ": ") : NULL;
    return how ? (size_t)(how - text) : strlen(text);
}

static bool is_same_situation(const char *a, const char *b)
{
    size_t n = situation_len(a);
    return n == situation_len(b) && strncmp(a, b, n) == 0;
}

/* Says what changed, once. */
static void say_changes(struct dr_actor *x, const struct dr_round *out)
{
    /* a plan that only lost the steps just made goes without saying */
    bool went_on = strcmp(x->said_goal, x->plan->goal) == 0 &&
                   x->plan->action_count <= x->said_actions;
    x->said_actions = x->plan->action_count;
    if (!went_on) {
        snprintf(x->said_goal, sizeof(x->said_goal), "%s", x->plan->goal);
        struct dr_event e = {.kind = DR_EVENT_PLAN,
                             .plan = x->plan,
                             .input = &x->input,
                             .permille = -1,
                             .text = x->plan->goal};
        dr_actor_say(x, &e);
    }
    if (is_same_situation(x->said_wait, out->text))
        return;
    snprintf(x->said_wait, sizeof(x->said_wait), "%s", out->text);
    if (!*out->text)
        return;
    struct dr_event e = {.kind = out->state == DR_ROUND_STANDBY ? DR_EVENT_STANDBY
                                                                : DR_EVENT_WAIT,
                         .permille = -1,
                         .text = out->text};
    dr_actor_say(x, &e);
}

static void record_change(struct dr_actor *x, const struct dr_change *c)
{
    struct dr_journal_entry j = {
        .time_ms = x->o.wall_ms(x->o.arg),
        .cycle = x->round,
        .topology = x->o.topology->doc.metadata.name,
        .revision = x->o.revision,
        .holder = x->o.holder,
        .epoch = x->epoch,
        .verb = c->verb,
        .target = c->code && c->subject
                      ? dr_sprintf(x->cycle, "%s %s", c->code, c->subject)
                      : c->subject,
        .text = c->text};
    struct dr_err ignored; /* as a note */
    if (x->o.journal && dr_journal_event(x->o.journal, &j, &ignored) != 0)
        return;
}

/* What began and what ended. */
static void say_conditions(struct dr_actor *x)
{
    const struct dr_change *changes;
    if (!x->o.conditions || x->o.removed)
        return;
    size_t n = dr_conditions_look(x->o.conditions, x->plan, dr_actor_now(x),
                                  x->o.wall_ms(x->o.arg), x->cycle, &changes);
    for (size_t i = 0; i < n; i++) {
        struct dr_event e = {.kind = DR_EVENT_CHANGE,
                             .permille = -1,
                             .change = &changes[i],
                             .text = changes[i].text};
        /* what is waited for was said at once */
        bool said = changes[i].lasted_ms < 0 && *changes[i].about &&
                    is_same_situation(x->said_wait, changes[i].about);
        if (!said)
            dr_actor_say(x, &e);
        record_change(x, &changes[i]);
    }
}

void dr_actor_approve(struct dr_actor *x, const struct dr_plan *plan, bool whole)
{
    struct dr_plan *p = x->approved = DR_NEW(x->lasting, struct dr_plan);
    x->o.approve_all = whole;
    p->action_count = plan->action_count;
    p->actions = DR_NEW_N(x->lasting, plan->action_count, struct dr_action);
    for (size_t i = 0; i < plan->action_count; i++)
        p->actions[i] = (struct dr_action){
            .rule = plan->actions[i].rule,
            .id = dr_strdup(x->lasting, plan->actions[i].id),
            .subject = dr_strdup(x->lasting, plan->actions[i].subject)};
}

/* NULL: every ready step may be made; else what lacks a word. */
static const char *unapproved(const struct dr_actor *x)
{
    /* a word for the plan of now counts, whatever was shown before */
    const char *strange = x->approved && x->plan->approval.state == DR_APPROVAL_NONE
                              ? dr_plan_continues(x->approved, x->plan)
                              : NULL;
    if (strange)
        return dr_sprintf(x->cycle, "the situation changed; not in the approved plan: %s",
                          strange);
    for (size_t i = 0; i < x->plan->action_count; i++) {
        const struct dr_action *a = &x->plan->actions[i];
        if (a->ready && a->precedes)
            return NULL;
        if (!a->needs_approval || dr_word_covers(x, a))
            continue;
        return dr_sprintf(x->cycle, "%s: %s: needs an approval of plan %.12s", a->what,
                          dr_risk_name(a->risk), x->plan->digest);
    }
    return NULL;
}

bool dr_actor_owes(const struct dr_actor *x)
{
    return x->owes;
}

/* Paused or only observed: the lease is left to others. What drover owes (a hold past its
 * deadline) is made ready by the plan all the same, and is done. */
static bool hands_off(const struct dr_actor *x)
{
    return (x->o.topology->management == DR_OBSERVE || x->o.topology->paused) &&
           !dr_has_ready(x->plan);
}

static void yield_to(struct dr_round *out, enum dr_round_state state, const char *why,
                     int64_t again_ms)
{
    if (out->blind && state == DR_ROUND_WAITING)
        why = out->text; /* which fact says more */
    out->state = state;
    out->text = why;
    out->again_ms = again_ms;
}

/* Authority for what the plan wants, and the lease of a converged topology. True: go on
 * with the steps. */
static bool may_act(struct dr_actor *x, struct dr_round *out)
{
    const char *why;
    switch (dr_authority_ensure(x, &why)) {
    case DR_AUTHORITY_HELD:
        break;
    case DR_AUTHORITY_NONE_YET:
        return true; /* only the ledger tables can be missing: they need no authority */
    case DR_AUTHORITY_TAKEN:
        if (!dr_authority_renew(x, true))
            yield_to(out, DR_ROUND_WAITING, "lost the epoch at once", SOON_MS);
        else
            yield_to(out, DR_ROUND_MOVED, "", 0);
        return false;
    case DR_AUTHORITY_OTHERS:
        yield_to(out, DR_ROUND_STANDBY, why, SOON_MS);
        out->lease_left_ms = x->others_left_ms;
        return false;
    case DR_AUTHORITY_WAIT:
        yield_to(out, DR_ROUND_WAITING, why,
                 SOON_MS + (int64_t)dr_prng_below(&x->jitter, SOON_MS));
        return false;
    }
    /* converged: one write per cluster and round; with steps: before each group */
    if (!dr_authority_renew(x, true)) {
        yield_to(out, DR_ROUND_WAITING, "another controller took over", SOON_MS);
        return false;
    }
    return true;
}

/* Whether this round holds authority at all: not to be blocked, to wait for a word, or to
 * see that a removed topology owes nothing. Who holds it already keeps it. */
static bool wants_authority(struct dr_actor *x, struct dr_round *out)
{
    if (x->epoch)
        return true;
    if (out->state == DR_ROUND_BLOCKED ||
        (x->o.removed && out->state == DR_ROUND_CONVERGED))
        return false;
    const char *word = dr_has_ready(x->plan) ? unapproved(x) : NULL;
    if (word)
        yield_to(out, DR_ROUND_UNAPPROVED, word, QUIET_MS);
    return !word;
}

/* A pair that is made loses neither lease nor heartbeat by what blocks its next step: a
 * controller that comes while it is blocked takes authority, and what is blocked is said
 * all the same. Once there, the epoch is held as always. */
static void keep_blocked(struct dr_actor *x, const struct dr_round *out)
{
    struct dr_round aside = *out;
    if (x->o.overtakes && !x->epoch && out->state == DR_ROUND_BLOCKED && x->plan->keeps)
        (void)may_act(x, &aside);
}

/* A step that cannot simply be undone is decided on facts that are all read in this very
 * round. */
static bool needs_fresh_facts(const struct dr_plan *p)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (p->actions[i].ready && p->actions[i].risk > DR_RISK_SAFE)
            return true;
    return false;
}

/* With authority: makes the ready steps. */
static int go_on(struct dr_actor *x, struct dr_round *out, struct dr_err *err)
{
    int64_t left = x->again_at_ms - dr_actor_now(x);
    if (dr_has_ready(x->plan) && x->failed_id[0] && left > 0) {
        yield_to(out, DR_ROUND_WAITING, dr_strdup(x->cycle, x->failed_text), left);
        out->failing = true;
        return 0;
    }
    if (needs_fresh_facts(x->plan)) {
        dr_observe_afresh(x->observer);
        dr_actor_look(x, out);
    }
    enum dr_word_state kept;
    const char *word;
    int rc = dr_word_keep(x, &kept, &word, err);
    if (rc != 0 || kept != DR_WORD_GO_ON) {
        yield_to(out, kept == DR_WORD_WROTE ? DR_ROUND_MOVED : DR_ROUND_WAITING, word,
                 kept == DR_WORD_WROTE ? 0 : SOON_MS);
        return rc;
    }
    if (!dr_has_ready(x->plan))
        return 0;
    word = unapproved(x);
    if (word) {
        yield_to(out, DR_ROUND_UNAPPROVED, word, QUIET_MS);
        return 0;
    }
    say_changes(x, out);
    return dr_step_group(x, out, err);
}

/* What rests by drover's own doing goes on without a word: it only undoes what was done
 * under one. The change waits for the next word. */
static void undo_unworded(struct dr_actor *x, struct dr_round *out)
{
    if (!x->plan->left_paused || !dr_has_ready(x->plan) || !unapproved(x))
        return;
    x->input.unworded = true;
    dr_actor_look(x, out);
}

/* Asked to stop: whether a round may still end what was begun. */
static bool may_end(struct dr_actor *x)
{
    if (!x->ending_ms)
        x->ending_ms = dr_actor_now(x) + ENDING_MS;
    x->owes = x->owes && dr_actor_now(x) < x->ending_ms;
    return x->owes;
}

int dr_actor_round(struct dr_actor *x, struct dr_round *out, struct dr_err *err)
{
    int rc = 0;
    x->round++;
    x->input.ending = x->o.stop && x->o.stop(x->o.arg);
    x->input.unworded = false;
    dr_authority_beat_ahead(x);
    dr_actor_look(x, out);
    dr_authority_settle(x);
    undo_unworded(x, out);
    dr_actor_resolve(x);
    if (x->input.ending && !may_end(x))
        yield_to(out, DR_ROUND_STOPPED, "", 0);
    else if (hands_off(x) ||
             (x->plan->older && !dr_has_ready(x->plan))) /* who is newer need not wait */
        dr_authority_leave(x);
    else if (wants_authority(x, out) && may_act(x, out))
        rc = go_on(x, out, err);
    else
        keep_blocked(x, out);
    /* another one acts, or only a person can help */
    if (x->input.ending && out->state != DR_ROUND_MOVED && out->state != DR_ROUND_WAITING)
        yield_to(out, DR_ROUND_STOPPED, "", 0);
    out->plan = x->plan;
    out->facts = x->facts;
    x->at_rest = rc == 0 && x->epoch && out->state == DR_ROUND_CONVERGED;
    say_changes(x, out);
    say_conditions(x);
    return rc;
}

void dr_actor_rest(struct dr_actor *x)
{
    dr_arena_trim(x->cycle);
    dr_arena_trim(x->step);
    dr_observe_rest(x->observer);
    x->plan = NULL;
    x->input.facts = x->facts = NULL;
}

void dr_actor_leave(struct dr_actor *x)
{
    dr_authority_leave(x);
}
