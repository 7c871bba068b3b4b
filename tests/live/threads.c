/* The live carrier under load from many sides at once, for ThreadSanitizer, which
 * Criterion cannot run under: every exchange is answered exactly once, with what its
 * statement allows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/prng.h"
#include "tests/unit/live_kit.h"

enum { EXCHANGES = 3000, PEERS = 6, LOGINS = 3, IN_FLIGHT = 120 };

#define BIT(c) (1u << (c))

static const struct {
    const char *text; /* a statement, or a path */
    int64_t deadline_ms;
    unsigned may; /* bits of enum dr_carried */
} acts[] = {
    {"ok", 8000, BIT(DR_ANSWERED) | BIT(DR_LOST) | BIT(DR_NOT_SENT)},
    {"rows 50", 8000, BIT(DR_ANSWERED) | BIT(DR_LOST) | BIT(DR_NOT_SENT)},
    {"error 1105 no", 8000, BIT(DR_ANSWERED) | BIT(DR_LOST) | BIT(DR_NOT_SENT)},
    {"sleep 20", 8000, BIT(DR_ANSWERED) | BIT(DR_LOST) | BIT(DR_NOT_SENT)},
    {"hang", 30, BIT(DR_LOST) | BIT(DR_NOT_SENT)},
    {"close", 8000, BIT(DR_LOST) | BIT(DR_NOT_SENT)},
    {"last", 8000, BIT(DR_ANSWERED) | BIT(DR_LOST) | BIT(DR_NOT_SENT)},
    {"drip", 60, BIT(DR_LOST) | BIT(DR_NOT_SENT)},
    {"ok", 1, BIT(DR_ANSWERED) | BIT(DR_LOST) | BIT(DR_NOT_SENT)},
    {"/x", 8000, BIT(DR_ANSWERED)},
    {"/close", 8000, BIT(DR_LOST)},
    {"/hang", 40, BIT(DR_LOST) | BIT(DR_NOT_SENT)},
};
enum { ACTS = sizeof(acts) / sizeof(acts[0]) };

static unsigned passed, failed;

static void check(bool good, const char *what, const struct dr_answer *a)
{
    if (good) {
        passed++;
        return;
    }
    failed++;
    printf("not as expected: %s: carried %d: %s\n", what, (int)a->carried, a->err.text);
}

struct load {
    struct kit kit;
    struct peer *peers[PEERS], *web;
    struct dr_login logins[LOGINS];
    struct dr_prng prng;
    unsigned act_of[EXCHANGES + 1];
    bool seen[EXCHANGES + 1];
    unsigned carried[3];
};

static void submit_one(struct load *l, unsigned number)
{
    struct dr_carrier *c = l->kit.carrier;
    unsigned act = (unsigned)dr_prng_below(&l->prng, ACTS);
    struct dr_exchange ex = kit_exchange(&l->kit, acts[act].text, 0);
    uint64_t ticket;
    if (acts[act].text[0] == '/') {
        ex = kit_request(&l->kit, number % 2 ? "GET" : "POST", acts[act].text);
        ex.at = l->web->at;
    } else {
        ex.at = l->peers[dr_prng_below(&l->prng, PEERS)]->at;
        ex.sql.lane = (enum dr_lane)dr_prng_below(&l->prng, DR_LANE_COUNT_);
        ex.sql.login = &l->logins[dr_prng_below(&l->prng, LOGINS)];
    }
    ex.deadline_ms = acts[act].deadline_ms;
    c->submit(c, &ex, &ticket);
    if (ticket > EXCHANGES)
        abort();
    l->act_of[ticket] = act;
    if (dr_prng_below(&l->prng, 100) == 0)
        c->hang_up(c, &l->logins[dr_prng_below(&l->prng, LOGINS)]);
}

static bool take_one(struct load *l)
{
    struct dr_carrier *c = l->kit.carrier;
    struct dr_answer a;
    if (!c->wait(c, c->now_ms(c) + 20000, &a))
        return false;
    const char *what = acts[l->act_of[a.ticket]].text;
    check(!l->seen[a.ticket], "answered twice", &a);
    check(acts[l->act_of[a.ticket]].may & BIT(a.carried), what, &a);
    l->seen[a.ticket] = true;
    l->carried[a.carried]++;
    dr_arena_free(a.arena);
    return true;
}

int main(void)
{
    static struct load l;
    struct dr_answer none = {0};
    unsigned open = 0;
    l.prng.state = 7;
    kit_open(&l.kit, &(struct peer_options){.login = LOGIN_NATIVE});
    for (int i = 0; i < PEERS; i++)
        l.peers[i] = peer_new(&(struct peer_options){.login = LOGIN_NATIVE});
    l.web = peer_new(&(struct peer_options){.http = true});
    for (int i = 0; i < LOGINS; i++)
        l.logins[i] = l.kit.login;
    for (unsigned i = 1; i <= EXCHANGES; i++) {
        submit_one(&l, i);
        for (open++; open >= IN_FLIGHT; open--)
            if (!take_one(&l))
                break;
    }
    while (open > IN_FLIGHT / 2 && take_one(&l))
        open--;
    check(open == IN_FLIGHT / 2, "every exchange is answered", &none);
    l.kit.carrier->free(l.kit.carrier); /* with the rest still in flight */
    for (int i = 0; i < PEERS; i++)
        peer_free(l.peers[i]);
    peer_free(l.web);
    peer_free(l.kit.peer);
    dr_secret_release(&l.kit.login.password);
    check(l.carried[DR_ANSWERED] > EXCHANGES / 4, "most could be answered", &none);
    printf("not sent %u, lost %u, answered %u\n", l.carried[DR_NOT_SENT],
           l.carried[DR_LOST], l.carried[DR_ANSWERED]);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
