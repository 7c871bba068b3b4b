#include "tests/bench/kit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/buf.h"
#include "controller/base/file.h"

extern char **environ;

enum { FILE_MAX = 64 << 20, END_MS = 20000, TICK_MS = 20 };

double dr_bench_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

_Noreturn void dr_bench_die(const char *what, const struct dr_err *err)
{
    fprintf(stderr, "bench: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
    exit(1);
}

void dr_bench_sleep_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

double dr_bench_quantile(double *values, size_t n, double q)
{
    qsort(values, n, sizeof(*values), by_value);
    return values[(size_t)(q * (double)(n - 1) + 0.5)];
}

char *dr_bench_read(struct dr_arena *a, const char *path, size_t *len)
{
    struct dr_err err;
    char *bytes;
    if (dr_file_read(a, path, FILE_MAX, &bytes, len, &err) != 0)
        dr_bench_die(path, &err);
    return bytes;
}

void dr_bench_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        dr_bench_die(path, NULL);
}

const struct dr_topology *dr_bench_parse(struct dr_arena *a, struct dr_docs *d,
                                         const char *text, size_t len)
{
    dr_docs_init(d, a);
    dr_docs_add(d, "bench.yaml", text, len);
    dr_docs_finish(d);
    return d->topology_count ? d->topologies[0] : NULL;
}

const struct dr_topology *dr_bench_load(struct dr_arena *a, struct dr_docs *d,
                                        const char *path)
{
    size_t len;
    char *bytes = dr_bench_read(a, path, &len);
    return dr_bench_parse(a, d, bytes, len);
}

char *dr_bench_replace(struct dr_arena *a, const char *text, const char *from,
                       const char *to)
{
    struct dr_buf b;
    dr_buf_init(&b, FILE_MAX);
    for (const char *at; (at = strstr(text, from)); text = at + strlen(from)) {
        dr_buf_add(&b, text, (size_t)(at - text));
        dr_buf_adds(&b, to);
    }
    dr_buf_adds(&b, text);
    char *out = dr_strdup(a, dr_buf_str(&b));
    dr_buf_release(&b);
    return out;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void dr_bench_remove(const char *dir)
{
    if (nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "bench: %s could not be removed\n", dir);
}

/* ---- what malloc is asked ---- */

/* glibc's own, beside which a program may define malloc. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *p, size_t bytes);

static _Thread_local uint64_t allocations;
static _Thread_local int uncounted;

void *malloc(size_t bytes)
{
    allocations += !uncounted;
    return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    allocations += !uncounted;
    return __libc_calloc(n, bytes);
}

void *realloc(void *p, size_t bytes)
{
    allocations += !uncounted;
    return __libc_realloc(p, bytes);
}

uint64_t dr_bench_allocations(void)
{
    return allocations;
}

void dr_bench_uncounted(int more)
{
    uncounted += more;
}

/* ---- processes ---- */

static pid_t spawn(const char *const *argv, const char *out, int pipe_end)
{
    pid_t pid;
    posix_spawn_file_actions_t to;
    posix_spawn_file_actions_init(&to);
    posix_spawn_file_actions_addopen(&to, 0, "/dev/null", O_RDONLY, 0);
    if (pipe_end >= 0)
        posix_spawn_file_actions_adddup2(&to, pipe_end, 1);
    else
        posix_spawn_file_actions_addopen(&to, 1, out ? out : "/dev/null",
                                         O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&to, 1, 2);
    if (posix_spawnp(&pid, argv[0], &to, NULL, (char *const *)argv, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&to);
    return pid;
}

static double tv_us(struct timeval t)
{
    return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

struct dr_bench_child dr_bench_run(const char *const *argv, const char *out)
{
    struct dr_bench_child c = {.status = -1};
    struct rusage used;
    int status;
    double begin = dr_bench_us();
    pid_t pid = spawn(argv, out, -1);
    if (pid < 0)
        return c;
    while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR)
        ;
    c.wall_us = dr_bench_us() - begin;
    c.cpu_us = tv_us(used.ru_utime) + tv_us(used.ru_stime);
    c.peak_kib = used.ru_maxrss;
    c.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return c;
}

struct dr_bench_child dr_bench_run_often(const char *const *argv, const char *out, int n)
{
    struct dr_bench_child c = {0};
    double wall[64], cpu[64];
    n = n > 64 ? 64 : n;
    for (int i = 0; i < n; i++) {
        c = dr_bench_run(argv, out);
        wall[i] = c.wall_us;
        cpu[i] = c.cpu_us;
    }
    c.wall_us = dr_bench_quantile(wall, (size_t)n, 0.5);
    c.cpu_us = dr_bench_quantile(cpu, (size_t)n, 0.5);
    return c;
}

pid_t dr_bench_start(const char *const *argv, int *out)
{
    int ends[2] = {-1, -1};
    if (out && pipe2(ends, O_CLOEXEC) != 0)
        dr_bench_die("no pipe", NULL);
    pid_t pid = spawn(argv, NULL, ends[1]);
    if (pid < 0)
        dr_bench_die(argv[0], NULL);
    if (out) {
        close(ends[1]);
        *out = ends[0];
    }
    return pid;
}

void dr_bench_end(pid_t pid)
{
    int status;
    kill(pid, SIGTERM);
    for (int ms = 0; ms < END_MS; ms += TICK_MS) {
        if (waitpid(pid, &status, WNOHANG) != 0)
            return;
        dr_bench_sleep_ms(TICK_MS);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static uint64_t field_of(const char *path, const char *field)
{
    char line[512];
    uint64_t value = 0;
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, field, strlen(field)) == 0)
            value += strtoull(line + strlen(field), NULL, 10);
    if (f)
        fclose(f);
    return value;
}

uint64_t dr_bench_proc(pid_t pid, const char *file, const char *field)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return field_of(path, field);
}

double dr_bench_cpu_us(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return 0;
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Calls `each` for every entry of a folder of /proc. */
static unsigned count_entries(const char *path, uint64_t (*each)(const char *path),
                              uint64_t *sum)
{
    unsigned n = 0;
    char name[400];
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        n++;
        snprintf(name, sizeof(name), "%s/%s/status", path, e->d_name);
        if (each)
            *sum += each(name);
    }
    if (d)
        closedir(d);
    return n;
}

unsigned dr_bench_descriptors(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    return count_entries(path, NULL, NULL);
}

static uint64_t switches_of(const char *path)
{
    return field_of(path, "voluntary_ctxt_switches:") +
           field_of(path, "nonvoluntary_ctxt_switches:");
}

uint64_t dr_bench_switches(pid_t pid)
{
    char path[64];
    uint64_t sum = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    (void)count_entries(path, switches_of, &sum);
    return sum;
}
