/* drover plan: observes, plans, prints; changes nothing. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "cmd/drover/looker.h"
#include "cmd/drover/word.h"
#include "controller/base/file.h"
#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/loop/rig.h"
#include "controller/observe/snapshot.h"
#include "controller/plan/markdown.h"
#include "controller/plan/plan.h"
#include "controller/plan/saved.h"

enum { OUTPUT_MAX = 16 << 20, OLD_MS = 15 * 60 * 1000 };

struct options {
    struct dr_source_options source;
    unsigned output;
    const char *secrets, *observed, *save, *out;
    bool wide, detailed, as_committed;
    int64_t max_age_ms;
};

enum { TEXT, JSON, MARKDOWN };
static const char *const outputs[] = {"text", "json", "markdown", NULL};

// clang-format off
static const struct dr_option options[] = {
    {.name = "output", .letter = 'o', .kind = DR_OPT_WORD, .words = outputs, .fallback = "text",
     .offset = offsetof(struct options, output), .help = "how the plan is printed"},
    {.name = "wide", .letter = 'w', .kind = DR_OPT_FLAG, .offset = offsetof(struct options, wide),
     .help = "with why, precondition, expected result and undo of each step"},
    {.name = "secrets", .kind = DR_OPT_TEXT, .value = "DIR",
     .offset = offsetof(struct options, secrets), .help = "folder of relative secret files"},
    {.name = "observed", .kind = DR_OPT_TEXT, .value = "FILE",
     .offset = offsetof(struct options, observed),
     .help = "plan from saved facts; nothing is contacted"},
    {.name = "max-age", .kind = DR_OPT_DURATION, .value = "DURATION", .offset = offsetof(struct options, max_age_ms),
     .help = "refuse saved facts older than this (default: say so after 15m)"},
    {.name = "as-committed", .kind = DR_OPT_FLAG, .offset = offsetof(struct options, as_committed),
     .help = "plan a file as if it were the next commit, for a pull request"},
    {.name = "save-observed", .kind = DR_OPT_TEXT, .value = "FILE",
     .offset = offsetof(struct options, save), .help = "save the facts that were observed"},
    {.name = "out", .kind = DR_OPT_TEXT, .value = "FILE", .offset = offsetof(struct options, out),
     .help = "keep the plan for `drover apply FILE`"},
    {.name = "detailed-exitcode", .kind = DR_OPT_FLAG,
     .offset = offsetof(struct options, detailed),
     .help = "exit status 2 when there are changes"},
    DR_SOURCE_OPTIONS(struct options),
    {0}};

static const struct dr_example examples[] = {
    {"drover plan topology.yaml", "what would be done, step by step"},
    {"drover plan -w topologies/ orders", "one topology of a folder, with reasons"},
    {"drover plan --out plan.json topology.yaml", "keep it; later: drover apply plan.json"},
    {"drover plan --save-observed facts.json topology.yaml", "keep what was seen"},
    {"drover plan --observed facts.json topology.yaml", "plan again from it, offline"},
    {"drover plan -o markdown --as-committed --observed facts.json orders.yaml", "a comment for a pull request, without credentials"},
    {0}};
// clang-format on

/* Keeps the plan for `drover apply FILE`. */
static int save_plan(const struct dr_invocation *in, const struct dr_plan_input *input,
                     const struct dr_plan *p)
{
    const struct options *o = in->options;
    char path[PATH_MAX], made_at[DR_TIME_TEXT];
    struct dr_err err;
    struct dr_saved_plan s;
    if (!o->out)
        return 0;
    path[0] = '\0';
    if (!dr_declared_elsewhere(in) && !realpath(in->args[0], path)) {
        (void)dr_fail_errno(&err, errno, "cannot find '%s'", in->args[0]);
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    }
    struct dr_arena *a = dr_arena_new(0);
    dr_saved_plan_of(&s, p, input->topology, a);
    s.drover = DR_VERSION;
    s.made_at = dr_time_text(dr_wall_ms(), made_at);
    s.path = path;
    const char *text = dr_saved_plan_text(&s, a);
    int rc = dr_file_write(o->out, text, strlen(text), 0600, &err);
    dr_arena_free(a);
    return rc ? dr_cli_fail(in, DR_EXIT_ERROR, &err) : 0;
}

static int print_plan(const struct dr_invocation *in, const struct dr_plan_input *input,
                      const struct dr_plan *p, const char *const *notes)
{
    const struct options *o = in->options;
    struct dr_buf b;
    dr_buf_init(&b, OUTPUT_MAX);
    if (o->output == MARKDOWN) {
        dr_plan_markdown(p, input, notes, &b);
    } else if (o->output == JSON) {
        json_t *v = dr_plan_json(p);
        char *text = json_dumps(v, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        dr_buf_addf(&b, "%s\n", text ? text : "");
        free(text);
        json_decref(v);
    } else {
        dr_plan_text(p, input, o->wide, &b);
    }
    int rc = dr_cli_result(in, &b);
    dr_buf_release(&b);
    if (rc == 0)
        rc = save_plan(in, input, p);
    if (rc)
        return rc;
    if (p->state == DR_PLAN_BLOCKED || p->state == DR_PLAN_WAITING ||
        p->state == DR_PLAN_ASKING)
        return DR_EXIT_BLOCKED;
    return o->detailed && p->state == DR_PLAN_STEPS ? DR_EXIT_CHANGES : DR_EXIT_OK;
}

static int plan_live(const struct dr_invocation *in, const struct dr_declared *d,
                     struct dr_plan_input *input, struct dr_arena *a)
{
    const struct options *o = in->options;
    struct dr_looker l;
    struct dr_err err;
    if (dr_looker_open(&l, d->topology, dr_declared_secrets(d, o->secrets),
                       "drover plan changes nothing", &err) != 0)
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    input->facts = dr_look(l.observer, input, a);
    dr_declared_trace(d, input, a);
    int rc = o->save && dr_snapshot_save(o->save, input->facts, 0600, &err) != 0
                 ? dr_cli_fail(in, DR_EXIT_ERROR, &err)
                 : print_plan(in, input, dr_plan_build(input, a), NULL);
    dr_looker_close(&l);
    return rc;
}

/* How old the facts are: said always, and refused or warned of when it is too much. */
static int judge_age(const struct dr_invocation *in, const struct dr_facts *f,
                     const char **note, struct dr_arena *a)
{
    const struct options *o = in->options;
    char at[DR_TIME_TEXT], old[DR_DURATION_TEXT], limit[DR_DURATION_TEXT];
    int64_t age_ms = dr_wall_ms() - f->wall_ms;
    age_ms = age_ms > 0 ? age_ms / 1000 * 1000 : 0;
    bool stale = age_ms > (o->max_age_ms ? o->max_age_ms : OLD_MS);
    *note = dr_sprintf(a, "planned from facts of %.19s UTC, %s old%s",
                       dr_time_text(f->wall_ms, at), dr_duration_text(age_ms, old),
                       stale ? ": much may have changed since" : "");
    if (!stale || !o->max_age_ms) {
        fprintf(in->err.file, "%s: %s\n", stale ? "warning" : "note", *note);
        return 0;
    }
    struct dr_err err;
    (void)dr_fail(&err, DR_E_INPUT, "the facts in '%s' are %s old, more than %s",
                  o->observed, old, dr_duration_text(o->max_age_ms, limit));
    dr_hint(&err, "is the controller that publishes them running?");
    return dr_cli_fail(in, DR_EXIT_ERROR, &err);
}

static int plan_saved(const struct dr_invocation *in, const struct dr_declared *d,
                      struct dr_plan_input *input, struct dr_arena *a)
{
    const struct options *o = in->options;
    const char *notes[2] = {NULL, NULL};
    struct dr_facts *f;
    struct dr_err err;
    if (dr_snapshot_load(&f, o->observed, input->topology, a, &err) != 0)
        return dr_cli_fail(in, DR_EXIT_ERROR, &err);
    input->facts = f;
    dr_declared_trace(d, input, a);
    int rc = judge_age(in, f, &notes[0], a);
    return rc ? rc : print_plan(in, input, dr_plan_build(input, a), notes);
}

static int run(const struct dr_invocation *in)
{
    const struct options *o = in->options;
    struct dr_declared d;
    int rc = dr_declared_open(&d, in, 0);
    if (rc != 0)
        return rc;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_plan_input input = dr_declared_input(&d);
    input.as_committed = o->as_committed;
    rc = o->observed ? plan_saved(in, &d, &input, a) : plan_live(in, &d, &input, a);
    dr_arena_free(a);
    dr_declared_close(&d);
    return rc;
}

const struct dr_command dr_cmd_plan = {
    .name = "plan",
    .summary = "observe the clusters and print what would be done",
    .arguments = "[PATH] [NAME]",
    .about =
        "Reads the topology (NAME when PATH declares several), looks at its clusters and "
        "prints\nthe ordered steps that close the difference. Nothing is changed. Where "
        "nothing is left to do and\nthe pair is not protected all the same (a changefeed "
        "that lags or only tries again), the plan\nsays what is missing and who can "
        "help; "
        "its exit status is about the plan: that of `drover status`\nsays whether the "
        "pair "
        "is protected. A repository whose newest commit is not valid is refused: what "
        "is planned\nis what somebody reviewed.\n"
        "Exit status: 0 there is a plan or nothing to do, 1 error, 2 changes (with "
        "--detailed-exitcode),\n3 blocked, or waiting for a fact or a word, 64 wrong "
        "usage.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 2,
    .run = run,
};
