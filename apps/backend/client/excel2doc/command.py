"""`excel2doc convert WORKBOOK`, and its like: documents from a command line."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from excel2doc.client import DEFAULT_URL, Client
from excel2doc.errors import JobFailed, Problem, Unreachable
from excel2doc.mailing import followed, listed
from excel2doc.models import DryRun, Job, Options
from excel2doc.scheduling import listed as listed_schedules
from excel2doc.scheduling import told, uploaded, wording_of

_FAILED, _INTERRUPTED = 1, 130
_EXAMPLES = """examples:
  excel2doc convert customers.xlsx                                every sheet as a table
  excel2doc convert customers.xlsx --template letter.docx         a document a row, as a ZIP
  excel2doc convert orders.csv --template invoice.docx --group-by Customer --merged --pdf
  excel2doc mail orders.csv --template invoice.docx --group-by Customer --address Mail \\
            --subject "Your invoice" --text words.txt             lists it; --send sends it
  excel2doc schedule orders.csv --template invoice.docx --group-by Customer --cron "0 6 1 * *" \\
            --zone Europe/Berlin                                runs by itself from now on
  jq .rows answer.json | excel2doc convert - --template letter.docx --to letters.zip

EXCEL2DOC_URL is the service's address, EXCEL2DOC_KEY the key where it asks for one. A key is no
option, because other users of the machine see those."""


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 1 for what is refused, 2 for a wrong option."""
    asked = _parser().parse_args(arguments)
    try:
        done: int = asked.run(asked)
        return done
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (Problem, Unreachable, OSError) as error:
        _say(f"✗ {_words(error)}")
        return _FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("excel2doc", description="Workbooks in, Word documents out.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    convert = commands.add_parser(
        "convert",
        help="make documents of a workbook",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_inputs(convert)
    convert.add_argument(
        "--to", type=Path, metavar="FILE", help="the result; else it is named after the workbook"
    )
    convert.add_argument("--force", action="store_true", help="write over a file that is there")
    convert.add_argument("--merged", action="store_true", help="all documents as one, not as a ZIP")
    convert.add_argument(
        "--dry-run", action="store_true", help="say what would be made, and make nothing"
    )
    convert.add_argument(
        "--webhook", metavar="URL", help="told when the job has ended; a host that is allowed"
    )
    convert.set_defaults(parser=convert, run=_convert)
    mail = commands.add_parser(
        "mail",
        help="make documents, and send each to the address in its row",
        description="Lists what would be sent to whom, and sends it only with --send.",
    )
    _add_inputs(mail)
    _add_wording(mail, required=True)
    mail.add_argument("--send", action="store_true", help="send it; without, it is only listed")
    mail.set_defaults(parser=mail, run=send_mails, merged=False)
    _add_schedules(commands)
    return parser


def _add_schedules(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    upload = commands.add_parser("upload", help="put a workbook where schedules find it")
    upload.add_argument("file", type=Path, help="a workbook, or a .zip of pictures")
    _add_url(upload)
    upload.set_defaults(parser=upload, run=lambda asked: uploaded(Client(asked.url), asked.file))
    schedule = commands.add_parser(
        "schedule",
        help="have a conversion run by itself",
        description="Each time it converts the newest workbook of that name, once. Of WORKBOOK and "
        "of --pictures only the names count here: upload them before each run.",
    )
    _add_inputs(schedule)
    schedule.add_argument("--merged", action="store_true", help="all documents as one, not a ZIP")
    schedule.add_argument(
        "--cron",
        required=True,
        metavar="WHEN",
        help='minute, hour, day, month, weekday: "0 6 1 * *" is 6:00 on the first of each month',
    )
    schedule.add_argument(
        "--zone", default="UTC", help="in whose time that is: Europe/Berlin; else UTC"
    )
    schedule.add_argument("--title", help="what it is called; else as the workbook")
    schedule.add_argument("--webhook", metavar="URL", help="told when each run has ended")
    _add_wording(schedule, required=False)
    schedule.set_defaults(parser=schedule, run=_schedule)
    listing = commands.add_parser(
        "schedules",
        help="list what runs by itself",
        description="The status is 1 when one has stopped, or has missed or failed its last run.",
    )
    change = listing.add_mutually_exclusive_group()
    for way in ("pause", "resume", "delete"):
        change.add_argument(f"--{way}", metavar="ID")
    _add_url(listing)
    listing.set_defaults(parser=listing, run=_schedules)


def _add_wording(command: argparse.ArgumentParser, *, required: bool) -> None:
    """How the documents are sent."""
    command.add_argument(
        "--address", required=required, metavar="COLUMN", help="the column with the addresses"
    )
    command.add_argument(
        "--subject", required=required, help='with fields: "Your invoice {{ Number }}"'
    )
    command.add_argument(
        "--text",
        required=required,
        type=Path,
        metavar="FILE",
        help="the mail's text, with fields",
    )


def _add_url(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", help=f"of the service; else EXCEL2DOC_URL, or {DEFAULT_URL}")


def _add_inputs(command: argparse.ArgumentParser) -> None:
    """What says which documents are made, and how."""
    command.add_argument(
        "workbook", help=".xlsx, .ods, .csv, .json and others; - is JSON from a pipe"
    )
    command.add_argument(
        "--template", type=Path, metavar="DOCX", help="a Word document with fields"
    )
    command.add_argument(
        "--pictures", type=Path, metavar="ZIP", help="pictures that the workbook's cells name"
    )
    command.add_argument(
        "--mode",
        choices=["table", "per-row", "per-group", "single"],
        help="else per-row with a template, per-group with --group-by, table without",
    )
    command.add_argument(
        "--group-by", metavar="COLUMN", help="a document for all rows that share its value"
    )
    command.add_argument("--pdf", action="store_true", help="PDF instead of Word")
    command.add_argument(
        "--name", metavar="PATTERN", help='of each document: "{{ Name }} {{ Date }}"'
    )
    command.add_argument("--sheet", action="append", metavar="NAME", help="may be given again")
    command.add_argument("--header-row", type=int, metavar="N", help="counted from 1; 0: none")
    command.add_argument(
        "--map", action="append", metavar="FIELD=COLUMN", default=[], help="may be given again"
    )
    command.add_argument("--blank", action="store_true", help="leave missing fields blank")
    command.add_argument(
        "--include-hidden", action="store_true", help="hidden rows and columns too"
    )
    _add_url(command)


def _convert(asked: argparse.Namespace) -> int:
    options = _options(asked)
    if asked.to is not None and asked.to.exists() and not asked.force and not asked.dry_run:
        raise FileExistsError(f"{asked.to} is there already: add --force, or name another one")
    client = Client(asked.url)
    sent = _uploaded(client, asked)
    if asked.dry_run:
        _show(client.dry_run(**sent, mode=asked.mode, **options))
        return 0
    job = client.submit(**sent, mode=asked.mode, webhook=asked.webhook, **options)
    job = _waited(client, job)
    to: Path = asked.to or Path(job["result_name"] or "result")
    try:
        client.save(job, to, replace=asked.force)
    except FileExistsError as error:
        raise FileExistsError(f"{to} is there already: add --force, or --to another one") from error
    sys.stdout.write(f"{to}\n")
    return 0


def send_mails(asked: argparse.Namespace) -> int:
    """`excel2doc mail`: 1 when a mail of it could not be sent."""
    options, text = _options(asked), asked.text.read_text("utf-8-sig")
    client = Client(asked.url)
    sent = _uploaded(client, asked)
    job = _waited(client, client.submit(**sent, mode=asked.mode, **options))
    wording = (job["id"], asked.address, asked.subject, text)
    if not asked.send:
        return listed(client.mail_dry_run(*wording))
    mailing = client.mail(*wording)
    try:
        return followed(client, mailing)
    except KeyboardInterrupt:
        client.cancel_mailing(mailing["id"])
        _say("✗ cancelled: what was not sent is not sent any more")
        return _INTERRUPTED


def _schedule(asked: argparse.Namespace) -> int:
    options, mail = _options(asked), wording_of(asked)
    if asked.workbook == "-":
        asked.parser.error("a schedule takes its workbook by name, not from a pipe")
    client = Client(asked.url)
    name = Path(asked.workbook).name
    template, _ = client.upload_template(asked.template) if asked.template else (None, None)
    made = client.schedule(
        asked.title or name,
        asked.cron,
        name,
        template["id"] if template else None,
        asked.mode,
        time_zone=asked.zone,
        pictures_name=asked.pictures.name if asked.pictures else None,
        webhook=asked.webhook,
        mail=mail,
        **options,
    )
    told(made, asked.workbook)
    return 0


def _schedules(asked: argparse.Namespace) -> int:
    client = Client(asked.url)
    if asked.pause:
        client.pause_schedule(asked.pause)
    if asked.resume:
        client.resume_schedule(asked.resume)
    if asked.delete:
        client.remove_schedule(asked.delete)
    return listed_schedules(client)


class _Sent(TypedDict):
    workbook_id: str
    template_id: str | None
    template_version: int | None
    pictures_id: str | None


def _uploaded(client: Client, asked: argparse.Namespace) -> _Sent:
    """All files of a conversion."""
    # the template first: it is checked in a moment, and refused before a large workbook is sent
    template, version = client.upload_template(asked.template) if asked.template else (None, None)
    if asked.workbook == "-":
        workbook = client.upload_workbook(sys.stdin.buffer.read(), "stdin.json")
    else:
        workbook = client.upload_workbook(Path(asked.workbook))
    pictures = client.upload_pictures(asked.pictures) if asked.pictures else None
    return {
        "workbook_id": workbook["id"],
        "template_id": template["id"] if template else None,
        "template_version": version,
        "pictures_id": pictures["id"] if pictures else None,
    }


def _waited(client: Client, job: Job) -> Job:
    """The job once it is done; interrupted, it is cancelled."""
    try:
        return client.wait(job["id"], _progress())
    except KeyboardInterrupt:
        client.cancel(job["id"])
        _say("✗ cancelled")
        raise


def _options(asked: argparse.Namespace) -> Options:
    options: Options = {}
    if asked.sheet:
        options["sheets"] = asked.sheet
    if asked.header_row is not None:
        options["header_row"] = asked.header_row
    if asked.name:
        options["file_name"] = asked.name
    if asked.group_by:
        options["group_by"] = asked.group_by
    if asked.blank:
        options["missing"] = "blank"
    for each in ("merged", "pdf", "include_hidden"):
        if getattr(asked, each):
            options[each] = True
    for pair in asked.map:
        field, is_pair, column = pair.partition("=")
        if not (is_pair and field and column):
            asked.parser.error(f"--map {pair}: write FIELD=COLUMN")
        options.setdefault("mapping", {})[field] = column
    return options


def _progress() -> Callable[[Job], None]:
    """Told on a terminal only: a log wants no line a second."""

    def tell(job: Job) -> None:
        if not sys.stderr.isatty():
            return
        rows = f" {job['rows_done']} of {job['rows_total']} rows" if job["rows_total"] else ""
        sys.stderr.write(f"\r\x1b[K{job['status']}{rows}")
        if job["status"] in {"done", "failed", "cancelled", "expired"}:
            sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()

    return tell


def _show(found: DryRun) -> None:
    lines = [f"sheet {found['sheet']}: {found['rows']} rows, {found['checked_rows']} checked"]
    if found["missing_fields"]:
        lines.append(f"fields without a value: {', '.join(found['missing_fields'])}")
    if found["unused_columns"]:
        lines.append(f"columns that nothing uses: {', '.join(found['unused_columns'])}")
    for preview in found["previews"]:
        lines += ["", preview["name"], *(f"  {line}" for line in preview["lines"])]
    sys.stdout.write("\n".join(lines) + "\n")


def _words(error: Exception) -> str:
    if isinstance(error, JobFailed):
        return f"{error} [job {error.job_id}]"
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is not there"
    if isinstance(error, PermissionError):
        return f"{error.filename} may not be read or written"
    return str(error)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
