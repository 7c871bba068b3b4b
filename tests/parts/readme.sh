#!/bin/bash
# Every command of README.md.
exec bash tests/e2e/readme.sh build
