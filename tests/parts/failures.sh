#!/bin/bash
# The k-th system call of every command fails.
exec bash tests/e2e/failures.sh build
