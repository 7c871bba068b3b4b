/* One row a command, in the order of `drover --help`. */
#include "cmd/drover/cmd.h"

// clang-format off
const struct dr_command *const dr_commands[] = {
    &dr_cmd_validate,
    &dr_cmd_explain,
    &dr_cmd_schema,
    &dr_cmd_plan,
    &dr_cmd_approve,
    &dr_cmd_agree,
    &dr_cmd_apply,
    &dr_cmd_run,
    &dr_cmd_status,
    &dr_cmd_history,
    &dr_cmd_ready,
    &dr_cmd_grants,
    &dr_cmd_import,
    &dr_cmd_completion,
    NULL,
};
// clang-format on
