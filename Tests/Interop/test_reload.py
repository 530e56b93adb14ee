"""Settings are reloaded a hundred times under load, every tenth time with a broken file."""

import collections
import http.client
import json
import os
import signal
import threading
import time

import jwt
import pytest
from test_metrics import samples, scrape, total

from conftest import DOCUMENTED_BODY, FUNCTION, another, free_port

# A debug build takes about this many requests a second on a core that it has for itself.
RATE = int(os.environ.get("RELOAD_RATE", "1000"))
RELOADS = int(os.environ.get("RELOADS", "100"))
CALLERS = 8
RELOADED, REFUSED = "Settings were reloaded", "Settings were not reloaded, and those before are in use"


def secret(number: int) -> str:
    return f"interop-secret-{number:03}-0123456789abcdef0123456789abcdef"


def key_id(value: str) -> str:
    import hmac

    return hmac.digest(value.encode(), b"connvo key id", "sha256").hex()[:16]


def replace(path, text: str) -> None:
    """Readers see the old file or the new one, and nothing between."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text)
    draft.rename(path)


class Caller(threading.Thread):
    """Calls the function at its share of the rate, whether responses are late or not."""

    def __init__(self, server, bearer: str):
        super().__init__()
        self.server = server
        self.headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
        self.body = json.dumps(DOCUMENTED_BODY)
        self.is_stopping = threading.Event()
        # When each request was sent, and its token.
        self.granted: list[tuple[float, str]] = []
        self.failed: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        due = time.monotonic()
        while not self.is_stopping.is_set():
            # A caller that has fallen behind does not catch up in a burst.
            due = max(due + CALLERS / RATE, time.monotonic() - 0.1)
            time.sleep(max(0.0, due - time.monotonic()))
            sent = time.monotonic()
            try:
                connection.request("POST", FUNCTION, self.body, self.headers)
                response = connection.getresponse()
                text = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()
                continue
            if response.status == 200:
                self.granted.append((sent, json.loads(text)["value"]["token"]))
            else:
                self.failed.append(f"{response.status} {text[:200]}")


class Log:
    """The lines about reloads in the newest log of a server."""

    def __init__(self, server):
        self.path = max(server.folder.glob("log-*"), key=lambda path: path.stat().st_mtime)
        self.file = self.path.open()
        self.rest = ""

    def next(self) -> dict:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.rest += self.file.readline()
            if self.rest.endswith("\n"):
                line, self.rest = json.loads(self.rest), ""
                if line["message"] in (RELOADED, REFUSED) or "none has changed" in line["message"]:
                    return line
            else:
                time.sleep(0.002)
        raise AssertionError("there was no line about a reload")


@pytest.fixture
def reloadable(server, tmp_path):
    """A server whose secrets are files, with the folder of the files."""
    replace(tmp_path / "secret", secret(0))
    with another(
        server, STREAM_API_SECRET="", STREAM_API_SECRET_FILE=str(tmp_path / "secret"),
        STREAM_API_SECRET_PREVIOUS_FILE="", LOG_FORMAT="json", ADMIN_PORT=str(free_port()),
    ) as reloaded:
        yield reloaded, tmp_path


def test_a_hundred_reloads_under_load(reloadable):
    server, files = reloadable
    log = Log(server)
    bearer = server.bearer("user_workos_123")
    callers = [Caller(server, bearer) for _ in range(CALLERS)]
    # From when on only this secret signs: the log has said so.
    acknowledged = [(time.monotonic(), secret(0))]
    success_at_start = total(samples(scrape(server)), "connvo_reload_last_success_timestamp_seconds")
    began = time.monotonic()
    for caller in callers:
        caller.start()
    try:
        for number in range(1, RELOADS + 1):
            time.sleep(0.1)
            is_broken = number % 10 == 0
            replace(files / "secret", "too short" if is_broken else secret(number))
            before = time.time()
            server.process.send_signal(signal.SIGHUP)
            line = log.next()
            now = time.monotonic()
            assert line["message"] == (REFUSED if is_broken else RELOADED), line
            figures = samples(scrape(server))
            assert total(figures, "connvo_reload_last_attempt_successful") == (0 if is_broken else 1)
            success = total(figures, "connvo_reload_last_success_timestamp_seconds")
            if is_broken:
                assert success < before
            else:
                assert before <= success <= time.time()
                assert key_id(secret(number)) in line["changed"]
                acknowledged.append((now, secret(number)))
    finally:
        for caller in callers:
            caller.is_stopping.set()
        for caller in callers:
            caller.join()
    took = time.monotonic() - began
    assert [failure for caller in callers for failure in caller.failed] == []
    granted = [each for caller in callers for each in caller.granted]
    names = {key_id(value): value for _, value in acknowledged}
    signed_by = collections.Counter()
    for sent, token in granted:
        # The secret of the last reload before the request was sent, or a later one.
        since = max(index for index, (at, _) in enumerate(acknowledged) if at <= sent)
        for index in range(since, len(acknowledged)):
            try:
                jwt.decode(token, acknowledged[index][1], algorithms=["HS256"], options={"verify_iat": False})
            except jwt.InvalidSignatureError:
                continue
            signed_by[index] += 1
            break
        else:
            raise AssertionError(f"a request sent {sent - acknowledged[since][0]:.3f} s after reload {since} has a "
                                 f"token of a retired secret")
    assert len(signed_by) > len(acknowledged) * 0.8, "most secrets should have signed"
    # Records name the secret that has signed.
    text = ", ".join(f"'{name}'" for name in names)
    assert int(server.scalar(
        f"SELECT count(*) FROM connvo.issued_tokens WHERE signing_key_id IN ({text})")) == len(granted)
    figures = samples(scrape(server))
    assert total(figures, "connvo_reloads_total", outcome="failed") == RELOADS // 10
    assert total(figures, "connvo_reloads_total", outcome="succeeded") == RELOADS - RELOADS // 10
    assert total(figures, "connvo_reload_last_success_timestamp_seconds") > success_at_start
    print(f"{len(granted)} tokens in {took:.1f} s, {len(granted) / took:.0f} a second, {RELOADS} reloads")


def test_a_failed_reload_is_a_warning_until_one_succeeds(reloadable):
    server, files = reloadable
    log = Log(server)

    def warnings() -> list[str]:
        connection = http.client.HTTPConnection("127.0.0.1", server.admin_port, timeout=30)
        connection.request("GET", "/readyz?verbose")
        response = connection.getresponse()
        assert response.status == 200
        # Others are about the login of these tests.
        return [text for text in json.loads(response.read())["warnings"] if "reload" in text]

    assert warnings() == []
    (files / "secret").unlink()
    server.process.send_signal(signal.SIGHUP)
    assert log.next()["message"] == REFUSED
    [warning] = warnings()
    assert "the reload of settings at" in warning and "STREAM_API_SECRET_FILE" in warning
    replace(files / "secret", secret(1))
    server.process.send_signal(signal.SIGHUP)
    assert log.next()["message"] == RELOADED
    assert warnings() == []


def test_token_inspect_verifies_tokens_of_both_secrets(reloadable):
    server, files = reloadable
    log = Log(server)
    bearer = server.bearer("user_workos_123")
    tokens = [server.call(bearer)[1]["value"]["token"]]
    for number in (1, 2):
        replace(files / "secret", secret(number))
        server.process.send_signal(signal.SIGHUP)
        assert log.next()["message"] == RELOADED
        tokens.append(server.call(bearer)[1]["value"]["token"])
    replace(files / "previous", secret(1))
    server.environment["STREAM_API_SECRET_PREVIOUS_FILE"] = str(files / "previous")
    for token, name in [(tokens[2], "STREAM_API_SECRET"), (tokens[1], "STREAM_API_SECRET_PREVIOUS")]:
        inspected = json.loads(server.must("token", "inspect", "-", "--json", input=token))
        assert inspected["signed_with"] == name
        assert (inspected["record"], inspected["sha256"]) == ("found", "agrees")
    result = server.command("token", "inspect", "-", input=tokens[0])
    assert result.returncode == 65
    assert "neither STREAM_API_SECRET nor STREAM_API_SECRET_PREVIOUS has signed this token" in result.stderr
    rows = {
        row["signing_key_id"]: row["secret"]
        for row in json.loads(server.must("report", "signing-keys", "--format", "json"))["rows"]
    }
    assert rows[key_id(secret(2))] == "current"
    assert rows[key_id(secret(1))] == "previous"
    assert rows[key_id(secret(0))] == "retired"
