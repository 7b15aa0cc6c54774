"""Why we stay with our text where others say something else. What fits none is a fault of ours."""

from app.domain.number_format.tokens import Kind, tokenize
from tests.display_text.cases import Case

UNEXPLAINED = "unexplained: a fault of ours until the opposite is shown"


def reason_for(case: Case, ours: str, texts: tuple[str | None, ...]) -> str:
    """A sentence for the group that the disagreement belongs to."""
    _ssf, numfmt, office = texts
    sections = tokenize(case.code)
    kinds = {token.kind for section in sections for token in section.tokens}
    conditional = any(section.condition for section in sections)
    if conditional and ours == "########":
        return (
            "no condition holds: Excel fills the cell with #, as numfmt does; "
            "the others take a section that says it is for other numbers"
        )
    if conditional and case.value < 0 and ours.startswith("-") and ours[1:] in texts:
        return (
            "a section with a condition, or the one for all other numbers, loses the minus there: "
            "a document without the sign would hold another number"
        )
    if conditional and len(sections) == 1:
        return (
            "one section with a condition: Excel adds General for all other numbers, as numfmt does"
        )
    if Kind.PERCENT in kinds and ours == numfmt:
        return (
            "a percentage that ends in 5: 0.285 is 28.5 %, so 29 %; they multiply in binary "
            "(28.499999999999996), Excel and numfmt with fifteen decimal digits"
        )
    if Kind.EXPONENT in kinds and case.value == 0 and ours == numfmt:
        return "nought under ##0.0E+0: Excel fills every place, 000.0E+0, as numfmt does"
    if office == ours:
        return (
            "LibreOffice and we agree against two that do not know the format's calendar or names"
        )
    if numfmt == ours:
        return "numfmt and we agree; SSF and LibreOffice share the other reading"
    return UNEXPLAINED
