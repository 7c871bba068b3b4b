/* drover import: clusters that already run become a document. */
#include <string.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "cmd/drover/looker.h"
#include "cmd/drover/word.h"
#include "controller/observe/import.h"

struct options {
    const char *name, *user, *feed, *secrets;
};

// clang-format off
static const struct dr_option options[] = {
    {.name = "name", .kind = DR_OPT_TEXT, .value = "NAME", .offset = offsetof(struct options, name),
     .help = "of the topology; required"},
    {.name = "user", .kind = DR_OPT_TEXT, .value = "USER", .fallback = "drover",
     .offset = offsetof(struct options, user), .help = "drover's SQL account on both clusters"},
    {.name = "feed", .kind = DR_OPT_TEXT, .value = "ID", .offset = offsetof(struct options, feed),
     .help = "the changefeed to adopt, where several run"},
    {.name = "secrets", .kind = DR_OPT_TEXT, .value = "DIR",
     .offset = offsetof(struct options, secrets), .help = "folder of relative secret files"},
    {0}};

static const struct dr_example examples[] = {
    {"drover import --name orders \\\n"
     "      east=sql:10.0.1.4:4000,pd:http://10.0.1.1:2379,ticdc:http://10.1.1.9:8300 \\\n"
     "      west=sql:10.1.1.4:4000,pd:http://10.1.1.1:2379 > orders.yaml",
     "one endpoint of each kind is enough to find the others"},
    {0}};
// clang-format on

enum { TURNS = 8, OUTPUT_MAX = 1 << 20 };

struct session {
    const struct dr_invocation *in;
    const struct options *o;
    struct dr_import import;
    struct dr_arena *arena;
    struct dr_buf text;     /* the document of this turn */
    struct dr_docs docs;    /* and what it means */
    struct dr_facts *facts; /* of the latest turn */
};

/* The document of what is known so far, decoded. NULL: it is none, and that was said. */
static const struct dr_topology *decode(struct session *s, bool last)
{
    dr_buf_clear(&s->text);
    dr_import_text(&s->import, !last, &s->text);
    dr_docs_init(&s->docs, s->arena);
    dr_docs_add(&s->docs, "import", dr_strdup(s->arena, dr_buf_str(&s->text)),
                s->text.len);
    dr_docs_finish(&s->docs);
    if (s->docs.findings.errors || (last && s->docs.findings.count)) {
        struct dr_buf b;
        dr_buf_init(&b, OUTPUT_MAX);
        dr_findings_text(&s->docs.findings, s->in->err.colour, &b);
        fputs(dr_buf_str(&b), s->in->err.file);
        dr_buf_release(&b);
    }
    return s->docs.findings.errors ? NULL : s->docs.topologies[0];
}

/* Observes with the document of this turn, and learns. Out: 0, or the exit status. */
static int turn(struct session *s, bool *learned)
{
    const struct dr_topology *t = decode(s, false);
    struct dr_looker l;
    struct dr_err err;
    if (!t)
        return DR_EXIT_ERROR;
    if (dr_looker_open(&l, t, s->o->secrets, "drover import changes nothing", &err) != 0)
        return dr_cli_fail(s->in, DR_EXIT_ERROR, &err);
    dr_observe_everything(l.observer);
    struct dr_plan_input input = {.topology = t, .revision = "import"};
    input.facts = dr_look(l.observer, &input, s->arena);
    int rc = dr_import_learn(&s->import, input.facts, s->o->feed, learned, &err)
                 ? dr_cli_fail(s->in, DR_EXIT_ERROR, &err)
                 : 0;
    if (rc == 0 && !*learned) {
        struct dr_plan *p = dr_plan_build(&input, s->arena);
        fprintf(s->in->err.file, "plan of it: %s%s\n",
                p->blocker_count   ? "blocked; see drover plan"
                : p->waiting_count ? "it waits for a fact; see drover plan"
                                   : "no changes, for it only observes",
                p->is_protected == DR_TRUE ? "; the pair is protected" : "");
        rc = p->blocker_count || p->waiting_count ? DR_EXIT_BLOCKED : DR_EXIT_OK;
    }
    dr_looker_close(&l);
    return rc;
}

static int import(struct session *s)
{
    bool learned = true;
    int rc = 0;
    for (int i = 0; i < TURNS && rc == 0 && learned; i++)
        rc = turn(s, &learned);
    if (rc != 0 && rc != DR_EXIT_BLOCKED)
        return rc;
    if (!decode(s, true))
        return DR_EXIT_ERROR;
    int written = dr_cli_result(s->in, &s->text);
    return written ? written : rc;
}

static int run(const struct dr_invocation *in)
{
    struct session s = {.in = in, .o = in->options};
    struct dr_err err;
    if (!s.o->name)
        return dr_cli_usage(in, "--name is missing: what the topology is to be called");
    s.arena = dr_arena_new(0);
    s.import = (struct dr_import){
        .arena = s.arena, .name = s.o->name, .user = s.o->user, .sink_user = "cdc"};
    dr_buf_init(&s.text, OUTPUT_MAX);
    int rc = 0;
    for (size_t i = 0; i < DR_IMPORT_CLUSTERS && rc == 0; i++)
        if (dr_import_cluster_parse(&s.import.clusters[i], in->args[i], s.arena, &err) !=
            0)
            rc = dr_cli_fail(in, DR_EXIT_USAGE, &err);
    s.import.primary = s.import.clusters[0].ticdc.count ? 0 : 1;
    if (rc == 0 && !s.import.clusters[s.import.primary].ticdc.count)
        rc = dr_cli_usage(
            in, "no cluster has a ticdc: endpoint: one must be the source; give "
                "any capture of it, and the others are found");
    dr_signals_catch();
    if (rc == 0)
        rc = import(&s);
    dr_buf_release(&s.text);
    dr_arena_free(s.arena);
    return rc;
}

const struct dr_command dr_cmd_import = {
    .name = "import",
    .summary = "write the document of clusters that already run",
    .arguments = "CLUSTER=ENDPOINT,.. CLUSTER=ENDPOINT,..",
    .about =
        "Looks at two clusters and prints a document whose plan is empty: the changefeed "
        "between them to\nadopt, its settings where they differ from TiCDC's, redo, "
        "syncpoints, every SQL instance, versions.\nIt only observes (management: "
        "Observe) "
        "until you say Manage. ENDPOINT is sql:HOST:PORT,\npd:URL or ticdc:URL; "
        "passwords "
        "come from DROVER_<CLUSTER>_PASSWORD, DROVER_SINK_SECRET and, with\nredo logs on "
        "S3, "
        "DROVER_STORAGE_ACCESS_KEY and DROVER_STORAGE_SECRET_KEY. Nothing is changed.\n"
        "Exit status: 0 done, 1 error, 3 the document's plan is blocked or waits, 64 "
        "wrong "
        "usage.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
