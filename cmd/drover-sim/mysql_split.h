/* Where one statement of a text ends and the next begins, as TiDB's lexer sees it:
 * quotes, backticks and comments hide a semicolon. Pure.
 * Source: tidb: pkg/parser/lexer.go. */
#ifndef DR_SIM_MYSQL_SPLIT_H
#define DR_SIM_MYSQL_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

/* The statement that `text` begins with, without blanks around it and without its
 * semicolon; empty statements are skipped.  Out: where it stands, and in *next where to
 * go on.  False: there is no further statement. */
bool dr_mysql_next_statement(const char *text, size_t len, size_t *next,
                             const char **statement, size_t *statement_len);

#endif
