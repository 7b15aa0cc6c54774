"""Names of files that users will unpack: made from their data, and safe on every system."""

import re
import unicodedata

MAX_LENGTH = 120
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$")


class FileNames:
    """Names without doubles, not even where case does not count."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        self._next: dict[str, int] = {}

    def take(self, wanted: str, fallback: str) -> str:
        """`wanted` made safe; `fallback` when nothing is left of it."""
        stem = safe_stem(wanted) or fallback
        key = stem.casefold()
        number = self._next.get(key, 1)
        self._next[key] = number + 1
        if number == 1:
            return stem + self._suffix
        return self.take(f"{stem[: MAX_LENGTH - 8]} ({number})", fallback)


def safe_stem(text: str) -> str:
    """No folders, no controls, no names that Windows keeps for itself, no dots at the ends."""
    stem = _UNSAFE.sub("_", unicodedata.normalize("NFC", text))
    stem = " ".join(stem.split()).strip(". ")[:MAX_LENGTH].strip(". ")
    if not stem.strip("_"):
        return ""
    return f"_{stem}" if _RESERVED.match(stem) else stem
