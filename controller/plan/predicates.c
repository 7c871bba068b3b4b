/* The table of predicates, and what their files share. They are small, pure,
 * three-valued; each says "unsure" as soon as a fact it reads is unknown. */
#include "controller/plan/predicates.h"

enum dr_truth dr_each_instance(const struct dr_view *v, size_t c,
                               bool (*test)(const struct dr_view *, size_t,
                                            const struct dr_instance *))
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    enum dr_truth all = f->instance_count ? DR_TRUE : DR_UNSURE;
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        all = dr_truth_and(all, x->seen.known ? dr_truth_of(test(v, c, x)) : DR_UNSURE);
    }
    return all;
}

enum dr_truth dr_some_instance(const struct dr_view *v, size_t c,
                               bool (*test)(const struct dr_view *, size_t,
                                            const struct dr_instance *))
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    enum dr_truth some = f->instance_count ? DR_FALSE : DR_UNSURE;
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        some = dr_truth_or(some, x->seen.known ? dr_truth_of(test(v, c, x)) : DR_UNSURE);
    }
    return some;
}

static bool edge_at_least(const struct dr_view *v, size_t c, enum dr_edge_state state)
{
    const struct dr_edge_row *e = dr_view_edge(v, c);
    return e && e->state >= state && e->state <= DR_EDGE_MADE;
}

enum dr_truth dr_edge_here(const struct dr_view *v, size_t c, enum dr_edge_state state)
{
    return dr_view_ledger(v, c) ? dr_truth_of(edge_at_least(v, c, state)) : DR_UNSURE;
}

enum dr_truth dr_edge_both(const struct dr_view *v, enum dr_edge_state state)
{
    return dr_truth_and(dr_edge_here(v, v->a, state), dr_edge_here(v, v->b, state));
}

const struct dr_predicate_row dr_predicates[DR_P_COUNT] = {
    [DR_P_NONE] = {.name = "none", .text = "", .reads = "", .holds = NULL},
#define ROW(upper, fn, what, facts)                                                      \
    [DR_P_##upper] = {.name = #fn, .text = what, .reads = facts, .holds = dr_p_##fn},
    DR_PREDICATES(ROW)
#undef ROW
};

enum dr_truth dr_holds(const struct dr_view *v, enum dr_predicate p, size_t c)
{
    return dr_predicates[p].holds(v, c);
}
