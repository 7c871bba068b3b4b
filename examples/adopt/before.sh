#!/bin/bash
# What somebody did before drover came, on the estate of the quickstart: west is loaded with
# what east holds, and with --feed a changefeed runs from there. Prints the TSO at which
# both were equal.
#   build/drover-sim examples/quickstart/estate.yaml &
#   . examples/quickstart/env
#   examples/adopt/before.sh --feed
set -eu
east=${EAST:-127.0.1.4} west=${WEST:-127.1.1.4} cdc=${CDC:-127.1.1.9:8300} store=${STORE:-127.1.1.11:6060}
sql() { mariadb --no-defaults --skip-ssl --skip-auto-rehash -N -B -h "$1" -P 4000 -u root -e "$2"; }

# copied by hand; a dump or BACKUP and RESTORE serve as well
sql "$west" "CREATE DATABASE shop"
for t in customers orders; do
    sql "$west" "$(sql "$east" "SHOW CREATE TABLE shop.$t" | cut -f2- | sed "s/\`$t\`/shop.&/; s/\\\\n/ /g")"
done
sql "$east" "SELECT id, name FROM shop.customers" | while IFS=$'\t' read -r id name; do
    sql "$west" "INSERT INTO shop.customers VALUES ($id, '$name')"
done
sql "$east" "SELECT id, customer_id, item, amount FROM shop.orders" | while IFS=$'\t' read -r id customer item amount; do
    sql "$west" "INSERT INTO shop.orders VALUES ($id, $customer, '$item', $amount)"
done
start=$(sql "$east" "SHOW MASTER STATUS" | cut -f2)
echo "$start"
[ "${1:-}" = --feed ] || exit 0

# the account of the sink, as the guide makes it: its password is the declared secret
sql "$west" "ALTER USER 'cdc'@'%' IDENTIFIED BY '$DROVER_SINK_SECRET' ACCOUNT UNLOCK"
sleep 1
curl -sSf -o /dev/null "http://$cdc/api/v2/changefeeds" -d @- <<END
{"changefeed_id": "dr-primary-to-secondary", "start_ts": $start,
 "sink_uri": "mysql://cdc:$DROVER_SINK_SECRET@$west:4000",
 "replica_config": {"mounter": {"worker_num": 8},
   "consistent": {"level": "eventual", "max_log_size": 64, "flush_interval": 2000,
     "storage": "s3://redo?access-key=$DROVER_STORAGE_ACCESS_KEY&secret-access-key=$DROVER_STORAGE_SECRET_KEY&endpoint=http://$store&force-path-style=true"}}}
END
