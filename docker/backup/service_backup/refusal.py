"""What a person is told instead of a traceback."""


class Refusal(Exception):
    """What happened, and what to do next, in one line."""
