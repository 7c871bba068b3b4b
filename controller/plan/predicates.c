/* The predicates: small, pure, three-valued. Each says "unsure" as soon as a fact it
 * reads is unknown. */
#include "controller/plan/predicates.h"
#include "controller/plan/feed.h"

#include <string.h>

#include "controller/base/tso.h"

#define P(name) static enum dr_truth name(const struct dr_view *v, size_t c)

/* TRUE when `test` holds on each instance; unsure while one is unknown and none contrary.
 */
static enum dr_truth each_instance(const struct dr_view *v, size_t c,
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

/* FALSE when `test` fails on each instance. */
static enum dr_truth some_instance(const struct dr_view *v, size_t c,
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

/* The edge row of cluster c has reached `state`. */
static enum dr_truth edge_here(const struct dr_view *v, size_t c,
                               enum dr_edge_state state)
{
    return dr_view_ledger(v, c) ? dr_truth_of(edge_at_least(v, c, state)) : DR_UNSURE;
}

static enum dr_truth edge_both(const struct dr_view *v, enum dr_edge_state state)
{
    return dr_truth_and(edge_here(v, v->a, state), edge_here(v, v->b, state));
}

P(ledger_table)
{
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    return g->seen.known ? dr_truth_of(g->table_present) : DR_UNSURE;
}

/* Lost: a word in the document may let the peers give it back; else a check refuses. */
P(not_lost)
{
    const char *beside;
    for (size_t k = 0; k < v->t->cluster_count; k++)
        if (!dr_view_ledger(v, k))
            return DR_UNSURE;
    return dr_truth_of(!dr_view_lost_row(v, c, &beside));
}

P(reset_over)
{
    (void)c;
    for (size_t k = 0; k < v->t->cluster_count; k++)
        if (strcmp(dr_view_cluster(v, k)->name, v->t->ledger_reset.cluster) == 0)
            return not_lost(v, k);
    return DR_UNSURE;
}

P(reset_used)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    return l ? dr_truth_of(dr_ledger_consumed(l, v->t->ledger_reset.id)) : DR_UNSURE;
}

P(birth)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(l->birth.present &&
                       strcmp(l->birth.topology, v->t->doc.metadata.name) == 0);
}

P(term)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(l->term.present &&
                       strcmp(l->term.cluster, dr_view_cluster(v, v->a)->name) == 0);
}

P(agreed)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    if (!l->term.present)
        return DR_TRUE; /* it will be written with it */
    return dr_truth_of(dr_view_has_agreed(v, &l->term));
}

static bool shows_ids(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    const struct dr_auto_increment *want = &dr_view_cluster(v, c)->auto_increment;
    return x->auto_increment_increment == want->increment &&
           x->auto_increment_offset == want->offset;
}

P(ids_held)
{
    if (!dr_view_cluster(v, c)->auto_increment.declared)
        return DR_TRUE;
    return each_instance(v, c, shows_ids);
}

P(edge_planned)
{
    return edge_here(v, c, DR_EDGE_PLANNED);
}

P(beat_table)
{
    const struct dr_ledger_group *g = &dr_view_facts(v, c)->ledger;
    if (!v->t->heartbeat)
        return DR_TRUE;
    return g->seen.known ? dr_truth_of(g->beat_table_present) : DR_UNSURE;
}

static bool takes_writes(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return !x->super_read_only && !x->restricted_read_only;
}

P(open_here)
{
    return each_instance(v, c, takes_writes);
}

/* TRUE: the cluster has no such schema. */
static enum dr_truth no_schema(const struct dr_view *v, size_t c, const char *name)
{
    const struct dr_tables *t = &dr_view_facts(v, c)->tables;
    if (!t->seen.known)
        return DR_UNSURE;
    for (size_t i = 0; i < t->schema_count; i++)
        if (strcmp(t->schemas[i], name) == 0)
            return DR_FALSE;
    return DR_TRUE;
}

P(no_old_beat)
{
    return no_schema(v, c, "drover");
}

P(hold)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(dr_ledger_hold(l, "bootstrap") && l->gc.present);
}

static bool shows_gc(const struct dr_instance *x, const struct dr_gc_setting *s)
{
    return x->gc_enable == s->enable && x->gc_life_time_ms == s->life_time_ms;
}

static bool shows_held_gc(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return shows_gc(x, &dr_view_ledger(v, c)->gc.set);
}

P(gc_held)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return l->gc.present ? each_instance(v, c, shows_held_gc) : DR_FALSE;
}

/* A gc row that remembers one instance's word while SET GLOBAL is on its way to another
 * would give the wrong setting back. */
P(gc_settled)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    enum dr_truth all = f->instance_count ? DR_TRUE : DR_UNSURE;
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i], *y = &f->instances[0];
        bool same =
            x->gc_enable == y->gc_enable && x->gc_life_time_ms == y->gc_life_time_ms;
        all = dr_truth_and(all, x->seen.known && y->seen.known ? dr_truth_of(same)
                                                               : DR_UNSURE);
    }
    return all;
}

/* The edge, and the copy that was restored, come after it. */
P(backup_begun)
{
    (void)c;
    enum dr_truth row = dr_view_ledger(v, v->a)
                            ? dr_truth_of(dr_view_copy(v, false) != NULL)
                            : DR_UNSURE,
                  restored = dr_view_ledger(v, v->b)
                                 ? dr_truth_of(dr_view_copy(v, true) != NULL)
                                 : DR_UNSURE;
    return dr_truth_or(dr_truth_or(row, restored), edge_here(v, v->a, DR_EDGE_MAKING));
}

P(backup_done)
{
    const struct dr_listing *s = &v->f->backup_prefix;
    if (!dr_view_ledger(v, v->a))
        return DR_UNSURE;
    if (!dr_view_copy(v, false))
        return DR_FALSE;
    (void)c;
    if (!s->seen.known || strcmp(s->prefix, v->gen.backup) != 0)
        return DR_UNSURE;
    return dr_truth_of(s->has_meta);
}

/* The destination ends with the prefix: g1 is no part of g10. */
static bool goes_to(const char *destination, const char *prefix)
{
    const char *at = destination ? strstr(destination, prefix) : NULL;
    for (size_t n = strlen(prefix); at; at = strstr(at + 1, prefix))
        if (at[n] == '\0' || at[n] == '/')
            return true;
    return false;
}

/* Whether instance `j` still works on the copy: its job list says so, or its connection
 * still runs the statement. */
static bool job_runs(const struct dr_jobs *j, const struct dr_copy_row *r, bool restore)
{
    const struct dr_job *jobs = restore ? j->restores : j->backups;
    size_t count = restore ? j->restore_count : j->backup_count;
    for (size_t i = 0; i < count; i++)
        if (!jobs[i].finished && goes_to(jobs[i].destination, r->prefix))
            return true;
    for (size_t i = 0; j->instance && i < j->session_count; i++)
        if (j->sessions[i].id == r->connection_id &&
            strcmp(j->sessions[i].word, restore ? "RESTORE" : "BACKUP") == 0)
            return true;
    return false;
}

/* The list of jobs lives in one process: every instance must have been asked before the
 * copy may be called dead. Source: docs: sql-statements/sql-statement-show-backups.md. */
static enum dr_truth copy_runs(const struct dr_view *v, size_t c, bool restore)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const struct dr_copy_row *r = dr_view_copy(v, restore);
    if (!dr_view_ledger(v, c))
        return DR_UNSURE;
    if (!r)
        return DR_FALSE;
    enum dr_truth runs = f->instance_count ? DR_FALSE : DR_UNSURE;
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_jobs *j = &f->jobs[i];
        runs = dr_truth_or(runs, j->seen.known ? dr_truth_of(job_runs(j, r, restore))
                                               : DR_UNSURE);
    }
    return runs;
}

P(backup_runs)
{
    (void)c;
    return copy_runs(v, v->a, false);
}

P(restore_begun)
{
    (void)c;
    if (!dr_view_ledger(v, v->b))
        return DR_UNSURE;
    return dr_truth_or(dr_truth_of(dr_view_copy(v, true) != NULL),
                       dr_truth_of(edge_at_least(v, v->b, DR_EDGE_MAKING)));
}

P(restore_runs)
{
    (void)c;
    return copy_runs(v, v->b, true);
}

/* A RESTORE that was sent again found tables there, and the comparison shows that they
 * are not whole. */
P(not_half)
{
    (void)c;
    const struct dr_equality *q = dr_view_equality(v);
    if (v->f->restore_refused != v->gen.n || !q || !q->difference_count)
        return DR_TRUE;
    if (!dr_view_facts(v, v->a)->tables.seen.known ||
        !dr_view_facts(v, v->b)->tables.seen.known)
        return DR_UNSURE;
    return dr_truth_of(!dr_view_half_restored(v));
}

/* An instance lists a restore of this generation that ended, and not well; none that did.
 * The states are free text. [inference] */
static bool restore_failed(const struct dr_view *v)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, v->b);
    const struct dr_copy_row *r = dr_view_copy(v, true);
    bool failed = false, ended_well = false;
    for (size_t i = 0; i < f->instance_count; i++)
        for (size_t k = 0; f->jobs[i].seen.known && k < f->jobs[i].restore_count; k++) {
            const struct dr_job *x = &f->jobs[i].restores[k];
            if (!x->finished || !goes_to(x->destination, r->prefix))
                continue;
            bool bad = x->state &&
                       (strcasestr(x->state, "fail") || strcasestr(x->state, "cancel"));
            failed |= bad;
            ended_well |= !bad;
        }
    return failed && !ended_well;
}

/* While half-restored tables are in the way, the restore need not be sent again: the
 * fence comes first, then they are dropped. */
P(restored)
{
    const struct dr_equality *q = dr_view_equality(v);
    if (!dr_view_ledger(v, v->b))
        return DR_UNSURE;
    if (!dr_view_copy(v, true))
        return DR_FALSE;
    if (q && q->difference_count && not_half(v, c) == DR_TRUE)
        return DR_FALSE;
    /* what was sent again and refused, or was compared since, tells more than the list */
    if (v->f->restore_refused != v->gen.n && !q && restore_failed(v))
        return DR_FALSE;
    enum dr_truth runs = copy_runs(v, v->b, true);
    return runs == DR_UNSURE ? DR_UNSURE : dr_truth_of(runs == DR_FALSE);
}

P(no_tidb_cdc)
{
    return no_schema(v, c, "tidb_cdc");
}

static bool ttl_is_off(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return !x->ttl_job_enable;
}

P(ttl_off)
{
    return each_instance(v, c, ttl_is_off);
}

P(fence_row)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    return l ? dr_truth_of(l->fenced.why == DR_FENCED_SECONDARY) : DR_UNSURE;
}

static bool refuses_writes(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return x->super_read_only;
}

/* Every tidb-server that the cluster lists is one that drover asks: a fence proved on
 * some is no fence. */
static enum dr_truth all_instances_known(const struct dr_view *v, size_t c)
{
    const struct dr_identity *id = &dr_view_facts(v, c)->identity;
    if (!id->seen.known)
        return DR_UNSURE;
    for (size_t i = 0; i < id->member_count; i++)
        if (strcmp(id->members[i].type, "tidb") == 0 &&
            !dr_view_asks(v, c, id->members[i].instance))
            return DR_FALSE;
    return DR_TRUE;
}

P(fenced)
{
    return dr_truth_and(each_instance(v, c, refuses_writes), all_instances_known(v, c));
}

P(equal)
{
    const struct dr_equality *q = dr_view_equality(v);
    (void)c;
    if (!dr_view_ledger(v, v->a))
        return DR_UNSURE;
    if (!q)
        return DR_FALSE; /* not compared yet: that is the step */
    return dr_truth_of(q->complete && q->difference_count == 0);
}

P(going_on_noted)
{
    if (!v->gen.again || dr_holds(v, DR_P_MADE, v->a) == DR_TRUE) {
        enum dr_truth may = dr_feed_may_go_on(v);
        return may == DR_UNSURE ? DR_UNSURE : dr_truth_of(may == DR_FALSE);
    }
    return edge_here(v, c, DR_EDGE_MAKING);
}

P(sink_row)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(l->sink.present && l->sink.generation == v->gen.n &&
                       !l->sink.locked);
}

P(sink_open)
{
    const struct dr_sink_login *s = &v->f->sink_login;
    enum dr_truth noted = sink_row(v, c);
    if (noted != DR_TRUE)
        return noted; /* the row comes first */
    if (!s->seen.known || s->generation != v->gen.n)
        return DR_UNSURE;
    return dr_truth_of(s->answer == DR_LOGIN_LET_IN);
}

P(making)
{
    (void)c;
    return edge_both(v, DR_EDGE_MAKING);
}

P(making_here)
{
    return edge_here(v, c, DR_EDGE_MAKING);
}

P(feed_seen)
{
    (void)c;
    if (!dr_view_facts(v, v->a)->feeds.seen.known)
        return DR_UNSURE;
    return dr_truth_of(dr_view_feed(v) != NULL);
}

P(feed_rising)
{
    const struct dr_feed *x = dr_view_feed(v);
    (void)c;
    if (!dr_view_facts(v, v->a)->feeds.seen.known)
        return DR_UNSURE;
    return dr_truth_of(x && x->state == DR_FEED_NORMAL && x->rises >= 2);
}

P(feed_matches)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    (void)c;
    if (!d->seen.known || strcmp(d->id, v->gen.feed_id) != 0 || !d->present)
        return DR_UNSURE;
    return dr_truth_of(d->difference_count == 0);
}

/* TiCDC's long-lived entry: "ticdc-<cluster>-<etcd cluster>", without the short-lived
 * suffixes of single feeds. Source: tiflow: pkg/etcd/etcd.go GetGCServiceID. */
static bool is_ticdc_service(const char *id)
{
    return strncmp(id, "ticdc-", 6) == 0 && !strstr(id, "-creating-") &&
           !strstr(id, "-resuming-") && !strstr(id, "-initializing-");
}

P(feed_holds_gc)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, v->a);
    const struct dr_feed *x = dr_view_feed(v);
    (void)c;
    if (!f->safepoints.seen.known || !f->feeds.seen.known || !f->ledger.seen.known)
        return DR_UNSURE;
    /* expired entries stay listed; the age is taken by that cluster's own clock */
    int64_t now_s = dr_tso_ms(f->ledger.tso) / 1000;
    for (size_t i = 0; x && i < f->safepoints.count; i++) {
        const struct dr_safepoint *s = &f->safepoints.items[i];
        if (is_ticdc_service(s->service_id) && s->expired_at_s > now_s &&
            s->safe_point <= x->checkpoint)
            return DR_TRUE;
    }
    return DR_FALSE;
}

P(made)
{
    (void)c;
    return edge_both(v, DR_EDGE_MADE);
}

P(not_made)
{
    (void)c;
    enum dr_truth holds = edge_both(v, DR_EDGE_MADE);
    return holds == DR_UNSURE ? DR_UNSURE : dr_truth_of(holds == DR_FALSE);
}

P(made_here)
{
    return edge_here(v, c, DR_EDGE_MADE);
}

static bool shows_gc_before(const struct dr_view *v, size_t c,
                            const struct dr_instance *x)
{
    return shows_gc(x, &dr_view_ledger(v, c)->gc.before);
}

static bool shows_gc_of_ours(const struct dr_view *v, size_t c,
                             const struct dr_instance *x)
{
    return shows_held_gc(v, c, x) || shows_gc_before(v, c, x);
}

P(hold_expired)
{
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    (void)c;
    if (!l)
        return DR_UNSURE;
    const struct dr_hold_row *h = dr_ledger_hold(l, "bootstrap");
    if (h)
        return dr_truth_of(dr_view_facts(v, v->a)->ledger.tso > h->deadline);
    /* the hold precedes the backup: a backup row alone means it was discharged */
    return dr_truth_of(dr_view_copy(v, false) != NULL &&
                       edge_both(v, DR_EDGE_MADE) != DR_TRUE);
}

P(hold_obsolete)
{
    if (v->in->removed || v->giving_up || dr_view_gives_back(v))
        return DR_TRUE;
    return dr_truth_or(edge_both(v, DR_EDGE_MADE), hold_expired(v, c));
}

/* Something else than the bootstrap needs GC held. */
static bool others_hold(const struct dr_ledger *l)
{
    return l->hold_count > (dr_ledger_hold(l, "bootstrap") != NULL);
}

/* Given back already, or set to something else by somebody: then it is theirs. */
P(gc_released)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    if (!l->gc.present || others_hold(l))
        return hold_obsolete(v, c);
    enum dr_truth ours = each_instance(v, c, shows_gc_of_ours),
                  back = each_instance(v, c, shows_gc_before);
    if (ours == DR_FALSE) /* and on its way, while an instance still shows ours */
        back = some_instance(v, c, shows_held_gc) == DR_FALSE ? DR_TRUE : DR_UNSURE;
    else if (ours == DR_UNSURE)
        back = DR_UNSURE;
    return dr_truth_and(back, hold_obsolete(v, c));
}

P(hold_cleared)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    bool backup = l->backup.present && edge_both(v, DR_EDGE_MADE) == DR_TRUE;
    bool gc = l->gc.present && !others_hold(l);
    bool left = dr_ledger_hold(l, "bootstrap") || gc || backup;
    return dr_truth_and(dr_truth_of(!left), hold_obsolete(v, c));
}

P(copy_cleared)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_and(dr_truth_of(!l->restoring.present), edge_both(v, DR_EDGE_MADE));
}

/* Whoever lifted the fence may have mended what differed. */
P(compared_as_fenced)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    if (!l->compared.present)
        return DR_TRUE;
    enum dr_truth open = some_instance(v, c, takes_writes);
    return open == DR_TRUE ? DR_FALSE : open == DR_FALSE ? DR_TRUE : DR_UNSURE;
}

P(sink_noted_locked)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_of(!l->sink.present || l->sink.generation != v->gen.n ||
                       l->sink.locked);
}

/* An account that was never opened for this generation is no concern of it; where the row
 * came and the password did not, a feed of it is as little let in as by a lock. */
P(sink_locked)
{
    const struct dr_sink_login *s = &v->f->sink_login;
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    if (!l->sink.present || l->sink.generation != v->gen.n)
        return DR_TRUE;
    if (!s->seen.known || s->generation != v->gen.n)
        return DR_UNSURE;
    return dr_truth_of(l->sink.locked && s->answer != DR_LOGIN_LET_IN);
}

/* It is posted only once both ends know its start-ts; then what is not listed may still
 * be there. */
P(feed_gone)
{
    const struct dr_feed_detail *d = &dr_view_facts(v, v->a)->feed;
    (void)c;
    if (!dr_view_facts(v, v->a)->feeds.seen.known)
        return DR_UNSURE;
    if (dr_view_feed(v))
        return DR_FALSE;
    enum dr_truth making = dr_truth_or(edge_here(v, v->a, DR_EDGE_MAKING),
                                       edge_here(v, v->b, DR_EDGE_MAKING));
    if (making != DR_TRUE)
        return making == DR_FALSE ? DR_TRUE : DR_UNSURE;
    bool proven =
        d->seen.known && d->absence_proven && strcmp(d->id, v->gen.feed_id) == 0;
    return proven ? DR_TRUE : DR_UNSURE;
}

P(copy_of_either_runs)
{
    (void)c;
    return dr_truth_or(copy_runs(v, v->a, false), copy_runs(v, v->b, true));
}

P(given_up)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    const struct dr_edge_row *e =
        dr_ledger_edge(l, dr_view_name(v, v->a), dr_view_name(v, v->b));
    const struct dr_copy_row *copy = c == v->a ? &l->backup : &l->restoring;
    return dr_truth_of(e && e->state == DR_EDGE_RETIRED && !copy->present);
}

P(existing_noted)
{
    return dr_view_ledger(v, c) ? dr_truth_of(dr_view_copy(v, false) != NULL) : DR_UNSURE;
}

P(leads_home)
{
    (void)c;
    return dr_view_leads_home(v);
}

/* ---- a change of the feed's settings ---- */

/* Whether the feed is in the state; unsure while it is not listed. */
static enum dr_truth feed_is(const struct dr_view *v, enum dr_feed_state state)
{
    const struct dr_feed *x = dr_view_feed(v);
    return x ? dr_truth_of(x->state == state) : DR_UNSURE;
}

static enum dr_truth negated(enum dr_truth x)
{
    return x == DR_UNSURE ? DR_UNSURE : dr_truth_of(x == DR_FALSE);
}

static enum dr_truth runs(const struct dr_view *v)
{
    return dr_truth_or(feed_is(v, DR_FEED_NORMAL), feed_is(v, DR_FEED_WARNING));
}

/* What is not listed is another check's. */
P(unpaused)
{
    (void)c;
    if (!dr_view_feed(v) || dr_feed_updating(v) || dr_feed_late_pause(v) ||
        dr_feed_update_wanted(v) == DR_TRUE)
        return DR_TRUE; /* a change of its settings ends with a resume */
    return negated(feed_is(v, DR_FEED_STOPPED));
}

P(unfailed)
{
    (void)c;
    return dr_view_feed(v) ? negated(feed_is(v, DR_FEED_FAILED)) : DR_TRUE;
}

P(gc_on)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return l->gc.present || l->hold_count ? DR_TRUE : dr_view_gc_runs(v, c);
}

P(history_kept)
{
    int64_t left_ms;
    (void)c;
    return dr_feed_history(v, &left_ms);
}

P(update_noted)
{
    if (!dr_view_ledger(v, c))
        return DR_UNSURE;
    const struct dr_edge_row *e = dr_view_edge(v, c);
    return dr_truth_or(dr_truth_of(e && e->updating && !e->resumed),
                       negated(dr_feed_update_wanted(v)));
}

P(update_rests)
{
    (void)c;
    enum dr_truth wanted = dr_feed_update_wanted(v);
    if (wanted == DR_FALSE)
        return DR_TRUE;
    return dr_truth_or(feed_is(v, DR_FEED_STOPPED), feed_is(v, DR_FEED_FAILED));
}

P(update_sent)
{
    (void)c;
    return negated(dr_feed_update_wanted(v));
}

P(update_runs)
{
    (void)c;
    enum dr_truth sent = negated(dr_feed_update_wanted(v));
    if (dr_feed_late_pause(v))
        return DR_FALSE;
    return dr_feed_updating(v) ? dr_truth_and(sent, runs(v)) : sent;
}

P(update_resumed)
{
    const struct dr_edge_row *e = dr_view_edge(v, c);
    if (!dr_view_ledger(v, c))
        return DR_UNSURE;
    return dr_truth_and(dr_truth_of(!e || !e->updating || e->resumed),
                        negated(dr_feed_update_wanted(v)));
}

P(not_left_paused)
{
    (void)c;
    return negated(dr_feed_left_paused(v));
}

P(shut)
{
    enum dr_truth open = some_instance(v, v->b, takes_writes);
    (void)c;
    return dr_truth_and(negated(open),
                        dr_view_facts(v, v->b)->instance_count ? DR_TRUE : DR_UNSURE);
}

/* An edge that does not say what was agreed on (it was adopted, or its row is of an older
 * drover) keeps quiet while the feed differs: whoever changed it, the policy decides. */
P(update_over)
{
    const struct dr_edge_row *e = dr_view_edge(v, c);
    if (!dr_view_ledger(v, c))
        return DR_UNSURE;
    if (!e || e->state != DR_EDGE_MADE)
        return DR_TRUE;
    /* somebody paused it since: what it has is noted once it runs */
    if (e->updating && e->resumed && feed_is(v, DR_FEED_STOPPED) == DR_TRUE)
        return DR_TRUE;
    /* an edit that changes nothing of the feed is agreed on, too */
    bool other = (!e->settings || strcmp(e->settings, v->t->doc.feeds) != 0) &&
                 feed_matches(v, c) == DR_TRUE && !dr_feed_fixed(v);
    return dr_truth_and(dr_truth_of(!e->updating && !other),
                        negated(dr_feed_update_wanted(v)));
}

const struct dr_predicate_row dr_predicates[DR_P_COUNT] = {
    [DR_P_NONE] = {.name = "none", .text = "", .reads = "", .holds = NULL},
#define ROW(upper, fn, what, facts)                                                      \
    [DR_P_##upper] = {.name = #fn, .text = what, .reads = facts, .holds = fn},
    DR_PREDICATES(ROW)
#undef ROW
};

enum dr_truth dr_holds(const struct dr_view *v, enum dr_predicate p, size_t c)
{
    return dr_predicates[p].holds(v, c);
}
