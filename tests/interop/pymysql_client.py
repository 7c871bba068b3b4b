"""drover-sim as PyMySQL sees it: a table of ordinary use, and what a driver makes of the
types. Usage: pymysql_client.py HOST [CA]; accounts and tables are those of estate.sh. The
last line says "N passed, M failed"."""

import datetime as dt
import sys
from decimal import Decimal

import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE

host = sys.argv[1]
ca = sys.argv[2] if len(sys.argv) > 2 else None
passed = failed = 0


def check(name, got, want):
    global passed, failed
    if got == want and type(got) is type(want):
        passed += 1
    else:
        failed += 1
        print(f"FAILED {name}\n  want: {want!r}\n  got:  {got!r}")


def connect(**more):
    args = dict(host=host, port=4000, user="boss", password="b'oss", database="lab",
                connect_timeout=10, read_timeout=20)
    args.update(more)
    return pymysql.connect(**args)


def rows(c, text, args=None):
    with c.cursor() as cur:
        cur.execute(text, args)
        return cur.fetchall()


def one(c, text, args=None):
    return rows(c, text, args)[0][0]


def error(run):
    try:
        run()
    except pymysql.err.MySQLError as e:
        return e.args[0]
    return None


# ---- logins ----
main = connect()
check("version", main.get_server_info(), "8.0.11-TiDB-v8.5.0")
check("a wrong password", error(lambda: connect(password="no")), 1045)
check("an unknown database", error(lambda: connect(database="none")), 1049)
if ca:
    tls = connect(user="sha", password="sha2secret", ssl={"ca": ca})
    check("caching_sha2_password under TLS", one(tls, "SELECT CURRENT_USER()"), "sha@%")
    tls.close()
    tls = connect(ssl={"ca": ca})
    check("native password under TLS", one(tls, "SELECT 1"), 1)
    tls.close()

# ---- types ----
rows(main, """CREATE TABLE kinds (id BIGINT PRIMARY KEY AUTO_INCREMENT, t TINYINT, i INT,
  u BIGINT UNSIGNED, b BOOL, d DECIMAL(12,3), f DOUBLE, s VARCHAR(40), x TEXT, y BLOB,
  day DATE, at DATETIME, ats DATETIME(6), ts TIMESTAMP NULL, cl TIME, j JSON)""")
full = (1, -128, 2147483647, 18446744073709551615, 1, Decimal("-1234.500"), 0.1,
        "gr\u00fc\u00df \U0001f980 ' \\ %", "x" * 70000, bytes(range(256)),
        dt.date(2026, 11, 21), dt.datetime(2026, 11, 21, 10, 11, 12),
        dt.datetime(2026, 11, 21, 10, 11, 12, 123000), dt.datetime(2026, 1, 2, 3, 4, 5),
        dt.timedelta(hours=-5, minutes=-1), '{"a": [1, null]}')
given = [v if not isinstance(v, dt.timedelta) else "-05:01:00" for v in full]  # 1.0's bug
with main.cursor() as cur:
    marks = ",".join(["%s"] * len(full))
    cur.execute(f"INSERT INTO kinds VALUES ({marks})", given)
    check("one row", cur.rowcount, 1)
    cur.execute("INSERT INTO kinds (t) VALUES (NULL)")
    check("the drawn id", cur.lastrowid, 2)
    cur.execute("SELECT * FROM kinds ORDER BY id")
    names = [c[0] for c in cur.description]
    check("names", names, "id t i u b d f s x y day at ats ts cl j".split())
    types = dict(zip(names, (c[1] for c in cur.description)))
    for column, want in dict(
            id=FIELD_TYPE.LONGLONG, t=FIELD_TYPE.TINY, i=FIELD_TYPE.LONG,
            u=FIELD_TYPE.LONGLONG, b=FIELD_TYPE.TINY, d=FIELD_TYPE.NEWDECIMAL,
            f=FIELD_TYPE.DOUBLE, s=FIELD_TYPE.VAR_STRING, x=FIELD_TYPE.BLOB,
            y=FIELD_TYPE.BLOB, day=FIELD_TYPE.DATE, at=FIELD_TYPE.DATETIME,
            ats=FIELD_TYPE.DATETIME, ts=FIELD_TYPE.TIMESTAMP, cl=FIELD_TYPE.TIME,
            j=FIELD_TYPE.JSON).items():
        check(f"type of {column}", types[column], want)
    got, nulls = cur.fetchall()
for name, a, b in zip(names, got, full):
    check(f"value of {name}", a, b)
check("NULLs", nulls, (2,) + (None,) * 15)
aggregates = """SELECT COUNT(*), SUM(i), SUM(d), AVG(t), MAX(d), MIN(day), MAX(ts), SUM(f)
 FROM kinds"""
for i, want in enumerate((2, Decimal("2147483647"), Decimal("-1234.500"),
                          Decimal("-128.0000"), Decimal("-1234.500"),
                          dt.date(2026, 11, 21), dt.datetime(2026, 1, 2, 3, 4, 5), 0.1)):
    check(f"aggregate {i}", rows(main, aggregates)[0][i], want)
check("no rows have types", len(rows(main, "SELECT * FROM kinds WHERE id > 9")), 0)
check("NOW()", type(one(main, "SELECT NOW()")), dt.datetime)
check("a decimal in the order of numbers",
      [str(r[0]) for r in rows(main, "SELECT c FROM nums ORDER BY c")],
      ["-10.50", "-9.00", "0.00", "2.00", "10.00", "100.25"])
rows(main, "DROP TABLE kinds")
check("the greatest decimal", one(main, "SELECT MAX(c) FROM nums"), Decimal("100.25"))

# ---- statements ----
with main.cursor() as cur:
    cur.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), n INT DEFAULT 7)")
    check("executemany", cur.executemany("INSERT INTO t (id, v) VALUES (%s, %s)",
                                         [(i, f"v{i}") for i in range(100)]), 100)
    check("REPLACE", cur.execute("REPLACE INTO t VALUES (1, 'new', 1)"), 2)
    check("ON DUPLICATE KEY UPDATE", cur.execute(
        "INSERT INTO t VALUES (2, 'x', 5) ON DUPLICATE KEY UPDATE n = VALUES(n) + n"), 2)
    check("its row", rows(main, "SELECT v, n FROM t WHERE id = 2"), (("v2", 12),))
    check("UPDATE tells what it changed", cur.execute("UPDATE t SET n = 7 WHERE id < 5"), 2)
    main.commit()
    with connect(client_flag=CLIENT.FOUND_ROWS).cursor() as found:
        check("or what it found", found.execute("UPDATE t SET n = 7 WHERE id < 5"), 5)
    check("DELETE with a limit", cur.execute("DELETE FROM t ORDER BY id DESC LIMIT 10"), 10)
    check("GROUP BY", rows(main, "SELECT n, COUNT(*) AS c FROM t GROUP BY n HAVING c > 1"),
          ((7, 90),))
    check("JOIN", rows(main, """SELECT a.id, b.v FROM t a JOIN t b ON b.id = a.id + 1
      LEFT JOIN nums z ON z.id = a.id WHERE a.id IN (%s, %s) ORDER BY 1""", (3, 5)),
          ((3, "v4"), (5, "v6")))
    check("a checksum of rows", type(one(main, """SELECT BIT_XOR(CAST(CRC32(CONCAT_WS(',',
      id, v, n)) AS UNSIGNED)) FROM t""")), int)
    check("LIKE with a percent sign", rows(main, "SELECT id FROM t WHERE v LIKE 'v1%' "
                                                 "AND id < 12 ORDER BY id"),
          ((10,), (11,)))
    check("a duplicate", error(lambda: cur.execute("INSERT INTO t VALUES (2, '', 1)")), 1062)
    check("no such table", error(lambda: cur.execute("SELECT * FROM nothing")), 1146)
    check("a syntax error", error(lambda: cur.execute("SELEC 1")), 1064)
    check("too long", error(lambda: cur.execute("UPDATE t SET v = '123456789012345678901'")), 1406)
    check("INSERT IGNORE", cur.execute("INSERT IGNORE INTO t VALUES (2, '', 1)"), 0)
    cur.execute("SHOW WARNINGS")
    check("SHOW WARNINGS", cur.fetchall()[0][:2], ("Warning", 1062))
    cur.execute("SELECT SQL_NO_CACHE id FROM t LIMIT 3")
    check("ROW_COUNT after rows", one(main, "SELECT ROW_COUNT()"), -1)
    cur.execute("UPDATE t SET id = LAST_INSERT_ID(id) WHERE id = 3")
    check("LAST_INSERT_ID(x)", one(main, "SELECT LAST_INSERT_ID()"), 3)
    check("DDL jobs", [r[3] for r in rows(main, "ADMIN SHOW DDL JOBS 2")],
          ["create table", "drop table"])
    cur.execute("ALTER TABLE t ADD COLUMN z DECIMAL(5,2) NOT NULL DEFAULT 1.5, DROP COLUMN n")
    check("ALTER TABLE", rows(main, "SELECT * FROM t WHERE id = 3"),
          ((3, "v3", Decimal("1.50")),))
    cur.execute("TRUNCATE TABLE t")
    check("TRUNCATE", one(main, "SELECT COUNT(*) FROM t"), 0)
    cur.execute("DROP TABLE t")

# ---- prepared by name ----
rows(main, "SET @a = 2, @b = 'x'")
rows(main, "PREPARE s FROM 'SELECT ? + 1, ? LIMIT ?'")
rows(main, "SET @one = 1")
check("EXECUTE", rows(main, "EXECUTE s USING @a, @b, @one"), ((3, "x"),))
check("EXECUTE with too few", error(lambda: rows(main, "EXECUTE s USING @a")), 8112)
rows(main, "DEALLOCATE PREPARE s")
check("EXECUTE of nothing", error(lambda: rows(main, "EXECUTE s")), 8111)
check("PREPARE of several", error(lambda: rows(main, "PREPARE s FROM 'DO 1; DO 2'")), 8115)
check("PREPARE of DDL", error(lambda: rows(main, "PREPARE s FROM 'DROP TABLE ?'")), 8116)
check("a marker in a plain statement", error(lambda: rows(main, "SELECT ?")), 1064)

# ---- transactions ----
other = connect(autocommit=True)
main.begin()
rows(main, "INSERT INTO nums VALUES (100, 1)")
check("not seen before the commit", one(other, "SELECT COUNT(*) FROM nums WHERE id=100"), 0)
main.commit()
check("seen after it", one(other, "SELECT COUNT(*) FROM nums WHERE id = 100"), 1)
main.begin()
rows(main, "DELETE FROM nums WHERE id = 100")
main.rollback()
check("rolled back", one(other, "SELECT COUNT(*) FROM nums WHERE id = 100"), 1)
main.begin()
snapshot = one(main, "SELECT COUNT(*) FROM nums")
rows(other, "INSERT INTO nums VALUES (101, 1)")
check("one snapshot", one(main, "SELECT COUNT(*) FROM nums"), snapshot)
main.commit()
main.begin()
rows(main, "UPDATE nums SET c = 5 WHERE id = 101")
rows(other, "SET innodb_lock_wait_timeout = 1")
check("a row lock", error(lambda: rows(other, "DELETE FROM nums WHERE id = 101")), 1205)
rows(other, "SET GLOBAL tidb_super_read_only = ON")
check("a fence at the commit", error(main.commit), 1836)
check("a fence at a write", error(lambda: rows(main, "DELETE FROM nums")), 1836)
rows(other, "SET GLOBAL tidb_super_read_only = OFF")
check("nothing was written", one(other, "SELECT c FROM nums WHERE id=101"), Decimal("1.00"))
tso = one(other, "SELECT TIDB_CURRENT_TSO()") or rows(other, "SHOW MASTER STATUS")[0][1]
rows(other, "DELETE FROM nums WHERE id = 101")
rows(other, f"SET tidb_snapshot = '{tso}'")
check("tidb_snapshot", one(other, "SELECT COUNT(*) FROM nums WHERE id = 101"), 1)
rows(other, "SET tidb_snapshot = ''")
check("and without", one(other, "SELECT COUNT(*) FROM nums WHERE id = 101"), 0)

# ---- the connection ----
check("ping", main.ping(), None)
main.select_db("mysql")
check("select_db", one(main, "SELECT DATABASE()"), "mysql")
check("KILL", error(lambda: rows(other, f"KILL TIDB {main.thread_id()}")), None)
check("and its end", error(lambda: rows(main, "SELECT 1")) in (2006, 2013), True)
several = connect(client_flag=CLIENT.MULTI_STATEMENTS)
with several.cursor() as cur:
    cur.execute("SELECT 1; SELECT 2")
    check("several statements", (cur.fetchall(), cur.nextset(), cur.fetchall()),
          (((1,),), True, ((2,),)))
    check("refused as a whole", error(lambda: cur.execute("CREATE TABLE no (a INT); SELEC")),
          1064)
    check("nothing ran", rows(several, "SHOW TABLES LIKE 'no'"), ())
plain = connect(client_flag=0)
plain.client_flag &= ~CLIENT.MULTI_STATEMENTS
plain.connect()
check("without the flag", error(lambda: rows(plain, "DO 1; DO 2")), 8130)
rows(plain, "SET tidb_multi_statement_mode = 'WARN'")
with plain.cursor() as cur:
    cur.execute("DO 1; DO 2")
    check("warned only", cur.nextset() is not None, True)
check("the warning", rows(plain, "SHOW WARNINGS")[0][1], 8130)

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
