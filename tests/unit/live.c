/* The live carrier against peers that behave: sessions, answers, logins, reuse, TLS. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/live_kit.h"

Test(live, answers_carry_columns_rows_and_nulls)
{
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_answer a = kit_sql(&k, "rows 3", 0);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    cr_assert_eq(a.sql.error, 0);
    cr_assert_eq(a.sql.row_count, 3);
    cr_assert_eq(a.sql.column_count, 1);
    cr_assert_str_eq(dr_answer_cell(&a.sql, 2, "number")->text, "2");
    cr_assert_null(dr_answer_cell(&a.sql, 3, "number")->text);
    cr_assert_null(dr_answer_cell(&a.sql, 0, "other")->text);
    cr_assert_gt(a.sql.session, 0);
    cr_assert_gt(a.sql.connection_id, 9000000000000ull, "read in 64 bits");
    dr_arena_free(a.arena);

    a = kit_sql(&k, "null", 0);
    cr_assert_eq(a.sql.row_count, 1);
    cr_assert_null(dr_answer_cell(&a.sql, 0, "Nothing")->text);
    dr_arena_free(a.arena);

    a = kit_sql(&k, "affected 7", 0);
    cr_assert_eq(a.sql.affected, 7);
    cr_assert_eq(a.sql.warnings, 3);
    cr_assert_eq(a.sql.column_count, 0);
    dr_arena_free(a.arena);
    kit_close(&k);
}

Test(live, a_servers_error_is_an_answer_and_keeps_the_session)
{
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_answer a = kit_sql(&k, "error 1146 Table 'x' doesn't exist", 0);
    uint64_t session = a.sql.session;
    cr_assert_eq(a.carried, DR_ANSWERED);
    cr_assert_eq(a.sql.error, 1146);
    cr_assert_str_eq(a.sql.sqlstate, "42S02");
    cr_assert_str_eq(a.sql.message, "Table 'x' doesn't exist");
    dr_arena_free(a.arena);
    a = kit_sql(&k, "late-error", session);
    cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
    cr_assert_eq(a.sql.error, 1317);
    cr_assert_eq(a.sql.row_count, 0, "rows before an error are not to be used");
    dr_arena_free(a.arena);
    a = kit_sql(&k, "ok", session);
    cr_assert_eq(a.carried, DR_ANSWERED);
    cr_assert_eq(a.sql.session, session);
    dr_arena_free(a.arena);
    cr_assert_eq(k.peer->accepted, 1, "one connection for all");
    kit_close(&k);
}

Test(live, lanes_and_logins_have_sessions_of_their_own)
{
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_login second = k.login;
    uint64_t seen[DR_LANE_COUNT_ * 2], count = 0;
    for (int who = 0; who < 2; who++)
        for (int lane = 0; lane < DR_LANE_LOGIN; lane++) {
            struct dr_exchange ex = kit_exchange(&k, "ok", 0);
            ex.sql.lane = (enum dr_lane)lane;
            ex.sql.login = who ? &second : &k.login;
            struct dr_answer a = kit_carry(&k, &ex);
            cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
            for (uint64_t i = 0; i < count; i++)
                cr_assert_neq(seen[i], a.sql.session);
            seen[count++] = a.sql.session;
            dr_arena_free(a.arena);
        }
    cr_assert_eq(k.peer->logins, 8);
    k.carrier->hang_up(k.carrier, &second);
    for (int who = 0; who < 2; who++) {
        struct dr_exchange ex = kit_exchange(&k, "ok", seen[who * 4]);
        ex.sql.login = who ? &second : &k.login;
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, who ? DR_NOT_SENT : DR_ANSWERED, "only one was hung up");
        dr_arena_free(a.arena);
    }
    kit_close(&k);
}

Test(live, the_login_lane_connects_anew_each_time)
{
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    uint64_t before = 0;
    for (int i = 1; i <= 3; i++) {
        struct dr_exchange ex = kit_exchange(&k, "ok", 0);
        ex.sql.lane = DR_LANE_LOGIN;
        struct dr_answer a = kit_carry(&k, &ex);
        cr_assert_eq(a.carried, DR_ANSWERED);
        cr_assert_gt(a.sql.session, before, "numbers are never used twice");
        before = a.sql.session;
        dr_arena_free(a.arena);
        cr_assert_eq(k.peer->logins, i);
    }
    kit_close(&k);
}

Test(live, a_session_that_nobody_uses_is_closed)
{
    static const char *const texts[] = {"ok", "ok", "sleep 500", "ok"};
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE, .idle_ms = 300});
    struct dr_answer a;
    uint64_t session = 0;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]);
         i++) { /* used all the while */
        a = kit_sql(&k, texts[i], 0);
        cr_assert_eq(a.carried, DR_ANSWERED, "%s", a.err.text);
        cr_assert(i == 0 || a.sql.session == session);
        session = a.sql.session;
        dr_arena_free(a.arena);
        usleep(200000);
    }
    usleep(500000);
    a = kit_sql(&k, "ok", session);
    cr_assert_eq(a.carried, DR_NOT_SENT, "it is gone, and no other is taken for it");
    dr_arena_free(a.arena);
    a = kit_sql(&k, "ok", 0);
    cr_assert_gt(a.sql.session, session);
    cr_assert_eq(k.peer->logins, 2);
    dr_arena_free(a.arena);
    kit_close(&k);
}

Test(live, a_refused_login_is_an_answer_in_every_lane)
{
    static const struct {
        enum peer_login how;
        int error;
        const char *state;
    } cases[] = {
        {LOGIN_REFUSED, 1045, "28000"},
        {LOGIN_LOCKED, 3118, "HY000"},
        {LOGIN_FULL, 1040, "08004"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kit k;
        kit_open(&k, &(struct peer_options){.login = cases[i].how});
        for (int lane = 0; lane < DR_LANE_COUNT_; lane++) {
            struct dr_exchange ex = kit_exchange(&k, "ok", 0);
            ex.sql.lane = (enum dr_lane)lane;
            struct dr_answer a = kit_carry(&k, &ex);
            cr_assert_eq(a.carried, DR_ANSWERED, "case %zu lane %d: %s", i, lane,
                         a.err.text);
            cr_assert_eq(a.sql.error, cases[i].error);
            cr_assert_str_eq(a.sql.sqlstate, cases[i].state);
            cr_assert_eq(a.sql.session, 0, "nothing was run");
            cr_assert(a.sql.message && *a.sql.message);
            dr_arena_free(a.arena);
        }
        cr_assert_eq(k.peer->statements, 0);
        kit_close(&k);
    }
}

Test(live, a_wrong_password_is_refused_and_never_shown)
{
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_NATIVE});
    struct dr_login wrong = k.login;
    dr_secret_set(&wrong.password, "another-canary", 14);
    struct dr_exchange ex = kit_exchange(&k, "ok", 0);
    ex.sql.login = &wrong;
    struct dr_answer a = kit_carry(&k, &ex);
    cr_assert_eq(a.sql.error, 1045);
    cr_assert_null(strstr(a.sql.message, "canary"));
    dr_arena_free(a.arena);
    dr_secret_release(&wrong.password);
    kit_close(&k);
}

Test(live, a_refused_session_setup_proves_that_nothing_was_sent)
{
    struct kit k;
    kit_open(&k, &(struct peer_options){.login = LOGIN_OLD_SETUP});
    struct dr_answer a = kit_sql(&k, "ok", 0);
    cr_assert_eq(a.carried, DR_NOT_SENT);
    cr_assert_eq(a.err.code, DR_E_PEER);
    cr_assert_eq(a.err.foreign, 1193);
    cr_assert_null(strchr(a.err.text, '\033'), "control characters are replaced");
    cr_assert_eq(k.peer->statements, 0);
    dr_arena_free(a.arena);
    kit_close(&k);
}

Test(live, tls_of_sql_is_verified)
{
    static const struct {
        const char *server, *ca;
        enum dr_tls_mode mode;
        bool tls10, client;
        const char *says; /* NULL: connects */
    } cases[] = {
        {"server", "ca", DR_TLS_VERIFY_IDENTITY, false, false, NULL},
        {"server", "ca", DR_TLS_VERIFY_CA, false, false, NULL},
        {"wrong", "ca", DR_TLS_VERIFY_CA, false, false, NULL},
        {"wrong", "ca", DR_TLS_VERIFY_IDENTITY, false, false, "ertificate"},
        {"server", "other-ca", DR_TLS_VERIFY_IDENTITY, false, false, "ertificate"},
        {"server", "other-ca", DR_TLS_VERIFY_CA, false, false, "ertificate"},
        {"server", "ca", DR_TLS_VERIFY_CA, true, false, "protocol"},
        {NULL, "ca", DR_TLS_VERIFY_IDENTITY, false, false, "does not offer TLS"},
        {NULL, "ca", DR_TLS_VERIFY_CA, false, false, "does not offer TLS"},
        {NULL, NULL, DR_TLS_REQUIRED, false, false, "does not offer TLS"},
        {"wrong", NULL, DR_TLS_REQUIRED, false, false, NULL},
        {"server", NULL, DR_TLS_VERIFY_CA, false, false, "ertificate"},
        {"server", NULL, DR_TLS_VERIFY_IDENTITY, false, false, "ertificate"},
        {"server", "ca", DR_TLS_VERIFY_IDENTITY, false, true, NULL},
    };
    struct kit_pem pem;
    kit_certificates(&pem);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kit k;
        char cert[600], key[600], ca[600], mine[600], my_key[600];
        struct peer_options o = {.login = LOGIN_NATIVE, .tls10 = cases[i].tls10};
        if (cases[i].server) {
            o.cert = kit_pem(&pem, cert, cases[i].server, "pem");
            o.key = kit_pem(&pem, key, cases[i].server, "key");
        }
        if (cases[i].client)
            o.client_ca = kit_pem(&pem, ca, "ca", "pem");
        kit_open(&k, &o);
        k.login.tls.mode = cases[i].mode;
        if (cases[i].ca)
            k.login.tls.ca = kit_pem(&pem, ca, cases[i].ca, "pem");
        if (cases[i].client) {
            k.login.tls.cert = kit_pem(&pem, mine, "client", "pem");
            k.login.tls.key = kit_pem(&pem, my_key, "client", "key");
        }
        struct dr_answer a = kit_sql(&k, "rows 2", 0);
        if (!cases[i].says) {
            cr_assert_eq(a.carried, DR_ANSWERED, "case %zu: %s", i, a.err.text);
            cr_assert_eq(a.sql.row_count, 2);
            cr_assert_eq(k.peer->tls, 1, "case %zu", i);
        } else {
            cr_assert_eq(a.carried, DR_NOT_SENT, "case %zu", i);
            cr_assert_eq(a.err.code, DR_E_TLS, "case %zu: %s", i, a.err.text);
            cr_assert(strstr(a.err.text, cases[i].says), "case %zu: %s", i, a.err.text);
            cr_assert_eq(k.peer->logins, 0, "case %zu: no password was used", i);
        }
        dr_arena_free(a.arena);
        kit_close(&k);
    }
    kit_certificates_remove(&pem);
}

Test(live, passwords_go_out_only_as_declared)
{
    static const struct {
        enum peer_login how;
        bool tls;
        enum dr_tls_mode mode;
        bool let_in;
    } cases[] = {
        {LOGIN_SHA2, true, DR_TLS_VERIFY_IDENTITY, true},
        {LOGIN_SHA2_KEY, false, DR_TLS_VERIFY_CA, false},
        {LOGIN_SHA2_KEY, false, DR_TLS_VERIFY_IDENTITY, false},
        {LOGIN_SHA2, true, DR_TLS_REQUIRED, false},
        {LOGIN_NATIVE, true, DR_TLS_REQUIRED, true},
        {LOGIN_CLEAR, true, DR_TLS_VERIFY_IDENTITY, false},
        {LOGIN_CLEAR, false, DR_TLS_DISABLED, false},
    };
    struct kit_pem pem;
    kit_certificates(&pem);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kit k;
        char cert[600], key[600], ca[600];
        struct peer_options o = {.login = cases[i].how};
        if (cases[i].tls) {
            o.cert = kit_pem(&pem, cert, "server", "pem");
            o.key = kit_pem(&pem, key, "server", "key");
        }
        kit_open(&k, &o);
        k.login.tls.mode = cases[i].mode;
        if (cases[i].mode > DR_TLS_REQUIRED)
            k.login.tls.ca = kit_pem(&pem, ca, "ca", "pem");
        struct dr_answer a = kit_sql(&k, "ok", 0);
        cr_assert_eq(a.carried, cases[i].let_in ? DR_ANSWERED : DR_NOT_SENT,
                     "case %zu: %s", i, a.err.text);
        cr_assert_eq(k.peer->clear_passwords, 0, "case %zu", i);
        cr_assert_null(strstr(a.err.text, KIT_PASSWORD));
        dr_arena_free(a.arena);
        kit_close(&k);
    }
    kit_certificates_remove(&pem);
}
