"""What a valid workspace obeys (SCORING.md, section 9), so that random ones can be trusted."""

import ast
import json
import keyword
import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .formulas import inputs_of, parse
from .periods import FOLDED_CADENCE, read_period
from .scores import CATEGORIES
from .subjects import FILE_OF_KIND, KINDS, Subjects, overlaps, span_of
from .workspace import (
    COLUMNS,
    Row,
    Workspace,
    cell,
    column_names,
    fiscal_year_starts_in,
    number,
    required_columns,
    rows,
)

KEYS = {
    "project_segments": ("project", "segment"),
    "service_segments": ("service", "segment"),
    "scorecard_lines": ("scorecard", "metric"),
    "curve_overrides": ("metric", "subject", "from_month"),
    "exemptions": ("metric", "subject", "from_month"),
}
CHOICES = {
    "category": CATEGORIES,
    "cadence": list(FOLDED_CADENCE),
    "dimension": ["quality", "performance", "value", "compliance"],
    "perspective": ["customer", "employee", "business"],
    "timing": ["leading", "lagging"],
    "time_aggregation": ["last", "mean", "sum", "min", "max"],
    "subject_kind": KINDS,
    "audience": ["external", "internal"],
    "stage": ["proposed", "approved", "delivery", "closed", "cancelled"],
    "overall": ["geometric", "arithmetic", "weakest"],
    "default": ["true", "false"],
}
REFERENCES = {
    ("portfolios", "parent"): "portfolios",
    ("customers", "segment"): "segments",
    ("service_segments", "service"): "services",
    ("service_segments", "segment"): "segments",
    ("projects", "portfolio"): "portfolios",
    ("project_segments", "project"): "projects",
    ("project_segments", "segment"): "segments",
    ("curve_overrides", "metric"): "metrics",
    ("exemptions", "metric"): "metrics",
    ("scorecard_lines", "metric"): "metrics",
    ("scorecard_lines", "scorecard"): "scorecards",
    ("measurements", "metric"): "metrics",
}
# A cadence and the ones coarser than it, as formulas see them.
COARSER = {"month": ["quarter", "year"], "quarter": ["year"], "year": []}


def broken_rules(workspace: Workspace) -> list[str]:
    """One sentence per broken rule; what rows mean is only asked where the tables are fit."""
    return list(_broken_tables(workspace)) or list(_broken_meanings(workspace))


def _broken_tables(workspace: Workspace) -> Iterator[str]:
    for file, file_rows in workspace.items():
        if file not in COLUMNS:
            yield f"{file}: no such file"
            continue
        for row in file_rows:
            yield from (f"{file}: no column {c}" for c in row if c not in column_names(file))
            yield from (f"{file}: blank {c}" for c in required_columns(file) if not cell(row, c))
            for column, choices in CHOICES.items():
                if cell(row, column) and row[column] not in choices:
                    yield f"{file}: {column} {row[column]}"
            for column in ("weight", "share"):
                if cell(row, column) and not _is_weight(row[column]):
                    yield f"{file}: {column} {row[column]}"
            start, end = span_of(row)
            if start > end:
                yield f"{file}: a span that ends before it starts"
        if file in KEYS:
            yield from _repeated(
                file, [tuple(cell(row, c) for c in KEYS[file]) for row in file_rows]
            )
    for (file, column), target in REFERENCES.items():
        known = {row["code"] for row in rows(workspace, target)}
        for row in rows(workspace, file):
            if cell(row, column) and row[column] not in known:
                yield f"{file}: {column} {row[column]} is unknown"


def _is_weight(text: str) -> bool:
    return math.isfinite(float(text)) and float(text) >= 0


def _repeated(what: str, keys: Sequence[tuple[object, ...]]) -> Iterator[str]:
    if len(set(keys)) < len(keys):
        yield f"{what}: the same key twice"


def _broken_meanings(workspace: Workspace) -> Iterator[str]:
    yield from _broken_codes(workspace)
    yield from _broken_scorecards(workspace)
    yield from _broken_metrics(workspace)
    yield from _broken_pairs(workspace)


def _broken_codes(workspace: Workspace) -> Iterator[str]:
    if len(rows(workspace, "organisation")) > 1:
        yield "organisation: more than one row"
    codes = [row["code"] for file in FILE_OF_KIND.values() for row in rows(workspace, file)]
    yield from _repeated("subjects", [(code,) for code in codes])
    for file in ("metrics", "scorecards"):
        yield from _repeated(file, [(row["code"],) for row in rows(workspace, file)])
    for code in codes + [row["code"] for row in rows(workspace, "scorecards")]:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", code):
            yield f"code {code}"
    for row in rows(workspace, "metrics"):
        code = row["code"]
        is_reserved = keyword.iskeyword(code) or code in ("min", "max", "abs")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", code) or is_reserved:
            yield f"metric code {code}"
    parents = {row["code"]: cell(row, "parent") for row in rows(workspace, "portfolios")}
    for code, parent in parents.items():
        above, seen = parent, {code}
        while above:
            if above in seen:
                yield f"portfolios: a circle at {code}"
                break
            seen.add(above)
            above = parents[above]


def _broken_scorecards(workspace: Workspace) -> Iterator[str]:
    scorecards = {row["code"]: row for row in rows(workspace, "scorecards")}
    defaults = [(r["subject_kind"],) for r in scorecards.values() if r["default"] == "true"]
    yield from _repeated("default scorecards", defaults)
    for row in scorecards.values():
        weights = [number(row, f"weight_{category}") for category in CATEGORIES]
        shares = [number(row, column) for column in row if column.startswith("share_")]
        limits = [0.0, number(row, "amber_from"), number(row, "green_from"), 100.0]
        if (
            not all(math.isfinite(n) and n >= 0 for n in weights + shares)
            or sum(weights) == 0
            or not 0 <= number(row, "min_coverage") <= 1
            or number(row, "min_categories") not in (1, 2, 3, 4)
            or limits != sorted(limits)
        ):
            yield f"scorecard {row['code']}: its numbers"
    for kind, file in FILE_OF_KIND.items():
        for row in rows(workspace, file):
            named = cell(row, "scorecard")
            if named and (named not in scorecards or scorecards[named]["subject_kind"] != kind):
                yield f"{row['code']}: its scorecard {named}"
    metrics = {row["code"]: row for row in rows(workspace, "metrics")}
    for line in rows(workspace, "scorecard_lines"):
        metric = metrics[line["metric"]]
        if scorecards[line["scorecard"]]["subject_kind"] != metric["subject_kind"]:
            yield f"line {line['scorecard']}, {line['metric']}: another kind of subject"
        if not cell(metric, "curve"):
            yield f"line {line['scorecard']}, {line['metric']}: no curve"


def _broken_metrics(workspace: Workspace) -> Iterator[str]:
    metrics = {row["code"]: row for row in rows(workspace, "metrics")}
    for row in metrics.values():
        if cell(row, "curve"):
            yield from _broken_curve(row["code"], row["curve"])
        grace = number(row, "grace_months", 0)
        if grace < 0 or grace != int(grace):
            yield f"{row['code']}: its grace"
        if cell(row, "formula"):
            yield from _broken_formula(row, metrics)


def _broken_curve(where: str, text: str) -> Iterator[str]:
    points = json.loads(text)
    values = [value for value, _ in points]
    if (
        len(points) < 2
        or any(right <= left for left, right in pairwise(values))
        or any(not 0 <= score <= 100 for _, score in points)
        or not all(math.isfinite(value) for value in values)
    ):
        yield f"{where}: its curve"


def _broken_formula(metric: Row, metrics: dict[str, Row]) -> Iterator[str]:
    code, formula, cadence = metric["code"], metric["formula"], metric["cadence"]
    if len(formula) > 500 or _depth(parse(formula)) > 20:
        yield f"{code}: its formula is too long or too deep"
    if cadence not in COARSER:
        yield f"{code}: a formula of cadence {cadence}"
        return
    names = inputs_of(formula)
    if any(name not in metrics for name in names):
        yield f"{code}: an unknown name in its formula"
        return
    if any(metrics[name]["subject_kind"] != metric["subject_kind"] for name in names):
        yield f"{code}: an input of another kind of subject"
    cadences = [FOLDED_CADENCE[metrics[name]["cadence"]] for name in names]
    if cadence not in cadences:
        yield f"{code}: no input of its own cadence"
    if any(other != cadence and other not in COARSER[cadence] for other in cadences):
        yield f"{code}: a finer input"
    if code in _all_inputs(code, metrics):
        yield f"{code}: a circle"


def _depth(node: ast.AST) -> int:
    parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
    return 1 + max((_depth(part) for part in parts), default=0)


def _all_inputs(code: str, metrics: dict[str, Row]) -> set[str]:
    found: set[str] = set()
    waiting = [code]
    while waiting:
        formula = cell(metrics[waiting.pop()], "formula")
        new = set(inputs_of(formula) if formula else ()) - found
        found |= new
        waiting.extend(new)
    return found


def _broken_pairs(workspace: Workspace) -> Iterator[str]:
    """Overrides, exemptions and measurements: their metric must be of their subject's kind."""
    subjects = Subjects(workspace)
    metrics = {row["code"]: row for row in rows(workspace, "metrics")}
    for file in ("curve_overrides", "exemptions", "measurements"):
        for row in rows(workspace, file):
            subject = subjects.by_code.get(row["subject"])
            if subject is None or subject.kind != metrics[row["metric"]]["subject_kind"]:
                yield f"{file}: {row['metric']} of {row['subject']}"
                return
    for row in rows(workspace, "curve_overrides"):
        yield from _broken_curve(f"override {row['metric']}, {row['subject']}", row["curve"])
        if not cell(metrics[row["metric"]], "curve"):
            yield f"override {row['metric']}, {row['subject']}: the metric has no curve"
    for row in rows(workspace, "exemptions"):
        first, last = span_of(row, "from_month", "until_month")
        if first > last:
            yield f"exemption {row['metric']}, {row['subject']}: ends before it starts"
    starts_in = fiscal_year_starts_in(workspace)
    starts = []
    for row in rows(workspace, "measurements"):
        metric, where = metrics[row["metric"]], f"{row['metric']}, {row['subject']}"
        period = read_period(row["period"], metric["cadence"], starts_in)
        starts.append((row["metric"], row["subject"], period.first_day))
        if cell(metric, "formula"):
            yield f"{where}: a measurement of a formula metric"
        if not math.isfinite(float(row["value"])):
            yield f"{where}: {row['value']}"
        if not overlaps(period, subjects.span(row["subject"])):
            yield f"{where}: {row['period']} lies outside the subject's span"
    yield from _repeated("measurements", starts)
