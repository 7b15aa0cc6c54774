import uuid
from datetime import UTC, datetime

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from app.core.database import Base, alembic_config, engine


def test_the_models_are_what_the_migrations_make():
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_go_up_and_down_on_data_and_lose_none_that_stays():
    command.downgrade(alembic_config(), "20261123_conversions")
    key = uuid.uuid4()
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO conversions VALUES (:id, :at, 'a.xlsx', :sha, 1, 'done', NULL, 2, 3, 4)"
            ),
            {"id": key, "at": datetime.now(UTC), "sha": "0" * 64},
        )
    for direction in (command.upgrade, command.downgrade, command.upgrade):
        revision = "20261123_conversions" if direction is command.downgrade else "head"
        direction(alembic_config(), revision)
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT id, rows FROM conversions")).all()
        assert (key, 2) in [tuple(row) for row in rows]
        assert ("jobs" in inspect(engine).get_table_names()) is (revision == "head")


def test_all_migrations_go_down_to_nothing():
    command.downgrade(alembic_config(), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    command.upgrade(alembic_config(), "head")
