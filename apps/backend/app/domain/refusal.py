"""Why an input is not converted."""

from dataclasses import dataclass


@dataclass(eq=False)
class Refused(Exception):
    """An input that the service will not work on, for a reason that its sender can act on.

    Attributes:
        code: stable and upper case; the README lists them.
        message: what is wrong, naming the sheet, the cell or the field.
        hint: what to do about it.
    """

    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
