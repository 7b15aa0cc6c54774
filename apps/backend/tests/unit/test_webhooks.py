"""A job's end is told, to a real server; and never to one that it is not meant for."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trustme
from fastapi.testclient import TestClient
from sqlalchemy import delete

from app.core.config import Settings, get_settings
from app.core.database import session_factory
from app.domain.refusal import Refused
from app.services.webhooks import outbox, sending
from app.services.webhooks.address import Forbidden, addresses_of, is_public, target_of
from app.services.webhooks.outbox import Due
from app.tables import SHARED_TEAM, Job, Webhook, now
from tests.documents import finished
from tests.workbooks import xlsx

API = "/api/v1"
SECRET = "0123456789abcdef0123456789abcdef"


@dataclass
class Receiver:
    """A server that answers as it is told, and keeps what it has heard."""

    port: int
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/told?by=us"


def serving(
    receiver_of: Callable[[int], Receiver], context: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told.heard.append((dict(self.headers.items()), body))
            status = told.answers.pop(0) if told.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"http://localhost:{told.port}/elsewhere")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told = receiver_of(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from serving(Receiver)


@pytest.fixture
def settings(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Webhooks may go to the receiver, which is on this machine; those of other tests do not wait."""
    with session_factory() as session:
        session.execute(delete(Webhook))
        session.commit()
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    found = get_settings()
    monkeypatch.setattr(found, "webhook_hosts", f"localhost:{receiver.port}")
    monkeypatch.setattr(found, "webhook_secret_file", file)
    monkeypatch.setattr(found, "webhook_private", True)
    return found


def book(client: TestClient) -> str:
    content = xlsx({"S": [["Name"], [f"a secret {uuid4()}"]]})
    answer = client.post(f"{API}/workbooks", files={"file": ("private.xlsx", content)})
    workbook: str = answer.json()["id"]
    return workbook


def job_that_tells(client: TestClient, url: str) -> dict[str, Any]:
    answer = client.post(f"{API}/jobs", json={"workbook_id": book(client), "webhook": url})
    assert answer.status_code in {200, 202}, answer.text
    return finished(client, answer.json()["id"], 120)


def tell(settings: Settings) -> str | None:
    """What came of the webhook whose turn it is; None when it is nobody's."""
    with session_factory() as session:
        due = outbox.claim(session)
        return outbox.deliver(session, due, settings) if due else None


def hook_of(job: dict[str, Any]) -> Webhook:
    with session_factory() as session:
        return session.get_one(Webhook, UUID(job["id"]))


def make_due(job: dict[str, Any]) -> None:
    with session_factory() as session:
        session.get_one(Webhook, UUID(job["id"])).due_at = now() - timedelta(seconds=1)
        session.commit()


def test_a_job_that_is_done_is_told_once_signed_and_without_the_workbooks_content(
    client: TestClient, receiver: Receiver, settings: Settings
):
    job = job_that_tells(client, receiver.url)
    assert tell(settings) == "delivered"
    assert tell(settings) is None
    [(headers, body)] = receiver.heard
    message = json.loads(body)
    assert message["type"] == "job.done"
    assert message["data"]["id"] == job["id"]
    assert b"secret" not in body
    assert b"private" not in body

    shown = client.get(f"{API}/webhook-secret").json()["secret"]
    assert SECRET not in shown
    key = base64.b64decode(shown.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 600
    assert client.get(f"{API}/jobs/{job['id']}").json()["webhook"]["status"] == "delivered"


def test_a_signature_is_that_of_standard_webhooks_own_example():
    """The vector of the specification's reference libraries."""
    from app.services.webhooks.signing import signed_headers

    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_who_does_not_hear_is_told_again_with_the_same_id_and_in_the_end_no_more(
    client: TestClient, receiver: Receiver, settings: Settings
):
    receiver.answers = [500, 302, 404, 500, 500, 500, 500]
    job = job_that_tells(client, receiver.url)
    for seconds in (5, 30, 120, 600, 3_600, 21_600):
        before = now()
        assert tell(settings) == "waiting"
        assert hook_of(job).due_at >= before + timedelta(seconds=seconds)
        make_due(job)
    assert tell(settings) == "failed"
    make_due(job)
    assert tell(settings) is None
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    assert len(receiver.heard) == 7  # and a redirect was not followed
    assert (
        client.get(f"{API}/jobs/{job['id']}").json()["webhook"]["last_error"] == "it answered 500"
    )


def test_410_ends_it(client: TestClient, receiver: Receiver, settings: Settings):
    receiver.answers = [410]
    job_that_tells(client, receiver.url)
    assert tell(settings) == "failed"


def test_a_worker_that_dies_while_telling_leaves_it_to_another_who_says_the_same(
    client: TestClient, receiver: Receiver, settings: Settings
):
    job = job_that_tells(client, receiver.url)
    with session_factory() as session:
        dead = outbox.claim(session)
    assert dead is not None
    assert tell(settings) is None  # it is the first one's, for as long as it may live
    make_due(job)
    assert tell(settings) == "delivered"
    with session_factory() as session:  # it was not dead after all
        outbox.deliver(session, dead, settings)
    assert hook_of(job).status == "delivered"
    assert hook_of(job).attempt == 2
    assert {headers["webhook-id"] for headers, _ in receiver.heard} == {f"msg_{dead.event_id.hex}"}


def test_a_job_that_is_tried_again_tells_its_next_end_as_another_event(
    client: TestClient, receiver: Receiver, settings: Settings
):
    job = job_that_tells(client, receiver.url)
    with session_factory() as session:
        session.get_one(Job, UUID(job["id"])).status = "failed"
        session.commit()
    assert tell(settings) == "delivered"
    assert client.post(f"{API}/jobs/{job['id']}/retry").status_code == 200
    finished(client, job["id"], 120)
    assert tell(settings) == "delivered"
    ids = [headers["webhook-id"] for headers, _ in receiver.heard]
    types = [json.loads(body)["type"] for _, body in receiver.heard]
    assert (len(set(ids)), types) == (2, ["job.failed", "job.done"])


def test_a_job_that_is_forgotten_tells_nothing(
    client: TestClient, receiver: Receiver, settings: Settings
):
    job = job_that_tells(client, receiver.url)
    assert client.delete(f"{API}/jobs/{job['id']}").status_code == 204
    assert tell(settings) is None


def test_a_receiver_that_never_ends_its_answer_is_left(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sending, "_WHOLE_SECONDS", 1)
    ended = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not ended.wait(0.1):
                    connection.sendall(b"x: y\r\n")
            except OSError:
                ended.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        monkeypatch.setattr(settings, "webhook_hosts", f"localhost:{port}")
        job = job_that_tells(client, f"http://localhost:{port}/")
        assert tell(settings) == "waiting"
        ended.set()
    assert hook_of(job).last_error == "no answer: TimeoutError"
    make_due(job)
    with session_factory() as session:
        session.delete(session.get_one(Webhook, UUID(job["id"])))
        session.commit()


def test_a_certificate_is_looked_at(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    authority = trustme.CA()
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(own)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    for context, expected in ((ssl.create_default_context(), "certificate"), (trusting, "")):
        for receiver in serving(Receiver, own):
            monkeypatch.setattr(settings, "webhook_hosts", f"localhost:{receiver.port}")
            monkeypatch.setattr(outbox, "_tls", lambda context=context: context)
            url = f"https://localhost:{receiver.port}/"
            due = Due(uuid4(), uuid4(), 1, url, SHARED_TEAM, b"{}")
            why, _for_good = outbox._told(due, settings)
            assert (expected in why) if expected else not why, why
            assert len(receiver.heard) == (0 if expected else 1)


@pytest.fixture
def allowed(tmp_path: Path) -> Settings:
    (tmp_path / "s").write_text(SECRET)
    hosts = "hooks.example.org,*.example.com,build.example.net:8443,localhost,169.254.169.254"
    return Settings(webhook_hosts=hosts, webhook_secret_file=tmp_path / "s")


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org/a?b=c",
        "https://HOOKS.example.org",
        "https://hooks.example.org:443/",
        "https://a.b.example.com/",
        "https://build.example.net:8443/",
    ],
)
def test_an_address_that_is_allowed_is_taken(url: str, allowed: Settings):
    assert target_of(url, allowed).is_tls


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/",
        "ftp://hooks.example.org/",
        "file:///etc/passwd",
        "//hooks.example.org/",
        "https://example.com/",
        "https://badexample.com/",
        "https://hooks.example.org.evil.test/",
        "https://hooks.example.org@evil.test/",
        "https://evil.test#@hooks.example.org/",
        "https://evil.test\\@hooks.example.org/",
        "https://user:password@hooks.example.org/",
        "https://hooks.example.org:8443/",
        "https://build.example.net/",
        "https://hooks.example.org:99999/",
        "https://hooks.example.org/\r\nX: y",
        "https://hooks.example.org/ x",
        "https://höoks.example.org/",
        "https://[::1]/",
        "https://2130706433/",
        "https:///path",
        "",
    ],
)
def test_an_address_that_is_not_is_refused(url: str, allowed: Settings):
    with pytest.raises(Refused, match="WEBHOOK_FORBIDDEN"):
        target_of(url, allowed)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1"),
        *("ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"),
        *("64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1"),
    ],
)
def test_a_private_address_is_known_in_every_dress(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_a_public_address_is_one(address: str):
    assert is_public(address)


def test_an_allowed_name_that_leads_inside_is_not_asked(allowed: Settings):
    for host in ("localhost", "169.254.169.254"):
        with pytest.raises(Forbidden):
            addresses_of(target_of(f"https://{host}/", allowed), allowed)


def test_without_hosts_there_are_no_webhooks(client: TestClient):
    wanted = {"workbook_id": book(client), "webhook": "https://hooks.example.org/"}
    answer = client.post(f"{API}/jobs", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "WEBHOOK_UNAVAILABLE")
    assert client.get(f"{API}/webhook-secret").json()["code"] == "WEBHOOK_UNAVAILABLE"


def test_a_secret_that_is_too_short_is_said_at_the_start(tmp_path: Path):
    (tmp_path / "s").write_text("short")
    with pytest.raises(ValueError, match="EXCEL2DOC_WEBHOOK_SECRET_FILE"):
        Settings(webhook_secret_file=tmp_path / "s").webhook_secret()
