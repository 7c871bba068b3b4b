#!/bin/bash
# One fuzzer for some seconds, from the kept corpus and from what earlier searches found;
# then what reaches more than the kept corpus, and is small, joins it. Usage: `make fuzz`.
set -eu
cd "$(dirname "$0")/../.."
name=$1 seconds=$2 keep=tests/fuzz/corpus/$1
fuzzer=build/fuzzing/fuzz/$name found=build/fuzzing/found/$name
mkdir -p "$keep" "$found"
"$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -reload=0 -reduce_inputs=1 \
    -artifact_prefix="build/fuzzing/$name-" -print_final_stats=1 "$found" "$keep" 2>&1 |
    grep -v "^[\"#]" | tail -30
[ "${PIPESTATUS[0]}" = 0 ]
"$fuzzer" -merge=1 -use_counters=0 -max_len=2048 "$keep" "$found" 2>/dev/null
echo "$name: $(find "$keep" -type f | wc -l) inputs, $(du -sk --apparent-size "$keep" | cut -f1) KiB"
