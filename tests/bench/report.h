/* What a run of the bench found: rows with a floor, exact counts with a maximum, and what
 * was left out with the reason; as a table and as JSON. */
#ifndef DR_BENCH_REPORT_H
#define DR_BENCH_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct dr_bench_row {
    const char *id, *what, *unit; /* "P3", "plan of a fresh topology", "us" */
    double value;
    const char
        *floor; /* what it is compared with, measured in the same run; NULL: none */
    double floor_value;
    double must, moonshot; /* in the same unit; 0: none */
    bool more_is_better;
};

struct dr_bench {
    const char *dir;   /* a folder of this run's own */
    const char *build; /* where the programs are */
    unsigned net;      /* estates stand on 127.net.x.y and the three networks after it */
    json_t *rows, *counts, *left_out;
    json_t *maxima; /* name to number */
    unsigned failed, checked;
};

void dr_bench_row(struct dr_bench *b, const struct dr_bench_row *row);

/* An exact count. More than its maximum in counts.json, or no maximum there, fails the
 * run. */
void dr_bench_count(struct dr_bench *b, const char *name, uint64_t value);

/* What of a measurement is not there, and why. */
void dr_bench_left_out(struct dr_bench *b, const char *what, const char *why);

/* Something that must hold. */
void dr_bench_must(struct dr_bench *b, bool holds, const char *what);

/* Prints all of it; writes `json` unless NULL. False: a count is over its maximum, or the
 * file cannot be written. */
bool dr_bench_report(struct dr_bench *b, const char *json);

#endif
