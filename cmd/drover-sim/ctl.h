/* `drover-sim ctl`: looking at a running estate and hurting it. The server's side is a
 * protocol of lines on a unix socket, one JSON object each way:
 *   {"show": "state"} or {"fault": "kill", "at": "127.0.1.4:4000"}
 *   {"ok": true, "reply": ..} or {"ok": false, "error": "..", "hint": ".."}
 * What the commands do is the model's business (dr_model_ctl). */
#ifndef DR_SIM_CTL_H
#define DR_SIM_CTL_H

#include "cmd/drover-sim/stream.h"

extern const struct dr_sim_protocol dr_ctl_protocol;

/* The path that is used when none is given: in the user's runtime folder, else in a
 * folder of the user's own under /tmp, which is made.  Fails: DR_E_INPUT when somebody
 * else owns that folder. */
int dr_ctl_default_path(char *out, size_t room, struct dr_err *err) DR_MUST_CHECK;

/* One command line, WORD and ARGS as a person types them, as the object to send. New
 * reference.  Fails: DR_E_INPUT. */
int dr_ctl_command(json_t **out, int argc, char *const *argv,
                   struct dr_err *err) DR_MUST_CHECK;

/* A part of a value by its path, "clusters.east.sql.0": members by name, items of a list
 * by position or by their "name". Borrowed; NULL: there is none. */
json_t *dr_ctl_part(json_t *value, const char *path);

/* Prints a reply to the command; false: it says that something is not as it should be
 * (a check that failed, an audit that was to be empty). */
bool dr_ctl_print(json_t *value, const json_t *command, bool as_json);
extern const char dr_ctl_faults_help[]; /* who can be cut off, examples */

/* The client: sends one command, prints the reply. Returns the exit code. */
int dr_ctl_main(int argc, char **argv);

#endif
