"""A cell's text that knows how its parts look."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a text that looks one way.

    Attributes:
        color: six hexadecimal digits; "" for the colour of what is around it.
        vertical: `superscript`, `subscript` or "".
    """

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    underline: bool = False
    color: str = ""
    vertical: str = ""

    @property
    def is_plain(self) -> bool:
        return self == Run(self.text)


class RichText(str):
    """Its text, wherever a text will do; `|rich` and tables also keep the look of its parts."""

    __slots__ = ("_parts",)
    _parts: tuple[Run, ...]

    @classmethod
    def of(cls, parts: tuple[Run, ...]) -> Self:
        made = cls("".join(part.text for part in parts))
        made._parts = parts
        return made


def parts_of(text: RichText) -> tuple[Run, ...]:
    """Not an attribute that templates could read."""
    return text._parts
