/* Logging in: what a server checks, in its order (tidb: pkg/server/conn.go,
 * pkg/privilege/privileges/privileges.go ConnectionVerification). */
#include <string.h>
#include <strings.h>

#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_vars.h"

const char *dr_model_sql_auth_plugin(struct dr_model_session *s, const char *user)
{
    const struct dr_account *a = dr_account_match(s->c, user, s->peer);
    return a ? a->plugin : "mysql_native_password";
}

static size_t connections(const struct dr_model_instance *in)
{
    size_t n = 0;
    for (const struct dr_model_session *s = in->cluster->sessions; s; s = s->next)
        n += s->in == in && s->logged_in && !s->internal && !s->dead;
    return n;
}

static enum dr_run login(struct dr_exec *x, const char *user, const char *database,
                         bool (*check)(const char *password, void *arg), void *arg)
{
    struct dr_model_session *s = x->s;
    int64_t most = dr_var_int(s->in->globals[dr_var_index(DR_V_MAX_CONNECTIONS)]);
    const struct dr_account *a = dr_account_match(s->c, user, s->peer);
    if (most && (int64_t)connections(s->in) >= most)
        return dr_sql_error(x, 1040, "Too many connections");
    if (dr_instance_global_on(s->in, DR_V_SECURE_TRANSPORT) && !s->tls)
        return dr_sql_error(x, 3159,
                            "Connections using insecure transport are prohibited while "
                            "--require_secure_transport=ON.");
    bool proved = a && check(a->password, arg);
    if (a && proved && a->locked)
        return dr_sql_error(x, 3118,
                            "Access denied for user '%s'@'%s'. Account is locked.", user,
                            s->peer);
    if (!proved || (a->require_ssl && !s->tls))
        return dr_sql_error(x, 1045,
                            "Access denied for user '%s'@'%s' (using password: %s)", user,
                            s->peer, !check("", arg) ? "YES" : "NO");
    s->user = dr_strdup(s->arena, user);
    s->account_host = dr_strdup(s->arena, a->host);
    if (database && *database) {
        dr_lex(x->a, database, strlen(database), &x->cur);
        bool system = strcasecmp(database, "information_schema") == 0;
        if (!system && !dr_db_schema(x->c->db, database, UINT64_MAX))
            return dr_sql_error(x, 1049, "Unknown database '%s'", database);
        if (!system && !dr_has_any(s, database, NULL))
            return dr_sql_error(x, 1044,
                                "Access denied for user '%s'@'%s' to database '%s'", user,
                                a->host, database);
        s->db = dr_model_string(x->m, database, strlen(database));
    }
    s->logged_in = true;
    return DR_RUN_OK;
}

int dr_model_sql_login(struct dr_model_session *s, const char *user, const char *database,
                       bool (*check)(const char *password, void *arg), void *arg,
                       struct dr_sql_answer *out, struct dr_arena *a)
{
    struct dr_exec x = dr_exec_for(s, out, a);
    if (s->dead) {
        dr_sql_error(&x, 2013, "Lost connection to MySQL server during query");
        return out->error;
    }
    return login(&x, user, database, check, arg) ? out->error : 0;
}

static bool same_password(const char *password, void *arg)
{
    return strcmp(password, arg) == 0;
}

int dr_model_sql_connect(struct dr_model *m, const struct dr_address *at,
                         const char *peer, const char *user, const char *password,
                         const char *database, struct dr_model_session **out,
                         struct dr_sql_answer *ans, struct dr_arena *a)
{
    char text[DR_HOST_MAX + 16];
    *out = NULL;
    struct dr_model_session *s = dr_model_sql_open(m, at, peer, false);
    if (!s) {
        memset(ans, 0, sizeof(*ans));
        ans->error = 2003;
        snprintf(ans->sqlstate, sizeof(ans->sqlstate), "HY000");
        ans->message = dr_sprintf(a, "Can't connect to MySQL server on '%s' (111)",
                                  dr_address_text(at, text));
        return ans->error;
    }
    int error = dr_model_sql_login(s, user, database, same_password,
                                   (void *)(password ? password : ""), ans, a);
    if (error)
        dr_model_sql_close(s);
    else
        *out = s;
    return error;
}
