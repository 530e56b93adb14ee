"""Two servers behind HAProxy are restarted one after the other, and a migration runs in between, while clients call: no
request fails, and every token has its record. HAProxy's configuration is deploy/haproxy.cfg."""

import base64
import hashlib
import http.client
import json
import re
import signal
import sys
import threading
import time

from conftest import ACTION, ACTION_PATH, DOCUMENTED_BODY, ROOT, Server, another, free_port, psql
from proxies import running

sys.path.insert(0, str(ROOT / "Tests/Drill"))
from rollout import additive_migration, haproxy_configuration  # noqa: E402


def configuration(one: Server, two: Server) -> str:
    """As `running` takes it: with a place for the port."""
    return haproxy_configuration("{port}", (one.port, one.admin_port), (two.port, two.admin_port))


class Caller(threading.Thread):
    """Calls the function about fifty times a second on one connection, until told to stop."""

    def __init__(self, port: int, bearer: str):
        super().__init__()
        self.port = port
        self.headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
        self.body = json.dumps({"path": ACTION_PATH, "args": DOCUMENTED_BODY["args"]})
        self.is_stopping = threading.Event()
        self.tokens: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.is_stopping.is_set():
            try:
                connection.request("POST", ACTION, self.body, self.headers)
                response = connection.getresponse()
                text = response.read()
                value = json.loads(text).get("value") if response.status == 200 else None
                if value:
                    self.tokens.append(value["token"])
                else:
                    self.failures.append(f"{response.status} {text[:200]}")
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(repr(error))
                connection.close()
            time.sleep(0.02)
        connection.close()


def identifier(token: str) -> str:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"]


def issued(server: Server) -> int:
    """How many tokens a server has handed out since it was started."""
    connection = http.client.HTTPConnection("127.0.0.1", server.admin_port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return sum(int(count) for count in re.findall(r"^connvo_tokens_issued_total\{.*\} (\d+)$", text, re.MULTILINE))


def until_issued(server: Server) -> None:
    """Waits until HAProxy sends requests to this server."""
    before, deadline = issued(server), time.monotonic() + 30
    while issued(server) <= before + 10:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_request_fails(server, prepared, tmp_path):
    environment = prepared("seeded")
    database = environment["DATABASE_URL"].removeprefix("postgresql:///")
    migrations = additive_migration(tmp_path)
    bearer = server.bearer("user_workos_123")

    def settings() -> dict[str, str]:
        return {"DATABASE_URL": environment["DATABASE_URL"], "ADMIN_PORT": str(free_port()), "HTTP_PORT": str(free_port())}

    with (
        another(server, **settings()) as one,
        another(server, **settings()) as two,
        running("haproxy", configuration(one, two)) as port,
    ):
        callers = [Caller(port, bearer) for _ in range(4)]
        for caller in callers:
            caller.start()
        try:
            until_issued(one)
            until_issued(two)
            for restarted in [one, two]:
                restarted.process.send_signal(signal.SIGTERM)
                assert restarted.process.wait(30) == 0
                restarted.start()
                # The other one goes when HAProxy sends requests to this one again.
                until_issued(restarted)
                if restarted is one:
                    one.must("migrate", "up", "--from", str(migrations))
        finally:
            for caller in callers:
                caller.is_stopping.set()
            for caller in callers:
                caller.join()
    assert [failure for caller in callers for failure in caller.failures] == []
    tokens = [token for caller in callers for token in caller.tokens]
    assert len(tokens) > 200
    assert psql(database, "SELECT count(room) FROM connvo.meetings") == "0"
    rows = psql(database, "SELECT id, encode(token_sha256, 'hex') FROM connvo.issued_tokens").splitlines()
    records = dict(row.split("|") for row in rows)
    assert {identifier(token): hashlib.sha256(token.encode()).hexdigest() for token in tokens} == records
    assert len(records) == len(tokens)
