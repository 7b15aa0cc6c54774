"""Templates for tests, and what is in a document."""

import io
import time
import zipfile
from functools import lru_cache
from typing import Any

import docx
from fastapi.testclient import TestClient


@lru_cache
def template(*paragraphs: str, loop: bool = False) -> bytes:
    """A .docx with these paragraphs; with `loop`, a table of Name and Amount over `rows`."""
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    if loop:
        table = document.add_table(3, 2)
        table.cell(0, 0).text = "{%tr for r in rows %}"
        table.cell(1, 0).text = "{{ r.Name }}"
        table.cell(1, 1).text = "{{ r.Amount }}"
        table.cell(2, 0).text = "{%tr endfor %}"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def paragraphs(content: bytes) -> list[str]:
    return [p.text for p in docx.Document(io.BytesIO(content)).paragraphs if p.text]


def table(content: bytes, index: int = 0) -> list[list[str]]:
    found = docx.Document(io.BytesIO(content)).tables[index]
    return [[cell.text for cell in row.cells] for row in found.rows]


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def finished(
    client: TestClient, job_id: str, seconds: float = 60, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """The job once it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job: dict[str, Any] = client.get(f"/api/v1/jobs/{job_id}", headers=headers).json()
        if job["status"] not in {"queued", "running"}:
            return job
        time.sleep(0.05)
    raise AssertionError(f"job {job_id} did not end: {job}")
