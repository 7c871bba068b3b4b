#include "controller/loop/declaration.h"

#include <stdlib.h>
#include <string.h>

int dr_declaration_read(struct dr_declaration **out, struct dr_origin *origin,
                        const char *prefix, int64_t deadline_ms, struct dr_err *err)
{
    struct dr_declaration *d = dr_xcalloc(1, sizeof(*d));
    struct dr_origin_revision r;
    d->arena = dr_arena_new(0);
    int rc = dr_origin_poll(origin, d->arena, deadline_ms, NULL, &r, err);
    if (rc != 0) {
        dr_declaration_free(d);
        return rc;
    }
    d->revision = r.revision;
    d->author = r.author;
    d->subject = r.subject;
    d->complete = r.complete;
    d->path_removed = r.path_removed;
    d->obstacles = r.obstacles;
    d->obstacle_count = r.obstacle_count;
    dr_docs_init(&d->docs, d->arena);
    for (size_t i = 0; i < r.file_count; i++) {
        const char *name = r.files[i].path;
        if (prefix)
            name = r.file_count == 1 && !*name
                       ? prefix
                       : dr_sprintf(d->arena, "%s%s%s", prefix,
                                    prefix[strlen(prefix) - 1] == '/' ? "" : "/", name);
        dr_docs_add(&d->docs, name, r.files[i].bytes, r.files[i].len);
    }
    dr_docs_finish(&d->docs);
    *out = d;
    return 0;
}

void dr_declaration_free(struct dr_declaration *d)
{
    if (!d)
        return;
    dr_arena_free(d->arena);
    free(d);
}

const struct dr_topology *dr_declaration_find(const struct dr_declaration *d,
                                              const char *name)
{
    for (size_t i = 0; i < d->docs.topology_count; i++)
        if (strcmp(d->docs.topologies[i]->doc.metadata.name, name) == 0)
            return d->docs.topologies[i];
    return NULL;
}
