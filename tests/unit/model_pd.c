/* The simulated PD against what was captured from a real one. */
#include "tests/unit/model_http_kit.h"

static struct dr_http_answer pd(struct kit *k, const char *method, const char *target)
{
    return kit_http(k, KIT_EAST_PD, method, target, NULL);
}

/* Item 12 of the list of what a simulated TiDB estate must do. */
Test(model_tidb, item_12_pd_http)
{
    static const struct {
        const char *method, *target;
        int status;
        const char *type, *part; /* part: the whole body when it starts with '=' */
    } cases[] = {
        {"GET", "/pd/api/v1/version", 200, "application/json; charset=UTF-8",
         "={\n  \"version\": \"v8.5.3\",\n  \"build_time\": \"\",\n  \"hash\": \"\",\n  "
         "\"branch\": \"\"\n}\n"},
        {"GET", "/pd/api/v1/cluster", 200, "application/json; charset=UTF-8",
         "={\n  \"id\": 7388813826377400123,\n  \"max_peer_count\": 3\n}\n"},
        {"GET", "/pd/api/v1/ping", 200, NULL, "="},
        {"GET", "/pd/api/v1/status", 200, NULL, "\"start_timestamp\": 1795262400"},
        {"GET", "/pd/api/v1/cluster/status", 200, NULL,
         "\"raft_bootstrap_time\": \"2026-11-21T12:00:00Z\""},
        {"GET", "/pd/api/v1/config/cluster-version", 200, NULL, "=\"8.5.3\"\n"},
        {"GET", "/pd/api/v1/config/replicate", 200, NULL,
         "\"enable-placement-rules\": \"true\""},
        {"GET", "/pd/api/v1/config/replicate", 200, NULL, "\"location-labels\": \"\""},
        {"GET", "/pd/api/v1/config", 200, NULL, "\"enable-grpc-gateway\": true"},
        {"GET", "/pd/api/v1/stores", 200, NULL, "\"count\": 3"},
        {"GET", "/pd/api/v1/stores?state=1", 200, NULL,
         "={\n  \"count\": 0,\n  \"stores\": []\n}\n"},
        {"GET", "/pd/api/v1/stores?state=9", 500, NULL, "=\"unknown StoreState: 9\"\n"},
        {"GET", "/pd/api/v1/store/99", 404, NULL,
         "=\"[PD:core:ErrStoreNotFound]store 99 not found\"\n"},
        {"GET", "/pd/api/v1/min-resolved-ts", 200, NULL,
         "\"stores_min_resolved_ts\": null"},
        {"GET", "/pd/api/v1/min-resolved-ts?scope=cluster", 200, NULL, "\"1\": "},
        {"GET", "/pd/api/v1/min-resolved-ts?scope=x", 500, NULL, "strconv.ParseUint"},
        {"DELETE", "/pd/api/v1/gc/safepoint/never", 200, NULL,
         "=\"Delete service GC safepoint successfully.\"\n"},
        {"GET", "/pd/api/v1/members/", 404, "text/plain; charset=utf-8",
         "=404 page not found\n"},
        {"GET", "/", 404, "text/plain; charset=utf-8", "=404 page not found\n"},
        {"GET", "/pd/api/v1/nosuch", 404, NULL, "=404 page not found\n"},
        {"POST", "/pd/api/v1/members", 405, NULL, "="},
        {"HEAD", "/pd/api/v1/cluster", 405, NULL, "="},
        {"DELETE", "/pd/api/v1/gc/safepoint", 405, NULL, "="},
        {"POST", "/pd/api/v1/leader/transfer/nosuch", 500, NULL,
         "=\"no valid pd to transfer etcd leader\"\n"},
        {"GET", "/health", 200, NULL, "={\"health\":\"true\",\"reason\":\"\"}"},
    };
    struct kit k;

    kit_open(&k);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_http_answer ans = pd(&k, cases[i].method, cases[i].target);
        const char *part = cases[i].part;
        cr_assert_eq(ans.status, cases[i].status, "%s: %d", cases[i].target, ans.status);
        if (cases[i].type)
            cr_assert_str_eq(ans.content_type, cases[i].type);
        if (*part == '=')
            cr_assert_str_eq(ans.body, part + 1, "%s: %s", cases[i].target, ans.body);
        else
            cr_assert(strstr(ans.body, part), "%s: %s", cases[i].target, ans.body);
    }
    kit_close(&k);
}

Test(model_tidb, item_12_pd_numbers_exceed_int64)
{
    struct kit k;
    struct dr_http_answer ans;
    json_error_t e;
    json_t *members, *m;
    size_t i, big = 0;
    uint64_t id;

    kit_open(&k);
    ans = pd(&k, "GET", "/pd/api/v1/members");
    cr_assert_null(json_loadb(ans.body, ans.body_len, 0, &e), "a signed reader fails");
    members = json_object_get(kit_json(&k, &ans), "members");
    cr_assert_eq(json_array_size(members), 3);
    json_array_foreach(members, i, m)
    {
        cr_assert(dr_json_u64(m, "member_id", &id));
        big += id > INT64_MAX;
        cr_assert_str_eq(dr_json_str(m, "binary_version"), "v8.5.3");
    }
    cr_assert_geq(big, 1);
    ans = pd(&k, "GET", "/pd/api/v1/leader");
    cr_assert_null(strstr(ans.body, "binary_version"), "the leader lacks it");
    kit_ctl(&k, "{\"fault\":\"pd-young\",\"cluster\":\"east\"}");
    ans = pd(&k, "GET", "/pd/api/v1/min-resolved-ts");
    cr_assert(strstr(ans.body, "\"is_real_time\": true"));
    cr_assert(strstr(ans.body, "\"min_resolved_ts\": 18446744073709551615"));
    kit_close(&k);
}

Test(model_pd, safepoints_are_listed_until_gc_moves)
{
    static const char list[] = "/pd/api/v1/gc/safepoint";
    struct kit k;
    struct dr_http_answer ans;

    kit_init(&k);
    k.clusters[0].ticdc.declared = false;
    kit_start(&k);
    ans = pd(&k, "GET", list);
    cr_assert(strstr(ans.body, "\"service_id\": \"gc_worker\",\n      \"expired_at\": "
                               "9223372036854775807"),
              "%s", ans.body);
    cr_assert_null(strstr(ans.body, "min_service_gc_safe_point"), "omitted when 0");
    kit_ctl(&k, "{\"fault\":\"pd-safepoint\",\"cluster\":\"east\",\"id\":\"brx\","
                "\"tso\":470609638468355049,\"ttl_ms\":1000}");
    kit_wait(&k, 40000);
    ans = pd(&k, "GET", list);
    cr_assert(
        strstr(ans.body, "\"service_id\": \"brx\",\n      \"expired_at\": 1795262401"),
        "stays listed when expired: %s", ans.body);
    cr_assert_eq(pd(&k, "DELETE", "/pd/api/v1/gc/safepoint/brx").status, 200);
    ans = pd(&k, "GET", list);
    cr_assert_null(strstr(ans.body, "brx"));
    kit_close(&k);
}

/* A killed leader: at once "redirect failed" as plain text at the followers, for about
 * eleven seconds; what is answered locally goes on. */
Test(model_pd, leader_killed)
{
    struct kit k;
    struct dr_http_answer ans;
    int64_t from;

    kit_open(&k);
    cr_assert_eq(kit_http(&k, KIT_EAST_PD2, "GET", "/pd/api/v1/members", NULL).status,
                 200, "a follower forwards");
    kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_EAST_PD "\"}");
    from = dr_model_now_ms(k.m);
    cr_assert_eq(pd(&k, "GET", "/pd/api/v1/members").status, 0);
    ans = kit_http(&k, KIT_EAST_PD2, "GET", "/pd/api/v1/members", NULL);
    cr_assert_eq(ans.status, 500);
    cr_assert_str_eq(ans.content_type, "text/plain; charset=utf-8");
    cr_assert_str_eq(ans.body, "[PD:apiutil:ErrRedirect]redirect failed");
    ans = kit_http(&k, KIT_EAST_PD2, "GET", "/pd/api/v1/config", NULL);
    cr_assert_eq(ans.status, 500);
    cr_assert_str_eq(ans.body,
                     "\"Get \\\"http://127.0.1.1:2379/pd/api/v1/config\\\": dial tcp "
                     "127.0.1.1:2379: connect: connection refused\"\n");
    ans = kit_http(&k, KIT_EAST_PD2, "GET", "/pd/api/v1/health", NULL);
    cr_assert_eq(ans.status, 200);
    cr_assert(strstr(ans.body, "\"health\": false"));
    while (kit_http(&k, KIT_EAST_PD2, "GET", "/pd/api/v1/leader", NULL).status != 200)
        kit_wait(&k, 50);
    cr_assert_geq(dr_model_now_ms(k.m) - from, 10800);
    cr_assert_leq(dr_model_now_ms(k.m) - from, 11750);
    kit_close(&k);
}

Test(model_pd, leader_paused_and_quorum_lost)
{
    struct kit k;
    struct dr_http_answer ans;
    struct dr_address at = kit_at(KIT_EAST_PD2);
    const struct dr_model_request req = {.method = "GET", .target = "/pd/api/v1/leader"};
    uint64_t handle;

    kit_open(&k);
    kit_ctl(&k, "{\"fault\":\"hang\",\"at\":\"" KIT_EAST_PD "\"}");
    cr_assert_eq(dr_model_http(k.m, &at, &req, &ans, k.arena, &handle), DR_MODEL_RUNNING);
    kit_wait(&k, 5000);
    cr_assert_eq(dr_model_http_poll(k.m, handle, &ans, k.arena), DR_MODEL_RUNNING);
    kit_ctl(&k, "{\"fault\":\"unhang\",\"at\":\"" KIT_EAST_PD "\"}");
    cr_assert_eq(dr_model_http_poll(k.m, handle, &ans, k.arena), DR_MODEL_DONE);
    cr_assert_eq(ans.status, 500);
    cr_assert_str_eq(ans.body,
                     "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader");
    kit_wait(&k, 20000);

    kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_EAST_PD "\"}");
    kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_EAST_PD3 "\"}");
    kit_wait(&k, 60000);
    ans = kit_http(&k, KIT_EAST_PD2, "GET", "/pd/api/v1/gc/safepoint", NULL);
    cr_assert_eq(ans.status, 500, "for as long as the quorum is lost");
    ans = kit_http(&k, KIT_EAST_PD2, "GET", "/pd/api/v1/health", NULL);
    cr_assert(strstr(ans.body, "\"health\": true"), "the survivor praises itself");
    ans = kit_http(&k, KIT_EAST_PD2, "GET", "/health", NULL);
    cr_assert_eq(ans.status, 503);
    kit_ctl(&k, "{\"fault\":\"start\",\"at\":\"" KIT_EAST_PD3 "\"}");
    kit_wait(&k, 5000);
    ans = kit_http(&k, KIT_EAST_PD2, "GET", "/pd/api/v1/leader", NULL);
    cr_assert_eq(ans.status, 200);
    kit_close(&k);
}

Test(model_pd, headers_of_a_follower)
{
    static const struct {
        const char *header, *target;
        int status;
        const char *part;
    } cases[] = {
        {"PD-Allow-follower-handle", "/pd/api/v1/cluster", 200, "7388813826377400123"},
        {"PD-Allow-follower-handle", "/pd/api/v1/stores", 500,
         "\"[PD:cluster:ErrNotBootstrapped]TiKV cluster not bootstrapped, please start "
         "TiKV "
         "first\""},
        {"pd-redirector", "/pd/api/v1/cluster", 500,
         "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader"},
    };
    struct kit k;

    kit_open(&k);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *value = "true";
        const struct dr_model_request req = {
            .method = "GET",
            .target = cases[i].target,
            .header_count = 1,
            .header_names = &cases[i].header,
            .header_values = &value,
        };
        struct dr_http_answer ans = kit_request(&k, KIT_EAST_PD2, &req);
        cr_assert_eq(ans.status, cases[i].status, "%s", cases[i].target);
        cr_assert(strstr(ans.body, cases[i].part), "%s", ans.body);
    }
    kit_close(&k);
}
