/* Whole processes: validate of one document and of many, git checks, the simulator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "controller/loop/declaration.h"
#include "tests/bench/kit.h"
#include "tests/bench/parts.h"

enum { TIMES = 21, FEW = 5, DOCUMENTS = 1000, SIM_SECONDS = 8 };

static const char topology_path[] = "examples/quickstart/topology.yaml";

static char *program(struct dr_arena *a, const struct dr_bench *b, const char *name)
{
    return dr_sprintf(a, "%s/%s", b->build, name);
}

static void must_end(struct dr_bench *b, const struct dr_bench_child *c, const char *what)
{
    dr_bench_must(b, c->status == 0, what);
}

/* ---- P5 ---- */

static void validate_one(struct dr_bench *b, struct dr_arena *a)
{
    const char *one[] = {program(a, b, "drover"), "validate", topology_path, NULL};
    static const char *const git[] = {"git", "--version", NULL};
    static const char *const nothing[] = {"/bin/true", NULL};
    struct dr_bench_child is = dr_bench_run_often(one, NULL, TIMES),
                          floor = dr_bench_run_often(git, NULL, TIMES),
                          least = dr_bench_run_often(nothing, NULL, TIMES);
    must_end(b, &is, "drover validate ends well");
    struct dr_bench_row r = {.id = "P5",
                             .what = "drover validate of one topology",
                             .unit = "ms",
                             .value = is.wall_us / 1e3,
                             .floor = "git --version",
                             .floor_value = floor.wall_us / 1e3,
                             .must = 10,
                             .moonshot = 2};
    dr_bench_row(b, &r);
    r = (struct dr_bench_row){.id = "P5",
                              .what = "its CPU",
                              .unit = "ms",
                              .value = is.cpu_us / 1e3,
                              .floor = "/bin/true",
                              .floor_value = least.cpu_us / 1e3};
    dr_bench_row(b, &r);
    r = (struct dr_bench_row){.id = "P6",
                              .what = "its peak memory",
                              .unit = "KiB",
                              .value = (double)is.peak_kib,
                              .floor = "git --version",
                              .floor_value = (double)floor.peak_kib};
    dr_bench_row(b, &r);
}

/* ---- P4 ---- */

static void validate_many(struct dr_bench *b, struct dr_arena *a)
{
    size_t len;
    char *text = dr_bench_read(a, topology_path, &len);
    const char *dir = dr_sprintf(a, "%s/many", b->dir);
    if (mkdir(dir, 0700) != 0)
        dr_bench_die(dir, NULL);
    for (int i = 0; i < DOCUMENTS; i++)
        dr_bench_write(
            dr_sprintf(a, "%s/%04d.yaml", dir, i),
            dr_bench_replace(a, text, "name: shop", dr_sprintf(a, "name: shop%d", i)));
    const char *all[] = {program(a, b, "drover"), "validate", dir, NULL};
    const char *read[] = {"grep", "-rc", "apiVersion", dir, NULL};
    struct dr_bench_child is = dr_bench_run_often(all, NULL, FEW),
                          floor = dr_bench_run_often(read, NULL, FEW);
    must_end(b, &is, "drover validate of a folder ends well");
    dr_bench_row(b, &(struct dr_bench_row){.id = "P4",
                                           .what = "drover validate of 1,000 files",
                                           .unit = "ms",
                                           .value = is.wall_us / 1e3,
                                           .floor = "grep -rc over the same files",
                                           .floor_value = floor.wall_us / 1e3,
                                           .must = 200,
                                           .moonshot = 40});
}

/* ---- P14 ---- */

static bool git(const char *const *rest)
{
    const char *argv[24] = {"git",
                            "-c",
                            "user.name=bench",
                            "-c",
                            "user.email=bench@example.com",
                            "-c",
                            "commit.gpgsign=false"};
    for (size_t i = 7; i < 23 && (argv[i] = *rest); i++)
        rest++;
    return dr_bench_run(argv, NULL).status == 0;
}

static char *make_repository(struct dr_bench *b, struct dr_arena *a)
{
    size_t len;
    char *work = dr_sprintf(a, "%s/work", b->dir),
         *bare = dr_sprintf(a, "%s/bare", b->dir);
    bool good = git((const char *[]){"init", "-q", "-b", "main", work, NULL});
    if (good)
        dr_bench_write(dr_sprintf(a, "%s/shop.yaml", work),
                       dr_bench_read(a, topology_path, &len));
    good = good && git((const char *[]){"-C", work, "add", "shop.yaml", NULL}) &&
           git((const char *[]){"-C", work, "commit", "-q", "-m", "shop", NULL}) &&
           git((const char *[]){"clone", "-q", "--bare", work, bare, NULL});
    dr_bench_must(b, good, "a repository is made");
    return bare;
}

static double children_us(void)
{
    struct rusage r;
    getrusage(RUSAGE_CHILDREN, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

/* A look of the controller at a branch that did not change. */
static void check_git(struct dr_bench *b, struct dr_arena *a)
{
    const char *bare = make_repository(b, a), *state = dr_sprintf(a, "%s/mirror", b->dir);
    const char *floor_argv[] = {"git", "ls-remote", bare, "main", NULL};
    struct dr_origin_config c = {
        .git = bare, .state_dir = state, .fetcher = program(a, b, "drover")};
    struct dr_origin *o;
    struct dr_err err;
    struct dr_declaration *d;
    double wall[TIMES], cpu[TIMES];
    char revision[DR_REVISION_TEXT] = "";
    if (mkdir(state, 0700) != 0 || dr_origin_open(&o, &c, &err) != 0)
        dr_bench_die(state, &err);
    struct dr_declaration_source from = {
        .origin = o, .known = revision, .deadline_ms = 30000};
    for (int i = -1; i < TIMES; i++) {
        double begin = dr_bench_us(), before = children_us();
        if (dr_declaration_read(&d, &from, false, &err) != 0)
            dr_bench_die("the repository", &err);
        if (i >= 0) {
            wall[i] = (dr_bench_us() - begin) / 1e3;
            cpu[i] = (children_us() - before) / 1e3;
            dr_bench_must(b, d->known, "a check of an unchanged branch decodes nothing");
        }
        snprintf(revision, sizeof(revision), "%s", d->revision);
        dr_declaration_free(d);
    }
    dr_origin_close(o);
    struct dr_bench_child floor = dr_bench_run_often(floor_argv, NULL, TIMES);
    dr_bench_row(b, &(struct dr_bench_row){.id = "P14",
                                           .what = "git check, nothing new",
                                           .unit = "ms",
                                           .value = dr_bench_quantile(wall, TIMES, 0.5),
                                           .floor = "git ls-remote of the same",
                                           .floor_value = floor.wall_us / 1e3,
                                           .moonshot = 7});
    dr_bench_row(b, &(struct dr_bench_row){.id = "P14",
                                           .what = "CPU of its child process",
                                           .unit = "ms",
                                           .value = dr_bench_quantile(cpu, TIMES, 0.5),
                                           .floor = "git ls-remote of the same",
                                           .floor_value = floor.cpu_us / 1e3,
                                           .must = 25});
}

/* ---- P15 ---- */

/* The number before `word` in what the simulator says; -1: it says none. */
static double said_before(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    while (at && at > text && at[-1] == ' ')
        at--;
    while (at && at > text && at[-1] != ' ')
        at--;
    double v;
    return at && sscanf(at, "%lf", &v) == 1 ? v : -1;
}

static void simulate(struct dr_bench *b, struct dr_arena *a)
{
    size_t len;
    const char *sim = program(a, b, "sim"), *out = dr_sprintf(a, "%s/sim.txt", b->dir);
    const char *budget = dr_sprintf(a, "%d", SIM_SECONDS);
    const char *argv[] = {sim, "--only",   "random", "--jobs",
                          "1", "--budget", budget,   NULL};
    struct dr_bench_child c = dr_bench_run(argv, out);
    if (c.status != 0) {
        dr_bench_left_out(b, "P15", "build/sim is not there, or fails");
        return;
    }
    char *text = dr_bench_read(a, out, &len);
    double each_second = said_before(text, "each second"),
           virtual_ms = said_before(text, "ms of virtual time");
    dr_bench_row(b, &(struct dr_bench_row){.id = "P15",
                                           .what = "simulator, whole random stories",
                                           .unit = "seeds/s",
                                           .value = each_second,
                                           .must = 200,
                                           .moonshot = 2000,
                                           .more_is_better = true});
    dr_bench_row(b, &(struct dr_bench_row){.id = "P15",
                                           .what = "simulated time to time, at least",
                                           .unit = "to 1",
                                           .value = each_second * virtual_ms / 1e3,
                                           .moonshot = 1e5,
                                           .more_is_better = true});
}

void dr_bench_processes(struct dr_bench *b)
{
    struct dr_arena *a = dr_arena_new(0);
    validate_one(b, a);
    validate_many(b, a);
    check_git(b, a);
    simulate(b, a);
    dr_arena_free(a);
}
