"""The same request at the same time, against a real database."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core.database import session_factory
from app.main import app
from app.tables import Job
from tests.integration.test_reliability import new_job


def test_a_key_that_comes_ten_times_at_once_makes_one_job():
    first = new_job(rows=1)
    body = {"workbook_id": str(first.workbook_id), "options": {"header_row": 0}}
    key = {"Idempotency-Key": secrets.token_hex(8)}
    client = TestClient(app)

    def submit(_number: int) -> Any:
        return client.post("/api/v1/jobs", json=body, headers=key)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(submit, range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    with session_factory() as session:
        made = session.scalars(select(Job).where(Job.workbook_id == first.workbook_id)).all()
        assert len(made) == 2  # the first, and this one
        for job in made:
            job.status = "cancelled"
        session.commit()
