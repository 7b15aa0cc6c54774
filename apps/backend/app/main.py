"""The application: `uvicorn app.main:app`."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app import __version__
from app.api import (
    convert,
    health,
    jobs,
    keys,
    mailings,
    page,
    pictures,
    previews,
    problems,
    schedules,
    teams,
    templates,
    workbooks,
)
from app.api.auditing import Auditing
from app.api.body_limit import BodyLimit
from app.api.closed_paths import ClosedPaths
from app.api.front import Front
from app.api.watching import Watching
from app.core.config import Settings, get_settings
from app.core.database import engine, migrate
from app.core.logging import configure_logging
from app.core.shutdown import watch_signals
from app.services import wake
from app.services.context import get_services
from app.worker.loop import Loop

log = structlog.get_logger(__name__)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    settings = get_settings()
    configure_logging(settings)
    if settings.embedded:
        log.warning(
            "embedded_mode",
            why="no DATABASE_URL",
            database=settings.sqlalchemy_url,
            next_step="set DATABASE_URL and REDIS_URL for anything but a first look",
        )
        migrate()
    settings.webhook_secret()  # what is wrong with it is said now
    watch_signals()
    with _own_worker(settings):
        yield
    engine.dispose()


@contextmanager
def _own_worker(settings: Settings) -> Iterator[None]:
    """Embedded, the service does its jobs itself."""
    if not settings.embedded:
        yield
        return
    stopping = threading.Event()
    worker = threading.Thread(target=Loop(get_services(), stopping).run, daemon=True)
    worker.start()
    yield
    stopping.set()
    wake.wake()
    worker.join(timeout=1.5)


def create_app() -> FastAPI:
    application = FastAPIOffline(
        title="Excel2Doc",
        summary="Workbooks in, Word documents out",
        version=__version__,
        lifespan=lifespan,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(application)
    application.include_router(health.router)
    things = (convert, workbooks, pictures, templates, previews, jobs, mailings, schedules)
    for module in (*things, keys, teams):
        application.include_router(module.router)
    page.install(application)
    application.add_middleware(Auditing)
    application.add_middleware(BodyLimit, lambda: get_settings().max_upload_bytes)
    application.add_middleware(ClosedPaths, get_settings)
    application.add_middleware(Watching)
    application.add_middleware(Front, lambda: get_settings().front)
    return application


app = create_app()
