"""A format code, made into a function once and called for every cell."""

from collections.abc import Callable
from functools import lru_cache
from itertools import takewhile

from app.domain.number_format.dates import OVERFLOW, format_date
from app.domain.number_format.general import general
from app.domain.number_format.native_digits import general_in_words, script_of
from app.domain.number_format.numbers import Format, number_format, rounds_to_zero
from app.domain.number_format.tokens import Condition, Kind, Section, Token, tokenize


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
        sections = tokenize(code)[:4]
        numeric, text = _for_text(sections)
        self._text = _text_format(text) if text else None
        self.is_date = numeric[0].is_date
        self.is_elapsed = numeric[0].has(Kind.ELAPSED)
        self.is_special = code.lower() not in {"general", ""}
        self.number: Format = _choose(numeric, date1904=date1904)

    def text(self, value: str) -> str:
        return self._text(value) if self._text else value


@lru_cache(maxsize=4096)
def compile_format(code: str, *, date1904: bool = False) -> NumberFormat:
    """Raises: Refused: `FORMAT_TOO_LONG`."""
    return NumberFormat(code, date1904=date1904)


def _for_text(sections: list[Section]) -> tuple[list[Section], Section | None]:
    """The sections for numbers, and the one for text: the fourth, or the last one if it has `@`."""
    if len(sections) == 4:
        return sections[:3], sections[3]
    if not sections[-1].has(Kind.TEXT):
        return sections, None
    return sections[:-1] or sections, sections[-1]


def _text_format(section: Section) -> Callable[[str], str]:
    tokens = section.tokens
    takes = {Kind.TEXT, Kind.GENERAL}
    return lambda value: "".join(value if t.kind in takes else t.text for t in tokens)


def _choose(sections: list[Section], *, date1904: bool) -> Format:
    """One function of the sections for positive, negative and zero, or by their conditions."""
    if any(s.condition for s in sections):
        return _conditional(sections, date1904=date1904)
    formats = [_section_format(s, date1904=date1904) for s in sections]
    positive = formats[0]
    if len(formats) == 1:
        return positive if sections[0].is_date else _signed(sections[0], positive)
    negative = formats[1]
    zero = formats[2] if len(formats) > 2 else positive

    def show(value: float) -> str:
        if value > 0:
            return positive(value)
        return negative(-value) if value < 0 else zero(0)

    return show


def _signed(section: Section, shown: Format) -> Format:
    is_zero = rounds_to_zero(section)

    def show(value: float) -> str:
        if value >= 0:
            return shown(value or 0)  # no -0.0
        return shown(-value) if is_zero(-value) else f"-{shown(-value)}"

    return show


_POSITIVE, _NEGATIVE = Condition(">", 0), Condition("<", 0)


def _conditional(sections: list[Section], *, date1904: bool) -> Format:
    """The first section whose condition holds; the last one without a condition takes the rest.

    A section keeps its number's minus unless its condition is Excel's own for negative numbers,
    or it writes one itself.
    """
    conditions = [section.condition for section in sections]
    if len(sections) == 1:
        sections = [*sections, Section([Token(Kind.GENERAL, "General")])]
        conditions.append(None)
    if conditions[0] is None:
        conditions[0] = _POSITIVE
    if len(sections) == 3 and conditions[1] is None:
        conditions[1] = _NEGATIVE
    formats = [
        _without_minus(section, date1904=date1904)
        if condition and (condition.wants_no_minus or _writes_minus(section))
        else _with_minus(section, date1904=date1904)
        for section, condition in zip(sections, conditions, strict=True)
    ]
    if len(sections) == 2 and conditions[1] is None and _leaves_negatives_only(conditions[0]):
        formats[1] = _without_minus(sections[1], date1904=date1904)

    def show(value: float) -> str:
        for condition, shown in zip(conditions, formats, strict=True):
            if condition is None or condition.holds(value):
                return shown(value)
        return OVERFLOW

    return show


def _leaves_negatives_only(condition: Condition | None) -> bool:
    """`[>=0]0;0` is `0;0`"""
    return condition is not None and condition.operator in {">", ">="} and condition.limit == 0


def _writes_minus(section: Section) -> bool:
    before = takewhile(lambda token: token.kind is Kind.LITERAL, section.tokens)
    return any(token.text[:1] in {"-", "("} for token in before)


def _without_minus(section: Section, *, date1904: bool) -> Format:
    shown = _section_format(section, date1904=date1904)
    return lambda value: shown(abs(value))


def _with_minus(section: Section, *, date1904: bool) -> Format:
    shown = _section_format(section, date1904=date1904)
    return shown if section.is_date else _signed(section, shown)


def _section_format(section: Section, *, date1904: bool) -> Format:
    if section.is_date:
        return lru_cache(maxsize=8192)(
            lambda value: format_date(value, section, date1904=date1904)  # days repeat
        )
    if section.native_digits:
        return _native(section)
    if [t.kind for t in section.tokens] == [Kind.GENERAL]:
        return general
    return number_format(section)


def _native(section: Section) -> Format:
    script = script_of(section.native_digits, section.region)
    if section.has(Kind.DIGIT):
        shown = number_format(section)
        return lambda value: script.by_digit(shown(value))
    tokens = section.tokens
    takes = {Kind.TEXT, Kind.GENERAL}

    def show(value: float) -> str:
        words = general_in_words(general(value), script)
        return "".join(words if t.kind in takes else t.text for t in tokens)

    return show
