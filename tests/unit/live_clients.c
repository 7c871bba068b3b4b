/* Several carriers over the same network threads, as the topologies of a controller have
 * them. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/live_kit.h"

/* The kit's client is the first; the second one has nothing but a carrier. */
struct pair {
    struct dr_live *live;
    struct kit first, second;
};

static void pair_open(struct pair *p)
{
    static const struct peer_options good = {.login = LOGIN_NATIVE};
    struct dr_live_options o = {.connect_ms = 1000, .seed = 1};
    struct dr_err err;
    cr_assert_eq(dr_live_start(&p->live, &o, &err), 0);
    kit_open_over(&p->first, &good, dr_live_client(p->live));
    kit_open_over(&p->second, &good, dr_live_client(p->live));
}

Test(live_clients, one_that_leaves_takes_nothing_with_it, .timeout = 60)
{
    struct pair p;
    struct dr_answer a;
    uint64_t ticket, kept;
    pair_open(&p);
    struct peer *web = peer_new(&(struct peer_options){.http = true});
    static const char *const texts[] = {"hang", "drip", "sleep 50", "ok"};
    for (size_t i = 0; i < 20; i++) {
        struct dr_exchange ex = kit_exchange(&p.first, texts[i % 4], 0);
        ex.sql.lane = (enum dr_lane)(i / 4);
        p.first.carrier->submit(p.first.carrier, &ex, &ticket);
        ex = kit_request(&p.first, "GET", "/hang");
        ex.at = web->at;
        p.first.carrier->submit(p.first.carrier, &ex, &ticket);
    }
    p.second.peer->hold = true;
    struct dr_exchange ex = kit_exchange(&p.second, "wait", 0);
    p.second.carrier->submit(p.second.carrier, &ex, &kept);
    while (!p.second.peer->statements)
        usleep(1000);
    kit_close(&p.first); /* with all that in flight */
    p.second.peer->hold = false;
    cr_assert(p.second.carrier->wait(p.second.carrier, INT64_MAX, &a));
    cr_assert_eq(a.ticket, kept);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    dr_arena_free(a.arena);
    a = kit_sql(&p.second, "rows 1", 0);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    cr_assert_eq(p.second.peer->logins, 1, "on the session that it had");
    dr_arena_free(a.arena);
    kit_close(&p.second);
    dr_live_stop(p.live);
    peer_free(web);
}

/* Who waits for what an attempt learns makes none of its own when the client leaves. */
Test(live_clients, one_that_leaves_begins_nothing, .timeout = 60)
{
    static const struct peer_options silent = {.login = LOGIN_SILENT, .connect_ms = 3000};
    struct kit k;
    uint64_t ticket;
    kit_open(&k, &silent);
    for (int i = 0; i < 3; i++) {
        struct dr_exchange ex = kit_exchange(&k, "ok", 0);
        ex.sql.lane = i == 0 ? DR_LANE_OBSERVE : i == 1 ? DR_LANE_LEASE : DR_LANE_LOGIN;
        k.carrier->submit(k.carrier, &ex, &ticket);
        if (i == 0)
            usleep(700000); /* until the attempt seems to be in vain */
    }
    usleep(100000);
    struct peer *peer = k.peer;
    cr_assert_eq(peer->accepted, 1, "%d: the others wait for it", peer->accepted);
    k.carrier->free(k.carrier);
    cr_expect_eq(peer->accepted, 1, "%d connections", peer->accepted);
    peer_free(peer);
    dr_secret_release(&k.login.password);
}

/* What one client found out about an address, with its certificates and passwords, says
 * nothing about another client's. */
Test(live_clients, a_backoff_is_its_clients_own, .timeout = 60)
{
    struct pair p;
    struct dr_err err;
    pair_open(&p);
    struct dr_exchange ex = kit_exchange(&p.first, "ok", 0);
    ex.at = peer_nobody();
    struct dr_answer a = kit_carry(&p.first, &ex);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    dr_arena_free(a.arena);
    a = kit_carry(&p.first, &ex);
    cr_assert(strstr(a.err.text, "not tried again yet"), "%s", a.err.text);
    dr_arena_free(a.arena);
    a = kit_carry(&p.second, &ex);
    err = a.err;
    cr_assert(!strstr(err.text, "not tried again yet"), "%s", err.text);
    dr_arena_free(a.arena);
    kit_close(&p.first);
    kit_close(&p.second);
    dr_live_stop(p.live);
}

/* A whole estate that accepts and says nothing, looked at by many topologies: what is
 * known to fail is tried by some of them at a time, and the others hear so at once. */
Test(live_clients, a_sick_estate_is_not_stormed, .timeout = 60)
{
    enum { SICK = 12, AT_A_TIME = 3 };
    static const struct peer_options silent = {.login = LOGIN_SILENT};
    struct dr_live_options o = {.connect_ms = 500, .doubtful = AT_A_TIME, .seed = 1};
    struct dr_live *live;
    struct dr_err err;
    struct kit k[SICK];
    cr_assert_eq(dr_live_start(&live, &o, &err), 0);
    for (int i = 0; i < SICK; i++)
        kit_open_over(&k[i], &silent, dr_live_client(live));
    for (int look = 0; look < 2; look++) {
        unsigned before = 0, after = 0, waits = 0;
        for (int i = 0; i < SICK; i++)
            before += (unsigned)k[i].peer->accepted;
        for (int i = 0; i < SICK; i++) {
            uint64_t ticket;
            struct dr_exchange ex = kit_exchange(&k[i], "ok", 0);
            k[i].carrier->submit(k[i].carrier, &ex, &ticket);
        }
        for (int i = 0; i < SICK; i++) {
            struct dr_answer a = {0};
            cr_assert(k[i].carrier->wait(k[i].carrier, INT64_MAX, &a));
            cr_assert_eq(a.carried, DR_NOT_SENT);
            waits += strstr(a.err.text, "not tried again yet") != NULL;
            dr_arena_free(a.arena);
            after += (unsigned)k[i].peer->accepted;
        }
        unsigned tried = look ? AT_A_TIME : SICK; /* first nothing is known of them */
        cr_expect_eq(after - before, tried, "look %d: %u connects", look, after - before);
        cr_expect_eq(waits, SICK - tried, "look %d: %u", look, waits);
        usleep(1100000); /* the first backoff is over */
    }
    for (int i = 0; i < SICK; i++)
        kit_close(&k[i]);
    dr_live_stop(live);
}

/* What was used longest ago makes room; what is in use does not. */
Test(live_clients, descriptors_are_not_used_up, .timeout = 60)
{
    static const struct peer_options good = {.login = LOGIN_NATIVE}, web = {.http = true};
    struct dr_live_options o = {.connect_ms = 1000, .descriptors = 4, .seed = 1};
    struct dr_live *live;
    struct dr_err err;
    struct kit k[3], http;
    cr_assert_eq(dr_live_start(&live, &o, &err), 0);
    for (int i = 0; i < 3; i++)
        kit_open_over(&k[i], &good, dr_live_client(live));
    kit_open_over(&http, &web, dr_live_client(live));
    for (int i = 0; i < 2; i++)
        dr_arena_free(kit_sql(&k[i], "ok", 0).arena);
    struct dr_answer a = kit_sql(&k[2], "ok", 0); /* the others were used just now */
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_IO, "%s", a.err.text);
    cr_assert(strstr(a.err.text, "no file descriptor is left"), "%s", a.err.text);
    dr_arena_free(a.arena);
    a = kit_http(&http, "GET", "/x");
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_IO, "%s", a.err.text);
    dr_arena_free(a.arena);
    usleep(2100000);
    dr_arena_free(kit_sql(&k[1], "ok", 0).arena);
    a = kit_http(&http, "GET", "/x");
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    dr_arena_free(a.arena);
    dr_arena_free(kit_sql(&k[1], "ok", 0).arena);
    cr_assert_eq(k[1].peer->logins, 1, "its session stayed");
    a = kit_sql(&k[0], "ok", 0);
    cr_assert_eq(a.carried, DR_NOT_SENT, "its session went, and two are not free");
    dr_arena_free(a.arena);
    for (int i = 0; i < 3; i++)
        kit_close(&k[i]);
    kit_close(&http);
    dr_live_stop(live);
}

enum { STUCK = 80 };

static unsigned try_all(struct pair *p, struct peer **stuck, const char *says)
{
    struct dr_answer a;
    uint64_t ticket;
    unsigned found = 0;
    for (int i = 0; i < STUCK; i++) {
        struct dr_exchange ex = kit_exchange(&p->first, "ok", 0);
        ex.at = stuck[i]->at;
        ex.deadline_ms = 30000;
        p->first.carrier->submit(p->first.carrier, &ex, &ticket);
    }
    for (int i = 0; i < STUCK; i++) {
        cr_assert(p->first.carrier->wait(p->first.carrier, INT64_MAX, &a));
        cr_assert_eq(a.carried, DR_NOT_SENT);
        found += strstr(a.err.text, says) != NULL;
        dr_arena_free(a.arena);
    }
    return found;
}

/* Servers that greet and then say nothing hold a worker each, until the login's time is
 * over. Once that is known of them, only some of them may at a time. */
Test(live_clients, logins_that_hang_leave_room_for_others, .timeout = 120)
{
    struct peer *stuck[STUCK];
    struct pair p;
    pair_open(&p);
    for (int i = 0; i < STUCK; i++)
        stuck[i] = peer_new(&(struct peer_options){.login = LOGIN_HANG});
    cr_assert_eq(try_all(&p, stuck, "so do others"), 0, "nothing is known yet");
    struct dr_answer a = kit_sql(&p.second, "rows 1", 0);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    dr_arena_free(a.arena);
    usleep(1200000); /* the first backoff is 0.5 s and some jitter */
    cr_assert_geq(try_all(&p, stuck, "so do others"), STUCK / 2);
    a = kit_sql(&p.second, "rows 1", 0);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    dr_arena_free(a.arena);
    kit_close(&p.first);
    kit_close(&p.second);
    dr_live_stop(p.live);
    for (int i = 0; i < STUCK; i++)
        peer_free(stuck[i]);
}

/* A server that answers without reading: its kernel and ours fill up, and a write waits.
 * It must not be the one thread that keeps everybody's deadlines. */
Test(live_clients, a_server_that_never_reads_stops_nobody, .timeout = 120)
{
    enum { STATEMENTS = 6000 };
    static char text[4000];
    struct pair p;
    struct dr_answer a;
    uint64_t ticket;
    pair_open(&p);
    memset(text, 'x', sizeof(text) - 1);
    a = kit_sql(&p.first, "deaf", 0);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    dr_arena_free(a.arena);
    enum dr_carried last = DR_ANSWERED;
    for (int i = 0; i < STATEMENTS && last == DR_ANSWERED; i++) {
        struct dr_exchange ex = kit_exchange(&p.first, text, 0);
        ex.deadline_ms = 2000;
        p.first.carrier->submit(p.first.carrier, &ex, &ticket);
        usleep(4000); /* it is to be answered after it was written */
        p.first.peer->unread++;
        int64_t until_ms = p.first.carrier->now_ms(p.first.carrier) + 15000;
        cr_assert(p.first.carrier->wait(p.first.carrier, until_ms, &a),
                  "nobody keeps its deadline");
        last = a.carried;
        if (last == DR_ANSWERED && a.sql.error) /* an answer came first: a new session */
            i = STATEMENTS;
        dr_arena_free(a.arena);
    }
    if (last == DR_ANSWERED)
        cr_skip_test(
            "this machine is too busy, or its buffers are too large to be filled");
    cr_assert_eq(last, DR_LOST);
    a = kit_sql(&p.second, "rows 1", 0);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    dr_arena_free(a.arena);
    kit_close(&p.first);
    kit_close(&p.second);
    dr_live_stop(p.live);
}

/* Answers that begin and stall, in the lane that has the fewest workers: another client's
 * lease is renewed meanwhile. */
Test(live_clients, answers_that_stall_hold_up_nobody_else, .timeout = 120)
{
    enum { SICK = 20 };
    struct peer *peers[SICK];
    struct pair p;
    struct dr_answer a;
    uint64_t ticket;
    pair_open(&p);
    for (int i = 0; i < SICK; i++) {
        peers[i] = peer_new(&(struct peer_options){.login = LOGIN_NATIVE});
        struct dr_exchange ex = kit_exchange(&p.first, "ok", 0);
        ex.at = peers[i]->at;
        ex.sql.lane = DR_LANE_LEASE;
        ex.deadline_ms = 20000;
        a = kit_carry(&p.first, &ex);
        cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
        dr_arena_free(a.arena);
        ex.sql.text = "drip";
        ex.deadline_ms = 60000;
        p.first.carrier->submit(p.first.carrier, &ex, &ticket);
    }
    struct dr_exchange ok = kit_exchange(&p.second, "ok", 0);
    ok.sql.lane = DR_LANE_LEASE;
    ok.deadline_ms = 20000;
    a = kit_carry(&p.second, &ok);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    dr_arena_free(a.arena);
    kit_close(&p.first);
    kit_close(&p.second);
    dr_live_stop(p.live);
    for (int i = 0; i < SICK; i++)
        peer_free(peers[i]);
}
