"""The load: bench/load.c, and what it says about each request."""

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import processes
from cluster import USERS
from processes import BENCH, BUILD, Failure, run

CLIENT_ID = "client_01KQJZ5BENCH0000000000000"
ISSUER = f"https://api.workos.com/user_management/{CLIENT_ID}"
# How long the load waits for a response: longer than the server may take, so that an answer that is late is seen.
PATIENCE = 8


def build():
    """Compiles the load generator and the program that signs bearer tokens."""
    BUILD.mkdir(exist_ok=True)
    for name, libraries in (("load", ["-lm", "-lssl", "-lcrypto"]), ("sign", ["-lcrypto", "-lpthread"])):
        program, source = BUILD / name, BENCH / f"{name}.c"
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            run("cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", program, source, *libraries)


def caller(line):
    """User and meeting of a line of the requests. Four of five are participants, the fifth is the host."""
    return f"user_01KQJZ5{10**18 + line * 7919 % USERS}", f"meeting_01KQJZ5{10**18 + line // 5}"


def sign(folder, lifetime=7200):
    """Writes key.pem, jwks.json and requests.tsv: a bearer token for every user, in its meeting."""
    pairs = "".join("\t".join(caller(line)) + "\n" for line in range(USERS))
    command = ["--key", folder / "key.pem", "--jwks", folder / "jwks.json", "--issuer", ISSUER, "--lifetime", lifetime]
    (folder / "requests.tsv").write_text(run(BUILD / "sign", *command, input=pairs))


# The line of the requests that a token's user and call belong to.
LINES = {(user, f"default:call_{meeting}"): line for line in range(USERS) for user, meeting in [caller(line)]}


@dataclass(slots=True)
class Request:
    """Times in seconds of CLOCK_MONOTONIC, as time.monotonic() gives them. Small, because a run may have millions: of
    a token there is what is compared."""

    due: float
    began: float
    ended: float  # 0 when it never ended
    outcome: str  # the status, or closed, timeout, malformed, unanswered
    line: int
    retry_after: str | None
    id: bytes | None = None  # `jti`, a UUID
    digest: bytes | None = None  # SHA-256 of the token
    of: int | None = None  # the line that user and call of the token belong to

    @property
    def is_token(self):
        return self.id is not None

    @property
    def seconds(self):
        """From sending to the response."""
        return self.ended - self.began

    @property
    def seconds_from_due(self):
        return self.ended - self.due


def uuid(text):
    return bytes.fromhex(text.replace("-", ""))


def read_token(token):
    """Id, digest and line of a token."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    line = LINES.get((claims["user_id"], *claims["call_cids"]))
    return uuid(claims["jti"]), hashlib.sha256(token.encode()).digest(), line


def read(path):
    requests = []
    with open(path) as file:
        for row in file:
            due, began, ended, outcome, line, retry_after, token = row.split()
            requests.append(Request(
                int(due) / 1e6, int(began) / 1e6, int(ended) / 1e6, sys.intern(outcome), int(line),
                None if retry_after == "-" else sys.intern(retry_after), *(read_token(token) if token != "-" else ())))
    return requests


class Load:
    """Requests at a rate, whatever the responses do; as fast as responses come with rate 0."""

    def __init__(self, folder, port, name, rate, connections=32, seconds=300, seed=1, count=None, nice=0, prefix=(),
                 log_folder=None):
        self.path = (log_folder or folder) / f"{name}.requests"
        self.rate, self.name = rate, name
        self.summary, self.requests = None, []
        arguments = ["--port", port, "--requests", folder / "requests.tsv", "--log", self.path, "--repeat", "--reconnect",
                     "--connections", connections, "--rate", rate, "--seconds", seconds, "--seed", seed,
                     "--timeout", PATIENCE, *(["--count", count] if count else [])]
        with open(folder / f"{name}.errors", "w") as errors:
            self.process = processes.start(
                *prefix, *(["nice", "-n", nice] if nice else []), BUILD / "load", *arguments,
                stdout=subprocess.PIPE, stderr=errors, text=True)

    def finish(self, stop=True):
        """Sends no more, waits for the responses, and reads what happened."""
        if self.summary is None:
            if stop and self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
            try:
                output, _ = self.process.communicate(timeout=PATIENCE + 60)
            finally:
                processes.end(self.process)
            if self.process.returncode != 0:
                raise Failure(f"the load {self.name} ended with {self.process.returncode}")
            self.summary = json.loads(output)
            self.requests = read(self.path)
            os.unlink(self.path)
        return self.requests
