/* drover: one row a command. */
#include "cmd/drover/cmd.h"
#include "controller/base/json.h"

static const struct dr_command *const commands[] = {
    &dr_cmd_validate,
    &dr_cmd_explain,
    &dr_cmd_schema,
    NULL,
};

int main(int argc, char **argv)
{
    dr_json_init();
    return dr_cli(commands, argc, (const char *const *)argv, stdout, stderr);
}
