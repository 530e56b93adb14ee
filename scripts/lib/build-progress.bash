# How far `swift build` is, on standard error. To be sourced.
#
#   show_progress SECONDS   reads what `swift build` prints, until its end. On a terminal one line says how far it is,
#                           such as "[312/521] 2:10"; elsewhere there is such a line every SECONDS. What is no progress,
#                           such as the errors of the compiler, is passed on.
#   elapsed SECONDS         prints that time as M:SS
#
# The caller defines say.
#
# shellcheck shell=bash

elapsed() { # SECONDS
    printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

show_progress() { # SECONDS
    local interval=$1 began=$SECONDS due=$((SECONDS + $1)) line='' part code counter=''
    local terminal='' clear=''
    if [[ -t 2 ]]; then
        terminal=1
        clear=$'\r\e[K'
    fi
    while true; do
        code=0
        # The clock of the line goes on where the compiler is silent for long.
        IFS= read -r -t 1 part || code=$?
        line+=$part
        if ((code > 128)); then # the second is over, perhaps in the middle of a line
            [[ -n "$counter" ]] || continue
        elif ((code != 0)) && [[ -z "$line" ]]; then
            break
        elif [[ "$line" =~ ^\[[0-9]+/[0-9]+\] ]]; then
            counter=${BASH_REMATCH[0]}
            line=
        else
            # What SwiftPM says about itself; scripts/build-release says it in other words.
            [[ "$line" == 'Building for '* || "$line" == 'Build of product '*' complete!'* ]] ||
                printf '%s%s\n' "$clear" "$line" >&2
            line=
        fi
        if [[ -n "$terminal" && -n "$counter" ]]; then
            printf '%s%s %s' "$clear" "$counter" "$(elapsed $((SECONDS - began)))" >&2
        elif [[ -n "$counter" ]] && ((SECONDS >= due)); then
            due=$((SECONDS + interval))
            say "$counter $(elapsed $((SECONDS - began)))"
        fi
    done
    printf %s "$clear" >&2
}
