"""E-mails, in a thread beside the jobs: one at a time, as often as the rate allows."""

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import session_factory
from app.services.context import Services
from app.services.mail import outbox

log = structlog.get_logger(__name__)
_POLL_SECONDS = 1.0


def send_mails(services: Services, stopping: threading.Event) -> None:
    """Until `stopping` is set, send those whose turn it is."""
    settings = services.settings
    while not stopping.is_set():
        try:
            with session_factory() as session:
                due = outbox.claim(session, settings)
                if due is not None:
                    outbox.deliver(session, due, settings, services.storage)
                    continue
        except (SQLAlchemyError, OSError, ValueError) as error:
            log.error("mails_not_sent", error=str(error)[:300])
        stopping.wait(_POLL_SECONDS)
