#!/bin/bash
# Words in documents that bound what drover does: revisions agreed on, metadata.generation,
# policy.windows, ledger.reset. A real repository with a history that is rewritten.
# Usage: tests/e2e/words.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
sim_up 40
. examples/quickstart/env
doc=$work/topology.yaml
repo=$work/repo
git init -q -b main "$repo"
cp "$doc" "$repo/shop.yaml"
commit "$repo" "shop: east is primary"
once() { timeout 120 "$build/drover" run --git "$repo" --state "$work/state" --once --interval 1s --lease 3s; }
agreed() { ledger "$1" term | jq -r .agreed; }
# edit FILE OLD NEW: once
edit() { sed -i "0,/$2/s/$2/$3/" "$1"; }

# ---- a history and its rewriting ----
told "from git to rest" 0 once
is "east has agreed on the commit" "$(git -C "$repo" rev-parse HEAD)" "$(agreed "$east")"
is "and west" "$(agreed "$east")" "$(agreed "$west")"
first=$(agreed "$east")
echo "# a remark" >>"$repo/shop.yaml"
commit "$repo" "shop: a remark"
told "a commit that means the same" 0 once
is "is nothing new to agree on" "$first" "$(agreed "$east")"
edit "$repo/shop.yaml" "rpo: 30s" "rpo: 40s"
commit "$repo" "shop: less promised"
told "another meaning" 0 once
second=$(git -C "$repo" rev-parse HEAD)
is "is agreed on" "$second $second" "$(agreed "$east") $(agreed "$west")"
told "again" 0 once
edit "$repo/shop.yaml" "primary: east" "primary: nowhere"
commit "$repo" "shop: not valid"
told "a bad commit" 1 once
rows() { drover history --state "$work/state" --limit 0 -o json | jq -r "select(.verb == \"$1\") | .revision"; }
is "each revision that was followed is in history, once" 3 "$(rows revision.followed | sort | uniq | wc -l)"
is "and nothing more" 3 "$(rows revision.followed | wc -l)"
is "the bad one is there" "$(git -C "$repo" rev-parse HEAD)" "$(rows revision.bad)"
told "history" 0 drover history --state "$work/state" --limit 0
has "shows it" "is not valid and is not followed" "$said"
git -C "$repo" reset -q --hard HEAD~2
state=$(quiet_state)
told "an older revision after a forced push" 3 once
has "is told" "DR-B026" "$said"
is "and changes nothing" "$state" "$(quiet_state)"
told "plan of it" 3 drover plan --git "$repo"
has "names the very command" "if this one is right: drover agree --git $repo" "$said"
told "explain" 0 drover explain DR-B026
has "says what to do" "drover agree" "$said"

told "plan of the repository" 3 drover plan --git "$repo"
has "says so, too" "DR-B026" "$said"
git -C "$repo" reset -q --hard "$second"
told "plan of the repository's own revision" 0 drover plan --git "$repo" shop
has "has nothing to do" "no changes" "$said"
told "status of it" 0 drover status --git "$repo"
cat >"$work/controller.yaml" <<T
apiVersion: drover/v1
kind: Controller
metadata: {name: here}
spec: {source: {git: {url: $repo, branch: main}}}
T
told "by the controller's document" 0 drover plan --config "$work/controller.yaml"
told "saved" 0 drover plan --git "$repo" --out "$work/plan.json"
told "a saved plan of a repository" 64 drover apply "$work/plan.json"
told "is applied with it" 0 drover apply --yes "$work/plan.json" --git "$repo"
told "two sources" 64 drover plan --git "$repo" --config "$work/controller.yaml"
told "a path beside them" 64 drover plan --git "$repo" "$doc" shop
git -C "$repo" reset -q --hard HEAD~1

# ---- a file beside the repository ----
told "the document of yesterday, as a file" 3 drover plan "$doc"
has "cannot show that it is newer" "DR-B026" "$said"
git -C "$repo" show "$second:shop.yaml" >"$work/same.yaml"
told "the one agreed on, as a file" 0 drover plan "$work/same.yaml"
told "agree asks nobody here" 1 drover agree "$doc"
is "and writes nothing" "$second" "$(agreed "$east")"
told "agree" 0 drover agree --yes "$doc"
has "it says what that means" "metadata.generation is 0 or higher" "$said"
has "and that a repository was the source" "the ledgers have agreed on a commit" "$said"
is "is written into both" "generation:0 generation:0" "$(agreed "$east") $(agreed "$west")"
is "with who said so" "drover@%" "$(ledger "$east" term | jq -r .by | sed 's/@.*/@%/')"
told "then it plans" 0 drover plan "$doc"
told "agree again" 0 drover agree --yes "$doc"
has "has nothing to do" "already" "$said"
edit "$doc" "^metadata:" "metadata:\n  generation: 7"
edit "$doc" "rpo: 30s" "rpo: 50s"
told "a later generation" 0 drover apply --yes "$doc"
is "is agreed on" "generation:7" "$(agreed "$west")"
edit "$doc" "generation: 7" "generation: 6"
edit "$doc" "rpo: 50s" "rpo: 60s"
told "one that fell" 3 drover plan "$doc"
has "is told, with both" "metadata.generation is 6, and east has agreed on 7" "$said"
edit "$doc" "generation: 6" "generation: 8"
told "agree on a commit that is none" 64 drover agree --revision abc "$doc"

# ---- windows ----
sql "$west" "SET GLOBAL tidb_super_read_only = OFF"
tomorrow=$(LC_ALL=C date -u -d '+2 days' +%a)
cat >>"$doc" <<T
  policy:
    drift: {fence: correct}
    windows: [{days: [$tomorrow], from: "10:00", to: "11:00"}]
T
edit "$doc" "generation: 8" "generation: 9"
told "a fence outside of its window" 3 drover apply --yes --wait 3s "$doc"
has "waits for it" "policy.windows: what somebody notices may start again on $(date -u -d '+2 days' +%F) 10:00 UTC" "$said"
is "west is still open" 0 "$(sql "$west" "SELECT @@GLOBAL.tidb_super_read_only")"
edit "$doc" "drift: {fence: correct}" "approve: [disruptive]\\n    drift: {fence: correct}"
edit "$doc" "generation: 9" "generation: 10"
told "the revision is agreed on, the fence waits" 3 drover apply --yes --wait 1s "$doc"
digest=$(drover plan -o json "$doc" 2>/dev/null | jq -r '.digest[0:12]')
told "an approval ahead of the window" 0 drover approve --for 72h --yes "$digest" "$doc"
has "is good" "approved: plan $digest" "$said"
has "and found again" "approval: given by" "$(drover plan "$doc" 2>/dev/null)"
edit "$doc" "    approve: \[disruptive\]" "    approve: [destructive]"
edit "$doc" "generation: 10" "generation: 9"
told "back" 0 drover agree --yes "$doc"
edit "$doc" "days: \[$tomorrow\], from: \"10:00\", to: \"11:00\"" "from: \"00:00\", to: \"23:59\""
edit "$doc" "generation: 9" "generation: 10"
[ "$(date -u +%H:%M)" != 23:59 ] || sleep 61
told "inside" 3 drover apply --yes "$doc"
is "west is fenced" 1 "$(sql "$west" "SELECT @@GLOBAL.tidb_super_read_only")"
has "what was written meanwhile is not forgotten" "the fence was seen open from 20" "$said"
sleep 1
edit "$doc" "  replication:" "  replication:\\n    compared: $(date -u +%FT%TZ)"
told "once a person has compared" 0 drover apply --yes "$doc"

# ---- a lost ledger ----
sql "$east" "DROP TABLE mysql.drover_ledger"
told "a lost ledger" 3 drover apply --yes --wait 3s "$doc"
has "stops drover" "DR-B022" "$said"
has "and says the way on" 'ledger: {reset: {id: lost-east-1, cluster: east, term: 1, reason: ' "$said"
lacks "in one word" "DR-B024" "$said"
cat >>"$doc" <<T
  ledger: {reset: {id: LOST-1, cluster: east, term: 2, reason: "dropped by hand"}}
T
edit "$doc" "generation: 10" "generation: 11"
told "a word for another term" 3 drover plan "$doc"
has "does not apply" "it names term 2, west has 1" "$said"
edit "$doc" "term: 2, reason" "term: 1, reason"
told "the word" 0 drover apply --yes "$doc"
has "the peer gives the rows back" "give the lost ledger its rows back" "$said"
is "all of them" "birth consumed/LOST-1 edge/east/west epoch lease term " "$(ledger_keys "$east")"
becomes "and it is protected again" 30 is_protected
sql "$east" "DROP TABLE mysql.drover_ledger"
told "the next loss" 3 drover plan "$doc"
has "needs another word" "LOST-1 does not apply: it was used already, says west" "$said"
sim_down
verdict
