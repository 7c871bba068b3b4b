#!/bin/bash
# The journal from outside: read beside a running controller; changed by hand, cut, damaged,
# removed, on a disk that is full: drover says it, records it, and goes on, or does nothing.
# Usage: tests/e2e/journal.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
sim_up 20
. examples/quickstart/env
doc=$work/topology.yaml state=$work/state
history() { drover history --state "$state" "$@"; }

# ---- beside a running controller ----
mkdir "$work/topologies"
cp "$doc" "$work/topologies/shop.yaml"
start run "$build/drover" run --dir "$work/topologies" --state "$state" --interval 1s
run=$started
shows_hold() { history --limit 0 | grep -q "east: hold GC"; }
becomes "a step shows while the controller runs" 30 shows_hold
becomes "the pair is protected" 60 is_protected
told "history beside it" 0 history --limit 0
has "what" "done     shop: east: hold GC" "$said"
has "why" "why      from the backup until the feed runs, changes since T must not be collected" "$said"
told "in full" 0 history -w --limit 0
has "by whom" "epoch 1" "$said"
told "proved beside it" 0 history --verify
has "whole" "the journal is whole" "$said"
head=$(sed -n 's/^head //p' <<<"$said")
is "each step has its outcome" "done" "$(history --limit 0 -o json | jq -r 'select(.kind == "step") | .outcome' | sort -u)"
is "each has its times" 0 "$(history --limit 0 -o json | jq -r 'select(.kind == "step" and (.durationMs < 0 or .timeMs < 1700000000000))' | wc -l)"
# ---- what comes and goes ----
becomes "protection is said" 15 grep -q "Z shop: protected$" "$work/run.log"
feed=$feeds/$(curl -s "$feeds" | jq -r '.items[0].id')
curl -s -X POST "$feed/pause" >/dev/null
becomes "protection is lost" 15 grep -q "Z shop: protection lost ..:..:..Z: feed: changefeed .* is stopped" "$work/run.log"
curl -s -X POST -d '{}' "$feed/resume" >/dev/null
becomes "and comes back" 30 grep -qE "Z shop: protection lost ..:..:..Z, back ..:..:..Z \([0-9.ms]+\): feed: changefeed .* is stopped" "$work/run.log"
becomes "what was asked, too" 15 grep -qE "Z shop: asked from ..:..:..Z to ..:..:..Z \([0-9.ms]+\): east: changefeed .* is stopped, and not by drover" "$work/run.log"
told "history" 0 history
has "lost" "lost     shop: protection lost" "$said"
has "back" "good     shop: protection lost" "$said"
rows=$(history --limit 0 -o json | wc -l)
sleep 3
is "and nothing while nothing changes" "$rows" "$(history --limit 0 -o json | wc -l)"
finish $run TERM
is "the log is folded in at the end" "journal.db journal.head" "$(cd "$state" && ls journal* | paste -sd' ')"
before=$(cd "$state" && sha256sum journal.db journal.head)
told "reading needs no controller" 0 history --since 1h shop
is "and changes nothing" "$before" "$(cd "$state" && sha256sum journal.db journal.head)"
is "it is private" "600 600" "$(stat -c %a "$state/journal.db" "$state/journal.head" | paste -sd' ')"

again() { timeout 60 "$build/drover" apply --yes --state "$state" "$doc" 2>&1 </dev/null; }

# ---- changed by hand ----
sed -i 's/T is where the copy ends/T is not where it stops./' "$state/journal.db"
told "a changed row does not stop drover" 0 again
has "it is said" "warning: the journal was changed by hand: row" "$said"
has "with what it says" "T is not where it stops." "$said"
told "history marks it" 0 history --limit 0
has "at the row" "WARNING  a row of this was changed by hand" "$said"
has "and records that it was found" "was changed by hand, or those before it" "$said"
told "the proof fails" 1 history --verify
told "and is said again" 0 again
has "at each start" "warning: the journal was changed by hand" "$said"
is "but recorded once" 1 "$(history --limit 0 -o json | jq -r 'select(.verb == "journal.changed") | .row' | wc -l)"

# ---- a file that was cut, damaged, or removed ----
last_row() { history --limit 1 -o json | jq .row; }
damaged() { # NAME COMMAND..: breaks the file, and drover goes on with the numbers
    local name=$1 before
    shift
    before=$(history --verify | sed -n 's/^head \([0-9]*\):.*/\1/p')
    "$@"
    told "$name" 0 again
    has "$name: said" "$saying" "$said"
    told "$name: whole again" 0 history --verify
    has "$name: numbers go on" " $((before + 1)) to " "$said"
    is "$name: the first row says it" "journal.begin row $before" "$(history --limit 0 -o json | jq -r 'select(.verb == "journal.begin") | "\(.verb) \(.target)"')"
}
cp -a "$state" "$work/hurt"
size=$(stat -c %s "$work/hurt/journal.db")
dd if=/dev/urandom of="$work/hurt/journal.db" bs=4096 seek=$((size / 8192)) count=1 conv=notrunc status=none
told "bytes in the middle" 1 drover history --state "$work/hurt" --verify
has "are said" "is damaged" "$said"
has "and what is left" "can be read" "$said"
saying="warning: the journal was damaged and is now"
damaged "garbage at its begin" dd if=/dev/urandom of="$state/journal.db" bs=100 count=1 conv=notrunc status=none
damaged "cut in the middle" truncate -s 5000 "$state/journal.db"
is "both are kept" 2 "$(ls "$state" | grep -c '^journal.db.damaged-[0-9]*$')"
saying="is gone; its last row was row"
damaged "removed" rm "$state/journal.db"
told "an older head proves nothing of the new file" 1 history --verify --head "$head"
has "and it is said why" "is older than the first row here" "$said"

# ---- nothing is done without its intent ----
finish "$sim" TERM
sim_up 20
full=$work/full
mkdir "$full"
fill() { # a file system of its own, where that may be made
    mount -t tmpfs -o size=64k none "$full" 2>/dev/null || return 1
    head -c 64k /dev/zero >"$full/ballast" 2>/dev/null
    truncate -s 40k "$full/ballast"
}
if fill; then
    trap 'umount "$full" 2>/dev/null; kit_end' EXIT
    told "a full disk" 1 timeout 60 "$build/drover" apply --yes --state "$full" "$work/topology.yaml"
    has "is said" "the journal '$full/journal.db'" "$said"
    has "with the way out" "free some space" "$said"
    before=$(quiet_state)
    told "again" 1 timeout 60 "$build/drover" apply --yes --state "$full" "$work/topology.yaml"
    is "nothing is done" "$before" "$(quiet_state)"
    rm "$full/ballast"
    mount -o remount,size=4m "$full"
    told "with space it goes on" 0 timeout 60 "$build/drover" apply --yes --state "$full" "$work/topology.yaml"
    told "and the journal is whole" 0 drover history --state "$full" --verify
    umount "$full"
else
    echo "no file system can be mounted here: the full disk is left to the unit tests"
fi
verdict
