/* drover validate: checks documents without touching anything. */
#include <stdlib.h>
#include <string.h>

#include "cmd/drover/cmd.h"
#include "spec/load.h"
#include "spec/yaml.h"

enum { OUTPUT_MAX = 64 << 20 };

struct options {
    unsigned output;
    bool strict;
};

static const char *const outputs[] = {"text", "json", NULL};

static const struct dr_option options[] = {{.name = "output",
                                            .letter = 'o',
                                            .kind = DR_OPT_WORD,
                                            .words = outputs,
                                            .fallback = "text",
                                            .offset = offsetof(struct options, output),
                                            .help = "how findings are printed"},
                                           {.name = "strict",
                                            .kind = DR_OPT_FLAG,
                                            .offset = offsetof(struct options, strict),
                                            .help = "warnings count as errors"},
                                           {0}};

static const struct dr_example examples[] = {
    {"drover validate topology.yaml", "check one file"},
    {"drover validate topologies/ controller.yaml",
     "check a folder (its .yaml and .yml files, hidden ones left out) and a file"},
    {"drover validate -o json topologies/", "the same for a program"},
    {"drover explain DR-V012", "what a finding means"},
    {0}};

static void add_totals(json_t *root, const struct dr_docs *d, bool good)
{
    json_object_set_new(root, "formatVersion", json_integer(1));
    json_object_set_new(root, "valid", json_boolean(good));
    json_object_set_new(root, "errors", json_integer((json_int_t)d->findings.errors));
    json_object_set_new(root, "warnings", json_integer((json_int_t)d->findings.warnings));
    json_object_set_new(root, "findings", dr_findings_json(&d->findings));
}

static void render_json(const struct dr_docs *d, bool good, struct dr_buf *out)
{
    json_t *root = json_object();
    add_totals(root, d, good);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    dr_buf_addf(out, "%s\n", text ? text : "");
    free(text);
    json_decref(root);
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void render_text(const struct dr_invocation *in, const struct dr_docs *d,
                        bool good, struct dr_buf *out)
{
    size_t docs =
        d->topology_count + d->controller_count + d->estate_count + d->broken_count;
    size_t e = d->findings.errors, w = d->findings.warnings;
    dr_findings_text(&d->findings, in->out.colour, out);
    if (d->findings.count)
        dr_buf_addc(out, '\n');
    dr_buf_addf(out, "%s: %zu document%s, %zu error%s, %zu warning%s\n",
                good ? "valid" : "not valid", docs, plural(docs), e, plural(e), w,
                plural(w));
}

/* One byte more than may be is read: then the loader says that it is too much. */
static void add_stdin(struct dr_docs *d, struct dr_arena *a)
{
    size_t room = DR_YAML_BYTES_MAX + 1;
    char *bytes = dr_alloc(a, room + 1);
    size_t len = fread(bytes, 1, room, stdin);
    bytes[len] = '\0';
    dr_docs_add(d, "-", bytes, len);
}

static int run(const struct dr_invocation *in)
{
    const struct options *o = in->options;
    struct dr_arena *a = dr_arena_new(0);
    struct dr_docs d;
    struct dr_buf out;
    dr_docs_init(&d, a);
    for (size_t i = 0; i < in->arg_count; i++)
        if (strcmp(in->args[i], "-") == 0)
            add_stdin(&d, a);
        else
            dr_docs_add_path(&d, in->args[i]);
    dr_docs_expect(&d, in->args[0]);
    dr_docs_finish(&d);
    bool good = !d.findings.errors && !(o->strict && d.findings.warnings);
    dr_buf_init(&out, OUTPUT_MAX);
    if (o->output)
        render_json(&d, good, &out);
    else
        render_text(in, &d, good, &out);
    int rc = dr_cli_result(in, &out);
    dr_buf_release(&out);
    dr_arena_free(a);
    return rc ? rc : good ? DR_EXIT_OK : DR_EXIT_ERROR;
}

const struct dr_command dr_cmd_validate = {
    .name = "validate",
    .summary = "check documents, offline",
    .arguments = "PATH..",
    .about = "Reads files and folders, and standard input for -, and prints every "
             "finding with "
             "its place.\nNothing is contacted.\nExit status: 0 valid, 1 not valid, 64 "
             "wrong usage.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
