/* Codes of errors and obstacles: each has all that `drover explain` tells, and its own
 * number. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/base/buf.h"
#include "controller/base/err.h"
#include "controller/plan/plan.h"
#include "controller/source/origin.h"

Test(code, every_code_is_explained)
{
    for (int i = 1; i < DR_E_COUNT_; i++) {
        const struct dr_code_info *a = dr_code_info((enum dr_code)i);
        cr_assert(a->id && strncmp(a->id, "DR-E", 4) == 0, "code %d", i);
        cr_assert(a->title && a->means && a->looked && a->way_out, "%s", a->id);
        for (int k = 1; k < i; k++)
            cr_assert_str_neq(a->id, dr_code_info((enum dr_code)k)->id);
    }
    cr_assert_str_eq(dr_code_info(DR_E_COUNT_)->id, dr_code_info(DR_E_BUG)->id);
}

Test(code, every_obstacle_is_explained)
{
    for (int i = 1; i < DR_OBSTACLE_COUNT_; i++) {
        const struct dr_obstacle_info *a = dr_obstacle_info((enum dr_obstacle_kind)i);
        cr_assert(a && a->id && a->name && a->title && a->means && a->way_out, "%d", i);
        cr_assert_str_eq(dr_obstacle_name((enum dr_obstacle_kind)i), a->name);
    }
    cr_assert_null(dr_obstacle_info(DR_OBSTACLE_COUNT_));
    cr_assert_str_eq(dr_obstacle_name(DR_OBSTACLE_COUNT_), "");
}

Test(code, every_check_says_what_it_looks_at)
{
    for (size_t i = 0; dr_plan_code(i); i++) {
        struct dr_buf b;
        dr_buf_init(&b, 1 << 16);
        cr_assert(dr_plan_explain(dr_plan_code(i), &b));
        cr_assert(strstr(dr_buf_str(&b), "\nlooks at  "), "%s", dr_plan_code(i));
        cr_assert(strstr(dr_buf_str(&b), "\nway out   "), "%s", dr_plan_code(i));
        dr_buf_release(&b);
    }
}
