"""Numbers by a section's tokens."""

from collections.abc import Callable

from app.domain.number_format.fractions import fraction, is_fraction
from app.domain.number_format.general import general
from app.domain.number_format.placeholders import fill_left, fill_right
from app.domain.number_format.rounding import exactly, rounded
from app.domain.number_format.tokens import Kind, Section, Token

Format = Callable[[float], str]
_SAFE_BELOW = 1e11
_NEAR_TIE = 1e-3
_SHOWN_WHOLE = Token(Kind.DIGIT, "#")


def number_format(section: Section) -> Format:
    """What the section makes of a number whose sign the caller has dealt with."""
    tokens = section.tokens
    if not section.has(Kind.DIGIT):
        return _without_digits(tokens)
    if section.has(Kind.EXPONENT):
        return _scientific(tokens)
    if is_fraction(tokens):
        return fraction(tokens)
    return _simple(tokens) or _decimal(tokens)


def _without_digits(tokens: list[Token]) -> Format:
    def show(value: float) -> str:
        return "".join(
            general(value) if t.kind in {Kind.GENERAL, Kind.TEXT} else t.text
            for t in tokens
            if t.kind is not Kind.COMMA
        )

    return show


def _split_point(tokens: list[Token]) -> tuple[list[Token], list[Token], bool]:
    for index, token in enumerate(tokens):
        if token.kind is Kind.POINT:
            return tokens[:index], tokens[index + 1 :], True
    return tokens, [], False


def _simple(tokens: list[Token]) -> Format | None:
    """The formats that nearly all cells have, `0`, `0.00`, `#,##0.00`, `0.0%`, by Python's own."""
    if any(t.kind in {Kind.LITERAL, Kind.GENERAL, Kind.SLASH} for t in tokens):
        return None
    middle = "".join(t.text for t in tokens)
    percent = middle.endswith("%")
    middle = middle.removesuffix("%")
    whole, _, decimals = middle.partition(".")
    if whole not in {"0", "#,##0"} or decimals.strip("0") or middle.endswith("."):
        return None
    spec = f"{',' if ',' in whole else ''}.{len(decimals)}f"
    factor = 100.0 if percent else 1.0
    power = 10.0 ** len(decimals)
    suffix = "%" if percent else ""
    exact = _decimal(tokens)

    def show(value: float) -> str:
        shown = value * factor
        scaled = shown * power
        if scaled < _SAFE_BELOW and abs(scaled % 1 - 0.5) > _NEAR_TIE:
            return format(shown, spec) + suffix
        return exact(value)  # a tie, or near one: its fifteen digits decide

    return show


def _decimal(tokens: list[Token]) -> Format:
    before, after, has_point = _split_point(tokens)
    places, shift = _places_and_shift(tokens)
    grouped, _ = _commas(before, after)
    if not any(t.kind is Kind.DIGIT for t in before):
        before = [*before, _SHOWN_WHOLE]  # `.00`: digits before the point are never dropped

    def show(value: float) -> str:
        text = f"{rounded(exactly(value).scaleb(shift), places):f}"
        whole, _, decimals = text.partition(".")
        left = fill_left(before, whole.lstrip("0"), grouped=grouped)
        right = fill_right(after, decimals)
        return left + ("." if has_point else "") + right

    return show


def _places_and_shift(tokens: list[Token]) -> tuple[int, int]:
    """Decimals, and the power of ten by which percent signs and commas scale."""
    before, after, _ = _split_point(tokens)
    percents = sum(t.kind is Kind.PERCENT for t in tokens)
    _, thousands = _commas(before, after)
    return sum(t.kind is Kind.DIGIT for t in after), 2 * percents - 3 * thousands


def _commas(before: list[Token], after: list[Token]) -> tuple[bool, int]:
    """Commas between digits group thousands; each one behind the last digit divides by 1000."""
    digits = [i for i, t in enumerate(before) if t.kind is Kind.DIGIT]
    trailing = 0
    if digits:
        trailing = _run_of_commas(before[digits[-1] + 1 :])
    last_after = max((i for i, t in enumerate(after) if t.kind is Kind.DIGIT), default=-1)
    if last_after >= 0 or not trailing:
        trailing += _run_of_commas(after[last_after + 1 :])
    grouped = bool(digits) and any(t.kind is Kind.COMMA for t in before[digits[0] : digits[-1] + 1])
    return grouped, trailing


def _run_of_commas(tokens: list[Token]) -> int:
    return next((i for i, t in enumerate(tokens) if t.kind is not Kind.COMMA), len(tokens))


def _scientific(tokens: list[Token]) -> Format:
    index = next(i for i, t in enumerate(tokens) if t.kind is Kind.EXPONENT)
    mantissa, power = tokens[:index], tokens[index + 1 :]
    before, after, has_point = _split_point(mantissa)
    if not any(t.kind is Kind.DIGIT for t in before):
        before = [*before, _SHOWN_WHOLE]
    step = sum(t.kind is Kind.DIGIT for t in before)
    places = sum(t.kind is Kind.DIGIT for t in after)
    always_signed = tokens[index].text[1] == "+"

    def show(value: float) -> str:
        exact = exactly(value)
        exponent = exact.adjusted() if exact else 0
        exponent -= exponent % step
        scaled = rounded(exact.scaleb(-exponent), places)
        if scaled >= 10**step:  # rounding has added a digit
            exponent += step
            scaled = rounded(exact.scaleb(-exponent), places)
        whole, _, decimals = f"{scaled:f}".partition(".")
        # nought fills every place of the whole part
        left = fill_left(before, whole.lstrip("0") if exact else "0" * step, grouped=False)
        right = fill_right(after, decimals)
        sign = "-" if exponent < 0 else "+" if always_signed else ""
        first = next((i for i, t in enumerate(power) if t.kind is Kind.DIGIT), len(power))
        lead = "".join(t.text for t in power[:first])
        return (
            f"{left}{'.' if has_point else ''}{right}E{lead}{sign}"
            f"{fill_left(power[first:], str(abs(exponent)), grouped=False)}"
        )

    return show


def rounds_to_zero(section: Section) -> Callable[[float], bool]:
    """Whether a number shows no digit but noughts, so that it shows no minus either."""
    if not section.has(Kind.DIGIT) or section.has(Kind.EXPONENT) or is_fraction(section.tokens):
        return lambda value: value == 0
    places, shift = _places_and_shift(section.tokens)
    return lambda value: rounded(exactly(value).scaleb(shift), places) == 0
