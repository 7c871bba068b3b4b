/* What the parts of the model share: clusters with their TSO, the timer queue, instances,
 * the row store's face and its change log, and what the SQL half (core, sql_*.c) and the
 * HTTP half (pd.c, cdc*.c, store.c) ask of each other. Nothing outside this folder
 * includes it.
 *
 * Rows: a table keeps versions by commit TSO; the change log keeps every committed change
 * above the GC safe point in commit order. Statements are atomic in this single thread,
 * so nothing is ever half committed: everything up to dr_model_resolved() is known. */
#ifndef DR_MODEL_INTERNAL_H
#define DR_MODEL_INTERNAL_H

#include "controller/base/arena.h"
#include "controller/base/prng.h"
#include "controller/base/tso.h"
#include "controller/estate/model/model.h"

struct dr_db;       /* sql_store.h */
struct dr_accounts; /* sql_account.h */
struct dr_engine;   /* sql_engine.h */
struct dr_pd;       /* pd.c */
struct dr_cdc;      /* cdc.c */
struct dr_store;    /* store.c */
struct dr_http;     /* http.c */

/* ---- values and rows ---- */
enum dr_datum_kind {
    DR_DATUM_NULL,
    DR_DATUM_INT,
    DR_DATUM_REAL,
    DR_DATUM_TEXT, /* also DECIMAL, DATETIME, JSON, and integers above INT64_MAX */
    DR_DATUM_BLOB,
};
struct dr_datum {
    enum dr_datum_kind kind;
    int64_t i;
    double r;
    const char *s; /* text and blob: NUL-terminated all the same */
    size_t len;
};

/* The values of one version of a row; never changes, counted. */
struct dr_row {
    uint32_t refs;
    uint32_t count;      /* columns */
    struct dr_datum v[]; /* in the order of the table's columns, bytes behind */
};

enum dr_column_type {
    DR_COL_INT, /* BIGINT and smaller, BOOL */
    DR_COL_REAL,
    DR_COL_DECIMAL,
    DR_COL_TEXT,
    DR_COL_BLOB,
    DR_COL_TIME, /* DATETIME, TIMESTAMP, DATE, TIME */
    DR_COL_JSON,
};

struct dr_column {
    const char *name;
    const char *type_text; /* as SHOW CREATE TABLE prints it: "bigint(20) unsigned" */
    enum dr_column_type type;
    bool is_unsigned, not_null, auto_increment, auto_random;
    bool has_default;         /* default_text NULL: DEFAULT NULL */
    const char *default_text; /* a literal without quotes, or an expression */
    bool default_expr;        /* CURRENT_TIMESTAMP and the like */
    bool on_update_now;
    const char *generated; /* expression; NULL: ordinary column */
    const char *comment;
};

struct dr_index {
    const char *name; /* "PRIMARY" or given */
    bool unique, primary, invisible;
    size_t column_count;
    const uint32_t *columns; /* positions in the table */
};

/* One version of a table's definition; lives as long as the model, never changes. */
struct dr_table_def {
    int64_t id; /* the table id in TiDB's sense; TRUNCATE and RESTORE change it */
    const char *schema, *name; /* spelled as created; compared without case */
    size_t column_count;
    const struct dr_column *columns;
    size_t index_count;
    const struct dr_index *indexes; /* the primary key first, if there is one */
    const char *comment;
    const char *ttl; /* "`created` + INTERVAL 3 DAY"; NULL: none */
    bool ttl_enable;
    const char *ttl_interval; /* TTL_JOB_INTERVAL; NULL: default */
    int64_t auto_id_cache;    /* 0: default (30000) */
    const char *view;         /* the SELECT of a view; NULL: base table */
    bool sequence;
    const char *charset, *collate;
};

/* Position of the column, -1: none. */
int dr_table_column(const struct dr_table_def *t, const char *name);
/* The primary key, or the first UNIQUE index over NOT NULL columns: what TiCDC wants to
 * replicate a table (ticdc: pkg/common/table_info.go IsEligible). NULL: none. */
const struct dr_index *dr_table_key(const struct dr_table_def *t);
bool dr_table_eligible(const struct dr_table_def *t);

/* ---- the change log ---- */
enum dr_change_kind { DR_CHANGE_PUT, DR_CHANGE_DELETE, DR_CHANGE_DDL };
struct dr_change {
    uint64_t start_tso, commit_tso;
    enum dr_change_kind kind;
    uint32_t write_source; /* tidb_cdc_write_source of the session; 0: a user's */
    const struct dr_table_def *table;     /* of rows; of a DDL: after it, or NULL */
    const struct dr_table_def *old_table; /* of a DDL: before it, or NULL */
    const struct dr_row *old_row, *row;   /* before (NULL: inserted), after */
    const char *schema;                   /* of a DDL: the schema it ran in */
    const char *ddl;                      /* its text */
    const char *ddl_type;                 /* "create table", .. as ADMIN SHOW DDL JOBS */
    const char *bdr_role;                 /* recorded at submission: "", "primary".. */
};

struct dr_change_log {
    struct dr_change *items; /* by commit_tso, at least those above `floor` */
    size_t count, room;
    uint64_t floor; /* changes at or below it may be gone (the GC safe point) */
};

/* Index of the first change with commit_tso > tso. */
size_t dr_model_change_after(const struct dr_change_log *log, uint64_t tso);
/* The statement that carries a change out downstream: REPLACE, DELETE by key, or the DDL
 * (to be run with `schema` as current database). Appends. */
void dr_model_change_sql(const struct dr_change *ch, struct dr_buf *out);

/* ---- clusters and instances ---- */
struct dr_model_instance {
    struct dr_model_cluster *cluster;
    size_t index;
    struct dr_address sql, status;
    bool up;                     /* the process runs */
    bool cut;                    /* alive, but no client reaches it */
    bool refuses;                /* takes no new connections */
    bool hung;                   /* takes connections and never answers */
    bool lagging;                /* other instances' SET GLOBAL do not reach it */
    int64_t slow_ms;             /* added to every statement */
    int64_t started_ms;          /* wall */
    int64_t registered_until_ms; /* CLUSTER_INFO lists it until then once down */
    const char **globals; /* its copy, by index of the variable table (sql_vars.h) */
    size_t max_connections;
    uint64_t next_conn;   /* low part of the next connection id */
    struct dr_brie *brie; /* BACKUP and RESTORE tasks of this process, newest first */
    struct dr_auto_range *ranges; /* cached AUTO_INCREMENT ranges */
};

enum dr_bdr_role { DR_BDR_NONE, DR_BDR_PRIMARY, DR_BDR_SECONDARY };

struct dr_model_cluster {
    struct dr_model *model;
    const struct dr_sim_cluster *doc;
    size_t index;
    const char *name, *region;
    struct dr_version version;
    uint64_t pd_cluster_id;
    uint64_t last_tso;     /* the last one handed out */
    int64_t clock_skew_ms; /* of its PD against the wall */
    uint64_t external_ts;
    enum dr_bdr_role bdr_role;
    struct dr_model_instance *instances;
    size_t instance_count;
    struct dr_db *db; /* schemas, tables, rows, locks, DDL jobs */
    struct dr_accounts *accounts;
    const char **globals;     /* as stored in mysql.global_variables */
    struct dr_engine *engine; /* SQLite's side; made when first needed */
    struct dr_change_log log;
    struct dr_restore *restore; /* checkpoint of an unfinished RESTORE (sql_brie.c) */
    bool old_collation;         /* new_collations_enabled_on_first_bootstrap: false */
    uint64_t gc_safe_point;
    int64_t gc_last_run_ms;
    struct dr_model_session *sessions; /* open ones, oldest first */
};

/* A fresh TSO: monotone, following the wall clock. */
uint64_t dr_model_tso(struct dr_model_cluster *c);
/* Every change up to this TSO is in the log. Does not use up a TSO of its own that a
 * later commit could equal. */
uint64_t dr_model_resolved(struct dr_model_cluster *c);
/* Raises the cluster's TSO (RESTORE does). */
void dr_model_tso_raise(struct dr_model_cluster *c, uint64_t least);

struct dr_model_cluster *dr_model_cluster(struct dr_model *m, const char *name);
/* The instance whose SQL (or status) port this is; NULL: none. */
struct dr_model_instance *dr_model_instance(struct dr_model *m,
                                            const struct dr_address *at);

/* ---- the model ---- */
struct dr_model {
    const struct dr_estate_doc *doc; /* borrowed */
    struct dr_arena *arena;          /* lives as long as the model */
    struct dr_prng prng;
    int64_t now_ms, wall0_ms;
    double speed;
    struct dr_timers *timers;
    struct dr_model_cluster *clusters;
    size_t cluster_count;
    struct dr_model_listener *listeners;
    size_t listener_count;
    struct dr_fault *faults; /* armed ones, oldest first */
    struct dr_pd *pd;
    struct dr_cdc *cdc;
    struct dr_store *store;
    struct dr_http *http; /* exchanges that wait for their answer */
    struct dr_cut *cuts;  /* pairs that do not reach each other (network.h) */
    struct dr_alias *aliases;
    uint64_t network_changes;
    int64_t stepped_ms; /* fault: so far the wall clock was moved */
    struct dr_audit *audit;
    struct dr_workload *workloads; /* workload.c */
    json_t *unknown; /* statements and requests nobody knew: [{at, text}], bounded */
    uint64_t unknown_count;
    uint64_t next_query; /* handles of HTTP exchanges */
    struct dr_strings *strings;
};

/* ---- time ---- */
/* Calls fn(m, arg, n) when the clock reaches at_ms (at once, at the next advance, when
 * that is past). Events of one moment run in the order they were asked for. Out: an id.
 */
uint64_t dr_model_at(struct dr_model *m, int64_t at_ms,
                     void (*fn)(struct dr_model *m, void *arg, uint64_t n), void *arg,
                     uint64_t n);
void dr_model_cancel(struct dr_model *m, uint64_t id); /* 0 or gone: nothing */
/* A duration of the model's own, divided by the speed; at least 1 when ms > 0. */
int64_t dr_model_scaled(const struct dr_model *m, int64_t ms);
/* 0 .. n-1 from the model's seed. */
uint64_t dr_model_random(struct dr_model *m, uint64_t n);
/* The one copy of a text, valid for the model's life. */
const char *dr_model_string(struct dr_model *m, const char *s, size_t len);

/* ---- sessions for the parts (TiCDC's sink, redo apply) ---- */
/* Opens a session and logs in with a password; takes the ordinary way of a client, so it
 * is refused, locked out and counted like one. Out: NULL in *out unless 0 is returned;
 * else the server's error number (2003: nobody there) with its text in `ans`. */
int dr_model_sql_connect(struct dr_model *m, const struct dr_address *at,
                         const char *peer, const char *user, const char *password,
                         const char *database, struct dr_model_session **out,
                         struct dr_sql_answer *ans, struct dr_arena *a);
/* dr_model_sql_query is the way to run its statements: set tidb_cdc_write_source first.
 */

/* ---- faults (faults.c) ---- */
enum dr_fault_kind {
    DR_FAULT_DROP_BEFORE, /* the connection breaks, nothing was done */
    DR_FAULT_DROP_AFTER,  /* done, then the connection breaks */
    DR_FAULT_ERROR,       /* an error answer, nothing was done */
    DR_FAULT_ERROR_AFTER, /* an error answer although it was done */
    DR_FAULT_SLOW,        /* the answer comes later */
    DR_FAULT_MUTE,        /* done, and the answer never arrives */
};
struct dr_fault {
    struct dr_fault *next;
    enum dr_fault_kind kind;
    bool any; /* any address */
    struct dr_address at;
    const char *match;    /* part of the statement or of "METHOD target"; NULL: all */
    const char *only;     /* this kind of statement or request (audit.h); NULL: all */
    uint64_t skip, count; /* let so many pass first; then strike so many times */
    int number;           /* SQL error number or HTTP status */
    const char *message;
    int64_t delay_ms;
};
/* The fault that strikes this exchange now, counted down; NULL: none. Valid until the
 * next call. */
const struct dr_fault *dr_model_fault_take(struct dr_model *m,
                                           const struct dr_address *at, const char *text);

/* A command of `ctl`. The HTTP half adds its own table, dr_model_ctl_http[]. */
struct dr_model_command {
    const char *name; /* value of "fault"; NULL ends the table */
    const char *help;
    int (*run)(struct dr_model *m, const json_t *command, json_t **reply,
               struct dr_err *err);
};
extern const struct dr_model_command dr_model_ctl_sql[];
extern const struct dr_model_command dr_model_ctl_http[];

/* A tidb-server starts or stops (a crash: its sessions, tasks and caches are gone). */
void dr_model_instance_run(struct dr_model_instance *in, bool up);
/* One round of the GC leader: the safe point follows life time, open transactions and
 * PD's service safepoints; never back. */
void dr_model_gc(struct dr_model_cluster *c);
/* The same up to a TSO, whatever holds it. */
void dr_model_gc_to(struct dr_model_cluster *c, uint64_t tso);

/* Counts and keeps a statement or request that nobody knew. */
void dr_model_note_unknown(struct dr_model *m, const struct dr_address *at,
                           const char *text, size_t len);

/* Whether a RESTORE runs in this cluster: BR then holds a live lease on
 * /tidb/brie/import in PD's etcd (tidb: br/pkg/utils/register.go). */
bool dr_model_restoring(const struct dr_model_cluster *c);

/* ---- answered by the HTTP half ---- */
/* PD of a cluster (pd.c). ok: a leader answers, TSOs can be had. */
int dr_model_pd_init(struct dr_model *m, struct dr_err *err) DR_MUST_CHECK;
void dr_model_pd_free(struct dr_model *m);
bool dr_model_pd_ok(const struct dr_model *m, size_t cluster);
/* Lowest unexpired service safepoint, `own` (gc_worker's wish) taken in; stores the
 * result as gc_worker's entry. */
uint64_t dr_model_pd_min_safepoint(struct dr_model *m, size_t cluster, uint64_t own);
/* Sets (ttl_ms > 0) or removes (0) a service safepoint; false: below the GC safe point.
 */
bool dr_model_pd_service_safepoint(struct dr_model *m, size_t cluster, const char *id,
                                   uint64_t tso, int64_t ttl_ms);
json_t *dr_model_pd_state(const struct dr_model *m, size_t cluster);

/* TiCDC that captures a cluster (cdc.c). */
int dr_model_cdc_init(struct dr_model *m, struct dr_err *err) DR_MUST_CHECK;
void dr_model_cdc_free(struct dr_model *m);
/* Whether RESTORE into this cluster must refuse: an active changefeed whose checkpoint is
 * below `backup_ts` (any active one when backup_ts is UINT64_MAX). Out: its id. */
bool dr_model_cdc_blocks_restore(const struct dr_model *m, size_t cluster,
                                 uint64_t backup_ts, const char **id);
json_t *dr_model_cdc_state(const struct dr_model *m, size_t cluster);

/* Object storage (store.c). `uri` as BACKUP is given it: "s3://bucket/prefix?endpoint=.."
 * or a folder's path (kept in the model too, never touching the disk). Keys are below the
 * prefix. from: the process that asks. Return 0, or -1 with the server's words in `why`
 * (BR's text). */
int dr_model_store_init(struct dr_model *m, struct dr_err *err) DR_MUST_CHECK;
void dr_model_store_free(struct dr_model *m);
int dr_model_store_put(struct dr_model *m, const struct dr_address *from, const char *uri,
                       const char *key, const void *bytes, size_t len,
                       struct dr_buf *why);
/* Out: borrowed until the next change; *bytes NULL: no such object. */
int dr_model_store_get(struct dr_model *m, const struct dr_address *from, const char *uri,
                       const char *key, const char **bytes, size_t *len,
                       struct dr_buf *why);
int dr_model_store_delete(struct dr_model *m, const struct dr_address *from,
                          const char *uri, const char *key, struct dr_buf *why);
/* Calls fn for each key below the prefix, in order. */
int dr_model_store_list(struct dr_model *m, const struct dr_address *from,
                        const char *uri,
                        void (*fn)(void *arg, const char *key, size_t len), void *arg,
                        struct dr_buf *why);
json_t *dr_model_store_state(const struct dr_model *m);

/* The process behind a PD, TiCDC or storage address. */
struct dr_model_process {
    struct dr_address at;
    bool up;         /* runs */
    bool cut;        /* alive, but no client reaches it */
    bool refuses;    /* takes no new connections */
    bool hung;       /* takes connections and never answers */
    int64_t slow_ms; /* added to every answer */
};
/* NULL: no such address in the HTTP half. */
struct dr_model_process *dr_model_process(struct dr_model *m,
                                          const struct dr_address *at);
/* To be called after `up` or `hung` was changed: elections, ownership, feeds. */
void dr_model_process_changed(struct dr_model *m, struct dr_model_process *p);

void dr_model_http_free(struct dr_model *m); /* exchanges that nobody took */

/* The model's HTTP entrance (dr_model_http, dr_model_http_poll) is the HTTP half's, too;
 * it hands the status ports to this. out->status 0: drop the connection. */
void dr_model_status_http(struct dr_model_instance *i, const struct dr_model_request *req,
                          struct dr_http_answer *out, struct dr_arena *a);

#endif
