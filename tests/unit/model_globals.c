/* What a human sets as GLOBAL changes every new session: what the model does then, and
 * that drover's own sessions begin in spite of it as its statements need them: globals.c
 * has a bootstrap. */
#include "controller/estate/carrier.h"
#include "tests/unit/model_kit.h"

Test(model_globals, a_limit_cuts_what_has_none)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *r = lab_login(&k, "127.0.1.4", "root");
    lab_ok(&k, r, "INSERT INTO shop.orders (id, item) VALUES (1,'a'), (2,'b'), (3,'c')");
    lab_ok(&k, r, "SET GLOBAL sql_select_limit = 1");
    lab_ok(&k, r, "SET SESSION sql_select_limit = 2");
    const char *all = "SELECT item FROM shop.orders ORDER BY id";
    cr_expect_str_eq(lab_rows(&k, r, all), "a;b");
    cr_expect_str_eq(lab_rows(&k, r, "SELECT item FROM shop.orders ORDER BY id LIMIT 3"),
                     "a;b;c");
    cr_expect_str_eq(
        lab_rows(&k, r, "SELECT COUNT(*) FROM (SELECT * FROM shop.orders) AS t"), "3");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 3000);
    cr_expect_str_eq(lab_rows(&k, lab_login(&k, "127.0.1.5", "root"), all), "a");
    lab_close(&k);
}

Test(model_globals, a_cached_timestamp_reads_the_past_and_writes_nothing)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *r = lab_login(&k, "127.0.1.4", "root");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 4000);
    lab_ok(&k, r, "INSERT INTO shop.orders (id, item) VALUES (1,'a')");
    lab_ok(&k, r, "SET SESSION tidb_low_resolution_tso = ON");
    cr_expect_str_eq(lab_rows(&k, r, "SELECT item FROM shop.orders"), "");
    cr_expect_eq(lab_run(&k, r, "DELETE FROM shop.orders"), 1105);
    cr_expect_str_eq(
        k.out.message,
        "can not execute write statement when 'tidb_low_resolution_tso' is set");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 4000);
    cr_expect_str_eq(lab_rows(&k, r, "SELECT item FROM shop.orders"), "a");
    lab_close(&k);
}

Test(model_globals, for_update_of_an_optimistic_transaction_is_judged_at_its_end)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *a = lab_login(&k, "127.0.1.4", "root");
    struct dr_model_session *b = lab_login(&k, "127.0.1.5", "root");
    const char *read = "SELECT item FROM shop.orders WHERE id = 1 FOR UPDATE";
    lab_ok(&k, a, "INSERT INTO shop.orders (id, item) VALUES (1,'a')");
    lab_ok(&k, a, "SET SESSION tidb_txn_mode = 'optimistic'");
    lab_ok(&k, a, "BEGIN");
    cr_expect_str_eq(lab_rows(&k, a, read), "a");
    lab_ok(&k, b, "UPDATE shop.orders SET item = 'b' WHERE id = 1"); /* not locked */
    cr_expect_str_eq(lab_rows(&k, a, read), "a");
    cr_expect_eq(lab_run(&k, a, "COMMIT"), 9007);
    lab_ok(&k, a, "BEGIN PESSIMISTIC");
    cr_expect_str_eq(lab_rows(&k, a, read), "b");
    cr_expect_eq(lab_run(&k, b, "UPDATE shop.orders SET item = 'c' WHERE id = 1"), 1205);
    lab_ok(&k, a, "COMMIT");
    lab_ok(&k, a, "BEGIN");
    cr_expect_str_eq(lab_rows(&k, a, read), "b");
    lab_ok(&k, a, "COMMIT");
    lab_close(&k);
}

/* By name: each of them as a session of drover's has it. */
Test(model_globals, each_session_begins_the_same)
{
    static const struct {
        const char *global, *name, *value;
    } cases[] = {{"1", "sql_select_limit", "18446744073709551615"},
                 {"ON", "tidb_low_resolution_tso", "0"},
                 {"'optimistic'", "tidb_txn_mode", "pessimistic"},
                 {"'learner'", "tidb_replica_read", "leader"},
                 {"'READ-COMMITTED'", "transaction_isolation", "REPEATABLE-READ"},
                 {"OFF", "autocommit", "1"},
                 {"1", "max_execution_time", "0"},
                 {"1", "wait_timeout", "28800"},
                 {"ON", "foreign_key_checks", "0"},
                 {"'+09:00'", "time_zone", "+00:00"},
                 {"ON", "tidb_enable_external_ts_read", "0"}};
    struct lab k;
    lab_open(&k);
    struct dr_model_session *r = lab_login(&k, "127.0.1.4", "root");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        lab_ok(&k, r,
               dr_sprintf(k.a, "SET GLOBAL %s = %s", cases[i].name, cases[i].global));
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    for (size_t i = 0; dr_session_setup[i]; i++)
        lab_ok(&k, d, dr_session_setup[i]);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *ask = dr_sprintf(k.a, "SELECT @@session.%s", cases[i].name);
        cr_expect_str_eq(lab_cell(&k, d, ask), cases[i].value, "%s", cases[i].name);
        struct dr_model_session *plain = lab_login(&k, "127.0.1.4", "drover");
        cr_expect_str_neq(lab_cell(&k, plain, ask), cases[i].value, "%s", cases[i].name);
    }
    lab_close(&k);
}
