#!/bin/bash
# drover-sim from outside: the ordinary mariadb client and curl against a small estate on
# loopback. Usage: tests/e2e/sim.sh [BUILD]; the last line says "N passed, N failed".
set -u
build=${1:-build}
sim=$build/drover-sim
dir=$(mktemp -d "${TMPDIR:-/tmp}/drover-sim-e2e-XXXXXX")
net=127.$((64 + RANDOM % 128)).$((1 + RANDOM % 250)) # so that two runs do not meet
east=$net.4 east2=$net.5 west=$net.14 pd=$net.1 cdc=$net.9 store=$net.30
passed=0 failed=0 pid=

finish() {
    [ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT

ok() { passed=$((passed + 1)); }
no() {
    failed=$((failed + 1))
    printf 'FAILED %s\n  want: %s\n  got:  %s\n' "$1" "$2" "${3:0:600}"
}
is() { if [ "$3" = "$2" ]; then ok; else no "$1" "$2" "$3"; fi; }         # NAME WANT GOT
has() { if [[ "$3" == *"$2"* ]]; then ok; else no "$1" "..$2.." "$3"; fi; } # NAME PART GOT

cat >"$dir/estate.yaml" <<EOF
apiVersion: drover/v1
kind: Estate
metadata: {name: small}
spec:
  clusters:
  - name: east
    region: region-1
    version: v8.5.3
    sql: [{address: "$east:4000"}, {address: "$east2:4000"}]
    pd: ["$pd:2379"]
    ticdc: {captures: ["$cdc:8300"]}
    tls: {cert: east.pem, key: east.key}
    accounts:
    - {user: app, password: app, grants: [ALL PRIVILEGES ON shop.*]}
    - {user: boss, password: "b'oss", grants: [ALL PRIVILEGES ON *.*]}
    - {user: sha, password: sha2secret, plugin: caching_sha2_password, grants: [SELECT ON *.*]}
    - {user: gone, password: gone, locked: true}
    script:
    - CREATE DATABASE shop
    - CREATE TABLE shop.items (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), n INT)
    - INSERT INTO shop.items (name, n) VALUES ('apple', 3), ('pear', 5)
  - name: west
    region: region-2
    version: v8.5.3
    sql: [{address: "$west:4000"}]
    pd: ["$net.11:2379"]
    accounts:
    - {user: cdc, password: cdc, grants: ["SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, CREATE VIEW, REFERENCES ON *.*"]}
  storage:
  - {name: minio, region: region-2, address: "$store:6060", buckets: [backup], accessKey: minio, secretKey: miniostorage}
EOF
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=east \
    -addext "subjectAltName=IP:$east" -keyout "$dir/east.key" -out "$dir/east.pem" 2>/dev/null

# sql HOST USER PASSWORD STATEMENT [OPTIONS]: rows without a header, errors as text
sql() {
    local host=$1 user=$2 password=$3 text=$4
    shift 4
    MYSQL_PWD=$password timeout 10 mariadb --no-defaults --skip-auto-rehash -N -B -h "$host" \
        -P 4000 -u "$user" "$@" -e "$text" 2>&1
}
get() { curl -s -m 10 "$@"; }
code() { curl -s -m 10 -o /dev/null -w '%{http_code}' "$@"; }
ctl() { "$sim" ctl --socket "$dir/ctl" "$@" 2>&1; }
# raw HOST PORT BYTES: what the server answers to these bytes (printf's escapes)
raw() {
    exec 9<>"/dev/tcp/$1/$2" || return
    printf "$3" >&9
    [ -z "${4:-}" ] || { sleep 0.3; printf "$4" >&9; } # a second part, later
    timeout 3 head -c 400 <&9 | tr -d '\0\r'
    exec 9>&-
}
# until_is NAME WANT COMMAND..: asks again for up to 8 s
until_is() {
    local name=$1 want=$2 got
    shift 2
    for _ in {1..80}; do
        got=$("$@")
        [ "$got" = "$want" ] && break
        sleep 0.1
    done
    is "$name" "$want" "$got"
}

# ---- the command ----
has "help has examples" "drover-sim --speed 10" "$("$sim" --help)"
has "ctl help has examples" "drover-sim ctl kill" "$("$sim" ctl --help)"
"$sim" >/dev/null 2>&1
is "usage" 64 $?
"$sim" "$dir/none.yaml" >/dev/null 2>&1
is "no such estate" 1 $?

mkfifo "$dir/ready"
"$sim" "$dir/estate.yaml" --speed 20 --max-connections 400 --ctl "$dir/ctl" --ready-fd 3 --ready-file "$dir/pid" \
    >"$dir/out" 2>"$dir/log" 3>"$dir/ready" &
pid=$!
read -r -t 10 word <"$dir/ready" || word="nothing"
is "it says that it is ready" ready "$word"
is "on stdout as well" ready "$(cat "$dir/out")"
is "the ready file holds its process id" "$pid" "$(cat "$dir/pid")"
[ "$word" = ready ] || { cat "$dir/log"; echo "$passed passed, $failed failed"; exit 1; }
has "it lists who listens" "sql      $east:4000 $east2:4000 $west:4000" "$(cat "$dir/log")"
got=$("$sim" "$dir/estate.yaml" --ctl "$dir/ctl2" 2>&1)
is "a second one cannot bind" 1 $?
has "it says which address" "cannot listen on $east:4000" "$got"
has "and how to go on" "ss -ltnp" "$got"

exec 8<>"/dev/tcp/$west/4000" # says nothing: looked at in the end

# ---- logins ----
is "root without a password" 1 "$(sql $east root '' 'SELECT 1')"
is "native password" "app@%" "$(sql $east app app 'SELECT CURRENT_USER()')"
is "a password with a quote" 1 "$(sql $east boss "b'oss" 'SELECT 1')"
has "wrong password" "ERROR 1045 (28000): Access denied for user 'app'@" "$(sql $east app wrong 'SELECT 1')"
has "no password" "(using password: NO)" "$(sql $east app '' 'SELECT 1')"
has "unknown user" "ERROR 1045 (28000)" "$(sql $east nobody x 'SELECT 1')"
has "locked account" "ERROR 3118 (HY000)" "$(sql $east gone gone 'SELECT 1')"
has "unknown database" "ERROR 1049 (42000): Unknown database 'nowhere'" "$(sql $east root '' 'SELECT 1' -D nowhere)"
has "no right to the database" "ERROR 1044 (42000)" "$(sql $east app app 'SELECT 1' -D mysql)"
is "a database at login" shop "$(sql $east app app 'SELECT DATABASE()' -D shop)"
is "TLS" 1 "$(sql $east root '' "SELECT 1" --ssl --ssl-ca="$dir/east.pem" --ssl-verify-server-cert)"
has "TLS is really used" "Cipher in use is TLS" "$(sql $east root '' '\s' --ssl --ssl-ca="$dir/east.pem")"
has "TLS where none is offered" "ERROR 2026" "$(sql $west root '' 'SELECT 1' --ssl --ssl-ca="$dir/east.pem" --ssl-verify-server-cert)"
is "caching_sha2_password under TLS" "sha@%" "$(sql $east sha sha2secret 'SELECT CURRENT_USER()' --ssl --ssl-ca="$dir/east.pem")"
has "a wrong one" "ERROR 1045" "$(sql $east sha wrong 'SELECT 1' --ssl --ssl-ca="$dir/east.pem")"
# The client asks for a public key, takes the 1045 for a bad one, and says so.
has "caching_sha2_password without TLS" "ERROR 2061 (HY000): Couldn't read RSA public key" "$(sql $east sha sha2secret 'SELECT 1' --skip-ssl)"
is "native password without TLS" 1 "$(sql $east app app 'SELECT 1' --skip-ssl)"
has "the version" "8.0.11-TiDB-v8.5.3" "$(sql $east root '' 'SELECT VERSION()')"

# ---- what a person types first ----
has "SHOW DATABASES" shop "$(sql $east app app 'SHOW DATABASES')"
is "USE and SHOW TABLES" items "$(sql $east app app 'USE shop; SHOW TABLES')"
has "SHOW GRANTS" 'GRANT ALL PRIVILEGES ON `shop`.* TO' "$(sql $east app app 'SHOW GRANTS')"
has "SHOW VARIABLES" "tidb_gc_life_time" "$(sql $east root '' "SHOW VARIABLES LIKE 'tidb_gc%'")"
has "SHOW PROCESSLIST" "SHOW PROCESSLIST" "$(sql $east root '' 'SHOW PROCESSLIST')"
has "SHOW MASTER STATUS" "tidb-binlog" "$(sql $east root '' 'SHOW MASTER STATUS')"
is "CREATE DATABASE and TABLE" "" "$(sql $east boss "b'oss" 'CREATE DATABASE lab; CREATE TABLE lab.t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(10))')"
is "INSERT with AUTO_INCREMENT" $'1\tx\n2\ty' "$(sql $east boss "b'oss" "INSERT INTO t (v) VALUES ('x'), ('y'); SELECT * FROM t ORDER BY id" -D lab)"
is "LAST_INSERT_ID" 3 "$(sql $east boss "b'oss" "INSERT INTO t (v) VALUES ('z'); SELECT LAST_INSERT_ID()" -D lab)"
is "SELECT with WHERE" pear "$(sql $east app app 'SELECT name FROM shop.items WHERE n > 4')"
is "SELECT with COUNT" 2 "$(sql $east app app 'SELECT COUNT(*) FROM shop.items')"
is "UPDATE and DELETE" $'apple\t4' "$(sql $east app app "UPDATE items SET n = n + 1 WHERE name = 'apple'; DELETE FROM items WHERE name = 'pear'; SELECT name, n FROM items" -D shop)"
tso=$(sql $east app app 'SHOW MASTER STATUS' | cut -f2)
[ -n "$tso" ] && [[ $tso =~ ^[0-9]+$ ]] || tso=$(sql $east root '' 'SHOW MASTER STATUS' | cut -f2)
is "INSERT more" "" "$(sql $east app app "INSERT INTO shop.items (name, n) VALUES ('plum', 7)")"
is "tidb_snapshot sees the past" 1 "$(sql $east app app "SET SESSION tidb_snapshot='$tso'; SELECT COUNT(*) FROM shop.items")"
is "and the present without it" 2 "$(sql $east app app "SELECT COUNT(*) FROM shop.items")"
is "a transaction rolls back" 2 "$(sql $east app app "BEGIN; DELETE FROM shop.items; ROLLBACK; SELECT COUNT(*) FROM shop.items")"
is "NULL and numbers" $'NULL\t-5\t18446744073709551615' "$(sql $east root '' 'SELECT NULL, -5, 18446744073709551615')"
has "an error has number and state" "ERROR 1146 (42S02) at line 1: Table 'shop.none' doesn't exist" "$(sql $east app app 'SELECT * FROM shop.none')"
has "a syntax error in TiDB's words" "check the manual that corresponds to your TiDB version" "$(sql $east root '' "FROBNICATE 'secret-word'")"
has "and it is logged" "unknown at $east:4000: FROBNICATE" "$(cat "$dir/log")"
is "without what stood in quotes" 0 "$(grep -c secret-word "$dir/log")"
has "completion of names (COM_FIELD_LIST)" 1 "$(MYSQL_PWD=app timeout 10 mariadb --no-defaults --auto-rehash -N -B -h $east -P 4000 -u app -D shop -e 'SELECT 1' 2>&1)"
has "status (COM_STATISTICS)" "Uptime:" "$(sql $east root '' '\s')"
is "the other instance sees the rows" 2 "$(sql $east2 app app 'SELECT COUNT(*) FROM shop.items')"

# ---- long statements beside short ones ----
sql $east root '' 'SELECT SLEEP(30)' >"$dir/sleep" &
sleeper=$!
until_is "a long statement is listed" 1 sql $east root '' "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(3%'"
id=$(sql $east root '' "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(3%'")
is "short ones go on meanwhile" 1 "$(sql $east root '' 'SELECT 1')"
sql $east root '' "KILL $id" >/dev/null
wait $sleeper
has "and it can be killed" "ERROR" "$(cat "$dir/sleep")"
timeout 1 mariadb --no-defaults -h $east -P 4000 -u root -e 'SELECT SLEEP(31)' >/dev/null 2>&1
until_is "a client that leaves takes its statement along" 0 sql $east root '' "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(31%'"

# ---- HTTP ----
has "status port" '"version":"8.0.11-TiDB-v8.5.3"' "$(get "http://$east:10080/status" | tr -d ' ')"
has "PD members" '"client_urls"' "$(get "http://$pd:2379/pd/api/v1/members")"
is "PD: HEAD is 405" 405 "$(code -I "http://$pd:2379/pd/api/v1/members")"
is "PD: unknown route" 404 "$(code "http://$pd:2379/nosuch")"
has "PD's content type" "application/json; charset=UTF-8" "$(curl -s -m 10 -D - -o /dev/null "http://$pd:2379/pd/api/v1/health")"
has "TiCDC status" '"is_owner":true' "$(get "http://$cdc:8300/api/v2/status" | tr -d ' \n')"
is "no feeds yet" 0 "$(get "http://$cdc:8300/api/v2/changefeeds" | tr -d ' \n' | grep -o '"total":[0-9]*' | cut -d: -f2)"
is "one connection for many requests" "200 200 200 " "$(curl -s -m 10 -o /dev/null -o /dev/null -o /dev/null -w '%{http_code} ' "http://$pd:2379/pd/api/v1/ping" "http://$pd:2379/pd/api/v1/version" "http://$pd:2379/pd/api/v1/health")"

# ---- rows travel through a feed ----
is "schema on the other side" "" "$(sql $west root '' 'CREATE DATABASE shop; CREATE TABLE shop.items (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), n INT)')"
is "a feed is made (chunked body)" 200 "$(printf '{"changefeed_id":"demo","sink_uri":"mysql://cdc:cdc@%s:4000/"}' $west |
    code -X POST -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/json' --data-binary @- "http://$cdc:8300/api/v2/changefeeds")"
is "INSERT on the primary" "" "$(sql $east app app "INSERT INTO shop.items (name, n) VALUES ('fig', 9)")"
until_is "and the row is on the secondary" 9 sql $west root '' "SELECT n FROM shop.items WHERE name = 'fig'"

# ---- object storage ----
printf 'user = "minio:miniostorage"\naws-sigv4 = "aws:amz:us-east-1:s3"\n' >"$dir/good"
printf 'user = "minio:wrong"\naws-sigv4 = "aws:amz:us-east-1:s3"\n' >"$dir/bad"
sha() { printf %s "$1" | sha256sum | cut -d' ' -f1; }
empty=x-amz-content-sha256:$(sha '')
is "S3: the bucket" 200 "$(code -K "$dir/good" -I -H "$empty" "http://$store:6060/backup")"
is "S3: no such bucket" 404 "$(code -K "$dir/good" -I -H "$empty" "http://$store:6060/nosuch")"
is "S3: wrong secret" 403 "$(code -K "$dir/bad" -H "$empty" "http://$store:6060/backup?list-type=2")"
is "S3: unsigned" 403 "$(code "http://$store:6060/backup?list-type=2")"
is "S3: put" 200 "$(code -K "$dir/good" -X PUT -H "x-amz-content-sha256:$(sha hello)" --data-binary hello "http://$store:6060/backup/a.txt")"
is "S3: get" hello "$(get -K "$dir/good" -H "$empty" "http://$store:6060/backup/a.txt")"
has "S3: list" "<Key>a.txt</Key>" "$(get -K "$dir/good" -H "$empty" "http://$store:6060/backup?list-type=2&max-keys=10&prefix=")"

# ---- nonsense ----
has "HTTP: nonsense" "HTTP/1.1 400 Bad Request" "$(raw $pd 2379 'nonsense\r\n\r\n')"
has "HTTP: no Host" "HTTP/1.1 400 Bad Request" "$(raw $pd 2379 'GET / HTTP/1.1\r\n\r\n')"
has "HTTP: endless header" "HTTP/1.1 431 " "$(raw $pd 2379 "GET / HTTP/1.1\r\nA: $(printf '%070000d' 0)\r\n\r\n")"
has "HTTP: too large" "HTTP/1.1 413 " "$(raw $store 6060 'PUT /backup/x HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n')"
has "HTTP: 100-continue" "HTTP/1.1 100 Continue" "$(raw $cdc 8300 'POST /api/v2/changefeeds HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n' '{}')"
has "MySQL: a giant packet" "max_allowed_packet" "$(raw $east 4000 '\xff\xff\xff\x01')"
has "MySQL: a client of old" "Client does not support authentication protocol" "$(raw $east 4000 '\x05\x00\x00\x01\x01\x00\x00\x00\x00')"
has "MySQL: HTTP on its port" "TiDB" "$(raw $east 4000 'GET / HTTP/1.1\r\n\r\n')"

crowd=()
for _ in {1..120}; do
    exec {fd}<>"/dev/tcp/$east2/4000" && crowd+=("$fd")
done
has "one connection too many" "Too many connections" "$(raw $east2 4000 '')"
is "the crowd at one port leaves the others alone" 1 "$(sql $east root '' 'SELECT 1')"
for fd in "${crowd[@]}"; do exec {fd}>&-; done
until_is "and its port is free again" 1 sql $east2 root '' 'SELECT 1'

# ---- looking and hurting ----
has "ctl: faults" kill "$(ctl faults)"
has "ctl: state" '"name": "east"' "$(ctl state)"
has "ctl: a part of it" '"name": "west"' "$(ctl state clusters.west)"
has "ctl: listeners" "$store:6060" "$(ctl listeners)"
has "ctl: unknown" FROBNICATE "$(ctl unknown)"
has "ctl: an unknown fault" "drover-sim ctl: " "$(ctl nosuch)"
is "ctl: hang an instance" 0 "$(ctl hang $east2:4000 >/dev/null; echo $?)"
until_is "who connects to it waits in vain" 1 sh -c "MYSQL_PWD= timeout 5 mariadb --no-defaults --connect-timeout=1 -h $east2 -P 4000 -u root -e 'SELECT 1' 2>&1 | grep -c 'ERROR 2013'"
is "ctl: let it go on" 0 "$(ctl unhang $east2:4000 >/dev/null; echo $?)"
until_is "it answers again" 1 sql $east2 root '' 'SELECT 1'
is "ctl: kill an instance" 0 "$(ctl kill $east2:4000 >/dev/null; echo $?)"
until_is "its port refuses" 1 sh -c "MYSQL_PWD= timeout 5 mariadb --no-defaults -h $east2 -P 4000 -u root -e 'SELECT 1' 2>&1 | grep -c 'ERROR 2002'"
is "the other one goes on" 1 "$(sql $east root '' 'SELECT 1')"
is "ctl: start it again" 0 "$(ctl start $east2:4000 >/dev/null; echo $?)"
until_is "it takes connections again" 1 sql $east2 root '' 'SELECT 1'

# ---- the end ----
timeout 12 cat <&8 >/dev/null
is "a client that does not log in is not waited for" 0 $?
exec 8>&-
kill -TERM "$pid"
wait "$pid"
is "SIGTERM ends it cleanly" 0 $?
pid=
is "its control socket is gone" no "$([ -e "$dir/ctl" ] && echo yes || echo no)"
is "no sanitizer spoke" 0 "$(grep -c -e 'ERROR: ' -e 'runtime error' "$dir/log")"
if [ $failed -gt 0 ]; then
    echo "log of drover-sim:"
    tail -20 "$dir/log"
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
