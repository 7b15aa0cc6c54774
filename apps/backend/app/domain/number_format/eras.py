"""Years counted from an emperor or a republic: `g`, `gg`, `ggg` and `e`."""

from datetime import datetime
from typing import NamedTuple

from app.domain.number_format.locales import JAPAN, TAIWAN


class Era(NamedTuple):
    """A name in three lengths, and the year that is its first."""

    letter: str
    short: str
    long: str
    first_year: int

    def name(self, length: int) -> str:
        return (self.letter, self.short, self.long)[min(length, 3) - 1]


_JAPANESE = (
    (datetime(2019, 5, 1), Era("R", "令", "令和", 2019)),
    (datetime(1989, 1, 8), Era("H", "平", "平成", 1989)),
    (datetime(1926, 12, 25), Era("S", "昭", "昭和", 1926)),
    (datetime(1912, 7, 30), Era("T", "大", "大正", 1912)),
    (datetime(1868, 1, 1), Era("M", "明", "明治", 1868)),
)
_REPUBLIC = Era("民國", "民國", "中華民國", 1912)


def era_of(moment: datetime, whose: str) -> Era | None:
    """None where years are counted as everywhere else."""
    if whose == JAPAN:
        return next((era for start, era in _JAPANESE if moment >= start), None)
    return _REPUBLIC if whose == TAIWAN else None
