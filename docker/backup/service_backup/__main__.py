"""`python -m service_backup COMMAND`."""

import argparse
import json
import signal
import sys
from datetime import UTC, datetime

from service_backup import last_backup, schedule
from service_backup import restore as restoring
from service_backup.alone import alone
from service_backup.refusal import Refusal
from service_backup.repository import VERIFIED, Repository
from service_backup.settings import Settings, read_settings
from service_backup.verify import verify
from service_backup.whole import back_up


def main() -> None:
    arguments = _parser().parse_args()
    # As Ctrl-C does: what was begun is taken back.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        _run(arguments, read_settings())
    except (Refusal, OSError) as error:
        print(f"✗ {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    repository = Repository(settings)
    match arguments.command:
        case "healthy":
            last_backup.healthy(settings)
        case "state":
            print(json.dumps(restoring.state(settings)))
        case "list":
            for each in repository.backups():
                seen = "restored and compared" if VERIFIED in each.tags else "not yet restored"
                print(f"{each.id[:8]}  {each.taken_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}  {seen}")
        case "backup":
            with alone(settings):
                back_up(settings, repository)
        case "schedule":
            schedule.run(settings, repository)
        case "verify":
            with alone(settings):
                repository.check_data()
                snapshot = repository.find(arguments.snapshot, arguments.at)
                seen = verify(settings, repository, snapshot)
                print(
                    f"backup {snapshot.id[:8]} of {seen['takenAt']}: every byte of the repository read;"
                    f" {len(seen['database']['tables'])} tables, {seen['rows']} rows,"
                    f" {seen['files']['count']} files restored into scratch and compared"
                )
        case "restore":
            with alone(settings):
                snapshot = repository.find(arguments.snapshot, arguments.at)
                done = restoring.restore(settings, repository, snapshot, arguments.replace)
                print(
                    f"backup {snapshot.id[:8]} of {done['takenAt']} is back: {done['rows']} rows,"
                    f" {done['files']['count']} files, compared"
                )
                for kind, kept in [("database", done["keptDatabase"]), ("folders", done["keptFiles"])]:
                    if kept:
                        print(f"  what was there before is kept: {kind} {kept}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="service_backup", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in [
        ("backup", "take one, verify it, forget old ones"),
        ("schedule", "the same every BACKUP_EVERY_HOURS"),
        ("list", "the backups that are whole"),
        ("state", "what the service holds, as JSON"),
        ("healthy", "status 0 while the last one is new enough"),
    ]:
        commands.add_parser(name, help=what)
    for name, what in [
        ("verify", "restore one into scratch and compare"),
        ("restore", "put one in the place of what the service holds"),
    ]:
        command = commands.add_parser(name, help=what)
        command.add_argument("--snapshot", help="default: the newest")
        command.add_argument("--at", type=_time, help="the newest that is not newer than this time")
        if name == "restore":
            command.add_argument("--replace", action="store_true", help="although there is data")
    return parser


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
