/* The schema snapshot that TiCDC takes of its upstream at a TSO. */
#include "controller/estate/model/cdc_api.h"
#include "controller/estate/model/sql_store.h"

void cdc_each_definition(const struct dr_model_cluster *cluster, uint64_t tso,
                         void (*fn)(void *arg, const struct dr_table_def *t), void *arg)
{
    const struct dr_db *db = cluster->db;

    for (size_t i = 0; i < db->table_count; i++) {
        const struct dr_table *t = db->tables[i];
        const struct dr_table_def *def = tso == UINT64_MAX
                                             ? (t->dropped_tso ? NULL : dr_table_now(t))
                                             : dr_table_def_at(t, tso);
        if (def)
            fn(arg, def);
    }
}
