#include "cmd/drover/cmd.h"
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "controller/base/json.h"
#include "controller/source/origin.h"

/* Secrets stand in this process: no core file, no reading of its memory by others of the
 * same user. Each topology costs some descriptors: as many as the system allows. */
static void harden(void)
{
    struct rlimit limit = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &limit);
#ifndef __SANITIZE_ADDRESS__ /* the leak checker must look into the process */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    harden();
    dr_json_init();
    if (argc > 1 && strcmp(argv[1], DR_GIT_FETCH_COMMAND) == 0)
        return dr_git_fetch_main(argc, argv); /* the child of a git origin */
    return dr_cli(dr_commands, argc, (const char *const *)argv, stdout, stderr);
}
