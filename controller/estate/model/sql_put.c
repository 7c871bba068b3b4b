/* Putting rows: keys, locks and constraints are the model's. */
#include "controller/estate/model/sql_put.h"

#include <string.h>

#include "controller/estate/model/sql_lock.h"
#include "controller/estate/model/sql_value.h"

const struct dr_index *dr_put_primary(const struct dr_table_def *d)
{
    return d->index_count && d->indexes[0].primary ? &d->indexes[0] : NULL;
}

struct dr_entry *dr_put_conflict(struct dr_exec *x, const struct dr_put_into *t,
                                 const struct dr_datum *v, const struct dr_entry *self,
                                 const struct dr_index **which)
{
    for (size_t k = 0; k < t->def->index_count; k++) {
        const struct dr_index *ix = &t->def->indexes[k];
        bool nulls = false;
        for (size_t c = 0; c < ix->column_count; c++)
            nulls |= v[ix->columns[c]].kind == DR_DATUM_NULL;
        if (!ix->unique || ix->primary || nulls)
            continue;
        for (size_t i = 0; i < t->table->entry_count; i++) {
            struct dr_entry *e = t->table->entries[i];
            const struct dr_row *r = dr_entry_row(e, x->s->txn, UINT64_MAX);
            bool same = r && e != self;
            for (size_t c = 0; same && c < ix->column_count; c++)
                same = dr_datum_cmp(&r->v[ix->columns[c]], &v[ix->columns[c]]) == 0;
            if (same) {
                *which = ix;
                return e;
            }
        }
    }
    return NULL;
}

enum dr_run dr_put_duplicate(struct dr_exec *x, const struct dr_put_into *t,
                             const struct dr_index *ix, const struct dr_datum *v,
                             bool ignore)
{
    struct dr_buf b;
    dr_buf_init(&b, 1024);
    for (size_t c = 0; c < ix->column_count; c++)
        dr_buf_addf(&b, "%s%s", c ? "-" : "",
                    dr_datum_text(x->a, &v[ix->columns[c]], NULL));
    const char *text = dr_sprintf(x->a, "Duplicate entry '%s' for key '%s.%s'",
                                  dr_buf_str(&b), t->def->name, ix->name);
    dr_buf_release(&b);
    if (!ignore)
        return dr_sql_error(x, 1062, "%s", text);
    dr_sql_warn(x, "Warning", 1062, "%s", text);
    return DR_RUN_OK;
}

enum dr_run dr_put_entry(struct dr_exec *x, const struct dr_put_into *t,
                         const struct dr_datum *v, struct dr_entry **e)
{
    unsigned char key[DR_KEY_MAX];
    const struct dr_index *pk = dr_put_primary(t->def);
    size_t len;
    if (pk) {
        len = dr_key_encode(pk, v, key);
        if (!len)
            return dr_sql_error(x, 1071,
                                "Specified key was too long; max key length is "
                                "3072 bytes");
    } else {
        struct dr_datum handle = {.kind = DR_DATUM_INT, .i = ++t->table->last_handle};
        len = dr_key_parts(&handle, 1, key);
    }
    *e = dr_txn_entry(t->table, key, len);
    return dr_txn_lock(x->s->txn, t->table, *e) ? DR_RUN_OK : DR_RUN_WAIT;
}

void dr_put_row(struct dr_exec *x, const struct dr_put_into *t, struct dr_entry *e,
                const struct dr_datum *v)
{
    dr_txn_set(x->s->txn, t->table, e, dr_row_new(v, t->def->column_count));
}

enum dr_run dr_put_change(struct dr_exec *x, const struct dr_put_into *t,
                          struct dr_entry *e, const struct dr_row *old,
                          struct dr_datum *v)
{
    const struct dr_index *pk = dr_put_primary(t->def), *which;
    enum dr_run r = dr_lock_unique(x, t->table, t->def, v, old);
    if (r)
        return r;
    struct dr_entry *other = dr_put_conflict(x, t, v, e, &which);
    bool moved = false;
    if (other)
        return dr_put_duplicate(x, t, which, v, false);
    for (size_t c = 0; pk && c < pk->column_count; c++)
        moved |= dr_datum_cmp(&old->v[pk->columns[c]], &v[pk->columns[c]]) != 0;
    if (!moved) {
        dr_put_row(x, t, e, v);
        return DR_RUN_OK;
    }
    r = dr_put_entry(x, t, v, &other);
    if (r)
        return r;
    if (dr_entry_row(other, x->s->txn, UINT64_MAX))
        return dr_put_duplicate(x, t, pk, v, false);
    dr_txn_set(x->s->txn, t->table, e, NULL);
    dr_put_row(x, t, other, v);
    return DR_RUN_OK;
}

bool dr_put_same(const struct dr_row *r, const struct dr_datum *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (r->v[i].kind != v[i].kind || dr_datum_cmp(&r->v[i], &v[i]) != 0)
            return false;
    return true;
}

enum dr_run dr_put_touch(struct dr_exec *x, const struct dr_table_def *def,
                         struct dr_datum *v, const bool *assigned)
{
    for (size_t i = 0; i < def->column_count; i++) {
        if (!def->columns[i].on_update_now || assigned[i])
            continue;
        const char *now = dr_sql_time(x->a, dr_cluster_wall_ms(x->c), 6);
        v[i] = (struct dr_datum){.kind = DR_DATUM_TEXT, .s = now, .len = strlen(now)};
        if (dr_value_fit(x, &def->columns[i], &v[i], 1))
            return DR_RUN_ERROR;
    }
    return DR_RUN_OK;
}
