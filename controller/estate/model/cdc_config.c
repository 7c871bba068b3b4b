#include "controller/estate/model/cdc_config.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"

enum type { BOOL, UINT, INT, REAL, STR, DUR, OBJ, LIST, STRS, U64S };

enum {
    PTR = 1,               /* a pointer: absent is nil, not zero */
    OMIT = 2,              /* omitempty */
    FILL = 4,              /* an update that leaves it out gets the default */
    DROP_MYSQL = 8,        /* GET of a mysql or tidb sink leaves it out */
    NULL_MYSQL = 16,       /* .. shows null */
    NEW = 32 | PTR | OMIT, /* known to the new architecture only */
    ARCH = 32,
};

struct field {
    const char *path;
    enum type type;
    const char *dflt; /* JSON; NULL: nil or zero */
    unsigned flags;
};

/* In the order of the Go structs, which is the order of the output. */
/* clang-format off */
static const struct field fields[] = {
    {"memory_quota",                       UINT, "1073741824",      0},
    {"case_sensitive",                     BOOL, "false",           0},
    {"force_replicate",                    BOOL, "false",           0},
    {"ignore_ineligible_table",            BOOL, "false",           0},
    {"check_gc_safe_point",                BOOL, "true",            0},
    {"enable_sync_point",                  BOOL, "false",           PTR | OMIT},
    {"enable_table_monitor",               BOOL, "false",           PTR | OMIT},
    {"bdr_mode",                           BOOL, "false",           PTR | OMIT},
    {"sync_point_interval",                DUR,  "600000000000",    PTR | OMIT | FILL},
    {"sync_point_retention",               DUR,  "86400000000000",  PTR | OMIT | FILL},
    {"performance_mode",                   STR,  NULL,              NEW},
    {"event_collector_batch_count",        UINT, NULL,              NEW},
    {"event_collector_batch_bytes",        UINT, NULL,              NEW},
    {"enable_active_active",               BOOL, NULL,              NEW},
    {"active_active_progress_interval",    DUR,  NULL,              NEW},
    {"active_active_sync_stats_interval",  DUR,  NULL,              NEW},
    {"filter",                             OBJ,  "{}",              PTR | FILL},
    {"filter.rules",                       STRS, "[\"*.*\"]",       OMIT},
    {"filter.ignore_txn_start_ts",         U64S, NULL,              OMIT},
    {"filter.event_filters",               LIST, NULL,              OMIT},
    {"mounter",                            OBJ,  "{}",              PTR | FILL},
    {"mounter.worker_num",                 INT,  "16",              0},
    {"sink",                               OBJ,  "{}",              PTR | FILL},
    {"sink.protocol",                      STR,  NULL,              PTR | OMIT | DROP_MYSQL},
    {"sink.schema_registry",               STR,  NULL,              PTR | OMIT | DROP_MYSQL},
    {"sink.csv",                           OBJ,  "{}",              PTR | OMIT | DROP_MYSQL},
    {"sink.csv.delimiter",                 STR,  "\",\"",           0},
    {"sink.csv.quote",                     STR,  "\"\\\"\"",        0},
    {"sink.csv.null",                      STR,  "\"\\\\N\"",       0},
    {"sink.csv.include_commit_ts",         BOOL, "false",           0},
    {"sink.csv.binary_encoding_method",    STR,  "\"base64\"",      0},
    {"sink.csv.output_old_value",          BOOL, "false",           0},
    {"sink.csv.output_handle_key",         BOOL, "false",           0},
    {"sink.csv.output_field_header",       BOOL, "false",           0},
    {"sink.dispatchers",                   LIST, NULL,              OMIT | DROP_MYSQL},
    {"sink.column_selectors",              LIST, NULL,              OMIT},
    {"sink.transaction_atomicity",         STR,  NULL,              PTR | OMIT},
    {"sink.encoder_concurrency",           INT,  "32",              PTR | OMIT | DROP_MYSQL},
    {"sink.terminator",                    STR,  "\"\\r\\n\"",      PTR | OMIT | DROP_MYSQL},
    {"sink.date_separator",                STR,  "\"day\"",         PTR | OMIT | DROP_MYSQL},
    {"sink.enable_partition_separator",    BOOL, "true",            PTR | OMIT | DROP_MYSQL},
    {"sink.file_index_width",              INT,  NULL,              PTR | OMIT | DROP_MYSQL},
    {"sink.enable_kafka_sink_v2",          BOOL, "false",           PTR | OMIT | DROP_MYSQL},
    {"sink.only_output_updated_columns",   BOOL, "false",           PTR | OMIT | DROP_MYSQL},
    {"sink.delete_only_output_handle_key_columns", BOOL, "false",   PTR | NULL_MYSQL},
    {"sink.content_compatible",            BOOL, "false",           PTR | NULL_MYSQL},
    {"sink.safe_mode",                     BOOL, NULL,              PTR | OMIT},
    {"sink.kafka_config",                  LIST, NULL,              PTR | OMIT | DROP_MYSQL},
    {"sink.pulsar_config",                 LIST, NULL,              PTR | OMIT},
    {"sink.mysql_config",                  OBJ,  NULL,              PTR | OMIT},
    {"sink.mysql_config.worker_count",                  INT,  NULL, PTR | OMIT},
    {"sink.mysql_config.max_txn_row",                   INT,  NULL, PTR | OMIT},
    {"sink.mysql_config.max_multi_update_row_size",     INT,  NULL, PTR | OMIT},
    {"sink.mysql_config.max_multi_update_row_count",    INT,  NULL, PTR | OMIT},
    {"sink.mysql_config.tidb_txn_mode",                 STR,  NULL, PTR | OMIT},
    {"sink.mysql_config.ssl_ca",                        STR,  NULL, PTR | OMIT},
    {"sink.mysql_config.ssl_cert",                      STR,  NULL, PTR | OMIT},
    {"sink.mysql_config.ssl_key",                       STR,  NULL, PTR | OMIT},
    {"sink.mysql_config.time_zone",                     STR,  NULL, PTR | OMIT},
    {"sink.mysql_config.write_timeout",                 STR,  NULL, PTR | OMIT},
    {"sink.mysql_config.read_timeout",                  STR,  NULL, PTR | OMIT},
    {"sink.mysql_config.timeout",                       STR,  NULL, PTR | OMIT},
    {"sink.mysql_config.async_ddl_timeout",             STR,  NULL, NEW},
    {"sink.mysql_config.enable_batch_dml",              BOOL, NULL, PTR | OMIT},
    {"sink.mysql_config.enable_multi_statement",        BOOL, NULL, PTR | OMIT},
    {"sink.mysql_config.enable_cache_prepared_statement", BOOL, NULL, PTR | OMIT},
    {"sink.cloud_storage_config",          LIST, NULL,              PTR | OMIT | DROP_MYSQL},
    {"sink.advance_timeout",               UINT, "150",             PTR | OMIT},
    {"sink.advance_timeout_in_sec",        UINT, NULL,              NEW},
    {"sink.send_bootstrap_interval_in_sec", INT, "120",             PTR | OMIT},
    {"sink.send_bootstrap_in_msg_count",   INT,  "10000",           PTR | OMIT},
    {"sink.send_bootstrap_to_all_partition", BOOL, "true",          PTR | OMIT},
    {"sink.send-all-bootstrap-at-start",   BOOL, "false",           PTR | OMIT},
    {"sink.send_all_bootstrap_at_start",   BOOL, NULL,              NEW},
    {"sink.debezium_disable_schema",       BOOL, "false",           PTR | OMIT},
    {"sink.debezium",                      OBJ,  "{}",              PTR | OMIT},
    {"sink.debezium.output_old_value",     BOOL, "true",            0},
    {"sink.open",                          OBJ,  "{}",              PTR | OMIT},
    {"sink.open.output_old_value",         BOOL, "true",            0},
    {"consistent",                         OBJ,  "{}",              PTR | FILL},
    {"consistent.level",                   STR,  "\"none\"",        OMIT},
    {"consistent.max_log_size",            INT,  "64",              0},
    {"consistent.flush_interval",          INT,  "2000",            0},
    {"consistent.meta_flush_interval",     INT,  "200",             0},
    {"consistent.encoding_worker_num",     INT,  "16",              0},
    {"consistent.flush_worker_num",        INT,  "8",               0},
    {"consistent.storage",                 STR,  NULL,              OMIT},
    {"consistent.use_file_backend",        BOOL, "false",           0},
    {"consistent.compression",             STR,  NULL,              OMIT},
    {"consistent.flush_concurrency",       INT,  NULL,              OMIT},
    {"consistent.memory_usage",            OBJ,  "{}",              PTR},
    {"consistent.memory_usage.memory_quota_percentage", UINT, "50", 0},
    {"scheduler",                          OBJ,  "{}",              PTR | FILL},
    {"scheduler.enable_table_across_nodes", BOOL, "false",          0},
    {"scheduler.region_threshold",         INT,  "100000",          0},
    {"scheduler.write_key_threshold",      INT,  "0",               0},
    {"scheduler.region_count_per_span",    INT,  NULL,              NEW},
    {"scheduler.region_count_refresh_interval", DUR, NULL,          NEW},
    {"scheduler.scheduling_task_count_per_node", INT, NULL,         NEW},
    {"scheduler.enable_splittable_check",  BOOL, NULL,              NEW},
    {"scheduler.force_split",              BOOL, NULL,              NEW},
    {"scheduler.balance_score_threshold",  REAL, NULL,              NEW},
    {"scheduler.min_traffic_percentage",   REAL, NULL,              NEW},
    {"scheduler.max_traffic_percentage",   REAL, NULL,              NEW},
    {"integrity",                          OBJ,  "{}",              PTR | FILL},
    {"integrity.integrity_check_level",    STR,  "\"none\"",        0},
    {"integrity.corruption_handle_level",  STR,  "\"warn\"",        0},
    {"changefeed_error_stuck_duration",    DUR,  "1800000000000",   PTR | OMIT | FILL},
    {"sql_mode",                           STR,  NULL,              OMIT},
    {"synced_status",                      OBJ,  "{}",              PTR | FILL},
    {"synced_status.synced_check_interval", INT, "300",             0},
    {"synced_status.checkpoint_interval",  INT,  "15",              0},
};
/* clang-format on */
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const char *const go_types[] = {
    [BOOL] = "bool",     [UINT] = "uint64",   [INT] = "int",       [REAL] = "float64",
    [STR] = "string",    [DUR] = "int64",     [OBJ] = "v2.object", [LIST] = "[]v2.object",
    [STRS] = "[]string", [U64S] = "[]uint64",
};

static const char *leaf(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

static size_t parent_len(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? (size_t)(dot - path) : 0;
}

const json_t *dr_cdc_config_get(const json_t *config, const char *path)
{
    char part[64];

    while (config && *path) {
        size_t len = strcspn(path, ".");
        snprintf(part, sizeof(part), "%.*s", (int)len, path);
        config = json_object_get(config, part);
        path += len + (path[len] == '.');
    }
    return config;
}

static json_t *parent_of(json_t *config, const char *path)
{
    char parent[96];
    snprintf(parent, sizeof(parent), "%.*s", (int)parent_len(path), path);
    return (json_t *)(uintptr_t)dr_cdc_config_get(config, parent);
}

bool dr_cdc_config_bool(const json_t *config, const char *path)
{
    return json_is_true(dr_cdc_config_get(config, path));
}

int64_t dr_cdc_config_int(const json_t *config, const char *path)
{
    return json_integer_value(dr_cdc_config_get(config, path));
}

const char *dr_cdc_config_str(const json_t *config, const char *path)
{
    const char *s = json_string_value(dr_cdc_config_get(config, path));
    return s ? s : "";
}

static json_t *default_of(const struct field *f)
{
    return json_loads(f->dflt, JSON_DECODE_ANY, NULL);
}

/* Defaults of everything at and below a path ("": all). */
static void fill_defaults(json_t *config, const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        json_t *parent;
        if (!f->dflt || strncmp(f->path, path, len) ||
            (len && f->path[len] && f->path[len] != '.'))
            continue;
        parent = parent_of(config, f->path);
        if (parent)
            json_object_set_new(parent, leaf(f->path), default_of(f));
    }
}

json_t *dr_cdc_config_default(void)
{
    json_t *config = json_object();
    fill_defaults(config, "");
    return config;
}

/* ---- overlay ---- */
static const struct field *field_of(const char *parent, const char *key)
{
    size_t len = strlen(parent);

    for (size_t i = 0; i < FIELDS; i++)
        if (parent_len(fields[i].path) == len && !strncmp(fields[i].path, parent, len) &&
            !strcasecmp(leaf(fields[i].path), key))
            return &fields[i];
    return NULL;
}

static bool fits(const struct field *f, const json_t *v)
{
    switch (f->type) {
    case BOOL:
        return json_is_boolean(v);
    case UINT:
        return json_is_integer(v) && json_integer_value(v) >= 0;
    case INT:
        return json_is_integer(v);
    case REAL:
        return json_is_number(v);
    case STR:
        return json_is_string(v);
    case DUR:
        return json_is_integer(v) || json_is_string(v);
    case OBJ:
        return json_is_object(v);
    case LIST:
        return json_is_array(v) || (json_is_object(v) && f->flags & PTR);
    case STRS:
    case U64S:
        return json_is_array(v);
    }
    return false;
}

static const char *kind_name(const json_t *v)
{
    if (json_is_object(v))
        return "object";
    if (json_is_array(v))
        return "array";
    if (json_is_string(v))
        return "string";
    return json_is_boolean(v) ? "bool" : "number";
}

static bool set_field(json_t *config, const struct field *f, const json_t *v,
                      struct dr_buf *why)
{
    int64_t ns;
    const char *text = json_string_value(v);

    if (json_is_null(v)) { /* nil for a pointer, nothing for a plain field */
        if (f->flags & PTR || f->type == LIST || f->type == STRS || f->type == U64S)
            json_object_del(config, leaf(f->path));
        return true;
    }
    if (!fits(f, v)) {
        dr_buf_addf(why,
                    "json: cannot unmarshal %s into Go struct field "
                    "ReplicaConfig.replica_config.%s of type %s",
                    kind_name(v), f->path, go_types[f->type]);
        return false;
    }
    if (f->type == DUR && text) {
        if (!dr_parse_go_duration(text, strlen(text), &ns)) {
            dr_buf_addf(why, "time: invalid duration \"%s\"", text);
            return false;
        }
        json_object_set_new(config, leaf(f->path), json_integer(ns));
    } else
        json_object_set_new(config, leaf(f->path), json_deep_copy(v));
    return true;
}

static bool overlay_at(json_t *config, const char *path, const json_t *sent,
                       struct dr_buf *why)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)sent, key, v)
    {
        const struct field *f = field_of(path, key);
        json_t *child;
        if (!f)
            continue; /* silently ignored: a typo is never reported */
        if (f->type != OBJ || !json_is_object(v)) {
            if (!set_field(config, f, v, why))
                return false;
            continue;
        }
        child = json_object_get(config, leaf(f->path));
        if (!child) {
            child = json_object();
            json_object_set_new(config, leaf(f->path), child);
        }
        if (!overlay_at(child, f->path, v, why))
            return false;
    }
    return true;
}

/* Each event filter with its seven keys, as the struct prints them. */
static void complete_event_filters(json_t *config)
{
    static const char *const keys[] = {"matcher",
                                       "ignore_event",
                                       "ignore_sql",
                                       "ignore_insert_value_expr",
                                       "ignore_update_new_value_expr",
                                       "ignore_update_old_value_expr",
                                       "ignore_delete_value_expr"};
    json_t *list = json_object_get(json_object_get(config, "filter"), "event_filters");
    size_t i;
    json_t *old;

    json_array_foreach(list, i, old)
    {
        json_t *full = json_object();
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
            json_t *v = json_object_get(old, keys[k]);
            if (v)
                json_object_set(full, keys[k], v);
            else
                json_object_set_new(full, keys[k], k < 2 ? json_null() : json_string(""));
        }
        json_array_set_new(list, i, full);
    }
}

bool dr_cdc_config_overlay(json_t *config, const json_t *sent, struct dr_buf *why)
{
    if (!overlay_at(config, "", sent, why))
        return false;
    complete_event_filters(config);
    return true;
}

void dr_cdc_config_classic(json_t *config)
{
    for (size_t i = 0; i < FIELDS; i++) {
        json_t *parent =
            fields[i].flags & ARCH ? parent_of(config, fields[i].path) : NULL;
        if (parent)
            json_object_del(parent, leaf(fields[i].path));
    }
}

/* Sub-objects and durations that are nil get their defaults. */
static void fill_nil(json_t *config)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].flags & FILL && !json_object_get(config, fields[i].path))
            fill_defaults(config, fields[i].path);
}

void dr_cdc_config_fill_update(json_t *config)
{
    fill_nil(config);
}

/* ---- ValidateAndAdjust ---- */
bool dr_cdc_is_mysql(const struct dr_uri *sink)
{
    static const char *const schemes[] = {"mysql", "mysql+ssl", "tidb", "tidb+ssl"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (!strcmp(sink->scheme, schemes[i]))
            return true;
    return false;
}

static bool is_kafka(const struct dr_uri *sink)
{
    return !strncmp(sink->scheme, "kafka", 5) || !strncmp(sink->scheme, "pulsar", 6);
}

static bool refuse(struct dr_arena *a, struct dr_cdc_refusal *out, const char *fmt, ...)
    DR_PRINTF(3, 4);
static bool refuse(struct dr_arena *a, struct dr_cdc_refusal *out, const char *fmt, ...)
{
    va_list ap;
    const char *text;

    va_start(ap, fmt);
    text = dr_vsprintf(a, fmt, ap);
    va_end(ap);
    *out = (struct dr_cdc_refusal){
        .code = "CDC:ErrInvalidReplicaConfig",
        .status = 500,
        .text = dr_sprintf(a, "invalid replica config, %s", text),
    };
    return false;
}

static const char *go_time(struct dr_arena *a, int64_t ns)
{
    char text[DR_DURATION_TEXT];
    return dr_strdup(a, dr_go_duration_text(ns / 1000000, text));
}

static bool one_of(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(s, *words))
            return true;
    return false;
}

static bool adjust_syncpoint(struct dr_arena *a, const json_t *config,
                             struct dr_cdc_refusal *out)
{
    int64_t interval = dr_cdc_config_int(config, "sync_point_interval");
    int64_t retention = dr_cdc_config_int(config, "sync_point_retention");

    if (!dr_cdc_config_bool(config, "enable_sync_point"))
        return true;
    if (interval < 30 * INT64_C(1000000000))
        return refuse(a, out, "The SyncPointInterval:%s must be larger than 30s",
                      go_time(a, interval));
    if (retention < 3600 * INT64_C(1000000000))
        return refuse(a, out, "The SyncPointRetention:%s must be larger than 1h0m0s",
                      go_time(a, retention));
    return true;
}

static bool adjust_consistent(struct dr_arena *a, json_t *config,
                              struct dr_cdc_refusal *out)
{
    static const char *const levels[] = {"", "none", "eventual", NULL};
    static const char *const compressions[] = {"", "none", "lz4", NULL};
    static const char *const numbers[] = {"max_log_size", "flush_interval",
                                          "meta_flush_interval", "encoding_worker_num",
                                          "flush_worker_num"};
    json_t *c = json_object_get(config, "consistent");
    const char *level = dr_cdc_config_str(c, "level");
    const char *compression = dr_cdc_config_str(c, "compression");

    if (!one_of(level, levels))
        return refuse(a, out, "The consistent level:%s must be one of none, eventual",
                      level);
    if (strcmp(level, "eventual"))
        return true;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (!dr_cdc_config_int(c, numbers[i]))
            json_object_set_new(c, numbers[i],
                                default_of(field_of("consistent", numbers[i])));
    for (size_t i = 1; i <= 2; i++)
        if (dr_cdc_config_int(c, numbers[i]) < 50)
            return refuse(
                a, out, "The consistent.%s:%" PRId64 " must be equal or greater than 50",
                i == 1 ? "flush-interval" : "meta-flush-interval",
                dr_cdc_config_int(c, numbers[i]));
    if (!one_of(compression, compressions))
        return refuse(a, out, "The consistent.compression:%s must be 'none' or 'lz4'",
                      compression);
    return true;
}

/* protocol and transaction-atomicity of the URI go into the config. */
static bool adjust_sink(struct dr_arena *a, json_t *config, const struct dr_uri *sink,
                        struct dr_cdc_refusal *out)
{
    static const char *const atomicities[] = {"", "none", "table", NULL};
    const char *atomicity = dr_uri_param(a, sink, "transaction-atomicity");
    const char *protocol = dr_uri_param(a, sink, "protocol");
    json_t *s = json_object_get(config, "sink");

    if (atomicity)
        json_object_set_new(s, "transaction_atomicity", json_string(atomicity));
    if (protocol)
        json_object_set_new(s, "protocol", json_string(protocol));
    atomicity = dr_cdc_config_str(s, "transaction_atomicity");
    if (one_of(atomicity, atomicities))
        return true;
    *out = (struct dr_cdc_refusal){
        .code = "CDC:ErrSinkURIInvalid",
        .status = 400,
        .text = dr_sprintf(a,
                           "sink uri invalid '%s level atomicity is not supported by "
                           "%s scheme'",
                           atomicity, sink->scheme),
    };
    return false;
}

bool dr_cdc_config_adjust(struct dr_arena *a, json_t *config, const struct dr_uri *sink,
                          struct dr_cdc_refusal *out)
{
    int64_t stuck = dr_cdc_config_int(config, "changefeed_error_stuck_duration");

    *out = (struct dr_cdc_refusal){0};
    if (!adjust_sink(a, config, sink, out) || !adjust_consistent(a, config, out))
        return false;
    if (!dr_cdc_config_int(config, "memory_quota"))
        json_object_set_new(config, "memory_quota", json_integer(1073741824));
    if (!is_kafka(sink)) {
        json_object_set_new(json_object_get(config, "scheduler"),
                            "enable_table_across_nodes", json_false());
        json_object_set_new(json_object_get(config, "integrity"), "integrity_check_level",
                            json_string("none"));
    }
    if (!adjust_syncpoint(a, config, out))
        return false;
    if (stuck < 1800 * INT64_C(1000000000))
        return refuse(
            a, out,
            "The ChangefeedErrorStuckDuration:%f must be larger than 1800.000000 "
            "Seconds",
            (double)stuck / 1e9);
    return true;
}

/* ---- what GET shows ---- */
json_t *dr_cdc_config_normal(const json_t *config, const struct dr_uri *sink)
{
    static const char *const mysql_only[] = {"enable_sync_point", "bdr_mode",
                                             "sync_point_interval",
                                             "sync_point_retention", "consistent"};
    json_t *copy = json_deep_copy(config);

    fill_nil(copy);
    if (dr_cdc_is_mysql(sink)) {
        for (size_t i = 0; i < FIELDS; i++)
            if (fields[i].flags & (DROP_MYSQL | NULL_MYSQL)) {
                json_t *parent = parent_of(copy, fields[i].path);
                if (parent)
                    json_object_del(parent, leaf(fields[i].path));
            }
    } else if (strcmp(sink->scheme, "blackhole")) {
        for (size_t i = 0; i < sizeof(mysql_only) / sizeof(mysql_only[0]); i++)
            json_object_del(copy, mysql_only[i]);
        json_object_del(json_object_get(copy, "sink"), "safe_mode");
        json_object_del(json_object_get(copy, "sink"), "mysql_config");
    }
    return copy;
}

static bool is_zero(const struct field *f, const json_t *v)
{
    if (!v)
        return true;
    if (f->flags & PTR)
        return false;
    return json_is_false(v) || (json_is_integer(v) && !json_integer_value(v)) ||
           (json_is_string(v) && !*json_string_value(v)) ||
           (json_is_array(v) && !json_array_size(v));
}

static void write_zero(struct dr_gojson *w, const struct field *f)
{
    if (f->flags & PTR || f->type == LIST || f->type == STRS || f->type == U64S)
        dr_gojson_null(w, leaf(f->path));
    else if (f->type == BOOL)
        dr_gojson_bool(w, leaf(f->path), false);
    else if (f->type == STR)
        dr_gojson_str(w, leaf(f->path), "");
    else
        dr_gojson_i64(w, leaf(f->path), 0);
}

static void write_at(struct dr_gojson *w, const char *path, const json_t *o)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        const json_t *v;
        if (parent_len(f->path) != len || strncmp(f->path, path, len))
            continue;
        v = json_object_get(o, leaf(f->path));
        if (f->flags & OMIT && is_zero(f, v))
            continue;
        if (!v)
            write_zero(w, f);
        else if (f->type == OBJ) {
            dr_gojson_object(w, leaf(f->path));
            write_at(w, f->path, v);
            dr_gojson_end(w);
        } else
            dr_gojson_value(w, leaf(f->path), v);
    }
}

void dr_cdc_config_write(struct dr_gojson *w, const char *key, const json_t *config)
{
    dr_gojson_object(w, key);
    write_at(w, "", config);
    dr_gojson_end(w);
}
