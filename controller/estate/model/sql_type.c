/* Types of result columns. Sources: tidb: pkg/server/internal/column/convert.go, tidb:
 * pkg/parser/mysql/util.go (default lengths), tidb: pkg/planner/core/planbuilder.go. What
 * an expression is, is told by its function's name or its values [inference]: TiDB infers
 * it from every operand. */
#include "controller/estate/model/sql_type.h"

#include <string.h>
#include <strings.h>

#include "controller/base/num.h"

enum { NOT_FIXED = 31, NUMBER_LENGTH = 20, FEW = 4 /* bytes of a utf8mb4 character */ };

/* ---- stored columns ---- */

struct wire_type {
    const char *word;
    uint8_t type;
    uint16_t flags;
    uint32_t length; /* characters, without arguments in the type */
    bool binary, text;
};
// clang-format off
static const struct wire_type wire_types[] = {
    {"tinyint", DR_TYPE_TINY, 0, 4, true, false},
    {"smallint", DR_TYPE_SHORT, 0, 6, true, false},
    {"mediumint", DR_TYPE_INT24, 0, 9, true, false},
    {"int", DR_TYPE_LONG, 0, 11, true, false},
    {"bigint", DR_TYPE_LONGLONG, 0, 20, true, false},
    {"year", DR_TYPE_YEAR, DR_FLAG_UNSIGNED, 4, true, false},
    {"bit", DR_TYPE_BIT, DR_FLAG_UNSIGNED, 1, true, false},
    {"float", DR_TYPE_FLOAT, 0, 12, true, false},
    {"double", DR_TYPE_DOUBLE, 0, 22, true, false},
    {"decimal", DR_TYPE_NEWDECIMAL, 0, 10, true, false},
    {"char", DR_TYPE_STRING, 0, 1, false, true},
    {"varchar", DR_TYPE_VAR_STRING, 0, 5, false, true},
    {"tinytext", DR_TYPE_BLOB, DR_FLAG_BLOB, 255, false, true},
    {"text", DR_TYPE_BLOB, DR_FLAG_BLOB, 65535, false, true},
    {"mediumtext", DR_TYPE_BLOB, DR_FLAG_BLOB, 16777215, false, true},
    {"longtext", DR_TYPE_BLOB, DR_FLAG_BLOB, UINT32_MAX, false, true},
    {"enum", DR_TYPE_STRING, DR_FLAG_ENUM, 255, false, false},
    {"set", DR_TYPE_STRING, DR_FLAG_SET, 255, false, false},
    {"binary", DR_TYPE_STRING, DR_FLAG_BINARY, 1, true, true},
    {"varbinary", DR_TYPE_VAR_STRING, DR_FLAG_BINARY, 5, true, true},
    {"tinyblob", DR_TYPE_BLOB, DR_FLAG_BLOB | DR_FLAG_BINARY, 255, true, true},
    {"blob", DR_TYPE_BLOB, DR_FLAG_BLOB | DR_FLAG_BINARY, 65535, true, true},
    {"mediumblob", DR_TYPE_BLOB, DR_FLAG_BLOB | DR_FLAG_BINARY, 16777215, true, true},
    {"longblob", DR_TYPE_BLOB, DR_FLAG_BLOB | DR_FLAG_BINARY, UINT32_MAX, true, true},
    {"date", DR_TYPE_DATE, DR_FLAG_BINARY, 10, true, false},
    {"time", DR_TYPE_TIME, DR_FLAG_BINARY, 10, true, false},
    {"datetime", DR_TYPE_DATETIME, DR_FLAG_BINARY, 19, true, false},
    {"timestamp", DR_TYPE_TIMESTAMP, DR_FLAG_BINARY, 19, true, false},
    {"json", DR_TYPE_JSON, DR_FLAG_BINARY, UINT32_MAX, true, false},
    {NULL, DR_TYPE_VAR_STRING, 0, 0, false, true},
};
// clang-format on

static void lengths(struct dr_sql_type *t, const struct wire_type *w, const char *args)
{
    unsigned n = 0, scale = 0;
    int given = *args == '(' ? sscanf(args, "(%u,%u", &n, &scale) : 0;
    bool clock = w->type == DR_TYPE_TIME || w->type == DR_TYPE_DATETIME ||
                 w->type == DR_TYPE_TIMESTAMP;
    if (clock) {
        t->decimals = (uint8_t)(given > 0 ? n : 0);
        t->length += t->decimals ? t->decimals + 1 : 0;
    } else if (w->type == DR_TYPE_NEWDECIMAL) {
        t->decimals = (uint8_t)scale;
        t->length = (given > 0 ? n : 10) + 1 + (scale > 0); /* sign, point */
    } else if (given > 0) {
        t->length = n;
    }
    if (w->type == DR_TYPE_FLOAT || w->type == DR_TYPE_DOUBLE)
        t->decimals = given == 2 ? (uint8_t)scale : NOT_FIXED;
    else if (w->text || w->type == DR_TYPE_STRING)
        t->decimals = NOT_FIXED;
    if (w->text || w->type == DR_TYPE_STRING)
        t->length *= w->binary ? 1 : FEW; /* wraps for LONGTEXT, as TiDB's does */
}

static uint16_t key_flags(const struct dr_table_def *def, size_t column)
{
    uint16_t flags = 0;
    for (size_t i = 0; i < def->index_count; i++) {
        const struct dr_index *ix = &def->indexes[i];
        for (size_t k = 0; k < ix->column_count; k++) {
            if (ix->columns[k] != column)
                continue;
            if (ix->primary)
                flags |= DR_FLAG_PRIMARY | DR_FLAG_NOT_NULL;
            else if (k == 0)
                flags |= ix->unique && ix->column_count == 1 ? DR_FLAG_UNIQUE
                                                             : DR_FLAG_MULTIPLE;
        }
    }
    return flags;
}

struct dr_sql_type dr_type_of_column(const struct dr_table_def *def, size_t column)
{
    const struct dr_column *c = &def->columns[column];
    size_t n = strspn(c->type_text, "abcdefghijklmnopqrstuvwxyz");
    const struct wire_type *w = wire_types;
    while (w->word && (strlen(w->word) != n || strncmp(w->word, c->type_text, n) != 0))
        w++;
    struct dr_sql_type t = {
        .schema = def->schema,
        .table = def->name,
        .org_table = def->name,
        .org_name = c->name,
        .type = w->type,
        .length = w->length,
        .binary = w->binary,
        .flags = (uint16_t)(w->flags | key_flags(def, column) |
                            (c->not_null ? DR_FLAG_NOT_NULL : 0) |
                            (c->is_unsigned ? DR_FLAG_UNSIGNED : 0) |
                            (c->auto_increment ? DR_FLAG_AUTO_INCREMENT : 0) |
                            (c->on_update_now ? DR_FLAG_ON_UPDATE_NOW : 0)),
    };
    bool filled = c->has_default || c->auto_increment || c->auto_random || c->generated;
    if (t.flags & DR_FLAG_NOT_NULL && !filled)
        t.flags |= DR_FLAG_NO_DEFAULT;
    lengths(&t, w, c->type_text + n);
    return t;
}

/* ---- expressions ---- */

/* What the values of a column are, when nothing else tells. */
static struct dr_sql_type by_value(const struct dr_rows *rows, size_t column)
{
    bool seen[DR_DATUM_BLOB + 1] = {false};
    size_t longest = 0;
    for (size_t r = 0; r < rows->count; r++) {
        const struct dr_datum *d = &rows->v[r * rows->columns + column];
        seen[d->kind] = true;
        longest = d->len > longest ? d->len : longest;
    }
    bool text = seen[DR_DATUM_TEXT] || seen[DR_DATUM_BLOB];
    struct dr_sql_type t = {.type = DR_TYPE_VAR_STRING, .decimals = NOT_FIXED};
    if (!text && seen[DR_DATUM_REAL])
        t = (struct dr_sql_type){.type = DR_TYPE_DOUBLE,
                                 .decimals = NOT_FIXED,
                                 .length = 23,
                                 .flags = DR_FLAG_BINARY,
                                 .binary = true};
    else if (!text && seen[DR_DATUM_INT])
        t = (struct dr_sql_type){.type = DR_TYPE_LONGLONG,
                                 .length = NUMBER_LENGTH,
                                 .flags = DR_FLAG_BINARY,
                                 .binary = true};
    else if (seen[DR_DATUM_BLOB] && !seen[DR_DATUM_TEXT])
        t.binary = true, t.flags = DR_FLAG_BINARY;
    if (t.type == DR_TYPE_VAR_STRING)
        t.length = longest < UINT32_MAX / FEW ? (uint32_t)longest * FEW : UINT32_MAX;
    return t;
}

enum argument {
    NO_ARGUMENT,  /* the row says it all */
    OF_ARGUMENT,  /* as its argument, if that is a column */
    SUM_ARGUMENT, /* an exact sum for exact numbers, else DOUBLE */
    AVG_ARGUMENT,
};
struct function {
    const char *name;
    uint8_t type;
    uint16_t flags;
    uint32_t length;
    enum argument argument;
};
// clang-format off
static const struct function functions[] = {
    {"COUNT", DR_TYPE_LONGLONG, DR_FLAG_NOT_NULL | DR_FLAG_BINARY, 21, NO_ARGUMENT},
    {"SUM", DR_TYPE_NEWDECIMAL, DR_FLAG_BINARY, 33, SUM_ARGUMENT},
    {"AVG", DR_TYPE_NEWDECIMAL, DR_FLAG_BINARY, 33, AVG_ARGUMENT},
    {"MIN", 0, 0, 0, OF_ARGUMENT},
    {"MAX", 0, 0, 0, OF_ARGUMENT},
    {"ANY_VALUE", 0, 0, 0, OF_ARGUMENT},
    {"IFNULL", 0, 0, 0, OF_ARGUMENT},
    {"COALESCE", 0, 0, 0, OF_ARGUMENT},
    {"BIT_XOR", DR_TYPE_LONGLONG, DR_FLAG_NOT_NULL | DR_FLAG_UNSIGNED | DR_FLAG_BINARY, 21, NO_ARGUMENT},
    {"BIT_OR", DR_TYPE_LONGLONG, DR_FLAG_NOT_NULL | DR_FLAG_UNSIGNED | DR_FLAG_BINARY, 21, NO_ARGUMENT},
    {"CRC32", DR_TYPE_LONGLONG, DR_FLAG_UNSIGNED | DR_FLAG_BINARY, 10, NO_ARGUMENT},
    {"CONNECTION_ID", DR_TYPE_LONGLONG, DR_FLAG_NOT_NULL | DR_FLAG_UNSIGNED | DR_FLAG_BINARY, 20, NO_ARGUMENT},
    {"LAST_INSERT_ID", DR_TYPE_LONGLONG, DR_FLAG_NOT_NULL | DR_FLAG_UNSIGNED | DR_FLAG_BINARY, 20, NO_ARGUMENT},
    {"NOW", DR_TYPE_DATETIME, DR_FLAG_NOT_NULL | DR_FLAG_BINARY, 19, NO_ARGUMENT},
    {"SYSDATE", DR_TYPE_DATETIME, DR_FLAG_NOT_NULL | DR_FLAG_BINARY, 19, NO_ARGUMENT},
    {"CURRENT_TIMESTAMP", DR_TYPE_DATETIME, DR_FLAG_NOT_NULL | DR_FLAG_BINARY, 19, NO_ARGUMENT},
    {"UTC_TIMESTAMP", DR_TYPE_DATETIME, DR_FLAG_NOT_NULL | DR_FLAG_BINARY, 19, NO_ARGUMENT},
    {"FROM_UNIXTIME", DR_TYPE_DATETIME, DR_FLAG_BINARY, 19, NO_ARGUMENT},
    {"TIDB_PARSE_TSO", DR_TYPE_DATETIME, DR_FLAG_BINARY, 26, NO_ARGUMENT},
    {"CURDATE", DR_TYPE_DATE, DR_FLAG_NOT_NULL | DR_FLAG_BINARY, 10, NO_ARGUMENT},
    {"CURRENT_DATE", DR_TYPE_DATE, DR_FLAG_NOT_NULL | DR_FLAG_BINARY, 10, NO_ARGUMENT},
    {NULL, 0, 0, 0, NO_ARGUMENT},
};
// clang-format on

/* The types that CAST names. */
static const struct function casts[] = {
    {"UNSIGNED", DR_TYPE_LONGLONG, DR_FLAG_UNSIGNED | DR_FLAG_BINARY, 20, NO_ARGUMENT},
    {"SIGNED", DR_TYPE_LONGLONG, DR_FLAG_BINARY, 20, NO_ARGUMENT},
    {"DATE", DR_TYPE_DATE, DR_FLAG_BINARY, 10, NO_ARGUMENT},
    {"DATETIME", DR_TYPE_DATETIME, DR_FLAG_BINARY, 19, NO_ARGUMENT},
    {"JSON", DR_TYPE_JSON, DR_FLAG_BINARY, UINT32_MAX, NO_ARGUMENT},
    {"DECIMAL", DR_TYPE_NEWDECIMAL, DR_FLAG_BINARY, 11, NO_ARGUMENT},
    {NULL, 0, 0, 0, NO_ARGUMENT},
};

static const struct function *find(const struct function *f, const char *name)
{
    while (f->name && strcasecmp(f->name, name) != 0)
        f++;
    return f->name ? f : NULL;
}

/* The stored column that the tokens [from, to) name: "c", "t.c". */
static bool column_of(struct dr_exec *x, const struct dr_rewrite *rw, size_t from,
                      size_t to, struct dr_sql_type *out)
{
    const struct dr_token *t = x->cur.t;
    bool dotted = to == from + 3 && dr_token_is(&t[from + 1], ".");
    if (to != from + 1 && !dotted)
        return false;
    for (size_t k = 0; k < rw->from_count; k++) {
        const struct dr_bound *b = dr_engine_bound(x, rw->from[k].bound);
        if (dotted && !dr_same_word(rw->from[k].alias, t[from].text))
            continue;
        int c = b->def ? dr_table_column(b->def, t[to - 1].text) : -1;
        if (c < 0)
            continue;
        *out = dr_type_of_column(b->def, (size_t)c);
        return true;
    }
    return false;
}

static bool exact(uint8_t type)
{
    return type == DR_TYPE_TINY || type == DR_TYPE_SHORT || type == DR_TYPE_INT24 ||
           type == DR_TYPE_LONG || type == DR_TYPE_LONGLONG || type == DR_TYPE_NEWDECIMAL;
}

/* tidb: pkg/expression/aggregation/base_func.go typeInfer4Sum, typeInfer4Avg,
 * typeInfer4MaxMin */
static bool by_argument(const struct function *f, const struct dr_sql_type *of,
                        struct dr_sql_type *out)
{
    if (f->argument == OF_ARGUMENT) {
        *out = *of;
        out->schema = out->table = out->org_table = out->org_name = NULL;
        out->flags &=
            DR_FLAG_UNSIGNED | DR_FLAG_BINARY | DR_FLAG_BLOB | DR_FLAG_ENUM | DR_FLAG_SET;
        return true;
    }
    if (!exact(of->type))
        *out = (struct dr_sql_type){.type = DR_TYPE_DOUBLE,
                                    .decimals = NOT_FIXED,
                                    .length = 23,
                                    .flags = DR_FLAG_BINARY,
                                    .binary = true};
    else
        out->decimals = (uint8_t)(of->decimals + (f->argument == AVG_ARGUMENT ? 4 : 0));
    return true;
}

/* What the item [from, to) is by its outermost function. */
static bool by_function(struct dr_exec *x, const struct dr_rewrite *rw, size_t from,
                        size_t to, struct dr_sql_type *out)
{
    const struct dr_token *t = x->cur.t;
    struct dr_cur c = x->cur;
    struct dr_sql_type of;
    c.i = from + 1;
    if (to < from + 3 || t[from].kind != DR_TOK_WORD || !dr_skip_parens(&c) || c.i != to)
        return false;
    const struct function *f = find(functions, t[from].text);
    size_t arg = from + 2, end = dr_token_is(&t[arg], "DISTINCT") ? ++arg : arg;
    while (end < to - 1 && !dr_token_is(&t[end], ",") && !dr_token_is(&t[end], "AS"))
        end++;
    if (dr_token_is(&t[from], "CAST") && end + 1 < to)
        f = find(casts, t[end + 1].text);
    if (!f)
        return false;
    *out = (struct dr_sql_type){
        .type = f->type, .flags = f->flags, .length = f->length, .binary = true};
    if (f->type == DR_TYPE_NEWDECIMAL && !f->argument) /* CAST(x AS DECIMAL(p, s)) */
        return false;
    return !f->argument || (column_of(x, rw, arg, end, &of) && by_argument(f, &of, out));
}

/* The select item that stands for a column: all items before and behind one star can be
 * told by counting. */
static const struct dr_item *item_of(const struct dr_rewrite *rw, size_t column,
                                     size_t columns)
{
    size_t stars = 0, star = 0;
    if (rw->item_count > sizeof(rw->items) / sizeof(rw->items[0]))
        return NULL;
    for (size_t i = 0; i < rw->item_count; i++)
        if (rw->items[i].star) {
            star = i;
            stars++;
        }
    if (!stars)
        return rw->item_count == columns ? &rw->items[column] : NULL;
    if (column < star)
        return &rw->items[column];
    size_t back = columns - column; /* from the end */
    return stars == 1 && back < rw->item_count - star ? &rw->items[rw->item_count - back]
                                                      : NULL;
}

static const char *alias_of(const struct dr_rewrite *rw, int bound, const char *name)
{
    for (size_t k = 0; rw && k < rw->from_count; k++)
        if (rw->from[k].bound == (size_t)bound)
            return rw->from[k].alias;
    return name;
}

static struct dr_sql_type type_of(struct dr_exec *x, const struct dr_rewrite *rw,
                                  const struct dr_rows *rows, size_t column)
{
    const struct dr_origin *o = &rows->origin[column];
    const struct dr_item *item = rw ? item_of(rw, column, rows->columns) : NULL;
    struct dr_sql_type t;
    if (o->bound >= 0) {
        const struct dr_bound *b = dr_engine_bound(x, (size_t)o->bound);
        if (b->def) {
            t = dr_type_of_column(b->def, (size_t)o->column);
            t.table = alias_of(rw, o->bound, t.table);
            if (item && !item->star && dr_token_is(&x->cur.t[item->from], "("))
                t.schema = t.table = t.org_table = t.org_name = NULL; /* a subquery's */
            return t;
        }
    }
    if (item && by_function(x, rw, item->from, item->to, &t))
        return t;
    return by_value(rows, column);
}

/* ---- cells ---- */

/* BIT(n) travels as bytes, the highest first. */
static const char *bit_bytes(struct dr_arena *a, const struct dr_datum *d, uint32_t bits,
                             size_t *len)
{
    size_t n = bits ? (bits + 7) / 8 : 8;
    char *s = dr_alloc(a, n + 1);
    for (size_t i = 0; i < n; i++)
        s[i] = (char)((uint64_t)d->i >> (8 * (n - 1 - i)));
    *len = n;
    return s;
}

static const char *cell_text(struct dr_arena *a, const struct dr_sql_type *t,
                             const struct dr_datum *d, size_t *len)
{
    const char *s;
    if (t->type == DR_TYPE_BIT && d->kind == DR_DATUM_INT)
        return bit_bytes(a, d, t->length, len);
    if (t->type != DR_TYPE_NEWDECIMAL ||
        (d->kind != DR_DATUM_REAL && (d->kind != DR_DATUM_INT || !t->decimals)))
        return dr_datum_text(a, d, len);
    s = dr_sprintf(a, "%.*f", t->decimals, d->kind == DR_DATUM_INT ? (double)d->i : d->r);
    *len = strlen(s);
    return s;
}

void dr_type_result(struct dr_exec *x, const struct dr_rewrite *rw,
                    const struct dr_rows *rows)
{
    struct dr_sql_type *types = dr_alloc_n(x->a, rows->columns + 1, sizeof(*types));
    dr_result_columns(x, rows->columns, rows->names);
    for (size_t i = 0; i < rows->columns; i++)
        types[i] = type_of(x, rw, rows, i);
    for (size_t i = 0; i < rows->count * rows->columns; i++) {
        size_t len;
        const char *s = cell_text(x->a, &types[i % rows->columns], &rows->v[i], &len);
        dr_result_add(x, s, len);
    }
    x->out->types = types;
}
