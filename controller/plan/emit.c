/* What steps are made of: a call, ledger rows, a variable of an instance. */
#include <string.h>

#include "controller/plan/emit.h"

void dr_emit_call(struct dr_action *x, enum dr_call_kind kind, size_t c)
{
    x->call = (struct dr_call){.kind = kind, .at = {.cluster = (uint16_t)c}};
}

void dr_emit_rows(const struct dr_view *v, struct dr_action *x, size_t c,
                  const struct dr_row_write *rows, size_t count)
{
    struct dr_row_write *copy = DR_NEW_N(v->arena, count, struct dr_row_write);
    memcpy(copy, rows, count * sizeof(*rows));
    dr_emit_call(x, DR_CALL_LEDGER_WRITE, c);
    x->call.args.write.count = count;
    x->call.args.write.rows = copy;
}

void dr_emit_row(const struct dr_view *v, struct dr_action *x, size_t c, const char *key,
                 const char *value)
{
    struct dr_row_write row = {.key = key, .value = value};
    dr_emit_rows(v, x, c, &row, 1);
}

/* The first instance that fails `test`, for a variable that must be set there again. */
const char *dr_instance_without(const struct dr_view *v, size_t c,
                                bool (*test)(const struct dr_view *, size_t,
                                             const struct dr_instance *))
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    for (size_t i = 0; i < f->instance_count; i++)
        if (f->instances[i].seen.known && !test(v, c, &f->instances[i]))
            return f->instances[i].address;
    return NULL;
}

void dr_emit_set_global(struct dr_action *x, size_t c, const char *instance,
                        const char *variable, const char *value)
{
    dr_emit_call(x, DR_CALL_SET_GLOBAL, c);
    x->call.at.instance = instance;
    x->call.args.set.name = variable;
    x->call.args.set.value = value;
}
