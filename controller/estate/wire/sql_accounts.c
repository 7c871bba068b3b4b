/* Accounts: who there is, what they may do, who may pass the fence; and the sink
 * account's password and lock. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "controller/estate/wire/script.h"

/* ---- accounts ---- */

struct host_row {
    size_t account, host; /* positions in the reply */
    const char *grantee;  /* 'user'@'host' */
};

struct accounts_script {
    size_t row_count, next;
    struct host_row *rows;
};

static enum dr_flow begin_accounts(struct dr_script *s)
{
    size_t names = s->call->args.accounts.count;
    struct dr_accounts *out = DR_NEW(s->arena, struct dr_accounts);
    out->items = DR_NEW_N(s->arena, names + 1, struct dr_account);
    out->items[out->count++].name = s->login->user;
    for (size_t i = 0; i < names; i++)
        if (!dr_accounts_find(out, s->call->args.accounts.names[i]))
            out->items[out->count++].name =
                dr_strdup(s->arena, s->call->args.accounts.names[i]);
    s->reply.as.accounts = out;
    return DR_FLOW_AGAIN;
}

static enum dr_flow ask_users(struct dr_script *s)
{
    const struct dr_accounts *out = s->reply.as.accounts;
    struct dr_buf b;
    dr_buf_init(&b, 1 << 20);
    dr_buf_adds(&b, "SELECT user, host, account_locked FROM mysql.user WHERE user IN (");
    for (size_t i = 0; i < out->count; i++) {
        if (i)
            dr_buf_adds(&b, ", ");
        dr_sql_add_string(&b, out->items[i].name, strlen(out->items[i].name));
    }
    dr_buf_adds(&b, ") ORDER BY user, host");
    s->ex.sql.text = dr_strdup(s->arena, dr_buf_str(&b));
    dr_buf_release(&b);
    return DR_FLOW_SEND;
}

static const char *grantee(struct dr_script *s, const char *user, const char *host)
{
    return dr_sprintf(s->arena, "%s@%s", dr_sql_string(s->arena, user),
                      dr_sql_string(s->arena, host));
}

static void add_host(struct dr_script *s, size_t account, const char *host, bool locked,
                     size_t rows)
{
    struct accounts_script *mine = s->mine;
    struct dr_account *acc = &s->reply.as.accounts->items[account];
    if (!acc->hosts) {
        acc->hosts = DR_NEW_N(s->arena, rows, const char *);
        acc->locked = DR_NEW_N(s->arena, rows, bool);
        acc->privileges = acc->ledger_privileges = acc->beat_privileges =
            UINT32_MAX >> (32 - DR_PRIV_COUNT);
    }
    mine->rows[mine->row_count++] =
        (struct host_row){account, acc->host_count, grantee(s, acc->name, host)};
    acc->hosts[acc->host_count] = host;
    acc->locked[acc->host_count++] = locked;
}

static enum dr_flow take_users(struct dr_script *s, const struct dr_answer *a)
{
    struct accounts_script *mine = s->mine;
    struct dr_accounts *out = s->reply.as.accounts;
    mine->rows = DR_NEW_N(s->arena, a->sql.row_count, struct host_row);
    for (size_t i = 0; i < a->sql.row_count; i++) {
        const struct dr_cell *user = dr_answer_cell(&a->sql, i, "user");
        const struct dr_cell *locked = dr_answer_cell(&a->sql, i, "account_locked");
        const char *host = dr_cell_text(&a->sql, i, "host", s->arena);
        if (!user->text || !host || !locked->text)
            return dr_script_fail(s, DR_E_PROTOCOL, "mysql.user is unreadable");
        for (size_t k = 0; k < out->count; k++)
            if (strcmp(out->items[k].name, user->text) == 0)
                add_host(s, k, host, strcasecmp(locked->text, "Y") == 0,
                         a->sql.row_count);
    }
    return DR_FLOW_NEXT;
}

static enum dr_flow ask_grants(struct dr_script *s)
{
    struct accounts_script *mine = s->mine;
    if (mine->next == mine->row_count)
        return DR_FLOW_NEXT;
    return dr_script_sql(s, "SHOW GRANTS FOR %s", mine->rows[mine->next].grantee);
}

static uint32_t privilege_bit(const char *word, size_t len)
{
    for (int p = 0; p < DR_PRIV_COUNT; p++) {
        const char *name = dr_privilege_name((enum dr_privilege)p);
        if (strlen(name) == len && strncasecmp(name, word, len) == 0)
            return 1u << p;
    }
    return 0;
}

/* One name of "`mysql`.`drover_ledger`", quoted or not; a grant on a pattern is none on
 * ours. Out: behind it and the dot; NULL: another name. */
static const char *skip_name(const char *at, const char *name)
{
    size_t len = strlen(name);
    bool quoted = *at == '`';
    if (strncasecmp(at + quoted, name, len) != 0)
        return NULL;
    at += quoted + len;
    if (quoted && *at++ != '`')
        return NULL;
    return *at == '.' || *at == ' ' ? at + 1 : NULL;
}

/* The object of " ON *.* TO ..", ours. Source: tidb: pkg/privilege/privileges/cache.go
 * showGrants. */
static bool is_ours(const char *at, enum dr_grant_on *on)
{
    static const struct {
        const char *schema, *table;
        enum dr_grant_on on;
    } rows[] = {{"*", "*", DR_ON_ALL},
                {"mysql", "*", DR_ON_LEDGER},
                {"mysql", "drover_ledger", DR_ON_LEDGER},
                {"drover", "*", DR_ON_BEATS}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *table = skip_name(at, rows[i].schema);
        *on = rows[i].on;
        if (table && table[-1] == '.' && skip_name(table, rows[i].table))
            return true;
    }
    return false;
}

/* "GRANT SELECT,INSERT ON *.* TO 'u'@'%'" */
uint32_t dr_grant_bits(const char *line, enum dr_grant_on *on)
{
    static const char all[] = "ALL PRIVILEGES";
    const char *end = strstr(line, " ON ");
    uint32_t bits = 0;
    if (strncasecmp(line, "GRANT ", 6) != 0 || !end || !is_ours(end + 4, on))
        return 0;
    for (const char *p = line + 6; p < end;) {
        size_t len = strcspn(p, ",");
        if (len > (size_t)(end - p))
            len = (size_t)(end - p);
        while (len && *p == ' ')
            p++, len--;
        if (len == sizeof(all) - 1 && strncasecmp(p, all, len) == 0)
            bits |= ~DR_PRIV_DYNAMIC & ((1u << DR_PRIV_COUNT) - 1);
        bits |= privilege_bit(p, len);
        p += len;
        p += *p == ',';
    }
    return *on == DR_ON_ALL ? dr_privileges_with_super(bits) : bits;
}

static enum dr_flow take_grants(struct dr_script *s, const struct dr_answer *a)
{
    struct accounts_script *mine = s->mine;
    const struct host_row *row = &mine->rows[mine->next++];
    struct dr_account *acc = &s->reply.as.accounts->items[row->account];
    uint32_t bits[DR_ON_COUNT] = {0};
    for (size_t i = 0; i < a->sql.row_count; i++) {
        enum dr_grant_on on;
        const char *line =
            a->sql.column_count ? a->sql.cells[i * a->sql.column_count].text : NULL;
        uint32_t more = line ? dr_grant_bits(line, &on) : 0;
        if (more)
            bits[on] |= more;
    }
    acc->privileges &= bits[DR_ON_ALL];
    acc->ledger_privileges &= bits[DR_ON_ALL] | bits[DR_ON_LEDGER];
    acc->beat_privileges &= bits[DR_ON_ALL] | bits[DR_ON_BEATS];
    return DR_FLOW_AGAIN;
}

/* Adds a name once; rows come sorted by user. */
static void add_holder(const char **names, size_t *count, const char *user)
{
    if (!*count || strcmp(names[*count - 1], user) != 0)
        names[(*count)++] = user;
}

static enum dr_flow take_holders(struct dr_script *s, const struct dr_answer *a)
{
    struct dr_accounts *out = s->reply.as.accounts;
    for (size_t i = 0; i < out->count; i++) { /* what *.* gives is told once */
        struct dr_account *x = &out->items[i];
        x->ledger_privileges &= x->host_count ? ~x->privileges : 0;
        x->beat_privileges &= x->host_count ? ~x->privileges : 0;
    }
    out->bypass = DR_NEW_N(s->arena, a->sql.row_count, const char *);
    out->supers = DR_NEW_N(s->arena, a->sql.row_count, const char *);
    for (size_t i = 0; i < a->sql.row_count; i++) {
        const char *user = dr_cell_text(&a->sql, i, "user", s->arena);
        const char *priv = dr_cell_text(&a->sql, i, "priv", s->arena);
        if (!user || !priv)
            return dr_script_fail(s, DR_E_PROTOCOL, "mysql.global_grants is unreadable");
        if (strcmp(priv, "SUPER") == 0)
            add_holder(out->supers, &out->super_count, user);
        else
            add_holder(out->bypass, &out->bypass_count, user);
    }
    out->seen = dr_script_seen(s);
    return DR_FLOW_DONE;
}

static const struct dr_step accounts_steps[] = {
    {.name = "list accounts", .ask = ask_users, .take = take_users},
    {.name = "show grants", .ask = ask_grants, .take = take_grants},
    {.name = "list who passes or lifts the fence",
     .text = "SELECT user, priv FROM mysql.global_grants"
             " WHERE priv = 'RESTRICTED_REPLICA_WRITER_ADMIN'"
             " UNION ALL SELECT user, 'SUPER' FROM mysql.user WHERE Super_priv = 'Y'"
             " ORDER BY 1, 2",
     .take = take_holders},
    DR_STEP_END,
};
const struct dr_play dr_play_accounts = {.via = DR_VIA_SQL,
                                         .lane = DR_LANE_OBSERVE,
                                         .steps = accounts_steps,
                                         .begin = begin_accounts,
                                         .second = true,
                                         .mine_bytes = sizeof(struct accounts_script)};

/* ---- the sink account ---- */

struct sink_script {
    const struct dr_login *sink;
    size_t host_count, next;
    const char **hosts;
    size_t session_count, ended;
    uint64_t *sessions;
};

static enum dr_flow begin_sink(struct dr_script *s)
{
    struct sink_script *mine = s->mine;
    mine->sink = dr_access_sink_login(s->wire->access, s->call->args.sink.from,
                                      s->call->at.cluster, s->call->args.sink.generation);
    if (!mine->sink)
        return dr_script_fail(s, DR_E_INPUT, "no sink account is declared");
    return DR_FLOW_AGAIN;
}

static enum dr_flow ask_hosts(struct dr_script *s)
{
    const struct sink_script *mine = s->mine;
    return dr_script_sql(s, "SELECT host FROM mysql.user WHERE user = %s ORDER BY host",
                         dr_sql_string(s->arena, mine->sink->user));
}

static enum dr_flow take_hosts(struct dr_script *s, const struct dr_answer *a)
{
    struct sink_script *mine = s->mine;
    mine->host_count = a->sql.row_count;
    mine->hosts = DR_NEW_N(s->arena, mine->host_count, const char *);
    for (size_t i = 0; i < mine->host_count; i++)
        if (!(mine->hosts[i] = dr_cell_text(&a->sql, i, "host", s->arena)))
            return dr_script_fail(s, DR_E_PROTOCOL, "mysql.user is unreadable");
    if (!mine->host_count)
        return dr_script_fail(s, DR_E_ABSENT, "there is no account '%s'",
                              mine->sink->user);
    return DR_FLOW_NEXT;
}

static enum dr_flow ask_alter(struct dr_script *s)
{
    struct sink_script *mine = s->mine;
    struct dr_buf b;
    if (mine->next == mine->host_count)
        return DR_FLOW_NEXT;
    const char *who = grantee(s, mine->sink->user, mine->hosts[mine->next]);
    if (s->call->args.sink.lock)
        return dr_script_sql(s, "ALTER USER %s ACCOUNT LOCK", who);
    dr_buf_init(&b, 16 << 10);
    dr_buf_addf(&b, "ALTER USER %s IDENTIFIED BY ", who);
    dr_sql_add_string(&b, mine->sink->password.bytes, mine->sink->password.len);
    if (!s->call->args.sink.keeps_lock)
        dr_buf_adds(&b, " ACCOUNT UNLOCK");
    s->ex.sql.text = dr_script_secret(s, &b);
    return DR_FLOW_SEND;
}

static enum dr_flow take_alter(struct dr_script *s, const struct dr_answer *a)
{
    struct sink_script *mine = s->mine;
    (void)a;
    mine->next++;
    return DR_FLOW_AGAIN;
}

/* Neither a lock nor a password ends a session that is there. Source: tidb: pkg/executor/
 * simple.go executeAlterUser. */
static enum dr_flow ask_sink_sessions(struct dr_script *s)
{
    const struct sink_script *mine = s->mine;
    return dr_script_sql(
        s, "SELECT ID FROM information_schema.cluster_processlist WHERE USER = %s",
        dr_sql_string(s->arena, mine->sink->user));
}

/* An instance that does not answer is not in it: whether all are gone is asked on each.
 */
static enum dr_flow take_sink_sessions(struct dr_script *s, const struct dr_answer *a)
{
    struct sink_script *mine = s->mine;
    mine->sessions = DR_NEW_N(s->arena, a->sql.row_count, uint64_t);
    for (; mine->session_count < a->sql.row_count; mine->session_count++)
        if (!dr_cell_u64(&a->sql, mine->session_count, "ID",
                         &mine->sessions[mine->session_count]))
            return dr_script_fail(s, DR_E_PROTOCOL, "the process list is unreadable");
    return DR_FLOW_NEXT;
}

static enum dr_flow ask_end_sink(struct dr_script *s)
{
    const struct sink_script *mine = s->mine;
    if (mine->ended == mine->session_count)
        return DR_FLOW_DONE;
    return dr_script_sql(s, "KILL TIDB CONNECTION %" PRIu64, mine->sessions[mine->ended]);
}

static enum dr_flow take_end_sink(struct dr_script *s, const struct dr_answer *a)
{
    struct sink_script *mine = s->mine;
    if (a->sql.error && !dr_sql_no_such_session(a->sql.error))
        return dr_script_sql_error(s, a);
    mine->ended++;
    return DR_FLOW_AGAIN;
}

static const struct dr_step sink_steps[] = {
    DR_STEP_AUTHORITY,
    {.name = "find the sink account", .ask = ask_hosts, .take = take_hosts},
    {.name = "alter the sink account",
     .ask = ask_alter,
     .take = take_alter,
     .mutates = true},
    {.name = "list the sink account's sessions",
     .ask = ask_sink_sessions,
     .take = take_sink_sessions},
    {.name = "end a session of the sink account",
     .ask = ask_end_sink,
     .take = take_end_sink,
     .mutates = true,
     .takes_errors = true},
    DR_STEP_END,
};
const struct dr_play dr_play_sink_account = {.via = DR_VIA_SQL,
                                             .lane = DR_LANE_ACT,
                                             .steps = sink_steps,
                                             .begin = begin_sink,
                                             .mine_bytes = sizeof(struct sink_script)};
