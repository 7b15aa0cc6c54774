"""Is the service alive, and is what it needs there?"""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from app import __version__
from app.api import examples
from app.api.examples import shows
from app.core.database import engine
from app.core.metrics import stored_numbers
from app.core.redis import get_redis
from app.services import health
from app.services.context import get_services

router = APIRouter(tags=["health"])
_STATUSES = ("queued", "running", "done", "failed", "cancelled", "expired")


class Health(BaseModel):
    model_config = shows(examples.HEALTH)

    status: str
    version: str
    database: health.State
    redis: health.State


class Liveness(BaseModel):
    model_config = shows({"status": "ok"})

    status: str


class Readiness(Health):
    model_config = shows(examples.READINESS)

    workers: int
    pdf_workers: int = Field(description="Those among them that make PDFs")
    mail: bool = Field(description="Whether documents can be sent by e-mail")
    worker: health.State
    disk: health.State


@router.get("/health", responses={503: {"model": Health}})
def get_health(response: Response) -> Health:
    """200 when the database and Redis answer, 503 when one does not."""
    states = health.check(engine, get_redis())
    return Health(**_answer(response, states), **states)


@router.get("/health/live")
async def get_live() -> Liveness:
    """200 as long as the process answers; asks nobody else."""
    return Liveness(status="ok")


@router.get("/health/ready", responses={503: {"model": Readiness}})
def get_ready(response: Response) -> Readiness:
    """200 when a job that is sent now will be done: database, Redis, a worker, disk."""
    states = health.check(engine, get_redis())
    workers = health.workers(engine) or health.Workers()
    states["worker"] = "ok" if workers.all else "down"
    states["disk"] = health.disk_state(get_services())
    counts = {"workers": workers.all, "pdf_workers": workers.pdf}
    mail = get_services().settings.smtp_host is not None
    return Readiness(**_answer(response, states), **states, **counts, mail=mail)


@router.get("/metrics", include_in_schema=False)
def get_metrics() -> Response:
    """For Prometheus."""
    workers = health.workers(engine)
    stored = stored_numbers(
        health.job_counts(engine, _STATUSES),
        health.queue_oldest_seconds(engine),
        workers.all if workers else None,
    )
    return Response(generate_latest() + generate_latest(stored), media_type=CONTENT_TYPE_LATEST)


def _answer(response: Response, states: dict[str, health.State]) -> dict[str, str]:
    down = "down" in states.values()
    response.status_code = 503 if down else 200
    response.headers["Cache-Control"] = "no-store"
    return {"status": "down" if down else "ok", "version": __version__}
