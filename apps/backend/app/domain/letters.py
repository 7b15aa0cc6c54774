"""The e-mails that go with a conversion's documents: to whom, about what, with which words."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from app.domain.contexts import Contexts, plain_pattern
from app.domain.conversion import Mode, Source
from app.domain.limits import Limits
from app.domain.modes import Planned, naming, planned, template_of
from app.domain.refusal import Refused
from app.domain.sheet_view import view_sheets
from app.domain.template.sandbox import RowSkipped
from app.domain.workbook.opening import open_workbook

MAX_LETTERS = 10_000
MAX_SUBJECT = 500
MAX_TEXT = 20_000
_MAX_TEXTS = 32 << 20
"""Characters of all letters together: they come back in one answer."""
_MAX_ADDRESS = 254
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Wording:
    """What a mailing is asked for: the column with addresses, and two texts with fields."""

    address: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail.

    Attributes:
        document: name of what is attached, as the conversion calls it, without its suffix.
        place: of its row, for people.
        address: as it is written to; as it stands in the cell where there is a problem.
        problem: why it cannot be sent, as code and message.
    """

    document: str
    place: str
    address: str
    subject: str
    text: str
    problem: tuple[str, str] | None = None


def letters(source: Source, wording: Wording, limits: Limits) -> list[Letter]:
    """A letter for each document, in their order, but for rows that a text skips.

    Raises:
        Refused: `COLUMN_UNKNOWN`, `MAIL_TEXT`, `TOO_MANY_MAILS`; and what reading raises.
    """
    with open_workbook(source.workbook, source.workbook_name, limits) as reader:
        view = view_sheets(reader, source.options.read_options())[0]
        column = Contexts(view, source.options).find(wording.address)
        write = _writer(wording, column)
        found: list[Letter] = []
        characters = 0
        with closing(planned(reader, view, source, template_of(source))) as documents:
            for document in documents:
                try:
                    letter = write(document)
                except RowSkipped:
                    continue
                characters += len(letter.subject) + len(letter.text)
                if len(found) == MAX_LETTERS or characters > _MAX_TEXTS:
                    most = f"{MAX_LETTERS} mails and {_MAX_TEXTS >> 20} MiB of text"
                    message = f"a mailing has at most {most}"
                    raise Refused("TOO_MANY_MAILS", message, "split the workbook")
                found.append(letter)
    return found


def _writer(wording: Wording, column: str) -> Callable[[Planned], Letter]:
    subject = plain_pattern(wording.subject, "MAIL_TEXT", MAX_SUBJECT)
    text = plain_pattern(wording.text, "MAIL_TEXT", MAX_TEXT)

    def write(document: Planned) -> Letter:
        assert document.record is not None, "modes with letters have rows"  # noqa: S101
        with naming(document.place):
            about, words = subject(document.context), text(document.context)
            for what, written, most in (("subject", about, MAX_SUBJECT), ("text", words, MAX_TEXT)):
                if len(written) > most:
                    raise Refused("MAIL_TEXT", f"the {what} has more than {most} characters")
        cell = document.record.shown[column].strip()
        address, problem = _address(cell)
        return Letter(
            document.name.removesuffix(".docx"),
            document.place.removesuffix(": "),
            address or one_line(cell)[:_MAX_ADDRESS],
            one_line(about),
            _lines(words),
            problem,
        )

    return write


def has_letters(mode: Mode, *, merged: bool) -> bool:
    """Whether a conversion makes a document for each of several people."""
    return mode in (Mode.PER_ROW, Mode.PER_GROUP) and not merged


def _address(cell: str) -> tuple[str, tuple[str, str] | None]:
    if not cell:
        return "", ("ADDRESS_MISSING", "the cell is empty")
    try:
        return checked_address(cell), None
    except ValueError as error:
        return "", ("ADDRESS_INVALID", str(error))


def checked_address(text: str) -> str:
    """`text` as it is written to, its domain in ASCII.

    Nothing that could end a header or a command passes. Raises: ValueError: it is no address.
    """
    local, at, domain = text.rpartition("@")
    if not at or not local:
        raise ValueError("there is no name before an @")
    if any(c in text for c in ",; \t\r\n"):
        raise ValueError("there is more than one address, or a space in it")
    if not local.isascii():
        raise ValueError("the name before the @ has letters that few mail servers take")
    if len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        raise ValueError("the name before the @ has a character that no address has")
    try:
        written = unicodedata.normalize("NFC", domain).encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError("what follows the @ is no domain") from error
    labels = written.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("what follows the @ is no domain")
    address = f"{local}@{written.lower()}"
    if len(address) > _MAX_ADDRESS:
        raise ValueError(f"an address has at most {_MAX_ADDRESS} characters")
    return address


def one_line(text: str) -> str:
    """Without line breaks and other controls: a cell of several lines is a subject of one."""
    return " ".join("".join(_spaced(text)).split())


def _lines(text: str) -> str:
    """Without controls that end no line."""
    lines = text.replace("\t", "    ").splitlines()
    return "\n".join("".join(_spaced(line)) for line in lines)


def _spaced(text: str) -> Iterator[str]:
    for character in text:
        yield " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
