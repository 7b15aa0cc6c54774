"""The text that Excel shows for a number or a date, which still knows what it stands for."""

from datetime import datetime, timedelta
from typing import Any, NoReturn

from app.domain.refusal import Refused
from app.domain.values import from_datetime

_KINDS = (int, float, datetime, timedelta)


class Shown(str):
    """Printed as the text; sorted by the value; to calculate with the text is refused.

    `"1,234.50" * 2` would be a text twice, `"98" > "1,234.50"` true, and nobody would see it.
    """

    __slots__ = ("name", "raw")
    raw: Any
    name: str

    def _as_number(self, *_others: Any) -> NoReturn:
        raise Refused(
            "TEMPLATE_VALUE",
            f"{self.name} is the text that Excel shows, {str(self)!r}, and no number",
            f"to calculate or compare use raw.{self.name}, in a loop over rows r.raw.{self.name}",
        )

    __mul__ = __rmul__ = __mod__ = __rmod__ = __sub__ = __rsub__ = _as_number
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __pow__ = __rpow__ = _as_number
    __neg__ = __pos__ = __abs__ = __round__ = _as_number

    def __add__(self, other: Any) -> str:
        if not isinstance(other, str) or isinstance(other, Shown):
            self._as_number()
        return str.__add__(self, other)

    def __radd__(self, other: Any) -> str:
        if not isinstance(other, str):
            self._as_number()
        return str.__add__(other, self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _KINDS):
            self._as_number()
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __lt__(self, other: Any) -> bool:
        return self._order(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._order(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._order(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._order(other) >= 0

    def _order(self, other: Any) -> int:
        """Below zero when it comes before `other`: numbers before texts, as in Excel."""
        if not isinstance(other, Shown):
            if isinstance(other, str):
                return -1
            self._as_number()
        own, others = (_serial(self.raw), str(self)), (_serial(other.raw), str(other))
        return (own > others) - (own < others)

    def lower(self) -> "Shown":
        """Filters that sort or group do so by this, unless case counts."""
        return shown_as(str.lower(self), self.raw, self.name)


def shown_as(text: str, raw: Any, name: str) -> Shown:
    made = Shown(text)
    made.raw, made.name = raw, name
    return made


def is_kind(raw: Any) -> bool:
    """Whether the text of `raw` is to remember it."""
    return isinstance(raw, _KINDS) and not isinstance(raw, bool)


def _serial(raw: Any) -> float:
    match raw:
        case datetime():
            return from_datetime(raw, date1904=False)
        case timedelta():
            return raw / timedelta(days=1)
        case _:
            return float(raw)
