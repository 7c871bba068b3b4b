#!/bin/bash
# Alone: it uses every processor.
# The simulation: a fixed set of scenarios, about four minutes on two free cores. The budget
# (SIM_BUDGET, seconds) only keeps a machine that is far slower from standing still; what it
# cuts off is said. SIM_FULL=1: everything there is.
set -eu
cd "$(dirname "$0")/../.."
${MAKE:-make} --no-print-directory -s BUILDING=1 build/sim
exec build/sim --budget "${SIM_BUDGET:-1500}" --jobs "${JOBS:-$(nproc)}" ${SIM_FULL:+--full}
