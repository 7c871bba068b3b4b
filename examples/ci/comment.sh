#!/bin/sh
# Prints the plan of each document as Markdown, from facts that a controller published.
#   DROVER_OBSERVED_URL=https://drover.example/observed ./comment.sh topologies/*.yaml
# Exit status: 0 printed, 1 a document or its facts cannot be used.
set -u
: "${DROVER_OBSERVED_URL:?where the published facts are served}"
drover=${DROVER:-drover} status=0
facts=$(mktemp)
trap 'rm -f "$facts"' EXIT
for document in "$@"; do
    name=$(basename "$document" .yaml)
    if ! curl -fsS --max-time 30 -o "$facts" "$DROVER_OBSERVED_URL/$name.json"; then
        echo "drover: no facts of '$name' are published" >&2
        status=1
        continue
    fi
    "$drover" plan -o markdown --as-committed --max-age "${DROVER_MAX_AGE:-15m}" \
        --observed "$facts" "$document"
    case $? in 0 | 3) ;; *) status=1 ;; esac
    echo
done
exit $status
