"""What a program asks of a service."""

import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Unpack, cast
from urllib.parse import urlencode

from excel2doc.errors import JobFailed, Unreachable
from excel2doc.models import (
    DryRun,
    Job,
    Mail,
    Mailing,
    MailingDryRun,
    Mode,
    Options,
    PictureArchive,
    Run,
    Schedule,
    Template,
    Wording,
    Workbook,
)
from excel2doc.transport import Transport

DEFAULT_URL = "http://localhost:8000"
_ENDED = frozenset({"done", "failed", "cancelled", "expired"})
_FIRST_WAIT_SECONDS = 0.2
_MOST_WAIT_SECONDS = 2.0


class Client:
    """A service at `url`, or at EXCEL2DOC_URL; `key`, or EXCEL2DOC_KEY, where it asks for one.

    All methods raise `Problem` when the service refuses and `Unreachable` when none answers.
    """

    def __init__(
        self, url: str | None = None, key: str | None = None, timeout_seconds: float = 150
    ) -> None:
        address = url or os.environ.get("EXCEL2DOC_URL") or DEFAULT_URL
        secret = key or os.environ.get("EXCEL2DOC_KEY")
        self._transport = Transport(address, secret, timeout_seconds)

    def upload_workbook(
        self, content: Path | bytes, name: str | None = None, keep_hours: int | None = None
    ) -> Workbook:
        """The workbook, looked at: its sheets, columns and first rows.

        Args:
            name: of bytes that are no file; tells .csv and .json from other text.
        """
        fields = {} if keep_hours is None else {"keep_hours": str(keep_hours)}
        data, file_name = _content(content, name)
        return cast("Workbook", self._transport.upload("/workbooks", file_name, data, fields))

    def upload_template(
        self, content: Path | bytes, name: str | None = None
    ) -> tuple[Template, int]:
        """The template and its version; one that is there already, if it is the same file."""
        data, file_name = _content(content, name)
        sha256 = hashlib.sha256(data).hexdigest()
        for known in self.templates():
            version = known["versions"][-1]
            if version["sha256"] == sha256:
                return known, version["number"]
        made = cast("Template", self._transport.upload("/templates", file_name, data))
        return made, made["versions"][-1]["number"]

    def upload_pictures(
        self, content: Path | bytes, name: str | None = None, keep_hours: int | None = None
    ) -> PictureArchive:
        """A .zip of pictures that cells name, each looked at."""
        fields = {} if keep_hours is None else {"keep_hours": str(keep_hours)}
        data, file_name = _content(content, name)
        made = self._transport.upload("/picture-archives", file_name, data, fields)
        return cast("PictureArchive", made)

    def templates(self) -> Iterator[Template]:
        """All templates of the key's team, the newest first."""
        yield from cast("Iterator[Template]", self._all("/templates"))

    def submit(
        self,
        workbook_id: str,
        template_id: str | None = None,
        mode: Mode | None = None,
        template_version: int | None = None,
        webhook: str | None = None,
        pictures_id: str | None = None,
        **options: Unpack[Options],
    ) -> Job:
        """A new job; sent twice by a bad line, it is made once.

        Args:
            webhook: an address that the service tells when the job has ended.
            pictures_id: the archive of the pictures that cells name.
        """
        body = _job(workbook_id, template_id, mode, template_version, options, pictures_id)
        if webhook is not None:
            body["webhook"] = webhook
        once = {"Idempotency-Key": secrets.token_hex(16)}
        return cast("Job", self._transport.json("POST", "/jobs", body, **once))

    def dry_run(
        self,
        workbook_id: str,
        template_id: str | None = None,
        mode: Mode | None = None,
        template_version: int | None = None,
        pictures_id: str | None = None,
        **options: Unpack[Options],
    ) -> DryRun:
        """What a job would do: missing fields, unused columns, the first documents' text."""
        body = _job(workbook_id, template_id, mode, template_version, options, pictures_id)
        return cast("DryRun", self._transport.json("POST", "/dry-runs", body))

    def job(self, job_id: str) -> Job:
        """How far it is."""
        return cast("Job", self._transport.json("GET", f"/jobs/{job_id}"))

    def cancel(self, job_id: str) -> Job:
        """Within a second or two it is."""
        return cast("Job", self._transport.json("POST", f"/jobs/{job_id}/cancel"))

    def wait(self, job_id: str, tell: Callable[[Job], None] = lambda _job: None) -> Job:
        """The job once it is done.

        Raises:
            JobFailed: it ended in another way.
        """
        pause = _FIRST_WAIT_SECONDS
        while True:
            job = self.job(job_id)
            tell(job)
            if job["status"] == "done":
                return job
            if job["status"] in _ENDED:
                error = job["error"]
                if error is None:
                    raise JobFailed(
                        job_id, f"JOB_{job['status'].upper()}", f"the job is {job['status']}"
                    )
                raise JobFailed(job_id, error["code"], error["message"], error["hint"])
            time.sleep(pause)
            pause = min(pause * 1.5, _MOST_WAIT_SECONDS)

    def mail_dry_run(self, job_id: str, address: str, subject: str, text: str) -> MailingDryRun:
        """What `mail` would send to whom; nothing is sent."""
        body = {"job_id": job_id, "address": address, "subject": subject, "text": text}
        return cast("MailingDryRun", self._transport.json("POST", "/mailing-dry-runs", body))

    def mail(self, job_id: str, address: str, subject: str, text: str) -> Mailing:
        """Send the documents of a job that is done, each to its row's address; a job only once.

        Args:
            address: the column that has them.
            subject, text: with fields, as in a template.
        """
        body = {"job_id": job_id, "address": address, "subject": subject, "text": text}
        once = {"Idempotency-Key": secrets.token_hex(16)}
        return cast("Mailing", self._transport.json("POST", "/mailings", body, **once))

    def mailing(self, mailing_id: str) -> Mailing:
        """How far it is."""
        return cast("Mailing", self._transport.json("GET", f"/mailings/{mailing_id}"))

    def mails(self, mailing_id: str, status: str | None = None) -> Iterator[Mail]:
        """Its mails in the order of the rows, with what the mail server has said of each."""
        first: int | None = 0
        while first is not None:
            query = {"first": str(first)} | ({"status": status} if status else {})
            page = self._transport.json("GET", f"/mailings/{mailing_id}/mails?{urlencode(query)}")
            yield from cast("list[Mail]", page["items"])
            first = page["following"]

    def cancel_mailing(self, mailing_id: str) -> Mailing:
        """Nothing more of it is sent."""
        return cast("Mailing", self._transport.json("POST", f"/mailings/{mailing_id}/cancel"))

    def schedule(
        self,
        name: str,
        cron: str,
        workbook_name: str,
        template_id: str | None = None,
        mode: Mode | None = None,
        *,
        time_zone: str = "UTC",
        template_version: int | None = None,
        pictures_name: str | None = None,
        webhook: str | None = None,
        mail: Wording | None = None,
        **options: Unpack[Options],
    ) -> Schedule:
        """Have a conversion run by itself, each time of the workbook of that name uploaded since.

        Args:
            cron: minute, hour, day, month, weekday, in `time_zone`.
            template_version: None: the newest at each run.
            mail: how the documents of each run are sent.
        """
        body = {
            "name": name,
            "cron": cron,
            "time_zone": time_zone,
            "workbook_name": workbook_name,
            "pictures_name": pictures_name,
            "template_id": template_id,
            "template_version": template_version,
            "mode": _mode(mode, template_id, options),
            "options": options,
            "webhook": webhook,
            "mail": mail,
        }
        once = {"Idempotency-Key": secrets.token_hex(16)}
        return cast("Schedule", self._transport.json("POST", "/schedules", body, **once))

    def schedules(self) -> Iterator[Schedule]:
        """All schedules of the key's team, the newest first."""
        yield from cast("Iterator[Schedule]", self._all("/schedules"))

    def runs(self, schedule_id: str) -> Iterator[Run]:
        """What became of a schedule each time, the newest first."""
        yield from cast("Iterator[Run]", self._all(f"/schedules/{schedule_id}/runs"))

    def pause_schedule(self, schedule_id: str) -> Schedule:
        """It runs no more, and sends nothing that has not been handed over."""
        return cast("Schedule", self._transport.json("POST", f"/schedules/{schedule_id}/pause"))

    def resume_schedule(self, schedule_id: str) -> Schedule:
        """It runs again, by this client's key."""
        return cast("Schedule", self._transport.json("POST", f"/schedules/{schedule_id}/resume"))

    def remove_schedule(self, schedule_id: str) -> None:
        """It never runs again; what it has made stays."""
        with self._transport.open("DELETE", f"/schedules/{schedule_id}", None, {}):
            pass

    def _all(self, path: str) -> Iterator[object]:
        """The items of all pages of a list."""
        cursor: str | None = None
        while True:
            query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            page = self._transport.json("GET", f"{path}?{urlencode(query)}")
            yield from page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def save(self, job: Job, path: Path, *, replace: bool = False) -> Path:
        """Write a job's result to `path`, whole or not at all.

        Raises:
            FileExistsError: unless `replace`.
        """
        with (
            _written_whole(path, replace=replace) as part,
            self._transport.open("GET", f"/jobs/{job['id']}/result", None, {}) as answer,
            part.open("wb") as out,
        ):
            shutil.copyfileobj(answer, out)
            if job["result_bytes"] is not None and out.tell() != job["result_bytes"]:
                raise Unreachable(f"the result came in part: {out.tell()} bytes; try again")
        return path

    def convert(
        self,
        workbook: Path,
        to: Path,
        template: Path | None = None,
        mode: Mode | None = None,
        *,
        pictures: Path | None = None,
        replace: bool = False,
        **options: Unpack[Options],
    ) -> Path:
        """From file to file: upload, convert, wait, save."""
        made, version = self.upload_template(template) if template else (None, None)
        pictures_id = self.upload_pictures(pictures)["id"] if pictures else None
        sent = self.upload_workbook(workbook)
        template_id = made["id"] if made else None
        job = self.submit(
            sent["id"], template_id, mode, version, pictures_id=pictures_id, **options
        )
        return self.save(self.wait(job["id"]), to, replace=replace)


def _job(
    workbook_id: str,
    template_id: str | None,
    mode: Mode | None,
    template_version: int | None,
    options: Options,
    pictures_id: str | None,
) -> dict[str, object]:
    return {
        "workbook_id": workbook_id,
        "template_id": template_id,
        "template_version": template_version,
        "pictures_id": pictures_id,
        "mode": _mode(mode, template_id, options),
        "options": options,
    }


def _mode(mode: Mode | None, template_id: str | None, options: Options) -> Mode:
    """The one that is asked for, or the one that the rest leads to."""
    if mode or not template_id:
        return mode or "table"
    return "per-group" if options.get("group_by") else "per-row"


def _content(content: Path | bytes, name: str | None) -> tuple[bytes, str]:
    if isinstance(content, Path):
        return content.read_bytes(), name or content.name
    return content, name or "workbook"


@contextmanager
def _written_whole(path: Path, *, replace: bool) -> Iterator[Path]:
    if path.exists() and not replace:
        raise FileExistsError(f"{path} is there already")
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
