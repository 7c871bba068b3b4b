/* Of what each SQL instance shows: fence, id pairs, TTL jobs. */
#include <string.h>

#include "controller/plan/predicates.h"

static bool shows_ids(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    const struct dr_auto_increment *want = &dr_view_cluster(v, c)->auto_increment;
    return x->auto_increment_increment == want->increment &&
           x->auto_increment_offset == want->offset;
}

DR_PREDICATE(ids_held)
{
    if (!dr_view_cluster(v, c)->auto_increment.declared)
        return DR_TRUE;
    return dr_each_instance(v, c, shows_ids);
}

static bool takes_writes(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return dr_instance_takes_writes(x);
}

DR_PREDICATE(open_here)
{
    return dr_each_instance(v, c, takes_writes);
}

bool dr_shows_ttl_off(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return !x->ttl_job_enable;
}

DR_PREDICATE(ttl_off)
{
    return dr_each_instance(v, c, dr_shows_ttl_off);
}

DR_PREDICATE(fence_row)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    return l ? dr_truth_of(l->fenced.why == DR_FENCED_SECONDARY) : DR_UNSURE;
}

bool dr_shows_fence(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return dr_instance_is_fenced(x);
}

const char *dr_view_unasked(const struct dr_view *v, size_t c)
{
    const struct dr_identity *id = &dr_view_facts(v, c)->identity;
    for (size_t i = 0; id->seen.known && i < id->member_count; i++)
        if (strcmp(id->members[i].type, "tidb") == 0 &&
            !dr_view_asks(v, c, id->members[i].instance))
            return id->members[i].instance;
    return NULL;
}

/* A fence proved on some instances is no fence. */
static enum dr_truth all_instances_known(const struct dr_view *v, size_t c)
{
    if (!dr_view_facts(v, c)->identity.seen.known)
        return DR_UNSURE;
    return dr_truth_of(!dr_view_unasked(v, c));
}

DR_PREDICATE(fenced)
{
    return dr_truth_and(dr_each_instance(v, c, dr_shows_fence),
                        all_instances_known(v, c));
}

/* Whoever lifted the fence may have mended what differed. */
DR_PREDICATE(compared_as_fenced)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    if (!l->compared.present)
        return DR_TRUE;
    enum dr_truth open = dr_some_instance(v, c, takes_writes);
    return open == DR_TRUE ? DR_FALSE : open == DR_FALSE ? DR_TRUE : DR_UNSURE;
}

DR_PREDICATE(shut)
{
    enum dr_truth open = dr_some_instance(v, v->b, takes_writes);
    (void)c;
    return dr_truth_and(dr_truth_not(open),
                        dr_view_facts(v, v->b)->instance_count ? DR_TRUE : DR_UNSURE);
}
