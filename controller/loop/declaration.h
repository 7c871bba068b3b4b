/* What an origin declares at one revision, decoded: shared by the commands that take a
 * PATH and by the controller. */
#ifndef DR_LOOP_DECLARATION_H
#define DR_LOOP_DECLARATION_H

#include "controller/source/origin.h"
#include "spec/load.h"

struct dr_declaration {
    struct dr_arena *arena; /* owns all of it */
    const char *revision;
    const char *author, *subject; /* NULL: a folder */
    bool complete;                /* false: a document that is not listed may yet exist */
    bool path_removed;
    struct dr_docs docs;
    size_t obstacle_count;
    const struct dr_origin_obstacle *obstacles;
};

/* Reads and decodes the origin's revision. prefix: put before file names in findings,
 * NULL: none. Out: owned (dr_declaration_free), also when documents are broken: look at
 * docs.findings. Fails: as dr_origin_poll. Blocks: up to deadline_ms. */
int dr_declaration_read(struct dr_declaration **out, struct dr_origin *origin,
                        const char *prefix, int64_t deadline_ms,
                        struct dr_err *err) DR_MUST_CHECK;
void dr_declaration_free(struct dr_declaration *d);

/* The topology of that name; NULL: none. */
const struct dr_topology *dr_declaration_find(const struct dr_declaration *d,
                                              const char *name);

#endif
