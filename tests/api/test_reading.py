"""What the API tells: subjects with links, scores with their evidence, explanations, pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.throttling import ReadsPerMinute
from metrics.choices import Band, Category
from metrics.explaining import as_json, explain
from metrics.models import Score, Scorecard
from projects.models import Subject
from projects.months import Month
from tests import factories
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(executive: User) -> Program:
    return Program(executive)


def results(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def everything(program: Program, path: str, **asked: Any) -> list[dict[str, Any]]:
    """All pages, one after the other."""
    rows: list[dict[str, Any]] = []
    answer = program.get(path, **asked).json()
    while True:
        rows += answer["results"]
        if answer["next"] is None:
            return rows
        answer = program.client.get(answer["next"]).json()


def test_subjects_of_every_kind_come_with_their_links(program: Program, company: None) -> None:
    rows = {row["code"]: row for row in everything(program, "subjects/", limit=3)}
    assert rows.keys() == set(Subject.objects.values_list("code", flat=True))
    assert {row["kind"] for row in rows.values()} == set(
        Subject.objects.values_list("kind", flat=True)
    )
    project = rows["PRJ-ONBOARD"]
    assert project["portfolio"] == "CHANNELS"
    assert project["weight"] == 4.0
    assert [(link["segment"], link["share"]) for link in project["segments"]] == [
        ("ENT", 0.6),
        ("SMB", 0.4),
    ]
    assert project["segments"][0]["engagement"] in rows
    assert rows["CHANNELS"]["parent"] == "DIGITAL"
    assert rows["C-ACME"]["segment"] in rows
    mail = rows["SRV-MAIL"]["segments"][0]
    assert mail["segment"] in rows
    assert mail.keys() == {"segment", "weight", "annual_cost", "benchmark_cost", "currency"}


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({"kind": "customer"}, {"customer"}),
        ({"portfolio": "DIGITAL"}, {"project"}),
        ({"segment": "ENT"}, {"project", "service", "customer", "engagement"}),
        ({"search": "onboard", "kind": "project"}, {"project"}),
    ],
)
def test_subjects_are_filtered(
    program: Program, company: None, asked: dict[str, str], kinds: set[str]
) -> None:
    assert {row["kind"] for row in everything(program, "subjects/", **asked)} <= kinds
    assert everything(program, "subjects/", **asked)


def test_a_score_tells_all_four_categories_with_coverage_and_range(program: Program) -> None:
    factories.ScoreFactory(
        subject__code="P1",
        tactical_score=80.0,
        tactical_coverage=0.5,
        financial_coverage=0.2,
        financial_band=Band.INSUFFICIENT,
    )
    (row,) = results(program.get("scores/"))
    assert list(row["categories"]) == list(Category.values)
    assert row["categories"]["tactical"] == {
        "score": 80.0,
        "coverage": 0.5,
        "low": 40.0,
        "high": 90.0,
        "band": "green",
        "is_measured": True,
    }
    assert row["categories"]["financial"] == {
        "score": None,
        "coverage": 0.2,
        "low": 0.0,
        "high": 100.0,
        "band": "insufficient",
        "is_measured": True,
    }
    # Unknown is null with the coverage 0, and never a 0.
    assert row["categories"]["longevity"] == {
        "score": None,
        "coverage": 0.0,
        "low": 0.0,
        "high": 100.0,
        "band": "insufficient",
        "is_measured": False,
    }
    assert row["balance"] == 1.0


@pytest.mark.parametrize("measure", [*Category.values, "overall"])
def test_no_measure_is_told_without_the_others(
    program: Program, company: None, measure: str
) -> None:
    for row in everything(program, "scores/", measure=measure):
        assert list(row["categories"]) == list(Category.values)
        told = row["overall"] if measure == "overall" else row["categories"][measure]
        assert told["score"] is not None


def test_scores_are_those_that_are_exported(program: Program, company: None, tmp_path: Any) -> None:
    told = {}
    for row in everything(program, "scores/", limit=50):
        for name, measure in [*row["categories"].items(), ("overall", row["overall"])]:
            if measure["is_measured"]:
                told[row["subject"], row["month"], name] = measure["score"]
    stored = {
        (score.subject.code, str(score.month), name): measure.score
        for score in Score.objects.select_related("subject")
        for name in [*Category.values, "overall"]
        if (measure := score.overall if name == "overall" else score.category(name))
    }
    assert told == stored
    assert len(told) > 400


@pytest.mark.parametrize(
    "asked",
    [
        {"subject": "PRJ-ONBOARD"},
        {"kind": "portfolio"},
        {"first_month": "2026-03", "last_month": "2026-04"},
        {"band": "red"},
        {"measure": "tactical", "band": "green"},
    ],
)
def test_scores_are_filtered(program: Program, company: None, asked: dict[str, str]) -> None:
    rows, all_rows = everything(program, "scores/", **asked), everything(program, "scores/")

    def fits(row: Any) -> bool:
        band = row["overall"]
        if "measure" in asked:
            band = row["categories"][asked["measure"]]
        return bool(
            asked.get("subject", row["subject"]) == row["subject"]
            and asked.get("kind", row["kind"]) == row["kind"]
            and asked.get("first_month", "") <= row["month"] <= asked.get("last_month", "9")
            and asked.get("band", band["band"]) == band["band"]
        )

    assert rows == [row for row in all_rows if fits(row)]
    assert 0 < len(rows) < len(all_rows)


def test_an_explanation_is_that_of_the_command(program: Program, company: None) -> None:
    subject = Subject.objects.get(code="ORG")
    wanted = as_json(
        explain(subject, Month.parse("2026-06"), against=Month.parse("2026-05"), depth=1)
    )
    answer = program.get("explanations/ORG/2026-06/", against="2026-05", depth=1)
    assert answer.json() == wanted
    assert wanted["change"]["points"] == pytest.approx(
        sum(part["change"]["points"] for part in wanted["parts"])
    )


def test_an_explanation_without_a_score_says_why(program: Program, company: None) -> None:
    answer = program.get("explanations/PRJ-ONBOARD/1999-01/", against="1998-12").json()
    assert answer["score"] is None
    assert answer["reason"].endswith("so there is no change to tell.")


def test_values_are_filtered_by_metric_subject_months_and_change(
    program: Program, company: None
) -> None:
    rows = everything(program, "measurements/", limit=7)
    by_metric = everything(program, "measurements/", metric="fix_days", limit=7)
    assert by_metric == [row for row in rows if row["metric"] == "fix_days"]
    since = (timezone.now() + timedelta(hours=1)).isoformat()
    assert everything(program, "measurements/", changed_since=since) == []
    may = everything(program, "measurements/", first_month="2026-05", last_month="2026-05")
    assert may == [row for row in rows if row["month"] == "2026-05"]
    assert len({(row["metric"], row["subject"], row["period"]) for row in rows}) == len(rows)


def test_months_tell_what_was_closed_and_why_it_was_reopened(program: Program) -> None:
    month = Month.parse("2026-03")
    factories.ScoreFactory(month=month)
    factories.MonthClosingFactory(
        month=month, reopened_at=factories.A_MOMENT, reopen_reason="A value was wrong."
    )
    factories.MonthClosingFactory(month=month)
    rows = {row["month"]: row for row in results(program.get("months/"))}
    assert rows["2026-03"]["state"] == "closed"
    assert [each["reason"] for each in rows["2026-03"]["closings"]] == ["A value was wrong.", ""]
    assert rows["2026-04"]["state"] == "open"
    assert rows[str(Month.of(timezone.localdate()))]["state"] == "unfinished"


def test_a_page_goes_on_where_the_one_before_ended_whatever_comes_meanwhile(
    program: Program,
) -> None:
    for code in "BDF":
        factories.SegmentFactory(code=code)
    first = program.get("subjects/", limit=2).json()
    factories.SegmentFactory(code="A")
    factories.SegmentFactory(code="E")
    rest = program.client.get(first["next"]).json()
    codes = [row["code"] for row in first["results"] + rest["results"]]
    assert codes == ["B", "D", "E", "F"]
    assert rest["next"] is rest["next_cursor"] is None


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "WzFd", "bnVsbA", "WyJhIiwgImIiXQ", "W1tdXQ", "WyJcdTAwMDAiXQ"]
)
@pytest.mark.parametrize("path", ["subjects/", "scores/", "measurements/", "runs/"])
def test_a_cursor_of_nothing_is_told(program: Program, path: str, cursor: str) -> None:
    answer = program.get(path, cursor=cursor)
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert answer.json()["code"] == "cursor"


@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("scores/", {"sujbect": "P1"}, "sujbect"),
        ("scores/", {"limit": 0}, "limit"),
        ("scores/", {"limit": 1001}, "limit"),
        ("scores/", {"first_month": "2026-13"}, "first_month"),
        ("scores/", {"band": "blue"}, "band"),
        ("scores/", {"subject": ""}, "subject"),
        ("scores/", {"subject": ["a", "b"]}, "subject"),
        ("subjects/", {"kind": "thing"}, "kind"),
        ("measurements/", {"changed_since": "yesterday"}, "changed_since"),
        ("me/", {"verbose": "1"}, "verbose"),
    ],
)
def test_a_filter_that_is_none_is_refused_and_not_passed_over(
    program: Program, path: str, asked: dict[str, Any], field: str
) -> None:
    answer = program.get(path, **asked)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_every_refusal_has_one_shape(program: Program, company: None) -> None:
    answers = [
        program.get("nothing/here/"),
        program.get("subjects/NOBODY/"),
        program.get("scores/", limit="x"),
        program.post("runs/"),
        program.send("PUT", "scores/"),
        program.client.get("/api/v2/"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 400, 403, 405, 404]
    for answer in answers:
        told = answer.json()
        assert list(told) == ["code", "message", "errors"]
        assert told["message"].endswith((".", "!"))


def test_what_has_not_changed_is_not_sent_again(program: Program, company: None) -> None:
    first = program.get("scores/")
    again = program.client.get("/api/v1/scores/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Score.objects.first().delete()  # type: ignore[union-attr]
    later = program.client.get("/api/v1/scores/", headers={"If-None-Match": first["ETag"]})
    assert later.status_code == 200
    assert "private" in first["Cache-Control"]


def fill(number: int) -> None:
    """A portfolio and a segment of so many, with everything that hangs on them."""
    segment, portfolio = factories.SegmentFactory(), factories.PortfolioFactory()
    card = factories.ScorecardFactory()
    default = Scorecard.objects.filter(is_default=True).first()
    default = default or factories.ScorecardFactory(is_default=True)
    for _ in range(number):
        project = factories.ProjectFactory(portfolio=portfolio)
        factories.EngagementFactory(project=project, segment=segment)
        service = factories.ServiceFactory()
        factories.OfferFactory(service=service, segment=segment)
        factories.CustomerFactory(segment=segment)
        metric = factories.MetricFactory()
        factories.ScorecardLineFactory(scorecard=card, metric=metric)
        factories.ScorecardLineFactory(scorecard=default, metric=factories.MetricFactory())
        factories.MeasurementFactory(metric=metric, subject=project)
        factories.ExemptionFactory(metric=metric, subject=project)
        factories.CurveOverrideFactory(metric=metric, subject=project)
        factories.ScoreFactory(subject=project)
        factories.MetricAssignmentFactory(metric=metric, user__username=f"u{project.pk}")
        factories.ImportBatchFactory(created_by=factories.UserFactory())
        factories.ScoreRunFactory(state="done")
        factories.EventFactory(subject=project)
        factories.NoValueFactory(metric=metric, subject=project, period="2026-04")
        factories.ExemptionProposalFactory(metric=metric, subject=project)
        factories.DraftMeasurementFactory(metric=metric, subject=project)


LISTS = [
    "subjects/",
    "engagements/",
    "offers/",
    "events/",
    "catalogue/",
    "due/",
    "no-values/",
    "proposals/",
    "drafts/",
    "metrics/",
    "scorecards/",
    "measurements/",
    "scores/",
    "exemptions/",
    "overrides/",
    "assignments/",
    "batches/",
    "runs/",
    "months/",
]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_takes_as_many_queries_with_more_rows(administrator: User, path: str) -> None:
    program = Program(administrator)
    counts = []
    for number in (1, 5, 20):
        fill(number)
        program.get(path)  # what is read once, such as when the token was used last
        with CaptureQueriesContext(connection) as queries:
            assert len(results(program.get(path))) > 0
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2] <= 20, counts


def test_a_token_is_held_to_so_many_requests_a_minute(
    executive: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_READS_PER_MINUTE = 2
    now = [1000.0]
    monkeypatch.setattr(ReadsPerMinute, "timer", lambda self: now[0])
    program, other = Program(executive), Program(executive)
    assert [program.get("me/").status_code for _ in range(3)] == [200, 200, 429]
    refused = program.get("me/")
    assert refused.json()["code"] == "throttled"
    assert int(refused["Retry-After"]) == 60
    assert other.get("me/").status_code == 200  # each token by itself
    now[0] += 61
    assert program.get("me/").status_code == 200


def test_a_counter_that_is_out_of_reach_stops_nobody(
    executive: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_READS_PER_MINUTE = 1

    def out_of_reach(*_: Any) -> None:
        raise ConnectionError("no Redis there")

    monkeypatch.setattr(caches["limits"], "get", out_of_reach)
    program = Program(executive)
    assert [program.get("me/").status_code for _ in range(3)] == [200, 200, 200]


def test_writing_has_a_limit_of_its_own(administrator: User, settings: Any) -> None:
    settings.API_WRITES_PER_MINUTE = 1
    program = Program(administrator)
    assert [program.post("runs/").status_code for _ in range(2)] == [202, 429]
    assert program.get("runs/").status_code == 200
