/* Schemas, tables with their history, DDL jobs. */
#include <string.h>
#include <strings.h>

#include "controller/estate/model/sql_store.h"

struct dr_db *dr_db_new(struct dr_model_cluster *c)
{
    struct dr_db *db = dr_xcalloc(1, sizeof(*db));
    db->c = c;
    db->next_id = 100; /* below: system objects [inference] */
    db->schema_version = 50;
    return db;
}

void dr_db_free(struct dr_db *db)
{
    if (!db)
        return;
    dr_log_cut(&db->c->log, UINT64_MAX);
    free(db->c->log.items);
    db->c->log = (struct dr_change_log){0};
    for (size_t i = 0; i < db->table_count; i++) {
        dr_table_release(db->tables[i]);
        free(db->tables[i]->defs);
        free(db->tables[i]);
    }
    free(db->tables);
    free(db->schemas);
    free(db->jobs);
    free(db);
}

struct dr_schema *dr_db_schema(struct dr_db *db, const char *name, uint64_t tso)
{
    for (size_t i = db->schema_count; i-- > 0;) {
        struct dr_schema *s = &db->schemas[i];
        if (s->created_tso <= tso && (!s->dropped_tso || s->dropped_tso > tso) &&
            strcasecmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

const struct dr_table_def *dr_table_now(const struct dr_table *t)
{
    return t->defs[t->def_count - 1].def;
}

const struct dr_table_def *dr_table_def_at(const struct dr_table *t, uint64_t tso)
{
    if (t->created_tso > tso || (t->dropped_tso && t->dropped_tso <= tso))
        return NULL;
    for (size_t i = t->def_count; i-- > 0;)
        if (t->defs[i].tso <= tso)
            return t->defs[i].def;
    return NULL;
}

struct dr_table *dr_db_table(struct dr_db *db, const char *schema, const char *name,
                             uint64_t tso, const struct dr_table_def **def)
{
    for (size_t i = db->table_count; i-- > 0;) {
        const struct dr_table_def *d = dr_table_def_at(db->tables[i], tso);
        if (d && strcasecmp(d->name, name) == 0 && strcasecmp(d->schema, schema) == 0) {
            if (def)
                *def = d;
            return db->tables[i];
        }
    }
    return NULL;
}

void dr_db_schema_add(struct dr_db *db, const char *name, uint64_t tso)
{
    if (db->schema_count == db->schema_room) {
        db->schema_room = db->schema_room ? db->schema_room * 2 : 8;
        db->schemas = dr_xrealloc(db->schemas, db->schema_room * sizeof(*db->schemas));
    }
    db->schemas[db->schema_count++] = (struct dr_schema){
        .name = dr_model_string(db->c->model, name, strlen(name)),
        .id = db->next_id += 2,
        .created_tso = tso,
        .charset = "utf8mb4",
        .collate = "utf8mb4_bin",
    };
}

void dr_db_table_drop(struct dr_db *db, struct dr_table *t, uint64_t tso)
{
    t->dropped_tso = tso;
    for (size_t i = 0; i < db->c->instance_count; i++)
        dr_auto_forget(&db->c->instances[i], t);
}

void dr_db_schema_drop(struct dr_db *db, struct dr_schema *s, uint64_t tso)
{
    s->dropped_tso = tso;
    for (size_t i = 0; i < db->table_count; i++) {
        struct dr_table *t = db->tables[i];
        if (!t->dropped_tso && strcasecmp(dr_table_now(t)->schema, s->name) == 0)
            dr_db_table_drop(db, t, tso);
    }
}

static void push_def(struct dr_table *t, const struct dr_table_def *def, uint64_t tso)
{
    if (t->def_count == t->def_room) {
        t->def_room = t->def_room ? t->def_room * 2 : 2;
        t->defs = dr_xrealloc(t->defs, t->def_room * sizeof(*t->defs));
    }
    t->defs[t->def_count++] = (struct dr_table_version){tso, def};
}

struct dr_table *dr_db_table_add(struct dr_db *db, const struct dr_table_def *def,
                                 uint64_t tso)
{
    if (db->table_count == db->table_room) {
        db->table_room = db->table_room ? db->table_room * 2 : 16;
        db->tables = dr_xrealloc(db->tables, db->table_room * sizeof(struct dr_table *));
    }
    struct dr_table *t = dr_xcalloc(1, sizeof(*t));
    t->created_tso = tso;
    t->lineage = db->table_count;
    push_def(t, def, tso);
    return db->tables[db->table_count++] = t;
}

static void reshape(struct dr_entry *e, const struct dr_table_def *def, const int *moved,
                    const struct dr_datum *fill, uint64_t tso)
{
    const struct dr_row *old = e->newest ? e->newest->row : NULL;
    if (!old)
        return;
    struct dr_datum *v = dr_xcalloc(def->column_count, sizeof(*v));
    for (size_t i = 0; i < def->column_count; i++)
        v[i] = moved[i] >= 0 ? old->v[moved[i]] : fill[i];
    struct dr_row_version *next = dr_xcalloc(1, sizeof(*next));
    *next = (struct dr_row_version){e->newest, tso, dr_row_new(v, def->column_count)};
    e->newest = next;
    free(v);
}

void dr_db_table_alter(struct dr_db *db, struct dr_table *t,
                       const struct dr_table_def *def, const int *moved,
                       const struct dr_datum *fill, uint64_t tso)
{
    (void)db;
    push_def(t, def, tso);
    for (size_t i = 0; moved && i < t->entry_count; i++)
        reshape(t->entries[i], def, moved, fill, tso);
}

void dr_db_job(struct dr_db *db, const struct dr_change *ch, const char *state)
{
    struct dr_model *m = db->c->model;
    if (db->job_count == db->job_room) {
        db->job_room = db->job_room ? db->job_room * 2 : 16;
        db->jobs = dr_xrealloc(db->jobs, db->job_room * sizeof(*db->jobs));
    }
    const struct dr_table_def *def = ch->table ? ch->table : ch->old_table;
    struct dr_schema *s = ch->schema ? dr_db_schema(db, ch->schema, UINT64_MAX) : NULL;
    db->jobs[db->job_count++] = (struct dr_ddl_job){
        .id = ++db->next_id,
        .schema_id = s ? s->id : 0,
        .table_id = def ? def->id : 0,
        .schema = ch->schema ? ch->schema : "",
        .table = def ? def->name : "",
        .type = ch->ddl_type,
        .state = state,
        .query = ch->ddl,
        .bdr_role = ch->bdr_role,
        .start_ms = dr_model_wall_ms(m),
        .end_ms = strcmp(state, "synced") == 0 ? dr_model_wall_ms(m) : 0,
    };
}

void dr_db_ddl(struct dr_db *db, const struct dr_change *ch)
{
    dr_db_job(db, ch, "synced");
    db->schema_version++;
    *dr_log_push(&db->c->log) = *ch;
}
