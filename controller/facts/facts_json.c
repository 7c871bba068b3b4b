/* The snapshot as JSON, for `--save-observed`, `--observed`, golden cases and incident
 * replay. Only tables: what a field is called and how it is written; codec.c does the
 * work. The format version changes with any change that an older drover would refuse. */
#include "controller/base/json.h"
#include "controller/facts/codec.h"
#include "controller/facts/facts.h"

enum { FORMAT = 1 };
#define WALL_MAX_MS INT64_C(253402300799999) /* ages count back from it */

#define OPT    DR_CODEC_OPTIONAL
#define ALWAYS DR_CODEC_ALWAYS

/* In each table T is the struct it describes. */
#define SCALAR(kind_, type, name_, f, flags_)                                            \
    {                                                                                    \
        .name = (name_), .kind = (kind_), .at = DR_CODEC_AT(T, f, type),                 \
        .flags = (flags_)                                                                \
    }
#define BOOL(name, f)          SCALAR(DR_CODEC_BOOL, bool, name, f, 0)
#define U32(name, f, flags)    SCALAR(DR_CODEC_U32, uint32_t, name, f, flags)
#define I64(name, f)           SCALAR(DR_CODEC_I64, int64_t, name, f, 0)
#define SIZE(name, f)          SCALAR(DR_CODEC_SIZE, size_t, name, f, 0)
#define NUMBER(name, f, flags) SCALAR(DR_CODEC_NUMBER, uint64_t, name, f, flags)
#define DIGITS(name, f)        SCALAR(DR_CODEC_DIGITS, uint64_t, name, f, 0)
#define AGE(name, f, flags)    SCALAR(DR_CODEC_AGE, int64_t, name, f, flags)
#define TEXT(name, f, flags)   SCALAR(DR_CODEC_TEXT, const char *, name, f, flags)
#define VERSION(name, f)       SCALAR(DR_CODEC_VERSION, struct dr_version, name, f, 0)
#define WORD(name_, f, words_)                                                           \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_WORD, .at = DR_CODEC_AT(T, f, unsigned),       \
        .words = (words_)                                                                \
    }
#define OBJECT(name_, f, type, codec_)                                                   \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_OBJECT, .at = DR_CODEC_AT(T, f, type),         \
        .codec = (codec_)                                                                \
    }
#define LIST(name_, f, count, type, codec_, flags_)                                      \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_LIST, .at = DR_CODEC_AT(T, f, type *),         \
        .count_at = DR_CODEC_AT(T, count, size_t), .codec = (codec_), .flags = (flags_)  \
    }
#define TEXTS(name_, f, count, flags_)                                                   \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_TEXTS, .at = DR_CODEC_AT(T, f, const char **), \
        .count_at = DR_CODEC_AT(T, count, size_t), .flags = (flags_)                     \
    }
#define CODEC_(group_, ...)                                                              \
    {                                                                                    \
        .bytes = sizeof(T), .group = (group_), .fields = (const struct dr_codec_field[]) \
        {                                                                                \
            __VA_ARGS__,                                                                 \
            {                                                                            \
                .kind = DR_CODEC_END                                                     \
            }                                                                            \
        }                                                                                \
    }
#define GROUP(...) CODEC_(true, __VA_ARGS__)
#define ITEM(...)  CODEC_(false, __VA_ARGS__)

static const char *const table_kind_list[] = {
    [DR_TABLE_BASE] = "table",
    [DR_TABLE_VIEW] = "view",
    [DR_TABLE_SEQUENCE] = "sequence",
};
static const struct dr_codec_words table_kinds = {3, table_kind_list};

static const char *const endpoint_kind_list[] = {
    [DR_ENDPOINT_PD] = "pd",
    [DR_ENDPOINT_TICDC] = "ticdc",
};
static const struct dr_codec_words endpoint_kinds = {2, endpoint_kind_list};

static const char *const login_answer_list[] = {
    [DR_LOGIN_LET_IN] = "let in",
    [DR_LOGIN_LOCKED] = "locked",
    [DR_LOGIN_WRONG_PASSWORD] = "wrong password",
};
static const struct dr_codec_words login_answers = {3, login_answer_list};

// clang-format off
#define T struct dr_instance
static const struct dr_codec instance_codec = GROUP(
    TEXT("address", address, ALWAYS),
    BOOL("superReadOnly", super_read_only),
    BOOL("restrictedReadOnly", restricted_read_only),
    BOOL("gcEnable", gc_enable),
    I64("gcLifeTimeMs", gc_life_time_ms),
    BOOL("ttlJobEnable", ttl_job_enable),
    BOOL("externalTsRead", external_ts_read),
    U32("autoIncrementIncrement", auto_increment_increment, 0),
    U32("autoIncrementOffset", auto_increment_offset, 0));
#undef T

#define T struct dr_job
static const struct dr_codec job_codec = ITEM(
    TEXT("destination", destination, 0),
    TEXT("state", state, 0),
    U32("progressPermille", progress_permille, 0),
    DIGITS("connectionId", connection_id),
    BOOL("finished", finished));
#undef T

#define T struct dr_session
static const struct dr_codec session_codec = ITEM(
    DIGITS("id", id),
    TEXT("user", user, 0),
    I64("timeS", time_s),
    TEXT("word", word, 0));
#undef T

#define T struct dr_jobs
static const struct dr_codec jobs_codec = GROUP(
    TEXT("instance", instance, ALWAYS | OPT),
    LIST("backups", backups, backup_count, struct dr_job, &job_codec, 0),
    LIST("restores", restores, restore_count, struct dr_job, &job_codec, 0),
    LIST("sessions", sessions, session_count, struct dr_session, &session_codec, 0),
    LIST("sinkSessions", sinks, sink_count, struct dr_session, &session_codec, OPT));
#undef T

#define T struct dr_ledger_row
static const struct dr_codec ledger_row_codec = ITEM(
    DIGITS("clusterId", cluster_id),
    TEXT("key", key, 0),
    {.name = "value", .kind = DR_CODEC_JSON, .at = DR_CODEC_AT(T, value, const char *)},
    NUMBER("epoch", epoch, 0),
    TEXT("holder", holder, 0));
#undef T

#define T struct dr_beat
static const struct dr_codec beat_codec = ITEM(
    TEXT("origin", origin, 0),
    DIGITS("tso", tso));
#undef T

#define T struct dr_ledger_group
static const struct dr_codec ledger_codec = GROUP(
    DIGITS("tso", tso),
    TEXT("instance", instance, 0),
    BOOL("tablePresent", table_present),
    LIST("rows", raw, raw_count, struct dr_ledger_row, &ledger_row_codec, 0),
    BOOL("beatTablePresent", beat_table_present),
    LIST("beats", beats, beat_count, struct dr_beat, &beat_codec, 0));
#undef T

#define T struct dr_member
static const struct dr_codec member_codec = ITEM(
    TEXT("type", type, 0),
    TEXT("instance", instance, 0),
    TEXT("statusAddress", status_address, 0),
    TEXT("version", version, 0));
#undef T

#define T struct dr_identity
static const struct dr_codec identity_codec = GROUP(
    DIGITS("clusterId", cluster_id),
    VERSION("version", version),
    BOOL("newCollation", new_collation),
    LIST("members", members, member_count, struct dr_member, &member_codec, 0));
#undef T

#define T struct dr_pd
static const struct dr_codec pd_codec = GROUP(
    DIGITS("clusterId", cluster_id),
    VERSION("version", version),
    TEXTS("addresses", addresses, address_count, 0));
#undef T

#define T struct dr_safepoint
static const struct dr_codec safepoint_codec = ITEM(
    TEXT("serviceId", service_id, 0),
    I64("expiredAtS", expired_at_s),
    DIGITS("safePoint", safe_point));
#undef T

#define T struct dr_safepoints
static const struct dr_codec safepoints_codec = GROUP(
    DIGITS("gcSafePoint", gc_safe_point),
    LIST("items", items, count, struct dr_safepoint, &safepoint_codec, 0));
#undef T

#define T struct dr_stores
static const struct dr_codec stores_codec = GROUP(
    DIGITS("dataBytes", data_bytes),
    U32("count", count, 0),
    U32("replicas", replicas, 0));
#undef T

#define T struct dr_cdc_server
static const struct dr_codec cdc_codec = GROUP(
    VERSION("version", version),
    TEXT("clusterId", cluster_id, OPT),
    BOOL("newArch", new_arch),
    BOOL("healthy", healthy),
    TEXT("ownerId", owner_id, OPT),
    I64("gcTtlS", gc_ttl_s),
    SIZE("captureCount", capture_count),
    TEXTS("addresses", addresses, address_count, OPT));
#undef T

#define T struct dr_feed
static const struct dr_codec feed_codec = ITEM(
    TEXT("id", id, 0),
    DIGITS("upstreamId", upstream_id),
    WORD("state", state, &dr_codec_words_feed_state),
    DIGITS("checkpoint", checkpoint),
    TEXT("error", error, OPT),
    U32("rises", rises, 0),
    SCALAR(DR_CODEC_BOOL, bool, "leavesSql", leaves_sql, OPT),
    SCALAR(DR_CODEC_TEXT, const char *, "sinkUser", sink_user, OPT));
#undef T

#define T struct dr_feeds
static const struct dr_codec feeds_codec = GROUP(
    TEXT("ownerId", owner_id, OPT),
    TEXT("unproven", unproven, OPT),
    LIST("items", items, count, struct dr_feed, &feed_codec, 0));
#undef T

#define T struct dr_difference
static const struct dr_codec difference_codec = ITEM(
    TEXT("field", field, 0),
    TEXT("desired", desired, 0),
    TEXT("observed", observed, 0));
#undef T

#define T struct dr_feed_detail
static const struct dr_codec feed_detail_codec = GROUP(
    TEXT("id", id, ALWAYS | OPT),
    BOOL("present", present),
    BOOL("absenceProven", absence_proven),
    U32("absentPolls", absent_polls, ALWAYS | OPT),
    AGE("absentSinceAgeMs", absent_since_ms, ALWAYS | OPT),
    TEXT("ownerId", owner_id, ALWAYS | OPT),
    DIGITS("upstreamId", upstream_id),
    SCALAR(DR_CODEC_DIGITS, uint64_t, "startTs", start_ts, OPT),
    TEXT("sinkScheme", sink_scheme, OPT),
    TEXT("sinkAddress", sink_address, OPT),
    TEXT("sinkUser", sink_user, OPT),
    LIST("differences", differences, difference_count, struct dr_difference,
         &difference_codec, 0),
    LIST("extras", extras, extra_count, struct dr_difference, &difference_codec, OPT),
    TEXT("refused", refused, OPT),
    SCALAR(DR_CODEC_BOOL, bool, "pausesAnswered", pauses_answered, OPT),
    TEXT("sentSecret", sent_secret, OPT),
    SCALAR(DR_CODEC_BOOL, bool, "leavesBeatOut", leaves_beat_out, OPT));
#undef T

#define T struct dr_account
static const struct dr_codec account_codec = ITEM(
    TEXT("name", name, 0),
    TEXTS("hosts", hosts, host_count, 0),
    {.name = "locked", .kind = DR_CODEC_BOOLS, .flags = DR_CODEC_PARALLEL,
     .at = DR_CODEC_AT(T, locked, bool *), .count_at = DR_CODEC_AT(T, host_count, size_t)},
    {.name = "privileges", .kind = DR_CODEC_BITS, .words = &dr_codec_words_privilege,
     .at = DR_CODEC_AT(T, privileges, uint32_t)},
    {.name = "ledgerPrivileges", .kind = DR_CODEC_BITS, .flags = OPT,
     .words = &dr_codec_words_privilege, .at = DR_CODEC_AT(T, ledger_privileges, uint32_t)},
    {.name = "beatPrivileges", .kind = DR_CODEC_BITS, .flags = OPT,
     .words = &dr_codec_words_privilege, .at = DR_CODEC_AT(T, beat_privileges, uint32_t)});
#undef T

#define T struct dr_accounts
static const struct dr_codec accounts_codec = GROUP(
    LIST("items", items, count, struct dr_account, &account_codec, 0),
    TEXTS("bypass", bypass, bypass_count, 0),
    {.name = "supers", .kind = DR_CODEC_TEXTS, .flags = OPT,
     .at = DR_CODEC_AT(T, supers, const char **),
     .count_at = DR_CODEC_AT(T, super_count, size_t)});
#undef T

#define T struct dr_table
static const struct dr_codec table_codec = ITEM(
    TEXT("schema", schema, 0),
    TEXT("name", name, 0),
    WORD("kind", kind, &table_kinds),
    BOOL("eligible", eligible));
#undef T

#define T struct dr_tables
static const struct dr_codec tables_codec = GROUP(
    TEXTS("schemas", schemas, schema_count, 0),
    LIST("items", items, count, struct dr_table, &table_codec, 0));
#undef T

#define T struct dr_ddl_jobs
static const struct dr_codec ddl_codec = GROUP(
    TEXTS("texts", texts, count, 0),
    TEXT("last", last, OPT),
    SCALAR(DR_CODEC_I64, int64_t, "lastMs", last_ms, OPT));
#undef T

#define T struct dr_endpoint_seen
static const struct dr_codec endpoint_codec = GROUP(
    {.name = "kind", .kind = DR_CODEC_WORD, .at = DR_CODEC_AT(T, kind, enum dr_endpoint_kind),
     .words = &endpoint_kinds, .flags = ALWAYS},
    TEXT("address", address, ALWAYS));
#undef T

#define T struct dr_cluster_facts
static const struct dr_codec cluster_codec = ITEM(
    TEXT("name", name, 0),
    LIST("instances", instances, instance_count, struct dr_instance, &instance_codec, 0),
    LIST("jobs", jobs, instance_count, struct dr_jobs, &jobs_codec, DR_CODEC_PARALLEL),
    OBJECT("ledger", ledger, struct dr_ledger_group, &ledger_codec),
    OBJECT("identity", identity, struct dr_identity, &identity_codec),
    OBJECT("pd", pd, struct dr_pd, &pd_codec),
    OBJECT("safepoints", safepoints, struct dr_safepoints, &safepoints_codec),
    OBJECT("stores", stores, struct dr_stores, &stores_codec),
    OBJECT("cdc", cdc, struct dr_cdc_server, &cdc_codec),
    OBJECT("feeds", feeds, struct dr_feeds, &feeds_codec),
    OBJECT("feed", feed, struct dr_feed_detail, &feed_detail_codec),
    OBJECT("accounts", accounts, struct dr_accounts, &accounts_codec),
    OBJECT("tables", tables, struct dr_tables, &tables_codec),
    OBJECT("ddl", ddl, struct dr_ddl_jobs, &ddl_codec),
    LIST("endpoints", endpoints, endpoint_count, struct dr_endpoint_seen, &endpoint_codec, OPT));
#undef T

#define T struct dr_listing
static const struct dr_codec listing_codec = GROUP(
    TEXT("prefix", prefix, ALWAYS | OPT),
    SIZE("count", count),
    BOOL("hasLock", has_lock),
    BOOL("hasMeta", has_meta));
#undef T

#define T struct dr_redo_logs
static const struct dr_codec redo_codec = GROUP(
    TEXT("prefix", prefix, ALWAYS | OPT),
    BOOL("found", found),
    DIGITS("checkpoint", checkpoint),
    DIGITS("resolved", resolved));
#undef T

#define T struct dr_equality
static const struct dr_codec equality_codec = GROUP(
    NUMBER("generation", generation, 0),
    DIGITS("tso", tso),
    BOOL("complete", complete),
    SIZE("tableCount", table_count),
    LIST("differences", differences, difference_count, struct dr_difference,
         &difference_codec, 0));
#undef T

#define T struct dr_sink_login
static const struct dr_codec sink_login_codec = GROUP(
    NUMBER("generation", generation, 0),
    WORD("answer", answer, &login_answers));
#undef T

struct snapshot {
    uint32_t format;
    struct dr_facts facts;
};
#define T struct snapshot
static const struct dr_codec snapshot_codec = ITEM(
    U32("format", format, 0),
    I64("wallMs", facts.wall_ms),
    LIST("clusters", facts.clusters, facts.cluster_count, struct dr_cluster_facts,
         &cluster_codec, 0),
    OBJECT("backupPrefix", facts.backup_prefix, struct dr_listing, &listing_codec),
    OBJECT("redoPrefix", facts.redo_prefix, struct dr_listing, &listing_codec),
    OBJECT("redo", facts.redo, struct dr_redo_logs, &redo_codec),
    OBJECT("equality", facts.equality, struct dr_equality, &equality_codec),
    OBJECT("sinkLogin", facts.sink_login, struct dr_sink_login, &sink_login_codec),
    TEXT("sinkPrint", facts.sink_print, OPT),
    LIST("sinkBehind", facts.sink_behind, facts.sink_behind_count, struct dr_identity,
         &identity_codec, OPT),
    NUMBER("skippedGenerations", facts.skipped_generations, OPT),
    NUMBER("restoreRefused", facts.restore_refused, OPT));
#undef T
// clang-format on

const struct dr_codec *dr_facts_codec(void)
{
    return &snapshot_codec;
}

json_t *dr_facts_encode(const struct dr_facts *f)
{
    struct snapshot s = {.format = FORMAT, .facts = *f};
    return dr_codec_encode(&s, &snapshot_codec, f->now_ms);
}

int dr_facts_decode(struct dr_facts **out, const json_t *v, struct dr_arena *a,
                    struct dr_err *err)
{
    const json_t *format = json_object_get(v, "format");
    if (!json_is_integer(format) || json_integer_value(format) != FORMAT)
        return dr_fail(err, DR_E_INPUT, "snapshot: want format %d", FORMAT);
    int64_t wall_ms = 0;
    if (!dr_json_i64(v, "wallMs", &wall_ms) || wall_ms < 0 || wall_ms > WALL_MAX_MS)
        return dr_fail(err, DR_E_INPUT,
                       "snapshot.wallMs: want milliseconds from 1970 to the year 9999");
    struct snapshot *s = DR_NEW(a, struct snapshot);
    int rc = dr_codec_decode(s, v, &snapshot_codec, "snapshot", wall_ms, a, err);
    if (rc)
        return rc;
    s->facts.now_ms = wall_ms;
    for (size_t i = 0; i < s->facts.cluster_count; i++)
        dr_facts_decode_ledger(&s->facts.clusters[i], a);
    *out = &s->facts;
    return 0;
}
