/* Held back by a word of the document, and let go again: `paused` in the middle of a
 * bootstrap, also for longer than the hold on history may last; `ledger.reset`. */
#include <inttypes.h>
#include <string.h>

#include "tests/sim/story.h"

enum { PAUSED_ROUNDS = 10, JOB_MS = 30000, ROUNDS_ENOUGH = 200 };

static const struct dr_topology *edited(struct run *r, struct dr_topology **out)
{
    *out = DR_NEW(r->kept, struct dr_topology);
    **out = *r->w.topology;
    return *out;
}

/* n rounds, then a controller with the document that pauses. */
static bool pause_after(struct run *r, uint64_t n)
{
    struct dr_round last;
    struct dr_topology *t;
    if (!sim_begin(r, &r->c, false) || !sim_rounds(r, n, NULL, &last))
        return false;
    r->topology = edited(r, &t);
    t->paused = true;
    return sim_again(r);
}

/* Nothing is started while it is paused; then it goes on to its end. */
bool sim_play_paused(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    if (!pause_after(r, n))
        return false;
    sim_world_pass(&r->w, JOB_MS); /* a copy that runs may end */
    if (!sim_rounds(r, PAUSED_ROUNDS, NULL, &last))
        return false;
    if (dr_record_mutations(&r->c.calls))
        return sim_fail(r, "C10: %" PRIu64 " mutating calls although it is paused",
                        dr_record_mutations(&r->c.calls));
    r->topology = NULL;
    return sim_again(r) && sim_ends(r);
}

/* The pause outlasts the hold on history: GC is given back, and nothing else is done. */
bool sim_play_expired(struct run *r, uint64_t n)
{
    if (!pause_after(r, n))
        return false;
    struct dr_round last = {0};
    r->w.history.hold_may_expire = true;
    sim_world_skip(&r->w, SIM_HOLD_MS + 60000);
    if (!sim_rounds(r, PAUSED_ROUNDS, NULL, &last))
        return false;
    const struct sim_cluster *a = &sim_world_now(&r->w)->c[SIM_A];
    if (a->stored_gc_enable != r->w.history.gc_enable ||
        dr_ledger_hold(&a->ledger, "bootstrap"))
        return sim_fail(r, "D6: GC is held for ever by a pause: %s", last.text);
    return sim_intact(r);
}

/* ---- a copy that is given up ---- */

/* What was copied must be emptied by a human, or there was nothing to give up. */
static bool is_over(const struct dr_round *round)
{
    return round->state == DR_ROUND_BLOCKED &&
           (strstr(round->text, "DR-B041") || strstr(round->text, "DR-B042") ||
            strstr(round->text, "DR-B057"));
}

static bool is_over_or_made(const struct dr_round *round)
{
    return is_over(round) || sim_is_protected(round);
}

static enum dr_inject way_to_fail(uint64_t n)
{
    return n % 4 < 2 ? DR_INJECT_CRASH_SENT : DR_INJECT_LOST;
}

/* After n % STEP rounds the document gives generation 1 up; whoever does so dies, or
 * loses a reply, at one of its first exchanges that may change something. GC is not left
 * held, whatever B holds: an empty one gets the next generation at once, a feed that is
 * made stays. */
bool sim_play_given_up(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    struct dr_topology *t;
    if (!sim_begin(r, &r->c, false) || !sim_rounds(r, 1 + n % SIM_GIVE_UP, NULL, &last))
        return false;
    r->topology = edited(r, &t);
    t->bootstrap.give_up = 1;
    r->w.history.hold_may_expire = true;
    sim_controller_end(&r->c);
    sim_at_act(r, 1 + n / SIM_GIVE_UP, way_to_fail(n));
    if (!sim_begin(r, &r->c, true) ||
        !sim_rounds(r, ROUNDS_ENOUGH, is_over_or_made, &last))
        return false;
    if (!is_over_or_made(&last))
        return sim_fail(r, "D6: a copy that is given up comes to no end: %s", last.text);
    sim_world_pass(&r->w, 2000);
    const struct sim_cluster *a = &sim_world_now(&r->w)->c[SIM_A];
    if (a->stored_gc_enable != r->w.history.gc_enable ||
        dr_ledger_hold(&a->ledger, "bootstrap") || a->ledger.gc.present)
        return sim_fail(r, "D6: GC is held for a copy that was given up: %s", last.text);
    if (is_over(&last) && a->feed_count)
        return sim_fail(r, "C4: a feed is left of a copy that was given up");
    return sim_intact(r);
}

/* ---- a lost ledger ---- */

/* A's (even n) or B's ledger is lost from a protected pair, and the document has the
 * word; whoever resets it dies, or loses a reply, at an exchange that may change
 * something. */
bool sim_play_reset(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    struct dr_topology *t;
    int lost = n % 2 ? SIM_B : SIM_A;
    if (!sim_begin(r, &r->c, false) ||
        !sim_rounds(r, ROUNDS_ENOUGH, sim_is_protected, &last) ||
        !sim_lose_ledgers(r, lost == SIM_A, lost == SIM_B))
        return false;
    r->topology = edited(r, &t);
    t->ledger_reset = (struct dr_ledger_reset){.declared = true,
                                               .id = "LOST-1",
                                               .cluster = t->clusters[lost].name,
                                               .term = 1,
                                               .reason = "lost"};
    sim_controller_end(&r->c);
    sim_at_act(r, 1 + n / 4, way_to_fail(n));
    return sim_begin(r, &r->c, true) && sim_ends(r);
}

/* Both are lost, and the document names the changefeed that runs: it is taken back as it
 * is, and from then on it is nobody's to change (D14). */
bool sim_play_taken_back(struct run *r, uint64_t n)
{
    struct dr_topology *t;
    struct dr_edge_spec *edge = DR_NEW(r->kept, struct dr_edge_spec);
    (void)n;
    if (!sim_until_protected(r) || !sim_lose_ledgers(r, true, true))
        return false;
    r->topology = edited(r, &t);
    *edge = (struct dr_edge_spec){
        .from = t->clusters[SIM_A].name,
        .to = t->clusters[SIM_B].name,
        .id = dr_strdup(r->kept, sim_world_now(&r->w)->c[SIM_A].feeds[0].id)};
    t->replication.edges = edge;
    t->replication.edge_count = 1;
    r->w.history.adopts = true;
    return sim_goes_on(r);
}

/* ---- holds that cross ---- */

/* As another purpose of the same holder would write it: "return" still needs history. */
static void cross_hold(struct run *r)
{
    const struct dr_ledger *l = &sim_world_now(&r->w)->c[SIM_A].ledger;
    struct dr_hold_row hold = {.operation = "crossing",
                               .deadline = l->hold_count ? l->holds[0].deadline : 0};
    if (!l->gc.present || !l->hold_count)
        return;
    r->at_every = NULL;
    struct dr_arena *a = dr_arena_new(0);
    const char *text =
        dr_sprintf(a,
                   "INSERT INTO mysql.drover_ledger (cluster_id, k, value, epoch, holder)"
                   " SELECT cluster_id, 'hold/return', '%s', epoch, holder"
                   " FROM mysql.drover_ledger WHERE k = 'epoch'",
                   dr_hold_value(&hold, a));
    if (!sim_world_sql(&r->w, SIM_A, text))
        (void)sim_fail(r, "the scenario was refused: %s", text);
    dr_arena_free(a);
}

static bool has_made(const struct dr_round *round)
{
    const struct dr_ledger *l = &round->facts->clusters[SIM_A].ledger.rows;
    return l->edge_count && l->edges[0].state == DR_EDGE_MADE && l->hold_count == 1;
}

/* The bootstrap's hold ends, the other one does not: GC stays held, and is given back to
 * what it was before the first once the last one is gone. */
bool sim_play_crossing(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    (void)n;
    r->at_every = cross_hold;
    r->script_count = 1;
    if (!sim_begin(r, &r->c, true))
        return false;
    if (!sim_rounds(r, ROUNDS_ENOUGH, has_made, &last))
        return sim_fail(r, "C7: the bootstrap's own hold does not end: %s",
                        last.text ? last.text : "");
    if (!sim_rounds(r, PAUSED_ROUNDS, NULL, &last))
        return false;
    const struct sim_cluster *a = &sim_world_now(&r->w)->c[SIM_A];
    if (a->stored_gc_enable || !dr_ledger_hold(&a->ledger, "return") ||
        !a->ledger.gc.present)
        return sim_fail(r, "D6: GC was given back while another hold stands");
    r->w.history.hold_taken_away = true;
    if (!sim_world_sql(&r->w, SIM_A,
                       "DELETE FROM mysql.drover_ledger WHERE k = 'hold/return'"))
        return sim_fail(r, "the scenario was refused");
    return sim_ends(r);
}

/* ---- looked at only ---- */

/* A protected pair is observed from now on: neither epoch nor lease are taken, and
 * whoever held them before is not asked. */
bool sim_play_observed(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    struct dr_topology *t;
    (void)n;
    if (!sim_begin(r, &r->c, false) ||
        !sim_rounds(r, ROUNDS_ENOUGH, sim_is_protected, &last))
        return false;
    r->topology = edited(r, &t);
    t->management = DR_OBSERVE;
    return sim_again(r) && sim_ends(r);
}
