# The process of connvo-server that scripts/run starts. To be sourced.
#
# $state/server.pid holds its pid and the time at which it began. The caller sets state, binary, probe_host and
# HTTP_PORT, and defines say and fail.
#
#   is_running                       whether that process runs; sets server_pid
#   start_server DATABASE_URL [LOG]  returns when the server is ready; without LOG its output is the caller's
#   stop_server                      ends server_pid and waits for its end
#   port_is_taken                    whether a program listens on HTTP_PORT
#
# shellcheck shell=bash
# shellcheck disable=SC2154 # state, binary and probe_host

server_pid=

# A pid may belong to another process by now; a pid together with the time at which it began cannot.
began() { # PID
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # Field 22, counted after the name in parentheses, which may hold spaces.
    read -ra stat <<<"${stat##*) }"
    echo "${stat[19]}"
}

is_running() {
    local pid begun
    [[ -f "$state/server.pid" ]] || return 1
    read -r pid begun <"$state/server.pid" || return 1
    [[ -n "$begun" && "$(began "$pid")" == "$begun" ]] || return 1
    server_pid=$pid
}

stop_server() {
    local attempt pid=$server_pid
    [[ -n "$pid" ]] || return 0
    server_pid=
    rm -f "$state/server.pid"
    kill -TERM "$pid" 2>/dev/null || return 0
    for ((attempt = 0; attempt < 300; attempt++)); do
        # A child that has ended is a zombie until this script waits for it.
        [[ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null)" == [!Z]* ]] || break
        sleep 0.1
    done
    if ((attempt == 300)); then
        say "the server did not end within 30 s of SIGTERM; killing it"
        kill -KILL "$pid" 2>/dev/null || true
    fi
    wait "$pid" 2>/dev/null || true
}

# Whether the public listener answers GET PATH with 200.
is_ok() { # PATH
    local status
    { exec 3<>"/dev/tcp/$probe_host/$HTTP_PORT"; } 2>/dev/null || return 1
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3 2>/dev/null || true
    status=
    read -r -t 2 status <&3 2>/dev/null || true
    exec 3>&-
    [[ "$status" == 'HTTP/1.1 200 '* ]]
}

port_is_taken() {
    (exec 3<>"/dev/tcp/$probe_host/$HTTP_PORT") 2>/dev/null
}

start_server() { # DATABASE_URL [LOG]
    local url=$1 log=${2:-} attempt
    # In a session of its own: Ctrl-C reaches the caller only, which then ends things in the right order. In $state, so
    # that a .env of the checkout is not read. Descriptor 9 is the lock of scripts/run.
    (
        cd "$state" || exit
        if [[ -n "$log" ]]; then
            exec >>"$log" 2>&1
        fi
        DATABASE_URL=$url exec setsid "$binary" serve </dev/null >&2 9>&-
    ) &
    server_pid=$!
    for ((attempt = 0; attempt < 300; attempt++)); do
        if ! kill -0 "$server_pid" 2>/dev/null; then
            [[ -z "$log" ]] || tail -n 20 "$log" >&2
            fail 'the server ended at once'
        fi
        if is_ok /readyz; then
            echo "$server_pid $(began "$server_pid")" >"$state/server.pid"
            return
        fi
        sleep 0.1
    done
    [[ -z "$log" ]] || tail -n 20 "$log" >&2
    fail 'the server was not ready within 30 s'
}
