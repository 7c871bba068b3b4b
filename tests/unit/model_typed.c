/* Types of results and prepared statements of the model. Each expectation is TiDB's
 * (pkg/server/internal/column/convert.go, pkg/executor/prepared.go) unless its row says
 * otherwise. */
#include <string.h>

#include "tests/unit/model_kit.h"

static struct dr_model_session *begin(struct lab *k)
{
    lab_open(k);
    struct dr_model_session *s = lab_login(k, "127.0.1.4:4000", "root");
    lab_ok(k, s, "CREATE DATABASE typed");
    lab_ok(k, s, "USE typed");
    lab_ok(k, s,
           "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, n INT UNSIGNED, "
           "d DECIMAL(8,2) NOT NULL, v VARCHAR(10), x LONGTEXT, b BINARY(3), at "
           "DATETIME(3), f DOUBLE, bits BIT(10), UNIQUE KEY (v), KEY (n, d))");
    lab_ok(k, s,
           "INSERT INTO t VALUES (1, 2, 3.5, 'v', 'x', 0x000102, '2026-11-21 "
           "10:11:12.3456', 0.5, 513)");
    return s;
}

static void end(struct lab *k, struct dr_model_session *s)
{
    dr_model_sql_close(s);
    lab_close(k);
}

Test(model_typed, results_say_what_they_are)
{
    static const struct {
        const char *item;
        unsigned type, flags, length, decimals;
        const char *org, *value;
    } cases[] = {
        {"id", DR_TYPE_LONGLONG,
         DR_FLAG_NOT_NULL | DR_FLAG_PRIMARY | DR_FLAG_AUTO_INCREMENT, 20, 0, "id", "1"},
        {"t.n AS other", DR_TYPE_LONG, DR_FLAG_UNSIGNED | DR_FLAG_MULTIPLE, 10, 0, "n",
         "2"},
        {"d", DR_TYPE_NEWDECIMAL, DR_FLAG_NOT_NULL | DR_FLAG_NO_DEFAULT, 10, 2, "d",
         "3.50"},
        {"v", DR_TYPE_VAR_STRING, DR_FLAG_UNIQUE, 40, 31, "v", "v"},
        {"x", DR_TYPE_BLOB, DR_FLAG_BLOB, 4294967292u, 31, "x", "x"},
        {"at", DR_TYPE_DATETIME, DR_FLAG_BINARY, 23, 3, "at", "2026-11-21 10:11:12.346"},
        {"f", DR_TYPE_DOUBLE, 0, 22, 31, "f", "0.5"},
        {"(SELECT d FROM t)", DR_TYPE_NEWDECIMAL, DR_FLAG_NOT_NULL | DR_FLAG_NO_DEFAULT,
         10, 2, NULL, "3.50"},
        {"COUNT(*)", DR_TYPE_LONGLONG, DR_FLAG_NOT_NULL | DR_FLAG_BINARY, 21, 0, NULL,
         "1"},
        {"SUM(n)", DR_TYPE_NEWDECIMAL, DR_FLAG_BINARY, 33, 0, NULL, "2"},
        {"SUM(d) total", DR_TYPE_NEWDECIMAL, DR_FLAG_BINARY, 33, 2, NULL, "3.50"},
        {"AVG(n)", DR_TYPE_NEWDECIMAL, DR_FLAG_BINARY, 33, 4, NULL, "2.0000"},
        {"SUM(f)", DR_TYPE_DOUBLE, DR_FLAG_BINARY, 23, 31, NULL, "0.5"},
        {"MAX(at)", DR_TYPE_DATETIME, DR_FLAG_BINARY, 23, 3, NULL,
         "2026-11-21 10:11:12.346"},
        {"MAX(t.d)", DR_TYPE_NEWDECIMAL, 0, 10, 2, NULL, "3.50"},
        {"CAST(v AS DATE)", DR_TYPE_DATE, DR_FLAG_BINARY, 10, 0, NULL, "NULL"},
        {"CAST(at AS DATE)", DR_TYPE_DATE, DR_FLAG_BINARY, 10, 0, NULL, "2026-11-21"},
        {"1 + 1", DR_TYPE_LONGLONG, DR_FLAG_BINARY, 20, 0, NULL, "2"},
        {"'1'", DR_TYPE_VAR_STRING, 0, 4, 31, NULL, "1"},
        {"CASE WHEN n > 1 THEN 'two' ELSE 'one' END", DR_TYPE_VAR_STRING, 0, 12, 31, NULL,
         "two"},
    };
    struct lab k;
    struct dr_model_session *s = begin(&k);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "SELECT %s FROM t", cases[i].item);
        const char *value = lab_cell(&k, s, text);
        const struct dr_sql_type *t = k.out.types;
        cr_assert_not_null(t, "%s", text);
        cr_assert_eq(t->type, cases[i].type, "%s: type %u", text, t->type);
        cr_assert_eq(t->flags, cases[i].flags, "%s: flags %x", text, t->flags);
        cr_assert_eq(t->length, cases[i].length, "%s: length %u", text, t->length);
        cr_assert_eq(t->decimals, cases[i].decimals, "%s: %u", text, t->decimals);
        cr_assert_eq(!t->org_name, !cases[i].org, "%s", text);
        if (cases[i].org)
            cr_assert_str_eq(t->org_name, cases[i].org, "%s", text);
        if (cases[i].value)
            cr_assert_str_eq(value, cases[i].value, "%s", text);
    }
    lab_ok(&k, s, "SELECT a.*, COUNT(*) OVER () AS c FROM t AS a");
    cr_assert_str_eq(k.out.types[0].table, "a");
    cr_assert_str_eq(k.out.types[0].org_table, "t");
    cr_assert_str_eq(k.out.types[0].schema, "typed");
    lab_ok(&k, s, "SELECT bits, b FROM t");
    cr_assert(k.out.cells[0].len == 2 && memcmp(k.out.cells[0].text, "\2\1", 2) == 0);
    cr_assert(k.out.cells[1].len == 3 && memcmp(k.out.cells[1].text, "\0\1\2", 3) == 0);
    end(&k, s);
}

Test(model_typed, parameters_are_values_and_nothing_else)
{
    static const struct {
        const char *text;
        struct dr_sql_param p[2];
        size_t count;
        const char *want; /* the first cell; NULL: NULL */
    } cases[] = {
        {"SELECT ?",
         {{DR_PARAM_TEXT, "'; DROP TABLE t; --", 19}},
         1,
         "'; DROP TABLE t; --"},
        {"SELECT ?", {{DR_PARAM_NULL, NULL, 0}}, 1, NULL},
        {"SELECT ? + ?", {{DR_PARAM_NUMBER, "-2", 2}, {DR_PARAM_NUMBER, "5", 1}}, 2, "3"},
        {"SELECT 3 -?", {{DR_PARAM_NUMBER, "-2", 2}}, 1, "5"},
        {"SELECT v FROM t WHERE v = ? LIMIT ?",
         {{DR_PARAM_TEXT, "v", 1}, {DR_PARAM_NUMBER, "1", 1}},
         2,
         "v"},
        {"SELECT COUNT(*) FROM t WHERE id IN (?, ?)",
         {{DR_PARAM_NUMBER, "1", 1}, {DR_PARAM_NUMBER, "1", 1}},
         2,
         "1"},
        {"SELECT '?', ?", {{DR_PARAM_TEXT, "x", 1}}, 1, "?"},
        {"SELECT OCTET_LENGTH(?)", {{DR_PARAM_TEXT, "a\0b", 3}}, 1, "3"},
        {"SELECT ?",
         {{DR_PARAM_NUMBER, "18446744073709551615", 20}},
         1,
         "18446744073709551615"},
    };
    struct lab k;
    struct dr_model_session *s = begin(&k);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum dr_model_done done =
            dr_model_sql_execute(s, cases[i].text, strlen(cases[i].text), cases[i].p,
                                 cases[i].count, &k.out, k.a);
        cr_assert_eq(done, DR_MODEL_DONE);
        cr_assert_eq(k.out.error, 0, "%s: %s", cases[i].text, k.out.message);
        cr_assert_eq(!k.out.cells[0].text, !cases[i].want, "%s", cases[i].text);
        if (cases[i].want)
            cr_assert_str_eq(k.out.cells[0].text, cases[i].want, "%s", cases[i].text);
    }
    cr_assert_str_eq(lab_cell(&k, s, "SELECT COUNT(*) FROM t"), "1");
    end(&k, s);
}

Test(model_typed, preparing_says_what_will_come)
{
    static const struct {
        const char *text;
        int error;
        unsigned params, columns;
    } cases[] = {
        {"SELECT *, ? FROM t WHERE id = ?", 0, 2, 10},
        {"SELECT SLEEP(100)", 0, 0, 1},
        {"SELECT id FROM t FOR UPDATE", 0, 0, 1},
        {"SHOW TABLES LIKE ?", 0, 1, 1},
        {"INSERT INTO t (d) VALUES (?)", 0, 1, 0},
        {"DELETE FROM t", 0, 0, 0},
        {"SELECT none FROM t", 1054, 0, 0},
        {"SELECT * FROM none", 1146, 0, 0},
        {"NONE", 1064, 0, 0},
        {"SELECT (1", 1064, 0, 0},
        {"SELECT 'a", 1064, 0, 0},
        {"DO 1; DO 2", 8115, 0, 0},
        {"", 8115, 0, 0},
        {"ALTER TABLE t ADD c INT DEFAULT ?", 8116, 0, 0},
        {"DEALLOCATE PREPARE s", 1295, 0, 0},
    };
    struct lab k;
    struct dr_model_session *s = begin(&k);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].text;
        cr_assert_eq(dr_model_sql_prepare(s, text, strlen(text), &k.out, k.a),
                     DR_MODEL_DONE);
        cr_assert_eq(k.out.error, cases[i].error, "%s: %d", text, k.out.error);
        cr_assert_eq(k.out.params, cases[i].params, "%s", text);
        cr_assert_eq(k.out.column_count, cases[i].columns, "%s", text);
        cr_assert_eq(k.out.row_count, 0, "%s", text);
    }
    cr_assert_str_eq(lab_cell(&k, s, "SELECT COUNT(*) FROM t"), "1", "nothing was done");
    end(&k, s);
}

Test(model_typed, statements_by_name)
{
    static const struct {
        const char *text;
        int error;
        const char *rows;
    } steps[] = {
        {"PREPARE s FROM 'SELECT id, ? FROM t WHERE d > ?'", 0, NULL},
        {"SET @a = 'it''s', @b = 3", 0, NULL},
        {"EXECUTE s USING @a, @b", 0, "1,it's"},
        {"EXECUTE S USING @a, @none", 0, ""},
        {"EXECUTE s", 8112, NULL},
        {"EXECUTE s USING @a", 8112, NULL},
        {"SET @q = 'SELECT 7'", 0, NULL},
        {"PREPARE s FROM @q", 0, NULL},
        {"EXECUTE s", 0, "7"},
        {"PREPARE s FROM 'SELEC'", 1064, NULL},
        {"EXECUTE s", 8111, NULL}, /* the failed one has taken its name away */
        {"PREPARE s FROM 'INSERT INTO t (d) VALUES (?)'", 0, NULL},
        {"EXECUTE s USING @b", 0, NULL},
        {"SELECT ROW_COUNT(), LAST_INSERT_ID()", 0, "1,2"},
        {"SELECT ROW_COUNT(), FOUND_ROWS()", 0, "-1,1"},
        {"DROP PREPARE s", 0, NULL},
        {"DEALLOCATE PREPARE s", 8111, NULL},
        {"SELECT ?", 1064, NULL},
    };
    struct lab k;
    struct dr_model_session *s = begin(&k);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i].rows)
            cr_assert_str_eq(lab_rows(&k, s, steps[i].text), steps[i].rows, "%s",
                             steps[i].text);
        else
            cr_assert_eq(lab_run(&k, s, steps[i].text), steps[i].error, "%s: %d",
                         steps[i].text, k.out.error);
    }
    end(&k, s);
}

Test(model_typed, numbers_have_their_order)
{
    struct lab k;
    struct dr_model_session *s = begin(&k);
    lab_ok(&k, s, "CREATE TABLE o (d DECIMAL(10,1), u BIGINT UNSIGNED)");
    lab_ok(&k, s,
           "INSERT INTO o VALUES (10, 18446744073709551615), (-9.5, 5), (2, "
           "9223372036854775808), (-10, 0), (NULL, NULL)");
    cr_assert_str_eq(lab_rows(&k, s, "SELECT d FROM o WHERE d IS NOT NULL ORDER BY d"),
                     "-10.0;-9.5;2.0;10.0");
    cr_assert_str_eq(
        lab_rows(&k, s, "SELECT u FROM o WHERE u IS NOT NULL ORDER BY u DESC"),
        "18446744073709551615;9223372036854775808;5;0");
    cr_assert_str_eq(lab_cell(&k, s, "SELECT MIN(d) FROM o"), "-10.0");
    cr_assert_str_eq(lab_rows(&k, s, "SELECT d + 0 AS e FROM o HAVING e > 1 ORDER BY e"),
                     "2;10");
    end(&k, s);
}
