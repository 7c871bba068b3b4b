#!/bin/bash
# Pairs that ran before drover came, over real sockets: looked at, adopted with the feed
# that runs, and equal already without one. The documents are those of examples/adopt.
# Usage: tests/e2e/adopt.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
. examples/quickstart/env

# as NAME: examples/adopt/NAME.yaml on the network of the estate
as() {
    local to="${net%.*}.$((${net##*.} + 1))"
    doc=$work/topology.yaml
    sed "s/127\.0\.1\./$net./g; s/127\.1\.1\./$to./g" "examples/adopt/$1.yaml" >"$doc"
    export EAST=$east WEST=$west CDC=$to.9:8300 STORE=$to.11:6060
}
feed() { curl -s "$feeds/dr-primary-to-secondary" | jq -cS '{sink_uri, config, start_ts, create_time}'; }
rising() { [ "$(curl -s "$feeds" | jq '.items[0].checkpoint_tso')" -gt "$1" ]; }
is_open() { [ "$(sql "$west" "SELECT @@GLOBAL.tidb_super_read_only")$(sql "$west2" "SELECT @@GLOBAL.tidb_super_read_only")" = 00 ]; }
digest() { drover plan -o json "$doc" | jq -r '.digest[0:12]'; }
add() { app "$east" "INSERT INTO orders (customer_id, item, amount) VALUES (1, '$1', 1)"; }

told "the examples are valid" 0 drover validate examples/adopt

# ---- only looked at ----
sim_up 20
as topology
told "somebody makes a pair" 0 bash examples/adopt/before.sh --feed
start=$said
becomes "the feed runs" 20 rising "$start"
add fig
becomes "and carries rows" 20 sides_agree
made=$(feed)
before=$(quiet_state)
told "plan" 0 drover plan --detailed-exitcode "$doc"
has "it shows what managing would take" "management is Observe; to manage it would take" "$said"
has "the fence among it" "west: refuse business writes" "$said"
lacks "and no blocker" "would be blocked" "$said"
told "status" 3 drover status "$doc"
has "what is missing" "not met       west takes writes" "$said"
lacks "is not the ledger" "ledger" "$(grep "not met" <<<"$said")"
told "apply" 3 drover apply --yes "$doc"
has "says why not" "management: Observe" "$said"
told "run" 0 drover run --dir "$(mkdir -p "$work/dir" && cp "$doc" "$work/dir/" && echo "$work/dir")" --once --state "$work/state"
sql "$west" "SET GLOBAL tidb_super_read_only = ON"
becomes "once somebody fences west it is seen to be protected" 20 is_protected
sql "$west" "SET GLOBAL tidb_super_read_only = OFF"
becomes "and opened again" 20 is_open
is "nothing was written" "$before" "$(quiet_state)"
is "no ledger either" "" "$(sql "$east" "SHOW TABLES IN mysql LIKE 'drover%'")$(sql "$west" "SHOW TABLES IN mysql LIKE 'drover%'")"

# ---- what stands in the way ----
sed -i 's/management: Observe .*/management: Manage/' "$doc"
cp "$doc" "$work/good.yaml"
# refused NAME CODE TEXT
refused() {
    told "$1" 3 drover apply --yes --wait 20s "$doc"
    has "$1: code" "$2" "$said"
    has "$1: fact" "$3" "$said"
    is "$1: nothing was changed" "$before" "$(quiet_state)"
    cp "$work/good.yaml" "$doc"
}
sed -i '/worker-num: 8/d' "$doc"
refused "a setting that is not declared" DR-B075 "mounter.worker-num is 8, not declared"
sed -i 's/user: cdc/user: sink/' "$doc"
refused "another account" DR-B074 "logs in as 'cdc', declared is 'sink'"
DROVER_SINK_SECRET=another refused "another password" DR-B076 "not let in with the declared password"
curl -s -o /dev/null -X POST "$feeds/dr-primary-to-secondary/pause"
becomes "the feed is paused" 20 eval '[ "$(curl -s "$feeds" | jq -r ".items[0].state")" = stopped ]'
told "a paused feed" 3 drover apply --yes "$doc"
has "is somebody's" "DR-B071" "$said"
curl -s -o /dev/null -X POST "$feeds/dr-primary-to-secondary/resume" -d '{}'
becomes "and resumed" 20 eval '[ "$(curl -s "$feeds" | jq -r ".items[0].state")" = normal ]'

# ---- adopted ----
becomes "nothing stands in the way any more" 20 drover plan "$doc"
told "plan" 0 drover plan "$doc"
has "the fence needs a word" "(needs an approval)" "$said"
lacks "no feed is made" "create the changefeed" "$said"
told "apply without a word" 3 drover apply --yes "$doc"
has "stops before the fence" "west: refuse business writes on each instance (tidb_super_read_only): disruptive: needs an approval" "$said"
is "half of nothing is managed" "birth epoch lease term " "$(ledger_keys "$east")"
out=$(sed -n 's/.*way out: if that is meant, drover //p' <<<"$said")
is "which is open" "" "$(sql "$west" "CREATE TABLE shop.free (id INT PRIMARY KEY); DROP TABLE shop.free")"
told "the way out, as printed" 0 eval "drover $out"
becomes "protected" 20 is_protected
is "the feed is as it was" "$made" "$(feed)"
is "generation 0" 0 "$(ledger "$west" edge/east/west | jq .generation)"
is "made" made "$(ledger "$east" edge/east/west | jq -r .state)"
add date
becomes "rows flow behind the fence" 20 sides_agree
has "which takes no writes" "ERROR" "$(app "$west" "INSERT INTO orders (customer_id, item, amount) VALUES (1, 'lost', 9)")"
is "the heartbeat travels" east "$(sql "$west" "SELECT origin FROM drover.heartbeat")"
told "plan again" 0 drover plan --detailed-exitcode "$doc"
has "nothing to do" "no changes" "$said"
state=$(quiet_state)
told "run on an empty state folder" 0 drover run --dir "$(cp "$doc" "$work/dir/" && echo "$work/dir")" --once --state "$work/state2"
is "changes nothing" "$state" "$(quiet_state)"
is "nothing was sent that nobody knows" "[]" "$(ctl unknown)"
sim_down

# ---- equal already ----
sim_up 20
as existing
told "somebody copies" 0 bash examples/adopt/before.sh
sed -i "s/startTs: [0-9]*/startTs: $said/" "$doc"
start=$said
sql "$west" "DELETE FROM shop.orders WHERE id = 2"
told "apply onto data that differs" 3 drover apply --approve "$(digest)" "$doc"
has "is refused" "DR-B078" "$said"
has "and says where" "shop.orders" "$said"
is "no feed" 0 "$(curl -s "$feeds" | jq .total)"
told "another process" 3 drover plan "$doc"
has "is stopped by the same" "DR-B078 west: shop.orders: 3 rows in east at startTs, 2 rows in west" "$said"
sql "$west" "SET GLOBAL tidb_super_read_only = OFF; INSERT INTO shop.orders VALUES (2, 2, 'nanosecond', 3)"
add plum
mkdir -p "$work/copied" && cp "$doc" "$work/copied/"
start run "$build/drover" run --dir "$work/copied" --state "$work/state3" --interval 1s
run=$started
becomes "the controller waits for a word" 30 grep -q "tidb_super_read_only.*needs an approval of plan" "$work/run.log"
told "which a person gives" 0 drover approve --yes "$(digest)" "$doc"
becomes "protected" 60 is_protected
finish "$run" TERM
is "the controller ends well" 0 $?
is "the feed starts where both were equal" "\"$start\"" "$(ledger "$east" edge/east/west | jq .startTs)"
becomes "what was written since is there" 20 sides_agree
is "GC as before" "1 10m0s 1 10m0s " "$(gc_of)"
is "nothing was sent that nobody knows" "[]" "$(ctl unknown)"
sim_down
verdict
