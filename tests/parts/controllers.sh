#!/bin/bash
# Two and three controllers on one estate: stopped, woken, killed, stale, cut off.
${MAKE:-make} --no-print-directory -s BUILDING=1 build/cut.so || exit 1
exec bash tests/e2e/controllers.sh build
