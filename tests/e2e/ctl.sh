#!/bin/bash
# `drover-sim ctl` from outside: a workload whose acknowledged rows are counted, faults and
# partitions, the check that compares clusters row by row, the audit of what changed.
# Usage: tests/e2e/ctl.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"

sink=cdc
unlock_sink() { sed -i "s/password: unused/password: $sink/; s/locked: true/locked: false/" "$work/estate.yaml"; }
EDIT=unlock_sink
sim_up 20
post() { curl -s -m 10 -o /dev/null -w '%{http_code}' -X POST "$@"; }
count() { ctl workload show -o json | jq ".[0].$1"; }
above() { [ "$(count "$1")" -gt "$2" ]; }
holds() { ctl "$@" >/dev/null; } # the exit status alone

# ---- the words ----
has "help has examples" "drover-sim ctl check --within 10" "$(ctl --help)"
has "faults names the parties" "pid:N" "$(ctl faults)"
has "and says that none is in force" "In force: none" "$(ctl faults)"
has "an unknown party is refused" "nothing that could be cut off" "$(ctl partition from=east to=nowhere)"
holds check; is "nothing to compare is not good" 1 $?

# ---- both sides alike, a feed, a workload ----
mark0=$(ctl audit mark)
sql "$west" "CREATE DATABASE shop;
CREATE TABLE shop.customers (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL);
CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer_id BIGINT NOT NULL, item VARCHAR(64) NOT NULL, amount INT NOT NULL);
INSERT INTO shop.customers (name) VALUES ('Ada'), ('Grace'), ('Edsger');
INSERT INTO shop.orders (customer_id, item, amount) VALUES (1, 'compiler', 1), (2, 'nanosecond', 3), (3, 'semaphore', 2)"
is "a feed" 200 "$(post "$feeds" -d "{\"changefeed_id\":\"forth\",\"sink_uri\":\"mysql://cdc:$sink@$west:4000/\"}")"
has "a workload" "running, 100/s by 3 threads on east as app" "$(ctl workload start --cluster east --rate 100 --threads 3)"
becomes "is acknowledged" 10 above acknowledged 50
holds check --within 10; is "both sides are equal while it runs" 0 $?
has "said for people" "east -> west by forth: equal at" "$(ctl check)"
is "and as data" true "$(ctl check -o json | jq .ok)"

# ---- partitions ----
ctl partition from=ticdc:east to=sql:west >/dev/null
has "in force" "partition from=ticdc:east to=sql:west" "$(ctl faults)"
is "in the state too" partition "$(ctl state faults | jq -r '.[0].fault')"
lag() { [ "$(curl -s "$feeds/forth" | jq -r .state)" = pending ]; }
becomes "the feed retries" 10 lag
n=$(count acknowledged)
becomes "the workload goes on" 10 above acknowledged $((n + 20))
holds check; is "what the downstream has is still a point of the upstream" 0 $?
ctl heal from=sql:west to=ticdc:east >/dev/null
becomes "and after the partition all travels" 20 bash -c "[ \"\$(curl -s $feeds/forth | jq -r .state)\" = normal ]"
sleep 60 & sleeper=$!
ctl client name=me is=pid:$sleeper >/dev/null
ctl partition from=me to=west >/dev/null
is "a partition of one process leaves others alone" 1 "$(sql "$west" 'SELECT 1')"
kill $sleeper
ctl heal >/dev/null
ctl partition from=127.0.0.1 to=sql:west >/dev/null
has "one of a source address does not" "ERROR 2013" "$(mariadb --no-defaults --skip-ssl --connect-timeout=1 -h "$west" -P 4000 -u root -e 'SELECT 1' 2>&1)"
is "the other side is seen" 1 "$(sql "$east" 'SELECT 1')"
ctl clear >/dev/null
is "clear ends it" 1 "$(sql "$west" 'SELECT 1')"
ctl partition from=$east:4000 to=pd:east >/dev/null
has "an instance without PD has no timestamps" "ERROR 9001" "$(sql "$east" 'SELECT * FROM shop.orders')"
is "another one has" 3 "$(sql "$east2" 'SELECT COUNT(*) FROM shop.orders')"
ctl clear >/dev/null

# ---- lost replies: unknown outcomes, nothing acknowledged is lost ----
ctl drop-after kind=commit at=$east:4000 count=2 >/dev/null
ctl drop-after kind=commit at=$east2:4000 count=2 >/dev/null
becomes "three commits without an answer" 10 above unknown 2
ctl lose kind=commit at=$east:4000 count=1 >/dev/null
has "armed, and shown" "lose" "$(ctl faults)"
becomes "then struck" 10 bash -c "! '$build/drover-sim' ctl --socket '$work/ctl' faults | sed '/What can/,\$d' | grep -q lose"
got=$(ctl check --within 10)
is "every acknowledged row is there" "0 " "$? $(grep -v '^  up\|equal at\|0 rows not\|good' <<<"$got")"

# ---- fences ----
sql "$east" 'SET GLOBAL tidb_super_read_only = ON' >/dev/null
sql "$east2" 'SET GLOBAL tidb_super_read_only = ON' >/dev/null
becomes "a fence refuses" 10 above refused 0
n=$(count acknowledged)
sleep 0.4
is "and nothing is acknowledged under it" "$n" "$(count acknowledged)"
has "only west is open" "on west" "$(ctl check --within 10)"
sql "$east" 'SET GLOBAL tidb_super_read_only = OFF' >/dev/null
becomes "it is lifted" 10 above acknowledged "$n"

# ---- the check finds what is wrong ----
ctl workload stop >/dev/null
holds check --within 10; is "all quiet and equal" 0 $?
ctl sql cluster=west text="UPDATE shop.orders SET amount = 99 WHERE id = 2" >/dev/null
ctl sql cluster=west text="DELETE FROM shop.customers WHERE id = 1" >/dev/null
got=$(ctl check)
is "a difference is exit 1" 1 $?
has "with its key" "shop.orders id=2: differs" "$got"
has "and a row that is missing" "shop.customers id=1: missing downstream" "$got"
ctl sql cluster=west text="UPDATE shop.orders SET amount = 3 WHERE id = 2" >/dev/null
ctl sql cluster=west text="INSERT INTO shop.customers (id, name) VALUES (1, 'Ada')" >/dev/null
ctl sql cluster=east text="UPDATE shop.load_0 SET seq = 77 ORDER BY id DESC LIMIT 1" >/dev/null
has "a lost write is found on the open cluster" "holds another change than the acknowledged one" "$(ctl check open=east)"

# ---- a region is lost and back ----
ctl region-lost region-1 >/dev/null
becomes "its ports refuse" 5 bash -c "! mariadb --no-defaults --connect-timeout=1 -h $east -P 4000 -u root -e 'SELECT 1'"
ctl region-back region-1 >/dev/null
becomes "and answer again" 20 bash -c "mariadb --no-defaults --skip-ssl --connect-timeout=1 -h $east -P 4000 -u root -e 'SELECT 1'"
tso=$(ctl state clock.clusters.0.tso | tr -d '"')
ctl step ms=-3600000 >/dev/null
becomes "writing goes on" 10 bash -c "mariadb --no-defaults --skip-ssl -h $east -P 4000 -u root -e \"INSERT INTO shop.customers (name) VALUES ('Barbara')\""
later=$(ctl state clock.clusters.0.tso | tr -d '"')
is "clocks go back, TSOs do not" yes "$([ "$later" -gt "$tso" ] && echo yes)"
has "and rows travel on" Barbara "$(for i in {1..40}; do sql "$west" "SELECT name FROM shop.customers WHERE name = 'Barbara'" | grep . && break; sleep 0.2; done)"
ctl clear >/dev/null

# ---- the audit ----
got=$(ctl audit since="$mark0")
has "it has the statement" "CREATE TABLE shop.customers" "$got"
has "its user and outcome" "root@127.0.0.1" "$got"
has "the request, its password masked" "mysql://cdc:xxxxx@$west:4000/" "$got"
lacks "nowhere in the clear" "cdc:$sink@" "$got"
has "the fence" "[ok, 0 rows] SET GLOBAL tidb_super_read_only = ON" "$got"
lacks "questions are not in it" "SELECT" "$got"
mark=$(ctl audit mark)
sql "$east" "CREATE USER audited IDENTIFIED BY 'top-secret'; SET GLOBAL nosuch = 1" >/dev/null
has "secrets are masked" "IDENTIFIED BY 'xxxxx'" "$(ctl audit --since "$mark")"
lacks "in every field" top-secret "$(ctl audit --since 0 --origin all -o json)"
has "a refused one says so" "[error 1193] SET GLOBAL nosuch = 1" "$(ctl audit --since "$mark" --user root)"
holds audit --since "$mark" --none; is "something was changed" 1 $?
mark=$(ctl audit mark)
sql "$east" "SELECT 1; SET SESSION tidb_snapshot = ''" >/dev/null
holds audit --since "$mark" --none; is "nothing was changed" 0 $?
has "a feed's writes are told apart" ticdc "$(ctl audit --since 0 --origin ticdc)"
becomes "and its login is its account's" 5 bash -c "'$build/drover-sim' ctl --socket '$work/ctl' audit --since 0 --origin ticdc | grep -q cdc@"

sim_down

# ---- drover on TiCDC's new architecture, seen through the audit ----
new_architecture() {
    sed -i "s/version: v8.5.3/version: v8.5.6/; s/ticdc: {captures/ticdc: {arch: New, captures/" "$work/estate.yaml"
    sed -i "s/v8.5.3/v8.5.6/" "$work/topology.yaml"
}
EDIT=new_architecture
sim_up 20
. examples/quickstart/env
doc=$work/topology.yaml
has "it is the new one" '"newarch":true' "$(curl -s "${feeds%/api/*}/config")"
told "drover makes the pair" 0 drover apply --yes --wait 60s "$doc"
told "which is protected" 0 drover status "$doc"
is "nothing was sent that it does not know" "[]" "$(ctl unknown)"
sql "$east" "EXPLAIN SELECT * FROM shop.orders" >/dev/null
has "what it does not play is listed" "EXPLAIN SELECT" "$(ctl unknown)"
sql "$east" "SELECT STR_TO_DATE('2026', '%Y')" >/dev/null
has "functions, too" "STR_TO_DATE" "$(ctl unknown)"
sql "$east" "SELECT * FROM information_schema.deadlocks" >/dev/null
has "and tables of the server" "information_schema.deadlocks" "$(ctl unknown)"
ctl workload start --cluster east --rate 50 >/dev/null
becomes "clients write" 10 above acknowledged 30
holds check --within 10; is "and the pair holds what they were told" 0 $?
mkdir -p "$work/dir" && cp "$doc" "$work/dir/"
start run "$build/drover" run --dir "$work/dir" --state "$work/run" --interval 500ms
controller=$started
begun=$(ctl audit mark)
beats() { [ "$(ctl audit --since "$begun" --user drover -o json | jq '[.entries[] | select(.routine)] | length')" -gt 6 ]; }
becomes "a controller beats" 20 beats
mark=$(ctl audit mark)
sleep 2
got=$(ctl audit --since "$mark" --user drover --no-routine --none)
is "and writes nothing but heartbeat and lease" "0" "$?$got"
holds audit --since "$mark" --user drover --none; is "those it writes" 1 $?

# The same controller sees one side only: it is cut off by its process id.
ctl client name=controller is=pid:$controller >/dev/null
ctl partition from=controller to=west >/dev/null
becomes "it says that west is not seen" 20 bash -c "grep -q 'west' '$work/run.log' '$work/run.out'"
is "others see west" 1 "$(sql "$west" 'SELECT 1')"
mark=$(ctl audit mark)
sleep 1
holds audit --since "$mark" --server west --user drover --none
is "nothing of it arrives there" 0 $?
ctl clear >/dev/null
arrives() { ! holds audit --since "$mark" --server west --user drover --none; }
becomes "and after it, again" 20 arrives
finish "$controller" TERM
ctl workload stop >/dev/null
holds check --within 10; is "nothing acknowledged was lost" 0 $?

sim_down
verdict
