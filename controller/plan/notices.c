/* What is worth knowing and hinders no step: GC as somebody set it, a hold that takes
 * long, a fence that is not drover's, a feed that stands, endpoints that are silent. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/plan/build.h"
#include "controller/plan/emit.h"
#include "controller/plan/feed.h"

const char *dr_gc_tell(const struct dr_view *v, size_t c)
{
    (void)v;
    (void)c;
    return "GC is off, and no ledger row says that drover switched it off";
}

/* GC of the primary, as somebody else set it. Out: *off: switched off; drover never
 * switches it on by itself. */
static const char *gc_text(const struct dr_view *v, bool *off)
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
            return dr_gc_tell(v, v->a);
        if (l->gc.present && !ours && !before)
            return "somebody else set GC while drover held it: drover left it so";
    }
    return NULL;
}

/* The alarm of a hold that takes long. */
static const char *hold_text(const struct dr_view *v)
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
static const char *fence_text(const struct dr_view *v)
{
    return dr_cluster_refuses_writes(dr_view_facts(v, v->a)) &&
                   dr_holds(v, DR_P_MADE, v->a) == DR_TRUE
               ? "it refuses writes, and drover did not fence it"
               : NULL;
}

const char *dr_fence_tell(const struct dr_view *v, size_t c)
{
    const struct dr_cluster_facts *b = dr_view_facts(v, c);
    const char *list = "";
    for (size_t i = 0; i < b->instance_count; i++)
        if (b->instances[i].seen.known && !dr_instance_is_fenced(&b->instances[i]))
            list = dr_sprintf(v->arena, "%s%s%s", list, *list ? ", " : "",
                              b->instances[i].address);
    return *list ? dr_sprintf(v->arena,
                              "the fence is lifted on %s: what is written there is lost, "
                              "or breaks the changefeed",
                              list)
                 : NULL; /* an instance that is not declared: DR-B015 */
}

const char *dr_ttl_tell(const struct dr_view *v, size_t c)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const char *list = "";
    for (size_t i = 0; i < f->instance_count; i++)
        if (f->instances[i].seen.known && f->instances[i].ttl_job_enable)
            list = dr_sprintf(v->arena, "%s%s%s", list, *list ? ", " : "",
                              f->instances[i].address);
    return *list
               ? dr_sprintf(v->arena,
                            "TTL jobs run on %s: they delete rows behind the fence", list)
               : NULL;
}

/* The first instance with another pair than the declared one. */
const char *dr_ids_tell(const struct dr_view *v, size_t c)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const struct dr_auto_increment *want = &dr_view_cluster(v, c)->auto_increment;
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        if (x->seen.known && (x->auto_increment_increment != want->increment ||
                              x->auto_increment_offset != want->offset))
            return dr_sprintf(v->arena,
                              "%s shows auto_increment_increment %" PRIu64
                              ", auto_increment_offset %" PRIu64 ", declared are %" PRIu64
                              " and %" PRIu64,
                              x->address, (uint64_t)x->auto_increment_increment,
                              (uint64_t)x->auto_increment_offset,
                              (uint64_t)want->increment, (uint64_t)want->offset);
    }
    return NULL;
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
static const char *past_text(const struct dr_view *v, size_t c)
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
    return dr_beat_of(&dr_view_facts(v, c)->ledger, dr_view_name(v, v->a));
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
static const char *stall_text(const struct dr_view *v)
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

/* ---- into the plan ---- */

/* Endpoints that are silent while others of their kind answer: nothing is decided on
 * them, but the next one that falls silent may be the last. */
static void add_silent_endpoints(struct dr_build *b, size_t c)
{
    const struct dr_view *v = &b->v;
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    for (size_t i = 0; i < f->endpoint_count; i++) {
        const struct dr_endpoint_seen *x = &f->endpoints[i];
        bool pd = x->kind == DR_ENDPOINT_PD;
        if (x->seen.known || !x->seen.code ||
            !(pd ? f->pd.seen.known : f->feeds.seen.known))
            continue;
        dr_add_notice(b,
                      dr_sprintf(v->arena, "silent %s %s %zu", dr_view_name(v, c),
                                 pd ? "PD" : "TiCDC", i),
                      dr_sprintf(v->arena, "%s: one endpoint of %s is silent: %s",
                                 dr_view_name(v, c), pd ? "PD" : "TiCDC", x->seen.why));
    }
}

static void add_sink(struct dr_build *b)
{
    const char *text = dr_sink_notice(&b->v);
    if (text)
        dr_add_notice(
            b, "sink",
            dr_sprintf(b->v.arena, "%s: %s", dr_view_name(&b->v, b->v.b), text));
}

/* No rule stands for it: readers of the secondary may want it so. */
static void add_past_reads(struct dr_build *b)
{
    const struct dr_view *v = &b->v;
    for (size_t c = 0; c < v->t->cluster_count && c < 2; c++) {
        const char *past = past_text(v, c);
        if (past)
            dr_tell_drift(
                b, DR_DRIFT_VARIABLES, c, past,
                "when nobody needs it: SET GLOBAL tidb_enable_external_ts_read = "
                "OFF",
                false);
    }
}

/* No rule stands for it on the primary: switched on, they delete rows, and who switched
 * them off there may have had a reason. */
static void add_ttl(struct dr_build *b)
{
    const struct dr_view *v = &b->v;
    const struct dr_cluster_facts *f = dr_view_facts(v, v->a);
    const char *list = "", *word = v->t->ttl_jobs ? "ON" : "OFF";
    for (size_t i = 0; i < f->instance_count; i++)
        if (f->instances[i].seen.known &&
            f->instances[i].ttl_job_enable != v->t->ttl_jobs)
            list = dr_sprintf(v->arena, "%s%s%s", list, *list ? ", " : "",
                              f->instances[i].address);
    if (!*list || dr_holds(v, DR_P_MADE, v->a) != DR_TRUE)
        return;
    dr_tell_drift(b, DR_DRIFT_VARIABLES, v->a,
                  dr_sprintf(v->arena, "TTL jobs are %s on %s, ttlJobs says otherwise",
                             v->t->ttl_jobs ? "off" : "on", list),
                  dr_sprintf(v->arena,
                             "SET GLOBAL tidb_ttl_job_enable = %s, or change ttlJobs in "
                             "the document",
                             word),
                  false);
}

/* Why nothing is begun. */
static void add_hands_off(struct dr_build *b)
{
    const struct dr_view *v = &b->v;
    if (v->observing)
        dr_add_notice(b, "observe", "management is Observe: drover only looks");
    else if (!b->plan->action_count &&
             dr_hands_off(v, b->only_discharge)) /* else the plan waits, and says so */
        dr_add_notice(b, "paused", "paused by the document: nothing new is started");
    if (!v->owing && dr_feed_left_paused(v) == DR_TRUE)
        dr_add_notice(b, "left paused",
                      dr_sprintf(v->arena,
                                 "%s: changefeed '%s' stands still because drover paused "
                                 "it: by hand: %s",
                                 dr_view_name(v, v->a), v->gen.feed_id,
                                 dr_by_hand(v, DR_RESUME_BY_HAND)));
}

/* A copy of another cluster's ledger, or what a restore with system tables left: drover
 * obeys none of it and removes none. */
static void add_foreign_rows(struct dr_build *b, size_t c)
{
    const struct dr_view *v = &b->v;
    const struct dr_ledger *x = dr_view_ledger(v, c);
    if (!x || !x->foreign_count)
        return;
    bool one = x->foreign_count == 1;
    dr_tell_drift(
        b, DR_DRIFT_LEDGER, c,
        one ? "1 ledger row of another cluster is ignored"
            : dr_sprintf(v->arena, "%zu ledger rows of other clusters are ignored",
                         x->foreign_count),
        dr_sprintf(v->arena,
                   "when nobody needs %s: DELETE FROM mysql.drover_ledger WHERE "
                   "cluster_id <> %" PRIu64,
                   one ? "it" : "them", dr_view_facts(v, c)->pd.cluster_id),
        false);
}

static void add_of_both(struct dr_build *b)
{
    const struct dr_view *v = &b->v;
    const struct dr_equality *q = dr_view_equality(v);
    const char *differs =
        q ? dr_equality_text(q, dr_view_name(v, v->a), dr_view_name(v, v->b), v->arena)
          : NULL;
    if (differs && dr_holds(v, DR_P_MAKING, v->a) != DR_TRUE)
        dr_add_notice(b, "compared", dr_sprintf(v->arena, "compared at T: %s", differs));
    const char *primary = dr_view_name(v, v->a);
    add_hands_off(b);
    for (size_t c = 0; c < v->t->cluster_count && c < 2; c++) {
        add_silent_endpoints(b, c);
        add_foreign_rows(b, c);
    }
    bool off = false;
    const char *gc = gc_text(v, &off), *hold = hold_text(v), *fence = fence_text(v),
               *history = dr_feed_history_notice(v), *stall = stall_text(v),
               *redo = dr_redo_off_notice(v);
    add_past_reads(b);
    add_ttl(b);
    /* once the feed is made, and nothing blocks, rule 348 tells */
    bool ruled = dr_holds(v, DR_P_MADE, v->a) == DR_TRUE && !b->plan->blocker_count;
    if (off && !ruled)
        dr_tell_drift(b, DR_DRIFT_GC_SWITCH, v->a, gc,
                      "when nobody needs it off: SET GLOBAL tidb_gc_enable = ON", false);
    else if (gc && !off)
        dr_add_notice(b, "gc", dr_sprintf(v->arena, "%s: %s", primary, gc));
    const struct {
        const char *id, *text;
    } of_primary[] = {
        {"hold", hold}, {"redo", redo}, {"stall", stall}, {"history", history}};
    for (size_t i = 0; i < sizeof(of_primary) / sizeof(of_primary[0]); i++)
        if (of_primary[i].text)
            dr_add_notice(b, of_primary[i].id,
                          dr_sprintf(v->arena, "%s: %s", primary, of_primary[i].text));
    if (fence)
        dr_tell_drift(b, DR_DRIFT_FENCE, v->a, fence,
                      "when nobody needs it closed: SET GLOBAL tidb_super_read_only (or "
                      "tidb_restricted_read_only) = OFF",
                      false);
}

/* The fence is closed again, by whomever: that mends nothing of what was written, and no
 * policy leaves it so. */
static void add_opened(struct dr_build *b)
{
    const struct dr_view *v = &b->v;
    const char *text = dr_view_open_text(v);
    if (!text || b->only_discharge)
        return;
    switch (v->t->policy.drift[DR_DRIFT_FENCE]) {
    case DR_DRIFT_IGNORE:
        break;
    case DR_DRIFT_WARN:
        dr_tell_drift(b, DR_DRIFT_FENCE, v->b, text, "", false);
        break;
    case DR_DRIFT_CORRECT:
    case DR_DRIFT_ASK:
        dr_add_question(b, (struct dr_question){.subject = dr_view_name(v, v->b),
                                                .what = text,
                                                .answer = dr_view_open_answer(v),
                                                .key = "fence was open"});
        break;
    }
}

/* The document names a feed to adopt, and the edge has another one by now. */
static const char *idle_id(const struct dr_view *v)
{
    const struct dr_edge_spec *e =
        dr_topology_edge(v->t, dr_view_name(v, v->a), dr_view_name(v, v->b));
    return e && e->id && v->gen.planned && strcmp(e->id, v->gen.feed_id) != 0
               ? dr_sprintf(v->arena,
                            "replication.edges[].id '%s' has no effect: the edge has "
                            "changefeed '%s'",
                            e->id, v->gen.feed_id)
               : NULL;
}

void dr_add_notices(struct dr_build *b)
{
    const char *idle = idle_id(&b->v), *kept = dr_give_up_notice(&b->v);
    add_sink(b);
    add_of_both(b);
    add_opened(b);
    if (idle)
        dr_add_notice(b, idle, idle);
    if (kept)
        dr_add_notice(b, kept, kept);
}
