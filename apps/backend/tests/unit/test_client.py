"""The command line and the Python client, against a service of its own."""

import json
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import types
import typing
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.main import app
from excel2doc import Client, JobFailed, Problem, Unreachable, models
from tests.documents import paragraphs, table, template, unzipped
from tests.server import Service, client_environment, embedded_service

PEOPLE = "Name,Town\nAnn & Co,Berlin\n客户,上海\nBo,Berlin\n"
LETTER = template("Dear {{ Name }}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("client")
    with embedded_service(folder) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
    (tmp_path / "letter.docx").write_bytes(LETTER)
    return tmp_path


def convert(folder: Path, url: str, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    return excel2doc(folder, url, "convert", *arguments, stdin=stdin)


def excel2doc(folder: Path, url: str, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "excel2doc", *arguments],
        cwd=folder,
        env=client_environment(url),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_without_a_template_it_makes_tables(folder: Path, service: Service):
    assert convert(folder, service.url, "people.csv") == (0, "people.docx\n", "")
    assert table((folder / "people.docx").read_bytes())[2] == ["客户", "上海"]


def test_with_a_template_it_makes_a_document_a_row(folder: Path, service: Service):
    asked = ("people.csv", "--template", "letter.docx", "--name", "{{ Name }}")
    assert convert(folder, service.url, *asked) == (0, "people.zip\n", "")
    files = unzipped((folder / "people.zip").read_bytes())
    assert {name: paragraphs(content) for name, content in files.items()} == {
        "Ann & Co.docx": ["Dear Ann & Co"],
        "客户.docx": ["Dear 客户"],
        "Bo.docx": ["Dear Bo"],
    }


def test_a_webhook_is_told_by_a_service_that_may(folder: Path, service: Service, tmp_path: Path):
    heard: list[tuple[str, dict[str, Any]]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append((self.headers["webhook-signature"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://localhost:{server.server_port}/told"
    status, _out, err = convert(folder, service.url, "people.csv", "--webhook", url)
    assert (status, "sends no webhooks" in err) == (1, True), err

    (tmp_path / "secret").write_text("0123456789abcdef0123456789abcdef")
    allowed = {
        "EXCEL2DOC_WEBHOOK_HOSTS": f"localhost:{server.server_port}",
        "EXCEL2DOC_WEBHOOK_SECRET_FILE": str(tmp_path / "secret"),
        "EXCEL2DOC_WEBHOOK_PRIVATE": "true",
    }
    (tmp_path / "own").mkdir()
    with embedded_service(tmp_path / "own", **allowed) as telling:
        told = convert(folder, telling.url, "people.csv", "--webhook", url)
        assert told == (0, "people.docx\n", "")
        deadline = time.monotonic() + 120
        while not heard and time.monotonic() < deadline:
            time.sleep(0.1)
        [(signature, message)] = heard
        assert signature.startswith("v1,")
        assert message["type"] == "job.done"
    server.shutdown()
    server.server_close()


def test_json_from_a_pipe_and_a_mapped_field_in_one_document(folder: Path, service: Service):
    (folder / "t.docx").write_bytes(template("To {{ client }}"))
    asked = ("-", "--template", "t.docx", "--map", "client=Who", "--merged", "--to", "all.docx")
    rows = json.dumps([{"Who": "Ann"}, {"Who": "李明"}])
    assert convert(folder, service.url, *asked, stdin=rows) == (0, "all.docx\n", "")
    assert paragraphs((folder / "all.docx").read_bytes()) == ["To Ann", "To 李明"]


def test_what_is_there_is_not_written_over(folder: Path, service: Service):
    (folder / "people.docx").write_text("mine")
    for arguments in (("people.csv",), ("people.csv", "--to", "people.docx")):
        status, out, err = convert(folder, service.url, *arguments)
        assert (status, out) == (1, "")
        assert "people.docx is there already" in err
        assert "--force" in err
    assert (folder / "people.docx").read_text() == "mine"
    assert convert(folder, service.url, "people.csv", "--force")[0] == 0
    assert table((folder / "people.docx").read_bytes())[0] == ["Name", "Town"]
    assert sorted(p.name for p in folder.iterdir()) == ["letter.docx", "people.csv", "people.docx"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["none.csv"], 1, "none.csv is not there"),
        (["letter.docx"], 1, "UNKNOWN_KIND"),
        (["people.csv", "--sheet", "Nowhere"], 1, "SHEET_UNKNOWN"),
        (["people.csv", "--template", "people.csv"], 1, "NOT_A_ZIP"),
        (["people.csv", "--mode", "single"], 1, "TEMPLATE_NEEDED"),
        (["people.csv", "--map", "Name"], 2, "FIELD=COLUMN"),
        (["people.csv", "--mode", "all"], 2, "per-row"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_code(
    arguments: list[str], status: int, said: str, folder: Path, service: Service
):
    found, out, err = convert(folder, service.url, *arguments)
    assert (found, out) == (status, "")
    assert said in err
    assert "Traceback" not in err
    assert status == 2 or err.startswith("✗ ")
    assert status == 2 or err.count("\n") == 1


def test_a_dry_run_says_what_is_missing_and_writes_nothing(folder: Path, service: Service):
    (folder / "t.docx").write_bytes(template("{{ Name }} {{ Street }}"))
    before = sorted(folder.iterdir())
    status, out, _ = convert(folder, service.url, "people.csv", "--template", "t.docx", "--dry-run")
    assert status == 0
    assert "fields without a value: Street" in out
    assert "columns that nothing uses: Town" in out
    assert sorted(folder.iterdir()) == before


def test_a_service_that_is_not_there_is_named(folder: Path):
    status, _, err = convert(folder, "http://127.0.0.1:9", "people.csv")
    assert (status, err.count("\n")) == (1, 1)
    assert "no service answers at http://127.0.0.1:9" in err
    assert "is no address" in convert(folder, "localhost:8000", "people.csv")[2]


def test_interrupted_it_cancels_the_job(folder: Path, service: Service):
    (folder / "many.csv").write_text("Name\n" + "".join(f"n{i}\n" for i in range(20_000)))
    client = Client(service.url)
    process = subprocess.Popen(
        [sys.executable, "-m", "excel2doc", "convert", "many.csv", "--template", "letter.docx"],
        cwd=folder,
        env=client_environment(service.url),
    )
    deadline = time.monotonic() + 120
    job: Any = None
    while job is None and time.monotonic() < deadline:
        listed = client._transport.json("GET", "/jobs?limit=1")["items"]
        job = next((j for j in listed if j["workbook_name"] == "many.csv" and j["rows_done"]), None)
    assert job, "the job did not begin within 120 s"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    with pytest.raises(JobFailed, match="JOB_CANCELLED"):
        client.wait(job["id"])
    assert not (folder / "many.zip").exists()


def test_the_client_goes_from_file_to_file_and_keeps_a_template_once(
    folder: Path, service: Service
):
    client = Client(service.url)
    groups = folder / "groups.docx"
    groups.write_bytes(template("{{ group }}: {{ count }}"))
    for name in ("a.docx", "b.docx"):
        made = client.convert(
            folder / "people.csv", folder / name, groups, group_by="Town", merged=True
        )
        assert paragraphs(made.read_bytes()) == ["Berlin: 2", "上海: 1"]
    assert [each["name"] for each in client.templates()].count("groups.docx") == 1
    with pytest.raises(Problem) as refused:
        client.upload_workbook(b"PK no", "x.xlsx")
    assert (refused.value.code, refused.value.status) == ("NOT_A_ZIP", 422)
    book = client.upload_workbook(folder / "people.csv", keep_hours=1)
    made_, version = client.upload_template(template("{{ Gone }}"), "gone.docx")
    with pytest.raises(JobFailed, match="FIELD_MISSING"):
        client.wait(client.submit(book["id"], made_["id"], template_version=version)["id"])


def test_a_conversion_is_saved_to_run_by_itself_listed_paused_and_forgotten(
    folder: Path, service: Service
):
    def run(*arguments: str) -> tuple[int, str, str]:
        return excel2doc(folder, service.url, *arguments)

    status, out, err = run("upload", "people.csv")
    assert (status, out.partition(", kept until ")[0], err) == (0, "people.csv", "")
    monthly = ("--cron", "0 6 1 * *", "--zone", "Europe/Berlin")
    status, out, err = run("schedule", "people.csv", "--template", "letter.docx", *monthly)
    assert (status, err) == (0, "")
    made, *times, hint = out.splitlines()
    assert (len(times), hint.rpartition(": ")[2]) == (3, "excel2doc upload people.csv")
    spaced = folder / "of may" / "it's; all.csv"
    status, out, err = run("schedule", str(spaced), "--cron", "0 6 1 * *")
    assert (status, err) == (0, "")
    assert shlex.split(out.rpartition(": ")[2]) == ["excel2doc", "upload", str(spaced)]
    assert run("schedules", "--delete", out.splitlines()[0])[0] == 0
    [kept] = Client(service.url).schedules()
    assert (kept["id"], kept["mode"], kept["time_zone"]) == (made, "per-row", "Europe/Berlin")
    assert kept["template_name"] == "letter.docx"
    status, out, _ = run("schedules")
    assert (status, out.startswith(f"✓ {made} people.csv (people.csv): active, next ")) == (0, True)
    assert run("schedules", "--pause", made)[1].endswith(": paused\n")
    assert "active" in run("schedules", "--resume", made)[1]
    assert list(Client(service.url).runs(made)) == []
    assert run("schedules", "--delete", made) == (0, "", "")
    for arguments, code, said in (
        (("people.csv", "--cron", "0 25 * * *"), 1, "SCHEDULE_TIME"),
        (("people.csv", "--cron", "0 6 * * *", "--zone", "Berlin"), 1, "SCHEDULE_ZONE"),
        (("people.csv", "--cron", "0 6 * * *", "--address", "Mail"), 2, "go together"),
        (("-", "--cron", "0 6 * * *"), 2, "not from a pipe"),
    ):
        status, out, err = run("schedule", *arguments)
        assert (status, out) == (code, "")
        assert said in err
    assert list(Client(service.url).schedules()) == []


def test_one_that_has_stopped_is_told_by_the_status(folder: Path, service: Service):
    client = Client(service.url)
    made, _ = client.upload_template(template("{{ Name }}, by itself"), "gone.docx")
    schedule = client.schedule("Gone", "0 0 1 1 *", "people.csv", made["id"])
    with client._transport.open("DELETE", f"/templates/{made['id']}", None, {}):
        pass
    with closing(sqlite3.connect(service.log.parent / "excel2doc.sqlite3")) as database:
        database.execute("UPDATE schedules SET next_at = '2020-01-01 00:00:00.000000'")
        database.commit()
    deadline = time.monotonic() + 120
    while next(client.schedules())["status"] == "active" and time.monotonic() < deadline:
        time.sleep(0.5)
    status, out, _ = excel2doc(folder, service.url, "schedules")
    assert (status, out[:1]) == (1, "✗")
    assert "stopped" in out
    assert "TEMPLATE_GONE: the schedule's template is gone" in out
    client.remove_schedule(schedule["id"])


class Busy(BaseHTTPRequestHandler):
    """Away twice, then there; its results end too early."""

    asked: typing.ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        away = len(self.asked) < 3
        self.send_response(503 if away else 200)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "100" if "result" in self.path else "2")
        self.end_headers()
        if not away:
            self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_what_is_away_is_asked_again_and_half_a_result_is_none(tmp_path: Path):
    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = Client(f"http://127.0.0.1:{server.server_port}")
        answer: Any = client.job("x")
        assert answer == {}
        assert Busy.asked == ["/api/v1/jobs/x"] * 3
        job: Any = {"id": "x", "result_bytes": 100}
        with pytest.raises(Unreachable):
            client.save(job, tmp_path / "result.docx")
        server.shutdown()
    assert list(tmp_path.iterdir()) == []


def shape(hint: Any) -> Any:
    """A type as OpenAPI would write it, as far as the client says."""
    if typing.is_typeddict(hint):
        return {name: shape(each) for name, each in typing.get_type_hints(hint).items()}
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return {"any of": [shape(each) for each in inner]}
    if origin is list:
        return [shape(inner[0])]
    if origin is dict:
        return "object"
    if origin is typing.Literal:
        return "string"
    return {str: "string", int: "integer", bool: "boolean", type(None): "null"}[hint]


def described(schema: dict[str, Any], whole: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return described(whole[schema["$ref"].rpartition("/")[2]], whole)
    if "anyOf" in schema:
        return {"any of": [described(each, whole) for each in schema["anyOf"]]}
    if schema["type"] == "array":
        return [described(schema["items"], whole)]
    if "properties" in schema:
        return {name: described(each, whole) for name, each in schema["properties"].items()}
    return schema["type"]


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        (models.Workbook, "WorkbookOut"),
        (models.PictureArchive, "PictureArchiveOut"),
        (models.Template, "TemplateOut"),
        (models.Options, "OptionsIn"),
        (models.Job, "JobOut"),
        (models.DryRun, "DryRunOut"),
        (models.MailingDryRun, "MailingDryRunOut"),
        (models.Mailing, "MailingOut"),
        (models.Mail, "MailOut"),
        (models.Schedule, "ScheduleOut"),
        (models.Run, "RunOut"),
    ],
)
def test_the_clients_types_are_those_of_the_openapi_description(model: Any, schema: str):
    whole = app.openapi()["components"]["schemas"]
    assert shape(model) == described(whole[schema], whole)
    modes = typing.get_args(models.Mode)
    assert list(modes) == whole["Mode"]["enum"]
