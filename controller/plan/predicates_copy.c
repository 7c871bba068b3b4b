/* Of a copy: backup, restore, comparison, what is left of it. */
#include <string.h>

#include "controller/plan/predicates.h"

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

DR_PREDICATE(no_old_beat)
{
    return no_schema(v, c, "drover");
}

DR_PREDICATE(no_tidb_cdc)
{
    return no_schema(v, c, "tidb_cdc");
}

/* The edge, and the copy that was restored, come after it. */
DR_PREDICATE(backup_begun)
{
    (void)c;
    enum dr_truth row = dr_view_ledger(v, v->a)
                            ? dr_truth_of(dr_view_copy(v, false) != NULL)
                            : DR_UNSURE,
                  restored = dr_view_ledger(v, v->b)
                                 ? dr_truth_of(dr_view_copy(v, true) != NULL)
                                 : DR_UNSURE;
    return dr_truth_or(dr_truth_or(row, restored), dr_edge_here(v, v->a, DR_EDGE_MAKING));
}

DR_PREDICATE(backup_done)
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

DR_PREDICATE(backup_runs)
{
    (void)c;
    return copy_runs(v, v->a, false);
}

DR_PREDICATE(restore_begun)
{
    (void)c;
    if (!dr_view_ledger(v, v->b))
        return DR_UNSURE;
    return dr_truth_or(dr_truth_of(dr_view_copy(v, true) != NULL),
                       dr_edge_here(v, v->b, DR_EDGE_MAKING));
}

DR_PREDICATE(restore_runs)
{
    (void)c;
    return copy_runs(v, v->b, true);
}

DR_PREDICATE(copy_of_either_runs)
{
    (void)c;
    return dr_truth_or(copy_runs(v, v->a, false), copy_runs(v, v->b, true));
}

/* A RESTORE that was sent again found tables there, and the comparison shows that they
 * are not whole. */
DR_PREDICATE(not_half)
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
DR_PREDICATE(restored)
{
    const struct dr_equality *q = dr_view_equality(v);
    if (!dr_view_ledger(v, v->b))
        return DR_UNSURE;
    if (!dr_view_copy(v, true))
        return DR_FALSE;
    if (q && q->difference_count && dr_p_not_half(v, c) == DR_TRUE)
        return DR_FALSE;
    /* what was sent again and refused, or was compared since, tells more than the list */
    if (v->f->restore_refused != v->gen.n && !q && restore_failed(v))
        return DR_FALSE;
    enum dr_truth runs = copy_runs(v, v->b, true);
    return runs == DR_UNSURE ? DR_UNSURE : dr_truth_of(runs == DR_FALSE);
}

DR_PREDICATE(existing_noted)
{
    return dr_view_ledger(v, c) ? dr_truth_of(dr_view_copy(v, false) != NULL) : DR_UNSURE;
}

DR_PREDICATE(equal)
{
    const struct dr_equality *q = dr_view_equality(v);
    (void)c;
    if (!dr_view_ledger(v, v->a))
        return DR_UNSURE;
    if (!q)
        return DR_FALSE; /* not compared yet: that is the step */
    return dr_truth_of(q->complete && q->difference_count == 0);
}

DR_PREDICATE(copy_cleared)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    return dr_truth_and(dr_truth_of(!l->restoring.present),
                        dr_edge_both(v, DR_EDGE_MADE));
}

DR_PREDICATE(given_up)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    if (!l)
        return DR_UNSURE;
    const struct dr_edge_row *e =
        dr_ledger_edge(l, dr_view_name(v, v->a), dr_view_name(v, v->b));
    const struct dr_copy_row *copy = c == v->a ? &l->backup : &l->restoring;
    return dr_truth_of(e && e->state == DR_EDGE_RETIRED && !copy->present);
}
