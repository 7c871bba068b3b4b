/* What each SQL instance shows: the fence, id pairs, TTL jobs. */
#include "controller/plan/emit.h"
#include "controller/plan/predicates.h"

static bool has_increment(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return x->auto_increment_increment == dr_view_cluster(v, c)->auto_increment.increment;
}

static bool has_offset(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return x->auto_increment_offset == dr_view_cluster(v, c)->auto_increment.offset;
}

DR_EMIT(dr_emit_ids)
{
    const struct dr_auto_increment *want = &dr_view_cluster(v, c)->auto_increment;
    const char *at = dr_instance_without(v, c, has_increment);
    bool increment = at != NULL;
    if (!at)
        at = dr_instance_without(v, c, has_offset);
    dr_emit_set_global(
        x, c, at, increment ? "auto_increment_increment" : "auto_increment_offset",
        dr_sprintf(v->arena, "%u", increment ? want->increment : want->offset));
}

DR_EMIT(dr_emit_ttl_off)
{
    dr_emit_set_global(x, c, dr_instance_without(v, c, dr_shows_ttl_off),
                       "tidb_ttl_job_enable", "OFF");
}

DR_EMIT(dr_emit_fence_row)
{
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    struct dr_fenced_row r = {.why = DR_FENCED_SECONDARY, .term = l->term.n};
    struct dr_row_write row = {.key = DR_KEY_FENCED,
                               .value = dr_fenced_value(&r, v->arena),
                               .expect = DR_ROW_ABSENT};
    dr_emit_rows(v, x, c, &row, 1);
}

DR_EMIT(dr_emit_forget_comparison)
{
    dr_emit_row(v, x, c, DR_KEY_COMPARED, NULL);
}

DR_EMIT(dr_emit_fence)
{
    dr_emit_set_global(x, c, dr_instance_without(v, c, dr_shows_fence),
                       "tidb_super_read_only", "ON");
}
