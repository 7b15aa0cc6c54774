import redis
from fastapi.testclient import TestClient

from app.main import app

client = TestClient(app)


def test_health_shows_the_database_and_redis():
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json()["database"] == "ok"
    assert response.json()["redis"] == "ok"
    assert response.json()["status"] == "ok"


def test_health_is_503_when_redis_is_away(monkeypatch):
    away = redis.Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr("app.api.health.get_redis", lambda: away)
    response = client.get("/health")
    assert response.status_code == 503
    assert response.json() | {"version": ""} == {
        "status": "down",
        "version": "",
        "database": "ok",
        "redis": "down",
    }
