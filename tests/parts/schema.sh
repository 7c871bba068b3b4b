#!/bin/bash
# The JSON Schema as an editor sees it, where node and npm are installed; in the continuous
# integration (CI set) always. The package is kept in build/.
set -u
cd "$(dirname "$0")/../.."
modules=build/yaml-language-server
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    [ -z "${CI:-}" ] || { echo "node and npm are missing"; echo "0 passed, 1 failed"; exit 1; }
    echo "node is not installed: left out"
    echo "0 passed, 0 failed"
    exit 0
fi
mkdir -p "$modules"
if [ ! -d "$modules/node_modules/yaml-language-server" ]; then
    npm install --prefix "$modules" --ignore-scripts --no-audit --no-fund --silent \
        yaml-language-server@1.20.0 >/dev/null 2>&1 || {
        [ -z "${CI:-}" ] || { echo "npm install failed"; echo "0 passed, 1 failed"; exit 1; }
        echo "the package cannot be installed here: left out"
        echo "0 passed, 0 failed"
        exit 0
    }
fi
build/drover schema >build/drover.schema.json || exit 1
node tests/schema/check.mjs "$modules/node_modules" build/drover.schema.json
