"""How much one document may take: what a template multiplies is counted before it is made."""

import re
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from markupsafe import Markup, escape

from app.domain.refusal import Refused

MAX_TEXT = 1_000_000
"""Characters of one text that a template puts together."""
_MAX_OF_RANGE = 10_000
_MAX_RANGED = 100_000
"""Numbers of all ranges of a document together: ranges in ranges are counted each time."""
_MAX_LOOPED = 5_000_000
_MAX_CALLS = 500_000
_MAX_CHARTED = 200_000
_LEAST_CHARTED = 100
"""As many points a chart counts at least: a small one is a part and a workbook, too."""
_MAX_PART = 64 * 1024 * 1024
_MAX_EXPONENT = 100
_BATCH = 2_000
_MAX_DIGITS = 5_000
_MAX_WIDTH = 1_000
_FORMAT = re.compile(r"%(\([^)]*\))?[-+ #0]*(\*|\d+)?(?:\.(\*|\d+))?[hlL]?([a-zA-Z%])")


def too_long(what: str) -> NoReturn:
    raise Refused("TEMPLATE_RANGE", what, "a template may not build so much; use the sheet's rows")


@dataclass(slots=True)
class Budget:
    """Of one document."""

    ranged: int = 0
    looped: int = 0
    calls: int = 0
    charted: int = 0

    def start(self) -> None:
        self.ranged = self.looped = self.calls = self.charted = 0

    def range(self, *bounds: int) -> "range":
        """The function for templates. Raises: Refused."""
        found = range(*bounds)
        if len(found) > _MAX_OF_RANGE:
            too_long(f"range() is longer than {_MAX_OF_RANGE}")
        self.ranged += len(found)
        if self.ranged > _MAX_RANGED:
            too_long(f"ranges in ranges come to more than {_MAX_RANGED} numbers")
        return found

    def loop(self, items: Iterable[Any]) -> Iterable[Any]:
        """What a loop goes over, counted each time that it begins."""
        found = items if isinstance(items, Sized) else list(islice(items, _MAX_LOOPED + 1))
        self.looped += len(found)
        if self.looped > _MAX_LOOPED:
            too_long(f"loops in loops come to more than {_MAX_LOOPED} rounds")
        return found

    def call(self) -> None:
        self.calls += 1
        if self.calls > _MAX_CALLS:
            too_long(f"more than {_MAX_CALLS} calls in one document")

    def chart(self, points: int) -> None:
        """A chart with so many points. Raises: Refused."""
        self.charted += max(points, _LEAST_CHARTED)
        if self.charted > _MAX_CHARTED:
            too_long(f"the charts of a document come to more than {_MAX_CHARTED} points")


def concat(pieces: Iterable[str]) -> str:
    """`"".join`, up to what a part of a document may hold: no piece is asked for beyond that."""
    whole: list[str] = []
    batch: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > _MAX_PART:
            too_long(f"the document becomes larger than {_MAX_PART >> 20} MB")
        batch.append(piece)
        if len(batch) == _BATCH:  # a small text takes far more memory alone than in a long one
            whole.append("".join(batch))
            batch.clear()
    return "".join((*whole, *batch))


def join(values: Iterable[Any], separator: str = "") -> str:
    """Texts in one. Raises: Refused: it is longer than a text may be."""
    items = [v if isinstance(v, Markup) else str(v) for v in values]
    if sum(map(len, items)) + len(separator) * len(items) > MAX_TEXT:
        too_long(f"a text of more than {MAX_TEXT} characters")
    if any(isinstance(item, Markup) for item in items):
        return Markup("").join(items) if not separator else escape(separator).join(items)
    return str(separator).join(items)


def check_operation(operator: str, left: Any, right: Any) -> None:
    """Raises: Refused: its result would be larger than a template may make."""
    match operator:
        case "**":
            sizes = [abs(n) for n in (left, right) if isinstance(n, int | float)]
            if len(sizes) == 2 and sizes[1] > _MAX_EXPONENT and sizes[0] > 1:
                _forbid(f"a power of more than {_MAX_EXPONENT}")
            if isinstance(left, int) and left.bit_length() * sizes[-1] > _MAX_DIGITS * 4:
                _forbid(f"a number of more than {_MAX_DIGITS} digits")
        case "*":
            for many, times in ((left, right), (right, left)):
                repeats = isinstance(many, str | list | tuple) and isinstance(times, int)
                if repeats and len(many) * times > MAX_TEXT // 10:
                    _forbid(f"a repetition to more than {MAX_TEXT // 10}")
            bits = [n.bit_length() for n in (left, right) if isinstance(n, int)]
            if len(bits) == 2 and sum(bits) > _MAX_DIGITS * 4:
                _forbid(f"a number of more than {_MAX_DIGITS} digits")
        case "+" if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
            if len(left) + len(right) > MAX_TEXT:
                _forbid(f"a text of more than {MAX_TEXT} characters")
        case "%" if isinstance(left, str):
            _check_printf(left, right)
        case _:
            pass


def _check_printf(pattern: str, values: Any) -> None:
    """`"%s" % x`: its widths, and how often it prints what."""
    given = values if isinstance(values, tuple) else (values,)
    longest = max((len(v) if isinstance(v, str) else 400 for v in _leaves(given)), default=0)
    found = list(_FORMAT.finditer(pattern))
    for match in found:
        for size in (match[2], match[3]):
            if size == "*" or (size and (len(size) > 4 or int(size) > _MAX_WIDTH)):
                _forbid(
                    f"{match[0][:40]!r}: a width of more than {_MAX_WIDTH}, or one from a value"
                )
    if len(pattern) + len(found) * (longest + _MAX_WIDTH) > MAX_TEXT:
        _forbid(f"a text of more than {MAX_TEXT} characters")


def _leaves(values: tuple[Any, ...]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, list | tuple):
            yield sum(1 for _ in value) * "x" * 400
        else:
            yield value


def _forbid(what: str) -> NoReturn:
    raise Refused("TEMPLATE_FORBIDDEN", what)
