"""Two servers behind HAProxy are restarted one after the other while clients call: no request fails."""

import http.client
import json
import signal
import threading
import time

from conftest import ACTION, ACTION_PATH, DOCUMENTED_BODY, another, free_port
from proxies import running

CONFIGURATION = """
global
    maxconn 256
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend public
    bind 127.0.0.1:{port}
    default_backend connvo
backend connvo
    option httpchk GET /readyz
    http-reuse always
    default-server check inter 200ms fall 2 rise 1
    server one 127.0.0.1:{one}
    server two 127.0.0.1:{two}
"""


class Caller(threading.Thread):
    """Calls the function about fifty times a second on one connection, until told to stop."""

    def __init__(self, port: int, bearer: str):
        super().__init__()
        self.port = port
        self.headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
        self.body = json.dumps({"path": ACTION_PATH, "args": DOCUMENTED_BODY["args"]})
        self.is_stopping = threading.Event()
        self.answers: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.is_stopping.is_set():
            try:
                connection.request("POST", ACTION, self.body, self.headers)
                response = connection.getresponse()
                text = response.read()
                self.answers.append("granted" if b'"status":"success"' in text else f"{response.status} {text[:200]}")
            except (OSError, http.client.HTTPException) as error:
                self.answers.append(repr(error))
                connection.close()
            time.sleep(0.02)


def test_no_request_fails(server):
    ports = [str(free_port()), str(free_port())]
    bearer = server.bearer("user_workos_123")
    with (
        another(server, HTTP_PORT=ports[0]) as one,
        another(server, HTTP_PORT=ports[1]) as two,
        running("haproxy", CONFIGURATION, one=ports[0], two=ports[1]) as port,
    ):
        callers = [Caller(port, bearer) for _ in range(4)]
        for caller in callers:
            caller.start()
        try:
            for restarted in [one, two]:
                restarted.process.send_signal(signal.SIGTERM)
                assert restarted.process.wait(30) == 0
                restarted.start()
                # HAProxy has to see that it is ready before the other one goes.
                time.sleep(2)
        finally:
            for caller in callers:
                caller.is_stopping.set()
            for caller in callers:
                caller.join()
        answers = [answer for caller in callers for answer in caller.answers]
        assert len(answers) > 200
        assert [answer for answer in answers if answer != "granted"] == []
