"""Two people at one definition, and one who only tries while another saves: with real connections.

On PostgreSQL, where transactions run side by side, and on SQLite, where one waits for the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, installed
from tests.metrics.test_at_once import tell

pytestmark = pytest.mark.worker  # processes and databases of its own

COMPANY = """
import copy
from django.contrib.auth.models import User
from metrics import effects
from metrics.effects import effects_of_change
from metrics.operations import scorecards
from metrics.operations.definitions import save_exemption, save_metric, save_override
from metrics.operations.keeping import SubjectVersion, keep_offer, keep_subject
from metrics.operations.scorecards import save_line, save_scorecard_with_lines
from projects.operations import versions
from projects.operations.versions import not_overtaken, version_of

ann, bob = [User.objects.create(username=name) for name in ("ann", "bob")]
Organisation.objects.create(code="ORG", name="Company")
segment = Segment.objects.create(code="S", name="Segment")
service = Service.objects.create(code="V", name="Service")
offer = Offer.objects.create(service=service, segment=segment)
MetricDefinition.objects.update(curve=[[0.0, 0.0], [10.0, 100.0]])
metric = MetricDefinition.objects.get()
other = MetricDefinition.objects.create(code="o", name="Other", category="tactical",
    subject_kind="project", cadence="month", curve=[[0.0, 0.0], [10.0, 100.0]])
card = Scorecard.objects.create(code="C", name="Card", subject_kind="project", is_default=True,
    overall="geometric", min_coverage=0.5, min_categories=1, amber_from=50.0, green_from=75.0)
lines = [ScorecardLine.objects.create(scorecard=card, metric=row) for row in (metric, other)]
override = CurveOverride.objects.create(
    metric=metric, subject=project, from_month=last_month, curve=[[0.0, 0.0], [5.0, 100.0]])
exemption = Exemption.objects.create(metric=other, subject=project, reason="Agreed.",
    from_month=last_month.plus(-3), until_month=last_month.plus(-2))
for row, value in ((metric, 4.0), (other, 2.0)):
    record_measurement(metric=row, subject=project, period=period, value=value, by=None,
        door=Door.FORM)
"""

TWO_PEOPLE = """
def of_row(row, save):
    def change(field, value, by):
        mine, seen = type(row).objects.get(pk=row.pk), version_of(row)
        setattr(mine, field, value)
        def act():
            with not_overtaken(mine, seen):
                save(mine, by=by, reason="Mine.")
        return act
    return change

def of_subject(field, value, by):
    mine, seen = Project.objects.get(pk=project.pk), SubjectVersion.of(project)
    setattr(mine, field, value)
    # A scorecard of its own in the same form: both are saved, or neither.
    given = card if by == ann else None
    return lambda: keep_subject(mine, scorecard=given, seen=seen, by=by, reason="Mine.")

def of_offer(field, value, by):
    mine, seen = Offer.objects.get(pk=offer.pk), version_of(offer)
    setattr(mine, field, value)
    return lambda: keep_offer(mine, seen=seen, by=by, reason="Mine.")

def of_card(field, value, by):
    mine, seen = Scorecard.objects.get(pk=card.pk), scorecards.version_of(card)
    setattr(mine, field, value)
    return lambda: save_scorecard_with_lines(mine, seen=seen, by=by, reason="Mine.",
        weights={metric.pk: value, other.pk: value + 1.0})

stories = {}
slowly(versions, "refuse_if_overtaken", 0.2)
slowly(scorecards, "version_of", 0.2)
for name, row, change, field, values in (
    ("metric", metric, of_row(metric, save_metric), "unit", ("ann", "bob")),
    ("curve", metric, of_row(metric, save_metric), "grace_months", (1, 2)),
    ("override", override, of_row(override, save_override), "curve",
        ([[0.0, 0.0], [6.0, 100.0]], [[0.0, 0.0], [7.0, 100.0]])),
    ("exemption", exemption, of_row(exemption, save_exemption), "reason", ("ann", "bob")),
    ("subject", project, of_subject, "weight", (2.0, 3.0)),
    ("offer", offer, of_offer, "weight", (2.0, 3.0)),
    ("scorecard", card, of_card, "weight_tactical", (2.0, 3.0)),
):
    records = type(row).history.model.objects
    before = records.count()
    acts = [change(field, value, by) for value, by in zip(values, (ann, bob))]
    refused = together(*acts)
    row.refresh_from_db()
    winner = values.index(getattr(row, field))
    stories[name] = [
        ("ann", "bob")[winner],
        [sentence.split(" on ")[0].split(" (")[0] for sentence in refused],
        records.count() - before,
        records.order_by("-history_id").first().history_user.username,
    ]
stories["its own card"] = [stories["subject"][0], ScorecardAssignment.objects.count()]
stories["lines"] = [stories["scorecard"][0],
    list(ScorecardLine.objects.order_by("metric__code").values_list("weight", flat=True))]
print(json.dumps(stories))
"""


@pytest.fixture
def installation(tmp_path: Path, postgres_url: str) -> Iterator[Installation]:
    with installed(tmp_path, postgres_url) as new:
        yield new


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path, f"sqlite:///{tmp_path / 'portal.sqlite3'}") as new:
        yield new


both = pytest.mark.parametrize("database", ["installation", "on_sqlite"])


@both
def test_of_two_who_save_the_same_definition_one_is_told_and_nothing_is_half_saved(
    database: str, request: pytest.FixtureRequest
) -> None:
    stories = tell(request.getfixturevalue(database), COMPANY + TWO_PEOPLE)
    own_card, lines = stories.pop("its own card"), stories.pop("lines")
    for name, (winner, told, records, signed) in stories.items():
        # The other one is told once, and the winner's is the only new record.
        assert (name, len(told), records, signed) == (name, 1, 1, winner)
        assert winner in told[0] or told[0].startswith("Somebody else just changed"), name
    assert own_card in [["ann", 1], ["bob", 0]]
    assert lines in [["ann", [2.0, 3.0]], ["bob", [3.0, 4.0]]]


TRIED = """
CurveOverride.objects.all().delete()

def steeper(by=None):
    changed = MetricDefinition.objects.get(pk=metric.pk)
    changed.curve = [[0.0, 0.0], [20.0, 100.0]]
    return save_metric(changed, by=by, reason="Tried.")

def told(effects):
    return [[row.subject.code, str(row.month), shift.score_before, shift.score_after]
        for row in effects.rows for shift in row.moved_categories]

def state():
    return [list(MetricDefinition.objects.order_by("code").values_list("code", "unit", "curve")),
        MetricDefinition.history.count(), RescoreNeed.objects.count()]

started, saved = threading.Event(), threading.Event()

def while_tried(module, name, call, save):
    \"\"\"Somebody saves as soon as the function is called for that time; whether it could.\"\"\"
    quick, calls, could = getattr(module, name), [], []
    def slow(*given, **named):
        calls.append(name)
        if len(calls) == call:
            started.set()
            could.append(saved.wait(3))
        return quick(*given, **named)
    setattr(module, name, slow)
    found = []
    def save_then():
        started.wait(5)
        save()
        saved.set()
    refused = together(lambda: found.append(effects_of_change(steeper)), save_then)
    setattr(module, name, quick)
    started.clear()
    saved.clear()
    return could, [told(each) for each in found], refused
"""


@both
def test_a_trial_leaves_nothing_behind_and_nobody_waits_while_it_is_scored(
    database: str, request: pytest.FixtureRequest
) -> None:
    alone, could, during, refused, before, after = tell(
        request.getfixturevalue(database),
        COMPANY
        + TRIED
        + """
alone = told(effects_of_change(steeper))
before = state()
def rename():
    changed = MetricDefinition.objects.get(pk=metric.pk)  # the very row that is tried
    changed.unit = "pieces"
    save_metric(changed, by=ann)
could, during, refused = while_tried(effects, "_compared", 1, rename)
print(json.dumps([alone, could, during, refused, before, state()]))
""",
    )
    assert alone
    assert could == [True]
    assert during == [alone]
    assert refused == []
    definitions, records, needs = before
    definitions = [[code, "pieces" if code == "m" else unit, c] for code, unit, c in definitions]
    assert after == [definitions, records + 1, needs]


def test_the_rows_of_a_trial_are_free_again_before_the_state_without_it_is_read(
    installation: Installation,
) -> None:
    could, during, refused, curve = tell(
        installation,
        COMPANY
        + TRIED
        + """
def rename():
    changed = MetricDefinition.objects.get(pk=metric.pk)
    changed.unit = "pieces"
    save_metric(changed, by=ann)
could, during, refused = while_tried(effects, "_read_side", 2, rename)
print(json.dumps([could, len(during), refused, MetricDefinition.objects.get(code="m").curve]))
""",
    )
    assert (could, during, refused, curve) == ([True], 1, [], [[0.0, 0.0], [10.0, 100.0]])


@pytest.mark.parametrize("call", [1, 2])
def test_what_somebody_saves_meanwhile_is_on_neither_side_of_a_trial(
    installation: Installation, call: int
) -> None:
    before, could, during, refused, after = tell(
        installation,
        COMPANY
        + TRIED
        + f"""
before = told(effects_of_change(steeper))
def correct():
    record_measurement(metric=other, subject=project, period=period, value=9.0, by=None,
        door=Door.FORM)
could, during, refused = while_tried(effects, "_read_side", {call}, correct)
print(json.dumps([before, could, during, refused, told(effects_of_change(steeper))]))
""",
    )
    # The first time the change still holds what it marked for rescoring, the second time no more.
    assert could == [call == 2]
    assert before != after
    assert (during, refused) == ([before], [])


def test_a_trial_of_what_somebody_saves_meanwhile_is_made_again_from_what_stands_then(
    installation: Installation,
) -> None:
    before, could, during, refused, after = tell(
        installation,
        COMPANY
        + TRIED
        + """
before = told(effects_of_change(steeper))
def flatter():
    changed = MetricDefinition.objects.get(pk=metric.pk)
    changed.time_aggregation, changed.curve = "sum", [[0.0, 100.0], [40.0, 0.0]]
    save_metric(changed, by=ann)
could, during, refused = while_tried(effects, "read_ledger", 1, flatter)
print(json.dumps([before, could, during, refused, told(effects_of_change(steeper))]))
""",
    )
    assert could == [True]
    assert before != after
    assert (during, refused) == ([after], [])
