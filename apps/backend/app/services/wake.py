"""Tell idle workers that there is work. Only a hint: the queue itself is in the database."""

import threading
import time

import redis
import structlog

from app.core.redis import get_redis

_KEY = "excel2doc:wake"
_KEPT_HINTS = 100
_SLICE_SECONDS = 0.2
"""How late a stop may be noticed."""
_local = threading.Event()
log = structlog.get_logger(__name__)


def wake() -> None:
    client = get_redis()
    if client is None:
        _local.set()
        return
    try:
        with client.pipeline() as pipe:
            pipe.lpush(_KEY, "1")
            pipe.ltrim(_KEY, 0, _KEPT_HINTS)
            pipe.execute()
    except redis.RedisError as error:
        log.warning("wake_lost", error=str(error))


def wait(seconds: float, stopping: threading.Event) -> None:
    """Until woken, but no longer than `seconds`."""
    client = get_redis()
    if client is None:
        _local.wait(seconds)
        _local.clear()
        return
    deadline = time.monotonic() + seconds
    while not stopping.is_set() and (left := deadline - time.monotonic()) > 0:
        try:
            if client.brpop([_KEY], timeout=min(left, _SLICE_SECONDS)):
                return
        except redis.RedisError:
            stopping.wait(left)
