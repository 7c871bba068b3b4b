/* The simulated TiCDC, new architecture: each thing that it does otherwise than classic.
 */
#include "controller/estate/model/internal.h"
#include "tests/unit/model_cdc_kit.h"

/* East's TiCDC is of the new architecture, of that version. */
static void open_new(struct kit *k, const char *text, uint32_t major, uint32_t minor,
                     uint32_t patch)
{
    kit_init(k);
    k->clusters[0].ticdc.arch = DR_TICDC_NEW;
    k->clusters[0].ticdc.version =
        (struct dr_version){.text = text, .major = major, .minor = minor, .patch = patch};
    kit_start(k);
}

static void open_856(struct kit *k)
{
    open_new(k, "v8.5.6", 8, 5, 6);
}

static const char *answer(struct kit *k, const char *method, const char *target,
                          const char *body, int want)
{
    struct dr_http_answer ans = cdc_call(k, method, target, body);
    cr_assert_eq(ans.status, want, "%s %s: %d %s", method, target, ans.status,
                 ans.body ? ans.body : "");
    return ans.body ? ans.body : "";
}

static void contains(const char *text, const char *part)
{
    cr_assert(strstr(text, part), "%s\nlacks %s", text, part);
}

static void lacks(const char *text, const char *part)
{
    cr_assert_null(strstr(text, part), "%s\nhas %s", text, part);
}

Test(model_ticdc_new, came_with_v8_5_4)
{
    struct kit k;
    struct dr_err err = {0};
    kit_init(&k);
    k.clusters[1].ticdc.arch = DR_TICDC_NEW; /* of v8.5.3 */
    cr_assert_eq(dr_model_new(&k.m, &k.doc, 1, 0, &err), -DR_E_INPUT);
    contains(err.text, "'west': TiCDC v8.5.3 has no new architecture");
    dr_arena_free(k.arena);
}

Test(model_ticdc_new, endpoints)
{
    struct kit k;
    open_856(&k);
    cdc_make(&k, NULL);
    contains(answer(&k, "GET", "/config", NULL, 200), "\"newarch\":true");
    answer(&k, "GET", FEEDS "/f/meta_info", NULL, 404);
    answer(&k, "POST", "/api/v2/captures/x/drain", NULL, 404);
    answer(&k, "GET", "/api/v2/unsafe/metadata", NULL, 404);
    cr_assert_str_eq(answer(&k, "GET", "/api/v2/processors", NULL, 200),
                     "{\"total\":0,\"items\":[]}");
    contains(answer(&k, "GET", "/api/v2/processors/f/x", NULL, 200), "\"table_ids\":[]");
    kit_sql(&k, KIT_EAST_SQL, "CREATE DATABASE shop");
    kit_sql(&k, KIT_EAST_SQL, "CREATE TABLE shop.t (id INT PRIMARY KEY)");
    const char *tables = answer(&k, "POST", "/api/v2/get_all_tables", "{}", 200);
    contains(tables, "\"eligible_tables\":[{");
    contains(tables, "\"all_tables\":[{");
    kit_close(&k);
}

Test(model_ticdc_new, classic_has_none_of_it)
{
    struct kit k;
    kit_open(&k);
    cdc_make(&k, "{\"performance_mode\":\"low-latency\"}");
    lacks(answer(&k, "GET", "/config", NULL, 200), "newarch");
    answer(&k, "POST", "/api/v2/get_all_tables", "{}", 404);
    const char *feed = answer(&k, "GET", FEEDS "/f", NULL, 200);
    lacks(feed, "gid");
    lacks(feed, "performance_mode");
    kit_close(&k);
}

Test(model_ticdc_new, keyspace_instead_of_namespace)
{
    struct kit k;
    open_856(&k);
    cdc_make(&k, NULL);
    contains(answer(&k, "GET", FEEDS, NULL, 200), "\"keyspace\":\"default\"");
    lacks(answer(&k, "GET", FEEDS, NULL, 200), "namespace");
    contains(answer(&k, "GET", FEEDS "/f?namespace=other", NULL, 200),
             "\"keyspace\":\"default\"");
    contains(answer(&k, "GET", FEEDS "/f?keyspace=other", NULL, 200), "\"id\":\"f\"");
    kit_close(&k);
}

Test(model_ticdc_new, gid_does_not_fit_an_int64)
{
    struct kit k;
    size_t big = 0, feeds = 40;
    open_856(&k);
    for (size_t i = 0; i < feeds; i++) {
        const char *body = answer(
            &k, "POST", FEEDS,
            dr_sprintf(k.arena,
                       "{\"changefeed_id\":\"f%zu\",\"sink_uri\":\"" KIT_SINK "\"}", i),
            200);
        const char *low = strstr(body, "\"gid\":{\"low\":"), *high;
        uint64_t a, b;
        cr_assert_not_null(low);
        high = strstr(low, "\"high\":");
        cr_assert_not_null(high);
        cr_assert(dr_parse_u64(low + 13, strspn(low + 13, "0123456789"), &a));
        cr_assert(dr_parse_u64(high + 7, strspn(high + 7, "0123456789"), &b));
        big += a > INT64_MAX || b > INT64_MAX;
    }
    cr_assert(big > feeds / 2 && big < feeds, "%zu of %zu", big, feeds);
    kit_wait(&k, 1000);
    contains(answer(&k, "GET", FEEDS "/f1", NULL, 200), "\"gid\":{\"low\":");
    kit_close(&k);
}

Test(model_ticdc_new, errors_in_its_own_words)
{
    struct kit k;
    struct dr_http_answer ans;
    open_856(&k);
    ans = cdc_call(&k, "GET", FEEDS "/nosuch", NULL);
    CDC_REFUSED(&k, ans, 400, "CDC:ErrChangeFeedNotExists",
                "changefeed not exists, nosuch\"");
    cr_assert_str_eq(answer(&k, "DELETE", FEEDS "/nosuch", NULL, 200), "null");
    cdc_make(&k, NULL);
    ans = cdc_post(&k, NULL);
    CDC_REFUSED(&k, ans, 500, "CDC:ErrChangeFeedAlreadyExists", "already exists, f");
    /* step 4 comes before step 2 */
    ans = cdc_call(&k, "POST", FEEDS, "{\"changefeed_id\":\"f\"}");
    CDC_REFUSED(&k, ans, 500, "CDC:ErrChangeFeedAlreadyExists", "already exists, f");
    /* whatever is wrong with the sink */
    ans = cdc_call(
        &k, "POST", FEEDS,
        "{\"changefeed_id\":\"g\",\"sink_uri\":\"mysql://cdc:wrong@127.0.1.10/\"}");
    CDC_REFUSED(&k, ans, 400, "CDC:ErrSinkURIInvalid", "CDC:ErrMySQLConnectionError");
    /* its safepoint is taken back */
    lacks(kit_http(&k, KIT_EAST_PD, "GET", "/pd/api/v1/gc/safepoint", NULL).body,
          "creating");
    ans = cdc_call(&k, "POST", FEEDS,
                   "{\"changefeed_id\":\"g\",\"sink_uri\":\"blackhole://\","
                   "\"replica_config\":{\"enable_sync_point\":true}}");
    CDC_REFUSED(&k, ans, 500, "CDC:ErrInvalidReplicaConfig", "syncpoint");
    kit_close(&k);
    open_new(&k, "v9.0.0", 9, 0, 0);
    cdc_make(&k, NULL);
    ans = cdc_post(&k, NULL);
    CDC_REFUSED(&k, ans, 400, "CDC:ErrChangeFeedAlreadyExists", "already exists, f");
    kit_close(&k);
}

Test(model_ticdc_new, the_same_cluster_is_refused)
{
    static const char same[] =
        "{\"changefeed_id\":\"f\",\"sink_uri\":\"mysql://cdc:s3cret@127.0.1.4:4000/\"}";
    struct kit k;
    struct dr_http_answer ans;
    open_856(&k);
    ans = cdc_call(&k, "POST", FEEDS, same);
    CDC_REFUSED(&k, ans, 500, "CDC:ErrSameUpstreamDownstream", "same TiDB cluster");
    kit_close(&k);
    open_new(&k, "v8.5.4", 8, 5, 4);
    answer(&k, "POST", FEEDS, same, 200);
    kit_close(&k);
}

Test(model_ticdc_new, config_has_its_defaults_and_extras)
{
    struct kit k;
    open_856(&k);
    cdc_make(&k,
             "{\"performance_mode\":\"low-latency\",\"event_collector_batch_count\":7}");
    const char *feed = answer(&k, "GET", FEEDS "/f", NULL, 200);
    contains(feed, "\"performance_mode\":\"low-latency\"");
    contains(feed, "\"event_collector_batch_count\":7");
    lacks(feed, "event_collector_batch_bytes");
    contains(feed, "\"region_threshold\":10000");
    contains(feed, "\"region_count_per_span\":100");
    contains(feed, "\"scheduling_task_count_per_node\":20");
    contains(feed, "\"balance_score_threshold\":20");
    contains(feed, "\"min_traffic_percentage\":0.8,\"max_traffic_percentage\":1.25");
    contains(feed, "\"advance_timeout\":150");
    contains(feed, "\"send-all-bootstrap-at-start\":false");
    kit_close(&k);
    open_new(&k, "v9.0.0", 9, 0, 0);
    cdc_make(&k,
             "{\"consistent\":{\"level\":\"eventual\",\"storage\":\"" KIT_REDO "\"}}");
    feed = answer(&k, "GET", FEEDS "/f", NULL, 200);
    contains(feed, "\"advance_timeout_in_sec\":150");
    contains(feed, "\"send_all_bootstrap_at_start\":false");
    contains(feed, "\"compression\":\"none\"");
    kit_close(&k);
}

Test(model_ticdc_new, an_update_starts_from_the_defaults)
{
    struct kit k;
    struct dr_http_answer ans;
    open_856(&k);
    cdc_make(&k, "{\"bdr_mode\":true,\"enable_sync_point\":true,\"memory_quota\":5,"
                 "\"scheduler\":{\"region_threshold\":3}}");
    answer(&k, "POST", FEEDS "/f/pause", NULL, 200);
    const char *feed =
        answer(&k, "PUT", FEEDS "/f",
               "{\"replica_config\":{\"scheduler\":{\"force_split\":true}}}", 200);
    contains(feed, "\"check_gc_safe_point\":true"); /* classic: false */
    contains(feed, "\"memory_quota\":1073741824");
    contains(feed, "\"bdr_mode\":false");
    contains(feed, "\"region_threshold\":10000");
    contains(feed, "\"force_split\":true");
    lacks(feed, "enable_sync_point");
    /* the same again is no error */
    answer(&k, "PUT", FEEDS "/f",
           "{\"replica_config\":{\"scheduler\":{\"force_split\":true}}}", 200);
    ans = cdc_call(&k, "PUT", FEEDS "/f", "{\"start_ts\":5}");
    CDC_REFUSED(&k, ans, 400, "CDC:ErrAPIInvalidParam", "start_ts can not be updated");
    kit_close(&k);
}

Test(model_ticdc_new, resolved_is_the_checkpoint)
{
    struct kit k;
    open_856(&k);
    cdc_make(&k, NULL);
    kit_ctl(&k, "{\"fault\":\"feed-stall\",\"cluster\":\"east\"}");
    kit_wait(&k, 5000); /* classic: resolved goes on */
    json_t *feed = cdc_feed(&k);
    cr_assert_eq(cdc_u64(feed, "resolved_ts"), cdc_u64(feed, "checkpoint_ts"));
    struct dr_http_answer ans = cdc_call(&k, "GET", FEEDS "/f/status", NULL);
    json_t *status = kit_json(&k, &ans);
    cr_assert_eq(cdc_u64(status, "resolved_ts"), cdc_u64(status, "checkpoint_ts"));
    lacks(answer(&k, "GET", FEEDS "/f", NULL, 200), "task_status");
    contains(answer(&k, "GET", FEEDS "/f", NULL, 200), "\"maintainer_addr\":\"127.1.1.");
    kit_close(&k);
}

Test(model_ticdc_new, warning_and_never_pending)
{
    struct kit k;
    open_856(&k);
    cdc_make(&k, NULL);
    kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_WEST_SQL "\"}");
    kit_wait(&k, 3000);
    cr_assert_str_eq(cdc_state(&k), "warning");
    contains(answer(&k, "GET", FEEDS "/f/status", NULL, 200), "\"last_warning\"");
    lacks(answer(&k, "GET", FEEDS "/f/status", NULL, 200), "\"last_error\"");
    contains(answer(&k, "GET", FEEDS "/f", NULL, 200),
             "\"time\":\"0001-01-01T00:00:00Z\"");
    kit_ctl(&k, "{\"fault\":\"start\",\"at\":\"" KIT_WEST_SQL "\"}");
    kit_wait(&k, 30000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    kit_ctl(&k, "{\"fault\":\"feed-error\",\"cluster\":\"east\",\"code\":\"CDC:ErrX\","
                "\"message\":\"m\"}");
    contains(answer(&k, "GET", FEEDS "/f/status", NULL, 200), "\"last_error\"");
    /* the list shows the error whatever the state */
    answer(&k, "POST", FEEDS "/f/pause", NULL, 200);
    contains(answer(&k, "GET", FEEDS, NULL, 200), "CDC:ErrX");
    kit_close(&k);
}

Test(model_ticdc_new, pause_stops_from_any_state_and_waits)
{
    struct kit k;
    open_856(&k);
    cdc_make(&k, NULL);
    answer(&k, "POST", FEEDS "/f/pause", NULL, 200);
    cr_assert_str_eq(cdc_state(&k), "stopped", "without a poll");
    answer(&k, "POST", FEEDS "/f/resume", NULL, 200); /* no body */
    kit_wait(&k, 1000);
    kit_ctl(&k, "{\"fault\":\"feed-error\",\"cluster\":\"east\"}");
    cr_assert_str_eq(cdc_state(&k), "failed");
    answer(&k, "POST", FEEDS "/f/pause", NULL, 200);
    cr_assert_str_eq(cdc_state(&k), "stopped");
    kit_close(&k);
}

Test(model_ticdc_new, resume_of_what_runs_by_version)
{
    static const struct {
        const char *text;
        uint32_t version[3];
        int status;
        bool cleared; /* the recorded error is gone: it was resumed */
    } cases[] = {
        {"v8.5.4", {8, 5, 4}, 200, true},
        {"v8.5.6", {8, 5, 6}, 200, false},
        {"v9.0.0", {9, 0, 0}, 400, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kit k;
        open_new(&k, cases[i].text, cases[i].version[0], cases[i].version[1],
                 cases[i].version[2]);
        cdc_make(&k, NULL);
        kit_ctl(&k, "{\"fault\":\"feed-freeze\",\"cluster\":\"east\"}");
        kit_ctl(&k, "{\"fault\":\"feed-error\",\"cluster\":\"east\",\"fatal\":false,"
                    "\"code\":\"CDC:ErrX\",\"message\":\"m\"}");
        const char *body = answer(&k, "POST", FEEDS "/f/resume",
                                  "{\"overwrite_checkpoint_ts\":0}", cases[i].status);
        if (cases[i].status == 400)
            contains(body, "can only resume changefeed when it is stopped, failed, or "
                           "finished, but current state is warning");
        kit_wait(&k, 1000);
        cr_assert_eq(!strstr(answer(&k, "GET", FEEDS, NULL, 200), "CDC:ErrX"),
                     cases[i].cleared, "%s", cases[i].text);
        kit_close(&k);
    }
}

Test(model_ticdc_new, resume_with_overwrite_keeps_start_ts)
{
    struct kit k;
    open_856(&k);
    cdc_make(&k, NULL);
    uint64_t start = cdc_u64(cdc_feed(&k), "start_ts"), to = cdc_tso(&k);
    answer(&k, "POST", FEEDS "/f/pause", NULL, 200);
    answer(
        &k, "POST", FEEDS "/f/resume",
        dr_sprintf(k.arena, "{\"overwrite_checkpoint_ts\":%llu}", (unsigned long long)to),
        200);
    kit_wait(&k, 1000);
    cr_assert_eq(cdc_u64(cdc_feed(&k), "start_ts"), start);
    cr_assert_geq(cdc_checkpoint(&k), to);
    kit_close(&k);
}

Test(model_ticdc_new, no_false_absence_at_a_change_of_coordinator)
{
    struct kit k;
    bool guarded = false;
    open_856(&k);
    cdc_make(&k, NULL);
    kit_ctl(&k, "{\"fault\":\"cdc-owner-change\",\"cluster\":\"east\"}");
    for (int i = 0; i < 100; i++) {
        struct dr_http_answer ans = cdc_call(&k, "GET", FEEDS, NULL);
        if (ans.status == 200)
            contains(ans.body, "\"total\":1");
        guarded |= strstr(ans.body,
                          "coordinator is not fully initialized, wait a moment") != NULL;
        if (guarded && ans.status != 200) /* health says only that it lives */
            answer(&k, "GET", "/api/v2/captures", NULL, 500);
        kit_wait(&k, 50);
    }
    cr_assert(guarded);
    kit_close(&k);
}

Test(model_ticdc_new, health_says_only_that_it_lives)
{
    struct kit k;
    open_856(&k);
    cdc_post(&k, NULL);
    kit_wait(&k, 210); /* classic: 500 until the feed's scheduler has begun */
    answer(&k, "GET", "/api/v2/health", NULL, 200);
    kit_close(&k);
}

Test(model_ticdc_new, synced_in_its_own_words)
{
    struct kit k;
    struct dr_http_answer ans;
    open_856(&k);
    cdc_make(&k, NULL);
    contains(answer(&k, "GET", FEEDS "/f/synced", NULL, 200),
             "\"info\":\"The data syncing is finished\"");
    kit_ctl(&k, "{\"fault\":\"pd-leader-lost\",\"cluster\":\"east\"}");
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    CDC_REFUSED(&k, ans, 500, "CDC:ErrPDEtcdAPIError", "fail to get ts from pd client");
    kit_close(&k);
}

Test(model_ticdc_new, tables_downstream)
{
    struct kit k;
    open_856(&k);
    cdc_make(&k, "{\"enable_sync_point\":true,\"sync_point_interval\":\"30s\"}");
    kit_sql(&k, KIT_EAST_SQL, "CREATE DATABASE shop");
    kit_sql(&k, KIT_EAST_SQL, "CREATE TABLE shop.t (id INT PRIMARY KEY)");
    kit_wait(&k, 40000);
    cr_assert_str_eq(kit_cell(&k, KIT_WEST_SQL,
                              "SELECT DISTINCT changefeed FROM tidb_cdc.syncpoint_v1"),
                     "default/f");
    cr_assert_str_eq(
        kit_cell(&k, KIT_WEST_SQL,
                 "SELECT COUNT(*) FROM tidb_cdc.ddl_ts_v1 WHERE changefeed = "
                 "'default/f' AND ticdc_cluster_id = 'default'"),
        "2", "of the schema and of the table");
    kit_sql(&k, KIT_WEST_SQL, "SELECT * FROM shop.t");
    kit_close(&k);
}

Test(model_ticdc_new, no_feeds_no_safepoint_since_8_5_7)
{
    struct kit k;
    open_new(&k, "v8.5.7", 8, 5, 7);
    kit_wait(&k, 61000);
    lacks(kit_http(&k, KIT_EAST_PD, "GET", "/pd/api/v1/gc/safepoint", NULL).body,
          "ticdc-");
    cdc_make(&k, NULL);
    kit_wait(&k, 61000);
    contains(kit_http(&k, KIT_EAST_PD, "GET", "/pd/api/v1/gc/safepoint", NULL).body,
             "ticdc-");
    kit_close(&k);
    open_856(&k);
    kit_wait(&k, 61000);
    contains(kit_http(&k, KIT_EAST_PD, "GET", "/pd/api/v1/gc/safepoint", NULL).body,
             "ticdc-");
    kit_close(&k);
}
