"""Whose numbers are whose to enter: read once for a person, answered for any metric and subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from metrics.models import MetricAssignment
from projects.choices import SubjectKind
from projects.models import Customer, Engagement, Offer, Portfolio, Project, Subject
from projects.visibility import seeing_everything

ENTER_MEASUREMENTS = "metrics.enter_measurements"

NOBODY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Claim:
    """One person's say over a metric, as far as the scope reaches."""

    user_id: int
    scope_id: int
    scope_kind: str


@dataclass(slots=True)
class Claims:
    """Who owns which values: all assignments, and what each of their scopes holds.

    The scopes are looked up together, when the first of them is asked about.
    """

    by_metric: Mapping[int, list[Claim]]
    _held: Mapping[int, frozenset[int]] | None = field(default=None, repr=False)

    @classmethod
    def read(cls, metric_ids: Iterable[int] | None = None) -> Claims:
        """The assignments of all metrics, or only of those asked about."""
        rows = MetricAssignment.objects.order_by("pk")
        if metric_ids is not None:
            rows = rows.filter(metric__in=list(metric_ids))
        by_metric: dict[int, list[Claim]] = defaultdict(list)
        for metric, user, scope, kind in rows.values_list(
            "metric_id", "user_id", "scope_id", "scope__kind"
        ):
            by_metric[metric].append(Claim(user, scope, kind))
        return cls(dict(by_metric))

    def owners(self, metric_id: int, subject_id: int) -> frozenset[int]:
        """The keys of those to whom the values of a metric and subject are assigned."""
        claims = self.by_metric.get(metric_id)
        if not claims:
            return NOBODY
        return frozenset(claim.user_id for claim in claims if self._holds(claim, subject_id))

    def _holds(self, claim: Claim, subject_id: int) -> bool:
        if claim.scope_kind == SubjectKind.ORGANISATION:
            return True
        if self._held is None:
            self._held = held_by_each(
                {
                    (claim.scope_id, claim.scope_kind)
                    for claims in self.by_metric.values()
                    for claim in claims
                    if claim.scope_kind != SubjectKind.ORGANISATION
                }
            )
        return subject_id in self._held[claim.scope_id]


@dataclass(frozen=True, slots=True)
class EntryRights:
    """A person enters what is assigned to them, and what is assigned to nobody.

    A scope holds itself and everything that is rolled up into it (SCORING section 4).
    """

    user_id: int | None
    enters_values: bool
    enters_everything: bool
    claims: Claims

    @classmethod
    def of(
        cls, user: AbstractBaseUser | AnonymousUser, metric_ids: Iterable[int] | None = None
    ) -> EntryRights:
        """The rights of a person, for all metrics or only for those asked about."""
        person = user if isinstance(user, User) and user.has_perm(ENTER_MEASUREMENTS) else None
        return cls(
            user.pk,
            person is not None,
            person is not None and person.is_superuser,
            Claims({}) if person is None else Claims.read(metric_ids),
        )

    @classmethod
    def of_everybody(cls, claims: Claims | None = None) -> EntryRights:
        """What all together enter: everything; with the claims it is known of each value whose."""
        return cls(None, enters_values=True, enters_everything=True, claims=claims or Claims({}))

    def may_enter(self, metric_id: int, subject_id: int) -> bool:
        if self.enters_everything or not self.enters_values:
            return self.enters_everything
        return self.may_enter_of(self.claims.owners(metric_id, subject_id))

    def may_enter_of(self, owners: Collection[int]) -> bool:
        """Whether values with these owners are the person's to enter."""
        if self.enters_everything or not self.enters_values:
            return self.enters_everything
        return not owners or self.user_id in owners


def held_by(scope_id: int, scope_kind: str) -> frozenset[int]:
    """The keys of a portfolio or segment and of all that is rolled up into it."""
    return held_by_each([(scope_id, scope_kind)])[scope_id]


@seeing_everything()
def held_by_each(scopes: Collection[tuple[int, str]]) -> dict[int, frozenset[int]]:
    """What each of the scopes holds, in a number of queries that does not grow with them."""
    of_kind: dict[str, set[int]] = defaultdict(set)
    for scope, kind in scopes:
        of_kind[kind].add(scope)
    held = {scope: {scope} for scope, _ in scopes}
    if of_kind[SubjectKind.ORGANISATION]:
        everybody = set(Subject.objects.values_list("pk", flat=True))
        held |= dict.fromkeys(of_kind[SubjectKind.ORGANISATION], everybody)
    segments = of_kind[SubjectKind.SEGMENT]
    reaching = _scopes_above_portfolios(of_kind[SubjectKind.PORTFOLIO])
    for portfolio, above in reaching.items():
        for scope in above:
            held[scope].add(portfolio)
    for member, container in _lies_in(reaching.keys(), segments):
        for scope in reaching.get(container, (container,)):
            held[scope].add(member)
    return {scope: frozenset(members) for scope, members in held.items()}


def _scopes_above_portfolios(scopes: Collection[int]) -> dict[int, list[int]]:
    """Per portfolio those of the scopes that it lies in, itself included."""
    reaching: dict[int, list[int]] = defaultdict(list)
    if not scopes:
        return reaching
    children = defaultdict(list)
    for pk, parent in Portfolio.objects.order_by().values_list("pk", "parent_id"):
        children[parent].append(pk)
    for scope in scopes:
        inside = [scope]
        for portfolio in inside:
            inside.extend(children[portfolio])
            reaching[portfolio].append(scope)
    return reaching


def _lies_in(portfolios: Collection[int], segments: Collection[int]) -> Iterable[tuple[int, int]]:
    """Members of these portfolios and segments, each beside its own, in one query."""
    parts: list[QuerySet[Any, tuple[int, int]]] = []
    links = Engagement.objects.order_by()
    if portfolios:
        projects = Project.objects.order_by().filter(portfolio__in=portfolios)
        inside = links.filter(project__portfolio__in=portfolios)
        parts += [
            projects.values_list("pk", "portfolio_id"),
            inside.values_list("pk", "project__portfolio_id"),
        ]
    if segments:
        serving = links.filter(segment__in=segments)
        services = Offer.objects.order_by().filter(segment__in=segments)
        customers = Customer.objects.order_by().filter(segment__in=segments)
        parts += [
            serving.values_list("pk", "segment_id"),
            serving.values_list("project_id", "segment_id"),
            services.values_list("service_id", "segment_id"),
            customers.values_list("pk", "segment_id"),
        ]
    if not parts:
        return ()
    first, *others = parts
    return first.union(*others, all=True)
