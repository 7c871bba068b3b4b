/* SQLite's view of the row store: each table that a statement names is a virtual table,
 * known by its number. */
#ifndef DR_MODEL_SQL_VTAB_H
#define DR_MODEL_SQL_VTAB_H

#include "controller/estate/model/sql_engine.h"

/* What the virtual tables read. */
struct dr_reading {
    struct dr_bound *bound; /* by number */
    size_t count, room;
    struct dr_exec *x; /* whose statement runs */
    uint64_t tso;      /* what it reads */
};

/* Gives the connection the module "dr", whose argument is a table's number, and the order
 * of decimals, "dr_decimal". r: borrowed, for as long as the connection lives. */
struct sqlite3;
void dr_vtab_register(struct sqlite3 *db, struct dr_reading *r);

#endif
