"""What may go wrong, in the service's own words."""


class Problem(Exception):
    """The service refused.

    Attributes:
        status: of HTTP; 0 for a job that failed.
        code: never changes its meaning; the service's README lists them.
        hint: what to do; may be empty.
    """

    def __init__(self, status: int, code: str, detail: str, hint: str = "") -> None:
        super().__init__(f"{code}: {detail}" + (f" ({hint})" if hint else ""))
        self.status, self.code, self.detail, self.hint = status, code, detail, hint


class JobFailed(Problem):
    """The conversion was accepted and then failed, was cancelled or has expired."""

    def __init__(self, job_id: str, code: str, detail: str, hint: str = "") -> None:
        super().__init__(0, code, detail, hint)
        self.job_id = job_id


class Unreachable(Exception):
    """No service answers at the address, or what answers is none."""
