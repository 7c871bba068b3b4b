/* What the estate was asked to change, and by whom: every statement that writes data,
 * schema, global variables or accounts, KILL, BACKUP, RESTORE, and every request that
 * changes PD, TiCDC or object storage, from when it arrived. Kept in rings: one for
 * clients, one for the estate's own (the sinks of feeds, the workload), so that the many
 * rows of those do not push out what a client did. Secrets are never kept. */
#ifndef DR_MODEL_AUDIT_H
#define DR_MODEL_AUDIT_H

#include "controller/estate/model/audit_text.h"
#include "controller/estate/model/internal.h"

struct dr_http_in;

void dr_audit_init(struct dr_model *m);
void dr_audit_free(struct dr_model *m);

/* A statement arrived at a session, or a prepared one is executed. Out: the entry to
 * settle, 0: it changes nothing. */
uint64_t dr_audit_statement(struct dr_model_session *s, const char *text, size_t len);
uint64_t dr_audit_request(const struct dr_http_in *in);
/* What became of it; an entry that is gone or 0 is passed over. rows: -1: not known. */
void dr_audit_settle(struct dr_model *m, uint64_t entry, const char *outcome,
                     int64_t rows);

/* {"entries": [..], "truncated": bool, "mark": n} of those that fit `command`: since,
 * user, server (address or cluster), origin ("client" unless said; "all"), kind, except
 * (part of a text), routine (false: without drover's heartbeats and leases). */
int dr_audit_show(struct dr_model *m, const json_t *command, json_t **reply,
                  struct dr_err *err) DR_MUST_CHECK;

#endif
