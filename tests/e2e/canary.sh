# Sourced by kit.sh: no secret of a topology is ever found in what drover wrote. Every
# end-to-end test looks at its end (verdict calls canary_sweep): at each file of $work, what
# commands printed among them, and at the process table. Secrets are the values of the
# DROVER_* variables, what stands in the array `canaries`, and the sink passwords that are
# derived from the sink's secret; in every common spelling.
canaries=()
# Files and folders that hold secrets by right: what the test itself wrote for the estate.
canary_inputs=(estate.yaml env "*.sql" secrets spellings bad.yaml kept.env)
# Variables whose values are secrets. The environment of drover holds them because the user
# put them there: that, and nothing else of an environment, is excepted.
canary_variables=(DROVER_EAST_PASSWORD DROVER_WEST_PASSWORD DROVER_SINK_SECRET DROVER_STORAGE_SECRET_KEY)

# canary_derived SECRET TOPOLOGY/FROM/TO GENERATION: the sink's password of a generation
canary_derived() { printf %s "$2/$3" | openssl dgst -sha256 -hmac "$1" -binary | base64 | tr '+/' '-_' | tr -d '='; }

canary_values() {
    local v s=${canary_sink:-${DROVER_SINK_SECRET:-}}
    for v in "${canary_variables[@]}"; do [ -z "${!v:-}" ] || [ "${!v}" = wrong ] || printf '%s\n' "${!v}"; done
    [ ${#canaries[@]} = 0 ] || printf '%s\n' "${canaries[@]}"
    [ -z "$s" ] || for v in 1 2 3; do canary_derived "$s" shop/east/west "$v"; done
}
# Every spelling of every secret, one a line.
canary_spellings() {
    local s
    canary_values | sort -u | while IFS= read -r s; do
        printf '%s\n' "$s"
        printf %s "$s" | base64 -w0 | sed 's/=*$//'
        echo
        printf %s "$s" | base64 -w0 | tr '+/' '-_' | sed 's/=*$//'
        echo
        printf %s "$s" | od -An -v -tx1 | tr -d ' \n'
        echo
        printf %s "$s" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F
        echo
        printf '%s\n' "$s" | sed 's|+|%2B|g; s|/|%2F|g'
        printf '%s\n' "$s" | sed 's|+|%2b|g; s|/|%2f|g'
        printf '%s\n' "$s" | sed 's|/|\\/|g'
    done | sort -u | grep -v '^$'
}

# What the process table shows of a process: its arguments, and its environment but for the
# variables above. Kept for the sweep; nothing where it is not to be read.
canary_process() {
    local v f=$work/processes
    { tr '\0' '\n' <"/proc/$1/cmdline"; } >>"$f" 2>/dev/null
    { tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null | grep -avE "^($(IFS='|'; echo "${canary_variables[*]}"))=" >>"$f"
}

canary_sweep() {
    local x exclude=()
    canary_spellings >"$work/spellings"
    [ -s "$work/spellings" ] || return
    for x in "${canary_inputs[@]}"; do exclude+=(--exclude="$x" --exclude-dir="$x"); done
    is "no secret in anything that was written" "" "$(grep -raoFf "$work/spellings" "${exclude[@]}" "$work" 2>/dev/null | sort -u | head -5)"
}
