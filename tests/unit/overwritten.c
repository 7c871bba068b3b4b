/* A changefeed that somebody resumed from another point than its checkpoint. */
#include "controller/base/tso.h"
#include "tests/unit/act_kit.h"

#define FEED "/api/v2/changefeeds/shop-east-to-west-g1"

Test(overwritten, a_stretch_that_was_skipped_is_seen)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 300);
    for (int i = 0; i < 5; i++)
        boss_round(&b);
    cr_assert_eq(b.r.plan->is_protected, DR_TRUE);
    pair_cdc(&p, "POST", FEED "/pause", "{}");
    pair_sql(&p, "east", "INSERT INTO shop.customers (name) VALUES ('Lost')");
    pair_pass(&p, 5000);
    pair_cdc(
        &p, "POST", FEED "/resume",
        dr_sprintf(p.arena, "{\"overwrite_checkpoint_ts\":%llu}",
                   (unsigned long long)dr_tso_make(dr_model_wall_ms(p.model) - 1000, 0)));
    for (int i = 0; i < 30; i++)
        boss_round(&b);
    cr_expect_str_eq(
        pair_cell(&p, "127.0.1.4:4000", "SELECT COUNT(*) FROM shop.customers"), "4");
    cr_expect_str_eq(
        pair_cell(&p, "127.1.1.4:4000", "SELECT COUNT(*) FROM shop.customers"), "3");
    cr_expect_eq(b.r.plan->is_protected, DR_FALSE);
    cr_assert_eq(b.r.plan->blocker_count, 1);
    cr_expect_str_eq(b.r.plan->blockers[0].code, "DR-B058");
    boss_end(&b);
    pair_close(&p);
}
