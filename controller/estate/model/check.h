/* Whether the clusters hold what they should: each feed's tables row by row, upstream as
 * of a point that the downstream has reached, and every row that a workload was told is
 * written, on the cluster that is open. Looks into the stores: it disturbs nothing, and
 * nothing of the estate can hide from it. */
#ifndef DR_MODEL_CHECK_H
#define DR_MODEL_CHECK_H

#include "controller/estate/model/internal.h"

/* `ctl check`: {at: "applied" (default) | "syncpoint", feed, from, to, open}. from and
 * to: compares these two clusters as they are now, feed or not. open: where the
 * workload's rows must be. Out: {"ok", "feeds": [..], "workloads": [..]}. */
int dr_check_ctl(struct dr_model *m, const json_t *command, json_t **reply,
                 struct dr_err *err) DR_MUST_CHECK;

/* ---- check_rows.c ---- */
struct dr_comparison {
    const struct dr_model_cluster *up, *down;
    uint64_t up_tso, down_tso;       /* UINT64_MAX: now */
    const struct cdc_filter *filter; /* NULL: every schema that is not TiDB's own */
    bool force;                      /* tables without a key count as well */
    /* out */
    size_t tables, rows, count; /* of differences */
    json_t *differences;        /* the first hundred; owned by the caller */
    json_t *skipped;            /* tables that cannot be compared */
};
/* Fills what is out, with new arrays. */
void dr_compare(struct dr_comparison *c);
/* Whether both TSOs can still be read. */
bool dr_comparable(const struct dr_comparison *c);

#endif
