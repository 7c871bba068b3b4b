/* Changefeeds that are not drover's: whether they lead into the secondary. */
#include "tests/unit/act_kit.h"

/* An export that is made each night and deleted in the morning is nobody's drift, however
 * long the process lives. */
Test(strangers, a_nightly_export_is_never_drift)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 300);
    for (int n = 1; n <= 20; n++) {
        const char *body = dr_sprintf(p.arena,
                                      "{\"changefeed_id\": \"night-%d\", \"sink_uri\": "
                                      "\"blackhole://\"}",
                                      n),
                   *one = dr_sprintf(p.arena, "/api/v2/changefeeds/night-%d", n);
        pair_cdc(&p, "POST", "/api/v2/changefeeds", body);
        for (int i = 0; i < 4; i++)
            boss_round(&b);
        cr_assert_eq(b.r.state, DR_ROUND_CONVERGED, "night %d: %s", n, b.r.text);
        cr_assert_eq(b.r.plan->question_count, 0, "night %d", n);
        pair_cdc(&p, "DELETE", one, "");
        for (int i = 0; i < 4; i++)
            boss_round(&b);
    }
    boss_end(&b);
    pair_close(&p);
}
