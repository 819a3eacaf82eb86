"""Random workspaces that obey every rule of SCORING.md, section 9."""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.oracle.periods import FOLDED_CADENCE, month_label, read_period
from tests.oracle.rules import COARSER
from tests.oracle.scores import CATEGORIES
from tests.oracle.subjects import FILE_OF_KIND, GROUPS_OF_KIND, KINDS, Subjects
from tests.oracle.workspace import Row, Workspace, fiscal_year_starts_in, rows

from .curves import pick_curve
from .periods import FIRST_MONTH, MONTHS, day_in, fitting_label
from .picking import Picker


@dataclass(frozen=True)
class Sizes:
    """At most so many of each; metrics and formulas are counted per kind of subject."""

    portfolios: int = 3
    segments: int = 2
    customers: int = 2
    services: int = 2
    projects: int = 4
    links: int = 6
    metrics: int = 3
    formulas: int = 2
    overrides: int = 3
    exemptions: int = 3
    bursts: int = 24


SMALL = Sizes(2, 1, 1, 1, 2, 2, 2, 1, 2, 2, 12)
MEDIUM = Sizes()
LARGE = Sizes(6, 4, 6, 4, 8, 12, 4, 3, 6, 6, 40)

# Text that a CSV file has to quote or a spreadsheet would misread.
NAMES = ["plain", 'two words, "quoted"', "naïve Ünïcode 統合", "=1+1", "five o'clock"]
WEIGHTS = ["", "1", "2", "0.5", "3.25", "0", "1e-05", "10"]
LINE_WEIGHTS = ["1", "", "2", "0.5", "0", "3"]
OPEN = ("", "")
CLOSED_SPANS = [
    ("2023-04", ""),
    ("", "2024-09"),
    ("2023-06", "2024-05"),
    ("2024-02", "2024-02"),
    ("2024-07", "2025-01"),
    ("", "2023-08"),
]
SPANS = [OPEN] * 10 + CLOSED_SPANS
# Halves and quarters add up exactly in any order, so that two readings of a mean over days can't
# differ by a rounding that a later division by a difference would blow up.
VALUES = (
    *("50", "0", "1", "2", "5", "10", "12.5", "20", "25", "33", "40", "62.5", "75", "80", "100"),
    *("-4", "0.25", "-0.5", "2e1", "1000", "17.75", "90", "5e-1", "3"),
)
# Large enough for a product to overflow; only where no sum over days can lose its small parts.
VALUES_OF_LONG_PERIODS = (*VALUES, "1e200", "-1e200")
FORMULAS = [
    "{a} + {b}",
    "{a} / {b}",
    "{a} * {b} - {c}",
    "min({a}, {b} / {c})",
    "max({a}, 0.5, {b})",
    "abs({a} - {b})",
    "-{a} + 2 * ({b} + {c})",
    "100 * {a} / ({b} - {c})",
    "{a} - {b} - {c}",
    "{a} / {b} / {c}",
    "1e2 * abs(min({a}, -{b}))",
    "{a} * {b} * {c}",
    "--{a} - -{c} / 4",
]
# Facts that no score depends on, for every other row.
FACTS: dict[str, Row] = {
    "portfolios": {"description": "Two lines\nof text"},
    "segments": {"audience": "internal", "customer_count": "12", "annual_revenue": "4500000"},
    "customers": {"since": "2021-04-01", "annual_revenue": "1250.5", "currency": "EUR"},
    "services": {"owner": "Service desk", "value_proposition": "Answers; at any hour"},
    "projects": {"stage": "delivery", "start_on": "2023-01-31", "budget": "400000"},
    "service_segments": {"annual_cost": "180000", "benchmark_cost": "150000.25"},
    "measurements": {"note": 'as told, "roughly"'},
}


@st.composite
def workspaces(draw: st.DrawFn, sizes: Sizes = MEDIUM) -> Workspace:
    pick = Picker(draw)
    workspace: Workspace = {}
    _add_organisation(pick, workspace)
    _add_subjects(pick, workspace, sizes)
    _add_links(pick, workspace, sizes.links)
    for kind in KINDS:
        if any(subject.kind == kind for subject in Subjects(workspace).by_code.values()):
            scorecards = _add_scorecards(pick, workspace, kind)
            _add_metrics(pick, workspace, kind, scorecards, sizes)
    _name_scorecards(pick, workspace)
    _add_overrides(pick, workspace, sizes.overrides)
    _add_exemptions(pick, workspace, sizes.exemptions)
    _add_measurements(pick, workspace, sizes.bursts)
    return workspace


def _row(workspace: Workspace, file: str, **cells: str) -> Row:
    """Every other row writes its blank cells too, and some facts."""
    table = workspace.setdefault(file, [])
    if len(table) % 2:
        row = cells | FACTS.get(file, {})
    else:
        row = {column: text for column, text in cells.items() if text}
    table.append(row)
    return row


def _span(pick: Picker) -> Row:
    start, end = pick.one_of(SPANS)
    return {"active_from": start, "active_until": end}


def _add_organisation(pick: Picker, workspace: Workspace) -> None:
    """Four in five have a row; some of them a span that bounds everybody."""
    if not pick.number(4):
        return
    start, end = pick.one_of([OPEN, OPEN, ("2023-03", ""), ("", "2025-01"), ("2023-05", "2024-11")])
    _row(
        workspace,
        "organisation",
        code=pick.one_of(["ORG", "North-West.42"]),
        name=pick.one_of(NAMES),
        fiscal_year_starts_in=pick.one_of(["", "1", "4", "7", "12", "2", "10"]),
        active_from=start,
        active_until=end,
    )


def _add_subjects(pick: Picker, workspace: Workspace, sizes: Sizes) -> None:
    depth = {"": 0}

    def portfolio(pick: Picker) -> None:
        number = len(rows(workspace, "portfolios"))
        code, name = f"PF{number}", NAMES[number % len(NAMES)]
        parent = pick.one_of([above for above, level in depth.items() if level < 3])
        depth[code] = depth[parent] + 1
        _row(workspace, "portfolios", code=code, name=name, parent=parent, **_span(pick))

    def weighted(file: str, code: str, pick: Picker, **cells: str) -> None:
        weight = pick.one_of(WEIGHTS)
        cells |= {"code": f"{code}{len(rows(workspace, file))}", "name": f"One of the {file}"}
        _row(workspace, file, **cells, weight=weight, **_span(pick))

    def segment(pick: Picker) -> None:
        weighted("segments", "SEG-", pick)

    def customer(pick: Picker) -> None:
        weighted("customers", "C_", pick, segment=_code_of(pick, workspace, "segments"))

    def project(pick: Picker) -> None:
        weighted("projects", "p", pick, portfolio=_code_of(pick, workspace, "portfolios"))

    def service(pick: Picker) -> None:
        code = f"s.{len(rows(workspace, 'services'))}"
        _row(workspace, "services", code=code, name="Service", **_span(pick))

    pick.several(portfolio, sizes.portfolios, usual=15)
    pick.several(segment, sizes.segments, usual=15)
    pick.several(service, sizes.services, usual=8)
    pick.several(customer, sizes.customers if "segments" in workspace else 0, usual=8)
    pick.several(project, sizes.projects if "portfolios" in workspace else 0, usual=20)


def _code_of(pick: Picker, workspace: Workspace, file: str) -> str:
    return pick.one_of(workspace[file])["code"]


def _add_links(pick: Picker, workspace: Workspace, most: int) -> None:
    def link_from(file: str, near: str, measure: str, weights: list[str]) -> None:
        taken = set()

        def link(pick: Picker) -> None:
            ends = {
                near: _code_of(pick, workspace, f"{near}s"),
                "segment": _code_of(pick, workspace, "segments"),
            }
            weight = {measure: pick.one_of(weights)}
            if tuple(ends.values()) not in taken:
                taken.add(tuple(ends.values()))
                _row(workspace, file, **ends, **weight)

        if f"{near}s" in workspace and "segments" in workspace:
            pick.several(link, most, usual=20)

    link_from("service_segments", "service", "weight", WEIGHTS)
    link_from("project_segments", "project", "share", ["", "1", "0.4", "0", "0.75"])


def _add_scorecards(pick: Picker, workspace: Workspace, kind: str) -> list[str]:
    """A default one as a rule; sometimes another one too, or none."""
    codes = [f"SC-{kind[:3]}-{letter}" for letter in pick.one_of(["D", "DX", "D", "DX", "X", ""])]
    for code in codes:
        amber, green = pick.one_of([("50", "75"), ("30", "60"), ("0", "100"), ("62.5", "62.5")])
        row = _row(
            workspace,
            "scorecards",
            code=code,
            name=code,
            subject_kind=kind,
            default="true" if code.endswith("D") else "false",
            overall=pick.one_of(["geometric", "arithmetic", "weakest"]),
            min_coverage=pick.one_of(["0", "0.25", "0.5", "0.1", "0", "0.3", "1"]),
            min_categories=pick.one_of(["1", "1", "2", "1", "1", "2", "3", "4"]),
            amber_from=amber,
            green_from=green,
        )
        weights = pick.digits(4, 4, least=1)
        row |= {f"weight_{c}": str(w) for c, w in zip(CATEGORIES, weights, strict=True)}
        row["share_own"] = pick.one_of(["1", "2", "0.5", "1", "1", "3", "0"])
        for group in GROUPS_OF_KIND[kind][1:]:
            row[f"share_{group}"] = pick.one_of(["1", "3", "", "0.5", "0", "1"])
        if pick.number(9) == 9:
            row["share_customers"] = "2"  # counts for nothing where a kind has no such group
    return codes


def _add_metrics(
    pick: Picker, workspace: Workspace, kind: str, scorecards: list[str], sizes: Sizes
) -> None:
    of_kind: list[Row] = []

    def metric(pick: Picker, code: str, cadence: str, formula: str = "") -> None:
        category = pick.one_of(CATEGORIES)
        grace = pick.one_of(["", "1", "2", "3", "6", "0", "12"])
        curve = pick_curve(pick) if pick.number(4) < 4 else ""
        span = _span(pick) if pick.number(3) == 3 else {}
        fold = cadence in ("day", "week")
        aggregation = pick.one_of(["mean", "sum", "", "last", "min", "max"]) if fold else ""
        row = _row(
            workspace,
            "metrics",
            code=code,
            name=code,
            category=category,
            subject_kind=kind,
            cadence=cadence,
            time_aggregation=aggregation,
            grace_months=grace,
            curve=curve,
            formula=formula,
            **span,
        )
        of_kind.append(row)
        for scorecard in scorecards if curve else []:
            weight = pick.one_of(LINE_WEIGHTS)
            if weight:
                line = {"scorecard": scorecard, "metric": code, "weight": weight}
                _row(workspace, "scorecard_lines", **line)

    def measured(pick: Picker) -> None:
        cadence = pick.one_of(["month", "quarter", "year", "week", "day", "month", "quarter"])
        metric(pick, f"{kind}_{len(of_kind)}", cadence)

    def computed(pick: Picker) -> None:
        lead = pick.one_of(of_kind)
        cadence = FOLDED_CADENCE[lead["cadence"]]
        same = [row["code"] for row in of_kind if FOLDED_CADENCE[row["cadence"]] == cadence]
        coarser = [row["code"] for row in of_kind if row["cadence"] in COARSER[cadence]]
        formula = pick.one_of(FORMULAS).format(
            a=lead["code"], b=pick.one_of(coarser or same), c=pick.one_of(same + coarser)
        )
        metric(pick, f"{kind}_F{len(of_kind)}", cadence, formula)

    pick.several(measured, sizes.metrics, usual=15)
    if of_kind:
        pick.several(computed, sizes.formulas, usual=4)


def _name_scorecards(pick: Picker, workspace: Workspace) -> None:
    """Some subjects name a scorecard; it may also be the default one."""
    subjects = [
        (row, kind)
        for kind, file in FILE_OF_KIND.items()
        for row in rows(workspace, file)
        if scorecards_of(workspace, kind)
    ]

    def name(pick: Picker) -> None:
        row, kind = pick.one_of(subjects)
        row["scorecard"] = pick.one_of(scorecards_of(workspace, kind)[::-1])

    if subjects:
        pick.several(name, len(subjects), usual=5)


def scorecards_of(workspace: Workspace, kind: str) -> list[str]:
    return [row["code"] for row in rows(workspace, "scorecards") if row["subject_kind"] == kind]


def pairs(workspace: Workspace, wanted: Callable[[Row], bool]) -> list[tuple[Row, str]]:
    """Metrics that are wanted, each with every subject of its kind."""
    subjects = Subjects(workspace).by_code.values()
    return [
        (metric, subject.code)
        for metric in rows(workspace, "metrics")
        if wanted(metric)
        for subject in subjects
        if subject.kind == metric["subject_kind"]
    ]


def is_measured(metric: Row) -> bool:
    return not metric.get("formula")


def has_curve(metric: Row) -> bool:
    return bool(metric.get("curve"))


def pick_month(pick: Picker) -> str:
    return month_label(FIRST_MONTH + pick.number(MONTHS - 1))


def _add_overrides(pick: Picker, workspace: Workspace, most: int) -> None:
    """One to three in a row for a pair."""
    choices = pairs(workspace, has_curve)
    taken = set()

    def overrides(pick: Picker) -> None:
        metric, subject = pick.one_of(choices)
        first = FIRST_MONTH + pick.number(MONTHS - 1)
        for step in range(1 + pick.number(2)):
            cells = {"metric": metric["code"], "subject": subject}
            cells |= {"from_month": month_label(first + 3 * step), "curve": pick_curve(pick)}
            key = (metric["code"], subject, cells["from_month"])
            if key not in taken:
                taken.add(key)
                _row(workspace, "curve_overrides", **cells)

    if choices:
        pick.several(overrides, most, usual=4)


def pick_exemption_months(pick: Picker) -> tuple[str, str]:
    """Either end may be open."""
    start, length = pick.number(MONTHS), pick.number(12)
    first = month_label(FIRST_MONTH + start - 1) if start else ""
    last = month_label(FIRST_MONTH + start + length - 1) if length else ""
    return first, last


def _add_exemptions(pick: Picker, workspace: Workspace, most: int) -> None:
    choices = pairs(workspace, lambda metric: True)
    taken = set()

    def exemption(pick: Picker) -> None:
        metric, subject = pick.one_of(choices)
        first, last = pick_exemption_months(pick)
        if (metric["code"], subject, first) not in taken:
            taken.add((metric["code"], subject, first))
            cells = {"metric": metric["code"], "subject": subject, "reason": "does not apply"}
            _row(workspace, "exemptions", **cells, from_month=first, until_month=last)

    if choices:
        pick.several(exemption, most, usual=4)


def values_for(metric: Row) -> tuple[str, ...]:
    return VALUES if metric["cadence"] in ("day", "week") else VALUES_OF_LONG_PERIODS


def _add_measurements(pick: Picker, workspace: Workspace, most: int) -> None:
    """Bursts: some values in regular steps, for a metric of a subject, for all its metrics or for
    all subjects of a kind, so that formulas find their inputs together and gaps lie between."""
    targets = _targets(workspace)
    subjects, starts_in = Subjects(workspace), fiscal_year_starts_in(workspace)
    taken = set()

    def burst(pick: Picker) -> None:
        target = pick.one_of(targets)
        start, stride = FIRST_MONTH + pick.number(MONTHS - 1), 1 + pick.number(2)
        count, value, rise = 1 + pick.number(11), pick.number(24), pick.number(4)
        for position, (metric, subject) in enumerate(target):
            values, cadence, code = values_for(metric), metric["cadence"], metric["code"]
            for step in range(count):
                day = day_in(start, cadence, step, stride)
                label = fitting_label(day, cadence, starts_in, subjects.span(subject))
                if label is None:
                    continue
                key = (code, subject, read_period(label, cadence, starts_in).first_day)
                if key not in taken:
                    taken.add(key)
                    text = values[(value + rise * step + 3 * position) % len(values)]
                    cells = {"metric": code, "subject": subject, "period": label, "value": text}
                    _row(workspace, "measurements", **cells)

    if targets:
        pick.several(burst, most, usual=3 * most)


def _targets(workspace: Workspace) -> list[list[tuple[Row, str]]]:
    """What a burst may be about: (metric, subject) pairs by kind, by subject and one by one."""
    choices = pairs(workspace, is_measured)
    by_kind: dict[str, list[tuple[Row, str]]] = {}
    by_subject: dict[str, list[tuple[Row, str]]] = {}
    for metric, subject in choices:
        by_kind.setdefault(metric["subject_kind"], []).append((metric, subject))
        by_subject.setdefault(subject, []).append((metric, subject))
    everything_of_kinds = [*by_kind.values(), *by_kind.values()]
    return [*everything_of_kinds, *by_subject.values(), *([pair] for pair in choices)]
