/* A human's word: it is used once, it ends, and a crash in the middle needs no second
 * one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/tso.h"
#include "tests/unit/act_kit.h"

static bool notes(const struct dr_plan *p, const char *text)
{
    for (size_t i = 0; i < p->notice_count; i++)
        if (strstr(p->notices[i], text))
            return true;
    return false;
}

/* What `drover approve` writes. Out: the outcome. */
static enum dr_outcome give(struct boss *b, const struct dr_plan *p, int64_t life_ms)
{
    const struct dr_cluster_facts *east = &b->r.facts->clusters[EAST];
    struct dr_approval_row row = {.digest = p->digest,
                                  .until = east->ledger.tso + dr_tso_make(life_ms, 0),
                                  .declaration = b->pair->topology.doc.meaning};
    struct dr_call call = {.kind = DR_CALL_LEDGER_WORD,
                           .as = {.cluster_id = east->pd.cluster_id}};
    struct dr_reply r;
    const struct dr_approval_row *now = &east->ledger.rows.approval;
    call.args.word.approval = &row;
    call.args.word.expected = dr_approval_standing(now, b->pair->arena);
    dr_estate_ask(b->estate, &call, &r);
    enum dr_outcome outcome = r.outcome;
    dr_reply_release(&r);
    return outcome;
}

static const char *cell(struct pair *p, const char *at, const char *what)
{
    return pair_cell(p, at,
                     dr_sprintf(p->arena, "SELECT %s FROM mysql.drover_ledger", what));
}

#define APPROVALS "COUNT(IF(k = 'approval', 1, NULL))"
#define CONSUMED  "COUNT(IF(k LIKE 'consumed/%', 1, NULL))"

static void careful(struct pair *p, struct boss *b, const char *holder)
{
    p->topology.policy.approve[DR_RISK_DISRUPTIVE] = true;
    boss_open(b, p, holder);
}

/* As far as the first step that needs a word. */
static void until_asked(struct pair *p, struct boss *b)
{
    pair_open(p);
    careful(p, b, "one");
    boss_until(b, DR_ROUND_UNAPPROVED, 50);
    cr_assert(strstr(b->r.text, "needs an approval"), "%s", b->r.text);
}

static void ends_well(struct pair *p, struct boss *b)
{
    boss_until(b, DR_ROUND_CONVERGED, 200);
    boss_rounds(b, 3);
    cr_assert_str_eq(cell(p, "127.0.1.4:4000", APPROVALS), "0", "it is cleared");
    cr_assert_str_eq(cell(p, "127.0.1.4:4000", CONSUMED), "1");
    cr_assert_str_eq(cell(p, "127.1.1.4:4000", CONSUMED), "1");
    cr_assert(strstr(b->said, "cleared the approval of plan"), "%s", b->said);
}

Test(approval, by_hand_allows_the_rest_of_its_plan)
{
    struct pair p;
    struct boss b;
    until_asked(&p, &b);
    cr_assert_eq(give(&b, b.r.plan, 3600000), DR_DONE);
    cr_assert_eq(give(&b, b.r.plan, 3600000), DR_REFUSED, "another one stands by now");
    boss_round(&b);
    cr_assert_eq(b.r.plan->approval.state, DR_APPROVAL_GIVEN);
    cr_assert(strncmp(b.r.plan->approval.by, "drover@", 7) == 0, "%s",
              b.r.plan->approval.by);
    pair_sql(&p, "east",
             "UPDATE mysql.drover_ledger SET value = REPLACE(value, ',', ', ')"
             " WHERE k = 'approval'"); /* another version writes it with blanks */
    ends_well(&p, &b);
    cr_assert(strstr(b.said, "uses the approval of plan"), "%s", b.said);
    pair_over(&p, &b);
}

Test(approval, is_not_asked_for_again_after_a_crash)
{
    struct pair p;
    struct boss one, two;
    until_asked(&p, &one);
    cr_assert_eq(give(&one, one.r.plan, 3600000), DR_DONE);
    boss_until_step(&one, "restore", 100);
    boss_end(&one);
    boss_options(&two, &p, "two");
    two.o.take = true;
    boss_start(&two);
    ends_well(&p, &two);
    pair_over(&p, &two);
}

/* What the first look shows is what is asked for: only the ledger's own rows came before,
 * and a word for the plan as it was first shown is good. */
Test(approval, is_asked_for_before_anything_but_the_ledgers_rows)
{
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {0};
    pair_open_equal(&p, &edge);
    boss_open(&b, &p, "one");
    dr_actor_look(b.actor, &b.r);
    const char *first = dr_strdup(p.arena, b.r.plan->digest);
    cr_assert_gt(b.r.plan->action_count, 9);
    boss_until(&b, DR_ROUND_UNAPPROVED, 50);
    cr_expect_str_eq(b.r.plan->digest, first);
    cr_expect(strstr(b.r.text, dr_sprintf(p.arena, "of plan %.12s", first)), "%s",
              b.r.text);
    cr_expect_str_eq(
        cell(&p, "127.0.1.4:4000",
             "COUNT(IF(k IN ('gc', 'backup') OR k LIKE 'hold/%' OR k LIKE 'edge/%', "
             "1, NULL))"),
        "0");
    cr_assert_eq(give(&b, b.r.plan, 3600000), DR_DONE);
    ends_well(&p, &b);
    pair_over(&p, &b);
}

Test(approval, of_the_document_for_the_plan_first_shown)
{
    struct pair p;
    struct boss b, again;
    pair_open(&p);
    careful(&p, &b, "one");
    dr_actor_look(b.actor, &b.r);
    struct dr_approval word = {.digest = dr_strdup(p.arena, b.r.plan->digest),
                               .until_unix_ms =
                                   dr_model_wall_ms(p.model) + INT64_C(36000000)};
    boss_until(&b, DR_ROUND_UNAPPROVED, 50);
    cr_expect_str_eq(b.r.plan->digest, word.digest);
    boss_end(&b);
    p.topology.approvals = &word;
    p.topology.approval_count = 1;
    careful(&p, &again, "two");
    ends_well(&p, &again);
    pair_over(&p, &again);
}

/* An edit of a made feed: how often somebody looked is not part of what is approved. */
Test(approval, of_an_edit_is_the_same_for_whoever_looks)
{
    struct pair p;
    struct boss b, other;
    pair_open(&p);
    pair_bootstrap(&p);
    p.topology.replication.sync_point.interval_ms = 300000;
    p.topology.doc.meaning[0] = 'x';
    p.topology.doc.feeds[0] = 'x';
    p.topology.policy.approve[DR_RISK_DISRUPTIVE] = true;
    boss_options(&b, &p, "two");
    b.o.revision = "r2";
    b.o.history.descends = boss_descends;
    boss_start(&b);
    dr_actor_look(b.actor, &b.r);
    const char *first = dr_strdup(p.arena, b.r.plan->digest);
    boss_until(&b, DR_ROUND_UNAPPROVED, 50);
    boss_rounds(&b, 3);
    cr_expect_eq(b.r.state, DR_ROUND_UNAPPROVED, "%s", b.r.text);
    cr_expect_str_eq(pair_agreed(&p, "127.1.1.4:4000"), "\"r2\"");
    cr_expect_str_eq(b.r.plan->digest, first);
    boss_options(&other, &p, "three");
    other.o.revision = "r2";
    boss_start(&other);
    dr_actor_look(other.actor, &other.r);
    cr_expect_str_eq(other.r.plan->digest, b.r.plan->digest);
    boss_end(&other);
    cr_assert_eq(give(&b, b.r.plan, 3600000), DR_DONE);
    ends_well(&p, &b);
    pair_over(&p, &b);
}

/* Another plan in the same process start, or another process: the word of the old one
 * does not help. */
Test(approval, allows_nothing_beyond_its_plan)
{
    struct pair p;
    struct boss one, two;
    until_asked(&p, &one);
    cr_assert_eq(give(&one, one.r.plan, 3600000), DR_DONE);
    boss_until_step(&one, "restore", 100);
    boss_end(&one);
    memset(p.topology.doc.meaning, 'a', 64); /* as after an edit */
    boss_options(&two, &p, "two");
    two.o.take = true;
    boss_start(&two);
    boss_until(&two, DR_ROUND_UNAPPROVED, 50);
    cr_assert_str_eq(cell(&p, "127.0.1.4:4000", APPROVALS), "1");
    pair_over(&p, &two);
}

Test(approval, ends)
{
    struct pair p;
    struct boss b;
    until_asked(&p, &b);
    uint64_t mutations = dr_record_changes(&b.record);
    cr_assert_eq(give(&b, b.r.plan, 3000), DR_DONE);
    boss_pass(&b, 5000);
    boss_rounds(&b, 5);
    cr_assert_eq(b.r.state, DR_ROUND_UNAPPROVED, "%s", b.r.text);
    cr_assert_str_eq(cell(&p, "127.0.1.4:4000", CONSUMED), "0");
    cr_assert_leq(dr_record_changes(&b.record), mutations + 2, "but giving and clearing");
    cr_assert_eq(give(&b, b.r.plan, 3600000), DR_DONE, "a new one is taken");
    ends_well(&p, &b);
    pair_over(&p, &b);
}

/* Everything needs a word, and there is no ledger yet that could keep it. */
Test(approval, of_the_document_from_nothing)
{
    struct pair p;
    struct boss b, again;
    pair_open(&p);
    p.topology.policy.approve[DR_RISK_SAFE] = true;
    careful(&p, &b, "one");
    boss_until(&b, DR_ROUND_UNAPPROVED, 5);
    struct dr_approval word = {.digest = dr_strdup(p.arena, b.r.plan->digest),
                               .until_unix_ms =
                                   dr_model_wall_ms(p.model) + INT64_C(36000000)};
    boss_end(&b);
    p.topology.approvals = &word;
    p.topology.approval_count = 1;
    careful(&p, &again, "two");
    ends_well(&p, &again);
    cr_assert(notes(again.r.plan, "was used"));
    pair_over(&p, &again);
}
