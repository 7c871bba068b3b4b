/* Of the changefeed, its account, and changes of its settings. */
#include <string.h>

#include "controller/base/tso.h"
#include "controller/plan/feed.h"
#include "controller/plan/predicates.h"

DR_PREDICATE(going_on_noted)
{
    if (!v->gen.again || dr_holds(v, DR_P_MADE, v->a) == DR_TRUE) {
        enum dr_truth may = dr_feed_may_go_on(v);
        return may == DR_UNSURE ? DR_UNSURE : dr_truth_of(may == DR_FALSE);
    }
    return dr_edge_here(v, c, DR_EDGE_MAKING);
}

DR_PREDICATE(sink_row)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(l->sink.present && l->sink.generation == v->gen.n &&
                       !l->sink.locked);
}

DR_PREDICATE(sink_open)
{
    const struct dr_sink_login *s = &v->f->sink_login;
    enum dr_truth noted = dr_p_sink_row(v, c);
    if (noted != DR_TRUE)
        return noted; /* the row comes first */
    if (!s->seen.known || s->generation != v->gen.n)
        return DR_UNSURE;
    return dr_truth_of(s->answer == DR_LOGIN_LET_IN);
}

DR_PREDICATE(sink_noted_locked)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(!l->sink.present || l->sink.generation != v->gen.n ||
                       l->sink.locked);
}

/* An account that was never opened for this generation is no concern of it; where the row
 * came and the password did not, a feed of it is as little let in as by a lock. */
DR_PREDICATE(sink_locked)
{
    const struct dr_sink_login *s = &v->f->sink_login;
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    if (!l->sink.present || l->sink.generation != v->gen.n)
        return DR_TRUE;
    if (!s->seen.known || s->generation != v->gen.n)
        return DR_UNSURE;
    return dr_truth_of(l->sink.locked && s->answer != DR_LOGIN_LET_IN);
}

/* Neither a lock nor a new password ends a session: a capture that is cut off from its
 * owner and has one goes on writing. */
static enum dr_truth no_sink_session(const struct dr_view *v)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, v->b);
    enum dr_truth none = f->instance_count ? DR_TRUE : DR_UNSURE;
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_jobs *j = &f->jobs[i];
        none =
            dr_truth_and(none, j->seen.known ? dr_truth_of(!j->sink_count) : DR_UNSURE);
    }
    return none;
}

/* Once the feed is there the sessions are its own. */
DR_PREDICATE(sink_alone)
{
    enum dr_truth noted = dr_p_sink_row(v, v->b);
    if (noted != DR_TRUE)
        return noted; /* it is no generation's yet */
    return dr_truth_or(dr_p_feed_seen(v, c), no_sink_session(v));
}

DR_PREDICATE(sink_fresh)
{
    return dr_truth_and(dr_p_sink_open(v, c), dr_p_sink_alone(v, c));
}

DR_PREDICATE(sink_silent)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    enum dr_truth locked = dr_p_sink_locked(v, c);
    bool unused = l && (!l->sink.present || l->sink.generation != v->gen.n);
    return unused ? locked : dr_truth_and(locked, no_sink_session(v));
}

DR_PREDICATE(feed_seen)
{
    (void)c;
    if (!dr_view_facts(v, v->a)->feeds.seen.known)
        return DR_UNSURE;
    return dr_truth_of(dr_view_feed(v) != NULL);
}

DR_PREDICATE(feed_rising)
{
    const struct dr_feed *x = dr_view_feed(v);
    (void)c;
    if (!dr_view_facts(v, v->a)->feeds.seen.known)
        return DR_UNSURE;
    return dr_truth_of(x && x->state == DR_FEED_NORMAL && x->rises >= 2);
}

DR_PREDICATE(feed_matches)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    (void)c;
    if (!d->seen.known || strcmp(d->id, v->gen.feed_id) != 0 || !d->present)
        return DR_UNSURE;
    return dr_truth_of(d->difference_count == 0);
}

/* This TiCDC's long-lived entry: "ticdc-<its id>-<etcd cluster>", without the short-lived
 * suffixes of single feeds; what another one keeps, it lets go when it likes. Source:
 * tiflow: pkg/etcd/etcd.go GetGCServiceID. */
static bool is_its_service(const char *id, const char *ticdc)
{
    static const char before[] = "ticdc-";
    const size_t skip = sizeof(before) - 1, len = strlen(ticdc);
    return strncmp(id, before, skip) == 0 && strncmp(id + skip, ticdc, len) == 0 &&
           id[skip + len] == '-' && !strstr(id, "-creating-") &&
           !strstr(id, "-resuming-") && !strstr(id, "-initializing-");
}

DR_PREDICATE(feed_holds_gc)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, v->a);
    const struct dr_feed *x = dr_view_feed(v);
    (void)c;
    if (!f->safepoints.seen.known || !f->feeds.seen.known || !f->ledger.seen.known ||
        !f->cdc.seen.known || !f->cdc.cluster_id)
        return DR_UNSURE;
    /* expired entries stay listed; the age is taken by that cluster's own clock */
    int64_t now_s = dr_tso_ms(f->ledger.tso) / 1000;
    for (size_t i = 0; x && i < f->safepoints.count; i++) {
        const struct dr_safepoint *s = &f->safepoints.items[i];
        if (is_its_service(s->service_id, f->cdc.cluster_id) && s->expired_at_s > now_s &&
            s->safe_point <= x->checkpoint)
            return DR_TRUE;
    }
    return DR_FALSE;
}

/* It is posted only once both ends know its start-ts; then what is not listed may still
 * be there. */
DR_PREDICATE(feed_gone)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    (void)c;
    if (!dr_view_facts(v, v->a)->feeds.seen.known)
        return DR_UNSURE;
    if (dr_view_feed(v))
        return DR_FALSE;
    enum dr_truth making = dr_truth_or(dr_edge_here(v, v->a, DR_EDGE_MAKING),
                                       dr_edge_here(v, v->b, DR_EDGE_MAKING));
    if (making != DR_TRUE)
        return making == DR_FALSE ? DR_TRUE : DR_UNSURE;
    bool proven =
        d->seen.known && d->absence_proven && strcmp(d->id, v->gen.feed_id) == 0;
    return proven ? DR_TRUE : DR_UNSURE;
}

DR_PREDICATE(leads_home)
{
    (void)c;
    return dr_view_leads_home(v);
}

/* ---- a change of the feed's settings ---- */

/* Whether the feed is in the state; unsure while it is not listed. */
static enum dr_truth feed_is(const struct dr_view *v, enum dr_feed_state state)
{
    const struct dr_feed *x = dr_view_feed(v);
    return x ? dr_truth_of(x->state == state) : DR_UNSURE;
}

static enum dr_truth runs(const struct dr_view *v)
{
    return dr_truth_or(feed_is(v, DR_FEED_NORMAL), feed_is(v, DR_FEED_WARNING));
}

/* What is not listed is another check's. */
DR_PREDICATE(unpaused)
{
    (void)c;
    if (!dr_view_feed(v) || dr_feed_updating(v) || dr_feed_late_pause(v) ||
        dr_feed_update_wanted(v) == DR_TRUE)
        return DR_TRUE; /* a change of its settings ends with a resume */
    return dr_truth_not(feed_is(v, DR_FEED_STOPPED));
}

DR_PREDICATE(unfailed)
{
    (void)c;
    if (!dr_view_feed(v) || dr_feed_update_wanted(v) == DR_TRUE)
        return DR_TRUE; /* as above */
    return dr_truth_not(feed_is(v, DR_FEED_FAILED));
}

DR_PREDICATE(update_noted)
{
    if (!dr_view_ledger(v, c))
        return DR_UNSURE;
    const struct dr_edge_row *e = dr_view_edge(v, c);
    return dr_truth_or(dr_truth_of(e && e->updating && !e->resumed),
                       dr_truth_not(dr_feed_update_wanted(v)));
}

DR_PREDICATE(update_rests)
{
    (void)c;
    enum dr_truth wanted = dr_feed_update_wanted(v);
    if (wanted == DR_FALSE)
        return DR_TRUE;
    return dr_truth_or(feed_is(v, DR_FEED_STOPPED), feed_is(v, DR_FEED_FAILED));
}

DR_PREDICATE(update_sent)
{
    (void)c;
    return dr_truth_not(dr_feed_update_wanted(v));
}

DR_PREDICATE(update_runs)
{
    (void)c;
    enum dr_truth sent = dr_truth_not(dr_feed_update_wanted(v));
    if (dr_feed_late_pause(v))
        return DR_FALSE;
    return dr_feed_updating(v) ? dr_truth_and(sent, runs(v)) : sent;
}

DR_PREDICATE(update_resumed)
{
    const struct dr_edge_row *e = dr_view_edge(v, c);
    if (!dr_view_ledger(v, c))
        return DR_UNSURE;
    return dr_truth_and(dr_truth_of(!e || !e->updating || e->resumed),
                        dr_truth_not(dr_feed_update_wanted(v)));
}

DR_PREDICATE(not_left_paused)
{
    (void)c;
    return dr_truth_not(dr_feed_left_paused(v));
}

/* An edge that does not say what was agreed on (it was adopted, or its row is of an older
 * drover) keeps quiet while the feed differs: whoever changed it, the policy decides. */
DR_PREDICATE(update_over)
{
    const struct dr_edge_row *e = dr_view_edge(v, c);
    if (!dr_view_ledger(v, c))
        return DR_UNSURE;
    if (!e || e->state != DR_EDGE_MADE)
        return DR_TRUE;
    /* somebody paused it since: what it has is noted once it runs */
    if (e->updating && e->resumed && feed_is(v, DR_FEED_STOPPED) == DR_TRUE)
        return DR_TRUE;
    /* an edit that changes nothing of the feed is agreed on, too */
    bool other = (!e->settings || strcmp(e->settings, v->t->doc.feeds) != 0) &&
                 dr_p_feed_matches(v, c) == DR_TRUE && !dr_feed_fixed(v);
    other |= dr_secret_is_unnoted(v, e) && dr_p_feed_matches(v, c) == DR_TRUE;
    return dr_truth_and(dr_truth_of(!e->updating && !other),
                        dr_truth_not(dr_feed_update_wanted(v)));
}
