#!/bin/sh
# The planner is pure: a program that only plans is linked from its archive, and what it
# still needs from outside must be on the list below: no I/O, no clock, no environment, no
# client. pure.sh BUILD CC
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build} cc=${2:-cc}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat >"$tmp/main.c" <<'C'
#include "controller/plan/plan.h"
extern struct dr_plan *(*keep)(const struct dr_plan_input *, struct dr_arena *);
struct dr_plan *(*keep)(const struct dr_plan_input *, struct dr_arena *) = dr_plan_build;
C
"$cc" -std=c11 -D_GNU_SOURCE -I. -c -o "$tmp/main.o" "$tmp/main.c"
# everything of ours that planning pulls in, in one object
ld -r -o "$tmp/planner.o" "$tmp/main.o" "$build/libdrover.a"
allowed='^(mem(cmp|cpy|move|set|chr)|__mem(cpy|set|move)_chk|str(cmp|ncmp|len|chr|rchr|str|cspn|spn|dup|casecmp|ncasecmp|casestr)|__?snprintf(_chk)?|__?vsnprintf(_chk)?|snprintf|vsnprintf|calloc|malloc|realloc|free|abort|qsort|bsearch|__stack_chk_fail|__stack_chk_guard|SHA256|_GLOBAL_OFFSET_TABLE_|__x86\..*|json_[a-z_0-9]+|yaml_event_delete|yaml_parser_(delete|initialize|parse|set_encoding|set_input_string)|HMAC|EVP_sha256|__asan_.*|__ubsan_.*|__isoc99_.*|strerror_r|__xpg_strerror_r|__fprintf_chk|fprintf|stderr|fwrite|explicit_bzero|__explicit_bzero_chk)$'
# fprintf and stderr: base/arena.c says why it aborts when memory is out
bad=$(nm -u "$tmp/planner.o" | awk '{print $2}' | grep -Ev "$allowed" || true)
if [ -n "$bad" ]; then
    echo "the planner pulls in:" $bad
    echo "pure: 0 passed, 1 failed"
    exit 1
fi
echo "pure: 1 passed, 0 failed"
