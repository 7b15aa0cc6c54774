"""A real SMTP server (aiosmtpd) that keeps what it takes, and says of a name what it is told to."""

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from app.core.config import Settings
from app.core.database import session_factory
from app.services.context import get_services
from app.services.mail import outbox

USER, PASSWORD = "excel2doc", "a password"


@dataclass
class MailServer:
    """What it has taken, and how it answers: by the name before the @, at RCPT or after DATA."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    at_rcpt: dict[str, str] = field(default_factory=dict)
    after_data: dict[str, str] = field(default_factory=dict)
    before_taking: Callable[[EmailMessage], None] = lambda _message: None

    async def handle_RCPT(
        self, _server: SMTP, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        answer = self.at_rcpt.get(address.partition("@")[0], "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        answer = self.after_data.get(envelope.rcpt_tos[0].partition("@")[0], "250 taken")
        if answer.startswith("250") or answer == "":
            self.before_taking(message)
            self.taken.append(message)
        if answer == "":  # taken, and then the line is cut
            assert server.transport is not None
            server.transport.close()
        return answer or "250 never heard"

    @property
    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.taken]


def _knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    ok = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=ok, handled=ok)


@contextmanager
def mail_server(
    context: ssl.SSLContext | None, *, implicit: bool = False, closed: bool = True, **options: Any
) -> Iterator[MailServer]:
    """One that runs; with a `context` by STARTTLS, or `implicit`; `closed`: it asks for a name."""
    told = MailServer()
    if closed:
        options |= {"authenticator": _knows, "auth_required": True}
        options["auth_require_tls"] = not implicit  # aiosmtpd sees no TLS that was there before it
    starttls = context is not None and not implicit
    if starttls:
        options |= {"tls_context": context, "require_starttls": True}
    loop = asyncio.new_event_loop()

    async def start() -> asyncio.Server:
        made = lambda: SMTP(told, hostname="mail.test", loop=loop, **options)  # noqa: E731
        return await loop.create_server(made, "127.0.0.1", 0, ssl=context if implicit else None)

    server = loop.run_until_complete(start())
    told.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()


def deliver(settings: Settings) -> list[str]:
    """What becomes of all mails whose turn it is."""
    found = []
    with session_factory() as session:
        while due := outbox.claim(session, settings):
            found.append(outbox.deliver(session, due, settings, get_services().storage))
    return found
