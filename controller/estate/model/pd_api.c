/* PD's HTTP API as captured from a real PD: indented JSON, errors as a JSON string or
 * plain text, followers that forward to the leader. Routes that were never seen are 404
 * as gorilla/mux says it, and noted. Source: pd: server/api/router.go and the handlers
 * beside it; what differs was read off the wire. */
#include <inttypes.h>
#include <string.h>

#include "controller/estate/model/gojson.h"
#include "controller/estate/model/http.h"
#include "controller/estate/model/pd.h"
#include "controller/estate/model/sql_store.h"
#include "controller/estate/model/uri.h"

enum { TEXT_MAX = 256, STORES = 3, TIKV_PORT = 20160, TIKV_STATUS_PORT = 20180 };

#define PD_JSON  "application/json; charset=UTF-8"
#define GIT_HASH "0000000000000000000000000000000000000000"
#define NO_CLUSTER                                                                       \
    "[PD:cluster:ErrNotBootstrapped]TiKV cluster not bootstrapped, please start TiKV "   \
    "first"

struct pd_in {
    struct dr_http_in *in;
    struct dr_pd_cluster *pd;
    struct dr_pd_member *self;
    const char *args[2];
    struct dr_buf body;
    struct dr_gojson w;
};

static void done(struct pd_in *p, int status)
{
    dr_buf_addc(&p->body, '\n');
    dr_http_reply(p->in, status, PD_JSON, &p->body);
}

static void say(struct pd_in *p, int status, const char *text)
{
    dr_buf_clear(&p->body);
    dr_gojson_quote(&p->body, text);
    done(p, status);
}

static void plain(struct pd_in *p, int status, const char *text)
{
    dr_buf_release(&p->body);
    dr_http_text(p->in, status, DR_HTTP_TEXT, text);
}

static const char *version_text(const struct pd_in *p)
{
    return p->pd->cluster->version.text;
}

/* RFC3339 with the fraction's trailing zeros cut, as Go prints a time. */
static const char *time_text(int64_t wall_ms, char out[TEXT_MAX])
{
    time_t at = (time_t)(wall_ms / 1000);
    struct tm tm;
    char fraction[8] = "";
    size_t n;

    gmtime_r(&at, &tm);
    n = strftime(out, TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    if (wall_ms % 1000) {
        int len = snprintf(fraction, sizeof(fraction), ".%03d", (int)(wall_ms % 1000));
        while (fraction[len - 1] == '0')
            fraction[--len] = '\0';
    }
    snprintf(out + n, TEXT_MAX - n, "%sZ", fraction);
    return out;
}

/* ---- members ---- */
static void add_urls(struct pd_in *p, const struct dr_pd_member *m, bool peer)
{
    char url[DR_HOST_MAX + 32], at[DR_HOST_MAX + 16];
    struct dr_address where = m->process.at;

    where.port = (uint16_t)(where.port + peer); /* 2380 beside 2379 */
    snprintf(url, sizeof(url), "http://%s", dr_address_text(&where, at));
    dr_gojson_array(&p->w, peer ? "peer_urls" : "client_urls");
    dr_gojson_str(&p->w, NULL, url);
    dr_gojson_end(&p->w);
}

static void add_member(struct pd_in *p, const char *key, const struct dr_pd_member *m,
                       bool full)
{
    dr_gojson_object(&p->w, key);
    dr_gojson_str(&p->w, "name", m->name);
    dr_gojson_u64(&p->w, "member_id", m->id);
    add_urls(p, m, true);
    add_urls(p, m, false);
    if (full) {
        dr_gojson_str(&p->w, "deploy_path", "/tidb-deploy/pd-2379/bin");
        dr_gojson_str(&p->w, "binary_version", version_text(p));
        dr_gojson_str(&p->w, "git_hash", GIT_HASH);
    }
    dr_gojson_end(&p->w);
}

static void get_members(struct pd_in *p)
{
    const struct dr_pd_member *leader = &p->pd->members[p->pd->leader];

    dr_gojson_object(&p->w, NULL);
    dr_gojson_object(&p->w, "header");
    dr_gojson_u64(&p->w, "cluster_id", p->pd->cluster->pd_cluster_id);
    dr_gojson_end(&p->w);
    dr_gojson_array(&p->w, "members");
    /* Not sorted by name: by id, which is random. */
    for (size_t i = 0; i < p->pd->member_count; i++) {
        const struct dr_pd_member *next = NULL;
        for (size_t j = 0; j < p->pd->member_count; j++) {
            size_t below = 0;
            for (size_t k = 0; k < p->pd->member_count; k++)
                below += p->pd->members[k].id < p->pd->members[j].id;
            if (below == i)
                next = &p->pd->members[j];
        }
        if (next)
            add_member(p, NULL, next, true);
    }
    dr_gojson_end(&p->w);
    add_member(p, "leader", leader, true);
    add_member(p, "etcd_leader", leader, true);
    dr_gojson_end(&p->w);
    done(p, 200);
}

static void get_leader(struct pd_in *p)
{
    add_member(p, NULL, &p->pd->members[p->pd->leader], false);
    done(p, 200);
}

/* Local, and no test of a quorum: the survivor calls itself healthy. */
static void get_health(struct pd_in *p)
{
    dr_gojson_array(&p->w, NULL);
    for (size_t i = 0; i < p->pd->member_count; i++) {
        const struct dr_pd_member *m = &p->pd->members[i];
        dr_gojson_object(&p->w, NULL);
        dr_gojson_str(&p->w, "name", m->name);
        dr_gojson_u64(&p->w, "member_id", m->id);
        add_urls(p, m, false);
        dr_gojson_bool(&p->w, "health", m->process.up && !m->process.hung);
        dr_gojson_end(&p->w);
    }
    dr_gojson_end(&p->w);
    done(p, 200);
}

static void post_resign(struct pd_in *p)
{
    for (size_t i = 0; i < p->pd->member_count; i++)
        if ((int)i != p->pd->leader && p->pd->members[i].process.up &&
            !p->pd->members[i].process.hung) {
            dr_pd_move_leader(p->pd, i);
            break;
        }
    say(p, 200, "The resign command is submitted.");
}

static void post_transfer(struct pd_in *p)
{
    for (size_t i = 0; i < p->pd->member_count; i++)
        if (!strcmp(p->pd->members[i].name, p->args[0])) {
            dr_pd_move_leader(p->pd, i);
            say(p, 200, "The transfer command is submitted.");
            return;
        }
    say(p, 500, "no valid pd to transfer etcd leader");
}

/* ---- versions and status ---- */
static void get_version(struct pd_in *p)
{
    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "version", version_text(p));
    dr_gojson_str(&p->w, "build_time", "");
    dr_gojson_str(&p->w, "hash", "");
    dr_gojson_str(&p->w, "branch", "");
    dr_gojson_end(&p->w);
    done(p, 200);
}

static void get_status(struct pd_in *p)
{
    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "build_ts", "None");
    dr_gojson_str(&p->w, "version", version_text(p));
    dr_gojson_str(&p->w, "git_hash", GIT_HASH);
    dr_gojson_i64(&p->w, "start_timestamp", p->self->started_ms / 1000);
    if (p->pd->cluster->version.major >= 9)
        dr_gojson_str(&p->w, "kernel_type", "Classic");
    dr_gojson_end(&p->w);
    done(p, 200);
}

static void get_ping(struct pd_in *p)
{
    dr_buf_release(&p->body);
    dr_http_empty(p->in, 200);
}

static void get_etcd_health(struct pd_in *p)
{
    bool ok = dr_pd_quorum(p->pd);
    plain(p, ok ? 200 : 503,
          ok ? "{\"health\":\"true\",\"reason\":\"\"}"
             : "{\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}");
}

static void get_etcd_version(struct pd_in *p)
{
    plain(p, 200, "{\"etcdserver\":\"3.5.15\",\"etcdcluster\":\"3.5.0\"}");
}

/* ---- cluster ---- */
static void get_cluster(struct pd_in *p)
{
    dr_gojson_object(&p->w, NULL);
    dr_gojson_u64(&p->w, "id", p->pd->cluster->pd_cluster_id);
    dr_gojson_i64(&p->w, "max_peer_count", 3);
    dr_gojson_end(&p->w);
    done(p, 200);
}

static void get_cluster_status(struct pd_in *p)
{
    char text[TEXT_MAX];

    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "raft_bootstrap_time", time_text(p->pd->bootstrapped_ms, text));
    dr_gojson_bool(&p->w, "is_initialized", p->pd->initialised);
    dr_gojson_str(&p->w, "replication_status", "");
    dr_gojson_end(&p->w);
    done(p, 200);
}

/* MiB of a store's share of all rows, evenly spread; an empty region counts as one.
 * Source: pd: pkg/core/region.go EmptyRegionApproximateSize. That a region's size is that
 * of its newest rows is [inference]: TiKV estimates it from its files. */
static int64_t share_of_data(const struct dr_db *db)
{
    uint64_t bytes = 0;
    for (size_t t = 0; t < db->table_count; t++) {
        const struct dr_table *table = db->tables[t];
        for (size_t e = 0; !table->dropped_tso && e < table->entry_count; e++) {
            const struct dr_row_version *v = table->entries[e]->newest;
            if (!v || !v->row)
                continue;
            bytes += table->entries[e]->key_len;
            for (uint32_t k = 0; k < v->row->count; k++)
                bytes += v->row->v[k].s ? v->row->v[k].len : sizeof(int64_t);
        }
    }
    int64_t mib = (int64_t)(bytes / STORES >> 20);
    return mib ? mib : 1;
}

static void add_store(struct pd_in *p, int i)
{
    int64_t mib = share_of_data(p->pd->cluster->db);
    int64_t now = dr_model_wall_ms(p->in->m), up_ms = now - p->pd->bootstrapped_ms;
    const char *host = p->pd->members[(size_t)i % p->pd->member_count].process.at.host;
    char text[TEXT_MAX], at[TEXT_MAX * 2];

    dr_gojson_object(&p->w, NULL);
    dr_gojson_object(&p->w, "store");
    dr_gojson_i64(&p->w, "id", i ? i + 3 : 1);
    snprintf(at, sizeof(at), "%s:%d", host, TIKV_PORT + i);
    dr_gojson_str(&p->w, "address", at);
    dr_gojson_str(&p->w, "version", version_text(p) + (*version_text(p) == 'v'));
    dr_gojson_str(&p->w, "peer_address", at);
    snprintf(at, sizeof(at), "%s:%d", host, TIKV_STATUS_PORT + i);
    dr_gojson_str(&p->w, "status_address", at);
    dr_gojson_str(&p->w, "git_hash", GIT_HASH);
    dr_gojson_i64(&p->w, "start_timestamp", p->pd->bootstrapped_ms / 1000);
    dr_gojson_str(&p->w, "deploy_path", "/tidb-deploy/tikv-20160/bin");
    dr_gojson_i64(&p->w, "last_heartbeat", now * 1000000);
    dr_gojson_i64(&p->w, "node_state", 1);
    dr_gojson_str(&p->w, "state_name", "Up");
    dr_gojson_end(&p->w);
    dr_gojson_object(&p->w, "status");
    dr_gojson_str(&p->w, "capacity", "1TiB");
    dr_gojson_str(&p->w, "available", "512GiB");
    dr_gojson_str(&p->w, "used_size", "1GiB");
    dr_gojson_i64(&p->w, "leader_count", 1);
    dr_gojson_i64(&p->w, "leader_weight", 1);
    dr_gojson_i64(&p->w, "leader_score", 1);
    dr_gojson_i64(&p->w, "leader_size", mib);
    dr_gojson_i64(&p->w, "region_count", 3);
    dr_gojson_i64(&p->w, "region_weight", 1);
    dr_gojson_i64(&p->w, "region_score", 1);
    dr_gojson_i64(&p->w, "region_size", 3 * mib);
    dr_gojson_str(&p->w, "start_ts", time_text(p->pd->bootstrapped_ms, text));
    dr_gojson_str(&p->w, "last_heartbeat_ts", time_text(now, text));
    snprintf(text, sizeof(text), "%" PRId64 ".%03ds", up_ms / 1000, (int)(up_ms % 1000));
    dr_gojson_str(&p->w, "uptime", text);
    dr_gojson_end(&p->w);
    dr_gojson_end(&p->w);
}

static void get_stores(struct pd_in *p)
{
    const char *state = dr_http_param(p->in, "state");
    int count = state && strcmp(state, "0") ? 0 : STORES;
    char text[TEXT_MAX];

    if (state && (strlen(state) != 1 || *state < '0' || *state > '2')) {
        snprintf(text, sizeof(text), "unknown StoreState: %.100s", state);
        say(p, 500, text);
        return;
    }
    dr_gojson_object(&p->w, NULL);
    dr_gojson_i64(&p->w, "count", count);
    dr_gojson_array(&p->w, "stores");
    for (int i = 0; i < count; i++)
        add_store(p, i);
    dr_gojson_end(&p->w);
    dr_gojson_end(&p->w);
    done(p, 200);
}

static void get_store(struct pd_in *p)
{
    char text[TEXT_MAX];

    for (int i = 0; i < STORES; i++) {
        snprintf(text, sizeof(text), "%d", i ? i + 3 : 1);
        if (!strcmp(text, p->args[0])) {
            add_store(p, i);
            done(p, 200);
            return;
        }
    }
    snprintf(text, sizeof(text), "[PD:core:ErrStoreNotFound]store %.100s not found",
             p->args[0]);
    say(p, 404, text);
}

/* ---- config ---- */
static void add_replication(struct pd_in *p, const char *key)
{
    dr_gojson_object(&p->w, key);
    dr_gojson_i64(&p->w, "max-replicas", 3);
    dr_gojson_str(&p->w, "location-labels", "");
    dr_gojson_str(&p->w, "strictly-match-label", "false");
    dr_gojson_str(&p->w, "enable-placement-rules", "true");
    dr_gojson_str(&p->w, "enable-placement-rules-cache", "false");
    dr_gojson_str(&p->w, "isolation-level", "");
    dr_gojson_end(&p->w);
}

static void get_replicate(struct pd_in *p)
{
    add_replication(p, NULL);
    done(p, 200);
}

static void get_cluster_version(struct pd_in *p)
{
    say(p, 200, version_text(p) + (*version_text(p) == 'v'));
}

/* Only what a client of a DR controller reads; the real document has some hundred keys.
 */
static void get_config(struct pd_in *p)
{
    char url[DR_HOST_MAX + 32], at[DR_HOST_MAX + 16];

    snprintf(url, sizeof(url), "http://%s", dr_address_text(&p->self->process.at, at));
    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "client-urls", url);
    dr_gojson_str(&p->w, "advertise-client-urls", url);
    dr_gojson_str(&p->w, "name", p->self->name);
    dr_gojson_bool(&p->w, "enable-grpc-gateway", true);
    dr_gojson_i64(&p->w, "lease", 5);
    dr_gojson_str(&p->w, "tick-interval", "500ms");
    dr_gojson_str(&p->w, "election-interval", "3s");
    dr_gojson_str(&p->w, "quota-backend-bytes", "8GiB");
    dr_gojson_u64(&p->w, "max-request-bytes", 157286400);
    dr_gojson_object(&p->w, "schedule");
    dr_gojson_str(&p->w, "max-store-down-time", "30m0s");
    dr_gojson_end(&p->w);
    add_replication(p, "replication");
    dr_gojson_object(&p->w, "pd-server");
    dr_gojson_str(&p->w, "min-resolved-ts-persistence-interval", "1s");
    dr_gojson_end(&p->w);
    dr_gojson_str(&p->w, "cluster-version", version_text(p) + (*version_text(p) == 'v'));
    dr_gojson_end(&p->w);
    done(p, 200);
}

static void get_replication_mode(struct pd_in *p)
{
    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "mode", "majority");
    dr_gojson_object(&p->w, "dr-auto-sync");
    dr_gojson_str(&p->w, "label_key", "");
    dr_gojson_str(&p->w, "state", "");
    dr_gojson_bool(&p->w, "acid_consistent", false);
    dr_gojson_end(&p->w);
    dr_gojson_end(&p->w);
    done(p, 200);
}

static void get_schedulers(struct pd_in *p)
{
    static const char *const names[] = {
        "balance-region-scheduler", "balance-leader-scheduler",
        "balance-hot-region-scheduler", "evict-slow-store-scheduler"};

    dr_gojson_array(&p->w, NULL);
    for (size_t i = 0; p->pd->initialised && i < sizeof(names) / sizeof(names[0]); i++)
        dr_gojson_str(&p->w, NULL, names[i]);
    dr_gojson_end(&p->w);
    done(p, 200);
}

/* ---- timestamps ---- */
static void add_point(struct pd_in *p, const char *id, int64_t expires_s, uint64_t tso)
{
    dr_gojson_object(&p->w, NULL);
    dr_gojson_str(&p->w, "service_id", id);
    dr_gojson_i64(&p->w, "expired_at", expires_s);
    dr_gojson_u64(&p->w, "safe_point", tso);
    dr_gojson_end(&p->w);
}

static void get_safepoints(struct pd_in *p)
{
    uint64_t least = dr_pd_min(p->pd);

    dr_gojson_object(&p->w, NULL);
    dr_gojson_array(&p->w, "service_gc_safe_points");
    for (size_t i = 0; i < p->pd->point_count; i++)
        add_point(p, p->pd->points[i].id, p->pd->points[i].expires_s,
                  p->pd->points[i].tso);
    add_point(p, "gc_worker", INT64_MAX, p->pd->gc_worker);
    dr_gojson_end(&p->w);
    if (least)
        dr_gojson_u64(&p->w, "min_service_gc_safe_point", least);
    dr_gojson_u64(&p->w, "gc_safe_point", p->pd->cluster->gc_safe_point);
    dr_gojson_end(&p->w);
    done(p, 200);
}

static void delete_safepoint(struct pd_in *p)
{
    if (strchr(p->args[0], '/')) { /* sent as %2F: such an id cannot be deleted */
        plain(p, 404, "404 page not found\n");
        return;
    }
    (void)dr_pd_remove_point(p->pd, p->args[0]); /* says so even if it never was */
    say(p, 200, "Delete service GC safepoint successfully.");
}

static uint64_t min_resolved(const struct pd_in *p)
{
    enum { RESOLVED_LAG_MS = 1000 };
    if (!p->pd->initialised)
        return UINT64_MAX; /* together with is_real_time true */
    return dr_tso_make(
        dr_model_wall_ms(p->in->m) + p->pd->cluster->clock_skew_ms - RESOLVED_LAG_MS, 0);
}

static const char *store_id(int store, char text[TEXT_MAX])
{
    snprintf(text, TEXT_MAX, "%d", store ? store + 3 : 1);
    return text;
}

static bool has_store(const char *id)
{
    char text[TEXT_MAX];
    for (int i = 0; i < STORES; i++)
        if (!strcmp(store_id(i, text), id))
            return true;
    return false;
}

static void get_min_resolved(struct pd_in *p)
{
    const char *scope = p->args[0] ? NULL : dr_http_param(p->in, "scope");
    bool nobody = p->args[0] && !has_store(p->args[0]); /* 200 all the same */
    char text[TEXT_MAX];

    if (scope && strcmp(scope, "cluster") &&
        strspn(scope, "0123456789,") != strlen(scope)) {
        snprintf(text, sizeof(text),
                 "strconv.ParseUint: parsing \"%.100s\": invalid syntax", scope);
        say(p, 500, text);
        return;
    }
    dr_gojson_object(&p->w, NULL);
    dr_gojson_bool(&p->w, "is_real_time", true);
    dr_gojson_u64(&p->w, "min_resolved_ts", nobody ? UINT64_MAX : min_resolved(p));
    dr_gojson_str(&p->w, "persist_interval", "1s");
    if (scope) {
        dr_gojson_object(&p->w, "stores_min_resolved_ts");
        for (int i = 0; i < STORES; i++) {
            dr_gojson_u64(&p->w, store_id(i, text), min_resolved(p));
        }
        dr_gojson_end(&p->w);
    } else if (!p->args[0])
        dr_gojson_null(&p->w, "stores_min_resolved_ts");
    dr_gojson_end(&p->w);
    done(p, 200);
}

/* The estate has no regions of its own; compact, and of that type: a capture of a real
 * server shows so. */
static void get_miss_peer(struct pd_in *p)
{
    dr_buf_adds(&p->body, "{\"count\":0,\"regions\":[]}");
    dr_http_reply(p->in, 200, "application/octet-stream", &p->body);
}

/* ---- routes ---- */
enum where { LOCAL, LEADER, LEADER_DATA /* needs a bootstrapped cluster */ };

struct pd_route {
    const char *method, *path;
    enum where where;
    void (*run)(struct pd_in *);
};

/* clang-format off */
static const struct pd_route routes[] = {
    {"GET",    "/pd/api/v1/version",                LOCAL,       get_version},
    {"GET",    "/pd/api/v1/status",                 LOCAL,       get_status},
    {"GET",    "/pd/api/v1/health",                 LOCAL,       get_health},
    {"GET",    "/pd/api/v1/ping",                   LOCAL,       get_ping},
    {"GET",    "/pd/ping",                          LOCAL,       get_ping},
    {"GET",    "/pd/api/v2/ready",                  LOCAL,       get_ping},
    {"GET",    "/pd/health",                        LEADER,      get_health},
    {"GET",    "/health",                           LOCAL,       get_etcd_health},
    {"GET",    "/version",                          LOCAL,       get_etcd_version},
    {"GET",    "/pd/api/v1/members",                LEADER,      get_members},
    {"GET",    "/pd/api/v1/leader",                 LEADER,      get_leader},
    {"POST",   "/pd/api/v1/leader/resign",          LEADER,      post_resign},
    {"POST",   "/pd/api/v1/leader/transfer/{}",     LEADER,      post_transfer},
    {"GET",    "/pd/api/v1/cluster",                LEADER,      get_cluster},
    {"GET",    "/pd/api/v1/cluster/status",         LEADER,      get_cluster_status},
    {"GET",    "/pd/api/v1/stores",                 LEADER_DATA, get_stores},
    {"GET",    "/pd/api/v1/store/{}",               LEADER_DATA, get_store},
    {"GET",    "/pd/api/v1/config",                 LOCAL,       get_config},
    {"GET",    "/pd/api/v1/config/replicate",       LEADER,      get_replicate},
    {"GET",    "/pd/api/v1/config/cluster-version", LEADER,      get_cluster_version},
    {"GET",    "/pd/api/v1/replication_mode/status",LEADER_DATA, get_replication_mode},
    {"GET",    "/pd/api/v1/schedulers",             LEADER_DATA, get_schedulers},
    {"GET",    "/pd/api/v1/regions/check/miss-peer",LEADER_DATA, get_miss_peer},
    {"GET",    "/pd/api/v1/gc/safepoint",           LEADER,      get_safepoints},
    {"DELETE", "/pd/api/v1/gc/safepoint/{}",        LEADER,      delete_safepoint},
    {"GET",    "/pd/api/v1/min-resolved-ts",        LEADER_DATA, get_min_resolved},
    {"GET",    "/pd/api/v1/min-resolved-ts/{}",     LEADER_DATA, get_min_resolved},
};
/* clang-format on */
enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

static bool is_leader(const struct pd_in *p)
{
    return p->pd->leader != DR_PD_NOBODY && &p->pd->members[p->pd->leader] == p->self;
}

/* A follower's /config is fetched from the leader inside the handler. */
static void config_without_leader(struct pd_in *p)
{
    const struct dr_address *at = &p->pd->members[0].process.at;
    char text[DR_HOST_MAX * 3], where[DR_HOST_MAX + 16];

    for (size_t i = 0; i < p->pd->member_count; i++)
        if (!p->pd->members[i].process.up)
            at = &p->pd->members[i].process.at;
    dr_address_text(at, where);
    snprintf(
        text, sizeof(text),
        "Get \"http://%s/pd/api/v1/config\": dial tcp %s: connect: connection refused",
        where, where);
    say(p, 500, text);
}

/* False: the answer is already there (or waits for a paused leader). */
static bool forwarded(struct pd_in *p, const struct pd_route *r)
{
    const struct dr_pd_member *leader;

    if (is_leader(p) && dr_pd_quorum(p->pd))
        return true;
    if (dr_http_header(p->in, "PD-Allow-follower-handle")) {
        if (r->where == LEADER_DATA) {
            say(p, 500, NO_CLUSTER);
            return false;
        }
        if (p->pd->leader != DR_PD_NOBODY)
            return true;
    }
    if (dr_http_header(p->in, "PD-Redirector")) {
        plain(p, 500, "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader");
        return false;
    }
    if (p->pd->leader == DR_PD_NOBODY || !p->pd->members[p->pd->leader].process.up) {
        plain(p, 500, "[PD:apiutil:ErrRedirect]redirect failed");
        return false;
    }
    leader = &p->pd->members[p->pd->leader];
    if (leader->process.hung) {
        p->in->wait_for = &leader->process;
        plain(p, 500, "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader");
        return false;
    }
    if (!dr_pd_quorum(p->pd)) {
        plain(p, 500, "[PD:apiutil:ErrRedirect]redirect failed");
        return false;
    }
    return true;
}

static void run(struct pd_in *p, const struct pd_route *r)
{
    if (r->run == get_config && !dr_model_pd_ok(p->in->m, p->pd->cluster->index))
        config_without_leader(p);
    else if (r->where == LOCAL || forwarded(p, r))
        r->run(p);
}

void dr_pd_serve(struct dr_http_in *in)
{
    size_t member = 0;
    struct pd_in p = {.in = in};
    bool known = false;

    p.pd = dr_pd_cluster_of(in->m, &in->server->at, &member);
    p.self = &p.pd->members[member];
    dr_buf_init(&p.body, DR_HTTP_BODY_MAX);
    dr_gojson_init(&p.w, &p.body, 2);
    for (size_t i = 0; i < ROUTES; i++) {
        if (!dr_http_match(in->a, routes[i].path, in->path, p.args, 2)) {
            p.args[0] = NULL;
            continue;
        }
        known = true;
        if (!strcmp(routes[i].method, in->req->method)) {
            run(&p, &routes[i]);
            return;
        }
    }
    if (known || !strcmp(in->req->method, "HEAD") ||
        !strcmp(in->path, "/pd/api/v1/gc/safepoint")) {
        dr_buf_release(&p.body);
        dr_http_empty(in, 405);
        return;
    }
    dr_model_note_unknown(in->m, &in->server->at, in->req->target,
                          strlen(in->req->target));
    plain(&p, 404, DR_HTTP_NOT_FOUND "\n");
}

void dr_pd_fault(struct dr_http_in *in, int status, const char *message)
{
    struct dr_buf body;

    if (!message) {
        dr_http_text(in, status, DR_HTTP_TEXT, "[PD:apiutil:ErrRedirect]redirect failed");
        return;
    }
    dr_buf_init(&body, DR_HTTP_BODY_MAX);
    dr_gojson_quote(&body, message);
    dr_buf_addc(&body, '\n');
    dr_http_reply(in, status, PD_JSON, &body);
}
