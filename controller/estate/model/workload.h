/* Business clients inside the estate: threads that run ordinary transactions as the
 * account `app`, through sessions like anybody's, and remember what they were told. So a
 * test can prove afterwards that nothing acknowledged was lost (check.c).
 *
 * A transaction inserts a row, and perhaps updates or deletes an earlier one of the same
 * thread. Its outcome is acknowledged (COMMIT answered OK), refused (a fence said 1836),
 * failed (another error, or the connection broke before COMMIT was sent) or unknown
 * (COMMIT was sent, and no answer came); a row with an unknown outcome is not touched
 * again. */
#ifndef DR_MODEL_WORKLOAD_H
#define DR_MODEL_WORKLOAD_H

#include "controller/estate/model/internal.h"

/* What a row may be: seq of its last change; 0: not there. */
struct dr_load_row {
    uint32_t acknowledged, unknown;
    bool has_acknowledged, has_unknown;
    uint32_t cluster; /* that acknowledged it last, by index */
};

struct dr_workload {
    struct dr_workload *next;
    struct dr_model *m;
    uint64_t number; /* 1, 2, ..; in every token */
    char *name, *schema, *user, *peer;
    const struct dr_model_cluster *cluster;   /* NULL: wherever it is let in */
    const struct dr_model_instance *instance; /* NULL: any of them */
    int64_t rate;                             /* transactions a second, all threads */
    size_t thread_count, table_count;
    struct dr_load_thread *threads;
    struct dr_prng prng;
    bool running;
    uint64_t timer;
    int64_t last_ms, budget;  /* budget: thousandths of a transaction */
    struct dr_load_row *rows; /* by token - 1; token % table_count is the table */
    size_t row_count, row_room;
    uint64_t acknowledged, refused, unknown, failed; /* transactions */
    int64_t last_acknowledged_ms;                    /* wall; 0: none */
    json_t *errors;                                  /* {"1836": n} */
};

/* `ctl workload`: {"do": "start" | "stop" | "show" | "forget", name, cluster, instance,
 * rate, threads, tables, schema, user, from}. */
int dr_workload_ctl(struct dr_model *m, const json_t *command, json_t **reply,
                    struct dr_err *err) DR_MUST_CHECK;
void dr_workload_free(struct dr_model *m);
/* Name of its i-th table. */
void dr_workload_table(size_t i, char out[32]);
/* The row a token of the table names; NULL: not this workload's. */
const struct dr_load_row *dr_workload_row(const struct dr_workload *w, uint64_t token);
uint64_t dr_workload_token(const struct dr_workload *w, size_t row);

#endif
