"""Values that wait for approval: approved, rejected, withdrawn, many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metrics.choices import Door, DraftState
from metrics.models import DraftMeasurement, Measurement, MeasurementChange, MetricDefinition
from metrics.operations.drafts import (
    DraftRow,
    approve_draft,
    approve_drafts,
    keep_drafts,
    reject_draft,
    reject_drafts,
    withdraw_draft,
)
from projects.models import Project
from projects.months import Month
from tests.constraints import assert_refused
from tests.factories import (
    A_MOMENT,
    DraftMeasurementFactory,
    ImportBatchFactory,
    MeasurementFactory,
    MetricFactory,
    MonthClosingFactory,
    ProjectFactory,
)
from tests.tables import table, told, waiting_from

NOW = datetime(2026, 4, 15, 12, 0, tzinfo=UTC)
MARCH = Month.parse("2026-03")
NAN, INFINITY = float("nan"), float("inf")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mid_april() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def metric() -> MetricDefinition:
    return MetricFactory(code="nps", needs_approval=True)


@pytest.fixture
def project() -> Project:
    return ProjectFactory(code="P")


@pytest.fixture
def draft(metric: MetricDefinition, project: Project, analyst: User) -> DraftMeasurement:
    return DraftMeasurementFactory(
        metric=metric, subject=project, value=42.0, note="survey", entered_by=analyst
    )


def states() -> list[Any]:
    return table(DraftMeasurement, "value", "state", "decided_by__username", "decided_at", "answer")


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("draft_state_known", {"state": "lost"}),
        ("rejected_with_a_reason", {"state": DraftState.REJECTED}),
        ("draft_month_is_one", {"month": Month(11)}),
        ("draft_month_is_one", {"month": Month(120_000)}),
        (("draft_is_finite", "metrics_draftmeasurement.value"), {"value": NAN}),
        ("draft_is_finite", {"value": INFINITY}),
        ("draft_is_finite", {"value": -INFINITY}),
        ("metrics_draftmeasurement.entered_at", {"entered_at": None}),
        ("metrics_draftmeasurement.note", {"note": None}),
    ],
)
def test_what_no_draft_can_be(rule: Any, fields: dict[str, Any]) -> None:
    pair = {"metric": MetricFactory(), "subject": ProjectFactory()}
    assert_refused(rule, lambda: DraftMeasurementFactory(**pair, **fields))


def test_one_value_of_a_period_waits_and_any_number_waited_before() -> None:
    row = DraftMeasurementFactory()
    same: dict[str, Any] = {"metric": row.metric, "subject": row.subject}
    for _ in range(2):
        DraftMeasurementFactory(**same, state=DraftState.WITHDRAWN)
    assert_refused("one_waiting_draft_per_period", lambda: DraftMeasurementFactory(**same))


def test_an_approved_value_is_recorded_as_it_was_given(
    draft: DraftMeasurement, pmo_lead: User
) -> None:
    batch = ImportBatchFactory()
    DraftMeasurement.objects.update(door=Door.IMPORT, batch=batch)
    approve_draft(draft, by=pmo_lead)
    columns = "value", "note", "door", "entered_by__username", "batch", "changed_at"
    assert table(Measurement, *columns) == [(42.0, "survey", "import", "analyst", batch.pk, NOW)]
    assert states() == [(42.0, "approved", "pmo_lead", NOW, "")]
    assert waiting_from() == {("P", "2026-03")}


def test_an_approved_correction_keeps_what_was_there_on_record(
    draft: DraftMeasurement, pmo_lead: User
) -> None:
    MeasurementFactory(metric=draft.metric, subject=draft.subject, value=40.0)
    approve_draft(draft, by=pmo_lead)
    columns = "value_before", "value_after", "changed_by__username", "door"
    assert table(MeasurementChange, *columns) == [(40.0, 42.0, "analyst", "form")]


def test_nobody_decides_about_their_own_value(draft: DraftMeasurement, analyst: User) -> None:
    sentence = "You gave this value yourself; somebody else decides about it."
    with pytest.raises(ValidationError) as refusal:
        approve_draft(draft, by=analyst)
    assert told(refusal) == [sentence]
    with pytest.raises(ValidationError) as refusal:
        reject_draft(draft, by=analyst, reason="no")
    assert told(refusal) == [sentence]
    assert states() == [(42.0, "waiting", None, None, "")]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DraftState.APPROVED, "approved it"),
        (DraftState.REJECTED, "rejected it"),
        (DraftState.WITHDRAWN, "withdrew or replaced it"),
    ],
)
def test_what_is_decided_is_decided(
    state: DraftState, words: str, draft: DraftMeasurement, pmo_lead: User, administrator: User
) -> None:
    DraftMeasurement.objects.update(state=state, answer="Why?", decided_by=administrator)
    acts: list[Callable[[], object]] = [
        lambda: approve_draft(draft, by=pmo_lead),
        lambda: reject_draft(draft, by=pmo_lead, reason="no"),
        lambda: withdraw_draft(draft, by=pmo_lead),
    ]
    for act in acts:
        with pytest.raises(ValidationError) as refusal:
            act()
        assert told(refusal) == [f"It waits no longer: administrator {words} meanwhile."]
    assert not Measurement.objects.exists()


def test_a_value_that_was_recorded_after_the_draft_is_not_silently_put_back(
    draft: DraftMeasurement, pmo_lead: User, administrator: User
) -> None:
    MeasurementFactory(
        metric=draft.metric,
        subject=draft.subject,
        value=50.0,
        entered_by=administrator,
        changed_at=A_MOMENT + timedelta(hours=1),
    )
    with pytest.raises(ValidationError) as refusal:
        approve_draft(draft, by=pmo_lead)
    assert told(refusal) == [
        "After it was sent, administrator recorded 50. Reject it, so that it can be given again."
    ]
    assert states() == [(42.0, "waiting", None, None, "")]


def test_a_rejected_value_goes_back_with_the_reason(
    draft: DraftMeasurement, pmo_lead: User
) -> None:
    reject_draft(draft, by=pmo_lead, reason=" Count again. ")
    assert states() == [(42.0, "rejected", "pmo_lead", NOW, "Count again.")]
    assert not Measurement.objects.exists()
    assert waiting_from() == set()


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_rejection_says_why(reason: str, draft: DraftMeasurement, pmo_lead: User) -> None:
    with pytest.raises(ValidationError) as refusal:
        reject_draft(draft, by=pmo_lead, reason=reason)
    assert refusal.value.message_dict == {"reason": ["Say why; the analyst reads it."]}


def test_one_takes_back_what_one_gave_oneself(
    draft: DraftMeasurement, analyst: User, pmo_lead: User
) -> None:
    with pytest.raises(ValidationError) as refusal:
        withdraw_draft(draft, by=pmo_lead)
    assert told(refusal) == ["The value was given by analyst, who alone can take it back."]
    withdraw_draft(draft, by=analyst)
    assert states() == [(42.0, "withdrawn", "analyst", NOW, "")]


def test_of_many_those_that_became_impossible_are_named_and_the_others_go_through(
    draft: DraftMeasurement, pmo_lead: User, analyst: User
) -> None:
    given: dict[str, Any] = {"metric": draft.metric, "entered_by": analyst}
    closed = DraftMeasurementFactory(**given, period="2026-02", value=1.0)
    MeasurementFactory(metric=closed.metric, subject=closed.subject, period="2026-02", value=2.0)
    MonthClosingFactory(month=Month.parse("2026-02"))
    own = DraftMeasurementFactory(metric=draft.metric, entered_by=pmo_lead)
    last = DraftMeasurementFactory(**given, value=3.0)
    decisions = approve_drafts([draft, closed, own, last], by=pmo_lead)
    assert decisions.done == (draft, last)
    assert [(refusal.draft, refusal.sentence) for refusal in decisions.refused] == [
        (
            closed,
            "2026-02 is closed and its value stays 2 (1 was to replace it); a PMO lead can reopen"
            " the month.",
        ),
        (own, "You gave this value yourself; somebody else decides about it."),
    ]
    assert table(Measurement, "value") == [(2.0,), (3.0,), (42.0,)]
    assert reject_drafts([closed, last], by=pmo_lead, reason="no").done == (closed,)


def row_of(draft: DraftMeasurement, value: float, note: str = "") -> DraftRow:
    return DraftRow(draft.metric_id, draft.subject_id, draft.period_start, draft.month, value, note)


def test_a_batch_keeps_many_and_replaces_what_waited(
    draft: DraftMeasurement, analyst: User, pmo_lead: User
) -> None:
    batch = ImportBatchFactory()
    same = DraftMeasurementFactory(metric=draft.metric, value=7.0, entered_by=analyst)
    untouched = DraftMeasurementFactory(metric=draft.metric, period="2026-02", value=8.0)
    rows = [
        row_of(draft, 43.0),
        row_of(same, 7.0),
        DraftRow(draft.metric_id, draft.subject_id, date(2026, 2, 1), MARCH.plus(-1), 9.0, "new"),
    ]
    kept = keep_drafts(rows, by=pmo_lead, door=Door.IMPORT, batch=batch)
    assert kept == 2
    columns = "value", "note", "state", "door", "entered_by__username", "batch", "month"
    february = MARCH.plus(-1)
    assert set(table(DraftMeasurement, *columns)) == {
        (42.0, "survey", "withdrawn", "form", "analyst", None, MARCH),
        (43.0, "", "waiting", "import", "pmo_lead", batch.pk, MARCH),
        (7.0, "", "waiting", "form", "analyst", None, MARCH),
        (8.0, "", "waiting", "form", None, None, february),
        (9.0, "new", "waiting", "import", "pmo_lead", batch.pk, february),
    }
    assert untouched.state == DraftState.WAITING


@pytest.mark.parametrize("size", [1, 20, 200])
def test_a_batch_costs_no_query_per_row(size: int, draft: DraftMeasurement, analyst: User) -> None:
    rows = [row_of(draft, float(value), "x") for value in range(size)]
    days = [
        DraftRow(row.metric_id, row.subject_id, date(2025, 1, 1 + place % 28), row.month, 1.0)
        for place, row in enumerate(rows)
    ]
    with CaptureQueriesContext(connection) as queries:
        keep_drafts(days, by=analyst, door=Door.IMPORT)
    assert len(queries) <= 4
