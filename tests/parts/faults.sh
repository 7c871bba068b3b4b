#!/bin/bash
# Bad input and broken worlds: a code, the fact and the way out for each, and no change.
exec bash tests/e2e/faults.sh build
