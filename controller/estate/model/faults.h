/* What the tables of faults share (faults.c: servers and armed faults; faults_http.c: PD,
 * TiCDC, storage; faults_estate.c: network, regions, clocks, and what is in force). */
#ifndef DR_MODEL_FAULTS_H
#define DR_MODEL_FAULTS_H

#include "controller/estate/model/internal.h"

/* The tables, in the order in which they are shown; NULL ends the list. */
extern const struct dr_model_command *const dr_model_ctl_tables[];

/* A number of a command, or what it is without one. */
int64_t dr_fault_number(const json_t *command, const char *key, int64_t otherwise);
int dr_fault_cluster(struct dr_model *m, const json_t *command,
                     struct dr_model_cluster **c, struct dr_err *err) DR_MUST_CHECK;

/* Each fault in force as the command that would make it, in a stable order:
 * [{"fault": "hang", "at": ..}]. New reference. */
json_t *dr_model_faults_active(const struct dr_model *m);

#endif
