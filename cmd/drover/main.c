#include "cmd/drover/cmd.h"
#include <string.h>

#include "controller/base/json.h"
#include "controller/source/origin.h"

int main(int argc, char **argv)
{
    dr_json_init();
    if (argc > 1 && strcmp(argv[1], DR_GIT_FETCH_COMMAND) == 0)
        return dr_git_fetch_main(argc, argv); /* the child of a git origin */
    return dr_cli(dr_commands, argc, (const char *const *)argv, stdout, stderr);
}
