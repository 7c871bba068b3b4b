/* Reads: what is asked, and what is made of the answers. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/estate/wire/script.h"
#include "tests/unit/wire.h"

#define VARIABLES                                                                        \
    "@@global.tidb_super_read_only AS super_read_only, "                                 \
    "@@global.tidb_restricted_read_only AS restricted_read_only, "                       \
    "@@global.tidb_gc_enable AS gc_enable, @@global.tidb_gc_life_time AS gc_life_time, " \
    "@@global.tidb_ttl_job_enable AS ttl_job_enable, "                                   \
    "@@global.tidb_enable_external_ts_read AS external_ts_read, "                        \
    "@@global.auto_increment_increment AS id_increment, "                                \
    "@@global.auto_increment_offset AS id_offset"
#define NAMES                                                                            \
    "super_read_only|restricted_read_only|gc_enable|gc_life_time|ttl_job_enable|"        \
    "external_ts_read|id_increment|id_offset"
#define LEDGER                                                                           \
    " UNION ALL SELECT 'l', cluster_id, k, value, epoch, holder, NULL, NULL, NULL, NULL" \
    " FROM mysql.drover_ledger"
#define BEATS                                                                            \
    " UNION ALL SELECT 'b', tso, origin, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM " \
    "drover.heartbeat"
#define FIRST "SELECT 'v' AS kind, '' AS id, "
#define EAST                                                                             \
    {                                                                                    \
        .cluster = 0, .instance = "127.0.1.4:4000"                                       \
    }

Test(wire, hot)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {"SELECT " VARIABLES, NAMES "\n1|0|ON|72h0m0s|0|0|8|3"}, {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk, &(struct dr_call){.kind = DR_CALL_SQL_HOT, .at = EAST}, &r);
    const struct dr_instance *i = r.as.instance;
    cr_expect(i->super_read_only && !i->restricted_read_only && i->gc_enable);
    cr_expect_eq(i->gc_life_time_ms, 72 * 3600 * 1000);
    cr_expect_eq(i->auto_increment_increment, 8);
    cr_expect_eq(i->auto_increment_offset, 3);
    cr_expect_str_eq(i->address, "127.0.1.4:4000");
    wire_done(&b, &r);
}

Test(wire, ledger_with_rows_and_beats)
{
    struct wire_talk talk = {.lines = (const struct wire_line[]){
                                 {FIRST VARIABLES LEDGER BEATS,
                                  "kind|id|" NAMES "\nv||0|0|0|10m0s|1|0|1|1\n"
                                  "l|18446744073709551615|epoch|{}|3|h-1|~|~|~|~\n"
                                  "l|71|term|{\"n\":1}|3|h-1|~|~|~|~\n"
                                  "b|460000000000000000|east|~|~|~|~|~|~|~"},
                                 {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk, &(struct dr_call){.kind = DR_CALL_SQL_LEDGER, .at = EAST},
                  &r);
    const struct dr_ledger_group *g = r.ledger;
    cr_expect(g->seen.known && g->table_present && g->beat_table_present && !g->decoded);
    cr_assert_eq(g->raw_count, 2);
    cr_expect_eq(g->raw[0].cluster_id, UINT64_MAX);
    cr_expect_str_eq(g->raw[1].value, "{\"n\":1}");
    cr_assert_eq(g->beat_count, 1);
    cr_expect_str_eq(g->beats[0].origin, "east");
    cr_expect_not(r.as.instance->gc_enable);
    wire_done(&b, &r);
}

/* Absence comes from the error that names the table; the rest is still read. */
Test(wire, ledger_that_is_not_there)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {FIRST VARIABLES LEDGER BEATS,
             "!1146 Table 'mysql.drover_ledger' doesn't exist"},
            {FIRST VARIABLES BEATS, "!1146 Table 'drover.heartbeat' doesn't exist"},
            {FIRST VARIABLES, "kind|id|" NAMES "\nv||0|0|1|10m0s|1|0|1|1"},
            {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk, &(struct dr_call){.kind = DR_CALL_SQL_LEDGER, .at = EAST},
                  &r);
    cr_expect(r.ledger->seen.known && !r.ledger->table_present &&
              !r.ledger->beat_table_present);
    wire_done(&b, &r);
}

Test(wire, ledger_that_cannot_be_read_is_not_absent)
{
    static const char *const answers[] = {
        "!1142 SELECT command denied to user 'drover'@'%' for table 'drover_ledger'",
        "!1146 Table 'mysql.other' doesn't exist", "!9001 PD server timeout",
        "kind|id|" NAMES "\nv||0|0|1|10m0s|1|0|many|1",
        "kind|id|" NAMES "\nv||0|0|1|10m0s|1|0|1|1\nl|x|epoch|{}|3|h|~|~|~|~"};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const struct wire_line lines[] = {{FIRST VARIABLES LEDGER BEATS, answers[i]},
                                          {NULL, NULL}};
        struct wire_talk talk = {.lines = lines};
        struct wire_bench b;
        struct dr_reply r;
        wire_ask(&b, &talk, &(struct dr_call){.kind = DR_CALL_SQL_LEDGER, .at = EAST},
                 &r);
        cr_expect_eq(r.outcome, DR_UNKNOWN, "%s", answers[i]);
        cr_expect_null(r.ledger);
        wire_done(&b, &r);
    }
}

#define STATUS "File|Position|Binlog_Do_DB|Binlog_Ignore_DB|Executed_Gtid_Set\n"

/* One statement outside a transaction, on the lease's session: beside the ledger's. */
Test(wire, tso)
{
    const char *const old = "SHOW MASTER STATUS", *const renamed =
                                                      "SHOW BINARY LOG STATUS";
    const struct {
        struct wire_line lines[3];
        uint64_t tso; /* 0: not known */
    } cases[] = {
        {{{old, STATUS "tidb-binlog|460000000000000001|||"}}, 460000000000000001u},
        {{{old, "!1064 You have an error in your SQL syntax"},
          {renamed, STATUS "tidb-binlog|47|||"}},
         47},
        {{{old, "!1064 You have an error"}, {renamed, "!1064 You have an error"}}, 0},
        {{{old, "!9001 PD server timeout"}}, 0},
        {{{old, STATUS "tidb-binlog|0|||"}}, 0}, /* no transaction was started for it */
        {{{old, STATUS}}, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_talk talk = {.lines = cases[i].lines};
        struct wire_bench b;
        struct dr_reply r;
        wire_ask(&b, &talk, &(struct dr_call){.kind = DR_CALL_SQL_TSO, .at = EAST}, &r);
        cr_expect_eq(r.outcome, cases[i].tso ? DR_DONE : DR_UNKNOWN, "case %zu", i);
        cr_expect_eq(r.tso, cases[i].tso, "case %zu", i);
        cr_expect_eq(talk.lane, DR_LANE_LEASE);
        wire_done(&b, &r);
    }
}

Test(wire, identity)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {"SELECT TYPE, INSTANCE, STATUS_ADDRESS, VERSION FROM "
             "information_schema.cluster_info",
             "TYPE|INSTANCE|STATUS_ADDRESS|VERSION\ntidb|127.0.1.4:4000|127.0.1.4:10080|"
             "8.5.4\npd|127.0.1.1:2379|127.0.1.1:2379|8.5.4"},
            {"SELECT TIDB_VERSION() AS version", "version\nRelease Version: v8.5.4"},
            {"SELECT VARIABLE_NAME, VARIABLE_VALUE FROM mysql.tidb WHERE VARIABLE_NAME "
             "IN "
             "('cluster_id', 'new_collation_enabled')",
             "VARIABLE_NAME|VARIABLE_VALUE\ncluster_id|7388813826377400123\n"
             "new_collation_enabled|True"},
            {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk, &(struct dr_call){.kind = DR_CALL_SQL_IDENTITY, .at = EAST},
                  &r);
    cr_expect_eq(r.as.identity->cluster_id, 7388813826377400123u);
    cr_expect_eq(dr_version_rank(&r.as.identity->version), 8005004);
    cr_expect(r.as.identity->new_collation);
    cr_expect_eq(r.as.identity->member_count, 2);
    wire_done(&b, &r);
}

Test(wire, accounts)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {"SELECT user, host, account_locked FROM mysql.user WHERE user IN ('drover', "
             "'cdc') ORDER BY user, host",
             "user|host|account_locked\ncdc|%|Y\ncdc|10.%|N\ndrover|%|N"},
            {"SHOW GRANTS FOR 'cdc'@'%'", "G\nGRANT SELECT,INSERT ON *.* TO 'cdc'@'%'"},
            {"SHOW GRANTS FOR 'cdc'@'10.%'",
             "G\nGRANT SELECT ON *.* TO 'cdc'@'10.%'\nGRANT DROP ON `a`.* TO "
             "'cdc'@'10.%'\nGRANT INSERT,UPDATE ON `mysql`.`drover_ledger` TO "
             "'cdc'@'10.%'\nGRANT UPDATE ON mysql.* TO 'cdc'@'10.%'"},
            {"SHOW GRANTS FOR 'drover'@'%'",
             "G\nGRANT ALL PRIVILEGES ON *.* TO 'drover'@'%' WITH GRANT OPTION\n"
             "GRANT RESTRICTED_REPLICA_WRITER_ADMIN ON *.* TO 'drover'@'%'"},
            {"SELECT user, priv FROM mysql.global_grants WHERE priv = "
             "'RESTRICTED_REPLICA_WRITER_ADMIN' UNION ALL SELECT user, 'SUPER' FROM "
             "mysql.user WHERE Super_priv = 'Y' ORDER BY 1, 2",
             "USER|PRIV\ndrover|RESTRICTED_REPLICA_WRITER_ADMIN\n"
             "drover|RESTRICTED_REPLICA_WRITER_ADMIN\nops|"
             "RESTRICTED_REPLICA_WRITER_ADMIN\nroot|SUPER"},
            {NULL, NULL}}};
    const char *const names[] = {"cdc", "drover"};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk,
                  &(struct dr_call){.kind = DR_CALL_SQL_ACCOUNTS,
                                    .at = EAST,
                                    .args.accounts = {.count = 2, .names = names}},
                  &r);
    const struct dr_account *drover = dr_accounts_find(r.as.accounts, "drover");
    const struct dr_account *cdc = dr_accounts_find(r.as.accounts, "cdc");
    cr_assert_eq(r.as.accounts->count, 2);
    cr_expect_eq(drover, &r.as.accounts->items[0]);
    cr_expect_eq(drover->privileges, (1u << DR_PRIV_COUNT) - 1);
    cr_expect_eq(cdc->privileges, 1u << DR_PRIV_SELECT, "what each row has");
    cr_expect_eq(cdc->ledger_privileges, 1u << DR_PRIV_INSERT,
                 "one by *.*, the other by the table");
    cr_expect_eq(cdc->beat_privileges, 0);
    cr_expect_eq(drover->ledger_privileges, 0, "*.* tells it already");
    cr_assert_eq(r.as.accounts->super_count, 1);
    cr_expect_str_eq(r.as.accounts->supers[0], "root");
    cr_assert_eq(cdc->host_count, 2);
    cr_expect(cdc->locked[0] && !cdc->locked[1]);
    cr_assert_eq(r.as.accounts->bypass_count, 2);
    cr_expect_str_eq(r.as.accounts->bypass[1], "ops");
    wire_done(&b, &r);
}

Test(wire, jobs_leave_out_other_accounts_and_ourselves)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {"SHOW BACKUPS",
             "Id|Destination|State|Progress|Queue_time|Execution_time|Finish_time|"
             "Connection|Message\n1|s3://b/"
             "p?secret-access-key=abc|Backup|41.25|x|x|~|88|~"},
            {"SHOW RESTORES", "Destination|State|Progress|Finish_time|Connection"},
            {"SHOW PROCESSLIST",
             "Id|User|Host|db|Command|Time|State|Info\n4711|drover|h|~|Query|0||SHOW "
             "PROCESSLIST\n88|drover|h|~|Query|70||backup database * TO "
             "'x'\n89|app|h|~|Sleep|1||~\n90|drover|h|~|Sleep|3||~"},
            {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk, &(struct dr_call){.kind = DR_CALL_SQL_JOBS, .at = EAST}, &r);
    const struct dr_jobs *j = r.as.jobs;
    cr_assert_eq(j->backup_count, 1);
    cr_expect_str_eq(j->backups[0].destination, "s3://b/p");
    cr_expect_eq(j->backups[0].progress_permille, 412);
    cr_expect_eq(j->backups[0].connection_id, 88);
    cr_expect_not(j->backups[0].finished);
    cr_assert_eq(j->session_count, 2);
    cr_expect_eq(j->sessions[0].id, 88);
    cr_expect_str_eq(j->sessions[0].word, "BACKUP");
    cr_expect_str_eq(j->sessions[1].word, "");
    wire_done(&b, &r);
}

/* Each tidb-server numbers its sessions by itself: what is ours on one may be an older
 * controller's on another, and a takeover must see it to kill it. */
Test(wire, jobs_know_their_own_sessions_by_instance)
{
    static const struct wire_line lines[] = {
        {"SHOW BACKUPS", "Destination|State|Progress|Finish_time|Connection"},
        {"SHOW RESTORES", "Destination|State|Progress|Finish_time|Connection"},
        {"SHOW PROCESSLIST", "Id|User|Time|Info\n4711|drover|0|~\n5000|drover|0|~"},
        {NULL, NULL}};
    static const struct {
        struct dr_target at;
        uint64_t session;
        size_t count;
        uint64_t left;
    } asked[] = {{{.cluster = 0, .instance = "127.0.1.4:4000"}, 4711, 1, 5000},
                 {{.cluster = 1, .instance = "127.1.1.4:4000"}, 5000, 1, 4711},
                 {{.cluster = 1, .instance = "127.1.1.5:4000"}, 6000, 2, 4711}};
    struct wire_talk talk = {.lines = lines};
    struct wire_bench b;
    wire_bench_open(&b, &talk);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        struct dr_reply r;
        talk = (struct wire_talk){.lines = lines, .session = asked[i].session};
        wire_bench_ask(&b, &(struct dr_call){.kind = DR_CALL_SQL_JOBS, .at = asked[i].at},
                       &r);
        cr_assert_eq(r.outcome, DR_DONE, "%s", r.err.text);
        cr_assert_eq(r.as.jobs->session_count, asked[i].count, "%zu", i);
        cr_expect_eq(r.as.jobs->sessions[0].id, asked[i].left, "%zu", i);
        dr_reply_release(&r);
    }
    wire_bench_close(&b);
}

static const struct {
    const char *back;
    enum dr_outcome outcome;
    enum dr_login_answer answer;
} logins[] = {{NULL, DR_DONE, DR_LOGIN_LET_IN},
              {"!3118 Account is locked.", DR_DONE, DR_LOGIN_LOCKED},
              {"!1045 Access denied", DR_DONE, DR_LOGIN_WRONG_PASSWORD},
              {"!1040 Too many connections", DR_UNKNOWN, 0}};

Test(wire, login)
{
    for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
        const struct wire_line lines[] = {{"SELECT 1", logins[i].back}, {NULL, NULL}};
        struct wire_talk talk = {.lines = lines};
        struct wire_bench b;
        struct dr_reply r;
        wire_ask(&b, &talk,
                 &(struct dr_call){.kind = DR_CALL_SQL_LOGIN,
                                   .at = EAST,
                                   .args.login = {.generation = 2, .from = "west"}},
                 &r);
        cr_expect_eq(talk.lane, DR_LANE_LOGIN);
        cr_expect_eq(r.outcome, logins[i].outcome, "%zu: %s", i, r.err.text);
        cr_expect_eq(r.login, logins[i].answer, "%zu", i);
        wire_done(&b, &r);
    }
}

Test(wire, counts_at_one_tso)
{
    const struct dr_table tables[] = {{"shop", "orders", DR_TABLE_BASE, true},
                                      {"shop", "v", DR_TABLE_VIEW, true},
                                      {"shop", "gone", DR_TABLE_BASE, true}};
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {"SET SESSION tidb_snapshot = '46'", NULL},
            {"SHOW CREATE TABLE `shop`.`orders`", "Table|Create Table\norders|CREATE"},
            {"SHOW CREATE TABLE `shop`.`v`", "View|Create View\nv|CREATE VIEW"},
            {"SHOW CREATE TABLE `shop`.`gone`", "!1146 Table 'shop.gone' doesn't exist"},
            {"SELECT COUNT(*) AS n FROM `shop`.`orders`", "n\n12345678901"},
            {"SET SESSION tidb_snapshot = ''", NULL},
            {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(
        &b, &talk,
        &(struct dr_call){.kind = DR_CALL_SQL_COUNTS,
                          .at = EAST,
                          .args.counts = {.tso = 46, .count = 3, .tables = tables}},
        &r);
    cr_expect_eq(talk.lane, DR_LANE_JOB, "a round must never meet this snapshot");
    cr_expect_eq(r.as.counts->items[0].rows, 12345678901u);
    cr_expect_str_eq(r.as.counts->items[0].definition,
                     "fde9c5013bf506100d196c3c865dc3acdc36530b46f661826f62a1b0463de3b3");
    cr_expect(r.as.counts->items[0].counted && r.as.counts->items[1].counted);
    cr_expect_null(r.as.counts->items[2].definition);
    wire_done(&b, &r);
}

Test(wire, pd)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {"GET /pd/api/v1/members", "500 [PD:apiutil:ErrRedirect]redirect failed"},
            {"GET /pd/api/v1/members",
             "200 "
             "{\"header\":{\"cluster_id\":7710483965907816952},\"members\":[{\"name\":"
             "\"p2\",\"member_id\":13523632400839723199,\"client_urls\":[\"http://"
             "127.0.1.1:2379\",\"https://db:2379/\"],\"binary_version\":\"v8.5.4\"}],"
             "\"leader\":{}}"},
            {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk, &(struct dr_call){.kind = DR_CALL_PD_IDENTITY}, &r);
    cr_expect_eq(r.as.pd->cluster_id, 7710483965907816952u);
    cr_assert_eq(r.as.pd->address_count, 2);
    cr_expect_str_eq(r.as.pd->addresses[1], "db:2379");
    cr_expect_eq(r.as.pd->version.minor, 5);
    wire_done(&b, &r);
    talk = (struct wire_talk){
        .lines = (const struct wire_line[]){
            {"GET /pd/api/v1/gc/safepoint",
             "200 "
             "{\"service_gc_safe_points\":[{\"service_id\":\"gc_worker\",\"expired_at\":"
             "9223372036854775807,\"safe_point\":470609638468354049}],\"gc_safe_point\":"
             "0}"},
            {NULL, NULL}}};
    wire_ask_well(&b, &talk, &(struct dr_call){.kind = DR_CALL_PD_SAFEPOINTS}, &r);
    cr_assert_eq(r.as.safepoints->count, 1);
    cr_expect_eq(r.as.safepoints->items[0].expired_at_s, INT64_MAX);
    cr_expect_eq(r.as.safepoints->gc_safe_point, 0);
    wire_done(&b, &r);
}

/* A safe point of 0 says that GC has taken nothing: it is never made up. */
Test(wire, pd_safe_points_that_are_not_there)
{
    static const char *const bodies[] = {
        "200 {}",
        "200 {\"service_gc_safe_points\":[]}",
        "200 {\"service_gc_safe_points\":null,\"gc_safe_point\":null}",
        "200 {\"service_gc_safe_points\":null,\"gc_safe_point\":\"x\"}",
        "200 "
        "{\"service_gc_safe_points\":[{\"service_id\":\"ticdc-default-1\",\"expired_at\":"
        "9999999999,\"safe_point\":-1}],\"gc_safe_point\":1}",
        "200 "
        "{\"service_gc_safe_points\":[{\"service_id\":\"ticdc-default-1\",\"expired_at\":"
        "9999999999}],\"gc_safe_point\":1}",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct wire_talk talk = {
            .lines = (const struct wire_line[]){
                {"GET /pd/api/v1/gc/safepoint", bodies[i]}, {NULL, NULL}}};
        struct wire_bench b;
        struct dr_reply r;
        wire_ask(&b, &talk, &(struct dr_call){.kind = DR_CALL_PD_SAFEPOINTS}, &r);
        cr_expect_eq(r.outcome, DR_UNKNOWN, "%s", bodies[i]);
        cr_expect_eq(r.err.code, DR_E_PROTOCOL, "%s", bodies[i]);
        wire_done(&b, &r);
    }
}

#define STORE(state, label, size)                                                        \
    "{\"store\":{\"id\":1,\"state_name\":\"" state "\"" label                            \
    "},\"status\":{\"used_size\":\"1GiB\"" size "}}"
#define TIFLASH ",\"labels\":[{\"key\":\"engine\",\"value\":\"tiflash\"}]"
#define STORES  "GET /pd/api/v1/stores"
#define REPLICAS                                                                         \
    {                                                                                    \
        "GET /pd/api/v1/config/replicate", "200 {\"max-replicas\":3}"                    \
    }

/* Each byte once, on the TiKVs that are up. Without a size or a store nothing is known.
 */
Test(wire, pd_stores)
{
    static const struct {
        struct wire_line lines[3];
        uint64_t mib; /* 0: not known */
        uint32_t count;
    } cases[] = {
        {{{STORES,
           "200 {\"stores\":[" STORE("Up", "", ",\"leader_size\":100") "," STORE(
               "Up", "",
               ",\"leader_size\":0") "," STORE("Up", TIFLASH,
                                               "") "," STORE("Offline", "",
                                                             ",\"leader_size\":7") "]}"},
          REPLICAS},
         100,
         2},
        {{{STORES, "200 {\"stores\":[" STORE("Up", "", "") "]}"}}, 0, 0},
        {{{STORES, "200 {\"stores\":[" STORE("Up", TIFLASH, "") "]}"}}, 0, 0},
        {{{STORES, "200 {\"stores\":[" STORE(
                       "Up", "", ",\"leader_size\":18446744073709551615") "]}"}},
         0,
         0},
        {{{STORES, "200 {}"}}, 0, 0},
        {{{STORES, "200 {\"stores\":[" STORE("Up", "", ",\"leader_size\":1") "]}"},
          {"GET /pd/api/v1/config/replicate", "200 {}"}},
         0,
         0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_talk talk = {.lines = cases[i].lines};
        struct wire_bench b;
        struct dr_reply r;
        wire_ask(&b, &talk, &(struct dr_call){.kind = DR_CALL_PD_STORES}, &r);
        cr_assert_eq(r.outcome, cases[i].mib ? DR_DONE : DR_UNKNOWN, "case %zu: %s", i,
                     r.err.text);
        if (cases[i].mib) {
            cr_expect_eq(r.as.stores->data_bytes, cases[i].mib << 20);
            cr_expect_eq(r.as.stores->count, cases[i].count);
            cr_expect_eq(r.as.stores->replicas, 3);
        }
        wire_done(&b, &r);
    }
}

#define LIST "GET /backup?list-type=2&max-keys=1000&prefix=orders%2Fg%202%2F"
#define XML  "200 <?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\">"

Test(wire, store_list)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {LIST, XML "<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;"
                       "</NextContinuationToken><Contents><Key>orders/g 2/1/a&#x26;b.sst"
                       "</Key></Contents></ListBucketResult>"},
            {LIST "backup", XML "<Contents><Key>orders/g 2/backup.lock</Key></Contents>"
                                "<Contents><Key>orders/g 2/backupmeta</Key></Contents>"
                                "</ListBucketResult>"},
            {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk,
                  &(struct dr_call){.kind = DR_CALL_STORE_LIST,
                                    .args.store = {DR_STORE_BACKUP, "g 2"}},
                  &r);
    cr_expect_eq(r.as.listing->count, 1);
    cr_expect(r.as.listing->has_lock && r.as.listing->has_meta);
    wire_done(&b, &r);
}

/* An object store says in XML why it refuses: its code and its words, not the markup. */
Test(wire, store_refuses_in_words)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {LIST, "403 <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>"
                   "SignatureDoesNotMatch</Code><Message>The signature &amp; key do not "
                   "match.</Message><Resource>/backup</Resource></Error>"},
            {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask(&b, &talk,
             &(struct dr_call){.kind = DR_CALL_STORE_LIST,
                               .args.store = {DR_STORE_BACKUP, "g 2"}},
             &r);
    cr_assert_eq(r.err.code, DR_E_AUTH);
    cr_expect(strstr(r.err.text, "HTTP 403: SignatureDoesNotMatch: The signature & key"),
              "%s", r.err.text);
    cr_expect_null(strchr(r.err.text, '<'), "%s", r.err.text);
    wire_done(&b, &r);
}

#define REDO "GET /redo?list-type=2&max-keys=1000&prefix=orders%2Fr1%2F"

/* A meta file that vanishes between listing and reading: its successor is looked for. */
Test(wire, store_redo)
{
    struct wire_talk talk = {
        .lines = (const struct wire_line[]){
            {REDO, XML "<Contents><Key>orders/r1/a_meta_1.meta</Key></Contents>"
                       "<Contents><Key>orders/r1/x.log</Key></Contents>"
                       "</ListBucketResult>"},
            {"GET /redo/orders/r1/a_meta_1.meta", "404 gone"},
            {REDO, XML "<Contents><Key>orders/r1/a_meta_2.meta</Key></Contents>"
                       "<Contents><Key>orders/r1/b_meta_1.meta</Key></Contents>"
                       "</ListBucketResult>"},
            {"GET /redo/orders/r1/a_meta_2.meta",
             "200 \x83\xacversionOther\x92\x01\xc0\xac"
             "checkpointTs\xcd\x12\x34\xaaresolvedTs\x7f"},
            {"GET /redo/orders/r1/b_meta_1.meta",
             "200 \x82\xaaresolvedTs\xcf\x06\x62\x11\x22\x33\x44\x55\x66\xac"
             "checkpointTs\x05"},
            {NULL, NULL}}};
    struct wire_bench b;
    struct dr_reply r;
    wire_ask_well(&b, &talk,
                  &(struct dr_call){.kind = DR_CALL_STORE_REDO,
                                    .args.store = {DR_STORE_REDO, "r1"}},
                  &r);
    cr_expect(r.as.redo->found);
    cr_expect_eq(r.as.redo->checkpoint, 0x1234);
    cr_expect_eq(r.as.redo->resolved, 0x0662112233445566);
    wire_done(&b, &r);
}

/* What SHOW GRANTS says, and on which of drover's objects it counts. */
Test(wire, grants_on_what_is_ours)
{
    static const struct {
        const char *line;
        uint32_t bits;
        enum dr_grant_on on;
    } rows[] = {
        {"GRANT SELECT,DROP ON *.* TO 'd'@'%'", 1u << DR_PRIV_SELECT | 1u << DR_PRIV_DROP,
         DR_ON_ALL},
        {"GRANT INSERT ON `mysql`.`drover_ledger` TO 'd'@'%'", 1u << DR_PRIV_INSERT,
         DR_ON_LEDGER},
        {"GRANT INSERT ON mysql.drover_ledger TO 'd'@'%'", 1u << DR_PRIV_INSERT,
         DR_ON_LEDGER},
        {"GRANT INSERT ON `mysql`.* TO 'd'@'%'", 1u << DR_PRIV_INSERT, DR_ON_LEDGER},
        {"GRANT CREATE ON `drover`.* TO 'd'@'%'", 1u << DR_PRIV_CREATE, DR_ON_BEATS},
        {"GRANT CREATE ON `drover`.`heartbeat` TO 'd'@'%'", 0, DR_ON_ALL},
        {"GRANT INSERT ON `mysql`.`drover_ledger2` TO 'd'@'%'", 0, DR_ON_ALL},
        {"GRANT INSERT ON `mysql2`.* TO 'd'@'%'", 0, DR_ON_ALL},
        {"GRANT INSERT ON `mysql`.`user` TO 'd'@'%'", 0, DR_ON_ALL},
        {"GRANT INSERT ON `%`.* TO 'd'@'%'", 0, DR_ON_ALL},
        {"GRANT 'r'@'%' TO 'd'@'%'", 0, DR_ON_ALL},
        {"GRANT SUPER ON *.* TO 'd'@'%'",
         1u << DR_PRIV_SUPER |
             (DR_PRIV_DYNAMIC & ~(1u << DR_PRIV_RESTRICTED_REPLICA_WRITER_ADMIN)),
         DR_ON_ALL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum dr_grant_on on = DR_ON_COUNT;
        uint32_t bits = dr_grant_bits(rows[i].line, &on);
        cr_expect_eq(bits, rows[i].bits, "%s", rows[i].line);
        cr_expect(!bits || on == rows[i].on, "%s", rows[i].line);
    }
}
