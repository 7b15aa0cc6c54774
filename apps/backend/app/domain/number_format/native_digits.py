"""`[DBNum1]` to `[DBNum3]`: numbers in Chinese, for offices, for banks, and in full width."""

from dataclasses import dataclass

from app.domain.number_format.locales import Region

_GROUPS = ("", "万", "亿", "兆")
_TRADITIONAL_GROUPS = ("", "萬", "億", "兆")


@dataclass(frozen=True, slots=True)
class Script:
    """The ten digits, the units 10, 100, 1000, and those of every four digits."""

    digits: str
    units: tuple[str, str, str]
    groups: tuple[str, ...] = _GROUPS

    def by_digit(self, text: str) -> str:
        """Each digit for itself; what is none stays."""
        return text.translate({48 + value: digit for value, digit in enumerate(self.digits)})

    def counted(self, number: int) -> str:
        """12345 as 一万二千三百四十五."""
        if number == 0:
            return self.digits[0]
        out: list[str] = []
        gap = False
        for place in range(len(self.groups) - 1, -1, -1):
            part = number // 10_000**place
            number %= 10_000**place
            if place < len(self.groups) - 1:
                part %= 10_000
            if part:
                if out and (gap or part < 1000):
                    out.append(self.digits[0])
                out.append(self._thousands(part) + self.groups[place])
                gap = False
            else:
                gap = bool(out)
        return "".join(out)

    def _thousands(self, part: int) -> str:
        if part > 9999:
            return self.counted(part)
        out: list[str] = []
        gap = False
        for place in (3, 2, 1, 0):
            digit = part // 10**place % 10
            if digit:
                if gap:
                    out.append(self.digits[0])
                out.append(self.digits[digit] + (self.units[place - 1] if place else ""))
                gap = False
            else:
                gap = bool(out)
        return "".join(out)


_CHINESE = Script("○一二三四五六七八九", ("十", "百", "千"))
_BANK = Script("零壹贰叁肆伍陆柒捌玖", ("拾", "佰", "仟"))
_WIDE = Script("０１２３４５６７８９", ("十", "百", "千"))
_TAIWAN_CHINESE = Script("○一二三四五六七八九", ("十", "百", "千"), _TRADITIONAL_GROUPS)
_TAIWAN_BANK = Script("零壹貳參肆伍陸柒捌玖", ("拾", "佰", "仟"), _TRADITIONAL_GROUPS)
_JAPANESE = Script("〇一二三四五六七八九", ("十", "百", "千"), ("", "万", "億", "兆"))
_JAPANESE_BANK = Script("〇壱弐参四伍六七八九", ("拾", "百", "阡"), ("", "萬", "億", "兆"))
_SCRIPTS = {
    "": (_CHINESE, _BANK, _WIDE),
    "taiwan": (_TAIWAN_CHINESE, _TAIWAN_BANK, _WIDE),
    "japan": (_JAPANESE, _JAPANESE_BANK, _WIDE),
}


def script_of(native_digits: int, region: Region) -> Script:
    """The script of `[DBNum1]` to `[DBNum3]` in a region; Chinese where it names none."""
    return _SCRIPTS[region.eras][native_digits - 1]


def general_in_words(text: str, script: Script) -> str:
    """A number as General shows it, without its sign: the whole part is counted."""
    whole, point, decimals = text.partition(".")
    if not whole.isdigit() or (not decimals.isdigit() and point):
        return script.by_digit(text)  # 1.2E+20
    return script.counted(int(whole)) + point + script.by_digit(decimals)


def date_part(text: str, part: str, script: Script) -> str:
    """A year digit by digit, any other part of a date as a number: 十二月, 二十一日."""
    if not text.isdigit():
        return text
    if part[0] in "yb" or script is _WIDE:
        return script.by_digit(text)
    counted = script.counted(int(text))
    ten = script.digits[1] + script.units[0]
    if script.units[0] == "十" and counted.startswith(ten):
        return counted[1:]
    return counted
