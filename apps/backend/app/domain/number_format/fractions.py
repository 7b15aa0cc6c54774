"""`# ?/?` and its like."""

import math
from collections.abc import Callable

from app.domain.number_format.placeholders import fill_left
from app.domain.number_format.tokens import Kind, Token

_MAX_DIGITS = 7
_WHOLE_ENOUGH = 5e-8
"""A rest of the expansion that is this small is none: it comes from the number's binary form."""


def is_fraction(tokens: list[Token]) -> bool:
    """A slash with placeholders before it and some, or a number, behind it."""
    slash = next((i for i, t in enumerate(tokens) if t.kind is Kind.SLASH), None)
    if slash is None:
        return False
    below = tokens[slash + 1 :]
    above = any(t.kind is Kind.DIGIT for t in tokens[:slash])
    return above and any(t.kind is Kind.DIGIT or _is_number(t) for t in below)


def nearest(value: float, digits: int) -> tuple[int, int]:
    """The last convergent of the continued fraction whose lower number has so few digits.

    Excel does not look for the best fraction: 1.07 with one digit is 1, not 1 1/9.
    """
    limit = 10 ** min(digits, _MAX_DIGITS)
    above, before_above = math.floor(value), 1
    below, before_below = 1, 0
    rest = value - above
    while rest >= _WHOLE_ENOUGH:
        inverse = 1 / rest
        whole = math.floor(inverse)
        next_below = below * whole + before_below
        if next_below >= limit:
            break
        above, before_above = above * whole + before_above, above
        below, before_below = next_below, below
        rest = inverse - whole
    return above, below


def fraction(tokens: list[Token]) -> Callable[[float], str]:
    """What a section with a fraction makes of a number without sign."""
    shape = _Shape(tokens)
    return shape.show


class _Shape:
    """A section in four parts: whole number, what stands between, above and below the slash."""

    def __init__(self, tokens: list[Token]) -> None:
        slash = next(i for i, t in enumerate(tokens) if t.kind is Kind.SLASH)
        end = slash
        while tokens[end - 1].kind is not Kind.DIGIT:
            end -= 1
        start = end
        while start and tokens[start - 1].kind is Kind.DIGIT:
            start -= 1
        last = slash + 1
        while last < len(tokens) and not (
            tokens[last].kind is Kind.DIGIT or _is_number(tokens[last])
        ):
            last += 1
        self._before_below = _text(tokens[slash + 1 : last])
        first_below = last
        while last < len(tokens) and (tokens[last].kind is Kind.DIGIT or _is_number(tokens[last])):
            last += 1
        self._above, self._tail = tokens[start:end], _text(tokens[last:])
        self._after_above = _text(tokens[end:slash])
        self._below = "".join(t.text for t in tokens[first_below:last])
        number = self._below.replace("#", "").replace("?", "")
        self._denominator = int(number) if number.strip("0") else 0
        head = tokens[:start]
        self._mixed = any(t.kind is Kind.DIGIT for t in head)
        whole_end = max((i for i, t in enumerate(head) if t.kind is Kind.DIGIT), default=-1) + 1
        while whole_end < len(head) and head[whole_end].kind is Kind.COMMA:
            whole_end += 1
        self._whole, self._between = head[:whole_end], _text(head[whole_end:])
        self._grouped = any(t.kind is Kind.COMMA for t in self._whole)
        everything = "".join(t.text for t in self._above) + self._below
        self._keeps_width = "?" in everything
        self._always = "0" in "".join(t.text for t in self._above) or (
            not self._denominator and "0" in self._below
        )

    def show(self, value: float) -> str:
        integer = math.floor(value) if self._mixed else 0
        rest = value - integer
        if self._denominator:
            above, below = math.floor(rest * self._denominator + 0.5), self._denominator
        else:
            above, below = nearest(rest, len(self._below))
        if self._mixed and above == below:
            integer, above = integer + 1, 0
        if not self._mixed:
            return _text(self._whole) + self._between + self._fraction(above, below)
        if above == 0 and not self._always:
            whole = fill_left(self._whole, str(integer), grouped=self._grouped)
            gap = len(self._between + self._fraction(0, below)) - len(self._tail)
            return whole + (" " * gap if self._keeps_width else "") + self._tail
        digits = str(integer) if integer else ""
        whole = fill_left(self._whole, digits, grouped=self._grouped)
        between = self._between
        if not digits and not self._keeps_width and not whole.strip():
            between = ""
        return whole + between + self._fraction(above, below)

    def _fraction(self, above: int, below: int) -> str:
        numerator = fill_left(
            self._above, str(above) if above or self._always else "", grouped=False
        )
        if not above and not numerator.strip():
            numerator = numerator[:-1] + "0" if numerator else "0"
        text = str(below)
        missing = self._below[len(text) :] if not self._denominator else ""
        padded = text + "".join("" if place == "#" else " " for place in missing)
        if self._denominator:
            padded = text.ljust(len(self._below)) if "?" in self._below else text
        return numerator + self._after_above + "/" + self._before_below + padded + self._tail


def _is_number(token: Token) -> bool:
    return token.kind is Kind.LITERAL and token.text.isdigit() and token.text.isascii()


def _text(tokens: list[Token]) -> str:
    return "".join(t.text for t in tokens if t.kind not in {Kind.DIGIT, Kind.COMMA, Kind.POINT})
