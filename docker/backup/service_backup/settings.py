"""Settings, from the environment: https://restic.readthedocs.io for those of restic itself."""

import os
from dataclasses import dataclass
from pathlib import Path

from service_backup.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Settings:
    """PGHOST, PGUSER, PGPASSWORD and PGDATABASE are read by PostgreSQL's clients themselves."""

    name: str
    """Of the service: restic keeps it as the host of a snapshot."""
    database: str
    folders: Path
    """Each folder in it is backed up."""
    spool: Path
    """For what lies between: as large as the database and, for a restore, the folders."""
    configuration: Path
    """Files that are kept beside the data; they hold names, no secrets."""
    references: str
    """SQL that prints a path below `folders` for each file that a row needs; may be empty."""
    repository: str
    keep: tuple[str, ...]
    every_seconds: float
    metrics_port: int

    @property
    def stage(self) -> Path:
        return self.spool / "stage"


def read_settings() -> Settings:
    """Raises: Refusal where one that is needed is not there."""
    for name, what in [
        ("RESTIC_REPOSITORY", "where backups are kept"),
        ("RESTIC_PASSWORD", "what they are encrypted with"),
        ("PGDATABASE", "what is backed up"),
    ]:
        if not os.environ.get(name) and not os.environ.get(f"{name}_FILE"):
            hint = "set it where the Compose file takes it from (BACKUP_PASSWORD for the password)"
            raise Refusal(f"{name} is empty, which says {what}: {hint}; keep a copy of it elsewhere")
    env = os.environ
    return Settings(
        name=env.get("BACKUP_NAME", "service"),
        database=env["PGDATABASE"],
        folders=Path(env.get("BACKUP_FOLDERS", "/data")),
        spool=Path(env.get("BACKUP_SPOOL", "/spool")),
        configuration=Path(env.get("BACKUP_CONFIGURATION", "/configuration")),
        references=env.get("BACKUP_REFERENCES", "").strip().rstrip(";"),
        repository=env["RESTIC_REPOSITORY"],
        keep=_keep(env.get("BACKUP_KEEP") or "daily=14 weekly=8 monthly=12"),
        every_seconds=_number("BACKUP_EVERY_HOURS", "24") * 3600,
        metrics_port=int(_number("BACKUP_METRICS_PORT", "9107")),
    )


def _number(name: str, default: str) -> float:
    text = os.environ.get(name) or default
    try:
        value = float(text)
    except ValueError:
        value = 0
    if value <= 0:
        raise Refusal(f"{name}={text} is no number above 0")
    return value


def _keep(text: str) -> tuple[str, ...]:
    """`daily=14 weekly=8` as restic's `--keep-daily=14 --keep-weekly=8`."""
    arguments = []
    for pair in text.split():
        kind, _, count = pair.partition("=")
        if kind not in {"last", "hourly", "daily", "weekly", "monthly", "yearly"}:
            raise Refusal(f"BACKUP_KEEP: {pair} is none of last=, hourly=, daily=, weekly=, monthly=, yearly=")
        if not count.isdigit() or int(count) == 0:
            raise Refusal(f"BACKUP_KEEP: {pair} keeps nothing; write a number above 0")
        arguments.append(f"--keep-{kind}={count}")
    return tuple(arguments)
