"""Everything that was ever said of one metric, subject and period, the latest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.contrib.auth.models import User

from dashboards.selectors.explain import shown_decimals
from metrics.choices import Door, DraftState
from metrics.closed_months import ClosedMonths
from metrics.judging import NOT_JUDGED, Judge, Judged
from metrics.models import (
    DraftMeasurement,
    FormerNoValue,
    ImportBatch,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    NoValue,
)
from metrics.operations.overtaking import Seen
from metrics.periods import Period
from projects.models import Subject
from projects.months import Month


class EventKind(StrEnum):
    RECORDED = "recorded"
    CORRECTED = "corrected"
    NOTE = "note"
    DELETED = "deleted"
    DRAFT = "draft"
    DECISION = "decision"
    NO_VALUE = "no value"
    TAKEN_BACK = "taken back"


GIVING = frozenset({EventKind.RECORDED, EventKind.CORRECTED, EventKind.NOTE})
"""What brings a value that stands from then on."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, with the value as it was from then on."""

    key: str
    """By which a form names it."""
    kind: EventKind
    at: datetime | None
    """None: from before such things were kept."""
    by: User | None
    door: Door | None
    value: float | None
    judged: Judged = NOT_JUDGED
    before: float | None = None
    note: str = ""
    note_before: str = ""
    batch: ImportBatch | None = None
    draft: DraftMeasurement | None = None
    is_late: bool = False
    is_now: bool = False
    """What stands there today."""
    can_be_restored: bool = False
    """It brought another value or note than what stands there today."""

    @property
    def has_other_note(self) -> bool:
        return self.note != self.note_before


@dataclass(frozen=True, slots=True)
class MeasurementHistory:
    metric: MetricDefinition
    subject: Subject
    period: Period
    label: str
    month: Month
    now: Measurement | None
    waiting: DraftMeasurement | None
    events: tuple[Event, ...]
    decimals: int
    is_closed: bool

    @property
    def is_changeable(self) -> bool:
        """Whether an old value could be put back at all."""
        return not self.is_closed or self.now is None

    @property
    def seen(self) -> Seen:
        """What a person who looks at this page sees as the latest."""
        return Seen.of(self.waiting or self.now)

    def event(self, key: str) -> Event | None:
        restorable = (event for event in self.events if event.can_be_restored)
        return next((event for event in restorable if event.key == key), None)


def history_of(
    metric: MetricDefinition, subject: Subject, period: Period, starts_in: int
) -> MeasurementHistory:
    """In a fixed number of queries, however often the value was changed."""
    here = {"metric": metric, "subject": subject.pk, "period_start": period.start}
    now = Measurement.objects.filter(**here).select_related("entered_by", "batch__file").first()
    changes = list(
        MeasurementChange.objects.filter(**here)
        .select_related("changed_by", "entered_by_before", "batch__file", "batch_before__file")
        .order_by("changed_at", "pk")
    )
    drafts = list(
        DraftMeasurement.objects.filter(**here)
        .select_related("entered_by", "decided_by", "batch__file")
        .order_by("entered_at", "pk")
    )
    no_value = NoValue.objects.filter(**here).select_related("said_by").first()
    former = list(
        FormerNoValue.objects.filter(**here)
        .select_related("said_by", "ended_by")
        .order_by("ended_at", "pk")
    )
    judge = Judge.read([metric.pk], [subject.pk])
    events = [*_recorded(now, changes), *_drafted(drafts), *_answered_before(former)]
    if no_value is not None:
        events.append(
            Event(
                "no-value",
                EventKind.NO_VALUE,
                no_value.said_at,
                no_value.said_by,
                None,
                None,
                note=no_value.reason,
            )
        )
    events = [
        replace(
            event,
            judged=judge.judged(metric.pk, subject.pk, period.month, event.value),
            can_be_restored=event.kind in GIVING
            and (now is None or (now.value, now.note) != (event.value, event.note)),
        )
        for event in events
    ]
    known = [(number, event) for number, event in enumerate(events) if event.at is not None]
    unknown = [event for event in events if event.at is None]
    values = [event.value for event in events if event.value is not None]
    return MeasurementHistory(
        metric=metric,
        subject=subject,
        period=period,
        label=period.label(starts_in),
        month=period.month,
        now=now,
        waiting=next((draft for draft in drafts if draft.state == DraftState.WAITING), None),
        events=(
            *(event for _, event in sorted(known, key=_moment, reverse=True)),
            *reversed(unknown),
        ),
        decimals=shown_decimals(metric.decimals, *values),
        is_closed=period.month in ClosedMonths.read(),
    )


def _recorded(now: Measurement | None, changes: Sequence[MeasurementChange]) -> Iterator[Event]:
    """First values, corrections and deletions, in their order.

    A first value leaves no record of its own: what is known of it stands in the change that
    replaced it, or in the measurement itself.
    """
    is_there = False
    for change in changes:
        if not is_there:
            yield Event(
                f"before-{change.pk}",
                EventKind.RECORDED,
                change.entered_at_before,
                change.entered_by_before,
                Door(change.door_before) if change.door_before else None,
                change.value_before,
                note=change.note_before,
                batch=change.batch_before,
            )
        is_there = change.value_after is not None
        yield Event(
            f"after-{change.pk}",
            _kind_of(change),
            change.changed_at,
            change.changed_by,
            Door(change.door),
            change.value_after,
            before=change.value_before,
            note=change.note_after,
            note_before=change.note_before,
            batch=change.batch,
            is_now=is_there and change is changes[-1],
        )
    if now is not None and not is_there:
        yield Event(
            "now",
            EventKind.RECORDED,
            now.created_at,
            now.entered_by,
            Door(now.door),
            now.value,
            note=now.note,
            batch=now.batch,
            is_late=now.is_late,
            is_now=True,
        )


def _kind_of(change: MeasurementChange) -> EventKind:
    if change.value_after is None:
        return EventKind.DELETED
    is_other_value = change.value_after != change.value_before
    return EventKind.CORRECTED if is_other_value else EventKind.NOTE


def _drafted(drafts: Sequence[DraftMeasurement]) -> Iterator[Event]:
    """What was sent for approval, and what was decided about it."""
    for draft in drafts:
        yield Event(
            f"draft-{draft.pk}",
            EventKind.DRAFT,
            draft.entered_at,
            draft.entered_by,
            Door(draft.door),
            draft.value,
            note=draft.note,
            batch=draft.batch,
            draft=draft,
        )
        if draft.decided_at is not None:
            yield Event(
                f"decision-{draft.pk}",
                EventKind.DECISION,
                draft.decided_at,
                draft.decided_by,
                None,
                None,
                before=draft.value,
                note=draft.answer,
                draft=draft,
            )


def _answered_before(former: Sequence[FormerNoValue]) -> Iterator[Event]:
    """What was said to have no value, and who took that back and why."""
    for said in former:
        yield Event(
            f"no-value-{said.pk}",
            EventKind.NO_VALUE,
            said.said_at,
            said.said_by,
            None,
            None,
            note=said.reason,
        )
        if not said.is_replaced:
            yield Event(
                f"taken-back-{said.pk}",
                EventKind.TAKEN_BACK,
                said.ended_at,
                said.ended_by,
                None,
                None,
                note=said.why,
            )


def _moment(numbered: tuple[int, Event]) -> tuple[datetime, int, int]:
    """In which order things happened, those of one moment too."""
    number, event = numbered
    assert event.at is not None
    return event.at, _RANKS.get(event.kind, len(_RANKS)), number


_RANKS = {EventKind.DECISION: 0, EventKind.DRAFT: 1}
"""A decision makes room for a newer draft, or makes a value of the draft."""
