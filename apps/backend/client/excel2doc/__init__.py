"""The client of an Excel2Doc service. It needs nothing but Python."""

from excel2doc.client import Client
from excel2doc.errors import JobFailed, Problem, Unreachable
from excel2doc.models import (
    DryRun,
    Job,
    Mail,
    Mailing,
    MailingDryRun,
    Options,
    Run,
    Schedule,
    Template,
    Wording,
    Workbook,
)

__all__ = [
    "Client",
    "DryRun",
    "Job",
    "JobFailed",
    "Mail",
    "Mailing",
    "MailingDryRun",
    "Options",
    "Problem",
    "Run",
    "Schedule",
    "Template",
    "Unreachable",
    "Wording",
    "Workbook",
]
