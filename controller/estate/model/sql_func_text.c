/* TiDB's functions on strings and JSON, and digests. */
#include <ctype.h>
#include <openssl/evp.h>
#include <regex.h>
#include <string.h>
#include <strings.h>

#include "controller/base/digest.h"
#include "controller/estate/model/sql_func.h"

/* ---- strings ---- */

static void f_concat(ARGS)
{
    struct dr_buf b;
    if (null(ctx, argc, argv))
        return;
    dr_buf_init(&b, 64 << 20);
    for (int i = 0; i < argc; i++)
        dr_buf_add(&b, text(argv[i]), (size_t)sqlite3_value_bytes(argv[i]));
    sqlite3_result_text(ctx, dr_buf_str(&b), (int)b.len, SQLITE_TRANSIENT);
    dr_buf_release(&b);
}

static void f_concat_ws(ARGS)
{
    struct dr_buf b;
    bool first = true;
    if (null(ctx, 1, argv))
        return;
    dr_buf_init(&b, 64 << 20);
    for (int i = 1; i < argc; i++) {
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            continue;
        if (!first)
            dr_buf_adds(&b, text(argv[0]));
        first = false;
        dr_buf_add(&b, text(argv[i]), (size_t)sqlite3_value_bytes(argv[i]));
    }
    sqlite3_result_text(ctx, dr_buf_str(&b), (int)b.len, SQLITE_TRANSIENT);
    dr_buf_release(&b);
}

static void f_octet_length(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    (void)text(argv[0]);
    sqlite3_result_int64(ctx, sqlite3_value_bytes(argv[0]));
}

static void f_left(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    const char *s = text(argv[0]);
    int64_t n = sqlite3_value_int64(argv[1]), len = (int64_t)strlen(s);
    n = n < 0 ? 0 : n > len ? len : n;
    sqlite3_result_text(ctx, s, (int)n, SQLITE_TRANSIENT);
}

static void f_right(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    const char *s = text(argv[0]);
    int64_t n = sqlite3_value_int64(argv[1]), len = (int64_t)strlen(s);
    n = n < 0 ? 0 : n > len ? len : n;
    give(ctx, s + len - n);
}

static void f_like(ARGS)
{
    if (!null(ctx, argc, argv))
        sqlite3_result_int(ctx, dr_like(text(argv[0]), text(argv[1]), false));
}

static void f_regexp(ARGS)
{
    regex_t re;
    if (null(ctx, argc, argv))
        return;
    if (regcomp(&re, text(argv[0]), REG_EXTENDED | REG_NOSUB) != 0) {
        sqlite3_result_error(ctx, "invalid regular expression", -1);
        return;
    }
    sqlite3_result_int(ctx, regexec(&re, text(argv[1]), 0, NULL, 0) == 0);
    regfree(&re);
}

static void f_substring_index(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    const char *s = text(argv[0]), *d = text(argv[1]), *p = s;
    int64_t n = sqlite3_value_int64(argv[2]);
    size_t dl = strlen(d);
    if (n < 0) {
        size_t total = 0;
        for (const char *q = s; dl && (q = strstr(q, d)); q += dl)
            total++;
        n = (int64_t)total + n + 1;
        if (n <= 0) {
            give(ctx, s);
            return;
        }
        for (; n-- && (p = strstr(p, d));)
            p += dl;
        give(ctx, p ? p : s);
        return;
    }
    for (; n && dl && (p = strstr(p, d)); p += dl)
        if (--n == 0) {
            sqlite3_result_text(ctx, s, (int)(p - s), SQLITE_TRANSIENT);
            return;
        }
    give(ctx, n || !dl ? s : "");
}

static void f_locate(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    const char *s = text(argv[1]), *p = strstr(s, text(argv[0]));
    sqlite3_result_int64(ctx, p ? p - s + 1 : 0);
}

static void hash(ARGS, const EVP_MD *md)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    unsigned n = 0;
    (void)argc;
    if (null(ctx, 1, argv))
        return;
    const char *s = text(argv[0]);
    if (!EVP_Digest(s, (size_t)sqlite3_value_bytes(argv[0]), out, &n, md, NULL)) {
        sqlite3_result_error(ctx, "digest", -1);
        return;
    }
    dr_hex(hex, out, n);
    give(ctx, hex);
}

static void f_md5(ARGS)
{
    hash(ctx, argc, argv, EVP_md5());
}

static void f_sha1(ARGS)
{
    hash(ctx, argc, argv, EVP_sha1());
}

static void f_sha2(ARGS)
{
    hash(ctx, argc, argv, EVP_sha256());
}

static void f_crc32(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    const char *s = text(argv[0]);
    size_t len = (size_t)sqlite3_value_bytes(argv[0]);
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)s[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
    }
    sqlite3_result_int64(ctx, ~crc);
}

static void f_conv(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    int from = sqlite3_value_int(argv[1]), to = sqlite3_value_int(argv[2]);
    char out[65], *p = out + 64;
    uint64_t n = 0;
    if (from < 2 || from > 36 || to < 2 || to > 36) {
        sqlite3_result_null(ctx);
        return;
    }
    for (const char *s = text(argv[0]); *s; s++) {
        int c = toupper((unsigned char)*s), d = isdigit(c) ? c - '0' : c - 'A' + 10;
        if (!isalnum(c) || d >= from)
            break;
        n = n * (uint64_t)from + (uint64_t)d;
    }
    *p = '\0';
    do {
        *--p = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n % (uint64_t)to];
    } while (n /= (uint64_t)to);
    give(ctx, p);
}

static void f_unhex(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    const char *s = text(argv[0]);
    size_t n = strlen(s) / 2;
    unsigned char *out = dr_alloc(exec_of(ctx)->a, n + 1);
    for (size_t i = 0; i < n; i++) {
        unsigned v = 0;
        if (sscanf(s + 2 * i, "%2x", &v) != 1) {
            sqlite3_result_null(ctx);
            return;
        }
        out[i] = (unsigned char)v;
    }
    sqlite3_result_blob(ctx, out, (int)n, SQLITE_TRANSIENT);
}

/* ---- JSON ---- */

static json_t *json_at(json_t *v, const char *path)
{
    char key[128];
    if (*path++ != '$')
        return NULL;
    while (v && *path) {
        if (*path == '.') {
            bool quote = path[1] == '"';
            path += quote ? 2 : 1;
            size_t n = strcspn(path, quote ? "\"" : ".[");
            snprintf(key, sizeof(key), "%.*s", (int)n, path);
            path += n + quote;
            v = json_object_get(v, key);
        } else if (*path == '[') {
            uint64_t i = 0;
            size_t n = strcspn(path + 1, "]");
            if (!dr_parse_u64(path + 1, n, &i))
                return NULL;
            path += n + 2;
            v = json_array_get(v, i);
        } else {
            return NULL;
        }
    }
    return v;
}

static void give_json(sqlite3_context *ctx, const json_t *v)
{
    char *t = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
    give(ctx, t);
    free(t);
}

static void f_json_extract(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    json_t *v = json_loads(text(argv[0]), JSON_DECODE_ANY, NULL);
    give_json(ctx, v ? json_at(v, text(argv[1])) : NULL);
    json_decref(v);
}

static void f_json_unquote(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    const char *s = text(argv[0]);
    json_t *v = *s == '"' ? json_loads(s, JSON_DECODE_ANY, NULL) : NULL;
    give(ctx, json_is_string(v) ? json_string_value(v) : s);
    json_decref(v);
}

static json_t *json_of(sqlite3_value *v)
{
    switch (sqlite3_value_type(v)) {
    case SQLITE_NULL:
        return json_null();
    case SQLITE_INTEGER:
        return json_integer(sqlite3_value_int64(v));
    case SQLITE_FLOAT:
        return json_real(sqlite3_value_double(v));
    default:
        return json_string(text(v));
    }
}

static void f_json_object(ARGS)
{
    json_t *o = json_object();
    for (int i = 0; i + 1 < argc; i += 2)
        json_object_set_new(o, text(argv[i]), json_of(argv[i + 1]));
    give_json(ctx, o);
    json_decref(o);
}

static void f_json_array(ARGS)
{
    json_t *o = json_array();
    for (int i = 0; i < argc; i++)
        json_array_append_new(o, json_of(argv[i]));
    give_json(ctx, o);
    json_decref(o);
}

static void f_json_length(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    json_t *v = json_loads(text(argv[0]), JSON_DECODE_ANY, NULL);
    if (!v)
        sqlite3_result_null(ctx);
    else
        sqlite3_result_int64(ctx, json_is_object(v)  ? (int64_t)json_object_size(v)
                                  : json_is_array(v) ? (int64_t)json_array_size(v)
                                                     : 1);
    json_decref(v);
}

void dr_text_functions_register(struct sqlite3 *db, struct dr_exec **current)
{
    static const struct {
        const char *name;
        int args;
        void (*fn)(ARGS);
    } table[] = {
        {"concat", -1, f_concat},
        {"concat_ws", -1, f_concat_ws},
        {"octet_length", 1, f_octet_length},
        {"dr_left", 2, f_left},
        {"dr_right", 2, f_right},
        {"like", 2, f_like},
        {"like", 3, f_like},
        {"regexp", 2, f_regexp},
        {"substring_index", 3, f_substring_index},
        {"locate", 2, f_locate},
        {"md5", 1, f_md5},
        {"sha1", 1, f_sha1},
        {"sha", 1, f_sha1},
        {"sha2", 2, f_sha2},
        {"crc32", 1, f_crc32},
        {"conv", 3, f_conv},
        {"unhex", 1, f_unhex},
        {"json_extract", 2, f_json_extract},
        {"json_unquote", 1, f_json_unquote},
        {"json_object", -1, f_json_object},
        {"json_array", -1, f_json_array},
        {"json_length", 1, f_json_length},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        sqlite3_create_function(db, table[i].name, table[i].args, SQLITE_UTF8, current,
                                table[i].fn, NULL, NULL);
}
