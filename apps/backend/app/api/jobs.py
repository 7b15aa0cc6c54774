"""`/api/v1/jobs` and `/api/v1/dry-runs`"""

import hashlib

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.api import examples, problems
from app.api.access import Reader, SessionDependency, SettingsDependency, Writer
from app.api.downloads import download
from app.api.events import job_events
from app.api.pagination import Cursor, Limit, Page, page_of
from app.api.parameters import IdempotencyKey, JobId, JobStatus
from app.api.schemas import DryRunOut, ErrorOut, JobIn, JobOut, WebhookOut, WebhookSecretOut
from app.domain.conversion import DOCX, PDF, ZIP
from app.services import idempotency, jobs, submission
from app.services.context import get_services
from app.services.errors import Conflict
from app.services.owning import Caller
from app.services.submission import Once, Wanted
from app.services.webhooks.signing import team_secret, written
from app.tables import Job, ScheduleRun, TemplateVersion

router = APIRouter(prefix="/api/v1", tags=["jobs"], responses=problems.COMMON)


@router.post(
    "/jobs",
    status_code=202,
    responses={200: {"model": JobOut}, **problems.responses(404, 409)},
)
def submit_job(
    body: JobIn,
    response: Response,
    session: SessionDependency,
    caller: Writer,
    idempotency_key: IdempotencyKey = None,
) -> JobOut:
    """Ask for a conversion: 202 with a job that waits, 200 with one that is done already."""
    once = once_of(caller, body, idempotency_key)
    job = submission.submit(session, get_services(), caller, wanted_of(body), once)
    caller.subject = str(job.id)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    if job.status in jobs.FINAL:
        response.status_code = 200
    return to_out(job)


@router.post("/dry-runs", responses=problems.responses(404, 409))
def dry_run(body: JobIn, session: SessionDependency, caller: Reader) -> DryRunOut:
    """What a job would do: missing fields, unused columns, the first three documents."""
    wanted = wanted_of(body)
    inputs = submission.inputs_of(session, caller.team_id, wanted)
    found = jobs.preview(session, get_services(), inputs, wanted.mode, wanted.options)
    return DryRunOut.model_validate(found)


@router.get("/jobs")
def list_jobs(
    session: SessionDependency,
    caller: Reader,
    limit: Limit = 20,
    cursor: Cursor = None,
    status: JobStatus = None,
) -> Page[JobOut]:
    """The team's jobs, newest first."""
    statement = select(Job).where(Job.team_id == caller.team_id).options(*_SHOWN_WITH)
    if status:
        statement = statement.where(Job.status == status)
    found, following = page_of(session, statement, Job, limit, cursor)
    return Page(items=[to_out(job) for job in found], next_cursor=following)


@router.get("/webhook-secret", responses=problems.responses(409))
def get_webhook_secret(settings: SettingsDependency, caller: Writer) -> WebhookSecretOut:
    """What the team's webhooks are signed with, as libraries for Standard Webhooks take it."""
    master = settings.webhook_secret()
    if master is None:
        raise Conflict("WEBHOOK_UNAVAILABLE", "this service sends no webhooks")
    return WebhookSecretOut(secret=written(team_secret(master, caller.team_id)))


@router.get("/jobs/{job_id}", responses=problems.responses(404))
def get_job(job_id: JobId, session: SessionDependency, caller: Reader) -> JobOut:
    """One job and how far it is."""
    return to_out(jobs.get_job(session, caller.team_id, job_id))


@router.get(
    "/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"example": examples.EVENTS}}},
        **problems.responses(404),
    },
)
def follow_job(job_id: JobId, session: SessionDependency, caller: Reader) -> StreamingResponse:
    """The job as server-sent events: an event `job` at each change, until it has ended.

    curl -N http://localhost:8000/api/v1/jobs/ID/events
    """
    jobs.get_job(session, caller.team_id, job_id)
    return StreamingResponse(
        job_events(caller.team_id, job_id, lambda job: to_out(job).model_dump_json()),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.post("/jobs/{job_id}/cancel", responses=problems.responses(404, 409))
def cancel_job(job_id: JobId, session: SessionDependency, caller: Writer) -> JobOut:
    """Cancel a job: at once when it waits, within a second or two when it runs."""
    return to_out(jobs.cancel(session, caller.team_id, job_id))


@router.post("/jobs/{job_id}/retry", responses=problems.responses(404, 409))
def retry_job(job_id: JobId, session: SessionDependency, caller: Writer) -> JobOut:
    """Put a failed or cancelled job back into the queue; its finished rows stay finished."""
    return to_out(jobs.retry(session, get_services(), caller.team_id, job_id))


@router.delete("/jobs/{job_id}", status_code=204, responses=problems.responses(404, 409))
def remove_job(job_id: JobId, session: SessionDependency, caller: Writer) -> None:
    """Forget a job that has ended, and its result."""
    jobs.remove(session, caller.team_id, job_id)


@router.head("/jobs/{job_id}/result", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/result",
    response_class=FileResponse,
    responses={
        200: {"content": {DOCX: {}, ZIP: {}, PDF: {}}},
        206: {"description": "The range that was asked for"},
        **problems.responses(404, 409, 416),
    },
)
def get_result(job_id: JobId, session: SessionDependency, caller: Reader) -> FileResponse:
    """The result: a .docx or .pdf, or a .zip of them. Ranges are served.

    curl -C - http://localhost:8000/api/v1/jobs/ID/result -OJ
    """
    services = get_services()
    job = jobs.result_of(session, services, caller.team_id, job_id)
    sha256, name = job.result_sha256 or "", job.result_name or "result"
    return download(services.storage, sha256, name, job.result_type or ZIP)


def once_of(caller: Caller, body: BaseModel, idempotency_key: str | None) -> Once | None:
    """The request as one that makes one thing, if its sender asks for that."""
    if not idempotency_key:
        return None
    request_hash = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    return Once(idempotency.scoped(caller.client, idempotency_key), request_hash)


def wanted_of(body: JobIn) -> Wanted:
    """What a request asks for."""
    return Wanted(
        body.workbook_id,
        body.template_id,
        body.template_version,
        body.mode,
        body.options.to_options(),
        body.webhook,
        body.pictures_id,
    )


def to_out(job: Job) -> JobOut:
    version = job.template_version
    return JobOut(
        **{name: getattr(job, name) for name in JobOut.model_fields if name not in _DERIVED},
        template_id=version.template_id if version else None,
        template_version=version.number if version else None,
        template_name=version.template.name if version else None,
        workbook_name=job.workbook.name,
        pictures_name=job.pictures.name if job.pictures else None,
        made_by=job.key.name if job.key else None,
        schedule_id=job.run.schedule_id if job.run else None,
        schedule_name=job.run.schedule.name if job.run else None,
        error=ErrorOut(**job.error) if job.error else None,
        webhook=WebhookOut.model_validate(job.webhook) if job.webhook else None,
    )


_DERIVED = {
    *("template_id", "template_version", "template_name", "workbook_name", "made_by", "error"),
    *("webhook", "pictures_name", "schedule_id", "schedule_name"),
}
_SHOWN_WITH = (
    joinedload(Job.workbook),
    joinedload(Job.pictures),
    joinedload(Job.key),
    joinedload(Job.webhook),
    joinedload(Job.run).joinedload(ScheduleRun.schedule),
    joinedload(Job.template_version).joinedload(TemplateVersion.template),
)
