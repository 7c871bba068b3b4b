/* DDL: schemas and tables. Each is one job, done at once; what a BDR role refuses makes
 * none (tidb: pkg/meta/model/bdr.go, pkg/ddl/job_submitter.go). */
#include <string.h>
#include <strings.h>

#include "controller/estate/model/network.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_def.h"
#include "controller/estate/model/sql_value.h"
#include "controller/estate/model/sql_vars.h"

enum bdr_class { SAFE, UNSAFE };

static const char *role_name(enum dr_bdr_role role)
{
    static const char *const names[] = {[DR_BDR_NONE] = "",
                                        [DR_BDR_PRIMARY] = "primary",
                                        [DR_BDR_SECONDARY] = "secondary"};
    return names[role];
}

static enum dr_run role_allows(struct dr_exec *x, enum bdr_class class)
{
    enum dr_bdr_role role = x->c->bdr_role;
    if (role == DR_BDR_NONE || (role == DR_BDR_PRIMARY && class == SAFE) ||
        dr_var_int(dr_var_session(x->s, DR_V_WRITE_SOURCE)))
        return DR_RUN_OK;
    return dr_sql_error(x, 8263,
                        "The operation is not allowed while the bdr role of this cluster "
                        "is set to %s.",
                        role_name(role));
}

/* What every DDL does first: the fence, the implicit commit. */
static enum dr_run begin_ddl(struct dr_exec *x)
{
    if (dr_check_write(x) || dr_session_commit(x))
        return DR_RUN_ERROR;
    x->no_snapshot = x->current_read = true;
    if (!dr_instance_pd_ok(x->s->in))
        return dr_sql_error(x, 9001, "PD server timeout: ");
    return DR_RUN_OK;
}

/* Metadata lock: a table that a transaction has touched keeps its shape until that ends
 * (docs: metadata-lock.md). */
static bool table_busy(const struct dr_table *t)
{
    for (size_t i = 0; i < t->entry_count; i++)
        if (t->entries[i]->lock)
            return true;
    return false;
}

static void record(struct dr_exec *x, uint64_t tso, const char *type, const char *schema,
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

static bool system_schema(const char *name)
{
    return strcasecmp(name, "information_schema") == 0 ||
           strcasecmp(name, "performance_schema") == 0 ||
           strcasecmp(name, "metrics_schema") == 0;
}

/* ---- schemas ---- */

static enum dr_run create_schema(struct dr_exec *x)
{
    const char *name;
    bool quiet = dr_accept_all(&x->cur, "IF NOT EXISTS");
    if (!dr_take_name(&x->cur, &name))
        return dr_sql_syntax(x);
    if (dr_need_schema(x, DR_PRIV_CREATE, name) || begin_ddl(x))
        return DR_RUN_ERROR;
    if (dr_db_schema(x->c->db, name, UINT64_MAX) || system_schema(name)) {
        if (!quiet)
            return dr_sql_error(x, 1007, "Can't create database '%s'; database exists",
                                name);
        dr_sql_warn(x, "Note", 1007, "Can't create database '%s'; database exists", name);
        return dr_sql_ok(x, 0);
    }
    if (role_allows(x, SAFE))
        return DR_RUN_ERROR;
    uint64_t tso = dr_model_tso(x->c);
    dr_db_schema_add(x->c->db, name, tso);
    record(x, tso, "create schema", name, NULL, NULL);
    return dr_sql_ok(x, 0);
}

static enum dr_run drop_schema(struct dr_exec *x)
{
    const char *name;
    bool quiet = dr_accept_all(&x->cur, "IF EXISTS");
    if (!dr_take_name(&x->cur, &name) || !dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    if (dr_need_schema(x, DR_PRIV_DROP, name) || begin_ddl(x))
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
    if (role_allows(x, UNSAFE))
        return DR_RUN_ERROR;
    for (size_t i = 0; i < x->c->db->table_count; i++) {
        struct dr_table *t = x->c->db->tables[i];
        if (!t->dropped_tso && strcasecmp(dr_table_now(t)->schema, name) == 0 &&
            table_busy(t))
            return DR_RUN_WAIT;
    }
    uint64_t tso = dr_model_tso(x->c);
    record(x, tso, "drop schema", name, NULL, NULL);
    dr_db_schema_drop(x->c->db, s, tso);
    return dr_sql_ok(x, 0);
}

/* ---- tables ---- */

static enum dr_run find_table(struct dr_exec *x, const char *schema, const char *name,
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
        find_table(x, from_schema, from, &t))
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
        dr_need_table(x, DR_PRIV_CREATE, schema, name) || begin_ddl(x))
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
    if (role_allows(x, SAFE))
        return DR_RUN_ERROR;
    uint64_t tso = dr_model_tso(x->c);
    const struct dr_table_def *def = dr_draft_done(x, d, db->next_id += 2);
    struct dr_table *t = dr_db_table_add(db, def, tso);
    if (d->auto_increment > 1)
        t->auto_base = d->auto_increment - 1;
    record(x, tso, "create table", schema, NULL, def);
    return dr_sql_ok(x, 0);
}

/* Applies a draft to a table; `moved` NULL: rows keep their shape. */
static void alter(struct dr_exec *x, struct dr_table *t, struct dr_def_draft *d,
                  const char *type, const int *moved, const struct dr_datum *fill)
{
    const struct dr_table_def *old = dr_table_now(t);
    uint64_t tso = dr_model_tso(x->c);
    const struct dr_table_def *def = dr_draft_done(x, d, old->id);
    dr_db_table_alter(x->c->db, t, def, moved, fill, tso);
    record(x, tso, type, old->schema, old, def);
}

static enum dr_run unique_holds(struct dr_exec *x, const struct dr_table *t,
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

static enum dr_run create_index(struct dr_exec *x, bool unique)
{
    const char *index, *schema, *name;
    struct dr_table *t;
    if (!dr_take_name(&x->cur, &index) || !dr_accept(&x->cur, "ON"))
        return dr_sql_syntax(x);
    if (dr_take_table(x, &schema, &name) ||
        dr_need_table(x, DR_PRIV_INDEX, schema, name) || begin_ddl(x) ||
        find_table(x, schema, name, &t))
        return DR_RUN_ERROR;
    if (table_busy(t))
        return DR_RUN_WAIT;
    struct dr_def_draft *d = dr_draft_from(x, dr_table_now(t));
    /* the columns in parentheses parse as after KEY name */
    struct dr_exec y = *x;
    const char *part = dr_sprintf(x->a, "%s `%s` %s", unique ? "UNIQUE KEY" : "KEY",
                                  index, x->cur.sql + dr_peek(&x->cur, 0)->from);
    bool taken;
    dr_lex(x->a, part, strlen(part), &y.cur);
    if (dr_draft_index(&y, d, &taken) || role_allows(x, unique ? UNSAFE : SAFE))
        return DR_RUN_ERROR;
    if (unique_holds(x, t, &d->indexes[d->def.index_count - 1], name))
        return DR_RUN_ERROR;
    alter(x, t, d, "add index", NULL, NULL);
    return dr_sql_ok(x, 0);
}

static enum dr_run remove_index(struct dr_exec *x, struct dr_def_draft *d,
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
    const char *index, *schema, *name;
    struct dr_table *t;
    if (!dr_take_name(&x->cur, &index) || !dr_accept(&x->cur, "ON"))
        return dr_sql_syntax(x);
    if (dr_take_table(x, &schema, &name) ||
        dr_need_table(x, DR_PRIV_INDEX, schema, name) || begin_ddl(x) ||
        find_table(x, schema, name, &t))
        return DR_RUN_ERROR;
    struct dr_def_draft *d = dr_draft_from(x, dr_table_now(t));
    if (remove_index(x, d, index) || role_allows(x, SAFE))
        return DR_RUN_ERROR;
    alter(x, t, d, "drop index", NULL, NULL);
    return dr_sql_ok(x, 0);
}

static enum dr_run drop_table(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    bool quiet = dr_accept_all(c, "IF EXISTS");
    size_t start = c->i;
    if (begin_ddl(x))
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
            if (t && role_allows(x, UNSAFE))
                return DR_RUN_ERROR;
            if (t && table_busy(t))
                return DR_RUN_WAIT;
            if (t && round) {
                uint64_t tso = dr_model_tso(x->c);
                record(x, tso, "drop table", schema, dr_table_now(t), NULL);
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
        dr_need_table(x, DR_PRIV_DROP, schema, name) || begin_ddl(x) ||
        find_table(x, schema, name, &t) || role_allows(x, UNSAFE))
        return DR_RUN_ERROR;
    if (table_busy(t))
        return DR_RUN_WAIT;
    const struct dr_table_def *old = dr_table_now(t);
    uint64_t tso = dr_model_tso(x->c);
    const struct dr_table_def *def =
        dr_draft_done(x, dr_draft_from(x, old), x->c->db->next_id += 2);
    dr_db_table_drop(x->c->db, t, tso);
    dr_db_table_add(x->c->db, def, tso);
    record(x, tso, "truncate table", schema, old, def);
    return dr_sql_ok(x, 0);
}

/* Source: tidb: pkg/planner/core/planbuilder.go buildDDL, RenameTableStmt. */
static enum dr_run rename_table(struct dr_exec *x, struct dr_table *t, const char *schema,
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
    if (role_allows(x, UNSAFE))
        return DR_RUN_ERROR;
    struct dr_def_draft *d = dr_draft_from(x, dr_table_now(t));
    d->def.schema = schema;
    d->def.name = name;
    alter(x, t, d, "rename table", NULL, NULL);
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_rename(struct dr_exec *x)
{
    if (begin_ddl(x))
        return DR_RUN_ERROR;
    do {
        const char *schema, *name;
        struct dr_table *t;
        if (dr_take_table(x, &schema, &name) ||
            dr_need_table(x, DR_PRIV_ALTER, schema, name) ||
            find_table(x, schema, name, &t))
            return DR_RUN_ERROR;
        if (!dr_accept(&x->cur, "TO"))
            return dr_sql_syntax(x);
        if (dr_take_table(x, &schema, &name) || rename_table(x, t, schema, name))
            return DR_RUN_ERROR;
    } while (dr_accept(&x->cur, ","));
    return dr_at_end(&x->cur) ? DR_RUN_OK : dr_sql_syntax(x);
}

/* ---- ALTER TABLE ---- */

struct change {
    struct dr_exec *x;
    struct dr_table *t;
    const struct dr_table_def *old;
    struct dr_def_draft *d;
    int moved[DR_TABLE_COLUMNS];
    struct dr_datum fill[DR_TABLE_COLUMNS];
    bool reshaped;
    const char *type;
    size_t count;
    const struct dr_index *added; /* a unique index to be checked */
};

static enum dr_run step(struct change *a, const char *type, enum bdr_class class)
{
    a->count++;
    a->type = a->count > 1 ? "alter table multi-schema change" : type;
    return role_allows(a->x, class);
}

/* Puts the last column of the draft after another (or first). */
static void place_column(struct change *a, size_t at)
{
    struct dr_def_draft *d = a->d;
    size_t last = d->def.column_count - 1;
    struct dr_column col = d->columns[last];
    int moved = a->moved[last];
    struct dr_datum fill = a->fill[last];
    memmove(d->columns + at + 1, d->columns + at, (last - at) * sizeof(*d->columns));
    memmove(a->moved + at + 1, a->moved + at, (last - at) * sizeof(*a->moved));
    memmove(a->fill + at + 1, a->fill + at, (last - at) * sizeof(*a->fill));
    d->columns[at] = col;
    a->moved[at] = moved;
    a->fill[at] = fill;
}

/* Index positions follow the columns by name. */
static void renumber(struct change *a, const struct dr_column *before)
{
    struct dr_def_draft *d = a->d;
    for (size_t i = 0; i < d->def.index_count; i++) {
        uint32_t *cols =
            dr_alloc_n(a->x->m->arena, d->indexes[i].column_count, sizeof(*cols));
        for (size_t k = 0; k < d->indexes[i].column_count; k++)
            cols[k] = (uint32_t)dr_draft_find(d, before[d->indexes[i].columns[k]].name);
        d->indexes[i].columns = cols;
    }
}

static enum dr_run position(struct change *a, size_t *at)
{
    const char *name;
    *at = a->d->def.column_count - 1;
    if (dr_accept(&a->x->cur, "FIRST"))
        *at = 0;
    if (!dr_accept(&a->x->cur, "AFTER"))
        return DR_RUN_OK;
    if (!dr_take_name(&a->x->cur, &name))
        return dr_sql_syntax(a->x);
    int i = dr_draft_find(a->d, name);
    if (i < 0)
        return dr_sql_error(a->x, 1054, "Unknown column '%s' in '%s'", name,
                            a->old->name);
    *at = (size_t)i + 1;
    return DR_RUN_OK;
}

static enum dr_run add_column(struct change *a)
{
    struct dr_exec *x = a->x;
    size_t last = a->d->def.column_count, at;
    struct dr_column before[DR_TABLE_COLUMNS];
    (void)dr_accept(&x->cur, "COLUMN");
    (void)dr_accept_all(&x->cur, "IF NOT EXISTS");
    if (dr_draft_column(x, a->d))
        return DR_RUN_ERROR;
    const struct dr_column *col = &a->d->columns[last];
    a->moved[last] = -1;
    a->reshaped = true;
    if (!col->not_null || col->has_default) {
        if (dr_value_default(x, col, &a->fill[last]) ||
            dr_value_fit(x, col, &a->fill[last], 1))
            return DR_RUN_ERROR;
    } else { /* NOT NULL without default: the type's zero */
        bool number = col->type == DR_COL_INT || col->type == DR_COL_REAL;
        a->fill[last] = number ? (struct dr_datum){.kind = DR_DATUM_INT}
                               : (struct dr_datum){.kind = DR_DATUM_TEXT, .s = ""};
    }
    memcpy(before, a->d->columns, sizeof(before));
    if (position(a, &at))
        return DR_RUN_ERROR;
    place_column(a, at);
    renumber(a, before);
    /* on a PRIMARY: no option, NULL, DEFAULT, NOT NULL + DEFAULT (tidb: pkg/ddl/bdr.go);
     * NOT NULL alone is refused */
    bool odd = a->d->columns[at].not_null && !a->d->columns[at].has_default;
    return step(a, "add column", odd ? UNSAFE : SAFE);
}

static enum dr_run drop_column(struct change *a, const char *name)
{
    struct dr_exec *x = a->x;
    struct dr_def_draft *d = a->d;
    struct dr_column before[DR_TABLE_COLUMNS];
    int i = dr_draft_find(d, name);
    if (i < 0)
        return dr_sql_error(x, 1091, "Can't DROP '%s'; check that column/key exists",
                            name);
    for (size_t k = d->def.index_count; k-- > 0;) {
        const struct dr_index *ix = &d->indexes[k];
        bool covers = false;
        for (size_t c = 0; c < ix->column_count; c++)
            covers |= ix->columns[c] == (uint32_t)i;
        if (covers && (ix->primary || ix->column_count > 1))
            return dr_sql_error(x, 8200,
                                "Unsupported drop column: can't drop column %s with "
                                "composite index covered or Primary Key covered now",
                                name);
        if (covers && remove_index(x, d, ix->name)) /* its own index goes with it */
            return DR_RUN_ERROR;
    }
    memcpy(before, d->columns, sizeof(before));
    size_t tail = --d->def.column_count - (size_t)i;
    memmove(d->columns + i, d->columns + i + 1, tail * sizeof(*d->columns));
    memmove(a->moved + i, a->moved + i + 1, tail * sizeof(*a->moved));
    memmove(a->fill + i, a->fill + i + 1, tail * sizeof(*a->fill));
    renumber(a, before);
    a->reshaped = true;
    return step(a, "drop column", UNSAFE);
}

static enum dr_run modify_column(struct change *a, bool rename)
{
    struct dr_exec *x = a->x;
    struct dr_def_draft *d = a->d;
    const char *name;
    (void)dr_accept(&x->cur, "COLUMN");
    size_t at = x->cur.i;
    if (!dr_take_name(&x->cur, &name))
        return dr_sql_syntax(x);
    int i = dr_draft_find(d, name);
    if (i < 0)
        return dr_sql_error(x, 1054, "Unknown column '%s' in '%s'", name, a->old->name);
    if (!rename)
        x->cur.i = at;
    struct dr_column was = d->columns[i];
    size_t count = d->def.column_count;
    d->columns[i].name = ""; /* its own name is free while the new text is read */
    if (dr_draft_column(x, d))
        return DR_RUN_ERROR;
    d->columns[i] = d->columns[--d->def.column_count];
    (void)count;
    for (size_t k = 0; k < d->def.index_count; k++)
        for (size_t c = 0; d->indexes[k].primary && c < d->indexes[k].column_count; c++)
            if (d->indexes[k].columns[c] == (uint32_t)i)
                d->columns[i].not_null = true;
    bool same = strcmp(was.type_text, d->columns[i].type_text) == 0;
    return step(a, "modify column", same && d->columns[i].has_default ? SAFE : UNSAFE);
}

static enum dr_run alter_add(struct change *a)
{
    bool taken;
    size_t before = a->d->def.index_count;
    if (dr_draft_index(a->x, a->d, &taken))
        return DR_RUN_ERROR;
    if (!taken)
        return add_column(a);
    if (a->d->def.index_count == before) /* a foreign key or check */
        return step(a, "add foreign key", UNSAFE);
    const struct dr_index *ix = &a->d->indexes[a->d->indexes[0].primary && before == 0
                                                   ? 0
                                                   : a->d->def.index_count - 1];
    a->added = ix->unique ? ix : NULL;
    return step(a, ix->primary ? "add primary key" : "add index",
                ix->unique ? UNSAFE : SAFE);
}

static enum dr_run alter_drop(struct change *a)
{
    struct dr_exec *x = a->x;
    const char *name;
    if (dr_accept_all(&x->cur, "PRIMARY KEY"))
        return remove_index(x, a->d, "PRIMARY") ? DR_RUN_ERROR
                                                : step(a, "drop primary key", SAFE);
    bool index = dr_accept(&x->cur, "INDEX") || dr_accept(&x->cur, "KEY");
    if (!index)
        (void)dr_accept(&x->cur, "COLUMN");
    if (!dr_take_name(&x->cur, &name))
        return dr_sql_syntax(x);
    if (!index)
        return drop_column(a, name);
    return remove_index(x, a->d, name) ? DR_RUN_ERROR : step(a, "drop index", SAFE);
}

/* AUTO_INCREMENT = n clears the cached ranges of every instance (docs: auto-increment.md
 * "clear the cache on all nodes"). */
static void rebase(struct change *a, int64_t wanted)
{
    struct dr_model_cluster *c = a->x->c;
    int64_t next = a->t->auto_base + 1, n = wanted < 0 ? 0 : wanted;
    for (size_t i = 0; i < c->instance_count; i++)
        dr_auto_forget(&c->instances[i], a->t);
    if (n < next)
        dr_sql_warn(a->x, "Warning", 1105,
                    "Can't reset AUTO_INCREMENT to %lld without FORCE option, using %lld "
                    "instead",
                    (long long)n, (long long)next);
    else
        a->t->auto_base = n - 1;
}

static enum dr_run alter_option(struct change *a)
{
    struct dr_exec *x = a->x;
    bool taken, ttl = dr_is(&x->cur, "TTL") || dr_is(&x->cur, "TTL_ENABLE") ||
                      dr_is(&x->cur, "TTL_JOB_INTERVAL");
    bool no_ttl = dr_is(&x->cur, "REMOVE"), comment = dr_is(&x->cur, "COMMENT");
    bool cache = dr_is(&x->cur, "AUTO_ID_CACHE");
    a->d->auto_increment = 0;
    bool given_ttl = a->d->def.ttl != NULL;
    if (dr_is(&x->cur, "TTL_ENABLE") && !given_ttl)
        return dr_sql_error(x, 8150,
                            "Cannot set TTL_ENABLE on a table without TTL config");
    if (dr_draft_option(x, a->d, &taken))
        return DR_RUN_ERROR;
    if (!taken)
        return dr_sql_syntax(x);
    if (!a->d->auto_increment)
        return step(a,
                    ttl       ? "alter table ttl"
                    : no_ttl  ? "alter table no_ttl"
                    : comment ? "modify table comment"
                    : cache   ? "modify auto id cache"
                              : "modify table charset and collate",
                    ttl || no_ttl || comment ? SAFE : UNSAFE);
    if (step(a, "rebase auto_increment ID", UNSAFE))
        return DR_RUN_ERROR;
    rebase(a, a->d->auto_increment);
    return DR_RUN_OK;
}

static enum dr_run alter_spec(struct change *a)
{
    struct dr_cur *c = &a->x->cur;
    (void)dr_accept(c, "FORCE");
    if (dr_accept(c, "ADD"))
        return alter_add(a);
    if (dr_accept(c, "DROP"))
        return alter_drop(a);
    if (dr_accept(c, "MODIFY"))
        return modify_column(a, false);
    if (dr_accept(c, "CHANGE"))
        return modify_column(a, true);
    return alter_option(a);
}

static enum dr_run alter_table(struct dr_exec *x)
{
    const char *schema, *name;
    struct change *a = DR_NEW(x->a, struct change);
    a->x = x;
    if (dr_take_table(x, &schema, &name) ||
        dr_need_table(x, DR_PRIV_ALTER, schema, name) || begin_ddl(x) ||
        find_table(x, schema, name, &a->t))
        return DR_RUN_ERROR;
    if (table_busy(a->t))
        return DR_RUN_WAIT;
    if (dr_accept(&x->cur, "RENAME") && !dr_is(&x->cur, "COLUMN")) {
        if (!dr_accept(&x->cur, "TO"))
            (void)dr_accept(&x->cur, "AS");
        return dr_take_table(x, &schema, &name) ? DR_RUN_ERROR
                                                : rename_table(x, a->t, schema, name);
    }
    a->old = dr_table_now(a->t);
    a->d = dr_draft_from(x, a->old);
    for (int i = 0; i < DR_TABLE_COLUMNS; i++)
        a->moved[i] = i;
    do {
        if (alter_spec(a))
            return DR_RUN_ERROR;
    } while (dr_accept(&x->cur, ","));
    if (!dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    if (a->added && unique_holds(x, a->t, a->added, name))
        return DR_RUN_ERROR;
    alter(x, a->t, a->d, a->type, a->reshaped ? a->moved : NULL, a->fill);
    return dr_sql_ok(x, 0);
}

/* ---- entrances ---- */

enum dr_run dr_st_create(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    if (dr_accept(c, "DATABASE") || dr_accept(c, "SCHEMA"))
        return create_schema(x);
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
        return drop_schema(x);
    if (dr_accept(c, "TABLE") || dr_accept(c, "TABLES"))
        return drop_table(x);
    return dr_accept(c, "INDEX") ? drop_index(x) : dr_sql_syntax(x);
}

enum dr_run dr_st_alter(struct dr_exec *x)
{
    return dr_accept(&x->cur, "TABLE") ? alter_table(x) : dr_sql_syntax(x);
}
