"""Two servers behind HAProxy are restarted one after the other, and a migration runs in between, while clients call: no
request fails, and every token has its record. HAProxy's configuration is deploy/haproxy.cfg."""

import base64
import hashlib
import http.client
import json
import pathlib
import re
import shutil
import signal
import threading
import time

from conftest import ACTION, ACTION_PATH, DOCUMENTED_BODY, ROOT, Server, another, free_port, psql
from proxies import running


def configuration(one: Server, two: Server) -> str:
    """deploy/haproxy.cfg for these two servers."""
    text = (ROOT / "deploy/haproxy.cfg").read_text()
    for example, actual in (
        ("bind 127.0.0.1:8000", "bind 127.0.0.1:{port}"),
        ("one 127.0.0.1:8080 check port 8081", f"one 127.0.0.1:{one.port} check port {one.admin_port}"),
        ("two 127.0.0.2:8080 check port 8081", f"two 127.0.0.1:{two.port} check port {two.admin_port}"),
    ):
        assert text.count(example) == 1
        text = text.replace(example, actual)
    return text


def additive_migration(folder: pathlib.Path) -> pathlib.Path:
    """The migrations of this checkout and one more, which adds a column."""
    shutil.copytree(ROOT / "sql/migrations", folder / "migrations")
    shutil.copy(ROOT / "sql/roles.sql", folder)
    number = max(int(file.name[:4]) for file in (folder / "migrations").glob("*.sql")) + 1
    (folder / f"migrations/{number:04}_rooms.sql").write_text(
        f"-- {number:04}: meetings may have a room.\n-- Why: a test.\n"
        "-- Lock: ACCESS EXCLUSIVE on connvo.meetings, for a moment.\n"
        "ALTER TABLE connvo.meetings ADD COLUMN room text;\n"
    )
    return folder / "migrations"


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
