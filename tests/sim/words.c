/* The human of the stories in which disruptive steps need a word: gives it by hand when
 * asked, as `drover approve` does, or in the document, before anything is there. No fault
 * may make drover ask twice for what was given. */
#include <string.h>

#include "controller/base/tso.h"
#include "tests/sim/story.h"

enum { LONG_MS = 24 * 3600 * 1000, SHORT_MS = 1000, WORDS_MAX = 4 };

static const struct dr_ledger *ledger(const struct run *r)
{
    return &sim_world_now(&r->w)->c[SIM_A].ledger;
}

/* What `drover approve` does after its questions: another process, that only looks and
 * writes one row. */
static bool give(struct run *r, int64_t life_ms)
{
    struct sim_controller person;
    struct dr_round look;
    if (!sim_begin(r, &person, false))
        return false;
    dr_actor_look(person.actor, &look);
    const struct dr_cluster_facts *a = &look.facts->clusters[SIM_A];
    const struct dr_approval_row *now = &a->ledger.rows.approval;
    if (look.plan->state == DR_PLAN_STEPS && a->ledger.decoded) {
        struct dr_approval_row row = {
            .digest = look.plan->digest,
            .until = a->ledger.tso + dr_tso_make(life_ms, 0),
            .declaration = (r->topology ? r->topology : r->w.topology)->doc.meaning};
        struct dr_call call = {.kind = DR_CALL_LEDGER_WORD,
                               .at = {.cluster = SIM_A},
                               .as = {.cluster_id = a->pd.cluster_id}};
        struct dr_reply reply;
        call.args.word.approval = &row;
        call.args.word.expected = dr_approval_standing(now, r->kept);
        dr_estate_ask(person.recorded, &call, &reply);
        r->words += reply.outcome == DR_DONE;
        dr_reply_release(&reply);
    }
    sim_controller_end(&person);
    return true;
}

bool sim_word_given(struct run *r, const struct dr_round *round)
{
    const struct dr_ledger *l = ledger(r);
    if (l->approval.present) /* a stale look, or the plan was another one for a moment */
        return true;
    if (round->plan->state ==
        DR_PLAN_ASKING) /* of what a look saw, and the next may not */
        return true;
    if (l->consumed_count || r->words)
        return sim_fail(r, "C14: asked again for a word that was given: %s", round->text);
    return give(r, LONG_MS);
}

bool sim_word_ends_at_once(struct run *r, const struct dr_round *round)
{
    (void)round;
    if (r->words >= WORDS_MAX)
        return true;
    bool given = ledger(r)->approval.present || give(r, SHORT_MS);
    sim_world_pass(&r->w, SHORT_MS + 500);
    return given && (!ledger(r)->consumed_count ||
                     sim_fail(r, "C14: a word was used after its end"));
}

/* The document with a word for the plan of an estate where nothing stands yet. */
bool sim_word_declared(struct run *r)
{
    struct sim_controller person;
    struct dr_round look;
    struct dr_topology *t = DR_NEW(r->kept, struct dr_topology);
    struct dr_approval *word = DR_NEW(r->kept, struct dr_approval);
    if (!sim_begin(r, &person, false))
        return false;
    dr_actor_look(person.actor, &look);
    *word = (struct dr_approval){.digest = dr_strdup(r->kept, look.plan->digest),
                                 .until_unix_ms =
                                     dr_model_wall_ms(r->w.model) + INT64_C(7) * LONG_MS};
    sim_controller_end(&person);
    r->starts = 0; /* a reader, no process that acts */
    *t = *r->w.topology;
    t->approvals = word;
    t->approval_count = 1;
    r->topology = t;
    return true;
}

bool sim_round_asks(struct run *r, const struct dr_round *round)
{
    return !r->story->asked || round->state != DR_ROUND_UNAPPROVED ||
           r->story->asked(r, round);
}
