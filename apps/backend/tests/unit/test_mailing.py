"""Documents go out by e-mail: to a real server, each to its row's address, and none twice."""

import email
import email.policy
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trustme
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.core.config import Settings, get_settings
from app.core.database import session_factory
from app.domain.letters import checked_address, one_line
from app.services.context import get_services
from app.services.mail import outbox, smtp
from app.services.mail.message import message_bytes
from app.tables import Mail, Mailing, now
from app.worker.mails import send_mails
from app.worker.sweep import sweep
from tests.documents import finished, paragraphs, template
from tests.mail_server import PASSWORD, USER, MailServer, deliver, mail_server
from tests.server import client_environment, embedded_service
from tests.unit.test_jobs_api import submit, upload_template
from tests.workbooks import xlsx

API = "/api/v1"
SENDER = "Rechnungen & Co <invoices@example.org>"
AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def server(certificate: ssl.SSLContext) -> Iterator[MailServer]:
    with mail_server(certificate) as running:
        yield running


def use(monkeypatch: pytest.MonkeyPatch, folder: Path, server: MailServer, **more: Any) -> Settings:
    """The settings, which lead to `server`; nothing of an earlier test waits."""
    settings = get_settings()
    password = folder / "password"
    password.write_text(PASSWORD + "\n")
    wanted = {"smtp_host": "localhost", "smtp_port": server.port, "smtp_user": USER}
    wanted |= {"smtp_password_file": password, "mail_from": SENDER, "mails_per_minute": 1000}
    for name, value in {**wanted, **more}.items():
        monkeypatch.setattr(settings, name, value)
    trusting = ssl.create_default_context()
    AUTHORITY.configure_trust(trusting)
    monkeypatch.setattr(smtp, "_tls", lambda: trusting)
    with session_factory() as session:
        for mailing in session.query(Mailing):
            session.delete(mailing)
        session.commit()
    return settings


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: MailServer) -> Settings:
    return use(monkeypatch, tmp_path, server)


@cache
def a_letter(client: TestClient) -> str:
    return upload_template(client, template("Dear {{ Name }}"))


def a_job(client: TestClient, *rows: list[Any], **options: Any) -> str:
    """Of a letter for each row of Name, Mail, Due; done, at once where another test had the same."""
    content = xlsx({"S": [["Name", "Mail", "Due"], *rows]})
    workbook = client.post(f"{API}/workbooks", files={"file": ("w.xlsx", content)}).json()["id"]
    wanted = {"workbook_id": workbook, "mode": "per-row", "template_id": a_letter(client)}
    wanted |= {"options": {"file_name": "{{ Name }}", **options}}
    job = finished(client, submit(client, **wanted).json()["id"], 120)
    assert job["status"] == "done", job
    made: str = job["id"]
    return made


def wording(job: str, **more: str) -> dict[str, str]:
    texts = {"subject": "For {{ Name }}", "text": "Dear {{ Name }},\n\n.it is here: {{ Due }}"}
    return {"job_id": job, "address": "Mail", **texts, **more}


def sent(client: TestClient, job: str, **more: str) -> dict[str, Any]:
    answer = client.post(f"{API}/mailings", json=wording(job, **more))
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def mails(client: TestClient, mailing: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"{API}/mailings/{mailing['id']}/mails").json()[
        "items"
    ]
    return items


def words_of(message: EmailMessage) -> str:
    body = message.get_body()
    assert body is not None
    text: str = body.get_content()
    return text.replace("\r\n", "\n")


def counts(client: TestClient, mailing: dict[str, Any]) -> dict[str, int]:
    found = client.get(f"{API}/mailings/{mailing['id']}").json()["mails"]
    return {status: number for status, number in found.items() if number}


def change(mailing: dict[str, Any], **values: Any) -> None:
    with session_factory() as session:
        for mail in session.query(Mail).where(Mail.mailing_id == UUID(mailing["id"])):
            for name, value in values.items():
                setattr(mail, name, value)
        session.commit()


def test_each_row_gets_its_own_document_once(
    client: TestClient, server: MailServer, settings: Settings
):
    rows = [["Ann & Co", "ann@example.org", "x"], ["客户", " BO@Bücher.example ", "y"]]
    job = a_job(client, *rows)
    mailing = sent(client, job)
    assert deliver(settings) == ["sent", "sent"]
    assert deliver(settings) == []
    assert counts(client, mailing) == {"sent": 2}
    ann, bo = server.taken
    assert (ann["To"], bo["To"]) == ("ann@example.org", "BO@xn--bcher-kva.example")
    assert (ann["From"], bo["Subject"]) == ("Rechnungen & Co <invoices@example.org>", "For 客户")
    assert words_of(bo) == "Dear 客户,\n\n.it is here: y\n"
    [attached] = bo.iter_attachments()
    assert attached.get_filename() == "客户.docx"
    assert paragraphs(attached.get_content())[0] == "Dear 客户"
    assert [mail["message_id"] for mail in mails(client, mailing)] == server.ids


def test_a_dry_run_lists_what_would_be_sent_to_whom_and_sends_nothing(
    client: TestClient, server: MailServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    rows = [
        ["Ann", "ann@example.org", ""],
        ["Bo", "", ""],
        ["Cy", "cy@a@b", ""],
        ["Di", "d@e.org", ""],
    ]
    job = a_job(client, *rows)
    found = client.post(f"{API}/mailing-dry-runs", json=wording(job)).json()
    listed = [
        (m["address"], m["document"], (m["problem"] or {}).get("code")) for m in found["mails"]
    ]
    assert listed == [
        ("ann@example.org", "Ann.docx", None),
        ("", "Bo.docx", "ADDRESS_MISSING"),
        ("cy@a@b", "Cy.docx", "ADDRESS_INVALID"),
        ("d@e.org", "Di.docx", None),
    ]
    assert found["mails"][0]["text"] == "Dear Ann,\n\n.it is here: "
    assert found["mails"][3]["text"] is None
    assert (found["problems"], found["sender"]) == (2, SENDER)
    assert deliver(settings) == []
    assert client.get(f"{API}/mailings").json()["items"] == []
    # and what it said is what is done
    mailing = sent(client, job)
    assert deliver(settings) == ["sent", "sent"]
    assert counts(client, mailing) == {"sent": 2, "failed": 2}
    monkeypatch.setattr(settings, "mail_max_bytes", 100)
    assert client.post(f"{API}/mailing-dry-runs", json=wording(job)).json()["problems"] == 4


def test_a_job_is_mailed_once_and_a_repeated_request_makes_one_mailing(
    client: TestClient, server: MailServer, settings: Settings
):
    job = a_job(client, ["Ann", "ann@example.org", ""])
    once = {"Idempotency-Key": str(uuid4())}
    answers = [
        client.post(f"{API}/mailings", json=wording(job), headers=once).json() for _ in range(2)
    ]
    assert answers[0]["id"] == answers[1]["id"]
    again = client.post(f"{API}/mailings", json=wording(job, subject="Another"))
    assert (again.status_code, again.json()["code"]) == (409, "MAILING_EXISTS")
    assert answers[0]["id"] in again.json()["detail"]
    assert deliver(settings) == ["sent"]


def test_a_refused_address_is_named_in_the_servers_words_and_stops_no_other(
    client: TestClient, server: MailServer, settings: Settings
):
    server.at_rcpt["bo"] = "550 5.1.1 no such user here"
    server.after_data["cy"] = "554 5.7.1 looks like spam"
    server.after_data["di"] = "451 4.7.1 come again"
    rows = [[n, f"{n}@example.org", ""] for n in ("ann", "bo", "cy", "di", "ed")]
    mailing = sent(client, a_job(client, *rows))
    assert deliver(settings) == ["sent", "failed", "failed", "waiting", "sent"]
    said = {mail["address"]: mail["error"] for mail in mails(client, mailing)}
    assert said["bo@example.org"]["message"] == "550 5.1.1 no such user here"
    assert said["cy@example.org"]["message"] == "554 5.7.1 looks like spam"
    assert said["di@example.org"]["code"] == "MAIL_REFUSED"
    assert said["ed@example.org"] is None

    first = [mail["message_id"] for mail in mails(client, mailing)]
    server.at_rcpt.clear()
    server.after_data.clear()
    with session_factory() as session:
        session.query(Mail).where(Mail.status == "waiting").update({"due_at": now()})
        session.commit()
    assert deliver(settings) == ["sent"]  # what was only put off
    assert client.post(f"{API}/mailings/{mailing['id']}/retry").json()["mails"]["waiting"] == 2
    assert deliver(settings) == ["sent", "sent"]
    assert sorted(server.ids) == sorted(first)


def test_who_says_not_now_is_asked_again_and_in_the_end_no_more(
    client: TestClient, server: MailServer, settings: Settings
):
    server.at_rcpt["ann"] = "450 4.2.0 greylisted"
    mailing = sent(client, a_job(client, ["Ann", "ann@example.org", ""]))
    for seconds in (60, 300, 1_800, 7_200, 21_600):
        before = now()
        assert deliver(settings) == ["waiting"]
        with session_factory() as session:
            [mail] = session.query(Mail).where(Mail.mailing_id == UUID(mailing["id"]))
            assert mail.due_at >= before + timedelta(seconds=seconds)
        change(mailing, due_at=now())
    assert deliver(settings) == ["failed"]


def test_a_server_that_is_away_or_lets_us_not_in_is_no_fault_of_the_mails(
    client: TestClient, server: MailServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    mailing = sent(client, a_job(client, ["Ann", "ann@example.org", ""]))
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(settings, "smtp_port", 1)
        for _ in range(8):  # more often than a mail is refused
            assert deliver(settings) == ["waiting"]
            change(mailing, due_at=now())
    assert mails(client, mailing)[0]["error"]["code"] == "MAIL_SERVER_AWAY"
    assert settings.smtp_password_file is not None
    settings.smtp_password_file.write_text("a wrong one")
    assert deliver(settings) == ["waiting"]
    error = mails(client, mailing)[0]["error"]["message"]
    assert "does not know our name and password" in error
    assert "wrong one" not in error
    settings.smtp_password_file.write_text(PASSWORD)  # read anew
    change(mailing, due_at=now())
    assert deliver(settings) == ["sent"]

    late = sent(client, a_job(client, ["Bo", "bo@example.org", ""]))
    with session_factory() as session:
        session.get_one(Mailing, UUID(late["id"])).created_at = now() - timedelta(hours=49)
        session.commit()
    monkeypatch.setattr(settings, "smtp_port", 1)
    assert deliver(settings) == ["failed"]


def test_silence_after_the_whole_mail_is_unclear_and_it_is_never_sent_again(
    client: TestClient, server: MailServer, settings: Settings
):
    server.after_data["ann"] = ""
    mailing = sent(client, a_job(client, ["Ann", "ann@example.org", ""]))
    assert deliver(settings) == ["unclear"]
    change(mailing, due_at=now())
    client.post(f"{API}/mailings/{mailing['id']}/retry")
    assert deliver(settings) == []
    assert len(server.taken) == 1
    assert "may have been sent" in mails(client, mailing)[0]["error"]["message"]


def test_a_worker_that_dies_before_the_end_leaves_it_to_another_and_at_the_end_to_nobody(
    client: TestClient, server: MailServer, settings: Settings
):
    job = a_job(client, ["Ann", "ann@example.org", ""], ["Bo", "bo@example.org", ""])
    mailing = sent(client, job)
    storage = get_services().storage
    with session_factory() as session:
        dead = outbox.claim(session, settings)  # and dies here
        assert dead is not None
    assert deliver(settings) == ["sent"]  # the other one; the first is the dead one's for a while
    change(mailing, due_at=now())
    assert deliver(settings) == ["sent"]
    with session_factory() as session:  # it was not dead after all: it sends nothing
        assert outbox.deliver(session, dead, settings, storage) == "lost"
    assert len(server.ids) == len(set(server.ids)) == 2

    mailing = sent(client, a_job(client, ["Cy", "cy@example.org", ""]))
    change(mailing, status="sending", attempt=1, claimed_at=now() - timedelta(hours=1))
    assert deliver(settings) == []
    assert counts(client, mailing) == {"unclear": 1}
    assert len(server.taken) == 2


def test_workers_that_send_at_once_send_each_mail_once(
    client: TestClient, server: MailServer, settings: Settings
):
    rows = [[f"n{n}", f"n{n}@example.org", ""] for n in range(30)]
    mailing = sent(client, a_job(client, *rows))
    stopping = threading.Event()
    workers = [
        threading.Thread(target=send_mails, args=(get_services(), stopping), daemon=True)
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for _ in range(1200):
        if counts(client, mailing) == {"sent": 30} or stopping.wait(0.1):
            break
    stopping.set()
    for worker in workers:
        worker.join(120)
    assert counts(client, mailing) == {"sent": 30}
    assert len(server.ids) == len(set(server.ids)) == 30


def test_the_rate_is_kept_and_two_mailings_take_turns(
    client: TestClient, server: MailServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    long = [[f"a{n}", f"a{n}@example.org", ""] for n in range(5)]
    sent(client, a_job(client, *long))
    monkeypatch.setattr(settings, "mails_per_minute", 2)
    assert deliver(settings) == ["sent", "sent"]
    assert deliver(settings) == []  # until the minute is over
    second = sent(client, a_job(client, ["Bo", "bo@example.org", ""]))
    with session_factory() as session:
        session.query(Mail).update({"claimed_at": now() - timedelta(seconds=61)})
        session.commit()
    assert deliver(settings) == ["sent", "sent"]
    assert counts(client, second) == {"sent": 1}  # not behind the five


def test_a_cancelled_mailing_sends_no_more(
    client: TestClient, server: MailServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    rows = [[f"n{n}", f"n{n}@example.org", ""] for n in range(3)]
    mailing = sent(client, a_job(client, *rows))
    monkeypatch.setattr(settings, "mails_per_minute", 1)
    assert deliver(settings) == ["sent"]
    client.post(f"{API}/mailings/{mailing['id']}/cancel")
    monkeypatch.setattr(settings, "mails_per_minute", 100)
    assert deliver(settings) == []
    assert counts(client, mailing) == {"sent": 1, "cancelled": 2}


def test_its_documents_stay_until_the_last_is_sent_and_then_the_mailing_goes(
    client: TestClient, server: MailServer, settings: Settings
):
    job = a_job(client, ["Ann", "ann@example.org", ""])
    mailing = sent(client, job)
    assert client.delete(f"{API}/jobs/{job}").status_code == 204
    with session_factory() as session:
        kept = session.get_one(Mailing, UUID(mailing["id"]))
        kept.expires_at = now() - timedelta(hours=1)
        session.commit()
        sweep(session, get_services())
    assert deliver(settings) == ["sent"]
    with session_factory() as session:
        sweep(session, get_services())
    assert client.get(f"{API}/mailings/{mailing['id']}").status_code == 404


def test_line_breaks_in_cells_make_no_header(
    client: TestClient, server: MailServer, settings: Settings
):
    rows = [
        ["Ann\r\nBcc: victim@example.org", "ann@example.org", "a\r\n.\r\nMAIL FROM:<x@y.z>"],
        ["Bo", "bo@example.org\r\nBcc: victim@example.org", ""],
        ["Cy", "cy@example.org>\r\nRCPT TO:<victim@example.org", ""],
        ["Di", "di@example.org,victim@example.org", ""],
    ]
    mailing = sent(client, a_job(client, *rows, file_name="{{ row_number }}"))
    assert deliver(settings) == ["sent"]
    [mail] = server.taken
    assert mail["Subject"] == "For Ann Bcc: victim@example.org"
    assert (mail["Bcc"], mail["To"]) == (None, "ann@example.org")
    assert "\n.\nMAIL FROM" in words_of(mail)
    problems = [m["error"] and m["error"]["code"] for m in mails(client, mailing)]
    assert problems == [None, *["ADDRESS_INVALID"] * 3]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # seen from inside it
@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "from the first byte"])
def test_a_certificate_is_looked_at_before_anything_is_said(
    implicit: bool,
    client: TestClient,
    certificate: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    with mail_server(certificate, implicit=implicit) as server:
        security = "tls" if implicit else "starttls"
        settings = use(monkeypatch, tmp_path, server, smtp_security=security)
        mailing = sent(client, a_job(client, ["Ann", "ann@example.org", ""]))
        with monkeypatch.context() as stranger:
            stranger.setattr(smtp, "_tls", ssl.create_default_context)
            assert deliver(settings) == ["waiting"]
        assert "certificate is not valid" in mails(client, mailing)[0]["error"]["message"]
        change(mailing, due_at=now())
        with monkeypatch.context() as elsewhere:  # of another name than the certificate's
            elsewhere.setattr(settings, "smtp_host", "127.0.0.1")
            assert deliver(settings) == ["waiting"]
        assert server.taken == []
        change(mailing, due_at=now())
        assert deliver(settings) == ["sent"]


def test_without_starttls_nothing_is_sent_in_the_clear(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with mail_server(None, closed=False) as server:
        settings = use(monkeypatch, tmp_path, server)
        mailing = sent(client, a_job(client, ["Ann", "ann@example.org", ""]))
        assert deliver(settings) == ["waiting"]
        assert "STARTTLS" in mails(client, mailing)[0]["error"]["message"]
        for name, value in (("smtp_security", "none"), ("smtp_user", None)):
            monkeypatch.setattr(settings, name, value)
        monkeypatch.setattr(settings, "smtp_password_file", None)
        change(mailing, due_at=now())
        assert deliver(settings) == ["sent"]


def test_a_server_that_takes_no_mail_of_that_size_has_refused_that_mail(
    client: TestClient, certificate: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with mail_server(certificate, data_size_limit=2_000) as server:
        settings = use(monkeypatch, tmp_path, server)
        mailing = sent(client, a_job(client, ["Ann", "ann@example.org", ""]))
        assert deliver(settings) == ["failed"]
        assert "552" in mails(client, mailing)[0]["error"]["message"]


def test_one_a_group_and_none_where_there_is_one_document(
    client: TestClient, server: MailServer, settings: Settings
):
    rows = [["Ann", "ann@example.org", 1], ["Ann", "other@example.org", 2], ["Bo", "bo@e.org", 3]]
    content = xlsx({"S": [["Name", "Mail", "Due"], *rows]})
    workbook = client.post(f"{API}/workbooks", files={"file": ("w.xlsx", content)}).json()["id"]
    letter = upload_template(client, template("{{ count }}"))
    wanted = {"workbook_id": workbook, "mode": "per-group", "template_id": letter}
    done = [
        finished(client, submit(client, **wanted, options=options).json()["id"], 120)["id"]
        for options in ({"group_by": "Name"}, {"group_by": "Name", "merged": True})
    ]
    text = "{{ rows|sum(attribute='raw.Due') }}"
    sent(client, done[0], subject="{{ group }}", text=text)
    assert deliver(settings) == ["sent", "sent"]
    assert [(m["To"], m["Subject"]) for m in server.taken] == [
        ("ann@example.org", "Ann"),
        ("bo@e.org", "Bo"),
    ]
    assert words_of(server.taken[0]) == "3\n"
    refused = client.post(f"{API}/mailings", json=wording(done[1]))
    assert (refused.status_code, refused.json()["code"]) == (422, "MAIL_NEEDS_MANY")


def test_what_is_wrong_with_the_words_is_said_with_its_row(
    client: TestClient, server: MailServer, settings: Settings
):
    job = a_job(client, ["Ann", "ann@example.org", ""])
    for more, code, words in (
        ({"address": "Post"}, "COLUMN_UNKNOWN", "it has: Name, Mail, Due"),
        ({"text": "{{ Nmae }}"}, "MAIL_TEXT", "row 2"),
        ({"subject": "{% if %}"}, "MAIL_TEXT", "{% if %}"),
        ({"text": "{{ 'x' * 30000 }}"}, "MAIL_TEXT", ""),
        ({"text": "{{ Name|rich }}"}, "MAIL_TEXT", ""),
    ):
        answer = client.post(f"{API}/mailing-dry-runs", json=wording(job, **more))
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        assert words in answer.text.replace('\\"', '"')
    skipping = "{% if Name == 'Ann' %}{{ skip_row() }}{% endif %}x"
    found = client.post(f"{API}/mailing-dry-runs", json=wording(job, text=skipping)).json()
    assert found["mails"] == []


def test_the_command_line_lists_first_and_sends_only_when_told_to(
    server: MailServer, settings: Settings, tmp_path: Path
):
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "people.csv").write_text("Name,Mail\nAnn,ann@example.org\nBo,\n", "utf-8")
    (tmp_path / "letter.docx").write_bytes(template("Dear {{ Name }}"))
    (tmp_path / "words.txt").write_text("Dear {{ Name }}", "utf-8")
    own = {
        "EXCEL2DOC_SMTP_HOST": "localhost",
        "EXCEL2DOC_SMTP_PORT": str(server.port),
        "EXCEL2DOC_SMTP_USER": USER,
        "EXCEL2DOC_SMTP_PASSWORD_FILE": str(settings.smtp_password_file),
        "EXCEL2DOC_MAIL_FROM": SENDER,
        "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
    }
    (tmp_path / "own").mkdir()
    with embedded_service(tmp_path / "own", **own) as service:

        def mail(*more: str) -> tuple[int, str]:
            asked = ("people.csv", "--template", "letter.docx", "--name", "{{ Name }}")
            words = ("--address", "Mail", "--subject", "For {{ Name }}", "--text", "words.txt")
            done = subprocess.run(
                [sys.executable, "-m", "excel2doc", "mail", *asked, *words, *more],
                cwd=tmp_path,
                env=client_environment(service.url),
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            return done.returncode, done.stdout + done.stderr

        status, said = mail()
        assert said.splitlines() == [
            "✉ Ann.docx -> ann@example.org: For Ann",
            "✗ Bo.docx -> nobody: ADDRESS_MISSING: the cell is empty",
            f"1 mails from {SENDER}; nothing is sent without --send",
        ]
        assert (status, server.taken) == (1, [])
        status, said = mail("--send")
        lines = ["✗ Bo.docx -> nobody: ADDRESS_MISSING: the cell is empty", "1 mails sent"]
        assert (status, said.splitlines()) == (1, lines)
        assert [message["To"] for message in server.taken] == ["ann@example.org"]


def test_without_a_server_there_is_no_mail(client: TestClient):
    job = a_job(client, ["Ann", "ann@example.org", ""])
    answer = client.post(f"{API}/mailings", json=wording(job))
    assert (answer.status_code, answer.json()["code"]) == (422, "MAIL_UNAVAILABLE")
    assert client.get("/health/ready").json()["mail"] is False


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"mail_from": ""}, "MAIL_FROM"),
        ({"mail_from": "nobody"}, "MAIL_FROM"),
        ({"smtp_user": "x"}, "_SMTP_PASSWORD_FILE"),
        (
            {"smtp_user": "x", "smtp_password_file": "y", "smtp_security": "none"},
            "without encryption",
        ),
    ],
)
def test_settings_that_are_half_there_are_said_at_the_start(settings: dict[str, Any], named: str):
    with pytest.raises(ValidationError, match=named):
        Settings(**{"smtp_host": "mail.test", "mail_from": SENDER, **settings})


@given(st.text(max_size=80) | st.from_regex(r"[a-z.@\r\n>< ,]{0,30}@[a-z.\r\n> -]{0,20}"))
def test_no_text_becomes_an_address_that_could_end_a_header_or_a_command(text: str):
    try:
        address = checked_address(text)
    except ValueError:
        return
    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' <>,;:\\"()[]')
    assert address.count("@") == 1


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_subject_becomes_a_header_of_its_own(subject: str, text: str):
    content = message_bytes(
        mail_id=uuid4(),
        sender=SENDER,
        recipient="ann@example.org",
        subject=one_line(subject),
        text=text.encode("utf-8", "ignore").decode(),
        document="a.docx",
        content=b"x",
        moment=now(),
    )
    head = content.partition(b"\r\n\r\n")[0]
    message = email.message_from_bytes(content, policy=email.policy.default)
    wanted = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"}
    assert {name.lower() for name in message} == wanted
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
