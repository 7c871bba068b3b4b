/* What must hold of a feed that drover is to adopt, and of two sides that are said to be
 * equal already. The rows of these checks stand in checks.c. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/tso.h"
#include "controller/plan/checks.h"

/* The details of the feed in work; NULL: not known, *fact says why. */
static const struct dr_feed_detail *detail_of(const struct dr_view *v, const char **fact)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    if (d->seen.known && d->present && strcmp(d->id, v->gen.feed_id) == 0)
        return d;
    (void)dr_check_unread(v, &d->seen,
                          dr_sprintf(v->arena, "changefeed '%s'", v->gen.feed_id), fact);
    return NULL;
}

/* Checks that are asked only where the edge comes to be in one of these ways. */
unsigned dr_check_only(const char *code)
{
    static const struct {
        const char *code;
        unsigned only;
    } rows[] = {
        {"DR-B041", DR_BY_COPY},
        {"DR-B042", DR_BY_COPY | DR_BY_EXISTING},
        {"DR-B048", DR_BY_COPY | DR_BY_EXISTING},
        {"DR-B051", DR_BY_COPY},
        {"DR-B052", DR_BY_COPY},
        {"DR-B053", DR_BY_COPY},
        {"DR-B054", DR_BY_COPY | DR_BY_EXISTING},
        {"DR-B056", DR_BY_COPY},
        {"DR-B060", DR_BY_COPY | DR_BY_EXISTING | DR_BY_GOING_ON},
        {"DR-B062", DR_BY_COPY | DR_BY_EXISTING | DR_BY_GOING_ON},
        {"DR-B063", DR_BY_COPY | DR_BY_EXISTING | DR_BY_GOING_ON},
        {"DR-B070", DR_BY_ADOPTION},
        {"DR-B071", DR_BY_ADOPTION},
        {"DR-B072", DR_BY_EXISTING},
        {"DR-B073", DR_BY_ADOPTION},
        {"DR-B074", DR_BY_ADOPTION},
        {"DR-B075", DR_BY_ADOPTION},
        {"DR-B076", DR_BY_ADOPTION},
        {"DR-B077", DR_BY_EXISTING},
        {"DR-B078", DR_BY_EXISTING},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].code, code) == 0)
            return rows[i].only;
    return 0;
}

/* ---- adoption ---- */

/* Its absence is proven like that of any feed: a new owner knows none for a while. */
DR_CHECK(dr_check_adopted_is_there)
{
    const struct dr_feeds *a = &dr_view_facts(v, v->a)->feeds,
                          *b = &dr_view_facts(v, v->b)->feeds;
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    const char *id = v->gen.feed_id;
    (void)c;
    *fact = dr_sprintf(v->arena, "changefeed '%s' is there", id);
    if (dr_view_feed(v))
        return DR_TRUE;
    if (!a->seen.known)
        return dr_check_unread(v, &a->seen, "changefeeds", fact);
    if (b->seen.known && dr_feeds_find(b, id)) {
        *fact = dr_sprintf(v->arena, "changefeed '%s' runs out of %s", id,
                           dr_view_name(v, v->b));
        return DR_FALSE;
    }
    bool proven = d->seen.known && d->absence_proven && strcmp(d->id, id) == 0;
    *fact = dr_sprintf(v->arena, "changefeed '%s' %s", id,
                       proven ? "does not exist"
                              : "is not listed; its absence is not proven");
    return proven ? DR_FALSE : DR_UNSURE;
}

DR_CHECK(dr_check_adopted_runs)
{
    const struct dr_feed *x = dr_view_feed(v);
    (void)c;
    if (!x)
        return DR_TRUE; /* its absence is another check's */
    *fact = dr_sprintf(v->arena, "changefeed '%s' is %s%s%s", x->id,
                       dr_feed_state_name(x->state), x->error ? ": " : "",
                       x->error ? x->error : "");
    return dr_truth_of(x->state == DR_FEED_NORMAL || x->state == DR_FEED_WARNING);
}

DR_CHECK(dr_check_adopted_leads_home)
{
    const struct dr_feed_detail *d = detail_of(v, fact);
    const struct dr_pd *pd = &dr_view_facts(v, v->a)->pd;
    (void)c;
    if (!d)
        return dr_view_feed(v) ? DR_UNSURE : DR_TRUE; /* its absence is another check's */
    if (pd->seen.known && d->upstream_id != pd->cluster_id) {
        *fact = dr_sprintf(
            v->arena, "changefeed '%s' comes from cluster %" PRIu64 ", %s is %" PRIu64,
            d->id, d->upstream_id, dr_view_name(v, v->a), pd->cluster_id);
        return DR_FALSE;
    }
    enum dr_truth home = dr_view_leads_home(v);
    *fact = dr_sprintf(v->arena, "changefeed '%s' leads to %s, %s of %s's addresses",
                       d->id, d->sink_address ? d->sink_address : "no SQL address",
                       home == DR_TRUE ? "one" : "none", dr_view_name(v, v->b));
    return home;
}

/* Locking the account is what stops the feed for good one day: it must be the feed's. */
DR_CHECK(dr_check_adopted_account)
{
    const struct dr_feed_detail *d = detail_of(v, fact);
    const char *want = v->t->replication.sink.user;
    (void)c;
    if (!d)
        return dr_view_feed(v) ? DR_UNSURE : DR_TRUE;
    *fact = dr_sprintf(v->arena, "changefeed '%s' logs in as '%s'", d->id, want);
    if (d->sink_user && strcmp(d->sink_user, want) == 0)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "changefeed '%s' logs in as '%s', declared is '%s'",
                       d->id, d->sink_user ? d->sink_user : "root", want);
    return DR_FALSE;
}

/* Told once the document says so in its policy, asked before. */
static bool is_accepted(const struct dr_view *v)
{
    enum dr_drift_action x = v->t->policy.drift[DR_DRIFT_CHANGEFEED_CONFIG];
    return dr_doc_has(&v->t->doc, "spec.policy.drift.changefeedConfig") &&
           (x == DR_DRIFT_WARN || x == DR_DRIFT_IGNORE);
}

DR_CHECK(dr_check_adopted_config)
{
    const struct dr_feed_detail *d = detail_of(v, fact);
    enum { SHOWN = 5 };
    (void)c;
    if (!d)
        return dr_view_feed(v) ? DR_UNSURE : DR_TRUE;
    size_t n = d->difference_count + d->extra_count;
    *fact = dr_sprintf(v->arena, "changefeed '%s' is as the document says", d->id);
    if (!n)
        return DR_TRUE;
    char *list = dr_strdup(v->arena, "");
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        const struct dr_difference *x = i < d->difference_count
                                            ? &d->differences[i]
                                            : &d->extras[i - d->difference_count];
        list = dr_sprintf(v->arena, "%s%s%s is %s, %s%s", list, i ? "; " : "", x->field,
                          dr_check_shown(v, x->observed),
                          i < d->difference_count ? "declared: " : "",
                          dr_check_shown(v, x->desired));
    }
    *fact = dr_sprintf(v->arena, "%s%s", list, n > SHOWN ? "; .." : "");
    return dr_truth_of(is_accepted(v));
}

/* The declared password is the feed's own, and the source of all later ones; a feed that
 * drover made logs in with the one that was derived for its generation. */
DR_CHECK(dr_check_adopted_password)
{
    const struct dr_sink_login *s = &v->f->sink_login;
    const char *user = v->t->replication.sink.user;
    (void)c;
    if (!s->seen.known || s->generation != v->gen.n)
        return v->observing
                   ? DR_TRUE /* nobody logs in only to look */
                   : dr_check_unread(v, &s->seen, "the sink account's login", fact);
    const char *password =
        v->gen.n ? dr_sprintf(v->arena,
                              "the password that drover gave it for generation %" PRIu64,
                              v->gen.n)
                 : "the declared password";
    *fact = s->answer == DR_LOGIN_LOCKED
                ? dr_sprintf(v->arena, "account '%s' is locked", user)
                : dr_sprintf(v->arena, "account '%s' is %slet in with %s", user,
                             s->answer == DR_LOGIN_LET_IN ? "" : "not ", password);
    return dr_truth_of(s->answer == DR_LOGIN_LET_IN);
}

/* ---- equal already ---- */

DR_CHECK(dr_check_existing_start)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    if (!v->start_ts) {
        *fact = dr_sprintf(v->arena, "no startTs is declared for the edge %s -> %s",
                           dr_view_name(v, v->a), dr_view_name(v, v->b));
        return DR_FALSE;
    }
    if (!l)
        return dr_check_no_ledger(v, c, fact);
    if (v->start_ts >= g->tso) {
        *fact = dr_sprintf(v->arena, "startTs %" PRIu64 " is later than now, %" PRIu64,
                           v->start_ts, g->tso);
        return DR_FALSE;
    }
    const struct dr_copy_row *r = &l->backup;
    if (!r->present || r->generation != v->gen.n || r->tso == v->start_ts || !*r->prefix)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena,
                       "a BACKUP at %" PRIu64 " was begun for this edge, declared is "
                       "startTs %" PRIu64,
                       r->tso, v->start_ts);
    return DR_FALSE;
}

/* GC is on, has never run, and startTs lies further back than it keeps: a cluster of that
 * age would have run it. A day is far more than it takes between two runs. */
static bool is_before_cluster(const struct dr_view *v, const char **fact)
{
    enum { DAY_MS = 86400000 };
    const struct dr_cluster_facts *f = dr_view_facts(v, v->a);
    int64_t keeps_ms = DAY_MS, age_ms = dr_tso_ms(f->ledger.tso) - dr_tso_ms(v->start_ts);
    char time[DR_TIME_TEXT];
    bool on = f->instance_count > 0;
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        on &= x->seen.known && x->gc_enable;
        if (x->gc_life_time_ms > keeps_ms)
            keeps_ms = x->gc_life_time_ms;
    }
    if (!on || !f->safepoints.seen.known || f->safepoints.gc_safe_point ||
        age_ms <= keeps_ms)
        return false;
    *fact = dr_sprintf(v->arena,
                       "startTs %" PRIu64 " is of %.16s UTC; GC is on and has never run: "
                       "%s is younger than that",
                       v->start_ts, dr_time_text(dr_tso_ms(v->start_ts), time),
                       dr_view_name(v, v->a));
    return true;
}

/* TiCDC takes a start-ts that is above every service's safepoint; a read, one above GC's.
 * Source: tiflow: pkg/txnutil/gc/gc_service.go EnsureChangefeedStartTsSafety. */
DR_CHECK(dr_check_existing_history)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return dr_check_no_ledger(v, c, fact);
    if (!v->start_ts)
        return DR_TRUE; /* DR-B077 says so */
    if (dr_truth_and(dr_holds(v, DR_P_FEED_RISING, c),
                     dr_holds(v, DR_P_FEED_HOLDS_GC, c)) == DR_TRUE)
        return DR_TRUE;
    if (dr_view_copy(v, false) && !dr_ledger_hold(l, "bootstrap"))
        return dr_check_refuse(v, fact, "the hold on history ended at its deadline");
    if (!dr_view_copy(v, false) && is_before_cluster(v, fact))
        return DR_FALSE;
    return dr_check_history_since(v, v->start_ts, "startTs", fact);
}

DR_CHECK(dr_check_existing_equal)
{
    const struct dr_equality *q = dr_view_equality(v);
    enum { SHOWN = 3 };
    (void)c;
    if (!q || !q->difference_count || v->f->now_ms - q->seen.at_ms >= DR_COMPARE_AGAIN_MS)
        return DR_TRUE;
    char *list = dr_strdup(v->arena, "");
    for (size_t i = 0; i < q->difference_count && i < SHOWN; i++)
        list = dr_sprintf(v->arena, "%s%s%s: %s in %s at startTs, %s in %s", list,
                          i ? "; " : "", q->differences[i].field,
                          q->differences[i].desired, dr_view_name(v, v->a),
                          q->differences[i].observed, dr_view_name(v, v->b));
    *fact = dr_sprintf(v->arena, "%s%s", list, q->difference_count > SHOWN ? "; .." : "");
    return DR_FALSE;
}
