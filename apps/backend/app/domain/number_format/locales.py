"""What `[$-804]` and its like change: names of days and months, half days, the calendar."""

from dataclasses import dataclass
from functools import lru_cache

_ENGLISH_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_ENGLISH_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_CHINESE_MONTHS = "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月".split()
_NUMBERED_MONTHS = tuple(f"{month}月" for month in range(1, 13))


@dataclass(frozen=True, slots=True)
class Names:
    """Of months and of days from Monday, long and short, and of the halves of a day."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    halves: tuple[str, str] = ("AM", "PM")


def _names(
    months: str,
    days: str,
    short_months: str = "",
    short_days: str = "",
    halves: tuple[str, str] = ("AM", "PM"),
) -> Names:
    """Short names are the first three letters where none are given."""
    long_months, long_days = tuple(months.split()), tuple(days.split())
    return Names(
        long_months,
        tuple(short_months.split()) or tuple(name[:3] for name in long_months),
        long_days,
        tuple(short_days.split()) or tuple(name[:3] for name in long_days),
        halves,
    )


ENGLISH = _names(" ".join(_ENGLISH_MONTHS), " ".join(_ENGLISH_DAYS))
_CHINESE = _names(
    " ".join(_CHINESE_MONTHS),
    "星期一 星期二 星期三 星期四 星期五 星期六 星期日",
    " ".join(_NUMBERED_MONTHS),
    "周一 周二 周三 周四 周五 周六 周日",
    ("上午", "下午"),
)
_TAIWANESE = _names(
    " ".join(_NUMBERED_MONTHS),
    "星期一 星期二 星期三 星期四 星期五 星期六 星期日",
    " ".join(_NUMBERED_MONTHS),
    "週一 週二 週三 週四 週五 週六 週日",
    ("上午", "下午"),
)
_JAPANESE = _names(
    " ".join(_NUMBERED_MONTHS),
    "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
    " ".join(_NUMBERED_MONTHS),
    "月 火 水 木 金 土 日",
    ("午前", "午後"),
)
_KOREAN = _names(
    " ".join(f"{month}월" for month in range(1, 13)),
    "월요일 화요일 수요일 목요일 금요일 토요일 일요일",
    " ".join(str(month) for month in range(1, 13)),
    "월 화 수 목 금 토 일",
    ("오전", "오후"),
)
_GERMAN = _names(
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    short_days="Mo Di Mi Do Fr Sa So",
)
_FRENCH = _names(
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "lun. mar. mer. jeu. ven. sam. dim.",
)
_SPANISH = _names(
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "lunes martes miércoles jueves viernes sábado domingo",
)
_ITALIAN = _names(
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "lunedì martedì mercoledì giovedì venerdì sabato domenica",
)
_PORTUGUESE = _names(
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
)
_DUTCH = _names(
    "januari februari maart april mei juni juli augustus september oktober november december",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "ma di wo do vr za zo",
)
_RUSSIAN = _names(
    "Январь Февраль Март Апрель Май Июнь Июль Август Сентябрь Октябрь Ноябрь Декабрь",
    "понедельник вторник среда четверг пятница суббота воскресенье",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "Пн Вт Ср Чт Пт Сб Вс",
)
_BY_LANGUAGE = {  # the low ten bits of a Windows language number
    0x04: _CHINESE,
    0x07: _GERMAN,
    0x0A: _SPANISH,
    0x0C: _FRENCH,
    0x10: _ITALIAN,
    0x11: _JAPANESE,
    0x12: _KOREAN,
    0x13: _DUTCH,
    0x16: _PORTUGUESE,
    0x19: _RUSSIAN,
}
_TAIWAN = {0x0404, 0x0C04, 0x1404}
_LANGUAGE_OF_TAG = {
    "zh": 0x0804,
    "de": 0x0407,
    "es": 0x0C0A,
    "fr": 0x040C,
    "it": 0x0410,
    "ja": 0x0411,
    "ko": 0x0412,
    "nl": 0x0413,
    "pt": 0x0416,
    "ru": 0x0419,
}
_TAIWAN_TAGS = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")
JAPAN, TAIWAN = "japan", "taiwan"
_BUDDHIST = 7
SYSTEM_DATE, SYSTEM_TIME = 0xF800, 0xF400
_SYSTEM = {SYSTEM_DATE, SYSTEM_TIME}
_SYSTEM_TAGS = {"x-sysdate": SYSTEM_DATE, "x-systime": SYSTEM_TIME}


@dataclass(frozen=True, slots=True)
class Region:
    """The locale of a section.

    Attributes:
        eras: whose eras `g` and `e` count in; empty for none.
        year_offset: 543 for the Buddhist calendar.
        gannen: an era's first year is 元, as Japanese offices write it.
    """

    names: Names = ENGLISH
    eras: str = ""
    year_offset: int = 0
    gannen: bool = False
    language: int = 0


@lru_cache(maxsize=1024)
def region_of(text: str) -> Region:
    """What stands behind the hyphen: `804`, `D07041E`, `zh-CN`, `ja-JP-x-gannen,80`."""
    tag, _, options = text.partition(",")
    try:
        code = int(tag, 16)
    except ValueError:
        return _region_of_tag(tag.lower(), options)
    return _region(code & 0xFFFF, code >> 16 & 0xFF, gannen=False)


def _region_of_tag(tag: str, options: str) -> Region:
    if tag in _SYSTEM_TAGS:
        language = _SYSTEM_TAGS[tag]
    elif tag.startswith(_TAIWAN_TAGS):
        language = 0x0404
    else:
        language = _LANGUAGE_OF_TAG.get(tag[:2] if tag[2:3] in {"", "-"} else "", 0)
    calendar = int(options[-2:], 16) if _is_hex(options[-2:]) else 0
    return _region(language, calendar & 0x7F, gannen="gannen" in tag and calendar >= 0x80)


def _is_hex(text: str) -> bool:
    return bool(text) and all(c in "0123456789abcdefABCDEF" for c in text)


def _region(language: int, calendar: int, *, gannen: bool) -> Region:
    if language in _SYSTEM:
        return Region(language=language)
    names = _TAIWANESE if language in _TAIWAN else _BY_LANGUAGE.get(language & 0x3FF, ENGLISH)
    eras = JAPAN if language & 0x3FF == 0x11 else TAIWAN if language == 0x0404 else ""
    offset = 543 if calendar == _BUDDHIST else 0
    return Region(names, eras, offset, gannen or eras == TAIWAN, language)
