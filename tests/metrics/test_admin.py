"""The admin pages: who may what, that they write through the operations, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metrics.models import (
    CurveOverride,
    Exemption,
    Measurement,
    MetricAssignment,
    MetricDefinition,
    MonthClosing,
    RescoreNeed,
    Score,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from projects.months import BEGINNING, Month
from tests.admin_pages import errors_of, fields_of, messages_of, page, submit
from tests.factories import (
    LINEAR,
    CurveOverrideFactory,
    ExemptionFactory,
    MeasurementChangeFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ReportedScoreFactory,
    RescoreNeedFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    ScoreFactory,
    ScoreRunFactory,
    UserFactory,
)
from tests.tables import table, waiting, waiting_from

pytestmark = pytest.mark.django_db

KEPT: list[Any] = [
    MetricFactory,
    CurveOverrideFactory,
    ExemptionFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    ScorecardAssignmentFactory,
    MetricAssignmentFactory,
]
LOOKED_AT: list[Any] = [
    MeasurementFactory,
    MeasurementChangeFactory,
    ScoreFactory,
    ReportedScoreFactory,
    MonthClosingFactory,
    ScoreRunFactory,
    RescoreNeedFactory,
]


@pytest.fixture
def lead(client_of: Callable[[User], Client], pmo_lead: User) -> Client:
    return client_of(pmo_lead)


@pytest.mark.parametrize("factory", KEPT)
@pytest.mark.parametrize("kind", ["changelist", "add", "change", "history", "delete"])
def test_a_pmo_lead_keeps_definitions(factory: Any, kind: str, lead: Client) -> None:
    row = factory()
    of_row = kind in ("change", "history", "delete")
    assert lead.get(page(row if of_row else type(row), kind)).status_code == 200


def test_the_history_tells_who_changed_what(
    lead: Client, client_of: Callable[[User], Client], administrator: User, pmo_lead: User
) -> None:
    metric = MetricFactory(grace_months=0)
    submit(lead, metric, grace_months="4")
    account = page(pmo_lead, "change")
    shown = lead.get(page(metric, "history")).content.decode()
    assert "<strong>Grace months:</strong>" in shown
    assert "pmo_lead" in shown
    assert account not in shown  # a PMO lead may not open it
    assert account in client_of(administrator).get(page(metric, "history")).content.decode()


@pytest.mark.parametrize("factory", LOOKED_AT)
def test_a_pmo_lead_looks_at_what_came_of_it(factory: Any, lead: Client) -> None:
    row = factory()
    assert lead.get(page(type(row), "changelist")).status_code == 200
    assert lead.get(page(row, "change")).status_code == 200
    for url in (page(type(row), "add"), page(row, "delete")):
        assert lead.get(url).status_code == 403
        assert lead.post(url, {"post": "yes"}).status_code == 403
    assert lead.post(page(row, "change"), {"month": "2026-01"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    lead.post(page(type(row), "changelist"), chosen)
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("factory", [*KEPT, *LOOKED_AT])
@pytest.mark.parametrize("person", ["executive", "analyst", "outsider"])
def test_nobody_else_gets_in(
    factory: Any,
    person: str,
    client_of: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    row = factory()
    client = client_of(request.getfixturevalue(person))
    for url in (page(type(row), "changelist"), page(row, "change")):
        assert client.get(url, follow=True).status_code == 403


def test_every_model_has_its_page() -> None:
    registered = set(admin.site._registry)
    assert {factory._meta.model for factory in (*KEPT, *LOOKED_AT)} <= registered


def test_a_metric_is_made_by_its_operation(lead: Client, pmo_lead: User) -> None:
    answer = submit(
        lead,
        MetricDefinition,
        code="nps",
        name="Net promoter score",
        category="value_creation",
        subject_kind="segment",
        cadence="quarter",
        curve="[[-100, 0], [100, 100]]",
        active_from="2026-01",
    )
    assert answer.status_code == 302
    columns = ("code", "category", "cadence", "curve", "active_from", "active_until")
    assert table(MetricDefinition, *columns) == [
        (
            "nps",
            "value_creation",
            "quarter",
            [[-100.0, 0.0], [100.0, 100.0]],
            Month.parse("2026-01"),
            None,
        )
    ]
    assert MetricDefinition.objects.get().history.get().history_user == pmo_lead


def test_a_metric_that_changes_makes_scores_fall_due(lead: Client) -> None:
    project, line = ProjectFactory(code="P"), ScorecardLineFactory(scorecard__is_default=True)
    submit(lead, line.metric, grace_months="2")
    line.metric.refresh_from_db()
    assert line.metric.grace_months == 2
    assert waiting() == {project.code}


def test_saving_what_is_there_changes_nothing(lead: Client) -> None:
    for factory in KEPT:
        row = factory()
        assert submit(lead, row).status_code == 302, factory
        assert row.history.count() == 1, factory
    assert waiting() == set()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("[[0, 0]", '"[[0, 0]" is no curve; write points [value, score] like [[0,0],[100,100]].'),
        ("[[0, 0]]", "A curve has two or more points; this one has 1."),
        (
            "[[0, 0], [0, 100]]",
            "Point 2: the value 0 is not above 0, the value of point 1.",
        ),
        ("[[0, 0], [1, 101]]", "Point 2: the score 101 is not between 0 and 100."),
    ],
)
@pytest.mark.parametrize("factory", [MetricFactory, CurveOverrideFactory])
def test_a_curve_that_does_not_fit_says_which_point(
    factory: Any, typed: str, sentence: str, lead: Client
) -> None:
    row = factory()
    answer = submit(lead, row, curve=typed)
    assert answer.status_code == 200
    assert errors_of(answer) == [sentence]
    form = answer.context["adminform"].form
    assert form["curve"].value() == typed
    row.refresh_from_db()
    assert row.curve == factory.build().curve


def test_a_curve_is_shown_as_it_is_typed(lead: Client) -> None:
    answer = lead.get(page(MetricFactory(curve=[[0.5, 0.0], [10.0, 100.0]]), "change"))
    assert "[[0.5,0],[10,100]]" in answer.content.decode()


def test_a_metric_without_a_curve_can_be_kept(lead: Client) -> None:
    metric = MetricFactory(curve=LINEAR)
    submit(lead, metric, curve="")
    metric.refresh_from_db()
    assert metric.curve is None


def test_a_month_that_is_none_is_told(lead: Client) -> None:
    answer = submit(lead, MetricFactory(), active_from="March")
    assert errors_of(answer) == ['"March" is not a month; write it like 2026-03.']


def test_what_only_the_operation_knows_is_told_on_the_form(lead: Client) -> None:
    metric = MetricFactory(code="m")
    MeasurementFactory(metric=metric)
    answer = submit(lead, metric, cadence="quarter")
    assert answer.status_code == 200
    assert any("m has measurements, so its cadence stays month" in e for e in errors_of(answer))


def test_what_an_operation_refuses_while_saving_is_told_on_the_form(
    lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else deletes the metric after the form was checked."""
    metric = MetricFactory(code="m", name="Old")
    url = page(metric, "change")
    sent = fields_of(lead.get(url)) | {"name": "New"}
    check = MetricDefinition.validate_unique

    def be_overtaken(row: MetricDefinition, *args: Any, **kwargs: Any) -> None:
        check(row, *args, **kwargs)
        monkeypatch.undo()
        MetricDefinition.objects.filter(pk=row.pk).delete()

    monkeypatch.setattr(MetricDefinition, "validate_unique", be_overtaken)
    answer = lead.post(url, sent)
    assert answer.status_code == 200
    assert errors_of(answer) == ["New (m) was deleted meanwhile."]
    assert not LogEntry.objects.exists()


def test_an_override_counts_from_its_month_on(lead: Client, pmo_lead: User) -> None:
    metric, project = MetricFactory(), ProjectFactory(code="P")
    answer = submit(
        lead,
        CurveOverride,
        metric=metric.pk,
        subject=project.pk,
        from_month="2026-02",
        curve="[[0,0],[5,100]]",
    )
    assert answer.status_code == 302
    assert table(CurveOverride, "metric", "subject__code", "from_month", "curve") == [
        (metric.pk, "P", Month.parse("2026-02"), [[0.0, 0.0], [5.0, 100.0]])
    ]
    assert waiting_from() == {("P", "2026-02")}
    assert CurveOverride.objects.get().history.get().history_user == pmo_lead


def test_an_exemption_may_hold_from_the_beginning(lead: Client) -> None:
    metric, project = MetricFactory(), ProjectFactory(code="P")
    chosen = {"metric": metric.pk, "subject": project.pk}
    submit(lead, Exemption, **chosen, reason="No customers", until_month="2026-05", from_month="")
    exemption = Exemption.objects.get()
    assert (exemption.from_month, exemption.until_month) == (BEGINNING, Month.parse("2026-05"))
    assert waiting_from() == {("P", "0001-01")}
    shown = lead.get(page(exemption, "change"))
    assert shown.context["adminform"].form["from_month"].value() == ""
    assert "the beginning" in lead.get(page(Exemption, "changelist")).content.decode()


def test_a_scorecard_is_saved_with_its_lines(lead: Client, pmo_lead: User) -> None:
    ProjectFactory(code="P")
    card = ScorecardFactory(code="card", is_default=True)
    gone, _ = (ScorecardLineFactory(scorecard=card, metric__code=code) for code in ("gone", "kept"))
    new = MetricFactory(code="new")
    submit(
        lead,
        card,
        **{
            "lines-TOTAL_FORMS": 3,
            "lines-0-DELETE": "on",
            "lines-1-weight": 4,
            "lines-2-metric": new.pk,
            "lines-2-weight": 2,
            "green_from": 90,
        },
    )
    assert table(ScorecardLine, "metric__code", "weight") == [("kept", 4.0), ("new", 2.0)]
    card.refresh_from_db()
    assert card.green_from == 90
    assert waiting() == {"P"}
    assert ScorecardLine.history.get(id=gone.pk, history_type="-").history_user == pmo_lead


def test_a_line_that_does_not_fit_saves_nothing_of_the_page(lead: Client) -> None:
    card = ScorecardFactory(subject_kind="segment")
    metric = MetricFactory(code="m", subject_kind="project")
    answer = submit(
        lead,
        card,
        **{
            "name": "Another name",
            "lines-TOTAL_FORMS": 1,
            "lines-0-metric": metric.pk,
            "lines-0-weight": 1,
        },
    )
    assert answer.status_code == 200
    assert any("m is measured of each project" in sentence for sentence in errors_of(answer))
    assert not ScorecardLine.objects.exists()
    card.refresh_from_db()
    assert card.name != "Another name"


def test_an_operation_that_fails_in_an_inline_saves_nothing_of_the_page(
    lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A default that somebody else made in between is found when the row is saved."""
    line = ScorecardLineFactory()
    card = line.scorecard
    check = ScorecardLine.full_clean
    calls = []

    def refuse_when_saved(row: ScorecardLine, *args: Any, **kwargs: Any) -> None:
        calls.append(row)
        if not args and not kwargs:
            row.weight = -1.0
        check(row, *args, **kwargs)

    monkeypatch.setattr(ScorecardLine, "full_clean", refuse_when_saved)
    answer = submit(lead, card, name="Another name", **{"lines-0-weight": 7})
    assert answer.status_code == 200
    assert any("-1" in sentence for sentence in errors_of(answer))
    assert answer.context["adminform"].form["name"].value() == "Another name"
    card.refresh_from_db()
    assert card.name != "Another name"
    assert not LogEntry.objects.exists()


def test_a_subject_is_given_a_scorecard(lead: Client, pmo_lead: User) -> None:
    project, card = ProjectFactory(code="P"), ScorecardFactory(code="card")
    submit(lead, ScorecardAssignment, subject=project.pk, scorecard=card.pk)
    assert table(ScorecardAssignment, "subject__code", "scorecard__code") == [("P", "card")]
    assert waiting() == {"P"}
    other = ScorecardFactory(code="other")
    submit(lead, ScorecardAssignment.objects.get(), scorecard=other.pk)
    assert table(ScorecardAssignment, "subject__code", "scorecard__code") == [("P", "other")]


def test_a_metric_is_assigned_on_its_own_page(lead: Client, analyst: User) -> None:
    metric, portfolio = MetricFactory(), PortfolioFactory(code="F")
    submit(
        lead,
        metric,
        **{
            "assignments-TOTAL_FORMS": 1,
            "assignments-0-user": analyst.pk,
            "assignments-0-scope": portfolio.pk,
        },
    )
    assert table(MetricAssignment, "metric", "user__username", "scope__code") == [
        (metric.pk, "analyst", "F")
    ]


def test_metrics_are_assigned_to_those_who_enter_values(
    lead: Client, analyst: User, executive: User
) -> None:
    MetricAssignmentFactory(user=UserFactory(username="former_analyst"))
    answer = lead.get(page(MetricAssignment, "add"))
    offered = answer.context["adminform"].form.fields["user"].queryset
    assert [person.username for person in offered] == ["analyst", "former_analyst"]


def test_what_is_offered_as_a_scope_holds_others(lead: Client) -> None:
    OrganisationFactory(code="XORG")
    PortfolioFactory(code="XF")
    ProjectFactory(code="XP")
    answer = lead.get(
        reverse("admin:autocomplete"),
        {
            "term": "X",
            "app_label": "metrics",
            "model_name": "metricassignment",
            "field_name": "scope",
        },
    )
    found = [row["text"] for row in json.loads(answer.content)["results"]]
    assert found == ["Portfolio XF (XF)", "The organisation (XORG)"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: ScorecardLineFactory(metric__code="m").metric,
            "m (m) can't be deleted: it stands on",
        ),
        (
            lambda: ScorecardAssignmentFactory(scorecard__code="card").scorecard,
            "card (card) can't be deleted: 1 subject has it",
        ),
    ],
)
def test_what_can_not_be_deleted_is_told_before_anybody_confirms(
    make: Callable[[], models.Model], sentence: str, lead: Client
) -> None:
    row = make()
    for answer in (
        lead.get(page(row, "delete"), follow=True),
        lead.post(page(row, "delete"), {"post": "yes"}, follow=True),
        lead.post(
            page(type(row), "changelist"),
            {"action": "delete_selected", "_selected_action": row.pk},
            follow=True,
        ),
        lead.post(
            page(type(row), "changelist"),
            {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"},
            follow=True,
        ),
    ):
        assert answer.status_code == 200
        assert len(messages_of(answer)) == 1
        assert sentence in messages_of(answer)[0]
    assert type(row)._default_manager.filter(pk=row.pk).exists()
    assert not LogEntry.objects.exists()


def test_asking_whether_to_delete_deletes_nothing(lead: Client) -> None:
    metric = MetricFactory()
    CurveOverrideFactory(metric=metric)
    answer = lead.get(page(metric, "delete"))
    assert answer.status_code == 200
    assert dict(answer.context["model_count"]) == {"metrics": 1, "curve overrides": 1}
    assert MetricDefinition.objects.filter(pk=metric.pk).exists()
    assert metric.history.count() == 1


def test_deleting_goes_through_the_operation(lead: Client, pmo_lead: User) -> None:
    override = CurveOverrideFactory(subject=ProjectFactory(code="P"))
    answer = lead.post(page(override, "delete"), {"post": "yes"})
    assert answer.status_code == 302
    assert not CurveOverride.objects.exists()
    assert waiting_from() == {("P", "2026-03")}
    assert CurveOverride.history.get(history_type="-").history_user == pmo_lead


def test_chosen_rows_are_deleted_all_or_none(lead: Client) -> None:
    free = ScorecardFactory(code="a")
    used = ScorecardAssignmentFactory(scorecard__code="b").scorecard
    chosen = {"action": "delete_selected", "post": "yes"}
    url = page(Scorecard, "changelist")
    lead.post(url, chosen | {"_selected_action": [free.pk, used.pk]})
    assert table(Scorecard, "code") == [("a",), ("b",)]
    lead.post(url, chosen | {"_selected_action": [free.pk]})
    assert table(Scorecard, "code") == [("b",)]


def test_an_earlier_state_is_brought_back_by_the_operation(lead: Client) -> None:
    project, line = ProjectFactory(code="P"), ScorecardLineFactory(scorecard__is_default=True)
    submit(lead, line.metric, grace_months="5")
    RescoreNeed.objects.all().delete()
    first = line.metric.history.last()
    url = reverse("admin:metrics_metricdefinition_simple_history", args=[line.metric.pk, first.pk])
    form = lead.get(url).context["adminform"].form
    sent = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
    assert lead.post(url, sent).status_code == 302
    line.metric.refresh_from_db()
    assert line.metric.grace_months == 0
    assert waiting() == {project.code}


def test_an_earlier_state_that_no_longer_fits_is_refused(lead: Client) -> None:
    metric = MetricFactory(cadence="quarter")
    metric.cadence = "month"
    metric.save()
    MeasurementFactory(metric=metric)
    first = metric.history.last()
    url = reverse("admin:metrics_metricdefinition_simple_history", args=[metric.pk, first.pk])
    form = lead.get(url).context["adminform"].form
    sent = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
    assert lead.post(url, sent, follow=True).status_code == 200
    metric.refresh_from_db()
    assert metric.cadence == "month"


@pytest.mark.parametrize(
    ("factory", "query", "count"),
    [
        (MeasurementFactory, {"q": "nps"}, 1),
        (MeasurementFactory, {"q": "P-1"}, 1),
        (MeasurementFactory, {"month": "2026-03"}, 1),
        (MeasurementFactory, {"month": "2026-02"}, 0),
        (MeasurementFactory, {"is_late__exact": "1"}, 0),
        (MeasurementChangeFactory, {"q": "nps"}, 1),
        (MeasurementChangeFactory, {"q": "other"}, 0),
        (ScoreFactory, {"q": "P-1"}, 1),
        (ScoreFactory, {"month": "2026-03", "overall_band__exact": "3"}, 1),
        (ScoreFactory, {"month": "2026-04"}, 0),
        (ReportedScoreFactory, {"month": "2026-03"}, 1),
        (ReportedScoreFactory, {"month": "2026-04"}, 0),
        (MonthClosingFactory, {"month": "2026-03"}, 1),
        (MonthClosingFactory, {"q": "a wrong count"}, 0),
        (ScoreRunFactory, {"state__exact": "due"}, 1),
        (ScoreRunFactory, {"q": "no such error"}, 0),
        (RescoreNeedFactory, {"q": "P-1"}, 1),
    ],
)
def test_what_came_of_it_is_searched_and_filtered(
    factory: Any, query: dict[str, str], count: int, lead: Client
) -> None:
    project, metric = ProjectFactory(code="P-1"), MetricFactory(code="nps")
    names = {field.name for field in factory._meta.model._meta.fields}
    factory(
        **{name: row for name, row in (("subject", project), ("metric", metric)) if name in names}
    )
    answer = lead.get(page(factory._meta.model, "changelist"), query)
    assert answer.status_code == 200
    assert answer.context["cl"].result_count == count


def test_a_month_that_is_none_filters_nothing(lead: Client) -> None:
    ScoreFactory()
    answer = lead.get(page(Score, "changelist"), {"month": "nonsense"}, follow=True)
    assert answer.redirect_chain
    assert answer.status_code == 200


def test_periods_and_months_are_shown_as_they_are_written(lead: Client) -> None:
    OrganisationFactory(fiscal_year_starts_in=4)
    MeasurementFactory(metric=MetricFactory(cadence="quarter"), period="2026-Q1")
    shown = lead.get(page(Measurement, "changelist")).content.decode()
    assert '<td class="field-period">2026-Q1</td>' in shown
    shown = lead.get(page(Measurement.objects.get(), "change")).content.decode()
    assert '<div class="readonly">2026-06</div>' in shown
    ScoreFactory()
    assert "2026-03" in lead.get(page(Score, "changelist")).content.decode()


@pytest.mark.parametrize("factory", [*KEPT, *LOOKED_AT])
def test_a_longer_list_takes_no_more_queries(factory: Any, lead: Client) -> None:
    url = page(factory._meta.model, "changelist")
    lead.get(url)  # what is read once per process
    counts: list[int] = []
    for _ in range(3):
        for number in range(len(counts) * 4 + 1):
            if factory is MonthClosingFactory:
                factory(reopened_at=factory.build().closed_at, reopen_reason=f"count {number}")
            elif factory is ReportedScoreFactory:
                factory(closing=MonthClosing.objects.first() or MonthClosingFactory())
            elif factory is MetricAssignmentFactory:
                factory(scope=PortfolioFactory())
            else:
                factory()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert lead.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]


@pytest.mark.parametrize("parent", [MetricFactory, ScorecardFactory])
def test_more_inline_rows_take_no_more_queries_of_their_own(parent: Any, lead: Client) -> None:
    row = parent()
    url = page(row, "change")
    lead.get(url)
    counts: list[int] = []
    for size in (1, 4, 8):
        for _ in range(size):
            if parent is MetricFactory:
                MetricAssignmentFactory(metric=row, scope=PortfolioFactory())
            else:
                ScorecardLineFactory(scorecard=row)
        with CaptureQueriesContext(connection) as queries:
            assert lead.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]


def test_the_index_leads_to_every_list(lead: Client) -> None:
    shown = lead.get(reverse("admin:index")).content.decode()
    for factory in (*KEPT, *LOOKED_AT):
        assert page(factory._meta.model, "changelist") in shown
