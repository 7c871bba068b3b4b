#!/bin/bash
# drover-sim from outside, built with sanitizers.
exec bash tests/e2e/sim.sh build/asan
