"""The load: bench/load.c, and what it says about each request."""

import base64
import json
import os
import signal
import subprocess
from dataclasses import dataclass
from functools import cached_property

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


@dataclass
class Request:
    """Times in seconds of CLOCK_MONOTONIC, as time.monotonic() gives them."""

    due: float
    began: float
    ended: float  # 0 when it never ended
    outcome: str  # the status, or closed, timeout, malformed, unanswered
    line: int
    retry_after: str | None
    token: str | None

    @property
    def is_token(self):
        return self.token is not None

    @property
    def seconds(self):
        """From sending to the response."""
        return self.ended - self.began

    @property
    def seconds_from_due(self):
        return self.ended - self.due

    @cached_property
    def claims(self):
        payload = self.token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def read(path):
    requests = []
    with open(path) as file:
        for row in file:
            due, began, ended, outcome, line, retry_after, token = row.split()
            requests.append(Request(
                int(due) / 1e6, int(began) / 1e6, int(ended) / 1e6, outcome, int(line),
                None if retry_after == "-" else retry_after, None if token == "-" else token))
    return requests


class Load:
    """Requests at a rate, whatever the responses do; as fast as responses come with rate 0."""

    def __init__(self, folder, port, name, rate, connections=32, seconds=300, seed=1, count=None, nice=0, prefix=()):
        self.path = folder / f"{name}.requests"
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
