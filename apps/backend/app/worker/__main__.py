"""Start a worker; SIGTERM ends it within a second, its job goes back to the queue."""

import signal
import sys
import threading
from types import FrameType

import structlog

from app.core.config import get_settings
from app.core.database import engine, migrate
from app.core.logging import configure_logging
from app.services.context import get_services
from app.worker.loop import Loop

log = structlog.get_logger("app.worker")


def main() -> int:
    settings = get_settings()
    configure_logging(settings)
    if settings.embedded:
        log.warning("embedded_mode", why="no DATABASE_URL", note="the service has its own worker")
        migrate()
    settings.webhook_secret()  # what is wrong with it is said now
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    Loop(get_services(), stopping).run()
    engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
