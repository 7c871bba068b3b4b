/* DDL: schemas and tables. Each is one job, done at once; what a BDR role refuses makes
 * none (tidb: pkg/meta/model/bdr.go, pkg/ddl/job_submitter.go). */
#include <string.h>
#include <strings.h>

#include "controller/base/quote.h"
#include "controller/estate/model/network.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_ddl.h"
#include "controller/estate/model/sql_value.h"
#include "controller/estate/model/sql_vars.h"

static const char *role_name(enum dr_bdr_role role)
{
    static const char *const names[] = {[DR_BDR_NONE] = "",
                                        [DR_BDR_PRIMARY] = "primary",
                                        [DR_BDR_SECONDARY] = "secondary"};
    return names[role];
}

enum dr_run dr_ddl_role_denied(struct dr_exec *x)
{
    return dr_sql_error(x, 8263,
                        "The operation is not allowed while the bdr role of this cluster "
                        "is set to %s.",
                        role_name(x->c->bdr_role));
}

enum dr_run dr_ddl_role_allows(struct dr_exec *x, enum dr_ddl_class class)
{
    enum dr_bdr_role role = x->c->bdr_role;
    if (role == DR_BDR_NONE || (role == DR_BDR_PRIMARY && class == DR_DDL_SAFE) ||
        dr_var_int(dr_var_session(x->s, DR_V_WRITE_SOURCE)))
        return DR_RUN_OK;
    return dr_ddl_role_denied(x);
}

enum dr_run dr_ddl_begin(struct dr_exec *x)
{
    if (dr_check_write(x) || dr_session_commit(x))
        return DR_RUN_ERROR;
    x->no_snapshot = x->current_read = true;
    if (!dr_instance_pd_ok(x->s->in))
        return dr_sql_error(x, 9001, "PD server timeout: ");
    return DR_RUN_OK;
}

bool dr_ddl_table_busy(const struct dr_table *t)
{
    for (size_t i = 0; i < t->entry_count; i++)
        if (t->entries[i]->lock)
            return true;
    return false;
}

void dr_ddl_record(struct dr_exec *x, uint64_t tso, const char *type, const char *schema,
                   const struct dr_table_def *old, const struct dr_table_def *fresh)
{
    size_t len = x->cur.len;
    while (len && (x->cur.sql[len - 1] == ';' || x->cur.sql[len - 1] == ' '))
        len--;
    struct dr_change ch = {
        .start_tso = tso,
        .commit_tso = tso,
        .kind = DR_CHANGE_DDL,
        .write_source = (uint32_t)dr_var_int(dr_var_session(x->s, DR_V_WRITE_SOURCE)),
        .table = fresh,
        .old_table = old,
        .schema = dr_model_string(x->m, schema, strlen(schema)),
        .ddl = dr_model_string(x->m, x->cur.sql, len),
        .ddl_type = type,
        .bdr_role = role_name(x->c->bdr_role),
    };
    dr_db_ddl(x->c->db, &ch);
}

/* ---- tables ---- */

enum dr_run dr_ddl_find_table(struct dr_exec *x, const char *schema, const char *name,
                              struct dr_table **t)
{
    *t = dr_db_table(x->c->db, schema, name, UINT64_MAX, NULL);
    if (*t)
        return DR_RUN_OK;
    return dr_sql_error(x, 1146, "Table '%s.%s' doesn't exist", schema, name);
}

static enum dr_run like_table(struct dr_exec *x, struct dr_def_draft **d,
                              const char *schema, const char *name)
{
    const char *from_schema, *from;
    struct dr_table *t;
    if (dr_take_table(x, &from_schema, &from) ||
        dr_need_table(x, DR_PRIV_SELECT, from_schema, from) ||
        dr_ddl_find_table(x, from_schema, from, &t))
        return DR_RUN_ERROR;
    *d = dr_draft_from(x, dr_table_now(t));
    (*d)->def.schema = schema;
    (*d)->def.name = name;
    (void)dr_accept(&x->cur, ")");
    return DR_RUN_OK;
}

static enum dr_run create_table(struct dr_exec *x)
{
    const char *schema, *name;
    struct dr_db *db = x->c->db;
    bool quiet = dr_accept_all(&x->cur, "IF NOT EXISTS");
    if (dr_take_table(x, &schema, &name) ||
        dr_need_table(x, DR_PRIV_CREATE, schema, name) || dr_ddl_begin(x))
        return DR_RUN_ERROR;
    if (!dr_db_schema(db, schema, UINT64_MAX))
        return dr_sql_error(x, 1049, "Unknown database '%s'", schema);
    struct dr_def_draft *d = dr_draft_new(x, schema, name);
    bool like = dr_accept(&x->cur, "LIKE") || dr_accept_all(&x->cur, "( LIKE");
    if (like ? like_table(x, &d, schema, name) : dr_draft_body(x, d))
        return DR_RUN_ERROR;
    if (dr_db_table(db, schema, name, UINT64_MAX, NULL)) {
        if (!quiet)
            return dr_sql_error(x, 1050, "Table '%s.%s' already exists", schema, name);
        dr_sql_warn(x, "Note", 1050, "Table '%s.%s' already exists", schema, name);
        return dr_sql_ok(x, 0);
    }
    if (!d->def.column_count)
        return dr_sql_error(x, 1113, "A table must have at least 1 column");
    if (dr_ddl_role_allows(x, DR_DDL_SAFE))
        return DR_RUN_ERROR;
    uint64_t tso = dr_model_tso(x->c);
    const struct dr_table_def *def = dr_draft_done(x, d, db->next_id += 2);
    struct dr_table *t = dr_db_table_add(db, def, tso);
    if (d->auto_increment > 1)
        t->auto_base = d->auto_increment - 1;
    dr_ddl_record(x, tso, "create table", schema, NULL, def);
    return dr_sql_ok(x, 0);
}

void dr_ddl_change_table(struct dr_exec *x, struct dr_table *t, struct dr_def_draft *d,
                         const char *type, const int *moved, const struct dr_datum *fill)
{
    const struct dr_table_def *old = dr_table_now(t);
    uint64_t tso = dr_model_tso(x->c);
    const struct dr_table_def *def = dr_draft_done(x, d, old->id);
    dr_db_table_alter(x->c->db, t, def, moved, fill, tso);
    dr_ddl_record(x, tso, type, old->schema, old, def);
}

enum dr_run dr_ddl_unique_holds(struct dr_exec *x, const struct dr_table *t,
                                const struct dr_index *ix, const char *table)
{
    for (size_t i = 0; i < t->entry_count && ix->unique; i++) {
        const struct dr_row *a = dr_entry_row(t->entries[i], NULL, UINT64_MAX);
        for (size_t k = i + 1; a && k < t->entry_count; k++) {
            const struct dr_row *b = dr_entry_row(t->entries[k], NULL, UINT64_MAX);
            bool same = b != NULL;
            for (size_t c = 0; same && c < ix->column_count; c++) {
                const struct dr_datum *v = &a->v[ix->columns[c]];
                same = v->kind != DR_DATUM_NULL &&
                       dr_datum_cmp(v, &b->v[ix->columns[c]]) == 0;
            }
            if (same)
                return dr_sql_error(x, 1062, "Duplicate entry for key '%s.%s'", table,
                                    ix->name);
        }
    }
    return DR_RUN_OK;
}

/* "index ON table", whose schema is about to change. */
static enum dr_run index_of_table(struct dr_exec *x, const char **index,
                                  const char **table, struct dr_table **t)
{
    const char *schema;
    if (!dr_take_name(&x->cur, index) || !dr_accept(&x->cur, "ON"))
        return dr_sql_syntax(x);
    return dr_take_table(x, &schema, table) ||
                   dr_need_table(x, DR_PRIV_INDEX, schema, *table) || dr_ddl_begin(x) ||
                   dr_ddl_find_table(x, schema, *table, t)
               ? DR_RUN_ERROR
               : DR_RUN_OK;
}

static enum dr_run create_index(struct dr_exec *x, bool unique)
{
    const char *index, *name;
    struct dr_table *t;
    if (index_of_table(x, &index, &name, &t))
        return DR_RUN_ERROR;
    if (dr_ddl_table_busy(t))
        return DR_RUN_WAIT;
    struct dr_def_draft *d = dr_draft_from(x, dr_table_now(t));
    /* the columns in parentheses parse as after KEY name */
    struct dr_exec y = *x;
    struct dr_buf part;
    bool taken;
    dr_buf_init(&part, 1 << 16);
    dr_buf_adds(&part, unique ? "UNIQUE KEY " : "KEY ");
    dr_sql_add_name(&part, index);
    dr_buf_adds(&part, x->cur.sql + dr_peek(&x->cur, 0)->from);
    dr_lex(x->a, dr_strdup(x->a, dr_buf_str(&part)), part.len, &y.cur);
    dr_buf_release(&part);
    if (dr_draft_index(&y, d, &taken) ||
        dr_ddl_role_allows(x, unique ? DR_DDL_UNSAFE : DR_DDL_SAFE))
        return DR_RUN_ERROR;
    if (dr_ddl_unique_holds(x, t, &d->indexes[d->def.index_count - 1], name))
        return DR_RUN_ERROR;
    dr_ddl_change_table(x, t, d, "add index", NULL, NULL);
    return dr_sql_ok(x, 0);
}

enum dr_run dr_ddl_remove_index(struct dr_exec *x, struct dr_def_draft *d,
                                const char *index)
{
    for (size_t i = 0; i < d->def.index_count; i++) {
        if (strcasecmp(d->indexes[i].name, index) != 0)
            continue;
        memmove(d->indexes + i, d->indexes + i + 1,
                (--d->def.index_count - i) * sizeof(*d->indexes));
        return DR_RUN_OK;
    }
    return dr_sql_error(x, 1091, "Can't DROP '%s'; check that column/key exists", index);
}

static enum dr_run drop_index(struct dr_exec *x)
{
    const char *index, *name;
    struct dr_table *t;
    if (index_of_table(x, &index, &name, &t))
        return DR_RUN_ERROR;
    struct dr_def_draft *d = dr_draft_from(x, dr_table_now(t));
    if (dr_ddl_remove_index(x, d, index) || dr_ddl_role_allows(x, DR_DDL_SAFE))
        return DR_RUN_ERROR;
    dr_ddl_change_table(x, t, d, "drop index", NULL, NULL);
    return dr_sql_ok(x, 0);
}

static enum dr_run drop_table(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    bool quiet = dr_accept_all(c, "IF EXISTS");
    size_t start = c->i;
    if (dr_ddl_begin(x))
        return DR_RUN_ERROR;
    for (int round = 0; round < 2; round++) { /* all of them exist, or nothing happens */
        c->i = start;
        do {
            const char *schema, *name;
            if (dr_take_table(x, &schema, &name) ||
                dr_need_table(x, DR_PRIV_DROP, schema, name))
                return DR_RUN_ERROR;
            struct dr_table *t = dr_db_table(x->c->db, schema, name, UINT64_MAX, NULL);
            if (!t && !quiet)
                return dr_sql_error(x, 1051, "Unknown table '%s.%s'", schema, name);
            if (!t && round)
                dr_sql_warn(x, "Note", 1051, "Unknown table '%s.%s'", schema, name);
            if (t && dr_ddl_role_allows(x, DR_DDL_UNSAFE))
                return DR_RUN_ERROR;
            if (t && dr_ddl_table_busy(t))
                return DR_RUN_WAIT;
            if (t && round) {
                uint64_t tso = dr_model_tso(x->c);
                dr_ddl_record(x, tso, "drop table", schema, dr_table_now(t), NULL);
                dr_db_table_drop(x->c->db, t, tso);
            }
        } while (dr_accept(c, ","));
        if (!dr_at_end(c))
            return dr_sql_syntax(x);
    }
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_truncate(struct dr_exec *x)
{
    const char *schema, *name;
    struct dr_table *t;
    (void)dr_accept(&x->cur, "TABLE");
    if (dr_take_table(x, &schema, &name) ||
        dr_need_table(x, DR_PRIV_DROP, schema, name) || dr_ddl_begin(x) ||
        dr_ddl_find_table(x, schema, name, &t) || dr_ddl_role_allows(x, DR_DDL_UNSAFE))
        return DR_RUN_ERROR;
    if (dr_ddl_table_busy(t))
        return DR_RUN_WAIT;
    const struct dr_table_def *old = dr_table_now(t);
    uint64_t tso = dr_model_tso(x->c);
    const struct dr_table_def *def =
        dr_draft_done(x, dr_draft_from(x, old), x->c->db->next_id += 2);
    dr_db_table_drop(x->c->db, t, tso);
    dr_db_table_add(x->c->db, def, tso);
    dr_ddl_record(x, tso, "truncate table", schema, old, def);
    return dr_sql_ok(x, 0);
}

/* Source: tidb: pkg/planner/core/planbuilder.go buildDDL, RenameTableStmt. */
enum dr_run dr_ddl_rename_table(struct dr_exec *x, struct dr_table *t, const char *schema,
                                const char *name)
{
    const struct dr_table_def *old = dr_table_now(t);
    if (dr_need_table(x, DR_PRIV_DROP, old->schema, old->name) ||
        dr_need_table(x, DR_PRIV_CREATE, schema, name) ||
        dr_need_table(x, DR_PRIV_INSERT, schema, name))
        return DR_RUN_ERROR;
    if (!dr_db_schema(x->c->db, schema, UINT64_MAX))
        return dr_sql_error(x, 1049, "Unknown database '%s'", schema);
    if (dr_db_table(x->c->db, schema, name, UINT64_MAX, NULL))
        return dr_sql_error(x, 1050, "Table '%s.%s' already exists", schema, name);
    if (dr_ddl_role_allows(x, DR_DDL_UNSAFE))
        return DR_RUN_ERROR;
    struct dr_def_draft *d = dr_draft_from(x, dr_table_now(t));
    d->def.schema = schema;
    d->def.name = name;
    dr_ddl_change_table(x, t, d, "rename table", NULL, NULL);
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_rename(struct dr_exec *x)
{
    if (dr_ddl_begin(x))
        return DR_RUN_ERROR;
    do {
        const char *schema, *name;
        struct dr_table *t;
        if (dr_take_table(x, &schema, &name) ||
            dr_need_table(x, DR_PRIV_ALTER, schema, name) ||
            dr_ddl_find_table(x, schema, name, &t))
            return DR_RUN_ERROR;
        if (!dr_accept(&x->cur, "TO"))
            return dr_sql_syntax(x);
        if (dr_take_table(x, &schema, &name) || dr_ddl_rename_table(x, t, schema, name))
            return DR_RUN_ERROR;
    } while (dr_accept(&x->cur, ","));
    return dr_at_end(&x->cur) ? DR_RUN_OK : dr_sql_syntax(x);
}

/* ---- entrances ---- */

enum dr_run dr_st_create(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    if (dr_accept(c, "DATABASE") || dr_accept(c, "SCHEMA"))
        return dr_ddl_create_schema(x);
    if (dr_accept(c, "TABLE"))
        return create_table(x);
    const char *schema, *name;
    (void)dr_accept_all(c, "OR REPLACE");
    if (dr_accept(c, "VIEW")) /* who may, and then that there are none here */
        return dr_take_table(x, &schema, &name) ||
                       dr_need_table(x, DR_PRIV_CREATE_VIEW, schema, name)
                   ? DR_RUN_ERROR
                   : dr_sql_syntax(x);
    bool unique = dr_accept(c, "UNIQUE");
    if (dr_accept(c, "INDEX"))
        return create_index(x, unique);
    return dr_sql_syntax(x);
}

enum dr_run dr_st_drop(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    if (dr_accept(c, "DATABASE") || dr_accept(c, "SCHEMA"))
        return dr_ddl_drop_schema(x);
    if (dr_accept(c, "TABLE") || dr_accept(c, "TABLES"))
        return drop_table(x);
    return dr_accept(c, "INDEX") ? drop_index(x) : dr_sql_syntax(x);
}
