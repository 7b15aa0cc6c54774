"""Who does which job. The rules are in the database, so that any number of workers keep them.

A job belongs to a worker for as long as its lease runs. Everything that a worker writes is
written only if it still holds the job in the same attempt; one that was thought dead and comes
back writes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Update, and_, delete, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.tables import Job, JobPart, Team, Worker, now

_SEEN_SECONDS = 60


class Lost(Exception):
    """The job is not ours any more."""


@dataclass(frozen=True, slots=True)
class Held:
    """A job in the hands of `owner`, for its `attempt`th time."""

    job_id: UUID
    owner: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Rules:
    lease_seconds: int
    max_attempts: int
    keep_hours: int


def claim(session: Session, owner: str, rules: Rules, *, pdf: bool = False) -> Held | None:
    """Take a job that waits or whose worker is gone; None when there is none.

    Teams take turns, so that nobody waits behind another's ten thousand; a team's oldest is first.

    Args:
        pdf: whether `owner` can make PDFs; one that cannot leaves such jobs to others.
    """
    able = true() if pdf else Job.pdf.is_(False)
    while True:
        moment = now()
        job = session.scalars(
            select(Job)
            .join(Team, Team.id == Job.team_id)
            .where(
                able,
                or_(
                    Job.status == "queued",
                    and_(Job.status == "running", Job.lease_until < moment),
                ),
            )
            .order_by(Team.served_at.asc().nulls_first(), Job.created_at)
            .limit(1)
            .with_for_update(skip_locked=True, of=Job)
        ).first()
        if job is None:
            session.rollback()
            return None
        values: dict[str, Any] = {
            "status": "running",
            "owner": owner,
            "attempt": job.attempt + 1,
            "lease_until": moment + timedelta(seconds=rules.lease_seconds),
            "started_at": moment,
        }
        if job.cancel_requested:
            values = {"status": "cancelled", "finished_at": moment}
        elif job.attempt >= rules.max_attempts:
            values = _failed("ATTEMPTS_EXHAUSTED", _exhausted(job.attempt), "", moment)
        taken = session.execute(
            update(Job)
            .where(Job.id == job.id, Job.status == job.status, Job.attempt == job.attempt)
            .values(**values)
        )
        session.execute(update(Team).where(Team.id == job.team_id).values(served_at=moment))
        session.commit()
        if taken.rowcount and values["status"] == "running":  # type: ignore[attr-defined]
            return Held(job.id, owner, values["attempt"])


def report(
    session: Session, held: Held, rules: Rules, rows_done: int, rows_total: int | None
) -> bool:
    """Renew the lease and say how far it is. True when the job is to be cancelled.

    Raises:
        Lost.
    """
    values: dict[str, Any] = {"lease_until": now() + timedelta(seconds=rules.lease_seconds)}
    if rows_total is not None:
        values |= {"rows_done": rows_done, "rows_total": rows_total}
    cancelled = session.execute(
        _mine(held).values(**values).returning(Job.cancel_requested)
    ).scalar_one_or_none()
    session.commit()
    if cancelled is None:
        raise Lost
    return cancelled


def add_part(session: Session, held: Held, first_row: int, row_count: int, sha256: str) -> None:
    """Record finished rows for good. Raises: Lost."""
    still = session.execute(_mine(held).values(owner=held.owner)).rowcount  # type: ignore[attr-defined]
    if not still:
        session.rollback()
        raise Lost
    session.merge(
        JobPart(job_id=held.job_id, first_row=first_row, row_count=row_count, sha256=sha256)
    )
    session.commit()


def parts_of(session: Session, job_id: UUID) -> list[JobPart]:
    """The job's finished parts, from its first row on, without a gap."""
    whole: list[JobPart] = []
    next_row = 0
    for part in session.scalars(
        select(JobPart).where(JobPart.job_id == job_id).order_by(JobPart.first_row)
    ):
        if part.first_row != next_row:
            break
        whole.append(part)
        next_row += part.row_count
    return whole


def complete(session: Session, held: Held, rules: Rules, **result: Any) -> None:
    """Raises: Lost: then the result is nobody's and will be swept."""
    moment = now()
    own = session.scalar(select(Job.keep_hours).where(Job.id == held.job_id))
    _finish(
        session,
        held,
        status="done",
        finished_at=moment,
        expires_at=moment + timedelta(hours=own or rules.keep_hours),
        error=None,
        **result,
    )


def fail(session: Session, held: Held, code: str, message: str, hint: str = "") -> None:
    """Raises: Lost."""
    _finish(session, held, **_failed(code, message, hint, now()))


def release(
    session: Session, held: Held, max_attempts: int, why: str, *, count: bool = True
) -> None:
    """Back into the queue; failed for good when it was the last attempt. Raises: Lost.

    Args:
        count: false when the attempt ended through no fault of the job's, as at a shutdown.
    """
    if count and held.attempt >= max_attempts:
        message = f"{_exhausted(held.attempt)}; the last one: {why}"
        fail(session, held, "ATTEMPTS_EXHAUSTED", message)
        return
    attempt = held.attempt if count else held.attempt - 1
    _finish(session, held, status="queued", owner=None, lease_until=None, attempt=attempt)


def set_cancelled(session: Session, held: Held) -> None:
    """Raises: Lost."""
    _finish(session, held, status="cancelled", finished_at=now())


def beat(session: Session, worker: str, *, pdf: bool = False) -> None:
    """This worker is alive."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    moment = now()
    statement = insert(Worker).values(id=worker, pdf=pdf, started_at=moment, seen_at=moment)
    session.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"seen_at": moment})
    )
    session.commit()


def leave(session: Session, worker: str) -> None:
    session.execute(delete(Worker).where(Worker.id == worker))
    session.commit()


def workers_seen(session: Session) -> list[Worker]:
    """The workers heard of lately."""
    since = now() - timedelta(seconds=_SEEN_SECONDS)
    return list(session.scalars(select(Worker).where(Worker.seen_at > since)))


def count_by_status(session: Session, statuses: Iterable[str]) -> dict[str, int]:
    rows = session.execute(select(Job.status, func.count()).group_by(Job.status)).all()
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    return {status: found.get(status, 0) for status in statuses}


def oldest_waits_seconds(session: Session) -> float:
    """How long the oldest job waits that no worker has taken; 0 when none does."""
    oldest = session.scalar(
        select(Job.created_at).where(Job.status == "queued").order_by(Job.created_at).limit(1)
    )
    return 0.0 if oldest is None else max(0.0, (now() - oldest).total_seconds())


def _mine(held: Held) -> Update:
    return update(Job).where(
        Job.id == held.job_id,
        Job.status == "running",
        Job.owner == held.owner,
        Job.attempt == held.attempt,
    )


def _finish(session: Session, held: Held, **values: Any) -> None:
    finished = session.execute(_mine(held).values(**values))
    session.commit()
    if not finished.rowcount:  # type: ignore[attr-defined]
        raise Lost


def _failed(code: str, message: str, hint: str, moment: Any) -> dict[str, Any]:
    error = {"code": code, "message": message, "hint": hint}
    return {"status": "failed", "finished_at": moment, "error": error}


def _exhausted(attempts: int) -> str:
    return f"{attempts} attempts ended without a result"
