/* What apply says while it waits, and when it gives up, on a clock of its own. */
#include <criterion/criterion.h>
#include <string.h>

#include "cmd/drover/patience.h"

static struct dr_plan plan;

static struct dr_round waiting(const char *text)
{
    return (struct dr_round){
        .state = DR_ROUND_WAITING, .plan = &plan, .again_ms = 1000, .text = text};
}

/* Judges the same round each second. Out: what was said, as "SECOND LINE.." */
static int judge_for(struct dr_patience *p, struct dr_round r, int seconds, char *said,
                     size_t room)
{
    size_t used = 0;
    said[0] = '\0';
    for (int s = 0; s <= seconds; s++) {
        struct dr_buf b;
        dr_buf_init(&b, 1 << 16);
        int rc = dr_patience_judge(p, &r, s * 1000, &b);
        if (b.len)
            used +=
                (size_t)snprintf(said + used, room - used, "%d %s", s, dr_buf_str(&b));
        dr_buf_release(&b);
        if (r.lease_left_ms)
            r.lease_left_ms -= 1000;
        if (rc >= 0)
            return rc;
    }
    return -1;
}

static void expect(struct dr_round r, int seconds, int status, const char *want)
{
    char said[4096];
    struct dr_patience p = {.where = "shop.yaml", .wait_ms = 30000, .give_up_ms = 60000};
    dr_patience_begin(&p, 0);
    cr_expect_eq(judge_for(&p, r, seconds, said, sizeof(said)), status, "%s", r.text);
    cr_expect_str_eq(said, want, "%s", said);
}

Test(patience, says_again_at_growing_intervals_and_gives_up)
{
    struct dr_round r = waiting("east: SQL 10.0.1.4:4000: refused");
    r.blind = true;
    expect(r, 100, DR_EXIT_BLOCKED,
           "0 wait    east: SQL 10.0.1.4:4000: refused (for 0s; given up after 30s)\n"
           "5 wait    east: SQL 10.0.1.4:4000: refused (for 5s; given up after 30s)\n"
           "15 wait    east: SQL 10.0.1.4:4000: refused (for 15s; given up after 30s)\n"
           "30 gave up after 30s: east: SQL 10.0.1.4:4000: refused\n"
           "  hint: --wait DURATION waits longer\n");
    r.hopeless = 1;
    expect(
        r, 0, -1,
        "0 wait    east: SQL 10.0.1.4:4000: refused (no waiting helps here; asked once "
        "more)\n");
    r.hopeless = 2;
    expect(
        r, 100, DR_EXIT_BLOCKED,
        "0 stopped: east: SQL 10.0.1.4:4000: refused\n"
        "  hint: no waiting helps here: mend it, then run it again; it goes on where it "
        "is\n");
    r = waiting("controller vm:1:aa holds the lease");
    r.state = DR_ROUND_STANDBY;
    r.lease_left_ms = 20000;
    expect(r, 6, -1,
           "0 standby controller vm:1:aa holds the lease for another 20s, unless it "
           "renews it (for 0s; given up after 30s; --take takes over at once)\n"
           "5 standby controller vm:1:aa holds the lease for another 15s, unless it "
           "renews it (for 5s; given up after 30s; --take takes over at once)\n");
    r = waiting("west: lock: denied");
    r.failing = true;
    expect(r, 100, DR_EXIT_ERROR,
           "0 wait    tries again in 1s (it fails for 0s; given up after 1m)\n"
           "5 wait    tries again in 1s (it fails for 5s; given up after 1m)\n"
           "15 wait    tries again in 1s (it fails for 15s; given up after 1m)\n"
           "35 wait    tries again in 1s (it fails for 35s; given up after 1m)\n"
           "60 gave up after 1m: west: lock: denied\n"
           "  hint: mend the cause, then run it again: it goes on with this step; "
           "--give-up-after DURATION sets how long a step is tried\n");
    r = waiting("east: not yet: two rising checkpoints were seen");
    expect(
        r, 100, DR_EXIT_BLOCKED,
        "0 wait    east: not yet: two rising checkpoints were seen (for 0s; given up "
        "after 1m)\n"
        "5 wait    east: not yet: two rising checkpoints were seen (for 5s; given up "
        "after 1m)\n"
        "15 wait    east: not yet: two rising checkpoints were seen (for 15s; given up "
        "after 1m)\n"
        "35 wait    east: not yet: two rising checkpoints were seen (for 35s; given up "
        "after 1m)\n"
        "60 gave up after 1m: east: not yet: two rising checkpoints were seen\n"
        "  hint: run it again: it goes on where it is; --give-up-after DURATION sets "
        "how long it waits\n");
}

Test(patience, a_copy_that_runs_is_not_given_up)
{
    char said[1 << 16];
    struct dr_patience p = {.where = "shop.yaml", .wait_ms = 30000, .give_up_ms = 60000};
    struct dr_round r = waiting("east: a backup of this generation runs");
    r.runs = true;
    dr_patience_begin(&p, 0);
    cr_expect_eq(judge_for(&p, r, 3600, said, sizeof(said)), -1);
    cr_expect(
        strstr(said, "\n75 wait    east: a backup of this generation runs (for 1m15s)"),
        "%s", said);
}

/* What fails now and then is not what fails on end. */
Test(patience, a_step_that_is_made_begins_anew)
{
    struct dr_patience p = {.where = "shop.yaml", .wait_ms = 30000, .give_up_ms = 60000};
    struct dr_round fails = waiting("west: busy"), moved = waiting("");
    struct dr_buf b;
    fails.failing = true;
    moved.state = DR_ROUND_MOVED;
    dr_buf_init(&b, 1 << 16);
    dr_patience_begin(&p, 0);
    for (int i = 0; i < 10; i++) {
        cr_expect_eq(dr_patience_judge(&p, &fails, i * 50000, &b), -1);
        cr_expect_eq(dr_patience_judge(&p, &moved, i * 50000 + 45000, &b), -1);
    }
    /* an unreadable fact between two failures is no progress */
    struct dr_round blind = waiting("east: silent");
    blind.blind = true;
    cr_expect_eq(dr_patience_judge(&p, &fails, 600000, &b), -1);
    cr_expect_eq(dr_patience_judge(&p, &blind, 620000, &b), -1);
    cr_expect_eq(dr_patience_judge(&p, &fails, 640000, &b), -1);
    cr_expect_eq(dr_patience_judge(&p, &blind, 650000, &b), -1);
    cr_expect_eq(dr_patience_judge(&p, &fails, 661000, &b), DR_EXIT_ERROR);
    p.give_up_ms = 0; /* for ever */
    cr_expect_eq(dr_patience_judge(&p, &fails, 661000 + 3600000, &b), -1);
    dr_buf_release(&b);
}
