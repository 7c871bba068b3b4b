/* The one topology that a command line means: PATH [NAME], or a repository and [NAME];
 * and where state and secrets are. */
#ifndef DR_CMD_DECLARED_H
#define DR_CMD_DECLARED_H

#include "cmd/drover/cmd.h"
#include "controller/loop/declaration.h"

/* Where documents come from besides PATH. First member of the options of each command
 * that uses dr_declared_open; its rows are DR_SOURCE_OPTIONS. */
struct dr_source_options {
    const char *config, *git, *branch, *path;
};

// clang-format off
#define DR_SOURCE_OPTIONS(options)                                                            \
    {.name = "git", .kind = DR_OPT_TEXT, .value = "URL", .offset = offsetof(options, source.git), \
     .help = "instead of PATH: repository (https, ssh, or an absolute local path)"},          \
    {.name = "branch", .kind = DR_OPT_TEXT, .value = "NAME",                                  \
     .offset = offsetof(options, source.branch), .help = "of the repository (default: main)"}, \
    {.name = "path", .kind = DR_OPT_TEXT, .value = "PATH", .offset = offsetof(options, source.path), \
     .help = "folder or file inside the repository (default: all of it)"},                    \
    {.name = "config", .kind = DR_OPT_TEXT, .value = "FILE",                                  \
     .offset = offsetof(options, source.config),                                              \
     .help = "instead of PATH: the source that a document of kind Controller names"}
// clang-format on

struct dr_declared {
    struct dr_origin *origin;
    struct dr_declaration *declaration;
    const struct dr_topology *topology;
    const char *where;   /* the words of the command line that mean it */
    const char *secrets; /* folder that the Controller document names; NULL: none */
    bool last_good;      /* where the tip is not valid, what a controller would follow */
    const char *bad_tip; /* it was taken instead of that revision; NULL: it is the tip */
    unsigned behind;     /* .. which is so many commits later */
    struct dr_arena *arena;
};

/* Reads what the source options or, from argument `first` on, PATH [NAME] mean. Prints
 * findings and errors itself. Out: 0, or the exit status. Blocks: a fetch. */
int dr_declared_open(struct dr_declared *out, const struct dr_invocation *in,
                     size_t first);
/* As dr_declared_open, for who only looks at what stands: where the newest commit of a
 * repository is not valid, the newest good one of its first parents, as `run` keeps it;
 * both are said. */
int dr_declared_open_followed(struct dr_declared *out, const struct dr_invocation *in);
/* The same of a given PATH and NAME (NULL: the only one). */
int dr_declared_open_at(struct dr_declared *out, const struct dr_invocation *in,
                        const char *path, const char *name);
/* The secrets folder: `given`, or the one that the Controller document names. */
const char *dr_declared_secrets(const struct dr_declared *d, const char *given);
/* What the planner is told of it; facts are still to come. */
struct dr_plan_input dr_declared_input(const struct dr_declared *d);
/* Adds what the source's history says of the revisions on which the ledgers in in->facts
 * have agreed. */
void dr_declared_trace(const struct dr_declared *d, struct dr_plan_input *in,
                       struct dr_arena *a);
/* Whether a repository or a Controller document is given, and no PATH. */
bool dr_declared_elsewhere(const struct dr_invocation *in);
/* Reads what it means. NAME NULL: the only one. */
int dr_declared_open_elsewhere(struct dr_declared *out, const struct dr_invocation *in,
                               const char *name);
void dr_declared_close(struct dr_declared *d);

/* The one document of kind Controller in a file; prints findings and errors. Out: 0, or
 * the exit status. */
int dr_controller_read(const struct dr_controller_doc **out,
                       const struct dr_invocation *in, const char *path,
                       struct dr_arena *a);
/* The source that it names. */
struct dr_origin_config dr_controller_origin(const struct dr_controller_doc *c);

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
/* What the first signal says at once, from its handler: that the step called `what` is
 * finished first, or, NULL, that nothing more is started. Copied. */
void dr_signals_doing(const char *what);
/* From now on the first signal says nothing (the default). */
void dr_signals_silent(void);

#endif
