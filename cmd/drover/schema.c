/* drover schema: JSON Schema for editors. */
#include <stdlib.h>

#include "cmd/drover/cmd.h"
#include "spec/schema.h"

enum { OUTPUT_MAX = 16 << 20 };

struct options {
    unsigned kind;
};

static const char *const kinds[] = {"Topology", "Controller", "Estate", "any", NULL};

static const struct dr_option options[] = {{.name = "kind",
                                            .letter = 'k',
                                            .kind = DR_OPT_WORD,
                                            .words = kinds,
                                            .fallback = "any",
                                            .offset = offsetof(struct options, kind),
                                            .help = "schema of one kind of document"},
                                           {0}};

static const struct dr_example examples[] = {
    {"drover schema > drover.schema.json", "schema of every kind"},
    {"drover schema --kind Topology", "schema of topologies alone"},
    {"# yaml-language-server: $schema=./drover.schema.json",
     "as the first line of a document: most editors then complete and check it"},
    {0}};

static int run(const struct dr_invocation *in)
{
    const struct options *o = in->options;
    struct dr_buf out;
    json_t *schema = dr_schema((enum dr_kind)o->kind);
    char *text = json_dumps(schema, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    dr_buf_init(&out, OUTPUT_MAX);
    dr_buf_addf(&out, "%s\n", text ? text : "");
    free(text);
    json_decref(schema);
    int rc = dr_cli_result(in, &out);
    dr_buf_release(&out);
    return rc;
}

const struct dr_command dr_cmd_schema = {
    .name = "schema",
    .summary = "print a JSON Schema (2020-12) for editors",
    .about = "The schema is made from the tables that validate. It checks shape; `drover "
             "validate` adds meaning.",
    .options = options,
    .options_bytes = sizeof(struct options),
    .examples = examples,
    .run = run,
};
