#include "controller/act/act.h"

#include <stdlib.h>
#include <string.h>

#include "controller/act/actor.h"
#include "controller/base/digest.h"
#include "controller/estate/guard.h"

enum { ENDING_MS = 15000 };

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
            yield_to(out, DR_ROUND_WAITING, "lost the epoch at once", DR_SOON_MS);
        else
            yield_to(out, DR_ROUND_MOVED, "", 0);
        return false;
    case DR_AUTHORITY_OTHERS:
        yield_to(out, DR_ROUND_STANDBY, why, DR_SOON_MS);
        out->lease_left_ms = x->others_left_ms;
        return false;
    case DR_AUTHORITY_WAIT:
        yield_to(out, DR_ROUND_WAITING, why,
                 DR_SOON_MS + (int64_t)dr_prng_below(&x->jitter, DR_SOON_MS));
        return false;
    }
    /* converged: one write per cluster and round; with steps: before each group */
    if (!dr_authority_renew(x, true)) {
        yield_to(out, DR_ROUND_WAITING, "another controller took over", DR_SOON_MS);
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
        yield_to(out, DR_ROUND_UNAPPROVED, word, DR_QUIET_MS);
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

/* Whether somebody notices what may be made now; corrections: of a made pair, too. */
static bool disrupts(const struct dr_plan *p, bool corrections)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (p->actions[i].ready && p->actions[i].risk > DR_RISK_SAFE &&
            (corrections || !p->actions[i].corrects))
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
    /* what cannot simply be undone is decided on facts that are all of this round */
    if (disrupts(x->plan, true)) {
        dr_observe_afresh(x->observer);
        dr_actor_look(x, out);
    }
    enum dr_word_state kept;
    const char *word;
    int rc = dr_word_keep(x, &kept, &word, err);
    if (rc != 0 || kept != DR_WORD_GO_ON) {
        yield_to(out, kept == DR_WORD_WROTE ? DR_ROUND_MOVED : DR_ROUND_WAITING, word,
                 kept == DR_WORD_WROTE ? 0 : DR_SOON_MS);
        return rc;
    }
    if (!dr_has_ready(x->plan))
        return 0;
    word = unapproved(x);
    if (word) {
        yield_to(out, DR_ROUND_UNAPPROVED, word, DR_QUIET_MS);
        return 0;
    }
    bool noticed = x->o.enter && disrupts(x->plan, false);
    if (noticed && !x->o.enter(x->o.arg)) {
        yield_to(out, DR_ROUND_WAITING,
                 "policy.maxDisruptive: as many topologies as may be are at steps that "
                 "somebody notices",
                 DR_SOON_MS + (int64_t)dr_prng_below(&x->jitter, DR_SOON_MS));
        return 0;
    }
    dr_actor_say_changes(x, out);
    rc = dr_step_group(x, out, err);
    if (noticed)
        x->o.leave(x->o.arg);
    return rc;
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
    dr_actor_say_changes(x, out);
    dr_actor_say_conditions(x);
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
