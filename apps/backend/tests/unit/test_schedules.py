"""Conversions run by themselves: at their time, once, by right, and never fail unseen."""

import io
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trustme
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.core.config import Settings, get_settings
from app.core.database import session_factory
from app.domain.refusal import Refused
from app.domain.schedule_times import following, upcoming
from app.services.context import Services, get_services
from app.services.errors import NotFound, TooMany
from app.services.keys import create_key
from app.services.mail import mailings, smtp
from app.services.schedules import runs
from app.services.uploads import received
from app.storage.files import Away, DiskStorage
from app.tables import ApiKey, Audit, Job, Mailing, Schedule, ScheduleRun, Webhook, Workbook, now
from app.worker.schedules import keep_schedules
from app.worker.sweep import sweep
from tests.documents import finished, paragraphs, template, unzipped
from tests.mail_server import PASSWORD, USER, MailServer, deliver, mail_server
from tests.workbooks import xlsx

API = "/api/v1"
NEW_YEAR = datetime(2031, 1, 1, tzinfo=UTC)
"""When schedules of these tests are due: no worker's own clock says so."""
YEARLY = "0 0 1 1 *"
ROWS = [["Name", "Mail"], ["Ann & Co", "ann@example.org"], ["客户", "bo@example.org"]]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        ("0 6 1 * *", "UTC", "2026-11-28T10:00Z", ["2026-12-01T06:00Z", "2027-01-01T06:00Z"]),
        ("0 6 1 * *", "Europe/Berlin", "2026-05-02T00:00Z", ["2026-06-01T04:00Z"]),
        ("0 18 L * *", "Asia/Shanghai", "2026-02-01T00:00Z", ["2026-02-28T10:00Z"]),
        ("30 7 * * MON-FRI", "UTC", "2026-11-27T08:00Z", ["2026-11-30T07:30Z"]),
        # 2:30 is left out on this day: due as soon as there is a time again
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00Z",
            ["2026-03-29T01:00Z", "2026-03-30T00:30Z"],
        ),
        # 2:30 comes twice on this day: due at the first
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00Z",
            ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
        ),
        # asked at the second 2:10, the 2:30 that has been is no answer
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10Z", ["2026-10-26T01:30Z"]),
        # what is due each hour goes by real time
        (
            "30 * * * *",
            "Europe/Berlin",
            "2026-10-25T00:00Z",
            ["2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z"],
        ),
    ],
)
def test_a_time_is_that_of_the_place(cron: str, zone: str, after: str, expected: list[str]):
    assert upcoming(cron, zone, at(after), len(expected)) == [at(each) for each in expected]


@given(
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    after=st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),
)
def test_a_daily_time_comes_once_each_day_whatever_the_clocks_do(zone, hour, minute, after):
    found = upcoming(f"{minute} {hour} * * *", zone, after, 400)
    assert found[0] > after
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in found]
    assert days == [days[0] + timedelta(days=number) for number in range(400)]


@given(
    zone=st.sampled_from(ZONES),
    cron=st.sampled_from(["*/20 * * * *", "0 */5 * * *", "15 1,2,3 * * *", "0 0 L * *"]),
    after=st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),
)
def test_the_next_time_is_later_and_the_one_after_it_is_found_from_it(zone, cron, after):
    times = upcoming(cron, zone, after, 5)
    assert times == sorted({*times})
    assert times[0] > after
    assert [following(cron, zone, moment) for moment in times[:-1]] == times[1:]


@given(cron=st.text(st.sampled_from("0123456789*/-,#L W?²MON"), max_size=30) | st.text(max_size=30))
def test_any_text_is_a_time_or_is_refused_by_name(cron: str):
    try:
        assert following(cron, "Europe/Berlin", NEW_YEAR) > NEW_YEAR
    except Refused as refusal:
        assert refusal.code == "SCHEDULE_TIME"


@pytest.mark.parametrize(
    ("cron", "zone", "code", "said"),
    [
        ("0 6 1 *", "UTC", "SCHEDULE_TIME", "five fields"),
        ("* * * * * *", "UTC", "SCHEDULE_TIME", "five fields"),
        ("0 25 * * *", "UTC", "SCHEDULE_TIME", "bad hour"),
        ("0 0 30 2 *", "UTC", "SCHEDULE_TIME", "bad day-of-month"),
        ("* * */20 * 1L", "UTC", "SCHEDULE_TIME", "never comes"),
        ("0 6 * * *", "Europe/Berlinn", "SCHEDULE_ZONE", "Europe/Berlin?"),
        ("0 6 * * *", "../../etc/passwd", "SCHEDULE_ZONE", "no time zone"),
        ("0 6 * * *", "", "SCHEDULE_ZONE", "no time zone"),
    ],
)
def test_a_time_that_never_comes_is_refused(cron: str, zone: str, code: str, said: str):
    with pytest.raises(Refused) as refused:
        following(cron, zone, NEW_YEAR)
    assert refused.value.code == code
    assert said in f"{refused.value.message}; {refused.value.hint}"


@pytest.fixture(autouse=True)
def nothing_else_is_due(database: None) -> Iterator[None]:
    yield
    with session_factory() as session:
        session.query(ScheduleRun).delete()
        session.query(Schedule).delete()
        session.commit()


def put(client: TestClient, name: str, *rows: Any, headers: Any = None) -> str:
    """A workbook of this name, which is there in the year of these tests still."""
    content = xlsx({"S": list(rows) or ROWS, "Salt": [[uuid.uuid4().hex]]})
    sent = client.post(f"{API}/workbooks", files={"file": (name, content)}, headers=headers)
    assert sent.status_code == 201, sent.text
    with session_factory() as session:
        wanted = Workbook.id == uuid.UUID(sent.json()["id"])
        session.execute(update(Workbook).where(wanted).values(expires_at=NEW_YEAR.replace(2040)))
        session.commit()
    made: str = sent.json()["id"]
    return made


def a_name() -> str:
    return f"{uuid.uuid4().hex}.xlsx"


def a_letter(client: TestClient, text: str = "Dear {{ Name }}", headers: Any = None) -> str:
    files = {"file": ("letter.docx", template(text))}
    made: str = client.post(f"{API}/templates", files=files, headers=headers).json()["id"]
    return made


def saved(client: TestClient, workbook: str, headers: Any = None, **more: Any) -> dict[str, Any]:
    wanted = {"name": "Yearly", "cron": YEARLY, "workbook_name": workbook, **more}
    answer = client.post(f"{API}/schedules", json=wanted, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    due_at(made, NEW_YEAR)
    return made


def due_at(schedule: dict[str, Any], moment: datetime) -> None:
    with session_factory() as session:
        wanted = Schedule.id == uuid.UUID(schedule["id"])
        session.execute(update(Schedule).where(wanted).values(next_at=moment))
        session.commit()


def start(moment: datetime = NEW_YEAR) -> int:
    with session_factory() as session:
        return runs.start_due(session, get_services(), moment)


def finish(moment: datetime | None = None) -> int:
    with session_factory() as session:
        return runs.finish_ended(session, get_services(), moment or now())


def runs_of(client: TestClient, schedule: dict[str, Any], headers: Any = None) -> list[Any]:
    answer = client.get(f"{API}/schedules/{schedule['id']}/runs", headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["items"]
    return found


def shown(client: TestClient, schedule: dict[str, Any], headers: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{API}/schedules/{schedule['id']}", headers=headers).json()
    return found


def last_run(client: TestClient, schedule: dict[str, Any], headers: Any = None) -> dict[str, Any]:
    """The newest run, once it has ended."""
    [run, *_] = runs_of(client, schedule, headers)
    if run["status"] == "converting":
        finished(client, run["job_id"], headers=headers)
        for _ in range(200):
            finish()
            [run, *_] = runs_of(client, schedule, headers)
            if run["status"] != "converting":
                break
            threading.Event().wait(0.05)  # a worker's own thread is at it
    found: dict[str, Any] = run
    return found


def test_a_schedule_converts_what_is_there_when_it_is_due(client: TestClient):
    name = a_name()
    put(client, name)
    schedule = saved(client, name, mode="per-row", template_id=a_letter(client))
    assert start(NEW_YEAR - timedelta(seconds=1)) == 0
    assert runs_of(client, schedule) == []
    assert start() == 1
    run = last_run(client, schedule)
    assert (run["status"], run["error"], at(run["due_at"])) == ("done", None, NEW_YEAR)
    job = client.get(f"{API}/jobs/{run['job_id']}").json()
    assert (job["schedule_id"], job["schedule_name"]) == (schedule["id"], "Yearly")
    documents = unzipped(client.get(f"{API}/jobs/{job['id']}/result").content)
    assert sorted(paragraphs(each)[0] for each in documents.values()) == [
        "Dear Ann & Co",
        "Dear 客户",
    ]
    after = shown(client, schedule)
    assert (at(after["next_at"]), after["last_run"]["id"]) == (NEW_YEAR.replace(2032), run["id"])
    assert start() == 0
    # the history names it, also when it is gone
    assert client.delete(f"{API}/schedules/{schedule['id']}").status_code == 204
    assert client.get(f"{API}/schedules/{schedule['id']}").status_code == 404
    listed = client.get(f"{API}/jobs").json()["items"]
    assert [j["schedule_name"] for j in listed if j["id"] == job["id"]] == ["Yearly"]
    assert start(NEW_YEAR.replace(2033)) == 0


@given(
    folder=st.sampled_from(["", "orders/", "C:\\orders\\", "/a/b/"]),
    stem=st.text(
        st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='"'), max_size=40
    ),
)
@example(folder="", stem="a\u00a0b\u200b")
def test_it_meets_the_upload_of_its_name_however_that_is_written(
    client: TestClient, folder: str, stem: str
):
    name = f"{folder}{stem}.csv"
    with received(io.BytesIO(b"Name"), name, 10) as upload:
        body = {"name": "Named", "cron": YEARLY, "workbook_name": name, "pictures_name": name}
        answer = client.post(f"{API}/schedules", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {made["workbook_name"], made["pictures_name"]} == {upload.name}


def test_a_worker_looks_at_the_clock_by_itself(client: TestClient):
    name = a_name()
    put(client, name)
    schedule = saved(client, name)
    due_at(schedule, now())
    for _ in range(600):
        found = shown(client, schedule)["last_run"]
        if found and found["status"] == "done":
            break
        threading.Event().wait(0.1)
    assert found["status"] == "done"
    assert at(shown(client, schedule)["next_at"]) > now()


def test_asked_for_twice_by_a_bad_line_there_is_one(client: TestClient):
    body = {"name": "Once", "cron": YEARLY, "workbook_name": a_name()}
    once = {"Idempotency-Key": str(uuid.uuid4())}
    ids = [client.post(f"{API}/schedules", json=body, headers=once).json()["id"] for _ in range(2)]
    assert ids[0] == ids[1]
    assert [s["id"] for s in client.get(f"{API}/schedules").json()["items"]] == ids[:1]


def test_what_was_missed_while_the_service_was_away_runs_once(client: TestClient):
    name = a_name()
    put(client, name)
    schedule = saved(client, name, cron="0 * * * *")
    due_at(schedule, NEW_YEAR)
    back = NEW_YEAR + timedelta(days=3, minutes=20)
    assert [start(back), start(back)] == [1, 0]
    [run] = runs_of(client, schedule)
    assert at(run["due_at"]) == NEW_YEAR
    assert at(shown(client, schedule)["next_at"]) == NEW_YEAR + timedelta(days=3, hours=1)


@pytest.mark.skipif(get_settings().embedded, reason="embedded, there is one worker")
def test_workers_that_look_at_once_begin_each_run_once(client: TestClient):
    schedules = []
    for _ in range(12):
        name = a_name()
        put(client, name)
        schedules.append(saved(client, name))
    begun: list[int] = []
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        begun.append(start())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(begun), sum(begun)) == (6, 12)
    assert [len(runs_of(client, schedule)) for schedule in schedules] == [1] * 12
    jobs = [job for s in schedules for job in jobs_of(s)]
    assert len(jobs) == 12


def jobs_of(schedule: dict[str, Any]) -> list[Job]:
    with session_factory() as session:
        return list(
            session.scalars(
                select(Job).where(
                    Job.workbook.has(Workbook.name == schedule["workbook_name"]),
                )
            )
        )


def test_a_workbook_is_taken_once_and_a_missed_time_says_so(client: TestClient):
    name = a_name()
    schedule = saved(client, name)
    years = [NEW_YEAR.replace(2031 + number) for number in range(5)]
    assert start(years[0]) == 0  # nothing is there
    first = put(client, name)
    second = put(client, name)
    assert [start(years[1]), start(years[2])] == [1, 0]  # the newest; then nothing new
    third = put(client, name)
    assert start(years[3]) == 1
    found = [(r["status"], (r["error"] or {}).get("code")) for r in runs_of(client, schedule)]
    missed = ("missed", "WORKBOOK_MISSING")
    assert [missed if each[0] == "missed" else each[0] for each in reversed(found)] == [
        *(missed, found[2][0], missed, found[0][0]),
    ]
    assert [each for each in found if each[0] == "missed"] == [missed, missed]
    said = [r["error"]["message"] for r in runs_of(client, schedule) if r["error"]]
    assert ["taken already" in each for each in said] == [True, False]
    taken = sorted(str(job.workbook_id) for job in jobs_of(schedule))
    assert taken == sorted([second, third])
    assert first not in taken
    assert shown(client, schedule)["status"] == "active"


def test_without_its_template_it_stops_and_says_why(client: TestClient):
    name = a_name()
    letter = a_letter(client)
    schedule = saved(client, name, mode="per-row", template_id=letter)
    put(client, name)
    assert client.delete(f"{API}/templates/{letter}").status_code == 204
    assert start() == 0
    found = shown(client, schedule)
    assert (found["status"], found["error"]["code"], found["next_at"]) == (
        *("stopped", "TEMPLATE_GONE", None),
    )
    assert (found["last_run"]["status"], found["upcoming"]) == ("failed", [])
    resumed = client.post(f"{API}/schedules/{schedule['id']}/resume")
    assert (resumed.status_code, resumed.json()["code"]) == (409, "TEMPLATE_GONE")
    assert start(NEW_YEAR.replace(2039)) == 0


def test_a_new_version_is_taken_unless_one_was_named(client: TestClient):
    letter = a_letter(client)
    files = {"file": ("letter.docx", template("Hello {{ Name }}"))}
    names = {None: a_name(), 1: a_name()}
    made = {}
    for version, name in names.items():
        put(client, name)
        more = {"mode": "per-row", "template_id": letter, "template_version": version}
        made[version] = saved(client, name, **more)
    assert client.post(f"{API}/templates/{letter}/versions", files=files).status_code == 201
    assert start() == 2
    found = {}
    for version, schedule in made.items():
        job = last_run(client, schedule)["job_id"]
        found[version] = client.get(f"{API}/jobs/{job}").json()["template_version"]
    assert found == {None: 2, 1: 1}


def test_a_run_that_is_refused_or_fails_says_so_and_the_next_one_runs(client: TestClient):
    name = a_name()
    schedule = saved(client, name, mode="per-row", template_id=a_letter(client, "{{ Street }}"))
    put(client, name)
    assert start() == 1
    run = last_run(client, schedule)
    assert (run["status"], run["error"]["code"]) == ("failed", "FIELD_MISSING")
    put(client, name, ["Name", "Street"], ["Ann", "Main St"])
    assert start(NEW_YEAR.replace(2032)) == 1
    assert last_run(client, schedule)["status"] == "done"


def test_a_run_whose_job_is_retried_ends_as_that_does(client: TestClient):
    name = a_name()
    put(client, name)
    schedule = saved(client, name)
    assert start() == 1
    job = uuid.UUID(runs_of(client, schedule)[0]["job_id"])
    finished(client, str(job))
    error = {"code": "TIME_LIMIT", "message": "it took too long", "hint": ""}
    with session_factory() as session:
        failed = {"status": "failed", "error": error, "result_sha256": None}
        session.execute(update(Job).where(Job.id == job).values(failed))
        session.execute(
            update(ScheduleRun)
            .where(ScheduleRun.job_id == job)
            .values(status="failed", error=error)
        )
        session.commit()
    assert last_run(client, schedule)["error"]["code"] == "TIME_LIMIT"
    assert client.post(f"{API}/jobs/{job}/retry").is_success
    finished(client, str(job))
    for _ in range(200):
        finish()
        [run] = runs_of(client, schedule)
        if run["status"] == "done":
            break
        threading.Event().wait(0.05)
    assert (run["status"], run["error"]) == ("done", None)


def test_paused_it_does_not_run_and_resumed_it_makes_up_for_nothing(client: TestClient):
    name = a_name()
    put(client, name)
    schedule = saved(client, name)
    paused = client.post(f"{API}/schedules/{schedule['id']}/pause").json()
    assert (paused["status"], paused["next_at"], paused["upcoming"]) == ("paused", None, [])
    assert start(NEW_YEAR.replace(2035)) == 0
    resumed = client.post(f"{API}/schedules/{schedule['id']}/resume").json()
    assert resumed["status"] == "active"
    assert at(resumed["next_at"]) > now()
    assert resumed["upcoming"][0] == resumed["next_at"]
    assert runs_of(client, schedule) == []


@pytest.fixture
def closed(client: TestClient) -> Iterator[TestClient]:
    get_settings().auth = True
    yield client
    get_settings().auth = False


def a_key(team: str, rate: int = 1_000_000) -> tuple[str, dict[str, str]]:
    with session_factory() as session:
        key, secret = create_key(session, f"k-{uuid.uuid4()}", ["read", "write"], rate, team)
        return str(key.id), {"Authorization": f"Bearer {secret}"}


def test_it_runs_by_the_right_of_a_key_and_stops_with_it(closed: TestClient):
    team = f"team-{uuid.uuid4()}"
    first, ann = a_key(team)
    _second, bo = a_key(team)
    name = a_name()
    put(closed, name, headers=ann)
    schedule = saved(closed, name, headers=ann)
    with session_factory() as session:
        session.get_one(ApiKey, uuid.UUID(first)).revoked_at = now()
        session.commit()
    assert start() == 0
    found = shown(closed, schedule, bo)
    assert (found["status"], found["error"]["code"]) == ("stopped", "KEY_GONE")
    assert found["last_run"]["error"]["code"] == "KEY_GONE"
    resumed = closed.post(f"{API}/schedules/{schedule['id']}/resume", headers=bo).json()
    assert (resumed["status"], resumed["error"]) == ("active", None)
    due_at(schedule, NEW_YEAR.replace(2032))
    assert start(NEW_YEAR.replace(2032)) == 1
    job = closed.get(f"{API}/jobs/{last_run(closed, schedule, bo)['job_id']}", headers=bo).json()
    assert job["made_by"] == resumed["made_by"]


def test_one_without_a_key_stops_when_keys_are_asked_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    name = a_name()
    put(client, name)
    schedule = saved(client, name)
    monkeypatch.setattr(get_settings(), "auth", True)
    assert start() == 0
    monkeypatch.setattr(get_settings(), "auth", False)
    assert shown(client, schedule)["error"]["code"] == "KEY_GONE"


def test_it_counts_as_a_request_of_its_key_and_waits_when_there_were_too_many(closed: TestClient):
    key_id, ann = a_key(f"team-{uuid.uuid4()}")
    name = a_name()
    put(closed, name, headers=ann)
    schedule = saved(closed, name, headers=ann)
    rate(key_id, 0)
    assert start() == 0
    rate(key_id, 1_000_000)
    waiting = shown(closed, schedule, ann)
    assert (waiting["status"], at(waiting["next_at"])) == ("active", NEW_YEAR)
    assert waiting["error"]["code"] == "TOO_MANY_REQUESTS"
    assert runs_of(closed, schedule, ann) == []
    assert start() == 1
    assert shown(closed, schedule, ann)["error"] is None


def rate(key_id: str, per_minute: int) -> None:
    with session_factory() as session:
        session.get_one(ApiKey, uuid.UUID(key_id)).rate_per_minute = per_minute
        session.commit()


@pytest.mark.skipif(get_services().office is not None, reason="a worker here makes PDFs")
def test_pdfs_wait_for_a_worker_that_makes_them_and_hold_up_no_other(client: TestClient):
    names = [a_name(), a_name()]
    for name in names:
        put(client, name)
    pdf = saved(client, names[0], options={"pdf": True})
    other = saved(client, names[1])
    due_at(pdf, NEW_YEAR - timedelta(hours=1))
    assert start() == 1
    assert shown(client, pdf)["error"]["code"] == "PDF_UNAVAILABLE"
    assert runs_of(client, pdf) == []
    assert len(runs_of(client, other)) == 1


@pytest.mark.skipif(get_services().office is not None, reason="a worker here makes PDFs")
def test_waiting_for_a_worker_takes_no_requests_from_its_key(closed: TestClient):
    key_id, ann = a_key(f"team-{uuid.uuid4()}")
    name = a_name()
    put(closed, name, headers=ann)
    schedule = saved(closed, name, headers=ann, options={"pdf": True})
    rate(key_id, 10)
    assert [start() for _ in range(20)] == [0] * 20
    assert shown(closed, schedule, ann)["error"]["code"] == "PDF_UNAVAILABLE"


def test_one_that_nobody_can_begin_holds_up_no_other_and_says_so(client: TestClient):
    names = [a_name(), a_name()]
    for name in names:
        put(client, name)
    bad, other = (saved(client, name) for name in names)
    due_at(bad, NEW_YEAR - timedelta(hours=1))
    keep_options(bad, {"of_another_time": True})
    assert start() == 1
    assert len(runs_of(client, other)) == 1
    found = shown(client, bad)
    assert (found["status"], found["error"]["code"]) == ("active", "INTERNAL_ERROR")
    assert runs_of(client, bad) == []
    keep_options(bad, {})
    assert start() == 1
    assert shown(client, bad)["error"] is None


def keep_options(schedule: dict[str, Any], options: dict[str, Any]) -> None:
    with session_factory() as session:
        wanted = Schedule.id == uuid.UUID(schedule["id"])
        session.execute(update(Schedule).where(wanted).values(options=options))
        session.commit()


class AwayStorage(DiskStorage):
    """A folder that does not answer."""

    def exists(self, sha256: str) -> bool:
        raise Away("the folder does not answer")

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        raise Away("the folder does not answer")
        yield Path(sha256)


def without_storage() -> Services:
    return replace(get_services(), storage=AwayStorage(get_settings().storage_dir))


def test_while_the_storage_is_away_it_stays_due_and_says_so(client: TestClient):
    name = a_name()
    put(client, name)
    first = saved(client, name)
    assert start() == 1
    assert last_run(client, first)["status"] == "done"
    again = saved(client, name)  # looks for what the first has made
    with session_factory() as session:
        assert runs.start_due(session, without_storage(), NEW_YEAR) == 0
    found = shown(client, again)
    assert (at(found["next_at"]), found["error"]["code"]) == (NEW_YEAR, "STORAGE_AWAY")
    assert start() == 1
    assert shown(client, again)["error"] is None


def test_a_time_whose_run_is_there_is_passed_over(client: TestClient):
    name = a_name()
    put(client, name)
    schedule = saved(client, name)
    assert start() == 1
    put(client, name)
    due_at(schedule, NEW_YEAR)  # as if its next time had not been kept
    assert start() == 0
    assert len(runs_of(client, schedule)) == 1
    assert at(shown(client, schedule)["next_at"]) == NEW_YEAR.replace(2032)
    assert start(NEW_YEAR.replace(2032)) == 1


def test_a_fault_in_what_is_due_leaves_no_run_without_its_end(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    name = a_name()
    put(client, name)
    schedule = saved(client, name)
    assert start() == 1
    [run] = runs_of(client, schedule)
    finished(client, run["job_id"])

    def broken(*_given: object) -> int:
        raise RuntimeError("nothing can be begun")

    monkeypatch.setattr(runs, "start_due", broken)
    stopping = threading.Event()
    thread = threading.Thread(target=keep_schedules, args=(get_services(), stopping))
    thread.start()
    for _ in range(100):
        if runs_of(client, schedule)[0]["status"] == "done":
            break
        threading.Event().wait(0.05)
    stopping.set()
    thread.join(30)
    assert runs_of(client, schedule)[0]["status"] == "done"


AUTHORITY = trustme.CA()


@pytest.fixture
def server() -> Iterator[MailServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    with mail_server(context) as running:
        yield running


@pytest.fixture
def mailing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: MailServer) -> Settings:
    """The settings, with a mail server."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    wanted = {"smtp_host": "localhost", "smtp_port": server.port, "smtp_user": USER}
    wanted |= {"smtp_password_file": password, "mail_from": "a@example.org"}
    for name, value in {**wanted, "mails_per_minute": 1000}.items():
        monkeypatch.setattr(get_settings(), name, value)
    trusting = ssl.create_default_context()
    AUTHORITY.configure_trust(trusting)
    monkeypatch.setattr(smtp, "_tls", lambda: trusting)
    return get_settings()


WORDS = {"address": "Mail", "subject": "For {{ Name }}", "text": "It is attached."}


def mailed(client: TestClient, name: str, **more: Any) -> dict[str, Any]:
    put(client, name)
    return saved(client, name, mode="per-row", template_id=a_letter(client), mail=WORDS, **more)


def test_each_runs_documents_are_sent_to_their_rows_and_never_twice(
    client: TestClient, server: MailServer, mailing: Settings
):
    schedule = mailed(client, a_name())
    assert start() == 1
    run = last_run(client, schedule)
    assert (run["status"], run["error"]) == ("done", None)
    assert deliver(mailing) == ["sent", "sent"]
    assert [str(each["To"]) for each in server.taken] == ["ann@example.org", "bo@example.org"]
    [attached] = server.taken[0].iter_attachments()
    assert paragraphs(attached.get_content()) == ["Dear Ann & Co"]
    # a worker that died after the mailing was made, before this was written down
    with session_factory() as session:
        wanted = ScheduleRun.id == uuid.UUID(run["id"])
        values = {"status": "converting", "mailing_id": None}
        session.execute(update(ScheduleRun).where(wanted).values(**values))
        session.commit()
    again = last_run(client, schedule)
    assert (again["status"], again["mailing_id"]) == ("done", run["mailing_id"])
    assert deliver(mailing) == []
    # and the same workbook goes to nobody a second time
    assert start(NEW_YEAR.replace(2032)) == 0
    assert len(server.taken) == 2


def test_a_worker_without_a_mail_server_leaves_the_mails_to_one_that_has_it(
    client: TestClient, mailing: Settings, monkeypatch: pytest.MonkeyPatch
):
    schedule = mailed(client, a_name())
    monkeypatch.setattr(mailing, "smtp_host", None)
    assert start() == 1
    [run] = runs_of(client, schedule)
    assert finished(client, run["job_id"])["status"] == "done"
    assert finish() == 0
    assert runs_of(client, schedule)[0]["status"] == "converting"
    monkeypatch.setattr(mailing, "smtp_host", "localhost")
    assert last_run(client, schedule)["mailing_id"]


@pytest.mark.parametrize("way", ["pause", "delete"])
def test_paused_or_deleted_after_it_began_it_sends_nothing(
    client: TestClient, mailing: Settings, monkeypatch: pytest.MonkeyPatch, way: str
):
    schedule = mailed(client, a_name())
    monkeypatch.setattr(mailing, "smtp_host", None)  # so that no worker is quicker
    assert start() == 1
    [run] = runs_of(client, schedule)
    assert finished(client, run["job_id"])["status"] == "done"
    url = f"{API}/schedules/{schedule['id']}"
    answer = client.post(f"{url}/pause") if way == "pause" else client.delete(url)
    assert answer.is_success
    monkeypatch.setattr(mailing, "smtp_host", "localhost")
    ended = ended_run(client, run)
    assert (ended.status, (ended.error or {})["code"]) == ("failed", "SCHEDULE_PAUSED")
    with session_factory() as session:
        of_job = select(Mailing).where(Mailing.job_id == uuid.UUID(run["job_id"]))
        assert session.scalars(of_job).all() == []


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """`happens` while the mails of a run are worked out."""
    plan = mailings.plan

    def planned(*given: Any) -> mailings.Plan:
        found = plan(*given)
        happens()
        return found

    monkeypatch.setattr(mailings, "plan", planned)


@pytest.mark.parametrize("way", ["pause", "delete"])
def test_paused_or_deleted_while_its_mails_are_worked_out_it_sends_nothing(
    client: TestClient, mailing: Settings, monkeypatch: pytest.MonkeyPatch, way: str
):
    schedule = mailed(client, a_name())
    url = f"{API}/schedules/{schedule['id']}"
    said: list[bool] = []

    def turned() -> None:
        answer = client.post(f"{url}/pause") if way == "pause" else client.delete(url)
        said.append(answer.is_success)

    meanwhile(monkeypatch, turned)
    assert start() == 1
    [run] = runs_of(client, schedule)
    ended = ended_run(client, run)
    assert said == [True]
    assert (ended.status, (ended.error or {})["code"]) == ("failed", "SCHEDULE_PAUSED")
    with session_factory() as session:
        of_job = select(Mailing).where(Mailing.job_id == uuid.UUID(run["job_id"]))
        assert session.scalars(of_job).all() == []


def ended_run(client: TestClient, run: dict[str, Any]) -> ScheduleRun:
    """Also of a schedule that is deleted."""
    finished(client, run["job_id"])
    for _ in range(200):
        finish()
        with session_factory() as session:
            found = session.get_one(ScheduleRun, uuid.UUID(run["id"]))
            if found.status != "converting":
                break
        threading.Event().wait(0.05)
    return found


def test_a_schedule_that_was_stopped_meanwhile_says_why_its_mails_were_not_sent(
    client: TestClient, mailing: Settings, monkeypatch: pytest.MonkeyPatch
):
    schedule = mailed(client, a_name())
    why = {"code": "TEMPLATE_GONE", "message": "the schedule's template is gone", "hint": ""}

    def stopped() -> None:
        with session_factory() as session:
            wanted = Schedule.id == uuid.UUID(schedule["id"])
            values = {"status": "stopped", "next_at": None, "error": why}
            session.execute(update(Schedule).where(wanted).values(values))
            session.commit()

    meanwhile(monkeypatch, stopped)
    assert start() == 1
    run = last_run(client, schedule)
    assert (run["status"], run["error"]) == ("failed", why)


@pytest.mark.parametrize(
    "error",
    [TooMany("too many files are being read", 10), Away("it does not answer"), NotFound("job", 1)],
    ids=lambda error: type(error).__name__,
)
def test_mails_that_cannot_be_worked_out_now_are_soon_tried_again(
    client: TestClient, mailing: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    schedule = mailed(client, a_name())
    failures = [error]

    def fails_once() -> None:
        if failures:
            raise failures.pop()

    meanwhile(monkeypatch, fails_once)
    assert start() == 1
    run = last_run(client, schedule)
    assert failures == []
    assert (run["status"], run["error"]) == ("done", None)
    assert run["mailing_id"]


def test_the_end_of_a_run_is_written_by_who_has_claimed_it_last(
    client: TestClient, mailing: Settings, monkeypatch: pytest.MonkeyPatch
):
    schedule = mailed(client, a_name())
    tried: list[bool] = []

    def claimed_by_another() -> None:
        with session_factory() as session:
            of_it = ScheduleRun.schedule_id == uuid.UUID(schedule["id"])
            values = {"claimed_until": NEW_YEAR.replace(2040)}
            session.execute(update(ScheduleRun).where(of_it).values(values))
            session.commit()
        tried.append(True)
        raise Refused("MAIL_TEXT", "that one knew nothing of this one's end")

    meanwhile(monkeypatch, claimed_by_another)
    assert start() == 1
    finished(client, runs_of(client, schedule)[0]["job_id"])
    for _ in range(200):
        finish()
        if tried:
            break
        threading.Event().wait(0.05)
    [run] = runs_of(client, schedule)
    assert (tried, run["status"], run["error"]) == ([True], "converting", None)


def test_what_was_sent_by_hand_is_not_sent_again_by_a_schedule_saved_after_it(
    client: TestClient, server: MailServer, mailing: Settings
):
    name, letter = a_name(), a_letter(client)
    by_hand = {"workbook_id": put(client, name), "mode": "per-row", "template_id": letter}
    job = client.post(f"{API}/jobs", json=by_hand).json()["id"]
    finished(client, job)
    sent = client.post(f"{API}/mailings", json={"job_id": job, **WORDS})
    assert sent.status_code == 202, sent.text
    schedule = saved(client, name, mode="per-row", template_id=letter, mail=WORDS)
    silent = saved(client, name, mode="per-row", template_id=letter)
    assert start() == 1
    assert runs_of(client, silent)[0]["job_id"]
    [run] = runs_of(client, schedule)
    assert (run["status"], run["error"]["code"]) == ("missed", "WORKBOOK_MISSING")
    assert "has a mailing already" in run["error"]["message"]
    put(client, name)
    assert start(NEW_YEAR.replace(2032)) == 2
    assert last_run(client, schedule)["mailing_id"]


def test_mails_that_cannot_be_written_fail_the_run_by_name(client: TestClient, mailing: Settings):
    name = a_name()
    put(client, name)
    words = {**WORDS, "address": "E-mail"}
    letter = a_letter(client)
    schedule = saved(client, name, mode="per-row", template_id=letter, mail=words)
    assert start() == 1
    run = last_run(client, schedule)
    assert (run["status"], run["error"]["code"]) == ("failed", "COLUMN_UNKNOWN")


def test_its_webhook_is_told_also_when_a_worker_without_a_way_out_begins(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    secret = tmp_path / "secret"
    secret.write_text("0" * 32)
    monkeypatch.setattr(get_settings(), "webhook_secret_file", secret)
    url = "https://hooks.example.org/told"
    name = a_name()
    put(client, name)
    refused = client.post(
        f"{API}/schedules",
        json={"name": "x", "cron": YEARLY, "workbook_name": name, "webhook": url},
    )
    assert refused.json()["code"] == "WEBHOOK_UNAVAILABLE"
    monkeypatch.setattr(get_settings(), "webhook_hosts", "hooks.example.org")
    schedule = saved(client, name, webhook=url)
    monkeypatch.setattr(get_settings(), "webhook_hosts", "")
    assert start() == 1
    run = last_run(client, schedule)
    with session_factory() as session:
        assert session.get_one(Webhook, uuid.UUID(run["job_id"])).url == url


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"cron": "0 25 * * *"}, 422, "SCHEDULE_TIME"),
        ({"time_zone": "Mars/Base"}, 422, "SCHEDULE_ZONE"),
        ({"mode": "per-row"}, 422, "TEMPLATE_NEEDED"),
        ({"mode": "per-group", "template_id": "own"}, 422, "GROUP_BY_NEEDED"),
        ({"mode": "per-row", "template_id": "own", "mail": WORDS}, 422, "MAIL_UNAVAILABLE"),
        ({"mode": "per-row", "template_id": str(uuid.uuid4())}, 404, "NOT_FOUND"),
        ({"mode": "per-row", "template_id": "own", "template_version": 9}, 404, "NOT_FOUND"),
        ({"name": ""}, 422, "INVALID_REQUEST"),
        ({"name": "a\0b"}, 422, "INVALID_REQUEST"),
        ({"workbook_name": "a\0b.xlsx"}, 422, "INVALID_REQUEST"),
        ({"workbook_name": "a\nb.xlsx"}, 422, "INVALID_REQUEST"),
        ({"pictures_name": "a\x85b.zip"}, 422, "INVALID_REQUEST"),
        ({"cron": "0 " * 60}, 422, "INVALID_REQUEST"),
    ],
)
def test_what_could_never_run_is_refused_when_it_is_saved(
    client: TestClient, wanted: dict[str, Any], status: int, code: str
):
    if wanted.get("template_id") == "own":
        wanted = {**wanted, "template_id": a_letter(client)}
    body = {"name": "x", "cron": YEARLY, "workbook_name": "w.xlsx", **wanted}
    answer = client.post(f"{API}/schedules", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get(f"{API}/schedules").json()["items"] == []


def test_a_team_has_no_more_schedules_than_it_may(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(get_settings(), "max_schedules", 2)
    once = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"name": "x", "cron": YEARLY, "workbook_name": "w.xlsx"}
    first = client.post(f"{API}/schedules", json=body, headers=once)
    saved(client, a_name())
    refused = client.post(f"{API}/schedules", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "TOO_MANY_SCHEDULES")
    assert client.post(f"{API}/schedules", json=body, headers=once).json() == first.json()
    assert client.delete(f"{API}/schedules/{first.json()['id']}").status_code == 204
    saved(client, a_name())


def test_the_audit_log_has_what_nobody_asked_for(client: TestClient):
    name = a_name()
    put(client, name)
    schedule = saved(client, name)
    start()
    start(NEW_YEAR.replace(2032))
    run = last_run(client, schedule)
    assert run["status"] == "missed"
    [missed, begun] = runs_of(client, schedule)
    wanted = (begun["job_id"], 202)
    with session_factory() as session:
        own = select(Audit).where(Audit.address == "schedule").order_by(Audit.created_at)
        found = [(a.subject, a.status) for a in session.scalars(own) if a.action == "submit_job"]
        made = session.scalars(
            select(Audit).where(Audit.action == "create_schedule", Audit.subject == schedule["id"])
        ).all()
    assert found[-1] == wanted
    assert schedule["id"] not in {subject for subject, _status in found}
    assert (len(made), missed["job_id"]) == (1, None)


def test_runs_are_forgotten_with_the_audit_log(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    schedule = saved(client, a_name())
    start()
    assert len(runs_of(client, schedule)) == 1
    with session_factory() as session:
        session.execute(update(ScheduleRun).values(created_at=now() - timedelta(days=401)))
        session.commit()
        sweep(session, get_services())
    assert runs_of(client, schedule) == []
    assert date.today() < NEW_YEAR.date()  # else these times are none of the future
