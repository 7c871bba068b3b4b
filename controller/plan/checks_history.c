/* What must hold of history: that since T is kept, and GC can be given back. */
#include <inttypes.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/plan/checks.h"

/* TiCDC takes a start-ts that is not below the lowest service safepoint. Source: tiflow:
 * pkg/txnutil/gc/gc_service.go. */
enum dr_truth dr_check_history_since(const struct dr_view *v, uint64_t tso,
                                     const char *name, const char **fact)
{
    const struct dr_safepoints *s = &dr_view_facts(v, v->a)->safepoints;
    const struct dr_ledger_group *g = &dr_view_facts(v, v->a)->ledger;
    const struct dr_safepoint *lowest = NULL;
    if (!s->seen.known)
        return dr_check_unread(v, &s->seen, "GC safepoint", fact);
    if (s->gc_safe_point >= tso) {
        *fact = dr_sprintf(v->arena, "GC's safe point %" PRIu64 " is past %s %" PRIu64,
                           s->gc_safe_point, name, tso);
        return DR_FALSE;
    }
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].expired_at_s > dr_tso_ms(g->tso) / 1000 &&
            (!lowest || s->items[i].safe_point < lowest->safe_point))
            lowest = &s->items[i];
    *fact = dr_sprintf(v->arena, "%s is above GC's safe point and every service's", name);
    if (!lowest || lowest->safe_point < tso)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena,
                       "the service safepoint of '%s', %" PRIu64 ", is past %s %" PRIu64,
                       lowest->service_id, lowest->safe_point, name, tso);
    return DR_FALSE;
}

/* Once the feed is past T and TiCDC itself holds its history, the hold's end costs
 * nothing. */
DR_CHECK(dr_check_history_of_t)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    const struct dr_copy_row *backup = dr_view_copy(v, false);
    const struct dr_safepoints *s = &dr_view_facts(v, c)->safepoints;
    if (!l)
        return dr_check_no_ledger(v, c, fact);
    if (!backup || dr_truth_and(dr_holds(v, DR_P_FEED_RISING, c),
                                dr_holds(v, DR_P_FEED_HOLDS_GC, c)) == DR_TRUE)
        return DR_TRUE;
    if (!dr_ledger_hold(l, "bootstrap"))
        return dr_check_refuse(v, fact, "the hold on history ended at its deadline");
    if (!s->seen.known)
        return dr_check_unread(v, &s->seen, "GC safepoint", fact);
    if (s->gc_safe_point <= backup->tso)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "GC's safe point %" PRIu64 " is past T %" PRIu64,
                       s->gc_safe_point, backup->tso);
    return DR_FALSE;
}

const char *dr_view_held(const struct dr_view *v, size_t c)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const struct dr_gc_hold *hold = &v->t->bootstrap.gc_hold;
    char text[DR_DURATION_TEXT];
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        if (x->seen.known && !x->gc_enable)
            return dr_sprintf(v->arena, "GC is off on %s", x->address);
        if (x->seen.known && hold->method == DR_GC_HOLD_LIFE_TIME &&
            x->gc_life_time_ms >= hold->deadline_ms)
            return dr_sprintf(v->arena, "GC's life time is %s on %s",
                              dr_duration_text(x->gc_life_time_ms, text), x->address);
    }
    return NULL;
}

/* A human's word that GC as it is now is meant. */
static bool gc_is_meant(const struct dr_view *v)
{
    enum dr_drift_action x = v->t->policy.drift[DR_DRIFT_GC_SWITCH];
    return dr_doc_has(&v->t->doc, "spec.policy.drift.gcSwitch") &&
           (x == DR_DRIFT_WARN || x == DR_DRIFT_IGNORE);
}

bool dr_view_before_lost(const struct dr_view *v, size_t c)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    return l && !l->gc.present && l->hold_count && dr_view_held(v, c) && !gc_is_meant(v);
}

/* Both rows are written and cleared in one transaction; a ledger that its peer gave back
 * has only the hold. Noted anew without the gc row it would remember held GC as the
 * setting before it, and leave GC off for ever. */
DR_CHECK(dr_check_hold_is_whole)
{
    if (!dr_view_ledger(v, c))
        return dr_check_no_ledger(v, c, fact);
    if (!dr_view_before_lost(v, c))
        return DR_TRUE;
    *fact = dr_sprintf(v->arena,
                       "a hold row stands without row gc: %s, and what it was before is "
                       "not known",
                       dr_view_held(v, c));
    return DR_FALSE;
}

const char *dr_mend_hold(const struct dr_view *v, size_t c)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    const struct dr_hold_row *h = l ? dr_ledger_hold(l, "bootstrap") : NULL;
    return dr_sprintf(
        v->arena,
        "set GC on %s as it was before the hold%s%s: SET GLOBAL "
        "tidb_gc_enable = ON (and tidb_gc_life_time); as long as it must be "
        "held drover holds it again, and gives back what you set. Was it so "
        "before drover came: policy.drift.gcSwitch: warn",
        dr_view_name(v, c), h ? " for " : "", h ? h->operation : "");
}
