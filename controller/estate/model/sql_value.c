/* Values on their way into a column: conversion and checks of strict mode (docs:
 * sql-mode.md), defaults, generated columns. */
#include "controller/estate/model/sql_value.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/estate/model/sql_engine.h"

size_t dr_expr_end(const struct dr_cur *c, size_t from, size_t to)
{
    size_t depth = 0, i = from;
    for (; i < to; i++) {
        depth += dr_token_is(&c->t[i], "(");
        if (dr_token_is(&c->t[i], ")") && depth-- == 0)
            break;
        if (dr_token_is(&c->t[i], ",") && !depth)
            break;
    }
    return i;
}

static struct dr_datum text_datum(const char *s, size_t len)
{
    return (struct dr_datum){.kind = DR_DATUM_TEXT, .s = s, .len = len};
}

/* A single literal needs no evaluator. */
static bool simple(const struct dr_token *t, bool minus, struct dr_datum *d)
{
    int64_t n;
    char text[32];
    if (t->kind == DR_TOK_STRING && !minus) {
        *d = text_datum(t->text, t->len);
        return true;
    }
    if (t->kind == DR_TOK_NUMBER && t->len < 20) {
        snprintf(text, sizeof(text), "%s%s", minus ? "-" : "", t->text);
        if (!dr_parse_i64(text, strlen(text), &n))
            return false;
        *d = (struct dr_datum){.kind = DR_DATUM_INT, .i = n};
        return true;
    }
    if (dr_token_is(t, "NULL") && !minus) {
        *d = (struct dr_datum){0};
        return true;
    }
    return false;
}

enum dr_run dr_value_eval(struct dr_exec *x, size_t from, size_t to, struct dr_datum *d)
{
    const struct dr_token *t = x->cur.t;
    struct dr_rewrite rw;
    struct dr_rows rows;
    if (to == from + 1 && simple(&t[from], false, d))
        return DR_RUN_OK;
    if (to == from + 2 && dr_token_is(&t[from], "-") && simple(&t[from + 1], true, d))
        return DR_RUN_OK;
    dr_rewrite_init(&rw, x);
    dr_buf_adds(&rw.out, "SELECT ");
    enum dr_run r = dr_rewrite_tokens(&rw, from, to);
    if (!r)
        r = dr_engine_query(x, dr_buf_str(&rw.out), &rows);
    dr_rewrite_release(&rw);
    if (!r)
        *d = rows.count ? rows.v[0] : (struct dr_datum){0};
    return r;
}

enum dr_run dr_value_default(struct dr_exec *x, const struct dr_column *col,
                             struct dr_datum *d)
{
    *d = (struct dr_datum){0};
    if (col->has_default && col->default_expr) {
        struct dr_exec y = *x;
        const char *sql = col->default_text;
        dr_lex(x->a, sql, strlen(sql), &y.cur);
        enum dr_run r = dr_value_eval(&y, 0, y.cur.count, d);
        return r;
    }
    if (col->has_default && col->default_text)
        *d = text_datum(col->default_text, strlen(col->default_text));
    else if (!col->has_default && col->not_null && !col->auto_increment &&
             !col->auto_random && !col->generated)
        return dr_sql_error(x, 1364, "Field '%s' doesn't have a default value",
                            col->name);
    return DR_RUN_OK;
}

enum dr_run dr_value_generate(struct dr_exec *x, const struct dr_table_def *def,
                              struct dr_datum *v)
{
    for (size_t i = 0; i < def->column_count; i++) {
        if (!def->columns[i].generated)
            continue;
        struct dr_exec y = *x;
        struct dr_rewrite rw;
        struct dr_rows rows;
        const char *sql = def->columns[i].generated;
        dr_lex(x->a, sql, strlen(sql), &y.cur);
        dr_rewrite_init(&rw, &y);
        dr_buf_adds(&rw.out, "SELECT ");
        enum dr_run r = dr_rewrite_tokens(&rw, 0, y.cur.count);
        dr_buf_adds(&rw.out, " FROM (SELECT ");
        for (size_t k = 0; k < def->column_count; k++) {
            dr_buf_adds(&rw.out, k ? "," : "");
            dr_literal_text(&v[k], &rw.out);
            dr_buf_addf(&rw.out, " AS \"%s\"", def->columns[k].name);
        }
        dr_buf_addc(&rw.out, ')');
        if (!r)
            r = dr_engine_query(&y, dr_buf_str(&rw.out), &rows);
        dr_rewrite_release(&rw);
        if (r)
            return r;
        v[i] = rows.count ? rows.v[0] : (struct dr_datum){0};
        if (dr_value_fit(x, &def->columns[i], &v[i], 1))
            return DR_RUN_ERROR;
    }
    return DR_RUN_OK;
}

/* ---- conversion ---- */

static enum dr_run range(struct dr_exec *x, const struct dr_column *col, size_t row)
{
    return dr_sql_error(x, 1264, "Out of range value for column '%s' at row %zu",
                        col->name, row);
}

static enum dr_run incorrect(struct dr_exec *x, const char *what, int number,
                             const struct dr_column *col, const struct dr_datum *d,
                             size_t row)
{
    return dr_sql_error(x, number, "Incorrect %s value: '%s' for column '%s' at row %zu",
                        what, d->s ? d->s : "", col->name, row);
}

static int bits_of(const char *type)
{
    static const struct {
        const char *word;
        int bits;
    } words[] = {{"tinyint", 8}, {"smallint", 16}, {"mediumint", 24}, {"int", 32}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncmp(type, words[i].word, strlen(words[i].word)) == 0)
            return words[i].bits;
    return 64;
}

static enum dr_run fit_int(struct dr_exec *x, const struct dr_column *col,
                           struct dr_datum *d, size_t row)
{
    int64_t n = d->i;
    uint64_t u;
    if (d->kind == DR_DATUM_REAL) {
        if (fabs(d->r) > 9.2e18)
            return range(x, col, row);
        n = (int64_t)llround(d->r);
    } else if (d->s && !dr_parse_i64(d->s, d->len, &n)) {
        double r;
        if (dr_parse_u64(d->s, d->len, &u)) { /* above INT64_MAX: kept as digits */
            if (!col->is_unsigned || bits_of(col->type_text) < 64)
                return range(x, col, row);
            d->kind = DR_DATUM_TEXT;
            return DR_RUN_OK;
        }
        char rest;
        if (sscanf(d->s, "%lf%c", &r, &rest) != 1)
            return incorrect(x, "integer", 1366, col, d, row);
        n = (int64_t)llround(r);
    }
    int bits = bits_of(col->type_text);
    int64_t most =
        bits == 64 ? INT64_MAX : (1ll << (col->is_unsigned ? bits : bits - 1)) - 1;
    int64_t least = col->is_unsigned ? 0 : bits == 64 ? INT64_MIN : -most - 1;
    if (n < least || n > most)
        return range(x, col, row);
    *d = (struct dr_datum){.kind = DR_DATUM_INT, .i = n};
    return DR_RUN_OK;
}

static int scale_of(const char *type)
{
    int p = 0, s = 0;
    return sscanf(type, "%*[a-z](%d,%d)", &p, &s) == 2 ? s : 0;
}

static enum dr_run fit_number(struct dr_exec *x, const struct dr_column *col,
                              struct dr_datum *d, size_t row)
{
    double r = d->kind == DR_DATUM_INT ? (double)d->i : d->r;
    char rest;
    if (d->s && sscanf(d->s, "%lf%c", &r, &rest) != 1)
        return incorrect(x, col->type == DR_COL_REAL ? "double" : "decimal", 1366, col, d,
                         row);
    if (col->type == DR_COL_REAL) {
        *d = (struct dr_datum){.kind = DR_DATUM_REAL, .r = r};
        return DR_RUN_OK;
    }
    int scale = scale_of(col->type_text);
    const char *dot = d->s ? strchr(d->s, '.') : NULL;
    bool exact = d->s && !strpbrk(d->s, "eE") &&
                 (dot ? (int)strlen(dot + 1) == scale : scale == 0);
    if (d->kind == DR_DATUM_INT && !scale)
        return DR_RUN_OK;
    const char *s = exact ? d->s : dr_sprintf(x->a, "%.*f", scale, r);
    *d = text_datum(s, strlen(s));
    return DR_RUN_OK;
}

static size_t char_count(const char *s, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xc0) != 0x80;
    return n;
}

static enum dr_run fit_text(struct dr_exec *x, const struct dr_column *col,
                            struct dr_datum *d, size_t row)
{
    size_t len, limit = SIZE_MAX;
    const char *s = dr_datum_text(x->a, d, &len);
    unsigned most;
    if (sscanf(col->type_text, "%*[a-z](%u)", &most) == 1)
        limit = most;
    bool blob = col->type == DR_COL_BLOB;
    if ((blob ? len : char_count(s, len)) > limit)
        return dr_sql_error(x, 1406, "Data too long for column '%s' at row %zu",
                            col->name, row);
    *d = text_datum(s, len);
    if (blob)
        d->kind = DR_DATUM_BLOB;
    return DR_RUN_OK;
}

/* "10:11:12.3456" rounded to `digits` of a second: millionths, and the second they may
 * carry into. */
static unsigned fraction_of(const char *s, unsigned digits, unsigned *carry)
{
    const char *dot = strchr(s, '.');
    unsigned micro = 0, step = 1, scale = 100000;
    for (const char *p = dot ? dot + 1 : ""; *p >= '0' && *p <= '9' && scale; p++) {
        micro += (unsigned)(*p - '0') * scale;
        scale /= 10;
    }
    for (unsigned i = digits; i < 6; i++)
        step *= 10;
    micro = (micro + step / 2) / step * step; /* TiDB rounds to the column's precision */
    *carry = micro / 1000000;
    return micro % 1000000;
}

static enum dr_run fit_time(struct dr_exec *x, const struct dr_column *col,
                            struct dr_datum *d, size_t row)
{
    int64_t ms;
    unsigned digits = 0, carry = 0;
    const char *s = dr_datum_text(x->a, d, NULL);
    if (strncmp(col->type_text, "time", 4) == 0 && col->type_text[4] != 's') {
        *d = text_datum(s, strlen(s));
        return DR_RUN_OK;
    }
    struct dr_datum given = text_datum(s, strlen(s));
    if (!dr_time_parse(s, &ms))
        return incorrect(x, "datetime", 1292, col, &given, row);
    if (sscanf(col->type_text, "%*[a-z](%u)", &digits) != 1 || digits > 6)
        digits = 0;
    unsigned micro = fraction_of(s, digits, &carry);
    ms -= (ms % 1000 + 1000) % 1000; /* of the second itself */
    s = dr_sql_time(x->a, ms + (int64_t)carry * 1000, 0);
    if (digits)
        s = dr_strndup(x->a, dr_sprintf(x->a, "%s.%06u", s, micro), 20 + digits);
    if (strcmp(col->type_text, "date") == 0)
        s = dr_strndup(x->a, s, 10);
    *d = text_datum(s, strlen(s));
    return DR_RUN_OK;
}

enum dr_run dr_value_fit(struct dr_exec *x, const struct dr_column *col,
                         struct dr_datum *d, size_t row)
{
    const char *s;
    if (d->kind == DR_DATUM_NULL) {
        if (col->not_null && !col->auto_increment && !col->auto_random)
            return dr_sql_error(x, 1048, "Column '%s' cannot be null", col->name);
        return DR_RUN_OK;
    }
    switch (col->type) {
    case DR_COL_INT:
        return fit_int(x, col, d, row);
    case DR_COL_REAL:
    case DR_COL_DECIMAL:
        return fit_number(x, col, d, row);
    case DR_COL_TEXT:
    case DR_COL_BLOB:
        return fit_text(x, col, d, row);
    case DR_COL_TIME:
        return fit_time(x, col, d, row);
    case DR_COL_JSON:
        s = dr_datum_text(x->a, d, NULL);
        s = dr_json_normal(x->a, s, strlen(s));
        if (!s)
            return dr_sql_error(x, 3140, "Invalid JSON text: The document is invalid.");
        *d = text_datum(s, strlen(s));
        break;
    }
    return DR_RUN_OK;
}
