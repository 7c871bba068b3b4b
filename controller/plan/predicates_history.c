/* Of history: what holds it for a copy or a feed, and GC. */
#include "controller/base/tso.h"
#include "controller/plan/feed.h"
#include "controller/plan/predicates.h"

DR_PREDICATE(hold)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(dr_ledger_hold(l, "bootstrap") && l->gc.present);
}

static bool shows_gc(const struct dr_instance *x, const struct dr_gc_setting *s)
{
    return x->gc_enable == s->enable && x->gc_life_time_ms == s->life_time_ms;
}

static bool shows_held_gc(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return shows_gc(x, &dr_view_ledger(v, c)->gc.set);
}

DR_PREDICATE(gc_held)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return l->gc.present ? dr_each_instance(v, c, shows_held_gc) : DR_FALSE;
}

/* A gc row that remembers one instance's word while SET GLOBAL is on its way to another
 * would give the wrong setting back. */
DR_PREDICATE(gc_settled)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    enum dr_truth all = f->instance_count ? DR_TRUE : DR_UNSURE;
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i], *y = &f->instances[0];
        bool same =
            x->gc_enable == y->gc_enable && x->gc_life_time_ms == y->gc_life_time_ms;
        all = dr_truth_and(all, x->seen.known && y->seen.known ? dr_truth_of(same)
                                                               : DR_UNSURE);
    }
    return all;
}

static bool shows_gc_before(const struct dr_view *v, size_t c,
                            const struct dr_instance *x)
{
    return shows_gc(x, &dr_view_ledger(v, c)->gc.before);
}

static bool shows_gc_of_ours(const struct dr_view *v, size_t c,
                             const struct dr_instance *x)
{
    return shows_held_gc(v, c, x) || shows_gc_before(v, c, x);
}

DR_PREDICATE(hold_expired)
{
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    (void)c;
    if (!l)
        return DR_UNSURE;
    const struct dr_hold_row *h = dr_ledger_hold(l, "bootstrap");
    if (h)
        return dr_truth_of(dr_view_facts(v, v->a)->ledger.tso > h->deadline);
    /* the hold precedes the backup: a backup row alone means it was discharged */
    return dr_truth_of(dr_view_copy(v, false) != NULL &&
                       dr_edge_both(v, DR_EDGE_MADE) != DR_TRUE);
}

DR_PREDICATE(hold_obsolete)
{
    if (v->in->removed || v->giving_up || dr_view_gives_back(v))
        return DR_TRUE;
    return dr_truth_or(dr_edge_both(v, DR_EDGE_MADE), dr_p_hold_expired(v, c));
}

/* Something else than the bootstrap needs GC held. */
static bool others_hold(const struct dr_ledger *l)
{
    return l->hold_count > (dr_ledger_hold(l, "bootstrap") != NULL);
}

/* Given back already, or set to something else by somebody: then it is theirs. */
DR_PREDICATE(gc_released)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    if (!l->gc.present || others_hold(l))
        return dr_p_hold_obsolete(v, c);
    enum dr_truth ours = dr_each_instance(v, c, shows_gc_of_ours),
                  back = dr_each_instance(v, c, shows_gc_before);
    if (ours == DR_FALSE) /* and on its way, while an instance still shows ours */
        back = dr_some_instance(v, c, shows_held_gc) == DR_FALSE ? DR_TRUE : DR_UNSURE;
    else if (ours == DR_UNSURE)
        back = DR_UNSURE;
    return dr_truth_and(back, dr_p_hold_obsolete(v, c));
}

DR_PREDICATE(hold_cleared)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    bool backup = l->backup.present && dr_edge_both(v, DR_EDGE_MADE) == DR_TRUE;
    bool gc = l->gc.present && !others_hold(l);
    bool left = dr_ledger_hold(l, "bootstrap") || gc || backup;
    return dr_truth_and(dr_truth_of(!left), dr_p_hold_obsolete(v, c));
}

DR_PREDICATE(gc_on)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return l->gc.present || l->hold_count ? DR_TRUE : dr_view_gc_runs(v, c);
}

DR_PREDICATE(history_kept)
{
    int64_t left_ms;
    (void)c;
    return dr_feed_history(v, &left_ms);
}
