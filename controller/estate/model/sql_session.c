/* Sessions: the way of one statement from text to answer, transactions.
 * Sources: tidb: pkg/server/conn.go, pkg/session/session.go, pkg/planner/optimize.go. */
#include "controller/estate/model/sql_session.h"

#include <string.h>
#include <strings.h>

#include "controller/estate/model/audit.h"
#include "controller/estate/model/network.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_brie.h"
#include "controller/estate/model/sql_engine.h"
#include "controller/estate/model/sql_prepare.h"
#include "controller/estate/model/sql_vars.h"

/* ---- time ---- */

int64_t dr_cluster_wall_ms(const struct dr_model_cluster *c)
{
    return dr_model_wall_ms(c->model) + c->clock_skew_ms;
}

const char *dr_sql_time(struct dr_arena *a, int64_t wall_ms, int digits)
{
    char t[DR_TIME_TEXT];
    dr_time_text(wall_ms, t); /* "2026-11-21 10:11:12.345" */
    if (digits > 3)
        return dr_sprintf(a, "%s000", t);
    t[digits ? 20 + digits : 19] = '\0';
    return dr_strdup(a, t);
}

/* ---- fence and snapshots ---- */

static bool session_fenced(const struct dr_model_session *s)
{
    if (s->internal || dr_has_dynamic(s, "RESTRICTED_REPLICA_WRITER_ADMIN", false))
        return false;
    return dr_instance_global_on(s->in, DR_V_SUPER_RO) ||
           dr_instance_global_on(s->in, DR_V_RESTRICTED_RO);
}

enum dr_run dr_check_write(struct dr_exec *x)
{
    if (session_fenced(x->s) ||
        (!x->s->internal && dr_var_on(dr_var_session(x->s, DR_V_EXTERNAL_READ))))
        return dr_sql_error(x, 1836, "Running in read-only mode");
    if (dr_var_session(x->s, DR_V_SNAPSHOT)[0])
        return dr_sql_error(
            x, 1105, "can not execute write statement when 'tidb_snapshot' is set");
    if (!x->s->internal && dr_var_on(dr_var_session(x->s, DR_V_LOW_RESOLUTION)))
        return dr_sql_error(
            x, 1105,
            "can not execute write statement when 'tidb_low_resolution_tso' is set");
    return DR_RUN_OK;
}

static enum dr_run need_pd(struct dr_exec *x)
{
    if (dr_instance_pd_ok(x->s->in))
        return DR_RUN_OK;
    return dr_sql_error(x, 9001,
                        "PD server timeout: start timestamp may fall behind "
                        "safe point");
}

uint64_t dr_session_tso(const struct dr_model_session *s)
{
    enum { CACHED_MS = 2000 };
    uint64_t tso = dr_model_tso(s->c);
    int64_t ms = dr_tso_ms(tso);
    return !s->internal && dr_var_on(dr_var_session(s, DR_V_LOW_RESOLUTION))
               ? dr_tso_make(ms - ms % CACHED_MS, 0)
               : tso;
}

enum dr_run dr_sql_old(struct dr_exec *x, uint64_t tso)
{
    return dr_sql_error(x, 9006,
                        "GC life time is shorter than transaction duration, "
                        "transaction start ts is %llu, txn safe point is %llu",
                        (unsigned long long)tso, (unsigned long long)x->c->gc_safe_point);
}

enum dr_run dr_read_tso(struct dr_exec *x, uint64_t *tso)
{
    struct dr_model_session *s = x->s;
    if (x->fixed_tso) {
        *tso = x->fixed_tso;
        return DR_RUN_OK;
    }
    if (need_pd(x))
        return DR_RUN_ERROR;
    const char *snapshot = dr_var_session(s, DR_V_SNAPSHOT);
    if (snapshot[0] && !x->no_snapshot)
        *tso = (uint64_t)dr_var_int(snapshot);
    else if (dr_var_on(dr_var_session(s, DR_V_EXTERNAL_READ)) && !x->no_snapshot)
        *tso = x->c->external_ts;
    else
        *tso = s->txn ? s->txn->start_tso : dr_session_tso(s);
    if (*tso < x->c->gc_safe_point)
        return dr_sql_old(x, *tso);
    x->fixed_tso = *tso;
    return DR_RUN_OK;
}

/* ---- transactions ---- */

struct dr_txn *dr_session_txn(struct dr_exec *x)
{
    struct dr_model_session *s = x->s;
    if (!s->txn) {
        if (need_pd(x))
            return NULL;
        s->txn = dr_txn_new(x->c, dr_session_tso(s), dr_cluster_wall_ms(x->c));
        s->explicit_txn = !dr_var_on(dr_var_session(s, DR_V_AUTOCOMMIT));
    }
    return s->txn;
}

void dr_session_rollback(struct dr_model_session *s)
{
    dr_txn_free(s->txn);
    s->txn = NULL;
    s->explicit_txn = s->odd_txn = false;
    s->pending_role = 0;
}

enum dr_run dr_session_commit(struct dr_exec *x)
{
    struct dr_model_session *s = x->s;
    if (!s->txn)
        return DR_RUN_OK;
    bool wrote = s->txn->changed > 0;
    if (wrote && (session_fenced(s) || need_pd(x))) {
        dr_session_rollback(s);
        return x->out->error ? DR_RUN_ERROR
                             : dr_sql_error(x, 1836, "Running in read-only mode");
    }
    if (dr_txn_conflicts(s->txn)) {
        unsigned long long start = s->txn->start_tso;
        dr_session_rollback(s);
        return dr_sql_error(x, 9007,
                            "Write conflict, txnStartTS=%llu, reason=Optimistic [try "
                            "again later]",
                            start);
    }
    if (s->pending_role)
        s->c->bdr_role = (enum dr_bdr_role)(s->pending_role - 1);
    s->last_start_tso = s->txn->start_tso;
    s->last_commit_tso =
        dr_txn_commit(s->txn, (uint32_t)dr_var_int(dr_var_session(s, DR_V_WRITE_SOURCE)));
    dr_session_rollback(s);
    return DR_RUN_OK;
}

enum dr_run dr_st_begin(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    if (dr_session_commit(x))
        return DR_RUN_ERROR;
    (void)dr_accept(c, "TRANSACTION");
    bool optimistic = strcasecmp(dr_var_session(x->s, DR_V_TXN_MODE), "optimistic") == 0;
    if (dr_accept(c, "PESSIMISTIC"))
        optimistic = false;
    else if (dr_accept(c, "OPTIMISTIC"))
        optimistic = true;
    else
        (void)dr_accept_all(c, "WITH CONSISTENT SNAPSHOT");
    if (!dr_accept_all(c, "READ ONLY"))
        (void)dr_accept_all(c, "READ WRITE");
    if (!dr_at_end(c))
        return dr_sql_syntax(x);
    if (!dr_session_txn(x))
        return DR_RUN_ERROR;
    x->s->explicit_txn = true;
    x->s->txn->optimistic = optimistic && !x->s->internal;
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_commit(struct dr_exec *x)
{
    (void)dr_accept(&x->cur, "WORK");
    if (!dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    return dr_session_commit(x) ? DR_RUN_ERROR : dr_sql_ok(x, 0);
}

enum dr_run dr_st_rollback(struct dr_exec *x)
{
    (void)dr_accept(&x->cur, "WORK");
    if (!dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    dr_session_rollback(x->s);
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_noop(struct dr_exec *x)
{
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_use(struct dr_exec *x)
{
    const char *name;
    if (!dr_take_name(&x->cur, &name) || !dr_at_end(&x->cur))
        return dr_sql_syntax(x);
    bool system = strcasecmp(name, "information_schema") == 0;
    if (!system && !dr_db_schema(x->c->db, name, UINT64_MAX))
        return dr_sql_error(x, 1049, "Unknown database '%s'", name);
    if (!system && !dr_has_any(x->s, name, NULL))
        return dr_sql_error(x, 1044, "Access denied for user '%s'@'%s' to database '%s'",
                            x->s->user, x->s->account_host, name);
    x->s->db = dr_model_string(x->m, name, strlen(name));
    return dr_sql_ok(x, 0);
}

enum dr_run dr_take_table(struct dr_exec *x, const char **schema, const char **name)
{
    *schema = x->s->db;
    if (!dr_take_name(&x->cur, name))
        return dr_sql_syntax(x);
    if (dr_accept(&x->cur, ".")) {
        *schema = *name;
        if (!dr_take_name(&x->cur, name))
            return dr_sql_syntax(x);
    }
    return *schema ? DR_RUN_OK : dr_sql_error(x, 1046, "No database selected");
}

/* ---- dispatch ---- */

static const struct {
    const char *words;
    dr_statement_fn *run;
} statements[] = {
    {"SELECT", dr_st_select},
    {"(", dr_st_select},
    {"WITH", dr_st_select},
    {"TABLE", dr_st_select},
    {"SET", dr_st_set},
    {"SHOW", dr_st_show},
    {"USE", dr_st_use},
    {"DESC", dr_st_desc},
    {"DESCRIBE", dr_st_desc},
    {"EXPLAIN", dr_st_desc},
    {"INSERT", dr_st_insert},
    {"REPLACE", dr_st_insert},
    {"UPDATE", dr_st_update},
    {"DELETE", dr_st_delete},
    {"BEGIN", dr_st_begin},
    {"START TRANSACTION", dr_st_begin},
    {"COMMIT", dr_st_commit},
    {"ROLLBACK", dr_st_rollback},
    {"PREPARE", dr_st_prepare},
    {"EXECUTE", dr_st_execute},
    {"DEALLOCATE PREPARE", dr_st_deallocate},
    {"DROP PREPARE", dr_st_deallocate},
    {"CREATE USER", dr_st_create_user},
    {"ALTER USER", dr_st_alter_user},
    {"DROP USER", dr_st_drop_user},
    {"CREATE", dr_st_create},
    {"ALTER", dr_st_alter},
    {"DROP", dr_st_drop},
    {"TRUNCATE", dr_st_truncate},
    {"RENAME TABLE", dr_st_rename},
    {"GRANT", dr_st_grant},
    {"REVOKE", dr_st_revoke},
    {"ADMIN", dr_st_admin},
    {"KILL", dr_st_kill},
    {"FLUSH", dr_st_flush},
    {"BACKUP", dr_st_backup},
    {"RESTORE", dr_st_restore},
    {"ANALYZE", dr_st_noop},
    {"DO", dr_st_noop},
};

/* Takes the words that a statement begins with. NULL: none that is known. */
static dr_statement_fn *statement_at(struct dr_cur *c)
{
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        if (dr_accept_all(c, statements[i].words))
            return statements[i].run;
    return NULL;
}

enum dr_run dr_dispatch(struct dr_exec *x)
{
    size_t keep = x->cur.i;
    if (dr_at_end(&x->cur))
        return dr_sql_error(x, 1065, "Query was empty");
    dr_statement_fn *run = statement_at(&x->cur);
    if (!run)
        return dr_sql_syntax(x);
    if (run == dr_st_select || run == dr_st_insert)
        x->cur.i = keep; /* they look at their first word themselves */
    return run(x);
}

enum dr_run dr_statement_check(struct dr_exec *x)
{
    struct dr_cur c = x->cur;
    size_t open = 0;
    if (!statement_at(&c))
        return dr_sql_syntax(x);
    for (c.i = x->cur.i; c.i < c.count; c.i++) {
        bool closes = dr_is(&c, ")");
        open += dr_is(&c, "(");
        if (c.t[c.i].kind == DR_TOK_BAD || (closes && !open))
            break;
        open -= closes;
    }
    if (c.i == c.count && !open)
        return DR_RUN_OK;
    x->cur.i = c.i;
    return dr_sql_syntax(x);
}

static void end_statement(struct dr_model_session *s)
{
    free(s->text);
    free(s->params);
    s->text = NULL;
    s->params = NULL;
    s->param_count = 0;
    s->describing = false;
    s->wait = DR_WAIT_NONE;
    s->started = s->interrupted = false;
    s->job = NULL;
    s->blocker = NULL;
    s->own.level = NULL;
    s->since_ms = dr_model_wall_ms(s->m);
}

/* The connection breaks; the caller sees !alive and sends nothing. */
static enum dr_model_done drop(struct dr_model_session *s, struct dr_exec *x)
{
    dr_sql_error(x, 2013, "Lost connection to MySQL server during query");
    dr_session_kill(s);
    return DR_MODEL_DONE;
}

/* For ROW_COUNT() and FOUND_ROWS() (docs: information-functions.md). */
static void remember(struct dr_model_session *s, const struct dr_sql_answer *out)
{
    if (s->describing)
        return;
    s->last_affected = out->error || out->columns ? -1 : (int64_t)out->affected;
    s->last_rows = out->columns ? (int64_t)out->row_count : 0;
}

static void settle_audit(struct dr_exec *x)
{
    struct dr_model_session *s = x->s;
    const char *outcome =
        x->out->error    ? dr_sprintf(x->a, "error %d", x->out->error)
        : s->fault_after ? (s->fault == DR_FAULT_ERROR_AFTER ? "ok, answered an error"
                                                             : "ok, reply lost")
                         : "ok";
    dr_audit_settle(s->m, s->audit, outcome,
                    x->out->error || x->out->column_count ? -1
                                                          : (int64_t)x->out->affected);
    s->audit = 0;
}

static enum dr_model_done finish(struct dr_exec *x, enum dr_run r)
{
    struct dr_model_session *s = x->s;
    if (s->txn && !s->explicit_txn) {
        if (r == DR_RUN_OK)
            r = dr_session_commit(x);
        else
            dr_session_rollback(s);
    }
    if (x->out->columns)
        x->out->affected = 0;
    if (r == DR_RUN_OK)
        x->out->error = 0;
    remember(s, x->out);
    x->out->warnings = (uint32_t)s->warning_count;
    settle_audit(x);
    if (s->fault_after) {
        s->fault_after = false;
        if (s->fault == DR_FAULT_MUTE) {
            s->wait = DR_WAIT_MUTE;
            return DR_MODEL_RUNNING;
        }
        if (s->fault == DR_FAULT_DROP_AFTER) {
            end_statement(s);
            return drop(s, x);
        }
        dr_sql_error(x, s->fault_number, "%s", s->fault_message);
    }
    end_statement(s);
    return DR_MODEL_DONE;
}

static void wake(struct dr_model *m, void *arg, uint64_t n)
{
    (void)m;
    (void)arg;
    (void)n; /* only makes the clock stop here: whoever waits polls */
}

/* A row lock (or a metadata lock) is held by another session. */
static enum dr_model_done wait_lock(struct dr_exec *x, size_t mark)
{
    struct dr_model_session *s = x->s;
    if (s->txn)
        dr_txn_back(s->txn, mark);
    if (s->wait != DR_WAIT_LOCK) {
        s->wait = DR_WAIT_LOCK;
        s->wait_until_ms =
            s->m->now_ms + dr_var_int(dr_var_session(s, DR_V_LOCK_WAIT)) * 1000;
        dr_model_at(s->m, s->wait_until_ms, wake, NULL, 0);
    }
    if (s->m->now_ms < s->wait_until_ms)
        return DR_MODEL_RUNNING;
    dr_sql_error(x, 1205, "Lock wait timeout exceeded; try restarting transaction");
    return finish(x, DR_RUN_ERROR);
}

struct dr_exec dr_exec_for(struct dr_model_session *s, struct dr_sql_answer *out,
                           struct dr_arena *a)
{
    memset(out, 0, sizeof(*out));
    out->session = out->connection_id = s->id;
    return (struct dr_exec){.s = s, .c = s->c, .m = s->m, .a = a, .out = out};
}

static enum dr_model_done run(struct dr_model_session *s, struct dr_sql_answer *out,
                              struct dr_arena *a)
{
    struct dr_exec x = dr_exec_for(s, out, a);
    if (s->interrupted) {
        dr_sql_error(&x, 1317, "Query execution was interrupted");
        if (s->job)
            dr_brie_interrupt(&x);
        return finish(&x, DR_RUN_ERROR);
    }
    if (s->wait == DR_WAIT_JOB) {
        enum dr_run r = dr_brie_poll(&x);
        return r == DR_RUN_WAIT ? DR_MODEL_RUNNING : finish(&x, r);
    }
    size_t mark = s->txn ? dr_txn_mark(s->txn) : 0;
    bool had_txn = s->txn != NULL;
    dr_lex(a, s->text, s->len, &x.cur);
    bool keep = dr_is(&x.cur, "SHOW") && dr_token_is(dr_peek(&x.cur, 1), "WARNINGS");
    if (!keep) {
        dr_arena_reset(s->warn_arena);
        s->warnings = NULL;
        s->warning_count = s->warning_room = 0;
    }
    if (s->own.level)
        dr_sql_warn(&x, s->own.level, s->own.code, "%s", s->own.text);
    enum dr_run r = s->describing                            ? dr_describe(&x)
                    : dr_bind(&x, s->params, s->param_count) ? DR_RUN_ERROR
                                                             : dr_dispatch(&x);
    if (r == DR_RUN_WAIT && s->wait == DR_WAIT_JOB)
        return DR_MODEL_RUNNING;
    if (r == DR_RUN_WAIT && s->wait == DR_WAIT_DELAY) {
        dr_model_at(s->m, s->wait_until_ms, wake, NULL, 0);
        return DR_MODEL_RUNNING;
    }
    if (r == DR_RUN_WAIT)
        return wait_lock(&x, had_txn ? mark : 0);
    if (r == DR_RUN_ERROR && s->txn && had_txn)
        dr_txn_back(s->txn, mark);
    return finish(&x, r);
}

static void take_fault(struct dr_model_session *s, const struct dr_fault *f,
                       int64_t *delay)
{
    if (f->kind == DR_FAULT_SLOW) {
        *delay += f->delay_ms;
        return;
    }
    s->fault_after = f->kind == DR_FAULT_DROP_AFTER || f->kind == DR_FAULT_ERROR_AFTER ||
                     f->kind == DR_FAULT_MUTE;
    s->fault = f->kind;
    s->fault_number = f->number ? f->number : 9005;
    s->fault_message = f->message ? f->message : "Region is unavailable";
}

enum dr_model_done dr_model_sql_query(struct dr_model_session *s, const char *text,
                                      size_t len, struct dr_sql_answer *out,
                                      struct dr_arena *a)
{
    struct dr_exec x = dr_exec_for(s, out, a);
    if (s->dead)
        return drop(s, &x);
    s->text = dr_xcalloc(1, len + 1);
    memcpy(s->text, text, len);
    s->len = len;
    s->since_ms = dr_model_wall_ms(s->m);
    int64_t delay = s->in->slow_ms;
    const struct dr_fault *f = s->internal || s->describing
                                   ? NULL
                                   : dr_model_fault_take(s->m, &s->in->sql, s->text);
    if (f && f->kind == DR_FAULT_DROP_BEFORE) {
        end_statement(s);
        return drop(s, &x);
    }
    s->audit = s->describing ? 0 : dr_audit_statement(s, s->text, len);
    if (f)
        take_fault(s, f, &delay);
    if (f && f->kind == DR_FAULT_ERROR) {
        dr_sql_error(&x, s->fault_number, "%s", s->fault_message);
        return finish(&x, DR_RUN_ERROR);
    }
    if (!s->internal && s->in->hung) {
        s->wait = DR_WAIT_HUNG;
        return DR_MODEL_RUNNING;
    }
    if (!s->internal && delay > 0) {
        s->wait = DR_WAIT_DELAY;
        s->wait_until_ms = s->m->now_ms + delay;
        dr_model_at(s->m, s->wait_until_ms, wake, NULL, 0);
        return DR_MODEL_RUNNING;
    }
    return run(s, out, a);
}

enum dr_model_done dr_model_sql_prepare(struct dr_model_session *s, const char *text,
                                        size_t len, struct dr_sql_answer *out,
                                        struct dr_arena *a)
{
    s->describing = true;
    return dr_model_sql_query(s, text, len, out, a);
}

enum dr_model_done dr_model_sql_execute(struct dr_model_session *s, const char *text,
                                        size_t len, const struct dr_sql_param *params,
                                        size_t count, struct dr_sql_answer *out,
                                        struct dr_arena *a)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += params[i].len + 1;
    free(s->params);
    s->params = dr_xcalloc(1, count * sizeof(*params) + bytes + 1);
    s->param_count = count;
    char *at = (char *)(s->params + count);
    for (size_t i = 0; i < count; i++) {
        s->params[i] = (struct dr_sql_param){params[i].kind, at, params[i].len};
        if (params[i].len)
            memcpy(at, params[i].text, params[i].len);
        at += params[i].len + 1;
    }
    return dr_model_sql_query(s, text, len, out, a);
}

enum dr_model_done dr_model_sql_poll(struct dr_model_session *s,
                                     struct dr_sql_answer *out, struct dr_arena *a)
{
    struct dr_exec x = dr_exec_for(s, out, a);
    if (s->dead)
        return drop(s, &x);
    if (s->wait == DR_WAIT_MUTE || (s->wait == DR_WAIT_HUNG && s->in->hung))
        return DR_MODEL_RUNNING;
    if (s->wait == DR_WAIT_DELAY && s->m->now_ms < s->wait_until_ms && !s->interrupted)
        return DR_MODEL_RUNNING;
    if (s->wait == DR_WAIT_DELAY || s->wait == DR_WAIT_HUNG)
        s->wait = DR_WAIT_NONE;
    return run(s, out, a);
}
