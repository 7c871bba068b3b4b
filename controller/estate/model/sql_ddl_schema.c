/* DDL of schemas. Character sets are kept and shown; only utf8mb4 has a meaning here.
 * Source: docs: sql-statements/sql-statement-alter-database.md, tidb: pkg/ddl/executor.go
 * ModifySchemaCharsetAndCollate. */
#include <string.h>
#include <strings.h>

#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_ddl.h"

static bool system_schema(const char *name)
{
    return strcasecmp(name, "information_schema") == 0 ||
           strcasecmp(name, "performance_schema") == 0 ||
           strcasecmp(name, "metrics_schema") == 0;
}

struct charset {
    const char *name, *collate;
};
static const struct charset charsets[] = {
    {"utf8mb4", "utf8mb4_bin"},
    {"utf8", "utf8_bin"},
    {"ascii", "ascii_bin"},
    {"latin1", "latin1_bin"},
    {"binary", "binary"},
    {"gbk", "gbk_chinese_ci"},
    {NULL, NULL},
};

static const struct charset *charset_of(const char *name, size_t len)
{
    const struct charset *c = charsets;
    while (c->name && (strlen(c->name) != len || strncasecmp(c->name, name, len) != 0))
        c++;
    return c->name ? c : NULL;
}

/* [DEFAULT] CHARACTER SET [=] c, [DEFAULT] COLLATE [=] c, in any order and number. */
static enum dr_run schema_options(struct dr_exec *x, const char **charset,
                                  const char **collate)
{
    struct dr_cur *c = &x->cur;
    while (!dr_at_end(c)) {
        (void)dr_accept(c, "DEFAULT");
        bool order = dr_accept(c, "COLLATE");
        if (!order && !dr_accept_all(c, "CHARACTER SET") && !dr_accept(c, "CHARSET"))
            return dr_sql_syntax(x);
        (void)dr_accept(c, "=");
        const char *name;
        if (!dr_take_name(c, &name) && !dr_take_string(c, &name, NULL))
            return dr_sql_syntax(x);
        const struct charset *known =
            charset_of(name, order ? strcspn(name, "_") : strlen(name));
        if (!known)
            return order ? dr_sql_error(x, 1273, "Unknown collation: '%s'", name)
                         : dr_sql_error(x, 1115, "Unknown character set: '%s'", name);
        *charset = known->name;
        *collate = order ? dr_model_string(x->m, name, strlen(name)) : known->collate;
    }
    return DR_RUN_OK;
}

enum dr_run dr_ddl_create_schema(struct dr_exec *x)
{
    const char *name, *charset = NULL, *collate = NULL;
    bool quiet = dr_accept_all(&x->cur, "IF NOT EXISTS");
    if (!dr_take_name(&x->cur, &name))
        return dr_sql_syntax(x);
    if (schema_options(x, &charset, &collate))
        return DR_RUN_ERROR;
    if (dr_need_schema(x, DR_PRIV_CREATE, name) || dr_ddl_begin(x))
        return DR_RUN_ERROR;
    if (dr_db_schema(x->c->db, name, UINT64_MAX) || system_schema(name)) {
        if (!quiet)
            return dr_sql_error(x, 1007, "Can't create database '%s'; database exists",
                                name);
        dr_sql_warn(x, "Note", 1007, "Can't create database '%s'; database exists", name);
        return dr_sql_ok(x, 0);
    }
    if (dr_ddl_role_allows(x, DR_DDL_SAFE))
        return DR_RUN_ERROR;
    uint64_t tso = dr_model_tso(x->c);
    dr_db_schema_add(x->c->db, name, tso);
    struct dr_schema *s = dr_db_schema(x->c->db, name, UINT64_MAX);
    s->charset = charset ? charset : s->charset;
    s->collate = collate ? collate : s->collate;
    dr_ddl_record(x, tso, "create schema", name, NULL, NULL);
    return dr_sql_ok(x, 0);
}

enum dr_run dr_ddl_drop_schema(struct dr_exec *x)
{
    const char *name;
    bool quiet = dr_accept_all(&x->cur, "IF EXISTS");
    if (!dr_take_name(&x->cur, &name) || !dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    if (dr_need_schema(x, DR_PRIV_DROP, name) || dr_ddl_begin(x))
        return DR_RUN_ERROR;
    struct dr_schema *s = dr_db_schema(x->c->db, name, UINT64_MAX);
    if (!s && quiet) {
        dr_sql_warn(x, "Note", 1008, "Can't drop database '%s'; database doesn't exist",
                    name);
        return dr_sql_ok(x, 0);
    }
    if (!s)
        return dr_sql_error(x, 1008, "Can't drop database '%s'; database doesn't exist",
                            name);
    if (strcasecmp(name, "mysql") == 0)
        return dr_sql_error(x, 1105, "Drop 'mysql' database is forbidden");
    if (dr_ddl_role_allows(x, DR_DDL_UNSAFE))
        return DR_RUN_ERROR;
    for (size_t i = 0; i < x->c->db->table_count; i++) {
        struct dr_table *t = x->c->db->tables[i];
        if (!t->dropped_tso && strcasecmp(dr_table_now(t)->schema, name) == 0 &&
            dr_ddl_table_busy(t))
            return DR_RUN_WAIT;
    }
    uint64_t tso = dr_model_tso(x->c);
    dr_ddl_record(x, tso, "drop schema", name, NULL, NULL);
    dr_db_schema_drop(x->c->db, s, tso);
    return dr_sql_ok(x, 0);
}

/* ALTER DATABASE [name] options: of the current one without a name. */
enum dr_run dr_ddl_alter_schema(struct dr_exec *x)
{
    static const char *const options[] = {"DEFAULT", "CHARACTER", "CHARSET", "COLLATE"};
    const char *name = x->s->db, *charset = NULL, *collate = NULL;
    bool named = true;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        named = named && !dr_is(&x->cur, options[i]);
    if (named && !dr_take_name(&x->cur, &name))
        return dr_sql_syntax(x);
    if (!name)
        return dr_sql_error(x, 1046, "No database selected");
    if (dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    if (schema_options(x, &charset, &collate) || dr_need_schema(x, DR_PRIV_ALTER, name) ||
        dr_ddl_begin(x))
        return DR_RUN_ERROR;
    struct dr_schema *s = dr_db_schema(x->c->db, name, UINT64_MAX);
    if (!s)
        return dr_sql_error(x, 1049, "Unknown database '%s'", name);
    if (s->charset && strcmp(s->charset, charset) == 0 &&
        strcmp(s->collate, collate) == 0)
        return dr_sql_ok(x, 0);
    if (dr_ddl_role_allows(x, DR_DDL_UNSAFE))
        return DR_RUN_ERROR;
    s->charset = charset;
    s->collate = collate;
    dr_ddl_record(x, dr_model_tso(x->c), "modify schema charset and collate", name, NULL,
                  NULL);
    return dr_sql_ok(x, 0);
}
