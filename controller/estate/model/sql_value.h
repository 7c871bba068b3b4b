/* Values on their way into a column. */
#ifndef DR_MODEL_SQL_VALUE_H
#define DR_MODEL_SQL_VALUE_H

#include "controller/estate/model/sql_session.h"

/* Makes *d fit the column (strict mode). Errors 1048, 1264, 1292, 1366, 1406, 3140. */
enum dr_run dr_value_fit(struct dr_exec *x, const struct dr_column *col,
                         struct dr_datum *d, size_t row);
/* The column's default. Error 1364 when it has none and may not be NULL. */
enum dr_run dr_value_default(struct dr_exec *x, const struct dr_column *col,
                             struct dr_datum *d);
/* The value of the tokens [from, to). */
enum dr_run dr_value_eval(struct dr_exec *x, size_t from, size_t to, struct dr_datum *d);
/* Computes the generated columns of a row. */
enum dr_run dr_value_generate(struct dr_exec *x, const struct dr_table_def *def,
                              struct dr_datum *v);
/* Position of the comma or closing parenthesis that ends the expression at `from`. */
size_t dr_expr_end(const struct dr_cur *c, size_t from, size_t to);

#endif
