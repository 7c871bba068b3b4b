/* What the files with SQL functions share. */
#ifndef DR_MODEL_SQL_FUNC_H
#define DR_MODEL_SQL_FUNC_H

#include <sqlite3.h>

#include "controller/base/num.h"
#include "controller/estate/model/sql_engine.h"

/* Strings, digests, JSON (sql_func_text.c). */
void dr_text_functions_register(struct sqlite3 *db, struct dr_exec **current);
void dr_more_functions_register(struct sqlite3 *db, struct dr_exec **current);

#define ARGS        sqlite3_context *ctx, int argc, sqlite3_value **argv
#define UNUSED_ARGS (void)argc, (void)argv

static inline struct dr_exec *exec_of(sqlite3_context *ctx)
{
    return *(struct dr_exec **)sqlite3_user_data(ctx);
}

static inline const char *text(sqlite3_value *v)
{
    const char *s = (const char *)sqlite3_value_text(v);
    return s ? s : "";
}

static inline bool null(ARGS)
{
    for (int i = 0; i < argc; i++) {
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL) {
            sqlite3_result_null(ctx);
            return true;
        }
    }
    return false;
}

static inline void give(sqlite3_context *ctx, const char *s)
{
    if (s)
        sqlite3_result_text(ctx, s, -1, SQLITE_TRANSIENT);
    else
        sqlite3_result_null(ctx);
}

static inline void give_u64(sqlite3_context *ctx, uint64_t n)
{
    char s[24];
    if (n <= INT64_MAX) {
        sqlite3_result_int64(ctx, (sqlite3_int64)n);
        return;
    }
    snprintf(s, sizeof(s), "%llu", (unsigned long long)n);
    give(ctx, s);
}

static inline uint64_t u64_of(sqlite3_value *v)
{
    uint64_t n;
    const char *s;
    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        return (uint64_t)sqlite3_value_int64(v);
    case SQLITE_FLOAT:
        return (uint64_t)sqlite3_value_double(v);
    default:
        s = text(v);
        return dr_parse_u64(s, strspn(s, "0123456789"), &n)
                   ? n
                   : (uint64_t)sqlite3_value_int64(v);
    }
}

#endif
