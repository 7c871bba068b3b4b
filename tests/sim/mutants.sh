#!/bin/bash
# Plants each bug of tests/sim/mutants alone, in a copy of the tree, and says which scenario
# finds it first: a test of the tests. By hand; ten minutes on two free cores.
#   tests/sim/mutants.sh [NAME..]    ALL=1: all families, not only the one the patch names;
#                                    SEED=1 JOBS=2 BUDGET=600 (seconds for each)
set -u
cd "$(dirname "$0")/../.."
names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(cd tests/sim/mutants && ls -- *.patch | sed 's/\.patch$//')
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
git ls-files -z | xargs -0 cp -p --parents -t "$tree"
[ ! -d build ] || cp -a build "$tree" # what is built already need not be built again
missed=0

# try NAME PATCH: the mutant's verdict; false: it is not found, or cannot be planted.
try() {
    local only out=$tree/out begin=$SECONDS ran
    if ! make -s -C "$tree" BUILDING=1 build/sim >"$out" 2>&1; then
        tail -3 "$out"
        echo "$1: does not build"
        return 1
    fi
    only=$(sed -n 's/^family: //p' "$2")
    [ -z "${ALL:-}" ] || only=
    (cd "$tree" && build/sim --first --seed "${SEED:-1}" --jobs "${JOBS:-2}" \
        --budget "${BUDGET:-600}" ${only:+--only "$only"}) >"$out" 2>&1
    ran=$(sed -nE 's/^([0-9]+) scenarios in .*/\1/p' "$out")
    if grep -q '^FAIL' "$out"; then
        echo "$1: found after ${ran:-0} scenarios${only:+ of $only}, $((SECONDS - begin)) s"
        grep -m1 -A1 '^FAIL' "$out" | sed 's/^ */    /'
    elif grep -q '^harmless' "$2"; then
        echo "$1: not found in ${ran:-0} scenarios; $(grep -m1 '^harmless' "$2")"
    else
        echo "$1: NOT FOUND in ${ran:-0} scenarios, $((SECONDS - begin)) s"
        tail -1 "$out" # was the time over?
        return 1
    fi
}

for name in "${names[@]}"; do
    patch=$PWD/tests/sim/mutants/$name.patch
    if patch -s -d "$tree" -p1 <"$patch"; then
        try "$name" "$patch" || missed=$((missed + 1))
        patch -s -R -d "$tree" -p1 <"$patch"
    else
        echo "$name: does not apply any more"
        missed=$((missed + 1))
    fi
done
echo "$((${#names[@]} - missed)) passed, $missed failed"
[ "$missed" = 0 ]
