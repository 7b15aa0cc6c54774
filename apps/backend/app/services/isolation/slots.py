"""Short requests in isolation, for the API: a few at a time, and a crash is the input's fault."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from app.domain.refusal import Refused
from app.services.context import Services
from app.services.errors import TooMany
from app.services.isolation.forked import Crashed, NoProcess

log = structlog.get_logger(__name__)
_AT_ONCE = 4
_WAIT_SECONDS = 30
_slots = threading.BoundedSemaphore(_AT_ONCE)


def run_isolated(services: Services, request: dict[str, Any]) -> Any:
    """Raises: Refused: also `INPUT_UNREADABLE` for a crash. TooMany: all slots stayed taken."""
    with _slot():
        try:
            seconds = services.settings.request_seconds
            return services.isolation.run(request, max_seconds=seconds)
        except NoProcess as error:
            log.error("no_process", operation=request["operation"], error=str(error))
            raise TooMany("no file can be read at the moment", retry_after_seconds=10) from error
        except Crashed as error:
            log.error("isolated_crash", operation=request["operation"], error=str(error))
            raise Refused(
                "INPUT_UNREADABLE",
                "the file is damaged in a way that we do not know",
                "open it in Office and save it anew",
            ) from error


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=_WAIT_SECONDS):
        raise TooMany("too many files are being read", retry_after_seconds=10)
    try:
        yield
    finally:
        _slots.release()
