"""QR codes and barcodes as PNGs: of the text that is given, or refused.

python-barcode corrects wrong check digits and fills up odd lengths by itself, and of its Code 128
the digits "9999" are "99" (0.16.1): then a code would say what no cell holds.
"""

import io

from app.domain.refusal import Refused

_DOTS = 8
"""Of a QR code's module: sharp on paper, and a few hundred bytes."""
_QUIET_MODULES = 10
_MODULE_DOTS, _BAR_DOTS = 4, 160
_LAST_BAR = "11"
"""Of Code 128, after the stop sign."""
_MAX_BARCODE = 120
_DIGITS = {"ean13": 13, "ean8": 8, "upca": 12}
"""With the check digit, which may be left out."""
KINDS = ("code128", "code39", *_DIGITS, "itf")
_LEVELS = ("L", "M", "Q", "H")


def qr_code(text: str, level: str) -> bytes:
    """A picture of `text`. Raises: Refused: `TEMPLATE_VALUE`."""
    import segno  # few templates have codes, and every conversion starts a process

    if str(level).upper() not in _LEVELS:
        raise Refused("TEMPLATE_VALUE", f"qr: there is no level {level!r}", "write L, M, Q or H")
    try:
        # readers guess at bytes that do not say what they are: of "¡" they make a Japanese stop
        if text.isascii():
            code = segno.make_qr(text, error=str(level))
        else:
            code = segno.make_qr(text, str(level), mode="byte", encoding="utf-8", eci=True)
    except segno.DataOverflowError as error:
        raise Refused(
            "TEMPLATE_VALUE",
            f"qr: a text of {len(text)} characters fits into no code",
            "shorten it, or write |qr(level='L')",
        ) from error
    out = io.BytesIO()
    code.save(out, kind="png", scale=_DOTS)
    return out.getvalue()


def barcode(text: str, kind: str) -> bytes:
    """A picture of `text`, without the text below it. Raises: Refused: `TEMPLATE_VALUE`."""
    from PIL import Image

    if kind not in KINDS:
        raise _refused(f"there is no kind {kind!r}", f"there are: {', '.join(KINDS)}")
    if len(text) > _MAX_BARCODE:
        raise _refused(f"a text of {len(text)} characters is too long", "take |qr")
    if kind == "itf" and len(text) % 2:
        raise _refused(f"{text!r} has an odd number of digits", 'itf has pairs: write "0" ~ Name')
    most = _DIGITS.get(kind)
    if most and not (text.isascii() and text.isdigit() and len(text) in {most - 1, most}):
        raise _refused(
            f"{text!r} has not {most} digits, or {most - 1} without the check digit",
            "the digits of a number, however it is shown: raw.Name",
        )
    modules = _code_128(text) if kind == "code128" else _modules(text, kind)
    line = Image.new("1", (len(modules) + 2 * _QUIET_MODULES, 1), 1)
    for place, module in enumerate(modules, _QUIET_MODULES):
        line.putpixel((place, 0), module == "0")
    picture = line.resize((line.width * _MODULE_DOTS, _BAR_DOTS), Image.Resampling.NEAREST)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _modules(text: str, kind: str) -> str:
    """Bars and gaps, 1 and 0."""
    from barcode import get_barcode_class
    from barcode.errors import BarcodeError

    more = {"add_checksum": False} if kind == "code39" else {}
    try:
        code = get_barcode_class(kind)(text, **more)
        modules: str = code.build()[0]
    except (BarcodeError, ValueError, KeyError) as error:
        raise _refused(f"{text!r} cannot be written as {kind}", "take code128, or |qr") from error
    whole = code.get_fullcode()
    if not (whole == text or (kind in _DIGITS and whole[:-1] == text)):
        raise _refused(f"{text!r} has a wrong check digit: it would be {whole!r}")
    return modules


def _code_128(text: str) -> str:
    """ISO/IEC 15417, in one set all through: pairs of digits (C), or printable ASCII (B)."""
    from barcode.charsets.code128 import CODES, STOP

    if text.isascii() and text.isdigit() and not len(text) % 2:
        values = [105, *(int(text[at : at + 2]) for at in range(0, len(text), 2))]
    elif all(" " <= character <= "~" for character in text):
        values = [104, *(ord(character) - 32 for character in text)]
    else:
        raise _refused(f"{text!r} cannot be written as code128", "take |qr")
    check = (values[0] + sum(at * value for at, value in enumerate(values))) % 103
    bars = [str(CODES[value]) for value in (*values, check)]
    return "".join((*bars, STOP, _LAST_BAR))


def _refused(why: str, hint: str = "") -> Refused:
    return Refused("TEMPLATE_VALUE", f"barcode: {why}", hint)
