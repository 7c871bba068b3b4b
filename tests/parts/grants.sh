#!/bin/bash
# Accounts made by what `drover grants` prints, and readiness, built with sanitizers.
exec bash tests/e2e/grants.sh build/asan
