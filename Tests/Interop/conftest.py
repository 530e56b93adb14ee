"""A server on a database of its own, and the ways to talk to it."""

import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import uuid

import pytest
from cryptography.hazmat.primitives import serialization

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTION = "/api/run/meetings/stream/index/generateParticipantTokenPublic"
DOCUMENTED_BODY = {"args": {"meetingId": "meeting_123example", "role": "participant"}}
ISSUER = "https://connvo.invalid/development"


class Server:
    """connvo-server serve, its settings and its development key."""

    def __init__(self, folder: pathlib.Path, database: str):
        self.folder = folder
        self.secret = f"interop-{uuid.uuid4()}"
        inherited = {name: os.environ[name] for name in ("PATH", "PGHOST", "PGPORT", "PGUSER") if name in os.environ}
        self.environment = {
            **inherited,
            "DATABASE_URL": f"postgresql:///{database}",
            "STREAM_API_SECRET": self.secret,
            "HTTP_PORT": "0",
            "ADMIN_PORT": "0",
            "TOKENS_PER_MINUTE": "0",
            "ALLOW_DEVELOPMENT_TOKENS": "true",
            "STREAM_GRANTS_CONFIRMED": "true",
            "WORKOS_JWKS_URL": f"file://{folder}/jwks.json",
            "DEVELOPMENT_KEY_FILE": f"{folder}/key.pem",
        }
        self.process = None
        self.port = 0

    def command(self, *arguments: str, input: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(
            [os.environ["CONNVO_BINARY"], *arguments],
            env=self.environment, cwd=self.folder, input=input, capture_output=True, text=True, timeout=60,
        )

    def must(self, *arguments: str, input: str = "") -> str:
        result = self.command(*arguments, input=input)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def start(self) -> None:
        log = self.folder / "log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [os.environ["CONNVO_BINARY"], "serve"], env=self.environment, cwd=self.folder, stderr=output
            )
        for _ in range(3000):
            found = re.search(r"listening on 127\.0\.0\.1:(\d+)\D", log.read_text())
            if found:
                self.port = int(found[1])
                if self.get("/readyz")[0] == 200:
                    return
            assert self.process.poll() is None, log.read_text()
            time.sleep(0.01)
        raise AssertionError(log.read_text())

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def _request(self, method: str, path: str, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers
        finally:
            connection.close()

    def get(self, path: str):
        return self._request("GET", path)

    def call(self, bearer: str, body=None):
        """Calls the function; the documented body when none is given."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
        return self._request("POST", FUNCTION, json.dumps(body or DOCUMENTED_BODY), headers)

    def scalar(self, sql: str) -> str:
        return psql(self.environment["DATABASE_URL"].rsplit("/", 1)[1], sql)


def psql(database: str, sql: str) -> str:
    result = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database],
        input=sql, capture_output=True, text=True, timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture(scope="session")
def server():
    database = f"connvo_interop_{os.getpid()}"
    psql("postgres", f"CREATE DATABASE {database}")
    with tempfile.TemporaryDirectory(prefix="connvo-interop-") as folder:
        server = Server(pathlib.Path(folder), database)
        try:
            server.must("migrate")
            server.must("seed", str(ROOT / "sql/seed/demo.json"))
            server.must("token", "development-key", "--key", "key.pem", "--jwks", "jwks.json")
            server.start()
            yield server
        finally:
            server.stop()
            psql("postgres", f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture(scope="session")
def key(server):
    """Our development key, as cryptography reads it."""
    return serialization.load_pem_private_key((server.folder / "key.pem").read_bytes(), None)


@pytest.fixture(scope="session")
def key_id(server):
    return json.loads((server.folder / "jwks.json").read_text())["keys"][0]["kid"]


@pytest.fixture
def claims():
    """The claims of a good development token for the host of the example."""
    now = int(time.time())
    return {"iss": ISSUER, "sub": "user_workos_123", "sid": "session_interop", "iat": now, "exp": now + 600}
