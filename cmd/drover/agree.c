/* drover agree: a person says that this declaration is right, although it is not the one
 * on which the ledgers have agreed, nor a later one. */
#include <string.h>
#include <unistd.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "cmd/drover/looker.h"
#include "cmd/drover/word.h"
#include "controller/loop/rig.h"

struct options {
    struct dr_source_options source;
    const char *secrets, *revision;
    bool yes;
};

// clang-format off
static const struct dr_option options[] = {
    {.name = "revision", .kind = DR_OPT_TEXT, .value = "REVISION",
     .offset = offsetof(struct options, revision),
     .help = "agree on this commit instead of the declaration given"},
    {.name = "yes", .letter = 'y', .kind = DR_OPT_FLAG, .offset = offsetof(struct options, yes),
     .help = "do not ask"},
    {.name = "secrets", .kind = DR_OPT_TEXT, .value = "DIR",
     .offset = offsetof(struct options, secrets), .help = "folder of relative secret files"},
    DR_SOURCE_OPTIONS(struct options),
    {0}};

static const struct dr_example examples[] = {
    {"drover agree topology.yaml", "after a history was rewritten: this document is right"},
    {"drover agree --revision 3f9a12bc04de5d1c6a8e7f20b9c4d3a1e0f58b67 topologies/ orders",
     "what descends from that commit is right"},
    {0}};
// clang-format on

enum { COMMIT_TEXT = 40 };

struct session {
    const struct dr_invocation *in;
    const struct options *o;
    struct dr_looker looker;
    struct dr_plan_input input;
    struct dr_arena *arena;
    const char *agreed, *meaning; /* what is to be written */
};

static int refuse(const struct session *s, const char *text, const char *hint)
{
    struct dr_err err;
    (void)dr_fail(&err, DR_E_CONFLICT, "%s", text);
    dr_hint(&err, "%s", hint);
    return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
}

static const struct dr_term_row *term_of(const struct session *s, size_t c)
{
    return &s->input.facts->clusters[c].ledger.rows.term;
}

static bool is_agreed(const struct session *s, size_t c)
{
    const struct dr_term_row *t = term_of(s, c);
    return t->agreed && strcmp(t->agreed, s->agreed) == 0 &&
           (!s->meaning || (t->meaning && strcmp(t->meaning, s->meaning) == 0));
}

static const char generation[] = "generation:";

static bool is_generation(const char *agreed)
{
    return agreed && strncmp(agreed, generation, sizeof(generation) - 1) == 0;
}

static bool is_commit(const char *text)
{
    return text && strlen(text) == COMMIT_TEXT &&
           strspn(text, "0123456789abcdef") == COMMIT_TEXT;
}

/* What a ledger notes, in words. */
static const char *in_words(const struct session *s, const char *agreed)
{
    return !agreed             ? "nothing"
           : is_commit(agreed) ? dr_sprintf(s->arena, "commit %.12s", agreed)
           : is_generation(agreed)
               ? dr_sprintf(s->arena, "metadata.generation %s of a file or folder",
                            agreed + sizeof(generation) - 1)
               : agreed;
}

/* What saying yes means. */
static void say_meaning(const struct session *s)
{
    FILE *f = s->in->err.file;
    bool repository = false;
    if (!is_generation(s->agreed)) {
        fprintf(f,
                "From now on drover acts on %s and what descends from it;\n"
                "what the ledgers have agreed on before is older.\n",
                in_words(s, s->agreed));
        return;
    }
    for (size_t c = 0; c < s->input.facts->cluster_count; c++)
        repository |= is_commit(term_of(s, c)->agreed);
    fprintf(
        f,
        "From now on drover acts on this document, and on each of this topology whose\n"
        "metadata.generation is %s or higher (it is 0 where none is written); what the\n"
        "ledgers have agreed on before is older.\n",
        s->agreed + sizeof(generation) - 1);
    if (repository)
        fprintf(f, "note: the ledgers have agreed on a commit, so a repository is the "
                   "source. To agree on\n"
                   "      a commit, and keep to what descends from it, give --git URL or "
                   "--revision COMMIT.\n");
}

/* Every ledger must be known: one that is not would go on to refuse. Out: 0, or the exit
 * status. */
static int show(const struct session *s, bool *missing)
{
    *missing = false;
    for (size_t c = 0; c < s->input.facts->cluster_count; c++) {
        const struct dr_cluster_facts *f = &s->input.facts->clusters[c];
        const struct dr_term_row *t = term_of(s, c);
        if (!f->ledger.decoded || f->ledger.rows.unreadable)
            return refuse(s,
                          dr_sprintf(s->arena, "the ledger of %s is not known%s%s",
                                     f->name, f->ledger.seen.why ? ": " : "",
                                     f->ledger.seen.why ? f->ledger.seen.why : ""),
                          "drover agrees in every ledger, or in none");
        const struct dr_birth_row *birth = &f->ledger.rows.birth;
        const char *name = s->input.topology->doc.metadata.name;
        if (birth->present && strcmp(birth->topology, name) != 0)
            return refuse(s,
                          dr_sprintf(s->arena, "%s belongs to topology '%s'", f->name,
                                     birth->topology),
                          "give that topology's document");
        if (!t->present)
            return refuse(
                s, dr_sprintf(s->arena, "the ledger of %s has no term yet", f->name),
                "there is nothing to agree on before the first bootstrap");
        *missing |= !is_agreed(s, c);
        fprintf(s->in->err.file, "  %-12s term %llu, primary %s, agreed on %s%s%s\n",
                f->name, (unsigned long long)t->n, t->cluster, in_words(s, t->agreed),
                t->by ? " by " : "", t->by ? t->by : "");
    }
    return 0;
}

static int write_word(struct session *s, size_t c)
{
    struct dr_term_row row = *term_of(s, c);
    row.agreed = s->agreed;
    row.meaning = s->meaning;
    struct dr_call call = {
        .kind = DR_CALL_LEDGER_WORD,
        .at = {.cluster = (uint16_t)c},
        .as = {.cluster_id = s->input.facts->clusters[c].pd.cluster_id}};
    call.args.word.agreed = &row;
    call.args.word.expected = dr_term_standing(term_of(s, c), s->arena);
    struct dr_reply r;
    dr_estate_ask(s->looker.rig.estate, &call, &r);
    struct dr_err err = r.err;
    bool refused = r.outcome == DR_REFUSED;
    dr_reply_release(&r);
    if (!refused)
        return 0; /* what is seen afterwards counts */
    (void)dr_wrap(&err, "%s: the revision was not written",
                  s->input.facts->clusters[c].name);
    return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
}

static int write_words(struct session *s)
{
    for (size_t c = 0; c < s->input.facts->cluster_count; c++) {
        int rc = is_agreed(s, c) ? 0 : write_word(s, c);
        if (rc != 0)
            return rc;
    }
    dr_observe_afresh(s->looker.observer);
    s->input.facts = dr_observe(s->looker.observer, dr_wall_ms());
    bool missing;
    int rc = show(s, &missing);
    if (rc == 0 && missing)
        rc =
            refuse(s, "a ledger has not agreed", "look at what it says, and agree again");
    return rc;
}

static int with_looker(struct session *s)
{
    bool missing;
    s->input.facts = dr_observe(s->looker.observer, dr_wall_ms());
    int rc = show(s, &missing);
    if (rc != 0)
        return rc;
    if (!missing) {
        fprintf(s->in->err.file, "both ledgers have agreed on %s already\n",
                in_words(s, s->agreed));
        return DR_EXIT_OK;
    }
    if (!s->o->yes && !isatty(STDIN_FILENO))
        return refuse(s, "nobody can be asked: standard input is no terminal",
                      "give --yes");
    say_meaning(s);
    if (!s->o->yes && !dr_ask_yes(s->in, "Agree?"))
        return DR_EXIT_INTERRUPTED;
    rc = write_words(s);
    if (rc == 0)
        fprintf(s->in->err.file, "agreed on %s\n", in_words(s, s->agreed));
    return rc;
}

static int run(const struct dr_invocation *in)
{
    struct session s = {.in = in, .o = in->options};
    struct dr_declared d;
    struct dr_err err;
    if (s.o->revision && !is_commit(s.o->revision))
        return dr_cli_usage(in, "--revision %s is not a whole commit id", s.o->revision);
    int rc = dr_declared_open(&d, in, 0);
    if (rc != 0)
        return rc;
    dr_signals_catch();
    s.arena = dr_arena_new(0);
    s.input = dr_declared_input(&d);
    s.agreed = s.o->revision ? s.o->revision : dr_plan_agreed_text(&s.input, s.arena);
    s.meaning = s.o->revision ? NULL : d.topology->doc.meaning;
    if (d.topology->management == DR_OBSERVE) {
        /* a second document of a pair must not lock out the one that manages it */
        rc = refuse(&s, "the document says management: Observe, and writes nothing",
                    "agree with the document that manages the clusters");
    } else if (dr_looker_open(&s.looker, d.topology,
                              dr_declared_secrets(&d, s.o->secrets),
                              "drover agree only looks before", &err) != 0) {
        rc = dr_cli_fail(in, DR_EXIT_ERROR, &err);
    } else {
        rc = with_looker(&s);
        dr_looker_close(&s.looker);
    }
    dr_arena_free(s.arena);
    dr_declared_close(&d);
    return rc;
}

const struct dr_command dr_cmd_agree = {
    .name = "agree",
    .summary = "say that a declaration is right which is older than the world",
    .arguments = "[PATH] [NAME]",
    .about =
        "The ledgers remember the revision on which drover acted last. A declaration "
        "that "
        "is not that one,\nnor descends from it, plans nothing (DR-B026): it may be a "
        "stale "
        "checkout. After a history was\nrewritten, or when a file takes the place of a "
        "repository, a person must say that it is right:\nthis writes the revision into "
        "every ledger, with the SQL user's name. Nothing else is changed.\n"
        "Exit status: 0 agreed, 1 error, 64 wrong usage, 130 interrupted.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 2,
    .run = run,
};
