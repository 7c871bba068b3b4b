/* GRANT, REVOKE, SHOW GRANTS, SHOW CREATE USER, and the accounts that an estate declares.
 */
#include <string.h>
#include <strings.h>

#include "controller/base/quote.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_engine.h"

/* tidb: pkg/privilege/privileges/privileges.go dynamicPrivs, and BR's and CDC's wishes */
static const char *const dynamic_names[] = {"APPLICATION_PASSWORD_ADMIN",
                                            "AUDIT_ADMIN",
                                            "BACKUP_ADMIN",
                                            "BINDLOG_ADMIN",
                                            "CONNECTION_ADMIN",
                                            "DASHBOARD_CLIENT",
                                            "IMPORT_INTO",
                                            "PLACEMENT_ADMIN",
                                            "RESOURCE_GROUP_ADMIN",
                                            "RESOURCE_GROUP_USER",
                                            "RESTORE_ADMIN",
                                            "RESTRICTED_CONNECTION_ADMIN",
                                            "RESTRICTED_PRIV_ADMIN",
                                            "RESTRICTED_REPLICA_WRITER_ADMIN",
                                            "RESTRICTED_SQL_ADMIN",
                                            "RESTRICTED_STATUS_ADMIN",
                                            "RESTRICTED_TABLES_ADMIN",
                                            "RESTRICTED_USER_ADMIN",
                                            "RESTRICTED_VARIABLES_ADMIN",
                                            "ROLE_ADMIN",
                                            "SYSTEM_USER",
                                            "SYSTEM_VARIABLES_ADMIN",
                                            "TRAFFIC_CAPTURE_ADMIN",
                                            "TRAFFIC_REPLAY_ADMIN",
                                            NULL};

/* ---- GRANT and REVOKE ---- */

struct grant {
    uint64_t privs;
    bool all;
    const char *dynamic[32];
    size_t dynamic_count;
    const char *schema, *table; /* NULL: all */
};

static int static_priv(const char *name)
{
    if (strcasecmp(name, "REPLICATION SLAVE") == 0)
        return DR_PRIV_REPLICATION_SLAVE;
    for (int i = 0; dr_priv_names[i]; i++)
        if (strcasecmp(dr_priv_names[i], name) == 0)
            return i;
    return -1;
}

/* One privilege: words up to a comma, ON or FROM. */
static enum dr_run take_priv(struct dr_exec *x, struct grant *g)
{
    struct dr_cur *c = &x->cur;
    struct dr_buf name;
    char word[64];
    dr_buf_init(&name, sizeof(word) - 1);
    while (!dr_at_end(c) && dr_peek(c, 0)->kind == DR_TOK_WORD && !dr_is(c, "ON") &&
           !dr_is(c, "FROM") && !dr_is(c, "TO")) {
        if (name.len)
            dr_buf_addc(&name, ' ');
        dr_buf_adds(&name, dr_peek(c, 0)->text);
        c->i++;
    }
    snprintf(word, sizeof(word), "%s", dr_buf_str(&name));
    bool odd = !name.len || name.overflow;
    dr_buf_release(&name);
    if (odd)
        return dr_sql_syntax(x);
    if (dr_is(c, "(") && !dr_skip_parens(c)) /* column privileges count for the table */
        return dr_sql_syntax(x);
    int p = static_priv(word);
    if (strcasecmp(word, "ALL") == 0 || strcasecmp(word, "ALL PRIVILEGES") == 0)
        g->all = true;
    else if (p >= 0)
        g->privs |= 1ull << p;
    else if (strcasecmp(word, "USAGE") != 0) {
        for (size_t i = 0; dynamic_names[i]; i++)
            if (strcasecmp(dynamic_names[i], word) == 0 && g->dynamic_count < 32) {
                g->dynamic[g->dynamic_count++] = dynamic_names[i];
                return DR_RUN_OK;
            }
        if (strchr(word, '_'))
            return dr_sql_error(
                x, 3929, "Dynamic privilege '%s' is not registered with the server.",
                word);
        return dr_sql_syntax(x);
    }
    return DR_RUN_OK;
}

static enum dr_run take_grant(struct dr_exec *x, struct grant *g)
{
    struct dr_cur *c = &x->cur;
    const char *first, *second;
    do {
        if (take_priv(x, g))
            return DR_RUN_ERROR;
    } while (dr_accept(c, ","));
    if (!dr_accept(c, "ON"))
        return dr_sql_syntax(x);
    (void)dr_accept(c, "TABLE");
    if (dr_accept(c, "*")) {
        if (!dr_accept(c, ".")) {
            g->schema = x->s->db;
            return g->schema ? DR_RUN_OK : dr_sql_error(x, 1046, "No database selected");
        }
        return dr_accept(c, "*") ? DR_RUN_OK : dr_sql_syntax(x);
    }
    if (!dr_take_name(c, &first))
        return dr_sql_syntax(x);
    if (!dr_accept(c, ".")) {
        g->schema = x->s->db;
        g->table = first;
        return g->schema ? DR_RUN_OK : dr_sql_error(x, 1046, "No database selected");
    }
    g->schema = first;
    if (dr_accept(c, "*"))
        return DR_RUN_OK;
    if (!dr_take_name(c, &second))
        return dr_sql_syntax(x);
    g->table = second;
    return DR_RUN_OK;
}

static enum dr_run may_grant(struct dr_exec *x, const struct grant *g)
{
    if (dr_check_write(x))
        return DR_RUN_ERROR;
    if (!dr_has(x->s, DR_PRIV_GRANT_OPTION, g->schema, g->table))
        return g->dynamic_count
                   ? dr_denied(x, "GRANT OPTION")
                   : dr_sql_error(x, 8121, "privilege check for 'Grant Option' fail");
    if (g->dynamic_count && g->schema)
        return dr_sql_error(x, 3619, "Illegal privilege level specified for %s",
                            g->dynamic[0]);
    return DR_RUN_OK;
}

/* A table that is not there can be granted on only together with CREATE; its schema must
 * be there. Source: tidb: pkg/executor/grant.go. */
static enum dr_run is_grantable(struct dr_exec *x, const struct grant *g)
{
    bool there = g->schema && (dr_mem_table_find(g->schema, "user") ||
                               dr_db_schema(x->c->db, g->schema, UINT64_MAX));
    if (!g->table || g->all || (there && g->privs >> DR_PRIV_CREATE & 1) ||
        dr_mem_table_find(g->schema, g->table) ||
        dr_db_table(x->c->db, g->schema, g->table, UINT64_MAX, NULL))
        return DR_RUN_OK;
    return dr_sql_error(x, 1146, "Table '%s.%s' doesn't exist", g->schema, g->table);
}

static void give_dynamic(struct dr_model *m, struct dr_account *a, const char *name,
                         bool grant_option)
{
    struct dr_dynamic_grant **p = &a->dynamic;
    while (*p && strcmp((*p)->name, name) < 0)
        p = &(*p)->next;
    if (!*p || strcmp((*p)->name, name) != 0) {
        struct dr_dynamic_grant *g = DR_NEW(m->arena, struct dr_dynamic_grant);
        *g = (struct dr_dynamic_grant){.next = *p, .name = name};
        *p = g;
    }
    (*p)->grant_option |= grant_option;
}

static uint64_t *object_privs(struct dr_model *m, struct dr_account *a,
                              const struct grant *g)
{
    if (!g->schema)
        return &a->privs;
    struct dr_object_grant **p = &a->objects;
    for (; *p; p = &(*p)->next)
        if (strcasecmp((*p)->schema, g->schema) == 0 &&
            (g->table ? (*p)->table && strcasecmp((*p)->table, g->table) == 0
                      : !(*p)->table))
            return &(*p)->privs;
    *p = DR_NEW(m->arena, struct dr_object_grant);
    (*p)->schema = dr_strdup(m->arena, g->schema);
    (*p)->table = dr_strdup(m->arena, g->table);
    return &(*p)->privs;
}

static void give(struct dr_model *m, struct dr_account *a, const struct grant *g,
                 bool grant_option)
{
    *object_privs(m, a, g) |= g->privs | (g->all ? DR_PRIV_ALL : 0) |
                              (grant_option ? 1ull << DR_PRIV_GRANT_OPTION : 0);
    for (size_t i = 0; i < g->dynamic_count; i++)
        give_dynamic(m, a, g->dynamic[i], grant_option);
}

static void take_away(struct dr_model *m, struct dr_account *a, const struct grant *g)
{
    *object_privs(m, a, g) &= ~(g->privs | (g->all ? DR_PRIV_ALL : 0));
    for (struct dr_object_grant **p = &a->objects; *p;)
        if (!(*p)->privs)
            *p = (*p)->next;
        else
            p = &(*p)->next;
    if (g->all && !g->schema)
        a->dynamic = NULL;
    for (size_t i = 0; i < g->dynamic_count; i++)
        for (struct dr_dynamic_grant **p = &a->dynamic; *p; p = &(*p)->next)
            if (strcmp((*p)->name, g->dynamic[i]) == 0) {
                *p = (*p)->next;
                break;
            }
}

enum dr_run dr_st_grant(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    struct grant g = {0};
    struct dr_account *to[16];
    size_t n = 0;
    if (take_grant(x, &g) || may_grant(x, &g) || is_grantable(x, &g))
        return DR_RUN_ERROR;
    if (!dr_accept(c, "TO"))
        return dr_sql_syntax(x);
    do {
        const char *user, *host;
        if (dr_take_user(x, &user, &host))
            return DR_RUN_ERROR;
        if (n == 16)
            return dr_sql_syntax(x);
        to[n] = dr_account_find(x->c, user, host);
        if (!to[n++])
            return dr_sql_error(x, 1410,
                                "You are not allowed to create a user with GRANT");
    } while (dr_accept(c, ","));
    bool option = dr_accept_all(c, "WITH GRANT OPTION");
    if (!dr_at_end(c))
        return dr_sql_syntax(x);
    for (size_t i = 0; i < n; i++)
        give(x->m, to[i], &g, option);
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_revoke(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    struct grant g = {0};
    if (take_grant(x, &g) || may_grant(x, &g))
        return DR_RUN_ERROR;
    if (!dr_accept(c, "FROM"))
        return dr_sql_syntax(x);
    do {
        const char *user, *host;
        if (dr_take_user(x, &user, &host))
            return DR_RUN_ERROR;
        struct dr_account *a = dr_account_find(x->c, user, host);
        if (!a)
            return dr_sql_error(
                x, 1141, "There is no such grant defined for user '%s' on host '%s'",
                user, host);
        take_away(x->m, a, &g);
    } while (dr_accept(c, ","));
    return dr_at_end(c) ? dr_sql_ok(x, 0) : dr_sql_syntax(x);
}

static void add_used(json_t *list, uint64_t privs, const char *schema, const char *table)
{
    for (int i = 0; i <= DR_PRIV_GRANT_OPTION; i++) {
        struct dr_buf b;
        if (!(privs >> i & 1))
            continue;
        dr_buf_init(&b, 1 << 12);
        dr_buf_addf(&b, "%s ON %s.%s", dr_priv_names[i], schema, table);
        json_array_append_new(list, json_string(dr_buf_str(&b)));
        dr_buf_release(&b);
    }
}

json_t *dr_model_sql_used(struct dr_model *m, const char *cluster, const char *user)
{
    json_t *list = json_array();
    struct dr_model_cluster *c = dr_model_cluster(m, cluster);
    for (const struct dr_account *a = c ? c->accounts->first : NULL; a; a = a->next) {
        if (strcmp(a->user, user) != 0)
            continue;
        add_used(list, a->used, "*", "*");
        for (const struct dr_object_grant *g = a->objects; g; g = g->next)
            add_used(list, g->used, g->schema, g->table ? g->table : "*");
        for (const struct dr_dynamic_grant *g = a->dynamic; g; g = g->next) {
            struct dr_buf b;
            if (!g->used)
                continue;
            dr_buf_init(&b, 1 << 12);
            dr_buf_addf(&b, "%s ON *.*", g->name);
            json_array_append_new(list, json_string(dr_buf_str(&b)));
            dr_buf_release(&b);
        }
    }
    return list;
}

bool dr_account_declare(struct dr_model_cluster *c, const struct dr_sim_account *d,
                        struct dr_buf *why)
{
    struct dr_model_session *s = dr_session_internal(c, 0);
    struct dr_arena *arena = dr_arena_new(0);
    struct dr_sql_answer out = {0};
    struct dr_account *a = dr_account_find(c, d->user, d->host ? d->host : "%");
    bool ok = true;
    if (!a)
        a = dr_account_add(c, d->user, d->host ? d->host : "%");
    a->password = d->password ? d->password : "";
    a->plugin = d->plugin == DR_SIM_CACHING_SHA2 ? "caching_sha2_password"
                                                 : "mysql_native_password";
    a->locked = d->locked;
    for (size_t i = 0; ok && i < d->grant_count; i++) {
        struct dr_exec x = {.s = s, .c = c, .m = c->model, .a = arena, .out = &out};
        struct grant g = {0};
        dr_lex(arena, d->grants[i], strlen(d->grants[i]), &x.cur);
        ok = !take_grant(&x, &g);
        bool option = ok && dr_accept_all(&x.cur, "WITH GRANT OPTION");
        ok = ok && dr_at_end(&x.cur);
        if (ok)
            give(c->model, a, &g, option);
        else
            dr_buf_addf(why, "grant '%s' of account %s: %s", d->grants[i], d->user,
                        out.message ? out.message : "not understood");
    }
    dr_model_sql_close(s);
    dr_arena_free(arena);
    return ok;
}

/* ---- SHOW GRANTS: tidb: pkg/privilege/privileges/cache.go showGrants ---- */

static void grant_line(struct dr_exec *x, const struct dr_account *a, uint64_t privs,
                       const char *schema, const char *table)
{
    const uint64_t all_table = DR_PRIV_ALL & ~(1ull << DR_PRIV_SUPER);
    struct dr_buf b;
    dr_buf_init(&b, 1 << 16);
    dr_buf_adds(&b, "GRANT ");
    if ((privs & DR_PRIV_ALL) == DR_PRIV_ALL ||
        (schema && (privs & all_table) == all_table)) {
        dr_buf_adds(&b, "ALL PRIVILEGES");
    } else if (!(privs & DR_PRIV_ALL)) {
        dr_buf_adds(&b, "USAGE");
    } else {
        const char *sep = "";
        for (int i = 0; i < DR_PRIV_GRANT_OPTION; i++) {
            if (!(privs >> i & 1))
                continue;
            dr_buf_addf(&b, "%s%s", sep, dr_priv_names[i]);
            sep = ",";
        }
    }
    if (!schema)
        dr_buf_adds(&b, " ON *.*");
    else {
        dr_buf_adds(&b, " ON ");
        dr_sql_add_name(&b, schema);
        dr_buf_addc(&b, '.');
        if (table)
            dr_sql_add_name(&b, table);
        else
            dr_buf_addc(&b, '*');
    }
    dr_buf_addf(&b, " TO '%s'@'%s'%s", a->user, a->host,
                privs >> DR_PRIV_GRANT_OPTION & 1 ? " WITH GRANT OPTION" : "");
    dr_result_text(x, dr_buf_str(&b));
    dr_buf_release(&b);
}

static void dynamic_line(struct dr_exec *x, const struct dr_account *a, bool option)
{
    struct dr_buf b;
    dr_buf_init(&b, 1 << 16);
    for (const struct dr_dynamic_grant *g = a->dynamic; g; g = g->next)
        if (g->grant_option == option)
            dr_buf_addf(&b, "%s%s", b.len ? "," : "GRANT ", g->name);
    if (b.len) {
        dr_buf_addf(&b, " ON *.* TO '%s'@'%s'%s", a->user, a->host,
                    option ? " WITH GRANT OPTION" : "");
        dr_result_text(x, dr_buf_str(&b));
    }
    dr_buf_release(&b);
}

enum dr_run dr_st_show_grants(struct dr_exec *x)
{
    const char *user = x->s->user, *host = x->s->account_host;
    bool named = dr_accept(&x->cur, "FOR");
    if (named && dr_take_user(x, &user, &host))
        return DR_RUN_ERROR;
    if (!dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    const struct dr_account *a = dr_account_find(x->c, user, host ? host : "%");
    if (!a)
        return dr_sql_error(x, 1141,
                            "There is no such grant defined for user '%s' on host '%s'",
                            user, host ? host : "%");
    bool own = x->s->user && strcmp(user, x->s->user) == 0;
    if (!own && !dr_has(x->s, DR_PRIV_SELECT, "mysql", NULL))
        return dr_need_schema(x, DR_PRIV_SELECT, "mysql");
    const char *title = named ? dr_sprintf(x->a, "Grants for %s@%s", a->user, a->host)
                              : "Grants for User";
    dr_result_columns(x, 1, &title);
    grant_line(x, a, a->privs, NULL, NULL);
    for (const struct dr_object_grant *g = a->objects; g; g = g->next)
        grant_line(x, a, g->privs, g->schema, g->table);
    dynamic_line(x, a, false);
    dynamic_line(x, a, true);
    return DR_RUN_OK;
}

/* ---- SHOW CREATE USER: tidb: pkg/executor/show.go fetchShowCreateUser; the title: docs:
 * sql-statements/sql-statement-show-create-user.md. What the model does not keep (age and
 * history of passwords, failed logins, attributes) is as for a new account. ---- */

enum dr_run dr_st_show_create_user(struct dr_exec *x)
{
    const char *user, *host;
    bool own = dr_is(&x->cur, "CURRENT_USER");
    if (dr_take_user(x, &user, &host))
        return DR_RUN_ERROR;
    if (!dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    if (!own && dr_need_table(x, DR_PRIV_SELECT, "mysql", "user"))
        return DR_RUN_ERROR;
    const struct dr_account *a = dr_account_find(x->c, user, host);
    if (!a)
        return dr_sql_error(x, 1396, "Operation SHOW CREATE USER failed for '%s'@'%s'",
                            user, host);
    const char *title = dr_sprintf(x->a, "CREATE USER for %s@%s", a->user, a->host);
    dr_result_columns(x, 1, &title);
    dr_result_text(
        x, dr_sprintf(x->a,
                      "CREATE USER '%s'@'%s' IDENTIFIED WITH '%s' AS '%s' REQUIRE %s "
                      "PASSWORD EXPIRE DEFAULT ACCOUNT %s PASSWORD HISTORY DEFAULT "
                      "PASSWORD REUSE INTERVAL DEFAULT",
                      a->user, a->host, a->plugin, dr_account_auth(x->a, a),
                      a->require_ssl ? "SSL" : "NONE", a->locked ? "LOCK" : "UNLOCK"));
    return DR_RUN_OK;
}
