"""What a subject is linked to, as its page lists it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from projects.choices import SubjectKind
from projects.models import (
    Customer,
    Engagement,
    Offer,
    Portfolio,
    Project,
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
    return [listing.of(subject) for listing in LISTINGS.get(SubjectKind(subject.kind), ())]


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


@dataclass(frozen=True)
class Listing:
    """How the links of a subject with one other kind are found, and what is said of them."""

    model: Any
    own: str
    """The field that leads to the subject itself."""
    kind: SubjectKind
    title: Promise
    none_yet: Promise
    add: Promise
    other: str = ""
    """The field that leads to the other end; empty where the rows are the other ends."""
    weight: str = ""
    """How much a row counts; links are listed by it, the heaviest first."""

    def of(self, subject: Subject) -> Links:
        rows = self.model.objects.filter(**{self.own: subject.pk})
        if self.other:
            rows = rows.select_related(self.other).order_by(
                f"-{self.weight}", f"{self.other}__name", f"{self.other}__code"
            )
        else:
            rows = rows.order_by("name", "code")
        listed = list(rows[: MOST_LISTED + 1])
        total = len(listed) if len(listed) <= MOST_LISTED else rows.count()
        shown = [self._row(found) for found in listed[:MOST_LISTED]]
        return Links(self.kind, self.title, self.none_yet, self.add, shown, total, bool(self.other))

    def _row(self, row: Any) -> LinkRow:
        end = getattr(row, self.other) if self.other else row
        weight = getattr(row, self.weight) if self.weight else None
        if isinstance(row, Offer):
            costs = (row.annual_cost, row.benchmark_cost, row.currency)
            return LinkRow(end.code, end.name, weight, *costs)
        return LinkRow(end.code, end.name, weight)


LISTINGS: dict[SubjectKind, tuple[Listing, ...]] = {
    SubjectKind.PROJECT: (
        Listing(
            Engagement,
            "project",
            SubjectKind.SEGMENT,
            _("Segments it serves"),
            _("It serves no segment yet, so no customer's side of it can be scored."),
            _("Link a segment"),
            other="segment",
            weight="share",
        ),
    ),
    SubjectKind.SERVICE: (
        Listing(
            Offer,
            "service",
            SubjectKind.SEGMENT,
            _("Segments it is offered to"),
            _("It is offered to no segment yet."),
            _("Offer it to a segment"),
            other="segment",
            weight="weight",
        ),
    ),
    SubjectKind.SEGMENT: (
        Listing(
            Engagement,
            "segment",
            SubjectKind.PROJECT,
            _("Projects that serve it"),
            _("No project serves it yet."),
            _("Link a project"),
            other="project",
            weight="share",
        ),
        Listing(
            Offer,
            "segment",
            SubjectKind.SERVICE,
            _("Services offered to it"),
            _("No service is offered to it yet."),
            _("Offer a service"),
            other="service",
            weight="weight",
        ),
        Listing(
            Customer,
            "segment",
            SubjectKind.CUSTOMER,
            _("Customers"),
            _("No customer of it is known by name yet."),
            _("New customer"),
            weight="weight",
        ),
    ),
    SubjectKind.PORTFOLIO: (
        Listing(
            Project,
            "portfolio",
            SubjectKind.PROJECT,
            _("Projects in it"),
            _("No project lies in it yet."),
            _("New project"),
            weight="weight",
        ),
        Listing(
            Portfolio,
            "parent",
            SubjectKind.PORTFOLIO,
            _("Portfolios in it"),
            _("No portfolio lies in it."),
            _("New portfolio"),
        ),
    ),
}
