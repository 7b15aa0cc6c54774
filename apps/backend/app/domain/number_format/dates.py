"""Dates and times by a section's tokens."""

import math
from datetime import datetime

from app.domain.number_format.eras import Era, era_of
from app.domain.number_format.locales import Names
from app.domain.number_format.native_digits import date_part, script_of
from app.domain.number_format.tokens import Kind, Section, Token
from app.domain.values import MAX_SERIAL, to_datetime

OVERFLOW = "########"
_CHINESE_DAYS = "一二三四五六日"
_DAY_SECONDS = 86_400
_MAX_ELAPSED_DAYS = 1e9


def format_date(serial: float, section: Section, *, date1904: bool) -> str:
    """What a date section shows for `serial`, or `########` for what is no date."""
    tokens = section.tokens
    if section.has(Kind.ELAPSED):
        alone = not section.has(Kind.DATE, Kind.HALF_DAY, Kind.FRACTION_OF_SECOND)
        if (serial < 0 and not (date1904 or alone)) or abs(serial) > _MAX_ELAPSED_DAYS:
            return OVERFLOW
        return _elapsed(serial, section)
    if serial < 0 or serial >= MAX_SERIAL:
        return OVERFLOW
    digits = _decimals(tokens)
    if any(t.kind is Kind.HALF_DAY or t.text[0] in "hns" for t in tokens if _is_part(t)):
        ticks = math.floor(serial * _DAY_SECONDS * 10**digits + 0.5 + 1e-4)
        days, rest = divmod(ticks, _DAY_SECONDS * 10**digits)
    else:
        days, rest = math.floor(serial), 0
    day = to_datetime(days, date1904=date1904)
    if day is None:
        return OVERFLOW
    second, fraction = divmod(rest, 10**digits)
    clock = _Clock(second // 3600, second // 60 % 60, second % 60, f"{fraction:0{digits}d}")
    shown = _Shown(section, day, days + 1462 if date1904 else days, clock)
    return "".join(shown.text(token) for token in tokens)


def _is_part(token: Token) -> bool:
    return token.kind in {Kind.DATE, Kind.HALF_DAY}


def _decimals(tokens: list[Token]) -> int:
    return max((len(t.text) for t in tokens if t.kind is Kind.FRACTION_OF_SECOND), default=0)


class _Clock:
    """A time of day. `fraction`: the digits behind the second's point."""

    __slots__ = ("fraction", "hour", "minute", "second")

    def __init__(self, hour: int, minute: int, second: int, fraction: str) -> None:
        self.hour, self.minute, self.second, self.fraction = hour, minute, second, fraction


class _Shown:
    """One point in time under one section."""

    def __init__(self, section: Section, day: datetime, days: int, clock: _Clock) -> None:
        self._day, self._days, self._clock = day, days, clock
        self._region = section.region
        self._half_day = section.has(Kind.HALF_DAY)
        self._era: Era | None = era_of(day, self._region.eras)
        digits = section.native_digits
        self._script = script_of(digits, self._region) if digits else None

    def text(self, token: Token) -> str:
        match token.kind:
            case Kind.DATE:
                text = self._part(token.text)
                return date_part(text, token.text, self._script) if self._script else text
            case Kind.HALF_DAY:
                return _half(token.text, self._clock.hour, self._region.names)
            case Kind.FRACTION_OF_SECOND:
                return f".{self._clock.fraction[: len(token.text)]}"
            case Kind.TEXT:
                return ""
            case _:
                return token.text

    def _part(self, text: str) -> str:
        length = len(text)
        clock = self._clock
        match text[0]:
            case "y":
                return self._year(length, self._region.year_offset)
            case "e":
                return self._year_of_era(length)
            case "b":
                return self._year(length, 543)
            case "g":
                return self._era.name(length) if self._era else ""
            case "m":
                return self._month(length)
            case "d" | "a":
                return self._day_of(text)
            case "h":
                hour = (clock.hour % 12 or 12) if self._half_day else clock.hour
                return f"{hour:0{min(length, 2)}d}"
            case "n":
                return f"{clock.minute:0{length}d}"
            case _:
                return f"{clock.second:0{min(length, 2)}d}"

    def _year(self, length: int, offset: int) -> str:
        year = (1900 if self._days < 1 else self._day.year) + offset
        return f"{year % 100:02d}" if length <= 2 else f"{year:04d}"

    def _year_of_era(self, length: int) -> str:
        if self._era is None:
            return self._year(4, self._region.year_offset)
        year = self._day.year - self._era.first_year + 1
        if year == 1 and self._region.gannen:
            return "元"
        if year < 1:  # before the republic
            return f"前{1 - year}"
        return f"{year:0{min(length, 2)}d}"

    def _month(self, length: int) -> str:
        month = 1 if self._days < 1 else self._day.month
        if length <= 2:
            return f"{month:0{length}d}"
        names = self._region.names
        if length == 3:
            return names.short_months[month - 1]
        name = names.months[month - 1]
        return name[0] if length == 5 else name

    def _day_of(self, text: str) -> str:
        length = len(text)
        if length <= 2:
            # Excel's day before January 1st, 1900, and the leap day that it puts into that year
            number = {0: 0, 60: 29}.get(self._days, self._day.day)
            return f"{number:0{length}d}"
        weekday = (self._days - 2) % 7  # Excel's own, which is a day off before March 1900
        if text[0] == "a" and not self._region.language:
            return ("" if length == 3 else "星期") + _CHINESE_DAYS[weekday]
        names = self._region.names
        return (names.short_days if length == 3 else names.days)[weekday]


def _half(text: str, hour: int, names: Names) -> str:
    if text.upper() == "AM/PM":
        return names.halves[hour >= 12]
    return text.split("/")[hour >= 12]


def _elapsed(serial: float, section: Section) -> str:
    """Hours, minutes or seconds since zero, not wrapped at a day."""
    tokens = section.tokens
    digits = _decimals(tokens)
    ticks = math.floor(abs(serial) * _DAY_SECONDS * 10**digits + 0.5 + 1e-4)
    seconds, fraction = divmod(ticks, 10**digits)
    units = {"h": 3600, "m": 60, "n": 60, "s": 1}
    wraps = {"h": 24, "m": 60, "n": 60, "s": 60}
    days = seconds // _DAY_SECONDS
    rest = seconds % _DAY_SECONDS
    clock = _Clock(rest // 3600, rest // 60 % 60, rest % 60, f"{fraction:0{digits}d}")
    day = to_datetime(days, date1904=False)
    shown = _Shown(section, day, days, clock) if day else None
    out: list[str] = ["-"] if serial < 0 and ticks else []
    for token in tokens:
        if token.kind is Kind.ELAPSED:
            out.append(f"{seconds // units[token.text[0]]:0{len(token.text)}d}")
        elif shown:
            out.append(shown.text(token))
        elif token.kind is Kind.DATE and token.text[0] in units:
            value = seconds // units[token.text[0]] % wraps[token.text[0]]
            out.append(f"{value:0{min(len(token.text), 2)}d}")
        elif token.kind is Kind.FRACTION_OF_SECOND:
            out.append(f".{clock.fraction[: len(token.text)]}")
        elif token.kind is not Kind.TEXT:
            out.append(token.text)
    return "".join(out)
