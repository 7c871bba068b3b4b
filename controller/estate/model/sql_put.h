/* Putting rows: what INSERT, REPLACE and UPDATE share. */
#ifndef DR_MODEL_SQL_PUT_H
#define DR_MODEL_SQL_PUT_H

#include "controller/estate/model/sql_engine.h"

struct dr_put_into {
    struct dr_table *table;
    const struct dr_table_def *def;
};

/* The primary key; NULL: none. */
const struct dr_index *dr_put_primary(const struct dr_table_def *d);
/* Another visible row with the same values of a unique index. */
struct dr_entry *dr_put_conflict(struct dr_exec *x, const struct dr_put_into *t,
                                 const struct dr_datum *v, const struct dr_entry *self,
                                 const struct dr_index **which);
/* Error 1062; ignore: a warning. */
enum dr_run dr_put_duplicate(struct dr_exec *x, const struct dr_put_into *t,
                             const struct dr_index *ix, const struct dr_datum *v,
                             bool ignore);
/* The entry a row belongs to, locked; DR_RUN_WAIT when somebody else holds it. */
enum dr_run dr_put_entry(struct dr_exec *x, const struct dr_put_into *t,
                         const struct dr_datum *v, struct dr_entry **e);
void dr_put_row(struct dr_exec *x, const struct dr_put_into *t, struct dr_entry *e,
                const struct dr_datum *v);
/* Gives a row other values: in place, or under a new key. */
enum dr_run dr_put_change(struct dr_exec *x, const struct dr_put_into *t,
                          struct dr_entry *e, const struct dr_row *old,
                          struct dr_datum *v);
bool dr_put_same(const struct dr_row *r, const struct dr_datum *v, size_t n);
/* ON UPDATE CURRENT_TIMESTAMP, of columns that were not assigned. */
enum dr_run dr_put_touch(struct dr_exec *x, const struct dr_table_def *def,
                         struct dr_datum *v, const bool *assigned);

#endif
