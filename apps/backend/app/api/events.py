"""Server-sent events of a job. The stream asks the database, so it works with any worker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

from fastapi.concurrency import run_in_threadpool

from app.core.database import session_factory
from app.core.shutdown import stopping
from app.services.errors import NotFound
from app.services.jobs import FINAL, get_job
from app.tables import Job

_POLL_SECONDS = 0.4
_SLICES = 4
"""Looks at whether the service stops, between two polls."""
_BEATS_AFTER = 40
"""Polls without a change after which a comment keeps proxies from closing the stream."""


async def job_events(
    team_id: UUID, job_id: UUID, to_json: Callable[[Job], str]
) -> AsyncIterator[str]:
    """Ends when the job has ended, is gone, or the service stops."""

    def look() -> tuple[str, bool] | None:
        with session_factory() as session:
            try:
                job = get_job(session, team_id, job_id)
            except NotFound:
                return None
            return to_json(job), job.status in FINAL

    yield "retry: 2000\n\n"
    last = ""
    quiet = 0
    while not stopping.is_set():
        found = await run_in_threadpool(look)
        if found is None:
            return
        text, final = found
        if text != last:
            last, quiet = text, 0
            yield f"event: job\ndata: {text}\n\n"
        elif (quiet := quiet + 1) % _BEATS_AFTER == 0:
            yield ": still here\n\n"
        if final:
            return
        for _ in range(_SLICES):
            if not stopping.is_set():
                await asyncio.sleep(_POLL_SECONDS / _SLICES)
