"""What the scopes of assignments hold in a month, for pages that look at all assignments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metrics.entry_rights import held_by_each
from projects.choices import SubjectKind
from projects.models import Engagement, Subject
from projects.months import BEGINNING, LAST_MONTH, Month


@dataclass(frozen=True, slots=True)
class Scopes:
    """Keys of subjects by scope and by kind."""

    by_kind: Mapping[str, frozenset[int]]
    """Those of each kind that are measured in the month that was asked about."""
    _held: Mapping[int, frozenset[int]]

    @classmethod
    def read(cls, month: Month, scopes: Iterable[tuple[int, str]]) -> Scopes:
        """Of these scopes, by key and kind; in a number of queries that does not grow with them."""
        parts = {(pk, kind) for pk, kind in scopes if kind != SubjectKind.ORGANISATION}
        return cls(_measured(month), held_by_each(parts))

    def held_by(self, scope_id: int, scope_kind: str) -> frozenset[int]:
        """A scope and all that is rolled up into it, measured in the month or not.

        Of the organisation only who is measured: it holds everybody else as well.
        """
        if scope_kind == SubjectKind.ORGANISATION:
            return frozenset().union(*self.by_kind.values())
        return self._held[scope_id]


def _measured(month: Month) -> dict[str, frozenset[int]]:
    project_of = dict(Engagement.objects.order_by().values_list("pk", "project_id"))
    rows = list(Subject.objects.order_by().values_list("pk", "kind", "active_from", "active_until"))
    span = {
        pk: (first or BEGINNING) <= month <= (last or LAST_MONTH) for pk, _, first, last in rows
    }
    by_kind: dict[str, set[int]] = defaultdict(set)
    for pk, kind, _, _ in rows:
        if span[project_of.get(pk, pk)]:
            by_kind[kind].add(pk)
    return {kind: frozenset(keys) for kind, keys in by_kind.items()}
