"""What a change would do, told before it is saved: just what is stored after it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from metrics.choices import Band, Category, Door, RunTrigger
from metrics.effects import MEASURES, ChangeEffects, effects_of_change
from metrics.models import MetricDefinition, RescoreNeed, Score, Scorecard
from metrics.models.scores import Measure
from metrics.operations.definitions import save_metric
from metrics.operations.measurements import delete_measurement
from metrics.operations.months import close_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.operations.scorecards import save_scorecard
from metrics.workspace import load_workspace
from projects.choices import SubjectKind
from projects.models import Project, Subject
from projects.months import Month
from projects.operations.subjects import delete_subject, save_subject
from tests.database_changes import perform
from tests.factories import (
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
)
from tests.oracle import Workspace, write_workspace
from tests.strategies import SMALL, changes, workspaces

TODAY = datetime(2025, 11, 15, 12, tzinfo=UTC)
NOW = datetime(2026, 4, 10, 9, tzinfo=UTC)
FEBRUARY, MARCH = Month.parse("2026-02"), Month.parse("2026-03")

TACTICAL_ONLY: dict[str, Any] = {
    "weight_value_creation": 0.0,
    "weight_longevity": 0.0,
    "weight_financial": 0.0,
}

Standing = dict[tuple[str, Month], dict[str, Measure | None]]

quick = settings(
    max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def stored() -> Standing:
    """Every stored score by subject and month."""
    return {
        (row.subject.code, Month(row.month)): {
            "overall": row.overall,
            **{category: row.category(category) for category in Category.values},
        }
        for row in Score.objects.select_related("subject")
    }


def is_same(one: Measure | None, other: Measure | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.band, one.score is None) == (other.band, other.score is None) and (
        one.score == pytest.approx(other.score, abs=1e-9)
        and one.coverage == pytest.approx(other.coverage, abs=1e-9)
    )


def moved(before: Standing, after: Standing) -> set[tuple[str, Month]]:
    nothing = dict.fromkeys(MEASURES)
    return {
        key
        for key in before.keys() | after.keys()
        if not all(
            is_same(before.get(key, nothing)[measure], after.get(key, nothing)[measure])
            for measure in MEASURES
        )
    }


def assert_tells(effects: ChangeEffects, before: Standing, after: Standing) -> None:
    """The rows are just those that differ, and say what stands on both sides."""
    nothing = dict.fromkeys(MEASURES)
    told = {(row.subject.code, row.month): row for row in effects.rows}
    assert told.keys() == moved(before, after)
    for key, row in told.items():
        for shift in (row.overall, *row.categories):
            assert is_same(shift.before, before.get(key, nothing)[shift.measure]), (key, shift)
            assert is_same(shift.after, after.get(key, nothing)[shift.measure]), (key, shift)
    assert sum(month.moved for month in effects.months) == len(told)
    assert sum(month.rebanded for month in effects.months) == sum(
        row.overall.changes_band for row in effects.rows
    )


def everything() -> dict[str, list[Any]]:
    """All rows of all tables of the portal's own."""
    with connection.cursor() as cursor:
        names = [
            name
            for name in connection.introspection.table_names(cursor)
            if name.startswith(("metrics_", "projects_"))
        ]
        rows: dict[str, list[Any]] = {}
        for name in sorted(names):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            rows[name] = sorted(cursor.fetchall(), key=str)
    return rows


def load(workspace: Workspace) -> None:
    with TemporaryDirectory() as folder:
        write_workspace(workspace, folder)
        load_workspace(Path(folder))


class EffectsOfAnyChange(TestCase):
    """Hypothesis makes a transaction of its own for every example here."""

    @quick
    @given(workspace=workspaces(SMALL), data=st.data())
    def test_the_effect_told_is_what_is_stored_once_the_change_is_saved(
        self, workspace: Workspace, data: Any
    ) -> None:
        with time_machine.travel(TODAY, tick=False):
            load(workspace)
            if data.draw(st.booleans(), "scored before"):
                answer_all_needs()
            several = data.draw(changes(workspace), "changes")
            note(str(several))

            def change() -> None:
                for each in several:
                    perform(each)

            untouched = everything()
            effects = effects_of_change(change, months_in_detail=1000)
            assert everything() == untouched
            answer_all_needs()
            before = stored()
            change()
            answer_all_needs()
            assert_tells(effects, before, stored())


@pytest.fixture
def company(db: None) -> Iterator[None]:
    """Three projects with values 40, 60 and 90, that are their scores, from January to March."""
    with time_machine.travel(NOW, tick=False):
        OrganisationFactory(code="ORG")
        portfolio = PortfolioFactory(code="F")
        metric = MetricFactory(code="m")
        card = ScorecardFactory(code="projects", is_default=True, **TACTICAL_ONLY)
        ScorecardLineFactory(scorecard=card, metric=metric)
        ScorecardFactory(
            code="portfolios",
            subject_kind="portfolio",
            is_default=True,
            share_own=0.0,
            share_projects=1.0,
            **TACTICAL_ONLY,
        )
        for code, value in (("A", 40.0), ("B", 60.0), ("C", 90.0)):
            project = ProjectFactory(code=code, portfolio=portfolio)
            for period in ("2026-01", "2026-02", "2026-03"):
                MeasurementFactory(metric=metric, subject=project, period=period, value=value)
        score_now(trigger=RunTrigger.COMMAND)
        yield


def stricter(green_from: float = 95.0) -> Callable[[], object]:
    def change() -> None:
        card = Scorecard.objects.get(code="projects")
        card.green_from = green_from
        save_scorecard(card, by=None)

    return change


def halved() -> None:
    metric = MetricDefinition.objects.get(code="m")
    metric.curve = [[0.0, 0.0], [100.0, 50.0]]
    save_metric(metric, by=None)


def test_tells_how_many_of_a_kind_change_band_and_to_which(company: None) -> None:
    effects = effects_of_change(halved)
    main = effects.main_month
    assert main is not None
    assert main.month == MARCH
    assert [(c.kind, c.measured, c.moved, dict(c.bands)) for c in main.kinds] == [
        (SubjectKind.PORTFOLIO, 1, 1, {Band.RED: 1}),
        (SubjectKind.PROJECT, 3, 3, {Band.RED: 2}),
    ]
    assert [effect.month for effect in effects.months] == [MARCH, FEBRUARY, FEBRUARY.plus(-1)]


def test_changes_of_band_come_first_and_then_the_largest(company: None) -> None:
    rows = effects_of_change(halved).main_rows
    told = [(row.subject.code, row.overall.changes_band) for row in rows]
    assert told == [("C", True), ("F", True), ("B", True), ("A", False)]
    assert [row.overall.change for row in rows] == pytest.approx([-45.0, -95.0 / 3, -30.0, -20.0])


def test_a_limit_changes_bands_and_no_score(company: None) -> None:
    rows = effects_of_change(stricter()).main_rows
    assert [
        (row.subject.code, row.overall.change, row.overall.band_before, row.overall.band_after)
        for row in rows
    ] == [("C", 0.0, Band.GREEN, Band.AMBER)]


def test_closed_months_are_left_as_reported(company: None) -> None:
    close_month(FEBRUARY, by=None)
    effects = effects_of_change(halved)
    assert effects.closed == (FEBRUARY.plus(-1), FEBRUARY)
    assert {row.month for row in effects.rows} == {MARCH}


def test_other_changes_that_wait_to_be_scored_are_not_told_as_this_ones(company: None) -> None:
    halved()
    waiting = list(RescoreNeed.objects.values_list("pk", flat=True))
    rows = effects_of_change(stricter(green_from=60.0)).rows
    assert rows == ()  # with half the score nobody is green either way
    assert list(RescoreNeed.objects.values_list("pk", flat=True)) == waiting


def test_what_the_change_refuses_comes_through_and_nothing_stays(company: None) -> None:
    untouched = everything()

    def two_steps() -> None:
        halved()
        stricter(green_from=20.0)()

    with pytest.raises(ValidationError) as refusal:
        effects_of_change(two_steps)
    assert refusal.value.message_dict == {
        "amber_from": [
            "Amber begins at 50, above green at 20; it begins at green's limit or below."
        ]
    }
    assert everything() == untouched


def test_a_change_of_words_alone_concerns_no_score(company: None) -> None:
    def rename() -> None:
        metric = MetricDefinition.objects.get(code="m")
        metric.name = "Another name"
        save_metric(metric, by=None)

    effects = effects_of_change(rename)
    assert effects.is_empty
    assert (effects.looked_at, effects.main_month, effects.main_rows) == ((), None, ())


def test_a_new_subject_and_one_that_goes_are_told_with_their_names(company: None) -> None:
    spare = ProjectFactory(code="SPARE", name="No values yet")
    score_now(trigger=RunTrigger.COMMAND)

    def exchange() -> None:
        delete_subject(Project.objects.get(pk=spare.pk), by=None)
        save_subject(
            Project(
                code="NEW", name="A new one", portfolio=Project.objects.get(code="A").portfolio
            ),
            by=None,
        )

    rows = {row.subject.code: row for row in effects_of_change(exchange).main_rows}
    new, gone = rows["NEW"], rows["SPARE"]
    assert (new.subject.name, new.overall.before) == ("A new one", None)
    assert (gone.subject.name, gone.overall.after) == ("No values yet", None)
    assert not Subject.objects.filter(code="NEW").exists()
    assert Subject.objects.filter(code="SPARE").exists()


def test_no_worker_is_called_for_what_was_only_tried(
    company: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        effects_of_change(halved)
    assert callbacks == []


def test_more_months_than_can_be_looked_at_are_named_and_not_guessed(company: None) -> None:
    effects = effects_of_change(halved, most_lines=1)
    assert effects.looked_at == (MARCH, FEBRUARY)
    assert effects.left_out == (FEBRUARY.plus(-1),)
    assert {row.month for row in effects.rows} == {MARCH, FEBRUARY}


def test_months_beyond_those_in_detail_are_counted(company: None) -> None:
    effects = effects_of_change(halved, months_in_detail=1)
    assert {row.month for row in effects.rows} == {MARCH}
    assert [(month.month, month.moved) for month in effects.months] == [
        (MARCH, 4),
        (FEBRUARY, 4),
        (FEBRUARY.plus(-1), 4),
    ]


def test_a_value_that_goes_can_be_tried_too(company: None) -> None:
    project = Project.objects.get(code="C")
    row = project.measurements.get(month=MARCH)
    effects = effects_of_change(lambda: delete_measurement(row, by=None, door=Door.FORM))
    assert project.measurements.filter(month=MARCH).exists()
    assert [
        (r.subject.code, r.overall.after.score) for r in effects.main_rows if r.overall.after
    ] == [
        ("C", None),
        ("F", pytest.approx(50.0)),
    ]


def test_the_queries_do_not_grow_with_the_subjects(company: None) -> None:
    counts = []
    for _ in range(3):
        for _ in range(5):
            MeasurementFactory(metric=MetricDefinition.objects.get(code="m"))
        score_now(trigger=RunTrigger.COMMAND)
        with CaptureQueriesContext(connection) as queries:
            effects_of_change(halved)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2], counts
