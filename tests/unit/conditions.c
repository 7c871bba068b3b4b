/* What begins and ends is told once, with its moments, on clocks of the test's own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "controller/act/conditions.h"

/* 2026-11-21 10:00:00 UTC */
#define TEN INT64_C(1795255200000)

static struct dr_protection parts[2];
static struct dr_blocker blocker = {.code = "DR-B060", .subject = "east"};
static struct dr_plan plan;

static void reset(void)
{
    parts[0] = (struct dr_protection){.name = "feed", .holds = DR_TRUE, .text = "runs"};
    parts[1] =
        (struct dr_protection){.name = "fence", .holds = DR_TRUE, .text = "stands"};
    blocker.fact = "changefeed 'x' is stopped";
    plan = (struct dr_plan){
        .protections = parts, .protection_count = 2, .is_protected = DR_TRUE};
}

static void set(int part, enum dr_truth holds, const char *text)
{
    parts[part].holds = holds;
    parts[part].text = text;
    plan.is_protected = DR_TRUE;
    for (int i = 0; i < 2; i++)
        if (parts[i].holds != DR_TRUE && plan.is_protected != DR_FALSE)
            plan.is_protected = parts[i].holds;
}

/* One look at that second after ten; what it says is added to `said`, in lines. */
static void look(struct dr_conditions *c, int second, char said[4096])
{
    struct dr_arena *a = dr_arena_new(0);
    const struct dr_change *changes;
    size_t n =
        dr_conditions_look(c, &plan, second * 1000, TEN + second * 1000, a, &changes);
    for (size_t i = 0; i < n; i++)
        snprintf(said + strlen(said), 4096 - strlen(said), "%d %s %s\n", second,
                 changes[i].verb, changes[i].text);
    dr_arena_free(a);
}

static void looks(struct dr_conditions *c, int from, int to, char said[4096])
{
    for (int s = from; s <= to; s++)
        look(c, s, said);
}

static void expect(char said[4096], const char *want)
{
    cr_expect_str_eq(said, want, "%s", said);
    said[0] = '\0';
}

/* The first reason is not the whole story, and what only one look saw is no reason. */
Test(conditions, a_lost_protection_closes_with_all_its_reasons)
{
    char said[4096] = "";
    struct dr_conditions *c = dr_conditions_new();
    reset();
    looks(c, 0, 10, said);
    set(0, DR_FALSE, "changefeed x is not as drover makes it");
    looks(c, 11, 40, said);
    set(0, DR_FALSE, "lag 3s");
    look(c, 41, said);
    set(0, DR_FALSE, "no changefeed runs");
    looks(c, 42, 80, said);
    set(0, DR_FALSE, "changefeed x is not as drover makes it");
    looks(c, 81, 90, said);
    said[0] = '\0';
    set(0, DR_TRUE, "runs");
    looks(c, 91, 110, said);
    expect(said, "96 protection.back protection lost 10:00:11Z, back 10:01:31Z (1m20s): "
                 "feed: changefeed x is not as drover makes it; then feed: no changefeed "
                 "runs\n");
    dr_conditions_free(c);
}

Test(conditions, protection_lost_and_back_is_two_lines)
{
    char said[4096] = "";
    struct dr_conditions *c = dr_conditions_new();
    reset();
    looks(c, 0, 10, said);
    expect(said, "1 protection.back protected\n");
    looks(c, 11, 100000, said); /* nothing changes, nothing is said */
    expect(said, "");
    cr_expect_not(dr_conditions_pending(c));

    dr_conditions_free(c);
    c = dr_conditions_new();
    looks(c, 0, 10, said);
    said[0] = '\0';
    set(0, DR_FALSE, "changefeed x is stopped");
    plan.blockers = &blocker;
    plan.blocker_count = 1;
    look(c, 131, said);
    expect(said, "");
    cr_expect(dr_conditions_pending(c), "a second look confirms it");
    looks(c, 132, 200, said);
    expect(said,
           "132 protection.lost protection lost 10:02:11Z: feed: changefeed x is "
           "stopped\n"
           "132 blocked.begin blocked since 10:02:11Z: DR-B060 east: changefeed 'x' "
           "is stopped\n");
    /* another part joins it and leaves it */
    set(1, DR_FALSE, "west takes writes");
    looks(c, 201, 300, said);
    set(1, DR_TRUE, "stands");
    looks(c, 301, 400, said);
    expect(said,
           "202 part.begin not met since 10:03:21Z: fence: west takes writes\n"
           "311 part.end not met from 10:03:21Z to 10:05:01Z (1m40s): fence: west takes "
           "writes\n");
    /* it runs again: that its checkpoint rises takes looks, which say nothing */
    plan.blocker_count = 0;
    set(0, DR_UNSURE, "one look");
    parts[0].early = true;
    looks(c, 578, 579, said);
    parts[0].early = false;
    set(0, DR_TRUE, "runs");
    looks(c, 580, 600, said);
    expect(said, "583 blocked.end blocked from 10:02:11Z to 10:09:38Z (7m27s): DR-B060 "
                 "east: changefeed 'x' is stopped\n"
                 "585 protection.back protection lost 10:02:11Z, back 10:09:40Z (7m29s): "
                 "feed: changefeed x is stopped; then fence: west takes writes\n");
    cr_expect_not(dr_conditions_pending(c));
    dr_conditions_free(c);
}

Test(conditions, a_single_look_that_differs_is_no_event)
{
    char said[4096] = "";
    struct dr_conditions *c = dr_conditions_new();
    reset();
    looks(c, 0, 10, said);
    said[0] = '\0';
    for (int s = 11; s < 60; s += 2) { /* each second look fails */
        set(0, DR_UNSURE, "no answer");
        look(c, s, said);
        set(0, DR_TRUE, "runs");
        look(c, s + 1, said);
    }
    expect(said, "");
    /* what sways while it is lost does not count as back */
    set(0, DR_FALSE, "lag 31s");
    looks(c, 60, 70, said);
    expect(said, "61 protection.lost protection lost 10:01:00Z: feed: lag 31s\n");
    for (int s = 71; s < 160; s += 3) {
        set(0, DR_TRUE, "lag 29s");
        looks(c, s, s + 1, said);
        set(0, DR_FALSE, "lag 32s");
        look(c, s + 2, said);
    }
    expect(said, "");
    dr_conditions_free(c);
}

Test(conditions, unknown_becomes_lost_and_all_of_it_counts)
{
    char said[4096] = "";
    struct dr_conditions *c = dr_conditions_new();
    reset();
    looks(c, 0, 10, said);
    said[0] = '\0';
    set(0, DR_UNSURE, "changefeeds not known: refused");
    looks(c, 20, 30, said);
    set(0, DR_FALSE, "changefeed x is failed");
    looks(c, 31, 40, said);
    set(0, DR_TRUE, "runs");
    looks(c, 86420, 86430, said); /* a day later */
    expect(said, "21 protection.unknown protection not known since 10:00:20Z: feed: "
                 "changefeeds not known: refused\n"
                 "32 protection.lost protection lost 10:00:31Z: feed: changefeed x is "
                 "failed\n"
                 "86425 protection.back protection lost 2026-11-21 10:00:20Z, back "
                 "10:00:20Z (24h): feed: changefeed x is failed\n");
    dr_conditions_free(c);
}

Test(conditions, a_pair_in_the_making_was_not_lost)
{
    char said[4096] = "";
    const char *notes[] = {"GC is held for 61 of 120 minutes"}, *ids[] = {"hold"};
    struct dr_action step = {.what = "back up"};
    struct dr_conditions *c = dr_conditions_new();
    reset();
    set(0, DR_FALSE, "no changefeed runs");
    plan.state = DR_PLAN_STEPS;
    plan.actions = &step;
    plan.action_count = 1;
    looks(c, 0, 60, said);
    expect(said, "");
    /* a note stands, whatever its numbers */
    plan.notices = notes;
    plan.notice_ids = ids;
    plan.notice_count = 1;
    looks(c, 61, 70, said);
    notes[0] = "GC is held for 62 of 120 minutes";
    looks(c, 71, 80, said);
    plan.notice_count = 0;
    plan.state = DR_PLAN_CONVERGED;
    plan.action_count = 0;
    set(0, DR_FALSE, "no redo log yet");
    looks(c, 81, 85, said);
    set(0, DR_TRUE, "runs");
    looks(c, 86, 100, said);
    expect(said, "62 note.begin noted since 10:01:01Z: GC is held for 61 of 120 minutes\n"
                 "86 note.end noted from 10:01:01Z to 10:01:21Z (20s): GC is held for 61 "
                 "of 120 minutes\n"
                 "87 protection.back protected\n");
    dr_conditions_free(c);
}

Test(conditions, what_was_so_before_is_said_so)
{
    char said[4096] = "";
    struct dr_conditions *c = dr_conditions_new();
    reset();
    set(0, DR_FALSE, "changefeed x is stopped");
    looks(c, 0, 10, said);
    cr_expect_not(dr_conditions_pending(c));
    set(0, DR_UNSURE,
        "one look"); /* a checkpoint that stands is not waited for closely */
    parts[0].early = true;
    look(c, 20, said);
    cr_expect(dr_conditions_pending(c));
    look(c, 60, said);
    cr_expect_not(dr_conditions_pending(c));
    parts[0].early = false;
    set(0, DR_TRUE, "runs");
    looks(c, 70, 80, said);
    expect(said, "1 protection.lost not protected: feed: changefeed x is stopped\n"
                 "75 protection.back protection lost before 10:00:00Z, back 10:01:10Z "
                 "(1m10s at least): feed: changefeed x is stopped\n");
    dr_conditions_free(c);
}

/* A duration that grows changes its digits, and its units; so does what is asked. */
Test(conditions, what_stands_is_said_once)
{
    char said[4096] = "";
    const char *notes[1], *ids[] = {"stall"};
    struct dr_question asked = {
        .subject = "east", .key = "changefeedPaused", .answer = "resume it"};
    struct dr_conditions *c = dr_conditions_new();
    static const char *const texts[] = {"no beat was ever seen, for 59s",
                                        "for 59m",
                                        "for 1h",
                                        "for 1h1m",
                                        "for 23h59m",
                                        "for 1d"};
    reset();
    plan.notices = notes;
    plan.notice_ids = ids;
    plan.questions = &asked;
    plan.notice_count = plan.question_count = 1;
    set(0, DR_TRUE, "runs");
    for (int i = 0; i < 6; i++) {
        char what[100];
        notes[0] = texts[i];
        snprintf(what, sizeof(what), "it is paused, %s left", texts[i] + (i ? 4 : 27));
        asked.what = what;
        looks(c, i * 3600, i * 3600 + 60, said);
    }
    expect(said, "1 protection.back protected\n"
                 "1 question.begin asked since 10:00:00Z: east: it is paused, 59s left\n"
                 "1 note.begin noted since 10:00:00Z: no beat was ever seen, for 59s\n");
    dr_conditions_free(c);
}
