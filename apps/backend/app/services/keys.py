"""API keys: who asks, what may they do, and how often."""

import hashlib
import secrets
import threading
import time
from collections import defaultdict
from uuid import UUID

import redis
import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.config import Settings
from app.core.redis import get_redis
from app.services.errors import Conflict, Denied, NotFound, TooMany
from app.tables import ApiKey, Team, now

SCOPES = ("read", "write", "admin")
PREFIX = "e2d_"
log = structlog.get_logger(__name__)


def create_key(
    session: Session, name: str, scopes: list[str], rate_per_minute: int, team: str | None = None
) -> tuple[ApiKey, str]:
    """The key's record, and the key itself, which is shown this once.

    Args:
        team: by name, made when there is none of it; None: a team of the key's own, of its name.

    Raises:
        Conflict: `TEAM_TAKEN`: the key would open what it was not said to open.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(name=name, scopes=scopes, rate_per_minute=rate_per_minute, key_hash=_hash(secret))
    known = session.scalars(select(Team).where(Team.name == (team or name))).first()
    if known is not None and team is None:
        raise _taken(name)
    key.team = known or Team(name=team or name)
    session.add(key)
    try:
        session.commit()
    except IntegrityError as error:  # two made the team at once
        session.rollback()
        raise _taken(team or name) from error
    return key, secret


def _taken(team: str) -> Conflict:
    return Conflict(
        "TEAM_TAKEN",
        f"there is a team {team!r} already",
        "say that the key is of this team, to open its files, or give it another name",
    )


def revoke_key(session: Session, key_id: UUID) -> None:
    """Raises: NotFound."""
    key = session.get(ApiKey, key_id)
    if key is None or key.revoked_at is not None:
        raise NotFound("key", key_id)
    key.revoked_at = now()
    session.commit()


def authenticate(session: Session, secret: str | None, scope: str) -> ApiKey:
    """The key behind `secret`, if it may do `scope`. 256 random bits need no slow hash.

    Raises:
        Denied: `KEY_MISSING`, `KEY_UNKNOWN`, `SCOPE_MISSING`.
    """
    if not secret:
        raise Denied("KEY_MISSING", "send your key as `Authorization: Bearer e2d_…`")
    key = session.scalars(select(ApiKey).where(ApiKey.key_hash == _hash(secret))).first()
    if key is None or key.revoked_at is not None:
        raise Denied("KEY_UNKNOWN", "the key is unknown or revoked")
    if scope not in key.scopes and "admin" not in key.scopes:
        raise Denied("SCOPE_MISSING", f"the key may not {scope}")
    return key


def admit(
    session: Session, secret: str | None, scope: str, address: str, settings: Settings
) -> ApiKey:
    """`authenticate`, for an address that has not guessed too often in this minute.

    Raises:
        Denied: what `authenticate` raises. TooMany: then no key is looked at any more.
    """
    if not secret:
        count_request(f"ip:{address}", settings.rate_per_minute)
    minute, wait = _minute()
    guesses = f"excel2doc:denied:{address}:{minute}"
    if _counted(guesses) >= settings.auth_failures_per_minute:
        most = settings.auth_failures_per_minute
        raise TooMany(f"more than {most} wrong keys from this address in a minute", wait)
    try:
        return authenticate(session, secret, scope)
    except Denied as denied:
        if denied.code == "KEY_UNKNOWN":
            log.warning("key_unknown", address=address, in_this_minute=_increment(guesses))
        raise


_local: dict[str, int] = defaultdict(int)
_local_lock = threading.Lock()


def count_request(client: str, per_minute: int) -> None:
    """One more request of `client` in this minute. Redis away: nobody is counted.

    Raises:
        TooMany.
    """
    minute, wait = _minute()
    if _increment(f"excel2doc:rate:{client}:{minute}") > per_minute:
        raise TooMany(f"more than {per_minute} requests a minute", retry_after_seconds=wait)


def _minute() -> tuple[int, int]:
    """Its number, and the seconds until the next."""
    moment = time.time()
    return int(moment // 60), 60 - int(moment % 60)


def _counted(name: str) -> int:
    client = get_redis()
    if client is None:
        with _local_lock:
            return _local.get(name, 0)
    try:
        return int(client.get(name) or 0)
    except redis.RedisError as error:
        log.warning("rate_not_counted", error=str(error))
        return 0


def _increment(name: str) -> int:
    client = get_redis()
    if client is None:
        with _local_lock:
            if len(_local) > 10_000:
                _local.clear()
            _local[name] += 1
            return _local[name]
    try:
        with client.pipeline() as pipe:
            pipe.incr(name)
            pipe.expire(name, 120)
            return int(pipe.execute()[0])
    except redis.RedisError as error:
        log.warning("rate_not_counted", error=str(error))
        return 0


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
