/* Both ledgers of a pair that drover made are gone. Nothing tells then which generation
 * runs but the pair itself: what drover leaves behind is recognised, named, and left as
 * it is. Taken for a new pair it would be told to drop its data. What takes it back is a
 * word in the document, replication.edges[].id: the changefeed is adopted as the
 * generation that its id names, with that one's password and redo path, so that the next
 * generation is a later one and nothing is copied again. */
#include <inttypes.h>
#include <string.h>

#include "controller/plan/checks.h"

/* Whether both ledgers are known, and know no edge: there, a pair that drover made has
 * rows of it at both ends. */
static bool no_edge_known(const struct dr_view *v)
{
    for (size_t c = 0; c < v->t->cluster_count; c++) {
        const struct dr_ledger *l = dr_view_ledger(v, c);
        if (!l || l->edge_count)
            return false;
    }
    return true;
}

/* The feed of the highest generation from cluster c to the other one. */
static const struct dr_feed *named_feed(const struct dr_view *v, size_t c)
{
    const struct dr_feeds *all = &dr_view_facts(v, c)->feeds;
    const struct dr_feed *found = NULL;
    uint64_t highest = 0;
    for (size_t i = 0; all->seen.known && i < all->count; i++) {
        uint64_t n =
            dr_generation_named(v->t, c, c == v->a ? v->b : v->a, all->items[i].id);
        if (n <= highest)
            continue;
        highest = n;
        found = &all->items[i];
    }
    return found;
}

const struct dr_feed *dr_view_orphan(const struct dr_view *v, size_t *from)
{
    if (!no_edge_known(v) || (v->way == DR_BY_ADOPTION && v->gen.n))
        return NULL;
    const struct dr_feed *x = named_feed(v, v->a);
    *from = v->a;
    if (!x) {
        x = named_feed(v, v->b);
        *from = v->b;
    }
    return x;
}

/* Every instance refuses writes. Unknown is not closed. */
static bool is_closed(const struct dr_view *v, size_t c)
{
    return dr_each_instance(v, c, dr_shows_fence) == DR_TRUE;
}

/* Whether the heartbeat of the other cluster was carried into cluster c. */
static bool has_beat(const struct dr_view *v, size_t c)
{
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    const char *origin = dr_view_name(v, c == v->a ? v->b : v->a);
    bool found = false;
    for (size_t i = 0; i < g->beat_count; i++)
        found |= strcmp(g->beats[i].origin, origin) == 0;
    return found;
}

/* A secondary that is closed, carries the primary's heartbeat and holds data. */
static bool looks_made(const struct dr_view *v)
{
    const char *ignored;
    return is_closed(v, v->b) && has_beat(v, v->b) &&
           dr_check_secondary_empty(v, v->b, &ignored) != DR_TRUE;
}

static const char *ledger_text(const struct dr_view *v, size_t c)
{
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    return dr_sprintf(v->arena, "%s in %s",
                      !g->table_present    ? "absent"
                      : !g->rows.row_count ? "empty"
                                           : "without an edge",
                      dr_view_name(v, c));
}

static const char *feed_text(const struct dr_view *v, const struct dr_feed *x,
                             size_t from)
{
    const char *user = v->t->replication.sink.user;
    const char *login = !x->sink_user ? ""
                        : strcmp(x->sink_user, user) == 0
                            ? dr_sprintf(v->arena, ", logs in as the declared '%s'", user)
                            : dr_sprintf(v->arena, ", logs in as '%s', declared is '%s'",
                                         x->sink_user, user);
    return dr_sprintf(v->arena,
                      "changefeed '%s' runs out of %s (%s), named as drover names them%s",
                      x->id, dr_view_name(v, from), dr_feed_state_name(x->state), login);
}

DR_CHECK(dr_check_not_orphaned)
{
    const struct dr_feeds *feeds = &dr_view_facts(v, v->a)->feeds;
    size_t from;
    (void)c;
    if (!no_edge_known(v) || (v->way == DR_BY_ADOPTION && v->gen.n))
        return DR_TRUE;
    const struct dr_feed *x = dr_view_orphan(v, &from);
    bool made = looks_made(v);
    if (!x && !made)
        return DR_TRUE;
    if (!x && !feeds->seen.known)
        return dr_check_unread(v, &feeds->seen, "both ledgers are gone, and changefeeds",
                               fact);
    if (!x && v->way != DR_BY_COPY)
        return DR_TRUE; /* the document says what this pair is */
    const char *b = dr_view_name(v, v->b);
    *fact = dr_sprintf(
        v->arena,
        "both ledgers are gone (mysql.drover_ledger is %s, %s); this looks like a pair "
        "that drover made: %s%s%s%s",
        ledger_text(v, v->a), ledger_text(v, v->b),
        x ? feed_text(v, x, from) : "but no changefeed is named as drover names them",
        is_closed(v, v->b)
            ? dr_sprintf(v->arena, "; %s refuses writes on each instance", b)
            : "",
        has_beat(v, v->b) ? dr_sprintf(v->arena, "; %s carries the heartbeat of %s", b,
                                       dr_view_name(v, v->a))
                          : "",
        v->f->skipped_generations ? "; the storage holds what an earlier generation wrote"
                                  : "");
    return DR_FALSE;
}

const char *dr_mend_orphan(const struct dr_view *v)
{
    size_t from;
    const struct dr_feed *x = dr_view_orphan(v, &from);
    const char *b = dr_view_name(v, v->b);
    if (!x)
        return dr_sprintf(
            v->arena,
            "find out who dropped them, and the changefeed. Equal at a TSO that you "
            "know: "
            "bootstrap.method Existing with startTs. Else the copy must be made anew: on "
            "%s SET GLOBAL tidb_super_read_only = OFF and drop its data",
            b);
    size_t to = from == v->a ? v->b : v->a;
    const char *primary =
        from == v->a ? ""
                     : dr_sprintf(v->arena, "%s was the primary: spec.primary: %s; and ",
                                  dr_view_name(v, from), dr_view_name(v, from));
    return dr_sprintf(
        v->arena,
        "drop nothing: nothing need be copied again. Find out who "
        "dropped the ledgers; then take the pair back as it runs: %sbelow "
        "spec.replication: edges: [{from: %s, to: %s, id: %s}]%s",
        primary, dr_view_name(v, from), dr_view_name(v, to), x->id,
        is_closed(v, to)
            ? ""
            : dr_sprintf(v->arena,
                         "; %s is not closed: to fence it will need your approval",
                         dr_view_name(v, to)));
}
