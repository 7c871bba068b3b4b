/* Of several controllers one is behind: its fetches fail. It stands on the commit before
 * (`behind`), or on the one that had removed the document (`behind/removed`). */
#include <inttypes.h>

#include "tests/sim/story.h"

enum {
    TURN_MS = 500,
    /* a lease, until what is read once a minute is read again (TiCDC's health, right
     * after a feed was made), and the older one's next look */
    CARRIED_OUT_MS = SIM_LEASE_MS + 60000 + 15000
};

/* The document of a later commit, which says something else. */
static const struct dr_topology *edited(struct run *r)
{
    struct dr_topology *t = DR_NEW(r->kept, struct dr_topology);
    *t = *r->w.topology;
    t->objectives.rpo_ms += 1000;
    t->doc.meaning[0] = t->doc.meaning[0] == 'x' ? 'y' : 'x';
    return t;
}

static bool begin_other(struct run *r, const char *revision, bool removed)
{
    r->revision = revision;
    r->removed = removed;
    r->other_alive = sim_begin(r, &r->other, false);
    r->removed = false;
    return r->other_alive;
}

static void end_other(struct run *r)
{
    sim_controller_end(&r->other);
    r->other_alive = false;
}

static bool other_round(struct run *r, struct dr_round *last)
{
    (void)sim_controller_round(&r->other, last);
    return sim_intact(r);
}

/* n rounds of a controller at r1, which goes on; then one at r2 comes. */
bool sim_play_behind(struct run *r, uint64_t n)
{
    struct dr_round old = {0}, new = {0};
    if (!begin_other(r, "r1", false))
        return false;
    for (uint64_t i = 0; i < n; i++) {
        if (!other_round(r, &old))
            return false;
        sim_rest(r, &old);
    }
    r->revision = "r2";
    r->topology = edited(r);
    if (!sim_begin(r, &r->c, false))
        return false;
    /* from when on there is something to be older than */
    int64_t since_ms = INT64_MAX, now_ms = 0;
    for (uint64_t i = 0; i < ROUNDS_MAX && now_ms - CARRIED_OUT_MS < since_ms; i++) {
        if (!other_round(r, &old))
            return false;
        (void)sim_controller_round(&r->c, &new);
        r->out->rounds++;
        if (!sim_intact(r))
            return false;
        now_ms = dr_model_now_ms(r->w.model);
        bool newer = new.plan->newer || dr_actor_epoch(r->c.actor);
        since_ms = newer && since_ms == INT64_MAX ? now_ms : since_ms;
        if (sim_is_protected(&new) && old.state == DR_ROUND_BLOCKED)
            break;
        sim_world_pass(&r->w, TURN_MS);
    }
    if (!dr_actor_epoch(r->c.actor) || dr_actor_epoch(r->other.actor) || new.plan->newer)
        return sim_fail(r, "the newer declaration is not carried out: %s [%s]; %s",
                        new.text, sim_missing(new.plan, r->kept), old.text);
    if (old.state != DR_ROUND_BLOCKED)
        return sim_fail(r, "the older one is not refused: %s", old.text);
    end_other(r);
    return sim_ends(r);
}

/* The document left at r2 and is there again at r3, the same as ever. One controller has
 * seen the one, another one the other; then it is away for longer than its lease. */
bool sim_play_behind_removed(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    r->revision = "r1";
    if (!sim_begin(r, &r->c, false) || !sim_rounds(r, n, NULL, &last))
        return false;
    r->revision = "r3";
    if (!sim_again(r))
        return false;
    sim_world_pass(&r->w, SIM_LEASE_MS + TURN_MS);
    if (!sim_rounds(r, 3, NULL, &last) || !begin_other(r, "r2", true))
        return false;
    sim_world_pass(&r->w, SIM_LEASE_MS + TURN_MS);
    for (uint64_t i = 0; i < BLOCKED_ROUNDS; i++) {
        if (!other_round(r, &last))
            return false;
        sim_world_pass(&r->w, TURN_MS);
    }
    if (dr_record_mutations(&r->other.calls))
        return sim_fail(r, "%" PRIu64 " mutating calls of who stands on the removal",
                        dr_record_mutations(&r->other.calls));
    end_other(r);
    r->revision = "r3";
    return sim_ends(r);
}
