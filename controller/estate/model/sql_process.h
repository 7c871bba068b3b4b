/* Who is there and what they do: process lists, transactions, DDL jobs, cluster_info. */
#ifndef DR_MODEL_SQL_PROCESS_H
#define DR_MODEL_SQL_PROCESS_H

#include "controller/estate/model/sql_engine.h"

enum dr_run dr_fill_processlist(struct dr_fill *f);
enum dr_run dr_fill_cluster_processlist(struct dr_fill *f);
enum dr_run dr_fill_trx(struct dr_fill *f);
enum dr_run dr_fill_cluster_trx(struct dr_fill *f);
enum dr_run dr_fill_cluster_info(struct dr_fill *f);
enum dr_run dr_fill_servers(struct dr_fill *f);
enum dr_run dr_fill_ddl_jobs(struct dr_fill *f);
/* Which instance owns DDL. */
const struct dr_model_instance *dr_ddl_owner(const struct dr_model_cluster *c);

#endif
