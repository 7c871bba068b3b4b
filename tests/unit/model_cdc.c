/* The simulated TiCDC, classic, against the list of what such a simulator must do:
 * transport, config, life of a feed, owner changes. Rows through feeds, redo and
 * safepoints are in model_cdc_rows.c. */
#include "tests/unit/model_cdc_kit.h"

static const char default_feed_config[] =
    "{\"memory_quota\":1073741824,\"case_sensitive\":false,\"force_replicate\":false,"
    "\"ignore_ineligible_table\":false,\"check_gc_safe_point\":true,"
    "\"enable_sync_point\":false,\"enable_table_monitor\":false,\"bdr_mode\":false,"
    "\"sync_point_interval\":600000000000,\"sync_point_retention\":86400000000000,"
    "\"filter\":{\"rules\":[\"*.*\"]},\"mounter\":{\"worker_num\":16},\"sink\":{"
    "\"delete_only_output_handle_key_columns\":null,\"content_compatible\":null,"
    "\"advance_timeout\":150,\"send_bootstrap_interval_in_sec\":120,"
    "\"send_bootstrap_in_msg_count\":10000,\"send_bootstrap_to_all_partition\":true,"
    "\"send-all-bootstrap-at-start\":false,\"debezium_disable_schema\":false,"
    "\"debezium\":{\"output_old_value\":true},\"open\":{\"output_old_value\":true}},"
    "\"consistent\":{\"level\":\"none\",\"max_log_size\":64,\"flush_interval\":2000,"
    "\"meta_flush_interval\":200,\"encoding_worker_num\":16,\"flush_worker_num\":8,"
    "\"use_file_backend\":false,\"memory_usage\":{\"memory_quota_percentage\":50}},"
    "\"scheduler\":{\"enable_table_across_nodes\":false,\"region_threshold\":100000,"
    "\"write_key_threshold\":0},\"integrity\":{\"integrity_check_level\":\"none\","
    "\"corruption_handle_level\":\"warn\"},"
    "\"changefeed_error_stuck_duration\":1800000000000,\"synced_status\":{"
    "\"synced_check_interval\":300,\"checkpoint_interval\":15}}";

Test(model_ticdc, item_01_transport)
{
    static const struct {
        const char *method, *target, *body;
        int status;
        const char *type, *part;
    } cases[] = {
        {"GET", "/nosuch", NULL, 404, "text/plain", "404 page not found"},
        {"DELETE", "/api/v2/status", NULL, 404, "text/plain", "404 page not found"},
        {"GET", "/api/v2/changefeeds/", NULL, 301, "text/html; charset=utf-8", "Moved"},
        {"POST", FEEDS, NULL, 400, "text/plain; charset=utf-8", "EOF"},
        {"POST", FEEDS, "{bad", 400, "text/plain; charset=utf-8", "invalid character"},
        {"POST", "/api/v2/tso", NULL, 400, "text/plain; charset=utf-8", "EOF"},
        {"POST", FEEDS, "{\"start_ts\":\"x\"}", 400, "text/plain; charset=utf-8",
         "cannot unmarshal string"},
        {"POST", FEEDS, "{\"replica_config\":null}", 500, NULL, ""},
    };
    struct kit k;
    struct dr_http_answer ans;

    kit_open(&k);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ans = cdc_call(&k, cases[i].method, cases[i].target, cases[i].body);
        cr_assert_eq(ans.status, cases[i].status, "%s", cases[i].target);
        if (cases[i].type)
            cr_assert_str_eq(ans.content_type, cases[i].type);
        else
            cr_assert_eq(ans.body_len, 0);
        cr_assert(strstr(ans.body, cases[i].part), "%s", ans.body);
    }
    /* errors are indented, success is compact with Go's escapes */
    ans = cdc_call(&k, "GET", FEEDS "/f", NULL);
    cr_assert_str_eq(ans.body,
                     "{\n    \"error_msg\": \"[CDC:ErrChangeFeedNotExists]changefeed not "
                     "exists, default/f\",\n    \"error_code\": "
                     "\"CDC:ErrChangeFeedNotExists\"\n}");
    cr_assert_eq(ans.status, 400);
    ans = cdc_call(&k, "GET", FEEDS, NULL);
    cr_assert_str_eq(ans.body, "{\"total\":0,\"items\":[]}");
    ans = cdc_call(&k, "POST", FEEDS,
                   "{\"CHANGEFEED_ID\":\"f\",\"typo\":1,\"sink_uri\":"
                   "\"mysql://cdc:s3cret@127.0.1.10:4000/?a=1&safe-mode=true\"}");
    cr_assert_eq(ans.status, 200, "%s", ans.body);
    cr_assert(strstr(ans.body, "cdc:xxxxx@127.0.1.10:4000/?a=1\\u0026safe-mode=true"));
    cr_assert_null(strchr(ans.body, '\n'));
    kit_close(&k);
}

Test(model_ticdc, item_02_defaults_and_normalisation)
{
    struct kit k;
    struct dr_http_answer ans;
    const char *config;

    kit_open(&k);
    ans = cdc_post(
        &k, "{\"filter\":{\"rules\":[\"shop.*\"]},\"Sync_Point_Interval\":\"1m\"}");
    cr_assert_eq(ans.status, 200, "%s", ans.body);
    /* the answer of a create is not normalised */
    cr_assert(strstr(ans.body, "\"csv\":{\"delimiter\":\",\""), "%s", ans.body);
    cr_assert(strstr(ans.body, "\"sync_point_interval\":60000000000"));
    cr_assert(strstr(ans.body, "\"rules\":[\"shop.*\"]"));
    cr_assert(strstr(ans.body, "\"state\":\"normal\""));
    kit_wait(&k, 1000);
    ans = cdc_call(&k, "GET", FEEDS "/f", NULL);
    cr_assert_null(strstr(ans.body, "\"csv\""));
    cr_assert(strstr(ans.body, "\"content_compatible\":null"));
    kit_close(&k);

    kit_open(&k);
    cdc_make(&k, NULL);
    ans = cdc_call(&k, "GET", FEEDS "/f", NULL);
    config = strstr(ans.body, "\"config\":");
    cr_assert_not_null(config);
    cr_assert_eq(
        strncmp(config + 9, default_feed_config, sizeof(default_feed_config) - 1), 0,
        "%s", config);
    cr_assert(strstr(ans.body, "\"sink_uri\":\"mysql://cdc:xxxxx@127.0.1.10:4000/\""));
    ans = cdc_call(&k, "GET", FEEDS "/f/meta_info", NULL);
    cr_assert(strstr(ans.body, "\"sink_uri\":\"" KIT_SINK "\""), "%s", ans.body);
    kit_close(&k);
}

/* What an update that sends only a part makes of the rest. */
Test(model_ticdc, item_02_put_fills_with_zero)
{
    struct kit k;
    struct dr_http_answer ans;
    json_t *config;

    kit_open(&k);
    cdc_make(&k, "{\"bdr_mode\":true,\"memory_quota\":5,\"sync_point_interval\":\"1m\"}");
    ans = cdc_call(&k, "PUT", FEEDS "/f", "{}");
    CDC_REFUSED(&k, ans, 400, "CDC:ErrChangefeedUpdateRefused",
                "can only update changefeed config when it is stopped or failed");
    cdc_call(&k, "POST", FEEDS "/f/pause", NULL);
    kit_wait(&k, 1000);
    ans = cdc_call(&k, "PUT", FEEDS "/f", "{}");
    CDC_REFUSED(&k, ans, 400, "CDC:ErrChangefeedUpdateRefused",
                "changefeed config is the same with the old one, do nothing");
    ans = cdc_call(&k, "PUT", FEEDS "/f",
                   "{\"replica_config\":{\"mounter\":{},\"case_sensitive\":true}}");
    cr_assert_eq(ans.status, 200, "%s", ans.body);
    config = json_object_get(cdc_feed(&k), "config");
    cr_assert(json_is_false(json_object_get(config, "check_gc_safe_point")));
    cr_assert(json_is_true(json_object_get(config, "case_sensitive")));
    cr_assert_null(json_object_get(config, "bdr_mode"), "nil, which is false");
    cr_assert_eq(json_integer_value(json_object_get(config, "memory_quota")), 1073741824);
    cr_assert_eq(json_integer_value(json_object_get(config, "sync_point_interval")),
                 600000000000);
    cr_assert_eq(json_integer_value(
                     json_object_get(json_object_get(config, "mounter"), "worker_num")),
                 0, "a key inside what is sent becomes zero");
    cr_assert_str_eq(dr_json_str(json_object_get(config, "consistent"), "level"), "none");
    cr_assert_str_eq(cdc_state(&k), "stopped", "an update never resumes");
    kit_close(&k);
}

Test(model_ticdc, item_03_create_visible_later)
{
    struct kit k;
    struct dr_http_answer ans;

    kit_open(&k);
    ans = cdc_post(&k, NULL);
    cr_assert_eq(ans.status, 200, "%s", ans.body);
    ans = cdc_call(&k, "GET", FEEDS "/f", NULL);
    CDC_REFUSED(&k, ans, 400, "CDC:ErrChangeFeedNotExists", "default/f");
    ans = cdc_post(&k, NULL); /* etcd has it, the owner does not know yet */
    CDC_REFUSED(&k, ans, 500, "DFLOW:ErrMetaOpFailed",
                "unexpected meta operation failure: Create changefeed default/f");
    kit_wait(&k, 199);
    cr_assert_eq(cdc_call(&k, "GET", FEEDS "/f", NULL).status, 400);
    kit_wait(&k, 1);
    cr_assert_eq(cdc_call(&k, "GET", FEEDS "/f", NULL).status, 200);
    ans = cdc_post(&k, NULL);
    CDC_REFUSED(&k, ans, 500, "CDC:ErrChangeFeedAlreadyExists",
                "changefeed already exists, f");
    kit_close(&k);
}

Test(model_ticdc, item_03_create_checks_in_order)
{
    static const struct {
        const char *body;
        int status;
        const char *code, *part;
    } cases[] = {
        {"{\"changefeed_id\":\"a_b\"}", 400, "CDC:ErrSinkURIInvalid",
         "sink_uri is empty"},
        {"{\"changefeed_id\":\"a_b\",\"sink_uri\":\"" KIT_SINK "\"}", 400,
         "CDC:ErrAPIInvalidParam", "invalid changefeed_id: a_b"},
        {"{\"changefeed_id\":\"a\",\"namespace\":\"-\",\"sink_uri\":\"x\"}", 400,
         "CDC:ErrAPIInvalidParam", "invalid namespace: -"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"x\",\"start_ts\":9000000000000000000}",
         400, "CDC:ErrAPIInvalidParam", "larger than current tso"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"" KIT_SINK "\",\"target_ts\":5}", 400,
         "CDC:ErrTargetTsBeforeStartTs", "target-ts 5 is earlier than start-ts"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"" KIT_SINK
         "\",\"replica_config\":{\"enable_sync_point\":true,\"sync_point_interval\":"
         "\"5s\"}}",
         500, "CDC:ErrInvalidReplicaConfig",
         "The SyncPointInterval:5s must be larger than 30s"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"" KIT_SINK
         "\",\"replica_config\":{\"consistent\":{\"level\":\"eventual\",\"storage\":"
         "\"ftp://x\"}}}",
         500, "CDC:ErrConsistentStorage", "consistent storage (ftp) not support"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"" KIT_SINK
         "\",\"replica_config\":{\"consistent\":{\"level\":\"eventual\",\"storage\":"
         "\"/mnt/x\"}}}",
         500, "CDC:ErrConsistentStorage", "consistent storage () not support"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"" KIT_SINK
         "\",\"replica_config\":{\"consistent\":{\"level\":\"eventual\",\"storage\":"
         "\"s3://nosuch/x?endpoint=http://127.1.1.11:6060&access-key=AKEY&"
         "secret-access-key=SKEY\"}}}",
         500, "CDC:ErrStorageInitialize", "NoSuchBucket"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"" KIT_SINK
         "\",\"replica_config\":{\"filter\":{\"rules\":[\"bad\"]}}}",
         400, "CDC:ErrFilterRuleInvalid", "bad"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"kafka://h/t\",\"replica_config\":{"
         "\"bdr_mode\":true}}",
         400, "CDC:ErrSinkURIInvalid", "sink uri scheme is not supported in BDR mode"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"" KIT_SINK "?worker-count=0\"}", 400,
         "CDC:ErrMySQLInvalidConfig", "worker-count"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"mysql://cdc:wrong@127.0.1.10:4000/\"}",
         400, "CDC:ErrMySQLConnectionError", "Error 1045 (28000)"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"mysql://cdc:s3cret@127.0.9.9:4000/\"}",
         400, "CDC:ErrMySQLConnectionError", "connection refused"},
        {"{\"changefeed_id\":\"a\",\"sink_uri\":\"mysql://cdc:s3cret@127.0.9.9:4000/\","
         "\"replica_config\":{\"bdr_mode\":true}}",
         400, "CDC:ErrSinkURIInvalid", "downstream database does not support BDR mode"},
    };
    struct kit k;
    struct dr_http_answer ans;

    kit_open(&k);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ans = cdc_call(&k, "POST", FEEDS, cases[i].body);
        CDC_REFUSED(&k, ans, cases[i].status, cases[i].code, cases[i].part);
    }
    kit_ctl(&k, "{\"fault\":\"cdc-import\",\"cluster\":\"east\"}");
    ans = cdc_post(&k, NULL);
    CDC_REFUSED(&k, ans, 500, "CDC:ErrUpstreamHasRunningImport",
                "upstream has running import tasks, upstream-id: 7388813826377400123");
    kit_ctl(&k, "{\"fault\":\"cdc-import\",\"cluster\":\"east\",\"value\":false}");
    /* a password that is base64 of the true one is tried, too */
    ans = cdc_call(&k, "POST", FEEDS,
                   "{\"changefeed_id\":\"b\",\"sink_uri\":"
                   "\"mysql://cdc:czNjcmV0@127.0.1.10:4000/\"}");
    cr_assert_eq(ans.status, 200, "%s", ans.body);
    kit_close(&k);
}

Test(model_ticdc, item_04_pause_resume_delete_take_time)
{
    struct kit k;
    struct dr_http_answer ans;

    kit_open(&k);
    cdc_make(&k, NULL);
    ans = cdc_call(&k, "POST", FEEDS "/f/pause", NULL);
    cr_assert_eq(ans.status, 200);
    cr_assert_str_eq(ans.body, "{}");
    cr_assert_str_eq(cdc_state(&k), "normal", "200 does not mean done");
    kit_wait(&k, 200);
    cr_assert_str_eq(cdc_state(&k), "stopped");
    cr_assert_eq(cdc_u64(cdc_feed(&k), "resolved_ts"), 0);
    cr_assert_eq(cdc_call(&k, "POST", FEEDS "/f/pause", NULL).status, 200, "a no-op");
    cr_assert_eq(cdc_call(&k, "POST", FEEDS "/f/resume", NULL).status, 400,
                 "needs a body");
    cr_assert_eq(cdc_call(&k, "POST", FEEDS "/f/resume", "{}").status, 200);
    kit_wait(&k, 200);
    cr_assert_str_eq(cdc_state(&k), "normal");
    cr_assert_eq(cdc_call(&k, "POST", FEEDS "/f/resume", "{}").status, 200, "a no-op");
    ans = cdc_call(&k, "POST", FEEDS "/f/resume",
                   "{\"overwrite_checkpoint_ts\":9000000000000000000}");
    CDC_REFUSED(&k, ans, 400, "CDC:ErrAPIInvalidParam", "larger than current tso");
    ans = cdc_call(&k, "DELETE", FEEDS "/f", NULL); /* polls until it is gone */
    cr_assert_eq(ans.status, 200);
    cr_assert_str_eq(ans.body, "{}");
    cr_assert_eq(cdc_call(&k, "GET", FEEDS "/f", NULL).status, 400);
    cr_assert_eq(cdc_call(&k, "DELETE", FEEDS "/f", NULL).status, 200, "absent is fine");
    ans = cdc_call(&k, "POST", FEEDS "/f/pause", NULL);
    CDC_REFUSED(&k, ans, 400, "CDC:ErrChangeFeedNotExists", "default/f");
    kit_close(&k);
}

Test(model_ticdc, item_04_list_maps_states_and_hides_errors)
{
    struct kit k;
    struct dr_http_answer ans;
    json_t *item;

    kit_open(&k);
    cdc_make(&k, NULL);
    kit_ctl(&k, "{\"fault\":\"feed-error\",\"cluster\":\"east\",\"fatal\":false,"
                "\"code\":\"CDC:ErrX\",\"message\":\"[CDC:ErrX]x\"}");
    cr_assert_str_eq(cdc_state(&k), "pending");
    cr_assert_not_null(json_object_get(cdc_feed(&k), "error"));
    ans = cdc_call(&k, "GET", FEEDS "?state=all", NULL);
    item = json_array_get(json_object_get(kit_json(&k, &ans), "items"), 0);
    cr_assert_str_eq(dr_json_str(item, "state"), "warning");
    cr_assert_str_eq(dr_json_str(json_object_get(item, "error"), "code"), "CDC:ErrX");
    cr_assert_not_null(json_object_get(json_object_get(item, "error"), "time"));
    ans = cdc_call(&k, "GET", FEEDS "?state=warning", NULL);
    cr_assert(strstr(ans.body, "\"total\":0"), "matches the internal state: %s",
              ans.body);
    ans = cdc_call(&k, "GET", FEEDS "/f/status", NULL);
    cr_assert(strstr(ans.body, "\"last_error\":{\"time\""), "%s", ans.body);
    cdc_call(&k, "POST", FEEDS "/f/pause", NULL);
    kit_wait(&k, 300);
    cr_assert_str_eq(cdc_state(&k), "stopped");
    cr_assert_null(json_object_get(cdc_feed(&k), "error"), "hidden since 8.5");
    ans = cdc_call(&k, "GET", FEEDS, NULL);
    cr_assert(strstr(ans.body, "\"error\":null"), "%s", ans.body);
    kit_close(&k);
}

Test(model_ticdc, item_04_errors_stay_visible_before_8_5)
{
    struct kit k;
    struct dr_http_answer ans;

    kit_init(&k);
    k.clusters[0].ticdc.version = (struct dr_version){"v8.1.0", 8, 1, 0};
    kit_start(&k);
    cdc_make(&k, NULL);
    kit_ctl(&k, "{\"fault\":\"feed-error\",\"cluster\":\"east\",\"fatal\":false,"
                "\"code\":\"CDC:ErrX\",\"message\":\"[CDC:ErrX]x\"}");
    cdc_call(&k, "POST", FEEDS "/f/pause", NULL);
    kit_wait(&k, 300);
    cr_assert_str_eq(cdc_state(&k), "stopped");
    cr_assert_not_null(json_object_get(cdc_feed(&k), "error"));
    ans = cdc_call(&k, "GET", FEEDS, NULL);
    cr_assert(strstr(ans.body, "CDC:ErrX"), "%s", ans.body);
    kit_close(&k);
}

Test(model_ticdc, item_05_checkpoint_follows_the_clock)
{
    struct kit k;
    uint64_t before, after;

    kit_open(&k);
    cdc_make(&k, NULL);
    before = cdc_checkpoint(&k);
    kit_wait(&k, 5000);
    after = cdc_checkpoint(&k);
    cr_assert_geq(dr_tso_ms(after) - dr_tso_ms(before), 4000);
    cr_assert_geq(dr_tso_age_ms(cdc_tso(&k), after), 900);
    cr_assert_leq(dr_tso_age_ms(cdc_tso(&k), after), 2000);
    kit_ctl(&k, "{\"fault\":\"feed-freeze\",\"cluster\":\"east\",\"feed\":\"f\"}");
    before = cdc_checkpoint(&k);
    kit_wait(&k, 5000);
    cr_assert_eq(cdc_checkpoint(&k), before);
    cr_assert_str_eq(cdc_state(&k), "normal", "normal proves nothing");
    kit_ctl(&k, "{\"fault\":\"feed-freeze\",\"cluster\":\"east\",\"value\":false}");
    kit_wait(&k, 1000);
    cr_assert_gt(cdc_checkpoint(&k), before);
    kit_close(&k);
}

Test(model_ticdc, item_05_target_ts_finishes)
{
    struct kit k;
    uint64_t target;
    struct dr_http_answer ans;

    kit_open(&k);
    target = cdc_tso(&k) + dr_tso_make(5000, 0);
    ans = cdc_call(&k, "POST", FEEDS,
                   dr_sprintf(k.arena,
                              "{\"changefeed_id\":\"f\",\"sink_uri\":\"" KIT_SINK
                              "\",\"target_ts\":%llu}",
                              (unsigned long long)target));
    cr_assert_eq(ans.status, 200, "%s", ans.body);
    kit_wait(&k, 8000);
    cr_assert_str_eq(cdc_state(&k), "finished");
    cr_assert_eq(cdc_checkpoint(&k), target);
    ans = cdc_call(&k, "GET", FEEDS, NULL);
    cr_assert(strstr(ans.body, "\"total\":0"), "without state=all: %s", ans.body);
    ans = cdc_call(&k, "PUT", FEEDS "/f", "{}");
    CDC_REFUSED(&k, ans, 400, "CDC:ErrChangefeedUpdateRefused", "stopped or failed");
    kit_close(&k);
}

Test(model_ticdc, item_06_downstream_down)
{
    struct kit k;
    uint64_t before;
    bool pending = false;

    kit_open(&k);
    cdc_make(&k, NULL);
    before = cdc_checkpoint(&k);
    kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_WEST_SQL "\"}");
    for (int i = 0; i < 600; i++) {
        kit_wait(&k, 100);
        pending |= !strcmp(cdc_state(&k), "pending");
    }
    cr_assert(pending);
    cr_assert_leq(dr_tso_ms(cdc_checkpoint(&k)) - dr_tso_ms(before), 3000);
    kit_wait(&k, 20 * 60 * 1000);
    cr_assert_str_neq(cdc_state(&k), "failed", "30 minutes are the budget");
    kit_wait(&k, 25 * 60 * 1000);
    cr_assert_str_eq(cdc_state(&k), "failed");
    cr_assert_str_eq(dr_json_str(json_object_get(cdc_feed(&k), "error"), "code"),
                     "CDC:ErrMySQLConnectionError");
    kit_ctl(&k, "{\"fault\":\"start\",\"at\":\"" KIT_WEST_SQL "\"}");
    kit_wait(&k, 60000);
    cr_assert_str_eq(cdc_state(&k), "failed", "no recovery by itself");
    cdc_call(&k, "POST", FEEDS "/f/resume", "{}");
    kit_wait(&k, 3000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    cr_assert_gt(dr_tso_ms(cdc_checkpoint(&k)), dr_tso_ms(before) + 60000);

    /* a short outage heals by itself */
    kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_WEST_SQL "\"}");
    kit_wait(&k, 2000);
    cr_assert_str_eq(cdc_state(&k), "pending");
    kit_ctl(&k, "{\"fault\":\"start\",\"at\":\"" KIT_WEST_SQL "\"}");
    for (int i = 0; i < 200 && strcmp(cdc_state(&k), "normal") != 0; i++)
        kit_wait(&k, 100); /* warning is too short to be seen when the first try does */
    cr_assert_str_eq(cdc_state(&k), "normal");
    cr_assert_null(json_object_get(cdc_feed(&k), "error"));
    kit_close(&k);
}

Test(model_ticdc, item_07_service_safepoint_follows_the_checkpoint)
{
    struct kit k;
    struct dr_http_answer ans;
    json_t *points;
    const char *id = NULL;
    size_t i;
    json_t *p;
    uint64_t tso;

    kit_open(&k);
    cdc_make(&k, NULL);
    kit_wait(&k, 61000);
    ans = kit_http(&k, KIT_EAST_PD, "GET", "/pd/api/v1/gc/safepoint", NULL);
    points = json_object_get(kit_json(&k, &ans), "service_gc_safe_points");
    json_array_foreach(points, i, p)
    {
        const char *name = dr_json_str(p, "service_id");
        cr_assert_null(strstr(name, "-creating-"), "gone once it runs");
        if (!strncmp(name, "ticdc-default-", 14) && !strstr(name, "-initializing-")) {
            id = name;
            tso = cdc_u64(p, "safe_point");
            cr_assert_lt(tso, cdc_checkpoint(&k));
            cr_assert_geq(dr_tso_age_ms(cdc_checkpoint(&k), tso), 0);
            cr_assert_leq(dr_tso_age_ms(cdc_checkpoint(&k), tso), 61000);
        }
    }
    cr_assert_not_null(id);
    kit_close(&k);
}

Test(model_ticdc, item_08_synced)
{
    struct kit k;
    struct dr_http_answer ans;

    kit_open(&k);
    cdc_make(&k, NULL);
    /* nothing was ever written: L is 1970, true after K alone, though it proves little */
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    cr_assert_eq(ans.status, 200);
    cr_assert(strstr(ans.body, "\"synced\":true"), "%s", ans.body);
    cr_assert(strstr(ans.body, "\"last_synced_ts\":\"1970-01-01 00:00:00.000\""));
    cr_assert(strstr(ans.body, "\"info\":\"Data syncing is finished\""));
    kit_ctl(&k, "{\"fault\":\"feed-stall\",\"cluster\":\"east\"}");
    kit_wait(&k, 20000);
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    cr_assert(strstr(ans.body, "\"synced\":false"));
    cr_assert(strstr(ans.body, "The data syncing is not finished, please wait"));
    kit_ctl(&k, "{\"fault\":\"feed-stall\",\"cluster\":\"east\",\"value\":false}");
    kit_wait(&k, 1000);
    kit_ctl(&k, "{\"fault\":\"feed-freeze\",\"cluster\":\"east\"}");
    kit_wait(&k, 20000);
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    cr_assert(strstr(ans.body, "Please check whether PD is online"), "%s", ans.body);
    kit_ctl(&k, "{\"fault\":\"pd-leader-lost\",\"cluster\":\"east\"}");
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL); /* 8.5.3: the shared PD client */
    cr_assert(strstr(ans.body, "\"now_ts\":\"1970-01-01 00:00:00.000\""), "%s", ans.body);
    kit_close(&k);

    kit_init(&k);
    k.clusters[0].ticdc.version = (struct dr_version){"v8.1.0", 8, 1, 0};
    kit_start(&k);
    cdc_make(&k, NULL);
    kit_ctl(&k, "{\"fault\":\"pd-leader-lost\",\"cluster\":\"east\"}");
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    cr_assert(strstr(ans.body, "You should check the pd status first"), "%s", ans.body);
    kit_close(&k);

    kit_init(&k);
    k.clusters[0].ticdc.version = (struct dr_version){"v7.5.0", 7, 5, 0};
    kit_start(&k);
    cdc_make(&k, NULL);
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    cr_assert_eq(ans.status, 404, "came with 7.5.1");
    kit_close(&k);
}

Test(model_ticdc, item_09_owner_change_shows_false_absence)
{
    struct kit k;
    struct dr_http_answer ans;
    int64_t gap_from;

    kit_open(&k);
    cdc_make(&k, NULL);
    cr_assert_eq(cdc_call(&k, "GET", "/api/v2/health", NULL).status, 200);
    cr_assert_eq(cdc_call(&k, "POST", "/api/v2/owner/resign", NULL).status, 200);
    ans = cdc_call(&k, "GET", FEEDS, NULL);
    CDC_REFUSED(&k, ans, 500, "", "election: no leader");
    kit_wait(&k, 1500);
    ans = cdc_call(&k, "GET", FEEDS, NULL);
    cr_assert_eq(ans.status, 200);
    cr_assert_str_eq(ans.body, "{\"total\":0,\"items\":[]}", "absence that is none");
    ans = cdc_call(&k, "GET", FEEDS "/f", NULL);
    CDC_REFUSED(&k, ans, 400, "CDC:ErrChangeFeedNotExists", "default/f");
    ans = cdc_call(&k, "GET", "/api/v2/health", NULL);
    CDC_REFUSED(&k, ans, 500, "CDC:ErrClusterIsUnhealthy", "unhealthy");
    ans = cdc_call(&k, "DELETE", FEEDS "/f", NULL);
    cr_assert_eq(ans.status, 200, "without deleting");
    ans = cdc_post(&k, NULL);
    CDC_REFUSED(&k, ans, 500, "DFLOW:ErrMetaOpFailed", "Create changefeed default/f");
    kit_wait(&k, 400);
    cr_assert_str_eq(cdc_state(&k), "normal", "still there");
    kit_wait(&k, 300);
    cr_assert_eq(cdc_call(&k, "GET", "/api/v2/health", NULL).status, 200);

    /* the owner's process dies: its lease names the dead one for ten seconds */
    ans = cdc_call(&k, "GET", "/api/v2/captures", NULL);
    {
        json_t *items = json_object_get(kit_json(&k, &ans), "items"), *item;
        const char *owner = NULL, *other = NULL;
        size_t i;
        json_array_foreach(items, i, item)
        {
            bool is = json_is_true(json_object_get(item, "is_owner"));
            *(is ? &owner : &other) = dr_json_str(item, "address");
        }
        cr_assert(owner && other);
        kit_ctl(&k, dr_sprintf(k.arena, "{\"fault\":\"kill\",\"at\":\"%s\"}", owner));
        gap_from = dr_model_now_ms(k.m);
        ans = kit_http(&k, owner, "GET", FEEDS, NULL);
        cr_assert_eq(ans.status, 0, "nobody there");
        ans = kit_http(&k, other, "GET", FEEDS, NULL);
        CDC_REFUSED(
            &k, ans, 500, "",
            dr_sprintf(k.arena, "dial tcp %s: connect: connection refused", owner));
        ans = kit_http(&k, other, "GET", "/api/v2/status", NULL);
        cr_assert_eq(ans.status, 200, "is answered by the one asked");
        while (kit_http(&k, other, "GET", FEEDS, NULL).status == 500)
            kit_wait(&k, 100);
        cr_assert_geq(dr_model_now_ms(k.m) - gap_from, 9900);
        cr_assert_leq(dr_model_now_ms(k.m) - gap_from, 10200);
        kit_wait(&k, 2000);
        cr_assert_eq(kit_http(&k, other, "GET", FEEDS "/f", NULL).status, 200);
    }
    kit_close(&k);
}

/* A job that the owner took dies with the owner, although its caller read 200. */
Test(model_ticdc, item_09_jobs_die_with_their_owner)
{
    struct kit k;

    kit_open(&k);
    cdc_make(&k, NULL);
    cr_assert_eq(cdc_call(&k, "POST", FEEDS "/f/pause", NULL).status, 200);
    kit_ctl(&k, "{\"fault\":\"cdc-owner-change\",\"cluster\":\"east\"}");
    kit_wait(&k, 5000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    kit_close(&k);
}

Test(model_ticdc, item_10_faults)
{
    struct kit k;
    struct dr_http_answer ans;
    uint64_t handle;
    struct dr_address at = kit_at(KIT_EAST_CDC);
    const struct dr_model_request list = {.method = "GET", .target = FEEDS};
    int64_t from;

    kit_open(&k);
    cdc_make(&k, NULL);
    kit_ctl(&k, "{\"fault\":\"cdc-wrong-upstream\",\"cluster\":\"east\",\"id\":42}");
    cr_assert_eq(cdc_u64(cdc_feed(&k), "upstream_id"), 42);
    kit_ctl(&k, "{\"fault\":\"cdc-wrong-upstream\",\"cluster\":\"east\"}");
    cr_assert_eq(cdc_u64(cdc_feed(&k), "upstream_id"), 7388813826377400123);
    kit_ctl(&k, "{\"fault\":\"cdc-zone\",\"cluster\":\"east\",\"minutes\":480}");
    ans = cdc_call(&k, "GET", FEEDS "/f", NULL);
    cr_assert(strstr(ans.body, "+08:00\""), "create_time: %s", ans.body);
    cr_assert(strstr(ans.body, "\"checkpoint_time\":\"2026-11-21 20:"), "%s", ans.body);
    /* slow, hung, then dead while it hangs */
    kit_ctl(&k, "{\"fault\":\"slow\",\"at\":\"" KIT_EAST_CDC "\",\"ms\":700}");
    from = dr_model_now_ms(k.m);
    cr_assert_eq(cdc_call(&k, "GET", FEEDS, NULL).status, 200);
    cr_assert_eq(dr_model_now_ms(k.m) - from, 700);
    kit_ctl(&k, "{\"fault\":\"slow\",\"at\":\"" KIT_EAST_CDC "\",\"ms\":0}");
    kit_ctl(&k, "{\"fault\":\"hang\",\"at\":\"" KIT_EAST_CDC "\"}");
    cr_assert_eq(dr_model_http(k.m, &at, &list, &ans, k.arena, &handle),
                 DR_MODEL_RUNNING);
    kit_wait(&k, 60000);
    cr_assert_eq(dr_model_http_poll(k.m, handle, &ans, k.arena), DR_MODEL_RUNNING);
    kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_EAST_CDC "\"}");
    cr_assert_eq(dr_model_http_poll(k.m, handle, &ans, k.arena), DR_MODEL_DONE);
    cr_assert_eq(ans.status, 0);
    kit_close(&k);
}

Test(model_ticdc, item_12_tso)
{
    struct kit k;
    uint64_t last = 0;
    struct dr_http_answer ans;

    kit_open(&k);
    for (int i = 0; i < 20; i++) {
        uint64_t tso = cdc_tso(&k);
        cr_assert_gt(tso, last);
        cr_assert_eq(dr_tso_ms(tso), dr_model_wall_ms(k.m));
        last = tso;
        if (i % 5 == 4)
            kit_wait(&k, 7);
    }
    kit_ctl(&k, "{\"fault\":\"pd-leader-lost\",\"cluster\":\"east\"}");
    ans = cdc_call(&k, "POST", "/api/v2/tso", "{}");
    CDC_REFUSED(&k, ans, 500, "CDC:ErrPDEtcdAPIError", "fail to get ts from pd client");
    kit_close(&k);
}

Test(model_ticdc, endpoints_beside_changefeeds)
{
    static const struct {
        const char *method, *target, *body, *part;
        int status;
    } cases[] = {
        {"GET", "/status", NULL, "\"version\": \"v8.5.3\"", 200},
        {"GET", "/config", NULL, "\"gc-ttl\":86400", 200},
        {"GET", "/config", NULL, "\"cluster-id\":\"default\"", 200},
        {"GET", "/api/v2/health", NULL, "{}", 200},
        {"GET", "/api/v2/captures", NULL, "\"total\":2", 200},
        {"GET", "/api/v2/processors", NULL, "\"total\":1", 200},
        {"POST", "/api/v2/captures/nosuch/drain", NULL, "CDC:ErrCaptureNotExist", 400},
        {"POST", "/api/v2/log", "{\"log_level\":\"debug\"}", "{}", 200},
        {"GET", "/api/v2/unsafe/metadata", NULL,
         "/tidb/cdc/default/default/changefeed/info/f", 200},
        {"DELETE", "/api/v2/unsafe/service_gc_safepoint", "{}", "{}", 200},
        {"POST", "/api/v2/verify_table", "{\"start_ts\":0}", "{", 200},
        {"GET", FEEDS "/no_such", NULL, "invalid changefeed_id: no_such", 400},
    };
    struct kit k;

    kit_open(&k);
    cdc_make(&k, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_http_answer ans =
            cdc_call(&k, cases[i].method, cases[i].target, cases[i].body);
        cr_assert_eq(ans.status, cases[i].status, "%s: %d", cases[i].target, ans.status);
        cr_assert(strstr(ans.body, cases[i].part), "%s: %s", cases[i].target, ans.body);
    }
    kit_close(&k);
}
