/* The world as a judge sees it: read straight from the model's servers, not through
 * drover's eyes. Plain data; the checkers know nothing else. */
#ifndef DR_TESTS_SIM_VIEW_H
#define DR_TESTS_SIM_VIEW_H

#include "controller/base/arena.h"
#include "controller/base/buf.h"
#include "controller/estate/model/model.h"
#include "controller/facts/ledger.h"

enum { SIM_CLUSTERS = 2, SIM_INSTANCES = 4, SIM_FEEDS = 8, SIM_ROWS = 32 };
enum { SIM_A, SIM_B }; /* the declared primary and the other one */

struct sim_instance {
    bool up, fenced, gc_enable, ttl_jobs;
    int64_t gc_life_ms;
};

struct sim_feed {
    const char *id, *state;
    int to; /* cluster its sink dials; -1: another place */
    uint64_t start_ts, checkpoint;
    bool running; /* normal, warning or retrying */
};

struct sim_raw_row {
    const char *key, *value, *holder;
    uint64_t epoch;
};

struct sim_cluster {
    uint64_t pd_id;
    size_t instance_count;
    struct sim_instance instances[SIM_INSTANCES];
    /* as stored in the cluster, which an instance shows a little later */
    bool stored_fence, stored_gc_enable;
    int64_t stored_gc_life_ms;
    const char *stored_gc_life; /* the model's text */
    bool stored_ttl_jobs;
    size_t jobs;         /* BACKUP and RESTORE under way */
    uint64_t sink_print; /* of the sink account's password and lock; 0: none */
    bool has_ledger;
    struct dr_ledger ledger;
    size_t row_count; /* of this cluster_id */
    struct sim_raw_row rows[SIM_ROWS];
    size_t feed_count; /* of the TiCDC that captures this cluster */
    struct sim_feed feeds[SIM_FEEDS];
    bool beat_table;    /* drover.heartbeat is there */
    size_t table_count; /* base tables of users; drover's and TiCDC's schemas apart */
    uint64_t gc_safe_point, tso;
    uint64_t service_safepoint; /* lowest unexpired one of TiCDC; 0: none */
    uint64_t ledger_print; /* of the ledger's versions: unchanged, not decoded again */
};

struct sim_view {
    int64_t now_ms;
    struct sim_cluster c[SIM_CLUSTERS];
};

/* Reads the model. before: the view read last, NULL: none; a ledger that has not changed
 * since is taken from there. Strings of ledgers live as long as `kept`, others as `a`. */
void sim_view_read(struct sim_view *v, const struct sim_view *before, struct dr_model *m,
                   struct dr_arena *a, struct dr_arena *kept);

/* Writes down what must be the same at the end whatever went wrong on the way: apart from
 * times, epochs, holders and connection ids. */
void sim_view_shape(const struct sim_view *v, struct dr_buf *out);

/* Lets the next TSOs have low bits that a double would lose: most of the model's own end
 * in 18 zeros. */
void sim_view_odd_clocks(struct dr_model *m);

/* Takes what TiCDC holds of A's history out of PD, until TiCDC renews it. */
void sim_view_drop_safepoint(struct dr_model *m);

/* The settings of A's first changefeed, as JSON; NULL: there is none. */
const char *sim_view_feed_config(struct dr_model *m, struct dr_arena *a);

/* Compares the users' tables of both sides row by row, as they are now. Out: how many
 * tables were compared; differences are appended to `why`, the first few. */
size_t sim_view_equal(struct dr_model *m, struct dr_buf *why);

#endif
