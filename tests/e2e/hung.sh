#!/bin/bash
# A topology whose endpoints take connections and never answer costs no other topology its
# interval. Usage: tests/e2e/hung.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
sim_up 20
. examples/quickstart/env
mkdir "$work/topologies"
cp "$work/topology.yaml" "$work/topologies/shop.yaml"
start run "$build/drover" run --dir "$work/topologies" --state "$work/state" --interval 1s
becomes "the pair is protected" 60 is_protected

# mean_interval SECONDS: between two heartbeats, in ms, by their own TSOs
mean_interval() {
    local end=$((SECONDS + $1)) first= last= count=0 now
    while [ $SECONDS -lt "$end" ]; do
        now=$(sql "$east" "SELECT MAX(tso) >> 18 FROM drover.heartbeat")
        if [ -n "$now" ] && [ "$now" != "$last" ]; then
            [ -n "$first" ] || first=$now
            last=$now
            count=$((count + 1))
        fi
        sleep 0.1
    done
    [ $count -gt 2 ] && echo $(((last - first) / (count - 1)))
}
before=$(mean_interval 12)

# the same shape once more, on addresses that are taken and then stopped
own_east=$east
EDIT=other_name
other_name() { sed -i 's/name: shop$/name: stuck/' "$work/topology.yaml"; }
sim_up 20 --quiet --ctl "$work/ctl.stuck"
kill -STOP "$sim"
cp "$work/topology.yaml" "$work/topologies/stuck.yaml"
east=$own_east
becomes "the stuck topology is looked at" 20 grep -q 'Z stuck: ' "$work/run.log"
after=$(mean_interval 12)
echo "mean interval: $before ms alone, $after ms beside a topology that hangs"
is "its interval holds within 10 % (and the jitter of one round)" yes \
    "$([ -n "$before" ] && [ -n "$after" ] && [ "$after" -le $((before * 110 / 100 + 30)) ] && echo yes || echo "$before -> $after")"
kill -CONT "$sim"
verdict
