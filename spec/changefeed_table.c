#include "spec/changefeed.h"

#include <string.h>

#define S(ns)    ((ns)*1000000000ull)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const none_table[] = {"none", "table", NULL};
static const char *const txn_modes[] = {"optimistic", "pessimistic", NULL};
static const char *const integrity[] = {"none", "correctness", NULL};
static const char *const corruption[] = {"warn", "error", NULL};
static const char *const compressions[] = {"none", "lz4", NULL};
static const char *const redo_levels[] = {"none", "eventual", NULL};
static const char *const performance[] = {"throughput", "low-latency", NULL};
static const char *const date_separators[] = {"none", "year", "month", "day", NULL};

#define REDO "spec.replication.redo"
#define NEW  "v8.5.4" /* the new architecture exists from here on */

/* clang-format off */
static const struct dr_setting settings[] = {
    {.path = "memory-quota", .type = DR_S_UINT, .fallback = "1073741824", .help = "bytes of memory the changefeed may use on a capture; 0 gives the default"},
    {.path = "case-sensitive", .type = DR_S_BOOL, .fallback = "false", .help = "whether names in filters are case-sensitive"},
    {.path = "force-replicate", .type = DR_S_BOOL, .fallback = "false", .help = "replicate tables without a valid key: an UPDATE or DELETE may then hit several rows"},
    {.path = "ignore-ineligible-table", .type = DR_S_BOOL, .owner = "spec.replication.allowUnreplicated", .help = "skip tables that cannot replicate"},
    {.path = "check-gc-safe-point", .type = DR_S_BOOL, .owner = "drover itself (always true)", .help = "check the start against the GC safepoint"},
    {.path = "enable-sync-point", .type = DR_S_BOOL, .owner = "spec.replication.syncPoint", .help = "write syncpoints downstream"},
    {.path = "sync-point-interval", .type = DR_S_DURATION, .owner = "spec.replication.syncPoint.interval", .help = "time between syncpoints"},
    {.path = "sync-point-retention", .type = DR_S_DURATION, .owner = "spec.replication.syncPoint.retention", .help = "how long syncpoints are kept"},
    {.path = "enable-table-monitor", .type = DR_S_BOOL, .since = "v8.0.0", .fallback = "false", .help = "monitor each table's progress"},
    {.path = "bdr-mode", .type = DR_S_BOOL, .owner = "spec.mode", .help = "bidirectional replication"},
    {.path = "enable-old-value", .type = DR_S_BOOL, .until = "v7.5.0", .help = "send old values"},
    {.path = "sql-mode", .type = DR_S_STRING, .help = "SQL mode for parsing DDL; TiCDC deprecated it with v8.0"},
    {.path = "changefeed-error-stuck-duration", .type = DR_S_DURATION, .min = S(1800), .max = S(31536000), .fallback = "30m", .help = "how long an error is retried before the changefeed fails"},
    {.path = "performance-mode", .type = DR_S_WORD, .words = performance, .since = NEW, .fallback = "throughput", .help = "new architecture: what to optimise for"},
    {.path = "event-collector-batch-count", .type = DR_S_UINT, .max = 8192, .since = NEW, .help = "new architecture: events of one batch"},
    {.path = "event-collector-batch-bytes", .type = DR_S_UINT, .since = NEW, .help = "new architecture: bytes of one batch"},
    {.path = "enable-active-active", .type = DR_S_BOOL, .owner = "spec.mode", .since = NEW, .help = "active-active replication"},
    {.path = "active-active-progress-interval", .type = DR_S_DURATION, .owner = "spec.mode", .since = NEW, .help = "active-active progress"},
    {.path = "active-active-sync-stats-interval", .type = DR_S_DURATION, .owner = "spec.mode", .since = NEW, .help = "active-active statistics"},

    {.path = "filter.rules", .type = DR_S_STRINGS, .fallback = "[*.*]", .help = "table filter, later rules win: db.table, db.*, !db.*"},
    {.path = "filter.ignore-txn-start-ts", .type = DR_S_UINTS, .help = "transactions left out, by start-ts"},
    {.path = "filter.event-filters", .type = DR_S_OBJECTS, .help = "events left out, by table"},
    {.path = "filter.event-filters[].matcher", .type = DR_S_STRINGS, .help = "tables the filter is for"},
    {.path = "filter.event-filters[].ignore-event", .type = DR_S_STRINGS, .help = "event types left out: all dml, insert, drop table, .."},
    {.path = "filter.event-filters[].ignore-sql", .type = DR_S_STRINGS, .help = "DDL statements left out, by regular expression"},
    {.path = "filter.event-filters[].ignore-insert-value-expr", .type = DR_S_STRING, .help = "inserts left out, by an SQL expression"},
    {.path = "filter.event-filters[].ignore-update-new-value-expr", .type = DR_S_STRING, .help = "updates left out, by their new values"},
    {.path = "filter.event-filters[].ignore-update-old-value-expr", .type = DR_S_STRING, .help = "updates left out, by their old values"},
    {.path = "filter.event-filters[].ignore-delete-value-expr", .type = DR_S_STRING, .help = "deletes left out, by an SQL expression"},
    {.path = "filter.event-filters[].ignore-update-only-columns", .type = DR_S_STRINGS, .since = NEW, .help = "updates left out that change only these columns"},

    {.path = "mounter.worker-num", .type = DR_S_UINT, .min = 1, .max = 1024, .fallback = "16", .help = "threads that decode rows"},

    {.path = "consistent.level", .type = DR_S_WORD, .words = redo_levels, .owner = REDO ".level", .help = "redo level"},
    {.path = "consistent.max-log-size", .type = DR_S_UINT, .owner = REDO ".maxLogSize", .help = "MiB of one redo file"},
    {.path = "consistent.flush-interval", .type = DR_S_UINT, .owner = REDO ".flushInterval", .help = "ms between redo flushes"},
    {.path = "consistent.storage", .type = DR_S_STRING, .owner = "spec.storage.redo", .help = "where redo goes"},
    {.path = "consistent.meta-flush-interval", .type = DR_S_UINT, .min = 50, .max = 3600000, .fallback = "200", .help = "ms between flushes of the redo meta file"},
    {.path = "consistent.encoding-worker-num", .type = DR_S_UINT, .min = 1, .max = 1024, .fallback = "16", .help = "threads that encode redo"},
    {.path = "consistent.flush-worker-num", .type = DR_S_UINT, .min = 1, .max = 1024, .fallback = "8", .help = "threads that flush redo"},
    {.path = "consistent.use-file-backend", .type = DR_S_BOOL, .fallback = "false", .help = "write redo through local files"},
    {.path = "consistent.compression", .type = DR_S_WORD, .words = compressions, .fallback = "none", .help = "compression of redo files"},
    {.path = "consistent.flush-concurrency", .type = DR_S_UINT, .min = 1, .max = 1024, .fallback = "1", .help = "parallel uploads of one redo file"},
    {.path = "consistent.memory-usage.memory-quota-percentage", .type = DR_S_UINT, .min = 1, .max = 100, .fallback = "50", .help = "share of memory-quota for redo"},
    {.path = "consistent.memory-usage.event-cache-percentage", .type = DR_S_UINT, .max = 100, .until = "v7.6.0", .fallback = "0", .help = "share of memory-quota for the redo event cache"},

    {.path = "synced-status.synced-check-interval", .type = DR_S_UINT, .min = 1, .max = 86400, .fallback = "300", .help = "seconds without a write until the changefeed counts as synced"},
    {.path = "synced-status.checkpoint-interval", .type = DR_S_UINT, .min = 1, .max = 86400, .fallback = "15", .help = "seconds of lag that still count as synced"},

    {.path = "scheduler.enable-table-across-nodes", .type = DR_S_BOOL, .idle = true, .help = "spread one table over captures (Kafka only)"},
    {.path = "scheduler.region-threshold", .type = DR_S_UINT, .fallback = "100000", .fallback_new = "10000", .help = "Regions from which a table is split; the new architecture's default is 10000"},
    {.path = "scheduler.write-key-threshold", .type = DR_S_UINT, .fallback = "0", .help = "written keys a minute from which a table is split"},
    {.path = "scheduler.region-count-per-span", .type = DR_S_UINT, .since = NEW, .fallback = "100", .help = "Regions of one span"},
    {.path = "scheduler.region-count-refresh-interval", .type = DR_S_DURATION, .since = NEW, .fallback = "5m", .help = "how often Regions are counted"},
    {.path = "scheduler.scheduling-task-count-per-node", .type = DR_S_UINT, .min = 1, .max = 10000, .since = NEW, .fallback = "20", .help = "scheduling tasks of one capture"},
    {.path = "scheduler.enable-splittable-check", .type = DR_S_BOOL, .since = NEW, .fallback = "false", .help = "split only tables that can be"},
    {.path = "scheduler.force-split", .type = DR_S_BOOL, .since = NEW, .fallback = "false", .help = "split every table"},
    {.path = "scheduler.balance-score-threshold", .type = DR_S_UINT, .since = NEW, .fallback = "20", .help = "score from which spans are balanced"},
    {.path = "scheduler.min-traffic-percentage", .type = DR_S_RATIO, .since = NEW, .fallback = "0.8", .help = "lower bound of balanced traffic"},
    {.path = "scheduler.max-traffic-percentage", .type = DR_S_RATIO, .since = NEW, .fallback = "1.25", .help = "upper bound of balanced traffic"},

    {.path = "integrity.integrity-check-level", .type = DR_S_WORD, .words = integrity, .idle = true, .help = "row checksums (Kafka only)"},
    {.path = "integrity.corruption-handle-level", .type = DR_S_WORD, .words = corruption, .idle = true, .help = "what a wrong checksum does (Kafka only)"},

    {.path = "sink.transaction-atomicity", .type = DR_S_WORD, .words = none_table, .fallback = "none", .help = "none splits big transactions, table does not"},
    {.path = "sink.safe-mode", .type = DR_S_BOOL, .fallback = "false", .help = "write REPLACE INTO, so that replays do no harm"},
    {.path = "sink.advance-timeout-in-sec", .type = DR_S_UINT, .min = 1, .max = 86400, .api = "sink.advance_timeout", .fallback = "150", .help = "seconds without progress until a sink is restarted"},
    {.path = "sink.advance-timeout", .type = DR_S_UINT, .min = 1, .max = 86400, .fallback = "150", .help = "another spelling of advance-timeout-in-sec"},
    {.path = "sink.column-selectors", .type = DR_S_OBJECTS, .help = "columns that are replicated, by table"},
    {.path = "sink.column-selectors[].matcher", .type = DR_S_STRINGS, .help = "tables the selector is for"},
    {.path = "sink.column-selectors[].columns", .type = DR_S_STRINGS, .help = "columns replicated"},
    {.path = "sink.mysql-config.worker-count", .type = DR_S_UINT, .min = 1, .max = 1024, .fallback = "16", .help = "parallel connections to the downstream"},
    {.path = "sink.mysql-config.max-txn-row", .type = DR_S_UINT, .min = 1, .max = 2048, .fallback = "256", .help = "rows of one downstream transaction"},
    {.path = "sink.mysql-config.max-multi-update-row-size", .type = DR_S_UINT, .fallback = "1024", .help = "bytes of a row that may join a multi-row UPDATE"},
    {.path = "sink.mysql-config.max-multi-update-row-count", .type = DR_S_UINT, .fallback = "40", .help = "rows of one multi-row UPDATE"},
    {.path = "sink.mysql-config.tidb-txn-mode", .type = DR_S_WORD, .words = txn_modes, .fallback = "optimistic", .help = "transaction mode of the downstream sessions"},
    {.path = "sink.mysql-config.ssl-ca", .type = DR_S_STRING, .help = "CA file on every TiCDC host"},
    {.path = "sink.mysql-config.ssl-cert", .type = DR_S_STRING, .help = "certificate file on every TiCDC host"},
    {.path = "sink.mysql-config.ssl-key", .type = DR_S_STRING, .help = "key file on every TiCDC host"},
    {.path = "sink.mysql-config.time-zone", .type = DR_S_STRING, .help = "time zone of the downstream sessions"},
    {.path = "sink.mysql-config.write-timeout", .type = DR_S_GO_DURATION, .fallback = "2m", .help = "write timeout"},
    {.path = "sink.mysql-config.read-timeout", .type = DR_S_GO_DURATION, .fallback = "2m", .help = "read timeout"},
    {.path = "sink.mysql-config.timeout", .type = DR_S_GO_DURATION, .fallback = "2m", .help = "connect timeout"},
    {.path = "sink.mysql-config.enable-batch-dml", .type = DR_S_BOOL, .fallback = "true", .help = "join rows into one statement"},
    {.path = "sink.mysql-config.enable-multi-statement", .type = DR_S_BOOL, .fallback = "true", .help = "send several statements at once"},
    {.path = "sink.mysql-config.enable-cache-prepared-statement", .type = DR_S_BOOL, .fallback = "true", .help = "keep prepared statements"},
    {.path = "sink.mysql-config.async-ddl-timeout", .type = DR_S_GO_DURATION, .since = NEW, .help = "how long an index is waited for"},
    {.path = "sink.send-bootstrap-interval-in-sec", .type = DR_S_UINT, .idle = true, .help = "bootstrap messages (simple protocol)"},
    {.path = "sink.send-bootstrap-in-msg-count", .type = DR_S_UINT, .idle = true, .help = "bootstrap messages (simple protocol)"},
    {.path = "sink.send-bootstrap-to-all-partition", .type = DR_S_BOOL, .idle = true, .help = "bootstrap messages (simple protocol)"},
    {.path = "sink.send-all-bootstrap-at-start", .type = DR_S_BOOL, .api = "sink.send-all-bootstrap-at-start", .idle = true, .help = "bootstrap messages (simple protocol)"},
    {.path = "sink.debezium-disable-schema", .type = DR_S_BOOL, .idle = true, .help = "Debezium protocol"},
    {.path = "sink.debezium.output-old-value", .type = DR_S_BOOL, .idle = true, .help = "Debezium protocol"},
    {.path = "sink.open.output-old-value", .type = DR_S_BOOL, .idle = true, .help = "open protocol"},
    {.path = "sink.protocol", .type = DR_S_STRING, .idle = true, .help = "message format"},
    {.path = "sink.schema-registry", .type = DR_S_STRING, .idle = true, .help = "Avro schema registry"},
    {.path = "sink.terminator", .type = DR_S_STRING, .idle = true, .help = "line end of storage sinks"},
    {.path = "sink.date-separator", .type = DR_S_WORD, .words = date_separators, .idle = true, .help = "folders of storage sinks"},
    {.path = "sink.enable-partition-separator", .type = DR_S_BOOL, .idle = true, .help = "folders of storage sinks"},
    {.path = "sink.file-index-digit", .type = DR_S_UINT, .api = "sink.file_index_width", .idle = true, .help = "file names of storage sinks"},
    {.path = "sink.encoder-concurrency", .type = DR_S_UINT, .idle = true, .help = "threads that encode messages"},
    {.path = "sink.enable-kafka-sink-v2", .type = DR_S_BOOL, .idle = true, .help = "Kafka sink"},
    {.path = "sink.only-output-updated-columns", .type = DR_S_BOOL, .idle = true, .help = "message format"},
    {.path = "sink.delete-only-output-handle-key-columns", .type = DR_S_BOOL, .idle = true, .help = "message format"},
    {.path = "sink.content-compatible", .type = DR_S_BOOL, .idle = true, .help = "message format"},
    {.path = "sink.dispatchers", .type = DR_S_OBJECTS, .idle = true, .help = "topics and partitions by table"},
    {.path = "sink.dispatchers[].matcher", .type = DR_S_STRINGS, .idle = true, .help = "tables"},
    {.path = "sink.dispatchers[].dispatcher", .type = DR_S_STRING, .idle = true, .help = "old name of partition"},
    {.path = "sink.dispatchers[].partition", .type = DR_S_STRING, .idle = true, .help = "how rows are spread"},
    {.path = "sink.dispatchers[].index", .type = DR_S_STRING, .idle = true, .help = "index that spreads"},
    {.path = "sink.dispatchers[].columns", .type = DR_S_STRINGS, .idle = true, .help = "columns that spread"},
    {.path = "sink.dispatchers[].topic", .type = DR_S_STRING, .idle = true, .help = "topic"},
    {.path = "sink.dispatchers[].target-schema", .type = DR_S_STRING, .since = NEW, .idle = true, .help = "schema routing"},
    {.path = "sink.dispatchers[].target-table", .type = DR_S_STRING, .since = NEW, .idle = true, .help = "table routing"},
    {.path = "sink.csv.delimiter", .type = DR_S_STRING, .idle = true, .help = "CSV"},
    {.path = "sink.csv.quote", .type = DR_S_STRING, .idle = true, .help = "CSV"},
    {.path = "sink.csv.null", .type = DR_S_STRING, .idle = true, .help = "CSV"},
    {.path = "sink.csv.include-commit-ts", .type = DR_S_BOOL, .idle = true, .help = "CSV"},
    {.path = "sink.csv.binary-encoding-method", .type = DR_S_STRING, .idle = true, .help = "CSV"},
    {.path = "sink.csv.output-old-value", .type = DR_S_BOOL, .idle = true, .help = "CSV"},
    {.path = "sink.csv.output-handle-key", .type = DR_S_BOOL, .idle = true, .help = "CSV"},
    {.path = "sink.csv.output-field-header", .type = DR_S_BOOL, .idle = true, .help = "CSV"},
    {.path = "sink.cloud-storage-config.worker-count", .type = DR_S_UINT, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.flush-interval", .type = DR_S_GO_DURATION, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.file-size", .type = DR_S_UINT, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.output-column-id", .type = DR_S_BOOL, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.file-expiration-days", .type = DR_S_UINT, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.file-cleanup-cron-spec", .type = DR_S_STRING, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.flush-concurrency", .type = DR_S_UINT, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.output-raw-change-event", .type = DR_S_BOOL, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.spool-disk-quota", .type = DR_S_UINT, .since = NEW, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.spool-base-dir", .type = DR_S_STRING, .since = NEW, .idle = true, .help = "storage sink"},
    {.path = "sink.cloud-storage-config.use-table-id-as-path", .type = DR_S_BOOL, .since = NEW, .idle = true, .help = "storage sink"},
#define KAFKA(key, t) {.path = "sink.kafka-config." key, .type = t, .idle = true, .help = "Kafka sink"}
    KAFKA("partition-num", DR_S_UINT), KAFKA("replication-factor", DR_S_UINT), KAFKA("kafka-version", DR_S_STRING),
    KAFKA("max-message-bytes", DR_S_UINT), KAFKA("compression", DR_S_STRING), KAFKA("kafka-client-id", DR_S_STRING),
    KAFKA("auto-create-topic", DR_S_BOOL), KAFKA("dial-timeout", DR_S_GO_DURATION), KAFKA("write-timeout", DR_S_GO_DURATION),
    KAFKA("read-timeout", DR_S_GO_DURATION), KAFKA("required-acks", DR_S_STRING), KAFKA("sasl-user", DR_S_STRING),
    KAFKA("sasl-mechanism", DR_S_STRING), KAFKA("sasl-gssapi-auth-type", DR_S_STRING), KAFKA("sasl-gssapi-keytab-path", DR_S_STRING),
    KAFKA("sasl-gssapi-kerberos-config-path", DR_S_STRING), KAFKA("sasl-gssapi-service-name", DR_S_STRING), KAFKA("sasl-gssapi-user", DR_S_STRING),
    KAFKA("sasl-gssapi-realm", DR_S_STRING), KAFKA("sasl-gssapi-disable-pafxfast", DR_S_BOOL), KAFKA("sasl-oauth-client-id", DR_S_STRING),
    KAFKA("sasl-oauth-token-url", DR_S_STRING), KAFKA("sasl-oauth-scopes", DR_S_STRINGS), KAFKA("sasl-oauth-grant-type", DR_S_STRING),
    KAFKA("sasl-oauth-audience", DR_S_STRING), KAFKA("enable-tls", DR_S_BOOL), KAFKA("ca", DR_S_STRING), KAFKA("cert", DR_S_STRING),
    KAFKA("key", DR_S_STRING), KAFKA("insecure-skip-verify", DR_S_BOOL), KAFKA("output-raw-change-event", DR_S_BOOL),
    KAFKA("codec-config.enable-tidb-extension", DR_S_BOOL), KAFKA("codec-config.max-batch-size", DR_S_UINT),
    KAFKA("codec-config.avro-enable-watermark", DR_S_BOOL), KAFKA("codec-config.avro-decimal-handling-mode", DR_S_STRING),
    KAFKA("codec-config.avro-bigint-unsigned-handling-mode", DR_S_STRING), KAFKA("codec-config.encoding-format", DR_S_STRING),
    KAFKA("large-message-handle.large-message-handle-option", DR_S_STRING), KAFKA("large-message-handle.large-message-handle-compression", DR_S_STRING),
    KAFKA("large-message-handle.claim-check-storage-uri", DR_S_STRING), KAFKA("large-message-handle.claim-check-raw-value", DR_S_BOOL),
    KAFKA("glue-schema-registry-config.registry-name", DR_S_STRING), KAFKA("glue-schema-registry-config.region", DR_S_STRING),
#undef KAFKA
#define SECRET(key) {.path = "sink.kafka-config." key, .type = DR_S_STRING, .owner = "nothing: it is a secret of a Kafka sink, and drover feeds TiDB only", .help = "Kafka sink, a secret"}
    SECRET("sasl-password"), SECRET("sasl-gssapi-password"), SECRET("sasl-oauth-client-secret"),
    SECRET("glue-schema-registry-config.access-key"), SECRET("glue-schema-registry-config.secret-access-key"), SECRET("glue-schema-registry-config.token"),
#undef SECRET
};

/* Parameters of a mysql:// or tidb:// sink URI. */
static const struct dr_setting params[] = {
    {.path = "worker-count", .type = DR_S_UINT, .min = 1, .max = 1024, .fallback = "16", .help = "parallel connections to the downstream"},
    {.path = "max-txn-row", .type = DR_S_UINT, .min = 1, .max = 2048, .fallback = "256", .help = "rows of one downstream transaction"},
    {.path = "max-multi-update-row", .type = DR_S_UINT, .min = 1, .max = 256, .fallback = "40", .help = "rows of one multi-row UPDATE"},
    {.path = "max-multi-update-row-size", .type = DR_S_UINT, .max = 8192, .fallback = "1024", .help = "bytes of a row that may join a multi-row UPDATE"},
    {.path = "tidb-txn-mode", .type = DR_S_WORD, .words = txn_modes, .fallback = "optimistic", .help = "transaction mode of the downstream sessions"},
    {.path = "ssl-ca", .type = DR_S_STRING, .help = "CA file on every TiCDC host"},
    {.path = "ssl-cert", .type = DR_S_STRING, .help = "certificate file on every TiCDC host"},
    {.path = "ssl-key", .type = DR_S_STRING, .help = "key file on every TiCDC host"},
    {.path = "safe-mode", .type = DR_S_BOOL, .fallback = "false", .help = "write REPLACE INTO, so that replays do no harm"},
    {.path = "time-zone", .type = DR_S_STRING, .help = "time zone of the downstream sessions; it must equal that of the TiCDC servers"},
    {.path = "read-timeout", .type = DR_S_GO_DURATION, .fallback = "2m", .help = "read timeout"},
    {.path = "write-timeout", .type = DR_S_GO_DURATION, .fallback = "2m", .help = "write timeout"},
    {.path = "timeout", .type = DR_S_GO_DURATION, .fallback = "2m", .help = "connect timeout"},
    {.path = "batch-dml-enable", .type = DR_S_BOOL, .fallback = "true", .help = "join rows into one statement"},
    {.path = "multi-stmt-enable", .type = DR_S_BOOL, .fallback = "true", .help = "send several statements at once"},
    {.path = "cache-prep-stmts", .type = DR_S_BOOL, .fallback = "true", .help = "keep prepared statements"},
    {.path = "has-vector-type", .type = DR_S_BOOL, .since = "v8.4.0", .fallback = "false", .help = "the downstream knows vector types"},
    {.path = "transaction-atomicity", .type = DR_S_WORD, .words = none_table, .fallback = "none", .help = "none splits big transactions, table does not"},
};
/* clang-format on */

const struct dr_setting *dr_settings(size_t *count)
{
    *count = COUNT(settings);
    return settings;
}

const struct dr_setting *dr_sink_params(size_t *count)
{
    *count = COUNT(params);
    return params;
}

const struct dr_setting *dr_setting_find(const char *path)
{
    for (size_t i = 0; i < COUNT(settings); i++)
        if (!strcmp(settings[i].path, path))
            return &settings[i];
    return NULL;
}

const struct dr_setting *dr_setting_of_api(const char *field)
{
    size_t count;
    const struct dr_setting *all = dr_settings(&count);
    for (size_t i = 0; i < count; i++) {
        const char *p = all[i].api ? all[i].api : all[i].path, *q = field;
        while (*p && (*p == *q || (*p == '-' && *q == '_'))) {
            p++;
            q++;
        }
        if (!*p && !*q)
            return &all[i];
    }
    return NULL;
}

const char *dr_setting_type_text(enum dr_setting_type type)
{
    static const char *const names[DR_S_COUNT] = {
        [DR_S_BOOL] = "true or false",
        [DR_S_UINT] = "an integer",
        [DR_S_RATIO] = "a number",
        [DR_S_DURATION] = "a duration such as \"10m\"",
        [DR_S_GO_DURATION] = "a duration such as \"2m\"",
        [DR_S_STRING] = "text",
        [DR_S_WORD] = "a word",
        [DR_S_STRINGS] = "a list of text",
        [DR_S_UINTS] = "a list of integers",
        [DR_S_OBJECTS] = "a list of mappings",
    };
    return names[type];
}
