# The server that tests and tools use. To be sourced.
#
# shellcheck shell=bash

# Exports CONNVO_BINARY: what it is already, else the debug build of this checkout, else the release build. Fails with
# 69 when there is none.
choose_built_server() {
    local root candidate
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
