/* What must hold before the copy, and of it. */
#include <inttypes.h>
#include <string.h>

#include "controller/plan/checks.h"

DR_CHECK(dr_check_primary_open)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        if (!x->seen.known)
            return dr_check_unread(v, &x->seen, x->address, fact);
        if (dr_instance_refuses_writes(x)) {
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

DR_CHECK(dr_check_no_tidb_cdc_left)
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

DR_CHECK(dr_check_secondary_unfenced)
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

DR_CHECK(dr_check_prefixes_fresh)
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

DR_CHECK(dr_check_tables_replicate)
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

/* ---- from the backup on ---- */

/* A refused restore whose leftovers are none that drover drops would be sent again and
 * again. */
DR_CHECK(dr_check_restore_goes_on)
{
    const struct dr_equality *q = dr_view_equality(v);
    const struct dr_tables *t = &dr_view_facts(v, c)->tables;
    if (v->f->restore_refused != v->gen.n || !q || !q->difference_count)
        return DR_TRUE;
    if (!t->seen.known)
        return dr_check_unread(v, &t->seen, "tables", fact);
    if (dr_view_half_restored(v))
        return DR_TRUE;
    for (size_t i = 0; i < t->count; i++) {
        if (dr_view_own_schema(t->items[i].schema))
            continue;
        *fact = dr_sprintf(v->arena,
                           "RESTORE is refused because of %s.%s, which is no base table "
                           "of the primary",
                           t->items[i].schema, t->items[i].name);
        return DR_FALSE;
    }
    return DR_TRUE;
}

DR_CHECK(dr_check_copies_agree)
{
    const struct dr_copy_row *backup = dr_view_copy(v, false),
                             *restoring = dr_view_copy(v, true);
    const char *a = dr_view_cluster(v, v->a)->name, *b = dr_view_cluster(v, v->b)->name;
    if (!dr_view_ledger(v, c))
        return dr_check_no_ledger(v, c, fact);
    if (!restoring || (backup && backup->tso == restoring->tso &&
                       strcmp(backup->prefix, restoring->prefix) == 0))
        return DR_TRUE;
    *fact = backup ? dr_sprintf(v->arena,
                                "'%s' was restored from '%s' at %" PRIu64
                                ", the backup row of '%s' says '%s' at %" PRIu64,
                                b, restoring->prefix, restoring->tso, a, backup->prefix,
                                backup->tso)
                   : dr_sprintf(v->arena, "'%s' was restored, but '%s' has no backup row",
                                b, a);
    return DR_FALSE;
}

DR_CHECK(dr_check_comparison_whole)
{
    const struct dr_equality *q = dr_view_equality(v);
    (void)c;
    if (!q || q->complete || q->difference_count)
        return DR_TRUE;
    return dr_check_refuse(v, fact, "the time ran out before every table was counted");
}

/* A restore that is sent again makes no table that is there: it would change nothing. */
DR_CHECK(dr_check_definitions_fit)
{
    const struct dr_equality *q = dr_view_equality(v);
    (void)c;
    for (size_t i = 0; q && i < q->difference_count; i++) {
        if (strcmp(q->differences[i].observed, DR_OTHER_DEFINITION) != 0)
            continue;
        *fact = dr_sprintf(v->arena, "table %s has another definition than in '%s'",
                           q->differences[i].field, dr_view_cluster(v, v->a)->name);
        return DR_FALSE;
    }
    return DR_TRUE;
}
