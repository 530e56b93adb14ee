"""Clients that try to cost a server on this machine memory, descriptors and time. `scripts/attack` runs it.

    attackers.py --port N --admin-port N --seconds S [--only TEXT] [--tls]

Each kind of attack is a thread. The number of connections and the rate at which new ones are opened are bounded. Prints
what was done, as JSON, at the end or at SIGTERM.
"""

import argparse
import json
import selectors
import signal
import socket
import ssl
import threading
import time

ACTION = "/api/action"
# Connections a second that each kind opens at most, in place of those that the server has closed.
REOPENED_A_SECOND = 20


def head(method, target, *lines):
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


UNSIGNED = head("POST", ACTION, "Content-Type: application/json", "Content-Length: 2") + b"{}"
# More than the server reads of a body, and than it reads of a head.
LARGE_BODY = head("POST", ACTION, "Content-Type: application/json", f"Content-Length: {1 << 20}") + bytes(1 << 20)
LARGE_HEAD = head("GET", "/livez", *(f"X-Field-{number}: {'x' * 8000}" for number in range(10)))
OFFER = head("GET", ACTION, "Connection: Upgrade", "Upgrade: websocket")


class Attack:
    """Connections of one kind: each sends `first`, and then `repeated` whenever a pause is over.

    Responses are read, unless the attack is to leave them unread. A connection that the server closes is replaced.
    """

    def __init__(
        self, port, count, first=b"", repeated=b"", pause=0.0, reads=True, reopened=REOPENED_A_SECOND, tls=None
    ):
        self.tls = tls
        self.port, self.count, self.reopened = port, count, reopened
        self.first, self.pause, self.reads = first, pause, reads
        # Many at once, so that the attacker is the cheaper side.
        self.repeated = memoryview(repeated * (1 if pause else 1 + 65536 // max(1, len(repeated))))
        self.selector = selectors.DefaultSelector()
        self.opened = self.closed = self.sent = 0

    def open(self):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        if self.tls:
            try:
                connection.settimeout(5)
                connection.connect(("127.0.0.1", self.port))
                connection = self.tls.wrap_socket(connection)
            except OSError:
                return connection.close()
        connection.setblocking(False)
        if not self.tls:
            try:
                connection.connect(("127.0.0.1", self.port))
            except BlockingIOError:
                pass
        self.opened += 1
        # What is still to be sent, and when the next part is due.
        self.watch(connection, {"left": memoryview(self.first), "due": 0.0}, self.selector.register)

    def watch(self, connection, state, change, writes=True):
        reading = selectors.EVENT_READ if self.reads else 0
        change(connection, reading | (selectors.EVENT_WRITE if writes else 0), state)

    def close(self, connection):
        self.selector.unregister(connection)
        connection.close()
        self.closed += 1

    def send(self, key, now):
        state = key.data
        if not state["left"]:
            if not self.repeated or now < state["due"]:
                return self.watch(key.fileobj, state, self.selector.modify, writes=False)
            state["left"], state["due"] = self.repeated, now + self.pause
        sent = key.fileobj.send(state["left"])
        state["left"] = state["left"][sent:]
        self.sent += sent

    def serve(self, key, events, now):
        if events & selectors.EVENT_READ and not key.fileobj.recv(65536):
            return self.close(key.fileobj)
        if events & selectors.EVENT_WRITE:
            self.send(key, now)

    def run(self, until, stopped):
        last = time.monotonic()
        may_open = float(self.count)
        while (now := time.monotonic()) < until and not stopped.is_set():
            may_open, last = min(self.count, may_open + (now - last) * self.reopened), now
            while may_open >= 1 and len(self.selector.get_map()) < self.count:
                may_open -= 1
                self.open()
            if self.pause:
                for key in list(self.selector.get_map().values()):
                    if now >= key.data["due"]:
                        self.watch(key.fileobj, key.data, self.selector.modify)
            for key, events in self.selector.select(0.05):
                try:
                    self.serve(key, events, now)
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
                except OSError:
                    self.close(key.fileobj)
            # Without a pause an attacker that is served at once would need a core for itself.
            time.sleep(0.002)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()

    def figures(self):
        return {"opened": self.opened, "closed": self.closed, "sent": self.sent}


# The beginning of a TLS handshake that announces more than comes (RFC 8446, section 5.1).
GREETING = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def attacks(port, admin_port, tls):
    body = ("Content-Type: application/json", "Content-Length: 10000")
    return {
        # Requests without an end, whose responses are not read.
        "unread 405": Attack(port, 4, tls=tls, repeated=head("GET", ACTION), reads=False),
        "unread 401": Attack(port, 4, tls=tls, repeated=UNSIGNED, reads=False),
        "unread, many": Attack(port, 392, tls=tls, repeated=head("GET", ACTION) + UNSIGNED, reads=False),
        # Offers of another protocol, and what would follow if it were agreed upon.
        "offers": Attack(port, 20, tls=tls, first=OFFER, repeated=bytes(1024), pause=0.1),
        # Bodies that come byte by byte, announced to both listeners.
        "dripped bodies": Attack(port, 20, tls=tls, first=head("POST", ACTION, *body), repeated=b" ", pause=0.5),
        "dripped bodies, admin": Attack(admin_port, 20, first=head("POST", "/livez", *body), repeated=b" ", pause=0.5),
        # Large bodies and heads that are refused early.
        "large bodies": Attack(port, 4, tls=tls, first=LARGE_BODY, reopened=10),
        "large heads": Attack(port, 4, tls=tls, first=LARGE_HEAD),
        "large heads, admin": Attack(admin_port, 4, first=LARGE_HEAD),
        # Connections that ask nothing.
        "silent": Attack(port, 20),
        **({"handshakes": Attack(port, 200, first=GREETING), "no handshakes": Attack(port, 20, first=UNSIGNED)} if tls else {}),
        "silent, admin": Attack(admin_port, 20),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--admin-port", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    until, stopped = time.monotonic() + options.seconds, threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    tls = None
    if options.tls:
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    known = attacks(options.port, options.admin_port, tls)
    running = {name: attack for name, attack in known.items() if options.only in name}
    threads = [threading.Thread(target=attack.run, args=[until, stopped]) for attack in running.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({name: attack.figures() for name, attack in running.items()}))


if __name__ == "__main__":
    main()
