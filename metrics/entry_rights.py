"""Whose numbers are whose to enter: read once for a person, answered for any metric and subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User

from metrics.models import MetricAssignment
from projects.choices import SubjectKind
from projects.models import Customer, Engagement, Offer, Portfolio, Project, Subject

ENTER_MEASUREMENTS = "metrics.enter_measurements"


@dataclass(frozen=True, slots=True)
class Claim:
    """One person's say over a metric, as far as the scope reaches."""

    user_id: int
    scope_id: int
    scope_kind: str


@dataclass(slots=True)
class EntryRights:
    """A person enters what is assigned to them, and what is assigned to nobody.

    A scope holds itself and everything that is rolled up into it (SCORING section 4).
    """

    user_id: int | None
    enters_values: bool
    enters_everything: bool
    claims: Mapping[int, list[Claim]]
    _held: dict[int, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, user: AbstractBaseUser | AnonymousUser, metric_ids: Iterable[int] | None = None
    ) -> EntryRights:
        """The rights of a person, for all metrics or only for those asked about."""
        person = user if isinstance(user, User) and user.has_perm(ENTER_MEASUREMENTS) else None
        enters_everything = person is not None and person.is_superuser
        assignments = MetricAssignment.objects.select_related("scope")
        if metric_ids is not None:
            assignments = assignments.filter(metric__in=list(metric_ids))
        claims: dict[int, list[Claim]] = defaultdict(list)
        if person is not None and not enters_everything:
            for row in assignments:
                claims[row.metric_id].append(Claim(row.user_id, row.scope_id, row.scope.kind))
        return cls(user.pk, person is not None, enters_everything, claims)

    def may_enter(self, metric_id: int, subject_id: int) -> bool:
        if self.enters_everything or not self.enters_values:
            return self.enters_everything
        owners = {
            claim.user_id
            for claim in self.claims.get(metric_id, ())
            if self._holds(claim, subject_id)
        }
        return not owners or self.user_id in owners

    def _holds(self, claim: Claim, subject_id: int) -> bool:
        if claim.scope_kind == SubjectKind.ORGANISATION:
            return True
        if claim.scope_id not in self._held:
            self._held[claim.scope_id] = held_by(claim.scope_id, claim.scope_kind)
        return subject_id in self._held[claim.scope_id]


def held_by(scope_id: int, scope_kind: str) -> frozenset[int]:
    """The keys of a portfolio or segment and of all that is rolled up into it."""
    if scope_kind == SubjectKind.PORTFOLIO:
        return frozenset(_held_by_portfolio(scope_id))
    if scope_kind == SubjectKind.SEGMENT:
        return frozenset(_held_by_segment(scope_id))
    if scope_kind == SubjectKind.ORGANISATION:
        return frozenset(Subject.objects.values_list("pk", flat=True))
    return frozenset({scope_id})


def _held_by_portfolio(portfolio_id: int) -> set[int]:
    children = defaultdict(list)
    for pk, parent in Portfolio.objects.values_list("pk", "parent_id"):
        children[parent].append(pk)
    portfolios = [portfolio_id]
    for portfolio in portfolios:
        portfolios.extend(children[portfolio])
    projects = Project.objects.filter(portfolio__in=portfolios).values_list("pk", flat=True)
    engagements = Engagement.objects.filter(project__portfolio__in=portfolios)
    return {*portfolios, *projects, *engagements.values_list("pk", flat=True)}


def _held_by_segment(segment_id: int) -> set[int]:
    links = Engagement.objects.filter(segment=segment_id).values_list("pk", "project_id")
    services = Offer.objects.filter(segment=segment_id).values_list("service_id", flat=True)
    customers = Customer.objects.filter(segment=segment_id).values_list("pk", flat=True)
    return {segment_id, *(pk for link in links for pk in link), *services, *customers}
