"""A format code, made into a function once and called for every cell."""

from collections.abc import Callable
from functools import lru_cache

from app.domain.number_format.dates import format_date
from app.domain.number_format.numbers import Format, general, number_format
from app.domain.number_format.tokens import Kind, Section, tokenize

_DATE_KINDS = (Kind.DATE, Kind.ELAPSED, Kind.HALF_DAY)


class NumberFormat:
    """What Excel shows for a value under one format code.

    Attributes:
        number: what is shown for a number.
        is_date: numbers under this format are points in time.
        is_elapsed: numbers under this format are lengths of time.
        is_special: false for General and its like, which needs no call a cell.
    """

    __slots__ = ("_text", "is_date", "is_elapsed", "is_special", "number")

    def __init__(self, code: str, *, date1904: bool) -> None:
        sections = tokenize(code)
        text_sections = [s for s in sections if s.has(Kind.TEXT)] if len(sections) < 4 else []
        if len(sections) > 3:
            text_sections = [sections[3]]
        self._text = _text_format(text_sections[-1]) if text_sections else None
        numeric = sections[:3]
        if len(sections) < 4 and len(numeric) > 1 and numeric[-1].has(Kind.TEXT):
            numeric = numeric[:-1]
        self.is_date = _is_date(numeric[0])
        self.is_elapsed = numeric[0].has(Kind.ELAPSED)
        self.is_special = code.lower() not in {"general", ""}
        self.number: Format = _choose(numeric, date1904=date1904)

    def text(self, value: str) -> str:
        return self._text(value) if self._text else value


@lru_cache(maxsize=4096)
def compile_format(code: str, *, date1904: bool = False) -> NumberFormat:
    """Raises: Refused: `FORMAT_TOO_LONG`."""
    return NumberFormat(code, date1904=date1904)


def _is_date(section: Section) -> bool:
    return section.has(*_DATE_KINDS) and not section.has(Kind.GENERAL)


def _text_format(section: Section) -> Callable[[str], str]:
    tokens = section.tokens
    return lambda value: "".join(value if t.kind is Kind.TEXT else t.text for t in tokens)


def _choose(sections: list[Section], *, date1904: bool) -> Format:
    """One function of the sections for positive, negative and zero, or by their conditions."""
    formats = [_section_format(s, date1904=date1904) for s in sections]
    if any(s.condition for s in sections):
        return _conditional(sections, formats)
    positive = formats[0]
    if len(formats) == 1:
        return positive if _is_date(sections[0]) else _signed(positive)
    negative = formats[1]
    zero = formats[2] if len(formats) > 2 else positive

    def show(value: float) -> str:
        if value > 0:
            return positive(value)
        return negative(-value) if value < 0 else zero(0)

    return show


def _signed(positive: Format) -> Format:
    def show(value: float) -> str:
        if value >= 0:
            return positive(value)
        text = positive(-value)
        return f"-{text}" if any(c in "123456789" for c in text) else text

    return show


def _conditional(sections: list[Section], formats: list[Format]) -> Format:
    def applies(index: int, value: float) -> bool:
        condition = sections[index].condition
        if condition:
            return condition(value)
        if index == 0 and len(sections) > 1:
            return value > 0 or len(sections) == 2
        return index > 0 and (index != 1 or len(sections) < 3 or value < 0)

    def show(value: float) -> str:
        for index, shown in enumerate(formats):
            if applies(index, value):
                text = shown(abs(value))
                condition = sections[index].condition
                only_negative = condition and not condition(abs(value))
                return f"-{text}" if value < 0 and not only_negative else text
        return "########"

    return show


def _section_format(section: Section, *, date1904: bool) -> Format:
    if _is_date(section):
        return lru_cache(maxsize=8192)(
            lambda value: format_date(value, section, date1904=date1904)  # days repeat
        )
    if [t.kind for t in section.tokens] == [Kind.GENERAL]:
        return general
    return number_format(section)
