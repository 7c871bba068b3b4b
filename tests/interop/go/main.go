// drover-sim as database/sql with go-sql-driver/mysql sees it. Whatever has arguments is
// prepared on the server: the driver's default. Usage: PROGRAM HOST. The last line says
// "N passed, M failed".
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/go-sql-driver/mysql"
)

var passed, failed int

func check(name string, got, want any) {
	if reflect.DeepEqual(got, want) {
		passed++
		return
	}
	failed++
	fmt.Printf("FAILED %s\n  want: %#v\n  got:  %#v\n", name, want, got)
}

func number(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func open(host, options string) *sql.DB {
	db, err := sql.Open("mysql", "boss:b'oss@tcp("+host+":4000)/lab?parseTime=true"+options)
	if err != nil {
		panic(err)
	}
	return db
}

func run(db *sql.DB, text string, args ...any) sql.Result {
	r, err := db.Exec(text, args...)
	if err != nil {
		failed++
		fmt.Printf("FAILED %s: %v\n", text, err)
	}
	return r
}

type kinds struct {
	Tiny  int8
	Int   int32
	Big   uint64
	Bool  bool
	Dec   string
	Real  float64
	Float float32
	Text  string
	Bytes []byte
	Day   time.Time
	At    time.Time
	Stamp time.Time
	Clock string
	JSON  string
}

var columns = "t, i, u, b, d, f, g, s, y, day, at, ts, cl, j"

func types(db *sql.DB, prepared, typed bool) {
	run(db, `CREATE TABLE kinds (id BIGINT PRIMARY KEY AUTO_INCREMENT, t TINYINT, i INT,
		u BIGINT UNSIGNED, b BOOL, d DECIMAL(12,3), f DOUBLE, g FLOAT, s VARCHAR(40), y BLOB,
		day DATE, at DATETIME(6), ts TIMESTAMP NULL, cl TIME, j JSON)`)
	want := kinds{-128, -2147483648, 18446744073709551615, true, "-1234.500", 0.1, 1.5,
		"grüß \U0001f980 ' \\", []byte{0, 1, 255, '\'', '\\'},
		time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 21, 10, 11, 12, 345678000, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "-26:03:04", `{"a": [1, null]}`}
	r := run(db, "INSERT INTO kinds ("+columns+") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		want.Tiny, want.Int, want.Big, want.Bool, want.Dec, want.Real, want.Float,
		want.Text, want.Bytes, want.Day, want.At, want.Stamp, want.Clock, want.JSON)
	id, _ := r.LastInsertId()
	check("the drawn id", id, int64(1))
	var got kinds
	where := "SELECT " + columns + " FROM kinds WHERE id = 1"
	var args []any
	if prepared {
		where, args = "SELECT "+columns+" FROM kinds WHERE id = ?", []any{1}
	}
	err := db.QueryRow(where, args...).Scan(&got.Tiny, &got.Int, &got.Big, &got.Bool,
		&got.Dec, &got.Real, &got.Float, &got.Text, &got.Bytes, &got.Day, &got.At,
		&got.Stamp, &got.Clock, &got.JSON)
	check("scan", err, nil)
	check("all values", got, want)
	run(db, "INSERT INTO kinds (t) VALUES (?)", nil)
	var n sql.NullInt64
	var t sql.NullTime
	check("scan NULLs", db.QueryRow("SELECT t, at FROM kinds WHERE id = ?", 2).Scan(&n, &t), nil)
	check("NULLs", n.Valid || t.Valid, false)
	rows, err := db.Query("SELECT * FROM kinds WHERE id > ?", 100)
	check("no rows", err, nil)
	if err == nil {
		got, _ := rows.ColumnTypes()
		var names []string
		for _, c := range got {
			names = append(names, c.DatabaseTypeName())
		}
		check("types of columns", names, []string{"BIGINT", "TINYINT", "INT",
			"UNSIGNED BIGINT", "TINYINT", "DECIMAL", "DOUBLE", "FLOAT", "VARCHAR", "BLOB",
			"DATE", "DATETIME", "TIMESTAMP", "TIME", "JSON"})
		p, s, _ := got[5].DecimalSize()
		check("a decimal's size", []int64{p, s}, []int64{12, 3})
		nullable, _ := got[0].Nullable()
		check("a key is not NULL", nullable, false)
		rows.Close()
	}
	var any1, any2 any
	check("into anything", db.QueryRow("SELECT COUNT(*), SUM(i) FROM kinds WHERE id < ?", 9).
		Scan(&any1, &any2), nil)
	if prepared && typed { // texts of an unprepared answer stay texts in this driver
		check("what it is", []any{any1, any2}, []any{int64(2), []byte("-2147483648")})
	}
	run(db, "DROP TABLE kinds")
}

func statements(db, found *sql.DB) {
	run(db, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))")
	st, err := db.Prepare("INSERT INTO t VALUES (?, ?)")
	check("prepare", err, nil)
	for i := 0; i < 50; i++ {
		if _, err := st.Exec(i, fmt.Sprint("v", i)); err != nil {
			check("insert", err, nil)
		}
	}
	_, err = st.Exec(1, "again")
	check("a duplicate", number(err), uint16(1062))
	st.Close()
	n, _ := run(db, "UPDATE t SET v = ? WHERE id < ?", "v1", 2).RowsAffected()
	check("changed rows", n, int64(1))
	n, _ = run(found, "UPDATE t SET v = ? WHERE id < ?", "v1", 2).RowsAffected()
	check("found rows", n, int64(2))
	rows, err := db.Query("SELECT id FROM t WHERE v LIKE ? ORDER BY id LIMIT ?, ?", "v%", 1, 3)
	check("limits", err, nil)
	var ids []int
	for err == nil && rows.Next() {
		var id int
		check("scan", rows.Scan(&id), nil)
		ids = append(ids, id)
	}
	check("rows", ids, []int{1, 2, 3})
	_, err = db.Query("SELECT * FROM none WHERE a = ?", 1)
	check("no such table", number(err), uint16(1146))
	_, err = db.Prepare("SELECT ?; SELECT ?")
	check("several", number(err), uint16(8115))
	_, err = db.Exec("SELECT 1; SELECT 2")
	check("without the flag", number(err), uint16(8130))
}

func transactions(db *sql.DB) {
	tx, err := db.BeginTx(context.Background(), nil)
	check("begin", err, nil)
	_, err = tx.Exec("INSERT INTO t VALUES (?, ?)", 100, "x")
	check("insert", err, nil)
	count := func() (n int) {
		check("count", db.QueryRow("SELECT COUNT(*) FROM t WHERE id = ?", 100).Scan(&n), nil)
		return
	}
	check("not seen", count(), 0)
	check("rollback", tx.Rollback(), nil)
	tx, _ = db.Begin()
	tx.Exec("INSERT INTO t VALUES (?, ?)", 100, "x")
	check("commit", tx.Commit(), nil)
	check("seen", count(), 1)
	tx, _ = db.Begin()
	tx.Exec("DELETE FROM t WHERE id = ?", 100)
	run(db, "SET GLOBAL tidb_super_read_only = ON")
	check("a fence at the commit", number(tx.Commit()), uint16(1836))
	run(db, "SET GLOBAL tidb_super_read_only = OFF")
	check("nothing was written", count(), 1)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err = db.ExecContext(ctx, "SELECT SLEEP(20)")
	check("a deadline", errors.Is(err, context.DeadlineExceeded), true)
	check("and on", count(), 1)
	run(db, "DROP TABLE t")
}

func main() {
	host := os.Args[1]
	db := open(host, "")
	check("ping", db.Ping(), nil)
	if failed == 0 {
		types(db, true, true)
		types(db, false, true)
		plain := open(host, "&interpolateParams=true&collation=utf8mb4_bin&time_zone=%27%2B00%3A00%27")
		types(plain, true, false)
		statements(db, open(host, "&clientFoundRows=true"))
		transactions(db)
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
