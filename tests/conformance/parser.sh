#!/bin/bash
# Every statement that drover can send, and every one that `drover grants` prints, read by
# TiDB's own parser (Go module github.com/pingcap/tidb/pkg/parser). Needs Go >= 1.25 and, the
# first time, Go's module proxy; says "skipped" without. parser.sh [BUILD]
set -u
cd "$(dirname "$0")/../.."
build=${1:-build}
skip() {
    echo "skipped: $1"
    exit 0
}
version=$(go env GOVERSION 2>/dev/null) || skip "no Go here, TiDB's parser needs 1.25"
[ "$(printf '%s\n' go1.25 "$version" | sort -V | head -1)" = go1.25 ] || skip "$version is older than 1.25"
make -s --no-print-directory BUILDING=1 BUILD="$build" "$build/statements" "$build/drover" || exit 1
mkdir -p "$build"
out=$PWD/$build/statements.jsonl
"$build/statements" >"$out" || exit 1
# what operators are told to run, with a word for <password>
"$build/drover" grants examples/quickstart/topology.yaml | sed '/^--/d; /^$/d; s/;$//' | sed "s/<password>/'secret'/" |
    jq -cR '{call: "drover grants", step: "printed", sql: .}' >>"$out"
# and what must not pass
jq -cR '{call: "wrong", step: "on purpose", sql: ., refused: true}' >>"$out" <<'EOF'
ADMIN SET BDR ROLE 'primary'
BACKUP DATABASE * TO 's3://b/p' RATE_LIMIT = 10
SHOW BDR ROLE
KILL TIDB
SELECT 'it's'
DROP DATABASE `we`ird`
EOF
cd tests/conformance/parser || exit 1
if ! said=$(GOFLAGS=-mod=readonly go build -o "$PWD/../../../$build/parser" . 2>&1); then
    grep -qE 'proxy|dial|lookup|module lookup disabled|no such host|timeout|403|404|410' <<<"$said" &&
        skip "the module cannot be had here: $(tail -1 <<<"$said")"
    echo "$said"
    exit 1
fi
"$OLDPWD/$build/parser" <"$out"
