/* What stands for a value in TiDB's SQL, as SQLite spells it: variables, literals,
 * intervals, casts, and words that mean another thing there. */
#include <string.h>

#include "controller/base/num.h"
#include "controller/estate/model/sql_rewrite.h"
#include "controller/estate/model/sql_vars.h"

void dr_literal_text(const struct dr_datum *d, struct dr_buf *out)
{
    switch (d->kind) {
    case DR_DATUM_NULL:
        dr_buf_adds(out, "NULL");
        break;
    case DR_DATUM_INT:
        dr_buf_addf(out, "%lld", (long long)d->i);
        break;
    case DR_DATUM_REAL:
        dr_buf_addf(out, "%.17g", d->r);
        break;
    case DR_DATUM_TEXT:
        dr_rw_quoted(out, '\'', d->s, d->len);
        break;
    case DR_DATUM_BLOB:
        dr_buf_adds(out, "x'");
        for (size_t i = 0; i < d->len; i++)
            dr_buf_addf(out, "%02x", (unsigned char)d->s[i]);
        dr_buf_addc(out, '\'');
        break;
    }
}

enum dr_run dr_rw_sys_var(struct dr_rw *w)
{
    const char *spec = dr_rw_token(w, 0)->text, *value, *dot = strchr(spec, '.');
    if (dr_var_read(w->x, spec, true, &value))
        return DR_RUN_ERROR;
    int i = dr_var_find(dot ? dot + 1 : spec);
    bool number = dr_vars[i].type == DR_VAR_BOOL || dr_vars[i].type == DR_VAR_INT;
    dr_rw_operand(w);
    if (number)
        dr_buf_adds(w->out, value);
    else
        dr_rw_quoted(w->out, '\'', value, strlen(value));
    w->i++;
    return DR_RUN_OK;
}

void dr_rw_user_var(struct dr_rw *w)
{
    const struct dr_user_var *v = w->x->s->user_vars;
    while (v && !dr_same_word(v->name, dr_rw_token(w, 0)->text))
        v = v->next;
    dr_rw_operand(w);
    int64_t n;
    if (!v || !v->value)
        dr_buf_adds(w->out, "NULL");
    else if (dr_parse_i64(v->value, strlen(v->value), &n))
        dr_buf_adds(w->out, v->value);
    else
        dr_rw_quoted(w->out, '\'', v->value, strlen(v->value));
    w->i++;
}

void dr_rw_literal(struct dr_rw *w)
{
    const struct dr_token *t = dr_rw_token(w, 0);
    uint64_t n;
    dr_rw_operand(w);
    if (t->kind == DR_TOK_HEX) {
        dr_buf_addf(w->out, t->len % 2 ? "x'0%s'" : "x'%s'", t->text);
    } else if (t->kind == DR_TOK_STRING && memchr(t->text, 0, t->len)) {
        dr_buf_adds(w->out, "CAST(x'");
        for (size_t i = 0; i < t->len; i++)
            dr_buf_addf(w->out, "%02x", (unsigned char)t->text[i]);
        dr_buf_adds(w->out, "' AS TEXT)");
    } else if (t->kind == DR_TOK_STRING) {
        dr_rw_quoted(w->out, '\'', t->text, t->len);
    } else if (dr_parse_u64(t->text, t->len, &n) && n > INT64_MAX) {
        dr_rw_quoted(w->out, '\'', t->text, t->len); /* SQLite would make it a real */
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
enum dr_run dr_rw_interval(struct dr_rw *w, const char *sign)
{
    size_t from = ++w->i, depth = 0, to = w->to;
    while (w->i < to && (depth || !unit_of(dr_rw_token(w, 0)))) {
        depth += dr_rw_is(w, "(");
        depth -= dr_rw_is(w, ")");
        w->i++;
    }
    const char *unit = unit_of(dr_rw_token(w, 0));
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

enum dr_run dr_rw_plus_interval(struct dr_rw *w)
{
    const char *sign = dr_rw_is(w, "-") ? "-" : "";
    w->i++;
    dr_rw_insert(w->out, dr_rw_top(w)->operand, "dr_date_add(");
    dr_buf_addc(w->out, ',');
    if (dr_rw_interval(w, sign))
        return DR_RUN_ERROR;
    dr_buf_addc(w->out, ')');
    return DR_RUN_OK;
}

/* The type of CAST, up to the closing parenthesis. */
void dr_rw_cast_type(struct dr_rw *w)
{
    dr_buf_adds(w->out, ", '");
    size_t depth = 0;
    for (; w->i < w->to && (depth || !dr_rw_is(w, ")")); w->i++) {
        depth += dr_rw_is(w, "(");
        depth -= dr_rw_is(w, ")");
        dr_buf_adds(w->out, dr_rw_token(w, 0)->text);
    }
    dr_buf_addc(w->out, '\'');
}

enum dr_run dr_rw_values_of(struct dr_rw *w)
{
    const char *name = dr_rw_token(w, 2)->text;
    int i = w->r->values_def ? dr_table_column(w->r->values_def, name) : -1;
    if (i < 0)
        return dr_sql_error(w->x, 1054, "Unknown column '%s' in 'field list'", name);
    dr_rw_operand(w);
    dr_literal_text(&w->r->values[i], w->out);
    w->i += 4;
    return DR_RUN_OK;
}

/* Words that SQLite spells differently. True: dealt with. */
bool dr_rw_renamed(struct dr_rw *w)
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
    const char *s = dr_rw_token(w, 0)->text;
    bool call = dr_token_is(dr_rw_token(w, 1), "(");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!dr_same_word(words[i].in, s) || (words[i].call && !call))
            continue;
        if (call && !words[i].call) {
            if (strcmp(words[i].in, "MOD") == 0 || !strstr(words[i].out, "()"))
                return false; /* MOD(a, b) */
            w->i++;           /* NOW(3) and NOW() alike */
            if (dr_token_is(dr_rw_token(w, 2), ")")) {
                dr_rw_operand(w);
                dr_buf_addf(w->out, "NOW(%s)", dr_rw_token(w, 1)->text);
                w->i += 3;
                return true;
            }
            w->i += 1; /* the closing one goes below */
        }
        dr_rw_operand(w);
        dr_buf_adds(w->out, words[i].out);
        w->i++;
        if (words[i].call)
            w->call = w->i;
        return true;
    }
    return false;
}

/* AS, USING, COLLATE, which mean other things by where they stand. */
bool dr_rw_connective(struct dr_rw *w)
{
    struct dr_rw_frame *f = dr_rw_top(w);
    const struct dr_token *after = dr_rw_token(w, 1);
    if (dr_rw_word_is(w, "COLLATE")) {
        size_t n = after->len;
        dr_rw_space(w);
        dr_buf_adds(w->out, n > 3 && dr_same_word(after->text + n - 3, "_ci")
                                ? "COLLATE NOCASE"
                                : "COLLATE BINARY");
        w->i += 2;
    } else if (dr_rw_word_is(w, "AS") && f->kind == FRAME_CAST) {
        w->i++;
        dr_rw_cast_type(w);
    } else if (dr_rw_word_is(w, "USING") && f->kind == FRAME_CONVERT) {
        dr_buf_adds(w->out, ", 'CHAR'");
        w->i += 2;
    } else if (dr_rw_word_is(w, "AS") && after->kind == DR_TOK_STRING) {
        dr_buf_adds(w->out, " AS ");
        dr_rw_quoted(w->out, '"', after->text, after->len);
        w->i += 2;
    } else {
        return false;
    }
    return true;
}

/* Calls whose arguments SQLite would not read. */
bool dr_rw_odd_call(struct dr_rw *w)
{
    const struct dr_token *t = dr_rw_token(w, 0);
    bool call = dr_token_is(dr_rw_token(w, 1), "("),
         diff = call && dr_rw_word_is(w, "TIMESTAMPDIFF");
    if (diff || (call && (dr_rw_word_is(w, "CAST") || dr_rw_word_is(w, "CONVERT")))) {
        dr_rw_operand(w);
        dr_buf_adds(w->out, diff ? t->text : "dr_cast");
        w->call = ++w->i;
        return true;
    }
    if (!unit_of(t) || !dr_token_is(dr_rw_token(w, 1), ",") ||
        dr_rw_top(w)->kind != FRAME_FUNCTION)
        return false;
    dr_rw_operand(w);
    dr_buf_addf(w->out, "'%s'", unit_of(t));
    w->i++;
    return true;
}
