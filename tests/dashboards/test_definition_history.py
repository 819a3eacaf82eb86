"""The history of definitions: who changed what, when, why, from what, to what."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from dashboards.selectors.definition_history import FieldChange, Source, changes_of, changes_page
from metrics.choices import Category
from metrics.models import CurveOverride, Exemption, MetricDefinition, ScorecardLine
from metrics.operations.definitions import (
    delete_metric,
    delete_override,
    save_exemption,
    save_metric,
    save_override,
)
from metrics.operations.scorecards import delete_line, save_line
from projects.models import Engagement
from projects.months import Month
from projects.operations.links import link_project
from projects.operations.subjects import delete_subject, save_subject
from tests.dashboards.reading import plain
from tests.factories import (
    MetricFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
)

pytestmark = pytest.mark.django_db

MARCH = Month.parse("2026-03")


def renewed(metric: MetricDefinition) -> MetricDefinition:
    return MetricDefinition.objects.get(pk=metric.pk)


def test_a_change_tells_who_when_why_and_each_field_in_words(pmo_lead: User) -> None:
    metric = MetricFactory(name="Defects", curve=[[0, 100], [10, 0]])
    metric = renewed(metric)
    metric.category = Category.LONGEVITY
    metric.active_from = MARCH
    metric.needs_approval = True
    metric.curve = [[0.0, 100.0], [2.5, 80.0], [10.0, 0.0]]
    save_metric(metric, by=pmo_lead, reason="Agreed in the board.")
    latest = changes_of(metric)[0]
    assert (latest.by, latest.reason, latest.what) == (
        "pmo_lead",
        "Agreed in the board.",
        "Changed",
    )
    assert latest.at == metric.history.latest().history_date
    assert latest.fields == (
        FieldChange("Category", "Tactical", "Longevity"),
        FieldChange(
            "Curve",
            "0 scores 100, 10 scores 0",
            "0 scores 100, 2.5 scores 80, 10 scores 0",
        ),
        FieldChange("Needs approval", "No", "Yes"),
        FieldChange("Active from", "", "March 2026"),
    )


def test_a_new_row_tells_all_that_was_given(pmo_lead: User) -> None:
    metric = MetricFactory.build(code="defects", name="Defects", unit="days")
    save_metric(metric, by=pmo_lead)
    [created] = changes_of(metric)
    assert (created.what, created.is_whole, created.reason) == ("Created", True, "")
    assert {change.before for change in created.fields} == {""}
    told = {change.label: change.after for change in created.fields}
    assert told["Measured of"] == "Project"
    assert told["Unit"] == "days"
    assert "Formula" not in told


def test_a_link_is_told_by_name_and_a_vanished_one_by_the_name_it_had(pmo_lead: User) -> None:
    old, new = PortfolioFactory(name="Old home"), PortfolioFactory(name="New home")
    project = ProjectFactory(portfolio=old)
    project.portfolio = new
    save_subject(project, by=pmo_lead)
    [field] = changes_of(project)[0].fields
    assert field == FieldChange("Portfolio", "Old home", "New home")
    type(old).objects.filter(pk=old.pk).delete()
    [field] = changes_of(project)[0].fields
    assert field.before == "Old home (deleted since)"


def test_a_deleted_subject_keeps_its_last_name_in_the_histories_of_others(
    pmo_lead: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    metric = MetricFactory()
    project, segment = ProjectFactory(name="Apolo"), SegmentFactory(name="Commuters")
    project.name = "Apollo"
    save_subject(project, by=pmo_lead)
    link_project(project, segment=segment, by=pmo_lead)
    save_exemption(Exemption(metric=metric, subject=project, reason="No users."), by=pmo_lead)
    delete_subject(project, by=pmo_lead, reason="It was entered twice.")
    with django_assert_max_num_queries(7):
        told = [change.what for change in changes_page(metric)]
    assert told == [
        "Exemption removed: Apollo (deleted since), the beginning",
        "Exemption added: Apollo (deleted since), the beginning",
        "Created",
    ]
    links = Source(Engagement, {"segment_id": segment.pk}, "Link", ("project",))
    page = changes_page(segment, sources=[links])
    assert [change.what for change in page] == [
        "Link removed: Apollo (deleted since)",
        "Link added: Apollo (deleted since)",
    ]


def test_a_deleted_metric_keeps_its_name_in_the_history_of_a_scorecard(pmo_lead: User) -> None:
    line = ScorecardLineFactory(metric__name="Handoffs")
    card, metric = line.scorecard, line.metric
    delete_line(line, by=pmo_lead)
    delete_metric(metric, by=pmo_lead)
    lines = Source(ScorecardLine, {"scorecard_id": card.pk}, "Line", ("metric",))
    assert [change.what for change in changes_page(card, sources=[lines])] == [
        "Line removed: Handoffs (deleted since)",
        "Line added: Handoffs (deleted since)",
    ]


def test_a_metric_tells_what_hangs_on_it_with_its_own_changes(pmo_lead: User) -> None:
    metric = MetricFactory()
    project = ProjectFactory(name="Apollo")
    override = CurveOverride(
        metric=metric, subject=project, from_month=MARCH, curve=[[0.0, 0.0], [9.0, 100.0]]
    )
    save_override(override, by=pmo_lead, reason="A smaller team.")
    save_exemption(Exemption(metric=metric, subject=project, reason="No customers."), by=pmo_lead)
    line = ScorecardLineFactory.build(
        scorecard=ScorecardFactory(name="Delivery"), metric=metric, weight=2.0
    )
    save_line(line, by=pmo_lead)
    delete_override(override, by=pmo_lead, reason="Grown up.")
    told = [(change.what, change.reason) for change in changes_page(metric)]
    assert told == [
        ("Curve override removed: Apollo, March 2026", "Grown up."),
        ("Scorecard line added: Delivery", ""),
        ("Exemption added: Apollo, the beginning", ""),
        ("Curve override added: Apollo, March 2026", "A smaller team."),
        ("Created", ""),
    ]
    removed = changes_page(metric)[0]
    assert removed.fields == (
        FieldChange("Subject", "Apollo", ""),
        FieldChange("From month", "March 2026", ""),
        FieldChange("Curve", "0 scores 0, 9 scores 100", ""),
    )


def test_another_metrics_changes_are_not_told() -> None:
    metric, other = MetricFactory(), MetricFactory()
    ScorecardLineFactory(metric=other)
    assert [change.what for change in changes_page(metric)] == ["Created"]


def test_a_page_costs_the_same_however_long_the_history(pmo_lead: User) -> None:
    metric = MetricFactory()
    counts = []
    for size in (1, 8, 20):
        for number in range(size):
            ScorecardLineFactory(metric=metric)
            metric = renewed(metric)
            metric.grace_months = metric.grace_months + number + 1
            save_metric(metric, by=pmo_lead)
        with CaptureQueriesContext(connection) as queries:
            page = changes_page(metric)
        counts.append(len(queries))
        assert len(page) == min(10, page.paginator.count)
    assert counts[0] == counts[1] == counts[2] <= 6, counts
    second = changes_page(metric, "2")
    assert {change.at for change in second}.isdisjoint(change.at for change in changes_page(metric))


def test_the_template_says_before_and_after_for_eye_and_ear(pmo_lead: User) -> None:
    metric = MetricFactory(unit="days")
    metric.unit = ""
    save_metric(metric, by=pmo_lead, reason="It has <none>.")
    request = RequestFactory().get("/")
    html = render_to_string(
        "components/definition_history.html", {"changes": changes_page(metric)}, request
    )
    assert "It has &lt;none&gt;." in html
    assert "Unit before: days → after: blank" in plain(html)
    assert "1 to 2 of 2 changes" in plain(html)
    empty = render_to_string("components/definition_history.html", {"changes": []}, request)
    assert "No change is on record." in empty
