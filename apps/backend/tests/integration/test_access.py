import hashlib
import os
import uuid

import pytest
import redis
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from app.cli.keys import main as make_key
from app.core.config import get_settings
from app.core.database import engine, session_factory
from app.main import app
from app.services import keys
from app.services.keys import create_key
from app.tables import ApiKey

client = TestClient(app)


@pytest.fixture(autouse=True)
def with_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "auth", True)


def key(*scopes: str, rate: int = 600) -> dict[str, str]:
    with session_factory() as session:
        _record, secret = create_key(session, "test", list(scopes), rate, team="shared")
    return {"Authorization": f"Bearer {secret}"}


def test_without_a_key_nothing_opens_but_health():
    response = client.get("/api/v1/jobs")
    assert (response.status_code, response.json()["code"]) == (401, "KEY_MISSING")
    assert response.headers["www-authenticate"] == "Bearer"
    assert client.get("/health/live").status_code == 200
    wrong = client.get("/api/v1/jobs", headers={"Authorization": "Bearer e2d_wrong"})
    assert wrong.json()["code"] == "KEY_UNKNOWN"


def test_a_key_opens_what_its_scopes_say():
    reader = key("read")
    assert client.get("/api/v1/jobs", headers=reader).status_code == 200
    body = {"workbook_id": str(uuid.uuid4())}
    denied = client.post("/api/v1/jobs", json=body, headers=reader)
    assert (denied.status_code, denied.json()["code"]) == (403, "SCOPE_MISSING")
    assert client.get("/api/v1/keys", headers=reader).status_code == 403


def test_a_revoked_key_opens_nothing():
    admin = key("admin")
    made = client.post("/api/v1/keys", json={"name": "x"}, headers=admin).json()
    header = {"Authorization": f"Bearer {made['key']}"}
    assert client.get("/api/v1/jobs", headers=header).status_code == 200
    assert client.delete(f"/api/v1/keys/{made['id']}", headers=admin).status_code == 204
    assert client.get("/api/v1/jobs", headers=header).status_code == 401
    assert client.delete(f"/api/v1/keys/{made['id']}", headers=admin).status_code == 404
    listed = client.get("/api/v1/keys", headers=admin).json()["items"]
    assert made["key"] not in str(listed)


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """No minute of the clock ends while requests are counted."""
    now = keys._minute()
    monkeypatch.setattr(keys, "_minute", lambda: now)


def test_a_key_is_counted_by_the_minute(one_minute: None):
    header = key("read", rate=3)
    answers = [client.get("/api/v1/jobs", headers=header) for _ in range(8)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    with session_factory() as session:
        newest = session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc())).first()
    counter = redis.Redis.from_url(os.environ["REDIS_URL"])
    assert newest
    counts = [int(counter.get(k) or 0) for k in counter.keys(f"excel2doc:rate:key:{newest.id}:*")]
    assert sum(counts) == 8  # of any replica


def test_of_a_key_only_the_hash_is_kept():
    secret = key("read")["Authorization"].removeprefix("Bearer ")
    with engine.connect() as connection:
        kept = str(connection.execute(text("SELECT * FROM api_keys")).all())
    assert secret not in kept
    assert hashlib.sha256(secret.encode()).hexdigest() in kept


def test_keys_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, one_minute: None):
    monkeypatch.setattr(get_settings(), "auth", False)
    assert client.get("/api/v1/jobs").status_code == 200
    monkeypatch.setattr(get_settings(), "rate_per_minute", 2)
    statuses = [client.get("/api/v1/jobs").status_code for _ in range(8)]
    assert statuses[-1] == 429  # requests are counted by address all the same


def test_the_first_key_is_made_on_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["keys", "first", "--scopes", "read"])
    assert make_key() == 0
    header = {"Authorization": f"Bearer {capsys.readouterr().out.strip()}"}
    assert client.get("/api/v1/jobs", headers=header).status_code == 200
    monkeypatch.setattr("sys.argv", ["keys", "first", "--scopes", "all"])
    with pytest.raises(SystemExit):
        make_key()


def test_wrong_keys_are_counted_for_all_replicas(monkeypatch: pytest.MonkeyPatch, one_minute: None):
    monkeypatch.setattr(get_settings(), "auth_failures_per_minute", 3)
    good = key("read")
    wrong = {"Authorization": "Bearer e2d_guessed"}
    answers = [client.get("/api/v1/jobs", headers=wrong) for _ in range(8)]
    assert answers[-1].status_code == 429
    assert client.get("/api/v1/jobs", headers=good).status_code == 429  # none is looked at
    counter = redis.Redis.from_url(os.environ["REDIS_URL"])
    counter.delete(*counter.keys("excel2doc:denied:*"))
    assert client.get("/api/v1/jobs", headers=good).status_code == 200
