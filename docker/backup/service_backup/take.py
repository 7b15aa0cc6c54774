"""Take a backup: the database and the folders, consistent with each other, in one snapshot."""

import os
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service_backup import postgres
from service_backup.folder_files import Files, files_in, hash_of, write_json
from service_backup.manifest import manifest_tag
from service_backup.refusal import Refusal
from service_backup.repository import WHOLE, Repository, Vanished
from service_backup.settings import Settings
from service_backup.swap import unfinished

_TRIES = 3
_VARIABLE = re.compile(r"(?<!\$)\$\{?([A-Za-z_]\w*)")


def take(settings: Settings, repository: Repository) -> dict[str, Any]:
    """The manifest, with the snapshot's id. Raises: Refusal; then there is no backup.

    The database comes first, at one moment; then the files, of which a service writes each before
    the row that names it. So all that a row names is there, but for what was deleted in between:
    that is seen, and all of it is done again.
    """
    half = unfinished(settings.folders)
    if half:
        raise Refusal(f"The restore {half[0]} was killed half-way; `restore` again takes it back first")
    repository.open()
    missing: list[str] = []
    for attempt in range(1, _TRIES + 1):
        manifest, files = _collect(settings)
        before, missing = missing, manifest["missing"]
        # What misses twice was not deleted in between: the service itself has lost it.
        if set(missing) - set(before) and attempt < _TRIES:
            continue
        try:
            snapshot = repository.take([settings.stage, settings.folders])
        except Vanished:
            continue
        if _is_whole(settings, repository, snapshot, files):
            repository.tag(snapshot, WHOLE, manifest_tag(settings.stage / "manifest.json"))
            newest = repository.backups()[-1]
            return {**manifest, "snapshot": newest.id}
    raise Refusal(f"Files changed while they were taken, {_TRIES} times; try again when there is less to do")


def _collect(settings: Settings) -> tuple[dict[str, Any], Files]:
    stage = settings.stage
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    taken_at = datetime.now(UTC)
    with postgres.session() as opened:
        opened.run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        (exported,) = opened.run("SELECT pg_export_snapshot()")
        (version,) = opened.run("SHOW server_version")
        tables = postgres.fingerprint(opened)
        referenced = opened.run(settings.references) if settings.references else []
        dump = stage / "database.dump"
        # Not compressed: restic does that, and finds what it has already.
        command = ["pg_dump", "--format=custom", "--compress=0", "--no-password"]
        postgres.call([*command, f"--snapshot={exported}", f"--file={dump}"])
    roles = stage / "roles.sql"
    postgres.call(["pg_dumpall", "--roles-only", "--no-role-passwords", "-w", f"--file={roles}"])
    files = files_in(settings.folders)
    write_json(stage / "files.json", files)
    sha256, size = hash_of(dump)
    manifest = {
        "format": 1,
        "service": settings.name,
        "takenAt": taken_at.isoformat(timespec="seconds"),
        "database": {
            "name": settings.database,
            "serverVersion": version,
            "dump": {"sha256": sha256, "sizeBytes": size},
            "tables": tables,
        },
        "files": {
            "count": len(files),
            "sizeBytes": sum(int(size) for _, size in files.values()),
            "sha256": hash_of(stage / "files.json")[0],
        },
        "roles": {"sha256": hash_of(roles)[0]},
        "missing": sorted(name for name in {*referenced} - {""} if name not in files),
        "configuration": _configuration(settings, stage / "configuration"),
    }
    write_json(stage / "manifest.json", manifest)
    return manifest, files


def _configuration(settings: Settings, target: Path) -> dict[str, Any]:
    """The files that say what runs, and the names of the values that they ask for; no value."""
    target.mkdir()
    kept: dict[str, str] = {}
    names: set[str] = set()
    source = settings.configuration
    for path in sorted(source.rglob("*")) if source.is_dir() else []:
        if not path.is_file():
            continue
        name = str(path.relative_to(source))
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)
        kept[name] = hash_of(path)[0]
        names.update(_VARIABLE.findall(path.read_text(errors="replace")))
    return {"files": kept, "variables": sorted(names)}


def _is_whole(settings: Settings, repository: Repository, snapshot: str, files: Files) -> bool:
    """Whether all that the manifest names is in the snapshot, as large as it is to be."""
    there = repository.sizes(snapshot)
    wrong = [
        name
        for name, (_, size) in files.items()
        if there.get(os.path.join(settings.folders, name)) != size
    ]
    staged = [str(path) for path in settings.stage.rglob("*") if path.is_file()]
    wrong += [path for path in staged if path not in there]
    for name in wrong[:3]:
        print(f"not as it was a moment ago: {name}", file=sys.stderr)
    return not wrong
