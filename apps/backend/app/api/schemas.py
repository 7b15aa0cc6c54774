"""What goes over the wire."""

from datetime import datetime
from typing import Annotated, Any
from unicodedata import category
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.api import examples
from app.api.examples import shows
from app.api.parameters import MOST_HOURS
from app.domain.contexts import MAX_PATTERN_LENGTH
from app.domain.conversion import DEFAULT_FILE_NAME, Missing, Mode, Options
from app.domain.letters import MAX_SUBJECT, MAX_TEXT, Wording
from app.domain.schedule_times import MAX_CRON, MAX_ZONE
from app.services.uploads import display_name


class _Model(BaseModel):
    model_config = ConfigDict(from_attributes=True, extra="forbid")


class ColumnOut(_Model):
    index: int
    name: str = Field(description="The header's text; a letter where there is none")
    field: str = Field(description="How a template names it")
    kind: str = Field(examples=["text", "number", "date"])


class SheetWarningOut(_Model):
    code: str = Field(examples=["FORMULA_UNCALCULATED"])
    cell: str = Field(description="The first one", examples=["C5"])
    count: int
    message: str
    hint: str


class SheetOut(_Model):
    model_config = shows(examples.SHEET)

    name: str
    hidden: bool
    header_row: int | None = Field(description="Counted from 1; null when there is none")
    row_count: int = Field(description="Rows below the header that are not hidden")
    columns: list[ColumnOut]
    sample: list[list[str]] = Field(description="The first rows as Excel shows them")
    warnings: list[SheetWarningOut] = Field(
        default_factory=list, description="What was read otherwise than it is written"
    )


class WorkbookOut(_Model):
    model_config = shows(examples.WORKBOOK)

    id: UUID
    created_at: datetime
    expires_at: datetime
    name: str
    kind: str = Field(examples=["xlsx"])
    size_bytes: int
    sha256: str
    sheets: list[SheetOut]


class PictureArchiveOut(_Model):
    model_config = shows(examples.PICTURES)

    id: UUID
    created_at: datetime
    expires_at: datetime
    name: str
    size_bytes: int
    sha256: str
    pictures: int = Field(description="How many it holds")
    left_out: list[str] = Field(description="Files that are no pictures, the first 20")
    left_out_count: int


class TemplateWarningOut(_Model):
    code: str = Field(
        examples=["NO_FIELDS", "FIRST_ROW_IN_LOOP", "MERGE_FIELDS_TAKEN_OVER", "MERGE_FIELDS_LEFT"]
    )
    message: str
    names: list[str] = Field(description="The fields that it is about")


class FieldsOut(_Model):
    single: list[str] = Field(description="Asked of the row that a document is made for")
    looped: list[str] = Field(description="Asked of each row in a loop over `rows`")
    uses_rows: bool
    uses_images: bool = False
    inserts: list[str] = Field(default=[], description="Templates that it inserts, by name")
    warnings: list[TemplateWarningOut] = Field(
        default=[], description="What the template's author should know"
    )


class VersionOut(_Model):
    model_config = shows(examples.VERSION)

    number: int
    created_at: datetime
    file_name: str
    size_bytes: int
    sha256: str
    fields: FieldsOut


class TemplateOut(_Model):
    model_config = shows(examples.TEMPLATE)

    id: UUID
    created_at: datetime
    name: str
    versions: list[VersionOut]


_Text = Annotated[str, Field(max_length=500)]


class OptionsIn(_Model):
    sheets: list[_Text] | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Null: all visible ones (table), the first (else)",
    )
    header_row: int | None = Field(
        default=None, ge=0, le=1_048_576, description="Counted from 1; 0: none; null: find it"
    )
    include_hidden: bool = False
    mapping: dict[_Text, _Text] = Field(
        default_factory=dict, max_length=1000, description="Field of the template to column"
    )
    file_name: str = Field(
        default=DEFAULT_FILE_NAME,
        max_length=MAX_PATTERN_LENGTH,
        description="Name of a row's or group's document, in the template's syntax",
        examples=["{{ Name }} {{ row_number }}"],
    )
    missing: Missing = Field(default=Missing.ERROR, description="A field without a value")
    uncalculated: Missing = Field(
        default=Missing.BLANK, description="A formula without a stored value"
    )
    group_by: _Text | None = Field(
        default=None, description="per-group: the column whose equal cells make a document"
    )
    merged: bool = Field(
        default=False,
        description="per-row, per-group: all documents as one, each on a new page, not as a .zip",
    )
    pdf: bool = Field(default=False, description="PDFs; `/health/ready` says if a worker makes any")

    def to_options(self) -> Options:
        values = self.model_dump()
        sheets = values.pop("sheets")
        return Options(sheets=tuple(sheets) if sheets is not None else None, **values)


class JobIn(_Model):
    model_config = shows(examples.TABLE_JOB, examples.LETTER_JOB)

    workbook_id: UUID
    mode: Mode = Mode.TABLE
    template_id: UUID | None = None
    template_version: int | None = Field(default=None, ge=1, description="Null: the last one")
    pictures_id: UUID | None = Field(
        default=None, description="Where `images` finds what cells name; not for mode table"
    )
    options: OptionsIn = Field(default_factory=OptionsIn)
    webhook: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None,
        description="Told when the job has ended; its host is one that the service allows",
        examples=["https://hooks.example.org/excel2doc"],
    )


class WebhookOut(_Model):
    url: str
    status: str = Field(examples=["waiting", "delivered", "failed"])
    attempt: int
    delivered_at: datetime | None
    last_error: str | None


class WebhookSecretOut(_Model):
    model_config = shows({"secret": "whsec_…"})

    secret: str


class ErrorOut(_Model):
    code: str
    message: str
    hint: str = ""


class WordingIn(_Model):
    model_config = shows(examples.WORDING)

    address: _Text = Field(
        description="The column with the addresses; a group's is its first row's"
    )
    subject: str = Field(min_length=1, max_length=MAX_SUBJECT, description="With the row's fields")
    text: str = Field(min_length=1, max_length=MAX_TEXT, description="With the row's fields")

    def to_wording(self) -> Wording:
        return Wording(self.address, self.subject, self.text)


class MailingIn(WordingIn):
    model_config = shows(examples.NEW_MAILING)

    job_id: UUID = Field(description="Done, with a document a row or a group")


class LetterOut(_Model):
    place: str = Field(description="Its row", examples=["sheet 'Customers', row 2"])
    address: str
    subject: str
    text: str | None = Field(description="Of the first three")
    document: str
    size_bytes: int
    problem: ErrorOut | None = Field(description="Why it will not be sent")


class MailingDryRunOut(_Model):
    model_config = shows(examples.MAILING_DRY_RUN)

    sender: str
    mails: list[LetterOut]
    problems: int = Field(description="How many of them will not be sent")
    per_minute: int = Field(description="How many go out in a minute, with those of others")


class MailingOut(_Model):
    model_config = shows(examples.MAILING)

    id: UUID
    created_at: datetime
    expires_at: datetime
    job_id: UUID | None
    sender: str
    mails: dict[str, int] = Field(
        description="How many are waiting, sending, sent, failed, cancelled; and unclear: may have "
        "been sent, and are not sent again"
    )


class MailOut(_Model):
    position: int
    place: str
    address: str
    subject: str
    document: str
    size_bytes: int
    status: str = Field(examples=["waiting", "sending", "sent", "failed", "unclear", "cancelled"])
    message_id: str = Field(description="The same at each attempt")
    sent_at: datetime | None = Field(description="When the mail server took it")
    error: ErrorOut | None = Field(description="Of its last attempt, in the server's own words")


class MailsOut(_Model):
    model_config = shows(examples.MAILS)

    items: list[MailOut]
    following: int | None = Field(description="`first` of the next ones; null after the last")


class JobOut(_Model):
    model_config = shows(examples.JOB)

    id: UUID
    status: str = Field(examples=["queued", "running", "done", "failed", "cancelled", "expired"])
    mode: Mode
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    workbook_id: UUID
    template_id: UUID | None
    template_version: int | None
    pictures_id: UUID | None
    workbook_name: str
    template_name: str | None
    pictures_name: str | None
    made_by: str | None = Field(description="The key's name; null where no keys are asked for")
    schedule_id: UUID | None = Field(description="By which it runs; null: somebody asked for it")
    schedule_name: str | None
    rows_done: int
    rows_total: int | None
    attempt: int
    cached: bool = Field(description="An earlier result for the same input")
    cancel_requested: bool
    options: dict[str, Any]
    webhook: WebhookOut | None
    error: ErrorOut | None
    result_name: str | None
    result_bytes: int | None
    result_type: str | None


def _without_control_characters(name: str) -> str:
    if any(category(character) == "Cc" for character in name):
        raise ValueError("control characters are no part of a name")
    return name


_Name = Annotated[
    str, Field(min_length=1, max_length=255), AfterValidator(_without_control_characters)
]
_FileName = Annotated[_Name, AfterValidator(display_name)]
"""As an upload of that name is called."""


class ScheduleIn(_Model):
    model_config = shows(examples.NEW_SCHEDULE)

    name: _Name
    cron: str = Field(
        max_length=MAX_CRON,
        description="Minute, hour, day, month, weekday, in the time zone",
        examples=["0 6 1 * *", "30 7 * * MON-FRI"],
    )
    time_zone: str = Field(default="UTC", max_length=MAX_ZONE, description="Of the IANA database")
    workbook_name: _FileName = Field(
        description="The newest of this name is converted that has not been yet"
    )
    pictures_name: _FileName | None = Field(
        default=None, description="The newest archive of this name; not for mode table"
    )
    mode: Mode = Mode.TABLE
    template_id: UUID | None = None
    template_version: int | None = Field(
        default=None, ge=1, description="Null: the last one at each run"
    )
    options: OptionsIn = Field(default_factory=OptionsIn)
    webhook: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="Told of each run's job, as one of a job's own"
    )
    mail: WordingIn | None = Field(
        default=None, description="How each run's documents are sent; null: they are not"
    )


class RunOut(_Model):
    model_config = shows(examples.RUN)

    id: UUID
    created_at: datetime
    due_at: datetime
    status: str = Field(
        description="missed: there was nothing new to convert",
        examples=["converting", "done", "failed", "missed"],
    )
    job_id: UUID | None
    mailing_id: UUID | None
    error: ErrorOut | None


class ScheduleOut(_Model):
    model_config = shows(examples.SCHEDULE)

    id: UUID
    created_at: datetime
    name: str
    cron: str
    time_zone: str
    status: str = Field(
        description="stopped: it cannot run by itself any more, for what `error` says",
        examples=["active", "paused", "stopped"],
    )
    next_at: datetime | None = Field(description="In the past: it is due, and `error` says why")
    upcoming: list[datetime] = Field(description="The next three times")
    workbook_name: str
    pictures_name: str | None
    mode: Mode
    template_id: UUID | None
    template_name: str | None
    template_version: int | None
    options: dict[str, Any]
    webhook: str | None
    mail: WordingIn | None
    made_by: str | None = Field(description="The key by whose right it runs")
    error: ErrorOut | None
    last_run: RunOut | None


class PreviewOut(_Model):
    name: str
    lines: list[str]


class DryRunOut(_Model):
    model_config = shows(examples.DRY_RUN)

    sheet: str
    rows: int
    checked_rows: int = Field(
        description="Made into documents for this; those after may be refused"
    )
    missing_fields: list[str]
    unused_columns: list[str]
    previews: list[PreviewOut]


class PreviewIn(JobIn):
    model_config = shows(examples.PREVIEW_WANTED)

    first: int = Field(
        default=0, ge=0, le=1_048_576, description="The position of the first document, from 0"
    )


class PreviewedOut(_Model):
    name: str
    position: int
    size_bytes: int
    page_count: int | None = Field(
        description="Of pictures of its first pages; null: there are none (yet)"
    )
    lines: list[str] = Field(description="The text of its first 200 paragraphs, or of its rows")
    values: dict[str, str] = Field(description="What the template's fields are for this document")


class PreviewSetOut(_Model):
    model_config = shows(examples.PREVIEW)

    id: UUID
    created_at: datetime
    expires_at: datetime
    status: str = Field(
        description="queued, running: pages are being made; done; failed: there will be none",
        examples=["queued", "running", "done", "failed"],
    )
    documents: list[PreviewedOut]
    following: int | None = Field(description="`first` of the next ones; null after the last")
    error: ErrorOut | None


class KeyIn(_Model):
    model_config = shows(examples.NEW_KEY)

    name: Annotated[str, Field(min_length=1, max_length=255)]
    scopes: list[Annotated[str, Field(pattern="^(read|write|admin)$")]] = ["read", "write"]
    rate_per_minute: int = Field(default=600, ge=1, le=1_000_000)
    team: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None,
        description="Whose files it opens, by name; null: a team of its own, named as the key is",
    )


class KeyOut(_Model):
    model_config = shows(examples.KEY)

    id: UUID
    created_at: datetime
    name: str
    scopes: list[str]
    rate_per_minute: int
    team: str
    revoked_at: datetime | None


class NewKeyOut(KeyOut):
    model_config = shows(examples.MADE_KEY)

    key: str = Field(description="Shown this once")


class TeamIn(_Model):
    model_config = shows(examples.TEAM_CHANGE)

    keep_hours: int | None = Field(
        ge=1,
        le=MOST_HOURS,
        description="How long its files are kept from now on; null: as the service's are",
    )


class TeamOut(_Model):
    model_config = shows(examples.TEAM)

    id: UUID
    created_at: datetime
    name: str
    keep_hours: int | None


class AuditOut(_Model):
    model_config = shows(examples.AUDIT)

    id: UUID
    created_at: datetime
    team_id: UUID | None
    key_id: UUID | None
    address: str = Field(description="Of whoever asked; `schedule`: a run that nobody asked for")
    action: str = Field(description="The operation, as the API's description calls it")
    subject: str | None = Field(description="What was made, changed or taken")
    status: int = Field(description="How it was answered", examples=[204])
