"""Clients that do what no library does: half a request, none at all, a reset in the middle."""

import json
import socket
import struct
import time

from load import caller

FUNCTION = "/api/run/meetings/stream/index/generateParticipantTokenPublic"


def bearers(folder):
    """The bearer token of each line of the requests."""
    return [row.split("\t")[2] for row in (folder / "requests.tsv").read_text().splitlines()]


def request(line, bearer, *fields, body=None):
    """A whole call of the function."""
    if body is None:
        body = json.dumps({"args": {"meetingId": caller(line)[1], "role": "participant"}}).encode()
    head = [f"POST {FUNCTION} HTTP/1.1", "Host: localhost", "Content-Type: application/json",
            f"Content-Length: {len(body)}", *([f"Authorization: Bearer {bearer}"] if bearer else []), *fields]
    return "\r\n".join([*head, "", ""]).encode() + body


def connect(port, timeout=10):
    connection = socket.create_connection(("127.0.0.1", port), timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def reset(connection):
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def exchange(port, data, timeout=10):
    """Sends, and reads one response: status, head, body, and whether the server closes. 0 when there is none."""
    with connect(port, timeout) as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass
        return response(connection)


def response(connection):
    received = b""
    try:
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            if not part:
                return 0, "", b"", True
            received += part
    except OSError:
        return 0, "", b"", True
    head, _, body = received.partition(b"\r\n\r\n")
    head = head.decode(errors="replace")
    lengths = [line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
    length = int(lengths[0]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1]), head, body, "connection: close" in head.lower()


def seconds_until_closed(connection, limit, drip=b"", interval=0.1):
    """How long the server keeps it, while a byte of `drip` is sent now and then; `inf` when longer than the limit."""
    began = time.monotonic()
    while time.monotonic() - began < limit:
        connection.settimeout(interval)
        try:
            if drip:
                connection.send(drip)
            if not connection.recv(65536):
                return time.monotonic() - began
        except TimeoutError:
            pass
        except OSError:
            return time.monotonic() - began
    return float("inf")
