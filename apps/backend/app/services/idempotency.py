"""`Idempotency-Key`: the same request sent twice makes one thing."""

import hashlib
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.services.errors import Conflict
from app.tables import IdempotentRequest


def scoped(client: str, key: str) -> str:
    """Two clients that choose the same key do not meet."""
    return hashlib.sha256(f"{client}\0{key}".encode()).hexdigest()


def earlier(session: Session, key: str, request_hash: str) -> UUID | None:
    """What the request has made before.

    Raises:
        Conflict: the key came with another request.
    """
    known = session.get(IdempotentRequest, key)
    if known is None:
        return None
    if known.request_hash != request_hash:
        raise Conflict("IDEMPOTENCY_KEY_REUSED", "the key was sent with another request")
    return known.resource_id


def remember(session: Session, key: str, request_hash: str, resource_id: UUID) -> UUID:
    """Commit what was made together with the key; the earlier one wins when two come at once.

    Raises:
        Conflict: as `earlier`.
    """
    session.add(IdempotentRequest(key=key, request_hash=request_hash, resource_id=resource_id))
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        return earlier(session, key, request_hash) or resource_id
    return resource_id
