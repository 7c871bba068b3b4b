#!/bin/bash
# Everything `make check` runs, each part with its counts; the last line is
# "N passed, N failed". check.sh [PART..]: only these parts.
set -u
cd "$(dirname "$0")/.."
MAKE=${MAKE:-make}
jobs=${JOBS:-$(nproc)}
lanes=$((jobs + 1))
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0
begin=$SECONDS

wanted() { # NAME
    [ ${#only[@]} = 0 ] || [[ " ${only[*]} " == *" $1 "* ]]
}
# run NAME COMMAND..: keeps its output, exit status and seconds in $logs
run() {
    local name=$1 start=$SECONDS status=0
    shift
    "$@" >"$logs/$name" 2>&1 || status=$?
    echo "$status $((SECONDS - start))" >"$logs/$name.end"
}
# tell NAME: the last "N passed, N failed" of its output; without one the part counts as a
# single test.
tell() {
    local name=$1 status seconds p f line left
    read -r status seconds <"$logs/$name.end"
    line=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$logs/$name" | tail -1)
    p=$(grep -oE '[0-9]+ passed' <<<"$line" | tail -1 | cut -d' ' -f1)
    f=$(grep -oE '[0-9]+ failed' <<<"$line" | tail -1 | cut -d' ' -f1)
    if [ -z "$p" ]; then
        p=$((status == 0)) f=$((status != 0))
    elif [ "$status" != 0 ] && [ "$f" = 0 ]; then
        f=1
    fi
    left=$(grep -oE '[0-9]+ not run' <<<"$line")
    printf '== %-18s %5d passed, %d failed%s  (%d s)\n' "$name" "$p" "$f" "${left:+, $left}" "$seconds"
    passed=$((passed + p)) failed=$((failed + f))
    grep 'left out$' "$logs/$name" | sed 's/^/   | /'
    [ "$f" = 0 ] || tail -40 "$logs/$name" | sed 's/^/   | /'
}
part() {
    wanted "$1" || return 0
    run "$@"
    tell "$1"
}
# several at once: programs that mostly wait for each other. Told as they end.
parts() { # FILE..
    local -A names=()
    local file name pid
    while [ $# -gt 0 ] || [ ${#names[@]} -gt 0 ]; do
        while [ $# -gt 0 ] && [ ${#names[@]} -lt "$lanes" ]; do
            file=$1 name=$(basename "$1" .sh)
            shift
            wanted "$name" || continue
            run "$name" bash "$file" &
            names[$!]=$name
        done
        [ ${#names[@]} -gt 0 ] || break
        wait -n -p pid
        tell "${names[$pid]}"
        unset "names[$pid]"
    done
}

build() { $MAKE --no-print-directory -j"$jobs" BUILDING=1 "$@"; }

# Criterion counts in its own words, and neither leaks nor "no test at all" fail it.
unit() {
    local asan=$logs/reports out=$logs/unit.out
    mkdir -p "$asan"
    ASAN_OPTIONS=log_path=$asan/report \
        LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0 \
        timeout 600 build/asan/unit --jobs "$jobs" >"$out" 2>&1
    local line tested bad
    grep -E '^\[(FAIL|----)' "$out" | head -60
    line=$(grep -E 'Synthesis: Tested' "$out" | tail -1)
    tested=$(sed -nE 's/.*Passing: *[^0-9]*([0-9]+).*/\1/p' <<<"$line")
    bad=$(sed -nE 's/.*Failing: *[^0-9]*([0-9]+).*Crashing: *[^0-9]*([0-9]+).*/\1 \2/p' <<<"$line")
    set -- $bad
    local f=$((${1:-1} + ${2:-0}))
    if [ -n "$(find "$asan" -type f -size +0 2>/dev/null)" ]; then
        head -60 "$asan"/report* | head -120
        f=$((f + 1))
    fi
    [ "${tested:-0}" -ge 50 ] || f=$((f + 1))
    echo "${tested:-0} passed, $f failed"
    [ "$f" = 0 ]
}

only=("$@")
part gcc build CC=gcc BUILD=build binaries build/unit build/golden
part style tests/gates/style.sh
part floors tests/gates/floors.sh
part pure tests/gates/pure.sh build gcc
part golden build/golden
part clang build CC=clang BUILD=build/clang binaries tests-read
part asan build SANITIZE=1 BUILD=build/asan binaries build/asan/unit
part unit unit
# those that measure, or use all there is of the machine, say "# Alone"
mapfile -t alone < <(grep -l '^# Alone' tests/parts/*.sh)
mapfile -t beside < <(grep -L '^# Alone' tests/parts/*.sh)
parts "${beside[@]}"
for file in "${alone[@]}"; do part "$(basename "$file" .sh)" bash "$file"; done
echo "made in $((SECONDS - begin)) s"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
