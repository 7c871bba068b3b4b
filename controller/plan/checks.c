/* What must hold before anything is touched, and while it goes on: one row a check, with
 * its code, what was seen, and the shortest way out. A check that is unsure makes the
 * plan wait for the fact; it never passes. */
#include "controller/plan/checks.h"
#include "controller/plan/feed.h"

#include <inttypes.h>
#include <string.h>

#define C(name)                                                                          \
    static enum dr_truth name(const struct dr_view *v, size_t c, const char **fact)

enum dr_truth dr_check_unread(const struct dr_view *v, const struct dr_seen *s,
                              const char *what, const char **fact)
{
    *fact = dr_sprintf(v->arena, "%s: %s", what, s->why ? s->why : "not asked yet");
    if (v->unread)
        *v->unread = s->code;
    return DR_UNSURE;
}

enum dr_truth dr_check_refuse(const struct dr_view *v, const char **fact,
                              const char *text)
{
    *fact = dr_strdup(v->arena, text);
    return DR_FALSE;
}

/* ---- what this version can do ---- */

C(mode_is_built)
{
    (void)c;
    if (v->t->mode != DR_MODE_PRIMARY_SECONDARY)
        return dr_check_refuse(v, fact, "mode Bidirectional");
    return DR_TRUE;
}

C(words_are_built)
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

C(deployment_is_built)
{
    const struct dr_tiup *t = &dr_view_cluster(v, c)->tiup;
    if (t->declared && t->topology_file)
        return dr_check_refuse(v, fact, "deployment by a TiUP topology file");
    return DR_TRUE;
}

/* ---- identity ---- */

enum dr_truth dr_check_endpoints_answer(const struct dr_view *v, size_t c,
                                        const char **fact)
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
C(one_cluster)
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

C(two_clusters)
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

C(versions_fit)
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
C(version_as_declared)
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

C(collations_equal)
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

C(all_instances_declared)
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

/* ---- the ledger ---- */

static DR_CHECK(ledger_readable)
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

enum dr_truth dr_check_no_ledger(const struct dr_view *v, size_t c, const char **fact)
{
    ledger_readable(v, c, fact);
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

C(ledger_is_ours)
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

C(term_agrees)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return dr_check_no_ledger(v, c, fact);
    if (!l->term.present || strcmp(l->term.cluster, dr_view_name(v, v->a)) == 0)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "term %" PRIu64 " names '%s', the document names '%s'",
                       l->term.n, l->term.cluster, dr_view_name(v, v->a));
    return DR_FALSE;
}

C(declaration_not_older)
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
C(edges_agree)
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

C(no_operation_in_flight)
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

/* ---- before the copy ---- */

C(primary_open)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        if (!x->seen.known)
            return dr_check_unread(v, &x->seen, x->address, fact);
        if (x->super_read_only || x->restricted_read_only) {
            *fact = dr_sprintf(v->arena, "%s refuses writes, and drover did not fence it",
                               x->address);
            return DR_FALSE;
        }
    }
    return DR_TRUE;
}

DR_CHECK(dr_check_secondary_empty)
{
    const struct dr_tables *t = &dr_view_facts(v, c)->tables;
    if (!t->seen.known)
        return dr_check_unread(v, &t->seen, "tables", fact);
    size_t others = 0;
    const struct dr_table *first = NULL;
    for (size_t i = 0; i < t->count; i++) {
        const struct dr_table *x = &t->items[i];
        bool beat = strcmp(x->schema, "drover") == 0 && strcmp(x->name, "heartbeat") == 0;
        if (beat || (dr_view_own_schema(x->schema) && strcmp(x->schema, "drover") != 0))
            continue;
        others++;
        if (!first)
            first = x;
    }
    if (!first)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "it holds %zu table%s, among them %s.%s", others,
                       others == 1 ? "" : "s", first->schema, first->name);
    return DR_FALSE;
}

C(no_tidb_cdc_left)
{
    const struct dr_tables *t = &dr_view_facts(v, c)->tables;
    if (!t->seen.known)
        return dr_check_unread(v, &t->seen, "tables", fact);
    for (size_t i = 0; i < t->schema_count; i++)
        if (strcmp(t->schemas[i], "tidb_cdc") == 0)
            return dr_check_refuse(v, fact,
                                   "schema tidb_cdc is there: some feed wrote into it");
    return DR_TRUE;
}

C(secondary_unfenced)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const struct dr_ledger *l = dr_view_ledger(v, c);
    for (size_t i = 0; l && i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        if (!x->seen.known)
            return dr_check_unread(v, &x->seen, x->address, fact);
        if (x->restricted_read_only) {
            *fact =
                dr_sprintf(v->arena, "%s shows tidb_restricted_read_only", x->address);
            return DR_FALSE;
        }
        /* a secondary in use may well be fenced: at genesis that fence becomes ours. Once
         * both ends call the edge made, drover has fenced it: only the row is lost, and
         * rule 240 writes it again. */
        bool ours = v->way == DR_BY_EXISTING || v->way == DR_BY_ADOPTION ||
                    dr_holds(v, DR_P_MADE, c) == DR_TRUE;
        if (x->super_read_only && l->fenced.why == DR_FENCED_NOT && !ours) {
            *fact = dr_sprintf(
                v->arena, "%s refuses writes, and no fenced row is drover's", x->address);
            return DR_FALSE;
        }
    }
    return l ? DR_TRUE : dr_check_no_ledger(v, c, fact);
}

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

C(no_feed_out_of_secondary)
{
    const struct dr_feeds *x = &dr_view_facts(v, c)->feeds;
    if (!dr_view_cluster(v, c)->ticdc.declared)
        return DR_TRUE;
    if (!x->seen.known)
        return dr_check_unread(v, &x->seen, "changefeeds", fact);
    if (!x->count)
        return nothing_else(v, x, fact);
    *fact = dr_sprintf(v->arena, "changefeed '%s' runs out of it", x->items[0].id);
    return DR_FALSE;
}

/* Every feed out of the primary into an SQL server but ours is a stranger's: by whatever
 * address, it may write into the secondary, and the one-feeder rule cannot be kept with
 * it. Source: docs: dr-secondary-cluster.md, the note on several changefeeds. */
C(no_strangers_feed)
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

C(feeds_of_this_cluster)
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

C(ticdc_well)
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

C(prefixes_fresh)
{
    const struct dr_listing *x = &v->f->backup_prefix, *y = &v->f->redo_prefix;
    (void)c;
    bool copies = v->way == DR_BY_COPY;
    if (copies && (!x->seen.known || strcmp(x->prefix, v->gen.backup) != 0))
        return dr_check_unread(v, &x->seen, "backup storage", fact);
    if (*v->gen.redo && (!y->seen.known || strcmp(y->prefix, v->gen.redo) != 0))
        return dr_check_unread(v, &y->seen, "redo storage", fact);
    const struct dr_listing *full = copies && x->count         ? x
                                    : *v->gen.redo && y->count ? y
                                                               : NULL;
    if (!full)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "prefix '%s' already holds %zu objects", full->prefix,
                       full->count);
    return DR_FALSE;
}

enum dr_truth dr_check_tables_replicate(const struct dr_view *v, size_t c,
                                        const char **fact)
{
    const struct dr_tables *t = &dr_view_facts(v, c)->tables;
    if (!t->seen.known)
        return dr_check_unread(v, &t->seen, "tables", fact);
    char *list = dr_strdup(v->arena, "");
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct dr_table *x = &t->items[i];
        if (x->eligible || dr_view_own_schema(x->schema) ||
            dr_topology_waives(v->t, x->schema, x->name))
            continue;
        if (++n <= 5)
            list = dr_sprintf(v->arena, "%s%s%s.%s", list, *list ? ", " : "", x->schema,
                              x->name);
    }
    if (!n)
        return DR_TRUE;
    *fact = dr_sprintf(v->arena, "TiCDC cannot replicate %zu of its tables: %s%s", n,
                       list, n > 5 ? ", .." : "");
    return DR_FALSE;
}

C(tables_replicate)
{
    return dr_check_tables_replicate(v, c, fact);
}

// clang-format off
const struct dr_plan_check dr_plan_checks[] = {
    {"DR-B001", DR_SCOPE_PRIMARY, DR_P_NONE, mode_is_built, "mode PrimarySecondary", "spec.mode",
     "use PrimarySecondary; Bidirectional is read and checked, but not carried out by this version"},
    {"DR-B003", DR_SCOPE_PRIMARY, DR_P_NONE, words_are_built, "no word that this version cannot obey",
     "spec", "remove the field"},
    {"DR-B004", DR_SCOPE_EACH, DR_P_NONE, deployment_is_built, "clusters that run already",
     "spec.clusters[%s].tiup", "deploy the cluster by hand and remove tiup.topologyFile"},
    {"DR-B010", DR_SCOPE_EACH, DR_P_NONE, dr_check_endpoints_answer, "every declared endpoint answers",
     "spec.clusters[%s]", "make the endpoint reachable from here, or correct it"},
    {"DR-B011", DR_SCOPE_EACH, DR_P_NONE, one_cluster, "SQL and PD endpoints of one cluster",
     "spec.clusters[%s].pd", "correct the endpoint that belongs to another cluster"},
    {"DR-B012", DR_SCOPE_PRIMARY, DR_P_NONE, two_clusters, "two clusters with PD ids of their own",
     "spec.clusters", "correct the endpoints: one cluster cannot be its own secondary"},
    {"DR-B013", DR_SCOPE_EACH, DR_P_NONE, versions_fit, "TiDB 7.5 or later, one minor version on both sides",
     "spec.clusters[%s]", "upgrade the older side"},
    {"DR-B014", DR_SCOPE_PRIMARY, DR_P_NONE, collations_equal, "equal new_collations_enabled_on_first_bootstrap",
     "spec.clusters", "deploy the secondary anew with the primary's collation setting"},
    {"DR-B015", DR_SCOPE_EACH, DR_P_NONE, all_instances_declared, "every SQL instance declared",
     "spec.clusters[%s].sql.endpoints", "declare the instance, use discover: true, or stop it"},
    {"DR-B016", DR_SCOPE_EACH, DR_P_NONE, version_as_declared, "the declared version, as far as the minor one",
     "spec.clusters[%s].version", "correct the version in the document, or leave it out"},
    {"DR-B018", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_sink_leads_here, "a sink address that leads to this cluster",
     "spec.clusters[%s].sink.address", "correct clusters[].sink.address, or where its load balancer leads: the changefeed would write into that cluster"},
    {"DR-B020", DR_SCOPE_EACH, DR_P_NONE, ledger_readable, "a ledger that this version can read",
     "spec.clusters[%s]", "use the version of drover that wrote the row, or remove a row written by hand"},
    {"DR-B021", DR_SCOPE_EACH, DR_P_NONE, ledger_is_ours, "one topology per cluster, with the PD ids of its birth",
     "metadata.name", "correct the endpoints, or end the other topology's care first"},
    {"DR-B022", DR_SCOPE_EACH, DR_P_NONE, dr_check_ledger_not_lost, "a ledger that was not lost since genesis",
     "spec.clusters[%s]", "find out who dropped or replaced it; then let its peers give it back: ledger.reset in the document"},
    {"DR-B023", DR_SCOPE_EACH, DR_P_NONE, term_agrees, "the declared primary is the one the highest term names",
     "spec.primary", "set primary back; this version does not switch over"},
    {"DR-B024", DR_SCOPE_PRIMARY, DR_P_NONE, edges_agree, "both ends name one generation of the edge",
     "spec.clusters", "find out who wrote the row; drover touches neither"},
    {"DR-B025", DR_SCOPE_EACH, DR_P_NONE, no_operation_in_flight, "no fence of an operation",
     "spec.primary", "let the version of drover that began the operation end it"},
    {DR_CHECK_NOT_OLDER, DR_SCOPE_EACH, DR_P_NONE, declaration_not_older, "a declaration that is not older than the world",
     "metadata", "take the newer declaration; if this one is right: drover agree PATH"},
    {"DR-B027", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_not_orphaned, "a ledger in each cluster of a pair that drover made",
     "spec.replication.edges", "find out who dropped the ledgers; then let drover take the running changefeed over: its id in replication.edges[].id"},
    {"DR-B030", DR_SCOPE_EACH, DR_P_NONE, dr_check_controller_rights, "the controller's account with its privileges",
     "spec.clusters[%s].sql.user", "create the account as `drover grants` prints it"},
    {"DR-B031", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_sink_rights, "the sink account with its privileges",
     "spec.replication.sink.user", "create the account as `drover grants` prints it"},
    {"DR-B032", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_bypass_holders, "no bypass of the fence but declared ones",
     "spec.switchover.bypassHolders", "revoke RESTRICTED_REPLICA_WRITER_ADMIN, or name the account in switchover.bypassHolders"},
    {"DR-B040", DR_SCOPE_PRIMARY, DR_P_MADE, primary_open, "the declared primary open until the feed is made",
     "spec.primary", "ask who fenced it; then lift the fence, or declare the other cluster as primary"},
    {"DR-B041", DR_SCOPE_SECONDARY, DR_P_RESTORE_BEGUN, dr_check_secondary_empty, "an empty secondary",
     "spec.clusters[%s]", "drop what is there by hand, or point to an empty cluster; drover drops no data of others; when both sides are equal already: bootstrap.method Existing"},
    {"DR-B042", DR_SCOPE_SECONDARY, DR_P_RESTORE_BEGUN, no_tidb_cdc_left, "a secondary that no feed wrote into",
     "spec.clusters[%s]", "when no feed writes into it: DROP DATABASE tidb_cdc"},
    {"DR-B043", DR_SCOPE_SECONDARY, DR_P_NONE, secondary_unfenced, "no fence of somebody else",
     "spec.clusters[%s]", "ask who fenced it; then SET GLOBAL tidb_super_read_only (or tidb_restricted_read_only) = OFF"},
    {"DR-B044", DR_SCOPE_SECONDARY, DR_P_NONE, no_feed_out_of_secondary, "no changefeed out of the secondary",
     "spec.clusters[%s].ticdc", "delete the changefeed; when this cluster takes the writes, declare it as primary instead"},
    {"DR-B045", DR_SCOPE_PRIMARY, DR_P_NONE, no_strangers_feed, "no changefeed out of the primary into SQL but drover's",
     "spec.clusters[%s].ticdc", "delete the changefeed; to keep one that leads into the secondary, name it in replication.edges[].id"},
    {"DR-B046", DR_SCOPE_EACH, DR_P_NONE, feeds_of_this_cluster, "the TiCDC that captures this cluster",
     "spec.clusters[%s].ticdc", "correct the endpoint: it belongs to another cluster's TiCDC"},
    {"DR-B047", DR_SCOPE_PRIMARY, DR_P_NONE, ticdc_well, "a healthy TiCDC of the primary, 7.5 or later",
     "spec.clusters[%s].ticdc", "deploy or repair TiCDC"},
    {"DR-B048", DR_SCOPE_PRIMARY, DR_P_BACKUP_BEGUN, prefixes_fresh, "fresh storage prefixes",
     "spec.storage", "empty the prefix, or let the next generation use another: this one in bootstrap.giveUp, once it is noted"},
    {"DR-B050", DR_SCOPE_PRIMARY, DR_P_MADE, tables_replicate, "only tables that TiCDC can replicate, or waived ones",
     "spec.replication.allowUnreplicated", "give the table a primary key, or name it in replication.allowUnreplicated"},
    {"DR-B051", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_history_of_t, "history since T kept until the feed runs",
     "spec.bootstrap.gcHold", "give this copy up, and begin the next: its generation in bootstrap.giveUp"},
    {"DR-B052", DR_SCOPE_SECONDARY, DR_P_MAKING, dr_check_restore_goes_on, "a half restore that drover can clear away",
     "spec.clusters[%s]", "drop it by hand: the restoring row says that the cluster was empty before"},
    {"DR-B053", DR_SCOPE_PRIMARY, DR_P_MAKING, dr_check_copies_agree, "one backup that both copies' rows speak of",
     "spec.bootstrap", "find out who wrote the row; T cannot be guessed: give this copy up, its generation in bootstrap.giveUp"},
    {"DR-B054", DR_SCOPE_PRIMARY, DR_P_MAKING, dr_check_comparison_whole, "every table compared at T",
     "spec.bootstrap.verify.budget", "raise bootstrap.verify.budget"},
    {"DR-B055", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_hold_is_whole, "the GC setting before the hold",
     "spec.bootstrap.gcHold", "find out what GC was before the hold, and set it so; drover holds it again where it must, and gives that back"},
    {"DR-B056", DR_SCOPE_SECONDARY, DR_P_MAKING, dr_check_definitions_fit, "one definition of each table on both sides at T",
     "spec.clusters[%s]", "find out who changed it since the restore, and put it back; drover compares again after 10 minutes, or once the fence was lifted for that"},
    {"DR-B057", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_give_up_is_known, "a generation to give up that was begun",
     "spec.bootstrap.giveUp", "name the generation in work, or remove bootstrap.giveUp: it would end a later copy at once"},
    {"DR-B060", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_feed_acts, "a changefeed that runs",
     "spec.replication", "mend the cause, then resume the changefeed"},
    {"DR-B061", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_feed_is_there, "the changefeed that drover made",
     "spec.replication", "find out who deleted it, its redo logs went with it; what the primary has done since is carried by no feed: give its generation up, and begin again: its number in bootstrap.giveUp; then empty the secondary"},
    {"DR-B062", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_feed_as_made, "the changefeed as the document says",
     "spec.replication", "set it back, or change the document; or policy.drift.changefeedConfig: correct, and drover pauses the changefeed, gives it the declared settings and resumes it"},
    {"DR-B063", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_sink_let_in, "a sink account that is let in, once drover opened it",
     "spec.replication.sink.user", "ask who changed it, and why; then ALTER USER .. ACCOUNT UNLOCK, or have its password, or the declared secret, set back: the changefeed has the password that was derived when it was made, and breaks when TiCDC logs in anew. Another secret takes a new generation: a rebuild"},
    {"DR-B064", DR_SCOPE_PRIMARY, DR_P_NOT_MADE, dr_check_feed_history, "history that the changefeed still needs",
     "spec.replication", "do not resume it: it would fail, or leave a gap. Delete it, give its generation up, and begin again: its number in bootstrap.giveUp; then empty the secondary"},
    {"DR-B065", DR_SCOPE_PRIMARY, DR_P_NOT_MADE, dr_check_feed_fixed, "settings that TiCDC changes on a changefeed that is made",
     "spec.replication", "set it back, in the document or by hand; this setting is for a new changefeed only"},
    {"DR-B066", DR_SCOPE_PRIMARY, DR_P_NOT_MADE, dr_check_feed_extras, "a document that names what an update would reset",
     "spec.replication.config", "declare the setting, or set it back to TiCDC's default by hand: an update replaces all settings"},
    {"DR-B067", DR_SCOPE_PRIMARY, DR_P_NONE, dr_check_feed_again, "nothing in the way of making a removed changefeed anew",
     "spec.policy.drift.changefeedRemoved", "find out who did that, and undo it; or policy.drift.changefeedRemoved: ask, and do it by hand"},
    {"DR-B068", DR_SCOPE_EACH, DR_P_NONE, dr_check_no_fight, "what drover puts right stays so",
     "spec.policy.drift", "find out who else sets it and stop that, or let that one have it (drover's side: drover history; the other: SHOW PROCESSLIST, TiDB's audit log, cron); drover does it again once it stood by itself for an hour, or the document changes"},
    {"DR-B069", DR_SCOPE_PRIMARY, DR_P_NOT_MADE, dr_check_feed_taken, "settings that TiCDC takes",
     "spec.replication", "the changefeed runs with the settings it had. Correct what TiCDC names and commit that; where the cause lay elsewhere and is mended: drover apply, a controller tries again after an hour"},
    {"DR-B070", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_is_there, "the changefeed to adopt, out of the declared primary",
     "spec.replication.edges", "correct edges[].id or primary; without id drover makes a changefeed of its own"},
    {"DR-B071", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_runs, "a changefeed that runs",
     "spec.replication.edges", "stopped or failed: mend the cause and resume it; finished or beyond repair: delete it, and remove edges[].id"},
    {"DR-B072", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_existing_history, "the primary's history since startTs",
     "spec.bootstrap.startTs", "that history is gone: make both sides equal anew and declare where, or use BackupRestore into an emptied secondary"},
    {"DR-B073", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_leads_home, "a changefeed from the primary into the secondary",
     "spec.replication.edges", "correct edges[].id, or clusters[].sink.address when that is how TiCDC reaches the secondary"},
    {"DR-B074", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_account, "the account that the changefeed logs in with",
     "spec.replication.sink.user", "declare the changefeed's account; it must be dedicated and never root: else pause the changefeed, update its sink_uri, resume it"},
    {"DR-B075", DR_SCOPE_PRIMARY, DR_P_MADE, dr_check_adopted_config, "a document that says how the changefeed is",
     "spec.replication", "declare what the changefeed has, or let it differ: policy.drift.changefeedConfig: warn (or ignore); drover changes nothing of it"},
    {"DR-B076", DR_SCOPE_SECONDARY, DR_P_MADE, dr_check_adopted_password, "the password that the changefeed logs in with",
     "spec.replication.sink.password", "declare the password that the changefeed uses"},
    {"DR-B077", DR_SCOPE_PRIMARY, DR_P_MAKING, dr_check_existing_start, "a startTs in the primary's past",
     "spec.bootstrap.startTs", "declare the TSO of the primary at which both sides were equal; to go on with a backup that was begun: BackupRestore"},
    {"DR-B078", DR_SCOPE_SECONDARY, DR_P_MAKING, dr_check_existing_equal, "two sides that are equal at startTs",
     "spec.bootstrap.startTs", "correct startTs or the secondary, both are read again after ten minutes, or once the fence was lifted for that; else BackupRestore into an emptied secondary"},
    {"DR-B090", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_apply_rights, "the apply account with its privileges, where redo.apply declares one",
     "spec.replication.redo.apply.user", "create the account as `drover grants` prints it"},
    {"DR-B091", DR_SCOPE_SECONDARY, DR_P_NONE, dr_check_sink_is_below, "a sink account that drover's own may lock",
     "spec.replication.sink.user", "revoke SUPER from the sink account"},
    {.code = NULL},
};
// clang-format on
