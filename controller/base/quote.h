/* Text inside SQL. */
#ifndef DR_BASE_QUOTE_H
#define DR_BASE_QUOTE_H

#include <stddef.h>

#include "controller/base/arena.h"
#include "controller/base/buf.h"

/* 'text' with quotes and backslashes escaped, for sessions whose sql_mode has no
 * NO_BACKSLASH_ESCAPES. */
void dr_sql_add_string(struct dr_buf *b, const char *text, size_t len);
const char *dr_sql_string(struct dr_arena *a, const char *text);
/* `name` in backticks, those within doubled. */
void dr_sql_add_name(struct dr_buf *b, const char *name);

#endif
