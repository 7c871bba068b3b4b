/* AUTO_INCREMENT, per instance. Source: tidb: pkg/meta/autoid/autoid.go. */

#include "controller/estate/model/sql_store.h"

struct dr_auto_range {
    struct dr_auto_range *next;
    const struct dr_table *table;
    int64_t last, end; /* handed out up to `last`, free up to `end` */
};

enum { DEFAULT_STEP = 30000 };

static struct dr_auto_range *range_of(struct dr_model_instance *in,
                                      const struct dr_table *t)
{
    /* AUTO_ID_CACHE 1: one allocator for the cluster (docs: auto-increment.md) */
    if (dr_table_now(t)->auto_id_cache == 1)
        in = &in->cluster->instances[0];
    for (struct dr_auto_range *r = in->ranges; r; r = r->next)
        if (r->table == t)
            return r;
    struct dr_auto_range *r = dr_xcalloc(1, sizeof(*r));
    r->table = t;
    r->next = in->ranges;
    in->ranges = r;
    return r;
}

static int64_t step_of(const struct dr_table *t)
{
    int64_t cache = dr_table_now(t)->auto_id_cache;
    return cache > 0 ? cache : DEFAULT_STEP;
}

int64_t dr_auto_next(struct dr_model_instance *in, struct dr_table *t, int64_t increment,
                     int64_t offset)
{
    struct dr_auto_range *r = range_of(in, t);
    for (int round = 0;; round++) {
        int64_t base = offset - 1 > r->last ? offset - 1 : r->last;
        int64_t next = (base + increment - offset) / increment * increment + offset;
        if (next <= r->end || round) {
            r->last = next;
            if (next > t->auto_base)
                t->auto_base = next;
            if (next > r->end)
                r->end = next;
            return next;
        }
        r->last = t->auto_base;
        base = offset - 1 > r->last ? offset - 1 : r->last;
        next = (base + increment - offset) / increment * increment + offset;
        int64_t step = step_of(t);
        r->end = next + step - 1 > r->last + step ? next + step - 1 : r->last + step;
        t->auto_base = r->end;
    }
}

void dr_auto_rebase(struct dr_model_instance *in, struct dr_table *t, int64_t value)
{
    struct dr_auto_range *r = range_of(in, t);
    if (value <= r->last)
        return;
    if (value <= r->end) {
        r->last = value;
        return;
    }
    r->last = value > t->auto_base ? value : t->auto_base;
    r->end = r->last + step_of(t);
    t->auto_base = r->end;
}

void dr_auto_forget(struct dr_model_instance *in, const struct dr_table *t)
{
    for (struct dr_auto_range **p = &in->ranges; *p;) {
        struct dr_auto_range *r = *p;
        if (t && r->table != t) {
            p = &r->next;
            continue;
        }
        *p = r->next;
        free(r);
    }
}
