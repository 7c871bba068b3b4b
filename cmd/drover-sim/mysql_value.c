#include "cmd/drover-sim/mysql_value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/num.h"

enum shape { SHAPE_BYTES, SHAPE_INT, SHAPE_FLOAT, SHAPE_DATE, SHAPE_TIME, SHAPE_NULL };

struct wire {
    enum shape shape;
    unsigned width; /* of numbers, in bytes */
    bool known;
};
static const struct wire wires[256] = {
    [DR_TYPE_DECIMAL] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_TINY] = {SHAPE_INT, 1, true},
    [DR_TYPE_SHORT] = {SHAPE_INT, 2, true},
    [DR_TYPE_YEAR] = {SHAPE_INT, 2, true},
    [DR_TYPE_INT24] = {SHAPE_INT, 4, true},
    [DR_TYPE_LONG] = {SHAPE_INT, 4, true},
    [DR_TYPE_LONGLONG] = {SHAPE_INT, 8, true},
    [DR_TYPE_FLOAT] = {SHAPE_FLOAT, 4, true},
    [DR_TYPE_DOUBLE] = {SHAPE_FLOAT, 8, true},
    [DR_TYPE_NULL] = {SHAPE_NULL, 0, true},
    [DR_TYPE_TIMESTAMP] = {SHAPE_DATE, 0, true},
    [DR_TYPE_DATETIME] = {SHAPE_DATE, 0, true},
    [DR_TYPE_DATE] = {SHAPE_DATE, 0, true},
    [DR_TYPE_TIME] = {SHAPE_TIME, 0, true},
    [DR_TYPE_VARCHAR] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_BIT] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_JSON] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_NEWDECIMAL] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_ENUM] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_SET] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_TINY_BLOB] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_MEDIUM_BLOB] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_LONG_BLOB] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_BLOB] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_VAR_STRING] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_STRING] = {SHAPE_BYTES, 0, true},
    [DR_TYPE_GEOMETRY] = {SHAPE_BYTES, 0, true},
};

/* ---- texts of values, taken apart ---- */

struct moment {
    bool negative;
    unsigned year, month, day, hour, minute, second, micro;
};

/* Up to `most` digits at *s. */
static bool digits(const char **s, unsigned most, unsigned *out)
{
    unsigned n = 0, value = 0;
    for (; n < most && **s >= '0' && **s <= '9'; n++, (*s)++)
        value = value * 10 + (unsigned)(**s - '0');
    *out = value;
    return n > 0;
}

static bool sign_of(const char **s, char c)
{
    bool is = **s == c;
    *s += is;
    return is;
}

/* ".123" in millionths, or nothing. */
static bool fraction(const char **s, unsigned *micro)
{
    *micro = 0;
    if (!sign_of(s, '.'))
        return true;
    const char *from = *s;
    if (!digits(s, 6, micro))
        return false;
    for (long n = *s - from; n < 6; n++)
        *micro *= 10;
    return true;
}

static bool clock_at(const char **s, unsigned hour_digits, struct moment *m)
{
    return digits(s, hour_digits, &m->hour) && sign_of(s, ':') &&
           digits(s, 2, &m->minute) && sign_of(s, ':') && digits(s, 2, &m->second) &&
           fraction(s, &m->micro);
}

static bool take_date(const char *s, struct moment *m)
{
    *m = (struct moment){.year = 0};
    if (!digits(&s, 4, &m->year) || !sign_of(&s, '-') || !digits(&s, 2, &m->month) ||
        !sign_of(&s, '-') || !digits(&s, 2, &m->day))
        return false;
    return !*s || (sign_of(&s, ' ') && clock_at(&s, 2, m) && !*s);
}

static bool take_time(const char *s, struct moment *m)
{
    *m = (struct moment){.negative = sign_of(&s, '-')};
    return clock_at(&s, 3, m) && !*s;
}

static bool take_real(const char *s, double *out)
{
    char rest;
    return sscanf(s, "%lf%c", out, &rest) == 1;
}

static bool in_width(const char *s, size_t len, const struct wire *w, bool is_unsigned)
{
    int64_t i;
    uint64_t u;
    unsigned bits = w->width * 8;
    if (is_unsigned)
        return dr_parse_u64(s, len, &u) && (bits == 64 || u < 1ull << bits);
    return dr_parse_i64(s, len, &i) &&
           (bits == 64 || (i < 1ll << (bits - 1) && i >= -(1ll << (bits - 1))));
}

static bool fits(const struct dr_mysql_column *col, const struct dr_cell *cell)
{
    const struct wire *w = &wires[col->type];
    struct moment m;
    double r;
    switch (w->shape) {
    case SHAPE_INT:
        return in_width(cell->text, cell->len, w, col->flags & DR_FLAG_UNSIGNED);
    case SHAPE_FLOAT:
        return take_real(cell->text, &r);
    case SHAPE_DATE:
        return take_date(cell->text, &m);
    case SHAPE_TIME:
        return take_time(cell->text, &m);
    case SHAPE_NULL:
        return false;
    case SHAPE_BYTES:
        break;
    }
    return true;
}

/* ---- columns ---- */

static void told(struct dr_mysql_column *out, const struct dr_sql_type *t)
{
    out->schema = t->schema;
    out->table = t->table;
    out->org_table = t->org_table;
    out->org_name = t->org_name;
    out->type = t->type;
    out->decimals = t->decimals;
    out->flags = t->flags;
    out->length = t->length;
    out->collation = t->binary ? DR_MYSQL_BINARY : DR_MYSQL_UTF8MB4_BIN;
}

static void by_values(struct dr_mysql_column *out, const struct dr_sql_answer *a,
                      size_t c)
{
    bool number = true, is_unsigned = false, negative = false, null = false;
    size_t numbers = 0, longest = 0;
    for (size_t r = 0; r < a->row_count; r++) {
        const struct dr_cell *cell = &a->cells[r * a->column_count + c];
        int64_t i;
        uint64_t u;
        null = null || !cell->text;
        if (!cell->text)
            continue;
        longest = cell->len > longest ? cell->len : longest;
        if (!number)
            continue;
        numbers++;
        if (dr_parse_i64(cell->text, cell->len, &i))
            negative = negative || i < 0;
        else if (dr_parse_u64(cell->text, cell->len, &u))
            is_unsigned = true;
        else
            number = false;
    }
    number = number && numbers && !(negative && is_unsigned);
    out->type = number ? DR_TYPE_LONGLONG : DR_TYPE_VAR_STRING;
    out->decimals = number ? 0 : 0x1f;
    out->flags = number ? DR_FLAG_BINARY | (null ? 0 : DR_FLAG_NOT_NULL) |
                              (is_unsigned ? DR_FLAG_UNSIGNED : 0)
                        : 0;
    out->collation = number ? DR_MYSQL_BINARY : DR_MYSQL_UTF8MB4_BIN;
    out->length = number ? 20 : longest < 1u << 28 ? (uint32_t)longest * 4 : UINT32_MAX;
}

static bool all_fit(const struct dr_mysql_column *col, const struct dr_sql_answer *a,
                    size_t c)
{
    for (size_t r = 0; r < a->row_count; r++) {
        const struct dr_cell *cell = &a->cells[r * a->column_count + c];
        if (cell->text && !fits(col, cell))
            return false;
    }
    return true;
}

struct dr_mysql_column *dr_mysql_columns_of(struct dr_arena *a,
                                            const struct dr_sql_answer *answer)
{
    struct dr_mysql_column *out = dr_alloc_n(a, answer->column_count + 1, sizeof(*out));
    for (size_t c = 0; c < answer->column_count; c++) {
        out[c] =
            (struct dr_mysql_column){.name = answer->columns[c], .type = DR_TYPE_UNKNOWN};
        if (answer->types)
            told(&out[c], &answer->types[c]);
        if (!wires[out[c].type].known || !all_fit(&out[c], answer, c))
            by_values(&out[c], answer, c);
    }
    return out;
}

/* ---- rows ---- */

static void add_float(struct dr_buf *out, double r, unsigned width)
{
    uint64_t bits = 0;
    float f = (float)r;
    if (width == 4)
        memcpy(&bits, &f, 4);
    else
        memcpy(&bits, &r, 8);
    dr_mysql_add_int(out, bits, width);
}

static void add_date(struct dr_buf *out, const struct moment *m)
{
    bool clock = m->hour || m->minute || m->second || m->micro;
    bool date = m->year || m->month || m->day;
    unsigned len = m->micro ? 11 : clock ? 7 : date ? 4 : 0;
    dr_mysql_add_int(out, len, 1);
    if (!len)
        return;
    dr_mysql_add_int(out, m->year, 2);
    dr_mysql_add_int(out, m->month, 1);
    dr_mysql_add_int(out, m->day, 1);
    if (len == 4)
        return;
    dr_mysql_add_int(out, m->hour, 1);
    dr_mysql_add_int(out, m->minute, 1);
    dr_mysql_add_int(out, m->second, 1);
    if (len == 11)
        dr_mysql_add_int(out, m->micro, 4);
}

static void add_time(struct dr_buf *out, const struct moment *m)
{
    bool zero = !m->hour && !m->minute && !m->second && !m->micro;
    dr_mysql_add_int(out, zero ? 0 : m->micro ? 12 : 8, 1);
    if (zero)
        return;
    dr_mysql_add_int(out, m->negative, 1);
    dr_mysql_add_int(out, m->hour / 24, 4);
    dr_mysql_add_int(out, m->hour % 24, 1);
    dr_mysql_add_int(out, m->minute, 1);
    dr_mysql_add_int(out, m->second, 1);
    if (m->micro)
        dr_mysql_add_int(out, m->micro, 4);
}

static void add_value(struct dr_buf *out, const struct dr_mysql_column *col,
                      const struct dr_cell *cell)
{
    const struct wire *w = &wires[col->type];
    struct moment m;
    int64_t i = 0;
    uint64_t u = 0;
    double r = 0;
    switch (w->shape) {
    case SHAPE_INT:
        if (col->flags & DR_FLAG_UNSIGNED && dr_parse_u64(cell->text, cell->len, &u))
            i = (int64_t)u;
        else if (!dr_parse_i64(cell->text, cell->len, &i))
            i = 0; /* does not happen: it fits */
        dr_mysql_add_int(out, (uint64_t)i, w->width);
        return;
    case SHAPE_FLOAT:
        (void)take_real(cell->text, &r);
        add_float(out, r, w->width);
        return;
    case SHAPE_DATE:
        (void)take_date(cell->text, &m);
        add_date(out, &m);
        return;
    case SHAPE_TIME:
        (void)take_time(cell->text, &m);
        add_time(out, &m);
        return;
    case SHAPE_NULL: /* such a column has no values: see fits() */
    case SHAPE_BYTES:
        dr_mysql_add_string(out, cell->text, cell->len);
        return;
    }
}

void dr_mysql_put_binary_row(struct dr_buf *out, uint8_t *seq,
                             const struct dr_mysql_column *columns,
                             const struct dr_cell *cells, size_t count)
{
    size_t start = dr_mysql_begin(out);
    dr_mysql_add_int(out, 0, 1);
    for (size_t byte = 0; byte < (count + 2 + 7) / 8; byte++) {
        unsigned nulls = 0;
        for (size_t bit = 0; bit < 8; bit++) {
            size_t i = byte * 8 + bit; /* two more than the column's number */
            if (i >= 2 && i - 2 < count && !cells[i - 2].text)
                nulls |= 1u << bit;
        }
        dr_mysql_add_int(out, nulls, 1);
    }
    for (size_t i = 0; i < count; i++)
        if (cells[i].text)
            add_value(out, &columns[i], &cells[i]);
    dr_mysql_end(out, start, seq);
}

/* ---- parameters ---- */

static void number(struct dr_sql_param *out, const char *text)
{
    *out = (struct dr_sql_param){DR_PARAM_NUMBER, text, strlen(text)};
}

static void words(struct dr_sql_param *out, const char *text)
{
    *out = (struct dr_sql_param){DR_PARAM_TEXT, text, strlen(text)};
}

static void get_integer(struct dr_mysql_cursor *c, struct dr_arena *a, unsigned width,
                        bool is_unsigned, struct dr_sql_param *out)
{
    uint64_t u = dr_mysql_get_long(c, width);
    unsigned shift = 64 - 8 * width;
    if (is_unsigned)
        number(out, dr_sprintf(a, "%llu", (unsigned long long)u));
    else
        number(out, dr_sprintf(a, "%lld", (long long)((int64_t)(u << shift) >> shift)));
}

/* What is no number has no literal: NULL, as MySQL stores it. */
static void get_float(struct dr_mysql_cursor *c, struct dr_arena *a, unsigned width,
                      struct dr_sql_param *out)
{
    uint64_t bits = dr_mysql_get_long(c, width);
    uint32_t half = (uint32_t)bits;
    double r;
    float f;
    memcpy(&r, &bits, sizeof(r));
    memcpy(&f, &half, sizeof(f));
    r = width == 4 ? (double)f : r;
    if (!isfinite(r))
        *out = (struct dr_sql_param){DR_PARAM_NULL, NULL, 0};
    else
        number(out, dr_sprintf(a, "%.*e", width == 4 ? 8 : 16, r));
}

static bool get_date(struct dr_mysql_cursor *c, struct dr_arena *a, uint8_t type,
                     struct dr_sql_param *out)
{
    unsigned v[7] = {0}, len = dr_mysql_get_int(c, 1);
    static const unsigned widths[] = {2, 1, 1, 1, 1, 1, 4};
    if (len != 0 && len != 4 && len != 7 && len != 11)
        return false;
    for (unsigned i = 0, at = 0; at < len; at += widths[i++])
        v[i] = dr_mysql_get_int(c, widths[i]);
    const char *date = dr_sprintf(a, "%04u-%02u-%02u", v[0], v[1], v[2]);
    if (type == DR_TYPE_DATE)
        words(out, date);
    else if (len == 11)
        words(out, dr_sprintf(a, "%s %02u:%02u:%02u.%06u", date, v[3], v[4], v[5], v[6]));
    else
        words(out, dr_sprintf(a, "%s %02u:%02u:%02u", date, v[3], v[4], v[5]));
    return true;
}

static bool get_time(struct dr_mysql_cursor *c, struct dr_arena *a,
                     struct dr_sql_param *out)
{
    unsigned len = dr_mysql_get_int(c, 1);
    if (len != 0 && len != 8 && len != 12)
        return false;
    unsigned negative = len ? dr_mysql_get_int(c, 1) : 0;
    unsigned days = len ? dr_mysql_get_int(c, 4) : 0;
    unsigned hours = len ? dr_mysql_get_int(c, 1) : 0;
    unsigned minutes = len ? dr_mysql_get_int(c, 1) : 0;
    unsigned seconds = len ? dr_mysql_get_int(c, 1) : 0;
    unsigned micro = len == 12 ? dr_mysql_get_int(c, 4) : 0;
    if (negative > 1)
        return false;
    const char *text =
        dr_sprintf(a, "%s%02llu:%02u:%02u", negative ? "-" : "",
                   (unsigned long long)days * 24 + hours, minutes, seconds);
    words(out, micro ? dr_sprintf(a, "%s.%06u", text, micro) : text);
    return true;
}

enum dr_mysql_param_result dr_mysql_get_param(struct dr_mysql_cursor *c,
                                              struct dr_arena *a, uint8_t type,
                                              bool is_unsigned, struct dr_sql_param *out)
{
    const struct wire *w = &wires[type];
    struct dr_mysql_text t;
    bool ok = true;
    *out = (struct dr_sql_param){DR_PARAM_NULL, NULL, 0};
    if (!w->known || type == DR_TYPE_JSON)
        return DR_PARAM_UNKNOWN;
    switch (w->shape) {
    case SHAPE_NULL:
        break;
    case SHAPE_INT:
        get_integer(c, a, w->width, is_unsigned, out);
        break;
    case SHAPE_FLOAT:
        get_float(c, a, w->width, out);
        break;
    case SHAPE_DATE:
        ok = get_date(c, a, type, out);
        break;
    case SHAPE_TIME:
        ok = get_time(c, a, out);
        break;
    case SHAPE_BYTES:
        t = dr_mysql_get_bytes(c, dr_mysql_get_lenenc(c));
        *out = (struct dr_sql_param){DR_PARAM_TEXT, t.bytes, t.len};
        break;
    }
    return ok && !c->bad ? DR_PARAM_READ : DR_PARAM_MALFORMED;
}
