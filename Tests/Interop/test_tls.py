"""The listeners with TLS, as clients with OpenSSL see them."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import threading
import time
import warnings

import pytest
from certificates import Authority, Files, rsa_key
from conftest import FUNCTION, ROOT, another, free_port
from raw_http import Connection, call, head

USER = "user_workos_123"
LIVEZ = head("GET", "/livez")
# The server looks at files every five seconds, and takes what it finds twice.
TAKEN_WITHIN = 30


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def secured(server, authority, tmp_path_factory):
    """Both listeners speak TLS, each with a certificate of its own."""
    folder = tmp_path_factory.mktemp("secured")
    public, admin = Files(folder / "public", authority.issue()), Files(folder / "admin", authority.issue(days=30))
    settings = {**public.settings("HTTP"), **admin.settings("ADMIN")}
    with another(server, ADMIN_PORT=str(free_port()), LOG_LEVEL="debug", **settings) as secured:
        secured.public, secured.admin = public, admin
        yield secured


@contextlib.contextmanager
def renewable(server, certificate, folder, **settings):
    """A server whose certificate is replaced."""
    files = Files(folder / "renewable", certificate)
    with another(server, ADMIN_PORT=str(free_port()), **files.settings(), **settings) as own:
        own.files = files
        yield own


@pytest.fixture
def trusting(authority):
    """Makes contexts that trust the authority, with these attributes set."""

    def make(protocols=(), ciphers=None, **attributes):
        context = ssl.create_default_context(cadata=authority.pem.decode())
        if protocols:
            context.set_alpn_protocols(protocols)
        if ciphers:
            context.set_ciphers(ciphers)
        for name, value in attributes.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                setattr(context, name, value)
        return context

    return make


def connect(server, tls, name="localhost", **keywords):
    return Connection(server.port, tls=tls, name=name, **keywords)


def metric(server, text: str) -> float:
    """The sample of the admin listener's /metrics that begins with `text`; 0 when there is none."""
    with Connection(server.admin_port, tls=getattr(server, "admin_tls", None)) as connection:
        connection.send(head("GET", "/metrics"))
        for line in connection.response().body.decode().splitlines():
            if line.startswith(text):
                return float(line.rpartition(" ")[2])
    return 0


def handshakes(server, outcome: str) -> float:
    return metric(server, f'http_server_tls_handshakes_total{{listener="public",outcome="{outcome}"}}')


def eventually(condition, seconds=TAKEN_WITHIN):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return value


@pytest.fixture(autouse=True)
def admin_context(secured, trusting):
    secured.admin_tls = trusting(check_hostname=False)


# What is negotiated


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_versions_that_are_spoken(secured, trusting, version):
    number = ssl.TLSVersion[version]
    for port, name in [(secured.port, "localhost"), (secured.admin_port, "localhost")]:
        with Connection(port, tls=trusting(minimum_version=number, maximum_version=number), name=name) as connection:
            connection.send(LIVEZ)
            assert connection.response().status == 200
            assert connection.socket.version() == version.replace("_", ".")


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_versions_that_are_refused(secured, trusting, version):
    number = ssl.TLSVersion[version]
    before = handshakes(secured, "unsupported")
    context = trusting(ciphers="DEFAULT:@SECLEVEL=0", minimum_version=number, maximum_version=number)
    with pytest.raises(ssl.SSLError) as caught:
        connect(secured, context)
    assert caught.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"
    eventually(lambda: handshakes(secured, "unsupported") == before + 1)


@pytest.mark.parametrize("ciphers", [
    "AES128-GCM-SHA256",  # no forward secrecy
    "ECDHE-ECDSA-AES128-SHA256",  # CBC
])
def test_weak_suites_are_refused(secured, trusting, ciphers):
    with pytest.raises(ssl.SSLError) as caught:
        connect(secured, trusting(ciphers=ciphers, maximum_version=ssl.TLSVersion.TLSv1_2))
    assert caught.value.reason in {"SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV1_ALERT_INTERNAL_ERROR"}


@pytest.mark.parametrize("offered, chosen", [
    ([], None), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (["h2"], None),
])
def test_application_protocols(secured, trusting, offered, chosen):
    """A client that offers HTTP/2 alone is told of no protocol, and gets HTTP/1.1."""
    with connect(secured, trusting(offered)) as connection:
        assert connection.socket.selected_alpn_protocol() == chosen
        connection.send(LIVEZ)
        assert connection.response().status == 200


@pytest.mark.parametrize("name", ["localhost", "another.example", None])
def test_every_server_name_gets_the_certificate(secured, trusting, name):
    with connect(secured, trusting(check_hostname=False), name) as connection:
        certificate = connection.socket.getpeercert()
        assert ("DNS", "localhost") in certificate["subjectAltName"]
        connection.send(LIVEZ)
        assert connection.response().status == 200


def test_an_rsa_certificate(server, authority, trusting, tmp_path):
    with renewable(server, authority.issue(key=rsa_key()), tmp_path) as own:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with connect(own, trusting(minimum_version=version, maximum_version=version)) as connection:
                connection.send(LIVEZ)
                assert connection.response().status == 200


# Requests


def test_the_function_over_tls(secured, trusting):
    bearer = secured.bearer(USER)
    with connect(secured, trusting()) as connection:
        for _ in range(20):
            connection.send(call(bearer))
            response = connection.response()
            assert response.status == 200
            assert json.loads(response.body)["value"]["token"]


def test_many_requests_in_one_record_are_all_answered(secured, trusting):
    """A record of TLS has 16 KiB, four times as much as is read at once without TLS."""
    request = head("POST", FUNCTION, "Content-Length: 0")
    with connect(secured, trusting()) as connection:
        assert 4 * 4096 > 100 * len(request) > 2 * 4096
        connection.send(request * 100)
        answers = [connection.response() for _ in range(100)]
        assert not any(answer.closes for answer in answers)


def test_responses_that_are_not_read_hold_the_client_back(secured, trusting):
    bearer = secured.bearer(USER)
    with connect(secured, trusting(), receive_buffer=4096) as connection:
        connection.socket.settimeout(2)
        with pytest.raises(TimeoutError):
            while True:
                connection.send(call(bearer) * 10)
    with connect(secured, trusting()) as connection:
        connection.send(call(bearer))
        assert connection.response().status == 200


# Endings


def test_the_last_response_comes_with_a_close_notify(secured, trusting):
    with connect(secured, trusting()) as connection:
        connection.send(head("GET", "/livez", "Connection: close"))
        assert connection.response().status == 200
        # An end without close_notify would be an SSLEOFError.
        connection.socket.suppress_ragged_eofs = False
        assert connection.socket.recv(1) == b""


def test_a_client_that_never_closes_is_not_waited_for(secured, trusting):
    with connect(secured, trusting()) as connection:
        connection.send(head("GET", "/livez", "Connection: close"))
        assert connection.response().status == 200
        eventually(lambda: is_reset(connection.socket), 5)


def is_reset(tls: ssl.SSLSocket) -> bool:
    """Whether the peer's socket is gone: then what is sent is answered by a reset."""
    plain = socket.socket(fileno=socket.dup(tls.fileno()))
    with plain:
        try:
            plain.send(b"\0")
            return False
        except (BrokenPipeError, ConnectionResetError):
            return True


def test_a_client_that_has_ended_its_sending_gets_its_response(secured, trusting):
    """With a close_notify, and with the end of TCP alone."""
    request = call(secured.bearer(USER))
    for says_so in (True, False):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", secured.port), timeout=10) as plain:
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read())
                    incoming.write(plain.recv(65536))
            client.write(request)
            if says_so:
                with contextlib.suppress(ssl.SSLWantReadError):
                    client.unwrap()
            plain.sendall(outgoing.read())
            plain.shutdown(socket.SHUT_WR)
            while data := plain.recv(65536):
                incoming.write(data)
            incoming.write_eof()
        assert b"HTTP/1.1 200" in client.read(65536)


def test_a_refusal_is_not_lost_when_the_client_sends_on(secured, trusting):
    body = bytes(1 << 20)
    request = head("POST", FUNCTION, "Content-Type: application/json", f"Content-Length: {len(body)}")
    with connect(secured, trusting()) as connection:
        connection.send(request)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            connection.send(body)
        assert connection.response().status == 413


# Clients that are no good


def test_http_without_tls_is_closed_and_counted(secured):
    for request in (LIVEZ, head("OPTIONS", "*"), b"\0" * 100):
        before = handshakes(secured, "not_tls")
        with Connection(secured.port) as connection:
            connection.send(request)
            assert connection.is_closed_within(5)
            assert b"HTTP" not in connection.received
        eventually(lambda: handshakes(secured, "not_tls") == before + 1, 5)


def test_handshakes_that_stall_are_cut_off(secured, trusting):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    greeting = outgoing.read()
    before = handshakes(secured, "timed_out")
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        silent, half, whole, slow = (stack.enter_context(Connection(secured.port)) for _ in range(4))
        half.send(greeting[:100])
        whole.send(greeting)
        slow.send(greeting[:1])
        for number in range(1, 40):
            time.sleep(0.2)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                slow.socket.send(greeting[number:number + 1])
        for connection in (silent, half, whole, slow):
            assert connection.is_closed_within(3)
    assert time.monotonic() - began < 15
    eventually(lambda: handshakes(secured, "timed_out") == before + 4, 5)


def test_clients_that_do_not_trust_are_counted(secured):
    before = handshakes(secured, "client_alert")
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(secured, ssl.create_default_context())
    eventually(lambda: handshakes(secured, "client_alert") == before + 1, 5)


def test_clients_that_leave_are_counted(secured):
    before = handshakes(secured, "closed")
    Connection(secured.port).socket.close()
    eventually(lambda: handshakes(secured, "closed") == before + 1, 5)


def test_a_client_cannot_renegotiate(secured, authority, tmp_path):
    (tmp_path / "root.pem").write_bytes(authority.pem)
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{secured.port}", "-tls1_2", "-CAfile", tmp_path / "root.pem"],
        input=b"R\n", capture_output=True, timeout=30)
    assert b"RENEGOTIATING" in result.stderr + result.stdout
    assert result.returncode != 0 and b"unexpected eof" in result.stderr, result.stderr


def test_handshakes_do_not_use_up_the_descriptors(server, authority, trusting, tmp_path):
    wrapper = ["prlimit", "--nofile=96:96", "--"]
    with renewable(server, authority.issue(), tmp_path, wrapper=wrapper) as own, contextlib.ExitStack() as stack:
        bearer = own.bearer(USER)
        for _ in range(300):
            stack.enter_context(Connection(own.port))
        for _ in range(10):
            with connect(own, trusting(), timeout=5) as connection:
                connection.send(call(bearer))
                assert connection.response().status == 200


def test_a_shutdown_does_not_wait_for_handshakes(server, authority, trusting, tmp_path):
    with renewable(server, authority.issue(), tmp_path) as own, contextlib.ExitStack() as stack:
        silent = stack.enter_context(Connection(own.port))
        idle = stack.enter_context(connect(own, trusting()))
        idle.send(LIVEZ)
        assert idle.response().status == 200
        own.process.terminate()
        assert silent.is_closed_within(6)
        idle.socket.suppress_ragged_eofs = False
        assert idle.socket.recv(1) == b""
        assert own.process.wait(10) == 0


# Renewal


def presented(server, tls) -> bytes:
    with connect(server, tls) as connection:
        return connection.socket.getpeercert(binary_form=True)


def test_a_renewed_certificate_is_taken_up(server, authority, trusting, tmp_path):
    old, new = authority.issue(days=10), authority.issue(days=90)
    expiry = 'http_server_tls_certificate_expiry_seconds{listener="public"}'
    with renewable(server, old, tmp_path) as own, contextlib.ExitStack() as stack:
        bearer = own.bearer(USER)
        open_before = stack.enter_context(connect(own, trusting()))
        open_before.send(call(bearer))
        assert open_before.response().status == 200
        assert presented(own, trusting()) == old.der
        assert metric(own, expiry) == old.end
        assert old.certificate.not_valid_after_utc.strftime("ends at %Y-%m-%dT%H:%M:%SZ") in own.log
        own.files.put(new)
        failures = []
        stopped = threading.Event()

        def ask():
            while not stopped.is_set():
                try:
                    with connect(own, trusting()) as connection:
                        connection.send(call(bearer))
                        assert connection.response().status == 200
                except Exception as failure:
                    failures.append(failure)

        client = threading.Thread(target=ask)
        client.start()
        try:
            eventually(lambda: presented(own, trusting()) == new.der)
        finally:
            stopped.set()
            client.join()
        assert not failures
        assert metric(own, expiry) == new.end
        open_before.send(call(bearer))
        assert open_before.response().status == 200
        assert open_before.socket.getpeercert(binary_form=True) == old.der
        assert "A renewed certificate is in use" in own.log


def what_cannot_be_used(authority):
    """A chain, a key, and what is said of them."""
    new = authority.issue()
    return {
        "the key of another certificate": (new.chain, authority.issue().key(), "does not fit"),
        "a chain that is cut off": (new.chain[:-40], new.key(), "TLS_CERTIFICATE_FILE"),
        "a chain without its end": (new.chain + b"-----BEGIN CERTIFIC", new.key(), "is not complete"),
        "a key with a password": (new.chain, new.key(b"secret"), "password"),
        "an empty key": (new.chain, b"", "is empty"),
        "no certificate": (b"nothing", new.key(), "holds no certificate"),
    }


def test_a_pair_that_is_half_replaced_changes_nothing(server, authority, trusting, tmp_path):
    old, new = authority.issue(), authority.issue()
    with renewable(server, old, tmp_path) as own:
        own.files.replace(own.files.certificate, new.chain)
        eventually(lambda: "the one before stays in use" in own.log)
        assert "does not fit the first certificate" in own.log
        assert presented(own, trusting()) == old.der
        own.files.replace(own.files.key, new.key())
        eventually(lambda: presented(own, trusting()) == new.der)
        assert own.log.count("the one before stays in use") == 1


# Starts


@pytest.mark.parametrize("case, missing", [(case, None) for case in [
    "the key of another certificate", "a chain that is cut off", "a chain without its end", "a key with a password",
    "an empty key", "no certificate"]] + [("one alone", "HTTP_TLS_KEY_FILE"), ("one alone", "HTTP_TLS_CERTIFICATE_FILE")])
def test_a_start_with_what_cannot_be_used_ends_with_78(server, authority, tmp_path, case, missing):
    files = Files(tmp_path / "files", authority.issue())
    said = missing
    if not missing:
        chain, key, said = what_cannot_be_used(authority)[case]
        files.replace(files.certificate, chain)
        files.replace(files.key, key)
    settings = {**server.environment, **files.settings()}
    settings.pop(missing, None)
    result = subprocess.run(
        [os.environ["CONNVO_BINARY"], "serve"], env=settings, cwd=server.folder, capture_output=True, text=True, timeout=60)
    assert result.returncode == 78
    assert said in result.stderr and "HTTP_TLS_" in result.stderr


@pytest.mark.parametrize("case", ["ended", "exposed"])
def test_a_start_with_what_is_doubtful_warns(server, authority, trusting, tmp_path, case):
    with contextlib.ExitStack() as stack:
        certificate = authority.issue(days=-1, since=-2) if case == "ended" else authority.issue()
        files = Files(tmp_path / "files", certificate)
        if case == "exposed":
            files.key.chmod(0o644)
        own = stack.enter_context(another(server, **files.settings()))
        eventually(lambda: "A certificate needs attention" in own.log)
        assert ("the certificate ended at" if case == "ended" else "every user may read") in own.log


# The scanner


def test_sslyze_finds_nothing(secured, authority, tmp_path):
    (tmp_path / "root.pem").write_bytes(authority.pem)
    for port in (secured.port, secured.admin_port):
        output = tmp_path / f"{port}.json"
        result = subprocess.run(
            [ROOT / ".venv-sslyze/bin/sslyze", f"--certinfo_ca_file={tmp_path / 'root.pem'}", "--mozilla_config=intermediate", f"--json_out={output}",
             f"localhost:{port}"], capture_output=True, text=True, timeout=300)
        print(result.stdout)
        assert result.returncode == 0, result.stdout + result.stderr
