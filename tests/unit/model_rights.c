/* Which privilege a statement needs, and how it is refused without it. Sources: tidb:
 * pkg/planner/core/planbuilder.go (buildDDL, buildSimple),
 * pkg/executor/{simple,grant}.go.
 */
#include <string.h>

#include "tests/unit/model_kit.h"

/* The statement, what lets it through (all of it is given but the last), and the error
 * without the last. */
static const struct {
    const char *sql, *rest, *last;
    int error;
} rows[] = {
    {"SELECT * FROM shop.a", NULL, "SELECT ON shop.a", 1142},
    {"SELECT user FROM mysql.user", NULL, "SELECT ON mysql.*", 1142},
    {"INSERT INTO shop.a VALUES (3, 3)", NULL, "INSERT ON shop.a", 1142},
    {"REPLACE INTO shop.a VALUES (1, 3)", "INSERT ON shop.a", "DELETE ON shop.a", 1142},
    {"INSERT INTO shop.a VALUES (1, 1) ON DUPLICATE KEY UPDATE v = 2", "INSERT ON shop.a",
     "UPDATE ON shop.a", 1142},
    {"UPDATE shop.a SET v = 4", "SELECT ON shop.a", "UPDATE ON shop.a", 1142},
    {"UPDATE shop.a SET v = 4 WHERE id = 1", "UPDATE ON shop.a", "SELECT ON shop.a",
     1142},
    {"DELETE FROM shop.a WHERE id = 1", "SELECT ON shop.a", "DELETE ON shop.a", 1142},
    {"CREATE DATABASE more", NULL, "CREATE ON more.*", 1044},
    {"DROP DATABASE shop", NULL, "DROP ON shop.*", 1044},
    {"CREATE TABLE shop.b (id INT PRIMARY KEY)", NULL, "CREATE ON shop.*", 1142},
    {"CREATE TABLE shop.b LIKE shop.a", "CREATE ON shop.*", "SELECT ON shop.*", 1142},
    {"CREATE TABLE shop.b (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES shop.a (id))",
     "CREATE ON shop.*", "REFERENCES ON shop.a", 1142},
    {"ALTER TABLE shop.a ADD CONSTRAINT f FOREIGN KEY (v) REFERENCES shop.a (id)",
     "ALTER ON shop.a", "REFERENCES ON shop.a", 1142},
    {"ALTER TABLE shop.a ADD COLUMN w INT", NULL, "ALTER ON shop.a", 1142},
    {"CREATE INDEX by_v ON shop.a (v)", NULL, "INDEX ON shop.a", 1142},
    {"DROP TABLE shop.a", NULL, "DROP ON shop.a", 1142},
    {"TRUNCATE TABLE shop.a", NULL, "DROP ON shop.a", 1142},
    {"RENAME TABLE shop.a TO shop.b", "DROP, CREATE, INSERT ON shop.*", "ALTER ON shop.*",
     1142},
    {"RENAME TABLE shop.a TO shop.b", "ALTER, CREATE, INSERT ON shop.*", "DROP ON shop.a",
     1142},
    {"ALTER TABLE shop.a RENAME TO shop.b", "ALTER, DROP, INSERT ON shop.*",
     "CREATE ON shop.*", 1142},
    {"ALTER TABLE shop.a RENAME TO shop.b", "ALTER, DROP, CREATE ON shop.*",
     "INSERT ON shop.*", 1142},
    {"SELECT type FROM information_schema.cluster_info", NULL, "PROCESS ON *.*", 1227},
    {"SHOW BACKUPS", NULL, "BACKUP_ADMIN ON *.*", 1227},
    {"SHOW RESTORES", NULL, "RESTORE_ADMIN ON *.*", 1227},
    {"SET GLOBAL tidb_gc_life_time = '20m'", NULL, "SYSTEM_VARIABLES_ADMIN ON *.*", 1227},
    {"ADMIN SHOW DDL JOBS", NULL, "SUPER ON *.*", 8121},
    {"ALTER USER app ACCOUNT LOCK", NULL, "CREATE USER ON *.*", 1227},
    {"ALTER USER high ACCOUNT LOCK", "CREATE USER ON *.*", "SUPER ON *.*", 1227},
    {"DROP USER high", "CREATE USER ON *.*", "SUPER ON *.*", 1227},
};

static void prepare(struct lab *k, struct dr_model_session *root)
{
    static const char *const before[] = {
        "DROP USER IF EXISTS tried, high",
        "CREATE USER tried IDENTIFIED BY 'tried'",
        "CREATE USER high IDENTIFIED BY 'high'",
        "GRANT SUPER ON *.* TO high",
        "DROP DATABASE IF EXISTS more",
        "CREATE DATABASE IF NOT EXISTS shop",
        "DROP TABLE IF EXISTS shop.a, shop.b",
        "CREATE TABLE shop.a (id INT PRIMARY KEY, v INT)",
        "INSERT INTO shop.a VALUES (1, 1)",
    };
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        lab_ok(k, root, before[i]);
}

Test(model_rights, each_statement_needs_its_privilege)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *root = lab_login(&k, "127.0.1.4", "root");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        prepare(&k, root);
        if (rows[i].rest)
            lab_ok(&k, root, dr_sprintf(k.a, "GRANT %s TO tried", rows[i].rest));
        struct dr_model_session *s = lab_login(&k, "127.0.1.4", "tried");
        cr_expect_eq(lab_run(&k, s, rows[i].sql), rows[i].error, "'%s' without %s: %d %s",
                     rows[i].sql, rows[i].last, k.out.error, k.out.message);
        lab_ok(&k, root, dr_sprintf(k.a, "GRANT %s TO tried", rows[i].last));
        cr_expect_eq(lab_run(&k, s, rows[i].sql), 0, "'%s' with %s: %s", rows[i].sql,
                     rows[i].last, k.out.message);
        dr_model_sql_close(s);
    }
    lab_close(&k);
}

/* One's own sessions, and one that is not there, may be killed by everybody. */
Test(model_rights, kill)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *s = lab_login(&k, "127.0.1.4", "nobody"),
                            *t = lab_login(&k, "127.0.1.4", "nobody"),
                            *other = lab_login(&k, "127.0.1.4", "app");
    const char *own = lab_cell(&k, t, "SELECT CONNECTION_ID()"),
               *id = lab_cell(&k, other, "SELECT CONNECTION_ID()");
    cr_expect_eq(lab_run(&k, s, dr_sprintf(k.a, "KILL TIDB %s", own)), 0);
    cr_expect_eq(lab_run(&k, s, dr_sprintf(k.a, "KILL TIDB %s", own)), 0, "it is gone");
    cr_expect_eq(lab_run(&k, s, dr_sprintf(k.a, "KILL TIDB %s", id)), 1227);
    lab_close(&k);
}

Test(model_rights, grants_on_what_is_not_there)
{
    struct lab k;
    lab_open(&k);
    struct dr_model_session *root = lab_login(&k, "127.0.1.4", "root");
    cr_expect_eq(lab_run(&k, root, "GRANT INSERT ON mysql.drover_ledger TO app"), 1146);
    cr_expect_eq(lab_run(&k, root, "GRANT CREATE, INSERT ON mysql.drover_ledger TO app"),
                 0);
    cr_expect_eq(lab_run(&k, root, "GRANT CREATE ON nowhere.t TO app"), 1146);
    cr_expect_eq(lab_run(&k, root, "GRANT CREATE ON nowhere.* TO app"), 0);
    cr_expect_eq(lab_run(&k, root, "GRANT SELECT ON mysql.user TO app"), 0);
    lab_close(&k);
}
