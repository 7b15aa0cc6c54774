"""Numbers by a section's tokens."""

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from app.domain.number_format.tokens import Kind, Section, Token

Format = Callable[[float], str]
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)
_NUDGE = 1 + 4.5e-16
"""Excel rounds the 15 digits that it shows, half away from zero: 2.675 is 2.68 and not 2.67."""


_SAFE_BELOW = 1e12
"""From here on the nudge itself could be seen in two decimals."""


def general(value: float) -> str:
    """The format General: up to 11 characters of a number."""
    if isinstance(value, int) or value.is_integer():
        if abs(value) < 1e11:
            return str(int(value))
    elif 1e-4 <= abs(value) < 1e11:
        whole = len(str(int(abs(value))))
        text = fixed(value, max(0, 10 - whole))
        return text.rstrip("0").rstrip(".") if "." in text else text
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        short = f"{value * _NUDGE:.9f}".rstrip("0").rstrip(".")
        if math.isclose(float(short), value, rel_tol=1e-12):
            return short
    mantissa, exponent = f"{value * _NUDGE:.5E}".split("E")
    return f"{mantissa.rstrip('0').rstrip('.')}E{exponent}"


def fixed(value: float, decimals: int) -> str:
    return f"{value * _NUDGE:.{decimals}f}"


def number_format(section: Section) -> Format:
    """What the section makes of a number whose sign the caller has dealt with."""
    tokens = section.tokens
    if not section.has(Kind.DIGIT):
        return _without_digits(tokens)
    if section.has(Kind.EXPONENT):
        return _scientific(tokens)
    if _is_fraction(tokens):
        return _fraction(tokens)
    return _simple(tokens) or _decimal(tokens)


def _without_digits(tokens: list[Token]) -> Format:
    def show(value: float) -> str:
        return "".join(
            general(value) if t.kind in {Kind.GENERAL, Kind.TEXT} else t.text
            for t in tokens
            if t.kind not in {Kind.POINT, Kind.COMMA}
        )

    return show


def _split_point(tokens: list[Token]) -> tuple[list[Token], list[Token], bool]:
    for index, token in enumerate(tokens):
        if token.kind is Kind.POINT:
            return tokens[:index], tokens[index + 1 :], True
    return tokens, [], False


def _simple(tokens: list[Token]) -> Format | None:
    """The formats that nearly all cells have, `0`, `0.00`, `#,##0.00`, `0.0%`, by Python's own."""
    text = "".join(t.text for t in tokens)
    middle = text.strip()
    percent = middle.endswith("%")
    middle = middle.removesuffix("%")
    if any(t.kind in {Kind.LITERAL, Kind.GENERAL, Kind.SLASH} for t in tokens):
        return None
    whole, _, decimals = middle.partition(".")
    if whole not in {"0", "#,##0"} or decimals.strip("0"):
        return None
    spec = f"{',' if ',' in whole else ''}.{len(decimals)}f"
    factor = 100 * _NUDGE if percent else _NUDGE
    suffix = "%" if percent else ""
    exact = _decimal(tokens)
    return lambda value: (
        format(value * factor, spec) + suffix if value < _SAFE_BELOW else exact(value)
    )


def _decimal(tokens: list[Token]) -> Format:
    before, after, has_point = _split_point(tokens)
    places = sum(t.kind is Kind.DIGIT for t in after)
    percents = sum(t.kind is Kind.PERCENT for t in tokens)
    grouped, thousands = _commas(before, after)
    scale = Decimal(100) ** percents / Decimal(1000) ** thousands
    quantum = Decimal(1).scaleb(-places)

    def show(value: float) -> str:
        exact = Decimal(f"{value:.15g}") * scale
        text = f"{exact.quantize(quantum, context=_CONTEXT):f}"
        whole, _, decimals = text.partition(".")
        left = _fill_left(before, whole.lstrip("0"), grouped=grouped)
        right = _fill_right(after, decimals)
        return left + ("." if has_point else "") + right

    return show


def _commas(before: list[Token], after: list[Token]) -> tuple[bool, int]:
    """Commas between digits group thousands; each one behind the last digit divides by 1000."""
    digits = [i for i, t in enumerate(before) if t.kind is Kind.DIGIT]
    trailing = 0
    last = digits[-1] if digits else -1
    for token in before[last + 1 :]:
        if token.kind is not Kind.COMMA:
            break
        trailing += 1
    last_after = max((i for i, t in enumerate(after) if t.kind is Kind.DIGIT), default=-1)
    for token in after[last_after + 1 :]:
        if token.kind is not Kind.COMMA:
            break
        trailing += 1
    grouped = bool(digits) and any(t.kind is Kind.COMMA for t in before[digits[0] : digits[-1] + 1])
    return grouped, trailing


def _fill_left(tokens: list[Token], digits: str, *, grouped: bool) -> str:
    """Digits into placeholders from the right; the first placeholder takes all that are left."""
    places = sum(t.kind is Kind.DIGIT for t in tokens)
    out: list[str] = []
    rest = digits
    seen = written = 0
    for token in reversed(tokens):
        if token.kind is Kind.COMMA:
            continue
        if token.kind is not Kind.DIGIT:
            out.append(token.text)
            continue
        seen += 1
        take = rest if seen == places else rest[-1:]
        rest = "" if seen == places else rest[:-1]
        take = take or {"0": "0", "?": " "}.get(token.text, "")
        for digit in reversed(take):
            if grouped and written and written % 3 == 0 and digit != " ":
                out.append(",")
            out.append(digit)
            written += 1
    return "".join(reversed(out))


def _fill_right(tokens: list[Token], digits: str) -> str:
    out: list[str] = []
    place = 0
    significant = len(digits.rstrip("0"))
    for token in tokens:
        if token.kind is Kind.COMMA:
            continue
        if token.kind is not Kind.DIGIT:
            out.append(token.text)
            continue
        if place < significant or token.text == "0":
            out.append(digits[place])
        elif token.text == "?":
            out.append(" ")
        place += 1
    return "".join(out)


def _scientific(tokens: list[Token]) -> Format:
    index = next(i for i, t in enumerate(tokens) if t.kind is Kind.EXPONENT)
    mantissa, power = tokens[:index], tokens[index + 1 :]
    before, after, has_point = _split_point(mantissa)
    step = max(sum(t.kind is Kind.DIGIT for t in before), 1)
    places = sum(t.kind is Kind.DIGIT for t in after)
    always_signed = tokens[index].text[1] == "+"

    def show(value: float) -> str:
        exact = Decimal(f"{value:.15g}")
        exponent = exact.adjusted() if exact else 0
        exponent -= exponent % step if step > 1 else 0
        scaled = _rounded(exact, exponent, places)
        if scaled >= 10**step:  # rounding has added a digit
            exponent += step
            scaled = _rounded(exact, exponent, places)
        whole, _, decimals = f"{scaled:f}".partition(".")
        left = _fill_left(before, whole.lstrip("0"), grouped=False)
        right = _fill_right(after, decimals)
        sign = "-" if exponent < 0 else "+" if always_signed else ""
        return (
            f"{left}{'.' if has_point else ''}{right}E{sign}"
            f"{_fill_left(power, str(abs(exponent)) if exponent else '', grouped=False)}"
        )

    return show


def _rounded(exact: Decimal, exponent: int, places: int) -> Decimal:
    return exact.scaleb(-exponent).quantize(Decimal(1).scaleb(-places), context=_CONTEXT)


def _is_fraction(tokens: list[Token]) -> bool:
    slashes = [i for i, t in enumerate(tokens) if t.kind is Kind.SLASH]
    if not slashes:
        return False
    digits = [i for i, t in enumerate(tokens) if t.kind is Kind.DIGIT]
    below = tokens[slashes[0] + 1 :]
    return digits[0] < slashes[0] and any(t.kind is Kind.DIGIT or t.text.isdigit() for t in below)


def _fraction(tokens: list[Token]) -> Format:
    slash = next(i for i, t in enumerate(tokens) if t.kind is Kind.SLASH)
    start = slash
    while start and tokens[start - 1].kind is Kind.DIGIT:
        start -= 1
    whole, top, bottom = tokens[:start], tokens[start:slash], tokens[slash + 1 :]
    mixed = any(t.kind is Kind.DIGIT for t in whole)
    wanted = "".join(t.text for t in bottom if t.kind is Kind.DIGIT or t.text.isdigit())
    fixed_bottom = int(wanted) if wanted.strip("0?#") or wanted.strip("?#").strip("0") else 0
    width = len(wanted)
    tail = "".join(t.text for t in bottom if not (t.kind is Kind.DIGIT or t.text.isdigit()))

    def show(value: float) -> str:
        integer, rest = (int(value), value - int(value)) if mixed else (0, value)
        if fixed_bottom:
            ratio = (math.floor(rest * fixed_bottom + 0.5), fixed_bottom)
        else:
            limit = 10 ** min(width, 7) - 1
            nearest = Fraction(rest).limit_denominator(limit)
            ratio = (nearest.numerator, nearest.denominator)
        if mixed and ratio[0] == ratio[1]:
            integer, ratio = integer + 1, (0, ratio[1])
        shown_integer = _fill_left(whole, str(integer) if integer else "", grouped=False)
        if mixed and ratio[0] == 0:
            if not integer and "0" not in shown_integer:
                shown_integer = "0" + " " * (len(shown_integer) - len(shown_integer.lstrip(" ")))
            return shown_integer + " " * (len(top) + 1 + width) + tail
        numerator = _fill_left(top, str(ratio[0]), grouped=False)
        return f"{shown_integer}{numerator}/{str(ratio[1]).ljust(width)}{tail}"

    return show
