"""What is in a workbook? Asked once, when it is uploaded."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.sheet_view import ReadOptions, SheetView, every_view, view_sheets
from app.domain.workbook.opening import detect_kind, open_workbook

_SHOWN_ROWS = 10
_SHOWN_CHARACTERS = 200


def inspect_workbook(path: Path, name: str, limits: Limits) -> dict[str, Any]:
    """Its kind, and for each sheet the columns, the header row, the rows and the first of them.

    Raises:
        Refused: `WORKBOOK_EMPTY`, and what reading raises.
    """
    kind = detect_kind(path, name)
    with open_workbook(path, name, limits) as reader:
        hidden = {sheet.name for sheet in reader.sheets if sheet.hidden}
        views = every_view(reader)
        if not views:
            raise Refused("WORKBOOK_EMPTY", "no sheet of the workbook holds a row")
        return {"kind": kind, "sheets": [_sheet(view, view.name in hidden) for view in views]}


def inspect_sheet(
    path: Path, name: str, limits: Limits, sheet: str, header_row: int | None
) -> dict[str, Any]:
    """One sheet as it looks with its header in another row.

    Raises:
        Refused: `SHEET_UNKNOWN`, `HEADER_ROW_EMPTY`, `NOTHING_TO_CONVERT`, and what reading raises.
    """
    with open_workbook(path, name, limits) as reader:
        hidden = {each.name for each in reader.sheets if each.hidden}
        view = view_sheets(reader, ReadOptions((sheet,), header_row))[0]
        return _sheet(view, sheet in hidden)


def _sheet(view: SheetView, hidden: bool) -> dict[str, Any]:
    return {
        "name": view.name,
        "hidden": hidden,
        "header_row": view.header_row,
        "row_count": view.row_count,
        "warnings": [
            {
                "code": each.code,
                "cell": each.place,
                "count": each.count,
                "message": each.message,
                "hint": each.hint,
            }
            for each in view.remarks
        ],
        "columns": [asdict(column) for column in view.columns],
        "sample": [
            [
                row.shown[c.index][:_SHOWN_CHARACTERS] if c.index < len(row.shown) else ""
                for c in view.columns
            ]
            for row in view.sample[:_SHOWN_ROWS]
        ],
    }
