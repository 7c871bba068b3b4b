#include "cmd/drover/word.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/drover/declared.h"
#include "controller/loop/rig.h"

enum { LOOKS = 4, OUTPUT_MAX = 16 << 20 };

const struct dr_facts *dr_look(struct dr_observer *obs, const struct dr_plan_input *in,
                               struct dr_arena *a)
{
    const struct dr_facts *f = dr_observe(obs, dr_wall_ms());
    for (int i = 0; i < LOOKS; i++) {
        struct dr_plan_input again = *in;
        again.facts = f;
        struct dr_plan *p = dr_plan_build(&again, a);
        if (!dr_plan_look_again(p))
            break;
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        f = dr_observe(obs, dr_wall_ms());
    }
    return f;
}

int dr_show_plan(const struct dr_invocation *in, const struct dr_plan_input *input,
                 const struct dr_plan *p, bool wide)
{
    struct dr_buf b;
    dr_buf_init(&b, OUTPUT_MAX);
    dr_plan_text(p, input, wide, &b);
    int rc = dr_cli_result(in, &b);
    dr_buf_release(&b);
    return rc;
}

bool dr_digest_fits(const char *given, const struct dr_plan *p)
{
    return given && strlen(given) >= DR_DIGEST_MIN &&
           strncmp(p->digest, given, strlen(given)) == 0;
}

/* poll() is not resumed after a signal, reading is. */
bool dr_ask_yes(const struct dr_invocation *in, const char *question)
{
    char line[16] = "";
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    dr_signals_silent(); /* nothing runs: it ends at once */
    fprintf(in->err.file, "\n%s Only 'yes' goes on: ", question);
    fflush(in->err.file);
    if (poll(&input, 1, -1) != 1 || dr_signals_asked(NULL))
        return false;
    return fgets(line, sizeof(line), stdin) && strcmp(line, "yes\n") == 0;
}
