/* drover-sim: packets and proofs of the MySQL protocol, known answers byte for byte. */
#include <criterion/criterion.h>
#include <string.h>

#include "cmd/drover-sim/mysql_auth.h"
#include "cmd/drover-sim/mysql_packet.h"
#include "cmd/drover-sim/mysql_split.h"
#include "cmd/drover-sim/mysql_value.h"

/* "0a 0b" -> bytes; "'text'" stands for itself. */
static size_t bytes_of(const char *spelled, char *out, size_t room)
{
    size_t n = 0;
    while (*spelled) {
        if (*spelled == ' ') {
            spelled++;
        } else if (*spelled == '\'') {
            for (spelled++; *spelled != '\''; spelled++)
                out[n++] = *spelled;
            spelled++;
        } else {
            char hex[3] = {spelled[0], spelled[1], 0};
            unsigned v;
            cr_assert_eq(sscanf(hex, "%2x", &v), 1, "%s", spelled);
            out[n++] = (char)v;
            spelled += 2;
        }
        cr_assert_lt(n, room);
    }
    return n;
}

static void expect(struct dr_buf *out, const char *spelled)
{
    static char want[8192];
    size_t len = bytes_of(spelled, want, sizeof(want));
    cr_assert_eq(out->len, len, "%zu bytes instead of %zu: %s", out->len, len, spelled);
    cr_assert_eq(memcmp(out->data, want, len), 0, "%s", spelled);
    dr_buf_clear(out);
}

Test(sim_mysql, lengths_are_read_in_all_four_sizes)
{
    static const struct {
        const char *bytes;
        bool ok;
        uint64_t value;
    } cases[] = {
        {"00", true, 0},
        {"fa", true, 250},
        {"fb", false, 0}, /* NULL is no length */
        {"fc fb 00", true, 251},
        {"fc ff ff", true, 65535},
        {"fd 00 00 01", true, 65536},
        {"fe 00 00 00 01 00 00 00 00", true, 16777216},
        {"fe ff ff ff ff ff ff ff ff", true, UINT64_MAX},
        {"ff", false, 0},
        {"", false, 0},
        {"fc 01", false, 0},
        {"fd 01 02", false, 0},
        {"fe 01 02 03 04 05 06 07", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char bytes[16];
        struct dr_mysql_cursor c;
        dr_mysql_cursor_init(&c, bytes, bytes_of(cases[i].bytes, bytes, sizeof(bytes)));
        uint64_t v = dr_mysql_get_lenenc(&c);
        cr_assert_eq(c.bad, !cases[i].ok, "%s", cases[i].bytes);
        cr_assert_eq(v, cases[i].value, "%s", cases[i].bytes);
    }
}

Test(sim_mysql, a_cursor_never_passes_its_end)
{
    struct dr_mysql_cursor c;
    dr_mysql_cursor_init(&c, "abc", 3);
    cr_assert_eq(dr_mysql_get_bytes(&c, UINT64_MAX).len, 0);
    cr_assert(c.bad);
    dr_mysql_cursor_init(&c, "abc", 3);
    cr_assert_eq(dr_mysql_get_nul(&c).len, 0);
    cr_assert(c.bad);
    cr_assert_eq(dr_mysql_get_int(&c, 1), 0); /* stays bad although a byte is there */
    dr_mysql_cursor_init(&c, "ab\0c", 4);
    cr_assert_eq(dr_mysql_get_nul(&c).len, 2);
    cr_assert_eq(dr_mysql_left(&c), 1);
    cr_assert(!c.bad);
}

Test(sim_mysql, frames_are_found_and_bounded)
{
    static const struct {
        const char *bytes;
        enum dr_mysql_frame frame;
        size_t payload;
        uint8_t seq;
    } cases[] = {
        {"", DR_FRAME_PART, 0, 0},
        {"01 00 00", DR_FRAME_PART, 0, 0},
        {"01 00 00 00", DR_FRAME_PART, 0, 0},
        {"01 00 00 07 0e", DR_FRAME_WHOLE, 1, 7},
        {"01 00 00 00 0e 01", DR_FRAME_WHOLE, 1, 0},
        {"00 00 00 02", DR_FRAME_WHOLE, 0, 2},
        {"e8 03 00 00", DR_FRAME_PART, 0, 0},         /* 1000: allowed */
        {"e9 03 00 03", DR_FRAME_TOO_LARGE, 1001, 3}, /* before its bytes come */
        {"ff ff ff 00", DR_FRAME_TOO_LARGE, 0xffffff, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char bytes[16];
        size_t len = bytes_of(cases[i].bytes, bytes, sizeof(bytes)), payload = 0;
        uint8_t seq = 0;
        cr_assert_eq(dr_mysql_frame(bytes, len, 1000, &payload, &seq), cases[i].frame,
                     "%s", cases[i].bytes);
        cr_assert_eq(payload, cases[i].payload, "%s", cases[i].bytes);
        cr_assert_eq(seq, cases[i].seq, "%s", cases[i].bytes);
    }
    char bytes[4] = {(char)0xff, (char)0xff, (char)0xff, 0};
    size_t payload;
    uint8_t seq;
    cr_assert_eq(dr_mysql_frame(bytes, 4, SIZE_MAX, &payload, &seq), DR_FRAME_TOO_LARGE,
                 "a payload in several packets is not taken, whatever the limit");
}

#define NUL23 "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "

static struct dr_mysql_login parse(const char *spelled, enum dr_mysql_parsed want)
{
    static char bytes[1024]; /* the result borrows from it */
    struct dr_mysql_login l;
    size_t len = bytes_of(spelled, bytes, sizeof(bytes));
    cr_assert_eq(dr_mysql_parse_login(bytes, len, &l), want, "%s", spelled);
    return l;
}

static void expect_text(struct dr_mysql_text t, const char *want)
{
    cr_assert_eq(t.len, strlen(want), "'%.*s' instead of '%s'", (int)t.len, t.bytes,
                 want);
    cr_assert_eq(memcmp(t.bytes, want, t.len), 0, "%s", want);
}

Test(sim_mysql, logins_are_parsed)
{
    /* as the mariadb client sends it: database, plugin, attributes */
    struct dr_mysql_login l =
        parse("8d a2 3b 00 00 00 00 01 2d " NUL23 "'app' 00 03 'xyz'"
              "'shop' 00 'mysql_native_password' 00 00",
              DR_PARSED);
    expect_text(l.user, "app");
    expect_text(l.auth, "xyz");
    expect_text(l.database, "shop");
    expect_text(l.plugin, "mysql_native_password");
    cr_assert_eq(l.collation, 0x2d);
    cr_assert(!l.ssl_request && l.has_plugin);

    /* an SSLRequest is the first 32 bytes */
    l = parse("00 aa 00 00 00 00 00 01 2d " NUL23, DR_PARSED);
    cr_assert(l.ssl_request);

    /* the password's length as a length-encoded integer */
    l = parse("00 82 28 00 00 00 00 01 2d " NUL23 "'u' 00 fc 02 00 'pw' 'p' 00",
              DR_PARSED);
    expect_text(l.auth, "pw");
    expect_text(l.plugin, "p");

    /* neither plugin nor secure connection: the password ends with a NUL */
    l = parse("00 02 00 00 00 00 00 01 2d " NUL23 "'u' 00 'pw' 00", DR_PARSED);
    expect_text(l.auth, "pw");
    cr_assert(!l.has_plugin);

    parse("00 00 00 00 00 00 00 01 2d " NUL23 "'u' 00 00", DR_PARSE_OLD_PROTOCOL);
    parse("00", DR_PARSE_BAD);
    parse("00 82 00 00 00 00 00 01", DR_PARSE_BAD);
    parse("00 82 00 00 00 00 00 01 2d " NUL23, DR_PARSE_BAD);
    parse("00 82 00 00 00 00 00 01 2d " NUL23 "'user'", DR_PARSE_BAD);
    parse("00 82 00 00 00 00 00 01 2d " NUL23 "'u' 00 ff 'pw'", DR_PARSE_BAD);
    parse("00 82 28 00 00 00 00 01 2d " NUL23 "'u' 00 fe ff ff ff ff ff ff ff ff 'x'",
          DR_PARSE_BAD);
    parse("08 82 00 00 00 00 00 01 2d " NUL23 "'u' 00 00 'db'", DR_PARSE_BAD);
}

Test(sim_mysql, every_cut_of_a_login_is_refused_or_read)
{
    static const char spelled[] =
        "8d a2 3b 00 00 00 00 01 2d " NUL23 "'app' 00 03 'xyz' 'shop' 00 'native' 00";
    char bytes[256];
    size_t len = bytes_of(spelled, bytes, sizeof(bytes)), whole = 0;
    for (size_t n = 0; n <= len; n++) {
        struct dr_mysql_login l;
        char *cut =
            malloc(n ? n : 1); /* its own piece, so that ASan sees a step too far */
        memcpy(cut, bytes, n);
        whole += dr_mysql_parse_login(cut, n, &l) == DR_PARSED;
        free(cut);
    }
    cr_assert_eq(whole, 3, "whole, without plugin, without database: %zu", whole);
}

Test(sim_mysql, change_user_is_parsed)
{
    char bytes[256];
    struct dr_mysql_login l;
    size_t len = bytes_of("'app' 00 02 'xy' 'shop' 00 2e 00 'native' 00", bytes, 256);
    cr_assert_eq(dr_mysql_parse_change_user(bytes, len, DR_CAP_PLUGIN_AUTH, &l),
                 DR_PARSED);
    expect_text(l.user, "app");
    expect_text(l.auth, "xy");
    expect_text(l.database, "shop");
    expect_text(l.plugin, "native");
    cr_assert_eq(l.collation, 46);
    len = bytes_of("'app' 00 09 'xy' 'shop' 00", bytes, sizeof(bytes));
    cr_assert_eq(dr_mysql_parse_change_user(bytes, len, 0, &l), DR_PARSE_BAD);
}

Test(sim_mysql, packets_are_written_byte_for_byte)
{
    struct dr_buf out;
    uint8_t seq = 0;
    unsigned char salt[DR_MYSQL_SALT];
    dr_buf_init(&out, 4096);
    for (int i = 0; i < DR_MYSQL_SALT; i++)
        salt[i] = (unsigned char)('a' + i);
    struct dr_mysql_greeting g = {
        .version = "8.0.11-TiDB-v8.5.0",
        .connection_id = 0x01020304,
        .capabilities = 0x013fa68f,
        .status = DR_STATUS_AUTOCOMMIT,
        .salt = salt,
        .plugin = "mysql_native_password",
    };
    dr_mysql_put_greeting(&out, &seq, &g);
    expect(&out,
           "56 00 00 00 0a '8.0.11-TiDB-v8.5.0' 00 04 03 02 01 'abcdefgh' 00 8f a6 2e"
           "02 00 3f 01 15 00 00 00 00 00 00 00 00 00 00 'ijklmnopqrst' 00"
           "'mysql_native_password' 00");
    cr_assert_eq(seq, 1);
    dr_mysql_put_auth_switch(&out, &seq, "caching_sha2_password", salt);
    expect(&out, "2c 00 00 01 fe 'caching_sha2_password' 00 'abcdefghijklmnopqrst' 00");
    dr_mysql_put_ok(&out, &seq,
                    &(struct dr_mysql_ok){.affected = 300,
                                          .insert_id = 7,
                                          .status = DR_STATUS_AUTOCOMMIT,
                                          .warnings = 2});
    expect(&out, "09 00 00 02 00 fc 2c 01 07 02 00 02 00");
    dr_mysql_put_ok(&out, &seq, &(struct dr_mysql_ok){.ends_rows = true});
    expect(&out, "07 00 00 03 fe 00 00 00 00 00 00");
    dr_mysql_put_eof(&out, &seq, 1, DR_STATUS_AUTOCOMMIT);
    expect(&out, "05 00 00 04 fe 01 00 02 00");
    dr_mysql_put_error(&out, &seq, 1045, "28000", "no");
    expect(&out, "0b 00 00 05 ff 15 04 '#28000no'");
    dr_mysql_put_error(&out, &seq, 1105, "", "");
    expect(&out, "09 00 00 06 ff 51 04 '#HY000'");
    dr_mysql_put_column_count(&out, &seq, 251);
    expect(&out, "03 00 00 07 fc fb 00");
    dr_mysql_put_column(&out, &seq,
                        &(struct dr_mysql_column){.name = "n",
                                                  .schema = "d",
                                                  .table = "a",
                                                  .org_table = "t",
                                                  .org_name = "m",
                                                  .type = DR_TYPE_LONGLONG,
                                                  .flags = 0x00a1,
                                                  .collation = DR_MYSQL_BINARY,
                                                  .length = 20},
                        false);
    expect(&out, "1b 00 00 08 03 'def' 01 'd' 01 'a' 01 't' 01 'n' 01 'm' 0c 3f 00"
                 "14 00 00 00 08 a1 00 00 00 00");
    dr_mysql_put_column(&out, &seq,
                        &(struct dr_mysql_column){.name = "t",
                                                  .type = DR_TYPE_VAR_STRING,
                                                  .decimals = 31,
                                                  .collation = DR_MYSQL_UTF8MB4_BIN,
                                                  .length = 8},
                        true);
    expect(&out, "18 00 00 09 03 'def' 00 00 00 01 't' 00 0c 2e 00 08 00 00 00 fd"
                 "00 00 1f 00 00 fb");
    struct dr_cell row[] = {{"ab", 2}, {NULL, 0}, {"", 0}};
    dr_mysql_put_row(&out, &seq, row, 3);
    expect(&out, "05 00 00 0a 02 'ab' fb 00");
    dr_buf_release(&out);
}

Test(sim_mysql, a_long_row_goes_on_in_the_next_packet)
{
    static const struct {
        size_t text;
        size_t packets;
    } cases[] = {
        {0xffffff - 5, 1}, /* with its 4-byte length one less than the limit */
        {0xffffff - 4, 2}, /* exactly the limit: an empty packet follows */
        {0xffffff * 2, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_buf out;
        uint8_t seq = 254; /* wraps */
        size_t packets = 0, total = 0;
        dr_buf_init(&out, 64u << 20);
        char *text = calloc(cases[i].text, 1);
        dr_mysql_put_row(&out, &seq, &(struct dr_cell){text, cases[i].text}, 1);
        for (size_t at = 0; at < out.len; packets++) {
            const unsigned char *p = (const unsigned char *)out.data + at;
            size_t payload = (size_t)(p[0] | p[1] << 8 | p[2] << 16);
            cr_assert_eq(p[3], (uint8_t)(254 + packets));
            total += payload;
            at += payload + 4;
            cr_assert(payload == 0xffffff || at == out.len);
        }
        cr_assert_eq(packets, cases[i].packets, "%zu: %zu packets", i, packets);
        cr_assert_eq(total, cases[i].text + (cases[i].text > 0xffffff ? 9 : 4));
        free(text);
        dr_buf_release(&out);
    }
}

Test(sim_mysql, columns_are_typed_by_what_they_hold)
{
    static const struct {
        int told; /* the type that the model says; -1: none */
        const char *values[3];
        int type;
        bool is_unsigned, not_null;
    } cases[] = {
        {-1, {"1", "2", "3"}, DR_TYPE_LONGLONG, false, true},
        {-1, {"-1", NULL, "3"}, DR_TYPE_LONGLONG, false, false},
        {-1, {"1", "18446744073709551615", "0"}, DR_TYPE_LONGLONG, true, true},
        {-1, {"-1", "18446744073709551615", "0"}, DR_TYPE_VAR_STRING, false, false},
        {-1, {NULL, NULL, NULL}, DR_TYPE_VAR_STRING, false, false},
        {-1, {"1", "", "3"}, DR_TYPE_VAR_STRING, false, false},
        {-1, {"01", "2", "3"}, DR_TYPE_VAR_STRING, false, false},
        {-1, {"1.5", "2", "3"}, DR_TYPE_VAR_STRING, false, false},
        {-1, {"18446744073709551616", "2", "3"}, DR_TYPE_VAR_STRING, false, false},
        {DR_TYPE_TINY, {"127", "-128", NULL}, DR_TYPE_TINY, false, false},
        {DR_TYPE_TINY, {"128", "-128", NULL}, DR_TYPE_LONGLONG, false, false},
        {DR_TYPE_LONG, {NULL, NULL, NULL}, DR_TYPE_LONG, false, false},
        {DR_TYPE_DOUBLE, {"1e300", "0", "-2.5"}, DR_TYPE_DOUBLE, false, false},
        {DR_TYPE_DOUBLE, {"1x", "0", "1"}, DR_TYPE_VAR_STRING, false, false},
        {DR_TYPE_DATE, {"2026-11-21", NULL, NULL}, DR_TYPE_DATE, false, false},
        {DR_TYPE_DATETIME,
         {"2026-11-21 01:02:03.5", "0000-00-00 00:00:00", NULL},
         DR_TYPE_DATETIME,
         false,
         false},
        {DR_TYPE_DATETIME, {"soon", NULL, NULL}, DR_TYPE_VAR_STRING, false, false},
        {DR_TYPE_TIME, {"-838:59:59", "00:00:00", NULL}, DR_TYPE_TIME, false, false},
        {DR_TYPE_TIME, {"1 day", NULL, NULL}, DR_TYPE_VAR_STRING, false, false},
        {DR_TYPE_JSON, {"{}", NULL, NULL}, DR_TYPE_JSON, false, false},
        {DR_TYPE_UNKNOWN, {"x", NULL, NULL}, DR_TYPE_VAR_STRING, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_cell cells[6] = {{NULL, 0}};
        const char *names[] = {"c", "other"};
        struct dr_sql_type types[2] = {{.type = (uint8_t)cases[i].told}};
        struct dr_sql_answer answer = {.column_count = 2,
                                       .row_count = 3,
                                       .columns = names,
                                       .cells = cells,
                                       .types = cases[i].told < 0 ? NULL : types};
        struct dr_arena *a = dr_arena_new(0);
        for (size_t r = 0; r < 3; r++) { /* every other cell */
            const char *v = cases[i].values[r];
            cells[2 * r] = (struct dr_cell){v, v ? strlen(v) : 0};
        }
        struct dr_mysql_column *col = dr_mysql_columns_of(a, &answer);
        cr_assert_eq(col->type, cases[i].type, "case %zu: %u", i, col->type);
        cr_assert_eq(!!(col->flags & DR_FLAG_UNSIGNED), cases[i].is_unsigned, "%zu", i);
        cr_assert_eq(!!(col->flags & DR_FLAG_NOT_NULL), cases[i].not_null, "%zu", i);
        dr_arena_free(a);
    }
}

/* What is written as a value of the binary protocol is read back as the same literal. */
Test(sim_mysql, binary_values_go_both_ways)
{
    static const struct {
        uint8_t type;
        bool is_unsigned;
        const char *text, *bytes, *literal; /* literal NULL: as the text */
    } cases[] = {
        {DR_TYPE_TINY, false, "-1", "ff", NULL},
        {DR_TYPE_TINY, true, "255", "ff", NULL},
        {DR_TYPE_SHORT, false, "-2", "fe ff", NULL},
        {DR_TYPE_YEAR, true, "2026", "ea 07", NULL},
        {DR_TYPE_INT24, false, "-3", "fd ff ff ff", NULL},
        {DR_TYPE_LONG, true, "4294967295", "ff ff ff ff", NULL},
        {DR_TYPE_LONGLONG, false, "-9223372036854775808", "00 00 00 00 00 00 00 80",
         NULL},
        {DR_TYPE_LONGLONG, true, "18446744073709551615", "ff ff ff ff ff ff ff ff", NULL},
        {DR_TYPE_FLOAT, false, "1.5", "00 00 c0 3f", "1.50000000e+00"},
        {DR_TYPE_DOUBLE, false, "-2.5", "00 00 00 00 00 00 04 c0",
         "-2.5000000000000000e+00"},
        {DR_TYPE_DATE, false, "2026-11-21", "04 ea 07 0b 15", NULL},
        {DR_TYPE_DATETIME, false, "2026-11-21 10:11:12", "07 ea 07 0b 15 0a 0b 0c", NULL},
        {DR_TYPE_DATETIME, false, "2026-11-21 00:00:00", "04 ea 07 0b 15", NULL},
        {DR_TYPE_DATETIME, false, "0000-00-00 00:00:00", "00", NULL},
        {DR_TYPE_TIMESTAMP, false, "2026-11-21 10:11:12.000345",
         "0b ea 07 0b 15 0a 0b 0c 59 01 00 00", NULL},
        {DR_TYPE_TIME, false, "-26:03:04", "08 01 01 00 00 00 02 03 04", NULL},
        {DR_TYPE_TIME, false, "00:00:00", "00", NULL},
        {DR_TYPE_TIME, false, "01:02:03.500000", "0c 00 00 00 00 00 01 02 03 20 a1 07 00",
         NULL},
        {DR_TYPE_NEWDECIMAL, false, "12.30", "05 '12.30'", NULL},
        {DR_TYPE_VAR_STRING, false, "", "00", NULL},
        {DR_TYPE_BLOB, false, "ab", "02 'ab'", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_arena *a = dr_arena_new(0);
        struct dr_cell cells[2] = {{NULL, 0}, {cases[i].text, strlen(cases[i].text)}};
        struct dr_mysql_column cols[2] = {
            {.type = DR_TYPE_LONG},
            {.type = cases[i].type,
             .flags = cases[i].is_unsigned ? DR_FLAG_UNSIGNED : 0}};
        struct dr_buf out;
        uint8_t seq = 0;
        char want[128];
        dr_buf_init(&out, 4096);
        dr_mysql_put_binary_row(&out, &seq, cols, cells, 2);
        struct dr_mysql_cursor c;
        struct dr_sql_param p;
        dr_mysql_cursor_init(&c, out.data + 6, out.len - 6);
        enum dr_mysql_param_result r =
            dr_mysql_get_param(&c, a, cases[i].type, cases[i].is_unsigned, &p);
        cr_assert_eq(r, DR_PARAM_READ, "case %zu", i);
        cr_assert_eq(dr_mysql_left(&c), 0, "case %zu", i);
        const char *literal = cases[i].literal ? cases[i].literal : cases[i].text;
        cr_assert(p.len == strlen(literal) && !memcmp(p.text, literal, p.len),
                  "case %zu: %.*s", i, (int)p.len, p.text);
        snprintf(want, sizeof(want), "%02x 00 00 00 00 04 %s", (unsigned)out.len - 4,
                 cases[i].bytes);
        expect(&out, want);
        dr_arena_free(a);
        dr_buf_release(&out);
    }
}

/* What a client should not send. */
Test(sim_mysql, bad_parameters_are_told_apart)
{
    static const struct {
        uint8_t type;
        const char *bytes;
        size_t len;
        enum dr_mysql_param_result want;
    } cases[] = {
        {DR_TYPE_LONG, "\1\2\3", 3, DR_PARAM_MALFORMED},
        {DR_TYPE_VAR_STRING, "\5ab", 3, DR_PARAM_MALFORMED},
        {DR_TYPE_VAR_STRING, "", 0, DR_PARAM_MALFORMED},
        {DR_TYPE_VAR_STRING, "\xfb", 1, DR_PARAM_MALFORMED},
        {DR_TYPE_DATE, "\5\1\1\1\1\1", 6, DR_PARAM_MALFORMED},
        {DR_TYPE_TIME, "\x08\2\0\0\0\0\0\0\0", 9, DR_PARAM_MALFORMED},
        {DR_TYPE_DATETIME, "\7\1\1", 3, DR_PARAM_MALFORMED},
        {DR_TYPE_JSON, "\2{}", 3, DR_PARAM_UNKNOWN}, /* TiDB knows none either */
        {DR_TYPE_UNKNOWN, "\2{}", 3, DR_PARAM_UNKNOWN},
        {DR_TYPE_NULL, "", 0, DR_PARAM_READ},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_arena *a = dr_arena_new(0);
        struct dr_mysql_cursor c;
        struct dr_sql_param p;
        dr_mysql_cursor_init(&c, cases[i].bytes, cases[i].len);
        cr_assert_eq(dr_mysql_get_param(&c, a, cases[i].type, false, &p), cases[i].want,
                     "case %zu", i);
        dr_arena_free(a);
    }
}

Test(sim_mysql, native_proofs_have_known_answers)
{
    /* the second one is of go-sql-driver: auth_test.go, TestAuthFastNativePassword */
    static const struct {
        const char *password, *salt, *scramble;
    } cases[] = {
        {"app", "abcdefghijklmnopqrst", "9b7d5872d84e55f2a3c7ab9dfc24402d68a51040"},
        {"secret",
         "\x46\x72\x5c\x5e\x01\x26\x0b\x74\x3f\x72\x17\x65\x7e\x67\x1a\x5f\x51\x11"
         "\x18\x15",
         "35b18c9ffbbd7f356dfcac32d3c0f0a41a30cf2d"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned char got[DR_SHA1_BYTES], want[DR_SHA1_BYTES];
        dr_mysql_native_scramble(got, cases[i].password,
                                 (const unsigned char *)cases[i].salt);
        bytes_of(cases[i].scramble, (char *)want, sizeof(want) + 1);
        cr_assert_eq(memcmp(got, want, sizeof(want)), 0, "%s", cases[i].password);
    }
}

Test(sim_mysql, a_proof_fits_its_password_alone)
{
    static const unsigned char salt[] = "abcdefghijklmnopqrst";
    unsigned char right[DR_SHA1_BYTES];
    dr_mysql_native_scramble(right, "secret", salt);
    const char *r = (const char *)right;
    const struct {
        const char *password;
        enum dr_mysql_proof_kind kind;
        struct dr_mysql_text bytes;
        bool fits;
    } cases[] = {
        {"secret", DR_PROOF_NATIVE, {r, DR_SHA1_BYTES}, true},
        {"Secret", DR_PROOF_NATIVE, {r, DR_SHA1_BYTES}, false},
        {"secret", DR_PROOF_NATIVE, {r, DR_SHA1_BYTES - 1}, false},
        {"", DR_PROOF_NATIVE, {r, DR_SHA1_BYTES}, false},
        {"secret", DR_PROOF_CLEAR, {"secret", 6}, true},
        {"secret", DR_PROOF_CLEAR, {"secre", 5}, false},
        {"secret", DR_PROOF_CLEAR, {"secret2", 7}, false},
        {"", DR_PROOF_CLEAR, {"", 0}, false},
        {"", DR_PROOF_EMPTY, {"", 0}, true},
        {"secret", DR_PROOF_EMPTY, {"", 0}, false},
        {"secret", DR_PROOF_NONE, {"secret", 6}, false},
        {"", DR_PROOF_NONE, {"", 0}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_mysql_proof proof = {cases[i].kind, cases[i].bytes, salt};
        cr_assert_eq(dr_mysql_proof_fits(cases[i].password, &proof), cases[i].fits,
                     "case %zu", i);
    }
    unsigned char fresh[DR_MYSQL_SALT];
    dr_mysql_make_salt(fresh);
    for (size_t i = 0; i < sizeof(fresh); i++)
        cr_assert(fresh[i] && fresh[i] != '$' && fresh[i] < 0x80);
}

Test(sim_mysql, statements_are_split_where_tidb_splits_them)
{
    static const struct {
        const char *text, *parts; /* joined by '|' */
    } cases[] = {
        {"SELECT 1", "SELECT 1"},
        {" SELECT 1 ; ", "SELECT 1"},
        {"SELECT 1;SELECT 2", "SELECT 1|SELECT 2"},
        {";;SELECT 1;;;SELECT 2;;", "SELECT 1|SELECT 2"},
        {"SELECT ';'", "SELECT ';'"},
        {"SELECT 'it''s;' ; SELECT 2", "SELECT 'it''s;'|SELECT 2"},
        {"SELECT 'a\\';b';SELECT 2", "SELECT 'a\\';b'|SELECT 2"},
        {"SELECT \";\";SELECT 2", "SELECT \";\"|SELECT 2"},
        {"SELECT `;\\`;SELECT 2", "SELECT `;\\`|SELECT 2"},
        {"SELECT 1 -- a;b\n;SELECT 2", "SELECT 1 -- a;b|SELECT 2"},
        {"SELECT 1--1;SELECT 2", "SELECT 1--1|SELECT 2"},
        {"# a;b\nSELECT 1", "# a;b\nSELECT 1"},
        {"SELECT /* ; */ 1;/* only a comment; */", "SELECT /* ; */ 1"},
        {"/*! SET x=1 */;", "/*! SET x=1 */"},
        {"SELECT 'open;", "SELECT 'open;"},
        {"SELECT 'open\\", "SELECT 'open\\"},
        {"/* open ;", ""},
        {"-- only;\n", ""},
        {"", ""},
        {";", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_buf got;
        const char *text = cases[i].text, *part;
        size_t len = strlen(text), next, n;
        dr_buf_init(&got, 1024);
        while (dr_mysql_next_statement(text, len, &next, &part, &n)) {
            if (got.len)
                dr_buf_addc(&got, '|');
            dr_buf_add(&got, part, n);
            text += next;
            len -= next;
        }
        cr_assert_str_eq(dr_buf_str(&got), cases[i].parts, "'%s'", cases[i].text);
        dr_buf_release(&got);
    }
}
