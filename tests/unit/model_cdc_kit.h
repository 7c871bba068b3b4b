/* Short ways to talk to a simulated TiCDC. */
#ifndef DR_TESTS_MODEL_CDC_KIT_H
#define DR_TESTS_MODEL_CDC_KIT_H

#include "tests/unit/model_http_kit.h"

#define FEEDS "/api/v2/changefeeds"

static inline struct dr_http_answer cdc_call(struct kit *k, const char *method,
                                             const char *target, const char *body)
{
    return kit_http(k, KIT_EAST_CDC, method, target, body);
}

static inline uint64_t cdc_tso(struct kit *k)
{
    struct dr_http_answer ans = cdc_call(k, "POST", "/api/v2/tso", "{}");
    json_t *o = kit_json(k, &ans);
    int64_t ms = 0, logical = 0;

    cr_assert_eq(ans.status, 200, "%s", ans.body);
    cr_assert(dr_json_i64(o, "timestamp", &ms));
    cr_assert(dr_json_i64(o, "logic_time", &logical));
    return dr_tso_make(ms, (uint32_t)logical);
}

/* Table shop.t on one side; a pair that has it on both, before any feed. */
static inline void cdc_shop(struct kit *k, const char *at)
{
    kit_sql(k, at, "CREATE DATABASE shop");
    kit_sql(k, at, "CREATE TABLE shop.t (id BIGINT PRIMARY KEY, v VARCHAR(20))");
}

static inline void cdc_open_shops(struct kit *k)
{
    kit_open(k);
    cdc_shop(k, KIT_EAST_SQL);
    cdc_shop(k, KIT_WEST_SQL);
}

/* First cell, as the west has it. */
static inline const char *cdc_west(struct kit *k, const char *sql)
{
    return kit_cell(k, KIT_WEST_SQL, sql);
}

/* POST of a feed "f" with the usual sink and a replica_config (JSON, NULL: none). */
static inline struct dr_http_answer cdc_post(struct kit *k, const char *config)
{
    const char *body = dr_sprintf(
        k->arena, "{\"changefeed_id\":\"f\",\"sink_uri\":\"" KIT_SINK "\"%s%s}",
        config ? ",\"replica_config\":" : "", config ? config : "");
    return cdc_call(k, "POST", FEEDS, body);
}

/* The same, seen and running. */
static inline void cdc_make(struct kit *k, const char *config)
{
    struct dr_http_answer ans = cdc_post(k, config);
    cr_assert_eq(ans.status, 200, "%s", ans.body);
    kit_wait(k, 3000);
}

static inline json_t *cdc_feed(struct kit *k)
{
    struct dr_http_answer ans = cdc_call(k, "GET", FEEDS "/f", NULL);
    cr_assert_eq(ans.status, 200, "%d %s", ans.status, ans.body ? ans.body : "");
    return kit_json(k, &ans);
}

static inline const char *cdc_state(struct kit *k)
{
    const char *state = dr_json_str(cdc_feed(k), "state");
    return state ? state : "";
}

static inline uint64_t cdc_u64(const json_t *o, const char *key)
{
    uint64_t v = 0;
    cr_assert(dr_json_u64(o, key, &v), "%s", key);
    return v;
}

static inline uint64_t cdc_checkpoint(struct kit *k)
{
    return cdc_u64(cdc_feed(k), "checkpoint_ts");
}

static inline const char *cdc_code(struct kit *k, const struct dr_http_answer *ans)
{
    const char *code = dr_json_str(kit_json(k, ans), "error_code");
    return code ? code : "?";
}

/* The answer is an error of that status and code, its text containing `part`. */
#define CDC_REFUSED(k, ans, want_status, want_code, part)                                \
    do {                                                                                 \
        cr_assert_eq((ans).status, want_status, "%d %s", (ans).status, (ans).body);      \
        cr_assert_str_eq(cdc_code(k, &(ans)), want_code);                                \
        cr_assert(strstr((ans).body, part), "%s", (ans).body);                           \
    } while (0)

#endif
