/* PATH [NAME] of a command line: one topology, read from a folder or file, with where its
 * state and secrets are. */
#ifndef DR_CMD_DECLARED_H
#define DR_CMD_DECLARED_H

#include "cmd/drover/cmd.h"
#include "controller/loop/declaration.h"

struct dr_declared {
    struct dr_origin *origin;
    struct dr_declaration *declaration;
    const struct dr_topology *topology;
};

/* Reads in->args[0], picks the topology named in->args[1] or the only one. Prints
 * findings and errors itself. Out: 0, or the exit status. */
int dr_declared_open(struct dr_declared *out, const struct dr_invocation *in);
/* The same of a given PATH and NAME (NULL: the only one). */
int dr_declared_open_at(struct dr_declared *out, const struct dr_invocation *in,
                        const char *path, const char *name);
void dr_declared_close(struct dr_declared *d);

/* The state folder: `given`, or $XDG_STATE_HOME/drover, or ~/.local/state/drover; made
 * when it is missing. Out: in `dir`. */
int dr_state_dir(char dir[4096], const char *given, struct dr_err *err) DR_MUST_CHECK;

/* The same, not made. */
int dr_state_dir_name(char dir[4096], const char *given,
                      struct dr_err *err) DR_MUST_CHECK;

/* SIGINT and SIGTERM: the first asks to stop after the running step, the second ends the
 * process at once with status 130. */
void dr_signals_catch(void);
bool dr_signals_asked(void *ignored);

#endif
