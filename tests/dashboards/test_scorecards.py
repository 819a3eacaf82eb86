"""Scorecards: what is rewarded, and changing that with its effect shown first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from metrics.choices import Perspective, RunTrigger
from metrics.models import RescoreNeed, Scorecard, ScorecardLine
from metrics.operations.runs import score_now
from metrics.operations.scorecards import save_scorecard_with_lines, version_of
from metrics.workspace import load_workspace
from projects.choices import SubjectKind
from projects.models import Subject
from tests.dashboards.reading import ClientOf, assert_costs_no_more, read
from tests.factories import (
    MetricFactory,
    ProjectFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
    ScorecardLineFactory,
)
from tests.tables import table, waiting

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EDIT = "/scorecards/SC-PRJ/edit/"


@pytest.fixture(autouse=True)
def in_july() -> Iterator[None]:
    with time_machine.travel("2026-07-10T09:00:00Z", tick=False):
        yield


@pytest.fixture
def worked(db: None) -> None:
    load_workspace(EXAMPLES / "worked")
    score_now(trigger=RunTrigger.LOAD)


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


@pytest.fixture
def lead(pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


def filled(client: Client, address: str = EDIT, **changes: str) -> dict[str, str]:
    """What the form would send as it stands, with changes."""
    page = client.get(address)
    form = page.context["form"]
    sent = {field.html_name: field.value() for field in form}
    sent |= {line.name: line.text for _, lines in form.sections for line in lines}
    sent["version"] = page.context["version"]
    kept = {name: str(value) for name, value in sent.items() if value not in (None, False)}
    return kept | changes


def lines_of(code: str = "SC-PRJ") -> dict[str, float]:
    rows = ScorecardLine.objects.filter(scorecard__code=code)
    return dict(rows.values_list("metric__code", "weight"))


def test_everybody_reads_and_keepers_edit(
    worked: None,
    executive: User,
    analyst: User,
    pmo_lead: User,
    outsider: User,
    client_of: ClientOf,
) -> None:
    for person in (executive, analyst, pmo_lead):
        for address in ("/scorecards/", "/scorecards/SC-PRJ/"):
            assert client_of(person).get(address).status_code == 200
    assert client_of(outsider).get("/scorecards/").status_code == 403
    for address in (EDIT, "/new/scorecard/", "/scorecards/SC-PRJ/delete/"):
        for person in (executive, analyst, outsider):
            assert client_of(person).get(address).status_code == 403
            assert client_of(person).post(address, {"name": "x"}).status_code == 403
        assert client_of(pmo_lead).get(address).status_code == 200
    assert client_of(executive).get("/scorecards/NOBODY/").status_code == 404


def test_a_scorecard_tells_its_lines_and_what_they_decide(worked: None, reader: Client) -> None:
    page = read(reader, "/scorecards/SC-PRJ/").context["page"]
    card = page.card
    used_by = Subject.objects.filter(kind=SubjectKind.PROJECT, scorecard_assignment=None).count()
    assert (page.usage.by_default, page.usage.assigned) == (used_by, 0)
    for part in page.categories:
        if part.lines:
            assert sum(line.of_category for line in part.lines) == pytest.approx(1.0)
    # 3 of 4 shares are the own lines', the rest is its engagements'.
    assert sum(part.share for part in page.categories) == pytest.approx(1.0)
    told = {group.group: group.of_all for group in page.groups}
    assert told == {"own": 0.75, "engagements": 0.25}
    assert card.code == "SC-PRJ"


@pytest.mark.parametrize(
    ("business", "customer", "warns"), [(2.0, 1.0, True), (1.0, 1.0, False), (1.0, 2.0, False)]
)
def test_a_scorecard_that_is_mostly_business_is_warned_of(
    reader: Client, business: float, customer: float, warns: bool
) -> None:
    card = ScorecardFactory(code="card")
    for perspective, weight in ((Perspective.BUSINESS, business), (Perspective.CUSTOMER, customer)):
        metric = MetricFactory(perspective=perspective)
        ScorecardLineFactory(scorecard=card, metric=metric, weight=weight)
    for address in ("/scorecards/card/", "/scorecards/"):
        words = read(reader, address).words
        assert ("Metrics of the business perspective hold" in words) is warns


def test_the_effect_is_shown_before_a_change_is_saved_and_then_a_reason_asked(
    worked: None, lead: Client, pmo_lead: User
) -> None:
    before = lines_of()
    sent = filled(lead, weight_tactical="9", **{"line-fix_days": ""})
    page = lead.post(EDIT, sent)
    assert page.status_code == 200
    assert "dashboards/_change_effects.html" in {template.name for template in page.templates}
    assert lines_of() == before
    assert not RescoreNeed.objects.exists()
    refused = lead.post(EDIT, {**sent, "step": "save", "why": ""})
    assert refused.status_code == 422
    assert "Say why" in refused.content.decode()
    saved = lead.post(EDIT, {**sent, "step": "save", "why": "Speed is not all."})
    assert saved.status_code == 302
    assert lines_of() == {code: weight for code, weight in before.items() if code != "fix_days"}
    assert Scorecard.objects.get(code="SC-PRJ").weight_tactical == 9
    assert table(
        Scorecard.history.filter(code="SC-PRJ", history_type="~"),
        "history_user__username",
        "history_change_reason",
    ) == [("pmo_lead", "Speed is not all.")]
    assert "PRJ-ONBOARD" in waiting()
    assert "Speed is not all." in read(lead, "/scorecards/SC-PRJ/").words


def test_numbers_are_shown_as_people_write_them_and_untouched_ones_change_nothing(
    worked: None, lead: Client
) -> None:
    Scorecard.objects.filter(code="SC-PRJ").update(weight_tactical=2.0, amber_from=47.5)
    html = lead.get(EDIT).content.decode()
    for name, text in (("weight_tactical", "2"), ("amber_from", "47.5")):
        assert f'name="{name}" value="{text}"' in html
    looked = lead.post(EDIT, filled(lead, weight_tactical="2", name="Another name"))
    assert looked.status_code == 302  # only a text has changed


def test_another_name_alone_is_saved_at_once(worked: None, lead: Client) -> None:
    assert lead.post(EDIT, filled(lead, name="Projects")).status_code == 302
    assert Scorecard.objects.get(code="SC-PRJ").name == "Projects"
    assert not RescoreNeed.objects.exists()


def test_back_to_editing_keeps_what_was_typed(worked: None, lead: Client) -> None:
    page = lead.post(EDIT, {**filled(lead, weight_tactical="9"), "step": "back"})
    assert page.status_code == 200
    assert page.context["form"]["weight_tactical"].value() == "9"


def test_the_second_of_two_editors_is_told(worked: None, lead: Client, administrator: User) -> None:
    sent = filled(lead, weight_tactical="9")
    card = Scorecard.objects.get(code="SC-PRJ")
    weights = dict(card.lines.values_list("metric_id", "weight"))
    key = min(weights)
    with time_machine.travel("2026-07-10T09:05:00Z", tick=False):
        save_scorecard_with_lines(card, weights={**weights, key: 77.0}, by=administrator)
    for step in ({}, {"step": "save", "why": "because"}):
        page = lead.post(EDIT, {**sent, **step})
        assert page.status_code == 422
        words = page.content.decode()
        assert "Meanwhile administrator changed" in words
        assert "Start again from what stands now" in words
    assert Scorecard.objects.get(code="SC-PRJ").weight_tactical != 9
    assert card.lines.get(metric=key).weight == 77.0


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"line-fix_days": "much"}, "much&quot; is not a number"),
        ({"line-fix_days": "-1"}, "-1 is no weight"),
        ({"line-nothing": "1"}, "nothing&quot; can&#x27;t stand on this scorecard"),
        ({"amber_from": "80", "green_from": "70"}, "Amber begins at 80, above green at 70"),
        ({"min_coverage": "2"}, "2"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_saved(
    worked: None, lead: Client, changes: dict[str, str], sentence: str
) -> None:
    before = version_of(Scorecard.objects.get(code="SC-PRJ"))
    page = lead.post(EDIT, filled(lead) | changes)
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert version_of(Scorecard.objects.get(code="SC-PRJ")) == before


def test_a_copy_has_the_lines_and_another_code(worked: None, lead: Client) -> None:
    address = "/new/scorecard/?copy=SC-PRJ"
    sent = filled(lead, address, code="SC-COPY")
    assert lead.post(address, sent).status_code == 302
    copied = Scorecard.objects.get(code="SC-COPY")
    assert lines_of("SC-COPY") == lines_of()
    assert (copied.is_default, copied.subject_kind) == (False, SubjectKind.PROJECT)
    assert not RescoreNeed.objects.exists()  # nobody uses it yet


def test_a_scorecard_in_use_is_not_deleted(worked: None, lead: Client) -> None:
    card = Scorecard.objects.get(code="SC-LITE")
    ScorecardAssignmentFactory(subject=ProjectFactory(), scorecard=card)
    page: Any = lead.get(f"/scorecards/{card.code}/delete/", follow=True)
    assert "Give" in page.content.decode()
    assert Scorecard.objects.filter(pk=card.pk).exists()


def test_deleting_shows_what_becomes_of_the_scores_first(worked: None, lead: Client) -> None:
    address = "/scorecards/SC-CUS/delete/"
    assert "customers" in lead.get(address).content.decode()
    assert Scorecard.objects.filter(code="SC-CUS").exists()
    assert lead.post(address, {"step": "save", "why": "No longer"}).status_code == 302
    assert not Scorecard.objects.filter(code="SC-CUS").exists()


def test_an_empty_portal_has_no_scorecards_and_says_so(db: None, reader: Client) -> None:
    assert "No scorecard yet" in read(reader, "/scorecards/").words


def test_queries_do_not_grow_with_lines_and_users(reader: Client) -> None:
    card = ScorecardFactory(code="card", is_default=True)

    def grow() -> None:
        for _ in range(4):
            ScorecardLineFactory(scorecard=card)
            ScorecardLineFactory(scorecard=ScorecardFactory())
            ProjectFactory()

    grow()
    assert_costs_no_more(reader, "/scorecards/", grow)
    assert_costs_no_more(reader, "/scorecards/card/", grow)


def test_the_editor_costs_few_queries(lead: Client) -> None:
    card = ScorecardFactory(code="card")

    def grow() -> None:
        for _ in range(4):
            ScorecardLineFactory(scorecard=card)

    assert_costs_no_more(lead, "/scorecards/card/edit/", grow)
