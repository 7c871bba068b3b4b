#!/bin/bash
# Accounts from outside: an estate without them says what lacks; exactly what `drover
# grants` prints makes it ready and brings the pair to protected; what is taken away is
# named with the GRANT that heals it.
# Usage: tests/e2e/grants.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
# Only the application's accounts are there.
EDIT=strip
strip() { sed -i -E '/^    - user: (drover|cdc|redo)$/,/^    (script:|- user: app)|^  (- name|storage):/{/^    - user: (drover|cdc|redo)$/d;/^      /d}' "$work/estate.yaml"; }
sim_up 20
. examples/quickstart/env
doc=$work/topology.yaml
lacks "the estate has none of them" "user: drover" "$(cat "$work/estate.yaml")"

# ---- before there are accounts ----
told "ready without accounts" 3 drover ready "$doc"
has "it says whose login is refused" "Access denied for user 'drover'" "$said"
has "unknown blocks" "unknown" "$said"
told "grants of a cluster that is none" 1 drover grants --cluster north "$doc"
for c in east west; do
    told "grants $c" 0 drover grants --cluster $c "$doc"
    echo "$said" >"$work/$c.sql"
    lacks "no password of $c is in it" "$c-drover" "$said"
done
is "offline: the same while nothing answers" "$(cat "$work/west.sql")" "$(DROVER_WEST_PASSWORD= drover grants --cluster west "$doc" 2>/dev/null)"

# paste HOST FILE: as an administrator would
paste() { timeout 20 mariadb --no-defaults --skip-ssl -h "$1" -P 4000 -u root <"$2" 2>&1; }
said=$(paste "$west" "$work/west.sql")
has "an unedited paste is no SQL" "ERROR 1064" "$said"
is "and makes no account" "" "$(sql "$west" "SELECT user FROM mysql.user WHERE user IN ('drover', 'cdc', 'redo')")"
for c in east west; do
    sed -i "s/<password>/'$c-drover'/" "$work/$c.sql"
done
is "east takes it" "" "$(paste "$east" "$work/east.sql")"
is "west takes it" "" "$(paste "$west" "$work/west.sql")"
is "and takes it again" "" "$(paste "$west" "$work/west.sql")"
is "the sink is made locked" Y "$(sql "$west" "SELECT account_locked FROM mysql.user WHERE user = 'cdc'")"
is "east has no sink" "" "$(sql "$east" "SELECT user FROM mysql.user WHERE user = 'cdc'")"

# ---- ready ----
told "ready" 0 drover ready --save-observed "$work/facts.json" "$doc"
has "in a word" "shop: ready" "$said"
has "each endpoint is there" "SQL $east2:4000: answers" "$said"
has "storage too" "backup storage: prefix 'shop/east-to-west/g1' is empty" "$said"
told "the saved facts say the same" 0 drover ready --observed "$work/facts.json" "$doc"
told "ready as JSON" 0 drover ready -o json "$doc"
is "which is JSON" "1 true 0" "$(jq -r '"\(.formatVersion) \(.ready) \(.blocks)"' <<<"$said")"
is "with an age for each endpoint" 0 "$(jq '[.checks[] | select(.topic == "endpoint" and .ageMs == null)] | length' <<<"$said")"
state=$(ctl print)
told "ready once more" 0 drover ready -b "$doc"
is "it changes nothing" "$state" "$(ctl print)"

# ---- without one of them ----
# missing HOST ACCOUNT PRIVILEGE ON: ready and plan name the GRANT, and it heals
missing() {
    local grant
    sql "$1" "REVOKE $3 ON $4 FROM '$2'" >/dev/null
    told "without $3 of $2: ready" 3 drover ready -b "$doc"
    grant=$(grep -o "GRANT [A-Z_, ]* ON .* TO '$2'@'%'" <<<"$said" | head -1)
    has "without $3 of $2: it names the GRANT" "$3" "$grant"
    told "without $3 of $2: plan" 3 drover plan "$doc"
    has "without $3 of $2: the same GRANT" "$grant" "$said"
    is "without $3 of $2: the GRANT runs as printed" "" "$(sql "$1" "$grant")"
    told "with $3 of $2 again" 0 drover ready -b "$doc"
}
missing "$west" drover DROP "*.*"
missing "$east" drover INSERT "mysql.drover_ledger"
missing "$west" cdc REFERENCES "*.*"
missing "$west" redo RESTRICTED_REPLICA_WRITER_ADMIN "*.*"
sql "$west" "REVOKE PROCESS ON *.* FROM drover"
told "without PROCESS" 3 drover ready -b "$doc"
has "what cannot be read is unknown" "unknown: " "$said"
sql "$west" "GRANT PROCESS ON *.* TO drover"
sql "$west" "GRANT SUPER ON *.* TO app"
told "SUPER of an application" 0 drover ready -b "$doc"
has "warns" "SUPER is held by 'app'" "$said"
sql "$west" "REVOKE SUPER ON *.* FROM app"

# ---- with exactly those ----
told "apply" 0 drover apply --yes --state "$work/state" "$doc"
becomes "the pair is protected" 30 is_protected
told "ready on the protected pair" 0 drover ready "$doc"
has "the parts of protected count" "one-feeder: 0 changefeeds of others" "$said"
has "redo storage is read" "redo storage: holds redo logs" "$said"
is "rows flow" "" "$(app "$east" "INSERT INTO orders (customer_id, item, amount) VALUES (1, 'fig', 9)")"
becomes "as the sink that was made" 20 sides_agree
curl -s -X POST "$feeds/$(curl -s "$feeds" | jq -r '.items[0].id')/pause" >/dev/null
becomes "a paused feed is not ready" 30 eval '[ "$(drover ready -o json "$doc" | jq .ready)" = false ]'
is "nothing was sent that nobody knows, but for the unedited paste" "[]" "$(ctl unknown | jq -c 'map(select(.text | contains("<password>") | not))')"
sim_down
verdict
