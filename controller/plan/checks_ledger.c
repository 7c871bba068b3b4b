/* What must hold of the ledgers: readable, of this topology, of one mind. */
#include <inttypes.h>
#include <string.h>

#include "controller/plan/checks.h"
#include "controller/plan/feed.h"

DR_CHECK(dr_check_ledger_readable)
{
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    if (!g->seen.known)
        return dr_check_unread(v, &g->seen, "ledger", fact);
    if (!g->table_present)
        return DR_TRUE;
    if (!g->decoded)
        return dr_check_unread(v, &dr_view_facts(v, c)->pd.seen,
                               "PD id, the ledger's key", fact);
    if (g->rows.unreadable) {
        *fact = dr_sprintf(v->arena, "row '%s' cannot be read", g->rows.unreadable);
        return DR_FALSE;
    }
    return DR_TRUE;
}

DR_CHECK(dr_check_no_ledger)
{
    dr_check_ledger_readable(v, c, fact);
    return DR_UNSURE;
}

/* A cluster under another name would be bootstrapped as if it were new. */
static enum dr_truth every_member_born(const struct dr_view *v, const struct dr_ledger *l,
                                       const char **fact)
{
    for (size_t k = 0; l->birth.present && k < v->t->cluster_count; k++) {
        bool born = false;
        for (size_t i = 0; i < l->birth.member_count; i++)
            born |= strcmp(l->birth.member_names[i], dr_view_name(v, k)) == 0;
        if (born)
            continue;
        *fact = dr_sprintf(v->arena, "the birth row names no member '%s'",
                           dr_view_name(v, k));
        return DR_FALSE;
    }
    return DR_TRUE;
}

DR_CHECK(dr_check_ledger_is_ours)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return dr_check_no_ledger(v, c, fact);
    if (l->birth.present && strcmp(l->birth.topology, v->t->doc.metadata.name) != 0) {
        *fact = dr_sprintf(v->arena, "the cluster belongs to topology '%s'",
                           l->birth.topology);
        return DR_FALSE;
    }
    for (size_t i = 0; l->birth.present && i < l->birth.member_count; i++) {
        for (size_t k = 0; k < v->t->cluster_count; k++) {
            const struct dr_pd *pd = &dr_view_facts(v, k)->pd;
            if (strcmp(l->birth.member_names[i], dr_view_name(v, k)) != 0 ||
                !pd->seen.known || pd->cluster_id == l->birth.member_ids[i])
                continue;
            *fact =
                dr_sprintf(v->arena, "'%s' was cluster %" PRIu64 ", now it is %" PRIu64,
                           dr_view_name(v, k), l->birth.member_ids[i], pd->cluster_id);
            return DR_FALSE;
        }
    }
    return every_member_born(v, l, fact);
}

DR_CHECK(dr_check_ledger_not_lost)
{
    const char *beside, *objection;
    if (!dr_view_ledger(v, c))
        return dr_check_no_ledger(v, c, fact);
    const char *lost = dr_view_lost_row(v, c, &beside);
    if (!lost || dr_view_may_reset(v, c, &objection))
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "no %s row, though the ledger %s", lost, beside);
    if (objection)
        *fact = dr_sprintf(v->arena, "%s; ledger.reset %s does not apply: %s", *fact,
                           v->t->ledger_reset.id, objection);
    return DR_FALSE;
}

DR_CHECK(dr_check_term_agrees)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return dr_check_no_ledger(v, c, fact);
    if (!l->term.present || strcmp(l->term.cluster, v->t->primary) == 0)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "term %" PRIu64 " names '%s', the document names '%s'",
                       l->term.n, l->term.cluster, v->t->primary);
    return DR_FALSE;
}

DR_CHECK(dr_check_declaration_not_older)
{
    return dr_view_ledger(v, c) ? dr_view_follows(v, c, fact)
                                : dr_check_no_ledger(v, c, fact);
}

/* One end's row is lost, which DR-B022 says, or on its way. */
static bool may_disagree(const struct dr_view *v)
{
    const char *beside;
    return dr_view_lost_row(v, v->a, &beside) || dr_view_lost_row(v, v->b, &beside) ||
           dr_view_resetting(v) || v->giving_up || dr_feed_half_again(v);
}

/* The row of an edge is written at one end, then at the other: a crash leaves them one
 * state apart, never more. */
DR_CHECK(dr_check_edges_agree)
{
    const struct dr_edge_row *x = dr_view_edge(v, v->a), *y = dr_view_edge(v, v->b);
    const char *a = dr_view_name(v, v->a), *b = dr_view_name(v, v->b);
    if (!dr_view_ledger(v, v->a) || !dr_view_ledger(v, v->b))
        return dr_check_no_ledger(v, dr_view_ledger(v, c) ? v->b : c, fact);
    if (may_disagree(v))
        return DR_TRUE;
    if (x && y && (x->generation != y->generation || strcmp(x->id, y->id) != 0)) {
        *fact = dr_sprintf(v->arena,
                           "the edge has generation %" PRIu64 " in '%s' and %" PRIu64
                           " in '%s'",
                           x->generation, a, y->generation, b);
        return DR_FALSE;
    }
    if (x && y && x->start_ts && y->start_ts && x->start_ts != y->start_ts) {
        *fact = dr_sprintf(
            v->arena, "the edge starts at %" PRIu64 " in '%s' and at %" PRIu64 " in '%s'",
            x->start_ts, a, y->start_ts, b);
        return DR_FALSE;
    }
    int here = x ? (int)x->state : 0, there = y ? (int)y->state : 0;
    if (here - there >= -1 && here - there <= 1)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "the edge is '%s' in '%s' and '%s' in '%s'",
                       dr_edge_state_name((enum dr_edge_state)here), a,
                       dr_edge_state_name((enum dr_edge_state)there), b);
    return DR_FALSE;
}

DR_CHECK(dr_check_no_operation_in_flight)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return dr_check_no_ledger(v, c, fact);
    if (l->fenced.why == DR_FENCED_OPERATION) {
        *fact = dr_sprintf(v->arena, "its fenced row belongs to operation %s",
                           l->fenced.operation);
        return DR_FALSE;
    }
    /* where the term names the other cluster, DR-B023 says what is wrong */
    bool named = l->term.present && strcmp(l->term.cluster, dr_view_name(v, c)) == 0;
    if (c == v->a && named && l->fenced.why != DR_FENCED_NOT)
        return dr_check_refuse(v, fact, "the primary's ledger has a fenced row");
    return DR_TRUE;
}
