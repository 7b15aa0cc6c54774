"""An attacker with a key of another team, at every operation that the API describes.

A new operation is attacked as soon as it is described: what it names by an id must be on the list of
what belongs to a team, or be closed to all but admins.
"""

import itertools
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.core.config import get_settings
from app.core.database import session_factory
from app.main import app
from app.services import jobs, owning, templates
from app.services.context import get_services
from app.services.keys import create_key
from app.services.mail import mailings
from app.services.schedules import schedules
from app.tables import Job, Mail, Mailing, Preview, now
from tests.documents import finished, template
from tests.pictures import png, zipped
from tests.workbooks import xlsx

API = app.openapi()
OWNED = (
    *("workbook_id", "template_id", "pictures_id", "job_id", "preview_id", "mailing_id"),
    "schedule_id",
)
"""What a team owns, by the name that an operation has for its id."""
ADMINS = {
    *("create_key", "list_keys", "revoke_key"),
    *("list_teams", "change_team", "list_audit"),
}
"""Operations that are closed to all other keys."""
OPERATIONS = [
    pytest.param(method, path, operation, id=f"{method.upper()} {path}")
    for path, methods in API["paths"].items()
    for method, operation in methods.items()
    if path.startswith("/api/v1/")
]


@dataclass(frozen=True, slots=True)
class Team:
    """A key's header, and the ids of what its team has."""

    header: dict[str, str]
    has: dict[str, str]


def bearer(*scopes: str, team: str | None = None) -> dict[str, str]:
    name = f"key-{uuid.uuid4()}"
    with session_factory() as session:
        _key, secret = create_key(session, name, list(scopes), 1_000_000, team)
    return {"Authorization": f"Bearer {secret}"}


def a_team_with_things(client: TestClient, *scopes: str) -> Team:
    header = bearer(*scopes)
    secret = f"secret-{uuid.uuid4()}"

    def made(path: str, **request: Any) -> dict[str, Any]:
        answer = client.post(f"/api/v1{path}", headers=header, **request)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    book = xlsx({"S": [["Name"], [secret]]})
    workbook = made("/workbooks", files={"file": (f"{secret}.xlsx", book)})
    letter = made("/templates", files={"file": (f"{secret}.docx", template("Dear {{ Name }}"))})
    photos = zipped({f"{secret}.png": png(1, 1)})
    kept = made("/picture-archives", files={"file": (f"{secret}.zip", photos)})
    wanted = {"workbook_id": workbook["id"], "template_id": letter["id"], "mode": "per-row"}
    job = made("/jobs", json=wanted)
    done = finished(client, job["id"], headers=header)
    assert done["status"] == "done", done
    has = {"workbook_id": workbook["id"], "template_id": letter["id"], "job_id": job["id"]}
    has["pictures_id"] = kept["id"]
    has["preview_id"] = made("/previews", json=wanted)["id"]
    give_a_page(has["preview_id"])
    has["mailing_id"] = a_mailing(job["id"])
    yearly = {"name": secret, "cron": "0 0 1 1 *", "workbook_name": workbook["name"]}
    has["schedule_id"] = made("/schedules", json=yearly)["id"]
    return Team(header, {**has, "secret": secret, "sha256": workbook["sha256"]})


def give_a_page(preview_id: str) -> None:
    """A page that can be stolen, whether or not LibreOffice is here to make one."""
    with session_factory() as session, tempfile.NamedTemporaryFile() as file:
        file.write(b"a picture")
        file.flush()
        page = get_services().storage.put(Path(file.name)).sha256
        preview = session.get_one(Preview, uuid.UUID(preview_id))
        preview.documents = [{**each, "pages": [page]} for each in preview.documents]
        preview.status = "done"
        session.commit()


def a_mailing(job_id: str) -> str:
    """With a mail that has been sent; no mail server is needed for that."""
    with session_factory() as session:
        job = session.get_one(Job, uuid.UUID(job_id))
        own = {"team_id": job.team_id, "job_id": job.id, "result_sha256": job.result_sha256 or ""}
        mailing = Mailing(sender="a@example.org", expires_at=now() + timedelta(hours=1), **own)
        session.add(mailing)
        session.flush()
        texts = {"place": "row 2", "address": "b@example.org", "subject": "s", "text": "t"}
        document = {"document": "2.docx", "size_bytes": 1, "status": "sent"}
        session.add(Mail(mailing_id=mailing.id, position=0, **texts, **document))
        session.commit()
        return str(mailing.id)


@pytest.fixture(scope="module")
def closed(client: TestClient) -> Iterator[TestClient]:
    get_settings().auth = True
    yield client
    get_settings().auth = False


@pytest.fixture(scope="module")
def victim(closed: TestClient) -> Team:
    return a_team_with_things(closed, "read", "write")


@pytest.fixture(scope="module", params=[("read", "write"), ("admin",)], ids=["user", "admin"])
def attacker(request: pytest.FixtureRequest, closed: TestClient) -> Team:
    return a_team_with_things(closed, *request.param)


@pytest.fixture(scope="module")
def as_it_was(closed: TestClient, victim: Team) -> list[Any]:
    """All that the victim can see, before the first attack."""
    return whole(closed, victim)


def whole(client: TestClient, team: Team) -> list[Any]:
    """All that the team can see of what it has."""
    has = team.has
    paths = [
        f"/workbooks/{has['workbook_id']}",
        f"/workbooks/{has['workbook_id']}/sheet?name=S",
        f"/templates/{has['template_id']}",
        f"/templates/{has['template_id']}/versions/1/file",
        f"/jobs/{has['job_id']}",
        f"/jobs/{has['job_id']}/result",
        f"/previews/{has['preview_id']}",
        f"/previews/{has['preview_id']}/documents/1/file",
        f"/previews/{has['preview_id']}/documents/1/pages/1",
        f"/mailings/{has['mailing_id']}",
        f"/mailings/{has['mailing_id']}/mails",
        f"/picture-archives/{has['pictures_id']}",
        f"/schedules/{has['schedule_id']}",
        f"/schedules/{has['schedule_id']}/runs",
        *("/workbooks", "/templates", "/picture-archives", "/jobs", "/mailings", "/schedules"),
    ]
    answers = [client.get(f"/api/v1{path}", headers=team.header) for path in paths]
    assert [a.status_code for a in answers] == [200] * len(paths)
    return [a.content for a in answers]


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    body: dict[str, Any] | None
    files: Any
    ids: list[str]

    def sent(self, client: TestClient, method: str, team: Team) -> tuple[int, str]:
        """How it is answered, with the ids taken out of the words."""
        answer = client.request(
            method, self.path, headers=team.header, json=self.body, files=self.files
        )
        text = answer.text
        for each in self.ids:
            text = text.replace(each, "ID")
        return answer.status_code, text


def requests(
    path: str, operation: dict[str, Any], victim: Team, attacker: Team
) -> Iterator[tuple[Request, Request]]:
    """With one id or more of the victim's, the others the attacker's; and with ids of nothing."""
    parameters = operation.get("parameters", [])
    content = operation.get("requestBody", {}).get("content", {})
    body: dict[str, Any] = {}
    in_body: list[str] = []
    if "application/json" in content:
        name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        schema = API["components"]["schemas"][name]
        body = schema["examples"][-1]
        if "options" in schema["properties"]:
            body = {**body, "options": {}}
        in_body = [field for field in schema["properties"] if field.endswith("_id")]
    names = [n for n in (*(p["name"] for p in parameters), *in_body) if n.endswith("_id")]
    unknown = set(names) - set(OWNED)
    assert not unknown, f"{unknown}: whose are they? Add them to OWNED, or the operation to ADMINS"
    files = {"file": ("new.docx", template("{{ Name }}"))} if content and not body else None

    def request(chosen: dict[str, str]) -> Request:
        filled = path.format(**{"number": 1, "page": 1, **chosen})
        if any(p["name"] == "name" for p in parameters):
            filled += "?name=S"
        sent = {**body, **{n: chosen[n] for n in in_body}} if body else None
        return Request(filled, sent, files, list(chosen.values()))

    for stolen in itertools.product([True, False], repeat=len(names)):
        if any(stolen) or not names:
            which = dict(zip(names, stolen, strict=True))
            yield (
                request({n: (victim if which[n] else attacker).has[n] for n in names}),
                request({n: str(uuid.uuid4()) if which[n] else attacker.has[n] for n in names}),
            )


def attack(
    client: TestClient, method: str, path: str, operation: dict[str, Any], victim: Team, by: Team
) -> None:
    """Raises: AssertionError: the attacker has learnt something."""
    for theirs, nobodys in requests(path, operation, victim, by):
        for verb in [method, "head"] if method == "get" else [method]:
            status, text = theirs.sent(client, verb, by)
            assert not [thing for thing in victim.has.values() if thing in text]
            if theirs.ids:
                assert status in ({404} if verb != "head" else {404, 405}), (verb, theirs, text)
                # another's and what is not there are answered alike, down to the last letter
                assert (status, text) == nobodys.sent(client, verb, by)
            else:
                assert status < 500, text


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_another_teams_things_are_not_there(
    closed: TestClient,
    victim: Team,
    attacker: Team,
    as_it_was: list[Any],
    method: str,
    path: str,
    operation: dict[str, Any],
):
    if operation["operationId"] not in ADMINS:
        attack(closed, method, path, operation, victim, attacker)
        assert method == "get" or whole(closed, victim) == as_it_was
    elif closed.get("/api/v1/keys", headers=attacker.header).is_error:
        some = path.format(key_id=uuid.uuid4(), team_id=uuid.uuid4())
        body = {"name": "x", "keep_hours": 1}
        answer = closed.request(method, some, headers=attacker.header, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")


READS = [
    parameter
    for parameter in OPERATIONS
    if parameter.values[0] == "get"
    and any(f"{{{name}}}" in str(parameter.values[1]) for name in OWNED)
]


@pytest.mark.parametrize(("method", "path", "operation"), READS)
def test_a_service_that_looks_at_no_team_is_caught(
    closed: TestClient,
    victim: Team,
    attacker: Team,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    operation: dict[str, Any],
):
    """The attack can succeed: with the one rule taken away it does, wherever an id is named."""

    def careless(session: Any, model: Any, _team_id: Any, key: Any) -> Any:
        return session.get(model, key)

    for module in (owning, jobs, mailings, schedules, templates):
        monkeypatch.setattr(module, "owned", careless)
    with pytest.raises(AssertionError):
        attack(closed, method, path, operation, victim, attacker)


def test_every_path_of_the_service_is_described(closed: TestClient):
    paths = {r.path or "" for r in iter_route_contexts(app.routes)}
    assert {p for p in paths if p.startswith("/api/")} <= set(API["paths"])
