#!/bin/bash
# What a plan and a converged round cost, counted exactly: more than tests/bench/counts.json
# allows fails. Times are printed and never fail.
set -eu
cd "$(dirname "$0")/../.."
${MAKE:-make} --no-print-directory -s BUILDING=1 build/bench
exec build/bench plans rounds
