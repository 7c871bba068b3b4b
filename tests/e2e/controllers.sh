#!/bin/bash
# Two and three controllers on one estate, each a process with a state folder and a clone of
# its own: whoever holds the lease is stopped in the middle of its acts, woken, killed;
# another one follows yesterday's branch, one cannot reach a side, one comes with a second
# topology, another hold crosses theirs, a statement arrives late, a ledger is lost. Nobody's
# late act has effect, and a takeover takes the lease and one round. A witness reads ledgers, fences and feeds all the while.
# Usage: tests/e2e/controllers.sh [BUILD] [SEED]
. "$(dirname "$0")/kit.sh"
seed=${2:-$RANDOM}
RANDOM=$seed
echo "seed $seed"
. examples/quickstart/env
doc=$work/topology.yaml
repo=$work/repo
lease_ms=2000 round_ms=500
slack_ms=${SLACK_MS:-3000} # of a busy machine: processes that wait for a processor
declare -A id=()           # of controllers by name

# ---- controllers ----
# controller NAME [REPOSITORY]
controller() {
    local name=$1 from=${2:-$repo}
    start "$name" "$build/drover" run --git "$from" --state "$work/state-$name" --interval ${round_ms}ms --lease ${lease_ms}ms
    id[$name]=$started
}
end_controller() {
    finish "${id[$1]}" TERM
    is "$1 ends well" 0 $?
    unset "id[$1]"
}
murder() {
    kill -9 "${id[$1]}"
    wait "${id[$1]}" 2>/dev/null
    unset "alive[${id[$1]}]" "id[$1]"
}
epochs() { for h in "$east" "$west"; do sql "$h" "SELECT epoch, holder FROM mysql.drover_ledger WHERE k = 'epoch'"; done; }
# The name of who holds both ledgers: its process id stands in "HOST:ID:RANDOM".
holder() {
    local row pid name
    mapfile -t row < <(epochs)
    [ ${#row[@]} = 2 ] && [ "${row[0]}" = "${row[1]}" ] || return 1
    pid=$(cut -d: -f2 <<<"${row[0]}")
    for name in "${!id[@]}"; do [ "${id[$name]}" != "$pid" ] || echo "$name"; done
}
held() { holder | grep -q .; }
held_by() { [ "$(holder)" = "$1" ]; }
held_by_another() { local who; who=$(holder) && [ -n "$who" ] && [ "$who" != "$1" ]; }
now_ms() { date +%s%3N; }
# taken_over NAME FROM SINCE_MS: within the lease and a round somebody else holds both ledgers
taken_over() {
    local took
    until_true 30 held_by_another "$2" || true
    took=$(($(now_ms) - $3))
    echo "$1: taken over after $took ms of $((lease_ms + round_ms))"
    is "$1: somebody else holds both ledgers within lease and a round" yes \
        "$(held_by_another "$2" && [ $took -le $((lease_ms + round_ms + slack_ms)) ] && echo yes)"
}
stands_by() { grep -E '(^|Z )shop: (standby|took over)' "$work/$1.log" | tail -1 | grep -q standby; }

# ---- the witness ----
# What the estate itself shows, five times a second, until $work/enough is there. Who is
# allowed to lift the fence says so by $work/human.
witness() {
    while [ ! -e "$work/enough" ]; do
        for h in "$east" "$west"; do
            sql "$h" "SELECT '$h', k, epoch, holder, at FROM mysql.drover_ledger" 2>/dev/null | grep -v ERROR
            echo "=="
        done >>"$work/rows"
        {
            [ ! -e "$work/human" ] || echo -n "human "
            for h in "$east" "$east2" "$west" "$west2"; do sql "$h" 'SELECT @@GLOBAL.tidb_super_read_only' | tr '\n' ' '; done
            curl -s -m 2 "$feeds" | jq -rj '.total // 0'
            [ ! -e "$work/human" ] || echo -n " human"
            echo
        } >>"$work/seen"
        sleep 0.2
    done
}
# Rows that someone wrote after its epoch was over: of each look, every row is of the epoch
# that stands and of its holder, or older than that epoch.
late_writes() {
    awk -F'\t' '
        function judge(k) {
            for (k in e) if (k != "epoch" && ("epoch" in e) &&
                (e[k] > e["epoch"] || (e[k] == e["epoch"] && h[k] != h["epoch"]) ||
                 (e[k] < e["epoch"] && at[k] > at["epoch"])))
                print "row " k " of epoch " e[k] " " h[k] " " at[k] " beside epoch " e["epoch"] " " h["epoch"] " " at["epoch"]
            delete e
        }
        $1 == "==" { judge(); next }
        { e[$2] = $3 + 0; h[$2] = $4; at[$2] = $5 }' "$work/rows" | sort -u | head -5
}
# An open secondary behind its fence, a closed primary, two feeds; of looks without a human.
broken_looks() {
    awk '/human/ { fenced = 0; next }
        NF != 5 { next }
        { if ($3 && $4) fenced = 1
          if ($1 || $2 || $5 > 1 || (fenced && !($3 && $4))) print }' "$work/seen" | sort -u | head -5
}

# Of all that drover's sessions changed, what was not the holder's of that cluster's epoch
# at that moment; the last line says how much was judged. Whose a session is, is known by the
# rows that it writes. What raises an epoch makes a holder; KILL may come before that, and an
# empty ledger, too.
strangers_acts() {
    ctl audit --user drover | awk -v q="'" '
        !/\[ok/ || /\[ok, 0 rows\] (UPDATE|INSERT|DELETE)/ || / (COMMIT|KILL)|EXISTS mysql.drover_ledger/ { next }
        {
            text[++n] = $0; cluster[n] = $4; session[n] = $5 $7
            if (match($0, "[^ " q "]+:[0-9]+:[0-9a-f]+" q))
                wrote[n] = who[session[n]] = substr($0, RSTART, RLENGTH - 1)
        }
        END {
            for (i = 1; i <= n; i++) {
                c = cluster[i]
                if (text[i] ~ "k = " q "epoch" q " AND epoch =" || text[i] ~ "INSERT.*" q "epoch" q)
                    stands[c] = wrote[i]
                if (!who[session[i]] || !stands[c]) continue
                judged++
                if (who[session[i]] != stands[c]) print text[i]
            }
            print judged + 0
        }'
}

# ---- three begin at once, and whoever acts is stopped in the middle of it ----
sim_up 10
git init -q -b main "$repo"
cat >>"$doc" <<T
  policy: {drift: {fence: correct}}
T
cp "$doc" "$repo/shop.yaml"
commit "$repo" "shop: east is primary"
gc=$(gc_of)
ctl workload start --cluster east --rate 20 >/dev/null
start witness witness
eye=$started
for name in ada bob eve; do controller $name; done
at_step() { grep -qhE "(start|done) .*$1" "$work"/{ada,bob,eve}.log; }
# Another purpose than the bootstrap's holds history in east, too, as long as it stands.
cross_hold() {
    sql "$east" "INSERT INTO mysql.drover_ledger (cluster_id, k, value, epoch, holder)
        SELECT e.cluster_id, 'hold/return', h.value, e.epoch, e.holder FROM mysql.drover_ledger e, mysql.drover_ledger h
        WHERE e.k = 'epoch' AND h.k = 'hold/bootstrap'"
}
for step in "birth row" "BACKUP DATABASE" "RESTORE DATABASE" "refuse business writes"; do
    becomes "it comes to: $step" 30 at_step "$step"
    until_true 10 held
    who=$(holder)
    sleep "0.0$((RANDOM % 10))"
    kill -STOP "${id[$who]}"
    taken_over "$who stopped at $step" "$who" "$(now_ms)"
    sleep "0.$((RANDOM % 10))"
    kill -CONT "${id[$who]}"
    [ "$step" != "BACKUP DATABASE" ] || is "a second hold" "" "$(cross_hold)"
done
becomes "the bootstrap's hold ends" 60 eval '! ledger_keys "$east" | grep -q hold/bootstrap && [ "$(ledger "$east" edge/east/west | jq -r .state)" = made ]'
sleep 2
is "GC stays held for the other one, by all controllers" "hold/return 0 0" \
    "$(ledger_keys "$east" | grep -oE "hold/[a-z]+") $(for h in "$east" "$east2"; do sql "$h" "SELECT @@GLOBAL.tidb_gc_enable"; done | paste -sd' ')"
told "the pair is not called protected meanwhile" 3 drover status "$repo/shop.yaml"
has "and why" "not met       GC is held" "$said"
sql "$east" "DELETE FROM mysql.drover_ledger WHERE k = 'hold/return'"
becomes "the pair is protected" 60 is_protected
becomes "what was noted is cleared" 30 eval '! ledger_keys "$east" | grep -qE "backup|hold|gc" && ! ledger_keys "$west" | grep -q restoring'
is "exactly one feed" 1 "$(curl -s "$feeds" | jq .total)"
is "GC as before" "$gc" "$(gc_of)"
t=$(ledger "$east" edge/east/west | jq -r .startTs)
is "the feed starts where both ledgers say" "$t $t made made" \
    "$(ctl state clusters.east | grep -oE '"start_ts": [0-9]+' | grep -oE '[0-9]+') $(ledger "$west" edge/east/west | jq -r .startTs) $(for h in "$east" "$west"; do ledger "$h" edge/east/west | jq -r .state; done | paste -sd' ')"

# ---- kill -9 ----
for _ in 1 2; do
    becomes "somebody holds both ledgers" 10 held
    who=$(holder)
    murder "$who"
    taken_over "$who killed" "$who" "$(now_ms)"
    becomes "the pair is protected under another one" 15 is_protected
    controller "$who"
done

# ---- stopped for longer than its lease, while there is something to do, and woken ----
for _ in 1 2 3; do
    becomes "somebody holds both ledgers" 10 held
    who=$(holder)
    touch "$work/human"
    sql "$west" "SET GLOBAL tidb_super_read_only = OFF"
    sleep "0.$((RANDOM % 6))"
    kill -STOP "${id[$who]}"
    taken_over "$who stopped in drift" "$who" "$(now_ms)"
    becomes "another one fences again" 10 eval '[ "$(sql "$west" "SELECT @@GLOBAL.tidb_super_read_only")$(sql "$west2" "SELECT @@GLOBAL.tidb_super_read_only")" = 11 ]'
    rm "$work/human"
    row=$(epochs)
    kill -CONT "${id[$who]}"
    becomes "$who, woken, stands by" 10 stands_by "$who"
    is "and takes nothing" "$row" "$(epochs)"
done

# A fence that was open is not forgotten, whoever closed it: a person says that both sides were compared since.
# forgets_opening TEXT
forgets_opening() {
    sleep 1
    sed -i "/^    compared: /d; s/^  replication:\$/&\n    compared: $(date -u +%FT%TZ)/" "$doc" "$repo/shop.yaml"
    commit "$repo" "shop: both sides were compared"
    becomes "$1" 20 is_protected
}
told "the pair whose fence was open is not called protected" 3 drover status "$doc"
has "it says since when" "the fence was seen open from 20" "$said"
forgets_opening "once a person has compared it is"

# ---- yesterday's branch ----
agreed() { for h in "$east" "$west"; do ledger "$h" term | jq -r .agreed; done | sort -u | paste -sd' '; }
is_agreed() { [ "$(agreed)" = "$(git -C "$repo" rev-parse HEAD)" ]; }
fenced() { [ "$(sql "$west" "SELECT @@GLOBAL.tidb_super_read_only")$(sql "$west2" "SELECT @@GLOBAL.tidb_super_read_only")" = 11 ]; }
git clone -q --bare "$repo" "$work/yesterday"
sed -i 's/rpo: 30s/rpo: 40s/' "$repo/shop.yaml"
commit "$repo" "shop: less promised"
becomes "a new revision is agreed on" 20 is_agreed
controller old "$work/yesterday"
becomes "yesterday's branch: it is told" 10 grep -q "DR-B026" "$work/old.log"
for name in ada bob eve; do murder $name; done
row=$(epochs)
touch "$work/human"
sql "$west" "SET GLOBAL tidb_super_read_only = OFF"
sleep "$((2 * lease_ms / 1000 + 1))"
is "nobody else is left, and it takes nothing" "$row" "$(epochs)"
is "and does nothing" 0 "$(sql "$west" "SELECT @@GLOBAL.tidb_super_read_only")"
has "it says why" "DR-B026" "$(grep 'Z shop: wait' "$work/old.log" | tail -1)"
told "explained" 0 drover explain DR-B026
has "as what it is" "not older than the world" "$said"
told "plan of yesterday's branch" 3 drover plan --git "$work/yesterday"
has "is refused with the code" "DR-B026" "$said"
controller ada
becomes "one of today heals" 15 fenced
rm "$work/human"
is "with the lease" ada "$(holder)"
end_controller old

# ---- whoever holds the lease cannot fetch what is newer ----
git clone -q --bare "$repo" "$work/behind"
controller behind "$work/behind"
end_controller ada
becomes "one whose clone stays behind holds the lease" 15 held_by behind
sed -i 's/rpo: 40s/rpo: 35s/' "$repo/shop.yaml"
commit "$repo" "shop: a little more promised"
controller ada
since=$(now_ms)
until_true 30 held_by ada
took=$(($(now_ms) - since))
echo "behind: taken over after $took ms of $((lease_ms + 2 * round_ms))"
is "the newer declaration waits one lease, and takes over" yes "$([ "$(holder)" = ada ] && [ $took -le $((lease_ms + 2 * round_ms + slack_ms)) ] && echo yes)"
becomes "it is agreed on" 10 is_agreed
becomes "the older one is told" 10 grep -q "DR-B026" "$work/behind.log"
row=$(epochs)
sleep "$((2 * lease_ms / 1000))"
is "and takes nothing back" "$row" "$(epochs)"
end_controller behind

# ---- cut off from one side ----
controller bob
becomes "bob stands by" 15 stands_by bob
end_controller ada
becomes "bob holds the lease" 15 held_by bob
forgets_opening "and sees a protected pair, once both sides were compared"
controller ada
becomes "ada stands by" 15 stands_by ada
touch "$work/human"
since=$(now_ms)
ctl partition from=pid:${id[bob]} to=region-2 >/dev/null
sql "$west" "SET GLOBAL tidb_super_read_only = OFF"
until_true 30 held_by ada
took=$(($(now_ms) - since))
echo "cut off: taken over after $took ms of $((2 * lease_ms + round_ms))"
is "who reaches both sides takes over" yes "$([ "$(holder)" = ada ] && [ $took -le $((2 * lease_ms + round_ms + slack_ms)) ] && echo yes)"
becomes "and heals what the other cannot see" 15 fenced
rm "$work/human"
row=$(epochs)
ctl clear >/dev/null
becomes "back, it stands by" 15 stands_by bob
sleep 3
is "and takes nothing" "$row" "$(epochs)"

# ---- status says who it is ----
said=$(drover status "$repo/shop.yaml")
has "status names the holder" ":${id[ada]}:" "$(grep '^  controller' <<<"$said")"
for c in east west; do
    has "with epoch and term in $c" "$c: epoch $(epochs | head -1 | cut -f1), term 1" "$said"
    has "and its lease" ":${id[ada]}:" "$(grep -E "$c: epoch .* until .* left" <<<"$said")"
done

# ---- a statement that arrives late, of a controller that nobody took over from ----
end_controller bob
row=$(epochs)
mark=$(ctl audit mark)
ctl late kind=set match="tidb_super_read_only = ON" count=1 ms=18000 >/dev/null
touch "$work/human"
sql "$west" "SET GLOBAL tidb_super_read_only = OFF"
becomes "it is sent, and hangs" 10 eval '! ctl faults | sed "/What can/,\$d" | grep -q late'
becomes "its end is not known: it is sent again" 25 fenced
sleep 5
rm "$work/human"
sent=$(ctl audit --since "$mark" --user drover | grep "SET GLOBAL tidb_super_read_only *= *ON")
is "it was sent twice, and once it had effect" "2 1" "$(grep -c . <<<"$sent") $(grep -c '\[ok' <<<"$sent")"
# where processes wait for a processor its own lease may end, and it takes over again
is "by the same holder" "$(cut -f2 <<<"$row")" "$(epochs | cut -f2)"
forgets_opening "and the pair is protected, once both sides were compared"
controller bob
becomes "bob stands by again" 15 stands_by bob

# ---- a second topology ----
git init -q -b main "$work/second"
sed 's/name: shop/name: till/' "$repo/shop.yaml" >"$work/second/till.yaml"
commit "$work/second" "till: the same clusters"
state=$(ledger_keys "$east"; ledger_keys "$west"; epochs)
controller till "$work/second"
becomes "a second topology is refused" 15 grep -q "DR-B021" "$work/till.log"
told "its plan" 3 drover plan --git "$work/second"
has "names the other" "shop" "$(grep -A3 DR-B021 <<<"$said")"
end_controller till
is "and nothing of it is in the ledgers" "$state" "$(ledger_keys "$east"; ledger_keys "$west"; epochs)"

# ---- a lost ledger, and the word that gives it back, under two controllers ----
sql "$east" "DROP TABLE mysql.drover_ledger"
for name in ada bob; do becomes "a lost ledger stops $name" 20 grep -q "DR-B022" "$work/$name.log"; done
sleep 3
is "nobody makes another one" "" "$(ledger_keys "$east" | grep -v ERROR)"
is "and the feed runs on" 1 "$(curl -s "$feeds" | jq .total)"
cat >>"$repo/shop.yaml" <<T
  ledger: {reset: {id: LOST-1, cluster: east, term: 1, reason: "dropped by hand"}}
T
commit "$repo" "shop: the lost ledger is given back"
becomes "the peer gives it back" 30 eval 'ledger_keys "$east" | grep -q "birth consumed/LOST-1 edge/east/west epoch lease term"'
becomes "one holds both again" 20 held
becomes "the word is agreed on" 20 is_agreed
becomes "the pair is protected" 30 is_protected
is "it was used once" 1 "$(cat "$work"/{ada,bob}.log | grep -c 'done .*give the lost ledger its rows back')"
controller eve

# ---- a human lets everybody read the past ----
past() { # ON|OFF: on both clusters, as they are now
    local h
    for h in "$east" "$west"; do
        [ "$1" = OFF ] || sql "$h" "SET GLOBAL tidb_external_ts = $(sql "$h" "SHOW MASTER STATUS" | cut -f2)"
        sql "$h" "SET GLOBAL tidb_enable_external_ts_read = $1"
    done
}
now_sql() { sql "$1" "$2" --init-command="SET SESSION tidb_enable_external_ts_read = OFF"; }
becomes "somebody holds both ledgers" 15 held
who=$(holder)
past ON
is "a new session reads the past" 1 "$(sql "$west" "SELECT @@tidb_enable_external_ts_read")"
before=$(now_sql "$west" "SELECT epoch FROM mysql.drover_ledger WHERE k = 'epoch'")
murder "$who"
since=$(now_ms)
raised() { [ "$(now_sql "$west" "SELECT epoch FROM mysql.drover_ledger WHERE k = 'epoch'")" = $((before + 1)) ]; }
becomes "in the past, too, another one takes over" 15 raised
is "within lease and a round" yes "$([ $(($(now_ms) - since)) -le $((lease_ms + round_ms + slack_ms)) ] && echo yes)"
becomes "and sees a protected pair" 15 is_protected
is "one took over" "$((before + 1))" "$(now_sql "$east" "SELECT epoch FROM mysql.drover_ledger WHERE k = 'epoch'")"
past OFF

touch "$work/enough"
finish "$eye"
for name in "${!id[@]}"; do end_controller "$name"; done
is "the witness looked" yes "$([ "$(wc -l <"$work/seen")" -gt 50 ] && echo yes)"
is "no row was written by whom an epoch had ended" "" "$(late_writes)"
is "the primary stayed open, the secondary closed, with one feed" "" "$(broken_looks)"
acts=$(strangers_acts)
is "nobody changed anything but the holder" "" "$(sed '$d' <<<"$acts" | cut -c1-300 | head -5)"
is "and that was judged" yes "$([ "$(tail -1 <<<"$acts")" -gt 100 ] && echo yes)"
ctl workload stop >/dev/null
told "both sides hold what the clients were told" 0 ctl check --within 20
is "nothing was sent that nobody knows" "[]" "$(ctl unknown)"
sim_down
verdict
