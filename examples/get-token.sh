#!/bin/sh
# A token, or what to do about not getting one.
#
#   CONNVO_URL=http://127.0.0.1:8080 ACCESS_TOKEN=eyJ... examples/get-token.sh MEETING
#
# Prints the response's value. Waits out a quota that is used up and a server that is away, WAIT seconds in all (60).
# Exit codes: 0 a token; 1 a refusal that stays; 75 try again later; 77 sign in again.
set -eu
: "${CONNVO_URL:?}" "${ACCESS_TOKEN:?}" "${1:?usage: get-token.sh MEETING}"
url=$CONNVO_URL/api/run/meetings/stream/index/generateParticipantTokenPublic
arguments=$(jq --null-input --compact-output --arg id "$1" '{args: {meetingId: $id}}')
left=${WAIT:-60}
pause=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

while true; do
    rm -f "$folder/head" "$folder/body"
    # By standard input, as arguments of a process can be read by other users. 000: no response at all.
    status=$(printf 'header = "Authorization: Bearer %s"\n' "$ACCESS_TOKEN" |
        curl --config - --silent --max-time 10 --dump-header "$folder/head" --output "$folder/body" \
            --header 'Content-Type: application/json' --data "$arguments" --write-out '%{http_code}' "$url") || status=000
    code=$(jq --raw-output '.errorData.code // empty' "$folder/body" 2>/dev/null) || code=
    message=$(jq --raw-output '.errorMessage // empty' "$folder/body" 2>/dev/null) || message=
    case $status in
        200)
            jq .value "$folder/body"
            exit 0
            ;;
        401)
            # SESSION_EXPIRED: the access token can be refreshed. Otherwise the user signs in again.
            echo "get-token: sign in again: ${code:-401}: $message" >&2
            exit 77
            ;;
        429 | 502 | 503 | 504 | 000)
            seconds=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]*\).*/\1/p' "$folder/head" 2>/dev/null || true)
            seconds=${seconds:-$pause}
            pause=$((pause < 30 ? pause * 2 : 30))
            if [ "$seconds" -gt "$left" ]; then
                echo "get-token: try again in $seconds s: HTTP $status ${code:-no response}: $message" >&2
                exit 75
            fi
            echo "get-token: HTTP $status, once more in $seconds s" >&2
            sleep "$seconds"
            left=$((left - seconds))
            ;;
        *)
            # A refusal: this user gets no token for this meeting as things are. `code` says why: docs/errors.md.
            echo "get-token: refused: ${code:-HTTP $status}: $message" >&2
            exit 1
            ;;
    esac
done
