/* What holds history for a copy: the hold, and GC. */
#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/plan/emit.h"
#include "controller/plan/predicates.h"

DR_EMIT(dr_emit_hold)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const struct dr_ledger *l = dr_view_ledger(v, c);
    const struct dr_gc_hold *want = &v->t->bootstrap.gc_hold;
    struct dr_gc_row gc = {.present = true};
    gc.before.enable = f->instances[0].gc_enable;
    gc.before.life_time_ms = f->instances[0].gc_life_time_ms;
    gc.set = gc.before;
    if (want->method == DR_GC_HOLD_DISABLE)
        gc.set.enable = false;
    else if (gc.set.life_time_ms < want->deadline_ms)
        gc.set.life_time_ms = want->deadline_ms;
    struct dr_hold_row hold = {
        .purpose = "bootstrap",
        .operation = v->gen.feed_id,
        .deadline = dr_tso_make(dr_tso_ms(f->ledger.tso) + want->deadline_ms, 0)};
    struct dr_row_write rows[2] = {
        {.key = dr_hold_key("bootstrap", v->arena),
         .value = dr_hold_value(&hold, v->arena)},
        {.key = DR_KEY_GC, .value = dr_gc_value(&gc, v->arena), .expect = DR_ROW_ABSENT}};
    /* a gc row that stands remembers what was before; it is written once */
    dr_emit_rows(v, x, c, rows, l && l->gc.present ? 1 : 2);
}

static bool shows_gc_enable(const struct dr_view *v, size_t c,
                            const struct dr_instance *x)
{
    return x->gc_enable == dr_view_ledger(v, c)->gc.set.enable;
}

static bool shows_gc_life(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return x->gc_life_time_ms == dr_view_ledger(v, c)->gc.set.life_time_ms;
}

static bool shows_old_enable(const struct dr_view *v, size_t c,
                             const struct dr_instance *x)
{
    return x->gc_enable == dr_view_ledger(v, c)->gc.before.enable;
}

static bool shows_old_life(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return x->gc_life_time_ms == dr_view_ledger(v, c)->gc.before.life_time_ms;
}

static bool gc_on_here(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return x->gc_enable;
}

DR_EMIT(dr_emit_gc_on)
{
    dr_emit_set_global(x, c, dr_instance_without(v, c, gc_on_here), "tidb_gc_enable",
                       "ON");
}

static void set_gc(const struct dr_view *v, size_t c, struct dr_action *x,
                   const struct dr_gc_setting *s, const char *wrong_switch,
                   const char *wrong_life)
{
    char text[DR_DURATION_TEXT];
    if (wrong_switch)
        dr_emit_set_global(x, c, wrong_switch, "tidb_gc_enable",
                           s->enable ? "ON" : "OFF");
    else
        dr_emit_set_global(
            x, c, wrong_life, "tidb_gc_life_time",
            dr_sprintf(v->arena, "'%s'", dr_go_duration_text(s->life_time_ms, text)));
}

DR_EMIT(dr_emit_gc_hold)
{
    set_gc(v, c, x, &dr_view_ledger(v, c)->gc.set,
           dr_instance_without(v, c, shows_gc_enable),
           dr_instance_without(v, c, shows_gc_life));
}

DR_EMIT(dr_emit_gc_release)
{
    set_gc(v, c, x, &dr_view_ledger(v, c)->gc.before,
           dr_instance_without(v, c, shows_old_enable),
           dr_instance_without(v, c, shows_old_life));
}

DR_EMIT(dr_emit_hold_clear)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    struct dr_row_write rows[3] = {{.key = dr_hold_key("bootstrap", v->arena)}};
    size_t n = 1;
    /* the gc row is every hold's */
    if (l->hold_count <= (dr_ledger_hold(l, "bootstrap") != NULL))
        rows[n++].key = DR_KEY_GC;
    /* before the feed is made the backup row stays: it says that history was given up */
    if (dr_holds(v, DR_P_MADE, c) == DR_TRUE)
        rows[n++].key = DR_KEY_BACKUP;
    dr_emit_rows(v, x, c, rows, n);
}
