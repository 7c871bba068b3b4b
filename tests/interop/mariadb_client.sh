#!/bin/bash
# drover-sim as the mariadb command sees it. Usage: mariadb_client.sh HOST
set -u
passed=0 failed=0
sql() {
    MYSQL_PWD="b'oss" timeout 20 mariadb --no-defaults --skip-ssl -h "$1" -P 4000 -u boss -D lab "${@:3}" -e "$2" 2>&1
}
has() { # NAME PART GOT
    if [[ "$3" == *"$2"* ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n  want: ..%s..\n  got:  %s\n' "$1" "$2" "$3"
    fi
}
h=$1
has "a table" "| 100.25 |" "$(sql "$h" 'SELECT c FROM nums ORDER BY c' -t)"
has "types of columns" "Type:       NEWDECIMAL" "$(sql "$h" 'SELECT c FROM nums' -t --column-type-info)"
has "flags of columns" "Flags:      NOT_NULL PRI_KEY" "$(sql "$h" 'SELECT id FROM nums' -t --column-type-info)"
has "names of columns" 'Table:      `n`' "$(sql "$h" 'SELECT id AS x FROM nums n' -t --column-type-info)"
has "the table's own name" 'Org_table:  `nums`' "$(sql "$h" 'SELECT id AS x FROM nums n' -t --column-type-info)"
has "the column's own name" 'Org_field:  `id`' "$(sql "$h" 'SELECT id AS x FROM nums n' -t --column-type-info)"
has "rows matched" "Rows matched: 1  Changed: 0  Warnings: 0" "$(sql "$h" 'UPDATE nums SET c = 2 WHERE id = 3' -vvv)"
has "records" "Records: 2  Duplicates: 0  Warnings: 0" "$(sql "$h" 'INSERT INTO nums VALUES (1000, 1), (1001, 2)' -vvv)"
has "row count of a delete" "2 rows affected" "$(sql "$h" 'DELETE FROM nums WHERE id >= 1000' -vvv)"
has "prepared by name" $'2\tx' "$(sql "$h" "PREPARE s FROM 'SELECT ?, ?'; SET @a = 2, @b = 'x'; EXECUTE s USING @a, @b; DEALLOCATE PREPARE s" -N)"
has "a vertical answer" "*************************** 1. row" "$(sql "$h" 'SELECT * FROM nums LIMIT 1\G')"
has "USE" "lab" "$(printf 'use lab
select database();
' | MYSQL_PWD="b'oss" timeout 20 mariadb --no-defaults --skip-ssl -h "$h" -P 4000 -u boss 2>&1)"
has "CREATE and DROP DATABASE" "Query OK, 0 rows affected" "$(sql "$h" 'CREATE DATABASE a1; ALTER DATABASE a1 CHARACTER SET utf8mb4; DROP DATABASE a1' -vvv)"
has "the database's characters" "DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci */" "$(sql "$h" 'CREATE DATABASE a2; ALTER DATABASE a2 COLLATE utf8mb4_general_ci; SHOW CREATE DATABASE a2; DROP DATABASE a2' -N)"
has "an unknown character set" "ERROR 1115 (42000)" "$(sql "$h" 'ALTER DATABASE lab CHARACTER SET none')"
has "ALTER of no database" "ERROR 1049 (42000)" "$(sql "$h" 'ALTER DATABASE none CHARACTER SET utf8mb4')"
has "its DDL job" "modify schema charset and collate" "$(sql "$h" "ADMIN SHOW DDL JOBS 4")"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
