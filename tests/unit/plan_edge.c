/* What the edge's row says, whoever writes it. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/plan_kit.h"

static const char *row_of_step(struct plan_kit *k, unsigned rule)
{
    const struct dr_action *x = plan_kit_next(plan_kit_plan(k));
    cr_assert_not_null(x);
    cr_assert_eq(x->rule, rule);
    cr_assert_eq(x->call.args.write.count, 1);
    return x->call.args.write.rows[0].value;
}

/* Without them no later edit would be known as one, and none ever carried out. */
Test(plan_edge, says_what_was_agreed_once_the_feed_is_drovers)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-310");
    cr_assert(strstr(row_of_step(&k, 310), k.input.topology->doc.feeds));
    plan_kit_close(&k);
    plan_kit_open_of(&k, plan_kit_adopt_stages);
    plan_kit_reload(&k, "adopt-312");
    cr_assert(strstr(row_of_step(&k, 312), k.input.topology->doc.feeds));
    plan_kit_close(&k);
}
