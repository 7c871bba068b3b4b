/* A protected pair whose feed is changed: by an edit of the document, which is a step, or
 * by hand, which the policy puts right: changed, or removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/story.h"

#define FEED "/api/v2/changefeeds/orders-east-to-west-g1"

enum {
    HANDS_MS = 3000,
    AFTERWARDS = 4,
    LATE_MS = 60000,
    ROUNDS_REFUSED = 25,
    ROUNDS_CHANGED = 150 /* less than an hour: what is refused is tried again then */
};

bool sim_until_protected(struct run *r)
{
    struct dr_round last = {0};
    r->counts = false;
    if (!sim_begin(r, &r->c, false) ||
        !sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
        return sim_fail(r, "not protected before the change: %s", last.text);
    r->c.hook = NULL;
    return true;
}

bool sim_goes_on(struct run *r)
{
    struct dr_round last = {0};
    sim_controller_end(&r->c);
    r->out->exchanges = 0;
    r->from = 0;
    r->counts = true;
    if (!sim_begin(r, &r->c, true))
        return false;
    if (!sim_rounds(r, ROUNDS_CHANGED, sim_is_protected, &last))
        return sim_fail(r, "C7: not protected after the change: %s [%s]", last.text,
                        last.plan ? sim_missing(last.plan, r->kept) : "");
    if (!r->out->exchanges)
        r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
    r->counts = false; /* what was struck at the very end shows in the next rounds */
    if (!sim_rounds(r, AFTERWARDS, NULL, &last))
        return false;
    /* a request to pause that comes when all is done stops the feed once more */
    if (r->story->delay_ms >= LATE_MS)
        sim_world_pass(&r->w, r->story->delay_ms);
    if (!sim_rounds(r, ROUNDS_MAX, sim_is_protected, &last))
        return sim_fail(r, "C7: not protected after what came late: %s", last.text);
    return sim_ends(r);
}

/* Whether the feed has what the document says, read by hand: the end of a story is judged
 * by drover's own word otherwise. */
static bool shows(struct run *r, const char *text)
{
    const char *config = sim_view_feed_config(r->w.model, r->kept);
    return (config && strstr(config, text)) ||
           sim_fail(r, "the changefeed does not show %s: %s", text,
                    config ? config : "no changefeed");
}

bool sim_play_edit(struct run *r, uint64_t n)
{
    (void)n;
    if (!sim_until_protected(r))
        return false;
    struct dr_topology *t = DR_NEW(r->kept, struct dr_topology);
    *t = *r->w.topology;
    t->replication.config.json = "{\"mounter\":{\"worker_num\":24}}";
    /* as the digests of another text would be */
    snprintf(t->doc.meaning, sizeof(t->doc.meaning), "edited");
    snprintf(t->doc.feeds, sizeof(t->doc.feeds), "edited");
    r->topology = t;
    return sim_goes_on(r) && shows(r, "\"worker_num\":24");
}

/* Another secret is declared: that rows still flow at the end shows that account and
 * changefeed have the same password again. */
bool sim_play_turned(struct run *r, uint64_t n)
{
    (void)n;
    if (!sim_until_protected(r))
        return false;
    uint64_t password = sim_world_now(&r->w)->c[SIM_B].sink_print;
    setenv("DROVER_SIM_SINK", "another secret", 1);
    if (!sim_goes_on(r))
        return false;
    return sim_world_now(&r->w)->c[SIM_B].sink_print != password ||
           sim_fail(r, "the account still has the password of the secret before");
}

/* Somebody paused it, gave it other settings, and left it so. */
bool sim_play_meddled(struct run *r, uint64_t n)
{
    (void)n;
    if (!sim_until_protected(r) || !sim_ask_ticdc(r, "POST", FEED "/pause", ""))
        return false;
    sim_world_pass(&r->w, HANDS_MS);
    if (!sim_ask_ticdc(r, "PUT", FEED,
                       "{\"replica_config\":{\"check_gc_safe_point\":false,"
                       "\"force_replicate\":true}}"))
        return false;
    return sim_goes_on(r) && shows(r, "\"force_replicate\":false");
}

/* Somebody removed it: the next generation goes on where it was last seen, and whoever
 * has the old password is shut out. D4 and D5 judge from where. */
bool sim_play_removed(struct run *r, uint64_t n)
{
    (void)n;
    struct dr_round last = {0};
    if (!sim_until_protected(r) || !sim_rounds(r, AFTERWARDS, NULL, &last))
        return false;
    uint64_t password = sim_world_now(&r->w)->c[SIM_B].sink_print;
    if (!sim_ask_ticdc(r, "DELETE", FEED, ""))
        return false;
    sim_world_pass(&r->w, HANDS_MS);
    if (!sim_goes_on(r))
        return false;
    const struct sim_view *now = sim_world_now(&r->w);
    const struct sim_cluster *a = &now->c[SIM_A];
    bool second = a->feed_count == 1 && strstr(a->feeds[0].id, "-g2");
    if (!second)
        return sim_fail(r, "%zu changefeeds, the first is %s", a->feed_count,
                        a->feed_count ? a->feeds[0].id : "none");
    return now->c[SIM_B].sink_print != password ||
           sim_fail(r, "the removed changefeed's password still works");
}

/* What somebody did besides removing it: none of them may be followed by a new feed. */
static const struct {
    int cluster;
    const char *first, *then, *code, *shows;
} besides[SIM_BESIDES] = {
    {SIM_B, "SET GLOBAL tidb_super_read_only = OFF",
     "SET GLOBAL tidb_super_read_only = ON", "DR-B064", "was seen to take writes"},
    {SIM_A, NULL, "ALTER TABLE shop.orders ADD COLUMN note INT", "DR-B064", "DDL job"},
    {SIM_A, NULL, "TRUNCATE TABLE shop.stock", "DR-B064", "DDL job"},
};

static bool is_refused(const struct dr_plan *p, const char *code, const char *shows)
{
    for (size_t i = 0; i < p->blocker_count; i++)
        if (strcmp(p->blockers[i].code, code) == 0 && strstr(p->blockers[i].fact, shows))
            return true;
    return false;
}

bool sim_play_removed_besides(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    size_t i = n % SIM_BESIDES;
    int c = besides[i].cluster;
    r->w.history.fence_is_a_humans = true;
    if (!sim_until_protected(r) || !sim_rounds(r, AFTERWARDS, NULL, &last))
        return false;
    if (besides[i].first && (!sim_world_sql(&r->w, c, besides[i].first) ||
                             !sim_rounds(r, AFTERWARDS, NULL, &last)))
        return false;
    if (!sim_world_sql(&r->w, c, besides[i].then) ||
        !sim_ask_ticdc(r, "DELETE", FEED, ""))
        return false;
    /* another process: what was seen before must stand in the clusters */
    sim_controller_end(&r->c);
    if (!sim_begin(r, &r->c, false) || !sim_rounds(r, ROUNDS_REFUSED, NULL, &last))
        return false;
    if (!is_refused(last.plan, besides[i].code, besides[i].shows))
        return sim_fail(r, "%s does not say '%s': %s [%s]", besides[i].code,
                        besides[i].shows, last.text, sim_missing(last.plan, r->kept));
    return !sim_world_now(&r->w)->c[SIM_A].feed_count ||
           sim_fail(r, "a changefeed was made anew all the same");
}
