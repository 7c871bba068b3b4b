/* SHOW and DESC. Columns: docs: sql-statements/sql-statement-show-*.md. */
#include <string.h>
#include <strings.h>

#include "controller/base/quote.h"
#include "controller/estate/model/network.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_def.h"
#include "controller/estate/model/sql_engine.h"
#include "controller/estate/model/sql_process.h"
#include "controller/estate/model/sql_vars.h"

/* ---- LIKE and WHERE ---- */

static enum dr_run filter_like(struct dr_exec *x, const char *pattern)
{
    struct dr_sql_answer *o = x->out;
    size_t kept = 0, n = o->column_count;
    for (size_t i = 0; i < o->row_count; i++) {
        const char *s = o->cells[i * n].text;
        if (!s || !dr_like(pattern, s, true))
            continue;
        memmove(&o->cells[kept * n], &o->cells[i * n], n * sizeof(*o->cells));
        kept++;
    }
    o->row_count = kept;
    o->affected = kept * n;
    return DR_RUN_OK;
}

static enum dr_run filter_where(struct dr_exec *x, size_t from)
{
    struct dr_sql_answer *o = x->out;
    struct dr_rewrite q;
    struct dr_rows rows;
    dr_rewrite_init(&q, x);
    dr_buf_adds(&q.out, "WITH s(");
    for (size_t i = 0; i < o->column_count; i++)
        dr_buf_addf(&q.out, "%s\"%s\"", i ? "," : "", o->columns[i]);
    dr_buf_adds(&q.out, ") AS (VALUES ");
    for (size_t i = 0; i < o->row_count * o->column_count; i++) {
        const struct dr_cell *c = &o->cells[i];
        struct dr_datum d = {
            .kind = c->text ? DR_DATUM_TEXT : DR_DATUM_NULL, .s = c->text, .len = c->len};
        dr_buf_adds(&q.out, i % o->column_count ? "," : i ? "),(" : "(");
        dr_literal_text(&d, &q.out);
    }
    dr_buf_adds(&q.out, ")) SELECT * FROM s WHERE ");
    enum dr_run r = DR_RUN_OK;
    if (o->row_count) {
        const struct dr_sql_answer kept = *o;
        r = dr_rewrite_tokens(&q, from, x->cur.count);
        if (!r)
            r = dr_engine_query(x, dr_buf_str(&q.out), &rows);
        if (!r) {
            dr_result_columns(x, kept.column_count, kept.columns);
            for (size_t i = 0; i < rows.count * rows.columns; i++) {
                size_t len;
                const char *s = dr_datum_text(x->a, &rows.v[i], &len);
                dr_result_add(x, s, len);
            }
        }
    }
    dr_rewrite_release(&q);
    return r;
}

enum dr_run dr_show_filter(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    const char *pattern;
    if (dr_at_end(c))
        return DR_RUN_OK;
    if (dr_accept(c, "LIKE")) {
        if (!dr_take_string(c, &pattern, NULL) || !dr_at_end(c))
            return dr_sql_syntax(x);
        return filter_like(x, pattern);
    }
    if (dr_accept(c, "WHERE"))
        return filter_where(x, c->i);
    return dr_sql_syntax(x);
}

/* Rows of a query of the model's own, under the names given. */
static enum dr_run from_query(struct dr_exec *x, const char *sql, size_t n,
                              const char *const *names)
{
    struct dr_exec y = *x;
    struct dr_rewrite q;
    struct dr_rows rows;
    dr_lex(x->a, sql, strlen(sql), &y.cur);
    dr_rewrite_init(&q, &y);
    enum dr_run r = dr_rewrite_tokens(&q, 0, y.cur.count);
    if (!r)
        r = dr_engine_query(&y, dr_buf_str(&q.out), &rows);
    dr_rewrite_release(&q);
    if (r)
        return r;
    dr_result_columns(x, n, names);
    for (size_t i = 0; i < rows.count * rows.columns; i++) {
        size_t len;
        const char *s = dr_datum_text(x->a, &rows.v[i], &len);
        dr_result_add(x, s, len);
    }
    return dr_show_filter(x);
}

/* ---- schemas and tables ---- */

static enum dr_run show_databases(struct dr_exec *x)
{
    static const char *const names[] = {"Database"};
    return from_query(x,
                      "SELECT SCHEMA_NAME FROM information_schema.schemata ORDER BY "
                      "LOWER(SCHEMA_NAME)",
                      1, names);
}

/* FROM db or IN db; the current one otherwise. */
static enum dr_run take_from(struct dr_exec *x, const char **schema)
{
    struct dr_cur *c = &x->cur;
    *schema = x->s->db;
    if ((dr_accept(c, "FROM") || dr_accept(c, "IN")) && !dr_take_name(c, schema))
        return dr_sql_syntax(x);
    if (!*schema)
        return dr_sql_error(x, 1046, "No database selected");
    if (!dr_db_schema(x->c->db, *schema, UINT64_MAX) &&
        strcasecmp(*schema, "information_schema") != 0)
        return dr_sql_error(x, 1049, "Unknown database '%s'", *schema);
    return DR_RUN_OK;
}

static enum dr_run show_tables(struct dr_exec *x, bool full)
{
    const char *schema;
    if (take_from(x, &schema))
        return DR_RUN_ERROR;
    const char *names[] = {dr_sprintf(x->a, "Tables_in_%s", schema), "Table_type"};
    const char *sql = dr_sprintf(
        x->a,
        "SELECT TABLE_NAME %s FROM information_schema.tables WHERE LOWER(TABLE_SCHEMA) = "
        "LOWER(%s) ORDER BY TABLE_NAME",
        full ? ", TABLE_TYPE" : "", dr_sqlite_quote(x->a, schema, strlen(schema)));
    return from_query(x, sql, full ? 2 : 1, names);
}

static enum dr_run show_table_status(struct dr_exec *x)
{
    static const char *const names[] = {
        "Name",           "Engine",      "Version",   "Row_format",     "Rows",
        "Auto_increment", "Create_time", "Collation", "Create_options", "Comment"};
    const char *schema;
    if (take_from(x, &schema))
        return DR_RUN_ERROR;
    return from_query(
        x,
        dr_sprintf(x->a,
                   "SELECT TABLE_NAME, ENGINE, VERSION, ROW_FORMAT, TABLE_ROWS, "
                   "AUTO_INCREMENT, CREATE_TIME, TABLE_COLLATION, CREATE_OPTIONS, "
                   "TABLE_COMMENT FROM information_schema.tables WHERE "
                   "LOWER(TABLE_SCHEMA) = LOWER(%s) ORDER BY TABLE_NAME",
                   dr_sqlite_quote(x->a, schema, strlen(schema))),
        10, names);
}

static enum dr_run read_table(struct dr_exec *x, const char *schema, const char *name,
                              struct dr_table **t, const struct dr_table_def **def)
{
    uint64_t tso;
    if (dr_read_tso(x, &tso))
        return DR_RUN_ERROR;
    *t = dr_db_table(x->c->db, schema, name, tso, def);
    if (*t && dr_has_any(x->s, schema, name))
        return DR_RUN_OK;
    if (*t)
        return dr_need_table(x, DR_PRIV_SELECT, schema, name);
    return dr_sql_error(x, 1146, "Table '%s.%s' doesn't exist", schema, name);
}

static bool auto_column(const struct dr_table_def *def)
{
    for (size_t i = 0; i < def->column_count; i++)
        if (def->columns[i].auto_increment)
            return true;
    return false;
}

static enum dr_run show_create_table(struct dr_exec *x)
{
    static const char *const names[] = {"Table", "Create Table"};
    const char *schema, *name;
    struct dr_table *t;
    const struct dr_table_def *def;
    struct dr_buf b;
    if (dr_take_table(x, &schema, &name) || read_table(x, schema, name, &t, &def))
        return DR_RUN_ERROR;
    if (!dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    dr_buf_init(&b, 1 << 20);
    dr_table_text(def, t->auto_base && auto_column(def) ? t->auto_base + 1 : 0, &b);
    dr_result_columns(x, 2, names);
    dr_result_text(x, def->name);
    dr_result_text(x, dr_buf_str(&b));
    dr_buf_release(&b);
    return DR_RUN_OK;
}

static enum dr_run show_create_database(struct dr_exec *x)
{
    static const char *const names[] = {"Database", "Create Database"};
    const char *name;
    if (!dr_take_name(&x->cur, &name))
        return dr_sql_syntax(x);
    const struct dr_schema *s = dr_db_schema(x->c->db, name, UINT64_MAX);
    if (!s)
        return dr_sql_error(x, 1049, "Unknown database '%s'", name);
    dr_result_columns(x, 2, names);
    dr_result_text(x, s->name);
    /* tidb: pkg/executor/show.go ConstructResultOfShowCreateDatabase: the collation where
     * it is not the character set's own */
    size_t own = strlen(s->charset);
    bool plain = strncmp(s->collate, s->charset, own) == 0 &&
                 (!s->collate[own] || strcmp(s->collate + own, "_bin") == 0);
    struct dr_buf b;
    dr_buf_init(&b, 4096);
    dr_buf_adds(&b, "CREATE DATABASE ");
    dr_sql_add_name(&b, s->name);
    dr_buf_addf(&b, " /*!40100 DEFAULT CHARACTER SET %s %s%s%s*/", s->charset,
                plain ? "" : "COLLATE ", plain ? "" : s->collate, plain ? "" : " ");
    dr_result_text(x, dr_strdup(x->a, dr_buf_str(&b)));
    dr_buf_release(&b);
    return DR_RUN_OK;
}

static enum dr_run columns_of(struct dr_exec *x, const char *schema, const char *name,
                              bool full)
{
    static const char *const names[] = {"Field", "Type",    "Null",
                                        "Key",   "Default", "Extra"};
    static const char *const all[] = {"Field",   "Type",  "Collation",  "Null",   "Key",
                                      "Default", "Extra", "Privileges", "Comment"};
    struct dr_table *t;
    const struct dr_table_def *def;
    const struct dr_mem_table *mem = dr_mem_table_find(schema, name);
    if (!mem && read_table(x, schema, name, &t, &def))
        return DR_RUN_ERROR;
    if (mem) {
        dr_result_columns(x, 6, names);
        for (const char *p = mem->columns; *p;) {
            size_t n = strcspn(p, " :");
            dr_result_add(x, p, n);
            dr_result_text(x, p[n] == ':' ? "bigint(21)" : "varchar(256)");
            dr_result_text(x, "YES");
            dr_result_text(x, "");
            dr_result_text(x, NULL);
            dr_result_text(x, "");
            p += n + (p[n] == ':' ? 2 : 0);
            p += *p == ' ';
        }
        return dr_show_filter(x);
    }
    const char *sql = dr_sprintf(
        x->a,
        "SELECT COLUMN_NAME, COLUMN_TYPE, %s IS_NULLABLE, COLUMN_KEY, COLUMN_DEFAULT, "
        "EXTRA "
        "%s FROM information_schema.columns WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s "
        "ORDER BY ORDINAL_POSITION",
        full ? "COLLATION_NAME," : "",
        full ? ", 'select,insert,update,references', COLUMN_COMMENT" : "",
        dr_sqlite_quote(x->a, def->schema, strlen(def->schema)),
        dr_sqlite_quote(x->a, def->name, strlen(def->name)));
    return from_query(x, sql, full ? 9 : 6, full ? all : names);
}

/* "FROM t [FROM db]" */
static enum dr_run take_from_table(struct dr_exec *x, const char **schema,
                                   const char **name)
{
    struct dr_cur *c = &x->cur;
    if (!dr_accept(c, "FROM") && !dr_accept(c, "IN"))
        return dr_sql_syntax(x);
    const char *keep = x->s->db;
    if (!keep)
        x->s->db = ""; /* the schema may still come */
    enum dr_run r = dr_take_table(x, schema, name);
    x->s->db = keep;
    if (!r && (dr_accept(c, "FROM") || dr_accept(c, "IN")) && !dr_take_name(c, schema))
        return dr_sql_syntax(x);
    return r ? r : **schema ? DR_RUN_OK : dr_sql_error(x, 1046, "No database selected");
}

static enum dr_run show_columns(struct dr_exec *x, bool full)
{
    const char *schema, *name;
    if (take_from_table(x, &schema, &name))
        return DR_RUN_ERROR;
    return columns_of(x, schema, name, full);
}

/* EXPLAIN of a statement is none of a table, and not played. */
/* DESC t column: the row of that column alone; the end: all. */
static enum dr_run only_column(struct dr_exec *x, const struct dr_token *column)
{
    size_t n = 0, width = x->out->column_count;
    if (column->kind == DR_TOK_END)
        return DR_RUN_OK;
    for (size_t i = 0; i < x->out->row_count; i++) {
        const struct dr_cell *row = x->out->cells + i * width;
        if (row->text && dr_like(column->text, row->text, true))
            memmove(x->out->cells + n++ * width, row, width * sizeof(*row));
    }
    x->out->row_count = n;
    return DR_RUN_OK;
}

enum dr_run dr_st_desc(struct dr_exec *x)
{
    static const char *const others[] = {"SELECT",  "INSERT", "UPDATE",  "DELETE",
                                         "REPLACE", "WITH",   "ANALYZE", "FORMAT"};
    const char *schema, *name;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (dr_accept(&x->cur, others[i]))
            return dr_sql_syntax(x);
    if (dr_take_table(x, &schema, &name))
        return DR_RUN_ERROR;
    const struct dr_token *column = dr_peek(&x->cur, 0);
    if (!dr_at_end(&x->cur))
        x->cur.i++;
    return columns_of(x, schema, name, false) ? DR_RUN_ERROR : only_column(x, column);
}

static enum dr_run show_index(struct dr_exec *x)
{
    static const char *const names[] = {"Table",        "Non_unique",  "Key_name",
                                        "Seq_in_index", "Column_name", "Null",
                                        "Index_type",   "Visible"};
    const char *schema, *name;
    struct dr_table *t;
    const struct dr_table_def *def;
    if (take_from_table(x, &schema, &name) || read_table(x, schema, name, &t, &def))
        return DR_RUN_ERROR;
    return from_query(
        x,
        dr_sprintf(
            x->a,
            "SELECT TABLE_NAME, NON_UNIQUE, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, "
            "NULLABLE, INDEX_TYPE, IS_VISIBLE FROM information_schema.statistics "
            "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
            dr_sqlite_quote(x->a, def->schema, strlen(def->schema)),
            dr_sqlite_quote(x->a, def->name, strlen(def->name))),
        8, names);
}

static enum dr_run show_next_row_id(struct dr_exec *x)
{
    static const char *const names[] = {"DB_NAME", "TABLE_NAME", "COLUMN_NAME",
                                        "NEXT_GLOBAL_ROW_ID", "ID_TYPE"};
    const char *schema, *name;
    struct dr_table *t;
    const struct dr_table_def *def;
    if (dr_take_table(x, &schema, &name) || read_table(x, schema, name, &t, &def))
        return DR_RUN_ERROR;
    if (!dr_accept(&x->cur, "NEXT_ROW_ID"))
        return dr_sql_syntax(x);
    dr_result_columns(x, 5, names);
    for (size_t i = 0; i < def->column_count; i++) {
        const struct dr_column *col = &def->columns[i];
        if (!col->auto_increment && !col->auto_random)
            continue;
        dr_result_text(x, def->schema);
        dr_result_text(x, def->name);
        dr_result_text(x, col->name);
        dr_result_num(x, t->auto_base + 1);
        dr_result_text(x, col->auto_random ? "AUTO_RANDOM" : "AUTO_INCREMENT");
    }
    return DR_RUN_OK;
}

/* ---- variables, status, sessions ---- */

static enum dr_run show_variables(struct dr_exec *x, bool global)
{
    static const char *const names[] = {"Variable_name", "Value"};
    dr_result_columns(x, 2, names);
    for (size_t i = 0; i < dr_var_count(); i++) {
        if (global && !(dr_vars[i].scope & DR_SCOPE_GLOBAL))
            continue;
        dr_result_text(x, dr_vars[i].name);
        dr_result_text(x, dr_var_value(x, (int)i, global));
    }
    return dr_show_filter(x);
}

static enum dr_run show_status(struct dr_exec *x)
{
    static const char *const names[] = {"Variable_name", "Value"};
    char id[24];
    snprintf(id, sizeof(id), "%zu", x->s->in->index + 1);
    const char *rows[][2] = {{"Ssl_cipher", x->s->tls ? "TLS_AES_128_GCM_SHA256" : ""},
                             {"Ssl_version", x->s->tls ? "TLSv1.3" : ""},
                             {"server_id", id},
                             {"tidb_gc_leader_desc", "host:model"}};
    dr_result_columns(x, 2, names);
    for (size_t i = 0; i < 4; i++) {
        dr_result_text(x, rows[i][0]);
        dr_result_text(x, rows[i][1]);
    }
    return dr_show_filter(x);
}

static enum dr_run show_processlist(struct dr_exec *x, bool full)
{
    static const char *const names[] = {"Id",      "User", "Host",  "db",
                                        "Command", "Time", "State", "Info"};
    return from_query(x,
                      full ? "SELECT ID, USER, HOST, DB, COMMAND, TIME, STATE, INFO FROM "
                             "information_schema.processlist"
                           : "SELECT ID, USER, HOST, DB, COMMAND, TIME, STATE, "
                             "SUBSTR(INFO, 1, 100) FROM "
                             "information_schema.processlist",
                      8, names);
}

static enum dr_run show_master_status(struct dr_exec *x)
{
    static const char *const names[] = {"File", "Position", "Binlog_Do_DB",
                                        "Binlog_Ignore_DB", "Executed_Gtid_Set"};
    if (!dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    if (!dr_instance_pd_ok(x->s->in))
        return dr_sql_error(x, 9001, "PD server timeout: ");
    dr_result_columns(x, 5, names);
    dr_result_text(x, "tidb-binlog");
    dr_result_u64(x, x->s->txn ? x->s->txn->start_tso : dr_session_tso(x->s));
    for (int i = 0; i < 3; i++)
        dr_result_text(x, "");
    return DR_RUN_OK;
}

static enum dr_run show_warnings(struct dr_exec *x, bool errors)
{
    static const char *const names[] = {"Level", "Code", "Message"};
    dr_result_columns(x, 3, names);
    for (size_t i = 0; i < x->s->warning_count; i++) {
        const struct dr_warning *w = &x->s->warnings[i];
        if (errors && strcmp(w->level, "Error") != 0)
            continue;
        dr_result_text(x, w->level);
        dr_result_num(x, w->code);
        dr_result_text(x, w->text);
    }
    return DR_RUN_OK;
}

static enum dr_run show_imports(struct dr_exec *x)
{
    static const char *const names[] = {
        "Job_ID",         "Data_Source", "Target_Table",     "Table_ID",
        "Phase",          "Status",      "Source_File_Size", "Imported_Rows",
        "Result_Message", "Create_Time", "Start_Time",       "End_Time",
        "Created_By"};
    dr_result_columns(x, 13, names); /* IMPORT INTO is none of the model's statements */
    return DR_RUN_OK;
}

static enum dr_run show_engines(struct dr_exec *x)
{
    static const char *const names[] = {"Engine", "Support", "Comment"};
    dr_result_columns(x, 3, names);
    dr_result_text(x, "InnoDB");
    dr_result_text(x, "DEFAULT");
    dr_result_text(x, "Supports transactions, row-level locking, and foreign keys");
    return DR_RUN_OK;
}

static enum dr_run show_collation(struct dr_exec *x)
{
    static const char *const names[] = {"Collation", "Charset",  "Id",
                                        "Default",   "Compiled", "Sortlen"};
    return from_query(x, "SELECT * FROM information_schema.collations", 6, names);
}

static enum dr_run show_charset(struct dr_exec *x)
{
    static const char *const names[] = {"Charset", "Description", "Default collation",
                                        "Maxlen"};
    return from_query(
        x,
        "SELECT CHARACTER_SET_NAME, DESCRIPTION, DEFAULT_COLLATE_NAME, MAXLEN "
        "FROM information_schema.character_sets",
        4, names);
}

enum dr_run dr_st_show(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    size_t start = c->i;
    bool full = dr_accept(c, "FULL"), global = dr_accept(c, "GLOBAL");
    if (!global)
        (void)dr_accept(c, "SESSION");
    if (dr_accept(c, "VARIABLES"))
        return show_variables(x, global);
    if (dr_accept(c, "STATUS"))
        return show_status(x);
    if (dr_accept(c, "TABLES"))
        return show_tables(x, full);
    if (dr_accept(c, "COLUMNS") || dr_accept(c, "FIELDS"))
        return show_columns(x, full);
    if (dr_accept(c, "PROCESSLIST"))
        return show_processlist(x, full);
    c->i = start;
    static const struct {
        const char *words;
        dr_statement_fn *run;
    } table[] = {
        {"DATABASES", show_databases},
        {"SCHEMAS", show_databases},
        {"CREATE TABLE", show_create_table},
        {"CREATE DATABASE", show_create_database},
        {"CREATE SCHEMA", show_create_database},
        {"CREATE USER", dr_st_show_create_user},
        {"GRANTS", dr_st_show_grants},
        {"MASTER STATUS", show_master_status},
        {"INDEX", show_index},
        {"INDEXES", show_index},
        {"KEYS", show_index},
        {"TABLE STATUS", show_table_status},
        {"TABLE", show_next_row_id},
        {"IMPORT JOBS", show_imports},
        {"ENGINES", show_engines},
        {"COLLATION", show_collation},
        {"CHARACTER SET", show_charset},
        {"CHARSET", show_charset},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (dr_accept_all(c, table[i].words))
            return table[i].run(x);
    if (dr_accept(c, "WARNINGS"))
        return show_warnings(x, false);
    if (dr_accept(c, "ERRORS"))
        return show_warnings(x, true);
    if (dr_is(c, "BACKUPS") || dr_is(c, "RESTORES"))
        return dr_st_show_brie(x);
    if (dr_is(c, "BINARY") && dr_version_rank(&x->c->version) >= 8000000 &&
        dr_accept_all(c, "BINARY LOG STATUS"))
        return show_master_status(x);
    if (dr_accept_all(c, "SLAVE STATUS") || dr_accept_all(c, "REPLICA STATUS"))
        return dr_sql_error(
            x, 1235, "This version of TiDB doesn't yet support 'SHOW REPLICA STATUS'");
    return dr_sql_syntax(x);
}
