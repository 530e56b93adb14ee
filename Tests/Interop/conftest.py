"""Servers with a database of their own, and the ways to call them."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import uuid

import pytest
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION = "/api/action"
FUNCTION = "/api/run/meetings/stream/index/generateParticipantTokenPublic"
DOCUMENTED_BODY = {"args": {"meetingId": "meeting_123example", "role": "participant"}}
ACTION_PATH = "meetings/stream/index:generateParticipantTokenPublic"
ISSUER = "https://connvo.invalid/development"


class Server:
    """connvo-server serve, its settings and its development key."""

    def __init__(self, folder: pathlib.Path, database: str, **settings: str):
        self.folder = folder
        self.database = database
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
            **settings,
        }
        # What the server is run with, for instance a limit: a program that executes the rest of its arguments.
        self.wrapper: list[str] = []
        self.process = None
        self.port = 0
        self.log_file = folder / f"log-{uuid.uuid4()}"

    def command(self, *arguments: str, input: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(
            [os.environ["CONNVO_BINARY"], *arguments],
            env=self.environment, cwd=self.folder, input=input, capture_output=True, text=True, timeout=60,
        )

    def must(self, *arguments: str, input: str = "") -> str:
        result = self.command(*arguments, input=input)
        assert result.returncode == 0, result.stderr
        return result.stdout

    @property
    def address(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What clients of the public listener connect with; None without TLS. They do not verify the certificate."""
        if "HTTP_TLS_CERTIFICATE_FILE" not in self.environment:
            return None
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    @property
    def log(self) -> str:
        """What it has written to standard error since it was started last."""
        return self.log_file.read_text()

    @property
    def admin_port(self) -> int:
        return int(self.environment["ADMIN_PORT"])

    def start(self, probe: str = "/readyz") -> None:
        """Starts it and waits until `probe` returns 200."""
        log = self.log_file
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*self.wrapper, os.environ["CONNVO_BINARY"], "serve"],
                env=self.environment, cwd=self.folder, stderr=output,
            )
        for _ in range(3000):
            # The listeners start in no particular order.
            found = set(map(int, re.findall(r"listening on 127\.0\.0\.1:(\d+)\D", log.read_text())))
            ports = found - {self.admin_port}
            if ports and self.admin_port in found | {0}:
                self.port = ports.pop()
                if self.get(probe)[0] == 200:
                    return
            assert self.process.poll() is None, log.read_text()
            time.sleep(0.01)
        raise AssertionError(log.read_text())

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def request(self, method: str, path: str, body=None, headers=None):
        """Status, text and headers of the response."""
        if self.tls:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.tls)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode(), response.headers
        finally:
            connection.close()

    def _json(self, method: str, path: str, body=None, headers=None):
        status, text, headers = self.request(method, path, body, headers)
        return status, json.loads(text), headers

    def get(self, path: str):
        return self._json("GET", path)

    def call(self, bearer: str, body=None):
        """Calls the function; the documented body when none is given."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
        return self._json("POST", FUNCTION, json.dumps(body or DOCUMENTED_BODY), headers)

    def bearer(self, user: str) -> str:
        return self.must("token", "issue-bearer", "--user", user).strip()

    def scalar(self, sql: str) -> str:
        return psql(self.database, sql)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


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
        server = Server(pathlib.Path(folder), database, EARLY_JOIN_WINDOW="15m")
        try:
            server.must("migrate")
            server.must("seed", str(ROOT / "sql/seed/demo.json"))
            # A meeting that is never open while these tests run.
            psql(database, """
                INSERT INTO connvo.meetings (id, organizer_id, title, state, scheduled_at, stream_call_type, stream_call_id)
                VALUES ('meeting_early', 'user_workos_123', 'Far away', 'scheduled', '2099-01-01T12:00:00Z', 'default', 'c');
                INSERT INTO connvo.meeting_participants (meeting_id, user_id, role)
                VALUES ('meeting_early', 'user_bob_cohost', 'participant')""")
            server.must("token", "development-key", "--key", "key.pem", "--jwks", "jwks.json")
            server.start()
            yield server
        finally:
            server.stop()
            psql("postgres", f"DROP DATABASE {database} WITH (FORCE)")


@contextlib.contextmanager
def another(server: Server, probe: str = "/readyz", wrapper: list[str] = [], **settings: str):
    """A second server on the same database, with the same keys and secret and other settings."""
    second = Server(server.folder, server.database)
    second.secret = server.secret
    second.wrapper = wrapper
    second.environment = {**server.environment, **settings}
    try:
        second.start(probe)
        yield second
    finally:
        second.stop()


@pytest.fixture(scope="session")
def limited(server):
    """Allows a user one request a minute."""
    with another(server, TOKENS_PER_MINUTE="1") as limited:
        yield limited


@pytest.fixture(scope="session")
def slowed(server):
    """Looks at one invalid token of an address in a second."""
    with another(server, INVALID_TOKENS_PER_SECOND="1") as slowed:
        yield slowed


@pytest.fixture(scope="session")
def keyless(server):
    """Has no key to verify tokens with."""
    with another(server, "/livez", WORKOS_JWKS_URL=f"file://{server.folder}/nowhere.json") as keyless:
        yield keyless


@pytest.fixture(scope="session")
def administered(server):
    """Has an admin listener, too."""
    with another(server, ADMIN_PORT=str(free_port())) as administered:
        yield administered


@pytest.fixture(scope="session")
def chromium():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        pytest.skip("no Chromium: scripts/install-dependencies --tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def broken(server):
    """Cannot write the records of one user, as if the server had a bug."""
    server.scalar("ALTER TABLE connvo.issued_tokens ADD CONSTRAINT broken CHECK (user_id <> 'user_nora_nameless')")
    yield "user_nora_nameless"
    server.scalar("ALTER TABLE connvo.issued_tokens DROP CONSTRAINT broken")


@pytest.fixture(scope="session")
def key(server):
    """Our development key, as cryptography reads it."""
    return serialization.load_pem_private_key((server.folder / "key.pem").read_bytes(), None)


@pytest.fixture(scope="session")
def key_id(server):
    return json.loads((server.folder / "jwks.json").read_text())["keys"][0]["kid"]


@pytest.fixture
def claims():
    """The claims of a valid development token for the host of the example."""
    now = int(time.time())
    return {"iss": ISSUER, "sub": "user_workos_123", "sid": "session_interop", "iat": now, "exp": now + 600}


@pytest.fixture(scope="session")
def preload(tmp_path_factory):
    """Compiles a source file beside this one; the variables with which a program loads it first."""
    folder = tmp_path_factory.mktemp("preloaded")

    def compiled(name: str) -> dict:
        library = folder / f"{name}.so"
        if not library.exists():
            source = pathlib.Path(__file__).with_name(f"{name}.c")
            subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60)
        return {"LD_PRELOAD": str(library)}

    return compiled


@pytest.fixture(params=["unnamed draft", "named draft"])
def drafts(request, preload):
    """Variables for a file system that has files without a name, and for one that has not."""
    return {} if request.param == "unnamed draft" else preload("without_tmpfile")


@pytest.fixture(scope="session")
def templates(server):
    """Databases to copy: one that is only migrated, and one that is seeded, too."""
    names = {state: f"{server.database}_{state}" for state in ("migrated", "seeded")}
    other = Server(server.folder, "")
    try:
        for state, name in names.items():
            psql("postgres", f"CREATE DATABASE {name}")
            other.environment = server.environment | {"DATABASE_URL": f"postgresql:///{name}"}
            other.must("migrate")
            if state == "seeded":
                other.must("seed", str(ROOT / "sql/seed/demo.json"))
        yield names
    finally:
        for name in names.values():
            psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def prepared(server, templates):
    """Makes databases for one test: prepared(state, sql) returns the environment in which commands reach a new one."""
    made = []

    def make(state, sql=""):
        if state == "served":
            return server.environment
        name = f"{server.database}_{len(made)}"
        template = "template0" if state == "empty" else templates[state]
        psql("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        if sql:
            psql(name, sql)
        return server.environment | {"DATABASE_URL": f"postgresql:///{name}"}

    yield make
    for name in made:
        psql("postgres", f"DROP DATABASE {name} WITH (FORCE)")
