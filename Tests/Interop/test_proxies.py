"""The server behind nginx, HAProxy and Caddy, each with connections to it that are kept.

What one client sends must not cost another its response: strangers share these connections.
"""

import concurrent.futures
import http.client
import json
import pathlib
import time

import pytest
from conftest import ACTION
from proxies import CONFIGURATIONS, KEEP_ALIVE, in_front_of
from raw_http import CALL, Connection, call, exchange, head
from test_http_clients import H2C, WEBSOCKET, is_token

OFFERS = {"websocket": WEBSOCKET, "h2c": H2C, "unknown": ("Connection: Upgrade", "Upgrade: anything/1")}
ESTABLISHED = "01"


@pytest.fixture(scope="module")
def bearer(server):
    return server.bearer("user_workos_123")


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def proxy(request, server):
    """The port of a proxy in front of the server."""
    with in_front_of(server.port, request.param) as port:
        yield port


def kept_connections(port: int) -> int:
    """How many connections to a port are open."""
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(1 for field in fields if field[2].endswith(f":{port:04X}") and field[3] == ESTABLISHED)


def calls(port: int, bearer: str, count: int, pause: float = 0) -> list[int]:
    """The statuses of calls one after the other on one connection to the proxy."""
    # Less than the five seconds after which the server gives up a request that does not arrive.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
    statuses = []
    try:
        for number in range(count):
            if number:
                time.sleep(pause)
            connection.request("POST", ACTION, CALL, headers)
            response = connection.getresponse()
            body = response.read()
            statuses.append(response.status)
            assert response.status != 200 or "token" in json.loads(body)["value"]
    finally:
        connection.close()
    return statuses


def test_calls_in_a_row_use_one_kept_connection(proxy, server, bearer):
    assert calls(proxy, bearer, 50) == [200] * 50
    assert 1 <= kept_connections(server.port) <= 4


def test_calls_at_once_are_all_served(proxy, bearer):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outcomes = [pool.submit(calls, proxy, bearer, 25) for _ in range(8)]
        assert [outcome.result() for outcome in outcomes] == [[200] * 25] * 8


@pytest.mark.parametrize("offer", OFFERS)
def test_a_strangers_offer_of_another_protocol_costs_nobody_a_response(proxy, bearer, offer):
    outcomes = []
    for _ in range(2):
        # As the page of a stranger does it, without a token.
        with Connection(proxy) as stranger:
            stranger.send(head("GET", ACTION, *OFFERS[offer]))
            outcomes.append(stranger.response().status)
        outcomes += calls(proxy, bearer, 2)
    assert outcomes == [405, 200, 200] * 2


def test_a_call_with_an_offer_gets_its_token(proxy, bearer):
    """As Java's client and `curl --http2` send it."""
    assert is_token(exchange(proxy, call(bearer, *H2C)))
    assert calls(proxy, bearer, 3) == [200] * 3


@pytest.mark.parametrize("size", [1 << 20, 8 << 20], ids=["1MiB", "8MiB"])
@pytest.mark.parametrize("form", ["length", "chunked"])
def test_a_body_that_is_too_large_is_refused_by_the_server(proxy, bearer, form, size):
    statuses = []
    for _ in range(5):
        connection = http.client.HTTPConnection("127.0.0.1", proxy, timeout=30)
        try:
            body = bytes(size) if form == "length" else (bytes(65536) for _ in range(size // 65536))
            try:
                connection.request(
                    "POST", ACTION, body,
                    {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"},
                    encode_chunked=form == "chunked",
                )
            except (BrokenPipeError, ConnectionResetError):
                # The proxy has stopped reading: it may have answered all the same.
                pass
            statuses.append(connection.getresponse().status)
        except (http.client.HTTPException, OSError) as error:
            statuses.append(type(error).__name__)
        finally:
            connection.close()
    assert statuses == [413] * 5
    assert calls(proxy, bearer, 3) == [200] * 3


def test_heads_that_are_too_large_leave_others_alone(proxy, bearer):
    for _ in range(3):
        response = exchange(proxy, head("GET", ACTION, *(f"X-{number}: {'x' * 3000}" for number in range(6))))
        assert response.status in (400, 431)
    assert calls(proxy, bearer, 3) == [200] * 3


def test_a_call_after_a_pause_is_served(proxy, bearer):
    """Also at the moment at which the proxy gives up the connection."""
    pauses = [KEEP_ALIVE * part for part in (0.97, 0.99, 1, 1.01, 1.03, 1.5)] * 4
    with concurrent.futures.ThreadPoolExecutor(len(pauses)) as pool:
        outcomes = [pool.submit(calls, proxy, bearer, 3, pause) for pause in pauses]
        assert [outcome.result() for outcome in outcomes] == [[200] * 3] * len(pauses)
