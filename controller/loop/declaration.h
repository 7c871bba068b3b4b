/* What an origin declares at one revision, decoded: shared by the commands that take a
 * PATH and by the controller. */
#ifndef DR_LOOP_DECLARATION_H
#define DR_LOOP_DECLARATION_H

#include "controller/plan/plan.h"
#include "controller/source/origin.h"
#include "spec/load.h"

struct dr_declaration {
    struct dr_arena *arena; /* owns all of it */
    const char *revision;
    const char *author, *subject; /* NULL: a folder */
    bool complete;                /* false: a document that is not listed may yet exist */
    bool path_removed;
    bool known; /* its revision is the one that is known: nothing was decoded */
    struct dr_docs docs;
    size_t obstacle_count;
    const struct dr_origin_obstacle *obstacles;
    size_t file_count;
    struct dr_declared_file {
        const char *name; /* as findings name it */
        const char *bytes;
        size_t len;
        char digest[65]; /* of the bytes */
    } * files;
};

struct dr_declaration_source {
    struct dr_origin *origin;
    const char *prefix;      /* put before file names in findings; NULL: none */
    const char *known;       /* a revision that need not be decoded; NULL: none */
    int64_t deadline_ms;     /* of one fetch */
    bool (*stop)(void *arg); /* true: do not wait for the fetch any longer; may be NULL */
    void *arg;
};

/* Reads and decodes the origin's revision. stored: what an earlier fetch left, without
 * asking the server. Out: owned (dr_declaration_free), also when documents are broken:
 * look at docs.findings. Fails: as dr_origin_poll; DR_E_CANCELLED (`stop`). Blocks: up to
 * deadline_ms. */
int dr_declaration_read(struct dr_declaration **out,
                        const struct dr_declaration_source *from, bool stored,
                        struct dr_err *err) DR_MUST_CHECK;
/* .. the revision before one that was read, by first parents. Fails: DR_E_ABSENT (there
 * is none, or no history), DR_E_IO. */
int dr_declaration_read_before(struct dr_declaration **out,
                               const struct dr_declaration_source *from,
                               const char *revision, struct dr_err *err) DR_MUST_CHECK;
void dr_declaration_free(struct dr_declaration *d);

/* Whether all of it may be followed: no document of it is wrong. */
bool dr_declaration_is_good(const struct dr_declaration *d);

/* The topology of that name; NULL: none. */
const struct dr_topology *dr_declaration_find(const struct dr_declaration *d,
                                              const char *name);

/* Its file alone, decoded once more: what somebody stands on for long must not keep all
 * the others of that revision. Out: owned. There must be such a topology. */
struct dr_declaration *dr_declaration_slice(const struct dr_declaration *d,
                                            const char *name);

/* Whether the file that declares that topology is the same, byte for byte, in both. */
bool dr_declaration_same(const struct dr_declaration *x, const struct dr_declaration *y,
                         const char *name);

/* The source's history, as the planner takes it; the origin is borrowed. */
struct dr_history dr_declaration_history(struct dr_origin *o);

#endif
