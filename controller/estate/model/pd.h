/* PD of each cluster: members with their leader, and service safepoints. The HTTP API is
 * in pd_api.c. */
#ifndef DR_MODEL_PD_H
#define DR_MODEL_PD_H

#include "controller/estate/model/internal.h"

enum { DR_PD_NOBODY = -1 };

struct dr_pd_member {
    struct dr_model_process process;
    const char *name;
    uint64_t id;        /* random: above INT64_MAX about half the time */
    int64_t started_ms; /* wall */
};

struct dr_pd_point {
    const char *id;
    uint64_t tso;
    int64_t expires_s; /* unix; INT64_MAX: never */
};

struct dr_pd_cluster {
    struct dr_model *model;
    struct dr_model_cluster *cluster;
    struct dr_pd_member *members;
    size_t member_count;
    int leader;        /* DR_PD_NOBODY: none */
    uint64_t election; /* timer, 0: none */
    uint64_t etcd_cluster_id;
    bool initialised; /* regions loaded, resolved timestamps reported */
    int64_t bootstrapped_ms;
    struct dr_pd_point *points; /* by id */
    size_t point_count, point_room;
    uint64_t gc_worker; /* the txn safe point */
};

struct dr_pd {
    struct dr_pd_cluster *clusters;
    size_t count;
};

/* The lowest of all unexpired service safepoints and gc_worker's, nothing stored. */
uint64_t dr_pd_min(const struct dr_pd_cluster *pd);
/* Live members are a majority. */
bool dr_pd_quorum(const struct dr_pd_cluster *pd);
/* The leader is gone at once, as by SIGKILL, but the members live: a new one is elected
 * after about 11 s. */
void dr_pd_lose_leader(struct dr_pd_cluster *pd);
/* Another member leads from now on, without a gap. */
void dr_pd_move_leader(struct dr_pd_cluster *pd, size_t member);
struct dr_pd_cluster *dr_pd_cluster_of(struct dr_model *m, const struct dr_address *at,
                                       size_t *member);
bool dr_pd_remove_point(struct dr_pd_cluster *pd, const char *id);

#endif
