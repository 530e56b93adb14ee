#!/usr/bin/env python3
"""A token for a meeting, with nothing but Python's standard library.

    CONNVO_URL=http://127.0.0.1:8080 ACCESS_TOKEN=eyJ... examples/get_token.py MEETING

Prints the response's value. Waits out a quota that is used up and a server that is away, WAIT seconds in all (60).
Exit codes: 0 a token; 1 a refusal that stays; 75 try again later; 77 sign in again.
"""

import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request

PATH = "/api/run/meetings/stream/index/generateParticipantTokenPublic"


class Refused(Exception):
    """The server's answer is final: `code` is one of docs/errors.md, `status` the status of HTTP."""

    def __init__(self, status: int, body: dict):
        data = body.get("errorData") or {}
        self.status, self.code, self.metadata = status, data.get("code"), data.get("metadata") or {}
        super().__init__(f"{self.code or f'HTTP {status}'}: {body.get('errorMessage', '')}")


class Unavailable(Exception):
    """No answer within the time; `seconds` is how long the server asks to wait."""

    def __init__(self, reason: str, seconds: float):
        self.seconds = seconds
        super().__init__(f"{reason}; try again in {seconds:.0f} s")


def ask(url: str, access_token: str, meeting: str) -> tuple[int, dict, str | None]:
    """One request: the status, the body, and Retry-After. Status 0 is no response."""
    request = urllib.request.Request(
        url + PATH, json.dumps({"args": {"meetingId": meeting}}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {access_token}"})
    try:
        try:
            response = urllib.request.urlopen(request, timeout=10)
        except urllib.error.HTTPError as error:  # a response, too
            response = error
        with response:
            content = response.read()
            status, retry_after = response.status, response.headers["Retry-After"]
    except (OSError, http.client.HTTPException):
        return 0, {}, None
    try:
        body = json.loads(content)
    except ValueError:  # a proxy's page
        body = {}
    return status, body if isinstance(body, dict) else {}, retry_after


def get_token(url: str, access_token: str, meeting: str, wait: float = 60) -> dict:
    """The value of the response: `token`, `user`, `expiresAt`. Throws Refused or Unavailable."""
    deadline, attempt = time.monotonic() + wait, 0
    while True:
        status, body, retry_after = ask(url, access_token, meeting)
        if status == 200 and body.get("status") == "success":
            return body["value"]
        if status not in (0, 429, 502, 503, 504):
            raise Refused(status, body)
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else min(2.0**attempt, 30)
        if time.monotonic() + seconds > deadline:
            raise Unavailable(body.get("errorMessage") or f"HTTP {status}", seconds)
        # Clients that were refused together do not come back together.
        time.sleep(seconds * (1 + random.random() / 4))
        attempt += 1


def main() -> int:
    if len(sys.argv) != 2 or not {"CONNVO_URL", "ACCESS_TOKEN"} <= {*os.environ}:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    try:
        value = get_token(
            os.environ["CONNVO_URL"], os.environ["ACCESS_TOKEN"], sys.argv[1], float(os.environ.get("WAIT", 60)))
    except Refused as refusal:
        if refusal.status == 401:  # SESSION_EXPIRED: refresh the access token; otherwise sign in again
            print(f"get_token: sign in again: {refusal}", file=sys.stderr)
            return 77
        print(f"get_token: refused: {refusal}", file=sys.stderr)
        return 1
    except Unavailable as outage:
        print(f"get_token: {outage}", file=sys.stderr)
        return 75
    print(json.dumps(value, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
