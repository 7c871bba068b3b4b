/* drover explain: the reference of the language and of every code. */
#include "spec/explain.h"
#include <string.h>
#include <strings.h>

#include "cmd/drover/cmd.h"
#include "controller/base/arena.h"
#include "controller/plan/plan.h"
#include "controller/source/origin.h"

enum { OUTPUT_MAX = 16 << 20 };

struct options {
    bool all;
};

static const struct dr_option options[] = {
    {.name = "all",
     .kind = DR_OPT_FLAG,
     .offset = offsetof(struct options, all),
     .help = "the whole reference, as a page of Markdown"},
    {0}};

static const struct dr_example examples[] = {
    {"drover explain", "the fields of a topology"},
    {"drover explain spec.replication.redo",
     "one field, its form, default, range, and its fields"},
    {"drover explain spec.replication.config.mounter.worker-num", "a changefeed setting"},
    {"drover explain Controller.spec.source", "a field of another kind"},
    {"drover explain DR-V012", "a finding, and the way out"},
    {"drover explain codes", "all findings and errors"},
    {"drover explain DR-B041", "what blocks a plan, and the way out"},
    {"drover explain DR-E004", "what an error means, and what drover looked at"},
    {"drover explain rules", "how drover decides: predicates, rules, checks"},
    {0}};

static bool explain_error(const char *word, struct dr_buf *out)
{
    for (int code = 1; code < DR_E_COUNT_; code++) {
        const struct dr_code_info *i = dr_code_info((enum dr_code)code);
        if (strcmp(i->id, word) != 0)
            continue;
        dr_buf_addf(out, "%s: %s\n\n", i->id, i->title);
        dr_buf_wrap(out, i->means, 2);
        dr_buf_adds(out, "\nWHAT DROVER LOOKED AT\n");
        dr_buf_wrap(out, i->looked, 2);
        dr_buf_adds(out, "\nWHAT TO DO\n");
        dr_buf_wrap(out, i->way_out, 2);
        return true;
    }
    return false;
}

static bool explain_obstacle(const char *word, struct dr_buf *out)
{
    const struct dr_obstacle_info *i;
    for (int kind = 1; (i = dr_obstacle_info((enum dr_obstacle_kind)kind)); kind++) {
        if (strcmp(i->id, word) != 0)
            continue;
        dr_buf_addf(out, "%s: %s in the source of declarations\n\n", i->id, i->title);
        dr_buf_wrap(out, i->means, 2);
        dr_buf_wrap(
            out,
            "While it is there drover takes no document for removed: it may stand "
            "behind it.",
            2);
        dr_buf_adds(out, "\nWHAT DROVER LOOKED AT\n");
        dr_buf_wrap(
            out, "the commits, and the names and modes of the folder or the git tree", 2);
        dr_buf_adds(out, "\nWHAT TO DO\n");
        dr_buf_wrap(out, i->way_out, 2);
        return true;
    }
    return false;
}

static void list_codes(struct dr_buf *out)
{
    const struct dr_obstacle_info *o;
    dr_buf_addc(out, '\n');
    for (int kind = 1; (o = dr_obstacle_info((enum dr_obstacle_kind)kind)); kind++)
        dr_buf_addf(out, "%s  %s\n", o->id, o->title);
    dr_buf_adds(out, "\nwhat blocks a plan: `drover explain blockers`\n\n");
    for (int code = 1; code < DR_E_COUNT_; code++)
        dr_buf_addf(out, "%s  %s\n", dr_code_info((enum dr_code)code)->id,
                    dr_code_info((enum dr_code)code)->title);
}

void dr_cli_explainable(struct dr_buf *out)
{
    const struct dr_obstacle_info *o;
    struct dr_arena *a = dr_arena_new(0);
    dr_buf_adds(out, "rules\nblockers\n");
    dr_explain_words(a, out);
    for (size_t i = 0; dr_plan_code(i); i++)
        dr_buf_addf(out, "%s\n", dr_plan_code(i));
    for (int code = 1; code < DR_E_COUNT_; code++)
        dr_buf_addf(out, "%s\n", dr_code_info((enum dr_code)code)->id);
    for (int kind = 1; (o = dr_obstacle_info((enum dr_obstacle_kind)kind)); kind++)
        dr_buf_addf(out, "%s\n", o->id);
    dr_arena_free(a);
}

/* The planner's own words: its rules, and the codes of what blocks a plan. */
static bool explain_plan(const char *word, struct dr_buf *out)
{
    if (strcmp(word, "rules") == 0) {
        dr_plan_rules_text(out);
        return true;
    }
    if (strcmp(word, "blockers") == 0) {
        for (size_t i = 0; dr_plan_code(i); i++)
            dr_plan_explain(dr_plan_code(i), out);
        return true;
    }
    return dr_plan_explain(word, out);
}

static int run(const struct dr_invocation *in)
{
    const struct options *o = in->options;
    const char *word = in->arg_count ? in->args[0] : "Topology", *meant = NULL;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_buf out;
    char code[16];
    int rc;
    dr_buf_init(&out, OUTPUT_MAX);
    if (strncasecmp(word, "dr-", 3) == 0 && strlen(word) < sizeof(code)) {
        for (size_t i = 0; i <= strlen(word); i++)
            code[i] = word[i] >= 'a' && word[i] <= 'z' ? (char)(word[i] - 32) : word[i];
        word = code;
    }
    if (o->all)
        dr_explain_all(a, &out);
    if (o->all || explain_plan(word, &out) || explain_error(word, &out) ||
        explain_obstacle(word, &out) || dr_explain(a, word, &out, &meant)) {
        if (strcmp(word, "codes") == 0)
            list_codes(&out);
        rc = dr_cli_result(in, &out);
    } else {
        struct dr_err err = {0};
        dr_fail(&err, DR_E_ABSENT, "there is no field or code '%s'", word);
        if (meant)
            dr_hint(&err, "did you mean '%s'?", meant);
        else
            dr_hint(
                &err,
                "`drover explain` lists the fields, `drover explain codes` the codes");
        rc = dr_cli_fail(in, DR_EXIT_ERROR, &err);
    }
    dr_buf_release(&out);
    dr_arena_free(a);
    return rc;
}

const struct dr_command dr_cmd_explain = {
    .name = "explain",
    .summary = "say what a field or a code means",
    .arguments = "[FIELD|CODE|rules|blockers|codes]",
    .about = "Fields are paths such as spec.switchover.maxLag; a name alone is enough: "
             "where\nseveral fields have it, all are listed.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 1,
    .run = run,
};
