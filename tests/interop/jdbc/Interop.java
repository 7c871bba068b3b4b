// drover-sim as JDBC with mysql-connector-j sees it, with statements prepared by the driver
// and on the server, with and without cursors. Usage: java Interop HOST. The last line says
// "N passed, M failed".
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.Objects;

public class Interop {
    static int passed, failed;

    static void check(String name, Object got, Object want) {
        boolean same = got instanceof byte[] && want instanceof byte[]
                ? Arrays.equals((byte[]) got, (byte[]) want) : Objects.equals(got, want);
        if (same) {
            passed++;
            return;
        }
        failed++;
        System.out.println("FAILED " + name + "\n  want: " + want + "\n  got:  " + got);
    }

    interface Act {
        void run() throws SQLException;
    }

    static int error(Act act) {
        try {
            act.run();
            return 0;
        } catch (SQLException e) {
            return e.getErrorCode() == 0 ? -1 : e.getErrorCode(); // the driver's own
        }
    }

    static Connection open(String host, String options) throws SQLException {
        return DriverManager.getConnection("jdbc:mysql://" + host
                + ":4000/lab?sslMode=DISABLED&connectionTimeZone=UTC" + options, "boss", "b'oss");
    }

    static void exec(Connection c, String text) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(text);
        }
    }

    static final Object[] VALUES = {-128, Integer.MIN_VALUE, new BigInteger("18446744073709551615"),
        true, new BigDecimal("-1234.500"), 0.1, "grüß \uD83E\uDD80 ' \\",
        new byte[] {0, 1, -1, '\'', '\\'}, Date.valueOf("2026-11-21"),
        LocalDateTime.of(2026, 11, 21, 10, 11, 12, 345678000),
        Timestamp.valueOf("2026-01-02 03:04:05"), LocalTime.of(5, 6, 7), "{\"a\": [1, null]}"};

    static void types(Connection c, String how) throws SQLException {
        exec(c, "CREATE TABLE kinds (id BIGINT PRIMARY KEY AUTO_INCREMENT, t TINYINT, i INT, "
                + "u BIGINT UNSIGNED, b BIT(1), d DECIMAL(12,3), f DOUBLE, s VARCHAR(40), y BLOB, "
                + "day DATE, at DATETIME(6), ts TIMESTAMP NULL, cl TIME, j JSON)");
        try (PreparedStatement p = c.prepareStatement("INSERT INTO kinds VALUES "
                + "(NULL,?,?,?,?,?,?,?,?,?,?,?,?,?)", Statement.RETURN_GENERATED_KEYS)) {
            for (int i = 0; i < VALUES.length; i++)
                p.setObject(i + 1, VALUES[i]);
            p.setBigDecimal(3, new BigDecimal((BigInteger) VALUES[2])); // else the driver sends -1
            check(how + "one row", p.executeUpdate(), 1);
            try (ResultSet k = p.getGeneratedKeys()) {
                k.next();
                check(how + "the drawn id", k.getLong(1), 1L);
            }
            for (int i = 0; i < VALUES.length; i++)
                p.setNull(i + 1, Types.NULL);
            check(how + "a row of NULLs", p.executeUpdate(), 1);
        }
        try (PreparedStatement p = c.prepareStatement("SELECT * FROM kinds WHERE id >= ? ORDER BY id")) {
            p.setLong(1, 1);
            try (ResultSet r = p.executeQuery()) {
                ResultSetMetaData m = r.getMetaData();
                int[] types = {Types.BIGINT, Types.TINYINT, Types.INTEGER, Types.BIGINT, Types.BIT,
                    Types.DECIMAL, Types.DOUBLE, Types.VARCHAR, Types.LONGVARBINARY, Types.DATE,
                    Types.TIMESTAMP, Types.TIMESTAMP, Types.TIME, Types.LONGVARCHAR};
                for (int i = 0; i < types.length; i++)
                    check(how + "type of " + m.getColumnName(i + 1), m.getColumnType(i + 1), types[i]);
                check(how + "its table", m.getTableName(1), "kinds");
                check(how + "a key", m.isAutoIncrement(1), true);
                check(how + "scale", m.getScale(6), 3);
                check(how + "precision", m.getPrecision(6), 12);
                r.next();
                check(how + "TINYINT", r.getInt(2), VALUES[0]);
                check(how + "INT", r.getObject(3), VALUES[1]);
                check(how + "BIGINT UNSIGNED", r.getObject(4), VALUES[2]);
                check(how + "BIT", r.getBoolean(5), VALUES[3]);
                check(how + "DECIMAL", r.getBigDecimal(6), VALUES[4]);
                check(how + "DOUBLE", r.getDouble(7), VALUES[5]);
                check(how + "VARCHAR", r.getString(8), VALUES[6]);
                check(how + "BLOB", r.getBytes(9), VALUES[7]);
                check(how + "DATE", r.getDate(10), VALUES[8]);
                check(how + "DATETIME", r.getObject(11, LocalDateTime.class), VALUES[9]);
                check(how + "TIMESTAMP", r.getTimestamp(12), VALUES[10]);
                check(how + "TIME", r.getObject(13, LocalTime.class), VALUES[11]);
                check(how + "JSON", r.getString(14), VALUES[12]);
                r.next();
                boolean all = true;
                for (int i = 2; i <= 14; i++)
                    all &= r.getObject(i) == null && r.wasNull();
                check(how + "NULLs", all, true);
                check(how + "no more", r.next(), false);
            }
        }
        exec(c, "DROP TABLE kinds");
    }

    static void statements(Connection c, String how) throws SQLException {
        exec(c, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), b LONGBLOB)");
        try (PreparedStatement p = c.prepareStatement("INSERT INTO t (id, v) VALUES (?, ?)")) {
            for (int i = 0; i < 20; i++) {
                p.setInt(1, i);
                p.setString(2, "v" + i);
                p.addBatch();
            }
            check(how + "a batch", p.executeBatch().length, 20);
            p.setInt(1, 1);
            p.setString(2, "again");
            check(how + "a duplicate", error(p::executeUpdate), 1062);
        }
        try (PreparedStatement p = c.prepareStatement("UPDATE t SET v = ? WHERE id < ?")) {
            p.setString(1, "v1");
            p.setInt(2, 2);
            check(how + "found rows", p.executeUpdate(), 2);
        }
        try (PreparedStatement p = c.prepareStatement("UPDATE t SET b = ? WHERE id = 3")) {
            byte[] big = "x".repeat(300000).getBytes(StandardCharsets.UTF_8);
            p.setBinaryStream(1, new java.io.ByteArrayInputStream(big), big.length);
            check(how + "long data", p.executeUpdate(), 1);
        }
        try (PreparedStatement p = c.prepareStatement("SELECT id FROM t WHERE v LIKE ? ORDER BY id LIMIT ?, ?")) {
            p.setFetchSize(4);
            p.setString(1, "v%");
            p.setInt(2, 2);
            p.setInt(3, 10);
            int sum = 0, n = 0;
            try (ResultSet r = p.executeQuery()) {
                for (; r.next(); n++)
                    sum += r.getInt(1);
            }
            check(how + "rows", n + ":" + sum, "10:65");
        }
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(
                "SELECT COUNT(*), SUM(id), AVG(id), MAX(v), OCTET_LENGTH(MAX(b)) FROM t")) {
            r.next();
            check(how + "COUNT", r.getObject(1), 20L);
            check(how + "SUM", r.getObject(2), new BigDecimal("190"));
            check(how + "AVG", r.getObject(3), new BigDecimal("9.5000"));
            check(how + "MAX", r.getObject(4), "v9");
            check(how + "the long data's length", r.getInt(5), 300000);
        }
        check(how + "no such table", error(() -> {
            try (PreparedStatement p = c.prepareStatement("SELECT * FROM none WHERE a = ?")) {
                p.setInt(1, 1);
                p.executeQuery();
            }
        }), 1146);
        check(how + "tables", c.getMetaData().getTables("lab", null, "t", null).next(), true);
        check(how + "columns", c.getMetaData().getColumns("lab", null, "t", "v").next(), true);
        check(how + "keys", c.getMetaData().getPrimaryKeys("lab", null, "t").next(), true);
    }

    static void transactions(Connection c, Connection other) throws SQLException {
        c.setAutoCommit(false);
        c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        exec(c, "DELETE FROM t WHERE id = 1");
        check("not seen", count(other), 20);
        c.rollback();
        check("rolled back", count(c), 20);
        exec(c, "DELETE FROM t WHERE id = 1");
        c.commit();
        check("seen", count(other), 19);
        exec(c, "DELETE FROM t WHERE id = 2");
        exec(other, "SET GLOBAL tidb_super_read_only = ON");
        check("a fence at the commit", error(c::commit), 1836);
        exec(other, "SET GLOBAL tidb_super_read_only = OFF");
        c.setAutoCommit(true);
        check("valid", c.isValid(5), true);
        try (Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            check("a deadline", error(() -> s.execute("SELECT SLEEP(20)")) != 0, true);
        }
        exec(c, "DROP TABLE t");
    }

    static int count(Connection c) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT COUNT(*) FROM t")) {
            r.next();
            return r.getInt(1);
        }
    }

    public static void main(String[] args) throws Exception {
        java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone("UTC"));
        String[][] ways = {{"text: ", ""}, {"server: ", "&useServerPrepStmts=true&cachePrepStmts=true"},
            {"cursor: ", "&useServerPrepStmts=true&useCursorFetch=true&defaultFetchSize=4"},
            {"batch: ", "&rewriteBatchedStatements=true&allowMultiQueries=true"}};
        for (String[] way : ways) {
            try (Connection c = open(args[0], way[1]); Connection other = open(args[0], "")) {
                types(c, way[0]);
                statements(c, way[0]);
                transactions(c, other);
            } catch (SQLException e) {
                failed++;
                System.out.println("FAILED " + way[0]);
                e.printStackTrace(System.out);
                try (Connection c = open(args[0], "")) {
                    exec(c, "DROP TABLE IF EXISTS kinds, t");
                }
            }
        }
        System.out.println(passed + " passed, " + failed + " failed");
        System.exit(failed > 0 ? 1 : 0);
    }
}
