/* drover-sim as a C program sees it through libmariadb's prepared statements: parameters
 * and results of all types, NULLs, long data, cursors, errors. Usage: PROGRAM HOST. The
 * last line says "N passed, M failed". */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;

static void check(const char *name, int holds, MYSQL_STMT *st)
{
    passed += holds;
    failed += !holds;
    if (!holds)
        printf("FAILED %s: %u %s\n", name, st ? mysql_stmt_errno(st) : 0,
               st ? mysql_stmt_error(st) : "");
}

static void run(MYSQL *m, const char *text)
{
    if (mysql_query(m, text))
        printf("FAILED %s: %s\n", text, mysql_error(m)), failed++;
    MYSQL_RES *r = mysql_store_result(m);
    if (r)
        mysql_free_result(r);
}

static MYSQL_STMT *prepare(MYSQL *m, const char *text)
{
    MYSQL_STMT *st = mysql_stmt_init(m);
    check(text, mysql_stmt_prepare(st, text, strlen(text)) == 0, st);
    return st;
}

static MYSQL_BIND value(enum enum_field_types type, void *at, unsigned long len)
{
    MYSQL_BIND b;
    memset(&b, 0, sizeof(b));
    b.buffer_type = type;
    b.buffer = at;
    b.buffer_length = len;
    return b;
}

static const MYSQL_TIME day = {
    .year = 2026, .month = 11, .day = 21, .time_type = MYSQL_TIMESTAMP_DATE};
static const MYSQL_TIME moment = {.year = 2026,
                                  .month = 11,
                                  .day = 21,
                                  .hour = 10,
                                  .minute = 11,
                                  .second = 12,
                                  .second_part = 345678,
                                  .time_type = MYSQL_TIMESTAMP_DATETIME};
static const MYSQL_TIME span = {
    .hour = 26, .minute = 3, .second = 4, .neg = 1, .time_type = MYSQL_TIMESTAMP_TIME};

enum { COLUMNS = 12 };

static void all_types(MYSQL *m)
{
    signed char tiny = -7;
    short small = -300;
    int number = -70000;
    unsigned long long big = 18446744073709551615ull;
    float real = 1.5F;
    double wide = -0.1;
    char text[] = "it's \xf0\x9f\xa6\x80";
    char blob[] = "\0\1\xff'\\";
    MYSQL_TIME d = day, t = moment, c = span;
    char decimal[] = "12345678.901";
    char null = 1;
    MYSQL_BIND in[COLUMNS] = {
        value(MYSQL_TYPE_TINY, &tiny, 0),
        value(MYSQL_TYPE_SHORT, &small, 0),
        value(MYSQL_TYPE_LONG, &number, 0),
        value(MYSQL_TYPE_LONGLONG, &big, 0),
        value(MYSQL_TYPE_FLOAT, &real, 0),
        value(MYSQL_TYPE_DOUBLE, &wide, 0),
        value(MYSQL_TYPE_STRING, text, sizeof(text) - 1),
        value(MYSQL_TYPE_BLOB, blob, sizeof(blob) - 1),
        value(MYSQL_TYPE_DATE, &d, sizeof(d)),
        value(MYSQL_TYPE_DATETIME, &t, sizeof(t)),
        value(MYSQL_TYPE_TIME, &c, sizeof(c)),
        value(MYSQL_TYPE_NEWDECIMAL, decimal, sizeof(decimal) - 1),
    };
    in[3].is_unsigned = 1;
    run(m,
        "CREATE TABLE lab.c (t TINYINT, s SMALLINT, i INT, u BIGINT UNSIGNED, f FLOAT, "
        "w DOUBLE, v VARCHAR(20), b BLOB, d DATE, m DATETIME(6), c TIME, "
        "n DECIMAL(12,3))");
    MYSQL_STMT *st =
        prepare(m, "INSERT INTO lab.c VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    check("twelve parameters", mysql_stmt_param_count(st) == COLUMNS, st);
    check("bind", mysql_stmt_bind_param(st, in) == 0, st);
    check("a row of every type", mysql_stmt_execute(st) == 0, st);
    check("one row", mysql_stmt_affected_rows(st) == 1, st);
    for (int i = 0; i < COLUMNS; i++)
        in[i].is_null = &null;
    check("a row of NULLs", mysql_stmt_bind_param(st, in) == 0 && !mysql_stmt_execute(st),
          st);
    mysql_stmt_close(st);

    signed char got_tiny = 0;
    short got_small = 0;
    int got_number = 0;
    unsigned long long got_big = 0;
    float got_real = 0;
    double got_wide = 0;
    char got_text[64] = "", got_blob[64] = "", got_decimal[64] = "";
    MYSQL_TIME got_d, got_t, got_c;
    unsigned long lengths[COLUMNS];
    char nulls[COLUMNS];
    MYSQL_BIND out[COLUMNS] = {
        value(MYSQL_TYPE_TINY, &got_tiny, 0),
        value(MYSQL_TYPE_SHORT, &got_small, 0),
        value(MYSQL_TYPE_LONG, &got_number, 0),
        value(MYSQL_TYPE_LONGLONG, &got_big, 0),
        value(MYSQL_TYPE_FLOAT, &got_real, 0),
        value(MYSQL_TYPE_DOUBLE, &got_wide, 0),
        value(MYSQL_TYPE_STRING, got_text, sizeof(got_text)),
        value(MYSQL_TYPE_BLOB, got_blob, sizeof(got_blob)),
        value(MYSQL_TYPE_DATE, &got_d, sizeof(got_d)),
        value(MYSQL_TYPE_DATETIME, &got_t, sizeof(got_t)),
        value(MYSQL_TYPE_TIME, &got_c, sizeof(got_c)),
        value(MYSQL_TYPE_STRING, got_decimal, sizeof(got_decimal)),
    };
    out[3].is_unsigned = 1;
    for (int i = 0; i < COLUMNS; i++) {
        out[i].is_null = &nulls[i];
        out[i].length = &lengths[i];
    }
    st = prepare(m, "SELECT * FROM lab.c ORDER BY t IS NULL");
    check("columns before the execution", mysql_stmt_field_count(st) == COLUMNS, st);
    check("execute", mysql_stmt_execute(st) == 0 && !mysql_stmt_bind_result(st, out), st);
    check("the first row", mysql_stmt_fetch(st) == 0, st);
    check("integers",
          got_tiny == tiny && got_small == small && got_number == number &&
              got_big == big,
          st);
    check("reals", got_real == real && got_wide == wide, st);
    check("text", lengths[6] == strlen(text) && !memcmp(got_text, text, lengths[6]), st);
    check("bytes", lengths[7] == sizeof(blob) - 1 && !memcmp(got_blob, blob, lengths[7]),
          st);
    check("date", got_d.year == 2026 && got_d.month == 11 && got_d.day == 21, st);
    check("time", got_t.second == 12 && got_t.second_part == 345678, st);
    check("duration", got_c.neg && got_c.day * 24 + got_c.hour == 26 && got_c.minute == 3,
          st);
    check("decimal", lengths[11] == 12 && !memcmp(got_decimal, decimal, 12), st);
    check("the second row", mysql_stmt_fetch(st) == 0, st);
    int all = 1;
    for (int i = 0; i < COLUMNS; i++)
        all &= nulls[i];
    check("is all NULL", all, st);
    check("and the last", mysql_stmt_fetch(st) == MYSQL_NO_DATA, st);
    mysql_stmt_close(st);
}

static void long_data(MYSQL *m)
{
    enum { PART = 100000, PARTS = 5 };
    char *part = malloc(PART), first = 0;
    unsigned long len = 0;
    memset(part, 'p', PART);
    run(m, "CREATE TABLE lab.l (id INT PRIMARY KEY, b LONGBLOB)");
    MYSQL_STMT *st = prepare(m, "INSERT INTO lab.l VALUES (1, ?)");
    MYSQL_BIND in = value(MYSQL_TYPE_BLOB, NULL, 0);
    check("bind", mysql_stmt_bind_param(st, &in) == 0, st);
    for (int i = 0; i < PARTS; i++)
        check("long data", mysql_stmt_send_long_data(st, 0, part, PART) == 0, st);
    check("execute", mysql_stmt_execute(st) == 0, st);
    check("reset", mysql_stmt_reset(st) == 0, st);
    mysql_stmt_close(st);
    st = prepare(m, "SELECT b FROM lab.l WHERE id = ?");
    int one = 1;
    in = value(MYSQL_TYPE_LONG, &one, 0);
    MYSQL_BIND out = value(MYSQL_TYPE_BLOB, &first, 1);
    out.length = &len;
    check("read it",
          !mysql_stmt_bind_param(st, &in) && !mysql_stmt_execute(st) &&
              !mysql_stmt_bind_result(st, &out),
          st);
    check("cut", mysql_stmt_fetch(st) == MYSQL_DATA_TRUNCATED, st);
    check("its length", len == (unsigned long)PART * PARTS && first == 'p', st);
    mysql_stmt_close(st);
    free(part);
}

/* Fetched three at a time, with another statement between. */
static void cursors(MYSQL *m)
{
    unsigned long kind = CURSOR_TYPE_READ_ONLY, rows = 3;
    int n = 0, count = 0, sum = 0, rc = 0;
    MYSQL_STMT *st = prepare(m, "SELECT id FROM lab.nums WHERE id <= ? ORDER BY id");
    int most = 6;
    MYSQL_BIND in = value(MYSQL_TYPE_LONG, &most, 0), out = value(MYSQL_TYPE_LONG, &n, 0);
    mysql_stmt_attr_set(st, STMT_ATTR_CURSOR_TYPE, &kind);
    mysql_stmt_attr_set(st, STMT_ATTR_PREFETCH_ROWS, &rows);
    for (int round = 0; round < 2; round++) {
        count = sum = 0;
        check("open a cursor",
              !mysql_stmt_bind_param(st, &in) && !mysql_stmt_execute(st) &&
                  !mysql_stmt_bind_result(st, &out),
              st);
        for (; (rc = mysql_stmt_fetch(st)) == 0; count++, sum += n)
            run(m, "SELECT 1");
        check("its end", rc == MYSQL_NO_DATA, st);
        check("its rows", count == 6 && sum == 21, st);
    }
    check("close it", mysql_stmt_free_result(st) == 0, st);
    mysql_stmt_close(st);
}

static void errors(MYSQL *m)
{
    static const struct {
        const char *text;
        unsigned number;
    } cases[] = {
        {"SELECT * FROM lab.none", 1146},
        {"SELECT none FROM lab.nums", 1054},
        {"SELEC 1", 1064},
        {"SELECT 1; SELECT 2", 8115},
        {"", 8115},
        {"DROP TABLE ?", 8116},
        {"PREPARE s FROM 'SELECT 1'", 1295},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        MYSQL_STMT *st = mysql_stmt_init(m);
        check(cases[i].text,
              mysql_stmt_prepare(st, cases[i].text, strlen(cases[i].text)) != 0 &&
                  mysql_stmt_errno(st) == cases[i].number,
              st);
        mysql_stmt_close(st);
    }
    int id = 1;
    MYSQL_STMT *st = prepare(m, "INSERT INTO lab.nums VALUES (?, 1)");
    MYSQL_BIND in = value(MYSQL_TYPE_LONG, &id, 0);
    check("a duplicate",
          !mysql_stmt_bind_param(st, &in) && mysql_stmt_execute(st) != 0 &&
              mysql_stmt_errno(st) == 1062,
          st);
    id = 7000;
    check("and after it", mysql_stmt_execute(st) == 0, st);
    mysql_stmt_close(st);
    st = prepare(m, "SHOW VARIABLES LIKE 'autocommit'");
    check("SHOW has columns", mysql_stmt_field_count(st) == 2, st);
    mysql_stmt_close(st);
    run(m, "DELETE FROM lab.nums WHERE id = 7000");
}

/* What a connection keeps goes with its reset. */
static void resets(MYSQL *m)
{
    MYSQL_STMT *st = prepare(m, "SELECT 1");
    check("reset the connection", mysql_reset_connection(m) == 0, NULL);
    check("its statements are gone", mysql_stmt_execute(st) != 0, st);
    mysql_stmt_close(st);
    check("change the user", mysql_change_user(m, "boss", "b'oss", "lab") == 0, NULL);
    check("statistics", strncmp(mysql_stat(m), "Uptime", 6) == 0, NULL);
    check("ping", mysql_ping(m) == 0, NULL);
}

int main(int argc, char **argv)
{
    MYSQL *m = mysql_init(NULL);
    if (argc != 2 ||
        !mysql_real_connect(m, argv[1], "boss", "b'oss", "lab", 4000, NULL, 0)) {
        printf("cannot connect: %s\n0 passed, 1 failed\n", mysql_error(m));
        return 1;
    }
    all_types(m);
    long_data(m);
    cursors(m);
    errors(m);
    resets(m);
    mysql_close(m);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
