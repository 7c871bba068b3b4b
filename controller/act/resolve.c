/* What a crash left open in the journal: intents without an outcome, and those whose
 * outcome nobody knew. The plan of a look that knows everything decides: a step that is
 * still missing did not succeed. The journal decides nothing by this; people read it. */
#include "controller/act/actor.h"

#include <string.h>

static bool is_missing(const struct dr_plan *p, const char *action)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (strcmp(p->actions[i].id, action) == 0)
            return true;
    return false;
}

void dr_actor_resolve(struct dr_actor *x)
{
    const struct dr_journal_entry *rows;
    size_t count;
    struct dr_err err;
    struct dr_journal_filter open = {.topology = x->o.topology->doc.metadata.name,
                                     .open_intents = true};
    bool knows = x->plan->state == DR_PLAN_STEPS || x->plan->state == DR_PLAN_CONVERGED ||
                 x->plan->state == DR_PLAN_ASKING;
    if (!x->o.journal || x->resolved || !knows)
        return;
    x->resolved = true; /* a journal that fails here stops the next intent */
    if (dr_journal_read(x->o.journal, x->cycle, &open, &rows, &count, &err) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        bool done = false;
        bool missing = !rows[i].action || (dr_word_action(x, rows[i].action, &done)
                                               ? !done
                                               : is_missing(x->plan, rows[i].action));
        if (dr_journal_outcome(x->o.journal, rows[i].id, x->o.wall_ms(x->o.arg),
                               missing ? DR_JOURNAL_FAILED : DR_JOURNAL_DONE,
                               missing ? "observed later: still missing"
                                       : "observed later: its result is there",
                               &err) != 0)
            return;
    }
}
