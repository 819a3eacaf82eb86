"""What a pack says: of a closed month what stood when it was closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboards.packs.content import canonical, data_hash
from metrics.models import ScorecardLine
from metrics.operations.months import reopen_month
from metrics.operations.runs import answer_all_needs
from tests.dashboards.packs.stage import (
    AFTERWARDS,
    LATER,
    MARCH,
    REOPENED,
    SET_UP,
    Company,
    closed,
    measured_company,
    told,
)
from tests.dashboards.reading import FEBRUARY, keep_score
from tests.factories import (
    CustomerFactory,
    EventFactory,
    OfferFactory,
    PortfolioFactory,
    ProjectFactory,
    SegmentFactory,
    ServiceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return measured_company()


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    with time_machine.travel(AFTERWARDS, tick=False):
        yield


def test_the_bridge_adds_up_from_one_score_to_the_other(company: Company) -> None:
    bridge = told(company.organisation).bridge
    assert bridge is not None
    assert (bridge.start, bridge.end) == (75.0, 64.0)
    assert bridge.start + sum(part.points for part in bridge.parts) == pytest.approx(
        bridge.end, abs=1e-9
    )
    points = {part.part: round(part.points, 6) for part in bridge.parts}
    assert points == {
        "tactical": 1.0,
        "value_creation": 0.5,
        "longevity": 0.0,
        "financial": -12.5,
        "balance": 0.0,
    }


def test_a_trend_has_twelve_months_and_unknown_is_not_zero(company: Company) -> None:
    trend = told(company.organisation).trend
    assert [month.month for month in trend][-2:] == ["2026-02", "2026-03"]
    assert len(trend) == 12
    assert trend[0].overall is None
    assert trend[-1].categories == (74.0, 62.0, 80.0, 40.0)


def test_events_of_the_twelve_months_are_told_as_they_were_noted_then(company: Company) -> None:
    with time_machine.travel(SET_UP, tick=False):
        event = EventFactory(subject=company.project, day=date(2026, 3, 2), title="New pricing")
        EventFactory(subject=company.project, day=date(2025, 3, 31), title="Long ago")
        EventFactory(subject=company.project, day=date(2026, 4, 1), title="Later")
        EventFactory(subject=ProjectFactory(), day=date(2026, 3, 1), title="Elsewhere")
    closing = closed()
    with time_machine.travel(LATER, tick=False):
        event.title = "Renamed"
        event.save()
    told_of = {
        who: [row.title for row in told(getattr(company, who), closing).events.rows]
        for who in ("portfolio", "organisation")
    }
    assert told_of == {"portfolio": ["New pricing"], "organisation": ["New pricing", "Elsewhere"]}
    assert told(company.segment).events.rows[0].title == "Renamed"


@pytest.mark.parametrize("who", ["organisation", "portfolio", "segment"])
def test_each_pack_tells_who_belongs_to_it(who: str, company: Company) -> None:
    stranger = ProjectFactory(name="Elsewhere")
    keep_score(stranger, 20.0)
    content = told(getattr(company, who))
    names = {row.name for heat in content.heat_maps for row in heat.rows}
    assert ("New quay" in names) == (who != "organisation")
    assert "Elsewhere" not in names
    fallen = {row.name for row in content.decisions.rows}
    assert ("Elsewhere" in fallen) == (who == "organisation")


def test_a_red_value_stands_with_what_was_written_beside_it(company: Company) -> None:
    values = told(company.organisation).red_values
    assert [(row.name, row.metric, row.value, row.score) for row in values.rows] == [
        ("New quay", "Metric financial", 40.0, 40.0)
    ]
    assert values.rows[0].explanation == "A storm took the crane."
    assert (values.total, values.explained) == (1, 1)


def test_money_is_told_by_currency(company: Company) -> None:
    with time_machine.travel(LATER, tick=False):
        ProjectFactory(portfolio=company.portfolio, budget=500, currency="CHF")
        ProjectFactory(portfolio=company.portfolio, budget=700, currency="EUR")
    lines = {line.currency: line for line in told(company.organisation).money}
    assert set(lines) == {"EUR", "CHF"}
    assert float(lines["EUR"].budget) == 1_000_700
    assert float(lines["EUR"].forecast_budget) == 1_000_000  # like compared with like
    assert lines["CHF"].with_forecast == 0


def test_long_lists_are_cut_and_the_rest_is_counted(company: Company) -> None:
    for _ in range(30):
        segment = SegmentFactory()
        keep_score(segment, 30.0)
    content = told(company.organisation)
    segments = next(heat for heat in content.heat_maps if heat.kind == "segment")
    assert (len(segments.rows), segments.total, segments.more) == (12, 31, 19)
    assert content.decisions.total == len(content.decisions.rows) + content.decisions.more
    assert content.decisions.red == 30


def test_definitions_tell_weights_and_how_much_is_known(company: Company) -> None:
    card = next(card for card in told(company.organisation).scorecards if card.lines)
    assert (card.name, card.subjects) == ("Project card", 1)
    assert card.category_weights == (1.0, 1.0, 1.0, 1.0)
    line = card.lines[0]
    assert (line.code, line.weight, line.expected, line.current) == ("m_tactical", 1.0, 1, 1)
    assert line.curve == ((0.0, 0.0), (100.0, 100.0))
    assert "Higher is better" in line.meaning


def test_a_closed_month_is_told_by_the_names_weights_and_scores_of_the_closing(
    company: Company,
) -> None:
    closing = closed()
    before = told(company.organisation, closing)
    with time_machine.travel(LATER, tick=False):
        for row, name in ((company.project, "Old quay"), (company.organisation, "Renamed")):
            row.name = name
            row.save()
        line = ScorecardLine.objects.get(metric=company.metrics["tactical"])
        line.weight = 9
        line.save()
        metric = company.metrics["tactical"]
        metric.curve = [[0.0, 100.0], [100.0, 0.0]]
        metric.save()
    with time_machine.travel(REOPENED, tick=False):
        reopen_month(MARCH, reason="A value was wrong", by=None)
        company.correct("tactical", 10.0)
        answer_all_needs()
    closing.refresh_from_db()
    after = told(company.organisation, closing)
    assert after.as_data() == before.as_data()
    assert told(company.organisation).name == "Renamed"
    assert told(company.organisation).score.overall.score != before.score.overall.score


def test_the_data_is_hashed_the_same_after_it_was_stored(company: Company) -> None:
    data = told(company.organisation).as_data()
    assert len(data_hash(data)) == 64
    assert canonical(data) == canonical(dict(reversed(list(data.items()))))
    assert data_hash(data) != data_hash(data | {"name": "Another"})


def test_what_is_not_measured_is_said_to_be_so(company: Company) -> None:
    empty = PortfolioFactory(name="Empty")
    content = told(empty)
    assert not content.score.overall.is_measured
    assert (content.bridge, content.heat_maps, content.money) == (None, (), ())


def test_a_pack_costs_no_more_queries_with_more_rows(company: Company) -> None:
    sizes = count(1)
    counts = []
    for _ in range(3):
        for _ in range(next(sizes) * 2):
            segment, project = SegmentFactory(), ProjectFactory()
            customer, service = CustomerFactory(segment=segment), ServiceFactory()
            OfferFactory(service=service, segment=segment)
            for subject in (segment, project, project.portfolio, customer, service):
                keep_score(subject, 80.0, FEBRUARY)
                keep_score(subject, 40.0)
        with CaptureQueriesContext(connection) as queries:
            told(company.organisation)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2] <= 23, counts
