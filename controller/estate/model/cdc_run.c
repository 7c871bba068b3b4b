/* A feed at work: it reads the upstream's change log, and writes what passes its filter
 * to the downstream in commit order, through a session of its sink account like any other
 * client. What it sends is a batch of statements that may stop in the middle (a slow
 * instance, a row lock) and goes on at a later tick. After any error everything above the
 * checkpoint is sent again: rows arrive at least once. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/quote.h"
#include "controller/estate/model/cdc.h"
#include "controller/estate/model/cdc_ddl.h"
#include "controller/estate/model/cdc_new.h"
#include "controller/estate/model/network.h"
#include "controller/estate/model/sql_vars.h"

enum {
    LAG_MS = 1000, /* resolved timestamps of TiKV trail the clock by 1 to 1.5 s */
    LAG_EXTRA_MS = 500,
    TIMEOUT_MS = 120000, /* read-timeout of the sink's connection */
    SQL_MAX = 64 << 20,
};

enum batch_kind { BATCH_NONE, BATCH_SETUP, BATCH_ROWS, BATCH_DDL, BATCH_SYNCPOINT };
enum progress { WAITING, FAILED, STEP_DONE, NOTHING_LEFT };

struct batch {
    enum batch_kind kind;
    const char **sql;
    size_t count, room, next;
    uint64_t upto; /* the downstream is at this commit ts once it is done */
    bool waiting;  /* for the answer of `next` */
    int64_t since_ms;
};

struct cdc_run {
    struct dr_arena *arena; /* its life */
    struct dr_arena *work;  /* one batch */
    size_t capture;
    const char *source_id; /* of the upstream, as it was at the start */
    bool blackhole;
    struct cdc_sink sink;
    struct cdc_filter *filter;
    struct dr_model_session *session;
    uint64_t applied;        /* the downstream has everything up to it */
    uint64_t next_syncpoint; /* 0: off */
    struct batch batch;
    bool reconnected; /* in this tick */
};

size_t cdc_run_capture(const struct cdc_feed *f)
{
    return f->run->capture;
}

void cdc_run_stop(struct cdc_feed *f)
{
    struct cdc_run *r = f->run;

    f->ran = false;
    cdc_redo_stop(f);
    if (!r)
        return;
    if (r->session)
        dr_model_sql_close(r->session);
    f->run = NULL;
    dr_arena_free(r->work);
    dr_arena_free(r->arena);
}

/* ---- start ---- */
static void fail_sql(struct cdc_feed *f, const char *code, const char *title,
                     const char *cause)
{
    char text[CDC_MESSAGE_MAX];
    snprintf(text, sizeof(text), "[%s]%s: %.900s", code, title, cause);
    cdc_fail(f, code, text, false);
}

/* Source: tiflow: cdc/owner/changefeed.go initialize. False: failed for good. */
static bool still_safe(struct cdc_feed *f)
{
    struct cdc *c = f->cdc;
    uint64_t least;
    char text[CDC_MESSAGE_MAX];

    if (!dr_cdc_config_bool(f->config, "check_gc_safe_point"))
        return true; /* and -creating- and -resuming- stay */
    if (!cdc_ensure_safe(c, f, f->ns, f->id, "initializing", f->checkpoint,
                         CDC_INITIALIZING_TTL_MS, &least)) {
        snprintf(text, sizeof(text),
                 "[CDC:ErrStartTsBeforeGC]fail to create or maintain changefeed because "
                 "start-ts %" PRIu64
                 " is earlier than or equal to GC safepoint at %" PRIu64,
                 f->checkpoint, least);
        f->failed_by_gc = true;
        cdc_fail(f, "CDC:ErrStartTsBeforeGC", text, true);
        return false;
    }
    cdc_undo_safe(c, f->ns, f->id, "creating");
    cdc_undo_safe(c, f->ns, f->id, "resuming");
    return true;
}

static bool connect_sink(struct cdc_feed *f)
{
    struct dr_buf why;
    int rc;

    dr_buf_init(&why, SQL_MAX);
    rc = cdc_sink_connect(f->cdc, f->run->arena, &f->run->sink, &f->run->session, &why);
    if (rc)
        fail_sql(f, "CDC:ErrMySQLConnectionError", "MySQL connection error",
                 dr_buf_str(&why));
    dr_buf_release(&why);
    return !rc;
}

static void add(struct cdc_run *r, const char *sql)
{
    *DR_PUSH(r->work, r->batch.sql, r->batch.count, r->batch.room) =
        dr_strdup(r->work, sql);
}

static void begin(struct cdc_run *r, enum batch_kind kind, uint64_t upto)
{
    dr_arena_reset(r->work);
    r->batch = (struct batch){.kind = kind, .upto = upto};
}

/* Every TiDB sink marks its rows, bdr mode or not, with the upstream's source id. */
static void begin_setup(struct cdc_feed *f)
{
    struct cdc_run *r = f->run;

    begin(r, BATCH_SETUP, r->applied);
    add(r, dr_sprintf(r->work, "SET SESSION tidb_cdc_write_source = %s", r->source_id));
    add(r, "SET SESSION foreign_key_checks = 0");
    add(r, "SET SESSION tidb_enable_external_ts_read = OFF");
    if (r->next_syncpoint) {
        add(r, "CREATE DATABASE IF NOT EXISTS tidb_cdc");
        add(r, "CREATE TABLE IF NOT EXISTS tidb_cdc.syncpoint_v1 (ticdc_cluster_id "
               "varchar(255), changefeed varchar(255), primary_ts varchar(18), "
               "secondary_ts varchar(18), created_at timestamp NOT NULL DEFAULT "
               "CURRENT_TIMESTAMP, INDEX (created_at), PRIMARY KEY (changefeed, "
               "primary_ts))");
    }
}

static uint64_t first_syncpoint(const struct cdc_feed *f)
{
    int64_t every_ms = dr_cdc_config_int(f->config, "sync_point_interval") / 1000000;
    int64_t at_ms = dr_tso_ms(f->checkpoint);

    if (!dr_cdc_config_bool(f->config, "enable_sync_point") || every_ms <= 0)
        return 0;
    if (cdc_version_at_least(f->cdc, 8, 2, 0)) /* multiples of the interval */
        return dr_tso_make((at_ms / every_ms + 1) * every_ms, 0);
    return dr_tso_make(at_ms + every_ms, 0);
}

static bool pick_capture(const struct cdc *c, size_t *out)
{
    size_t n = 0, pick;

    for (size_t i = 0; i < c->capture_count; i++)
        n += c->captures[i].process.up && !c->captures[i].process.hung;
    if (!n)
        return false;
    pick = dr_model_random(c->model, n);
    for (size_t i = 0; i < c->capture_count; i++)
        if (c->captures[i].process.up && !c->captures[i].process.hung && pick-- == 0)
            *out = i;
    return true;
}

static bool start_redo(struct cdc_feed *f)
{
    struct dr_buf why;
    bool ok;

    dr_buf_init(&why, SQL_MAX);
    ok = cdc_redo_start(f, &why);
    if (!ok)
        fail_sql(f, "CDC:ErrExternalStorageAPI", "external storage api",
                 dr_buf_str(&why));
    dr_buf_release(&why);
    return ok;
}

static bool start(struct cdc_feed *f)
{
    struct cdc *c = f->cdc;
    struct dr_arena *arena;
    struct cdc_run *r;
    const char *bad = NULL;
    size_t capture = 0;

    if (!pick_capture(c, &capture))
        return false;
    f->ran = true;
    if (!still_safe(f))
        return false;
    arena = dr_arena_new(0);
    r = DR_NEW(arena, struct cdc_run);
    r->arena = arena;
    r->work = dr_arena_new(0);
    r->capture = capture;
    r->source_id = /* tiflow: pkg/pdutil/utils.go GetSourceID */
        dr_strdup(arena, c->cluster->globals[dr_var_find("tidb_source_id")]);
    r->applied = f->delivered = f->checkpoint;
    f->run = r;
    r->filter = cdc_filter_new(arena, f->config, &bad);
    if (!cdc_sink_parse(arena, f->sink_uri, &r->sink) || !r->filter) {
        cdc_fail(f, "CDC:ErrSinkURIInvalid", "[CDC:ErrSinkURIInvalid]sink uri invalid",
                 true);
        return false;
    }
    r->blackhole = !strcmp(r->sink.uri.scheme, "blackhole");
    r->next_syncpoint = r->blackhole ? 0 : first_syncpoint(f);
    if (!r->blackhole && !connect_sink(f))
        return false;
    if (cdc_redo_wanted(f) && !start_redo(f))
        return false;
    if (!r->blackhole)
        begin_setup(f);
    return true;
}

bool cdc_run_takes(const struct cdc_feed *f, const struct dr_change *ch)
{
    return cdc_filter_takes(f->run->filter, f, ch);
}

static void delivered(struct cdc_feed *f, uint64_t upto)
{
    f->run->applied = f->delivered = upto;
}

static void reaching(struct cdc_feed *f, uint64_t commit)
{
    if (f->reached < commit)
        f->reached = commit;
}

bool cdc_run_midway(const struct cdc_feed *f)
{
    return f->run &&
           (f->run->batch.kind == BATCH_ROWS || f->run->batch.kind == BATCH_DDL);
}

/* ---- batches ---- */
static void begin_ddl(struct cdc_feed *f, const struct dr_change *ch)
{
    struct cdc_run *r = f->run;
    struct dr_buf b;

    begin(r, BATCH_DDL, ch->commit_tso);
    reaching(f, ch->commit_tso);
    dr_buf_init(&b, SQL_MAX);
    if ((ch->table || ch->old_table) && ch->schema && *ch->schema) {
        dr_buf_adds(&b, "USE ");
        dr_sql_add_name(&b, ch->schema);
        add(r, dr_buf_str(&b));
        dr_buf_clear(&b);
    }
    cdc_ddl_rewrite(&b, ch->ddl);
    if (cdc_is_new(f->cdc)) {
        add(r, "CREATE DATABASE IF NOT EXISTS tidb_cdc");
        add(r, cdc_new_ddl_table());
    }
    add(r, dr_buf_str(&b));
    if (cdc_is_new(f->cdc))
        add(r,
            cdc_new_ddl_row(r->work, f, ch->table ? ch->table->id : 0, ch->commit_tso));
    dr_buf_release(&b);
}

/* All rows of one commit, in a transaction when there are several. */
static void begin_rows(struct cdc_feed *f, size_t from)
{
    const struct dr_change_log *log = &f->cdc->cluster->log;
    struct cdc_run *r = f->run;
    uint64_t commit = log->items[from].commit_tso;
    struct dr_buf b;
    size_t n = 0;

    begin(r, BATCH_ROWS, commit);
    reaching(f, commit);
    dr_buf_init(&b, SQL_MAX);
    for (size_t i = from; i < log->count && log->items[i].commit_tso == commit; i++)
        n += cdc_run_takes(f, &log->items[i]);
    if (n > 1)
        add(r, "BEGIN");
    for (size_t i = from; i < log->count && log->items[i].commit_tso == commit; i++) {
        if (!cdc_run_takes(f, &log->items[i]))
            continue;
        dr_buf_clear(&b);
        dr_model_change_sql(&log->items[i], &b);
        add(r, dr_buf_str(&b));
    }
    if (n > 1)
        add(r, "COMMIT");
    dr_buf_release(&b);
}

/* The rest of the statements follows when the first has answered with secondary_ts. */
static void begin_syncpoint(struct cdc_feed *f)
{
    struct cdc_run *r = f->run;

    begin(r, BATCH_SYNCPOINT, r->next_syncpoint);
    add(r, "BEGIN");
    add(r, "SELECT @@tidb_current_ts");
}

/* Rows older than the retention, at every other half of it: tiflow: cdc/syncpointstore/
 * mysql_syncpoint_store.go (with NOW() - INTERVAL there). */
static void purge_syncpoints(struct cdc_feed *f, const char *cluster)
{
    struct cdc_run *r = f->run;
    const struct dr_model *m = f->cdc->model;
    int64_t keep_ms = dr_cdc_config_int(f->config, "sync_point_retention") / 1000000;
    char before[DR_TIME_TEXT];

    if (m->now_ms - f->purged_ms <= keep_ms / 2)
        return;
    f->purged_ms = m->now_ms;
    add(r, dr_sprintf(r->work,
                      "DELETE FROM tidb_cdc.syncpoint_v1 WHERE ticdc_cluster_id = '%s' "
                      "AND changefeed = '%s' AND created_at < '%.19s'",
                      cluster, cdc_table_name(r->work, f),
                      dr_time_text(dr_model_wall_ms(m) - keep_ms, before)));
}

static void continue_syncpoint(struct cdc_feed *f, const char *secondary)
{
    struct cdc_run *r = f->run;
    const char *cluster = f->cdc->doc->cluster_id ? f->cdc->doc->cluster_id : "default";

    add(r,
        dr_sprintf(r->work,
                   "INSERT IGNORE INTO tidb_cdc.syncpoint_v1 (ticdc_cluster_id, "
                   "changefeed, primary_ts, secondary_ts) VALUES ('%s', '%s', '%" PRIu64
                   "', '%s')",
                   cluster, cdc_table_name(r->work, f), r->next_syncpoint, secondary));
    add(r, dr_sprintf(r->work, "SET GLOBAL tidb_external_ts = %s", secondary));
    add(r, "COMMIT");
    purge_syncpoints(f, cluster);
}

static void advance_syncpoint(struct cdc_feed *f)
{
    int64_t every_ms = dr_cdc_config_int(f->config, "sync_point_interval") / 1000000;
    f->run->next_syncpoint += dr_tso_make(every_ms, 0);
}

/* Prepares what comes next, up to `upper`. */
static enum progress prepare(struct cdc_feed *f, uint64_t upper)
{
    const struct dr_change_log *log = &f->cdc->cluster->log;
    struct cdc_run *r = f->run;
    bool syncpoint = r->next_syncpoint && r->next_syncpoint <= upper;
    uint64_t bound = syncpoint ? r->next_syncpoint : upper;
    size_t i = dr_model_change_after(log, r->applied);

    for (; i < log->count && log->items[i].commit_tso <= bound; i++) {
        if (!cdc_run_takes(f, &log->items[i]))
            continue;
        if (r->blackhole)
            f->last_synced = log->items[i].commit_tso;
        else if (log->items[i].kind == DR_CHANGE_DDL)
            begin_ddl(f, &log->items[i]);
        else
            begin_rows(f, i);
        if (!r->blackhole)
            return STEP_DONE;
    }
    if (bound > r->applied)
        delivered(f, bound);
    if (!syncpoint)
        return NOTHING_LEFT;
    begin_syncpoint(f);
    return STEP_DONE;
}

/* ---- sending ---- */
static bool ignorable(const struct batch *b, int error)
{
    /* Source: tiflow: pkg/errorutil/util.go IsIgnorableMySQLDDLError */
    static const int ddl[] = {1007, 1008, 1049, 1050, 1051, 1054, 1060,
                              1061, 1068, 1091, 1146, 1507, 1517};
    const char *sql = b->sql[b->next];

    if (error == 1193) /* the downstream is older or no TiDB */
        return b->kind == BATCH_SETUP || !strncmp(sql, "SET GLOBAL", 10);
    for (size_t i = 0; b->kind == BATCH_DDL && i < sizeof(ddl) / sizeof(ddl[0]); i++)
        if (ddl[i] == error)
            return true;
    return false;
}

static enum progress refused(struct cdc_feed *f, const struct dr_sql_answer *ans)
{
    static const char *const codes[][2] = {
        [BATCH_NONE] = {"", ""},
        [BATCH_SETUP] = {"CDC:ErrMySQLConnectionError", "MySQL connection error"},
        [BATCH_ROWS] = {"CDC:ErrMySQLTxnError", "MySQL txn error"},
        [BATCH_DDL] = {"CDC:ErrExecDDLFailed", "exec DDL failed"},
        [BATCH_SYNCPOINT] = {"CDC:ErrMySQLTxnError", "MySQL txn error"},
    };
    char cause[CDC_MESSAGE_MAX];
    enum batch_kind kind = f->run->batch.kind;

    snprintf(cause, sizeof(cause), "Error %d (%s): %s", ans->error, ans->sqlstate,
             ans->message ? ans->message : "");
    fail_sql(f, codes[kind][0], codes[kind][1], cause);
    return FAILED;
}

/* The connection is gone: the driver's pool opens another one, once a tick. */
static enum progress lost(struct cdc_feed *f)
{
    struct cdc_run *r = f->run;
    struct dr_buf why;
    int rc;

    dr_model_sql_close(r->session);
    r->session = NULL;
    if (r->reconnected) {
        fail_sql(f, "CDC:ErrMySQLTxnError", "MySQL txn error", "invalid connection");
        return FAILED;
    }
    r->reconnected = true;
    dr_buf_init(&why, SQL_MAX);
    rc = cdc_sink_connect(f->cdc, r->arena, &r->sink, &r->session, &why);
    if (rc)
        fail_sql(f, "CDC:ErrMySQLTxnError", "MySQL txn error", dr_buf_str(&why));
    dr_buf_release(&why);
    if (rc)
        return FAILED;
    begin_setup(f); /* what was under way is read again from the log */
    return STEP_DONE;
}

static void finish(struct cdc_feed *f)
{
    struct cdc_run *r = f->run;

    switch (r->batch.kind) {
    case BATCH_NONE:
    case BATCH_SETUP:
        break;
    case BATCH_ROWS:
    case BATCH_DDL:
        f->last_synced = r->batch.upto;
        delivered(f, r->batch.upto);
        break;
    case BATCH_SYNCPOINT:
        advance_syncpoint(f);
        break;
    }
    r->batch.kind = BATCH_NONE;
}

/* A dead downstream is noticed without rows, too: as ticks pass, the sink's connection
 * is gone, or its answer is overdue. */
static bool is_broken(const struct cdc_feed *f)
{
    const struct cdc_run *r = f->run;
    const struct dr_model *m = f->cdc->model;

    return !r->blackhole && (!dr_model_reach(m, cdc_at(f->cdc), &r->sink.at) ||
                             !dr_model_sql_alive(r->session) ||
                             (r->batch.waiting && m->now_ms - r->batch.since_ms >
                                                      dr_model_scaled(m, TIMEOUT_MS)));
}

/* Sends the batch's next statement, or takes the answer it waits for. */
static enum progress send(struct cdc_feed *f)
{
    struct cdc_run *r = f->run;
    struct batch *b = &r->batch;
    struct dr_sql_answer ans = {0};
    struct dr_arena *a = dr_arena_new(0);
    enum dr_model_done done;
    enum progress result = STEP_DONE;

    if (!b->waiting) {
        b->since_ms = f->cdc->model->now_ms;
        done = dr_model_sql_query(r->session, b->sql[b->next], strlen(b->sql[b->next]),
                                  &ans, a);
    } else
        done = dr_model_sql_poll(r->session, &ans, a);
    b->waiting = done == DR_MODEL_RUNNING;
    if (b->waiting)
        result = WAITING;
    else if (!dr_model_sql_alive(r->session))
        result = lost(f);
    else if (ans.error && !ignorable(b, ans.error))
        result = refused(f, &ans);
    else {
        if (b->kind == BATCH_SYNCPOINT && b->next == 1 && ans.row_count)
            continue_syncpoint(f, ans.cells[0].text ? ans.cells[0].text : "0");
        if (++b->next == b->count)
            finish(f);
    }
    dr_arena_free(a);
    return result;
}

static bool write_redo(struct cdc_feed *f, uint64_t upper)
{
    struct dr_buf why;
    bool ok;

    if (!f->redo)
        return true;
    dr_buf_init(&why, SQL_MAX);
    ok = cdc_redo_write(f, upper, &why);
    if (!ok)
        fail_sql(f, "CDC:ErrExternalStorageAPI", "external storage api",
                 dr_buf_str(&why));
    dr_buf_release(&why);
    return ok;
}

/* TiKV takes its timestamps from PD, whatever the clocks say: what PD had handed out a
 * while ago is resolved. */
static uint64_t resolved_behind(struct cdc_feed *f, uint64_t known, int64_t lag_ms)
{
    int64_t now_ms = f->cdc->model->now_ms;
    uint64_t at = f->asked_tso;
    if (at && now_ms - f->asked_ms < lag_ms)
        return f->resolved;
    f->asked_tso = known;
    f->asked_ms = now_ms;
    return at;
}

/* What TiKV has resolved by now. */
static uint64_t resolved_now(struct cdc_feed *f)
{
    struct cdc *c = f->cdc;
    int64_t lag_ms = LAG_MS + (int64_t)dr_model_random(c->model, LAG_EXTRA_MS);
    uint64_t at = dr_tso_make(dr_tso_ms(cdc_now_tso(c)) - lag_ms, 0);
    uint64_t known = dr_model_resolved(c->cluster);

    at = at < known ? at : known;
    if (known >
        cdc_now_tso(c)) /* the clock was set back: TSOs wait for it, rows do not */
        at = resolved_behind(f, known, lag_ms);
    return f->target_ts && at > f->target_ts ? f->target_ts : at;
}

static bool history_lost(struct cdc_feed *f)
{
    const struct dr_change_log *log = &f->cdc->cluster->log;
    char text[CDC_MESSAGE_MAX];

    if (f->checkpoint >= log->floor)
        return false;
    snprintf(text, sizeof(text),
             "[CDC:ErrSnapshotLostByGC]fail to create or maintain changefeed due to "
             "snapshot loss caused by GC. checkpoint-ts %" PRIu64
             " is earlier than or equal to GC safepoint at %" PRIu64,
             f->checkpoint, log->floor);
    f->failed_by_gc = true;
    cdc_fail(f, "CDC:ErrSnapshotLostByGC", text, true);
    return true;
}

/* TiKV stands where its tidb-servers stand: while none of them can be reached, nothing is
 * captured [inference]. */
static bool hears_upstream(const struct cdc_feed *f)
{
    const struct dr_model_cluster *c = f->cdc->cluster;
    for (size_t i = 0; c->model->cuts && i < c->instance_count; i++)
        if (dr_model_reach(c->model, cdc_at(f->cdc), &c->instances[i].sql))
            return true;
    return !c->model->cuts;
}

void cdc_run_tick(struct cdc_feed *f)
{
    enum progress p = STEP_DONE;
    struct cdc_run *r;
    uint64_t upper;

    if (!f->run && !start(f))
        return;
    if (f->frozen || !hears_upstream(f) || history_lost(f))
        return;
    r = f->run;
    r->reconnected = false;
    upper = resolved_now(f);
    if (upper < f->resolved)
        upper = f->resolved; /* never backwards */
    if (upper > f->checkpoint && !write_redo(f, upper))
        return;
    f->resolved = upper;
    if (f->stalled || upper < r->applied)
        return;
    while (p == STEP_DONE) {
        if (is_broken(f))
            p = lost(f);
        else
            p = r->batch.kind == BATCH_NONE ? prepare(f, upper) : send(f);
    }
    if (p != FAILED && r->applied > f->checkpoint)
        f->checkpoint = r->applied;
}
