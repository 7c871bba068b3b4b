/* What a backup holds of tables and accounts, as JSON: out of a cluster and into one. */
#ifndef DR_MODEL_SQL_DUMP_H
#define DR_MODEL_SQL_DUMP_H

#include "controller/estate/model/sql_store.h"

/* New references. */
json_t *dr_dump_table(const struct dr_table *t, const struct dr_table_def *def,
                      uint64_t ts);
json_t *dr_dump_accounts(const struct dr_model_cluster *c);
/* The table itself, with an id of its own; false: its definition is unreadable. */
bool dr_load_table(struct dr_model_cluster *c, size_t instance, const json_t *table);
/* Rows into the table that exists already; into no change log. */
void dr_load_rows(struct dr_model_cluster *c, const json_t *table);
void dr_load_accounts(struct dr_model_cluster *c, const json_t *list);

#endif
