# Virtual environments of Python, made from a list of requirements. To be sourced.
#
# shellcheck shell=bash

# Makes FOLDER with what LIST names, unless it has exactly that already. LIST is copied into FOLDER last: a copy there
# shows that the environment is complete.
python_environment() { # FOLDER LIST
    ! cmp --silent "$2" "$1/requirements.txt" || return 0
    rm -rf "$1"
    python3 -m venv "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
    cp "$2" "$1/requirements.txt"
}
