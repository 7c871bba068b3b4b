#!/bin/bash
# Every command of README.md is run, in order, in a copy of examples/ on addresses of its
# own, so that the README stays true. Left out: `make demo` and `make check`, which run
# this. Usage: tests/e2e/readme.sh [BUILD]; the last line says "N passed, N failed".
. "$(dirname "$0")/kit.sh"

# The repository as a newcomer has it, but for addresses.
box=$work/box
for _ in {1..20}; do
    net=127.$((192 + RANDOM % 60)).$((1 + RANDOM % 250))
    (exec 3<>"/dev/tcp/$net.4/4000") 2>/dev/null || break
done
to="${net%.*}.$((${net##*.} + 1))"
local_names() { sed "s/127\.0\.1\./$net./g; s/127\.1\.1\./$to./g; s|/srv/topologies|$work/topologies|g"; }
mkdir -p "$box"
cp -r examples "$box/"
ln -s "$build" "$box/build"
for f in "$box"/examples/quickstart/*.yaml; do local_names <"$f" >"$f.new" && mv "$f.new" "$f"; done
git init -q -b main "$work/source"
cp "$box/examples/quickstart/topology.yaml" "$work/source/"
commit "$work/source" "shop"
git clone -q --bare "$work/source" "$work/topologies.git"
export XDG_RUNTIME_DIR=$work
cd "$box" || exit 1

# What ends by itself must succeed; what keeps running is given time to show that it does.
expected() { # COMMAND: the exit status that is right, besides 0
    case $1 in *" status "* | *" plan "*) echo 3 ;; *) echo 0 ;; esac
}
run_line() {
    local line=$1 status
    case $line in
    "make demo" | "make check") return ;;
    make)
        is "README: $line builds" 0 "$(make -s -C "$here" -n all >/dev/null 2>&1; echo $?)"
        return ;;
    ". "*)
        # shellcheck disable=SC1090
        if eval "$line"; then ok; else no "README: $line" 0 $?; fi
        return ;;
    *" run "*) # the controller goes on until it is asked to end
        start readme bash -c "exec $line"
        until_true 20 grep -q "following revision" "$work/readme.log"
        is "README: $line" 0 "$(grep -q "following revision" "$work/readme.log"; echo $?)"
        finish "$started" TERM
        is "README: $line ends well" 0 $?
        return ;;
    "kill %1")
        finish "$background" TERM
        is "README: $line ends the estate" 0 $?
        background=
        return ;;
    *"&")
        start background bash -c "exec ${line%&}"
        until_true 30 grep -q '^ready' "$work/background.out"
        has "README: $line" ready "$(cat "$work/background.out" "$work/background.log")"
        background=$started
        return ;;
    esac
    timeout 120 bash -c "$line" >"$work/line.out" 2>&1 </dev/null
    status=$?
    if [ $status = 0 ] || [ $status = "$(expected "$line")" ]; then ok; else no "README: $line" 0 "$status: $(tail -5 "$work/line.out")"; fi
    case $line in
    *mariadb*) has "README: $line shows rows" nanosecond "$(cat "$work/line.out")" ;;
    *curl*) has "README: $line shows the feed" shop-east-to-west "$(cat "$work/line.out")" ;;
    esac
}
background=
count=0
while IFS= read -r line <&7; do
    line=$(sed -E 's/ {3,}.*//' <<<"$line" | local_names) # the help beside it
    count=$((count + 1))
    run_line "$line"
done 7< <(sed -nE 's/^    ([a-z.].*)/\1/p' "$here/README.md")
[ -z "$background" ] || finish "$background" TERM
is "README has commands" yes "$([ $count -ge 15 ] && echo yes)"
words=$(sed '/^## Look up/,$d' "$here/README.md" | wc -w)
is "README has at most 1,000 words before its reference" yes "$([ "$words" -le 1000 ] && echo yes)"
# what it says of files is there
for path in $(grep -oE '`(examples|spec|controller|cmd|tests)/[A-Za-z0-9_./-]*`' "$here/README.md" | tr -d '`' | sort -u); do
    is "README: $path" yes "$([ -e "$here/$path" ] && echo yes)"
done
verdict
