"""Dates and times by a section's tokens."""

import math
from datetime import datetime, timedelta

from app.domain.number_format.tokens import Kind, Section, Token
from app.domain.values import MAX_SERIAL, to_datetime

OVERFLOW = "########"
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_CHINESE = "〇一二三四五六七八九"
_CHINESE_DAYS = "一二三四五六日"
_CHINESE_LOCALES = {"804", "404", "C04", "1004", "ZH-CN", "ZH-TW"}


def format_date(serial: float, section: Section, *, date1904: bool) -> str:
    """What a date section shows for `serial`, or `########` for what is no date."""
    tokens = section.tokens
    if section.has(Kind.ELAPSED):
        return _elapsed(serial, tokens) if serial >= 0 or date1904 else OVERFLOW
    if serial < 0 or serial >= MAX_SERIAL:
        return OVERFLOW
    digits = max((len(t.text) for t in tokens if t.kind is Kind.FRACTION_OF_SECOND), default=0)
    if _smallest(tokens) == "s":  # seconds round, everything larger is cut off
        unit = 86_400 * 10**digits
        serial = math.floor(serial * unit + 0.5 + 1e-6) / unit + 1e-10
    moment = to_datetime(serial, date1904=date1904)
    if moment is None:
        return OVERFLOW
    days = serial + 1462 if date1904 else serial
    half_day = section.has(Kind.HALF_DAY)
    chinese = section.locale.lstrip("0") in _CHINESE_LOCALES
    out: list[str] = []
    for token in tokens:
        if token.kind is Kind.DATE:
            text = _part(token.text, moment, days, half_day=half_day, chinese=chinese)
            if days < 1 and token.text in {"d", "dd"}:
                text = "0" * len(token.text)  # Excel's day before January 1st, 1900
            out.append(_in_chinese(text, token.text) if section.chinese_digits else text)
        elif token.kind is Kind.HALF_DAY:
            out.append(_half(token.text, moment.hour))
        elif token.kind is Kind.FRACTION_OF_SECOND:
            out.append(f".{moment.microsecond // 1000:03d}"[: len(token.text) + 1])
        elif token.kind is not Kind.TEXT:
            out.append(token.text)
    return "".join(out)


def _smallest(tokens: list[Token]) -> str:
    parts = {t.text[0] for t in tokens if t.kind is Kind.DATE}
    return next((part for part in "snhd" if part in parts), "y")


def _part(text: str, at: datetime, serial: float, *, half_day: bool, chinese: bool) -> str:
    length = len(text)
    match text[0]:
        case "y" | "e":
            year = 1900 if serial < 1 else at.year
            return f"{year % 100:02d}" if length <= 2 and text[0] == "y" else f"{year:04d}"
        case "b":
            return f"{(at.year + 543) % (100 if length <= 2 else 10_000):02d}"
        case "m":
            return _month(1 if serial < 1 else at.month, length, chinese=chinese)
        case "d":
            if length <= 2:
                return f"{at.day:0{length}d}"
            if chinese:
                return ("周" if length == 3 else "星期") + _CHINESE_DAYS[at.weekday()]
            name = _DAYS[_weekday(at, serial)]
            return name[:3] if length == 3 else name
        case "a":
            return ("" if length == 3 else "星期") + _CHINESE_DAYS[at.weekday()]
        case "h":
            hour = (at.hour % 12 or 12) if half_day else at.hour
            return f"{hour:0{min(length, 2)}d}"
        case "n":
            return f"{at.minute:0{length}d}"
        case "s":
            return f"{at.second:0{min(length, 2)}d}"
        case _:
            return ""


def _weekday(at: datetime, serial: float) -> int:
    """Before March 1900 Excel is a day off, having put a leap day into that year."""
    return (at.weekday() - 1) % 7 if serial < 60 else at.weekday()


def _month(month: int, length: int, *, chinese: bool) -> str:
    if length <= 2:
        return f"{month:0{length}d}"
    if chinese:
        return _chinese_number(month) + "月" if length == 4 else f"{month}月"
    name = _MONTHS[month - 1]
    return {3: name[:3], 4: name}.get(length, name[0])


def _half(text: str, hour: int) -> str:
    first, second = text.split("/")
    return first if hour < 12 else second


def _elapsed(serial: float, tokens: list[Token]) -> str:
    """Hours, minutes or seconds since zero, not wrapped at a day."""
    digits = max((len(t.text) for t in tokens if t.kind is Kind.FRACTION_OF_SECOND), default=0)
    has_seconds = any(t.text[0] == "s" for t in tokens if t.kind in {Kind.DATE, Kind.ELAPSED})
    negative = serial < 0
    total_ms = timedelta(days=min(abs(serial), 999_999_999)) // timedelta(milliseconds=1)
    if has_seconds:
        step = 10 ** (3 - digits)
        total_ms = (total_ms + step // 2) // step * step
    units = {"h": 3_600_000, "m": 60_000, "s": 1000}
    out: list[str] = ["-"] if negative and total_ms else []
    for token in tokens:
        if token.kind is Kind.ELAPSED:
            out.append(f"{total_ms // units[token.text[0]]:0{len(token.text)}d}")
        elif token.kind is Kind.DATE:
            value = {
                "h": total_ms // 3_600_000 % 24,
                "n": total_ms // 60_000 % 60,
                "m": total_ms // 60_000 % 60,
                "s": total_ms // 1000 % 60,
            }.get(token.text[0], 0)
            out.append(f"{value:0{min(len(token.text), 2)}d}")
        elif token.kind is Kind.FRACTION_OF_SECOND:
            out.append(f".{total_ms % 1000:03d}"[: len(token.text) + 1])
        else:
            out.append(token.text)
    return "".join(out)


def _in_chinese(text: str, part: str) -> str:
    """`[DBNum1]`: a year digit by digit, everything else as a number."""
    if not text.isdigit():
        return text
    if part[0] in "ye":
        return "".join(_CHINESE[int(c)] for c in text)
    return _chinese_number(int(text))


def _chinese_number(number: int) -> str:
    """0 to 99."""
    tens, ones = divmod(number, 10)
    if tens == 0:
        return _CHINESE[ones]
    return ("" if tens == 1 else _CHINESE[tens]) + "十" + (_CHINESE[ones] if ones else "")
