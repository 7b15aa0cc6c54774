"""Numbers as Excel has them: fifteen decimal digits, halves away from zero."""

from decimal import ROUND_HALF_UP, Context, Decimal

_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)
_LARGE = 1e11
"""From here on a product's own error could be taken for a tie."""
_NEAR_TIE = 1e-3


def exactly(value: float) -> Decimal:
    """The fifteen digits that Excel knows of a number: 2.675, not 2.67499999999999982."""
    return Decimal(f"{value:.15g}")


def rounded(value: Decimal, places: int) -> Decimal:
    """Half away from zero."""
    return value.quantize(Decimal(1).scaleb(-places), context=_CONTEXT)


def fixed(value: float, places: int) -> str:
    """With so many decimals."""
    scaled = abs(value) * 10.0**places
    if scaled < _LARGE and abs(scaled % 1 - 0.5) > _NEAR_TIE:
        return f"{value:.{places}f}"  # not near a tie: each way of rounding gives the same
    return f"{rounded(exactly(value), places):f}"
