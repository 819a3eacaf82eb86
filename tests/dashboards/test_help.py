"""The help: the rules, a worked case whose numbers are the stored ones, the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.presentation.glossary import TERMS
from dashboards.presentation.numbers import UNKNOWN
from dashboards.selectors.help import WorkedCase, fading_steps, piece_of
from metrics.choices import Cadence, Category, OverallRule, RunTrigger
from metrics.models import Score
from metrics.operations.runs import score_now
from projects.choices import SubjectKind
from projects.models import Service
from tests.dashboards.reading import (
    FEBRUARY,
    MARCH,
    TODAY,
    ClientOf,
    ReadPage,
    assert_costs_no_more,
    keep_score,
    measured,
    read,
)
from tests.factories import (
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    ServiceFactory,
)


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


@pytest.fixture
def mail(reader: Client) -> Service:
    """A service with two tactical lines, one of them fading, and one of value creation."""
    OrganisationFactory()
    card = ScorecardFactory(
        name="Services",
        subject_kind=SubjectKind.SERVICE,
        is_default=True,
        overall=OverallRule.GEOMETRIC,
        min_categories=2,
        amber_from=40.0,
        green_from=70.0,
        weight_tactical=2,
        weight_value_creation=1,
        weight_longevity=1,
        weight_financial=0,
    )
    service = ServiceFactory(code="MAIL", name="Mail desk")
    for code, category, weight, period, value, curve, grace in (
        ("wait", Category.TACTICAL, 1, "2026-02", 6, [[0, 100], [4, 80], [12, 0]], 1),
        ("cases", Category.TACTICAL, 2, "2026-03", 90, [[0, 0], [100, 100]], 0),
        ("gain", Category.VALUE_CREATION, 1, "2026-03", 30, [[0, 0], [100, 100]], 0),
        ("tenure", Category.LONGEVITY, 1, None, 0, [[0, 0], [100, 100]], 0),
    ):
        metric = MetricFactory(
            code=code,
            name=code.capitalize(),
            subject_kind=SubjectKind.SERVICE,
            category=category,
            cadence=Cadence.MONTH,
            curve=curve,
            grace_months=grace,
            unit="days" if code == "wait" else "",
        )
        ScorecardLineFactory(scorecard=card, metric=metric, weight=weight)
        if period:
            MeasurementFactory(metric=metric, subject=service, period=period, value=value)
    score_now(trigger=RunTrigger.COMMAND, months=[FEBRUARY, MARCH])
    return service


def case_of(page: ReadPage) -> WorkedCase:
    case: WorkedCase = page.context["case"]
    return case


def test_the_case_follows_a_value_to_the_stored_overall_score(
    mail: Service, reader: Client
) -> None:
    page = read(reader, "/help/")
    case, stored = case_of(page), Score.objects.get(subject=mail, month=MARCH)

    # 6 days lie halfway from 4 (80) to 8 on the line to 12 (0): 80 - 2 x 10.
    assert case.metric.metric.code == "wait"
    assert case.metric.score == pytest.approx(60.0)
    assert (case.piece.left, case.piece.right) == ((4.0, 80.0), (12.0, 0.0))
    # 1 x 50% x 60 + 2 x 100% x 90 = 210, over an evidence of 2.5.
    assert (case.counted, case.evidence, case.expected) == (210.0, 2.5, 3.0)
    assert case.counted / case.evidence == pytest.approx(stored.tactical_score)
    assert case.evidence / case.expected == pytest.approx(stored.tactical_coverage)
    assert case.mean + (case.balance_points or 0.0) == pytest.approx(stored.overall_score)
    assert case.is_as_stored
    for words in (
        "6 days The latest value is that of 2026-02. It is 1 month older than it should be, so it "
        "counts less: freshness 50%.",
        "Score: 210.0 ÷ 2.50 = 84.0",
        "Coverage: 2.50 ÷ 3 = 83% known",
        "Green begins at 70.0 and amber at 40.0",
    ):
        assert words in page.words
    assert page.row("Wait").startswith("Wait 1 50% 0.50 60.0 Amber 30.0 12.0")
    assert page.row("Together") == "Together 3 2.50 210.0 84.0"
    assert page.row("Overall score, as stored").startswith("Overall score, as stored 59.6 Amber")


def test_the_case_says_what_is_unknown_and_leads_to_the_explanation(
    mail: Service, reader: Client
) -> None:
    page = read(reader, "/help/")

    # Longevity counts and nothing of it is known; financial does not count here.
    assert page.row("Longevity").startswith(f"Longevity 1 {UNKNOWN} no score, Insufficient 0%")
    assert "0.0 to 100.0" in page.row("Longevity")
    assert page.row("Financial").startswith("Financial 0 ")
    assert "/explain/MAIL/2026-03/" in page.links()
    assert "/explain/MAIL/2026-03/#tactical" in page.links()
    assert "/services/MAIL/?month=2026-03" in page.links()


def test_another_subject_or_month_can_be_asked_for(mail: Service, reader: Client) -> None:
    other = ServiceFactory(code="AAA", name="Other")
    keep_score(other, 50.0)

    assert case_of(read(reader, "/help/")).subject.code == "MAIL"
    assert case_of(read(reader, "/help/?subject=MAIL&month=2026-03")).subject.code == "MAIL"
    assert read(reader, "/help/?subject=NOBODY").context["case"] is None
    assert "No case to show in this month" in read(reader, "/help/?month=2025-01").words


def test_a_green_score_held_back_by_silence_is_told(mail: Service, reader: Client) -> None:
    for code, value in (("wait", 0), ("cases", 100), ("gain", 100)):
        mail.measurements.filter(metric__code=code).update(value=value)
    score_now(trigger=RunTrigger.COMMAND, months=[MARCH])

    assert "so it is amber : a category that counts has no score" in read(reader, "/help/").words


def test_scores_that_differ_from_the_parts_are_told(mail: Service, reader: Client) -> None:
    Score.objects.filter(subject=mail, month=MARCH).update(tactical_score=1.0)

    assert "the stored scores say something else" in read(reader, "/help/").words


def test_without_any_measurement_the_rules_and_the_glossary_stand_there(reader: Client) -> None:
    page = read(reader, "/help/")

    assert page.response.status_code == 200
    assert "No case to show yet" in page.words
    assert "There is no scorecard yet" in page.words
    assert "The curve turns it into a score" in page.words


def test_where_nothing_has_an_overall_score_there_is_no_case(reader: Client) -> None:
    measured(ProjectFactory())

    assert "No case to show in this month" in read(reader, "/help/").words


def test_the_limits_are_those_of_the_scorecards_the_organisation_first(
    mail: Service, reader: Client
) -> None:
    ScorecardFactory(
        name="The company",
        subject_kind=SubjectKind.ORGANISATION,
        is_default=True,
        amber_from=45.5,
        green_from=80,
        min_coverage=0.3,
    )

    page = read(reader, "/help/")

    assert "By “The company” a score is green from 80.0, amber from 45.5" in page.words
    assert page.row("The company").startswith("The company Organisation default 45.5 80.0 30% 1")
    assert page.row("Services").startswith("Services Service default 40.0 70.0")


@pytest.mark.parametrize(
    ("value", "left", "right"),
    [
        (5.0, (0.0, 0.0), (10.0, 100.0)),
        (10.0, (10.0, 100.0), (20.0, 0.0)),
        (20.0, (10.0, 100.0), (20.0, 0.0)),
        (-3.0, None, (0.0, 0.0)),
        (99.0, (20.0, 0.0), None),
        (0.0, (0.0, 0.0), (10.0, 100.0)),
    ],
)
def test_a_value_lies_on_a_piece_of_the_curve_or_beside_it(
    value: float, left: tuple[float, float] | None, right: tuple[float, float] | None
) -> None:
    piece = piece_of([[0, 0], [10, 100], [20, 0]], value)

    assert (piece.left, piece.right) == (left, right)
    assert piece.is_between == (left is not None and right is not None)
    assert piece.flat_at == (None if piece.is_between else left or right)


def test_fading_goes_in_equal_steps_and_never_reaches_zero() -> None:
    assert fading_steps(3) == [1.0, 0.75, 0.5, 0.25]
    assert fading_steps(0) == [1.0]


def test_the_glossary_is_sorted_and_its_references_lead_somewhere(
    mail: Service, reader: Client
) -> None:
    words = [str(term.word).lower() for term in TERMS.values()]

    assert all(before < after for before, after in pairwise(words))
    for anchor, term in TERMS.items():
        assert anchor == term.anchor
        assert set(term.see) <= set(TERMS), anchor
        assert anchor not in term.see
    html = read(reader, "/help/").html
    assert [f'id="{anchor}"' in html for anchor in TERMS] == [True] * len(TERMS)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_every_word_that_a_page_links_to_is_in_the_glossary(project_root: Path) -> None:
    used = {
        anchor
        for page in (project_root / "templates").rglob("*.html")
        for anchor in re.findall(r'{% term "([^"]+)"', page.read_text(encoding="utf-8"))
    }

    assert used
    assert used <= set(TERMS)


def test_the_help_costs_no_more_queries_with_more_rows(mail: Service, reader: Client) -> None:
    sizes = count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            keep_score(ServiceFactory(), 60.0)
            keep_score(ProjectFactory(), 60.0)
            ScorecardFactory()
            MeasurementFactory()

    assert_costs_no_more(reader, "/help/", grow)


def test_the_curve_of_the_case_is_taken_away(mail: Service, reader: Client) -> None:
    response = reader.get("/help/?export=case-curve.csv")

    assert response["Content-Type"].startswith("text/csv")
    assert "Mail desk" in response.content.decode()


def test_every_page_leads_to_the_help_for_those_who_may_read(
    reader: Client, outsider: User, client_of: ClientOf
) -> None:
    def footer(client: Client) -> str:
        return read(client, "/account/").html.partition('<footer class="page__footer">')[2]

    assert 'href="/help/"' in footer(reader)
    assert 'href="/help/"' not in footer(client_of(outsider))
