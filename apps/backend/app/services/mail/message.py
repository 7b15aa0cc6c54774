"""An e-mail as it goes over the wire (RFC 5322). Nothing of a cell becomes a header of its own."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import PurePath
from uuid import UUID

from app.domain.conversion import DOCX, PDF

_POLICY = SMTP.clone(cte_type="7bit")  # not every server takes eight bits


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, as the server is told."""

    sender: str
    recipient: str


def envelope_of(sender: str, recipient: str) -> Envelope:
    return Envelope(parseaddr(sender)[1], recipient)


def message_id(mail_id: UUID, sender: str) -> str:
    """The same at each attempt, so that a receiver knows what it has had."""
    return f"<{mail_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"


def message_bytes(
    *,
    mail_id: UUID,
    sender: str,
    recipient: str,
    subject: str,
    text: str,
    document: str,
    content: bytes,
    moment: datetime,
) -> bytes:
    """Raises: ValueError: a header would not be one line."""
    name, address = parseaddr(sender)
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = message_id(mail_id, sender)
    message.set_content("\n".join(text.splitlines()) + "\n")
    kind = PDF if PurePath(document).suffix == ".pdf" else DOCX
    main, _, sub = kind.partition("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=document)
    return message.as_bytes()
