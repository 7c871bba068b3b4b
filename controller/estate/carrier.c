#include "controller/estate/carrier.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"

/* A session begins with what somebody set as GLOBAL, or in the file of that tidb-server.
 * What would change the meaning of drover's statements under it is set here, by name,
 * because DEFAULT is the global value; in one statement, for each is a round trip:
 *   sql_mode, time_zone        quotes and escapes; what a time means
 *   autocommit                 SHOW MASTER STATUS gives a fresh TSO only outside of a
 *                              transaction
 *   max_execution_time         BACKUP and RESTORE take hours
 *   wait_timeout               an idle session that the server closes answers the next
 *                              statement with an unknown outcome
 *   sql_select_limit           a list that ends early is no list: what it lacks would
 *                              look absent
 *   foreign_key_checks         half-restored tables are dropped one by one, in any order
 *   tidb_txn_mode              FOR UPDATE locks, and reads what was committed last
 *   transaction_isolation      two reads of one transaction see one state
 *   tidb_low_resolution_tso    reads seconds ago, and refuses to write
 *   tidb_enable_external_ts_read, tidb_snapshot, tidb_read_staleness
 *                              read the past
 *   tidb_replica_read          a learner may not be there
 *   tidb_isolation_read_engines  without tikv no access path to the ledger, without tidb
 *                              none to information_schema
 * Left as they are: what bounds memory (tidb_mem_quota_query), for a statement that is
 * refused says so; how tables are laid out (tidb_enable_clustered_index); tidb_dml_type,
 * unknown before 8.0, which keeps a statement atomic; the multi-statement mode, which
 * drover does not ask for.
 * Sources: docs: system-variables.md, tidb: pkg/sessionctx/variable/sysvar.go,
 * pkg/executor/adapter.go (low resolution), pkg/planner/core/preprocess.go (limit). */
const char *const dr_session_setup[] = {
    "SET NAMES utf8mb4, SESSION "
    "sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',"
    " time_zone='+00:00', autocommit=1, max_execution_time=0, wait_timeout=28800,"
    " sql_select_limit=18446744073709551615, foreign_key_checks=OFF,"
    " tidb_txn_mode='pessimistic', transaction_isolation='REPEATABLE-READ',"
    " tidb_low_resolution_tso=OFF, tidb_enable_external_ts_read=OFF, tidb_snapshot='',"
    " tidb_read_staleness=0, tidb_replica_read='leader',"
    " tidb_isolation_read_engines='tikv,tiflash,tidb'",
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
