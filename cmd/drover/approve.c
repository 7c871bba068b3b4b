/* drover approve: a human's word for one plan, written where whoever acts will see it. */
#include <string.h>
#include <unistd.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "cmd/drover/looker.h"
#include "cmd/drover/word.h"
#include "controller/base/tso.h"
#include "controller/loop/rig.h"
#include "spec/types.h"

#define LIFE_MAX_MS (INT64_C(30) * 24 * 3600 * 1000)

struct options {
    struct dr_source_options source;
    const char *secrets, *until;
    int64_t life_ms;
    bool yes, wide;
};

// clang-format off
static const struct dr_option options[] = {
    {.name = "for", .kind = DR_OPT_DURATION, .value = "DURATION", .fallback = "1h",
     .offset = offsetof(struct options, life_ms), .help = "how long the approval is good"},
    {.name = "until", .kind = DR_OPT_TEXT, .value = "TIME", .offset = offsetof(struct options, until),
     .help = "instead: until when, such as 2026-11-22T00:00:00Z"},
    {.name = "yes", .letter = 'y', .kind = DR_OPT_FLAG, .offset = offsetof(struct options, yes),
     .help = "do not ask"},
    {.name = "secrets", .kind = DR_OPT_TEXT, .value = "DIR",
     .offset = offsetof(struct options, secrets), .help = "folder of relative secret files"},
    {.name = "wide", .letter = 'w', .kind = DR_OPT_FLAG, .offset = offsetof(struct options, wide),
     .help = "show the plan with reasons"},
    DR_SOURCE_OPTIONS(struct options),
    {0}};

static const struct dr_example examples[] = {
    {"drover approve 3f9a12bc04de topology.yaml", "show the plan, ask, approve it for an hour"},
    {"drover approve --for 8h --yes 3f9a12bc04de topologies/ orders", "without asking, for scripts"},
    {0}};
// clang-format on

struct session {
    const struct dr_declared *declared;
    const struct dr_invocation *in;
    const struct options *o;
    struct dr_looker looker;
    struct dr_plan_input input;
    struct dr_arena *arena;
};

static int refuse(const struct session *s, enum dr_exit status, enum dr_code code,
                  const char *text, const char *hint)
{
    struct dr_err err;
    (void)dr_fail(&err, code, "%s", text);
    dr_hint(&err, "%s", hint);
    return dr_cli_fail(s->in, status, &err);
}

static const struct dr_plan *look(struct session *s)
{
    s->input.facts = dr_look(s->looker.observer, &s->input, s->arena);
    dr_declared_trace(s->declared, &s->input, s->arena);
    return dr_plan_build(&s->input, s->arena);
}

static const struct dr_ledger_group *ledger_of(const struct session *s, size_t *primary)
{
    size_t other;
    dr_plan_pair(s->input.topology, s->input.facts, primary, &other);
    return &s->input.facts->clusters[*primary].ledger;
}

/* A plan whose steps only wait for policy.windows may be approved before it opens: nobody
 * need be awake then. */
static bool waits_for_window_only(const struct dr_plan *p)
{
    bool only = p->state == DR_PLAN_WAITING && p->waiting_count;
    for (size_t i = 0; i < p->waiting_count; i++)
        only &= p->waitings[i].for_window;
    return only;
}

/* Whether this plan is the one that is meant, and one that can be approved. Out: 0, or
 * the exit status. */
static int check(const struct session *s, const struct dr_plan *p)
{
    size_t primary;
    const struct dr_ledger_group *g = ledger_of(s, &primary);
    const char *given = s->in->args[0];
    if (!dr_digest_fits(given, p))
        return refuse(s, DR_EXIT_ERROR, DR_E_CONFLICT,
                      dr_sprintf(s->arena, "the plan is %.12s, not %s", p->digest, given),
                      "review the plan above, and approve its digest");
    if (p->state != DR_PLAN_STEPS && !waits_for_window_only(p))
        return refuse(s, p->state == DR_PLAN_CONVERGED ? DR_EXIT_ERROR : DR_EXIT_BLOCKED,
                      DR_E_CONFLICT, "no step of this plan can start now",
                      "only a plan with steps can be approved");
    if (!g->decoded || !g->rows.birth.present || !g->rows.epoch)
        return refuse(
            s, DR_EXIT_ERROR, DR_E_CONFLICT,
            "the primary has no ledger yet that could keep the approval",
            "put it into `approvals` of the document, or: drover apply --approve");
    return 0;
}

/* Until when, by the clock of the cluster that keeps it; 0: said what is wrong. */
static uint64_t until_of(const struct session *s)
{
    size_t primary;
    int64_t now_ms = dr_tso_ms(ledger_of(s, &primary)->tso);
    int64_t until_ms = now_ms + s->o->life_ms;
    if (s->o->until && !dr_types[DR_T_TIME].read(s->arena, s->o->until,
                                                 strlen(s->o->until), &until_ms)) {
        (void)dr_cli_usage(s->in, "--until %s is not %s", s->o->until,
                           dr_types[DR_T_TIME].what);
        return 0;
    }
    if (until_ms > now_ms && until_ms - now_ms <= LIFE_MAX_MS)
        return dr_tso_make(until_ms, 0);
    (void)dr_cli_usage(s->in, "an approval is good for more than 0s and at most 30d");
    return 0;
}

static int write_word(struct session *s, const struct dr_plan *p, uint64_t until)
{
    size_t primary;
    const struct dr_ledger_group *g = ledger_of(s, &primary);
    struct dr_approval_row row = {.digest = p->digest,
                                  .until = until,
                                  .declaration = s->input.topology->doc.meaning};
    struct dr_call call = {
        .kind = DR_CALL_LEDGER_WORD,
        .at = {.cluster = (uint16_t)primary},
        .as = {.cluster_id = s->input.facts->clusters[primary].pd.cluster_id}};
    call.args.word.approval = &row;
    call.args.word.expected = dr_approval_standing(&g->rows.approval, s->arena);
    struct dr_reply r;
    dr_estate_ask(s->looker.rig.estate, &call, &r);
    struct dr_err err = r.err;
    bool refused = r.outcome == DR_REFUSED;
    dr_reply_release(&r);
    if (refused) {
        (void)dr_wrap(&err, "the approval was not written");
        return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
    }
    return 0;
}

/* What stands now counts, whatever the reply was: somebody may be using it already. */
static int confirm(struct session *s, const char *digest)
{
    char time[DR_TIME_TEXT];
    dr_observe_afresh(s->looker.observer);
    const struct dr_plan *p = look(s);
    size_t primary;
    const struct dr_approval_row *r = &ledger_of(s, &primary)->rows.approval;
    bool used = dr_ledger_consumed(&ledger_of(s, &primary)->rows, digest);
    if (used || (r->present && strcmp(r->digest, digest) == 0)) {
        fprintf(s->in->err.file, "approved: plan %.12s%s%s%s\n", digest,
                used ? ", which is carried out already" : ", good until ",
                used ? "" : dr_time_text(dr_tso_ms(r->until), time),
                used || p->approval.state != DR_APPROVAL_NONE
                    ? ""
                    : "; the plan is another one by now");
        return DR_EXIT_OK;
    }
    return refuse(s, DR_EXIT_ERROR, DR_E_TIMEOUT,
                  "the approval is not seen in the ledger",
                  "look at the plan and approve it again");
}

static int with_looker(struct session *s)
{
    const struct dr_plan *p = look(s);
    char question[64];
    int rc = dr_show_plan(s->in, &s->input, p, s->o->wide);
    if (rc == 0)
        rc = check(s, p);
    if (rc != 0)
        return rc;
    uint64_t until = until_of(s);
    if (!until)
        return DR_EXIT_USAGE;
    if (!dr_plan_needs_word(p))
        fprintf(s->in->err.file,
                "note: no step of this plan needs an approval, unless the "
                "controller's own policy says so\n");
    if (!s->o->yes && !isatty(STDIN_FILENO))
        return refuse(s, DR_EXIT_ERROR, DR_E_INPUT,
                      "nobody can be asked: standard input is no terminal", "give --yes");
    snprintf(question, sizeof(question), "Approve plan %.12s?", p->digest);
    if (!s->o->yes && !dr_ask_yes(s->in, question))
        return DR_EXIT_INTERRUPTED;
    rc = write_word(s, p, until);
    return rc ? rc : confirm(s, p->digest);
}

static int run(const struct dr_invocation *in)
{
    struct session s = {.in = in, .o = in->options};
    struct dr_declared d;
    struct dr_err err;
    int rc = dr_declared_open(&d, in, 1);
    if (rc != 0)
        return rc;
    dr_signals_catch();
    s.arena = dr_arena_new(0);
    s.declared = &d;
    s.input = dr_declared_input(&d);
    if (dr_looker_open(&s.looker, d.topology, dr_declared_secrets(&d, s.o->secrets),
                       "drover approve only looks before", &err) != 0) {
        rc = dr_cli_fail(in, DR_EXIT_ERROR, &err);
    } else {
        rc = with_looker(&s);
        dr_looker_close(&s.looker);
    }
    dr_arena_free(s.arena);
    dr_declared_close(&d);
    return rc;
}

const struct dr_command dr_cmd_approve = {
    .name = "approve",
    .summary = "approve a plan that a controller waits with",
    .arguments = "DIGEST [PATH] [NAME]",
    .about = "Plans, shows the plan, asks, and writes the approval into the primary's "
             "ledger, with "
             "the SQL\nuser's name. Only the plan of now can be approved. It is good for "
             "one use and "
             "ends by itself;\nwhoever uses it notes that in the ledgers, and after a "
             "crash the next "
             "one goes on with what\nis left of that plan, and nothing beyond.\n"
             "Exit status: 0 approved, 1 error or another plan, 3 blocked, 64 wrong "
             "usage, 130 "
             "interrupted.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .min_args = 1,
    .max_args = 3,
    .run = run,
};
