#!/bin/bash
# The journal from outside: beside a controller, changed, damaged, on a full disk.
exec bash tests/e2e/journal.sh build
