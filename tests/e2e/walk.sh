#!/bin/bash
# The walk from outside: a document in git becomes a protected pair, and all that may stand
# in its way is said. Real processes, sockets and repository; the estate is drover-sim's.
# Usage: tests/e2e/walk.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
sim_up 20
. examples/quickstart/env
doc=$work/topology.yaml

# ---- usage ----
while IFS= read -r line; do
    told "usage '$line'" 64 drover $line
    has "usage '$line' says where help is" "--help" "$said"
done <<'T'

frobnicate
plan
plan --nosuch x.yaml
plan a b c
apply --wait soon x.yaml
run
run --git /x --dir /y
run --interval
status
plan -o yaml x.yaml
T
told "no such document" 1 drover plan "$work/none.yaml"
told "a document that is none" 1 drover plan "$work/estate.yaml"
has "it says what is missing" "declares 0 topologies" "$said"

# ---- plan looks only ----
before=$(ctl print)
told "plan" 0 drover plan --save-observed "$work/facts.json" "$doc"
plan=$said
has "it has the whole way" "RESTORE DATABASE" "$plan"
told "the saved facts plan again" 0 drover plan --observed "$work/facts.json" "$doc"
has "and say how old they are" "note: planned from facts of" "$said"
is "byte by byte the same" "$plan" "$(grep -v '^note: planned from facts of' <<<"$said")"
told "plan as JSON" 0 drover plan -o json "$doc"
is "which is JSON, of the same digest" "plan $(jq -r '.digest[0:12]' <<<"$said")" "$(grep -o '^plan [0-9a-f]*' <<<"$plan")"
told "plan, detailed" 2 drover plan --detailed-exitcode "$doc"
told "status before" 3 drover status "$doc"
has "it is not protected" "NOT protected" "$said"
told "status as JSON" 3 drover status -o json "$doc"
is "which is JSON" no "$(jq -r '.protection[] | select(.name == "feed").holds' <<<"$said")"
told "apply asks nobody" 1 drover apply "$doc"
has "it says what to give" "--yes" "$said"
told "apply of another plan" 1 drover apply --approve 0123456789ab "$doc"
has "it names the plan" "the plan is $(grep -o '^plan [0-9a-f]*' <<<"$plan" | cut -d' ' -f2)" "$said"
is "none of them changed anything" "$before" "$(ctl print)"
is "nor sent what nobody knows" "[]" "$(ctl unknown)"

# ---- what stands in the way ----
# blocked NAME CODE TEXT: plan and apply refuse with both, and change nothing
blocked() {
    local state
    state=$(ctl print)
    told "$1: plan" 3 drover plan "$doc"
    has "$1: plan says the code or that it waits" "$2" "$said"
    has "$1: plan says what" "$3" "$said"
    told "$1: apply" 3 drover apply --yes --wait 1s "$doc"
    has "$1: apply says what" "$3" "$said"
    is "$1: nothing was changed" "$state" "$(ctl print)"
}
DROVER_EAST_PASSWORD=wrong blocked "wrong password" "waits for" "Access denied for user 'drover'"
for p in "${east_pd[@]}"; do ctl kill "$p" >/dev/null; done
blocked "no PD answers" "waits for" "east: "
told "apply waits for it" 3 drover apply --yes --wait 8s "$doc"
has "says how long already" "given up after 8s)" "$said"
is "again and again" yes "$([ "$(grep -c '^wait ' <<<"$said")" -ge 2 ] && echo yes)"
for p in "${east_pd[@]}"; do ctl start "$p" >/dev/null; done
becomes "PD is back" 30 eval '[ "$(ctl state clusters.east | jq .pd.ok)" = true ]'
sql "$west" "CREATE DATABASE old; CREATE TABLE old.t (id INT PRIMARY KEY)"
blocked "secondary not empty" DR-B "old"
sql "$west" "DROP DATABASE old"
sql "$west" "REVOKE RESTRICTED_REPLICA_WRITER_ADMIN ON *.* FROM drover"
blocked "missing privilege" DR-B "GRANT RESTRICTED_REPLICA_WRITER_ADMIN ON *.* TO 'drover'@'%'"
sql "$west" "$(grep -o "GRANT RESTRICTED_REPLICA_WRITER_ADMIN ON [^;]*" <<<"$said" | head -1)"
sql "$east" "CREATE TABLE shop.keyless (a INT)"
blocked "table without a key" DR-B "shop.keyless"
sql "$east" "DROP TABLE shop.keyless"
told "and without all that" 0 drover plan "$doc"
is "the same plan as in the beginning" "$(grep '^plan' <<<"$plan")" "$(grep '^plan' <<<"$said")"

# ---- from git to protected ----
repo=$work/repo
git init -q -b main "$repo"
cp "$doc" "$repo/shop.yaml"
commit "$repo" "shop: east is primary"
gc=$(gc_of)
start run "$build/drover" run --git "$repo" --state "$work/state" --interval 1s --lease 10s
run=$started
becomes "run brings the pair to protected" 60 is_protected
becomes "and clears what it noted" 20 grep -q "clear the restoring row" "$work/run.log"
is "GC as before" "$gc" "$(gc_of)"
is "the feed starts where the backup ended" 1 "$(curl -s "$feeds" | jq .total)"
is "rows of the primary are there" "" "$(app "$east" "INSERT INTO orders (customer_id, item, amount) VALUES (1, 'fig', 9)")"
becomes "and on the secondary" 20 sides_agree
has "which takes no writes" "ERROR" "$(app "$west" "INSERT INTO orders (customer_id, item, amount) VALUES (1, 'lost', 9)")"
told "status" 0 drover status "$doc"
has "protected" "shop: protected" "$said"
has "who holds it, and until when" "west: epoch 1, term 1, $(hostname):$run:" "$said"
lacks "and it beats" "no beat is written" "$said"
told "status as JSON" 0 drover status -o json "$doc"
is "with numbers" number "$(jq -r '.lagMs | type' <<<"$said")"
is "and how long history is kept" number "$(jq -r '.historyLeftMs | type' <<<"$said")"
is "and the holder" "$(hostname):$run" "$(jq -r .holder <<<"$said" | cut -d: -f1,2)"
is "of each cluster" "east $(hostname):$run 1 true west $(hostname):$run 1 true" "$(jq -r '.holds[] | "\(.cluster) \(.holder | split(":")[:2] | join(":")) \(.term) \(.held)"' <<<"$said" | paste -sd' ')"
timeout --foreground 60 "$build/drover" status --watch --interval 300ms -o json "$doc" 2>/dev/null | head -2 >"$work/watched"
is "status --watch as JSON: a document a line" '"yes" "yes"' "$(jq -c .protected "$work/watched" | xargs printf '"%s" "%s"')"
timeout --foreground 4 "$build/drover" status --watch --interval 300ms "$doc" >"$work/watched"
is "status --watch into a file: a line between two pictures" "$(grep -c '^shop: ' "$work/watched")" "$(grep -cE '^-- [0-9-]+ [0-9:.]+$' "$work/watched")"
# Unknown is neither absent nor down: nothing is said to be missing that may be there.
DROVER_WEST_PASSWORD=wrong told "status, the secondary not to be read" 3 drover status "$doc"
has "is not known" "NOT KNOWN to be protected" "$said"
lacks "and does not call the feed missing" "no changefeed" "$said"
DROVER_WEST_PASSWORD=wrong told "plan, the secondary not to be read" 3 drover plan "$doc"
is "is sure of no step" "" "$(grep -E '^ *[0-9]+\. ' <<<"$said" | grep -v '(perhaps)')"
begun=$SECONDS
DROVER_WEST_PASSWORD=wrong told "apply, too" 3 drover apply --yes --state "$work/other" "$doc"
has "names it at once" "Access denied" "$(head -1 <<<"$said")"
has "which no waiting mends" "no waiting helps here" "$said"
is "and does not wait" yes "$([ $((SECONDS - begun)) -lt 10 ] && echo yes)"
told "plan: nothing to do" 0 drover plan --detailed-exitcode "$doc"

# ---- one at a time ----
told "a second run on the same state folder" 1 drover run --git "$repo" --state "$work/state" --once
has "names who holds it" "process $run on $(hostname)" "$said"
told "apply, too" 1 drover apply --yes --state "$work/state" "$doc"
has "names the holder" "process $run on" "$said"

# ---- commits ----
good=$(git -C "$repo" rev-parse HEAD)
sed -i 's/  primary: east /  primray: east /' "$repo/shop.yaml"
line=$(grep -n primray "$repo/shop.yaml" | cut -d: -f1)
commit "$repo" "a typo"
bad=$(git -C "$repo" rev-parse HEAD)
becomes "a bad commit is reported" 15 grep -q "shop.yaml:$line:3: DR-V" "$work/run.log"
said=$(cat "$work/run.log")
has "with its revision" "revision ${bad:0:16} is not valid and is not followed; still following ${good:0:16}" "$said"
has "and what was meant" "primary" "$(grep -A4 "shop.yaml:$line:3" <<<"$said")"
told "status looks at the last good one" 0 drover status --git "$repo"
has "and says so" "${good:0:12}, the last good one: ${bad:0:12} is not valid, 1 commit later" "$said"
has "with what is wrong" "shop.yaml:$line:3: DR-V" "$said"
told "so does ready" 0 drover ready -b --git "$repo"
is "for programs" "$good $bad" "$(drover status -o json --git "$repo" 2>/dev/null | jq -r '"\(.revision) \(.badTip)"')"
for command in plan "apply --yes --state $work/none" "agree --yes" "approve --yes 3f9a12bc04de"; do
    told "$command takes none but the newest" 1 drover $command --git "$repo"
    has "$command: says why" "nothing is decided on an older one here" "$said"
done
beat=$(sql "$east" "SELECT tso FROM drover.heartbeat")
sleep 3
is "once" 1 "$(grep -c "is not valid and is not followed" "$work/run.log")"
is "the last good one is kept up meanwhile" yes "$([ "$(sql "$east" "SELECT tso FROM drover.heartbeat")" -gt "$beat" ] && echo yes)"
is "and it is still protected" 0 "$(is_protected; echo $?)"
cp "$doc" "$repo/shop.yaml"
sed -i 's/rpo: 30s/rpo: 40s/' "$repo/shop.yaml"
commit "$repo" "rpo 40s"
good=$(git -C "$repo" rev-parse HEAD)
becomes "a good commit is followed again" 15 grep -q "following revision ${good:0:16}: rpo 40s" "$work/run.log"
becomes "and agreed on" 15 grep -q "done .*west: agree on this revision" "$work/run.log"

# ---- the end of run ----
finish "$run" TERM
is "SIGTERM ends it with 0" 0 $?
lease_until() { ledger "$1" lease | jq -r .until; }
is "the lease is given back" "0 0" "$(lease_until "$east") $(lease_until "$west")"
is "with the checkpoint last seen" 1 "$(ledger "$west" lease | jq 'select(.checkpoint | tonumber > 0).generation')"
state=$(quiet_state)
told "run --once where nothing is to do" 0 drover run --git "$repo" --once --state "$work/state"
lacks "it makes no step" "done  " "$said"
told "status without a controller" 0 drover status --git "$repo"
has "says why the heartbeat grows old" ": no beat is written now; the latest is of " "$said"
has "and who was the last" "term 1, lease free, last $(hostname):" "$said"
is "it changes nothing but lease and heartbeat" "$state" "$(quiet_state)"
told "the same on an empty state folder" 0 drover run --git "$repo" --once --state "$work/state2"
is "nothing again" "$state" "$(quiet_state)"
told "run --dir" 0 drover run --dir "$repo" --once --state "$work/state2"

# ---- the document leaves ----
start run "$build/drover" run --git "$repo" --state "$work/state" --interval 1s
run=$started
becomes "run takes over again" 15 grep -q "took over with epoch" "$work/run.log"
git -C "$repo" rm -q shop.yaml
git -C "$repo" commit -q -m "shop is no longer ours"
becomes "a removed document is noticed" 15 grep -q "topology 'shop' left the source: its care ends" "$work/run.log"
becomes "and the lease given back" 15 eval '[ "$(lease_until "$east")" = 0 ]'
is "GC as before" "$gc" "$(gc_of)"
is "the feed runs on" normal "$(curl -s "$feeds" | jq -r '.items[0].state')"
is "nothing was destroyed" "" "$(app "$east" "INSERT INTO orders (customer_id, item, amount) VALUES (2, 'date', 5)")"
becomes "rows still flow" 20 sides_agree
is "run waits for what comes" 0 "$(kill -0 "$run"; echo $?)"
cp "$doc" "$repo/shop.yaml"
commit "$repo" "shop is ours again"
becomes "a document that comes back is cared for" 15 eval '[ "$(lease_until "$east")" != 0 ]'
finish "$run" INT
is "SIGINT ends it as well" 0 $?
is "nothing was sent that nobody knows" "[]" "$(ctl unknown)"
sim_down

# ---- apply beside a living run ----
sim_up 4
sed -i "s/^/&/" "$doc"
git init -q -b main "$work/repo2"
cp "$doc" "$work/repo2/"
commit "$work/repo2" "shop"
start run "$build/drover" run --git "$work/repo2" --state "$work/state3" --interval 1s --lease 10s
run=$started
becomes "run is at the backup" 20 grep -q "start .*BACKUP" "$work/run.log"
told "apply waits, then gives up" 3 drover apply --yes --wait 1s "$doc"
has "it names the holder" "controller $(hostname):$run:" "$said"
has "and for how long its lease stands" "holds the lease for another" "$said"
has "and how to go on" "--take takes over" "$said"
start apply "$build/drover" apply --yes --take "$doc"
apply=$started
becomes "apply --take takes over" 20 grep -q "took over with epoch 2" "$work/apply.log"
becomes "the old one yields" 20 grep -q "standby controller $(hostname):$apply:.* holds the lease" "$work/run.log"
finish_in=60
until_true $finish_in eval "! kill -0 $apply" || no "apply ends" "within $finish_in s" "$(tail -5 "$work/apply.log")"
finish "$apply"
is "apply brings the pair to protected" 0 $?
becomes "protected" 20 is_protected
becomes "run goes on with what is left: nothing" 20 grep -q "took over with epoch 3" "$work/run.log"
is "exactly one feed" 1 "$(curl -s "$feeds" | jq .total)"
is "both sides hold the same" "$(rows_of "$east")" "$(rows_of "$west")"
finish "$run" TERM
is "run ends well" 0 $?

# ---- settings of the feed: a change by hand is asked about, an edit is a step ----
feed=$feeds/$(curl -s "$feeds" | jq -r '.items[0].id')
setting() { curl -s "$feed" | jq -c ".config.$1"; }
# (in this order: a stop within minutes of an update of drover's own is taken for its late pause)
curl -s -X POST "$feed/pause" >/dev/null
becomes "somebody pauses it" 10 eval '[ "$(curl -s "$feed" | jq -r .state)" = stopped ]'
curl -s "$feed" | jq -c '{replica_config: (.config | .force_replicate = true | .check_gc_safe_point = false)}' |
    curl -s -X PUT -d @- "$feed" >/dev/null
told "that is asked about" 3 drover status --git "$work/repo2" shop
has "with the time left" "is stopped, and not by drover: its history is kept for another 23h" "$said"
told "nobody resumes it" 3 drover run --git "$work/repo2" --once --state "$work/state3"
is "it rests" stopped "$(curl -s "$feed" | jq -r .state)"
sed -i 's/^  bootstrap:/  policy: {drift: {changefeedPaused: correct, changefeedConfig: correct}}\n&/' "$work/repo2/topology.yaml"
commit "$work/repo2" "shop: drover puts the feed right"
told "the word is obeyed" 0 drover run --git "$work/repo2" --once --state "$work/state3"
is "the setting is back" false "$(setting force_replicate)"
is "the other ones, too" true "$(setting check_gc_safe_point)"
is "it runs again" normal "$(curl -s "$feed" | jq -r .state)"
sed -i '/policy: {drift: {changefeedPaused/d' "$work/repo2/topology.yaml"
commit "$work/repo2" "shop: as before"
sed -i 's/syncPoint: {interval: 10m}/syncPoint: {interval: 12m}/' "$work/repo2/topology.yaml"
commit "$work/repo2" "shop: fewer syncpoints"
told "plan shows the edit" 0 drover plan --git "$work/repo2" shop
has "in its own words" "replication.syncPoint.interval: declared 12m, live 10m" "$said"
told "the edit is carried out" 0 drover run --git "$work/repo2" --once --state "$work/state3"
is "the feed has it" 720000000000 "$(setting sync_point_interval)"
is "and runs" normal "$(curl -s "$feed" | jq -r .state)"
becomes "both sides hold the same again" 20 eval '[ "$(rows_of "$east")" = "$(rows_of "$west")" ]'

# ---- a fence that somebody lifted: asked about, and the answer is obeyed ----
sql "$west" "SET GLOBAL tidb_super_read_only = OFF"
told "plan asks" 3 drover plan --detailed-exitcode "$doc"
has "it says where" "west: the fence is lifted on $west:4000" "$said"
has "and the statement" "SET GLOBAL tidb_super_read_only = ON" "$said"
has "and how to answer" "policy.drift.fence: correct" "$said"
told "status asks, too" 3 drover status "$doc"
has "it says how to answer" "policy.drift.fence: correct" "$said"
told "apply has no word" 3 drover apply --yes "$doc"
is "the fence is left" 0 "$(sql "$west" "SELECT @@GLOBAL.tidb_super_read_only")"
told "nor has run" 3 drover run --git "$work/repo2" --once --state "$work/state3"
has "which says how to answer" "policy.drift.fence: correct" "$said"
sed -i 's/^  bootstrap:/  policy: {drift: {fence: correct}}\n&/' "$work/repo2/topology.yaml"
commit "$work/repo2" "shop: drover fences it again"
told "the word is obeyed" 3 drover run --git "$work/repo2" --once --state "$work/state3"
is "the fence stands again" 1 "$(sql "$west" "SELECT @@GLOBAL.tidb_super_read_only")"
has "and what was written meanwhile is not forgotten" "the fence was seen open from 20" "$said"
sleep 1
sed -i "s/^  replication:\$/&\n    compared: $(date -u +%FT%TZ)/" "$work/repo2/topology.yaml"
commit "$work/repo2" "shop: both sides were compared"
told "until a person has compared" 0 drover run --git "$work/repo2" --once --state "$work/state3"
sed -i 's/fence: correct/fence: warn/' "$work/repo2/topology.yaml"
commit "$work/repo2" "shop: an open fence is left so"
sql "$west" "SET GLOBAL tidb_super_read_only = OFF"
told "left so on request: nothing to do" 0 drover run --git "$work/repo2" --once --state "$work/state3"
is "and it is" 0 "$(sql "$west" "SELECT @@GLOBAL.tidb_super_read_only")"
sim_down
verdict
