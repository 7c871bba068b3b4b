/* What plan, apply and approve share: looking until what only time shows is seen, and
 * getting a person's word. */
#ifndef DR_CMD_WORD_H
#define DR_CMD_WORD_H

#include "cmd/drover/cmd.h"
#include "controller/observe/observe.h"
#include "controller/plan/plan.h"

enum { DR_DIGEST_MIN = 8 };

/* Looks, and again a few times while the plan lacks what only more looks can show: two
 * rising checkpoints, or the proof that a changefeed is gone. Out: borrowed from the
 * observer. */
const struct dr_facts *dr_look(struct dr_observer *obs, const struct dr_plan_input *in,
                               struct dr_arena *a);

/* Whether another look may tell what this plan could not; sleeps until it is due. looks:
 * how many there were. False also once a signal asked to end. */
bool dr_look_again(const struct dr_plan *p, int looks);

/* Prints the plan as text to the results. Gives 0 or an exit status. */
int dr_show_plan(const struct dr_invocation *in, const struct dr_plan_input *input,
                 const struct dr_plan *p, bool wide);

/* Whether at least DR_DIGEST_MIN characters of the plan's digest were given. */
bool dr_digest_fits(const char *given, const struct dr_plan *p);

/* Asks; only the line "yes" is one. Ctrl-C ends the question. */
bool dr_ask_yes(const struct dr_invocation *in, const char *question);

#endif
