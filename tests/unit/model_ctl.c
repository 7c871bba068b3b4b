/* What `drover-sim ctl` does to the simulated estate: who can be cut off from whom, lost
 * replies, regions, clocks, GC; the workload, the check, the audit. */
#include "controller/estate/model/audit_text.h"
#include "controller/estate/model/internal.h"
#include "tests/unit/model_cdc_kit.h"

/* {"show": ..} as the control socket takes it; owned by the kit. */
static json_t *look(struct kit *k, const char *what, const char *text)
{
    json_t *command = NULL, *reply = NULL;
    struct dr_err err = {0};
    cr_assert_eq(dr_json_parse(&command, text, strlen(text), &err), 0, "%s", err.text);
    cr_assert_eq(dr_model_look(k->m, what, command, &reply, &err), 0, "%s: %s", what,
                 err.text);
    json_decref(command);
    dr_arena_defer(k->arena, (void (*)(void *))json_decref, reply);
    return reply;
}

static bool good(struct kit *k, const char *command)
{
    return json_is_true(json_object_get(look(k, "check", command), "ok"));
}

static const char *refusal(struct kit *k, const char *command)
{
    json_t *v = NULL, *reply = NULL;
    struct dr_err err = {0};
    cr_assert_eq(dr_json_parse(&v, command, strlen(command), &err), 0);
    cr_assert_neq(dr_model_ctl(k->m, v, &reply, &err), 0, "%s", command);
    json_decref(v);
    return dr_strdup(k->arena, err.text);
}

static size_t active(struct kit *k)
{
    return json_array_size(json_object_get(look(k, "faults", "{}"), "active"));
}

/* ---- partitions ---- */

static bool client_reaches(struct kit *k, const char *host, const char *at)
{
    const struct dr_model_client c = {.host = host};
    struct dr_address where = kit_at(at);
    return dr_model_reached_by(k->m, &c, &where);
}

Test(model_ctl, clients_are_cut_off_by_whom_they_are_and_what_they_ask)
{
    static const struct {
        const char *from, *to;
        bool east_sql, east_pd, west_sql; /* reached from 127.9.0.1 */
    } cases[] = {
        {"127.9.0.1", "west", true, true, false},
        {"west", "127.9.", true, true, false},
        {"127.9.0.2", "west", true, true, true},
        {"clients", "sql:east", false, true, true},
        {"clients", "pd:east", true, false, true},
        {"127.9.0.1", KIT_EAST_PD, true, false, true},
        {"me", "sql:west", true, true, false},
        {"east", "west", true, true, true},
    };
    struct kit k;
    kit_open(&k);
    kit_ctl(&k, "{\"fault\":\"client\",\"name\":\"me\",\"is\":\"127.9.0.1\"}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kit_ctl(&k, dr_sprintf(k.arena,
                               "{\"fault\":\"partition\",\"from\":\"%s\",\"to\":\"%s\"}",
                               cases[i].from, cases[i].to));
        cr_assert_eq(client_reaches(&k, "127.9.0.1", KIT_EAST_SQL), cases[i].east_sql,
                     "%s", cases[i].from);
        cr_assert_eq(client_reaches(&k, "127.9.0.1", KIT_EAST_PD), cases[i].east_pd, "%s",
                     cases[i].from);
        cr_assert_eq(client_reaches(&k, "127.9.0.1", KIT_WEST_SQL), cases[i].west_sql,
                     "%s", cases[i].from);
        cr_assert_eq(active(&k), 1);
        kit_ctl(&k,
                dr_sprintf(k.arena, "{\"fault\":\"heal\",\"from\":\"%s\",\"to\":\"%s\"}",
                           cases[i].to, cases[i].from));
        cr_assert(client_reaches(&k, "127.9.0.1", KIT_WEST_SQL));
    }
    cr_assert(strstr(refusal(&k, "{\"fault\":\"partition\",\"from\":\"nowhere\","
                                 "\"to\":\"west\"}"),
                     "nothing that could be cut off"));
    cr_assert(strstr(refusal(&k, "{\"fault\":\"heal\",\"from\":\"east\","
                                 "\"to\":\"west\"}"),
                     "there is no partition"));
    kit_close(&k);
}

Test(model_ctl, processes_are_cut_off_from_each_other)
{
    struct kit k;
    struct dr_http_answer ans;
    cdc_open_shops(&k);
    cdc_make(&k, NULL);
    /* TiCDC of east from SQL of west: the feed retries, and goes on afterwards */
    kit_ctl(&k, "{\"fault\":\"partition\",\"from\":\"ticdc:east\",\"to\":\"sql:west\"}");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'a')");
    kit_wait(&k, 3000);
    cr_assert_str_eq(cdc_state(&k), "pending");
    kit_ctl(&k, "{\"fault\":\"heal\"}");
    kit_wait(&k, 30000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    cr_assert_str_eq(kit_cell(&k, KIT_WEST_SQL, "SELECT v FROM shop.t"), "a");
    /* from its own TiKV: nothing is captured, the state says normal */
    uint64_t before = cdc_checkpoint(&k);
    kit_ctl(&k, "{\"fault\":\"partition\",\"from\":\"ticdc:east\",\"to\":\"sql:east\"}");
    kit_wait(&k, 1000);
    before = cdc_checkpoint(&k);
    kit_wait(&k, 5000);
    cr_assert_eq(cdc_checkpoint(&k), before);
    cr_assert_str_eq(cdc_state(&k), "normal");
    kit_ctl(&k, "{\"fault\":\"heal\"}");
    /* from PD: no timestamps, and the owner gives up */
    kit_ctl(&k, "{\"fault\":\"partition\",\"from\":\"ticdc:east\",\"to\":\"pd:east\"}");
    ans = cdc_call(&k, "POST", "/api/v2/tso", "{}");
    CDC_REFUSED(&k, ans, 500, "CDC:ErrPDEtcdAPIError", "fail to get ts");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (2, 'b')");
    kit_wait(&k, 20000);
    ans = cdc_call(&k, "GET", FEEDS, NULL);
    cr_assert_eq(ans.status, 500, "%s", ans.body);
    kit_ctl(&k, "{\"fault\":\"heal\"}");
    kit_wait(&k, 10000);
    cr_assert_str_eq(cdc_state(&k), "normal");
    /* a capture from the owner: it cannot forward */
    kit_ctl(&k, "{\"fault\":\"partition\",\"from\":\"" KIT_EAST_CDC
                "\",\"to\":\"" KIT_EAST_CDC2 "\"}");
    int failed = 0;
    ans = kit_http(&k, KIT_EAST_CDC, "GET", FEEDS, NULL);
    failed += ans.status == 500;
    ans = kit_http(&k, KIT_EAST_CDC2, "GET", FEEDS, NULL);
    failed += ans.status == 500;
    cr_assert_eq(failed, 1, "one of them is the owner");
    kit_ctl(&k, "{\"fault\":\"heal\"}");
    /* an instance from PD */
    kit_ctl(&k,
            "{\"fault\":\"partition\",\"from\":\"" KIT_EAST_SQL "\",\"to\":\"pd:east\"}");
    struct dr_model_session *s = kit_sql_as(&k, KIT_EAST_SQL, "root", "");
    cr_assert_eq(kit_exec(&k, s, "SELECT * FROM shop.t").error, 9001);
    kit_sql(&k, KIT_EAST_SQL2, "SELECT * FROM shop.t");
    dr_model_sql_close(s);
    kit_close(&k);
}

Test(model_ctl, redo_needs_its_storage)
{
    struct kit k;
    cdc_open_shops(&k);
    cdc_make(&k,
             "{\"consistent\":{\"level\":\"eventual\",\"storage\":\"" KIT_REDO "\"}}");
    kit_ctl(&k, "{\"fault\":\"partition\",\"from\":\"ticdc:east\",\"to\":\"store\"}");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'a')");
    kit_wait(&k, 5000);
    cr_assert_str_eq(cdc_state(&k), "pending");
    cr_assert_str_eq(kit_cell(&k, KIT_WEST_SQL, "SELECT COUNT(*) FROM shop.t"), "0",
                     "nothing goes downstream before it is in the redo log");
    kit_ctl(&k, "{\"fault\":\"clear\"}");
    kit_wait(&k, 30000);
    cr_assert_str_eq(kit_cell(&k, KIT_WEST_SQL, "SELECT COUNT(*) FROM shop.t"), "1");
    kit_close(&k);
}

/* ---- replies, regions, clocks, GC ---- */

Test(model_ctl, a_lost_reply_by_kind)
{
    struct kit k;
    struct dr_sql_answer out = {0};
    kit_open(&k);
    cdc_shop(&k, KIT_EAST_SQL);
    struct dr_model_session *s = kit_sql_as(&k, KIT_EAST_SQL, "root", "");
    const char *insert = "INSERT INTO shop.t VALUES (1, 'a')";
    kit_ctl(&k, "{\"fault\":\"lose\",\"kind\":\"insert\",\"at\":\"" KIT_EAST_SQL "\"}");
    cr_assert_eq(kit_exec(&k, s, "UPDATE shop.t SET v = 'b'").error, 0, "another kind");
    cr_assert_eq(dr_model_sql_query(s, insert, strlen(insert), &out, k.arena),
                 DR_MODEL_RUNNING);
    kit_wait(&k, 3600000);
    cr_assert_eq(dr_model_sql_poll(s, &out, k.arena), DR_MODEL_RUNNING, "no reply, ever");
    cr_assert_str_eq(kit_cell(&k, KIT_EAST_SQL2, "SELECT v FROM shop.t"), "a",
                     "yet done");
    dr_model_sql_close(s);
    cr_assert_eq(active(&k), 0, "it struck once");
    kit_ctl(&k,
            "{\"fault\":\"drop-after\",\"kind\":\"post\",\"match\":\"/changefeeds\"}");
    cr_assert_eq(cdc_call(&k, "POST", "/api/v2/tso", "{}").status, 200);
    cr_assert_eq(cdc_call(&k, "GET", FEEDS, NULL).status, 200);
    kit_sql(&k, KIT_WEST_SQL, "CREATE DATABASE shop");
    cr_assert_eq(cdc_post(&k, NULL).status, 0, "the connection broke");
    kit_wait(&k, 2000);
    cr_assert_str_eq(cdc_state(&k), "normal", "the feed is there");
    kit_close(&k);
}

Test(model_ctl, a_region_is_lost_and_back)
{
    struct kit k;
    kit_open(&k);
    cdc_shop(&k, KIT_EAST_SQL);
    kit_ctl(&k, "{\"fault\":\"region-lost\",\"region\":\"east\"}");
    struct dr_address sql = kit_at(KIT_EAST_SQL), pd = kit_at(KIT_EAST_PD),
                      cdc = kit_at(KIT_EAST_CDC), west = kit_at(KIT_WEST_SQL);
    cr_assert(!dr_model_up(k.m, &sql) && !dr_model_up(k.m, &pd) &&
              !dr_model_up(k.m, &cdc));
    cr_assert(dr_model_up(k.m, &west));
    cr_assert_eq(active(&k), 2 + 3 + 2, "each process is named");
    kit_ctl(&k, "{\"fault\":\"region-back\",\"region\":\"east\"}");
    cr_assert_eq(active(&k), 0);
    kit_wait(&k, 30000);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'a')");
    cr_assert_eq(cdc_call(&k, "GET", FEEDS, NULL).status, 200);
    cr_assert(strstr(refusal(&k, "{\"fault\":\"region-lost\",\"region\":\"mars\"}"),
                     "nothing stands in region"));
    kit_close(&k);
}

Test(model_ctl, clocks_step_and_timestamps_do_not)
{
    struct kit k;
    cdc_open_shops(&k);
    cdc_make(&k, NULL);
    uint64_t before = cdc_tso(&k);
    int64_t wall = dr_model_wall_ms(k.m);
    kit_ctl(&k, "{\"fault\":\"step\",\"ms\":-3600000}");
    cr_assert_eq(dr_model_wall_ms(k.m), wall - 3600000);
    cr_assert_gt(cdc_tso(&k), before);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'a')");
    kit_wait(&k, 5000);
    cr_assert_str_eq(kit_cell(&k, KIT_WEST_SQL, "SELECT v FROM shop.t"), "a",
                     "rows travel on");
    kit_ctl(&k, "{\"fault\":\"clear\"}");
    cr_assert_eq(dr_model_wall_ms(k.m), wall + 5000);
    kit_close(&k);
}

Test(model_ctl, gc_goes_on_whatever_holds_it)
{
    struct kit k;
    kit_open(&k);
    cdc_shop(&k, KIT_EAST_SQL);
    kit_sql(&k, KIT_EAST_SQL, "SET GLOBAL tidb_gc_enable = OFF");
    uint64_t then = cdc_tso(&k);
    kit_wait(&k, 60000);
    kit_ctl(&k, "{\"fault\":\"gc-advance\",\"cluster\":\"east\",\"age_ms\":1000}");
    struct dr_http_answer ans =
        cdc_call(&k, "POST", FEEDS,
                 dr_sprintf(k.arena,
                            "{\"changefeed_id\":\"f\",\"sink_uri\":\"" KIT_SINK
                            "\",\"start_ts\":%llu}",
                            (unsigned long long)then));
    CDC_REFUSED(&k, ans, 400, "CDC:ErrStartTsBeforeGC", "earlier than or equal");
    cr_assert(strstr(refusal(&k, "{\"fault\":\"gc-advance\",\"cluster\":\"east\",\"tso\":"
                                 "\"9223372036854775807\"}"),
                     "future"));
    kit_close(&k);
}

Test(model_ctl, clear_ends_every_fault)
{
    static const char *const faults[] = {
        "{\"fault\":\"kill\",\"at\":\"" KIT_EAST_SQL "\"}",
        "{\"fault\":\"kill\",\"at\":\"" KIT_EAST_PD2 "\"}",
        "{\"fault\":\"hang\",\"at\":\"" KIT_EAST_SQL2 "\"}",
        "{\"fault\":\"cut\",\"at\":\"" KIT_WEST_SQL "\"}",
        "{\"fault\":\"refuse\",\"at\":\"" KIT_EAST_CDC "\"}",
        "{\"fault\":\"lag\",\"at\":\"" KIT_WEST_SQL2 "\"}",
        "{\"fault\":\"slow\",\"at\":\"" KIT_STORE "\",\"ms\":100}",
        "{\"fault\":\"partition\",\"from\":\"east\",\"to\":\"west\"}",
        "{\"fault\":\"drop-before\",\"match\":\"x\"}",
        "{\"fault\":\"clock\",\"cluster\":\"east\",\"ms\":5}",
        "{\"fault\":\"step\",\"ms\":5}",
        "{\"fault\":\"collation\",\"cluster\":\"east\"}",
        "{\"fault\":\"pd-young\",\"cluster\":\"west\"}",
        "{\"fault\":\"cdc-wrong-upstream\",\"cluster\":\"east\",\"id\":\"7\"}",
        "{\"fault\":\"cdc-zone\",\"cluster\":\"east\",\"minutes\":60}",
        "{\"fault\":\"cdc-import\",\"cluster\":\"east\"}",
        "{\"fault\":\"folders-full\"}",
    };
    struct kit k;
    struct dr_buf before, after;
    kit_open(&k);
    dr_buf_init(&before, 1 << 20);
    dr_buf_init(&after, 1 << 20);
    dr_model_print(k.m, &before);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        kit_ctl(&k, faults[i]);
        cr_assert_eq(active(&k), i + 1, "%s is to be seen", faults[i]);
    }
    kit_ctl(&k, "{\"fault\":\"clear\"}");
    cr_assert_eq(active(&k), 0);
    kit_wait(&k, 60000);
    cr_assert_eq(cdc_call(&k, "GET", "/api/v2/health", NULL).status, 200);
    dr_model_print(k.m, &after);
    cr_assert(strstr(dr_buf_str(&after), "\"up\": true"));
    dr_buf_release(&before);
    dr_buf_release(&after);
    kit_close(&k);
}

/* ---- workload and check ---- */

static int64_t count(struct kit *k, const char *what)
{
    int64_t n = -1;
    json_t *list = look(k, "workload", "{\"do\":\"show\"}");
    cr_assert(dr_json_i64(json_array_get(list, 0), what, &n), "%s", what);
    return n;
}

#define LOAD "{\"do\":\"start\",\"user\":\"root\",\"rate\":100,\"threads\":3"

static void pair_with_feed(struct kit *k)
{
    kit_open(k);
    cdc_shop(k, KIT_EAST_SQL);
    cdc_shop(k, KIT_WEST_SQL);
    cdc_make(k, NULL);
}

Test(model_ctl, a_workload_remembers_what_it_was_told)
{
    struct kit k;
    pair_with_feed(&k);
    look(&k, "workload", LOAD ",\"cluster\":\"east\"}");
    kit_wait(&k, 2000);
    int64_t told = count(&k, "acknowledged");
    cr_assert(told > 150 && told < 250, "%lld at 100 a second", (long long)told);
    cr_assert(good(&k, "{}"), "equal while it runs");
    /* lost answers of COMMIT are unknown, not acknowledged */
    kit_ctl(&k, "{\"fault\":\"drop-after\",\"kind\":\"commit\",\"count\":2}");
    kit_ctl(&k, "{\"fault\":\"drop-before\",\"kind\":\"commit\",\"count\":2}");
    kit_wait(&k, 500);
    cr_assert_eq(count(&k, "unknown"), 4);
    /* so is one that is waited for */
    kit_ctl(&k, "{\"fault\":\"lose\",\"kind\":\"commit\",\"at\":\"" KIT_EAST_SQL "\"}");
    for (int i = 0; i < 200; i++) {
        kit_wait(&k, 100);
        json_t *loads =
            json_object_get(look(&k, "check", "{\"open\":\"east\"}"), "workloads");
        cr_assert(json_is_true(json_object_get(json_array_get(loads, 0), "ok")));
    }
    cr_assert_eq(count(&k, "unknown"), 5);
    /* a fence refuses, on every instance */
    kit_sql(&k, KIT_EAST_SQL, "SET GLOBAL tidb_super_read_only = ON");
    kit_wait(&k, 500);
    told = count(&k, "acknowledged");
    kit_wait(&k, 1000);
    cr_assert_eq(count(&k, "acknowledged"), told);
    cr_assert_gt(count(&k, "refused"), 50);
    look(&k, "workload", "{\"do\":\"stop\"}");
    kit_wait(&k, 5000);
    cr_assert(good(&k, "{\"open\":\"east\"}"));
    cr_assert(good(&k, "{\"open\":\"west\"}"), "the feed has brought all of it");
    kit_close(&k);
}

Test(model_ctl, a_workload_follows_the_open_cluster)
{
    struct kit k;
    pair_with_feed(&k);
    kit_sql(&k, KIT_WEST_SQL, "SET GLOBAL tidb_super_read_only = ON");
    kit_wait(&k, 500);
    look(&k, "workload", LOAD "}");
    kit_wait(&k, 2000);
    cr_assert_gt(count(&k, "acknowledged"), 100);
    kit_sql(&k, KIT_EAST_SQL, "SET GLOBAL tidb_super_read_only = ON");
    kit_wait(&k, 3000);
    cr_assert_eq(cdc_call(&k, "DELETE", FEEDS "/f", NULL).status, 200);
    kit_sql(&k, KIT_WEST_SQL, "SET GLOBAL tidb_super_read_only = OFF");
    kit_wait(&k, 500);
    int64_t told = count(&k, "acknowledged");
    kit_wait(&k, 1000);
    cr_assert_gt(count(&k, "acknowledged"), told);
    cr_assert(good(&k, "{}"), "all of it is on west, what east took as well");
    kit_close(&k);
}

Test(model_ctl, the_check_finds_each_kind_of_difference)
{
    static const struct {
        const char *at, *sql, *what, *key;
    } cases[] = {
        {KIT_WEST_SQL, "INSERT INTO shop.t VALUES (9, 'x')", "only downstream", "id=9"},
        {KIT_WEST_SQL, "DELETE FROM shop.t WHERE id = 9", NULL, NULL},
        {KIT_WEST_SQL, "UPDATE shop.t SET v = 'x' WHERE id = 1", "differs", "id=1"},
        {KIT_WEST_SQL, "DELETE FROM shop.t WHERE id = 1", "missing downstream", "id=1"},
        {KIT_WEST_SQL, "INSERT INTO shop.t VALUES (1, 'a')", NULL, NULL},
        {KIT_WEST_SQL, "CREATE TABLE shop.u (id INT PRIMARY KEY)",
         "no such table upstream", NULL},
        {KIT_WEST_SQL, "DROP TABLE shop.u", NULL, NULL},
        {KIT_WEST_SQL, "ALTER TABLE shop.t ADD COLUMN w INT",
         "defined otherwise downstream", NULL},
        {KIT_WEST_SQL, "ALTER TABLE shop.t DROP COLUMN w", NULL, NULL},
        {KIT_WEST_SQL, "DROP TABLE shop.t", "no such table downstream", NULL},
    };
    struct kit k;
    pair_with_feed(&k);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'a')");
    kit_wait(&k, 3000);
    cr_assert(good(&k, "{}"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kit_sql(&k, cases[i].at, cases[i].sql);
        json_t *v = look(&k, "check", "{}");
        json_t *feed = json_array_get(json_object_get(v, "feeds"), 0);
        json_t *d = json_array_get(json_object_get(feed, "differences"), 0);
        cr_assert_eq(json_is_true(json_object_get(v, "ok")), !cases[i].what, "%s",
                     cases[i].sql);
        if (cases[i].what)
            cr_assert_str_eq(dr_json_str(d, "what"), cases[i].what);
        if (cases[i].key)
            cr_assert_str_eq(dr_json_str(d, "key"), cases[i].key);
    }
    kit_close(&k);
}

Test(model_ctl, the_check_at_a_syncpoint)
{
    struct kit k;
    cdc_open_shops(&k);
    cdc_make(&k, "{\"enable_sync_point\":true,\"sync_point_interval\":\"30s\"}");
    cr_assert(!good(&k, "{\"at\":\"syncpoint\"}"), "there is none");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'a')");
    kit_wait(&k, 40000);
    cr_assert(good(&k, "{\"at\":\"syncpoint\"}"));
    kit_ctl(&k, "{\"fault\":\"feed-stall\",\"cluster\":\"east\"}");
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (2, 'b')");
    kit_wait(&k, 5000);
    cr_assert(good(&k, "{\"at\":\"syncpoint\"}"));
    cr_assert(good(&k, "{}"), "as of what is applied");
    json_t *v = look(&k, "check", "{\"from\":\"east\",\"to\":\"west\"}");
    cr_assert(!json_is_true(json_object_get(v, "ok")), "as of now they differ");
    kit_close(&k);
}

Test(model_ctl, the_check_finds_a_lost_row)
{
    struct kit k;
    pair_with_feed(&k);
    look(&k, "workload", LOAD ",\"cluster\":\"east\"}");
    kit_wait(&k, 1000);
    look(&k, "workload", "{\"do\":\"stop\"}");
    kit_wait(&k, 3000);
    cr_assert(good(&k, "{}"));
    kit_sql(&k, KIT_EAST_SQL, "DELETE FROM shop.load_0 ORDER BY id LIMIT 1");
    kit_wait(&k, 3000);
    json_t *v = look(&k, "check", "{}");
    cr_assert(!json_is_true(json_object_get(v, "ok")));
    json_t *load = json_array_get(json_object_get(v, "workloads"), 0);
    json_t *row = json_array_get(json_object_get(load, "rows"), 0);
    cr_assert_str_eq(dr_json_str(row, "what"), "lost");
    json_t *feed = json_array_get(json_object_get(v, "feeds"), 0);
    cr_assert(json_is_true(json_object_get(feed, "ok")), "both sides lost it alike");
    kit_close(&k);
}

/* ---- audit ---- */

Test(model_ctl, kinds_of_statements_and_requests)
{
    static const struct {
        const char *text, *kind;
    } cases[] = {
        {"SELECT 1", "read"},
        {" /* c */ (select 1)", "read"},
        {"INSERT INTO t VALUES (1)", "insert"},
        {"replace into t values (1)", "insert"},
        {"UPDATE t SET a = 'GLOBAL'", "update"},
        {"SET SESSION a = 1", "session"},
        {"SET a = 'GLOBAL'", "session"},
        {"SET GLOBAL a = 1", "set"},
        {"SET a = 1, GLOBAL b = 2", "set"},
        {"SET @@GLOBAL.a = 1", "set"},
        {"SET PASSWORD = 'x'", "account"},
        {"CREATE USER u", "account"},
        {"CREATE TABLE t (a INT)", "ddl"},
        {"ADMIN SHOW DDL JOBS", "read"},
        {"ADMIN SET BDR ROLE PRIMARY", "admin"},
        {"KILL TIDB 5", "kill"},
        {"BACKUP DATABASE * TO 's3://b'", "backup"},
        {"COMMIT", "commit"},
        {"SELECTED", "read"},
        {"UPDATED", "read"},
    };
    static const struct {
        const char *method, *target, *kind;
    } requests[] = {
        {"GET", "/api/v2/changefeeds", "read"},
        {"POST", "/api/v2/changefeeds", "post"},
        {"POST", "/api/v2/tso", "read"},
        {"POST", "/api/v2/verify_table?x=1", "read"},
        {"PUT", "/backup/x", "put"},
        {"DELETE", "/backup/x", "delete"},
        {"HEAD", "/backup", "read"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_assert_str_eq(dr_statement_kind(cases[i].text, strlen(cases[i].text)),
                         cases[i].kind, "%s", cases[i].text);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        cr_assert_str_eq(dr_request_kind(requests[i].method, requests[i].target),
                         requests[i].kind, "%s", requests[i].target);
}

Test(model_ctl, the_audit_keeps_no_secret)
{
    static const struct {
        const char *text;
        bool account;
        const char *want;
    } cases[] = {
        {"CREATE USER 'a'@'%'  IDENTIFIED BY 'pw1'", true,
         "CREATE USER 'a'@'%' IDENTIFIED BY 'xxxxx'"},
        {"ALTER USER a IDENTIFIED WITH 'mysql_native_password' BY \"p\\\"w\"", true,
         "ALTER USER a IDENTIFIED WITH 'xxxxx' BY \"xxxxx\""},
        {"SET PASSWORD FOR 'a' = 'pw1'", true, "SET PASSWORD FOR 'xxxxx' = 'xxxxx'"},
        {"CREATE USER 'it''s' IDENTIFIED BY 'pw''1'", true,
         "CREATE USER 'it''s' IDENTIFIED BY 'xxxxx'"},
        {"CREATE USER a IDENTIFIED BY \"p\"\"w\", b IDENTIFIED BY 'pw1'", true,
         "CREATE USER a IDENTIFIED BY \"xxxxx\", b IDENTIFIED BY 'xxxxx'"},
        {"CREATE USER a IDENTIFIED BY /* 'pw1 */ 'pw1'", true,
         "CREATE USER a IDENTIFIED BY 'xxxxx'"},
        {"ALTER USER a IDENTIFIED BY -- it's\n'pw1'", true,
         "ALTER USER a IDENTIFIED BY 'xxxxx'"},
        {"ALTER USER a IDENTIFIED BY N'pw1' # pw1", true,
         "ALTER USER a IDENTIFIED BY N'xxxxx'"},
        {"SET PASSWORD := 'pw1", true, "SET PASSWORD := 'xxxxx'"},
        {"CREATE USER a IDENTIFIED WITH mysql_native_password AS '*pw1'", true,
         "CREATE USER a IDENTIFIED WITH mysql_native_password AS 'xxxxx'"},
        {"CREATE USER `identified`, 'password' IDENTIFIED BY 'pw\\'1'", true,
         "CREATE USER `identified`, 'password' IDENTIFIED BY 'xxxxx'"},
        {"SET PASSWORD = PASSWORD('pw1')", true, "SET PASSWORD = PASSWORD('xxxxx')"},
        {"BACKUP DATABASE * TO 's3://b/p?access-key=AK&secret-access-key=SK'", false,
         "BACKUP DATABASE * TO 's3://b/p?access-key=xxxxx&secret-access-key=xxxxx'"},
        {"POST /x {\"sink_uri\":\"mysql://u:pw1@h:4000/\"}", false,
         "POST /x {\"sink_uri\":\"mysql://u:xxxxx@h:4000/\"}"},
        {"UPDATE t\n  SET a = 1", false, "UPDATE t SET a = 1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *got = dr_audit_text(cases[i].text, strlen(cases[i].text), cases[i].account);
        cr_assert_str_eq(got, cases[i].want);
        free(got);
    }
}

static size_t entries(struct kit *k, const char *command)
{
    return json_array_size(json_object_get(look(k, "audit", command), "entries"));
}

Test(model_ctl, the_audit_has_every_change_and_nothing_else)
{
    struct kit k;
    pair_with_feed(&k);
    int64_t mark = 0;
    cr_assert(dr_json_i64(look(&k, "audit", "{}"), "mark", &mark));
    const char *since = dr_sprintf(k.arena, "{\"since\":%lld}", (long long)mark);
    kit_sql(&k, KIT_EAST_SQL, "SELECT 1");
    kit_sql(&k, KIT_EAST_SQL, "SET SESSION tidb_snapshot = ''");
    cdc_call(&k, "GET", FEEDS, NULL);
    cdc_call(&k, "POST", "/api/v2/tso", "{}");
    cr_assert_eq(entries(&k, since), 0);
    kit_sql(&k, KIT_EAST_SQL, "INSERT INTO shop.t VALUES (1, 'a')");
    struct dr_model_session *s = kit_sql_as(&k, KIT_EAST_SQL, "root", "");
    kit_exec(&k, s, "BEGIN");
    kit_exec(&k, s, "COMMIT"); /* of nothing */
    cr_assert_eq(kit_exec(&k, s, "INSERT INTO shop.t VALUES (1, 'a')").error, 1062);
    kit_exec(&k, s, "PREPARE p FROM 'DELETE FROM shop.t WHERE id = 9'");
    kit_exec(&k, s, "EXECUTE p");
    dr_model_sql_close(s);
    kit_wait(&k, 3000);
    cdc_call(&k, "POST", FEEDS "/f/pause", NULL);
    kit_http(&k, KIT_STORE, "PUT", "/backup/x", "bytes");
    json_t *list = json_object_get(look(&k, "audit", since), "entries");
    static const char *const want[][3] = {{"insert", "ok", "root"},
                                          {"insert", "error 1062", "root"},
                                          {"delete", "ok", "root"},
                                          {"post", "200", ""},
                                          {"put", "403", ""}};
    cr_assert_eq(json_array_size(list), 5);
    for (size_t i = 0; i < 5; i++) {
        const json_t *e = json_array_get(list, i);
        cr_assert_str_eq(dr_json_str(e, "kind"), want[i][0]);
        cr_assert_str_eq(dr_json_str(e, "outcome"), want[i][1]);
        cr_assert_str_eq(dr_json_str(e, "user"), want[i][2]);
    }
    /* the feed wrote the row as its sink's account, which is told apart */
    cr_assert_eq(entries(&k, "{\"origin\":\"ticdc\",\"server\":\"west\",\"user\":\"cdc\","
                             "\"kind\":\"insert\"}"),
                 1);
    kit_close(&k);
}

Test(model_ctl, the_audit_says_when_it_has_forgotten)
{
    struct kit k;
    kit_open(&k);
    cdc_shop(&k, KIT_EAST_SQL);
    struct dr_model_session *s = kit_sql_as(&k, KIT_EAST_SQL, "root", "");
    cr_assert(json_is_false(json_object_get(look(&k, "audit", "{}"), "truncated")));
    for (int i = 0; i < 20010; i++)
        (void)kit_exec(&k, s, "KILL 1");
    dr_model_sql_close(s);
    json_t *v = look(&k, "audit", "{}");
    cr_assert(json_is_true(json_object_get(v, "truncated")));
    cr_assert_eq(json_array_size(json_object_get(v, "entries")), 20000);
    v = look(&k, "audit", "{\"since\":20000}");
    cr_assert(json_is_false(json_object_get(v, "truncated")));
    kit_close(&k);
}

Test(model_ctl, heartbeats_and_leases_are_told_apart)
{
    static const struct {
        const char *sql;
        bool routine;
    } cases[] = {
        {"UPDATE mysql.drover_ledger e, mysql.drover_ledger l SET l.value = '{}' WHERE "
         "e.k = 'epoch' AND l.k = 'lease'",
         true},
        {"INSERT INTO drover.heartbeat (origin, tso) VALUES ('1', 2)", true},
        {"INSERT INTO mysql.drover_ledger (cluster_id, k, value) VALUES (1, 'lease', '')",
         true},
        {"INSERT INTO mysql.drover_ledger (cluster_id, k, value) VALUES (1, 'lease', "
         "''), "
         "(1, 'term', '')",
         false},
        {"INSERT INTO mysql.drover_ledger (cluster_id, k, value) VALUES (1, 'term', '')",
         false},
        {"DELETE FROM mysql.drover_ledger", false},
    };
    struct kit k;
    kit_open(&k);
    struct dr_model_session *s = kit_sql_as(&k, KIT_EAST_SQL, "root", "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)kit_exec(&k, s, cases[i].sql);
        json_t *list = json_object_get(look(&k, "audit", "{}"), "entries");
        const json_t *e = json_array_get(list, json_array_size(list) - 1);
        cr_assert_eq(json_is_true(json_object_get(e, "routine")), cases[i].routine, "%s",
                     cases[i].sql);
    }
    cr_assert_eq(entries(&k, "{\"routine\":false}"), 3);
    dr_model_sql_close(s);
    kit_close(&k);
}
