#!/bin/bash
# A plan that is kept, shown to others and carried out later, from outside: saved plans.
# Usage: tests/e2e/review.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
sim_up 20
. examples/quickstart/env
doc=$work/topology.yaml
kept=$work/kept.json

# ---- a plan that is kept ----
before=$(ctl print)
told "plan --out" 0 drover plan --out "$kept" "$doc"
plan=$said
is "only its owner reads it" 600 "$(stat -c %a "$kept")"
is "it has the digest" "plan $(jq -r '.digest[0:12]' "$kept")" "$(grep -o '^plan [0-9a-f]*' <<<"$plan")"
lacks "and no secret" "$DROVER_SINK_SECRET" "$(cat "$kept")"
sed 's/"value": "yes"/"value": "no"/' "$kept" >"$work/forged.json"
told "a changed file" 1 drover apply --yes "$work/forged.json"
has "is refused" "the plan is damaged" "$said"
head -c 3000 "$kept" >"$work/cut.json"
told "a cut file" 1 drover apply --yes "$work/cut.json"
sql "$west" "CREATE DATABASE old; CREATE TABLE old.t (id INT PRIMARY KEY)"
told "apply when a table is in the way" 1 drover apply --yes "$kept"
has "it is stale" "is stale" "$said"
has "and says which check changed" "west: an empty secondary (DR-B041): was yes, now no" "$said"
sql "$west" "DROP DATABASE old"
sed -i 's/rpo: 30s/rpo: 45s/' "$doc"
told "apply when the document was edited" 1 drover apply --yes "$kept"
has "it says which field" "spec.objectives.rpo: was the default, now 45s" "$said"
mv "$doc" "$work/moved.yaml"
told "apply when the document moved" 1 drover apply --yes "$kept"
has "it says where it looked" "$doc" "$said"
sed -i 's/rpo: 45s/rpo: 30000ms/; 1i # a comment changes nothing' "$work/moved.yaml"
is "nothing was changed so far" "$before" "$(ctl print)"
told "apply of the kept plan, with the document at its new place" 0 drover apply --yes "$kept" "$work/moved.yaml"
mv "$work/moved.yaml" "$doc"
becomes "the pair is protected" 20 is_protected
told "the kept plan is no plan any more" 1 drover apply --yes "$kept"
has "it says so" "is stale" "$said"
sim_down

# ---- a word that an approved plan calls for ----
# lost_row: begins anew; a row is lost on the secondary before it is fenced
lost_row() { [ "$(sql "$west" "SELECT COUNT(*) FROM shop.orders")" = 3 ] && sql "$west" "DELETE FROM shop.orders WHERE id = 1"; }
sim_up 8
start apply "$build/drover" apply --yes --lease 2s --state "$work/state2" "$doc"
victim=$started
becomes "the restore runs" 30 grep -q "start .*RESTORE" "$work/apply.log"
finish "$victim" KILL
told "apply, killed while it restored, goes on when it is started again" 0 drover apply --yes --take "$doc"
sim_down
sim_up 6
start apply "$build/drover" apply --yes --state "$work/state3" "$doc"
becomes "a row is lost" 30 lost_row
finish_apply=$started
until_true 40 eval "! kill -0 $finish_apply"
finish "$finish_apply"
is "apply ends, for want of a word" 3 $?
said=$(cat "$work/apply.log")
has "it says what differs" "shop.orders: 3 rows in east, 2 rows in west" "$said"
has "and what the word is for" "not in the approved plan: west: drop half-restored table" "$said"
word=$(grep -oE -- '--approve [0-9a-f]+' <<<"$said" | cut -d' ' -f2)
told "with the word it begins the copy again" 0 drover apply --yes --approve "${word:-none}" "$doc"
is "and both sides hold the same" "$(rows_of "$east")" "$(rows_of "$west")"
verdict
