/* TiDB's functions for SQLite (session, time, numbers), and the conversions that go with
 * them. Time is UTC. */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_func.h"
#include "controller/estate/model/sql_vars.h"

/* ---- conversions ---- */

const char *dr_real_text(struct dr_arena *a, double r)
{
    char s[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(s, sizeof(s), "%.*g", digits, r);
        double back;
        if (sscanf(s, "%lf", &back) == 1 && back == r)
            break;
    }
    return dr_strdup(a, s);
}

const char *dr_datum_text(struct dr_arena *a, const struct dr_datum *d, size_t *len)
{
    const char *s = NULL;
    switch (d->kind) {
    case DR_DATUM_NULL:
        break;
    case DR_DATUM_INT:
        s = dr_sprintf(a, "%lld", (long long)d->i);
        break;
    case DR_DATUM_REAL:
        s = dr_real_text(a, d->r);
        break;
    case DR_DATUM_TEXT:
    case DR_DATUM_BLOB:
        if (len)
            *len = d->len;
        return d->s;
    }
    if (len)
        *len = s ? strlen(s) : 0;
    return s;
}

const char *dr_json_normal(struct dr_arena *a, const char *s, size_t len)
{
    json_t *v = json_loadb(s, len, JSON_DECODE_ANY, NULL);
    if (!v)
        return NULL;
    char *t = json_dumps(v, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    const char *out = dr_strdup(a, t);
    free(t);
    json_decref(v);
    return out;
}

bool dr_time_parse(const char *s, int64_t *unix_ms)
{
    struct tm tm = {0};
    const char *p = strptime(s, "%Y-%m-%d", &tm);
    int ms = 0;
    if (!p)
        return false;
    if (*p == ' ' || *p == 'T') {
        p = strptime(p + 1, "%H:%M:%S", &tm);
        if (!p)
            return false;
    }
    if (*p == '.') {
        int scale = 100;
        for (p++; isdigit((unsigned char)*p); p++, scale /= 10)
            ms += (*p - '0') * scale;
    }
    *unix_ms = (int64_t)timegm(&tm) * 1000 + ms;
    return *p == '\0';
}

bool dr_like(const char *p, const char *t, bool fold)
{
    for (; *p; p++, t++) {
        if (*p == '%') {
            while (*p == '%')
                p++;
            for (; *t; t++)
                if (dr_like(p, t, fold))
                    return true;
            return !*p;
        }
        if (*p == '_' && *t)
            continue;
        if (*p == '\\' && p[1])
            p++;
        if (!*t ||
            (fold ? tolower((unsigned char)*p) != tolower((unsigned char)*t) : *p != *t))
            return false;
    }
    return !*t;
}

/* ---- session and server ---- */

static void f_version(ARGS)
{
    UNUSED_ARGS;
    give(ctx, dr_model_sql_version(exec_of(ctx)->s));
}

/* docs: functions-and-operators/tidb-functions.md TIDB_VERSION() */
static void f_tidb_version(ARGS)
{
    UNUSED_ARGS;
    struct dr_exec *x = exec_of(ctx);
    give(ctx, dr_sprintf(x->a,
                         "Release Version: %s\nEdition: Community\nGit Commit Hash: "
                         "0000000000000000000000000000000000000000\nGit Branch: HEAD\n"
                         "UTC Build Time: 2025-01-01 00:00:00\nGoVersion: go1.23.4\n"
                         "Race Enabled: false\nCheck Table Before Drop: false\nStore: "
                         "tikv",
                         x->c->version.text));
}

static void f_connection_id(ARGS)
{
    UNUSED_ARGS;
    give_u64(ctx, exec_of(ctx)->s->id);
}

static void f_user(ARGS)
{
    UNUSED_ARGS;
    struct dr_exec *x = exec_of(ctx);
    give(ctx, dr_sprintf(x->a, "%s@%s", x->s->user ? x->s->user : "", x->s->peer));
}

static void f_current_user(ARGS)
{
    UNUSED_ARGS;
    struct dr_exec *x = exec_of(ctx);
    give(ctx, dr_sprintf(x->a, "%s@%s", x->s->user ? x->s->user : "",
                         x->s->account_host ? x->s->account_host : ""));
}

static void f_database(ARGS)
{
    UNUSED_ARGS;
    give(ctx, exec_of(ctx)->s->db);
}

/* With an argument it is remembered, and the client's insert id as well. */
static void f_last_insert_id(ARGS)
{
    struct dr_exec *x = exec_of(ctx);
    if (argc && null(ctx, argc, argv))
        return;
    if (argc)
        x->s->last_insert_id = x->out->insert_id = u64_of(argv[0]);
    give_u64(ctx, x->s->last_insert_id);
}

static void f_row_count(ARGS)
{
    UNUSED_ARGS;
    sqlite3_result_int64(ctx, exec_of(ctx)->s->last_affected);
}

static void f_found_rows(ARGS)
{
    UNUSED_ARGS;
    sqlite3_result_int64(ctx, exec_of(ctx)->s->last_rows);
}

static void f_zero(ARGS)
{
    UNUSED_ARGS;
    sqlite3_result_int(ctx, 0);
}

static void f_one(ARGS)
{
    UNUSED_ARGS;
    sqlite3_result_int(ctx, 1);
}

static void f_current_tso(ARGS)
{
    UNUSED_ARGS;
    const struct dr_txn *t = exec_of(ctx)->s->txn;
    give_u64(ctx, t ? t->start_tso : 0);
}

static void f_parse_tso(ARGS)
{
    struct dr_exec *x = exec_of(ctx);
    if (null(ctx, argc, argv))
        return;
    uint64_t tso = u64_of(argv[0]);
    give(ctx, tso ? dr_sql_time(x->a, dr_tso_ms(tso), 6) : NULL);
}

static void f_parse_tso_logical(ARGS)
{
    if (!null(ctx, argc, argv))
        sqlite3_result_int64(ctx, dr_tso_logical(u64_of(argv[0])));
}

static void f_uuid(ARGS)
{
    UNUSED_ARGS;
    struct dr_exec *x = exec_of(ctx);
    uint64_t a = dr_model_random(x->m, UINT64_MAX), b = dr_model_random(x->m, UINT64_MAX);
    give(ctx, dr_sprintf(x->a, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
                         (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
                         (unsigned)(0x8000 | (b >> 48 & 0x3fff)),
                         (unsigned long long)(b & 0xffffffffffffull)));
}

static void f_rand(ARGS)
{
    UNUSED_ARGS;
    sqlite3_result_double(ctx, (double)dr_model_random(exec_of(ctx)->m, 1ull << 53) /
                                   (double)(1ull << 53));
}

/* ---- time ---- */

static void f_now(ARGS)
{
    struct dr_exec *x = exec_of(ctx);
    give(ctx, dr_sql_time(x->a, dr_cluster_wall_ms(x->c),
                          argc ? sqlite3_value_int(argv[0]) : 0));
}

static void f_curdate(ARGS)
{
    UNUSED_ARGS;
    struct dr_exec *x = exec_of(ctx);
    give(ctx, dr_strndup(x->a, dr_sql_time(x->a, dr_cluster_wall_ms(x->c), 0), 10));
}

static void f_unix_timestamp(ARGS)
{
    struct dr_exec *x = exec_of(ctx);
    int64_t ms = dr_cluster_wall_ms(x->c);
    if (argc && null(ctx, argc, argv))
        return;
    if (argc && !dr_time_parse(text(argv[0]), &ms))
        sqlite3_result_int(ctx, 0);
    else if (argc && ms % 1000)
        sqlite3_result_double(ctx, (double)ms / 1000);
    else
        sqlite3_result_int64(ctx, ms / 1000);
}

static void f_from_unixtime(ARGS)
{
    if (!null(ctx, argc, argv))
        give(ctx,
             dr_sql_time(exec_of(ctx)->a, (int64_t)(sqlite3_value_double(argv[0]) * 1000),
                         sqlite3_value_type(argv[0]) == SQLITE_FLOAT ? 6 : 0));
}

static bool unit_ms(const char *unit, int64_t *ms, int *months)
{
    static const struct {
        const char *unit;
        int64_t ms;
        int months;
    } units[] = {{"MICROSECOND", 0, 0}, {"SECOND", 1000, 0},  {"MINUTE", 60000, 0},
                 {"HOUR", 3600000, 0},  {"DAY", 86400000, 0}, {"WEEK", 604800000, 0},
                 {"MONTH", 0, 1},       {"YEAR", 0, 12}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcasecmp(units[i].unit, unit) == 0) {
            *ms = units[i].ms;
            *months = units[i].months;
            return true;
        }
    }
    return false;
}

static void shift(ARGS, int sign)
{
    struct dr_exec *x = exec_of(ctx);
    int64_t at, ms;
    int months;
    (void)argc;
    if (null(ctx, 2, argv))
        return;
    const char *s = text(argv[0]);
    if (!dr_time_parse(s, &at) || !unit_ms(text(argv[2]), &ms, &months)) {
        sqlite3_result_null(ctx);
        return;
    }
    double n = sign * sqlite3_value_double(argv[1]);
    if (months) {
        time_t t = (time_t)(at / 1000);
        struct tm tm;
        gmtime_r(&t, &tm);
        tm.tm_mon += (int)(n * months);
        at = (int64_t)timegm(&tm) * 1000 + at % 1000;
    } else {
        at += strcasecmp(text(argv[2]), "MICROSECOND") == 0 ? (int64_t)(n / 1000)
                                                            : (int64_t)(n * (double)ms);
    }
    bool day = strlen(s) == 10 && ms % 86400000 == 0;
    const char *dot = strchr(s, '.');
    const char *out =
        dr_sql_time(x->a, at, at % 1000 || dot ? (dot ? (int)strlen(dot) - 1 : 6) : 0);
    give(ctx, day ? dr_strndup(x->a, out, 10) : out);
}

static void f_date_add(ARGS)
{
    shift(ctx, argc, argv, 1);
}

static void f_date_sub(ARGS)
{
    shift(ctx, argc, argv, -1);
}

static void f_timestampdiff(ARGS)
{
    int64_t a, b, ms;
    int months;
    if (null(ctx, argc, argv))
        return;
    if (!unit_ms(text(argv[0]), &ms, &months) || !dr_time_parse(text(argv[1]), &a) ||
        !dr_time_parse(text(argv[2]), &b))
        sqlite3_result_null(ctx);
    else if (months)
        sqlite3_result_int64(ctx, (b - a) / (int64_t)(months * 30.436875 * 86400000));
    else
        sqlite3_result_int64(ctx, ms ? (b - a) / ms : (b - a) * 1000);
}

/* ---- the rest ---- */

static void f_if(ARGS)
{
    (void)argc;
    bool yes =
        sqlite3_value_type(argv[0]) != SQLITE_NULL && sqlite3_value_double(argv[0]) != 0;
    sqlite3_result_value(ctx, argv[yes ? 1 : 2]);
}

static void f_isnull(ARGS)
{
    (void)argc;
    sqlite3_result_int(ctx, sqlite3_value_type(argv[0]) == SQLITE_NULL);
}

static void f_mod(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    int64_t b = sqlite3_value_int64(argv[1]);
    if (!b)
        sqlite3_result_null(ctx);
    else
        sqlite3_result_int64(ctx, sqlite3_value_int64(argv[0]) % b);
}

static int order(sqlite3_value *a, sqlite3_value *b)
{
    bool numbers = sqlite3_value_numeric_type(a) != SQLITE_TEXT &&
                   sqlite3_value_numeric_type(b) != SQLITE_TEXT;
    if (sqlite3_value_type(a) == SQLITE_INTEGER &&
        sqlite3_value_type(b) == SQLITE_INTEGER) {
        int64_t x = sqlite3_value_int64(a), y = sqlite3_value_int64(b);
        return (x > y) - (x < y);
    }
    if (numbers) {
        double x = sqlite3_value_double(a), y = sqlite3_value_double(b);
        return (x > y) - (x < y);
    }
    return strcmp(text(a), text(b));
}

static void extreme(ARGS, int sign)
{
    if (null(ctx, argc, argv))
        return;
    sqlite3_value *best = argv[0];
    for (int i = 1; i < argc; i++)
        if (sign * order(argv[i], best) > 0)
            best = argv[i];
    sqlite3_result_value(ctx, best);
}

static void f_greatest(ARGS)
{
    extreme(ctx, argc, argv, 1);
}

static void f_least(ARGS)
{
    extreme(ctx, argc, argv, -1);
}

/* CAST(x AS type), CONVERT(x, type) */
static void f_cast(ARGS)
{
    if (null(ctx, argc, argv))
        return;
    const char *type = text(argv[1]), *s;
    struct dr_exec *x = exec_of(ctx);
    if (strncasecmp(type, "UNSIGNED", 8) == 0) {
        give_u64(ctx, u64_of(argv[0]));
    } else if (strncasecmp(type, "SIGNED", 6) == 0) {
        sqlite3_result_int64(ctx, sqlite3_value_int64(argv[0]));
    } else if (strncasecmp(type, "DECIMAL", 7) == 0 ||
               strncasecmp(type, "DOUBLE", 6) == 0 ||
               strncasecmp(type, "FLOAT", 5) == 0) {
        sqlite3_result_double(ctx, sqlite3_value_double(argv[0]));
    } else if (strncasecmp(type, "JSON", 4) == 0) {
        s = dr_json_normal(x->a, text(argv[0]), strlen(text(argv[0])));
        if (s)
            give(ctx, s);
        else
            sqlite3_result_error(ctx, "Invalid JSON text: The document is invalid.", -1);
    } else if (strcasecmp(type, "DATE") == 0) {
        int64_t ms;
        if (dr_time_parse(text(argv[0]), &ms)) {
            give(ctx, dr_strndup(x->a, dr_sql_time(x->a, ms, 0), 10));
        } else { /* tidb: pkg/types/time.go ParseDate: NULL and a warning */
            dr_sql_warn(x, "Warning", 1292, "Incorrect datetime value: '%s'",
                        text(argv[0]));
            sqlite3_result_null(ctx);
        }
    } else {
        s = text(argv[0]);
        sqlite3_result_text(ctx, s, sqlite3_value_bytes(argv[0]), SQLITE_TRANSIENT);
    }
}

/* ---- aggregates ---- */

struct bits {
    bool used;
    uint64_t value;
};

static void bit_step(ARGS)
{
    struct bits *b = sqlite3_aggregate_context(ctx, sizeof(*b));
    (void)argc;
    if (!b || sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    b->used = true;
    b->value ^= u64_of(argv[0]);
}

static void bit_final(sqlite3_context *ctx)
{
    const struct bits *b = sqlite3_aggregate_context(ctx, 0);
    give_u64(ctx, b ? b->value : 0);
}

static void or_step(ARGS)
{
    struct bits *b = sqlite3_aggregate_context(ctx, sizeof(*b));
    (void)argc;
    if (b && sqlite3_value_type(argv[0]) != SQLITE_NULL)
        b->value |= u64_of(argv[0]);
}

void dr_functions_register(struct sqlite3 *db, struct dr_exec **current)
{
    static const struct {
        const char *name;
        int args;
        void (*fn)(ARGS);
    } table[] = {
        {"version", 0, f_version},
        {"tidb_version", 0, f_tidb_version},
        {"connection_id", 0, f_connection_id},
        {"user", 0, f_user},
        {"session_user", 0, f_user},
        {"system_user", 0, f_user},
        {"current_user", 0, f_current_user},
        {"database", 0, f_database},
        {"schema", 0, f_database},
        {"last_insert_id", 0, f_last_insert_id},
        {"last_insert_id", 1, f_last_insert_id},
        {"row_count", 0, f_row_count},
        {"found_rows", 0, f_found_rows},
        {"sleep", 1, f_zero},
        {"get_lock", 2, f_one},
        {"release_lock", 1, f_one},
        {"tidb_current_tso", 0, f_current_tso},
        {"tidb_parse_tso", 1, f_parse_tso},
        {"tidb_parse_tso_logical", 1, f_parse_tso_logical},
        {"uuid", 0, f_uuid},
        {"rand", 0, f_rand},
        {"now", -1, f_now},
        {"sysdate", -1, f_now},
        {"curdate", 0, f_curdate},
        {"unix_timestamp", -1, f_unix_timestamp},
        {"from_unixtime", 1, f_from_unixtime},
        {"dr_date_add", 3, f_date_add},
        {"date_add", 3, f_date_add},
        {"adddate", 3, f_date_add},
        {"date_sub", 3, f_date_sub},
        {"subdate", 3, f_date_sub},
        {"timestampdiff", 3, f_timestampdiff},
        {"if", 3, f_if},
        {"dr_isnull", 1, f_isnull},
        {"mod", 2, f_mod},
        {"greatest", -1, f_greatest},
        {"least", -1, f_least},
        {"dr_cast", 2, f_cast},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        sqlite3_create_function(db, table[i].name, table[i].args, SQLITE_UTF8, current,
                                table[i].fn, NULL, NULL);
    dr_text_functions_register(db, current);
    dr_more_functions_register(db, current);
    sqlite3_create_function(db, "bit_xor", 1, SQLITE_UTF8, current, NULL, bit_step,
                            bit_final);
    sqlite3_create_function(db, "bit_or", 1, SQLITE_UTF8, current, NULL, or_step,
                            bit_final);
}
