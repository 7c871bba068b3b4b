/* The copy: what makes room for it, backup, restore, comparison. */
#include <inttypes.h>

#include "controller/plan/emit.h"

DR_EMIT(dr_emit_beat_table)
{
    (void)v;
    dr_emit_call(x, DR_CALL_BEAT_TABLE, c);
}

static void drop_schema(struct dr_action *x, size_t c, const char *schema)
{
    dr_emit_call(x, DR_CALL_DROP_SCHEMA, c);
    x->call.args.drop.schema = schema;
}

DR_EMIT(dr_emit_drop_old_beat)
{
    (void)v;
    drop_schema(x, c, "drover");
}

DR_EMIT(dr_emit_drop_tidb_cdc)
{
    (void)v;
    drop_schema(x, c, "tidb_cdc");
}

DR_EMIT(dr_emit_existing)
{
    struct dr_copy_row r = {.present = true,
                            .generation = v->gen.n,
                            .prefix = "",
                            .tso = v->start_ts,
                            .instance = ""};
    dr_emit_row(v, x, c, DR_KEY_BACKUP, dr_copy_value(&r, v->arena));
    x->what = dr_sprintf(v->arena, "%s: note that both sides are equal at %" PRIu64,
                         dr_view_name(v, c), v->start_ts);
}

DR_EMIT(dr_emit_backup)
{
    const struct dr_copy_row *r = &dr_view_ledger(v, c)->backup;
    bool again = r->present && r->generation == v->gen.n;
    dr_emit_call(x, DR_CALL_BACKUP, c);
    x->call.at.instance = again ? r->instance : dr_view_facts(v, c)->instances[0].address;
    x->call.args.copy = (struct dr_copy_args){
        .prefix = v->gen.backup, .generation = v->gen.n, .tso = again ? r->tso : 0};
}

DR_EMIT(dr_emit_restore)
{
    const struct dr_copy_row *r = &dr_view_ledger(v, c)->restoring;
    bool again = r->present && r->generation == v->gen.n;
    dr_emit_call(x, DR_CALL_RESTORE, c);
    x->call.at.instance = again ? r->instance : dr_view_facts(v, c)->instances[0].address;
    x->call.args.copy = (struct dr_copy_args){.prefix = v->gen.backup,
                                              .generation = v->gen.n,
                                              .tso = dr_view_ledger(v, v->a)->backup.tso};
}

DR_EMIT(dr_emit_drop_half)
{
    const struct dr_table *half = dr_view_half_restored(v);
    dr_emit_call(x, DR_CALL_DROP_TABLE, c);
    x->call.args.drop.schema = half->schema;
    x->call.args.drop.table = half->name;
    x->what = dr_sprintf(v->arena, "%s: drop half-restored table %s.%s",
                         dr_view_name(v, c), half->schema, half->name);
}

DR_EMIT(dr_emit_compare)
{
    dr_emit_call(x, DR_CALL_SQL_COUNTS, c);
    x->call.args.counts.tso = dr_view_copy(v, false)->tso;
    x->compares = true;
    x->compare_generation = v->gen.n;
    x->compares_carried = v->way == DR_BY_EXISTING;
}

DR_EMIT(dr_emit_copy_clear)
{
    dr_emit_row(v, x, c, DR_KEY_RESTORING, NULL);
}
