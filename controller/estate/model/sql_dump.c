/* Rows, definitions and accounts as JSON, both ways. */
#include "controller/estate/model/sql_dump.h"

#include <string.h>

#include "controller/base/json.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_def.h"

static json_t *datum_json(const struct dr_datum *d)
{
    switch (d->kind) {
    case DR_DATUM_NULL:
        return json_null();
    case DR_DATUM_INT:
        return json_integer(d->i);
    case DR_DATUM_REAL:
        return json_real(d->r);
    case DR_DATUM_TEXT:
    case DR_DATUM_BLOB:
        break;
    }
    json_t *s = d->kind == DR_DATUM_TEXT ? json_stringn(d->s, d->len) : NULL;
    if (s)
        return s;
    json_t *bytes = json_array();
    for (size_t i = 0; i < d->len; i++)
        json_array_append_new(bytes, json_integer((unsigned char)d->s[i]));
    return bytes;
}

static struct dr_datum json_datum(struct dr_arena *a, const json_t *v)
{
    struct dr_datum d = {0};
    if (json_is_integer(v)) {
        d.kind = DR_DATUM_INT;
        d.i = json_integer_value(v);
    } else if (json_is_real(v)) {
        d.kind = DR_DATUM_REAL;
        d.r = json_real_value(v);
    } else if (json_is_string(v)) {
        d.kind = DR_DATUM_TEXT;
        d.s = json_string_value(v);
        d.len = json_string_length(v);
    } else if (json_is_array(v)) {
        d.kind = DR_DATUM_BLOB;
        d.len = json_array_size(v);
        char *s = dr_alloc(a, d.len + 1);
        for (size_t i = 0; i < d.len; i++)
            s[i] = (char)json_integer_value(json_array_get(v, i));
        d.s = s;
    }
    return d;
}

json_t *dr_dump_table(const struct dr_table *t, const struct dr_table_def *def,
                      uint64_t ts)
{
    struct dr_buf b;
    dr_buf_init(&b, 1 << 20);
    dr_table_text(def, 0, &b);
    json_t *rows = json_array();
    for (size_t i = 0; i < t->entry_count; i++) {
        const struct dr_row *r = dr_entry_row(t->entries[i], NULL, ts);
        if (!r)
            continue;
        json_t *row = json_array();
        for (size_t k = 0; k < r->count; k++)
            json_array_append_new(row, datum_json(&r->v[k]));
        json_array_append_new(rows, row);
    }
    json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "schema", def->schema, "name",
                          def->name, "create", dr_buf_str(&b), "auto_base",
                          (json_int_t)t->auto_base, "handle", (json_int_t)t->last_handle,
                          "rows", rows);
    dr_buf_release(&b);
    return o;
}

json_t *dr_dump_accounts(const struct dr_model_cluster *c)
{
    json_t *list = json_array();
    for (const struct dr_account *a = c->accounts->first; a; a = a->next) {
        json_t *dynamic = json_array();
        for (const struct dr_dynamic_grant *g = a->dynamic; g; g = g->next)
            json_array_append_new(dynamic, json_string(g->name));
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:o}", "user",
                                        a->user, "host", a->host, "password", a->password,
                                        "plugin", a->plugin, "locked", a->locked, "privs",
                                        (json_int_t)a->privs, "dynamic", dynamic));
    }
    return list;
}

/* The rows, ingested behind SQL and behind TiCDC: nothing in the change log. */
void dr_load_rows(struct dr_model_cluster *c, const json_t *t)
{
    const struct dr_table_def *def;
    struct dr_table *table = dr_db_table(c->db, dr_json_str(t, "schema"),
                                         dr_json_str(t, "name"), UINT64_MAX, &def);
    struct dr_arena *a = dr_arena_new(0);
    uint64_t tso = dr_model_tso(c);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(t, "rows"), i, row)
    {
        unsigned char key[DR_KEY_MAX];
        struct dr_datum *v = dr_alloc_n(a, def->column_count + 1, sizeof(*v));
        struct dr_datum handle = {.kind = DR_DATUM_INT};
        for (size_t k = 0; k < def->column_count; k++)
            v[k] = json_datum(a, json_array_get(row, k));
        if (!table)
            break;
        bool pk = def->index_count && def->indexes[0].primary;
        if (!pk)
            handle.i = ++table->last_handle;
        size_t len =
            pk ? dr_key_encode(&def->indexes[0], v, key) : dr_key_parts(&handle, 1, key);
        struct dr_entry *e = dr_txn_entry(table, key, len);
        struct dr_row_version *n = dr_xcalloc(1, sizeof(*n));
        *n = (struct dr_row_version){e->newest, tso, dr_row_new(v, def->column_count)};
        e->newest = n;
    }
    dr_arena_free(a);
}

/* WITH_SYS_TABLE: the source's accounts replace those of the same name (tidb:
 * br/pkg/restore/snap_client/systable_restore.go). */
void dr_load_accounts(struct dr_model_cluster *c, const json_t *list)
{
    struct dr_arena *a = dr_arena_new(0);
    size_t i, k;
    json_t *o, *name;
    json_array_foreach(list, i, o)
    {
        const char *grants[64];
        struct dr_buf why;
        struct dr_sim_account d = {.user = dr_strdup(a, dr_json_str(o, "user")),
                                   .host = dr_strdup(a, dr_json_str(o, "host")),
                                   .locked = json_is_true(json_object_get(o, "locked")),
                                   .grants = grants};
        const char *pw = dr_json_str(o, "password"), *plugin = dr_json_str(o, "plugin");
        d.password = dr_model_string(c->model, pw, strlen(pw));
        d.plugin = strcmp(plugin, "caching_sha2_password") == 0 ? DR_SIM_CACHING_SHA2
                                                                : DR_SIM_NATIVE_PASSWORD;
        json_array_foreach(json_object_get(o, "dynamic"), k, name) if (d.grant_count < 64)
            grants[d.grant_count++] = dr_sprintf(a, "%s ON *.*", json_string_value(name));
        dr_buf_init(&why, 4096);
        if (dr_account_declare(c, &d, &why))
            dr_account_find(c, d.user, d.host)->privs =
                (uint64_t)json_integer_value(json_object_get(o, "privs"));
        dr_buf_release(&why);
    }
    dr_arena_free(a);
}

/* A table as the backup has it, with an id of its own and TTL off (since 6.6.0). */
bool dr_load_table(struct dr_model_cluster *c, size_t instance, const json_t *t)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_sql_answer out = {0};
    struct dr_model_session *s = dr_session_internal(c, instance);
    struct dr_exec x = {.s = s, .c = c, .m = c->model, .a = a, .out = &out};
    const char *schema = dr_json_str(t, "schema"), *text = dr_json_str(t, "create"),
               *name;
    json_int_t base = json_integer_value(json_object_get(t, "auto_base"));
    dr_lex(a, text, strlen(text), &x.cur);
    bool ok = dr_accept_all(&x.cur, "CREATE TABLE") && dr_take_name(&x.cur, &name);
    struct dr_def_draft *d = ok ? dr_draft_new(&x, schema, name) : NULL;
    ok = ok && !dr_draft_body(&x, d);
    if (ok && !dr_db_table(c->db, schema, name, UINT64_MAX, NULL)) {
        uint64_t tso = dr_model_tso(c);
        if (dr_version_rank(&c->version) >= 6006000)
            d->def.ttl_enable = false;
        if (!dr_db_schema(c->db, schema, UINT64_MAX))
            dr_db_schema_add(c->db, schema, tso);
        const struct dr_table_def *def = dr_draft_done(&x, d, c->db->next_id += 2);
        struct dr_table *table = dr_db_table_add(c->db, def, tso);
        table->auto_base = base;
        struct dr_change ch = {.start_tso = tso,
                               .commit_tso = tso,
                               .kind = DR_CHANGE_DDL,
                               .table = def,
                               .schema = def->schema,
                               .ddl = dr_model_string(c->model, text, strlen(text)),
                               .ddl_type = "create table",
                               .bdr_role = ""};
        dr_db_ddl(c->db, &ch);
    }
    dr_model_sql_close(s);
    dr_arena_free(a);
    return ok;
}
