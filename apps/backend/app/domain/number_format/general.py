"""The format General: up to eleven characters of a number."""

from app.domain.number_format.rounding import exactly, fixed, rounded

_DIGITS = 10


def general(value: float) -> str:
    """What a cell that is wide enough shows."""
    if isinstance(value, int) or value.is_integer():
        if abs(value) < 1e11:
            return str(int(value))
    elif 1e-4 <= abs(value) < 1e10:
        text = fixed(value, _DIGITS - len(str(int(abs(value)))))
        return text.rstrip("0").rstrip(".") if "." in text else text
    elif 1e10 <= abs(value) < 1e11:
        text = fixed(value, 0)
        if len(text.lstrip("-")) <= _DIGITS + 1:
            return text
    if value == 0:
        return "0"
    exact = exactly(value)
    if abs(value) < 1e-4 and int(exact.normalize().as_tuple().exponent) >= -9:
        return f"{exact.normalize():f}"
    exponent = exact.adjusted()
    mantissa = rounded(exact.scaleb(-exponent), 5)
    if abs(mantissa) >= 10:
        mantissa, exponent = mantissa / 10, exponent + 1
    text = f"{mantissa:f}".rstrip("0").rstrip(".")
    return f"{text}E{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
