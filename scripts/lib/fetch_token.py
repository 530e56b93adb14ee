"""Fetches one token as a client does, checks every field of the response, and prints three words: the token, its id and
its SHA-256. The signature is computed here independently. scripts/run --smoke runs it.

Environment: HTTP_PORT, ROUTE, BEARER, DEMO_HOST, DEMO_MEETING, STREAM_API_SECRET_FILE.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import time


def check(truth, what):
    if not truth:
        raise SystemExit("smoke: " + what)


def decoded(segment):
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


user, meeting = os.environ["DEMO_HOST"], os.environ["DEMO_MEETING"]
connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["HTTP_PORT"]), timeout=10)
asked_at = int(time.time())
connection.request(
    "POST", os.environ["ROUTE"], json.dumps({"args": {"meetingId": meeting, "role": "participant"}}),
    {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["BEARER"]})
response = connection.getresponse()
body = response.read().decode()
check(response.status == 200, f"status {response.status}: {body}")
kind = response.getheader("Content-Type")
check(kind == "application/json; charset=utf-8", f"Content-Type {kind!r}")
check(response.getheader("Cache-Control") == "no-store", "Cache-Control is not no-store")
check(response.getheader("X-Request-Id"), "no X-Request-Id")

answer = json.loads(body)
check(list(answer) == ["status", "errorMessage", "errorData", "value"], f"fields {list(answer)}")
check((answer["status"], answer["errorMessage"], answer["errorData"]) == ("success", "", {}), f"envelope {answer}")
value = answer["value"]
check(set(value) == {"token", "userId", "user", "expiresAt", "success"}, f"fields of value {list(value)}")
check(value["success"] is True, "success is not true")
check(value["userId"] == user, "userId is not the caller")
check(value["user"] == {"id": user, "name": "Alice Johnson", "image": "https://example.com/avatars/alice.jpg"},
      "user is {}".format(value["user"]))
check(type(value["expiresAt"]) is int, "expiresAt is no integer literal")
check(0 <= value["expiresAt"] - 3600 - asked_at <= 10, "expiresAt is not an hour from now")

header, payload, signature = value["token"].split(".")
claims = json.loads(decoded(payload))
check(json.loads(decoded(header)) == {"alg": "HS256", "typ": "JWT"}, "header of the token")
check(set(claims) == {"user_id", "iat", "exp", "role", "call_cids", "jti"}, f"claims {list(claims)}")
check((claims["user_id"], claims["exp"]) == (user, value["expiresAt"]), "claims disagree with the answer")
check(claims["iat"] == claims["exp"] - 3605, "iat is not 5 s ago")
check((claims["role"], claims["call_cids"]) == ("call_member", ["default:call_" + meeting]), f"claims {claims}")
with open(os.environ["STREAM_API_SECRET_FILE"], "rb") as file:
    expected = hmac.digest(file.read(), f"{header}.{payload}".encode(), "sha256")
check(hmac.compare_digest(expected, decoded(signature)), "signature of the token")
print(value["token"], claims["jti"], hashlib.sha256(value["token"].encode()).hexdigest())
