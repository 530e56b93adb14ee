"""Bearer tokens that PyJWT and joserfc sign: the server accepts valid ones and refuses the others."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwk
from joserfc import jwt as jose_jwt


def by_pyjwt(key, key_id, claims, algorithm="RS256", **header):
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id, **header})


def by_joserfc(key, key_id, claims, **header):
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return jose_jwt.encode({"alg": "RS256", "kid": key_id, **header}, claims, jwk.RSAKey.import_key(pem))


SIGNERS = [by_pyjwt, by_joserfc]


def expect_refused(server, token, code="INVALID_TOKEN"):
    status, body, headers = server.call(token)
    assert status == 401, body
    assert body["errorData"]["code"] == code
    assert 'error="invalid_token"' in headers["WWW-Authenticate"]


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_token_by_another_library_is_accepted(server, key, key_id, claims, sign):
    status, body, _ = server.call(sign(key, key_id, claims))
    assert status == 200, body
    assert body["value"]["userId"] == claims["sub"]


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize(
    "extra",
    [
        {"jti": "x", "org_id": "org_1", "role": "member", "permissions": ["a"], "entitlements": []},
        {"nbf": 1}, {"aud": "anything"}, {"aud": ["a", "b"]}, {"sub_profile": "user"}, {"name": "Álice 🎥"},
    ],
)
def test_further_claims_do_no_harm(server, key, key_id, claims, sign, extra):
    assert server.call(sign(key, key_id, {**claims, **extra}))[0] == 200


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
def test_the_types_of_access_tokens_are_accepted(server, key, key_id, claims, typ):
    assert server.call(by_pyjwt(key, key_id, claims, typ=typ))[0] == 200


def test_our_development_tokens_are_good_for_other_libraries(server, key, key_id):
    token = server.must("token", "issue-bearer", "--user", "user_workos_123", "--lifetime", "60").strip()
    decoded = jwt.decode(token, key.public_key(), algorithms=["RS256"], options={"require": ["exp", "iat", "iss", "sub"]})
    assert decoded["sub"] == "user_workos_123" and decoded["exp"] - decoded["iat"] == 60
    assert jwt.get_unverified_header(token)["kid"] == key_id
    found = jwk.KeySet.import_key_set(json.loads((server.folder / "jwks.json").read_text()))
    assert jose_jwt.decode(token, found).claims == decoded


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://api.workos.com"}, "INVALID_TOKEN"), ({"iss": None}, "INVALID_TOKEN"),
        ({"sub": None}, "INVALID_TOKEN"), ({"sub": ""}, "INVALID_TOKEN"), ({"sub": "a|b"}, "INVALID_TOKEN"),
        ({"sid": None}, "INVALID_TOKEN"), ({"exp": None}, "INVALID_TOKEN"), ({"iat": None}, "INVALID_TOKEN"),
        ({"exp": 4102444800}, "INVALID_TOKEN"), ({"nbf": 4102444800}, "INVALID_TOKEN"),
        ({"sub_type": "widget"}, "INVALID_TOKEN"), ({"sub_profile": "agent"}, "INVALID_TOKEN"),
        ({"act": {"sub": "admin@example.com"}}, "INVALID_TOKEN"), ({"aud": []}, "INVALID_TOKEN"),
        ({"iat": 1700000000, "exp": 1700000600}, "SESSION_EXPIRED"),
    ],
)
def test_a_token_with_bad_claims_is_refused(server, key, key_id, claims, sign, changes, code):
    # A change to None removes the claim.
    changed = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    expect_refused(server, sign(key, key_id, changed), code)


def test_attack_another_key(server, key_id, claims):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    expect_refused(server, by_pyjwt(other, key_id, claims))
    public = jwk.RSAKey.import_key(other.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    expect_refused(server, by_pyjwt(other, key_id, claims, jwk={**public.as_dict(), "kid": key_id}))
    expect_refused(server, by_pyjwt(other, key_id, claims, jku="https://evil.invalid/jwks"))


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "PS384", "PS512"])
def test_attack_another_algorithm_of_the_same_key(server, key, key_id, claims, algorithm):
    expect_refused(server, by_pyjwt(key, key_id, claims, algorithm))


def test_attack_another_kind_of_key(server, key_id, claims):
    expect_refused(server, by_pyjwt(ec.generate_private_key(ec.SECP256R1()), key_id, claims, "ES256"))


def test_attack_none(server, key_id, claims):
    expect_refused(server, by_pyjwt(None, key_id, claims, "none"))


def test_attack_the_public_key_as_a_secret(server, key, key_id, claims):
    """PyJWT refuses to sign such a token, so it is assembled here."""
    public = key.public_key()
    forms = [
        public.public_bytes(encoding, form)
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
        for form in (serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1)
    ]
    forms.append((server.folder / "jwks.json").read_bytes())
    for secret in forms:
        def segment(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
        signed = segment({"alg": "HS256", "typ": "JWT", "kid": key_id}) + b"." + segment(claims)
        code = base64.urlsafe_b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).rstrip(b"=")
        expect_refused(server, (signed + b"." + code).decode())


def test_attack_the_stream_secret(server, key_id, claims):
    """A Stream token, and a bearer token signed with Stream's secret, are refused."""
    expect_refused(server, by_pyjwt(server.secret, key_id, claims, "HS256"))
    bearer = server.must("token", "issue-bearer", "--user", "user_workos_123").strip()
    expect_refused(server, server.call(bearer)[1]["value"]["token"])


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"zip": "DEF"}, {"typ": "JOSE"}, {"typ": "secevent+jwt"}, {"enc": "A128GCM"}])
def test_attack_headers(server, key, key_id, claims, header):
    expect_refused(server, by_pyjwt(key, key_id, claims, **header))


def test_attack_an_unknown_key_id(server, key, claims):
    for key_id in ("development-other", "", "../../etc/passwd", "' OR 1=1 --", "x" * 3000):
        expect_refused(server, by_pyjwt(key, key_id, claims))


def test_a_session_ends_when_its_token_does(server, key, key_id, claims):
    now = int(time.time())
    good = by_pyjwt(key, key_id, {**claims, "iat": now - 600, "exp": now - 5})
    assert server.call(good)[0] == 200, "within the leeway of 30 s"
    expect_refused(server, by_pyjwt(key, key_id, {**claims, "iat": now - 600, "exp": now - 31}), "SESSION_EXPIRED")
