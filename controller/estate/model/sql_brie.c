/* BACKUP and RESTORE: long-running statements of one tidb-server. What they write and
 * read are objects of the model's storage: backup.lock, then data and backupmeta (JSON
 * here: only the model reads it). Sources: docs: sql-statements/sql-statement-backup.md,
 * -restore.md, br/br-checkpoint-backup.md, br-checkpoint-restore.md, tidb:
 * pkg/executor/brie.go, br/pkg/task/backup.go, br/pkg/task/restore.go. */
#include "controller/estate/model/sql_brie.h"

#include <string.h>
#include <strings.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_def.h"
#include "controller/estate/model/sql_dump.h"
#include "controller/estate/model/sql_engine.h"

enum phase { PHASE_WAIT, PHASE_RUN, PHASE_DONE, PHASE_FAILED };

struct dr_brie {
    struct dr_brie *next;
    struct dr_model_instance *in;
    struct dr_model_session *session; /* NULL: gone */
    uint64_t id, connection;
    bool restore, sys_tables, all;
    enum phase phase;
    char *uri, *shown, *params; /* shown: without query string */
    char *schemas;              /* "a b": only these; with `all` NULL */
    uint64_t ts, size, timer;
    int64_t queue_ms, start_ms, end_ms; /* wall */
    size_t step, steps;
    json_t *meta;
    char *failure; /* BR's words */
};

/* What an interrupted RESTORE left: it goes on with the same parameters only. */
struct dr_restore {
    char *params;
    size_t step;
};

static const char temp_schema[] = "__TiDB_BR_Temporary_Snapshot_Restore_Checkpoint";

static char *copy(const char *s)
{
    return s ? dr_xstrdup(s) : NULL;
}

static void brie_free(struct dr_brie *b)
{
    dr_model_cancel(b->in->cluster->model, b->timer);
    json_decref(b->meta);
    free(b->uri);
    free(b->shown);
    free(b->params);
    free(b->schemas);
    free(b->failure);
    free(b);
}

static void start_next(struct dr_model_instance *in);

static void end(struct dr_brie *b, enum phase phase, const char *failure)
{
    struct dr_model *m = b->in->cluster->model;
    dr_model_cancel(m, b->timer);
    b->timer = 0;
    b->phase = phase;
    b->end_ms = dr_model_wall_ms(m);
    free(b->failure);
    b->failure = copy(failure);
    if (!b->restore && b->ts)
        (void)dr_model_pd_service_safepoint(m, b->in->cluster->index,
                                            dr_model_string(m, "br", 2), 0, 0);
    start_next(b->in);
}

static bool wanted(const struct dr_brie *b, const char *schema)
{
    if (strncmp(schema, "__TiDB_BR_Temporary_", 20) == 0)
        return false;
    for (const char *p = b->schemas; p && *p;) {
        size_t n = strcspn(p, " ");
        if (strlen(schema) == n && strncasecmp(p, schema, n) == 0)
            return true;
        p += n + (p[n] == ' ');
    }
    return b->all;
}

static json_t *dump(const struct dr_brie *b)
{
    struct dr_model_cluster *c = b->in->cluster;
    json_t *tables = json_array(), *schemas = json_array();
    for (size_t i = 0; i < c->db->schema_count; i++) {
        const struct dr_schema *s = &c->db->schemas[i];
        if (s->created_tso <= b->ts && (!s->dropped_tso || s->dropped_tso > b->ts) &&
            wanted(b, s->name))
            json_array_append_new(schemas, json_string(s->name));
    }
    for (size_t i = 0; i < c->db->table_count; i++) {
        const struct dr_table_def *def = dr_table_def_at(c->db->tables[i], b->ts);
        if (def && wanted(b, def->schema) && strcasecmp(def->schema, "mysql") != 0)
            json_array_append_new(tables, dr_dump_table(c->db->tables[i], def, b->ts));
    }
    return json_pack("{s:o, s:s, s:b, s:o, s:o, s:o}", "end_version",
                     dr_json_u64_string(b->ts), "version", c->version.text,
                     "new_collation", !c->old_collation, "schemas", schemas, "tables",
                     tables, "accounts", dr_dump_accounts(c));
}

/* ---- BACKUP ---- */

static void backup_done(struct dr_model *m, void *arg, uint64_t n)
{
    struct dr_brie *b = arg;
    struct dr_buf why;
    (void)n;
    b->timer = 0;
    dr_buf_init(&why, 4096);
    json_t *meta = dump(b);
    char *text = json_dumps(meta, JSON_COMPACT);
    b->size = strlen(text);
    if (dr_model_store_put(m, &b->in->sql, b->uri, "1/1_2_data.sst", text, b->size,
                           &why) ||
        dr_model_store_put(m, &b->in->sql, b->uri, "backupmeta", text, b->size, &why))
        end(b, PHASE_FAILED, dr_buf_str(&why));
    else
        end(b, PHASE_DONE, NULL);
    free(text);
    json_decref(meta);
    dr_buf_release(&why);
}

/* Whether the prefix may be used: fresh, or left by the same backup. 0, or -1 and why. */
static int backup_prefix(struct dr_brie *b, struct dr_buf *why)
{
    struct dr_model *m = b->in->cluster->model;
    const char *bytes;
    size_t len;
    if (dr_model_store_get(m, &b->in->sql, b->uri, "backupmeta", &bytes, &len, why))
        return -1;
    if (bytes) {
        dr_buf_addf(
            why,
            "backup meta file exists in %s, there may be some backup files in the "
            "path already, please specify a correct backup directory!: "
            "[BR:Common:ErrInvalidArgument]invalid argument",
            b->shown);
        return -1;
    }
    if (dr_model_store_get(m, &b->in->sql, b->uri, "backup.lock", &bytes, &len, why))
        return -1;
    if (bytes && (len != strlen(b->params) || memcmp(bytes, b->params, len) != 0)) {
        dr_buf_addf(
            why,
            "backup lock file exists in %s, there may be some backup files in the "
            "path already, please specify a correct backup directory!: "
            "[BR:Common:ErrInvalidArgument]invalid argument",
            b->shown);
        return -1;
    }
    return dr_model_store_put(m, &b->in->sql, b->uri, "backup.lock", b->params,
                              strlen(b->params), why);
}

static void start_backup(struct dr_brie *b)
{
    struct dr_model_cluster *c = b->in->cluster;
    struct dr_model *m = c->model;
    struct dr_buf why;
    dr_buf_init(&why, 4096);
    if (!b->ts)
        b->ts = dr_model_tso(c);
    if (b->ts < c->gc_safe_point)
        dr_buf_addf(
            &why,
            "[BR:Backup:ErrBackupGCSafepointExceeded]backup GC safepoint exceeded: "
            "GC safepoint %llu exceed TS %llu",
            (unsigned long long)c->gc_safe_point, (unsigned long long)b->ts);
    if (why.len || backup_prefix(b, &why)) {
        end(b, PHASE_FAILED, dr_buf_str(&why));
    } else {
        (void)dr_model_pd_service_safepoint(m, c->index, "br", b->ts, 72 * 60000);
        b->timer =
            dr_model_at(m, m->now_ms + dr_model_scaled(m, m->doc->durations.backup_ms),
                        backup_done, b, 0);
    }
    dr_buf_release(&why);
}

/* ---- RESTORE ---- */

void dr_brie_forget(struct dr_model_cluster *c)
{
    if (c->restore)
        free(c->restore->params);
    free(c->restore);
    c->restore = NULL;
}

static void forget_checkpoint(struct dr_model_cluster *c)
{
    struct dr_schema *s = dr_db_schema(c->db, temp_schema, UINT64_MAX);
    if (s)
        dr_db_schema_drop(c->db, s, dr_model_tso(c));
    dr_brie_forget(c);
}

static bool restored(const struct dr_brie *b, const json_t *t)
{
    const char *schema = dr_json_str(t, "schema");
    return wanted(b, schema) && strcasecmp(schema, "mysql") != 0;
}

static void restore_step(struct dr_model *m, void *arg, uint64_t n)
{
    struct dr_brie *b = arg;
    struct dr_model_cluster *c = b->in->cluster;
    const json_t *tables = json_object_get(b->meta, "tables");
    (void)n;
    b->timer = 0;
    if (b->step >= b->steps) {
        if (b->sys_tables)
            dr_load_accounts(c, json_object_get(b->meta, "accounts"));
        dr_model_tso_raise(c, b->ts);
        forget_checkpoint(c);
        end(b, PHASE_DONE, NULL);
        return;
    }
    const json_t *t = json_array_get(tables, b->step / 2);
    if (restored(b, t)) {
        if (b->step % 2)
            dr_load_rows(c, t);
        else if (!dr_load_table(c, b->in->index, t)) {
            end(b, PHASE_FAILED, "[BR:Restore:ErrRestoreInvalidBackup]invalid backup");
            return;
        }
    }
    b->step++;
    if (c->restore)
        c->restore->step = b->step;
    int64_t all = dr_model_scaled(m, m->doc->durations.restore_ms);
    b->timer =
        dr_model_at(m, m->now_ms + all / (int64_t)(b->steps + 1), restore_step, b, 0);
}

static void restore_refusals(struct dr_brie *b, struct dr_buf *why)
{
    struct dr_model_cluster *c = b->in->cluster;
    const char *feed;
    size_t i;
    json_t *t;
    bool lenient = dr_version_rank(&c->version) >= 8002000;
    if (dr_model_cdc_blocks_restore(c->model, c->index, lenient ? b->ts : UINT64_MAX,
                                    &feed))
        dr_buf_addf(why,
                    "[BR:Common:ErrUnknown]found CDC changefeed(s): cluster/namespace: "
                    "default/default changefeed(s): [%s], please remove changefeed(s) "
                    "before restore",
                    feed);
    else if (json_is_true(json_object_get(b->meta, "new_collation")) == c->old_collation)
        dr_buf_addf(why,
                    "[BR:Common:ErrUnknown]the config 'new_collation_enabled' not match, "
                    "upstream:%s, downstream: %s",
                    c->old_collation ? "True" : "False",
                    c->old_collation ? "False" : "True");
    else if (c->restore && strcmp(c->restore->params, b->params) != 0)
        dr_buf_adds(why,
                    "[BR:Common:ErrInvalidArgument]failed to start the restore: the "
                    "checkpoint's hash does not match the configuration of this one");
    if (why->len || c->restore)
        return;
    json_array_foreach(json_object_get(b->meta, "tables"), i, t)
    {
        if (!restored(b, t) || !dr_db_table(c->db, dr_json_str(t, "schema"),
                                            dr_json_str(t, "name"), UINT64_MAX, NULL))
            continue;
        dr_buf_addf(why,
                    "table already exists: %s.%s: [BR:Restore:ErrTablesAlreadyExisted]"
                    "tables already existed in restored cluster",
                    dr_json_str(t, "schema"), dr_json_str(t, "name"));
        return;
    }
}

static void start_restore(struct dr_brie *b)
{
    struct dr_model_cluster *c = b->in->cluster;
    struct dr_model *m = c->model;
    struct dr_buf why;
    const char *bytes = NULL;
    size_t len = 0;
    dr_buf_init(&why, 4096);
    if (!dr_model_store_get(m, &b->in->sql, b->uri, "backupmeta", &bytes, &len, &why) &&
        !bytes)
        dr_buf_addf(&why,
                    "[BR:ExternalStorage:ErrStorageUnknown]load backupmeta failed: "
                    "%s/backupmeta does not exist",
                    b->shown);
    if (bytes && dr_json_parse(&b->meta, bytes, len, NULL))
        dr_buf_adds(&why, "[BR:Restore:ErrRestoreInvalidBackup]parse backupmeta failed");
    if (b->meta && dr_json_u64(b->meta, "end_version", &b->ts))
        restore_refusals(b, &why);
    if (why.len || !b->meta) {
        end(b, PHASE_FAILED, dr_buf_str(&why));
        dr_buf_release(&why);
        return;
    }
    dr_buf_release(&why);
    b->size = len;
    b->steps = 2 * json_array_size(json_object_get(b->meta, "tables"));
    if (!c->restore) {
        c->restore = dr_xcalloc(1, sizeof(*c->restore));
        c->restore->params = copy(b->params);
        dr_db_schema_add(c->db, temp_schema, dr_model_tso(c));
        size_t i;
        json_t *s;
        json_array_foreach(json_object_get(b->meta, "schemas"), i,
                           s) if (wanted(b, json_string_value(s)) &&
                                  !dr_db_schema(c->db, json_string_value(s), UINT64_MAX))
            dr_db_schema_add(c->db, json_string_value(s), dr_model_tso(c));
    }
    b->step = c->restore->step;
    b->timer = dr_model_at(m, m->now_ms + dr_model_scaled(m, 1), restore_step, b, 0);
}

/* One task at a time per tidb-server; the others wait. */
static void start_next(struct dr_model_instance *in)
{
    struct dr_brie *oldest = NULL;
    for (struct dr_brie *b = in->brie; b; b = b->next) {
        if (b->phase == PHASE_RUN)
            return;
        if (b->phase == PHASE_WAIT)
            oldest = b;
    }
    if (!oldest)
        return;
    oldest->phase = PHASE_RUN;
    oldest->start_ms = dr_model_wall_ms(in->cluster->model);
    if (oldest->restore)
        start_restore(oldest);
    else
        start_backup(oldest);
}

/* ---- the statement ---- */

static enum dr_run take_scope(struct dr_exec *x, struct dr_brie *b)
{
    struct dr_cur *c = &x->cur;
    struct dr_buf names;
    const char *name;
    if (!dr_accept(c, "DATABASE") && !dr_accept(c, "SCHEMA"))
        return dr_sql_syntax(x);
    b->all = dr_accept(c, "*");
    if (b->all)
        return DR_RUN_OK;
    dr_buf_init(&names, 1 << 16);
    do {
        if (!dr_take_name(c, &name)) {
            dr_buf_release(&names);
            return dr_sql_syntax(x);
        }
        dr_buf_addf(&names, "%s%s", names.len ? " " : "", name);
    } while (dr_accept(c, ","));
    b->schemas = copy(dr_buf_str(&names));
    dr_buf_release(&names);
    return DR_RUN_OK;
}

static enum dr_run take_snapshot(struct dr_exec *x, struct dr_brie *b)
{
    static const struct {
        const char *word;
        int64_t ms;
    } units[] = {
        {"SECOND", 1000}, {"MINUTE", 60000}, {"HOUR", 3600000}, {"DAY", 86400000}};
    struct dr_cur *c = &x->cur;
    const char *text;
    int64_t ms;
    if (dr_take_string(c, &text, NULL)) {
        if (!dr_time_parse(text, &ms))
            return dr_sql_error(x, 1292, "Incorrect datetime value: '%s'", text);
        b->ts = dr_tso_make(ms, 0);
        return DR_RUN_OK;
    }
    uint64_t n;
    if (!dr_take_u64(c, &n))
        return dr_sql_syntax(x);
    b->ts = n;
    for (size_t i = 0; i < 4; i++) {
        if (!dr_accept(c, units[i].word))
            continue;
        b->ts = dr_tso_make(dr_cluster_wall_ms(x->c) - (int64_t)n * units[i].ms, 0);
        return dr_accept(c, "AGO") ? DR_RUN_OK : dr_sql_syntax(x);
    }
    return DR_RUN_OK;
}

enum { FOR_BACKUP = 1, FOR_RESTORE = 2, FOR_BOTH = 3 };
static const struct {
    const char *word;
    unsigned scope;
} options[] = {
    {"SNAPSHOT", FOR_BACKUP},
    {"WITH_SYS_TABLE", FOR_RESTORE},
    {"RATE_LIMIT", FOR_BOTH},
    {"CONCURRENCY", FOR_BOTH},
    {"CHECKSUM", FOR_BOTH},
    {"CHECKSUM_CONCURRENCY", FOR_BOTH},
    {"SEND_CREDENTIALS_TO_TIKV", FOR_BOTH},
    {"IGNORE_STATS", FOR_BACKUP},
    {"COMPRESSION_TYPE", FOR_BACKUP},
    {"COMPRESSION_LEVEL", FOR_BACKUP},
    {"LOAD_STATS", FOR_RESTORE},
    {"WAIT_TIFLASH_READY", FOR_RESTORE},
    {"ONLINE", FOR_RESTORE},
    {NULL, 0},
};

static enum dr_run take_option(struct dr_exec *x, struct dr_brie *b)
{
    struct dr_cur *c = &x->cur;
    size_t k = 0;
    while (options[k].word && !dr_is(c, options[k].word))
        k++;
    if (!(options[k].scope & (b->restore ? FOR_RESTORE : FOR_BACKUP)))
        return dr_sql_syntax(x);
    c->i++;
    (void)dr_accept(c, "=");
    if (strcmp(options[k].word, "SNAPSHOT") == 0)
        return take_snapshot(x, b);
    if (strcmp(options[k].word, "WITH_SYS_TABLE") == 0)
        b->sys_tables = dr_is(c, "TRUE") || strcmp(dr_peek(c, 0)->text, "1") == 0;
    enum dr_tok_kind kind = dr_peek(c, 0)->kind;
    if (kind != DR_TOK_WORD && kind != DR_TOK_NUMBER && kind != DR_TOK_STRING)
        return dr_sql_syntax(x);
    c->i++;
    if (strcmp(options[k].word, "RATE_LIMIT") == 0 && !dr_accept_all(c, "MB / SECOND"))
        return dr_sql_syntax(x);
    return DR_RUN_OK;
}

static enum dr_run take_options(struct dr_exec *x, struct dr_brie *b)
{
    while (!dr_at_end(&x->cur))
        if (take_option(x, b))
            return DR_RUN_ERROR;
    return DR_RUN_OK;
}

/* One task of this statement, or an error. */
static enum dr_run take_task(struct dr_exec *x, struct dr_brie *b)
{
    const char *uri;
    size_t from = x->cur.i;
    if (take_scope(x, b))
        return DR_RUN_ERROR;
    if (!dr_accept(&x->cur, b->restore ? "FROM" : "TO") ||
        !dr_take_string(&x->cur, &uri, NULL))
        return dr_sql_syntax(x);
    b->uri = copy(uri);
    b->shown = copy(uri);
    b->shown[strcspn(b->shown, "?")] = '\0';
    if (take_options(x, b))
        return DR_RUN_ERROR;
    /* the same parameters hash the same: here the statement itself, keys left out */
    struct dr_buf p;
    dr_buf_init(&p, 1 << 16);
    for (size_t i = from; i < x->cur.count; i++) {
        const struct dr_token *t = &x->cur.t[i];
        dr_buf_addf(&p, "%s ",
                    t->kind == DR_TOK_STRING && t->text == uri ? b->shown : t->text);
    }
    b->params = copy(dr_buf_str(&p));
    dr_buf_release(&p);
    return DR_RUN_OK;
}

static enum dr_run brie(struct dr_exec *x, bool restore)
{
    struct dr_brie *b = dr_xcalloc(1, sizeof(*b));
    b->in = x->s->in;
    b->restore = restore;
    b->sys_tables = dr_version_rank(&x->c->version) >= 7006000; /* default TRUE since */
    if (take_task(x, b)) {
        brie_free(b);
        return DR_RUN_ERROR;
    }
    bool may = dr_has_dynamic(x->s, restore ? "RESTORE_ADMIN" : "BACKUP_ADMIN", true);
    if (!may || dr_check_write(x) || dr_session_commit(x)) {
        brie_free(b);
        return may ? DR_RUN_ERROR
                   : dr_denied(x, restore ? "SUPER or RESTORE_ADMIN"
                                          : "SUPER or BACKUP_ADMIN");
    }
    b->id = b->in->brie ? b->in->brie->id + 1 : 1;
    b->connection = x->s->id;
    b->session = x->s;
    b->queue_ms = dr_model_wall_ms(x->m);
    b->next = b->in->brie;
    b->in->brie = b;
    x->s->job = b;
    x->s->wait = DR_WAIT_JOB;
    start_next(b->in);
    return dr_brie_poll(x);
}

enum dr_run dr_st_backup(struct dr_exec *x)
{
    return brie(x, false);
}

enum dr_run dr_st_restore(struct dr_exec *x)
{
    return brie(x, true);
}

enum dr_run dr_brie_poll(struct dr_exec *x)
{
    static const char *const backup[] = {"Destination", "Size", "BackupTS", "Queue Time",
                                         "Execution Time"};
    static const char *const restore[] = {"Destination", "Size",       "BackupTS",
                                          "Cluster TS",  "Queue Time", "Execution Time"};
    struct dr_brie *b = x->s->job;
    if (b->phase == PHASE_WAIT || b->phase == PHASE_RUN)
        return DR_RUN_WAIT;
    b->session = NULL;
    if (b->phase == PHASE_FAILED)
        return dr_sql_error(x, b->restore ? 8125 : 8124, "%s failed: %s",
                            b->restore ? "Restore" : "Backup", b->failure);
    bool cluster_ts = b->restore && dr_version_rank(&x->c->version) >= 7001000;
    dr_result_columns(x, cluster_ts ? 6 : 5, cluster_ts ? restore : backup);
    dr_result_text(x, b->shown);
    dr_result_u64(x, b->size);
    dr_result_u64(x, b->ts);
    if (cluster_ts)
        dr_result_u64(x, dr_model_tso(x->c));
    dr_result_text(x, dr_sql_time(x->a, b->queue_ms, 0));
    dr_result_text(x, dr_sql_time(x->a, b->start_ms, 0));
    return DR_RUN_OK;
}

void dr_brie_interrupt(struct dr_exec *x)
{
    struct dr_brie *b = x->s->job;
    b->session = NULL;
    if (b->phase == PHASE_WAIT || b->phase == PHASE_RUN)
        end(b, PHASE_FAILED, "context canceled");
}

static void cancel_abandoned(struct dr_model *m, void *arg, uint64_t n)
{
    struct dr_brie *b = arg;
    (void)m;
    (void)n;
    if (b->phase == PHASE_WAIT || b->phase == PHASE_RUN)
        end(b, PHASE_FAILED, "context canceled");
}

void dr_brie_abandon(struct dr_model_session *s)
{
    struct dr_brie *b = s->job;
    s->job = NULL;
    if (!b || b->phase == PHASE_DONE || b->phase == PHASE_FAILED)
        return;
    b->session = NULL;
    /* tidb: pkg/util/sqlkiller: connection liveness is checked while a statement runs
     * [inference: since 8.1]; older versions go on unattended */
    if (dr_version_rank(&s->c->version) >= 8001000)
        cancel_abandoned(s->m, b, 0);
}

void dr_brie_stop(struct dr_model_instance *in)
{
    while (in->brie) {
        struct dr_brie *b = in->brie;
        in->brie = b->next;
        if (b->session)
            b->session->job = NULL;
        brie_free(b);
    }
}

size_t dr_brie_running(const struct dr_model_cluster *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->instance_count; i++)
        for (const struct dr_brie *b = c->instances[i].brie; b; b = b->next)
            n += b->phase == PHASE_WAIT || b->phase == PHASE_RUN;
    return n;
}

bool dr_model_restoring(const struct dr_model_cluster *c)
{
    for (size_t i = 0; i < c->instance_count; i++)
        for (const struct dr_brie *b = c->instances[i].brie; b; b = b->next)
            if (b->restore && b->phase == PHASE_RUN)
                return true;
    return false;
}

/* ---- SHOW BACKUPS, SHOW RESTORES ---- */

static const char *state_of(const struct dr_brie *b)
{
    static const char *const names[] = {[PHASE_WAIT] = "Wait",
                                        [PHASE_RUN] = "",
                                        [PHASE_DONE] = "Success",
                                        [PHASE_FAILED] = "Failed"};
    if (b->phase == PHASE_RUN)
        return b->restore ? "Restore" : "Backup";
    return names[b->phase];
}

static double progress(const struct dr_brie *b)
{
    const struct dr_model *m = b->in->cluster->model;
    if (b->phase == PHASE_DONE)
        return 100;
    if (b->phase != PHASE_RUN)
        return 0;
    if (b->restore)
        return 100.0 * (double)b->step / (double)(b->steps + 1);
    double all = (double)dr_model_scaled(m, m->doc->durations.backup_ms);
    double p = all > 0 ? 100.0 * (double)(dr_model_wall_ms(m) - b->start_ms) / all : 99;
    return p > 99 ? 99 : p;
}

enum dr_run dr_st_show_brie(struct dr_exec *x)
{
    static const char *const names[] = {"Id",          "Destination", "State",
                                        "Progress",    "Queue_time",  "Execution_time",
                                        "Finish_time", "Connection",  "Message"};
    bool restore = dr_accept(&x->cur, "RESTORES");
    if (!restore)
        x->cur.i++;
    if (!dr_has_dynamic(x->s, restore ? "RESTORE_ADMIN" : "BACKUP_ADMIN", true))
        return dr_denied(x, restore ? "SUPER or RESTORE_ADMIN" : "SUPER or BACKUP_ADMIN");
    dr_result_columns(x, 9, names);
    for (const struct dr_brie *b = x->s->in->brie; b; b = b->next) {
        bool old = b->end_ms && dr_model_wall_ms(x->m) - b->end_ms > 30 * 60000;
        if (b->restore != restore || old)
            continue;
        dr_result_u64(x, b->id);
        dr_result_text(x, b->shown);
        dr_result_text(x, state_of(b));
        dr_result_text(x, dr_real_text(x->a, progress(b)));
        dr_result_text(x, dr_sql_time(x->a, b->queue_ms, 0));
        dr_result_text(x, b->start_ms ? dr_sql_time(x->a, b->start_ms, 0) : NULL);
        dr_result_text(x, b->end_ms ? dr_sql_time(x->a, b->end_ms, 0) : NULL);
        dr_result_u64(x, b->connection);
        dr_result_text(x, b->failure ? b->failure : "");
    }
    return dr_show_filter(x);
}

json_t *dr_brie_state(const struct dr_model_cluster *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->instance_count; i++)
        for (const struct dr_brie *b = c->instances[i].brie; b; b = b->next)
            if (b->phase == PHASE_WAIT || b->phase == PHASE_RUN)
                json_array_append_new(list, json_pack("{s:b, s:s, s:s, s:s}", "restore",
                                                      b->restore, "uri", b->shown,
                                                      "state", state_of(b), "instance",
                                                      c->doc->sql[i].address.text));
    if (c->restore)
        json_array_append_new(list, json_pack("{s:s}", "checkpoint", c->restore->params));
    return list;
}
