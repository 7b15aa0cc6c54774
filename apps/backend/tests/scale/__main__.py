"""Many clients, several workers, and the lines to PostgreSQL and Redis cut in the middle.

`python -m tests.scale --jobs=10000 --clients=40 --workers=1,2,4`, or `npx nx run backend:scale`. It
ends with 1 unless every job that a client was promised is done once, whole, and no team has waited
behind another's. `--cut-seconds=0` leaves the lines alone, for a measurement. With `--own-servers`
PostgreSQL and Redis are started for the run, and killed and started again where else lines are cut.
"""

import argparse
import io
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2 as httpx
import psycopg

from tests.documents import template
from tests.scale.line import Line
from tests.scale.servers import OwnServers
from tests.server import ROOT, running_service
from tests.workbooks import xlsx

SIZES = (3, 20, 150)
"""Rows of a job's workbook: many small ones, few large ones."""
WEIGHTS = (70, 25, 5)
TEAMS = 4
FIRST_TEAMS_SHARE = 0.6
"""Of all jobs, sent before the other teams begin."""
PATIENCE_SECONDS = 30_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="scale", description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--workers", default="1,2,4", help="one run for each number")
    parser.add_argument("--cut-seconds", type=float, default=3)
    parser.add_argument("--rows", type=int, nargs=3, default=SIZES, help="of a job's workbook")
    parser.add_argument("--own-servers", action="store_true", help="killed in the middle")
    asked = parser.parse_args()
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if missing and not asked.own_servers:
        sys.stderr.write(f"✗ set {' and '.join(missing)}, or: npx nx run backend:scale\n")
        return 2
    faults = []
    for workers in map(int, asked.workers.split(",")):
        with ExitStack() as stack:
            servers = None
            if asked.own_servers:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="servers-"))
                try:
                    servers = stack.enter_context(OwnServers(Path(folder)))
                except FileNotFoundError as error:
                    sys.stderr.write(f"✗ {error}: install it, or leave out --own-servers\n")
                    return 2
                os.environ["DATABASE_URL"] = servers.database_url
                os.environ["REDIS_URL"] = servers.redis_url
            run = Run(asked, workers, servers)
            found = stack.enter_context(run).result()
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
        faults += [f"{workers} workers: {fault}" for fault in found["faults"]]
    for fault in faults:
        sys.stderr.write(f"✗ {fault}\n")
    return 1 if faults else 0


class Run:
    """A database of its own, a service and workers, and the clients that ask them."""

    def __init__(
        self,
        asked: argparse.Namespace,
        workers: int,
        servers: OwnServers | None = None,
    ) -> None:
        self._servers = servers
        self._jobs, self._clients, self._workers = asked.jobs, asked.clients, workers
        self._cut_seconds, self._sizes = asked.cut_seconds, asked.rows
        self._random = random.Random(7)
        self._retried = Counter[str]()
        self._stack = ExitStack()

    def __enter__(self) -> "Run":
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="scale-")))
        server, name = os.environ["DATABASE_URL"], f"scale_{secrets.token_hex(6)}"
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
        self._stack.callback(_drop, server, name)
        own = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        self._lines: dict[str, Line] = {}
        settings = {
            "DATABASE_URL": self._through("PostgreSQL", own),
            "REDIS_URL": self._through("Redis", os.environ["REDIS_URL"]),
            "EXCEL2DOC_STORAGE_DIR": str(folder),
            "EXCEL2DOC_LEASE_SECONDS": "5",
            "EXCEL2DOC_MAX_ATTEMPTS": "20",
        }
        environment = {**os.environ, **settings}
        python = [sys.executable, "-m"]
        subprocess.run(
            [*python, "alembic", "upgrade", "head"], cwd=ROOT, env=environment, check=True
        )
        made = subprocess.run(
            [*python, "app.cli.keys", "admin"],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        self._admin = next(word for word in made.stdout.split() if word.startswith("e2d_"))
        settings["EXCEL2DOC_AUTH"] = "true"
        self._url = self._stack.enter_context(running_service(folder, **settings)).url
        for _ in range(self._workers):
            log = self._stack.enter_context((folder / "workers.log").open("ab"))
            worker = subprocess.Popen(
                [*python, "app.worker"], cwd=ROOT, env=environment, stderr=log
            )
            self._stack.callback(worker.wait)
            self._stack.callback(worker.kill)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _through(self, name: str, url: str) -> str:
        parts = urlsplit(url)
        if not parts.hostname or not parts.port:
            raise ValueError(f"{name}: write host and port")
        line = self._lines[name] = Line(parts.hostname, parts.port)
        user = parts.netloc.rpartition("@")[0]
        netloc = f"{user}@127.0.0.1:{line.port}" if user else f"127.0.0.1:{line.port}"
        return urlunsplit(parts._replace(netloc=netloc))

    def result(self) -> dict[str, Any]:
        """What has become of all jobs; `faults` is empty when it is right."""
        teams = [self._team(number) for number in range(TEAMS)]
        first = int(self._jobs * FIRST_TEAMS_SHARE)
        rest = [teams[1 + n % (TEAMS - 1)] for n in range(self._jobs - first)]
        started = time.monotonic()
        cutter = threading.Thread(target=self._cut_in_the_middle, args=(teams,), daemon=True)
        cutter.start()
        with ThreadPoolExecutor(self._clients) as pool:
            promised = list(pool.map(self._submit, [teams[0]] * first))
            promised += pool.map(self._submit, rest)
            self._wait(teams)
            seconds = time.monotonic() - started
            wrong = [words for words in pool.map(self._look_at, promised) if words]
        cutter.join(60)
        listed = {team["key"]: self._list(team) for team in teams}
        faults = wrong[:5] + self._miscounted(promised, listed)
        last = [
            max(datetime.fromisoformat(j["started_at"]) for j in own) for own in listed.values()
        ]
        if max(last[1:]) > last[0]:
            faults.append("a team of few jobs was served after all of one with many")
        return {
            "workers": self._workers,
            "jobs": len(promised),
            "clients": self._clients,
            "jobs_a_minute": round(len(promised) / seconds * 60, 1),
            "attempts_above_one": sum(j["attempt"] > 1 for own in listed.values() for j in own),
            "asked_again": dict(self._retried),
            "faults": faults,
        }

    def _team(self, number: int) -> dict[str, Any]:
        wanted = {
            "name": f"team {number}",
            "scopes": ["read", "write"],
            "rate_per_minute": 1_000_000,
        }
        key = self._ask("POST", "/keys", self._admin, json=wanted).json()["key"]
        letter = ("t.docx", template("Dear {{ Name }}"))
        template_id = self._ask("POST", "/templates", key, files={"file": letter}).json()["id"]
        books = {}
        for rows in self._sizes:
            content = xlsx({"S": [["Name"], *([f"{number} {row}"] for row in range(rows))]})
            sent = {"file": (f"{rows}.xlsx", content)}
            books[rows] = self._ask("POST", "/workbooks", key, files=sent).json()["id"]
        return {"key": key, "template": template_id, "books": books}

    def _submit(self, team: dict[str, Any]) -> dict[str, Any]:
        rows = self._random.choices(self._sizes, WEIGHTS)[0]
        body = {
            "workbook_id": team["books"][rows],
            "template_id": team["template"],
            "mode": "per-row",
            # each is a conversion of its own, or the second would be an earlier one's result
            "options": {"file_name": "{{ row_number }} " + secrets.token_hex(6)},
        }
        job = self._ask("POST", "/jobs", team["key"], once=secrets.token_hex(16), json=body).json()
        return {"id": job["id"], "rows": rows, "key": team["key"]}

    def _ask(
        self, method: str, path: str, key: str, once: str | None = None, **request: Any
    ) -> httpx.Response:
        """Again and again while something is away, with the same idempotency key."""
        headers = {"Authorization": f"Bearer {key}"} | ({"Idempotency-Key": once} if once else {})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                url = f"{self._url}/api/v1{path}"
                answer = httpx.request(method, url, headers=headers, timeout=60, **request)
                if answer.status_code not in {429, 503}:
                    return answer.raise_for_status()
                why = str(answer.status_code)
            except httpx.TransportError as error:
                why = type(error).__name__
            self._retried[why] += 1
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path}: {why}")
            time.sleep(0.5)

    def _list(self, team: dict[str, Any], **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            params = {"limit": "100", **query, **cursor}
            page = self._ask("GET", "/jobs", team["key"], params=params).json()
            found += page["items"]
            if not page["next_cursor"]:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def _wait(self, teams: list[dict[str, Any]]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        for team in teams:
            while any(self._list(team, status=status) for status in ("queued", "running")):
                if time.monotonic() > deadline:
                    return  # each job that is not done is named
                time.sleep(0.5)

    def _cut_in_the_middle(self, teams: list[dict[str, Any]]) -> None:
        """PostgreSQL when a quarter is done, Redis when half is."""
        for share, name in ((0.25, "PostgreSQL"), (0.5, "Redis")):
            while self._cut_seconds and self._done(teams) < self._jobs * share:
                time.sleep(0.2)
            if self._cut_seconds and self._servers:
                self._servers.restart(name, self._cut_seconds)
                self._retried[f"{name}: killed and started again"] = 1
            elif self._cut_seconds:
                self._retried[f"{name}: connections cut"] = self._lines[name].cut(self._cut_seconds)

    def _done(self, teams: list[dict[str, Any]]) -> int:
        return sum(len(self._list(team, status="done")) for team in teams)

    def _look_at(self, promised: dict[str, Any]) -> str:
        """What is wrong with a job; "" when nothing is."""
        job = self._ask("GET", f"/jobs/{promised['id']}", promised["key"]).json()
        if job["status"] != "done":
            return f"job {job['id']} is {job['status']}: {job['error']}"
        content = self._ask("GET", f"/jobs/{job['id']}/result", promised["key"]).content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            count = len(archive.namelist())
        return (
            "" if count == promised["rows"] else f"job {job['id']}: {count} of {promised['rows']}"
        )

    def _miscounted(
        self, promised: list[dict[str, Any]], listed: dict[str, list[dict[str, Any]]]
    ) -> list[str]:
        there = Counter(job["id"] for own in listed.values() for job in own)
        wanted = Counter(each["id"] for each in promised)
        faults = []
        if lost := wanted - there:
            faults.append(f"{lost.total()} jobs were promised and are not there")
        if extra := there - wanted:
            faults.append(f"{extra.total()} jobs were made twice")
        return faults


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


if __name__ == "__main__":
    sys.exit(main())
