"""The slow reading of SCORING.md against the worked example, its rules and small sums by hand."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle import (
    ScoreRow,
    Scores,
    Workspace,
    broken_rules,
    effective_weights,
    explain,
    explain_change,
    month_label,
    month_number,
    possible_range,
    read_period,
    read_workspace,
    scheduled_months,
    score_workspace,
    values_in_force,
    write_workspace,
)
from tests.oracle.changes import Change
from tests.oracle.explanation import Node
from tests.oracle.formulas import evaluate, inputs_of
from tests.oracle.values import fold, score_on
from tests.strategies import changes, workspaces

EXAMPLES = Path(__file__).parent.parent / "examples"
# A failing example takes its time to shrink; without this the test would end before it is told.
pytestmark = pytest.mark.timeout(600)
quick = settings(max_examples=40, deadline=None)


def project_workspace(measurements: str = "", **scorecard: str) -> Workspace:
    """One project with a metric `a` (tactical, monthly) and a metric `m` (financial, monthly), both
    scored by their value; measurements as lines of metric, period, value."""
    metric = {"subject_kind": "project", "cadence": "month", "curve": "[[0, 0], [100, 100]]"}
    rows = [line.split() for line in measurements.splitlines() if line.strip()]
    return {
        "portfolios": [{"code": "PF", "name": "Portfolio"}],
        "projects": [{"code": "P", "name": "Project", "portfolio": "PF"}],
        "metrics": [
            {"code": "a", "name": "A", "category": "tactical"} | metric,
            {"code": "m", "name": "M", "category": "financial"} | metric,
        ],
        "scorecards": [
            {
                "code": "SC",
                "name": "Scorecard",
                "subject_kind": "project",
                "default": "true",
                "weight_tactical": "1",
                "weight_value_creation": "0",
                "weight_longevity": "0",
                "weight_financial": "1",
                "overall": "arithmetic",
                "min_coverage": "0",
                "min_categories": "1",
                "amber_from": "50",
                "green_from": "75",
                "share_own": "1",
            }
            | scorecard
        ],
        "scorecard_lines": [
            {"scorecard": "SC", "metric": "a", "weight": "1"},
            {"scorecard": "SC", "metric": "m", "weight": "1"},
        ],
        "measurements": [
            {"metric": metric, "subject": "P", "period": period, "value": value}
            for metric, period, value in rows
        ],
    }


def score_of(workspace: Workspace, measure: str, month: str = "2024-01") -> ScoreRow | None:
    return score_workspace(workspace, month, month).get(("P", month, measure))


def expected_scores() -> dict[tuple[str, str, str], ScoreRow]:
    with (EXAMPLES / "worked_expected_scores.csv").open(encoding="utf-8", newline="") as lines:
        return {
            (row["subject"], row["month"], row["measure"]): ScoreRow(
                float(row["score"]) if row["score"] else None,
                float(row["coverage"]) if row["coverage"] else None,
                row["band"] or None,
            )
            for row in csv.DictReader(lines)
        }


def test_worked_example_has_exactly_its_expected_scores() -> None:
    expected = expected_scores()
    found = score_workspace(read_workspace(EXAMPLES / "worked"))
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert found[key].score == pytest.approx(row.score, abs=1e-6), key
        assert found[key].coverage == pytest.approx(row.coverage, abs=1e-6), key
        assert found[key].band == row.band, key


def test_worked_example_obeys_the_rules_of_a_workspace() -> None:
    assert broken_rules(read_workspace(EXAMPLES / "worked")) == []


def test_worked_example_is_written_as_it_was_read(tmp_path: Path) -> None:
    workspace = read_workspace(EXAMPLES / "worked")
    write_workspace(workspace, tmp_path)
    assert read_workspace(tmp_path) == workspace


@pytest.mark.parametrize(
    ("label", "cadence", "starts_in", "first_day", "month"),
    [
        ("2026-03-09", "day", 1, "2026-03-09", "2026-03"),
        ("2026-W11", "week", 1, "2026-03-09", "2026-03"),
        ("2026-03-15", "week", 1, "2026-03-09", "2026-03"),
        ("2026-W01", "week", 1, "2025-12-29", "2025-12"),
        ("2026-03", "month", 4, "2026-03-01", "2026-03"),
        ("2026-Q1", "quarter", 1, "2026-01-01", "2026-03"),
        ("2026-Q1", "quarter", 4, "2026-04-01", "2026-06"),
        ("2026-Q4", "quarter", 12, "2027-09-01", "2027-11"),
        ("2026", "year", 1, "2026-01-01", "2026-12"),
        ("2026", "year", 4, "2026-04-01", "2027-03"),
    ],
)
def test_period_belongs_to_the_month_from_which_it_can_be_known(
    label: str, cadence: str, starts_in: int, first_day: str, month: str
) -> None:
    period = read_period(label, cadence, starts_in)
    assert (period.first_day.isoformat(), month_label(period.month)) == (first_day, month)


@pytest.mark.parametrize(
    ("aggregation", "value"), [("last", 2), ("mean", 3), ("sum", 9), ("min", 2), ("max", 4)]
)
def test_values_of_a_month_fold_to_one(aggregation: str, value: float) -> None:
    assert fold([3, 4, 2], aggregation) == value


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a * b - 1", 7),
        ("-a + 2 * (b + 1)", 8),
        ("a - b - 1", -3),
        ("min(a, b, 3) + max(a, b)", 6),
        ("abs(a - b) / 4", 0.5),
        ("1 / (a - 2)", None),
        ("min(a, 1 / (a - 2))", None),
        ("1e200 * a * 1e200", None),
        ("0 * (1e200 * 1e200)", None),
    ],
)
def test_formula_has_a_value_where_every_step_is_finite(formula: str, value: float | None) -> None:
    assert evaluate(formula, {"a": 2.0, "b": 4.0}) == value


def test_formula_names_its_inputs_and_not_its_functions() -> None:
    assert inputs_of("max(b, a) / abs(b)") == ("b", "a")


@pytest.mark.parametrize(
    ("value", "score"), [(-1, 10), (0, 10), (5, 35), (10, 60), (15, 80), (20, 100), (99, 100)]
)
def test_curve_is_straight_between_points_and_flat_outside(value: float, score: float) -> None:
    assert score_on([(0, 10), (10, 60), (20, 100)], value) == score


@pytest.mark.parametrize(
    ("cadence", "period", "grace", "freshness"),
    [
        ("month", "2024-03", "", {"2024-02": None, "2024-03": 1, "2024-04": None}),
        ("month", "2024-03", "1", {"2024-04": 1 / 2, "2024-05": None}),
        ("quarter", "2024-Q1", "2", {"2024-05": 1, "2024-06": 2 / 3, "2024-07": 1 / 3}),
        ("quarter", "2024-Q1", "2", {"2024-08": None}),
        ("year", "2023", "1", {"2023-11": None, "2023-12": 1, "2024-11": 1, "2024-12": 1 / 2}),
        ("week", "2024-W14", "0", {"2024-03": None, "2024-04": 1, "2024-05": None}),
    ],
)
def test_value_is_current_as_long_as_its_cadence_spans_and_then_fades(
    cadence: str, period: str, grace: str, freshness: dict[str, float | None]
) -> None:
    workspace = project_workspace(f"a {period} 1")
    workspace["metrics"][0] |= {"cadence": cadence, "grace_months": grace}
    for month, expected in freshness.items():
        found = values_in_force(workspace, month).get(("a", "P"))
        assert (found.freshness if found else None) == pytest.approx(expected), month


def with_formula(workspace: Workspace, code: str, formula: str, **cells: str) -> Workspace:
    metric = workspace["metrics"][0] | {"code": code, "formula": formula} | cells
    return workspace | {"metrics": [*workspace["metrics"], metric]}


def test_formula_carries_the_age_of_its_coarser_inputs_on() -> None:
    workspace = project_workspace("a 2024-06 10\nm 2024-Q1 4")
    workspace["metrics"][1] |= {"cadence": "quarter", "grace_months": "2"}
    workspace = with_formula(workspace, "f", "a * m", grace_months="1")
    workspace = with_formula(workspace, "g", "f + a", grace_months="0")
    june, july = values_in_force(workspace, "2024-06"), values_in_force(workspace, "2024-07")
    assert [june[code, "P"].value for code in "fg"] == [40, 50]
    assert [june[code, "P"].freshness for code in "fg"] == pytest.approx([2 / 3, 2 / 3])
    assert july["f", "P"].freshness == pytest.approx(1 / 2 * 2 / 3)
    assert ("g", "P") not in july


def test_formula_without_an_input_of_its_very_period_has_no_value_there() -> None:
    workspace = project_workspace("a 2024-01 10\nm 2024-02 4")
    workspace["metrics"][0]["grace_months"] = "6"
    workspace = with_formula(workspace, "f", "a + m")
    assert ("f", "P") not in values_in_force(workspace, "2024-02")


def test_override_replaces_the_curve_from_its_month_on() -> None:
    workspace = project_workspace("a 2024-01 60\na 2024-02 60\na 2024-03 60")
    override = {"metric": "a", "subject": "P"}
    workspace["curve_overrides"] = [
        override | {"from_month": "2024-03", "curve": "[[0, 20], [1, 20]]"},
        override | {"from_month": "2024-02", "curve": "[[0, 100], [100, 0]]"},
    ]
    rows = [score_of(workspace, "tactical", f"2024-0{month}") for month in (1, 2, 3)]
    assert [row.score for row in rows if row] == [60, 40, 20]


@pytest.mark.parametrize(
    ("first", "last", "measured"),
    [("", "", ""), ("2024-02", "", "1"), ("", "2024-02", "3"), ("2024-02", "2024-02", "13")],
)
def test_exempt_metric_is_not_expected(first: str, last: str, measured: str) -> None:
    workspace = project_workspace("a 2024-01 60\na 2024-03 60")
    exemption = {"metric": "a", "subject": "P", "reason": "none", "from_month": first}
    workspace["exemptions"] = [exemption | {"until_month": last}]
    found = [m for m in "123" if score_of(workspace, "tactical", f"2024-0{m}")]
    assert found == list(measured)


def test_span_of_the_organisation_bounds_everybody() -> None:
    workspace = project_workspace("a 2024-01 60\na 2024-02 60")
    workspace["organisation"] = [{"code": "O", "name": "O", "active_from": "2024-02"}]
    assert {month for _, month, _ in score_workspace(workspace)} == {"2024-02"}


def test_missing_metric_lowers_coverage_and_not_the_score() -> None:
    workspace = project_workspace("a 2024-01 60")
    workspace["metrics"][1]["category"] = "tactical"
    assert score_of(workspace, "tactical") == ScoreRow(60, 0.5, "amber")


def test_line_of_weight_0_is_left_out() -> None:
    workspace = project_workspace("a 2024-01 60")
    workspace["scorecard_lines"][1]["weight"] = "0"
    assert score_of(workspace, "financial") is None


def test_category_below_the_least_coverage_keeps_its_coverage_alone() -> None:
    workspace = project_workspace("a 2024-01 60", min_coverage="0.6")
    workspace["metrics"][1]["category"] = "tactical"
    assert score_of(workspace, "tactical") == ScoreRow(None, 0.5, "insufficient")
    assert score_of(workspace, "overall") == ScoreRow(None, 0.25, "insufficient")


@pytest.mark.parametrize(
    ("measurements", "row"),
    [
        ("a 2024-01 90\nm 2024-01 80", ScoreRow(85, 1, "green")),
        ("a 2024-01 90", ScoreRow(90, 0.5, "amber")),
        ("m 2024-01 90", ScoreRow(None, 0.5, "insufficient")),
        ("a 2023-01 90", ScoreRow(None, 0, "insufficient")),
    ],
)
def test_overall_score_is_never_financial_alone_and_never_green_by_silence(
    measurements: str, row: ScoreRow
) -> None:
    assert score_of(project_workspace(measurements), "overall") == row


@pytest.mark.parametrize(
    ("rule", "score"), [("arithmetic", 50), ("geometric", 40), ("weakest", 20)]
)
def test_balance_part_is_what_the_rule_takes_from_the_mean(rule: str, score: float) -> None:
    workspace = project_workspace("a 2024-01 20\nm 2024-01 80", overall=rule)
    tree = explain(workspace, "P", "2024-01")
    assert tree is not None
    assert tree["score"] == pytest.approx(score)
    points = {part["name"]: part["points"] for part in tree["parts"]}
    assert points == pytest.approx({"tactical": 10, "financial": 40, "balance": score - 50})
    balance = score_of(workspace, "balance")
    assert balance is not None
    assert (balance.coverage, balance.band) == (None, None)
    assert balance.score == pytest.approx(0.8)


def test_range_of_a_score_spans_what_the_missing_evidence_could_be() -> None:
    workspace = project_workspace("a 2024-01 60", overall="geometric")
    workspace["metrics"][1]["category"] = "tactical"
    assert possible_range(workspace, "P", "2024-01", "tactical") == (30, 80)
    low, high = possible_range(workspace, "P", "2024-01", "overall") or (math.nan, math.nan)
    assert (low, high) == pytest.approx((math.sqrt(30), math.sqrt(80 * 100)))


def test_change_names_what_moved_what_came_and_what_went() -> None:
    workspace = project_workspace("a 2024-01 40\na 2024-02 60\nm 2024-01 80")
    change = explain_change(workspace, "P", "2024-02", "2024-01")
    amounts = {p["name"]: p for p in change["parts"]}
    assert change["change"] == pytest.approx(0)
    assert amounts["tactical"]["score_moved"] == pytest.approx(0.75 * 20)
    assert amounts["tactical"]["weight_moved"] == pytest.approx(0.5 * (50 - 60))
    assert amounts["financial"]["went"] == pytest.approx(-0.5 * (80 - 60))
    assert amounts["balance"]["moved"] == 0
    assert amounts["financial"]["inside"]["reason"] == "insufficient in 2024-02"


def test_change_without_a_score_in_both_months_tells_only_the_reason() -> None:
    workspace = project_workspace("a 2024-01 40")
    change = explain_change(workspace, "P", "2024-02", "2024-01")
    assert (change["change"], change["parts"]) == (None, [])
    assert change["reason"] == "insufficient in 2024-02"


def test_metric_without_a_new_value_has_only_aged() -> None:
    workspace = project_workspace("a 2024-01 40\nm 2024-01 80\nm 2024-02 60")
    workspace["metrics"][0]["grace_months"] = "1"
    change = explain_change(workspace, "P", "2024-02", "2024-01")
    news = {
        metric["name"]: metric["new_value"]
        for category in change["parts"][:2]
        for metric in category["inside"]["parts"][0]["inside"]["parts"]
    }
    assert news == {"a": False, "m": True}


@pytest.mark.parametrize(
    ("measurements", "current", "months"),
    [
        ("", "2024-06", None),
        ("a 2024-01 1", "2024-02", ("2024-01", "2024-02")),
        ("a 2024-01 1", "2024-12", ("2024-01", "2024-03")),
        ("a 2024-01 1\na 2024-05 1", "2024-03", ("2024-01", "2024-05")),
    ],
)
def test_scheduled_months_go_on_as_long_as_a_value_is_in_force(
    measurements: str, current: str, months: tuple[str, str] | None
) -> None:
    workspace = project_workspace(measurements)
    workspace["metrics"][0]["grace_months"] = "2"
    assert scheduled_months(workspace, current) == months


def test_scheduled_months_follow_the_values_of_formulas() -> None:
    workspace = with_formula(project_workspace("a 2024-01 1"), "f", "a * 2", grace_months="4")
    assert scheduled_months(workspace, "2024-12") == ("2024-01", "2024-05")


def test_engagement_has_the_span_of_its_project() -> None:
    workspace = project_workspace("a 2024-01 60")
    workspace["projects"][0]["active_until"] = "2024-01"
    workspace["segments"] = [{"code": "S", "name": "S", "active_until": "2023-12"}]
    workspace["project_segments"] = [{"project": "P", "segment": "S"}]
    workspace["scorecards"][0]["subject_kind"] = "engagement"
    for metric in workspace["metrics"]:
        metric["subject_kind"] = "engagement"
    workspace["measurements"][0]["subject"] = "P@S"
    found = score_workspace(workspace, "2024-01", "2024-02")
    assert {(subject, month) for subject, month, _ in found} == {("P@S", "2024-01")}


def points_that_miss(node: Node) -> list[str]:
    """Nodes whose parts' points don't add up to their score."""
    missed = [miss for part in node["parts"] for miss in points_that_miss(part)]
    if node["parts"] and node["score"] is not None:
        total = sum(part["points"] for part in node["parts"] if part["points"] is not None)
        if not math.isclose(total, node["score"], rel_tol=0, abs_tol=1e-9):
            missed.append(f"{node['kind']} {node['name']}: {total} for {node['score']}")
    return missed


def scores_outside_their_range(node: Node) -> list[str]:
    missed = [miss for part in node["parts"] for miss in scores_outside_their_range(part)]
    score = node["score"]
    if score is not None and not node["low"] - 1e-9 <= score <= node["high"] + 1e-9:
        missed.append(f"{node['kind']} {node['name']}")
    return missed


def changes_that_miss(change: Change) -> list[str]:
    """Nodes whose change is not what their parts moved."""
    missed = [
        m for part in change["parts"] if "inside" in part for m in changes_that_miss(part["inside"])
    ]
    if change["parts"]:
        moved = ("score_moved", "weight_moved", "came", "went", "moved")
        total = sum(part.get(amount, 0.0) for part in change["parts"] for amount in moved)
        if not math.isclose(total, change["change"], rel_tol=0, abs_tol=1e-9):
            missed.append(f"{change['kind']} {change['name']}: {total} for {change['change']}")
    return missed


def overall_scores(scores: Scores) -> list[tuple[str, str]]:
    """Subjects and months that have an overall score."""
    return [
        (subject, month)
        for (subject, month, measure), row in score_workspace(scores).items()
        if measure == "overall" and row.score is not None
    ]


@pytest.fixture(scope="module")
def worked() -> Scores:
    return Scores(read_workspace(EXAMPLES / "worked"))


def test_every_score_of_the_worked_example_is_explained(worked: Scores) -> None:
    for subject, month in {key[:2] for key in expected_scores()}:
        tree = explain(worked, subject, month)
        assert tree is not None
        assert points_that_miss(tree) + scores_outside_their_range(tree) == []


def test_every_change_of_the_worked_example_is_explained(worked: Scores) -> None:
    scored = overall_scores(worked)
    for subject, month in scored:
        for other, against in scored:
            if subject == other:
                assert changes_that_miss(explain_change(worked, subject, month, against)) == []


@quick
@given(workspaces())
def test_random_workspaces_obey_the_rules(workspace: Workspace) -> None:
    assert broken_rules(workspace) == []


@quick
@given(st.data())
def test_random_changes_leave_a_workspace_that_obeys_the_rules(data: st.DataObject) -> None:
    workspace = data.draw(workspaces())
    for change in data.draw(changes(workspace)):
        workspace = change.apply(workspace)
        assert broken_rules(workspace) == [], change


@quick
@given(workspaces())
def test_points_add_up_and_scores_lie_in_their_range(workspace: Workspace) -> None:
    scores = Scores(workspace)
    for subject, month in {key[:2] for key in score_workspace(scores)}:
        tree = explain(scores, subject, month)
        assert tree is not None
        assert points_that_miss(tree) + scores_outside_their_range(tree) == []


@quick
@given(workspaces())
def test_coverage_and_balance_lie_between_0_and_1(workspace: Workspace) -> None:
    for (_, _, measure), row in score_workspace(workspace).items():
        share = row.score if measure == "balance" else row.coverage
        assert share is not None
        assert 0 <= share <= 1 + 1e-9
        assert row.score is None or 0 <= row.score <= 100 + 1e-9


@quick
@given(workspaces())
def test_effective_weights_add_up_to_1_and_give_the_mean_of_the_categories(
    workspace: Workspace,
) -> None:
    scores = Scores(workspace)
    for subject, month in overall_scores(scores):
        weights, tree = effective_weights(scores, subject, month), explain(scores, subject, month)
        assert math.isclose(sum(weights.values()), 1, rel_tol=0, abs_tol=1e-9)
        mean = sum(
            weight * (scores.metric_score(metric, of, month_number(month)).score or 0.0)
            for (of, metric), weight in weights.items()
        )
        assert tree is not None
        assert math.isclose(mean, tree["score"] - balance_of(tree), rel_tol=0, abs_tol=1e-9)


def balance_of(tree: Node) -> float:
    return float(sum(part["points"] for part in tree["parts"] if part["kind"] == "balance"))


@quick
@given(workspaces(), st.integers(1, 12))
def test_parts_of_a_change_add_up(workspace: Workspace, distance: int) -> None:
    scores = Scores(workspace)
    scored = set(overall_scores(scores))
    for subject, month in sorted(scored):
        against = month_label(month_number(month) - distance)
        change = explain_change(scores, subject, month, against)
        assert (change["change"] is None) == ((subject, against) not in scored)
        assert changes_that_miss(change) == []


@quick
@given(workspaces())
def test_order_of_rows_does_not_matter(workspace: Workspace) -> None:
    backwards = {file: rows[::-1] for file, rows in reversed(workspace.items())}
    found, expected = score_workspace(backwards), score_workspace(workspace)
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert found[key].score == pytest.approx(row.score, abs=1e-9), key
        assert found[key].coverage == pytest.approx(row.coverage, abs=1e-9), key
        assert found[key].band == row.band, key


@quick
@given(workspaces())
def test_workspace_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, workspace: Workspace
) -> None:
    folder = tmp_path_factory.mktemp("workspace")
    write_workspace(workspace, folder)
    assert score_workspace(read_workspace(folder)) == score_workspace(workspace)
