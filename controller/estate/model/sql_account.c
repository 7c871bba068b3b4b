/* Accounts: CREATE, ALTER and DROP USER, GRANT and REVOKE, SHOW GRANTS, and the checks.
 */
#include "controller/estate/model/sql_account.h"

#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

#include "controller/base/digest.h"

const char *const dr_priv_names[] = {
#define X(id, name, word) name,
    DR_PRIVS(X)
#undef X
        "GRANT OPTION",
    NULL};

struct dr_account *dr_account_find(struct dr_model_cluster *c, const char *user,
                                   const char *host)
{
    for (struct dr_account *a = c->accounts->first; a; a = a->next)
        if (strcmp(a->user, user) == 0 && strcasecmp(a->host, host) == 0)
            return a;
    return NULL;
}

struct dr_account *dr_account_match(struct dr_model_cluster *c, const char *user,
                                    const char *from)
{
    struct dr_account *best = NULL;
    size_t best_len = 0;
    for (struct dr_account *a = c->accounts->first; a; a = a->next) {
        size_t n = strcspn(a->host, "%");
        bool fits = a->host[n] ? strncasecmp(a->host, from, n) == 0
                               : strcasecmp(a->host, from) == 0;
        if (strcmp(a->user, user) != 0 || !fits)
            continue;
        n += !a->host[n]; /* an exact host is best */
        if (!best || n > best_len) {
            best = a;
            best_len = n;
        }
    }
    return best;
}

struct dr_account *dr_account_add(struct dr_model_cluster *c, const char *user,
                                  const char *host)
{
    struct dr_arena *m = c->model->arena;
    struct dr_account *a = DR_NEW(m, struct dr_account), **p = &c->accounts->first;
    a->user = dr_strdup(m, user);
    a->host = dr_strdup(m, host);
    a->password = "";
    a->plugin = "mysql_native_password";
    while (*p && (strcmp((*p)->user, user) < 0 ||
                  (strcmp((*p)->user, user) == 0 && strcmp((*p)->host, host) < 0)))
        p = &(*p)->next;
    a->next = *p;
    *p = a;
    return a;
}

void dr_accounts_init(struct dr_model_cluster *c)
{
    c->accounts = DR_NEW(c->model->arena, struct dr_accounts);
    struct dr_account *root = dr_account_add(c, "root", "%");
    root->privs = DR_PRIV_ALL | 1ull << DR_PRIV_GRANT_OPTION;
}

const char *dr_account_auth(struct dr_arena *a, const struct dr_account *ac)
{
    if (!ac->password[0])
        return "";
    if (strcmp(ac->plugin, "caching_sha2_password") == 0) {
        char hex[DR_SHA256_HEX];
        dr_sha256_hex(hex, ac->password, strlen(ac->password));
        return dr_sprintf(a, "$A$005$%.63s", hex);
    }
    unsigned char h[SHA_DIGEST_LENGTH];
    SHA1((const unsigned char *)ac->password, strlen(ac->password), h);
    SHA1(h, sizeof(h), h);
    char *out = dr_alloc(a, 2 * sizeof(h) + 2);
    out[0] = '*';
    for (size_t i = 0; i < sizeof(h); i++)
        snprintf(out + 1 + 2 * i, 3, "%02X", h[i]);
    return out;
}

/* ---- checks ---- */

static struct dr_account *account_of(const struct dr_model_session *s)
{
    return s->account_host ? dr_account_find(s->c, s->user, s->account_host) : NULL;
}

static bool covers(const struct dr_object_grant *g, const char *schema, const char *table,
                   bool any)
{
    return strcasecmp(g->schema, schema) == 0 &&
           (!g->table || (table ? strcasecmp(g->table, table) == 0 : any));
}

static uint64_t privs_on(const struct dr_account *a, const char *schema,
                         const char *table, bool any)
{
    uint64_t p = a->privs;
    for (const struct dr_object_grant *g = a->objects; g && schema; g = g->next)
        if (covers(g, schema, table, any))
            p |= g->privs;
    return p;
}

/* Whose grant it was is noted: a test asks which of them are needed at all. */
static bool holds(struct dr_account *a, uint64_t bit, const char *schema,
                  const char *table)
{
    a->used |= a->privs & bit;
    if (a->privs & bit)
        return true;
    for (struct dr_object_grant *g = a->objects; g && schema; g = g->next) {
        if (!covers(g, schema, table, false) || !(g->privs & bit))
            continue;
        g->used |= bit;
        return true;
    }
    return false;
}

bool dr_has(const struct dr_model_session *s, enum dr_priv p, const char *schema,
            const char *table)
{
    struct dr_account *a = account_of(s);
    return s->internal || (a && holds(a, 1ull << p, schema, table));
}

bool dr_has_any(const struct dr_model_session *s, const char *schema, const char *table)
{
    const struct dr_account *a = account_of(s);
    const uint64_t apart = 1ull << DR_PRIV_PROCESS | 1ull << DR_PRIV_CREATE_USER |
                           1ull << DR_PRIV_CONFIG | 1ull << DR_PRIV_RELOAD |
                           1ull << DR_PRIV_REPLICATION_CLIENT |
                           1ull << DR_PRIV_REPLICATION_SLAVE | 1ull << DR_PRIV_SUPER |
                           1ull << DR_PRIV_GRANT_OPTION;
    return s->internal || (a && privs_on(a, schema, table, true) & ~apart);
}

bool dr_has_dynamic(const struct dr_model_session *s, const char *name, bool super_ok)
{
    struct dr_account *a = account_of(s);
    if (s->internal)
        return true;
    if (!a)
        return false;
    for (struct dr_dynamic_grant *g = a->dynamic; g; g = g->next) {
        if (strcasecmp(g->name, name) != 0)
            continue;
        g->used = true;
        return true;
    }
    return super_ok && holds(a, 1ull << DR_PRIV_SUPER, NULL, NULL);
}

enum dr_run dr_denied(struct dr_exec *x, const char *privileges)
{
    return dr_sql_error(x, 1227,
                        "Access denied; you need (at least one of) the %s privilege(s) "
                        "for this operation",
                        privileges);
}

enum dr_run dr_need_super(struct dr_exec *x)
{
    if (dr_has(x->s, DR_PRIV_SUPER, NULL, NULL))
        return DR_RUN_OK;
    return dr_sql_error(x, 8121, "privilege check for 'Super' fail");
}

enum dr_run dr_need_table(struct dr_exec *x, enum dr_priv p, const char *schema,
                          const char *table)
{
    if (dr_has(x->s, p, schema, table))
        return DR_RUN_OK;
    return dr_sql_error(x, 1142, "%s command denied to user '%s'@'%s' for table '%s'",
                        dr_priv_names[p], x->s->user, x->s->account_host, table);
}

enum dr_run dr_need_schema(struct dr_exec *x, enum dr_priv p, const char *schema)
{
    if (dr_has(x->s, p, schema, NULL))
        return DR_RUN_OK;
    return dr_sql_error(x, 1044, "Access denied for user '%s'@'%s' to database '%s'",
                        x->s->user, x->s->account_host, schema);
}

/* ---- parsing names and options ---- */

/* 'u'@'h', u@h, 'u', CURRENT_USER(). */
enum dr_run dr_take_user(struct dr_exec *x, const char **user, const char **host)
{
    struct dr_cur *c = &x->cur;
    const struct dr_token *t = dr_peek(c, 0);
    *host = "%";
    if (dr_accept(c, "CURRENT_USER")) {
        if (dr_accept(c, "(") && !dr_accept(c, ")"))
            return dr_sql_syntax(x);
        *user = x->s->user;
        *host = x->s->account_host ? x->s->account_host : "%";
        return DR_RUN_OK;
    }
    if (t->kind != DR_TOK_STRING && t->kind != DR_TOK_WORD && t->kind != DR_TOK_NAME)
        return dr_sql_syntax(x);
    *user = t->text;
    c->i++;
    const struct dr_token *at = dr_peek(c, 0);
    if (at->kind == DR_TOK_USERVAR) { /* u@localhost */
        *host = at->text;
        c->i++;
    } else if (at->kind == DR_TOK_BAD && c->sql[at->from] == '@') {
        const struct dr_token *h = dr_peek(c, 1);
        if (h->kind != DR_TOK_STRING && h->kind != DR_TOK_NAME)
            return dr_sql_syntax(x);
        *host = h->text;
        c->i += 2;
    }
    return DR_RUN_OK;
}

static enum dr_run take_auth(struct dr_exec *x, struct dr_account *a)
{
    struct dr_cur *c = &x->cur;
    struct dr_arena *m = x->m->arena;
    const char *word;
    if (dr_accept(c, "WITH")) {
        const struct dr_token *t = dr_peek(c, 0);
        static const char *const known[] = {
            "mysql_native_password", "caching_sha2_password", "tidb_sm3_password",
            "auth_socket",           "tidb_auth_token",       NULL};
        size_t i = 0;
        while (known[i] && strcmp(known[i], t->text) != 0)
            i++;
        if (!known[i])
            return dr_sql_error(x, 1524, "Plugin '%s' is not loaded", t->text);
        a->plugin = known[i];
        c->i++;
        if (dr_accept(c, "AS")) {
            if (!dr_take_string(c, &word, NULL))
                return dr_sql_syntax(x);
            a->password = dr_strdup(m, word); /* a hash: nobody can prove it here */
            return DR_RUN_OK;
        }
        if (!dr_is(c, "BY")) {
            a->password = "";
            return DR_RUN_OK;
        }
    }
    if (!dr_accept(c, "BY") || !dr_take_string(c, &word, NULL))
        return dr_sql_syntax(x);
    a->password = dr_model_string(x->m, word, strlen(word));
    return DR_RUN_OK;
}

/* IDENTIFIED .. REQUIRE .. ACCOUNT .. of one account, into a copy of it. */
static enum dr_run take_options(struct dr_exec *x, struct dr_account *a)
{
    struct dr_cur *c = &x->cur;
    for (;;) {
        if (dr_accept(c, "IDENTIFIED")) {
            if (take_auth(x, a))
                return DR_RUN_ERROR;
        } else if (dr_accept_all(c, "ACCOUNT LOCK")) {
            a->locked = true;
        } else if (dr_accept_all(c, "ACCOUNT UNLOCK")) {
            a->locked = false;
        } else if (dr_accept_all(c, "REQUIRE SSL") || dr_accept_all(c, "REQUIRE X509")) {
            a->require_ssl = true;
        } else if (dr_accept_all(c, "REQUIRE NONE")) {
            a->require_ssl = false;
        } else if (dr_accept_all(c, "PASSWORD EXPIRE NEVER") ||
                   dr_accept_all(c, "PASSWORD EXPIRE DEFAULT")) {
            continue;
        } else if (dr_accept(c, "COMMENT") || dr_accept(c, "ATTRIBUTE")) {
            const char *text;
            if (!dr_take_string(c, &text, NULL))
                return dr_sql_syntax(x);
        } else {
            return DR_RUN_OK;
        }
    }
}

static enum dr_run failed(struct dr_exec *x, const char *what, const char *user,
                          const char *host)
{
    return dr_sql_error(x, 1396, "Operation %s failed for '%s'@'%s'", what, user, host);
}

/* word: the privilege as the refusal spells it. Source: tidb: pkg/executor/simple.go,
 * tests/integrationtest/r/executor/simple.result. */
static enum dr_run may_manage(struct dr_exec *x, const char *word)
{
    if (!dr_has(x->s, DR_PRIV_CREATE_USER, NULL, NULL))
        return dr_denied(x, word);
    return dr_check_write(x);
}

/* An account that holds SYSTEM_USER (SUPER counts) is only for those who hold it, too.
 * Source: tidb: pkg/executor/simple.go executeAlterUser, executeDropUser. */
static enum dr_run may_touch(struct dr_exec *x, const struct dr_account *a)
{
    bool above = a && a->privs >> DR_PRIV_SUPER & 1;
    for (const struct dr_dynamic_grant *g = a ? a->dynamic : NULL; g; g = g->next)
        above |= strcmp(g->name, "SYSTEM_USER") == 0;
    if (above && !dr_has_dynamic(x->s, "SYSTEM_USER", true))
        return dr_denied(x, "SYSTEM_USER or SUPER");
    return DR_RUN_OK;
}

enum dr_run dr_st_create_user(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    if (may_manage(x, "CREATE User"))
        return DR_RUN_ERROR;
    bool quiet = dr_accept_all(c, "IF NOT EXISTS");
    do {
        const char *user, *host;
        struct dr_account fresh = {.password = "", .plugin = "mysql_native_password"};
        if (dr_take_user(x, &user, &host) || take_options(x, &fresh))
            return DR_RUN_ERROR;
        if (dr_account_find(x->c, user, host)) {
            if (!quiet)
                return failed(x, "CREATE USER", user, host);
            dr_sql_warn(x, "Note", 3163, "User '%s'@'%s' already exists.", user, host);
            continue;
        }
        struct dr_account *a = dr_account_add(x->c, user, host);
        a->password = fresh.password;
        a->plugin = fresh.plugin;
        a->locked = fresh.locked;
        a->require_ssl = fresh.require_ssl;
    } while (dr_accept(c, ","));
    return dr_at_end(c) ? dr_sql_ok(x, 0) : dr_sql_syntax(x);
}

enum dr_run dr_st_alter_user(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    bool quiet = dr_accept_all(c, "IF EXISTS");
    do {
        const char *user, *host;
        if (dr_take_user(x, &user, &host))
            return DR_RUN_ERROR;
        bool own = x->s->user && strcmp(user, x->s->user) == 0;
        if ((own ? dr_check_write(x) : may_manage(x, "CREATE USER")))
            return DR_RUN_ERROR;
        struct dr_account *a = dr_account_find(x->c, user, host), copy;
        if (!a && !quiet)
            return failed(x, "ALTER USER", user, host);
        if (!own && may_touch(x, a))
            return DR_RUN_ERROR;
        copy = a ? *a : (struct dr_account){0};
        if (take_options(x, &copy))
            return DR_RUN_ERROR;
        if (a)
            *a = copy;
    } while (dr_accept(c, ","));
    return dr_at_end(c) ? dr_sql_ok(x, 0) : dr_sql_syntax(x);
}

enum dr_run dr_st_set_password(struct dr_exec *x)
{
    const char *user = x->s->user, *host = x->s->account_host, *word;
    if (dr_accept(&x->cur, "FOR") && dr_take_user(x, &user, &host))
        return DR_RUN_ERROR;
    if (dr_check_write(x))
        return DR_RUN_ERROR;
    if (!dr_accept(&x->cur, "=") || !dr_take_string(&x->cur, &word, NULL))
        return dr_sql_syntax(x);
    struct dr_account *a = dr_account_find(x->c, user, host ? host : "%");
    if (!a)
        return dr_sql_error(x, 1133, "Can't find any matching row in the user table");
    a->password = dr_model_string(x->m, word, strlen(word));
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_drop_user(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    if (may_manage(x, "CREATE USER"))
        return DR_RUN_ERROR;
    bool quiet = dr_accept_all(c, "IF EXISTS");
    do {
        const char *user, *host;
        if (dr_take_user(x, &user, &host))
            return DR_RUN_ERROR;
        struct dr_account **p = &x->c->accounts->first;
        while (*p && *p != dr_account_find(x->c, user, host))
            p = &(*p)->next;
        if (may_touch(x, *p))
            return DR_RUN_ERROR;
        if (*p)
            *p = (*p)->next;
        else if (!quiet)
            return dr_sql_error(x, 1396, "Operation DROP USER failed for %s@%s", user,
                                host);
    } while (dr_accept(c, ","));
    return dr_at_end(c) ? dr_sql_ok(x, 0) : dr_sql_syntax(x);
}
