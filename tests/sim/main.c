/* build/sim: the simulation tests.
 *
 *   build/sim                          everything that fits the time budget
 *   build/sim --seed N --scenario S    one scenario, byte for byte, with its log
 *   build/sim --list                   the stories
 *
 * Every single fault at every exchange is one scenario. When the budget does not allow
 * all of them, they are taken in an order that spreads over the run, and the last lines
 * say how many of how many were run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "tests/sim/negative.h"
#include "tests/sim/scenario.h"

enum { JOBS_MAX = 8, SHOWN_FAILURES = 20, LOG_MAX = 256 << 20 };

struct options {
    uint64_t seed, budget_s, jobs, stride, randoms;
    const char *scenario;
    bool list, quiet;
};

struct totals {
    uint64_t passed, failed, skipped, exchanges, rounds, checks, struck;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the list of scenarios ---- */

struct list {
    char (*names)[SIM_NAME];
    size_t count, room;
};

static void add(struct list *l, const char *story, uint64_t n, bool numbered)
{
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 256;
        l->names = dr_xrealloc(l->names, l->room * sizeof(*l->names));
    }
    if (numbered)
        snprintf(l->names[l->count++], SIM_NAME, "%s/%" PRIu64, story, n);
    else
        snprintf(l->names[l->count++], SIM_NAME, "%s", story);
}

/* Numbers 1..max in an order that spreads over them: 1, 1 + stride, .., 2, .. */
static void add_spread(struct list *l, const char *story, uint64_t max, uint64_t stride)
{
    for (uint64_t from = 1; from <= stride && from <= max; from++)
        for (uint64_t n = from; n <= max; n += stride)
            add(l, story, n, true);
}

/* Every pass over the exchanges takes all faults before the next pass begins. */
static void add_faults(struct list *l, uint64_t exchanges, uint64_t stride)
{
    static const char *const kinds[] = {
        "fault/crash-before",  "fault/crash-sent",
        "fault/crash-replied", "fault/not-sent",
        "fault/lost",          "fault/stale",
        "fault/delayed",       "fault/truncated",
        "fault/error-after",   "late",
    };
    for (uint64_t from = 1; from <= stride; from++)
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
            for (uint64_t n = from; n <= exchanges; n += stride)
                add(l, kinds[k], n, true);
}

static void add_all(struct list *l, const struct options *o, uint64_t exchanges,
                    uint64_t rounds)
{
    const char *text;
    static const char *const numbered[] = {"dropped", "late",   "clock-",
                                           "removed", "fault/", "random"};
    for (size_t i = 0; sim_story(i, &text); i++) {
        const char *name = sim_story(i, &text);
        bool plain = true;
        for (size_t k = 0; k < sizeof(numbered) / sizeof(numbered[0]); k++)
            plain &= strncmp(name, numbered[k], strlen(numbered[k])) != 0;
        if (plain)
            add(l, name, 0, false);
    }
    for (uint64_t n = 0; n < 3; n++)
        add(l, "dropped", n, true);
    add_spread(l, "removed", rounds, 1);
    for (uint64_t n = 1; n <= exchanges; n += exchanges / 10 + 1) {
        add(l, "clock-forward", n, true);
        add(l, "clock-back", n, true);
    }
    for (uint64_t n = 0; n < 14; n++)
        add(l, "down", n, true);
    for (uint64_t n = 0; n <= exchanges; n += exchanges / 6 + 1)
        add(l, "journal", n, true);
    for (uint64_t n = 1; n <= exchanges; n += 29)
        add(l, "outage", n, true);
    for (uint64_t n = 1; n <= o->randoms; n++)
        add(l, "random", n, true);
    add_faults(l, exchanges, o->stride);
}

/* ---- running ---- */

static void report_line(FILE *report, const char *name, const struct sim_result *r,
                        const char *why)
{
    fprintf(report, "%d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\t", r->passed,
            r->exchanges, r->rounds, r->checks, r->struck, name);
    for (const char *s = r->passed ? "" : why; *s; s++)
        fputc(*s == '\n' ? ' ' : *s, report);
    fputc('\n', report);
    fflush(report);
}

/* In a process of its own: one that dies is a failure and not the end. */
static void run_apart(const char *name, const struct options *o, FILE *report)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct sim_result r;
        if (sim_run(name, o->seed, &r, NULL))
            report_line(report, name, &r, dr_buf_str(&r.why));
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    char why[64];
    struct sim_result dead = {.passed = false};
    snprintf(why, sizeof(why), "the process died (status %d)", status);
    report_line(report, name, &dead, why);
}

static void run_share(const struct list *l, const struct options *o, size_t share,
                      double until, FILE *report)
{
    for (size_t i = share; i < l->count && now_s() < until; i += o->jobs)
        run_apart(l->names[i], o, report);
}

static void take_line(char *line, const struct options *o, struct totals *t)
{
    int passed, used = 0;
    uint64_t exchanges, rounds, checks, struck;
    if (sscanf(line, "%d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &passed,
               &exchanges, &rounds, &checks, &struck, &used) < 5)
        return;
    t->exchanges += exchanges;
    t->rounds += rounds;
    t->checks += checks;
    t->struck += struck;
    t->passed += passed != 0;
    t->failed += passed == 0;
    if (passed || t->failed > SHOWN_FAILURES)
        return;
    char *tab = strchr(line + used, '\t');
    if (tab)
        *tab++ = '\0';
    printf("FAIL --seed %" PRIu64 " --scenario %s\n     %s\n", o->seed, line + used,
           tab ? tab : "");
}

static void run_all(const struct list *l, const struct options *o, double until,
                    struct totals *t)
{
    FILE *in[JOBS_MAX];
    pid_t pids[JOBS_MAX];
    fflush(stdout);
    for (size_t j = 0; j < o->jobs; j++) {
        int fds[2];
        if (pipe(fds) != 0)
            abort();
        pids[j] = fork();
        if (pids[j] == 0) {
            close(fds[0]);
            FILE *report = fdopen(fds[1], "w");
            run_share(l, o, j, until, report);
            fclose(report);
            _exit(0);
        }
        close(fds[1]);
        in[j] = fdopen(fds[0], "r");
    }
    for (size_t j = 0; j < o->jobs; j++) {
        char *line = NULL;
        size_t room = 0;
        int status = 0;
        while (getline(&line, &room, in[j]) > 0)
            take_line(line, o, t);
        free(line);
        fclose(in[j]);
        waitpid(pids[j], &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            printf("FAIL a worker died (status %d)\n", status);
            t->failed++;
        }
    }
    t->skipped = l->count - t->passed - t->failed;
}

static int run_one(const struct options *o)
{
    struct sim_result r;
    struct dr_buf log;
    dr_buf_init(&log, LOG_MAX);
    double begin = now_s();
    if (!sim_run(o->scenario, o->seed, &r, o->quiet ? NULL : &log)) {
        fprintf(stderr, "sim: no scenario '%s'; --list shows them\n", o->scenario);
        return 64;
    }
    fputs(dr_buf_str(&log), stdout);
    printf("%s: %s\n", o->scenario, r.passed ? "passed" : dr_buf_str(&r.why));
    printf("%" PRIu64 " exchanges, %" PRIu64 " rounds, %" PRIu64 " judgements, %" PRIu64
           " faults struck, %" PRId64 " ms of virtual time, end state %.16s\n",
           r.exchanges, r.rounds, r.checks, r.struck, r.virtual_ms, r.digest);
    fprintf(stderr, "%.3f s\n", now_s() - begin);
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
        {"--seed", &o->seed, NULL},       {"--budget", &o->budget_s, NULL},
        {"--jobs", &o->jobs, NULL},       {"--stride", &o->stride, NULL},
        {"--randoms", &o->randoms, NULL}, {"--scenario", NULL, &o->scenario},
    };
    for (int i = 1; i < argc; i++) {
        bool taken = strcmp(argv[i], "--list") == 0 || strcmp(argv[i], "--quiet") == 0;
        o->list |= strcmp(argv[i], "--list") == 0;
        o->quiet |= strcmp(argv[i], "--quiet") == 0;
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
    return o->jobs >= 1 && o->jobs <= JOBS_MAX && o->stride >= 1;
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

int main(int argc, char **argv)
{
    struct options o = {
        .seed = 1, .budget_s = 60, .jobs = 2, .stride = 37, .randoms = 40};
    dr_json_init();
    if (!parse(argc, argv, &o)) {
        fprintf(stderr,
                "usage: sim [--seed N] [--scenario S [--quiet]] [--budget SECONDS]"
                " [--jobs N] [--stride N] [--randoms N] [--list]\n");
        return 64;
    }
    if (o.list)
        return list_stories();
    if (o.scenario)
        return run_one(&o);

    struct totals t = {0};
    double begin = now_s();
    sim_negative(&t.passed, &t.failed);
    uint64_t planted = t.passed + t.failed;
    struct sim_result plain;
    struct list l = {0};
    if (!sim_run("plain", o.seed, &plain, NULL) || !plain.passed) {
        printf("FAIL --seed %" PRIu64 " --scenario plain\n     %s\n", o.seed,
               dr_buf_str(&plain.why));
        printf("%" PRIu64 " passed, %" PRIu64 " failed\n", t.passed, t.failed + 1);
        return 1;
    }
    add_all(&l, &o, plain.exchanges, plain.rounds);
    struct totals runs = {0};
    run_all(&l, &o, begin + (double)o.budget_s, &runs);
    double took = now_s() - begin;
    printf("a fault-free run: %" PRIu64 " exchanges, %" PRIu64 " rounds, %" PRId64
           " ms of virtual time\n",
           plain.exchanges, plain.rounds, plain.virtual_ms);
    printf("%" PRIu64 " planted violations, %" PRIu64 " of %zu scenarios (%" PRIu64
           " left for a larger --budget), %" PRIu64 " faults struck, %" PRIu64
           " judgements, %.1f s, %.1f scenarios/s\n",
           planted, runs.passed + runs.failed, l.count, runs.skipped, runs.struck,
           runs.checks, took, (double)(runs.passed + runs.failed) / took);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", t.passed + runs.passed,
           t.failed + runs.failed);
    sim_result_release(&plain);
    free(l.names);
    return t.failed + runs.failed ? 1 : 0;
}
