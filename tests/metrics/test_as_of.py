"""A closed month is explained by what stood when it was closed, whatever is changed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from metrics.as_of import read_ledger_as_of
from metrics.choices import Category, Door, RunTrigger
from metrics.closed_months import ClosedMonths
from metrics.explaining import as_json, explain
from metrics.models import (
    Measurement,
    MetricDefinition,
    MonthClosing,
    Score,
    Scorecard,
    ScorecardLine,
)
from metrics.operations.definitions import delete_metric, save_metric
from metrics.operations.measurements import delete_measurement, record_measurement
from metrics.operations.months import close_month, reopen_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.operations.scorecards import delete_line, save_line, save_scorecard
from metrics.periods import parse_period
from metrics.workspace import load_workspace
from projects.models import Project, Subject
from projects.months import Month
from projects.operations.subjects import save_subject
from tests.database_changes import perform
from tests.oracle import Workspace, write_workspace
from tests.strategies import SMALL, RemoveLink, changes, workspaces

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TODAY = datetime(2025, 11, 15, 12, tzinfo=UTC)
CLOSING = datetime(2026, 7, 10, 9, tzinfo=UTC)
MARCH, APRIL, MAY, JUNE = (Month.parse(f"2026-{number:02}") for number in (3, 4, 5, 6))

quick = settings(
    max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def trees(month: Month) -> dict[str, Any]:
    """Every scored subject's explanation."""
    scored = Subject.objects.filter(scores__month=month)
    return {subject.code: as_json(explain(subject, month)) for subject in scored}


def assert_tells_the_frozen_scores(month: Month, told: dict[str, Any]) -> None:
    rows = Score.objects.filter(month=month).select_related("subject")
    assert told.keys() == {row.subject.code for row in rows}
    for row in rows:
        assert told[row.subject.code]["score"] == pytest.approx(row.overall_score, abs=1e-9)
        assert told[row.subject.code]["coverage"] == pytest.approx(row.overall_coverage, abs=1e-9)


def try_to(change: Any) -> None:
    """What closed months or earlier changes of this example refuse is left."""
    try:
        with transaction.atomic():
            perform(change)
    except (ValidationError, LookupError):
        note(f"refused: {change}")
    except Exception as error:
        if type(error).__name__ != "DoesNotExist":
            raise


class ClosedMonthsStayExplained(TestCase):
    """Hypothesis makes a transaction of its own for every example here."""

    @quick
    @given(workspace=workspaces(SMALL), data=st.data())
    def test_after_any_changes_a_closed_month_has_the_explanation_it_had(
        self, workspace: Workspace, data: Any
    ) -> None:
        with time_machine.travel(TODAY, tick=False) as clock:
            with TemporaryDirectory() as folder:
                write_workspace(workspace, folder)
                load_workspace(Path(folder))
            answer_all_needs()
            months = sorted(
                {Month(m) for m in Score.objects.values_list("month", flat=True)}
                - {Month.of(TODAY.date())}
            )
            assume(months)
            month = data.draw(st.sampled_from(months), "closed up to")
            clock.shift(timedelta(hours=1))
            before = trees(month)
            close_month(month, by=None)
            clock.shift(timedelta(hours=1))
            if data.draw(st.booleans(), "an earlier month is reopened"):
                earlier = data.draw(st.sampled_from([m for m in months if m <= month]), "which")
                if earlier < month:
                    reopen_month(earlier, reason="a wrong count", by=None)
            for _ in range(data.draw(st.integers(1, 3), "rounds")):
                for change in data.draw(changes(workspace), "changes"):
                    if isinstance(change, RemoveLink):
                        continue  # the test's own way past the doors leaves nothing on record
                    note(str(change))
                    try_to(change)
                    clock.shift(timedelta(minutes=1))
                answer_all_needs()
            after = trees(month)
            assert after == before
            assert_tells_the_frozen_scores(month, after)


@pytest.fixture
def clock(db: None) -> Iterator[Any]:
    """The worked example, loaded and scored a day before months are closed."""
    with time_machine.travel(CLOSING - timedelta(days=1), tick=False) as travelled:
        load_workspace(EXAMPLES / "worked")
        score_now(trigger=RunTrigger.LOAD)
        travelled.move_to(CLOSING)
        yield travelled


def record(metric: str, subject: str, period: str, value: float) -> None:
    definition = MetricDefinition.objects.get(code=metric)
    record_measurement(
        metric=definition,
        subject=Subject.objects.get(code=subject),
        period=parse_period(period, definition.cadence),
        value=value,
        by=None,
        door=Door.FORM,
    )


def turn_everything_over() -> None:
    """Curves, names, weights, lines, limits, links."""
    for metric in MetricDefinition.objects.exclude(curve=None):
        metric.curve = [[point[0], 100 - point[1]] for point in metric.curve or []]
        metric.name = f"Was {metric.name}"
        save_metric(metric, by=None)
    for card in Scorecard.objects.all():
        card.weight_tactical, card.overall, card.green_from = 7.0, "weakest", 99.0
        save_scorecard(card, by=None)
    for project in Project.objects.all():
        project.weight += 5
        save_subject(project, by=None)
    for line in ScorecardLine.objects.order_by("pk")[:2]:
        delete_line(line, by=None)
    for line in ScorecardLine.objects.all():
        line.weight += 3
        save_line(line, by=None)


def test_turning_everything_over_leaves_the_explanation_as_it_was(clock: Any) -> None:
    before = trees(JUNE)
    close_month(JUNE, by=None)
    clock.shift(timedelta(days=1))
    turn_everything_over()
    answer_all_needs()
    after = trees(JUNE)
    assert after == before
    assert_tells_the_frozen_scores(JUNE, after)


def test_late_values_and_corrections_in_a_reopened_month_are_not_in_a_later_closed_one(
    clock: Any,
) -> None:
    before = trees(JUNE)
    close_month(JUNE, by=None)
    clock.shift(timedelta(days=1))
    record("staffing_fit", "PRJ-CHAT", "2026-06", 90)  # late
    reopen_month(MARCH, reason="a wrong count", by=None)
    clock.shift(timedelta(days=1))
    rows = Measurement.objects.filter(month=MARCH).select_related("metric", "subject")
    deleted, *corrected = [row for row in rows if not row.metric.formula]
    delete_measurement(deleted, by=None, door=Door.FORM)
    for row in corrected:
        label = parse_period(str(MARCH), "month") if row.metric.cadence == "month" else None
        if label:
            record(row.metric.code, row.subject.code, str(MARCH), row.value + 1)
    answer_all_needs()
    assert trees(JUNE) == before


def test_a_metric_has_the_name_it_had(clock: Any) -> None:
    subject = Subject.objects.get(code="PRJ-ONBOARD")
    close_month(JUNE, by=None)
    clock.shift(timedelta(days=1))
    metric = MetricDefinition.objects.get(code="fix_days")
    old_name = metric.name
    metric.name = "Renamed"
    save_metric(metric, by=None)
    told = explain(subject, JUNE)
    assert told.metrics[metric.pk].name == old_name
    assert told.as_of == CLOSING
    assert explain(subject, Month.parse("2026-07")).metrics[metric.pk].name == "Renamed"


def test_a_metric_that_was_deleted_since_is_still_told(clock: Any) -> None:
    spare = MetricDefinition.objects.create(
        code="spare",
        name="A spare one",
        category="tactical",
        subject_kind="project",
        cadence="month",
        curve=[[0, 0], [1, 100]],
    )
    card = Scorecard.objects.get(subject_kind="project", is_default=True)
    line = ScorecardLine(scorecard=card, metric=spare, weight=2)
    save_line(line, by=None)
    answer_all_needs()
    clock.shift(timedelta(hours=1))
    before = trees(JUNE)
    close_month(JUNE, by=None)
    clock.shift(timedelta(hours=1))
    delete_line(line, by=None)
    delete_metric(spare, by=None)
    answer_all_needs()
    assert trees(JUNE) == before
    assert "spare" in str(before["PRJ-ONBOARD"])


def test_changes_between_two_months_add_up_whichever_is_closed(clock: Any) -> None:
    close_month(APRIL, by=None)
    clock.shift(timedelta(days=1))
    turn_everything_over()
    answer_all_needs()
    clock.shift(timedelta(days=1))
    close_month(MAY, by=None)
    for month, against in ((JUNE, MARCH), (MAY, MARCH), (APRIL, MARCH), (MARCH, JUNE)):
        for code in ("ORG", "PRJ-ONBOARD"):
            subject = Subject.objects.get(code=code)
            told = explain(subject, month, against=against, depth=2)
            for each, node in ((month, told.node), (against, told.before)):
                assert node is not None
                stored = Score.objects.get(subject=subject, month=each)
                assert node.score == pytest.approx(stored.overall_score, abs=1e-9)
            assert told.node is not None
            assert told.before is not None
            if told.change is None:
                assert None in (told.node.score, told.before.score)
                assert "insufficient" in told.reason
                continue
            parts = told.change.parts
            assert sum(part.total for part in parts) == pytest.approx(told.change.total, abs=1e-9)
            assert {told.name_of(part) for part in parts} <= {*Category.values, "balance"}


def test_a_month_before_the_first_that_was_named_has_the_moment_of_that_one(clock: Any) -> None:
    close_month(JUNE, by=None)
    MonthClosing.objects.filter(month__lt=JUNE).delete()
    assert ClosedMonths.read().closed_at(MARCH) == CLOSING
    assert ClosedMonths.read().closed_at(JUNE.plus(1)) is None


def test_a_month_closed_again_is_explained_by_the_second_closing(clock: Any) -> None:
    close_month(JUNE, by=None)
    clock.shift(timedelta(days=1))
    reopen_month(JUNE, reason="a wrong count", by=None)
    turn_everything_over()
    clock.shift(timedelta(days=1))
    close_month(JUNE, by=None)
    told = trees(JUNE)
    assert_tells_the_frozen_scores(JUNE, told)
    assert explain(Subject.objects.get(code="ORG"), JUNE).as_of == CLOSING + timedelta(days=2)


def test_where_history_does_not_reach_back_nothing_is_made_up(clock: Any) -> None:
    """As on an installation whose histories were emptied."""
    close_month(JUNE, by=None)
    MetricDefinition.history.all().delete()
    told = explain(Subject.objects.get(code="PRJ-ONBOARD"), JUNE)
    assert told.node is not None
    assert told.node.score != Score.objects.get(subject=told.subject, month=JUNE).overall_score
    ledger = read_ledger_as_of(CLOSING - timedelta(days=30))
    assert (len(ledger.subject_ids), len(ledger.metric_ids)) == (0, 0)


def test_explaining_costs_few_queries(clock: Any) -> None:
    close_month(APRIL, by=None)
    clock.shift(timedelta(days=1))
    close_month(MAY, by=None)
    subject = Subject.objects.get(code="ORG")
    counts = []
    for month, against in ((JUNE, MAY), (MAY, APRIL), (APRIL, MARCH), (JUNE, JUNE.plus(-1))):
        with CaptureQueriesContext(connection) as queries:
            explain(subject, month, against=against)
        counts.append(len(queries))
    assert max(counts) <= 12, counts
