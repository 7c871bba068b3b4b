/* Prepared statements of one connection: their texts, parameter types, long data, open
 * cursors. Bounds: DR_STMT_MAX statements, DR_STMT_BYTES of texts and long data,
 * DR_STMT_CURSORS open cursors.
 * Source: tidb: pkg/server/conn_stmt.go, pkg/server/driver_tidb.go. */
#ifndef DR_SIM_MYSQL_STMT_H
#define DR_SIM_MYSQL_STMT_H

#include "cmd/drover-sim/mysql_value.h"

enum {
    DR_STMT_MAX = 1024,
    DR_STMT_BYTES = 16 * 1024 * 1024,
    DR_STMT_CURSORS = 16,
};

/* An answer of the model and how far it was written. */
struct dr_mysql_result {
    struct dr_arena *arena; /* owns the rest; NULL: none */
    struct dr_sql_answer answer;
    struct dr_mysql_column *columns;
    size_t row; /* the next one to write */
};

struct dr_mysql_long {
    char *bytes;
    size_t len;
    bool given;
};

struct dr_mysql_stmt {
    uint32_t id;
    char *text;
    size_t len;
    uint32_t params;
    uint8_t *types;             /* two bytes for each parameter; NULL: never told */
    struct dr_mysql_long *data; /* by parameter; NULL: none */
    bool too_large;             /* long data beyond the bound was thrown away */
    struct dr_mysql_result cursor;
    struct dr_mysql_stmt *next;
};

struct dr_mysql_stmts {
    struct dr_mysql_stmt *first;
    uint32_t last_id;
    size_t count, bytes;
};

void dr_mysql_result_release(struct dr_mysql_result *r);

struct dr_mysql_stmt *dr_mysql_stmt_find(const struct dr_mysql_stmts *s, uint32_t id);
/* Takes over `text`. NULL: there is no room; `text` is freed. */
struct dr_mysql_stmt *dr_mysql_stmt_add(struct dr_mysql_stmts *s, char *text, size_t len,
                                        uint32_t params);
/* The long data go: they are for one execution. */
void dr_mysql_stmt_forget_data(struct dr_mysql_stmts *s, struct dr_mysql_stmt *st);
/* Cursor and long data go. */
void dr_mysql_stmt_reset(struct dr_mysql_stmts *s, struct dr_mysql_stmt *st);
void dr_mysql_stmt_close(struct dr_mysql_stmts *s, struct dr_mysql_stmt *st);
void dr_mysql_stmts_release(struct dr_mysql_stmts *s);
size_t dr_mysql_cursors(const struct dr_mysql_stmts *s);
/* False: there is no such parameter. */
bool dr_mysql_stmt_long_data(struct dr_mysql_stmts *s, struct dr_mysql_stmt *st,
                             unsigned param, const char *bytes, size_t len);

/* The parameters of a COM_STMT_EXECUTE, behind its iteration count. */
enum dr_mysql_param_result
dr_mysql_stmt_params(struct dr_mysql_stmt *st, struct dr_mysql_cursor *c,
                     struct dr_arena *a, struct dr_sql_param **out, uint8_t *bad_type);

#endif
