/* Several controllers that want the same lease at once: one death, one takeover. */
#include <inttypes.h>
#include <string.h>

#include "tests/sim/story.h"

enum { LEASE_OVER_MS = 20000, CUT_MS = 60000 };

static uint64_t epoch_of(struct run *r, int cluster)
{
    return sim_world_now(&r->w)->c[cluster].ledger.epoch;
}

/* A protected pair whose controller died, and whose lease has run out. */
static bool deserted(struct run *r, uint64_t *epoch)
{
    struct dr_round last = {0};
    r->counts = false;
    if (!sim_begin(r, &r->c, false) ||
        !sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
        return false;
    sim_controller_end(&r->c);
    sim_world_pass(&r->w, LEASE_OVER_MS);
    *epoch = epoch_of(r, SIM_A);
    return sim_intact(r);
}

/* One of the two holds both ledgers, and the epoch was raised once. */
static bool taken_once(struct run *r, uint64_t before)
{
    for (int c = 0; c < SIM_CLUSTERS; c++)
        if (epoch_of(r, c) != before + 1)
            return sim_fail(r,
                            "C3: one controller died, and the epoch of %s went from "
                            "%" PRIu64 " to %" PRIu64,
                            c ? "west" : "east", before, epoch_of(r, c));
    return true;
}

/* The other one wants the lease, too, and has a whole round in the middle of exchange n
 * of the first one. */
void sim_rival(struct run *r)
{
    struct dr_round last;
    if (!sim_begin(r, &r->other, false))
        return;
    r->other_alive = true;
    (void)sim_controller_round(&r->other, &last);
}

/* The same declaration, its clusters in another order: the two raise the epochs from
 * different ends. */
void sim_rival_reversed(struct run *r)
{
    struct dr_topology *t = DR_NEW(r->kept, struct dr_topology);
    struct dr_cluster *c = DR_NEW_N(r->kept, SIM_CLUSTERS, struct dr_cluster);
    *t = *r->w.topology;
    for (int i = 0; i < SIM_CLUSTERS; i++)
        c[i] = r->w.topology->clusters[SIM_CLUSTERS - 1 - i];
    t->clusters = c;
    r->topology = t;
    sim_rival(r);
    r->topology = NULL;
}

/* However the two meet, one of them has both ledgers in the end, and the other none. */
static bool settled(struct run *r, uint64_t before)
{
    const struct dr_ledger *a = &sim_world_now(&r->w)->c[SIM_A].ledger,
                           *b = &sim_world_now(&r->w)->c[SIM_B].ledger;
    if (a->epoch != b->epoch || strcmp(a->holder, b->holder) != 0)
        return sim_fail(r, "C3: east has epoch %" PRIu64 " of %s, west %" PRIu64 " of %s",
                        a->epoch, a->holder, b->epoch, b->holder);
    return a->epoch <= before + 3 ||
           sim_fail(r, "C7: the epoch went from %" PRIu64 " to %" PRIu64, before,
                    a->epoch);
}

bool sim_play_race(struct run *r, uint64_t n)
{
    uint64_t before;
    (void)n;
    if (!deserted(r, &before))
        return false;
    r->counts = true;
    if (!sim_begin(r, &r->c, true) || !sim_take_turns(r))
        return false;
    r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
    r->counts = false;
    bool once = r->story->strike == sim_rival;
    return (once ? taken_once(r, before) : settled(r, before)) && sim_alone_at_last(r);
}

/* Those who stand by look again and again, each time over new sessions. */
static void look_on(struct run *r)
{
    struct dr_round look;
    dr_actor_look(r->other.actor, &look);
}

bool sim_play_crowd(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    uint64_t before;
    (void)n;
    if (!deserted(r, &before) || !sim_begin(r, &r->other, false))
        return false;
    r->other_alive = true;
    r->at_every = look_on;
    if (!sim_begin(r, &r->c, true) || !sim_rounds(r, 1, NULL, &last))
        return false;
    r->at_every = NULL;
    if (last.state != DR_ROUND_MOVED)
        return sim_fail(r, "C7: those who stand by keep a takeover from its end: %s",
                        last.text);
    return taken_once(r, before) && sim_alone_at_last(r);
}

/* ---- cut off from one side ---- */

static void cut_off(struct run *r)
{
    static const char *const side[] = {"127.0.1.", "127.1.1."};
    const char *net = side[r->number % 2];
    if (strncmp(r->asked->at.host, net, strlen(net)) == 0)
        r->script[0] =
            (struct dr_injection){.exchange = r->exchange, .kind = DR_INJECT_NOT_SENT};
}

/* Both go on for a while; true: the other one found everything done. */
static bool both_for(struct run *r, int64_t ms)
{
    struct dr_round x, y;
    int64_t end = dr_model_now_ms(r->w.model) + ms;
    bool done = false;
    while (dr_model_now_ms(r->w.model) < end && sim_intact(r)) {
        (void)sim_controller_round(&r->c, &x);
        (void)sim_controller_round(&r->other, &y);
        done = sim_is_protected(&y);
        sim_world_pass(&r->w, 500);
    }
    return done;
}

/* The lease of the side that it cannot reach runs out, and whoever reaches both takes
 * over a lease later; when it reaches both again, it does not take it back. */
bool sim_play_cut(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    (void)n;
    r->script_count = 1;
    if (!sim_begin(r, &r->c, true) ||
        !sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last) ||
        !sim_begin(r, &r->other, false))
        return false;
    r->other_alive = true;
    uint64_t before = epoch_of(r, SIM_A);
    r->at_every = cut_off;
    if (!both_for(r, CUT_MS))
        return sim_fail(r, "C7: nobody took over from one that is cut off");
    r->at_every = NULL;
    (void)both_for(r, CUT_MS);
    return sim_intact(r) && taken_once(r, before) && sim_alone_at_last(r);
}
