/* The live carrier's HTTP: answers, failures by what they prove, TLS, signatures. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "controller/estate/live/text.h"
#include "controller/estate/model/sigv4.h"
#include "tests/unit/live_kit.h"

static const struct peer_options web = {.http = true};

Test(live_http, any_status_is_an_answer)
{
    static const struct {
        const char *method, *target;
        int status;
        const char *body;
    } cases[] = {
        {"GET", "/pd/api/v1/cluster", 200, "{\"a\":1}"},
        {"HEAD", "/bucket/key", 200, ""},
        {"POST", "/api/v2/changefeeds", 200, "{\"a\":1}"},
        {"PUT", "/api/v2/changefeeds/x", 200, "{\"a\":1}"},
        {"DELETE", "/api/v2/changefeeds/x", 200, "{\"a\":1}"},
        {"GET", "/status/400", 400, "{\"error\":\"as asked\"}"},
        {"POST", "/status/500", 500, "{\"error\":\"as asked\"}"},
        {"GET", "/status/204", 204, ""},
        {"GET", "/redirect", 302, ""},
        {"GET", "/bomb", 200, "\037\213 not unpacked"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kit k;
        kit_open(&k, &web);
        struct dr_answer a = kit_http(&k, cases[i].method, cases[i].target);
        cr_assert_eq(a.carried, DR_ANSWERED, "case %zu: %s", i, a.err.text);
        cr_assert_eq(a.http.status, cases[i].status, "case %zu", i);
        if (cases[i].status != 204)
            cr_assert_str_eq(a.http.body, cases[i].body, "case %zu", i);
        cr_assert_eq(a.http.body_len, strlen(a.http.body));
        cr_assert_eq(k.peer->requests, 1, "case %zu: no redirect is followed", i);
        cr_assert(strstr(k.peer->last_request, "\r\nAccept: application/json\r\n"));
        cr_assert_null(strcasestr(k.peer->last_request, "\r\nAccept-Encoding:"));
        dr_arena_free(a.arena);
        kit_close(&k);
    }
}

Test(live_http, bodies_are_json_and_sent_whole)
{
    struct kit k;
    kit_open(&k, &web);
    static const char *const methods[] = {"POST", "PUT", "DELETE"};
    for (size_t i = 0; i < 3; i++) {
        struct dr_exchange ex = kit_request(&k, methods[i], "/api/v2/changefeeds");
        ex.http.body = "{\"changefeed_id\":\"x\"}";
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, DR_ANSWERED);
        cr_assert_str_eq(a.http.content_type, "application/json");
        cr_assert_str_eq(k.peer->last_body, ex.http.body);
        cr_assert_eq(strncmp(k.peer->last_request, methods[i], strlen(methods[i])), 0);
        cr_assert(strstr(k.peer->last_request, "\r\nContent-Type: application/json\r\n"));
        cr_assert_null(strcasestr(k.peer->last_request, "\r\nExpect:"));
        dr_arena_free(a.arena);
    }
    struct dr_answer a = kit_http(&k, "POST", "/api/v2/changefeeds/x/pause");
    cr_assert(strstr(k.peer->last_request, "\r\nContent-Length: 0\r\n"));
    dr_arena_free(a.arena);
    kit_close(&k);
}

Test(live_http, failures_say_what_they_prove)
{
    static const struct {
        const char *method, *target;
        enum dr_carried carried;
        enum dr_code code;
        const char *says;
    } cases[] = {
        {"GET", "/hang", DR_LOST, DR_E_TIMEOUT,
         "GET /hang: no answer by the call's deadline, 200 ms after it was asked"},
        {"POST", "/hang?secret-access-key=canary", DR_LOST, DR_E_TIMEOUT, "POST /hang: "},
        {"GET", "/drip", DR_LOST, DR_E_TIMEOUT, ""},
        {"POST", "/close", DR_LOST, DR_E_UNREACHABLE, ""},
        {"GET", "/partial", DR_LOST, DR_E_UNREACHABLE, ""},
        {"GET", "/endless", DR_LOST, DR_E_LIMIT, "over 1000000 bytes"},
        {"GET", "/headers", DR_LOST, DR_E_LIMIT, "headers"},
        {"GET", "/old", DR_LOST, DR_E_PROTOCOL, ""},
        {"GET", "no-slash", DR_NOT_SENT, DR_E_INPUT, ""},
        {"GET", "/a b", DR_NOT_SENT, DR_E_INPUT, ""},
        {"GET", "/a\r\nX-Evil: 1", DR_NOT_SENT, DR_E_INPUT, ""},
        {"PATCH", "/a", DR_NOT_SENT, DR_E_BUG, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kit k;
        kit_open(&k, &web);
        struct dr_exchange ex = kit_request(&k, cases[i].method, cases[i].target);
        ex.http.reply_max = 1000000;
        ex.deadline_ms = cases[i].code == DR_E_TIMEOUT ? 200 : KIT_DEADLINE_MS;
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, cases[i].carried, "case %zu: %s", i, a.err.text);
        cr_assert_eq(a.err.code, cases[i].code, "case %zu: %s", i, a.err.text);
        cr_assert(strstr(a.err.text, cases[i].says), "case %zu: %s", i, a.err.text);
        cr_assert_null(strstr(a.err.text, "canary"), "%s", a.err.text);
        cr_assert_null(strpbrk(a.err.text, "\r\n"));
        dr_arena_free(a.arena);
        kit_close(&k);
    }
}

static int64_t elapsed_ms(const struct kit *k, int64_t since_ms)
{
    return k->carrier->now_ms(k->carrier) - since_ms;
}

/* Three addresses that swallow what is sent, asked one after the other: they are found
 * dead together. Nobody is asked for anything that only was expected. */
Test(live_http, expected_addresses_are_found_dead_together)
{
    enum { HOLES = 3 };
    struct kit k;
    static int keep[HOLES][64];
    struct dr_address at[HOLES];
    kit_open(&k, &web);
    for (int i = 0; i < HOLES; i++)
        at[i] = peer_full(keep[i]);
    int64_t begin = k.carrier->now_ms(k.carrier);
    for (int i = 1; i < HOLES; i++)
        k.carrier->expect(k.carrier, &at[i]);
    k.carrier->expect(k.carrier, &k.peer->at);
    struct dr_exchange ex = kit_request(&k, "GET", "/health");
    struct dr_address alive = ex.at;
    for (int i = 0; i < HOLES; i++) {
        ex.at = at[i];
        struct dr_answer a = kit_carry(&k, &ex);
        cr_expect_eq(a.carried, DR_NOT_SENT);
        dr_arena_free(a.arena);
    }
    int64_t took = elapsed_ms(&k, begin); /* connect_ms is 1000 here */
    cr_expect(took >= 900 && took < 1800, "%lld ms", (long long)took);
    cr_expect_eq(k.peer->requests, 0, "%d requests", (int)k.peer->requests);
    ex.at = alive;
    struct dr_answer a = kit_carry(&k, &ex);
    cr_expect_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    dr_arena_free(a.arena);
    kit_close(&k);
}

Test(live_http, what_never_connected_was_not_sent)
{
    struct kit k;
    int keep[64];
    kit_open(&k, &web);
    struct dr_exchange ex = kit_request(&k, "POST", "/api");
    ex.at = peer_nobody();
    struct dr_answer a = kit_carry(&k, &ex);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_UNREACHABLE, "%s", a.err.text);
    dr_arena_free(a.arena);

    ex.http.method = "GET"; /* within the backoff: not even tried */
    a = kit_carry(&k, &ex);
    cr_assert(strstr(a.err.text, "not tried again yet"), "%s", a.err.text);
    cr_assert_gt(a.err.retry_after_ms, 0);
    dr_arena_free(a.arena);

    ex.at = peer_full(keep);
    ex.deadline_ms = 200;
    a = kit_carry(&k, &ex);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_TIMEOUT, "%s", a.err.text);
    dr_arena_free(a.arena);
    snprintf(ex.at.host, sizeof(ex.at.host), "127.0.0.1@elsewhere.example");
    a = kit_carry(&k, &ex);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_INPUT);
    dr_arena_free(a.arena);
    for (int i = 0; i < 64; i++)
        close(keep[i]);
    kit_close(&k);
}

/* It takes connections and requests, and says nothing: each read would be one connection
 * more. What it answers ends that at once. */
Test(live_http, a_server_that_says_nothing_is_left_in_peace)
{
    static const char *const silent[] = {"/hang", "/close"};
    for (size_t i = 0; i < 2; i++) {
        struct kit k;
        kit_open(&k, &web);
        struct dr_exchange ex = kit_request(&k, "GET", silent[i]);
        ex.deadline_ms = 1200;
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, DR_LOST, "%s", a.err.text);
        dr_arena_free(a.arena);
        int before = k.peer->accepted;
        for (int again = 0; again < 20; again++) {
            a = kit_http(&k, "GET", "/x");
            cr_assert_eq(a.carried, DR_NOT_SENT, "%s: try %d", silent[i], again);
            cr_assert(strstr(a.err.text, "not tried again yet"), "%s", a.err.text);
            dr_arena_free(a.arena);
        }
        cr_assert_eq(k.peer->accepted, before);
        a = kit_http(&k, "POST", "/x"); /* what changes something does not wait */
        cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
        dr_arena_free(a.arena);
        a = kit_http(&k, "GET", "/x");
        cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
        dr_arena_free(a.arena);
        kit_close(&k);
    }
}

/* .. and over a second backoff, with more of the same: one connection at a time. */
Test(live_http, of_a_silent_server_one_read_at_a_time_is_a_try)
{
    enum { READS = 8 };
    struct kit k;
    uint64_t ticket;
    unsigned lost = 0;
    kit_open(&k, &web);
    struct dr_exchange ex = kit_request(&k, "GET", "/hang");
    ex.deadline_ms = 1200;
    dr_arena_free(kit_carry(&k, &ex).arena);
    int before = k.peer->accepted;
    usleep(1100000); /* the first backoff is over */
    for (int i = 0; i < READS; i++)
        k.carrier->submit(k.carrier, &ex, &ticket);
    for (int i = 0; i < READS; i++) {
        struct dr_answer a = {0};
        cr_assert(k.carrier->wait(k.carrier, INT64_MAX, &a));
        lost += a.carried == DR_LOST;
        dr_arena_free(a.arena);
    }
    cr_assert_eq(lost, 1, "%u", lost);
    cr_assert_eq(k.peer->accepted, before + 1);
    kit_close(&k);
}

Test(live_http, reads_share_a_connection_and_mutations_take_a_fresh_one)
{
    struct kit k;
    kit_open(&k, &web);
    for (int i = 0; i < 10; i++)
        dr_arena_free(kit_http(&k, "GET", "/x").arena);
    cr_assert_eq(k.peer->accepted, 1);
    for (int i = 0; i < 3; i++)
        dr_arena_free(kit_http(&k, "POST", "/x").arena);
    cr_assert_eq(k.peer->accepted, 4, "curl would repeat it on a stale connection");
    kit_close(&k);
}

/* A time at which a request is worth nothing any more. */
Test(live_http, what_comes_too_late_is_not_sent)
{
    struct kit k;
    kit_open(&k, &web);
    struct dr_exchange ex = kit_request(&k, "POST", "/x");
    ex.http.not_after_ms = k.carrier->now_ms(k.carrier) - 1;
    struct dr_answer a = kit_carry(&k, &ex);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_TIMEOUT, "%s", a.err.text);
    cr_assert_eq(k.peer->requests, 0);
    dr_arena_free(a.arena);
    ex.http.not_after_ms = k.carrier->now_ms(k.carrier) + KIT_DEADLINE_MS;
    a = kit_carry(&k, &ex);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s: the endpoint is not to blame", a.err.text);
    cr_assert_eq(k.peer->requests, 1);
    dr_arena_free(a.arena);
    kit_close(&k);
}

/* A kept connection that the server closes just when a request comes: the request that
 * must not be repeated is sent once. */
Test(live_http, a_mutation_is_never_sent_twice)
{
    struct kit k;
    kit_open(&k, &web);
    dr_arena_free(kit_http(&k, "GET", "/x").arena);
    struct dr_answer a = kit_http(&k, "POST", "/close");
    cr_assert_eq(a.carried, DR_LOST);
    dr_arena_free(a.arena);
    cr_assert_eq(k.peer->requests, 2);
    kit_close(&k);
}

Test(live_http, proxies_of_the_environment_are_ignored)
{
    struct kit k;
    kit_open(&k, &web);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    struct dr_answer a = kit_http(&k, "GET", "/x");
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    dr_arena_free(a.arena);
    kit_close(&k);
}

Test(live_http, tls_of_http_is_verified)
{
    static const struct {
        const char *server, *ca;
        enum dr_tls_mode mode;
        bool tls10, client, good;
    } cases[] = {
        {"server", "ca", DR_TLS_VERIFY_IDENTITY, false, false, true},
        {"server", "ca", DR_TLS_DISABLED, false, false, true}, /* https verifies */
        {"wrong", "ca", DR_TLS_VERIFY_CA, false, false, true},
        {"wrong", NULL, DR_TLS_REQUIRED, false, false, true},
        {"wrong", "ca", DR_TLS_VERIFY_IDENTITY, false, false, false},
        {"wrong", "ca", DR_TLS_DISABLED, false, false, false},
        {"server", "other-ca", DR_TLS_VERIFY_IDENTITY, false, false, false},
        {"server", "other-ca", DR_TLS_VERIFY_CA, false, false, false},
        {"server", NULL, DR_TLS_VERIFY_IDENTITY, false, false, false},
        {"server", "ca", DR_TLS_VERIFY_IDENTITY, true, false, false},
        {"server", "ca", DR_TLS_VERIFY_IDENTITY, false, true, true},
    };
    struct kit_pem pem;
    kit_certificates(&pem);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kit k;
        char cert[600], key[600], ca[600], trust[600], mine[600], my_key[600];
        struct peer_options o = {.http = true, .tls10 = cases[i].tls10};
        o.cert = kit_pem(&pem, cert, cases[i].server, "pem");
        o.key = kit_pem(&pem, key, cases[i].server, "key");
        if (cases[i].client)
            o.client_ca = kit_pem(&pem, trust, "ca", "pem");
        kit_open(&k, &o);
        struct dr_tls tls = {.mode = cases[i].mode};
        if (cases[i].ca)
            tls.ca = kit_pem(&pem, ca, cases[i].ca, "pem");
        if (cases[i].client) {
            tls.cert = kit_pem(&pem, mine, "client", "pem");
            tls.key = kit_pem(&pem, my_key, "client", "key");
        }
        struct dr_exchange ex = kit_request(&k, "GET", "/x");
        ex.http.tls = &tls;
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, cases[i].good ? DR_ANSWERED : DR_NOT_SENT, "case %zu: %s",
                     i, a.err.text);
        cr_assert(cases[i].good || a.err.code == DR_E_TLS, "case %zu: %s", i, a.err.text);
        cr_assert_eq(k.peer->requests, cases[i].good, "case %zu", i);
        dr_arena_free(a.arena);
        kit_close(&k);
    }
    kit_certificates_remove(&pem);
}

Test(live_http, a_login_needs_verified_tls)
{
    struct kit_pem pem;
    struct kit k;
    char cert[600], key[600], ca[600];
    kit_certificates(&pem);
    struct peer_options o = {.http = true};
    o.cert = kit_pem(&pem, cert, "server", "pem");
    o.key = kit_pem(&pem, key, "server", "key");
    kit_open(&k, &o);
    struct dr_tls tls = {DR_TLS_VERIFY_IDENTITY, kit_pem(&pem, ca, "ca", "pem"), NULL,
                         NULL};
    struct dr_exchange ex = kit_request(&k, "GET", "/x");
    ex.http.login = &k.login;
    for (int i = 0; i < 3; i++) {
        ex.http.tls = i ? &tls : NULL;
        tls.mode = i == 1 ? DR_TLS_REQUIRED : DR_TLS_VERIFY_IDENTITY;
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, i == 2 ? DR_ANSWERED : DR_NOT_SENT, "%s", a.err.text);
        cr_assert(i == 2 || a.err.hint[0]);
        dr_arena_free(a.arena);
    }
    cr_assert(strstr(k.peer->last_request, "\r\nAuthorization: Basic "));
    kit_close(&k);
    kit_certificates_remove(&pem);
}

/* Splits what the peer saw and lets the store's own check judge it. */
static enum dr_sigv4_result check_signature(const struct peer *p,
                                            const struct dr_sigv4_key *key)
{
    static char head[8192];
    static const char *names[64], *values[64];
    struct dr_sigv4_request req = {.body = p->last_body,
                                   .body_len = strlen(p->last_body),
                                   .header_names = names,
                                   .header_values = values};
    snprintf(head, sizeof(head), "%s", p->last_request);
    char *save = NULL, *line = strtok_r(head, "\r\n", &save);
    req.method = strsep(&line, " ");
    req.target = strsep(&line, " ");
    while ((line = strtok_r(NULL, "\r\n", &save))) {
        char *colon = strchr(line, ':');
        *colon = '\0';
        names[req.header_count] = line;
        values[req.header_count++] = colon + 1 + strspn(colon + 1, " ");
    }
    return dr_sigv4_check(&req, key, (int64_t)time(NULL) * 1000);
}

Test(live_http, signatures_are_those_of_s3)
{
    static const struct {
        const char *method, *target, *body;
    } cases[] = {
        {"GET", "/backup?list-type=2&max-keys=1&prefix=orders%2Ffull%2F", NULL},
        {"GET", "/backup?prefix=a/b+c d%2f&delimiter&location", NULL},
        {"GET", "/redo/a=b+c:d/%e2%82%ac@~x", NULL},
        {"HEAD", "/redo/meta", NULL},
        {"PUT", "/backup/probe", "hello"},
        {"DELETE", "/backup/probe", NULL},
        {"GET", "/", NULL},
    };
    struct dr_store_key key = {.region = "region-2"};
    dr_secret_set(&key.access, "AKIATEST", 8);
    dr_secret_set(&key.secret, "wJalrXUtnFEMI/K7MDENG", 21);
    struct dr_sigv4_key right = {"region-2", "AKIATEST", "wJalrXUtnFEMI/K7MDENG"};
    struct dr_sigv4_key other = {"region-2", "AKIATEST", "another secret"};
    struct kit k;
    kit_open(&k, &web);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char target[128];
        snprintf(target, sizeof(target), "%s", cases[i].target);
        for (char *p = target; *p; p++)
            *p = *p == ' ' ? '!' : *p; /* a byte that wants encoding */
        struct dr_exchange ex = kit_request(&k, cases[i].method, target);
        ex.http.key = &key;
        ex.http.body = cases[i].body;
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, DR_ANSWERED, "case %zu: %s", i, a.err.text);
        cr_assert_eq(check_signature(k.peer, &right), DR_SIGV4_OK, "case %zu: %s", i,
                     k.peer->last_request);
        cr_assert_eq(check_signature(k.peer, &other), DR_SIGV4_MISMATCH);
        cr_assert_null(strstr(k.peer->last_request, "wJalr"));
        dr_arena_free(a.arena);
    }
    kit_close(&k);
    dr_secret_release(&key.access);
    dr_secret_release(&key.secret);
}

Test(live_http, targets_have_one_canonical_form)
{
    static const char *const cases[][2] = {
        {"/", "/"},
        {"/a/b", "/a/b"},
        {"/a%2fb", "/a%2Fb"},
        {"/a b+c=d:e", "/a%20b%2Bc%3Dd%3Ae"},
        {"/%7Ex/~x", "/~x/~x"},
        {"/100%", "/100%25"},
        {"/%zz", "/%25zz"},
        {"/x?", "/x"},
        {"/x?b&a", "/x?a=&b="},
        {"/x?b=2&a=1&a=0", "/x?a=0&a=1&b=2"},
        {"/x?prefix=a/b", "/x?prefix=a%2Fb"},
        {"/x?a-b=1&a=2", "/x?a=2&a-b=1"},
        {"/x?a=b=c", "/x?a=b%3Dc"},
        {"/x?&&a", "/x?a="},
        {"/\xe2\x82\xac", "/%E2%82%AC"},
    };
    struct dr_arena *arena = dr_arena_new(0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *once = dr_live_text_canonical(arena, cases[i][0]);
        cr_assert_str_eq(once, cases[i][1]);
        cr_assert_str_eq(dr_live_text_canonical(arena, once), once);
    }
    dr_arena_free(arena);
}

Test(live_http, texts_of_peers_are_made_harmless)
{
    char out[8];
    cr_assert_str_eq(dr_live_text_clean(out, sizeof(out), "a\033[1m\n"), "a?[1m?");
    cr_assert_str_eq(dr_live_text_clean(out, sizeof(out), "12345678901"), "1234567");
    cr_assert_str_eq(dr_live_text_clean(out, sizeof(out), "12345\xe2\x82\xac"), "12345",
                     "no half characters");
    cr_assert_str_eq(dr_live_text_clean(out, sizeof(out), ""), "");
}
