/* Table definitions: the parts of CREATE TABLE, read. */
#include "controller/estate/model/sql_def.h"

#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/estate/model/sql_account.h"

int dr_table_column(const struct dr_table_def *t, const char *name)
{
    for (size_t i = 0; i < t->column_count; i++)
        if (strcasecmp(t->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

const struct dr_index *dr_table_key(const struct dr_table_def *t)
{
    for (size_t i = 0; i < t->index_count; i++) {
        const struct dr_index *ix = &t->indexes[i];
        bool fits = ix->unique;
        for (size_t k = 0; fits && k < ix->column_count; k++)
            fits = t->columns[ix->columns[k]].not_null &&
                   !t->columns[ix->columns[k]].generated;
        if (ix->primary || fits)
            return ix;
    }
    return NULL;
}

bool dr_table_eligible(const struct dr_table_def *t)
{
    return !t->view && !t->sequence && dr_table_key(t);
}

int dr_draft_find(const struct dr_def_draft *d, const char *column)
{
    return dr_table_column(&d->def, column);
}

struct dr_def_draft *dr_draft_new(struct dr_exec *x, const char *schema, const char *name)
{
    struct dr_def_draft *d = DR_NEW(x->a, struct dr_def_draft);
    d->def = (struct dr_table_def){
        .schema = schema,
        .name = name,
        .columns = d->columns,
        .indexes = d->indexes,
        .comment = "",
        .ttl_enable = true,
        .charset = "utf8mb4",
        .collate = "utf8mb4_bin",
    };
    return d;
}

struct dr_def_draft *dr_draft_from(struct dr_exec *x, const struct dr_table_def *def)
{
    struct dr_def_draft *d = DR_NEW(x->a, struct dr_def_draft);
    d->def = *def;
    memcpy(d->columns, def->columns, def->column_count * sizeof(*d->columns));
    memcpy(d->indexes, def->indexes, def->index_count * sizeof(*d->indexes));
    d->def.columns = d->columns;
    d->def.indexes = d->indexes;
    return d;
}

/* ---- types ---- */

struct type {
    const char *word, *shown; /* shown: without arguments */
    const char *shown_unsigned;
    enum dr_column_type type;
};
// clang-format off
static const struct type types[] = {
    {"TINYINT", "tinyint(4)", "tinyint(3)", DR_COL_INT},
    {"SMALLINT", "smallint(6)", "smallint(5)", DR_COL_INT},
    {"MEDIUMINT", "mediumint(9)", "mediumint(8)", DR_COL_INT},
    {"INT", "int(11)", "int(10)", DR_COL_INT},
    {"INTEGER", "int(11)", "int(10)", DR_COL_INT},
    {"BIGINT", "bigint(20)", "bigint(20)", DR_COL_INT},
    {"BOOL", "tinyint(1)", NULL, DR_COL_INT},
    {"BOOLEAN", "tinyint(1)", NULL, DR_COL_INT},
    {"BIT", "bit(1)", NULL, DR_COL_INT},
    {"YEAR", "year(4)", NULL, DR_COL_INT},
    {"FLOAT", "float", "float", DR_COL_REAL},
    {"DOUBLE", "double", "double", DR_COL_REAL},
    {"REAL", "double", "double", DR_COL_REAL},
    {"DECIMAL", "decimal(10,0)", "decimal(10,0)", DR_COL_DECIMAL},
    {"NUMERIC", "decimal(10,0)", "decimal(10,0)", DR_COL_DECIMAL},
    {"CHAR", "char(1)", NULL, DR_COL_TEXT},
    {"VARCHAR", "varchar", NULL, DR_COL_TEXT},
    {"TINYTEXT", "tinytext", NULL, DR_COL_TEXT},
    {"TEXT", "text", NULL, DR_COL_TEXT},
    {"MEDIUMTEXT", "mediumtext", NULL, DR_COL_TEXT},
    {"LONGTEXT", "longtext", NULL, DR_COL_TEXT},
    {"ENUM", "enum", NULL, DR_COL_TEXT},
    {"SET", "set", NULL, DR_COL_TEXT},
    {"BINARY", "binary(1)", NULL, DR_COL_BLOB},
    {"VARBINARY", "varbinary", NULL, DR_COL_BLOB},
    {"TINYBLOB", "tinyblob", NULL, DR_COL_BLOB},
    {"BLOB", "blob", NULL, DR_COL_BLOB},
    {"MEDIUMBLOB", "mediumblob", NULL, DR_COL_BLOB},
    {"LONGBLOB", "longblob", NULL, DR_COL_BLOB},
    {"DATE", "date", NULL, DR_COL_TIME},
    {"TIME", "time", NULL, DR_COL_TIME},
    {"DATETIME", "datetime", NULL, DR_COL_TIME},
    {"TIMESTAMP", "timestamp", NULL, DR_COL_TIME},
    {"JSON", "json", NULL, DR_COL_JSON},
    {NULL, NULL, NULL, DR_COL_INT},
};
// clang-format on

/* "(a,b)" at the cursor as it is shown: without blanks, strings quoted. */
static enum dr_run take_args(struct dr_exec *x, struct dr_buf *out)
{
    struct dr_cur *c = &x->cur;
    c->i++;
    dr_buf_addc(out, '(');
    for (; !dr_at_end(c) && !dr_is(c, ")"); c->i++) {
        const struct dr_token *t = dr_peek(c, 0);
        if (t->kind == DR_TOK_STRING)
            dr_buf_addf(out, "'%s'", t->text);
        else
            dr_buf_adds(out, t->text);
    }
    dr_buf_addc(out, ')');
    return dr_accept(c, ")") ? DR_RUN_OK : dr_sql_syntax(x);
}

static enum dr_run take_type(struct dr_exec *x, struct dr_column *col)
{
    struct dr_cur *c = &x->cur;
    const struct type *t = types;
    while (t->word && !dr_is(c, t->word))
        t++;
    if (!t->word)
        return dr_sql_syntax(x);
    c->i++;
    (void)dr_accept(c, "PRECISION");
    col->type = t->type;
    struct dr_buf b;
    dr_buf_init(&b, 1 << 16);
    size_t bare = strcspn(t->shown, "(");
    enum dr_run bad = DR_RUN_OK;
    bool args = dr_is(c, "(");
    dr_buf_add(&b, t->shown, args ? bare : strlen(t->shown));
    if (args)
        bad = take_args(x, &b);
    for (bool more = true; more && !bad;) {
        more = false;
        if (dr_accept(c, "UNSIGNED")) {
            if (!args && t->shown_unsigned) {
                dr_buf_clear(&b);
                dr_buf_adds(&b, t->shown_unsigned);
            }
            dr_buf_adds(&b, " unsigned");
            col->is_unsigned = more = true;
        }
        more |= dr_accept(c, "SIGNED") || dr_accept(c, "ZEROFILL");
        if (dr_accept_all(c, "CHARACTER SET") || dr_accept(c, "CHARSET") ||
            dr_accept(c, "COLLATE")) {
            c->i++;
            more = true;
        }
    }
    col->type_text = dr_model_string(x->m, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
    return bad;
}

/* ---- columns ---- */

/* The words of an expression in the statement's own spelling. */
static const char *text_between(struct dr_exec *x, size_t from, size_t to)
{
    const struct dr_cur *c = &x->cur;
    if (to <= from)
        return "";
    size_t a = c->t[from].from, b = c->t[to - 1].to;
    return dr_model_string(x->m, c->sql + a, b - a);
}

enum dr_run dr_draft_default(struct dr_exec *x, struct dr_column *col)
{
    struct dr_cur *c = &x->cur;
    const struct dr_token *t = dr_peek(c, 0);
    size_t from = c->i;
    col->has_default = true;
    if (dr_accept(c, "NULL"))
        return DR_RUN_OK;
    if (t->kind == DR_TOK_STRING || t->kind == DR_TOK_NUMBER) {
        col->default_text = dr_model_string(x->m, t->text, t->len);
        c->i++;
        return DR_RUN_OK;
    }
    if (dr_is(c, "-") && dr_peek(c, 1)->kind == DR_TOK_NUMBER) {
        c->i += 2;
        col->default_text = text_between(x, from, c->i);
        return DR_RUN_OK;
    }
    if (dr_is(c, "TRUE") || dr_is(c, "FALSE")) {
        col->default_text = dr_is(c, "TRUE") ? "1" : "0";
        c->i++;
        return DR_RUN_OK;
    }
    if (!dr_is(c, "(")) {
        const char *word;
        if (!dr_take_name(c, &word))
            return dr_sql_syntax(x);
    }
    if (dr_is(c, "(") && !dr_skip_parens(c))
        return dr_sql_syntax(x);
    col->default_expr = true;
    col->default_text = text_between(x, from, c->i);
    if (strncasecmp(col->default_text, "NOW", 3) == 0)
        col->default_text = "CURRENT_TIMESTAMP";
    return DR_RUN_OK;
}

static enum dr_run add_index(struct dr_exec *x, struct dr_def_draft *d,
                             const struct dr_index *ix)
{
    if (d->def.index_count == DR_TABLE_INDEXES)
        return dr_sql_error(x, 1069, "Too many keys specified; max %d keys allowed",
                            DR_TABLE_INDEXES);
    for (size_t i = 0; i < d->def.index_count; i++) {
        if (ix->primary && d->indexes[i].primary)
            return dr_sql_error(x, 1068, "Multiple primary key defined");
        if (strcasecmp(d->indexes[i].name, ix->name) == 0)
            return dr_sql_error(x, 1061, "Duplicate key name '%s'", ix->name);
    }
    size_t at = d->def.index_count++;
    if (ix->primary) { /* the primary key stands first */
        memmove(d->indexes + 1, d->indexes, at * sizeof(*d->indexes));
        at = 0;
        for (size_t k = 0; k < ix->column_count; k++)
            d->columns[ix->columns[k]].not_null = true;
    }
    d->indexes[at] = *ix;
    return DR_RUN_OK;
}

static enum dr_run one_column_index(struct dr_exec *x, struct dr_def_draft *d,
                                    size_t column, bool primary)
{
    uint32_t *columns = DR_NEW(x->m->arena, uint32_t);
    *columns = (uint32_t)column;
    struct dr_index ix = {.name = primary ? "PRIMARY" : d->columns[column].name,
                          .unique = true,
                          .primary = primary,
                          .column_count = 1,
                          .columns = columns};
    return add_index(x, d, &ix);
}

static enum dr_run rare_option(struct dr_exec *x, struct dr_def_draft *d,
                               struct dr_column *col, bool *taken)
{
    struct dr_cur *c = &x->cur;
    const char *text;
    size_t len, from;
    if (dr_accept(c, "COMMENT")) {
        if (!dr_take_string(c, &text, &len))
            return dr_sql_syntax(x);
        col->comment = dr_model_string(x->m, text, len);
        d->said.comment++;
    } else if (dr_accept(c, "COLLATE")) {
        c->i++;
        d->said.other++;
    } else if (dr_accept_all(c, "GENERATED ALWAYS AS") || dr_accept(c, "AS")) {
        d->said.generated++;
        from = c->i;
        if (!dr_skip_parens(c))
            return dr_sql_syntax(x);
        col->generated = text_between(x, from, c->i);
        if (!dr_accept(c, "STORED"))
            (void)dr_accept(c, "VIRTUAL");
    } else if (dr_accept(c, "CHECK")) {
        d->said.other++;
        return dr_skip_parens(c) ? DR_RUN_OK : dr_sql_syntax(x);
    } else {
        *taken = false;
    }
    return DR_RUN_OK;
}

/* One option of a column. *taken false: none here. */
static enum dr_run column_option(struct dr_exec *x, struct dr_def_draft *d,
                                 struct dr_column *col, bool *taken)
{
    struct dr_cur *c = &x->cur;
    size_t at = (size_t)(col - d->columns);
    *taken = true;
    if (dr_accept_all(c, "NOT NULL")) {
        col->not_null = true;
        d->said.not_null++;
    } else if (dr_accept(c, "NULL")) {
        col->not_null = false;
        d->said.null++;
    } else if (dr_accept(c, "DEFAULT")) {
        d->said.value++;
        return dr_draft_default(x, col);
    } else if (dr_accept_all(c, "ON UPDATE")) {
        d->said.other++;
        c->i++;
        if (dr_is(c, "(") && !dr_skip_parens(c))
            return dr_sql_syntax(x);
        col->on_update_now = true;
    } else if (dr_accept(c, "AUTO_INCREMENT")) {
        col->auto_increment = true;
    } else if (dr_accept(c, "AUTO_RANDOM")) {
        col->auto_random = true;
        if (dr_is(c, "("))
            (void)dr_skip_parens(c);
    } else if (dr_accept_all(c, "PRIMARY KEY")) {
        d->nonclustered = dr_accept(c, "NONCLUSTERED");
        (void)dr_accept(c, "CLUSTERED");
        return one_column_index(x, d, at, true);
    } else if (dr_accept(c, "UNIQUE")) {
        (void)dr_accept(c, "KEY");
        return one_column_index(x, d, at, false);
    } else {
        return rare_option(x, d, col, taken);
    }
    return DR_RUN_OK;
}

enum dr_run dr_draft_column(struct dr_exec *x, struct dr_def_draft *d)
{
    const char *name;
    if (!dr_take_name(&x->cur, &name))
        return dr_sql_syntax(x);
    if (dr_draft_find(d, name) >= 0)
        return dr_sql_error(x, 1060, "Duplicate column name '%s'", name);
    if (d->def.column_count == DR_TABLE_COLUMNS)
        return dr_sql_error(x, 1117, "Too many columns");
    struct dr_column *col = &d->columns[d->def.column_count++];
    *col = (struct dr_column){.name = dr_model_string(x->m, name, strlen(name)),
                              .comment = ""};
    memset(&d->said, 0, sizeof(d->said));
    if (take_type(x, col))
        return DR_RUN_ERROR;
    for (bool taken = true; taken;)
        if (column_option(x, d, col, &taken))
            return DR_RUN_ERROR;
    return DR_RUN_OK;
}

/* ---- indexes ---- */

static enum dr_run index_columns(struct dr_exec *x, struct dr_def_draft *d,
                                 struct dr_index *ix)
{
    struct dr_cur *c = &x->cur;
    uint32_t at[16];
    if (!dr_accept(c, "("))
        return dr_sql_syntax(x);
    do {
        const char *name;
        if (!dr_take_name(c, &name) || ix->column_count == 16)
            return dr_sql_syntax(x);
        int i = dr_draft_find(d, name);
        if (i < 0)
            return dr_sql_error(x, 1072, "Key column '%s' doesn't exist in table", name);
        at[ix->column_count++] = (uint32_t)i;
        if (dr_is(c, "(") && !dr_skip_parens(c))
            return dr_sql_syntax(x);
        if (!dr_accept(c, "ASC"))
            (void)dr_accept(c, "DESC");
    } while (dr_accept(c, ","));
    if (!dr_accept(c, ")"))
        return dr_sql_syntax(x);
    uint32_t *kept = dr_alloc_n(x->m->arena, ix->column_count, sizeof(*kept));
    memcpy(kept, at, ix->column_count * sizeof(*kept));
    ix->columns = kept;
    return DR_RUN_OK;
}

/* CONSTRAINT name, and what is parsed but kept by nobody: foreign keys (TiCDC's sink
 * switches the checks off) and CHECK (off by default). */
static enum dr_run constraint(struct dr_exec *x, const char **name, bool *done)
{
    struct dr_cur *c = &x->cur;
    *done = true;
    if (dr_accept(c, "CONSTRAINT") && !dr_is(c, "PRIMARY") && !dr_is(c, "UNIQUE") &&
        !dr_is(c, "FOREIGN") && !dr_is(c, "CHECK") && !dr_take_name(c, name))
        return dr_sql_syntax(x);
    if (dr_accept(c, "CHECK"))
        return dr_skip_parens(c) ? DR_RUN_OK : dr_sql_syntax(x);
    *done = dr_accept(c, "FOREIGN");
    while (*done && !dr_at_end(c) && !dr_is(c, ",") && !dr_is(c, ")")) {
        const char *schema, *table;
        if (dr_accept(c, "REFERENCES")) { /* tidb: planbuilder.go buildDDL */
            if (dr_take_table(x, &schema, &table) ||
                dr_need_table(x, DR_PRIV_REFERENCES, schema, table))
                return DR_RUN_ERROR;
        } else if (!dr_skip_parens(c)) {
            c->i++;
        }
    }
    return DR_RUN_OK;
}

enum dr_run dr_draft_index(struct dr_exec *x, struct dr_def_draft *d, bool *taken)
{
    struct dr_cur *c = &x->cur;
    struct dr_index ix = {0};
    const char *name = NULL;
    size_t start = c->i;
    bool done;
    *taken = true;
    enum dr_run r = constraint(x, &name, &done);
    if (r || done)
        return r;
    if (dr_accept_all(c, "PRIMARY KEY")) {
        ix.primary = ix.unique = true;
        name = "PRIMARY";
    } else if (dr_accept(c, "UNIQUE")) {
        ix.unique = true;
        if (!dr_accept(c, "KEY"))
            (void)dr_accept(c, "INDEX");
    } else if (!dr_accept(c, "KEY") && !dr_accept(c, "INDEX")) {
        c->i = start;
        *taken = false;
        return DR_RUN_OK;
    }
    if (!dr_is(c, "(") && !dr_take_name(c, &name))
        return dr_sql_syntax(x);
    if (index_columns(x, d, &ix))
        return DR_RUN_ERROR;
    d->nonclustered |= dr_accept(c, "NONCLUSTERED");
    (void)dr_accept(c, "CLUSTERED");
    if (!name)
        name = d->columns[ix.columns[0]].name;
    ix.name = ix.primary ? "PRIMARY" : dr_model_string(x->m, name, strlen(name));
    return add_index(x, d, &ix);
}

/* ---- table options ---- */

static enum dr_run ttl_option(struct dr_exec *x, struct dr_def_draft *d)
{
    struct dr_cur *c = &x->cur;
    const char *column;
    uint64_t n;
    if (!dr_take_name(c, &column) || !dr_accept(c, "+") || !dr_accept(c, "INTERVAL") ||
        !dr_take_u64(c, &n) || dr_peek(c, 0)->kind != DR_TOK_WORD)
        return dr_sql_syntax(x);
    if (dr_draft_find(d, column) < 0)
        return dr_sql_error(x, 1054, "Unknown column '%s' in 'TTL config'", column);
    const char *text = dr_sprintf(x->a, "`%s` + INTERVAL %llu %s", column,
                                  (unsigned long long)n, dr_peek(c, 0)->text);
    d->def.ttl = dr_model_string(x->m, text, strlen(text));
    c->i++;
    return DR_RUN_OK;
}

enum dr_run dr_draft_option(struct dr_exec *x, struct dr_def_draft *d, bool *taken)
{
    static const char *const plain[] = {
        "ENGINE",         "CHARSET",           "COLLATE",
        "ROW_FORMAT",     "SHARD_ROW_ID_BITS", "PRE_SPLIT_REGIONS",
        "KEY_BLOCK_SIZE", "STATS_PERSISTENT",  NULL};
    struct dr_cur *c = &x->cur;
    const struct dr_token *t;
    uint64_t n;
    *taken = true;
    (void)dr_accept(c, "DEFAULT");
    if (dr_accept(c, "TTL")) {
        if (!dr_accept(c, "="))
            return dr_sql_syntax(x);
        return ttl_option(x, d);
    }
    if (dr_accept_all(c, "REMOVE TTL")) {
        d->def.ttl = NULL;
        return DR_RUN_OK;
    }
    static const char *const valued[] = {"COMMENT",       "AUTO_INCREMENT",
                                         "TTL_ENABLE",    "TTL_JOB_INTERVAL",
                                         "AUTO_ID_CACHE", NULL};
    size_t k = 0;
    while (valued[k] && !dr_is(c, valued[k]))
        k++;
    if (valued[k]) {
        c->i++;
        (void)dr_accept(c, "=");
        t = dr_peek(c, 0);
        c->i++;
        bool number = t->kind == DR_TOK_NUMBER && dr_parse_u64(t->text, t->len, &n);
        if (k == 0               ? t->kind != DR_TOK_STRING
            : (k == 1 || k == 4) ? !number
                                 : t->kind != DR_TOK_STRING) {
            c->i--;
            return dr_sql_syntax(x);
        }
        const char *kept = dr_model_string(x->m, t->text, t->len);
        if (k == 0)
            d->def.comment = kept;
        else if (k == 1)
            d->auto_increment = n ? (int64_t)n : -1;
        else if (k == 2)
            d->def.ttl_enable = strcasecmp(kept, "ON") == 0;
        else if (k == 3)
            d->def.ttl_interval = kept;
        else
            d->def.auto_id_cache = (int64_t)n;
        return DR_RUN_OK;
    }
    if (dr_accept_all(c, "CHARACTER SET")) {
        (void)dr_accept(c, "=");
        c->i++;
        return DR_RUN_OK;
    }
    for (size_t i = 0; plain[i]; i++) {
        if (dr_accept(c, plain[i])) {
            (void)dr_accept(c, "=");
            c->i++;
            return DR_RUN_OK;
        }
    }
    *taken = false;
    return DR_RUN_OK;
}

enum dr_run dr_draft_body(struct dr_exec *x, struct dr_def_draft *d)
{
    struct dr_cur *c = &x->cur;
    bool taken;
    if (!dr_accept(c, "("))
        return dr_sql_syntax(x);
    do {
        if (dr_draft_index(x, d, &taken) || (!taken && dr_draft_column(x, d)))
            return DR_RUN_ERROR;
    } while (dr_accept(c, ","));
    if (!dr_accept(c, ")"))
        return dr_sql_syntax(x);
    for (taken = true; taken; (void)dr_accept(c, ","))
        if (dr_draft_option(x, d, &taken))
            return DR_RUN_ERROR;
    return dr_at_end(c) ? DR_RUN_OK : dr_sql_syntax(x);
}

const struct dr_table_def *dr_draft_done(struct dr_exec *x, struct dr_def_draft *d,
                                         int64_t id)
{
    struct dr_arena *m = x->m->arena;
    struct dr_table_def *def = DR_NEW(m, struct dr_table_def);
    *def = d->def;
    def->id = id;
    def->schema = dr_model_string(x->m, def->schema, strlen(def->schema));
    def->name = dr_model_string(x->m, def->name, strlen(def->name));
    struct dr_column *columns = dr_alloc_n(m, def->column_count + 1, sizeof(*columns));
    memcpy(columns, d->columns, def->column_count * sizeof(*columns));
    struct dr_index *indexes = dr_alloc_n(m, def->index_count + 1, sizeof(*indexes));
    memcpy(indexes, d->indexes, def->index_count * sizeof(*indexes));
    def->columns = columns;
    def->indexes = indexes;
    return def;
}
