"""`/api/v1/schedules`"""

from datetime import datetime

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.api import problems
from app.api.access import Reader, SessionDependency, Writer
from app.api.jobs import once_of
from app.api.pagination import Cursor, Limit, Page, page_of
from app.api.parameters import IdempotencyKey, ScheduleId
from app.api.schemas import ErrorOut, RunOut, ScheduleIn, ScheduleOut, WordingIn
from app.domain.refusal import Refused
from app.domain.schedule_times import upcoming
from app.services.context import get_services
from app.services.schedules import schedules
from app.services.schedules.schedules import Planned
from app.tables import Schedule, ScheduleRun, now

_TIMES_SHOWN = 3
router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"], responses=problems.COMMON)


@router.post("", status_code=201, responses=problems.responses(404, 409))
def create_schedule(
    body: ScheduleIn,
    response: Response,
    session: SessionDependency,
    caller: Writer,
    idempotency_key: IdempotencyKey = None,
) -> ScheduleOut:
    """Have a conversion run by itself, each time of the workbook of that name uploaded since.

    A time that is missed because the service is away is made up for, once.
    """
    once = once_of(caller, body, idempotency_key)
    made = schedules.make(session, get_services(), caller, _planned(body), once)
    caller.subject = str(made.id)
    response.headers["Location"] = f"/api/v1/schedules/{made.id}"
    return _to_out(session, [made])[0]


@router.get("")
def list_schedules(
    session: SessionDependency, caller: Reader, limit: Limit = 20, cursor: Cursor = None
) -> Page[ScheduleOut]:
    """The team's schedules, newest first, each with its last run."""
    own = (
        select(Schedule)
        .where(Schedule.team_id == caller.team_id, Schedule.deleted_at.is_(None))
        .options(joinedload(Schedule.key), joinedload(Schedule.template))
    )
    found, following = page_of(session, own, Schedule, limit, cursor)
    return Page(items=_to_out(session, found), next_cursor=following)


@router.get("/{schedule_id}", responses=problems.responses(404))
def get_schedule(
    schedule_id: ScheduleId, session: SessionDependency, caller: Reader
) -> ScheduleOut:
    """One schedule, when it runs next, and what became of its last run."""
    return _to_out(session, [schedules.get(session, caller.team_id, schedule_id)])[0]


@router.get("/{schedule_id}/runs", responses=problems.responses(404))
def list_runs(
    schedule_id: ScheduleId,
    session: SessionDependency,
    caller: Reader,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[RunOut]:
    """What became of it each time, newest first: also of the times when nothing was there."""
    schedule = schedules.get(session, caller.team_id, schedule_id)
    own = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule.id)
    found, following = page_of(session, own, ScheduleRun, limit, cursor)
    return Page(items=[RunOut.model_validate(run) for run in found], next_cursor=following)


@router.post("/{schedule_id}/pause", responses=problems.responses(404))
def pause_schedule(
    schedule_id: ScheduleId, session: SessionDependency, caller: Writer
) -> ScheduleOut:
    """It runs no more, and mails of a run that has not come so far are not sent."""
    return _to_out(session, [schedules.pause(session, caller.team_id, schedule_id)])[0]


@router.post("/{schedule_id}/resume", responses=problems.responses(404, 409))
def resume_schedule(
    schedule_id: ScheduleId, session: SessionDependency, caller: Writer
) -> ScheduleOut:
    """It runs again, from its next time on, by the right of the key that asks for this."""
    return _to_out(session, [schedules.resume(session, caller, schedule_id)])[0]


@router.delete("/{schedule_id}", status_code=204, responses=problems.responses(404))
def remove_schedule(schedule_id: ScheduleId, session: SessionDependency, caller: Writer) -> None:
    """Forget it; what it has made stays, and still bears its name."""
    schedules.remove(session, caller.team_id, schedule_id)


def _planned(body: ScheduleIn) -> Planned:
    own = {name: getattr(body, name) for name in ScheduleIn.model_fields if name not in _CONVERTED}
    mail = body.mail.to_wording() if body.mail else None
    return Planned(**own, options=body.options.to_options(), mail=mail)


def _to_out(session: Session, found: list[Schedule]) -> list[ScheduleOut]:
    last = schedules.last_runs(session, [schedule.id for schedule in found])
    return [_one(schedule, last.get(schedule.id)) for schedule in found]


def _one(schedule: Schedule, last: ScheduleRun | None) -> ScheduleOut:
    own = {name: getattr(schedule, name) for name in ScheduleOut.model_fields.keys() - _DERIVED}
    return ScheduleOut(
        **own,
        upcoming=_times(schedule),
        template_name=schedule.template.name if schedule.template else None,
        mail=WordingIn(**schedule.mail) if schedule.mail else None,
        made_by=schedule.key.name if schedule.key else None,
        error=ErrorOut(**schedule.error) if schedule.error else None,
        last_run=RunOut.model_validate(last) if last else None,
    )


def _times(schedule: Schedule) -> list[datetime]:
    if schedule.status != "active":
        return []
    try:
        return upcoming(schedule.cron, schedule.time_zone, now(), _TIMES_SHOWN)
    except Refused:  # the run that is next will say so
        return []


_CONVERTED = {"options", "mail"}
_DERIVED = {"upcoming", "template_name", "mail", "made_by", "error", "last_run"}
