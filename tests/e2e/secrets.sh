#!/bin/bash
# Canary: every secret of a topology has a value that can be recognised; after a bootstrap,
# refusals and a kill none of them is found, in any common spelling, in what drover wrote:
# terminal, state folder, saved facts, process table, ledgers.
# Usage: tests/e2e/secrets.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"
doc=$work/topology.yaml
# a character that URLs, JSON and shells spell in their own ways stands in each
declare -A canary=([east]='Kanarie+east/01' [west]='Kanarie+west/02' [sink]='Kanarie+sink/03'
    [key]='KanarieKey04' [secret]='Kanarie+secret/05')
declare -A variable=([east]=DROVER_EAST_PASSWORD [west]=DROVER_WEST_PASSWORD [sink]=DROVER_SINK_SECRET
    [key]=DROVER_STORAGE_ACCESS_KEY [secret]=DROVER_STORAGE_SECRET_KEY)
mkdir -m 700 "$work/secrets"
plant() {
    sed -i "s|password: east-drover|password: \"${canary[east]}\"|; s|password: west-drover|password: \"${canary[west]}\"|
        s|accessKey: minio\$|accessKey: ${canary[key]}|; s|secretKey: miniostorage|secretKey: \"${canary[secret]}\"|" "$work/estate.yaml"
    for name in "${!canary[@]}"; do
        (umask 077; printf %s "${canary[$name]}" >"$work/secrets/$name")
        sed -i "s|{env: ${variable[$name]}}|{file: $name}|" "$doc"
    done
}
EDIT=plant sim_up 20
export XDG_STATE_HOME=$work/out/xdg
mkdir -p "$work/out"

canaries=("${canary[@]}")
canary_sink=${canary[sink]}
canary_spellings >"$work/spellings"

# all of a process and its children, as the process table shows them to others
spy() {
    while [ ! -e "$work/enough" ]; do
        for p in $(pgrep -f "^$build/drover (run|apply|plan|status)" 2>/dev/null); do
            for f in cmdline environ; do tr '\0' '\n' <"/proc/$p/$f" 2>/dev/null; done
        done | sort -u >>"$work/out/processes"
        sleep 0.1
    done
}
start spy spy
eye=$started
git init -q -b main "$work/repo"
cp "$doc" "$work/repo/"
commit "$work/repo" shop
with="--secrets $work/secrets"
drover validate "$doc" >"$work/out/validate" 2>&1
is "the document is good" 0 $?
drover plan $with --save-observed "$work/out/facts1.json" -w "$doc" >"$work/out/plan1" 2>&1
is "plan" 0 $?
drover plan $with -o json "$doc" >"$work/out/plan1.json" 2>&1
start run "$build/drover" run $with --git "$work/repo" --state "$work/out/state" --interval 500ms --lease 1500ms
run=$started
becomes "run is at the copies" 30 grep -q RESTORE "$work/run.log"
finish "$run" KILL
start run2 "$build/drover" run $with --git "$work/repo" --state "$work/out/state" --interval 500ms --lease 1500ms
run=$started
protected() { drover status $with "$doc"; }
becomes "protected" 60 protected
becomes "all steps made" 30 grep -q "clear the restoring row" "$work/run2.log"
finish "$run" TERM
drover status $with -o json "$doc" >"$work/out/status.json" 2>&1
drover plan $with --save-observed "$work/out/facts2.json" -w "$doc" >"$work/out/plan2" 2>&1
# another secret: account and changefeed get its password, and nobody's rows wait long
password() { MYSQL_PWD=$(canary_derived "$1" shop/east/west 1) timeout 5 mariadb --no-defaults --skip-ssl -N -h "$west" -P 4000 -u cdc -e 'SELECT 1' 2>&1; }
is "the derived password is known here" 1 "$(password "${canary[sink]}")"
before=${canary[sink]}
canary[sink]='Kanarie+sink/06'
canaries+=("${canary[sink]}")
canary_spellings >"$work/spellings"
(umask 077; printf %s "${canary[sink]}" >"$work/secrets/sink")
drover apply $with --yes --wait 40s "$doc" >"$work/out/apply" 2>&1
is "another secret is declared: apply" 0 $?
has "the account gets its password" "give the sink account the password of the other secret" "$(cat "$work/out/apply")"
has "so does the changefeed" "with the password of the other secret" "$(cat "$work/out/apply")"
is "the one before lets nobody in" yes "$([[ "$(password "$before")" == *1045* ]] && echo yes)"
is "the new one does" 1 "$(password "${canary[sink]}")"
sql "$east" "INSERT INTO shop.customers (name) VALUES ('after')" >"$work/out/insert"
becomes "rows flow" 20 sides_agree
is "protected" 0 "$(protected >/dev/null 2>&1; echo $?)"
(umask 077; printf %s "$before" >"$work/secrets/sink")
drover apply $with --yes --wait 5s "$doc" >"$work/out/apply2" 2>&1
has "the secret before is not taken again" "that another has replaced" "$(cat "$work/out/apply2")"
is "the new one still lets in" 1 "$(password "${canary[sink]}")"
(umask 077; printf %s "${canary[sink]}" >"$work/secrets/sink")

# refusals quote what was wrong
sql "$east" "ALTER USER drover IDENTIFIED BY 'other'" >/dev/null
drover plan $with --save-observed "$work/out/facts3.json" "$doc" >"$work/out/plan3" 2>&1
is "plan with a password that is refused" 3 $?

chmod 644 "$work/secrets/west"
drover plan $with "$doc" >"$work/out/plan4" 2>&1
is "a secret file that others may read" 1 $?
has "is refused with its name" "west" "$(cat "$work/out/plan4")"
touch "$work/enough"
finish "$eye"
for h in "$east" "$west"; do sql "$h" "SELECT * FROM mysql.drover_ledger; SELECT * FROM drover.heartbeat; SHOW PROCESSLIST"; done >"$work/out/ledgers"
cp "$work"/run*.out "$work"/run*.log "$work/out/"

# The derived password is the one that is set: the canary would be found if it leaked.
is "the derived password is known here" 1 "$(password "${canary[sink]}")"
has "the spy saw drover" "drover" "$(cat "$work/out/processes")"
is "the journal was written" yes "$([ -s "$work/out/state/journal.db" ] && echo yes)"
while IFS= read -r file; do
    is "no secret in ${file#"$work/out/"}" "" "$(grep -aoFf "$work/spellings" "$file" | sort -u | head -3)"
done < <(find "$work/out" -type f)
printf %s "${canary[west]}" | base64 >"$work/planted"
is "the sweep finds a canary" 1 "$(failed=0; canary_sweep >/dev/null; echo $failed)"
rm "$work/planted"
verdict
