"""Digits into the places that a format has for them: `0` is always shown, `#` if it is one, `?`
leaves a space."""

from app.domain.number_format.tokens import Kind, Token

_EMPTY = {"0": "0", "?": " ", "#": ""}


def fill_left(tokens: list[Token], digits: str, *, grouped: bool) -> str:
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
        for digit in reversed(take or _EMPTY[token.text]):
            if grouped and written and written % 3 == 0:
                out.append(" " if digit == " " else ",")
            out.append(digit)
            written += 1
    return "".join(reversed(out))


def fill_right(tokens: list[Token], digits: str) -> str:
    """Decimals into placeholders from the left; zeros at the end only where a `0` asks for them."""
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
