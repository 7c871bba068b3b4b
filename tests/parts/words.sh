#!/bin/bash
# Revisions agreed on, windows, ledger.reset, from outside, built with sanitizers.
exec bash tests/e2e/words.sh build/asan
