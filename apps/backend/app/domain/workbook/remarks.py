"""What a reader has passed over: one odd cell is no reason to refuse the rest."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.workbook.places import cell_name

_TEXTS = {
    "FORMULA_UNCALCULATED": "a formula without a stored value, taken as empty",
    "CELL_VALUE_ODD": "a value that is not what its cell says, taken as text",
    "CELL_STRING_MISSING": "a text that the workbook does not hold, taken as empty",
    "CELL_STYLE_UNKNOWN": "a style that the workbook does not hold, shown as General",
    "CELL_TWICE": "a cell that is written twice, taken as the last one says",
    "MERGE_ODD": "a merged range that names no cells, left out",
    "ONLY_HIDDEN_ROWS": "data in hidden rows only",
}
_HINTS = {
    "FORMULA_UNCALCULATED": "open the workbook in Excel or LibreOffice and save it",
    "ONLY_HIDDEN_ROWS": "show the rows, or include hidden ones",
}


@dataclass(slots=True)
class Remark:
    """One kind of oddity on a sheet: where it is first, and how often."""

    code: str
    place: str
    count: int = 1
    detail: str = ""

    @property
    def message(self) -> str:
        first = f"{self.place}: " if self.place else ""
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        detail = f": {self.detail}" if self.detail else ""
        return f"{first}{_TEXTS[self.code]}{detail}{more}"

    @property
    def hint(self) -> str:
        return _HINTS.get(self.code, "")


class Remarks:
    """The remarks on one sheet, a kind each."""

    __slots__ = ("_by_code",)

    def __init__(self) -> None:
        self._by_code: dict[str, Remark] = {}

    def add(self, code: str, row: int, column: int, detail: str = "") -> None:
        """Row and column count from 0."""
        self.add_at(code, cell_name(row, column), detail)

    def add_at(self, code: str, place: str, detail: str = "") -> None:
        known = self._by_code.get(code)
        if known:
            known.count += 1
        else:
            self._by_code[code] = Remark(code, place, 1, detail[:100])

    def take_over(self, others: "Remarks") -> None:
        """All of another part of the sheet; a kind is remarked on in one part only."""
        self._by_code.update(others._by_code)

    def __iter__(self) -> Iterator[Remark]:
        return iter(self._by_code.values())

    def get(self, code: str) -> Remark | None:
        return self._by_code.get(code)
