#!/bin/bash
# Endpoints that mean harm, against the real program.
exec bash tests/e2e/hostile_endpoints.sh build
