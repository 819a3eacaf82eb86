"""The invented company is repeatable and complete, and tells its stories in scores."""

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from examples.demo.build import build_demo
from examples.demo.stories import NOTES
from tests.oracle import (
    CATEGORIES,
    Row,
    ScoreRow,
    Workspace,
    broken_rules,
    month_label,
    month_number,
    read_period,
    read_workspace,
    score_workspace,
)

ROOT = Path(__file__).resolve().parent.parent
UNTIL = "2026-10"
ORGANISATION = "HARBOURLIGHT"
KINDS = {"organisation", "portfolio", "project", "service", "segment", "customer", "engagement"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo")
    build_demo(path, UNTIL)
    return path


@pytest.fixture(scope="module")
def workspace(folder: Path) -> Workspace:
    return read_workspace(folder)


class Told:
    """The demo's scores, asked for in the words of the stories."""

    def __init__(self, table: dict[tuple[str, str, str], ScoreRow]) -> None:
        self.table = table

    def score(self, subject: str, month: str, measure: str = "overall") -> float:
        score = self.table[subject, month, measure].score
        assert score is not None, f"{subject} has no {measure} score in {month}"
        return score

    def band(self, subject: str, month: str, measure: str = "overall") -> str | None:
        return self.table[subject, month, measure].band

    def coverage(self, subject: str, month: str) -> float:
        coverage = self.table[subject, month, "overall"].coverage
        assert coverage is not None
        return coverage

    def months(self, subject: str) -> list[str]:
        return sorted(
            month for code, month, measure in self.table if code == subject and measure == "overall"
        )


@pytest.fixture(scope="module")
def told(workspace: Workspace) -> Told:
    return Told(score_workspace(workspace))


def rows(folder: Path, name: str) -> list[Row]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_month_gives_the_same_bytes_from_the_command_line(
    folder: Path, tmp_path: Path
) -> None:
    script = ROOT / "examples" / "demo" / "build.py"
    command = [sys.executable, str(script), str(tmp_path), "--until", UNTIL]
    subprocess.run(command, check=True, cwd=tmp_path, env={"PYTHONHASHSEED": "7"})
    assert contents(tmp_path) == contents(folder)


@pytest.mark.parametrize("until", ["2025-06", "2026-02", "2026-09", "2027-03"])
def test_a_later_month_adds_values_and_changes_none(
    folder: Path, tmp_path: Path, until: str
) -> None:
    build_demo(tmp_path, until)
    earlier, later = sorted([(until, tmp_path), (UNTIL, folder)])
    before, after = (
        {(r["metric"], r["subject"], r["period"]): r for r in rows(path, "measurements")}
        for _, path in (earlier, later)
    )
    assert {key: after.get(key) for key in before} == before
    assert len(after) > len(before)
    added = read_workspace(later[1])
    added["measurements"] = [after[key] for key in after.keys() - before.keys()]
    assert min(month for _, month, _ in score_workspace(added)) > earlier[0]


@pytest.mark.parametrize("until", ["2024-05", "2024-06", "2025-12", "2027-12"])
def test_every_month_gives_a_workspace_that_obeys_the_rules(tmp_path: Path, until: str) -> None:
    build_demo(tmp_path, until)
    assert broken_rules(read_workspace(tmp_path)) == []


@pytest.mark.parametrize("until", ["2024-04", "2026-13", "2026-1", "October", ""])
def test_a_month_before_the_first_or_none_at_all_is_refused(tmp_path: Path, until: str) -> None:
    with pytest.raises(ValueError, match="a month from 2024-05 on"):
        build_demo(tmp_path / "none", until)
    assert not (tmp_path / "none").exists()


def test_the_company_is_as_large_as_promised(folder: Path, workspace: Workspace) -> None:
    assert broken_rules(workspace) == []
    counts = {name: len(rows(folder, name)) for name in workspace}
    assert 12_000 <= counts.pop("measurements") <= 20_000
    assert counts == {
        "organisation": 1,
        "portfolios": 8,
        "segments": 6,
        "customers": 120,
        "services": 10,
        "service_segments": 29,
        "projects": 40,
        "project_segments": 73,
        "metrics": 34,
        "curve_overrides": 8,
        "exemptions": 14,
        "scorecards": 10,
        "scorecard_lines": 43,
    }


def test_it_says_on_screen_that_it_is_invented(folder: Path) -> None:
    assert "(invented)" in rows(folder, "organisation")[0]["name"]


def test_portfolios_have_two_levels(folder: Path) -> None:
    parents = {row["code"]: row["parent"] for row in rows(folder, "portfolios")}
    tops = {code for code, parent in parents.items() if not parent}
    assert len(tops) == 3
    assert {parent for parent in parents.values() if parent} == tops


def test_metrics_show_every_choice_there_is(folder: Path) -> None:
    metrics = rows(folder, "metrics")
    shown = {column: {row[column] for row in metrics} for column in metrics[0]}
    assert shown["category"] == set(CATEGORIES)
    assert shown["dimension"] == {"quality", "performance", "value", "compliance"}
    assert shown["perspective"] == {"customer", "employee", "business"}
    assert shown["cadence"] == {"day", "week", "month", "quarter", "year"}
    assert shown["time_aggregation"] == {"last", "mean", "sum", "min", "max"}
    assert shown["timing"] == {"leading", "lagging"}
    assert shown["subject_kind"] == KINDS
    assert {row["code"]: row["formula"] for row in metrics if row["formula"]} == {
        "cost_per_case": "minutes_per_case * cost_per_minute",
        "ttv_gap": "ttv_customer - ttv_employee",
        "cogs_percent": "100 * cost_of_goods_sold / revenue",
        "profit_margin": "100 - cogs_percent - overhead_percent",
    }


def test_every_metric_on_a_scorecard_asks_somebodys_question(folder: Path) -> None:
    on_scorecards = {row["metric"] for row in rows(folder, "scorecard_lines")}
    for metric in rows(folder, "metrics"):
        assert bool(metric["curve"]) == (metric["code"] in on_scorecards)
        assert bool(metric["question"]) == (metric["code"] in on_scorecards)
        assert all(metric[column] for column in ("name", "description", "source", "owner_role"))


def test_every_kind_has_a_default_scorecard_and_others_are_in_use(folder: Path) -> None:
    scorecards = rows(folder, "scorecards")
    defaults = [row["subject_kind"] for row in scorecards if row["default"] == "true"]
    assert sorted(defaults) == sorted(KINDS)
    named = {
        row["scorecard"]
        for name in ("projects", "services", "customers")
        for row in rows(folder, name)
        if row["scorecard"]
    }
    assert named == {row["code"] for row in scorecards if row["default"] == "false"}
    assert {row["overall"] for row in scorecards} == {"geometric", "arithmetic", "weakest"}


def test_every_project_answers_the_strategy_questions_and_serves_somebody(folder: Path) -> None:
    served = Counter(row["project"] for row in rows(folder, "project_segments"))
    for project in rows(folder, "projects"):
        texts = ("description", "customer_experience", "relationship_effect", "revenue_effect")
        assert all(project[text] for text in (*texts, "sponsor", "lead", "budget"))
        assert project["start_on"] < project["baseline_end_on"] <= project["end_on"]
        assert served[project["code"]] >= 1
    assert {row["stage"] for row in rows(folder, "projects")} == {
        *("proposed", "approved", "delivery", "closed", "cancelled")
    }
    assert {row["currency"] for row in rows(folder, "projects")} == {"EUR", "GBP"}


def test_the_forecast_of_a_project_is_the_one_last_measured(folder: Path) -> None:
    ratios = {
        row["subject"]: float(row["value"])
        for row in rows(folder, "measurements")
        if row["metric"] == "cost_ratio"
    }
    forecasts = {
        row["code"]: float(row["forecast_cost"]) / float(row["budget"])
        for row in rows(folder, "projects")
        if row["forecast_cost"]
    }
    assert forecasts == pytest.approx(ratios)


def test_most_customers_have_measurements(folder: Path) -> None:
    measured = {row["subject"] for row in rows(folder, "measurements")}
    customers = {row["code"] for row in rows(folder, "customers")}
    assert 105 <= len(customers & measured) < 120


def test_every_note_stands_beside_a_value(folder: Path) -> None:
    noted = {
        (row["metric"], row["subject"], row["period"]): row["note"]
        for row in rows(folder, "measurements")
        if row["note"]
    }
    assert noted == NOTES


def test_exempt_metrics_have_no_values_while_they_are_exempt(folder: Path) -> None:
    spans = {
        (row["metric"], row["subject"]): (row["from_month"], row["until_month"] or UNTIL)
        for row in rows(folder, "exemptions")
    }
    cadences = {row["code"]: row["cadence"] for row in rows(folder, "metrics")}
    measured = 0
    for row in rows(folder, "measurements"):
        if span := spans.get((row["metric"], row["subject"])):
            month = month_label(read_period(row["period"], cadences[row["metric"]], 1).month)
            assert not span[0] <= month <= span[1], row
            measured += 1
    assert measured > 100


def test_bands_of_projects_are_an_honest_mix(folder: Path, told: Told) -> None:
    projects = [row["code"] for row in rows(folder, "projects")]
    bands = Counter(
        told.band(code, UNTIL) for code in projects if (code, UNTIL, "overall") in told.table
    )
    total = bands.total()
    assert 0.38 <= bands["green"] / total <= 0.52
    assert 0.33 <= bands["amber"] / total <= 0.47
    assert 0.08 <= (bands["red"] + bands["insufficient"]) / total <= 0.22


def test_most_scores_are_ordinary(told: Told) -> None:
    scores = [
        row.score
        for (_, _, measure), row in told.table.items()
        if measure == "overall" and row.score is not None
    ]
    ordinary = [score for score in scores if 50 <= score <= 85]
    assert len(ordinary) / len(scores) > 0.8


def test_the_organisation_is_well_covered_and_gets_better(told: Told) -> None:
    assert 0.8 <= told.coverage(ORGANISATION, UNTIL) <= 0.95
    assert told.score(ORGANISATION, UNTIL) > told.score(ORGANISATION, "2025-10") + 2
    assert told.score(ORGANISATION, "2025-10") > told.score(ORGANISATION, "2024-10") + 2
    assert len(told.months(ORGANISATION)) == 30


def test_story_green_on_money_and_red_for_its_customers(told: Told) -> None:
    for month in ("2026-04", "2026-07", UNTIL):
        assert told.score("PRJ-BILLBOT", month, "financial") > 85
        assert told.band("PRJ-BILLBOT", month, "value_creation") == "red"
        assert told.score("PRJ-BILLBOT", month) < 60
    assert told.band("PRJ-BILLBOT", "2025-03", "value_creation") == "green"


def test_story_a_segment_falls_while_the_average_rises(told: Told) -> None:
    before, after = "2025-04", UNTIL
    assert told.score("SEG-SMB", after) < told.score("SEG-SMB", before) - 12
    assert told.score(ORGANISATION, after) > told.score(ORGANISATION, before) + 3
    others = ("SEG-ENT", "SEG-PUB", "SEG-MID", "SEG-UNITS", "SEG-STAFF")
    assert all(told.score(code, after) > told.score(code, before) + 3 for code in others)


def test_story_a_portfolio_went_stale(told: Told) -> None:
    coverage = [told.coverage("PF-BACK", f"2026-{month:02}") for month in range(6, 11)]
    assert coverage == sorted(coverage, reverse=True)
    assert coverage[0] > 0.9
    assert coverage[-1] < 0.1
    assert told.band("PF-BACK", "2026-08") == "amber"
    assert told.band("PF-BACK", UNTIL) == "insufficient"
    assert told.band("PF-GROW", UNTIL) != "insufficient"
    assert told.coverage("PF-GROW", UNTIL) < told.coverage("PF-GROW", "2026-06") - 0.4


def test_story_a_turn_round(told: Told) -> None:
    assert told.band("PRJ-HANDOVER", "2025-09") == "red"
    assert told.band("PRJ-HANDOVER", "2026-03") == "amber"
    assert told.band("PRJ-HANDOVER", UNTIL) == "green"


def test_story_a_cost_overrun_that_pays_off_for_customers(told: Told) -> None:
    assert told.band("PRJ-REGIONS", "2024-07", "financial") == "green"
    assert told.band("PRJ-REGIONS", UNTIL, "financial") == "red"
    gain = told.score("PRJ-REGIONS", UNTIL, "value_creation") - told.score(
        "PRJ-REGIONS", "2024-07", "value_creation"
    )
    assert gain > 20


def test_story_a_new_project_with_a_short_history(told: Told) -> None:
    assert told.months("PRJ-NORTH") == ["2026-08", "2026-09", "2026-10"]
    assert told.band("PRJ-NORTH", "2026-08") == "insufficient"
    assert told.score("PRJ-NORTH", UNTIL) > 50


def test_story_a_project_cancelled_after_a_long_fall(told: Told) -> None:
    assert told.months("PRJ-VIDEO")[-1] == "2026-03"
    assert told.band("PRJ-VIDEO", "2026-03") == "red"
    assert told.score("PRJ-VIDEO", "2026-03") < told.score("PRJ-VIDEO", "2025-03") - 20


def test_story_a_large_customer_at_risk_with_the_renewal_near(folder: Path, told: Told) -> None:
    customer = next(row for row in rows(folder, "customers") if row["code"] == "C-ENT-11")
    assert customer["renewal_on"] == "2026-12-31"
    assert int(customer["annual_revenue"]) > 1_000_000
    assert told.band("C-ENT-11", "2025-10") == "green"
    assert told.band("C-ENT-11", UNTIL) == "red"
    assert told.band("SEG-ENT", UNTIL) == "green"


def test_story_an_upgrade_went_wrong_and_was_learned_from(told: Told) -> None:
    assert told.score("SRV-WORKPLACE", "2026-01") > 60
    assert told.band("SRV-WORKPLACE", "2026-03") == "red"
    assert told.band("SRV-WORKPLACE", UNTIL) == "green"


def test_the_readme_tells_the_scores_as_they_are(folder: Path, told: Told) -> None:
    readme = (ROOT / "examples" / "demo" / "README.md").read_text(encoding="utf-8")

    def score(subject: str, month: str = UNTIL, measure: str = "overall") -> str:
        return f"{told.score(subject, month, measure):.0f}"

    assert f"{len(rows(folder, 'measurements')):,} from May 2024 to October 2026" in readme
    for sentence in (
        f"Green on money ({score('PRJ-BILLBOT', measure='financial')}), "
        f"red for its customers ({score('PRJ-BILLBOT', measure='value_creation')})",
        f"{score('SEG-SMB', '2025-08')} in August 2025, {score('SEG-SMB')} now, while the "
        f"organisation went from {score(ORGANISATION, '2025-08')} to {score(ORGANISATION)}",
        f"The turn-round: {score('PRJ-HANDOVER', '2025-09')} in September 2025, "
        f"{score('PRJ-HANDOVER')} now",
        f"happened to its customers ({score('PRJ-REGIONS', measure='value_creation')})",
        f"fell from {score('C-ENT-11', '2025-10')} to {score('C-ENT-11')} and renews",
    ):
        assert sentence in readme


def test_renewals_lie_ahead_of_the_last_month(tmp_path: Path) -> None:
    for until in ("2025-02", "2026-10", "2026-12"):
        build_demo(tmp_path, until)
        last = month_number(until)
        ahead = {month_label(last + offset) for offset in range(1, 13)}
        renewals = {row["renewal_on"][:7] for row in rows(tmp_path, "customers")} - {""}
        assert renewals <= ahead
