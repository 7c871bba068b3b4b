/* kind: Topology: every field. See spec/field.h for what a row says. */
#include "spec/field.h"
#include "spec/topology.h"

#include <string.h>

#define WORDS(name, ...)                                                                 \
    static const char *const name##_list[] = {__VA_ARGS__};                              \
    static const struct dr_words name = {                                                \
        .words = name##_list, .count = sizeof(name##_list) / sizeof(name##_list[0])}

#define SECOND 1000ull
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define MIB    (1ull << 20)
#define GIB    (1ull << 30)

static const char *const mode_list[] = {"PrimarySecondary", "Bidirectional"};
static const char *const mode_help[] = {
    "one cluster takes the writes, the other follows and is fenced",
    "every cluster takes writes, a full mesh of feeds between them"};
const struct dr_words dr_mode_words = {mode_list, mode_help, 2};

static const char *const risk_list[] = {"safe", "disruptive", "destructive", "data-loss"};
static const char *const risk_help[] = {
    "nobody notices", "somebody notices, nothing is lost",
    "removes something that can be made anew", "loses data that cannot be made anew"};
const struct dr_words dr_risk_words = {risk_list, risk_help, DR_RISK_COUNT};
_Static_assert(sizeof(risk_list) / sizeof(risk_list[0]) == DR_RISK_COUNT, "risks");

static const char *const drift_list[] = {"correct", "warn", "ignore", "ask"};
static const char *const drift_help[] = {"put right", "told, left as it is", "not told",
                                         "told as protected: no, until a human decides"};
static const struct dr_words drift_words = {drift_list, drift_help, 4};

static const char *const tls_list[] = {"disabled", "required", "verify-ca",
                                       "verify-identity"};
static const char *const tls_help[] = {"no encryption", "encrypted, nobody verified",
                                       "certificate chain verified",
                                       "certificate chain and host name verified"};
static const struct dr_words tls_words = {tls_list, tls_help, 4};

static const char *const verify_list[] = {"schemas", "counts", "checksums"};
static const char *const verify_help[] = {
    "schemas only", "schemas and the number of rows of each table",
    "schemas, and a checksum over the rows of each table"};
static const struct dr_words verify_words = {verify_list, verify_help, 3};

static const char *const method_list[] = {"BackupRestore", "Existing"};
static const char *const method_help[] = {
    "BACKUP on the primary, RESTORE on the secondary",
    "the data is equal already; startTs or an edge says from where"};
static const struct dr_words method_words = {method_list, method_help, 2};

static const char *const hold_list[] = {"Disable", "LifeTime"};
static const char *const hold_help[] = {"GC off until the feed holds history itself",
                                        "tidb_gc_life_time raised to the deadline"};
static const struct dr_words hold_words = {hold_list, hold_help, 2};

static const char *const manage_list[] = {"Manage", "Observe"};
static const char *const manage_help[] = {
    "drover carries out what is declared",
    "nothing is written, not even ledger or heartbeat"};
static const struct dr_words manage_words = {manage_list, manage_help, 2};

WORDS(redo_words, "none", "eventual");
WORDS(budget_words, "abort", "proceed");
WORDS(ddl_words, "Manual", "Replicated");
WORDS(stop_words, "Declared", "Enforced");
WORDS(day_words, "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun");

/* clang-format off */

static const struct dr_field tls_fields[] = {
    {.key = "mode", DR_FIELD_WORD(struct dr_tls, mode, enum dr_tls_mode, tls_words), .fallback = "disabled",
     .help = "How the connection is protected. For HTTP endpoints https:// turns TLS on and the certificate is always verified."},
    {.key = "ca", DR_FIELD_STRING(struct dr_tls, ca), .format = DR_F_FILE, .otherwise = "the system's certificates", .example = "/etc/drover/ca.pem",
     .help = "File of the certificate authority."},
    {.key = "cert", DR_FIELD_STRING(struct dr_tls, cert), .format = DR_F_FILE, .help = "File of the client certificate."},
    {.key = "key", DR_FIELD_STRING(struct dr_tls, key), .format = DR_F_FILE, .help = "File of the client certificate's key."},
    {0}};
static const struct dr_shape tls_shape = {.fields = tls_fields, .bytes = sizeof(struct dr_tls)};

static const struct dr_field sql_fields[] = {
    {.key = "endpoints", DR_FIELD_ADDRESSES(struct dr_sql_access, endpoints, endpoint_count), .required = true, .min = 1, .max = 256,
     .example = "[10.0.1.4:4000, 10.0.1.5:4000]",
     .help = "Every SQL instance of the cluster, so that a fence can be proved on each; or the seeds, with discover. Not a load balancer."},
    {.key = "discover", DR_FIELD_BOOL(struct dr_sql_access, discover), .fallback = "false",
     .help = "The endpoints are seeds: the instances are those that cluster_info lists."},
    {.key = "map", DR_FIELD_MAPPING(struct dr_sql_access, map, map_count), .example = "{tidb-0:4000: nat.example:14000}",
     .help = "With discover, behind NAT: the address that an instance advertises, and where drover reaches it."},
    {.key = "user", DR_FIELD_STRING(struct dr_sql_access, user), .format = DR_F_USER, .required = true, .example = "drover",
     .help = "drover's own account. It is dedicated: never root, nobody else's. `drover grants` prints what it needs."},
    {.key = "password", DR_FIELD_SECRET(struct dr_sql_access, password), .required = true, .example = "{file: /run/secrets/east}",
     .help = "Where drover's password is."},
    {.key = "tls", DR_FIELD_OBJECT(struct dr_sql_access, tls, tls_shape), .help = "TLS of the SQL connections."},
    {0}};
static const struct dr_shape sql_shape = {.fields = sql_fields, .bytes = sizeof(struct dr_sql_access)};

static const struct dr_field pd_fields[] = {
    {.key = "endpoints", DR_FIELD_URLS(struct dr_pd_access, endpoints, endpoint_count), .required = true, .min = 1, .max = 64,
     .example = "[\"http://10.0.1.1:2379\"]", .help = "The cluster's PD servers. They say which cluster it is and what GC may remove."},
    {.key = "tls", DR_FIELD_OBJECT(struct dr_pd_access, tls, tls_shape), .help = "TLS of https:// endpoints."},
    {0}};
static const struct dr_shape pd_shape = {.fields = pd_fields, .bytes = sizeof(struct dr_pd_access)};

static const struct dr_field ticdc_fields[] = {
    {.key = "endpoints", DR_FIELD_URLS(struct dr_ticdc_access, endpoints, endpoint_count), .required = true, .min = 1, .max = 64,
     .example = "[\"http://10.1.1.9:8300\", \"http://10.1.1.10:8300\"]",
     .help = "The TiCDC servers that capture THIS cluster's changes, wherever they stand."},
    {.key = "clusterId", DR_FIELD_STRING(struct dr_ticdc_access, cluster_id), .format = DR_F_FEED, .fallback = "default",
     .help = "The cluster id that these TiCDC servers were started with."},
    {.key = "user", DR_FIELD_STRING(struct dr_ticdc_access, user), .format = DR_F_USER, .since = "v8.1.0",
     .help = "User of TiCDC's client authentication, where it is on."},
    {.key = "password", DR_FIELD_SECRET(struct dr_ticdc_access, password), .since = "v8.1.0", .help = "Where that user's password is."},
    {.key = "tls", DR_FIELD_OBJECT(struct dr_ticdc_access, tls, tls_shape), .help = "TLS of https:// endpoints."},
    {0}};
static const struct dr_shape ticdc_shape = {.fields = ticdc_fields, .bytes = sizeof(struct dr_ticdc_access), .declared = true};

static const struct dr_field tiup_fields[] = {
    {.key = "cluster", DR_FIELD_STRING(struct dr_tiup, cluster), .format = DR_F_PROGRAM, .required = true, .example = "orders-east",
     .help = "Name of the cluster in TiUP."},
    {.key = "version", DR_FIELD_VERSION(struct dr_tiup, version), .example = "v8.5.3", .help = "Version that TiUP keeps the cluster at."},
    {.key = "topologyFile", DR_FIELD_STRING(struct dr_tiup, topology_file), .format = DR_F_FILE, .example = "east.tiup.yaml",
     .otherwise = "drover does not deploy or scale the cluster", .help = "TiUP's topology file, absolute or beside this document."},
    {0}};
static const struct dr_shape tiup_shape = {.fields = tiup_fields, .bytes = sizeof(struct dr_tiup), .declared = true};

static const struct dr_field auto_increment_fields[] = {
    {.key = "increment", DR_FIELD_U16(struct dr_auto_increment, increment), .required = true, .min = 1, .max = 65535,
     .help = "auto_increment_increment. At least the number of clusters; twice as many leaves room for one more."},
    {.key = "offset", DR_FIELD_U16(struct dr_auto_increment, offset), .required = true, .min = 1, .max = 65535,
     .help = "auto_increment_offset: this cluster's residue, never given to another one again."},
    {0}};
static const struct dr_shape auto_increment_shape = {.fields = auto_increment_fields, .bytes = sizeof(struct dr_auto_increment), .declared = true};

static const struct dr_field cluster_sink_fields[] = {
    {.key = "address", DR_FIELD_ADDRESS(struct dr_cluster, sink_address), .otherwise = "the first SQL endpoint, with a warning", .change = DR_CHANGE_FEED,
     .example = "tidb.west.example:4000",
     .help = "The one HOST:PORT that TiCDC dials to write into this cluster. A load balancer belongs here: a single instance is a single point of failure."},
    {0}};
static const struct dr_shape cluster_sink_shape = {.fields = cluster_sink_fields, .bytes = 0};

static const struct dr_field cluster_fields[] = {
    {.key = "name", DR_FIELD_STRING(struct dr_cluster, name), .format = DR_F_LABEL, .required = true, .change = DR_CHANGE_REBUILD, .example = "east",
     .help = "What the cluster is called here."},
    {.key = "region", DR_FIELD_STRING(struct dr_cluster, region), .format = DR_F_LABEL, .required = true, .example = "region-1",
     .help = "Where it stands: what is lost together has the same word."},
    {.key = "version", DR_FIELD_VERSION(struct dr_cluster, version), .otherwise = "observed, and not checked before", .example = "v8.5.3",
     .help = "TiDB version, v7.5.0 or later (Bidirectional: v8.1.0). Given, it lets validate check what needs a version."},
    {.key = "sql", DR_FIELD_OBJECT(struct dr_cluster, sql, sql_shape), .required = true, .help = "How drover reaches the SQL instances."},
    {.key = "pd", DR_FIELD_OBJECT(struct dr_cluster, pd, pd_shape), .required = true, .help = "How drover reaches PD."},
    {.key = "ticdc", DR_FIELD_OBJECT(struct dr_cluster, ticdc, ticdc_shape), .otherwise = "the cluster cannot be a source",
     .help = "The TiCDC of this cluster. A secondary needs one of its own to become primary."},
    {.key = "tiup", DR_FIELD_OBJECT(struct dr_cluster, tiup, tiup_shape), .help = "TiUP, where it deployed the cluster."},
    {.key = "autoIncrement", DR_FIELD_OBJECT(struct dr_cluster, auto_increment, auto_increment_shape),
     .help = "Ids that no other cluster draws."},
    {.key = "sink", DR_FIELD_GROUP(cluster_sink_shape), .help = "How TiCDC reaches this cluster."},
    {0}};
static const struct dr_shape cluster_shape = {.fields = cluster_fields, .bytes = sizeof(struct dr_cluster), .name_key = "name"};

static const struct dr_field place_fields[] = {
    {.key = "region", DR_FIELD_STRING(struct dr_storage_place, region), .format = DR_F_LABEL, .required = true, .example = "region-2",
     .help = "Where the storage stands, in the words of the clusters."},
    {.key = "uri", DR_FIELD_STORAGE(struct dr_storage_place, uri), .required = true, .change = DR_CHANGE_FEED,
     .example = "\"s3://redo/orders?endpoint=http://10.0.1.10:6060&force-path-style=true\"",
     .help = "s3://BUCKET/PREFIX with parameters, or an absolute folder shared by all servers. drover puts each generation below it. No keys in it."},
    {.key = "accessKey", DR_FIELD_SECRET(struct dr_storage_place, access_key), .otherwise = "the servers' own credentials", .help = "Where the access key is."},
    {.key = "secretKey", DR_FIELD_SECRET(struct dr_storage_place, secret_key), .help = "Where the secret access key is."},
    {0}};
static const struct dr_shape place_shape = {.fields = place_fields, .bytes = sizeof(struct dr_storage_place), .declared = true};

static const struct dr_field storage_fields[] = {
    {.key = "backup", DR_FIELD_OBJECT(struct dr_storage, backup, place_shape), .help = "Where BACKUP writes and RESTORE reads."},
    {.key = "redo", DR_FIELD_OBJECT(struct dr_storage, redo, place_shape), .help = "Where TiCDC writes redo logs. It must outlive the primary's region."},
    {0}};
static const struct dr_shape storage_shape = {.fields = storage_fields, .bytes = sizeof(struct dr_storage)};

static const struct dr_field sink_fields[] = {
    {.key = "user", DR_FIELD_STRING(struct dr_sink_account, user), .format = DR_F_USER, .required = true, .change = DR_CHANGE_REBUILD, .example = "cdc",
     .help = "The account TiCDC writes with. It is dedicated: drover changes its password for each generation and locks it between."},
    {.key = "password", DR_FIELD_SECRET(struct dr_sink_account, password), .required = true, .change = DR_CHANGE_FEED,
     .help = "Where the secret is that the passwords of the generations are derived from; it is never used as a password itself, except for an adopted feed. Another secret is recognised by what the ledgers note of it: account and changefeed get its password, and the one before is not taken again. While settings of the changefeed differ, they come first. A controller reads it when it takes a topology up: at its start, and when the document changes."},
    {.key = "params", DR_FIELD_PARAMS(struct dr_sink_account, params, param_count), .change = DR_CHANGE_FEED, .example = "{worker-count: 16}",
     .help = "Parameters of the sink URI."},
    {0}};
static const struct dr_shape sink_shape = {.fields = sink_fields, .bytes = sizeof(struct dr_sink_account)};

static const struct dr_field apply_fields[] = {
    {.key = "user", DR_FIELD_STRING(struct dr_redo_apply, user), .format = DR_F_USER, .required = true, .example = "redo",
     .help = "The account of `cdc redo apply`, made by the operator with its grants and kept locked; drover gives it a random password for each run."},
    {.key = "binary", DR_FIELD_STRING(struct dr_redo_apply, binary), .format = DR_F_PATH, .otherwise = "the one that TiUP installed", .example = "/opt/tidb/bin/cdc",
     .help = "The cdc binary, of the version that writes the logs."},
    {.key = "workFolder", DR_FIELD_STRING(struct dr_redo_apply, work_folder), .format = DR_F_PATH, .otherwise = "a folder of its own in the state folder",
     .help = "Where logs are downloaded and sorted. drover makes an empty folder in it for each run."},
    {.key = "memoryLimit", DR_FIELD_SIZE(struct dr_redo_apply, memory_limit_bytes), .min = GIB, .max = 1024 * GIB, .fallback = "10GiB",
     .help = "Memory that one run may use."},
    {0}};
static const struct dr_shape apply_shape = {.fields = apply_fields, .bytes = sizeof(struct dr_redo_apply), .declared = true};

static const struct dr_field redo_fields[] = {
    {.key = "level", DR_FIELD_WORD(struct dr_redo, level, enum dr_redo_level, redo_words), .fallback = "none", .change = DR_CHANGE_FEED,
     .help = "eventual: every change is in the redo logs before it reaches the secondary, so that a failover ends at a transactional point. Switching it off changes the changefeed; to have it again takes one that is made anew (DR-B065)."},
    {.key = "maxLogSize", DR_FIELD_SIZE(struct dr_redo, max_log_size_bytes), .min = MIB, .max = GIB, .fallback = "64MiB", .change = DR_CHANGE_FEED,
     .help = "Size of one redo file, in whole MiB."},
    {.key = "flushInterval", DR_FIELD_DURATION(struct dr_redo, flush_interval_ms), .min = 50, .max = 10 * MINUTE, .fallback = "2s", .change = DR_CHANGE_FEED,
     .help = "Time between two uploads of redo logs."},
    {.key = "apply", DR_FIELD_OBJECT(struct dr_redo, apply, apply_shape), .help = "How redo logs are applied in a failover."},
    {0}};
static const struct dr_shape redo_shape = {.fields = redo_fields, .bytes = sizeof(struct dr_redo), .declared = true};

static const struct dr_field sync_point_fields[] = {
    {.key = "interval", DR_FIELD_DURATION(struct dr_sync_point, interval_ms), .min = 30 * SECOND, .max = DAY, .fallback = "10m", .change = DR_CHANGE_FEED,
     .help = "Time between two syncpoints."},
    {.key = "retention", DR_FIELD_DURATION(struct dr_sync_point, retention_ms), .min = HOUR, .max = 365 * DAY, .fallback = "24h", .change = DR_CHANGE_FEED,
     .help = "How long syncpoints are kept."},
    {0}};
static const struct dr_shape sync_point_shape = {.fields = sync_point_fields, .bytes = sizeof(struct dr_sync_point), .declared = true};

static const struct dr_field edge_fields[] = {
    {.key = "from", DR_FIELD_STRING(struct dr_edge_spec, from), .format = DR_F_LABEL, .required = true, .help = "The cluster that the changes come from."},
    {.key = "to", DR_FIELD_STRING(struct dr_edge_spec, to), .format = DR_F_LABEL, .required = true, .help = "The cluster that they go to."},
    {.key = "id", DR_FIELD_STRING(struct dr_edge_spec, id), .format = DR_F_FEED, .otherwise = "<topology>-<from>-to-<to>-g<generation>", .example = "dr-primary-to-secondary",
     .help = "Id of the changefeed that runs already and is to be adopted. One that drover itself made, of a pair whose ledgers are both gone, is taken back as the generation that its id names."},
    {.key = "startTs", DR_FIELD_U64(struct dr_edge_spec, start_ts), .min = 1, .example = "431434047157698561",
     .help = "TSO of the source at which both sides were equal."},
    {.key = "config", DR_FIELD_SETTINGS(struct dr_edge_spec, config), .change = DR_CHANGE_FEED, .help = "Changefeed settings of this edge, over those of replication.config."},
    {0}};
static const struct dr_shape edge_shape = {.fields = edge_fields, .bytes = sizeof(struct dr_edge_spec)};

static const struct dr_field replication_fields[] = {
    {.key = "sink", DR_FIELD_OBJECT(struct dr_replication, sink, sink_shape), .required = true, .help = "How TiCDC logs in downstream."},
    {.key = "redo", DR_FIELD_OBJECT(struct dr_replication, redo, redo_shape), .otherwise = "no redo: a failover ends at an inconsistent point", .help = "Redo logs."},
    {.key = "syncPoint", DR_FIELD_OBJECT(struct dr_replication, sync_point, sync_point_shape), .otherwise = "no syncpoints", .help = "Points at which the secondary can be read consistently."},
    {.key = "config", DR_FIELD_SETTINGS(struct dr_replication, config), .change = DR_CHANGE_FEED, .example = "{mounter: {worker-num: 16}}",
     .help = "Any other changefeed setting, spelled as in changefeed.toml."},
    {.key = "edges", DR_FIELD_OBJECTS(struct dr_replication, edges, edge_count, struct dr_edge_spec, edge_shape), .max = 1024,
     .help = "What one directed edge has of its own. The edges themselves follow from mode and primary."},
    {.key = "allowUnreplicated", DR_FIELD_STRINGS(struct dr_replication, allow_unreplicated, allow_unreplicated_count), .format = DR_F_TABLES, .max = 10000,
     .example = "[shop.audit_log]", .help = "Tables that TiCDC cannot replicate (no valid key) and that may be missing on the secondary."},
    {.key = "compared", DR_FIELD_TIME(struct dr_replication, compared_unix_ms), .aside = true, .only = "PrimarySecondary", .example = "2026-11-22T03:30:00Z",
     .help = "A person's word: a comparison of both sides that began then found them equal. It answers that the secondary was seen to take writes once the feed was made: without it such a pair does not count as protected again, though the fence is closed, because nobody knows what was written there. It counts for what was seen open before, not for what comes later, and not while it lies ahead; it can be removed afterwards."},
    {0}};
static const struct dr_shape replication_shape = {.fields = replication_fields, .bytes = sizeof(struct dr_replication)};

static const struct dr_field gc_hold_fields[] = {
    {.key = "method", DR_FIELD_WORD(struct dr_gc_hold, method, enum dr_gc_hold_method, hold_words), .fallback = "Disable",
     .help = "How history is kept on the primary until the feed holds it."},
    {.key = "deadline", DR_FIELD_DURATION(struct dr_gc_hold, deadline_ms), .min = HOUR, .max = 30 * DAY, .fallback = "72h",
     .help = "The hold ends then, whatever happened. An alarm at half of it."},
    {0}};
static const struct dr_shape gc_hold_shape = {.fields = gc_hold_fields, .bytes = sizeof(struct dr_gc_hold)};

static const struct dr_field bootstrap_verify_fields[] = {
    {.key = "budget", DR_FIELD_DURATION(struct dr_bootstrap, verify_budget_ms), .min = SECOND, .max = DAY, .fallback = "10m",
     .help = "How long the comparison of both sides before the feed is made may take."},
    {0}};
static const struct dr_shape bootstrap_verify_shape = {.fields = bootstrap_verify_fields, .bytes = 0};

static const struct dr_field bootstrap_fields[] = {
    {.key = "method", DR_FIELD_WORD(struct dr_bootstrap, method, enum dr_bootstrap_method, method_words), .fallback = "BackupRestore", .help = "How the secondary gets its data."},
    {.key = "rateLimit", DR_FIELD_SIZE(struct dr_bootstrap, rate_limit_bytes), .max = 1024 * GIB, .fallback = "0", .example = "128MiB",
     .help = "Bytes a second that BACKUP may write on each TiKV; 0: no limit."},
    {.key = "gcHold", DR_FIELD_OBJECT(struct dr_bootstrap, gc_hold, gc_hold_shape), .help = "The hold on garbage collection."},
    {.key = "verify", DR_FIELD_GROUP(bootstrap_verify_shape), .help = "The comparison of both sides before the feed is made."},
    {.key = "startTs", DR_FIELD_U64(struct dr_bootstrap, start_ts), .min = 1, .only = "PrimarySecondary", .help = "With Existing: TSO of the primary at which both sides were equal."},
    {.key = "giveUp", DR_FIELD_U64(struct dr_bootstrap, give_up), .min = 1, .only = "PrimarySecondary", .example = "1",
     .help = "Generation whose copy is given up before its feed is made, or once that feed is proven to be gone: GC is given back, the feed that is in the making is deleted, the rows are cleared, and the next generation begins, once somebody emptied the secondary: DR-B041 names what is left to drop, schemas __TiDB_BR_Temporary_.. of a broken RESTORE are to be dropped, too. It is no word for any other generation, so it may stay."},
    {0}};
static const struct dr_shape bootstrap_shape = {.fields = bootstrap_fields, .bytes = sizeof(struct dr_bootstrap)};

static const struct dr_field hook_fields[] = {
    {.key = "program", DR_FIELD_STRING(struct dr_hook, program), .format = DR_F_PROGRAM, .required = true, .example = "move-balancer",
     .help = "A program of the controller's hooks folder. Who may write a topology may not thereby run any program."},
    {.key = "args", DR_FIELD_STRINGS(struct dr_hook, args, arg_count), .format = DR_F_ANY, .max = 64, .help = "Its arguments. No shell is between."},
    {.key = "timeout", DR_FIELD_DURATION(struct dr_hook, timeout_ms), .min = SECOND, .max = HOUR, .fallback = "30s", .help = "How long it may run."},
    {0}};
static const struct dr_shape hook_shape = {.fields = hook_fields, .bytes = sizeof(struct dr_hook), .declared = true};

static const struct dr_field hooks_fields[] = {
    {.key = "pre", DR_FIELD_OBJECT(struct dr_switchover, hooks.pre, hook_shape), .help = "Before the old primary is fenced: drain connections."},
    {.key = "post", DR_FIELD_OBJECT(struct dr_switchover, hooks.post, hook_shape), .help = "After the new primary is open: move the traffic."},
    {.key = "rollback", DR_FIELD_OBJECT(struct dr_switchover, hooks.rollback, hook_shape), .help = "After an aborted switchover: undo what pre did."},
    {0}};
static const struct dr_shape hooks_shape = {.fields = hooks_fields, .bytes = 0};

static const struct dr_field verify_fields[] = {
    {.key = "level", DR_FIELD_WORD(struct dr_verify, level, enum dr_verify_level, verify_words), .fallback = "counts", .help = "What is compared while writes are stopped."},
    {.key = "budget", DR_FIELD_DURATION(struct dr_verify, budget_ms), .max = HOUR, .fallback = "10s", .help = "How long it may take. It is part of the write outage."},
    {.key = "onBudget", DR_FIELD_WORD(struct dr_verify, on_budget, enum dr_on_budget, budget_words), .fallback = "abort", .help = "What happens when the budget ends before the comparison."},
    {0}};
static const struct dr_shape verify_shape = {.fields = verify_fields, .bytes = sizeof(struct dr_verify)};

static const struct dr_field switchover_fields[] = {
    {.key = "maxLag", DR_FIELD_DURATION(struct dr_switchover, max_lag_ms), .min = SECOND, .max = HOUR, .fallback = "30s", .help = "A switchover starts only below this lag."},
    {.key = "maxTxnAge", DR_FIELD_DURATION(struct dr_switchover, max_txn_age_ms), .min = SECOND, .max = HOUR, .fallback = "30s", .help = "A switchover starts only when no write transaction is older."},
    {.key = "drainTimeout", DR_FIELD_DURATION(struct dr_switchover, drain_timeout_ms), .min = 10 * SECOND, .max = HOUR, .fallback = "5m", .help = "How long the secondary may take to catch up before the switchover is aborted."},
    {.key = "verify", DR_FIELD_OBJECT(struct dr_switchover, verify, verify_shape), .help = "The proof that both sides are equal."},
    {.key = "hooks", DR_FIELD_GROUP(hooks_shape), .help = "Programs that run around a switchover."},
    {.key = "bypassHolders", DR_FIELD_STRINGS(struct dr_switchover, bypass_holders, bypass_holder_count), .format = DR_F_ACCOUNT, .max = 64, .example = "[\"dumper@10.0.1.%\"]",
     .help = "Accounts besides drover's own that may hold RESTRICTED_REPLICA_WRITER_ADMIN and so write through the fence."},
    {0}};
static const struct dr_shape switchover_shape = {.fields = switchover_fields, .bytes = sizeof(struct dr_switchover)};

static const struct dr_field failover_fields[] = {
    {.key = "id", DR_FIELD_STRING(struct dr_failover, id), .format = DR_F_WORD_ID, .change = DR_CHANGE_ROLE, .example = "INC-4711",
     .help = "The word from a human that a disaster failover is wanted. It is used once."},
    {.key = "from", DR_FIELD_STRING(struct dr_failover, from), .format = DR_F_LABEL, .change = DR_CHANGE_ROLE, .help = "The cluster that is gone."},
    {.key = "to", DR_FIELD_STRING(struct dr_failover, to), .format = DR_F_LABEL, .change = DR_CHANGE_ROLE, .help = "The cluster that takes over. spec.primary names it too."},
    {.key = "maxLoss", DR_FIELD_DURATION(struct dr_failover, max_loss_ms), .max = 30 * DAY, .change = DR_CHANGE_ROLE, .example = "60s", .help = "Data loss that is accepted. Where redo shows less, drover goes on by itself."},
    {.key = "reason", DR_FIELD_STRING(struct dr_failover, reason), .format = DR_F_ANY, .change = DR_CHANGE_ROLE, .example = "\"region-1 is gone\"", .help = "For the record."},
    {.key = "rewindWindow", DR_FIELD_DURATION(struct dr_failover, rewind_window_ms), .max = 7 * DAY, .fallback = "24h", .help = "How long the new primary keeps history so that the old one can be rewound; 0: not at all."},
    {.key = "isolate", DR_FIELD_OBJECT(struct dr_failover, isolate, hook_shape), .help = "A program that cuts the old primary off: stops its servers, cuts its balancer."},
    {0}};
static const struct dr_shape failover_shape = {.fields = failover_fields, .bytes = sizeof(struct dr_failover)};

static const struct dr_field approval_fields[] = {
    {.key = "digest", DR_FIELD_STRING(struct dr_approval, digest), .format = DR_F_DIGEST, .required = true, .help = "Digest of the approved plan, as `drover plan` prints it."},
    {.key = "until", DR_FIELD_TIME(struct dr_approval, until_unix_ms), .required = true, .example = "2026-11-22T00:00:00Z", .help = "The approval ends then, by the primary's clock; a step that has not begun by then waits for another one."},
    {0}};
static const struct dr_shape approval_shape = {.fields = approval_fields, .bytes = sizeof(struct dr_approval), .name_key = "digest"};

static const struct dr_field ddl_window_fields[] = {
    {.key = "id", DR_FIELD_STRING(struct dr_ddl_window, id), .format = DR_F_WORD_ID, .required = true, .help = "Name of the window. It is used once."},
    {.key = "statements", DR_FIELD_STRINGS(struct dr_ddl_window, statements, statement_count), .format = DR_F_TEXT, .required = true, .min = 1, .max = 1000, .help = "DDL that does not replicate, run on every cluster in this order."},
    {.key = "writeStop", DR_FIELD_WORD(struct dr_ddl_window, write_stop, enum dr_write_stop, stop_words), .fallback = "Declared",
     .help = "Declared: the application stopped writing to the tables, drover checks it. Enforced: the fence stops all writes of every cluster."},
    {0}};
static const struct dr_shape ddl_window_shape = {.fields = ddl_window_fields, .bytes = sizeof(struct dr_ddl_window), .name_key = "id"};

static const struct dr_field ddl_fields[] = {
    {.key = "role", DR_FIELD_WORD(struct dr_ddl, role, enum dr_ddl_role, ddl_words), .fallback = "Manual",
     .help = "Replicated: one cluster is PRIMARY and its replicable DDL travels, the others are SECONDARY. Manual: no roles, DDL is run everywhere by hand."},
    {.key = "primary", DR_FIELD_STRING(struct dr_ddl, primary), .format = DR_F_LABEL, .help = "With Replicated: the cluster on which DDL is run."},
    {.key = "windows", DR_FIELD_OBJECTS(struct dr_ddl, windows, window_count, struct dr_ddl_window, ddl_window_shape), .max = 64, .help = "Windows for DDL that does not replicate."},
    {0}};
static const struct dr_shape ddl_shape = {.fields = ddl_fields, .bytes = sizeof(struct dr_ddl)};

static const struct dr_field time_window_fields[] = {
    {.key = "days", DR_FIELD_DAYS(struct dr_time_window, days, day_words), .fallback = "Mon, Tue, Wed, Thu, Fri, Sat, Sun", .example = "[Sat, Sun]", .help = "Days on which it begins."},
    {.key = "from", DR_FIELD_CLOCK(struct dr_time_window, from_min), .required = true, .example = "\"22:00\"", .help = "When it begins, UTC."},
    {.key = "to", DR_FIELD_CLOCK(struct dr_time_window, to_min), .required = true, .example = "\"04:00\"", .help = "When it ends, UTC; not after from: on the next day."},
    {0}};
static const struct dr_shape time_window_shape = {.fields = time_window_fields, .bytes = sizeof(struct dr_time_window)};

#define DRIFT(name, class, def, text)                                                              \
    {.key = name, .type = DR_T_WORD, .words = &drift_words, .fallback = def, .help = text,         \
     .offset = DR_AT(struct dr_policy, drift[class], enum dr_drift_action)}
static const struct dr_field drift_fields[] = {
    DRIFT("changefeedPaused", DR_DRIFT_CHANGEFEED_PAUSED, "ask", "A feed that somebody paused."),
    DRIFT("changefeedRemoved", DR_DRIFT_CHANGEFEED_REMOVED, "ask", "A feed that somebody removed. Correct: made anew as the next generation, from the last checkpoint that drover saw, where GC has not passed that, no DDL came since and the secondary was never seen open; else a rebuild is needed. One that was adopted is never made anew: correct asks."),
    DRIFT("changefeedFailed", DR_DRIFT_CHANGEFEED_FAILED, "ask", "A feed that failed. Correct: resumed where history allows."),
    DRIFT("changefeedConfig", DR_DRIFT_CHANGEFEED_CONFIG, "warn", "A feed whose settings somebody changed. Correct: it is paused, given the declared ones, and resumed. An edit of the document is no drift: it is planned as a step."),
    DRIFT("changefeedDuplicated", DR_DRIFT_CHANGEFEED_DUPLICATED, "ask", "A second feed with a name of drover's out of the primary. drover ends nobody's feed: correct asks, too."),
    DRIFT("changefeedStranger", DR_DRIFT_CHANGEFEED_STRANGER, "ask", "A feed that is not drover's out of the primary into SQL, or out of the secondary. drover ends nobody's feed: correct asks, too."),
    DRIFT("variables", DR_DRIFT_VARIABLES, "correct", "TTL jobs of the secondary; correct switches them off. And tidb_enable_external_ts_read, which is told only."),
    DRIFT("roles", DR_DRIFT_ROLES, "ask", "A BDR role."),
    DRIFT("fence", DR_DRIFT_FENCE, "ask", "A fence lifted or set by hand."),
    DRIFT("idPairs", DR_DRIFT_ID_PAIRS, "correct", "auto_increment_increment and auto_increment_offset."),
    DRIFT("gcSwitch", DR_DRIFT_GC_SWITCH, "ask", "Garbage collection switched off by hand in the primary. Correct: switched on, where PD lists the safepoint of TiCDC."),
    DRIFT("grants", DR_DRIFT_GRANTS, "warn", "Grants of drover's accounts."),
    DRIFT("instances", DR_DRIFT_INSTANCES, "correct", "An SQL instance that nobody declared. Correct and ask refuse: declare it, or use sql.discover; warn and ignore go on, and the pair counts as unprotected."),
    DRIFT("ledger", DR_DRIFT_LEDGER, "warn", "Rows of another cluster in drover's ledger. They are never obeyed and never removed: correct tells, too. A row that is missing, or says something else than its peer, refuses whatever this says."),
    DRIFT("deployment", DR_DRIFT_DEPLOYMENT, "warn", "A cluster that differs from its TiUP file."),
    {0}};
_Static_assert(sizeof(drift_fields) / sizeof(drift_fields[0]) == DR_DRIFT_COUNT + 1, "one row a class");
static const struct dr_shape drift_shape = {.fields = drift_fields, .bytes = 0};

static const struct dr_field policy_fields[] = {
    {.key = "approve", DR_FIELD_WORDS(struct dr_policy, approve, dr_risk_words), .fallback = "destructive, data-loss", .example = "[disruptive, destructive, data-loss]",
     .help = "Steps of these risks wait for an approval of their plan. Destructive ones and those that lose data always do, named or not."},
    {.key = "windows", DR_FIELD_OBJECTS(struct dr_policy, windows, window_count, struct dr_time_window, time_window_shape), .max = 64, .otherwise = "always",
     .help = "When steps that somebody notices may start."},
    {.key = "drift", DR_FIELD_GROUP(drift_shape), .help = "What is done about differences, by class."},
    {0}};
static const struct dr_shape policy_shape = {.fields = policy_fields, .bytes = sizeof(struct dr_policy)};

static const struct dr_field reset_fields[] = {
    {.key = "id", DR_FIELD_STRING(struct dr_ledger_reset, id), .format = DR_F_WORD_ID, .required = true, .help = "The word from a human. It is used once."},
    {.key = "cluster", DR_FIELD_STRING(struct dr_ledger_reset, cluster), .format = DR_F_LABEL, .required = true, .help = "The cluster whose ledger is lost."},
    {.key = "term", DR_FIELD_U64(struct dr_ledger_reset, term), .required = true, .min = 1, .help = "The highest term, as the peers show it."},
    {.key = "reason", DR_FIELD_STRING(struct dr_ledger_reset, reason), .format = DR_F_ANY, .required = true, .help = "For the record."},
    {0}};
static const struct dr_shape reset_shape = {.fields = reset_fields, .bytes = sizeof(struct dr_ledger_reset), .declared = true};

static const struct dr_field ledger_fields[] = {
    {.key = "reset", DR_FIELD_OBJECT(struct dr_topology, ledger_reset, reset_shape), .help = "The way on after a ledger was lost: it is written anew from its peers."},
    {0}};
static const struct dr_shape ledger_shape = {.fields = ledger_fields, .bytes = 0};

static const struct dr_field secondary_fields[] = {
    {.key = "externalTsRead", DR_FIELD_BOOL(struct dr_topology, secondary.external_ts_read), .fallback = "false", .help = "Readers on the secondary see the newest syncpoint, a consistent point of the primary."},
    {0}};
static const struct dr_shape secondary_shape = {.fields = secondary_fields, .bytes = 0};

static const struct dr_field objectives_fields[] = {
    {.key = "rpo", DR_FIELD_DURATION(struct dr_objectives, rpo_ms), .min = SECOND, .max = DAY, .fallback = "30s", .help = "Data that may be lost: above this lag the topology is not protected."},
    {.key = "rto", DR_FIELD_DURATION(struct dr_objectives, rto_ms), .min = SECOND, .max = 7 * DAY, .fallback = "10m", .help = "Time until writes are taken again; measured, and reported when missed."},
    {.key = "freshness", DR_FIELD_DURATION(struct dr_objectives, freshness_ms), .min = SECOND, .max = 7 * DAY, .fallback = "15m", .help = "How old what readers on the secondary see may be."},
    {0}};
static const struct dr_shape objectives_shape = {.fields = objectives_fields, .bytes = sizeof(struct dr_objectives)};

static const struct dr_field topology_fields[] = {
    {.key = "mode", DR_FIELD_WORD(struct dr_topology, mode, enum dr_mode, dr_mode_words), .required = true, .change = DR_CHANGE_REBUILD, .help = "Who takes writes. Bidirectional can be written down and checked; to make it comes with a later version (DR-B001)."},
    {.key = "primary", DR_FIELD_STRING(struct dr_topology, primary), .format = DR_F_LABEL, .required = true, .only = "PrimarySecondary", .change = DR_CHANGE_ROLE, .example = "east",
     .help = "The cluster that takes the writes. Another name here asks for a planned switchover, which comes with a later version: today it is refused (DR-B023), and nothing is done."},
    {.key = "objectives", DR_FIELD_OBJECT(struct dr_topology, objectives, objectives_shape), .help = "What recovery is promised."},
    {.key = "clusters", DR_FIELD_OBJECTS(struct dr_topology, clusters, cluster_count, struct dr_cluster, cluster_shape), .required = true, .min = 1, .max = 16, .change = DR_CHANGE_REBUILD, .help = "The clusters."},
    {.key = "storage", DR_FIELD_OBJECT(struct dr_topology, storage, storage_shape), .help = "Storage outside the clusters."},
    {.key = "replication", DR_FIELD_OBJECT(struct dr_topology, replication, replication_shape), .required = true, .help = "How changes flow."},
    {.key = "bootstrap", DR_FIELD_OBJECT(struct dr_topology, bootstrap, bootstrap_shape), .help = "How a secondary is made."},
    {.key = "secondary", DR_FIELD_GROUP(secondary_shape), .only = "PrimarySecondary", .help = "The secondary as long as it is one. It is always fenced."},
    {.key = "ttlJobs", DR_FIELD_BOOL(struct dr_topology, ttl_jobs), .fallback = "true", .help = "Whether TTL jobs run on the primary. On a secondary they are always off."},
    {.key = "heartbeat", DR_FIELD_BOOL(struct dr_topology, heartbeat), .fallback = "true", .help = "Whether drover writes a row into drover.heartbeat of the open cluster each round; its age on the secondary is the end-to-end lag."},
    {.key = "switchover", DR_FIELD_OBJECT(struct dr_topology, switchover, switchover_shape), .only = "PrimarySecondary", .help = "The terms of a planned switchover. They are checked; to switch over comes with a later version (see spec.primary)."},
    {.key = "failover", DR_FIELD_OBJECT(struct dr_topology, failover, failover_shape), .only = "PrimarySecondary", .help = "The terms of a disaster failover and, with an id, the word from a human to do it. The word comes with a later version: today an id is refused (DR-B003)."},
    {.key = "approvals", DR_FIELD_OBJECTS(struct dr_topology, approvals, approval_count, struct dr_approval, approval_shape), .aside = true, .max = 64, .help = "Plans that were approved. Each is good for one use, while nothing that its digest covers has changed; it can be removed afterwards."},
    {.key = "ddl", DR_FIELD_OBJECT(struct dr_topology, ddl, ddl_shape), .only = "Bidirectional", .help = "Who may change schemas."},
    {.key = "policy", DR_FIELD_OBJECT(struct dr_topology, policy, policy_shape), .help = "What drover may do by itself, and when."},
    {.key = "ledger", DR_FIELD_GROUP(ledger_shape), .help = "drover's rows inside the clusters."},
    {.key = "management", DR_FIELD_WORD(struct dr_topology, management, enum dr_management, manage_words), .fallback = "Manage", .help = "Whether drover acts at all. Observe writes nothing, but that a topology which was managed before gives back what it holds: GC, and a changefeed that it paused."},
    {.key = "paused", DR_FIELD_BOOL(struct dr_topology, paused), .fallback = "false", .help = "Nothing new is started. An operation in flight is finished or aborted; history held past its deadline is given back."},
    {0}};
const struct dr_shape dr_topology_shape = {.fields = topology_fields, .bytes = sizeof(struct dr_topology)};
/* clang-format on */

const char *dr_risk_name(enum dr_risk r)
{
    return risk_list[r];
}

const char *dr_drift_class_name(enum dr_drift_class c)
{
    for (const struct dr_field *f = drift_fields; f->key; f++)
        if (f->offset ==
            offsetof(struct dr_policy, drift) + (size_t)c * sizeof(enum dr_drift_action))
            return f->key;
    return "";
}

const char *dr_drift_action_name(enum dr_drift_action a)
{
    return drift_list[a];
}

const struct dr_cluster *dr_topology_cluster(const struct dr_topology *t,
                                             const char *name)
{
    for (size_t i = 0; name && i < t->cluster_count; i++)
        if (t->clusters[i].name && !strcmp(t->clusters[i].name, name))
            return &t->clusters[i];
    return NULL;
}

const struct dr_cluster *dr_topology_secondary(const struct dr_topology *t)
{
    if (t->mode != DR_MODE_PRIMARY_SECONDARY || t->cluster_count != 2 ||
        !dr_topology_cluster(t, t->primary))
        return NULL;
    return &t->clusters[dr_topology_cluster(t, t->primary) == &t->clusters[0]];
}

const struct dr_edge_spec *dr_topology_edge(const struct dr_topology *t, const char *from,
                                            const char *to)
{
    for (size_t i = 0; i < t->replication.edge_count; i++) {
        const struct dr_edge_spec *e = &t->replication.edges[i];
        if (e->from && e->to && !strcmp(e->from, from) && !strcmp(e->to, to))
            return e;
    }
    return NULL;
}

bool dr_topology_wants_redo(const struct dr_topology *t)
{
    return t->replication.redo.declared && t->replication.redo.level == DR_REDO_EVENTUAL;
}

bool dr_topology_waives(const struct dr_topology *t, const char *schema,
                        const char *table)
{
    const struct dr_replication *r = &t->replication;
    for (size_t i = 0; i < r->allow_unreplicated_count; i++) {
        const char *w = r->allow_unreplicated[i], *dot = strchr(w, '.');
        size_t n = dot ? (size_t)(dot - w) : 0;
        if (dot && strlen(schema) == n && strncmp(w, schema, n) == 0 &&
            (strcmp(dot + 1, "*") == 0 || strcmp(dot + 1, table) == 0))
            return true;
    }
    return false;
}
