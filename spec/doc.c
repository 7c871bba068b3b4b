#include "spec/doc.h"

#include "spec/yaml.h"

struct dr_mark dr_doc_mark(const struct dr_doc *doc, const char *path)
{
    bool whole;
    const struct dr_node *n = dr_node_walk(doc->root, path, &whole);
    const struct dr_span *at = n->key && n->type != DR_NODE_SCALAR ? &n->key_at : &n->at;
    return (struct dr_mark){.file = doc->file, .line = at->line, .column = at->column};
}

bool dr_doc_has(const struct dr_doc *doc, const char *path)
{
    bool whole;
    dr_node_walk(doc->root, path, &whole);
    return whole;
}
