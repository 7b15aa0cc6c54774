"""Signatures as Standard Webhooks has them (standardwebhooks.com, version 1)."""

import base64
import hashlib
import hmac
from uuid import UUID

PREFIX = "whsec_"


def team_secret(master: bytes, team_id: UUID) -> bytes:
    """A team's own: whoever knows it can say nothing in another team's name."""
    return hmac.new(master, b"webhook:" + team_id.bytes, hashlib.sha256).digest()


def written(secret: bytes) -> str:
    """As receivers' libraries take it."""
    return PREFIX + base64.b64encode(secret).decode()


def signed_headers(secret: bytes, event_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """Of a message that was sent at `seconds` since 1970."""
    content = f"{event_id}.{seconds}.".encode() + body
    digest = hmac.new(secret, content, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
