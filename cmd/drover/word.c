#include "cmd/drover/word.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/drover/declared.h"
#include "controller/loop/rig.h"

enum {
    LOOKS = 5, /* a second apart: two rising checkpoints */
    RISE_MS = 1000,
    ABSENCE_LOOKS = 5, /* that a feed is gone: three of one owner, over ten seconds */
    ABSENCE_MS = 4000,
    OUTPUT_MAX = 16 << 20
};

bool dr_look_again(const struct dr_plan *p, int looks)
{
    int64_t ms = p->absence_open && looks < ABSENCE_LOOKS ? ABSENCE_MS
                 : dr_plan_look_again(p) && looks < LOOKS ? RISE_MS
                                                          : 0;
    if (!ms || dr_signals_asked(NULL))
        return false;
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000},
              NULL);
    return true;
}

const struct dr_facts *dr_look(struct dr_observer *obs, const struct dr_plan_input *in,
                               struct dr_arena *a)
{
    const struct dr_facts *f;
    struct dr_plan_input now = *in;
    int looks = 0;
    do {
        now.facts = f = dr_observe(obs, dr_wall_ms());
        looks++;
    } while (dr_look_again(dr_plan_build(&now, a), looks));
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
