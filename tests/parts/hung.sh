#!/bin/bash
# Alone: it measures intervals.
# One topology's endpoints hang; another's rounds keep their interval.
exec bash tests/e2e/hung.sh build
