/* Texts in, documents and findings out. Feed every file of a declaration, then finish:
 * names are unique over the whole. A document with an error is never among the decoded
 * ones; it is among the broken ones, so that "is wrong" is never taken for "is gone". */
#ifndef DR_SPEC_LOAD_H
#define DR_SPEC_LOAD_H

#include "spec/controller_doc.h"
#include "spec/estate_doc.h"
#include "spec/finding.h"
#include "spec/topology.h"

/* A document that cannot be used. */
struct dr_broken {
    const char *file;
    const char *kind; /* as written; NULL: unknown */
    const char *name; /* NULL: unknown */
};

/* What all texts together may take up before no further one is read; the arena of the
 * texts must have room for one more beyond it. */
enum { DR_DOCS_MEMORY_MAX = 256 << 20 };

struct dr_docs {
    struct dr_arena *arena;
    struct dr_findings findings;
    const struct dr_topology **topologies;
    size_t topology_count, topology_room;
    const struct dr_controller_doc **controllers;
    size_t controller_count, controller_room;
    const struct dr_estate_doc **estates;
    size_t estate_count, estate_room;
    struct dr_broken *broken;
    size_t broken_count, broken_room;
    bool full;       /* DR_DOCS_MEMORY_MAX is crossed: nothing more is read */
    bool incomplete; /* a text could not be read to its end: documents may be missing */
    uint32_t sources;
    struct dr_source **source_list;
    size_t source_count, source_room;
};

void dr_docs_init(struct dr_docs *d, struct dr_arena *a);

/* Reads one text. name: what findings call it. Both are borrowed and must live as long as
 * the arena. Repeats: safe, in the order that findings are to have. */
void dr_docs_add(struct dr_docs *d, const char *name, const char *bytes, size_t len);

/* Reads a file, or the .yaml and .yml files of a folder and its folders, hidden ones left
 * out, in the order of their names. Trouble is a finding. Blocks: on the file system. */
void dr_docs_add_path(struct dr_docs *d, const char *path);

/* Reports when nothing was read at all; `name` is what was asked for. An empty
 * declaration is not a good one. Call before finish. */
void dr_docs_expect(struct dr_docs *d, const char *name);

/* Names over all documents, sorting. Call once, after the last text. */
void dr_docs_finish(struct dr_docs *d);

#endif
