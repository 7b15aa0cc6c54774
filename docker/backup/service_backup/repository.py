"""The repository, by restic: encrypted, deduplicated, on a disk or off the machine."""

import json
import os
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import gethostname
from typing import Any

from service_backup.refusal import Refusal
from service_backup.settings import Settings

WHOLE = "whole"
"""Only what has this tag is a backup: it is given when all is there. What was killed has none."""
VERIFIED = "verified"
"""It was restored and compared."""
_INCOMPLETE = 3


@dataclass(frozen=True, slots=True)
class Snapshot:
    id: str
    taken_at: datetime
    tags: tuple[str, ...]


class Vanished(Exception):
    """A file went away or could not be read while it was taken."""


class Repository:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache = settings.spool / "cache"

    @property
    def is_on_this_machine(self) -> bool:
        return self._settings.repository.startswith("/")

    def open(self) -> None:
        """Makes it where there is none. Raises: Refusal."""
        done = self._call(["cat", "config", "--no-lock"])
        if done.returncode == 0:
            self._unlock()
            return
        if "wrong password" in done.stderr:
            raise Refusal("The repository does not take the password: it was made with another one")
        if "does not exist" not in done.stderr and "unable to open config file" not in done.stderr:
            raise self._failure("cat config", done)
        self._check(["init"])

    def take(self, paths: list[Path]) -> str:
        """The snapshot's id; it is not whole yet. Raises: Vanished."""
        command = ["backup", "--json", "--host", self._settings.name, "--exclude", ".service-backup-*"]
        done = self._call([*command, *map(str, paths)])
        if done.returncode not in (0, _INCOMPLETE):
            raise self._failure("backup", done)
        summary = next(each for each in _lines(done.stdout) if each.get("message_type") == "summary")
        if done.returncode == _INCOMPLETE:
            self._check(["forget", summary["snapshot_id"]])
            raise Vanished
        return summary["snapshot_id"]

    def sizes(self, snapshot: str) -> dict[str, int]:
        """Every file of a snapshot."""
        nodes = _lines(self._check(["ls", "--json", snapshot]))
        return {node["path"]: node["size"] for node in nodes if node.get("type") == "file"}

    def tag(self, snapshot: str, *tags: str) -> None:
        """The snapshot gets another id by this."""
        self._check(["tag", "--add", ",".join(tags), snapshot])

    def backups(self) -> list[Snapshot]:
        """Those that are whole, oldest first."""
        listed = json.loads(
            self._check(["snapshots", "--json", "--no-lock", "--host", self._settings.name, "--tag", WHOLE])
        )
        found = [
            Snapshot(each["id"], datetime.fromisoformat(_iso(each["time"])), tuple(each["tags"]))
            for each in listed or []
        ]
        return sorted(found, key=lambda each: each.taken_at)

    def find(self, wanted: str | None, at: datetime | None) -> Snapshot:
        """The one that is named, or the newest, or the newest that is not newer than `at`."""
        backups = self.backups()
        if not backups:
            raise Refusal(f"{self._settings.repository} holds no whole backup of {self._settings.name}")
        if wanted:
            named = [each for each in backups if each.id.startswith(wanted)]
            if len(named) != 1:
                raise Refusal(f"{wanted} names {len(named)} whole backups; `list` shows them")
            return named[0]
        old = [each for each in backups if at is None or each.taken_at <= at]
        if not old:
            raise Refusal(f"The oldest backup is of {backups[0].taken_at:%Y-%m-%d %H:%M:%S%z}; `list` shows all")
        return old[-1]

    def restore(self, snapshot: str, target: Path) -> None:
        self._check(["restore", snapshot, "--target", str(target)])

    def check_data(self) -> None:
        """Every byte of the repository is read and compared."""
        self._check(["check", "--read-data"])

    def forget_old(self) -> None:
        own = ["--host", self._settings.name, "--group-by", "host"]
        self._check(["forget", *own, "--tag", WHOLE, *self._settings.keep])
        for each in self._unfinished():
            self._check(["forget", each])
        self._check(["prune"])

    def _unlock(self) -> None:
        """The locks that a killed one has left. Ours are: nobody else runs here, see `alone`."""
        locks = self._check(["list", "locks", "--no-lock"]).split()
        hosts = {json.loads(self._check(["cat", "lock", each, "--no-lock"]))["hostname"] for each in locks}
        if locks:
            # Those of another machine go by themselves after half an hour without a sign.
            self._check(["unlock", *(["--remove-all"] if hosts == {gethostname()} else [])])

    def _unfinished(self) -> list[str]:
        listed = json.loads(self._check(["snapshots", "--json", "--no-lock", "--host", self._settings.name]))
        return [each["id"] for each in listed or [] if WHOLE not in (each.get("tags") or [])]

    def _call(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "RESTIC_CACHE_DIR": str(self._cache)}
        return subprocess.run(
            ["restic", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _check(self, command: list[str]) -> str:
        done = self._call(command)
        if done.returncode != 0:
            raise self._failure(command[0], done)
        return done.stdout

    def _failure(self, command: str, done: subprocess.CompletedProcess[str]) -> Refusal:
        # Newer ones write JSON to stderr when they are asked for it.
        written = [each["message"] for each in _lines(done.stderr) if "message" in each]
        said = " ".join((written[-1] if written else done.stderr).split())
        if "repository does not exist" in said or "unable to open config file" in said:
            return Refusal(f"{self._settings.repository} holds no backups yet")
        said = said or f"exit status {done.returncode}"
        return Refusal(f"restic {command} failed: {said}")


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _iso(time: str) -> str:
    """restic writes nanoseconds, which Python does not read."""
    head, _, tail = time.partition(".")
    if not tail:
        return time.replace("Z", "+00:00")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[:digits][:6]:0<6}{tail[digits:].replace('Z', '+00:00')}"
