/* Readiness says nothing that the plan does not say: over all snapshots of a bootstrap,
 * with each group of facts unknown in turn. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/plan/ready.h"
#include "tests/unit/plan_kit.h"

/* Whether the plan itself is held up by something that is not a step. */
static bool is_held(const struct dr_plan *p, bool made)
{
    for (size_t i = 0; i < p->waiting_count; i++)
        if (p->waitings[i].code)
            return true;
    return p->blocker_count || p->question_count || (made && p->is_protected != DR_TRUE);
}

static void judge(struct plan_kit *k, const char *what)
{
    const struct dr_plan *p = plan_kit_plan(k);
    const struct dr_readiness *r = dr_ready_build(&k->input, k->arena);
    bool made = strncmp(p->goal, "keep", 4) == 0, blocks = r->by_state[DR_READY_BLOCKS];
    size_t endpoints = 0, found = 0;
    cr_expect(blocks || !is_held(p, made), "%s: ready, but the plan is held up", what);
    for (size_t i = 0; i < r->count; i++) {
        const struct dr_ready_line *x = &r->lines[i];
        bool ok = x->state == DR_READY_OK;
        cr_expect(x->topic && x->subject && (x->fact || x->rule), "%s: %s", what,
                  x->topic);
        cr_expect(x->known || x->state == DR_READY_BLOCKS, "%s: %s", what, x->fact);
        cr_expect(ok ? !x->way_out : x->way_out != NULL, "%s: %s", what, x->topic);
        endpoints += strcmp(x->topic, "endpoint") == 0;
        for (size_t j = 0; j < p->blocker_count; j++)
            found += x->code && x->state == DR_READY_BLOCKS && x->fact &&
                     strcmp(x->code, p->blockers[j].code) == 0 &&
                     strcmp(x->subject, p->blockers[j].subject) == 0;
    }
    cr_expect_geq(endpoints, 8, "%s: SQL, PD, TiCDC, storage", what);
    cr_expect_geq(found, p->blocker_count, "%s: each blocker has its line", what);
    cr_expect(!blocks || is_held(p, made) || strstr(what, " "), "%s: %s", what,
              "blocked by nothing that the plan knows");
}

static void forget_each(struct plan_kit *k, const char *stage)
{
    for (size_t c = 0; c < 2; c++) {
        for (int g = 0;; g++) {
            plan_kit_reload(k, stage);
            struct dr_cluster_facts *f = &k->facts->clusters[c];
            struct dr_seen *const groups[] = {&f->ledger.seen, &f->identity.seen,
                                              &f->pd.seen,     &f->cdc.seen,
                                              &f->feeds.seen,  &f->accounts.seen,
                                              &f->tables.seen, &f->instances[1].seen};
            if (g == sizeof(groups) / sizeof(groups[0]))
                break;
            *groups[g] = (struct dr_seen){.why = "gone", .code = DR_E_TIMEOUT};
            judge(k, dr_sprintf(k->arena, "%s, %s without group %d", stage, f->name, g));
        }
    }
}

Test(plan_ready, agrees_with_the_plan)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    for (size_t i = 0; plan_kit_stages[i]; i++) {
        plan_kit_reload(&k, plan_kit_stages[i]);
        judge(&k, plan_kit_stages[i]);
        forget_each(&k, plan_kit_stages[i]);
    }
    plan_kit_close(&k);
}

/* A check reads facts, and facts have an age: a block of codes whose groups are misspelt
 * would show none. */
Test(plan_ready, every_known_check_of_facts_has_an_age)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-300");
    const struct dr_readiness *r = dr_ready_build(&k.input, k.arena);
    for (size_t i = 0; i < r->count; i++) {
        const struct dr_ready_line *x = &r->lines[i];
        bool of_facts = strcmp(x->topic, "document") != 0;
        if (x->code && x->known)
            cr_expect_eq(x->age_ms >= 0, of_facts, "%s %s: %lld", x->code, x->topic,
                         (long long)x->age_ms);
    }
    plan_kit_close(&k);
}

Test(plan_ready, history)
{
    static const struct {
        int64_t ttl_s, life_ms;
        const char *stage;
        bool warns;
    } rows[] = {
        {86400, 600000, "fresh", true}, /* a hold of 72h */
        {259200, 600000, "fresh", false},      {86400, 600000, "converged", false},
        {86400, 86400000, "converged", false}, {3600, 86400000, "converged", true},
    };
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool warned = false, seen = false;
        plan_kit_reload(&k, rows[i].stage);
        k.facts->clusters[EAST].cdc.gc_ttl_s = rows[i].ttl_s;
        for (size_t n = 0; n < 2; n++)
            k.facts->clusters[EAST].instances[n].gc_life_time_ms = rows[i].life_ms;
        const struct dr_readiness *r = dr_ready_build(&k.input, k.arena);
        for (size_t n = 0; n < r->count; n++) {
            seen |= strcmp(r->lines[n].topic, "history") == 0;
            warned |= strcmp(r->lines[n].topic, "history") == 0 &&
                      r->lines[n].state == DR_READY_WARN;
        }
        cr_expect(seen, "row %zu", i);
        cr_expect_eq(warned, rows[i].warns, "row %zu", i);
    }
    plan_kit_close(&k);
}
