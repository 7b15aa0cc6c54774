"""Workers that send e-mail are killed in the middle: no mail goes out twice, and none is lost."""

import os
import ssl
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import trustme
from sqlalchemy import delete, func, select, update

from app.core.database import session_factory
from app.services.context import get_services
from app.tables import SHARED_TEAM, Mail, Mailing, now
from tests.documents import template
from tests.integration.workers import kill, start_worker
from tests.mail_server import PASSWORD, USER, mail_server

ROUNDS = int(os.environ.get("EXCEL2DOC_KILL_ROUNDS", "2"))
MAILS = 10 * ROUNDS
SENDER = "Excel2Doc <excel2doc@example.org>"


def a_mailing(folder: Path) -> None:
    """Of mails that wait, with one document; other tests' are taken away."""
    archive = folder / "result.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.docx", template("x"))
    stored = get_services().storage.put(archive)
    with session_factory() as session:
        session.execute(delete(Mailing))
        mailing = Mailing(
            team_id=SHARED_TEAM,
            expires_at=now() + timedelta(hours=1),
            sender=SENDER,
            result_sha256=stored.sha256,
        )
        session.add(mailing)
        session.flush()
        for position in range(MAILS):
            texts = {"place": f"row {position}", "subject": "s", "text": "t", "document": "a.docx"}
            address = f"n{position}-{uuid4().hex[:6]}@example.org"
            given = {"address": address, "size_bytes": 1, "status": "waiting"}
            session.add(Mail(mailing_id=mailing.id, position=position, **texts, **given))
        session.commit()


def counts() -> dict[str, int]:
    with session_factory() as session:
        rows = session.execute(select(Mail.status, func.count()).group_by(Mail.status)).all()
        return {row[0]: row[1] for row in rows}


def let_leases_end() -> None:
    """As if the time had passed after which a silent worker's mails are others'."""
    with session_factory() as session:
        session.execute(update(Mail).where(Mail.status == "waiting").values(due_at=now()))
        sending = update(Mail).where(Mail.status == "sending")
        session.execute(sending.values(claimed_at=now() - timedelta(hours=1)))
        session.commit()


def test_no_mail_goes_out_twice_whatever_is_killed(tmp_path: Path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "password").write_text(PASSWORD)
    a_mailing(tmp_path)
    with mail_server(context) as server:
        settings = {
            "EXCEL2DOC_SMTP_HOST": "localhost",
            "EXCEL2DOC_SMTP_PORT": str(server.port),
            "EXCEL2DOC_SMTP_USER": USER,
            "EXCEL2DOC_SMTP_PASSWORD_FILE": str(tmp_path / "password"),
            "EXCEL2DOC_MAIL_FROM": SENDER,
            "EXCEL2DOC_MAILS_PER_MINUTE": "100000",
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        }
        deadline = time.monotonic() + 240 + 30 * ROUNDS
        for round_ in range(ROUNDS):
            workers = [start_worker(**settings) for _ in range(2)]
            enough = MAILS * (round_ + 1) // (ROUNDS + 2)
            while len(server.taken) < enough and time.monotonic() < deadline:
                time.sleep(0.01)
            for worker in workers:
                kill(worker)
            let_leases_end()
        last = start_worker(**settings)
        try:
            while {"waiting", "sending"} & set(counts()) and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            kill(last)
        found = counts()
        assert set(found) <= {"sent", "unclear"}, found
        assert sum(found.values()) == MAILS
        assert len(server.ids) == len(set(server.ids)), "a mail went out twice"
        assert found["sent"] <= len(server.ids) <= MAILS
        assert found.get("unclear", 0) <= 2 * ROUNDS, found
