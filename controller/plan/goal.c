/* What a plan is for, in words, and how it stands. */
#include <inttypes.h>
#include <string.h>

#include "controller/plan/build.h"

bool dr_has_ready(const struct dr_plan *p)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (p->actions[i].ready)
            return true;
    return false;
}

void dr_set_state(struct dr_build *b)
{
    struct dr_plan *p = b->plan;
    bool ready = dr_has_ready(p);
    if (p->observing) {
        p->state = p->waiting_count ? DR_PLAN_WAITING : DR_PLAN_CONVERGED;
        return;
    }
    bool urgent = p->question_count && p->questions[0].urgent;
    p->state = p->blocker_count    ? DR_PLAN_BLOCKED
               : ready             ? DR_PLAN_STEPS
               : p->waiting_count  ? DR_PLAN_WAITING
               : urgent            ? DR_PLAN_ASKING
               : p->action_count   ? DR_PLAN_WAITING
               : p->question_count ? DR_PLAN_ASKING
                                   : DR_PLAN_CONVERGED;
}

bool dr_has_blocker(const struct dr_plan *p, const char *code)
{
    for (size_t i = 0; i < p->blocker_count; i++)
        if (strcmp(p->blockers[i].code, code) == 0)
            return true;
    return false;
}

/* Both ledgers of a pair that drover made are gone, or perhaps they are. */
static bool is_orphaned(const struct dr_plan *p)
{
    bool unsure = false;
    for (size_t i = 0; i < p->waiting_count; i++)
        unsure |= p->waitings[i].code && strcmp(p->waitings[i].code, "DR-B027") == 0;
    return unsure || dr_has_blocker(p, "DR-B027");
}

/* The ledgers name another topology or another primary. */
static bool belongs_elsewhere(const struct dr_plan *p)
{
    return dr_has_blocker(p, "DR-B021") || dr_has_blocker(p, "DR-B023");
}

bool dr_steps_mislead(const struct dr_plan *p)
{
    return belongs_elsewhere(p) || dr_has_blocker(p, "DR-B022") ||
           dr_has_blocker(p, "DR-B024") || is_orphaned(p);
}

const char *dr_goal_of(const struct dr_build *b)
{
    const struct dr_view *v = &b->v;
    const char *before = v->way == DR_BY_ADOPTION   ? "adopt "
                         : v->way == DR_BY_GOING_ON ? "make the changefeed anew of "
                                                    : "bootstrap ",
               *after = "";
    if (v->in->removed)
        return "end of care";
    if (b->resetting)
        return dr_sprintf(v->arena, "give %s its ledger back",
                          v->t->ledger_reset.cluster);
    if (v->giving_up)
        return dr_sprintf(v->arena, "give up generation %" PRIu64 " of %s -> %s",
                          v->gen.n, dr_view_name(v, v->a), dr_view_name(v, v->b));
    if (v->observing)
        return dr_sprintf(v->arena, "observe %s -> %s", dr_view_name(v, v->a),
                          dr_view_name(v, v->b));
    enum dr_truth made = dr_holds(v, DR_P_MADE, v->a);
    if (dr_has_blocker(b->plan, "DR-B022")) {
        before = "";
        after = "; a ledger is lost";
    } else if (is_orphaned(b->plan)) {
        before = "";
        after = "; both ledgers are gone";
    } else if (dr_has_blocker(b->plan, "DR-B024")) {
        before = "";
        after = "; its ledgers do not agree on it";
    } else if (belongs_elsewhere(b->plan) || made == DR_UNSURE) {
        before = "";
        after = made == DR_UNSURE ? "; what of it stands is not known"
                                  : ", which is not what the ledgers name";
    } else if (made == DR_TRUE) {
        before = "keep ";
    }
    size_t from = v->a, to = v->b;
    if (belongs_elsewhere(b->plan)) /* what the document wants */
        dr_plan_pair(v->t, NULL, &from, &to);
    return dr_sprintf(v->arena, "%s%s -> %s%s", before, dr_view_name(v, from),
                      dr_view_name(v, to), after);
}
