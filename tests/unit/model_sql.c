/* A simulated TiDB: each numbered item of what a simulator of TiDB must do, as the
 * project's reference lists them, has a test of its name. */
#include "tests/unit/model_kit.h"

Test(model_tidb, item_01_versions)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *s = lab_login(&k, "127.0.1.4", "app");
    cr_assert_str_eq(lab_cell(&k, s, "SELECT VERSION()"), "8.0.11-TiDB-v8.5.4");
    cr_assert_str_eq(lab_cell(&k, s, "SELECT @@version"), "8.0.11-TiDB-v8.5.4");
    cr_assert(strncmp(lab_cell(&k, s, "SELECT TIDB_VERSION()"),
                      "Release Version: v8.5.4\nEdition: Community\n", 43) == 0);
    cr_assert_null(lab_login(&k, "127.0.1.4", "stranger"));
    cr_assert_eq(k.out.error, 1045);
    cr_assert_str_eq(k.out.message,
                     "Access denied for user 'stranger'@'127.0.0.1' (using "
                     "password: YES)");
    cr_assert_null(lab_login(&k, "127.0.1.4", "locked"));
    cr_assert_eq(k.out.error, 3118);
    cr_assert_str_eq(k.out.message,
                     "Access denied for user 'locked'@'127.0.0.1'. Account is locked.");
    lab_close(&k);
    lab_open_version(&k, "v7.1.5", 7, 1, 5);
    s = lab_login(&k, "127.0.1.4", "app");
    cr_assert_str_eq(lab_cell(&k, s, "SELECT VERSION()"), "5.7.25-TiDB-v7.1.5");
    lab_close(&k);
}

Test(model_tidb, item_02_bdr_role)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    struct dr_model_session *r = lab_login(&k, "127.0.1.4", "root");
    struct dr_model_session *app = lab_login(&k, "127.0.1.4", "app");
    cr_assert_str_eq(lab_cell(&k, d, "ADMIN SHOW BDR ROLE"), "");
    cr_assert_eq(lab_run(&k, app, "ADMIN SHOW BDR ROLE"), 8121);
    cr_assert_str_eq(k.out.message, "privilege check for 'Super' fail");
    cr_assert_eq(lab_run(&k, d, "ADMIN SET BDR ROLE 'primary'"), 1064);
    lab_ok(&k, d, "BEGIN");
    lab_ok(&k, d, "ADMIN SET BDR ROLE PRIMARY");
    cr_assert_str_eq(lab_cell(&k, r, "ADMIN SHOW BDR ROLE"), "");
    lab_ok(&k, d, "COMMIT");
    cr_assert_str_eq(lab_cell(&k, r, "ADMIN SHOW BDR ROLE"), "primary");
    lab_ok(&k, d, "BEGIN");
    lab_ok(&k, d, "ADMIN UNSET BDR ROLE");
    lab_ok(&k, d, "ROLLBACK");
    cr_assert_str_eq(lab_cell(&k, r, "ADMIN SHOW BDR ROLE"), "primary");
    lab_ok(&k, d, "SET GLOBAL tidb_super_read_only = ON");
    cr_assert_eq(lab_run(&k, r, "ADMIN SHOW BDR ROLE"), 1836);
    cr_assert_str_eq(lab_cell(&k, d, "ADMIN SHOW BDR ROLE"), "primary");
    lab_close(&k);
    lab_open_version(&k, "v7.5.5", 7, 5, 5);
    d = lab_login(&k, "127.0.1.4", "drover");
    cr_assert_eq(lab_run(&k, d, "ADMIN SHOW BDR ROLE"), 1064);
    lab_close(&k);
}

Test(model_tidb, item_03_ddl_under_roles)
{
    static const struct {
        const char *sql;
        int primary, secondary;
    } cases[] = {
        {"CREATE DATABASE d2", 0, 8263},
        {"CREATE TABLE shop.t2 (a INT PRIMARY KEY, b INT)", 0, 8263},
        {"ALTER TABLE shop.orders ADD COLUMN x INT DEFAULT 1", 0, 8263},
        {"ALTER TABLE shop.orders ADD COLUMN y INT NOT NULL", 8263, 8263},
        {"ALTER TABLE shop.orders ADD INDEX i (n)", 0, 8263},
        {"ALTER TABLE shop.orders ADD UNIQUE u (item)", 8263, 8263},
        {"ALTER TABLE shop.orders DROP COLUMN n", 8263, 8263},
        {"ALTER TABLE shop.orders AUTO_INCREMENT = 0", 8263, 8263},
        {"TRUNCATE shop.orders", 8263, 8263},
        {"RENAME TABLE shop.orders TO shop.o", 8263, 8263},
        {"DROP TABLE shop.orders", 8263, 8263},
        {"DROP DATABASE shop", 8263, 8263},
    };
    for (int role = 0; role < 2; role++) {
        struct lab k;
        lab_open(&k);
        struct dr_model_session *r = lab_login(&k, "127.0.1.4", "root");
        lab_ok(&k, r,
               role ? "ADMIN SET BDR ROLE SECONDARY" : "ADMIN SET BDR ROLE PRIMARY");
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            int want = role ? cases[i].secondary : cases[i].primary;
            cr_assert_eq(lab_run(&k, r, cases[i].sql), want, "'%s': %d %s", cases[i].sql,
                         k.out.error, k.out.message);
            if (want)
                cr_assert_str_eq(
                    k.out.message,
                    role ? "The operation is not allowed while the bdr role of "
                           "this cluster is set to secondary."
                         : "The operation is not allowed while the bdr role of "
                           "this cluster is set to primary.");
        }
        lab_ok(&k, r, "SET SESSION tidb_cdc_write_source = 1");
        lab_ok(&k, r, "TRUNCATE shop.orders");
        const struct dr_model_cluster *c = &k.m->clusters[0];
        const struct dr_change *last = &c->log.items[c->log.count - 1];
        cr_assert_str_eq(last->bdr_role, role ? "secondary" : "primary");
        cr_assert_eq(last->write_source, 1u);
        lab_close(&k);
    }
}

Test(model_tidb, item_04_set_global)
{
    static const struct {
        const char *sql;
        int error;
        const char *message;
    } cases[] = {
        {"SET GLOBAL nonsense = 1", 1193, "Unknown system variable 'nonsense'"},
        {"SET GLOBAL tidb_gc_enable = maybe", 1231,
         "Variable 'tidb_gc_enable' can't be set to the value of 'maybe'"},
        {"SET tidb_gc_enable = 1", 1229,
         "Variable 'tidb_gc_enable' is a GLOBAL variable and should be set with SET "
         "GLOBAL"},
        {"SET GLOBAL tidb_snapshot = ''", 1228,
         "Variable 'tidb_snapshot' is a SESSION variable and can't be used with SET "
         "GLOBAL"},
        {"SET GLOBAL auto_increment_offset = 'x'", 1232,
         "Incorrect argument type to variable 'auto_increment_offset'"},
        {"SET GLOBAL version = 'x'", 1238, "Variable 'version' is a read only variable"},
        {"SET GLOBAL read_only = ON", 1235,
         "function READ ONLY has only noop implementation in tidb now, use "
         "tidb_enable_noop_functions to enable these functions"},
    };
    struct lab k;
    lab_open(&k);
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    struct dr_model_session *other = lab_login(&k, "127.0.1.5", "drover");
    struct dr_model_session *app = lab_login(&k, "127.0.1.4", "app");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(lab_run(&k, d, cases[i].sql), cases[i].error, "'%s': %d",
                     cases[i].sql, k.out.error);
        cr_assert_str_eq(k.out.message, cases[i].message);
    }
    cr_assert_eq(lab_run(&k, app, "SET GLOBAL tidb_gc_enable = OFF"), 1227);
    cr_assert_str_eq(k.out.message,
                     "Access denied; you need (at least one of) the SUPER or "
                     "SYSTEM_VARIABLES_ADMIN privilege(s) for this operation");
    lab_ok(&k, d, "SET GLOBAL auto_increment_increment = 70000");
    cr_assert_eq(k.out.warnings, 1u);
    cr_assert_str_eq(lab_rows(&k, d, "SHOW WARNINGS"),
                     "Warning,1292,Truncated incorrect auto_increment_increment value: "
                     "'70000'");
    cr_assert_str_eq(lab_cell(&k, d, "SELECT @@global.auto_increment_increment"),
                     "65535");
    cr_assert_str_eq(lab_cell(&k, d, "SELECT @@auto_increment_increment"), "1");
    lab_ok(&k, d, "SET GLOBAL tidb_gc_life_time = '24h', GLOBAL tidb_gc_enable = 0");
    cr_assert_str_eq(
        lab_rows(&k, d, "SELECT @@global.tidb_gc_life_time, @@global.tidb_gc_enable"),
        "24h0m0s,0");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 1000);
    cr_assert_str_eq(lab_cell(&k, other, "SELECT @@global.tidb_gc_enable"), "0");
    lab_ctl(&k, "{\"fault\": \"lag\", \"at\": \"127.0.1.5:4000\"}");
    lab_ok(&k, d, "SET GLOBAL tidb_gc_enable = ON");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 1000);
    cr_assert_str_eq(lab_cell(&k, other, "SELECT @@global.tidb_gc_enable"), "0");
    lab_ctl(&k, "{\"fault\": \"unlag\", \"at\": \"127.0.1.5:4000\"}");
    cr_assert_str_eq(lab_cell(&k, other, "SELECT @@global.tidb_gc_enable"), "1");
    cr_assert_str_eq(lab_rows(&k, d, "SHOW VARIABLES LIKE 'tidb_gc_enable'"),
                     "tidb_gc_enable,ON");
    lab_ok(&k, d, "SET GLOBAL tidb_restricted_read_only = ON");
    cr_assert_str_eq(lab_cell(&k, d, "SELECT @@global.tidb_super_read_only"), "1");
    cr_assert_eq(lab_run(&k, d, "SET GLOBAL tidb_super_read_only = OFF"), 1105);
    cr_assert_str_eq(k.out.message, "can't turn off tidb_super_read_only when "
                                    "tidb_restricted_read_only is on");
    lab_ok(&k, d, "SET GLOBAL tidb_restricted_read_only = OFF");
    cr_assert_str_eq(lab_cell(&k, d, "SELECT @@global.tidb_super_read_only"), "1");
    lab_ok(&k, d,
           "SET GLOBAL tidb_super_read_only = (SELECT IF(COUNT(*) = 0, 'OFF', "
           "'stale') FROM shop.orders)");
    cr_assert_eq(lab_run(&k, d,
                         "SET GLOBAL tidb_super_read_only = (SELECT IF(COUNT(*) = 1, "
                         "'OFF', 'stale') FROM shop.orders)"),
                 1231);
    cr_assert_str_eq(
        k.out.message,
        "Variable 'tidb_super_read_only' can't be set to the value of 'stale'");
    lab_close(&k);
}

Test(model_tidb, item_05_read_only)
{
    static const struct {
        const char *sql;
        bool refused;
    } cases[] = {
        {"SELECT COUNT(*) FROM shop.orders", false},
        {"SET SESSION tidb_read_staleness = 0", false},
        {"USE shop", false},
        {"SHOW TABLES", false},
        {"BEGIN", false},
        {"ROLLBACK", false},
        {"COMMIT", false},
        {"ADMIN SHOW DDL", false},
        {"ADMIN SHOW DDL JOBS", false},
        {"SELECT * FROM shop.orders FOR UPDATE", true},
        {"INSERT INTO shop.orders (item) VALUES ('x')", true},
        {"REPLACE INTO shop.orders (item) VALUES ('x')", true},
        {"UPDATE shop.orders SET n = 2", true},
        {"DELETE FROM shop.orders WHERE FALSE", true},
        {"CREATE TABLE shop.x (a INT)", true},
        {"GRANT SELECT ON *.* TO app", true},
        {"CREATE USER u2", true},
        {"KILL 1", true},
        {"FLUSH PRIVILEGES", true},
        {"ADMIN SHOW BDR ROLE", true},
        {"BACKUP DATABASE * TO 's3://backup/x'", true},
    };
    struct lab k;
    lab_open(&k);
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    struct dr_model_session *r = lab_login(&k, "127.0.1.4", "root");
    struct dr_model_session *app = lab_login(&k, "127.0.1.4", "app");
    lab_ok(&k, app, "BEGIN");
    lab_ok(&k, app, "INSERT INTO shop.orders (item) VALUES ('late')");
    lab_ok(&k, d, "SET GLOBAL tidb_super_read_only = ON");
    cr_assert_eq(lab_run(&k, app, "COMMIT"), 1836); /* and rolled back */
    cr_assert_str_eq(lab_cell(&k, app, "SELECT COUNT(*) FROM shop.orders"), "0");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(lab_run(&k, r, cases[i].sql), cases[i].refused ? 1836 : 0,
                     "'%s': %d %s", cases[i].sql, k.out.error, k.out.message);
        if (cases[i].refused)
            cr_assert_str_eq(k.out.message, "Running in read-only mode");
    }
    lab_ok(&k, d, "INSERT INTO shop.orders (item) VALUES ('bypass')");
    lab_ok(&k, r, "SET GLOBAL tidb_super_read_only = OFF");
    lab_ok(&k, app, "INSERT INTO shop.orders (item) VALUES ('y')");
    lab_close(&k);
}

Test(model_tidb, item_06_tso)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *s = lab_login(&k, "127.0.1.4", "drover");
    const char *first, *again;
    lab_ok(&k, s, "SHOW MASTER STATUS");
    cr_assert_str_eq(k.out.columns[1], "Position");
    first = k.out.cells[1].text;
    lab_ok(&k, s, "SHOW BINARY LOG STATUS");
    cr_assert(strcmp(k.out.cells[1].text, first) > 0);
    cr_assert_str_eq(lab_cell(&k, s, "SELECT @@tidb_current_ts"), "0");
    cr_assert_str_eq(lab_cell(&k, s, "SELECT TIDB_CURRENT_TSO()"), "0");
    lab_ok(&k, s, "BEGIN");
    first = lab_cell(&k, s, "SELECT @@tidb_current_ts");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 5000);
    lab_ok(&k, s, "SHOW MASTER STATUS");
    again = k.out.cells[1].text;
    cr_assert_str_eq(first, again);
    lab_ok(&k, s, "ROLLBACK");
    cr_assert_str_eq(lab_cell(&k, s, "SELECT TIDB_PARSE_TSO(470613491712000001)"),
                     lab_cell(&k, s, "SELECT TIDB_PARSE_TSO(470613491712000002)"));
    cr_assert_str_eq(lab_cell(&k, s, "SELECT TIDB_PARSE_TSO_LOGICAL(470613491712000001)"),
                     lab_cell(&k, s, "SELECT 470613491712000001 & 262143"));
    cr_assert_str_eq(lab_cell(&k, s, "SELECT TIDB_PARSE_TSO(0)"), "NULL");
    lab_close(&k);
}

static void poll_until(struct lab *k, struct dr_model_session *s, int64_t ms)
{
    int64_t until = dr_model_now_ms(k->m) + ms;
    enum dr_model_done done = DR_MODEL_RUNNING;
    while (done == DR_MODEL_RUNNING && dr_model_now_ms(k->m) < until) {
        dr_model_advance(k->m, dr_model_now_ms(k->m) + 100);
        done = dr_model_sql_poll(s, &k->out, k->a);
    }
}

static const char uri[] = "s3://backup/east/g1?endpoint=http://127.1.1.11:6060"
                          "&access-key=ak&secret-access-key=sk&force-path-style=true";

static const char *backup_sql(struct lab *k, const char *what, const char *rest)
{
    return dr_sprintf(k->a, "%s '%s' %s", what, uri, rest);
}

Test(model_tidb, item_07_backup_and_restore)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *e = lab_login(&k, "127.0.1.4", "drover");
    struct dr_model_session *e2 = lab_login(&k, "127.0.1.5", "drover");
    struct dr_model_session *w = lab_login(&k, "127.1.1.4", "drover");
    struct dr_model_session *app = lab_login(&k, "127.0.1.4", "app");
    lab_ok(&k, e,
           "CREATE TABLE shop.ttl (id INT PRIMARY KEY, at DATETIME) TTL = `at` + "
           "INTERVAL 3 DAY");
    lab_ok(&k, app, "INSERT INTO shop.orders (item) VALUES ('a'), ('b')");
    lab_ok(&k, e, "BEGIN");
    const char *ts = lab_cell(&k, e, "SELECT @@tidb_current_ts");
    lab_ok(&k, e, "ROLLBACK");
    lab_ok(&k, app, "INSERT INTO shop.orders (item) VALUES ('later')");
    const char *backup =
        backup_sql(&k, "BACKUP DATABASE * TO", dr_sprintf(k.a, "SNAPSHOT = %s", ts));
    cr_assert_eq(lab_run(&k, app, backup), 1227);
    cr_assert_eq(dr_model_sql_query(e, backup, strlen(backup), &k.out, k.a),
                 DR_MODEL_RUNNING);
    cr_assert_str_eq(lab_rows(&k, e2, "SHOW BACKUPS"), ""); /* another process */
    struct dr_model_session *same = lab_login(&k, "127.0.1.4", "drover");
    lab_ok(&k, same, "SHOW BACKUPS");
    cr_assert_eq(k.out.row_count, 1u);
    cr_assert_null(strstr(k.out.cells[1].text, "secret"));
    poll_until(&k, e, 60000);
    cr_assert_eq(k.out.error, 0, "%s", k.out.message);
    cr_assert_str_eq(dr_answer_cell(&k.out, 0, "BackupTS")->text, ts);
    cr_assert_str_eq(dr_answer_cell(&k.out, 0, "Destination")->text,
                     "s3://backup/east/g1");
    cr_assert_eq(lab_run(&k, e, backup), 8124);
    cr_assert_not_null(strstr(k.out.message, "backup meta file exists in"));
    /* restore: half of it, then its connection breaks; then the same again */
    const char *restore =
        backup_sql(&k, "RESTORE DATABASE * FROM", "WITH_SYS_TABLE = FALSE");
    cr_assert_eq(dr_model_sql_query(w, restore, strlen(restore), &k.out, k.a),
                 DR_MODEL_RUNNING);
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 7000);
    dr_model_sql_close(w);
    w = lab_login(&k, "127.1.1.4", "drover");
    cr_assert_neq(strstr(lab_rows(&k, w, "SHOW DATABASES"), "__TiDB_BR_Temporary_"),
                  NULL);
    cr_assert_eq(lab_run(&k, w,
                         backup_sql(&k, "RESTORE DATABASE * FROM",
                                    "WITH_SYS_TABLE = FALSE CONCURRENCY = 2")),
                 8125);
    lab_ok(&k, w, restore);
    cr_assert_str_eq(lab_rows(&k, w, "SELECT id, item, n FROM shop.orders"),
                     "1,a,1;2,b,1");
    cr_assert_null(strstr(lab_rows(&k, w, "SHOW DATABASES"), "__TiDB_BR_Temporary_"));
    cr_assert_not_null(
        strstr(lab_rows(&k, w, "SHOW CREATE TABLE shop.ttl"), "TTL_ENABLE='OFF'"));
    cr_assert_eq(lab_run(&k, w, restore), 8125);
    cr_assert_not_null(strstr(k.out.message, "ErrTablesAlreadyExisted"));
    lab_ok(&k, w, "DROP DATABASE shop");
    lab_ctl(&k, "{\"fault\": \"collation\", \"cluster\": \"west\"}");
    cr_assert_eq(lab_run(&k, w, restore), 8125);
    cr_assert_not_null(strstr(k.out.message, "new_collation_enabled"));
    lab_ctl(&k, "{\"fault\": \"collation\", \"cluster\": \"west\", \"old\": false}");
    /* accounts come along with the system tables */
    lab_ok(&k, e, "ALTER USER app IDENTIFIED BY 'other'");
    lab_close(&k);
}

Test(model_tidb, item_07_accounts_are_overwritten)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *e = lab_login(&k, "127.0.1.4", "root");
    struct dr_model_session *w = lab_login(&k, "127.1.1.4", "root");
    lab_ok(&k, e, "ALTER USER app IDENTIFIED BY 'other'");
    lab_ok(&k, e, backup_sql(&k, "BACKUP DATABASE * TO", ""));
    lab_ok(&k, w, backup_sql(&k, "RESTORE DATABASE * FROM", "WITH_SYS_TABLE = TRUE"));
    cr_assert_null(lab_login(&k, "127.1.1.4", "app"));
    cr_assert_eq(k.out.error, 1045);
    lab_close(&k);
}

Test(model_tidb, item_07_kill_and_disconnect)
{
    struct lab k;
    for (int old = 0; old < 2; old++) {
        if (old)
            lab_open_version(&k, "v7.5.5", 7, 5, 5);
        else
            lab_open(&k);
        struct dr_model_session *e = lab_login(&k, "127.0.1.4", "drover");
        struct dr_model_session *other = lab_login(&k, "127.0.1.5", "drover");
        const char *sql = backup_sql(&k, "BACKUP DATABASE * TO", "");
        cr_assert_eq(dr_model_sql_query(e, sql, strlen(sql), &k.out, k.a),
                     DR_MODEL_RUNNING);
        lab_ok(&k, other,
               dr_sprintf(k.a, "KILL TIDB QUERY %llu",
                          (unsigned long long)dr_model_sql_connection_id(e)));
        poll_until(&k, e, 5000);
        cr_assert_eq(k.out.error, 1317);
        cr_assert_eq(dr_model_sql_query(e, sql, strlen(sql), &k.out, k.a),
                     DR_MODEL_RUNNING);
        dr_model_sql_close(e);
        dr_model_advance(k.m, dr_model_now_ms(k.m) + 60000);
        e = lab_login(&k, "127.0.1.4", "drover");
        lab_ok(&k, e, "SHOW BACKUPS");
        cr_assert_str_eq(dr_answer_cell(&k.out, 0, "State")->text,
                         old ? "Success" : "Failed");
        lab_close(&k);
    }
}

Test(model_tidb, item_08_cluster_tables)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    struct dr_model_session *app = lab_login(&k, "127.0.1.5", "app");
    cr_assert_str_eq(
        lab_rows(&k, d,
                 "SELECT TYPE, INSTANCE, STATUS_ADDRESS, VERSION FROM "
                 "information_schema.cluster_info WHERE TYPE IN ('tidb', 'pd')"),
        "tidb,127.0.1.4:4000,127.0.1.4:10080,8.5.4;tidb,127.0.1.5:4000,127.0.1.5:10080,"
        "8.5.4;pd,127.0.1.1:2379,127.0.1.1:2379,8.5.4");
    cr_assert_eq(lab_run(&k, app, "SELECT 1 FROM information_schema.cluster_info"), 1227);
    cr_assert_not_null(strstr(k.out.message, "the PROCESS privilege(s)"));
    cr_assert_str_eq(lab_rows(&k, d,
                              "SELECT INSTANCE, USER FROM "
                              "information_schema.cluster_processlist ORDER BY ID"),
                     "127.0.1.4:10080,drover;127.0.1.5:10080,app");
    cr_assert_str_eq(
        lab_rows(&k, app, "SELECT USER FROM information_schema.cluster_processlist"),
        "app");
    lab_ok(&k, app, "BEGIN");
    lab_ok(&k, app, "INSERT INTO shop.orders (item) VALUES ('x')");
    cr_assert_str_eq(
        lab_rows(&k, d,
                 "SELECT INSTANCE, USER, STATE, MEM_BUFFER_KEYS FROM "
                 "information_schema.cluster_tidb_trx WHERE MEM_BUFFER_KEYS > "
                 "0"),
        "127.0.1.5:10080,app,Idle,1");
    lab_ctl(&k, "{\"fault\": \"kill\", \"at\": \"127.0.1.5:4000\"}");
    cr_assert_not(dr_model_sql_alive(app));
    lab_ok(&k, d, "SELECT * FROM information_schema.cluster_processlist");
    cr_assert_eq(k.out.row_count, 1u);
    cr_assert_eq(k.out.warnings, 1u);
    cr_assert_str_eq(lab_cell(&k, d,
                              "SELECT COUNT(*) FROM information_schema.cluster_info "
                              "WHERE TYPE = 'tidb'"),
                     "2");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 61000);
    cr_assert_str_eq(lab_cell(&k, d,
                              "SELECT COUNT(*) FROM information_schema.cluster_info "
                              "WHERE TYPE = 'tidb'"),
                     "1");
    cr_assert_null(lab_login(&k, "127.0.1.5", "app"));
    cr_assert_eq(k.out.error, 2003);
    lab_close(&k);
}

Test(model_tidb, item_09_external_ts)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    struct dr_model_session *app = lab_login(&k, "127.0.1.4", "app");
    lab_ok(&k, app, "INSERT INTO shop.orders (item) VALUES ('a')");
    lab_ok(&k, d, "SHOW MASTER STATUS");
    const char *ts = k.out.cells[1].text;
    const char *set = dr_sprintf(k.a, "SET GLOBAL tidb_external_ts = %s", ts);
    lab_ok(&k, d, set);
    cr_assert_eq(lab_run(&k, d, set), 1105);
    cr_assert_str_eq(k.out.message,
                     "the external timestamp should be larger than current external "
                     "timestamp");
    cr_assert_eq(lab_run(&k, d, "SET GLOBAL tidb_external_ts = 900000000000000000"),
                 1105);
    cr_assert_str_eq(k.out.message,
                     "the external timestamp should not be larger than global ts");
    lab_ok(&k, app, "INSERT INTO shop.orders (item) VALUES ('b')");
    lab_ok(&k, app, "SET tidb_enable_external_ts_read = ON");
    cr_assert_str_eq(lab_cell(&k, app, "SELECT COUNT(*) FROM shop.orders"), "1");
    cr_assert_eq(lab_run(&k, app, "INSERT INTO shop.orders (item) VALUES ('c')"), 1836);
    lab_ok(&k, d, "CREATE DATABASE tidb_cdc");
    lab_ok(&k, d,
           "CREATE TABLE tidb_cdc.syncpoint_v1 (ticdc_cluster_id varchar(255), "
           "changefeed varchar(255), primary_ts varchar(18), secondary_ts "
           "varchar(18), created_at timestamp default current_timestamp, index "
           "(created_at), primary key (changefeed, primary_ts))");
    lab_ok(&k, d,
           "insert ignore into tidb_cdc.syncpoint_v1 (ticdc_cluster_id, changefeed, "
           "primary_ts, secondary_ts) values ('default', 'a/b', "
           "'470613491712000001', '470613491712000002')");
    cr_assert_str_eq(
        lab_rows(&k, d,
                 "SELECT primary_ts, secondary_ts FROM tidb_cdc.syncpoint_v1 "
                 "WHERE changefeed = 'b' OR changefeed LIKE '%/b' ORDER BY "
                 "CAST(primary_ts AS UNSIGNED) DESC LIMIT 1"),
        "470613491712000001,470613491712000002");
    lab_close(&k);
}

Test(model_tidb, item_10_auto_increment)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    struct dr_model_session *a = lab_login(&k, "127.0.1.4", "app");
    struct dr_model_session *b = lab_login(&k, "127.0.1.5", "app");
    lab_ok(&k, a, "INSERT INTO shop.orders (item) VALUES ('a'), ('b')");
    cr_assert_eq(k.out.insert_id, 1u);
    cr_assert_str_eq(lab_cell(&k, a, "SELECT LAST_INSERT_ID()"), "1");
    lab_ok(&k, b, "INSERT INTO shop.orders (item) VALUES ('c')");
    cr_assert_str_eq(lab_rows(&k, b, "SELECT id FROM shop.orders"), "1;2;30001");
    lab_ok(&k, a, "SET auto_increment_increment = 3, auto_increment_offset = 2000");
    lab_ok(&k, a, "INSERT INTO shop.orders (item) VALUES ('d'), ('e')");
    cr_assert_str_eq(
        lab_rows(&k, a, "SELECT id FROM shop.orders WHERE item IN ('d', 'e')"),
        "2000;2003");
    /* TiCDC writes explicit ids through another instance: the cached range collides */
    lab_ok(&k, b, "INSERT INTO shop.orders (id, item) VALUES (2006, 'by the feed')");
    cr_assert_eq(lab_run(&k, a, "INSERT INTO shop.orders (item) VALUES ('f')"), 1062);
    cr_assert_str_eq(k.out.message, "Duplicate entry '2006' for key 'orders.PRIMARY'");
    lab_ok(&k, d, "ALTER TABLE shop.orders AUTO_INCREMENT = 0");
    cr_assert_str_eq(lab_rows(&k, d, "SHOW WARNINGS"),
                     "Warning,1105,Can't reset AUTO_INCREMENT to 0 without FORCE option, "
                     "using 60001 instead");
    lab_ok(&k, a, "SET auto_increment_increment = 1, auto_increment_offset = 1");
    lab_ok(&k, a, "INSERT INTO shop.orders (item) VALUES ('g')");
    cr_assert_str_eq(lab_cell(&k, a, "SELECT id FROM shop.orders WHERE item = 'g'"),
                     "60001");
    lab_close(&k);
}

Test(model_tidb, item_11_faults)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *a = lab_login(&k, "127.0.1.4", "app");
    struct dr_model_session *b = lab_login(&k, "127.0.1.4", "app");
    lab_ctl(&k, "{\"fault\": \"drop-before\", \"match\": \"insert\"}");
    (void)lab_run(&k, a, "INSERT INTO shop.orders (item) VALUES ('a')");
    cr_assert_not(dr_model_sql_alive(a));
    cr_assert_str_eq(lab_cell(&k, b, "SELECT COUNT(*) FROM shop.orders"), "0");
    a = lab_login(&k, "127.0.1.4", "app");
    lab_ctl(&k, "{\"fault\": \"drop-after\", \"at\": \"127.0.1.4:4000\", \"match\": "
                "\"INSERT\"}");
    (void)lab_run(&k, a, "INSERT INTO shop.orders (item) VALUES ('a')");
    cr_assert_not(dr_model_sql_alive(a));
    cr_assert_str_eq(lab_cell(&k, b, "SELECT COUNT(*) FROM shop.orders"), "1");
    static const int numbers[] = {9001, 9002, 9005, 8027, 8028};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        lab_ctl(&k, dr_sprintf(k.a,
                               "{\"fault\": \"error\", \"number\": %d, \"message\": "
                               "\"m\"}",
                               numbers[i]));
        cr_assert_eq(lab_run(&k, b, "SELECT 1"), numbers[i]);
        cr_assert_eq(lab_run(&k, b, "SELECT 1"), 0);
    }
    lab_ctl(&k, "{\"fault\": \"slow\", \"at\": \"127.0.1.4:4000\", \"ms\": 3000}");
    int64_t before = dr_model_now_ms(k.m);
    lab_ok(&k, b, "SELECT 1");
    cr_assert_eq(dr_model_now_ms(k.m) - before, 3000);
    lab_ctl(&k, "{\"fault\": \"slow\", \"at\": \"127.0.1.4:4000\", \"ms\": 0}");
    struct dr_model_session *r = lab_login(&k, "127.0.1.5", "root");
    lab_ok(&k, r, "SET GLOBAL max_connections = 1");
    cr_assert_null(lab_login(&k, "127.0.1.5", "app"));
    cr_assert_eq(k.out.error, 1040);
    lab_ctl(&k, "{\"fault\": \"hang\", \"at\": \"127.0.1.5:4000\"}");
    cr_assert_eq(dr_model_sql_query(r, "SELECT 1", 8, &k.out, k.a), DR_MODEL_RUNNING);
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 100000);
    cr_assert_eq(dr_model_sql_poll(r, &k.out, k.a), DR_MODEL_RUNNING);
    lab_ctl(&k, "{\"fault\": \"unhang\", \"at\": \"127.0.1.5:4000\"}");
    cr_assert_eq(dr_model_sql_poll(r, &k.out, k.a), DR_MODEL_DONE);
    lab_close(&k);
}

Test(model_tidb, item_12_status_port)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *s = lab_login(&k, "127.0.1.4", "app");
    struct dr_address at;
    struct dr_http_answer out;
    uint64_t handle;
    cr_assert_not_null(s);
    cr_assert(dr_address_parse(&at, "127.0.1.4:10080", 0));
    struct dr_model_request req = {.method = "GET", .target = "/status"};
    cr_assert_eq(dr_model_http(k.m, &at, &req, &out, k.a, &handle), DR_MODEL_DONE);
    cr_assert_eq(out.status, 200);
    cr_assert_str_eq(out.body,
                     "{\"connections\":1,\"version\":\"8.0.11-TiDB-v8.5.4\",\"git_hash\":"
                     "\"0000000000000000000000000000000000000000\",\"status\":{"
                     "\"init_stats_percentage\":100}}");
    lab_close(&k);
}
