/* kind: Topology, decoded. The fields' meaning, unit, range and default are said once, in
 * spec/fields_topology.c (`drover explain spec` prints it); here is only their shape. */
#ifndef DR_SPEC_TOPOLOGY_H
#define DR_SPEC_TOPOLOGY_H

#include "spec/doc.h"

enum dr_mode { DR_MODE_PRIMARY_SECONDARY, DR_MODE_BIDIRECTIONAL };
enum dr_management { DR_MANAGE, DR_OBSERVE };
enum dr_redo_level { DR_REDO_NONE, DR_REDO_EVENTUAL };
enum dr_bootstrap_method { DR_BOOTSTRAP_BACKUP_RESTORE, DR_BOOTSTRAP_EXISTING };
enum dr_gc_hold_method { DR_GC_HOLD_DISABLE, DR_GC_HOLD_LIFE_TIME };
enum dr_verify_level { DR_VERIFY_SCHEMAS, DR_VERIFY_COUNTS, DR_VERIFY_CHECKSUMS };
enum dr_on_budget { DR_ON_BUDGET_ABORT, DR_ON_BUDGET_PROCEED };
enum dr_ddl_role { DR_DDL_MANUAL, DR_DDL_REPLICATED };
enum dr_write_stop { DR_WRITE_STOP_DECLARED, DR_WRITE_STOP_ENFORCED };
enum dr_storage_scheme { DR_STORAGE_S3, DR_STORAGE_FOLDER };

/* In rising order. */
enum dr_risk {
    DR_RISK_SAFE,
    DR_RISK_DISRUPTIVE,
    DR_RISK_DESTRUCTIVE,
    DR_RISK_DATA_LOSS,
    DR_RISK_COUNT
};

enum dr_drift_action { DR_DRIFT_CORRECT, DR_DRIFT_WARN, DR_DRIFT_IGNORE, DR_DRIFT_ASK };

/* What can differ; the index into dr_policy.drift. */
enum dr_drift_class {
    DR_DRIFT_CHANGEFEED_PAUSED,
    DR_DRIFT_CHANGEFEED_REMOVED,
    DR_DRIFT_CHANGEFEED_FAILED,
    DR_DRIFT_CHANGEFEED_CONFIG,
    DR_DRIFT_CHANGEFEED_DUPLICATED,
    DR_DRIFT_CHANGEFEED_STRANGER,
    DR_DRIFT_VARIABLES,
    DR_DRIFT_ROLES,
    DR_DRIFT_FENCE,
    DR_DRIFT_ID_PAIRS,
    DR_DRIFT_GC_SWITCH,
    DR_DRIFT_GRANTS,
    DR_DRIFT_INSTANCES,
    DR_DRIFT_LEDGER,
    DR_DRIFT_DEPLOYMENT,
    DR_DRIFT_COUNT
};

struct dr_objectives {
    int64_t rpo_ms, rto_ms, freshness_ms;
};

/* An address as the cluster advertises it, and where drover reaches it. */
struct dr_address_mapping {
    const char *advertised;
    struct dr_hostport reachable;
};

struct dr_sql_access {
    const struct dr_hostport *endpoints; /* every SQL instance, or the seeds */
    size_t endpoint_count;
    bool discover; /* endpoints are seeds: the instances are those of cluster_info */
    const struct dr_address_mapping *map;
    size_t map_count;
    const char *user;
    struct dr_secret_ref password;
    struct dr_tls tls;
};

struct dr_pd_access {
    const struct dr_url *endpoints;
    size_t endpoint_count;
    struct dr_tls tls;
};

/* The TiCDC that captures THIS cluster's changes. */
struct dr_ticdc_access {
    bool declared;
    const struct dr_url *endpoints;
    size_t endpoint_count;
    const char *cluster_id;        /* TiCDC's own cluster id; default "default" */
    const char *user;              /* NULL: no client authentication */
    struct dr_secret_ref password; /* with user */
    struct dr_tls tls;
};

struct dr_tiup {
    bool declared;
    const char *cluster;
    struct dr_version version;
    const char *topology_file; /* beside the document, or absolute; NULL: not deployed by
                                  drover */
};

struct dr_auto_increment {
    bool declared;
    uint16_t increment, offset;
};

struct dr_cluster {
    const char *name, *region;
    struct dr_version version;
    struct dr_sql_access sql;
    struct dr_pd_access pd;
    struct dr_ticdc_access ticdc;
    struct dr_tiup tiup;
    struct dr_auto_increment auto_increment;
    struct dr_hostport
        sink_address; /* clusters[].sink.address: the one address TiCDC dials;
                       * filled with the first SQL endpoint when not given */
};

struct dr_storage_uri {
    const char *text; /* as written; holds no secret (the language refuses them) */
    enum dr_storage_scheme scheme;
    const char *bucket; /* S3 */
    const char
        *prefix; /* S3: without slashes at its ends, may be ""; folder: absolute path */
    const char *endpoint; /* S3: "http://10.0.1.10:6060"; NULL: the provider's own */
    const char *signing_region; /* S3 parameter `region`; NULL: not given */
    bool force_path_style;
};

struct dr_storage_place {
    bool declared;
    const char *region; /* where it stands, one of the clusters' words; NULL: not given */
    struct dr_storage_uri uri;
    struct dr_secret_ref access_key, secret_key;
};

struct dr_storage {
    struct dr_storage_place backup, redo;
};

/* A parameter of the sink URI, checked against the parameters TiCDC knows. */
struct dr_sink_param {
    const char *key, *value;
};

struct dr_sink_account {
    const char *user;
    struct dr_secret_ref password;
    const struct dr_sink_param *params;
    size_t param_count;
};

/* The account that `cdc redo apply` uses: made by the operator, kept locked. */
struct dr_redo_apply {
    bool declared;
    const char *user;
    const char *binary; /* absolute path of the cdc binary; NULL: looked up by tiup */
    const char
        *work_folder; /* where logs are downloaded and sorted; NULL: the state folder */
    uint64_t memory_limit_bytes;
};

struct dr_redo {
    bool declared;
    enum dr_redo_level level;
    uint64_t max_log_size_bytes; /* a multiple of 1 MiB */
    int64_t flush_interval_ms;
    struct dr_redo_apply apply;
};

struct dr_sync_point {
    bool declared;
    int64_t interval_ms, retention_ms;
};

/* One changefeed setting of replication.config, checked and typed. */
struct dr_config_entry {
    const char *path;     /* as in changefeed.toml: "mounter.worker-num" */
    const char *api_path; /* as in TiCDC's API: "mounter.worker_num" */
    const char *json;     /* the value as TiCDC's API takes it */
};

/* Settings in the order of the table of settings. `json` is the whole as one object in
 * API names, "{}" when empty: ready to be merged into replica_config. */
struct dr_changefeed_config {
    const struct dr_config_entry *entries;
    size_t entry_count;
    const char *json;
};

/* Overrides of one directed edge. */
struct dr_edge_spec {
    const char *from, *to;
    const char *id;    /* changefeed id to adopt; NULL: drover's own scheme */
    uint64_t start_ts; /* 0: not given */
    struct dr_changefeed_config config;
};

struct dr_replication {
    struct dr_sink_account sink;
    struct dr_redo redo;
    struct dr_sync_point sync_point;
    struct dr_changefeed_config config;
    const struct dr_edge_spec *edges;
    size_t edge_count;
    const char *const *
        allow_unreplicated; /* "db.table", "db.*": tables that cannot replicate, waived */
    size_t allow_unreplicated_count;
    int64_t compared_unix_ms; /* a person found both sides equal then; 0: not said */
};

struct dr_gc_hold {
    enum dr_gc_hold_method method; /* LifeTime raises tidb_gc_life_time to the deadline */
    int64_t deadline_ms;
};

struct dr_bootstrap {
    enum dr_bootstrap_method method;
    uint64_t rate_limit_bytes; /* per second and TiKV; 0: none */
    struct dr_gc_hold gc_hold;
    int64_t verify_budget_ms;
    uint64_t start_ts; /* with Existing; 0: not given */
    uint64_t give_up;  /* a generation whose copy is given up; 0: none */
};

/* A program of the controller's hooks folder. */
struct dr_hook {
    bool declared;
    const char *program; /* a plain file name */
    const char *const *args;
    size_t arg_count;
    int64_t timeout_ms;
};

struct dr_verify {
    enum dr_verify_level level;
    int64_t budget_ms;
    enum dr_on_budget on_budget;
};

struct dr_switchover {
    int64_t max_lag_ms, max_txn_age_ms, drain_timeout_ms;
    struct dr_verify verify;
    struct {
        struct dr_hook pre, post, rollback;
    } hooks;
    const char *const
        *bypass_holders; /* accounts "user@host" that may write through the fence */
    size_t bypass_holder_count;
};

/* The settings stand always; the word from a human is there when id is not NULL. */
struct dr_failover {
    const char *id, *from, *to, *reason;
    int64_t max_loss_ms;
    int64_t rewind_window_ms; /* 0: none */
    struct dr_hook isolate;
};

struct dr_approval {
    const char *digest;
    int64_t until_unix_ms;
};

struct dr_ddl_window {
    const char *id;
    const char *const *statements;
    size_t statement_count;
    enum dr_write_stop write_stop;
};

struct dr_ddl {
    enum dr_ddl_role role;
    const char *primary;
    const struct dr_ddl_window *windows;
    size_t window_count;
};

/* A weekly stretch of time in UTC; `to` at or before `from` ends on the next day. */
struct dr_time_window {
    uint8_t days;              /* bit 0: Monday .. bit 6: Sunday, the day it begins */
    uint16_t from_min, to_min; /* minutes of the day */
};

struct dr_policy {
    bool approve[DR_RISK_COUNT]; /* steps of this risk wait for an approval; those of
                                  * destructive and data-loss always do */
    const struct dr_time_window *windows; /* none: always open */
    size_t window_count;
    enum dr_drift_action drift[DR_DRIFT_COUNT];
};

struct dr_ledger_reset {
    bool declared;
    const char *id, *cluster, *reason;
    uint64_t term;
};

struct dr_topology {
    struct dr_doc doc;
    enum dr_mode mode;
    const char *primary; /* PrimarySecondary: a declared cluster */
    struct dr_objectives objectives;
    const struct dr_cluster *clusters;
    size_t cluster_count;
    struct dr_storage storage;
    struct dr_replication replication;
    struct dr_bootstrap bootstrap;
    struct {
        bool external_ts_read;
    } secondary;
    bool ttl_jobs;
    bool heartbeat;
    struct dr_switchover switchover;
    struct dr_failover failover;
    const struct dr_approval *approvals;
    size_t approval_count;
    struct dr_ddl ddl;
    struct dr_policy policy;
    struct dr_ledger_reset ledger_reset; /* ledger.reset */
    enum dr_management management;
    bool paused;
};

/* The cluster of that name, NULL: none. Borrowed. */
const struct dr_cluster *dr_topology_cluster(const struct dr_topology *t,
                                             const char *name);

/* PrimarySecondary: the cluster that is not the primary, NULL where there is none. */
const struct dr_cluster *dr_topology_secondary(const struct dr_topology *t);

/* The overrides of the edge from -> to, NULL: none declared. */
const struct dr_edge_spec *dr_topology_edge(const struct dr_topology *t, const char *from,
                                            const char *to);

/* Whether changefeeds write redo logs: declared, and not of level none. */
bool dr_topology_wants_redo(const struct dr_topology *t);
/* Whether the table, which TiCDC may not be able to replicate, is waived:
 * replication.allowUnreplicated. */
bool dr_topology_waives(const struct dr_topology *t, const char *schema,
                        const char *table);

/* The words of the language for each value. */
const char *dr_risk_name(enum dr_risk r);
const char *dr_drift_class_name(enum dr_drift_class c);
const char *dr_drift_action_name(enum dr_drift_action a);

#endif
