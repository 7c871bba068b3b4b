/* The pure parts of the simulated TiCDC: what it does to DDL, and its config table. */
#include <criterion/criterion.h>

#include "controller/estate/model/cdc_config.h"
#include "controller/estate/model/cdc_ddl.h"

Test(model_cdc_parts, ddl_gets_ttl_jobs_off)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"CREATE TABLE t (a INT)", "CREATE TABLE t (a INT)"},
        {"CREATE TABLE t (c DATETIME) TTL = `c` + INTERVAL 1 DAY",
         "CREATE TABLE t (c DATETIME) TTL = `c` + INTERVAL 1 DAY TTL_ENABLE = 'OFF'"},
        {"CREATE TABLE t (c DATETIME) ttl=`c` + INTERVAL 1 DAY ttl_enable='on'",
         "CREATE TABLE t (c DATETIME) ttl=`c` + INTERVAL 1 DAY TTL_ENABLE = 'OFF'"},
        {"ALTER TABLE t TTL_ENABLE = 'ON'", "ALTER TABLE t TTL_ENABLE = 'OFF'"},
        {"ALTER TABLE t TTL_ENABLE \"ON\" COMMENT 'x'",
         "ALTER TABLE t TTL_ENABLE = 'OFF' COMMENT 'x'"},
        {"ALTER TABLE t REMOVE TTL", "ALTER TABLE t REMOVE TTL"},
        {"CREATE TABLE t (`ttl` INT, x INT COMMENT 'TTL = y TTL_ENABLE = 1')",
         "CREATE TABLE t (`ttl` INT, x INT COMMENT 'TTL = y TTL_ENABLE = 1')"},
        {"CREATE TABLE myttl (a INT)", "CREATE TABLE myttl (a INT)"},
        {"ALTER TABLE t COMMENT 'it\\'s TTL = 1'",
         "ALTER TABLE t COMMENT 'it\\'s TTL = 1'"},
    };
    struct dr_buf b;

    dr_buf_init(&b, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dr_buf_clear(&b);
        cdc_ddl_rewrite(&b, cases[i].in);
        cr_assert_str_eq(dr_buf_str(&b), cases[i].out);
    }
    dr_buf_release(&b);
    cr_assert(cdc_ddl_replicable("create table"));
    cr_assert(cdc_ddl_replicable("add index"));
    cr_assert_not(cdc_ddl_replicable("create sequence"));
    cr_assert_not(cdc_ddl_replicable("alter placement policy"));
}

static const char *written(struct dr_buf *b, const json_t *config)
{
    struct dr_gojson w;

    dr_buf_clear(b);
    dr_gojson_init(&w, b, 0);
    dr_cdc_config_write(&w, NULL, config);
    return dr_buf_str(b);
}

Test(model_cdc_parts, config_refuses_wrong_types_and_ignores_typos)
{
    static const struct {
        const char *sent, *why; /* why NULL: taken */
    } cases[] = {
        {"{\"memory_quota\":\"x\"}",
         "cannot unmarshal string into Go struct field "
         "ReplicaConfig.replica_config.memory_quota of type uint64"},
        {"{\"memory_quota\":-1}", "of type uint64"},
        {"{\"bdr_mode\":1}", "cannot unmarshal number"},
        {"{\"filter\":{\"rules\":\"*.*\"}}",
         "replica_config.filter.rules of type []string"},
        {"{\"sync_point_interval\":\"ten\"}", "time: invalid duration \"ten\""},
        {"{\"sink\":[]}", "cannot unmarshal array"},
        {"{\"typo\":1,\"sink\":{\"typo\":{}}}", NULL},
        {"{\"bdr_mode\":null,\"memory_quota\":null}", NULL},
        {"{\"BDR_MODE\":true}", NULL},
    };
    struct dr_buf why;

    dr_buf_init(&why, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *config = dr_cdc_config_default(),
               *sent = json_loads(cases[i].sent, 0, NULL);
        bool ok;
        cr_assert_not_null(sent);
        dr_buf_clear(&why);
        ok = dr_cdc_config_overlay(config, sent, &why);
        cr_assert_eq(ok, !cases[i].why, "%s", cases[i].sent);
        if (!ok)
            cr_assert(strstr(dr_buf_str(&why), cases[i].why), "%s", dr_buf_str(&why));
        json_decref(config);
        json_decref(sent);
    }
    dr_buf_release(&why);
}

Test(model_cdc_parts, config_of_an_update)
{
    json_t *config = json_object();
    json_t *sent = json_loads("{\"consistent\":{\"level\":\"eventual\",\"storage\":"
                              "\"/redo\"},\"sink\":{\"safe_mode\":true},\"filter\":{"
                              "\"event_filters\":[{\"matcher\":[\"a.*\"]}]}}",
                              0, NULL);
    struct dr_arena *a = dr_arena_new(0);
    struct dr_cdc_refusal refusal;
    struct dr_uri sink;
    struct dr_buf b, why;
    const char *text;

    dr_buf_init(&b, 1 << 16);
    dr_buf_init(&why, 4096);
    cr_assert(dr_uri_parse(a, &sink, "mysql://h:4000/?transaction-atomicity=table"));
    cr_assert(dr_cdc_config_overlay(config, sent, &why));
    dr_cdc_config_fill_update(config);
    text = written(&b, config);
    cr_assert(strstr(text, "\"memory_quota\":0"));
    cr_assert(strstr(text, "\"check_gc_safe_point\":false"));
    cr_assert(strstr(text, "\"flush_interval\":0"));
    cr_assert(strstr(text, "{\"matcher\":[\"a.*\"],\"ignore_event\":null,\"ignore_sql\":"
                           "\"\",\"ignore_insert_value_expr\":\"\""),
              "all seven keys: %s", text);
    cr_assert(dr_cdc_config_adjust(a, config, &sink, &refusal), "%s", refusal.text);
    text = written(&b, config);
    cr_assert(strstr(text, "\"memory_quota\":1073741824"));
    cr_assert(strstr(text, "\"flush_interval\":2000"), "redo is on: numbers come back");
    cr_assert(strstr(text, "\"transaction_atomicity\":\"table\""), "from the URI");
    cr_assert_null(strstr(text, "bdr_mode"));
    dr_buf_release(&b);
    dr_buf_release(&why);
    json_decref(config);
    json_decref(sent);
    dr_arena_free(a);
}

Test(model_cdc_parts, config_limits)
{
    static const struct {
        const char *sent, *uri, *code, *part; /* code NULL: fine */
    } cases[] = {
        {"{}", "mysql://h/", NULL, NULL},
        {"{\"sync_point_interval\":\"5s\"}", "mysql://h/", NULL, NULL},
        {"{\"enable_sync_point\":true,\"sync_point_interval\":\"29s\"}", "mysql://h/",
         "CDC:ErrInvalidReplicaConfig", "SyncPointInterval:29s"},
        {"{\"enable_sync_point\":true,\"sync_point_retention\":\"59m\"}", "mysql://h/",
         "CDC:ErrInvalidReplicaConfig", "SyncPointRetention:59m0s"},
        {"{\"consistent\":{\"level\":\"strong\"}}", "mysql://h/",
         "CDC:ErrInvalidReplicaConfig", "strong"},
        {"{\"consistent\":{\"level\":\"eventual\",\"flush_interval\":49}}", "mysql://h/",
         "CDC:ErrInvalidReplicaConfig", "flush-interval:49"},
        {"{\"consistent\":{\"level\":\"eventual\",\"compression\":\"zstd\"}}",
         "mysql://h/", "CDC:ErrInvalidReplicaConfig", "zstd"},
        {"{\"changefeed_error_stuck_duration\":\"29m\"}", "mysql://h/",
         "CDC:ErrInvalidReplicaConfig", "ChangefeedErrorStuckDuration:1740"},
        {"{}", "mysql://h/?transaction-atomicity=global", "CDC:ErrSinkURIInvalid",
         "global"},
    };
    struct dr_arena *a = dr_arena_new(0);
    struct dr_buf why;

    dr_buf_init(&why, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *config = dr_cdc_config_default(),
               *sent = json_loads(cases[i].sent, 0, NULL);
        struct dr_cdc_refusal refusal;
        struct dr_uri sink;
        bool ok;
        cr_assert(dr_uri_parse(a, &sink, cases[i].uri));
        cr_assert(dr_cdc_config_overlay(config, sent, &why));
        ok = dr_cdc_config_adjust(a, config, &sink, &refusal);
        cr_assert_eq(ok, !cases[i].code, "%s", cases[i].sent);
        if (!ok) {
            cr_assert_str_eq(refusal.code, cases[i].code);
            cr_assert(strstr(refusal.text, cases[i].part), "%s", refusal.text);
        }
        json_decref(config);
        json_decref(sent);
    }
    dr_buf_release(&why);
    dr_arena_free(a);
}
