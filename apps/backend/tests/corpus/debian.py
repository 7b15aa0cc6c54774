"""Debian's source packages as a source of workbooks: their tests hold what Excel has written.

apt fetches them, with lists and caches of its own, so that the machine's are not touched.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).with_name("debian.txt")
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SUITES = "deb-src [signed-by={keys}] http://deb.debian.org/debian bookworm main\n"


@dataclass(frozen=True, slots=True)
class Source:
    """`package` with its version; `archive` is the file that holds what its authors published."""

    package: str
    archive: str
    sha256: str


def sources() -> Iterator[Source]:
    """What debian.txt pins."""
    for line in SOURCES.read_text().splitlines():
        if not line.startswith("#"):
            package, archive, digest = line.split()
            yield Source(package, archive, digest.removeprefix("sha256:"))


def fetch(downloads: Path) -> list[Path]:
    """The archives, which are what debian.txt says; those that are there already stay."""
    wanted = list(sources())
    if not all((downloads / each.archive).exists() for each in wanted):
        _apt(downloads, "update", "-qq")
    for each in wanted:
        path = downloads / each.archive
        if not path.exists():
            _apt(downloads, "source", "--download-only", "-qq", each.package)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != each.sha256:
            raise ValueError(
                f"{each.archive} has the digest {found}, debian.txt says {each.sha256}"
            )
    return [downloads / each.archive for each in wanted]


def _apt(downloads: Path, *arguments: str) -> None:
    own = (downloads / "apt").absolute()
    for folder in ("lists/partial", "cache/archives/partial"):
        (own / folder).mkdir(parents=True, exist_ok=True)
    (own / "sources.list").write_text(_SUITES.format(keys=_KEYS))
    options = {
        "Dir::Etc::sourcelist": own / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": own / "lists",
        "Dir::Cache": own / "cache",
        "APT::Sandbox::User": "root",
    }
    settings = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    subprocess.run(["apt-get", *settings, *arguments], cwd=downloads, check=True)
