/* Statements as tokens, and a cursor over them with which each statement's parser reads.
 * Comments are skipped, the contents of version comments count (tidb:
 * pkg/parser/lexer.go). */
#ifndef DR_MODEL_SQL_LEX_H
#define DR_MODEL_SQL_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <strings.h>

#include "controller/base/arena.h"

enum dr_tok_kind {
    DR_TOK_END,
    DR_TOK_WORD,    /* an unquoted name or keyword */
    DR_TOK_NAME,    /* `quoted` */
    DR_TOK_STRING,  /* 'x' or "x", adjacent ones joined */
    DR_TOK_NUMBER,  /* 1, 1.5, 1e3 */
    DR_TOK_HEX,     /* x'AB', 0xAB: text is the digits */
    DR_TOK_OP,      /* punctuation */
    DR_TOK_SYSVAR,  /* @@x, @@global.x: text is what follows @@ */
    DR_TOK_USERVAR, /* @x: text is x */
    DR_TOK_BAD,     /* an unfinished string or a stray byte */
};

struct dr_token {
    enum dr_tok_kind kind;
    const char *text; /* decoded, NUL-terminated */
    size_t len;
    size_t from, to; /* bytes of the statement */
};

struct dr_cur {
    const char *sql;
    size_t len;
    const struct dr_token *t; /* ends with DR_TOK_END */
    size_t count;             /* without the end */
    size_t i;
};

/* Splits a statement; a semicolon at the end is dropped. */
void dr_lex(struct dr_arena *a, const char *sql, size_t len, struct dr_cur *out);

const struct dr_token *dr_peek(const struct dr_cur *c, size_t ahead);
bool dr_at_end(const struct dr_cur *c);
/* True when the next token is that word (unquoted, any case) or that punctuation. */
bool dr_is(const struct dr_cur *c, const char *word);
bool dr_token_is(const struct dr_token *t, const char *word);
/* As dr_is, and takes it. */
bool dr_accept(struct dr_cur *c, const char *word);
/* Takes all words of a blank-separated list, or none. */
bool dr_accept_all(struct dr_cur *c, const char *words);
/* Takes a name (quoted or not), a string, an unsigned number; false: nothing taken. */
bool dr_take_name(struct dr_cur *c, const char **name);
bool dr_take_string(struct dr_cur *c, const char **s, size_t *len);
bool dr_take_u64(struct dr_cur *c, uint64_t *n);
/* Skips to after the parenthesis that closes the one at the cursor; false: none. */
bool dr_skip_parens(struct dr_cur *c);

/* 'x' with quotes and backslashes doubled as SQLite wants it (quotes only). */
const char *dr_sqlite_quote(struct dr_arena *a, const char *s, size_t len);

/* Whether two words are the same, whatever their case. Most that are not differ in their
 * first byte. */
static inline bool dr_same_word(const char *a, const char *b)
{
    return ((*a ^ *b) & ~0x20) == 0 && strcasecmp(a, b) == 0;
}

#endif
