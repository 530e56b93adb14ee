"""openapi.yaml says what the server does: each example of a response is provoked and compared."""

import concurrent.futures
import json
import socket
import time

import jsonschema
import jwt
import pytest
import raw_http
import yaml
from conftest import ACTION, ACTION_PATH, FUNCTION, ROOT, another
from openapi_spec_validator import validate
from refusals import HERE, REFUSALS

DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
ORIGINAL = yaml.safe_load((ROOT / "Tests/Interop/original-openapi.yaml").read_text())
# Values that differ from one response to the next.
VARYING = {"token", "expiresAt", "requestId"}
# These belong to HTTP itself; OpenAPI describes Content-Type as `content`.
UNDECLARED_HEADERS = {"content-type", "content-length", "date", "connection"}


def resolved(node):
    while "$ref" in node:
        target = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def declared():
    """Every response in the document: path, method, status, and its description."""
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                yield path, method, status, resolved(answer)


def examples():
    for path, method, status, answer in declared():
        for media, content in answer.get("content", {}).items():
            for name, example in content.get("examples", {}).items():
                yield path, method, status, media, name, content["schema"], example["value"]


def matches(schema, value) -> None:
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def test_the_document_is_valid():
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_the_original_document_is_valid():
    validate(ORIGINAL)


def test_every_example_of_an_answer_fits_its_schema():
    for path, _, status, _, name, schema, value in examples():
        try:
            matches(schema, value)
        except jsonschema.ValidationError as error:
            raise AssertionError(f"{path} {status} {name}") from error


def parts(schema):
    """A schema and all schemas in it."""
    schema = resolved(schema)
    yield schema
    for inner in [*schema.get("properties", {}).values(), *schema.get("oneOf", [])]:
        yield from parts(inner)


def schemas_of_the_function():
    """The schemas of the responses of the two endpoints: path, status, and each schema in it."""
    for path, method, status, answer in declared():
        if path in (FUNCTION, ACTION) and method == "post":
            for part in parts(answer["content"]["application/json"]["schema"]):
                yield path, status, part


def test_numbers_have_the_type_that_the_endpoint_writes():
    found = {"integer": 0, "number": 0}
    for path, status, part in schemas_of_the_function():
        if part.get("type") in found:
            found[part["type"]] += 1
            written = ("number", "double") if (path, status) == (ACTION, "200") else ("integer", "int64")
            assert (part["type"], part.get("format")) == written, f"{path} {status}"
    assert min(found.values()) > 1


def test_responses_are_open_to_what_is_added():
    """A client that is generated from the document must not fail at a code or a member that it does not know."""
    for path, status, part in schemas_of_the_function():
        assert "enum" not in part, f"{path} {status}"
        if "properties" in part:
            assert part.get("additionalProperties") is True, f"{path} {status} {list(part['properties'])}"


def test_what_the_original_document_promises_is_kept():
    """The operation is there, with its statuses, its fields and its example."""
    original = ORIGINAL["paths"][FUNCTION]["post"]
    ours = DOCUMENT["paths"][FUNCTION]["post"]
    assert set(original["responses"]) <= set(ours["responses"])
    request = original["requestBody"]["content"]["application/json"]["example"]
    assert request == ours["requestBody"]["content"]["application/json"]["examples"]["documented"]["value"]
    example = original["responses"]["200"]["content"]["application/json"]["example"]
    mine = ours["responses"]["200"]["content"]["application/json"]["examples"]["granted"]["value"]
    token = mine["value"]["token"]
    assert {**mine, "value": {**mine["value"], "token": example["value"]["token"]}} == example
    assert token.startswith(example["value"]["token"].removesuffix("..."))
    matches({"$ref": "#/components/schemas/Granted"}, example | {"value": example["value"] | {"token": token}})


# What provokes each example, by its name.

JSON_HEADERS = {"Content-Type": "application/json"}


class Provoking:
    """Sends the request that leads to the response of an example."""

    def __init__(self, server, limited, slowed, keyless, key, key_id, claims):
        self.server, self.limited, self.slowed, self.keyless = server, limited, slowed, keyless
        self.key, self.key_id, self.claims = key, key_id, claims

    def post(self, path, arguments, user="user_workos_123", bearer=None, server=None, **headers):
        body = {"args": arguments} if path == FUNCTION else {"path": ACTION_PATH, "args": arguments}
        bearer = bearer or self.server.bearer(user)
        return (server or self.server).request(
            "POST", path, json.dumps(body), {**JSON_HEADERS, "Authorization": f"Bearer {bearer}", **headers}
        )

    def __call__(self, path, method, status, name):
        if name in REFUSALS:
            user, arguments = REFUSALS[name]
            return self.post(path, arguments, user)
        return getattr(self, name)(path)

    def granted(self, path):
        return self.post(path, {"meetingId": HERE, "role": "participant"})

    def malformed(self, path):
        headers = {**JSON_HEADERS, "Authorization": f"Bearer {self.server.bearer('user_workos_123')}"}
        return self.server.request("POST", path, json.dumps({"path": ACTION_PATH}), headers)

    def notHTTP(self, path):
        request = raw_http.head("POST", path, "Host: another", "Content-Length: 0")
        response = raw_http.exchange(self.server.port, request)
        return response.status, response.body.decode(), {name.title(): value for name, value in response.fields.items()}

    def noCredentials(self, path):
        return self.server.request("POST", path, "{}", JSON_HEADERS)

    def invalidToken(self, path):
        return self.post(path, {}, bearer="x")

    def expired(self, path):
        past = int(time.time()) - 7200
        claims = {**self.claims, "iat": past, "exp": past + 600}
        return self.post(path, {}, bearer=jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.key_id}))

    def noRoute(self, path):
        return self.server.request("GET", "/nowhere")

    def noFunction(self, path):
        headers = {**JSON_HEADERS, "Authorization": f"Bearer {self.server.bearer('user_workos_123')}"}
        if path == ACTION:
            return self.server.request("POST", path, json.dumps({"path": "messages:list", "args": {}}), headers)
        return self.server.request("POST", "/api/run/messages/list", "{}", headers)

    def method(self, path):
        return self.server.request("PUT", path)

    def probeMethod(self, path):
        return self.server.request("POST", path)

    def timeout(self, path):
        """A body that never arrives."""
        with socket.create_connection(("127.0.0.1", self.server.port), 30) as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode())
            connection.settimeout(30)
            received = b""
            while data := connection.recv(65536):
                received += data
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        return int(lines[0].split()[1]), body.decode(), headers

    def tooLarge(self, path):
        method = "POST" if path in (FUNCTION, ACTION) else "GET"
        return self.server.request(method, path, " " * 16385, JSON_HEADERS)

    def mediaType(self, path):
        return self.server.request("POST", path, "x", {"Content-Type": "text/plain"})

    def headers(self, path):
        return self.server.request("POST", path, "", {f"x-{number}": "x" for number in range(70)})

    def outage(self, path):
        return self.post(path, {"meetingId": HERE}, server=self.keyless)

    def bug(self, path):
        return self.post(path, {"meetingId": HERE}, "user_nora_nameless")

    def quota(self, path):
        self.post(path, {"meetingId": HERE}, server=self.limited)
        return self.post(path, {"meetingId": HERE}, server=self.limited)

    def address(self, path):
        """The answer to the first invalid token that is turned away; others wait for two seconds."""
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            calls = [pool.submit(self.post, path, {}, bearer="x", server=self.slowed) for _ in range(40)]
            answers = [call.result() for call in calls]
        return next(answer for answer in answers if answer[0] == 429)

    def answer(self, path):
        return self.server.request("GET", path)

    def notReady(self, path):
        return self.keyless.request("GET", path)

    def version(self, path):
        return self.server.request("GET", path)


@pytest.fixture
def provoke(server, limited, slowed, keyless, broken, key, key_id, claims):
    return Provoking(server, limited, slowed, keyless, key, key_id, claims)


def masked(value):
    """The limit of the example is the default; the tests' server has another."""
    if isinstance(value, dict):
        return {name: "*" if name in VARYING else masked(inner) for name, inner in value.items()}
    return value.replace("than 1 requests", "than 60 requests") if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("path", "method", "status", "media", "name", "value"),
    [(path, method, status, media, name, value) for path, method, status, media, name, _, value in examples()
     # Five seconds each: one is enough.
     if name != "timeout" or (path, method) == (FUNCTION, "post")],
)
def test_an_example_is_what_the_server_says(provoke, path, method, status, media, name, value):
    got, text, headers = provoke(path, method, status, name)
    assert got == int(status), text
    assert headers["Content-Type"].split(";")[0] == media
    if media == "text/plain":
        assert text == value
    else:
        body = json.loads(text)
        assert masked(body) == masked(value)
        assert list(body) == list(value), "the order of the fields"
    expect_declared_headers(path, method, status, headers)


def test_with_every_setting_that_adds_headers_they_are_as_declared(server):
    origin = "https://app.connvo.app"
    with another(server, CORS_ORIGINS=origin, HTTP_SERVER_TIMING="true") as second:
        headers = {**JSON_HEADERS, "Origin": origin}
        for method, path, status in [("POST", FUNCTION, "401"), ("POST", ACTION, "401"), ("GET", "/readyz", "200"),
                                     ("GET", "/docs", "200"), ("GET", "/openapi.json", "200"), ("POST", "/docs", "405")]:
            got, _, sent = second.request(method, path, "{}" if method == "POST" else None, headers)
            assert (str(got), sent["Access-Control-Allow-Origin"], sent["Timing-Allow-Origin"]) == (status, origin, origin)
            assert sent["Server-Timing"].startswith("total;dur="), path
            expect_declared_headers(path, "get" if path[1:4] != "api" else "post", status, sent)
        headers["Authorization"] = f"Bearer {server.bearer('user_workos_123')}"
        got, _, sent = second.request("POST", FUNCTION, json.dumps({"args": {"meetingId": HERE}}), headers)
        assert got == 200
        expect_declared_headers(FUNCTION, "post", "200", sent)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/openapi.yaml"])
def test_a_document_is_as_declared(server, path):
    status, text, headers = server.request("GET", path)
    assert (status, headers["Content-Type"].split(";")[0]) == (200, *DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"])
    expect_declared_headers(path, "get", "200", headers)
    status, text, headers = server.request("GET", path, headers={"If-None-Match": headers["ETag"]})
    assert (status, text) == (304, "")
    expect_declared_headers(path, "get", "304", headers)


def expect_declared_headers(path, method, status, headers):
    declared = resolved(DOCUMENT["paths"][path][method]["responses"][status])["headers"]
    sent = {name.lower() for name in headers.keys()} - UNDECLARED_HEADERS
    known = {name.lower(): resolved(header) for name, header in declared.items()}
    assert sent <= set(known)
    assert {name for name, header in known.items() if header.get("required")} <= sent
    for name in sent:
        schema = known[name]["schema"]
        value = next(headers[key] for key in headers.keys() if key.lower() == name)
        jsonschema.Draft202012Validator(schema).validate(int(value) if schema.get("type") == "integer" else value)


@pytest.mark.parametrize("path", [FUNCTION, ACTION])
def test_a_preflight_and_what_follows_it_are_as_declared(server, path):
    origin = "https://app.connvo.app"
    with another(server, CORS_ORIGINS=origin) as second:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        status, text, headers = second.request("OPTIONS", path, headers=asked)
        assert (status, text) == (204, "")
        expect_declared_headers(path, "options", "204", headers)
        status, _, headers = second.request("POST", path, "{}", {**JSON_HEADERS, "Origin": origin})
        assert status == 401
        assert headers["Access-Control-Allow-Origin"] == origin
        expect_declared_headers(path, "post", "401", headers)
    assert server.request("OPTIONS", path, headers=asked)[0] == 405
