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
    AN_HOUR_MS = 3600000,
    CHANGED_MS = 2400000, /* less than an hour: what is refused is tried again then */
    MANY_FAULTS = 5, /* several of them may well make it be refused, more than once */
    UNTIL_LATE_MS = 4000
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

/* The next process start, whose exchanges are those that are struck. */
static bool begin_anew(struct run *r)
{
    sim_controller_end(&r->c);
    r->out->exchanges = 0;
    r->from = 0;
    r->counts = true;
    return sim_begin(r, &r->c, true);
}

bool sim_goes_on(struct run *r)
{
    struct dr_round last = {0};
    if (!begin_anew(r))
        return false;
    int64_t since_ms = dr_model_now_ms(r->w.model);
    int patience = r->story->drawn ? MANY_FAULTS : 1;
    if (!sim_rounds(r, patience * ROUNDS_MAX, sim_is_protected, &last) ||
        dr_model_now_ms(r->w.model) - since_ms > patience * CHANGED_MS)
        return sim_fail(r, "C7: not protected in time after the change: %s [%s]",
                        last.text, last.plan ? sim_missing(last.plan, r->kept) : "");
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

static bool is_refused(const struct dr_plan *p, const char *code, const char *shows)
{
    for (size_t i = 0; i < p->blocker_count; i++)
        if (strcmp(p->blockers[i].code, code) == 0 && strstr(p->blockers[i].fact, shows))
            return true;
    return false;
}

#define OLD_SETTING "\"worker_num\":16"
#define NEW_SETTING "\"worker_num\":24"

/* The document of a protected pair says something else about its feed from now on. */
static bool edit(struct run *r)
{
    if (!sim_until_protected(r))
        return false;
    struct dr_topology *t = DR_NEW(r->kept, struct dr_topology);
    *t = *r->w.topology;
    t->replication.config.json = "{\"mounter\":{" NEW_SETTING "}}";
    /* as the digests of another text would be */
    snprintf(t->doc.meaning, sizeof(t->doc.meaning), "edited");
    snprintf(t->doc.feeds, sizeof(t->doc.feeds), "edited");
    r->topology = t;
    return true;
}

bool sim_play_edit(struct run *r, uint64_t n)
{
    (void)n;
    return edit(r) && sim_goes_on(r) && shows(r, NEW_SETTING);
}

static bool runs(struct run *r)
{
    const struct sim_cluster *a = &sim_world_now(&r->w)->c[SIM_A];
    return (a->feed_count == 1 && a->feeds[0].running) ||
           sim_fail(r, "C5: the changefeed is left %s",
                    a->feed_count ? a->feeds[0].state : "removed");
}

static bool says_refused(const struct dr_round *round)
{
    return is_refused(round->plan, "DR-B069", "TiCDC did not take that");
}

/* TiCDC takes no new settings of it, and says so only once it stands still: it runs on as
 * it was. When TiCDC takes them they are given, an hour later at the latest. */
bool sim_play_not_taken(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    (void)n;
    if (!edit(r) || !sim_command(r, "{\"fault\":\"error\",\"match\":\"PUT " FEED
                                    "\",\"count\":1000000,\"number\":400,\"message\":"
                                    "\"[CDC:ErrInvalidReplicaConfig]no\"}"))
        return false;
    sim_controller_end(&r->c);
    r->out->exchanges = 0;
    r->from = 0;
    r->counts = true;
    if (!sim_begin(r, &r->c, true) || !sim_rounds(r, ROUNDS_MAX, says_refused, &last))
        return sim_fail(r, "DR-B069 is not said: %s", last.text);
    if (!r->out->exchanges)
        r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
    r->counts = false;
    if (!sim_rounds(r, AFTERWARDS, NULL, &last))
        return false;
    if (r->story->delay_ms >= LATE_MS)
        sim_world_pass(&r->w, r->story->delay_ms);
    if (!sim_rounds(r, AFTERWARDS, says_refused, &last) || !runs(r) ||
        !shows(r, OLD_SETTING))
        return sim_fail(r, "not as it was: %s", last.text);
    sim_world_skip(&r->w, AN_HOUR_MS);
    if (!sim_command(r, "{\"fault\":\"calm\"}"))
        return false;
    return sim_ends(r) && shows(r, NEW_SETTING);
}

/* In the middle of the change the document is gone: whoever learns it lets the changefeed
 * run, with either settings, and leaves. */
void sim_document_leaves(struct run *r)
{
    r->removed = r->w.history.removed = true;
    if (r->story->inject)
        r->script[0] = (struct dr_injection){.exchange = r->exchange,
                                             .kind = r->story->inject,
                                             .delay_ms = r->story->delay_ms};
}

/* As `drover run` ends the work of a topology that left its source. */
static bool cares_no_more(const struct dr_round *round)
{
    return round->state == DR_ROUND_CONVERGED;
}

bool sim_play_edit_removed(struct run *r, uint64_t n)
{
    struct dr_round last = {0};
    if (!edit(r) || !begin_anew(r))
        return false;
    bool over = false;
    for (uint64_t i = 0; i < ROUNDS_MAX && !over && !r->removed; i++)
        over = sim_rounds(r, 1, sim_is_protected, &last) || r->out->why.len;
    if (r->out->why.len || (!over && !r->removed))
        return sim_fail(r, "C7: not protected after the change: %s", last.text);
    if (!r->out->exchanges)
        r->out->exchanges = dr_fault_look(r->c.fault)->exchanges;
    r->counts = false;
    r->removed = r->w.history.removed = true; /* at the end, where n is beyond it */
    (void)n;
    if (!sim_again(r) || !sim_rounds(r, ROUNDS_MAX, cares_no_more, &last))
        return sim_fail(r, "D6: it comes to no end: %s", last.text);
    sim_world_pass(&r->w, UNTIL_LATE_MS); /* nobody looks any more */
    return runs(r) && sim_ends(r);
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
