/* TiDB's SQL into SQLite's: strings and names quoted its way, variables replaced by their
 * values, tables by the virtual tables that stand for them, and the few constructs that
 * SQLite spells differently. Privileges on tables are checked as they are met. */
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_engine.h"
#include "controller/estate/model/sql_vars.h"

enum frame_kind { FRAME_PLAIN, FRAME_QUERY, FRAME_CAST, FRAME_CONVERT, FRAME_FUNCTION };

struct frame {
    enum frame_kind kind;
    bool in_from, want_table, select_list;
    bool grouped;
    size_t select;  /* where its SELECT starts in the output */
    size_t operand; /* where the last operand starts in the output */
    size_t item;    /* token where the select item began */
};

struct work {
    struct dr_rewrite *r;
    struct dr_exec *x;
    struct dr_buf *out;
    size_t i, to;
    struct frame f[48];
    size_t depth;
    bool named; /* the first SELECT's items were named */
    const char *ctes[8];
    size_t cte_count;
    size_t call; /* 1 + token index of a function's name just emitted */
};

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

static const struct dr_token *tok(const struct work *w, size_t ahead)
{
    static const struct dr_token end = {DR_TOK_END, "", 0, 0, 0};
    return w->i + ahead < w->to ? &w->x->cur.t[w->i + ahead] : &end;
}

static bool is(const struct work *w, const char *word)
{
    return dr_token_is(tok(w, 0), word);
}

static struct frame *top(struct work *w)
{
    return &w->f[w->depth];
}

static void quoted(struct dr_buf *out, char q, const char *s, size_t len)
{
    dr_buf_addc(out, q);
    for (size_t i = 0; i < len; i++) {
        if (s[i] == q)
            dr_buf_addc(out, q);
        dr_buf_addc(out, s[i]);
    }
    dr_buf_addc(out, q);
}

static void space(struct work *w)
{
    if (w->out->len)
        dr_buf_addc(w->out, ' ');
}

static void operand(struct work *w)
{
    space(w);
    top(w)->operand = w->out->len;
}

static void insert_at(struct dr_buf *b, size_t at, const char *s)
{
    size_t n = strlen(s);
    dr_buf_adds(b, s);
    if (b->overflow)
        return;
    memmove(b->data + at + n, b->data + at, b->len - n - at);
    memcpy(b->data + at, s, n);
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

static enum dr_run table_ref(struct work *w)
{
    const char *schema = w->x->s->db, *name = tok(w, 0)->text, *alias;
    size_t number = 0;
    w->i++;
    top(w)->want_table = false;
    for (size_t k = 0; k < w->cte_count; k++) {
        if (dr_same_word(w->ctes[k], name) && !is(w, ".")) {
            space(w);
            quoted(w->out, '"', name, strlen(name));
            return DR_RUN_OK;
        }
    }
    if (is(w, ".")) {
        schema = name;
        name = tok(w, 1)->text;
        w->i += 2;
    }
    if (!schema)
        return dr_sql_error(w->x, 1046, "No database selected");
    if (dr_engine_bind_name(w->x, schema, name, &number))
        return DR_RUN_ERROR;
    alias = name;
    bool as = is(w, "AS");
    if (as)
        w->i++;
    const struct dr_token *t = tok(w, 0);
    if (as || t->kind == DR_TOK_NAME ||
        (t->kind == DR_TOK_WORD && !reserved_after_table(t->text))) {
        alias = t->text;
        w->i++;
    }
    while (is(w, "USE") || is(w, "FORCE") || is(w, "IGNORE")) { /* index hints */
        while (tok(w, 0)->kind != DR_TOK_END && !is(w, ")"))
            w->i++;
        w->i++;
    }
    space(w);
    dr_buf_addf(w->out, "t%zu AS ", number);
    quoted(w->out, '"', alias, strlen(alias));
    if (w->r->from_count < sizeof(w->r->from) / sizeof(w->r->from[0]))
        w->r->from[w->r->from_count++] = (struct dr_from){alias, number};
    return DR_RUN_OK;
}

/* ---- select items ---- */

static bool word_in(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (dr_same_word(*words, s))
            return true;
    return false;
}

static bool word_is(const struct work *w, const char *word)
{
    return dr_same_word(tok(w, 0)->text, word);
}

/* Whether the item [from, to) ends with an alias. */
static bool has_alias(const struct work *w, size_t from, size_t to)
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

static void end_item(struct work *w)
{
    struct frame *f = top(w);
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
    quoted(w->out, '"', name, len);
}

/* ---- pieces ---- */

static enum dr_run sys_var(struct work *w)
{
    const char *spec = tok(w, 0)->text, *value, *dot = strchr(spec, '.');
    if (dr_var_read(w->x, spec, true, &value))
        return DR_RUN_ERROR;
    int i = dr_var_find(dot ? dot + 1 : spec);
    bool number = dr_vars[i].type == DR_VAR_BOOL || dr_vars[i].type == DR_VAR_INT;
    operand(w);
    if (number)
        dr_buf_adds(w->out, value);
    else
        quoted(w->out, '\'', value, strlen(value));
    w->i++;
    return DR_RUN_OK;
}

static void user_var(struct work *w)
{
    const struct dr_user_var *v = w->x->s->user_vars;
    while (v && !dr_same_word(v->name, tok(w, 0)->text))
        v = v->next;
    operand(w);
    int64_t n;
    if (!v || !v->value)
        dr_buf_adds(w->out, "NULL");
    else if (dr_parse_i64(v->value, strlen(v->value), &n))
        dr_buf_adds(w->out, v->value);
    else
        quoted(w->out, '\'', v->value, strlen(v->value));
    w->i++;
}

static void literal(struct work *w)
{
    const struct dr_token *t = tok(w, 0);
    uint64_t n;
    operand(w);
    if (t->kind == DR_TOK_HEX) {
        dr_buf_addf(w->out, t->len % 2 ? "x'0%s'" : "x'%s'", t->text);
    } else if (t->kind == DR_TOK_STRING && memchr(t->text, 0, t->len)) {
        dr_buf_adds(w->out, "CAST(x'");
        for (size_t i = 0; i < t->len; i++)
            dr_buf_addf(w->out, "%02x", (unsigned char)t->text[i]);
        dr_buf_adds(w->out, "' AS TEXT)");
    } else if (t->kind == DR_TOK_STRING) {
        quoted(w->out, '\'', t->text, t->len);
    } else if (dr_parse_u64(t->text, t->len, &n) && n > INT64_MAX) {
        quoted(w->out, '\'', t->text, t->len); /* SQLite would make it a real */
    } else {
        dr_buf_adds(w->out, t->text);
    }
    w->i++;
}

static const char *unit_of(const struct dr_token *t)
{
    static const char *const units[] = {"MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY",
                                        "WEEK",        "MONTH",  "YEAR",   NULL};
    for (size_t i = 0; t->kind == DR_TOK_WORD && units[i]; i++)
        if (dr_same_word(units[i], t->text))
            return units[i];
    return NULL;
}

/* INTERVAL n UNIT at the cursor: "n, 'UNIT'". */
static enum dr_run interval(struct work *w, const char *sign)
{
    size_t from = ++w->i, depth = 0, to = w->to;
    while (w->i < to && (depth || !unit_of(tok(w, 0)))) {
        depth += is(w, "(");
        depth -= is(w, ")");
        w->i++;
    }
    const char *unit = unit_of(tok(w, 0));
    if (!unit)
        return dr_sql_syntax(w->x);
    size_t end = w->i + 1;
    dr_buf_addf(w->out, " %s(", sign);
    struct dr_rewrite inner = *w->r;
    inner.name_columns = inner.tables = false;
    inner.out = *w->out;
    enum dr_run r = dr_rewrite_tokens(&inner, from, w->i);
    *w->out = inner.out;
    if (r)
        return r;
    dr_buf_addf(w->out, "), '%s'", unit);
    w->i = end;
    return DR_RUN_OK;
}

static enum dr_run plus_interval(struct work *w)
{
    const char *sign = is(w, "-") ? "-" : "";
    w->i++;
    insert_at(w->out, top(w)->operand, "dr_date_add(");
    dr_buf_addc(w->out, ',');
    if (interval(w, sign))
        return DR_RUN_ERROR;
    dr_buf_addc(w->out, ')');
    return DR_RUN_OK;
}

/* The type of CAST, up to the closing parenthesis. */
static void cast_type(struct work *w)
{
    dr_buf_adds(w->out, ", '");
    size_t depth = 0;
    for (; w->i < w->to && (depth || !is(w, ")")); w->i++) {
        depth += is(w, "(");
        depth -= is(w, ")");
        dr_buf_adds(w->out, tok(w, 0)->text);
    }
    dr_buf_addc(w->out, '\'');
}

static enum dr_run values_of(struct work *w)
{
    const char *name = tok(w, 2)->text;
    int i = w->r->values_def ? dr_table_column(w->r->values_def, name) : -1;
    if (i < 0)
        return dr_sql_error(w->x, 1054, "Unknown column '%s' in 'field list'", name);
    operand(w);
    dr_literal_text(&w->r->values[i], w->out);
    w->i += 4;
    return DR_RUN_OK;
}

/* FOR UPDATE and the like: left out. */
static bool locking(struct work *w)
{
    size_t n = 0;
    if (is(w, "FOR") &&
        (dr_token_is(tok(w, 1), "UPDATE") || dr_token_is(tok(w, 1), "SHARE")))
        n = 2;
    else if (is(w, "LOCK") && dr_token_is(tok(w, 1), "IN"))
        n = 4;
    if (!n)
        return false;
    w->r->for_update |= dr_token_is(tok(w, 1), "UPDATE");
    w->i += n;
    if (is(w, "NOWAIT"))
        w->i++;
    if (is(w, "SKIP"))
        w->i += 2;
    return true;
}

static bool aggregates(const struct work *w)
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
static bool filters(struct work *w)
{
    struct frame *f = top(w);
    if (f->grouped || !word_is(w, "HAVING") || aggregates(w))
        return false;
    insert_at(w->out, f->select, "SELECT * FROM (");
    dr_buf_adds(w->out, ") WHERE");
    w->i++;
    return true;
}

/* Words that change the clause. True: dealt with. */
static bool clause(struct work *w)
{
    static const char *const ends[] = {"WHERE", "GROUP",  "ORDER", "HAVING",
                                       "LIMIT", "WINDOW", "SET",   NULL};
    struct frame *f = top(w);
    const char *s = tok(w, 0)->text;
    bool query = f->kind == FRAME_QUERY || w->depth == 0;
    if (dr_same_word(s, "SELECT")) {
        f->kind = w->depth ? FRAME_QUERY : f->kind;
        f->in_from = f->want_table = false;
        f->select_list = true;
        space(w);
        f->select = w->out->len;
        f->grouped = false;
        dr_buf_adds(w->out, "SELECT");
        w->i++;
        while (is(w, "SQL_NO_CACHE") || is(w, "SQL_CALC_FOUND_ROWS") ||
               is(w, "HIGH_PRIORITY"))
            w->i++;
        if (is(w, "DISTINCT") || is(w, "ALL")) {
            dr_buf_addf(w->out, " %s", tok(w, 0)->text);
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
        if (f->in_from && dr_token_is(tok(w, 1), "DUAL")) {
            f->in_from = f->want_table = false;
            w->i += 2;
            return true;
        }
        if (filters(w))
            return true;
    } else if (dr_same_word(s, "JOIN") || dr_same_word(s, "STRAIGHT_JOIN")) {
        f->want_table = true;
        space(w);
        dr_buf_adds(w->out, "JOIN");
        w->i++;
        return true;
    } else {
        return false;
    }
    space(w);
    dr_buf_adds(w->out, s);
    w->i++;
    return true;
}

/* Words that SQLite spells differently. True: dealt with. */
static bool renamed(struct work *w)
{
    static const struct {
        const char *in, *out;
        bool call; /* only before a parenthesis */
    } words[] = {
        {"LEFT", "dr_left", true},
        {"RIGHT", "dr_right", true},
        {"ISNULL", "dr_isnull", true},
        {"CURRENT_TIMESTAMP", "NOW()", false},
        {"LOCALTIMESTAMP", "NOW()", false},
        {"LOCALTIME", "NOW()", false},
        {"CURRENT_DATE", "CURDATE()", false},
        {"CURRENT_USER", "CURRENT_USER()", false},
        {"UTC_TIMESTAMP", "NOW()", false},
        {"DIV", "/", false},
        {"MOD", "%", false},
        {"RLIKE", "REGEXP", false},
        {"SEPARATOR", ",", false},
        {"BINARY", "", false},
        {"LENGTH", "OCTET_LENGTH", true},
    };
    const char *s = tok(w, 0)->text;
    bool call = dr_token_is(tok(w, 1), "(");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!dr_same_word(words[i].in, s) || (words[i].call && !call))
            continue;
        if (call && !words[i].call) {
            if (strcmp(words[i].in, "MOD") == 0 || !strstr(words[i].out, "()"))
                return false; /* MOD(a, b) */
            w->i++;           /* NOW(3) and NOW() alike */
            if (dr_token_is(tok(w, 2), ")")) {
                operand(w);
                dr_buf_addf(w->out, "NOW(%s)", tok(w, 1)->text);
                w->i += 3;
                return true;
            }
            w->i += 1; /* the closing one goes below */
        }
        operand(w);
        dr_buf_adds(w->out, words[i].out);
        w->i++;
        if (words[i].call)
            w->call = w->i;
        return true;
    }
    return false;
}

static void chain(struct work *w)
{
    /* a.b.c: SQLite knows tables by alias only */
    if (dr_token_is(tok(w, 1), ".") && dr_token_is(tok(w, 3), "."))
        w->i += 2;
    operand(w);
    for (bool first = true;; first = false) {
        const struct dr_token *t = tok(w, 0);
        bool last = !dr_token_is(tok(w, 1), ".");
        if (t->kind == DR_TOK_NAME || !first || !last)
            dr_token_is(t, "*") ? dr_buf_addc(w->out, '*')
                                : quoted(w->out, '"', t->text, t->len);
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

/* AS, USING, COLLATE, which mean other things by where they stand. */
static bool connective(struct work *w)
{
    struct frame *f = top(w);
    const struct dr_token *after = tok(w, 1);
    if (word_is(w, "COLLATE")) {
        size_t n = after->len;
        space(w);
        dr_buf_adds(w->out, n > 3 && dr_same_word(after->text + n - 3, "_ci")
                                ? "COLLATE NOCASE"
                                : "COLLATE BINARY");
        w->i += 2;
    } else if (word_is(w, "AS") && f->kind == FRAME_CAST) {
        w->i++;
        cast_type(w);
    } else if (word_is(w, "USING") && f->kind == FRAME_CONVERT) {
        dr_buf_adds(w->out, ", 'CHAR'");
        w->i += 2;
    } else if (word_is(w, "AS") && after->kind == DR_TOK_STRING) {
        dr_buf_adds(w->out, " AS ");
        quoted(w->out, '"', after->text, after->len);
        w->i += 2;
    } else {
        return false;
    }
    return true;
}

/* Calls whose arguments SQLite would not read. */
static bool odd_call(struct work *w)
{
    const struct dr_token *t = tok(w, 0);
    bool call = dr_token_is(tok(w, 1), "("), diff = call && word_is(w, "TIMESTAMPDIFF");
    if (diff || (call && (word_is(w, "CAST") || word_is(w, "CONVERT")))) {
        operand(w);
        dr_buf_adds(w->out, diff ? t->text : "dr_cast");
        w->call = ++w->i;
        return true;
    }
    if (!unit_of(t) || !dr_token_is(tok(w, 1), ",") || top(w)->kind != FRAME_FUNCTION)
        return false;
    operand(w);
    dr_buf_addf(w->out, "'%s'", unit_of(t));
    w->i++;
    return true;
}

static enum dr_run word(struct work *w)
{
    const struct dr_token *t = tok(w, 0), *after = tok(w, 1);
    if (top(w)->want_table && !dr_token_is(t, "SELECT"))
        return table_ref(w);
    if (t->kind == DR_TOK_NAME || dr_token_is(after, ".")) {
        chain(w);
        return DR_RUN_OK;
    }
    if (locking(w) || clause(w) || renamed(w))
        return DR_RUN_OK;
    if (word_is(w, "INTERVAL"))
        return interval(w, "");
    if (word_is(w, "VALUES") && w->r->values_def)
        return values_of(w);
    if (t->text[0] == '_' && after->kind == DR_TOK_STRING) { /* _utf8mb4'x' */
        w->i++;
        return DR_RUN_OK;
    }
    if (!connective(w) && !odd_call(w))
        chain(w);
    return DR_RUN_OK;
}

static enum dr_run open_paren(struct work *w)
{
    struct frame *f = top(w);
    bool call = w->call == w->i && w->i > 0;
    if (w->depth + 1 == sizeof(w->f) / sizeof(w->f[0]))
        return dr_sql_syntax(w->x);
    if (!call) {
        operand(w);
    }
    struct frame inner = {.kind = call ? FRAME_FUNCTION : FRAME_PLAIN,
                          .operand = w->out->len};
    const struct dr_token *name = call ? &w->x->cur.t[w->i - 1] : NULL;
    if (name && dr_token_is(name, "CAST"))
        inner.kind = FRAME_CAST;
    if (name && dr_token_is(name, "CONVERT"))
        inner.kind = FRAME_CONVERT;
    if (f->want_table) {
        f->want_table = false;
        inner.want_table = inner.in_from = !dr_token_is(tok(w, 1), "SELECT");
        inner.kind = FRAME_QUERY;
    }
    dr_buf_addc(w->out, '(');
    w->f[++w->depth] = inner;
    w->i++;
    return DR_RUN_OK;
}

static enum dr_run punctuation(struct work *w)
{
    static const struct {
        const char *in, *out;
    } ops[] = {{"||", " OR "},
               {"&&", " AND "},
               {"<=>", " IS "},
               {"/", " *1.0/ "},
               {"!", " NOT "}};
    struct frame *f = top(w);
    if (is(w, "("))
        return open_paren(w);
    if (is(w, ")")) {
        if (!w->depth)
            return dr_sql_syntax(w->x);
        dr_buf_addc(w->out, ')');
        w->depth--;
        w->i++;
        return DR_RUN_OK;
    }
    if ((is(w, "+") || is(w, "-")) && dr_token_is(tok(w, 1), "INTERVAL"))
        return plus_interval(w);
    if (is(w, ",")) {
        end_item(w);
        f->item = w->i + 1;
        f->want_table = f->in_from;
        if (f->kind == FRAME_CONVERT) {
            w->i++;
            cast_type(w);
            return DR_RUN_OK;
        }
    }
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (is(w, ops[i].in)) {
            dr_buf_adds(w->out, ops[i].out);
            w->i++;
            return DR_RUN_OK;
        }
    }
    if (is(w, ":=") || is(w, "^") || is(w, "{"))
        return dr_sql_syntax(w->x);
    dr_buf_addf(w->out, " %s", tok(w, 0)->text);
    w->i++;
    return DR_RUN_OK;
}

static void find_ctes(struct work *w)
{
    if (!is(w, "WITH"))
        return;
    const struct dr_token *t = w->x->cur.t;
    for (size_t i = w->i + 1; i + 2 < w->to && w->cte_count < 8; i++)
        if (dr_token_is(&t[i + 1], "AS") && dr_token_is(&t[i + 2], "("))
            w->ctes[w->cte_count++] = t[i].text;
}

static enum dr_run step(struct work *w)
{
    switch (tok(w, 0)->kind) {
    case DR_TOK_WORD:
    case DR_TOK_NAME:
        return word(w);
    case DR_TOK_STRING:
        if (w->i && top(w)->select_list && has_alias(w, top(w)->item, w->i + 1) &&
            !dr_token_is(tok(w, 1), "(")) { /* SELECT 1 'x' */
            const struct dr_token *t = tok(w, 0);
            space(w);
            quoted(w->out, '"', t->text, t->len);
            w->i++;
            return DR_RUN_OK;
        }
        literal(w);
        return DR_RUN_OK;
    case DR_TOK_NUMBER:
    case DR_TOK_HEX:
        literal(w);
        return DR_RUN_OK;
    case DR_TOK_OP:
        return punctuation(w);
    case DR_TOK_SYSVAR:
        return sys_var(w);
    case DR_TOK_USERVAR:
        user_var(w);
        return DR_RUN_OK;
    case DR_TOK_END:
    case DR_TOK_BAD:
        break;
    }
    return dr_sql_syntax(w->x);
}

enum dr_run dr_rewrite_tokens(struct dr_rewrite *r, size_t from, size_t to)
{
    struct work *w = DR_NEW(r->x->a, struct work);
    *w = (struct work){.r = r, .x = r->x, .out = &r->out, .i = from, .to = to};
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
