# A private PostgreSQL cluster: how it is made, and as which user its programs run. To be sourced.
#
# PostgreSQL refuses to run as root. When the caller is root, its programs run as the user "postgres" (or "nobody" where
# there is no such user), and that user owns the cluster. Otherwise they run as the caller.
#
#   choose_postgres_user             call it first; sets postgres_user and as_postgres_user
#   give_to_postgres_user PATH...    makes that user the owner of these files
#   as_postgres DIRECTORY COMMAND... runs a command as that user, in DIRECTORY
#   make_cluster DIRECTORY LOG ARGUMENT...
#                                    makes the cluster DIRECTORY/data, with further arguments for initdb
#
# shellcheck shell=bash

postgres_user=
as_postgres_user=()

choose_postgres_user() {
    ((EUID == 0)) || return 0
    postgres_user=postgres
    id "$postgres_user" >/dev/null 2>&1 || postgres_user=nobody
    as_postgres_user=(setpriv "--reuid=$postgres_user" "--regid=$(id -g "$postgres_user")" --clear-groups)
}

give_to_postgres_user() { # PATH...
    [[ -z "$postgres_user" ]] || chown "$postgres_user" "$@"
}

# In a directory that the user can read: the caller's may be private.
as_postgres() { # DIRECTORY COMMAND...
    (cd "$1/" && exec "${as_postgres_user[@]}" "${@:2}")
}

# DIRECTORY belongs to the user already. initdb writes to another name first, so that an interrupted run leaves no
# incomplete "data". Only connections through the Unix socket are accepted, without a password.
make_cluster() { # DIRECTORY LOG ARGUMENT...
    local directory=$1 log=$2 bin
    bin=$("$(dirname "${BASH_SOURCE[0]}")/../postgres-bin") || return
    as_postgres "$directory" "$bin/initdb" --pgdata=unfinished --username=postgres --auth-local=trust \
        --auth-host=reject --no-locale --encoding=UTF8 --no-instructions "${@:3}" >"$log" 2>&1 || {
        cat "$log" >&2
        return 1
    }
    mv "$directory/unfinished" "$directory/data"
}
