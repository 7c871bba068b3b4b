#!/bin/bash
# kill -9 at random moments of a bootstrap, restart with nothing but the document.
exec bash tests/e2e/kill.sh build
