/* Counts, and times as ratios to a floor measured in the same run. Times are not
 * asserted, machines are shared; counts are: more than counts.json allows is a failure.
 * Run from the top of the repository: build/bench --help */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "tests/bench/kit.h"
#include "tests/bench/parts.h"

static const char help[] =
    "usage: bench [OPTIONS] [PART..]\n"
    "\n"
    "Parts: plans rounds processes live fleet; none: all of them. `counts` is plans and\n"
    "rounds with nothing but their exact counts.\n"
    "\n"
    "  --json FILE      the same as JSON\n"
    "  --fleet N        topologies of the fleet; default 40\n"
    "  --interval MS    between two rounds of each; default 10000\n"
    "  --seconds S      for which the fleet is watched; default 30\n"
    "  --net N          estates stand on 127.N.x.y and above; default 60\n";

struct options {
    const char *json;
    struct dr_bench_fleet fleet;
    unsigned net;
};

static unsigned number(const char *text, uint64_t most)
{
    uint64_t v;
    if (!dr_parse_u64(text, strlen(text), &v) || v == 0 || v > most) {
        fprintf(stderr, "bench: not a number of at most %llu: %s\n",
                (unsigned long long)most, text);
        exit(64);
    }
    return (unsigned)v;
}

static void parse(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {{"json", required_argument, NULL, 'j'},
                                          {"fleet", required_argument, NULL, 'f'},
                                          {"interval", required_argument, NULL, 'i'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"net", required_argument, NULL, 'n'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *o = (struct options){.fleet = {40, 10000, 30}, .net = 60};
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        if (c == 'j')
            o->json = optarg;
        else if (c == 'f')
            o->fleet.topologies = number(optarg, 10000);
        else if (c == 'i')
            o->fleet.interval_ms = number(optarg, 3600000);
        else if (c == 's')
            o->fleet.seconds = number(optarg, 3600);
        else if (c == 'n')
            o->net = number(optarg, 200);
        else {
            fputs(help, c == 'h' ? stdout : stderr);
            exit(c == 'h' ? 0 : 64);
        }
    }
}

/* As examples/quickstart/env. */
static void set_secrets(void)
{
    setenv("DROVER_EAST_PASSWORD", "east-drover", 1);
    setenv("DROVER_WEST_PASSWORD", "west-drover", 1);
    setenv("DROVER_STORAGE_ACCESS_KEY", "minio", 1);
    setenv("DROVER_STORAGE_SECRET_KEY", "miniostorage", 1);
    setenv("DROVER_SINK_SECRET", "bench", 1);
}

static bool wanted(int argc, char **argv, const char *part)
{
    for (int i = optind; i < argc; i++)
        if (strcmp(argv[i], part) == 0)
            return true;
    return optind == argc;
}

static void measure(struct dr_bench *b, const struct options *o, int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct dr_bench *);
    } parts[] = {{"plans", dr_bench_plans},
                 {"rounds", dr_bench_rounds},
                 {"processes", dr_bench_processes},
                 {"live", dr_bench_live}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (wanted(argc, argv, parts[i].name))
            parts[i].run(b);
    if (wanted(argc, argv, "fleet"))
        dr_bench_fleet(b, &o->fleet);
}

int main(int argc, char **argv)
{
    struct options o;
    struct dr_err err;
    size_t len;
    char dir[4096], build[4096];
    dr_json_init();
    set_secrets();
    if (argc == 4 && strcmp(argv[1], "--plan-only") == 0) {
        dr_bench_plan_only(argv[2], number(argv[3], 1000000));
        return 0;
    }
    parse(&o, argc, argv);
    const char *tmp = getenv("TMPDIR"), *slash = strrchr(argv[0], '/');
    snprintf(dir, sizeof(dir), "%s/drover-bench-XXXXXX", tmp ? tmp : "/tmp");
    snprintf(build, sizeof(build), "%.*s", slash ? (int)(slash - argv[0]) : 1,
             slash ? argv[0] : ".");
    if (!mkdtemp(dir))
        dr_bench_die(dir, NULL);
    struct dr_arena *a = dr_arena_new(0);
    struct dr_bench b = {.dir = dir,
                         .build = build,
                         .net = o.net,
                         .rows = json_array(),
                         .counts = json_array(),
                         .left_out = json_array()};
    char *text = dr_bench_read(a, "tests/bench/counts.json", &len);
    if (dr_json_parse(&b.maxima, text, len, &err) != 0)
        dr_bench_die("tests/bench/counts.json", &err);
    measure(&b, &o, argc, argv);
    bool good = dr_bench_report(&b, o.json);
    printf("%u passed, %u failed\n", b.checked - b.failed, b.failed);
    if (good)
        dr_bench_remove(dir);
    else
        printf("kept: %s\n", dir);
    json_decref(b.rows);
    json_decref(b.counts);
    json_decref(b.left_out);
    json_decref(b.maxima);
    dr_arena_free(a);
    return !good;
}
