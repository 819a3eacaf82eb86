"""Things that are counted, with the word's form for each number."""

from __future__ import annotations

from typing import Any

from django.utils.translation import ngettext_lazy

from dashboards.presentation.numbers import grouped
from metrics.choices import Cadence
from projects.choices import SubjectKind

CATEGORIES = ngettext_lazy("%(number)s category", "%(number)s categories", "number")
CUSTOMERS = ngettext_lazy("%(number)s customer", "%(number)s customers", "number")
DAYS = ngettext_lazy("%(number)s day", "%(number)s days", "number")
DECIMALS = ngettext_lazy("%(number)s decimal", "%(number)s decimals", "number")
EVENTS = ngettext_lazy("%(number)s event", "%(number)s events", "number")
METRICS = ngettext_lazy("%(number)s metric", "%(number)s metrics", "number")
MONTHS = ngettext_lazy("%(number)s month", "%(number)s months", "number")
PEOPLE = ngettext_lazy("%(number)s person", "%(number)s people", "number")
PERIODS = ngettext_lazy("%(number)s period", "%(number)s periods", "number")
PROJECTS = ngettext_lazy("%(number)s project", "%(number)s projects", "number")
QUARTERS = ngettext_lazy("%(number)s quarter", "%(number)s quarters", "number")
READY_MADE = ngettext_lazy(
    "%(number)s ready-made metric", "%(number)s ready-made metrics", "number"
)
SEGMENTS = ngettext_lazy("%(number)s segment", "%(number)s segments", "number")
SUBJECTS = ngettext_lazy("%(number)s subject", "%(number)s subjects", "number")
VALUES = ngettext_lazy("%(number)s value", "%(number)s values", "number")
WEEKS = ngettext_lazy("%(number)s week", "%(number)s weeks", "number")
YEARS = ngettext_lazy("%(number)s year", "%(number)s years", "number")


OF_KIND = {
    SubjectKind.ORGANISATION: ngettext_lazy(
        "%(number)s organisation", "%(number)s organisations", "number"
    ),
    SubjectKind.PORTFOLIO: ngettext_lazy("%(number)s portfolio", "%(number)s portfolios", "number"),
    SubjectKind.PROJECT: PROJECTS,
    SubjectKind.SEGMENT: SEGMENTS,
    SubjectKind.CUSTOMER: CUSTOMERS,
    SubjectKind.SERVICE: ngettext_lazy("%(number)s service", "%(number)s services", "number"),
    SubjectKind.ENGAGEMENT: ngettext_lazy(
        "%(number)s engagement", "%(number)s engagements", "number"
    ),
}
OF_CADENCE = {
    Cadence.DAY: DAYS,
    Cadence.WEEK: WEEKS,
    Cadence.MONTH: MONTHS,
    Cadence.QUARTER: QUARTERS,
    Cadence.YEAR: YEARS,
}


class _Grouped(int):
    """Chooses the word's form as a number, and is written as people read it."""

    def __str__(self) -> str:
        return grouped(int(self))


def count_text(number: int, words: Any, **others: object) -> str:
    """`1 project`, `1,234 projects`; `words` come of ngettext_lazy(..., "number")."""
    return str(words % {"number": _Grouped(number), **others})
