#!/bin/bash
# The cases of tests/conformance against drover-sim, in seconds; what this run did not cover
# is told in words. Also: every case can fail, and the report of a real cluster's run.
. tests/e2e/kit.sh

conform() { "$build/conformance" "$@" 2>&1; }
# what an estate of tests/conformance/estate.yaml is asked with, on network $1
asked() {
    local to="${1%.*}.$((${1##*.} + 1))"
    printf '%s\n' --simulated --change-cluster --tidb "$1.4:4000,$1.5:4000" --status "$1.4:10080,$1.5:10080" \
        --pd "$1.1:2379,$1.2:2379,$1.3:2379" --ticdc "$to.9:8300,$to.10:8300" \
        --s3 "$to.11:6060" --s3-key-file "$work/key" \
        --set "sink=mysql://sink:sink@$to.4:4000/" --set "sink_host=$to.4:4000" \
        --set "down=$to.4:4000" --set down_user=root --set "down_password=@$work/nothing" \
        --set backup=1 --set bucket=backup --set "s3=http://$to.11:6060" \
        --set "backup_query=access-key=minio&secret-access-key=miniostorage&endpoint=http://$to.11:6060&force-path-style=true" \
        --set "redo=s3://redo/conformance?access-key=minio&secret-access-key=miniostorage&endpoint=http://$to.11:6060&force-path-style=true"
}
own_estate() {
    local to="${net%.*}.$((${net##*.} + 1))"
    sed "s/127\.0\.1\./$net./g; s/127\.1\.1\./$to./g" "$here/tests/conformance/estate.yaml" >"$work/estate.yaml"
}

into=${build#"$here"/}
make -s --no-print-directory BUILDING=1 BUILD="$into" "$into/conformance" "$into/statements" || no "they build" "" ""
EDIT=own_estate sim_up 60
echo minio:miniostorage >"$work/key"
: >"$work/nothing" # root's password
ctl gc cluster=east >/dev/null # a cluster that has run for a while has a GC safe point
mapfile -t options < <(asked "$net")
conform "${options[@]}" tests/conformance/cases/*.yaml >"$work/all" || cat "$work/all"
grep -E 'passed|not run|not covered|rest on' "$work/all" | sed '$d'
counted=$(tail -1 "$work/all")
passed=$((passed + $(cut -d' ' -f1 <<<"$counted"))) failed=$((failed + $(cut -d' ' -f3 <<<"$counted")))
# TiCDC of the second cluster is of the new architecture
to="${net%.*}.$((${net##*.} + 1))"
conform --simulated --tidb "$to.4:4000" --ticdc "$net.11:8300" --set "sink=mysql://sink:sink@$east:4000/" \
    tests/conformance/cases/ticdc_new.yaml >"$work/new" || cat "$work/new"
counted=$(tail -1 "$work/new")
passed=$((passed + $(cut -d' ' -f1 <<<"$counted"))) failed=$((failed + $(cut -d' ' -f3 <<<"$counted")))
is "the new architecture is asked" yes "$([ "$(cut -d' ' -f1 <<<"$counted")" -ge 20 ] && echo yes || echo "$counted")"
is "400 cases and more" yes "$([ "$passed" -ge 400 ] && echo yes || echo "$counted")"
is "nothing is left behind" "" "$(sql "$east" "SELECT SCHEMA_NAME FROM information_schema.schemata WHERE SCHEMA_NAME LIKE 'drover_conf%'; SELECT User FROM mysql.user WHERE User LIKE 'drover_conf%'")"

# a case that is wrong fails, with the difference
cat >"$work/wrong.yaml" <<'YAML'
area: wrong
source: none
cases:
- {name: rows, sql: SELECT 1, rows: [[2]]}
- {name: error, sql: SELECT 1, error: 1064 42000}
- {name: no error, sql: SELEC 1}
- {name: columns, sql: SELECT 1 AS a, columns: [b]}
- {name: affected, sql: DO 1, affected: 5}
- {name: status, pd: GET /pd/api/v1/nosuch}
- {name: a member, pd: GET /pd/api/v1/cluster, json: {id: 5}}
- {name: a member's type, pd: GET /pd/api/v1/health, json: {some: {health: "true"}}}
- {name: text, pd: GET /pd/api/v1/ping, text: pong}
- {name: a header, pd: GET /pd/api/v1/ping, header: {Content-Length: "7"}}
- {name: in time, pd: GET /pd/api/v1/cluster, json: {id: 5}, within: 200ms}
- {name: login, login: {user: root, password: wrong}}
YAML
said=$(conform "${options[@]}" "$work/wrong.yaml")
is "each wrong case fails" "0 passed, 12 failed" "$(tail -1 <<<"$said")"
has "it says what was wanted and what came" $'row 1, cell 1\n  want: 2\n  got:  1' "$said"
printf 'area: a\nsource: b\ncases:\n- {name: x, sql: SELECT 1, rosw: [[1]]}\n' >"$work/word.yaml"
has "a word it does not know is an error" "unknown word 'rosw'" "$(conform "${options[@]}" "$work/word.yaml")"
printf 'area: a\ncases:\n- {name: x, sql: SELECT 1}\n' >"$work/word.yaml"
has "a case without a source is an error" "no source" "$(conform "${options[@]}" "$work/word.yaml")"

# a statement that drover can send and that TiDB's parser would not see (parser.sh)
"$build/statements" >"$work/statements"
is "each call and step has a statement" 0 $?
is "and they are many" yes "$([ "$(wc -l <"$work/statements")" -ge 70 ] && echo yes)"

# what a run on somebody's cluster leaves out
said=$(conform --simulated --tidb "$east:4000" tests/conformance/cases/{fence,ids,ticdc,variables}.yaml)
has "without more it changes no settings" "(changes settings of the whole cluster)" "$said"
has "it says which endpoints are missing" "(needs ticdc)" "$said"
has "nothing fails for that" ", 0 failed" "$(tail -1 <<<"$said")"
sim_down
verdict
