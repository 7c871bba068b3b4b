/* What must hold from the backup on: of the copy, its comparison, and the feed. The rows
 * of these checks stand in checks.c. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/printable.h"
#include "controller/base/tso.h"
#include "controller/plan/checks.h"
#include "controller/plan/feed.h"

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

/* A refused restore whose leftovers are none that drover drops would be sent again and
 * again. */
DR_CHECK(dr_check_restore_goes_on)
{
    const struct dr_equality *q = dr_view_equality(v);
    const struct dr_tables *t = &dr_view_facts(v, c)->tables;
    if (v->f->restore_refused != v->gen.n || !q || !q->difference_count)
        return DR_TRUE;
    if (!t->seen.known)
        return dr_check_unread(v, &t->seen, "tables", fact);
    if (dr_view_half_restored(v))
        return DR_TRUE;
    for (size_t i = 0; i < t->count; i++) {
        if (dr_view_own_schema(t->items[i].schema))
            continue;
        *fact = dr_sprintf(v->arena,
                           "RESTORE is refused because of %s.%s, which is no base table "
                           "of the primary",
                           t->items[i].schema, t->items[i].name);
        return DR_FALSE;
    }
    return DR_TRUE;
}

DR_CHECK(dr_check_copies_agree)
{
    const struct dr_copy_row *backup = dr_view_copy(v, false),
                             *restoring = dr_view_copy(v, true);
    const char *a = dr_view_cluster(v, v->a)->name, *b = dr_view_cluster(v, v->b)->name;
    if (!dr_view_ledger(v, c))
        return dr_check_no_ledger(v, c, fact);
    if (!restoring || (backup && backup->tso == restoring->tso &&
                       strcmp(backup->prefix, restoring->prefix) == 0))
        return DR_TRUE;
    *fact = backup ? dr_sprintf(v->arena,
                                "'%s' was restored from '%s' at %" PRIu64
                                ", the backup row of '%s' says '%s' at %" PRIu64,
                                b, restoring->prefix, restoring->tso, a, backup->prefix,
                                backup->tso)
                   : dr_sprintf(v->arena, "'%s' was restored, but '%s' has no backup row",
                                b, a);
    return DR_FALSE;
}

DR_CHECK(dr_check_comparison_whole)
{
    const struct dr_equality *q = dr_view_equality(v);
    (void)c;
    if (!q || q->complete || q->difference_count)
        return DR_TRUE;
    return dr_check_refuse(v, fact, "the time ran out before every table was counted");
}

/* A restore that is sent again makes no table that is there: it would change nothing. */
DR_CHECK(dr_check_definitions_fit)
{
    const struct dr_equality *q = dr_view_equality(v);
    (void)c;
    for (size_t i = 0; q && i < q->difference_count; i++) {
        if (strcmp(q->differences[i].observed, DR_OTHER_DEFINITION) != 0)
            continue;
        *fact = dr_sprintf(v->arena, "table %s has another definition than in '%s'",
                           q->differences[i].field, dr_view_cluster(v, v->a)->name);
        return DR_FALSE;
    }
    return DR_TRUE;
}

/* Once the feed is made, that somebody paused it, or that it failed, is drift: the rules
 * say what is done about it. */
DR_CHECK(dr_check_feed_acts)
{
    const struct dr_feed *x = dr_view_feed(v);
    if (!x || x->state == DR_FEED_NORMAL || x->state == DR_FEED_WARNING)
        return DR_TRUE;
    if ((x->state == DR_FEED_STOPPED || x->state == DR_FEED_FAILED) &&
        dr_holds(v, DR_P_MADE, c) == DR_TRUE)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "changefeed '%s' is %s%s%s", x->id,
                       dr_feed_state_name(x->state), x->error ? ": " : "",
                       x->error ? x->error : "");
    return DR_FALSE;
}

/* Source: tiflow: cdc/owner/owner.go handleQueries: a new owner knows no feed yet. */
bool dr_feed_absence_proven(const struct dr_view *v)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    return d->seen.known && d->absence_proven && strcmp(d->id, v->gen.feed_id) == 0;
}

DR_CHECK(dr_check_feed_is_there)
{
    const struct dr_feeds *all = &dr_view_facts(v, v->a)->feeds;
    if (dr_holds(v, DR_P_MADE, c) != DR_TRUE || dr_view_feed(v) || dr_feed_is_to_go_on(v))
        return DR_TRUE;
    if (!all->seen.known)
        return dr_check_unread(v, &all->seen, "changefeeds", fact);
    bool proven = dr_feed_absence_proven(v);
    *fact =
        dr_sprintf(v->arena, "changefeed '%s' %s%s", v->gen.feed_id,
                   proven ? "was removed, and not by drover"
                          : "is not listed; its absence is not proven: that takes three "
                            "looks over ten seconds at one healthy owner of TiCDC",
                   proven ? dr_feed_last_seen_text(v) : "");
    return proven ? DR_FALSE : DR_UNSURE;
}

const char *dr_check_shown(const struct dr_view *v, const char *value)
{
    enum { SHOWN_MAX = 300 };
    return dr_printable(v->arena, value, strlen(value), SHOWN_MAX);
}

DR_CHECK(dr_check_feed_as_made)
{
    const char *fixed = NULL;
    const struct dr_feed *x = dr_view_feed(v);
    if (!*dr_feed_differences(v) || dr_feed_update_wanted(v) == DR_TRUE ||
        (dr_feed_refused(v) && dr_feed_is_meant(v)) ||
        dr_check_feed_fixed(v, c, &fixed) == DR_FALSE)
        return DR_TRUE;
    if (dr_feed_is_meant(v) && x && x->state == DR_FEED_STOPPED &&
        dr_holds(v, DR_P_MADE, c) == DR_TRUE)
        return DR_TRUE; /* it is changed once whoever paused it resumes it */
    *fact = dr_feed_differences(v);
    return DR_FALSE;
}

/* Every row of it, as TiCDC may come from anywhere. */
static bool is_locked(const struct dr_view *v, size_t c)
{
    const struct dr_accounts *all = &dr_view_facts(v, c)->accounts;
    const struct dr_account *x =
        all->seen.known ? dr_accounts_find(all, v->t->replication.sink.user) : NULL;
    bool locked = x && x->host_count;
    for (size_t i = 0; locked && i < x->host_count; i++)
        locked = x->locked[i];
    return locked;
}

/* Once the feed is made it lives by sessions that TiCDC has open, and would not open
 * another one. */
static enum dr_truth lets_made_in(const struct dr_view *v, size_t c, const char **fact)
{
    const struct dr_sink_login *s = &v->f->sink_login;
    const char *user = v->t->replication.sink.user;
    bool asked = s->seen.known && s->generation == v->gen.n;
    if (is_locked(v, c) || (asked && s->answer == DR_LOGIN_LOCKED))
        *fact = dr_sprintf(v->arena, "account '%s' was locked, and not by drover", user);
    else if (asked && s->answer == DR_LOGIN_WRONG_PASSWORD)
        *fact = v->gen.n
                    ? dr_sprintf(v->arena,
                                 "account '%s' is not let in with the password of "
                                 "generation %" PRIu64 ": the declared secret is not "
                                 "the one that the changefeed was made with, or "
                                 "somebody set another password",
                                 user, v->gen.n)
                    : dr_sprintf(v->arena,
                                 "account '%s' is not let in with the declared "
                                 "password",
                                 user);
    else
        return DR_TRUE;
    return DR_FALSE;
}

/* The rows say `making` only after the account was let in: who locked it since is not
 * drover. */
/* Whether one PD is a member of both. */
static bool share_pd(const struct dr_identity *x, const struct dr_identity *y)
{
    for (size_t i = 0; i < x->member_count; i++)
        for (size_t k = 0; k < y->member_count; k++)
            if (strcmp(x->members[i].type, "pd") == 0 &&
                strcmp(y->members[k].type, "pd") == 0 &&
                strcmp(x->members[i].instance, y->members[k].instance) == 0)
                return true;
    return false;
}

/* What does not answer drover may answer TiCDC: that is told (dr_sink_notice), and
 * refuses nothing. */
DR_CHECK(dr_check_sink_leads_here)
{
    const struct dr_identity *at = v->f->sink_behind,
                             *own = &dr_view_facts(v, c)->identity;
    if (!v->f->sink_behind_count || !at->seen.known || !own->seen.known)
        return DR_TRUE;
    if (at->cluster_id && own->cluster_id ? at->cluster_id == own->cluster_id
                                          : share_pd(at, own))
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "at %s another cluster answers",
                       dr_view_cluster(v, c)->sink_address.text);
    return DR_FALSE;
}

DR_CHECK(dr_check_sink_let_in)
{
    const struct dr_sink_login *s = &v->f->sink_login;
    if (dr_holds(v, DR_P_MADE, c) == DR_TRUE)
        return dr_view_feed(v) ? lets_made_in(v, c, fact) : DR_TRUE;
    if (dr_holds(v, DR_P_MAKING, c) != DR_TRUE || !s->seen.known ||
        s->generation != v->gen.n || s->answer == DR_LOGIN_LET_IN)
        return DR_TRUE;
    /* a feed made anew: its password is set only now */
    if (v->way == DR_BY_GOING_ON && s->answer == DR_LOGIN_WRONG_PASSWORD &&
        !dr_view_feed(v))
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "account '%s' %s", v->t->replication.sink.user,
                       s->answer == DR_LOGIN_LOCKED
                           ? "was locked, and not by drover"
                           : "has another password, and drover did not set it");
    return DR_FALSE;
}
