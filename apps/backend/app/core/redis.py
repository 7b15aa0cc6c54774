"""The Redis client, or none in the embedded mode."""

from functools import lru_cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.core.config import get_settings


@lru_cache
def get_redis() -> redis.Redis | None:
    url = get_settings().redis_url
    if url is None:
        return None
    once_more = Retry(NoBackoff(), 1)  # a request waits for Redis no longer than it has to
    return redis.Redis.from_url(
        url, socket_timeout=5, socket_connect_timeout=2, retry=once_more, health_check_interval=30
    )
