#!/bin/bash
# Pairs that ran before drover came.
exec bash tests/e2e/adopt.sh build
