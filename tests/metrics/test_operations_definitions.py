"""Metrics, overrides and exemptions: what falls due when they change, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from metrics.models import CurveOverride, Exemption, MetricDefinition
from metrics.operations import definitions
from metrics.operations.definitions import (
    delete_exemption,
    delete_metric,
    delete_override,
    save_exemption,
    save_metric,
    save_override,
)
from projects.months import Month
from tests.factories import (
    CurveOverrideFactory,
    ExemptionFactory,
    MeasurementChangeFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    ProjectFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
)
from tests.tables import table, told, waiting, waiting_from

pytestmark = pytest.mark.django_db

STEEP = [[0.0, 0.0], [10.0, 100.0]]


@pytest.fixture
def house() -> None:
    """Metric a is scored on the default card, its formula f on P2's own, b and its g on none."""
    first, second = ProjectFactory(code="P1"), ProjectFactory(code="P2")
    ProjectFactory(code="P3")
    SegmentFactory(code="S")
    default = ScorecardFactory(code="default", is_default=True)
    own = ScorecardFactory(code="own")
    ScorecardFactory(code="segments", subject_kind="segment", is_default=True)
    ScorecardLineFactory(scorecard=default, metric=MetricFactory(code="a"))
    MetricFactory(code="b")
    ScorecardLineFactory(scorecard=own, metric=MetricFactory(code="f", formula="a + e"))
    MetricFactory(code="e", formula="a * 2")
    MetricFactory(code="g", formula="b * 2")
    ScorecardAssignmentFactory(subject=second, scorecard=own)
    ScorecardAssignmentFactory(subject=first, scorecard=default)


def get(code: str) -> MetricDefinition:
    return MetricDefinition.objects.get(code=code)


@pytest.mark.parametrize(
    ("code", "field", "value", "expected"),
    [
        # P1 names the default card, P3 falls back on it, P2 has another.
        ("a", "curve", STEEP, {"P1", "P3"}),
        ("a", "category", "financial", {"P1", "P3"}),
        ("a", "active_from", Month.parse("2026-01"), {"P1", "P3"}),
        ("a", "active_until", Month.parse("2026-01"), {"P1", "P3"}),
        # What moves its values moves the formulas that take them in, through others as well.
        ("a", "grace_months", 3, {"P1", "P2", "P3"}),
        ("a", "time_aggregation", "sum", {"P1", "P2", "P3"}),
        ("e", "formula", "a * 3", {"P2"}),
        ("e", "curve", STEEP, set()),
        ("f", "formula", "a - e", {"P2"}),
        ("f", "curve", STEEP, {"P2"}),
        ("b", "grace_months", 3, set()),
        ("b", "curve", STEEP, set()),
        *(
            ("a", field, value, set())
            for field, value in {
                "name": "Another name",
                "question": "Are they content?",
                "description": "About it",
                "unit": "%",
                "decimals": 2,
                "due_days": 5,
                "dimension": "quality",
                "perspective": "customer",
                "timing": "leading",
                "owner_role": "Service desk",
                "source": "Survey",
            }.items()
        ),
    ],
)
@pytest.mark.usefixtures("house")
def test_what_falls_due_when_a_metric_changes(
    code: str, field: str, value: Any, expected: set[str], pmo_lead: User
) -> None:
    metric = get(code)
    setattr(metric, field, value)
    save_metric(metric, by=pmo_lead)
    assert getattr(get(code), field) == value
    assert waiting() == expected
    assert {month for _, month in waiting_from()} <= {"0001-01"}


@pytest.mark.usefixtures("house")
def test_a_new_metric_concerns_nobody_yet(pmo_lead: User) -> None:
    metric = MetricDefinition(
        code="n", name="New", category="financial", subject_kind="project", cadence="quarter"
    )
    save_metric(metric, by=pmo_lead)
    assert table(MetricDefinition.objects.filter(code="n"), "name", "category", "cadence") == [
        ("New", "financial", "quarter")
    ]
    assert metric.history.get().history_user == pmo_lead
    assert waiting() == set()


@pytest.mark.parametrize(
    ("code", "changes", "fields"),
    [
        ("a", {"code": "other"}, {"__all__"}),  # formulas name it
        ("f", {"code": "min"}, {"code"}),
        ("b", {"name": ""}, {"name"}),
        ("b", {"curve": [[1, 2]]}, {"curve"}),
        ("b", {"formula": "b + 1"}, {"formula"}),
        ("b", {"formula": "g + 1"}, {"formula", "__all__"}),
        ("b", {"formula": "nothing + 1"}, {"formula"}),
        ("a", {"curve": None}, {"curve"}),  # it stands on a scorecard
        ("a", {"subject_kind": "segment"}, {"subject_kind", "__all__"}),
    ],
)
@pytest.mark.usefixtures("house")
def test_a_metric_that_does_not_fit_is_refused(
    code: str, changes: dict[str, Any], fields: set[str], pmo_lead: User
) -> None:
    metric = get(code)
    for field, value in changes.items():
        setattr(metric, field, value)
    before = MetricDefinition.objects.values().get(pk=metric.pk)
    with pytest.raises(ValidationError) as refusal:
        save_metric(metric, by=pmo_lead)
    assert set(refusal.value.message_dict) == fields
    assert MetricDefinition.objects.values().get(pk=metric.pk) == before
    assert waiting() == set()


@pytest.mark.parametrize(
    "changes", [{"cadence": "quarter"}, {"subject_kind": "segment"}, {"formula": "b * 2"}]
)
@pytest.mark.usefixtures("house")
def test_what_dates_a_value_stays_while_there_are_values(
    changes: dict[str, str], pmo_lead: User
) -> None:
    metric = MetricFactory()
    MeasurementFactory(metric=metric)
    for field, value in changes.items():
        setattr(metric, field, value)
    with pytest.raises(ValidationError) as refusal:
        save_metric(metric, by=pmo_lead)
    assert set(refusal.value.message_dict) == set(changes)


@pytest.mark.usefixtures("house")
def test_a_metric_that_nothing_stands_on_is_deleted(pmo_lead: User) -> None:
    metric = get("g")
    MetricAssignmentFactory(metric=metric)
    CurveOverrideFactory(metric=metric)
    ExemptionFactory(metric=metric)
    delete_metric(metric, by=pmo_lead)
    assert set(MetricDefinition.objects.values_list("code", flat=True)) == {"a", "b", "e", "f"}
    assert MetricDefinition.history.get(code="g", history_type="-").history_user == pmo_lead
    assert waiting() == set()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("a", "it stands on scorecard default. Take it off there first."),
        ("b", "it is part of the formula g. Change that first."),
        ("e", "it is part of the formula f. Change that first."),
        ("f", "it stands on scorecard own. Take it off there first."),
    ],
)
@pytest.mark.usefixtures("house")
def test_a_metric_that_something_stands_on_is_not_deleted(
    code: str, sentence: str, pmo_lead: User
) -> None:
    with pytest.raises(ValidationError) as refusal:
        delete_metric(get(code), by=pmo_lead)
    assert told(refusal) == [f"Metric {code} ({code}) can't be deleted: {sentence}"]
    assert get(code)


@pytest.mark.parametrize(
    ("kept", "count", "sentence"),
    [
        (MeasurementFactory, 1, "1 value of it is recorded."),
        (MeasurementFactory, 2, "2 values of it are recorded."),
        (
            MeasurementChangeFactory,
            1,
            "values of it were recorded and deleted again, which stays on record.",
        ),
    ],
)
def test_a_metric_with_a_past_is_not_deleted(
    kept: Any, count: int, sentence: str, pmo_lead: User
) -> None:
    metric = MetricFactory(code="m")
    kept.create_batch(count, metric=metric)
    with pytest.raises(ValidationError) as refusal:
        delete_metric(metric, by=pmo_lead)
    assert told(refusal) == [
        f'Metric m (m) can\'t be deleted: {sentence} Set its "active until" instead.'
    ]


@pytest.mark.parametrize(
    ("factory", "save"),
    [(CurveOverrideFactory, save_override), (ExemptionFactory, save_exemption)],
)
def test_what_is_agreed_for_a_subject_concerns_it_from_its_month_on(
    factory: Any, save: Callable[..., models.Model], pmo_lead: User
) -> None:
    agreed = factory.build(
        metric=MetricFactory(),
        subject=ProjectFactory(code="P"),
        from_month=Month.parse("2026-02"),
    )
    save(agreed, by=pmo_lead)
    assert waiting_from() == {("P", "2026-02")}
    assert type(agreed).history.get().history_user == pmo_lead


@pytest.mark.parametrize(
    ("factory", "save"),
    [(CurveOverrideFactory, save_override), (ExemptionFactory, save_exemption)],
)
def test_an_agreement_that_moves_concerns_the_earlier_month_and_both_subjects(
    factory: Any, save: Callable[..., models.Model], pmo_lead: User
) -> None:
    agreed = factory(subject=ProjectFactory(code="P"), from_month=Month.parse("2026-05"))
    agreed.from_month = Month.parse("2026-03")
    save(agreed, by=pmo_lead)
    assert waiting_from() == {("P", "2026-03")}
    agreed.subject, agreed.from_month = ProjectFactory(code="Q"), Month.parse("2026-04")
    save(agreed, by=pmo_lead)
    assert waiting_from() == {("P", "2026-03"), ("Q", "2026-04")}


@pytest.mark.parametrize(
    ("factory", "delete", "month"),
    [
        (CurveOverrideFactory, delete_override, "2026-03"),
        (ExemptionFactory, delete_exemption, "0001-01"),  # from the beginning
    ],
)
def test_an_agreement_that_ends_concerns_its_subject(
    factory: Any, delete: Callable[..., None], month: str, pmo_lead: User
) -> None:
    agreed = factory(subject=ProjectFactory(code="P"))
    delete(agreed, by=pmo_lead)
    assert not type(agreed).objects.exists()
    assert waiting_from() == {("P", month)}
    assert type(agreed).history.get(history_type="-").history_user == pmo_lead


def test_another_reason_for_an_exemption_moves_no_score(pmo_lead: User) -> None:
    exemption = ExemptionFactory()
    exemption.reason = "It serves nobody yet."
    save_exemption(exemption, by=pmo_lead)
    assert table(Exemption, "reason") == [("It serves nobody yet.",)]
    assert waiting() == set()


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (lambda: CurveOverrideFactory.build(curve=[]), {"curve"}),
        (lambda: CurveOverrideFactory.build(curve=[[1, 2]]), {"curve"}),
        (lambda: ExemptionFactory.build(reason=""), {"reason"}),
        (
            lambda: ExemptionFactory.build(
                from_month=Month.parse("2026-03"), until_month=Month.parse("2026-02")
            ),
            {"until_month"},
        ),
    ],
)
def test_an_agreement_that_does_not_fit_is_refused(
    row: Callable[[], Any], fields: set[str], pmo_lead: User
) -> None:
    agreed = row()
    agreed.metric, agreed.subject = MetricFactory(), ProjectFactory()
    save = save_override if isinstance(agreed, CurveOverride) else save_exemption
    with pytest.raises(ValidationError) as refusal:
        save(agreed, by=pmo_lead)
    assert set(refusal.value.message_dict) == fields
    assert not type(agreed).objects.exists()
    assert waiting() == set()


@pytest.mark.parametrize(
    ("factory", "save"),
    [(CurveOverrideFactory, save_override), (ExemptionFactory, save_exemption)],
)
def test_an_agreement_is_about_a_subject_of_the_kind_of_the_metric(
    factory: Any, save: Callable[..., models.Model], pmo_lead: User
) -> None:
    agreed = factory.build(metric=MetricFactory(), subject=SegmentFactory())
    with pytest.raises(ValidationError) as refusal:
        save(agreed, by=pmo_lead)
    assert set(refusal.value.message_dict) == {"subject"}


@pytest.mark.usefixtures("house")
def test_a_definition_whose_scores_can_not_fall_due_is_not_stored(
    pmo_lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("nothing can be marked")

    override = CurveOverrideFactory(curve=STEEP)
    metric = get("a")
    monkeypatch.setattr(definitions, "mark_for_rescoring", fail)
    metric.grace_months = 9
    with pytest.raises(RuntimeError):
        save_metric(metric, by=pmo_lead)
    with pytest.raises(RuntimeError):
        delete_override(override, by=pmo_lead)
    assert get("a").grace_months == 0
    assert table(CurveOverride, "curve") == [(STEEP,)]
