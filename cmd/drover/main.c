#include "cmd/drover/cmd.h"
#include "controller/base/json.h"

int main(int argc, char **argv)
{
    dr_json_init();
    return dr_cli(dr_commands, argc, (const char *const *)argv, stdout, stderr);
}
