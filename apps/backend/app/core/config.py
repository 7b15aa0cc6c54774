"""Settings, read once from the environment."""

import os
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from socket import gethostname
from tempfile import gettempdir
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.limits import Limits

_SECRET_BYTES = 32
_VOLUME = Path("/var/lib/excel2doc")


def _default_storage() -> Path:
    """The container's volume where there is one; without it, a folder that a reboot may empty."""
    return _VOLUME if os.access(_VOLUME, os.W_OK) else Path(gettempdir()) / "excel2doc"


class Settings(BaseSettings):
    """`DATABASE_URL`, `REDIS_URL`, and `EXCEL2DOC_<NAME>` for everything else."""

    model_config = SettingsConfigDict(
        env_prefix="EXCEL2DOC_", extra="ignore", env_ignore_empty=True
    )

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    storage_dir: Path = Field(default_factory=_default_storage)
    storage_url: str | None = Field(default=None, pattern=r"^s3://[^/]+(/.*)?$")
    """`s3://bucket/folder` keeps files there, and in `storage_dir` only what is worked on."""
    s3_endpoint: str | None = None
    """Of an S3 that is not Amazon's, as `https://host:port`."""
    s3_copies_bytes: int = 2 * 1024 * 1024 * 1024
    log_json: bool = True

    host_name: str = Field(default_factory=gethostname)
    auth: bool = False
    """Ask for API keys. Off for local use; the first key is made by `python -m app.cli.keys`."""
    auth_failures_per_minute: int = 30
    """Wrong keys from one address; after them none is looked at until the minute is over."""
    rate_per_minute: int = 600
    """For each client that has no key, or whose key says nothing else."""
    front: str = ""
    """The host name of the proxy in front of us: it alone may say who its clients are."""

    webhook_hosts: str = ""
    """Who may be told that a job has ended: hosts with commas between them; none: nobody."""
    webhook_secret_file: Path | None = None
    """Of at least 32 characters; each team's secret is made of it."""
    webhook_private: bool = False
    """Allow http:// and hosts with private addresses: for receivers in one's own network."""

    smtp_host: str | None = None
    """The server that takes our e-mail; none: no e-mail is sent."""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """`tls` from the first byte, as at port 465; `none` for a relay in one's own network only."""
    smtp_user: str | None = None
    smtp_password_file: Path | None = None
    mail_from: str = ""
    """Whose name stands on it: `Accounting <accounting@example.org>`."""
    mails_per_minute: int = Field(default=60, ge=1)
    """Of all workers together."""
    mail_max_bytes: int = Field(default=20 * 1024 * 1024, ge=1)
    """Of the document that is attached."""

    max_schedules: int = 100
    """Of one team."""
    lease_seconds: int = 30
    max_attempts: int = 3
    keep_hours: int = 24
    """How long workbooks and results are kept."""
    audit_days: int = 400
    """How long it is known who did what."""
    job_seconds: int = 600
    request_seconds: int = 120
    """Of what the API has read while its client waits: an upload, a dry run."""
    job_memory_bytes: int = 1536 * 1024 * 1024
    min_free_bytes: int = 256 * 1024 * 1024

    max_upload_bytes: int = 50 * 1024 * 1024
    max_unpacked_bytes: int = 200 * 1024 * 1024
    max_rows: int = 250_000
    max_columns: int = 1_024
    max_cells: int = 5_000_000

    @property
    def sqlalchemy_url(self) -> str:
        """The URL with psycopg 3 as its driver; SQLite beside the stored files without one."""
        if self.database_url is None:
            return f"sqlite:///{self.storage_dir / 'excel2doc.sqlite3'}"
        for scheme in ("postgresql://", "postgres://"):
            if self.database_url.startswith(scheme):
                return "postgresql+psycopg://" + self.database_url.removeprefix(scheme)
        return self.database_url

    def webhook_secret(self) -> bytes | None:
        """Read anew each time, so that it can be changed while we run. Raises: ValueError."""
        if self.webhook_secret_file is None:
            return None
        secret = self.webhook_secret_file.read_bytes().strip()
        if len(secret) < _SECRET_BYTES:
            raise ValueError(
                f"EXCEL2DOC_WEBHOOK_SECRET_FILE: fewer than {_SECRET_BYTES} characters"
            )
        return secret

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Self:
        if self.smtp_host is None:
            return self
        if not parseaddr(self.mail_from)[1].isascii() or "@" not in parseaddr(self.mail_from)[1]:
            raise ValueError("EXCEL2DOC_MAIL_FROM: write an address, as Name <name@example.org>")
        if (self.smtp_user is None) != (self.smtp_password_file is None):
            raise ValueError("EXCEL2DOC_SMTP_USER and _SMTP_PASSWORD_FILE: set both, or neither")
        if self.smtp_user is not None and self.smtp_security == "none":
            raise ValueError("EXCEL2DOC_SMTP_SECURITY: a password is not sent without encryption")
        return self

    def smtp_password(self) -> str:
        """Read anew each time, so that it can be changed while we run. Raises: OSError."""
        if self.smtp_password_file is None:
            return ""
        return self.smtp_password_file.read_text("utf-8").strip()

    @property
    def work_dir(self) -> Path:
        """Where conversions write: on the volume, because /tmp may be memory."""
        folder = self.storage_dir / "work"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def limits(self) -> Limits:
        return Limits(
            rows=self.max_rows,
            columns=self.max_columns,
            cells=self.max_cells,
            unpacked_bytes=self.max_unpacked_bytes,
            seconds=self.job_seconds,
            memory_bytes=self.job_memory_bytes,
        )

    @property
    def embedded(self) -> bool:
        """True when there is no database server: SQLite and one process."""
        return self.sqlalchemy_url.startswith("sqlite")


@lru_cache
def get_settings() -> Settings:
    return Settings()
