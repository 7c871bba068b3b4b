#!/bin/sh
# Nothing includes upwards: each folder may include only what its row allows. live and
# model never see each other; plan sees base, spec and facts only.
set -eu
cd "$(dirname "$0")/../.."
passed=0 failed=0

# folder: what it may include (itself is always allowed)
check() {
    dir=$1 allowed=" $1 $2 "
    bad=$(for f in "$dir"/*.[ch]; do
        [ -e "$f" ] || continue
        sed -n 's/^#include "\(.*\)\/[^/]*"$/\1/p' "$f" | while read -r inc; do
            case "$allowed" in *" $inc "*) ;; *) echo "$f includes $inc" ;; esac
        done
    done)
    if [ -n "$bad" ]; then
        echo "$bad"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

base="controller/base"
facts="$base spec controller/facts"
estate="$facts controller/estate"
check controller/base ""
check spec "$base"
check controller/facts "$base spec"
check controller/plan "$facts"
check controller/estate "$facts"
check controller/estate/wire "$estate"
check controller/estate/live "$estate"
check controller/estate/model "$estate"
check controller/observe "$estate controller/plan"
check controller/act "$estate controller/plan controller/observe"
check controller/source "$base"
check controller/loop "$estate controller/estate/wire controller/estate/live controller/plan controller/observe controller/act controller/source"
echo "floors: $passed passed, $failed failed"
[ "$failed" = 0 ]
