"""Whose scores a load touches, and from which month on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from metrics.operations.rescoring import mark_from
from metrics.workspace.entries import Entry
from metrics.workspace.merging import ENGAGEMENTS, ORGANISATIONS, Merged
from projects.months import FIRST_MONTH
from projects.operations.subjects import COUNTING_FIELDS

# What no score depends on: a change of these alone rescores nobody.
_TEXT_OF_METRICS = frozenset(
    {
        "code",
        "name",
        "question",
        "dimension",
        "due_days",
        "perspective",
        "unit",
        "decimals",
        "timing",
        "owner_role",
        "description",
        "source",
    }
)
_TEXT_OF_SCORECARDS = frozenset({"code", "name"})


class Touched:
    """Subjects to be scored anew, each from the first month that is touched."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._first)

    def add(self, subject: int, month: int = FIRST_MONTH) -> None:
        self._first[subject] = min(month, self._first.get(subject, month))

    def update(self, months: Mapping[int, int]) -> None:
        for subject, month in months.items():
            self.add(subject, month)

    def mark(self) -> None:
        """Note the needs, in the load's own transaction."""
        mark_from(self._first)


def touched_by_definitions(merged: Merged) -> Touched:
    """Asked when everything is stored, so that every row has its key."""
    touched = Touched()
    of_kind: dict[str, list[int]] = defaultdict(list)
    for entry in merged.subjects.values():
        of_kind[entry.instance.KIND].append(entry.instance.pk)
    for entry in merged.all():
        for subject, month in _touched_by(entry, merged, of_kind):
            touched.add(subject, month)
    return touched


def _touched_by(
    entry: Entry, merged: Merged, of_kind: Mapping[str, Iterable[int]]
) -> Iterator[tuple[int, int]]:
    if not (entry.is_new or entry.is_changed):
        return
    row, changed = entry.instance, entry.before.keys()
    match entry.table.name:
        case "metrics":
            if entry.is_new or changed - _TEXT_OF_METRICS:
                yield from _always(of_kind[row.subject_kind])
        case "scorecards":
            if entry.is_new or changed - _TEXT_OF_SCORECARDS:
                kinds = {row.subject_kind, entry.before.get("subject_kind", row.subject_kind)}
                yield from _always(key for kind in kinds for key in of_kind[kind])
        case "scorecard_lines":
            yield from _always(of_kind[row.scorecard.subject_kind])
        case "curve_overrides" | "exemptions":
            yield row.subject_id, max(row.from_month, FIRST_MONTH)
        case "service_segments":
            if entry.is_new or "weight" in changed:
                yield from _always([row.service_id, row.segment_id])
        case _:
            if entry.is_new or changed & COUNTING_FIELDS or entry.has_other_scorecard:
                yield from _always(_touched_by_subject(entry, merged))


def _touched_by_subject(entry: Entry, merged: Merged) -> Iterator[int]:
    """The subject, what it counted in, and what its span bounds; a run adds what is above."""
    if entry.table is ORGANISATIONS and entry.before:
        yield from (other.instance.pk for other in merged.subjects.values())
        return
    yield entry.instance.pk
    for name in ("parent", "portfolio", "segment"):
        if (before := entry.before.get(name)) is not None:
            yield before
    if entry.before.keys() & {"active_from", "active_until"}:
        for engagement in merged.all(ENGAGEMENTS.name):
            if engagement.links["project"] is entry:
                yield engagement.instance.pk


def _always(subjects: Iterable[int]) -> Iterator[tuple[int, int]]:
    return ((subject, FIRST_MONTH) for subject in subjects)
