#!/bin/bash
# Bad input and broken worlds, one after the other: for each drover says a code, the fact and
# the way out, ends with 1 or 3 within its deadline, and changes nothing. `drover explain`
# knows every code that it says. Usage: tests/e2e/faults.sh [BUILD]
. "$(dirname "$0")/kit.sh"
. examples/quickstart/env
doc=$work/topology.yaml
declare -A explained=()

# explains NAME TEXT: each code of the text, once
explains() {
    local code
    for code in $(grep -oE 'DR-[A-Z][0-9]{3}' <<<"$2" | sort -u); do
        [ -z "${explained[$code]:-}" ] || continue
        explained[$code]=1
        told "$1: explain $code" 0 drover explain "$code"
        has "$1: $code has a way out" yes "$(grep -qE '^way out |^WHAT TO DO' <<<"$said" && echo yes)"
        [[ $code == DR-V* ]] || has "$1: $code says what is looked at" yes "$(grep -qiE '^looks at |^WHAT DROVER LOOKED AT' <<<"$said" && echo yes)"
    done
}
# refuses NAME CODE FACT [REASON]: plan and apply do, in time; the estate stays as it is.
# BRIEF: only plan is asked, since each command waits for the deadline of what hangs.
refuses() {
    local name=$1 code=$2 fact=$3 reason=${4:-} before began=$SECONDS wanted
    before=$(quiet_state)
    told "$name: plan" 3 drover plan "$doc"
    wanted=$said
    grep -qE '^(blocked|waits for):' <<<"$wanted" || return # else apply would really act
    has "$name: the code" "$code " "$wanted"
    has "$name: the fact" "$fact" "$wanted"
    [ -z "$reason" ] || has "$name: the reason" "[$reason]" "$wanted"
    has "$name: the way out" "way out  " "$wanted"
    is "$name: in time" yes "$([ $((SECONDS - began)) -le 20 ] && echo yes || echo "$((SECONDS - began)) s")"
    explains "$name" "$wanted"
    [ -z "${BRIEF:-}" ] || return
    told "$name: apply" 3 drover apply --yes --wait 1s "$doc"
    has "$name: apply says the same" "$fact" "$said"
    told "$name: status" 3 drover status "$doc"
    has "$name: status says the code" "$code " "$said"
    is "$name: nothing was changed" "$before" "$(quiet_state)"
    [ -z "${TIMES:-}" ] || echo "$((SECONDS - began)) s: $name"
}
# with SED NAME CODE FACT [REASON]: the same for a changed document
with() {
    cp "$doc" "$work/kept.yaml"
    sed -i -E "$1" "$doc"
    shift
    refuses "$@"
    mv "$work/kept.yaml" "$doc"
}
# while_ FAULT.. -- NAME CODE FACT [REASON]: the same under a fault; UNDO ends it
while_() {
    local fault=()
    while [ "$1" != -- ]; do fault+=("$1"); shift; done
    shift
    is "$1: the fault" "{}" "$(ctl "${fault[@]}")"
    refuses "$@"
    [ -z "${UNDO:-}" ] || ctl $UNDO >/dev/null
    UNDO=
}
# a request to the estate's storage, signed
store() {
    local method=$1 path=$2 body=${3:-}
    curl -s -m 10 --user minio:miniostorage --aws-sigv4 aws:amz:us-east-1:s3 -X "$method" \
        -H "x-amz-content-sha256:$(printf %s "$body" | sha256sum | cut -d' ' -f1)" \
        ${body:+--data-binary "$body"} "http://${west%.*}.11:6060/$path"
}

# ================================================ an estate that has not been touched yet
sim_up 20
gone=${west%.*}.11:6060
cdc1=${west%.*}.9:8300 cdc2=${west%.*}.10:8300

# ---- endpoints ----
UNDO="start $east2:4000" while_ kill "$east2:4000" -- "an instance that refuses" DR-B010 "SQL $east2:4000" DR-E005
BRIEF=1 UNDO="unhang $west:4000" while_ hang "$west:4000" -- "a half-open instance" DR-B010 "SQL $west:4000" DR-E004
BRIEF=1 UNDO="reach $east:4000" while_ cut "$east:4000" -- "an instance that nobody reaches" DR-B010 "SQL $east:4000"
with "s/$east2:4000, /X/; s/$east2:4000/$gone/" "HTTP where SQL is declared" DR-B010 "$gone"
with "s|http://${east_pd[0]}\"|http://$gone\"|; s|, \"http://${east_pd[1]}\", \"http://${east_pd[2]}\"||" "S3 where PD is declared" DR-B010 "PD"
with "s|http://${east_pd[0]}\"|http://no-such-host.invalid:2379\"|; s|, \"http://${east_pd[1]}\", \"http://${east_pd[2]}\"||" "a name that nobody knows" DR-B010 "no-such-host.invalid" DR-E005

# ---- the wrong cluster ----
swapped() { sed -E "s#$1#\\x01#g; s#$2#$1#g; s#\\x01#$2#g" "$doc" >"$doc.new" && mv "$doc.new" "$doc"; }
cp "$doc" "$work/right.yaml"
for n in 1 2 3; do swapped "${east%.*}\.$n:2379" "${west%.*}.$n:2379"; done
refuses "PD of the other cluster" DR-B011 "belongs to cluster"
cp "$work/right.yaml" "$doc"
swapped "${west%.*}\.9:8300" "${east%.*}.11:8300"
swapped "${west%.*}\.10:8300" "${east%.*}.12:8300"
refuses "TiCDC of the other cluster" DR-B046 "TiCDC"
cp "$work/right.yaml" "$doc"

# ---- accounts ----
DROVER_WEST_PASSWORD=wrong refuses "a wrong password" DR-B010 "Access denied for user 'drover'" DR-E006
sql "$west" "ALTER USER drover ACCOUNT LOCK"
refuses "a locked account" DR-B010 "ccount is locked" DR-E015
sql "$west" "ALTER USER drover ACCOUNT UNLOCK"
with "s/user: drover/user: nobody/" "an account that is not there" DR-B010 "Access denied for user 'nobody'" DR-E006

# ---- PD, TiCDC ----
for p in "${east_pd[@]}"; do ctl kill "$p" >/dev/null; done
refuses "no PD answers" DR-B010 "PD"
for p in "${east_pd[@]}"; do ctl start "$p" >/dev/null; done
becomes "PD is back" 30 eval '[ "$(ctl state clusters.east | jq .pd.ok)" = true ]'
ctl pd-leader-lost cluster=east >/dev/null
BRIEF=1 refuses "PD without a leader" DR-B010 "PD" DR-E011
becomes "PD has a leader again" 30 eval '[ "$(ctl state clusters.east | jq .pd.ok)" = true ]'
for p in "$cdc1" "$cdc2"; do ctl kill "$p" >/dev/null; done
refuses "no TiCDC answers" DR-B047 "TiCDC" DR-E005
for p in "$cdc1" "$cdc2"; do ctl start "$p" >/dev/null; done
becomes "TiCDC is back" 30 drover plan "$doc"
curl -s -m 10 -H 'Content-Type: application/json' -d "{\"changefeed_id\":\"theirs\",\"sink_uri\":\"mysql://root@$west:4000/\"}" "$feeds" >/dev/null
BRIEF=1 refuses "a feed of others out of the primary" DR-B045 "theirs"
curl -s -m 10 -X DELETE "$feeds/theirs" >/dev/null
sql "$west" "DROP DATABASE IF EXISTS tidb_cdc"
becomes "the feed is gone" 30 eval '[ "$(curl -s "$feeds" | jq .total)" = 0 ]'
sql "$west" "CREATE DATABASE tidb_cdc; CREATE TABLE tidb_cdc.syncpoint_v1 (id INT PRIMARY KEY)"
refuses "a feed wrote into the secondary once" DR-B042 "tidb_cdc"
sql "$west" "DROP DATABASE tidb_cdc"

# ---- storage ----
UNDO="start $gone" while_ kill "$gone" -- "storage that refuses" DR-B048 "storage" DR-E005
becomes "storage is back" 10 curl -s "http://$gone/"
DROVER_STORAGE_SECRET_KEY=wrong refuses "a wrong storage key" DR-B048 "SignatureDoesNotMatch" DR-E006
DROVER_STORAGE_ACCESS_KEY=nobody refuses "an unknown storage key" DR-B048 "InvalidAccessKeyId" DR-E006
with "s|s3://backup/|s3://nowhere/|" "a bucket that is not there" DR-B048 "NoSuchBucket" DR-E009
# ---- data ----
sql "$west" "CREATE DATABASE old; CREATE TABLE old.t (id INT PRIMARY KEY)"
refuses "tables in the way" DR-B041 "old"
sql "$west" "DROP DATABASE old"
sql "$east" "CREATE TABLE shop.keyless (a INT)"
refuses "a table that cannot be replicated" DR-B050 "shop.keyless"
sql "$east" "DROP TABLE shop.keyless"
sql "$west" "SET GLOBAL tidb_super_read_only = ON"
becomes "it spreads" 10 eval '[ "$(sql "$west2" "SELECT @@global.tidb_super_read_only")" = 1 ]'
refuses "a fence of somebody else" DR-B043 "tidb_super_read_only"
sql "$west" "SET GLOBAL tidb_super_read_only = OFF"
sql "$east" "SET GLOBAL tidb_super_read_only = ON"
becomes "it spreads" 10 eval '[ "$(sql "$east2" "SELECT @@global.tidb_super_read_only")" = 1 ]'
refuses "a primary that takes no writes" DR-B040 "fence"
sql "$east" "SET GLOBAL tidb_super_read_only = OFF"
becomes "it spreads" 10 eval '[ "$(sql "$east2" "SELECT @@global.tidb_super_read_only")" = 0 ]'
ctl collation cluster=west old=true >/dev/null
refuses "collations that differ" DR-B014 "ollation"
ctl collation cluster=west old=false >/dev/null
with "s/, $east2:4000\]/]/" "an instance that is not declared" DR-B015 "$east2:4000"
with "s/version: v8.5.3/version: v8.1.0/" "another version than declared" DR-B016 "v8.5.3"

# ---- documents: exit 1, before anything is asked ----
declared() { # NAME CODE SED: the document is refused, and a finding says where
    sed -E "$3" "$doc" >"$work/bad.yaml"
    told "$1" 1 drover plan "$work/bad.yaml"
    has "$1: the code" "$2" "$said"
    has "$1: the place" "bad.yaml:" "$said"
    explained[$2]=1
    told "$1: explain" 0 drover explain "$2"
}
declared "a typo in a field" DR-V020 's/^  primary:/  primray:/'
declared "a primary that is no cluster" DR-V052 's/^  primary: east/  primary: nowhere/'
declared "a literal password" DR-V029 's/password: \{env: DROVER_EAST_PASSWORD\}/password: east-drover/'
declared "the same account for two" DR-V069 's/user: drover/user: cdc/'
told "an empty environment variable" 1 env -u DROVER_EAST_PASSWORD "$build/drover" plan "$doc"
has "it is named" "DROVER_EAST_PASSWORD" "$said"
has "with a code" "[DR-E001]" "$said"
told "no such file" 1 drover plan "$work/none.yaml"
has "with a code, too" "[DR-E00" "$said"
told "without any of it" 0 drover plan "$doc"

# ================================================ a protected pair
# a prefix of another bootstrap is left alone: the next generation is taken
store PUT backup/shop/shop/east-to-west/g1/backup.lock "another bootstrap" >/dev/null
told "the pair is made" 0 drover apply --yes "$doc"
becomes "protected" 30 is_protected
id=$(curl -s "$feeds" | jq -r '.items[0].id')
is "beside a prefix of another bootstrap" shop-east-to-west-g2 "$id"
is "which nobody touched" "another bootstrap" "$(store GET backup/shop/shop/east-to-west/g1/backup.lock)"
# lost NAME EXIT TEXT: what status and plan say of a pair that was protected
lost() {
    local before
    before=$(quiet_state)
    told "$1: status" 3 drover status "$doc"
    has "$1: it says so" "$2" "$said"
    local shown=$said
    told "$1: plan" "$3" drover plan "$doc"
    explains "$1" "$shown$said"
    is "$1: nothing was changed" "$before" "$(quiet_state)"
}
meta=$(store GET "redo?list-type=2&prefix=" | grep -oE '<Key>[^<]*meta</Key>' | head -1 | sed 's/<[^>]*>//g')
has "there is a redo meta file" meta "$meta"
for damage in "no msgpack" $'\x82\xa6' $'\xdf\xff\xff\xff\xff'; do
    is "a file is put there" "" "$(store PUT "redo/${meta%/*}/other.meta" "$damage")"
    told "a damaged redo meta" 3 drover status "$doc"
    has "it is said" "redo" "$said"
    has "and no point in time is promised" "recoverable to unknown" "$said"
done
store DELETE "redo/${meta%/*}/other.meta" >/dev/null
ctl kill "$west2:4000" >/dev/null
lost "an instance of the secondary died" "SQL $west2:4000" 3
ctl start "$west2:4000" >/dev/null
ctl pd-leader-lost cluster=east >/dev/null
told "PD of the primary without a leader" 3 drover status "$doc"
has "it is not known" "NOT KNOWN" "$said"
has "with the reason" "DR-" "$said"
becomes "PD has a leader again" 30 eval '[ "$(ctl state clusters.east | jq .pd.ok)" = true ]'
ctl feed-error cluster=east feed="$id" code=CDC:ErrMySQLDuplicateEntry message=boom fatal=true >/dev/null
becomes "the feed fails" 20 eval '[ "$(curl -s "$feeds" | jq -r ".items[0].state")" = failed ]'
lost "a failed feed" "failed: CDC:ErrMySQLDuplicateEntry" 3
curl -s -X DELETE "$feeds/$id" >/dev/null
told "a feed that somebody deleted" 3 drover status "$doc"
has "is seen to be gone by one command" "was removed, and not by drover; it had carried all up to" "$said"
sed -i 's/^spec:$/spec:\n  policy: {drift: {changefeedRemoved: correct}}/' "$doc"
told "it is made anew where the policy says so" 0 drover apply --yes "$doc"
has "from where it was last seen" "goes on from" "$said"
is "by the name of the next generation" "${id%-g*}-g3 normal" "$(curl -s "$feeds" | jq -r '.items[] | "\(.id) \(.state)"')"
becomes "and the pair is protected again" 30 drover status "$doc"
has "which says how long history is kept" "history       kept for another" "$(drover status "$doc")"
curl -s -X POST "$feeds/${id%-g*}-g3/pause" >/dev/null
becomes "somebody pauses it" 10 eval '[ "$(curl -s "$feeds" | jq -r ".items[0].state")" = stopped ]'
told "it is asked about" 3 drover plan "$doc"
has "with the time that is left" "is stopped, and not by drover: its history is kept for another 23h" "$said"
ctl gc-advance cluster=east >/dev/null
sed -i 's/changefeedRemoved: correct/changefeedRemoved: correct, changefeedPaused: correct/' "$doc"
lost "its history is gone" "history       lost: a rebuild is needed" 3
told "apply resumes nothing" 3 drover apply --yes --wait 1s "$doc"
has "whatever the policy says" "the primary no longer keeps what it has to carry yet: a rebuild is needed" "$said"
is "it stands still" stopped "$(curl -s "$feeds" | jq -r '.items[0].state')"
sim_down

# ================================================ versions
# the document says no version: that of the estate is looked at
older() { sed -i "0,/version: v8.5.3/s//version: $old/" "$work/estate.yaml"; sed -i "/version: v8.5.3/d" "$doc"; }
for old in v7.1.5 v8.1.2; do
    EDIT=older sim_up 20
    refuses "a primary of $old" DR-B013 "$old"
    sim_down
done
is "many codes were explained" yes "$([ ${#explained[@]} -ge 25 ] && echo yes || echo "${!explained[*]}")"
verdict
