#!/bin/sh
# Formatting, length and complexity of functions, and words that have no place here.
set -eu
cd "$(dirname "$0")/../.."
passed=0 failed=0
verdict() { # name, findings
    if [ -n "$2" ]; then
        echo "$2" | head -20
        echo "  ^ $1"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}
files=$(git ls-files '*.c' '*.h' 2>/dev/null || find . -name '*.[ch]' -not -path './build*')
verdict "not formatted (make format)" "$(clang-format --dry-run $files 2>&1 | grep -E 'warning' || true)"
verdict "functions over 100 lines" "$(awk '
    FNR == 1 { open = 0 }
    /^\{/ { open = FNR; file = FILENAME }
    /^\}/ { if (open && file == FILENAME && FNR - open > 100)
                printf "%s:%d: %d lines\n", FILENAME, open, FNR - open - 1
            open = 0 }' $files)"
# of the product; a scripted peer of a test may well be one long switch
verdict "cyclomatic complexity over 20" "$(pmccabe $(echo "$files" | tr ' ' '\n' | grep -E '^(cmd|controller|spec)/.*\.c$') 2>/dev/null |
    awk '$1 > 20 { print $6 " " $7 ": " $1 }')"
verdict "unfinished words" "$(grep -nE '\b(TODO|FIXME|XXX|HACK)\b' $files || true)"
echo "style: $passed passed, $failed failed"
[ "$failed" = 0 ]
