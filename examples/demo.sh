#!/bin/bash
# The walk, as a newcomer sees it: a simulated estate of two regions, a topology committed
# to git, and drover bringing the pair to protected. Works without a terminal, asks nothing,
# leaves nothing running.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
sim= run=
finish() {
    status=$?
    for pid in $run $sim; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
    [ "$status" = 0 ] || { echo; echo "demo: FAILED"; tail -n 30 "$work"/*.log 2>/dev/null; }
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# follow the controller's log until it says so
until_log() {
    for _ in $(seq 200); do
        kill -0 $run
        grep -q "$1" "$work/run.log" && return
        sleep 0.2
    done
    echo "the controller did not say: $1"; exit 1
}
step() { printf '\n\033[1m== %s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }
show() { printf '$ %s\n' "$*"; "$@"; }

step "1. an estate of two regions, simulated: TiDB, PD, TiCDC, S3 on 127/8 addresses"
echo '$ build/drover-sim examples/quickstart/estate.yaml --speed 20 &'
build/drover-sim examples/quickstart/estate.yaml --speed 20 --ctl "$work/ctl" >"$work/sim.out" 2>"$work/sim.log" &
sim=$!
for _ in $(seq 100); do grep -q '^ready' "$work/sim.out" && break; kill -0 $sim 2>/dev/null || break; sleep 0.1; done
grep -q '^ready' "$work/sim.out" || { echo "the estate did not start: does another drover-sim run? (see its line below)"; exit 1; }
echo "ready: primary at 127.0.1.4:4000, secondary at 127.1.1.4:4000"

step "2. a topology, committed to git"
git init -q -b main "$work/topologies"
cp examples/quickstart/topology.yaml "$work/topologies/"
git -C "$work/topologies" add topology.yaml
git -C "$work/topologies" -c user.name=demo -c user.email=demo@example.com commit -q -m "shop: east is primary, west follows"
git -C "$work/topologies" log --oneline
. examples/quickstart/env

step "3. what drover would do (nothing is changed)"
show build/drover plan "$work/topologies" || [ $? = 3 ]

step "4. drover run: from git to protected"
echo '$ build/drover run --git TOPOLOGIES --interval 2s &'
build/drover run --git "$work/topologies" --state "$work/state" --interval 2s --lease 6s >"$work/run.out" 2>"$work/run.log" &
run=$!
shown=0
for _ in $(seq 600); do
    kill -0 $run
    lines=$(wc -l <"$work/run.log")
    [ "$lines" -le "$shown" ] || sed -n "$((shown + 1)),${lines}p" "$work/run.log"
    shown=$lines
    if grep -q 'clear the restoring row' "$work/run.log" &&
        build/drover status "$work/topologies" >"$work/status" 2>/dev/null; then break; fi
    sleep 0.3
done
show build/drover status "$work/topologies"

step "5. a row written in region 1 is read in region 2"
east="mariadb --skip-ssl -h 127.0.1.4 -P 4000 -u app -papp shop"
west="mariadb --skip-ssl -h 127.1.1.4 -P 4000 -u app -papp shop"
echo '$ mariadb -h 127.0.1.4 -P 4000 -u app -papp shop -e "INSERT INTO orders ..."'
$east -e "INSERT INTO orders (customer_id, item, amount) VALUES (1, 'analytical engine', 1)"
for _ in $(seq 100); do
    [ "$($west -N -e "SELECT COUNT(*) FROM orders WHERE item = 'analytical engine'")" = 1 ] && break
    sleep 0.2
done
echo '$ mariadb -h 127.1.1.4 -P 4000 -u app -papp shop -e "SELECT * FROM orders"'
$west -t -e "SELECT * FROM orders"
echo '$ mariadb -h 127.1.1.4 ... -e "INSERT INTO orders ..."    (the secondary refuses)'
if $west -e "INSERT INTO orders (customer_id, item, amount) VALUES (1, 'lost', 1)" 2>&1; then
    echo "the secondary took a write: it must not"; exit 1
fi

step "6. the first doubt: is all of it as it should be?"
show build/drover ready --brief --git "$work/topologies"

step "7. somebody lifts the fence; the document says: correct it, but ask me first"
cat >>"$work/topologies/topology.yaml" <<'T'
  policy:
    drift: {fence: correct}
    approve: [disruptive]
T
git -C "$work/topologies" -c user.name=demo -c user.email=demo@example.com commit -q -am "shop: correct the fence, after a word"
git -C "$work/topologies" show --format='commit %h  %s' -U0 | grep -v '^[-+@di]\{2,\}\|^diff\|^index'
until_log 'agree on this revision of the document'
echo '$ mariadb -h 127.1.1.4 -P 4000 -u root -e "SET GLOBAL tidb_super_read_only = OFF"'
mariadb --skip-ssl -h 127.1.1.4 -P 4000 -u root -e "SET GLOBAL tidb_super_read_only = OFF"
until_log 'needs an approval'
show build/drover plan --git "$work/topologies" || [ $? = 3 ]
digest=$(build/drover plan --git "$work/topologies" -o json | sed -n 's/.*"digest": "\(.\{12\}\).*/\1/p' | head -1)
show build/drover approve --yes "$digest" --git "$work/topologies" >"$work/approve" 2>&1 || { cat "$work/approve"; exit 1; }
grep '^approved' "$work/approve"
for _ in $(seq 100); do
    [ "$(mariadb --skip-ssl -N -h 127.1.1.4 -P 4000 -u root -e 'SELECT @@GLOBAL.tidb_super_read_only')" = 1 ] && break
    sleep 0.2
done
show build/drover status --git "$work/topologies" || [ $? = 3 ]
echo "The fence is closed. What was written behind it meanwhile nobody knows: compare, and say so."
show build/drover-sim ctl --socket "$work/ctl" check --within 20
sed -i "s/^  replication:\$/&\n    compared: $(date -u +%FT%TZ)/" "$work/topologies/topology.yaml"
git -C "$work/topologies" -c user.name=demo -c user.email=demo@example.com commit -q -am "shop: both sides were compared"
git -C "$work/topologies" show --format='commit %h  %s' -U0 | grep '^commit\|^+ '
for _ in $(seq 100); do
    if build/drover status --git "$work/topologies" >"$work/status" 2>/dev/null; then break; fi
    sleep 0.3
done
show build/drover status --git "$work/topologies"
show build/drover history --state "$work/state" --limit 8

step "8. somebody pauses the changefeed: it is seen and explained; a commit says: correct it"
echo '$ curl -X POST http://127.1.1.9:8300/api/v2/changefeeds/shop-east-to-west-g1/pause'
curl -sf -o "$work/paused" -X POST http://127.1.1.9:8300/api/v2/changefeeds/shop-east-to-west-g1/pause
until_log 'is stopped, and not by drover'
show build/drover status --git "$work/topologies" || [ $? = 3 ]
show build/drover explain policy.drift.changefeedPaused
sed -i 's/drift: {fence: correct}/drift: {fence: correct, changefeedPaused: correct}/' "$work/topologies/topology.yaml"
git -C "$work/topologies" -c user.name=demo -c user.email=demo@example.com commit -q -am "shop: resume a paused changefeed"
git -C "$work/topologies" show --format='commit %h  %s' -U0 | grep '^commit\|^+ '
until_log 'done .*resume the changefeed'
grep 'done .*resume the changefeed' "$work/run.log"

step "9. the controller dies; another one, on another state folder, takes over"
echo '$ kill -9 CONTROLLER; build/drover run --git TOPOLOGIES --state ELSEWHERE &'
{ kill -9 $run && wait $run; } 2>/dev/null || true
build/drover run --git "$work/topologies" --state "$work/elsewhere" --interval 2s --lease 6s >"$work/run.out" 2>"$work/run.log" &
run=$!
until_log 'took over'
cat "$work/run.log"
for _ in $(seq 100); do build/drover status --git "$work/topologies" >"$work/status" && break; sleep 0.2; done
show build/drover status --git "$work/topologies"
show build/drover-sim ctl --socket "$work/ctl" check --within 20

step "the pair is protected"
cat <<'T'
What you saw: a commit became a plan, the plan became ledger rows, a backup, a restore, a fence,
a changefeed; each step was observed before the next was planned. What somebody changed by hand
was put right after a person's word, and the journal says who gave it. The controller was killed,
and another one went on from what stands in the clusters.

Try next (see README.md):
  build/drover-sim examples/quickstart/estate.yaml --speed 20 &    the estate, to play with
  . examples/quickstart/env                                         its secrets
  build/drover plan -w examples/quickstart/topology.yaml            the plan, with reasons
  build/drover apply examples/quickstart/topology.yaml              carry it out yourself
  build/drover explain rules                                        how drover decides
T
