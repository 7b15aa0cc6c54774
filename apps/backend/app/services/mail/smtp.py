"""One e-mail to the server, and what its answer means for whether it may be sent again."""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

from app.core.config import Settings
from app.services.mail.message import Envelope

_SECONDS = 60
"""Of each answer. A server that has the whole mail may take its time to look at it."""
_TOO_LARGE = 552
_READY = 354


class ServerAway(Exception):
    """It was not asked about this mail: it does not answer, or lets us not in."""


class NotNow(Exception):
    """It has not taken the mail; later it may."""


class Rejected(Exception):
    """It has not taken the mail, and never will."""


class Unclear(Exception):
    """The mail went out, and no answer came: it may have been taken."""


def send(settings: Settings, envelope: Envelope, message: bytes, commit: Callable[[], None]) -> str:
    """The server's words when it has taken the mail.

    Args:
        commit: called before the dot that ends the mail, without which no server may take it; what
            it raises ends the attempt.

    Raises:
        ServerAway, NotNow, Rejected: nothing was sent; Unclear.
    """
    with _closing(_connected(settings)) as server:
        _introduce(server, envelope, len(message))
        _write(server, message)
        commit()
        return _end(server)


@contextmanager
def _closing(server: smtplib.SMTP) -> Iterator[smtplib.SMTP]:
    """What goes wrong after the answer changes nothing."""
    try:
        yield server
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
    finally:
        server.close()


def _connected(settings: Settings) -> smtplib.SMTP:
    host, port = settings.smtp_host or "", settings.smtp_port
    try:
        password = settings.smtp_password()
    except OSError as error:
        raise ServerAway("EXCEL2DOC_SMTP_PASSWORD_FILE cannot be read") from error
    try:
        if settings.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=_tls())
        else:
            server = smtplib.SMTP(host, port, timeout=_SECONDS)
    except ssl.SSLCertVerificationError as error:
        raise ServerAway(f"its certificate is not valid: {error.verify_message}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise ServerAway(f"it does not answer: {_words(error)}") from error
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=_tls())
        if settings.smtp_user is not None:
            server.login(settings.smtp_user, password)
    except ssl.SSLCertVerificationError as error:
        server.close()
        raise ServerAway(f"its certificate is not valid: {error.verify_message}") from error
    except smtplib.SMTPAuthenticationError as error:
        server.close()
        raise ServerAway(f"it does not know our name and password: {_words(error)}") from error
    except (OSError, smtplib.SMTPException) as error:
        server.close()
        raise ServerAway(_words(error)) from error
    return server


def _introduce(server: smtplib.SMTP, envelope: Envelope, size: int) -> None:
    try:
        server.ehlo_or_helo_if_needed()
        options = [f"size={size}"] if server.has_extn("size") else []
        code, answer = server.mail(envelope.sender, options)
        if code == _TOO_LARGE:
            raise Rejected(_said(code, answer))
        if code != 250:
            raise ServerAway(f"it does not take mails of our sender: {_said(code, answer)}")
        _check(*server.rcpt(envelope.recipient))
        code, answer = server.docmd("DATA")
        if code != _READY:
            _check(code, answer)
            raise NotNow(_said(code, answer))
    except (OSError, smtplib.SMTPException) as error:
        raise ServerAway(_words(error)) from error


def _write(server: smtplib.SMTP, message: bytes) -> None:
    """All but the end (RFC 5321, 4.5.2: a line that begins with a dot gets another)."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    try:
        server.send(b"".join((b"." if n[:1] == b"." else b"") + n + b"\r\n" for n in lines))
    except (OSError, smtplib.SMTPException) as error:
        raise ServerAway(_words(error)) from error


def _end(server: smtplib.SMTP) -> str:
    """From here on silence may mean that the mail was taken."""
    try:
        server.send(b".\r\n")
        code, answer = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Unclear(_words(error)) from error
    _check(code, answer)
    return _said(code, answer)


def _check(code: int, answer: bytes) -> None:
    """Raises: NotNow, Rejected."""
    if 200 <= code < 300:
        return
    raise (Rejected if code >= 500 else NotNow)(_said(code, answer))


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _said(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())
    return f"{type(error).__name__}: {error}"[:300]


def _said(code: int, answer: bytes) -> str:
    text = answer.decode("utf-8", "replace")
    return " ".join(f"{code} {''.join(c if c.isprintable() else ' ' for c in text)}".split())[:300]


@lru_cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
