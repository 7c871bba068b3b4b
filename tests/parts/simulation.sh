#!/bin/bash
# The simulation, within a budget that leaves room for the rest of `make check`.
set -eu
cd "$(dirname "$0")/../.."
${MAKE:-make} --no-print-directory -s BUILDING=1 build/sim
exec build/sim --budget "${SIM_BUDGET:-150}" --jobs "${JOBS:-$(nproc)}"
