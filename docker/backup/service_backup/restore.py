"""Put a backup in the place of what a service holds; what was there is kept beside it."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service_backup import postgres
from service_backup.folder_files import OWN, wrong_files
from service_backup.refusal import Refusal
from service_backup.repository import Repository, Snapshot
from service_backup.settings import Settings
from service_backup.verify import Unpacked, add_roles, restore_database, unpacked


def state(settings: Settings) -> dict[str, int]:
    """What would be replaced: rows of all tables, and files."""
    with postgres.session() as opened:
        tables = postgres.fingerprint(opened)
    files = sum(1 for _ in _entries(settings.folders))
    return {"rows": sum(int(each.split()[0]) for each in tables.values()), "files": files}


def restore(
    settings: Settings, repository: Repository, snapshot: Snapshot, replace: bool
) -> dict[str, Any]:
    """All is restored beside what is there, and compared, before anything changes its name.

    Whoever uses the service is stopped by the caller. Raises: Refusal; all is then as it was.
    """
    there = state(settings)
    if any(there.values()) and not replace:
        raise Refusal(f"There are {there['rows']} rows and {there['files']} files: --replace puts the backup in their place")
    now = datetime.now(UTC)
    stamp = f"{now:%Y%m%dT%H%M%S}{now.microsecond:06}"
    incoming, kept = f"service_backup_{stamp.lower()}", f"{settings.database}_before_{stamp}"
    with unpacked(settings, repository, snapshot) as backup:
        add_roles(backup)
        postgres.query(f"CREATE DATABASE {postgres.identifier(incoming)} TEMPLATE template0", "postgres")
        try:
            restore_database(backup, incoming)
            _place(backup, settings.folders, stamp)
            moved = _swap_files(settings.folders, stamp)
            try:
                _swap_databases(settings.database, incoming, kept)
            except BaseException:
                _swap_back(settings.folders, stamp, moved)
                raise
        finally:
            drop = f"DROP DATABASE IF EXISTS {postgres.identifier(incoming)} WITH (FORCE)"
            postgres.query(drop, "postgres")
            for folder in _folders(settings.folders):
                shutil.rmtree(folder / f"{OWN}incoming-{stamp}", ignore_errors=True)
        if there["rows"] == 0:
            postgres.query(f"DROP DATABASE {postgres.identifier(kept)} WITH (FORCE)", "postgres")
        wrong = wrong_files(backup.files, settings.folders)
        if wrong:
            raise Refusal(f"Files are not as they were, after they got their places: {'; '.join(wrong[:3])}")
        return {
            **backup.manifest,
            "snapshot": snapshot.id,
            "rows": backup.rows,
            "keptDatabase": kept if there["rows"] else None,
            "keptFiles": f"{OWN}before-{stamp}" if moved else None,
        }


def _folders(folders: Path) -> list[Path]:
    return sorted(each for each in folders.iterdir() if each.is_dir())


def _entries(folders: Path) -> Any:
    for folder, names, files in os.walk(folders):
        names[:] = [name for name in names if not name.startswith(OWN)]
        yield from files


def _place(backup: Unpacked, folders: Path, stamp: str) -> None:
    """The files beside those that are there, on the same disk, so that renames are enough."""
    for name in backup.files:
        folder, _, rest = name.partition("/")
        target = folders / folder / f"{OWN}incoming-{stamp}" / rest
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(backup.folders / name, target)


def _swap_files(folders: Path, stamp: str) -> list[Path]:
    """Returns what was moved aside."""
    moved = []
    for folder in _folders(folders):
        incoming, before = folder / f"{OWN}incoming-{stamp}", folder / f"{OWN}before-{stamp}"
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(OWN):
                continue
            before.mkdir(exist_ok=True)
            entry.rename(before / entry.name)
            moved.append(before / entry.name)
        for entry in sorted(incoming.iterdir()) if incoming.exists() else []:
            entry.rename(folder / entry.name)
    return moved


def _swap_back(folders: Path, stamp: str, moved: list[Path]) -> None:
    for folder in _folders(folders):
        refused = folder / f"{OWN}incoming-{stamp}"
        refused.mkdir(exist_ok=True)
        for entry in sorted(folder.iterdir()):
            if not entry.name.startswith(OWN):
                entry.rename(refused / entry.name)
    for path in moved:
        path.rename(path.parent.parent / path.name)


def _swap_databases(database: str, incoming: str, kept: str) -> None:
    names = [postgres.identifier(each) for each in (database, incoming, kept)]
    with postgres.session("postgres") as opened:
        # Nobody may connect between the end of the last session and the rename.
        opened.run(f"ALTER DATABASE {names[0]} WITH ALLOW_CONNECTIONS false")
        try:
            opened.run(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                f" WHERE datname = {postgres.literal(database)}"
            )
            opened.run(
                f"BEGIN; ALTER DATABASE {names[0]} RENAME TO {names[2]};"
                f" ALTER DATABASE {names[1]} RENAME TO {names[0]}; COMMIT"
            )
        except BaseException:
            postgres.query(f"ALTER DATABASE {names[0]} WITH ALLOW_CONNECTIONS true", "postgres")
            raise
        opened.run(f"ALTER DATABASE {names[2]} WITH ALLOW_CONNECTIONS true")
