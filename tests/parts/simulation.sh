#!/bin/bash
# The simulation: every single fault at every exchange takes about five minutes on two free
# cores; a slower machine runs as many as its budget allows, spread over all families.
set -eu
cd "$(dirname "$0")/../.."
${MAKE:-make} --no-print-directory -s BUILDING=1 build/sim
exec build/sim --budget "${SIM_BUDGET:-300}" --jobs "${JOBS:-$(nproc)}"
