"""Connections that are made to cost the server memory, descriptors or time. Nothing here is authenticated.

Memory is that of a server of its own for each case: what an attack has taken stays with the process.
"""

import contextlib
import os
import pathlib
import re
import selectors
import socket
import threading
import time

import pytest
from conftest import ACTION, another, free_port
from raw_http import Connection, call, exchange, head

LISTENERS = ("public", "admin")
# How much more memory an attack may take than the server has at rest, in KiB.
MEMORY_BOUND = 16 * 1024
# Long enough for a debug build on a machine that does other things; a healthy server answers within milliseconds.
PROBE_LIMIT = 2.0


@contextlib.contextmanager
def a_server_of_its_own(server, **arguments):
    with another(server, ADMIN_PORT=str(free_port()), **arguments) as own:
        bearer = own.bearer("user_workos_123")
        # Whatever is made at the first use belongs to its rest.
        for _ in range(20):
            assert exchange(own.port, call(bearer)).status == 200
            assert exchange(own.admin_port, head("GET", "/livez")).status == 200
        yield own, bearer


def memory(process) -> int:
    """Resident memory in KiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1])


def cpu_seconds(process) -> float:
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Pipeliner:
    """Connections that send request after request, as fast as the server takes them, and read nothing. One that the
    server closes is replaced."""

    def __init__(self, port: int, count: int, request: bytes):
        self.port, self.count = port, count
        self.data = memoryview(request * (1 + 65536 // len(request)))
        self.selector = selectors.DefaultSelector()
        self.stopped = threading.Event()
        self.sent = self.opened = 0
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def open(self) -> None:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", self.port))
        self.opened += 1
        # How much of the data has been sent: a request that was cut in two must go on where it was cut.
        self.selector.register(connection, selectors.EVENT_WRITE, [0])

    def send(self, key) -> None:
        try:
            sent = key.fileobj.send(self.data[key.data[0]:])
        except BlockingIOError:
            return
        except OSError:
            self.selector.unregister(key.fileobj)
            key.fileobj.close()
            return
        self.sent += sent
        key.data[0] = (key.data[0] + sent) % len(self.data)

    def run(self) -> None:
        while not self.stopped.is_set():
            for _ in range(min(20, self.count - len(self.selector.get_map()))):
                self.open()
            for key, _ in self.selector.select(0.05):
                self.send(key)
            # Otherwise the attacker takes the processor that the server would need, and the test is about that.
            time.sleep(0.002)


ATTACKS = {
    "405": head("GET", ACTION),
    "401": head("POST", ACTION, "Content-Type: application/json", "Content-Length: 2") + b"{}",
    "router": head("GET", "/livez"),
}


@pytest.mark.parametrize("count", [4, 400])
@pytest.mark.parametrize("attack", ATTACKS)
def test_answers_that_are_not_read_take_no_memory(server, attack, count):
    with a_server_of_its_own(server) as (own, bearer):
        rest = memory(own.process)
        most, slowest, honest = rest, 0.0, []
        with Pipeliner(own.port, count, ATTACKS[attack]) as pipeliner:
            end = time.monotonic() + 3
            while time.monotonic() < end:
                began = time.monotonic()
                assert exchange(own.admin_port, head("GET", "/livez"), timeout=PROBE_LIMIT).status == 200
                slowest = max(slowest, time.monotonic() - began)
                began = time.monotonic()
                assert exchange(own.port, call(bearer), timeout=5).status == 200
                honest.append(time.monotonic() - began)
                most = max(most, memory(own.process))
                time.sleep(0.05)
        print(f"{attack} from {count}: {rest} KiB at rest, {most - rest:+} KiB; {pipeliner.sent} bytes sent on "
              f"{pipeliner.opened} connections; /livez at most {slowest * 1000:.0f} ms; {len(honest)} calls, "
              f"at most {max(honest) * 1000:.0f} ms each")
        # The attack took place.
        assert pipeliner.opened >= count and pipeliner.sent > 65536
        assert most - rest < MEMORY_BOUND


@pytest.mark.parametrize("listener", LISTENERS)
def test_a_connection_that_never_asks_is_closed_early(administered, listener):
    """As early as one that begins a request and does not go on: after five seconds, not after a minute."""
    port = administered.port if listener == "public" else administered.admin_port
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(Connection(port)) for _ in range(5)]
        slow = stack.enter_context(Connection(port))
        slow.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        assert slow.is_closed_within(15)
        assert all(connection.is_closed_within(5) for connection in silent)


def hold(port: int, count: int, request: bytes, stack: contextlib.ExitStack) -> None:
    """Opens connections and leaves them open, each after one answered request or after none."""
    for _ in range(count):
        connection = stack.enter_context(Connection(port, timeout=1))
        if request:
            try:
                connection.send(request)
                connection.response()
            except TimeoutError:
                # Not accepted any more: the rest need not ask.
                request = b""
            except (OSError, EOFError):
                # Closed by the server: the next one is opened all the same.
                pass


@pytest.mark.parametrize("kind", ["silent", "idle"])
def test_held_connections_do_not_use_up_the_descriptors(server, kind):
    with contextlib.ExitStack() as stack:
        own, bearer = stack.enter_context(a_server_of_its_own(server, wrapper=["prlimit", "--nofile=64:64", "--"]))
        hold(own.port, 200, head("GET", "/livez") if kind == "idle" else b"", stack)
        before, began = cpu_seconds(own.process), time.monotonic()
        for _ in range(10):
            assert exchange(own.admin_port, head("GET", "/livez"), timeout=PROBE_LIMIT).status == 200
            assert exchange(own.port, call(bearer), timeout=5).status == 200
            time.sleep(0.2)
        assert (cpu_seconds(own.process) - before) / (time.monotonic() - began) < 0.5
        assert exchange(own.admin_port, head("GET", "/readyz"), timeout=PROBE_LIMIT).status == 200


def test_an_honest_client_behind_many_new_connections_is_served(server):
    """The listener must not accept faster than room is made; descriptors would run out."""
    with a_server_of_its_own(server, wrapper=["prlimit", "--nofile=64:64", "--"]) as (own, bearer):
        for _ in range(20):
            with contextlib.ExitStack() as stack:
                hold(own.port, 200, b"", stack)
                for _ in range(3):
                    assert exchange(own.port, call(bearer), timeout=5).status == 200


def test_held_connections_of_the_admin_listener_do_not_stop_the_public_one(server):
    with contextlib.ExitStack() as stack:
        own, bearer = stack.enter_context(a_server_of_its_own(server, wrapper=["prlimit", "--nofile=64:64", "--"]))
        hold(own.admin_port, 200, head("GET", "/livez"), stack)
        for _ in range(5):
            assert exchange(own.port, call(bearer), timeout=5).status == 200
            assert exchange(own.admin_port, head("GET", "/livez"), timeout=PROBE_LIMIT).status == 200


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("path", ["/livez", ACTION])
def test_a_body_that_comes_byte_by_byte_is_cut_off(administered, listener, path):
    port = administered.port if listener == "public" else administered.admin_port
    with Connection(port) as connection:
        connection.send(head("POST", path, "Content-Type: application/json", "Content-Length: 10000"))
        # A byte every quarter of a second: 40 minutes for all of them.
        assert connection.is_closed_within(15, drip=b" ")


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("path", ["/livez", ACTION])
def test_a_body_without_an_end_is_cut_off(administered, listener, path):
    port = administered.port if listener == "public" else administered.admin_port
    with Connection(port) as connection:
        connection.send(head("POST", path, "Content-Type: application/json", "Transfer-Encoding: chunked"))
        assert connection.is_closed_within(10, drip=b"4000\r\n" + bytes(16384) + b"\r\n")


@pytest.mark.parametrize("listener", LISTENERS)
def test_heads_that_are_too_large_are_refused(administered, listener):
    port = administered.port if listener == "public" else administered.admin_port
    for fields in ([f"X-Field-{number}: {'x' * 8000}" for number in range(10)], [f"X-{n}: 1" for n in range(65)], ["X: " + "x" * 80000]):
        assert exchange(port, head("GET", "/livez", *fields)).status == 431
    # Many clients send a few KiB of cookies.
    assert exchange(port, head("GET", "/livez", "Cookie: " + "x" * 8000)).status == 200
