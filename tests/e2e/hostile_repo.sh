#!/bin/bash
# A repository that wants harm. One controller follows a branch whose tip is, in turn, every
# hostile thing that git plumbing can write: each gets a finding with a code, the last good
# declaration is kept up, nothing is run, nothing is written outside the state folder, and
# memory stays bounded. Usage: tests/e2e/hostile_repo.sh [BUILD]
. "$(dirname "$0")/kit.sh"
sim_up 20
. examples/quickstart/env
doc=$work/topology.yaml
repo=$work/repo
export HOME=$work/home
mkdir "$HOME"
g() { git -C "$repo" "$@"; }

# ---- plumbing: objects that no porcelain would write ----
blob() { g hash-object -w --stdin; }
# tree MODE NAME ID ..: a tree of raw entries, past all checks; names with printf's escapes
tree() {
    while [ $# -gt 0 ]; do
        printf "$1 $2\0"
        printf "$(sed 's/../\\x&/g' <<<"$3")"
        shift 3
    done | g hash-object -t tree -w --literally --stdin
}
commit_of() { g commit-tree "$1" -m "${2:-hostile}" ${3:+-p "$3"}; } # TREE [TEXT [PARENT]]
# tip ID: what the branch names, whatever that is
tip() { echo "$1" >"$repo/.git/refs/heads/main"; }
tip_tree() { tip "$(commit_of "$1" hostile "$good")"; }

git init -q -b main "$repo"
cp "$doc" "$repo/shop.yaml"
# whatever a git may be made to run leaves a mark
for hook in post-checkout pre-commit post-merge post-update reference-transaction fsmonitor-watchman; do
    printf '#!/bin/sh\ntouch "%s/ran-%s"\n' "$HOME" "$hook" >"$repo/.git/hooks/$hook"
    chmod +x "$repo/.git/hooks/$hook"
done
g config filter.evil.smudge "touch '$HOME/ran-smudge'; cat"
g config filter.evil.process "touch '$HOME/ran-process'"
g config uploadpack.packObjectsHook "touch '$HOME/ran-pack'; exec"
g config core.fsmonitor "touch '$HOME/ran-fsmonitor'"
g config core.sshCommand "touch '$HOME/ran-ssh'"
commit "$repo" "shop: east is primary" >/dev/null 2>&1
good=$(g rev-parse HEAD)
shop=$(g rev-parse HEAD:shop.yaml)
ok_tree=$(g rev-parse "HEAD^{tree}")
rm -f "$HOME"/ran-*

start run "$build/drover" run --git "$repo" --state "$work/state" --interval 200ms --lease 3s
run=$started
becomes "the pair is protected" 60 is_protected
becomes "all steps made" 20 grep -q "clear the restoring row" "$work/run.log"
gc=$(gc_of)
outside() { find "$work" -path "$work/state" -prune -o -path "$repo" -prune -o -type f -not -name 'run.*' -not -name 'sim.*' -not -name said -not -name processes -print | sort; }
files=$(outside)
peak() { sed -nE 's/^VmHWM:\s+([0-9]+) kB/\1/p' "/proc/$run/status"; }
at_rest=$(peak)

# said CODE PART: drover says both in one line, since the tip was moved
lines=0
mark() { lines=$(wc -l <"$work/run.log"); }
since() { tail -n +$((lines + 1)) "$work/run.log"; }
says() { since | grep -F -- "$1" | grep -F -- "$2"; }
# refused NAME CODE PART: the tip is hostile, the last good declaration is kept
refused() {
    if until_true 15 says "$2" "$3"; then ok; else no "$1" "a line with '$2' and '$3'" "$(since | head -5)"; fi
    local code
    code=$(says "$2" "$3" | grep -oE 'DR-[A-Z][0-9]{3}' | head -1)
    told "$1: ${code:-its code} is explained" 0 drover explain "${code:-none}"
    tip "$good"
    sleep 0.3
}
hostile() { mark; tip_tree "$1"; }

# ---- names ----
while IFS='|' read -r name bytes shown; do
    hostile "$(tree 100644 "$bytes" "$shop" 100644 shop.yaml "$shop")"
    refused "a name with $name" DR-S004 "$shown"
done <<'T'
a carriage return|a\r.yaml|a\x0D.yaml
a line feed|a\nb.yaml|a\x0Ab.yaml
an escape|a\x1b[31m.yaml|a\x1B[31m.yaml
bytes that are no UTF-8|\xff.yaml|\xFF.yaml
a letter that turns the line|\xe2\x80\xae.yaml|\xE2\x80\xAE.yaml
two dots|../../escaped.yaml|../../escaped.yaml
an absolute path|/tmp/escaped.yaml|/tmp/escaped.yaml
T
hostile "$(tree 100644 shop.yaml "$shop" 100644 shop.yaml "$shop")"
refused "one name twice" DR-S004 "shop.yaml"

# ---- modes ----
link=$(printf /etc/passwd | blob)
hostile "$(tree 120000 passwd.yaml "$link" 100644 shop.yaml "$shop")"
refused "a symbolic link" DR-S001 "passwd.yaml"
up=$(printf ../../.. | blob)
hostile "$(tree 100644 shop.yaml "$shop" 120000 up "$up")"
refused "a symbolic link to a folder" DR-S001 "up"
hostile "$(tree 160000 module "$good" 100644 shop.yaml "$shop")"
refused "a submodule" DR-S002 "module"
modules=$(printf '[submodule "m\r"]\n\tpath = "m\r"\n\turl = ext::touch %s/ran-ext\n' "$HOME" | blob)
hostile "$(tree 100644 .gitmodules "$modules" 160000 "m\\r" "$good" 100644 shop.yaml "$shop")"
refused "a submodule with a hostile address and name" DR-S002 'm\x0D'
hostile "$(tree 10644 fifo.yaml "$shop" 100644 shop.yaml "$shop")"
refused "a FIFO's mode" DR-S003 "fifo.yaml"
hostile "$(tree 60644 device.yaml "$shop" 100644 shop.yaml "$shop")"
refused "a device's mode" DR-S003 "device.yaml"

# ---- sizes ----
huge=$(head -c 64000000 /dev/zero | g -c core.compression=1 hash-object -w --stdin)
hostile "$(tree 100644 huge.yaml "$huge" 100644 shop.yaml "$shop")"
refused "64 MB in 64 kB" DR- "huge.yaml"
t=$ok_tree
for _ in {1..9}; do
    t=$(for i in {0..9}; do printf '040000 tree %s\t%s\n' "$t" "$i"; done | g mktree)
done
hostile "$t"
refused "10^9 files in ten trees" DR-S005 "are too many"
t=$ok_tree
for _ in {1..80}; do t=$(printf '040000 tree %s\td\n' "$t" | g mktree); done
hostile "$t"
refused "a ladder of folders" DR-S005 "deeper"
hostile "$(for i in {10000..22000}; do printf '100644 blob %s\t%s.yaml\n' "$shop" "$i"; done | g mktree)"
refused "12000 documents" DR-S005 "are too many"

# ---- what git would turn into something else ----
attributes=$(printf '*.yaml filter=evil text eol=crlf ident working-tree-encoding=UTF-16\n' | blob)
mark
tip_tree "$(tree 100644 .gitattributes "$attributes" 100644 shop.yaml "$shop")"
becomes "attributes are not asked" 15 says "following revision" "hostile"
tip "$good"
pointer=$(printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12345\n' 0 | blob)
hostile "$(tree 100644 shop.yaml "$pointer")"
refused "a pointer to a large file" DR-V "shop.yaml:1:1"
crlf=$(sed 's/$/\r/' "$doc" | blob)
mark
tip_tree "$(tree 100644 shop.yaml "$crlf")"
becomes "lines that end with CR LF are read" 15 says "following revision" "hostile"
tip "$good"
both=$(tree 100644 SHOP.yaml "$shop" 100644 shop.yaml "$shop")
hostile "$both"
refused "names that differ in case only hold one topology twice" DR-V050 "shop"

# ---- objects ----
hostile "$(tree 100644 shop.yaml aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)"
refused "an object that is missing" DR- "aaaa"
hostile "$(tree 40000 sub aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 100644 shop.yaml "$shop")"
refused "a tree that is missing" DR- "aaaa"
mark
tip "$(commit_of "$ok_tree" hostile bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb 2>/dev/null || printf 'tree %s\nparent %040d\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx\n' "$ok_tree" 7 | g hash-object -t commit -w --literally --stdin)"
refused "a parent that is missing" DR- "cannot be read"
mark
tip "$shop"
refused "a ref that is a blob" DR- "cannot be read"
mark
tip "$(printf 'tree nonsense\n\nx\n' | g hash-object -t commit -w --literally --stdin)"
refused "a commit that is none" DR- "cannot be read"
mark
tip "$ok_tree"
refused "a ref that is a tree" DR- "cannot be read"
mark
tip 0123456789012345678901234567890123456789
refused "a ref to nothing" DR- "cannot be read"
mark
tip "ref: refs/heads/../../../../etc/passwd"
refused "a ref that leads out" DR- "cannot be read"
mark
rm "$repo/.git/refs/heads/main"
refused "a branch that vanishes" DR-E009 "no branch 'main'"
mark
mv "$repo" "$repo.away"
if until_true 15 says DR- "cannot be read"; then ok; else no "a repository that vanishes" "is said" "$(since)"; fi
mv "$repo.away" "$repo"
sleep 0.5

# ---- history ----
mark
tip "$(commit_of "$(tree 100644 other.yaml "$(echo 'not: ours' | blob)")" "unrelated")"
refused "an unrelated history with another document" DR-V "other.yaml"
mark
tip "$(commit_of "$(g mktree </dev/null)" "empty, unrelated")"
refused "an unrelated and empty history" DR-S007 "does not descend"
lacks "an unrelated and empty history removes nothing" "left the source" "$(since)"
mark
tip "$(commit_of "$(g mktree </dev/null)" "a removal, forced" "$(g commit-tree "$ok_tree" -m "a forged beginning")")"
refused "a forced push that removes the document" DR-S007 "does not descend"
lacks "it removes nothing" "left the source" "$(since)"

# ---- afterwards ----
mark
changed=$(sed 's/rpo: 30s/rpo: 45s/' "$doc" | blob)
tip "$(commit_of "$(tree 100644 shop.yaml "$changed")" "rpo 45s" "$good")"
becomes "a good commit is followed again" 15 says "following revision" "rpo 45s"
is "it is protected" 0 "$(is_protected; echo $?)"
is "GC as before" "$gc" "$(gc_of)"
is "one feed" 1 "$(curl -s "$feeds" | jq .total)"
is "nothing was run" "" "$(ls "$HOME")"
is "nothing was written outside the state folder" "$files" "$(outside)"
is "nothing escaped" "" "$(ls /tmp/escaped.yaml "$work/escaped.yaml" 2>/dev/null)"
lacks "no control characters were printed" $'\x1b' "$(cat "$work/run.log")"
lacks "and no carriage return" $'\r' "$(cat "$work/run.log")"
top=$(peak)
echo "peak memory: $at_rest kB at rest, $top kB in the end"
# documents may take 256 MiB (spec/load.h): the 10,000 above do
is "its memory stayed bounded" yes "$([ "$top" -lt $((at_rest + 300 * 1024)) ] && echo yes || echo "$at_rest -> $top kB")"
finish "$run" TERM
is "it ends well" 0 $?

# ---- the same to one who comes first ----
# first NAME STATUS PART: run --once on what the branch is, without anything read earlier
first() {
    told "$1" "$2" drover run --git "$repo" --once --state "$work/state-$RANDOM"
    has "$1: says so" "$3" "$said"
    has "$1: with a code" "DR-" "$said"
}
tip_tree "$(tree 120000 passwd.yaml "$link" 100644 shop.yaml "$pointer")"
first "a start on a bad revision" 1 "shop.yaml:1:1"
rm "$repo/.git/refs/heads/main"
first "a start without the branch" 1 "no branch 'main'"
rm -rf "$repo"
git init -q -b main "$repo"
first "a start on an empty repository" 1 "no branch 'main'"
rm -rf "$repo"
first "a start without a repository" 1 "repo"
# ---- a document that left before, and that this version cannot read ----
git init -q -b main "$repo"
sed 's/primary: east/primray: east/; s/name: shop/name: gone/' "$doc" >"$repo/gone.yaml"
cp "$doc" "$repo/shop.yaml"
commit "$repo" "a document of another version"
rm "$repo/gone.yaml"
commit "$repo" "and it leaves"
start after "$build/drover" run --git "$repo" --state "$work/state-after" --interval 200ms --lease 3s
becomes "what it may hold is said to be unknown" 15 grep -q "gone.yaml .* cannot read it: what drover may hold for it is not known" "$work/after.log"
finish "$started" TERM

is "nothing was sent that nobody knows" "[]" "$(ctl unknown)"
sim_down
verdict
