#!/bin/bash
# Ordinary clients against drover-sim. Usage: tests/interop/run.sh [BUILD] [CLIENT..];
# clients: pymysql mariadb libmariadb go jdbc, by default all. One whose toolchain is not
# here is printed as left out. The last line says "N passed, N failed".
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build}
[ $# -gt 0 ] && shift
clients=${*:-pymysql mariadb libmariadb go jdbc}
here=$PWD/tests/interop
work=$(mktemp -d "${TMPDIR:-/tmp}/interop-XXXXXX")
net=127.$((64 + RANDOM % 128)).$((1 + RANDOM % 250)) # so that two runs do not meet
east=$net.4 passed=0 failed=0 left=0 sim=

finish() {
    [ -n "$sim" ] && kill "$sim" 2>/dev/null && wait "$sim" 2>/dev/null
    chmod -R u+w "$work" 2>/dev/null # Go's module cache is read-only
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

cat >"$work/estate.yaml" <<EOF
apiVersion: drover/v1
kind: Estate
metadata: {name: interop}
spec:
  clusters:
  - name: east
    region: region-1
    version: v8.5.0
    sql: [{address: "$east:4000"}]
    pd: ["$net.1:2379"]
    tls: {cert: east.pem, key: east.key}
    accounts:
    - {user: boss, password: "b'oss", grants: [ALL PRIVILEGES ON *.*]}
    - {user: sha, password: sha2secret, plugin: caching_sha2_password, grants: [SELECT ON *.*]}
    script:
    - CREATE DATABASE lab
    - CREATE TABLE lab.nums (id INT PRIMARY KEY, c DECIMAL(10,2))
    - INSERT INTO lab.nums VALUES (1, 10), (2, -9), (3, 2), (4, 100.25), (5, -10.5), (6, 0)
EOF
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=east \
    -addext "subjectAltName=IP:$east" -keyout "$work/east.key" -out "$work/east.pem" 2>/dev/null
mkfifo "$work/ready"
"$build/drover-sim" "$work/estate.yaml" --ready-fd 3 --ctl "$work/ctl" \
    >"$work/out" 2>"$work/log" 3>"$work/ready" &
sim=$!
read -r -t 20 word <"$work/ready" || word=
[ "$word" = ready ] || { cat "$work/log"; echo "0 passed, 1 failed"; exit 1; }

# client NAME COMMAND..: adds its "N passed, N failed"
client() {
    local name=$1 out line p f
    shift
    out=$(timeout 90 "$@" 2>&1)
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' <<<"$out" | tail -1)
    p=${line%% *} f=${line#*, } f=${f%% *}
    [ -n "$line" ] || p=0 f=1
    [ "$f" = 0 ] || printf '%s\n' "$out" | tail -60
    echo "$name: ${p} passed, ${f} failed"
    passed=$((passed + p)) failed=$((failed + f))
}
without() { # NAME WHAT
    echo "$1: no $2 here: left out"
    left=$((left + 1))
}

run_pymysql() {
    local python
    for python in /usr/bin/python3 python3; do
        "$python" -c 'import pymysql' 2>/dev/null || continue
        client pymysql "$python" "$here/pymysql_client.py" "$east" "$work/east.pem"
        return
    done
    without pymysql "Python with PyMySQL"
}

run_mariadb() {
    command -v mariadb >/dev/null || { without mariadb "mariadb client"; return; }
    client mariadb bash "$here/mariadb_client.sh" "$east"
}

run_libmariadb() {
    local flags
    command -v "${CC:-cc}" >/dev/null && flags=$(pkg-config --cflags --libs libmariadb 2>/dev/null) ||
        { without libmariadb "compiler with libmariadb"; return; }
    # shellcheck disable=SC2086
    "${CC:-cc}" -Wall -Wextra -o "$work/libmariadb_client" "$here/libmariadb_client.c" $flags
    client libmariadb "$work/libmariadb_client" "$east"
}

run_go() {
    command -v go >/dev/null || { without go "Go"; return; }
    export GOFLAGS=-mod=readonly GOTOOLCHAIN=local
    (cd "$here/go" && go build -o "$work/go_client" .) >"$work/go.log" 2>&1 ||
        { cat "$work/go.log"; echo "go: 0 passed, 1 failed"; failed=$((failed + 1)); return; }
    client go "$work/go_client" "$east"
}

run_jdbc() {
    command -v mvn >/dev/null && command -v javac >/dev/null || { without jdbc "Java with Maven"; return; }
    (cd "$here/jdbc" && mvn -q -B -DoutputDirectory="$work/jars" \
        org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies) >"$work/mvn.log" 2>&1 &&
        javac -d "$work/classes" "$here/jdbc/Interop.java" >>"$work/mvn.log" 2>&1 ||
        { cat "$work/mvn.log"; echo "jdbc: 0 passed, 1 failed"; failed=$((failed + 1)); return; }
    client jdbc java -cp "$work/classes:$work/jars/*" Interop "$east"
}

for name in $clients; do "run_$name"; done
if ! kill -0 "$sim" 2>/dev/null; then
    echo "drover-sim has ended"
    failed=$((failed + 1))
else
    kill "$sim"
    wait "$sim"
    status=$?
    sim=
    [ "$status" = 0 ] || { echo "drover-sim ended with $status"; tail -30 "$work/log"; failed=$((failed + 1)); }
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
