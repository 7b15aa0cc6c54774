"""What the pages in docs say is done, word for word, and each prints what they say."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.documents import paragraphs, template, unzipped
from tests.server import ROOT, Service, client_environment, embedded_service

PAGES = sorted((ROOT / "docs").glob("*.md"))
_BLOCK = re.compile(
    r"(?:^`(?P<file>[^`\n]+)`\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """`file` is the name that stands above; None for what is typed or printed."""

    kind: str
    text: str
    file: str | None


def blocks(page: Path) -> list[Block]:
    found = _BLOCK.finditer(page.read_text("utf-8"))
    return [Block(each["kind"], each["text"], each["file"]) for each in found]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("guides")
    with embedded_service(folder) as running:
        yield running


def followed(page: Path, folder: Path, service: Service) -> dict[str, bytes]:
    """Do what the page says; the files that came of it."""
    (folder / "bin").mkdir()
    command = folder / "bin" / "excel2doc"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m excel2doc "$@"\n')
    written: set[str] = set()
    printed: str | None = None
    environment = client_environment(service.url)
    for block in blocks(page):
        if block.file:
            made = block.text.encode()
            if block.file.endswith(".docx"):
                made = template(*block.text.splitlines())
            (folder / block.file).write_bytes(made)
            written.add(block.file)
        elif block.kind == "sh":
            assert printed is None, f"{page.name}: nothing is said of {printed!r}"
            # /tmp may be without exec, so the program is a function
            function = f'excel2doc() {{ sh "{command}" "$@"; }}\n'
            done = subprocess.run(
                ["sh", "-c", function + block.text],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, f"{page.name}: {block.text}{done.stderr}"
            printed = done.stdout
        else:
            assert printed == block.text, f"{page.name} says otherwise than its command"
            printed = None
    return {
        p.name: p.read_bytes() for p in folder.iterdir() if p.is_file() and p.name not in written
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, service: Service, tmp_path: Path):
    made = followed(page, tmp_path, service)
    assert len(made) == 2, list(made)
    one = next(content for name, content in made.items() if name.endswith(".docx"))
    archive = next(content for name, content in made.items() if name.endswith(".zip"))
    single = [text for content in unzipped(archive).values() for text in paragraphs(content)]
    assert len(unzipped(archive)) == 2
    assert paragraphs(one) == single


def test_both_languages_have_each_page_with_the_same_steps():
    english = [page for page in PAGES if not page.stem.endswith(".zh-CN")]
    assert len(english) >= 2
    for page in english:
        chinese = blocks(page.with_suffix(".zh-CN.md"))
        assert [block.kind for block in chinese] == [block.kind for block in blocks(page)]
