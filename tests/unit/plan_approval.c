/* Which plan a human's word allows, as the planner sees it. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/base/tso.h"
#include "tests/unit/plan_kit.h"

/* A plan that wants to drop a half-restored table. */
static void destructive(struct plan_kit *k)
{
    static struct dr_difference d = {
        .field = "shop.orders", .desired = "9 rows", .observed = "4 rows"};
    plan_kit_reload(k, "next-270");
    k->facts->equality.difference_count = 1;
    k->facts->equality.differences = &d;
    k->facts->restore_refused = 1;
}

static struct dr_approval_row *row_of(struct plan_kit *k)
{
    return &k->facts->clusters[EAST].ledger.rows.approval;
}

static void consume(struct plan_kit *k, size_t c, const char *digest)
{
    struct dr_ledger *l = &k->facts->clusters[c].ledger.rows;
    l->consumed = DR_NEW(k->arena, struct dr_consumed_row);
    *l->consumed = (struct dr_consumed_row){.id = digest, .word = DR_WORD_APPROVAL};
    l->consumed_count = 1;
}

static bool notes(const struct dr_plan *p, const char *text)
{
    for (size_t i = 0; i < p->notice_count; i++)
        if (strstr(p->notices[i], text))
            return true;
    return false;
}

Test(plan_approval, is_of_one_plan_for_some_time)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    destructive(&k);
    struct dr_plan *p = plan_kit_plan(&k);
    uint64_t now = k.facts->clusters[EAST].ledger.tso;
    cr_assert(dr_plan_needs_word(p));
    cr_assert_eq(p->approval.state, DR_APPROVAL_NONE);

    struct dr_approval_row given = {.present = true,
                                    .digest = p->digest,
                                    .by = "drover@h",
                                    .until = now + dr_tso_make(60000, 0),
                                    .declaration = k.input.topology->doc.meaning};
    *row_of(&k) = given;
    struct dr_plan *now_given = plan_kit_plan(&k);
    cr_assert_eq(now_given->approval.state, DR_APPROVAL_GIVEN);
    cr_assert_str_eq(now_given->digest, p->digest, "a word does not change the plan");

    row_of(&k)->until = now;
    struct dr_plan *over = plan_kit_plan(&k);
    cr_assert_eq(over->approval.state, DR_APPROVAL_NONE);
    cr_assert(over->approval.spent);
    cr_assert(notes(over, "ended at"));

    *row_of(&k) = given;
    row_of(&k)->digest = "0123456789abcdef";
    cr_assert_eq(plan_kit_plan(&k)->approval.state, DR_APPROVAL_NONE);
    cr_assert(notes(plan_kit_plan(&k), "another one"));

    const char *steps[] = {"255/west"};
    *row_of(&k) = given;
    row_of(&k)->taken = true;
    row_of(&k)->step_count = 1;
    row_of(&k)->steps = steps;
    row_of(&k)->digest = "of the plan as it was";
    cr_assert_eq(plan_kit_plan(&k)->approval.state, DR_APPROVAL_TAKEN);
    row_of(&k)->declaration = "another document";
    cr_assert_eq(plan_kit_plan(&k)->approval.state, DR_APPROVAL_NONE);
    row_of(&k)->declaration = given.declaration;
    steps[0] = "255/east";
    cr_assert_eq(plan_kit_plan(&k)->approval.state, DR_APPROVAL_NONE);
    cr_assert(notes(plan_kit_plan(&k), "did not have the step 255/west"));
    steps[0] = "255/west";
    k.input.approve[DR_RISK_SAFE] = true;
    cr_assert_eq(plan_kit_plan(&k)->approval.state, DR_APPROVAL_NONE,
                 "a stricter controller wants a word for the rest, too");
    plan_kit_close(&k);
}

Test(plan_approval, of_the_document_is_good_once)
{
    struct plan_kit k;
    plan_kit_open(&k, "fresh");
    destructive(&k);
    const char *digest = plan_kit_plan(&k)->digest;
    int64_t now_ms = dr_tso_ms(k.facts->clusters[EAST].ledger.tso);
    struct dr_approval words[] = {
        {.digest = "0123456789ab", .until_unix_ms = now_ms + 1},
        {.digest = dr_strndup(k.arena, digest, 12), .until_unix_ms = now_ms + 1}};
    struct dr_topology t = *k.input.topology;
    t.approvals = words;
    t.approval_count = 2;
    k.input.topology = &t;
    struct dr_plan *p = plan_kit_plan(&k);
    cr_assert_eq(p->approval.state, DR_APPROVAL_GIVEN);
    cr_assert_str_eq(p->approval.by, "the document");
    cr_assert_str_eq(p->approval.digest, digest);
    cr_assert(notes(p, "approvals[0123456789ab] is of another plan"));
    for (size_t c = 0; c < 2; c++) {
        destructive(&k);
        consume(&k, c, digest);
        p = plan_kit_plan(&k);
        cr_assert_eq(p->approval.state, DR_APPROVAL_NONE, "used, says ledger %zu", c);
        cr_assert(notes(p, "was used"));
    }
    destructive(&k);
    words[1].until_unix_ms = now_ms;
    cr_assert_eq(plan_kit_plan(&k)->approval.state, DR_APPROVAL_NONE);
    words[1].until_unix_ms = now_ms + 1;
    k.facts->clusters[EAST].ledger.decoded = false;
    cr_assert_eq(plan_kit_plan(&k)->approval.state, DR_APPROVAL_NONE, "not known");
    plan_kit_close(&k);
}

/* A controller that wants a word for everything still gives back what is owed for a
 * document that is gone: nobody could give a word for it. */
Test(plan_approval, giving_back_needs_none_once_the_document_is_gone)
{
    struct plan_kit k;
    plan_kit_open(&k, "next-190");
    k.input.approve[DR_RISK_SAFE] = true;
    cr_assert(dr_plan_needs_word(plan_kit_plan(&k)));
    k.input.removed = true;
    struct dr_plan *p = plan_kit_plan(&k);
    cr_assert_gt(p->action_count, 0);
    cr_assert_not(dr_plan_needs_word(p));
    plan_kit_close(&k);
}
