"""What /metrics says is of now: what nobody knows is absent."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine

STORED = {"excel2doc_stored_jobs", "excel2doc_queue_oldest_seconds", "excel2doc_workers"}


def names_with_values(client: TestClient) -> set[str]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {sample.name for family in families for sample in family.samples}


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    monkeypatch.setattr("app.api.health.engine", away)
    yield
    away.dispose()


def test_what_the_database_says_is_there_while_it_answers(client: TestClient):
    assert names_with_values(client) >= STORED


def test_nothing_is_said_of_the_database_while_it_is_away(client: TestClient, no_database: None):
    names = names_with_values(client)
    assert names & STORED == set()
    assert "excel2doc_requests_total" in names
