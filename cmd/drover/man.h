/* Manual pages in man(7), printed from the tables of the command line. */
#ifndef DR_CMD_MAN_H
#define DR_CMD_MAN_H

#include "cmd/drover/cmd.h"

/* date: "2026-11-21", of the build. */
void dr_man_command(const struct dr_command *c, const char *date, struct dr_buf *out);
void dr_man_general(const struct dr_command *const *commands, const char *date,
                    struct dr_buf *out);

#endif
