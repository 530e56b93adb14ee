"""doctor and healthcheck: what a program that calls them goes by, which is exit codes and JSON."""

import json
import re
import socket
import subprocess
import threading
import time

import pytest

from commands import BINARY, run
from conftest import ROOT, free_port

PAGE = (ROOT / "docs/doctor.md").read_text()
# A later table of the page names some of them again.
SETTINGS = list(dict.fromkeys(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/configuration.md").read_text(), re.MULTILINE)))


def doctor(environment, folder, *arguments):
    result = run(["doctor", "--json", *arguments], environment, folder)
    assert result.stderr == ""
    return result.returncode, json.loads(result.stdout)


def test_members_are_those_of_the_page(server):
    code, report = doctor(server.environment, server.folder)
    assert set(report) == {"version", "counts", "settings", "checks", "error"}
    for member in report:
        assert f"| `{member}` |" in PAGE
    assert set(report["counts"]) == {"ok", "warning", "fault", "not_checked"}
    assert sum(report["counts"].values()) == len(report["checks"])
    for setting in report["settings"]:
        assert set(setting) == {"name", "secret", "set", "source", "place", "value", "detail", "problem"}
        assert setting["source"] in ("flag", "environment", ".env", "file", "default")
        assert not (setting["secret"] and setting["set"] and setting["value"])
    for check in report["checks"]:
        assert set(check) == {"check", "level", "text", "remedy"}
        assert f"| `{check['check']}` |" in PAGE
        # What is wrong has a remedy.
        assert (check["remedy"] is not None) == (check["level"] in ("warning", "fault")), check
    # The server of the tests does not sync to disk.
    assert code == 1
    assert report["error"] == {
        "exit_code": 1,
        "message": "durability: fsync is off: a crash of the machine loses records of tokens that were handed out",
    }


def test_every_documented_setting_is_there(server):
    _, report = doctor(server.environment, server.folder, "--config")
    assert [setting["name"] for setting in report["settings"]] == SETTINGS
    example = (ROOT / ".env.example").read_text()
    assert re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE) == SETTINGS


@pytest.mark.parametrize("change, arguments, code", [
    ({}, [], 0),
    ({"STREAM_GRANTS_CONFIRMED": "false"}, [], 0),
    ({"STREAM_GRANTS_CONFIRMED": "true"}, ["--strict"], 1),
    ({"HTTP_PORT": "x"}, [], 78),
    ({"HTTP_PORTT": "1"}, [], 78),
    ({"STREAM_API_SECRET": "short"}, ["--strict"], 78),
])
def test_exit_codes_of_config(server, change, arguments, code):
    found, report = doctor({**server.environment, **change}, server.folder, "--config", *arguments)
    assert found == code, report["checks"]
    assert (report["error"] or {}).get("exit_code", 0) == code


@pytest.mark.parametrize("url, code", [
    ("postgresql:///connvo?host=/nonexistent", 69),
    ("postgresql:///no_such_database", 78),
    ("postgresql://no_such_login@/postgres", 78),
    ("mysql://x", 78),
])
def test_exit_codes_of_the_database(server, url, code):
    found, report = doctor({**server.environment, "DATABASE_URL": url}, server.folder)
    assert found == code, report["checks"]
    levels = {check["check"]: check["level"] for check in report["checks"]}
    assert levels["schema"] == "not_checked" and levels["descriptors"] in ("ok", "not_checked")


def test_usage(server):
    assert run(["doctor", "--http-port", "x"], server.environment, server.folder).returncode == 64
    assert run(["healthcheck", "--timeout", "0s"], server.environment, server.folder).returncode == 64


@pytest.mark.parametrize("arguments", [["doctor"], ["doctor", "--json"], ["doctor", "--config"]], ids=" ".join)
def test_no_secret_is_shown(server, tmp_path, arguments):
    """In every secret setting, plain and by file, and with the password percent-encoded."""
    password, encoded = "Passw0rdMark/Delta", "Passw0rdMark%2FDelta"
    secrets = {
        "STREAM_API_SECRET": "Passw0rdMarkEcho-k7vq2m9xw4tz8rnb3hpc",
        "DATABASE_URL": f"postgresql://app:{encoded}@127.0.0.1:{free_port()}/connvo",
        "DATABASE_ADMIN_URL": f"host=127.0.0.1 port={free_port()} user=app password='{password}'",
    }
    _, report = doctor(server.environment, server.folder, "--config")
    names = [setting["name"] for setting in report["settings"] if setting["secret"]]
    secrets |= {name: "Passw0rdMarkGolf-k7vq2m9xw4tz8rnb3hpc" for name in names if name not in secrets}
    files = {}
    for name, value in secrets.items():
        (tmp_path / name).write_text(value + "\n")
        files[f"{name}_FILE"] = name
    rest = {name: value for name, value in server.environment.items() if name not in secrets}
    for environment in ({**rest, **secrets}, {**rest, **files}):
        result = run(arguments, environment, tmp_path)
        shown = (result.stdout + result.stderr).lower()
        assert "passw0rd" not in shown and "delta" not in shown
        assert "set" in shown


def test_a_silent_server_does_not_hold_doctor(server):
    """Everything that can be asked accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        environment = {
            **server.environment, "DATABASE_URL": f"postgresql://127.0.0.1:{port}/connvo",
            "WORKOS_JWKS_URL": f"https://127.0.0.1:{port}/keys", "HTTP_PORT": str(port),
        }
        result = subprocess.run(
            [BINARY, "doctor", "--json"], env=environment, cwd=server.folder, capture_output=True, text=True, timeout=60,
        )
    assert result.returncode == 69
    levels = {check["check"]: check["level"] for check in json.loads(result.stdout)["checks"]}
    assert levels["database"] == levels["key_set"] == levels["listeners"] == "fault"


def test_healthcheck_follows_the_server(administered):
    settings = {name: administered.environment[name] for name in ("ADMIN_PORT", "PATH")}
    result = run(["healthcheck"], settings, administered.folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"ready: http://127.0.0.1:{administered.admin_port}/readyz?verbose answers 200\n"
    assert run(["healthcheck", "--quiet"], settings, administered.folder).stdout == ""


def test_healthcheck_when_a_server_accepts_and_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        result = run(["healthcheck", "--timeout", "500ms", "--admin-port", port], {}, "/")
    assert result.returncode == 1 and result.stdout == ""
    assert "no answer in time" in result.stderr


def test_healthcheck_reads_a_response_that_comes_in_pieces():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                for piece in (b"HTTP/1.1 2", b"00 OK\r\nContent-Le", b"ngth: 15\r\n\r\n", b'{"status":', b'"ok"}'):
                    connection.sendall(piece)
                    time.sleep(0.02)

        thread = threading.Thread(target=serve)
        thread.start()
        result = run(["healthcheck", "--live", "--admin-port", str(listener.getsockname()[1])], {}, "/")
        thread.join()
    assert result.returncode == 0, result.stderr
