/* The whole state as data and as text: what checkers compare. Clocks, TSOs and numbers of
 * connections stand apart under "clock" and are left out of the text, as are checkpoints
 * and safepoints, so that two estates in the same state print alike. Passwords never
 * appear. */
#include <string.h>

#include "controller/base/json.h"
#include "controller/estate/model/faults.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_brie.h"
#include "controller/estate/model/sql_def.h"
#include "controller/estate/model/sql_engine.h"
#include "controller/estate/model/sql_vars.h"

static json_t *globals_json(const struct dr_model_cluster *c)
{
    json_t *o = json_object();
    for (size_t i = 0; i < dr_var_count(); i++)
        if (strcmp(c->globals[i], dr_vars[i].value) != 0)
            json_object_set_new(o, dr_vars[i].name, json_string(c->globals[i]));
    return o;
}

static json_t *instance_json(const struct dr_model_instance *in)
{
    json_t *differ = json_object();
    char at[DR_HOST_MAX + 16];
    for (size_t i = 0; i < dr_var_count(); i++)
        if (strcmp(in->globals[i], in->cluster->globals[i]) != 0)
            json_object_set_new(differ, dr_vars[i].name, json_string(in->globals[i]));
    return json_pack("{s:s, s:b, s:b, s:b, s:b, s:o}", "sql",
                     dr_address_text(&in->sql, at), "up", in->up, "cut", in->cut, "hung",
                     in->hung, "lagging", in->lagging, "globals", differ);
}

static json_t *account_json(const struct dr_account *a)
{
    json_t *privs = json_array(), *objects = json_array();
    for (int p = 0; dr_priv_names[p]; p++)
        if (a->privs >> p & 1)
            json_array_append_new(privs, json_string(dr_priv_names[p]));
    for (const struct dr_dynamic_grant *g = a->dynamic; g; g = g->next)
        json_array_append_new(privs, json_string(g->name));
    for (const struct dr_object_grant *g = a->objects; g; g = g->next) {
        json_t *list = json_array();
        for (int p = 0; dr_priv_names[p]; p++)
            if (g->privs >> p & 1)
                json_array_append_new(list, json_string(dr_priv_names[p]));
        json_array_append_new(objects, json_pack("{s:s, s:s*, s:o}", "schema", g->schema,
                                                 "table", g->table, "privileges", list));
    }
    return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "user", a->user, "host", a->host,
                     "plugin", a->plugin, "locked", a->locked, "privileges", privs,
                     "objects", objects);
}

static json_t *row_json(const struct dr_row *r)
{
    json_t *list = json_array();
    struct dr_arena *a = dr_arena_new(0);
    for (size_t i = 0; i < r->count; i++) {
        size_t len;
        const char *s = dr_datum_text(a, &r->v[i], &len);
        json_t *v = s ? json_stringn(s, len) : json_null();
        if (!v) { /* bytes that are no text */
            struct dr_buf b;
            dr_buf_init(&b, 64 << 20);
            dr_literal_text(&r->v[i], &b);
            v = json_string_nocheck("(bytes)");
            if (r->v[i].kind == DR_DATUM_BLOB)
                json_string_set(v, dr_buf_str(&b));
            dr_buf_release(&b);
        }
        json_array_append_new(list, v);
    }
    dr_arena_free(a);
    return list;
}

static json_t *table_json(const struct dr_table *t)
{
    const struct dr_table_def *def = dr_table_now(t);
    json_t *rows = json_array();
    struct dr_buf b;
    dr_buf_init(&b, 1 << 20);
    dr_table_text(def, 0, &b);
    for (size_t i = 0; i < t->entry_count; i++) {
        const struct dr_row *r = dr_entry_row(t->entries[i], NULL, UINT64_MAX);
        if (r)
            json_array_append_new(rows, row_json(r));
    }
    json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:I}", "schema", def->schema, "name",
                          def->name, "definition", dr_buf_str(&b), "rows", rows,
                          "auto_base", (json_int_t)t->auto_base);
    dr_buf_release(&b);
    return o;
}

/* By schema and name. */
static json_t *tables_json(const struct dr_db *db)
{
    json_t *sorted = json_object(), *list = json_array(), *v;
    const char *key;
    struct dr_buf b;
    dr_buf_init(&b, 4096);
    for (size_t i = 0; i < db->table_count; i++) {
        const struct dr_table *t = db->tables[i];
        if (t->dropped_tso)
            continue;
        dr_buf_clear(&b);
        dr_buf_addf(&b, "%s\x01%s", dr_table_now(t)->schema, dr_table_now(t)->name);
        json_object_set_new(sorted, dr_buf_str(&b), table_json(t));
    }
    dr_buf_release(&b);
    json_t *names = json_array();
    json_object_foreach(sorted, key, v) json_array_append_new(names, json_string(key));
    for (size_t n = json_array_size(names); n--;) { /* selection: tables are few */
        size_t least = 0;
        for (size_t i = 1; i < json_array_size(names); i++)
            if (strcmp(json_string_value(json_array_get(names, i)),
                       json_string_value(json_array_get(names, least))) < 0)
                least = i;
        json_array_append(
            list,
            json_object_get(sorted, json_string_value(json_array_get(names, least))));
        json_array_remove(names, least);
    }
    json_decref(names);
    json_decref(sorted);
    return list;
}

static json_t *cluster_json(const struct dr_model *m, const struct dr_model_cluster *c)
{
    static const char *const roles[] = {"", "primary", "secondary"};
    json_t *o = json_object(), *list = json_array();
    json_object_set_new(o, "name", json_string(c->name));
    json_object_set_new(o, "version", json_string(c->version.text));
    json_object_set_new(o, "pd_cluster_id", dr_json_u64_string(c->pd_cluster_id));
    json_object_set_new(o, "bdr_role", json_string(roles[c->bdr_role]));
    json_object_set_new(o, "globals", globals_json(c));
    for (size_t i = 0; i < c->instance_count; i++)
        json_array_append_new(list, instance_json(&c->instances[i]));
    json_object_set_new(o, "instances", list);
    list = json_array();
    for (const struct dr_account *a = c->accounts->first; a; a = a->next)
        json_array_append_new(list, account_json(a));
    json_object_set_new(o, "accounts", list);
    list = json_array();
    for (size_t i = 0; i < c->db->schema_count; i++)
        if (!c->db->schemas[i].dropped_tso)
            json_array_append_new(list, json_string(c->db->schemas[i].name));
    json_object_set_new(o, "schemas", list);
    json_object_set_new(o, "tables", tables_json(c->db));
    list = json_array();
    for (size_t i = 0; i < c->db->job_count; i++)
        if (!c->db->jobs[i].end_ms)
            json_array_append_new(list, json_string(c->db->jobs[i].query));
    json_object_set_new(o, "ddl_unfinished", list);
    json_object_set_new(o, "backup_restore", dr_brie_state(c));
    json_object_set_new(o, "pd", dr_model_pd_state(m, c->index));
    json_object_set_new(o, "cdc", dr_model_cdc_state(m, c->index));
    return o;
}

static json_t *clock_json(const struct dr_model *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->cluster_count; i++) {
        const struct dr_model_cluster *c = &m->clusters[i];
        size_t sessions = 0;
        for (const struct dr_model_session *s = c->sessions; s; s = s->next)
            sessions += s->logged_in && !s->internal;
        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:o, s:I}", "cluster", c->name, "tso",
                            dr_json_u64_string(c->last_tso), "gc_safe_point",
                            dr_json_u64_string(c->gc_safe_point), "external_ts",
                            dr_json_u64_string(c->external_ts), "sessions",
                            (json_int_t)sessions));
    }
    return json_pack("{s:I, s:I, s:o}", "now_ms", (json_int_t)m->now_ms, "wall_ms",
                     (json_int_t)dr_model_wall_ms(m), "clusters", list);
}

static json_t *still_json(const struct dr_model *m)
{
    json_t *o = json_object(), *list = json_array();
    for (size_t i = 0; i < m->cluster_count; i++)
        json_array_append_new(list, cluster_json(m, &m->clusters[i]));
    json_object_set_new(o, "clusters", list);
    json_object_set_new(o, "storage", dr_model_store_state(m));
    return o;
}

json_t *dr_model_state(const struct dr_model *m)
{
    json_t *o = still_json(m);
    json_object_set_new(o, "clock", clock_json(m));
    json_object_set_new(o, "faults", dr_model_faults_active(m));
    return o;
}

/* Numbers that move by themselves are left out of what is compared. */
static void still(json_t *v)
{
    static const char *const moving[] = {"tso", "expires_s", "gc_worker", "checkpoint",
                                         "redo_resolved"};
    const char *key;
    json_t *member;
    size_t i;
    for (i = 0; json_is_object(v) && i < sizeof(moving) / sizeof(moving[0]); i++)
        json_object_del(v, moving[i]);
    json_object_foreach(v, key, member) still(member);
    json_array_foreach(v, i, member) still(member);
}

void dr_model_print(const struct dr_model *m, struct dr_buf *out)
{
    json_t *o = still_json(m), *cluster;
    size_t i;
    json_array_foreach(json_object_get(o, "clusters"), i, cluster)
    {
        still(json_object_get(cluster, "pd"));
        still(json_object_get(cluster, "cdc"));
    }
    char *text = json_dumps(o, JSON_INDENT(1));
    dr_buf_adds(out, text);
    dr_buf_addc(out, '\n');
    free(text);
    json_decref(o);
}
