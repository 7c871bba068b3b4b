/* Many topologies kept by one `drover run` against simulators in processes of their own:
 * what that costs at rest, and how long a change goes unseen. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/file.h"
#include "controller/base/prng.h"
#include "tests/bench/estate.h"
#include "tests/bench/parts.h"

enum { BATCH = 100 };
enum { CHANGES_MAX = 60, LINE_MAX_BYTES = 4096, SEEN_MS = 60000, CATCH_MS = 10 };

static const char last_step[] = "west: clear the restoring row";

struct watched {
    struct dr_bench *b;
    const struct dr_bench_fleet *f;
    struct dr_arena *arena;
    struct dr_bench_estate estate;
    pid_t pid;
    int out;
    FILE *log; /* what drover says, for a run that fails */
    char line[LINE_MAX_BYTES];
    size_t line_len;
    unsigned ready;     /* topologies that came to rest */
    double *changed_us; /* of each: when it was changed; 0: not, or seen already */
    double latency_ms[CHANGES_MAX];
    unsigned seen;
};

/* "2026-11-21 20:05:23Z shop17: done    west: .." */
static void take_line(struct watched *w)
{
    unsigned i;
    const char *at = strstr(w->line, "shop");
    if (!at || sscanf(at, "shop%u:", &i) != 1 || i >= w->f->topologies)
        return;
    w->ready += strstr(w->line, "done") && strstr(w->line, last_step);
    if (w->changed_us[i] == 0 || w->seen == CHANGES_MAX)
        return;
    w->latency_ms[w->seen++] = (dr_bench_us() - w->changed_us[i]) / 1e3;
    w->changed_us[i] = 0;
}

static void take_bytes(struct watched *w, const char *bytes, size_t n)
{
    fwrite(bytes, 1, n, w->log);
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != '\n') {
            if (w->line_len + 1 < sizeof(w->line))
                w->line[w->line_len++] = bytes[i];
            continue;
        }
        w->line[w->line_len] = '\0';
        w->line_len = 0;
        take_line(w);
    }
}

/* Reads what drover says, for that long. */
static void listen_ms(struct watched *w, int64_t ms)
{
    char bytes[65536];
    double until = dr_bench_us() + (double)ms * 1e3;
    for (double left; (left = until - dr_bench_us()) > 0;) {
        struct pollfd p = {.fd = w->out, .events = POLLIN};
        if (poll(&p, 1, (int)(left / 1e3) + 1) <= 0)
            continue;
        ssize_t n = read(w->out, bytes, sizeof(bytes));
        if (n <= 0)
            dr_bench_die(dr_sprintf(w->arena, "drover run has ended: %s", w->line), NULL);
        take_bytes(w, bytes, (size_t)n);
    }
}

/* All of them are brought up side by side: what costs is told of the fleet at rest. */
static const char *controller_of(struct watched *w, const char *docs)
{
    const char *path = dr_sprintf(w->arena, "%s/controller.yaml", w->b->dir);
    const char *text = dr_sprintf(w->arena,
                                  "apiVersion: drover/v1\nkind: Controller\nmetadata: "
                                  "{name: bench}\nspec: {source: {dir: \"%s\"}, policy: "
                                  "{maxDisruptive: 1000}}\n",
                                  docs);
    struct dr_err err;
    if (dr_file_write(path, text, strlen(text), 0644, &err) != 0)
        dr_bench_die("the controller's document", &err);
    return path;
}

static void start_drover(struct watched *w, const char *docs, const char *state)
{
    const char *interval = dr_sprintf(w->arena, "%ums", w->f->interval_ms);
    const char *argv[] = {dr_sprintf(w->arena, "%s/drover", w->b->build),
                          "run",
                          "--config",
                          controller_of(w, docs),
                          "--state",
                          dr_sprintf(w->arena, "%s/%s", w->b->dir, state),
                          "--interval",
                          interval,
                          NULL};
    w->pid = dr_bench_start(argv, &w->out);
}

static double pss_kib(pid_t pid)
{
    return (double)dr_bench_proc(pid, "smaps_rollup", "Pss:");
}

/* A controller that keeps nothing. */
static double base_kib(struct watched *w)
{
    const char *none = dr_sprintf(w->arena, "%s/none.yaml", w->b->dir);
    const char *help[] = {dr_sprintf(w->arena, "%s/drover", w->b->build), "--help", NULL};
    dr_bench_write(none, "# no topology\n");
    struct dr_bench_child libraries = dr_bench_run_often(help, NULL, 5);
    start_drover(w, none, "none");
    dr_bench_sleep_ms(1500);
    double rss = (double)dr_bench_proc(w->pid, "status", "VmRSS:"), pss = pss_kib(w->pid);
    dr_bench_end(w->pid);
    close(w->out);
    dr_bench_row(w->b,
                 &(struct dr_bench_row){.id = "P6",
                                        .what = "drover run without a topology, resident",
                                        .unit = "KiB",
                                        .value = rss,
                                        .floor = "drover --help at its peak",
                                        .floor_value = (double)libraries.peak_kib,
                                        .must = (double)libraries.peak_kib + 8192,
                                        .moonshot = (double)libraries.peak_kib + 2048});
    return pss;
}

static void come_to_rest(struct watched *w)
{
    unsigned n = w->f->topologies;
    double begin = dr_bench_us();
    double most = (60 + n * 1.5) * 1e6;
    unsigned declared = BATCH;
    while (w->ready < n && dr_bench_us() - begin < most) {
        /* many pairs to be copied at the same moment is not what a fleet is like */
        if (declared < n && declared - w->ready < BATCH / 2) {
            dr_bench_estate_declare(&w->estate, declared, BATCH);
            declared += BATCH;
        }
        listen_ms(w, 200);
    }
    dr_bench_must(w->b, w->ready == n, "every topology of the fleet comes to protected");
    dr_bench_row(w->b, &(struct dr_bench_row){
                           .id = "P12",
                           .what = dr_sprintf(w->arena, "%u topologies, from nothing", n),
                           .unit = "s",
                           .value = (dr_bench_us() - begin) / 1e6});
    listen_ms(w, (int64_t)w->f->interval_ms * 2 + 2000);
}

static void at_rest(struct watched *w, double base)
{
    struct dr_arena *a = w->arena;
    unsigned n = w->f->topologies;
    double seconds = w->f->seconds, rounds = n * seconds * 1e3 / w->f->interval_ms;
    double cpu = dr_bench_cpu_us(w->pid);
    uint64_t switches = dr_bench_switches(w->pid);
    listen_ms(w, (int64_t)w->f->seconds * 1000);
    cpu = dr_bench_cpu_us(w->pid) - cpu;
    switches = dr_bench_switches(w->pid) - switches;
    double share = cpu / seconds / 1e4,
           budget = 10.0 * n / 1000 * 10000 / w->f->interval_ms;
    const struct dr_bench_row rows[] = {
        {.id = "P12",
         .what = dr_sprintf(a, "CPU of %u topologies, every %u ms", n, w->f->interval_ms),
         .unit = "% core",
         .value = share,
         .must = budget,
         .moonshot = budget * 0.03},
        {.id = "P12",
         .what = "CPU of one round",
         .unit = "us",
         .value = cpu / rounds,
         .must = 1000,
         .moonshot = 30},
        {.id = "P12",
         .what = "context switches of one round",
         .unit = "",
         .value = (double)switches / rounds},
        {.id = "P12",
         .what = "threads",
         .unit = "",
         .value = (double)dr_bench_proc(w->pid, "status", "Threads:")},
        {.id = "P12",
         .what = "descriptors of one topology",
         .unit = "",
         .value = (double)dr_bench_descriptors(w->pid) / n},
        {.id = "P6",
         .what = "memory of one topology, with its connections",
         .unit = "KiB",
         .value = (pss_kib(w->pid) - base) / n}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        dr_bench_row(w->b, &rows[i]);
}

/* Somebody pauses feeds, at any moment of an interval; drover says something about it. */
static void change_some(struct watched *w)
{
    struct dr_arena *a = w->arena;
    struct dr_prng random = {.state = 1};
    unsigned n = w->f->topologies < CHANGES_MAX ? w->f->topologies : CHANGES_MAX;
    for (unsigned i = 0; i < n; i++) {
        listen_ms(w, 1 + (int64_t)dr_prng_below(&random, w->f->interval_ms * 2 / n + 1));
        const char *target =
            dr_sprintf(a, "/api/v2/changefeeds/shop%u-east-to-west-g1/pause", i);
        w->changed_us[i] = dr_bench_us();
        dr_bench_must(w->b,
                      dr_bench_http(dr_bench_host(&w->estate, a, i, 2, 9), 8300, "POST",
                                    target) == 200,
                      "a changefeed is paused behind drover's back");
    }
    for (int ms = 0; w->seen < n && ms < SEEN_MS; ms += CATCH_MS)
        listen_ms(w, CATCH_MS);
    dr_bench_must(w->b, w->seen == n, "every paused changefeed is seen");
    if (!w->seen)
        return;
    dr_bench_row(w->b, &(struct dr_bench_row){
                           .id = "P11",
                           .what = dr_sprintf(a, "drift seen, p99 of %u", w->seen),
                           .unit = "ms",
                           .value = dr_bench_quantile(w->latency_ms, w->seen, 0.99),
                           .floor = "the interval",
                           .floor_value = w->f->interval_ms,
                           .must = w->f->interval_ms * 1.1 + 1000});
    dr_bench_row(w->b, &(struct dr_bench_row){
                           .id = "P11",
                           .what = "drift seen, median",
                           .unit = "ms",
                           .value = dr_bench_quantile(w->latency_ms, w->seen, 0.5),
                           .floor = "the interval",
                           .floor_value = w->f->interval_ms});
}

void dr_bench_fleet(struct dr_bench *b, const struct dr_bench_fleet *f)
{
    struct watched w = {.b = b, .f = f, .arena = dr_arena_new(0)};
    double *changed = DR_NEW_N(w.arena, f->topologies, double);
    double base = base_kib(&w);
    w.log = fopen(dr_sprintf(w.arena, "%s/drover.log", b->dir), "we");
    if (!w.log)
        dr_bench_die(b->dir, NULL);
    setvbuf(w.log, NULL, _IOLBF, 0);
    w.changed_us = changed;
    dr_bench_estate_start(&w.estate, b, w.arena, "fleet", f->topologies);
    dr_bench_estate_declare(&w.estate, 0, BATCH);
    start_drover(&w, w.estate.docs, "state");
    come_to_rest(&w);
    at_rest(&w, base);
    change_some(&w);
    dr_bench_end(w.pid);
    close(w.out);
    fclose(w.log);
    dr_bench_estate_end(&w.estate);
    dr_arena_free(w.arena);
}
