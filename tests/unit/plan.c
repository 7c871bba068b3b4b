/* The planner's tables are well formed, and some cases that no snapshot shows. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/plan/build.h"

static bool needs(const struct dr_plan_rule *r, enum dr_predicate p)
{
    for (size_t i = 0; i < sizeof(r->needs) / sizeof(r->needs[0]); i++)
        if (r->needs[i] == p)
            return true;
    return false;
}

Test(plan, rules_are_well_formed)
{
    uint16_t last = 0;
    for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++) {
        cr_assert_gt(r->id, last, "%u: ids ascend", r->id);
        cr_assert(r->emit && r->done, "%u: emits, and knows when it is done", r->id);
        cr_assert(r->what && r->why && r->precondition && r->expect && r->undo,
                  "%u: says what, why, before, after and undo", r->id);
        cr_assert(strncmp(r->what, "%s", 2) == 0, "%u: names its subject", r->id);
        if (r->risk >= DR_RISK_DESTRUCTIVE) {
            cr_assert(needs(r, DR_P_TERM), "%u: destructive, names the term", r->id);
            cr_assert(needs(r, DR_P_FENCED), "%u: destructive, names the fence", r->id);
            cr_assert(strstr(r->precondition, "approval"),
                      "%u: destructive, names an approval", r->id);
        }
        last = r->id;
    }
}

/* Nothing in this version opens a cluster; each dangerous deed has one rule. */
Test(plan, each_dangerous_deed_has_one_rule)
{
    static const char *const deeds[] = {"restore", "backup", "fence", "feed"};
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        int count = 0;
        for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++)
            count += strcmp(r->name, deeds[i]) == 0;
        cr_assert_eq(count, 1, "%s", deeds[i]);
    }
    for (const struct dr_plan_rule *r = dr_plan_rules; r->id; r++)
        cr_assert(strcmp(r->name, "open") != 0 && strcmp(r->name, "release") != 0);
}

Test(plan, checks_are_well_formed)
{
    const char *last = "";
    for (const struct dr_plan_check *k = dr_plan_checks; k->code; k++) {
        cr_assert_lt(strcmp(last, k->code), 0, "%s: codes ascend", k->code);
        cr_assert_eq(strlen(k->code), 7, "%s", k->code);
        cr_assert(k->holds && k->rule && k->path && k->way_out, "%s: complete", k->code);
        last = k->code;
    }
}

Test(plan, predicates_are_complete)
{
    for (int p = DR_P_NONE + 1; p < DR_P_COUNT; p++)
        cr_assert(dr_predicates[p].holds && *dr_predicates[p].text &&
                      *dr_predicates[p].reads,
                  "%d", p);
}

Test(plan, three_values)
{
    static const enum dr_truth v[] = {DR_FALSE, DR_TRUE, DR_UNSURE};
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(dr_truth_and(DR_FALSE, v[i]), DR_FALSE);
        cr_assert_eq(dr_truth_or(DR_TRUE, v[i]), DR_TRUE);
        cr_assert_eq(dr_truth_and(DR_TRUE, v[i]), v[i]);
        cr_assert_eq(dr_truth_or(DR_FALSE, v[i]), v[i]);
        for (int k = 0; k < 3; k++) {
            cr_assert_eq(dr_truth_and(v[i], v[k]), dr_truth_and(v[k], v[i]));
            cr_assert_eq(dr_truth_or(v[i], v[k]), dr_truth_or(v[k], v[i]));
        }
    }
}

/* 2026-11-21 is a Saturday. */
Test(plan, windows)
{
    enum { SAT = 1 << 5, SUN = 1 << 6, MON = 1 << 0, ALL = 127 };
    static const struct {
        struct dr_time_window w[2];
        size_t count;
        int64_t minute; /* of that Saturday */
        bool open;
        int64_t opens; /* minutes from then */
    } cases[] = {
        {.count = 0, .minute = 0, .open = true},
        {.w = {{SAT, 22 * 60, 4 * 60}}, .count = 1, .minute = 1319, .opens = 1},
        {.w = {{SAT, 22 * 60, 4 * 60}}, .count = 1, .minute = 1320, .open = true},
        {.w = {{SAT, 22 * 60, 4 * 60}}, .count = 1, .minute = 1679, .open = true},
        {.w = {{SAT, 22 * 60, 4 * 60}}, .count = 1, .minute = 1680, .opens = 9720},
        {.w = {{SUN, 22 * 60, 4 * 60}}, .count = 1, .minute = 2880 + 239, .open = true},
        {.w = {{MON, 60, 120}, {SUN, 60, 120}}, .count = 2, .minute = 0, .opens = 1500},
        {.w = {{ALL, 60, 59}}, .count = 1, .minute = 59, .opens = 1},
        {.w = {{ALL, 60, 59}}, .count = 1, .minute = 58, .open = true},
        {.w = {{SAT, 0, 60}}, .count = 1, .minute = -1, .opens = 1},
    };
    const int64_t saturday = 1795219200000;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_policy p = {.windows = cases[i].w, .window_count = cases[i].count};
        int64_t now = saturday + cases[i].minute * 60000 + 59999, opens;
        bool open = dr_window_open(&p, now, &opens);
        cr_expect_eq(open, cases[i].open, "%zu", i);
        if (!open)
            cr_expect_eq((opens - saturday) / 60000 - cases[i].minute, cases[i].opens,
                         "%zu: %lld", i, (long long)(opens - saturday) / 60000);
    }
}
