"""What systemd hears from the server: sd_notify(3) with a socket of the test's own."""

import contextlib
import signal
import socket
import time
import uuid

import pytest
from conftest import Server


@contextlib.contextmanager
def reporting(server, name: str, **settings: str):
    """The socket, and a server on the same database that reports to it and is not started yet."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if name.startswith("@") else name)
        manager.settimeout(30)
        child = Server(
            server.folder, server.database, STREAM_API_SECRET=server.secret, NOTIFY_SOCKET=name, **settings
        )
        try:
            yield manager, child
        finally:
            child.stop()


def lines(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode().split("\n")


def until(manager: socket.socket, wanted: str) -> list[str]:
    """The lines of the first datagram that has this one."""
    while wanted not in (received := lines(manager)):
        pass
    return received


@pytest.fixture(params=["path", "abstract"])
def name(request, tmp_path):
    return f"{tmp_path}/notify" if request.param == "path" else f"@connvo-{uuid.uuid4()}"


def test_the_service_manager_hears_of_start_life_and_end(server, name):
    with reporting(server, name, WATCHDOG_USEC="400000") as (manager, child):
        child.start()
        first = lines(manager)
        assert "READY=1" in first and "WATCHDOG=1" in first
        until(manager, "STATUS=Ready")
        for _ in range(3):
            assert lines(manager) == ["STATUS=Ready", "WATCHDOG=1"]

        child.process.send_signal(signal.SIGTERM)
        assert "STATUS=Shutting down" in until(manager, "STOPPING=1")
        # The watchdog's time goes on while requests are finished.
        assert "WATCHDOG=1" in lines(manager)
        assert child.process.wait(30) == 0


def test_a_server_whose_database_is_away_is_started_and_alive_and_says_why_it_is_not_ready(server, name):
    with reporting(server, name, WATCHDOG_USEC="400000", DATABASE_URL="postgresql://127.0.0.1:1/nowhere") as (
        manager, child,
    ):
        child.start("/livez")
        assert "READY=1" in lines(manager)
        for _ in range(3):
            status, life = lines(manager)
            assert status.startswith("STATUS=Not ready: ") and life == "WATCHDOG=1"


def test_the_service_manager_hears_of_reloads(server, name, tmp_path):
    """What Type=notify-reload of systemd 253 waits for."""
    secret = tmp_path / "secret"
    secret.write_text(server.secret)
    with reporting(server, name, WATCHDOG_USEC="400000") as (manager, child):
        del child.environment["STREAM_API_SECRET"]
        child.environment["STREAM_API_SECRET_FILE"] = str(secret)
        child.start()
        until(manager, "READY=1")
        for text, status in [(server.secret, "Ready"), ("short", "Ready; the reload of settings at "),
                             (server.secret, "Ready")]:
            secret.write_text(text)
            before = time.monotonic_ns() // 1000
            child.process.send_signal(signal.SIGHUP)
            _, moment = until(manager, "RELOADING=1")
            key, microseconds = moment.split("=")
            assert key == "MONOTONIC_USEC" and before <= int(microseconds) <= time.monotonic_ns() // 1000
            # Also where it failed: a reload that does not end is another fault than one that changes nothing.
            assert until(manager, "READY=1") == ["READY=1"]
            while not (received := lines(manager)[0]).startswith("STATUS="):
                pass
            assert received.startswith(f"STATUS={status}") and (status != "Ready" or received == "STATUS=Ready")

        child.process.send_signal(signal.SIGTERM)
        until(manager, "STOPPING=1")
        child.process.send_signal(signal.SIGHUP)
        assert child.process.wait(30) == 0
        manager.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            while True:
                received = lines(manager)
                assert "RELOADING=1" not in received and "READY=1" not in received


def test_a_service_manager_that_is_away_changes_nothing(server, tmp_path):
    child = Server(
        server.folder, server.database, STREAM_API_SECRET=server.secret, NOTIFY_SOCKET=f"{tmp_path}/nowhere",
        LOG_LEVEL="debug",
    )
    child.start()
    try:
        child.process.send_signal(signal.SIGTERM)
        assert child.process.wait(30) == 0
    finally:
        child.stop()
    log = max(child.folder.glob("log-*"), key=lambda log: log.stat().st_mtime).read_text()
    assert log.count("The service manager could not be told") == 1
