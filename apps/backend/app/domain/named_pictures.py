"""Pictures by name, in an archive that lies beside a workbook. Nothing of it is ever unpacked."""

import difflib
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from app.domain.limits import Limits
from app.domain.picture_files import read_picture
from app.domain.refusal import Refused
from app.domain.workbook.model import Picture
from app.domain.zip_guard import check_zip

MAX_FILES = 10_000
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif"})
_LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini"})
_UTF8_FLAG = 0x800
_OTHER_ENCODINGS = ("gb18030", "cp932", "cp437")
"""What Windows packs names in, in China, in Japan and elsewhere; nothing in a ZIP says which."""
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of the archive.

    Attributes:
        names: the ways to read its name; the first one is shown.
    """

    info: zipfile.ZipInfo
    names: tuple[str, ...]

    @property
    def is_picture(self) -> bool:
        """By its name."""
        return any(PurePosixPath(name).suffix.lower() in _SUFFIXES for name in self.names)


@dataclass(frozen=True, slots=True)
class Checked:
    """What an archive holds; `left_out` are the first files of it that are no pictures."""

    pictures: int
    left_out: list[str]
    left_out_count: int


def check_archive(path: Path, limits: Limits) -> Checked:
    """Every picture of the archive, looked at.

    Raises:
        Refused: what `check_zip` raises; `PICTURES_NONE`, `PICTURE_NAME`, `PICTURE_TWICE`,
            `PICTURE_DAMAGED`, naming the file.
    """
    check_zip(path, limits.unpacked_bytes, MAX_FILES)
    with zipfile.ZipFile(path) as archive:
        files = list(_packed(archive))
        pictures = [file for file in files if file.is_picture]
        if not pictures:
            raise Refused(
                "PICTURES_NONE",
                "the archive holds no .png, .jpg or .gif",
                "pack the pictures themselves, as a .zip",
            )
        seen: dict[str, str] = {}
        for file in pictures:
            name = file.names[0]
            other = seen.setdefault(fold(name), name)
            if other is not name:
                raise Refused(
                    "PICTURE_TWICE",
                    f"{other!r} and {name!r} are one name: upper and lower case are the same",
                    "rename one of them",
                )
            try:
                read_picture(archive.read(file.info), repr(name))
            except Refused as refusal:
                raise Refused("PICTURE_DAMAGED", refusal.message, refusal.hint) from refusal
    left_out = [file.names[0] for file in files if not file.is_picture]
    return Checked(len(pictures), left_out[:_MOST_NAMED], len(left_out))


class NamedPictures:
    """The archive's pictures by what cells call them; read when they are printed.

    A cell holds a path in the archive (`team/Ann.png`), a file's name, or that without its ending;
    case and the way in which accents are written do not count.
    """

    def __init__(self, path: Path) -> None:
        """Raises: Refused: it is none, or `PICTURE_NAME`."""
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise Refused("NOT_A_ZIP", f"the pictures' archive is damaged: {error}") from error
        self._tables = _tables(list(_packed(self._archive)))

    def close(self) -> None:
        self._archive.close()

    def has(self, *texts: str) -> bool:
        return any(self._found(text) for text in texts)

    def picture(self, place: str, *texts: str) -> Picture | None:
        """What the first of `texts` that is a name is called by; none for an empty cell.

        Reading it raises: Refused: `PICTURE_MISSING`, `PICTURE_AMBIGUOUS`, naming the place.
        """
        wanted = tuple(text.strip() for text in texts if text.strip())
        return Picture(partial(self._read, place, wanted), place) if wanted else None

    def _found(self, text: str) -> list[Packed]:
        key = fold(text)
        return next((found for table in self._tables if (found := table.get(key))), [])

    def _read(self, place: str, texts: tuple[str, ...]) -> bytes:
        found = next((found for text in texts if (found := self._found(text))), [])
        if not found:
            known = [file.names[0] for files in self._tables[0].values() for file in files]
            near = difflib.get_close_matches(texts[0], known, 1)
            raise Refused(
                "PICTURE_MISSING",
                f"{place}: the archive holds no picture {texts[0]!r}",
                f"the nearest is {near[0]!r}" if near else "",
            )
        if len(found) > 1:
            first, second = found[0].names[0], found[1].names[0]
            raise Refused(
                "PICTURE_AMBIGUOUS",
                f"{place}: {texts[0]!r} is {first!r} or {second!r}",
                "write the whole name, with its folder",
            )
        return self._archive.read(found[0].info)


def fold(name: str) -> str:
    """Equal for names that a person takes for one: Windows and macOS write the same otherwise."""
    parts = [part.strip() for part in name.replace("\\", "/").split("/")]
    whole = "/".join(part for part in parts if part not in {"", "."})
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", whole).casefold())
    return unicodedata.normalize("NFC", folded)


def _tables(files: list[Packed]) -> list[Mapping[str, list[Packed]]]:
    """By path, by name, by path and by name without an ending: whichever has the text first."""
    made: list[Mapping[str, list[Packed]]] = []
    for key in (_path, _name, _path_stem, _name_stem):
        table: dict[str, list[Packed]] = {}
        for file in files:
            if key in (_path_stem, _name_stem) and not file.is_picture:
                continue
            for name in dict.fromkeys(fold(key(name)) for name in file.names):
                table.setdefault(name, []).append(file)
        made.append(table)
    return made


def _path(name: str) -> str:
    return name


def _name(name: str) -> str:
    return PurePosixPath(name).name


def _path_stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _name_stem(name: str) -> str:
    return PurePosixPath(name).stem


def _packed(archive: zipfile.ZipFile) -> Iterator[Packed]:
    """Its files, without what operating systems leave beside them. Raises: Refused."""
    for info in archive.infolist():
        names = tuple(dict.fromkeys(name.replace("\\", "/") for name in _readings(info)))
        shown = names[0]
        if shown.endswith("/"):
            continue
        parts = shown.split("/")
        if ".." in parts or shown.startswith("/") or shown[1:2] == ":" or not shown.isprintable():
            raise Refused(
                "PICTURE_NAME",
                f"{shown[:200]!r} is no name of a file in an archive",
                "pack the folder of pictures again",
            )
        last = parts[-1].lower()
        if "__MACOSX" in parts or last.startswith(".") or last in _LEFT_BY_SYSTEMS:
            continue
        yield Packed(info, names)


def _readings(info: zipfile.ZipInfo) -> list[str]:
    name = info.orig_filename.split("\0")[0]
    if info.flag_bits & _UTF8_FLAG or name.isascii():
        return [name]
    data = name.encode("cp437")  # as zipfile has read it
    if utf8 := _decoded(data, "utf-8"):
        return [utf8]
    return [text for encoding in _OTHER_ENCODINGS if (text := _decoded(data, encoding))]


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
