"""HTTP as clients, load balancers and probes really send it. Over sockets where no client library would send it."""

import json
import pathlib
import subprocess

import pytest
from conftest import ACTION, DOCUMENTED_BODY, FUNCTION
from raw_http import CALL, Connection, call, exchange, head

JAVA = pathlib.Path(__file__).with_name("TenCalls.java")
LISTENERS = ("public", "admin")
PROBES = ("/livez", "/readyz", "/healthz", "/version")
RUN_BODY = json.dumps(DOCUMENTED_BODY).encode()
# What a client sends that would rather speak another protocol.
H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA")
WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


@pytest.fixture(scope="module")
def bearer(server):
    return server.bearer("user_workos_123")


@pytest.fixture(params=LISTENERS)
def port(request, administered):
    """Of the public listener, then of the admin listener."""
    return administered.port if request.param == "public" else administered.admin_port


def is_token(response) -> bool:
    return response.status == 200 and "token" in json.loads(response.body)["value"]


# --- Clients that offer another protocol


def test_java_calls_ten_times_in_a_row(server, bearer):
    result = subprocess.run(
        ["java", str(JAVA), server.address + ACTION, bearer, CALL.decode()], capture_output=True, text=True, timeout=120
    )
    calls = [line.partition(" ") for line in result.stdout.splitlines()]
    assert [status for status, _, _ in calls] == ["200"] * 10, result.stderr
    assert all("token" in json.loads(body)["value"] for _, _, body in calls)


@pytest.mark.parametrize("what", ["calls", "probes"])
def test_curl_that_prefers_http_2_waits_for_nothing(administered, bearer, what):
    # Less than the five seconds after which the server gives up a request that does not arrive.
    options = ["--http2", "--silent", "--output", "-", "--write-out", "\n%{http_code}\n", "--max-time", "4"]
    if what == "calls":
        options += ["--header", f"Authorization: Bearer {bearer}", "--header", "Content-Type: application/json"]
        options += ["--data-binary", CALL.decode()]
        address = administered.address + ACTION
    else:
        address = f"http://127.0.0.1:{administered.admin_port}/livez"
    # --next would be a new set of options; five addresses are five transfers of one.
    result = subprocess.run(
        ["curl", *options, *[address] * 5], capture_output=True, text=True, timeout=60
    )
    assert result.stdout.splitlines()[1::2] == ["200"] * 5, result.stdout


@pytest.mark.parametrize("offer", [H2C, WEBSOCKET, ("Connection: Upgrade", "Upgrade: anything/1")], ids=lambda offer: offer[1])
def test_an_offer_of_another_protocol_is_answered_and_the_connection_closed(port, offer):
    with Connection(port) as connection:
        connection.send(head("GET", "/livez", *offer))
        response = connection.response()
        assert response.status == 200 and response.closes, response
        assert connection.is_closed_within(3)


def test_an_offer_with_a_call_gets_a_token(server, bearer):
    with Connection(server.port) as connection:
        connection.send(call(bearer, *H2C))
        response = connection.response()
        assert is_token(response) and response.closes, response
        assert connection.is_closed_within(3)


def test_what_follows_an_offer_is_bounded(port):
    with Connection(port) as connection:
        connection.send(head("GET", "/livez", *WEBSOCKET))
        # Frames of the protocol that was not agreed upon, without an end. The limit is less than the five seconds after
        # which the server gives up a request that does not arrive.
        assert connection.is_closed_within(4, drip=b"\x82\x7e\x40\x00" + bytes(16384))


def test_connect_is_refused_and_the_connection_closed(port):
    with Connection(port) as connection:
        connection.send(head("CONNECT", "example.invalid:443"))
        response = connection.response()
        assert response.status in (400, 404, 405, 501) and response.closes, response
        assert connection.is_closed_within(3)


# --- Clients that close, or that read late


def test_a_client_that_has_ended_sending_gets_its_response(server, bearer):
    with Connection(server.port) as connection:
        connection.send(call(bearer))
        connection.end_sending()
        assert is_token(connection.response())
        assert connection.is_closed_within(3)


def test_everything_that_came_before_the_end_is_answered(server, bearer):
    with Connection(server.port) as connection:
        connection.send(call(bearer) * 10)
        connection.end_sending()
        assert all(is_token(connection.response()) for _ in range(10))
        assert connection.is_closed_within(3)


@pytest.mark.parametrize("part", [b"GET /livez HT", head("POST", ACTION, "Content-Length: 100") + b"{"], ids=["head", "body"])
def test_a_client_that_ends_within_a_request_is_let_go(port, part):
    with Connection(port) as connection:
        connection.send(part)
        connection.end_sending()
        assert connection.is_closed_within(3)


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)


def early_answers():
    large = bytes(4 << 20)
    fields = ("Content-Type: application/json", "Authorization: Bearer BEARER")
    yield "413", 413, ("POST", ACTION, *fields, f"Content-Length: {len(large)}"), large
    yield "413-chunked", 413, ("POST", ACTION, *fields, "Transfer-Encoding: chunked"), chunked(large)
    yield "405", 405, ("PUT", ACTION, f"Content-Length: {len(large)}"), large
    yield "431", 431, ("POST", ACTION, *(f"X-Field-{number}: {'x' * 8000}" for number in range(500))), b""
    yield "400", 400, ("POST", ACTION, "Content-Length: x"), large


@pytest.mark.parametrize(("status", "parts", "body"), [pytest.param(*case, id=name) for name, *case in early_answers()])
def test_a_client_that_sends_everything_before_it_reads_gets_the_early_answer(server, bearer, status, parts, body):
    """As proxies do: one whose request breaks off tells its own client 502."""
    request = head(*(part.replace("BEARER", bearer) for part in parts)) + body
    for _ in range(5):
        with Connection(server.port) as connection:
            connection.send(request)
            response = connection.response()
            assert response.status == status
            # Ended, not reset.
            assert not response.closes or connection.ends_within(3)


@pytest.mark.parametrize("end", [b"", head("GET", "/livez")], ids=["silence", "request"])
def test_a_client_that_is_refused_early_is_not_waited_for(server, end):
    """It announces a body that is too large, and sends none of it or something else."""
    with Connection(server.port) as connection:
        connection.send(head("POST", ACTION, "Content-Length: 1000000") + end)
        assert connection.response().status == 413
        assert connection.ends_within(4)


# --- Requests in all their forms


@pytest.mark.parametrize("path", PROBES)
def test_probes_answer_get_and_head_alike(port, path):
    with Connection(port) as connection:
        connection.send(head("GET", path))
        get = connection.response()
        connection.send(head("HEAD", path))
        # A body would be taken for the beginning of the next response.
        without_body = connection.response(to="HEAD")
        connection.send(head("GET", path))
        again = connection.response()
    assert get.status == without_body.status == again.status == 200
    assert get.body and get.body == again.body
    names = ("content-type", "content-length", "cache-control")
    assert [without_body.fields.get(name) for name in names] == [get.fields.get(name) for name in names]


def test_a_spider_of_a_container_probe_is_answered(port):
    result = subprocess.run(
        ["curl", "--head", "--silent", "--fail", f"http://127.0.0.1:{port}/readyz"], capture_output=True, timeout=30
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_probes_say_that_they_take_get_and_head(port, method):
    response = exchange(port, head(method, "/livez", "Content-Length: 0"))
    assert response.status == 405
    assert {name.strip() for name in response.fields["allow"].split(",")} == {"GET", "HEAD"}


@pytest.mark.parametrize("hosts", [(), ("Host: a.example", "Host: b.example")], ids=["none", "two"])
@pytest.mark.parametrize("path", ["/livez", ACTION])
def test_without_exactly_one_host_a_request_is_refused(port, path, hosts):
    """RFC 9112, section 3.2."""
    response = exchange(port, head("GET", path, *hosts, host=None))
    assert response.status == 400


def test_a_request_of_http_1_0_needs_no_host(port):
    assert exchange(port, head("GET", "/livez", version="1.0", host=None)).status == 200


@pytest.mark.parametrize("path", PROBES)
def test_probes_are_served_at_an_absolute_target(port, path):
    """RFC 9112, section 3.2.2: a server must accept the form that clients send to a proxy."""
    assert exchange(port, head("GET", f"http://connvo.example:8080{path}")).status == 200


@pytest.mark.parametrize("origin", ["http://connvo.example", "HTTPS://connvo.example:8443"])
def test_calls_are_served_at_an_absolute_target(server, bearer, origin):
    assert is_token(exchange(server.port, call(bearer, target=origin + ACTION)))
    assert is_token(exchange(server.port, call(bearer, target=origin + FUNCTION, body=RUN_BODY)))


@pytest.mark.parametrize("target", ["//api/action", "/api/action?x=1"])
def test_one_slash_too_many_is_no_reason_to_refuse(server, bearer, target):
    """A Convex address that ends with a slash gives `//api/action`."""
    assert is_token(exchange(server.port, call(bearer, target=target)))


def test_a_convex_client_whose_address_ends_with_a_slash_is_served(server, bearer):
    run = exchange(server.port, call(bearer, target="/" + FUNCTION, body=RUN_BODY))
    assert is_token(run)


@pytest.mark.parametrize("target", ["///api/action", "/api//action", "/api/action/x", "/api", "//"])
def test_other_paths_are_not_taken_for_the_endpoint(server, bearer, target):
    assert exchange(server.port, call(bearer, target=target)).status == 404


@pytest.mark.parametrize("kind", [
    "application/json",
    "application/json;",
    "Application/JSON ; charset=utf-8",
    'application/json; charset="UTF-8"',
    "application/json;charset=UTF-8;",
    'application/json; profile="a;b"; charset=utf-8',
    "application/json; version=1",
    'application/json; note="charset=latin1"',
])
def test_content_types_are_read_as_rfc_9110_reads_them(server, bearer, kind):
    """RFC 9110, sections 5.6.6 and 8.3.1."""
    assert is_token(exchange(server.port, call(bearer, kind=kind)))


@pytest.mark.parametrize("kind", [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "application/json; charset=iso-8859-1",
    'application/json; charset="utf-16"',
    "application/json, text/plain",
])
def test_other_content_types_are_refused(server, bearer, kind):
    assert exchange(server.port, call(bearer, kind=kind)).status == 415
