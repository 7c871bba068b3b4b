/* What the measurements share: time, documents, child processes, what malloc was asked.
 */
#ifndef DR_BENCH_KIT_H
#define DR_BENCH_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "controller/base/arena.h"
#include "spec/load.h"

double dr_bench_us(void); /* monotonic microseconds */
_Noreturn void dr_bench_die(const char *what, const struct dr_err *err);

/* Of `n` values, which it sorts; q: 0.5 is the median. */
double dr_bench_quantile(double *values, size_t n, double q);

char *dr_bench_read(struct dr_arena *a, const char *path, size_t *len);
void dr_bench_write(const char *path, const char *text);
/* All of `from` in `text` become `to`. */
char *dr_bench_replace(struct dr_arena *a, const char *text, const char *from,
                       const char *to);
const struct dr_topology *dr_bench_load(struct dr_arena *a, struct dr_docs *d,
                                        const char *path);
const struct dr_topology *dr_bench_parse(struct dr_arena *a, struct dr_docs *d,
                                         const char *text, size_t len);

/* Calls of malloc, calloc and realloc by this thread. */
uint64_t dr_bench_allocations(void);
/* More than 0: allocations of this thread are not counted. */
void dr_bench_uncounted(int more);

/* ---- processes ---- */

struct dr_bench_child {
    int status;             /* exit status; -1: a signal */
    double wall_us, cpu_us; /* cpu: with what it waited for */
    long peak_kib;
};

/* Runs argv to its end. Output goes to `out` (a file; NULL: nowhere). */
struct dr_bench_child dr_bench_run(const char *const *argv, const char *out);
/* .. n times; medians. */
struct dr_bench_child dr_bench_run_often(const char *const *argv, const char *out, int n);
/* Starts it. Out: output pipe of it, when asked. */
pid_t dr_bench_start(const char *const *argv, int *out);
/* SIGTERM, and waits; after 20 s SIGKILL. */
void dr_bench_end(pid_t pid);

/* A field of /proc/PID/FILE, "Pss:"; 0: not there. */
uint64_t dr_bench_proc(pid_t pid, const char *file, const char *field);
/* CPU microseconds that all threads of a living process took; its descriptors. */
double dr_bench_cpu_us(pid_t pid);
unsigned dr_bench_descriptors(pid_t pid);
/* Context switches of all its threads that live. */
uint64_t dr_bench_switches(pid_t pid);

void dr_bench_sleep_ms(int64_t ms);
void dr_bench_remove(const char *dir); /* with all that is in it */

#endif
