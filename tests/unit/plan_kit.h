/* Planner tests on the snapshots of the golden cases, one per step of a bootstrap. */
#ifndef DR_TESTS_PLAN_KIT_H
#define DR_TESTS_PLAN_KIT_H

#include "controller/plan/plan.h"
#include "spec/load.h"

enum { EAST, WEST };

/* The snapshots in the order of a bootstrap, NULL at the end; and of an adoption, and of
 * data that is equal already. */
extern const char *const plan_kit_stages[], *const plan_kit_adopt_stages[],
                                                *const plan_kit_existing_stages[];

struct plan_kit {
    struct dr_arena *arena;
    struct dr_docs docs;
    struct dr_facts *facts;
    struct dr_plan_input input; /* facts may be replaced */
};

/* Run from the top of the repository, as the build does. Asserts that all is there. */
void plan_kit_open(struct plan_kit *k, const char *stage);
/* .. with the declaration that the stages are of. */
void plan_kit_open_of(struct plan_kit *k, const char *const *stages);
void plan_kit_close(struct plan_kit *k);

/* A fresh copy of the snapshot in k->facts, for the next change. */
void plan_kit_reload(struct plan_kit *k, const char *stage);

/* The first ready step, NULL: none. */
const struct dr_action *plan_kit_next(const struct dr_plan *p);

/* The plan of k->facts. */
struct dr_plan *plan_kit_plan(struct plan_kit *k);

#endif
