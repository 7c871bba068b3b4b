/* A ledger that was lost and is given back, a copy that is given up: by a word of the
 * document. */
#include <string.h>

#include "tests/unit/act_kit.h"

/* One word gives one lost ledger back, on whichever side; the next loss stops drover. */
Test(act, one_word_resets_one_lost_ledger)
{
    static const struct {
        const char *cluster, *loss, *at;
    } cases[] = {
        {"west", "DELETE FROM mysql.drover_ledger", "127.1.1.4:4000"},
        {"east", "DROP TABLE mysql.drover_ledger", "127.0.1.4:4000"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair p;
        struct boss b;
        pair_open(&p);
        pair_bootstrap(&p);
        pair_sql(&p, cases[i].cluster, cases[i].loss);
        pair_word_for(&p, cases[i].cluster);
        boss_open(&b, &p, "two");
        boss_until(&b, DR_ROUND_CONVERGED, 40);
        for (int k = 0; k < 20 && b.r.plan->is_protected != DR_TRUE; k++)
            boss_round(&b);
        cr_expect_eq(b.r.plan->is_protected, DR_TRUE, "%s: %s", cases[i].cluster, b.said);
        cr_expect_str_eq(pair_cell(&p, cases[i].at,
                                   "SELECT COUNT(*) FROM mysql.drover_ledger WHERE k IN "
                                   "('birth', 'term', 'edge/east/west', "
                                   "'consumed/LOST-1')"),
                         "4");
        pair_sql(&p, cases[i].cluster, cases[i].loss);
        boss_until(&b, DR_ROUND_BLOCKED, 20);
        cr_expect(strstr(b.r.text, "was used already"), "%s", b.r.text);
        pair_over(&p, &b);
    }
}

/* A cluster that is lost while its edge is in the making: the fence is drover's, and is
 * not asked to be lifted: what was compared would change behind drover's back. */
Test(act, a_reset_before_the_feed_claims_the_fence_that_drover_set)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_until_step(&p, "feed");
    pair_sql(&p, "west", "DELETE FROM mysql.drover_ledger");
    pair_word_for(&p, "west");
    boss_open(&b, &p, "two");
    boss_until(&b, DR_ROUND_CONVERGED, 200);
    pair_over(&p, &b);
}

/* The rows of a hold are in no peer: what GC was before it a person says, and it is not
 * "off" for ever. */
Test(act, a_reset_while_gc_is_held_asks_what_it_was)
{
    static const char *const at[] = {"127.0.1.4:4000", "127.0.1.5:4000"};
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_until_step(&p, "backup");
    cr_expect_str_eq(pair_cell(&p, at[0], "SELECT @@GLOBAL.tidb_gc_enable"), "0");
    pair_sql(&p, "east", "DROP TABLE mysql.drover_ledger");
    pair_word_for(&p, "east");
    boss_open(&b, &p, "two");
    for (int i = 0; i < 40 && b.r.state != DR_ROUND_BLOCKED; i++)
        boss_round(&b);
    cr_expect(strstr(b.r.text, "DR-B055"), "%s", b.r.text);
    cr_expect_str_eq(pair_cell(&p, at[0], "SELECT @@GLOBAL.tidb_gc_enable"), "0");
    pair_sql(&p, "east", "SET GLOBAL tidb_gc_enable = ON");
    pair_pass(&p, 60000);
    boss_until(&b, DR_ROUND_CONVERGED, 400);
    boss_end(&b);
    for (size_t i = 0; i < 2; i++)
        cr_expect_str_eq(pair_cell(&p, at[i], "SELECT @@GLOBAL.tidb_gc_enable"), "1");
    pair_close(&p);
}

/* Whatever stops the plan afterwards: a word that gave the rows back is used. */
Test(act, a_word_that_reset_a_ledger_is_used_though_the_plan_is_blocked)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    p.topology.bootstrap.give_up = 7; /* refused, whatever else is to be done */
    pair_sql(&p, "west", "DELETE FROM mysql.drover_ledger");
    pair_word_for(&p, "west");
    boss_open(&b, &p, "two");
    boss_rounds(&b, 20);
    cr_expect_eq(b.r.state, DR_ROUND_BLOCKED);
    cr_expect(strstr(b.r.text, "DR-B057"), "%s", b.r.text);
    static const char *const at[] = {"127.0.1.4:4000", "127.1.1.4:4000"};
    for (size_t c = 0; c < 2; c++)
        cr_expect_str_eq(pair_cell(&p, at[c],
                                   "SELECT COUNT(*) FROM mysql.drover_ledger WHERE "
                                   "k = 'consumed/LOST-1'"),
                         "1", "%s", at[c]);
    pair_over(&p, &b);
}

static const char *count_of(struct pair *p, const char *where)
{
    return pair_cell(
        p, "127.0.1.4:4000",
        dr_sprintf(p->arena, "SELECT COUNT(*) FROM mysql.drover_ledger WHERE %s", where));
}

static void expect_gc_as_before(struct pair *p, const char *when)
{
    static const char *const at[] = {"127.0.1.4:4000", "127.0.1.5:4000"};
    for (size_t i = 0; i < 2; i++)
        cr_expect_str_eq(pair_cell(p, at[i], "SELECT @@GLOBAL.tidb_gc_enable"), "1",
                         "GC stays off: %s", when);
    cr_expect_str_eq(count_of(p, "k LIKE 'hold/%' OR k IN ('gc', 'backup')"), "0", "%s",
                     when);
}

/* Before each step of a copy: the word gives GC back and leaves nothing that could write;
 * the next generation begins once the secondary is empty. */
Test(act, a_generation_that_is_given_up_leaves_nothing_behind)
{
    static const char *const steps[] = {"hold",    "hold-gc", "backup", "restore",
                                        "compare", "making",  "feed",   "made"};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct pair p;
        struct boss b;
        pair_open(&p);
        pair_until_step(&p, steps[i]);
        p.topology.bootstrap.give_up = 1;
        boss_open(&b, &p, "two");
        for (int k = 0; k < 300; k++) {
            boss_round(&b);
            if (b.r.state == DR_ROUND_BLOCKED || b.r.state == DR_ROUND_CONVERGED)
                break;
        }
        if (b.r.state == DR_ROUND_BLOCKED) {
            cr_expect(strstr(b.r.text, "DR-B041"), "%s: %s", steps[i], b.r.text);
            expect_gc_as_before(&p, steps[i]);
            cr_expect_eq(b.r.facts->clusters[EAST].feeds.count, 0, "%s", steps[i]);
            pair_sql(&p, "west", "SET GLOBAL tidb_super_read_only = OFF");
            pair_pass(&p, 5000);
            pair_sql(&p, "west", "DROP DATABASE shop");
            pair_sql(&p, "west", "DROP DATABASE IF EXISTS tidb_cdc");
            boss_pass(&b, 60000);
        }
        boss_until(&b, DR_ROUND_CONVERGED, 400);
        expect_gc_as_before(&p, steps[i]);
        cr_expect_str_eq(count_of(&p, "k = 'edge/east/west' AND value LIKE "
                                      "'%\"generation\":2,%\"made\"%'"),
                         "1", "%s", steps[i]);
        pair_over(&p, &b);
    }
}

/* The hold is the primary's alone: a secondary that is gone for good keeps nobody from
 * giving GC back. */
Test(act, gc_of_a_generation_given_up_is_given_back_though_the_other_side_is_dead)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_until_step(&p, "restore");
    static const char *const west[] = {"127.1.1.4:4000", "127.1.1.5:4000",
                                       "127.1.1.1:2379", "127.1.1.2:2379",
                                       "127.1.1.3:2379"};
    for (size_t i = 0; i < sizeof(west) / sizeof(west[0]); i++)
        pair_ctl(&p,
                 dr_sprintf(p.arena, "{\"fault\": \"kill\", \"at\": \"%s\"}", west[i]));
    p.topology.bootstrap.give_up = 1;
    boss_open(&b, &p, "two");
    for (int k = 0; k < 60 && strcmp(count_of(&p, "k LIKE 'hold/%'"), "0") != 0; k++)
        boss_round(&b);
    cr_expect_str_eq(pair_cell(&p, "127.0.1.4:4000", "SELECT @@GLOBAL.tidb_gc_enable"),
                     "1", "GC stays off: %s\n%s", b.r.text, b.said);
    cr_expect_str_eq(count_of(&p, "k LIKE 'hold/%'"), "0");
    pair_over(&p, &b);
}
