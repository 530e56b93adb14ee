"""Asks the probes of the admin listener, as an orchestrator does: every 50 ms, on a new connection each.

    probe.py PORT FILE

A line of FILE for each answer: when it was asked (seconds of CLOCK_MONOTONIC), the path, the status (0 without an
answer), the milliseconds it took, and the milliseconds that this process itself was late. Ends at SIGTERM.
"""

import socket
import sys
import threading
import time

INTERVAL = 0.05


def get(port, path, timeout=5, host="127.0.0.1"):
    """Status and body of the answer; 0 and what went wrong when there is none."""
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while part := connection.recv(65536):
                answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode(errors="replace")
    except (OSError, IndexError, ValueError) as error:
        return 0, str(error)


def ask(port, path, file):
    due = time.monotonic()
    while True:
        due = max(due + INTERVAL, time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))
        began = time.monotonic()
        status, _ = get(port, path)
        file.write(f"{began:.4f} {path} {status} {(time.monotonic() - began) * 1000:.2f} {(began - due) * 1000:.2f}\n")


def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    with open(path, "w", buffering=1) as file:
        threads = [threading.Thread(target=ask, args=[port, path, file], daemon=True) for path in ("/livez", "/readyz")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
