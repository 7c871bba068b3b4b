/* Accounts and privileges of one cluster. Sources: docs: privilege-management.md, tidb:
 * pkg/parser/mysql/privs.go, pkg/privilege/privileges/. */
#ifndef DR_MODEL_SQL_ACCOUNT_H
#define DR_MODEL_SQL_ACCOUNT_H

#include "controller/estate/model/sql_session.h"

/* Static privileges, in the order in which SHOW GRANTS lists them. */
#define DR_PRIVS(X)                                                                      \
    X(SELECT, "SELECT", "Select")                                                        \
    X(INSERT, "INSERT", "Insert")                                                        \
    X(UPDATE, "UPDATE", "Update")                                                        \
    X(DELETE, "DELETE", "Delete")                                                        \
    X(CREATE, "CREATE", "Create")                                                        \
    X(DROP, "DROP", "Drop")                                                              \
    X(PROCESS, "PROCESS", "Process")                                                     \
    X(REFERENCES, "REFERENCES", "References")                                            \
    X(ALTER, "ALTER", "Alter")                                                           \
    X(SHOW_DATABASES, "SHOW DATABASES", "Show Databases")                                \
    X(SUPER, "SUPER", "Super")                                                           \
    X(EXECUTE, "EXECUTE", "Execute")                                                     \
    X(INDEX, "INDEX", "Index")                                                           \
    X(CREATE_USER, "CREATE USER", "Create User")                                         \
    X(CREATE_TABLESPACE, "CREATE TABLESPACE", "Create Tablespace")                       \
    X(TRIGGER, "TRIGGER", "Trigger")                                                     \
    X(CREATE_VIEW, "CREATE VIEW", "Create View")                                         \
    X(SHOW_VIEW, "SHOW VIEW", "Show View")                                               \
    X(CREATE_ROLE, "CREATE ROLE", "Create Role")                                         \
    X(DROP_ROLE, "DROP ROLE", "Drop Role")                                               \
    X(CREATE_TMP, "CREATE TEMPORARY TABLES", "CREATE TEMPORARY TABLES")                  \
    X(LOCK_TABLES, "LOCK TABLES", "LOCK TABLES")                                         \
    X(CREATE_ROUTINE, "CREATE ROUTINE", "CREATE ROUTINE")                                \
    X(ALTER_ROUTINE, "ALTER ROUTINE", "ALTER ROUTINE")                                   \
    X(EVENT, "EVENT", "EVENT")                                                           \
    X(SHUTDOWN, "SHUTDOWN", "SHUTDOWN")                                                  \
    X(RELOAD, "RELOAD", "RELOAD")                                                        \
    X(FILE, "FILE", "FILE")                                                              \
    X(CONFIG, "CONFIG", "CONFIG")                                                        \
    X(REPLICATION_CLIENT, "REPLICATION CLIENT", "REPLICATION CLIENT")                    \
    X(REPLICATION_SLAVE, "REPLICATION SLAVE", "REPLICATION SLAVE")
enum dr_priv {
#define X(id, name, word) DR_PRIV_##id,
    DR_PRIVS(X)
#undef X
        DR_PRIV_GRANT_OPTION,
    DR_PRIV_COUNT_
};
extern const char *const dr_priv_names[];
/* ALL PRIVILEGES: every static one but GRANT OPTION. */
#define DR_PRIV_ALL ((1ull << DR_PRIV_GRANT_OPTION) - 1)

struct dr_object_grant {
    struct dr_object_grant *next;
    const char *schema, *table; /* table NULL: the whole schema */
    uint64_t privs, used;
};
struct dr_dynamic_grant {
    struct dr_dynamic_grant *next; /* sorted by name */
    const char *name;
    bool grant_option, used;
};
struct dr_account {
    struct dr_account *next; /* sorted by user, host */
    const char *user, *host, *password, *plugin;
    bool locked, require_ssl;
    uint64_t privs, used; /* used: let a statement of the account through */
    struct dr_object_grant *objects;
    struct dr_dynamic_grant *dynamic;
};
struct dr_accounts {
    struct dr_account *first;
};

/* Declares the account of an estate; grants as after GRANT ("ALL PRIVILEGES ON *.*").
 * Out: false and `why` filled. root@% with all rights and no password is always there. */
bool dr_account_declare(struct dr_model_cluster *c, const struct dr_sim_account *a,
                        struct dr_buf *why);
void dr_accounts_init(struct dr_model_cluster *c);

struct dr_account *dr_account_find(struct dr_model_cluster *c, const char *user,
                                   const char *host);
/* A new account without rights or password. */
struct dr_account *dr_account_add(struct dr_model_cluster *c, const char *user,
                                  const char *host);
/* 'u'@'h', u@h, CURRENT_USER() at the cursor. */
enum dr_run dr_take_user(struct dr_exec *x, const char **user, const char **host);
/* The account that a login from this host uses: the exact host first. */
struct dr_account *dr_account_match(struct dr_model_cluster *c, const char *user,
                                    const char *from);
/* mysql.user's authentication_string. */
const char *dr_account_auth(struct dr_arena *a, const struct dr_account *ac);

/* Rights of a session; schema and table NULL: globally. */
bool dr_has(const struct dr_model_session *s, enum dr_priv p, const char *schema,
            const char *table);
bool dr_has_any(const struct dr_model_session *s, const char *schema, const char *table);
/* super_ok: SUPER counts too. */
bool dr_has_dynamic(const struct dr_model_session *s, const char *name, bool super_ok);
/* 1142 unless the session has the privilege on the table. */
enum dr_run dr_need_table(struct dr_exec *x, enum dr_priv p, const char *schema,
                          const char *table);
/* 1044 unless it has it on the schema. */
enum dr_run dr_need_schema(struct dr_exec *x, enum dr_priv p, const char *schema);
/* 1227 naming the privileges. */
enum dr_run dr_denied(struct dr_exec *x, const char *privileges);
/* 8121 unless SUPER. */
enum dr_run dr_need_super(struct dr_exec *x);

#endif
