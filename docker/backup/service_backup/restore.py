"""Put a backup in the place of what a service holds; what was there is kept beside it."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from service_backup import postgres
from service_backup.folder_files import OWN, wrong_files
from service_backup.refusal import Refusal
from service_backup.repository import Repository, Snapshot
from service_backup.roles import add_roles, drop_roles
from service_backup.settings import Settings
from service_backup.swap import Swap, folders_in, held, unfinished
from service_backup.verify import Unpacked, restore_database, unpacked


def state(settings: Settings) -> dict[str, int]:
    """What would be replaced: rows of all tables, and files."""
    there = _there(settings)
    return {"rows": there.rows, "files": len(there.files)}


def restore(
    settings: Settings, repository: Repository, snapshot: Snapshot, replace: bool
) -> dict[str, Any]:
    """All is restored beside what is there, and compared, before anything changes its name.

    Whoever uses the service is stopped by the caller. Raises: Refusal, which says whether all is as
    it was: that is looked at.
    """
    settle(settings)
    there = _there(settings)
    if (there.rows or there.files) and not replace:
        raise Refusal(
            f"There are {there.rows} rows and {len(there.files)} files:"
            " --replace puts the backup in their place"
        )
    now = datetime.now(UTC)
    stamp = f"{now:%Y%m%dT%H%M%S}{now.microsecond:06}"
    swap = Swap(settings.folders, settings.database, stamp, database_asked=False)
    with unpacked(settings, repository, snapshot) as backup:
        added: list[str] = []
        try:
            swap.begin()
            added += add_roles(backup.roles)
            name = postgres.identifier(swap.incoming_database)
            postgres.query(f"CREATE DATABASE {name} TEMPLATE template0", "postgres")
            restore_database(backup, swap.incoming_database)
            _place(backup, swap)
            kept_files = swap.put_files()
            wrong = wrong_files(backup.files, settings.folders)
            if wrong:
                raise Refusal(f"Files are not as they were, in their places: {'; '.join(wrong[:3])}")
            swap.put_database()
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            raise Refusal(_taken_back(settings, swap, added, there, error)) from error
        swap.clear()
        if there.rows == 0:
            kept = postgres.identifier(swap.kept_database)
            postgres.query(f"DROP DATABASE {kept} WITH (FORCE)", "postgres")
        return {
            **backup.manifest,
            "snapshot": snapshot.id,
            "rows": backup.rows,
            "keptDatabase": swap.kept_database if there.rows else None,
            "keptFiles": f"{OWN}before-{swap.stamp}" if kept_files else None,
        }


def settle(settings: Settings) -> None:
    """Ends what a restore that was killed has left: it is done, or nothing of it is."""
    for stamp in unfinished(settings.folders):
        swap = Swap(settings.folders, settings.database, stamp)
        if swap.is_done():
            swap.clear()
            print(f"the restore {stamp} was done when it was killed; what it left is away", flush=True)
            continue
        failed = swap.take_back()
        if failed:
            raise Refusal(f"The restore {stamp} was killed and cannot be taken back: {'; '.join(failed)}")
        print(f"the restore {stamp} was killed; what it had moved is back", flush=True)


@dataclass(frozen=True, slots=True)
class _There:
    """What the service holds, as far as a restore could change it."""

    rows: int
    database: list[str]
    """Which one has the name, and whether it may be used."""
    files: list[tuple[str, int, int, int]]


def _there(settings: Settings) -> _There:
    with postgres.session() as opened:
        tables = postgres.fingerprint(opened)
        database = opened.run(
            "SELECT oid, datallowconn FROM pg_database WHERE datname = current_database()"
        )
    rows = sum(int(each.split()[0]) for each in tables.values())
    return _There(rows, database, list(held(settings.folders)))


def _taken_back(
    settings: Settings, swap: Swap, added: list[str], there: _There, error: BaseException
) -> str:
    """Takes back what was done, looks, and says so."""
    stopped = isinstance(error, KeyboardInterrupt | SystemExit)
    why = "Stopped" if stopped else str(error) or type(error).__name__
    wrong = swap.take_back()
    try:
        drop_roles(added)
        now = _there(settings)
        if there.database != now.database:
            wrong.append(f"{settings.database} is another database")
        wrong += [f"{name} is not as it was" for name, *_ in sorted({*there.files} ^ {*now.files})]
    except (Refusal, OSError) as unseen:
        wrong.append(str(unseen))
    if not wrong:
        return f"{why}; nothing was changed"
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return f"{why}; not all is as it was: {'; '.join(wrong[:3])}{more}; `restore` again takes it back first"


def _place(backup: Unpacked, swap: Swap) -> None:
    """The files beside those that are there, on the same disk, so that renames are enough."""
    there = {folder.name for folder in folders_in(swap.folders)}
    for name in backup.files:
        folder, _, rest = name.partition("/")
        if folder not in there:
            raise Refusal(f"The backup has {name}, and {swap.folders / folder} is not mounted")
        target = swap.incoming(swap.folders / folder) / rest
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(backup.folders / name, target)
