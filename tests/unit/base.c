/* The ground floor: parsers, TSO arithmetic, arena, JSON, secrets. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/arena.h"
#include "controller/base/backoff.h"
#include "controller/base/buf.h"
#include "controller/base/digest.h"
#include "controller/base/json.h"
#include "controller/base/json_plain.h"
#include "controller/base/num.h"
#include "controller/base/secret.h"
#include "controller/base/similar.h"
#include "controller/base/tso.h"

Test(base, u64_is_strict)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } cases[] = {
        {"0", true, 0},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"", false, 0},
        {"01", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1_000", false, 0},
        {"0x10", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t v = 0;
        bool ok = dr_parse_u64(cases[i].text, strlen(cases[i].text), &v);
        cr_assert_eq(ok, cases[i].ok, "'%s'", cases[i].text);
        cr_assert_eq(v, cases[i].value, "'%s'", cases[i].text);
    }
}

Test(base, i64_covers_both_ends)
{
    int64_t v;
    cr_assert(dr_parse_i64("-9223372036854775808", 20, &v) && v == INT64_MIN);
    cr_assert(dr_parse_i64("9223372036854775807", 19, &v) && v == INT64_MAX);
    cr_assert(!dr_parse_i64("9223372036854775808", 19, &v));
    cr_assert(!dr_parse_i64("-9223372036854775809", 20, &v));
    cr_assert(!dr_parse_i64("-", 1, &v));
}

Test(base, durations_round_trip)
{
    static const struct {
        const char *text;
        int64_t ms;
        const char *back; /* NULL: refused */
    } cases[] = {
        {"0", 0, "0s"},
        {"10m", 600000, "10m"},
        {"1h30m", 5400000, "1h30m"},
        {"250ms", 250, "250ms"},
        {"24h", 86400000, "24h"},
        {"72h", 259200000, "3d"},
        {"7d", 604800000, "7d"},
        {"90s", 90000, "1m30s"},
        {"10", 0, NULL},
        {"m", 0, NULL},
        {"30m1h", 0, NULL},
        {"1h1h", 0, NULL},
        {"1.5h", 0, NULL},
        {"-1s", 0, NULL},
        {"01s", 0, NULL},
        {"9999999999999999999d", 0, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = -1;
        char text[DR_DURATION_TEXT];
        bool ok = dr_parse_duration(cases[i].text, strlen(cases[i].text), &ms);
        cr_assert_eq(ok, cases[i].back != NULL, "'%s'", cases[i].text);
        if (ok) {
            cr_assert_eq(ms, cases[i].ms, "'%s'", cases[i].text);
            cr_assert_str_eq(dr_duration_text(ms, text), cases[i].back);
        }
    }
}

Test(base, backoff_doubles_up_to_a_bound_and_is_never_the_same_for_all)
{
    static const int64_t most[] = {1000, 2000, 4000, 8000, 10000, 10000};
    struct dr_prng random = {1};
    for (unsigned failures = 0; failures < 6; failures++) {
        int64_t low = INT64_MAX, high = 0;
        for (int i = 0; i < 1000; i++) {
            int64_t ms = dr_backoff_ms(failures, &random);
            low = ms < low ? ms : low;
            high = ms > high ? ms : high;
        }
        cr_expect_geq(low, most[failures] / 2);
        cr_expect_leq(high, most[failures]);
        cr_expect_gt(high - low, most[failures] / 4, "%u: all wait alike", failures);
    }
    cr_expect_leq(dr_backoff_ms(UINT32_MAX, &random), 10000);
}

Test(base, go_durations)
{
    int64_t ns;
    char text[DR_DURATION_TEXT];
    cr_assert(dr_parse_go_duration("10m0s", 5, &ns) && ns == 600000000000);
    cr_assert(dr_parse_go_duration("1.5s", 4, &ns) && ns == 1500000000);
    cr_assert(dr_parse_go_duration("100ms", 5, &ns) && ns == 100000000);
    cr_assert(dr_parse_go_duration("0.25h", 5, &ns) && ns == 900000000000);
    cr_assert(!dr_parse_go_duration("10", 2, &ns));
    cr_assert(!dr_parse_go_duration("", 0, &ns));
    cr_assert_str_eq(dr_go_duration_text(600000, text), "10m0s");
    cr_assert_str_eq(dr_go_duration_text(86400000, text), "24h0m0s");
    cr_assert_str_eq(dr_go_duration_text(1500, text), "1.5s");
}

Test(base, sizes)
{
    uint64_t v;
    char text[DR_SIZE_TEXT];
    cr_assert(dr_parse_size("64MiB", 5, &v) && v == 64u << 20);
    cr_assert(!dr_parse_size("64MB", 4, &v));
    cr_assert(!dr_parse_size("64", 2, &v));
    cr_assert(!dr_parse_size("16777216TiB", 11, &v));
    cr_assert_str_eq(dr_size_text(128u << 20, text), "128MiB");
    cr_assert_str_eq(dr_size_text(1000, text), "1000B");
}

Test(base, a_moment_is_read_strictly)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"2026-11-21", 1795219200000},
        {"2026-11-21 14:00", 1795269600000},
        {"2026-11-21T14:00:07Z", 1795269607000},
        {"2024-02-29", 1709164800000},
        {"2026-02-29", -1},
        {"2026-11-31", -1},
        {"2026-11-21 24:00", -1},
        {"2026-11-21 10:60", -1},
        {"2026-11-21T10", -1},
        {"2026-11-2", -1},
        {"2026-11-21 10:11:12x", -1},
        {"", -1},
        {"24h", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms;
        bool good = dr_parse_time(cases[i].text, &ms);
        cr_assert_eq(good, cases[i].ms >= 0, "%s", cases[i].text);
        cr_assert(!good || ms == cases[i].ms, "%s", cases[i].text);
    }
}

Test(base, tso_keeps_every_bit)
{
    uint64_t tso = dr_tso_make(1763720000123, 262143);
    char text[DR_TIME_TEXT];
    cr_assert_eq(dr_tso_ms(tso), 1763720000123);
    cr_assert_eq(dr_tso_logical(tso), 262143);
    cr_assert_str_eq(dr_time_text(1763720000123, text), "2025-11-21 10:13:20.123");
    cr_assert_str_eq(dr_time_text(951782400000, text), "2000-02-29 00:00:00.000");
}

Test(base, arena_gives_zeroed_memory_again_after_reset)
{
    struct dr_arena *a = dr_arena_new(0);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 1; n < 200000; n = n * 3 + 1) {
            unsigned char *p = dr_alloc(a, n);
            for (size_t i = 0; i < n; i++)
                cr_assert_eq(p[i], 0);
            memset(p, 0xff, n);
        }
        dr_arena_reset(a);
    }
    dr_arena_free(a);
}

Test(base, json_keeps_integers_beyond_int64_as_digits)
{
    const char *text = "{\"member_id\":13523632400839723199,\"tso\":470609638468354049,"
                       "\"s\":\"1352363240083972319913523632400839723199\"}";
    json_t *v = NULL;
    struct dr_err err;
    uint64_t n;
    cr_assert_eq(dr_json_parse(&v, text, strlen(text), &err), 0, "%s", err.text);
    cr_assert(dr_json_u64(v, "member_id", &n) && n == 13523632400839723199u);
    cr_assert(dr_json_u64(v, "tso", &n) && n == 470609638468354049u);
    cr_assert(!dr_json_u64(v, "s", &n));
    json_decref(v);
    cr_assert_lt(dr_json_parse(&v, "{\"a\":1,\"a\":2}", 13, &err), 0);
    char deep[1024];
    memset(deep, '[', sizeof(deep));
    cr_assert_eq(dr_json_parse(&v, deep, sizeof(deep), &err), -DR_E_LIMIT);
}

Test(base, plain_json_is_read_as_the_library_reads_it)
{
    static const struct {
        const char *text;
        bool plain;
    } cases[] = {
        {"{\"a\": [1, -2, 0], \"b\": {\"c\": \"x y\"}, \"\": null}", true},
        {" [true ,false\n, null\t,\r[] , {} ] ", true},
        {"9223372036854775807", true},
        {"-9223372036854775807", true},
        {"\"\"", true},
        {"9223372036854775808", false},
        {"-9223372036854775809", false},
        {"-0", false},
        {"00", false},
        {"01", false},
        {"-", false},
        {"+1", false},
        {"1.5", false},
        {"1e3", false},
        {"1 2", false},
        {"", false},
        {" ", false},
        {"nul", false},
        {"nulls", false},
        {"{\"a\":1,\"a\":2}", false},
        {"{\"a\":1,}", false},
        {"[1,]", false},
        {"[1", false},
        {"{\"a\" 1}", false},
        {"{a:1}", false},
        {"\"a\\u0041\"", false},
        {"\"\xc3\xa4\"", false},
        {"\"\xff\"", false},
        {"\"tab\there\"", false},
        {"\"open", false},
        {"\"a\"x", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].text;
        json_t *mine = dr_json_plain(text, strlen(text)),
               *theirs = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        cr_assert_eq(mine != NULL, cases[i].plain, "%s", text);
        cr_assert(!mine || (theirs && json_equal(mine, theirs)), "%s", text);
        json_decref(mine);
        json_decref(theirs);
    }
    char deep[300] = {0};
    memset(deep, '[', 129);
    memset(deep + 129, ']', 129);
    cr_assert(!dr_json_plain(deep, 258));
    json_t *v = dr_json_plain(deep + 1, 256);
    cr_assert(v);
    json_decref(v);
}

Test(base, secret_files_are_checked)
{
    char dir[] = "/tmp/drover-unit-XXXXXX", path[64];
    struct dr_secret s;
    struct dr_err err;
    cr_assert(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/pw", dir);
    FILE *f = fopen(path, "w");
    fputs("hunter2\n", f);
    fclose(f);
    chmod(path, 0644);
    struct dr_secret_ref ref = {.file = "pw"};
    cr_assert_eq(dr_secret_read(&s, &ref, dir, &err), -DR_E_INPUT);
    cr_assert(strstr(err.text, "mode 0644") && strstr(err.hint, "chmod 0600"), "%s",
              err.text);
    chmod(path, 0600);
    cr_assert_eq(dr_secret_read(&s, &ref, NULL, &err), -DR_E_INPUT);
    cr_assert_eq(dr_secret_read(&s, &ref, dir, &err), 0, "%s", err.text);
    cr_assert_str_eq(s.bytes, "hunter2");
    struct dr_secret derived;
    dr_secret_derive(&derived, &s, "orders/east/west/1");
    cr_assert_eq(derived.len, 43);
    dr_secret_release(&derived);
    dr_secret_release(&s);
    unlink(path);
    rmdir(dir);
}

Test(base, errors_say_their_place)
{
    struct dr_err err;
    char shown[DR_ERR_SHOWN_MAX], path[300];
    (void)dr_fail(&err, DR_E_INPUT, "no password");
    cr_assert_str_eq(dr_err_shown(&err, shown), "no password");
    dr_err_at(&err, NULL, 1, 1);
    cr_assert_str_eq(dr_err_shown(&err, shown), "no password");
    dr_err_at(&err, "a.yaml", 20, 17);
    (void)dr_wrap(&err, "sql");
    cr_assert_str_eq(dr_err_shown(&err, shown), "a.yaml:20:17: sql: no password");
    memset(path, 'x', sizeof(path));
    snprintf(path + 200, sizeof(path) - 200, "/a.yaml");
    dr_err_at(&err, path, 1, 2);
    dr_err_shown(&err, shown);
    cr_assert(strncmp(shown, "..x", 3) == 0 && strstr(shown, "x/a.yaml:1:2: "), "%s",
              shown);
}

Test(base, digests_match_known_answers)
{
    char hex[DR_SHA256_HEX];
    unsigned char mac[DR_SHA256_BYTES];
    dr_sha256_hex(hex, "abc", 3);
    cr_assert_str_eq(hex,
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    dr_hmac_sha256(mac, "Jefe", 4, "what do ya want for nothing?", 28);
    dr_hex(hex, mac, sizeof(mac));
    cr_assert_str_eq(hex,
                     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

Test(base, similar_finds_what_was_meant)
{
    static const char *const words[] = {"clusters", "storage", "replication", "primary"};
    cr_assert_str_eq(dr_similar("primry", words, 4), "primary");
    cr_assert_str_eq(dr_similar("Clusters", words, 4), "clusters");
    cr_assert_str_eq(dr_similar("stroage", words, 4), "storage");
    cr_assert_null(dr_similar("zebra", words, 4));
}

Test(base, buf_stops_at_its_maximum)
{
    struct dr_buf b;
    dr_buf_init(&b, 10);
    dr_buf_adds(&b, "0123456789");
    cr_assert(!b.overflow);
    dr_buf_addf(&b, "%d", 1);
    cr_assert(b.overflow);
    cr_assert_str_eq(dr_buf_str(&b), "0123456789");
    dr_buf_release(&b);
}
