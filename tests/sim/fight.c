/* Somebody undoes what drover puts right, each time: after three corrections drover
 * leaves it and asks, and nothing sways any more. Once it stood by itself for an hour, a
 * new change of that kind is put right again. */
#include <inttypes.h>
#include <string.h>

#include "controller/act/fights.h"
#include "tests/sim/story.h"

enum { FOUGHT_ROUNDS = 80, CALM_ROUNDS = 40, AFTER = 20, LEASE_OVER_MS = 20000 };

static bool switch_on(struct run *r)
{
    return sim_world_sql(&r->w, SIM_B, "SET GLOBAL tidb_ttl_job_enable = ON");
}

static bool asks(const struct dr_plan *p)
{
    for (size_t i = 0; i < p->question_count; i++)
        if (strstr(p->questions[i].what, "DR-B068"))
            return true;
    return false;
}

static bool is_off(struct run *r)
{
    return !sim_world_now(&r->w)->c[SIM_B].stored_ttl_jobs;
}

/* One quiet round later. */
static bool go(struct run *r, struct dr_round *last)
{
    sim_world_skip(&r->w, last->again_ms < 0 ? 0 : last->again_ms);
    return sim_controller_round(&r->c, last) && sim_intact(r);
}

/* Another process follows, a lease later. */
static bool restart(struct run *r)
{
    if (!r->story->numbered)
        return true;
    sim_world_pass(&r->w, LEASE_OVER_MS);
    return sim_again(r);
}

/* The other tool looks as often as drover does. */
static bool fight(struct run *r, struct dr_round *last)
{
    uint64_t before = r->c.calls.calls[DR_CALL_SET_GLOBAL], calm = 0, times = 0;
    for (uint64_t i = 0; i < FOUGHT_ROUNDS; i++) {
        if (is_off(r) && (!restart(r) || !(times++, switch_on(r))))
            return false;
        if (i == FOUGHT_ROUNDS - CALM_ROUNDS)
            calm = dr_record_changes(&r->c.calls);
        if (!go(r, last))
            return false;
    }
    uint64_t sent = r->c.calls.calls[DR_CALL_SET_GLOBAL] - before;
    if (times != DR_FIGHT_CORRECTIONS + 1)
        return sim_fail(
            r, "C8: drover put it right %" PRIu64 " times, by %" PRIu64 " statements",
            times - 1, sent);
    if (dr_record_changes(&r->c.calls) != calm)
        return sim_fail(r, "C8: it still sways");
    return asks(last->plan) || sim_fail(r, "nobody is asked about the fight");
}

bool sim_play_fight(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    (void)n;
    if (!sim_begin(r, &r->c, false) ||
        !sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
        return false;
    if (!fight(r, &last))
        return false;
    if (!sim_world_sql(&r->w, SIM_B, "SET GLOBAL tidb_ttl_job_enable = OFF"))
        return false;
    int64_t until_ms = dr_model_now_ms(r->w.model) + DR_FIGHT_WINDOW_MS + 60000;
    while (dr_model_now_ms(r->w.model) < until_ms)
        if (!go(r, &last))
            return false;
    if (asks(last.plan))
        return sim_fail(r, "it is still asked about, an hour after the end");
    if (!switch_on(r))
        return false;
    for (int i = 0; i < AFTER && !is_off(r); i++)
        if (!go(r, &last))
            return false;
    return is_off(r) ? sim_ends(r) : sim_fail(r, "a change after the fight is left");
}
