"""An invented company of any size, as a workspace folder: the reference size is the default."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CATEGORIES = ("tactical", "value_creation", "longevity", "financial")
PERSPECTIVES = ("customer", "employee", "business")
DIMENSIONS = ("quality", "performance", "value", "compliance")
TOP, WHOLE = "TOP", "ORG"
FIRST_YEAR, FIRST_MONTH = 2023, 11

SHARES = {
    "project": (3, 1, 0, 0, 0, 0),
    "engagement": (1, 0, 0, 0, 0, 0),
    "portfolio": (0, 0, 1, 0, 0, 0),
    "segment": (0, 0, 1, 0, 0, 0),
    "organisation": (0, 0, 1, 0, 0, 1),
}
SCORECARD_COLUMNS = [
    "code",
    "name",
    "subject_kind",
    "default",
    *(f"weight_{category}" for category in CATEGORIES),
    *("overall", "min_coverage", "min_categories", "amber_from", "green_from"),
    *("share_own", "share_engagements", "share_projects"),
    *("share_services", "share_customers", "share_segments"),
]


@dataclass(frozen=True, slots=True)
class Size:
    """How large the company is; the defaults are the reference size: 7.2 million values."""

    projects: int = 5000
    portfolios: int = 200
    segments: int = 20
    metrics: int = 40
    months: int = 36

    @property
    def values(self) -> int:
        return self.projects * self.metrics * self.months

    def times(self, scale: float) -> Size:
        """The same with another number of projects, portfolios and segments."""
        return Size(
            projects=max(int(self.projects * scale), 20),
            portfolios=max(int(self.portfolios * scale), 2),
            segments=min(max(int(self.segments * scale), 4), 20),
            metrics=self.metrics,
            months=self.months,
        )


def month_label(place: int) -> str:
    """The month so many after the first."""
    year, month = divmod(FIRST_YEAR * 12 + FIRST_MONTH - 1 + place, 12)
    return f"{year}-{month + 1:02d}"


def write_company(folder: Path, size: Size, *, seed: int = 7) -> None:
    """Write everything: definitions, subjects and links, and all measurements."""
    write_definitions(folder, size, seed=seed)
    write_measurements(folder, size, seed=seed)


def write_definitions(folder: Path, size: Size, *, seed: int = 7) -> None:
    """Write everything but the measurements."""
    chance = np.random.default_rng(seed)
    segments = [f"S{number}" for number in range(size.segments)]
    portfolios = [f"PF{number:03d}" for number in range(size.portfolios - 1)]
    write_rows(folder, "organisation", ["code", "name"], [[WHOLE, "An invented company"]])
    write_rows(
        folder,
        "portfolios",
        ["code", "name", "parent"],
        [[TOP, "All of the company's projects", ""]]
        + [[code, f"Portfolio {code}", TOP] for code in portfolios],
    )
    write_rows(
        folder,
        "segments",
        ["code", "name", "customer_count", "annual_revenue", "currency"],
        [[code, f"Segment {code}", 1000, 5_000_000, "EUR"] for code in segments],
    )
    write_rows(
        folder,
        "projects",
        ["code", "name", "portfolio", "stage", "budget", "forecast_cost", "currency"],
        [
            [
                project_code(number),
                f"Project number {number}",
                portfolios[number % len(portfolios)],
                ("approved", "delivery", "closed")[number % 3],
                int(chance.integers(10, 900)) * 1000,
                int(chance.integers(10, 900)) * 1000,
                "EUR",
            ]
            for number in range(size.projects)
        ],
    )
    write_rows(
        folder,
        "project_segments",
        ["project", "segment"],
        [
            [project_code(number), segments[(number + place * 3) % len(segments)]]
            for number in range(size.projects)
            for place in (0, 1)
        ],
    )
    write_rows(
        folder,
        "metrics",
        [
            *("code", "name", "category", "perspective", "dimension"),
            *("subject_kind", "cadence", "grace_months", "curve"),
        ],
        [
            [
                metric_code(number),
                f"Metric {number}",
                CATEGORIES[number % 4],
                PERSPECTIVES[number % 3],
                DIMENSIONS[number % 4],
                "project",
                "month",
                number % 4,
                "[[0, 0], [40, 50], [100, 100]]",
            ]
            for number in range(size.metrics)
        ],
    )
    write_rows(
        folder,
        "scorecards",
        SCORECARD_COLUMNS,
        [
            [kind, kind, kind, "true", 1, 1, 1, 1, "geometric", 0.3, 1, 50, 70, *shares]
            for kind, shares in SHARES.items()
        ],
    )
    write_rows(
        folder,
        "scorecard_lines",
        ["scorecard", "metric", "weight"],
        [["project", metric_code(number), 1 + number % 3] for number in range(size.metrics)],
    )


def write_measurements(
    folder: Path, size: Size, *, seed: int = 7, months: int | None = None
) -> Path:
    """Write every value of every metric, project and month, or of the first months; the file."""
    chance = np.random.default_rng(seed)
    path = folder / "measurements.csv"
    labels = [month_label(place) for place in range(months or size.months)]
    level = chance.uniform(20, 90, size.projects)
    with path.open("w", encoding="utf-8") as file:
        file.write("metric,subject,period,value\n")
        for metric in range(size.metrics):
            spread = chance.normal(0, 12, (size.projects, size.months))
            values = np.clip(level[:, None] + spread, 0, 100).round(1)
            file.writelines(
                f"{metric_code(metric)},{project_code(project)},{month},{value}\n"
                for project, row in enumerate(values.tolist())
                for month, value in zip(labels, row, strict=False)
            )
    return path


def project_code(number: int) -> str:
    return f"P{number:05d}"


def metric_code(number: int) -> str:
    return f"m{number}"


def write_rows(
    folder: Path, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
