/* drover ready: is everything there that the declared pair needs? */
#include <stdlib.h>
#include <string.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "cmd/drover/looker.h"
#include "cmd/drover/word.h"
#include "controller/loop/rig.h"
#include "controller/observe/snapshot.h"
#include "controller/plan/ready.h"

enum { OUTPUT_MAX = 16 << 20 };

struct options {
    struct dr_source_options source;
    unsigned output;
    const char *secrets, *observed, *save;
    bool brief;
};

static const char *const outputs[] = {"text", "json", NULL};

// clang-format off
static const struct dr_option options[] = {
    {.name = "output", .letter = 'o', .kind = DR_OPT_WORD, .words = outputs, .fallback = "text",
     .offset = offsetof(struct options, output), .help = "how it is printed"},
    {.name = "brief", .letter = 'b', .kind = DR_OPT_FLAG, .offset = offsetof(struct options, brief),
     .help = "as text: only what warns or blocks"},
    {.name = "secrets", .kind = DR_OPT_TEXT, .value = "DIR",
     .offset = offsetof(struct options, secrets), .help = "folder of relative secret files"},
    {.name = "observed", .kind = DR_OPT_TEXT, .value = "FILE",
     .offset = offsetof(struct options, observed),
     .help = "judge saved facts; nothing is contacted"},
    {.name = "save-observed", .kind = DR_OPT_TEXT, .value = "FILE",
     .offset = offsetof(struct options, save), .help = "save the facts that were observed"},
    DR_SOURCE_OPTIONS(struct options),
    {0}};

static const struct dr_example examples[] = {
    {"drover ready topology.yaml", "every check, before the first step or on a running pair"},
    {"drover ready -b topologies/ orders", "only what warns or blocks"},
    {"drover ready -o json topology.yaml", "for a program; .ready says it in a word"},
    {"drover ready --save-observed facts.json topology.yaml", "keep what was seen"},
    {"drover explain DR-B030", "what a line's code means"},
    {0}};
// clang-format on

static int print(const struct dr_invocation *in, const struct dr_plan_input *input,
                 struct dr_arena *a)
{
    const struct options *o = in->options;
    const struct dr_readiness *r = dr_ready_build(input, a);
    struct dr_buf b;
    dr_buf_init(&b, OUTPUT_MAX);
    if (o->output) {
        json_t *v = dr_ready_json(r);
        char *text = json_dumps(v, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        dr_buf_addf(&b, "%s\n", text ? text : "");
        free(text);
        json_decref(v);
    } else {
        dr_ready_text(r, !o->brief, in->out.colour, &b);
    }
    int rc = dr_cli_result(in, &b);
    dr_buf_release(&b);
    return rc ? rc : r->by_state[DR_READY_BLOCKS] ? DR_EXIT_BLOCKED : DR_EXIT_OK;
}

static int live(const struct dr_invocation *in, const struct dr_declared *d,
                struct dr_plan_input *input, struct dr_arena *a)
{
    const struct options *o = in->options;
    struct dr_looker l;
    struct dr_err err;
    if (dr_looker_open(&l, d->topology, dr_declared_secrets(d, o->secrets),
                       "drover ready changes nothing", &err) != 0)
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    dr_observe_everything(l.observer);
    input->facts = dr_look(l.observer, input, a);
    dr_declared_trace(d, input, a);
    int rc = o->save && dr_snapshot_save(o->save, input->facts, 0600, &err) != 0
                 ? dr_cli_fail(in, DR_EXIT_ERROR, &err)
                 : print(in, input, a);
    dr_looker_close(&l);
    return rc;
}

static int run(const struct dr_invocation *in)
{
    const struct options *o = in->options;
    struct dr_declared d;
    struct dr_err err;
    int rc = dr_declared_open_followed(&d, in);
    if (rc != 0)
        return rc;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_plan_input input = dr_declared_input(&d);
    if (o->observed) {
        struct dr_facts *f;
        rc = dr_snapshot_load(&f, o->observed, d.topology, a, &err);
        input.facts = f;
        if (rc == 0)
            dr_declared_trace(&d, &input, a);
        rc = rc ? dr_cli_fail(in, DR_EXIT_ERROR, &err) : print(in, &input, a);
    } else {
        rc = live(in, &d, &input, a);
    }
    dr_arena_free(a);
    dr_declared_close(&d);
    return rc;
}

const struct dr_command dr_cmd_ready = {
    .name = "ready",
    .summary = "check by check: is everything there that the pair needs",
    .arguments = "[PATH] [NAME]",
    .about =
        "Looks at every endpoint, at identity, versions, privileges, accounts, storage, "
        "tables and\nhistory, and prints a line for each: ok, warn or blocks, the fact, "
        "how old it is, and the\nway out; for a missing privilege the very GRANT. What "
        "is "
        "not known blocks. These are the\nchecks that `drover plan` rests on. It works "
        "before the first step and on a running pair,\nwhere all parts of \"protected\" "
        "count as well. Nothing is changed. Where the newest commit of a\n"
        "repository is not valid, the last good one is looked at, and that is said.\n"
        "Exit status: 0 nothing blocks, 1 error, 3 something blocks, 64 wrong usage.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 2,
    .run = run,
};
