/* Answers: errors with their SQLSTATE and text, results, warnings. Numbers and texts:
 * tidb: pkg/errno/errcode.go, errname.go. */
#include <string.h>

#include "controller/estate/model/sql_session.h"

static const char *sql_state(int number)
{
    static const struct {
        int number;
        const char *state;
    } states[] = {
        {1040, "08004"}, {1044, "42000"}, {1045, "28000"}, {1046, "3D000"},
        {1048, "23000"}, {1049, "42000"}, {1050, "42S01"}, {1051, "42S02"},
        {1052, "23000"}, {1053, "08S01"}, {1054, "42S22"}, {1060, "42S21"},
        {1061, "42000"}, {1062, "23000"}, {1064, "42000"}, {1068, "42000"},
        {1069, "42000"}, {1072, "42000"}, {1091, "42000"}, {1110, "42000"},
        {1115, "42000"}, {1117, "42000"}, {1136, "21S01"}, {1141, "42000"},
        {1142, "42000"}, {1146, "42S02"}, {1227, "42000"}, {1231, "42000"},
        {1232, "42000"}, {1235, "42000"}, {1241, "21000"}, {1242, "21000"},
        {1264, "22003"}, {1292, "22007"}, {1305, "42000"}, {1317, "70100"},
        {1364, "HY000"}, {1406, "22001"}, {1410, "42000"}, {1582, "42000"},
        {3619, "HY000"}, {0, NULL},
    };
    for (size_t i = 0; states[i].number; i++)
        if (states[i].number == number)
            return states[i].state;
    return "HY000";
}

static void clear_result(struct dr_exec *x)
{
    x->out->column_count = x->out->row_count = 0;
    x->out->columns = NULL;
    x->out->cells = NULL;
    x->cell_room = 0;
}

enum dr_run dr_sql_error(struct dr_exec *x, int number, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    x->out->message = dr_vsprintf(x->a, fmt, ap);
    va_end(ap);
    x->out->error = number;
    snprintf(x->out->sqlstate, sizeof(x->out->sqlstate), "%s", sql_state(number));
    clear_result(x);
    return DR_RUN_ERROR;
}

enum dr_run dr_sql_syntax(struct dr_exec *x)
{
    const struct dr_token *t = dr_peek(&x->cur, 0);
    size_t line = 1, start = 0, n = x->cur.len - t->from;
    for (size_t i = 0; i < t->from; i++)
        if (x->cur.sql[i] == '\n') {
            line++;
            start = i + 1;
        }
    dr_model_note_unknown(x->m, &x->s->in->sql, x->cur.sql, x->cur.len);
    return dr_sql_error(x, 1064,
                        "You have an error in your SQL syntax; check the manual that "
                        "corresponds to your TiDB version for the right syntax to use "
                        "line %zu column %zu near \"%.*s\"",
                        line, t->to - start, (int)(n > 256 ? 256 : n),
                        x->cur.sql + t->from);
}

enum dr_run dr_sql_ok(struct dr_exec *x, uint64_t affected)
{
    x->out->affected = affected;
    return DR_RUN_OK;
}

void dr_sql_warn(struct dr_exec *x, const char *level, int code, const char *fmt, ...)
{
    struct dr_model_session *s = x->s;
    if (s->warning_count >= 64)
        return;
    va_list ap;
    va_start(ap, fmt);
    *DR_PUSH(s->warn_arena, s->warnings, s->warning_count, s->warning_room) =
        (struct dr_warning){level, code, dr_vsprintf(s->warn_arena, fmt, ap)};
    va_end(ap);
}

void dr_result_columns(struct dr_exec *x, size_t count, const char *const *names)
{
    x->out->column_count = count;
    x->out->row_count = 0;
    x->out->columns = dr_alloc_n(x->a, count + 1, sizeof(*x->out->columns));
    for (size_t i = 0; i < count; i++)
        x->out->columns[i] = names[i];
    x->out->cells = NULL;
    x->cell_room = 0;
    x->out->affected = 0; /* counts cells until the statement ends */
}

void dr_result_add(struct dr_exec *x, const char *text, size_t len)
{
    size_t count = x->out->affected;
    *DR_PUSH(x->a, x->out->cells, count, x->cell_room) =
        (struct dr_cell){text ? dr_strndup(x->a, text, len) : NULL, text ? len : 0};
    x->out->affected = count;
    x->out->row_count = count / x->out->column_count;
}

void dr_result_text(struct dr_exec *x, const char *text)
{
    dr_result_add(x, text, text ? strlen(text) : 0);
}

void dr_result_num(struct dr_exec *x, int64_t n)
{
    dr_result_text(x, dr_sprintf(x->a, "%lld", (long long)n));
}

void dr_result_u64(struct dr_exec *x, uint64_t n)
{
    dr_result_text(x, dr_sprintf(x->a, "%llu", (unsigned long long)n));
}
