/* What drover owes a cluster is given back whatever an edit of the document says: walks
 * on the model, with GC held or a feed paused half-way through. */
#include <string.h>

#include "controller/act/actor.h"
#include "tests/unit/act_kit.h"

#define EAST "127.0.1.4:4000"

static const char *gc(struct pair *p)
{
    return pair_cell(p, EAST, "SELECT @@global.tidb_gc_enable");
}

static const char *holds(struct pair *p)
{
    return pair_cell(p, EAST,
                     "SELECT COUNT(*) FROM mysql.drover_ledger WHERE k LIKE 'hold%'");
}

/* A bootstrap that stopped with GC held. */
static void hold_gc(struct pair *p)
{
    struct boss one;
    pair_open(p);
    boss_open(&one, p, "one");
    boss_until_step(&one, "restore", 100);
    boss_end(&one);
    cr_assert_str_eq(gc(p), "0");
}

/* The next controller, with the edited document. */
static void go_on(struct pair *p, bool removed, int rounds)
{
    struct boss two;
    boss_options(&two, p, "two");
    two.o.removed = removed;
    boss_start(&two);
    boss_round(&two);
    if (!removed)
        pair_pass(p, INT64_C(80) * 3600 * 1000);
    for (int i = 0; i < rounds; i++)
        boss_round(&two);
    boss_end(&two);
}

static void name_another_primary(struct dr_topology *t)
{
    t->primary = "west";
}

static void turn_bidirectional(struct dr_topology *t)
{
    t->mode = DR_MODE_BIDIRECTIONAL;
    t->primary = NULL;
}

static void only_observe(struct dr_topology *t)
{
    t->management = DR_OBSERVE;
}

static void (*const edits[])(struct dr_topology *) = {name_another_primary,
                                                      turn_bidirectional, only_observe};

Test(owed, gc_is_given_back_past_the_deadline_whatever_was_edited)
{
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        struct pair p;
        hold_gc(&p);
        edits[i](&p.topology);
        go_on(&p, false, 40);
        cr_expect_str_eq(gc(&p), "1", "edit %zu", i);
        cr_expect_str_eq(holds(&p), "0", "edit %zu", i);
        pair_close(&p);
    }
}

Test(owed, gc_is_given_back_when_the_edited_document_goes)
{
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        struct pair p;
        hold_gc(&p);
        edits[i](&p.topology);
        go_on(&p, true, 40);
        cr_expect_str_eq(gc(&p), "1", "edit %zu", i);
        cr_expect_str_eq(holds(&p), "0", "edit %zu", i);
        pair_close(&p);
    }
}

static void edit(struct pair *p, const char *word)
{
    snprintf(p->topology.doc.meaning, sizeof(p->topology.doc.meaning), "%s", word);
}

Test(owed, a_feed_paused_for_an_edit_is_resumed_whatever_the_next_one_says)
{
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        struct pair p;
        struct boss one, two, three;
        pair_open(&p);
        boss_open(&one, &p, "one");
        boss_until(&one, DR_ROUND_CONVERGED, 300);
        boss_end(&one);
        p.topology.replication.sync_point.interval_ms = 1200000;
        snprintf(p.topology.doc.feeds, sizeof(p.topology.doc.feeds), "edited");
        edit(&p, "edited");
        boss_options(&two, &p, "two");
        two.o.take = true;
        two.o.revision = "r2";
        two.o.history.descends = boss_descends;
        boss_start(&two);
        boss_until_step(&two, "update-feed", 100);
        boss_end(&two);
        edits[i](&p.topology);
        edit(&p, "edited again");
        boss_options(&three, &p, "three");
        three.o.take = true;
        three.o.revision = "r3";
        three.o.history.descends = boss_descends;
        boss_start(&three);
        for (int k = 0; k < 40; k++)
            boss_round(&three);
        cr_assert_eq(three.r.facts->clusters[0].feeds.count, 1);
        cr_expect_neq(three.r.facts->clusters[0].feeds.items[0].state, DR_FEED_STOPPED,
                      "edit %zu", i);
        boss_end(&three);
        pair_close(&p);
    }
}
