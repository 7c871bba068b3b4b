/* kind: Estate: every field. */
#include "spec/estate_doc.h"
#include "spec/field.h"

static const char *const arch_list[] = {"Classic", "New"};
static const struct dr_words arch_words = {arch_list, NULL, 2};
static const char *const plugin_list[] = {"mysql_native_password",
                                          "caching_sha2_password"};
static const struct dr_words plugin_words = {plugin_list, NULL, 2};

#define SECOND  1000ull
#define HOUR    (3600 * SECOND)
#define E       struct dr_estate_doc
#define K       struct dr_sim_cluster
#define T       struct dr_sim_ticdc
#define A       struct dr_sim_account
#define D       struct dr_estate_doc
#define RESTART .change = DR_CHANGE_RESTART

/* clang-format off */
static const struct dr_field instance_fields[] = {
    {.key = "address", DR_FIELD_ADDRESS(struct dr_sim_instance, address), .required = true, RESTART, .example = "127.0.1.4:4000", .help = "HOST:PORT of the MySQL protocol."},
    {.key = "status", DR_FIELD_ADDRESS(struct dr_sim_instance, status), .otherwise = "port 10080 of the same host", RESTART, .help = "HOST:PORT of the status server."},
    {0}};
static const struct dr_shape instance_shape = {.fields = instance_fields, .bytes = sizeof(struct dr_sim_instance)};

static const struct dr_field account_fields[] = {
    {.key = "user", DR_FIELD_STRING(A, user), .format = DR_F_USER, .required = true, RESTART, .help = "User name."},
    {.key = "host", DR_FIELD_STRING(A, host), .format = DR_F_ANY, .fallback = "%", RESTART, .help = "Host pattern."},
    {.key = "password", DR_FIELD_STRING(A, password), .format = DR_F_ANY, .otherwise = "none", RESTART, .help = "Password, in the clear: nothing of an estate is real."},
    {.key = "plugin", DR_FIELD_WORD(A, plugin, enum dr_sim_plugin, plugin_words), .fallback = "mysql_native_password", RESTART, .help = "Authentication plugin."},
    {.key = "grants", DR_FIELD_STRINGS(A, grants, grant_count), .format = DR_F_ANY, .max = 256, .otherwise = "USAGE", RESTART, .example = "[ALL PRIVILEGES ON shop.*]", .help = "Privileges, as GRANT takes them, without TO."},
    {.key = "locked", DR_FIELD_BOOL(A, locked), .fallback = "false", RESTART, .help = "ACCOUNT LOCK."},
    {0}};
static const struct dr_shape account_shape = {.fields = account_fields, .bytes = sizeof(A)};

static const struct dr_field variable_fields[] = {
    {.key = "name", DR_FIELD_STRING(struct dr_sim_variable, name), .format = DR_F_VARIABLE, .required = true, RESTART, .help = "System variable."},
    {.key = "value", DR_FIELD_STRING(struct dr_sim_variable, value), .format = DR_F_ANY, .required = true, RESTART, .example = "\"ON\"", .help = "Its global value, in quotes where it looks like a number or boolean."},
    {0}};
static const struct dr_shape variable_shape = {.fields = variable_fields, .bytes = sizeof(struct dr_sim_variable), .name_key = "name"};

static const struct dr_field ticdc_fields[] = {
    {.key = "arch", DR_FIELD_WORD(T, arch, enum dr_ticdc_arch, arch_words), .fallback = "Classic", RESTART, .help = "Architecture."},
    {.key = "version", DR_FIELD_VERSION(T, version), .otherwise = "the cluster's", RESTART, .help = "Version it reports."},
    {.key = "clusterId", DR_FIELD_STRING(T, cluster_id), .format = DR_F_FEED, .fallback = "default", RESTART, .help = "TiCDC's own cluster id."},
    {.key = "region", DR_FIELD_STRING(T, region), .format = DR_F_LABEL, .otherwise = "the cluster's", RESTART, .help = "Where its captures stand."},
    {.key = "gcTtl", DR_FIELD_DURATION(T, gc_ttl_ms), .min = SECOND, .max = 720 * HOUR, .fallback = "24h", RESTART, .help = "Life of its service safepoint."},
    {.key = "captures", DR_FIELD_ADDRESSES(T, captures, capture_count), .required = true, .min = 1, .max = 16, RESTART, .example = "[127.1.1.9:8300]", .help = "HOST:PORT of each server."},
    {0}};
static const struct dr_shape ticdc_shape = {.fields = ticdc_fields, .bytes = sizeof(T), .declared = true};

static const struct dr_field tls_fields[] = {
    {.key = "cert", DR_FIELD_STRING(K, tls.cert), .format = DR_F_FILE, RESTART, .help = "File of the server certificate."},
    {.key = "key", DR_FIELD_STRING(K, tls.key), .format = DR_F_FILE, RESTART, .help = "File of its key."},
    {0}};
static const struct dr_shape sim_tls_shape = {.fields = tls_fields};

static const struct dr_field cluster_fields[] = {
    {.key = "name", DR_FIELD_STRING(K, name), .format = DR_F_LABEL, .required = true, RESTART, .help = "Name of the cluster."},
    {.key = "region", DR_FIELD_STRING(K, region), .format = DR_F_LABEL, .fallback = "region-1", RESTART, .help = "Where it stands: regions can be cut off."},
    {.key = "version", DR_FIELD_VERSION(K, version), .fallback = "v8.5.3", RESTART, .help = "Version of TiDB and PD."},
    {.key = "pdClusterId", DR_FIELD_U64(K, pd_cluster_id), .min = 1, .otherwise = "drawn from the seed", RESTART, .help = "PD cluster id."},
    {.key = "sql", DR_FIELD_OBJECTS(K, sql, sql_count, struct dr_sim_instance, instance_shape), .required = true, .min = 1, .max = 16, RESTART, .help = "SQL instances."},
    {.key = "pd", DR_FIELD_ADDRESSES(K, pd, pd_count), .required = true, .min = 1, .max = 16, RESTART, .example = "[127.0.1.1:2379]", .help = "HOST:PORT of each PD server."},
    {.key = "ticdc", DR_FIELD_OBJECT(K, ticdc, ticdc_shape), .otherwise = "none", RESTART, .help = "The TiCDC that captures this cluster."},
    {.key = "accounts", DR_FIELD_OBJECTS(K, accounts, account_count, A, account_shape), .max = 64, .otherwise = "root without a password", RESTART, .help = "Accounts beside root, which has no password."},
    {.key = "variables", DR_FIELD_OBJECTS(K, variables, variable_count, struct dr_sim_variable, variable_shape), .max = 256, RESTART, .help = "Global variables that differ from TiDB's defaults."},
    {.key = "script", DR_FIELD_STRINGS(K, script, script_count), .format = DR_F_TEXT, .max = 10000, RESTART, .example = "[CREATE DATABASE shop]", .help = "SQL statements run at the start, in order."},
    {.key = "tls", DR_FIELD_GROUP(sim_tls_shape), .otherwise = "none", RESTART, .help = "TLS of the SQL ports."},
    {0}};
static const struct dr_shape sim_cluster_shape = {.fields = cluster_fields, .bytes = sizeof(K), .name_key = "name"};

static const struct dr_field storage_fields[] = {
    {.key = "name", DR_FIELD_STRING(struct dr_sim_storage, name), .format = DR_F_LABEL, .required = true, RESTART, .help = "Name of the server."},
    {.key = "region", DR_FIELD_STRING(struct dr_sim_storage, region), .format = DR_F_LABEL, .fallback = "region-1", RESTART, .help = "Where it stands."},
    {.key = "address", DR_FIELD_ADDRESS(struct dr_sim_storage, address), .required = true, RESTART, .example = "127.1.1.11:6060", .help = "HOST:PORT of the S3 endpoint."},
    {.key = "buckets", DR_FIELD_STRINGS(struct dr_sim_storage, buckets, bucket_count), .format = DR_F_BUCKET, .required = true, .min = 1, .max = 64, RESTART, .example = "[backup, redo]", .help = "Buckets it has."},
    {.key = "accessKey", DR_FIELD_STRING(struct dr_sim_storage, access_key), .format = DR_F_ANY, .required = true, RESTART, .help = "Access key, in the clear."},
    {.key = "secretKey", DR_FIELD_STRING(struct dr_sim_storage, secret_key), .format = DR_F_ANY, .required = true, RESTART, .help = "Secret key, in the clear."},
    {.key = "signingRegion", DR_FIELD_STRING(struct dr_sim_storage, signing_region), .format = DR_F_LABEL, .fallback = "us-east-1", RESTART, .help = "Region of the signatures it takes."},
    {0}};
static const struct dr_shape sim_storage_shape = {.fields = storage_fields, .bytes = sizeof(struct dr_sim_storage), .name_key = "name"};

#define DURATION(name, member, def, text) {.key = name, DR_FIELD_DURATION(D, durations.member), .max = 24 * HOUR, .fallback = def, RESTART, .help = text}
static const struct dr_field duration_fields[] = {
    DURATION("backup", backup_ms, "10s", "How long BACKUP takes."),
    DURATION("restore", restore_ms, "15s", "How long RESTORE takes."),
    DURATION("ownerChange", owner_change_ms, "3s", "How long a new TiCDC owner shows no feeds."),
    DURATION("propagation", propagation_ms, "500ms", "Until a global variable reaches the other instances."),
    DURATION("safepointInterval", safepoint_interval_ms, "1m", "How often TiCDC renews its service safepoint."),
    DURATION("feedApply", feed_apply_ms, "200ms", "Until a feed is made, paused, resumed or removed."),
    DURATION("checkpointTick", checkpoint_tick_ms, "1s", "How often checkpoints rise."),
    {0}};
static const struct dr_shape duration_shape = {.fields = duration_fields};

static const struct dr_field fields[] = {
    {.key = "seed", DR_FIELD_U64(E, seed), .fallback = "1", RESTART, .help = "Seed of everything that is drawn."},
    {.key = "clusters", DR_FIELD_OBJECTS(E, clusters, cluster_count, K, sim_cluster_shape), .required = true, .min = 1, .max = 512, RESTART, .help = "The clusters."},
    {.key = "storage", DR_FIELD_OBJECTS(E, storage, storage_count, struct dr_sim_storage, sim_storage_shape), .max = 16, RESTART, .help = "S3 servers."},
    {.key = "durations", DR_FIELD_GROUP(duration_shape), RESTART, .help = "How long things take; --speed divides them."},
    {0}};
/* clang-format on */

const struct dr_shape dr_estate_shape = {.fields = fields, .bytes = sizeof(E)};
