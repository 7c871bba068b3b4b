/* Over real sockets, against a simulated estate in a process of its own: a no-op round
 * and a first look, with answers that come at once, 20 ms and 100 ms later; the journal.
 */
#include <arpa/inet.h>
#include <mysql.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "controller/act/act.h"
#include "controller/loop/rig.h"
#include "tests/bench/estate.h"
#include "tests/bench/parts.h"

enum {
    SETTLE_ROUNDS = 400,
    ROUNDS_MAX = 101,
    NOT_YET_MS = 200,
    FLOOR_TIMES = 31,
    RECORDS = 100000
};

struct stage {
    struct dr_bench *b;
    struct dr_arena *arena;
    struct dr_bench_estate estate;
    struct dr_docs docs;
    const struct dr_topology *topology;
    char holder[DR_HOLDER_TEXT];
};

/* One controller of the pair, in this process. */
struct driver {
    struct dr_rig rig;
    struct dr_actor *actor;
};

static int64_t wall_ms(void *arg)
{
    (void)arg;
    return dr_wall_ms();
}

static void driver_open(struct driver *d, struct stage *s)
{
    struct dr_err err;
    if (dr_rig_open(&d->rig, s->topology, NULL, &err) != 0)
        dr_bench_die("the rig", &err);
    dr_holder_new(s->holder);
    struct dr_actor_options o = {.topology = s->topology,
                                 .access = d->rig.access,
                                 .estate = d->rig.estate,
                                 .holder = s->holder,
                                 .revision = "bench",
                                 .lease_ms = 30000,
                                 .wall_ms = wall_ms};
    o.allowed[DR_RISK_SAFE] = o.allowed[DR_RISK_DISRUPTIVE] = true;
    d->actor = dr_actor_new(&o);
}

static void driver_close(struct driver *d)
{
    dr_actor_leave(d->actor);
    dr_actor_free(d->actor);
    dr_rig_close(&d->rig);
}

static bool round_of(struct driver *d, double *took_ms)
{
    struct dr_round r;
    struct dr_err err;
    double begin = dr_bench_us();
    if (dr_actor_round(d->actor, &r, &err) != 0)
        dr_bench_die("a round", &err);
    *took_ms = (dr_bench_us() - begin) / 1e3;
    bool quiet = r.state == DR_ROUND_CONVERGED && r.plan->is_protected == DR_TRUE;
    if (!quiet && r.state != DR_ROUND_MOVED)
        dr_bench_sleep_ms(NOT_YET_MS);
    return quiet;
}

/* Until the pair has been protected for a few rounds. */
static void settle(struct stage *s, struct driver *d)
{
    double ignored;
    int quiet = 0;
    for (int i = 0; i < SETTLE_ROUNDS && quiet < 3; i++)
        quiet = round_of(d, &ignored) ? quiet + 1 : 0;
    dr_bench_must(s->b, quiet == 3, "the pair comes to protected over sockets");
}

/* ---- how long one exchange takes, by clients that know nothing of drover ---- */

static double sql_floor_ms(struct stage *s)
{
    double took[FLOOR_TIMES];
    MYSQL *m = mysql_init(NULL);
    if (!mysql_real_connect(m, dr_bench_host(&s->estate, s->arena, 0, 1, 4), "drover",
                            getenv("DROVER_EAST_PASSWORD"), NULL, 4000, NULL, 0))
        dr_bench_die(mysql_error(m), NULL);
    for (int i = 0; i < FLOOR_TIMES; i++) {
        double begin = dr_bench_us();
        if (mysql_query(m, "SELECT 1") != 0)
            dr_bench_die(mysql_error(m), NULL);
        mysql_free_result(mysql_store_result(m));
        took[i] = (dr_bench_us() - begin) / 1e3;
    }
    mysql_close(m);
    return dr_bench_quantile(took, FLOOR_TIMES, 0.5);
}

/* A kept connection; the whole answer fits into one read. */
static double http_floor_ms(const char *host, unsigned port, const char *target)
{
    double took[FLOOR_TIMES];
    char text[512], answer[65536];
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &at.sin_addr);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
        dr_bench_die(host, NULL);
    int len =
        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host);
    for (int i = 0; i < FLOOR_TIMES; i++) {
        double begin = dr_bench_us();
        if (write(fd, text, (size_t)len) != len || read(fd, answer, sizeof(answer)) <= 0)
            dr_bench_die(target, NULL);
        took[i] = (dr_bench_us() - begin) / 1e3;
    }
    close(fd);
    return dr_bench_quantile(took, FLOOR_TIMES, 0.5);
}

static double slowest_floor_ms(struct stage *s)
{
    double most = sql_floor_ms(s);
    const double others[] = {http_floor_ms(dr_bench_host(&s->estate, s->arena, 0, 1, 1),
                                           2379, "/pd/api/v1/version"),
                             http_floor_ms(dr_bench_host(&s->estate, s->arena, 0, 2, 9),
                                           8300, "/api/v2/changefeeds")};
    for (int i = 0; i < 2; i++)
        most = others[i] > most ? others[i] : most;
    return most;
}

/* Every answer of every server comes that much later. */
static void set_delay(struct stage *s, unsigned ms)
{
    static const struct {
        unsigned region, host, port;
    } all[] = {{1, 4, 4000}, {1, 5, 4000},  {2, 4, 4000},  {2, 5, 4000}, {1, 1, 2379},
               {1, 2, 2379}, {1, 3, 2379},  {2, 1, 2379},  {2, 2, 2379}, {2, 3, 2379},
               {2, 9, 8300}, {2, 10, 8300}, {1, 11, 8300}, {1, 12, 8300}};
    struct dr_arena *a = s->arena;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const char *at = dr_sprintf(
            a, "%s:%u", dr_bench_host(&s->estate, a, 0, all[i].region, all[i].host),
            all[i].port);
        const char *argv[] = {dr_sprintf(a, "%s/drover-sim", s->b->build),
                              "ctl",
                              "--socket",
                              dr_sprintf(a, "%s/ctl0", s->estate.dir),
                              "slow",
                              at,
                              dr_sprintf(a, "ms=%u", ms),
                              NULL};
        dr_bench_must(s->b, dr_bench_run(argv, NULL).status == 0, "answers are delayed");
    }
}

/* ---- P1, P2 ---- */

static void warm_rounds(struct stage *s, unsigned delay_ms, int rounds, double floor)
{
    struct driver d;
    double took[ROUNDS_MAX];
    int quiet = 0;
    driver_open(&d, s);
    settle(s, &d);
    for (int i = 0; i < rounds; i++)
        quiet += round_of(&d, &took[i]);
    dr_bench_must(s->b, quiet == rounds, "a protected pair stays protected over sockets");
    struct dr_bench_row r = {
        .id = "P1",
        .what = dr_sprintf(s->arena, "no-op round, answers %u ms later", delay_ms),
        .unit = "ms",
        .value = dr_bench_quantile(took, (size_t)rounds, 0.5),
        .floor = "the slowest single exchange",
        .floor_value = floor,
        .must = floor + 5,
        .moonshot = floor + 0.5};
    dr_bench_row(s->b, &r);
    driver_close(&d);
}

/* From nothing: secrets, sessions, all that a first look asks, a plan. */
static void cold_look(struct stage *s, unsigned delay_ms, int times, double floor)
{
    double took[ROUNDS_MAX];
    for (int i = 0; i < times; i++) {
        struct driver d;
        struct dr_round r;
        double begin = dr_bench_us();
        driver_open(&d, s);
        dr_actor_look(d.actor, &r);
        took[i] = (dr_bench_us() - begin) / 1e3;
        dr_actor_free(d.actor);
        dr_rig_close(&d.rig);
    }
    struct dr_bench_row r = {
        .id = "P2",
        .what =
            dr_sprintf(s->arena, "first look and plan, answers %u ms later", delay_ms),
        .unit = "ms",
        .value = dr_bench_quantile(took, (size_t)times, 0.5),
        .floor = "the slowest single exchange",
        .floor_value = floor,
        .must = 6 * floor + 20,
        .moonshot = 5 * floor + 5};
    dr_bench_row(s->b, &r);
}

static void at_delay(struct stage *s, unsigned delay_ms, int rounds)
{
    set_delay(s, delay_ms);
    double floor = slowest_floor_ms(s);
    warm_rounds(s, delay_ms, rounds, floor);
    cold_look(s, delay_ms, rounds / 4 + 1, floor);
}

/* ---- P16 ---- */

static double hash_ms(const char *path)
{
    struct dr_arena *a = dr_arena_new(0);
    size_t len;
    unsigned char digest[EVP_MAX_MD_SIZE];
    char *bytes = dr_bench_read(a, path, &len);
    double begin = dr_bench_us();
    EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL);
    double took = (dr_bench_us() - begin) / 1e3;
    dr_arena_free(a);
    return took;
}

/* In memory when there is such a folder: making it waits for a disk 100,000 times. */
static void journal(struct stage *s)
{
    char dir[] = "/dev/shm/drover-bench-XXXXXX";
    struct dr_journal *j;
    struct dr_err err;
    if (!mkdtemp(dir)) {
        dr_bench_left_out(s->b, "P16", "no folder in /dev/shm");
        return;
    }
    int64_t now_ms = dr_wall_ms();
    if (dr_journal_open(&j, dir, now_ms, &err) != 0)
        dr_bench_die(dir, &err);
    struct dr_journal_entry e = {.time_ms = now_ms,
                                 .topology = "shop",
                                 .revision = "3f786850e387550fdab836ed7e6dc881de23001b",
                                 .verb = "NOTE",
                                 .target = "east -> west",
                                 .text = "the feed's checkpoint lags, and rises again",
                                 .holder = "host:4711:0123456789abcdef",
                                 .epoch = 3};
    for (int i = 0; i < RECORDS; i++)
        if (dr_journal_event(j, &e, &err) != 0)
            dr_bench_die(dir, &err);
    dr_journal_close(j);
    double begin = dr_bench_us();
    if (dr_journal_open(&j, dir, now_ms, &err) != 0)
        dr_bench_die(dir, &err);
    double took = (dr_bench_us() - begin) / 1e3;
    dr_journal_close(j);
    dr_bench_row(s->b,
                 &(struct dr_bench_row){
                     .id = "P16",
                     .what = "journal of 100,000 rows opened, its chain verified",
                     .unit = "ms",
                     .value = took,
                     .floor = "SHA-256 of the file",
                     .floor_value = hash_ms(dr_sprintf(s->arena, "%s/journal.db", dir)),
                     .must = 1000,
                     .moonshot = 20});
    dr_bench_remove(dir);
}

void dr_bench_live(struct dr_bench *b)
{
    struct stage s = {.b = b, .arena = dr_arena_new(0)};
    dr_bench_estate_start(&s.estate, b, s.arena, "live", 1);
    dr_bench_estate_declare(&s.estate, 0, 1);
    s.topology = dr_bench_load(s.arena, &s.docs,
                               dr_sprintf(s.arena, "%s/shop0.yaml", s.estate.docs));
    at_delay(&s, 0, ROUNDS_MAX);
    at_delay(&s, 20, 31);
    at_delay(&s, 100, 15);
    dr_bench_estate_end(&s.estate);
    journal(&s);
    dr_arena_free(s.arena);
}
