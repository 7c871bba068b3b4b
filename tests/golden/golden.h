/* Golden cases: one folder a case, many cases in one process. A suite is a folder below
 * tests/golden and a function that runs one of its cases; a new suite is one file and one
 * row in the table of run.c. */
#ifndef DR_TESTS_GOLDEN_H
#define DR_TESTS_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/base/arena.h"
#include "controller/base/buf.h"

struct golden {
    struct dr_arena *arena; /* emptied after each case */
    struct dr_arena *suite; /* emptied after each suite: for what coverage remembers */
    bool update;            /* rewrite expected files instead of comparing */
    size_t passed, failed;
    const char *suite_name;
    const char *case_name; /* folder of the running case */
    const char *dir;       /* its path */
    bool case_failed;
    void *state; /* of the suite */
};

struct golden_suite {
    const char *name; /* the folder below tests/golden */
    void (*begin)(struct golden *g);
    void (*run)(struct golden *g);
    void (*end)(struct golden *g); /* coverage: what never fired */
};

/* A failure of the running case (or of the suite), with a line about it. */
void golden_fail(struct golden *g, const char *fmt, ...) DR_PRINTF(2, 3);

/* A check that is counted by itself, outside of a case. */
void golden_count(struct golden *g, bool good, const char *fmt, ...) DR_PRINTF(3, 4);

/* Path of a file of the running case. */
const char *golden_path(struct golden *g, const char *file);

/* Its text; NULL when it is not there. */
char *golden_read(struct golden *g, const char *file, size_t *len);

/* Compares a result with the expected file byte for byte and shows the first difference;
 * with --update writes it. */
void golden_expect(struct golden *g, const char *file, const char *bytes, size_t len);
void golden_expect_at(struct golden *g, const char *path, const char *bytes, size_t len);

extern const struct golden_suite golden_spec, golden_plan, golden_pages, golden_cli;

#endif
