"""Workers are killed while schedules are due: each runs once, and none is lost."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import delete, func, select

from app.core.database import session_factory
from app.services.context import get_services
from app.tables import SHARED_TEAM, Job, Schedule, ScheduleRun, Workbook, now
from tests.integration.workers import kill, start_worker
from tests.workbooks import xlsx

ROUNDS = int(os.environ.get("EXCEL2DOC_KILL_ROUNDS", "2"))
SCHEDULES = 8 * ROUNDS
DUE = datetime(2026, 1, 1, tzinfo=UTC)


def schedules_that_are_due(folder: Path) -> list[str]:
    """Each of a workbook of its own; the names of these."""
    names = [f"{uuid4().hex}.xlsx" for _ in range(SCHEDULES)]
    with session_factory() as session:
        session.execute(delete(ScheduleRun))
        session.execute(delete(Schedule))
        session.execute(delete(Schedule))
        for name in names:
            book = folder / name
            book.write_bytes(xlsx({"S": [["Name"], [name]]}))
            stored = get_services().storage.put(book)
            session.add(
                Workbook(
                    **{"name": name, "sha256": stored.sha256, "size_bytes": stored.size_bytes},
                    **{"kind": "xlsx", "sheets": [], "team_id": SHARED_TEAM},
                    expires_at=now() + timedelta(hours=1),
                )
            )
            session.add(
                Schedule(
                    **{"name": name, "cron": "0 0 1 1 *", "time_zone": "UTC", "next_at": DUE},
                    **{"workbook_name": name, "mode": "table", "options": {}},
                    team_id=SHARED_TEAM,
                )
            )
        session.commit()
    return names


def counted(*conditions: object) -> int:
    with session_factory() as session:
        wanted = select(func.count()).select_from(ScheduleRun).where(*conditions)  # type: ignore[arg-type]
        return session.scalar(wanted) or 0


def test_each_schedule_runs_once_whatever_is_killed(tmp_path: Path):
    names = schedules_that_are_due(tmp_path)
    deadline = time.monotonic() + 240 + 30 * ROUNDS
    for round_ in range(ROUNDS):
        workers = [start_worker() for _ in range(2)]
        enough = SCHEDULES * (round_ + 1) // (ROUNDS + 2)
        while counted() < enough and time.monotonic() < deadline:
            time.sleep(0.005)
        for worker in workers:
            kill(worker)
    with session_factory() as session:  # whoever saw to their end is gone
        session.query(ScheduleRun).update({"claimed_until": None})
        session.commit()
    last = start_worker()
    try:
        while counted(ScheduleRun.status == "done") < SCHEDULES and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        kill(last)
    assert counted(ScheduleRun.status == "done") == SCHEDULES
    assert counted() == SCHEDULES
    with session_factory() as session:
        made = session.execute(
            select(Workbook.name, func.count())
            .join(Job, Job.workbook_id == Workbook.id)
            .where(Workbook.name.in_(names))
            .group_by(Workbook.name)
        ).all()
        assert {row[0]: row[1] for row in made} == dict.fromkeys(names, 1)
        assert set(session.scalars(select(Schedule.status))) == {"active"}
