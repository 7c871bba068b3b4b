#!/bin/bash
# A changefeed that drover paused to change its settings runs again, however drover ends:
# asked to stop, killed and then told by the document to pause, or left alone by TiCDC.
# Usage: tests/e2e/ending.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
. examples/quickstart/env
t=$work/topology.yaml
docs=$work/docs

state() { curl -s "$feed" | jq -r .state; }
rests() { [ "$(state)" = stopped ]; }
runs() { [ "$(state)" = normal ]; }
has_interval() { [ "$(curl -s "$feed" | jq -r .config.sync_point_interval)" = "$(($1 * 60000000000))" ]; }
edit() { sed -i "s/syncPoint: {interval: [0-9]*m}/syncPoint: {interval: $1m}/" "$docs/topology.yaml"; }
controller() { # NAME
    start "$1" "$build/drover" run --dir "$docs" --state "$work/$1" --interval 300ms --lease 5s
    run=$started
}
until_it_rests() {
    for _ in $(seq 1 1500); do
        rests && return
        sleep 0.02
    done
}

sim_up 5
mkdir "$docs" && cp "$t" "$docs"
told "bootstrap" 0 drover apply --yes --wait 60s "$t"
feed=$feeds/$(curl -s "$feeds" | jq -r '.items[0].id')

# so that its pause lasts long enough to be seen
for at in $(grep -oE '127\.[0-9.]+:8300' "$t" | sort -u); do ctl slow "at=$at" ms=200 >/dev/null; done
controller asked
edit 11
until_it_rests
finish "$run" TERM
is "asked to stop while it is paused: it runs" normal "$(state)"

controller killed
until_it_rests
finish "$run" KILL
is "killed while it is paused: it stands" stopped "$(state)"
sed -i 's/^  bootstrap:/  paused: true\n&/' "$docs/topology.yaml"
controller paused
becomes "the document says paused: it runs again" 20 runs
finish "$run" TERM
sed -i '/^  paused: true/d' "$docs/topology.yaml"
edit 12
controller again
becomes "the document goes on: the edit is carried out" 40 has_interval 12
becomes "and it runs" 20 runs

finish "$run" TERM

# TiCDC takes the pause, and not the update
ctl clear >/dev/null
ctl error match="PUT /api/v2/changefeeds/" number=401 count=100 >/dev/null
sed -i 's/syncPoint: {interval: [0-9]*m}/syncPoint: {interval: 13m}/' "$t"
told "an update that TiCDC does not take" 3 drover apply --yes --wait 30s "$t"
has "is told by its code, with TiCDC's answer" "DR-B069 east: replication.syncPoint.interval: declared 13m, live 12m; TiCDC did not take that" "$said"
has "whatever it is" "HTTP 401" "$said"
is "the changefeed runs" normal "$(state)"
is "as it did" yes "$(has_interval 12 && echo yes)"
ctl calm >/dev/null
told "once it is taken" 0 drover apply --yes --wait 30s "$t"
is "it is as declared" yes "$(has_interval 13 && echo yes)"
verdict
