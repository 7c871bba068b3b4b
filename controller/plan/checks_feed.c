/* What must hold of TiCDC, of its changefeeds, and of the account of the one that is
 * made. */
#include <inttypes.h>
#include <string.h>

#include "controller/plan/checks.h"
#include "controller/plan/feed.h"

/* A list that lacks a feed may lack them all.
 * Source: tiflow: cdc/owner/owner.go handleQueries: a new owner knows no feed yet. */
static enum dr_truth nothing_else(const struct dr_view *v, const struct dr_feeds *x,
                                  const char **fact)
{
    /* that owner has been asked for long enough: what it lists is all there is */
    bool ours = x->unproven && strcmp(x->unproven, v->gen.feed_id) == 0;
    if (!x->unproven || (ours && dr_feed_absence_proven(v)))
        return DR_TRUE;
    *fact =
        dr_sprintf(v->arena, "changefeed '%s' is not listed; its absence is not proven",
                   x->unproven);
    return DR_UNSURE;
}

/* Which changefeed is drover's stands in the ledgers alone. While one of them is not
 * known, a feed that it may name is nobody's to delete: any, where no other ledger names
 * the generation in work, else one that may have come after that. */
static bool may_be_ours(const struct dr_view *v, size_t from, const char *id)
{
    if (dr_view_ledger(v, v->a) && dr_view_ledger(v, v->b))
        return false;
    uint64_t n = dr_generation_named(v->t, from, from == v->a ? v->b : v->a, id);
    if (from == v->a && !v->gen.planned && v->way != DR_BY_ADOPTION)
        return true;
    return n && (from != v->a || n > v->gen.n);
}

static enum dr_truth not_known_whose(const struct dr_view *v, const char *id,
                                     const char **fact)
{
    const char *why;
    dr_check_no_ledger(v, dr_view_ledger(v, v->a) ? v->b : v->a, &why);
    *fact = dr_sprintf(v->arena, "whether changefeed '%s' is drover's: %s", id, why);
    return DR_UNSURE;
}

DR_CHECK(dr_check_no_feed_out_of_secondary)
{
    const struct dr_feeds *x = &dr_view_facts(v, c)->feeds;
    if (!dr_view_cluster(v, c)->ticdc.declared)
        return DR_TRUE;
    if (!x->seen.known)
        return dr_check_unread(v, &x->seen, "changefeeds", fact);
    if (!x->count)
        return nothing_else(v, x, fact);
    for (size_t i = 0; i < x->count; i++)
        if (may_be_ours(v, c, x->items[i].id))
            return not_known_whose(v, x->items[i].id, fact);
    *fact = dr_sprintf(v->arena, "changefeed '%s' runs out of it", x->items[0].id);
    return DR_FALSE;
}

/* Every feed out of the primary into an SQL server but ours is a stranger's: by whatever
 * address, it may write into the secondary, and the one-feeder rule cannot be kept with
 * it. Source: docs: dr-secondary-cluster.md, the note on several changefeeds. */
DR_CHECK(dr_check_no_strangers_feed)
{
    const struct dr_feeds *x = &dr_view_facts(v, c)->feeds;
    if (!x->seen.known)
        return dr_check_unread(v, &x->seen, "changefeeds", fact);
    for (size_t i = 0; i < x->count; i++) {
        /* made only after both ends know its start-ts, if not by somebody else */
        if (strcmp(x->items[i].id, v->gen.feed_id) == 0 &&
            (v->way == DR_BY_ADOPTION || dr_holds(v, DR_P_MAKING, c) != DR_FALSE))
            continue;
        if (x->items[i].leaves_sql) /* to a queue or a storage: into no cluster */
            continue;
        if (may_be_ours(v, c, x->items[i].id))
            return not_known_whose(v, x->items[i].id, fact);
        *fact = dr_sprintf(v->arena, "changefeed '%s' is not drover's", x->items[i].id);
        return DR_FALSE;
    }
    return nothing_else(v, x, fact);
}

/* The first of cluster c's TiCDC endpoints that cluster `other` calls a server of its
 * own; NULL: none. Source: tidb: pkg/infoschema/tables.go GetTiCDCServerInfo. */
static const struct dr_url *ticdc_listed_by(const struct dr_view *v, size_t c,
                                            size_t other)
{
    const struct dr_identity *id = &dr_view_facts(v, other)->identity;
    const struct dr_cluster *cluster = dr_view_cluster(v, c);
    for (size_t m = 0; id->seen.known && m < id->member_count; m++)
        for (size_t e = 0; e < cluster->ticdc.endpoint_count; e++) {
            const struct dr_url *url = &cluster->ticdc.endpoints[e];
            const char *at = dr_sprintf(v->arena, "%s:%u", url->host, url->port);
            if (strcmp(id->members[m].type, "ticdc") == 0 &&
                strcmp(id->members[m].instance, at) == 0)
                return url;
        }
    return NULL;
}

DR_CHECK(dr_check_feeds_of_this_cluster)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    if (!dr_view_cluster(v, c)->ticdc.declared)
        return DR_TRUE;
    for (size_t other = 0; other < v->t->cluster_count; other++) {
        const struct dr_url *url = other == c ? NULL : ticdc_listed_by(v, c, other);
        if (url && !ticdc_listed_by(v, c, c)) {
            *fact = dr_sprintf(v->arena, "%s is a TiCDC server of cluster '%s'",
                               url->text, dr_view_name(v, other));
            return DR_FALSE;
        }
    }
    if (!f->feeds.seen.known || !f->pd.seen.known)
        return dr_check_unread(v, f->pd.seen.known ? &f->feeds.seen : &f->pd.seen,
                               f->pd.seen.known ? "changefeeds" : "PD", fact);
    *fact = f->feeds.count ? "its changefeeds name this cluster"
                           : "no changefeed yet that names its cluster";
    for (size_t i = 0; i < f->feeds.count; i++) {
        if (f->feeds.items[i].upstream_id == f->pd.cluster_id)
            continue;
        *fact = dr_sprintf(
            v->arena, "TiCDC captures cluster %" PRIu64 ", but PD is of cluster %" PRIu64,
            f->feeds.items[i].upstream_id, f->pd.cluster_id);
        return DR_FALSE;
    }
    return DR_TRUE;
}

DR_CHECK(dr_check_ticdc_well)
{
    const struct dr_cdc_server *s = &dr_view_facts(v, c)->cdc;
    if (!s->seen.known)
        return dr_check_unread(v, &s->seen, "TiCDC", fact);
    if (dr_version_rank(&s->version) < 7005000) {
        *fact = dr_sprintf(v->arena, "TiCDC says '%s'", s->version.text);
        return DR_FALSE;
    }
    if (!s->healthy || !s->owner_id) {
        *fact = s->healthy ? "TiCDC has no owner" : "TiCDC is not healthy";
        return DR_UNSURE; /* an owner change passes by itself */
    }
    return DR_TRUE;
}

/* ---- the one that is made ---- */

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

DR_CHECK(dr_check_feed_unmoved)
{
    const char *moved = dr_feed_moved(v);
    (void)c;
    if (!moved)
        return DR_TRUE;
    *fact = moved;
    return DR_FALSE;
}

DR_CHECK(dr_check_feed_as_made)
{
    const char *fixed = NULL;
    const struct dr_feed *x = dr_view_feed(v);
    if (!*dr_feed_differences(v) || dr_feed_update_wanted(v) == DR_TRUE ||
        (dr_feed_refused(v) && dr_feed_is_meant(v)) ||
        dr_check_feed_fixed(v, c, &fixed) == DR_FALSE)
        return DR_TRUE;
    if (dr_feed_is_meant(v) && x &&
        (x->state == DR_FEED_STOPPED || x->state == DR_FEED_FAILED) &&
        dr_holds(v, DR_P_MADE, c) == DR_TRUE)
        return DR_TRUE; /* it is changed once somebody has it resumed */
    *fact = dr_feed_differences(v);
    return DR_FALSE;
}

/* ---- its account ---- */

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
    else if (asked && s->answer == DR_LOGIN_WRONG_PASSWORD && dr_secret_is_replaced(v))
        *fact =
            "the declared secret is one that another has replaced: this controller has "
            "an old one, or it was set back";
    else if (asked && s->answer == DR_LOGIN_WRONG_PASSWORD && dr_secret_is_another(v)) {
        if (dr_secret_turns(v))
            return DR_TRUE;
        *fact = "another secret is declared; it is taken once the changefeed is as the "
                "document says";
    } else if (asked && s->answer == DR_LOGIN_WRONG_PASSWORD)
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
