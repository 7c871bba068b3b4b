/* Process lists, transactions, DDL jobs, CLUSTER_INFO; ADMIN, KILL and FLUSH. INSTANCE of
 * the CLUSTER_* twins is the status address, in CLUSTER_INFO the SQL address. Sources:
 * tidb: pkg/infoschema/tables.go, docs: sql-statements/sql-statement-kill.md,
 * sql-statement-admin-bdr-role.md, sql-statement-admin-show-ddl.md. */
#include "controller/estate/model/sql_process.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_vars.h"

/* Newer versions redact; the model always does: nothing secret leaves it. */
static const char *session_text(struct dr_arena *a, const struct dr_model_session *s)
{
    static const char *const secret[] = {"CREATE USER", "ALTER USER", "SET PASSWORD",
                                         "PREPARE", NULL};
    if (!s->text)
        return NULL;
    for (size_t i = 0; secret[i]; i++)
        if (strncasecmp(s->text, secret[i], strlen(secret[i])) == 0)
            return secret[i];
    char *out = dr_strdup(a, s->text), *q = strchr(out, '?');
    bool brie = strncasecmp(out, "BACKUP", 6) == 0 || strncasecmp(out, "RESTORE", 7) == 0;
    char *end = q ? strpbrk(q, "'\"") : NULL;
    if (brie && end) /* the query string of the URI holds keys */
        memmove(q, end, strlen(end) + 1);
    return out;
}

/* ---- sessions ---- */

static bool visible(const struct dr_fill *f, const struct dr_model_session *s)
{
    const struct dr_model_session *me = f->x->s;
    if (s->internal || !s->logged_in || s->dead)
        return false;
    return dr_has(me, DR_PRIV_PROCESS, NULL, NULL) ||
           (me->user && strcmp(me->user, s->user) == 0);
}

static bool answers(const struct dr_model_instance *in)
{
    return in->up && !in->cut && !in->hung;
}

/* An unreachable instance is missing rows and a warning (tidb:
 * pkg/executor/memtable_reader.go) [inference: its words]. */
static void silent(struct dr_fill *f, const struct dr_model_instance *in)
{
    char text[DR_HOST_MAX + 16];
    dr_sql_warn(f->x, "Warning", 1105,
                "rpc error: code = Unavailable desc = connection error: dial tcp %s: "
                "connect: connection refused",
                dr_address_text(&in->status, text));
}

static void process_row(struct dr_fill *f, const struct dr_model_session *s)
{
    const char *text = session_text(f->x->a, s);
    int64_t seconds = (dr_model_wall_ms(s->m) - s->since_ms) / 1000;
    dr_fill_u64(f, s->id);
    dr_fill_text(f, s->user);
    dr_fill_text(f, s->peer);
    dr_fill_text(f, s->db);
    dr_fill_text(f, text ? "Query" : "Sleep");
    dr_fill_int(f, seconds);
    dr_fill_text(f,
                 s->txn && s->explicit_txn ? "in transaction; autocommit" : "autocommit");
    dr_fill_text(f, text);
    dr_fill_text(f, "");
    dr_fill_int(f, 0);
    dr_fill_int(f, 0);
    if (s->txn)
        dr_fill_text(f, dr_sprintf(f->x->a, "%s(%llu)",
                                   dr_sql_time(f->x->a, dr_tso_ms(s->txn->start_tso), 3),
                                   (unsigned long long)s->txn->start_tso));
    else
        dr_fill_text(f, "");
    dr_fill_text(f, "default");
    dr_fill_text(f, "");
}

static const char *trx_state(const struct dr_model_session *s)
{
    return s->wait == DR_WAIT_LOCK ? "LockWaiting" : s->text ? "Running" : "Idle";
}

static void trx_row(struct dr_fill *f, const struct dr_model_session *s)
{
    dr_fill_u64(f, s->txn->start_tso);
    dr_fill_text(f, dr_sql_time(f->x->a, dr_tso_ms(s->txn->start_tso), 6));
    dr_fill_null(f);
    dr_fill_null(f);
    dr_fill_text(f, trx_state(s));
    dr_fill_null(f);
    dr_fill_int(f, (int64_t)s->txn->changed);
    dr_fill_int(f, (int64_t)s->txn->bytes);
    dr_fill_u64(f, s->id);
    dr_fill_text(f, s->user);
    dr_fill_text(f, s->db ? s->db : "");
    dr_fill_text(f, "[]");
    dr_fill_text(f, "");
}

/* own: this instance only. */
static enum dr_run sessions(struct dr_fill *f, bool own, bool trx)
{
    struct dr_model_cluster *c = f->x->c;
    char text[DR_HOST_MAX + 16];
    for (size_t i = 0; i < c->instance_count; i++) {
        const struct dr_model_instance *in = &c->instances[i];
        if (own ? in != f->x->s->in
                : !in->up && in->registered_until_ms <= f->x->m->now_ms)
            continue;
        if (!own && in != f->x->s->in && !answers(in)) {
            silent(f, in);
            continue;
        }
        for (const struct dr_model_session *s = c->sessions; s; s = s->next) {
            if (s->in != in || !visible(f, s) || (trx && !s->txn))
                continue;
            if (!own)
                dr_fill_text(f, dr_address_text(&in->status, text));
            if (trx)
                trx_row(f, s);
            else
                process_row(f, s);
        }
    }
    return DR_RUN_OK;
}

enum dr_run dr_fill_processlist(struct dr_fill *f)
{
    return sessions(f, true, false);
}

enum dr_run dr_fill_cluster_processlist(struct dr_fill *f)
{
    return sessions(f, false, false);
}

enum dr_run dr_fill_trx(struct dr_fill *f)
{
    return sessions(f, true, true);
}

enum dr_run dr_fill_cluster_trx(struct dr_fill *f)
{
    return sessions(f, false, true);
}

/* ---- the cluster ---- */

static const char *git_hash = "0000000000000000000000000000000000000000";

static void info_row(struct dr_fill *f, const char *type, const char *at,
                     const char *status, int64_t started_ms, int64_t server_id)
{
    const char *v = f->x->c->version.text;
    dr_fill_text(f, type);
    dr_fill_text(f, at);
    dr_fill_text(f, status);
    dr_fill_text(f, v + (*v == 'v'));
    dr_fill_text(f, git_hash);
    dr_fill_text(f, dr_sql_time(f->x->a, started_ms, 0));
    int64_t up_s = (dr_model_wall_ms(f->x->m) - started_ms) / 1000;
    dr_fill_text(f, dr_sprintf(f->x->a, "%lldh%lldm%llds", (long long)(up_s / 3600),
                               (long long)(up_s / 60 % 60), (long long)(up_s % 60)));
    dr_fill_int(f, server_id);
}

enum dr_run dr_fill_cluster_info(struct dr_fill *f)
{
    struct dr_model_cluster *c = f->x->c;
    const struct dr_sim_cluster *d = c->doc;
    char at[DR_HOST_MAX + 16], status[DR_HOST_MAX + 16];
    if (!dr_has(f->x->s, DR_PRIV_PROCESS, NULL, NULL))
        return dr_denied(f->x, "PROCESS");
    for (size_t i = 0; i < c->instance_count; i++) {
        const struct dr_model_instance *in = &c->instances[i];
        if (in->up || in->registered_until_ms > f->x->m->now_ms)
            info_row(f, "tidb", dr_address_text(&in->sql, at),
                     dr_address_text(&in->status, status), in->started_ms,
                     (int64_t)in->index + 1);
    }
    for (size_t i = 0; i < d->pd_count; i++)
        info_row(f, "pd", dr_sprintf(f->x->a, "%s:%u", d->pd[i].host, d->pd[i].port),
                 dr_sprintf(f->x->a, "%s:%u", d->pd[i].host, d->pd[i].port),
                 f->x->m->wall0_ms, 0);
    for (size_t i = 0; d->ticdc.declared && i < d->ticdc.capture_count; i++) {
        const char *a = dr_sprintf(f->x->a, "%s:%u", d->ticdc.captures[i].host,
                                   d->ticdc.captures[i].port);
        info_row(f, "ticdc", a, a, f->x->m->wall0_ms, 0);
    }
    return DR_RUN_OK;
}

enum dr_run dr_fill_servers(struct dr_fill *f)
{
    struct dr_model_cluster *c = f->x->c;
    for (size_t i = 0; i < c->instance_count; i++) {
        const struct dr_model_instance *in = &c->instances[i];
        if (!in->up && in->registered_until_ms <= f->x->m->now_ms)
            continue;
        dr_fill_text(f, dr_sprintf(f->x->a, "ddl-%s-%zu", c->name, i));
        dr_fill_text(f, in->sql.host);
        dr_fill_int(f, in->sql.port);
        dr_fill_int(f, in->status.port);
        dr_fill_text(f, "45s");
        dr_fill_text(f, dr_model_sql_version(f->x->s));
        dr_fill_text(f, git_hash);
        dr_fill_text(f, "");
    }
    return DR_RUN_OK;
}

/* ---- DDL jobs ---- */

static bool unfinished(const struct dr_ddl_job *j)
{
    return !j->end_ms;
}

static void job_row(struct dr_fill *f, const struct dr_ddl_job *j, bool query)
{
    dr_fill_int(f, j->id);
    dr_fill_text(f, j->schema);
    dr_fill_text(f, j->table);
    dr_fill_text(f, j->type);
    dr_fill_text(f, strncmp(j->type, "drop", 4) == 0 ? "none" : "public");
    dr_fill_int(f, j->schema_id);
    dr_fill_int(f, j->table_id);
    dr_fill_int(f, 0);
    dr_fill_text(f, dr_sql_time(f->x->a, j->start_ms, 0));
    dr_fill_text(f, dr_sql_time(f->x->a, j->start_ms, 0));
    dr_fill_text(f, j->end_ms ? dr_sql_time(f->x->a, j->end_ms, 0) : NULL);
    dr_fill_text(f, j->state);
    if (query)
        dr_fill_text(f, j->query);
}

/* Unfinished ones first, then at most `most` finished ones, newest first. */
static void jobs(struct dr_fill *f, uint64_t most, bool query)
{
    const struct dr_db *db = f->x->c->db;
    for (int round = 0; round < 2; round++) {
        uint64_t n = 0;
        for (size_t i = db->job_count; i-- > 0;) {
            const struct dr_ddl_job *j = &db->jobs[i];
            if (unfinished(j) != !round || (round && n++ >= most))
                continue;
            if (!query || dr_has(f->x->s, DR_PRIV_SUPER, NULL, NULL) ||
                dr_has(f->x->s, DR_PRIV_PROCESS, NULL, NULL) ||
                dr_has_any(f->x->s, j->schema, j->table))
                job_row(f, j, query);
        }
    }
}

enum dr_run dr_fill_ddl_jobs(struct dr_fill *f)
{
    jobs(f, UINT64_MAX, true);
    return DR_RUN_OK;
}

static void give_fill(struct dr_exec *x, const struct dr_fill *f)
{
    for (size_t i = 0; i < f->count; i++) {
        size_t len;
        const char *s = dr_datum_text(x->a, &f->v[i], &len);
        dr_result_add(x, s, len);
    }
}

static enum dr_run show_jobs(struct dr_exec *x)
{
    static const char *const names[] = {
        "JOB_ID",   "DB_NAME",   "TABLE_NAME",  "JOB_TYPE",   "SCHEMA_STATE", "SCHEMA_ID",
        "TABLE_ID", "ROW_COUNT", "CREATE_TIME", "START_TIME", "END_TIME",     "STATE"};
    struct dr_fill f = {.x = x, .columns = 12};
    uint64_t n = 10;
    (void)dr_take_u64(&x->cur, &n);
    jobs(&f, n, false);
    dr_result_columns(x, 12, names);
    give_fill(x, &f);
    return dr_show_filter(x);
}

const struct dr_model_instance *dr_ddl_owner(const struct dr_model_cluster *c)
{
    size_t owner = 0;
    while (owner + 1 < c->instance_count && !c->instances[owner].up)
        owner++;
    return &c->instances[owner];
}

static enum dr_run show_ddl(struct dr_exec *x)
{
    static const char *const names[] = {"SCHEMA_VER",   "OWNER_ID", "OWNER_ADDRESS",
                                        "RUNNING_JOBS", "SELF_ID",  "QUERY"};
    const struct dr_db *db = x->c->db;
    char at[DR_HOST_MAX + 16];
    struct dr_buf b;
    const struct dr_model_instance *owner = dr_ddl_owner(x->c);
    dr_buf_init(&b, 4096);
    for (size_t i = 0; i < db->job_count; i++)
        if (unfinished(&db->jobs[i]))
            dr_buf_addf(&b, "ID:%lld, Type:%s, State:%s\n", (long long)db->jobs[i].id,
                        db->jobs[i].type, db->jobs[i].state);
    dr_result_columns(x, 6, names);
    dr_result_num(x, db->schema_version);
    dr_result_text(x, dr_sprintf(x->a, "ddl-%s-%zu", x->c->name, owner->index));
    dr_result_text(x, dr_address_text(&owner->sql, at));
    dr_result_text(x, dr_buf_str(&b));
    dr_result_text(x, dr_sprintf(x->a, "ddl-%s-%zu", x->c->name, x->s->in->index));
    dr_result_text(x, "");
    dr_buf_release(&b);
    return DR_RUN_OK;
}

/* ---- ADMIN ---- */

static enum dr_run bdr_role(struct dr_exec *x, bool set, bool unset)
{
    static const char *const names[] = {"BDR_ROLE"};
    static const char *const roles[] = {"", "primary", "secondary"};
    struct dr_cur *c = &x->cur;
    enum dr_bdr_role role = DR_BDR_NONE;
    if (set && dr_accept(c, "PRIMARY"))
        role = DR_BDR_PRIMARY;
    else if (set && dr_accept(c, "SECONDARY"))
        role = DR_BDR_SECONDARY;
    else if (set)
        return dr_sql_syntax(x);
    if (!dr_at_end(c))
        return dr_sql_syntax(x);
    if (dr_need_super(x) || dr_check_write(x))
        return DR_RUN_ERROR;
    if (set || unset) {
        if (!x->s->txn || !x->s->explicit_txn)
            x->c->bdr_role = role;
        else
            x->s->pending_role = (int)role + 1; /* effective at COMMIT */
        return dr_sql_ok(x, 0);
    }
    dr_result_columns(x, 1, names);
    dr_result_text(x, roles[x->c->bdr_role]);
    return DR_RUN_OK;
}

/* Source: docs: sql-statements/sql-statement-admin-cancel-ddl.md; tidb: pkg/ddl/
 * job_worker.go, pkg/errno/errname.go ErrDDLJobNotFound: of one that ended, too. */
static enum dr_run cancel_jobs(struct dr_exec *x)
{
    static const char *const names[] = {"JOB_ID", "RESULT"};
    struct dr_db *db = x->c->db;
    if (dr_need_super(x) || dr_check_write(x))
        return DR_RUN_ERROR;
    dr_result_columns(x, 2, names);
    do {
        uint64_t id;
        const char *text = "successful";
        size_t i = 0;
        if (!dr_take_u64(&x->cur, &id))
            return dr_sql_syntax(x);
        while (i < db->job_count &&
               ((uint64_t)db->jobs[i].id != id || !unfinished(&db->jobs[i])))
            i++;
        if (i < db->job_count) {
            db->jobs[i].state = "cancelled";
            db->jobs[i].end_ms = dr_model_wall_ms(x->m);
        } else {
            text = dr_sprintf(x->a, "error: [ddl:8224]DDL Job:%llu not found",
                              (unsigned long long)id);
        }
        dr_result_u64(x, id);
        dr_result_text(x, text);
    } while (dr_accept(&x->cur, ","));
    return dr_at_end(&x->cur) ? DR_RUN_OK : dr_sql_syntax(x);
}

/* The sum is of the rows and the table id, as TiKV's, and another number. Source: docs:
 * sql-statements/sql-statement-admin-checksum-table.md. */
static void add_checksum(struct dr_exec *x, const struct dr_table *t,
                         const struct dr_table_def *def)
{
    uint64_t sum = 0, pairs = 0, bytes = 0;
    for (size_t i = 0; i < t->entry_count; i++) {
        const struct dr_row *r = dr_entry_row(t->entries[i], NULL, UINT64_MAX);
        uint64_t h = (uint64_t)def->id * 0x9e3779b97f4a7c15u;
        for (size_t k = 0; r && k < def->column_count; k++) {
            size_t len = 0;
            const char *s = dr_datum_text(x->a, &r->v[k], &len);
            for (size_t b = 0; b < len; b++)
                h = (h ^ (unsigned char)s[b]) * 0x100000001b3u;
            h = (h ^ (s ? 0xff : 0xfe)) * 0x100000001b3u;
            bytes += len;
        }
        sum ^= r ? h : 0;
        pairs += r != NULL;
    }
    dr_result_text(x, def->schema);
    dr_result_text(x, def->name);
    dr_result_u64(x, sum);
    dr_result_u64(x, pairs);
    dr_result_u64(x, bytes + 19 * pairs); /* a record's key has 19 bytes */
}

static enum dr_run checksum(struct dr_exec *x)
{
    static const char *const names[] = {"Db_name", "Table_name", "Checksum_crc64_xor",
                                        "Total_kvs", "Total_bytes"};
    if (dr_need_super(x) || dr_check_write(x))
        return DR_RUN_ERROR;
    dr_result_columns(x, 5, names);
    do {
        const char *schema, *name;
        const struct dr_table_def *def;
        if (dr_take_table(x, &schema, &name))
            return DR_RUN_ERROR;
        const struct dr_table *t = dr_db_table(x->c->db, schema, name, UINT64_MAX, &def);
        if (!t)
            return dr_sql_error(x, 1146, "Table '%s.%s' doesn't exist", schema, name);
        add_checksum(x, t, def);
    } while (dr_accept(&x->cur, ","));
    return dr_at_end(&x->cur) ? DR_RUN_OK : dr_sql_syntax(x);
}

enum dr_run dr_st_admin(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    bool show = dr_accept_all(c, "SHOW BDR ROLE"), set = dr_accept_all(c, "SET BDR ROLE"),
         unset = dr_accept_all(c, "UNSET BDR ROLE");
    if (show || set || unset) {
        if (dr_version_rank(&x->c->version) < 7006000) {
            c->i = 1;
            return dr_sql_syntax(x);
        }
        return bdr_role(x, set, unset);
    }
    if (dr_accept_all(c, "SHOW DDL JOBS"))
        return dr_need_super(x) ? DR_RUN_ERROR : show_jobs(x);
    if (dr_accept_all(c, "SHOW DDL") && dr_at_end(c))
        return dr_need_super(x) ? DR_RUN_ERROR : show_ddl(x);
    if (dr_accept_all(c, "CANCEL DDL JOBS"))
        return cancel_jobs(x);
    if (dr_accept_all(c, "CHECKSUM TABLE"))
        return checksum(x);
    return dr_sql_syntax(x);
}

/* ---- KILL, FLUSH ---- */

/* The session of that id; NULL: none, or its instance does not hear of the KILL. An
 * unknown id is not reported [inference]. */
static struct dr_model_session *victim(const struct dr_exec *x, uint64_t id)
{
    struct dr_model_session *s = x->c->sessions;
    while (s && (s->id != id || s->internal || s->dead))
        s = s->next;
    return s && (s->in == x->s->in || answers(s->in)) ? s : NULL;
}

enum dr_run dr_st_kill(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    uint64_t id;
    (void)dr_accept(c, "TIDB");
    bool query = dr_accept(c, "QUERY");
    if (!query)
        (void)dr_accept(c, "CONNECTION");
    if (!dr_take_u64(c, &id) || !dr_at_end(c))
        return dr_sql_syntax(x);
    if (dr_check_write(x))
        return DR_RUN_ERROR;
    struct dr_model_session *s = victim(x, id);
    /* one's own, and one that is not there: no privilege is asked for (tidb: pkg/planner/
     * core/planbuilder.go, KillStmt) */
    bool own = s && x->s->user && s->user && strcmp(s->user, x->s->user) == 0;
    if (s && !own && !dr_has_dynamic(x->s, "CONNECTION_ADMIN", true))
        return dr_denied(x, "SUPER or CONNECTION_ADMIN");
    if (s && s != x->s && query)
        s->interrupted = s->text != NULL;
    else if (s && s != x->s)
        dr_session_kill(s);
    return dr_sql_ok(x, 0);
}

enum dr_run dr_st_flush(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    if (!dr_accept(c, "PRIVILEGES") && !dr_accept(c, "TABLES") && !dr_accept(c, "STATUS"))
        return dr_sql_syntax(x);
    if (!dr_has(x->s, DR_PRIV_RELOAD, NULL, NULL))
        return dr_denied(x, "RELOAD");
    return dr_check_write(x) ? DR_RUN_ERROR : dr_sql_ok(x, 0);
}
