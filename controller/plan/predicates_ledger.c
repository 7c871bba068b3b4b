/* Of the ledger itself, of who is drover's, and of how far an edge has come. */
#include <string.h>

#include "controller/plan/predicates.h"

DR_PREDICATE(ledger_table)
{
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    return g->seen.known ? dr_truth_of(g->table_present) : DR_UNSURE;
}

/* Lost: a word in the document may let the peers give it back; else a check refuses. */
DR_PREDICATE(not_lost)
{
    const char *beside;
    for (size_t k = 0; k < v->t->cluster_count; k++)
        if (!dr_view_ledger(v, k))
            return DR_UNSURE;
    return dr_truth_of(!dr_view_lost_row(v, c, &beside));
}

DR_PREDICATE(reset_over)
{
    (void)c;
    for (size_t k = 0; k < v->t->cluster_count; k++)
        if (strcmp(dr_view_cluster(v, k)->name, v->t->ledger_reset.cluster) == 0)
            return dr_p_not_lost(v, k);
    return DR_UNSURE;
}

DR_PREDICATE(reset_used)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    return l ? dr_truth_of(dr_ledger_consumed(l, v->t->ledger_reset.id)) : DR_UNSURE;
}

DR_PREDICATE(birth)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(l->birth.present &&
                       strcmp(l->birth.topology, v->t->doc.metadata.name) == 0);
}

DR_PREDICATE(term)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(l->term.present &&
                       strcmp(l->term.cluster, dr_view_cluster(v, v->a)->name) == 0);
}

DR_PREDICATE(agreed)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    if (!l->term.present)
        return DR_TRUE; /* it will be written with it */
    return dr_truth_of(dr_view_has_agreed(v, &l->term));
}

DR_PREDICATE(beat_table)
{
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    if (!v->t->heartbeat)
        return DR_TRUE;
    return g->seen.known ? dr_truth_of(g->beat_table_present) : DR_UNSURE;
}

DR_PREDICATE(edge_planned)
{
    return dr_edge_here(v, c, DR_EDGE_PLANNED);
}

DR_PREDICATE(making)
{
    (void)c;
    return dr_edge_both(v, DR_EDGE_MAKING);
}

DR_PREDICATE(making_here)
{
    return dr_edge_here(v, c, DR_EDGE_MAKING);
}

DR_PREDICATE(made)
{
    (void)c;
    return dr_edge_both(v, DR_EDGE_MADE);
}

DR_PREDICATE(not_made)
{
    (void)c;
    enum dr_truth holds = dr_edge_both(v, DR_EDGE_MADE);
    return holds == DR_UNSURE ? DR_UNSURE : dr_truth_of(holds == DR_FALSE);
}

DR_PREDICATE(made_here)
{
    return dr_edge_here(v, c, DR_EDGE_MADE);
}
