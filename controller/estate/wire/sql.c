/* What all SQL scripts share: quoting, cells, the meaning of the server's errors, and the
 * steps by which a mutation proves its authority. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/estate/wire/script.h"

/* ---- quoting ---- */

const char *dr_sql_name(struct dr_arena *a, const char *name)
{
    char *out = dr_alloc(a, strlen(name) * 2 + 3), *p = out;
    *p++ = '`';
    for (; *name; name++) {
        if (*name == '`')
            *p++ = '`';
        *p++ = *name;
    }
    *p++ = '`';
    return out;
}

/* ---- cells ---- */

bool dr_cell_u64(const struct dr_sql_answer *a, size_t row, const char *column,
                 uint64_t *out)
{
    const struct dr_cell *c = dr_answer_cell(a, row, column);
    return c->text && dr_parse_u64(c->text, c->len, out);
}

bool dr_sql_bool(const struct dr_cell *c, bool *out)
{
    if (!c->text)
        return false;
    *out = strcmp(c->text, "1") == 0 || strcasecmp(c->text, "ON") == 0;
    return *out || strcmp(c->text, "0") == 0 || strcasecmp(c->text, "OFF") == 0;
}

const char *dr_cell_text(const struct dr_sql_answer *a, size_t row, const char *column,
                         struct dr_arena *arena)
{
    const struct dr_cell *c = dr_answer_cell(a, row, column);
    return c->text ? dr_strndup(arena, c->text, c->len) : NULL;
}

/* ---- errors ---- */

/* Source: tidb: pkg/errno/errcode.go and errname.go. `no_effect` only where the number
 * says that the statement was refused or rolled back as a whole; a number that merely
 * tells of trouble (9001, 1105) leaves the outcome open. */
// clang-format off
static const struct dr_sql_error errors[] = {
    {1040, DR_E_UNREACHABLE, true},  /* too many connections */
    {1044, DR_E_DENIED, true},
    {1045, DR_E_AUTH, true},
    {1046, DR_E_BUG, true},          /* no database selected */
    {1049, DR_E_ABSENT, true},       /* unknown database */
    {1050, DR_E_CONFLICT, true},     /* table exists */
    {1051, DR_E_ABSENT, true},       /* unknown table */
    {1054, DR_E_PROTOCOL, true},     /* unknown column */
    {1062, DR_E_CONFLICT, true},     /* duplicate entry */
    {1064, DR_E_PROTOCOL, true},     /* syntax: this version does not know it */
    {1094, DR_E_ABSENT, true},       /* unknown thread id */
    {1142, DR_E_DENIED, true},
    {1143, DR_E_DENIED, true},
    {1146, DR_E_ABSENT, true},       /* no such table */
    {1193, DR_E_ABSENT, true},       /* unknown system variable */
    {1205, DR_E_CONFLICT, true},     /* lock wait timeout */
    {1213, DR_E_CONFLICT, true},     /* deadlock */
    {1227, DR_E_DENIED, true},
    {1228, DR_E_PROTOCOL, true},
    {1229, DR_E_PROTOCOL, true},
    {1231, DR_E_INPUT, true},        /* wrong value for variable */
    {1232, DR_E_INPUT, true},
    {1235, DR_E_PEER, true},         /* not supported */
    {1238, DR_E_PEER, true},         /* read-only variable */
    {1396, DR_E_ABSENT, true},       /* ALTER USER: no such account */
    {1406, DR_E_LIMIT, true},        /* data too long */
    {1698, DR_E_AUTH, true},
    {1836, DR_E_DENIED, true},       /* running in read-only mode */
    {3118, DR_E_LOCKED, true},       /* account is locked */
    {3159, DR_E_TLS, true},          /* insecure transport */
    {3929, DR_E_PEER, true},
    {8028, DR_E_CONFLICT, true},     /* schema changed: the transaction is aborted */
    {8055, DR_E_CONFLICT, true},     /* snapshot older than the GC safe point */
    {8121, DR_E_DENIED, true},
    {8130, DR_E_BUG, true},
    {8132, DR_E_PEER, true},         /* security enhanced mode */
    {8200, DR_E_PEER, true},
    {8258, DR_E_CONFLICT, true},     /* table in mode Restore */
    {8263, DR_E_CONFLICT, true},     /* BDR role restricts DDL */
    {9006, DR_E_CONFLICT, true},     /* GC life time */
    {9007, DR_E_CONFLICT, true},     /* write conflict */
};
// clang-format on

/* never NULL */
static const struct dr_sql_error *sql_error_row(int number)
{
    static const struct dr_sql_error other = {0, DR_E_PEER, false};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i].number == number)
            return &errors[i];
    return &other;
}

enum dr_flow dr_script_sql_error(struct dr_script *s, const struct dr_answer *a)
{
    const struct dr_sql_error *row = sql_error_row(a->sql.error);
    const char *text = a->sql.message ? a->sql.message : "";
    (void)dr_script_fail(s, row->code, "%s: error %d: %s", s->at->name, a->sql.error,
                         dr_script_redact(s, text, strlen(text)));
    s->reply.err.foreign = a->sql.error;
    memcpy(s->reply.err.sqlstate, a->sql.sqlstate, sizeof(a->sql.sqlstate));
    if (row->no_effect)
        dr_script_no_effect(s);
    return DR_FLOW_OVER;
}

bool dr_sql_missing(const struct dr_sql_answer *a, const char *schema, const char *table)
{
    const char *m = a->message ? a->message : "";
    if (a->error == 1049)
        return strstr(m, schema) != NULL;
    return a->error == 1146 && strstr(m, schema) && strstr(m, table);
}

/* ---- authority ---- */

#define EPOCH_ROW                                                                        \
    "SELECT epoch, holder FROM " DR_LEDGER_TABLE " WHERE cluster_id = %" PRIu64          \
    " AND k = '" DR_KEY_EPOCH "'"

static enum dr_flow ask_epoch(struct dr_script *s, const char *lock)
{
    if (!s->call->as.cluster_id || !s->call->as.epoch || !s->call->as.holder)
        return dr_script_fail(s, DR_E_BUG, "a mutation without authority");
    return dr_script_sql(s, EPOCH_ROW "%s", s->call->as.cluster_id, lock);
}

enum dr_flow dr_ask_authority(struct dr_script *s)
{
    return ask_epoch(s, "");
}

enum dr_flow dr_ask_epoch_lock(struct dr_script *s)
{
    return ask_epoch(s, " FOR UPDATE");
}

enum dr_flow dr_take_authority(struct dr_script *s, const struct dr_answer *a)
{
    const struct dr_cell *holder = dr_answer_cell(&a->sql, 0, "holder");
    uint64_t epoch;
    if (!a->sql.row_count)
        return dr_script_fail(s, DR_E_CONFLICT, "the ledger has no epoch");
    if (a->sql.row_count != 1 || !dr_cell_u64(&a->sql, 0, "epoch", &epoch) ||
        !holder->text)
        return dr_script_fail(s, DR_E_PROTOCOL, "the ledger's epoch is unreadable");
    if (epoch != s->call->as.epoch || strcmp(holder->text, s->call->as.holder) != 0)
        return dr_script_fail(s, DR_E_CONFLICT,
                              "superseded: epoch %" PRIu64 " of %s acts here", epoch,
                              dr_script_redact(s, holder->text, holder->len));
    return DR_FLOW_NEXT;
}

enum dr_flow dr_ask_begin(struct dr_script *s)
{
    s->ex.sql.text = "BEGIN PESSIMISTIC"; /* FOR UPDATE is relied on, see carrier.c */
    s->undo = "ROLLBACK"; /* also where the answer is an error: what comes next on this
                           * session must not run inside it, never to be committed */
    return DR_FLOW_SEND;
}

enum dr_flow dr_ask_commit(struct dr_script *s)
{
    s->ex.sql.text = "COMMIT";
    return DR_FLOW_SEND;
}

enum dr_flow dr_take_commit(struct dr_script *s, const struct dr_answer *a)
{
    (void)a;
    s->undo = NULL;
    return DR_FLOW_NEXT;
}

/* ---- rows of the ledger ---- */

enum dr_flow dr_ask_put_rows(struct dr_script *s, const struct dr_row_write *rows,
                             size_t count)
{
    struct dr_buf b;
    size_t puts = 0;
    dr_buf_init(&b, 8 << 20);
    dr_buf_adds(&b, "INSERT INTO " DR_LEDGER_TABLE
                    " (cluster_id, k, value, epoch, holder) VALUES ");
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].value)
            continue;
        dr_buf_addf(&b, "%s(%" PRIu64 ", ", puts++ ? ", " : "", s->call->as.cluster_id);
        dr_sql_add_string(&b, rows[i].key, strlen(rows[i].key));
        dr_buf_adds(&b, ", ");
        dr_sql_add_string(&b, rows[i].value, strlen(rows[i].value));
        dr_buf_addf(&b, ", %" PRIu64 ", ", s->call->as.epoch);
        dr_sql_add_string(&b, s->call->as.holder, strlen(s->call->as.holder));
        dr_buf_addc(&b, ')');
    }
    dr_buf_adds(&b,
                " ON DUPLICATE KEY UPDATE value = VALUES(value), epoch = VALUES(epoch),"
                " holder = VALUES(holder)");
    enum dr_flow flow = puts ? DR_FLOW_SEND : DR_FLOW_NEXT;
    if (puts && b.overflow)
        flow = dr_script_fail(s, DR_E_LIMIT, "ledger rows of over 8 MiB");
    s->ex.sql.text = dr_strdup(s->arena, dr_buf_str(&b));
    dr_buf_release(&b);
    return flow;
}

enum dr_flow dr_ask_row_locked(struct dr_script *s, const char *key)
{
    return dr_script_sql(s,
                         "SELECT value FROM " DR_LEDGER_TABLE
                         " WHERE cluster_id = %" PRIu64 " AND k = '%s' FOR UPDATE",
                         s->call->as.cluster_id, key);
}

enum dr_flow dr_ask_select_rows(struct dr_script *s, const char *columns,
                                const struct dr_row_write *rows, size_t count,
                                bool (*want)(const struct dr_row_write *),
                                const char *tail)
{
    struct dr_buf b;
    size_t keys = 0;
    dr_buf_init(&b, 1 << 20);
    dr_buf_addf(&b,
                "%s FROM " DR_LEDGER_TABLE " WHERE cluster_id = %" PRIu64 " AND k IN (",
                columns, s->call->as.cluster_id);
    for (size_t i = 0; i < count; i++) {
        if (!want(&rows[i]))
            continue;
        if (keys++)
            dr_buf_adds(&b, ", ");
        dr_sql_add_string(&b, rows[i].key, strlen(rows[i].key));
    }
    dr_buf_addf(&b, ")%s", tail);
    enum dr_flow flow = keys ? DR_FLOW_SEND : DR_FLOW_NEXT;
    if (keys && b.overflow)
        flow = dr_script_fail(s, DR_E_LIMIT, "ledger keys of over 1 MiB");
    s->ex.sql.text = dr_strdup(s->arena, dr_buf_str(&b));
    dr_buf_release(&b);
    return flow;
}
