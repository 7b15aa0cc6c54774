"""What a backup says of itself, read as something that may be damaged."""

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from service_backup.folder_files import Files, hash_of
from service_backup.refusal import Refusal

_FORMAT = 1
_TAG = "manifest-"
_SHAPE: list[tuple[str, type]] = [
    ("takenAt", str),
    ("database.dump.sha256", str),
    ("database.dump.sizeBytes", int),
    ("database.tables", dict),
    ("files.count", int),
    ("files.sha256", str),
    ("configuration.files", dict),
]
_TABLE = re.compile(r"\d+ rows -?\d+")


def manifest_tag(path: Path) -> str:
    """The tag of a snapshot by which its manifest is known to be the one that was written."""
    return f"{_TAG}{hash_of(path)[0]}"


def read_manifest(path: Path, tags: tuple[str, ...]) -> dict[str, Any]:
    """Raises: Refusal where it is not whole, or not the one that the snapshot's tags name."""
    named = [tag for tag in tags if tag.startswith(_TAG)]
    manifest = _json(path)
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        known = manifest.get("format") if isinstance(manifest, dict) else None
        raise Refusal(f"A backup of format {known}, which is not known here")
    # Those that were taken before tags named it have none.
    if named and manifest_tag(path) not in named:
        raise Refusal("The backup is damaged: manifest.json is not the one that was taken; take another one")
    for name, kind in _SHAPE:
        found: Any = manifest
        for key in name.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, kind):
            raise Refusal(f"The backup is damaged: manifest.json has no {name}; take another one")
    for table, text in manifest["database"]["tables"].items():
        if not isinstance(text, str) or not _TABLE.fullmatch(text):
            raise Refusal(f"The backup is damaged: manifest.json says {text!r} of {table}; take another one")
    return manifest


def staged_files(manifest: dict[str, Any]) -> Files:
    """What lies beside the manifest."""
    dump = manifest["database"]["dump"]
    known: Files = {
        "database.dump": [dump["sha256"], dump["sizeBytes"]],
        "files.json": [manifest["files"]["sha256"], -1],
    }
    if "roles" in manifest:
        known["roles.sql"] = [manifest["roles"]["sha256"], -1]
    for name, sha256 in manifest["configuration"]["files"].items():
        known[f"configuration/{name}"] = [sha256, -1]
    return known


def read_files(path: Path, manifest: dict[str, Any]) -> Files:
    """Raises: Refusal where a path would lead out of the folders."""
    files = _json(path)
    if not isinstance(files, dict) or len(files) != manifest["files"]["count"]:
        raise Refusal("The backup is damaged: files.json is not what the manifest counts; take another one")
    for name in files:
        parts = PurePosixPath(name).parts
        if len(parts) < 2 or parts[0] == "/" or ".." in parts:
            raise Refusal(f"The backup is damaged: {name} is no file of a folder; take another one")
    return files


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Refusal(f"This is no backup of a service: {path.name}: {error}") from error
