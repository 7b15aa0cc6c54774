"""A backup from its beginning to its end: taken, verified, the old ones forgotten."""

import time

from service_backup import last_backup
from service_backup.refusal import Refusal
from service_backup.repository import Repository
from service_backup.settings import Settings
from service_backup.take import take
from service_backup.verify import verify


def back_up(settings: Settings, repository: Repository) -> None:
    """Raises: Refusal with what is wrong; what was taken before stays."""
    started = time.time()
    manifest = take(settings, repository)
    snapshot = repository.find(manifest["snapshot"], None)
    print(f"backup {snapshot.id[:8]} of {settings.name}, {manifest['takenAt']}", flush=True)
    verified = verify(settings, repository, snapshot)
    tables, files = manifest["database"]["tables"], manifest["files"]
    print(
        f"  {len(tables)} tables, {verified['rows']} rows, {files['count']} files"
        f" ({files['sizeBytes']} bytes): restored into scratch and compared",
        flush=True,
    )
    where = settings.repository
    if repository.is_on_this_machine:
        where += " (on this machine: whoever loses it loses the backups, too)"
    print(f"  in {where}", flush=True)
    last_backup.note(
        settings, taken_at=snapshot.taken_at.timestamp(), seconds=time.time() - started
    )
    repository.forget_old()
    missing = manifest["missing"]
    if missing:
        raise Refusal(
            f"The backup is whole, but the service is not: {len(missing)} files that rows name were not"
            f" there when it was taken ({', '.join(missing[:3])})"
        )
