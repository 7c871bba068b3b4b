/* For the tests of the simulated estate: two clusters with PD, TiCDC and storage, and
 * short ways to talk to them. West has no feeds of its own unless a test makes one. */
#ifndef DR_TESTS_MODEL_HTTP_KIT_H
#define DR_TESTS_MODEL_HTTP_KIT_H

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdarg.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/estate/model/model.h"

#define KIT_EAST_SQL  "127.0.1.4:4000"
#define KIT_EAST_SQL2 "127.0.1.5:4000"
#define KIT_WEST_SQL  "127.0.1.10:4000"
#define KIT_WEST_SQL2 "127.0.1.11:4000"
#define KIT_EAST_PD   "127.0.1.1:2379"
#define KIT_EAST_PD2  "127.0.1.2:2379"
#define KIT_EAST_PD3  "127.0.1.3:2379"
#define KIT_WEST_PD   "127.0.1.6:2379"
#define KIT_EAST_CDC  "127.1.1.9:8300"
#define KIT_EAST_CDC2 "127.1.1.10:8300"
#define KIT_WEST_CDC  "127.0.1.12:8300"
#define KIT_STORE     "127.1.1.11:6060"
#define KIT_SINK      "mysql://cdc:s3cret@127.0.1.10:4000/"
#define KIT_REDO                                                                         \
    "s3://redo/orders?endpoint=http://"                                                  \
    "127.1.1.11:6060&access-key=AKEY&secret-access-key=SKEY"

enum { KIT_WALL_S = 1795262400 }; /* 2026-11-21 12:00:00 */

struct kit {
    struct dr_arena *arena;
    struct dr_estate_doc doc;
    struct dr_sim_cluster clusters[2];
    struct dr_sim_storage storage;
    struct dr_model *m;
};

static inline struct dr_hostport kit_port(struct dr_arena *a, const char *text)
{
    struct dr_address at;
    cr_assert(dr_address_parse(&at, text, 0));
    return (struct dr_hostport){
        .text = text, .host = dr_strdup(a, at.host), .port = at.port};
}

static inline const struct dr_hostport *kit_ports(struct dr_arena *a, size_t *count,
                                                  const char *const *texts)
{
    struct dr_hostport *out = DR_NEW_N(a, 4, struct dr_hostport);
    for (*count = 0; texts[*count]; ++*count)
        out[*count] = kit_port(a, texts[*count]);
    return out;
}

static inline void kit_cluster(struct kit *k, size_t i, const char *name,
                               const char *const *sql, const char *const *pd,
                               const char *const *cdc, uint64_t id)
{
    static const char *const all[] = {"ALL PRIVILEGES ON *.*"};
    static const char *const sink[] = {"ALL PRIVILEGES ON *.*",
                                       "RESTRICTED_REPLICA_WRITER_ADMIN ON *.*"};
    struct dr_sim_account *accounts = DR_NEW_N(k->arena, 2, struct dr_sim_account);
    struct dr_sim_cluster *c = &k->clusters[i];
    struct dr_sim_instance *instances = DR_NEW_N(k->arena, 4, struct dr_sim_instance);

    *c = (struct dr_sim_cluster){
        .name = name,
        .region = name,
        .version = {.text = "v8.5.3", .major = 8, .minor = 5, .patch = 3},
        .pd_cluster_id = id,
        .sql = instances,
        .ticdc = {.declared = true,
                  .arch = DR_TICDC_CLASSIC,
                  .version = {.text = "v8.5.3", .major = 8, .minor = 5, .patch = 3},
                  .cluster_id = "default",
                  .gc_ttl_ms = 86400000},
        .accounts = accounts,
        .account_count = 2,
    };
    for (; sql[c->sql_count]; c->sql_count++) {
        struct dr_sim_instance *in = &instances[c->sql_count];
        in->address = kit_port(k->arena, sql[c->sql_count]);
        in->status = in->address;
        in->status.port = 10080;
    }
    c->pd = kit_ports(k->arena, &c->pd_count, pd);
    c->ticdc.captures = kit_ports(k->arena, &c->ticdc.capture_count, cdc);
    accounts[0] = (struct dr_sim_account){
        .user = "root", .host = "%", .password = "", .grants = all, .grant_count = 1};
    accounts[1] = (struct dr_sim_account){.user = "cdc",
                                          .host = "%",
                                          .password = "s3cret",
                                          .grants = sink,
                                          .grant_count = 2};
}

/* The estate's document, to be changed before kit_start. */
static inline void kit_init(struct kit *k)
{
    static const char *const buckets[] = {"backup", "redo"};

    *k = (struct kit){.arena = dr_arena_new(0)};
    kit_cluster(k, 0, "east", (const char *const[]){KIT_EAST_SQL, KIT_EAST_SQL2, NULL},
                (const char *const[]){KIT_EAST_PD, KIT_EAST_PD2, KIT_EAST_PD3, NULL},
                (const char *const[]){KIT_EAST_CDC, KIT_EAST_CDC2, NULL},
                7388813826377400123);
    kit_cluster(
        k, 1, "west", (const char *const[]){KIT_WEST_SQL, KIT_WEST_SQL2, NULL},
        (const char *const[]){KIT_WEST_PD, "127.0.1.7:2379", "127.0.1.8:2379", NULL},
        (const char *const[]){KIT_WEST_CDC, NULL}, 7388813826377400999);
    k->storage = (struct dr_sim_storage){
        .name = "store",
        .region = "west",
        .address = kit_port(k->arena, KIT_STORE),
        .buckets = buckets,
        .bucket_count = 2,
        .access_key = "AKEY",
        .secret_key = "SKEY",
        .signing_region = "us-east-1",
    };
    k->doc = (struct dr_estate_doc){
        .doc = {.kind = DR_KIND_ESTATE, .metadata = {.name = "kit"}},
        .seed = 7,
        .clusters = k->clusters,
        .cluster_count = 2,
        .storage = &k->storage,
        .storage_count = 1,
        .durations = {.backup_ms = 2000,
                      .restore_ms = 2000,
                      .owner_change_ms = 400,
                      .propagation_ms = 200,
                      .safepoint_interval_ms = 60000,
                      .feed_apply_ms = 200,
                      .checkpoint_tick_ms = 100},
    };
}

static inline void kit_start(struct kit *k)
{
    struct dr_err err = {0};
    cr_assert_eq(
        dr_model_new(&k->m, &k->doc, k->doc.seed, KIT_WALL_S * INT64_C(1000), &err), 0,
        "%s", err.text);
}

static inline void kit_open(struct kit *k)
{
    kit_init(k);
    kit_start(k);
}

static inline void kit_close(struct kit *k)
{
    dr_model_free(k->m);
    dr_arena_free(k->arena);
}

static inline void kit_wait(struct kit *k, int64_t ms)
{
    dr_model_advance(k->m, dr_model_now_ms(k->m) + ms);
}

static inline struct dr_address kit_at(const char *text)
{
    struct dr_address at;
    cr_assert(dr_address_parse(&at, text, 0));
    return at;
}

/* ---- HTTP ---- */
/* One request; waits for its answer up to ten virtual minutes (status -1: none came). */
static inline struct dr_http_answer kit_request(struct kit *k, const char *at,
                                                const struct dr_model_request *req)
{
    struct dr_http_answer out;
    struct dr_address where = kit_at(at);
    uint64_t handle;
    int64_t until = dr_model_now_ms(k->m) + 600000;

    if (dr_model_http(k->m, &where, req, &out, k->arena, &handle) == DR_MODEL_DONE)
        return out;
    while (dr_model_http_poll(k->m, handle, &out, k->arena) == DR_MODEL_RUNNING) {
        int64_t next = dr_model_next_ms(k->m);
        if (next > until) {
            out.status = -1;
            return out;
        }
        dr_model_advance(k->m, next);
    }
    return out;
}

static inline struct dr_http_answer kit_http(struct kit *k, const char *at,
                                             const char *method, const char *target,
                                             const char *body)
{
    const struct dr_model_request req = {
        .method = method,
        .target = target,
        .body = body,
        .body_len = body ? strlen(body) : 0,
    };
    return kit_request(k, at, &req);
}

/* The answer's body as JSON, owned by the kit. */
static inline json_t *kit_json(struct kit *k, const struct dr_http_answer *ans)
{
    json_t *v = NULL;
    struct dr_err err = {0};
    cr_assert_eq(dr_json_parse_in(k->arena, &v, ans->body, ans->body_len, &err), 0,
                 "%s: %s", err.text, ans->body);
    return v;
}

/* ---- SQL ---- */
static inline bool kit_any(const char *password, void *arg)
{
    return !strcmp(password, arg);
}

static inline struct dr_model_session *kit_sql_as(struct kit *k, const char *at,
                                                  const char *user, const char *password)
{
    struct dr_address where = kit_at(at);
    struct dr_model_session *s = dr_model_sql_open(k->m, &where, "127.0.0.1", false);
    struct dr_sql_answer ans = {0};

    cr_assert_not_null(s);
    cr_assert_eq(dr_model_sql_login(s, user, NULL, kit_any, (void *)(uintptr_t)password,
                                    &ans, k->arena),
                 0, "%s", ans.message);
    return s;
}

/* One statement on a session; waits for it. */
static inline struct dr_sql_answer kit_exec(struct kit *k, struct dr_model_session *s,
                                            const char *text)
{
    struct dr_sql_answer ans = {0};

    if (dr_model_sql_query(s, text, strlen(text), &ans, k->arena) == DR_MODEL_DONE)
        return ans;
    while (dr_model_sql_poll(s, &ans, k->arena) == DR_MODEL_RUNNING)
        dr_model_advance(k->m, dr_model_next_ms(k->m));
    return ans;
}

/* One statement as root on a fresh session, which must succeed. */
static inline struct dr_sql_answer kit_sql(struct kit *k, const char *at,
                                           const char *text)
{
    struct dr_model_session *s = kit_sql_as(k, at, "root", "");
    struct dr_sql_answer ans = kit_exec(k, s, text);

    cr_assert_eq(ans.error, 0, "%s: %d %s", text, ans.error, ans.message);
    dr_model_sql_close(s);
    return ans;
}

/* First cell of a SELECT, "" for NULL and for no row. */
static inline const char *kit_cell(struct kit *k, const char *at, const char *text)
{
    struct dr_sql_answer ans = kit_sql(k, at, text);
    return ans.row_count && ans.cells[0].text ? ans.cells[0].text : "";
}

/* ---- faults ---- */
static inline void kit_ctl(struct kit *k, const char *command)
{
    json_t *v = NULL, *reply = NULL;
    struct dr_err err = {0};

    cr_assert_eq(dr_json_parse(&v, command, strlen(command), &err), 0, "%s", err.text);
    cr_assert_eq(dr_model_ctl(k->m, v, &reply, &err), 0, "%s: %s", command, err.text);
    json_decref(v);
    json_decref(reply);
}

#endif
