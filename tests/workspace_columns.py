"""A workspace folder's rows as the engine's columns, without a database in between."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from metrics.periods import parse_period
from metrics.scoring.columns import (
    ALWAYS,
    CATEGORIES,
    NEVER,
    Card,
    Curve,
    CurveChange,
    Definitions,
    Exempt,
    Line,
    Links,
    Measurements,
    Metric,
    Span,
)
from metrics.scoring.engine import Scored, score
from metrics.scoring.formulas import parse_formula
from metrics.scoring.roll_up import GROUPS
from projects.months import Month, month_range
from tests.oracle import Workspace

Row = dict[str, str]
FILES = {
    "portfolios": "portfolio",
    "segments": "segment",
    "customers": "customer",
    "services": "service",
    "projects": "project",
}


def _first(row: Row, column: str = "active_from") -> int:
    return int(Month.parse(row[column])) if row.get(column) else ALWAYS


def _last(row: Row, column: str = "active_until") -> int:
    return int(Month.parse(row[column])) if row.get(column) else NEVER


def _number(row: Row, column: str, default: float = 1.0) -> float:
    return float(row.get(column) or default)


@dataclass
class Columns:
    """A workspace in the engine's terms; `codes` names the subjects by number."""

    codes: list[str]
    definitions: Definitions
    measurements: dict[int, Measurements]
    months: list[Month]

    def score(self, months: list[Month] | None = None) -> Scored:
        wanted = np.array(self.months if months is None else months, dtype=np.int64)
        return score(self.definitions, self.measurements, wanted)


class ColumnsOf:
    """Builds the columns of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        organisation = (self.rows("organisation") or [{"code": "ORG", "name": "ORG"}])[0]
        self.fiscal = int(organisation.get("fiscal_year_starts_in") or 1)
        self.subjects: dict[str, tuple[str, Row]] = {
            organisation["code"]: ("organisation", organisation)
        }
        self.organisation = organisation
        for file, kind in FILES.items():
            for row in self.rows(file):
                self.subjects[row["code"]] = (kind, row)
        projects = {row["code"]: row for row in self.rows("projects")}
        for row in self.rows("project_segments"):
            span = {
                key: projects[row["project"]].get(key, "")
                for key in ("active_from", "active_until")
            }
            self.subjects[f"{row['project']}@{row['segment']}"] = ("engagement", span)
        self.codes = list(self.subjects)
        self.number = {code: number for number, code in enumerate(self.codes)}
        self.metric_rows = self.rows("metrics")
        self.metric_number = {row["code"]: n for n, row in enumerate(self.metric_rows)}

    def rows(self, file: str) -> list[Row]:
        return self.workspace.get(file, [])

    def build(self) -> Columns:
        kinds = np.array([kind for kind, _ in self.subjects.values()])
        first, last = _first(self.organisation), _last(self.organisation)
        spans = [
            (max(first, _first(row)), min(last, _last(row))) for _, row in self.subjects.values()
        ]
        cards = [self.card(row) for row in self.rows("scorecards")]
        definitions = Definitions(
            metrics=tuple(self.metric(row) for row in self.metric_rows),
            cards=tuple(cards),
            card_of=self.card_of(kinds),
            active_from=np.array([span[0] for span in spans], dtype=np.int64),
            active_until=np.array([span[1] for span in spans], dtype=np.int64),
            kind=kinds,
            links=self.links(),
        )
        measurements = self.measurements()
        months = [month for rows in measurements.values() for month in rows.month]
        window = month_range(min(months), max(months)) if months else []
        return Columns(self.codes, definitions, measurements, window)

    def metric(self, row: Row) -> Metric:
        code = row["code"]
        return Metric(
            code=code,
            category=CATEGORIES.index(row["category"]),
            cadence=row["cadence"],
            fold=row.get("time_aggregation") or "last",
            grace=int(row.get("grace_months") or 0),
            curve=Curve.of(json.loads(row["curve"])) if row.get("curve") else None,
            formula=parse_formula(row["formula"]) if row.get("formula") else None,
            span=Span(_first(row), _last(row)),
            overrides=tuple(
                CurveChange(
                    self.number[o["subject"]],
                    _first(o, "from_month"),
                    Curve.of(json.loads(o["curve"])),
                )
                for o in self.rows("curve_overrides")
                if o["metric"] == code
            ),
            exempt=tuple(
                Exempt(
                    self.number[e["subject"]],
                    Span(_first(e, "from_month"), _last(e, "until_month")),
                )
                for e in self.rows("exemptions")
                if e["metric"] == code
            ),
        )

    def card(self, row: Row) -> Card:
        return Card(
            category_weights=(
                float(row["weight_tactical"]),
                float(row["weight_value_creation"]),
                float(row["weight_longevity"]),
                float(row["weight_financial"]),
            ),
            overall=row["overall"],
            min_coverage=float(row["min_coverage"]),
            min_categories=int(row["min_categories"]),
            amber_from=float(row["amber_from"]),
            green_from=float(row["green_from"]),
            shares={group: _number(row, f"share_{group}", 0.0) for group in GROUPS},
            lines=tuple(
                Line(self.metric_number[line["metric"]], float(line["weight"]))
                for line in self.rows("scorecard_lines")
                if line["scorecard"] == row["code"]
            ),
        )

    def card_of(self, kinds: np.ndarray) -> np.ndarray:
        card_of = np.full(len(self.codes), -1, dtype=np.int64)
        numbers = {row["code"]: n for n, row in enumerate(self.rows("scorecards"))}
        for number, row in enumerate(self.rows("scorecards")):
            if row["default"] == "true":
                card_of[kinds == row["subject_kind"]] = number
        for code, (_, row) in self.subjects.items():
            if row.get("scorecard"):
                card_of[self.number[code]] = numbers[row["scorecard"]]
        return card_of

    def links(self) -> dict[str, Links]:
        members: dict[str, list[tuple[str, str, float]]] = {g: [] for g in GROUPS if g != "own"}
        weight = {row["code"]: _number(row, "weight") for row in self.rows("projects")}
        organisation = self.organisation["code"]
        for row in self.rows("project_segments"):
            project, segment, share = row["project"], row["segment"], _number(row, "share")
            engagement = f"{project}@{segment}"
            members["engagements"].append((project, engagement, share))
            members["engagements"].append((segment, engagement, weight[project] * share))
            members["projects"].append((segment, project, weight[project] * share))
        parents = {row["code"]: row.get("parent", "") for row in self.rows("portfolios")}
        for row in self.rows("projects"):
            members["projects"].append((organisation, row["code"], weight[row["code"]]))
            above = row["portfolio"]
            while above:
                members["projects"].append((above, row["code"], weight[row["code"]]))
                above = parents[above]
        for row in self.rows("service_segments"):
            members["services"].append((row["segment"], row["service"], _number(row, "weight")))
        for row in self.rows("customers"):
            members["customers"].append((row["segment"], row["code"], _number(row, "weight")))
        for row in self.rows("segments"):
            members["segments"].append((organisation, row["code"], _number(row, "weight")))
        return {
            group: Links.of(
                np.array([self.number[parent] for parent, _, _ in rows], dtype=np.int64),
                np.array([self.number[child] for _, child, _ in rows], dtype=np.int64),
                np.array([weight for _, _, weight in rows], dtype=np.float64),
            )
            for group, rows in members.items()
        }

    def measurements(self) -> dict[int, Measurements]:
        by_metric: dict[int, list[tuple[int, int, int, float]]] = defaultdict(list)
        for row in self.rows("measurements"):
            number = self.metric_number[row["metric"]]
            period = parse_period(row["period"], self.metric_rows[number]["cadence"], self.fiscal)
            by_metric[number].append(
                (
                    self.number[row["subject"]],
                    int(period.month),
                    period.start.toordinal(),
                    float(row["value"]),
                )
            )
        return {
            number: Measurements(
                np.array([row[0] for row in rows], dtype=np.int64),
                np.array([row[1] for row in rows], dtype=np.int64),
                np.array([row[2] for row in rows], dtype=np.int64),
                np.array([row[3] for row in rows], dtype=np.float64),
            )
            for number, rows in by_metric.items()
        }


def columns_of(workspace: Workspace) -> Columns:
    """The whole workspace as columns."""
    return ColumnsOf(workspace).build()


def rows_of(columns: Columns, scored: Scored) -> dict[tuple[str, str, str], tuple]:
    """As `export_scores` writes them: (subject, month, measure) -> score, coverage, band."""
    bands = ("insufficient", "red", "amber", "green")
    rows: dict[tuple[str, str, str], tuple] = {}
    for place, at in zip(*np.nonzero(scored.stored), strict=True):
        key = (columns.codes[scored.subjects[place]], str(Month(scored.months[at])))
        for number, category in enumerate(CATEGORIES):
            if scored.categories.present[number, place, at]:
                rows[(*key, category)] = (
                    _or_none(scored.categories.score[number, place, at]),
                    float(scored.categories.coverage[number, place, at]),
                    bands[scored.bands[number, place, at]],
                )
        overall = scored.overall
        rows[(*key, "overall")] = (
            _or_none(overall.score[place, at]),
            float(overall.coverage[place, at]),
            bands[overall.band[place, at]],
        )
        if not np.isnan(overall.balance[place, at]):
            rows[(*key, "balance")] = (float(overall.balance[place, at]), None, None)
    return rows


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
