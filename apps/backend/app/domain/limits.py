"""How much of a workbook is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Counted while reading: what a file says of its own size is not believed."""

    rows: int = 250_000
    columns: int = 1_024
    cells: int = 5_000_000
    cell_characters: int = 32_767
    unpacked_bytes: int = 200 * 1024 * 1024
    images: int = 500
    seconds: int = 600
    memory_bytes: int = 1536 * 1024 * 1024
