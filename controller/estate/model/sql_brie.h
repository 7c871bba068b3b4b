/* BACKUP and RESTORE tasks of a tidb-server: what sessions and processes ask of them. */
#ifndef DR_MODEL_SQL_BRIE_H
#define DR_MODEL_SQL_BRIE_H

#include "controller/estate/model/sql_session.h"

/* The session's task, polled: DR_RUN_WAIT, or its result in the answer. */
enum dr_run dr_brie_poll(struct dr_exec *x);
/* KILL QUERY: cancels the session's task. */
void dr_brie_interrupt(struct dr_exec *x);
/* The session is gone: newer versions cancel, older ones go on unattended. */
void dr_brie_abandon(struct dr_model_session *s);
/* The process stops: all its tasks stop where they are, and are forgotten. */
void dr_brie_stop(struct dr_model_instance *in);
/* Tasks unfinished in this cluster (a RESTORE writes behind a fence). */
size_t dr_brie_running(const struct dr_model_cluster *c);
/* Frees the checkpoint of an unfinished RESTORE. */
void dr_brie_forget(struct dr_model_cluster *c);
json_t *dr_brie_state(const struct dr_model_cluster *c);

#endif
