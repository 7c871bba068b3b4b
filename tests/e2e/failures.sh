#!/bin/bash
# The k-th read, write, connect, fsync, open, rename, mmap and malloc of every command fails,
# is interrupted again and again, or gives a byte at a time. Nothing crashes or hangs; what
# ends with 0 gives what it always gives; what stays behind is no obstacle to the next start.
# Usage: tests/e2e/failures.sh [BUILD]; DEPTH=N tries N of the k's of each, DEPTH=all each.
. "$(dirname "$0")/kit.sh"
. examples/quickstart/env
make -s --no-print-directory BUILDING=1 build/failing.so >/dev/null || exit 1
depth=${DEPTH:-3} shim=$here/build/failing.so
doc=$work/topology.yaml

# A number of errno each call may give; the last two are no errors for a program that is right.
declare -A errors=([read]="5 eintr short" [write]="28 5 eintr short" [connect]="111 110" [fsync]=5
    [open]="24 13" [rename]=28 [mmap]=12 [malloc]=12)

# failing CALL AT HOW OUT COMMAND..: runs drover so; its exit status
failing() {
    local call=$1 at=$2 how=$3 out=$4
    shift 4
    timeout -k 5 "${limit:-40}" env LD_PRELOAD="$shim" FAILING_CALL="$call" FAILING_AT="$at" FAILING_HOW="$how" \
        FAILING_COUNT="$out.count" "$build/drover" "$@" >"$out.out" 2>"$out.err" </dev/null
}
# which N: the k's that are tried of N
which() {
    local n=$1 i
    [ "$n" -gt 0 ] || return
    if [ "$depth" = all ] || [ "$n" -le "$depth" ]; then
        seq "$n"
    else
        for ((i = 0; i < depth; i++)); do echo $((1 + i * (n - 1) / (depth - 1))); done | sort -nu
    fi
}
# may NAME STATUS CALL: a status that is allowed after a failure
may() {
    case $2 in
    0 | 1 | 3) ok ;;
    124) is "$1: only run goes on trying, and ends when it is told to" run "${1%% *}" ;;
    134) is "$1: aborts for want of memory only" malloc "$3" ;;
    *) no "$1" "exit status 0, 1 or 3 (malloc: 134)" "$2: $(tail -3 "$4.err")" ;;
    esac
}
# what of a command's output must not depend on luck
essence() { grep -vE '^$|^(note:|  note|  lag|  heartbeat|  recoverable|  controller|  held)|ago$| left until|[0-9]ms' "$1" | sed 's/[0-9]* rising//'; }

# tries NAME COMMAND..: all calls of one command that changes nothing
tries() {
    local name=$1 call how k n status base out
    shift
    base=$work/base.$name
    failing none 0 0 "$base" "$@"
    local good=$?
    for call in read write connect fsync open rename mmap malloc; do
        failing "$call" 0 0 "$work/count" "$@"
        n=$(cat "$work/count.count" 2>/dev/null || echo 0)
        for how in ${errors[$call]}; do
            for k in $(which "$n"); do
                while [ "$(jobs -rp | wc -l)" -ge 5 ]; do wait -n; done
                out=$work/try.$name.$call.$how.$k
                (failing "$call" "$k" "$how" "$out" "$@"; echo $? >"$out.status") 2>/dev/null &
            done
        done
    done
    while [ "$(jobs -rp | wc -l)" -gt 1 ]; do wait -n; done # the estate stays
    for out in "$work"/try."$name".*.status; do
        [ -e "$out" ] || continue
        out=${out%.status}
        status=$(<"$out.status")
        IFS=. read -r call how k <<<"${out#"$work/try.$name."}"
        local title="$name with $call $k failing ($how)"
        may "$title" "$status" "$call" "$out"
        if [ "$how" = eintr ] || [ "$how" = short ]; then
            is "$title changes nothing" "$good" "$status"
        fi
        [ "$status" != "$good" ] || [ "$good" != 0 ] || is "$title: same output" "$(essence "$base.out")" "$(essence "$out.out")"
        [ "$status" != 1 ] || has "$title: says why" yes "$(grep -qE 'error|DR-' "$out.err" "$out.out" && echo yes)"
    done
}

sim_up 50
mkdir "$work/many"
cp "$doc" "$work/many/"
before=$(quiet_state)
tries validate validate "$work/many"
tries explain explain DR-B041
tries schema schema
tries plan plan "$doc"
is "none of it changed anything" "$before" "$(quiet_state)"
for command in "explain rules" "schema" "validate $work/many" "plan $doc" "status $doc"; do
    "$build/drover" $command >/dev/full 2>"$work/full.err" </dev/null
    is "'${command%% *}' onto a full disk" 1 $?
done

# ---- standard input, and a reader that had enough ----
told "validate of what is piped in" 0 bash -c "'$build/drover' validate - <'$doc'"
told "and of what is wrong there" 1 bash -c "echo 'kind: Nothing' | '$build/drover' validate -"
has "names it" "-:1:" "$said"
(trap '' PIPE; "$build/drover" explain --all 2>"$work/piped") | head -c 10 >/dev/null # over what a pipe holds
is "a reader that leaves is no failure" "0 " "${PIPESTATUS[0]} $(cat "$work/piped")"

# ---- a bootstrap that fails again and again, until it is whole ----
id=0
limit=12
# chain COMMAND..: from some call on all fail, as on a disk that is full or a network that is
# gone; each time a little later. Then without: protected.
chain() {
    local call how k out
    for k in $moments; do
        for call in write read fsync connect open; do
            how=${errors[$call]%% *}+
            id=$((id + 1))
            out=$work/chain$id
            case $call in
            fsync) failing fsync $((k / 10 + 1)) "$how" "$out" "$@" ;;
            connect | open) failing "$call" $((k / 3 + 1)) "$how" "$out" "$@" ;;
            *) failing "$call" "$k" "$how" "$out" "$@" ;;
            esac
            may "$1 with $call failing from $k on" $? "$call" "$out"
        done
        failing malloc $((k * 500)) 12 "$out" "$@"
        may "$1 with malloc $((k * 500)) failing" $? malloc "$out"
    done
    local patient=("${@/#3s/40s}")
    told "$1 without a failure goes on" 0 drover "${patient[@]/#900ms/50s}"
    local last=$said
    told "$1: protected" 0 drover status "$doc"
    [ $failed = 0 ] || tail -5 <<<"$last"
    is "$1: one feed" 1 "$(curl -s "$feeds" | jq .total)"
    becomes "$1: both sides agree" 10 sides_agree
    is "$1: GC runs" "1 10m0s 1 10m0s " "$(gc_of)"
}
moments="3 40 160"
[ "$depth" = all ] || moments=60
chain apply --yes --state "$work/state1" --lease 1s --wait 3s --give-up-after 900ms "$doc"
limit=40 tries status status "$doc"
sim_down
sim_up 50
git init -q -b main "$work/repo"
cp "$doc" "$work/repo/"
commit "$work/repo" shop
chain run --once --git "$work/repo" --state "$work/state2" --interval 300ms --lease 1s
is "nothing was sent that nobody knows" "[]" "$(ctl unknown)"
sim_down
verdict
