"""The Convex clients in use: each version from PyPI, in an environment of its own, against a running server."""

import json
import pathlib
import re
import subprocess
import sys
import time

import jwt
import pytest
from conftest import ACTION_PATH, ROOT
from refusals import HERE, REFUSALS

VERSIONS = ["0.5.0", "0.8.1"]
PAGES = [ROOT / "docs/convex-clients.md", ROOT / "README.md"]


def interpreter(version: str) -> str:
    return str(ROOT / f".venv-convex-{version}/bin/python")


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def call(version):
    """Calls a server as a Convex client does: the value, or the error that the client raised."""
    def call(server, bearer, arguments, function=ACTION_PATH, kind="action", client="http"):
        asked = {
            "address": server.address, "bearer": bearer, "function": function, "arguments": arguments, "kind": kind,
            "client": client,
        }
        script = pathlib.Path(__file__).with_name("convex_call.py")
        result = subprocess.run(
            [interpreter(version), script], input=json.dumps(asked), capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, result.stderr
        found = json.loads(result.stdout)
        assert found.pop("version") == version
        return found
    return call


def test_the_environment_of_the_tests_itself_has_no_convex():
    assert "convex" not in sys.modules
    with pytest.raises(ImportError):
        __import__("convex")


@pytest.mark.parametrize("role", [None, "participant", "host"])
def test_a_token_is_fetched(server, call, role):
    value = call(server, server.bearer("user_workos_123"), {"meetingId": HERE, **({"role": role} if role else {})})["value"]
    assert set(value) == {"token", "userId", "user", "expiresAt", "success"}
    assert value["success"] is True and value["userId"] == "user_workos_123"
    assert value["user"] == {
        "id": "user_workos_123", "name": "Alice Johnson", "image": "https://example.com/avatars/alice.jpg"
    }
    decoded = jwt.decode(value["token"], server.secret, algorithms=["HS256"])
    assert decoded["exp"] == value["expiresAt"]
    assert decoded["role"] == ("call_member" if role == "participant" else "host")
    assert 3500 < value["expiresAt"] - time.time() <= 3600
    found = json.loads(server.must("token", "inspect", "-", "--json", input=value["token"]))
    assert found["record"] == "found" and found["sha256"] == "agrees"


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_a_convex_error_with_its_data(server, call, refusal):
    user, arguments = REFUSALS[refusal]
    raised = call(server, server.bearer(user), arguments)
    assert raised["error"] == "ConvexError", raised
    # The run endpoint returns the same.
    status, body, _ = server.call(server.bearer(user), {"args": arguments})
    assert status == 400
    assert raised["data"] == body["errorData"]


def test_numbers_of_the_data_are_doubles(server, call):
    """As everywhere in Convex."""
    data = call(server, server.bearer("user_frank_free"), {"meetingId": HERE})["data"]
    assert isinstance(data["statusCode"], float) and data["statusCode"] == 403


def test_null_is_not_a_role(server, call):
    raised = call(server, server.bearer("user_workos_123"), {"meetingId": HERE, "role": None})
    assert raised["error"] == "ConvexError"
    assert raised["data"]["metadata"] == {"field": "role"}


def test_a_quota_that_is_used_up_is_a_convex_error(limited, server, call, version):
    user = {"0.5.0": "user_carol_participant", "0.8.1": "user_bob_cohost"}[version]
    # The quota counts requests of other tests in the last minute.
    call(limited, server.bearer(user), {"meetingId": HERE})
    raised = call(limited, server.bearer(user), {"meetingId": HERE})
    assert raised["error"] == "ConvexError", raised
    assert raised["data"] == {
        "code": "RATE_LIMIT_EXCEEDED", "message": "No more than 1 requests a minute are allowed", "statusCode": 429
    }


@pytest.mark.parametrize(
    ("function", "shown"),
    [("messages:list", "messages:list"), (ACTION_PATH + "x", ACTION_PATH + "x"), ("", "")],
)
def test_another_function_is_not_found(server, call, function, shown):
    raised = call(server, server.bearer("user_workos_123"), {}, function)
    assert (raised["error"], raised["text"]) == (
        "ConvexExecutionError", f"Could not find public function for '{shown}'"
    )


def test_without_a_token_it_is_401(server, call):
    raised = call(server, None, {"meetingId": HERE})
    assert (raised["error"], raised["text"]) == ("Exception", "401 UNAUTHORIZED: Authentication required")


def test_with_a_bad_token_it_is_401(server, call):
    raised = call(server, "not.a.token", {"meetingId": HERE})
    assert (raised["error"], raised["text"]) == ("Exception", "401 INVALID_TOKEN: The access token is not valid")


def test_with_an_expired_token_it_is_401(server, call, key, key_id, claims):
    past = int(time.time()) - 7200
    token = jwt.encode({**claims, "iat": past, "exp": past + 600}, key, algorithm="RS256", headers={"kid": key_id})
    raised = call(server, token, {"meetingId": HERE})
    assert (raised["error"], raised["text"]) == ("Exception", "401 SESSION_EXPIRED: Session expired")


def test_a_body_that_is_too_large_is_413(server, call):
    raised = call(server, server.bearer("user_workos_123"), {"meetingId": "m" * 20_000})
    assert raised["error"] == "Exception" and raised["text"].startswith("413 PAYLOAD_TOO_LARGE: "), raised


@pytest.mark.parametrize("kind", ["query", "mutation"])
def test_what_is_no_action_is_404(server, call, kind):
    raised = call(server, server.bearer("user_workos_123"), {"meetingId": HERE}, kind=kind)
    assert (raised["error"], raised["text"]) == ("Exception", "404 NOT_FOUND: There is nothing at this path")


def test_a_bug_of_ours_is_500(server, call, broken):
    raised = call(server, server.bearer(broken), {"meetingId": HERE})
    assert (raised["error"], raised["text"]) == (
        "Exception", "500 INTERNAL_ERROR: Your request couldn't be completed. Try again later."
    )


def test_an_outage_of_ours_is_503(server, keyless, call):
    raised = call(keyless, server.bearer("user_workos_123"), {"meetingId": HERE})
    assert raised["error"] == "Exception" and raised["text"].startswith("503 SERVICE_UNAVAILABLE: "), raised


# The lines that the documentation shows.

def shown():
    """The examples in Python, each with the version of the client that its first line is for."""
    for page in PAGES:
        for block in re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
            yield page.name, "0.8.1" if "convex.http_client" in block else "0.5.0", block


def test_the_documentation_shows_both_versions():
    assert {(page, version) for page, version, _ in shown()} >= {("convex-clients.md", version) for version in VERSIONS}


@pytest.mark.parametrize(("page", "version", "lines"), shown())
def test_the_lines_of_the_documentation_fetch_a_token(server, page, version, lines):
    for placeholder, real in [("http://127.0.0.1:8080", server.address), ("eyJ...", server.bearer("user_workos_123"))]:
        assert lines.count(placeholder) == 1, f"{placeholder} in {page}"
        lines = lines.replace(placeholder, real)
    result = subprocess.run([interpreter(version), "-c", lines], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    claims = jwt.decode(result.stdout.strip(), server.secret, algorithms=["HS256"])
    assert claims["user_id"] == "user_workos_123"


@pytest.mark.parametrize("version", ["0.8.1"], indirect=True)
@pytest.mark.parametrize("kind", ["action", "mutation"])
def test_a_client_with_a_websocket_fails_at_once(server, call, kind):
    """Without an answer to its protocol it would wait for ever."""
    raised = call(server, server.bearer("user_workos_123"), {"meetingId": HERE}, kind=kind, client="websocket")
    assert "ConvexHttpClient" in raised["text"], raised
