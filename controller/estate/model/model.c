/* The estate: clusters with their instances, TSO, GC, who listens where. */
#include <string.h>
#include <strings.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/estate/model/audit.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_brie.h"
#include "controller/estate/model/sql_engine.h"
#include "controller/estate/model/sql_process.h"
#include "controller/estate/model/sql_vars.h"
#include "controller/estate/model/timers.h"
#include "controller/estate/model/workload.h"

/* ---- clock ---- */

int64_t dr_model_now_ms(const struct dr_model *m)
{
    return m->now_ms;
}

int64_t dr_model_wall_ms(const struct dr_model *m)
{
    return m->wall0_ms + m->now_ms;
}

void dr_model_set_speed(struct dr_model *m, double factor)
{
    m->speed = factor > 0 ? factor : 1;
}

int64_t dr_model_scaled(const struct dr_model *m, int64_t ms)
{
    int64_t scaled = (int64_t)((double)ms / m->speed);
    return ms > 0 && scaled < 1 ? 1 : scaled;
}

uint64_t dr_model_random(struct dr_model *m, uint64_t n)
{
    return dr_prng_below(&m->prng, n);
}

/* ---- TSO ---- */

static uint64_t wall_tso(const struct dr_model_cluster *c)
{
    return dr_tso_make(dr_cluster_wall_ms(c), 0);
}

uint64_t dr_model_tso(struct dr_model_cluster *c)
{
    uint64_t wall = wall_tso(c);
    c->last_tso = c->last_tso + 1 > wall ? c->last_tso + 1 : wall;
    return c->last_tso;
}

uint64_t dr_model_resolved(struct dr_model_cluster *c)
{
    uint64_t wall = wall_tso(c) - 1;
    return c->last_tso > wall ? c->last_tso : wall;
}

void dr_model_tso_raise(struct dr_model_cluster *c, uint64_t least)
{
    if (c->last_tso < least)
        c->last_tso = least;
}

/* ---- GC: tidb: pkg/store/gcworker/gc_worker.go ---- */

enum { GC_TICK_MS = 60000 };

static uint64_t oldest_txn(const struct dr_model_cluster *c, uint64_t wish)
{
    int64_t limit_ms = dr_var_int(c->globals[dr_var_index(DR_V_GC_MAX_WAIT)]) * 1000;
    for (const struct dr_model_session *s = c->sessions; s; s = s->next) {
        bool young = s->txn && dr_cluster_wall_ms(c) - s->txn->start_ms < limit_ms;
        if (young && s->txn->start_tso < wish)
            wish = s->txn->start_tso;
    }
    return wish;
}

void dr_model_gc(struct dr_model_cluster *c)
{
    const char *life = c->globals[dr_var_index(DR_V_GC_LIFE)];
    int64_t ns = 0;
    if (!dr_var_on(c->globals[dr_var_index(DR_V_GC_ENABLE)]) ||
        !dr_parse_go_duration(life, strlen(life), &ns) ||
        !dr_model_pd_ok(c->model, c->index))
        return;
    uint64_t wish = dr_tso_make(dr_cluster_wall_ms(c) - ns / 1000000, 0);
    wish = dr_model_pd_min_safepoint(c->model, c->index, oldest_txn(c, wish));
    c->gc_last_run_ms = dr_cluster_wall_ms(c);
    dr_model_gc_to(c, wish);
}

void dr_model_gc_to(struct dr_model_cluster *c, uint64_t tso)
{
    if (tso <= c->gc_safe_point)
        return;
    c->gc_safe_point = tso;
    dr_db_gc(c->db, tso);
}

static void gc_tick(struct dr_model *m, void *arg, uint64_t n)
{
    struct dr_model_cluster *c = arg;
    (void)n;
    for (size_t i = 0; i < c->instance_count; i++) {
        if (c->instances[i].up) { /* one of them is the GC leader */
            dr_model_gc(c);
            break;
        }
    }
    dr_model_at(m, m->now_ms + dr_model_scaled(m, GC_TICK_MS), gc_tick, c, 0);
}

/* ---- instances ---- */

enum { LEASE_MS = 60000 }; /* until PD's etcd forgets a crashed tidb-server */

void dr_model_instance_run(struct dr_model_instance *in, bool up)
{
    struct dr_model *m = in->cluster->model;
    if (in->up == up)
        return;
    in->up = up;
    if (up) {
        in->started_ms = dr_model_wall_ms(m);
        in->hung = false;
        for (size_t i = 0; i < dr_var_count(); i++)
            in->globals[i] = in->cluster->globals[i];
        return;
    }
    in->registered_until_ms = m->now_ms + dr_model_scaled(m, LEASE_MS);
    dr_brie_stop(in);
    dr_auto_forget(in, NULL);
    for (struct dr_model_session *s = in->cluster->sessions; s; s = s->next)
        if (s->in == in && !s->internal)
            dr_session_kill(s);
}

struct dr_model_instance *dr_model_instance(struct dr_model *m,
                                            const struct dr_address *at)
{
    for (size_t i = 0; i < m->cluster_count; i++)
        for (size_t k = 0; k < m->clusters[i].instance_count; k++) {
            struct dr_model_instance *in = &m->clusters[i].instances[k];
            if (dr_address_equal(&in->sql, at) || dr_address_equal(&in->status, at))
                return in;
        }
    return NULL;
}

struct dr_model_cluster *dr_model_cluster(struct dr_model *m, const char *name)
{
    for (size_t i = 0; i < m->cluster_count; i++)
        if (strcmp(m->clusters[i].name, name) == 0)
            return &m->clusters[i];
    return NULL;
}

/* ---- network ---- */

bool dr_model_up(const struct dr_model *m, const struct dr_address *at)
{
    const struct dr_model_instance *in = dr_model_instance((struct dr_model *)m, at);
    if (in)
        return in->up && !in->cut && !in->refuses;
    const struct dr_model_process *p = dr_model_process((struct dr_model *)m, at);
    return p && p->up && !p->cut && !p->refuses;
}

/* ---- what nobody knew ---- */

enum { UNKNOWN_KEPT = 100 };

void dr_model_note_unknown(struct dr_model *m, const struct dr_address *at,
                           const char *text, size_t len)
{
    char where[DR_HOST_MAX + 16];
    json_t *s = json_stringn(text, len > 500 ? 500 : len);
    m->unknown_count++;
    if (json_array_size(m->unknown) == UNKNOWN_KEPT)
        json_array_remove(m->unknown, 0);
    json_array_append_new(m->unknown,
                          json_pack("{s:s, s:o}", "at", dr_address_text(at, where),
                                    "text", s ? s : json_string("(not UTF-8)")));
}

uint64_t dr_model_unknown(const struct dr_model *m, const json_t **list)
{
    if (list)
        *list = m->unknown;
    return m->unknown_count;
}

/* ---- building ---- */

static void address_of(struct dr_address *out, const struct dr_hostport *from)
{
    snprintf(out->host, sizeof(out->host), "%s", from->host);
    out->port = from->port;
}

static void listen_on(struct dr_model *m, size_t *room, enum dr_model_port port,
                      const struct dr_hostport *at)
{
    struct dr_model_listener *l =
        DR_PUSH(m->arena, m->listeners, m->listener_count, *room);
    l->port = port;
    address_of(&l->at, at);
}

static void list_listeners(struct dr_model *m)
{
    size_t room = 0;
    for (size_t i = 0; i < m->doc->cluster_count; i++) {
        const struct dr_sim_cluster *c = &m->doc->clusters[i];
        for (size_t k = 0; k < c->sql_count; k++) {
            listen_on(m, &room, DR_PORT_SQL, &c->sql[k].address);
            listen_on(m, &room, DR_PORT_STATUS, &c->sql[k].status);
        }
        for (size_t k = 0; k < c->pd_count; k++)
            listen_on(m, &room, DR_PORT_PD, &c->pd[k]);
        for (size_t k = 0; c->ticdc.declared && k < c->ticdc.capture_count; k++)
            listen_on(m, &room, DR_PORT_CDC, &c->ticdc.captures[k]);
    }
    for (size_t i = 0; i < m->doc->storage_count; i++)
        listen_on(m, &room, DR_PORT_STORE, &m->doc->storage[i].address);
}

const struct dr_model_listener *dr_model_listeners(const struct dr_model *m,
                                                   size_t *count)
{
    *count = m->listener_count;
    return m->listeners;
}

static void cluster_init(struct dr_model *m, size_t index)
{
    struct dr_model_cluster *c = &m->clusters[index];
    const struct dr_sim_cluster *d = &m->doc->clusters[index];
    c->model = m;
    c->doc = d;
    c->index = index;
    c->name = d->name;
    c->region = d->region ? d->region : d->name;
    c->version = d->version;
    if (!c->version.text)
        c->version = (struct dr_version){"v8.5.4", 8, 5, 4};
    c->pd_cluster_id = d->pd_cluster_id;
    if (!c->pd_cluster_id) /* as PD draws them: below 2^63 (pd: captures) */
        c->pd_cluster_id = 7ull << 60 | dr_model_random(m, 1ull << 59);
    c->instance_count = d->sql_count;
    c->instances = dr_alloc_n(m->arena, d->sql_count + 1, sizeof(*c->instances));
    for (size_t i = 0; i < d->sql_count; i++) {
        struct dr_model_instance *in = &c->instances[i];
        in->cluster = c;
        in->index = i;
        in->up = true;
        in->started_ms = m->wall0_ms;
        address_of(&in->sql, &d->sql[i].address);
        address_of(&in->status, &d->sql[i].status);
    }
    dr_vars_init(c);
    dr_accounts_init(c);
    c->db = dr_db_new(c);
    dr_db_schema_add(c->db, "mysql", 1);
    dr_db_schema_add(c->db, "test", 1);
    dr_model_at(m, dr_model_scaled(m, GC_TICK_MS), gc_tick, c, 0);
}

static int declare(struct dr_model_cluster *c, struct dr_err *err)
{
    const struct dr_sim_cluster *d = c->doc;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_buf why;
    int code = 0;
    dr_buf_init(&why, 4096);
    for (size_t i = 0; i < d->variable_count && !code; i++)
        if (!dr_var_declare(c, d->variables[i].name, d->variables[i].value))
            code = dr_fail(err, DR_E_INPUT, "cluster '%s': variable '%s' cannot be '%s'",
                           c->name, d->variables[i].name, d->variables[i].value);
    for (size_t i = 0; i < d->account_count && !code; i++)
        if (!dr_account_declare(c, &d->accounts[i], &why))
            code =
                dr_fail(err, DR_E_INPUT, "cluster '%s': %s", c->name, dr_buf_str(&why));
    struct dr_model_session *s = dr_session_internal(c, 0);
    for (size_t i = 0; i < d->script_count && !code; i++) {
        struct dr_sql_answer out;
        if (dr_model_sql_internal(s, d->script[i], &out, a))
            code = dr_fail(err, DR_E_INPUT, "cluster '%s': '%s': %s", c->name,
                           d->script[i], out.message ? out.message : "waits for ever");
    }
    dr_model_sql_close(s);
    dr_buf_release(&why);
    dr_arena_free(a);
    return code;
}

int dr_model_new(struct dr_model **out, const struct dr_estate_doc *doc, uint64_t seed,
                 int64_t wall_ms, struct dr_err *err)
{
    struct dr_model *m = dr_xcalloc(1, sizeof(*m));
    m->doc = doc;
    m->arena = dr_arena_new(0);
    m->prng.state = seed;
    m->wall0_ms = wall_ms;
    m->speed = 1;
    dr_audit_init(m);
    m->timers = dr_timers_new();
    m->strings = dr_strings_new();
    m->unknown = json_array();
    m->cluster_count = doc->cluster_count;
    m->clusters = dr_alloc_n(m->arena, doc->cluster_count + 1, sizeof(*m->clusters));
    list_listeners(m);
    for (size_t i = 0; i < doc->cluster_count; i++)
        cluster_init(m, i);
    int code = dr_model_store_init(m, err);
    if (!code)
        code = dr_model_pd_init(m, err);
    for (size_t i = 0; i < m->cluster_count && !code; i++)
        code = declare(&m->clusters[i], err);
    if (!code)
        code = dr_model_cdc_init(m, err);
    if (code)
        dr_model_free(m);
    else
        *out = m;
    return code;
}

void dr_model_free(struct dr_model *m)
{
    if (!m)
        return;
    dr_workload_free(m);
    dr_model_http_free(m);
    dr_model_cdc_free(m);
    for (size_t i = 0; i < m->cluster_count; i++) {
        struct dr_model_cluster *c = &m->clusters[i];
        while (c->sessions)
            dr_model_sql_close(c->sessions);
        for (size_t k = 0; k < c->instance_count; k++) {
            dr_brie_stop(&c->instances[k]);
            dr_auto_forget(&c->instances[k], NULL);
        }
        dr_brie_forget(c);
        dr_engine_free(c->engine);
        dr_db_free(c->db);
    }
    dr_model_pd_free(m);
    dr_model_store_free(m);
    dr_audit_free(m);
    dr_timers_free(m->timers);
    dr_strings_free(m->strings);
    json_decref(m->unknown);
    dr_arena_free(m->arena);
    free(m);
}

/* ---- status port: tidb: pkg/server/http_status.go, docs/tidb_http_api.md ---- */

static const char *server_version(const struct dr_model_cluster *c, struct dr_arena *a)
{
    bool new = dr_version_rank(&c->version) >= 7004000;
    return dr_sprintf(a, "%s-TiDB-%s", new ? "8.0.11" : "5.7.25", c->version.text);
}

static const char no_hash[] = "0000000000000000000000000000000000000000";

static const char *status_text(const struct dr_model_instance *in, struct dr_arena *a)
{
    const struct dr_model_cluster *c = in->cluster;
    size_t connections = 0;
    for (const struct dr_model_session *s = c->sessions; s; s = s->next)
        connections += s->in == in && s->logged_in && !s->internal && !s->dead;
    return dr_sprintf(a,
                      "{\"connections\":%zu,\"version\":\"%s\",\"git_hash\":\"%s\","
                      "\"status\":{\"init_stats_percentage\":100}}",
                      connections, server_version(c, a), no_hash);
}

static const char *info_text(const struct dr_model_instance *in, struct dr_arena *a)
{
    const struct dr_model_cluster *c = in->cluster;
    return dr_sprintf(a,
                      "{\"is_owner\":%s,\"version\":\"%s\",\"git_hash\":\"%s\","
                      "\"ddl_id\":\"ddl-%s-%zu\",\"ip\":\"%s\",\"listening_port\":%u,"
                      "\"status_port\":%u,\"lease\":\"45s\"}",
                      dr_ddl_owner(c) == in ? "true" : "false", server_version(c, a),
                      no_hash, c->name, in->index, in->sql.host, in->sql.port,
                      in->status.port);
}

void dr_model_status_http(struct dr_model_instance *in,
                          const struct dr_model_request *req, struct dr_http_answer *out,
                          struct dr_arena *a)
{
    size_t path = strcspn(req->target, "?");
    bool status = path == 7 && strncmp(req->target, "/status", 7) == 0,
         info = path == 5 && strncmp(req->target, "/info", 5) == 0;
    memset(out, 0, sizeof(*out));
    out->status = status || info ? 200 : 404;
    out->content_type = status || info ? "application/json" : "text/plain; charset=utf-8";
    out->body = status ? status_text(in, a)
                : info ? info_text(in, a)
                       : "404 page not found\n";
    out->body_len = strlen(out->body);
}
