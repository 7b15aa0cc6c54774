"""The cases: pairs of format and value, of three kinds of origin, the same at each run."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from app.domain.number_format.builtin import BUILTIN
from app.domain.number_format.tokens import Kind, tokenize
from tests.display_text.harvest import read_table

_SEED = 18
_GENERATED = 16_000
_GENERATED_CHINESE = 3_000
_NUMBERS = (
    0.0, 1.0, -1.0, 12.5, -12.5, 0.5, -0.5, 0.123, -0.001, 0.64, 1.07, 2.675, 1.005, 99.995, 999.9999,
    1234.5678, -5000.0, 12345.0, 1234567.891, -1234567.891, 0.00012345, 1e10, 123456789012.0,
    0.285, 9.999e-7, 1e15, 5.0, 100.0, 0.3333333333, -0.04,
)  # fmt: skip
_MOMENTS = (
    0.0, 0.5, 0.75, 1.0, 1.5, 59.0, 60.0, 61.0, 367.25, 36526.0, 40000.123456, 43585.999, 43586.0,
    44197.041666666664, 45351.5, 46053.520833333, 46053.99999, 0.000011574, 2.00347222, 45000.5208449,
)  # fmt: skip
_CHINESE = (
    "[DBNum1]General", "[DBNum2]General", "[DBNum3]General", "[DBNum1][$-804]General",
    "[DBNum2][$-804]General", "[DBNum1]0", "[DBNum2]0.00", "[DBNum2][$-804]0", "[DBNum3]0",
    '[DBNum2]General"元"', '[DBNum1][$-804]yyyy"年"m"月"d"日"', '[DBNum2][$-804]yyyy"年"m"月"d"日"',
    '[DBNum1][$-804]m"月"d"日"', '[DBNum1][$-804]上午/下午h"时"mm"分"', '[$-804]yyyy"年"m"月"d"日" dddd',
    "[$-804]aaaa", "[$-804]aaa", "[$-804]ddd", "[$-804]mmmm", "[$-804]mmm", '[$-804]上午/下午h"时"mm"分"',
    "[$-804]h:mm AM/PM", "[$-411]ge", "[$-411]gge", "[$-411]ggge", '[$-411]ggge"年"m"月"d"日"',
    "[$-411]ge.m.d", "[$-411]aaaa", "[$-411]aaa", "[$-411]h:mm AM/PM", "[$-404]ggge", "[$-404]e/m/d",
    "[$¥-804]#,##0.00", "[$¥-804]#,##0.00;[Red]-[$¥-804]#,##0.00", "￥#,##0.00;￥-#,##0.00",
    "[$¥-411]#,##0", "¥#,##0;[Red]¥-#,##0", 'yyyy"年"mm"月"dd"日"', "上午/下午hh:mm",
    "[$-x-sysdate]dddd, mmmm dd, yyyy", "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "[$-F400]h:mm:ss\\ AM/PM",
)  # fmt: skip
_CHINESE_DATES = (
    'yyyy"年"m"月"d"日"', 'yyyy"年"m"月"', 'm"月"d"日"', "yyyy/m/d", "yyyy-mm-dd", "yy-m-d", "d mmm yyyy",
    "dddd", "ddd", "mmmm", "mmm", 'yyyy"年"m"月"d"日" dddd', 'm"月"d"日" ddd', "dddd, mmmm d, yyyy",
)  # fmt: skip
_CHINESE_TIMES = (
    'h"时"mm"分"', 'h"时"mm"分"ss"秒"', "h:mm AM/PM", "hh:mm:ss AM/PM", "h:mm", "hh:mm:ss", "mm:ss", "[h]:mm",
)  # fmt: skip
_NAMED = (
    ".00", ".0%", "#.00", "[Red][<-1000]#,##0;[Blue][>1000]#,##0;0", "[>100]0;[<-100]0", "[>=1000]0.0,;0",
    "[<0]0", "[<-25]General;[>25]General;General;General", "# ?/?", "# ??/??", "?/?", "# #/#", "# ?/8", "# ??/16",
    "h:mm am/pm", 'h:mm a/p', '[h]" h="h', '[s]" ss="ss', "[mm]:ss", "[h]:mm:ss.00", "#E+#", "##0.0E+0", "0E+0",
    "0.00E-00", "@", "General;General", "0;-0;;@", ";;;", "0;;", '"a"0;"b"0;"c"0;"d"@', "0.0,,", "#,##0.00_);(#,##0.00)",
    "???,???.??", "000-00-0000", "0%", "0.00%", "##%", "0.###", "#,###", "0000", "mm:ss.0", "ss.00", "s.000", "yy/m/d",
    "mmmmm", "d-mmm-yyyy", "dddd d mmmm", "yyyy-mm-dd hh:mm:ss.000", "m", "h", "[ss]", "[m]", "d/m", "hh AM/PM",
)  # fmt: skip


class Case(NamedTuple):
    """Attributes:
    origin: `published` (with Excel's own text), `workbooks`, `built-in`, `named` or `generated`.
    excel: what Excel wrote; None where nobody has asked it.
    """

    code: str
    value: float
    origin: str
    excel: str | None = None

    @property
    def kind(self) -> str:
        return kind_of(self.code)


def kind_of(code: str) -> str:
    """What makes the format what it is; the rarer comes first."""
    sections = tokenize(code[:512])
    kinds = {token.kind for section in sections for token in section.tokens}
    if any(section.native_digits for section in sections):
        return "Chinese digits"
    if any(section.condition for section in sections):
        return "conditions"
    if any(section.is_date for section in sections):
        return "elapsed time" if Kind.ELAPSED in kinds else "dates and times"
    if any(token.kind is Kind.SLASH for section in sections for token in section.tokens):
        return "fractions"
    if Kind.EXPONENT in kinds:
        return "scientific"
    if Kind.DIGIT not in kinds:
        return "General and text"
    if Kind.PERCENT in kinds:
        return "percent"
    return "numbers, several sections" if len(sections) > 1 else "numbers"


def all_cases() -> list[Case]:
    """Each pair once."""
    found: dict[tuple[str, float], Case] = {}
    for case in _in_order():
        if len(case.code) <= 255 and abs(case.value) < 1e300:
            found.setdefault((case.code, case.value), case)
    return list(found.values())


def _in_order() -> Iterator[Case]:
    for code, value, text in read_table("stored.tsv", 3):
        yield Case(code, float(value), "published", text)
    for code, value in read_table("formats.tsv", 2):
        yield from (Case(code, each, "workbooks") for each in ([float(value)] if value else []))
        yield from (Case(code, each, "workbooks") for each in values_for(code)[::3])
    for code in BUILTIN.values():
        yield from (Case(code, value, "built-in") for value in (*_NUMBERS, *_MOMENTS))
    for code in (*_NAMED, *_CHINESE):
        yield from (Case(code, value, "named") for value in values_for(code))
    chance = random.Random(_SEED)
    for _ in range(_GENERATED):
        code = _generated(chance)
        number = chance.choice(values_for(code)) if chance.random() < 0.5 else _number(chance, code)
        yield Case(code, number, "generated")
    for _ in range(_GENERATED_CHINESE):
        code = _generated_chinese(chance)
        number = chance.choice(values_for(code)) if chance.random() < 0.5 else _number(chance, code)
        yield Case(code, number, "generated, zh-CN")


def _generated_chinese(chance: random.Random) -> str:
    """As a Chinese Excel writes it: names of days, months and halves of a day, and its currency."""
    pick = chance.choice
    date = pick((*_CHINESE_DATES, ""))
    time = pick((*_CHINESE_TIMES, "", ""))
    match chance.randrange(3):
        case 0:
            return _sections(chance, lambda c: f"[$¥-804]{_number_code(c)}")
        case 1:
            return f"[$-804]{date} {time}".strip() if date or time else "[$-804]aaaa"
        case _:
            return f"{date} {time}".strip() or 'yyyy"年"m"月"'


def values_for(code: str) -> tuple[float, ...]:
    return _MOMENTS if any(section.is_date for section in tokenize(code)) else _NUMBERS


def _number(chance: random.Random, code: str) -> float:
    if any(section.is_date for section in tokenize(code)):
        return round(chance.uniform(0, 80_000), chance.choice((0, 2, 6)))
    number = chance.uniform(0, 10 ** chance.randint(-3, 9)) * chance.choice((1, 1, -1))
    return round(number, chance.randint(0, 6))


def _generated(chance: random.Random) -> str:
    pick = chance.choice
    match chance.randrange(6):
        case 0 | 1:
            return _sections(chance, _number_code)
        case 2:
            return _sections(
                chance, lambda c: _number_code(c) + c.choice(("%", " %", '" kg"', ",", "\\ €"))
            )
        case 3:
            mantissa = pick(("0", "0.0", "0.00", "##0.0", "#", "0.###", "00.0"))
            return f"{mantissa}E{pick('+-')}{pick(('0', '00', '#0', '000'))}"
        case 4:
            return f"{pick(('# ', '0 ', '#,##0 '))}{pick(('?/?', '??/??', '???/???', '?/4', '?/8', '??/16', '??/100'))}"
        case _:
            date = pick(
                (
                    "yyyy-mm-dd",
                    "d/m/yy",
                    "dd mmm yyyy",
                    "mmmm d, yyyy",
                    "ddd d mmm",
                    'yyyy"年"m"月"d"日"',
                    "",
                )
            )
            time = pick(
                (
                    "h:mm",
                    "hh:mm:ss",
                    "h:mm AM/PM",
                    "mm:ss.0",
                    "hh:mm:ss.000",
                    "[h]:mm",
                    "[mm]:ss",
                    "",
                )
            )
            return f"{date} {time}".strip() or "yyyy"


def _number_code(chance: random.Random) -> str:
    whole = chance.choice(("0", "#", "#,##0", "00", "#,###", "?0", "???", "0000", "#,##0", ""))
    decimals = chance.choice(("", ".0", ".00", ".000", ".#", ".0#", ".??", ".0?"))
    return (whole + decimals) or "0"


def _sections(chance: random.Random, code: object) -> str:
    make = code
    assert callable(make)
    positive = make(chance)
    match chance.randrange(5):
        case 0:
            return f"{positive};({positive})"
        case 1:
            return f'{positive};-{positive};"-"'
        case 2:
            return f"{positive}_);[Red]({positive})"
        case _:
            return str(positive)
