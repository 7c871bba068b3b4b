#!/bin/bash
# Endpoints that mean harm, against the real program: each ends with a code, the fact and the
# way out, within its deadline, in bounded memory, with exit status 3; nothing is changed, no
# file, password or request is given away. Usage: tests/e2e/hostile_endpoints.sh [BUILD]
. "$(dirname "$0")/kit.sh"
. examples/quickstart/env
make -s --no-print-directory BUILDING=1 build/rogue || exit 1
rogue=$here/build/rogue
sim_up 20
doc=$work/topology.yaml
store=${west%.*}.11:6060
bad=${east%.*}.99
"$rogue" certificates "$work" "$bad"

# One line a case: name | what it stands for | how it behaves | code | part of the fact
declare -A real=([sql]=$east2:4000 [pd]=${east_pd[0]} [s3]=$store)
cases=() listeners=("$bad:20000=trap") port=20000
while IFS='|' read -r name kind how code fact; do
    port=$((port + 1))
    cases+=("$name|$kind|$how|$code|$fact|$port")
    tls=${how#*,}
    [ "$tls" != "$how" ] || tls=
    to=${real[${kind%s}]:-${real[$kind]}}
    [ "${how%%,*}" != redirect ] || to=$bad:20000
    listeners+=("$bad:$port=${how%%,*}@$to${tls:+,${tls//DIR/$work}}")
done <<'T'
a server that asks for a file|sql|infile|DR-E008|LOCAL INFILE
a server that asks for the password in clear|sql|clear-password|DR-E006|5010
rows without end|sql|endless-rows|DR-E002|64 MiB
packets without end|sql|huge-packets|DR-E0|
a server that stops in mid packet|sql|half-packet|DR-E005|
a server that drips|sql|drip-rows|DR-E004|no answer within
packets out of order|sql|order|DR-E0|
HTTP on the port of SQL|sql|http-greeting|DR-E0|
a server that says nothing|sql|silent|DR-E004|
a relay that does no harm|sql|through|DR-B015|
TLS that is not offered|sqls|through|DR-E014|does not offer TLS
chunks without end|pd|chunks|DR-E002|is over
headers without end|pd|headers|DR-E002|headers are over
a redirect|pd|redirect|DR-E0|302
a body in gzip|pd|gzip|DR-E008|
a body that drips|pd|drip-body|DR-E004|
half a body|pd|half-body|DR-E005|
JSON a million deep|pd|deep|DR-E0|
300 MB of JSON|pd|large|DR-E002|is over
numbers beyond 64 bits|pd|numbers|DR-E008|
a page of HTML|pd|page|DR-E008|
an answer without a head|pd|ancient|DR-E008|
an error with colours|pd|error|DR-E011|500
a server that says nothing to HTTP|pd|silent|DR-E004|
a certificate signed by itself|pds|through,tls=DIR/alone.pem:DIR/alone.key|DR-E014|certificate
an expired certificate|pds|through,tls=DIR/expired.pem:DIR/expired.key|DR-E014|expired
a certificate of another name|pds|through,tls=DIR/elsewhere.pem:DIR/elsewhere.key|DR-E014|
TLS 1.0|pds|through,tls=DIR/good.pem:DIR/good.key:1.0|DR-E014|
plain HTTP where TLS is declared|pds|http-greeting|DR-E014|
a listing without end|s3|listing|DR-|
XML that is cut|s3|xml-cut|DR-E008|
storage that says nothing|s3|silent|DR-E004|
XML with entities|s3|xml-bomb|DR-E008|
XML two million deep|s3|xml-deep|DR-E0|
T
start rogue "$rogue" serve "${listeners[@]}"
server=$started
becomes "the rogue serves" 10 grep -q ready "$work/rogue.out"

# case_doc KIND PORT: the document with one endpoint replaced
case_doc() {
    case $1 in
    sql) sed "s/, $east2:4000\]/, $bad:$2]/" "$doc" ;;
    sqls) sed "s/, $east2:4000\]/, $bad:$2]/; 0,/password: {env: DROVER_EAST_PASSWORD}/s//&\n      tls: {mode: verify-identity, ca: ${work//\//\\/}\/ca.pem}/" "$doc" ;;
    pd) sed "s|\[\"http://${east_pd[0]}\", \"http://${east_pd[1]}\", \"http://${east_pd[2]}\"\]|[\"http://$bad:$2\"]|" "$doc" ;;
    pds) sed "s|{endpoints: \[\"http://${east_pd[0]}\", \"http://${east_pd[1]}\", \"http://${east_pd[2]}\"\]}|{endpoints: [\"https://$bad:$2\"], tls: {mode: verify-identity, ca: $work/ca.pem}}|" "$doc" ;;
    s3) sed "s|http://$store|http://$bad:$2|" "$doc" ;;
    esac
}
try() { # NUMBER
    IFS='|' read -r name kind how code fact port <<<"${cases[$1]}"
    case_doc "$kind" "$port" >"$work/case$1.yaml"
    timeout 100 "$rogue" measure "$build/drover" plan "$work/case$1.yaml" >"$work/case$1.out" 2>&1 </dev/null
}
before=$(quiet_state)
for i in "${!cases[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge 10 ]; do sleep 0.1; done
    try "$i" &
    alive[$!]=case
done
for p in "${!alive[@]}"; do [ "${alive[$p]}" != case ] || { wait "$p"; unset "alive[$p]"; }; done

slowest=0 largest=0
for i in "${!cases[@]}"; do
    IFS='|' read -r name kind how code fact port <<<"${cases[$i]}"
    said=$(<"$work/case$i.out")
    # a last try that began right before the call's deadline says that alone: once more
    [[ "$said" == *"$code"* && "$said" == *"$fact"* ]] || { try "$i" || true; said=$(<"$work/case$i.out"); }
    read -r _ status ms kib < <(grep '^measured' <<<"$said")
    is "$name: exit status" 3 "${status:-none}"
    has "$name: the code" "$code" "$said"
    has "$name: the fact" "$fact" "$(grep -E '^  DR-' <<<"$said")"
    has "$name: the way out" "way out  " "$said"
    lacks "$name: no control characters" $'\x1b' "$said"
    is "$name: in time" yes "$([ "${ms:-99999}" -lt 45000 ] && echo yes || echo "$ms ms")"
    is "$name: in bounded memory" yes "$([ "${kib:-999999}" -lt 300000 ] && echo yes || echo "$kib KiB")"
    [ "${ms:-0}" -le $slowest ] || slowest=$ms
    [ "${kib:-0}" -le $largest ] || largest=$kib
done
is "nothing was changed" "$before" "$(quiet_state)"
is "nothing was given away, no redirect followed" ready "$(cat "$work/rogue.out")"
echo "slowest $slowest ms, largest $largest KiB"

echo "made until here in $((SECONDS - begin)) s"
# ---- the controller and apply meet some of them ----
for name in "a server that asks for a file" "rows without end" "an expired certificate"; do
    for i in "${!cases[@]}"; do [[ "${cases[$i]}" != "$name|"* ]] || break; done
    told "$name: apply" 3 drover apply --yes --wait 1s "$work/case$i.yaml"
    mkdir -p "$work/dir$i"
    cp "$work/case$i.yaml" "$work/dir$i/"
    told "$name: run --once" 3 drover run --dir "$work/dir$i" --once --state "$work/state$i"
    has "$name: it says why" "DR-" "$said"
done
is "nothing was changed by them" "$before" "$(quiet_state)"
is "nothing was given away to them" ready "$(cat "$work/rogue.out")"
finish "$server" TERM
sim_down
verdict
