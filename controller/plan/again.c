/* A changefeed that somebody removed, where policy.drift.changefeedRemoved says correct:
 * the next generation goes on from the checkpoint that drover saw last. All up to there
 * had arrived; what the removed one carried beyond it is carried once more. That is
 * harmless for rows: those that were committed before a feed starts are written as
 * REPLACE, whatever safe-mode says, and what is deleted twice is gone all the same.
 * Source: tiflow: cdc/sink/dmlsink/txn/mysql/mysql.go, commit-ts not above ReplicatingTs.
 * It is not for DDL: a table would be dropped, truncated or altered twice, and rows of
 * the old shape would meet the new one. So there must be none since; and nothing else
 * may have written, so the fence must not have been seen open.
 *
 * The next generation is noted first; then the account gets that one's password, which
 * shuts out whoever still works for the removed feed; then it is created. Whoever finds
 * the note goes on from it: the facts that allowed it were true when it was written, and
 * a DDL that came after the feed was gone has been carried by nobody. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/tso.h"
#include "controller/plan/checks.h"
#include "controller/plan/emit.h"
#include "controller/plan/feed.h"

enum { SECOND_MS = 1000 };

/* A feed that ran before drover came has a start and an account that are not drover's. */
bool dr_feed_is_to_go_on(const struct dr_view *v)
{
    return v->t->policy.drift[DR_DRIFT_CHANGEFEED_REMOVED] == DR_DRIFT_CORRECT &&
           !v->in->removed && v->gen.planned && !v->gen.adopted &&
           dr_holds(v, DR_P_MADE, v->a) == DR_TRUE &&
           dr_view_facts(v, v->a)->feeds.seen.known && !dr_view_feed(v) &&
           dr_feed_absence_proven(v);
}

bool dr_feed_half_again(const struct dr_view *v)
{
    size_t old = 0;
    for (size_t c = 0; v->gen.again && c < v->t->cluster_count; c++) {
        const struct dr_ledger *l = dr_view_ledger(v, c);
        const struct dr_edge_row *e =
            l ? dr_ledger_edge(l, dr_view_name(v, v->a), dr_view_name(v, v->b)) : NULL;
        old += e && e->generation == v->gen.again;
    }
    return old == 1;
}

static const char *time_of(const struct dr_view *v, int64_t unix_ms)
{
    char text[DR_TIME_TEXT];
    return dr_sprintf(v->arena, "%.19s UTC", dr_time_text(unix_ms, text));
}

/* END_TIME has whole seconds, and may be rounded either way: what ended in the second of
 * the checkpoint may have come after it. */
static enum dr_truth no_ddl_since(const struct dr_view *v, uint64_t seen,
                                  const char **fact)
{
    const struct dr_ddl_jobs *d = &dr_view_facts(v, v->a)->ddl;
    const struct dr_feed_detail *feed = &dr_view_facts(v, v->a)->feed;
    if (!d->seen.known)
        return dr_check_unread(v, &d->seen, "DDL jobs", fact);
    if (d->seen.at_ms < feed->absent_since_ms) {
        *fact = "DDL jobs: not asked since the changefeed is gone";
        return DR_UNSURE;
    }
    if (!d->last || d->last_ms + SECOND_MS <= dr_tso_ms(seen))
        return DR_TRUE;
    *fact = dr_sprintf(v->arena,
                       "DDL job %s ended at %s, and the changefeed was last seen at %s",
                       d->last, time_of(v, d->last_ms), time_of(v, dr_tso_ms(seen)));
    return DR_FALSE;
}

static enum dr_truth never_opened(const struct dr_view *v, const char **fact)
{
    const char *b = dr_view_name(v, v->b);
    struct dr_last_seen seen;
    for (size_t c = 0; c < v->t->cluster_count; c++)
        if (!dr_view_ledger(v, c))
            return dr_check_no_ledger(v, c, fact);
    switch (dr_holds(v, DR_P_FENCED, v->b)) {
    case DR_TRUE:
        break;
    case DR_FALSE:
        *fact = dr_sprintf(v->arena,
                           "%s takes writes, or an instance of it is not declared", b);
        return DR_FALSE;
    case DR_UNSURE:
        *fact = dr_sprintf(v->arena, "not known: %s refuses writes", b);
        return DR_UNSURE;
    }
    if (!dr_view_was_open(v, &seen))
        return DR_TRUE;
    *fact = dr_sprintf(v->arena,
                       "%s was seen to take writes since generation %" PRIu64 " is made",
                       b, v->gen.n);
    return DR_FALSE;
}

/* What was carried, and what is to be carried yet, fit together. */
static enum dr_truth data_fits(const struct dr_view *v, const char **fact)
{
    uint64_t seen = dr_feed_last_seen(v);
    enum dr_truth closed = never_opened(v, fact);
    if (closed != DR_TRUE)
        return closed;
    if (!seen)
        return dr_check_refuse(v, fact, "how far it had come is not known");
    enum dr_truth kept = dr_check_history_since(v, seen, "its checkpoint", fact);
    return kept == DR_TRUE ? no_ddl_since(v, seen, fact) : kept;
}

DR_CHECK(dr_check_feed_goes_on)
{
    (void)c;
    enum dr_truth fits = data_fits(v, fact);
    if (fits == DR_FALSE)
        *fact = dr_sprintf(v->arena,
                           "changefeed '%s' was removed, and not by drover; it cannot be "
                           "made anew: %s: a rebuild is needed",
                           v->gen.feed_id, *fact);
    return fits;
}

/* ---- what somebody else did besides ---- */

/* Two feeds into one secondary would void its order. Source: docs:
 * dr-secondary-cluster.md, the note on several changefeeds. */
static enum dr_truth no_other_feed(const struct dr_view *v, const char **fact)
{
    const struct dr_feeds *all = &dr_view_facts(v, v->a)->feeds;
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].leaves_sql)
            continue;
        *fact = dr_sprintf(v->arena, "changefeed '%s' is not drover's", all->items[i].id);
        return DR_FALSE;
    }
    return DR_TRUE;
}

/* Who locked the account may have removed the feed, too, and for a reason. */
static enum dr_truth account_as_left(const struct dr_view *v, const char **fact)
{
    const struct dr_sink_login *s = &v->f->sink_login;
    if (!s->seen.known || s->generation != v->gen.n)
        return dr_check_unread(v, &s->seen, "login of the sink account", fact);
    if (s->answer == DR_LOGIN_LET_IN)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "account '%s' %s", v->t->replication.sink.user,
                       s->answer == DR_LOGIN_LOCKED
                           ? "was locked, and not by drover"
                           : "has another password, and drover did not set it");
    return DR_FALSE;
}

static enum dr_truth redo_path_is_fresh(const struct dr_view *v, const char **fact)
{
    const struct dr_listing *x = &v->f->redo_prefix;
    struct dr_generation next =
        dr_generation_after(v->t, v->f, v->a, v->b, &v->gen, v->arena);
    if (!*next.redo)
        return DR_TRUE;
    if (!x->seen.known || strcmp(x->prefix, next.redo) != 0)
        return dr_check_unread(v, &x->seen, "redo storage", fact);
    if (!x->count)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "prefix '%s' already holds %zu objects", x->prefix,
                       x->count);
    return DR_FALSE;
}

static enum dr_truth nothing_else(const struct dr_view *v, const char **fact)
{
    enum dr_truth x = no_other_feed(v, fact);
    if (x == DR_TRUE)
        x = account_as_left(v, fact);
    return x == DR_TRUE ? redo_path_is_fresh(v, fact) : x;
}

/* TiCDC takes no start-ts that GC has passed: it would be asked in vain for ever. */
static enum dr_truth still_starts(const struct dr_view *v, const char **fact)
{
    const struct dr_edge_row *x = dr_view_edge(v, v->a), *y = dr_view_edge(v, v->b);
    uint64_t from = x ? x->start_ts : y ? y->start_ts : 0;
    if (dr_view_feed(v) || !from)
        return DR_TRUE;
    return dr_check_history_since(v, from, "the checkpoint to go on from", fact);
}

DR_CHECK(dr_check_feed_again)
{
    (void)c;
    bool making = v->gen.again && dr_holds(v, DR_P_MADE, v->a) == DR_FALSE;
    if (!making && !dr_feed_is_to_go_on(v))
        return DR_TRUE;
    enum dr_truth may = making ? still_starts(v, fact) : nothing_else(v, fact);
    if (may == DR_FALSE)
        *fact =
            dr_sprintf(v->arena, "%s was removed, and is not made anew: %s%s",
                       making ? "a changefeed"
                              : dr_sprintf(v->arena, "changefeed '%s'", v->gen.feed_id),
                       *fact, making ? ": a rebuild is needed" : "");
    return may;
}

enum dr_truth dr_feed_may_go_on(const struct dr_view *v)
{
    const char *ignored;
    if (!dr_feed_is_to_go_on(v))
        return DR_FALSE;
    return dr_truth_and(data_fits(v, &ignored), nothing_else(v, &ignored));
}

/* ---- the step ---- */

/* The end that has the note already decides: generation and checkpoint are its. */
DR_EMIT(dr_emit_feed_again)
{
    const struct dr_edge_row *other = dr_view_edge(v, c == v->a ? v->b : v->a);
    bool noted = v->gen.again && dr_holds(v, DR_P_MADE, v->a) == DR_FALSE && other;
    struct dr_generation next =
        noted ? v->gen : dr_generation_after(v->t, v->f, v->a, v->b, &v->gen, v->arena);
    struct dr_edge_row r = dr_edge_begun(v, &next);
    r.start_ts = noted ? other->start_ts : dr_feed_last_seen(v);
    r.state = DR_EDGE_MAKING;
    dr_secret_note(v, &r);
    dr_emit_edge(v, c, x, &r);
    x->what = dr_sprintf(v->arena,
                         "%s: note that changefeed %s goes on from %" PRIu64
                         ", where generation %" PRIu64 " was last seen",
                         dr_view_name(v, c), r.id, r.start_ts, r.again);
}
