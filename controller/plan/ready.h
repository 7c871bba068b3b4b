/* Readiness: is everything there that the declared pair needs? One line a question, made
 * of the very checks and parts of "protected" that the plan rests on, and of what is
 * worth knowing besides; each with the fact, how old it is, and the way out. Pure. */
#ifndef DR_PLAN_READY_H
#define DR_PLAN_READY_H

#include "controller/plan/plan.h"

enum dr_ready_state { DR_READY_OK, DR_READY_WARN, DR_READY_BLOCKS };

struct dr_ready_line {
    const char *topic;   /* "endpoint", "privileges": stable */
    const char *subject; /* a cluster or the topology */
    enum dr_ready_state state;
    bool known;       /* false: `fact` says why not; blocks */
    const char *code; /* DR-Bnnn of the check; NULL: of none */
    const char *fact;
    int64_t age_ms;      /* of the oldest fact looked at; -1: of none, or unknown */
    const char *rule;    /* what must hold; NULL: the fact says it all */
    const char *way_out; /* NULL: none is needed */
    const char *reason;  /* DR-Ennn of the read that failed; NULL */
    struct dr_mark mark; /* file NULL: none */
};

struct dr_readiness {
    const char *topology, *revision, *goal;
    int64_t seen_unix_ms; /* when the facts were frozen */
    size_t count;
    struct dr_ready_line *lines;
    size_t by_state[DR_READY_BLOCKS + 1];
    size_t skipped_count; /* codes of checks that make no sense while others fail */
    const char **skipped;
};

/* Never fails. */
struct dr_readiness *dr_ready_build(const struct dr_plan_input *in, struct dr_arena *a);

/* Appends. all: lines that are ok, too. */
void dr_ready_text(const struct dr_readiness *r, bool all, bool colour,
                   struct dr_buf *out);
json_t *dr_ready_json(const struct dr_readiness *r); /* new reference; formatVersion 1 */

#endif
