"""Clients that are generated from openapi.yaml: each is made in a temporary folder and calls a server."""

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading

import jwt
import pytest
from conftest import ROOT
from refusals import HERE

TOOLS = ROOT / ".venv-clients"
PROGRAMS = pathlib.Path(__file__).with_name("generated")
ENDPOINTS = ["run", "action"]


def run(arguments, folder, input="", **environment) -> str:
    # Go is beside the generators.
    path = f"{TOOLS}/bin:{os.environ['PATH']}"
    result = subprocess.run(
        arguments, cwd=folder, input=input, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PATH": path, **environment},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def openapi_python_client(folder):
    # Without the formatter that it runs by default, which writes code for Python 3.11 and later.
    configuration = folder / "configuration.yaml"
    configuration.write_text("post_hooks: []\n")
    run(["openapi-python-client", "generate", "--path", ROOT / "openapi.yaml", "--output-path", folder / "connvo",
         "--meta", "none", "--config", configuration], folder)
    return [TOOLS / "bin/python", PROGRAMS / "openapi_python_client.py"]


def openapi_generator(folder, *arguments):
    run(["openapi-generator-cli", "generate", "-i", ROOT / "openapi.yaml", "-o", folder, *arguments], folder)


def openapi_generator_python(folder):
    openapi_generator(folder, "-g", "python", "--global-property", "modelTests=false,apiTests=false")
    return [TOOLS / "bin/python", PROGRAMS / "openapi_generator.py"]


def openapi_generator_go(folder):
    openapi_generator(folder, "-g", "go", "--global-property", "modelTests=false,apiTests=false")
    # The generated client imports one module, which checks the tags of the fields for oneOf. The fields have no such
    # tags, and modules cannot be fetched everywhere: this stands in for it.
    validator = folder / "validator"
    validator.mkdir()
    (validator / "go.mod").write_text("module gopkg.in/validator.v2\n\ngo 1.23\n")
    (validator / "validator.go").write_text("package validator\n\nfunc Validate(any) error { return nil }\n")
    (folder / "go.mod").write_text(
        "module connvo\n\ngo 1.23\n\nrequire gopkg.in/validator.v2 v2.0.1\n\n"
        "replace gopkg.in/validator.v2 => ./validator\n"
    )
    (folder / "call").mkdir()
    shutil.copy(PROGRAMS / "openapi_generator.go", folder / "call/main.go")
    # The first build compiles the standard library, which takes half a minute; later ones find it.
    run(["go", "build", "-o", "called", "./call"], folder, GOCACHE=str(TOOLS / "go-cache"),
        GOPATH=str(folder / "go-path"), XDG_CONFIG_HOME=str(folder), GOPROXY="off", GOTOOLCHAIN="local", GOFLAGS="")
    return [folder / "called"]


@pytest.fixture(scope="module", params=[openapi_python_client, openapi_generator_python, openapi_generator_go])
def call(request, tmp_path_factory):
    """Calls an address with a generated client: the HTTP status, the model and the parsed body, or an error."""
    folder = tmp_path_factory.mktemp(request.param.__name__)
    program = request.param(folder)

    def call(address, bearer, endpoint, meeting=HERE):
        asked = {"address": address, "bearer": bearer, "endpoint": endpoint, "meetingId": meeting}
        return json.loads(run(program, folder, json.dumps(asked)))
    return call


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_token_is_fetched(server, call, endpoint):
    got = call(server.address, server.bearer("user_workos_123"), endpoint)
    assert (got.get("http"), got.get("model")) == (200, {"run": "Granted", "action": "ActionGranted"}[endpoint]), got
    claims = jwt.decode(got["body"]["value"]["token"], server.secret, algorithms=["HS256"])
    assert claims["exp"] == got["body"]["value"]["expiresAt"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_refusal_is_parsed(server, call, endpoint):
    got = call(server.address, server.bearer("user_frank_free"), endpoint)
    expected = {"run": (400, "Failure"), "action": (200, "ActionRefused")}[endpoint]
    assert (got.get("http"), got.get("model")) == expected, got
    assert got["body"]["status"] == "error"
    assert got["body"]["errorData"] == {
        "code": "FORBIDDEN", "message": "Access denied: Not a meeting participant", "statusCode": 403,
        "metadata": {"meetingId": HERE},
    }


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_failed_authentication_is_parsed(server, call, endpoint):
    got = call(server.address, "x", endpoint)
    assert (got.get("http"), got.get("model")) == (401, "Failure"), got
    assert got["body"]["code"] == "INVALID_TOKEN"


@contextlib.contextmanager
def answering(status: int, body):
    """The address of an HTTP server that gives every POST this response."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as stub:
        thread = threading.Thread(target=stub.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{stub.server_port}"
        finally:
            stub.shutdown()
            thread.join()


# What a later version of the server may send: codes, roles and members that openapi.yaml does not name.

def later_refusal(endpoint):
    number = {"run": int, "action": float}[endpoint]
    data = {
        "code": "ADDED_LATER", "message": "Not yet known", "statusCode": number(418), "addedLater": True,
        "metadata": {"meetingId": HERE, "requiredRole": "added-later", "addedLater": [1.5]},
    }
    body = {"status": "error", "errorMessage": "Not yet known", "errorData": data, "addedLater": {"a": "b"}}
    if endpoint == "run":
        return 400, body | {"code": "ADDED_LATER", "message": "Not yet known", "requestId": "r"}
    return 200, body


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_refusal_of_a_later_version_is_parsed(call, endpoint):
    status, body = later_refusal(endpoint)
    with answering(status, body) as address:
        got = call(address, "x", endpoint)
    assert (got.get("http"), got.get("model")) == (status, {"run": "Failure", "action": "ActionRefused"}[endpoint]), got
    assert got["body"] == body


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_token_of_a_later_version_is_parsed(call, endpoint):
    number = {"run": int, "action": float}[endpoint]
    value = {
        "token": "a.b.c", "userId": "u", "user": {"id": "u", "name": "U", "addedLater": 1.5},
        "expiresAt": number(1704070800), "success": True, "addedLater": "x",
    }
    body = {"status": "success", "value": value, "addedLater": None}
    if endpoint == "run":
        body |= {"errorMessage": "", "errorData": {}}
    with answering(200, body) as address:
        got = call(address, "x", endpoint)
    assert got.get("http") == 200, got
    assert got["body"] == body
