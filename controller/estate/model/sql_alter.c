/* ALTER TABLE: one job, whatever the number of its changes; each is judged by the role
 * (tidb: pkg/ddl/executor.go AlterTable, pkg/ddl/bdr.go). */
#include <string.h>
#include <strings.h>

#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_ddl.h"
#include "controller/estate/model/sql_value.h"
#include "controller/estate/model/sql_vars.h"

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

static enum dr_run step(struct change *a, const char *type, enum dr_ddl_class class)
{
    a->count++;
    a->type = a->count > 1 ? "alter table multi-schema change" : type;
    return dr_ddl_role_allows(a->x, class);
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

/* The options of a column that is added or modified: on a PRIMARY they are looked at for
 * themselves, and a write source does not pass this check (tidb: pkg/ddl/bdr.go
 * IsAddColumnDenied, IsModifyColumnDenied). */
static enum dr_run column_check(struct change *a, bool allowed)
{
    return allowed || a->x->c->bdr_role != DR_BDR_PRIMARY ? DR_RUN_OK
                                                          : dr_ddl_role_denied(a->x);
}

/* No option, NULL, DEFAULT, or NOT NULL and DEFAULT; one COMMENT and one GENERATED are
 * not counted. */
static bool add_allowed(const struct dr_def_draft *d)
{
    unsigned n = d->said.null + d->said.not_null + d->said.value + d->said.comment +
                 d->said.generated + d->said.other;
    n -= (d->said.comment > 0) + (d->said.generated > 0);
    return n == 0 || (n == 1 && d->said.null + d->said.value == 1) ||
           (n == 2 && d->said.not_null == 1 && d->said.value == 1);
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
    return column_check(a, add_allowed(a->d)) ? DR_RUN_ERROR
                                              : step(a, "add column", DR_DDL_SAFE);
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
        if (covers &&
            dr_ddl_remove_index(x, d, ix->name)) /* its own index goes with it */
            return DR_RUN_ERROR;
    }
    memcpy(before, d->columns, sizeof(before));
    size_t tail = --d->def.column_count - (size_t)i;
    memmove(d->columns + i, d->columns + i + 1, tail * sizeof(*d->columns));
    memmove(a->moved + i, a->moved + i + 1, tail * sizeof(*a->moved));
    memmove(a->fill + i, a->fill + i + 1, tail * sizeof(*a->fill));
    renumber(a, before);
    a->reshaped = true;
    return step(a, "drop column", DR_DDL_UNSAFE);
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
    bool fits = d->said.value == 1 && d->said.comment <= 1 && !d->said.null &&
                !d->said.not_null && !d->said.generated && !d->said.other;
    return column_check(a, same && fits) ? DR_RUN_ERROR
                                         : step(a, "modify column", DR_DDL_SAFE);
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
        return step(a, "add foreign key", DR_DDL_UNSAFE);
    const struct dr_index *ix = &a->d->indexes[a->d->indexes[0].primary && before == 0
                                                   ? 0
                                                   : a->d->def.index_count - 1];
    a->added = ix->unique ? ix : NULL;
    return step(a, ix->primary ? "add primary key" : "add index",
                ix->unique ? DR_DDL_UNSAFE : DR_DDL_SAFE);
}

static enum dr_run alter_drop(struct change *a)
{
    struct dr_exec *x = a->x;
    const char *name;
    if (dr_accept_all(&x->cur, "PRIMARY KEY"))
        return dr_ddl_remove_index(x, a->d, "PRIMARY")
                   ? DR_RUN_ERROR
                   : step(a, "drop primary key", DR_DDL_SAFE);
    bool index = dr_accept(&x->cur, "INDEX") || dr_accept(&x->cur, "KEY"),
         foreign = !index && dr_accept_all(&x->cur, "FOREIGN KEY"),
         check = !index && !foreign &&
                 (dr_accept(&x->cur, "CONSTRAINT") || dr_accept(&x->cur, "CHECK"));
    if (!index && !foreign && !check)
        (void)dr_accept(&x->cur, "COLUMN");
    if (!dr_take_name(&x->cur, &name))
        return dr_sql_syntax(x);
    if (foreign || check) /* they are parsed, and not kept */
        return step(a, foreign ? "drop foreign key" : "drop check constraint",
                    DR_DDL_UNSAFE);
    if (!index)
        return drop_column(a, name);
    return dr_ddl_remove_index(x, a->d, name) ? DR_RUN_ERROR
                                              : step(a, "drop index", DR_DDL_SAFE);
}

static struct dr_index *find_index(struct change *a, const char *name)
{
    for (size_t i = 0; i < a->d->def.index_count; i++)
        if (strcasecmp(a->d->indexes[i].name, name) == 0)
            return &a->d->indexes[i];
    return NULL;
}

/* "INDEX i VISIBLE", "[COLUMN] c SET DEFAULT v", "[COLUMN] c DROP DEFAULT" */
static enum dr_run alter_alter(struct change *a)
{
    struct dr_cur *c = &a->x->cur;
    const char *name;
    bool index = dr_accept(c, "INDEX");
    if (!index)
        (void)dr_accept(c, "COLUMN");
    if (!dr_take_name(c, &name))
        return dr_sql_syntax(a->x);
    if (index) {
        struct dr_index *ix = find_index(a, name);
        bool invisible = dr_accept(c, "INVISIBLE");
        if (!invisible && !dr_accept(c, "VISIBLE"))
            return dr_sql_syntax(a->x);
        if (!ix)
            return dr_sql_error(a->x, 1176, "Key '%s' doesn't exist in table '%s'", name,
                                a->old->name);
        ix->invisible = invisible;
        return step(a, "alter index visibility", DR_DDL_SAFE);
    }
    int i = dr_draft_find(a->d, name);
    if (i < 0)
        return dr_sql_error(a->x, 1054, "Unknown column '%s' in '%s'", name,
                            a->old->name);
    struct dr_column *col = &a->d->columns[i];
    bool drop = dr_accept_all(c, "DROP DEFAULT");
    col->has_default = col->default_expr = false;
    col->default_text = NULL;
    if (!drop && (!dr_accept_all(c, "SET DEFAULT") || dr_draft_default(a->x, col)))
        return dr_sql_syntax(a->x);
    return step(a, "set default value", DR_DDL_SAFE);
}

/* "COLUMN a TO b", "INDEX a TO b" */
static enum dr_run alter_rename(struct change *a)
{
    struct dr_cur *c = &a->x->cur;
    const char *from, *to;
    bool column = dr_accept(c, "COLUMN");
    if (!column && !dr_accept(c, "INDEX") && !dr_accept(c, "KEY"))
        return dr_sql_syntax(a->x);
    if (!dr_take_name(c, &from) || !dr_accept(c, "TO") || !dr_take_name(c, &to))
        return dr_sql_syntax(a->x);
    const char *name = dr_model_string(a->x->m, to, strlen(to));
    if (column) {
        int i = dr_draft_find(a->d, from), at = dr_draft_find(a->d, to);
        if (i < 0)
            return dr_sql_error(a->x, 1054, "Unknown column '%s' in '%s'", from,
                                a->old->name);
        if (at >= 0 && at != i)
            return dr_sql_error(a->x, 1060, "Duplicate column name '%s'", to);
        a->d->columns[i].name = name;
        return step(a, "modify column", DR_DDL_SAFE);
    }
    struct dr_index *ix = find_index(a, from), *other = find_index(a, to);
    if (!ix)
        return dr_sql_error(a->x, 1176, "Key '%s' doesn't exist in table '%s'", from,
                            a->old->name);
    if (other && other != ix)
        return dr_sql_error(a->x, 1061, "Duplicate key name '%s'", to);
    ix->name = name;
    return step(a, "rename index", DR_DDL_SAFE);
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
    while (dr_is(&x->cur, "COLLATE") || dr_is(&x->cur, "CHARSET") ||
           dr_is(&x->cur, "CHARACTER"))
        if (dr_draft_option(x, a->d, &taken))
            return DR_RUN_ERROR;
    if (!a->d->auto_increment)
        return step(a,
                    ttl       ? "alter table ttl"
                    : no_ttl  ? "alter table no_ttl"
                    : comment ? "modify table comment"
                    : cache   ? "modify auto id cache"
                              : "modify table charset and collate",
                    ttl || no_ttl || comment ? DR_DDL_SAFE : DR_DDL_UNSAFE);
    if (step(a, "rebase auto_increment ID", DR_DDL_UNSAFE))
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
    if (dr_accept(c, "ALTER"))
        return alter_alter(a);
    if (dr_accept(c, "RENAME"))
        return alter_rename(a);
    (void)dr_accept_all(c, "CONVERT TO");
    return alter_option(a);
}

static enum dr_run alter_table(struct dr_exec *x)
{
    const char *schema, *name;
    struct change *a = DR_NEW(x->a, struct change);
    a->x = x;
    if (dr_take_table(x, &schema, &name) ||
        dr_need_table(x, DR_PRIV_ALTER, schema, name) || dr_ddl_begin(x) ||
        dr_ddl_find_table(x, schema, name, &a->t))
        return DR_RUN_ERROR;
    if (dr_ddl_table_busy(a->t))
        return DR_RUN_WAIT;
    const struct dr_token *next = dr_peek(&x->cur, 1);
    if (dr_is(&x->cur, "RENAME") && !dr_token_is(next, "COLUMN") &&
        !dr_token_is(next, "INDEX") && !dr_token_is(next, "KEY")) {
        (void)dr_accept(&x->cur, "RENAME");
        if (!dr_accept(&x->cur, "TO"))
            (void)dr_accept(&x->cur, "AS");
        return dr_take_table(x, &schema, &name)
                   ? DR_RUN_ERROR
                   : dr_ddl_rename_table(x, a->t, schema, name);
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
    if (a->added && dr_ddl_unique_holds(x, a->t, a->added, name))
        return DR_RUN_ERROR;
    dr_ddl_change_table(x, a->t, a->d, a->type, a->reshaped ? a->moved : NULL, a->fill);
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_alter(struct dr_exec *x)
{
    if (dr_accept(&x->cur, "DATABASE") || dr_accept(&x->cur, "SCHEMA"))
        return dr_ddl_alter_schema(x);
    return dr_accept(&x->cur, "TABLE") ? alter_table(x) : dr_sql_syntax(x);
}
