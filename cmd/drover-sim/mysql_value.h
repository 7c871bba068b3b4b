/* Values of the binary protocol, both ways, and the columns that say what they are. Pure.
 * Sources: tidb: pkg/server/internal/column/column.go DumpBinaryRow, tidb:
 * pkg/server/conn_stmt_params.go parseBinaryParams, tidb: pkg/param/binary_params.go. */
#ifndef DR_SIM_MYSQL_VALUE_H
#define DR_SIM_MYSQL_VALUE_H

#include "cmd/drover-sim/mysql_packet.h"
#include "controller/base/arena.h"
#include "controller/estate/model/model.h"

/* The columns of an answer, of the arena. What the model does not tell of a column, or
 * what one of its values contradicts, its values tell: BIGINT where all are integers and
 * at least one is not NULL, else VARCHAR. So every cell can be written as its type. */
struct dr_mysql_column *dr_mysql_columns_of(struct dr_arena *a,
                                            const struct dr_sql_answer *answer);

/* A row of the binary protocol; the cells fit their columns. */
void dr_mysql_put_binary_row(struct dr_buf *out, uint8_t *seq,
                             const struct dr_mysql_column *columns,
                             const struct dr_cell *cells, size_t count);

enum dr_mysql_param_result {
    DR_PARAM_READ,
    DR_PARAM_MALFORMED,
    DR_PARAM_UNKNOWN, /* no such type */
};
/* One parameter of COM_STMT_EXECUTE at the cursor, as a literal of the arena (texts are
 * borrowed from the packet). */
enum dr_mysql_param_result dr_mysql_get_param(struct dr_mysql_cursor *c,
                                              struct dr_arena *a, uint8_t type,
                                              bool is_unsigned, struct dr_sql_param *out);

#endif
