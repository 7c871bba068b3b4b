/* What drover does not leave behind, whatever stops it: history held past its need, and a
 * changefeed that it paused to change its settings. */
#include <string.h>

#include "controller/plan/build.h"

/* A hold past its deadline is given back; once the feed is made that is an ordinary step,
 * but for a pause. One of another topology, which this document names by mistake, is
 * left.
 */
static bool is_overdue(const struct dr_view *v)
{
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    if (l && l->birth.present && strcmp(l->birth.topology, v->t->doc.metadata.name) != 0)
        return false;
    if (dr_view_before_lost(v, v->a))
        return false; /* given back as what? DR-B055 asks */
    bool made = dr_holds(v, DR_P_MADE, v->a) == DR_TRUE;
    return dr_holds(v, DR_P_HOLD_EXPIRED, v->a) == DR_TRUE && (!made || v->t->paused) &&
           dr_holds(v, DR_P_HOLD_CLEARED, v->a) != DR_TRUE;
}

bool dr_owes_first(const struct dr_view *v)
{
    return v->owing && (v->in->removed || is_overdue(v) || dr_view_gives_back(v));
}

bool dr_owes_resume(const struct dr_build *b)
{
    return !b->only_discharge && b->plan->left_paused &&
           (b->v.in->ending || b->v.in->unworded || !dr_has_ready(b->plan));
}

/* Whether the step of an urgent rule is missing, and could be made. */
static bool is_urgent(const struct dr_view *v, const struct dr_plan_rule *r, size_t c)
{
    bool may = r->urgent && dr_scope_covers(v, r->scope, c) &&
               dr_holds(v, DR_P_MADE, c) == DR_TRUE &&
               v->t->policy.drift[r->drift] == DR_DRIFT_CORRECT &&
               dr_step_missing(v, r, c) == DR_TRUE && r->tell(v, c) &&
               !dr_view_fight(v, r, c);
    for (size_t i = 0; may && i < sizeof(r->needs) / sizeof(r->needs[0]); i++)
        may = r->needs[i] == DR_P_NONE || dr_holds(v, r->needs[i], c) == DR_TRUE;
    return may;
}

bool dr_closes_first(const struct dr_build *b)
{
    const struct dr_view *v = &b->v;
    bool urgent = false;
    if (b->only_discharge || b->resetting || v->giving_up || dr_has_ready(b->plan) ||
        dr_hands_off(v, false))
        return false;
    for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++)
        for (size_t c = 0; c < v->t->cluster_count; c++)
            urgent |= is_urgent(v, r, c);
    return urgent && dr_undoubted(v, DR_DOUBT_FENCE) == DR_TRUE;
}

const char *dr_hindrance(const struct dr_build *b)
{
    const struct dr_plan *p = b->plan;
    if (b->v.in->ending)
        return "drover is asked to stop";
    if (b->v.in->unworded)
        return "its next step needs an approval";
    if (p->blocker_count)
        return dr_sprintf(b->v.arena, "%s: %s (%s)", p->blockers[0].subject,
                          p->blockers[0].fact, p->blockers[0].code);
    return p->waiting_count ? p->waitings[0].what : "nothing else can be done";
}
