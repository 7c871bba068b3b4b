/* The simulated TiCDC, classic: rows, DDL, syncpoints, redo files and safepoints, over
 * the simulated clusters' SQL. */
#include "controller/estate/model/internal.h"
#include "controller/estate/model/redo_meta.h"
#include "tests/unit/model_cdc_kit.h"

Test(model_ticdc, item_05_rows_travel)
{
    struct kit k;
    struct dr_http_answer ans;

    cdc_open_shops(&k); /* before the feed: west has to make its own */
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'before')");
    cdc_make(&k, NULL);
    cr_assert_str_eq(cdc_west(&k, "SELECT COUNT(*) FROM shop.t"), "0",
                     "commit ts has to be above start_ts");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (2, 'a'), (3, 'b\\'c')");
    kit_wait(&k, 800);
    cr_assert_str_eq(cdc_west(&k, "SELECT COUNT(*) FROM shop.t"), "0", "not yet");
    kit_wait(&k, 1500);
    cr_assert_str_eq(cdc_west(&k, "SELECT v FROM shop.t WHERE id = 3"), "b'c");
    kit_sql(&k, KIT_EAST_SQL, "UPDATE shop.t SET v = 'z' WHERE id = 2");
    kit_sql(&k, KIT_EAST_SQL, "DELETE FROM shop.t WHERE id = 3");
    kit_wait(&k, 2500);
    cr_assert_str_eq(cdc_west(&k, "SELECT v FROM shop.t WHERE id = 2"), "z");
    cr_assert_str_eq(cdc_west(&k, "SELECT COUNT(*) FROM shop.t"), "1");
    /* DDL, in order with rows */
    kit_sql(&k, KIT_EAST_SQL, "CREATE DATABASE crm");
    kit_sql(&k, KIT_EAST_SQL, "CREATE TABLE crm.p (id BIGINT PRIMARY KEY)");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO crm.p VALUES (7)");
    kit_wait(&k, 2500);
    cr_assert_str_eq(cdc_west(&k, "SELECT id FROM crm.p"), "7");
    ans = cdc_call(&k, "GET", FEEDS "/f", NULL);
    cr_assert(strstr(ans.body, "\"task_status\":[{\"capture_id\":"), "%s", ans.body);
    kit_close(&k);
}

Test(model_ticdc, item_05_filters_and_ineligible_tables)
{
    struct kit k;
    struct dr_http_answer ans;

    kit_open(&k);
    kit_sql(&k, KIT_EAST_SQL, "CREATE DATABASE shop");
    kit_sql(&k, KIT_EAST_SQL, "CREATE TABLE shop.nokey (v INT)");
    ans = cdc_post(&k, NULL);
    CDC_REFUSED(&k, ans, 400, "CDC:ErrTableIneligible",
                "not eligible to replicate([shop.nokey])");
    ans = cdc_call(&k, "POST", "/api/v2/verify_table", "{\"start_ts\":0}");
    cr_assert(strstr(ans.body, "\"ineligible_tables\":[{\"database_name\":\"shop\","
                               "\"table_name\":\"nokey\""),
              "%s", ans.body);
    ans = cdc_post(&k, "{\"filter\":{\"rules\":[\"*.*\",\"!shop.*\",\"!drover.*\"]}}");
    cr_assert_eq(ans.status, 200, "%s", ans.body);
    kit_wait(&k, 1000);
    kit_sql(&k, KIT_EAST_SQL, "CREATE TABLE shop.t (id BIGINT PRIMARY KEY)");
    kit_sql(&k, KIT_EAST_SQL, "CREATE DATABASE crm");
    kit_sql(&k, KIT_EAST_SQL, "CREATE TABLE crm.nokey (v INT)");
    kit_sql(&k, KIT_EAST_SQL, "CREATE TABLE crm.p (id BIGINT PRIMARY KEY)");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO crm.p VALUES (7)");
    kit_wait(&k, 2500);
    cr_assert_str_eq(cdc_state(&k), "normal");
    cr_assert_str_eq(cdc_west(&k, "SELECT id FROM crm.p"), "7");
    cr_assert_str_eq(cdc_west(&k, "SELECT COUNT(*) FROM information_schema.tables WHERE "
                                  "table_name = 'nokey'"),
                     "0", "skipped silently");
    cr_assert_str_eq(cdc_west(&k,
                              "SELECT COUNT(*) FROM information_schema.schemata WHERE "
                              "schema_name = 'shop'"),
                     "0");
    kit_close(&k);
}

Test(model_ticdc, item_05_bdr_feeds_drop_marked_rows)
{
    struct kit k;
    struct dr_http_answer ans;

    cdc_open_shops(&k);
    cdc_make(&k, "{\"bdr_mode\":true}");
    ans = kit_http(&k, KIT_WEST_CDC, "POST", FEEDS,
                   "{\"changefeed_id\":\"back\",\"sink_uri\":"
                   "\"mysql://cdc:s3cret@127.0.1.4:4000/\",\"replica_config\":{"
                   "\"bdr_mode\":true}}");
    cr_assert_eq(ans.status, 200, "%s", ans.body);
    kit_wait(&k, 1000);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'east')");
    kit_sql(&k, KIT_WEST_SQL, "INSERT INTO shop.t VALUES (2, 'west')");
    kit_wait(&k, 3000);
    cr_assert_str_eq(cdc_west(&k, "SELECT v FROM shop.t WHERE id = 1"), "east");
    cr_assert_str_eq(kit_cell(&k, KIT_EAST_SQL, "SELECT v FROM shop.t WHERE id = 2"),
                     "west");
    kit_sql(&k, KIT_EAST_SQL, "UPDATE shop.t SET v = 'new' WHERE id = 1");
    kit_wait(&k, 8000); /* an echo would have come back by now */
    cr_assert_str_eq(kit_cell(&k, KIT_EAST_SQL, "SELECT v FROM shop.t WHERE id = 1"),
                     "new");
    cr_assert_str_eq(cdc_state(&k), "normal");
    kit_close(&k);
}

static void kill_sink(struct kit *k)
{
    const char *id =
        cdc_west(k, "SELECT ID FROM information_schema.processlist WHERE USER = "
                    "'cdc'");
    cr_assert_str_neq(id, "", "the sink keeps a session");
    kit_sql(k, KIT_WEST_SQL, dr_sprintf(k->arena, "KILL TIDB %s", id));
}

/* A fenced downstream refuses the sink unless its account has the bypass. */
Test(model_ticdc, item_06_fence_and_account)
{
    struct kit k;

    cdc_open_shops(&k);
    cdc_make(&k, NULL);
    kit_sql(&k, KIT_WEST_SQL, "SET GLOBAL tidb_super_read_only = ON");
    kit_wait(&k, 1000);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'bypass')");
    kit_wait(&k, 3000);
    cr_assert_str_eq(cdc_west(&k, "SELECT v FROM shop.t WHERE id = 1"), "bypass");
    /* locked: the session it has goes on, the next login does not */
    kit_sql(&k, KIT_WEST_SQL, "SET GLOBAL tidb_super_read_only = OFF");
    kit_sql(&k, KIT_WEST_SQL, "ALTER USER cdc ACCOUNT LOCK");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (2, 'locked')");
    kit_wait(&k, 3000);
    cr_assert_str_eq(cdc_west(&k, "SELECT v FROM shop.t WHERE id = 2"), "locked");
    kill_sink(&k);
    kit_wait(&k, 2000);
    cr_assert_str_eq(cdc_state(&k), "pending");
    cr_assert(
        strstr(dr_json_str(json_object_get(cdc_feed(&k), "error"), "message"), "3118"));
    kit_sql(&k, KIT_WEST_SQL, "ALTER USER cdc ACCOUNT UNLOCK");
    kit_wait(&k, 30000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    kill_sink(&k); /* alone it is healed by the next connection of the pool */
    kit_wait(&k, 500);
    cr_assert_str_eq(cdc_state(&k), "normal");
    kit_close(&k);
}

Test(model_ticdc, item_06_read_only_without_bypass)
{
    static const char *const grants[] = {"ALL PRIVILEGES ON *.*"};
    struct kit k;
    uint64_t before;

    kit_init(&k);
    ((struct dr_sim_account *)(uintptr_t)k.clusters[1].accounts)[1].grants = grants;
    ((struct dr_sim_account *)(uintptr_t)k.clusters[1].accounts)[1].grant_count = 1;
    kit_start(&k);
    cdc_shop(&k, KIT_EAST_SQL);
    cdc_shop(&k, KIT_WEST_SQL);
    cdc_make(&k, NULL);
    kit_sql(&k, KIT_WEST_SQL, "SET GLOBAL tidb_super_read_only = ON");
    kit_wait(&k, 1000);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'x')");
    kit_wait(&k, 3000);
    before = cdc_checkpoint(&k);
    cr_assert_str_eq(cdc_state(&k), "pending");
    cr_assert(strstr(dr_json_str(json_object_get(cdc_feed(&k), "error"), "message"),
                     "Error 1836 (HY000): Running in read-only mode"));
    kit_wait(&k, 60 * 60 * 1000);
    cr_assert_str_eq(cdc_state(&k), "failed");
    cr_assert_eq(cdc_checkpoint(&k), before);
    kit_sql(&k, KIT_WEST_SQL, "SET GLOBAL tidb_super_read_only = OFF");
    kit_wait(&k, 1000);
    cdc_call(&k, "POST", FEEDS "/f/resume", "{}");
    kit_wait(&k, 3000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    cr_assert_str_eq(cdc_west(&k, "SELECT v FROM shop.t WHERE id = 1"), "x");
    kit_close(&k);
}

Test(model_ticdc, item_07_gc_ttl_exceeded)
{
    struct kit k;
    struct dr_http_answer ans;
    uint64_t early;

    kit_open(&k);
    early = cdc_tso(&k);
    cdc_make(&k, NULL);
    cdc_call(&k, "POST", FEEDS "/f/pause", NULL);
    kit_wait(&k, INT64_C(23) * 3600 * 1000);
    cr_assert_str_eq(cdc_state(&k), "stopped");
    kit_wait(&k, INT64_C(2) * 3600 * 1000);
    cr_assert_str_eq(cdc_state(&k), "failed", "the check runs on a stopped feed, too");
    ans = cdc_call(&k, "GET", FEEDS "/f", NULL);
    cr_assert(strstr(ans.body, "CDC:ErrGCTTLExceeded"), "%s", ans.body);
    ans = cdc_call(&k, "POST", FEEDS "/f/resume", "{}");
    CDC_REFUSED(&k, ans, 400, "CDC:ErrStartTsBeforeGC",
                "is earlier than or equal to GC safepoint at");
    ans = cdc_call(&k, "POST", FEEDS,
                   dr_sprintf(k.arena,
                              "{\"changefeed_id\":\"g\",\"sink_uri\":\"" KIT_SINK
                              "\",\"start_ts\":%llu}",
                              (unsigned long long)early));
    CDC_REFUSED(&k, ans, 400, "CDC:ErrStartTsBeforeGC",
                dr_sprintf(k.arena, "because start-ts %llu is earlier",
                           (unsigned long long)early));
    kit_close(&k);
}

/* 7.5 does not look at the checkpoint: 200, and the feed fails afterwards. */
Test(model_ticdc, item_07_resume_lies_in_7_5)
{
    struct kit k;

    kit_init(&k);
    k.clusters[0].version = k.clusters[0].ticdc.version =
        (struct dr_version){"v7.5.6", 7, 5, 6};
    kit_start(&k);
    cdc_make(&k, NULL);
    cdc_call(&k, "POST", FEEDS "/f/pause", NULL);
    kit_wait(&k, INT64_C(25) * 3600 * 1000);
    cr_assert_str_eq(cdc_state(&k), "failed");
    cr_assert_eq(cdc_call(&k, "POST", FEEDS "/f/resume", "{}").status, 200);
    kit_wait(&k, 1000);
    cr_assert_str_eq(cdc_state(&k), "failed");
    cr_assert_str_eq(dr_json_str(json_object_get(cdc_feed(&k), "error"), "code"),
                     "CDC:ErrStartTsBeforeGC");
    kit_close(&k);
}

Test(model_ticdc, item_08_synced_after_writes)
{
    struct kit k;
    struct dr_http_answer ans;

    cdc_open_shops(&k);
    cdc_make(&k, NULL);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'x')");
    kit_wait(&k, 10000);
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    cr_assert(strstr(ans.body, "\"synced\":false"), "five minutes of silence: %s",
              ans.body);
    kit_wait(&k, 300000);
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    cr_assert(strstr(ans.body, "\"synced\":true"), "%s", ans.body);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (2, 'x')");
    kit_wait(&k, 3000);
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    cr_assert(strstr(ans.body, "\"synced\":false"));
    kit_ctl(&k, "{\"fault\":\"cdc-owner-change\",\"cluster\":\"east\"}");
    kit_wait(&k, 5000);
    ans = cdc_call(&k, "GET", FEEDS "/f/synced", NULL);
    cr_assert(strstr(ans.body, "\"synced\":true"), "L died with the owner: %s", ans.body);
    kit_close(&k);
}

struct listing {
    size_t metas, logs, markers;
    char meta[256];
};

/* What lies in the redo bucket. */
static struct listing list_redo(struct kit *k)
{
    json_t *state = dr_model_store_state(k->m), *objects, *o;
    struct listing out = {0};
    size_t i;

    objects =
        json_object_get(json_object_get(json_array_get(state, 0), "buckets"), "redo");
    json_array_foreach(objects, i, o)
    {
        const char *key = dr_json_str(o, "key");
        size_t len = strlen(key);
        if (strstr(key, ".meta")) {
            out.metas++;
            snprintf(out.meta, sizeof(out.meta), "%s", key);
        }
        out.logs += len > 4 && !strcmp(key + len - 4, ".log");
        out.markers += !strcmp(key, "orders/delete_f");
    }
    json_decref(state);
    return out;
}

Test(model_ticdc, item_11_redo_files_and_wipe)
{
    struct kit k;
    struct listing files;
    char first[256];

    cdc_open_shops(&k);
    cdc_make(&k,
             "{\"consistent\":{\"level\":\"eventual\",\"storage\":\"" KIT_REDO "\"}}");
    cr_assert_str_eq(cdc_state(&k), "normal");
    files = list_redo(&k);
    cr_assert_eq(files.metas, 1);
    cr_assert_eq(files.logs, 0);
    cr_assert_eq(strncmp(files.meta, "orders/127.1.1.", 15), 0, "%s", files.meta);
    cr_assert(strstr(files.meta, ":8300_default_f_meta_"), "%s", files.meta);
    memcpy(first, files.meta, sizeof(first));
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'x')");
    for (int i = 0; i < 40 && !files.logs; i++) {
        kit_wait(&k, 50);
        files = list_redo(&k);
    }
    cr_assert_eq(files.logs, 1);
    cr_assert_eq(files.metas, 1);
    cr_assert_str_neq(files.meta, first, "written anew under another name");
    kit_wait(&k, 10000);
    cr_assert_eq(list_redo(&k).logs, 0, "collected behind the checkpoint");
    cr_assert_eq(cdc_call(&k, "DELETE", FEEDS "/f", NULL).status, 200);
    files = list_redo(&k);
    cr_assert_eq(files.metas + files.logs, 0);
    cr_assert_eq(files.markers, 1);
    kit_close(&k);
}

/* The downstream stands still: redo goes on, so its resolved ts leads the checkpoint. */
Test(model_ticdc, item_11_redo_meta_leads_the_checkpoint)
{
    static const char storage[] = "{\"consistent\":{\"level\":\"eventual\",\"storage\":"
                                  "\"file:///redo/orders\"}}";
    struct kit k;
    json_t *state, *feed;
    uint64_t checkpoint, resolved;

    kit_open(&k);
    cdc_make(&k, storage);
    kit_ctl(&k, "{\"fault\":\"feed-stall\",\"cluster\":\"east\"}");
    kit_wait(&k, 10000);
    state = dr_model_cdc_state(k.m, 0);
    feed = json_array_get(json_object_get(state, "feeds"), 0);
    checkpoint = cdc_u64(feed, "checkpoint");
    resolved = cdc_u64(feed, "redo_resolved");
    cr_assert_geq(dr_tso_age_ms(resolved, checkpoint), 9000);
    json_decref(state);
    /* storage full: the feed stops, and says why */
    kit_ctl(&k, "{\"fault\":\"folders-full\"}");
    kit_wait(&k, 2000);
    cr_assert_str_eq(cdc_state(&k), "pending");
    cr_assert_str_eq(dr_json_str(json_object_get(cdc_feed(&k), "error"), "code"),
                     "CDC:ErrExternalStorageAPI");
    kit_close(&k);
}

/* The storage dies with a write of meta under way: the feed retries without a place to
 * write to, and goes on when the storage is back. */
Test(model_ticdc, redo_storage_dies_and_comes_back)
{
    struct kit k;

    kit_open(&k);
    cdc_make(&k,
             "{\"consistent\":{\"level\":\"eventual\",\"storage\":\"" KIT_REDO "\"}}");
    kit_wait(&k, 3000);
    kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"127.1.1.11:6060\"}");
    kit_wait(&k, 20000);
    cr_assert_str_neq(cdc_state(&k), "normal");
    cr_assert_eq(list_redo(&k).metas, 1); /* who looks makes due writes land */
    kit_ctl(&k, "{\"fault\":\"start\",\"at\":\"127.1.1.11:6060\"}");
    kit_wait(&k, 60000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    cr_assert_eq(list_redo(&k).metas, 1);
    kit_close(&k);
}

Test(model_ticdc, redo_meta_bytes)
{
    static const unsigned char known[] =
        "\x82\xac"
        "checkpointTs\xcf\x06\x5e\xb7\xc4\x12\x34\x56\x78\xaa"
        "resolvedTs\x07";
    unsigned char bytes[DR_REDO_META_MAX];
    uint64_t c, r;
    size_t len = dr_redo_meta_write(bytes, 0x065eb7c412345678, 7);

    cr_assert_eq(len, sizeof(known) - 1);
    cr_assert_eq(memcmp(bytes, known, len), 0);
    cr_assert(dr_redo_meta_read(bytes, len, &c, &r));
    cr_assert_eq(c, 0x065eb7c412345678);
    cr_assert_eq(r, 7);
    for (size_t cut = 0; cut < len; cut++)
        cr_assert_not(dr_redo_meta_read(bytes, cut, &c, &r), "%zu", cut);
}

Test(model_ticdc, syncpoints)
{
    struct kit k;
    const char *primary, *secondary;
    uint64_t p, s;

    cdc_open_shops(&k);
    cdc_make(&k, "{\"enable_sync_point\":true,\"sync_point_interval\":\"30s\"}");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'x')");
    kit_wait(&k, 70000);
    cr_assert_str_eq(cdc_west(&k, "SELECT COUNT(*) FROM tidb_cdc.syncpoint_v1"), "2");
    cr_assert_str_eq(cdc_west(&k, "SELECT changefeed FROM tidb_cdc.syncpoint_v1 LIMIT 1"),
                     "f");
    primary = cdc_west(&k, "SELECT MAX(primary_ts) FROM tidb_cdc.syncpoint_v1");
    secondary = cdc_west(&k, "SELECT MAX(secondary_ts) FROM tidb_cdc.syncpoint_v1");
    cr_assert(dr_parse_u64(primary, strlen(primary), &p), "%s", primary);
    cr_assert(dr_parse_u64(secondary, strlen(secondary), &s), "%s", secondary);
    cr_assert_eq(dr_tso_ms(p) % 30000, 0, "aligned since 8.2");
    cr_assert_gt(s, p);
    cr_assert_str_eq(cdc_west(&k, "SELECT @@GLOBAL.tidb_external_ts"), secondary);
    kit_close(&k);
}

/* start_ts is exclusive: what was committed at it is not sent, one earlier it is. */
Test(model_ticdc, item_05_start_ts_to_the_tso)
{
    for (int earlier = 0; earlier < 2; earlier++) {
        struct kit k;
        cdc_open_shops(&k);
        kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'x')");
        const struct dr_change_log *log = &dr_model_cluster(k.m, "east")->log;
        uint64_t commit = log->items[log->count - 1].commit_tso;
        struct dr_http_answer ans =
            cdc_call(&k, "POST", FEEDS,
                     dr_sprintf(k.arena,
                                "{\"changefeed_id\":\"f\",\"sink_uri\":\"" KIT_SINK
                                "\",\"start_ts\":%llu}",
                                (unsigned long long)commit - (unsigned)earlier));
        cr_assert_eq(ans.status, 200, "%s", ans.body);
        kit_wait(&k, 4000);
        cr_assert_str_eq(cdc_west(&k, "SELECT COUNT(*) FROM shop.t"),
                         earlier ? "1" : "0");
        kit_close(&k);
    }
}

/* A bdr feed carries the DDL that ran while the role was PRIMARY, and no other; what the
 * role is when the feed comes to it does not count. */
Test(model_ticdc, item_05_ddl_follows_the_role_it_ran_under)
{
    struct kit k;
    cdc_open_shops(&k);
    cdc_make(&k, "{\"bdr_mode\":true}");
    kit_sql(&k, KIT_EAST_SQL, "CREATE TABLE shop.none (id INT PRIMARY KEY)");
    kit_sql(&k, KIT_EAST_SQL, "ADMIN SET BDR ROLE PRIMARY");
    kit_sql(&k, KIT_WEST_SQL, "ADMIN SET BDR ROLE SECONDARY");
    kit_sql(&k, KIT_EAST_SQL, "CREATE TABLE shop.carried (id INT PRIMARY KEY)");
    kit_sql(&k, KIT_EAST_SQL, "ADMIN UNSET BDR ROLE");
    kit_wait(&k, 4000);
    cr_assert_str_eq(cdc_west(&k, "SELECT COUNT(*) FROM information_schema.tables WHERE "
                                  "TABLE_SCHEMA = 'shop'"),
                     "2");
    cr_assert_str_eq(
        cdc_west(&k, "SELECT MIN(TABLE_NAME) FROM information_schema.tables WHERE "
                     "TABLE_SCHEMA = 'shop'"),
        "carried");
    cr_assert_str_eq(cdc_state(&k), "normal");
    kit_close(&k);
}

/* The sink's account lacks a right: a feed error, never one of the create. */
Test(model_ticdc, item_06_rights_of_the_sink_account)
{
    static const struct {
        const char *grants, *config, *part;
    } cases[] = {
        {"SELECT, CREATE, UPDATE, DELETE ON *.*", NULL, "INSERT command denied"},
        {"SELECT, INSERT, UPDATE, DELETE, CREATE ON *.*",
         "{\"enable_sync_point\":true,\"sync_point_interval\":\"30s\"}",
         "SYSTEM_VARIABLES_ADMIN"},
        {"SELECT, INSERT, UPDATE, DELETE ON shop.*",
         "{\"enable_sync_point\":true,\"sync_point_interval\":\"30s\"}", "tidb_cdc"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kit k;
        kit_init(&k);
        struct dr_sim_account *sink =
            &((struct dr_sim_account *)(uintptr_t)k.clusters[1].accounts)[1];
        sink->grants = &cases[i].grants;
        sink->grant_count = 1;
        kit_start(&k);
        cdc_shop(&k, KIT_EAST_SQL);
        cdc_shop(&k, KIT_WEST_SQL);
        struct dr_http_answer ans = cdc_post(&k, cases[i].config);
        cr_assert_eq(ans.status, 200, "%s", ans.body);
        kit_wait(&k, 1000);
        kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'x')");
        kit_wait(&k, 45000);
        const char *state = cdc_state(&k);
        cr_assert(!strcmp(state, "pending") || !strcmp(state, "warning"), "%s", state);
        ans = cdc_call(&k, "GET", FEEDS, NULL);
        cr_assert(strstr(ans.body, cases[i].part), "%s", ans.body);
        kit_close(&k);
    }
}

Test(model_ticdc, syncpoints_are_purged_after_their_retention)
{
    struct kit k;
    cdc_open_shops(&k);
    cdc_make(&k, "{\"enable_sync_point\":true,\"sync_point_interval\":\"10m\","
                 "\"sync_point_retention\":\"1h\"}");
    kit_wait(&k, 4 * 60 * 60 * 1000);
    const char *n = cdc_west(&k, "SELECT COUNT(*) FROM tidb_cdc.syncpoint_v1");
    uint64_t count;
    cr_assert(dr_parse_u64(n, strlen(n), &count));
    cr_assert(count >= 6 && count <= 10, "%s of 24", n);
    kit_close(&k);
}

Test(model_ticdc, a_warning_goes_when_the_feed_gets_on)
{
    struct kit k;
    struct dr_http_answer ans;
    cdc_open_shops(&k);
    cdc_make(&k, NULL);
    kit_ctl(&k, "{\"fault\":\"feed-freeze\",\"cluster\":\"east\"}");
    kit_wait(&k, 1000);
    kit_ctl(&k, "{\"fault\":\"feed-warning\",\"cluster\":\"east\"}");
    kit_wait(&k, 5000);
    cr_assert_str_eq(cdc_state(&k), "warning");
    cr_assert_null(json_object_get(cdc_feed(&k), "error"), "GET shows errors only");
    ans = cdc_call(&k, "GET", FEEDS "/f/status", NULL);
    cr_assert(strstr(ans.body, "\"last_warning\""), "%s", ans.body);
    kit_ctl(&k, "{\"fault\":\"clear\"}");
    kit_wait(&k, 3000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    kit_close(&k);
}

/* Rows are marked with the upstream's source id, read when the feed starts. */
Test(model_ticdc, item_05_rows_are_marked_with_the_source_id)
{
    struct kit k;
    const struct dr_change_log *log;
    cdc_open_shops(&k);
    kit_sql(&k, KIT_EAST_SQL, "SET GLOBAL tidb_source_id = 7");
    cdc_make(&k, NULL);
    kit_sql(&k, KIT_EAST_SQL, "SET GLOBAL tidb_source_id = 9");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'x')");
    kit_wait(&k, 3000);
    log = &dr_model_cluster(k.m, "west")->log;
    cr_assert_eq(log->items[log->count - 1].write_source, 7);
    cdc_call(&k, "POST", FEEDS "/f/pause", NULL);
    kit_wait(&k, 1000);
    cdc_call(&k, "POST", FEEDS "/f/resume", "{}");
    kit_wait(&k, 1000);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (2, 'y')");
    kit_wait(&k, 3000);
    log = &dr_model_cluster(k.m, "west")->log;
    cr_assert_eq(log->items[log->count - 1].write_source, 9);
    kit_close(&k);
}

Test(model_ticdc, ttl_is_off_downstream)
{
    struct kit k;

    kit_open(&k);
    cdc_make(&k, NULL);
    kit_sql(&k, KIT_EAST_SQL, "CREATE DATABASE shop");
    kit_sql(&k, KIT_EAST_SQL,
            "CREATE TABLE shop.e (id BIGINT PRIMARY KEY, at DATETIME) TTL = "
            "`at` + INTERVAL 3 DAY TTL_ENABLE = 'ON'");
    kit_wait(&k, 3000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    cr_assert(strstr(kit_sql(&k, KIT_WEST_SQL, "SHOW CREATE TABLE shop.e").cells[1].text,
                     "TTL_ENABLE='OFF'"));
    kit_close(&k);
}

/* A RESTORE into the upstream blocks a create, as its lease in PD's etcd says. */
Test(model_ticdc, item_03_create_waits_for_a_restore)
{
    static const char restore[] = "RESTORE DATABASE * FROM '/backup/x'";
    struct kit k;
    struct dr_http_answer ans;
    struct dr_model_session *s;
    struct dr_sql_answer out = {0};

    kit_open(&k);
    cdc_shop(&k, KIT_WEST_SQL);
    kit_sql(&k, KIT_WEST_SQL, "BACKUP DATABASE * TO '/backup/x'");
    s = kit_sql_as(&k, KIT_EAST_SQL, "root", "");
    cr_assert_eq(dr_model_sql_query(s, restore, strlen(restore), &out, k.arena),
                 DR_MODEL_RUNNING);
    kit_wait(&k, 500);
    ans = cdc_post(&k, NULL);
    CDC_REFUSED(&k, ans, 500, "CDC:ErrUpstreamHasRunningImport", "running import tasks");
    kit_wait(&k, 10000);
    cr_assert_eq(dr_model_sql_poll(s, &out, k.arena), DR_MODEL_DONE);
    cr_assert_eq(out.error, 0, "%s", out.message);
    cr_assert_eq(cdc_post(&k, NULL).status, 200);
    dr_model_sql_close(s);
    kit_close(&k);
}

/* Answers and state depend on document, seed and calls alone. */
Test(model_ticdc, same_seed_same_bytes)
{
    struct dr_buf text[2];

    for (int i = 0; i < 2; i++) {
        struct kit k;
        cdc_open_shops(&k);
        cdc_make(&k, "{\"consistent\":{\"level\":\"eventual\",\"storage\":\"" KIT_REDO
                     "\"}}");
        kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'x')");
        kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_EAST_PD "\"}");
        kit_wait(&k, 30000);
        kit_ctl(&k, "{\"fault\":\"kill\",\"at\":\"" KIT_WEST_SQL "\"}");
        kit_wait(&k, 30000);
        dr_buf_init(&text[i], 1 << 22);
        dr_model_print(k.m, &text[i]);
        kit_close(&k);
    }
    cr_assert_str_eq(dr_buf_str(&text[0]), dr_buf_str(&text[1]));
    cr_assert_null(strstr(dr_buf_str(&text[0]), "s3cret"));
    cr_assert_null(strstr(dr_buf_str(&text[0]), "SKEY"));
    for (int i = 0; i < 2; i++)
        dr_buf_release(&text[i]);
}
