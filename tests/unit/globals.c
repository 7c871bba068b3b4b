/* drover beside what a human set as GLOBAL: model_globals.c says what each does. */
#include "tests/unit/act_kit.h"

/* Each alone spoils a bootstrap, or a look, when a session takes it over. */
Test(globals, drover_sets_what_its_statements_need)
{
    static const char *const bad[] = {
        "sql_select_limit = 1",
        "tidb_txn_mode = 'optimistic'",
        "tidb_replica_read = 'learner'",
        "transaction_isolation = 'READ-COMMITTED'",
        "autocommit = OFF",
        "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
        "max_execution_time = 1",
        "wait_timeout = 1",
    };
    struct pair p;
    pair_open(&p);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        for (int c = 0; c < 2; c++)
            pair_sql(&p, c ? "west" : "east",
                     dr_sprintf(p.arena, "SET GLOBAL %s", bad[i]));
    /* on the west it would stop TiCDC's own sessions */
    pair_sql(&p, "east", "SET GLOBAL tidb_low_resolution_tso = ON");
    pair_pass(&p, 5000);
    pair_bootstrap(&p);
    cr_expect_str_eq(pair_cell(&p, "127.0.1.4:4000",
                               "SELECT COUNT(*) FROM mysql.drover_ledger WHERE k LIKE "
                               "'edge/%' AND value LIKE '%\"made\"%'"),
                     "1");
    pair_close(&p);
}
