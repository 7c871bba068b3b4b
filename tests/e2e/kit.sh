# Sourced by the end-to-end scripts: counting, an estate of the quickstart's shape on
# addresses of its own, SQL on it, bounded waits. Sets: work, net, build, passed, failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${1:-build}
here=$PWD
case $build in /*) ;; *) build=$here/$build ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/walked-XXXXXX")
passed=0 failed=0 sim= begin=$SECONDS
declare -A alive=() # processes that this script started
export XDG_STATE_HOME=$work/xdg GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=e2e GIT_AUTHOR_EMAIL=e2e@example.com
export GIT_COMMITTER_NAME=e2e GIT_COMMITTER_EMAIL=e2e@example.com
unset NO_COLOR

. tests/e2e/canary.sh

kit_end() {
    for p in "${!alive[@]}"; do kill -9 "$p" 2>/dev/null && wait "$p" 2>/dev/null; done
    [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
}
trap kit_end EXIT
trap 'exit 130' INT TERM

ok() { passed=$((passed + 1)); }
no() {
    failed=$((failed + 1))
    if [ $((${#2} + ${#3})) -gt 3000 ]; then # long ones: where they differ
        printf 'FAILED %s\n%s\n' "$1" "$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | head -30)"
    else
        printf 'FAILED %s\n  want: %s\n  got:  %s\n' "$1" "$2" "$3"
    fi
}
is() { if [ "$3" = "$2" ]; then ok; else no "$1" "$2" "$3"; fi; }          # NAME WANT GOT
has() { if [[ "$3" == *"$2"* ]]; then ok; else no "$1" "..$2.." "$3"; fi; } # NAME PART GOT
lacks() { if [[ "$3" != *"$2"* ]]; then ok; else no "$1" "not ..$2.." "$3"; fi; }
verdict() {
    canary_sweep
    echo "made in $((SECONDS - begin)) s"
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

# until SECONDS COMMAND..: again and again until it succeeds; 1: it did not in time
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}
# becomes NAME SECONDS COMMAND..: as a test
becomes() {
    local name=$1 seconds=$2
    shift 2
    if until_true "$seconds" "$@"; then ok; else no "$name" "within $seconds s: $*" "$("$@" 2>&1 | tail -5)"; fi
}

# start NAME COMMAND..: in the background; its id in $started, output in $work/NAME.{out,log}
start() {
    local name=$1
    shift
    rm -f "$work/$name.out" "$work/$name.log" # the child makes them anew, a moment later
    "$@" >"$work/$name.out" 2>"$work/$name.log" </dev/null &
    started=$!
    alive[$started]=$name
}
# finish ID [SIGNAL]: ends it, gives its exit status; 9: after 20 s by force
finish() {
    local status
    canary_process "$1"
    [ -z "${2:-}" ] || kill "-$2" "$1" 2>/dev/null
    for _ in {1..200}; do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$1" 2>/dev/null
    { wait "$1"; } 2>/dev/null
    status=$?
    unset "alive[$1]"
    return $status
}

# Copies the quickstart to $work with the addresses of network $1 (127.A.B and 127.A.B+1).
addresses() {
    local to="${1%.*}.$((${1##*.} + 1))"
    for f in "$here"/examples/quickstart/*.yaml; do
        sed "s/127\.0\.1\./$1./g; s/127\.1\.1\./$to./g" "$f" >"$work/$(basename "$f")"
    done
    east=$1.4 east2=$1.5 west=$to.4 west2=$to.5 feeds=http://$to.9:8300/api/v2/changefeeds
    east_pd=("$1.1:2379" "$1.2:2379" "$1.3:2379")
}
# sim_up SPEED [OPTIONS]: starts the estate on a free network; sets net, sim and the
# addresses. EDIT, when set, is a function that changes $work/estate.yaml first.
sim_up() {
    local speed=$1
    shift
    for _ in {1..20}; do
        net=127.$((192 + RANDOM % 60)).$((1 + RANDOM % 250))
        addresses "$net"
        [ -z "${EDIT:-}" ] || "$EDIT"
        start sim "$build/drover-sim" "$work/estate.yaml" --speed "$speed" --ctl "$work/ctl" "$@"
        sim=$started
        until_true 30 sim_spoke
        if grep -q '^ready' "$work/sim.out"; then return 0; fi
        finish "$sim" TERM
        grep -q 'cannot listen' "$work/sim.log" || break
    done
    no "drover-sim starts" ready "$(cat "$work/sim.out" "$work/sim.log"; kill -0 "$sim" && echo "it runs")"
    verdict
}
sim_spoke() { grep -q '^ready' "$work/sim.out" || ! kill -0 "$sim"; }
sim_down() { finish "$sim" TERM; }
ctl() { "$build/drover-sim" ctl --socket "$work/ctl" "$@" 2>&1; }

# sql HOST STATEMENTS [OPTIONS]: as root of the simulated estate; rows without a header
sql() {
    local host=$1 text=$2
    shift 2
    timeout 10 mariadb --no-defaults --skip-ssl --skip-auto-rehash -N -B -h "$host" -P 4000 -u root "$@" -e "$text" 2>&1
}
app() {
    local host=$1 text=$2
    MYSQL_PWD=app timeout 10 mariadb --no-defaults --skip-ssl --skip-auto-rehash -N -B -h "$host" -P 4000 -u app shop -e "$text" 2>&1
}
ledger() { sql "$1" "SELECT value FROM mysql.drover_ledger WHERE k = '$2'"; }
ledger_keys() { sql "$1" "SELECT k FROM mysql.drover_ledger ORDER BY k" | tr '\n' ' '; }
gc_of() { for h in "$east" "$east2"; do sql "$h" 'SELECT @@GLOBAL.tidb_gc_enable, @@GLOBAL.tidb_gc_life_time'; done | tr '\t\n' '  '; }
# What both sides hold of the business schema, to compare.
rows_of() { for t in customers orders; do sql "$1" "SELECT * FROM shop.$t ORDER BY id"; done | sha256sum; }
sides_agree() { [ "$(rows_of "$east")" = "$(rows_of "$west")" ]; }
# The whole state but for what a lease, a heartbeat and TiCDC's own work move.
quiet_state() {
    ctl print | jq -cS 'del(.clusters[].pd.safepoints, .storage, .clusters[].cdc.owner)
        | (.clusters[].tables[]? | select(.name == "drover_ledger") | .rows) |= map(select(.[1] != "lease" and .[1] != "epoch") | .[0:3])
        | (.clusters[].tables[]? | select(.name == "heartbeat") | .rows) |= map(.[0:1])'
}

drover() { timeout 60 "$build/drover" "$@"; }
# told NAME STATUS COMMAND..: exit status, output in $said (both streams)
told() {
    local name=$1 want=$2
    shift 2
    said=$("$@" 2>&1 </dev/null)
    is "$name: exit status" "$want" $?
    printf '%s\n' "$said" >>"$work/said"
}
is_protected() { drover status "$work/topology.yaml" >/dev/null 2>&1; }
commit() { git -C "$1" add -A && git -C "$1" commit -q -m "$2"; } # REPOSITORY TEXT
