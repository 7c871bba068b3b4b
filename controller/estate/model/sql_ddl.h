/* What the files of DDL share: the fence and the roles before, the record after. */
#ifndef DR_MODEL_SQL_DDL_H
#define DR_MODEL_SQL_DDL_H

#include "controller/estate/model/sql_def.h"

enum dr_ddl_class { DR_DDL_SAFE, DR_DDL_UNSAFE };

/* Refuses with 8263 what the cluster's role does not let through. */
enum dr_run dr_ddl_role_allows(struct dr_exec *x, enum dr_ddl_class class);
/* 8263, whoever asks. */
enum dr_run dr_ddl_role_denied(struct dr_exec *x);
/* What every DDL does first: the fence, the implicit commit. */
enum dr_run dr_ddl_begin(struct dr_exec *x);
/* Metadata lock: a table that a transaction has touched keeps its shape until that ends
 * (docs: metadata-lock.md). */
bool dr_ddl_table_busy(const struct dr_table *t);
enum dr_run dr_ddl_find_table(struct dr_exec *x, const char *schema, const char *name,
                              struct dr_table **t);
/* Applies a draft to a table; `moved` NULL: rows keep their shape. */
void dr_ddl_change_table(struct dr_exec *x, struct dr_table *t, struct dr_def_draft *d,
                         const char *type, const int *moved, const struct dr_datum *fill);
enum dr_run dr_ddl_unique_holds(struct dr_exec *x, const struct dr_table *t,
                                const struct dr_index *ix, const char *table);
enum dr_run dr_ddl_remove_index(struct dr_exec *x, struct dr_def_draft *d,
                                const char *index);
enum dr_run dr_ddl_rename_table(struct dr_exec *x, struct dr_table *t, const char *schema,
                                const char *name);
/* Records a job that is done; `old` and `fresh` are NULL where there is no table. */
void dr_ddl_record(struct dr_exec *x, uint64_t tso, const char *type, const char *schema,
                   const struct dr_table_def *old, const struct dr_table_def *fresh);
/* Behind CREATE DATABASE, ALTER DATABASE, DROP DATABASE (sql_ddl_schema.c). */
dr_statement_fn dr_ddl_create_schema, dr_ddl_alter_schema, dr_ddl_drop_schema;

#endif
