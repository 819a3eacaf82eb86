"""Where a subject has a page of its own."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy

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
    SubjectKind.ORGANISATION: ("summary", gettext_lazy("Summary")),
    SubjectKind.PORTFOLIO: ("portfolio_list", gettext_lazy("Portfolios")),
    SubjectKind.PROJECT: ("project_list", gettext_lazy("Projects")),
    SubjectKind.SEGMENT: ("segment_list", gettext_lazy("Segments")),
    SubjectKind.CUSTOMER: ("customer_list", gettext_lazy("Customers")),
    SubjectKind.SERVICE: ("service_list", gettext_lazy("Services")),
}


def crumbs_of(subject: Subject, month: Month) -> list[tuple[str, str]]:
    """The way to a subject: its kind's list and its own page, as far as there are any."""
    kind, crumbs = SubjectKind(subject.kind), []
    if kind in LISTS:
        name, label = LISTS[kind]
        crumbs.append((str(label), f"{reverse(name)}?month={month}"))
    if kind in PAGES:
        crumbs.append((subject.name, f"{reverse(PAGES[kind], args=[subject.code])}?month={month}"))
    return crumbs
