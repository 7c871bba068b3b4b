/* TiDB's SQL into SQLite's: the walk over the tokens of a statement, its clauses and
 * tables. Privileges on tables are checked as they are met (dr_engine_bind_name). */
#include "controller/estate/model/sql_rewrite.h"

#include <string.h>

void dr_rewrite_init(struct dr_rewrite *r, struct dr_exec *x)
{
    memset(r, 0, sizeof(*r));
    r->x = x;
    dr_buf_init(&r->out, 16 << 20);
}

void dr_rewrite_release(struct dr_rewrite *r)
{
    dr_buf_release(&r->out);
}

const struct dr_token *dr_rw_token(const struct dr_rw *w, size_t ahead)
{
    static const struct dr_token end = {DR_TOK_END, "", 0, 0, 0};
    return w->i + ahead < w->to ? &w->x->cur.t[w->i + ahead] : &end;
}

bool dr_rw_is(const struct dr_rw *w, const char *word)
{
    return dr_token_is(dr_rw_token(w, 0), word);
}

struct dr_rw_frame *dr_rw_top(struct dr_rw *w)
{
    return &w->f[w->depth];
}

void dr_rw_quoted(struct dr_buf *out, char q, const char *s, size_t len)
{
    dr_buf_addc(out, q);
    for (size_t i = 0; i < len; i++) {
        if (s[i] == q)
            dr_buf_addc(out, q);
        dr_buf_addc(out, s[i]);
    }
    dr_buf_addc(out, q);
}

void dr_rw_space(struct dr_rw *w)
{
    if (w->out->len)
        dr_buf_addc(w->out, ' ');
}

void dr_rw_operand(struct dr_rw *w)
{
    dr_rw_space(w);
    dr_rw_top(w)->operand = w->out->len;
}

void dr_rw_insert(struct dr_buf *b, size_t at, const char *s)
{
    size_t n = strlen(s);
    dr_buf_adds(b, s);
    if (b->overflow)
        return;
    memmove(b->data + at + n, b->data + at, b->len - n - at);
    memcpy(b->data + at, s, n);
}

bool dr_rw_word_is(const struct dr_rw *w, const char *word)
{
    return dr_same_word(dr_rw_token(w, 0)->text, word);
}

/* ---- tables ---- */

static bool reserved_after_table(const char *s)
{
    static const char *const words[] = {"WHERE",         "JOIN",   "LEFT",      "RIGHT",
                                        "INNER",         "CROSS",  "ON",        "USING",
                                        "GROUP",         "ORDER",  "HAVING",    "LIMIT",
                                        "UNION",         "FOR",    "LOCK",      "SET",
                                        "NATURAL",       "USE",    "FORCE",     "IGNORE",
                                        "STRAIGHT_JOIN", "EXCEPT", "INTERSECT", "AS",
                                        "PARTITION",     "WINDOW", NULL};
    for (size_t i = 0; words[i]; i++)
        if (dr_same_word(words[i], s))
            return true;
    return false;
}

static enum dr_run table_ref(struct dr_rw *w)
{
    const char *schema = w->x->s->db, *name = dr_rw_token(w, 0)->text, *alias;
    size_t number = 0;
    w->i++;
    dr_rw_top(w)->want_table = false;
    for (size_t k = 0; k < w->cte_count; k++) {
        if (dr_same_word(w->ctes[k], name) && !dr_rw_is(w, ".")) {
            dr_rw_space(w);
            dr_rw_quoted(w->out, '"', name, strlen(name));
            return DR_RUN_OK;
        }
    }
    if (dr_rw_is(w, ".")) {
        schema = name;
        name = dr_rw_token(w, 1)->text;
        w->i += 2;
    }
    if (!schema)
        return dr_sql_error(w->x, 1046, "No database selected");
    if (dr_engine_bind_name(w->x, schema, name, &number))
        return DR_RUN_ERROR;
    alias = name;
    bool as = dr_rw_is(w, "AS");
    if (as)
        w->i++;
    const struct dr_token *t = dr_rw_token(w, 0);
    if (as || t->kind == DR_TOK_NAME ||
        (t->kind == DR_TOK_WORD && !reserved_after_table(t->text))) {
        alias = t->text;
        w->i++;
    }
    while (dr_rw_is(w, "USE") || dr_rw_is(w, "FORCE") ||
           dr_rw_is(w, "IGNORE")) { /* index hints */
        while (dr_rw_token(w, 0)->kind != DR_TOK_END && !dr_rw_is(w, ")"))
            w->i++;
        w->i++;
    }
    dr_rw_space(w);
    dr_buf_addf(w->out, "t%zu AS ", number);
    dr_rw_quoted(w->out, '"', alias, strlen(alias));
    if (w->r->from_count < sizeof(w->r->from) / sizeof(w->r->from[0]))
        w->r->from[w->r->from_count++] = (struct dr_from){alias, number};
    return DR_RUN_OK;
}

static bool word_in(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (dr_same_word(*words, s))
            return true;
    return false;
}

/* Whether the item [from, to) ends with an alias. */
static bool has_alias(const struct dr_rw *w, size_t from, size_t to)
{
    static const char *const joins[] = {
        "IS",      "NOT",     "AND",    "OR",       "LIKE",   "IN",     "DIV",    "MOD",
        "BETWEEN", "COLLATE", "BINARY", "DISTINCT", "SELECT", "ALL",    "REGEXP", "RLIKE",
        "CASE",    "WHEN",    "THEN",   "ELSE",     "XOR",    "ESCAPE", NULL};
    static const char *const ends[] = {"NULL", "TRUE", "FALSE", "END", NULL};
    const struct dr_token *t = w->x->cur.t;
    if (to - from < 2)
        return false;
    const struct dr_token *last = &t[to - 1], *prev = &t[to - 2];
    if (dr_token_is(prev, "AS"))
        return true;
    if (last->kind != DR_TOK_WORD && last->kind != DR_TOK_NAME &&
        last->kind != DR_TOK_STRING)
        return false;
    if (last->kind == DR_TOK_WORD && word_in(last->text, ends))
        return false;
    if (prev->kind == DR_TOK_OP)
        return dr_token_is(prev, ")");
    return !(prev->kind == DR_TOK_WORD && word_in(prev->text, joins));
}

static void end_item(struct dr_rw *w)
{
    struct dr_rw_frame *f = dr_rw_top(w);
    const struct dr_token *t = w->x->cur.t;
    size_t from = f->item, to = w->i;
    if (!w->r->name_columns || w->depth || w->named || !f->select_list || to <= from)
        return;
    const struct dr_token *last = &t[to - 1];
    bool star = dr_token_is(last, "*"), alias = !star && has_alias(w, from, to);
    if (w->r->item_count < sizeof(w->r->items) / sizeof(w->r->items[0])) {
        size_t end = !alias ? to : to - 1 - dr_token_is(&t[to - 2], "AS");
        w->r->items[w->r->item_count] = (struct dr_item){from, end, star};
    }
    w->r->item_count++;
    if (star || alias)
        return;
    const char *name = w->x->cur.sql + t[from].from;
    size_t len = last->to - t[from].from;
    bool chain = to - from == 3 && dr_token_is(&t[from + 1], ".");
    if (chain || last->kind == DR_TOK_NAME ||
        (to - from == 1 && last->kind == DR_TOK_STRING)) {
        name = last->text;
        len = last->len;
    }
    dr_buf_adds(w->out, " AS ");
    dr_rw_quoted(w->out, '"', name, len);
}

/* FOR UPDATE and the like: left out. */
static bool locking(struct dr_rw *w)
{
    size_t n = 0;
    if (dr_rw_is(w, "FOR") && (dr_token_is(dr_rw_token(w, 1), "UPDATE") ||
                               dr_token_is(dr_rw_token(w, 1), "SHARE")))
        n = 2;
    else if (dr_rw_is(w, "LOCK") && dr_token_is(dr_rw_token(w, 1), "IN"))
        n = 4;
    if (!n)
        return false;
    w->r->for_update |= dr_token_is(dr_rw_token(w, 1), "UPDATE");
    w->i += n;
    if (dr_rw_is(w, "NOWAIT"))
        w->i++;
    if (dr_rw_is(w, "SKIP"))
        w->i += 2;
    return true;
}

static bool aggregates(const struct dr_rw *w)
{
    static const char *const names[] = {
        "COUNT",   "SUM",    "AVG",          "MIN",           "MAX",
        "BIT_XOR", "BIT_OR", "GROUP_CONCAT", "JSON_ARRAYAGG", NULL};
    const struct dr_cur *c = &w->x->cur;
    for (size_t i = 0; i + 1 < c->count; i++)
        if (c->t[i].kind == DR_TOK_WORD && dr_token_is(&c->t[i + 1], "(") &&
            word_in(c->t[i].text, names))
            return true;
    return false;
}

/* HAVING without groups is a filter over the result's columns; SQLite would make one
 * group of all rows. */
static bool filters(struct dr_rw *w)
{
    struct dr_rw_frame *f = dr_rw_top(w);
    if (f->grouped || !dr_rw_word_is(w, "HAVING") || aggregates(w))
        return false;
    dr_rw_insert(w->out, f->select, "SELECT * FROM (");
    dr_buf_adds(w->out, ") WHERE");
    w->i++;
    return true;
}

/* Words that change the clause. True: dealt with. */
static bool clause(struct dr_rw *w)
{
    static const char *const ends[] = {"WHERE", "GROUP",  "ORDER", "HAVING",
                                       "LIMIT", "WINDOW", "SET",   NULL};
    struct dr_rw_frame *f = dr_rw_top(w);
    const char *s = dr_rw_token(w, 0)->text;
    bool query = f->kind == FRAME_QUERY || w->depth == 0;
    if (dr_same_word(s, "SELECT")) {
        f->kind = w->depth ? FRAME_QUERY : f->kind;
        f->in_from = f->want_table = false;
        f->select_list = true;
        dr_rw_space(w);
        f->select = w->out->len;
        f->grouped = false;
        dr_buf_adds(w->out, "SELECT");
        w->i++;
        while (dr_rw_is(w, "SQL_NO_CACHE") || dr_rw_is(w, "SQL_CALC_FOUND_ROWS") ||
               dr_rw_is(w, "HIGH_PRIORITY"))
            w->i++;
        if (dr_rw_is(w, "DISTINCT") || dr_rw_is(w, "ALL")) {
            dr_buf_addf(w->out, " %s", dr_rw_token(w, 0)->text);
            w->i++;
        }
        f->item = w->i;
        return true;
    }
    if (!query)
        return false;
    if (dr_same_word(s, "FROM") || dr_same_word(s, "UNION") || word_in(s, ends)) {
        end_item(w);
        if (w->depth == 0 && f->select_list)
            w->named = true;
        f->select_list = false;
        f->grouped |= dr_same_word(s, "GROUP");
        f->in_from = f->want_table = dr_same_word(s, "FROM");
        if (f->in_from && dr_token_is(dr_rw_token(w, 1), "DUAL")) {
            f->in_from = f->want_table = false;
            w->i += 2;
            return true;
        }
        if (filters(w))
            return true;
    } else if (dr_same_word(s, "JOIN") || dr_same_word(s, "STRAIGHT_JOIN")) {
        f->want_table = true;
        dr_rw_space(w);
        dr_buf_adds(w->out, "JOIN");
        w->i++;
        return true;
    } else {
        return false;
    }
    dr_rw_space(w);
    dr_buf_adds(w->out, s);
    w->i++;
    return true;
}

static void chain(struct dr_rw *w)
{
    /* a.b.c: SQLite knows tables by alias only */
    if (dr_token_is(dr_rw_token(w, 1), ".") && dr_token_is(dr_rw_token(w, 3), "."))
        w->i += 2;
    dr_rw_operand(w);
    for (bool first = true;; first = false) {
        const struct dr_token *t = dr_rw_token(w, 0);
        bool last = !dr_token_is(dr_rw_token(w, 1), ".");
        if (t->kind == DR_TOK_NAME || !first || !last)
            dr_token_is(t, "*") ? dr_buf_addc(w->out, '*')
                                : dr_rw_quoted(w->out, '"', t->text, t->len);
        else
            dr_buf_adds(w->out, t->text);
        w->i++;
        if (last)
            break;
        dr_buf_addc(w->out, '.');
        w->i++;
    }
    w->call = w->i;
}

static enum dr_run word(struct dr_rw *w)
{
    const struct dr_token *t = dr_rw_token(w, 0), *after = dr_rw_token(w, 1);
    if (dr_rw_top(w)->want_table && !dr_token_is(t, "SELECT"))
        return table_ref(w);
    if (t->kind == DR_TOK_NAME || dr_token_is(after, ".")) {
        chain(w);
        return DR_RUN_OK;
    }
    if (locking(w) || clause(w) || dr_rw_renamed(w))
        return DR_RUN_OK;
    if (dr_rw_word_is(w, "INTERVAL"))
        return dr_rw_interval(w, "");
    if (dr_rw_word_is(w, "VALUES") && w->r->values_def)
        return dr_rw_values_of(w);
    if (t->text[0] == '_' && after->kind == DR_TOK_STRING) { /* _utf8mb4'x' */
        w->i++;
        return DR_RUN_OK;
    }
    if (!dr_rw_connective(w) && !dr_rw_odd_call(w))
        chain(w);
    return DR_RUN_OK;
}

static enum dr_run open_paren(struct dr_rw *w)
{
    struct dr_rw_frame *f = dr_rw_top(w);
    bool call = w->call == w->i && w->i > 0;
    if (w->depth + 1 == sizeof(w->f) / sizeof(w->f[0]))
        return dr_sql_syntax(w->x);
    if (!call) {
        dr_rw_operand(w);
    }
    struct dr_rw_frame inner = {.kind = call ? FRAME_FUNCTION : FRAME_PLAIN,
                                .operand = w->out->len};
    const struct dr_token *name = call ? &w->x->cur.t[w->i - 1] : NULL;
    if (name && dr_token_is(name, "CAST"))
        inner.kind = FRAME_CAST;
    if (name && dr_token_is(name, "CONVERT"))
        inner.kind = FRAME_CONVERT;
    if (f->want_table) {
        f->want_table = false;
        inner.want_table = inner.in_from = !dr_token_is(dr_rw_token(w, 1), "SELECT");
        inner.kind = FRAME_QUERY;
    }
    dr_buf_addc(w->out, '(');
    w->f[++w->depth] = inner;
    w->i++;
    return DR_RUN_OK;
}

static enum dr_run punctuation(struct dr_rw *w)
{
    static const struct {
        const char *in, *out;
    } ops[] = {{"||", " OR "},
               {"&&", " AND "},
               {"<=>", " IS "},
               {"/", " *1.0/ "},
               {"!", " NOT "}};
    struct dr_rw_frame *f = dr_rw_top(w);
    if (dr_rw_is(w, "("))
        return open_paren(w);
    if (dr_rw_is(w, ")")) {
        if (!w->depth)
            return dr_sql_syntax(w->x);
        dr_buf_addc(w->out, ')');
        w->depth--;
        w->i++;
        return DR_RUN_OK;
    }
    if ((dr_rw_is(w, "+") || dr_rw_is(w, "-")) &&
        dr_token_is(dr_rw_token(w, 1), "INTERVAL"))
        return dr_rw_plus_interval(w);
    if (dr_rw_is(w, ",")) {
        end_item(w);
        f->item = w->i + 1;
        f->want_table = f->in_from;
        if (f->kind == FRAME_CONVERT) {
            w->i++;
            dr_rw_cast_type(w);
            return DR_RUN_OK;
        }
    }
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (dr_rw_is(w, ops[i].in)) {
            dr_buf_adds(w->out, ops[i].out);
            w->i++;
            return DR_RUN_OK;
        }
    }
    if (dr_rw_is(w, ":=") || dr_rw_is(w, "^") || dr_rw_is(w, "{"))
        return dr_sql_syntax(w->x);
    dr_buf_addf(w->out, " %s", dr_rw_token(w, 0)->text);
    w->i++;
    return DR_RUN_OK;
}

static void find_ctes(struct dr_rw *w)
{
    if (!dr_rw_is(w, "WITH"))
        return;
    const struct dr_token *t = w->x->cur.t;
    for (size_t i = w->i + 1; i + 2 < w->to && w->cte_count < 8; i++)
        if (dr_token_is(&t[i + 1], "AS") && dr_token_is(&t[i + 2], "("))
            w->ctes[w->cte_count++] = t[i].text;
}

static enum dr_run step(struct dr_rw *w)
{
    switch (dr_rw_token(w, 0)->kind) {
    case DR_TOK_WORD:
    case DR_TOK_NAME:
        return word(w);
    case DR_TOK_STRING:
        if (w->i && dr_rw_top(w)->select_list &&
            has_alias(w, dr_rw_top(w)->item, w->i + 1) &&
            !dr_token_is(dr_rw_token(w, 1), "(")) { /* SELECT 1 'x' */
            const struct dr_token *t = dr_rw_token(w, 0);
            dr_rw_space(w);
            dr_rw_quoted(w->out, '"', t->text, t->len);
            w->i++;
            return DR_RUN_OK;
        }
        dr_rw_literal(w);
        return DR_RUN_OK;
    case DR_TOK_NUMBER:
    case DR_TOK_HEX:
        dr_rw_literal(w);
        return DR_RUN_OK;
    case DR_TOK_OP:
        return punctuation(w);
    case DR_TOK_SYSVAR:
        return dr_rw_sys_var(w);
    case DR_TOK_USERVAR:
        dr_rw_user_var(w);
        return DR_RUN_OK;
    case DR_TOK_END:
    case DR_TOK_BAD:
        break;
    }
    return dr_sql_syntax(w->x);
}

enum dr_run dr_rewrite_tokens(struct dr_rewrite *r, size_t from, size_t to)
{
    struct dr_rw *w = DR_NEW(r->x->a, struct dr_rw);
    *w = (struct dr_rw){.r = r, .x = r->x, .out = &r->out, .i = from, .to = to};
    w->call = SIZE_MAX;
    w->f[0].in_from = w->f[0].want_table = r->tables;
    find_ctes(w);
    while (w->i < w->to) {
        size_t cursor = r->x->cur.i;
        r->x->cur.i = w->i; /* where an error would point */
        if (step(w))
            return DR_RUN_ERROR;
        r->x->cur.i = cursor;
    }
    if (w->depth)
        return dr_sql_syntax(r->x);
    end_item(w);
    return r->out.overflow ? dr_sql_error(r->x, 1153,
                                          "Got a packet bigger than "
                                          "'max_allowed_packet' bytes")
                           : DR_RUN_OK;
}
