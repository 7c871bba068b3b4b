/* What a plan costs: time, bytes, allocations, instructions; and many documents. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "controller/base/json.h"
#include "controller/plan/plan.h"
#include "tests/bench/kit.h"
#include "tests/bench/parts.h"

enum { PLANS = 2000, DOCUMENTS = 1000, TIMES = 5, COUNTED = 20 };

static const char topology_path[] = "tests/golden/facts/topology.yaml";

struct situation {
    struct dr_arena *arena, *cycle;
    struct dr_docs docs;
    struct dr_plan_input in;
    const char *facts; /* their JSON */
    size_t facts_len;
};

static void situation_open(struct situation *s, const char *name)
{
    struct dr_facts *facts;
    struct dr_err err;
    json_t *v;
    char *text;
    s->arena = dr_arena_new(0);
    s->cycle = dr_arena_new(0);
    s->in = (struct dr_plan_input){.revision = "golden"};
    s->in.topology = dr_bench_load(s->arena, &s->docs, topology_path);
    s->facts = text =
        dr_bench_read(s->arena, dr_sprintf(s->arena, "tests/golden/facts/%s.json", name),
                      &s->facts_len);
    if (dr_json_parse_in(s->arena, &v, text, s->facts_len, &err) != 0 ||
        dr_facts_decode(&facts, v, s->arena, &err) != 0)
        dr_bench_die(name, &err);
    s->in.facts = facts;
}

static void situation_close(struct situation *s)
{
    dr_arena_free(s->cycle);
    dr_arena_free(s->arena);
}

static void make_plan(struct situation *s)
{
    dr_arena_reset(s->cycle);
    (void)dr_plan_build(&s->in, s->cycle);
}

void dr_bench_plan_only(const char *name, unsigned plans)
{
    struct situation s;
    situation_open(&s, name);
    while (plans--)
        make_plan(&s);
    situation_close(&s);
}

/* The floor of planning: reading every byte of the facts once, as their JSON text. */
static double read_once_us(const struct situation *s)
{
    volatile unsigned sum = 0;
    double begin = dr_bench_us();
    for (int i = 0; i < PLANS; i++)
        for (size_t k = 0; k < s->facts_len; k++)
            sum += (unsigned char)s->facts[k];
    (void)sum;
    return (dr_bench_us() - begin) / PLANS;
}

static void count(struct dr_bench *b, const char *name, const char *what, uint64_t value)
{
    char text[80];
    snprintf(text, sizeof(text), "plan of %s: %s", name, what);
    dr_bench_count(b, text, value);
}

/* Of one plan; the run before has filled what is kept. 0: it could not be counted. */
static uint64_t instructions(struct dr_bench *b, const char *name)
{
    char self[4096], to[4200], plans[16], line[256];
    unsigned long long n = 0;
    snprintf(self, sizeof(self), "%s/bench", b->build);
    snprintf(to, sizeof(to), "--callgrind-out-file=%s/callgrind.%s", b->dir, name);
    snprintf(plans, sizeof(plans), "%d", COUNTED);
    const char *argv[] = {"valgrind",
                          "--tool=callgrind",
                          "--toggle-collect=dr_plan_build",
                          to,
                          self,
                          "--plan-only",
                          name,
                          plans,
                          NULL};
    if (dr_bench_run(argv, NULL).status != 0)
        return 0;
    FILE *f = fopen(strchr(to, '=') + 1, "re");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, "totals: ", 8) == 0)
            n = strtoull(line + 8, NULL, 10);
    if (f)
        fclose(f);
    return n / COUNTED;
}

static void count_instructions(struct dr_bench *b, const char *name)
{
    static const char *const version[] = {"valgrind", "--version", NULL};
    if (dr_bench_run(version, NULL).status != 0) {
        dr_bench_left_out(b, "instructions of a plan", "valgrind is not installed");
        return;
    }
    uint64_t n = instructions(b, name);
    dr_bench_must(b, n > 0, "callgrind counts the instructions of a plan");
    count(b, name, "instructions", n);
}

static void plans_of(struct dr_bench *b, const char *name)
{
    struct situation s;
    char what[80];
    double each[TIMES], floor[TIMES];
    situation_open(&s, name);
    make_plan(&s);
    uint64_t before = dr_bench_allocations();
    make_plan(&s);
    count(b, name, "allocations, the arena warm", dr_bench_allocations() - before);
    count(b, name, "bytes of arena", dr_arena_used(s.cycle));
    for (int k = 0; k < TIMES; k++) {
        double begin = dr_bench_us();
        for (int i = 0; i < PLANS; i++)
            make_plan(&s);
        each[k] = (dr_bench_us() - begin) / PLANS;
        floor[k] = read_once_us(&s);
    }
    snprintf(what, sizeof(what), "plan of %s facts (best of %d)", name, TIMES);
    dr_bench_row(b,
                 &(struct dr_bench_row){.id = "P3",
                                        .what = what,
                                        .unit = "us",
                                        .value = dr_bench_quantile(each, TIMES, 0),
                                        .floor = "the facts' JSON, each byte read once",
                                        .floor_value = dr_bench_quantile(floor, TIMES, 0),
                                        .must = 100,
                                        .moonshot = 10});
    situation_close(&s);
    count_instructions(b, name);
}

/* ---- many documents ---- */

/* libyaml's events alone over the same bytes. */
static void events_only(const char *bytes, size_t len)
{
    for (int i = 0; i < DOCUMENTS; i++) {
        yaml_parser_t p;
        yaml_event_t e;
        bool ended = !yaml_parser_initialize(&p);
        yaml_parser_set_input_string(&p, (const unsigned char *)bytes, len);
        while (!ended && yaml_parser_parse(&p, &e)) {
            ended = e.type == YAML_STREAM_END_EVENT;
            yaml_event_delete(&e);
        }
        yaml_parser_delete(&p);
    }
}

static void parse_and_plan(const char *bytes, size_t len, struct dr_arena *one)
{
    struct dr_docs d;
    struct dr_plan_input in = {.topology = dr_bench_parse(one, &d, bytes, len),
                               .facts = dr_facts_new(2, one),
                               .revision = "golden"};
    in.facts->clusters[0].name = in.topology->clusters[0].name;
    in.facts->clusters[1].name = in.topology->clusters[1].name;
    (void)dr_plan_build(&in, one);
}

static void documents(struct dr_bench *b)
{
    struct dr_arena *a = dr_arena_new(0), *one = dr_arena_new(0);
    double each[TIMES], floor[TIMES];
    size_t len;
    char *bytes = dr_bench_read(a, topology_path, &len);
    for (int k = 0; k < TIMES; k++) {
        double begin = dr_bench_us();
        events_only(bytes, len);
        floor[k] = (dr_bench_us() - begin) / 1e3;
        begin = dr_bench_us();
        for (int i = 0; i < DOCUMENTS; i++) {
            dr_arena_reset(one);
            parse_and_plan(bytes, len, one);
        }
        each[k] = (dr_bench_us() - begin) / 1e3;
    }
    dr_arena_reset(one);
    uint64_t before = dr_bench_allocations();
    parse_and_plan(bytes, len, one);
    dr_bench_count(b, "one document parsed and planned: allocations",
                   dr_bench_allocations() - before);
    dr_bench_row(b,
                 &(struct dr_bench_row){.id = "P4",
                                        .what = "1,000 documents parsed and planned",
                                        .unit = "ms",
                                        .value = dr_bench_quantile(each, TIMES, 0),
                                        .floor = "libyaml's events of the same bytes",
                                        .floor_value = dr_bench_quantile(floor, TIMES, 0),
                                        .must = 200,
                                        .moonshot = 40});
    dr_arena_free(one);
    dr_arena_free(a);
}

void dr_bench_plans(struct dr_bench *b)
{
    plans_of(b, "fresh");
    plans_of(b, "converged");
    documents(b);
}
