#!/bin/bash
# The planted bugs of tests/museum can still be planted; that each is found: make museum.
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0
for exhibit in tests/museum/*.patch; do
    if patch --dry-run -s -p1 <"$exhibit"; then
        passed=$((passed + 1))
    else
        echo "$exhibit does not apply any more"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
