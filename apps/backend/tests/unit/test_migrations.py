import uuid

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text, update

from app.core.database import Base, alembic_config, engine, session_factory
from app.services.keys import create_key
from app.tables import (
    SHARED_TEAM,
    ApiKey,
    Audit,
    Conversion,
    IdempotentRequest,
    Job,
    JobPart,
    Mail,
    Mailing,
    PictureArchive,
    Preview,
    Schedule,
    ScheduleRun,
    Team,
    Template,
    TemplateVersion,
    Webhook,
    Workbook,
    Worker,
    now,
)


def test_the_models_are_what_the_migrations_make():
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_each_migration_goes_down_and_up_on_data_and_loses_no_row_that_has_a_place():
    with session_factory() as session:
        for row in _one_of_each():
            session.add(row)
            session.flush()
        session.commit()
    steps = list(ScriptDirectory.from_config(alembic_config()).walk_revisions())
    rows = _rows()
    assert set(rows) == set(Base.metadata.tables)
    assert all(rows.values())
    for step in steps[:-1]:
        command.downgrade(alembic_config(), str(step.down_revision))
        left = _rows()
        assert left == {table: rows[table] for table in left}, step.revision
    for step in reversed(steps[:-1]):
        command.upgrade(alembic_config(), step.revision)
        assert left.items() <= _rows().items(), step.revision


def _one_of_each() -> list[Base]:
    team = Team(name="one", keep_hours=1)
    workbook = _workbook()
    key = ApiKey(name="k", key_hash="3" * 64, scopes=["read"], rate_per_minute=1, team=team)
    version = TemplateVersion(
        template=Template(name="t", team_id=SHARED_TEAM),
        **{"number": 1, "file_name": "t.docx", "sha256": "1" * 64, "size_bytes": 1, "fields": {}},
    )
    pictures = PictureArchive(
        **{"name": "p.zip", "sha256": "9" * 64, "size_bytes": 1, "expires_at": now()},
        **{"pictures": 1, "left_out": [], "left_out_count": 0, "team_id": SHARED_TEAM},
    )
    job = Job(
        id=uuid.uuid4(),
        **{"status": "done", "mode": "per-row", "options": {}, "content_key": "all"},
        workbook=workbook,
        template_version=version,
        team_id=SHARED_TEAM,
        pictures=pictures,
        key=key,
    )
    mailing = Mailing(
        id=uuid.uuid4(),
        **{"expires_at": now(), "team_id": SHARED_TEAM, "job_id": job.id},
        **{"sender": "b@example.org", "result_sha256": "8" * 64},
    )
    schedule = Schedule(
        id=uuid.uuid4(),
        **{"name": "s", "cron": "0 6 * * *", "time_zone": "UTC", "workbook_name": "a.xlsx"},
        **{"mode": "table", "options": {}, "team_id": SHARED_TEAM},
    )
    return [
        team,
        key,
        job,
        Webhook(job_id=job.id, url="https://hooks.example.org/"),
        JobPart(job_id=job.id, first_row=0, row_count=1, sha256="2" * 64),
        Worker(id="one"),
        IdempotentRequest(key="4" * 64, request_hash="5" * 64, resource_id=job.id),
        Conversion(
            **{"source_name": "a.xlsx", "source_sha256": "6" * 64, "source_bytes": 1},
            **{"status": "done", "rows": 2, "result_bytes": 3, "duration_ms": 4},
        ),
        Preview(expires_at=now(), team_id=SHARED_TEAM, status="done", documents=[]),
        mailing,
        Mail(
            mailing_id=mailing.id,
            **{"position": 0, "place": "row 2", "address": "a@example.org", "subject": "s"},
            **{"text": "t", "document": "a.docx", "size_bytes": 1, "status": "sent"},
        ),
        schedule,
        ScheduleRun(
            schedule_id=schedule.id,
            **{"due_at": now(), "status": "done", "job_id": job.id, "mailing_id": mailing.id},
        ),
        Audit(address="::1", action="upload_workbook", status=201),
    ]


def _workbook() -> Workbook:
    return Workbook(
        name="a.xlsx",
        **{"sha256": "0" * 64, "size_bytes": 1, "kind": "xlsx", "sheets": []},
        expires_at=now(),
        team_id=SHARED_TEAM,
    )


def _rows() -> dict[str, int]:
    """How many each table has."""
    with engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in inspect(connection).get_table_names()
            if table != "alembic_version"
        }


def test_jobs_and_workers_outlive_the_migration_for_pdfs_and_those_that_wait_for_one_end():
    with session_factory() as session:
        workbook = _workbook()
        made = {
            name: Job(
                status=status,
                pdf=pdf,
                mode="table",
                options={},
                workbook=workbook,
                content_key=name,
                team_id=SHARED_TEAM,
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


def test_a_key_of_before_teams_opens_what_was_there_and_no_new_key_does():
    with session_factory() as session:
        workbook, new = _workbook(), Team(name="new")
        old_key = ApiKey(
            name="old", key_hash="7" * 64, scopes=["read"], rate_per_minute=1, team=new
        )
        session.add_all([workbook, old_key])
        session.commit()
        ids = workbook.id, old_key.id
    command.downgrade(alembic_config(), "20261125_pdf")
    command.upgrade(alembic_config(), "head")
    with session_factory() as session:
        assert session.get_one(Workbook, ids[0]).team_id == SHARED_TEAM
        assert session.get_one(ApiKey, ids[1]).team_id == SHARED_TEAM
        _key, _secret = create_key(session, "newer", ["read"], 1)
        assert _key.team_id != SHARED_TEAM
    with engine.begin() as connection:  # as a service of before writes, that still runs
        connection.execute(
            text(
                "INSERT INTO templates (id, created_at, name) "
                "VALUES ('5a9f1c9e3f1f4c3b9c110a8c5f6a2b10', CURRENT_TIMESTAMP, 'from-before')"
            )
        )
    with session_factory() as session:
        left = session.scalars(select(Template).where(Template.name == "from-before")).one()
        assert left.team_id == SHARED_TEAM


def test_all_migrations_go_down_to_nothing():
    command.downgrade(alembic_config(), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    command.upgrade(alembic_config(), "head")
