/* drover grants: the accounts that a topology needs, as statements. */
#include <stdlib.h>
#include <string.h>

#include "cmd/drover/cmd.h"
#include "cmd/drover/declared.h"
#include "controller/plan/rights.h"

enum { OUTPUT_MAX = 4 << 20 };

struct options {
    struct dr_source_options source;
    unsigned output;
    const char *cluster;
};

static const char *const outputs[] = {"text", "json", NULL};

// clang-format off
static const struct dr_option options[] = {
    {.name = "output", .letter = 'o', .kind = DR_OPT_WORD, .words = outputs, .fallback = "text",
     .offset = offsetof(struct options, output), .help = "as statements, or for a program"},
    {.name = "cluster", .kind = DR_OPT_TEXT, .value = "NAME",
     .offset = offsetof(struct options, cluster), .help = "only those of this cluster"},
    DR_SOURCE_OPTIONS(struct options),
    {0}};

static const struct dr_example examples[] = {
    {"drover grants topology.yaml", "what each cluster needs, with reasons"},
    {"drover grants --cluster east topology.yaml >east.sql", "one cluster's, to be edited"},
    {"mariadb -h 10.0.1.4 -P 4000 -u root -p <east.sql", "and run there by an administrator"},
    {"drover grants -o json topologies/ orders", "for a program"},
    {0}};
// clang-format on

static void render(const struct dr_invocation *in, const struct dr_topology *t,
                   const struct dr_cluster *only, struct dr_buf *b)
{
    const struct options *o = in->options;
    if (o->output) {
        json_t *v = dr_grants_json(t, only);
        char *text = json_dumps(v, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        dr_buf_addf(b, "%s\n", text ? text : "");
        free(text);
        json_decref(v);
        return;
    }
    for (size_t c = 0; c < t->cluster_count; c++) {
        if (only && only != &t->clusters[c])
            continue;
        dr_buf_adds(b, b->len ? "\n\n" : "");
        dr_grants_text(t, c, b);
    }
}

static int run(const struct dr_invocation *in)
{
    const struct options *o = in->options;
    struct dr_declared d;
    struct dr_err err;
    int rc = dr_declared_open(&d, in, 0);
    if (rc != 0)
        return rc;
    const struct dr_cluster *only =
        o->cluster ? dr_topology_cluster(d.topology, o->cluster) : NULL;
    if (o->cluster && !only) {
        (void)dr_fail(&err, DR_E_INPUT, "topology '%s' has no cluster '%s'",
                      d.topology->doc.metadata.name, o->cluster);
        rc = dr_cli_fail(in, DR_EXIT_ERROR, &err);
    } else {
        struct dr_buf b;
        dr_buf_init(&b, OUTPUT_MAX);
        render(in, d.topology, only, &b);
        rc = dr_cli_result(in, &b);
        dr_buf_release(&b);
    }
    dr_declared_close(&d);
    return rc;
}

const struct dr_command dr_cmd_grants = {
    .name = "grants",
    .summary = "print the accounts and privileges that the clusters need",
    .arguments = "[PATH] [NAME]",
    .about =
        "Prints the CREATE USER and GRANT statements of drover's own account, of the "
        "changefeed's\nsink and of the redo apply account, by cluster: what the declared "
        "topology needs and no\nmore. Nothing is contacted. The statements are for an "
        "administrator of the cluster; before\nthat <password> is replaced by the quoted "
        "password of drover's account (as it stands no\nserver takes it, and the GRANTs "
        "behind it find no account). The other accounts are made\nlocked: drover sets "
        "their passwords. Which cluster needs what depends on spec.primary.\n"
        "Exit status: 0 printed, 1 error, 64 wrong usage.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .max_args = 2,
    .run = run,
};
