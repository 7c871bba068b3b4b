#!/bin/bash
# What is dead costs one wait; what is only slow is still seen.
exec bash tests/e2e/dead.sh build
