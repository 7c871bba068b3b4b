/* A plan kept in a file: what was reviewed, and all that its digest covers, part by part,
 * so that a plan that no longer fits can say what changed. It holds no secrets: the
 * declaration names only where they are. Nothing is carried out from the file: who
 * applies it observes and plans anew, and goes on only when the digests are the same.
 * Pure. */
#ifndef DR_PLAN_SAVED_H
#define DR_PLAN_SAVED_H

#include "controller/plan/plan.h"

enum { DR_SAVED_PLAN_VERSION = 1, DR_SAVED_PLAN_MAX = 32 << 20 };

/* All strings borrowed, or the arena's. */
struct dr_saved_plan {
    const char *drover;  /* version that made it */
    const char *made_at; /* for people, in UTC */
    const char *path;    /* absolute: where the document was read; "": a repository */
    const char *topology, *revision; /* of the document */
    const char *digest;
    size_t line_count;
    const char **lines; /* of the declaration's meaning: "spec.primary = east" */
    size_t part_count;
    struct dr_plan_part *parts;
    const char *plan; /* as `plan -o json` prints it */
};

/* Fills digest, lines, parts and plan; the caller adds the rest. Out: the arena's. */
void dr_saved_plan_of(struct dr_saved_plan *out, const struct dr_plan *p,
                      const struct dr_topology *t, struct dr_arena *a);

/* The text of the file. Out: the arena's. */
const char *dr_saved_plan_text(const struct dr_saved_plan *s, struct dr_arena *a);

/* Whether the bytes begin as a saved plan does: a document never does. */
bool dr_saved_plan_is(const char *bytes, size_t len);

/* Fails: DR_E_PROTOCOL (no JSON), DR_E_INPUT (another format, damaged, changed by hand).
 */
int dr_saved_plan_read(struct dr_saved_plan **out, const char *bytes, size_t len,
                       struct dr_arena *a, struct dr_err *err) DR_MUST_CHECK;

/* Whether `now` is the very plan that was saved. Appends what changed, a line each:
 * "west: an empty secondary (DR-B041): was yes, now no". */
bool dr_saved_plan_fits(const struct dr_saved_plan *s, const struct dr_plan *now,
                        const struct dr_plan_input *in, struct dr_arena *a,
                        struct dr_buf *changes);

#endif
