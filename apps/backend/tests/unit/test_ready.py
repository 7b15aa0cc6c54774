"""`/health/ready`: would a job that is sent now be done? Each of its four answers."""

from datetime import timedelta
from pathlib import Path

import pytest
import redis
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, update

from app.core.config import get_settings
from app.core.database import session_factory
from app.main import app
from app.services import queue
from app.services.context import get_services
from app.tables import Worker, now


@pytest.fixture
def client(database: None) -> TestClient:
    """Without a worker of its own."""
    return TestClient(app)


@pytest.fixture(autouse=True)
def worker(database: None) -> None:
    with session_factory() as session:
        queue.beat(session, "here")


def states(client: TestClient, status: int) -> dict[str, str]:
    response = client.get("/health/ready")
    assert response.status_code == status, response.text
    found = response.json()
    assert found["status"] == ("ok" if status == 200 else "down")
    return {name: found[name] for name in ("database", "redis", "worker", "disk")}


def test_ready_when_all_four_are(client: TestClient):
    expected = {"database": "ok", "worker": "ok", "disk": "ok"}
    assert states(client, 200).items() >= expected.items()


def test_not_without_a_worker_that_was_heard_of_lately(client: TestClient):
    with session_factory() as session:
        session.execute(update(Worker).values(seen_at=now() - timedelta(minutes=5)))
        session.commit()
    assert states(client, 503)["worker"] == "down"


def test_not_with_a_full_disk_or_one_that_cannot_be_written(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(get_settings(), "min_free_bytes", 1 << 60)
    assert states(client, 503)["disk"] == "down"
    monkeypatch.undo()
    (tmp_path / "file").touch()
    monkeypatch.setattr(get_services().storage, "_incoming", tmp_path / "file" / "folder")
    assert states(client, 503)["disk"] == "down"


def test_not_without_redis(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    away = redis.Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr("app.api.health.get_redis", lambda: away)
    found = states(client, 503)
    assert (found["redis"], found["database"]) == ("down", "ok")


def test_not_without_the_database(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    monkeypatch.setattr("app.api.health.engine", away)
    found = states(client, 503)
    assert (found["database"], found["worker"], found["disk"]) == ("down", "down", "ok")
    assert client.get("/health/live").status_code == 200
