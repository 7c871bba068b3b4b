/* What this version can do, and whether the clusters are those that are declared. */
#include <inttypes.h>
#include <string.h>

#include "controller/plan/checks.h"

DR_CHECK(dr_check_mode_is_built)
{
    (void)c;
    if (v->t->mode != DR_MODE_PRIMARY_SECONDARY)
        return dr_check_refuse(v, fact, "mode Bidirectional");
    return DR_TRUE;
}

DR_CHECK(dr_check_words_are_built)
{
    (void)c;
    if (v->t->failover.id)
        return dr_check_refuse(v, fact, "a failover word");
    if (v->t->doc.metadata.formerly)
        return dr_check_refuse(v, fact, "metadata.formerly");
    if (v->t->secondary.external_ts_read)
        return dr_check_refuse(v, fact, "secondary.externalTsRead");
    return DR_TRUE;
}

DR_CHECK(dr_check_deployment_is_built)
{
    const struct dr_tiup *t = &dr_view_cluster(v, c)->tiup;
    if (t->declared && t->topology_file)
        return dr_check_refuse(v, fact, "deployment by a TiUP topology file");
    return DR_TRUE;
}

/* ---- identity ---- */

DR_CHECK(dr_check_endpoints_answer)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const struct dr_instance *silent = NULL;
    size_t more = 0;
    for (size_t i = 0; i < f->instance_count; i++) {
        if (f->instances[i].seen.known)
            continue;
        more += silent != NULL;
        silent = silent ? silent : &f->instances[i];
    }
    if (silent && more)
        return dr_check_unread(
            v, &silent->seen,
            dr_sprintf(v->arena, "SQL %s (and %zu more)", silent->address, more), fact);
    if (silent)
        return dr_check_unread(v, &silent->seen,
                               dr_sprintf(v->arena, "SQL %s", silent->address), fact);
    if (!f->identity.seen.known)
        return dr_check_unread(v, &f->identity.seen, "identity by SQL", fact);
    if (!f->pd.seen.known)
        return dr_check_unread(v, &f->pd.seen, "PD", fact);
    if (!f->ledger.seen.known)
        return dr_check_unread(v, &f->ledger.seen, "ledger", fact);
    return f->instance_count
               ? DR_TRUE
               : dr_check_unread(v, &f->identity.seen, "SQL instances", fact);
}

/* SQL, PD and the declaration must speak of one cluster. */
DR_CHECK(dr_check_one_cluster)
{
    const struct dr_identity *id = &dr_view_facts(v, c)->identity;
    const struct dr_pd *pd = &dr_view_facts(v, c)->pd;
    if (!id->seen.known || !pd->seen.known)
        return dr_check_endpoints_answer(v, c, fact);
    if (id->cluster_id && id->cluster_id != pd->cluster_id) {
        *fact = dr_sprintf(v->arena,
                           "SQL belongs to cluster %" PRIu64 ", PD to cluster %" PRIu64,
                           id->cluster_id, pd->cluster_id);
        return DR_FALSE;
    }
    bool listed = false, any = false;
    for (size_t i = 0; i < id->member_count; i++) {
        if (strcmp(id->members[i].type, "pd") != 0)
            continue;
        any = true;
        for (size_t k = 0; k < pd->address_count; k++)
            listed |= strcmp(id->members[i].instance, pd->addresses[k]) == 0;
    }
    if (any && pd->address_count && !listed)
        return dr_check_refuse(v, fact,
                               "the PD that was asked is none of those that SQL lists");
    *fact = dr_sprintf(v->arena, "SQL and PD are of cluster %" PRIu64, pd->cluster_id);
    return DR_TRUE;
}

DR_CHECK(dr_check_two_clusters)
{
    const struct dr_pd *a = &dr_view_facts(v, v->a)->pd, *b = &dr_view_facts(v, v->b)->pd;
    (void)c;
    if (!a->seen.known || !b->seen.known)
        return dr_check_unread(v, a->seen.known ? &b->seen : &a->seen, "PD", fact);
    if (a->cluster_id != b->cluster_id)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "both declared clusters are cluster %" PRIu64,
                       a->cluster_id);
    return DR_FALSE;
}

DR_CHECK(dr_check_versions_fit)
{
    const struct dr_identity *a = &dr_view_facts(v, v->a)->identity,
                             *b = &dr_view_facts(v, v->b)->identity,
                             *x = &dr_view_facts(v, c)->identity;
    if (!a->seen.known || !b->seen.known)
        return dr_check_unread(v, a->seen.known ? &b->seen : &a->seen, "version", fact);
    if (dr_version_rank(&x->version) < 7005000) {
        *fact = dr_sprintf(v->arena, "TiDB says '%s'", x->version.text);
        return DR_FALSE;
    }
    if (a->version.major != b->version.major || a->version.minor != b->version.minor) {
        *fact = dr_sprintf(v->arena, "%s is %s, %s is %s", dr_view_name(v, v->a),
                           a->version.text, dr_view_name(v, v->b), b->version.text);
        return DR_FALSE;
    }
    *fact = dr_sprintf(v->arena, "TiDB %s", x->version.text);
    return DR_TRUE;
}

/* Settings of changefeeds are checked against the declared version. */
DR_CHECK(dr_check_version_as_declared)
{
    const struct dr_version *want = &dr_view_cluster(v, c)->version;
    const struct dr_identity *x = &dr_view_facts(v, c)->identity;
    if (!want->text)
        return DR_TRUE;
    if (!x->seen.known)
        return dr_check_unread(v, &x->seen, "version", fact);
    if (want->major == x->version.major && want->minor == x->version.minor)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "it is declared as %s and says it is %s", want->text,
                       x->version.text);
    return DR_FALSE;
}

DR_CHECK(dr_check_collations_equal)
{
    const struct dr_identity *a = &dr_view_facts(v, v->a)->identity,
                             *b = &dr_view_facts(v, v->b)->identity;
    (void)c;
    if (!a->seen.known || !b->seen.known)
        return dr_check_unread(v, a->seen.known ? &b->seen : &a->seen, "collation", fact);
    if (a->new_collation != b->new_collation)
        return dr_check_refuse(v, fact, "new_collation_enabled differs");
    return DR_TRUE;
}

DR_CHECK(dr_check_all_instances_declared)
{
    const struct dr_identity *id = &dr_view_facts(v, c)->identity;
    if (!id->seen.known)
        return dr_check_unread(v, &id->seen, "SQL instances", fact);
    for (size_t i = 0; i < id->member_count; i++) {
        if (strcmp(id->members[i].type, "tidb") != 0 ||
            dr_view_asks(v, c, id->members[i].instance))
            continue;
        *fact = dr_sprintf(v->arena, "the cluster also runs %s", id->members[i].instance);
        return DR_FALSE;
    }
    return DR_TRUE;
}

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
