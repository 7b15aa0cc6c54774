"""Workbooks for tests, written by XlsxWriter: not by a library that also reads them."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import xlsxwriter


def xlsx(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd"}) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for index, row in enumerate(rows):
                sheet.write_row(index, 0, row)
    return buffer.getvalue()
