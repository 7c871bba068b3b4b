/* What is worth knowing of a primary and hinders no step: GC as somebody set it, a hold
 * that takes long, a fence that is not drover's. */
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/plan/view.h"

const char *dr_gc_tell(const struct dr_view *v)
{
    (void)v;
    return "GC is off, and no ledger row says that drover switched it off";
}

/* GC of the primary, as somebody else set it. Out: *off: switched off; drover never
 * switches it on by itself. */
const char *dr_gc_notice(const struct dr_view *v, bool *off)
{
    const struct dr_cluster_facts *a = dr_view_facts(v, v->a);
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    for (size_t i = 0; l && i < a->instance_count; i++) {
        const struct dr_instance *x = &a->instances[i];
        bool ours = x->gc_enable == l->gc.set.enable &&
                    x->gc_life_time_ms == l->gc.set.life_time_ms;
        bool before = x->gc_enable == l->gc.before.enable &&
                      x->gc_life_time_ms == l->gc.before.life_time_ms;
        if (!x->seen.known)
            continue;
        *off = !l->gc.present && !x->gc_enable;
        if (*off)
            return dr_gc_tell(v);
        if (l->gc.present && !ours && !before)
            return "somebody else set GC while drover held it: drover left it so";
    }
    return NULL;
}

/* The alarm of a hold that takes long. */
const char *dr_hold_notice(const struct dr_view *v)
{
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    const struct dr_hold_row *h = l ? dr_ledger_hold(l, "bootstrap") : NULL;
    uint64_t now = dr_view_facts(v, v->a)->ledger.tso;
    if (!h)
        return NULL;
    if (now > h->deadline)
        return "GC is held, and the hold's deadline is over";
    int64_t left_ms = dr_tso_ms(h->deadline) - dr_tso_ms(now);
    return left_ms < v->t->bootstrap.gc_hold.deadline_ms / 2
               ? "GC is held, and more than half of the hold's time is over"
               : NULL;
}

/* After bootstrap a fence of somebody else on the primary is told, never lifted. */
const char *dr_fence_notice(const struct dr_view *v)
{
    const struct dr_cluster_facts *a = dr_view_facts(v, v->a);
    bool fenced = false;
    for (size_t i = 0; i < a->instance_count; i++)
        fenced |= a->instances[i].seen.known && (a->instances[i].super_read_only ||
                                                 a->instances[i].restricted_read_only);
    return fenced && dr_holds(v, DR_P_MADE, v->a) == DR_TRUE
               ? "it refuses writes, and drover did not fence it"
               : NULL;
}

const char *dr_fence_tell(const struct dr_view *v)
{
    const struct dr_cluster_facts *b = dr_view_facts(v, v->b);
    const char *list = "";
    for (size_t i = 0; i < b->instance_count; i++)
        if (b->instances[i].seen.known && !b->instances[i].super_read_only)
            list = dr_sprintf(v->arena, "%s%s%s", list, *list ? ", " : "",
                              b->instances[i].address);
    return *list ? dr_sprintf(v->arena,
                              "the fence is lifted on %s: what is written there is lost, "
                              "or breaks the changefeed",
                              list)
                 : NULL; /* an instance that is not declared: DR-B015 */
}

/* Where drover runs the sink address may be closed, and open to TiCDC. */
const char *dr_sink_notice(const struct dr_view *v)
{
    const struct dr_identity *x = v->f->sink_behind;
    return v->f->sink_behind_count && !x->seen.known && x->seen.code
               ? dr_sprintf(v->arena,
                            "drover cannot look behind sink.address %s, which TiCDC "
                            "dials: %s",
                            dr_view_cluster(v, v->b)->sink_address.text, x->seen.why)
               : NULL;
}

/* New sessions there read as of the external timestamp and cannot write. Source: docs:
 * system-variables.md, tidb_enable_external_ts_read. */
const char *dr_past_notice(const struct dr_view *v, size_t c)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const char *at = NULL;
    for (size_t i = 0; i < f->instance_count && !at; i++)
        if (f->instances[i].seen.known && f->instances[i].external_ts_read)
            at = f->instances[i].address;
    return at && dr_holds(v, DR_P_MADE, c) == DR_TRUE
               ? dr_sprintf(v->arena,
                            "tidb_enable_external_ts_read is ON on %s: new sessions read "
                            "the past and cannot write",
                            at)
               : NULL;
}

/* The primary's heartbeat as cluster c has it; 0: none. */
static uint64_t beat_in(const struct dr_view *v, size_t c)
{
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    for (size_t i = 0; g->seen.known && i < g->beat_count; i++)
        if (strcmp(g->beats[i].origin, dr_view_name(v, v->a)) == 0)
            return g->beats[i].tso;
    return 0;
}

/* Age of the heartbeat that the feed brought last, by the primary's own clock; -1: none
 * came, or nobody beats there any more: the document is paused, or drover stood still. */
static int64_t beat_age_ms(const struct dr_view *v)
{
    uint64_t now = dr_view_facts(v, v->a)->ledger.tso, sent = beat_in(v, v->a),
             came = beat_in(v, v->b);
    bool beats = sent && dr_tso_age_ms(now, sent) <= v->t->objectives.rpo_ms;
    return beats && came ? dr_tso_age_ms(now, came) : -1;
}

/* A feed may stand though TiCDC says normal. Its checkpoint alone says how much could be
 * lost, which `lag` tells; why it stands takes the heartbeat besides: the rows of that
 * table come or they do not. Source: docs: ticdc/monitor-ticdc.md; the checkpoint of a
 * changefeed is the lowest of all its tables. */
const char *dr_stall_notice(const struct dr_view *v)
{
    const struct dr_ledger_group *a = &dr_view_facts(v, v->a)->ledger;
    const struct dr_feed *x = dr_view_feed(v);
    char lag[DR_DURATION_TEXT], old[DR_DURATION_TEXT];
    if (!x || x->state != DR_FEED_NORMAL || !a->seen.known || !v->t->heartbeat ||
        dr_holds(v, DR_P_MADE, v->a) != DR_TRUE)
        return NULL;
    int64_t lag_ms = dr_tso_age_ms(a->tso, x->checkpoint), beat_ms = beat_age_ms(v);
    if (lag_ms <= v->t->objectives.rpo_ms || beat_ms < 0)
        return NULL;
    dr_duration_text(lag_ms, lag);
    dr_duration_text(beat_ms, old);
    return beat_ms > v->t->objectives.rpo_ms
               ? dr_sprintf(v->arena,
                            "the changefeed is stalled though TiCDC says normal: its "
                            "checkpoint is %s old, the last heartbeat that came %s",
                            lag, old)
               : dr_sprintf(v->arena,
                            "a part of the changefeed is stalled though TiCDC says "
                            "normal: its checkpoint is %s old, yet heartbeats come (%s "
                            "old): look for one table, or one capture, that stands",
                            lag, old);
}
