#!/bin/bash
# Ledgers that are lost, of one side and of both: what drover says, and that its way out,
# followed to the letter, ends protected without a row lost or copied again.
# A copy that is cut off and given up by bootstrap.giveUp leaves nothing held.
# Usage: tests/e2e/ledgers.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
. examples/quickstart/env
add() { app "$east" "INSERT INTO orders (customer_id, item, amount) VALUES (1, '$1', 1)"; }
feed() { curl -s "$feeds/shop-east-to-west-g1" | jq -cS '{sink_uri, config, start_ts, create_time}'; }
drop="DROP TABLE mysql.drover_ledger"
# by drover's own account, which the fence lets through
lose_west() { MYSQL_PWD=$DROVER_WEST_PASSWORD sql "$west" "$drop" -u drover; }

sim_up 40
doc=$work/topology.yaml
told "apply" 0 drover apply --yes "$doc"
becomes "protected" 30 is_protected
made=$(feed)

# ---- both ledgers ----
sql "$east" "$drop"
lose_west
add fig
becomes "rows flow on without them" 20 sides_agree
before=$(quiet_state)
for command in plan "apply --yes --wait 2s" "run --dir $work/dir --once --state $work/state" status; do
    mkdir -p "$work/dir" && cp "$doc" "$work/dir/"
    case $command in run*) told "$command" 3 drover $command ;; *) told "$command" 3 drover $command "$doc" ;; esac
    [ "$command" = status ] || has "$command: one code" "DR-B027" "$said"
    lacks "$command: no advice to drop data" "DR-B041" "$said"
    lacks "$command: nor to begin anew" "DR-B045" "$said"
done
is "nothing was changed" "$before" "$(quiet_state)"
told "plan" 3 drover plan "$doc"
has "what was seen" "changefeed 'shop-east-to-west-g1' runs out of east" "$said"
has "the fence, too" "west refuses writes on each instance" "$said"
line=$(sed -n 's/.*below spec.replication: \(edges: .*\]\).*/\1/p' <<<"$said")
sed -i "s/^  replication:$/&\n    $line/" "$doc"
has "the line is in the document" "id: shop-east-to-west-g1" "$(cat "$doc")"
told "the pair is taken back" 0 drover apply --yes "$doc"
lacks "without a copy" "BACKUP" "$said"
becomes "protected" 30 is_protected
is "the feed is as it was" "$made" "$(feed)"
is "of its own generation" '[1,"shop/east-to-west/g1",true]' "$(ledger "$east" edge/east/west | jq -c '[.generation, .redo, .adopted]')"
is "known at both ends" "$(ledger "$east" edge/east/west)" "$(ledger "$west" edge/east/west)"
add date
becomes "no row is lost" 20 sides_agree
has "west takes no writes" "ERROR" "$(app "$west" "INSERT INTO orders (customer_id, item, amount) VALUES (1, 'lost', 9)")"
told "plan again" 0 drover plan --detailed-exitcode "$doc"
sed -i "/^    edges: /d" "$doc"
told "the word may go again" 0 drover apply --yes "$doc"
becomes "still protected" 30 is_protected
told "nothing to do" 0 drover plan --detailed-exitcode "$doc"

# ---- one ledger ----
lose_west
told "ready" 3 drover ready -b "$doc"
has "one code" "DR-B022" "$said"
lacks "not the other one" "DR-B024" "$said"
lacks "nor a lock for the account of the feed that runs" "ACCOUNT LOCK" "$said"
line=$(sed -n 's/.*below spec: \(ledger: .*}}\)$/\1/p' <<<"$said")
printf '  %s\n' "${line/cluster: west/cluster: east}" >>"$doc"
told "a word for the other cluster" 3 drover plan "$doc"
has "does not apply" "it names cluster east, and lost is the ledger of west" "$said"
sed -i '$d' "$doc"
printf '  %s\n' "$line" >>"$doc"
told "the printed word" 0 drover apply --yes "$doc"
becomes "protected again" 30 is_protected
is "the feed is as it was" "$made" "$(feed)"
told "nothing to do" 0 drover plan --detailed-exitcode "$doc"
is "nothing was sent that nobody knows" "[]" "$(ctl unknown)"
sim_down

# ---- a copy that is given up ----
sim_up 5
doc=$work/topology.yaml
begun() { [ "$(ledger "$east" backup | jq .generation)" = 1 ]; }
start apply "$build/drover" apply --yes "$doc"
cut=$started
becomes "the backup runs" 40 begun
finish "$cut" KILL
is "GC is held" "0 10m0s 0 10m0s " "$(gc_of)"
sed -i 's/bootstrap: {method: BackupRestore}/bootstrap: {method: BackupRestore, giveUp: 2}/' "$doc"
told "another generation's number" 3 drover plan "$doc"
has "is refused" "DR-B057 east: giveUp names generation 2, the highest that was begun is 1" "$said"
sed -i 's/giveUp: 2/giveUp: 1/' "$doc"
told "plan" 0 drover plan "$doc"
has "GC is given back" "east: set GC back to what it was" "$said"
has "and all is said at once" "west: note that the generation is given up" "$said"
told "given up" 3 drover apply --yes --take "$doc"
has "the next generation is another plan" "not in the approved plan: east: note generation 2 of the edge" "$said"
is "GC as before" "1 10m0s 1 10m0s " "$(gc_of)"
is "the generation is over" retired "$(ledger "$east" edge/east/west | jq -r .state)"
told "the next one begins" 0 drover apply --yes --take "$doc"
becomes "protected" 30 is_protected
is "as generation 2" '[2,"made"]' "$(ledger "$west" edge/east/west | jq -c '[.generation, .state]')"
is "GC as before" "1 10m0s 1 10m0s " "$(gc_of)"
is "nothing was sent that nobody knows" "[]" "$(ctl unknown)"
sim_down
verdict
