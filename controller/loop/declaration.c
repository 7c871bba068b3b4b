#include "controller/loop/declaration.h"

#include <stdlib.h>
#include <string.h>

enum { STOP_POLL_MS = 100 };

static int refresh(const struct dr_declaration_source *from, struct dr_err *err)
{
    int rc = dr_origin_start(from->origin, from->deadline_ms, err);
    for (bool ready = false; rc == 0 && !ready;) {
        dr_origin_wait(from->origin, STOP_POLL_MS, &ready);
        if (!ready && from->stop && from->stop(from->arg))
            rc = dr_fail(err, DR_E_CANCELLED, "the fetch was given up");
    }
    return rc;
}

static void add_file(struct dr_declaration *d, const struct dr_origin_file *f,
                     const char *prefix, bool lone_file)
{
    const char *name = f->path;
    if (prefix)
        name = lone_file ? prefix
                         : dr_sprintf(d->arena, "%s%s%s", prefix,
                                      prefix[strlen(prefix) - 1] == '/' ? "" : "/", name);
    struct dr_declared_file *kept = &d->files[d->file_count++];
    kept->name = name;
    kept->bytes = f->bytes;
    kept->len = f->len;
    memcpy(kept->digest, f->digest, sizeof(kept->digest));
    dr_docs_add(&d->docs, name, f->bytes, f->len);
}

static void decode(struct dr_declaration *d, const struct dr_origin_revision *r,
                   const struct dr_declaration_source *from)
{
    d->revision = r->revision;
    d->author = r->author;
    d->subject = r->subject;
    d->complete = r->complete;
    d->path_removed = r->path_removed;
    d->obstacles = r->obstacles;
    d->obstacle_count = r->obstacle_count;
    d->known = from->known && strcmp(from->known, r->revision) == 0;
    if (d->known)
        return;
    d->files = DR_NEW_N(d->arena, r->file_count, struct dr_declared_file);
    dr_docs_init(&d->docs, d->arena);
    for (size_t i = 0; i < r->file_count; i++)
        add_file(d, &r->files[i], from->prefix, r->lone_file);
    dr_docs_finish(&d->docs);
}

static struct dr_declaration *empty(void)
{
    struct dr_declaration *d = dr_xcalloc(1, sizeof(*d));
    d->arena = dr_arena_new(0);
    return d;
}

static int finish(struct dr_declaration **out, struct dr_declaration *d, int rc,
                  const struct dr_origin_revision *r,
                  const struct dr_declaration_source *from)
{
    if (rc != 0) {
        dr_declaration_free(d);
        return rc;
    }
    decode(d, r, from);
    *out = d;
    return 0;
}

int dr_declaration_read(struct dr_declaration **out,
                        const struct dr_declaration_source *from, bool stored,
                        struct dr_err *err)
{
    struct dr_declaration *d = empty();
    struct dr_origin_revision r;
    int rc = stored ? dr_origin_read_stored(from->origin, d->arena, &r, err)
                    : refresh(from, err);
    if (rc == 0 && !stored)
        rc = dr_origin_read(from->origin, d->arena, NULL, &r, err);
    return finish(out, d, rc, &r, from);
}

int dr_declaration_read_before(struct dr_declaration **out,
                               const struct dr_declaration_source *from,
                               const char *revision, struct dr_err *err)
{
    struct dr_declaration *d = empty();
    struct dr_origin_revision r;
    int rc = dr_origin_read_before(from->origin, d->arena, revision, &r, err);
    return finish(out, d, rc, &r, from);
}

bool dr_declaration_is_good(const struct dr_declaration *d)
{
    return !d->docs.findings.errors && !d->docs.broken_count && !d->docs.incomplete;
}

static const struct dr_declared_file *file_of(const struct dr_declaration *d,
                                              const char *name)
{
    const struct dr_topology *t = dr_declaration_find(d, name);
    for (size_t i = 0; t && i < d->file_count; i++)
        if (strcmp(d->files[i].name, t->doc.file) == 0)
            return &d->files[i];
    return NULL;
}

struct dr_declaration *dr_declaration_slice(const struct dr_declaration *d,
                                            const char *name)
{
    const struct dr_declared_file *from = file_of(d, name);
    struct dr_declaration *x = empty();
    struct dr_arena *a = x->arena;
    x->revision = dr_strdup(a, d->revision);
    x->author = dr_strdup(a, d->author);
    x->subject = dr_strdup(a, d->subject);
    x->complete = false;
    x->file_count = 1;
    x->files = DR_NEW(a, struct dr_declared_file);
    *x->files = *from;
    x->files->name = dr_strdup(a, from->name);
    x->files->bytes = dr_strndup(a, from->bytes, from->len);
    dr_docs_init(&x->docs, a);
    dr_docs_add(&x->docs, x->files->name, x->files->bytes, from->len);
    dr_docs_finish(&x->docs);
    return x;
}

bool dr_declaration_same(const struct dr_declaration *x, const struct dr_declaration *y,
                         const char *name)
{
    const struct dr_declared_file *a = file_of(x, name), *b = file_of(y, name);
    return a && b && strcmp(a->name, b->name) == 0 && strcmp(a->digest, b->digest) == 0;
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

static enum dr_truth descends(void *origin, const char *revision, const char *agreed)
{
    switch (dr_origin_descends(origin, revision, agreed)) {
    case DR_DESCENT_YES:
        return DR_TRUE;
    case DR_DESCENT_NO:
        return DR_FALSE;
    case DR_DESCENT_UNKNOWN:
        break;
    }
    return DR_UNSURE;
}

struct dr_history dr_declaration_history(struct dr_origin *o)
{
    return dr_origin_has_history(o) ? (struct dr_history){descends, o}
                                    : (struct dr_history){0};
}
