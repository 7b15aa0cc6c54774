"""What a use case answers when it cannot be done; `Refused` is for inputs."""

from dataclasses import dataclass


class NotFound(Exception):
    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"there is no {what} {key}")


@dataclass(eq=False)
class Conflict(Exception):
    """What is asked for does not fit the state that things are in."""

    code: str
    message: str
    hint: str = ""


@dataclass(eq=False)
class Denied(Exception):
    """No key, a wrong one, or one that may not do this."""

    code: str
    message: str


@dataclass(eq=False)
class TooMany(Exception):
    """Ask again after `retry_after_seconds`."""

    message: str
    retry_after_seconds: int


class Unavailable(Exception):
    """Something that we need is away; it will be back."""
