/* SQL by libmariadb: one connection per session of a case. */
#include <mysql.h>
#include <string.h>

#include "controller/base/num.h"
#include "tests/conformance/conform.h"

enum { CONNECT_S = 5, READ_S = 120 };

struct session {
    MYSQL *handle;
};

static void take_error(struct dr_arena *a, MYSQL *m, struct sql_answer *out)
{
    out->error = mysql_errno(m);
    snprintf(out->state, sizeof(out->state), "%s", mysql_sqlstate(m));
    out->message = dr_strdup(a, mysql_error(m));
}

struct session *session_open(struct dr_arena *a, const char *at, const struct login *l,
                             struct sql_answer *out)
{
    unsigned connect_s = CONNECT_S, read_s = READ_S;
    my_bool off = 0;
    const char *colon = strrchr(at, ':');
    uint64_t port = 4000;
    char *host = dr_strndup(a, at, colon ? (size_t)(colon - at) : strlen(at));
    *out = (struct sql_answer){0};
    if (colon && !dr_parse_u64(colon + 1, strlen(colon + 1), &port))
        return NULL;
    MYSQL *m = mysql_init(NULL);
    mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &read_s);
    mysql_options(m, MYSQL_OPT_RECONNECT, &off);
    mysql_options(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off);
    mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!mysql_real_connect(m, host, l->user, l->password, l->database, (unsigned)port,
                            NULL, 0)) {
        take_error(a, m, out);
        mysql_close(m);
        return NULL;
    }
    struct session *s = dr_xcalloc(1, sizeof(*s));
    s->handle = m;
    return s;
}

void session_close(struct session *s)
{
    if (!s)
        return;
    mysql_close(s->handle);
    free(s);
}

static void take_rows(struct dr_arena *a, MYSQL_RES *result, struct sql_answer *out)
{
    MYSQL_FIELD *fields = mysql_fetch_fields(result);
    MYSQL_ROW row;
    out->columns = mysql_num_fields(result);
    out->names = DR_NEW_N(a, out->columns, const char *);
    for (size_t c = 0; c < out->columns; c++)
        out->names[c] = dr_strdup(a, fields[c].name);
    out->cells =
        DR_NEW_N(a, out->columns * (size_t)mysql_num_rows(result) + 1, const char *);
    while ((row = mysql_fetch_row(result))) {
        unsigned long *lengths = mysql_fetch_lengths(result);
        for (size_t c = 0; c < out->columns; c++)
            out->cells[out->rows * out->columns + c] =
                row[c] ? dr_strndup(a, row[c], lengths[c]) : NULL;
        out->rows++;
    }
}

void session_ask(struct dr_arena *a, struct session *s, const char *text,
                 struct sql_answer *out)
{
    *out = (struct sql_answer){0};
    if (mysql_real_query(s->handle, text, strlen(text)) != 0) {
        take_error(a, s->handle, out);
        out->lost = out->error >= 2000 && out->error < 3000;
        return;
    }
    MYSQL_RES *result = mysql_store_result(s->handle);
    if (result)
        take_rows(a, result, out);
    else if (mysql_field_count(s->handle))
        take_error(a, s->handle, out);
    else
        out->affected = mysql_affected_rows(s->handle);
    out->warnings = mysql_warning_count(s->handle);
    mysql_free_result(result);
}
