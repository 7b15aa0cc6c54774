"""Does what we stand on answer?"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import redis
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.services import queue
from app.services.context import Services

State = Literal["ok", "down", "embedded"]
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")


def database_state(engine: Engine) -> State:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "down"
    return "ok"


def redis_state(client: redis.Redis | None) -> State:
    if client is None:
        return "embedded"
    try:
        client.ping()
    except redis.RedisError:
        return "down"
    return "ok"


def check(engine: Engine, client: redis.Redis | None) -> dict[str, State]:
    """Both at once, so that one that hangs does not hide the other."""
    cache = _pool.submit(redis_state, client)
    return {"database": database_state(engine), "redis": cache.result()}


@dataclass(frozen=True, slots=True)
class Workers:
    """How many were heard of lately, and how many of these make PDFs."""

    all: int = 0
    pdf: int = 0


def workers(engine: Engine) -> Workers | None:
    """None when the database is away."""
    try:
        with Session(engine) as session:
            seen = queue.workers_seen(session)
            return Workers(len(seen), sum(worker.pdf for worker in seen))
    except SQLAlchemyError:
        return None


def job_counts(engine: Engine, statuses: Iterable[str]) -> dict[str, int]:
    """Empty when the database is away."""
    try:
        with Session(engine) as session:
            return queue.count_by_status(session, statuses)
    except SQLAlchemyError:
        return {}


def queue_oldest_seconds(engine: Engine) -> float | None:
    """None when the database is away."""
    try:
        with Session(engine) as session:
            return queue.oldest_waits_seconds(session)
    except SQLAlchemyError:
        return None


def disk_state(services: Services) -> State:
    try:
        free = services.storage.check()
    except OSError:
        return "down"
    return "ok" if free >= services.settings.min_free_bytes else "down"
