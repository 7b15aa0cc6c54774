"""What `excel2doc mail` says: a line a mail."""

import sys
import time

from excel2doc.client import Client
from excel2doc.models import Mailing, MailingDryRun

_WAIT_SECONDS = 2.0


def listed(found: MailingDryRun) -> int:
    """Print who would get what; 1 when somebody would get nothing."""
    for mail in found["mails"]:
        problem = mail["problem"]
        to = mail["address"] or "nobody"
        what = f"{problem['code']}: {problem['message']}" if problem else mail["subject"]
        sys.stdout.write(f"{'✗' if problem else '✉'} {mail['document']} -> {to}: {what}\n")
    ready = len(found["mails"]) - found["problems"]
    sys.stdout.write(f"{ready} mails from {found['sender']}; nothing is sent without --send\n")
    return 1 if found["problems"] else 0


def followed(client: Client, mailing: Mailing) -> int:
    """Wait until all are sent or have failed, print what failed; 1 when something has."""
    while mailing["mails"]["waiting"] or mailing["mails"]["sending"]:
        time.sleep(_WAIT_SECONDS)
        mailing = client.mailing(mailing["id"])
        _progress(mailing)
    bad = 0
    for status in ("failed", "unclear", "cancelled"):
        for mail in client.mails(mailing["id"], status):
            error = mail["error"]
            why = f"{error['code']}: {error['message']}" if error else status
            to = mail["address"] or "nobody"
            sys.stdout.write(f"✗ {mail['document']} -> {to}: {why}\n")
            bad += 1
    sys.stdout.write(f"{mailing['mails']['sent']} mails sent\n")
    return 1 if bad else 0


def _progress(mailing: Mailing) -> None:
    if sys.stderr.isatty():
        counts = ", ".join(f"{number} {status}" for status, number in mailing["mails"].items())
        sys.stderr.write(f"\r\x1b[K{counts}")
        sys.stderr.flush()
