"""Teams take turns at the workers, whoever has sent more."""

from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.core.database import engine, session_factory
from app.services import health, queue
from app.services.queue import Rules
from app.tables import SHARED_TEAM, Job, Team, Workbook, now

RULES = Rules(lease_seconds=600, max_attempts=3, keep_hours=1)


def waiting(jobs_of: list[int]) -> dict[UUID, list[UUID]]:
    """As many waiting jobs as are said of each team, those of the first team all before the next's."""
    moment = now() - timedelta(hours=1)
    with session_factory() as session:
        session.execute(delete(Job).where(Job.status.in_(("queued", "running"))))
        workbook = Workbook(
            name="a.xlsx",
            **{"sha256": "0" * 64, "size_bytes": 1, "kind": "xlsx", "sheets": []},
            expires_at=now(),
            team_id=SHARED_TEAM,
        )
        found: dict[UUID, list[UUID]] = {}
        for count in jobs_of:
            team = Team(name=f"team {uuid4()}")
            session.add_all([team, workbook])
            session.flush()
            made = []
            for _ in range(count):
                moment += timedelta(milliseconds=1)
                job = Job(status="queued", mode="table", options={}, content_key="x")
                job.workbook, job.team_id, job.created_at = workbook, team.id, moment
                session.add(job)
                made.append(job)
            session.flush()
            found[team.id] = [job.id for job in made]
        session.commit()
    return found


def taken() -> list[UUID]:
    """All jobs, in the order in which a worker takes them."""
    order = []
    with session_factory() as session:
        while held := queue.claim(session, "worker", RULES):
            order.append(held.job_id)
        session.execute(delete(Job).where(Job.id.in_(order)))
        session.commit()
    return order


@settings(max_examples=15)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_each_job_is_taken_once_and_no_team_is_more_than_one_ahead_of_one_that_waits(
    jobs_of: list[int],
):
    jobs = waiting(jobs_of)
    order = taken()
    assert sorted(order) == sorted(job for each in jobs.values() for job in each)
    team_of = {job: team for team, each in jobs.items() for job in each}
    done = dict.fromkeys(jobs, 0)
    for job in order:
        mine = team_of[job]
        behind = [done[t] for t in jobs if done[t] < len(jobs[t])]
        assert done[mine] <= min(behind), "another team has waited longer"
        done[mine] += 1
    for team, each in jobs.items():  # and a team's own in the order of their coming
        assert [job for job in order if team_of[job] == team] == each


def test_a_team_that_comes_late_does_not_wait_behind_a_thousand():
    many, one = waiting([1_000, 1]).values()
    with session_factory() as session:
        first = [queue.claim(session, "worker", RULES) for _ in range(3)]
        left = session.scalars(select(Job.id).where(Job.id.in_(many), Job.status == "queued")).all()
        session.execute(delete(Job).where(Job.id.in_([*many, *one])))
        session.commit()
    assert one[0] in [held and held.job_id for held in first]
    assert len(left) == 998


def test_the_age_of_the_queue_is_that_of_the_oldest_job_that_waits():
    waiting([])
    assert health.queue_oldest_seconds(engine) == 0
    waiting([2])  # an hour ago
    assert 3600 <= (health.queue_oldest_seconds(engine) or 0) < 3900
    taken()
    assert health.queue_oldest_seconds(engine) == 0
