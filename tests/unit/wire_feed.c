/* What a changefeed is compared with: folders by their schemes, and the defaults that
 * TiCDC shows by itself. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "controller/base/buf.h"
#include "controller/estate/wire/cdc.h"
#include "controller/estate/wire/uri.h"
#include "tests/unit/wire.h"

static const struct dr_call poll = {
    .kind = DR_CALL_CDC_FEED,
    .args.feed = {.id = "f-1", .to = 1, .generation = 1, .redo = "r1"}};
#define HEALTH   "GET /api/v2/health"
#define CAPTURES "GET /api/v2/captures"
#define FEED     "GET /api/v2/changefeeds/f-1"
#define OWNER    "200 {\"items\":[{\"id\":\"a\",\"is_owner\":true}]}"
#define SINK     "mysql://cdc:xxxxx@127.1.1.4:4000/?worker-count=16"
#define CONFIG                                                                           \
    "\"check_gc_safe_point\":true,\"mounter\":{\"worker_num\":8},"                       \
    "\"filter\":{\"rules\":[\"*.*\",\"!drover_probe.*\"]},"                              \
    "\"consistent\":{\"level\":\"eventual\",\"storage\":"                                \
    "\"s3://redo/orders/r1?endpoint=x\"}"

/* Asks for the feed, which TiCDC shows as `info`. */
static void look(struct wire_bench *b, struct dr_reply *r, const char *info)
{
    const struct wire_line lines[] = {
        {HEALTH, NULL}, {CAPTURES, OWNER}, {FEED, info}, {NULL, NULL}};
    b->talk->lines = lines;
    wire_bench_ask(b, &poll, r);
    cr_expect_null(b->talk->wrong, "%s", b->talk->wrong);
    cr_assert_eq(r->outcome, DR_DONE, "%s", r->err.text);
}

/* A folder that all servers share, as it is declared, as BR takes it, and as TiCDC does,
 * which refuses a path without a scheme. */
static const struct {
    const char *declared, *br, *ticdc;
} folders[] = {
    {"/mnt/dr", "/mnt/dr/p/g1", "nfs:///mnt/dr/p/g1"},
    {"local:///mnt/dr/", "local:///mnt/dr/p/g1", "local:///mnt/dr/p/g1"},
    {"file:///mnt/dr", "file:///mnt/dr/p/g1", "file:///mnt/dr/p/g1"},
    {"nfs:///mnt/dr", "/mnt/dr/p/g1", "nfs:///mnt/dr/p/g1"},
};

Test(wire, a_folder_is_told_to_each_reader_in_its_words)
{
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct dr_storage_place place = {.declared = true,
                                         .uri = {.scheme = DR_STORAGE_FOLDER,
                                                 .text = folders[i].declared,
                                                 .prefix = "/mnt/dr"}};
        struct dr_access_store store = {.declared = &place};
        struct dr_buf b;
        dr_buf_init(&b, 4096);
        dr_storage_uri_add(&b, &store, "p/g1", DR_READER_BR, true);
        cr_expect_str_eq(dr_buf_str(&b), folders[i].br);
        dr_buf_clear(&b);
        dr_storage_uri_add(&b, &store, "p/g1", DR_READER_TICDC, true);
        cr_expect_str_eq(dr_buf_str(&b), folders[i].ticdc);
        dr_buf_release(&b);
    }
}

/* .. and an adopted feed may call the same folder by another scheme. */
Test(wire, a_folder_by_another_scheme_is_no_difference)
{
    static const struct {
        const char *storage, *fields;
    } cases[] = {
        {"nfs:///mnt/dr/r1", ""},
        {"file:///mnt/dr/r1", ""},
        {"local:///mnt/dr/r1", ""},
        {"file:///mnt/other/r1", "consistent.storage "},
        {"s3://mnt/dr/r1", "consistent.storage "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_talk talk = {0};
        struct wire_bench b;
        struct dr_reply r;
        struct dr_buf text, fields;
        wire_bench_open(&b, &talk);
        b.topology->storage.redo = (struct dr_storage_place){
            .declared = true,
            .uri = {.scheme = DR_STORAGE_FOLDER, .text = "/mnt/dr", .prefix = "/mnt/dr"}};
        dr_buf_init(&text, 4096);
        dr_buf_addf(&text,
                    "200 {\"upstream_id\":71,\"id\":\"f-1\",\"sink_uri\":\"" SINK
                    "\",\"config\":{\"check_gc_safe_point\":true,\"mounter\":"
                    "{\"worker_num\":8},\"filter\":{\"rules\":[\"*.*\","
                    "\"!drover_probe.*\"]},\"consistent\":{\"level\":\"eventual\","
                    "\"storage\":\"%s\"}}}",
                    cases[i].storage);
        look(&b, &r, dr_buf_str(&text));
        dr_buf_init(&fields, 4096);
        for (size_t k = 0; k < r.as.feed->difference_count; k++)
            dr_buf_addf(&fields, "%s ", r.as.feed->differences[k].field);
        cr_expect_str_eq(dr_buf_str(&fields), cases[i].fields, "%s: %s", cases[i].storage,
                         dr_buf_str(&fields));
        dr_buf_release(&fields);
        dr_buf_release(&text);
        wire_done(&b, &r);
    }
}

/* Settings that are not declared: those that TiCDC shows by itself are no extras, by
 * either architecture. Source: ticdc: tests/integration_tests (changefeed's scheduler
 * defaults). */
static const struct {
    const char *more, *extras;
} undeclared[] = {
    {CONFIG ",\"scheduler\":{\"enable_table_across_nodes\":false,\"region_threshold\":"
            "100000,\"write_key_threshold\":0}",
     ""},
    {CONFIG ",\"scheduler\":{\"region_threshold\":10000}", "scheduler.region-threshold "},
    {CONFIG "},\"keyspace\":\"default\",\"gid\":{", "" /* as it is without any */},
    {CONFIG ",\"scheduler\":{\"balance_score_threshold\":20,\"enable_splittable_check\":"
            "false,\"enable_table_across_nodes\":false,\"force_split\":false,"
            "\"max_traffic_percentage\":1.25,\"min_traffic_percentage\":0.8,"
            "\"region_count_per_span\":100,\"region_count_refresh_interval\":"
            "300000000000,\"region_threshold\":10000,\"scheduling_task_count_per_node\":"
            "20,\"write_key_threshold\":0}},\"keyspace\":\"default\",\"gid\":{",
     ""},
    {CONFIG ",\"scheduler\":{\"min_traffic_percentage\":0.7,"
            "\"region_count_refresh_interval\":60000000000,\"region_threshold\":100000}},"
            "\"keyspace\":\"default\",\"gid\":{",
     "scheduler.region-threshold scheduler.region-count-refresh-interval "
     "scheduler.min-traffic-percentage "},
};

Test(wire, defaults_that_are_shown_are_no_extras)
{
    for (size_t i = 0; i < sizeof(undeclared) / sizeof(undeclared[0]); i++) {
        struct wire_talk talk = {0};
        struct wire_bench b;
        struct dr_reply r;
        struct dr_buf text, extras;
        dr_buf_init(&text, 4096);
        dr_buf_addf(&text,
                    "200 {\"upstream_id\":71,\"id\":\"f-1\",\"sink_uri\":\"" SINK
                    "\",\"config\":{%s}}",
                    undeclared[i].more);
        wire_bench_open(&b, &talk);
        look(&b, &r, dr_buf_str(&text));
        dr_buf_init(&extras, 4096);
        for (size_t k = 0; k < r.as.feed->extra_count; k++)
            dr_buf_addf(&extras, "%s ", r.as.feed->extras[k].field);
        cr_expect_str_eq(dr_buf_str(&extras), undeclared[i].extras, "%zu: %s", i,
                         dr_buf_str(&extras));
        dr_buf_release(&extras);
        dr_buf_release(&text);
        wire_done(&b, &r);
    }
}

/* An update spells out what it would reset, as the feed's architecture has it. */
Test(wire, an_update_spells_out_the_defaults_of_the_architecture)
{
    struct dr_arena *a = dr_arena_new(0);
    for (int arch = 0; arch < 2; arch++) {
        json_t *config = json_pack("{s:{s:b}}", "scheduler", "force_split", 1);
        dr_feed_fill(config, arch == 1, a);
        const json_t *scheduler = json_object_get(config, "scheduler");
        cr_expect_eq(json_integer_value(json_object_get(scheduler, "region_threshold")),
                     arch ? 10000 : 100000);
        json_decref(config);
    }
    dr_arena_free(a);
}
