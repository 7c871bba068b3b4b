/* System variables. Sources: docs: system-variables.md, tidb:
 * pkg/sessionctx/variable/sysvar.go, noop.go, tidb: pkg/domain/sysvar_cache.go. */
#include "controller/estate/model/sql_vars.h"

#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/estate/model/sql_account.h"
#include "controller/estate/model/sql_engine.h"

#define G   DR_SCOPE_GLOBAL
#define S   DR_SCOPE_SESSION
#define GS  (G | S)
#define IN  (G | DR_SCOPE_INSTANCE)
#define RO  (GS | DR_SCOPE_READONLY)
#define NO  (GS | DR_SCOPE_NOOP)
#define BIG INT64_MAX

// clang-format off
const struct dr_var dr_vars[] = {
    {"allow_auto_random_explicit_insert", GS, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"auto_increment_increment", GS, DR_VAR_INT, "1", 1, 65535, NULL},
    {"auto_increment_offset", GS, DR_VAR_INT, "1", 1, 65535, NULL},
    {"autocommit", GS, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"character_set_client", GS, DR_VAR_TEXT, "utf8mb4", 0, 0, NULL},
    {"character_set_connection", GS, DR_VAR_TEXT, "utf8mb4", 0, 0, NULL},
    {"character_set_database", GS, DR_VAR_TEXT, "utf8mb4", 0, 0, NULL},
    {"character_set_results", GS, DR_VAR_TEXT, "utf8mb4", 0, 0, NULL},
    {"character_set_server", GS, DR_VAR_TEXT, "utf8mb4", 0, 0, NULL},
    {"character_set_system", RO, DR_VAR_TEXT, "utf8mb4", 0, 0, NULL},
    {"collation_connection", GS, DR_VAR_TEXT, "utf8mb4_bin", 0, 0, NULL},
    {"collation_database", GS, DR_VAR_TEXT, "utf8mb4_bin", 0, 0, NULL},
    {"collation_server", GS, DR_VAR_TEXT, "utf8mb4_bin", 0, 0, NULL},
    {"cte_max_recursion_depth", GS, DR_VAR_INT, "1000", 0, BIG, NULL},
    {"datadir", RO, DR_VAR_TEXT, "/tmp/tidb", 0, 0, NULL},
    {"default_authentication_plugin", G, DR_VAR_TEXT, "mysql_native_password", 0, 0, NULL},
    {"default_password_lifetime", G, DR_VAR_INT, "0", 0, 65535, NULL},
    {"div_precision_increment", GS, DR_VAR_INT, "4", 0, 30, NULL},
    {"foreign_key_checks", GS, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"group_concat_max_len", GS, DR_VAR_INT, "1024", 4, BIG, NULL},
    {"hostname", RO, DR_VAR_TEXT, "", 0, 0, NULL},
    {"init_connect", G, DR_VAR_TEXT, "", 0, 0, NULL},
    {"innodb_lock_wait_timeout", GS, DR_VAR_INT, "50", 1, 3600, NULL},
    {"interactive_timeout", GS, DR_VAR_INT, "28800", 1, 31536000, NULL},
    {"last_insert_id", S | DR_SCOPE_READONLY, DR_VAR_INT, "0", 0, BIG, NULL},
    {"license", RO, DR_VAR_TEXT, "Apache License 2.0", 0, 0, NULL},
    {"lower_case_table_names", RO, DR_VAR_INT, "2", 0, 2, NULL},
    {"max_allowed_packet", GS, DR_VAR_INT, "67108864", 1024, 1073741824, NULL},
    {"max_connections", IN, DR_VAR_INT, "0", 0, 100000, NULL},
    {"max_execution_time", GS, DR_VAR_INT, "0", 0, 2147483647, NULL},
    {"net_buffer_length", RO, DR_VAR_INT, "16384", 0, BIG, NULL},
    {"net_read_timeout", GS, DR_VAR_INT, "30", 1, 31536000, NULL},
    {"net_write_timeout", GS, DR_VAR_INT, "60", 1, 31536000, NULL},
    {"offline_mode", G | DR_SCOPE_NOOP, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"performance_schema", RO, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"port", RO, DR_VAR_INT, "4000", 0, 65535, NULL},
    {"query_cache_size", RO, DR_VAR_INT, "0", 0, BIG, NULL},
    {"query_cache_type", RO, DR_VAR_TEXT, "OFF", 0, 0, NULL},
    {"read_only", NO, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"require_secure_transport", G, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"socket", RO, DR_VAR_TEXT, "", 0, 0, NULL},
    {"sql_auto_is_null", GS, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"sql_log_bin", GS, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"sql_mode", GS, DR_VAR_TEXT, "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION", 0, 0, NULL},
    {"sql_require_primary_key", GS, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"sql_safe_updates", GS, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"sql_select_limit", GS, DR_VAR_TEXT, "18446744073709551615", 0, 0, NULL},
    {"super_read_only", G | DR_SCOPE_NOOP, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"system_time_zone", RO, DR_VAR_TEXT, "UTC", 0, 0, NULL},
    {"tidb_allow_remove_auto_inc", GS, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tidb_batch_insert", S, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tidb_cdc_write_source", S, DR_VAR_INT, "0", 0, 15, NULL},
    {"tidb_constraint_check_in_place", GS, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tidb_current_ts", S | DR_SCOPE_READONLY, DR_VAR_INT, "0", 0, BIG, NULL},
    {"tidb_ddl_enable_fast_reorg", G, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"tidb_enable_check_constraint", G, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tidb_enable_clustered_index", GS, DR_VAR_ENUM, "ON", 0, 0, "OFF ON INT_ONLY"},
    {"tidb_enable_ddl", IN, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"tidb_enable_external_ts_read", GS, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tidb_enable_metadata_lock", G, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"tidb_enable_noop_functions", GS, DR_VAR_ENUM, "OFF", 0, 0, "OFF ON WARN"},
    {"tidb_external_ts", G, DR_VAR_TEXT, "0", 0, 0, NULL},
    {"tidb_gc_concurrency", G, DR_VAR_INT, "-1", -1, 256, NULL},
    {"tidb_gc_enable", G, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"tidb_gc_life_time", G, DR_VAR_DURATION, "10m0s", 600, 31536000, NULL},
    {"tidb_gc_max_wait_time", G, DR_VAR_INT, "86400", 600, 31536000, NULL},
    {"tidb_gc_run_interval", G, DR_VAR_DURATION, "10m0s", 600, 31536000, NULL},
    {"tidb_isolation_read_engines", S, DR_VAR_TEXT, "tikv,tiflash,tidb", 0, 0, NULL},
    {"tidb_last_txn_info", S | DR_SCOPE_READONLY, DR_VAR_TEXT, "", 0, 0, NULL},
    {"tidb_low_resolution_tso", GS, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tidb_mem_quota_query", GS, DR_VAR_INT, "1073741824", -1, BIG, NULL},
    {"tidb_multi_statement_mode", GS, DR_VAR_ENUM, "OFF", 0, 0, "OFF ON WARN"},
    {"tidb_placement_mode", GS, DR_VAR_ENUM, "STRICT", 0, 0, "STRICT IGNORE"},
    {"tidb_read_staleness", S, DR_VAR_INT, "0", -2147483648LL, 0, NULL},
    {"tidb_redact_log", G, DR_VAR_ENUM, "OFF", 0, 0, "OFF ON MARKER"},
    {"tidb_replica_read", GS, DR_VAR_ENUM, "leader", 0, 0, "leader prefer-leader follower leader-and-follower closest-replicas closest-adaptive learner"},
    {"tidb_restricted_read_only", G, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tidb_retry_limit", GS, DR_VAR_INT, "10", -1, BIG, NULL},
    {"tidb_row_format_version", G, DR_VAR_INT, "2", 1, 2, NULL},
    {"tidb_server_memory_limit", G, DR_VAR_TEXT, "80%", 0, 0, NULL},
    {"tidb_session_alias", S, DR_VAR_TEXT, "", 0, 0, NULL},
    {"tidb_skip_isolation_level_check", GS, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tidb_snapshot", S, DR_VAR_TEXT, "", 0, 0, NULL},
    {"tidb_source_id", G, DR_VAR_INT, "1", 1, 15, NULL},
    {"tidb_super_read_only", G, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tidb_translate_softdelete_sql", S, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"tidb_ttl_delete_rate_limit", G, DR_VAR_INT, "0", 0, BIG, NULL},
    {"tidb_ttl_job_enable", G, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"tidb_txn_mode", GS, DR_VAR_ENUM, "pessimistic", 0, 0, "pessimistic optimistic"},
    {"time_zone", GS, DR_VAR_TEXT, "SYSTEM", 0, 0, NULL},
    {"timestamp", S, DR_VAR_TEXT, "0", 0, 0, NULL},
    {"tls_version", RO, DR_VAR_TEXT, "TLSv1.2,TLSv1.3", 0, 0, NULL},
    {"transaction_isolation", GS, DR_VAR_TEXT, "REPEATABLE-READ", 0, 0, NULL},
    {"transaction_read_only", NO, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"tx_isolation", GS, DR_VAR_TEXT, "REPEATABLE-READ", 0, 0, NULL},
    {"tx_read_only", NO, DR_VAR_BOOL, "OFF", 0, 0, NULL},
    {"unique_checks", GS, DR_VAR_BOOL, "ON", 0, 0, NULL},
    {"version", RO, DR_VAR_TEXT, "", 0, 0, NULL},
    {"version_comment", RO, DR_VAR_TEXT, "TiDB Server (Apache License 2.0) Community Edition, MySQL 8.0 compatible", 0, 0, NULL},
    {"version_compile_machine", RO, DR_VAR_TEXT, "x86_64", 0, 0, NULL},
    {"version_compile_os", RO, DR_VAR_TEXT, "linux", 0, 0, NULL},
    {"wait_timeout", GS, DR_VAR_INT, "28800", 0, 31536000, NULL},
    {"warning_count", S | DR_SCOPE_READONLY, DR_VAR_INT, "0", 0, BIG, NULL},
};
// clang-format on

size_t dr_var_count(void)
{
    return sizeof(dr_vars) / sizeof(dr_vars[0]);
}

/* The table is sorted by name, in lower case. */
int dr_var_find(const char *name)
{
    size_t lo = 0, hi = dr_var_count();
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = strcasecmp(name, dr_vars[mid].name);
        if (c == 0)
            return (int)mid;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return -1;
}

static const char *const known_names[] = {
#define X(id, name) name,
    DR_VAR_KNOWN(X)
#undef X
};

/* Found once: where a name stands in the table never changes. */
int dr_var_index(enum dr_var_known v)
{
    static _Atomic(short) places[DR_V_COUNT_]; /* counted from 1; 0: not looked for */
    int i = places[v] - 1;
    if (i < 0) {
        i = dr_var_find(known_names[v]);
        places[v] = (short)(i + 1);
    }
    return i;
}

const char *dr_var_session(const struct dr_model_session *s, enum dr_var_known v)
{
    int i = dr_var_index(v);
    return dr_vars[i].scope & DR_SCOPE_SESSION ? s->vars[i] : s->in->globals[i];
}

bool dr_var_on(const char *value)
{
    return dr_same_word(value, "ON") || strcmp(value, "1") == 0;
}

int64_t dr_var_int(const char *value)
{
    int64_t n = 0;
    return dr_parse_i64(value, strlen(value), &n) ? n : 0;
}

bool dr_instance_global_on(const struct dr_model_instance *in, enum dr_var_known v)
{
    return dr_var_on(in->globals[dr_var_index(v)]);
}

void dr_vars_init(struct dr_model_cluster *c)
{
    size_t n = dr_var_count();
    c->globals = dr_alloc_n(c->model->arena, n, sizeof(*c->globals));
    for (size_t i = 0; i < n; i++)
        c->globals[i] = dr_vars[i].value;
    for (size_t k = 0; k < c->instance_count; k++) {
        c->instances[k].globals =
            dr_alloc_n(c->model->arena, n, sizeof(*c->instances[k].globals));
        dr_var_load(&c->instances[k]);
    }
}

void dr_var_load(struct dr_model_instance *in)
{
    for (size_t i = 0; i < dr_var_count(); i++)
        if (!(dr_vars[i].scope & DR_SCOPE_INSTANCE) || !in->globals[i])
            in->globals[i] = in->cluster->globals[i];
}

/* ---- values ---- */

static const char *normal_bool(const char *v)
{
    static const struct {
        const char *in, *out;
    } words[] = {{"1", "ON"},  {"ON", "ON"},   {"TRUE", "ON"},
                 {"0", "OFF"}, {"OFF", "OFF"}, {"FALSE", "OFF"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(v, words[i].in) == 0)
            return words[i].out;
    return NULL;
}

static const char *normal_enum(struct dr_exec *x, const struct dr_var *v, const char *t)
{
    size_t index = 0;
    uint64_t number;
    bool numeric = dr_parse_u64(t, strlen(t), &number);
    for (const char *p = v->choices; *p; index++) {
        size_t n = strcspn(p, " ");
        if ((numeric && number == index) || (strlen(t) == n && strncasecmp(p, t, n) == 0))
            return dr_strndup(x->a, p, n);
        p += n + (p[n] == ' ');
    }
    return NULL;
}

static int64_t clip(struct dr_exec *x, const struct dr_var *v, int64_t n, const char *t)
{
    int64_t to = n < v->min ? v->min : n > v->max ? v->max : n;
    if (to != n)
        dr_sql_warn(x, "Warning", 1292, "Truncated incorrect %s value: '%s'", v->name, t);
    return to;
}

/* The value as it is kept; NULL after an error was answered. */
static const char *normalise(struct dr_exec *x, const struct dr_var *v, const char *t)
{
    const char *out = NULL;
    int64_t n;
    uint64_t u;
    char text[DR_DURATION_TEXT];
    switch (v->type) {
    case DR_VAR_BOOL:
        out = normal_bool(t);
        break;
    case DR_VAR_ENUM:
        out = normal_enum(x, v, t);
        break;
    case DR_VAR_INT:
        if (dr_parse_u64(t, strlen(t), &u) && u > INT64_MAX)
            n = INT64_MAX;
        else if (!dr_parse_i64(t, strlen(t), &n)) {
            dr_sql_error(x, 1232, "Incorrect argument type to variable '%s'", v->name);
            return NULL;
        }
        out = dr_sprintf(x->a, "%lld", (long long)clip(x, v, n, t));
        break;
    case DR_VAR_DURATION:
        /* tidb: pkg/sessionctx/variable/variable.go checkDurationSystemVar */
        if (!dr_parse_go_duration(t, strlen(t), &n)) {
            dr_sql_error(x, 1232, "Incorrect argument type to variable '%s'", v->name);
            return NULL;
        }
        out = dr_strdup(x->a,
                        dr_go_duration_text(clip(x, v, n / 1000000000, t) * 1000, text));
        break;
    case DR_VAR_TEXT:
        out = t;
        break;
    }
    if (!out)
        dr_sql_error(x, 1231, "Variable '%s' can't be set to the value of '%s'", v->name,
                     t);
    return out;
}

/* ---- globals: stored, applied here, spread to the others ---- */

static void reach_instance(struct dr_model *m, void *arg, uint64_t index)
{
    struct dr_model_instance *in = arg;
    (void)m;
    if (in->up && !in->lagging)
        in->globals[index] = in->cluster->globals[index];
}

static void store_global(struct dr_model_session *s, int i, const char *value)
{
    struct dr_model *m = s->m;
    struct dr_model_cluster *c = s->c;
    const char *kept = dr_model_string(m, value, strlen(value));
    s->in->globals[i] = kept;
    if (dr_vars[i].scope & DR_SCOPE_INSTANCE)
        return;
    c->globals[i] = kept;
    int64_t most = dr_model_scaled(m, m->doc->durations.propagation_ms);
    for (size_t k = 0; k < c->instance_count; k++) {
        struct dr_model_instance *in = &c->instances[k];
        if (in == s->in)
            continue;
        int64_t delay = most ? (int64_t)dr_model_random(m, (uint64_t)most + 1) : 0;
        if (delay)
            dr_model_at(m, m->now_ms + delay, reach_instance, in, (uint64_t)i);
        else
            reach_instance(m, in, (uint64_t)i);
    }
}

bool dr_var_declare(struct dr_model_cluster *c, const char *name, const char *value)
{
    struct dr_sql_answer out = {0};
    struct dr_arena *a = dr_arena_new(0);
    struct dr_model_session *s = dr_session_internal(c, 0);
    struct dr_exec x = {.s = s, .c = c, .m = c->model, .a = a, .out = &out};
    int i = dr_var_find(name);
    const char *v = i >= 0 ? normalise(&x, &dr_vars[i], value) : NULL;
    if (v) {
        const char *kept = dr_model_string(c->model, v, strlen(v));
        c->globals[i] = kept;
        for (size_t k = 0; k < c->instance_count; k++)
            c->instances[k].globals[i] = kept;
    }
    dr_model_sql_close(s);
    dr_arena_free(a);
    return v != NULL;
}

/* pd: server/server.go SetExternalTS */
static enum dr_run check_external_ts(struct dr_exec *x, const char *v)
{
    uint64_t ts;
    if (!dr_parse_u64(v, strlen(v), &ts))
        return dr_sql_error(x, 1232,
                            "Incorrect argument type to variable 'tidb_external_ts'");
    if (ts > dr_model_tso(x->c))
        return dr_sql_error(x, 1105,
                            "the external timestamp should not be larger than global ts");
    if (ts <= x->c->external_ts)
        return dr_sql_error(
            x, 1105,
            "the external timestamp should be larger than current external timestamp");
    x->c->external_ts = ts;
    return DR_RUN_OK;
}

static enum dr_run before_global(struct dr_exec *x, int i, const char *v)
{
    const char *const *now = x->s->in->globals;
    if (i == dr_var_index(DR_V_EXTERNAL_TS))
        return check_external_ts(x, v);
    if (i == dr_var_index(DR_V_SUPER_RO) && !dr_var_on(v) &&
        dr_var_on(now[dr_var_index(DR_V_RESTRICTED_RO)]))
        return dr_sql_error(x, 1105,
                            "can't turn off tidb_super_read_only when "
                            "tidb_restricted_read_only is on");
    if (i == dr_var_index(DR_V_RESTRICTED_RO) && dr_var_on(v))
        store_global(x->s, dr_var_index(DR_V_SUPER_RO), "ON");
    return DR_RUN_OK;
}

/* docs: system-variables.md tidb_snapshot; tidb: pkg/sessionctx/variable/varsutil.go */
static enum dr_run before_session(struct dr_exec *x, int i, const char **v)
{
    uint64_t ts;
    if (i != dr_var_index(DR_V_SNAPSHOT) || !**v)
        return DR_RUN_OK;
    if (!dr_parse_u64(*v, strlen(*v), &ts)) {
        int64_t ms;
        if (!dr_time_parse(*v, &ms))
            return dr_sql_error(x, 1292, "Incorrect datetime value: '%s'", *v);
        ts = dr_tso_make(ms, 0);
        *v = dr_sprintf(x->a, "%llu", (unsigned long long)ts);
    }
    if (ts > dr_model_tso(x->c))
        return dr_sql_error(x, 1105, "cannot set read timestamp to a future time");
    if (ts < x->c->gc_safe_point)
        return dr_sql_error(x, 8055, "snapshot is older than GC safe point %s",
                            dr_sql_time(x->a, dr_tso_ms(x->c->gc_safe_point), 3));
    return DR_RUN_OK;
}

static enum dr_run check_noop(struct dr_exec *x, int i, const char *v)
{
    if (!(dr_vars[i].scope & DR_SCOPE_NOOP) || !dr_var_on(v) ||
        strcasecmp(dr_var_session(x->s, DR_V_NOOP_FUNCTIONS), "OFF") != 0)
        return DR_RUN_OK;
    return dr_sql_error(x, 1235,
                        "function %s has only noop implementation in tidb now, use "
                        "tidb_enable_noop_functions to enable these functions",
                        strcmp(dr_vars[i].name, "offline_mode") == 0 ? "OFFLINE MODE"
                                                                     : "READ ONLY");
}

static enum dr_run assign(struct dr_exec *x, const char *name, bool global,
                          const char *value)
{
    int i = dr_var_find(name);
    if (i < 0)
        return dr_sql_error(x, 1193, "Unknown system variable '%s'", name);
    const struct dr_var *v = &dr_vars[i];
    if (v->scope & DR_SCOPE_READONLY)
        return dr_sql_error(x, 1238, "Variable '%s' is a read only variable", v->name);
    if (global && !(v->scope & DR_SCOPE_GLOBAL))
        return dr_sql_error(
            x, 1228,
            "Variable '%s' is a SESSION variable and can't be used with SET GLOBAL",
            v->name);
    if (!global && !(v->scope & DR_SCOPE_SESSION))
        return dr_sql_error(
            x, 1229,
            "Variable '%s' is a GLOBAL variable and should be set with SET GLOBAL",
            v->name);
    if (global && !dr_has_dynamic(x->s, "SYSTEM_VARIABLES_ADMIN", true))
        return dr_sql_error(x, 1227,
                            "Access denied; you need (at least one of) the SUPER or "
                            "SYSTEM_VARIABLES_ADMIN privilege(s) for this operation");
    if (!value) /* DEFAULT */
        value = global ? v->value : x->s->in->globals[i];
    const char *kept = normalise(x, v, value);
    if (!kept || check_noop(x, i, kept))
        return DR_RUN_ERROR;
    if (global ? before_global(x, i, kept) : before_session(x, i, &kept))
        return DR_RUN_ERROR;
    if (global) {
        store_global(x->s, i, kept);
        return DR_RUN_OK;
    }
    bool autocommit = i == dr_var_index(DR_V_AUTOCOMMIT) && dr_var_on(kept);
    x->s->vars[i] = dr_model_string(x->m, kept, strlen(kept));
    return autocommit ? dr_session_commit(x) : DR_RUN_OK;
}

/* ---- reading ---- */

const char *dr_var_value(struct dr_exec *x, int i, bool global)
{
    const struct dr_model_session *s = x->s;
    if (i == dr_var_index(DR_V_VERSION))
        return dr_model_sql_version(s);
    if (i == dr_var_index(DR_V_CURRENT_TS))
        return dr_sprintf(x->a, "%llu",
                          (unsigned long long)(s->txn ? s->txn->start_tso : 0));
    if (i == dr_var_index(DR_V_EXTERNAL_TS))
        return dr_sprintf(x->a, "%llu", (unsigned long long)x->c->external_ts);
    if (i == dr_var_index(DR_V_LAST_INSERT_ID))
        return dr_sprintf(x->a, "%llu", (unsigned long long)s->last_insert_id);
    if (i == dr_var_index(DR_V_HOSTNAME))
        return s->in->sql.host;
    if (i == dr_var_index(DR_V_PORT))
        return dr_sprintf(x->a, "%u", s->in->sql.port);
    if (i == dr_var_index(DR_V_TIMESTAMP) && strcmp(s->vars[i], "0") == 0)
        return dr_sprintf(x->a, "%lld.%03d", (long long)(dr_cluster_wall_ms(x->c) / 1000),
                          (int)(dr_cluster_wall_ms(x->c) % 1000));
    if (i == dr_var_index(DR_V_LAST_TXN))
        return s->last_commit_tso
                   ? dr_sprintf(x->a,
                                "{\"txn_scope\":\"global\",\"start_ts\":%llu,"
                                "\"commit_ts\":%llu}",
                                (unsigned long long)s->last_start_tso,
                                (unsigned long long)s->last_commit_tso)
                   : "";
    bool session = !global && dr_vars[i].scope & DR_SCOPE_SESSION;
    return session ? s->vars[i] : s->in->globals[i];
}

enum dr_run dr_var_read(struct dr_exec *x, const char *spec, bool select,
                        const char **value)
{
    const char *dot = strchr(spec, '.'), *name = dot ? dot + 1 : spec;
    bool global = dot && strncasecmp(spec, "global.", 7) == 0;
    bool session = dot && !global;
    if (session && strncasecmp(spec, "session.", 8) != 0 &&
        strncasecmp(spec, "local.", 6) != 0 && strncasecmp(spec, "instance.", 9) != 0)
        return dr_sql_error(x, 1193, "Unknown system variable '%s'", spec);
    int i = dr_var_find(name);
    if (i < 0)
        return dr_sql_error(x, 1193, "Unknown system variable '%s'", name);
    const struct dr_var *v = &dr_vars[i];
    if (global && !(v->scope & DR_SCOPE_GLOBAL))
        return dr_sql_error(x, 1238, "Variable '%s' is a SESSION variable", v->name);
    if (session && strncasecmp(spec, "instance.", 9) != 0 &&
        !(v->scope & DR_SCOPE_SESSION))
        return dr_sql_error(x, 1238, "Variable '%s' is a GLOBAL variable", v->name);
    *value = dr_var_value(x, i, global);
    if (select && v->type == DR_VAR_BOOL)
        *value = dr_var_on(*value) ? "1" : "0";
    return DR_RUN_OK;
}

/* ---- SET ---- */

/* The value after `=`: a bare word, a literal, or an expression, or
 * DEFAULT. */
static enum dr_run set_value(struct dr_exec *x, const char **value, bool *by_default)
{
    struct dr_cur *c = &x->cur;
    const struct dr_token *t = dr_peek(c, 0), *after = dr_peek(c, 1);
    bool alone = after->kind == DR_TOK_END || dr_token_is(after, ",");
    if (alone && dr_is(c, "DEFAULT")) {
        *by_default = true;
        c->i++;
        return DR_RUN_OK;
    }
    if (alone && (t->kind == DR_TOK_WORD || t->kind == DR_TOK_STRING ||
                  t->kind == DR_TOK_NUMBER || t->kind == DR_TOK_NAME)) {
        *value = t->text;
        c->i++;
        return DR_RUN_OK;
    }
    if (dr_is(c, "-") && after->kind == DR_TOK_NUMBER) {
        *value = dr_sprintf(x->a, "-%s", after->text);
        c->i += 2;
        return DR_RUN_OK;
    }
    return dr_engine_scalar(x, value);
}

static enum dr_run set_user_var(struct dr_exec *x, const char *name)
{
    struct dr_model_session *s = x->s;
    const char *value;
    if (!dr_accept(&x->cur, "=") && !dr_accept(&x->cur, ":="))
        return dr_sql_syntax(x);
    if (dr_engine_scalar(x, &value))
        return DR_RUN_ERROR;
    struct dr_user_var *v = s->user_vars;
    while (v && strcasecmp(v->name, name) != 0)
        v = v->next;
    if (!v) {
        v = DR_NEW(s->arena, struct dr_user_var);
        v->name = dr_strdup(s->arena, name);
        v->next = s->user_vars;
        s->user_vars = v;
    }
    v->value = dr_strdup(s->arena, value);
    return DR_RUN_OK;
}

static enum dr_run set_one(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    const struct dr_token *t = dr_peek(c, 0);
    bool global = false;
    const char *name, *value = NULL;
    bool by_default = false;
    if (t->kind == DR_TOK_USERVAR) {
        c->i++;
        return set_user_var(x, t->text);
    }
    if (t->kind == DR_TOK_SYSVAR) {
        const char *dot = strchr(t->text, '.');
        global = dot && strncasecmp(t->text, "global.", 7) == 0;
        name = dot ? dot + 1 : t->text;
        c->i++;
    } else {
        global = dr_accept(c, "GLOBAL") || dr_accept(c, "PERSIST");
        if (!global && !dr_accept(c, "SESSION"))
            (void)dr_accept(c, "LOCAL");
        if (!dr_take_name(c, &name))
            return dr_sql_syntax(x);
    }
    if (!dr_accept(c, "=") && !dr_accept(c, ":="))
        return dr_sql_syntax(x);
    if (set_value(x, &value, &by_default))
        return DR_RUN_ERROR;
    return assign(x, name, global, by_default ? NULL : value ? value : "");
}

static enum dr_run set_names(struct dr_exec *x)
{
    static const char *const vars[] = {"character_set_client", "character_set_connection",
                                       "character_set_results"};
    const struct dr_token *t = dr_peek(&x->cur, 0);
    if (t->kind != DR_TOK_WORD && t->kind != DR_TOK_STRING)
        return dr_sql_syntax(x);
    static const char *const known[] = {"utf8mb4", "utf8", "latin1", "ascii",
                                        "binary",  "gbk",  "default"};
    bool ok = false;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        ok |= strcasecmp(t->text, known[i]) == 0;
    if (!ok)
        return dr_sql_error(x, 1115, "Unknown character set: '%s'", t->text);
    x->cur.i++;
    if (dr_accept(&x->cur, "COLLATE"))
        x->cur.i++;
    for (size_t i = 0; i < 3; i++)
        if (assign(x, vars[i], false, t->text))
            return DR_RUN_ERROR;
    return DR_RUN_OK;
}

enum dr_run dr_st_set(struct dr_exec *x)
{
    struct dr_cur *c = &x->cur;
    if (dr_accept(c, "PASSWORD"))
        return dr_st_set_password(x);
    if (dr_accept_all(c, "TRANSACTION") || dr_accept_all(c, "SESSION TRANSACTION") ||
        dr_accept_all(c, "GLOBAL TRANSACTION") || dr_accept_all(c, "DEFAULT ROLE") ||
        (dr_is(c, "ROLE") && !dr_token_is(dr_peek(c, 1), "=")))
        return dr_sql_ok(x, 0);
    do { /* tidb: pkg/parser/parser.y VariableAssignment: NAMES is one of a list, too */
        bool names = dr_accept(c, "NAMES") || dr_accept_all(c, "CHARACTER SET");
        enum dr_run rc = names ? set_names(x) : set_one(x);
        if (rc != DR_RUN_OK)
            return rc;
    } while (dr_accept(c, ","));
    return dr_at_end(c) ? dr_sql_ok(x, 0) : dr_sql_syntax(x);
}
