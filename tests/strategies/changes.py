"""Changes that people make to a workspace, each valid where it is drawn.

Every change says in its fields all that is needed to make the same change through the database;
`apply` gives the workspace as it then is, and leaves the one it is given alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.oracle.formulas import inputs_of
from tests.oracle.periods import FOLDED_CADENCE, month_label, month_of, read_period
from tests.oracle.scores import CATEGORIES
from tests.oracle.subjects import FILE_OF_KIND, GROUPS_OF_KIND, Subjects, engagement_code
from tests.oracle.workspace import Row, Workspace, fiscal_year_starts_in, rows

from .curves import pick_curve
from .periods import FIRST_MONTH, MONTHS, day_in, fitting_label
from .picking import Picker
from .workspaces import (
    CLOSED_SPANS,
    FORMULAS,
    WEIGHTS,
    has_curve,
    is_measured,
    pairs,
    pick_exemption_months,
    pick_month,
    scorecards_of,
    values_for,
)


class Change:
    """One change, as one of the dataclasses below."""

    def apply(self, workspace: Workspace) -> Workspace:
        raise NotImplementedError


@dataclass(frozen=True)
class RecordMeasurement(Change):
    """A first value."""

    metric: str
    subject: str
    period: str
    value: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _with(workspace, "measurements", _cells(self))


@dataclass(frozen=True)
class CorrectMeasurement(Change):
    """Another value for a period that has one; `period` as it is written there."""

    metric: str
    subject: str
    period: str
    value: str

    def apply(self, workspace: Workspace) -> Workspace:
        key = {"metric": self.metric, "subject": self.subject, "period": self.period}
        return _changed(workspace, "measurements", key, {"value": self.value})


@dataclass(frozen=True)
class DeleteMeasurement(Change):
    metric: str
    subject: str
    period: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _without(workspace, "measurements", _cells(self))


@dataclass(frozen=True)
class SetWeight(Change):
    """The weight of a project, segment or customer."""

    subject: str
    weight: str

    def apply(self, workspace: Workspace) -> Workspace:
        file = file_of(workspace, self.subject)
        return _changed(workspace, file, {"code": self.subject}, {"weight": self.weight})


@dataclass(frozen=True)
class SetLink(Change):
    """The share of a project-segment link, new or known; a new one brings its engagement."""

    project: str
    segment: str
    share: str

    def apply(self, workspace: Workspace) -> Workspace:
        key = {"project": self.project, "segment": self.segment}
        return _set(workspace, "project_segments", key, {"share": self.share})


@dataclass(frozen=True)
class RemoveLink(Change):
    """The engagement goes too, with all that is said of it."""

    project: str
    segment: str

    def apply(self, workspace: Workspace) -> Workspace:
        engagement = {"subject": engagement_code(_cells(self))}
        for file in ("measurements", "curve_overrides", "exemptions"):
            workspace = _without(workspace, file, engagement)
        return _without(workspace, "project_segments", _cells(self))


@dataclass(frozen=True)
class SetOffer(Change):
    """The weight of a service offered to a segment, new or known."""

    service: str
    segment: str
    weight: str

    def apply(self, workspace: Workspace) -> Workspace:
        key = {"service": self.service, "segment": self.segment}
        return _set(workspace, "service_segments", key, {"weight": self.weight})


@dataclass(frozen=True)
class RemoveOffer(Change):
    service: str
    segment: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _without(workspace, "service_segments", _cells(self))


@dataclass(frozen=True)
class AddProject(Change):
    code: str
    name: str
    portfolio: str
    weight: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _with(workspace, "projects", _cells(self))


@dataclass(frozen=True)
class MoveProject(Change):
    project: str
    portfolio: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _changed(
            workspace, "projects", {"code": self.project}, {"portfolio": self.portfolio}
        )


@dataclass(frozen=True)
class MovePortfolio(Change):
    """Under another portfolio, or to the top with a blank parent."""

    portfolio: str
    parent: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _changed(workspace, "portfolios", {"code": self.portfolio}, {"parent": self.parent})


@dataclass(frozen=True)
class MoveCustomer(Change):
    customer: str
    segment: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _changed(workspace, "customers", {"code": self.customer}, {"segment": self.segment})


@dataclass(frozen=True)
class SetSubjectSpan(Change):
    """Months from and until which a subject is measured; blank is open."""

    subject: str
    active_from: str
    active_until: str

    def apply(self, workspace: Workspace) -> Workspace:
        span = {"active_from": self.active_from, "active_until": self.active_until}
        return _changed(workspace, file_of(workspace, self.subject), {"code": self.subject}, span)


@dataclass(frozen=True)
class AssignScorecard(Change):
    """A subject's own scorecard, or with a blank one its kind's default."""

    subject: str
    scorecard: str

    def apply(self, workspace: Workspace) -> Workspace:
        file = file_of(workspace, self.subject)
        return _changed(workspace, file, {"code": self.subject}, {"scorecard": self.scorecard})


@dataclass(frozen=True)
class SetLine(Change):
    """The weight of a scorecard's line, new or known."""

    scorecard: str
    metric: str
    weight: str

    def apply(self, workspace: Workspace) -> Workspace:
        key = {"scorecard": self.scorecard, "metric": self.metric}
        return _set(workspace, "scorecard_lines", key, {"weight": self.weight})


@dataclass(frozen=True)
class RemoveLine(Change):
    scorecard: str
    metric: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _without(workspace, "scorecard_lines", _cells(self))


@dataclass(frozen=True)
class SetCategoryWeights(Change):
    """All four at once, since one of them must stay above 0."""

    scorecard: str
    weight_tactical: str
    weight_value_creation: str
    weight_longevity: str
    weight_financial: str

    def apply(self, workspace: Workspace) -> Workspace:
        weights = _cells(self)
        return _changed(workspace, "scorecards", {"code": weights.pop("scorecard")}, weights)


@dataclass(frozen=True)
class SetShare(Change):
    """The share of a group (`own`, `projects` and so on) on a scorecard."""

    scorecard: str
    group: str
    share: str

    def apply(self, workspace: Workspace) -> Workspace:
        share = {f"share_{self.group}": self.share}
        return _changed(workspace, "scorecards", {"code": self.scorecard}, share)


@dataclass(frozen=True)
class SetLimits(Change):
    scorecard: str
    overall: str
    min_coverage: str
    min_categories: str
    amber_from: str
    green_from: str

    def apply(self, workspace: Workspace) -> Workspace:
        limits = _cells(self)
        return _changed(workspace, "scorecards", {"code": limits.pop("scorecard")}, limits)


@dataclass(frozen=True)
class SetCurve(Change):
    metric: str
    curve: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _changed(workspace, "metrics", {"code": self.metric}, {"curve": self.curve})


@dataclass(frozen=True)
class SetGrace(Change):
    metric: str
    grace_months: str

    def apply(self, workspace: Workspace) -> Workspace:
        grace = {"grace_months": self.grace_months}
        return _changed(workspace, "metrics", {"code": self.metric}, grace)


@dataclass(frozen=True)
class SetTimeAggregation(Change):
    metric: str
    time_aggregation: str

    def apply(self, workspace: Workspace) -> Workspace:
        aggregation = {"time_aggregation": self.time_aggregation}
        return _changed(workspace, "metrics", {"code": self.metric}, aggregation)


@dataclass(frozen=True)
class SetFormula(Change):
    metric: str
    formula: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _changed(workspace, "metrics", {"code": self.metric}, {"formula": self.formula})


@dataclass(frozen=True)
class SetMetricSpan(Change):
    metric: str
    active_from: str
    active_until: str

    def apply(self, workspace: Workspace) -> Workspace:
        span = {"active_from": self.active_from, "active_until": self.active_until}
        return _changed(workspace, "metrics", {"code": self.metric}, span)


@dataclass(frozen=True)
class SetOverride(Change):
    """A subject's own curve from a month on, new or known."""

    metric: str
    subject: str
    from_month: str
    curve: str

    def apply(self, workspace: Workspace) -> Workspace:
        key = {"metric": self.metric, "subject": self.subject, "from_month": self.from_month}
        return _set(workspace, "curve_overrides", key, {"curve": self.curve})


@dataclass(frozen=True)
class RemoveOverride(Change):
    metric: str
    subject: str
    from_month: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _without(workspace, "curve_overrides", _cells(self))


@dataclass(frozen=True)
class SetExemption(Change):
    """A metric that does not apply to a subject; either month may be blank."""

    metric: str
    subject: str
    from_month: str
    until_month: str

    def apply(self, workspace: Workspace) -> Workspace:
        key = {"metric": self.metric, "subject": self.subject, "from_month": self.from_month}
        told = {"until_month": self.until_month, "reason": "does not apply"}
        return _set(workspace, "exemptions", key, told)


@dataclass(frozen=True)
class RemoveExemption(Change):
    metric: str
    subject: str
    from_month: str

    def apply(self, workspace: Workspace) -> Workspace:
        return _without(workspace, "exemptions", _cells(self))


def file_of(workspace: Workspace, subject: str) -> str:
    """The file that a subject's row stands in; an engagement has none."""
    return FILE_OF_KIND[Subjects(workspace).by_code[subject].kind]


def _cells(change: Change) -> Row:
    return {field: str(value) for field, value in vars(change).items()}


def _matches(row: Row, key: Row) -> bool:
    return all((row.get(column) or "") == text for column, text in key.items())


def _with(workspace: Workspace, file: str, row: Row) -> Workspace:
    return workspace | {file: [*rows(workspace, file), row]}


def _without(workspace: Workspace, file: str, key: Row) -> Workspace:
    if file not in workspace:
        return workspace
    return workspace | {file: [row for row in workspace[file] if not _matches(row, key)]}


def _changed(workspace: Workspace, file: str, key: Row, cells: Row) -> Workspace:
    changed = [row | cells if _matches(row, key) else row for row in workspace[file]]
    return workspace | {file: changed}


def _set(workspace: Workspace, file: str, key: Row, cells: Row) -> Workspace:
    if any(_matches(row, key) for row in rows(workspace, file)):
        return _changed(workspace, file, key, cells)
    return _with(workspace, file, key | cells)


Proposal = Callable[[Picker, Workspace], Change | None]


def _of_rows(*choices_of_files: list[str]) -> Callable[[Callable[..., Change | None]], Proposal]:
    """The proposal is given one row out of each list of files; no proposal without such rows."""

    def with_rows(propose: Callable[..., Change | None]) -> Proposal:
        def proposal(pick: Picker, workspace: Workspace) -> Change | None:
            choices = [
                [row for file in files for row in rows(workspace, file)]
                for files in choices_of_files
            ]
            if not all(choices):
                return None
            return propose(pick, workspace, *(pick.one_of(found) for found in choices))

        return proposal

    return with_rows


def _of_pair(
    wanted: Callable[[Row], bool],
) -> Callable[[Callable[[Picker, Workspace, Row, str], Change | None]], Proposal]:
    """The proposal is given a metric that is wanted and a subject of its kind."""

    def with_pair(propose: Callable[[Picker, Workspace, Row, str], Change | None]) -> Proposal:
        def proposal(pick: Picker, workspace: Workspace) -> Change | None:
            choices = pairs(workspace, wanted)
            return propose(pick, workspace, *pick.one_of(choices)) if choices else None

        return proposal

    return with_pair


def _of_metric(
    wanted: Callable[[Row], bool],
) -> Callable[[Callable[[Picker, Workspace, Row], Change]], Proposal]:
    def with_metric(propose: Callable[[Picker, Workspace, Row], Change]) -> Proposal:
        def proposal(pick: Picker, workspace: Workspace) -> Change | None:
            choices = [row for row in rows(workspace, "metrics") if wanted(row)]
            return propose(pick, workspace, pick.one_of(choices)) if choices else None

        return proposal

    return with_metric


SUBJECT_FILES = list(FILE_OF_KIND.values())


@_of_pair(is_measured)
def _record(pick: Picker, workspace: Workspace, metric: Row, subject: str) -> Change | None:
    """The first free period from a month on, if there is one."""
    cadence, starts_in = metric["cadence"], fiscal_year_starts_in(workspace)
    span = Subjects(workspace).span(subject)
    taken = {
        read_period(row["period"], cadence, starts_in).first_day
        for row in rows(workspace, "measurements")
        if (row["metric"], row["subject"]) == (metric["code"], subject)
    }
    start = pick.number(MONTHS - 1)
    value = pick.one_of(values_for(metric))
    for step in range(MONTHS):
        day = day_in(FIRST_MONTH + (start + step) % MONTHS, cadence, 0, 1)
        label = fitting_label(day, cadence, starts_in, span)
        if label and read_period(label, cadence, starts_in).first_day not in taken:
            return RecordMeasurement(metric["code"], subject, label, value)
    return None


@_of_rows(["measurements"])
def _correct(pick: Picker, workspace: Workspace, row: Row) -> Change:
    metric = next(m for m in rows(workspace, "metrics") if m["code"] == row["metric"])
    value = pick.one_of(values_for(metric))
    return CorrectMeasurement(row["metric"], row["subject"], row["period"], value)


@_of_rows(["measurements"])
def _delete(pick: Picker, workspace: Workspace, row: Row) -> Change:
    return DeleteMeasurement(row["metric"], row["subject"], row["period"])


@_of_rows(["projects", "segments", "customers"])
def _set_weight(pick: Picker, workspace: Workspace, row: Row) -> Change:
    return SetWeight(row["code"], pick.one_of(WEIGHTS))


@_of_rows(["projects"], ["segments"])
def _set_link(pick: Picker, workspace: Workspace, project: Row, segment: Row) -> Change:
    return SetLink(project["code"], segment["code"], pick.one_of(["1", "0.25", "0", "2", ""]))


@_of_rows(["project_segments"])
def _remove_link(pick: Picker, workspace: Workspace, link: Row) -> Change:
    return RemoveLink(link["project"], link["segment"])


@_of_rows(["services"], ["segments"])
def _set_offer(pick: Picker, workspace: Workspace, service: Row, segment: Row) -> Change:
    return SetOffer(service["code"], segment["code"], pick.one_of(WEIGHTS))


@_of_rows(["service_segments"])
def _remove_offer(pick: Picker, workspace: Workspace, offer: Row) -> Change:
    return RemoveOffer(offer["service"], offer["segment"])


@_of_rows(["portfolios"])
def _add_project(pick: Picker, workspace: Workspace, portfolio: Row) -> Change:
    code = f"new{len(rows(workspace, 'projects'))}"
    return AddProject(code, "New project", portfolio["code"], pick.one_of(WEIGHTS))


@_of_rows(["projects"], ["portfolios"])
def _move_project(pick: Picker, workspace: Workspace, project: Row, portfolio: Row) -> Change:
    return MoveProject(project["code"], portfolio["code"])


@_of_rows(["portfolios"])
def _move_portfolio(pick: Picker, workspace: Workspace, moved: Row) -> Change:
    """Never below itself: to the top, or under one at the top that it doesn't lie in."""
    parents = {row["code"]: row.get("parent") or "" for row in rows(workspace, "portfolios")}
    root = moved["code"]
    while parents[root]:
        root = parents[root]
    tops = [code for code, parent in parents.items() if not parent and code != root]
    return MovePortfolio(moved["code"], pick.one_of(["", *tops]))


@_of_rows(["customers"], ["segments"])
def _move_customer(pick: Picker, workspace: Workspace, customer: Row, segment: Row) -> Change:
    return MoveCustomer(customer["code"], segment["code"])


@_of_rows(SUBJECT_FILES)
def _set_subject_span(pick: Picker, workspace: Workspace, row: Row) -> Change:
    """A span that every measurement of the subject, and of those it bounds, still overlaps."""
    subjects, starts_in = Subjects(workspace), fiscal_year_starts_in(workspace)
    cadences = {metric["code"]: metric["cadence"] for metric in rows(workspace, "metrics")}
    kind = subjects.by_code[row["code"]].kind
    latest_start, earliest_end = FIRST_MONTH + MONTHS - 1, FIRST_MONTH
    for measurement in rows(workspace, "measurements"):
        subject = measurement["subject"]
        if kind == "organisation" or row["code"] in (subject, subject.split("@")[0]):
            period = read_period(measurement["period"], cadences[measurement["metric"]], starts_in)
            first, last = subjects.span(subject)
            latest_start = min(latest_start, last, month_of(period.last_day))
            earliest_end = max(earliest_end, first, month_of(period.first_day))
    start = latest_start - pick.number(6)
    end = max(start, earliest_end + pick.number(6))
    keep_start, keep_end = pick.one_of([(True, True), (True, False), (False, True)])
    return SetSubjectSpan(
        row["code"],
        month_label(start) if keep_start else "",
        month_label(end) if keep_end else "",
    )


@_of_rows(SUBJECT_FILES)
def _assign_scorecard(pick: Picker, workspace: Workspace, row: Row) -> Change:
    kind = Subjects(workspace).by_code[row["code"]].kind
    return AssignScorecard(row["code"], pick.one_of(["", *scorecards_of(workspace, kind)]))


@_of_rows(["scorecards"])
def _set_line(pick: Picker, workspace: Workspace, scorecard: Row) -> Change | None:
    fitting = [
        metric["code"]
        for metric in rows(workspace, "metrics")
        if metric["subject_kind"] == scorecard["subject_kind"] and has_curve(metric)
    ]
    if not fitting:
        return None
    return SetLine(scorecard["code"], pick.one_of(fitting), pick.one_of(["1", "0", "4", "0.3"]))


@_of_rows(["scorecard_lines"])
def _remove_line(pick: Picker, workspace: Workspace, line: Row) -> Change:
    return RemoveLine(line["scorecard"], line["metric"])


@_of_rows(["scorecards"])
def _set_category_weights(pick: Picker, workspace: Workspace, scorecard: Row) -> Change:
    weights = [str(weight) for weight in pick.digits(len(CATEGORIES), 3, least=1)]
    return SetCategoryWeights(scorecard["code"], *weights)


@_of_rows(["scorecards"])
def _set_share(pick: Picker, workspace: Workspace, scorecard: Row) -> Change:
    group = pick.one_of(GROUPS_OF_KIND[scorecard["subject_kind"]])
    return SetShare(scorecard["code"], group, pick.one_of(["1", "0", "5", "0.2"]))


@_of_rows(["scorecards"])
def _set_limits(pick: Picker, workspace: Workspace, scorecard: Row) -> Change:
    return SetLimits(
        scorecard["code"],
        pick.one_of(["arithmetic", "geometric", "weakest"]),
        pick.one_of(["0", "0.4", "0.9"]),
        pick.one_of(["1", "2", "3"]),
        *pick.one_of([("40", "80"), ("55", "55"), ("0", "99.5")]),
    )


@_of_metric(has_curve)
def _set_curve(pick: Picker, workspace: Workspace, metric: Row) -> Change:
    return SetCurve(metric["code"], pick_curve(pick))


@_of_rows(["metrics"])
def _set_grace(pick: Picker, workspace: Workspace, metric: Row) -> Change:
    return SetGrace(metric["code"], pick.one_of(["0", "1", "4"]))


@_of_metric(lambda metric: metric["cadence"] in ("day", "week"))
def _set_time_aggregation(pick: Picker, workspace: Workspace, metric: Row) -> Change:
    return SetTimeAggregation(metric["code"], pick.one_of(["mean", "sum", "min", "max", "last"]))


@_of_metric(lambda metric: not is_measured(metric))
def _set_formula(pick: Picker, workspace: Workspace, metric: Row) -> Change:
    """Another formula of the same inputs, one of its own cadence among them."""
    cadences = {row["code"]: FOLDED_CADENCE[row["cadence"]] for row in rows(workspace, "metrics")}
    inputs = inputs_of(metric["formula"])
    lead = next(name for name in inputs if cadences[name] == metric["cadence"])
    formula = pick.one_of(FORMULAS).format(a=lead, b=pick.one_of(inputs), c=inputs[0])
    return SetFormula(metric["code"], formula)


@_of_rows(["metrics"])
def _set_metric_span(pick: Picker, workspace: Workspace, metric: Row) -> Change:
    return SetMetricSpan(metric["code"], *pick.one_of(CLOSED_SPANS))


@_of_pair(has_curve)
def _set_override(pick: Picker, workspace: Workspace, metric: Row, subject: str) -> Change:
    return SetOverride(metric["code"], subject, pick_month(pick), pick_curve(pick))


@_of_rows(["curve_overrides"])
def _remove_override(pick: Picker, workspace: Workspace, row: Row) -> Change:
    return RemoveOverride(row["metric"], row["subject"], row["from_month"])


@_of_pair(lambda metric: True)
def _set_exemption(pick: Picker, workspace: Workspace, metric: Row, subject: str) -> Change:
    return SetExemption(metric["code"], subject, *pick_exemption_months(pick))


@_of_rows(["exemptions"])
def _remove_exemption(pick: Picker, workspace: Workspace, row: Row) -> Change:
    return RemoveExemption(row["metric"], row["subject"], row.get("from_month") or "")


KINDS_OF_CHANGE: list[Proposal] = [
    _record,
    _correct,
    _delete,
    _set_weight,
    _set_link,
    _remove_link,
    _set_offer,
    _remove_offer,
    _add_project,
    _move_project,
    _move_portfolio,
    _move_customer,
    _set_subject_span,
    _assign_scorecard,
    _set_line,
    _remove_line,
    _set_category_weights,
    _set_share,
    _set_limits,
    _set_curve,
    _set_grace,
    _set_time_aggregation,
    _set_formula,
    _set_metric_span,
    _set_override,
    _remove_override,
    _set_exemption,
    _remove_exemption,
    # What people do most, once more.
    _record,
    _correct,
    _delete,
]


def _pick_change(pick: Picker, workspace: Workspace) -> Change | None:
    """A kind of change that this workspace has something for; the next kind where it has not."""
    first = pick.number(len(KINDS_OF_CHANGE) - 1)
    for kind in KINDS_OF_CHANGE[first:] + KINDS_OF_CHANGE[:first]:
        change = kind(pick, workspace)
        if change is not None:
            return change
    return None


@st.composite
def changes(draw: st.DrawFn, workspace: Workspace, most: int = 6) -> list[Change]:
    """A sequence of changes, each valid after those before it."""
    found: list[Change] = []
    now = workspace

    def change(pick: Picker) -> None:
        nonlocal now
        picked = _pick_change(pick, now)
        if picked is not None:
            found.append(picked)
            now = picked.apply(now)

    Picker(draw).several(change, most, usual=most)
    return found
