#!/bin/bash
# A plan that is kept, shown to others, approved and carried out later, from outside: saved
# plans, published facts planned from without any secret, approvals by hand.
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
has "it says which field" "spec.objectives.rpo: was 30s (the default), now 45s" "$said"
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
sim_down

# ---- a controller that waits for a word, and publishes what it sees ----
sim_up 20
sed -i 's/^spec:/spec:\n  policy: {approve: [disruptive]}/' "$doc"
topologies=$work/topologies published=$work/published
mkdir "$topologies" "$published"
cp "$doc" "$topologies/shop.yaml"
doc=$topologies/shop.yaml
is_protected() { drover status "$doc" >/dev/null 2>&1; }
cat >"$work/controller.yaml" <<Y
apiVersion: drover/v1
kind: Controller
metadata: {name: e2e}
spec:
  source: {dir: $topologies}
  interval: 1s
  lease: {duration: 10s}
  state: $work/state
  publish: {observed: $published}
Y
start run "$build/drover" run --config "$work/controller.yaml"
run=$started
# nothing of the secrets is in the environment, no cluster is asked
offline() { env -i PATH="$PATH" "$build/drover" plan --observed "$published/shop.json" "$@" "$doc" 2>"$work/talk"; }
offline_says() { [ "$(offline -o json | jq -r "$1")" = "$2" ]; }
becomes "it waits for an approval" 30 grep -q 'needs an approval of plan' "$work/run.log"
becomes "and publishes what it saw" 15 offline_says .approval.state needed
told "plan with the secrets" 0 drover plan -o json "$doc"
online=$(jq -r .digest <<<"$said")
is "plan without them: the same digest" "$online" "$(offline -o json | jq -r .digest)"
is "and the same steps" "$(jq -c '[.actions[] | [.id, .risk, .needsApproval]]' <<<"$said")" "$(offline -o json | jq -c '[.actions[] | [.id, .risk, .needsApproval]]')"
has "it says how old the facts are" "old" "$(cat "$work/talk")"
comment=$(env -i PATH="$PATH" DROVER="$build/drover" DROVER_OBSERVED_URL="file://$published" "$here/examples/ci/comment.sh" "$doc" 2>/dev/null)
is "the comment of the pipeline: exit status" 0 $?
has "has the digest" "$online" "$comment"
has "and what it takes" "RESTORE DATABASE" "$comment"
for secret in "$DROVER_EAST_PASSWORD" "$DROVER_WEST_PASSWORD" "$DROVER_SINK_SECRET" "$DROVER_STORAGE_SECRET_KEY"; do
    lacks "no secret is published" "$secret" "$(cat "$published/shop.json") $comment"
done
told "facts of long ago" 1 drover plan --max-age 5m --observed tests/golden/facts/fresh.json tests/golden/facts/topology.yaml
has "are refused" "more than 5m" "$said"
told "no facts" 1 env DROVER="$build/drover" DROVER_OBSERVED_URL="file://$work/none" "$here/examples/ci/comment.sh" "$doc"

# ---- the word ----
told "status" 3 drover status "$doc"
has "says what is waited for" "drover approve ${online:0:12}" "$said"
told "approve another plan" 1 drover approve --yes 0123456789ab "$doc"
has "it names the plan" "the plan is ${online:0:12}" "$said"
told "approve asks nobody" 1 drover approve "${online:0:12}" "$doc"
told "approve for ever" 64 drover approve --yes --for 40d "${online:0:12}" "$doc"
told "approve until a time that is over" 64 drover approve --yes --until 2020-01-01T00:00:00Z "${online:0:12}" "$doc"
is "nothing is approved so far" "" "$(ledger "$east" approval)"
told "approve" 0 drover approve --yes --for 10m "${online:0:12}" "$doc"
has "it says what" "approved: plan ${online:0:12}" "$said"
becomes "the controller uses it" 20 grep -q "uses the approval of plan ${online:0:12} by drover@" "$work/run.log"
finish "$run" KILL
has "killed in the middle, the word stands" '"taken":true' "$(ledger "$east" approval)"
start run "$build/drover" run --config "$work/controller.yaml"
run=$started
becomes "the next one needs no other word" 60 is_protected
becomes "and clears it" 20 grep -q "cleared the approval of plan ${online:0:12}" "$work/run.log"
for side in "$east" "$west"; do
    has "its use is noted" "consumed/$online" "$(ledger_keys "$side")"
done
told "approve once more" 1 drover approve --yes "$online" "$doc"
# a quiet controller looks at the redo log once a minute
lacking='[.protection[] | select(.holds != "yes" and .name != "redo")] | map(.name + ": " + .text) | join("; ")'
until_true 40 offline_says "$lacking" ""
is "what is published is protected, too" "" "$(offline -o json | jq -r "$lacking")"
told "plan with the secrets, protected" 0 drover plan -o json "$doc"
is "the digest is the same" "$(jq -r .digest <<<"$said")" "$(offline -o json | jq -r .digest)"
finish "$run" TERM
verdict
