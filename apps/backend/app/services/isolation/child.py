"""The process that reads what strangers send, forked by `fork_server`.

One request on stdin, events on stdout, a line of JSON each. It holds no secret, and ends when its
parent does. It imports nothing of the service but `app.domain`.
"""

import json
import os
import resource
import sys
import threading
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from app.domain.conversion import FinishedPart, Mode, Options, Progress, Source
from app.domain.dry_run import dry_run
from app.domain.inspection import inspect_sheet, inspect_workbook
from app.domain.letters import Wording, letters
from app.domain.limits import Limits
from app.domain.merging.parts import merge_parts
from app.domain.modes import convert
from app.domain.named_pictures import check_archive
from app.domain.page_pictures import page_pictures
from app.domain.refusal import Refused
from app.domain.sample import sample
from app.domain.template.compiled import compile_template


def main() -> None:
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to the log
    line = sys.stdin.buffer.readline()
    if not line:
        return
    request = json.loads(line)
    limits = Limits(**request["limits"])
    _limit_self(limits)
    os.nice(10)  # whoever asks for the progress goes first
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _send(events, {"result": _run(request, limits, events)})
    except Refused as refusal:
        _send(
            events,
            {"refused": {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}},
        )
    except (MemoryError, RecursionError) as error:
        _send(events, {"limit": type(error).__name__})
    except BaseException as error:
        _send(events, {"crashed": f"{type(error).__name__}: {error}"[:500]})
        traceback.print_exc()
    os._exit(0)  # freeing millions of cells one by one would take its time


def _run(request: dict[str, Any], limits: Limits, events: TextIO) -> Any:
    match request["operation"]:
        case "inspect":
            return inspect_workbook(Path(request["path"]), request["name"], limits)
        case "inspect-sheet":
            return inspect_sheet(
                Path(request["path"]),
                request["name"],
                limits,
                request["sheet"],
                request["header_row"],
            )
        case "inspect-pictures":
            return asdict(check_archive(Path(request["path"]), limits))
        case "check-template":
            inserted = _inserted(request) if "inserted" in request else None
            template = compile_template(Path(request["path"]), inserted=inserted)
            return asdict(template.fields)
        case "dry-run":
            return asdict(dry_run(_source(request), limits))
        case "sample":
            found = sample(_source(request), limits, Path(request["folder"]), request["first"])
            return asdict(found)
        case "letters":
            found_letters = letters(_source(request), Wording(**request["wording"]), limits)
            return [asdict(letter) for letter in found_letters]
        case "page-pictures":
            folder, most = Path(request["folder"]), request["most"]
            return [page_pictures(Path(pdf), folder, most) for pdf in request["pdfs"]]
        case "convert":
            finished = convert(
                _source(request),
                Path(request["folder"]),
                limits,
                lambda event: _tell(events, event),
                request["done_rows"],
            )
            return asdict(finished)
        case "merge":
            archives = [Path(path) for path in request["archives"]]
            merged = merge_parts(
                archives,
                Path(request["folder"]),
                request["rows"],
                limits,
                lambda event: _tell(events, event),
                pdf=request["pdf"],
            )
            return asdict(merged)
        case other:
            raise ValueError(other)


def _tell(events: TextIO, event: Progress | FinishedPart) -> None:
    kind = "progress" if isinstance(event, Progress) else "part"
    _send(events, {kind: asdict(event)})


def _source(request: dict[str, Any]) -> Source:
    return Source(
        Path(request["workbook"]),
        request["workbook_name"],
        Mode(request["mode"]),
        Options.of(request["options"]),
        Path(request["template"]) if request.get("template") else None,
        Path(request["pictures"]) if request.get("pictures") else None,
        _inserted(request),
    )


def _inserted(request: dict[str, Any]) -> dict[str, Path]:
    return {name: Path(path) for name, path in request.get("inserted", {}).items()}


def _send(events: TextIO, event: dict[str, Any]) -> None:
    events.write(json.dumps(event, default=str) + "\n")


def _limit_self(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 30, 4 << 30))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(3)


if __name__ == "__main__":
    main()
