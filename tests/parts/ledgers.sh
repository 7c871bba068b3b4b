#!/bin/bash
# Lost ledgers, of one side and of both, from outside, built with sanitizers.
exec bash tests/e2e/ledgers.sh build/asan
