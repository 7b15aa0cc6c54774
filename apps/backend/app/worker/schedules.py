"""Schedules, in a thread beside the jobs: what is due waits for no conversion."""

import threading

import structlog

from app.core.database import session_factory
from app.services.context import Services
from app.services.schedules import runs
from app.tables import now

log = structlog.get_logger(__name__)
_POLL_SECONDS = 2.0


def keep_schedules(services: Services, stopping: threading.Event) -> None:
    """Until `stopping` is set, begin what is due, and see to the end of what has begun."""
    while not stopping.is_set():
        for keep in (runs.start_due, runs.finish_ended):
            try:
                with session_factory() as session:
                    keep(session, services, now())
            except Exception as error:  # a thread that ended would end all schedules, unseen
                log.error("schedules_not_kept", error=f"{type(error).__name__}: {error}"[:300])
        stopping.wait(_POLL_SECONDS)
