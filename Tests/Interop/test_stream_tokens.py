"""What the server signs, read by PyJWT and by Stream's own package."""

import base64
import hashlib
import json
import time
import uuid

import jwt
import pytest
from getstream import Stream
from joserfc import jwk
from joserfc import jwt as jose_jwt

CLAIMS = {"user_id", "iat", "exp", "role", "call_cids", "jti"}


@pytest.fixture(scope="module")
def bearer(server):
    return server.must("token", "issue-bearer", "--user", "user_workos_123").strip()


@pytest.fixture(scope="module")
def value(server, bearer):
    status, body, headers = server.call(bearer)
    assert status == 200, body
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    return body["value"]


def test_the_answer_has_the_documented_fields_in_the_documented_order(server, bearer):
    _, body, _ = server.call(bearer)
    assert list(body) == ["status", "errorMessage", "errorData", "value"]
    assert list(body["value"]) == ["token", "userId", "user", "expiresAt", "success"]
    assert list(body["value"]["user"]) == ["id", "name", "image"]
    assert type(body["value"]["expiresAt"]) is int
    assert body["status"] == "success" and body["errorMessage"] == "" and body["errorData"] == {}
    assert body["value"]["success"] is True


def test_pyjwt_verifies_the_token(server, value):
    decoded = jwt.decode(value["token"], server.secret, algorithms=["HS256"], options={"require": ["exp", "iat"]})
    assert set(decoded) == CLAIMS
    assert decoded["user_id"] == value["userId"] == value["user"]["id"] == "user_workos_123"
    assert decoded["role"] == "call_member"
    assert decoded["call_cids"] == ["default:call_meeting_123example"]
    assert decoded["exp"] == value["expiresAt"]
    assert decoded["exp"] - decoded["iat"] == 3605
    assert decoded["iat"] < time.time()
    assert uuid.UUID(decoded["jti"]).version == 7


def test_joserfc_verifies_the_token(server, value):
    decoded = jose_jwt.decode(value["token"], jwk.OctKey.import_key(server.secret), algorithms=["HS256"])
    assert set(decoded.claims) == CLAIMS
    assert decoded.header == {"alg": "HS256", "typ": "JWT"}


def test_another_secret_does_not_verify_the_token(server, value):
    for secret in (server.secret + "x", server.secret[:-1] + "#", base64.b64encode(server.secret.encode()).decode()):
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(value["token"], secret, algorithms=["HS256"])


def test_stream_signs_with_the_same_key_and_header(server, value):
    """Their package, given our claims, makes the same token except for the record's id and the order of claims."""
    stream = Stream(api_key="key", api_secret=server.secret)
    ours = jwt.decode(value["token"], server.secret, algorithms=["HS256"])
    theirs = stream.create_call_token(
        user_id=ours["user_id"], call_cids=ours["call_cids"], role=ours["role"], expiration=3600
    )
    header, payload, _ = theirs.split(".")
    assert header == value["token"].split(".")[0]
    # What verifies theirs verifies ours: the secret's own bytes.
    decoded = jwt.decode(theirs, server.secret, algorithms=["HS256"])
    assert set(decoded) | {"jti"} == CLAIMS
    for name in ("user_id", "call_cids", "role"):
        assert decoded[name] == ours[name]
    # The same claims in the same order, signed by PyJWT as Stream's package does it, are our token, byte for byte.
    assert jwt.encode(ours, stream.api_secret, algorithm="HS256") == value["token"]


def test_the_payload_needs_no_url_alphabet(server, bearer):
    """Stream's JavaScript client decodes the payload with the standard base64 alphabet."""
    for _ in range(50):
        token = server.call(bearer)[1]["value"]["token"]
        payload = token.split(".")[1]
        assert not set(payload) & set("-_=")
        decoded = base64.b64decode(payload + "=" * (-len(payload) % 4), validate=True)
        assert json.loads(decoded)["user_id"] == "user_workos_123"


@pytest.mark.parametrize(
    ("user", "role", "stream_role"),
    [
        ("user_workos_123", None, "host"),
        ("user_bob_cohost", None, "moderator"),
        ("user_bob_cohost", "participant", "call_member"),
        ("user_carol_participant", None, "call_member"),
    ],
)
def test_roles_are_mapped_for_stream(server, user, role, stream_role):
    arguments = {"meetingId": "meeting_123example", **({"role": role} if role else {})}
    status, body, _ = server.call(server.must("token", "issue-bearer", "--user", user).strip(), {"args": arguments})
    assert status == 200, body
    decoded = jwt.decode(body["value"]["token"], server.secret, algorithms=["HS256"])
    assert decoded["role"] == stream_role
    assert decoded["user_id"] == user


def test_the_record_holds_the_digest_of_the_token(server, value):
    jti = jwt.decode(value["token"], server.secret, algorithms=["HS256"])["jti"]
    stored = server.scalar(f"SELECT encode(token_sha256, 'hex') FROM connvo.issued_tokens WHERE id = '{jti}'")
    assert stored == hashlib.sha256(value["token"].encode()).hexdigest()


def test_token_inspect_finds_the_record_and_refuses_a_token_of_pyjwt(server, value):
    found = json.loads(server.must("token", "inspect", "-", "--json", input=value["token"]))
    assert found["record"] == "found" and found["sha256"] == "agrees"
    claims = jwt.decode(value["token"], server.secret, algorithms=["HS256"])
    reordered = jwt.encode(dict(reversed(list(claims.items()))), server.secret, algorithm="HS256")
    assert server.command("token", "inspect", "-", input=reordered).returncode == 1
    forged = jwt.encode(claims, "x" * 40, algorithm="HS256")
    assert server.command("token", "inspect", "-", input=forged).returncode == 65
