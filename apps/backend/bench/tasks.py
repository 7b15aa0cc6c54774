"""What is measured, one task a process: `python -m bench.tasks NAME FOLDER`."""

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from app.domain.conversion import Mode, Options, Source
from app.domain.limits import Limits
from app.domain.modes import convert
from app.domain.workbook.opening import open_workbook

_COLUMNS = 20


def make(folder: Path, read_rows: int, memory_rows: int, documents: int) -> None:
    """Half numbers with a format, a fifth texts, a fifth dates, the rest plain."""
    import docx
    import xlsxwriter

    random.seed(7)
    for name, rows in (("read", read_rows), ("memory", memory_rows), ("people", documents)):
        with xlsxwriter.Workbook(folder / f"{name}.xlsx", {"constant_memory": False}) as book:
            sheet = book.add_worksheet()
            date, money, share = (
                book.add_format({"num_format": code}) for code in ("yyyy-mm-dd", "#,##0.00", "0.0%")
            )
            sheet.write_row(0, 0, [f"c{i}" for i in range(_COLUMNS)])
            for row in range(1, rows + 1):
                for column in range(0, _COLUMNS, 5):
                    sheet.write_number(row, column, row * 20 + column)
                    sheet.write_string(row, column + 1, f"name {random.randrange(5000)}")
                    sheet.write_number(row, column + 2, random.random() * 1e5, money)
                    sheet.write_number(row, column + 3, 40_000 + random.randrange(6000), date)
                    sheet.write_number(row, column + 4, random.random(), share)
    letter = docx.Document()
    letter.add_heading("Letter to {{ c1 }}")
    for _ in range(5):
        letter.add_paragraph("Dear {{ c1 }}, on {{ c3 }} your share was {{ c4 }} of {{ c2 }}.")
    table = letter.add_table(4, 4)
    for index, cell in enumerate(c for row in table.rows for c in row.cells):
        cell.text = f"{{{{ c{index} }}}}"
    letter.save(str(folder / "letter.docx"))


def ours_read(folder: Path) -> int:
    with open_workbook(folder / "read.xlsx", "read.xlsx", Limits()) as reader:
        return sum(len(row.values) for row in reader.rows(0))


def theirs_read(folder: Path) -> int:
    import pandas

    return int(pandas.read_excel(folder / "read.xlsx", engine="openpyxl").size)


def ours_write(folder: Path) -> int:
    out = folder / "ours"
    out.mkdir(exist_ok=True)
    source = Source(
        folder / "people.xlsx", "people.xlsx", Mode.PER_ROW, Options(), folder / "letter.docx"
    )
    return convert(source, out, Limits(), lambda _event: None).rows


def theirs_write(folder: Path) -> int:
    import pandas
    from docxtpl import DocxTemplate

    out = folder / "theirs"
    out.mkdir(exist_ok=True)
    rows = pandas.read_excel(folder / "people.xlsx", engine="openpyxl").to_dict("records")
    for number, row in enumerate(rows):
        letter = DocxTemplate(folder / "letter.docx")
        letter.render({str(k): v for k, v in row.items()}, autoescape=True)
        letter.save(out / f"{number}.docx")
    return len(rows)


def ours_memory(folder: Path) -> int:
    out = folder / "memory"
    out.mkdir(exist_ok=True)
    source = Source(folder / "memory.xlsx", "memory.xlsx", Mode.TABLE, Options())
    return convert(source, out, Limits(unpacked_bytes=1 << 30), lambda _event: None).rows


_TASKS: dict[str, Callable[[Path], int]] = {
    "ours-read": ours_read,
    "theirs-read": theirs_read,
    "ours-write": ours_write,
    "theirs-write": theirs_write,
    "ours-memory": ours_memory,
}


def main() -> None:
    name, folder, *numbers = sys.argv[1:]
    if name.startswith("theirs"):  # imports are nobody's time
        import docxtpl  # noqa: F401
        import openpyxl  # noqa: F401
        import pandas  # noqa: F401
    started = time.perf_counter()
    if name == "make":
        make(Path(folder), *map(int, numbers))
        count = 0
    else:
        count = _TASKS[name](Path(folder))
    seconds = time.perf_counter() - started
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "mib": mib, "count": count}) + "\n")


if __name__ == "__main__":
    main()
