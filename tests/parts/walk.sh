#!/bin/bash
# The walk from git to protected, built with sanitizers.
exec bash tests/e2e/walk.sh build/asan
