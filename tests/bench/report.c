#include "tests/bench/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void dr_bench_row(struct dr_bench *b, const struct dr_bench_row *r)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:f}", "id", r->id, "what", r->what, "unit",
                          r->unit, "value", r->value);
    if (r->floor) {
        json_object_set_new(o, "floor", json_string(r->floor));
        json_object_set_new(o, "floorValue", json_real(r->floor_value));
        json_object_set_new(o, "ratio", json_real(r->value / r->floor_value));
    }
    const struct {
        const char *key;
        double limit;
    } goals[] = {{"must", r->must}, {"moonshot", r->moonshot}};
    for (int i = 0; i < 2; i++) {
        if (goals[i].limit == 0)
            continue;
        bool met =
            r->more_is_better ? r->value >= goals[i].limit : r->value <= goals[i].limit;
        json_object_set_new(o, goals[i].key,
                            json_pack("{s:f, s:b}", "limit", goals[i].limit, "met", met));
    }
    json_array_append_new(b->rows, o);
}

void dr_bench_must(struct dr_bench *b, bool holds, const char *what)
{
    b->checked++;
    if (holds)
        return;
    b->failed++;
    printf("FAILED: %s\n", what);
}

void dr_bench_count(struct dr_bench *b, const char *name, uint64_t value)
{
    char text[256];
    const json_t *max = json_object_get(b->maxima, name);
    json_int_t most = json_integer_value(max);
    json_t *o = json_pack("{s:s, s:I}", "name", name, "value", (json_int_t)value);
    if (max)
        json_object_set_new(o, "max", json_integer(most));
    json_array_append_new(b->counts, o);
    snprintf(text, sizeof(text),
             max ? "%s: %" PRIu64 ", more than %lld" : "%s: %" PRIu64 ", and no maximum",
             name, value, (long long)most);
    dr_bench_must(b, max && value <= (uint64_t)most, text);
}

void dr_bench_left_out(struct dr_bench *b, const char *what, const char *why)
{
    json_array_append_new(b->left_out, json_pack("{s:s, s:s}", "what", what, "why", why));
}

/* Three digits that matter. */
static const char *number(double v, char out[24])
{
    snprintf(out, 24, v >= 100 ? "%.0f" : v >= 10 ? "%.1f" : "%.2f", v);
    return out;
}

static const char *goal(const json_t *row, const char *key, char out[40])
{
    char n[24];
    const json_t *g = json_object_get(row, key);
    if (!g)
        return "";
    snprintf(out, 40, "%s%s", number(json_number_value(json_object_get(g, "limit")), n),
             json_is_true(json_object_get(g, "met")) ? "" : " NO");
    return out;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void print_row(const json_t *row)
{
    char value[24], of[24], ratio[24], must[40], moon[40];
    printf("%-4s %-46s %8s %-7s", text_of(row, "id"), text_of(row, "what"),
           number(json_number_value(json_object_get(row, "value")), value),
           text_of(row, "unit"));
    if (json_object_get(row, "floor"))
        printf(" %7s x %8s  %-34s",
               number(json_number_value(json_object_get(row, "ratio")), ratio),
               number(json_number_value(json_object_get(row, "floorValue")), of),
               text_of(row, "floor"));
    else
        printf(" %53s", "");
    printf(" %10s %10s\n", goal(row, "must", must), goal(row, "moonshot", moon));
}

static void print(const struct dr_bench *b)
{
    size_t i;
    json_t *o;
    if (json_array_size(b->rows))
        printf("%-4s %-46s %8s %-7s %7s x %8s  %-34s %10s %10s\n", "id", "what", "value",
               "unit", "ratio", "floor", "which is", "must", "moonshot");
    json_array_foreach(b->rows, i, o) print_row(o);
    if (json_array_size(b->counts))
        printf("\n%-46s %10s %10s\n", "counted exactly", "value", "at most");
    json_array_foreach(b->counts, i, o)
    {
        printf("%-46s %10lld %10lld\n", text_of(o, "name"),
               (long long)json_integer_value(json_object_get(o, "value")),
               (long long)json_integer_value(json_object_get(o, "max")));
    }
    json_array_foreach(b->left_out, i, o)
        printf("%s: %s: left out\n", text_of(o, "what"), text_of(o, "why"));
}

bool dr_bench_report(struct dr_bench *b, const char *json)
{
    double load[3] = {0};
    print(b);
    if (!json)
        return b->failed == 0;
    if (getloadavg(load, 3) < 1)
        load[0] = -1;
    json_t *whole =
        json_pack("{s:s, s:I, s:f, s:O, s:O, s:O}", "version", DR_VERSION, "processors",
                  (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "load", load[0], "rows",
                  b->rows, "counts", b->counts, "leftOut", b->left_out);
    bool written =
        json_dump_file(whole, json, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0;
    json_decref(whole);
    if (!written)
        fprintf(stderr, "bench: %s cannot be written\n", json);
    return written && b->failed == 0;
}
