# The database that scripts/run keeps from one run to the next. To be sourced, after postgres.bash and text.bash.
#
# Its cluster is $state/postgres; $state/socket names the directory of its Unix socket while it runs. The caller sets
# state, calls choose_postgres_user, and defines say and fail.
#
#   choose_postgres            sets bin, the directory of the PostgreSQL that can open the cluster
#   start_database             makes the cluster and the database "connvo" when they are missing; sets socket,
#                              administrator_url and server_url
#   sql DATABASE ARGUMENT...   psql as superuser, prints rows without decoration
#   stop_database
#   remove_cluster             the cluster must be stopped
#
# shellcheck shell=bash
# shellcheck disable=SC2154 # state

cluster=$state/postgres
bin=
socket=
administrator_url=
server_url=

# Descriptor 9 is the lock of scripts/run: PostgreSQL must not keep it.
database() { # PROGRAM ARGUMENT...
    as_postgres "$cluster" "$bin/$1" "${@:2}" 9>&-
}

choose_postgres() {
    local version
    bin=$("$(dirname "${BASH_SOURCE[0]}")/../postgres-bin")
    [[ -f "$cluster/data/PG_VERSION" ]] || return 0
    # Only the major version that made the data can open it.
    version=$(cat "$cluster/data/PG_VERSION")
    if [[ "$("$bin/postgres" --version)" != *" $version"[.\ ]* ]]; then
        bin=/usr/lib/postgresql/$version/bin
        [[ -x "$bin/postgres" ]] || fail "the data in $cluster needs PostgreSQL $version; --reset starts afresh"
    fi
}

make_kept_cluster() {
    [[ ! -d "$cluster/data" ]] || return 0
    remove_cluster
    mkdir "$cluster"
    give_to_postgres_user "$cluster"
    if ! as_postgres / test -w "$cluster"; then
        # A checkout below a private directory such as /root: the data must be where its user can go.
        rmdir "$cluster"
        ln -s "$(mktemp -d /var/tmp/connvo-postgres.XXXXXX)" "$cluster"
        give_to_postgres_user "$cluster/"
    fi
    chmod 700 "$cluster/"
    say "making a PostgreSQL cluster in $cluster"
    make_cluster "$cluster" "$state/initdb.log" 9>&-
}

start_database() {
    make_kept_cluster
    socket=$(cat "$state/socket" 2>/dev/null || true)
    if [[ ! -S "$socket/.s.PGSQL.5432" ]] || ! database pg_ctl --pgdata=data status >/dev/null 2>&1; then
        stop_database
        # The path of a Unix socket must be shorter than 108 bytes, and that of a checkout may be longer.
        socket=$(mktemp -d /tmp/connvo.XXXXXX)
        echo "$socket" >"$state/socket"
        give_to_postgres_user "$socket"
        database pg_ctl --pgdata=data --log=log --wait --silent \
            --options="-c listen_addresses= -c unix_socket_permissions=0700 -k $socket" start || {
            tail -n 20 "$cluster/log" >&2
            return 1
        }
    fi
    # shellcheck disable=SC2034 # scripts/run reads both
    administrator_url="postgresql:///connvo?host=$(percent_encoded "$socket")&port=5432&user=postgres"
    # shellcheck disable=SC2034
    server_url="postgresql:///connvo?host=$(percent_encoded "$socket")&port=5432&user=connvo_server"
    sql postgres --command="SELECT 1 FROM pg_database WHERE datname = 'connvo'" | grep -q . ||
        sql postgres --command='CREATE DATABASE connvo'
}

sql() { # DATABASE ARGUMENT...
    "$bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
        --host="$socket" --port=5432 --username=postgres --dbname="$1" "${@:2}"
}

stop_database() {
    [[ -f "$cluster/data/postmaster.pid" ]] || return 0
    database pg_ctl --pgdata=data --mode=fast --silent stop || true
    if [[ "$(cat "$state/socket" 2>/dev/null)" == /tmp/connvo.* ]]; then
        rm -rf "$(cat "$state/socket")"
    fi
    rm -f "$state/socket"
}

remove_cluster() {
    if [[ "$(readlink "$cluster")" == /var/tmp/connvo-postgres.* ]]; then
        rm -rf "$(readlink "$cluster")"
    fi
    rm -rf "$cluster"
}
