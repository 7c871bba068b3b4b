#!/bin/bash
# Two and three controllers on one estate: stopped, woken, killed, stale, cut off.
exec bash tests/e2e/controllers.sh build
