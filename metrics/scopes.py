"""What the scopes of assignments hold: read once, answered for any portfolio or segment.

The same rule as `metrics.entry_rights.held_by`, for pages that ask about many scopes at once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from projects.choices import SubjectKind
from projects.models import Customer, Engagement, Offer, Portfolio, Project, Subject
from projects.months import BEGINNING, LAST_MONTH, Month


@dataclass(frozen=True, slots=True)
class Scopes:
    """Keys of subjects by scope and by kind."""

    by_kind: dict[str, frozenset[int]]
    """Those of each kind that are measured in the month that was asked about."""
    _portfolio_in: dict[int, list[int]]
    _of_portfolio: dict[int, set[int]]
    _of_segment: dict[int, set[int]]
    _held: dict[int, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def read(cls, month: Month) -> Scopes:
        """In a fixed number of queries; subjects that are measured in the month."""
        project_of: dict[int, int] = {}
        inside: dict[int, list[int]] = defaultdict(list)
        of_portfolio: dict[int, set[int]] = defaultdict(set)
        of_segment: dict[int, set[int]] = defaultdict(set)
        for pk, parent in Portfolio.objects.values_list("pk", "parent_id"):
            of_portfolio[pk].add(pk)
            if parent is not None:
                inside[parent].append(pk)
        portfolio_of = dict(Project.objects.values_list("pk", "portfolio_id"))
        for project, portfolio in portfolio_of.items():
            of_portfolio[portfolio].add(project)
        links = Engagement.objects.values_list("pk", "project_id", "segment_id")
        for pk, project, segment in links:
            project_of[pk] = project
            of_portfolio[portfolio_of[project]].add(pk)
            of_segment[segment] |= {pk, project}
        for service, segment in Offer.objects.values_list("service_id", "segment_id"):
            of_segment[segment].add(service)
        for pk, segment in Customer.objects.values_list("pk", "segment_id"):
            of_segment[segment].add(pk)
        return cls(_measured(month, project_of), inside, of_portfolio, of_segment)

    def held_by(self, scope_id: int, scope_kind: str) -> frozenset[int]:
        """A scope and all that is rolled up into it, measured in the month or not."""
        if scope_kind == SubjectKind.ORGANISATION:
            return frozenset().union(*self.by_kind.values())
        if scope_id not in self._held:
            self._held[scope_id] = self._found(scope_id, scope_kind)
        return self._held[scope_id]

    def _found(self, scope_id: int, scope_kind: str) -> frozenset[int]:
        if scope_kind == SubjectKind.SEGMENT:
            return frozenset({scope_id} | self._of_segment[scope_id])
        portfolios = [scope_id]
        for portfolio in portfolios:
            portfolios.extend(self._portfolio_in[portfolio])
        return frozenset().union(*(self._of_portfolio[portfolio] for portfolio in portfolios))


def _measured(month: Month, project_of: dict[int, int]) -> dict[str, frozenset[int]]:
    rows = list(Subject.objects.order_by().values_list("pk", "kind", "active_from", "active_until"))
    span = {
        pk: (first or BEGINNING) <= month <= (last or LAST_MONTH) for pk, _, first, last in rows
    }
    by_kind: dict[str, set[int]] = defaultdict(set)
    for pk, kind, _, _ in rows:
        if span[project_of.get(pk, pk)]:
            by_kind[kind].add(pk)
    return {kind: frozenset(keys) for kind, keys in by_kind.items()}
