"""What a team shares, how long it is kept, and who is known to have done what."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update

from app.cli.keys import main as make_key
from app.core.config import get_settings
from app.core.database import session_factory
from app.services.context import get_services
from app.services.errors import Conflict
from app.services.keys import create_key
from app.tables import SHARED_TEAM, Audit, Job, JobPart, Workbook, now
from app.worker.sweep import sweep
from tests.documents import finished, template
from tests.workbooks import xlsx


@pytest.fixture(scope="module")
def closed(client: TestClient) -> Iterator[TestClient]:
    get_settings().auth = True
    yield client
    get_settings().auth = False


def key(team: str | None = None, *scopes: str, name: str = "") -> dict[str, str]:
    with session_factory() as session:
        wanted = list(scopes or ("read", "write"))
        _key, secret = create_key(session, name or f"k-{uuid.uuid4()}", wanted, 1_000_000, team)
    return {"Authorization": f"Bearer {secret}"}


def upload(client: TestClient, header: dict[str, str], **form: Any) -> dict[str, Any]:
    book = xlsx({"S": [["Name"], ["Ann"]]})
    answer = client.post(
        "/api/v1/workbooks", files={"file": ("a.xlsx", book)}, data=form, headers=header
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def convert(client: TestClient, header: dict[str, str], **body: Any) -> dict[str, Any]:
    made = client.post("/api/v1/jobs", json=body, headers=header)
    assert made.status_code in {200, 202}, made.text
    return finished(client, made.json()["id"], headers=header)


def test_the_keys_of_a_team_open_the_same_things(closed: TestClient):
    team = f"t-{uuid.uuid4()}"
    ann, bo, other = key(team, name="ann"), key(team, name="bo"), key()
    workbook = upload(closed, ann)
    letter = closed.post(
        "/api/v1/templates", files={"file": ("l.docx", template("{{ Name }}"))}, headers=ann
    ).json()
    body = {"workbook_id": workbook["id"], "template_id": letter["id"], "mode": "per-row"}
    job = convert(closed, bo, **body)
    assert (
        job["made_by"],
        job["workbook_name"],
        job["template_name"],
        job["template_version"],
    ) == (*("bo", "a.xlsx", "l.docx", 1),)
    again = convert(closed, ann, **body)
    assert (again["cached"], again["made_by"]) == (True, "ann")
    listed = closed.get("/api/v1/jobs", headers=ann).json()["items"]
    assert [item["id"] for item in listed] == [again["id"], job["id"]]
    assert closed.get("/api/v1/jobs", headers=other).json()["items"] == []
    assert closed.delete(f"/api/v1/workbooks/{workbook['id']}", headers=bo).status_code == 204


def test_what_another_team_has_converted_is_converted_anew(closed: TestClient):
    """`cached` would tell that somebody else has had the same file."""
    content = xlsx({"S": [["Name"], [uuid.uuid4().hex]]})
    cached = []
    for header in (key(), key()):
        for _ in range(2):
            workbook = closed.post(
                "/api/v1/workbooks", files={"file": ("a.xlsx", content)}, headers=header
            ).json()
            cached.append(convert(closed, header, workbook_id=workbook["id"])["cached"])
    assert cached == [False, True, False, True]


def test_two_teams_with_the_same_idempotency_key_get_a_job_each(closed: TestClient):
    ids = set()
    for header in (key(), key()):
        body = {"workbook_id": upload(closed, header)["id"]}
        sent = {**header, "Idempotency-Key": "the same"}
        ids |= {closed.post("/api/v1/jobs", json=body, headers=sent).json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_what_was_made_without_a_key_is_the_shared_teams(
    closed: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(get_settings(), "auth", False)
    workbook = upload(closed, {})
    monkeypatch.setattr(get_settings(), "auth", True)
    url = f"/api/v1/workbooks/{workbook['id']}"
    assert closed.get(url, headers=key()).status_code == 404
    assert closed.get(url, headers=key("shared")).status_code == 200


def test_a_key_joins_no_team_that_it_was_not_said_to_join(closed: TestClient):
    admin = key(None, "admin")
    name = f"payroll-{uuid.uuid4()}"
    first = closed.post("/api/v1/keys", json={"name": name}, headers=admin)
    assert (first.status_code, first.json()["team"]) == (201, name)
    second = closed.post("/api/v1/keys", json={"name": name}, headers=admin)
    assert (second.status_code, second.json()["code"]) == (409, "TEAM_TAKEN")
    joined = closed.post("/api/v1/keys", json={"name": "x", "team": name}, headers=admin)
    assert joined.json()["team"] == name
    teams = closed.get("/api/v1/teams?limit=100", headers=admin).json()["items"]
    assert [t["name"] for t in teams].count(name) == 1
    with session_factory() as session, pytest.raises(Conflict):
        create_key(session, "shared", ["read"], 1)


def test_the_command_line_says_which_team_is_taken(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["keys", "cli-team", "--scopes", "read"])
    assert make_key() == 0
    with pytest.raises(SystemExit):
        make_key()
    assert "--team cli-team" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["keys", "other", "--team", "cli-team"])
    assert make_key() == 0


def hours(moments: dict[str, Any], since: str) -> float:
    kept = datetime.fromisoformat(moments["expires_at"]) - datetime.fromisoformat(moments[since])
    return round(kept / timedelta(hours=1), 1)


def test_a_team_and_a_file_say_how_long_they_are_kept(closed: TestClient):
    admin, team = key(None, "admin"), f"t-{uuid.uuid4()}"
    header = key(team)
    usual = get_settings().keep_hours
    before = upload(closed, header)
    assert hours(before, "created_at") == usual
    assert hours(convert(closed, header, workbook_id=before["id"]), "finished_at") == usual
    teams = closed.get("/api/v1/teams?limit=100", headers=admin).json()["items"]
    url = next(f"/api/v1/teams/{t['id']}" for t in teams if t["name"] == team)
    assert closed.patch(url, json={"keep_hours": 5}, headers=admin).json()["keep_hours"] == 5
    assert closed.patch(url, json={"keep_hours": 0}, headers=admin).status_code == 422
    nobodys = f"/api/v1/teams/{uuid.uuid4()}"
    assert closed.patch(nobodys, json={"keep_hours": 5}, headers=admin).status_code == 404
    of_the_team, of_its_own = upload(closed, header), upload(closed, header, keep_hours=2)
    assert [hours(w, "created_at") for w in (of_the_team, of_its_own)] == [5, 2]
    options = {"header_row": 1}  # no earlier result
    for workbook, kept in ((of_its_own, 2), (of_the_team, 5)):
        job = convert(closed, header, workbook_id=workbook["id"], options=options)
        assert hours(job, "finished_at") == kept
    refused = closed.post(
        "/api/v1/workbooks",
        files={"file": ("a.csv", b"a;b\n1;2\n")},
        data={"keep_hours": 6},
        headers=header,
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "KEEP_TOO_LONG")
    assert "longer than 5" in refused.json()["detail"]


def test_parts_of_a_failed_job_go_when_its_result_would_have_gone(closed: TestClient):
    def failed(keep: int) -> Job:
        with session_factory() as session:
            job = Job(
                **{"status": "failed", "mode": "per-row", "options": {}, "content_key": "x"},
                finished_at=now() - timedelta(hours=3),
                keep_hours=keep,
                team_id=SHARED_TEAM,
                workbook=Workbook(
                    **{"name": "a", "sha256": "0" * 64, "size_bytes": 1, "kind": "xlsx"},
                    **{"sheets": [], "expires_at": now(), "team_id": SHARED_TEAM},
                ),
            )
            session.add(job)
            session.flush()
            session.add(JobPart(job_id=job.id, first_row=0, row_count=1, sha256="1" * 64))
            session.commit()
        return job

    short, long = failed(2), failed(4)
    with session_factory() as session:
        sweep(session, get_services())
        left = set(session.scalars(select(JobPart.job_id)))
    assert (short.id in left, long.id in left) == (False, True)


def test_a_job_that_has_ended_is_deleted_with_its_result(closed: TestClient):
    header = key()
    job = convert(closed, header, workbook_id=upload(closed, header)["id"])
    url = f"/api/v1/jobs/{job['id']}"
    with session_factory() as session:
        running = update(Job).where(Job.id == uuid.UUID(job["id"])).values(status="running")
        session.execute(running.values(lease_until=now() + timedelta(minutes=1)))
        session.commit()
    kept = closed.delete(url, headers=header)
    assert (kept.status_code, kept.json()["code"]) == (409, "JOB_UNFINISHED")
    with session_factory() as session:
        session.execute(update(Job).where(Job.id == uuid.UUID(job["id"])).values(status="done"))
        session.commit()
    assert closed.delete(url, headers=header).status_code == 204
    assert closed.get(url, headers=header).status_code == 404
    assert closed.get(f"{url}/result", headers=header).status_code == 404


def test_the_audit_log_knows_who_did_what_and_who_asked_for_what_is_not_theirs(closed: TestClient):
    admin, name = key(None, "admin"), f"ann-{uuid.uuid4()}"
    header, stranger = key(name=name), key()
    workbook = upload(closed, header)
    job = convert(closed, header, workbook_id=workbook["id"])
    closed.get(f"/api/v1/jobs/{job['id']}/result", headers=header)
    closed.get(f"/api/v1/jobs/{job['id']}/result", headers=stranger)
    closed.get(f"/api/v1/workbooks/{workbook['id']}", headers=header)
    closed.delete(f"/api/v1/workbooks/{workbook['id']}", headers=header)
    keys = closed.get("/api/v1/keys?limit=100", headers=admin).json()["items"]
    teams = closed.get("/api/v1/teams?limit=100", headers=admin).json()["items"]
    team = next(t["id"] for t in teams if t["name"] == name)
    log = closed.get("/api/v1/audit?limit=100", headers=admin).json()["items"]
    of_ann = closed.get(f"/api/v1/audit?team={team}", headers=admin).json()["items"]
    ann = next(k["id"] for k in keys if k["name"] == name)
    done = [(e["action"], e["subject"], e["status"]) for e in reversed(of_ann)]
    assert done == [
        ("upload_workbook", workbook["id"], 201),
        ("submit_job", job["id"], 202),
        ("get_result", job["id"], 200),
        ("forget_workbook", workbook["id"], 204),
    ]
    assert {e["key_id"] for e in of_ann} == {ann}
    tried = [e for e in log if e["subject"] == job["id"] and e["status"] == 404]
    assert [(e["action"], e["key_id"] != ann) for e in tried] == [("get_result", True)]


def test_the_audit_log_forgets_after_a_while(closed: TestClient):
    with session_factory() as session:
        old = Audit(address="::1", action="old", status=200)
        old.created_at = now() - timedelta(days=get_settings().audit_days + 1)
        session.add(old)
        session.commit()
        sweep(session, get_services())
        assert session.scalars(select(Audit).where(Audit.action == "old")).all() == []


def test_an_answer_goes_out_though_the_audit_log_cannot_be_written(
    closed: TestClient, caplog: pytest.LogCaptureFixture
):
    header = key()
    with session_factory() as session:
        session.execute(text("ALTER TABLE audit RENAME TO audit_away"))
        session.commit()
    try:
        assert upload(closed, header)["kind"] == "xlsx"
    finally:
        with session_factory() as session:
            session.execute(text("ALTER TABLE audit_away RENAME TO audit"))
            session.commit()
    assert "audit_not_written" in caplog.text
