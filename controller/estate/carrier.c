#include "controller/estate/carrier.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"

const char *const dr_session_setup[] = {
    "SET NAMES utf8mb4",
    "SET SESSION "
    "sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',"
    " time_zone='+00:00', autocommit=1, max_execution_time=0,"
    " tidb_enable_external_ts_read=OFF, tidb_snapshot='', tidb_read_staleness=0",
    NULL,
};

const struct dr_cell *dr_answer_cell(const struct dr_sql_answer *a, size_t row,
                                     const char *column)
{
    static const struct dr_cell none = {NULL, 0};
    for (size_t i = 0; row < a->row_count && i < a->column_count; i++)
        if (strcasecmp(a->columns[i], column) == 0)
            return &a->cells[row * a->column_count + i];
    return &none;
}

bool dr_address_parse(struct dr_address *out, const char *text, uint16_t default_port)
{
    const char *colon = strrchr(text, ':'), *host = text;
    size_t len = strlen(text);
    uint64_t port = default_port;
    if (text[0] == '[') {
        const char *close = strchr(text, ']');
        if (!close || (close[1] && close[1] != ':'))
            return false;
        host = text + 1;
        len = (size_t)(close - host);
        colon = close[1] ? close + 1 : NULL;
    } else if (colon) {
        len = (size_t)(colon - text);
        if (memchr(text, ':', len))
            return false; /* a bare IPv6 literal is ambiguous: brackets wanted */
    }
    if (colon && !dr_parse_u64(colon + 1, strlen(colon + 1), &port))
        return false;
    if (!len || len >= DR_HOST_MAX || !port || port > 65535)
        return false;
    *out = (struct dr_address){.port = (uint16_t)port};
    memcpy(out->host, host, len);
    return true;
}

const char *dr_address_text(const struct dr_address *at, char out[DR_HOST_MAX + 16])
{
    bool v6 = strchr(at->host, ':') != NULL;
    snprintf(out, DR_HOST_MAX + 16, v6 ? "[%s]:%u" : "%s:%u", at->host, at->port);
    return out;
}

bool dr_address_equal(const struct dr_address *a, const struct dr_address *b)
{
    return a->port == b->port && strcasecmp(a->host, b->host) == 0;
}
