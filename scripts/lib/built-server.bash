# The server that tests and tools use. To be sourced.
#
# shellcheck shell=bash

# Exports CONNVO_BINARY: what it is already, else the debug build of this checkout, else the release build. Fails with
# 69 when there is none, or when CONNVO_BINARY is set and names no program.
choose_built_server() {
    local root candidate
    if [[ -n "${CONNVO_BINARY:-}" && ! -x "$CONNVO_BINARY" ]]; then
        echo "$0: CONNVO_BINARY=$CONNVO_BINARY is no program" >&2
        return 69
    fi
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    for candidate in "${CONNVO_BINARY:-}" "$root/.build/debug/connvo-server" "$root/.build/release/connvo-server"; do
        if [[ -x "$candidate" ]]; then
            CONNVO_BINARY=$(realpath "$candidate")
            export CONNVO_BINARY
            return
        fi
    done
    echo "$0: there is no server: swift build, or set CONNVO_BINARY" >&2
    return 69
}
