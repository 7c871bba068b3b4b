#!/bin/bash
# What is installed beside the programs: completions, loaded into the real shells, and the
# manual. A shell or a formatter that is not installed is left out and said.
set -u
cd "$(dirname "$0")/../.."
work=$(mktemp -d) passed=0 failed=0
trap 'rm -rf "$work"' EXIT

is() { # NAME EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAIL %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
    fi
}

if ! ${MAKE:-make} --no-print-directory -s install DESTDIR="$work/root" PREFIX=/usr >"$work/log" 2>&1; then
    cat "$work/log"
    echo "0 passed, 1 failed"
    exit 1
fi
share=$work/root/usr/share
drover=$work/root/usr/bin/drover
bash_file=$share/bash-completion/completions/drover
zsh_file=$share/zsh/site-functions/_drover
fish_file=$share/fish/vendor_completions.d/drover.fish
mkdir -p "$work/here/a folder" "$work/here/b"
touch "$work/here/topology.yaml" "$work/here/team one.yaml"

# ---- all commands and options are everywhere ----
commands=$($drover --help | sed -n '/^Commands:/,/^$/p' | awk '/^  / {print $1}')
is "commands are listed" yes "$([ "$(wc -w <<<"$commands")" -ge 10 ] && echo yes)"
missing=
for c in $commands; do
    page=$share/man/man1/drover-$c.1
    [ -s "$page" ] || missing="$missing $page"
    grep -q "^\.BR drover..$c (1)" "$share/man/man1/drover.1" || missing="$missing drover.1:$c"
    for o in $($drover "$c" --help | sed -n '/^Options:/,$p' | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
        grep -qF -- "${o//-/\\-}" "$page" || missing="$missing $c.1:$o"
        sed -n "/^    $c)/,/esac ;;/p" "$bash_file" | grep -q -- " $o[ \"]\|\"$o[ \"]" || missing="$missing bash:$c:$o"
        sed -n "/^    $c)/,/;;/p" "$zsh_file" | grep -q -- "[ ',]$o[=[}]" || missing="$missing zsh:$c:$o"
        grep -q -- "from $c' -l ${o#--}\b" "$fish_file" || missing="$missing fish:$c:$o"
    done
done
is "every command and option is in the manual and in each script" "" "$missing"

# ---- bash ----
# Words given one by one, the last to be completed; sorted, in one line.
in_bash() {
    (cd "$work/here" && bash --norc --noprofile -c '
        . "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _drover 2>/dev/null
        printf "%s\n" "${COMPREPLY[@]}" | LC_ALL=C sort | paste -sd,' - "$bash_file" drover "$@")
}
is "bash: commands" "schema,status" "$(in_bash s)"
is "bash: help" "history" "$(in_bash help hi)"
is "bash: options" "--head,--help" "$(in_bash history --he)"
is "bash: words" "json,text" "$(in_bash status -o "")"
is "bash: words behind =" "json" "$(in_bash status --output = j)"
is "bash: words right behind =" "json,text" "$(in_bash status --output =)"
is "bash: files" "team one.yaml,topology.yaml" "$(in_bash plan t)"
is "bash: folders" "a folder,b" "$(in_bash apply --state "")"
is "bash: nothing is known of a number" "" "$(in_bash history --limit "")"
is "bash: fields" "spec.switchover.maxLag" "$(in_bash explain spec.switchover.maxL)"
is "bash: codes" "DR-V012" "$(in_bash explain DR-V012)"
is "bash: all that is offered for explain can be explained" "" "$(
    for w in $(in_bash explain "" | tr , '\n' | awk 'NR % 23 == 1'); do
        "$drover" explain "$w" >/dev/null 2>&1 || echo "$w"
    done)"
is "bash: shells" "bash,fish,zsh" "$(in_bash completion "")"

# At a prompt: what is typed with tabs arrives at a function of the name. A prompt needs a
# terminal, and not every sandbox has pseudo-terminals to give: that is asked of script(1),
# never of the shells under test.
prompts=
if ! command -v script >/dev/null; then
    echo "script is not installed: prompts are left out"
elif ! script -qec true /dev/null >/dev/null 2>"$work/pty"; then
    echo "no pseudo-terminal can be had here ($(tr -d '\r' <"$work/pty" | head -n 1)): prompts are left out"
else
    prompts=yes
fi
typed='drover() { printf "GOT"; printf "<%s>" "$@"; echo; }'
if [ "$prompts" ]; then
    printf '%s\n' "cd '$work/here'" ". '$bash_file'" "$typed" >"$work/rc"
    got=$( (sleep 1; printf 'drover histo\t--veri\t\ndrover plan te\t\nexit\n'; sleep 1) |
        TERM=dumb timeout 20 script -qec "bash --rcfile $work/rc -i" /dev/null 2>/dev/null |
        tr -d '\r' | grep '^GOT' | paste -sd' ')
    is "bash at a prompt" "GOT<history><--verify> GOT<plan><team one.yaml>" "$got"
fi

# ---- zsh ----
if [ "$prompts" ] && command -v zsh >/dev/null; then
    cat >"$work/drive.zsh" <<END
zmodload zsh/zpty
tab=\$'\t'
zpty z zsh -f -i
zpty -w z "PS1=ask:; autoload -U compinit && compinit -u -D -d '$work/dump'; . '$zsh_file'; cd '$work/here'"
zpty -w z '$typed'
zpty -w z 'print REA""DY'
zpty -r z out '*READY*ask:*'
for line in 'histo@--veri@' 'status -o js@' 'plan te@' 'explain spec.switchover.maxL@'; do
    zpty -w -n z "drover \${line//@/\$tab}"\$'\n'
    zpty -r z out '*GOT<*>*ask:*'
    print -r -- "\$out"
done
END
    got=$(TERM=dumb timeout 60 zsh -f "$work/drive.zsh" 2>&1 |
        tr -d '\r' | grep -o '^GOT<.*' | paste -sd' ')
    is "zsh at a prompt" "GOT<history><--verify> GOT<status><-o><json> GOT<plan><team one.yaml> GOT<explain><spec.switchover.maxLag>" "$got"
elif ! command -v zsh >/dev/null; then
    echo "zsh is not installed: left out"
fi

# ---- fish ----
if command -v fish >/dev/null; then
    in_fish() {
        (cd "$work/here" && HOME=$work fish --no-config -c '
            source $argv[1]; complete -C $argv[2]' "$fish_file" "$1" 2>&1 |
            cut -f1 | LC_ALL=C sort | paste -sd,)
    }
    is "fish: commands" "schema,status" "$(in_fish 'drover s')"
    is "fish: options" "--head,--help" "$(in_fish 'drover history --he')"
    is "fish: words" "json,text" "$(in_fish 'drover status -o ')"
    is "fish: files" "team one.yaml,topology.yaml" "$(in_fish 'drover plan t')"
    is "fish: folders" "a folder/,b/" "$(in_fish 'drover apply --state ')"
    is "fish: fields" "spec.switchover.maxLag" "$(in_fish 'drover explain spec.switchover.maxL')"
else
    echo "fish is not installed: left out"
fi

# ---- the manual ----
for page in "$share"/man/man1/*.1; do
    name=$(basename "$page")
    if command -v man >/dev/null && command -v groff >/dev/null; then
        is "man: $name" "" "$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null | grep -v "can't set the locale")"
    fi
    if command -v mandoc >/dev/null; then
        is "mandoc: $name" "" "$(mandoc -T lint -W warning "$page" 2>&1)"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
