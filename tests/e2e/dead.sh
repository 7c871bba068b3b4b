#!/bin/bash
# What is dead costs one wait, not the sum of many; what is only slow is still seen.
# Usage: tests/e2e/dead.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
. examples/quickstart/env
t=$work/topology.yaml

# within NAME MS STATUS COMMAND..: ends with STATUS in time, output in $said
within() {
    local name=$1 ms=$2 status=$3 from
    shift 3
    from=$(date +%s%3N)
    told "$name" "$status" "$@"
    took=$(($(date +%s%3N) - from))
    echo "$name: $took ms"
    is "$name: within $ms ms" yes "$([ $took -le "$ms" ] && echo yes || echo "$took")"
}
every() { # FAULT [ARGUMENTS]: of each SQL instance, PD and TiCDC
    for at in $(grep -oE '127\.[0-9]+\.[0-9]+\.[0-9]+:[0-9]+' "$t" | grep -v 6060 | sort -u); do ctl "$1" "at=$at" "${@:2}" >/dev/null; done
}

sim_up 50
told "bootstrap" 0 drover apply --yes --wait 60s "$t"
becomes "the pair is protected" 30 is_protected

store=$(grep -oE '127\.[0-9.]+:6060' "$t" | head -1)
ctl kill "at=$store" >/dev/null
within "status with storage down" 3500 3 drover status "$t"
has "it says why" "redo logs not known" "$said"
ctl start "at=$store" >/dev/null

every slow ms=300
becomes "slow servers are seen, and the pair is protected" 30 is_protected
every slow ms=0

kill -STOP "$sim"
within "status of an estate that takes connections and says nothing" 7000 3 drover status "$t"
has "it is not known to be protected" "NOT KNOWN" "$said"
kill -CONT "$sim"
becomes "the pair is protected again" 30 is_protected

# One of several: any instance tells of the primary what is the whole cluster's, and takes
# lease and heartbeat; of the secondary each one tells of its own fence.
mkdir "$work/one" && cp "$t" "$work/one"
start run "$build/drover" run --dir "$work/one" --state "$work/state" --interval 500ms --lease 5s
beats() { sql "$1" "SELECT tso FROM drover.heartbeat"; }
beats_on() { [ "$(beats "$east2")" != "$last" ]; }
run=$started
becomes "the controller acts" 20 grep -q 'took over' "$work/run.log"
ctl kill "at=$east:4000" >/dev/null
becomes "with one instance of the primary dead the pair is protected" 20 is_protected
last=$(beats "$east2")
becomes "and the heart beats" 10 beats_on
ctl start "at=$east:4000" >/dev/null
ctl kill "at=$west2:4000" >/dev/null
told "with one of the secondary dead" 3 drover status "$t"
has "its fence is not known" "the fence of west is not known: $west2:4000 does not answer" "$said"
becomes "since when is known to who looked before" 20 grep -q "$west2:4000 does not answer since 20" "$work/run.log"
ctl start "at=$west2:4000" >/dev/null
finish "$run" TERM
becomes "all instances are back" 30 is_protected

told "ready that cannot log in" 3 env DROVER_EAST_PASSWORD=other "$build/drover" ready "$t"
lacks "calls nothing unreachable that it did not ask" "not asked yet
          way out  make the endpoint reachable" "$said"
sed "/name: west/,\$ s/sink: {address: \"$west:4000\"}/sink: {address: \"${west%.*}.77:4000\"}/" "$t" >"$work/sink.yaml"
told "a sink address where nobody is" 3 drover ready "$work/sink.yaml"
has "is told" "cannot look behind sink.address ${west%.*}.77:4000" "$said"

sim_down
within "plan of a dead estate" 2000 3 drover plan "$t"
within "status of a dead estate" 2000 3 drover status "$t"
verdict
