#!/bin/bash
# Replays every fuzzer's corpus under AddressSanitizer and UndefinedBehaviorSanitizer.
set -u
cd "$(dirname "$0")/../.."
build=build/asan passed=0 failed=0
for source in tests/fuzz/*.c; do
    name=$(basename "$source" .c)
    [ "$name" = replay ] && continue
    if make -s --no-print-directory BUILDING=1 SANITIZE=1 BUILD=$build $build/fuzz/"$name" &&
        timeout 120 $build/fuzz/"$name" tests/fuzz/corpus/"$name"; then
        passed=$((passed + 1))
    else
        echo "fuzz corpus of $name failed"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
