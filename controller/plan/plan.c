#include "controller/plan/plan.h"

#include <string.h>

#include "controller/plan/build.h"
#include "controller/plan/feed.h"

/* The word for this plan; and what of words is worth knowing. */
static void find_approval(struct dr_build *b)
{
    const char **notes;
    size_t count = dr_plan_find_approval(&b->v, b->plan, &notes);
    for (size_t i = 0; i < count; i++)
        dr_add_notice(b, notes[i], notes[i]);
}

/* A feed that should be there is not listed, and nobody knows whether it is gone. */
static bool is_unproven(const struct dr_view *v, size_t c)
{
    const struct dr_feeds *x = &dr_view_facts(v, c)->feeds;
    return x->seen.known && x->unproven;
}

/* An empty plan of the view. */
static void begin(struct dr_build *b)
{
    const struct dr_topology *t = b->v.t;
    struct dr_plan *p = b->plan;
    *b = (struct dr_build){.v = b->v, .plan = p};
    b->watched = dr_alloc_n(b->v.arena, t->cluster_count, sizeof(*b->watched));
    *p = (struct dr_plan){.observing = b->v.observing,
                          .history_left_ms = -1,
                          .topology = t->doc.metadata.name,
                          .revision = b->v.in->revision};
}

/* What is no doubt about clusters, ledgers or the account that writes there. */
static bool is_kept(const struct dr_build *b)
{
    const struct dr_plan *p = b->plan;
    for (size_t i = 0; i < p->blocker_count; i++)
        if (strcmp(p->blockers[i].code, DR_CHECK_ABOVE_GROUND) <= 0)
            return false;
    return p->blocker_count && !p->observing && !b->v.in->removed &&
           !b->v.in->topology->paused && dr_holds(&b->v, DR_P_MADE, b->v.a) == DR_TRUE;
}

static bool leaves_paused(const struct dr_view *v)
{
    return v->owing && dr_feed_left_paused(v) == DR_TRUE;
}

/* What is missing, and which of it can be made now. */
static void match_once(struct dr_build *b)
{
    const struct dr_view *v = &b->v;
    const struct dr_plan_input *in = v->in;
    struct dr_plan *p = b->plan;
    p->observing &= !b->only_discharge;
    b->resetting = !b->only_discharge && dr_view_resetting(v);
    if (in->removed)
        dr_match_removal(b);
    else if (!b->only_discharge && !b->only_urgent)
        dr_match_checks(b);
    const struct dr_plan_rule *next = dr_match_steps(b);
    p->older = dr_has_blocker(p, DR_CHECK_NOT_OLDER);
    p->newer = dr_view_is_newer(v);
    p->notes_newer = p->newer && next && next->done == DR_P_AGREED && p->actions[0].ready;
    dr_add_notices(b);
    p->keeps = is_kept(b);
    dr_protection(v, p);
    (void)dr_feed_history(v, &p->history_left_ms);
    p->left_paused = leaves_paused(v);
    p->absence_open = is_unproven(v, v->a) || is_unproven(v, v->b);
}

/* Nothing else goes on: the secondary is closed all the same. */
static bool close_first(struct dr_build *b)
{
    struct dr_build whole = *b;
    struct dr_plan said = *b->plan;
    const char *why = dr_hindrance(b);
    begin(b);
    b->only_urgent = true;
    match_once(b);
    if (!dr_has_ready(b->plan)) { /* a closed window */
        *b = whole;
        *b->plan = said;
        return false;
    }
    dr_add_notice(b, "all else waits", dr_sprintf(b->v.arena, "all else waits: %s", why));
    return true;
}

/* Nothing else of a mode that this version does not carry out. */
static void refuse_mode(struct dr_build *b)
{
    dr_refuse_mode(b);
    b->plan->left_paused = leaves_paused(&b->v);
}

/* What is owed was begun by an earlier document: it is made whatever this one says. */
static void match(struct dr_build *b)
{
    struct dr_plan *p = b->plan;
    const struct dr_topology *t = b->v.t;
    bool built = t->mode == DR_MODE_PRIMARY_SECONDARY && t->cluster_count == 2;
    b->only_discharge = dr_owes_first(&b->v);
    if (built || b->only_discharge)
        match_once(b);
    else
        refuse_mode(b);
    if ((built && dr_closes_first(b) && close_first(b)) || !dr_owes_resume(b))
        return;
    const char *why = dr_hindrance(b);
    bool older = p->older;
    begin(b);
    b->only_discharge = true;
    match_once(b);
    p->older = older;
    dr_add_notice(b, "update waits",
                  dr_sprintf(b->v.arena,
                             "%s: the change of the changefeed's settings waits: %s",
                             dr_view_name(&b->v, b->v.a), why));
}

struct dr_plan *dr_plan_build(const struct dr_plan_input *in, struct dr_arena *a)
{
    struct dr_build b = {.plan = DR_NEW(a, struct dr_plan)};
    struct dr_plan *p = b.plan;
    dr_view_init(&b.v, in, a);
    begin(&b);
    if (in->removed && !b.v.owing)
        dr_add_notice(&b, "observed",
                      "management was Observe: nothing is drover's to give back");
    else
        match(&b);
    p->goal = dr_goal_of(&b);
    dr_set_state(&b);
    dr_plan_cover(&b.v, p, b.checks, b.check_count, b.watched);
    if (!in->removed)
        find_approval(&b);
    return p;
}

/* The step changes nothing more: what still shows otherwise is an instance that drover
 * does not ask. */
static bool is_spent(const struct dr_view *v, const struct dr_plan_rule *r, size_t c)
{
    return r->is_drift && r->tell && dr_holds(v, DR_P_MADE, c) == DR_TRUE &&
           !r->tell(v, c);
}

enum dr_truth dr_plan_done(const struct dr_plan_input *in, const struct dr_action *action,
                           struct dr_arena *a)
{
    struct dr_view v;
    dr_view_init(&v, in, a);
    const struct dr_plan_rule *r = dr_rule_of(action->rule);
    size_t c = action->call.at.cluster;
    enum dr_truth missing = r ? dr_step_missing(&v, r, c) : DR_UNSURE;
    return missing == DR_TRUE ? dr_truth_of(is_spent(&v, r, c)) : dr_truth_not(missing);
}

/* The step, or one that calls for it: a comparison that finds rows lacking is followed by
 * the restore that was cut off. */
static bool covers(const struct dr_action *approved, const struct dr_action *x)
{
    if (strcmp(approved->id, x->id) == 0)
        return true;
    if (strcmp(approved->subject, x->subject) != 0)
        return false;
    const struct dr_plan_rule *r = dr_rule_of(approved->rule);
    return r && r->calls_for && r->calls_for == x->rule;
}

const char *dr_plan_continues(const struct dr_plan *approved, const struct dr_plan *now)
{
    for (size_t i = 0; i < now->action_count; i++) {
        bool found = now->actions[i].owed;
        for (size_t k = 0; k < approved->action_count && !found; k++)
            found = covers(&approved->actions[k], &now->actions[i]);
        if (!found)
            return now->actions[i].what;
    }
    return NULL;
}
