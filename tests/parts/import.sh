#!/bin/bash
# Clusters that already run become a document, built with sanitizers.
exec bash tests/e2e/import.sh build/asan
