"""Published workbooks through the whole service, and a page of what it refused.

    npx nx run backend:corpus-survey             # or by hand:
    python -m tests.corpus.fetch FOLDER published
    python -m tests.corpus.survey FOLDER/published FOLDER-OF-THE-PAGE

Every workbook is made tables of by a service of its own. It fails on an
answer of 5xx, on one that took over 20 s, on a refusal without a place or a word for a user, and on
fewer than 1,500 workbooks.
"""

import hashlib
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from tests.server import running_service

SUFFIXES = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".fods", ".csv"}
LEAST = 1_500
MOST_SECONDS = 20
_AT_ONCE = 4
_OF_PROGRAMMERS = ("Error(", "Traceback", "NoneType", "0x", "<class", "object has no")


@dataclass(frozen=True, slots=True)
class Answer:
    """`code` is "" for a workbook that became a document."""

    package: str
    name: str
    status: int
    seconds: float
    code: str = ""
    detail: str = ""
    hint: str = ""


def workbooks(folder: Path) -> Iterator[tuple[str, Path]]:
    """Package and file, each content once."""
    seen: set[bytes] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield path.relative_to(folder).parts[0], path


def asked(client: httpx.Client, package: str, path: Path) -> Answer:
    """What the service answers."""
    started = time.monotonic()
    response = client.post("/convert", files={"file": (path.name, path.read_bytes())})
    seconds = time.monotonic() - started
    if response.status_code < 300:
        return Answer(package, path.name, response.status_code, seconds)
    said = response.json()
    code, detail, hint = (str(said.get(key) or "") for key in ("code", "detail", "hint"))
    return Answer(package, path.name, response.status_code, seconds, code, detail, hint)


def faults(answers: list[Answer]) -> list[str]:
    """What no run may have."""
    found = [f"only {len(answers)} workbooks, of {LEAST}"] if len(answers) < LEAST else []
    for each in answers:
        place = f"{each.package}/{each.name}"
        if each.status >= 500:
            found.append(f"{place}: {each.status} {each.code} {each.detail}")
        if each.seconds > MOST_SECONDS:
            found.append(f"{place}: took {each.seconds:.1f} s")
        if each.code and (not each.detail or any(word in each.detail for word in _OF_PROGRAMMERS)):
            found.append(f"{place}: {each.code} reads {each.detail!r}")
    return found


def page(answers: list[Answer]) -> str:
    """The page, whose tables have no times: those are the machine's."""
    by_package: dict[str, list[Answer]] = defaultdict(list)
    by_code: dict[str, list[Answer]] = defaultdict(list)
    for each in answers:
        by_package[each.package].append(each)
        if each.code:
            by_code[each.code].append(each)
    refused = sum(map(len, by_code.values()))
    packages = [
        f"| {name} | {len(all_)} | {sum(not a.code for a in all_)} | {sum(bool(a.code) for a in all_)} |"
        for name, all_ in sorted(by_package.items())
    ]
    refusals = [
        f"| `{code}` | {len(all_)} | {_cell(all_[0].name)} | {_cell(all_[0].detail)} | {_cell(all_[0].hint)} |"
        for code, all_ in sorted(by_code.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    every = [
        f"| {each.package}/{_cell(each.name)} | `{each.code}` | {_cell(each.detail)} |"
        for each in answers
        if each.code
    ]
    return "\n".join(
        [
            "# Published workbooks",
            "",
            f"{len(answers):,} workbooks that others have published, each content once, through a whole"
            f" service (`POST /api/v1/convert`): {len(answers) - refused:,} became documents, {refused:,} were refused. No answer"
            f" was a 5xx, none took over {MOST_SECONDS} s.",
            "",
            "Written by `npx nx run backend:corpus-survey`. The packages, with versions and digests, are in"
            " apps/backend/tests/corpus/debian.txt; many of their files are there to be"
            " refused.",
            "",
            "| package | workbooks | documents | refused |",
            "| --- | ---: | ---: | ---: |",
            *packages,
            "",
            "## Refusals",
            "",
            "| code | how many | the first | what it says | what to do |",
            "| --- | ---: | --- | --- | --- |",
            *refusals,
            "",
            "## Every refused workbook",
            "",
            "| workbook | code | what it says |",
            "| --- | --- | --- |",
            *every,
            "",
        ]
    )


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())[:200]


def main(folder: Path, pages: Path) -> int:
    found = list(workbooks(folder))
    with (
        tempfile.TemporaryDirectory() as scratch,
        running_service(
            Path(scratch),
            DATABASE_URL=None,
            REDIS_URL=None,
            EXCEL2DOC_STORAGE_DIR=scratch,
            EXCEL2DOC_RATE_PER_MINUTE="1000000",
        ) as service,
        httpx.Client(base_url=f"{service.url}/api/v1", timeout=600) as client,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        answers = []
        for each in pool.map(lambda item: asked(client, *item), found):
            answers.append(each)
            if len(answers) % 100 == 0:
                sys.stdout.write(f"{len(answers)} of {len(found)}\n")
                sys.stdout.flush()
    wrong = faults(answers)
    sys.stdout.write("".join(f"✗ {each}\n" for each in wrong))
    if not wrong:
        (pages / "corpus.md").write_text(page(answers), "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
