"""What the documentation shows. A test holds each one against its schema."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

Example = dict[str, Any]

_AT = "2026-11-24T10:00:00Z"
_LATER = "2026-11-25T10:00:00Z"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

SHEET: Example = {
    "name": "Customers",
    "hidden": False,
    "header_row": 1,
    "row_count": 2,
    "columns": [
        {"index": 0, "name": "Name", "field": "Name", "kind": "text"},
        {"index": 1, "name": "Unit price (€)", "field": "Unit_price", "kind": "number"},
    ],
    "sample": [["Ann & Co", "1,234.50 €"], ["客户有限公司", "98.00 €"]],
}
WORKBOOK: Example = {
    "id": "5a9f1c9e-3f1f-4c3b-9c11-0a8c5f6a2b10",
    "created_at": _AT,
    "expires_at": _LATER,
    "name": "customers.xlsx",
    "kind": "xlsx",
    "size_bytes": 6_120,
    "sha256": _SHA256,
    "sheets": [SHEET],
}
PICTURES: Example = {
    "id": "7d1f0a3e-5b7c-4f0e-8a55-2c9e6b1d4f12",
    "created_at": _AT,
    "expires_at": _LATER,
    "name": "photos.zip",
    "size_bytes": 1_204_118,
    "sha256": _SHA256,
    "pictures": 42,
    "left_out": ["photos/notes.txt"],
    "left_out_count": 1,
}
VERSION: Example = {
    "number": 1,
    "created_at": _AT,
    "file_name": "letter.docx",
    "size_bytes": 18_204,
    "sha256": _SHA256,
    "fields": {"single": ["client", "Unit_price"], "looped": [], "uses_rows": False},
}
TEMPLATE: Example = {
    "id": "0b0d7a5e-9c53-4c7e-8f0e-8c2a4d1f7e11",
    "created_at": _AT,
    "name": "Letter",
    "versions": [VERSION],
}
TABLE_JOB: Example = {"workbook_id": WORKBOOK["id"], "mode": "table"}
LETTER_JOB: Example = {
    "workbook_id": WORKBOOK["id"],
    "mode": "per-row",
    "template_id": TEMPLATE["id"],
    "options": {"file_name": "{{ Name }}", "mapping": {"client": "Name"}},
}
JOB: Example = {
    "id": "c6a1f0de-2b1d-4d0e-9a53-64f5a3f6f4a7",
    "status": "running",
    "mode": "per-row",
    "created_at": _AT,
    "started_at": _AT,
    "finished_at": None,
    "expires_at": None,
    "workbook_id": WORKBOOK["id"],
    "template_id": TEMPLATE["id"],
    "template_version": 1,
    "pictures_id": PICTURES["id"],
    "workbook_name": WORKBOOK["name"],
    "template_name": TEMPLATE["name"],
    "pictures_name": PICTURES["name"],
    "made_by": "payroll",
    "schedule_id": "4c0c1c53-86c8-4a63-a3a2-0a7a5a4c9d33",
    "schedule_name": "Invoices, monthly",
    "rows_done": 600,
    "rows_total": 1_000,
    "attempt": 1,
    "cached": False,
    "cancel_requested": False,
    "options": {"file_name": "{{ Name }}", "mapping": {"client": "Name"}},
    "webhook": {
        "url": "https://hooks.example.org/excel2doc",
        "status": "delivered",
        "attempt": 2,
        "delivered_at": _LATER,
        "last_error": "it answered 503",
    },
    "error": None,
    "result_name": None,
    "result_bytes": None,
    "result_type": None,
}
EVENTS = (
    "retry: 2000\n\n"
    'event: job\ndata: {"id": "c6a1f0de-…", "status": "running", "rows_done": 600, …}\n\n'
    'event: job\ndata: {"id": "c6a1f0de-…", "status": "done", "rows_done": 1000, …}\n\n'
)
DRY_RUN: Example = {
    "sheet": "Customers",
    "rows": 2,
    "checked_rows": 2,
    "missing_fields": ["signature"],
    "unused_columns": ["Unit price (€)"],
    "previews": [{"name": "Ann & Co.docx", "lines": ["Dear Ann & Co,"]}],
}
PREVIEW_WANTED: Example = {**LETTER_JOB, "first": 3}
PREVIEW: Example = {
    "id": "c1c7b7a2-64f0-4b8e-9f0f-2f0b6f0e7a11",
    "created_at": _AT,
    "expires_at": _LATER,
    "status": "done",
    "documents": [
        {
            "name": "Ann & Co.docx",
            "position": 0,
            "size_bytes": 18_310,
            "page_count": 2,
            "lines": ["Dear Ann & Co,"],
            "values": {"Name": "Ann & Co"},
        }
    ],
    "following": 3,
    "error": None,
}
WORDING: Example = {
    "address": "E-mail",
    "subject": "Your invoice {{ Number }}",
    "text": "Dear {{ Name }},\n\nyour invoice is attached.",
}
NEW_MAILING: Example = {"job_id": JOB["id"], **WORDING}
_LETTER: Example = {
    "place": "sheet 'Customers', row 2",
    "address": "ann@example.org",
    "subject": "Your invoice 1001",
    "document": "1001.docx",
    "size_bytes": 18_310,
}
MAILING_DRY_RUN: Example = {
    "sender": "Accounting <accounting@example.org>",
    "mails": [
        {**_LETTER, "text": "Dear Ann,\n\nyour invoice is attached.", "problem": None},
        {
            **_LETTER,
            "place": "sheet 'Customers', row 3",
            "address": "",
            "text": "Dear Bo,\n\nyour invoice is attached.",
            "problem": {"code": "ADDRESS_MISSING", "message": "the cell is empty", "hint": ""},
        },
    ],
    "problems": 1,
    "per_minute": 60,
}
MAILING: Example = {
    "id": "e1b6c0c4-9b57-4a53-8b06-6d1f0c1e7a22",
    "created_at": _AT,
    "expires_at": _LATER,
    "job_id": JOB["id"],
    "sender": MAILING_DRY_RUN["sender"],
    "mails": {
        **{"waiting": 12, "sending": 1, "sent": 86},
        **{"failed": 1, "unclear": 0, "cancelled": 0},
    },
}
MAILS: Example = {
    "items": [
        {
            **_LETTER,
            "position": 0,
            "status": "failed",
            "message_id": "<0f3b6d6e-52c1-4a0e-9c43-2f1c8e3b7a90@example.org>",
            "sent_at": None,
            "error": {
                **{"code": "MAIL_REFUSED", "message": "550 5.1.1 no such user here", "hint": ""}
            },
        }
    ],
    "following": None,
}
NEW_SCHEDULE: Example = {
    "name": JOB["schedule_name"],
    "cron": "0 6 1 * *",
    "time_zone": "Europe/Berlin",
    "workbook_name": "orders.csv",
    "mode": "per-group",
    "template_id": TEMPLATE["id"],
    "options": {"group_by": "Customer", "file_name": "{{ group }}"},
    "webhook": None,
    "mail": None,
}
RUN: Example = {
    "id": "f6a7c1b2-4d5e-4f60-8a9b-1c2d3e4f5a66",
    "created_at": "2026-12-01T05:00:01Z",
    "due_at": "2026-12-01T05:00:00Z",
    "status": "done",
    "job_id": JOB["id"],
    "mailing_id": MAILING["id"],
    "error": None,
}
SCHEDULE: Example = {
    **NEW_SCHEDULE,
    "id": JOB["schedule_id"],
    "created_at": _AT,
    "status": "active",
    "next_at": "2027-01-01T05:00:00Z",
    "upcoming": ["2027-01-01T05:00:00Z", "2027-02-01T05:00:00Z", "2027-03-01T05:00:00Z"],
    "pictures_name": None,
    "template_name": TEMPLATE["name"],
    "template_version": None,
    "webhook": JOB["webhook"]["url"],
    "mail": WORDING,
    "made_by": JOB["made_by"],
    "error": None,
    "last_run": RUN,
}
NEW_KEY: Example = {
    **{"name": "payroll", "scopes": ["read", "write"], "rate_per_minute": 600},
    "team": "accounting",
}
KEY: Example = {
    **NEW_KEY,
    "id": "7d2b1f60-51c3-4f0f-8b8e-0d1b0f9c2e55",
    "created_at": _AT,
    "revoked_at": None,
}
MADE_KEY: Example = {**KEY, "key": "e2d_…"}
TEAM_CHANGE: Example = {"keep_hours": 2}
TEAM: Example = {
    "id": "2f1f8f0a-7d0e-4d7b-9a57-3a3a0b6a6f21",
    "created_at": _AT,
    "name": "accounting",
    "keep_hours": 2,
}
AUDIT: Example = {
    "id": "9b7f7b5c-2a0f-4f53-8f3d-5b8c1f1f3a10",
    "created_at": _AT,
    "team_id": TEAM["id"],
    "key_id": KEY["id"],
    "address": "192.0.2.7",
    "action": "forget_workbook",
    "subject": WORKBOOK["id"],
    "status": 204,
}
HEALTH: Example = {"status": "ok", "version": "0.1.0", "database": "ok", "redis": "ok"}
READINESS: Example = {
    **HEALTH,
    "workers": 2,
    "pdf_workers": 1,
    "mail": True,
    "worker": "ok",
    "disk": "ok",
}
PROBLEM: Example = {
    "type": "urn:excel2doc:problem:header-row-empty",
    "title": "The input was refused",
    "status": 422,
    "detail": "sheet 'Customers': row 900 is empty, hidden or not among the first 100",
    "code": "HEADER_ROW_EMPTY",
}


def shows(*examples: Example) -> ConfigDict:
    """The configuration of a model that has these examples."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})


def shows_one_item(schema: JsonDict, model: type[BaseModel]) -> None:
    """For a list of a page: the example is made of the item's."""
    item = model.model_fields["items"].annotation.__args__[0]  # type: ignore[union-attr]
    examples = item.model_config["json_schema_extra"]["examples"]
    schema["examples"] = [{"items": examples[:1], "next_cursor": "WyIyMDI2LTExLTI0…"}]
