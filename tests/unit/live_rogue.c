/* The live carrier against peers that are dead, slow, hostile or half gone. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/estate/live/turns.h"
#include "tests/unit/live_kit.h"

static int64_t now_ms(const struct kit *k)
{
    return k->carrier->now_ms(k->carrier);
}

Test(live_rogue, logins_that_fail_prove_that_nothing_was_sent)
{
    static const struct {
        enum peer_login how;
        enum dr_code code;
        const char *says;
    } cases[] = {
        {LOGIN_SILENT, DR_E_TIMEOUT, "within"},
        {LOGIN_HANG, DR_E_TIMEOUT, "within"},
        {LOGIN_DRIP, DR_E_TIMEOUT, "within"},
        {LOGIN_CLOSE, DR_E_UNREACHABLE, ""},
        {LOGIN_GARBAGE, DR_E_UNREACHABLE, "2013"},
        {LOGIN_CLEAR, DR_E_AUTH, "5010"},
        {LOGIN_CLEAR, DR_E_AUTH, "plugin that drover does not take up"},
        {LOGIN_SHA2, DR_E_AUTH, "caching_sha2_password, which TiDB takes over TLS only"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* only who must be waited for is given little time: machines may be busy */
        bool waits = cases[i].code == DR_E_TIMEOUT || cases[i].how == LOGIN_GARBAGE;
        struct kit k;
        kit_open(&k, &(struct peer_options){.login = cases[i].how,
                                            .connect_ms = waits ? 1000 : 10000});
        int64_t began_ms = now_ms(&k);
        struct dr_exchange ex = kit_exchange(&k, "ok", 0);
        ex.deadline_ms = cases[i].code == DR_E_TIMEOUT ? 1500 : 10000;
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, DR_NOT_SENT, "case %zu", i);
        /* garbage may announce more than ever comes */
        if (cases[i].how == LOGIN_GARBAGE && a.err.code == DR_E_TIMEOUT) {
            dr_arena_free(a.arena);
            kit_close(&k);
            continue;
        }
        cr_assert_eq(a.err.code, cases[i].code, "case %zu: %s", i, a.err.text);
        cr_assert(strstr(a.err.text, cases[i].says), "case %zu: %s", i, a.err.text);
        cr_assert_lt(now_ms(&k) - began_ms, 15000, "case %zu", i);
        cr_assert_eq(k.peer->statements, 0);
        dr_arena_free(a.arena);
        kit_close(&k);
    }
}

/* What stands in the clear behind the greeting must not be read as if it had come through
 * TLS. */
Test(live_rogue, words_before_tls_are_refused)
{
    struct kit_pem pem;
    struct kit k;
    char cert[600], key[600], ca[600];
    kit_certificates(&pem);
    struct peer_options o = {.login = LOGIN_INJECT};
    o.cert = kit_pem(&pem, cert, "server", "pem");
    o.key = kit_pem(&pem, key, "server", "key");
    kit_open(&k, &o);
    k.login.tls = (struct dr_tls){DR_TLS_VERIFY_IDENTITY, kit_pem(&pem, ca, "ca", "pem"),
                                  NULL, NULL};
    struct dr_answer a = kit_sql(&k, "ok", 0);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert(strstr(a.err.text, "out of turn"), "%s", a.err.text);
    cr_assert_eq(k.peer->logins, 0);
    dr_arena_free(a.arena);
    kit_close(&k);
    kit_certificates_remove(&pem);
}

Test(live_rogue, turns_are_followed_packet_by_packet)
{
#define PACKET(text)                                                                     \
    {                                                                                    \
        text, sizeof(text) - 1                                                           \
    }
    static const struct {
        struct {
            const char *bytes;
            size_t len;
        } say[4]; /* a client's turn after each */
        const char *says;
    } cases[] = {
        {{PACKET("\3\0\0\0\xff\1\4")}, NULL},
        {{PACKET("\1\0\0\0\xff\1\0\0\0\xff")}, "out of turn"},
        {{PACKET("\0\0\0\0")}, "empty packet"},
        {{PACKET("\5\0\0\0\n8.0\0")}, "none of a MySQL server"},
        {{PACKET("\1\0\0\0\xff"), PACKET("\1\0\0\2\0"), PACKET("\1\0\0\1\xfb")},
         "local file"},
        {{PACKET("\1\0\0\0\xff"), PACKET("\1\0\0\2\0"), PACKET("\3\0\0\1\xfc\1\x10")},
         "too many columns"},
        {{PACKET("\1\0\0\0\xff"), PACKET("\1\0\0\2\0"), PACKET("\3\0\0\1\xfc\0\x10")},
         NULL},
        {{PACKET("\1\0\0\0\xff"), PACKET("\2\0\0\2\1\3\1\0\0\3\0"),
          PACKET("\1\0\0\1\1\1\0\0\2c\1\0\0\3\xfe\1\0\0\4r\1\0\0\5\xfe")},
         NULL},
        {{PACKET("\1\0\0\0\xff"), PACKET("\1\0\0\2\0"),
          PACKET("\1\0\0\1\1\1\0\0\2c\1\0\0\3d")},
         "other columns"},
        {{PACKET("\1\0\0\0\xff"), PACKET("\1\0\0\2\0"), PACKET("\1\0\0\1\1\1\0\0\2\xfe")},
         "other columns"},
    };
#undef PACKET
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t piece = 1; piece <= 64; piece *= 8) { /* however it is cut */
            struct dr_turns t;
            dr_live_turns_init(&t, false);
            for (size_t n = 0; n < 4 && cases[i].say[n].len; n++) {
                const unsigned char *p = (const unsigned char *)cases[i].say[n].bytes;
                size_t len = cases[i].say[n].len;
                for (size_t at = 0; at < len; at += piece)
                    if (!dr_live_turns_read(&t, p + at,
                                            len - at < piece ? len - at : piece))
                        break;
                dr_live_turns_wrote(&t);
            }
            if (cases[i].says)
                cr_assert(t.reason && strstr(t.reason, cases[i].says), "case %zu: %s", i,
                          t.reason ? t.reason : "nothing");
            else
                cr_assert_null(t.reason, "case %zu: %s", i, t.reason);
        }
}

Test(live_rogue, answers_that_fail_leave_the_outcome_unknown)
{
    static const struct {
        const char *statement;
        enum dr_code code;
        const char *says;
    } cases[] = {
        {"hang", DR_E_TIMEOUT, "no answer within"},
        {"drip", DR_E_TIMEOUT, "no answer within"},
        {"close", DR_E_UNREACHABLE, "2013"},
        {"garbage", DR_E_TIMEOUT, ""},
        {"infile", DR_E_PROTOCOL, "LOCAL INFILE"},
        {"endless", DR_E_LIMIT, "64 MiB"},
        {"columns", DR_E_PROTOCOL, "other columns"},
        {"twice", DR_E_PROTOCOL, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kit k;
        kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
        struct dr_answer a = kit_sql(&k, "ok", 0);
        uint64_t session = a.sql.session, id = a.sql.connection_id;
        dr_arena_free(a.arena);
        struct dr_exchange ex = kit_exchange(&k, cases[i].statement, session);
        bool waits = cases[i].code == DR_E_TIMEOUT;
        ex.deadline_ms = waits ? 300 : 20000;
        int64_t began_ms = now_ms(&k);
        a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, DR_LOST, "'%s'", ex.sql.text);
        cr_assert_eq(a.err.code, cases[i].code, "'%s': %s", ex.sql.text, a.err.text);
        cr_assert(strstr(a.err.text, cases[i].says), "'%s': %s", ex.sql.text, a.err.text);
        cr_assert_eq(a.sql.session, session, "'%s' says where it may still run",
                     ex.sql.text);
        cr_assert_eq(a.sql.connection_id, id);
        cr_assert(!waits || now_ms(&k) - began_ms < 2000, "'%s'", ex.sql.text);
        dr_arena_free(a.arena);

        /* That session is gone; only an exchange that needs none gets a new one. */
        a = kit_sql(&k, "ok", session);
        cr_assert_eq(a.carried, DR_NOT_SENT);
        cr_assert_eq(a.err.code, DR_E_CONFLICT, "%s", a.err.text);
        dr_arena_free(a.arena);
        a = kit_sql(&k, "ok", 0);
        cr_assert_eq(a.carried, DR_ANSWERED, "after '%s': %s", ex.sql.text, a.err.text);
        cr_assert_gt(a.sql.session, session);
        dr_arena_free(a.arena);
        kit_close(&k);
    }
}

Test(live_rogue, a_session_that_the_server_ended_is_seen_before_sending)
{
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_answer a = kit_sql(&k, "last", 0);
    uint64_t session = a.sql.session;
    cr_assert_eq(a.carried, DR_ANSWERED);
    dr_arena_free(a.arena);
    usleep(100000);
    a = kit_sql(&k, "ok", session);
    cr_assert_eq(a.carried, DR_NOT_SENT, "nothing can run on a closed session");
    cr_assert_eq(a.err.code, DR_E_CONFLICT);
    dr_arena_free(a.arena);
    a = kit_sql(&k, "ok", 0);
    cr_assert_eq(a.carried, DR_ANSWERED);
    cr_assert_neq(a.sql.session, session);
    dr_arena_free(a.arena);
    peer_drop(k.peer); /* as a restart does */
    a = kit_sql(&k, "ok", 0);
    cr_assert(a.carried == DR_ANSWERED || a.carried == DR_LOST);
    dr_arena_free(a.arena);
    kit_close(&k);
}

Test(live_rogue, dead_endpoints_get_one_probe_per_backoff)
{
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_CLOSE});
    struct dr_answer a = kit_sql(&k, "ok", 0);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    dr_arena_free(a.arena);
    int before = k.peer->accepted;
    int64_t until_ms = now_ms(&k) + 2000, tries = 0;
    while (now_ms(&k) < until_ms) {
        a = kit_sql(&k, "ok", 0);
        cr_assert_eq(a.carried, DR_NOT_SENT);
        cr_assert_eq(a.err.code, DR_E_UNREACHABLE);
        cr_assert_leq(a.err.retry_after_ms, 10000);
        dr_arena_free(a.arena);
        tries++;
        usleep(5000);
    }
    /* backoffs of 0.5-1, 1-2, .. s: one to three attempts, each a probe and a login */
    cr_assert_gt(tries, 50);
    cr_assert_leq(k.peer->accepted - before, 6, "%d", k.peer->accepted - before);

    before = k.peer->accepted;
    struct dr_exchange ex = kit_exchange(&k, "ok", 0);
    ex.sql.lane = DR_LANE_ACT;
    a = kit_carry(&k, &ex);
    cr_assert_gt(k.peer->accepted, before, "an action tries at once");
    dr_arena_free(a.arena);
    kit_close(&k);
}

Test(live_rogue, refused_connections_say_so)
{
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_exchange ex = kit_exchange(&k, "ok", 0);
    ex.at = peer_nobody();
    for (int i = 0; i < 2; i++) {
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, DR_NOT_SENT);
        cr_assert_eq(a.err.code, DR_E_UNREACHABLE);
        char want[80];
        snprintf(want, sizeof(want), "sql 127.0.0.1:%u: %s", ex.at.port,
                 i ? "not tried again yet" : "");
        cr_assert_eq(strncmp(a.err.text, want, strlen(want)), 0, "%s", a.err.text);
        cr_assert(i == 0 || a.err.retry_after_ms > 0);
        dr_arena_free(a.arena);
    }
    memset(ex.at.host, 'a', 100); /* no label is that long: no resolver is asked */
    struct dr_answer a = kit_carry(&k, &ex);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_UNREACHABLE, "%s", a.err.text);
    dr_arena_free(a.arena);
    kit_close(&k);
}

/* Another lane comes to an address with which somebody else has been trying in vain: it
 * learns what he learns, and does not begin a wait of its own. */
Test(live_rogue, one_attempt_in_vain_is_enough)
{
    struct kit k;
    static int keep[64];
    uint64_t tickets[2];
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_exchange ex = kit_exchange(&k, "ok", 0);
    ex.at = peer_full(keep);
    int64_t begin = k.carrier->now_ms(k.carrier);
    k.carrier->submit(k.carrier, &ex, &tickets[0]);
    usleep(700000); /* connect_ms is 1000 here */
    ex.sql.lane = DR_LANE_LEASE;
    k.carrier->submit(k.carrier, &ex, &tickets[1]);
    for (int i = 0; i < 2; i++) {
        struct dr_answer a;
        cr_assert(k.carrier->wait(k.carrier, begin + 5000, &a));
        cr_expect_eq(a.carried, DR_NOT_SENT);
        char text[DR_HOST_MAX + 16];
        const char *at = dr_address_text(&ex.at, text), *once = strstr(a.err.text, at);
        cr_expect(once && !strstr(once + 1, at), "%s", a.err.text);
        dr_arena_free(a.arena);
    }
    int64_t took = k.carrier->now_ms(k.carrier) - begin;
    cr_expect(took >= 900 && took < 1600, "%lld ms", (long long)took);
    kit_close(&k);
}

Test(live_rogue, waiting_behind_another_exchange_is_proven_without_effect)
{
    struct kit k;
    uint64_t first, second;
    struct dr_answer a;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_exchange slow = kit_exchange(&k, "sleep 700", 0);
    struct dr_exchange quick = kit_exchange(&k, "ok", 0);
    quick.deadline_ms = 200;
    k.carrier->submit(k.carrier, &slow, &first);
    k.carrier->submit(k.carrier, &quick, &second);
    cr_assert(k.carrier->wait(k.carrier, now_ms(&k) + 5000, &a));
    cr_assert_eq(a.ticket, second);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_TIMEOUT);
    cr_assert(strstr(a.err.text, "queued"), "%s", a.err.text);
    dr_arena_free(a.arena);
    cr_assert(k.carrier->wait(k.carrier, now_ms(&k) + 5000, &a));
    cr_assert_eq(a.ticket, first);
    cr_assert_eq(a.carried, DR_ANSWERED);
    cr_assert_eq(k.peer->statements, 1, "the other one was never sent");
    dr_arena_free(a.arena);
    kit_close(&k);
}

enum { HUNG = 300 };

/* As many hung statements as a lost region has, and more than there are workers: the
 * other endpoint, in the same lane and in others, is served before any of them ends. */
Test(live_rogue, hung_statements_hold_nobody_up, .timeout = 60)
{
    static struct dr_login logins[HUNG];
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct peer *hung = peer_new(&(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_answer a;
    uint64_t ticket;
    for (int i = 0; i < HUNG; i++) { /* a login each: a session each */
        logins[i] = k.login;
        struct dr_exchange ex = kit_exchange(&k, "hang", 0);
        ex.at = hung->at;
        ex.sql.login = &logins[i];
        ex.deadline_ms = 25000;
        k.carrier->submit(k.carrier, &ex, &ticket);
    }
    while (hung->statements < HUNG)
        usleep(1000);
    for (int i = 0; i < 50; i++) {
        struct dr_exchange ex = kit_exchange(&k, "rows 1", 0);
        ex.sql.lane = (enum dr_lane)(i % DR_LANE_COUNT_);
        k.carrier->submit(k.carrier, &ex, &ticket);
        cr_assert(k.carrier->wait(k.carrier, now_ms(&k) + 10000, &a));
        cr_assert_eq(a.ticket, ticket, "before every hung one: %s", a.err.text);
        cr_assert_eq(a.carried, DR_ANSWERED);
        dr_arena_free(a.arena);
    }
    k.carrier->hang_up(k.carrier, NULL);
    for (int i = 0; i < HUNG; i++) {
        cr_assert(k.carrier->wait(k.carrier, now_ms(&k) + 10000, &a));
        cr_assert_eq(a.carried, DR_LOST);
        cr_assert_eq(a.err.code, DR_E_CANCELLED, "%s", a.err.text);
        dr_arena_free(a.arena);
    }
    kit_close(&k);
    peer_free(hung);
}

/* Peers that never get as far as a login do not take the workers either. */
Test(live_rogue, silent_endpoints_hold_nobody_up, .timeout = 60)
{
    enum { SILENT = 60 };
    struct peer *silent[SILENT];
    struct kit k;
    struct dr_answer a;
    uint64_t ticket;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    for (int i = 0; i < SILENT; i++) {
        silent[i] = peer_new(&(struct peer_options){.login = LOGIN_SILENT});
        struct dr_exchange ex = kit_exchange(&k, "ok", 0);
        ex.at = silent[i]->at;
        k.carrier->submit(k.carrier, &ex, &ticket);
    }
    struct dr_exchange ex = kit_exchange(&k, "rows 1", 0);
    k.carrier->submit(k.carrier, &ex, &ticket);
    cr_assert(k.carrier->wait(k.carrier, now_ms(&k) + 10000, &a));
    cr_assert_eq(a.ticket, ticket, "before the silent ones: %s", a.err.text);
    cr_assert_eq(a.carried, DR_ANSWERED);
    dr_arena_free(a.arena);
    for (int i = 0; i < SILENT; i++) {
        cr_assert(k.carrier->wait(k.carrier, now_ms(&k) + 10000, &a));
        cr_assert_eq(a.carried, DR_NOT_SENT);
        cr_assert_eq(a.err.code, DR_E_TIMEOUT, "%s", a.err.text);
        dr_arena_free(a.arena);
    }
    kit_close(&k);
    for (int i = 0; i < SILENT; i++)
        peer_free(silent[i]);
}

/* More new sessions than may connect unprobed: the rest waits for the probe, which looks
 * the name up and tries each of its addresses. */
Test(live_rogue, names_are_looked_up_by_the_probe_too)
{
    if (!peer_knows_localhost())
        cr_skip_test("this machine does not know the name localhost");
    enum { MANY = 40 };
    static struct dr_login logins[MANY];
    struct kit k;
    struct dr_answer a;
    uint64_t ticket;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    for (int i = 0; i < MANY; i++) {
        logins[i] = k.login;
        struct dr_exchange ex = kit_exchange(&k, "rows 1", 0);
        snprintf(ex.at.host, sizeof(ex.at.host), "LocalHost");
        ex.sql.login = &logins[i];
        k.carrier->submit(k.carrier, &ex, &ticket);
    }
    for (int i = 0; i < MANY; i++) {
        cr_assert(k.carrier->wait(k.carrier, now_ms(&k) + 10000, &a));
        cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
        dr_arena_free(a.arena);
    }
    cr_assert_eq(k.peer->logins, MANY);
    cr_assert_eq(k.peer->accepted, MANY + 1, "one probe for all");
    kit_close(&k);
}

/* A connect that the network swallows: the exchange's own deadline is kept. */
Test(live_rogue, a_swallowed_connect_keeps_the_deadline)
{
    int keep[64];
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_exchange ex = kit_exchange(&k, "ok", 0);
    ex.at = peer_full(keep);
    ex.deadline_ms = 200;
    int64_t began_ms = now_ms(&k);
    struct dr_answer a = kit_carry(&k, &ex);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_TIMEOUT);
    cr_assert_lt(now_ms(&k) - began_ms, 900);
    dr_arena_free(a.arena);
    for (int i = 0; i < 64; i++)
        close(keep[i]);
    kit_close(&k);
}

Test(live_rogue, a_carrier_ends_with_everything_in_flight)
{
    struct kit k;
    uint64_t ticket;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct peer *silent = peer_new(&(struct peer_options){.login = LOGIN_SILENT});
    struct peer *web = peer_new(&(struct peer_options){.http = true});
    static const char *const texts[] = {"hang", "drip", "endless", "sleep 50", "ok"};
    for (size_t i = 0; i < 25; i++) {
        struct dr_exchange ex = kit_exchange(&k, texts[i % 5], 0);
        ex.sql.lane = (enum dr_lane)(i / 5);
        k.carrier->submit(k.carrier, &ex, &ticket);
        ex.at = silent->at;
        k.carrier->submit(k.carrier, &ex, &ticket);
        ex = kit_request(&k, "GET", "/hang");
        ex.at = web->at;
        k.carrier->submit(k.carrier, &ex, &ticket);
    }
    usleep(50000);
    int64_t began_ms = now_ms(&k);
    k.carrier->free(k.carrier);
    struct kit other;
    kit_open(&other, &(struct peer_options){.login = LOGIN_NATIVE});
    cr_assert_lt(now_ms(&other) - began_ms, 3000);
    kit_close(&other);
    peer_free(silent);
    peer_free(web);
    peer_free(k.peer);
    dr_secret_release(&k.login.password);
}
