#!/bin/bash
# drover import: a pair that somebody made becomes a document whose plan is empty, and with
# Manage is taken over as it is. Settings of its feed that differ from the defaults included.
# Usage: tests/e2e/import.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
. examples/quickstart/env
sim_up 40
to="${net%.*}.$((${net##*.} + 1))"
export EAST=$east WEST=$west CDC=$to.9:8300 STORE=$to.11:6060
doc=$work/topology.yaml
east_is="east=sql:$east:4000,pd:http://$net.1:2379,ticdc:http://$to.9:8300"
west_is="west=sql:$west2:4000,pd:http://$to.2:2379"
import() { drover import --name shop "$@" >"$doc" 2>"$work/import.log"; local s=$?; [ "$s" = 0 ] || tail -4 "$work/import.log"; return $s; }
settings() { jq -S '{sink_uri: (.sink_uri | sub(":[^:@]*@"; ":@")), config}' <<<"$1"; }
feed() { settings "$(curl -s "$feeds/dr-primary-to-secondary")"; }

# ---- no feed yet ----
told "one cluster" 64 drover import --name shop "$east_is"
told "no name" 64 drover import "$east_is" "$west_is"
told "an endpoint of no kind" 64 drover import --name shop east=10.0.0.1:4000 "$west_is"
has "says what there is" "sql:HOST:PORT" "$said"
told "nobody there" 1 drover import --name shop "east=sql:$net.250:4000,pd:http://$net.250:2379,ticdc:http://$net.250:8300" "$west_is"
has "says who" "east" "$said"
before=$(quiet_state)
import "$east_is" "$west_is"
is "two clusters without a feed" 0 $?
has "the primary is a guess" "a guess" "$(grep '  primary:' "$doc")"
has "one capture lists the others" "$to.10:8300" "$(cat "$doc")"
has "cluster_info lists those of the other side" "http://$net.11:8300" "$(cat "$doc")"

# ---- the pair of the example ----
told "somebody makes a pair" 0 bash examples/adopt/before.sh --feed
settled() { ctl state clusters.east | jq -e '.cdc.feeds[0].state == "normal"'; }
becomes "its feed runs" 20 settled
before=$(quiet_state)
made=$(feed)
import "$west_is" "$east_is"
is "import, whatever the order" 0 $?
has "found the primary by its feed" "primary: east" "$(cat "$doc")"
has "the feed" "{from: east, to: west, id: dr-primary-to-secondary}" "$(cat "$doc")"
has "every instance" "$east2:4000" "$(cat "$doc")"
has "every PD" "http://$net.3:2379" "$(cat "$doc")"
has "the redo logs" "s3://redo" "$(cat "$doc")"
has "a setting" "worker-num: 8" "$(cat "$doc")"
lacks "no secret" "$DROVER_SINK_SECRET" "$(cat "$doc" "$work/import.log")"
lacks "nor of the storage" "$DROVER_STORAGE_SECRET_KEY" "$(cat "$doc" "$work/import.log")"
lacks "nothing unsaid" "not expressed" "$(cat "$doc")"
told "it is valid" 0 drover validate "$doc"
has "without an error" "0 errors" "$said"
told "its plan is empty" 0 drover plan --detailed-exitcode "$doc"
has "for it observes" "no changes: management is Observe" "$said"
lacks "and nothing would be blocked" "would be blocked" "$said"
lacks "nor differs" "differs" "$said"
is "nothing was changed" "$(md5sum <<<"$before")" "$(quiet_state | md5sum)"
import "$east_is" "$west_is"
cp "$doc" "$work/first.yaml"
import "$east_is" "$west_is"
is "byte for byte the same" "$(cat "$work/first.yaml")" "$(cat "$doc")"

# ---- managed as it is ----
sed -i 's/management: Observe .*/management: Manage/' "$doc"
digest=$(drover plan -o json "$doc" | jq -r '.digest[0:12]')
told "taken over" 0 drover apply --approve "$digest" "$doc"
becomes "it is protected" 30 is_protected
is "the feed as it was" "$made" "$(feed)"

told "import of what drover manages" 1 drover import --name shop "$east_is" "$west_is"
has "says whose it is" "managed by drover, as a cluster of topology 'shop'" "$said"

# ---- odd settings ----
curl -sSf -X DELETE -o /dev/null "$feeds/dr-primary-to-secondary"
sleep 1
sql "$west" "SET GLOBAL tidb_super_read_only = OFF; DROP TABLE mysql.drover_ledger"
sql "$east" "DROP TABLE mysql.drover_ledger"
start=$(sql "$east" "SHOW MASTER STATUS" | cut -f2)
curl -sSf -o /dev/null "http://$CDC/api/v2/changefeeds" -d @- <<T
{"changefeed_id": "odd", "start_ts": $start,
 "sink_uri": "mysql://cdc:$DROVER_SINK_SECRET@$west2:4000?worker-count=32&max-txn-row=512",
 "replica_config": {"case_sensitive": true, "enable_sync_point": true, "sync_point_interval": "5m", "sync_point_retention": "12h",
   "memory_quota": 536870912, "filter": {"rules": ["*.*", "!test.*"]}, "mounter": {"worker_num": 4},
   "sink": {"transaction_atomicity": "table"}}}
T
sleep 1
import "$east_is" "$west_is"
is "an odd one" 0 $?
for part in "syncPoint: {interval: 5m, retention: 12h}" "case-sensitive: true" "memory-quota: 536870912" \
    '"!test.*"' "worker-num: 4" "worker-count: \"32\"" "max-txn-row: \"512\"" "sink: {address: \"$west2:4000\"}"; do
    has "has $part" "$part" "$(cat "$doc")"
done
told "its plan is empty, too" 0 drover plan --detailed-exitcode "$doc"
lacks "and nothing would be blocked" "would be blocked" "$said"
lacks "nor differs" "differs" "$said"

# ---- more than one ----
curl -sSf -o /dev/null "http://$CDC/api/v2/changefeeds" -d "{\"changefeed_id\": \"second\", \"start_ts\": $start, \"sink_uri\": \"blackhole://\"}"
told "two feeds" 1 drover import --name shop "$east_is" "$west_is"
has "says which" "odd of east" "$said"
import --feed odd "$east_is" "$west_is"
has "the one that was named" "id: odd" "$(cat "$doc")"
sim_down
verdict
