/* kind: Estate, decoded: the clusters, storage and times that `drover-sim` plays. Meaning
 * and default of each field: spec/fields_estate.c (`drover explain Estate`). Passwords
 * are literal here, because nothing of an estate is real. */
#ifndef DR_SPEC_ESTATE_DOC_H
#define DR_SPEC_ESTATE_DOC_H

#include "spec/doc.h"

enum dr_ticdc_arch { DR_TICDC_CLASSIC, DR_TICDC_NEW };
enum dr_sim_plugin { DR_SIM_NATIVE_PASSWORD, DR_SIM_CACHING_SHA2 };

struct dr_sim_instance {
    struct dr_hostport address;
    struct dr_hostport
        status; /* the instance's HTTP status port, on the same host by default */
};

struct dr_sim_account {
    const char *user, *host, *password;
    enum dr_sim_plugin plugin;
    const char *const *grants; /* "ALL PRIVILEGES ON *.*", dynamic privileges as well */
    size_t grant_count;
    bool locked;
};

/* A global variable that differs from TiDB's default. */
struct dr_sim_variable {
    const char *name, *value;
};

struct dr_sim_ticdc {
    bool declared;
    enum dr_ticdc_arch arch;
    struct dr_version version; /* default: the cluster's */
    const char *cluster_id;
    const char *region; /* where its captures stand; NULL: the cluster's */
    int64_t gc_ttl_ms;
    const struct dr_hostport *captures;
    size_t capture_count;
};

struct dr_sim_cluster {
    const char *name, *region;
    struct dr_version version;
    uint64_t pd_cluster_id; /* 0: drawn from the seed */
    const struct dr_sim_instance *sql;
    size_t sql_count;
    const struct dr_hostport *pd;
    size_t pd_count;
    struct dr_sim_ticdc ticdc; /* captures this cluster */
    const struct dr_sim_account *accounts;
    size_t account_count;
    const struct dr_sim_variable *variables;
    size_t variable_count;
    const char *const *script; /* SQL statements run at the start, in order */
    size_t script_count;
    struct {
        const char *cert, *key; /* files; NULL: no TLS on the SQL port */
    } tls;
};

struct dr_sim_storage {
    const char *name, *region;
    struct dr_hostport address; /* S3 endpoint, plain HTTP */
    const char *const *buckets;
    size_t bucket_count;
    const char *access_key, *secret_key;
    const char *signing_region;
};

/* Divided by --speed. */
struct dr_sim_durations {
    int64_t backup_ms, restore_ms;
    int64_t owner_change_ms; /* how long a new TiCDC owner shows no feeds */
    int64_t propagation_ms;  /* until a global variable reaches the other instances */
    int64_t safepoint_interval_ms; /* how often TiCDC renews its service safepoint */
    int64_t feed_apply_ms;         /* until create, pause, resume, delete take effect */
    int64_t checkpoint_tick_ms;    /* how often checkpoints rise */
};

struct dr_estate_doc {
    struct dr_doc doc;
    uint64_t seed;
    const struct dr_sim_cluster *clusters;
    size_t cluster_count;
    const struct dr_sim_storage *storage;
    size_t storage_count;
    struct dr_sim_durations durations;
};

#endif
