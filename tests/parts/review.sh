#!/bin/bash
# Kept plans and approvals from outside, built with sanitizers.
exec bash tests/e2e/review.sh build/asan
