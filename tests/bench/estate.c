#include "tests/bench/estate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/buf.h"

enum {
    ESTATE_MAX = 16 << 20,
    READY_MS = 60000,
    REGION_HOSTS = 100, /* of region 2, above those of region 1 */
    STORE_NET = 250     /* no pair's */
};

static unsigned net_of(const struct dr_bench_estate *e, unsigned i)
{
    return e->net + i / DR_BENCH_SIM_PAIRS;
}

static unsigned block_of(unsigned i)
{
    return i % DR_BENCH_SIM_PAIRS + 1;
}

const char *dr_bench_host(const struct dr_bench_estate *e, struct dr_arena *a, unsigned i,
                          unsigned region, unsigned host)
{
    return dr_sprintf(a, "127.%u.%u.%u", net_of(e, i), block_of(i),
                      (region - 1) * REGION_HOSTS + host);
}

/* A text of the quickstart with the addresses and names of pair i. */
static char *moved(const struct dr_bench_estate *e, struct dr_arena *a, const char *text,
                   unsigned i)
{
    unsigned net = net_of(e, i), block = block_of(i);
    const char *const changes[][2] = {
        {"127.1.1.11:6060", dr_sprintf(a, "127.%u.255.11:6060", net)},
        {"127.1.1.10:", dr_sprintf(a, "127.%u.%u.110:", net, block)},
        {"127.1.1.", dr_sprintf(a, "127.%u.%u.10", net, block)},
        {"127.0.1.", dr_sprintf(a, "127.%u.%u.", net, block)},
        {"name: shop", dr_sprintf(a, "name: shop%u", i)},
        {"backup/shop", dr_sprintf(a, "backup/shop%u", i)},
        {"redo/shop", dr_sprintf(a, "redo/shop%u", i)}};
    char *out = dr_strdup(a, text);
    for (size_t k = 0; k < sizeof(changes) / sizeof(changes[0]); k++)
        out = dr_bench_replace(a, out, changes[k][0], changes[k][1]);
    return out;
}

/* Cluster names are unique in an estate; the topologies know them by other names. */
static char *named(struct dr_arena *a, const char *text, unsigned i)
{
    char *out = dr_bench_replace(a, text, "name: east", dr_sprintf(a, "name: east%u", i));
    return dr_bench_replace(a, out, "name: west", dr_sprintf(a, "name: west%u", i));
}

static void write_topology(const struct dr_bench_estate *e, const char *text, unsigned i)
{
    struct dr_arena *a = dr_arena_new(0);
    dr_bench_write(dr_sprintf(a, "%s/aside/shop%u.yaml", e->dir, i),
                   moved(e, a, text, i));
    dr_arena_free(a);
}

/* The estate of the pairs from `from` on that one simulator plays. */
static char *write_estate(const struct dr_bench_estate *e, struct dr_arena *a,
                          const char *text, unsigned from)
{
    static const char begin[] = "  clusters:\n", end[] = "  storage:\n";
    char *path = dr_sprintf(a, "%s/estate%u.yaml", e->dir, from);
    struct dr_arena *one = dr_arena_new(0);
    struct dr_buf b;
    char *head = dr_strdup(one, text), *clusters = strstr(head, begin) + strlen(begin),
         *storage = strstr(clusters, end);
    dr_buf_init(&b, ESTATE_MAX);
    dr_buf_add(&b, head, (size_t)(clusters - head));
    *storage++ = '\0';
    for (unsigned i = from; i < e->count && i < from + DR_BENCH_SIM_PAIRS; i++)
        dr_buf_adds(&b, named(one, moved(e, one, clusters, i), i));
    dr_buf_addc(&b, ' ');
    dr_buf_adds(&b, moved(e, one, storage, from));
    dr_bench_write(path, dr_buf_str(&b));
    dr_buf_release(&b);
    dr_arena_free(one);
    return path;
}

static void wait_ready(const char *path)
{
    struct stat st;
    for (int ms = 0; stat(path, &st) != 0; ms += 20) {
        if (ms >= READY_MS)
            dr_bench_die("drover-sim does not get ready", NULL);
        dr_bench_sleep_ms(20);
    }
}

static void start_sim(struct dr_bench_estate *e, const struct dr_bench *b,
                      struct dr_arena *a, const char *estate, unsigned from)
{
    const char *ready = dr_sprintf(a, "%s/ready%u", e->dir, from);
    const char *argv[] = {dr_sprintf(a, "%s/drover-sim", b->build),
                          estate,
                          "--speed",
                          "100",
                          "--quiet",
                          "--max-connections",
                          "60000",
                          "--ctl",
                          dr_sprintf(a, "%s/ctl%u", e->dir, from),
                          "--ready-file",
                          ready,
                          NULL};
    e->sims[e->sim_count++] = dr_bench_start(argv, NULL);
    wait_ready(ready);
}

void dr_bench_estate_start(struct dr_bench_estate *e, const struct dr_bench *b,
                           struct dr_arena *a, const char *name, unsigned count)
{
    size_t len;
    struct rlimit files;
    *e = (struct dr_bench_estate){.net = b->net, .count = count};
    e->dir = dr_sprintf(a, "%s/%s", b->dir, name);
    e->docs = dr_sprintf(a, "%s/docs", e->dir);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max; /* also of the programs that are started */
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (mkdir(e->dir, 0700) != 0 || mkdir(e->docs, 0700) != 0 ||
        mkdir(dr_sprintf(a, "%s/aside", e->dir), 0700) != 0)
        dr_bench_die(e->dir, NULL);
    char *topology = dr_bench_read(a, "examples/quickstart/topology.yaml", &len);
    char *estate = dr_bench_read(a, "examples/quickstart/estate.yaml", &len);
    for (unsigned i = 0; i < count; i++)
        write_topology(e, topology, i);
    for (unsigned from = 0; from < count; from += DR_BENCH_SIM_PAIRS)
        start_sim(e, b, a, write_estate(e, a, estate, from), from);
}

void dr_bench_estate_declare(const struct dr_bench_estate *e, unsigned from,
                             unsigned count)
{
    struct dr_arena *a = dr_arena_new(0);
    for (unsigned i = from; i < e->count && i < from + count; i++) {
        const char *aside = dr_sprintf(a, "%s/aside/shop%u.yaml", e->dir, i);
        if (rename(aside, dr_sprintf(a, "%s/shop%u.yaml", e->docs, i)) != 0)
            dr_bench_die(aside, NULL);
    }
    dr_arena_free(a);
}

void dr_bench_estate_end(struct dr_bench_estate *e)
{
    while (e->sim_count)
        dr_bench_end(e->sims[--e->sim_count]);
}

int dr_bench_http(const char *host, unsigned port, const char *method, const char *target)
{
    char text[1024];
    int status = -1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int len = snprintf(text, sizeof(text),
                       "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
                       "Content-Length: 0\r\n\r\n",
                       method, target, host);
    inet_pton(AF_INET, host, &at.sin_addr);
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
        write(fd, text, (size_t)len) == len) {
        ssize_t n = read(fd, text, sizeof(text) - 1);
        text[n > 0 ? n : 0] = '\0';
        if (sscanf(text, "HTTP/1.1 %d", &status) != 1)
            status = -1;
    }
    close(fd);
    return status;
}
