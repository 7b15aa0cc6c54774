import uuid
from datetime import UTC, datetime

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text, update

from app.core.database import Base, alembic_config, engine, session_factory
from app.services.models import Job, Workbook, Worker, now


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


def test_jobs_and_workers_outlive_the_migration_for_pdfs_and_those_that_wait_for_one_end():
    with session_factory() as session:
        workbook = Workbook(
            name="a.xlsx", sha256="0" * 64, size_bytes=1, kind="xlsx", sheets=[], expires_at=now()
        )
        made = {
            name: Job(
                status=status,
                pdf=pdf,
                mode="table",
                options={},
                workbook=workbook,
                content_key=name,
            )
            for name, status, pdf in (
                ("waits", "queued", False),
                ("waits-for-pdf", "queued", True),
                ("has-pdf", "done", True),
            )
        }
        session.add_all([Worker(id="with-office", pdf=True), *made.values()])
        session.commit()

    def states() -> dict[str, str]:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT content_key, status FROM jobs")).all()
        return {row[0]: row[1] for row in rows if row[0] in made}

    expected = {"waits": "queued", "waits-for-pdf": "cancelled", "has-pdf": "done"}
    command.downgrade(alembic_config(), "20261124_jobs")
    assert states() == expected
    assert "pdf" not in {column["name"] for column in inspect(engine).get_columns("jobs")}
    command.upgrade(alembic_config(), "head")
    assert states() == expected
    with session_factory() as session:
        assert [w.pdf for w in session.scalars(select(Worker)) if w.id == "with-office"] == [False]
        session.execute(update(Job).where(Job.status == "queued").values(status="cancelled"))
        session.commit()


def test_all_migrations_go_down_to_nothing():
    command.downgrade(alembic_config(), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    command.upgrade(alembic_config(), "head")
