"""Word documents to PDF by LibreOffice, where it is installed: see `pdf` in the Dockerfile."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.limits import Limits
from app.domain.refusal import Refused

_ROOT = Path(__file__).parents[3]
_TICK_SECONDS = 0.2
_MIN_MEMORY_BYTES = 2 << 30
"""Of address space: LibreOffice maps far more than it uses."""

# Our documents refer to nothing outside; should one ever, it is not fetched, and nothing runs.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def _export(last_page: int | None) -> str:
    if last_page is None:
        return "pdf:writer_pdf_Export"
    pages = {"PageRange": {"type": "string", "value": f"1-{last_page}"}}
    return f"pdf:writer_pdf_Export:{json.dumps(pages)}"


def find_office(limits: Limits) -> "Office | None":
    """None where LibreOffice is not installed."""
    program = shutil.which("soffice")
    return Office((program,), limits) if program else None


@dataclass(frozen=True, slots=True)
class Office:
    """LibreOffice without a window, in a process group of its own, without secrets, limited."""

    command: tuple[str, ...]
    limits: Limits

    def to_pdf(
        self,
        documents: Sequence[Path],
        folder: Path,
        tick: Callable[[], None] = lambda: None,
        last_page: int | None = None,
    ) -> list[Path]:
        """The PDFs of `documents`, in `folder`, in their order.

        Args:
            last_page: those after it are left out.
            tick: called a few times a second; what it raises ends LibreOffice.

        Raises:
            Refused: `TIME_LIMIT`; `PDF_FAILED`, naming the document.
        """
        profile = folder / "office-profile"
        (profile / "user").mkdir(parents=True, exist_ok=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS)
        self._run(
            [
                *(f"-env:UserInstallation=file://{profile}", "--headless", "--norestore"),
                *("--convert-to", _export(last_page), "--outdir", str(folder)),
                *map(str, documents),
            ],
            profile,
            tick,
        )
        made = [folder / f"{document.stem}.pdf" for document in documents]
        for document, pdf in zip(documents, made, strict=True):
            if not pdf.exists():
                raise Refused("PDF_FAILED", f"LibreOffice made no PDF of {document.name}")
        return made

    def _run(self, arguments: list[str], home: Path, tick: Callable[[], None]) -> None:
        memory = max(self.limits.memory_bytes, _MIN_MEMORY_BYTES)
        limited = [sys.executable, "-m", "app.services.isolation.limited"]
        child = subprocess.Popen(  # noqa: S603 (no shell, and no name of a user's)
            [*limited, str(self.limits.seconds), str(memory), *self.command, *arguments],
            cwd=home,
            env={
                "PATH": os.environ.get("PATH", ""),
                "LANG": "C.UTF-8",
                "HOME": str(home),
                "PYTHONPATH": str(_ROOT),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + self.limits.seconds
        try:
            while True:
                try:
                    child.wait(_TICK_SECONDS)
                    return
                except subprocess.TimeoutExpired:
                    tick()
                if time.monotonic() > deadline:
                    raise Refused(
                        "TIME_LIMIT",
                        f"the PDF took longer than {self.limits.seconds} s",
                        "split the workbook",
                    )
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
