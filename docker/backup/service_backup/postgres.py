"""PostgreSQL by its own clients; where it is, they read from PGHOST and its like."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from service_backup.refusal import Refusal

_MARK = "end-of-statement"
# The text of a time or a number depends on settings: the same ones on both sides. Rows are hashed by
# the server one at a time and summed, so that no order changes the sum and memory stays flat.
_SETTINGS = (
    "SET extra_float_digits = 3; SET datestyle = 'ISO'; SET timezone = 'UTC';"
    " SET bytea_output = 'hex'; SET intervalstyle = 'iso_8601'"
)
_TABLES = r"""
SELECT format('SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM %I.%I t',
              format('%I.%I', schemaname, tablename), schemaname, tablename)
FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
ORDER BY schemaname, tablename \gexec
SELECT WHERE false"""

Fingerprint = dict[str, str]
"""By table: how many rows, and a sum over all of them; sequences
are outside of snapshots, and left out."""


class Session:
    """One psql that stays connected: a snapshot that it exported lasts until it is closed."""

    def __init__(self, database: str | None = None, environment: dict[str, str] | None = None) -> None:
        command = ["psql", "-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"]
        self._errors = TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, **(environment or {}), **({"PGDATABASE": database} if database else {})},
        )

    def run(self, sql: str) -> list[str]:
        """The rows, columns parted by `|`. Raises: Refusal with what the server said."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(f"{sql.rstrip().rstrip(';')};\n\\echo {_MARK}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what it said is read below
        rows = []
        for line in self._process.stdout:
            if line.rstrip("\n") == _MARK:
                return rows
            rows.append(line.rstrip("\n"))
        self._process.wait()
        self._errors.seek(0)
        said = " ".join(self._errors.read().split())
        raise Refusal(f"The database refused: {said or 'the connection was closed'}")

    def close(self) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.wait()
        self._errors.close()


@contextmanager
def session(
    database: str | None = None, environment: dict[str, str] | None = None
) -> Iterator[Session]:
    opened = Session(database, environment)
    try:
        yield opened
    finally:
        opened.close()


def query(sql: str, database: str | None = None) -> list[str]:
    """One statement, outside of a transaction."""
    with session(database) as opened:
        return opened.run(sql)


def call(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Raises: Refusal with the last that the client said."""
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
        raise Refusal(f"{command[0]} failed: {said or f'exit status {done.returncode}'}")


def fingerprint(opened: Session) -> Fingerprint:
    """Of all that the session sees: with a snapshot in it, of that moment."""
    opened.run(_SETTINGS)
    rows = [row.rsplit("|", 2) for row in opened.run(_TABLES) if row]
    return {table: f"{count} rows {total}" for table, count, total in rows}


def differences(expected: Fingerprint, found: Fingerprint) -> list[str]:
    """`public.jobs: 3 rows 17 expected, 2 rows 5 found`."""
    names = sorted({*expected, *found})
    return [
        f"{name}: {expected.get(name, 'nothing')} expected, {found.get(name, 'nothing')} found"
        for name in names
        if expected.get(name) != found.get(name)
    ]


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@contextmanager
def scratch_server(folder: Path) -> Iterator[dict[str, str]]:
    """A server of this container alone, on a socket; yields how its clients find it."""
    user = os.environ.get("PGUSER", "postgres")
    data = folder / "data"
    call(["initdb", "--pgdata", str(data), "--username", user, "--auth", "trust", "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8"])
    start = ["pg_ctl", "--pgdata", str(data), "--wait", "--silent", "--log", str(folder / "log")]
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    call([*start, "--options", options, "start"])
    try:
        yield {"PGHOST": str(folder), "PGPORT": "5432", "PGDATABASE": "postgres"}
    finally:
        call(["pg_ctl", "--pgdata", str(data), "--wait", "--silent", "--mode", "immediate", "stop"])
