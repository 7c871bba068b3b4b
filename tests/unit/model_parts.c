/* The pure parts of the HTTP half: Go's JSON and URLs, table filters. */
#include <criterion/criterion.h>

#include "controller/base/table_filter.h"
#include "controller/estate/model/gojson.h"
#include "controller/estate/model/uri.h"

Test(model_parts, json_is_written_as_go_writes_it)
{
    struct dr_buf b;
    struct dr_gojson w;
    json_t *v = json_pack("{s:[i,s,n,b]}", "list", 1, "a", 1);

    dr_buf_init(&b, 4096);
    dr_gojson_init(&w, &b, 0);
    dr_gojson_object(&w, NULL);
    dr_gojson_str(&w, "u", "a&b<c>\"\\\n\x01 é");
    dr_gojson_u64(&w, "max", UINT64_MAX);
    dr_gojson_array(&w, "none");
    dr_gojson_end(&w);
    dr_gojson_value(&w, "v", v);
    dr_gojson_end(&w);
    cr_assert_str_eq(dr_buf_str(&b),
                     "{\"u\":\"a\\u0026b\\u003cc\\u003e\\\"\\\\\\n\\u0001 é\","
                     "\"max\":18446744073709551615,\"none\":[],"
                     "\"v\":{\"list\":[1,\"a\",null,true]}}");
    dr_buf_clear(&b);
    dr_gojson_init(&w, &b, 2);
    dr_gojson_object(&w, NULL);
    dr_gojson_bool(&w, "x", false);
    dr_gojson_array(&w, "e");
    dr_gojson_end(&w);
    dr_gojson_array(&w, "y");
    dr_gojson_i64(&w, NULL, -1);
    dr_gojson_null(&w, NULL);
    dr_gojson_end(&w);
    dr_gojson_end(&w);
    cr_assert_str_eq(dr_buf_str(&b),
                     "{\n  \"x\": false,\n  \"e\": [],\n  \"y\": [\n    -1,"
                     "\n    null\n  ]\n}");
    dr_buf_release(&b);
    json_decref(v);
}

Test(model_parts, uri_is_masked_as_ticdc_masks_it)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"mysql://cdc:p%40ss@10.0.2.10:4000/?safe-mode=false&a=b",
         "mysql://cdc:xxxxx@10.0.2.10:4000/?safe-mode=false&a=b"},
        {"MySQL://cdc:@h:4000/", "mysql://cdc:xxxxx@h:4000/"},
        {"mysql://cdc@h:4000", "mysql://cdc@h:4000"},
        {"mysql://h:4000/x?password=clear", "mysql://h:4000/x?password=clear"},
        {"tidb+ssl://c%2Fd:a:b@[::1]:4000/", "tidb+ssl://c%2Fd:xxxxx@[::1]:4000/"},
        {"kafka://h:9/t?z=1&sasl-password=s3&b=x y",
         "kafka://h:9/t?b=x+y&sasl-password=xxxxx&z=1"},
        {"blackhole://", "blackhole://"},
    };
    struct dr_arena *a = dr_arena_new(0);
    struct dr_uri u;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_assert_str_eq(dr_uri_masked(a, cases[i].in), cases[i].out);
    cr_assert(
        dr_uri_parse(a, &u, "tidb://u:p%2Bq%40@10.0.0.1:4001/?time-zone=&worker=1"));
    cr_assert_str_eq(u.password, "p+q@");
    cr_assert_eq(u.port, 4001);
    cr_assert_str_eq(dr_uri_param(a, &u, "time-zone"), "");
    cr_assert_str_eq(dr_uri_param(a, &u, "worker"), "1");
    cr_assert_null(dr_uri_param(a, &u, "work"));
    cr_assert(dr_uri_parse(a, &u, "/backup/x"));
    cr_assert_str_eq(u.scheme, "");
    cr_assert_str_eq(u.path, "/backup/x");
    cr_assert_not(dr_uri_parse(a, &u, "mysql://h:99999/"));
    cr_assert_not(dr_uri_parse(a, &u, "mysql://h:4000/\n"));
    dr_arena_free(a);
}

Test(model_parts, table_filter_rules)
{
    static const struct {
        const char *rules[4];
        bool sensitive;
        const char *schema, *table;
        bool take;
    } cases[] = {
        {{"*.*"}, false, "shop", "t", true},
        {{"*.*", "!shop.*"}, false, "shop", "t", false},
        {{"*.*", "!shop.*", "shop.keep"}, false, "SHOP", "Keep", true},
        {{"*.*", "!shop.*", "shop.keep"}, true, "SHOP", "Keep", true},
        {{"shop.*"}, true, "SHOP", "t", false},
        {{"shop.*"}, false, "SHOP", "t", true},
        {{"!shop.*"}, false, "other", "t", false},
        {{"a?c.t[0-9]"}, false, "abc", "t7", true},
        {{"a?c.t[!0-9]"}, false, "abc", "t7", false},
        {{"/^s.*p$/.*"}, false, "shop", "t", true},
        {{"`a.b`.`*`"}, false, "a.b", "*", true},
        {{"`a.b`.`*`"}, false, "a.b", "x", false},
        {{"# comment", "shop.*"}, false, "shop", "t", true},
    };
    static const char *const broken[] = {"shop", "shop.", ".t", "/a(/.*", "a b.c"};
    struct dr_arena *a = dr_arena_new(0);
    const char *bad = NULL;
    const char *const except[] = {"*.*", "!drover.*", "!x.y"};
    struct dr_table_filter *f;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = 0;
        while (n < 4 && cases[i].rules[n])
            n++;
        f = dr_table_filter_new(a, cases[i].rules, n, cases[i].sensitive, &bad);
        cr_assert_not_null(f);
        cr_assert_eq(dr_table_filter_table(f, cases[i].schema, cases[i].table),
                     cases[i].take, "case %zu", i);
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        cr_assert_null(dr_table_filter_new(a, &broken[i], 1, false, &bad), "%s",
                       broken[i]);
        cr_assert_eq(bad, broken[i]);
    }
    f = dr_table_filter_new(a, except, 3, false, &bad);
    cr_assert_not(dr_table_filter_schema(f, "drover"));
    cr_assert(dr_table_filter_schema(f, "x"));
    cr_assert(dr_table_filter_system("TIDB_CDC"));
    cr_assert(dr_table_filter_system("__TiDB_BR_Temporary_mysql"));
    cr_assert_not(dr_table_filter_system("drover"));
    dr_arena_free(a);
}
