#!/bin/bash
# The museum of planted bugs: a test of the tests. Each exhibit is a patch; it is planted
# alone, in a copy of the tree, and must be found by the check that it names, in time.
#
#   tests/museum/museum.sh [NAME..]      these, or all
#   PART=2/3                             the second third of them, in the order of their names
#   JOBS=2 BUDGET=90 SEED=1              lanes; seconds for one exhibit; of the simulation
#
# An exhibit's head: what is planted; then how it is found, tried in order, one a line:
#   sim: NAME..     a family, a story or a scenario of build/sim. Numbers move with the
#                   code: where one is given, its story follows
#   golden          build/golden
#   unit: FILTER..  build/unit --filter FILTER
set -u
cd "$(dirname "$0")/../.."
jobs=${JOBS:-$(nproc)} budget=${BUDGET:-90} seed=${SEED:-1}
names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(cd tests/museum && ls -- *.patch | sed 's/\.patch$//')
if [ -n "${PART:-}" ]; then
    some=()
    for i in "${!names[@]}"; do
        [ $((i % ${PART#*/} + 1)) != "${PART%/*}" ] || some+=("${names[i]}")
    done
    names=("${some[@]}")
fi
trees=$(mktemp -d)
trap 'rm -rf "$trees"' EXIT
trap 'exit 130' INT TERM
begin=$SECONDS

# What every exhibit starts from: sources and what is built of them.
programs="build/sim build/golden build/unit"
plant_make() { make -s --no-print-directory -C "$1" BUILDING=1 CFLAGS=-Wno-unused "${@:2}"; }
make -s --no-print-directory -j"$jobs" BUILDING=1 $programs >"$trees/build" 2>&1 || {
    tail -5 "$trees/build"
    echo "0 passed, 1 failed"
    exit 1
}
cp -r tests/museum "$trees/museum"
for ((lane = 0; lane < jobs; lane++)); do
    tree=$trees/$lane
    mkdir -p "$tree/build"
    git ls-files -z | xargs -0 cp -p --parents -t "$tree"
    for part in controller spec cmd tests libdrover.a libdrover-sim.a $(basename -a $programs); do
        cp -a "build/$part" "$tree/build/"
    done
done

# hunt TREE PATCH: tries the checks that the patch names, in order. Out: who found it, on
# stdout. 1: nobody did; 2: it cannot be built.
hunt() {
    local tree=$1 kind what begin=$SECONDS left
    while IFS=: read -r kind what; do
        for one in ${what:-all}; do
            left=$((budget - (SECONDS - begin)))
            [ $left -gt 0 ] || return 1
            plant_make "$tree" "build/$kind" >"$tree/out" 2>&1 || return 2
            case $kind:$one in
            sim:*/[0-9]*) (cd "$tree" && timeout 60 build/sim --quiet --seed "$seed" --scenario "$one") ;;
            sim:*) (cd "$tree" && timeout $((left + 20)) build/sim --first --seed "$seed" --jobs 1 --budget "$left" --only "$one") ;;
            golden:*) (cd "$tree" && timeout "$left" build/golden) ;;
            unit:*) (cd "$tree" && timeout "$left" build/unit --jobs 1 --filter "$one") ;;
            esac >"$tree/out" 2>&1 && {
                ! grep -q 'Tested: 0 ' "$tree/out" || return 2
                continue
            }
            # what cannot run finds nothing; a scenario of that number may be gone
            ! grep -q 'no scenario' "$tree/out" || continue
            grep -qE '^FAIL|FAIL\]|CRASH\]|failed|Failing' "$tree/out" || return 2
            [ $kind != sim ] || one=$(sed -nE 's/^FAIL.*--scenario ([^ ]+).*/\1/p' "$tree/out" | grep . || echo "$one")
            echo "$kind ${what:+$(head -1 <<<"$one")}"
            return 0
        done
    done < <(sed '/^---/,$d' "$2" | grep -E '^(sim|unit): |^golden$')
    return 1
}
# show NAME TREE: plants, hunts, takes it out again.
show() {
    local name=$1 tree=$2 patch=$trees/museum/$1.patch begin=$SECONDS by status
    if ! patch -s --no-backup-if-mismatch -r - -d "$tree" -p1 <"$patch" >"$tree/out" 2>&1; then
        echo "$name: does not apply any more"
        return 1
    fi
    by=$(hunt "$tree" "$patch")
    status=$?
    case $status in
    0)
        printf '%-24s %3d s  %-24s %s\n' "$name" $((SECONDS - begin)) "$by" "$(head -1 "$patch")"
        sed -nE '/^FAIL/{n;s/^ */    /p;q}; s/^[a-z/-]+[0-9]*: (C[0-9]|D[0-9])/    \1/p' "$tree/out" | cut -c1-160
        ;;
    1) echo "$name: NOT FOUND in $((SECONDS - begin)) s" ;;
    *)
        tail -3 "$tree/out"
        echo "$name: cannot be built or run"
        ;;
    esac
    patch -s -R -d "$tree" -p1 <"$patch"
    return $status
}
lane() { # NUMBER
    local i
    set -f # filters are not names of files
    for ((i = $1; i < ${#names[@]}; i += jobs)); do
        show "${names[i]}" "$trees/$1" >"$trees/told.$1" && touch "$trees/found.$i"
        cat "$trees/told.$1" # in one piece
    done
}
for ((n = 0; n < jobs; n++)); do lane $n & done
wait
found=$(find "$trees" -maxdepth 1 -name 'found.*' | wc -l)
echo "made in $((SECONDS - begin)) s"
echo "$found passed, $((${#names[@]} - found)) failed"
[ "$found" = ${#names[@]} ]
