"""Schedules: save a conversion, pause it, let it go on, forget it."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.config import Settings
from app.domain.conversion import Mode, Options
from app.domain.letters import Wording
from app.domain.refusal import Refused
from app.domain.schedule_times import following
from app.services import idempotency, jobs
from app.services.context import Services
from app.services.errors import Conflict, NotFound
from app.services.mail import mailings
from app.services.owning import Caller, owned
from app.services.submission import Once
from app.services.templates import get_version
from app.tables import Schedule, ScheduleRun, Team, now


@dataclass(frozen=True, slots=True)
class Planned:
    """A schedule as it is asked for.

    Attributes:
        workbook_name, pictures_name: of the newest of that name each run is made.
        template_version: None is the newest at each run.
        mail: how the documents of each run are sent; None: they are not.
    """

    name: str
    cron: str
    time_zone: str
    workbook_name: str
    pictures_name: str | None
    mode: Mode
    template_id: UUID | None
    template_version: int | None
    options: Options
    webhook: str | None
    mail: Wording | None


def make(
    session: Session,
    services: Services,
    caller: Caller,
    planned: Planned,
    once: Once | None = None,
) -> Schedule:
    """A schedule that runs from now on. Its workbook need not be there yet.

    Raises:
        NotFound: the template; Refused: `SCHEDULE_TIME`, `SCHEDULE_ZONE`, what a job is refused
            for, `MAIL_UNAVAILABLE`, `MAIL_NEEDS_MANY`, `TOO_MANY_SCHEDULES`; Conflict:
            `IDEMPOTENCY_KEY_REUSED`.
    """
    if once:
        known = idempotency.earlier(session, once.key, once.request_hash)
        if known is not None:
            return get(session, caller.team_id, known)
    _check_room(session, services.settings, caller.team_id)
    mode, options = planned.mode, planned.options
    template_id = None if mode is Mode.TABLE else planned.template_id
    if template_id is not None:
        get_version(session, caller.team_id, template_id, planned.template_version)
    has_template = template_id is not None
    jobs.check(services, mode, options, planned.webhook, has_template=has_template)
    if planned.mail is not None:
        mailings.check(services.settings, mode, merged=options.merged)
    schedule = Schedule(
        team_id=caller.team_id,
        key_id=caller.key_id,
        name=planned.name,
        status="active",
        cron=" ".join(planned.cron.split()),
        time_zone=planned.time_zone,
        next_at=following(planned.cron, planned.time_zone, now()),
        workbook_name=planned.workbook_name,
        pictures_name=planned.pictures_name,
        template_id=template_id,
        template_version=planned.template_version if has_template else None,
        mode=mode.value,
        options=asdict(options),
        webhook=planned.webhook,
        mail=asdict(planned.mail) if planned.mail else None,
    )
    session.add(schedule)
    session.flush()
    if once:
        made = idempotency.remember(session, once.key, once.request_hash, schedule.id)
        return get(session, caller.team_id, made)
    session.commit()
    return schedule


def _check_room(session: Session, settings: Settings, team_id: UUID) -> None:
    """Raises: Refused: `TOO_MANY_SCHEDULES`."""
    session.execute(select(Team.id).where(Team.id == team_id).with_for_update())  # one at a time
    own = select(func.count()).where(Schedule.team_id == team_id, Schedule.deleted_at.is_(None))
    if (session.scalar(own) or 0) >= settings.max_schedules:
        raise Refused(
            "TOO_MANY_SCHEDULES",
            f"the team has {settings.max_schedules} schedules or more, and may have no others",
            "delete one that is needed no more, or raise EXCEL2DOC_MAX_SCHEDULES",
        )


def get(session: Session, team_id: UUID, schedule_id: UUID) -> Schedule:
    """Raises: NotFound."""
    schedule = owned(session, Schedule, team_id, schedule_id)
    if schedule.deleted_at is not None:
        raise NotFound("schedule", schedule_id)
    return schedule


def pause(session: Session, team_id: UUID, schedule_id: UUID) -> Schedule:
    """Nothing of it runs, and nothing that has not been sent is sent. Raises: NotFound."""
    schedule = get(session, team_id, schedule_id)
    schedule.status, schedule.next_at, schedule.error = "paused", None, None
    session.commit()
    return schedule


def resume(session: Session, caller: Caller, schedule_id: UUID) -> Schedule:
    """It runs again, from the next of its times on, by the caller's right from now on.

    Raises:
        NotFound; Conflict: `TEMPLATE_GONE`.
    """
    schedule = get(session, caller.team_id, schedule_id)
    if schedule.template_id is not None:
        try:
            get_version(session, caller.team_id, schedule.template_id, schedule.template_version)
        except NotFound as error:
            raise Conflict(
                "TEMPLATE_GONE", "the schedule's template is gone", "make a schedule with another"
            ) from error
    if schedule.status != "active":
        schedule.next_at = following(schedule.cron, schedule.time_zone, now())
    schedule.status, schedule.error, schedule.key_id = "active", None, caller.key_id
    session.commit()
    return schedule


def remove(session: Session, team_id: UUID, schedule_id: UUID) -> None:
    """It never runs again; the history still names it. Raises: NotFound."""
    schedule = get(session, team_id, schedule_id)
    schedule.deleted_at, schedule.status, schedule.next_at = now(), "paused", None
    session.commit()


def last_runs(session: Session, schedule_ids: list[UUID]) -> dict[UUID, ScheduleRun]:
    """The newest run of each that has any."""
    of_each = (
        select(ScheduleRun.schedule_id, func.max(ScheduleRun.due_at).label("due_at"))
        .where(ScheduleRun.schedule_id.in_(schedule_ids))
        .group_by(ScheduleRun.schedule_id)
        .subquery()
    )
    newest = select(ScheduleRun).join(
        of_each,
        (ScheduleRun.schedule_id == of_each.c.schedule_id)
        & (ScheduleRun.due_at == of_each.c.due_at),
    )
    return {run.schedule_id: run for run in session.scalars(newest)}
