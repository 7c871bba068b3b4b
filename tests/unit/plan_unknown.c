/* Unknown is a third value: at each stage of a bootstrap each group of facts is taken
 * away in turn. Nothing may become ready by it, and nothing that needs the group may stay
 * ready. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/plan/checks.h"
#include "controller/plan/rules.h"
#include "tests/unit/plan_kit.h"

struct group {
    const char *name;
    struct dr_seen *seen;
};

enum { GROUPS_MAX = 64 };

static size_t cluster_groups(struct dr_cluster_facts *c, struct group *out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->instance_count; i++) {
        out[n++] = (struct group){"instance", &c->instances[i].seen};
        out[n++] = (struct group){"jobs", &c->jobs[i].seen};
    }
    struct group rest[] = {
        {"ledger", &c->ledger.seen}, {"identity", &c->identity.seen},
        {"pd", &c->pd.seen},         {"safepoints", &c->safepoints.seen},
        {"cdc", &c->cdc.seen},       {"feeds", &c->feeds.seen},
        {"feed", &c->feed.seen},     {"accounts", &c->accounts.seen},
        {"tables", &c->tables.seen}, {"ddl", &c->ddl.seen},
        {"stores", &c->stores.seen},
    };
    memcpy(out + n, rest, sizeof(rest));
    return n + sizeof(rest) / sizeof(rest[0]);
}

static size_t all_groups(struct dr_facts *f, struct group *out)
{
    size_t n = cluster_groups(&f->clusters[EAST], out);
    n += cluster_groups(&f->clusters[WEST], out + n);
    struct group rest[] = {{"backup_prefix", &f->backup_prefix.seen},
                           {"redo_prefix", &f->redo_prefix.seen},
                           {"redo", &f->redo.seen},
                           {"equality", &f->equality.seen},
                           {"sink_login", &f->sink_login.seen}};
    memcpy(out + n, rest, sizeof(rest));
    n += sizeof(rest) / sizeof(rest[0]);
    cr_assert_lt(n, GROUPS_MAX);
    return n;
}

/* As after a look at which this group did not answer. */
static void take_away(struct plan_kit *k, struct dr_seen *seen)
{
    *seen = (struct dr_seen){.why = "cut off", .code = DR_E_UNREACHABLE};
    for (size_t c = 0; c < k->facts->cluster_count; c++)
        dr_facts_decode_ledger(&k->facts->clusters[c], k->arena);
}

static const struct dr_plan_rule *rule_of(uint16_t id)
{
    const struct dr_plan_rule *r = dr_plan_rules;
    while (r->id && r->id != id)
        r++;
    cr_assert(r->id, "%u", id);
    return r;
}

static bool was_ready(const struct dr_plan *p, const char *id)
{
    for (size_t i = 0; i < p->action_count; i++)
        if (p->actions[i].ready && strcmp(p->actions[i].id, id) == 0)
            return true;
    return false;
}

static bool in_scope(const struct dr_view *v, enum dr_scope scope, size_t c)
{
    return scope == DR_SCOPE_EACH || c == (scope == DR_SCOPE_PRIMARY ? v->a : v->b);
}

/* What a ready step needs is known to hold, and each check that is asked passes. */
static void expect_sure(struct plan_kit *k, const struct dr_action *x, const char *where)
{
    struct dr_view v;
    dr_view_init(&v, &k->input, k->arena);
    const struct dr_plan_rule *r = rule_of(x->rule);
    size_t c = x->call.at.cluster;
    cr_assert_eq(dr_holds(&v, r->done, c), DR_FALSE, "%s: %s", where, x->id);
    cr_assert(!r->past || dr_holds(&v, r->past, c) == DR_FALSE, "%s: %s", where, x->id);
    cr_assert(!r->wait || dr_holds(&v, r->wait, c) == DR_FALSE, "%s: %s", where, x->id);
    for (size_t i = 0; i < sizeof(r->needs) / sizeof(r->needs[0]) && r->needs[i]; i++)
        cr_assert_eq(dr_holds(&v, r->needs[i], c), DR_TRUE, "%s: %s", where, x->id);
    for (const struct dr_plan_rule *e = dr_plan_rules; e->id < r->id; e++) {
        for (size_t n = 0; n < 2; n++) {
            struct dr_action earlier = {.rule = e->id, .call.at.cluster = (uint16_t)n};
            if ((e->wanted && !e->wanted(&v)) || !in_scope(&v, e->scope, n) ||
                !dr_view_goes(&v, e->only))
                continue;
            cr_assert_eq(dr_plan_done(&k->input, &earlier, k->arena), DR_TRUE,
                         "%s: %s before %u", where, x->id, e->id);
        }
    }
    for (const struct dr_plan_check *q = dr_plan_checks; q->code; q++) {
        const char *fact = "";
        for (size_t n = 0; n < 2; n++) {
            if (!in_scope(&v, q->scope, n) || !dr_view_goes(&v, dr_check_only(q->code)) ||
                (q->past && dr_holds(&v, q->past, n) == DR_TRUE))
                continue;
            cr_assert_eq(q->holds(&v, n, &fact), DR_TRUE, "%s: %s beside %s %s", where,
                         x->id, q->code, fact);
        }
    }
}

/* Out: how many plans waited. */
static size_t each_group_of(const char *const *stages)
{
    struct plan_kit k;
    size_t waits = 0;
    plan_kit_open_of(&k, stages);
    for (size_t s = 0; stages[s]; s++) {
        struct group groups[GROUPS_MAX];
        plan_kit_reload(&k, stages[s]);
        struct dr_plan *whole = plan_kit_plan(&k);
        size_t n = all_groups(k.facts, groups);
        for (size_t g = 0; g < n; g++) {
            plan_kit_reload(&k, stages[s]);
            all_groups(k.facts, groups);
            const char *where =
                dr_sprintf(k.arena, "%s without %s (%zu)", stages[s], groups[g].name, g);
            take_away(&k, groups[g].seen);
            struct dr_plan *p = plan_kit_plan(&k);
            waits += p->state == DR_PLAN_WAITING;
            cr_assert_neq(p->state, DR_PLAN_BLOCKED, "%s: %s", where,
                          p->blocker_count ? p->blockers[0].code : "");
            for (size_t i = 0; i < p->action_count; i++) {
                const struct dr_action *x = &p->actions[i];
                if (!x->ready)
                    continue;
                /* comparing is how equality becomes known, and only reads */
                cr_assert(was_ready(whole, x->id) || x->compares, "%s: %s became ready",
                          where, x->id);
                cr_assert(!x->unsure, "%s: %s", where, x->id);
                expect_sure(&k, x, where);
            }
        }
    }
    plan_kit_close(&k);
    return waits;
}

Test(plan_unknown, each_group_at_each_stage)
{
    static const struct {
        const char *const *stages;
        size_t waits; /* at least */
    } ways[] = {{plan_kit_stages, 300},
                {plan_kit_adopt_stages, 80},
                {plan_kit_existing_stages, 80}};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        size_t waits = each_group_of(ways[i].stages);
        cr_assert_gt(waits, ways[i].waits, "taking facts away makes it wait: %zu", waits);
    }
}

/* Everything silent at once, and each document word: nothing at all is made. */
static void nothing_of(const char *const *stages)
{
    struct plan_kit k;
    plan_kit_open_of(&k, stages);
    for (size_t s = 0; stages[s]; s++) {
        for (int removed = 0; removed < 2; removed++) {
            struct group groups[GROUPS_MAX];
            plan_kit_reload(&k, stages[s]);
            size_t n = all_groups(k.facts, groups);
            for (size_t g = 0; g < n; g++)
                take_away(&k, groups[g].seen);
            k.input.removed = removed;
            struct dr_plan *p = plan_kit_plan(&k);
            cr_assert_eq(p->state, DR_PLAN_WAITING, "%s", stages[s]);
            cr_assert_null(plan_kit_next(p), "%s", stages[s]);
            cr_assert_neq(p->is_protected, DR_TRUE, "%s", stages[s]);
        }
    }
    plan_kit_close(&k);
}

Test(plan_unknown, nothing_known)
{
    nothing_of(plan_kit_stages);
    nothing_of(plan_kit_adopt_stages);
    nothing_of(plan_kit_existing_stages);
}

/* A hold past its deadline is given back whatever else is silent, but for the cluster
 * that it is about. */
Test(plan_unknown, an_expired_hold_needs_only_its_own_cluster)
{
    static const char *const stages[] = {"next-190", "next-210", "next-270", "next-310"};
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    for (size_t s = 0; s < sizeof(stages) / sizeof(stages[0]); s++) {
        struct group groups[GROUPS_MAX];
        plan_kit_reload(&k, stages[s]);
        size_t n = all_groups(k.facts, groups);
        for (size_t g = 0; g < n; g++) {
            plan_kit_reload(&k, stages[s]);
            all_groups(k.facts, groups);
            struct dr_cluster_facts *east = &k.facts->clusters[EAST];
            east->ledger.tso = east->ledger.rows.holds[0].deadline + 1;
            take_away(&k, groups[g].seen);
            bool own = groups[g].seen == &east->ledger.seen ||
                       groups[g].seen == &east->pd.seen ||
                       groups[g].seen == &east->identity.seen || /* its rows' key */
                       groups[g].seen == &east->instances[0].seen ||
                       groups[g].seen == &east->instances[1].seen;
            const struct dr_action *x = plan_kit_next(plan_kit_plan(&k));
            if (own)
                cr_assert_null(x, "%s without %s: %s", stages[s], groups[g].name, x->id);
            else
                cr_assert(x && x->rule == 320, "%s without %s", stages[s],
                          groups[g].name);
        }
    }
    plan_kit_close(&k);
}
