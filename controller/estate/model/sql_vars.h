/* System variables: one table of what each is, and SET. */
#ifndef DR_MODEL_SQL_VARS_H
#define DR_MODEL_SQL_VARS_H

#include "controller/estate/model/sql_session.h"

enum dr_var_type { DR_VAR_BOOL, DR_VAR_INT, DR_VAR_ENUM, DR_VAR_TEXT, DR_VAR_DURATION };
enum {
    DR_SCOPE_GLOBAL = 1,
    DR_SCOPE_SESSION = 2,
    DR_SCOPE_INSTANCE = 4, /* SET GLOBAL, but neither stored nor spread */
    DR_SCOPE_READONLY = 8,
    DR_SCOPE_NOOP = 16, /* accepted only with tidb_enable_noop_functions */
};

struct dr_var {
    const char *name;
    unsigned scope;
    enum dr_var_type type;
    const char *value;   /* default, normalised */
    int64_t min, max;    /* INT; DURATION: seconds */
    const char *choices; /* ENUM: blank-separated */
};

extern const struct dr_var dr_vars[];
size_t dr_var_count(void);
int dr_var_find(const char *name); /* -1: unknown */

/* The variables the model itself reads, by a name that the compiler checks. */
#define DR_VAR_KNOWN(X)                                                                  \
    X(AUTOCOMMIT, "autocommit")                                                          \
    X(AUTO_RANDOM, "allow_auto_random_explicit_insert")                                  \
    X(INC, "auto_increment_increment")                                                   \
    X(OFFSET, "auto_increment_offset")                                                   \
    X(SUPER_RO, "tidb_super_read_only")                                                  \
    X(RESTRICTED_RO, "tidb_restricted_read_only")                                        \
    X(WRITE_SOURCE, "tidb_cdc_write_source")                                             \
    X(SNAPSHOT, "tidb_snapshot")                                                         \
    X(EXTERNAL_READ, "tidb_enable_external_ts_read")                                     \
    X(LOW_RESOLUTION, "tidb_low_resolution_tso")                                         \
    X(TXN_MODE, "tidb_txn_mode")                                                         \
    X(SELECT_LIMIT, "sql_select_limit")                                                  \
    X(EXTERNAL_TS, "tidb_external_ts")                                                   \
    X(LOCK_WAIT, "innodb_lock_wait_timeout")                                             \
    X(ISOLATION, "transaction_isolation")                                                \
    X(GC_ENABLE, "tidb_gc_enable")                                                       \
    X(GC_LIFE, "tidb_gc_life_time")                                                      \
    X(GC_MAX_WAIT, "tidb_gc_max_wait_time")                                              \
    X(TTL_JOBS, "tidb_ttl_job_enable")                                                   \
    X(NOOP_FUNCTIONS, "tidb_enable_noop_functions")                                      \
    X(MAX_CONNECTIONS, "max_connections")                                                \
    X(SECURE_TRANSPORT, "require_secure_transport")                                      \
    X(CURRENT_TS, "tidb_current_ts")                                                     \
    X(LAST_TXN, "tidb_last_txn_info")                                                    \
    X(VERSION, "version")                                                                \
    X(TIME_ZONE, "time_zone")                                                            \
    X(TIMESTAMP, "timestamp")                                                            \
    X(LAST_INSERT_ID, "last_insert_id")                                                  \
    X(AUTH_PLUGIN, "default_authentication_plugin")                                      \
    X(HOSTNAME, "hostname")                                                              \
    X(PORT, "port")
enum dr_var_known {
#define X(id, name) DR_V_##id,
    DR_VAR_KNOWN(X)
#undef X
        DR_V_COUNT_
};
int dr_var_index(enum dr_var_known v);

/* Value as a text, "ON"/"OFF" for booleans. */
const char *dr_var_session(const struct dr_model_session *s, enum dr_var_known v);
bool dr_var_on(const char *value);
int64_t dr_var_int(const char *value);
bool dr_instance_global_on(const struct dr_model_instance *in, enum dr_var_known v);

/* "global.x", "session.x", "x": its value as SHOW and (select true) as SELECT gives it.
 * Errors 1193, 1238. */
enum dr_run dr_var_read(struct dr_exec *x, const char *spec, bool select,
                        const char **value);
const char *dr_var_value(struct dr_exec *x, int index, bool global);

/* Sets a global of the stored state and of every instance, for a declared estate. */
bool dr_var_declare(struct dr_model_cluster *c, const char *name, const char *value);
/* Loads the stored globals into an instance (start, end of a lag). */
void dr_var_load(struct dr_model_instance *in);
void dr_vars_init(struct dr_model_cluster *c);

#endif
