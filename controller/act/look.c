/* What an actor sees: facts, the plan that follows, and what both mean for a round. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "controller/act/actor.h"
#include "controller/estate/guard.h"

int64_t dr_actor_now(const struct dr_actor *x)
{
    return x->o.estate->now_ms(x->o.estate);
}

/* That the secondary was open is noted for good, so that one look is not enough: it may
 * show an instance as it was before the feed was made. A second one follows within a
 * second, and before the fence is closed again. */
static void keep_seen(struct dr_actor *x)
{
    uint64_t open_at;
    struct dr_last_seen now = dr_plan_last_seen(&x->input, &open_at, x->cycle);
    x->open_looks = open_at && now.generation == x->seen.generation ? x->open_looks + 1
                    : open_at                                       ? 1
                                                                    : 0;
    if (x->open_looks > 1)
        now = dr_last_seen_both(now, (struct dr_last_seen){.generation = now.generation,
                                                           .opened = true,
                                                           .opened_from = open_at,
                                                           .opened_to = open_at});
    x->seen = dr_last_seen_both(x->seen, now);
    if (dr_plan_is_compared(&x->input, &x->seen, x->cycle)) {
        x->seen.opened = false;
        x->seen.opened_from = x->seen.opened_to = 0;
    }
    dr_fights_keep(&x->fights, &x->input, dr_actor_now(x), &x->seen, x->lasting);
}

void dr_actor_refresh(struct dr_actor *x)
{
    dr_arena_reset(x->cycle);
    x->facts = dr_observe(x->observer, x->o.wall_ms(x->o.arg));
    x->input.facts = x->facts;
    dr_plan_trace(&x->input, &x->lineage, x->o.history, x->lasting);
    if (!x->epoch) /* else nobody but this process counts */
        dr_fights_take(&x->fights, &x->input, dr_actor_now(x));
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
    } by_plan[] = {[DR_PLAN_CONVERGED] = {DR_ROUND_CONVERGED, DR_QUIET_MS},
                   [DR_PLAN_ASKING] = {DR_ROUND_UNAPPROVED, DR_QUIET_MS},
                   [DR_PLAN_STEPS] = {DR_ROUND_MOVED, 0},
                   [DR_PLAN_WAITING] = {DR_ROUND_WAITING, DR_SOON_MS},
                   [DR_PLAN_BLOCKED] = {DR_ROUND_BLOCKED, DR_QUIET_MS}};
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
