"""A common way to build the same service: bare ASGI for uvicorn, asyncpg and PyJWT.

The same checks as connvo-server makes, the same record, the same response, and likewise never a token before its record
is committed. One statement reads the facts, another inserts the record, each in its own transaction: nothing faster is
possible, because the token must be signed between the two. Unlike connvo-server, it does not record refusals.

Environment: PEER_DATABASE_URL, PEER_JWKS_FILE, PEER_ISSUER, PEER_POOL_SIZE, STREAM_API_SECRET,
TOKENS_PER_MINUTE.
"""

import hashlib
import hmac
import json
import os
import re
import sys
import time
import uuid
from datetime import datetime, timedelta, timezone

import asyncpg
import jwt

ROUTE = "/api/run/meetings/stream/index/generateParticipantTokenPublic"
ROLES = ["observer", "participant", "co-host", "host"]
STREAM_ROLES = {"host": "host", "co-host": "moderator", "participant": "call_member"}
GRACE = timedelta(days=7)

SECRET = os.environ["STREAM_API_SECRET"]
SIGNING_KEY_ID = hmac.digest(SECRET.encode(), b"connvo key id", "sha256").hex()[:16]
ISSUER = os.environ["PEER_ISSUER"]
QUOTA = int(os.environ["TOKENS_PER_MINUTE"])
with open(os.environ["PEER_JWKS_FILE"]) as file:
    KEYS = {key.key_id: key.key for key in jwt.PyJWKSet.from_json(file.read()).keys}

FACTS = """
    SELECT caller.email, caller.display_name, caller.avatar_url, caller.is_active,
           meeting.organizer_id, organizer.organization_id, meeting.state,
           meeting.stream_call_type, meeting.stream_call_id,
           participant.role, participant.removed_at,
           user_subscription.id AS su_id, user_subscription.status AS su_status,
           user_subscription.starts_at AS su_starts_at, user_subscription.ends_at AS su_ends_at,
           user_subscription.past_due_since AS su_past_due_since,
           user_subscription.tier_id AS su_tier_id, user_tier.is_paid AS su_is_paid, user_tier.rank AS su_rank,
           organization_subscription.id AS so_id, organization_subscription.status AS so_status,
           organization_subscription.starts_at AS so_starts_at, organization_subscription.ends_at AS so_ends_at,
           organization_subscription.past_due_since AS so_past_due_since,
           organization_subscription.tier_id AS so_tier_id, organization_tier.is_paid AS so_is_paid,
           organization_tier.rank AS so_rank,
           recent.requests
    FROM (SELECT $1::text AS user_id, $2::text AS meeting_id, $3::timestamptz AS now) AS request
    LEFT JOIN connvo.users caller
           ON caller.id = request.user_id
    LEFT JOIN connvo.meetings meeting
           ON meeting.id = request.meeting_id
    LEFT JOIN connvo.users organizer
           ON organizer.id = meeting.organizer_id
    LEFT JOIN connvo.meeting_participants participant
           ON participant.meeting_id = request.meeting_id AND participant.user_id = request.user_id
    LEFT JOIN connvo.subscriptions user_subscription
           ON user_subscription.user_id = ANY (ARRAY[meeting.organizer_id])
          AND user_subscription.status IN ('trialing', 'active', 'past_due')
          AND user_subscription.starts_at <= request.now
          AND (user_subscription.ends_at IS NULL OR user_subscription.ends_at > request.now)
    LEFT JOIN connvo.subscription_tiers user_tier
           ON user_tier.id = user_subscription.tier_id
    LEFT JOIN connvo.subscriptions organization_subscription
           ON organization_subscription.organization_id = ANY (ARRAY[organizer.organization_id])
          AND organization_subscription.status IN ('trialing', 'active', 'past_due')
          AND organization_subscription.starts_at <= request.now
          AND (organization_subscription.ends_at IS NULL OR organization_subscription.ends_at > request.now)
    LEFT JOIN connvo.subscription_tiers organization_tier
           ON organization_tier.id = organization_subscription.tier_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS requests
        FROM (
            SELECT token.issued_at FROM connvo.issued_tokens token
            WHERE token.user_id = request.user_id
              AND token.issued_at > request.now - interval '1 minute'
              AND token.issued_at < request.now + interval '1 minute'
            UNION ALL
            SELECT refusal.refused_at FROM connvo.token_refusals refusal
            WHERE refusal.user_id = request.user_id
              AND refusal.refused_at > request.now - interval '1 minute'
              AND refusal.refused_at < request.now + interval '1 minute'
        ) AS record
    ) AS recent
"""

INSERT = """
    INSERT INTO connvo.issued_tokens
        (id, issued_at, expires_at, user_id, meeting_id, organizer_id, organization_id, requested_role, held_role,
        granted_role, stream_role, tier_id, tier_is_paid, subscription_id, subscription_status, subscription_starts_at,
        subscription_ends_at, call_cid, token_sha256, signing_key_id, session_id, impersonator, client_ip, user_agent,
        request_id, trace_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
        $23::text::inet, $24, $25, $26)
"""


class Refusal(Exception):
    def __init__(self, http_status, code, status, message):
        super().__init__(message)
        self.http_status, self.code, self.status = http_status, code, status


def uuid7(milliseconds):
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    return uuid.UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def trace_id(headers):
    match = re.fullmatch(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", headers.get(b"traceparent", b""))
    return uuid.UUID(match[1].decode()) if match else None


def authenticate(headers):
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if not token or scheme.lower() != "bearer":
        raise Refusal(401, "UNAUTHORIZED", 401, "Authentication required")
    try:
        key = KEYS[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token, key, algorithms=["RS256"], issuer=ISSUER, leeway=30,
            options={"require": ["sub", "sid", "exp", "iat", "iss"], "verify_aud": False},
        )
    except (jwt.InvalidTokenError, KeyError) as error:
        raise Refusal(401, "INVALID_TOKEN", 401, "The bearer token is not valid") from error
    if claims["exp"] - claims["iat"] > 86400 or "act" in claims or "sub_type" in claims:
        raise Refusal(401, "INVALID_TOKEN", 401, "The bearer token is not valid")
    if claims.get("sub_profile", "user") != "user" or not re.fullmatch(r"[A-Za-z0-9_@-]{1,255}", claims["sub"]):
        raise Refusal(401, "INVALID_TOKEN", 401, "The bearer token is not valid")
    return claims


def read_arguments(headers, body):
    if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/json":
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", 415, "The body must be application/json")
    try:
        arguments = json.loads(body)["args"]
        meeting, role = arguments["meetingId"], arguments.get("role")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Refusal(400, "VALIDATION_ERROR", 400, "The body must be a JSON object with args.meetingId") from error
    if not isinstance(meeting, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", meeting):
        raise Refusal(400, "VALIDATION_ERROR", 400, "meetingId is not valid")
    if "role" in arguments and role not in ROLES or arguments.keys() - {"meetingId", "role"}:
        raise Refusal(400, "VALIDATION_ERROR", 400, "args is not valid")
    return meeting, role


def paying_subscription(facts, now):
    """The prefix of the columns of the subscription that pays for the meeting, None when none does."""
    best = None
    for prefix in ("su", "so"):
        if facts[prefix + "_id"] is None or not facts[prefix + "_is_paid"]:
            continue
        if facts[prefix + "_status"] == "past_due" and now >= facts[prefix + "_past_due_since"] + GRACE:
            continue
        if best is None or facts[prefix + "_rank"] >= facts[best + "_rank"]:
            best = prefix
    return best


def decide(facts, meeting, requested, now):
    """The granted role and the prefix of the subscription, by docs/errors.md, rows 7 to 16."""
    if facts["is_active"] is None:
        raise Refusal(400, "UNAUTHORIZED", 401, "User not provisioned. Please complete sign-in and try again.")
    if not facts["is_active"]:
        raise Refusal(400, "FORBIDDEN", 403, "Account deactivated")
    if facts["organizer_id"] is None:
        raise Refusal(400, "NOT_FOUND", 404, f"Meeting with ID {meeting} not found")
    held = facts["role"]
    if held is None or facts["removed_at"] is not None:
        raise Refusal(400, "FORBIDDEN", 403, "Access denied: Not a meeting participant")
    if facts["state"] in ("concluded", "cancelled"):
        raise Refusal(400, "MEETING_ALREADY_ENDED", 409, "Meeting is concluded or cancelled")
    subscription = paying_subscription(facts, now)
    if subscription is None:
        raise Refusal(400, "PAID_TIER_REQUIRED", 403, "This meeting is not on a paid tier")
    if facts["stream_call_id"] is None:
        raise Refusal(400, "VALIDATION_ERROR", 400, "Meeting does not have a GetStream call")
    role = requested or held
    if ROLES.index(role) > ROLES.index(held):
        raise Refusal(400, "INSUFFICIENT_PERMISSIONS", 403, f"Requires {role} role")
    if role not in STREAM_ROLES:
        raise Refusal(400, "INSUFFICIENT_PERMISSIONS", 403, "Observers cannot receive a call token")
    return role, subscription


async def issue(pool, client, headers, body, request_id):
    claims = authenticate(headers)
    meeting, requested = read_arguments(headers, body)
    user = claims["sub"]
    seconds = time.time()
    now = datetime.fromtimestamp(seconds, timezone.utc)
    async with pool.acquire() as connection:
        facts = await connection.fetchrow(FACTS, user, meeting, now)
        if facts["requests"] + 1 > QUOTA:
            raise Refusal(429, "RATE_LIMIT_EXCEEDED", 429, f"At most {QUOTA} requests a minute")
        role, by = decide(facts, meeting, requested, now)
        token_id = uuid7(int(seconds * 1000))
        expires = int(seconds) + 3600
        call = facts["stream_call_type"] + ":" + facts["stream_call_id"]
        token = jwt.encode(
            {
                "user_id": user, "iat": expires - 3605, "exp": expires, "role": STREAM_ROLES[role],
                "call_cids": [call], "jti": str(token_id),
            },
            SECRET,
        )
        await connection.execute(
            INSERT, token_id, now, datetime.fromtimestamp(expires, timezone.utc), user, meeting, facts["organizer_id"],
            facts["organization_id"], requested, facts["role"], role, STREAM_ROLES[role], facts[by + "_tier_id"],
            facts[by + "_is_paid"], facts[by + "_id"], facts[by + "_status"], facts[by + "_starts_at"],
            facts[by + "_ends_at"], call, hashlib.sha256(token.encode()).digest(), SIGNING_KEY_ID, claims["sid"], None,
            client, headers.get(b"user-agent", b"").decode("latin-1")[:256] or None, request_id,
            trace_id(headers),
        )
    person = {"id": user, "name": facts["display_name"] or facts["email"].partition("@")[0]}
    if facts["avatar_url"]:
        person["image"] = facts["avatar_url"]
    value = {"token": token, "userId": user, "user": person, "expiresAt": expires, "success": True}
    return {"status": "success", "errorMessage": "", "errorData": {}, "value": value}


async def read_body(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def nothing_to_reset(connection):
    """No statement here changes the session, so asyncpg need not reset it, which would cost a round trip."""


async def lifespan(scope, receive, send):
    await receive()
    size = int(os.environ["PEER_POOL_SIZE"])
    scope["state"]["pool"] = await asyncpg.create_pool(
        os.environ["PEER_DATABASE_URL"], min_size=size, max_size=size, reset=nothing_to_reset,
        server_settings={"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"},
    )
    await send({"type": "lifespan.startup.complete"})
    print("peer: ready", file=sys.stderr, flush=True)
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(scope, receive, send)
    request_id = str(uuid7(time.time_ns() // 1_000_000))
    try:
        if scope["path"] != ROUTE or scope["method"] != "POST":
            raise Refusal(404, "NOT_FOUND", 404, "No such route")
        body = await read_body(receive)
        response = await issue(scope["state"]["pool"], scope["client"][0], dict(scope["headers"]), body, request_id)
        status = 200
    except Refusal as refusal:
        status, message = refusal.http_status, str(refusal)
        data = {"code": refusal.code, "message": message, "statusCode": refusal.status}
        response = {
            "status": "error", "errorMessage": message, "errorData": data,
            "code": refusal.code, "message": message, "requestId": request_id,
        }
    content = json.dumps(response, separators=(",", ":")).encode()
    await send({
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", b"application/json; charset=utf-8"), (b"content-length", b"%d" % len(content)),
            (b"cache-control", b"no-store"), (b"x-request-id", request_id.encode()),
        ],
    })
    await send({"type": "http.response.body", "body": content})
