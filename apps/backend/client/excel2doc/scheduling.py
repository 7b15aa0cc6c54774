"""`excel2doc schedule` and `excel2doc schedules`: conversions that run by themselves."""

import argparse
import shlex
import sys
from datetime import datetime
from pathlib import Path

from excel2doc.client import Client
from excel2doc.models import Schedule, Wording


def wording_of(asked: argparse.Namespace) -> Wording | None:
    """How the documents are sent; None: they are not. Exits with 2 where it is not whole."""
    given = (asked.address, asked.subject, asked.text)
    if not any(given):
        return None
    if not all(given):
        asked.parser.error("--address, --subject and --text go together")
    text = asked.text.read_text("utf-8-sig")
    return {"address": asked.address, "subject": asked.subject, "text": text}


def told(schedule: Schedule, workbook: str) -> None:
    """Print what was saved, when it runs, and how `workbook`, a path, is uploaded for that."""
    sys.stdout.write(f"{schedule['id']}\n")
    for moment in schedule["upcoming"]:
        sys.stdout.write(f"  {_local(moment)}\n")
    name = schedule["workbook_name"]
    command = shlex.join(["excel2doc", "upload", workbook])
    sys.stdout.write(f"upload {name} before each of these: {command}\n")


def listed(client: Client) -> int:
    """Print each schedule; 1 when one has stopped or its last run did not end well."""
    bad = 0
    for schedule in client.schedules():
        last = schedule["last_run"]
        error = schedule["error"] or (last["error"] if last else None)
        parts: list[str] = [schedule["status"]]
        if schedule["next_at"]:
            parts.append(f"next {_local(schedule['next_at'])}")
        if last:
            parts.append(f"last {_local(last['due_at'])}: {last['status']}")
        if error:
            parts.append(f"{error['code']}: {error['message']}")
            bad += 1
        mark = "✗" if error else "✓"
        what = f"{schedule['name']} ({schedule['workbook_name']})"
        sys.stdout.write(f"{mark} {schedule['id']} {what}: {', '.join(parts)}\n")
    return 1 if bad else 0


def uploaded(client: Client, path: Path) -> int:
    """Put a workbook, or a .zip of pictures, where schedules find it by its name."""
    is_pictures = path.suffix.lower() == ".zip"
    made = client.upload_pictures(path) if is_pictures else client.upload_workbook(path)
    sys.stdout.write(f"{made['name']}, kept until {_local(made['expires_at'])}\n")
    return 0


def _local(moment: str) -> str:
    """In this machine's time."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M %z")
