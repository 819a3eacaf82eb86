"""Curves of single subjects, and exemptions: seen before they are saved, kept with their reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from metrics.choices import Band
from metrics.models import CurveOverride, Exemption, MetricDefinition
from projects.models import Project, Subject
from projects.months import BEGINNING, Month
from projects.operations.versions import version_of
from tests.dashboards.reading import MARCH, TODAY, ClientOf, assert_costs_no_more, plain, read
from tests.factories import (
    CurveOverrideFactory,
    ExemptionFactory,
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
)

pytestmark = pytest.mark.django_db

OVERRIDES = "/metrics/defects/overrides/"
EXEMPTIONS = "/metrics/defects/exemptions/"


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def lead(pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


@pytest.fixture
def metric() -> MetricDefinition:
    OrganisationFactory()
    metric = MetricFactory(code="defects", name="Defects")
    ScorecardLineFactory(scorecard=ScorecardFactory(is_default=True), metric=metric)
    return metric


@pytest.fixture
def project(metric: MetricDefinition) -> Project:
    project = ProjectFactory(name="Apollo")
    MeasurementFactory(metric=metric, subject=project, value=80)
    return project


def curve_sent(project: Subject, **changed: Any) -> dict[str, Any]:
    return {
        "subject": project.pk,
        "from_month": "2026-02",
        "curve_value": ["0", "100"],
        "curve_score": ["100", "0"],
        "step": "check",
        "seen": "0",
    } | changed


def exemption_sent(project: Project, **changed: Any) -> dict[str, Any]:
    return {
        "subject": project.pk,
        "from_month": "",
        "until_month": "",
        "reason": "It delivers words.",
        "step": "check",
        "seen": "0",
    } | changed


def test_a_curve_of_ones_own_shows_its_effect_and_is_saved_with_the_reason(
    lead: Client, pmo_lead: User, project: Project
) -> None:
    shown = lead.post(f"{OVERRIDES}new/", curve_sent(project))
    words = plain(shown.content.decode())
    assert "Subject Apollo From month February 2026 Curve 0 scores 100, 100 scores 0" in words
    [row] = [row for row in shown.context["effects"].main_rows if row.subject.name == "Apollo"]
    assert (row.overall.before.score, row.overall.after.score) == (80.0, 20.0)
    assert not CurveOverride.objects.exists()
    saved = lead.post(f"{OVERRIDES}new/", curve_sent(project, step="save", why="A small team."))
    assert saved["Location"] == "/metrics/defects/"
    override = CurveOverride.objects.get()
    assert (override.subject_id, override.from_month) == (project.pk, Month.parse("2026-02"))
    assert override.curve == [[0.0, 100.0], [100.0, 0.0]]
    record = override.history.get()
    assert (record.history_user, record.history_change_reason) == (pmo_lead, "A small team.")


def test_the_editor_draws_the_chosen_subjects_value_alone(
    lead: Client, metric: MetricDefinition, project: Project
) -> None:
    MeasurementFactory(metric=metric, subject=ProjectFactory(), value=10)
    page = read(lead, f"{OVERRIDES}new/?subject={project.pk}")
    assert page.context["editor"].bands == (
        (Band.GREEN, 1, 1),
        (Band.AMBER, 0, 0),
        (Band.RED, 0, 0),
    )
    answer = lead.post(
        f"{OVERRIDES}new/",
        curve_sent(project, step="draw"),
        headers={"HX-Request": "true", "HX-Target": "curve-drawing"},
    )
    assert "Green 0 1 Amber 0 0 Red 1 0" in plain(answer.content.decode())


def test_only_subjects_of_the_metrics_kind_are_offered(lead: Client, project: Project) -> None:
    segment = SegmentFactory()
    for address in (OVERRIDES, EXEMPTIONS):
        form = lead.get(f"{address}new/").context["form"]
        assert list(form.fields["subject"].queryset.values_list("code", flat=True)) == [
            project.code
        ]
    answer = lead.post(f"{OVERRIDES}new/", curve_sent(segment))
    assert answer.status_code == 422
    assert "That choice is not one of the available choices." in plain(answer.content.decode())


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"curve_value": ["", ""], "curve_score": ["", ""]}, "this one has none."),
        ({"from_month": "2026"}, '"2026" is not a month; write it like 2026-03.'),
        (
            {"curve_score": ["0", "120"]},
            "Point 2: the score 120 is not between 0 and 100.",
        ),
    ],
)
def test_an_override_that_makes_no_sense_is_refused(
    lead: Client, project: Project, changed: dict[str, Any], sentence: str
) -> None:
    answer = lead.post(f"{OVERRIDES}new/", curve_sent(project, **changed))
    assert answer.status_code == 422
    assert sentence in plain(answer.content.decode())


def test_a_second_override_from_the_same_month_is_refused(
    lead: Client, metric: MetricDefinition, project: Project
) -> None:
    CurveOverrideFactory(metric=metric, subject=project, from_month=Month.parse("2026-02"))
    answer = lead.post(f"{OVERRIDES}new/", curve_sent(project))
    assert answer.status_code == 422
    assert "already exists" in plain(answer.content.decode())
    assert CurveOverride.objects.count() == 1


def test_an_override_is_changed_and_removed_with_its_effect_seen(
    lead: Client, metric: MetricDefinition, project: Project
) -> None:
    override = CurveOverrideFactory(metric=metric, subject=project)
    address = f"{OVERRIDES}{override.pk}/"
    seen = version_of(override)
    shown = lead.post(address, curve_sent(project, from_month="2026-03", seen=seen))
    assert shown.status_code == 302  # nothing was changed
    shown = lead.post(address, curve_sent(project, from_month="2026-01", seen=seen))
    assert "From month before: March 2026 → after: January 2026" in plain(shown.content.decode())
    lead.post(
        address,
        curve_sent(project, from_month="2026-01", seen=seen, step="save", why="It began then."),
    )
    override.refresh_from_db()
    assert str(override.from_month) == "2026-01"
    shown = lead.get(f"{address}delete/")
    [row] = [row for row in shown.context["effects"].main_rows if row.subject.name == "Apollo"]
    assert (row.overall.before.score, row.overall.after.score) == (20.0, 80.0)
    assert CurveOverride.objects.exists()
    assert lead.post(f"{address}delete/", {"step": "save", "why": ""}).status_code == 422
    lead.post(f"{address}delete/", {"step": "save", "why": "It has grown."})
    assert not CurveOverride.objects.exists()
    assert CurveOverride.history.latest().history_change_reason == "It has grown."


def test_the_second_of_two_people_is_told(
    lead: Client, metric: MetricDefinition, project: Project
) -> None:
    override = CurveOverrideFactory(metric=metric, subject=project)
    seen = version_of(override)
    override.curve = [[0.0, 50.0], [1.0, 60.0]]
    override.save()
    answer = lead.post(
        f"{OVERRIDES}{override.pk}/", curve_sent(project, seen=seen, step="save", why="Mine.")
    )
    assert answer.status_code == 422
    assert "Nothing of yours is saved" in plain(answer.content.decode())
    override.refresh_from_db()
    assert override.curve == [[0.0, 50.0], [1.0, 60.0]]


def test_an_exemption_shows_its_effect_and_is_saved(lead: Client, project: Project) -> None:
    shown = lead.post(f"{EXEMPTIONS}new/", exemption_sent(project))
    words = plain(shown.content.decode())
    assert "Subject Apollo From month the beginning Reason It delivers words." in words
    assert shown.context["form"].initial == {"why": "It delivers words."}
    assert not shown.context["effects"].is_empty
    lead.post(f"{EXEMPTIONS}new/", exemption_sent(project, step="save", why="It delivers words."))
    exemption = Exemption.objects.get()
    assert (exemption.from_month, exemption.until_month) == (BEGINNING, None)
    assert exemption.reason == "It delivers words."


def test_an_exemption_is_ended_with_a_last_month(
    lead: Client, metric: MetricDefinition, project: Project
) -> None:
    exemption = ExemptionFactory(metric=metric, subject=project, reason="Words.")
    address = f"{EXEMPTIONS}{exemption.pk}/"
    form = lead.get(f"{address}?end=1").context["form"]
    assert form["until_month"].value() == str(MARCH)
    assert form["from_month"].value() in (None, "")
    assert lead.get(address).context["form"]["until_month"].value() is None
    lead.post(
        address,
        exemption_sent(
            project,
            until_month="2026-03",
            reason="Words.",
            seen=version_of(exemption),
            step="save",
            why="It builds now.",
        ),
    )
    exemption.refresh_from_db()
    assert (exemption.from_month, str(exemption.until_month)) == (BEGINNING, "2026-03")


def test_an_exemption_ends_no_earlier_than_it_begins_and_says_why(
    lead: Client, project: Project
) -> None:
    answer = lead.post(
        f"{EXEMPTIONS}new/",
        exemption_sent(project, from_month="2026-03", until_month="2026-02", reason=""),
    )
    words = plain(answer.content.decode())
    assert answer.status_code == 422
    assert "It ends in 2026-02, before it begins in 2026-03; end it in 2026-03 or later." in words
    assert "This field is required." in words


def test_an_exemption_is_removed_as_if_nothing_had_been_agreed(
    lead: Client, metric: MetricDefinition, project: Project
) -> None:
    exemption = ExemptionFactory(metric=metric, subject=project)
    address = f"{EXEMPTIONS}{exemption.pk}/delete/"
    assert "It has no customers yet." in plain(lead.get(address).content.decode())
    lead.post(address, {"step": "save", "why": "It was a slip."})
    assert not Exemption.objects.exists()


def test_what_belongs_to_another_metric_is_not_found_here(lead: Client, project: Project) -> None:
    override, exemption = CurveOverrideFactory(), ExemptionFactory()
    for address in (
        f"{OVERRIDES}{override.pk}/",
        f"{OVERRIDES}{override.pk}/delete/",
        f"{EXEMPTIONS}{exemption.pk}/",
        f"{EXEMPTIONS}{exemption.pk}/delete/",
    ):
        assert lead.get(address).status_code == 404


@pytest.mark.parametrize("address", [f"{OVERRIDES}new/", f"{EXEMPTIONS}new/"])
def test_the_forms_cost_the_same_however_many_subjects_there_are(
    lead: Client, metric: MetricDefinition, address: str
) -> None:
    def grow() -> None:
        for _ in range(4):
            MeasurementFactory(metric=metric, subject=ProjectFactory())

    assert_costs_no_more(lead, address, grow)
