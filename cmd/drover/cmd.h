/* The frame of the command line: a const table of commands, for each a const table of
 * options that both parses and prints --help. A command parses nothing by itself; it gets
 * its options as a filled struct and writes to the streams it is given. */
#ifndef DR_CMD_H
#define DR_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "controller/base/buf.h"
#include "controller/base/err.h"

enum dr_exit {
    DR_EXIT_OK = 0,
    DR_EXIT_ERROR = 1,
    DR_EXIT_CHANGES = 2, /* with --detailed-exitcode */
    DR_EXIT_BLOCKED = 3, /* blocked, or not protected */
    DR_EXIT_USAGE = 64,
    DR_EXIT_INTERRUPTED = 130,
};

enum dr_option_kind {
    DR_OPT_FLAG,     /* bool; takes no value */
    DR_OPT_TEXT,     /* const char * */
    DR_OPT_WORD,     /* unsigned: the index into `words` */
    DR_OPT_NUMBER,   /* uint64_t */
    DR_OPT_DURATION, /* int64_t, ms */
};

struct dr_option {
    const char *name; /* without "--"; NULL ends the table */
    char letter;      /* 0: none */
    enum dr_option_kind kind;
    const char *value;        /* what --help calls it: "FILE"; NULL for a flag or words */
    const char *const *words; /* WORD: ends with NULL */
    const char *fallback;     /* value when not given; NULL: zero */
    size_t offset;            /* into the options struct */
    const char *help;
};

struct dr_example {
    const char *command, *what; /* command NULL ends the list */
};

struct dr_stream {
    FILE *file;
    bool terminal, colour;
};

struct dr_invocation {
    const struct dr_command *command;
    const void *options; /* the command's own struct, filled */
    const char *const *args;
    size_t arg_count;
    struct dr_stream out; /* results */
    struct dr_stream err; /* talk */
};

struct dr_command {
    const char *name;
    const char *summary;   /* one line, for the list */
    const char *arguments; /* "PATH.."; NULL: none */
    const char *about;     /* paragraphs for --help */
    const struct dr_option *options;
    size_t options_bytes;
    const struct dr_example *examples;
    size_t min_args, max_args;
    int (*run)(const struct dr_invocation *in); /* an enum dr_exit */
};

/* All commands, in commands.c; ends with NULL. */
extern const struct dr_command *const dr_commands[];

// clang-format off
extern const struct dr_command
    dr_cmd_validate,
    dr_cmd_explain,
    dr_cmd_schema,
    dr_cmd_plan,
    dr_cmd_approve,
    dr_cmd_apply,
    dr_cmd_run,
    dr_cmd_status,
    dr_cmd_history,
    dr_cmd_grants,
    dr_cmd_ready,
    dr_cmd_agree,
    dr_cmd_completion,
    dr_cmd_import;
// clang-format on

/* Finds the command, parses, runs; everything main() does but the process. */
int dr_cli(const struct dr_command *const *commands, int argc, const char *const *argv,
           FILE *out, FILE *err);

/* ---- for commands ---- */

/* "error: message", and the hint below it. Gives code. */
int dr_cli_fail(const struct dr_invocation *in, enum dr_exit code,
                const struct dr_err *err);

/* "error: .." and where to find help. Gives DR_EXIT_USAGE. */
int dr_cli_usage(const struct dr_invocation *in, const char *fmt, ...) DR_PRINTF(2, 3);

/* Writes a buffer to the results. Gives DR_EXIT_ERROR when it was cut or not written. */
int dr_cli_result(const struct dr_invocation *in, const struct dr_buf *b);

/* All that `drover explain` takes, a word a line. */
void dr_cli_explainable(struct dr_buf *out);

/* --help of one command. */
void dr_cli_help(const struct dr_command *c, struct dr_buf *out);

#endif
