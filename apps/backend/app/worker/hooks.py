"""Webhooks, in a thread beside the jobs: nobody waits behind a receiver that is slow."""

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import session_factory
from app.services.context import Services
from app.services.webhooks import outbox

log = structlog.get_logger(__name__)
_POLL_SECONDS = 1.0


def tell_hooks(services: Services, stopping: threading.Event) -> None:
    """Until `stopping` is set, tell those whose turn it is."""
    while not stopping.is_set():
        try:
            with session_factory() as session:
                due = outbox.claim(session)
                if due is not None:
                    outbox.deliver(session, due, services.settings)
                    continue
        except SQLAlchemyError as error:
            log.error("webhooks_not_told", error=str(error)[:300])
        stopping.wait(_POLL_SECONDS)
