/* A statement on its way from TiDB's dialect to SQLite's. Shared by sql_rewrite*.c. */
#ifndef DR_MODEL_SQL_REWRITE_H
#define DR_MODEL_SQL_REWRITE_H

#include "controller/estate/model/sql_engine.h"

enum dr_rw_kind { FRAME_PLAIN, FRAME_QUERY, FRAME_CAST, FRAME_CONVERT, FRAME_FUNCTION };

struct dr_rw_frame {
    enum dr_rw_kind kind;
    bool in_from, want_table, select_list;
    bool grouped;
    size_t select;  /* where its SELECT starts in the output */
    size_t operand; /* where the last operand starts in the output */
    size_t item;    /* token where the select item began */
};

struct dr_rw {
    struct dr_rewrite *r;
    struct dr_exec *x;
    struct dr_buf *out;
    size_t i, to;
    struct dr_rw_frame f[48];
    size_t depth;
    bool named; /* the first SELECT's items were named */
    const char *ctes[8];
    size_t cte_count;
    size_t call; /* 1 + token index of a function's name just emitted */
};

/* ---- sql_rewrite.c ---- */

/* The token at the cursor, or so many ahead; past the end: DR_TOK_END. */
const struct dr_token *dr_rw_token(const struct dr_rw *w, size_t ahead);
bool dr_rw_is(const struct dr_rw *w, const char *word);
bool dr_rw_word_is(const struct dr_rw *w, const char *word); /* whatever its kind */
struct dr_rw_frame *dr_rw_top(struct dr_rw *w);
void dr_rw_space(struct dr_rw *w);
/* A space, and the place where an operand begins. */
void dr_rw_operand(struct dr_rw *w);
void dr_rw_quoted(struct dr_buf *out, char q, const char *s, size_t len);
/* Puts s into what is written, at a position. */
void dr_rw_insert(struct dr_buf *b, size_t at, const char *s);

/* ---- values: sql_rewrite_value.c. Each moves the cursor behind what it wrote ---- */

enum dr_run dr_rw_sys_var(struct dr_rw *w);
void dr_rw_user_var(struct dr_rw *w);
void dr_rw_literal(struct dr_rw *w);
/* INTERVAL n UNIT at the cursor: "n, 'UNIT'"; and after an operand. */
enum dr_run dr_rw_interval(struct dr_rw *w, const char *sign);
enum dr_run dr_rw_plus_interval(struct dr_rw *w);
/* The type of CAST, up to the closing parenthesis. */
void dr_rw_cast_type(struct dr_rw *w);
enum dr_run dr_rw_values_of(struct dr_rw *w);
/* True: dealt with. Words that SQLite spells differently; AS, USING, COLLATE, which mean
 * other things by where they stand; calls whose arguments SQLite would not read. */
bool dr_rw_renamed(struct dr_rw *w);
bool dr_rw_connective(struct dr_rw *w);
bool dr_rw_odd_call(struct dr_rw *w);

#endif
