/* A changefeed that is made gets other settings: whatever TiCDC answers after the pause,
 * it runs again. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/act_kit.h"

enum { MINUTE_MS = 60000 };

/* The feed's state, as TiCDC lists it to the controller. */
static enum dr_feed_state state_of(const struct boss *b)
{
    const struct dr_feeds *f = &b->r.facts->clusters[EAST].feeds;
    cr_assert(f->seen.known && f->count == 1);
    return f->items[0].state;
}

static bool blocks(const struct boss *b, const char *code, const char *fact)
{
    for (size_t i = 0; i < b->r.plan->blocker_count; i++)
        if (strcmp(b->r.plan->blockers[i].code, code) == 0 &&
            strstr(b->r.plan->blockers[i].fact, fact))
            return true;
    return false;
}

/* There, and the next time back. */
static void edit(struct pair *p)
{
    p->topology.replication.sync_point.interval_ms ^= (int64_t)10 * MINUTE_MS ^ 300000;
    p->topology.doc.meaning[0] ^= 1;
    p->topology.doc.feeds[0] ^= 1;
}

/* What somebody does to the feed. */
static void by_hand(struct pair *p, const char *deed)
{
    struct dr_address at = {.port = 8300};
    struct dr_arena *a = dr_arena_new(0);
    struct dr_http_answer out = {0};
    uint64_t handle = 0;
    struct dr_model_request req = {
        .method = "POST",
        .target = dr_sprintf(a, "/api/v2/changefeeds/shop-east-to-west-g1/%s", deed),
        .body = "{}",
        .body_len = 2};
    memcpy(at.host, "127.1.1.9", sizeof("127.1.1.9"));
    cr_assert_eq(dr_model_http(p->model, &at, &req, &out, a, &handle), DR_MODEL_DONE);
    cr_assert_eq(out.status, 200);
    dr_arena_free(a);
    pair_pass(p, 3000);
}

/* Each of these is an answer to the update alone: what comes before and after is taken.
 */
Test(update, what_is_not_taken_leaves_the_changefeed_running)
{
    static const struct {
        const char *fault, *more, *shown;
    } rows[] = {{"error", ", \"number\": 400", "HTTP 400"},
                {"error", ", \"number\": 401", "HTTP 401"},
                {"error", ", \"number\": 403", "HTTP 403"},
                {"error", ", \"number\": 404", "HTTP 404"},
                {"error", ", \"number\": 409", "HTTP 409"},
                {"error", ", \"number\": 429", "HTTP 429"},
                {"error", ", \"number\": 500", "HTTP 500"},
                {"error", ", \"number\": 503", "HTTP 503"},
                {"drop-before", "", "update the changefeed"}};
    struct pair p;
    pair_open(&p);
    pair_bootstrap(&p);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct boss b;
        bool rested = false;
        edit(&p);
        pair_ctl(&p, dr_sprintf(p.arena,
                                "{\"fault\": \"%s\", \"match\": "
                                "\"PUT /api/v2/changefeeds/\", \"count\": 1000000%s}",
                                rows[i].fault, rows[i].more));
        boss_open(&b, &p, dr_sprintf(p.arena, "edit-%zu", i));
        int64_t paused_ms = 0, until_ms = dr_model_now_ms(p.model) + 30 * MINUTE_MS;
        do {
            int64_t before_ms = dr_model_now_ms(p.model);
            boss_round(&b);
            rested |= state_of(&b) == DR_FEED_STOPPED;
            if (state_of(&b) == DR_FEED_STOPPED)
                paused_ms += dr_model_now_ms(p.model) - before_ms;
        } while (dr_model_now_ms(p.model) < until_ms && b.r.state != DR_ROUND_BLOCKED);
        cr_expect(rested, "%zu: it was never paused", i);
        cr_expect(blocks(&b, "DR-B069", rows[i].shown), "%zu: %s", i, b.r.text);
        cr_expect_eq(state_of(&b), DR_FEED_NORMAL, "%zu", i);
        cr_expect_leq(paused_ms, 10 * MINUTE_MS, "%zu: paused for %lld ms", i,
                      (long long)paused_ms);
        pair_ctl(&p, "{\"fault\": \"calm\"}");
        edit(&p); /* back: what TiCDC refused is no longer asked for */
        boss_end(&b);
        boss_open(&b, &p, dr_sprintf(p.arena, "back-%zu", i));
        boss_until(&b, DR_ROUND_CONVERGED, 60);
        cr_expect_eq(state_of(&b), DR_FEED_NORMAL, "%zu", i);
        boss_end(&b);
    }
    pair_close(&p);
}
/* The word for the change is void once the changefeed rests: it is resumed without one,
 * and left alone until a new word comes. */
Test(update, what_was_paused_under_a_word_is_resumed_without_one)
{
    for (int i = 0; i < 2; i++) {
        struct pair p;
        struct boss one, two;
        pair_open(&p);
        pair_bootstrap(&p);
        edit(&p);
        boss_open_approved(&one, &p, "one");
        boss_until_step(&one, "update-feed", 20);
        cr_assert_eq(state_of(&one), DR_FEED_STOPPED);
        boss_end(&one);
        p.topology.policy.approve[DR_RISK_SAFE] = true;
        p.topology.policy.approve[DR_RISK_DISRUPTIVE] = i;
        boss_options(&two, &p, "two");
        two.o.take = true;
        boss_start(&two);
        boss_until(&two, DR_ROUND_UNAPPROVED, 100);
        for (int k = 0; k < 10; k++) {
            boss_round(&two);
            cr_expect_eq(two.r.state, DR_ROUND_UNAPPROVED, "%d: %s", i, two.r.text);
            cr_expect_eq(state_of(&two), DR_FEED_NORMAL, "%d", i);
        }
        cr_expect(strstr(two.r.text, "needs an approval"), "%d: %s", i, two.r.text);
        cr_expect_eq(two.record.calls[DR_CALL_FEED_RESUME], 1, "%d", i);
        cr_expect_eq(two.record.calls[DR_CALL_FEED_PAUSE], 0, "%d", i);
        boss_end(&two);
        boss_open_approved(&one, &p, "three");
        boss_until(&one, DR_ROUND_CONVERGED, 60);
        cr_expect_eq(state_of(&one), DR_FEED_NORMAL, "%d", i);
        pair_over(&p, &one);
    }
}

/* A change ended seconds ago. Each pause of it was answered: who stops the changefeed now
 * is a person. One was not: it may be drover's own, which comes late. */
Test(update, a_stop_right_after_it_is_a_persons)
{
    static const char *const faults[] = {"", "drop-after", "drop-before"};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct pair p;
        struct boss b;
        pair_open(&p);
        pair_bootstrap(&p);
        edit(&p);
        boss_open(&b, &p, "one");
        boss_until_step(&b, "pause-feed", 20);
        if (*faults[i])
            pair_ctl(&p, dr_sprintf(p.arena,
                                    "{\"fault\": \"%s\", \"match\": \"/pause\", "
                                    "\"count\": 1}",
                                    faults[i]));
        boss_until(&b, DR_ROUND_CONVERGED, 60);
        cr_assert_eq(state_of(&b), DR_FEED_NORMAL);
        by_hand(&p, "pause");
        for (int k = 0; k < 20; k++)
            boss_round(&b);
        if (!*faults[i]) {
            cr_expect_eq(state_of(&b), DR_FEED_STOPPED, "%zu", i);
            cr_expect(b.r.plan->question_count == 1 &&
                          strstr(b.r.plan->questions[0].what, "not by drover"),
                      "%zu: %s", i, b.r.text);
        } else {
            cr_expect_eq(state_of(&b), DR_FEED_NORMAL, "%zu", i);
        }
        boss_end(&b);
        pair_close(&p);
    }
}

static void declare_secret(const char *text)
{
    setenv("DROVER_SINK_SECRET", text, 1);
}

static const char *row_of(struct pair *p, const char *at, const char *what)
{
    return pair_cell(p, at,
                     dr_sprintf(p->arena,
                                "SELECT COUNT(*) FROM mysql.drover_ledger WHERE k LIKE "
                                "'edge/%%' AND value LIKE '%%%s%%'",
                                what));
}

/* Another secret: account and changefeed get its password, the one before is not taken
 * again, and who only changed the account's password is told. */
Test(update, another_secret)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    const char *first = dr_strdup(p.arena, getenv("DROVER_SINK_SECRET"));
    pair_bootstrap(&p);
    cr_expect_str_eq(row_of(&p, "127.0.1.4:4000", "\"secret\""), "1");
    declare_secret("another secret");
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_CONVERGED, 80);
    cr_expect_eq(state_of(&b), DR_FEED_NORMAL);
    cr_expect_eq(b.record.calls[DR_CALL_FEED_PAUSE], 1);
    cr_expect_eq(b.record.calls[DR_CALL_SINK_ACCOUNT], 1);
    cr_expect_eq(b.record.calls[DR_CALL_FEED_UPDATE], 1);
    cr_expect_eq(b.record.calls[DR_CALL_FEED_RESUME], 1);
    cr_expect_eq(b.r.facts->sink_login.answer, DR_LOGIN_LET_IN);
    cr_expect_str_eq(row_of(&p, "127.0.1.4:4000", "\"replaced\""), "1");
    cr_expect_str_eq(row_of(&p, "127.1.1.4:4000", "\"replaced\""), "1");
    for (int i = 0; i < 30; i++)
        boss_round(&b);
    cr_expect_eq(b.r.plan->is_protected, DR_TRUE, "%s", b.said);
    cr_expect_eq(b.record.calls[DR_CALL_FEED_PAUSE], 1);
    boss_end(&b);
    declare_secret(first);
    boss_open(&b, &p, "older");
    for (int i = 0; i < 10; i++)
        boss_round(&b);
    cr_expect_eq(b.record.calls[DR_CALL_FEED_PAUSE], 0);
    cr_expect_eq(b.record.calls[DR_CALL_SINK_ACCOUNT], 0);
    cr_expect_neq(b.r.plan->is_protected, DR_TRUE);
    cr_expect(b.r.plan->notice_count &&
                  strstr(b.r.plan->notices[0], "that another has replaced"),
              "%s", b.said);
    boss_end(&b);
    pair_close(&p);
}

/* Wherever it is cut off, the next process ends it. */
Test(update, another_secret_and_a_crash)
{
    static const char *const steps[] = {"updating",    "pause-feed",  "turn-secret",
                                        "update-feed", "resume-feed", "resumed"};
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        declare_secret(dr_sprintf(p.arena, "secret %zu", i));
        boss_open(&b, &p, dr_sprintf(p.arena, "cut-%zu", i));
        boss_until_step(&b, steps[i], 80);
        boss_end(&b);
        boss_options(&b, &p, dr_sprintf(p.arena, "next-%zu", i));
        b.o.take = true;
        boss_start(&b);
        boss_until(&b, DR_ROUND_CONVERGED, 100);
        cr_expect_eq(state_of(&b), DR_FEED_NORMAL, "%s", steps[i]);
        for (int k = 0; k < 30; k++)
            boss_round(&b);
        cr_expect_eq(b.r.plan->is_protected, DR_TRUE, "%s: %s", steps[i], b.said);
        boss_end(&b);
    }
    pair_close(&p);
}

/* A feed that failed is asked about: an edit that comes meanwhile does not resume it by
 * the way; what somebody answers does, and then the edit is carried out. */
Test(update, an_edit_waits_while_a_failed_feed_is_asked_about)
{
    struct pair p;
    struct boss b;
    pair_open(&p);
    pair_bootstrap(&p);
    pair_ctl(&p, "{\"fault\": \"feed-error\", \"cluster\": \"east\", \"code\": "
                 "\"CDC:ErrBoom\", \"message\": \"boom\", \"fatal\": true}");
    pair_pass(&p, 3000);
    edit(&p);
    boss_open(&b, &p, "one");
    boss_rounds(&b, 20);
    cr_expect_eq(state_of(&b), DR_FEED_FAILED, "%s", b.said);
    cr_expect_eq(b.record.calls[DR_CALL_FEED_RESUME], 0);
    cr_expect_eq(b.record.calls[DR_CALL_FEED_UPDATE], 0);
    cr_expect(b.r.plan->question_count == 1 &&
                  strstr(b.r.plan->questions[0].what, "failed"),
              "%s", b.r.text);
    by_hand(&p, "resume");
    boss_until(&b, DR_ROUND_CONVERGED, 60);
    cr_expect_eq(state_of(&b), DR_FEED_NORMAL);
    cr_expect_eq(b.record.calls[DR_CALL_FEED_UPDATE], 1);
    pair_over(&p, &b);
}
