"""A format code to sections of tokens."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from app.domain.number_format.locales import SYSTEM_DATE, SYSTEM_TIME, Region, region_of
from app.domain.refusal import Refused


class Kind(Enum):
    LITERAL = auto()
    DIGIT = auto()  # 0 # ?
    POINT = auto()
    COMMA = auto()
    PERCENT = auto()
    EXPONENT = auto()  # E+ E-
    SLASH = auto()
    TEXT = auto()  # @
    GENERAL = auto()
    DATE = auto()  # y m d h s a e b g, repeated
    ELAPSED = auto()  # [h] [m] [s]
    FRACTION_OF_SECOND = auto()  # .0 .00 .000 after s
    HALF_DAY = auto()  # AM/PM A/P 上午/下午


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    """`[>=1000]`"""

    operator: str
    limit: float

    def holds(self, value: float) -> bool:
        return _COMPARE[self.operator](value, self.limit)

    @property
    def wants_no_minus(self) -> bool:
        """`[<0]` is Excel's own way to say what a negative section is for."""
        return self.limit == 0 and self.operator == "<"


@dataclass(slots=True)
class Section:
    """What stands between two semicolons.

    Attributes:
        native_digits: 1 to 3 for `[DBNum1]` to `[DBNum3]`, 0 for none.
    """

    tokens: list[Token] = field(default_factory=list)
    condition: Condition | None = None
    region: Region = field(default_factory=Region)
    native_digits: int = 0
    has_directive: bool = False

    def has(self, *kinds: Kind) -> bool:
        return any(token.kind in kinds for token in self.tokens)

    @property
    def is_date(self) -> bool:
        return self.has(Kind.DATE, Kind.ELAPSED, Kind.HALF_DAY) and not self.has(Kind.GENERAL)


_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)"?
    | \\(?P<escaped>.)
    | _(?P<skip>\\.|.)
    | \*(?P<fill>\\.|.)
    | \[(?P<bracket>[^\]]*)\]
    | (?P<general>General|G/通用格式)
    | (?P<half>AM/PM|A/P|上午/下午)
    | (?P<exponent>E[+-])
    | (?P<calendar>B[12](?=[ymdhsbge]))
    | (?P<date>y+|m+|d+|h+|s+|a{3,4}|e+|b+|g+)
    | (?P<digit>[0#?])
    | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$")
_SIMPLE = {".": Kind.POINT, ",": Kind.COMMA, "%": Kind.PERCENT, "/": Kind.SLASH, "@": Kind.TEXT}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<>": lambda a, b: a != b,
}
MAX_CODE_LENGTH = 512
_SYSTEM_CODES = {SYSTEM_DATE: "dddd, mmmm d, yyyy", SYSTEM_TIME: "h:mm:ss AM/PM"}
"""What follows the reader's system in Excel; a server has none."""


def tokenize(code: str) -> list[Section]:
    """The sections of a format code, one at least.

    Raises:
        Refused: `FORMAT_TOO_LONG`. Any other text is some format.
    """
    if len(code) > MAX_CODE_LENGTH:
        raise Refused(
            "FORMAT_TOO_LONG", f"the number format {code[:40]!r}… is longer than {MAX_CODE_LENGTH}"
        )
    section = Section()
    sections = [section]
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or "other"
        text = match[kind]
        if kind == "other" and text == ";":
            section = Section()
            sections.append(section)
        elif kind == "bracket":
            _bracket(section, text)
        elif token := _token(kind, text):
            section.tokens.append(token)
    for part in sections:
        _settle(part)
    return sections


def _token(kind: str, text: str) -> Token | None:
    match kind:
        case "quoted" | "escaped":
            return Token(Kind.LITERAL, text)
        case "skip":  # as wide as the character: a space is as near as text comes
            return Token(Kind.LITERAL, " ")
        case "fill" | "calendar":
            return None
        case "general":
            return Token(Kind.GENERAL, text)
        case "half":
            return Token(Kind.HALF_DAY, text)
        case "exponent":
            return Token(Kind.EXPONENT, text)
        case "date":
            return Token(Kind.DATE, text.lower())
        case "digit":
            return Token(Kind.DIGIT, text)
        case _:
            return Token(_SIMPLE.get(text, Kind.LITERAL), text)


def _bracket(section: Section, text: str) -> None:
    if condition := _CONDITION.match(text):
        section.condition = Condition(condition[1], float(condition[2]))
    elif text and len(set(text.lower())) == 1 and text[0] in "hmsHMS":
        section.tokens.append(Token(Kind.ELAPSED, text.lower()))
    elif text.startswith("$"):
        currency, _, region = text[1:].partition("-")
        if region:
            section.region = region_of(region)
        if currency:
            section.tokens.append(Token(Kind.LITERAL, currency))
    elif text[:5].upper() == "DBNUM" and text[5:] in {"1", "2", "3"}:
        section.native_digits = int(text[5:])
    section.has_directive = not text.startswith("$")
    # anything else is a colour


def _settle(section: Section) -> None:
    """Decide what a letter or a sign means from what stands around it."""
    if not section.tokens and section.has_directive:
        section.tokens.append(Token(Kind.GENERAL, "General"))  # `[Red]` alone
    if not section.is_date:
        return
    if code := _SYSTEM_CODES.get(section.region.language):
        section.tokens = tokenize(code)[0].tokens
        return
    tokens: list[Token] = []
    source = iter(enumerate(section.tokens))
    for index, token in source:
        following = section.tokens[index + 1 :]
        if token.kind is Kind.POINT and following and following[0].text == "0":
            digits = 0
            while digits < len(following) and following[digits].text == "0":
                digits += 1
                next(source)
            tokens.append(Token(Kind.FRACTION_OF_SECOND, "0" * min(digits, 3)))
        elif token.kind in {Kind.DATE, Kind.ELAPSED, Kind.HALF_DAY, Kind.LITERAL, Kind.TEXT}:
            tokens.append(token)
        else:
            tokens.append(Token(Kind.LITERAL, token.text))
    section.tokens = _minutes(tokens)


def _minutes(tokens: list[Token]) -> list[Token]:
    """`m` after hours or before seconds means minutes; it becomes `n`."""
    timed = [i for i, t in enumerate(tokens) if t.kind in {Kind.DATE, Kind.ELAPSED}]
    result = list(tokens)
    for place, index in enumerate(timed):
        token = tokens[index]
        if token.kind is not Kind.DATE or token.text not in {"m", "mm"}:
            continue
        before = tokens[timed[place - 1]].text if place else ""
        after = tokens[timed[place + 1]].text if place + 1 < len(timed) else ""
        if before[:1] == "h" or after[:1] == "s":
            result[index] = Token(Kind.DATE, "n" * len(token.text))
    return result
