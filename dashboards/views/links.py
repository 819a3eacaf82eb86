"""Where a subject has a page of its own."""

from __future__ import annotations

from django.urls import reverse

from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month

PAGES = {
    SubjectKind.PORTFOLIO: "portfolio_detail",
    SubjectKind.PROJECT: "project_detail",
    SubjectKind.SEGMENT: "segment_detail",
    SubjectKind.CUSTOMER: "customer_detail",
    SubjectKind.SERVICE: "service_detail",
}
LISTS = {
    SubjectKind.ORGANISATION: ("summary", "Summary"),
    SubjectKind.PORTFOLIO: ("portfolio_list", "Portfolios"),
    SubjectKind.PROJECT: ("project_list", "Projects"),
    SubjectKind.SEGMENT: ("segment_list", "Segments"),
    SubjectKind.CUSTOMER: ("customer_list", "Customers"),
    SubjectKind.SERVICE: ("service_list", "Services"),
}


def crumbs_of(subject: Subject, month: Month) -> list[tuple[str, str]]:
    """The way to a subject: its kind's list and its own page, as far as there are any."""
    kind, crumbs = SubjectKind(subject.kind), []
    if kind in LISTS:
        name, label = LISTS[kind]
        crumbs.append((label, f"{reverse(name)}?month={month}"))
    if kind in PAGES:
        crumbs.append((subject.name, f"{reverse(PAGES[kind], args=[subject.code])}?month={month}"))
    return crumbs
