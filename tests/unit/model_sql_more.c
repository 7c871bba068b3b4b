/* A simulated TiDB beyond the numbered list: locks, snapshots and GC, the dialect, the
 * ledger's statements, the change log, the model as a carrier. */
#include "tests/unit/model_kit.h"

#include "controller/base/json.h"

Test(model_sql, row_locks_and_timeout)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *a = lab_login(&k, "127.0.1.4", "app");
    struct dr_model_session *b = lab_login(&k, "127.0.1.5", "app");
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    lab_ok(&k, a, "INSERT INTO shop.orders (id, item) VALUES (1, 'a'), (2, 'b')");
    lab_ok(&k, a, "BEGIN");
    cr_assert_str_eq(
        lab_rows(&k, a, "SELECT item FROM shop.orders WHERE id = 1 FOR UPDATE"), "a");
    lab_ok(&k, b, "UPDATE shop.orders SET n = 5 WHERE id = 2"); /* another row */
    const char *sql = "UPDATE shop.orders SET n = n + 1 WHERE id = 1";
    cr_assert_eq(dr_model_sql_query(b, sql, strlen(sql), &k.out, k.a), DR_MODEL_RUNNING);
    cr_assert_str_eq(
        lab_rows(&k, d,
                 "SELECT USER, STATE FROM information_schema.cluster_tidb_trx "
                 "WHERE STATE = 'LockWaiting'"),
        "app,LockWaiting");
    lab_ok(&k, a, "UPDATE shop.orders SET n = 10 WHERE id = 1");
    lab_ok(&k, a, "COMMIT");
    cr_assert_eq(dr_model_sql_poll(b, &k.out, k.a), DR_MODEL_DONE);
    cr_assert_eq(k.out.affected, 1u);
    cr_assert_str_eq(lab_cell(&k, b, "SELECT n FROM shop.orders WHERE id = 1"), "11");
    lab_ok(&k, a, "BEGIN");
    lab_ok(&k, a, "DELETE FROM shop.orders WHERE id = 1");
    int64_t before = dr_model_now_ms(k.m);
    cr_assert_eq(lab_run(&k, b, sql), 1205);
    cr_assert_str_eq(k.out.message,
                     "Lock wait timeout exceeded; try restarting transaction");
    cr_assert_eq(dr_model_now_ms(k.m) - before, 50000);
    /* DDL waits for the transaction, KILL ends it */
    const char *ddl = "ALTER TABLE shop.orders ADD COLUMN x INT";
    cr_assert_eq(dr_model_sql_query(d, ddl, strlen(ddl), &k.out, k.a), DR_MODEL_RUNNING);
    struct dr_model_session *r = lab_login(&k, "127.0.1.5", "root");
    lab_ok(
        &k, r,
        dr_sprintf(k.a, "KILL %llu", (unsigned long long)dr_model_sql_connection_id(a)));
    cr_assert_not(dr_model_sql_alive(a));
    cr_assert_eq(dr_model_sql_poll(d, &k.out, k.a), DR_MODEL_DONE);
    cr_assert_eq(k.out.error, 0, "%s", k.out.message);
    cr_assert_str_eq(lab_rows(&k, r, "SELECT * FROM shop.orders"),
                     "1,a,11,NULL;2,b,5,NULL");
    lab_close(&k);
}

/* Who names a whole unique key locks it, whether a row has it or not; who names less
 * locks rows. Source: docs: pessimistic-transaction.md. */
Test(model_sql, keys_without_rows_are_locked)
{
    static const struct {
        const char *first, *second;
        bool waits;
    } cases[] = {
        {"SELECT * FROM l WHERE a = 5 AND k = 'x' FOR UPDATE",
         "INSERT INTO l VALUES (5, 'x', 1, 1)", true},
        {"SELECT * FROM l t WHERE t.k = 'x' AND t.a = 5 FOR UPDATE",
         "INSERT INTO l VALUES (5, 'x', 1, 1)", true},
        {"SELECT * FROM l WHERE a = 5 AND k = 'x' FOR UPDATE",
         "SELECT * FROM l WHERE a = 5 AND k = 'x' FOR UPDATE", true},
        {"SELECT * FROM l WHERE a = 5 AND k = 'x' FOR UPDATE",
         "INSERT INTO l VALUES (5, 'y', 1, 1)", false},
        {"SELECT * FROM l WHERE a = 5 FOR UPDATE", "INSERT INTO l VALUES (5, 'x', 1, 1)",
         false},
        {"SELECT * FROM l WHERE a = 5 AND k > 'w' FOR UPDATE",
         "INSERT INTO l VALUES (5, 'x', 1, 1)", false},
        {"SELECT * FROM l WHERE a = 5 AND k IN ('w', 'x') FOR UPDATE",
         "INSERT INTO l VALUES (5, 'x', 1, 1)", true},
        {"SELECT * FROM l WHERE a = 5 AND k = 'x'", "INSERT INTO l VALUES (5, 'x', 1, 1)",
         false},
        {"UPDATE l SET n = 2 WHERE a = 5 AND k = 'x'",
         "INSERT INTO l VALUES (5, 'x', 1, 1)", true},
        {"DELETE FROM l WHERE a = 5 AND k = 'x'", "INSERT INTO l VALUES (5, 'x', 1, 1)",
         true},
        {"SELECT * FROM l WHERE u = 7 FOR UPDATE", "INSERT INTO l VALUES (8, 'z', 7, 1)",
         true},
        {"SELECT * FROM l WHERE u = 7 FOR UPDATE", "INSERT INTO l VALUES (8, 'z', 6, 1)",
         false},
        {"INSERT INTO l VALUES (8, 'z', 7, 1)", "INSERT INTO l VALUES (9, 'z', 7, 1)",
         true},
        {"UPDATE l SET u = 7 WHERE n = 0", "INSERT INTO l VALUES (9, 'z', 7, 1)", true},
        {"UPDATE l SET n = 7 WHERE n = 0", "INSERT INTO l VALUES (9, 'z', 7, 1)", false},
        {"INSERT INTO l VALUES (8, 'z', NULL, 1)",
         "INSERT INTO l VALUES (9, 'z', NULL, 1)", false},
    };
    struct lab k;
    lab_open(&k);
    struct dr_model_session *a = lab_login(&k, "127.0.1.4", "root");
    struct dr_model_session *b = lab_login(&k, "127.0.1.5", "root");
    lab_ok(&k, a,
           "CREATE TABLE test.l (a INT, k VARCHAR(9), u INT, n INT, "
           "PRIMARY KEY (a, k), UNIQUE KEY u (u))");
    lab_ok(&k, a, "INSERT INTO test.l VALUES (0, 'o', 0, 0)");
    lab_ok(&k, a, "USE test");
    lab_ok(&k, b, "USE test");
    lab_ok(&k, b, "SET innodb_lock_wait_timeout = 1");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lab_ok(&k, a, "BEGIN");
        lab_ok(&k, b, "BEGIN");
        lab_ok(&k, a, cases[i].first);
        cr_expect_eq(lab_run(&k, b, cases[i].second), cases[i].waits ? 1205 : 0,
                     "%s | %s", cases[i].first, cases[i].second);
        lab_ok(&k, a, "ROLLBACK");
        lab_ok(&k, b, "ROLLBACK");
        lab_ok(&k, b, "BEGIN");
        lab_ok(&k, b, cases[i].second); /* nothing is left locked */
        lab_ok(&k, b, "ROLLBACK");
    }
    lab_ok(&k, a, "SET transaction_isolation = 'READ-COMMITTED'");
    lab_ok(&k, a, "BEGIN");
    lab_ok(&k, a, cases[0].first);
    lab_ok(&k, b, cases[0].second);
    lab_close(&k);
}

Test(model_sql, snapshots_and_gc)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *a = lab_login(&k, "127.0.1.4", "app");
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    lab_ok(&k, a, "INSERT INTO shop.orders (item) VALUES ('a')");
    lab_ok(&k, d, "SHOW MASTER STATUS");
    const char *ts = k.out.cells[1].text;
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 1000);
    lab_ok(&k, a, "UPDATE shop.orders SET item = 'b'");
    lab_ok(&k, d, "ALTER TABLE shop.orders ADD COLUMN x INT DEFAULT 7");
    const char *set = dr_sprintf(k.a, "SET SESSION tidb_snapshot = '%s'", ts);
    lab_ok(&k, a, set);
    cr_assert_str_eq(lab_rows(&k, a, "SELECT * FROM shop.orders"), "1,a,1");
    cr_assert_eq(lab_run(&k, a, "DELETE FROM shop.orders"), 1105);
    cr_assert_str_eq(k.out.message,
                     "can not execute write statement when 'tidb_snapshot' is set");
    lab_ok(&k, a, "SET SESSION tidb_snapshot = ''");
    cr_assert_str_eq(lab_rows(&k, a, "SELECT * FROM shop.orders"), "1,b,1,7");
    lab_ok(&k, a, "BEGIN"); /* reads as of its start */
    lab_ok(&k, d, "UPDATE shop.orders SET item = 'c'");
    cr_assert_str_eq(lab_cell(&k, a, "SELECT item FROM shop.orders"), "b");
    lab_ok(&k, a, "ROLLBACK");
    lab_ok(&k, d, "SET GLOBAL tidb_gc_enable = OFF");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 3600000);
    lab_ok(&k, a, set);
    cr_assert_str_eq(lab_cell(&k, a, "SELECT item FROM shop.orders"), "a");
    lab_ok(&k, d, "SET GLOBAL tidb_gc_enable = ON");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 120000);
    cr_assert_eq(lab_run(&k, a, "SELECT item FROM shop.orders"), 9006);
    cr_assert_eq(lab_run(&k, a, set), 8055);
    cr_assert(strncmp(k.out.message, "snapshot is older than GC safe point 20", 39) == 0);
    lab_ok(&k, a, "SET SESSION tidb_snapshot = ''");
    cr_assert_str_eq(lab_cell(&k, a, "SELECT item FROM shop.orders"), "c");
    lab_close(&k);
}

/* SELECT .. AS OF TIMESTAMP. Source: docs: as-of-timestamp.md. */
Test(model_sql, as_of_timestamp)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *a = lab_login(&k, "127.0.1.4", "root");
    lab_ok(&k, a, "INSERT INTO shop.orders (id, item) VALUES (1, 'a')");
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 5000);
    const char *at = dr_strdup(k.a, lab_cell(&k, a, "SELECT NOW(3)"));
    dr_model_advance(k.m, dr_model_now_ms(k.m) + 5000);
    lab_ok(&k, a, "UPDATE shop.orders SET item = 'b'");
    lab_ok(&k, a, "INSERT INTO shop.orders (id, item) VALUES (2, 'c')");
    const char *old = dr_sprintf(k.a,
                                 "SELECT o.id, item FROM shop.orders o AS OF TIMESTAMP "
                                 "'%s' WHERE id < 9 ORDER BY id LIMIT 5",
                                 at);
    cr_expect_str_eq(lab_rows(&k, a, "SELECT item FROM shop.orders ORDER BY id"), "b;c");
    cr_expect_str_eq(lab_rows(&k, a, old), "1,a");
    cr_expect_str_eq(lab_rows(&k, a,
                              "SELECT item FROM shop.orders AS OF TIMESTAMP NOW(3) - "
                              "INTERVAL 5 SECOND"),
                     "a");
    cr_expect_eq(lab_run(&k, a, "SELECT * FROM shop.orders AS OF TIMESTAMP 'soon'"),
                 1292);
    cr_expect_eq(lab_run(&k, a, "SELECT * FROM shop.orders AS OF TIMESTAMP '2999-01-01'"),
                 1105);
    cr_expect_eq(lab_run(&k, a, "SELECT * FROM shop.orders AS OF TIMESTAMP"), 1064);
    lab_ok(&k, a, "BEGIN");
    cr_expect_eq(lab_run(&k, a, old), 8135);
    lab_ok(&k, a, "ROLLBACK");
    lab_ctl(&k, "{\"fault\":\"gc-advance\",\"cluster\":\"east\"}");
    cr_expect_eq(lab_run(&k, a, old), 9006);
    lab_close(&k);
}

Test(model_sql, dialect)
{
    static const struct {
        const char *sql, *rows;
    } cases[] = {
        {"SELECT 1", "1"},
        {"SELECT CHAR_LENGTH('h\u00e9'), LPAD('\u00e9', 3, 'xy'), RPAD('abc', 2, '0'), "
         "RPAD('a', 4, '\u00e9x'), REPEAT('ab', 2), ASCII('a'), LPAD('a', 2, '')",
         "2,xy\u00e9,ab,a\u00e9x\u00e9,abab,97,NULL"},
        {"SELECT FIELD('b', 'a', 'b'), FIELD(NULL, 'a'), ELT(2, 'a', 'b'), ELT(3, 'a'), "
         "FIND_IN_SET('b', 'a,b'), FIND_IN_SET('', 'a,'), FIND_IN_SET('x', '')",
         "2,0,b,NULL,2,2,0"},
        {"SELECT TRUNCATE(1.299, 1), TRUNCATE(129, -1), TRUNCATE(-1.99, 0), "
         "DATEDIFF('2020-03-01', '2020-02-28 23:59:59')",
         "1.2,120,-1,2"},
        {"SELECT DATE_FORMAT('2020-01-22 13:04:05', '%Y/%m/%d %e %c %H:%i:%s %p %b %a %D "
         "%l %%'), DATE_FORMAT('no', '%Y')",
         "2020/01/22 22 1 13:04:05 PM Jan Wed 22nd 1 %,NULL"},
        {"SELECT 'it''s', \"two\", 'a\\'b'", "it's,two,a'b"},
        {"SELECT CONCAT('a', NULL), CONCAT_WS('-', 'a', NULL, 'b')", "NULL,a-b"},
        {"SELECT IF(1 > 2, 'x', 'y'), IFNULL(NULL, 3), 5 / 2, 5 DIV 2, 5 MOD 2",
         "y,3,2.5,2,1"},
        {"SELECT CRC32('abc'), MD5('abc')", "891568578,900150983cd24fb0d6963f7d28e17f72"},
        {"SELECT CAST('18446744073709551615' AS UNSIGNED)", "18446744073709551615"},
        {"SELECT BIT_XOR(CRC32(CONCAT_WS(',', id, item))) FROM shop.orders",
         "2947102324"},
        {"SELECT TIMESTAMPDIFF(SECOND, '2026-01-01 00:00:00', '2026-01-01 00:01:05')",
         "65"},
        {"SELECT '2026-01-31 00:00:00' - INTERVAL 1 DAY, DATE_ADD('2026-01-01', INTERVAL "
         "2 "
         "DAY)",
         "2026-01-30 00:00:00,2026-01-03"},
        {"SELECT COUNT(*), SUM(n), MIN(item) FROM shop.orders WHERE item LIKE 'a%' OR n "
         "IN "
         "(2, 3)",
         "3,6,a"},
        {"SELECT o.item FROM shop.orders o JOIN shop.orders p ON p.id = o.id + 1 WHERE "
         "p.n = "
         "3 ORDER BY 1",
         "b"},
        {"SELECT item, n FROM shop.orders GROUP BY n HAVING n > 1 ORDER BY n DESC LIMIT "
         "1",
         "c,3"},
        {"SELECT shop.orders.item FROM shop.orders WHERE shop.orders.id = 2", "b"},
        {"SELECT `item` AS 'the item' FROM `shop`.`orders` WHERE `id`=1", "a"},
        {"SELECT 'v' AS kind, 1 UNION ALL SELECT 'l', id FROM shop.orders WHERE id = 3",
         "v,1;l,3"},
        {"SELECT (SELECT MAX(n) FROM shop.orders), EXISTS (SELECT 1 FROM shop.orders)",
         "3,1"},
        {"SELECT JSON_UNQUOTE(JSON_EXTRACT('{\"a\": \"x\", \"b\": [1, 2]}', '$.a')), "
         "JSON_EXTRACT('{\"b\": [1, 2]}', '$.b[1]'), '{\"a\": \"x\"}' ->> '$.a'",
         "x,2,x"},
        {"SELECT @@sql_mode = '' OR 1, @@autocommit", "1,1"},
        {"SELECT NULL <=> NULL, 1 <=> NULL, 'a' = 'A', TRUE && FALSE, 0 || 1",
         "1,0,0,0,1"},
        {"SELECT /* note */ 1 /*! + 1 */ -- end", "2"},
        {"SELECT LENGTH('\xc3\xa9'), LEFT('abc', 2), SUBSTRING_INDEX('a.b.c', '.', 2)",
         "2,ab,a.b"},
        {"SELECT USER(), CURRENT_USER(), DATABASE()", "app@127.0.0.1,app@%,NULL"},
        {"SHOW DATABASES", "INFORMATION_SCHEMA;shop"},
        {"SHOW TABLES FROM shop", "orders"},
        {"SHOW GRANTS",
         "GRANT USAGE ON *.* TO 'app'@'%';GRANT SELECT,INSERT,UPDATE,DELETE ON "
         "`shop`.* TO 'app'@'%'"},
        {"SHOW CREATE USER CURRENT_USER()",
         "CREATE USER 'app'@'%' IDENTIFIED WITH 'mysql_native_password' AS "
         "'*5BCB3E6AC345B435C7C2E6B7949A04CE6F6563D3' REQUIRE NONE PASSWORD EXPIRE "
         "DEFAULT ACCOUNT UNLOCK PASSWORD HISTORY "
         "DEFAULT PASSWORD REUSE INTERVAL DEFAULT"},
        {"SHOW VARIABLES WHERE Variable_name IN ('autocommit', 'time_zone')",
         "autocommit,ON;time_zone,SYSTEM"},
        {"DESC shop.orders",
         "id,bigint(20),NO,PRI,NULL,auto_increment;item,varchar(64),NO,,"
         "NULL,;n,int(11),YES,,1,"},
        {"SHOW CREATE TABLE shop.orders",
         "orders,CREATE TABLE `orders` (\n  `id` bigint(20) NOT NULL AUTO_INCREMENT,\n  "
         "`item` varchar(64) NOT NULL,\n  `n` int(11) DEFAULT '1',\n  PRIMARY KEY (`id`) "
         "/*T![clustered_index] CLUSTERED */\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 "
         "COLLATE=utf8mb4_bin AUTO_INCREMENT=30001"},
    };
    struct lab k;
    lab_open(&k);
    struct dr_model_session *s = lab_login(&k, "127.0.1.4", "app");
    lab_ok(&k, s,
           "INSERT INTO shop.orders (item, n) VALUES ('a', 1), ('b', 2), ('c', 3)");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect_str_eq(lab_rows(&k, s, cases[i].sql), cases[i].rows, "'%s': %s",
                         cases[i].sql, lab_rows(&k, s, cases[i].sql));
    lab_ok(&k, s,
           "SELECT item AS x, COUNT(*), `n`, o.id, @@autocommit FROM shop.orders o");
    static const char *const names[] = {"x", "COUNT(*)", "n", "id", "@@autocommit"};
    for (size_t i = 0; i < 5; i++)
        cr_expect_str_eq(k.out.columns[i], names[i]);
    lab_close(&k);
}

Test(model_sql, errors)
{
    static const struct {
        const char *sql;
        int number;
        const char *message;
    } cases[] = {
        {"SELECT * FORM shop.orders", 1064,
         "You have an error in your SQL syntax; check the manual that corresponds to "
         "your "
         "TiDB version for the right syntax to use line 1 column 13 near \"FORM "
         "shop.orders\""},
        {"FROB", 1064, NULL},
        {"SELECT x FROM shop.orders", 1054, "Unknown column 'x' in 'field list'"},
        {"SELECT FROB(1)", 1305, NULL},
        {"SELECT * FROM shop.nothing", 1146, "Table 'shop.nothing' doesn't exist"},
        {"SELECT * FROM orders", 1046, "No database selected"},
        {"USE nowhere", 1049, "Unknown database 'nowhere'"},
        {"USE mysql", 1044, "Access denied for user 'app'@'%' to database 'mysql'"},
        {"SELECT * FROM mysql.tidb", 1142,
         "SELECT command denied to user 'app'@'%' for table 'tidb'"},
        {"CREATE TABLE shop.x (a INT)", 1142,
         "CREATE command denied to user 'app'@'%' for table 'x'"},
        {"DROP DATABASE shop", 1044,
         "Access denied for user 'app'@'%' to database 'shop'"},
        {"SHOW CREATE USER root", 1142,
         "SELECT command denied to user 'app'@'%' for table 'user'"},
        {"CREATE USER u", 1227, NULL},
        {"GRANT SELECT ON *.* TO app", 8121, NULL},
        {"INSERT INTO shop.orders (item) VALUES (NULL)", 1048,
         "Column 'item' cannot be null"},
        {"INSERT INTO shop.orders (n) VALUES (1)", 1364,
         "Field 'item' doesn't have a default value"},
        {"INSERT INTO shop.orders (item, n) VALUES ('a', 'x')", 1366,
         "Incorrect integer value: 'x' for column 'n' at row 1"},
        {"INSERT INTO shop.orders (item, n) VALUES ('a', 3000000000)", 1264,
         "Out of range value for column 'n' at row 1"},
        {"INSERT INTO shop.orders (item) VALUES (REPEAT('x', 65))", 1406,
         "Data too long for column 'item' at row 1"},
        {"SELECT STR_TO_DATE('2026', '%Y')", 1305, NULL},
        {"INSERT INTO shop.orders (item, n) VALUES ('a')", 1136,
         "Column count doesn't match value count at row 1"},
        {"SHOW REPLICA STATUS", 1235, NULL},
        {"", 1065, "Query was empty"},
    };
    struct lab k;
    lab_open(&k);
    struct dr_model_session *s = lab_login(&k, "127.0.1.4", "app");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect_eq(lab_run(&k, s, cases[i].sql), cases[i].number, "'%s': %d %s",
                     cases[i].sql, k.out.error, k.out.message);
        if (cases[i].message)
            cr_expect_str_eq(k.out.message, cases[i].message);
    }
    const json_t *list;
    cr_assert_gt(dr_model_unknown(k.m, &list), 0u);
    cr_assert_str_eq(dr_json_str(json_array_get(list, 0), "text"),
                     "SELECT * FORM shop.orders");
    lab_close(&k);
}

static const char ledger[] = "CREATE TABLE IF NOT EXISTS mysql.drover_ledger (cluster_id "
                             "BIGINT UNSIGNED NOT NULL, "
                             "k VARCHAR(190) NOT NULL, value TEXT NOT NULL, epoch BIGINT "
                             "UNSIGNED NOT NULL, holder "
                             "VARCHAR(64) NOT NULL, at TIMESTAMP(3) NOT NULL DEFAULT "
                             "CURRENT_TIMESTAMP(3) ON UPDATE "
                             "CURRENT_TIMESTAMP(3), PRIMARY KEY (cluster_id, k))";

Test(model_sql, ledger_statements)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *d = lab_login(&k, "127.0.1.4", "drover");
    lab_ok(&k, d, ledger);
    lab_ok(&k, d, "CREATE DATABASE drover");
    lab_ok(&k, d,
           "CREATE TABLE drover.heartbeat (origin VARCHAR(64) PRIMARY KEY, tso BIGINT "
           "UNSIGNED NOT NULL)");
    lab_ok(&k, d,
           "INSERT INTO drover.heartbeat (origin, tso) VALUES ('east', 1) ON DUPLICATE "
           "KEY UPDATE tso = VALUES(tso)");
    cr_assert_eq(k.out.affected, 1u);
    lab_ok(&k, d,
           "INSERT INTO mysql.drover_ledger (cluster_id, k, value, epoch, holder) "
           "VALUES (7, 'epoch', '{}', 1, 'h1'), (7, 'lease', 'old', 1, 'h1') ON "
           "DUPLICATE KEY UPDATE value = VALUES(value), epoch = VALUES(epoch), holder = "
           "VALUES(holder)");
    const char *beat = "UPDATE mysql.drover_ledger e, mysql.drover_ledger l, "
                       "drover.heartbeat h SET l.value "
                       "= 'new', l.epoch = 1, l.holder = 'h1', h.tso = 99 WHERE "
                       "e.cluster_id = 7 AND e.k = "
                       "'epoch' AND e.epoch = 1 AND e.holder = 'h1' AND l.cluster_id = 7 "
                       "AND l.k = 'lease' "
                       "AND h.origin = 'east'";
    lab_ok(&k, d, beat);
    cr_assert_eq(k.out.affected, 2u);
    lab_ok(&k, d, beat);
    cr_assert_eq(k.out.affected, 0u); /* says already what it should */
    cr_assert_str_eq(
        lab_rows(&k, d, "SELECT k, value FROM mysql.drover_ledger WHERE cluster_id = 7"),
        "epoch,{};lease,new");
    cr_assert_str_eq(lab_cell(&k, d, "SELECT tso FROM drover.heartbeat"), "99");
    cr_assert_neq(
        strcmp(lab_cell(&k, d, "SELECT at FROM mysql.drover_ledger WHERE k = 'lease'"),
               ""),
        0);
    cr_assert_str_eq(
        lab_rows(
            &k, d,
            "SELECT 'v' AS kind, @@tidb_current_ts AS tso, NULL AS k UNION ALL SELECT "
            "'l', cluster_id, k FROM mysql.drover_ledger"),
        "v,0,NULL;l,7,epoch;l,7,lease");
    lab_ok(&k, d,
           "INSERT INTO mysql.drover_ledger (cluster_id, k, value, epoch, holder) "
           "VALUES (7, 'lease', 'x', 2, 'h2') ON DUPLICATE KEY UPDATE value = "
           "VALUES(value), epoch = VALUES(epoch), holder = VALUES(holder)");
    cr_assert_eq(k.out.affected, 2u);
    lab_close(&k);
}

Test(model_sql, changes_are_logged_and_replayed)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_cluster *c = &k.m->clusters[0];
    struct dr_model_session *a = lab_login(&k, "127.0.1.4", "app");
    struct dr_model_session *w = lab_login(&k, "127.1.1.4", "root");
    uint64_t from = dr_model_resolved(c);
    lab_ok(&k, a, "INSERT INTO shop.orders (item) VALUES ('a''\\\\b'), ('b')");
    lab_ok(&k, a, "BEGIN");
    lab_ok(&k, a, "UPDATE shop.orders SET n = 2 WHERE id = 1");
    lab_ok(&k, a, "UPDATE shop.orders SET n = 3 WHERE id = 1");
    lab_ok(&k, a, "DELETE FROM shop.orders WHERE id = 2");
    lab_ok(&k, a, "INSERT INTO shop.orders (id, item) VALUES (9, 'gone')");
    lab_ok(&k, a, "DELETE FROM shop.orders WHERE id = 9");
    lab_ok(&k, a, "COMMIT");
    size_t i = dr_model_change_after(&c->log, from);
    cr_assert_eq(c->log.count - i, 4u); /* two put, one put, one delete */
    cr_assert_eq(c->log.items[i + 2].commit_tso, c->log.items[i + 3].commit_tso);
    cr_assert_leq(c->log.items[i + 3].commit_tso, dr_model_resolved(c));
    lab_ok(&k, w, "SET SESSION tidb_cdc_write_source = 1");
    for (i = 0; i < c->log.count; i++) {
        struct dr_buf b;
        dr_buf_init(&b, 1 << 16);
        dr_model_change_sql(&c->log.items[i], &b);
        lab_ok(&k, w, dr_buf_str(&b));
        dr_buf_release(&b);
    }
    cr_assert_str_eq(lab_rows(&k, w, "SELECT * FROM shop.orders"), "1,a'\\b,3");
    const struct dr_change_log *log = &k.m->clusters[1].log;
    cr_assert_eq(log->items[log->count - 1].write_source, 1u);
    lab_close(&k);
}

static void ask(struct dr_carrier *c, const struct dr_exchange *ex, struct dr_answer *out)
{
    uint64_t ticket;
    c->submit(c, ex, &ticket);
    cr_assert(c->wait(c, c->now_ms(c) + 100000, out));
    cr_assert_eq(out->ticket, ticket);
}

Test(model_sql, carrier)
{
    struct lab k;
    lab_open(&k);
    struct dr_carrier *c = dr_model_carrier(k.m, 10, "10.9.9.9");
    struct dr_login login = {.user = "drover"};
    struct dr_answer out = {0};
    dr_secret_set(&login.password, "drover", 6);
    struct dr_exchange ex = {
        .kind = DR_EXCHANGE_SQL,
        .deadline_ms = 5000,
        .sql = {.login = &login, .text = "SELECT USER(), @@sql_mode"}};
    cr_assert(dr_address_parse(&ex.at, "127.0.1.4:4000", 0));
    ask(c, &ex, &out);
    cr_assert_eq(out.carried, DR_ANSWERED);
    cr_assert_str_eq(out.sql.cells[0].text, "drover@10.9.9.9");
    cr_assert_str_eq(out.sql.cells[1].text,
                     "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION");
    cr_assert_eq(c->now_ms(c), 20);
    uint64_t session = out.sql.session;
    dr_arena_free(out.arena);
    lab_ctl(&k, "{\"fault\": \"drop-after\", \"match\": \"CREATE\"}");
    ex.sql.text = "CREATE DATABASE d";
    ask(c, &ex, &out);
    cr_assert_eq(out.carried, DR_LOST);
    dr_arena_free(out.arena);
    ex.sql.session = session;
    ask(c, &ex, &out);
    cr_assert_eq(out.carried, DR_NOT_SENT);
    dr_arena_free(out.arena);
    ex.sql.session = 0;
    ask(c, &ex, &out);
    cr_assert_eq(out.sql.error, 1007);
    dr_arena_free(out.arena);
    lab_ctl(&k, "{\"fault\": \"hang\", \"at\": \"127.0.1.4:4000\"}");
    ask(c, &ex, &out);
    cr_assert_eq(out.carried, DR_LOST);
    dr_arena_free(out.arena);
    lab_ctl(&k, "{\"fault\": \"kill\", \"at\": \"127.0.1.4:4000\"}");
    ask(c, &ex, &out);
    cr_assert_eq(out.carried, DR_NOT_SENT);
    cr_assert_eq(out.err.code, DR_E_UNREACHABLE);
    dr_arena_free(out.arena);
    struct dr_exchange http = {.kind = DR_EXCHANGE_HTTP,
                               .deadline_ms = 5000,
                               .http = {.method = "GET", .target = "/pd/api/v1/cluster"}};
    cr_assert(dr_address_parse(&http.at, "127.0.1.1:2379", 0));
    ask(c, &http, &out);
    cr_assert_eq(out.http.status, 200);
    dr_arena_free(out.arena);
    c->free(c);
    dr_secret_release(&login.password);
    lab_close(&k);
}

Test(model_sql, equal_estates_print_alike)
{
    struct lab k, j;
    struct dr_buf a, b;
    dr_buf_init(&a, 1 << 24);
    dr_buf_init(&b, 1 << 24);
    lab_open(&k);
    lab_open(&j);
    struct dr_model_session *s = lab_login(&k, "127.0.1.4", "root");
    struct dr_model_session *t = lab_login(&j, "127.0.1.5", "root");
    dr_model_advance(k.m, 65000);
    dr_model_advance(j.m, 70000);
    for (int i = 0; i < 2; i++) /* applied twice there, once here */
        lab_ok(&j, t, "REPLACE INTO shop.orders (id, item) VALUES (5, 'x')");
    lab_ok(&k, s, "REPLACE INTO shop.orders (id, item) VALUES (5, 'x')");
    dr_model_print(k.m, &a);
    dr_model_print(j.m, &b);
    cr_assert_str_eq(dr_buf_str(&a), dr_buf_str(&b));
    cr_assert_not_null(strstr(dr_buf_str(&a), "\"5\""));
    lab_ok(&k, s, "ALTER USER app IDENTIFIED BY 'canary'");
    lab_ok(&k, s, "UPDATE shop.orders SET n = 9");
    dr_buf_clear(&a);
    dr_model_print(k.m, &a);
    cr_assert_str_neq(dr_buf_str(&a), dr_buf_str(&b));
    cr_assert_null(strstr(dr_buf_str(&a), "canary"));
    dr_buf_release(&a);
    dr_buf_release(&b);
    lab_close(&k);
    lab_close(&j);
}
