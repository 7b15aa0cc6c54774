"""What goes over the wire. A test compares these with the service's OpenAPI description."""

from typing import Any, Literal, TypedDict

Mode = Literal["table", "per-row", "per-group", "single"]


class Column(TypedDict):
    index: int
    name: str
    field: str
    kind: str


class SheetWarning(TypedDict):
    code: str
    cell: str
    count: int
    message: str
    hint: str


class Sheet(TypedDict):
    name: str
    hidden: bool
    header_row: int | None
    row_count: int
    columns: list[Column]
    sample: list[list[str]]
    warnings: list[SheetWarning]


class Workbook(TypedDict):
    id: str
    created_at: str
    expires_at: str
    name: str
    kind: str
    size_bytes: int
    sha256: str
    sheets: list[Sheet]


class PictureArchive(TypedDict):
    id: str
    created_at: str
    expires_at: str
    name: str
    size_bytes: int
    sha256: str
    pictures: int
    left_out: list[str]
    left_out_count: int


class TemplateWarning(TypedDict):
    code: str
    message: str
    names: list[str]


class Fields(TypedDict):
    single: list[str]
    looped: list[str]
    uses_rows: bool
    uses_images: bool
    inserts: list[str]
    warnings: list[TemplateWarning]


class Version(TypedDict):
    number: int
    created_at: str
    file_name: str
    size_bytes: int
    sha256: str
    fields: Fields


class Template(TypedDict):
    id: str
    created_at: str
    name: str
    versions: list[Version]


class Options(TypedDict, total=False):
    """What a conversion is asked for; all of it may be left out."""

    sheets: list[str] | None
    header_row: int | None
    include_hidden: bool
    mapping: dict[str, str]
    file_name: str
    missing: Literal["error", "blank"]
    uncalculated: Literal["error", "blank"]
    group_by: str | None
    merged: bool
    pdf: bool


class JobError(TypedDict):
    code: str
    message: str
    hint: str


class Letter(TypedDict):
    place: str
    address: str
    subject: str
    text: str | None
    document: str
    size_bytes: int
    problem: JobError | None


class MailingDryRun(TypedDict):
    sender: str
    mails: list[Letter]
    problems: int
    per_minute: int


class Mailing(TypedDict):
    id: str
    created_at: str
    expires_at: str
    job_id: str | None
    sender: str
    mails: dict[str, int]


class Mail(TypedDict):
    position: int
    place: str
    address: str
    subject: str
    document: str
    size_bytes: int
    status: str
    message_id: str
    sent_at: str | None
    error: JobError | None


class Webhook(TypedDict):
    url: str
    status: Literal["waiting", "delivered", "failed"]
    attempt: int
    delivered_at: str | None
    last_error: str | None


class Job(TypedDict):
    id: str
    status: Literal["queued", "running", "done", "failed", "cancelled", "expired"]
    mode: Mode
    created_at: str
    started_at: str | None
    finished_at: str | None
    expires_at: str | None
    workbook_id: str
    template_id: str | None
    template_version: int | None
    pictures_id: str | None
    workbook_name: str
    template_name: str | None
    pictures_name: str | None
    made_by: str | None
    schedule_id: str | None
    schedule_name: str | None
    rows_done: int
    rows_total: int | None
    attempt: int
    cached: bool
    cancel_requested: bool
    options: dict[str, Any]
    webhook: Webhook | None
    error: JobError | None
    result_name: str | None
    result_bytes: int | None
    result_type: str | None


class Wording(TypedDict):
    """How documents are sent: the column with the addresses, and two texts with fields."""

    address: str
    subject: str
    text: str


class Run(TypedDict):
    id: str
    created_at: str
    due_at: str
    status: Literal["converting", "done", "failed", "missed"]
    job_id: str | None
    mailing_id: str | None
    error: JobError | None


class Schedule(TypedDict):
    id: str
    created_at: str
    name: str
    cron: str
    time_zone: str
    status: Literal["active", "paused", "stopped"]
    next_at: str | None
    upcoming: list[str]
    workbook_name: str
    pictures_name: str | None
    mode: Mode
    template_id: str | None
    template_name: str | None
    template_version: int | None
    options: dict[str, Any]
    webhook: str | None
    mail: Wording | None
    made_by: str | None
    error: JobError | None
    last_run: Run | None


class Preview(TypedDict):
    name: str
    lines: list[str]


class DryRun(TypedDict):
    sheet: str
    rows: int
    checked_rows: int
    missing_fields: list[str]
    unused_columns: list[str]
    previews: list[Preview]
