/* Locks on keys that have no row: values of unique indexes, and keys that somebody asked
 * for in vain. */
#ifndef DR_MODEL_SQL_LOCK_H
#define DR_MODEL_SQL_LOCK_H

#include "controller/estate/model/sql_session.h"

/* Locks the values that a row puts into unique indexes (but the primary key, whose lock
 * is the row's), so that who puts the same waits for the end of this transaction; old:
 * the row as it was, whose values it has already; NULL: a new row. DR_RUN_WAIT: another
 * transaction holds one. Source: docs: constraints.md (pessimistic transactions). */
enum dr_run dr_lock_unique(struct dr_exec *x, struct dr_table *t,
                           const struct dr_table_def *def, const struct dr_datum *v,
                           const struct dr_row *old);

/* A WHERE of the tokens [from, to) that names one key, or several by IN, of the primary
 * key or of a unique index: these are locked whether there is a row or not, but under
 * READ COMMITTED. Source: docs: pessimistic-transaction.md (Point Get and Batch Point
 * Get). alias: the table's name in the statement. */
enum dr_run dr_lock_named(struct dr_exec *x, struct dr_table *t,
                          const struct dr_table_def *def, const char *alias, size_t from,
                          size_t to);

#endif
