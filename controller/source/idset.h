/* A set of (object id, path): what a walk through history has already seen. */
#ifndef DR_SOURCE_IDSET_H
#define DR_SOURCE_IDSET_H

#include <git2.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/base/arena.h"

struct dr_idset {
    struct dr_idset_item {
        git_oid id;
        const char *path; /* borrowed; NULL: a free place */
    } * items;            /* malloc: it grows by replacing */
    size_t count, room;   /* room: a power of two */
};

void dr_idset_release(struct dr_idset *s);

/* Adds it; false: it was there. */
bool dr_idset_add(struct dr_idset *s, const git_oid *id, const char *path);
bool dr_idset_has(const struct dr_idset *s, const git_oid *id, const char *path);

#endif
