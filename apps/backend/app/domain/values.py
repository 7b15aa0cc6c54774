"""What a cell can hold."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class CellError:
    """An error that a formula left, such as `#DIV/0!`."""

    code: str

    def __str__(self) -> str:
        return self.code


Value = None | str | bool | int | float | datetime | timedelta | CellError
"""A number is `int` when it is whole. A date is `datetime`, an elapsed time `timedelta`."""

_EPOCH_1900 = datetime(1899, 12, 30)
_EPOCH_1904 = datetime(1904, 1, 1)
MAX_SERIAL = 2_958_466.0
"""The first day after 9999-12-31 in the 1900 system: from here on Excel shows `########`."""


@lru_cache(maxsize=16_384)
def to_datetime(serial: float, *, date1904: bool) -> datetime | None:
    """The point in time of a date serial, to the millisecond; None where Excel shows none.

    In the 1900 system Excel believes in 1900-02-29 (serial 60); that day comes back as
    February 28th, and the days before it are the ones that Excel names.
    """
    if date1904:
        serial += 1462
    if not 0 <= serial < MAX_SERIAL:
        return None
    days, fraction = divmod(serial, 1)
    if not date1904 and days < 60:
        days += 1
    milliseconds = round(fraction * 86_400_000)
    if milliseconds == 86_400_000 and days + 1 >= MAX_SERIAL:
        milliseconds -= 1
    return _EPOCH_1900 + timedelta(days=days, milliseconds=milliseconds)


def from_datetime(moment: datetime, *, date1904: bool) -> float:
    """The serial of a point in time, the inverse of `to_datetime`."""
    delta = moment - (_EPOCH_1904 if date1904 else _EPOCH_1900)
    serial = delta / timedelta(days=1)
    return serial if date1904 or serial >= 61 else serial - 1


def binary_number(number: float) -> Value:
    """A number as a binary workbook stores it; for what is none, the error that Excel shows."""
    if not math.isfinite(number):
        return CellError("#NUM!")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
