"""Two people at one value at the same moment: nobody overwrites what they did not see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, installed
from tests.metrics.test_at_once import tell

pytestmark = pytest.mark.worker  # processes and databases of its own

BY = {1.0: "ann", 2.0: "bob", 3.0: "ann", 4.0: "bob"}

PEOPLE = """
from django.contrib.auth.models import User
from metrics.models import DraftMeasurement
from metrics.operations import drafts, entering
from metrics.operations.drafts import approve_draft
from metrics.operations.entering import Seen, enter_value
ann, bob, lea = [User.objects.create(username=name) for name in ("ann", "bob", "lea")]

def give(by, value, seen):
    return lambda: enter_value(metric=metric, subject=project, period=period, value=value,
        by=by, door=Door.GRID, seen=seen)

def told():
    return [[len(refused), sorted({sentence.split(" (")[0] for sentence in refused})],
        list(Measurement.objects.values_list("value", flat=True)),
        MeasurementChange.objects.count(),
        sorted(DraftMeasurement.objects.values_list("value", "state"))]
"""


@pytest.fixture
def installation(tmp_path: Path, postgres_url: str) -> Iterator[Installation]:
    with installed(tmp_path, postgres_url) as new:
        yield new


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path, f"sqlite:///{tmp_path / 'portal.sqlite3'}") as new:
        yield new


@pytest.mark.parametrize("database", ["installation", "on_sqlite"])
def test_of_several_values_one_stands_and_who_gave_another_is_told(
    database: str, request: pytest.FixtureRequest
) -> None:
    stories = tell(
        request.getfixturevalue(database),
        PEOPLE
        + """
slowly(measurements, "stored_rules", 0.1)
refused = together(*(give(ann, 7.0, Seen(None)) for _ in range(3)))
stories = [told()]
Measurement.objects.all().delete()
refused = together(give(ann, 1.0, Seen(None)), give(bob, 2.0, Seen(None)))
stories.append(told())
row = Measurement.objects.get()
slowly(entering, "stored_measurement", 0.1)
refused = together(give(ann, 3.0, Seen.of(row)), give(bob, 4.0, Seen.of(row)))
stories.append(told())
print(json.dumps(stories))
""",
    )
    same, first, correction = stories
    assert same == [[0, []], [7.0], 0, []]  # the same value thrice overwrites nothing
    [value] = first[1]
    assert first == [[1, [f"Meanwhile {BY[value]} gave {value:g}"]], [value], 0, []]
    [value] = correction[1]
    assert correction == [[1, [f"Meanwhile {BY[value]} gave {value:g}"]], [value], 1, []]


def test_of_two_values_that_need_approval_one_waits_and_is_approved_once(
    installation: Installation,
) -> None:
    given, approved = tell(
        installation,
        PEOPLE
        + """
MetricDefinition.objects.update(needs_approval=True)
slowly(entering, "waiting_draft", 0.1)
refused = together(give(ann, 1.0, Seen(None)), give(bob, 2.0, Seen(None)))
stories = [told()]
DraftMeasurement.objects.update(entered_by=ann)
draft = DraftMeasurement.objects.get()
slowly(drafts, "stored_measurement", 0.1)
refused = together(lambda: approve_draft(draft, by=bob), lambda: approve_draft(draft, by=lea))
stories.append(told())
print(json.dumps(stories))
""",
    )
    [[value, _]] = given[3]
    sentence = f"Meanwhile {BY[value]} gave {value:g}, which waits for approval"
    assert given == [[1, [sentence]], [], 0, [[value, "waiting"]]]
    [said] = approved[0][1]
    assert said in [f"It waits no longer: {name} approved it meanwhile." for name in ("bob", "lea")]
    assert approved == [[1, [said]], [value], 0, [[value, "approved"]]]


@pytest.mark.parametrize("database", ["installation", "on_sqlite"])
def test_of_two_who_answer_at_once_both_are_kept_or_told(
    database: str, request: pytest.FixtureRequest
) -> None:
    answers, proposals = tell(
        request.getfixturevalue(database),
        PEOPLE
        + """
from metrics.models import ExemptionProposal, FormerNoValue, NoValue
from metrics.operations import answers
from metrics.operations.answers import propose_exemption, say_no_value

def say(by):
    return lambda: say_no_value(metric=metric, subject=project, period=period, reason="None, says "
        + by.username, by=by)

def propose(by):
    return lambda: propose_exemption(metric=metric, subject=project, by=by, reason="Not of this.")

slowly(answers, "_standing", 0.1)
refused = together(say(ann), say(bob))
stories = [[refused, [sorted(row) for row in (
    NoValue.objects.values_list("said_by__username", flat=True),
    FormerNoValue.objects.values_list("said_by__username", flat=True))]]]
slowly(answers, "_waiting_proposals_of", 0.1)
refused = together(propose(ann), propose(bob))
stories.append([[sentence.split(" proposed")[0] for sentence in refused],
    list(ExemptionProposal.objects.values_list("proposed_by__username", flat=True))])
print(json.dumps(stories))
""",
    )
    refused, [[holds], [held]] = answers
    assert (refused, {holds, held}) == ([], {"ann", "bob"})
    [named], [waits] = proposals
    assert named == waits
