/* Observing: asks an estate what the plan needs and keeps what was answered, by tier. Hot
 * facts are read each time, all at once; warm and cold ones when they are older than the
 * look allows. What a single look cannot show (a checkpoint that rises, an absence that
 * holds) is counted here; losing it only means counting again. */
#ifndef DR_OBSERVE_OBSERVE_H
#define DR_OBSERVE_OBSERVE_H

#include "controller/estate/access.h"
#include "controller/estate/estate.h"
#include "controller/facts/facts.h"
#include "spec/topology.h"

struct dr_observer;

/* Borrows all three. Out: owned. */
struct dr_observer *dr_observer_new(const struct dr_topology *t, struct dr_access *access,
                                    struct dr_estate *estate);
void dr_observer_free(struct dr_observer *o);

/* One look. Blocks until each due question was answered or its deadline passed (10 s for
 * hot ones). wall_ms: the caller's wall clock. Out: borrowed, valid until the next look.
 */
const struct dr_facts *dr_observe(struct dr_observer *o, int64_t wall_ms);

/* From now on what a quiet round leaves out is asked as well: for one who looks once. */
void dr_observe_everything(struct dr_observer *o);

/* After a call: what it may have changed is asked anew at the next look. */
void dr_observe_forget(struct dr_observer *o, const struct dr_call *call,
                       const struct dr_reply *reply);

/* Between two looks: gives up the snapshot, and the answers that the next look asks for
 * in any case. */
void dr_observe_rest(struct dr_observer *o);

/* What accounts may do is asked anew at the next look: a write was refused. */
void dr_observe_rights(struct dr_observer *o);

/* Whatever was answered earlier is asked anew at the next look. */
void dr_observe_afresh(struct dr_observer *o);

/* What is done beside a long wait: called at least twice a second, with a reply that is
 * not the observer's own, or NULL. */
struct dr_meanwhile {
    void (*call)(void *arg, struct dr_reply *stray);
    void *arg;
};

/* Who is shown replies that come while a look waits for its own; they are released
 * afterwards. */
void dr_observe_beside(struct dr_observer *o, const struct dr_meanwhile *beside);

/* Compares both sides: `from` at `tso`, `to` now; tables, definitions, row counts, within
 * the budget. Blocks up to the budget and a read deadline. The result is a fact of the
 * next look. Fails: DR_E_TIMEOUT and the like when a side could not be read. */
struct dr_compare {
    size_t from, to;
    uint64_t generation, tso;
    bool carried_only; /* tables that the declared feed leaves out may differ */
    int64_t budget_ms;
    struct dr_meanwhile meanwhile;
};
int dr_observe_compare(struct dr_observer *o, const struct dr_compare *what,
                       struct dr_err *err) DR_MUST_CHECK;

/* Asks which statements run on each instance of a cluster, now. Out: array of the
 * cluster's instance count, borrowed until the next look. */
const struct dr_jobs *dr_observe_jobs(struct dr_observer *o, size_t cluster,
                                      size_t *count);

#endif
