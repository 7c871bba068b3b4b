/* information_schema and the computed tables of mysql. Columns: docs:
 * information-schema/, tidb: pkg/infoschema/tables.go. Rows are those that the session's
 * privileges let it see; whoever lacks them gets fewer rows, not an error. */
#include <string.h>
#include <strings.h>

#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_engine.h"
#include "controller/estate/model/sql_process.h"
#include "controller/estate/model/sql_type.h"
#include "controller/estate/model/sql_vars.h"

static uint64_t now_tso(struct dr_fill *f)
{
    uint64_t tso = UINT64_MAX;
    if (!f->x->no_snapshot && dr_read_tso(f->x, &tso))
        return 0;
    return tso;
}

/* Calls fn for every table that the session sees, in order of schema and name. */
static void each_table(struct dr_fill *f,
                       void (*fn)(struct dr_fill *, const struct dr_table *,
                                  const struct dr_table_def *))
{
    struct dr_db *db = f->x->c->db;
    uint64_t tso = now_tso(f);
    for (size_t i = 0; i < db->table_count; i++) {
        const struct dr_table_def *d = dr_table_def_at(db->tables[i], tso);
        if (d && dr_has_any(f->x->s, d->schema, d->name))
            fn(f, db->tables[i], d);
    }
}

static const char *const system_schemas[] = {"INFORMATION_SCHEMA", "METRICS_SCHEMA",
                                             "PERFORMANCE_SCHEMA", "sys", NULL};

static enum dr_run fill_schemata(struct dr_fill *f)
{
    struct dr_db *db = f->x->c->db;
    uint64_t tso = now_tso(f);
    for (size_t i = 0; i < db->schema_count + 4; i++) {
        const struct dr_schema *s = i < 4 ? NULL : &db->schemas[i - 4];
        const char *name = s ? s->name : system_schemas[i];
        if (s && (s->created_tso > tso || (s->dropped_tso && s->dropped_tso <= tso)))
            continue;
        if (!dr_has_any(f->x->s, name, NULL) && i)
            continue;
        dr_fill_text(f, "def");
        dr_fill_text(f, name);
        dr_fill_text(f, s ? s->charset : "utf8mb4");
        dr_fill_text(f, s ? s->collate : "utf8mb4_bin");
        dr_fill_null(f);
        dr_fill_null(f);
    }
    return DR_RUN_OK;
}

static bool has_auto(const struct dr_table_def *d)
{
    for (size_t i = 0; i < d->column_count; i++)
        if (d->columns[i].auto_increment)
            return true;
    return false;
}

static bool int_primary(const struct dr_table_def *d)
{
    return d->index_count && d->indexes[0].primary && d->indexes[0].column_count == 1 &&
           d->columns[d->indexes[0].columns[0]].type == DR_COL_INT;
}

static void table_row(struct dr_fill *f, const struct dr_table *t,
                      const struct dr_table_def *d)
{
    bool clustered = d->index_count && d->indexes[0].primary;
    dr_fill_text(f, "def");
    dr_fill_text(f, d->schema);
    dr_fill_text(f, d->name);
    dr_fill_text(f, "BASE TABLE");
    dr_fill_text(f, "InnoDB");
    dr_fill_int(f, 10);
    dr_fill_text(f, "Compact");
    dr_fill_int(f, (int64_t)dr_table_rows(t, UINT64_MAX));
    dr_fill_int(f, 0);
    dr_fill_int(f, 0);
    if (has_auto(d))
        dr_fill_int(f, t->auto_base + 1);
    else
        dr_fill_null(f);
    dr_fill_text(f, dr_sql_time(f->x->a, dr_tso_ms(t->created_tso), 0));
    dr_fill_text(f, d->collate);
    dr_fill_text(f, d->ttl ? (d->ttl_enable ? "TTL_ENABLE=ON" : "TTL_ENABLE=OFF") : "");
    dr_fill_text(f, d->comment);
    dr_fill_int(f, d->id);
    dr_fill_text(f, int_primary(d) ? "NOT_SHARDED(PK_IS_HANDLE)" : "NOT_SHARDED");
    dr_fill_text(f, clustered ? "CLUSTERED" : "NONCLUSTERED");
    dr_fill_null(f);
}

static enum dr_run fill_tables(struct dr_fill *f)
{
    each_table(f, table_row);
    for (const struct dr_mem_table *t = dr_mem_tables; t->name; t++) {
        bool view = strcasecmp(t->schema, "mysql") != 0;
        if (!view && !dr_has_any(f->x->s, "mysql", t->name))
            continue;
        dr_fill_text(f, "def");
        dr_fill_text(f, view ? "INFORMATION_SCHEMA" : "mysql");
        dr_fill_text(f, t->name);
        dr_fill_text(f, view ? "SYSTEM VIEW" : "BASE TABLE");
        for (int i = 0; i < 11; i++)
            dr_fill_null(f);
        dr_fill_int(f, view ? 10001 + (t - dr_mem_tables) : 1 + (t - dr_mem_tables));
        dr_fill_null(f);
        dr_fill_text(f, "NONCLUSTERED");
        dr_fill_null(f);
    }
    return DR_RUN_OK;
}

static const char *column_key(const struct dr_table_def *d, size_t column)
{
    const char *key = "";
    for (size_t i = 0; i < d->index_count; i++) {
        const struct dr_index *ix = &d->indexes[i];
        for (size_t k = 0; k < ix->column_count; k++)
            if (ix->columns[k] == column && ix->primary)
                return "PRI";
        if (ix->columns[0] == column)
            key = ix->unique && ix->column_count == 1 ? "UNI" : *key ? key : "MUL";
    }
    return key;
}

static const char *extra(const struct dr_column *c)
{
    return c->auto_increment  ? "auto_increment"
           : c->generated     ? "VIRTUAL GENERATED"
           : c->on_update_now ? "DEFAULT_GENERATED on update CURRENT_TIMESTAMP"
           : c->default_expr  ? "DEFAULT_GENERATED"
                              : "";
}

static void fill_size(struct dr_fill *f, bool known, uint64_t n)
{
    if (known)
        dr_fill_u64(f, n);
    else
        dr_fill_null(f);
}

/* CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION. Source:
 * tidb: pkg/executor/infoschema_reader.go dataForColumnsInTable. */
static void column_sizes(struct dr_fill *f, const struct dr_table_def *d, size_t i,
                         uint64_t characters)
{
    const struct dr_column *c = &d->columns[i];
    struct dr_sql_type t = dr_type_of_column(d, i);
    bool exact = c->type == DR_COL_INT, decimal = c->type == DR_COL_DECIMAL;
    bool clock = t.type == DR_TYPE_DATETIME || t.type == DR_TYPE_TIMESTAMP ||
                 t.type == DR_TYPE_TIME;
    static const unsigned digits[] = {
        [DR_TYPE_TINY] = 3,      [DR_TYPE_SHORT] = 5, [DR_TYPE_LONG] = 10,
        [DR_TYPE_LONGLONG] = 19, [DR_TYPE_INT24] = 7, [DR_TYPE_YEAR] = 4};
    uint64_t precision = decimal ? t.length - 1 - (t.decimals > 0) : t.length;
    if (exact && t.type < sizeof(digits) / sizeof(digits[0]))
        precision = digits[t.type] + (t.type == DR_TYPE_LONGLONG && c->is_unsigned);
    fill_size(f, characters > 0, characters * 4);
    fill_size(f, exact || decimal || c->type == DR_COL_REAL, precision);
    fill_size(f, exact || decimal, decimal ? t.decimals : 0);
    fill_size(f, clock, t.decimals);
}

static void column_rows(struct dr_fill *f, const struct dr_table *t,
                        const struct dr_table_def *d)
{
    (void)t;
    for (size_t i = 0; i < d->column_count; i++) {
        const struct dr_column *c = &d->columns[i];
        size_t word = strcspn(c->type_text, "( ");
        unsigned length = 0;
        bool sized =
            c->type == DR_COL_TEXT && sscanf(c->type_text, "%*[a-z](%u)", &length) == 1;
        dr_fill_text(f, "def");
        dr_fill_text(f, d->schema);
        dr_fill_text(f, d->name);
        dr_fill_text(f, c->name);
        dr_fill_int(f, (int64_t)i + 1);
        dr_fill_text(f, c->has_default ? c->default_text : NULL);
        dr_fill_text(f, c->not_null ? "NO" : "YES");
        dr_fill_text(f, dr_strndup(f->x->a, c->type_text, word));
        if (sized)
            dr_fill_int(f, length);
        else
            dr_fill_null(f);
        dr_fill_text(f, c->type == DR_COL_TEXT ? "utf8mb4" : NULL);
        dr_fill_text(f, c->type == DR_COL_TEXT ? "utf8mb4_bin" : NULL);
        dr_fill_text(f, c->type_text);
        dr_fill_text(f, column_key(d, i));
        dr_fill_text(f, extra(c));
        dr_fill_text(f, c->comment ? c->comment : "");
        dr_fill_text(f, c->generated ? c->generated : "");
        column_sizes(f, d, i, sized ? length : 0);
        dr_fill_text(f, "select,insert,update,references");
    }
}

static enum dr_run fill_columns(struct dr_fill *f)
{
    each_table(f, column_rows);
    return DR_RUN_OK;
}

static void statistic_rows(struct dr_fill *f, const struct dr_table *t,
                           const struct dr_table_def *d)
{
    (void)t;
    for (size_t i = 0; i < d->index_count; i++) {
        const struct dr_index *ix = &d->indexes[i];
        for (size_t k = 0; k < ix->column_count; k++) {
            const struct dr_column *c = &d->columns[ix->columns[k]];
            dr_fill_text(f, "def");
            dr_fill_text(f, d->schema);
            dr_fill_text(f, d->name);
            dr_fill_int(f, !ix->unique);
            dr_fill_text(f, d->schema);
            dr_fill_text(f, ix->name);
            dr_fill_int(f, (int64_t)k + 1);
            dr_fill_text(f, c->name);
            dr_fill_text(f, "A");
            dr_fill_int(f, 0);
            dr_fill_null(f);
            dr_fill_text(f, c->not_null ? "" : "YES");
            dr_fill_text(f, "BTREE");
            dr_fill_text(f, ix->invisible ? "NO" : "YES");
        }
    }
}

static enum dr_run fill_statistics(struct dr_fill *f)
{
    each_table(f, statistic_rows);
    return DR_RUN_OK;
}

static void tidb_index_rows(struct dr_fill *f, const struct dr_table *t,
                            const struct dr_table_def *d)
{
    (void)t;
    for (size_t i = 0; i < d->index_count; i++) {
        const struct dr_index *ix = &d->indexes[i];
        for (size_t k = 0; k < ix->column_count; k++) {
            dr_fill_text(f, d->schema);
            dr_fill_text(f, d->name);
            dr_fill_int(f, !ix->unique);
            dr_fill_text(f, ix->name);
            dr_fill_int(f, (int64_t)k + 1);
            dr_fill_text(f, d->columns[ix->columns[k]].name);
            dr_fill_null(f);
            dr_fill_text(f, "");
            dr_fill_null(f);
            dr_fill_int(f, (int64_t)i);
            dr_fill_text(f, ix->invisible ? "NO" : "YES");
            dr_fill_text(f, ix->primary ? "YES" : "NO");
        }
    }
}

static enum dr_run fill_tidb_indexes(struct dr_fill *f)
{
    each_table(f, tidb_index_rows);
    return DR_RUN_OK;
}

static void key_rows(struct dr_fill *f, const struct dr_table *t,
                     const struct dr_table_def *d)
{
    (void)t;
    for (size_t i = 0; i < d->index_count; i++) {
        const struct dr_index *ix = &d->indexes[i];
        for (size_t k = 0; ix->unique && k < ix->column_count; k++) {
            dr_fill_text(f, "def");
            dr_fill_text(f, d->schema);
            dr_fill_text(f, ix->name);
            dr_fill_text(f, d->schema);
            dr_fill_text(f, d->name);
            dr_fill_text(f, d->columns[ix->columns[k]].name);
            dr_fill_int(f, (int64_t)k + 1);
        }
    }
}

static enum dr_run fill_keys(struct dr_fill *f)
{
    each_table(f, key_rows);
    return DR_RUN_OK;
}

static void constraint_rows(struct dr_fill *f, const struct dr_table *t,
                            const struct dr_table_def *d)
{
    (void)t;
    for (size_t i = 0; i < d->index_count; i++) {
        if (!d->indexes[i].unique)
            continue;
        dr_fill_text(f, "def");
        dr_fill_text(f, d->schema);
        dr_fill_text(f, d->indexes[i].name);
        dr_fill_text(f, d->schema);
        dr_fill_text(f, d->name);
        dr_fill_text(f, d->indexes[i].primary ? "PRIMARY KEY" : "UNIQUE");
    }
}

static enum dr_run fill_constraints(struct dr_fill *f)
{
    each_table(f, constraint_rows);
    return DR_RUN_OK;
}

static enum dr_run fill_nothing(struct dr_fill *f)
{
    (void)f;
    return DR_RUN_OK;
}

static enum dr_run fill_charsets(struct dr_fill *f)
{
    static const char *const sets[][3] = {{"ascii", "ascii_bin", "US ASCII"},
                                          {"binary", "binary", "binary"},
                                          {"gbk", "gbk_chinese_ci",
                                           "Chinese Internal Code "
                                           "Specification"},
                                          {"latin1", "latin1_bin", "Latin1"},
                                          {"utf8", "utf8_bin", "UTF-8 Unicode"},
                                          {"utf8mb4", "utf8mb4_bin", "UTF-8 Unicode"}};
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < 3; k++)
            dr_fill_text(f, sets[i][k]);
        dr_fill_int(f, i == 5 ? 4 : i == 4 ? 3 : i == 2 ? 2 : 1);
    }
    return DR_RUN_OK;
}

static enum dr_run fill_collations(struct dr_fill *f)
{
    static const char *const names[][2] = {
        {"ascii_bin", "ascii"},           {"binary", "binary"},
        {"latin1_bin", "latin1"},         {"utf8_bin", "utf8"},
        {"utf8_general_ci", "utf8"},      {"utf8mb4_0900_ai_ci", "utf8mb4"},
        {"utf8mb4_bin", "utf8mb4"},       {"utf8mb4_general_ci", "utf8mb4"},
        {"utf8mb4_unicode_ci", "utf8mb4"}};
    static const int64_t ids[] = {65, 63, 47, 83, 33, 255, 46, 45, 224};
    for (size_t i = 0; i < 9; i++) {
        dr_fill_text(f, names[i][0]);
        dr_fill_text(f, names[i][1]);
        dr_fill_int(f, ids[i]);
        dr_fill_text(f, strstr(names[i][0], "_bin") || i == 1 ? "Yes" : "");
        dr_fill_text(f, "Yes");
        dr_fill_int(f, 1);
    }
    return DR_RUN_OK;
}

/* ---- accounts ---- */

/* mysql.user: columns named as TiDB's, privileges Y/N. */
static void yes_no(struct dr_fill *f, bool yes)
{
    dr_fill_text(f, yes ? "Y" : "N");
}

static enum dr_run fill_user(struct dr_fill *f)
{
    for (const struct dr_account *a = f->x->c->accounts->first; a; a = a->next) {
        dr_fill_text(f, a->host);
        dr_fill_text(f, a->user);
        dr_fill_text(f, dr_account_auth(f->x->a, a));
        dr_fill_text(f, a->plugin);
        yes_no(f, a->locked);
        for (int p = 0; p <= DR_PRIV_GRANT_OPTION; p++)
            yes_no(f, a->privs >> p & 1);
        dr_fill_text(f, "N");
    }
    return DR_RUN_OK;
}

static enum dr_run fill_db(struct dr_fill *f)
{
    for (const struct dr_account *a = f->x->c->accounts->first; a; a = a->next) {
        for (const struct dr_object_grant *g = a->objects; g; g = g->next) {
            if (g->table)
                continue;
            dr_fill_text(f, a->host);
            dr_fill_text(f, g->schema);
            dr_fill_text(f, a->user);
            for (int p = 0; p <= DR_PRIV_GRANT_OPTION; p++)
                yes_no(f, g->privs >> p & 1);
        }
    }
    return DR_RUN_OK;
}

static enum dr_run fill_tables_priv(struct dr_fill *f)
{
    for (const struct dr_account *a = f->x->c->accounts->first; a; a = a->next) {
        for (const struct dr_object_grant *g = a->objects; g; g = g->next) {
            if (!g->table)
                continue;
            struct dr_buf b;
            dr_buf_init(&b, 4096);
            for (int p = 0; p < DR_PRIV_GRANT_OPTION; p++)
                if (g->privs >> p & 1)
                    dr_buf_addf(&b, "%s%s", b.len ? "," : "", dr_priv_names[p]);
            dr_fill_text(f, a->host);
            dr_fill_text(f, g->schema);
            dr_fill_text(f, a->user);
            dr_fill_text(f, g->table);
            dr_fill_text(f, dr_buf_str(&b));
            dr_buf_release(&b);
        }
    }
    return DR_RUN_OK;
}

static enum dr_run fill_global_grants(struct dr_fill *f)
{
    for (const struct dr_account *a = f->x->c->accounts->first; a; a = a->next) {
        for (const struct dr_dynamic_grant *g = a->dynamic; g; g = g->next) {
            dr_fill_text(f, a->user);
            dr_fill_text(f, a->host);
            dr_fill_text(f, g->name);
            yes_no(f, g->grant_option);
        }
    }
    return DR_RUN_OK;
}

static enum dr_run fill_user_privileges(struct dr_fill *f)
{
    for (const struct dr_account *a = f->x->c->accounts->first; a; a = a->next) {
        const char *who = dr_sprintf(f->x->a, "'%s'@'%s'", a->user, a->host);
        for (int p = 0; p < DR_PRIV_GRANT_OPTION; p++) {
            if (!(a->privs >> p & 1))
                continue;
            dr_fill_text(f, who);
            dr_fill_text(f, "def");
            dr_fill_text(f, dr_priv_names[p]);
            dr_fill_text(f, a->privs >> DR_PRIV_GRANT_OPTION & 1 ? "YES" : "NO");
        }
    }
    return DR_RUN_OK;
}

/* ---- mysql.tidb, mysql.global_variables ---- */

static void tidb_row(struct dr_fill *f, const char *name, const char *value)
{
    dr_fill_text(f, name);
    dr_fill_text(f, value);
    dr_fill_text(f, "");
}

/* "20260102-03:04:05.000 +0000" */
static const char *gc_time(struct dr_fill *f, int64_t ms)
{
    const char *t = dr_sql_time(f->x->a, ms, 3);
    return dr_sprintf(f->x->a, "%.4s%.2s%.2s-%s +0000", t, t + 5, t + 8, t + 11);
}

static enum dr_run fill_tidb(struct dr_fill *f)
{
    const struct dr_model_cluster *c = f->x->c;
    const char *const *g = c->globals;
    tidb_row(f, "bootstrapped", "True");
    tidb_row(f, "tidb_server_version", "218");
    tidb_row(f, "system_tz", "UTC");
    tidb_row(f, "new_collation_enabled", c->old_collation ? "False" : "True");
    tidb_row(f, "tikv_gc_leader_uuid", "6a0000000000001");
    tidb_row(f, "tikv_gc_enable",
             dr_var_on(g[dr_var_index(DR_V_GC_ENABLE)]) ? "true" : "false");
    tidb_row(f, "tikv_gc_life_time", g[dr_var_index(DR_V_GC_LIFE)]);
    tidb_row(f, "tikv_gc_run_interval", g[dr_var_find("tidb_gc_run_interval")]);
    if (c->gc_safe_point) {
        tidb_row(f, "tikv_gc_safe_point", gc_time(f, dr_tso_ms(c->gc_safe_point)));
        tidb_row(f, "tikv_gc_last_run_time", gc_time(f, c->gc_last_run_ms));
    }
    if (dr_version_rank(&c->version) >= 8005000) /* [inference: since when] */
        tidb_row(f, "cluster_id",
                 dr_sprintf(f->x->a, "%llu", (unsigned long long)c->pd_cluster_id));
    return DR_RUN_OK;
}

static enum dr_run fill_global_variables(struct dr_fill *f)
{
    for (size_t i = 0; i < dr_var_count(); i++) {
        if (!(dr_vars[i].scope & DR_SCOPE_GLOBAL) ||
            dr_vars[i].scope & (DR_SCOPE_READONLY | DR_SCOPE_INSTANCE))
            continue;
        dr_fill_text(f, dr_vars[i].name);
        dr_fill_text(f, (int)i == dr_var_index(DR_V_EXTERNAL_TS)
                            ? dr_var_value(f->x, (int)i, true)
                            : f->x->c->globals[i]);
    }
    return DR_RUN_OK;
}

// clang-format off
const struct dr_mem_table dr_mem_tables[] = {
    {"information_schema", "CHARACTER_SETS", "CHARACTER_SET_NAME DEFAULT_COLLATE_NAME DESCRIPTION MAXLEN:i", fill_charsets},
    {"information_schema", "CLUSTER_INFO", "TYPE INSTANCE STATUS_ADDRESS VERSION GIT_HASH START_TIME UPTIME SERVER_ID:i", dr_fill_cluster_info},
    {"information_schema", "CLUSTER_PROCESSLIST", "INSTANCE ID:i USER HOST DB COMMAND TIME:i STATE INFO DIGEST MEM:i DISK:i TxnStart RESOURCE_GROUP SESSION_ALIAS", dr_fill_cluster_processlist},
    {"information_schema", "CLUSTER_TIDB_TRX", "INSTANCE ID:i START_TIME CURRENT_SQL_DIGEST CURRENT_SQL_DIGEST_TEXT STATE WAITING_START_TIME MEM_BUFFER_KEYS:i MEM_BUFFER_BYTES:i SESSION_ID:i USER DB ALL_SQL_DIGESTS RELATED_TABLE_IDS", dr_fill_cluster_trx},
    {"information_schema", "COLLATIONS", "COLLATION_NAME CHARACTER_SET_NAME ID:i IS_DEFAULT IS_COMPILED SORTLEN:i", fill_collations},
    {"information_schema", "COLUMNS", "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION:i COLUMN_DEFAULT IS_NULLABLE DATA_TYPE CHARACTER_MAXIMUM_LENGTH:i CHARACTER_SET_NAME COLLATION_NAME COLUMN_TYPE COLUMN_KEY EXTRA COLUMN_COMMENT GENERATION_EXPRESSION CHARACTER_OCTET_LENGTH:i NUMERIC_PRECISION:i NUMERIC_SCALE:i DATETIME_PRECISION:i PRIVILEGES", fill_columns},
    {"information_schema", "DDL_JOBS", "JOB_ID:i DB_NAME TABLE_NAME JOB_TYPE SCHEMA_STATE SCHEMA_ID:i TABLE_ID:i ROW_COUNT:i CREATE_TIME START_TIME END_TIME STATE QUERY", dr_fill_ddl_jobs},
    {"information_schema", "KEY_COLUMN_USAGE", "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION:i", fill_keys},
    {"information_schema", "PROCESSLIST", "ID:i USER HOST DB COMMAND TIME:i STATE INFO DIGEST MEM:i DISK:i TxnStart RESOURCE_GROUP SESSION_ALIAS", dr_fill_processlist},
    {"information_schema", "REFERENTIAL_CONSTRAINTS", "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_NAME REFERENCED_TABLE_NAME", fill_nothing},
    {"information_schema", "SCHEMATA", "CATALOG_NAME SCHEMA_NAME DEFAULT_CHARACTER_SET_NAME DEFAULT_COLLATION_NAME SQL_PATH TIDB_PLACEMENT_POLICY_NAME", fill_schemata},
    {"information_schema", "SEQUENCES", "TABLE_CATALOG SEQUENCE_SCHEMA SEQUENCE_NAME CACHE:i CACHE_VALUE:i CYCLE:i INCREMENT:i MAX_VALUE:i MIN_VALUE:i START:i COMMENT", fill_nothing},
    {"information_schema", "STATISTICS", "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME NON_UNIQUE:i INDEX_SCHEMA INDEX_NAME SEQ_IN_INDEX:i COLUMN_NAME COLLATION CARDINALITY:i SUB_PART:i NULLABLE INDEX_TYPE IS_VISIBLE", fill_statistics},
    {"information_schema", "TABLES", "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE ENGINE VERSION:i ROW_FORMAT TABLE_ROWS:i DATA_LENGTH:i INDEX_LENGTH:i AUTO_INCREMENT:i CREATE_TIME TABLE_COLLATION CREATE_OPTIONS TABLE_COMMENT TIDB_TABLE_ID:i TIDB_ROW_ID_SHARDING_INFO TIDB_PK_TYPE TIDB_PLACEMENT_POLICY_NAME", fill_tables},
    {"information_schema", "TABLE_CONSTRAINTS", "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_SCHEMA TABLE_NAME CONSTRAINT_TYPE", fill_constraints},
    {"information_schema", "TIDB_CHECK_CONSTRAINTS", "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME CHECK_CLAUSE TABLE_NAME TABLE_ID:i", fill_nothing},
    {"information_schema", "TIDB_INDEXES", "TABLE_SCHEMA TABLE_NAME NON_UNIQUE:i KEY_NAME SEQ_IN_INDEX:i COLUMN_NAME SUB_PART:i INDEX_COMMENT Expression INDEX_ID:i IS_VISIBLE CLUSTERED", fill_tidb_indexes},
    {"information_schema", "TIDB_SERVERS_INFO", "DDL_ID IP PORT:i STATUS_PORT:i LEASE VERSION GIT_HASH LABELS", dr_fill_servers},
    {"information_schema", "TIDB_TRX", "ID:i START_TIME CURRENT_SQL_DIGEST CURRENT_SQL_DIGEST_TEXT STATE WAITING_START_TIME MEM_BUFFER_KEYS:i MEM_BUFFER_BYTES:i SESSION_ID:i USER DB ALL_SQL_DIGESTS RELATED_TABLE_IDS", dr_fill_trx},
    {"information_schema", "USER_PRIVILEGES", "GRANTEE TABLE_CATALOG PRIVILEGE_TYPE IS_GRANTABLE", fill_user_privileges},
    {"information_schema", "VIEWS", "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME VIEW_DEFINITION DEFINER", fill_nothing},
    {"mysql", "db", "Host DB User Select_priv Insert_priv Update_priv Delete_priv Create_priv Drop_priv Process_priv References_priv Alter_priv Show_db_priv Super_priv Execute_priv Index_priv Create_user_priv Create_tablespace_priv Trigger_priv Create_view_priv Show_view_priv Create_role_priv Drop_role_priv Create_tmp_table_priv Lock_tables_priv Create_routine_priv Alter_routine_priv Event_priv Shutdown_priv Reload_priv File_priv Config_priv Repl_client_priv Repl_slave_priv Grant_priv", fill_db},
    {"mysql", "global_grants", "USER HOST PRIV WITH_GRANT_OPTION", fill_global_grants},
    {"mysql", "global_variables", "VARIABLE_NAME VARIABLE_VALUE", fill_global_variables},
    {"mysql", "tables_priv", "Host DB User Table_name Table_priv", fill_tables_priv},
    {"mysql", "tidb", "VARIABLE_NAME VARIABLE_VALUE COMMENT", fill_tidb},
    {"mysql", "user", "Host User authentication_string plugin account_locked Select_priv Insert_priv Update_priv Delete_priv Create_priv Drop_priv Process_priv References_priv Alter_priv Show_db_priv Super_priv Execute_priv Index_priv Create_user_priv Create_tablespace_priv Trigger_priv Create_view_priv Show_view_priv Create_role_priv Drop_role_priv Create_tmp_table_priv Lock_tables_priv Create_routine_priv Alter_routine_priv Event_priv Shutdown_priv Reload_priv File_priv Config_priv Repl_client_priv Repl_slave_priv Grant_priv Password_expired", fill_user},
    {NULL, NULL, NULL, NULL},
};
// clang-format on
