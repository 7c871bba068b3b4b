#!/bin/bash
# Ordinary clients against drover-sim, built with sanitizers: those that Debian packages.
exec bash tests/interop/run.sh build/asan pymysql mariadb libmariadb
