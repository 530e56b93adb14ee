"""HTTP over a socket, byte by byte: for requests that no client library would send."""

import dataclasses
import json
import socket
import ssl
import time

from conftest import ACTION, ACTION_PATH, DOCUMENTED_BODY

CALL = json.dumps({"path": ACTION_PATH, "format": "json", "args": DOCUMENTED_BODY["args"]}).encode()


@dataclasses.dataclass
class Response:
    status: int
    # By lower-case name; the last one when a field is repeated.
    fields: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        return self.fields.get("connection", "").lower() == "close"


def head(method: str, target: str, *lines: str, version: str = "1.1", host: str | None = "localhost") -> bytes:
    """The head of a request, the empty line included."""
    fields = [*([f"Host: {host}"] if host else []), *lines]
    return "\r\n".join([f"{method} {target} HTTP/{version}", *fields, "", ""]).encode()


def call(bearer: str, *lines: str, target: str = ACTION, body: bytes = CALL, kind: str = "application/json") -> bytes:
    """A whole call of the function at the action endpoint."""
    fields = [f"Content-Type: {kind}", f"Content-Length: {len(body)}", f"Authorization: Bearer {bearer}", *lines]
    return head("POST", target, *fields) + body


class Connection:
    """A connection to a port of this machine."""

    def __init__(
        self, port: int, timeout: float = 20, receive_buffer: int | None = None,
        tls: ssl.SSLContext | None = None, name: str | None = None,
    ):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def end_sending(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"closed after {self.received!r}")
        self.received += data

    def response(self, to: str = "GET") -> Response:
        """The next response. A response to HEAD has no body."""
        while b"\r\n\r\n" not in self.received:
            self._receive()
        text, _, self.received = self.received.partition(b"\r\n\r\n")
        status, *lines = text.decode().split("\r\n")
        assert status.startswith("HTTP/1."), status
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        length = 0 if to == "HEAD" else int(fields.get("content-length", 0))
        while len(self.received) < length:
            self._receive()
        body, self.received = self.received[:length], self.received[length:]
        return Response(int(status.split(" ")[1]), fields, body)

    def is_closed_within(self, seconds: float, drip: bytes = b"") -> bool:
        """Whether the server closes, while a byte of `drip` is sent now and then. What it sends before is kept."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(min(left, 0.25))
            try:
                if drip:
                    self.socket.send(drip)
                data = self.socket.recv(65536)
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                return True
            if not data:
                return True
            self.received += data
        return False


    def ends_within(self, seconds: float) -> bool:
        """Whether the server closes and does not reset the connection, while nothing is sent."""
        self.socket.settimeout(seconds)
        try:
            while data := self.socket.recv(65536):
                self.received += data
        except (TimeoutError, ConnectionResetError):
            return False
        return True


def exchange(port: int, request: bytes, to: str = "GET", timeout: float = 20) -> Response:
    """The response to one request on a connection of its own."""
    with Connection(port, timeout) as connection:
        connection.send(request)
        return connection.response(to)
