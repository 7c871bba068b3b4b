#include "controller/source/idset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void dr_idset_release(struct dr_idset *s)
{
    free(s->items);
    *s = (struct dr_idset){0};
}

/* Ids are hashes already; the path is mixed in (FNV-1a). */
static size_t start(const struct dr_idset *s, const git_oid *id, const char *path)
{
    uint64_t h;
    memcpy(&h, id->id, sizeof(h));
    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * UINT64_C(1099511628211);
    return (size_t)(h ^ h >> 32) & (s->room - 1);
}

/* Its place, or the free one where it belongs. */
static struct dr_idset_item *place(const struct dr_idset *s, const git_oid *id,
                                   const char *path)
{
    for (size_t i = start(s, id, path);; i = (i + 1) & (s->room - 1)) {
        struct dr_idset_item *it = &s->items[i];
        if (!it->path || (git_oid_equal(&it->id, id) && strcmp(it->path, path) == 0))
            return it;
    }
}

bool dr_idset_has(const struct dr_idset *s, const git_oid *id, const char *path)
{
    return s->count && place(s, id, path)->path;
}

static void grow(struct dr_idset *s)
{
    struct dr_idset bigger = {.count = s->count, .room = s->room ? s->room * 2 : 256};
    bigger.items = dr_xcalloc(bigger.room, sizeof(*bigger.items));
    for (size_t i = 0; i < s->room; i++) {
        if (s->items[i].path)
            *place(&bigger, &s->items[i].id, s->items[i].path) = s->items[i];
    }
    free(s->items);
    *s = bigger;
}

bool dr_idset_add(struct dr_idset *s, const git_oid *id, const char *path)
{
    if ((s->count + 1) * 4 > s->room * 3)
        grow(s);
    struct dr_idset_item *it = place(s, id, path);
    if (it->path)
        return false;
    *it = (struct dr_idset_item){.id = *id, .path = path};
    s->count++;
    return true;
}
