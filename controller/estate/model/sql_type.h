/* What a result says about its columns: MySQL types, lengths and flags as TiDB sends
 * them. */
#ifndef DR_MODEL_SQL_TYPE_H
#define DR_MODEL_SQL_TYPE_H

#include "controller/estate/model/sql_engine.h"

/* A column of a stored table, as a result shows it. */
struct dr_sql_type dr_type_of_column(const struct dr_table_def *def, size_t column);

/* Fills the answer's types and turns the rows into cells of these types: of stored
 * columns by their definition, of the usual functions by their name, of the rest by its
 * values. rw: the rewritten statement; NULL: columns by origin and value alone. */
void dr_type_result(struct dr_exec *x, const struct dr_rewrite *rw,
                    const struct dr_rows *rows);

#endif
