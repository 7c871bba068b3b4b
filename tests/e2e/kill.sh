#!/bin/bash
# kill -9 at random moments of a bootstrap, each time with drover's disk lost: whoever
# starts next goes on, one copy and one feed come of it, GC is given back, and no row that
# a client wrote meanwhile is missing. Usage: tests/e2e/kill.sh [BUILD] [ROUNDS] [SEED]
. "$(dirname "$0")/kit.sh"
rounds=${2:-12} seed=${3:-$RANDOM}
RANDOM=$seed
echo "seed $seed"
. examples/quickstart/env
doc=$work/topology.yaml
repo=$work/repo
backup_seen='"(generation|tso)"'

# A client on the primary, which keeps what was acknowledged; and an eye on the ledger.
write_rows() {
    local n=0
    while [ ! -e "$work/enough" ]; do
        n=$((n + 1))
        [ -n "$(app "$east" "INSERT INTO orders (customer_id, item, amount) VALUES (7, 'w$n', $n)")" ] || echo "w$n" >>"$work/acknowledged"
        sleep 0.05
    done
}
watch_backup() {
    while [ ! -e "$work/enough" ]; do
        ledger "$east" backup 2>/dev/null | grep -E "$backup_seen" >>"$work/backups"
        sleep 0.2
    done
}

new_repository() {
    rm -rf "$repo"
    git init -q -b main "$repo"
    cp "$doc" "$repo/"
    commit "$repo" "shop"
}
# begin_drover N: with nothing but the document; every second one a controller
begin_drover() {
    rm -rf "$work/state"
    if [ $(($1 % 2)) = 0 ]; then
        start drover "$build/drover" apply --yes --take --lease 3s --state "$work/state" "$doc"
    else
        start drover "$build/drover" run --git "$repo" --state "$work/state" --interval 500ms --lease 1500ms
    fi
    victim=$started
}
murder() {
    kill -9 "$victim" 2>/dev/null
    wait "$victim" 2>/dev/null
    unset "alive[$victim]"
    grep -hE '^([0-9-]+ [0-9:]+Z shop: )?(done|start)' "$work/drover.log" | sed -E 's,^[0-9-]+ [0-9:]+Z ,,; s/ \(.*//' >>"$work/history"
}
at_step() { grep -qE "start .*$1" "$work/drover.log"; }

# ---- a bootstrap that is murdered again and again ----
sim_up 10
new_repository
gc=$(gc_of)
start writer write_rows
writer=$started
start eye watch_backup
eye=$started
kills=0
for step in "BACKUP DATABASE" "RESTORE DATABASE"; do # during the copies for sure
    begin_drover $kills
    becomes "$step runs" 30 at_step "$step"
    sleep "0.$((RANDOM % 6))"
    murder
    kills=$((kills + 1))
done
while [ $kills -lt "$rounds" ]; do
    begin_drover $kills
    sleep "$((RANDOM % 3)).$((RANDOM % 10))"
    murder
    kills=$((kills + 1))
done
begin_drover 1
becomes "the last one brings it to protected after $kills kills" 90 is_protected
becomes "and clears what was noted" 30 eval '! ledger_keys "$east" | grep -qE "backup|hold|gc" && ! ledger_keys "$west" | grep -q restoring'
finish "$victim" TERM
is "it ends well" 0 $?
touch "$work/enough"
finish "$writer"
finish "$eye"
is "exactly one feed" 1 "$(curl -s "$feeds" | jq .total)"
id=$(curl -s "$feeds" | jq -r '.items[0].id')
t=$(grep -oE '"tso":"?[0-9]+' "$work/backups" | tail -1 | grep -oE '[0-9]+')
is "it starts at T of the backup" "${t:-none}" "$(ctl state clusters.east | grep -oE '"start_ts": [0-9]+' | grep -oE '[0-9]+')"
is "as both ledgers say" "$t made $t made" "$(for h in "$east" "$west"; do ledger "$h" edge/east/west | jq -r '.startTs + " " + .state'; done | paste -sd' ')"
is "GC as before" "$gc" "$(gc_of)"
becomes "both sides hold the same" 30 sides_agree
is "and every row that was acknowledged" "" "$(sql "$west" "SELECT item FROM shop.orders" | sort | comm -13 - <(sort "$work/acknowledged"))"
is "the client wrote all along" yes "$([ "$(wc -l <"$work/acknowledged")" -ge $((kills * 3)) ] && echo yes)"
has "the secondary takes no writes" "ERROR" "$(app "$west" "INSERT INTO orders (customer_id, item, amount) VALUES (1, 'lost', 9)")"
is "nothing was sent that nobody knows" "[]" "$(ctl unknown)"
sim_down
if [ $failed -gt 0 ]; then
    echo "what was done, over all lives ($id):"
    uniq -c "$work/history"
    tail -20 "$work/drover.log"
fi

# ---- the document leaves while the copy runs ----
for how in "while drover runs" "while drover is dead"; do
    rm -f "$work/enough"
    sim_up 5
    new_repository
    gc=$(gc_of)
    begin_drover 1
    becomes "$how: the backup runs" 30 at_step "BACKUP DATABASE"
    lacks "$how: GC is held" "$gc" "$(gc_of)"
    [ "$how" = "while drover runs" ] || murder
    git -C "$repo" rm -q topology.yaml
    git -C "$repo" commit -q -m "no longer"
    [ "$how" = "while drover runs" ] || begin_drover 1
    becomes "$how: GC comes back" 60 eval '[ "$(gc_of)" = "$gc" ]'
    becomes "$how: no hold is left" 20 eval '! ledger_keys "$east" | grep -qE "hold|gc"'
    is "$how: nothing was made" 0 "$(curl -s "$feeds" | jq .total)"
    finish "$victim" TERM
    is "$how: it ends well" 0 $?
    sim_down
done
# ---- asked to stop: what is finished first is said at once ----
sim_up 10
rm -rf "$work/state"
start drover "$build/drover" apply --yes --state "$work/state" "$work/topology.yaml"
becomes "the copy begins" 30 at_step "BACKUP DATABASE"
kill -INT "$started"
becomes "what runs is named" 5 grep -q "stopping after this step: east: BACKUP DATABASE" "$work/drover.log"
finish "$started"
is "it ends as interrupted" 130 $?
is "when the copy is made, not before" "start stopping done stopped" \
    "$(grep -oE '^start .*BACKUP|^stopping after|^done .*BACKUP|^stopped on request' "$work/drover.log" | cut -d' ' -f1 | paste -sd' ')"
mkdir "$work/topologies"
cp "$work/topology.yaml" "$work/topologies/shop.yaml"
start drover "$build/drover" run --dir "$work/topologies" --state "$work/state" --interval 500ms --lease 1500ms
becomes "the restore begins" 30 at_step "RESTORE DATABASE"
kill -TERM "$started"
becomes "what runs is named here, too" 5 grep -q "shop: stopping after this step: west: RESTORE DATABASE" "$work/drover.log"
finish "$started"
is "it ends well" 0 $?
is "when the restore is made" "1 1" "$(grep -c 'done .*RESTORE' "$work/drover.log") $(grep -c 'Z stopping: nothing more is started' "$work/drover.log")"
verdict
