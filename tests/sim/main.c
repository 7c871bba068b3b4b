/* build/sim: the simulation tests.
 *
 *   build/sim                          a fixed set, the same on every machine
 *   build/sim --full                   everything: hours
 *   build/sim --seed N --scenario S    one scenario, byte for byte, with its log
 *   build/sim --seeds N                that many random seeds, and nothing else
 *   build/sim --first                  ends with the first failure
 *   build/sim --list                   the stories
 *
 * The fixed set: every fault at every exchange that does more than read, at a share of
 * the reads that differs by seed, and a share of the pairs. When the time (--budget) is
 * over before the end, the last lines say how much was not run. */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "tests/sim/family.h"
#include "tests/sim/negative.h"

enum { LOG_MAX = 256 << 20 };

struct options {
    uint64_t seed, budget_s, jobs, stride, seeds;
    const char *scenario, *only;
    bool list, quiet, full, first;
};

static int run_one(const struct options *o)
{
    struct sim_result r;
    struct dr_buf log;
    dr_buf_init(&log, LOG_MAX);
    double begin = sim_now_s();
    if (!sim_run(o->scenario, o->seed, &r, o->quiet ? NULL : &log)) {
        fprintf(stderr, "sim: no scenario '%s'; --list shows them\n", o->scenario);
        return 64;
    }
    fputs(dr_buf_str(&log), stdout);
    printf("%s: %s\n", o->scenario, r.passed ? "passed" : dr_buf_str(&r.why));
    printf("%" PRIu64 " exchanges, %" PRIu64 " rounds, %" PRIu64 " judgements, %" PRIu64
           " faults struck, %" PRId64 " ms of virtual time, end state %.16s\n",
           r.exchanges, r.rounds, r.checks, r.struck, r.virtual_ms, r.digest);
    fprintf(stderr, "%.3f s\n", sim_now_s() - begin);
    printf("%d passed, %d failed\n", r.passed, !r.passed);
    int rc = r.passed ? 0 : 1;
    sim_result_release(&r);
    dr_buf_release(&log);
    return rc;
}

static bool parse(int argc, char **argv, struct options *o)
{
    struct {
        const char *name;
        uint64_t *number;
        const char **text;
    } known[] = {
        {"--seed", &o->seed, NULL},   {"--budget", &o->budget_s, NULL},
        {"--jobs", &o->jobs, NULL},   {"--stride", &o->stride, NULL},
        {"--seeds", &o->seeds, NULL}, {"--scenario", NULL, &o->scenario},
        {"--only", NULL, &o->only},
    };
    struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--list", &o->list},
                 {"--quiet", &o->quiet},
                 {"--full", &o->full},
                 {"--first", &o->first}};
    for (int i = 1; i < argc; i++) {
        bool taken = false;
        for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]) && !taken; k++)
            if (strcmp(argv[i], flags[k].name) == 0)
                *flags[k].flag = taken = true;
        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]) && !taken; k++) {
            if (strcmp(argv[i], known[k].name) != 0 || i + 1 == argc)
                continue;
            i++;
            taken = true;
            if (known[k].text)
                *known[k].text = argv[i];
            else
                taken = dr_parse_u64(argv[i], strlen(argv[i]), known[k].number);
        }
        if (!taken)
            return false;
    }
    o->jobs = o->jobs < SIM_JOBS ? o->jobs : SIM_JOBS;
    return o->jobs >= 1 && o->stride >= 1;
}

static int list_stories(void)
{
    const char *text;
    for (size_t i = 0; sim_story(i, &text); i++)
        printf("%-22s %s\n", sim_story(i, &text), text);
    for (const struct sim_check *c = sim_checks; c->id; c++)
        printf("%-22s %s\n", c->id, c->text);
    return 0;
}

static uint64_t not_run(const struct sim_family *f)
{
    uint64_t ran = f->passed + f->failed;
    return f->planned > ran ? f->planned - ran : 0;
}

static void print_families(const struct sim_batch *b, double took)
{
    uint64_t runs = 0;
    for (size_t i = 0; i < b->family_count; i++) {
        const struct sim_family *f = &b->families[i];
        if (!f->planned)
            continue;
        printf("%-9s %6" PRIu64 " of %6" PRIu64 " scenarios, %" PRIu64 " failed, %" PRIu64
               " faults struck, %" PRIu64 " acts among them, %" PRIu64
               " found nothing to spoil, %" PRIu64 " judgements\n",
               f->name, f->passed + f->failed, f->planned, f->failed, f->struck, f->acts,
               f->idle, f->checks);
        runs += f->passed + f->failed;
    }
    if (b->seeds)
        printf("%" PRIu64 " random seeds of seed %" PRIu64 "\n", runs, b->seed);
    printf("%" PRIu64 " scenarios in %.1f s: %.1f each second; %" PRIu64
           " replayed alone, with the same end\n",
           runs, took, (double)runs / took, b->again);
}

/* A family whose faults strike but what only looks shows nothing. */
static uint64_t tame(const struct sim_batch *b)
{
    uint64_t n = 0;
    for (size_t i = 0; i < b->family_count && !b->only; i++) {
        const struct sim_family *f = &b->families[i];
        if (!f->struck || f->acts || not_run(f))
            continue;
        printf("FAIL %s: none of %" PRIu64 " faults struck what changes anything\n",
               f->name, f->struck);
        n++;
    }
    return n;
}

static int run_all(const struct options *o)
{
    uint64_t passed = 0, failed = 0, left = 0;
    double begin = sim_now_s();
    struct sim_result plain;
    struct sim_batch b = {.seed = o->seed,
                          .jobs = o->jobs,
                          .stride = o->stride,
                          .full = o->full,
                          .first = o->first,
                          .seeds = o->seeds,
                          .only = o->seeds && !o->only ? "random" : o->only,
                          .until = begin + (double)o->budget_s};
    sim_negative(&passed, &failed);
    printf("planted   %6" PRIu64 " violations, %" PRIu64 " not found\n", passed + failed,
           failed);
    if (!sim_batch_run(&b, &plain)) {
        printf("FAIL --seed %" PRIu64 " without a fault\n     %s\n", o->seed,
               dr_buf_str(&plain.why));
        printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed + 1);
        return 1;
    }
    printf("a fault-free run: %" PRIu64 " exchanges, %" PRIu64 " rounds, %" PRId64
           " ms of virtual time\n",
           plain.exchanges, plain.rounds, plain.virtual_ms);
    print_families(&b, sim_now_s() - begin);
    for (size_t i = 0; i < b.family_count; i++) {
        passed += b.families[i].passed;
        failed += b.families[i].failed;
        left += not_run(&b.families[i]);
    }
    failed += tame(&b);
    printf("%" PRIu64 " passed, %" PRIu64 " failed", passed, failed);
    if (left)
        printf(", %" PRIu64 " not run: the time (--budget %" PRIu64 ") was over", left,
               o->budget_s);
    printf("\n");
    sim_result_release(&plain);
    return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .budget_s = 3600, .jobs = 2, .stride = 16};
    dr_json_init();
    /* one thread, and nobody asks SQLite how much memory it has */
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (!parse(argc, argv, &o)) {
        fprintf(stderr,
                "usage: sim [--seed N] [--scenario S [--quiet]] [--budget SECONDS]"
                " [--jobs N] [--only FAMILY] [--seeds N] [--stride N] [--full] [--first] "
                "[--list]\n");
        return 64;
    }
    if (o.list)
        return list_stories();
    if (o.scenario)
        return run_one(&o);

    return run_all(&o);
}
