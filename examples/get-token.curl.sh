#!/bin/sh
# One token with one command: curl itself repeats after 429 and 5xx, and waits as long as Retry-After says.
#
#   CONNVO_URL=http://127.0.0.1:8080 ACCESS_TOKEN=eyJ... examples/get-token.curl.sh MEETING
#
# Prints the response. The exit code is curl's: 0 a token, 22 a refusal, 7 or 28 no response. The access token goes to
# curl by standard input: arguments of a process can be read by other users.
set -eu
: "${CONNVO_URL:?}" "${ACCESS_TOKEN:?}" "${1:?usage: get-token.curl.sh MEETING}"

body=$(mktemp)
trap 'rm -f "$body"' EXIT
code=0
printf 'header = "Authorization: Bearer %s"\n' "$ACCESS_TOKEN" |
    curl --config - --silent --show-error --fail-with-body --output "$body" --max-time 10 \
        --retry 5 --retry-max-time "${WAIT:-60}" --retry-connrefused \
        --header 'Content-Type: application/json' --data "{\"args\":{\"meetingId\":\"$1\"}}" \
        "$CONNVO_URL/api/run/meetings/stream/index/generateParticipantTokenPublic" || code=$?
cat "$body" && echo
exit "$code"
