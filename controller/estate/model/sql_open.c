/* Sessions: opening, closing, and what a connection knows and says of its session.
 * Sources: tidb: pkg/server/conn.go, pkg/session/session.go. */
#include <string.h>

#include "controller/estate/model/audit.h"
#include "controller/estate/model/sql_brie.h"
#include "controller/estate/model/sql_prepare.h"
#include "controller/estate/model/sql_vars.h"

static struct dr_model_session *session_new(struct dr_model_instance *in,
                                            const char *peer)
{
    struct dr_model_cluster *c = in->cluster;
    struct dr_model_session *s = dr_xcalloc(1, sizeof(*s)), **p = &c->sessions;
    s->m = c->model;
    s->c = c;
    s->in = in;
    s->arena = dr_arena_new(0);
    s->warn_arena = dr_arena_new(0);
    s->peer = dr_strdup(s->arena, peer ? peer : "127.0.0.1");
    s->vars = dr_alloc_n(s->arena, dr_var_count(), sizeof(*s->vars));
    memcpy(s->vars, in->globals, dr_var_count() * sizeof(*s->vars));
    s->since_ms = dr_model_wall_ms(s->m);
    while (*p)
        p = &(*p)->next;
    *p = s;
    return s;
}

struct dr_model_session *dr_session_internal(struct dr_model_cluster *c, size_t instance)
{
    struct dr_model_session *s = session_new(&c->instances[instance], "127.0.0.1");
    s->internal = s->logged_in = true;
    s->user = "";
    return s;
}

struct dr_model_session *dr_model_sql_open(struct dr_model *m,
                                           const struct dr_address *at, const char *peer,
                                           bool tls)
{
    struct dr_model_instance *in = dr_model_instance(m, at);
    if (!in || !dr_address_equal(&in->sql, at) || !in->up || in->cut)
        return NULL;
    struct dr_model_session *s = session_new(in, peer);
    s->tls = tls;
    /* Global kill: the server's number stands in the upper bits (32-bit scheme, docs:
     * sql-statements/sql-statement-kill.md) [inference: the layout]. */
    s->id = (uint64_t)(in->index + 1) << 21 | ++in->next_conn << 1;
    return s;
}

int dr_model_sql_internal(struct dr_model_session *s, const char *text,
                          struct dr_sql_answer *out, struct dr_arena *a)
{
    if (dr_model_sql_query(s, text, strlen(text), out, a) == DR_MODEL_RUNNING) {
        dr_session_kill(s);
        return 1205;
    }
    return out->error;
}

void dr_session_kill(struct dr_model_session *s)
{
    s->dead = true;
    dr_audit_settle(s->m, s->audit, "connection lost", -1);
    s->audit = 0;
    dr_brie_abandon(s);
    dr_session_rollback(s);
}

void dr_model_sql_close(struct dr_model_session *s)
{
    struct dr_model_session **p = &s->c->sessions;
    dr_session_kill(s);
    while (*p != s)
        p = &(*p)->next;
    *p = s->next;
    for (struct dr_model_session *o = s->c->sessions; o; o = o->next)
        if (o->blocker == s)
            o->blocker = NULL;
    free(s->text);
    free(s->params);
    dr_prepared_free(s);
    dr_arena_free(s->warn_arena);
    dr_arena_free(s->arena);
    free(s);
}

bool dr_model_sql_alive(const struct dr_model_session *s)
{
    return !s->dead;
}

uint64_t dr_model_sql_connection_id(const struct dr_model_session *s)
{
    return s->id;
}

/* docs: system-variables.md version: 8.0.11 since 7.4.0, 5.7.25 before */
const char *dr_model_sql_version(const struct dr_model_session *s)
{
    const struct dr_version *v = &s->c->version;
    bool new = dr_version_rank(v) >= 7004000;
    const char *text =
        dr_sprintf(s->arena, "%s-TiDB-%s", new ? "8.0.11" : "5.7.25", v->text);
    return dr_model_string(s->m, text, strlen(text));
}

void dr_model_sql_secure(struct dr_model_session *s)
{
    s->tls = true;
}

bool dr_model_sql_in_transaction(const struct dr_model_session *s)
{
    return s->txn && s->explicit_txn;
}

bool dr_model_sql_autocommit(const struct dr_model_session *s)
{
    return dr_var_on(dr_var_session(s, DR_V_AUTOCOMMIT));
}

void dr_model_sql_reset(struct dr_model_session *s)
{
    dr_session_rollback(s);
    memcpy(s->vars, s->in->globals, dr_var_count() * sizeof(*s->vars));
    s->logged_in = false;
    s->user = s->account_host = s->db = NULL;
    s->user_vars = NULL;
    dr_prepared_free(s);
    s->last_affected = s->last_rows = 0;
    s->last_insert_id = s->last_commit_tso = s->last_start_tso = 0;
}

void dr_model_sql_found_rows(struct dr_model_session *s, bool found)
{
    s->found_rows = found;
}

void dr_model_sql_warn(struct dr_model_session *s, int number, const char *message)
{
    s->own = (struct dr_warning){"Warning", number, message};
}

const char *dr_model_sql_variable(const struct dr_model_session *s, const char *name)
{
    int i = dr_var_find(name);
    return i < 0 ? NULL : s->vars[i];
}

bool dr_model_sql_refuses(struct dr_model_session *s, const char *text, size_t len,
                          struct dr_sql_answer *out, struct dr_arena *a)
{
    struct dr_exec x = dr_exec_for(s, out, a);
    dr_lex(a, text, len, &x.cur);
    return dr_statement_check(&x) || dr_bind(&x, NULL, 0);
}
