"""The files of folders, by digest."""

import hashlib
import json
import os
from pathlib import Path

Files = dict[str, list[str | int]]
"""By path below all folders: SHA-256 and size in bytes; a size below 0 is not known."""

OWN = ".service-backup-"
"""What a restore puts beside the data begins so; no backup takes it along."""


def hash_of(path: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as source:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def files_in(folders: Path) -> Files:
    """One that goes while it is read is not there."""
    found: Files = {}
    for folder, names, files in os.walk(folders):
        names[:] = sorted(name for name in names if not name.startswith(OWN))
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_symlink() or not path.is_file():
                continue
            try:
                found[str(path.relative_to(folders))] = list(hash_of(path))
            except FileNotFoundError:
                continue
    return found


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def wrong_files(expected: Files, folders: Path) -> list[str]:
    """What of `expected` is not below `folders` as it was."""
    wrong = []
    for name, (sha256, size) in expected.items():
        try:
            found = hash_of(folders / name)
        except FileNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        except OSError as error:
            wrong.append(f"{name} cannot be read: {error.strerror}")
            continue
        if found != (sha256, size if int(size) >= 0 else found[1]):
            wrong.append(f"{name}: sha256 {sha256} expected, {found[0]} found")
    return wrong
