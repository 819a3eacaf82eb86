"""The folder of CSV files as lists of rows (SCORING.md, section 9)."""

import csv
from collections.abc import Iterable
from pathlib import Path

Row = dict[str, str]
Workspace = dict[str, list[Row]]

COLUMNS: dict[str, list[str]] = {
    file: columns.split()
    for file, columns in {
        "organisation": "code* name* fiscal_year_starts_in scorecard active_from active_until",
        "portfolios": "code* name* parent description scorecard active_from active_until",
        "segments": (
            "code* name* audience description value_proposition customer_count annual_revenue"
            " currency weight scorecard active_from active_until"
        ),
        "customers": (
            "code* name* segment* since renewal_on annual_revenue currency weight scorecard"
            " active_from active_until"
        ),
        "services": (
            "code* name* description value_proposition owner scorecard active_from active_until"
        ),
        "service_segments": "service* segment* weight annual_cost benchmark_cost currency",
        "projects": (
            "code* name* portfolio* stage description customer_experience relationship_effect"
            " revenue_effect sponsor lead start_on end_on baseline_end_on budget forecast_cost"
            " actual_cost currency weight scorecard active_from active_until"
        ),
        "project_segments": "project* segment* share",
        "metrics": (
            "code* name* question category* dimension due_days perspective subject_kind* unit"
            " decimals cadence* time_aggregation grace_months curve formula timing owner_role"
            " description source active_from active_until"
        ),
        "curve_overrides": "metric* subject* from_month* curve*",
        "exemptions": "metric* subject* from_month until_month reason*",
        "scorecards": (
            "code* name* subject_kind* default* weight_tactical* weight_value_creation*"
            " weight_longevity* weight_financial* overall* min_coverage* min_categories*"
            " amber_from* green_from* share_own* share_engagements share_projects"
            " share_services share_customers share_segments"
        ),
        "scorecard_lines": "scorecard* metric* weight*",
        "measurements": "metric* subject* period* value* note",
    }.items()
}


def column_names(file: str) -> list[str]:
    return [column.rstrip("*") for column in COLUMNS[file]]


def required_columns(file: str) -> list[str]:
    return [column[:-1] for column in COLUMNS[file] if column.endswith("*")]


def rows(workspace: Workspace, file: str) -> list[Row]:
    return workspace.get(file, [])


def cell(row: Row, column: str, default: str = "") -> str:
    """A missing column and a blank cell are the same: the default."""
    return row.get(column) or default


def number(row: Row, column: str, default: float = 0.0) -> float:
    text = cell(row, column)
    return float(text) if text else default


def fiscal_year_starts_in(workspace: Workspace) -> int:
    """The month, 1 to 12, in which the organisation's year starts."""
    organisation = rows(workspace, "organisation")
    return int(number(organisation[0], "fiscal_year_starts_in", 1)) if organisation else 1


def read_workspace(folder: Path | str) -> Workspace:
    workspace: Workspace = {}
    for path in sorted(Path(folder).glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            workspace[path.stem] = [
                {column: value or "" for column, value in row.items()}
                for row in csv.DictReader(lines)
            ]
    return workspace


def write_workspace(workspace: Workspace, folder: Path | str) -> None:
    """Write the columns that some row uses, and the required ones always."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for file, file_rows in workspace.items():
        header = _used_columns(file, file_rows)
        with (Path(folder) / f"{file}.csv").open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, header, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(file_rows)


def _used_columns(file: str, file_rows: Iterable[Row]) -> list[str]:
    used = set(required_columns(file)).union(*file_rows)
    unknown = used.difference(column_names(file))
    if unknown:
        raise ValueError(f"{file}.csv has no column {sorted(unknown)}")
    return [column for column in column_names(file) if column in used]
