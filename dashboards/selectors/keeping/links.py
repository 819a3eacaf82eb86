"""What a subject is linked to, as its page lists it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from projects.choices import SubjectKind
from projects.models import (
    Customer,
    Engagement,
    Offer,
    Portfolio,
    Project,
    Segment,
    Service,
    Subject,
)

MOST_LISTED = 15
"""Of more members, the page lists the first and leads to all of them."""

OTHER_ENDS = {
    (SubjectKind.PROJECT, SubjectKind.SEGMENT): Engagement,
    (SubjectKind.SEGMENT, SubjectKind.PROJECT): Engagement,
    (SubjectKind.SERVICE, SubjectKind.SEGMENT): Offer,
    (SubjectKind.SEGMENT, SubjectKind.SERVICE): Offer,
}
"""Which kinds are linked with each other, and by which rows."""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link, told by its other end; a member has no weight of its own here."""

    code: str
    name: str
    weight: float | None
    annual_cost: Decimal | None = None
    benchmark_cost: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """All links of a subject with one other kind."""

    kind: SubjectKind
    title: Promise
    none_yet: Promise
    add: Promise
    """Empty where the other end says where it belongs, in its own form."""
    rows: Sequence[LinkRow]
    total: int
    is_link: bool
    """A row of its own stands behind it; else the other end's form names this subject."""

    @property
    def has_money(self) -> bool:
        return any(
            row.annual_cost is not None or row.benchmark_cost is not None for row in self.rows
        )

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def links_of(subject: Subject) -> list[Links]:
    """In the order in which a page shows them; a fixed number of queries."""
    match SubjectKind(subject.kind):
        case SubjectKind.PROJECT:
            return [_segments_served(subject)]
        case SubjectKind.SERVICE:
            return [_segments_offered_to(subject)]
        case SubjectKind.SEGMENT:
            return [_projects_serving(subject), _services_offered(subject), _customers(subject)]
        case SubjectKind.PORTFOLIO:
            return [_projects_in(subject), _portfolios_in(subject)]
    return []


def link_between(one: Subject, other: Subject) -> Engagement | Offer | None:
    """The link of two subjects, whichever is looked at from which."""
    ends = {one.kind: one, other.kind: other}
    segment = ends.get(SubjectKind.SEGMENT)
    if segment is None:
        return None
    if project := ends.get(SubjectKind.PROJECT):
        links = Engagement.objects.select_related("project", "segment")
        return links.filter(project=project.pk, segment=segment.pk).first()
    if service := ends.get(SubjectKind.SERVICE):
        offers = Offer.objects.select_related("service", "segment")
        return offers.filter(service=service.pk, segment=segment.pk).first()
    return None


def not_linked_yet(subject: Subject, kind: str) -> list[tuple[str, str]]:
    """Code and name of the subjects of a kind that this one could be linked to."""
    link = OTHER_ENDS[SubjectKind(subject.kind), SubjectKind(kind)]
    taken = link._default_manager.filter(**{subject.kind: subject.pk}).values(f"{kind}_id")
    rows = Subject.objects.of_kind(kind).exclude(pk__in=taken).order_by("name", "code")
    return list(rows.values_list("code", "name"))


def _segments_served(subject: Subject) -> Links:
    rows = Engagement.objects.filter(project=subject.pk)
    return _links(
        rows.order_by("-share", "segment__name", "segment__code"),
        lambda row: LinkRow(row.segment.code, row.segment.name, row.share),
        SubjectKind.SEGMENT,
        _("Segments it serves"),
        _("It serves no segment yet, so no customer's side of it can be scored."),
        _("Link a segment"),
        "segment",
    )


def _projects_serving(subject: Subject) -> Links:
    rows = Engagement.objects.filter(segment=subject.pk)
    return _links(
        rows.order_by("-share", "project__name", "project__code"),
        lambda row: LinkRow(row.project.code, row.project.name, row.share),
        SubjectKind.PROJECT,
        _("Projects that serve it"),
        _("No project serves it yet."),
        _("Link a project"),
        "project",
    )


def _segments_offered_to(subject: Subject) -> Links:
    rows = Offer.objects.filter(service=subject.pk)
    return _links(
        rows.order_by("-weight", "segment__name", "segment__code"),
        lambda row: _offer(row, row.segment),
        SubjectKind.SEGMENT,
        _("Segments it is offered to"),
        _("It is offered to no segment yet."),
        _("Offer it to a segment"),
        "segment",
    )


def _services_offered(subject: Subject) -> Links:
    rows = Offer.objects.filter(segment=subject.pk)
    return _links(
        rows.order_by("-weight", "service__name", "service__code"),
        lambda row: _offer(row, row.service),
        SubjectKind.SERVICE,
        _("Services offered to it"),
        _("No service is offered to it yet."),
        _("Offer a service"),
        "service",
    )


def _offer(row: Offer, other: Segment | Service) -> LinkRow:
    return LinkRow(
        other.code, other.name, row.weight, row.annual_cost, row.benchmark_cost, row.currency
    )


def _customers(subject: Subject) -> Links:
    return _links(
        Customer.objects.filter(segment=subject.pk).order_by("name", "code"),
        lambda row: LinkRow(row.code, row.name, row.weight),
        SubjectKind.CUSTOMER,
        _("Customers"),
        _("No customer of it is known by name yet."),
        _("New customer"),
    )


def _projects_in(subject: Subject) -> Links:
    return _links(
        Project.objects.filter(portfolio=subject.pk).order_by("name", "code"),
        lambda row: LinkRow(row.code, row.name, row.weight),
        SubjectKind.PROJECT,
        _("Projects in it"),
        _("No project lies in it yet."),
        _("New project"),
    )


def _portfolios_in(subject: Subject) -> Links:
    return _links(
        Portfolio.objects.filter(parent=subject.pk).order_by("name", "code"),
        lambda row: LinkRow(row.code, row.name, None),
        SubjectKind.PORTFOLIO,
        _("Portfolios in it"),
        _("No portfolio lies in it."),
        _("New portfolio"),
    )


def _links(
    rows: QuerySet[Any],
    row: Callable[[Any], LinkRow],
    kind: SubjectKind,
    title: Promise,
    none_yet: Promise,
    add: Promise,
    other: str = "",
) -> Links:
    listed = list((rows.select_related(other) if other else rows)[: MOST_LISTED + 1])
    total = len(listed) if len(listed) <= MOST_LISTED else rows.count()
    shown = [row(found) for found in listed[:MOST_LISTED]]
    return Links(kind, title, none_yet, add, shown, total, bool(other))
