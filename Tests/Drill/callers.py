"""Faults of what callers need: keys and certificates."""

import http.client
import json
import ssl
import threading

from drill import Drill
from processes import run

FUNCTION = "/api/run/meetings/stream/index/generateParticipantTokenPublic"


class KeySetStale(Drill):
    """The file of the key set is replaced by one that holds none."""

    name = "key-set-stale"
    alerts = ("ConnvoKeySetStale",)

    def replace(self, text):
        """Under another name, and moved into place, as the manual says."""
        new = self.folder / "jwks.new"
        new.write_text(text)
        new.rename(self.folder / "jwks.json")

    def begin(self):
        self.replace("this is no key set")

    def end(self):
        self.replace(self.kit.jwks.read_text())


class TLSCalls(threading.Thread):
    """Calls over TLS, twenty a second on one connection: bench/load speaks plain HTTP."""

    def __init__(self, port, requests):
        super().__init__(name="TLS calls")
        self.port, self.stopping, self.granted, self.others = port, threading.Event(), 0, []
        self.requests = [line.split("\t")[1:] for line in requests.read_text().splitlines()]
        # The certificates are self-signed, and change: what is drilled is the alert.
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def run(self):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.context)
        number = 0
        while not self.stopping.wait(0.05):
            meeting, bearer = self.requests[number % len(self.requests)]
            number += 1
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
            try:
                connection.request("POST", FUNCTION, json.dumps({"args": {"meetingId": meeting}}), headers)
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    self.granted += 1
                else:
                    self.others.append(response.status)
            except (OSError, http.client.HTTPException) as error:
                self.others.append(repr(error))
                connection.close()
        connection.close()

    def end(self):
        self.stopping.set()
        self.join(30)


class CertificateNearEnd(Drill):
    """The certificate is renewed with one that ends in two days, and then with one that ends in ninety."""

    name = "certificate-near-end"
    alerts = ("ConnvoCertificateExpiring", "ConnvoCertificateExpiresSoon")

    def set_up(self):
        super().set_up()
        self.certificate, self.key = self.folder / "server.pem", self.folder / "server.key"
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.key)
        self.renew(90)

    def renew(self, days):
        """The same key, under another name, and moved into place."""
        new = self.certificate.with_suffix(".new")
        run(
            "openssl", "req", "-x509", "-new", "-key", self.key, "-days", days, "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", new)
        new.rename(self.certificate)

    def settings(self):
        return {"HTTP_TLS_CERTIFICATE_FILE": self.certificate, "HTTP_TLS_KEY_FILE": self.key}

    def start_load(self):
        self.calls = TLSCalls(self.server.port, self.requests())
        self.calls.start()
        self.stack.callback(self.calls.end)

    def begin(self):
        self.renew(2)

    def end(self):
        self.renew(90)

    def course(self):
        line = super().course()
        if self.calls.others or not self.calls.granted:
            self.faults.append(f"{len(self.calls.others)} calls over TLS got no token: {self.calls.others[:3]}")
        return f"{line}; {self.calls.granted} calls over TLS"


DRILLS = [KeySetStale, CertificateNearEnd]
